"""What did not fit, and why: reasons and columns."""

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure, spoken
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures.quality import LOGGED, REFUSED
from konbit_lessons.pages.data_quality.rules import SET_ASIDE, TWICE
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences.phrases import linked, small
from konbit_lessons.tables import TABLE_LABELS
from konbit_lessons.words import Words, mark, pair

MOST_REASONS = 8


def failures(quality: pd.DataFrame) -> pd.DataFrame:
    """Why rows and values were set aside, the most frequent reason first.

    Returns
    -------
    DataFrame
        ``measure`` (of `data_quality`), ``table``, ``unit``, ``value``.
    """
    names = [*SET_ASIDE, TWICE, LOGGED[0].name]
    some = quality[quality["measure"].isin(names)]
    found = some.groupby(["measure", "table", "unit"], sort=False)["value"].sum().reset_index()
    return found[found["value"] > 0].sort_values(
        ["value", "measure", "table"], ascending=[False, True, True], ignore_index=True
    )


def failed_figure(data: Data, quality: pd.DataFrame, *, language: str = "en") -> Part:
    """The most frequent reasons for which rows and values were set aside."""
    words, found = Words.of(language), failures(quality)
    if found.empty:
        return Prose(words.text("Every row and every value that was read fits, and was kept."))
    labels = [
        words.text(
            "{where}: {reason}", where=words.text(TABLE_LABELS[line.table]), reason=small(words.text(line.measure))
        )
        for line in found.itertuples()
    ]
    units = {"rows": pair("{n} row", "{n} rows"), "values": pair("{n} value", "{n} values")}
    drawn = [
        Row(label, words.plural(*units[line.unit], int(line.value)), float(line.value), *[float("nan")] * 2, look="bar")
        for label, line in zip(labels, found.itertuples(), strict=True)
    ][:MOST_REASONS]
    cells = [[label, words.number(line.value)] for label, line in zip(labels, found.itertuples(), strict=True)]
    heading = reason_sentence(quality, words, link=False).replace("**", "").rstrip(".")
    top = 1.05 * max(row.at for row in drawn)
    return Figure(
        png=rows_png(drawn, words, axis=words.text("rows or values set aside"), limits=(0, top), scale=1),
        heading=heading,
        subtitle=words.text("Rows and values set aside, by kind of record and reason, over all quarters."),
        caption=words.text(
            "Source: the cleaning log, which holds each with its file and row; it is not part of a shared report. "
            "{shown} of {all} reasons are drawn, all stand in the table.",
            shown=words.number(len(drawn)),
            all=words.number(len(found)),
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text("Reason"), words.text("Set aside")]),
        language=words,
        name="reasons",
        numbers=found,
    )


def columns_table(data: Data, *, language: str = "en") -> Part:
    """In which columns values did not fit."""
    words, checks = Words.of(language), data.checks
    refused = checks[checks["check"].isin(REFUSED) & (checks["change_type"] == "blank_response")]
    if refused.empty:
        return Prose(words.text("No value had to be blanked because it did not fit its column."))
    found = refused.groupby(["table", "column"])["rows"].sum().reset_index()
    found = found.sort_values(["rows", "table", "column"], ascending=[False, True, True], ignore_index=True)
    cells = []
    for line in found.itertuples():
        about = tables.schema(line.table, data.programme.incentives).columns.get(line.column)
        meaning = words.text(about.description) if about is not None else line.column
        cells.append([words.text(TABLE_LABELS[line.table]), meaning, words.number(line.rows)])
    heads = [words.text(head) for head in (mark("Records"), mark("Column"), mark("Values blanked"))]
    caption = words.text("Columns with values that do not fit what they should hold, over all quarters.")
    return Table(
        pd.DataFrame(cells, columns=heads), caption, text=heads[1:2], name="columns_that_do_not_fit", numbers=found
    )


def reason_sentence(quality, words, *, link=True):
    """The most frequent reason for which rows and values were set aside; "" where none was."""
    found = failures(quality)
    if found.empty:
        return ""
    first = found.iloc[0]
    reason = small(words.text(first["measure"]))
    return words.text(
        "The most frequent reason: {reason} ({where}), **{n}** of {all}.",
        reason=linked(reason, "what-did-not-fit-and-why", link),
        where=small(words.text(TABLE_LABELS[first["table"]])),
        n=words.number(first["value"]),
        all=words.plural("{n} row or value set aside", "{n} rows and values set aside", int(found["value"].sum())),
    )

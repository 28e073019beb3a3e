"""What was read, kept and set aside, by source of programme.toml."""

from fnmatch import fnmatch

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import CHANGES, REFUSED, without_few
from konbit_lessons.parts import Table
from konbit_lessons.sentences.phrases import count, joined, why_missing
from konbit_lessons.tables import TABLE_LABELS
from konbit_lessons.words import Words, mark


def sources_table(data: Data, *, language: str = "en") -> Table:
    """Rows read, kept and set aside, and values changed, by source of programme.toml."""
    words = Words.of(language)
    table = without_few(data, by_source(data))
    heads = [
        mark("Records"),
        mark("Read"),
        mark("Kept"),
        mark("Set aside"),
        mark("Values that do not fit"),
        mark("Values changed"),
        mark("Source"),
    ]
    cells = [
        [words.text(TABLE_LABELS[line.table]), *(count(n, words) for n in line[3:]), line.source]
        for line in table.itertuples()
    ]
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    caption = words.text(
        "By source, as programme.toml names them, * standing for anything. Rows kept and set aside add up to read. "
        "Values that do not fit are blanked; values are changed where a name, a code or a blank is replaced by what it "
        "means, or corrected."
    )
    caption = joined(caption, why_missing(table["read"].isna().sum(), data, words))
    return Table(frame, caption, text=(frame.columns[-1],), name="sources", numbers=table)


def by_source(data: Data) -> pd.DataFrame:
    """Rows and values by source of programme.toml.

    Returns
    -------
    DataFrame, one row per source and table
        ``source``, ``table``, ``read``, ``kept``, ``set_aside`` (rows; kept + set aside = read), ``values_set_aside``,
        ``values_changed``.
    """
    place = _place_of(data)
    counts, checks = data.counts, data.checks
    rows = counts.groupby([place(counts), counts["table"]], sort=False)[["read", "kept", "set_aside"]].sum()
    refused = checks["check"].isin(REFUSED) & (checks["change_type"] == "blank_response")
    changed = checks["change_type"].isin(CHANGES) & ~refused
    for name, which in (("values_set_aside", refused), ("values_changed", changed)):
        some = checks[which]
        rows[name] = some.groupby([place(some), some["table"]])["rows"].sum()
    order = [name for name in data.tables if name in rows.index.get_level_values("table")]
    return (
        rows.fillna(0)
        .astype("Int64")
        .rename_axis(["source", "table"])
        .reset_index()
        .sort_values("table", key=lambda names: names.map(order.index), kind="stable", ignore_index=True)
    )


def read_in_all(data):
    """How many sources there are, and how many rows were read from them and set aside, without those not shown."""
    table = without_few(data, by_source(data))
    return len(table), int(table["read"].sum()), int(table["set_aside"].sum())


def read_sentence(data, words):
    """How many rows were read, and how many of them set aside."""
    sources, read, aside = read_in_all(data)
    aside = words.plural("{n} row was set aside", "{n} rows were set aside", aside)
    return words.text(
        "Of {read} rows read from {sources}, **[{aside}](#what-was-read-kept-and-set-aside)** with the reason on "
        "record.",
        read=words.number(read),
        sources=words.plural("{n} source", "{n} sources", sources),
        aside=aside,
    )


def _place_of(data: Data):
    """A function that names the source of programme.toml, such as ``attendance/*.xlsx``, of each line of a list."""
    sources = data.programme.sources

    def named(file: str, table: str) -> str:
        for source in sources:
            if source.table == table and (source.place == file or any(fnmatch(file, one) for one in source.patterns)):
                return source.place
        return file

    def place(lines: pd.DataFrame) -> pd.Series:
        pairs = zip(lines["source"], lines["table"], strict=True)
        return pd.Series([named(*pair) for pair in pairs], index=lines.index, name="source", dtype="str")

    return place

"""Figures that a phone can show: a PNG as wide as its column, with heading, caption, alt text and its numbers.

Takes the `Estimates` of ``predict_participation``, or a frame of shares, and a language; returns a `Figure`, which
notebooks and reports show as HTML. The picture itself is made in drawing.py. The same numbers give the same bytes.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from konbit_lessons import parts
from konbit_lessons.figures.drawing import WIDTH, Row, rows_png
from konbit_lessons.sentences import ANSWERS, Units, counts, in_order, label_of, reason, signed, step
from konbit_lessons.words import Words, mark


@dataclass(frozen=True)
class Figure(parts.Part):
    """A figure and all that must stand with it.

    Attributes
    ----------
    png : bytes
    heading : str, its main point in one line
    subtitle : str, what is shown, of whom, when, in which unit
    caption : str, source, n, what was left out
    alt : str, the finding, for who cannot see it
    table : DataFrame of str, the same numbers
    language : str or Words
    name, numbers : the name of the CSV written beside the report, and the frame in it; no CSV without them
    """

    png: bytes = field(repr=False)
    heading: str
    subtitle: str
    caption: str
    alt: str
    table: pd.DataFrame = field(repr=False)
    language: object = "en"
    name: str = ""
    numbers: pd.DataFrame | None = field(default=None, repr=False)

    def _repr_html_(self):
        return parts.figure_html(self, WIDTH, Words.of(self.language))

    def _carried(self):
        return parts.carried_csv(self)


def incentive_figure(result, language="en", units=None):
    """Return the coefficient plot: percentage points with intervals and counts, one row per incentive.

    Parameters
    ----------
    result : Estimates
    language : str or Words
    units : mapping or None, as in `konbit_lessons.sentences.Units`
    """
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    ordered = in_order(result.table)
    rows = [_incentive_row(row, words, units) for row in ordered]
    per_hundred = {
        "rows": words.text("invitations") if units is None else units.rows,
        "percent": words.percent(result.confidence),
    }
    return Figure(
        png=rows_png(rows, words, axis=words.text("fewer of 100 {rows} ← 0 → more", **per_hundred), signs=True),
        heading=_heading(ordered[0], words, units),
        subtitle=words.text(
            "Difference for each 100 {rows} where the incentive was offered, other things equal: dot, best "
            "guess; bar, {percent} interval.",
            **per_hundred,
        ),
        caption=words.text(
            "{n} {rows}. Filled round: clear. Diamond: likely. Empty round: uncertain. Square: no sign of "
            "a difference that would matter. Grey text: the data cannot tell.",
            n=words.number(result.n),
            **per_hundred,
        ),
        alt=words.text(
            "Dot plot of {n} incentives. {readings}",
            n=words.number(len(rows)),
            readings=" ".join(spoken(row, words) for row in rows),
        ),
        table=_numbers(ordered, words, units),
        language=language,
        name="incentives",
        numbers=result.table,
    )


def dots(shares, *, heading, subtitle, caption, language="en", name=""):
    """Return a figure of shares with their intervals.

    Parameters
    ----------
    shares : DataFrame with columns label, estimate, low, high (proportions) and n (str or number), one row per dot
    heading, subtitle, caption : str
    name : str, of the CSV beside the report
    """
    words = Words.of(language)
    rows = [
        Row(row["label"], _share_note(row, words), row["estimate"], row["low"], row["high"])
        for _, row in shares.iterrows()
    ]
    heads = [words.text(head) for head in (mark("Group"), mark("Percent"), mark("Low"), mark("High"), mark("n"))]
    table = pd.DataFrame(
        [
            [row["label"], *(words.points(row[c]) for c in ("estimate", "low", "high")), words.number(row["n"])]
            for _, row in shares.iterrows()
        ],
        columns=heads,
    )
    png = rows_png(rows, words, axis=words.text("percent"), limits=(0, 1))
    alt = " ".join([f"{heading}.", *(spoken(row, words) for row in rows)])
    return Figure(png, heading, subtitle, caption, alt, table, language, name, shares)


def targets(reached, *, heading, subtitle, caption, language="en", name=""):
    """Return a figure of what was reached against its target: a bar, and a line where the target stands.

    Parameters
    ----------
    reached : DataFrame with columns label, reached and target (counts), one row per bar
    """
    words = Words.of(language)
    rows = [
        Row(
            row["label"],
            words.text(
                "{reached} of {target}", reached=words.number(row["reached"]), target=words.number(row["target"])
            ),
            float(row["reached"]),
            np.nan,
            float(row["target"]),
            look="bar",
        )
        for _, row in reached.iterrows()
    ]
    table = pd.DataFrame(
        [[row["label"], words.number(row["reached"]), words.number(row["target"])] for _, row in reached.iterrows()],
        columns=[words.text("Group"), words.text("Reached"), words.text("Target")],
    )
    top = 1.05 * max([1.0, *(row.at for row in rows), *(row.high for row in rows)])
    png = rows_png(rows, words, axis=words.text("organizations; the line is the target"), limits=(0, top), scale=1)
    alt = " ".join([f"{heading}.", *(spoken(row, words) for row in rows)])
    return Figure(png, heading, subtitle, caption, alt, table, language, name, reached)


def _share_note(row, words):
    values = {"percent": words.percent(row["estimate"]), "n": words.number(row["n"])}
    if pd.isna(row["low"]):
        return words.text("{percent}, n = {n}; too few to give an interval", **values)
    low, high = (words.points(row[end]) for end in ("low", "high"))
    return words.text("{percent} ({low} to {high}), n = {n}", low=low, high=high, **values)


def _incentive_row(row, words, units):
    by = step(row)
    label = label_of(row, words)
    if by > 1:
        label = words.text("{label}, each {step} more", label=label, step=words.number(by))
    if row["strength"] == "cannot tell":
        note = reason(row, words, units)
        if row["n_offered"] > 0:
            note = words.text(
                "{reason}: {k} of {n}, otherwise {k_other} of {n_other}", reason=note, **_k_of_n(row, words)
            )
        return Row(label, note, np.nan, np.nan, np.nan, words.text(ANSWERS["cannot tell"]), "cannot tell")
    note = words.text(
        "{points} ({range}) · {counts}",
        points=signed(row["estimate"] * by, words),
        range=_range(row, words),
        counts=counts(row, words, units),
    )
    return Row(
        label,
        note,
        row["estimate"] * by,
        row["conf_low"] * by,
        row["conf_high"] * by,
        words.text(ANSWERS[row["strength"]]),
        row["strength"],
    )


def _range(row, words):
    low, high = (signed(row[end] * step(row), words) for end in ("conf_low", "conf_high"))
    return words.text("{low} to {high}", low=low, high=high)


def _k_of_n(row, words):
    ends = {"k": "k_offered", "n": "n_offered", "k_other": "k_not_offered", "n_other": "n_not_offered"}
    return {name: words.number(row[column]) for name, column in ends.items()}


def _heading(row, words, units):
    values = {"label": label_of(row, words), "points": words.points(abs(row["estimate"] * step(row)))}
    if row["strength"] not in ("clear", "likely") or not row["estimate"] > 0:
        return words.text("The data show no incentive that goes with more participation")
    if units is not None:
        more = mark("{label}: about {points} more of 100 {rows} {outcome}")
        return words.text(more, rows=units.rows, outcome=units.outcome, **values)
    return words.text("{label} goes with {points} more of 100 invitations taken up", **values)


def spoken(row, words):
    """Return a row of a figure as its alt text says it."""
    tagged = mark("{label}: {note}, {tag}.") if row.tag else mark("{label}: {note}.")
    return words.text(tagged, label=row.label, note=row.note, tag=row.tag)


def _numbers(ordered, words, units):
    heads = [mark("Incentive"), mark("Difference of 100"), mark("Low"), mark("High"), mark("Rests on"), mark("Answer")]
    lines = []
    for row in ordered:
        known = row["strength"] != "cannot tell"
        values = [signed(row[c] * step(row), words) if known else "–" for c in ("estimate", "conf_low", "conf_high")]
        lines.append([label_of(row, words), *values, counts(row, words, units), words.text(ANSWERS[row["strength"]])])
    return pd.DataFrame(lines, columns=[words.text(head) for head in heads])

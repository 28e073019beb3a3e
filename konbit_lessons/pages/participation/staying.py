"""Who stays: the curve of organizations that still take part."""

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure
from konbit_lessons.figures.charts import curve_png
from konbit_lessons.measures import engagement
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import (
    interval_of_share,
)
from konbit_lessons.words import Words, mark


def staying_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """The curve of organizations that still take part, with its band."""
    words = Words.of(language)
    try:
        curve = engagement.staying(rows, smallest_cell=data.programme.smallest_cell)
    except DataError:
        return Prose(words.text("Attendance is on record in too few quarters to see who stays: it takes two at least."))
    last = curve.iloc[-1]
    if len(curve) < 2:
        return Prose(
            words.text(
                "Fewer than {smallest} organizations have left so far, or were looked at: too few to draw who stays.",
                smallest=words.number(data.programme.smallest_cell),
            )
        )
    heading = words.plural(
        "After {n} quarter, {share} of organizations still take part{interval}",
        "After {n} quarters, {share} of organizations still take part{interval}",
        int(last["quarter"]),
        share=words.percent(last["share"]),
        interval=interval_of_share(last["low"], last["high"], words),
    )
    heads = [
        mark("Quarters"),
        mark("At risk of leaving"),
        mark("Left since"),
        mark("Still take part"),
        mark("Low"),
        mark("High"),
    ]
    cells = [
        [
            *(words.number(n) for n in (line.quarter, line.at_risk, line.left)),
            *(words.points(share) for share in (line.share, line.low, line.high)),
        ]
        for line in curve.itertuples()
    ]
    axis = {"x": words.text("quarters since its first invitation"), "at_risk": words.text("Organizations looked at:")}
    return Figure(
        png=curve_png(curve, words, axis=axis),
        heading=heading,
        subtitle=words.text(
            "Organizations that still take part, of 100, up to {quarter}. Line: best guess. Band: 95 % interval.",
            quarter=quarter,
        ),
        caption=words.text(
            "{n} organizations. One has left in a quarter in which it was invited and did not come, if it never came "
            "again; the last quarter only shows who did. A quarter is drawn once {smallest} or more have left "
            "since the one before. Kaplan and Meier's curve. Source: invitation lists and sign-in sheets.",
            n=words.number(curve["at_risk"].iloc[0]),
            smallest=words.number(data.programme.smallest_cell),
        ),
        alt=heading,
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="staying",
        numbers=curve,
    )

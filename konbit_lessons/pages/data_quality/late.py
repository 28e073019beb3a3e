"""How late data came: days from a fact to its record."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure, spoken
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.parts import Part, Prose
from konbit_lessons.tables import TABLE_LABELS
from konbit_lessons.words import Words, mark


def late_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """Days from a fact to its record, by kind of record."""
    words, arrivals = Words.of(language), data.arrivals
    some = arrivals[arrivals["quarter"] <= quarter]
    if some.empty:
        return Prose(words.text("No export says when its rows were submitted, so nobody knows how late they came."))
    groups = some.groupby("table")
    found = groups.agg(rows=("rows", "sum"), median_days=("median_days", "max"), p90_days=("p90_days", "max"))
    found = found.sort_values(["p90_days", "median_days"], ascending=False).reset_index()
    drawn = [
        Row(
            words.text(TABLE_LABELS[line.table]),
            words.text(
                "half within {half}, 9 of 10 within {most} days, n = {n}",
                half=words.number(line.median_days),
                most=words.number(line.p90_days),
                n=words.number(line.rows),
            ),
            float(line.median_days),
            float("nan"),
            float(line.p90_days),
            look="bar",
        )
        for line in found.itertuples()
    ]
    slowest = found.iloc[0]
    heading = words.plural(
        "{what} came slowest: 9 of 10 rows were in within {n} day",
        "{what} came slowest: 9 of 10 rows were in within {n} days",
        round(slowest["p90_days"]),
        what=words.text(TABLE_LABELS[slowest["table"]]),
    )
    heads = [mark("Records"), mark("Half, days"), mark("9 of 10, days"), mark("Rows")]
    cells = [
        [words.text(TABLE_LABELS[line.table]), *(words.number(n) for n in (line.median_days, line.p90_days, line.rows))]
        for line in found.itertuples()
    ]
    return Figure(
        png=rows_png(
            drawn, words, axis=words.text("days"), limits=(0, 1.05 * max(1.0, *(row.high for row in drawn))), scale=1
        ),
        heading=heading,
        subtitle=words.text("Days from a fact to its record. Blue: half of the rows were in. Line: 9 of 10 were."),
        caption=words.text(
            "Source: exports that say when a row was submitted. Each row of the figure is the slowest file and quarter "
            "of its kind. Sheets without a day of submission are left out."
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="lateness",
        numbers=found,
    )

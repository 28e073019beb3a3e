"""Where partners are reached: Haiti's ten departments."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure
from konbit_lessons.figures.charts import tiles_png
from konbit_lessons.measures import engagement
from konbit_lessons.pages.participation.known import ALL_UNKNOWN, all_unknown
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import (
    count,
    joined,
    why_missing,
)
from konbit_lessons.words import Words, mark


def departments_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """A map of tiles: the share of partners reached in the quarter in each of Haiti's ten departments."""
    words = Words.of(language)
    if quarter not in set(rows["fiscal_quarter"]):
        return Prose(words.text("No event is on record in {quarter}.", quarter=quarter))
    if all_unknown(rows[rows["fiscal_quarter"] == quarter]):
        return Prose(words.text(ALL_UNKNOWN))
    table = engagement.by_department(data, rows, quarter=quarter)
    tiles, elsewhere = table[table["department"] != ""], table[table["department"] == ""]
    known = tiles.dropna(subset="share").sort_values("share")
    if known.empty:
        return Prose(
            words.text("The roster names too few organizations in Haiti's departments to show where they are reached.")
        )
    most, least = known.iloc[-1], known.iloc[0]
    heading = words.text(
        "In {quarter} most were reached in {most} ({high}), fewest in {least} ({low})",
        quarter=quarter,
        most=words.text(most["department"]),
        high=words.percent(most["share"]),
        least=words.text(least["department"]),
        low=words.percent(least["share"]),
    )
    if len(known) < 2 or most["share"] == least["share"]:
        heading = words.text(
            "In {quarter}, {share} were reached wherever it can be shown",
            quarter=quarter,
            share=words.percent(most["share"]),
        )
    heads = [mark("Department"), mark("Reached"), mark("Partners"), mark("Percent"), mark("Low"), mark("High")]
    cells = [
        [
            words.text(line.department or "Elsewhere, or not on record"),
            *(count(n, words) for n in (line.reached, line.organizations)),
            *(words.points(share) for share in (line.share, line.low, line.high)),
        ]
        for line in table.itertuples()
    ]
    readings = (
        words.text("{department}: {share}.", department=words.text(line.department), share=words.percent(line.share))
        for line in known[::-1].itertuples()
    )
    return Figure(
        png=tiles_png(tiles, words, few=words.text("not shown"), none=words.text("no partner")),
        heading=heading,
        subtitle=words.text(
            "Organizations that came to an event in {quarter}, of the partners of each department. One tile is one "
            "department, placed roughly as on a map; the darker, the more.",
            quarter=quarter,
        ),
        caption=joined(
            words.text(
                "Source: roster and sign-in sheets. With so few in a department its share is uncertain: the intervals "
                "stand in the table below."
            ),
            _elsewhere(elsewhere, words),
            why_missing(table["share"].isna().sum(), data, words),
        ),
        alt=" ".join([heading + ".", *readings]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="departments",
        numbers=table,
    )


def _elsewhere(lines, words):
    if lines.empty or pd.isna(lines["organizations"].iloc[0]):
        return ""
    return words.plural(
        "{n} partner has none of the ten departments on record.",
        "{n} partners have none of the ten departments on record.",
        int(lines["organizations"].iloc[0]),
    )

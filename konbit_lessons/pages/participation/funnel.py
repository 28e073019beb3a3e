"""From the roster to coming again."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure, spoken
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures import engagement
from konbit_lessons.pages.participation.known import ALL_UNKNOWN, all_unknown
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import (
    KINDS,
    capital,
    count,
    interval_of_share,
    joined,
    linked,
    why_missing,
)
from konbit_lessons.words import Words, mark

NAN = float("nan")
STEPS = {
    "roster": mark("On the roster"),
    "invited": mark("Invited"),
    "came_once": mark("Came once"),
    "came_again": mark("Came again"),
    "came_five_times": mark("Came five times or more"),
}


def step_to_again(data, rows, quarter):
    """How many of the organizations that came once came again, of all types: a line of ``engagement.funnel``."""
    table = engagement.funnel(data, rows, until=quarter)
    return table[table["org_type"] == engagement.TOTAL].set_index("step").loc["came_again"]


def came_again(data, rows, quarter, words, *, link=True):
    """What share of the organizations that came once came again; nothing where it is hidden."""
    again = step_to_again(data, rows, quarter)
    if pd.isna(again["share"]):
        return ""
    return words.plural(
        "Of {n} organization that came once, **{again}** came again{interval}.",
        "Of {n} organizations that came once, **{again}** came again{interval}.",
        int(again["before"]),
        again=linked(words.percent(again["share"]), "from-first-contact-on", link),
        interval=interval_of_share(again["low"], again["high"], words),
    )


def funnel_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """From the roster to coming again: how many organizations were at each step."""
    words = Words.of(language)
    if all_unknown(rows):
        return Prose(words.text(ALL_UNKNOWN))
    table = engagement.funnel(data, rows, until=quarter)
    every = table[table["org_type"] == engagement.TOTAL].dropna(subset="organizations")
    if len(every) < 2:
        return Prose(words.text("Too few organizations are on record to show how far they came."))
    drawn = [
        Row(
            words.text(STEPS[line.step]),
            words.number(line.organizations)
            if pd.isna(line.share)
            else words.text(
                "{n}: {share} of the step before ({low} to {high})",
                n=words.number(line.organizations),
                share=words.percent(line.share),
                low=words.points(line.low),
                high=words.points(line.high),
            ),
            float(line.organizations),
            NAN,
            NAN,
            look="bar",
        )
        for line in every.itertuples()
    ]
    kinds = list(dict.fromkeys(table["org_type"]))
    wide = table.pivot_table(
        "organizations", index="step", columns="org_type", aggfunc="first", dropna=False, sort=False
    )
    cells = [
        [words.text(STEPS[step]), *(count(wide.loc[step].get(kind), words) for kind in kinds)] for step in wide.index
    ]
    heading = came_again(data, rows, quarter, words, link=False).replace("**", "").rstrip(".")
    heading = heading or words.text("From the roster to coming again")
    top = 1.05 * max(row.at for row in drawn)
    return Figure(
        png=rows_png(drawn, words, axis=words.text("organizations"), limits=(0, top), scale=1),
        heading=heading,
        subtitle=words.text(
            "Organizations at each step up to {quarter}, of all types, and in brackets the 95 % interval of the share.",
            quarter=quarter,
        ),
        caption=joined(
            words.text(
                "Source: roster, invitation lists and sign-in sheets. Who joined late had fewer events to come to. "
                "Attendance that is unknown counts as not having come."
            ),
            why_missing(table["organizations"].isna().sum(), data, words),
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text("Step"), *(capital(words.text(KINDS[kind])) for kind in kinds)]),
        language=words,
        name="funnel",
        numbers=table,
    )

"""Perceived benefit beside recorded benefit."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures import expectations
from konbit_lessons.measures.intervals import difference_of_groups
from konbit_lessons.pages.expectations.answers import latest_answers, no_answers
from konbit_lessons.pages.expectations.strength import interval_and_strength, matters_of
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import (
    joined,
    why_missing,
)
from konbit_lessons.words import Words, mark

BENEFITS = {
    ("perceived_value", "True"): mark("See value in taking part, with a business lead"),
    ("perceived_value", "False"): mark("See value in taking part, without one"),
    ("knows_benefits", "True"): mark("Know the benefits, with a business lead"),
    ("knows_benefits", "False"): mark("Know the benefits, without one"),
}


def benefit_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """Who sees value and knows the benefits, among organizations with a business lead on record and the others."""
    words, latest = Words.of(language), latest_answers(data, quarter)
    if data.business_leads.empty:
        return Prose(
            words.text("No business lead is on record, so that perceived benefit has nothing to stand beside.")
        )
    known, told = with_and_without(data, quarter)
    if known.empty:
        return Prose(no_answers(data, quarter, words))
    heading = words.text("Whether organizations with a business lead see more value cannot be told")
    if "perceived_value" in told.index and told.loc["perceived_value", "strength"] != "cannot tell":
        line = told.loc["perceived_value"]
        heading = words.text(
            "With a business lead on record {share} see value in taking part, without one {other}: {points} of "
            "100{interval}",
            share=words.percent(known.loc[("perceived_value", "True"), "share"]),
            other=words.percent(known.loc[("perceived_value", "False"), "share"]),
            points=signed(line["estimate"], words),
            interval=interval_and_strength(line, words),
        )
    shown = known.assign(label=[words.text(BENEFITS[at]) for at in known.index], estimate=known["share"])
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=heading,
        subtitle=words.text(
            "Of 100 organizations that answered in wave {wave}, by whether a business lead or contract of theirs was "
            "on record by then. Bar: 95 % interval.",
            wave=latest["wave"].iloc[0],
        ),
        caption=joined(
            words.text(
                "Source: partner survey and business leads. To see value: 4 or 5 of 5 on average. A lead that nobody "
                "wrote down is not on record."
            ),
            why_missing(len(BENEFITS) - len(known), data, words),
        ),
        language=words,
        name="benefits",
    )


def with_and_without(data, quarter):
    """The shares of both groups where they are shown, and the differences between them with their strength."""
    latest = latest_answers(data, quarter)
    table = pd.concat(
        expectations.benefits(data, what, quarter=quarter).assign(what=what)
        for what in ("perceived_value", "knows_benefits")
    )
    table = table[table["by"] == "has_lead"].set_index(["what", "group"])
    known = table.reindex(list(BENEFITS)).dropna(subset="share")
    gaps = {
        what: difference_of_groups(latest, what, by="has_lead", first=False, second=True)
        for what in known.groupby(level=0).size().loc[lambda n: n == 2].index
    }
    return known, expectations.compared(gaps, matters=matters_of(data)).set_index("term")

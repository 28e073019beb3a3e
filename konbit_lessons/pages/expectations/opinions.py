"""Motivation and the belief in money, by wave and type of organization."""

from dataclasses import replace

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.figures.charts import waves_png
from konbit_lessons.measures import expectations
from konbit_lessons.measures.expectations import TOTAL
from konbit_lessons.measures.intervals import difference_of_groups, difference_of_waves
from konbit_lessons.pages.expectations.answers import no_answers
from konbit_lessons.pages.expectations.strength import interval_and_strength, matters_of
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import (
    KINDS,
    capital,
    joined,
    linked,
    why_missing,
)
from konbit_lessons.tables import ORG_TYPES, TABLES
from konbit_lessons.words import Words, mark

OPINIONS = ("belief_money", "motivation")


def opinion_sentences(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> list[str]:
    """How opinions changed from the first wave to the latest, and how far the types are apart in the latest."""
    words, said, told = Words.of(language), expectations.answers(data, until=quarter), opinions(data, quarter)
    sentences = []
    for line in told.itertuples():
        question, about = line.term
        some = said.dropna(subset=question)
        values = {
            "question": words.text(
                "“{question}”",
                question=linked(words.text(_asked(question)), "motivation-and-the-belief-in-money", link),
            ),
            "points": signed(line.estimate, words),
            "interval": interval_and_strength(line, words),
        }
        if line.strength == "cannot tell":
            continue
        if about == "change":
            waves = sorted(some["wave"].unique())
            text = mark(
                "{question}: the share that agrees changed by **{points} of 100** from wave {first} to wave {second}, "
                "among {n} organizations in both{interval}."
            )
            sentences.append(words.text(text, first=waves[0], second=waves[-1], n=words.number(line.n), **values))
        else:
            text = mark(
                "{question}: of 100 service providers (CDSPs), **{points}** more agree than of awardees{interval}."
            )
            if line.estimate < 0:
                text = mark(
                    "{question}: of 100 service providers (CDSPs), **{points}** fewer agree than of awardees{interval}."
                )
            values["points"] = words.points(abs(line.estimate))
            sentences.append(words.text(text, **values))
    if not sentences:
        return [words.text("There are too few answers to compare waves, or types of organization.")]
    return sentences


def opinion_figure(data: Data, question: str, *, quarter: str, language: str = "en") -> Part:
    """Of each type of organization, by wave, the share that agrees with one of :data:`OPINIONS`."""
    words, table = Words.of(language), expectations.opinions(data, question, quarter=quarter)
    table = table.sort_values(["group", "wave"], ascending=[False, True], kind="stable")
    known = table.dropna(subset="share")
    if known.empty:
        return Prose(no_answers(data, quarter, words))
    labels = [
        words.text("{kind}, wave {wave}", kind=capital(words.text(KINDS[line.group])), wave=line.wave)
        for line in known.itertuples()
    ]
    latest = known[known["wave"] == known["wave"].max()]
    latest = (latest if len(latest) == 1 else latest[latest["group"] != TOTAL]).set_index("group")
    figure = dots(
        known.assign(label=labels, estimate=known["share"])[["label", "estimate", "low", "high", "n", question]],
        heading=words.text(
            "“{question}”: {shares} agree in wave {wave}",
            question=words.text(_asked(question)),
            shares=words.list(
                words.text("{share} of {kind}", share=words.percent(line.share), kind=words.text(KINDS[line.Index]))
                for line in latest.itertuples()
            ),
            wave=known["wave"].max(),
        ),
        subtitle=words.text(
            "Of 100 organizations, those whose answers are 4 or 5 of 5 on average, by wave. Bar: 95 % interval."
        ),
        caption=joined(
            words.text(
                "Source: partner survey. n: organizations that answered. Not the same ones answer in each wave."
            ),
            why_missing(len(table) - len(known), data, words),
        ),
        language=words,
        name=question,
    )
    panels = [(capital(words.text(KINDS[kind])), own) for kind, own in known.groupby("group", sort=False)]
    return replace(figure, png=waves_png(panels, words))


def opinions(data: Data, quarter: str) -> pd.DataFrame:
    """The changes since the first wave and the gaps between the types, with the strength of each."""
    said, smallest, found = expectations.answers(data, until=quarter), data.programme.smallest_cell, {}
    for question in OPINIONS:
        some = said.dropna(subset=question)
        waves = sorted(some["wave"].unique())
        both = set.intersection(
            *(set(some.loc[some["wave"] == one, "organization_id"]) for one in waves[:1] + waves[-1:] or [-1])
        )
        if len(waves) > 1 and len(both) >= smallest:
            found[question, "change"] = difference_of_waves(some, question, first=waves[0], second=waves[-1])
        latest = some[some["wave"] == waves[-1]] if waves else some
        shown = expectations.opinions(data, question, quarter=quarter)
        shown = shown[shown["wave"] == shown["wave"].max()].set_index("group")["share"]
        if shown.reindex(ORG_TYPES).notna().all():
            found[question, "gap"] = difference_of_groups(
                latest, question, by="org_type", first="awardee", second="cdsp"
            )
    return expectations.compared(found, matters=matters_of(data))


def _asked(question):
    return TABLES["survey"].columns[question].description

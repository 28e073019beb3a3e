"""Who answered, and whether two records of one fact agree."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures.quality import AGREE, ANSWERED, TALKED_WITH
from konbit_lessons.measures.answers import LATE_ENOUGH, waves
from konbit_lessons.measures.intervals import wilson
from konbit_lessons.pages.data_quality.rules import ASKED_AGAIN, REGISTERED
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import joined, linked
from konbit_lessons.words import Words, mark


def response_figure(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Of the partners at the time, how many answered the survey and how many had a conversation, by quarter."""
    words, known = Words.of(language), of_measure(data, quality, (ANSWERED, TALKED_WITH), quarter)
    if known.empty:
        return Prose(
            words.text("No survey was answered and no conversation held by enough organizations to give a rate.")
        )
    short = {ANSWERED: mark("Survey begun in {quarter}"), TALKED_WITH: mark("Conversations in {quarter}")}
    shown = known.assign(label=[words.text(short[line.measure], quarter=line.quarter) for line in known.itertuples()])
    heading = answered_sentence(data, quality, quarter, words, link=False).replace("**", "").rstrip(".")
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=heading or words.text("No wave of the survey has enough answers to give a rate"),
        subtitle=words.text(
            "Partners that answered, or had a conversation, of 100 partners. Dot: share. Bar: 95 % "
            "interval, as if those who answered had been drawn by lot."
        ),
        caption=joined(
            words.text(
                "Source: partner survey, conversations and roster. n: partners on the first day of the wave or the "
                "last of the quarter. An organization counts once, however many of its people answered."
            ),
            _late_answers(data, words),
        ),
        language=words,
        name="response_rates",
    )


def _late_answers(data, words):
    if (enough := late_enough(data)) is None:
        return ""
    return words.text(
        "Answers that came after a wave was first reported are counted once those of {n} organizations or more have "
        "come.",
        n=words.number(enough),
    )


def agreement_figure(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """How often two records of one fact agree, by quarter."""
    words, known = Words.of(language), of_measure(data, quality, tuple(AGREE.values()), quarter)
    if known.empty:
        return Prose(
            words.text(
                "No fact is on record twice: neither a registration beside a sign-in sheet, nor an answer given twice."
            )
        )
    said = [
        words.text(
            "{what}: {share} of {n}",
            share=words.percent(line.share),
            n=words.number(line.n),
            what=words.text(line.Index),
        )
        for line in agreeing(known).itertuples()
    ]
    short = {REGISTERED: mark("Registered, {quarter}"), ASKED_AGAIN: mark("Asked again, {quarter}")}
    shown = known.assign(label=[words.text(short[line.measure], quarter=line.quarter) for line in known.itertuples()])
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=words.clauses(said),
        subtitle=words.text("Pairs of records that agree, of 100 compared, by fiscal quarter. Bar: 95 % interval."),
        caption=words.text(
            "Source: registrations, sign-in sheets and the partner survey. n: pairs compared. Where two differ, the "
            "sign-in sheet counts before the registration."
        ),
        language=words,
        name="agreement",
    )


def last_answered(data: Data, quality: pd.DataFrame, quarter: str) -> pd.Series | None:
    """How many answered the last survey that has a rate, as :func:`of_measure` gives it."""
    known = of_measure(data, quality, (ANSWERED,), quarter)
    return None if known.empty else known.iloc[-1]


def agreeing(known: pd.DataFrame) -> pd.DataFrame:
    """Pairs that agree, of those compared in all quarters: ``value``, ``n`` and ``share`` by measure."""
    total = known.groupby("measure", sort=False)[["value", "n"]].sum()
    return total.assign(share=total["value"] / total["n"])


def late_enough(data: Data) -> int | None:
    """From how many organizations on late answers to a survey are counted; None where none wait."""
    waits = len(waves(data, until="FY9999Q4")) < data.survey["wave"].notna().sum()
    return LATE_ENOUGH * data.programme.smallest_cell if waits else None


def of_measure(data: Data, quality: pd.DataFrame, measures: tuple[str, ...], quarter: str) -> pd.DataFrame:
    """Shares of these measures by quarter, up to one, with Wilson's interval; of too few, none."""
    some = quality[quality["measure"].isin(measures) & (quality["quarter"] <= quarter) & quality["value"].notna()]
    some = some[some["of"] >= data.programme.smallest_cell]
    shares = [wilson(int(line.value), int(line.of)) for line in some.itertuples()]
    return some.assign(
        n=some["of"],
        estimate=[share.estimate for share in shares],
        low=[share.low for share in shares],
        high=[share.high for share in shares],
    )


def answered_sentence(data, quality, quarter, words, *, link=True):
    """How many partners answered the last survey; "" where no rate is shown."""
    if (last := last_answered(data, quality, quarter)) is None:
        return ""
    share = words.percent(last["estimate"])
    return words.text(
        "The survey begun in {quarter} was answered by **{share}** of {n} partners (95 % interval {low} to {high}).",
        quarter=last["quarter"],
        share=linked(share, "who-answered", link),
        n=words.number(last["n"]),
        low=words.points(last["low"]),
        high=words.points(last["high"]),
    )

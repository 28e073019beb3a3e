"""The numbers behind the sentences of the page, for the CSV beside it: nothing that a sentence does not say."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import AGREE
from konbit_lessons.measures.intervals import CONFIDENCE
from konbit_lessons.pages.data_quality.answered import agreeing, last_answered, late_enough, of_measure
from konbit_lessons.pages.data_quality.reasons import MOST_REASONS, failures
from konbit_lessons.pages.data_quality.rules import RULES, judgements
from konbit_lessons.pages.data_quality.sources import read_in_all
from konbit_lessons.parts import behind_sentences


def sentence_numbers(data: Data, quality: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """What the sentences and headings say in numbers: ``what``, ``value``, ``low``, ``high``, ``n``."""
    sources, read, aside = read_in_all(data)
    return behind_sentences(
        [
            ("confidence of intervals", CONFIDENCE),
            ("sources", sources),
            ("rows read", read),
            ("rows set aside", aside),
            *_reasons(quality),
            *_shares(data, quality, quarter),
            *_judged(judgements(data, quality, quarter=quarter)),
            *((f"good, limit: {rule.said}", rule.good) for rule in RULES),
            *((f"fair, limit: {rule.said}", rule.fair) for rule in RULES),
            ("open questions", len(data.questions)),
            ("rows that wait for open questions", data.questions["times"].sum()),
            *((f"open questions: {kind}", n) for kind, n in data.questions.groupby("question").size().items()),
        ]
    )


def _reasons(quality):
    found = failures(quality)
    if not found.empty:
        yield "set aside for the most frequent reason", found["value"].iloc[0], None, None, found["value"].sum()
        yield "reasons drawn", min(len(found), MOST_REASONS), None, None, len(found)


def _shares(data, quality, quarter):
    last = last_answered(data, quality, quarter)
    if enough := late_enough(data):
        yield "organizations from which on late answers are counted", enough
    if last is not None:
        yield "answered the last survey", last["estimate"], last["low"], last["high"], last["n"]
    for line in agreeing(of_measure(data, quality, tuple(AGREE.values()), quarter)).itertuples():
        yield f"in all quarters: {line.Index}", line.share, None, None, line.n


def _judged(found):
    for line in found.dropna(subset="figure").itertuples():
        yield f"judged: {line.said}", line.figure, None, None, line.n

"""The numbers behind the sentences of the page, for the CSV beside it: nothing about fewer than may be shown."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import expectations
from konbit_lessons.measures.intervals import CONFIDENCE
from konbit_lessons.pages.expectations.answers import in_all
from konbit_lessons.pages.expectations.belief import belief_differences
from konbit_lessons.pages.expectations.benefits import with_and_without
from konbit_lessons.pages.expectations.gap import shortest
from konbit_lessons.pages.expectations.groups import told_apart
from konbit_lessons.pages.expectations.opinions import opinions
from konbit_lessons.pages.expectations.overlap import with_overlap
from konbit_lessons.pages.expectations.strength import matters_of, within_all
from konbit_lessons.parts import behind_sentences


def sentence_numbers(data: Data, rows: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """What the sentences and headings say in numbers: ``what``, ``value``, ``low``, ``high``, ``n``."""
    apart = told_apart(data, rows, quarter)
    return behind_sentences(
        [
            ("confidence of intervals", CONFIDENCE),
            ("smallest difference that matters", matters_of(data)),
            *_expected(data, rows, quarter),
            ("expectations compared between groups", apart["term"].map(lambda term: term[1]).nunique()),
            *_differences(apart),
            *_differences(opinions(data, quarter)),
            *(() if data.business_leads.empty else _differences(with_and_without(data, quarter)[1].reset_index())),
            *_overlap(data, rows),
            *(line for told in belief_differences(data, rows, quarter) for line in _differences(told.to_frame().T)),
            *(() if data.conversations.empty else _conversations(data, quarter)),
        ]
    )


def _expected(data, rows, quarter):
    table = in_all(expectations.met_or_not(data, rows, quarter=quarter)).dropna(subset="share")
    if table.empty:
        return
    first, short = table.iloc[0], shortest(data, table)
    yield f"expected by most: {first['what']}", first["share"], first["low"], first["high"], first["n"]
    if short is not None:
        yield f"expected and not offered: {short['what']}", short["unmet"], None, None, short["expects"]


def _differences(told):
    """Differences as `measures.expectations.compared` gives them; those that cannot be told are no numbers."""
    for line in told[told["strength"] != "cannot tell"].itertuples():
        what = line.term if isinstance(line.term, str) else ": ".join(line.term)
        yield f"difference, {what}", line.estimate, *within_all(line), line.n


def _overlap(data, rows):
    told = with_overlap(data, rows)
    return () if told is None else _differences(told.to_frame().T)


def _conversations(data, quarter):
    now = expectations.calendar(data, quarter=quarter).iloc[-1]
    if pd.notna(now["share"]):
        yield "had a conversation", now["share"], now["low"], now["high"], now["partners"]
    counts = expectations.follow_ups(data, quarter=quarter).table["follow_ups"]
    yield from ((f"follow-ups: {state}", n) for state, n in counts.items() if pd.notna(n))
    if days := expectations.days_since(data, quarter=quarter):
        low, median, high = days
        yield "days since the last conversation, median and middle half", median, low, high

"""The page on expectations: what is expected and offered, believed, supported elsewhere, and talked about.

Takes a cleaned programme, its panel, a quarter and a language; returns the sentences, figures and tables that
``notebooks/expectations.ipynb`` shows, each section from the module of its name. Numbers come from
``measures.expectations``, ``measures.participation`` and ``measures.intervals``.
"""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.pages.expectations.belief import belief_sentences, belief_table
from konbit_lessons.pages.expectations.benefits import benefit_figure
from konbit_lessons.pages.expectations.changes import changed_figure, changed_sentence, changes
from konbit_lessons.pages.expectations.conversations import (
    calendar_figure,
    follow_up_sentences,
    since_table,
    talked_sentence,
)
from konbit_lessons.pages.expectations.gap import gap_figure, headline
from konbit_lessons.pages.expectations.groups import groups_sentences, groups_table
from konbit_lessons.pages.expectations.numbers import sentence_numbers
from konbit_lessons.pages.expectations.opinions import OPINIONS, opinion_figure, opinion_sentences
from konbit_lessons.pages.expectations.overlap import overlap_figure, overlap_sentence, overlap_table
from konbit_lessons.pages.expectations.strength import rule_sentences
from konbit_lessons.words import Words

__all__ = [
    "OPINIONS",
    "at_a_glance",
    "belief_sentences",
    "belief_table",
    "benefit_figure",
    "calendar_figure",
    "changed_figure",
    "changed_sentence",
    "changes",
    "follow_up_sentences",
    "gap_figure",
    "groups_sentences",
    "groups_table",
    "headline",
    "opinion_figure",
    "opinion_sentences",
    "overlap_figure",
    "overlap_sentence",
    "overlap_table",
    "rule_sentences",
    "sentence_numbers",
    "since_table",
    "talked_sentence",
    "title",
]


def title(language: str = "en") -> str:
    """The title of the page: what was asked."""
    return Words.of(language).text("What do partners expect, and what can the project offer?")


def at_a_glance(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """At most five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    opinions = opinion_sentences(data, quarter=quarter, language=words, link=True)
    return [
        headline(data, rows, quarter=quarter, language=words, link=True),
        *opinions[:1],
        overlap_sentence(data, rows, quarter=quarter, language=words, link=True),
        talked_sentence(data, quarter=quarter, language=words, link=True),
    ]

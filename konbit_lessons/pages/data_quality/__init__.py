"""The page on data quality: what was read and set aside, the five standards and how they are judged, what is open.

Takes a cleaned programme, its ``data_quality``, a quarter and a language; returns the sentences, figures and tables
that ``notebooks/data_quality.ipynb`` shows, each section from the module of its name. No organization is named, no
value quoted.
"""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.pages.data_quality.annex import standards_table
from konbit_lessons.pages.data_quality.answered import agreement_figure, answered_sentence, response_figure
from konbit_lessons.pages.data_quality.late import late_figure
from konbit_lessons.pages.data_quality.numbers import sentence_numbers
from konbit_lessons.pages.data_quality.open_questions import question_sentences
from konbit_lessons.pages.data_quality.reasons import columns_table, failed_figure, failures, reason_sentence
from konbit_lessons.pages.data_quality.rules import RULES, judgements, rule_sentences
from konbit_lessons.pages.data_quality.sources import by_source, read_sentence, sources_table
from konbit_lessons.pages.data_quality.standards import changed_table, headline, judgement_sentences
from konbit_lessons.words import Words

__all__ = [
    "RULES",
    "agreement_figure",
    "at_a_glance",
    "by_source",
    "changed_table",
    "columns_table",
    "failed_figure",
    "failures",
    "headline",
    "judgement_sentences",
    "judgements",
    "late_figure",
    "question_sentences",
    "response_figure",
    "rule_sentences",
    "sentence_numbers",
    "sources_table",
    "standards_table",
    "title",
]


def title(language: str = "en") -> str:
    """The title of the page: what was asked."""
    return Words.of(language).text("How good are the data?")


def at_a_glance(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    said = [
        headline(data, quality, quarter=quarter, language=words, link=True),
        read_sentence(data, words),
        reason_sentence(quality, words),
        answered_sentence(data, quality, quarter, words),
        question_sentences(data, language=words, link=True)[0],
    ]
    return [sentence for sentence in said if sentence]

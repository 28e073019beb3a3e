"""The page on participation: who was reached against the target, who comes again and stays, how meaningfully, where.

Takes a cleaned programme, its panel, a quarter and a language; returns the sentences, figures and tables that
``notebooks/participation.ipynb`` shows, each section from the module of its name. Numbers come from
``measures.engagement``, ``measures.participation`` and ``measures.intervals``.
"""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.pages.participation.before import compared_table, quarter_sentence
from konbit_lessons.pages.participation.consulted import consulted_figure
from konbit_lessons.pages.participation.funnel import came_again, funnel_figure
from konbit_lessons.pages.participation.left_out import count_only_sentences, unknown_sentences
from konbit_lessons.pages.participation.meaningful import meaningful_figure, meaningful_sentence
from konbit_lessons.pages.participation.numbers import sentence_numbers
from konbit_lessons.pages.participation.reached import headline, reach_figure, title
from konbit_lessons.pages.participation.staying import staying_figure
from konbit_lessons.pages.participation.uptake import uptake_figure, uptake_table
from konbit_lessons.pages.participation.where import departments_figure
from konbit_lessons.words import Words

__all__ = [
    "at_a_glance",
    "compared_table",
    "consulted_figure",
    "count_only_sentences",
    "departments_figure",
    "funnel_figure",
    "headline",
    "meaningful_figure",
    "meaningful_sentence",
    "quarter_sentence",
    "reach_figure",
    "sentence_numbers",
    "staying_figure",
    "title",
    "unknown_sentences",
    "uptake_figure",
    "uptake_table",
]


def at_a_glance(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    said = [
        headline(data, rows, quarter=quarter, language=words, link=True),
        quarter_sentence(data, rows, quarter=quarter, language=words, link=True),
        came_again(data, rows, quarter, words),
        meaningful_sentence(data, rows, quarter=quarter, language=words, link=True),
        unknown_sentences(data, rows, language=words, link=True)[0],
    ]
    return [sentence for sentence in said if sentence]

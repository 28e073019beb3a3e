"""The learning report: what happened in a quarter, what was learned, what was said before, what will change.

Takes a cleaned programme, the panel, a quarter and a language; returns the sentences, figures and tables that
``notebooks/learning_report.ipynb`` shows, one file a section. What the other reports show in full is said here in a
sentence of theirs, so that no two reports tell the same figure in two ways.
"""

from dataclasses import replace

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import data_quality
from konbit_lessons.pages import data_quality as quality_page
from konbit_lessons.pages import expectations as expectations_page
from konbit_lessons.pages import participation as participation_page
from konbit_lessons.pages.learning_report.actions import (
    actions_table,
    contribution_figure,
    contribution_sentences,
    conversation_sentences,
    joint_sentences,
    lead_figure,
    lead_sentences,
    support_figure,
)
from konbit_lessons.pages.learning_report.annex import (
    definition_sentences,
    parameters_table,
)
from konbit_lessons.pages.learning_report.approach import approach_sentences, approach_table
from konbit_lessons.pages.learning_report.before import (
    changes_before,
    compared_sentences,
    compared_table,
    stored,
    told_by_both,
)
from konbit_lessons.pages.learning_report.decided import (
    ANCHORS,
    decided_sentence,
    learned,
    next_quarter,
    will_change,
)
from konbit_lessons.pages.learning_report.numbers import sentence_numbers
from konbit_lessons.pages.learning_report.quality import quality_sentence, quality_table
from konbit_lessons.pages.learning_report.uptake import uptake_figure
from konbit_lessons.reports.narrative import Narrative, place_of, written
from konbit_lessons.sentences import in_order
from konbit_lessons.sentences.findings import found
from konbit_lessons.words import Words, mark

__all__ = [
    "ANCHORS",
    "SECTIONS",
    "actions_table",
    "approach_sentences",
    "approach_table",
    "at_a_glance",
    "changes_before",
    "compared_sentences",
    "compared_table",
    "contribution_figure",
    "contribution_sentences",
    "conversation_sentences",
    "definition_sentences",
    "holds_sentences",
    "joint_sentences",
    "lead_figure",
    "lead_sentences",
    "learned",
    "narrative",
    "next_quarter",
    "parameters_table",
    "quality_sentence",
    "quality_table",
    "sentence_numbers",
    "stored",
    "support_figure",
    "title",
    "told_by_both",
    "uptake_figure",
    "will_change",
]
CONTEXT = "context-and-challenges"
SECTIONS = {  # anchor of a section → its heading, as notebooks/learning_report.ipynb has them
    "at-a-glance": mark("At a glance"),
    CONTEXT: mark("Context and challenges"),
    "data-and-its-quality": mark("Data and its quality"),
    "who-takes-part": mark("Who takes part"),
    "what-they-expect": mark("What they expect"),
    "what-predicts-participation": mark("What predicts participation"),
    "what-we-learned": mark("What we learned"),
    "what-we-said-last-quarter-and-what-happened": mark("What we said last quarter and what happened"),
    "what-we-will-change": mark("What we will change"),
    "next-quarter": mark("Next quarter"),
}

SECTIONS_THERE = {  # where sentences of other reports lead → the section here
    "reached-against-target": "who-takes-part",
    "expected-and-offered": "what-they-expect",
    "the-five-standards": "data-and-its-quality",
}


def title(language: str = "en") -> str:
    """The title of the report: what was asked."""
    return Words.of(language).text("Who takes part, and what have we learned?")


def at_a_glance(data: Data, rows: pd.DataFrame, result, *, quarter: str, language: str = "en") -> list[str]:
    """Five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    when = {"quarter": quarter, "language": words, "link": True}
    predicts = words.text(
        "{answer} [What predicts participation](#what-predicts-participation).", answer=found(result, words)
    )
    said = [
        participation_page.headline(data, rows, **when),
        expectations_page.headline(data, rows, **when),
        predicts,
        quality_page.headline(data, data_quality(data), **when),
        decided_sentence(data, **when),
    ]
    for there, here in SECTIONS_THERE.items():
        said = [sentence.replace(f"(#{there})", f"(#{here})") for sentence in said]
    return [sentence for sentence in said if sentence]


def holds_sentences(result, language: str = "en") -> list[str]:
    """Of each clear or likely finding: in how many other ways of looking it holds."""
    words = Words.of(language)
    ways = zip(in_order(result.table), result.robustness.sentences(words), strict=True)
    held = [said for row, said in ways if row["strength"] in ("clear", "likely")]
    return held or [words.text("There is no finding that other ways of looking could put to the test.")]


def narrative(data: Data, *, quarter: str, language: str = "en") -> dict[str, Narrative]:
    """What the evaluator wrote for each of :data:`SECTIONS`; see :mod:`konbit_lessons.reports.narrative`."""
    words, findings = Words.of(language), int((data.learning["quarter"] == quarter).sum())
    own = written(
        data.programme, quarter, language=words, sections=SECTIONS, findings=findings, anchors=ANCHORS.values()
    )
    missing = words.text(
        "The evaluator has written nothing on the context of this quarter; it would stand in {file}.",
        file=place_of(quarter, words.language),
    )
    return own | {CONTEXT: replace(own[CONTEXT], instead=missing)}

"""The five standards: how each is judged, and the figures beside those of the quarter before."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import STANDARDS
from konbit_lessons.pages.data_quality.rules import (
    JUDGED,
    by_standard,
    days_said,
    judgements,
)
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences.phrases import capital, linked, small
from konbit_lessons.words import Words, mark


def headline(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """How the five standards are judged, in a sentence."""
    words = Words.of(language)
    by = by_standard(judgements(data, quality, quarter=quarter))
    parts = [
        words.plural(*forms, len(named), standards=f"**{linked(words.list(named), 'the-five-standards', link)}**")
        for word, forms in JUDGED.items()
        if (named := [words.text(STANDARDS[standard]).lower() for standard, found in by.items() if found == word])
    ]
    return words.text(
        "By five standards, the data up to {quarter} are {judged}.", quarter=quarter, judged=words.clauses(parts)
    )


def judgement_sentences(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Each standard: its word, and the figures that it rests on."""
    words, found = Words.of(language), judgements(data, quality, quarter=quarter)
    said = []
    for standard, word in by_standard(found).items():
        known = found[(found["standard"] == standard) & found["figure"].notna()]
        because = words.list(
            words.text(
                "{said}: {figure} (n = {n})",
                said=small(words.text(line.said)),
                figure=_figure(line, words),
                n=words.number(line.n),
            )
            for line in known.itertuples()
        )
        said.append(
            words.text(
                "**{standard}: {word}.** {because}.",
                standard=words.text(STANDARDS[standard]),
                word=words.text(word),
                because=capital(because) or words.text("Nothing is on record that would tell"),
            )
        )
    return said


def changed_table(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """The figures of the quarter beside those of the quarter before."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    before, now = (judgements(data, quality, quarter=one, only=True) for one in (earlier, quarter))
    both = now.assign(before=before["figure"], change=now["figure"] - before["figure"])
    if both["change"].isna().all():
        return Prose(
            words.text("Nothing is on record in {earlier} to compare {quarter} with.", earlier=earlier, quarter=quarter)
        )
    cells = []
    for line in both.itertuples():
        number = words.number if line.in_days else words.points
        change = f"+{number(line.change)}" if line.change > 0 else number(line.change)
        cells.append([words.text(line.said), number(line.before), number(line.figure), change])
    heads = [words.text(head) for head in (mark("Of 100, or days"), mark("Before"), mark("Now"), mark("Change"))]
    caption = words.text(
        "Before is {earlier}, now is {quarter}, by the day of the fact, so that a late record counts in the quarter it "
        "is about. A dash: not on record then.",
        earlier=earlier,
        quarter=quarter,
    )
    return Table(pd.DataFrame(cells, columns=heads), caption, name="quality_changed", numbers=both)


def _figure(line, words):
    if pd.isna(line.figure):
        return "–"
    return days_said(line.figure, words) if line.in_days else words.percent(line.figure)

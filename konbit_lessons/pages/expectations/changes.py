"""How expectations changed since the wave before."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure, spoken
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures import expectations
from konbit_lessons.measures.intervals import difference_of_waves
from konbit_lessons.pages.expectations.answers import in_all, no_answers
from konbit_lessons.pages.expectations.strength import matters_of
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences import ANSWERS, signed
from konbit_lessons.sentences.phrases import (
    joined,
    small,
    why_missing,
)
from konbit_lessons.tables import EXPECTATIONS
from konbit_lessons.words import Words, mark


def changed_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """How expectations changed since the wave before, of organizations that answered in both."""
    words, (waves, told, hidden) = Words.of(language), changes(data, rows, quarter)
    if told.empty:
        return Prose(changed_sentence(data, rows, quarter=quarter, language=words))
    cells, drawn = [], []
    for line in told.itertuples():
        label, strength = words.text(EXPECTATIONS[line.term]), words.text(ANSWERS[line.strength])
        change = signed(line.estimate, words) + _range(line, words) if pd.notna(line.estimate) else "–"
        shares = {"before": words.percent(line.before), "now": words.percent(line.now), "n": words.number(line.n)}
        note = words.text("{before}, then {now}: {change}", change=change, **shares)
        drawn.append(Row(label, note, line.estimate, line.conf_low, line.conf_high, strength, line.strength))
        cells.append([label, shares["before"], shares["now"], change, shares["n"], strength])
    heads = [
        mark("Expectation"),
        mark("Before"),
        mark("Now"),
        mark("Change of 100, 95 % interval"),
        mark("n"),
        mark("Answer"),
    ]
    heading = changed_sentence(data, rows, quarter=quarter, language=words).removesuffix(".")
    return Figure(
        png=rows_png(drawn, words, axis=words.text("fewer of 100 organizations ← 0 → more"), signs=True),
        heading=heading,
        subtitle=words.text(
            "Change in the share that expects it, from wave {first} to wave {second}, of {n} organizations that "
            "answered in both. Dot: change. Bar: 95 % interval.",
            first=waves[-2],
            second=waves[-1],
            n=words.number(told["n"].max()),
        ),
        caption=joined(
            words.text("Source: partner survey. Other things changed between the waves as well."),
            why_missing(hidden, data, words),
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="expectations_changed",
        numbers=told,
    )


def changed_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> str:
    """Which expectations clearly or likely changed since the wave before, or why that cannot be told."""
    words, (waves, told, _) = Words.of(language), changes(data, rows, quarter)
    if not waves:
        return no_answers(data, quarter, words)
    if len(waves) < 2:
        return words.text("There is one wave of the survey up to {quarter}, so no change can be seen.", quarter=quarter)
    if told.empty:
        return words.text("Too few organizations answered in both of the last waves to show what changed.")
    moved = told[told["strength"].isin(["clear", "likely"])]
    if moved.empty:
        return words.text("Since wave {wave}, no change in what is expected can be told.", wave=waves[-2])
    named = words.list(
        words.text(
            "{what} {points} of 100",
            what=small(words.text(EXPECTATIONS[line.term])),
            points=signed(line.estimate, words),
        )
        for line in moved.itertuples()
    )
    return words.text("What is expected changed since wave {wave}: {changes}.", wave=waves[-2], changes=named)


def changes(data: Data, rows: pd.DataFrame, quarter: str) -> tuple[list[int], pd.DataFrame, int]:
    """The waves up to a quarter; the changes between the last two that may be shown; how many may not.

    The changes are rows of :func:`konbit_lessons.measures.expectations.compared`, the largest first, with the shares
    ``before`` and ``now`` and ``n``, the organizations that answered in both.
    """
    said, table = expectations.answers(data, until=quarter), expectations.met_or_not(data, rows, quarter=quarter)
    waves = sorted(said["wave"].unique())
    if len(waves) < 2:
        return waves, pd.DataFrame(), 0
    paired = table[(table["by"] == "both_waves") & (table["group"] == "True")].set_index("what")
    before = in_all(table).set_index("what")["before"]
    known = [what for what in paired.index if pd.notna(paired["share"][what]) and pd.notna(before[what])]
    found = {what: difference_of_waves(said, f"expects_{what}", first=waves[-2], second=waves[-1]) for what in known}
    told = expectations.compared(found, matters=matters_of(data)).sort_values("estimate", ascending=False)
    shares = {
        "before": [before[what] / paired["n"][what] for what in told["term"]],
        "now": [paired["share"][what] for what in told["term"]],
        "n": [paired["n"][what] for what in told["term"]],
    }
    return waves, told.assign(**shares), len(paired) - len(known)


def _range(line, words):
    if pd.isna(line.conf_low):
        return ""
    return " " + words.text("({low} to {high})", low=signed(line.conf_low, words), high=signed(line.conf_high, words))

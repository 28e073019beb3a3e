"""Support from other projects, and participation with and without it."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures import expectations
from konbit_lessons.measures.participation import uptake
from konbit_lessons.pages.expectations.by_type import counts_by_type
from konbit_lessons.pages.expectations.strength import interval_and_strength
from konbit_lessons.pages.expectations.taken_up import difference_taken_up
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences.phrases import count, joined, linked, why_missing
from konbit_lessons.words import Words, mark


def overlap_table(data: Data, *, quarter: str, language: str = "en") -> Part:
    """The overlap matrix: partners that each other project, and each two of them, supported."""
    words, table = Words.of(language), expectations.overlap(data, quarter=quarter)
    if len(table) == 2 or table["total"].isna().all():
        return Prose(_no_support(data, words))
    said = {"any": words.text("At least one of them"), "none": words.text("None that is on record")}
    labels = [said[one] if one in said else words.list(one) for one in table["projects"]]
    frame, hidden = counts_by_type(table, words.text("Supported by"), labels, words)
    caption = joined(
        words.text(
            "Organizations supported by other projects at any time up to {quarter}, of {n} partners on its last day. "
            "Two projects in a line: by both. Source: support from other projects.",
            quarter=quarter,
            n=count(table["n"].iloc[0], words),
        ),
        why_missing(hidden, data, words),
    )
    numbers = table.assign(projects=[" + ".join(one) if isinstance(one, tuple) else one for one in table["projects"]])
    return Table(frame, caption, name="overlap", numbers=numbers)


def overlap_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """Whether organizations take up fewer invitations while another project supports them."""
    words, told = Words.of(language), with_overlap(data, rows)
    if told is None or told["strength"] == "cannot tell":
        return _no_support(data, words)
    text = mark(
        "Of 100 invitations, partners took up **{points}** more while another project supported them{interval}."
    )
    if told["estimate"] < 0:
        text = mark(
            "Of 100 invitations, partners took up **{points}** fewer while another project supported them{interval}."
        )
    points = linked(words.points(abs(told["estimate"])), "support-from-other-projects", link)
    return words.text(text, points=points, interval=interval_and_strength(told, words))


def overlap_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by organizations that another project supported on that day, and by those that none did."""
    words, told = Words.of(language), with_overlap(data, rows)
    if told is None:
        return Prose(_no_support(data, words))
    labels = {True: mark("With support from another project that day"), False: mark("Without")}
    table = uptake(rows, by="other_support_now", smallest_cell=data.programme.smallest_cell)
    labels = [words.text(labels[bool(one)]) for one in table["other_support_now"]]
    shown = table.assign(label=labels, estimate=table["share"], n=table["invitations"])[::-1]
    return dots(
        shown[["label", "estimate", "low", "high", "n", "attended", "organizations"]],
        heading=overlap_sentence(data, rows, quarter=quarter, language=words).replace("**", "").rstrip("."),
        subtitle=words.text("Invitations taken up of 100, up to {quarter}. n: invitations.", quarter=quarter),
        caption=words.text(
            "Source: invitation lists, sign-in sheets and support from other projects. The two groups may differ in "
            "other ways too; the page on incentives compares like with like."
        ),
        language=words,
        name="uptake_and_overlap",
    )


def with_overlap(data: Data, rows: pd.DataFrame) -> pd.Series | None:
    """The difference in invitations taken up between the two groups, or None where there are not two to show."""
    return None if data.other_support.empty else difference_taken_up(data, rows, "other_support_now")


def _no_support(data, words):
    if data.other_support.empty:
        return words.text("No support from another project is on record, which is not to say that there was none.")
    return words.text(
        "Other projects supported too few organizations, or all of them, to compare those with and without."
    )

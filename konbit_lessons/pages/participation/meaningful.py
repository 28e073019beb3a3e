"""Taking part meaningfully, as the programme defines it and as other cut-offs would have it."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures import engagement
from konbit_lessons.pages.participation.known import ALL_UNKNOWN, all_unknown, ends
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import (
    KINDS,
    joined,
    linked,
    why_missing,
)
from konbit_lessons.words import Words


def meaningful_sentence(
    data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False
) -> str:
    """How many organizations take part meaningfully, and between which numbers the cut-offs move it."""
    words = Words.of(language)
    if not (found := defined_and_moved(data, rows, quarter)):
        return ""
    defined, moved = found
    said = words.text(
        "**{k} of {n}** invited organizations take part meaningfully as this programme defines it ({share}{interval})",
        k=linked(words.number(defined["organizations"]), "taking-part-meaningfully", link),
        n=words.number(defined["n"]),
        share=words.percent(defined["share"]),
        interval=words.text("; 95 % interval {low} to {high}", **ends(defined, words)),
    )
    return words.clauses([said, _other_cut_offs(moved, words)]) + "."


def meaningful_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Meaningful participation as defined, and as each cut-off is moved."""
    words = Words.of(language)
    least = data.programme.meaningful
    if all_unknown(rows):
        return Prose(words.text(ALL_UNKNOWN))
    if _no_directors(data, rows):
        return Prose(
            words.text(
                "The sign-in sheets do not say who is a director, which the definition needs. Take senior_delegates = "
                "0 in programme.toml to leave that out."
            )
        )
    table = engagement.meaningful(data, rows, until=quarter)
    known = table.dropna(subset="share")
    if "defined" not in set(known["way"]):
        return Prose(
            words.text(
                "How many took part meaningfully is not shown: a number about fewer than {smallest} organizations "
                "could be worked out from it.",
                smallest=words.number(data.programme.smallest_cell),
            )
        )
    shown = known.assign(label=[_way_label(line, words) for line in known.itertuples()], estimate=known["share"])
    defined, moved = known.iloc[0], known[~known["way"].isin(KINDS)]["share"]
    said = words.text(
        "{k} of {n} take part meaningfully as defined",
        k=words.number(defined["organizations"]),
        n=words.number(defined["n"]),
    )
    heading = words.clauses([said, _other_cut_offs(moved, words)])
    return dots(
        shown[["label", "estimate", "low", "high", "n", "organizations", "hours", "senior_delegates", "contributions"]],
        heading=heading,
        subtitle=words.text(
            "Share of organizations invited up to {quarter}. As defined: {definition}. The rows below it move one "
            "cut-off at a time. Bar: 95 % interval.",
            quarter=quarter,
            definition=words.list(_needs(least, words)) or words.text("no cut-off is set"),
        ),
        caption=joined(
            words.text(
                "Source: programme.toml, section participation, for the definition; sign-in sheets, events and "
                "contributions. What is not on record does not count."
            ),
            why_missing(table["share"].isna().sum(), data, words),
        ),
        language=words,
        name="meaningful",
    )


def _other_cut_offs(moved, words):
    low, high = words.points(moved.min()), words.percent(moved.max())
    if words.percent(moved.min()) == high:
        return words.text("other cut-offs all give {share}", share=high)
    return words.text("other cut-offs give {low} to {high}", low=low, high=high)


def defined_and_moved(data, rows, quarter):
    """The line of who takes part meaningfully as defined, and the shares with other cut-offs; None where hidden."""
    if _no_directors(data, rows) or all_unknown(rows):
        return None
    known = engagement.meaningful(data, rows, until=quarter).dropna(subset="share").set_index("way")
    return (known.loc["defined"], known[~known.index.isin(KINDS)]["share"]) if "defined" in known.index else None


def _needs(least, words):
    """The definition in words, without what is not asked for."""
    hours = words.number(least.hours, int(least.hours % 1 > 0))
    said = [
        (least.hours, words.text("at least {hours} hours at events", hours=hours)),
        (
            least.senior_delegates,
            words.plural(
                "a director at {n} event at least", "a director at {n} events at least", least.senior_delegates
            ),
        ),
        (
            least.contributions,
            words.plural(
                "at least {n} contribution delivered", "at least {n} contributions delivered", least.contributions
            ),
        ),
    ]
    return [text for cut, text in said if cut]


def _way_label(line, words):
    if line.way == "defined":
        return words.text("As defined")
    if line.way in KINDS:
        return words.text("As defined: {kind}", kind=words.text(KINDS[line.way]))
    name = line.way.rpartition("_")[0]
    cut = getattr(line, name)
    if name == "hours":
        return words.text("{hours} hours or more", hours=words.number(cut, int(cut % 1 > 0)))
    if name == "senior_delegates":
        return (
            words.plural("A director at {n} event or more", "A director at {n} events or more", int(cut))
            if cut
            else words.text("No director needed")
        )
    return (
        words.plural("{n} contribution delivered or more", "{n} contributions delivered or more", int(cut))
        if cut
        else words.text("No contribution needed")
    )


def _no_directors(data, rows):
    there = engagement.attendances(rows)
    return bool(data.programme.meaningful.senior_delegates) and len(there) > 0 and there["senior_delegate"].isna().all()

"""Organizations consulted when the project was designed, beside the others."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.pages.participation.known import difference, may_be_none, uptake_by
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import (
    interval_of_difference,
    small,
)
from konbit_lessons.words import Words, mark, pair


def consulted_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by organizations that were consulted when the project was designed, and by the others."""
    words = Words.of(language)
    table, gap = both_groups(data, rows)
    if gap is None:
        return Prose(
            words.text(
                "The roster does not tell two groups, consulted and not, of enough organizations to compare them."
            )
        )
    values = {"points": words.points(abs(gap.estimate)), "interval": interval_of_difference(gap.low, gap.high, words)}
    if may_be_none(gap):
        heading = words.text(
            "Consulted organizations: {points} of 100 invitations{interval}, so that a difference cannot be told",
            points=signed(gap.estimate, words),
            interval=values["interval"],
        )
    elif gap.estimate > 0:
        heading = words.text("Consulted organizations took up {points} more of 100 invitations{interval}", **values)
    else:
        heading = words.text("Consulted organizations took up {points} fewer of 100 invitations{interval}", **values)
    labels = {True: mark("Consulted"), False: mark("Not consulted")}
    table = table.sort_values("consulted_at_design", ascending=False)
    shown = table.assign(
        label=[words.text(labels[bool(one)]) for one in table["consulted_at_design"]],
        estimate=table["share"],
        n=table["invitations"],
    )
    return dots(
        shown[["label", "estimate", "low", "high", "n", "attended", "organizations"]],
        heading=heading,
        subtitle=words.text(
            "Invitations taken up of 100, up to {quarter}, by whether the organization was consulted when the project "
            "was designed: {organizations}. n: invitations.",
            quarter=quarter,
            organizations=words.list(_size(line, words) for line in shown.itertuples()),
        ),
        caption=words.text(
            "Source: roster, invitation lists and sign-in sheets. The two groups may differ in other ways too; the "
            "page on incentives compares like with like. Organizations of which it is not known are left out."
        ),
        language=words,
        name="consulted",
    )


def _size(line, words):
    """A group and how many organizations it has, where that may be told."""
    if pd.isna(line.organizations):
        return small(line.label)
    forms = pair("{label} ({n} organization)", "{label} ({n} organizations)")
    return words.plural(*forms, line.organizations, label=small(line.label))


def both_groups(data, rows):
    """Invitations taken up by consulted organizations and by the others, and the difference where both are shown."""
    known = rows[rows["consulted_at_design"].notna() & rows["attended"].notna()]
    table = uptake_by(rows, "consulted_at_design", data).dropna(subset="share")
    return table, difference(known, "consulted_at_design", False, True) if len(table) == 2 else None

"""Invitations taken up, quarter by quarter."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures.participation import uptake
from konbit_lessons.parts import Part, Prose
from konbit_lessons.words import Words


def uptake_figure(data: Data, rows: pd.DataFrame, *, language: str = "en") -> Part:
    """Share of invitations taken up, by quarter, with intervals."""
    words = Words.of(language)
    table = uptake(rows, by="fiscal_quarter", smallest_cell=data.programme.smallest_cell).dropna(subset="share")
    if table.empty:
        return Prose(words.text("Attendance is on record for too few organizations to give shares."))
    shown = table.rename(columns={"fiscal_quarter": "label", "share": "estimate", "invitations": "n"})
    least, most = (shown.loc[at] for at in (shown["estimate"].idxmin(), shown["estimate"].idxmax()))
    heading = words.text(
        "Taken up: from {low} of invitations ({least}) to {high} ({most})",
        low=words.percent(least["estimate"]),
        least=least["label"],
        high=words.percent(most["estimate"]),
        most=most["label"],
    )
    if len(shown) == 1:
        heading = words.text(
            "Taken up: {share} of invitations in {quarter}",
            share=words.percent(least["estimate"]),
            quarter=least["label"],
        )
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=heading,
        subtitle=words.text("Invitations taken up, of 100, by fiscal quarter. Dot: share. Bar: 95 % interval."),
        caption=words.text(
            "Source: invitation lists and sign-in sheets. Invitations with unknown attendance are left out. The "
            "interval allows for organizations and for events differing from each other."
        ),
        language=words,
        name="uptake",
    )

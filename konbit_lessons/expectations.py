"""What partners expect of the project, and what they believe, by wave of the survey; the unit is the organization."""

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.errors import DataError
from konbit_lessons.periods import Quarter
from konbit_lessons.tables import EXPECTATIONS
from konbit_lessons.trends import wilson

COLUMNS = ("expects", "organizations", "n", "share", "low", "high")


def expected(data: Data, *, wave: int | None = None, until: str | None = None) -> pd.DataFrame:
    """Share of organizations that expect each thing of the project.

    An organization expects it when any of its respondents named it. The interval is Wilson's, since each organization
    counts once.

    Parameters
    ----------
    data : Data
    wave : int, optional
        The latest when not given.
    until : str, optional
        Last fiscal quarter whose answers count, such as ``"FY2017Q3"``.

    Returns
    -------
    DataFrame, one row per expectation, most expected first
        ``expects``, ``organizations`` (that named it), ``n`` (that answered), ``share``, ``low``, ``high``, ``wave``.
        Counts and shares are missing where fewer organizations answered than the programme's smallest cell.

    Raises
    ------
    DataError
        There is no such wave.
    """
    survey = data.survey
    if until is not None:
        survey = survey[survey["submitted_on"] <= pd.Timestamp(Quarter.named(until).last_day)]
    waves = sorted(survey["wave"].dropna().unique())
    if not waves or (wave is not None and wave not in waves):
        there = ", ".join(map(str, waves)) or "none"
        raise DataError(
            f"survey: found no answers of wave {wave if wave is not None else '(any)'}; waves with answers: {there}."
        )
    chosen = waves[-1] if wave is None else wave
    answers = survey[survey["wave"] == chosen]
    lines = []
    for what in EXPECTATIONS:
        named = answers.dropna(subset=f"expects_{what}").groupby("organization_id")[f"expects_{what}"].any()
        k, n = int(named.sum()), len(named)
        if n < max(data.programme.smallest_cell, 1):
            lines.append({"expects": what})
            continue
        share = wilson(k, n)
        lines.append(
            {"expects": what, "organizations": k, "n": n, "share": k / n, "low": share.low, "high": share.high}
        )
    return (
        pd.DataFrame(lines, columns=list(COLUMNS))
        .assign(wave=int(chosen))
        .sort_values(["share", "expects"], ascending=[False, True], ignore_index=True)
    )

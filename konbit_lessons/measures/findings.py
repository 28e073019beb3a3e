"""The numbers that a learning report tells, each under a name of its own, and which of them lead.

Takes what the other measures count; returns one frame, in which a number has the same name in every quarter: that of its
column where there is one (``expects_training``, ``motivation``, ``transport_refund``), else one of `NAMES`. The table of
learning questions names a number in its column ``measure``, the manifest keeps it for the report of the next quarter.
"""

import numpy as np
import pandas as pd

from konbit_lessons.errors import DataError

NAMES = ("taken_up", "talked_with", "overdue", "delivered", "leads", "joint")
COLUMNS = ["measure", "kind", "name", "k", "n", "value", "conf_low", "conf_high"]
CHANGE = ["before", "after", "both", "change_low", "change_high"]
MORE = ["strength", "short"]
DIGITS = 6  # kept of a share: more than anybody prints
FOUND = ("clear", "likely")
STRENGTH = "strength "


def frame(rows):
    """Return numbers as a frame with all its columns, one row per number.

    Returns
    -------
    DataFrame
        ``measure`` (its name), ``kind``, ``name`` (of the type, expectation, question or incentive it is of); ``k`` of
        ``n`` where it is a count; ``value`` with ``conf_low`` and ``conf_high``; what was ``before`` and is ``after``,
        of ``both``, with ``change_low`` and ``change_high``; ``strength`` of the evidence for an incentive; ``short``,
        of how many cases it falls short of what it should be.
    """
    return pd.DataFrame(rows, columns=[*COLUMNS, *CHANGE, *MORE])


def leading(numbers, *, most=3):
    """Return the numbers that lead a report, at most so many, by the rule that its annex prints.

    First what clearly changed, the largest change first; then what falls short, of most cases first; then incentives
    that clearly or likely go with participation, the largest difference first. What cannot be told never leads.

    Parameters
    ----------
    numbers : DataFrame, from `frame`
    most : int

    Returns
    -------
    DataFrame, rows of `numbers` with ``news``: ``changed``, ``short`` or ``found``
    """
    size = {
        "changed": (numbers["after"] - numbers["before"]).abs().where(changed(numbers)),
        "short": numbers["short"].where(numbers["short"] > 0),
        "found": numbers["value"].abs().where(numbers["strength"].isin(FOUND)),
    }
    ranked = [
        numbers.assign(news=news)[by.notna()].loc[by.dropna().sort_values(ascending=False, kind="stable").index]
        for news, by in size.items()
    ]
    return pd.concat(ranked).drop_duplicates("measure").head(most).reset_index(drop=True)


def changed(numbers):
    """Return whether each number clearly changed: the interval of its change leaves out none."""
    return (numbers["change_low"] > 0) | (numbers["change_high"] < 0)


def told(numbers):
    """Return what a report keeps of its numbers for the next one: name → value, and the strength of an incentive's."""
    value = numbers["value"].fillna(numbers["k"].astype(float))
    known = dict(zip(numbers["measure"], value.astype(float).round(DIGITS), strict=True))
    strength = {f"{STRENGTH}{row.measure}": row.strength for row in numbers.itertuples() if isinstance(row.strength, str)}
    return {name: one for name, one in known.items() if pd.notna(one)} | strength


def compared(said, then, now):
    """Return each number as the report of the quarter before said it, as today's records tell it, and now.

    Parameters
    ----------
    said : dict, from `told` of the report of the quarter before; {} where none is stored
    then, now : DataFrame, from `frame`: of that quarter by today's records, and of this one

    Returns
    -------
    DataFrame, one row per number of either
        ``measure``, ``kind``, ``name``, ``said``, ``then``, ``now``, ``strength_said``, ``strength_then``,
        ``strength_now``, and whether it ``differs``: today's records tell it otherwise than it was said.
    """
    both = pd.concat([now, then]).drop_duplicates("measure")[["measure", "kind", "name"]]
    for side, kept in {"said": said, "then": told(then), "now": told(now)}.items():
        both[side] = both["measure"].map(kept).astype(float)
        both[f"strength_{side}"] = (STRENGTH + both["measure"]).map(kept).astype(object)
    prints = np.where(both[["said", "then"]].abs().max(axis=1) <= 1, 0.005, 0.5)
    other = both["strength_said"].notna() & both["strength_then"].notna() & (both["strength_said"] != both["strength_then"])
    return both.assign(differs=((both["said"] - both["then"]).abs() >= prints) | other).reset_index(drop=True)


def held(lines, then, now):
    """Return whether findings of earlier quarters still hold by the numbers that they rest on.

    An incentive's holds where the evidence is clear or likely and the difference goes the same way; a share's where
    what it was then lies within its interval of today. Of a count it is not said.

    Parameters
    ----------
    lines : DataFrame, from ``decisions.asked``
    then : dict, from `told`, of the quarter in which they were found
    now : DataFrame, from `frame`

    Returns
    -------
    DataFrame, the lines that name a number told now, with its columns, ``then`` and ``holds`` (boolean, or missing)

    Raises
    ------
    DataError
        A line names a number that no report has.
    """
    named = lines[lines["measure"].notna()]
    if unknown := sorted({*named["measure"]} - {*now["measure"]} - {*then}):
        raise DataError(
            f'learning, column "measure": found "{unknown[0]}"; expected the name of a number of the report, one of '
            f"{', '.join(now['measure'])}. Write one of these, or leave it blank."
        )
    joined = named.merge(now, on="measure", how="inner", validate="many_to_one", suffixes=("", "_now"))
    joined["then"] = joined["measure"].map(then).astype(float)
    as_strong = joined["strength"].isin(FOUND) & (joined["value"] * joined["then"] > 0)
    within = joined["then"].between(joined["conf_low"], joined["conf_high"])
    holds = as_strong.where(joined["kind"] == "incentive", within).astype("boolean")
    return joined.assign(holds=holds.mask(joined["then"].isna() | joined["conf_low"].isna()))

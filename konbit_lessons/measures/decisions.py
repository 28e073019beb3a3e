"""What stands in the table of learning questions: what was asked and found in a quarter, and what was decided of it.

Takes a cleaned programme; returns its lines with the day by which each is due looked at. A finding has a name by which
recommendations lead to it: its key, or its number among those of the quarter.
"""

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.measures.roster import last_day

DONE = "done"


def asked(data, *, quarter):
    """Return the learning questions of a quarter.

    Parameters
    ----------
    data : Data
    quarter : str

    Returns
    -------
    DataFrame, one row per question
        The columns of the table, ``anchor`` of the finding, and ``past_day``: it was to be done by the end of the
        quarter, or of the data, and is not.

    Raises
    ------
    DataError
        Two findings of a quarter have one key.
    """
    lines = data.learning[data.learning["quarter"] == quarter].reset_index(drop=True)
    names = lines["key"].fillna(pd.Series(range(1, len(lines) + 1), dtype=str).reindex(lines.index))
    slugs = names.str.lower().str.replace("[^a-z0-9]+", "-", regex=True).str.strip("-")
    anchors = "finding-" + slugs
    if (twice := anchors[anchors.duplicated()]).any():
        raise DataError(
            f'learning, {quarter}: found two findings with the key "{names[twice.index[0]]}"; a recommendation that '
            "names it could mean either. Give each a key of its own."
        )
    return _timed(data, lines.assign(anchor=anchors), quarter)


def decided(data, *, quarter):
    """Return those of `asked` from which a change followed, those with the nearest day first."""
    lines = asked(data, quarter=quarter)
    return lines[lines["adaptation"].notna()].sort_values("due_on", kind="stable", ignore_index=True)


def earlier(data, *, quarter):
    """Return the learning questions of earlier quarters, the latest first.

    Returns
    -------
    DataFrame, as `asked`, without ``anchor``
    """
    lines = data.learning[data.learning["quarter"] < quarter]
    return _timed(data, lines.sort_values("quarter", ascending=False, kind="stable", ignore_index=True), quarter)


def waiting(lines):
    """Return those of `earlier` that led to a change which is not done, those past their day first."""
    open_ones = lines[lines["adaptation"].notna() & (lines["status"] != DONE)]
    return open_ones.sort_values("past_day", ascending=False, kind="stable", ignore_index=True)


def _timed(data, lines, quarter):
    """Add whether the day by which a change was due has gone by."""
    cut = data.programme.data_cut_on
    today = min(last_day(data, quarter), pd.Timestamp(cut)) if cut else last_day(data, quarter)
    late = (lines["due_on"] <= today) & (lines["status"] != DONE)
    return lines.assign(past_day=late.fillna(False).astype(bool))

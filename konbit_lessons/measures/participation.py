"""Invitations taken up, by whatever they are grouped by, with intervals and counts."""

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import share_with_interval
from konbit_lessons.measures.shared_counts import TAKEN_UP, invitations_taken_up

CLUSTERS = ("organization_id", "event_id")  # invitations of one organization, or to one event, go together


def uptake(data: Data, rows: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Share of invitations that were taken up, in each group.

    No share or count is about few organizations, or tells of one: see
    :func:`konbit_lessons.measures.shared_counts.invitations_taken_up`, which holds the groupings of the pages together.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.
    by : str
        Column that forms the groups, such as ``"fiscal_quarter"``.

    Returns
    -------
    DataFrame, one row per group
        ``by``, ``attended``, ``n`` (invitations whose attendance is known), ``unknown``, ``organizations``, ``events``,
        ``share``, ``conf_low``, ``conf_high`` (95 % interval of
        :func:`konbit_lessons.measures.intervals.share_with_interval`). Missing where hidden.
    """
    known = rows[rows["attended"].notna()]
    safe = invitations_taken_up(data, rows, also="" if by in TAKEN_UP else by)
    who = _organizations(data, known, by)
    lines = []
    for group, some in known.groupby(by, sort=True):
        n, attended = safe.loc[(by, str(group))]
        line = {by: group, "attended": attended, "n": n, "organizations": who[str(group)]}
        line |= {
            "unknown": int((rows["attended"].isna() & (rows[by] == group)).sum()),
            "events": some["event_id"].nunique(),
        }
        if some["organization_id"].nunique() < data.programme.smallest_cell or pd.isna(n) or pd.isna(attended):
            line |= {"attended": pd.NA, "n": pd.NA, **dict.fromkeys(("share", "conf_low", "conf_high"), np.nan)}
        else:
            share = share_with_interval(some["attended"], some[list(CLUSTERS)])
            line |= {"share": share.estimate, "conf_low": share.conf_low, "conf_high": share.conf_high}
        lines.append(line)
    counts = ["attended", "n", "unknown", "organizations", "events"]
    table = pd.DataFrame(lines, columns=[by, *counts, "share", "conf_low", "conf_high"])
    return table.astype(dict.fromkeys(counts, "Int64"))


def _organizations(data: Data, known: pd.DataFrame, by: str) -> pd.Series:
    """Organizations of each group, of all that were invited, whom everybody knows; missing where hidden."""
    gate = Gate()
    gate.count(known.assign(organizations=True, invited=True), ["organizations"], by=[by])
    gate.number("invited", known["organization_id"].nunique())
    gate.partition("invited", ["organizations"])
    gate.known("invited")
    return (
        gate.decide(data.programme.smallest_cell)["n"]
        .xs(("organizations", by), level=("figure", "by"))
        .droplevel("report")
    )

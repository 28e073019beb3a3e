"""Who takes part: organizations reached against the target, and invitations taken up, with intervals and counts."""

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import protected
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.together import TAKEN_UP, TOTAL, invitations_taken_up
from konbit_lessons.measures.trends import share_with_interval
from konbit_lessons.panel import invitations

CLUSTERS = ("organization_id", "event_id")  # invitations of one organization, or to one event, go together


def reach(data: Data, *, until: str | None = None) -> pd.DataFrame:
    """Organizations reached at least once, by type, beside all attendances, so that nothing is counted twice.

    Parameters
    ----------
    data : Data
    until : str, optional
        Last fiscal quarter to look at, such as ``"FY2017Q3"``.

    Returns
    -------
    DataFrame, one row per type of organization
        ``org_type``, ``organizations`` (on the roster), ``invited``, ``reached`` (organizations that attended at least
        one event), ``target`` (missing where programme.toml names none), ``attendances``.
    """
    rows = invitations(data, until=until)
    there = rows[rows["attended"].fillna(False)]
    by_type = pd.DataFrame(
        {
            "organizations": data.organizations.groupby("org_type").size(),
            "invited": rows.groupby("org_type")["organization_id"].nunique(),
            "reached": there.groupby("org_type")["organization_id"].nunique(),
            "attendances": there.groupby("org_type").size(),
        }
    )
    targets = pd.Series(data.programme.targets, dtype="Int64").reindex(by_type.index)
    counts = by_type.fillna(0).astype("Int64").assign(target=targets)
    order = ["organizations", "invited", "reached", "target", "attendances"]
    return counts[order].rename_axis("org_type").reset_index()


def uptake(rows: pd.DataFrame, *, by: str, smallest_cell: int = 5) -> pd.DataFrame:
    """Share of invitations that were taken up, in each group.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.
    by : str
        Column that forms the groups, such as ``"fiscal_quarter"``.
    smallest_cell : int
        No share or count is about fewer organizations, or tells of one; see
        :func:`konbit_lessons.measures.together.invitations_taken_up`, which holds all groupings of the pages together.

    Returns
    -------
    DataFrame, one row per group
        ``by``, ``invitations`` (whose attendance is known), ``attended``, ``unknown``, ``organizations``, ``events``,
        ``share``, ``low``, ``high`` (95 % interval of :func:`konbit_lessons.measures.trends.share_with_interval`).
    """
    safe = invitations_taken_up(rows, smallest=smallest_cell, also="" if by in TAKEN_UP else by)
    known = rows[rows["attended"].notna()]
    shown = _organizations(known, by, smallest_cell)
    lines = []
    for group, some in known.groupby(by, sort=True):
        line = {"invitations": len(some), "attended": int(some["attended"].sum())}
        at = (by, str(group))
        if some["organization_id"].nunique() < smallest_cell or safe.loc[at].isna().any():
            line = dict.fromkeys([*line, "share", "low", "high"], np.nan)
        else:
            share = share_with_interval(some["attended"], some[["organization_id", "event_id"]])
            line |= {"share": share.estimate, "low": share.low, "high": share.high}
        lines.append({by: group, **line, "organizations": shown[at[1]], "events": some["event_id"].nunique()})
    unknown = rows.loc[rows["attended"].isna()].groupby(by).size()
    order = [by, "invitations", "attended", "unknown", "organizations", "events", "share", "low", "high"]
    table = pd.DataFrame(lines, columns=order)
    table["organizations"] = table["organizations"].astype("Int64")
    return table.assign(unknown=table[by].map(unknown).fillna(0).astype(int))


def _organizations(known: pd.DataFrame, by: str, smallest: int) -> pd.Series:
    """Organizations of each group, of all that were invited, whom everybody knows; missing where hidden."""
    names = known[by].astype(object).map(lambda one: "" if pd.isna(one) else str(one))
    counts = known.groupby(names)["organization_id"].nunique().to_frame("n")
    groups = [(group, "n") for group in counts.index]
    counts.loc[TOTAL] = known["organization_id"].nunique()
    apart = counts["n"].iloc[:-1].sum() == counts["n"].iloc[-1]
    whole = (TOTAL, "n")
    told = {"sums" if apart else "unions": [(whole, groups)]} if groups else {}
    return protected(counts, smallest=smallest, public=[whole], withhold=False, **told).table["n"]

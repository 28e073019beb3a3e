"""Who takes part: organizations reached against the target, and invitations taken up, with intervals and counts."""

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.cleaning import Data
from konbit_lessons.panel import invitations

CONFIDENCE = 0.95


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
        A group of fewer organizations is left without share and counts.

    Returns
    -------
    DataFrame, one row per group
        ``by``, ``invitations`` (whose attendance is known), ``attended``, ``unknown``, ``organizations``, ``events``,
        ``share``, ``low``, ``high`` (95 % interval of :func:`share_with_interval`).
    """
    known = rows[rows["attended"].notna()]
    lines = []
    for group, some in known.groupby(by, sort=True):
        share, low, high = share_with_interval(some["attended"], some[["organization_id", "event_id"]])
        line = {
            "invitations": len(some),
            "attended": int(some["attended"].sum()),
            "share": share,
            "low": low,
            "high": high,
        }
        organizations = some["organization_id"].nunique()
        if organizations < smallest_cell:
            line = dict.fromkeys(line, np.nan)
        lines.append({by: group, **line, "organizations": organizations, "events": some["event_id"].nunique()})
    unknown = rows.loc[rows["attended"].isna()].groupby(by).size()
    table = pd.DataFrame(lines).assign(unknown=lambda one: one[by].map(unknown).fillna(0).astype(int))
    return table[[by, "invitations", "attended", "unknown", "organizations", "events", "share", "low", "high"]]


def share_with_interval(took_part: pd.Series, clusters: pd.DataFrame) -> tuple[float, float, float]:
    r"""A share and its 95 % interval when rows of one organization, and of one event, go together.

    With :math:`e_i = y_i - \bar y` and :math:`s_g` the sum of :math:`e_i` in cluster :math:`g` of :math:`G`,

    .. math:: V = \frac{G}{G-1} \frac{1}{n^2} \sum_g s_g^2,

    for each way of clustering; the larger of the two is taken, with Student's t on the smaller :math:`G - 1`, and the
    interval is cut at 0 and 1. In R: ``clubSandwich::vcovCR(lm(y ~ 1), cluster, "CR1")``.

    Parameters
    ----------
    took_part : Series of boolean, nothing missing
    clusters : DataFrame
        One column per way of clustering.

    Returns
    -------
    share, low, high : float
        The limits are NaN where there is one cluster only.

    Examples
    --------
    Two organizations of two rows, one always there, one never: :math:`s = \pm 1`, :math:`V = 2 \cdot 2 / 16 = 1/4`.

    >>> share, low, high = share_with_interval(pd.Series([1, 1, 0, 0]), pd.DataFrame({"organization_id": list("aabb")}))
    >>> share, round(float(stats.t.ppf(0.975, 1) * 0.5), 3), (low, high)
    (0.5, 6.353, (0.0, 1.0))
    """
    y = took_part.astype(float)
    share, n = float(y.mean()), len(y)
    spread, df = 0.0, np.inf
    for name in clusters:
        sums = (y - share).groupby(clusters[name].to_numpy()).sum()
        if len(sums) < 2:
            return share, np.nan, np.nan
        spread = max(spread, len(sums) / (len(sums) - 1) * float((sums**2).sum()) / n**2)
        df = min(df, len(sums) - 1)
    reach_out = float(stats.t.ppf(0.5 + CONFIDENCE / 2, df)) * np.sqrt(spread)
    return share, max(0.0, share - reach_out), min(1.0, share + reach_out)

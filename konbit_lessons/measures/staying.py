"""Staying and leaving: how many organizations still take part, quarter after quarter.

Takes a cleaned programme or its panel; returns the share still taking part with its interval. Quarters are few and many
organizations leave in the same one, so time is counted in quarters.
"""

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.shared_counts import panel

NAN = float("nan")


def staying(data: Data, *, quarter: str) -> pd.DataFrame:
    """The share of organizations that still take part after each of their quarters, with its interval.

    Quarters are taken together until the smallest cell or more have left in them, or none, and as many are no longer
    looked at, or none: :func:`life_table`. Invitations of an organization that was no partner that day do not count.

    Returns
    -------
    DataFrame, one row per last quarter of those taken together, the first being 0; none where attendance is known in no
    more quarters than it takes to see who left
        ``quarters`` (since its first invitation), ``at_risk``, ``left`` (in them), ``share``, ``conf_low``,
        ``conf_high``.
    """
    rows = panel(data, quarter=quarter)
    rows = rows[rows["partner"] == 1]
    columns = ["quarters", "at_risk", "left", "share", "conf_low", "conf_high"]
    if rows.loc[rows["attended"].notna(), "fiscal_quarter"].nunique() < 2:
        return pd.DataFrame(columns=columns)
    each = organization_quarters(rows).groupby("organization_id").agg({"quarter": "max", "left": "max"})
    first = pd.DataFrame([[0, float(len(each)), 0, 1.0, 1.0, 1.0]], columns=columns)
    curve = life_table(each["quarter"], each["left"], smallest=data.programme.smallest_cell)
    return pd.concat([first, curve], ignore_index=True)[columns]


def organization_quarters(rows: pd.DataFrame, *, columns: list[str] = (), confirm: int = 1) -> pd.DataFrame:
    """One row per organization and quarter until it left, or until the last quarter looked at.

    An organization leaves in a quarter in which it was invited and took up no invitation, if it took up none in any
    later quarter either. One that never took up any leaves in its first. Whoever is absent only in the last quarter may
    come back: the last ``confirm`` quarters serve to see who does, and are not looked at themselves. Organizations that
    had not left by then are censored, as are those no longer invited. Quarters in which an organization was not
    invited, or its attendance is unknown, do not count.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.rows`.
    columns : names of columns to keep
        Of numbers the mean over the organization's invitations of the quarter, of text the first.
    confirm : number of last quarters that only confirm, 0 or more

    Returns
    -------
    DataFrame, one row per organization and quarter
        ``organization_id``; ``fiscal_quarter``; ``quarter`` (1 for its first with an invitation, and so on); ``left``
        (1 or 0); the columns.

    Raises
    ------
    DataError
        There are no more quarters than are needed to confirm.

    Examples
    --------
    a is absent in the second quarter for good; b comes back in the third, which is not looked at itself.

    >>> rows = pd.DataFrame({"organization_id": list("aaabbb"), "attended": [1.0, 0, 0, 1, 0, 1]})
    >>> rows["fiscal_quarter"] = ["FY2017Q1", "FY2017Q2", "FY2017Q3"] * 2
    >>> organization_quarters(rows)[["organization_id", "quarter", "left"]].to_numpy().tolist()
    [['a', 1, 0], ['a', 2, 1], ['b', 1, 0], ['b', 2, 0]]
    """
    known = rows[rows["attended"].notna()]
    quarters = sorted(known["fiscal_quarter"].unique())
    if len(quarters) <= confirm:
        found = f"attendance is known in {len(quarters)} quarters"
        expected = f"expected more than the {confirm} that only confirm who left"
        raise DataError(f"staying: {found}; {expected}. Wait for another quarter, or take confirm=0.")
    keys = ["organization_id", "fiscal_quarter"]
    how = {name: "mean" if pd.api.types.is_numeric_dtype(known[name]) else "first" for name in columns}
    each = known.groupby(keys).agg({"attended": "max", **how}).reset_index()
    last = each[each["attended"] > 0].groupby("organization_id")["fiscal_quarter"].max()
    absent = each["fiscal_quarter"] > each["organization_id"].map(last).fillna("")
    gone = absent.groupby(each["organization_id"]).cumsum()
    seen = each[(gone < 2) & each["fiscal_quarter"].isin(quarters[: len(quarters) - confirm])]
    seen = seen.assign(left=absent.astype(int), quarter=seen.groupby("organization_id").cumcount() + 1)
    return seen[[*keys, "quarter", "left", *columns]].reset_index(drop=True)


def life_table(quarters, left, *, smallest: int = 1) -> pd.DataFrame:
    r"""The share still taking part after each quarter, or several together, with its interval.

    With :math:`n_t` organizations at risk of leaving in quarter t, of which :math:`d_t` leave,

    .. math:: S(t) = \prod_{s \le t} (1 - d_s / n_s), \qquad g(t) = \sum_{s \le t} \frac{d_s}{n_s (n_s - d_s)},

    the standard error is Greenwood's :math:`S \sqrt{g}` and the limits :math:`S^{\exp(\pm z \sqrt{g} / \log S)}` stay
    between 0 and 1. Of a single quarter this is Kaplan's and Meier's curve (1958, JASA 53, 457-481; Kalbfleisch and
    Prentice 2002, section 1.4). In R: ``survival::survfit(Surv(quarters, left) ~ 1, conf.type = "log-log")``. Quarters
    are taken together until ``smallest`` or more have left in them, or none, as many are no longer looked at, or none,
    and as many have not left, or none, so that no count is about few organizations; who is no longer looked at
    before the last of them counts as half at risk. Cutler and Ederer (1958), Journal of Chronic Diseases 8, 699-712.

    Parameters
    ----------
    quarters : array (n,), the last quarter in which each organization was at risk
    left : array (n,) of 0 and 1, whether it left then
    smallest : int

    Returns
    -------
    DataFrame, one row per quarter in ``quarters``, or group of them
        ``quarters`` (the last of them), ``at_risk`` (that the share divides by), ``left``, ``share``, ``std_error``,
        ``conf_low``, ``conf_high``; limits are NaN while nobody has left, and when all have.

    Raises
    ------
    DataError
        There is no organization, or a value is missing.

    Examples
    --------
    Of four one leaves in quarter 1, and of the three others one in quarter 2: ¾, then ¾ · ⅔.

    >>> life_table([1, 2, 2, 3], [1, 1, 0, 0])["share"].round(9).tolist()
    [0.75, 0.5, 0.5]

    Three of 30 leave in the first quarter, two in the second; until then 5 are no longer looked at, who count for 2½.

    >>> curve = life_table([1] * 8 + [2] * 22, [1] * 3 + [0] * 5 + [1] * 2 + [0] * 20, smallest=5)
    >>> curve[["quarters", "at_risk", "left"]].to_numpy().tolist()
    [[2.0, 27.5, 5.0]]
    """
    each = pd.DataFrame({"quarter": np.asarray(quarters), "left": np.asarray(left, dtype=float)})
    if each.empty or each.isna().any(axis=None):
        raise DataError("staying: expected a quarter and whether it left for at least one organization, none missing.")
    lines, at_risk, gone = [], len(each), 0
    for quarter, some in each.groupby("quarter")["left"]:
        gone, after = gone + int(some.sum()), int((each["quarter"] > quarter).sum())
        censored = at_risk - gone - after
        early = censored - int((some == 0).sum())  # in the quarters before the last that are taken together
        if any(0 < n < smallest for n in (gone, censored, early, at_risk - gone)):
            continue
        lines.append((quarter, at_risk - early / 2, gone))
        at_risk, gone = after, 0
    return _with_limits(pd.DataFrame(lines, columns=["quarters", "at_risk", "left"]))


def _with_limits(table: pd.DataFrame) -> pd.DataFrame:
    """Add the share after each quarter, its standard error, and its limits on the scale of log(−log S)."""
    at_risk, left = table["at_risk"].to_numpy(float), table["left"].to_numpy(float)
    share = np.cumprod(1 - left / at_risk)
    inside = (share > 0) & (share < 1)
    spread = np.sqrt(np.cumsum(left / (at_risk * np.where(at_risk > left, at_risk - left, np.inf))))
    power = np.exp(stats.norm.ppf(0.975) * spread / np.log(np.where(inside, share, 0.5)))
    low, high = (np.where(inside, share**one, NAN) for one in (1 / power, power))
    return table.assign(share=share, std_error=share * spread, conf_low=low, conf_high=high)

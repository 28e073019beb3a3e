"""Staying and leaving: how many organizations still take part, quarter after quarter, and what goes with leaving.

Takes the panel; returns the share still taking part with its interval, and hazard ratios. After ``panel`` in the flow.
Quarters are few and many organizations leave in the same one, so time is counted in quarters: no Cox model.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.errors import DataError, ModelError
from konbit_lessons.incentives.clusters import ClusterRobust
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.separation import separated_terms

FEWEST_DF = 5  # below, the t distribution no longer describes the estimate (STATISTICS, point 5)
NAN = float("nan")


def organization_quarters(rows, *, columns=(), confirm=1):
    """One row per organization and quarter until it left, or until the last quarter looked at.

    An organization leaves in a quarter in which it was invited and took up no invitation, if it took up none in any
    later quarter either. One that never took up any leaves in its first. Whoever is absent only in the last quarter may
    come back: the last ``confirm`` quarters serve to see who does, and are not looked at themselves. Organizations that
    had not left by then are censored, as are those no longer invited. Quarters in which an organization was not
    invited, or its attendance is unknown, do not count.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.
    columns : names of columns to keep
        Of a number or yes/no its mean over the organization's invitations of the quarter, of text the first.
    confirm : number of last quarters that only confirm, 0 or more

    Returns
    -------
    DataFrame, one row per organization and quarter
        ``organization_id``; ``fiscal_quarter``; ``quarter`` (1 for its first with an invitation, and so on); ``left``
        (boolean); the columns.

    Raises
    ------
    DataError
        There are no more quarters than are needed to confirm.

    Examples
    --------
    a is absent in the second quarter for good; b comes back in the third, which is not looked at itself.

    >>> rows = pd.DataFrame({"organization_id": list("aaabbb"), "attended": [1, 0, 0, 1, 0, 1]})
    >>> rows["fiscal_quarter"] = ["FY2017Q1", "FY2017Q2", "FY2017Q3"] * 2
    >>> organization_quarters(rows)[["organization_id", "quarter", "left"]].to_numpy().tolist()
    [['a', 1, False], ['a', 2, True], ['b', 1, False], ['b', 2, False]]
    """
    known = rows[rows["attended"].notna()]
    quarters = sorted(known["fiscal_quarter"].unique())
    if len(quarters) <= confirm:
        raise DataError(
            f"staying: attendance is known in {len(quarters)} quarters; expected more than the {confirm} that only "
            "confirm who left. Wait for another quarter, or take confirm=0."
        )
    keys = ["organization_id", "fiscal_quarter"]
    numbers = [name for name in columns if pd.api.types.is_numeric_dtype(known[name].dtype)]
    known = known.assign(
        attended=known["attended"].astype(float), **{name: known[name].astype(float) for name in numbers}
    )
    how = {name: "mean" if name in numbers else "first" for name in columns}
    each = known.groupby(keys).agg({"attended": "max", **how}).reset_index()
    last = each[each["attended"] > 0].groupby("organization_id")["fiscal_quarter"].max()
    absent = each["fiscal_quarter"] > each["organization_id"].map(last).astype("str").fillna("")
    gone = absent.groupby(each["organization_id"]).cumsum()
    seen = each[(gone < 2) & each["fiscal_quarter"].isin(quarters[: len(quarters) - confirm])]
    seen = seen.assign(left=absent.astype("boolean"), quarter=seen.groupby("organization_id").cumcount() + 1)
    return seen[[*keys, "quarter", "left", *columns]].reset_index(drop=True)


def still_taking_part(quarters, *, confidence=0.95):
    """The Kaplan–Meier curve of the organizations of :func:`organization_quarters`; columns of :func:`kaplan_meier`."""
    each = quarters.groupby("organization_id").agg({"quarter": "max", "left": "max"})
    return kaplan_meier(each["quarter"], each["left"], confidence=confidence)


def kaplan_meier(quarters, left, *, confidence=0.95):
    r"""The share still taking part after each quarter, with its interval.

    With :math:`n_t` organizations at risk of leaving in quarter t, of which :math:`d_t` leave,

    .. math:: S(t) = \prod_{s \le t} (1 - d_s / n_s), \qquad g(t) = \sum_{s \le t} \frac{d_s}{n_s (n_s - d_s)},

    the standard error is Greenwood's :math:`S \sqrt{g}` and the limits :math:`S^{\exp(\pm z \sqrt{g} / \log S)}` stay
    between 0 and 1. Kaplan and Meier (1958), JASA 53, 457-481; Kalbfleisch and Prentice (2002), section 1.4. In R:
    ``survival::survfit(Surv(quarters, left) ~ 1, conf.type = "log-log")``.

    Parameters
    ----------
    quarters : array (n,), the last quarter in which each organization was at risk
    left : array (n,) of boolean, whether it left then
    confidence : of the interval

    Returns
    -------
    DataFrame, one row per quarter in ``quarters``
        ``quarter``, ``at_risk``, ``left``, ``censored``, ``share``, ``std_error``, ``conf_low``, ``conf_high``; limits
        are NaN while nobody has left, and when all have.

    Raises
    ------
    DataError
        There is no organization, or a value is missing.

    Examples
    --------
    Of four one leaves in quarter 1, and of the three others one in quarter 2: ¾, then ¾ · ⅔.

    >>> kaplan_meier([1, 2, 2, 3], [True, True, False, False])["share"].round(9).tolist()
    [0.75, 0.5, 0.5]
    """
    each = pd.DataFrame({"quarter": np.asarray(quarters), "left": pd.array(left, dtype="boolean")})
    if each.empty or each.isna().any(axis=None):
        raise DataError("staying: expected a quarter and whether it left for at least one organization, none missing.")
    by = each.assign(left=each["left"].astype(int)).groupby("quarter")["left"]
    table = pd.DataFrame({"left": by.sum(), "censored": by.count() - by.sum()})
    at_risk = by.count()[::-1].cumsum()[::-1].to_numpy(float)
    table.insert(0, "at_risk", at_risk.astype(int))
    share, spread, low, high = _limits(at_risk, table["left"].to_numpy(float), confidence)
    return table.assign(share=share, std_error=share * spread, conf_low=low, conf_high=high).reset_index()


def grouped(curve, *, smallest, confidence=0.95):
    """The curve with quarters taken together, so that no count of it is about few organizations.

    A group of quarters ends once ``smallest`` or more have left in it, or none, as many are no longer looked at after
    it, or none, and as many have not left, or none. Its share is the life table's: who is no longer looked at counts
    for half of several quarters, and in full for one, which is Kaplan's and Meier's curve. Cutler and Ederer (1958),
    Journal of Chronic Diseases 8, 699-712.

    Parameters
    ----------
    curve : DataFrame
        From :func:`kaplan_meier`.
    smallest : int
    confidence : of the interval

    Returns
    -------
    DataFrame, one row per group
        ``quarter`` (its last), ``at_risk`` (in its first), ``left``, ``share``, ``conf_low``, ``conf_high``.

    Examples
    --------
    Three of 20 leave in the first quarter, two in the second; until then 2 are no longer looked at, who count for 1.

    >>> curve = kaplan_meier([1] * 5 + [2] * 15, [True] * 3 + [False] * 2 + [True] * 2 + [False] * 13)
    >>> grouped(curve, smallest=5)[["quarter", "at_risk", "left"]].to_numpy().tolist()
    [[2, 20, 5]]
    """
    lines, at_risk, since, left = [], int(curve["at_risk"].iloc[0]), 0, 0
    for place, line in enumerate(curve.itertuples()):
        left += line.left
        after = int(curve["at_risk"].iloc[place + 1]) if place + 1 < len(curve) else 0
        gone, since = at_risk - left - after, since + 1
        if any(0 < n < smallest for n in (left, gone, at_risk - left)):
            continue
        exposed = at_risk - gone / 2 if since > 1 else at_risk
        lines.append({"quarter": line.quarter, "at_risk": at_risk, "left": left, "exposed": exposed})
        at_risk, since, left = after, 0, 0
    table = pd.DataFrame(lines, columns=["quarter", "at_risk", "left", "exposed"])
    share, _, low, high = _limits(table["exposed"].to_numpy(float), table["left"].to_numpy(float), confidence)
    return table.drop(columns="exposed").assign(share=share, conf_low=low, conf_high=high)


def _limits(at_risk, left, confidence):
    """The share after each quarter, the root of g, and the limits of the share."""
    share = np.cumprod(1 - left / at_risk)
    inside = (share > 0) & (share < 1)
    spread = np.sqrt(np.cumsum(left / (at_risk * np.where(at_risk > left, at_risk - left, np.inf))))
    power = np.exp(stats.norm.ppf((1 + confidence) / 2) * spread / np.log(np.where(inside, share, 0.5)))
    return share, spread, np.where(inside, share ** (1 / power), NAN), np.where(inside, share**power, NAN)


@dataclass(frozen=True)
class Leaving:
    """What goes with leaving.

    ``table``: term, label, hazard_ratio, conf_low, conf_high, estimate (its logarithm), std_error, df, p_value, reason:
    2 means that, quarter by quarter, twice as many leave. Where the data cannot tell, ``reason`` says why and the rest
    is NaN. ``coefficients``: of every column, with model_std_error (as if rows were independent), std_error, df.
    ``left_out``: quarters in which nobody left, or all did, and which therefore say nothing; and rows incomplete.
    """

    table: pd.DataFrame
    coefficients: pd.DataFrame
    n: int
    left: int
    organizations: int
    left_out: dict


def leaving(quarters, *, terms, labels=None, cluster="organization_id", confidence=0.95):
    r"""Which terms go with leaving: a discrete-time hazard model.

    The chance to leave in a quarter, of those still there, is :math:`h = 1 - \exp(-\exp(\alpha_t + x'\beta))` with an
    own level for each quarter; :math:`e^\beta` is the ratio of the hazards, as in the Cox model of continuous time of
    which this is the grouped version. Maximum likelihood; CR2 by organization with Satterthwaite degrees of freedom, by
    :class:`konbit_lessons.incentives.clusters.ClusterRobust` on :math:`\tilde x = x \cdot (dh/d\eta) / (h (1 - h))`.
    Prentice and Gloeckler (1978), Biometrics 34, 57-67. In R: ``glm(left ~ factor(quarter) + x, binomial("cloglog"))``
    and ``clubSandwich::coef_test(fit, vcovCR(fit, organization, "CR2"), test = "Satterthwaite")``.

    Parameters
    ----------
    quarters : DataFrame with ``quarter`` and ``left``, from :func:`organization_quarters`
    terms : names of yes/no or number columns
    labels : mapping of term to the words for it
    cluster : name of the column within which rows move together
    confidence : of the intervals

    Returns
    -------
    Leaving

    Raises
    ------
    ModelError
        Nobody left, or all did at once; a term tells without exception who left; or a column is wrong.

    Examples
    --------
    One quarter: of four without support two leave, of four with it one. The hazard ratio is log ¾ / log ½.

    >>> rows = pd.DataFrame({"organization_id": list("abcdefgh"), "quarter": 1, "support": [0] * 4 + [1] * 4})
    >>> found = leaving(rows.assign(left=[1, 1, 0, 0, 1, 0, 0, 0]), terms="support")
    >>> round(float(found.table["hazard_ratio"][0]), 6), round(float(np.log(0.75) / np.log(0.5)), 6)
    (0.415037, 0.415037)
    """
    terms = (terms,) if isinstance(terms, str) else tuple(terms)
    some = quarters.groupby("quarter")["left"].transform("nunique") > 1
    if not some.any():
        raise ModelError(
            "leaving: in no quarter did some organizations leave and others stay, so nothing can be compared."
        )
    used = quarters[some].assign(quarter=quarters["quarter"].astype(int).astype("str"))
    several = len(used["quarter"].unique()) > 1
    design = build_design(
        used, outcome="left", incentives=terms, adjust_for=("quarter",) if several else (), cluster=(cluster,)
    )
    if separated := separated_terms(design.X, design.y, design.names):
        named = [name for name in separated if name in design.given] or separated
        raise ModelError(f"leaving: {', '.join(named)} tells without exception who left. Leave it out.")
    codes = design.clusters[cluster]
    coefficients = _coefficients(design.X, design.y, codes).set_axis(list(design.names))
    return Leaving(
        table=pd.DataFrame([_line(name, design, coefficients, confidence, labels or {}) for name in design.given]),
        coefficients=coefficients.rename_axis("term").reset_index(),
        n=len(design.y),
        left=int(design.y.sum()),
        organizations=int(codes.max()) + 1,
        left_out={
            "quarters": tuple(sorted({int(one) for one in quarters.loc[~some, "quarter"]})),
            "incomplete": int(some.sum()) - len(design.y),
        },
    )


def _coefficients(X, y, codes):
    """Coefficients of a complementary log-log model with their standard errors."""
    beta = _maximized(X, y)
    h, slope = _hazard(X, beta)
    robust = ClusterRobust(X * slope[:, None], h * (1 - h), y - h, codes, "CR2")
    information = (X * (slope**2 * h * (1 - h))[:, None]).T @ X
    return pd.DataFrame(
        {
            "coefficient": beta,
            "model_std_error": np.sqrt(np.diag(np.linalg.inv(information))),
            "std_error": np.sqrt(np.diag(robust.covariance)),
            "df": [robust.degrees_of_freedom(one) for one in np.eye(len(beta))],
        }
    )


def _hazard(X, beta):
    """The hazard h, and (dh/dη) / (h(1 − h)) = e^η / h."""
    power = np.exp(np.clip(X @ beta, -30.0, 6.0))
    h = -np.expm1(-power)
    return h, power / h


def _maximized(X, y):
    """Fisher scoring with halving."""
    beta = np.zeros(X.shape[1])
    beta[0] = np.log(-np.log1p(-y.mean()))
    height = -np.inf
    for _ in range(200):
        h, slope = _hazard(X, beta)
        weight = slope**2 * h * (1 - h)
        step = np.linalg.solve((X * weight[:, None]).T @ X, (X * slope[:, None]).T @ (y - h))
        for _ in range(40):
            height_there = _log_likelihood(X, y, beta + step)
            if height_there >= height - 1e-10 * abs(height if np.isfinite(height) else 1.0):
                break
            step /= 2
        beta, height = beta + step, height_there
        if np.abs(X @ step).max() < 1e-11:
            return beta
    raise ModelError("leaving: the model did not converge. Name fewer terms.")


def _log_likelihood(X, y, beta):
    h, slope = _hazard(X, beta)
    return float((y * np.log(h) - (1 - y) * slope * h).sum())


def _line(name, design, coefficients, confidence, labels):
    known = {"term": name, "label": labels.get(name, name)}
    unknown = dict.fromkeys(("hazard_ratio", "conf_low", "conf_high", "estimate", "std_error", "df", "p_value"), NAN)
    if name in design.unfit:
        return {**known, **unknown, "reason": design.unfit[name][0]}
    at = coefficients.loc[name]
    if not at["df"] >= FEWEST_DF:
        return {**known, **unknown, "hazard_ratio": np.exp(at["coefficient"]), "reason": "low_df"}
    reach = stats.t.ppf((1 + confidence) / 2, at["df"]) * at["std_error"]
    return {
        **known,
        "hazard_ratio": float(np.exp(at["coefficient"])),
        "conf_low": float(np.exp(at["coefficient"] - reach)),
        "conf_high": float(np.exp(at["coefficient"] + reach)),
        "estimate": at["coefficient"],
        "std_error": at["std_error"],
        "df": at["df"],
        "p_value": float(2 * stats.t.sf(abs(at["coefficient"] / at["std_error"]), at["df"])),
        "reason": "",
    }

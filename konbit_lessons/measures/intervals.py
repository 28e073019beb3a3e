"""Shares, means and gaps with intervals that hold when rows of one organization, or of one event, go together.

Takes counts, or columns of the panel or of the survey; returns numbers with their interval. The other measures take
their intervals from here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from konbit_lessons.errors import DataError
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.fit import fit_model

CONFIDENCE = 0.95
NORMAL = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval; what cannot be had (the spread of one cluster) is NaN.

    ``n``: rows, or pairs, it rests on. ``df``: degrees of freedom of Student's t.
    """

    estimate: float
    conf_low: float
    conf_high: float
    n: int
    std_error: float = NAN
    df: float = NAN


def wilson(k, n, *, quantile=NORMAL):
    r"""Wilson's limits of k of n, where each of the n counts once: right for small shares, and between 0 and 1.

    The limits are the roots :math:`\pi` of :math:`(k/n - \pi)^2 = z^2 \pi (1 - \pi) / n`. Wilson (1927), JASA 22,
    209-212. In R: ``prop.test(k, n, correct = FALSE)``.

    Parameters
    ----------
    k, n : numbers or arrays of the same length
        Where one is missing, or n is 0, there are no limits.
    quantile : float, z

    Returns
    -------
    arrays of the lower and the upper limits

    Raises
    ------
    DataError
        When not 0 ≤ k ≤ n.

    Examples
    --------
    None of n: 0 to :math:`z^2 / (n + z^2)`, with :math:`z^2 = 3.8415` for 95 %.

    >>> low, high = wilson(0, 10)
    >>> float(low), round(float(high), 4)
    (0.0, 0.2775)
    """
    k, n = np.asarray(k, float), np.asarray(n, float)
    if (wrong := ~((k >= 0) & (k <= n)) & ~np.isnan(k) & ~np.isnan(n)).any():
        raise DataError(f"found {k[wrong].item(0):g} of {n[wrong].item(0):g}; expected a count between 0 and its n.")
    low, high = proportion_confint(k, np.where(n > 0, n, NAN), alpha=2 * stats.norm.sf(quantile), method="wilson")
    return np.where((k == 0) & (n > 0), 0.0, low), np.where((k == n) & (n > 0), 1.0, high)  # without rounding


def with_shares(table, of, n="n"):
    """Return a table of counts with ``share`` of two of its columns, ``conf_low`` and ``conf_high`` (Wilson's).

    Parameters
    ----------
    table : DataFrame
    of, n : names of columns of counts
        Where one is missing, or there are none, the share is.
    """
    k, all_of = (pd.to_numeric(table[name]).to_numpy(float, na_value=NAN) for name in (of, n))
    low, high = wilson(k, all_of)
    share = np.divide(k, all_of, out=np.full(len(table), NAN), where=all_of > 0)
    return table.assign(share=share, conf_low=low, conf_high=high)


def share_with_interval(values, clusters):
    r"""A share and its interval: Wilson's, on the number of independent rows the clustered rows are worth.

    With :math:`s_g` the sum of :math:`y_i - p` over the :math:`n_g` rows of cluster :math:`g`, the share :math:`p` has
    the variance (CR2) and Satterthwaite's degrees of freedom of

    .. math:: V = \frac{1}{n^2} \sum_g \frac{s_g^2}{1 - n_g / n}.

    For two ways of clustering it is :math:`V_1 + V_2 - V_{row}`, never below the larger of the two, with the smaller
    degrees of freedom; see :mod:`konbit_lessons.incentives.clusters`. Then :math:`\tilde n = \min(n, p (1 - p) / V)`
    and, with :math:`t` in place of Wilson's :math:`z`, the limits are

    .. math:: \frac{p + t^2 / 2 \tilde n \pm t \sqrt{p (1 - p) / \tilde n + t^2 / 4 \tilde n^2}}{1 + t^2 / \tilde n}.

    It stays between 0 and 1 without being cut, and does not shrink to a point where all or none took part: there the
    rows of a cluster count as one, :math:`\tilde n` and the degrees of freedom being the fewest clusters and that less
    one. Bell and McCaffrey (2002), Survey Methodology 28, 169-181, for V; Korn and Graubard (1998), 24, 193-201, for
    :math:`\tilde n`; Dean and Pagano (2015), Journal of Survey Statistics and Methodology 3, 484-503, who found it
    among the best. In R: ``survey::svyciprop(~y, design, method = "wilson")``, which has another :math:`V`.

    Parameters
    ----------
    values : Series of boolean or 0/1; missing ones are left out
    clusters : DataFrame of the same rows
        One or two columns, each a way of clustering.

    Returns
    -------
    Interval
        The limits are NaN where there is one cluster only.

    Raises
    ------
    DataError
        Nothing is known, a value is not 0 or 1, or there are none or more than two ways of clustering.

    Examples
    --------
    Two organizations of two rows, one always there, one never: :math:`\tilde n = \frac14 / \frac14 = 1`, with one
    degree of freedom :math:`t^2 = 161.4`: the limits are :math:`\frac12 \pm \frac12 \sqrt{161.4 / 162.4}`.

    >>> there, by = pd.Series([1, 1, 0, 0]), pd.DataFrame({"organization_id": list("aabb")})
    >>> share = share_with_interval(there, by)
    >>> share.estimate, round(share.conf_low, 4), round(share.conf_high, 4)
    (0.5, 0.0015, 0.9985)
    """
    y, codes = _known(values, clusters)
    if not np.isin(y, (0.0, 1.0)).all():
        raise DataError(f"{values.name or 'values'}: a share is of yes and no, and there are other values.")
    p, std_error, df = _contrast(np.ones((len(y), 1)), y, codes)
    worth = min(len(y), p * (1 - p) / std_error**2) if std_error > 0 else NAN
    if p in (0.0, 1.0):
        worth = min(_groups(codes))
        df = worth - 1.0 if worth > 1 else NAN
    low, high = wilson(p * worth, worth, quantile=stats.t.ppf((1 + CONFIDENCE) / 2, df))
    return Interval(p, float(low), float(high), len(y), std_error, df)


def difference_of_groups(rows, values, *, by, first, second, cluster=("organization_id",)):
    """How much higher the mean (or share) of one group is than that of another.

    The slope of a least-squares line on belonging to ``second``, with CR2 and Satterthwaite degrees of freedom; of
    shares it is a difference in proportions. In R: ``clubSandwich::conf_int(f, vcovCR(f, cluster, "CR2"))`` with
    ``f = lm(values ~ (by == second))``.

    Parameters
    ----------
    rows : DataFrame
    values : name of a column of numbers or yes/no; rows without one are left out
    by : name of the column of groups
    first, second : two values of ``by``; the difference is second − first
    cluster : one or two names of columns within which rows move together

    Returns
    -------
    Interval

    Raises
    ------
    DataError
        A group has no known value.

    Examples
    --------
    Means 1 and 4, each row on its own: HC2 is the sum of both squared standard errors, 2/2 + 8/2.

    >>> rows = pd.DataFrame({"x": [0, 2, 2, 6], "type": list("aabb"), "organization_id": list("wxyz")})
    >>> gap = difference_of_groups(rows, "x", by="type", first="a", second="b")
    >>> round(gap.estimate, 9), round(gap.std_error**2, 9)
    (3.0, 5.0)
    """
    some = rows[rows[by].isin([first, second]) & rows[values].notna()]
    if gone := [group for group in (first, second) if not (some[by] == group).any()]:
        raise DataError(f'{values} by {by}: no row of "{gone[0]}" has a value, so there is nothing to compare.')
    y, codes = _known(some[values], some[[cluster] if isinstance(cluster, str) else list(cluster)])
    X = np.column_stack([np.ones(len(y)), (some[by] == second).to_numpy(float)])
    estimate, std_error, df = _contrast(X, y, codes)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, df)) * std_error
    return Interval(estimate, estimate - reach, estimate + reach, len(y), std_error, df)


def difference_of_waves(rows, values, *, wave="wave", first, second, organization="organization_id"):
    """How much the mean (or share) of the organizations that answered in both waves changed.

    An organization's answers in a wave are averaged; the interval is that of a paired t test. In R:
    ``t.test(second, first, paired = TRUE)``.

    Parameters
    ----------
    rows : DataFrame, such as the survey
    values : name of a column of numbers or yes/no
    wave : name of the column of waves (or quarters)
    first, second : two values of ``wave``
    organization : name of the column that pairs the rows

    Returns
    -------
    Interval
        ``n`` is the number of organizations in both waves; limits are NaN for one of them.

    Raises
    ------
    DataError
        No organization has an answer in both waves.

    Examples
    --------
    Changes of 1, 3 and, for the third, none that could be known: the mean is 2, its standard error √2 / √2.

    >>> rows = pd.DataFrame({"wave": [1, 1, 1, 2, 2], "organization_id": list("abcab"), "x": [1, 1, 5, 2, 4]})
    >>> change = difference_of_waves(rows, "x", first=1, second=2)
    >>> change.estimate, change.n, round(change.std_error, 9)
    (2.0, 2, 1.0)
    """
    known = rows[rows[values].notna() & rows[wave].isin([first, second])]
    means = known.assign(_value=known[values].astype(float)).pivot_table("_value", index=organization, columns=wave)
    both = means.reindex(columns=[first, second]).dropna()
    change, n = (both[second] - both[first]).to_numpy(), len(both)
    if n == 0:
        raise DataError(f"{values}: no {organization} has a value in both {wave} {first} and {wave} {second}.")
    if n == 1:
        return Interval(float(change[0]), NAN, NAN, 1)
    if np.ptp(change) == 0:
        return Interval(float(change[0]), float(change[0]), float(change[0]), n, 0.0, n - 1)
    ends = stats.ttest_1samp(change, 0).confidence_interval(CONFIDENCE)
    return Interval(float(change.mean()), float(ends.low), float(ends.high), n, float(stats.sem(change)), n - 1)


def _known(values, clusters):
    """The known values as an array, and the codes of their clusters."""
    if not 1 <= clusters.shape[1] <= 2:
        raise DataError(f"clusters: found {clusters.shape[1]} columns; expected one or two, such as organization_id.")
    known = values.notna().to_numpy()
    if not known.any():
        raise DataError(f"{values.name or 'values'}: nothing is known in {len(values)} rows, so there is no mean.")
    of_cluster = clusters.loc[known]
    if of_cluster.isna().any(axis=None):
        raise DataError(f"clusters: a row has no {' or no '.join(of_cluster)}. Fill it in, or leave the row out.")
    return values[known].to_numpy(float), {name: pd.factorize(of_cluster[name], sort=True)[0] for name in of_cluster}


def _groups(codes):
    return [int(code.max()) + 1 for code in codes.values()]


def _contrast(X, y, codes):
    """The last coefficient of a least-squares fit, its standard error and degrees of freedom (NaN for one cluster)."""
    fit = fit_model(X, y, "linear")
    estimate, last = float(fit.coefficients[-1]), np.eye(X.shape[1])[-1]
    if X.shape[1] == 1:
        estimate = float(y.mean())  # without the rounding of a decomposition: a share of all is 1
    if min(_groups(codes)) < 2:
        return estimate, NAN, NAN
    if np.ptp(fit.score) <= 1e-12 * np.abs(y).max(initial=1.0):
        return estimate, 0.0, min(_groups(codes)) - 1.0
    return estimate, *clusterings(fit, codes).basis(last)[:2]

"""Shares, means and gaps with intervals that hold when rows of one organization, or of one event, go together.

Takes columns of the panel or of the survey; returns numbers with their interval. Between ``panel`` and the reports'
tables in the flow: ``participation`` and ``expectations`` take their intervals from here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.errors import DataError
from konbit_lessons.incentives.clusterings import clusterings
from konbit_lessons.incentives.fit import fit_model

CONFIDENCE = 0.95
NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval; what cannot be had (the spread of one cluster) is NaN.

    ``n``: rows, or pairs, it rests on. ``df``: degrees of freedom of Student's t; infinite for a normal limit.
    """

    estimate: float
    low: float
    high: float
    n: int
    std_error: float = NAN
    df: float = NAN


def mean_with_interval(values, clusters, *, confidence=CONFIDENCE):
    r"""A mean and its interval.

    With :math:`s_g` the sum of :math:`y_i - \bar y` over the :math:`n_g` rows of cluster :math:`g`, CR2 is

    .. math:: V = \frac{1}{n^2} \sum_g \frac{s_g^2}{1 - n_g / n},

    with Student's t on Satterthwaite's degrees of freedom. For two ways of clustering
    :math:`V_1 + V_2 - V_{row}`, never below the larger of the two, and the smaller degrees of freedom. Bell and
    McCaffrey (2002), Survey Methodology 28, 169-181; see :mod:`konbit_lessons.incentives.clusterings`. In R:
    ``clubSandwich::conf_int(lm(y ~ 1), vcovCR(lm(y ~ 1), cluster, "CR2"))``.

    Parameters
    ----------
    values : Series of numbers or boolean; missing ones are left out
    clusters : DataFrame of the same rows
        One or two columns, each a way of clustering.
    confidence : float

    Returns
    -------
    Interval

    Raises
    ------
    DataError
        Nothing is known, or there are none or more than two ways of clustering.

    Examples
    --------
    Two organizations of two rows, one always there, one never: :math:`s = \pm 1`, :math:`V = (2 + 2) / 16 = 1/4`.

    >>> there, by = pd.Series([1, 1, 0, 0]), pd.DataFrame({"organization_id": list("aabb")})
    >>> mean = mean_with_interval(there, by)
    >>> mean.estimate, round(mean.std_error, 9), round(mean.df, 9)
    (0.5, 0.5, 1.0)
    """
    y, codes = _known(values, clusters)
    estimate, std_error, df = _contrast(np.ones((len(y), 1)), y, codes)
    reach = float(stats.t.ppf((1 + confidence) / 2, df)) * std_error
    return Interval(estimate, estimate - reach, estimate + reach, len(y), std_error, df)


def share_with_interval(values, clusters, *, confidence=CONFIDENCE):
    r"""A share and its interval: Wilson's, on the number of independent rows the clustered rows are worth.

    With :math:`p` the share and :math:`V` its variance from :func:`mean_with_interval`,
    :math:`\tilde n = \min(n, p (1 - p) / V)`, and with :math:`t` in place of Wilson's :math:`z`, the limits are

    .. math:: \frac{p + t^2 / 2 \tilde n \pm t \sqrt{p (1 - p) / \tilde n + t^2 / 4 \tilde n^2}}{1 + t^2 / \tilde n}.

    It stays between 0 and 1 without being cut, and does not shrink to a point where all or none took part: there the
    rows of a cluster count as one, :math:`\tilde n` and the degrees of freedom being the fewest clusters and that less
    one. Korn and Graubard (1998), Survey Methodology 24, 193-201, for :math:`\tilde n`; Dean and Pagano (2015),
    Journal of Survey Statistics and Methodology 3, 484-503, who found it among the best. In R:
    ``survey::svyciprop(~y, design, method = "wilson")``, which has another :math:`V`.

    Parameters
    ----------
    values : Series of boolean or 0/1; missing ones are left out
    clusters : DataFrame of the same rows
        One or two columns, each a way of clustering.
    confidence : float

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
    >>> share.estimate, round(share.low, 4), round(share.high, 4)
    (0.5, 0.0015, 0.9985)
    """
    y, codes = _known(values, clusters)
    if not np.isin(y, (0.0, 1.0)).all():
        raise DataError("a share is of yes and no: found other values. For numbers take mean_with_interval.")
    p, std_error, df = _contrast(np.ones((len(y), 1)), y, codes)
    worth = min(len(y), p * (1 - p) / std_error**2) if std_error > 0 else NAN
    if p in (0.0, 1.0):
        worth = min(_groups(codes))
        df = worth - 1.0 if worth > 1 else NAN
    low, high = _wilson(p, worth, stats.t.ppf((1 + confidence) / 2, df))
    return Interval(p, low, high, len(y), std_error, df)


def wilson(k, n, *, confidence=CONFIDENCE):
    r"""Wilson's interval of k of n, where each of the n counts once: right for small shares, and between 0 and 1.

    The limits are the roots :math:`\pi` of :math:`(k/n - \pi)^2 = z^2 \pi (1 - \pi) / n`. Wilson (1927), JASA 22,
    209-212. In R: ``prop.test(k, n, correct = FALSE)``.

    Raises
    ------
    DataError
        When not 0 ≤ k ≤ n, or n is 0.

    Examples
    --------
    None of n: 0 to :math:`z^2 / (n + z^2)`, with :math:`z^2 = 3.8415` for 95 %.

    >>> none = wilson(0, 10)
    >>> none.low, round(none.high, 4)
    (0.0, 0.2775)
    """
    _check_count(k, n)
    low, high = _wilson(k / n, n, stats.norm.ppf((1 + confidence) / 2))
    return Interval(k / n, low, high, n, df=np.inf)


def share_of(k, n):
    """Return ``share``, ``low`` and ``high`` (Wilson's) of k of n as a dict; NaN where either is missing, or n is 0."""
    if pd.isna(k) or pd.isna(n) or n == 0:
        return dict.fromkeys(("share", "low", "high"), NAN)
    share = wilson(int(k), int(n))
    return {"share": share.estimate, "low": share.low, "high": share.high}


def clopper_pearson(k, n, *, confidence=CONFIDENCE):
    """The exact interval of k of n, never too narrow and often too wide. In R: ``binom.test(k, n)``.

    Clopper and Pearson (1934), Biometrika 26, 404-413: limits by the quantiles of Beta(k, n − k + 1) and
    Beta(k + 1, n − k).

    Raises
    ------
    DataError
        When not 0 ≤ k ≤ n, or n is 0.

    Examples
    --------
    None of n: 0 to 1 − 0.025^(1/n).

    >>> round(clopper_pearson(0, 2).high, 9), round(1 - 0.025**0.5, 9)
    (0.841886117, 0.841886117)
    """
    _check_count(k, n)
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, k, n - k + 1) if k > 0 else 0.0
    high = stats.beta.ppf(1 - tail, k + 1, n - k) if k < n else 1.0
    return Interval(k / n, float(low), float(high), n)


def difference_of_groups(rows, values, *, by, first, second, cluster=("organization_id",), confidence=CONFIDENCE):
    """How much higher the mean (or share) of one group is than that of another.

    The slope of a least-squares line on belonging to ``second``, with CR2 and Satterthwaite degrees of freedom as in
    :func:`mean_with_interval`; of shares it is a difference in proportions. In R:
    ``clubSandwich::conf_int(f, vcovCR(f, cluster, "CR2"))`` with ``f = lm(values ~ (by == second))``.

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
    for group in (first, second):
        if not (some[by] == group).any():
            raise DataError(f'{values} by {by}: no row of "{group}" has a value, so there is nothing to compare.')
    y, codes = _known(some[values], some[[cluster] if isinstance(cluster, str) else list(cluster)])
    X = np.column_stack([np.ones(len(y)), (some[by] == second).to_numpy(float)])
    estimate, std_error, df = _contrast(X, y, codes)
    reach = float(stats.t.ppf((1 + confidence) / 2, df)) * std_error
    return Interval(estimate, estimate - reach, estimate + reach, len(y), std_error, df)


def difference_of_waves(
    rows, values, *, wave="wave", first, second, organization="organization_id", confidence=CONFIDENCE
):
    r"""How much the mean (or share) of the organizations that answered in both waves changed.

    An organization's answers in a wave are averaged; with :math:`d` the :math:`n` changes from ``first`` to
    ``second``, the interval is :math:`\bar d \pm t_{n-1} \, s_d / \sqrt n`. In R:
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
    change = (both[second] - both[first]).to_numpy()
    n = len(change)
    if n == 0:
        raise DataError(f"{values}: no {organization} has a value in both {wave} {first} and {wave} {second}.")
    mean = float(change.mean())
    std_error = float(change.std(ddof=1) / np.sqrt(n)) if n > 1 else NAN
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * std_error if n > 1 else NAN
    return Interval(mean, mean - reach, mean + reach, n, std_error, n - 1 if n > 1 else NAN)


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of a scale: ``raw`` with its interval, ``standardized``, and ``if_dropped`` by item."""

    raw: float
    low: float
    high: float
    standardized: float
    std_error: float
    if_dropped: pd.Series
    n: int


def cronbach_alpha(items, *, confidence=CONFIDENCE):
    r"""How well the questions of a scale hang together: Cronbach's alpha.

    With :math:`C` the covariance matrix of the :math:`k` items,

    .. math:: \alpha = \frac{k}{k - 1} \left( 1 - \frac{\operatorname{tr} C}{1' C 1} \right);

    ``standardized`` is the same of the correlations. The interval is Feldt's (1965), Psychometrika 30, 357-370:
    :math:`1 - (1 - \alpha) F`, with F of :math:`n - 1` and :math:`(n - 1)(k - 1)` degrees of freedom; the standard
    error that of Duhachek and Iacobucci (2004), Journal of Applied Psychology 89, 792-808. Only rows with an answer to
    every item count. In R: ``psych::alpha(items)`` (``total$raw_alpha``, ``std.alpha``, ``ase``; ``alpha.drop``).

    Parameters
    ----------
    items : DataFrame, one row per respondent, one column per question, all pointing the same way
    confidence : float

    Returns
    -------
    Alpha

    Raises
    ------
    DataError
        Fewer than 2 items or 3 complete rows, or an item to which all gave the same answer.

    Examples
    --------
    Two items with variances 1 and 1 and covariance ½: 2 · (1 − 2/3).

    >>> round(cronbach_alpha(pd.DataFrame({"clear": [1, 2, 3], "useful": [1, 3, 2]})).raw, 9)
    0.666666667
    """
    known = items.dropna().astype(float)
    n, k = known.shape
    if k < 2 or n < 3:
        raise DataError(f"a scale: found {k} items and {n} complete rows; expected at least 2 items and 3 rows.")
    C = known.cov().to_numpy()
    if constant := [str(name) for name, variance in zip(known, np.diag(C), strict=True) if variance == 0]:
        raise DataError(f"a scale: all gave the same answer to {', '.join(constant)}. Leave it out.")
    if C.sum() <= 1e-12 * np.trace(C):
        raise DataError("a scale: the items cancel each other out. Turn those round that point the other way.")
    raw, tail = _alpha(C), (1 - confidence) / 2
    low, high = (1 - (1 - raw) * stats.f.isf(side, n - 1, (n - 1) * (k - 1)) for side in (tail, 1 - tail))
    total, trace = C.sum(), np.trace(C)
    spread = total * (np.trace(C @ C) + trace**2) - 2 * trace * (C @ C).sum()
    std_error = np.sqrt(2 * k**2 / ((k - 1) ** 2 * total**3) * spread / n)
    kept = {name: [i for i in range(k) if i != j] for j, name in enumerate(known)} if k > 2 else {}
    dropped = pd.Series({name: _alpha(C[np.ix_(rest, rest)]) for name, rest in kept.items()}, dtype=float)
    correlations = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
    return Alpha(raw, float(low), float(high), _alpha(correlations), float(std_error), dropped, n)


def _alpha(C):
    k = len(C)
    return float(k / (k - 1) * (1 - np.trace(C) / C.sum()))


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
    y = values[known].to_numpy(float)
    return y, {name: pd.factorize(of_cluster[name], sort=True)[0] for name in of_cluster}


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
    robust = clusterings(fit, codes)
    return estimate, *robust.basis(last)[:2]


def _wilson(p, n, quantile):
    if not n > 0:
        return NAN, NAN
    ratio = quantile**2 / n
    middle, reach = p + ratio / 2, np.sqrt(ratio * p * (1 - p) + ratio**2 / 4)
    low = 0.0 if p == 0 else (middle - reach) / (1 + ratio)  # exactly: not what rounding leaves
    return float(low), float(1.0 if p == 1 else (middle + reach) / (1 + ratio))


def _check_count(k, n):
    if not 0 <= k <= n or n == 0:
        raise DataError(f"found {k} of {n}; expected a count between 0 and a number above 0.")

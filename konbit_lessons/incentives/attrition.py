"""Whose outcome is missing, with an incentive and without it, and what that leaves open: the bounds of Lee (2009).

Takes a result; returns a frame. For ``estimates``, of a study whose incentives were drawn by lot.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from konbit_lessons.incentives.balance import is_few

COLUMNS = ["term", "n", "missing_with", "missing_without", "low", "high", "conf_low", "conf_high"]
DRAWS = 499


def attrition_of(result, *, draws=DRAWS, seed=1):
    r"""The shares without an outcome, and bounds on the effect on those who have one with the incentive and without it.

    Of the side with fewer missing, the share by which its answers are more, :math:`q = (s_1 - s_0) / s_1`, is cut off
    once at the top and once at the bottom; the means of what is left, less that of the other side, are the bounds. They
    hold where the incentive moved who has an outcome one way only. A value at the cut counts in part, so that the
    bounds are sharp for a yes or no as well. The interval is that of Imbens and Manski (2004), which holds the effect,
    from a bootstrap of the first clusters. Nothing is adjusted for.

    Parameters
    ----------
    result : Estimates
    draws, seed : of the bootstrap

    Returns
    -------
    DataFrame, one row per incentive that was offered or not, where some outcome is missing and known on both sides
        ``term``, ``n`` (rows with a known incentive), ``missing_with`` and ``missing_without`` (shares), ``low``,
        ``high``, ``conf_low``, ``conf_high``. No share is about fewer than ``smallest`` rows.

    References
    ----------
    Lee (2009), Review of Economic Studies 76, 1071-1102; Imbens and Manski (2004), Econometrica 72, 1845-1857. In
    Stata: ``leebounds``.
    """
    rows, question, _ = result.asked
    design, lines = result.answers.design, []
    outcome = design.formula.asks
    for key, term in design.terms.items():
        if outcome not in rows or not term.is_offered or question["trials"]:
            continue
        among = rows[rows[term.column].isin([term.level, term.against])] if term.level else rows
        among = among.dropna(subset=[term.column, design.first, *filter(None, [question["weights"]])])
        x = (among[term.column] == term.level if term.level else among[term.column]).to_numpy(float)
        w = among[question["weights"]].to_numpy(float) if question["weights"] else np.ones(len(x))
        data = x, among[outcome].to_numpy(float), w
        is_missing = np.isnan(data[1]) * 1.0
        sides = [is_missing[x == side] for side in (1, 0)]
        none = not is_missing.any() or any(side.all() for side in sides)
        if none or any(is_few(side, result.smallest) for side in sides):
            continue
        found, spread = lee_bounds(*data), _spread(data, pd.factorize(among[design.first])[0], draws, seed)
        shares = [np.average(is_missing[x == side], weights=w[x == side]) for side in (1, 0)]
        lines.append([key, len(x), *shares, *found, *imbens_manski(found, spread, result.confidence)])
    return pd.DataFrame(lines, columns=COLUMNS)


def lee_bounds(x, y, w):
    """Lee's bounds (low, high) of 0 and 1 x (n,), outcomes y (n,) with NaN where missing, and weights w (n,).

    Examples
    --------
    All four with it have an outcome, two of four without it: half of those with it are cut off.

    >>> y = np.array([1.0, 2, 3, 4, 2, 2, np.nan, np.nan])
    >>> lee_bounds(np.repeat([1.0, 0.0], 4), y, np.ones(8))
    (-0.5, 1.5)
    """
    known = ~np.isnan(y)
    share = [np.average(known[x == side], weights=w[x == side]) for side in (1, 0)]
    more = 1 if share[0] >= share[1] else 0
    q = 1 - min(share) / max(share)
    ends = [_mean_without(y[some], w[some], q, top) for some in [known & (x == more)] for top in (True, False)]
    other = np.average(y[known & (x != more)], weights=w[known & (x != more)])
    low, high = sorted([ends[0] - other, ends[1] - other]) if more else sorted([other - ends[0], other - ends[1]])
    return float(low), float(high)


def _mean_without(y, w, q, top):
    """The mean without the share q at the top, or at the bottom; the weight at the cut counts in part."""
    order = np.argsort(y if top else -y, kind="stable")
    y, w = y[order], w[order]
    left = np.clip((1 - q) * w.sum() - (np.cumsum(w) - w), 0.0, w)
    return left @ y / left.sum()


def _spread(data, codes, draws, seed):
    """The standard errors of the two bounds, by drawing whole clusters anew."""
    rng, J, found = np.random.default_rng(seed), codes.max() + 1, []
    x, y, w = data
    for _ in range(draws):
        times = np.bincount(rng.integers(0, J, J), minlength=J)[codes] * w
        some = times > 0
        sides = [some & (x == side) & ~np.isnan(y) for side in (0, 1)]
        if all(side.any() for side in sides):
            found.append(lee_bounds(x[some], y[some], times[some]))
    return np.std(found, axis=0, ddof=1) if len(found) > 1 else np.full(2, np.nan)


def imbens_manski(bounds, spread, confidence):
    """The interval that holds a value between two bounds, given their standard errors, as often as ``confidence``.

    Examples
    --------
    Bounds that are one point have the usual interval; far apart, each end is that of a one-sided one.

    >>> [round(end, 2) for end in imbens_manski((0.0, 0.0), (1.0, 1.0), 0.95)]
    [-1.96, 1.96]
    >>> [round(end, 2) for end in imbens_manski((0.0, 100.0), (1.0, 1.0), 0.95)]
    [-1.64, 101.64]
    """
    (low, high), most = bounds, max(spread)
    if not most > 0:
        return (low, high) if most == 0 else (np.nan, np.nan)
    reach = brentq(lambda c: norm.cdf(c + (high - low) / most) - norm.cdf(-c) - confidence, 0.0, 10.0)
    return float(low - reach * spread[0]), float(high + reach * spread[1])

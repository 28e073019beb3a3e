"""The interval of the penalized likelihood, for an incentive that the usual standard error cannot serve.

Takes a Firth fit and what one term changes; returns the average marginal effect at the two ends of the profile interval.
It ignores clustering, and is labelled so wherever it is shown.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import chi2

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import TIGHT, maximized, penalized, standardized


def penalized_interval(design, key, fit, confidence=0.95):
    """The average marginal effects (low, high) of a term between the profile-penalized limits of its coefficient.

    Of a 0/1 incentive these are the effects at the limits. The effect of a number, β · mean[p(1 − p)], falls again
    where β is large, so the lowest and the highest on the way from one limit to the other are taken. Of a term with
    interactions the coefficient is that of its average change.
    """
    X, column, back = design.alone(key)
    alone = replace(fit, X=X, coefficients=np.linalg.solve(back, fit.coefficients))
    way = profile_limits(alone, design.y, column, confidence)
    contrast = design.contrast(key)
    if not contrast.offered:
        way = np.vstack([way, alone.coefficients, _between(alone, design.y, column, *way[:, column])])
    effects = [contrast.effect(back @ beta)[0] for beta in way]
    return min(effects), max(effects)


def _between(fit, y, column, low, high, points=20):
    Z, back = standardized(fit.X)
    best, scale, free = np.linalg.solve(back, fit.coefficients), back[column, column], _all_but(fit, column)
    ends = np.linspace(low, high, points + 2)[1:-1]
    return [back @ maximized(Z, (y, _trials(fit, y)), np.where(free, best, b / scale), free)[0] for b in ends]


def _trials(fit, y):
    return np.ones(len(y)) if fit.trials is None else fit.trials


def _all_but(fit, column):
    return np.arange(fit.X.shape[1]) != column


def profile_limits(fit, y, column, confidence=0.95):
    """Coefficients (2, k) at the lower and upper profile limit of one coefficient.

    The limits are the values b of the coefficient at which the penalized likelihood l*(β) = l(β) + ½ log|X'WX|,
    maximized over the others with the penalty of the full model, is χ²₁/2 below its maximum. Heinze & Schemper (2002).
    In R: ``logistf(...)$ci.lower`` and ``ci.upper``.

    Examples
    --------
    >>> from scipy.special import expit
    >>> from konbit_lessons.incentives.fit import fit_model
    >>> X, y = np.ones((10, 1)), np.array([0.0] * 5 + [1.0] * 5)
    >>> low, high = profile_limits(fit_model(X, y, "firth"), y, 0)[:, 0]
    >>> round(float(low + high), 8)   # 5 of 10: symmetric around log-odds 0
    0.0
    >>> # 5.5·log p + 5.5·log(1 − p) at the limit, against its maximum at ½
    >>> p = expit(high)
    >>> round(float(2 * 5.5 * (2 * np.log(0.5) - np.log(p) - np.log(1 - p))), 6), round(float(chi2.ppf(0.95, 1)), 6)
    (3.841459, 3.841459)
    """
    # of the intercept, centring would change what it means
    Z, back = standardized(fit.X, centred=bool(np.ptp(fit.X[:, column]) > 0))
    best, drop = np.linalg.solve(back, fit.coefficients), chi2.ppf(confidence, 1) / 2
    free = _all_but(fit, column)
    limits = [_limit(Z, (y, _trials(fit, y)), best, free, drop, side) for side in (-1.0, 1.0)]
    return np.array(limits) @ back.T


def _limit(Z, data, best, free, drop, side):
    """Newton's method on the profile, kept between a point above the target and one below it."""
    top, _, information = penalized(Z, data, best)
    column = int(np.flatnonzero(~free)[0])
    inside, outside = best[column], np.inf * side
    width = np.sqrt(np.linalg.inv(information)[column, column])
    beta, b = best, inside + side * width * np.sqrt(2 * drop)
    for _ in range(100):
        beta, height, score = maximized(Z, data, np.where(free, beta, b), free)
        gap, slope = height - (top - drop), score[column]
        if abs(gap) < TIGHT:
            return beta
        inside, outside = (b, outside) if gap > 0 else (inside, b)
        step = b - gap / slope if slope * side < 0 else np.nan
        within = min(inside, outside) < step < max(inside, outside)
        far = inside + side * 4 * width if np.isinf(outside) else (inside + outside) / 2
        b = step if within and abs(step - b) < 8 * width else far
    raise ModelError("the penalized interval did not converge. Name fewer columns in adjust_for.")

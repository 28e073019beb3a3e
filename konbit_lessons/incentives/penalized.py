"""The interval of the penalized likelihood, for an incentive that the usual standard error cannot serve.

Takes a Firth fit and what one term changes; returns the average marginal effect at the two ends of the profile interval.
It ignores clustering, and is labelled so wherever it is shown.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import chi2

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import TIGHT, maximized, orthonormal, penalized


def penalized_interval(design, key, fit, confidence=0.95):
    """The average marginal effects (low, high) of a term between the profile-penalized limits of its coefficient.

    Of a 0/1 incentive these are the effects at the limits (or the estimate, where it lies beyond them, since the other
    coefficients move as well). The effect of a number, β · mean[p(1 − p)], falls again
    where β is large, so the lowest and the highest on the way from one limit to the other are taken. Of a term with
    interactions the coefficient is that of its average change.
    """
    X, column, back = design.alone(key)
    alone = replace(fit, X=X, coefficients=np.linalg.solve(back, fit.coefficients))
    limits, contrast = profile_limits(alone, design.y, column, confidence), design.contrast(key)
    way = [*limits, alone.coefficients]
    if not contrast.offered:
        way += _between(alone, design.y, column, *limits[:, column])
    effects = [contrast.effect(back @ beta)[0] for beta in way]
    return min(effects), max(effects)


def _between(fit, y, column, low, high, points=20):
    Z, back = orthonormal(fit.X, column)
    best, free = np.linalg.solve(back, fit.coefficients), _but_the_last(Z)
    ends = np.linspace(low, high, points + 2)[1:-1] / back[column, -1]
    return [back @ maximized(Z, (y, _trials(fit, y)), np.where(free, best, b), free)[0] for b in ends]


def _trials(fit, y):
    return np.ones(len(y)) if fit.trials is None else fit.trials


def _but_the_last(Z):
    return np.arange(Z.shape[1]) < Z.shape[1] - 1


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
    Z, back = orthonormal(fit.X, column)
    best, drop = np.linalg.solve(back, fit.coefficients), chi2.ppf(confidence, 1) / 2
    side = np.sign(back[column, -1])
    limits = [_limit(Z, (y, _trials(fit, y)), best, drop, one) for one in (-side, side)]
    return np.array(limits) @ back.T


def _limit(Z, data, best, drop, side):
    """Newton's method on the profile, kept between a point above the target and one below it."""
    top, _, information = penalized(Z, data, best)
    free, inside, outside = _but_the_last(Z), best[-1], np.inf * side
    width = np.sqrt(np.linalg.inv(information)[-1, -1])
    beta, b = best, inside + side * width * np.sqrt(2 * drop)
    for _ in range(100):
        beta, height, score = maximized(Z, data, np.where(free, beta, b), free)
        gap, slope = height - (top - drop), score[-1]
        if abs(gap) < TIGHT:
            return beta
        inside, outside = (b, outside) if gap > 0 else (inside, b)
        step = b - gap / slope if slope * side < 0 else np.nan
        within = min(inside, outside) < step < max(inside, outside)
        far = inside + side * 4 * width if np.isinf(outside) else (inside + outside) / 2
        b = step if within and abs(step - b) < 8 * width else far
    raise ModelError("the penalized interval did not converge. Name fewer columns in adjust_for.")

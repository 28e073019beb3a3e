"""The interval of the penalized likelihood, for an incentive that the usual standard error cannot serve.

Takes a Firth fit and one term; returns the average marginal effect at the two ends of the term's profile interval.
It ignores clustering, and is labelled so wherever it is shown.
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import expit
from scipy.stats import chi2

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.effects import marginal_effect
from konbit_lessons.incentives.fit import standardized

TOLERANCE = 1e-10


def penalized_interval(fit, y, column, *, offered, confidence=0.95, rows=slice(None), others=()):
    """The average marginal effects (low, high) between the profile-penalized limits of one coefficient of a Firth fit.

    Of a 0/1 incentive these are the effects at the limits. The effect of a number, β · mean[p(1 − p)], falls again
    where β is large, so the lowest and the highest on the way from one limit to the other are taken. ``rows`` are those
    that the effect is the average of, and ``others`` as in ``marginal_effect``.
    """
    way = profile_limits(fit, y, column, confidence)
    if not offered:
        way = np.vstack([way, fit.coefficients, _between(fit, y, column, *way[:, column])])
    effects = [marginal_effect(fit.X[rows], beta, column, offered=offered, others=others)[0] for beta in way]
    return min(effects), max(effects)


def _between(fit, y, column, low, high, points=20):
    Z, back = standardized(fit.X)
    best, scale, data = np.linalg.solve(back, fit.coefficients), back[column, column], (y, _trials(fit, y))
    return [back @ _maximized(Z, data, best, column, b / scale)[0] for b in np.linspace(low, high, points + 2)[1:-1]]


def _trials(fit, y):
    return np.ones(len(y)) if fit.trials is None else fit.trials


def profile_limits(fit, y, column, confidence=0.95):
    """Coefficients (2, k) at the lower and upper profile limit of one coefficient.

    The limits are the values b of the coefficient at which the penalized likelihood l*(β) = l(β) + ½ log|X'WX|,
    maximized over the others with the penalty of the full model, is χ²₁/2 below its maximum. Heinze & Schemper (2002).
    In R: ``logistf(...)$ci.lower`` and ``ci.upper``.

    Examples
    --------
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
    Z, back = standardized(fit.X, centred=column > 0)  # centring would change what the intercept means
    best = np.linalg.solve(back, fit.coefficients)
    data = y, _trials(fit, y)
    limits = [_limit(Z, data, best, column, chi2.ppf(confidence, 1) / 2, side) for side in (-1.0, 1.0)]
    return np.array(limits) @ back.T


def _limit(Z, data, best, column, drop, side):
    """Newton's method on the profile, kept between a point above the target and one below it."""
    top, _, information = _penalized(Z, data, best)
    inside, outside = best[column], np.inf * side
    width = np.sqrt(np.linalg.inv(information)[column, column])
    beta, b = best, inside + side * width * np.sqrt(2 * drop)
    for _ in range(100):
        beta, height, slope = _maximized(Z, data, beta, column, b)
        gap = height - (top - drop)
        if abs(gap) < TOLERANCE:
            return beta
        inside, outside = (b, outside) if gap > 0 else (inside, b)
        step = b - gap / slope if slope * side < 0 else np.nan
        within = min(inside, outside) < step < max(inside, outside)
        far = inside + side * 4 * width if np.isinf(outside) else (inside + outside) / 2
        b = step if within and abs(step - b) < 8 * width else far
    raise ModelError("the penalized interval did not converge. Name fewer columns in adjust_for.")


def _maximized(Z, data, beta, column, b):
    """The other coefficients at their best with one held at b: (coefficients, penalized likelihood, its slope in b)."""
    free = np.arange(Z.shape[1]) != column
    beta = np.where(free, beta, b)
    height, score, information = _penalized(Z, data, beta)
    for _ in range(200):
        if not free.any() or np.abs(score[free]).max() < TOLERANCE:
            break
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        step *= min(1.0, 5.0 / np.abs(step).max())
        for _ in range(30):
            trial = _penalized(Z, data, beta + step)
            gain = (trial[0] - height) / (1 + abs(height))
            # near the maximum heights differ by rounding only: there the score decides, or too long a step would swing
            if gain > 1e-6 or (gain > -1e-11 and np.abs(trial[1][free]).max() < 0.9 * np.abs(score[free]).max()):
                break
            step /= 2
        beta, (height, score, information) = beta + step, trial
        if np.abs(step).max() < 1e-12:
            break
    return beta, height, score[column]


def _penalized(Z, data, beta):
    """l + ½ log|Z'WZ|, the modified score Z'(m(y − p) + h(½ − p)), and Z'WZ, of shares y of m."""
    y, m = data
    eta = Z @ beta
    p = expit(eta)
    rooted = Z * np.sqrt(m * p * (1 - p))[:, None]
    information = rooted.T @ rooted
    try:
        root = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:  # so far out that rounding leaves no information: as low as can be
        return -np.inf, np.zeros(len(beta)), np.eye(len(beta))
    leverage = (solve_triangular(root, rooted.T, lower=True) ** 2).sum(axis=0)
    height = m @ (y * eta - np.logaddexp(0, eta)) + np.log(np.diag(root)).sum()
    return height, Z.T @ (m * (y - p) + leverage * (0.5 - p)), information

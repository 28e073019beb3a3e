"""What can be said of an incentive that the usual standard error cannot serve: a penalized interval, a permutation p.

Takes a ``Design`` and a term. The interval of the penalized likelihood ignores clustering, and is labelled so wherever
it is shown. For the permutation the incentive is shuffled as it was given out: among the organizations, or among the
events, within their type; one that changes from row to row, among the rows of each group.
"""

import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import chi2

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import TIGHT, fit_model, maximized, orthonormal, penalized

BETWEEN = 20  # points on the way from one limit to the other


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
        Z, turn = orthonormal(X, column)
        best = np.linalg.solve(turn, alone.coefficients)[:-1]
        between = np.linspace(*limits[:, column], BETWEEN + 2)[1:-1] / turn[column, -1]
        way += [turn @ maximized(Z, (design.y, fit.trials), np.append(best, b), len(best))[0] for b in between]
    effects = [contrast.effect(back @ beta)[0] for beta in way]
    return min(effects), max(effects)


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
    return np.array([_limit(Z, (y, fit.trials), best, drop, one) for one in (-side, side)]) @ back.T


def _limit(Z, data, best, drop, side):
    """Newton's method on the profile, kept between a point above the target and one below it."""
    top, _, information = penalized(Z, data, best)
    inside, outside = best[-1], np.inf * side
    width = np.sqrt(np.linalg.inv(information)[-1, -1])
    beta, b = best, inside + side * width * np.sqrt(2 * drop)
    for _ in range(100):
        beta, height, score = maximized(Z, data, np.append(beta[:-1], b), len(beta) - 1)
        gap, slope = height - (top - drop), score[-1]
        inside, outside = (b, outside) if gap > 0 else (inside, b)
        if abs(gap) < TIGHT or abs(outside - inside) < TIGHT * width:  # between two maxima the profile jumps
            return beta
        step = b - gap / slope if slope * side < 0 else np.nan
        within = min(inside, outside) < step < max(inside, outside)
        far = inside + side * 4 * width if np.isinf(outside) else (inside + outside) / 2
        b = step if within and abs(step - b) < 8 * width else far
    raise ModelError("the penalized interval did not converge. Name fewer columns in adjust_for.")


def permutation_p(design, name, *, varies_by, permutations, seed, method="firth", drawn_within=None):
    """(1 + #{|T*| ≥ |T|}) / (permutations + 1), with T the efficient score of the incentive.

    One Firth fit without the incentive gives probabilities p and weights W; with residuals r = y − p,
    T = x'(I − WX(X'WX)⁻¹X')r, so that a shuffled x needs no new fit: T* = x*'u. Phipson & Smyth (2010) for the 1 + .
    Of an incentive with interactions, all its columns are left out. The shuffles depend on the seed, the incentive's
    name and the sorted ids, not on the order of the rows.

    Returns
    -------
    float; NaN when no shuffle could differ, or ``permutations`` is 0.
    """
    if not permutations:
        return float("nan")
    X = np.delete(design.X, design.contrast(name).columns, axis=1)
    fit = fit_model(X, design.y, method, design.mass, design.strata)
    WX = X * fit.weights[:, None]
    u = fit.score - WX @ np.linalg.lstsq(WX.T @ X, X.T @ fit.score, rcond=None)[0]
    options = {"permutations": permutations, "seed": seed, "drawn_within": drawn_within}
    dealt = shuffled_scores(design, name, u, varies_by=varies_by, **options)
    if not len(dealt):
        return float("nan")
    observed = abs(design.terms[name].x @ u)
    as_far = np.abs(dealt) >= observed - 1e-10 * max(observed, np.abs(dealt).max())
    return float((1 + as_far.sum()) / (permutations + 1))


def shuffled_scores(design, name, u, *, varies_by, permutations, seed, drawn_within=None):
    """x*'u of every shuffle x* of the incentive, for ``u`` (n,); none when no shuffle could differ.

    Shuffles stay within the levels of the columns ``drawn_within``, where the incentive was drawn by lot; else within
    groups, or kinds of them.
    """
    score, value, strata, fixed = _to_shuffle(design, name, varies_by, u, drawn_within)
    if not len(value):
        return np.empty(0)
    rng, dealt = np.random.default_rng([seed, zlib.crc32(name.encode())]), []
    order, places = np.empty(len(strata), int), np.argsort(strata, kind="stable")
    for _ in range(permutations):  # a random order of the positions that keeps each within its stratum
        order[places] = np.argsort(strata + rng.random(len(strata)))
        dealt.append(fixed + score @ value[order])
    return np.array(dealt)


def _to_shuffle(design, name, varies_by, u, drawn_within):
    """What a shuffle moves: of the strata in which the incentive differs, each group's score, value and stratum; the
    other strata add the same to every T*."""
    x, lots = design.terms[name].x, None
    if drawn_within is not None:
        told = design.frame[list(drawn_within)]
        lots = pd.MultiIndex.from_frame(told).factorize()[0] if len(drawn_within) else np.zeros(len(x), int)
    if varies_by == "row":
        score, value, strata = u, x, next(iter(design.clusters.values())) if lots is None else lots
    else:
        codes = design.clusters[varies_by]
        first = np.unique(codes, return_index=True)[1]
        score, value = np.bincount(codes, u), x[first]
        strata = (_kinds(design, codes) if lots is None else lots)[first]
    for other in design.others(name):  # groups with another level of the factor keep it
        with_it = design.terms[other].x > 0
        strata = 2 * strata + (with_it if varies_by == "row" else with_it[first])
    low, high = np.full(strata.max() + 1, np.inf), np.full(strata.max() + 1, -np.inf)
    np.minimum.at(low, strata, value)
    np.maximum.at(high, strata, value)
    moves = (high > low)[strata]
    return score[moves], value[moves], strata[moves], score[~moves] @ value[~moves]


def _kinds(design, codes):
    """The type of each row's group, by the first ``*_type`` adjuster that is constant within groups; or one for all."""
    types = [design.frame[name] for name in design.adjusters if name.endswith("_type")]
    constant = (pd.factorize(kind, sort=True)[0] for kind in types if (kind.groupby(codes).nunique() < 2).all())
    return next(constant, np.zeros(len(codes), int))

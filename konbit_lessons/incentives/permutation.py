"""A permutation p-value, for an incentive that the usual test cannot serve.

Takes a ``Design`` and an incentive; returns p. The incentive is shuffled as it was given out: among the organizations,
or among the events, within their type; one that changes from row to row, among the rows of each group.
"""

import zlib

import numpy as np

from konbit_lessons.incentives.fit import fit_model


def permutation_p(design, name, *, varies_by, permutations, seed):
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
    u = _projected(design, np.delete(np.arange(len(design.names)), design.contrast(name).columns))
    dealt = shuffled_scores(design, name, u, varies_by=varies_by, permutations=permutations, seed=seed)
    if not len(dealt):
        return float("nan")
    observed = abs(design.terms[name].x @ u)
    as_far = np.abs(dealt) >= observed - 1e-10 * max(observed, np.abs(dealt).max())
    return float((1 + as_far.sum()) / (permutations + 1))


def shuffled_scores(design, name, u, *, varies_by, permutations, seed):
    """x*'u of every shuffle x* of the incentive, for ``u`` (n,); none when no shuffle could differ."""
    score, value, strata, fixed = _to_shuffle(design, name, varies_by, u)
    if not len(value):
        return np.empty(0)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.array([fixed + score @ value[_shuffle(rng, strata)] for _ in range(permutations)])


def _to_shuffle(design, name, varies_by, u):
    """What a shuffle moves: of the strata in which the incentive differs, each group's score, value and stratum; the
    other strata add the same to every T*."""
    x = design.terms[name].x
    if varies_by == "row":
        score, value, strata = u, x, next(iter(design.clusters.values()))
    else:
        codes = design.clusters[varies_by]
        first = np.unique(codes, return_index=True)[1]
        kind = design.strata[varies_by]
        score, value = np.bincount(codes, u), x[first]
        strata = np.zeros(len(first), int) if kind is None else kind[first]
    for other in design.terms[name].others:  # groups with another level of the factor keep it
        with_it = design.terms[other].x > 0
        strata = 2 * strata + (with_it if varies_by == "row" else with_it[first])
    low, high = np.full(strata.max() + 1, np.inf), np.full(strata.max() + 1, -np.inf)
    np.minimum.at(low, strata, value)
    np.maximum.at(high, strata, value)
    moves = (high > low)[strata]
    return score[moves], value[moves], strata[moves], score[~moves] @ value[~moves]


def _projected(design, columns):
    X = design.X[:, columns]
    fit = fit_model(X, design.y, "firth", design.trials)
    WX = X * fit.weights[:, None]
    return fit.score - WX @ np.linalg.lstsq(WX.T @ X, X.T @ fit.score, rcond=None)[0]


def _shuffle(rng, strata):
    """A random order of the positions that keeps each within its stratum."""
    order = np.empty(len(strata), int)
    order[np.argsort(strata, kind="stable")] = np.lexsort([rng.random(len(strata)), strata])
    return order

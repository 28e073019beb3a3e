"""Separation: a term, alone or with others, that predicts participation without exception.

Takes a ``Design``; returns the names of the separated terms. Comes before any fit, because programs do not raise:
statsmodels reports ``converged=True`` and, with cluster errors, p = 0.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.special import expit

from konbit_lessons.incentives.independence import label

TOLERANCE = 1e-7


def separated_directions(X, y):
    """The directions (k, f) in which the likelihood of X (n, k) has no maximum; none (k, 0) if it has one.

    A term is separated when no comparison of the rows that overlap identifies it. Rows that do not overlap are those
    with s_i x_i'δ > 0 for a direction δ with s_i x_i'δ ≥ 0 in all rows (s = 2y − 1), found by a linear programme:
    Konis (2007); R's ``detectseparation::detect_separation``. The directions of which the rows that overlap say nothing
    are returned.
    """
    shares = (y > 0) & (y < 1)  # a share is some that did and some that did not
    X, y = np.concatenate([X, X[shares]]), np.concatenate([np.where(shares, 0.0, y), np.ones(shares.sum())])
    rows = _mixed(X, y)
    overlap = X[rows]
    if len(overlap) and not _has_maximum(overlap, y[rows]):
        overlap = _overlapping(*_patterns(overlap, y[rows]))
    if len(overlap) == len(X):
        return np.empty((X.shape[1], 0))
    spread = np.linalg.norm(X, axis=0)
    spread[spread == 0] = 1.0
    _, size, turn = np.linalg.svd((overlap / spread).T @ (overlap / spread), full_matrices=True, hermitian=True)
    return turn[size < 1e-12].T / spread[:, None]


def moves_freely(free, X, columns, step=None):
    """Whether a change of these columns (one, or ``step`` (k,) or (m, k)) goes along directions without a maximum."""
    if not free.size:
        return False
    moved = free[columns] if step is None else step @ free
    return bool(np.abs(moved).max() * np.linalg.norm(X[:, columns], axis=0).max() > TOLERANCE)


def separated_terms(X, y, names):
    """Names of the terms whose maximum-likelihood estimate does not exist (is infinite), in the order of X.

    Examples
    --------
    All who had it took part; of the others, half did.

    >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    >>> separated_terms(X, np.array([0.0, 1.0, 1.0]), ("(Intercept)", "refund"))
    ('refund',)
    """
    free = separated_directions(X, y)
    return tuple(name for j, name in enumerate(names) if moves_freely(free, X, [j]))


def separated_in(design):
    """Names of the terms of a ``Design`` that are separated; without any, of its other columns that are."""
    free, X = separated_directions(design.X, design.y), design.X
    if not free.size:
        return ()
    changes = {key: design.contrast(key) for key in design.terms if key not in design.unfit}
    terms = [key for key, one in changes.items() if moves_freely(free, X, list(one.columns), one.step)]
    return tuple(terms or [label(name) for j, name in enumerate(design.names) if moves_freely(free, X, [j])])


def _mixed(X, y):
    """The cross-tabulation: which rows are left when those are dropped that share a 0 or a 1 with which everybody, or
    nobody, took part; again until no more are. Those rows are separated, without a linear programme."""
    left = np.ones(len(X), dtype=bool)
    dummies = X[:, np.isin(X, (0.0, 1.0)).all(axis=0)]
    for column in np.tile(np.concatenate([dummies, 1 - dummies], axis=1), X.shape[1]).T:
        with_it = left & (column == 1)
        if with_it.any() and np.ptp(y[with_it]) == 0:
            left &= ~with_it
    return left


def _has_maximum(X, y, steps=30):
    """Whether Newton's method settles. A separated term moves on by about 1 a step; then the programme must decide."""
    left, size, _ = np.linalg.svd(X / np.maximum(np.abs(X).max(axis=0), 1e-300), full_matrices=False)
    Z = left[:, size > 1e-10 * size[0]] * np.sqrt(len(X))
    beta = np.zeros(Z.shape[1])
    for _ in range(steps):
        p = expit(Z @ beta)
        information = (Z * (p * (1 - p))[:, None]).T @ Z
        if np.linalg.cond(information) > 1e12:
            return False
        step = np.linalg.solve(information, Z.T @ (y - p))
        moved = np.abs(Z @ step).max()
        if moved < 1e-6:
            return True
        beta += step * min(1.0, 5.0 / moved)
    return False


def _patterns(X, y):
    """Distinct rows of s·x, and of x for those seen with both outcomes (which can never be separated)."""
    x, which = np.unique(X, axis=0, return_inverse=True)
    some_in = np.bincount(which.ravel(), y, len(x)) > 0
    some_out = np.bincount(which.ravel(), 1 - y, len(x)) > 0
    both = some_in & some_out
    return x[both], np.concatenate([x[some_in & ~both], -x[some_out & ~both]])


def _overlapping(both, signed):
    """The rows that no direction separates: separated rows are found and dropped until none is left to find."""
    rank_rows = np.linalg.qr(both, mode="r") if len(both) > both.shape[1] else both
    while len(signed):
        scale = np.abs(np.concatenate([both, signed])).max(axis=0)
        scale[scale == 0] = 1.0
        found = linprog(
            -(signed / scale).sum(axis=0),
            A_ub=-signed / scale,
            b_ub=np.zeros(len(signed)),
            A_eq=rank_rows / scale if len(both) else None,
            b_eq=np.zeros(len(rank_rows)) if len(both) else None,
            bounds=(-1, 1),
            method="highs",
        )
        gone = (signed / scale) @ found.x > TOLERANCE
        if not gone.any():
            break
        signed = signed[~gone]
    return np.concatenate([both, signed])

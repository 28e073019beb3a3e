"""Separation: a term, alone or with others, that predicts participation without exception.

Takes a design; returns its separated columns. Comes before any fit, because programs do not raise: statsmodels reports
``converged=True`` and, with cluster errors, p = 0.
"""

import numpy as np
from scipy.special import expit

from konbit_lessons.incentives.fit import orthonormal
from konbit_lessons.incentives.independence import label


def separated_columns(X, y):
    """Positions of the columns whose maximum-likelihood estimate does not exist (is infinite).

    Those are found by a linear programme: Konis (2007); R's ``detectseparation::detect_separation``, here that of
    firthmodels, which is asked only where Newton's method finds no maximum. A share is some that did and some that did
    not.

    Examples
    --------
    All who had it took part; of the others, half did.

    >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    >>> separated_columns(X, np.array([0.0, 1.0, 1.0]))
    (1,)
    """
    if _has_maximum(X, y):
        return ()
    from firthmodels import detect_separation  # brings scikit-learn: half a second, not at import

    scaled = X / np.maximum(np.abs(X).max(axis=0), 1e-300)
    seen = np.concatenate(
        [np.column_stack([scaled[some], np.full(some.sum(), one)]) for some, one in ((y > 0, 1), (y < 1, 0))]
    )
    rows = np.unique(seen, axis=0)
    found = detect_separation(rows[:, :-1], rows[:, -1], fit_intercept=False)
    return tuple(int(j) for j in np.flatnonzero(~found.is_finite))


def separated_in(design):
    """Names of the terms of a ``Design`` that are separated; without any, of its other columns that are."""
    columns = {*separated_columns(design.X, design.y)}
    terms = [key for key in design.terms if key not in design.unfit and columns & {*design.contrast(key).columns}]
    return tuple(terms or [label(design.names[j]) for j in sorted(columns)])


def _has_maximum(X, y, steps=30):
    """Whether Newton's method settles. A separated term moves on by about 1 a step; then the programme must decide."""
    Z, _ = orthonormal(X)
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

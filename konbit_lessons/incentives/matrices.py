"""The matrix that a formula makes of a frame, by statsmodels, and which of its columns can be fitted together.

Takes the right side of a formula and the complete rows; returns the matrix, the formula as statsmodels keeps it, so
that it can be applied to other rows, the columns to keep, and the exact linear relations of the others.
"""

import re

import numpy as np
from scipy.linalg import solve_triangular

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.columns import shown
from konbit_lessons.incentives.formula import NAMESPACE, does_not_parse, mentions, quoted, unquoted
from konbit_lessons.incentives.notes import Note
from konbit_lessons.words import mark

TOLERANCE = 1e-7  # a column whose remainder is a smaller share of it is collinear; R's lm uses the same


def matrix_of(spec, frame):
    """The matrix that a formula, as statsmodels keeps it, makes of a frame."""
    from statsmodels.formula._manager import FormulaManager  # brings patsy: not at import

    engine = "patsy" if type(spec).__name__ == "DesignInfo" else "formulaic"
    return np.asarray(FormulaManager(engine).get_matrices(spec, frame, pandas=False))


def evaluated(right, frame, formula):
    """The matrix of the right side of a formula, as a frame, and the formula as statsmodels keeps it."""
    import patsy
    from statsmodels.formula._manager import FormulaManager

    manager = FormulaManager("patsy")
    try:
        with np.errstate(all="ignore"):
            X = manager.get_matrices(f"~ {right}", frame, eval_env=NAMESPACE)
    except (patsy.PatsyError, SyntaxError) as problem:
        raise does_not_parse(str(formula), problem) from None
    bad = frame.index.difference(X.index).union(X.index[~np.isfinite(X).all(axis=1)])
    if len(bad):
        seen = ", ".join(f"{name} is {shown(frame.loc[bad[0], name])}" for name in frame if mentions(right, name))
        raise ModelError(
            f"formula: in {len(bad)} of {len(frame)} rows a term of {right!r} is no number, such as where {seen}. "
            "Write a term that has a value everywhere, such as np.log1p in place of np.log."
        )
    return X, manager.spec


def full_matrix(formula, frame, incentives, by=None):
    """The matrix (n, k) of a formula, the names of its columns, and the formula as statsmodels keeps it.

    With ``by``, every term of an incentive has its own effect in each group.
    """
    X, spec = evaluated(formula.right, frame, formula)
    if by:
        own = [one for one in spec.term_names if any(mentions(one, name) for name in incentives)]
        X, spec = evaluated(f"{formula.right} + {quoted(by)} + ({' + '.join(own)}):{quoted(by)}", frame, formula)
    if not np.ptp(X.to_numpy(), axis=0).min(initial=1.0) == 0.0:
        raise ModelError(f'formula: {str(formula)!r} leaves out the intercept; write it without "0 +" or "- 1".')
    return X.to_numpy(float), list(X.columns), spec


def independent(X, names, asked):
    """The columns of X that none of the others give.

    Adjusters come first: one that repeats earlier ones is dropped. Of the columns of incentives, one is dropped only if
    an exact relation needs it, so that the others can be fitted.

    Parameters
    ----------
    X : array (n, k), the intercept among its columns
    names : of its columns
    asked : positions of the columns of incentives

    Returns
    -------
    kept : list of int
    relations : list of (direction, names), a vector v (k,) with X v = 0 and the columns that it involves
    notes : list of Note, on adjusters that were dropped
    """
    centred = X - X.mean(axis=0)
    centred[:, np.ptp(X, axis=0) == 0] = 0.0
    size = np.linalg.norm(centred, axis=0)
    intercept = int(np.flatnonzero((size == 0) & (X[0] != 0))[0])
    order = [j for j in range(len(names)) if j not in asked and j != intercept] + list(asked)
    relations, notes = [], []
    while (found := _first_given(centred / np.where(size > 0, size, 1.0), order)) is not None:
        slopes, j = found
        slopes = {one: b * size[j] / size[one] for one, b in slopes.items()}
        partners = [label(names[one]) for one in slopes]
        relations.append((_relation(X, j, slopes, intercept), [label(names[j]), *partners]))
        if j not in asked:
            notes.append(_not_adjusted(label(names[j]), X[0, j], partners))
        order.remove(j)
    return sorted([intercept, *order]), relations, notes


def _first_given(Z, order):
    """The first column that those before it give: position → slope of each of them, and its own; None without any."""
    R = np.linalg.qr(Z[:, order], mode="r")
    given = np.flatnonzero(np.abs(np.diag(R)) <= TOLERANCE)
    if not len(given):
        return None
    at = int(given[0])
    slopes = solve_triangular(R[:at, :at], R[:at, at])
    return {j: b for j, b in zip(order, slopes, strict=False) if abs(b) > 1e-6}, order[at]


def label(column):
    """The name of a column as it is shown: "org_type: ngo" for the formula's "org_type[T.ngo]"."""
    return re.sub(r"\[T\.([^\]]*)\]", r": \1", unquoted(column))


def _not_adjusted(name, value, partners):
    if not partners:
        message = mark("{name} is {value} in every row, so it was not adjusted for.")
        return Note(message, name=name, value=f"{value:g}")
    message = mark("{name} repeats {others}, so it was not adjusted for.")
    return Note(message, name=name, others=", ".join(partners))


def _relation(X, j, slopes, intercept):
    direction = np.zeros(X.shape[1])
    direction[j] = 1.0
    direction[list(slopes)] = [-slope for slope in slopes.values()]
    direction[intercept] = -(X @ direction).mean() / X[0, intercept]
    return direction

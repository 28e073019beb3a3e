"""The matrix that a formula makes of a frame, by statsmodels.

Takes the right side of a formula and the complete rows; returns the matrix, and the formula as statsmodels keeps it, so
that it can be applied to other rows.
"""

import numpy as np

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.formula import NAMESPACE, does_not_parse, mentions, quoted
from konbit_lessons.incentives.outcomes import shown


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

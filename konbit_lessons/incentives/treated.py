"""The effect on those who were treated because it was offered to them: two-stage least squares.

Takes a result and the column that says who was treated; returns one answer. For ``estimates``. What was offered must
have been dealt out as if by lot, and work through the treatment only: then it is the effect on those whom the offer
moved (Angrist, Imbens and Rubin 1996, Journal of the American Statistical Association 91, 444-455).
"""

from dataclasses import replace

import numpy as np

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.balance import is_few
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.formula import unknown_column
from konbit_lessons.incentives.used import within

STRONG = 10  # F of the offer on the treatment: below, the interval does not hold what it says (Staiger and Stock 1997)


def treated_of(result, column):
    """The effect of a treatment, with the result's one incentive, yes or no, as its instrument.

    With Z the design, X the same with the treatment in the place of the incentive, and X̂ = Z(Z'Z)⁻¹Z'X, the
    coefficients are (X̂'X)⁻¹X̂'y; standard errors are CR2 on X̂ and y − Xβ, as ``clubSandwich`` has them of ``ivreg``.

    Returns
    -------
    dict : estimate, std_error, df, conf_low, conf_high, p_value; ``with_it`` and ``without_it``, the shares that were
        treated; ``first_stage`` (F), ``n``, and ``reason``: "weak", "few" (too few to be shown) or empty

    Raises
    ------
    ModelError
        There is no such column, it is not yes or no, or there is another number of incentives than one.
    """
    rows = result.asked[0]
    if column not in rows:
        raise unknown_column(column, rows.columns)
    known = rows.dropna(subset=column).reset_index(drop=True)
    linear = result.again(known, {"method": "linear"}, by=None, permutations=0)
    design, fit = linear.answers.design, linear.answers.fit
    d = known[column].to_numpy(float)[design.order]
    if len(design.fitted) != 1 or not np.isin(d, (0.0, 1.0)).all():
        raise ModelError(f'treated "{column}": expected yes or no, and one incentive, which is yes or no.')
    (key,) = design.fitted
    contrast, sides = design.contrast(key), design.compared(key)
    inside = within(d, design.mass, design.strata)
    basis, beta = _two_stages(linear.answers, contrast, inside)
    w = np.sqrt(design.mass)
    uptake = np.linalg.lstsq(w[:, None] * fit.X, w * inside, rcond=None)[0]
    first = _basis(linear.answers, fit.X, inside - fit.X @ uptake, contrast)
    strength = (contrast.mean_step @ uptake / first.std_error) ** 2
    few = any(is_few(d[side], result.smallest) for side in sides)
    shares = dict(zip(("with_it", "without_it"), (float(d[side].mean()) for side in sides), strict=True))
    told = {**basis.about(float(contrast.mean_step @ beta)), **shares, "first_stage": float(strength), "n": len(d)}
    return told | {"reason": "few" if few else "" if strength >= STRONG else "weak"}


def _two_stages(answers, contrast, d):
    """The basis of the treatment's coefficient, and the coefficients, the treatment in the place of the incentive."""
    design, Z, (j,) = answers.design, answers.fit.X, contrast.columns
    w, X = np.sqrt(design.mass)[:, None], Z.copy()
    X[:, j] = d
    fitted = Z @ np.linalg.lstsq(w * Z, w * X, rcond=None)[0]
    beta = np.linalg.solve((design.mass[:, None] * fitted).T @ X, (design.mass[:, None] * fitted).T @ design.y)
    return _basis(answers, fitted, within(design.y - X @ beta, design.mass, design.strata), contrast), beta


def _basis(answers, X, residuals, contrast):
    robust = clusterings(replace(answers.fit, X=X, score=answers.design.mass * residuals), answers.design.clusters)
    return robust.basis(contrast.mean_step, confidence=answers.confidence)

"""What could have been seen: the smallest effect of an incentive that these rows would have shown.

Takes a fit and its clusterings; returns a proportion. Part of an answer, beside the estimate.
"""

import numpy as np
from scipy.special import expit, stdtrit

POWER = 0.80


def smallest_detectable(fit, robust, contrast, *, kinds=(), rows=None, confidence=0.95, power=POWER, own=None):
    r"""The average marginal effect that would be found with probability ``power``, per unit for an amount.

    .. math:: (t_{1-\alpha/2,\,\nu} + t_{power,\,\nu}) \cdot s_0

    with :math:`s_0` the cluster-robust standard error of the effect where there is none, and :math:`\nu` its
    Satterthwaite degrees of freedom. Bloom (1995), Evaluation Review 19, 547-556. Where the coefficient is 0 the
    effect's gradient is mean[p(1 − p)] in the direction of the incentive's change and 0 in every other; the p are those
    of the fit without the incentive's part of it (``kinds``: the columns of its other kinds), its mean brought back to
    the mean of all rows. (To fit each model again without its incentive changes the result by less than a point.) With
    137 organizations in 4 quarters, base rate .35
    and an organization intercept of sd 1, the medians are 38, 29, 24, 18, 16, 14 points where .05, .08, .12, .2, .3, .5
    have it, and the effect is then found in 75 to 80 % of 1,200 simulations.

    Returns
    -------
    float, a proportion: 0.16 is 16 percentage points

    Examples
    --------
    40 groups of one row, 20 with the incentive, 10 of 20 taking part either way: CR2 is 2 · ¼ · 1/20 · 20/19.

    >>> from konbit_lessons.incentives.clusters import clusterings
    >>> from konbit_lessons.incentives.contrasts import of_column
    >>> from konbit_lessons.incentives.fit import fit_model
    >>> X = np.column_stack([np.ones(40), np.arange(40) % 2])
    >>> fit = fit_model(X, (np.arange(40) // 2 % 2).astype(float), "linear")
    >>> robust = clusterings(fit, {"group": np.arange(40)})
    >>> found = smallest_detectable(fit, robust, of_column(X, 1, offered=True))
    >>> t = stdtrit(38, [0.975, 0.8]).sum()
    >>> round(float(found / t), 9) == round((2 / 4 / 19) ** 0.5, 9)
    True
    """
    density = np.ones(len(contrast.base)) if fit.is_linear else _density(fit, [*contrast.columns, *kinds], rows)
    step = contrast.step
    gradient = density.mean() * step if step.ndim == 1 else density @ step / len(step)
    std_error, df, _ = robust.basis(gradient, confidence=confidence, own=own)
    reach = stdtrit(df, (1 + confidence) / 2) + stdtrit(df, power)
    return float(reach * std_error)


def _density(fit, columns, rows):
    """p(1 − p) without the part of these columns, at the mean share of all rows."""
    rows = slice(None) if rows is None else rows
    eta = fit.X @ fit.coefficients
    # less their mean, so that amounts far from 0 leave numbers near those of the fit
    part = (fit.X[:, columns] - fit.X[:, columns].mean(axis=0)) @ fit.coefficients[columns]
    without = (eta - part)[rows]
    target = expit(eta[rows]).mean()
    shift = 0.0
    for _ in range(50):  # Newton on the mean, which rises with the shift
        p = expit(without + shift)
        step = (target - p.mean()) / (p * (1 - p)).mean()
        shift += np.clip(step, -2, 2)
        if abs(step) < 1e-12:
            break
    p = expit(without + shift)
    return p * (1 - p)

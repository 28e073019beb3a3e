"""Average marginal effects: what an incentive goes with, as a difference in the share that takes part.

Takes a design and coefficients; returns the effect and its gradient, from which the covariance of the coefficients
gives the standard error (delta method).
"""

import numpy as np
from scipy.special import expit


def marginal_effect(X, coefficients, column, *, offered, linear=False, others=()):
    """Average marginal effect of one column, and its derivative with respect to the coefficients.

    Offered or not (0/1): mean_i[p(x_i with 1) − p(x_i with 0)]; of a level of a factor, with its ``others`` at 0. A
    number: β · mean_i[p_i(1 − p_i)], per unit. A linear model: β. In R: ``marginaleffects::avg_comparisons`` and
    ``avg_slopes``.

    Parameters
    ----------
    X : array (n, k)
    coefficients : array (k,)
    column : int, position of the incentive in X
    offered : bool, whether it is 0/1
    linear : bool, whether the model is linear
    others : positions of the other levels, when the column is one level of a factor

    Returns
    -------
    effect : float, a proportion: 0.12 is 12 percentage points (per unit, for a number)
    gradient : array (k,)

    Examples
    --------
    One incentive, intercept log(1/3), slope log 3: probabilities ¼ without and ½ with it.

    >>> X = np.array([[1.0, 0.0], [1.0, 1.0]])
    >>> effect, gradient = marginal_effect(X, np.array([-np.log(3), np.log(3)]), 1, offered=True)
    >>> round(float(effect), 9), gradient.round(9).tolist()
    (0.25, [0.0625, 0.25])
    """
    gradient = np.zeros(X.shape[1])
    if others:
        X = X.copy()
        X[:, list(others)] = 0.0
    if linear:
        gradient[column] = 1.0
        return coefficients[column], gradient
    slope, eta = coefficients[column], X @ coefficients
    if offered:
        without = eta - X[:, column] * slope
        p0, p1 = expit(without), expit(without + slope)
        gradient = (p1 * (1 - p1) - p0 * (1 - p0)) @ X / len(X)
        gradient[column] = (p1 * (1 - p1)).mean()
        return (p1 - p0).mean(), gradient
    p = expit(eta)
    density = p * (1 - p)
    gradient = slope * ((density * (1 - 2 * p)) @ X / len(X))
    gradient[column] += density.mean()
    return slope * density.mean(), gradient

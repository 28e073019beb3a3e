"""GEE: a logit that weighs rows by how alike the rows of one group are, with standard errors for few groups.

Takes a design, an outcome of 0 and 1 and the group of each row; returns a ``GEE``. Beside ``fit`` in the flow, for
``specifications``. Sums over groups only: linear in the rows, whatever their groups' sizes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import standardized

TOLERANCE = 1e-11  # of a step, in standard deviations of a column
FARTHEST = 30  # log-odds: beyond is separation, and rounding


@dataclass(frozen=True)
class GEE:
    """A logit by generalized estimating equations.

    coefficients : (k,), in log-odds, of the population. covariance : (k, k), bias-reduced. robust : (k, k), the usual
    sandwich, too small with few groups. correlation : α, of two rows of one group. scale : φ, of the variance.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    robust: np.ndarray
    correlation: float
    scale: float


def gee_logit(X, y, codes):
    r"""Fit a logit by GEE with exchangeable correlation within groups, and its bias-reduced covariance.

    With D_j = W_jX_j, V_j = φ W_j^½ R(α) W_j^½, R exchangeable and M = (Σ D_j'V_j⁻¹D_j)⁻¹, β solves
    Σ D_j'V_j⁻¹(y_j − p_j) = 0: Liang and Zeger (1986), Biometrika 73, 13-22. The covariance is

    .. math:: M \sum_j s_j s_j' M, \qquad s_j = D_j'V_j^{-1} (I - D_j M D_j'V_j^{-1})^{-1} (y_j - p_j)

    of Mancl and DeRouen (2001), Biometrics 57, 126-134. In R: ``geepack::geeglm(…, corstr = "exchangeable")`` and
    ``geesmv::GEE.var.md``; in Python statsmodels' ``GEE(…).fit(cov_type="bias_reduced")``.

    Parameters
    ----------
    X : array (n, k), full rank, its first column the intercept
    y : array (n,) of 0 and 1
    codes : array (n,) of int from 0, the group of each row

    Returns
    -------
    GEE

    Raises
    ------
    ModelError
        When the iterations do not settle, as with a separated term.

    Examples
    --------
    Four groups of two rows, a constant, half of the rows 1, so β is 0. Two groups agree and two do not: α is 0, M is
    1 / (8 · ¼) = ½, the groups' scores are 0, 0, 1 and −1: robust ¼ · 2, and each divided by 1 − ¼ when bias-reduced.

    >>> fit = gee_logit(np.ones((8, 1)), np.array([0.0, 1, 0, 1, 1, 1, 0, 0]), np.repeat([0, 1, 2, 3], 2))
    >>> abs(round(float(fit.coefficients[0]), 9)), abs(round(fit.correlation, 9))
    (0.0, 0.0)
    >>> round(float(fit.robust[0, 0]), 9), round(float(fit.covariance[0, 0]), 9)
    (0.5, 0.888888889)
    """
    Z, back = standardized(X)
    groups = _Groups(Z, y, codes)
    beta = np.zeros(X.shape[1])
    for _ in range(200):
        if np.abs(Z @ beta).max() > FARTHEST:
            break
        p, correlation, scale = groups.moments(beta)
        blocks, scores = groups.equations(p, correlation)
        bread = blocks.sum(axis=0)
        step = np.linalg.solve(bread, scores.sum(axis=0))
        beta = beta + step * min(1.0, 5.0 / np.abs(step).max(initial=1e-300))
        if np.abs(step).max() < TOLERANCE:
            return GEE(back @ beta, *(back @ V @ back.T for V in groups.covariances(beta)), correlation, scale)
    raise ModelError("GEE did not settle: a term may tell without exception who took part.")


class _Groups:
    """Sums over groups in which R⁻¹ = (I − c 11') / (1 − α), c = α / (1 + (m − 1)α), is applied without forming it."""

    def __init__(self, X, y, codes):
        order = np.argsort(codes, kind="stable")
        self.X, self.y = X[order], y[order]
        self.starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        self.sizes = np.diff(np.append(self.starts, len(codes)))

    def moments(self, beta):
        """p, α and φ: φ the mean squared Pearson residual, φα the mean product of two of one group, as geepack."""
        p = expit(self.X @ beta)
        residual = (self.y - p) / np.sqrt(p * (1 - p))
        scale = (residual**2).mean()
        pairs = (self.sizes * (self.sizes - 1)).sum()
        products = (self._sums(residual) ** 2 - self._sums(residual**2)).sum()
        lowest = -0.99 / max(self.sizes.max() - 1, 1)  # below, R is no correlation matrix
        return p, float(np.clip(products / (pairs * scale), lowest, 0.99)) if pairs else 0.0, float(scale)

    def covariances(self, beta):
        """Bias-reduced and robust. (I − D M D'V⁻¹)⁻¹ is pushed through D'V⁻¹, so that only k × k is inverted."""
        p, correlation, _ = self.moments(beta)
        blocks, scores = self.equations(p, correlation)
        M = np.linalg.inv(blocks.sum(axis=0))
        corrected = np.linalg.solve(np.eye(len(M)) - blocks @ M, scores[..., None])[..., 0]
        return tuple(M @ (s.T @ s) @ M for s in (corrected, scores))

    def equations(self, p, correlation):
        """Each D_j'V_j⁻¹D_j, (J, k, k), and each D_j'V_j⁻¹(y_j − p_j), (J, k), both times φ."""
        root = np.sqrt(p * (1 - p))
        U, residual = self.X * root[:, None], (self.y - p) / root
        share = correlation / (1 + (self.sizes - 1) * correlation)
        u, r = self._sums(U), self._sums(residual)
        blocks = np.stack([self._sums(U * column[:, None]) for column in U.T], axis=1)
        blocks -= (u * share[:, None])[:, :, None] * u[:, None, :]
        scores = self._sums(U * residual[:, None]) - u * (share * r)[:, None]
        return blocks / (1 - correlation), scores / (1 - correlation)

    def _sums(self, values):
        return np.add.reduceat(values, self.starts, axis=0)

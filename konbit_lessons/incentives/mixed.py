"""The random-intercept logit: every organization (or event) has its own level, and the levels are a normal population.

Takes a design, an outcome of 0 and 1 and the group of each row; returns a ``MixedLogit``. Beside ``fit`` in the flow:
``robustness`` asks it for the marginal effect, profiles for the levels of the groups. Vectorized over the groups,
linear in the rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import block_diag
from scipy.special import expit, logsumexp

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import fit_model, orthonormal

NODES = 41  # of the adaptive quadrature: at a standard deviation of 3.6 it is right to 6 digits, with 25 nodes to 4
NODES_OF_THE_MEAN = 60  # of the plain quadrature over the population of groups
TOLERANCE = 1e-9  # of a Newton step, in standard deviations of a column, and in log σ
STARTS = (0.3, 1.0, 3.0)  # of σ
SMALLEST = 1e-3  # σ below which the groups are alike
NO_MAXIMUM = (
    "the random-intercept logit has no maximum: a term tells without exception who took part, or no group has both "
    'yes and no. Use method="firth".'
)


@dataclass(frozen=True)
class MixedLogit:
    """A random-intercept logit, logit p_ij = x_ij'β + σ u_j with u_j standard normal.

    X : array (n, k). coefficients : β, (k,), given the group's level, in log-odds. sd : σ, 0 or more, in log-odds.
    covariance : of (β, σ), (k + 1, k + 1), the inverse observed information. log_likelihood : at the maximum.
    modes, conditional_sd : of each group's intercept σu_j given its rows, (J,), in log-odds: the level most in line
    with the rows, drawn towards 0 the fewer they are, and the spread around it.
    """

    X: np.ndarray
    coefficients: np.ndarray
    sd: float
    covariance: np.ndarray
    log_likelihood: float
    modes: np.ndarray
    conditional_sd: np.ndarray

    @property
    def std_error(self):
        """Standard errors of the coefficients, (k,)."""
        return np.sqrt(np.diag(self.covariance)[:-1])

    def marginal_effect(self, contrast):
        """The average effect of a ``Contrast`` over rows and over the population of groups, and its standard error.

        Offered or not: mean_i E_u[p(x_i with 1, u) − p(x_i with 0, u)], an amount: β · mean_i E_u[p(1 − p)]. The
        coefficient itself compares within one group; this compares in the population, as the other models do. The
        standard error is the delta method's, for β and σ.

        Returns
        -------
        effect, std_error : floats, proportions (per unit, for an amount)
        """
        effect, gradient = self._effect(contrast)
        return float(effect), float(np.sqrt(gradient @ self.covariance @ gradient))

    def _effect(self, contrast):
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES_OF_THE_MEAN)
        weights = weights / weights.sum()
        at = [contrast.rows(self.coefficients, offset=self.sd * node) for node in nodes]
        each, across, along = (weights @ np.array(part) for part in zip(*at, strict=True))
        of_sd = (weights * nodes) @ [across_at.mean() for _, across_at, _ in at]
        return each.mean(), np.append(contrast.gradient(across, along), of_sd)


def mixed_logit(X, y, codes, *, nodes=NODES):
    r"""Fit a random-intercept logit by maximum likelihood, with adaptive Gauss–Hermite quadrature.

    .. math:: l(\beta, \sigma) = \sum_j \log \int \prod_{i \in j} p_{ij}^{y_{ij}} (1 - p_{ij})^{1 - y_{ij}} \phi(u) du

    The nodes of each group's integral stand around its mode, as far apart as its curvature says: Pinheiro and Bates
    (1995), Journal of Computational and Graphical Statistics 4, 12-35. Newton's method, with the score and the
    observed information as means over the same nodes: Louis (1982), Journal of the Royal Statistical Society B 44. In
    R: ``lme4::glmer(y ~ x + (1 | group), binomial, nAGQ = 25)``.

    Parameters
    ----------
    X : array (n, k), full rank, its first column the intercept
    y : array (n,) of 0 and 1
    codes : array (n,) of int from 0, the group of each row
    nodes : number of nodes, at least 25; Laplace's approximation (1) is off by 9 % at a standard deviation of 3.6

    Returns
    -------
    MixedLogit

    Raises
    ------
    ModelError
        When there is no maximum: a term is separated, or every group is all 0 or all 1.

    Examples
    --------
    Each of eight groups has one 0 and one 1, less spread than chance: no sign of groups, and the logit of a half.

    >>> fit = mixed_logit(np.ones((16, 1)), np.tile([0.0, 1.0], 8), np.repeat(np.arange(8), 2))
    >>> abs(round(float(fit.coefficients[0]), 6)), round(fit.sd, 6), round(float(fit.log_likelihood / np.log(0.5)), 6)
    (0.0, 0.0, 16.0)
    """
    order = np.argsort(codes, kind="stable")
    Z, back = orthonormal(X)
    groups = _Groups(Z[order], y[order], np.asarray(codes)[order], nodes)
    theta, point = _best(groups, Z, y)
    beta, sd = back @ theta[:-1], float(theta[-1])
    turn, inverse = block_diag(back, 1.0), np.zeros_like(point.information)
    known = slice(None) if sd > 0 else slice(-1)  # with no sign of groups, that is taken as known
    inverse[known, known] = np.linalg.inv(point.information[known, known])
    covariance = turn @ inverse @ turn.T
    return MixedLogit(X, beta, sd, covariance, point.log_likelihood, sd * point.modes, sd * point.spread)


def _best(groups, Z, y):
    """θ = (β, σ) at the highest maximum: σ = 0, the plain logit, only where no σ above it is more likely.

    In σ the score is 0 at σ = 0 by symmetry, whatever the data, so that an iteration may stop there at a minimum. The
    search is in log σ, from several σ, and each maximum is compared with σ = 0.
    """
    try:
        beta = fit_model(Z, y, "logit").coefficients
    except ModelError:
        raise ModelError(NO_MAXIMUM) from None
    theta, none = np.append(beta, 0.0), np.zeros(len(groups.starts))
    best = theta, groups.at(theta, none)
    for sd in STARTS:
        found = _maximized(groups, np.append(beta, np.log(sd)))
        if found and found[1].log_likelihood > best[1].log_likelihood + 1e-9:
            best = found
    return best


class _Point(NamedTuple):
    """What is known at one θ = (β, σ): ``modes`` and ``spread`` of u, (J,); score (k + 1,); information."""

    log_likelihood: float
    modes: np.ndarray
    spread: np.ndarray
    score: np.ndarray
    information: np.ndarray


class _Groups:
    """The rows of all groups, sorted by group, and the integrals over each group's u."""

    def __init__(self, X, y, codes, nodes):
        self.X, self.y, self.codes = X, y, codes
        self.starts = np.flatnonzero(np.diff(codes, prepend=-1))
        self.codes = np.cumsum(np.diff(codes, prepend=codes[0]) > 0)
        self.z, self.weight = np.polynomial.hermite_e.hermegauss(nodes)

    def sums(self, values):
        """The sum of values over the rows of each group."""
        return np.add.reduceat(values, self.starts, axis=0)

    def at(self, theta, modes):
        """What is known at θ, from modes near by."""
        eta, sd = self.X @ theta[:-1], theta[-1]
        modes, spread = self._modes(eta, sd, modes)
        u = modes[:, None] + spread[:, None] * self.z
        eta = eta[:, None] + sd * u[self.codes]
        joint = self.sums(self.y[:, None] * eta - np.logaddexp(0, eta)) - u**2 / 2 + self.z**2 / 2
        joint += np.log(self.weight) + np.log(spread)[:, None] - np.log(2 * np.pi) / 2
        each = logsumexp(joint, axis=1)
        return _Point(float(each.sum()), modes, spread, *self._derivatives(eta, u, np.exp(joint - each[:, None])))

    def _modes(self, eta, sd, u):
        """Newton's method for each group's mode; the density is log-concave, and a step is bounded."""
        for _ in range(100):
            p = expit(eta + sd * u[self.codes])
            curvature = 1 + sd**2 * self.sums(p * (1 - p))
            step = (sd * self.sums(self.y - p) - u) / curvature
            u = u + np.clip(step, -1.0, 1.0)
            if np.abs(step).max() < 1e-10:
                break
        p = expit(eta + sd * u[self.codes])
        return u, (1 + sd**2 * self.sums(p * (1 - p))) ** -0.5

    def _derivatives(self, eta, u, posterior):
        """With u as one more column whose coefficient is σ, the score is E[s], the information E[I] − Var[s]."""
        p = expit(eta)
        residual, density = self.y[:, None] - p, p * (1 - p)
        s = [self.sums(residual * column[:, None]) for column in self.X.T]
        s = np.stack([*s, self.sums(residual) * u], axis=2)  # (J, nodes, k + 1)
        mean = np.einsum("jq,jqa->ja", posterior, s)
        weighted = density * posterior[self.codes]
        level, first, second = (weighted * u[self.codes] ** power for power in (0, 1, 2))
        cross = first.sum(axis=1) @ self.X
        complete = np.block([[(self.X * level.sum(axis=1)[:, None]).T @ self.X, cross[:, None]], [cross, second.sum()]])
        scaled = (s * np.sqrt(posterior)[..., None]).reshape(-1, s.shape[2])
        return mean.sum(axis=0), complete - (scaled.T @ scaled - mean.T @ mean)


def _maximized(groups, place):
    """Newton's method in (β, log σ), with halving until the likelihood gains what the slope promises (Armijo).

    Returns (θ, point), or None where σ goes to 0.
    """
    point = groups.at(_theta(place), np.zeros(len(groups.starts)))
    for _ in range(200):
        score, information = _in_logarithms(point, np.exp(place[-1]))
        step = _step(score, information)
        if np.abs(step).max() < TOLERANCE:
            return _theta(place), point
        step *= min(1.0, 1.0 / np.abs(step).max())
        for _ in range(30):
            trial = groups.at(_theta(place + step), point.modes)
            promised = 1e-4 * step @ score - 1e-11 * abs(point.log_likelihood)  # less what rounding may take
            if trial.log_likelihood >= point.log_likelihood + promised:
                break
            step /= 2
        place, point = place + step, trial
        if place[-1] < np.log(SMALLEST):
            return None
        if np.abs(_theta(place)).max() > 50:
            break
    raise ModelError(NO_MAXIMUM)


def _theta(place):
    return np.append(place[:-1], np.exp(place[-1]))


def _in_logarithms(point, sd):
    """The score and the information with log σ as the last parameter."""
    scale = np.append(np.ones(len(point.score) - 1), sd)
    information = point.information * np.outer(scale, scale)
    information[-1, -1] -= sd * point.score[-1]
    return point.score * scale, information


def _step(score, information):
    """Newton's step; along directions in which the likelihood is not concave, upward all the same."""
    value, vector = np.linalg.eigh(information)
    size = np.maximum(np.abs(value), 1e-8 * np.abs(value).max())
    return vector @ ((vector.T @ score) / size)

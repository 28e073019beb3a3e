"""The random-intercept logit: every organization (or event) has its own level, and the levels are a normal population.

``mixed_logit`` takes a design, an outcome of 0 and 1 and each row's group; returns a ``MixedLogit``. Beside ``fit`` in
the flow: ``robustness`` asks it for the marginal effect. Vectorized over the groups, linear in the rows.

``organization_profiles`` takes the panel and a question; returns ``Profiles``: how much more or less each organization
takes part than its invitations let expect, and what incentives add. Organizations stand in the order of their names: a
few quarters do not rank them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import block_diag
from scipy.special import expit, logsumexp
from scipy.stats import norm

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import fit_model, orthonormal, separated_in

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
    theta, point = _best(_Groups(Z[order], y[order], np.asarray(codes)[order], nodes), Z, y)
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
        self.X, self.y = X, y
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
        step, score = _step(point, np.exp(place[-1]))
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


def _step(point, sd):
    """Newton's step and the score, in (β, log σ); where the likelihood is not concave, upward all the same."""
    scale = np.append(np.ones(len(point.score) - 1), sd)
    information = point.information * np.outer(scale, scale)
    information[-1, -1] -= sd * point.score[-1]
    score, (value, vector) = point.score * scale, np.linalg.eigh(information)
    size = np.maximum(np.abs(value), 1e-8 * np.abs(value).max())
    return vector @ ((vector.T @ score) / size), score


@dataclass(frozen=True)
class Profiles:
    """Organizations in the order of their names, never of their levels.

    ``table``: one row per organization: its id; invitations; taken_up; expected (share, of an organization like any
    other with the same invitations); level (log-odds above or below that, drawn towards 0 the less is known), its
    std_error, conf_low, conf_high; share, share_low, share_high (taken up of invitations like its own at that level and
    at its ends); reliability (0: nothing is known of it, 1: everything).
    ``contributions``: one row per organization, one column per incentive: by how much the incentives it was offered
    raise its expected share, with the slopes that all organizations have in common.
    ``sd``: of the levels, log-odds. ``reliability``: the mean over organizations.
    """

    table: pd.DataFrame
    contributions: pd.DataFrame
    sd: float
    reliability: float
    n: int


def organization_profiles(rows, *, organization="organization_id", confidence=0.95, **question):
    r"""Each organization's own level of taking part, and what each incentive adds to it.

    In :math:`\operatorname{logit} p_{ij} = x_{ij}'\beta + u_j` with :math:`u_j \sim N(0, \sigma^2)`, the level is the
    most likely :math:`u_j` given the organization's rows, its standard error :math:`s_j` from the curvature there; the
    interval takes :math:`\beta` and :math:`\sigma` as known. The reliability is :math:`1 - s_j^2 / \sigma^2`. Incentive
    k contributes the mean over the organization's rows of :math:`p(x_{ij}) - p(x_{ij}, x_{ijk} = 0)` at its level:
    slopes are common, because four quarters cannot tell one organization's from another's. Skrondal and Rabe-Hesketh
    (2009), Journal of the Royal Statistical Society A 172, 659-687. In R: ``lme4::ranef(fit, condVar = TRUE)`` of
    ``fit = glmer(y ~ x + (1 | organization), binomial, nAGQ = 25)``.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
    organization : name of the column of organizations
    confidence : of the intervals
    **question : formula and incentives as of ``estimate``, or names as of ``predict_participation``

    Returns
    -------
    Profiles

    Raises
    ------
    ModelError
        The rows do not allow an analysis, a term tells without exception who took part, or organizations do not differ
        by more than chance, so that there is no level to speak of.

    Examples
    --------
    Of six invitations a and b took up five, c and d one, and e and f three. Log-odds of 5/6 would be 1.6 above a half.

    >>> rows = pd.DataFrame({"organization_id": np.repeat(list("abcdef"), 6), "refund": [True, False, False] * 12})
    >>> rows["attended"] = [1, 1, 1, 1, 1, 0] * 2 + [0, 0, 0, 0, 0, 1] * 2 + [1, 0, 1, 0, 1, 0] + [0, 1, 0, 1, 0, 1]
    >>> found = organization_profiles(rows, incentives="refund")
    >>> (found.table["level"].round(1) + 0.0).tolist()
    [0.8, 0.8, -0.8, -0.8, 0.0, 0.0]
    """
    design = build_design(rows, **{**question, "cluster": organization})
    if named := separated_in(design):
        raise ModelError(message("no_level_beside", names=", ".join(named)))
    codes = design.clusters[organization]
    fit = mixed_logit(design.X, design.y, codes)
    if fit.sd < 0.01:
        raise ModelError(message("no_levels", organizations=int(codes.max()) + 1))
    names = pd.Index(pd.factorize(design.ids[organization], sort=True)[1], name=organization)
    table = _levels(design, fit, codes, confidence).set_axis(names)
    eta, contributions = design.X @ fit.coefficients + fit.modes[codes], pd.DataFrame(index=names)
    for term in design.fitted:
        columns = list(design.contrast(term).columns)
        without = eta - design.X[:, columns] @ fit.coefficients[columns]
        contributions[term] = np.bincount(codes, expit(eta) - expit(without)) / np.bincount(codes)
    reliability = float(table["reliability"].mean())
    return Profiles(table.reset_index(), contributions.reset_index(), fit.sd, reliability, len(design.y))


def _levels(design, fit, codes, confidence):
    reach = norm.ppf((1 + confidence) / 2) * fit.conditional_sd
    invitations, eta = np.bincount(codes), design.X @ fit.coefficients

    def share(level):
        return np.bincount(codes, expit(eta + level[codes])) / invitations

    levels = {"": fit.modes, "_low": fit.modes - reach, "_high": fit.modes + reach}
    told = {"invitations": invitations, "taken_up": np.bincount(codes, design.y).astype(int)}
    told |= {"expected": share(np.zeros(len(invitations))), "level": fit.modes, "std_error": fit.conditional_sd}
    told |= {"conf_low": levels["_low"], "conf_high": levels["_high"]}
    told |= {f"share{end}": share(level) for end, level in levels.items()}
    return pd.DataFrame(told | {"reliability": 1 - fit.conditional_sd**2 / fit.sd**2})

"""Standard errors that hold when rows of one organization, or of one event, move together.

Takes the design of a fitted model, its working weights and its residuals on the outcome's scale (``y − p``), and the
cluster of each row; returns covariances, Satterthwaite degrees of freedom and the joint test. Between ``fit`` and
``answers`` in the flow. Everything is linear in the number of rows: no matrix of clusters by clusters is ever made.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import f as f_distribution

from konbit_lessons.incentives.adjustment import half_corrected

KINDS = ("CR0", "CR1", "CR1S", "CR2", "CR3")


@dataclass(frozen=True)
class JointTest:
    """A test that several coefficients are all zero: ``F`` on ``df_num`` and ``df_denom`` degrees of freedom."""

    F: float
    df_num: int
    df_denom: float
    p_value: float


@dataclass(frozen=True)
class ClusterRobust:
    """The cluster-robust ("sandwich") covariance of a fit, for one way of clustering.

    With W the variance of the outcome (p(1−p) for a logit, 1 for least squares) and M = (X'WX)⁻¹,

        V = M · Σ_j  X_j'A_j (y_j − p_j)(y_j − p_j)'A_j'X_j · M

    where A_j = I (CR0), √(J/(J−1)) (CR1), √(J(n−1)/((J−1)(n−k))) (CR1S),
    W_j^½ [W_j^½(W_j − W_jX_jMX_j'W_j)W_j^½]^−½ W_j^½ (CR2) or (I − W_jX_jMX_j')⁻¹ (CR3).
    Bell & McCaffrey (2002); Pustejovsky & Tipton (2018). In R: ``clubSandwich::vcovCR(fit, cluster, type = "CR2")``.

    Parameters
    ----------
    X : array (n, k), full column rank
    weights : array (n,), variances of the outcome
    score : array (n,), residuals on the outcome's scale, y − p: also for a Firth fit, whose modified score collapses
        for a separated term
    codes : array (n,) of int from 0, the cluster of each row
    kind : one of ``KINDS``
    variances : array (n,) or None, of the outcome as a share: p(1−p)/m for k of m; weights are mp(1−p), score k − mp

    Examples
    --------
    Four rows in two clusters, least squares on a constant: the mean is 4, the residuals −3, −1, 1, 3.
    The clusters' sums are −4 and 4, so CR0 is (16 + 16) / 4² = 2. CR2 divides each square by 1 − 2/4: it is 4.

    >>> X, y = np.ones((4, 1)), np.array([1.0, 3.0, 5.0, 7.0])
    >>> codes = np.array([0, 0, 1, 1])
    >>> [round(float(ClusterRobust(X, np.ones(4), y - 4, codes, kind).covariance[0, 0]), 9) for kind in ("CR0", "CR2")]
    [2.0, 4.0]
    >>> round(float(ClusterRobust(X, np.ones(4), y - 4, codes, "CR2").degrees_of_freedom([1.0])), 9)
    1.0
    """

    X: np.ndarray
    weights: np.ndarray
    score: np.ndarray
    codes: np.ndarray
    kind: str = "CR2"
    variances: np.ndarray | None = None

    @property
    def covariance(self):
        """Covariance of the coefficients, (k, k)."""
        return self.variance(np.eye(self.X.shape[1]))

    def variance(self, contrasts):
        """Covariance of ``contrasts @ coefficients``; contrasts (q, k) → (q, q)."""
        along = self._sums(self._corrected * self.score[:, None]) @ self._turn(contrasts).T
        return along.T @ along

    def degrees_of_freedom(self, contrast):
        """Satterthwaite degrees of freedom of one contrast of the coefficients, (k,) → number.

        With e_j = A_jX_jMc, F_j = e_j'W_jX_j and P = diag(e_j'W_je_j) − F M F': df = tr(P)² / tr(P²), the value under
        the working model. In R: ``clubSandwich::coef_test(fit, vcov, test = "Satterthwaite")$df_Satt``.
        """
        total, spread = self._moments(np.atleast_2d(contrast))
        return float(total[0, 0] ** 2 / spread[0, 0] * 2)

    def joint_test(self, contrasts, values):
        """Whether ``contrasts @ coefficients`` (its estimate: ``values``) are all zero: the HTZ test.

        Hotelling's T² with η = q(q+1) / Σ_st Var(D_st), D the standardized covariance matrix;
        F = (η − q + 1) / (ηq) · Q on q and η − q + 1 degrees of freedom. Pustejovsky & Tipton (2018), section 4.
        In R: ``clubSandwich::Wald_test(fit, constrain_zero(terms), vcov, test = "HTZ")``. ``F`` and ``p_value`` are NaN
        when there is too little information for q terms at once (η ≤ q − 1).
        """
        q = len(contrasts)
        statistic = float(values @ np.linalg.pinv(self.variance(contrasts), hermitian=True) @ values)
        eta = self.joint_information(contrasts)
        return hotelling(statistic, q, eta)

    def joint_information(self, contrasts):
        """η of the HTZ test: how many independent clusters the covariance of these contrasts is worth."""
        q = len(contrasts)
        total, _ = self._moments(contrasts)
        value, vector = np.linalg.eigh(total)
        if value[0] <= 1e-12 * value[-1]:
            return float("nan")
        _, spread = self._moments((vector / np.sqrt(value)) @ vector.T @ contrasts)
        return float(q * (q + 1) / spread.sum())

    @cached_property
    def _basis(self):
        """U and R with X = UR and U'WU = I: in U's coordinates M is the identity, whatever the units of X."""
        root = np.sqrt(self.weights)[:, None]
        Q, R = np.linalg.qr(self.X * root)
        return Q / root, R

    @cached_property
    def _corrected(self):
        """A_j'U_j, stacked: (n, k)."""
        U, _ = self._basis
        J, (n, k) = self._groups, U.shape
        if self.kind == "CR2":
            return half_corrected(U, self.weights, self.codes, self.variances)
        if self.kind == "CR3":
            inside = np.einsum("na,nb->nab", U * self.weights[:, None], U).reshape(n, k * k)
            blocks = np.eye(k) - self._sums(inside).reshape(J, k, k)
            return np.einsum("na,nab->nb", U, np.linalg.pinv(blocks, rcond=1e-10, hermitian=True)[self.codes])
        factor = {"CR0": 1.0, "CR1": J / (J - 1), "CR1S": J * (n - 1) / ((J - 1) * (n - k))}[self.kind]
        return U * np.sqrt(factor)

    @cached_property
    def _groups(self):
        return int(self.codes.max()) + 1

    def _sums(self, values):
        """Sums over the rows of each cluster: (n, m) → (J, m)."""
        return np.stack([np.bincount(self.codes, column, self._groups) for column in values.T], axis=1)

    def _turn(self, contrasts):
        """Contrasts of the coefficients as contrasts in U's coordinates."""
        return np.linalg.solve(self._basis[1].T, np.atleast_2d(contrasts).T).T

    def _moments(self, contrasts):
        """tr(P_st), (q, q), and Var(D_st) = tr(P_ss P_tt) + tr(P_st P_st), (q, q), under the working model.

        P_st = diag(d_st) − F_sF_t' with d_st[j] = e_sj'W_je_tj; the traces of products are taken from the k × k
        matrices F_s'F_t.
        """
        U, _ = self._basis
        e = self._corrected @ self._turn(contrasts).T
        F = [self._sums(U * (self.weights * column)[:, None]) for column in e.T]
        q = len(F)
        total, spread = np.empty((q, q)), np.empty((q, q))
        d = {(s, t): self._pair(e, s, t) for s in range(q) for t in range(q) if s <= t}
        inner = {(s, t): (F[s] * F[t]).sum(axis=1) for s in range(q) for t in range(q) if s <= t}
        for s, t in d:
            K = F[s].T @ F[t]
            own = d[s, s] @ d[t, t] - d[s, s] @ inner[t, t] - d[t, t] @ inner[s, s] + (K * K).sum()
            across = d[s, t] @ d[s, t] - 2 * d[s, t] @ inner[s, t] + (K * K.T).sum()
            total[s, t] = total[t, s] = (d[s, t] - inner[s, t]).sum()
            spread[s, t] = spread[t, s] = own + across
        return total, spread

    def _pair(self, e, s, t):
        return np.bincount(self.codes, e[:, s] * e[:, t] * self.weights, self._groups)


def hotelling(statistic, q, eta):
    """The HTZ test from its Wald statistic, the number of contrasts and η."""
    df_denom = eta - q + 1
    if not df_denom > 0:
        return JointTest(float("nan"), q, float("nan"), float("nan"))
    F = df_denom / (eta * q) * statistic
    return JointTest(F, q, df_denom, float(f_distribution.sf(F, q, df_denom)))

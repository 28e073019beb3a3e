"""Standard errors that hold when rows of one organization, or of one event, move together.

Takes the design of a fitted model, its working weights and its residuals on the outcome's scale (``y − p``), and the
cluster of each row; returns covariances, Satterthwaite degrees of freedom and the joint test, by one way of clustering
(``ClusterRobust``) or two at once (``Clusterings``): incentives are offered at events, so rows of one event move
together as rows of one organization do. Between ``fit`` and ``answers`` in the flow. Everything is linear in the number
of rows: no matrix of clusters by clusters is ever made.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import stdtr, stdtrit
from scipy.stats import f as f_distribution

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.correction import half_corrected

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
    strata : sparse (n, S) or None, further columns, of which X was made orthogonal but for its first, the intercept:
        all is as if they stood in X

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
    strata: object = None

    @property
    def covariance(self):
        """Covariance of the coefficients, (k, k)."""
        return self.variance(np.eye(self.X.shape[1]))

    def variance(self, contrasts):
        """Covariance of ``contrasts @ coefficients``; contrasts (q, k) → (q, q)."""
        along = self.along(contrasts)
        return along.T @ along

    def along(self, contrasts):
        """The corrected score of each cluster along contrasts (q, k) of the coefficients, (J, q)."""
        return self._scores @ self._turn(contrasts).T

    def degrees_of_freedom(self, contrast):
        """Satterthwaite degrees of freedom of one contrast of the coefficients, (k,) → number.

        With e_j = A_jX_jMc, F_j = e_j'W_jX_j and P = diag(e_j'W_je_j) − F M F': df = tr(P)² / tr(P²), the value under
        the working model. In R: ``clubSandwich::coef_test(fit, vcov, test = "Satterthwaite")$df_Satt``.
        """
        total, spread = self._moments(np.atleast_2d(contrast))
        return float(total[0, 0] ** 2 / spread[0, 0] * 2)

    def df_if_alike(self, contrast):
        """The same under a working model in which rows of a cluster are as alike as their residuals.

        The variance is ε'GG'ε with columns G_j = (I − WXMX')'e_j, and df = tr(G'ΩG)² / tr((G'ΩG)²), Ω the covariance of
        ε; Ω = W gives P of :meth:`degrees_of_freedom`. Here Ω_j = W_j^½(σ²I + ρ11')W_j^½ (Moulton 1986): with
        a_j = e_j'W_j^½1 and B_j = 1'W_j^½U_j, G'ΩG = σ²P + ρ(A − FB')(A − FB')' = D + LKL', where A = diag(a),
        D = σ² diag(d) + ρAA', L = [F, AB] and K = [ρB'B − σ²I, −ρI; −ρI, 0]: no dense matrix of J × J. Strata take part
        of diag(a) and diag(d) off, see :meth:`_beside`. Large clusters then weigh by the square of their size. Imbens
        & Kolesár (2016), Review of Economics and Statistics 98,
        701-712. In R: ``dfadjust::dfadjustSE(fit, cluster, IK = TRUE, rho0 = TRUE)`` of an ``lm``.
        """
        (rho, rest), (U, _), root = self._alike, self._basis, np.sqrt(self.weights)[:, None]
        e, one = root * (self._corrected @ self._turn(contrast).T), np.eye(U.shape[1])
        F, B, A = self._sums @ (e * root * U), self._sums @ (root * U), self._beside(e[:, 0], np.ones(len(e)))
        D, L = rest * self._beside(e[:, 0], e[:, 0]) + rho * A @ A.T, np.hstack([F, A @ B])
        K = np.block([[rho * B.T @ B - rest * one, -rho * one], [-rho * one, 0 * one]])
        inner = K @ (L.T @ L)
        total = D.trace() + np.trace(inner)
        return float(total**2 / ((D * D).sum() + 2 * np.trace(K @ L.T @ (D @ L)) + np.trace(inner @ inner)))

    def joint_test(self, contrasts, values):
        """Whether ``contrasts @ coefficients`` (its estimate: ``values``) are all zero: the HTZ test.

        Hotelling's T² with η = q(q+1) / Σ_st Var(D_st), D the standardized covariance matrix;
        F = (η − q + 1) / (ηq) · Q on q and η − q + 1 degrees of freedom. Pustejovsky & Tipton (2018), section 4.
        In R: ``clubSandwich::Wald_test(fit, constrain_zero(terms), vcov, test = "HTZ")``. ``F`` and ``p_value`` are NaN
        when there is too little information for q terms at once (η ≤ q − 1).
        """
        statistic = float(values @ np.linalg.pinv(self.variance(contrasts), hermitian=True) @ values)
        return hotelling(statistic, len(contrasts), self.joint_information(contrasts))

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
        """U and R with X = UR and U'WU = I: in U's coordinates M is the identity, whatever the units of X.

        The intercept lies in the strata where there are some, and is none of U then.
        """
        root = np.sqrt(self.weights)[:, None]
        Q, R = np.linalg.qr(self.X * root)
        Q[:, :1] *= self.strata is None
        return Q / root, R

    @cached_property
    def _corrected(self):
        """A_j'U_j, stacked: (n, k)."""
        U, _ = self._basis
        J, (n, k) = self._sums.shape[0], U.shape
        if self.kind == "CR2":
            return half_corrected(U, self.weights, self.codes, self.variances, strata=self.strata)
        if self.kind == "CR3":
            inside = np.einsum("na,nb->nab", U * self.weights[:, None], U).reshape(n, k * k)
            blocks = np.eye(k) - (self._sums @ inside).reshape(J, k, k)
            return np.einsum("na,nab->nb", U, np.linalg.pinv(blocks, rcond=1e-10, hermitian=True)[self.codes])
        factor = {"CR0": 1.0, "CR1": J / (J - 1), "CR1S": J * (n - 1) / ((J - 1) * (n - k))}[self.kind]
        return U * np.sqrt(factor)

    @cached_property
    def _alike(self):
        """ρ, the mean product of two standardized residuals of a cluster, at least 0; σ², their mean square less ρ."""
        z, n = self.score / np.sqrt(self.weights), len(self.score)
        pairs = (np.bincount(self.codes) ** 2).sum() - n
        rho = max(np.square(self._sums @ z).sum() - z @ z, 0.0) / max(pairs, 1)
        return rho, max(z @ z / n - rho, 0.0)

    @cached_property
    def _scores(self):
        """The corrected scores of each cluster, (J, k)."""
        return self._sums @ (self._corrected * self.score[:, None])

    @cached_property
    def _sums(self):
        """What sums the rows of each cluster: (J, n)."""
        rows = np.arange(len(self.codes))
        return sparse.csr_array((np.ones(len(rows)), (self.codes, rows)))

    def _turn(self, contrasts):
        """Contrasts of the coefficients as contrasts in U's coordinates."""
        return np.linalg.solve(self._basis[1].T, np.atleast_2d(contrasts).T).T

    def _moments(self, contrasts):
        """tr(P_st), (q, q), and Var(D_st) = tr(P_ss P_tt) + tr(P_st P_st), (q, q), under the working model.

        P_st = diag(d_st) − F_sF_t' − B_st with d_st[j] = e_sj'W_je_tj, and B_st what strata take off (:meth:`_beside`);
        the traces of products are taken from the k × k matrices F_s'F_t.
        """
        U, w = self._basis[0], self.weights[:, None]
        e = self._corrected @ self._turn(contrasts).T
        F = np.stack([self._sums @ (U * w * column[:, None]) for column in e.T])  # (q, J, k)
        d = np.stack([(self._sums @ (e * w * column[:, None])).T for column in e.T])  # (q, q, J)
        inner = np.einsum("sjk,tjk->stj", F, F)
        own, own_inner = (np.einsum("ssj->sj", one) for one in (d, inner))
        spread = own @ own.T - own @ own_inner.T - own_inner @ own.T + (d * d - 2 * d * inner).sum(axis=2)
        for s, F_s in enumerate(F):
            K = F_s.T @ F
            spread[s] += (K * (K + K.swapaxes(1, 2))).sum(axis=(1, 2))
        total, strata = (d - inner).sum(axis=2), [self._of_strata(column * w[:, 0] ** 0.5) for column in e.T]
        for s, t in product(range(len(F)), repeat=2) if self.strata is not None else ():
            B, C, D = (strata[one] @ strata[other].T for one, other in ((s, s), (t, t), (s, t)))
            total[s, t] -= D.trace()
            spread[s, t] += (B * C).sum() + (D * D.T).sum() - 2 * _trace(d[s, t], F[s], F[t], D)
            spread[s, t] -= _trace(own[s], F[s], F[s], C) + _trace(own[t], F[t], F[t], B)
        return total, spread

    def _of_strata(self, column):
        """The sums by cluster and stratum, sparse (J, S), of W^½ times the strata, and a column (n,)."""
        if self.strata is None:
            return sparse.csr_array((self._sums.shape[0], 0))
        return self._sums @ (self.strata * (np.sqrt(self.weights) * column)[:, None]).tocsr()

    def _beside(self, one, other):
        """diag(e_j'W_jf_j) of two columns W^½e and W^½f (n,), less what the strata take off, sparse (J, J).

        That is the products of their sums by stratum: off the diagonal only of clusters with a stratum in common.
        """
        diagonal = sparse.diags_array(self._sums @ (one * other), format="csr")
        return diagonal - self._of_strata(one) @ self._of_strata(other).T


def _trace(d, F, G, B):
    """tr((diag(d) − FG')B)."""
    return d @ B.diagonal() - (G * (B @ F)).sum()


def hotelling(statistic, q, eta):
    """The HTZ test from its Wald statistic, the number of contrasts and η."""
    df_denom = eta - q + 1
    if not df_denom > 0:
        return JointTest(float("nan"), q, float("nan"), float("nan"))
    F = df_denom / (eta * q) * statistic
    return JointTest(F, q, df_denom, float(f_distribution.sf(F, q, df_denom)))


class Basis(NamedTuple):
    """What an interval rests on; ``fewest`` is the smallest of the degrees of freedom: below 5, none is given."""

    std_error: float
    df: float
    fewest: float
    confidence: float

    def about(self, estimate):
        """An estimate with its limits, and the p-value that it is zero (none where there is no spread at all)."""
        reach = float(stdtrit(self.df, (1 + self.confidence) / 2)) * self.std_error
        p = 2 * float(stdtr(self.df, -abs(estimate) / self.std_error)) if self.std_error > 0 else float("nan")
        told = {"estimate": float(estimate), "std_error": self.std_error, "df": self.df}
        return {**told, "conf_low": float(estimate - reach), "conf_high": float(estimate + reach), "p_value": p}


@dataclass(frozen=True)
class Clusterings:
    """The covariances of a fit by each cluster column and, when there are two, by what both have in common."""

    by: dict
    common: ClusterRobust | None

    @property
    def first(self):
        """The covariance by the first column."""
        return next(iter(self.by.values()))

    def basis(self, contrast, *, confidence=0.95, own=None):
        """The standard error and degrees of freedom that an interval of this contrast rests on.

        With two clusterings those that leave the widest interval, of: V_first + V_second − V_both (Cameron, Gelbach &
        Miller 2011; V_both by the rows of one cluster of each) with the smaller of the two Satterthwaite values; and V
        of the clustering ``own`` (its column) that the incentive varies by, with its own value, or of each where it
        varies by neither. It keeps the floor on the variance of MacKinnon, Nielsen & Webb (arXiv 2406.08880) without
        the noise of a clustering that an incentive does not vary by: docs/two_way_rules.md has the false positives of
        four such rules.
        """
        parts, df, fewest = self.widest(contrast, confidence=confidence, own=own)
        return Basis(float(np.sqrt(_sum(parts, contrast))), df, fewest, confidence)

    def widest(self, contrast, *, confidence=0.95, own=None):
        """What :meth:`basis` rests on: clusterings, each with its sign; their degrees of freedom; the fewest of any."""
        df = {name: one.degrees_of_freedom(contrast) for name, one in self.by.items()}
        rules = [([(1, self.by[name])], df[name]) for name in ([own] if own in df else df)]
        if self.common:
            rules.append(([*((1, one) for one in self.by.values()), (-1, self.common)], min(df.values())))
        parts, of = max(rules, key=lambda rule: _reach(_sum(rule[0], contrast), rule[1], confidence))
        return parts, of, min(df.values())

    def df_if_alike(self, contrast, *, confidence=0.95, own=None):
        """The fewest of :meth:`ClusterRobust.df_if_alike` by what :meth:`basis` rests on, and of its own."""
        parts, df, _ = self.widest(contrast, confidence=confidence, own=own)
        return min(df, *(one.df_if_alike(contrast) for sign, one in parts if sign > 0))

    def covariance(self, bases):
        """The covariance of all coefficients, scaled so that its diagonal is that of their ``bases``."""
        V = self.combined(np.eye(self.first.X.shape[1])) if self.common else self.first.covariance
        if np.linalg.eigvalsh(V)[0] < 0:  # a difference of covariances need not be one
            V = sum(robust.covariance for robust in self.by.values())
        scale = np.array([basis.std_error for basis in bases]) / np.sqrt(np.diag(V))
        return V * np.outer(scale, scale)

    def joint_test(self, contrasts, values):
        """The HTZ test that all contrasts are zero; with two clusterings, the least sure of the answers.

        Those are: by each clustering alone, and by V_first + V_second − V_both with the smaller η (V_both is not
        subtracted where the difference is not positive definite).
        False positives in %, nominal 5, five null terms (three of events, two of organizations), 1,000 repetitions,
        in this order: the larger of the two one-way p, the combined matrix alone, and the largest of all three.
        137 organizations × 48 events, event shock 0.5: 13.0, 3.8, 3.7; shock 1: 17.7, 4.5, 4.3; none: 3.7, 6.1, 2.4;
        37 × 24, shock 0.5: 4.6, 6.9, 2.4; none: 2.0, 8.9, 1.4. So it errs on the side of doubt.
        """
        tests = [robust.joint_test(contrasts, values) for robust in self.by.values()]
        if self.common:
            V, size = self.combined(contrasts), np.sqrt(np.diag(self.first.variance(contrasts)))
            if np.linalg.eigvalsh(V / np.outer(size, size))[0] <= 1e-8:
                V = V + self.common.variance(contrasts)
            eta = min(robust.joint_information(contrasts) for robust in self.by.values())
            tests.append(hotelling(float(values @ np.linalg.solve(V, values)), len(contrasts), eta))
        return max(tests, key=lambda test: 2.0 if np.isnan(test.p_value) else test.p_value)

    def combined(self, contrasts):
        """V_first + V_second − V_both of contrasts, (q, q): that of Cameron, Gelbach & Miller (2011)."""
        return sum(robust.variance(contrasts) for robust in self.by.values()) - self.common.variance(contrasts)


def _sum(parts, contrast):
    return sum(sign * one.variance(contrast)[0, 0] for sign, one in parts)


def _reach(variance, df, confidence):
    """Half the width of the interval; nothing where a difference of variances is not positive."""
    return stdtrit(df, (1 + confidence) / 2) * np.sqrt(variance) if variance > 0 and df > 0 else 0.0


def clusterings(fit, clusters, kind="CR2"):
    """``Clusterings`` of a fit; ``clusters`` maps one or two cluster columns to codes (n,).

    Where each cluster of one column lies within one of the other, the wider column alone counts.
    """

    if fit.strata is not None and kind not in ("CR0", "CR1", "CR2"):
        raise ModelError(f'covariance: found "{kind}"; expected "CR2" where the levels of an adjuster are absorbed.')

    def robust(codes):
        return ClusterRobust(fit.X, fit.weights, fit.score, codes, kind, fit.variances, fit.strata)

    if len(clusters) == 1:
        return Clusterings({name: robust(codes) for name, codes in clusters.items()}, None)
    first, second = clusters.values()
    common = np.unique(first * (second.max() + 1) + second, return_inverse=True)[1]
    for within, wider in permutations(clusters):
        if clusters[within].max() == common.max():
            return Clusterings({wider: robust(clusters[wider])}, None)
    return Clusterings({name: robust(codes) for name, codes in clusters.items()}, robust(common))


def varies_by(clusters, values):
    """The cluster column within which values never change (the one with fewer groups if both), or "row"."""
    constant = []
    for column, codes in clusters.items():
        order = np.argsort(codes, kind="stable")
        if not np.any((np.diff(codes[order]) == 0) & (np.diff(values[order]) != 0)):
            constant.append((int(codes.max()), column))
    return min(constant)[1] if constant else "row"

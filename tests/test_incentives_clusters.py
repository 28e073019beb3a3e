"""Cluster-robust covariance: hand arithmetic, identities, and the integral against eigenvectors."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, t

from konbit_lessons.incentives.clusters import KINDS, ClusterRobust, clusterings
from konbit_lessons.incentives.correction import half_corrected
from konbit_lessons.incentives.fit import fit_model


def drawn(n=240, groups=30, seed=3):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), rng.random(n) < 0.4]).astype(float)
    codes = np.concatenate([np.arange(groups), rng.integers(0, groups, n - groups)])
    y = (rng.random(n) < 1 / (1 + np.exp(-X[:, 1]))).astype(float)
    return fit_model(X, y, "firth"), codes


def robust(fit, codes, kind="CR2"):
    return clusterings(fit, {"": codes}, kind).by[""]


def test_two_clusters_of_two_by_hand():
    # y = 1, 3 in one cluster and 5, 7 in the other, on a constant: residual sums −4 and 4, bread 1/4
    one, score, codes = np.ones(4), np.array([-3.0, -1.0, 1.0, 3.0]), np.array([0, 0, 1, 1])
    found = {kind: ClusterRobust(one[:, None], one, score, codes, kind).covariance.item() for kind in KINDS}
    # CR1: × 2/1. CR1S: × 2·3/(1·3). CR2: leverage ½ of each cluster's mean, so ÷ ½. CR3: ÷ ½².
    assert found == pytest.approx({"CR0": 2.0, "CR1": 4.0, "CR1S": 4.0, "CR2": 4.0, "CR3": 8.0}, rel=1e-12)


@pytest.mark.parametrize("method", ["linear", "logit"])
def test_one_cluster_per_row_is_hc2(method):
    fit, _ = drawn()
    fit = fit_model(fit.X, (fit.score > 0).astype(float), method)
    M = np.linalg.inv((fit.X * fit.weights[:, None]).T @ fit.X)
    leverage = fit.weights * np.einsum("na,ab,nb->n", fit.X, M, fit.X)
    hc2 = M @ ((fit.X * (fit.score**2 / (1 - leverage))[:, None]).T @ fit.X) @ M
    assert robust(fit, np.arange(len(fit.X))).covariance == pytest.approx(hc2, rel=1e-8)


def test_neither_the_order_of_rows_nor_names_of_clusters_nor_units_matter():
    fit, codes = drawn()
    order = np.random.default_rng(1).permutation(len(codes))
    relabelled = np.random.default_rng(2).permutation(codes.max() + 1)[codes]
    moved = replace(fit, X=fit.X[order], weights=fit.weights[order], score=fit.score[order])
    contrast, V = np.array([0.0, 1.0, 0.5, -1.0]), robust(fit, codes).covariance
    for other in (robust(fit, relabelled), robust(moved, codes[order])):
        assert other.covariance == pytest.approx(V, rel=1e-10)
        assert other.degrees_of_freedom(contrast) == pytest.approx(robust(fit, codes).degrees_of_freedom(contrast))
    scale = np.array([1.0, 1e6, 1e-4, 1.0])
    assert robust(replace(fit, X=fit.X * scale), codes).covariance * np.outer(scale, scale) == pytest.approx(
        V, rel=1e-9
    )


def test_degrees_of_freedom_agree_with_the_matrix_of_clusters_by_clusters():
    fit, codes = drawn(n=60, groups=9)
    w, X, c = fit.weights, fit.X, np.array([0.0, 1.0, 0.0, 1.0])
    M = np.linalg.inv((X * w[:, None]).T @ X)
    E = np.zeros((60, 9))
    for j in range(9):
        rows = codes == j
        W, half = np.diag(w[rows]), np.diag(np.sqrt(w[rows]))
        value, vector = np.linalg.eigh(half @ (W - W @ X[rows] @ M @ X[rows].T @ W) @ half)
        E[rows, j] = half @ vector @ np.diag(value**-0.5) @ vector.T @ half @ X[rows] @ M @ c
    P = E.T @ (np.diag(w) - (X * w[:, None]) @ M @ (X * w[:, None]).T) @ E
    expected = np.trace(P) ** 2 / np.trace(P @ P)
    assert robust(fit, codes).degrees_of_freedom(c) == pytest.approx(expected, rel=1e-10)
    assert robust(fit, codes).joint_information(c[None]) == pytest.approx(expected, rel=1e-10)
    same = (codes[:, None] == codes) & ~np.eye(60, dtype=bool)
    odd = np.repeat(np.arange(9) % 2 - 0.5, 9)[:60]  # residuals of a cluster go together
    fit = replace(fit, score=np.sqrt(w) * (fit.score + odd[codes]))
    z = fit.score / np.sqrt(w)
    rho = z @ same @ z / same.sum()
    omega = np.sqrt(np.outer(w, w)) * (np.eye(60) * (z @ z / 60 - rho) + rho * (same + np.eye(60)))
    G = (np.eye(60) - (X * w[:, None]) @ M @ X.T).T @ E
    P = G.T @ omega @ G
    assert rho > 0.05 and robust(fit, codes).df_if_alike(c) == pytest.approx(np.trace(P) ** 2 / np.trace(P @ P))
    each = robust(fit, np.arange(60))
    assert each.df_if_alike(c) == pytest.approx(each.degrees_of_freedom(c), rel=1e-10)


@pytest.mark.parametrize(("columns", "term", "expected"), [(3, 1, 3.294011681), (4, 3, 2.879574761)])
def test_degrees_of_freedom_of_rows_that_are_alike_are_those_of_dfadjust(columns, term, expected):
    # R's dfadjust, tests/testthat/test_clustervar.R: "ell specifications", and the fourth column of "collinear"
    x, y = np.sin(np.arange(1, 101)), np.arange(1, 101.0)
    X = np.column_stack([np.ones(100), x, x**2, np.sin(x)])[:, :columns]
    codes = np.repeat([0, 4, 1, 2, 3], [40, 20, 20, 10, 10])
    found = robust(fit_model(X, y, "linear"), codes).df_if_alike(np.eye(columns)[term])
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("alone", [False, True], ids=["shared terms", "a term of one cluster alone"])
def test_the_integral_for_large_clusters_agrees_with_eigenvectors(spread, alone):
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(3), 150)
    X = np.column_stack([np.ones(450), codes == 0 if alone else rng.random(450), rng.normal(size=(450, 3))])
    p = 1 / (1 + np.exp(-spread * rng.normal(size=450)))
    w = p * (1 - p)
    U = np.linalg.qr(X * np.sqrt(w)[:, None])[0] / np.sqrt(w)[:, None]
    by_integral, by_vectors = half_corrected(U, w, codes, large=1), half_corrected(U, w, codes, large=1000)
    # 1e-10: the integral is good to 1e-13 and eigenvectors to rounding × the spread of the weights, below 1e4 here
    assert np.abs(by_integral - by_vectors).max() < 1e-10 * np.abs(by_vectors).max()


@pytest.mark.parametrize("own", ["row", "organization_id", "event_id"])
def test_two_ways_rest_on_the_widest_interval_of_those_that_count(own):
    fit, first = drawn()
    second = np.random.default_rng(8).integers(0, 12, len(first))
    common = np.unique([first, second], axis=1, return_inverse=True)[1].ravel()
    both = clusterings(fit, {"organization_id": first, "event_id": second})
    for contrast in np.eye(4):
        alone = [robust(fit, codes) for codes in (first, second)]
        variances = [one.variance(contrast).item() for one in alone]
        freedom = [one.degrees_of_freedom(contrast) for one in alone]
        combined = sum(variances) - robust(fit, common).variance(contrast).item()
        each = dict(zip(both.by, zip(variances, freedom, strict=True), strict=True))
        counted = [each[own]] if own in each else list(each.values())
        counted += [(combined, min(freedom))] if combined > 0 else []
        reaches = [t.ppf(0.975, df) * variance**0.5 for variance, df in counted]
        basis = both.basis(contrast, own=own)
        low, high, p = (basis.about(1.0)[name] for name in ("conf_low", "conf_high", "p_value"))
        assert (1 - low, high - 1) == pytest.approx((max(reaches), max(reaches)), rel=1e-9)
        assert p == pytest.approx(2 * t.sf(1 / basis.std_error, basis.df), rel=1e-9)
        assert basis.fewest == min(freedom)


def test_joint_test_is_nearly_the_wald_test_with_many_clusters_and_has_no_p_with_too_few():
    fit, _ = drawn(n=4000, groups=4000)
    value, contrasts, many = np.array([0.0, 0.05, 0.05]), np.eye(4)[1:], robust(fit, np.arange(4000))
    wald = value @ np.linalg.solve(many.variance(contrasts), value)
    # 1 %: the two differ by a factor of the order of q over the number of clusters
    assert many.joint_test(contrasts, value).p_value == pytest.approx(chi2.sf(wald, 3), rel=0.01)
    few = robust(fit, np.arange(4000) % 3).joint_test(contrasts, fit.coefficients[1:])
    assert np.isnan(few.p_value) and np.isnan(few.F)

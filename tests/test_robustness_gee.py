"""GEE: its small-sample covariance written out group by group. Against R: ``agreement``."""

import numpy as np
import pytest
from scipy.special import expit
from test_robustness_mixed import simulated

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.robustness import gee_logit


def test_bias_reduced_covariance_is_the_formula_group_by_group():
    X, y, codes = simulated(groups=12)
    keep = np.arange(len(y)) % 5 > 0  # groups of unequal size
    X, y, codes = X[keep], y[keep], codes[keep]
    coefficients, covariance, fit = gee_logit(X, y, codes)
    p, bread, parts = expit(X @ coefficients), np.zeros((3, 3)), []
    for g in range(12):
        rows = codes == g
        W = p[rows] * (1 - p[rows])
        R = np.where(np.eye(rows.sum()) == 1, 1.0, fit.cov_struct.dep_params)
        V, D = np.sqrt(W)[:, None] * R * np.sqrt(W), W[:, None] * X[rows]
        bread += D.T @ np.linalg.solve(V, D)
        parts.append((D, V, y[rows] - p[rows]))
    M, meat = np.linalg.inv(bread), np.zeros((3, 3))
    for D, V, residual in parts:
        H = D @ M @ D.T @ np.linalg.inv(V)
        s = D.T @ np.linalg.solve(V, np.linalg.solve(np.eye(len(D)) - H, residual))
        meat += np.outer(s, s)
    np.testing.assert_allclose(covariance, M @ meat @ M, rtol=1e-7)  # its iterations stop at 1e-10


def test_one_row_per_group_is_the_plain_logit_and_separation_is_refused():
    X, y, codes = simulated()
    coefficients, _, fit = gee_logit(X, y, np.arange(len(y)))
    assert fit.cov_struct.dep_params == 0
    np.testing.assert_allclose(coefficients, fit_model(X, y, "logit").coefficients, rtol=1e-8)
    with pytest.raises(ModelError, match="GEE did not converge"):
        gee_logit(X, X[:, 1].copy(), codes)


def test_a_column_that_one_group_alone_tells_about_leaves_the_interval_of_the_others():
    """Its leverage is 1, and what is divided by nothing is rounding: another order of columns gave another interval."""
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(24), 20)
    X = np.column_stack([np.ones(480), codes % 2, rng.normal(size=480), codes == 7]).astype(float)
    y = (rng.random(480) < 0.3 + 0.3 * X[:, 1]).astype(float)
    order = [3, 2, 1, 0]
    _, covariance, _ = gee_logit(X, y, codes)
    _, turned, _ = gee_logit(X[:, order], y, codes)
    assert np.allclose(turned, covariance[np.ix_(order, order)], rtol=1e-6, atol=1e-12)
    assert 0.1 < np.sqrt(covariance[1, 1]) < 0.5

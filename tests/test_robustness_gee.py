"""GEE: its small-sample covariance written out group by group, and its answer where there is none.

Against R: agreement_robustness.py.
"""

import numpy as np
import pytest
from scipy.special import expit
from test_robustness_mixed import simulated

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.gee import gee_logit


def test_bias_reduced_covariance_is_the_formula_group_by_group():
    X, y, codes = simulated(groups=12)
    keep = np.arange(len(y)) % 5 > 0  # groups of unequal size
    X, y, codes = X[keep], y[keep], codes[keep]
    fit = gee_logit(X, y, codes)
    p = expit(X @ fit.coefficients)
    bread, parts = np.zeros((3, 3)), []
    for g in range(12):
        rows = codes == g
        W = p[rows] * (1 - p[rows])
        R = np.where(np.eye(rows.sum()) == 1, 1.0, fit.correlation)
        V = np.sqrt(W)[:, None] * R * np.sqrt(W)
        D = W[:, None] * X[rows]
        bread += D.T @ np.linalg.solve(V, D)
        parts.append((D, V, y[rows] - p[rows]))
    M, meat = np.linalg.inv(bread), np.zeros((3, 3))
    for D, V, residual in parts:
        H = D @ M @ D.T @ np.linalg.inv(V)
        s = D.T @ np.linalg.solve(V, np.linalg.solve(np.eye(len(D)) - H, residual))
        meat += np.outer(s, s)
    np.testing.assert_allclose(fit.covariance, M @ meat @ M, rtol=1e-9)  # rounding of the inverses


def test_one_row_per_group_is_the_plain_logit():
    X, y, _ = simulated()
    fit, plain = gee_logit(X, y, np.arange(len(y))), fit_model(X, y, "logit")
    assert fit.correlation == 0
    np.testing.assert_allclose(fit.coefficients, plain.coefficients, rtol=1e-8)


def test_groups_that_differ_less_than_chance_keep_a_correlation_that_can_be():
    fit = gee_logit(np.ones((6, 1)), np.array([0.0, 1.0] * 3), np.repeat([0, 1, 2], 2))
    assert fit.correlation == -0.99
    assert np.isfinite(fit.covariance).all()


def test_separation_is_refused_not_guessed():
    X, _, codes = simulated()
    with pytest.raises(ModelError, match="did not settle"):
        gee_logit(X, X[:, 1].copy(), codes)

"""The wild cluster bootstrap: against every draw refitted by hand, and its false positives in a simulation."""

from itertools import product

import numpy as np
import pytest

from konbit_lessons.incentives.bootstrap import wild_bootstrap


def simulated(*, groups=30, rows=6, effect=0.0, seed=1):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(groups), rows))
    x = (np.arange(groups) < 0.4 * groups)[codes].astype(float)
    X = np.column_stack([np.ones(len(codes)), x, rng.normal(size=len(codes))])
    level = 0.3 * rng.normal(size=groups)[codes]
    return X, (rng.random(len(codes)) < np.clip(0.5 + level + effect * x, 0, 1)).astype(float), codes


def refitted(X, y, codes, column, b=0.0):
    """p by least squares on each of the 2^G outcomes."""

    def t(outcome, value):
        beta = np.linalg.lstsq(X, outcome, rcond=None)[0]
        M, residual = np.linalg.inv(X.T @ X), outcome - X @ beta
        scores = np.array([X[codes == g].T @ residual[codes == g] for g in np.unique(codes)])
        return (beta[column] - value) / np.sqrt((M @ scores.T @ scores @ M)[column, column])

    others = np.delete(X, column, axis=1)
    shifted = y - b * X[:, column]
    fitted = others @ np.linalg.lstsq(others, shifted, rcond=None)[0]
    draws = [
        t(b * X[:, column] + fitted + np.array(v)[codes] * (shifted - fitted), b)
        for v in product([-1.0, 1.0], repeat=codes.max() + 1)
    ]
    return np.mean(np.abs(draws) >= abs(t(y, b)) - 1e-9)


def test_all_sign_vectors_give_the_p_of_refitting_each():
    X, y, codes = simulated(groups=7, effect=0.4)
    found = wild_bootstrap(X, y, codes, 1, weights="rademacher")
    assert found.draws == 128
    assert found.p_value == refitted(X, y, codes, 1)


def test_ends_of_the_interval_are_where_refitting_begins_to_refuse():
    X, y, codes = simulated(groups=8, effect=0.2, seed=4)
    found = wild_bootstrap(X, y, codes, 1, weights="rademacher", confidence=0.9)
    for end, side in ((found.conf_low, -1), (found.conf_high, 1)):
        assert refitted(X, y, codes, 1, end - side * 1e-6) >= 0.1
        assert refitted(X, y, codes, 1, end + side * 1e-6) < 0.1


def test_standard_error_is_cr1():
    X, y, codes = simulated()
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    M = np.linalg.inv(X.T @ X)
    scores = np.array([X[codes == g].T @ (y - X @ beta)[codes == g] for g in range(30)])
    by_hand = np.sqrt((M @ scores.T @ scores @ M)[1, 1] * 30 / 29 * 179 / 177)
    found = wild_bootstrap(X, y, codes, 1)
    assert found.std_error == pytest.approx(by_hand, rel=1e-10)
    assert found.estimate == pytest.approx(beta[1], rel=1e-10)


@pytest.mark.parametrize("groups", [10, 30])  # Webb's weights, signs
def test_false_positives_are_near_five_in_a_hundred(groups):
    refused = [wild_bootstrap(*simulated(groups=groups, seed=s), 1, draws=199).p_value < 0.05 for s in range(500)]
    assert 0.02 < np.mean(refused) < 0.08  # 0.05 and three Monte Carlo errors; CR1 with z has 0.14 and 0.06 here


def test_interval_holds_the_truth():
    runs = [wild_bootstrap(*simulated(effect=0.15, seed=s), 1, draws=199) for s in range(300)]
    inside = [run.conf_low <= 0.15 <= run.conf_high for run in runs]
    assert 0.92 < np.mean(inside) < 0.98


def test_units_of_the_column_and_names_of_groups_do_not_matter():
    X, y, codes = simulated(effect=0.2)
    one = wild_bootstrap(X, y, codes, 1)
    scaled = wild_bootstrap(X * [1, 1000, 1], y, codes, 1)
    ends = [one.conf_low, one.conf_high]
    np.testing.assert_allclose(np.array([scaled.conf_low, scaled.conf_high]) * 1000, ends, rtol=1e-6)
    shifted = wild_bootstrap(X, y + 0.7 * X[:, 1], codes, 1)
    np.testing.assert_allclose(np.array([shifted.conf_low, shifted.conf_high]) - 0.7, ends, rtol=1e-6)


def test_with_too_few_groups_nothing_is_refused_and_the_interval_has_no_end():
    X, y, codes = simulated(groups=4, rows=30)
    found = wild_bootstrap(X, y, codes, 1, weights="rademacher")
    assert (found.conf_low, found.conf_high) == (-np.inf, np.inf)

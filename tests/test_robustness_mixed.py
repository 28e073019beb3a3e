"""The random-intercept logit: an integral done another way, and a known truth. Against R: agreement."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from scipy.stats import norm

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.contrasts import of_column
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.mixed import mixed_logit

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def simulated(*, groups=60, rows=6, sd=1.0, seed=1):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(groups), rows))
    X = np.column_stack([np.ones(len(codes)), rng.random(len(codes)) < 0.4, rng.normal(10, 5, len(codes))])
    eta = X @ [-1.0, 0.9, 0.05] + sd * rng.normal(size=groups)[codes]
    return X, (rng.random(len(codes)) < expit(eta)).astype(float), codes


def test_log_likelihood_is_the_integral_over_each_group():
    X, y, codes = simulated(groups=5)
    fit = mixed_logit(X, y, codes)
    eta = X @ fit.coefficients

    def likelihood(u, j):
        p = expit(eta[codes == j] + fit.sd * u)
        return np.prod(np.where(y[codes == j] == 1, p, 1 - p)) * norm.pdf(u)

    by_quad = sum(np.log(quad(likelihood, -9, 9, args=(j,), epsabs=1e-13)[0]) for j in range(5))
    assert fit.log_likelihood == pytest.approx(by_quad, rel=1e-9)  # what quad promises


def test_standard_error_of_the_effect_is_the_delta_method():
    fit = mixed_logit(*simulated())
    theta = np.append(fit.coefficients, fit.sd)
    for column, offered in ((1, True), (2, False)):
        change = of_column(fit.X, column, offered=offered)

        def effect(t, change=change):
            return replace(fit, coefficients=t[:-1], sd=t[-1])._effect(change)[0]

        steps = 1e-5 * np.eye(4)
        by_hand = [(effect(theta + step) - effect(theta - step)) / 2e-5 for step in steps]
        assert fit._effect(change)[1] == pytest.approx(by_hand, rel=1e-5, abs=1e-9)  # of a central difference


def test_effect_in_the_population_is_recovered():
    X, y, codes = simulated(groups=1500, rows=4, sd=1.5)
    fit = mixed_logit(X, y, codes)
    u = np.linspace(-6, 6, 401)
    eta = (X @ [-1.0, 0.0, 0.05])[:, None] + 1.5 * u
    truth = ((expit(eta + 0.9) - expit(eta)) @ (norm.pdf(u) * 0.03)).mean()
    effect, std_error = fit.marginal_effect(of_column(X, 1, offered=True))
    assert fit.sd == pytest.approx(1.5, abs=0.25)  # three standard errors
    assert abs(effect - truth) < 3 * std_error


def test_without_groups_it_is_the_plain_logit():
    X, _, codes = simulated()
    y = np.empty(len(codes))
    y[np.argsort(codes, kind="stable")] = np.tile([0.0, 1.0, 1.0, 0.0, 1.0, 0.0], 60)  # less spread than chance
    fit, plain = mixed_logit(X, y, codes), fit_model(X, y, "logit")
    assert fit.sd == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(fit.coefficients, plain.coefficients, rtol=1e-6, atol=1e-8)
    expected = of_column(X, 1, offered=True).effect(plain.coefficients)[0]
    assert fit.marginal_effect(of_column(X, 1, offered=True))[0] == pytest.approx(expected, rel=1e-6)


def test_names_of_groups_and_order_of_rows_do_not_matter():
    X, y, codes = simulated()
    rng = np.random.default_rng(3)
    names, order = rng.permutation(60), rng.permutation(len(y))
    fit, again = mixed_logit(X, y, codes), mixed_logit(X[order], y[order], names[codes][order])
    np.testing.assert_allclose(again.coefficients, fit.coefficients, rtol=1e-9)  # rounding, and the last Newton step
    np.testing.assert_allclose(again.modes[names], fit.modes, rtol=1e-8, atol=1e-9)


def test_a_group_that_never_came_is_drawn_towards_the_others_the_less_is_known_of_it():
    X, y, codes = simulated()
    y[codes == 0] = 0
    few = np.ones(len(y), bool)
    few[np.flatnonzero(codes == 0)[1:]] = False
    long, short = mixed_logit(X, y, codes), mixed_logit(X[few], y[few], codes[few])
    assert long.modes[0] < short.modes[0] < 0
    assert long.conditional_sd[0] < short.conditional_sd[0]


def test_separation_is_refused_not_guessed():
    X, _, codes = simulated()
    with pytest.raises(ModelError, match="no maximum"):
        mixed_logit(X, X[:, 1].copy(), codes)
    with pytest.raises(ModelError, match="no maximum"):
        mixed_logit(X, (codes % 2).astype(float), codes)


@pytest.mark.parametrize("seed", range(12))
def test_no_other_sd_is_more_likely_than_the_one_found(seed):
    """A score of 0 at σ = 0 is no maximum: with little between organizations, half of the fits would stop there."""
    X, y, codes = simulated(groups=80, rows=9, sd=(0.0, 0.2, 0.3, 0.4)[seed % 4], seed=seed)
    fit, heights = mixed_logit(X, y, codes), []
    for sd in (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.5):

        def falling(beta, sd=sd):
            eta = (X @ beta)[:, None] + sd * NODES
            each = y[:, None] * eta - np.logaddexp(0, eta)
            joint = np.stack([np.bincount(codes, column) for column in each.T], axis=1)
            return -logsumexp(joint + np.log(WEIGHTS), axis=1).sum()

        heights.append(-minimize(falling, fit.coefficients, method="BFGS", options={"gtol": 1e-4}).fun)
    assert fit.log_likelihood >= max(heights) - 1e-5

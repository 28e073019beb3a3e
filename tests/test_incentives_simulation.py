"""A seeded simulation with known truth: false positives and coverage with event shocks, clustered both ways.

The effects are estimated with the pieces of ``predict_participation``, so that 400 repetitions take seconds.
"""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import t as t_distribution

from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.contrasts import of_column
from konbit_lessons.incentives.fit import fit_model

pytestmark = pytest.mark.slow

REPETITIONS, ORGANIZATIONS, EVENTS, INVITED = 400, 60, 30, 20
EFFECTS = np.array([0.0, 0.8, 0.0, 0.8])  # log-odds: at events without, with; of organizations without, with


def repetition(rng):
    o = np.concatenate([rng.choice(ORGANIZATIONS, INVITED, replace=False) for _ in range(EVENTS)])
    e = np.repeat(np.arange(EVENTS), INVITED)
    X = np.ones((len(o), 5))
    for column, (codes, groups) in enumerate([(e, EVENTS), (e, EVENTS), (o, ORGANIZATIONS), (o, ORGANIZATIONS)], 1):
        X[:, column] = np.isin(np.arange(groups), rng.choice(groups, groups * 2 // 5, replace=False))[codes]
    shocks = 0.8 * rng.normal(size=ORGANIZATIONS)[o] + 0.5 * rng.normal(size=EVENTS)[e]
    y = (rng.random(len(o)) < expit(-0.5 + X[:, 1:] @ EFFECTS + shocks)).astype(float)
    return X, y, {"organization_id": np.unique(o, return_inverse=True)[1], "event_id": e}


def marginal_truth():
    """Population effects: averaged over the other incentives and both shocks (sd √(0.8² + 0.5²)) by quadrature."""
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    shock, share = np.sqrt(0.8**2 + 0.5**2), 0.4

    def p(eta):
        return weight @ expit(eta + shock * node) / weight.sum()

    other = [(0.0, 1 - share), (0.8, share)]
    effect = sum(w * (p(-0.5 + 0.8 + x) - p(-0.5 + x)) for x, w in other)
    return np.array([0.0, effect, 0.0, effect])


@pytest.fixture(scope="module")
def simulated():
    rng = np.random.default_rng(20)
    found = []
    for _ in range(REPETITIONS):
        X, y, codes = repetition(rng)
        fit = fit_model(X, y, "firth")
        both, by_organization = clusterings(fit, codes), clusterings(fit, {"organization_id": codes["organization_id"]})
        for column in range(1, 5):
            effect, gradient = of_column(fit.X, column, offered=True).effect(fit.coefficients)
            own = "event_id" if column <= 2 else "organization_id"
            found += [(effect, *both.basis(gradient, own=own)[:2]), (effect, *by_organization.basis(gradient)[:2])]
    return np.array(found).reshape(REPETITIONS, 4, 2, 3)


def outside(found, truth):
    effect, std_error, df = np.moveaxis(found, -1, 0)
    return (np.abs(effect - truth) > t_distribution.ppf(0.975, df) * std_error).mean(axis=0)


def test_false_positives_are_as_rare_as_stated_with_event_shocks(simulated):
    rates = outside(simulated[:, [0, 2], 0], 0.0)
    # three Monte Carlo errors above 5 %: √(.05 · .95 / 400) = 1.1 points
    assert (rates < 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)).all(), rates
    assert (rates > 0.005).all(), rates  # and not by refusing everything


def test_intervals_cover_the_effect_as_often_as_stated(simulated):
    missed = outside(simulated[:, [1, 3], 0], marginal_truth()[[1, 3]])
    assert (missed < 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)).all(), missed


def test_estimates_are_centred_on_the_truth(simulated):
    effects = simulated[:, :, 0, 0]
    error = effects.std(axis=0) / np.sqrt(REPETITIONS)
    # four Monte Carlo errors, and half a point for the penalty's pull towards none
    assert (np.abs(effects.mean(axis=0) - marginal_truth()) < 4 * error + 0.005).all()


def test_clustering_by_organization_alone_would_mislead_about_event_incentives(simulated):
    assert outside(simulated[:, 0, 1], 0.0) > 0.10  # this is why both ways are the default; the test can fail

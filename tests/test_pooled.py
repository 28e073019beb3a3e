"""Pooling of programmes: against R's metafor, statsmodels, arithmetic by hand, and simulation with a known truth."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import HERE
from portfolio_example import coverage, estimates
from statsmodels.stats.meta_analysis import combine_effects

from konbit_lessons.incentives.pooled import pool, weights

REFERENCE = json.loads((HERE / "data" / "reference" / "portfolio.json").read_text("utf-8"))
ROWS = (
    pd.read_csv(HERE / "data" / "reference" / "portfolio.csv").rename(columns={"term": "incentive"}).drop(columns="df")
)
CASES = [(term, k) for term, each in REFERENCE["models"].items() for k in each]


def test_the_reference_is_about_the_simulated_programmes():
    now = estimates()[["estimate", "std_error"]].to_numpy()
    assert np.allclose(now, ROWS[["estimate", "std_error"]], rtol=1e-15, atol=0)


@pytest.mark.parametrize(("term", "k"), CASES)
def test_to_seven_digits_as_metafor(term, k):
    rows, told = ROWS[ROWS["incentive"] == term].head(int(k)), REFERENCE["models"][term][k]
    found = pool(rows).iloc[0]
    pairs = [
        ("estimate", told["estimate"]),
        ("tau_low", told["tau_low"]),
        ("tau_high", told["tau_high"]),
    ]
    pairs += zip(["std_error", "conf_low", "conf_high", "p_value"], told["adhoc"], strict=True)
    pairs += zip(["predicted_low_wide", "predicted_high_wide"], told["predict_adhoc"], strict=True)
    pairs += zip(["predicted_low", "predicted_high"], told["predict_riley"] or [np.nan, np.nan], strict=True)
    for name, expected in [*pairs, ("tau", told["tau2"] ** 0.5)]:
        assert found[name] == pytest.approx(expected, rel=5e-8, abs=1e-10, nan_ok=True), name
    assert found["std_error"] >= told["knha"][0] * (1 - 1e-9)
    if told["tau2"] > 1e-9:  # then Paule and Mandel's own scale is 1, and test = "knha" gives the same interval
        assert found[["std_error", "conf_low", "conf_high", "p_value"]].tolist() == pytest.approx(
            told["knha"], rel=5e-8
        )
    share = weights(rows, pool(rows))
    assert share.to_numpy() == pytest.approx(told["weights"], rel=5e-8)


def of(*each, incentive="a"):
    return pd.DataFrame([{"incentive": incentive, "estimate": one, "std_error": error} for one, error in each])


def test_programmes_that_agree_more_than_chance_would_have_no_narrower_an_interval_for_it():
    # Q = 2 (0.01/0.04)² / 2 = 0.0625 < 1: τ = 0, the scale is 1 and not 0.0625, se = 0.04/√2, t on 1 is 12.706.
    found = pool(of((0.10, 0.04), (0.11, 0.04))).iloc[0]
    assert found["tau"] == 0 and found["std_error"] == pytest.approx(0.04 / 2**0.5, rel=1e-12)
    assert found["conf_high"] - found["conf_low"] == pytest.approx(2 * 12.7062047 * 0.04 / 2**0.5, rel=1e-8)


def test_with_two_programmes_nothing_is_said_of_a_further_one():
    found = pool(of((0.0, 0.01), (0.2, 0.01))).iloc[0]
    assert np.isnan(found["predicted_low"]) and found["predicted_high_wide"] > 1
    assert found["conf_high"] > 1  # t on one degree of freedom


def test_none_and_one_are_not_pooled_and_say_so():
    each = pd.concat([of((np.nan, np.nan), (np.nan, np.nan)), of((0.1, 0.02), (np.nan, np.nan), incentive="b")])
    found = pool(each).set_index("incentive")
    assert found[["k", "of", "reason", "strength"]].to_numpy().tolist() == [
        [0, 2, "none", "cannot tell"],
        [1, 2, "one", "cannot tell"],
    ]
    assert found[["estimate", "conf_low", "tau"]].isna().all(axis=None)


@pytest.mark.parametrize("each", [0.1, 0.125, 0.0])
def test_alike_to_the_last_digit_is_no_error(each):
    found = pool(of((each, 0.5), (each, 0.5), (each, 0.5))).iloc[0]
    assert (found["estimate"], found["tau"], found["tau_high"]) == (pytest.approx(each), 0, 0)


def test_neither_order_nor_scale_matters():
    rows = ROWS[ROWS["incentive"] == "transport"].head(12)
    first, turned = pool(rows).iloc[0], pool(rows.iloc[::-1]).iloc[0]
    larger = pool(rows.assign(estimate=1e6 * rows["estimate"], std_error=1e6 * rows["std_error"])).iloc[0]
    for name in ("estimate", "std_error", "tau", "tau_low", "tau_high", "predicted_high"):
        assert turned[name] == pytest.approx(first[name], rel=1e-10) and larger[name] == pytest.approx(
            1e6 * first[name], rel=1e-9
        )


def test_the_interval_is_never_narrower_than_that_of_a_fixed_effect():
    rng = np.random.default_rng(3)
    for k in (2, 3, 6, 15):
        y, s = 0.1 + 0.04 * rng.normal(size=k), rng.uniform(0.02, 0.1, k)
        found, fixed = pool(of(*zip(y, s, strict=True))).iloc[0], combine_effects(y, s**2, method_re="pm").conf_int()[0]
        assert found["conf_high"] - found["conf_low"] >= fixed[1] - fixed[0]


def test_holm_is_over_the_incentives_that_are_pooled():
    each = pd.concat([ROWS.groupby("incentive").head(8), of((0.1, 0.03), incentive="alone")])
    found = pool(each).set_index("incentive")
    p = found["p_value"].dropna().sort_values()
    assert found.loc[p.index, "p_adjusted"].tolist() == pytest.approx([2 * p.iloc[0], max(2 * p.iloc[0], p.iloc[1])])


@pytest.mark.slow
@pytest.mark.parametrize(("k", "at_least"), [(3, 0.97), (5, 0.95), (10, 0.92), (30, 0.92)])
def test_of_a_hundred_intervals_about_95_hold_the_mean(k, at_least):
    # 1,500 portfolios: a share of .95 is told to ± .011; docs/portfolio.md has 4,000 of each kind
    assert coverage(k, 0.05, [10, 20, 40], portfolios=1500)["mean"] >= at_least


def test_noise_in_standard_errors_is_not_taken_for_programmes_that_differ():
    # no programme differs; of 400 portfolios of 30, whose standard errors have 6 to 12 degrees of freedom, 2.5 % should
    # say so by chance, ± 1.6; with 1/s² as it is told, 24 % do
    assert coverage(30, 0.0, [6, 8, 12], portfolios=400)["tau"] >= 0.91


def test_few_degrees_of_freedom_widen_only_the_lower_end_of_how_much_programmes_differ():
    rows = ROWS[ROWS["incentive"] == "transport"]
    plain, known = pool(rows).iloc[0], pool(rows.assign(df=20.0)).iloc[0]
    wider = pool(rows.assign(std_error=rows["std_error"] * (20 / 18) ** 0.5)).iloc[0]
    assert 0 < known["tau_low"] < plain["tau_low"] and known["tau_low"] == pytest.approx(wider["tau_low"], rel=1e-12)
    assert (
        known.drop("tau_low").tolist()[1:5] == plain.drop("tau_low").tolist()[1:5]
        and known["tau_high"] == plain["tau_high"]
    )

"""Pooling of programmes: against R's metafor, statsmodels, arithmetic by hand, and simulation with a known truth."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import HERE
from portfolio_example import estimates

from konbit_lessons.incentives.pooled import pool, weights

REFERENCE = json.loads((HERE / "data" / "reference" / "portfolio.json").read_text("utf-8"))
ROWS = pd.read_csv(HERE / "data" / "reference" / "portfolio.csv").rename(columns={"term": "incentive"})
CASES = [(term, k) for term, each in REFERENCE["cases"].items() for k in each]


def test_the_reference_is_about_the_simulated_programmes():
    now = estimates()[["estimate", "std_error"]].to_numpy()
    assert np.allclose(now, ROWS[["estimate", "std_error"]], rtol=1e-15, atol=0)


@pytest.mark.parametrize(("term", "k"), CASES)
def test_to_seven_digits_as_metafor(term, k):
    rows, told = ROWS[ROWS["incentive"] == term].head(int(k)), REFERENCE["cases"][term][k]["PM"]
    found = pool(rows).iloc[0]
    pairs = [
        ("estimate", told["estimate"]),
        ("q_p_value", told["Q_p"]),
        ("tau_low", told["tau_low"]),
        ("tau_high", told["tau_high"]),
    ]
    pairs += zip(["std_error", "conf_low", "conf_high", "p_value"], told["adhoc"], strict=True)
    pairs += zip(["predicted_low_wide", "predicted_high_wide"], told["predict_adhoc"], strict=True)
    pairs += zip(["predicted_low", "predicted_high"], told["predict_riley"] or [np.nan, np.nan], strict=True)
    for name, expected in [*pairs, ("tau", told["tau2"] ** 0.5)]:
        assert found[name] == pytest.approx(expected, rel=5e-8, abs=1e-10, nan_ok=True), name
    share = weights(rows, pool(rows))
    assert share.to_numpy() == pytest.approx(told["weights"], rel=5e-8)

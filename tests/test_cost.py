"""What one more attendance cost: Fieller's interval, what was paid on record, and how it is told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

import konbit_lessons as kl
from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.cost import fieller

PAID = {"per_diem": ("per_diem_amount", "per_diem_spent")}


def programme_rows(seed, effect, organizations=60, events=24):
    """Amounts of 4 to 12 at half of the events, for each of one to three delegates; the price at the true effect."""
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product([range(organizations), range(events)]).to_frame(index=False)
    rows.columns = ["organization_id", "event_id"]
    rows = rows[rng.random(len(rows)) < 0.5].reset_index(drop=True)
    amount = rng.permutation(np.where(np.arange(events) % 2, rng.integers(4, 13, events), 0))
    rows["per_diem_amount"] = amount[rows["event_id"]].astype(float)
    rows["per_diem"] = (rows["per_diem_amount"] > 0) * 1.0
    who, when = rng.normal(0, 0.8, organizations), rng.normal(0, 0.3, events)
    base = who[rows["organization_id"]] + when[rows["event_id"]] - 0.4
    chance = expit(base + effect * rows["per_diem"])
    rows["attended"] = (rng.random(len(rows)) < chance) * 1.0
    rows["per_diem_spent"] = rows["attended"] * rows["per_diem_amount"] * rng.integers(1, 4, len(rows))
    expected = (2 * chance * rows["per_diem_amount"])[rows["per_diem"] == 1].mean()
    return rows, expected, float((expit(base + effect) - expit(base)).mean())


def asked(rows):
    cluster = ["organization_id", "event_id"]
    return kl.estimate("attended ~ per_diem", rows, incentives="per_diem", cluster=cluster, permutations=0)


@given(*[st.floats(0.1, 10)] * 3, st.floats(-3, 3), st.floats(-1, 1))
def test_at_the_ends_of_fiellers_interval_the_difference_is_t_standard_errors(a, se_a, se_b, b, correlation):
    V = np.array([[se_a**2, correlation * se_a * se_b], [correlation * se_a * se_b, se_b**2]])
    bound, low, high = fieller(a, b, V, 2.0)
    assert (bound == "interval") == (abs(a) > 2 * se_a and b > 2 * se_b)
    assert (bound == "fewer") == (abs(a) > 2 * se_a and b < -2 * se_b)
    for end in (end for end in (low, high) if np.isfinite(end) and bound != "none"):
        variance = V[0, 0] - 2 * end * V[0, 1] + end**2 * V[1, 1]
        assert abs(a - end * b) == pytest.approx(2 * np.sqrt(max(variance, 0)), rel=1e-5, abs=1e-5)
    assert bound != "interval" or low <= a / b <= high
    assert bound != "at least" or (low > 0 and high == np.inf)


@pytest.mark.parametrize("effect", [0.0, 0.3, 1.0])
def test_a_price_has_an_end_only_where_the_effect_is_not_zero_and_is_what_was_paid_for_each_more(effect):
    for seed in range(12):
        rows, *_ = programme_rows(seed, effect)
        result = asked(rows)
        told, cost = result.table.iloc[0], result.costs(PAID).iloc[0]
        assert (cost["bound"] == "interval") == (told["conf_low"] > 0)
        assert cost["spent"] == pytest.approx(rows.loc[rows["per_diem"] == 1, "per_diem_spent"].mean())
        assert told["estimate"] <= 0 or cost["cost"] == pytest.approx(cost["spent"] / told["estimate"])
        in_order = result.costs(PAID).equals(asked(rows.sample(frac=1, random_state=seed)).costs(PAID))
        assert in_order or np.allclose(
            asked(rows.sample(frac=1, random_state=seed)).costs(PAID)["spent"], cost["spent"]
        )


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.15, 0.5, 1.2])
def test_the_interval_covers_the_true_price_as_often_as_it_says(effect):
    """Also where the effect is near zero, and an interval by the delta method would be of no use."""
    held, n = 0, 250
    for seed in range(n):
        rows, paid, more = programme_rows(seed, effect)
        cost = asked(rows).costs(PAID).iloc[0]
        none = cost["bound"] in ("none", "fewer")
        held += cost["bound"] == "none" or (not none and cost["cost_low"] <= paid / more <= cost["cost_high"])
    assert held / n > 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)


def test_the_effect_per_amount_is_that_of_the_amount_in_its_place():
    rows, *_ = programme_rows(3, 0.8)
    cost = asked(rows).costs(PAID).iloc[0]
    plain = kl.estimate("attended ~ per_diem_amount", rows, incentives="per_diem_amount", permutations=0).table.iloc[0]
    ends = ["per_amount", "per_amount_low", "per_amount_high"]
    assert cost[ends].tolist() == pytest.approx(plain[["estimate", "conf_low", "conf_high"]].tolist())


def test_what_is_hidden_has_no_price_and_a_shared_one_has_two_digits():
    rows, *_ = programme_rows(5, 0.8)
    result = asked(rows)
    shared = result.shown(5).costs(PAID).iloc[0]
    assert shared["cost"] == float(f"{result.costs(PAID)['cost'][0]:.2g}")
    assert result.shown(61).costs(PAID).empty
    with pytest.raises(ModelError, match="paid"):
        asked(rows.drop(columns="per_diem_spent")).costs({"per_diem": ("per_diem_amount", "paid")})

"""What must not matter does not: the order of rows, the unit of a covariate, the names of clusters; for drawn data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import estimate, predict_participation

NUMBERS = ["estimate", "std_error", "df", "p_value", "detectable", "e_value", "e_value_limit"]
# every example is a few fits; the same examples each time, so that the suite does not depend on the day
EXAMPLES = settings(max_examples=8, deadline=None, derandomize=True, database=None)


def drawn(seed, groups, per_group):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), per_group)
    size = rng.normal(size=groups)[group]
    refund = rng.permutation(groups)[group] < groups / 2
    rows = pd.DataFrame({"group": group, "size": size, "refund": refund})
    rows["recent"] = rng.random(len(rows)) < 0.5
    return rows.assign(came=rng.random(len(rows)) < 1 / (1 + np.exp(-0.5 * size - rng.normal(size=groups)[group])))


ROWS = st.builds(drawn, st.integers(0, 10**6), st.integers(24, 40), st.integers(3, 6))


def asked(rows, **question):
    call = {"outcome": "came", "incentives": ["refund", "recent"], "adjust_for": ["size"], "cluster": "group"}
    return predict_participation(rows, **call | {"permutations": 0} | question)


def same(one, other):
    # 1e-6: two Firth fits, each to 1e-8, whose standard errors are differences of rounded sums
    np.testing.assert_allclose(other.table[NUMBERS], one.table[NUMBERS], rtol=1e-6)
    assert other.table["strength"].tolist() == one.table["strength"].tolist()
    assert other.joint["p_value"] == pytest.approx(one.joint["p_value"], rel=1e-6)


@EXAMPLES
@given(rows=ROWS, seed=st.integers(0, 10**6), power=st.integers(-6, 6), shift=st.floats(-5, 5))
def test_order_units_origins_and_names_do_not_matter(rows, seed, power, shift):
    one, names = asked(rows), np.random.default_rng(seed).permutation(rows["group"].max() + 1)
    assert asked(rows.sample(frac=1, random_state=seed)).table.equals(one.table)
    same(one, asked(rows.assign(size=(rows["size"] + shift) * 10.0**power)))
    same(one, asked(rows.assign(group=[f"Ò {names[g]}~" for g in rows["group"]])))


@EXAMPLES
@given(rows=ROWS)
def test_a_centred_interaction_is_the_same_model(rows):
    call = {"incentives": "refund", "cluster": "group", "permutations": 0}
    one, other = (estimate(f"came ~ refund * {size} + recent", rows, **call) for size in ("size", "center(size)"))
    same(one, other)


@EXAMPLES
@given(rows=ROWS)
def test_taking_part_turned_round_turns_the_sign_and_nothing_else(rows):
    one, other = asked(rows), asked(rows.assign(came=~rows["came"]))
    np.testing.assert_allclose(other.table["estimate"], -one.table["estimate"], rtol=1e-6)
    same_still = ["std_error", "df", "p_value", "detectable"]
    np.testing.assert_allclose(other.table[same_still], one.table[same_still], rtol=1e-6)


def test_a_cluster_column_of_one_value_is_refused():
    with pytest.raises(ModelError, match="found one value"):
        asked(drawn(1, 24, 3).assign(country="all"), cluster=["group", "country"])

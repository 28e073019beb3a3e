"""What must not matter does not: the order of rows, the unit of a covariate, the names of clusters; for drawn data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.clusters import ClusterRobust
from konbit_lessons.incentives.fit import fit_model

NUMBERS = ["estimate", "std_error", "df", "p_value", "detectable", "e_value", "e_value_limit"]
# every example is a few fits; the same examples each time, so that the suite does not depend on the day
EXAMPLES = settings(max_examples=12, deadline=None, derandomize=True, database=None)


def drawn(seed, groups, per_group):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), per_group)
    size = rng.normal(size=groups)[group]
    refund = rng.permutation(groups)[group] < groups / 2
    rows = pd.DataFrame({"group": group, "row": np.arange(len(group)), "size": size, "refund": refund})
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
@given(rows=ROWS, seed=st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(rows, seed):
    same(asked(rows), asked(rows.sample(frac=1, random_state=seed)))


@EXAMPLES
@given(rows=ROWS, power=st.integers(-6, 6), shift=st.floats(-5, 5))
def test_the_unit_and_the_origin_of_a_covariate_do_not_matter(rows, power, shift):
    same(asked(rows), asked(rows.assign(size=(rows["size"] + shift) * 10.0**power)))


@EXAMPLES
@given(rows=ROWS, seed=st.integers(0, 10**6))
def test_the_names_of_clusters_do_not_matter(rows, seed):
    names = np.random.default_rng(seed).permutation(rows["group"].max() + 1)
    same(asked(rows), asked(rows.assign(group=[f"Ò {names[g]}~" for g in rows["group"]])))


@EXAMPLES
@given(rows=ROWS)
def test_one_cluster_per_row_is_hc2(rows):
    X = np.column_stack([np.ones(len(rows)), rows[["refund", "recent", "size"]]]).astype(float)
    fit = fit_model(X, rows["came"].to_numpy(float), "logit")
    M = np.linalg.inv((X * fit.weights[:, None]).T @ X)
    leverage = fit.weights * np.einsum("na,ab,nb->n", X, M, X)
    hc2 = M @ ((X * (fit.score**2 / (1 - leverage))[:, None]).T @ X) @ M
    found = ClusterRobust(fit.X, fit.weights, fit.score, rows["row"].to_numpy()).covariance
    np.testing.assert_allclose(found, hc2, rtol=1e-8, atol=1e-12)


@EXAMPLES
@given(rows=ROWS)
def test_a_cluster_column_of_one_value_is_refused(rows):
    with pytest.raises(ModelError, match="found one value"):
        asked(rows.assign(country="Haiti"), cluster=["group", "country"])


@EXAMPLES
@given(rows=ROWS)
def test_taking_part_turned_round_turns_the_sign_and_nothing_else(rows):
    one, other = asked(rows), asked(rows.assign(came=~rows["came"]))
    np.testing.assert_allclose(other.table["estimate"], -one.table["estimate"], rtol=1e-6)
    same_still = ["std_error", "df", "p_value", "detectable"]
    np.testing.assert_allclose(other.table[same_still], one.table[same_still], rtol=1e-6)

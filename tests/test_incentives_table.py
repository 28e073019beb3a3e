"""The table and what stands around it: the contract of columns, the strength of each answer, and its invariances."""

from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from numpy.testing import assert_allclose
from scipy.stats import t as t_distribution
from statsmodels.stats.multitest import multipletests

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.result import COLUMNS, decided

INCENTIVES = ["refund", "showcase", "consulted", "recent", "per_diem_htg"]


@pytest.fixture(scope="module")
def rows():
    return invitations(effects={"refund": 1.5, "consulted": 0.7})


def asked(rows, **question):
    return predict_participation(
        rows, **{"incentives": INCENTIVES, "adjust_for": ["org_type", "event_type"]} | question
    )


@pytest.fixture(scope="module")
def result(rows):
    return asked(rows, labels={"refund": "Transport refunded"})


def test_the_table_has_one_row_per_incentive_in_the_order_given(result):
    assert list(result.table.columns) == COLUMNS
    assert result.table["term"].tolist() == INCENTIVES
    assert result.table["label"].tolist() == ["Transport refunded", *INCENTIVES[1:]]
    assert result.table["varies_by"].tolist() == ["event_id", "event_id", "organization_id", "row", "event_id"]
    assert result.table["kind"].tolist() == ["offered"] * 4 + ["amount"]


def test_counts_are_those_of_the_rows(rows, result):
    for row in result.table.itertuples():
        offered, group = rows[row.term] > 0, "organization_id" if row.varies_by == "row" else row.varies_by
        counted = [offered.sum(), rows["attended"][offered].sum(), rows[group][offered].nunique()]
        assert [row.n_offered, row.k_offered, row.groups_offered] == counted
        assert [row.n_not_offered, row.k_not_offered] == [(~offered).sum(), rows["attended"][~offered].sum()]


def test_a_result_says_what_it_rests_on(rows, result):
    assert result.n == len(rows) and result.clusters == {"organization_id": 40, "event_id": 24}
    assert result.rate == pytest.approx(rows["attended"].mean())
    assert result.method == "Firth logit, CR2 by organization_id and event_id, Satterthwaite"
    assert result.coefficients.index.tolist() == [
        "Intercept",
        "org_type[T.cdsp]",
        "event_type[T.training]",
        *INCENTIVES,
    ]
    assert result.joint["terms"] == tuple(INCENTIVES) and result.joint["df_num"] == 5
    assert 0 <= result.joint["p_value"] < 0.05
    assert result.not_estimable.empty and result.left_out.empty


def test_interval_p_and_strength_follow_from_estimate_standard_error_and_df(result):
    for row in result.table.itertuples():
        reach = t_distribution.ppf(0.975, row.df) * row.std_error
        assert (row.conf_low, row.conf_high) == pytest.approx((row.estimate - reach, row.estimate + reach), rel=1e-12)
        assert row.p_value == pytest.approx(2 * t_distribution.sf(abs(row.estimate) / row.std_error, row.df), rel=1e-12)
    assert result.table["strength"].iloc[0] == "clear"


def strength_by_hand(p, matters, alpha=0.05):
    """Clear is what Holm rejects at 5 %, likely what Benjamini and Hochberg do at 10 % where p is below 5 %."""
    clear = multipletests(p, alpha, "holm")[0]
    likely = multipletests(p, 2 * alpha, "fdr_bh")[0] & (p < alpha)
    return ["clear" if one else "likely" if other else matters for one, other in zip(clear, likely, strict=True)]


@pytest.mark.parametrize("seed", range(20))
def test_a_word_has_an_error_rate_for_all_that_stand_side_by_side(seed):
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=8) ** rng.choice([1, 6], 8)
    reach = np.where(p < 0.05, 0.19, 0.21)  # the interval leaves out zero where p is below 5 %
    frame = pd.DataFrame(
        {"reason": "", "conf_low": 0.2 - reach, "conf_high": 0.2 + reach, "matters": 0.1, "p_value": p}
    )
    told = decided(frame, 0.95, exploratory=False)
    assert told["strength"].tolist() == strength_by_hand(p, "uncertain")
    assert decided(frame.assign(matters=0.5), 0.95, False)["strength"].tolist() == strength_by_hand(p, "no sign of")
    assert_allclose(told["p_adjusted"], multipletests(p, method="holm")[1], rtol=1e-12)


def test_what_is_only_known_of_those_that_came_cannot_tell_who_comes(rows):
    senior = pd.Series(np.arange(len(rows)) % 2, rows.index).where(rows["attended"] == 1)
    known = rows.assign(senior_delegate=senior)
    with pytest.raises(ModelError, match=r'"senior_delegate": found no value in all \d+ rows in which attended is no'):
        asked(known, outcome="senior_delegate")
    every = asked(known.assign(senior_delegate=senior.fillna(0)), outcome="senior_delegate")
    assert every.n == len(rows) and asked(known[known["attended"] == 1], outcome="senior_delegate").n < every.n


def test_an_amount_is_small_by_its_usual_change_and_its_unit_scales_its_effect_and_nothing_else(rows, result):
    # per single unit any effect is below 0.10; over two standard deviations (about 800) this one is not
    row, change = result.table.iloc[-1], 2 * rows["per_diem_htg"].std(ddof=0)
    assert max(abs(row["conf_low"]), abs(row["conf_high"])) * change > 0.10 and row["strength"] == "uncertain"
    other = asked(rows.assign(per_diem_htg=rows["per_diem_htg"] / 1000)).table
    same, scaled = ["std_error", "estimate", "p_value", "df"], ["estimate", "std_error"]
    assert_allclose(other[same].iloc[:4], result.table[same].iloc[:4], rtol=1e-7)
    assert_allclose(other[scaled].iloc[4] / 1000, result.table[scaled].iloc[4].astype(float), rtol=1e-7)
    assert other["strength"].tolist() == result.table["strength"].tolist()


def test_the_order_and_the_names_of_rows_and_groups_do_not_matter_and_rows_stay_as_they_were(rows, result):
    before, shuffled = rows.copy(), rows.sample(frac=1, random_state=4)
    shuffled["organization_id"] = shuffled["organization_id"].map(lambda name: f"{crc32(name.encode())}")
    other, numbers = asked(shuffled), result.table.select_dtypes("number").columns
    assert_allclose(other.table[numbers], result.table[numbers], rtol=1e-8, atol=1e-12)
    assert other.table["strength"].tolist() == result.table["strength"].tolist()
    assert other.joint["p_value"] == pytest.approx(result.joint["p_value"], rel=1e-8)
    pd.testing.assert_frame_equal(rows, before)


def test_the_joint_test_both_ways_is_less_sure_than_either_way(rows, result):
    for cluster in ("organization_id", "event_id"):
        assert asked(rows, cluster=cluster).joint["p_value"] < result.joint["p_value"]


def test_other_methods_and_other_confidence(rows, result):
    linear = asked(rows, incentives="refund", adjust_for=(), method="linear")
    row = linear.table.iloc[0]
    shares = row["k_offered"] / row["n_offered"], row["k_not_offered"] / row["n_not_offered"]
    assert row["estimate"] == pytest.approx(shares[0] - shares[1], rel=1e-10)
    assert linear.method == "Linear probability, CR2 by organization_id and event_id, Satterthwaite"
    # the penalty is worth about half a row per column: 8 of 960 rows, below 1 % of an effect's standard error
    apart = (asked(rows, method="logit").table["estimate"] - result.table["estimate"]).abs()
    assert (apart < 0.05 * result.table["std_error"]).all()
    narrow = asked(rows, confidence=0.80).table
    assert (result.table["conf_low"] < narrow["conf_low"]).all() and (
        narrow["conf_high"] < result.table["conf_high"]
    ).all()

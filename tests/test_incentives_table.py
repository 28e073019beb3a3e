"""The table and what stands around it: the contract of columns, the strength of each answer, and its invariances."""

from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from scipy.stats import t as t_distribution

from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.result import COLUMNS

INCENTIVES = ["refund", "showcase", "consulted", "recent", "per_diem_htg"]


@pytest.fixture(scope="module")
def rows():
    return invitations(effects={"refund": 1.5, "consulted": 0.7})


@pytest.fixture(scope="module")
def result(rows):
    return predict_participation(
        rows, incentives=INCENTIVES, adjust_for=["org_type", "event_type"], labels={"refund": "Transport refunded"}
    )


def test_the_table_has_one_row_per_incentive_in_the_order_given(result):
    assert list(result.table.columns) == COLUMNS
    assert result.table["term"].tolist() == INCENTIVES
    assert result.table["label"].tolist() == ["Transport refunded", *INCENTIVES[1:]]
    assert result.table["varies_by"].tolist() == ["event_id", "event_id", "organization_id", "row", "event_id"]
    assert result.table["kind"].tolist() == ["offered"] * 4 + ["amount"]


def test_counts_are_those_of_the_rows(rows, result):
    for row in result.table.itertuples():
        offered = rows[row.term] > 0
        group = "organization_id" if row.varies_by == "row" else row.varies_by
        assert row.n_offered == offered.sum()
        assert row.k_offered == rows.loc[offered, "attended"].sum()
        assert row.n_offered + row.n_not_offered == row.n == result.n == len(rows)
        assert row.k_offered + row.k_not_offered == rows["attended"].sum()
        assert row.groups_offered == rows.loc[offered, group].nunique()


def test_what_the_rows_were_stands_beside_the_estimates(rows, result):
    assert result.clusters == {"organization_id": 40, "event_id": 24}
    assert result.table["clusters"].unique().tolist() == ["40 organization_id, 24 event_id"]
    assert result.method == "Firth logit, CR2 by organization_id and event_id, Satterthwaite"
    assert result.rate == pytest.approx(rows["attended"].mean())
    assert result.outcome == "attended"
    assert list(result.coefficients.index) == ["(Intercept)", *INCENTIVES, "org_type: cdsp", "event_type: training"]
    assert result.joint["terms"] == tuple(INCENTIVES)
    assert result.joint["df_num"] == 5
    assert 0 <= result.joint["p_value"] < 0.05
    assert result.not_estimable.empty
    assert result.left_out.empty


def test_interval_and_p_follow_from_estimate_standard_error_and_df(result):
    for row in result.table.itertuples():
        reach = t_distribution.ppf(0.975, row.df) * row.std_error
        assert (row.conf_low, row.conf_high) == pytest.approx((row.estimate - reach, row.estimate + reach), rel=1e-12)
        assert row.p_value == pytest.approx(2 * t_distribution.sf(abs(row.estimate) / row.std_error, row.df), rel=1e-12)


def test_strength_follows_the_interval_the_adjusted_p_and_the_smallest_effect(result):
    for row in result.table.query("kind == 'offered'").itertuples():
        excludes_zero = row.conf_low > 0 or row.conf_high < 0
        within = row.conf_low >= -0.10 and row.conf_high <= 0.10
        expected = (
            ("clear" if row.p_adjusted < 0.05 else "likely")
            if excludes_zero
            else ("no sign of" if within else "uncertain")
        )
        assert row.strength == expected
    assert result.table["strength"].iloc[0] == "clear"


def test_an_amount_is_small_by_its_usual_change_not_by_one_gourde(rows, result):
    # per single gourde any effect is below 0.10; over two standard deviations (about 800 gourdes) this one is not
    row = result.table.iloc[-1]
    change = 2 * rows["per_diem_htg"].std(ddof=0)
    assert max(abs(row["conf_low"]), abs(row["conf_high"])) * change > 0.10
    assert row["strength"] == "uncertain"


def test_the_unit_of_an_amount_scales_its_effect_and_nothing_else(rows, result):
    in_thousands = rows.assign(per_diem_htg=rows["per_diem_htg"] / 1000)
    other = predict_participation(in_thousands, incentives=INCENTIVES, adjust_for=["org_type", "event_type"])
    same = ["std_error", "estimate", "p_value", "df"]
    np.testing.assert_allclose(other.table[same].iloc[:4], result.table[same].iloc[:4], rtol=1e-7)
    np.testing.assert_allclose(
        other.table[["estimate", "std_error"]].iloc[4] / 1000,
        result.table[["estimate", "std_error"]].iloc[4].astype(float),
        rtol=1e-7,
    )
    assert other.table["strength"].tolist() == result.table["strength"].tolist()


def test_the_order_and_the_names_of_rows_and_groups_do_not_matter(rows, result):
    shuffled = rows.sample(frac=1, random_state=4)
    shuffled["organization_id"] = shuffled["organization_id"].map(lambda name: f"{crc32(name.encode())}")
    other = predict_participation(
        shuffled, incentives=INCENTIVES, adjust_for=["org_type", "event_type"], labels={"refund": "Transport refunded"}
    )
    numbers = result.table.select_dtypes("number").columns
    np.testing.assert_allclose(other.table[numbers], result.table[numbers], rtol=1e-8, atol=1e-12)
    assert other.table["strength"].tolist() == result.table["strength"].tolist()
    assert other.joint["p_value"] == pytest.approx(result.joint["p_value"], rel=1e-8)


def test_the_callers_rows_are_left_as_they_were(rows):
    before = rows.copy()
    predict_participation(rows, incentives=INCENTIVES, permutations=0)
    pd.testing.assert_frame_equal(rows, before)


def test_the_joint_test_both_ways_is_less_sure_than_either_way(rows, result):
    for cluster in ("organization_id", "event_id"):
        one_way = predict_participation(
            rows, incentives=INCENTIVES, adjust_for=["org_type", "event_type"], cluster=cluster
        )
        assert one_way.joint["p_value"] < result.joint["p_value"]


def test_the_linear_effect_of_one_event_level_incentive_is_a_difference_of_shares(rows):
    result = predict_participation(rows, incentives="refund", method="linear")
    row = result.table.iloc[0]
    assert row["estimate"] == pytest.approx(
        row["k_offered"] / row["n_offered"] - row["k_not_offered"] / row["n_not_offered"], rel=1e-10
    )
    assert result.method == "Linear probability, CR2 by organization_id and event_id, Satterthwaite"


def test_logit_and_firth_are_close_when_nothing_is_rare(rows, result):
    other = predict_participation(rows, incentives=INCENTIVES, adjust_for=["org_type", "event_type"], method="logit")
    # the penalty is worth about half a row per column: 8 of 960 rows, below 1 % of an effect's standard error
    assert ((other.table["estimate"] - result.table["estimate"]).abs() < 0.05 * result.table["std_error"]).all()


def test_a_smaller_confidence_gives_a_narrower_interval(rows):
    wide, narrow = (
        predict_participation(rows, incentives="refund", confidence=confidence).table.iloc[0]
        for confidence in (0.95, 0.80)
    )
    assert wide["conf_low"] < narrow["conf_low"] < narrow["conf_high"] < wide["conf_high"]

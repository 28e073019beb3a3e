"""Staying and leaving: who counts as gone, the curve, and what goes with leaving."""

import numpy as np
import pandas as pd
import pytest
from agreement import REFERENCE

import konbit_lessons as kl
from konbit_lessons.errors import DataError, ModelError
from konbit_lessons.measures.staying import kaplan_meier, leaving, organization_quarters, still_taking_part

QUARTERS = ["FY2016Q4", "FY2017Q1", "FY2017Q2", "FY2017Q3"]


def panel(**attended):
    """One invitation per letter and quarter: y(es), n(o), ? (unknown) or - (not invited)."""
    known = {"y": True, "n": False, "?": None}
    rows = [
        (name, quarter, known[mark])
        for name, marks in attended.items()
        for quarter, mark in zip(QUARTERS, marks, strict=True)
        if mark != "-"
    ]
    rows = pd.DataFrame(rows, columns=["organization_id", "fiscal_quarter", "attended"])
    return rows.astype({"attended": "boolean"})


def followed(**attended):
    """How long each organization is followed, and whether it left then."""
    seen = organization_quarters(panel(**attended))
    each = seen.groupby("organization_id").agg({"quarter": "max", "left": "max"})
    return {name: (row.quarter, bool(row.left)) for name, row in each.iterrows()}


def test_who_is_absent_for_good_has_left_and_who_comes_back_has_not():
    assert followed(stays="yyyy", leaves="ynnn", back="ynyy", never="nnnn", late="yyny") == {
        "stays": (3, False),
        "leaves": (2, True),
        "back": (3, False),
        "never": (1, True),
        "late": (3, False),
    }


def test_an_absence_in_the_last_quarter_alone_is_not_yet_leaving():
    assert followed(a="yyyn", b="yyyy") == {"a": (3, False), "b": (3, False)}
    seen = organization_quarters(panel(a="yyyn", b="yyyy"), confirm=0)
    assert seen.groupby("organization_id")["left"].max().to_dict() == {"a": True, "b": False}


def test_quarters_without_an_invitation_or_with_unknown_attendance_do_not_count():
    assert followed(gap="y-ny", gone="y-nn", unknown="y?yy", joined="--yy", dropped="yy--") == {
        "gap": (2, False),
        "gone": (2, True),
        "unknown": (2, False),
        "joined": (1, False),
        "dropped": (2, False),
    }


def test_columns_are_kept_as_mean_of_the_quarter_or_first_text():
    rows = panel(a="yyyy", b="ynnn").assign(staff=[3, 3, 3, 3, 5, 5, 5, 5], org_type=["cdsp"] * 4 + ["awardee"] * 4)
    rows = pd.concat([rows, rows.assign(staff=rows["staff"] + 1)])
    seen = organization_quarters(rows, columns=["staff", "org_type"])
    assert seen.groupby("organization_id")["staff"].first().tolist() == [3.5, 5.5]
    assert seen.groupby("organization_id")["org_type"].first().tolist() == ["cdsp", "awardee"]


def test_the_whole_programme_loses_nobody_on_the_way(whole):
    rows = kl.invitations(whole)
    seen = organization_quarters(rows)
    known = rows[rows["attended"].notna()]
    assert seen["organization_id"].nunique() == known["organization_id"].nunique()
    curve = still_taking_part(seen)
    assert curve["at_risk"][0] == curve["left"].sum() + curve["censored"].sum()
    assert curve["share"].is_monotonic_decreasing
    shuffled = organization_quarters(rows.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(seen, shuffled)


def test_limits_stay_between_none_and_all_and_are_missing_where_there_are_none():
    curve = kaplan_meier([1, 2, 2, 3, 4], [False, True, False, True, True])
    assert curve["share"].round(9).tolist() == [1.0, 0.75, 0.375, 0.0]
    assert curve["conf_low"].isna().tolist() == [True, False, False, True]
    inside = curve.dropna()
    assert ((inside["conf_low"] > 0) & (inside["conf_low"] < inside["share"])).all()
    assert ((inside["share"] < inside["conf_high"]) & (inside["conf_high"] < 1)).all()


def hazard_rows():
    rows = pd.read_csv(REFERENCE / "konbit_synth_hazard.csv")
    return rows.rename(columns={"org": "organization_id", "t": "quarter", "ev": "left"})


def test_the_standard_errors_and_their_df_are_those_of_clubsandwich():
    found = leaving(hazard_rows(), terms=["fee", "training", "travel", "networking", "awardee", "size"])
    # clubSandwich 0.5.8: coef_test(fit, vcovCR(fit, org, "CR2"), test = "Satterthwaite") of discrete_hazard_cloglog
    std_error = [0.236730251557486, 0.234086859352272, 0.384790302182787]
    df = [64.0829370801733, 92.6877641239257, 20.7419824952934]
    assert found.table["std_error"].head(3).to_numpy() == pytest.approx(std_error, rel=1e-7)  # R's glm stops there
    assert found.table["df"].head(3).to_numpy() == pytest.approx(df, rel=1e-7)
    assert found.left_out == {"quarters": (4,), "incomplete": 0}
    assert (found.n, found.left, found.organizations) == (320, 85, 137)


def test_a_hazard_ratio_put_in_is_found():
    rng = np.random.default_rng(6)
    support = np.repeat(rng.random(1500) < 0.5, 5)
    hazard = 1 - np.exp(-0.15 * np.where(support, 0.5, 1.0))
    rows = pd.DataFrame({"organization_id": np.repeat(np.arange(1500), 5), "support": support})
    rows = rows.assign(quarter=np.tile(np.arange(1, 6), 1500), left=rng.random(7500) < hazard)
    before = rows.groupby("organization_id")["left"].cumsum() - rows["left"]
    row = leaving(rows[before == 0], terms="support").table.iloc[0]
    assert row["conf_low"] < 0.5 < row["conf_high"]
    assert row["hazard_ratio"] == pytest.approx(0.5, abs=0.07)


def test_a_term_that_cannot_be_told_says_why():
    rows = hazard_rows().assign(all_had_it=1, twice=lambda one: one["fee"])
    table = leaving(rows, terms=["travel", "all_had_it", "fee", "twice"]).table.set_index("term")
    assert table["reason"].to_dict() == {
        "travel": "",
        "all_had_it": "constant",
        "fee": "collinear",
        "twice": "collinear",
    }
    assert table.loc[["all_had_it", "fee"], ["hazard_ratio", "conf_low", "p_value"]].isna().all(axis=None)


def test_a_term_worth_few_organizations_has_a_ratio_but_no_interval():
    rows = hazard_rows()
    rows = rows.assign(rare=rows["organization_id"].isin([1, 2, 3, 4]).astype(int))
    row = leaving(rows, terms="rare").table.iloc[0]
    assert row["reason"] == "low_df"
    assert row["hazard_ratio"] > 0
    assert np.isnan(row[["conf_low", "conf_high", "p_value"]].to_numpy(float)).all()


def test_what_cannot_be_answered_is_refused_with_what_to_do():
    rows = hazard_rows()
    with pytest.raises(ModelError, match="leaving: left_at_once tells without exception who left"):
        leaving(rows.assign(left_at_once=rows["left"]), terms="left_at_once")
    with pytest.raises(ModelError, match="in no quarter did some organizations leave and others stay"):
        leaving(rows.assign(left=0), terms="fee")
    with pytest.raises(DataError, match="known in 4 quarters; expected more than the 4 that only confirm who left"):
        organization_quarters(panel(a="yyyy"), confirm=4)
    with pytest.raises(DataError, match="none missing"):
        kaplan_meier([1, 2], [True, None])

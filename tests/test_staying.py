"""Staying and leaving: who counts as gone, and the curve."""

import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.errors import DataError
from konbit_lessons.measures.staying import life_table, organization_quarters, staying

QUARTERS = ["FY2016Q4", "FY2017Q1", "FY2017Q2", "FY2017Q3"]


def panel(**attended):
    """One invitation per letter and quarter: y(es), n(o), ? (unknown) or - (not invited)."""
    known = {"y": 1.0, "n": 0.0, "?": None}
    rows = [
        (name, quarter, known[mark])
        for name, marks in attended.items()
        for quarter, mark in zip(QUARTERS, marks, strict=True)
        if mark != "-"
    ]
    return pd.DataFrame(rows, columns=["organization_id", "fiscal_quarter", "attended"])


@pytest.mark.parametrize(
    ("attended", "quarter", "left"),
    [
        ("yyyy", 3, False),  # the last quarter only confirms
        ("ynnn", 2, True),
        ("ynyy", 3, False),  # it came back
        ("nnnn", 1, True),
        ("yyny", 3, False),
        ("yyyn", 3, False),  # may come back yet
        ("y-ny", 2, False),  # a quarter without an invitation does not count
        ("y-nn", 2, True),
        ("y?yy", 2, False),  # nor does one of unknown attendance
        ("--yy", 1, False),
        ("yy--", 2, False),
    ],
)
def test_how_long_an_organization_is_followed_and_whether_it_left(attended, quarter, left):
    seen = organization_quarters(panel(a=attended, b="yyyy"))
    own = seen[seen["organization_id"] == "a"]
    assert (own["quarter"].max(), bool(own["left"].max())) == (quarter, left)


def test_without_a_quarter_that_confirms_an_absence_in_the_last_is_leaving():
    seen = organization_quarters(panel(a="yyyn", b="yyyy"), confirm=0)
    assert seen.groupby("organization_id")["left"].max().to_dict() == {"a": 1, "b": 0}


def test_columns_are_kept_as_mean_of_the_quarter_or_first_text():
    rows = panel(a="yyyy", b="ynnn").assign(staff=[3, 3, 3, 3, 5, 5, 5, 5], org_type=["union"] * 4 + ["network"] * 4)
    rows = pd.concat([rows, rows.assign(staff=rows["staff"] + 1)])
    seen = organization_quarters(rows, columns=["staff", "org_type"]).groupby("organization_id")
    assert seen["staff"].first().tolist() == [3.5, 5.5]
    assert seen["org_type"].first().tolist() == ["union", "network"]


def test_the_whole_programme_loses_nobody_on_the_way(whole):
    rows = kl.invitations(whole)
    seen = organization_quarters(rows)
    each = seen.groupby("organization_id").agg({"quarter": "max", "left": "max"})
    assert len(each) == rows.loc[rows["attended"].notna(), "organization_id"].nunique()
    curve = life_table(each["quarter"], each["left"])
    assert curve["at_risk"].iloc[0] == len(each) and curve["left"].sum() == each["left"].sum()
    assert curve["share"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(seen, organization_quarters(rows.sample(frac=1, random_state=1)))


def test_no_count_of_the_curve_is_about_few(whole):
    curve = staying(whole, quarter=whole.quarter)
    assert curve.iloc[0][["quarters", "left", "share"]].tolist() == [0, 0, 1]
    assert len(curve) > 1 and not curve["left"].between(1, whole.programme.smallest_cell - 1).any()


def test_limits_stay_between_none_and_all_and_are_missing_where_there_are_none():
    curve = life_table([1, 2, 2, 3, 4], [0, 1, 0, 1, 1])
    assert curve["share"].round(9).tolist() == [1.0, 0.75, 0.375, 0.0]
    assert curve["conf_low"].isna().tolist() == [True, False, False, True]
    inside = curve.dropna()
    assert ((inside["conf_low"] > 0) & (inside["conf_low"] < inside["share"])).all()
    assert ((inside["share"] < inside["conf_high"]) & (inside["conf_high"] < 1)).all()


def test_what_cannot_be_answered_is_refused_with_what_to_do():
    with pytest.raises(DataError, match="known in 4 quarters; expected more than the 4 that only confirm who left"):
        organization_quarters(panel(a="yyyy"), confirm=4)
    with pytest.raises(DataError, match="none missing"):
        life_table([1, 2], [1, None])

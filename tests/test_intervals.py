"""Shares and gaps: by hand, and as R gives them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from konbit_lessons.errors import DataError
from konbit_lessons.measures.intervals import (
    difference_of_groups,
    difference_of_waves,
    share_with_interval,
    wilson,
    with_shares,
)

THERE = pd.Series([1, 1, 0, 0] + [1, 0] * 4)
BY = pd.DataFrame({"organization_id": list("aabbccddeeff")})


def test_the_interval_of_a_share_is_wilsons_on_what_the_rows_are_worth():
    # sums of y − 1/2 by cluster: 1, −1 and four times 0, so V = 2 / (1 − 2/12) / 144 = 1/60, on 5 degrees of freedom
    share = share_with_interval(THERE, BY)
    assert (share.std_error**2, share.df) == pytest.approx((1 / 60, 5), rel=1e-12)
    t2, worth = stats.t.ppf(0.975, 5) ** 2, 12  # p(1 − p) / V = 15, and never more than the 12 rows
    for limit in (share.conf_low, share.conf_high):
        assert (limit - 0.5) ** 2 == pytest.approx(t2 * limit * (1 - limit) / worth, rel=1e-9)


def test_rows_that_repeat_within_clusters_add_nothing():
    once, by = pd.Series([1, 0, 0, 1, 0, 0, 0]), pd.DataFrame({"organization_id": list("abcdefg")})
    twice = share_with_interval(pd.concat([once, once]), pd.concat([by, by]))
    assert twice.std_error == pytest.approx(share_with_interval(once, by).std_error, rel=1e-12)


def test_two_ways_of_clustering_are_never_surer_than_one():
    rng = np.random.default_rng(3)
    o, e = (a.ravel() for a in np.meshgrid(np.arange(20), np.arange(8)))
    y = pd.Series((rng.normal(size=160) + rng.normal(size=20)[o] + rng.normal(size=8)[e] > 0.3).astype(float))
    by = pd.DataFrame({"organization_id": o, "event_id": e})
    both = share_with_interval(y, by)
    one = [share_with_interval(y, by[[name]]) for name in by]
    assert both.std_error >= max(single.std_error for single in one)
    assert both.df == min(single.df for single in one)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_when_none_or_all_took_part_the_interval_counts_clusters_not_rows(value):
    share = share_with_interval(pd.Series([value] * 10), pd.DataFrame({"organization_id": list("aabbccddee")}))
    t2 = stats.t.ppf(0.975, 4) ** 2
    other = share.conf_high if value == 0 else 1 - share.conf_low
    assert other == pytest.approx(t2 / (5 + t2), rel=1e-9)
    assert value in (share.conf_low, share.conf_high)


def test_one_cluster_has_a_share_but_no_interval_and_unknown_values_are_left_out():
    share = share_with_interval(pd.Series([1, 0, None, 1]), pd.DataFrame({"event_id": ["E1"] * 4}))
    assert (share.estimate, share.n) == (pytest.approx(2 / 3), 3)
    assert np.isnan([share.conf_low, share.conf_high, share.df]).all()


@pytest.mark.parametrize(
    ("values", "columns", "message"),
    [
        ([1, 5], ["o"], "a share is of yes and no"),
        ([np.nan, np.nan], ["o"], "nothing is known in 2 rows"),
        ([1, 0], [], "found 0 columns; expected one or two"),
    ],
)
def test_what_is_not_a_share_is_refused(values, columns, message):
    with pytest.raises(DataError, match=message):
        share_with_interval(pd.Series(values), pd.DataFrame({"o": list("ab")})[columns])


def test_shares_of_counts_hold_at_both_ends_and_are_missing_where_a_count_is_hidden():
    counts = pd.DataFrame({"k": [0, 10, 3, pd.NA, 0], "n": [10, 10, pd.NA, 10, 0]}, dtype="Int64")
    found = with_shares(counts, "k")
    assert found["share"].fillna(-1).to_list() == [0, 1, -1, -1, -1]
    assert found["conf_low"].to_list()[:2] == [0, pytest.approx(1 / (1 + stats.norm.ppf(0.975) ** 2 / 10))]
    assert found["conf_high"].to_list()[1] == 1
    assert found.loc[2:, ["conf_low", "conf_high"]].isna().all(axis=None)
    with pytest.raises(DataError, match="found 5 of 4"):
        wilson(5, 4)


def test_a_change_compares_only_organizations_in_both_waves():
    rows = pd.DataFrame(
        {"wave": [1, 1, 1, 2, 2, 2], "organization_id": ["a", "b", "gone", "a", "b", "new"], "x": [1, 2, 9, 3, 6, 0]}
    )
    change = difference_of_waves(rows, "x", first=1, second=2)
    half = stats.t.ppf(0.975, 1) * 1.0  # changes 2 and 4: the standard error is √2/√2
    assert (change.n, change.conf_low, change.conf_high) == pytest.approx((2, 3 - half, 3 + half))
    one = difference_of_waves(rows[rows["organization_id"] != "b"], "x", first=1, second=2)
    assert (one.estimate, one.n) == (2, 1) and np.isnan(one.conf_low)
    with pytest.raises(DataError, match="no organization_id has a value in both wave 1 and wave 3"):
        difference_of_waves(rows, "x", first=1, second=3)


def test_a_gap_between_groups_with_nobody_in_one_is_refused():
    rows = pd.DataFrame({"x": [1.0, 2.0], "org_type": ["union"] * 2, "organization_id": ["a", "b"]})
    with pytest.raises(DataError, match='no row of "cooperative" has a value'):
        difference_of_groups(rows, "x", by="org_type", first="union", second="cooperative")

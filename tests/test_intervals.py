"""Shares, means and gaps: by hand, and as R gives them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from konbit_lessons.errors import DataError
from konbit_lessons.measures.intervals import (
    clopper_pearson,
    cronbach_alpha,
    difference_of_groups,
    difference_of_waves,
    mean_with_interval,
    share_with_interval,
    wilson,
)

THERE = pd.Series([1, 1, 0, 0] + [1, 0] * 4)
BY = pd.DataFrame({"organization_id": list("aabbccddeeff")})


def test_the_mean_of_clustered_rows_has_the_variance_worked_out_by_hand():
    mean = mean_with_interval(THERE, BY)
    # sums of y − 1/2 by cluster: 1, −1 and four times 0, so V = 2 / (1 − 2/12) / 144 = 1/60, on 5 degrees of freedom
    half = stats.t.ppf(0.975, 5) / 60**0.5
    assert (mean.low, mean.high, mean.df) == pytest.approx((0.5 - half, 0.5 + half, 5), rel=1e-12)


def test_the_interval_of_a_share_is_wilsons_on_what_the_rows_are_worth():
    share = share_with_interval(THERE, BY)
    t2, worth = stats.t.ppf(0.975, 5) ** 2, 12  # p(1 − p) / V = 15, and never more than the 12 rows
    for limit in (share.low, share.high):
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
    other = share.high if value == 0 else 1 - share.low
    assert other == pytest.approx(t2 / (5 + t2), rel=1e-9)
    assert value in (share.low, share.high)


def test_one_cluster_has_a_share_but_no_interval():
    share = share_with_interval(pd.Series([1, 0, 1]), pd.DataFrame({"event_id": ["E1"] * 3}))
    assert share.estimate == pytest.approx(2 / 3)
    assert np.isnan([share.low, share.high, share.df]).all()


def test_unknown_values_are_left_out():
    values = pd.Series([True, None, False, True], dtype="boolean")
    assert share_with_interval(values, pd.DataFrame({"o": list("abcd")})).n == 3


def test_what_is_not_a_share_is_refused_with_what_to_do():
    by = pd.DataFrame({"o": list("ab")})
    with pytest.raises(DataError, match="take mean_with_interval"):
        share_with_interval(pd.Series([1, 5]), by)
    with pytest.raises(DataError, match="nothing is known in 2 rows"):
        mean_with_interval(pd.Series([np.nan, np.nan]), by)
    with pytest.raises(DataError, match="found 0 columns; expected one or two"):
        mean_with_interval(pd.Series([1, 2]), by[[]])
    with pytest.raises(DataError, match="found 5 of 4"):
        wilson(5, 4)


def test_a_change_compares_only_organizations_in_both_waves():
    rows = pd.DataFrame(
        {"wave": [1, 1, 1, 2, 2, 2], "organization_id": ["a", "b", "gone", "a", "b", "new"], "x": [1, 2, 9, 3, 6, 0]}
    )
    change = difference_of_waves(rows, "x", first=1, second=2)
    half = stats.t.ppf(0.975, 1) * 1.0  # changes 2 and 4: the standard error is √2/√2
    assert (change.n, change.low, change.high) == pytest.approx((2, 3 - half, 3 + half))
    with pytest.raises(DataError, match="no organization_id has a value in both wave 1 and wave 3"):
        difference_of_waves(rows, "x", first=1, second=3)


def test_a_gap_between_groups_with_nobody_in_one_is_refused():
    rows = pd.DataFrame({"x": [1.0, 2.0], "org_type": ["cdsp", "cdsp"], "organization_id": ["a", "b"]})
    with pytest.raises(DataError, match='no row of "awardee" has a value'):
        difference_of_groups(rows, "x", by="org_type", first="cdsp", second="awardee")


def test_intervals_of_counts_hold_at_both_ends():
    assert wilson(0, 10).low == clopper_pearson(0, 10).low == 0
    assert wilson(10, 10).high == clopper_pearson(10, 10).high == 1


def test_the_interval_of_alpha_holds_what_the_items_were_made_from():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        items = pd.DataFrame(rng.normal(size=(60, 1)) + rng.normal(size=(60, 4)))
        alpha = cronbach_alpha(items)
        inside += alpha.low < 0.8 < alpha.high  # 4/3 · (1 − 8/20)
    assert 183 <= inside <= 198  # 95 % of 200 is 190, with a standard deviation of 3


def test_a_scale_that_is_none_is_refused():
    with pytest.raises(DataError, match="all gave the same answer to b"):
        cronbach_alpha(pd.DataFrame({"a": [1, 2, 3], "b": [4, 4, 4]}))
    with pytest.raises(DataError, match="cancel each other out"):
        cronbach_alpha(pd.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1]}))
    with pytest.raises(DataError, match="found 1 items and 3 complete rows"):
        cronbach_alpha(pd.DataFrame({"a": [1, 2, 3]}))

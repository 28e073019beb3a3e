"""Each organization's level: shrunken, as sure as its rows allow, and never a ranking. R's numbers: ``agreement``."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from scipy.special import expit

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.mixed import organization_profiles

QUESTION = {"incentives": ["refund", "recent"], "adjust_for": ["org_type"]}


def programme(organizations=120, events=8, seed=3):
    """Invitations with levels of standard deviation 1, which are given back as well."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=organizations)
    o = np.repeat(np.arange(organizations), events)
    refund = np.tile(np.arange(events) % 2 == 0, organizations)
    rows = pd.DataFrame({"organization_id": [f"O{i:03d}" for i in o], "refund": refund})
    return rows.assign(attended=rng.random(len(o)) < expit(-0.3 + 0.6 * refund + level[o])), level


@pytest.fixture(scope="module")
def found():
    rows, level = programme()
    return organization_profiles(rows, incentives="refund"), level


def test_levels_are_those_put_in_drawn_towards_none(found):
    profiles, level = found
    ours = profiles.table["level"].to_numpy()
    assert np.corrcoef(ours, level)[0, 1] > 0.75
    assert 0.8 < profiles.sd < 1.2
    assert ours.std() < level.std()
    assert np.polyfit(ours, level, 1)[0] == pytest.approx(1, abs=0.2)  # a shrunken level is right on average


def test_intervals_hold_the_true_levels(found):
    profiles, level = found
    inside = (profiles.table["conf_low"] < level) & (level < profiles.table["conf_high"])
    assert 0.9 <= inside.mean() <= 0.99  # 95 % of 120, with a standard deviation of 2 %


def test_an_organization_with_fewer_rows_is_less_reliable_and_shrinks_more():
    rows, _ = programme()
    always = rows["organization_id"].isin(["O000", "O001"])
    rows = rows.assign(attended=rows["attended"] | always)
    rows = rows[(rows["organization_id"] != "O001") | (rows.groupby("organization_id").cumcount() < 2)]
    table = organization_profiles(rows, incentives="refund").table.set_index("organization_id")
    assert 0 < table.loc["O001", "level"] < table.loc["O000", "level"]
    assert table.loc["O001", "reliability"] < table.loc["O000", "reliability"]


def test_organizations_stand_by_name_not_by_level(found):
    table = found[0].table
    assert table["organization_id"].is_monotonic_increasing
    assert not table["level"].is_monotonic_increasing
    assert not {"rank", "place"} & set(table)


def test_contributions_are_of_the_incentives_an_organization_was_offered():
    rows = invitations(organizations=60, events=10, effects={"refund": 1.0})
    rows = rows.assign(refund=rows["refund"] & (rows["organization_id"] != "O003"))
    contributions = organization_profiles(rows, **QUESTION).contributions.set_index("organization_id")
    assert list(contributions) == ["refund", "recent"]
    assert contributions.loc["O003", "refund"] == 0
    assert (contributions["refund"].drop("O003") > 0).all()


def test_the_order_of_the_rows_does_not_matter(found):
    rows, _ = programme()
    again = organization_profiles(rows.sample(frac=1, random_state=1), incentives="refund")
    pd.testing.assert_frame_equal(again.table, found[0].table, rtol=1e-6)


def test_rows_without_an_answer_are_left_out_under_the_right_names():
    rows, _ = programme()
    rows = rows.assign(refund=rows["refund"].astype("boolean").mask(rows["organization_id"] == "O000"))
    table = organization_profiles(rows, incentives="refund").table
    assert table["organization_id"].iloc[0] == "O001"
    taken_up = rows[rows["organization_id"] == "O001"]["attended"].sum()
    assert table.loc[0, ["invitations", "taken_up"]].tolist() == [8, taken_up]


def test_organizations_that_do_not_differ_have_no_levels():
    rows = pd.DataFrame({"organization_id": np.repeat(np.arange(30), 4), "refund": [1, 1, 0, 0] * 30})
    rows["attended"] = [1, 0, 0, 1] * 30
    with pytest.raises(ModelError, match="the 30 organizations do not differ by more than chance"):
        organization_profiles(rows, incentives="refund")


def test_a_separated_incentive_is_named():
    rows, _ = programme(organizations=20)
    rows = rows.assign(attended=rows["attended"] | rows["refund"])
    with pytest.raises(ModelError, match="profiles: refund tells without exception who took part"):
        organization_profiles(rows, incentives="refund")

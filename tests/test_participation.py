"""Who takes part and what they expect: counts by hand, intervals against their formulas."""

import pandas as pd
import pytest
from scipy import stats

import konbit_lessons as kl
from konbit_lessons.measures.intervals import share_with_interval


def test_organizations_reached_are_counted_once_and_attendances_beside_them(tiny):
    tiny.add("sign_in.csv", "E002,CDSP-001,Fifth Delegate,no")
    tiny.replace("programme.toml", "[analysis]", "[targets]\ncdsp = 10\n\n[analysis]")
    reached = kl.reach(tiny.clean()).set_index("org_type")
    assert reached.loc["cdsp", ["organizations", "invited", "reached", "target", "attendances"]].tolist() == [
        3,
        3,
        1,
        10,
        2,
    ]
    assert reached.loc["awardee", ["organizations", "invited", "reached", "attendances"]].tolist() == [1, 1, 1, 1]
    assert pd.isna(reached.loc["awardee", "target"])


def test_the_share_of_a_group_and_its_interval_are_those_of_both_ways_of_clustering(whole):
    rows = kl.invitations(whole)
    quarter = rows[(rows["fiscal_quarter"] == "FY2017Q2") & rows["attended"].notna()]
    share = share_with_interval(quarter["attended"], quarter[["organization_id", "event_id"]])
    table = kl.uptake(rows, by="fiscal_quarter").set_index("fiscal_quarter")
    shown = table.loc["FY2017Q2", ["share", "low", "high"]].tolist()
    assert shown == [quarter["attended"].mean(), share.low, share.high]
    assert 0 < share.low < shown[0] < share.high < 1


def test_a_group_of_few_organizations_shows_no_share(whole):
    rows = kl.invitations(whole)
    small = kl.uptake(rows, by="department", smallest_cell=10).set_index("department")
    known = rows[rows["attended"].notna()]
    there = known.groupby("department")["organization_id"].nunique()
    came = known[known["attended"].astype(bool)].groupby("department")["organization_id"].nunique()
    few = there.lt(10) | came.reindex(there.index, fill_value=0).between(1, 9)
    numbers = ["invitations", "attended", "share", "low", "high"]
    assert few.any() and small.loc[few, numbers].isna().all(axis=None)
    assert small["share"].notna().any() and small.loc[there.lt(10), "organizations"].isna().all()


def test_uptake_counts_every_invitation_once(whole):
    table = kl.uptake(kl.invitations(whole), by="fiscal_quarter")
    assert table["invitations"].sum() + table["unknown"].sum() == 1833
    assert table["attended"].sum() == 877


def test_expectations_count_each_organization_once_with_wilsons_interval(whole):
    table = kl.expected(whole, wave=3).set_index("expects")
    answers = whole.survey[(whole.survey["wave"] == 3) & whole.survey["expects_funding"].notna()]
    k = answers[answers["expects_funding"]]["organization_id"].nunique()
    n = answers["organization_id"].nunique()
    assert table.loc["funding", ["organizations", "n"]].tolist() == [k, n]
    # Wilson's limits are the roots of (p − k/n)² = z² p (1 − p) / n
    z = stats.norm.ppf(0.975)
    for limit in table.loc["funding", ["low", "high"]]:
        assert (limit - k / n) ** 2 == pytest.approx(z**2 * limit * (1 - limit) / n, rel=1e-9)


def test_a_wave_without_answers_says_which_waves_have_some(whole):
    with pytest.raises(kl.KonbitError, match=r"no answers of wave 7; waves with answers: 1, 2, 3"):
        kl.expected(whole, wave=7)

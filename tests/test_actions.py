"""The figures behind the four actions, worked out by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from konbit_lessons.errors import DataError
from konbit_lessons.measures import actions

QUARTER = "FY2017Q2"
ORGANIZATIONS = [f"O{n:02d}" for n in range(20)]


@pytest.fixture
def data(tiny):
    """A programme of 20 organizations with no records yet."""
    made = tiny.clean()
    roster = pd.DataFrame(
        {"organization_id": ORGANIZATIONS, "org_type": "cdsp", "joined_on": pd.NaT, "left_on": pd.NaT}
    )
    return replace(made, tables=made.tables | {"organizations": roster.astype({"joined_on": "datetime64[us]"})})


def holding(data, **tables):
    return replace(data, tables=data.tables | tables)


def days(*texts):
    return pd.to_datetime(list(texts)).astype("datetime64[us]")


def pledges(*groups):
    """(day pledged, day delivered or None, how many organizations)."""
    lines = [(ORGANIZATIONS[n], on, done) for on, done, count in groups for n in range(count)]
    frame = pd.DataFrame(lines, columns=["organization_id", "pledged_on", "delivered_on"])
    return frame.assign(pledged_on=days(*frame["pledged_on"]), delivered_on=pd.to_datetime(frame["delivered_on"]))


def test_a_pledge_delivered_after_the_quarter_is_still_open(data):
    given = pledges(("2017-01-10", "2017-02-01", 6), ("2017-02-10", "2017-04-01", 9), ("2017-04-02", None, 5))
    found = actions.contributions(holding(data, contributions=given), quarter=QUARTER).set_index("fiscal_quarter")
    assert found.loc[QUARTER, ["pledged", "delivered"]].to_list() == [15, 6]
    assert found.loc["total", "share"] == 6 / 15
    assert list(found.index) == [QUARTER, "total"]  # what was pledged after it is not in it


def test_pledges_of_few_organizations_are_hidden_with_what_would_tell_them(data):
    given = pledges(("2016-10-10", None, 3), ("2017-01-10", "2017-02-01", 6), ("2017-02-10", None, 9))
    found = actions.contributions(holding(data, contributions=given), quarter=QUARTER).set_index("fiscal_quarter")
    assert found["pledged"].isna().to_dict() == {"FY2017Q1": True, "FY2017Q2": True, "total": False}


def test_leads_and_contracts_are_counted_by_quarter_and_for_each_100_partners(data):
    lines = [(one, "2017-01-10", "lead") for one in ORGANIZATIONS[:8]]
    lines += [(one, "2017-01-20", "contract") for one in ORGANIZATIONS[:6]]
    leads = pd.DataFrame(lines, columns=["organization_id", "date", "kind"])
    found = actions.leads(holding(data, business_leads=leads.assign(date=days(*leads["date"]))), quarter=QUARTER)
    found = found.set_index("fiscal_quarter")
    assert found.loc["total", ["leads", "contracts", "both"]].to_list() == [8, 6, 14]
    assert found.loc["total", "organizations"] == 8
    assert found.loc["total", "per_100"] == 100 * 14 / 20


def showcase(first, *, others=()):
    """Each of the first organizations came to a showcase on a day; the records go from October to March."""
    came = [(one, first, True, True) for one in ORGANIZATIONS[:10]]
    edges = [(one, day, True, False) for one in ORGANIZATIONS[:1] for day in ("2016-10-01", "2017-03-31")]
    rows = pd.DataFrame(
        [*came, *edges, *others], columns=["organization_id", "held_on", "attended", "business_showcase"]
    )
    return rows.assign(held_on=days(*rows["held_on"])).astype({"attended": "boolean", "business_showcase": "boolean"})


def test_leads_before_and_after_a_first_showcase_are_paired_by_organization(data):
    # 10 organizations, first showcase on 31 December, 90 days of records on both sides. One lead each of two of them
    # before, of four on the day or after: changes are -1, -1 and four times +1, mean 0.2.
    before = [(one, "2016-11-01") for one in ORGANIZATIONS[8:10]]
    after = [(one, "2016-12-31") for one in ORGANIZATIONS[:3]] + [(ORGANIZATIONS[3], "2017-03-30")]
    outside = [(ORGANIZATIONS[4], "2017-03-31"), (ORGANIZATIONS[15], "2017-01-05")]  # too late; never at a showcase
    leads = pd.DataFrame([*before, *after, *outside], columns=["organization_id", "date"])
    with_leads = holding(data, business_leads=leads.assign(date=days(*leads["date"]), kind="lead"))
    found = actions.around_showcase(with_leads, showcase("2016-12-31"), quarter=QUARTER).iloc[0]
    changes = np.array([1, 1, 1, 1, 0, 0, 0, 0, -1, -1])
    reach = stats.t.ppf(0.975, 9) * changes.std(ddof=1) / np.sqrt(10)
    assert found["organizations"] == 10
    assert found[["before", "after", "change"]].to_list() == pytest.approx([0.2, 0.4, 0.2])
    assert found["high"] - found["change"] == pytest.approx(reach)


def test_organizations_without_as_many_days_on_both_sides_are_not_looked_at(data):
    assert actions.around_showcase(data, showcase("2017-02-01"), quarter=QUARTER).empty


def test_the_first_of_several_showcases_counts(data):
    later = [(one, "2017-03-01", True, True) for one in ORGANIZATIONS[:10]]
    found = actions.around_showcase(data, showcase("2016-12-31", others=later), quarter=QUARTER)
    assert found["organizations"].to_list() == [10]


def test_joint_events_are_of_that_kind_or_held_with_another_project(data):
    events = pd.DataFrame(
        {
            "event_id": list("abcd"),
            "event_type": ["joint_event", "training", "training", "training"],
            "partner_project": pd.array([None, "LEVE", None, None], dtype="str"),
            "held_on": days("2017-01-10", "2017-02-10", "2017-03-10", "2017-04-10"),
        }
    )
    found = actions.joint_events(holding(data, events=events), quarter=QUARTER)
    assert found.to_dict("records") == [{"fiscal_quarter": QUARTER, "joint": 2, "events": 3}]


def test_support_counts_while_it_lasts_and_on_its_last_day(data):
    spans = [("2016-01-01", "2017-03-31")] * 6 + [("2016-01-01", None)] * 3 + [("2016-01-01", "2017-03-30")] * 5
    support = pd.DataFrame(spans, columns=["started_on", "ended_on"]).assign(
        organization_id=ORGANIZATIONS[:14], project="LEVE"
    )
    support = support.assign(started_on=days(*support["started_on"]), ended_on=pd.to_datetime(support["ended_on"]))
    found = actions.supported(holding(data, other_support=support), quarter=QUARTER).set_index("fiscal_quarter")
    assert found.loc[QUARTER, "supported"] == 9
    assert found.loc[QUARTER, "share"] == 9 / 20


def test_support_is_hidden_where_few_ever_had_it_and_have_it_no_longer(data):
    spans = [("2016-01-01", None)] * 9 + [("2016-01-01", "2017-03-30")] * 3  # 12 ever, as the page on expectations says
    support = pd.DataFrame(spans, columns=["started_on", "ended_on"]).assign(
        organization_id=ORGANIZATIONS[:12], project="LEVE"
    )
    support = support.assign(started_on=days(*support["started_on"]), ended_on=pd.to_datetime(support["ended_on"]))
    found = actions.supported(holding(data, other_support=support), quarter=QUARTER)
    assert found["supported"].isna().all()


def test_the_approach_changes_with_project_year_2_unless_programme_toml_says_when(data):
    def changed_on(**said):
        about = data.programme.about.model_copy(update=said)
        return actions.approach_changed_on(replace(data, programme=replace(data.programme, about=about)))

    assert changed_on(started_on=date(2016, 4, 1)) == date(2017, 4, 1)
    assert changed_on(started_on=date(2016, 4, 1), new_approach_on=date(2017, 1, 15)) == date(2017, 1, 15)
    assert changed_on(started_on=None) is None


def invited(changed_on, *, before, after):
    """Each organization was invited to ten events on each side; it came to so many."""
    rows = [
        (one, f"{side}{n}", pd.Timestamp(changed_on) + pd.Timedelta(days=sign * (n + 1)), (n + k) % 10 < came)
        for side, sign, came in (("before", -1, before), ("after", 1, after))
        for n in range(10)
        for k, one in enumerate(ORGANIZATIONS)
    ]
    frame = pd.DataFrame(rows, columns=["organization_id", "event_id", "held_on", "attended"])
    return frame.assign(attended=frame["attended"].astype("boolean"))


def test_before_and_after_are_shares_of_the_invitations_on_both_sides(data):
    day = date(2017, 1, 1)
    table, change = actions.before_and_after(data, invited(day, before=4, after=7), day)
    assert table["share"].to_list() == [0.4, 0.7]
    assert table["invitations"].to_list() == [200, 200]
    assert change.estimate == pytest.approx(0.3)
    assert change.low < 0.3 < change.high


def test_before_and_after_needs_both_sides(data):
    rows = invited("2017-01-01", before=4, after=7)
    with pytest.raises(DataError, match="too few organizations on one side"):
        actions.before_and_after(data, rows[rows["held_on"] < "2017-01-01"], date(2017, 1, 1))


def test_what_events_offered_is_counted_on_both_sides(tiny):
    found = actions.events_offered(tiny.clean(), date(2017, 2, 1), quarter=QUARTER).set_index("what")
    held = {"events_before": 1, "events_after": 1}
    assert found.to_dict("index") == {
        "round_table": {"before": 0, "after": 1, **held},
        "training": {"before": 1, "after": 0, **held},
        "per_diem": {"before": 0, "after": 1, **held},
        "business_showcase": {"before": 1, "after": 0, **held},
    }

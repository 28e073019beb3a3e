"""The panel: one row per invitation, and nothing in it that was not known before the event."""

import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.errors import DataError
from konbit_lessons.reports.notebooks import quarter_of


def _row(data, event, organization, until=None):
    rows = kl.invitations(data, until=until)
    return rows.set_index(["event_id", "organization_id"]).loc[(event, organization)]


def test_one_row_per_invitation_whatever_the_order(tiny):
    rows = kl.invitations(tiny.clean())
    assert rows[["event_id", "organization_id"]].to_numpy().tolist() == [
        ["E001", "AWD-001"],
        ["E001", "CDSP-001"],
        ["E001", "CDSP-002"],
        ["E002", "AWD-001"],
        ["E002", "CDSP-001"],
        ["E002", "CDSP-003"],
    ]
    assert rows["fiscal_quarter"].unique().tolist() == ["FY2017Q2"]
    assert rows["per_diem"].tolist() == [False] * 3 + [True] * 3


def test_what_was_paid_is_the_amount_for_each_delegate_who_came(tiny):
    rows = kl.invitations(tiny.clean())
    came = rows["attended"] == 1
    expected = (rows["per_diem_amount"] * rows["delegates"].where(rows["delegates"] > 0)).where(came)
    assert rows.loc[came, "per_diem_spent"].tolist() == expected[came].fillna(rows["per_diem_amount"]).tolist()
    assert (rows.loc[rows["attended"] == 0, "per_diem_spent"] == 0).all() and rows["per_diem_spent"].sum() > 0
    assert rows["per_diem_spent"].isna().equals(rows["attended"].isna())


def test_an_answer_dated_the_day_after_an_event_does_not_enter(tiny):
    row = _row(tiny.clean(), "E001", "CDSP-001")  # held on 10 January; answers of 5 and of 11 January
    assert row["motivation"] == 4 and row["expects_funding"]
    assert _row(tiny.clean(), "E002", "CDSP-001")["motivation"] == 2


def test_an_answer_of_the_same_day_does_not_enter(tiny):
    tiny.replace("survey.csv", "2017-01-05", "2017-01-10")
    assert pd.isna(_row(tiny.clean(), "E001", "CDSP-001")["motivation"])


def test_the_latest_answer_to_each_question_counts_even_where_a_later_one_is_blank(tiny):
    tiny.add("survey.csv", "u4,CDSP-001,2017-01-08,1,,no")
    row = _row(tiny.clean(), "E001", "CDSP-001")
    assert row["motivation"] == 4 and not row["expects_funding"]


@pytest.mark.parametrize(
    ("held_on", "count"), [("2017-01-09", 2), ("2017-01-10", 1), ("2016-10-12", 2), ("2016-10-11", 1)]
)
def test_a_conversation_counts_for_ninety_days_and_not_on_the_day_itself(tiny, held_on, count):
    tiny.add("conversations.csv", f"CDSP-001,{held_on},")
    row = _row(tiny.clean(), "E001", "CDSP-001")
    assert row["conversations_90_days"] == count and row["recent_conversation"]


def test_no_conversation_is_none_and_not_missing(tiny):
    row = _row(tiny.clean(), "E001", "AWD-001")  # its only conversation was on the day of the event
    assert row["conversations_90_days"] == 0 and not row["recent_conversation"]


@pytest.mark.parametrize(
    ("started_on", "ended_on", "now"),
    [
        ("2017-01-10", "2017-01-10", True),
        ("2016-01-01", "", True),
        ("2016-01-01", "2017-01-09", False),
        ("2017-01-11", "", False),
    ],
)
def test_other_support_counts_on_the_days_it_covers(tiny, started_on, ended_on, now):
    tiny.raw("other_support.csv").write_text(
        f"organization_id,project,started_on,ended_on\nCDSP-001,LEVE,{started_on},{ended_on}\n", encoding="utf-8"
    )
    text = tiny.toml.read_text(encoding="utf-8")
    tiny.toml.write_text(
        text + '\n[[source]]\ntable = "other_support"\nfiles = "other_support.csv"\n', encoding="utf-8"
    )
    data = tiny.clean()
    assert _row(data, "E001", "CDSP-001")["other_support_now"] == now
    assert not _row(data, "E001", "AWD-001")["other_support_now"]


def test_leads_count_only_before_the_event(tiny):
    tiny.raw("leads.csv").write_text(
        "organization_id,date,kind\nCDSP-001,2017-01-09,lead\nCDSP-001,2017-01-10,contract\n", encoding="utf-8"
    )
    text = tiny.toml.read_text(encoding="utf-8")
    tiny.toml.write_text(text + '\n[[source]]\ntable = "business_leads"\nfiles = "leads.csv"\n', encoding="utf-8")
    data = tiny.clean()
    assert _row(data, "E001", "CDSP-001")["leads_so_far"] == 1
    assert _row(data, "E002", "CDSP-001")["leads_so_far"] == 2


def test_until_a_quarter_leaves_later_events_out(tiny):
    tiny.replace("events.csv", "2017-02-20", "2017-04-20")
    data = tiny.clean()
    assert len(kl.invitations(data, until="FY2017Q2")) == 3
    assert len(kl.invitations(data, until="FY2017Q3")) == 6


def test_a_quarter_before_the_first_event_says_which_quarters_there_are(tiny):
    with pytest.raises(kl.KonbitError, match="FY2016Q1: no event was held until then; there are events in FY2017Q2"):
        kl.invitations(tiny.clean(), until="FY2016Q1")


def test_what_is_no_quarter_is_refused(tiny):
    with pytest.raises(kl.KonbitError, match='quarter: found "2017-Q3"; expected a fiscal quarter such as FY2017Q3'):
        kl.invitations(tiny.clean(), until="2017-Q3")


def test_what_is_dated_after_the_records_were_pulled_is_named_and_told_nowhere(tiny):
    tiny.replace("programme.toml", 'currency = "HTG"', 'currency = "HTG"\ndata_cut_on = 2017-01-31')
    data = tiny.clean()
    (said,) = [one for one in data.notices if "held_on after" in one and one.startswith("events")]
    assert said.startswith("events.csv: 1 rows with held_on after 2017-01-31") and "row 3 (2017-02-" in said
    assert {*kl.invitations(data)["event_id"]} == {"E001"}
    assert str(kl.Say("en", data.programme).period("FY2017Q2")) == "January to March 2017, until 31 January 2017"
    with pytest.raises(DataError, match="FY2017Q3: it begins after 2017-01-31"):
        kl.invitations(data, until="FY2017Q3")


def test_a_quarter_with_events_after_the_data_cut_alone_is_refused(tiny):
    tiny.replace("programme.toml", 'currency = "HTG"', 'currency = "HTG"\ndata_cut_on = 2016-12-31')
    with pytest.raises(DataError, match="found FY2017Q2, in which there is no event until 2016-12-31"):
        quarter_of(kl.load(tiny.toml), "FY2017Q2")

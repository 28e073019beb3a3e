"""Raw to clean: nothing lost, nothing changed in silence, and the same answer in whatever order the rows come."""

import random
import re
import unicodedata
from datetime import datetime

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import konbit_lessons as kl
from konbit_lessons import tables


def _reasons(data, table):
    aside = data.set_aside[data.set_aside["table"] == table]
    return {(line.row, line.column): (line.scope, line.value, line.reason) for line in aside.itertuples()}


def test_what_is_kept_and_what_is_set_aside_add_up_to_what_was_read(whole):
    assert (whole.counts["kept"] + whole.counts["set_aside"] == whole.counts["read"]).all()
    assert whole.counts["read"].sum() == 137 + 48 + 1833 + 1566 + 280 + 237 + 58 + 46 + 45
    rows = whole.set_aside[whole.set_aside["scope"] == "row"].groupby("table").size()
    counted = whole.counts.groupby("table")["set_aside"].sum()
    assert rows.to_dict() == counted[counted > 0].to_dict()
    for table, kept in whole.counts.groupby("table")["kept"].sum().items():
        assert len(whole.tables[table]) == kept


def test_every_planted_error_of_the_whole_programme_is_set_aside(whole):
    aside = whole.set_aside
    strangers = aside[(aside["table"] == "sign_in") & (aside["column"] == "organization_id")]
    assert strangers["sheet"].tolist() == [
        "E001", "E003", "E005", "E015", "E018", "E020", "E033", "E039", "E044", "E047",
    ]  # fmt: skip
    assert (strangers["value"] == "Ministère de la Planification").all()
    assert (aside["table"] == "survey").sum() == 6
    assert aside.loc[aside["table"] == "business_leads", "value"].tolist() == ["CDSP-999", "E999", "-500"]


def test_cleaning_twice_is_cleaning_once(tiny):
    first, second = tiny.clean(), tiny.clean()
    for name in tables.TABLES:
        pd.testing.assert_frame_equal(first.tables[name], second.tables[name])
    pd.testing.assert_frame_equal(first.cleaning_log, second.cleaning_log)


def test_cleaned_tables_read_as_raw_files_stay_as_they_are(tiny):
    once = tiny.clean()
    for source in once.programme.sources:
        rows = once.tables[source.table]
        if source.table == "sign_in":
            rows = rows.assign(delegate=[f"Delegate {at}" for at in range(len(rows))])
        if source.table == "invitations":
            rows = rows[["event_id", "organization_id"]]
        rows.to_csv(tiny.raw(f"{source.table}.csv"), index=False)
    again = tiny.clean()
    assert again.set_aside.empty
    for name in tables.TABLES:
        pd.testing.assert_frame_equal(once.tables[name], again.tables[name])


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_row_order_never_matters(tiny, seed):
    tiny.raw("sign_in.csv").write_text(
        "event_id,organization_id,delegate,senior_delegate\nE001,APA,A,yes\nE001,APA,A,yes\nE001,APA,A,no\n"
        "E002,Nobody at all,B,no\nE002,CTA,C,no\n",
        encoding="utf-8",
    )
    before = tiny.clean()
    shuffle = random.Random(seed)
    for source in before.programme.sources:
        path = tiny.raw(f"{source.table}.csv")
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        shuffle.shuffle(lines)
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    after = tiny.clean()
    for name in tables.TABLES:
        pd.testing.assert_frame_equal(before.tables[name], after.tables[name])
    assert len(before.set_aside) == len(after.set_aside)


def test_an_unknown_level_is_set_aside_with_its_place_and_what_is_allowed(tiny):
    tiny.replace("events.csv", "E002,round_table", "E002,rond tab")
    data = tiny.clean()
    scope, value, reason = _reasons(data, "events")[(3, "event_type")]
    assert (scope, value) == ("row", "rond tab")
    assert "expected round_table, training, coaching, showcase, joint_event" in reason
    assert data.events["event_id"].tolist() == ["E001"]
    # its invitations and its sign-in rows cannot stand without it, and say so
    assert (data.set_aside["reason"] == "its row in the table of events was set aside").sum() == 4


def test_a_date_that_is_none_is_set_aside_and_its_row_stays_where_blank_is_allowed(tiny):
    tiny.replace("conversations.csv", "2017-01-01", "2017-02-30")
    data = tiny.clean()
    way = 'or say what it means: levels.follow_up_due_on = { "2017-02-30" = "…" }'
    expected = ("value", "2017-02-30", f"expected a date written year-month-day; {way}")
    assert _reasons(data, "conversations") == {(2, "follow_up_due_on"): expected}
    assert len(data.conversations) == 2 and data.conversations["follow_up_due_on"].isna().all()


def test_an_organization_not_on_the_roster_is_set_aside_and_never_guessed(tiny):
    tiny.add("invitations.csv", "E002,Fondation pour le Développement de Miragoâne")
    data = tiny.clean()
    scope, value, reason = _reasons(data, "invitations")[(8, "organization_id")]
    assert (scope, value) == ("row", "Fondation pour le Développement de Miragoâne")
    assert reason.startswith("not surely an organization on the roster")


def test_a_blank_answer_is_missing_and_not_set_aside(tiny):
    tiny.replace("survey.csv", "u1,CDSP-001,2017-01-05,1,4,yes", "u1,CDSP-001,2017-01-05,1,,")
    data = tiny.clean()
    assert data.set_aside.empty
    assert data.survey["motivation"].isna().sum() == 1


def test_a_code_is_missing_only_where_the_programme_says_so(tiny):
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,99,yes")
    assert _reasons(tiny.clean(), "survey") == {(2, "motivation"): ("value", "99", "expected 1 to 5")}
    tiny.replace(
        "programme.toml", 'files = "survey.csv"', 'files = "survey.csv"\n[source.missing]\nmotivation = ["99"]'
    )
    data = tiny.clean()
    assert data.set_aside.empty
    logged = data.cleaning_log[data.cleaning_log["check"] == "missing code"]
    assert logged[["row", "column", "old_value", "new_value", "change_type"]].to_numpy().tolist() == [
        [2, "motivation", "99", "", "blank_response"]
    ]


def test_a_typed_name_that_was_matched_is_in_the_log(tiny):
    log = tiny.clean().cleaning_log
    line = log[(log["source"] == "sign_in.csv") & (log["row"] == 2)].iloc[0]
    assert (line["old_value"], line["new_value"], line["change_type"]) == (
        "Asosyasyon Peyizn Aquin",
        "CDSP-001",
        "change_response",
    )
    assert line["reason"] == "slip, 95.5 of 100"


def test_the_same_delegate_twice_counts_once(tiny):
    tiny.add("sign_in.csv", "E002,CTA,Third Delegate,no")
    data = tiny.clean()
    there = data.invitations.set_index(["event_id", "organization_id"])
    assert there.loc[("E002", "AWD-001"), "delegates"] == 1
    assert _reasons(data, "sign_in") == {
        (4, "event_id + organization_id + delegate"): (
            "row",
            "E002 · CTA",
            "the same record stands there again; one is kept",
        )
    }


def test_who_signed_in_was_there_and_who_did_not_was_absent(tiny):
    there = tiny.clean().invitations.set_index(["event_id", "organization_id"])
    assert there["attended"].to_dict() == {
        ("E001", "AWD-001"): False,
        ("E001", "CDSP-001"): True,
        ("E001", "CDSP-002"): False,
        ("E002", "AWD-001"): True,
        ("E002", "CDSP-001"): False,
        ("E002", "CDSP-003"): False,
    }
    assert there.loc[("E001", "CDSP-001"), ["delegates", "senior_delegate"]].tolist() == [2, True]
    assert there.loc[("E001", "AWD-001"), "delegates"] == 0


def test_a_name_between_near_twins_makes_both_unknown_and_neither_absent(tiny):
    tiny.add("invitations.csv", "E001,CDSP-003")
    tiny.add("sign_in.csv", "E001,Fond. pour le Développement de Jacmel No,Fourth Delegate,no")
    there = tiny.clean().invitations.set_index(["event_id", "organization_id"])
    attended = there.loc["E001", "attended"]
    assert attended.dropna().to_dict() == {"AWD-001": False, "CDSP-001": True}
    assert attended.isna().to_dict() == {"AWD-001": False, "CDSP-001": False, "CDSP-002": True, "CDSP-003": True}
    assert pd.isna(there.loc[("E001", "CDSP-002"), "delegates"])


def test_an_event_without_a_sign_in_sheet_has_unknown_attendance(tiny):
    tiny.replace("sign_in.csv", "E002,CTA,Third Delegate,no\n", "")
    there = tiny.clean().invitations.set_index(["event_id", "organization_id"])
    assert there.loc["E002", "attended"].isna().all()


def test_who_came_without_an_invitation_is_logged_and_does_not_count_as_one(tiny):
    tiny.add("sign_in.csv", "E001,CDSP-003,Fourth Delegate,no")
    data = tiny.clean()
    assert len(data.invitations) == 6 and len(data.sign_in) == 4
    assert data.cleaning_log["reason"].str.startswith("signed in without an invitation").sum() == 1


def test_nobody_is_named_in_what_is_kept(whole):
    frames = [*whole.tables.values(), whole.cleaning_log, whole.set_aside]
    text = "\n".join(frame.to_csv() for frame in frames)
    for identifier in ("Évens Mondésir", "37584425", "00041001-aaaa", "41001", "uuid:"):
        assert identifier not in text


def test_a_missing_file_is_named_with_what_is_there(tiny):
    tiny.raw("events.csv").unlink()
    with pytest.raises(
        kl.KonbitError, match=r'table "events": no file matches "events.csv" in data/raw. It holds conv'
    ):
        tiny.clean()


def test_a_missing_column_is_named_with_the_nearest(tiny):
    tiny.replace("programme.toml", 'files = "events.csv"', 'files = "events.csv"\n[source.columns]\nheld_on = "Held"')
    with pytest.raises(kl.KonbitError, match=r'events.csv: there is no column "Held". Did you mean "held_on"\?'):
        tiny.clean()


def test_a_needed_column_that_nothing_feeds_is_named(tiny):
    tiny.replace("events.csv", "held_on", "Quand")
    with pytest.raises(kl.KonbitError, match=r'events.csv: nothing is given for the column "held_on"'):
        tiny.clean()


@pytest.mark.parametrize("table", ["organizations", "events", "invitations"])
def test_an_empty_table_that_is_needed_stops_with_its_file(tiny, table):
    path = tiny.raw(f"{table}.csv")
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=rf'{table}.csv: the table "{table}" is empty; .*nothing under it'):
        tiny.clean()


def test_an_empty_table_that_can_be_done_without_is_a_notice(tiny):
    tiny.raw("survey.csv").write_text("submission_id,organization_id,submitted_on,wave\n", encoding="utf-8")
    data = tiny.clean()
    assert data.survey.empty
    assert "survey.csv: there is a header but no rows" in data.notices


def test_no_invitation_can_be_used_and_the_message_says_why(tiny):
    tiny.replace("events.csv", "E001", "X001")
    tiny.replace("events.csv", "E002", "X002")
    with pytest.raises(kl.KonbitError, match="Row 2 was set aside: no such event in the table of events"):
        tiny.clean()


def test_an_incentive_of_the_programmes_own_needs_no_code(tiny):
    tiny.replace("programme.toml", "[incentives]", '[incentives]\nchildcare = "Childcare at the event"')
    tiny.replace("events.csv", "business_showcase\n", "business_showcase,childcare\n")
    tiny.replace("events.csv", "500,no", "500,no,X")
    tiny.replace("events.csv", "0,yes", "0,yes,non")
    data = tiny.clean()
    assert data.events["childcare"].tolist() == [False, True]
    assert data.programme.label("childcare").text("fr") == "Childcare at the event"


LIST = '[[source]]\ntable = "invitations"\nfiles = "invitations.csv"\n'


def _attended(data) -> list[tuple]:
    rows = data.invitations[["event_id", "organization_id", "attended"]].astype("object")
    return [(event, who, None if pd.isna(came) else came) for event, who, came in rows.itertuples(index=False)]


def test_everybody_who_was_a_partner_that_day_was_invited_where_there_is_no_list(tiny):
    tiny.replace("programme.toml", LIST, "[invitations]\neverybody = true\n")
    tiny.replace("organizations.csv", "consulted_at_design", "consulted_at_design,joined_on,left_on")
    for code, days in {
        "cdsp,wi": ",2017-01-10",
        "cdsp,non": "2017-01-10,2017-02-20",
        "awardee,oui": "2017-02-20,",
    }.items():
        tiny.replace("organizations.csv", code, f"{code},{days}")
    data = tiny.clean()
    assert _attended(data) == [
        ("E001", "CDSP-002", False),
        ("E001", "CDSP-003", False),
        ("E002", "AWD-001", True),
    ]  # CDSP-001 left on the day of E001; its sign-in is in sign_in only
    assert sorted(data.sign_in["organization_id"]) == ["AWD-001", "CDSP-001", "CDSP-001"]
    assert data.counts["table"].tolist().count("invitations") == 0
    assert kl.invitations(data)["attended"].tolist() == [0, 0, 1]


def test_counts_only_say_who_came(tiny):
    tiny.replace("programme.toml", LIST, '[invitations]\neverybody = "count only"\n')
    data = tiny.clean()
    assert _attended(data) == [("E001", "CDSP-001", True), ("E002", "AWD-001", True)]
    assert data.invitations["delegates"].tolist() == [2, 1]


def test_without_a_list_or_sheets_nothing_can_be_said(tiny):
    tiny.replace("programme.toml", LIST, "")
    with pytest.raises(
        kl.KonbitError, match=r'no \[\[source\]\] feeds the table "invitations"; add one; or write everyb'
    ):
        tiny.clean()
    tiny.replace("programme.toml", "[analysis]", "[invitations]\neverybody = true\n[analysis]")
    tiny.replace("programme.toml", '[[source]]\ntable = "sign_in"\nfiles = "sign_in.csv"\n', "")
    with pytest.raises(kl.KonbitError, match=r'no \[\[source\]\] feeds the table "sign_in"; add one\.'):
        tiny.clean()


def test_statuses_count_where_an_event_has_no_sheet_and_the_sheet_wins_where_it_has_one(tiny):
    lines = tiny.raw("invitations.csv").read_text(encoding="utf-8").splitlines()
    statuses = ["attended", "no", "yes", "", "yes", "no", ""]
    tiny.raw("invitations.csv").write_text(
        "\n".join(map(",".join, zip(lines, statuses, strict=True))), encoding="utf-8"
    )
    tiny.replace("sign_in.csv", "E002,CTA,Third Delegate,no\n", "")
    data = tiny.clean()
    assert _attended(data) == [
        ("E001", "AWD-001", False),
        ("E001", "CDSP-001", True),
        ("E001", "CDSP-002", False),
        ("E002", "AWD-001", None),
        ("E002", "CDSP-001", True),
        ("E002", "CDSP-003", False),
    ]
    assert data.agreement.loc[
        data.agreement["records"].str.contains("sign-in"), ["compared", "agree"]
    ].sum().tolist() == [2, 0]


def test_what_is_declared_and_no_file_has_is_said(tiny):
    said = [notice for notice in tiny.clean().notices if "[[source]]" in notice or "no file of" in notice]
    assert [notice.split(":")[0] for notice in said] == [
        "programme.toml, [incentives] transport_refund",
        "programme.toml, [incentives] certificate",
        "programme.toml, [questions] belief_money",
        "programme.toml, [questions] knows_benefits",
        "programme.toml, [questions] income",
        "programme.toml, [expectations] training",
    ]
    assert said[2].endswith(
        'no file of the table "survey" has it. Write belief_money = "its header in the file" under [source.columns] of '
        "that table, or take belief_money out of [questions]"
    )


SWAPPED = ["2024-10-01", "15/02/2024", "20/03/2024"]  # 10 January, which a spreadsheet took for 1 October


NEAR = ["2024-02-05", "2024-03-10", "25/01/2024"]  # with day and month exchanged, they are far from the text


@pytest.mark.parametrize(
    ("days", "is_turned"),
    [
        (SWAPPED, True),
        (SWAPPED[:2], True),
        (["2024-03-02", "2024-05-04", "20/03/2024"], True),
        (["2024-02-01", "15/02/2024"], False),
        (NEAR, False),
        (["2024-10-01", "2024-12-02", "02/15/2024", "03/20/2024"], True),
        (
            [*(f"2024-0{month}-0{month + 1}" for month in (1, 3, 5)), *(f"{day}/04/2024" for day in (13, 20, 25, 26))],
            True,
        ),
        (["2024-02-01", "15/02/2024", "20/03/2024"], False),
        (["2024-10-13", "15/02/2024", "20/03/2024"], False),
        (["2024-10-01", "05/02/2024", "20/03/2024"], False),
        (["2024-10-01", "2024-03-05", "2024-01-02"], False),
        (["15/02/2024", "20/03/2024", "hier"], False),
    ],
)
def test_a_column_that_a_spreadsheet_turned_half_is_refused_with_the_cause(tiny, days, is_turned):
    with xlsxwriter.Workbook(tiny.raw("events.xlsx")) as book:
        sheet, day = book.add_worksheet("Dates"), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["event_id", "event_type", "Jour"])
        for at, text in enumerate(days, start=1):
            sheet.write_row(at, 0, [f"E00{at}", "training"])
            is_cell = text[4:5] == "-"
            sheet.write_datetime(at, 2, datetime.fromisoformat(text), day) if is_cell else sheet.write(at, 2, text)
    declared = 'files = "events.xlsx"\ndates = ["day/month/year", "month/day/year"]\n[source.columns]\nheld_on = "Jour"'
    tiny.replace("programme.toml", 'files = "events.csv"', declared)
    if not is_turned:
        data, doubtful = tiny.clean(), days in (["2024-02-01", "15/02/2024"], ["2024-02-01", *SWAPPED[1:]], NEAR)
        assert len(data.events) == len(days) - ("hier" in days)
        assert doubtful == any("perhaps taken day for month" in notice for notice in data.notices)
        return
    with pytest.raises(kl.KonbitError, match=r'events\.xlsx, sheet Dates, column "Jour": .*has probably taken day'):
        tiny.clean()


@pytest.mark.parametrize("typed", ["2-Jan", "2017-01-02", "02-janv", "Jan-02"])
def test_a_code_that_a_spreadsheet_took_for_a_day_makes_attendance_unknown_and_not_absent(tiny, typed):
    for name in ("events.csv", "invitations.csv", "sign_in.csv"):
        tiny.raw(name).write_text(tiny.raw(name).read_text(encoding="utf-8").replace("E001", "1-2"), encoding="utf-8")
    for name in ("organizations.csv", "invitations.csv"):
        tiny.raw(name).write_text(
            tiny.raw(name).read_text(encoding="utf-8").replace("CDSP-003", "3-1"), encoding="utf-8"
        )
    tiny.add("sign_in.csv", f"{typed},FDJ,Fourth Delegate,no\nE002,2017-01-03,Fifth Delegate,no")
    data = tiny.clean()
    came = data.invitations.set_index(["event_id", "organization_id"])["attended"]
    assert came["1-2"].isna().to_dict() == {"CDSP-001": False, "CDSP-002": True, "AWD-001": False}
    assert came["E002"].isna().to_dict() == {"CDSP-001": False, "3-1": True, "AWD-001": False}
    assert sorted(data.set_aside["reason"].str.split("; ").str[1]) == ["it may be 1-2", "nearest: 3-1"]


def test_names_of_files_and_headers_are_found_however_they_are_composed(tiny):
    decomposed = unicodedata.normalize("NFD", "Présences_été.csv")
    tiny.raw("sign_in.csv").rename(tiny.raw(decomposed))
    tiny.replace(decomposed, "organization_id", "Nom\u00a0de  l’orgé")
    declared = 'files = "Présences*.csv"\n[source.columns]\norganization_id = "Nom de l\'orgé"'
    once = tiny.raw(decomposed).read_text(encoding="utf-8").count("\n") - 1
    tiny.replace("programme.toml", 'files = "sign_in.csv"', declared)
    counts = tiny.clean().counts.query("table == 'sign_in'")
    assert counts["source"].unique().tolist() == ["Présences_été.csv"] and counts["read"].sum() == once


@pytest.mark.parametrize(
    ("day", "wave", "says"),
    [
        ("2017-07-05", 2, "the days of wave 2, and so they are of it"),
        ("2017-12-01", None, 'the days of no wave alone. Write there "late.csv" = 3'),
        ("2017-03-01", None, 'the days of no wave alone. Write there "late.csv" = …'),
    ],
)
def test_a_file_whose_name_tells_no_wave_has_that_of_its_days_or_stops_the_run(tiny, day, wave, says):
    for name, sent in {"s1": ["2017-01-05", "2017-01-15"], "s2": ["2017-07-01", "2017-07-09"], "late": [day]}.items():
        rows = [f"{name}{at},CDSP-001,{one},{at + 2}" for at, one in enumerate(sent)]
        text = "\n".join(["submission_id,organization_id,submitted_on,motivation", *rows])
        tiny.raw(f"{name}.csv").write_text(text, encoding="utf-8")
    files = 'files = ["s1.csv", "s2.csv", "late.csv"]\n[source.by_file.wave]\n"s1*" = 1\n"s2*" = 2'
    tiny.replace("programme.toml", 'files = "survey.csv"', files)
    if wave is None:
        with pytest.raises(kl.KonbitError, match=re.escape(says)):
            tiny.clean()
    else:
        data = tiny.clean()
        assert data.survey["wave"].value_counts().to_dict() == {1: 2, 2: 3}
        assert any(says in notice for notice in data.notices)


def test_dates_in_another_order_than_is_written_say_so(tiny):
    days = ["01/10/2017", "02/20/2017", "23/10/2017", "24/10/2017", "25/11/2017"]
    lines = ["event_id,event_type,held_on", *(f"E00{at},training,{day}" for at, day in enumerate(days, start=1))]
    tiny.raw("events.csv").write_text("\n".join(lines), encoding="utf-8")
    tiny.replace(
        "programme.toml",
        'incentives = ["business_showcase", "recent_conversation"]',
        'incentives = ["recent_conversation"]',
    )
    tiny.replace("programme.toml", 'files = "events.csv"', 'files = "events.csv"\ndates = ["month/day/year"]')
    reasons = tiny.clean().set_aside.query("table == 'events' and column == 'held_on'")["reason"]
    assert reasons.str.contains("correct the order, dates, in its [[source]]", regex=False).any()


def test_a_record_that_stands_there_again_says_in_what_it_differs(tiny):
    tiny.add("sign_in.csv", "E001,CDSP-001,Sixth Delegate,no\nE001,CDSP-001,Sixth Delegate,yes")
    tiny.add("sign_in.csv", "E002,CDSP-001,Other,no\nE002,CDSP-001,Other,no")
    reasons = tiny.clean().set_aside.query("table == 'sign_in'")["reason"]
    assert [one.partition("; they differ in ")[2] for one in reasons if "stands there again" in one] == [
        "senior_delegate",
        "",
    ]

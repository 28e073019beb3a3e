"""What only an evaluator can tell: asked in the review, answered there, remembered in the ledger, never asked twice."""

import openpyxl
import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.field import store
from konbit_lessons.field.cleaning import decisions
from konbit_lessons.field.sources import read

OPEN = "Fond. pour le Développement de Jacmel No"  # between near twins


@pytest.fixture
def asked(tiny):
    """A programme with an open name in a sign-in sheet and in the survey, and its review written."""
    tiny.add("invitations.csv", "E001,CDSP-003")
    tiny.add("sign_in.csv", f"E001,{OPEN},Fourth Delegate,no")
    tiny.add("survey.csv", f"u9,{OPEN.upper()},2017-01-05,1,4,yes")
    store.write(tiny.clean())
    return tiny


def _review(tiny):
    return tiny.folder / "data" / "processed" / decisions.REVIEW


def _ledger(tiny):
    return tiny.raw(decisions.LEDGER)


def _answer(tiny, typed, sheet="organizations", **cells):
    """Type into the review as an evaluator does."""
    book = openpyxl.load_workbook(_review(tiny))
    rows = book[sheet]
    header = [cell.value for cell in rows[2]]
    row = next(row for row in rows.iter_rows(min_row=3) if row[0].value == typed)
    for name, value in cells.items():
        row[header.index(name)].value = value
    book.save(_review(tiny))


def _attended(data, organization, event="E001"):
    rows = data.invitations
    return rows[(rows["event_id"] == event) & (rows["organization_id"] == organization)]["attended"].iloc[0]


def test_the_review_says_what_was_typed_where_and_who_it_may_be(asked):
    raw = read(_review(asked), kind="sheet", expect=("typed_name",))
    shown = raw.tables["main"]
    assert raw.sheets["main"] == "organizations" and len(shown) == 1  # case and accents make no second question
    line = shown.iloc[0]
    assert line["typed_name"] == OPEN and line["times"] == "2"
    assert line["where_it_stands"] == "sign_in.csv, row 5; survey.csv, row 5"
    assert {line["candidate_1"], line["candidate_2"]} == {"CDSP-002", "CDSP-003"}
    assert line["name_1"].startswith("Fondation pour le Développement de Jacmel")
    assert 0 < float(line["score_2"]) <= float(line["score_1"]) <= 100
    assert {"decision", "initials", "notes"} <= set(shown)


def test_no_text_in_the_review_is_a_formula_or_a_link(tiny):
    payloads = [
        '=HYPERLINK("http://x","y")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "=cmd|'/c calc'!A0",
        "http://example.org",
        "\t=1",
    ]
    for payload in payloads:
        quoted = payload.replace('"', '""')
        tiny.add("sign_in.csv", f'E001,"{quoted}",Someone,no')
    store.write(tiny.clean())
    sheet = openpyxl.load_workbook(_review(tiny))["organizations"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.value for cell in cells} >= {payload.strip() for payload in payloads}
    assert not [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_an_answer_is_applied_remembered_and_asked_no_more(asked):
    before = asked.clean()
    assert pd.isna(_attended(before, "CDSP-003")) and pd.isna(_attended(before, "CDSP-002"))
    _answer(asked, OPEN, decision="CDSP-003", initials="MB", notes="phoned")
    data = asked.clean()
    assert _attended(data, "CDSP-003") and not _attended(data, "CDSP-002")
    lines = data.cleaning_log[data.cleaning_log["check"] == "decision"]
    assert lines[["source", "row", "old_value", "new_value", "initials", "notes"]].to_numpy().tolist() == [
        ["sign_in.csv", 5, OPEN, "CDSP-003", "MB", "phoned"],
        ["survey.csv", 5, OPEN.upper(), "CDSP-003", "MB", "phoned"],
    ]
    store.write(data)
    assert f"organization,{OPEN},CDSP-003,MB,phoned" in _ledger(asked).read_text(encoding="utf-8-sig")
    assert data.questions.empty
    _review(asked).unlink()  # the ledger alone holds it, also for new files and other spellings of the same text
    asked.add("conversations.csv", f" {OPEN.lower()},2017-02-01,")
    assert asked.clean().conversations["organization_id"].tolist().count("CDSP-003") == 1


@pytest.mark.parametrize("decision", ["new", "not an organization", " NEW "])
def test_a_name_that_is_no_organization_of_the_roster_leaves_nobodys_attendance_open(asked, decision):
    _answer(asked, OPEN, decision=decision)
    data = asked.clean()
    assert not _attended(data, "CDSP-003") and not _attended(data, "CDSP-002")
    aside = data.set_aside[data.set_aside["table"] == "sign_in"]
    assert aside["reason"].tolist() == [f"decided in identity_review.xlsx: {decision.strip()}"]
    assert (data.counts["kept"] + data.counts["set_aside"] == data.counts["read"]).all()


def test_a_new_organization_that_joins_the_roster_later_is_found_there(asked):
    _answer(asked, OPEN, decision="new")
    store.write(asked.clean())
    asked.add("organizations.csv", f"CDSP-004,{OPEN},,cdsp,non")
    assert "CDSP-004" in asked.clean().sign_in["organization_id"].tolist()


def test_a_name_of_several_alike_says_in_each_file_what_hangs_on_the_answer(tiny):
    """One answer holds wherever the text stands, which may be where another is meant: it is said, file by file."""
    tiny.add("organizations.csv", "CDSP-008,Coopérative de Fonds-Verrettes,CFV,cdsp,non")
    tiny.add("organizations.csv", "CDSP-009,Comité des Femmes de Vallière,CFV,cdsp,non")
    tiny.add("invitations.csv", "E001,CDSP-008\nE001,CDSP-009")
    tiny.add("sign_in.csv", "E001,CFV,Fourth Delegate,no")
    store.write(tiny.clean())
    assert pd.isna(_attended(tiny.clean(), "CDSP-008")) and pd.isna(_attended(tiny.clean(), "CDSP-009"))
    _answer(tiny, "CFV", decision="CDSP-008")
    store.write(tiny.clean())
    tiny.add("survey.csv", "u9,CFV,2017-01-05,1,4,yes")
    said = [one for one in tiny.clean().notices if '"CFV" may be CDSP-008, CDSP-009 alike' in one]
    assert [one.split(":")[0] for one in said] == ["sign_in.csv", "survey.csv"]
    assert all("corrections.csv" in one for one in said)


def test_another_delegate_that_may_be_theirs_leaves_rank_and_number_open(asked):
    asked.add("sign_in.csv", "E001,CDSP-002,Fifth Delegate,no")
    row = asked.clean().invitations.query("event_id == 'E001' and organization_id == 'CDSP-002'").iloc[0]
    assert row["attended"] and pd.isna(row["senior_delegate"]) and pd.isna(row["delegates"])
    store.write(asked.clean())
    _answer(asked, OPEN, decision="CDSP-003")
    row = asked.clean().invitations.query("event_id == 'E001' and organization_id == 'CDSP-002'").iloc[0]
    assert row["attended"] and not row["senior_delegate"] and row["delegates"] == 1


def test_answers_that_are_none_stop_the_run_and_are_said_all_at_once_with_where(asked):
    _answer(asked, OPEN, decision="CDSP-999")
    _ledger(asked).write_text("question,typed,decision\nevent,E002,E2\norganization,X,CDSP\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError) as error:
        asked.clean()
    assert [line.partition(" for ")[0] for line in str(error.value).splitlines()] == [
        'identity_ledger.csv, row 2, column "decision": found "E2"',
        'identity_ledger.csv, row 3, column "decision": found "CDSP"',
        'identity_review.xlsx, sheet organizations, row 3, column "decision": found "CDSP-999"',
    ]
    with _ledger(asked).open("a", encoding="utf-8") as ledger:
        ledger.write("organization,x,new\n")
    with pytest.raises(kl.KonbitError) as error:
        kl.cleaned(kl.load(asked.toml))
    assert str(error.value).startswith(
        'identity_ledger.csv, row 4: found "new" for "x", but identity_ledger.csv, row 3'
    )
    assert len(str(error.value).splitlines()) == 4


def test_two_answers_to_one_question_stop_the_run(asked):
    _answer(asked, OPEN, decision="CDSP-003")
    store.write(asked.clean())
    text = _ledger(asked).read_text(encoding="utf-8-sig") + f"organization,{OPEN.lower()},CDSP-002,MB,\n"
    _ledger(asked).write_text(text, encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r'identity_ledger.csv, row 3: found "CDSP-002" .* row 2 says "CDSP-003"'):
        asked.clean()


def test_the_likeliest_answers_are_offered_and_others_are_taken(asked):
    (choice,) = openpyxl.load_workbook(_review(asked))["organizations"].data_validations.dataValidation
    offered = choice.formula1.strip('"').split(",")
    assert {*offered[:2]} == {"CDSP-002", "CDSP-003"} and offered[-2:] == ["new", "not an organization"]
    assert (choice.type, choice.errorStyle) == ("list", "warning")
    header = [cell.value for cell in openpyxl.load_workbook(_review(asked))["organizations"][2]]
    assert [str(one) for one in choice.sqref.ranges] == [f"{chr(65 + header.index('decision'))}3"]


@pytest.mark.parametrize("codes", [["A,1"], ["x" * 100] * 5, []])
def test_a_drop_down_is_one_that_spreadsheets_take(codes):
    offered = decisions._choice([*codes, "new"])["source"]
    assert offered[-1] == "new" and len(",".join(offered)) <= 255


def test_notes_beside_an_open_question_stay(asked):
    _answer(asked, OPEN, initials="MB", notes="ask on Monday")
    store.write(asked.clean())
    line = read(_review(asked), kind="sheet", expect=("typed_name",)).tables["main"].iloc[0]
    assert (line["initials"], line["notes"]) == ("MB", "ask on Monday") and pd.isna(line["decision"])
    assert not _ledger(asked).exists()


def test_answers_are_part_of_what_a_report_is_made_of(asked):
    programme = kl.load(asked.toml)
    before = store.fingerprint(programme)
    _answer(asked, OPEN, decision="CDSP-003")
    answered = store.fingerprint(programme)
    assert answered != before
    store.write(asked.clean())  # the answer moves from the review to the ledger: nothing new to clean
    assert store.fingerprint(programme) == answered


def test_what_was_typed_comes_back_from_the_ledger_as_it_was(asked):
    asked.add("sign_in.csv", "E001,=Fondation,Someone,no")
    store.write(asked.clean())
    _answer(asked, "=Fondation", decision="not an organization")
    store.write(asked.clean())
    assert "'=Fondation" in _ledger(asked).read_text(encoding="utf-8-sig")
    assert asked.clean().questions["typed"].tolist() == [OPEN]


def test_one_event_under_two_codes_is_asked_and_decided(asked):
    asked.replace("events.csv", "held_on,", "held_on,place,")
    asked.replace("events.csv", "2017-01-10,", "2017-01-10,Jacmel,")
    asked.replace("events.csv", "2017-02-20,", "2017-02-20,,")
    asked.add("events.csv", "E003,training,2017-01-10,jacmel ,0,yes")
    asked.add("sign_in.csv", "E003,CTA,Fifth Delegate,no")
    data = asked.clean()
    question = data.questions[data.questions["question"] == "event"].iloc[0]
    assert (question["typed"], question["candidate_1"]) == ("E003", "E001")
    assert question["name_1"] == "training, 2017-01-10, Jacmel"
    assert not _attended(data, "AWD-001")
    store.write(data)
    _answer(asked, "E003", sheet="events", decision="E001", initials="MB")
    decided = asked.clean()
    assert decided.events["event_id"].tolist() == ["E001", "E002"] and _attended(decided, "AWD-001")
    assert (decided.questions["question"] == "organization").all()
    moved = decided.cleaning_log[
        (decided.cleaning_log["old_value"] == "E003") & (decided.cleaning_log["new_value"] == "E001")
    ]
    assert moved["column"].tolist() == ["event_id"]
    store.write(decided)
    _answer_text = _ledger(asked).read_text(encoding="utf-8-sig")
    _ledger(asked).write_text(_answer_text.replace("E003,E001", "E003,different"), encoding="utf-8-sig")
    assert "E003" in asked.clean().events["event_id"].tolist() and len(asked.clean().questions) == 1


def test_no_pattern_takes_an_evaluators_own_files_for_raw_data(asked):
    asked.replace("programme.toml", 'files = "survey.csv"', 'files = "[s-z]*vey.csv"')
    asked.replace("programme.toml", 'files = "conversations.csv"', 'files = ["c*.csv", "i*_l*.csv"]')
    asked.raw("corrections.csv").write_text("source,column,old_value,new_value,change_type\n", encoding="utf-8")
    _ledger(asked).write_text("question,typed,decision\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r'no file matches "i\*_l\*.csv"'):
        asked.clean()
    asked.replace("programme.toml", ', "i*_l*.csv"', "")
    assert len(asked.clean().conversations) == 2


def test_a_ledger_without_its_columns_is_refused(asked):
    _ledger(asked).write_text("name,answer\nx,y\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r"identity_ledger.csv: found no column question, typed, decision"):
        asked.clean()


def test_the_same_questions_are_the_same_bytes(asked):
    data, decided = asked.clean(), decisions.load(kl.load(asked.toml))
    first, again = (decisions.workbook(data.questions, decided, data.cleaning_log) for _ in range(2))
    assert first == again

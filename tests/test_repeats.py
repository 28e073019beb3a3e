"""The same record again, and the same organization again in a wave: each decision by the rule, and in the log."""

import pytest

import konbit_lessons as kl

COLUMNS = (
    "submission_id,organization_id,submitted_on,wave,motivation,belief_money,knows_benefits,expects_funding,comment"
)
ANSWERS = f"""{COLUMNS}
u1,CDSP-001,2017-01-05,1,4,2,yes,yes,first
u2,CDSP-001,2017-01-11,1,2,,no,yes,second
u4,APA,2017-01-12,1,2,3,no,no,third
u3,AWD-001,2017-01-09,1,5,5,yes,no,alone
"""


def _survey(tiny, rule=None):
    tiny.raw("survey.csv").write_text(ANSWERS, encoding="utf-8")
    if rule:
        tiny.replace("programme.toml", 'files = "survey.csv"', f'files = "survey.csv"\ntwice = "{rule}"')
    return tiny.clean()


def _log(data):
    return data.cleaning_log[data.cleaning_log["check"] == "double entry"]


def _of(data, organization="CDSP-001"):
    return data.survey[data.survey["organization_id"] == organization]


def test_all_answers_stay_unless_told_and_the_log_says_so(tiny):
    data = _survey(tiny)
    assert len(data.survey) == 4 and data.set_aside.empty
    lines = _log(data)
    assert lines["row"].tolist() == [2, 3, 4] and set(lines["change_type"]) == {"no_action"}
    assert set(lines["old_value"]) == {"CDSP-001 · wave 1"}


@pytest.mark.parametrize(("rule", "comment", "gone"), [("latest", "third", [2, 3]), ("first", "first", [3, 4])])
def test_one_answer_stays(tiny, rule, comment, gone):
    data = _survey(tiny, rule)
    assert _of(data)["comment"].tolist() == [comment] and len(data.survey) == 2
    assert data.set_aside["row"].tolist() == gone
    assert data.set_aside["reason"].unique().tolist() == [
        f"the organization answers more than once in this wave; the {rule} answer is kept"
    ]


def test_to_ask_keeps_none_until_all_but_one_are_taken_out(tiny):
    data = _survey(tiny, "ask")
    assert _of(data).empty and data.set_aside["row"].tolist() == [2, 3, 4]
    assert data.set_aside["reason"].iloc[0].endswith("take out all but one in corrections.csv (remove_survey)")
    header = "source,sheet,row,record_id,column,old_value,new_value,change_type,check,reason,initials,notes"
    lines = [f"survey.csv,,{row},,,,,remove_survey,,,MB," for row in (2, 4)]
    tiny.raw("corrections.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    assert _of(tiny.clean())["comment"].tolist() == ["second"]


def test_how_far_answers_to_one_wave_agree(tiny):
    agreement = _survey(tiny).agreement.set_index("records").loc["survey twice in a wave"]
    # motivation 4-2 and 2-2; belief_money has no two in a row
    assert agreement[["quarter", "compared", "agree"]].tolist() == ["FY2017Q2", 2, 1]


def test_a_registration_is_compared_with_the_sign_in_sheet(tiny):
    tiny.raw("invitations.csv").write_text(
        "event_id,organization_id,attended\nE001,CDSP-001,yes\nE001,CDSP-002,yes\nE001,AWD-001,\nE002,AWD-001,yes\nE002,CDSP-001,no\n",
        encoding="utf-8",
    )
    data = tiny.clean()
    agreement = data.agreement[data.agreement["records"] == "sign-in against registration"]
    assert agreement[["compared", "agree"]].to_numpy().tolist() == [[4, 3]]
    line = data.cleaning_log[data.cleaning_log["check"] == "agreement"].iloc[0]
    assert line[["row", "old_value", "new_value", "change_type"]].tolist() == [3, "yes", "no", "no_action"]
    rows = data.invitations.set_index(["event_id", "organization_id"])["attended"]
    assert not rows["E001", "CDSP-002"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("survey", "twice: found all, latest; expected one rule in every"),
        ("conversations", 'twice: it is a rule for the table "survey" only'),
    ],
)
def test_one_rule_holds_for_the_survey_and_for_nothing_else(tiny, table, message):
    source = f'\n[[source]]\ntable = "{table}"\nfiles = "other.csv"\ntwice = "latest"\n'
    tiny.toml.write_text(tiny.toml.read_text(encoding="utf-8") + source, encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=message):
        kl.load(tiny.toml)

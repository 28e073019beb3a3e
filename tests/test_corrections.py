# ruff: noqa: E501  (messages and lines of a file stand whole)
"""corrections.csv: an instruction that is followed to the letter, or stops the run."""

import pandas as pd
import pytest

import konbit_lessons as kl

HEADER = "source,sheet,row,record_id,column,old_value,new_value,change_type,check,reason,initials,notes"


def _correct(tiny, *lines):
    tiny.raw("corrections.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


def _applied(data):
    return data.cleaning_log[data.cleaning_log["check"] == "correction"]


def test_a_changed_value_is_applied_before_the_checks_and_logged_with_who_and_why(tiny):
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,44,yes")
    _correct(tiny, "survey.csv,,2,,motivation,44,4,change_response,,typed twice,MB,paper form")
    data = tiny.clean()
    assert data.set_aside.empty
    assert sorted(data.survey["motivation"]) == [2, 4, 5]
    line = _applied(data).iloc[0]
    assert line[["row", "column", "old_value", "new_value", "reason", "initials", "notes"]].tolist() == [
        2, "motivation", "44", "4", "typed twice", "MB", "paper form",
    ]  # fmt: skip


def test_a_record_is_found_by_its_id_wherever_its_row_is(tiny):
    _correct(tiny, "survey.csv,,2,u3,motivation,5,3,change_response,,,,")
    data = tiny.clean()
    assert sorted(data.survey["motivation"]) == [2, 3, 4]
    assert "u3" not in data.cleaning_log.to_csv()  # the id of a person's record stays in the raw data


def test_a_header_of_the_file_names_its_column_too(tiny):
    tiny.replace("conversations.csv", "organization_id,held_on", "organization_id,Le")
    tiny.replace(
        "programme.toml", 'files = "conversations.csv"', 'files = "conversations.csv"\n[source.columns]\nheld_on = "Le"'
    )
    _correct(tiny, "conversations.csv,,2,,Le,2016-12-01,2016-12-02,change_response,,,,")
    assert pd.Timestamp("2016-12-02") in tiny.clean().conversations["held_on"].tolist()


def test_a_line_without_a_row_changes_every_such_value_of_the_file(tiny):
    _correct(tiny, "survey.csv,,,,expects_funding,yes,no,change_response,,,,")
    data = tiny.clean()
    assert data.survey["expects_funding"].tolist() == [False] * 3 and len(_applied(data)) == 2


def test_a_blanked_value_is_blank(tiny):
    _correct(tiny, "survey.csv,,2,,motivation,4,,blank_response,,,,")
    assert tiny.clean().survey["motivation"].isna().sum() == 1


def test_a_removed_row_is_set_aside_and_counted(tiny):
    _correct(tiny, "survey.csv,,3,,,,,remove_survey,,a test of the form,MB,")
    data = tiny.clean()
    assert data.set_aside[["row", "scope", "reason"]].to_numpy().tolist() == [[3, "row", "a test of the form"]]
    counts = data.counts[data.counts["table"] == "survey"]
    assert (counts["read"].sum(), counts["kept"].sum(), counts["set_aside"].sum()) == (3, 2, 1)


def test_an_added_row_is_read_like_any_other(tiny):
    _correct(
        tiny,
        "conversations.csv,,,n1,organization_id,,Cabinet Theodore et Associes,add_survey,,on paper,MB,",
        "conversations.csv,,,n1,held_on,,2017-02-02,add_survey,,on paper,MB,",
    )
    data = tiny.clean()
    assert len(data.conversations) == 3
    assert data.counts.set_index("source").loc["corrections.csv", ["read", "kept"]].tolist() == [1, 1]


def test_a_line_that_changes_nothing_is_allowed(tiny):
    before = tiny.clean().cleaning_log
    _correct(tiny, "survey.csv,,2,,motivation,7,,no_action,,looked at it,MB,")
    pd.testing.assert_frame_equal(tiny.clean().cleaning_log, before)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("survey.csv,,2,,motivation,5,3,change_response,,,,", r'row 2: found "4" in survey.csv, row 2, column "motivation"; the line expects "5"'),
        ("survey.csv,,99,,motivation,5,3,change_response,,,,", "row 2: there is no survey.csv, row 99"),
        ("survey.csv,,2,,mood,5,3,change_response,,,,", 'there is no column "mood" in survey.csv'),
        ("survey.csv,,2,,motivation,5,,remove_survey,,,,", 'found "4" in survey.csv, row 2'),
        ("survey.csv,,,u3,motivation,4,3,change_response,,,,", 'found "5" in survey.csv, u3'),
        ("survey.csv,,,,motivation,77,3,change_response,,,,", 'the line expects "77"'),
        ("other.csv,,2,,motivation,5,3,change_response,,,,", r'row 2, column "source": found "other.csv", which no \[\[source\]\] reads'),
        ("survey.csv,,2,,motivation,4,3,remove_survey,,,,", r'row 2: found the new value "3" beside remove_survey'),
        ("survey.csv,,2,,motivation,4,3,no_action,,,,", r'row 2: found the new value "3" beside no_action'),
        ("survey.csv,,2,,motivation,4,3,replace,,,,", 'row 2, column "change_type": found "replace"; expected one of change_response'),
    ],
)  # fmt: skip
def test_a_line_that_does_not_fit_stops_the_run_and_says_which(tiny, line, message):
    _correct(tiny, line)
    with pytest.raises(kl.KonbitError, match=message) as error:
        tiny.clean()
    assert str(error.value).startswith("corrections.csv, row 2")


def test_all_lines_that_do_not_fit_are_named_at_once(tiny):
    _correct(
        tiny,
        "survey.csv,,2,,motivation,5,3,change_response,,,,",
        "survey.csv,,3,,motivation,2,3,change_response,,,,",
        "survey.csv,,4,,motivation,1,3,change_response,,,,",
    )
    with pytest.raises(kl.KonbitError) as error:
        tiny.clean()
    assert "row 2:" in str(error.value) and "row 4:" in str(error.value) and "row 3:" not in str(error.value)


def test_a_file_without_the_columns_is_refused(tiny):
    tiny.raw("corrections.csv").write_text("file,what\nsurvey.csv,x\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r"corrections.csv: found no column source, column, old_value"):
        tiny.clean()


def test_it_is_part_of_what_a_report_is_made_of(tiny):
    programme = kl.load(tiny.toml)
    assert len(kl.cleaned(programme).survey) == 3
    _correct(tiny, "survey.csv,,3,,,,,remove_survey,,,,")
    assert len(kl.cleaned(programme).survey) == 2


def test_what_is_filled_in_beside_what_was_set_aside_is_applied_and_stays_so(tiny):
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,44,yes")
    programme = kl.load(tiny.toml)
    assert kl.cleaned(programme).set_aside["value"].tolist() == ["44"]
    path = programme.processed / "set_aside.csv"
    path.write_text(path.read_text(encoding="utf-8-sig").replace('"",""\n', '"4",""\n'), encoding="utf-8")
    for _ in range(2):  # the second time from the ledger beside the raw data
        data = kl.cleaned(programme)
        assert sorted(data.survey["motivation"]) == [2, 4, 5] and data.set_aside.empty
        (programme.processed / "cleaned_from.json").unlink()
    path.write_text("source,row,table,scope,column,value,new_value\nsurvey.csv,2,survey,value,motivation,9,3\n")
    with pytest.raises(kl.KonbitError, match=r'set_aside\.csv, row 2: found "4" in survey.csv, row 2'):
        kl.cleaned(programme)

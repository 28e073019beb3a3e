"""Field exports to frames of text: nothing lost, exporters' conventions understood, the rest refused with a reason."""

from pathlib import Path

import pytest
import xlsxwriter

import konbit_lessons as kl

RAW = Path(__file__).parent / "data" / "programme" / "raw"
FORM = RAW / "survey" / "form.xlsx"
EXPORTS = sorted((RAW / "survey").glob("Konbit*"))


def workbook(path: Path, sheets: dict[str, list[list]], hidden: tuple[str, ...] = ()) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
            if title in hidden:
                sheet.hide()
    return path


def test_kobo_exports_of_three_shapes_give_the_same_columns():
    frames = [kl.read(path, form=FORM) for path in EXPORTS]
    assert [raw.kind for raw in frames] == ["kobo"] * 3
    columns = [list(raw.tables["main"].columns) for raw in frames]
    assert columns[0] == columns[1] == columns[2]
    assert "expectations/leads" in columns[0] and "_submission_time" in columns[0]


def test_labels_in_two_languages_are_decoded_to_names():
    french, english, names = (kl.read(path, form=FORM).tables["main"] for path in EXPORTS)
    for frame in (french, english, names):
        assert set(frame["motivation"].dropna()) <= {"1", "2", "3", "4", "5", "99"}
        assert set(frame["knows_benefits"].dropna()) <= {"0", "1"}
    assert french["motivation"].iloc[0] == "4" and french["expectations"].iloc[0] == "funding certification"


def test_choices_are_true_false_or_missing_where_the_question_was_not_answered():
    frame = kl.read(EXPORTS[2], form=FORM).tables["main"]
    unanswered = frame["expectations"].isna()
    assert unanswered.sum() > 0
    choices = [column for column in frame if column.startswith("expectations/")]
    assert len(choices) == 7 and (frame[choices].dtypes == "boolean").all()
    assert frame.loc[unanswered, choices].isna().all(axis=None)
    assert frame.loc[~unanswered, choices].notna().all(axis=None)
    joined = frame.loc[~unanswered, "expectations"].str.split()
    named = [
        sorted(choice.split("/")[1] for choice in choices if row[choice]) for _, row in frame[~unanswered].iterrows()
    ]
    assert [sorted(one) for one in joined] == named


def test_without_the_form_choices_are_told_from_groups_by_their_values():
    frame = kl.read(EXPORTS[2]).tables["main"]
    assert frame["expectations/leads"].dtype == "boolean"


def test_groups_are_dropped_unless_two_names_would_collide(tmp_path):
    path = tmp_path / "kobo.csv"
    path.write_text(
        '"a/name";"b/name";"b/age";"_uuid";"_submission_time"\r\n"x";"y";"3";"u";"2017-01-01T00:00:00"\r\n',
        encoding="utf-8",
    )
    assert list(kl.read(path).tables["main"]) == ["a/name", "b/name", "age", "_uuid", "_submission_time"]


def test_a_row_of_hxl_tags_is_left_out_with_a_notice(tmp_path):
    path = tmp_path / "kobo.csv"
    path.write_text('"age";"_uuid";"_index"\n"#affected";"";""\n"3";"u";"1"\n', encoding="utf-8")
    raw = kl.read(path)
    assert raw.tables["main"]["age"].tolist() == ["3"] and raw.tables["main"].index.tolist() == [3]
    assert raw.notices == ("the row of HXL tags under the header was left out: age #affected",)


def test_repeats_of_a_kobo_workbook_stay_linked_to_their_parent(tmp_path):
    path = workbook(
        tmp_path / "kobo.xlsx",
        {
            "main sheet": [["town", "_uuid", "_index"], ["Aquin", "u1", 1], ["Bainet", "u2", 2]],
            "member": [
                ["age", "_index", "_parent_table_name", "_parent_index"],
                [30, 1, "main sheet", 1],
                [41, 2, "main sheet", 2],
            ],
        },
    )
    raw = kl.read(path)
    assert list(raw.tables) == ["main", "member"]
    assert raw.tables["member"]["_parent_index"].tolist() == ["1", "2"]


def test_odk_blanks_the_zeros_of_an_unanswered_question():
    raw = kl.read(RAW / "conversations.csv")
    frame = raw.tables["main"]
    assert raw.kind == "odk_central" and {"organization", "held_on", "due_on"} <= set(frame)
    unanswered = frame["expectations"].isna()
    assert unanswered.sum() > 0 and frame.loc[unanswered, "expectations/training"].isna().all()
    assert frame.loc[~unanswered, "expectations/training"].notna().all()


def test_microsoft_forms_answers_lose_their_closing_semicolon():
    raw = kl.read(RAW / "other_support.xlsx")
    assert raw.kind == "microsoft_forms"
    assert raw.tables["main"]["Thèmes"].iloc[0] == "gestion financière"


def test_the_header_is_found_under_title_rows_and_hidden_sheets_are_not_read():
    raw = kl.read(RAW / "organizations.xlsx")
    frame = raw.tables["main"]
    assert frame.columns[0] == "Code" and len(frame) == 137 and frame.index[0] == 4
    assert 'hidden sheet "ancien (ne pas utiliser)" was not read' in raw.notices
    assert any("Répertoire des organisations" in notice for notice in raw.notices)


def test_one_sheet_per_event_gives_one_table_per_sheet():
    raw = kl.read(RAW / "attendance" / "presences_2016_T2.xlsx")
    assert raw.sheets == {"main": "E001", "E002": "E002", "E003": "E003", "E004": "E004", "E005": "E005"}


def test_cp1252_is_read_with_a_notice():
    raw = kl.read(RAW / "events.csv")
    assert "Vitrine commerciale" in raw.tables["main"] and "Durée (heures)" in raw.tables["main"]
    assert raw.notices == ("not UTF-8; read as cp1252 (Windows)",)


def test_the_byte_order_mark_is_no_part_of_the_first_header():
    assert next(iter(kl.read(RAW / "invitations.csv").tables["main"])) == "event_id"


@pytest.mark.parametrize("text", ["NA", "None", "null", "n/a", "+50937001234", "0012", "1234567890123456"])
def test_text_stays_as_typed(tmp_path, text):
    path = tmp_path / "plain.csv"
    path.write_text(f"a,b\n{text},1\n", encoding="utf-8")
    assert kl.read(path).tables["main"]["a"].tolist() == [text]


def test_repeated_headers_are_numbered(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("a,a,b\n1,2,3\n", encoding="utf-8")
    assert list(kl.read(path).tables["main"]) == ["a", "a (2)", "b"]


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("a,b\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r"plain.csv, row 3: found 3 cells; the header has 2"):
        kl.read(path)


def test_a_table_with_a_header_and_no_rows_is_an_empty_frame(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("a,b\n", encoding="utf-8")
    assert kl.read(path).tables["main"].shape == (0, 2)


def test_an_unknown_kind_lists_those_there_are(tmp_path):
    with pytest.raises(kl.KonbitError, match='found kind "excel"; expected one of kobo, odk_central'):
        kl.read(RAW / "events.csv", kind="excel")

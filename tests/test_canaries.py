"""Nothing that names a person, a phone, a place, a record, a folder or an organization is in what is shared.

Marked values are planted in raw files, and looked for in every byte of pages, pictures, tables and the index.
"""

import shutil

import openpyxl
import pytest

import konbit_lessons as kl
from konbit_lessons.example import write_example
from konbit_lessons.reports.make import make_reports

pytestmark = pytest.mark.slow

PLANTED = {  # what is typed where nobody reads it, or only a person
    "comment": "Rele Mireille Kanarisyon nan +509 3711 0099, kanari@prive.example, 18.53917,-72.33639",
    "device": "collect:kanari7fA9",
    "home": "/".join(["", "home", "kanari_evaluatrice", "Desktop"]),
    "name": "Sendika Enkoni Kanariyèt",
}
MARKS = ["Kanari", "3711 0099", "37110099", "prive.example", "18.53917", "72.33639", "kanari7fA9", "/home/"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The folder with the shared reports of an example with planted values, and every value that must not be there."""
    folder = tmp_path_factory.mktemp("kanari_home") / "example"
    write_example(folder, organizations=60, events=18, seed=3)
    raw, secrets = folder / "data" / "raw", set()
    for path in sorted(raw.glob("attendance/*.xlsx")):
        book = openpyxl.load_workbook(path)
        for sheet in book:
            sheet.append([PLANTED["name"], "Delege Kanari", "+509 3711 0099", PLANTED["home"]])
            secrets |= {
                cell for row in sheet.iter_rows(min_row=3, min_col=2, max_col=3, values_only=True) for cell in row
            }
        book.save(path)
    for path in sorted(raw.glob("survey/Konbit*.xlsx")):
        book = openpyxl.load_workbook(path)
        sheet = book.active
        heads = {str(cell.value).lower(): cell.column for cell in sheet[1]}
        comment = next(at for head, at in heads.items() if head.startswith("comment"))
        persons = [
            at for head, at in heads.items() if head.startswith(("name of resp", "respondent", "phone", "_uuid"))
        ]
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, comment).value = f"{PLANTED['comment']} {row}"
            secrets |= {sheet.cell(row, at).value for at in persons}
        sheet.cell(1, sheet.max_column + 1).value = "deviceid"
        sheet.cell(2, sheet.max_column).value = PLANTED["device"]
        book.save(path)
    with (raw / "invitations.csv").open("a", encoding="utf-8") as file:
        file.write(f"E001,{PLANTED['name']}\n")
    with (raw / "contributions.csv").open("a", encoding="utf-8") as file:
        file.write(f"{PLANTED['name']},not a Kanari day,venue,\n")
    programme = kl.load(folder / "programme.toml")
    made = make_reports(programme, language="ht", reports=folder / "reports", progress=lambda line: None)
    data = kl.cleaned(programme)
    names = set(data.organizations["name"]) | set(data.cleaning_log["old_value"].dropna().astype(str))
    names = {name for name in names if len(name) > 12 and " " in name}
    secrets = {str(one) for one in secrets if one is not None and len(str(one)) > 7}
    assert len(secrets) > 100 and len(names) > 60 and len(data.survey["comment"].dropna()) > 20
    yield made.index.parent, secrets | names
    shutil.rmtree(folder)


def everything(folder):
    """file → its text, in which pictures are text too."""
    return {path.name: path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file()}


def test_no_planted_value_is_in_any_byte_of_what_is_shared(shared):
    folder, _ = shared
    texts = everything(folder)
    assert len([name for name in texts if name.endswith((".html", ".csv"))]) > 25
    assert sum(text.count("<svg class=") for text in texts.values()) > 20 and "base64," not in "".join(texts.values())
    assert [(mark, name) for name, text in texts.items() for mark in MARKS if mark.lower() in text.lower()] == []


def test_no_person_phone_record_comment_or_organization_is_in_what_is_shared(shared):
    folder, secrets = shared
    for name, text in everything(folder).items():
        assert [one for one in secrets if one in text] == [], name


def test_the_team_sees_what_the_reports_leave_out(shared):
    folder, _ = shared
    data = kl.cleaned(kl.load(folder.parents[2] / "programme.toml"))
    assert data.survey["comment"].dropna().str.contains("Kanarisyon").any()
    assert PLANTED["name"] in data.questions.to_csv()

"""What stands in the file → what stands in the table, in the log, or set aside: ``tests/data/golden``, a case a line.

``cells.csv`` is about one cell of one column, ``files.csv`` about whole files, ``records.csv`` about records that stand
there twice, ``sheets.csv`` about sheets of who came, each of events of its own. In them, ``\\n`` is a line break,
``\\u202f`` a character by its number, ``(é × 10000)`` as many of it.
"""

import csv
import io
import re
import tomllib
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from conftest import DECLARED, TINY_FILES

import konbit_lessons as kl
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.draft.ways import toml
from konbit_lessons.field.programme import Programme

FOLDER = Path(__file__).parent / "data" / "golden"
HEAD = f"""
[programme]
name = "Golden (simulated)"
simulated = true
point_of_contact = "evaluation@example.org"
timezone = "America/Port-au-Prince"
currency = "HTG"
{DECLARED}
"""
PLAIN = {  # what stands in the columns that a case is not about
    "events": {"event_id": "", "event_type": "training", "held_on": "2017-01-10", "place": ""},
    "survey": {"submission_id": "", "organization_id": "CDSP-001", "submitted_on": "2017-01-05", "comment": ""},
    "other_support": {"organization_id": "CDSP-001", "project": "LEVE", "topic": "", "started_on": "2017-01-01"},
    "business_leads": {"organization_id": "CDSP-001", "date": "2017-01-10", "kind": "lead", "evidence": ""},
    "learning": {"quarter": "FY2017Q2", "question": ""},
}
NAMED_IN = {"business_leads": "evidence", "survey": "comment", "other_support": "topic", "learning": "question"}


def _character(found: re.Match) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return found[3] * int(found[4]) if found[3] else "\n"


def _written(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})|\\(n)|\((.) × (\d+)\)", _character, text)


def _cases(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return [{column: _written(cell) for column, cell in line.items()} for line in csv.DictReader(file)]


def _by_name(cases: list[dict[str, str]]) -> list:
    return [pytest.param(one, id=one["case"].replace(" ", "_")) for one in cases]


CELLS, FILES, RECORDS, EXPORTS = map(_cases, ("cells.csv", "files.csv", "records.csv", "exports.csv"))
REFUSED = [one for one in FILES if one["place"] == "refused"]


def _source(table: str, file: str, declared: str = "") -> str:
    return f'\n[[source]]\ntable = "{table}"\nfiles = "{file}"\n{declared}\n'


def _programme(folder: Path, sources: str) -> Programme:
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for table in ("organizations", "events", "invitations"):
        if f'"{table}.csv"' not in sources:
            (raw / f"{table}.csv").write_text(TINY_FILES[f"{table}.csv"], encoding="utf-8")
            sources += _source(table, f"{table}.csv")
    (folder / "programme.toml").write_text(HEAD + sources, encoding="utf-8")
    return kl.load(folder / "programme.toml")


def _shown(value: object) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# one cell


def _named_in(table: str, column: str) -> str:
    """The column in which a row of that case holds its name."""
    return NAMED_IN.get(table) or ("place" if column == "event_id" else "event_id")


def _cell(book: xlsxwriter.Workbook, sheet, at: tuple[int, int], container: str, text: str) -> None:
    kind = container.split()[1]
    if kind in ("number", "code"):
        sheet.write_number(*at, float(text), book.add_format({"num_format": "00000"}) if kind == "code" else None)
    elif kind == "boolean":
        sheet.write_boolean(*at, text == "TRUE")
    elif kind == "date":
        sheet.write_datetime(*at, datetime.fromisoformat(text), book.add_format({"num_format": "dd/mm/yyyy"}))
    elif kind == "formula":
        sheet.write_formula(*at, "=SUM(1)", value=float(text))
    elif kind == "error":
        sheet.write_formula(*at, "=NA()", value=text)
    else:
        sheet.write_string(*at, text)


def _write_cells(path: Path, header: list[str], rows: list[list[str]], probed: list[tuple[int, str]]) -> None:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return
    with xlsxwriter.Workbook(path, {"date_1904": "1904" in path.name, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("cells")
        sheet.write_row(0, 0, header)
        for at, (row, (column, container)) in enumerate(zip(rows, probed, strict=True), start=1):
            for place, text in enumerate(row):
                _cell(book, sheet, (at, place), container if place == column else "xlsx text", text)


def _places(cases: list[dict[str, str]]) -> dict[str, tuple[str, int]]:
    """Case → the file and the row in it where its cell stands: a file for each table, container and declaration."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in cases:
        table = one["column"].split(".")[0]
        groups[table, one["container"].split()[0], one["declared"]].append(one["case"])
    return {
        case: (f"{table} {number}.{'csv' if container == 'csv' else f'{container}.xlsx'}", row)
        for number, ((table, container, _), names) in enumerate(groups.items())
        for row, case in enumerate(names, start=2)
    }


PLACES = _places(CELLS)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    sources, by_file = "", defaultdict(list)
    for one in CELLS:
        by_file[PLACES[one["case"]][0]].append(one)
    for file, cases in by_file.items():
        table = cases[0]["column"].split(".")[0]
        columns = list(dict.fromkeys([*PLAIN[table], *(one["column"].split(".")[1] for one in cases)]))
        named = tomllib.loads(cases[0]["declared"]).get("columns", {})
        rows, probed = [], []
        for one in cases:
            column = one["column"].split(".")[1]
            names = {key: one["case"] for key, plain in PLAIN[table].items() if plain == ""}
            row = PLAIN[table] | names | {column: one["cell"]}
            rows.append([row.get(key, "") for key in columns])
            probed.append((columns.index(column), one["container"]))
        _write_cells(raw / file, [named.get(key, key) for key in columns], rows, probed)
        sources += _source(table, file, cases[0]["declared"])
    for number, one in enumerate(FILES):
        if one not in REFUSED:
            sources += _source("events", _write_file(raw, one, number))
    return kl.clean(_programme(folder, sources))


@pytest.mark.parametrize("one", _by_name(CELLS))
def test_a_cell_is_right_or_set_aside_with_its_place_and_reason(cells, one):
    table, column = one["column"].split(".")
    rows = cells.tables[table]
    row = rows[rows[_named_in(table, column)] == one["case"]]
    assert [_shown(value) for value in row[column]] == ([] if one["table"] == "no row" else [one["table"]])

    file, at = PLACES[one["case"]]
    aside = cells.set_aside[(cells.set_aside["source"] == file) & (cells.set_aside["row"] == at)]
    *beside, scope = aside["scope"].tolist() or [""]
    assert scope == one["set_aside"] and beside in (
        [],
        ["value"],
    )  # a value that does not fit, beside the row it is needed in
    for line in aside[-1:].itertuples():
        assert (line.column, line.value.strip()) == (column, one["cell"].strip()) and one["reason"] in line.reason

    log = cells.cleaning_log[(cells.cleaning_log["source"] == file) & (cells.cleaning_log["column"] == column)]
    log = log[(log["row"] == at) | (log["row"].isna() & (log["old_value"].str.strip() == one["cell"].strip()))]
    lines = {f"{line.change_type}: {line.old_value.strip()} → {line.new_value}" for line in log.itertuples()}
    change = {"row": "remove_survey", "value": "blank_response"}.get(one["set_aside"])
    expected = f"{change}: {one['cell'].strip()} → " if change else one["log"]
    assert expected in lines if change else lines == {expected} - {""}


def test_there_are_cases_of_every_kind_of_column(cells):
    schemas = cells.programme.tables
    there = [one["column"].split(".") for one in CELLS]
    assert {schemas[table].columns[column].metadata["kind"] for table, column in there} == {
        column.metadata["kind"] for schema in schemas.values() for column in schema.columns.values()
    }


# whole files


def _write_file(raw: Path, one: dict[str, str], number: int) -> str:
    content, how = re.sub(r"\nF\b", f"\nfile {number}", one["content"]), one["written"]
    path = raw / f"file {number}.{'xlsx' if 'xlsx' in how else 'csv'}"
    if "xlsx" not in how:
        junk = bytes.fromhex(how.removeprefix("bytes ")) if "bytes" in how else b""
        path.write_bytes(content.encode("utf-8" if junk else how) + junk)
        return path.name
    with xlsxwriter.Workbook(path) as book:
        if how == "xlsx hidden first sheet":
            first = book.add_worksheet("hidden")
            first.write_row(0, 0, ["event_id", "event_type", "held_on", "place"])
            first.write_row(1, 0, ["stale", "training", "2016-01-10", "stale"])
        sheet = book.add_worksheet("events")
        sheet.activate()
        for at, row in enumerate(csv.reader(io.StringIO(content))):
            sheet.write_row(at, 0, row, book.add_format({"num_format": "0"}))
        if how == "xlsx hidden first sheet":
            sheet.set_first_sheet()
            first.hide()
        if how == "xlsx hidden row":
            sheet.set_row(1, None, None, {"hidden": True})
        if how == "xlsx long number":
            sheet.write_number("D2", int(row[3]))
        if how == "xlsx formula":
            sheet.write_formula("D2", "=1+1", value="")
    return path.name


@pytest.mark.parametrize("one", _by_name([one for one in FILES if one not in REFUSED]))
def test_a_file_is_read_whole_and_what_was_assumed_is_said(cells, one):
    number = FILES.index(one)
    rows = cells.events[cells.events["event_id"] == f"file {number}"]
    assert [_shown(place) for place in rows["place"]] == ([] if one["place"] == "no row" else [one["place"]])
    said = [notice for notice in cells.notices if notice.startswith(f"file {number}.")]
    assert any(one["says"] in notice for notice in said) if one["says"] else not said


@pytest.mark.parametrize("one", _by_name(REFUSED))
def test_a_file_that_cannot_be_right_is_refused_by_name_and_cause(tmp_path, one):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    file = _write_file(tmp_path / "data" / "raw", one, 1)
    with pytest.raises(kl.KonbitError, match=re.escape(one["says"])) as refused:
        kl.clean(_programme(tmp_path, _source("events", file)))
    assert file in str(refused.value)


# records that stand there twice

LEDGER = "question,typed,decision,initials,notes\nevent,E4b,E004,ab,\n"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Rule → the cleaned programme of the cases of that rule, and case → the rows of its file."""
    done = {}
    for rule in dict.fromkeys(one["twice"] for one in RECORDS):
        folder = tmp_path_factory.mktemp(rule)
        raw = folder / "data" / "raw"
        raw.mkdir(parents=True)
        lines: dict[str, list[str]] = defaultdict(list)
        places = {}
        for one in RECORDS:
            if one["twice"] == rule:
                rows = one["rows"].split("|")
                places[one["case"]] = [len(lines[one["table"]]) + at for at in range(2, len(rows) + 2)]
                lines[one["table"]] += rows
        for table, rows in lines.items():
            header = TINY_FILES[f"{table}.csv"].splitlines()[0]
            (raw / f"{table}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        if rule == "all":
            (raw / "identity_ledger.csv").write_text(LEDGER, encoding="utf-8")
        sources = "".join(
            _source(table, f"{table}.csv", f'twice = "{rule}"' if table == "survey" else "") for table in lines
        )
        done[rule] = kl.clean(_programme(folder, sources)), places
    return done


def _kept(data: Data, table: str) -> list[str]:
    columns = [
        name
        for name in TINY_FILES[f"{table}.csv"].splitlines()[0].split(",")
        if name not in ("submission_id", "delegate")
    ]
    return [",".join(map(_shown, row)) for row in data.tables[table][columns].itertuples(index=False)]


@pytest.mark.parametrize("one", _by_name(RECORDS))
def test_a_record_that_stands_there_twice_counts_as_the_programme_says(records, one):
    data, places = records[one["twice"]]
    kept = _kept(data, one["table"])
    for row in filter(None, one["kept"].split("|")):
        assert row in kept

    def said(lines: pd.DataFrame) -> list[tuple[str, int, str]]:
        return [(line.row, line) for line in lines.itertuples() if line.source == f"{one['table']}.csv"]

    rows = {row: at for at, row in enumerate(places[one["case"]], start=1)}
    aside = [f"{rows[row]}: {line.reason}" for row, line in said(data.set_aside) if row in rows]
    expected = [*filter(None, one["set_aside"].split("|"))]
    assert len(aside) == len(expected)
    assert all(found.startswith(start) for found, start in zip(aside, expected, strict=True))
    log = [
        f"{rows[row]}: {line.change_type}: {line.reason}"
        for row, line in said(data.cleaning_log)
        if row in rows and line.check == "double entry" and line.change_type != "remove_survey"
    ]
    assert log == [*filter(None, one["log"].split("|"))]


def test_nothing_is_kept_beyond_the_cases(records):
    for rule, (data, _) in records.items():
        for table in {one["table"] for one in RECORDS if one["twice"] == rule}:
            expected = [one["kept"].split("|") for one in RECORDS if (one["table"], one["twice"]) == (table, rule)]
            assert sorted(_kept(data, table)) == sorted(row for rows in expected for row in rows if row)


# exports of a survey: files between ||, rows between /, an organization by its number; what was kept likewise

USUAL = {"organization_id": "op", "motivation": "m", "t": "t", "comment": "comment"}


def _export(raw: Path, one: dict[str, str], number: int) -> str:
    """The files of a case, its name in a column of their own; the [[source]] that reads them."""
    for file in one["files"].split(" || "):
        name, _, content = file.partition(": ")
        header, *rows = content.split(" / ")
        sign = ";" if ";" in header else ","
        at, path = header.split(sign).index("op"), raw / f"{number}" / name
        cells = [
            [f"CDSP-00{cell}" if k == at and cell else cell for k, cell in enumerate(row.split(sign))] for row in rows
        ]
        lines = [sign.join([*row, one["case"].replace(",", "")]) for row in cells]
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([sign.join([header, "comment"]), *lines]), encoding="utf-8")
    day = next((day for day in ("_submission_time", "SubmissionDate") if day in header), "")
    columns = {**USUAL, "submitted_on": day} | tomllib.loads(one["declared"])
    own = {key: columns.pop(key) for key in ("rejected_count", "options") if key in columns}
    columns["expects_training"] = columns.pop("t")
    lines = [f"{key} = {toml(said) if key != 'rejected_count' else 'true'}" for key, said in own.items()] + [
        "[source.columns]"
    ]
    return _source(
        "survey", f"{number}/*.csv", "\n".join(lines + [f"{key} = {toml(said)}" for key, said in columns.items()])
    )


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    (folder / "data" / "raw").mkdir(parents=True)
    sources = [_export(folder / "data" / "raw", one, number) for number, one in enumerate(EXPORTS)]
    return kl.clean(_programme(folder, "".join(sources)))


@pytest.mark.parametrize("one", _by_name(EXPORTS))
def test_the_last_word_counts_and_answers_keep_to_their_question(exports, one):
    number = EXPORTS.index(one)
    rows = exports.survey[exports.survey["comment"] == one["case"].replace(",", "")]
    flags = rows["expects_training"].map({True: "yes", False: "no"}).astype("object").fillna("-")
    kept = zip(rows["organization_id"].str[-1], rows["motivation"].astype("object").fillna("-"), flags, strict=True)
    assert sorted(f"{org} {answer} {flag}" for org, answer, flag in kept) == [*filter(None, one["kept"].split(" | "))]
    aside = exports.set_aside[exports.set_aside["source"].str.startswith(f"{number}/")]
    reasons = [*filter(None, one["set_aside"].replace("FOLDER", str(number)).split(" | "))]
    assert len(aside) == len(reasons)
    assert all(found.startswith(start) for found, start in zip(aside["reason"], reasons, strict=True))
    said = [notice for notice in exports.notices if notice.startswith(f"{number}/")]
    assert (
        any(one["says"] in notice for notice in said)
        if one["says"]
        else all(re.search("not used: |each since", one) for one in said)
    )
    set_apart = [one for one in said if "each since" in one]
    assert len(set_apart) == len({*aside["source"][~aside["reason"].str.startswith("the same record")]})


def test_an_event_that_may_be_another_is_asked_about_unless_it_was_decided(tmp_path):
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    rows = [f"E00{at},training,2017-01-10,Jacmel" for at in (1, 2, 3, 4)]
    (raw / "events.csv").write_text("\n".join(["event_id,event_type,held_on,place", *rows]), encoding="utf-8")
    ledger = LEDGER.splitlines()[0] + "\nevent,E003,different,ab,\nevent,E004,E001,ab,\n"
    (raw / "identity_ledger.csv").write_text(ledger, encoding="utf-8")
    data = kl.clean(_programme(tmp_path, _source("events", "events.csv")))
    assert data.questions[["question", "typed", "candidate_1"]].to_numpy().tolist() == [["event", "E002", "E001"]]
    assert data.events["event_id"].tolist() == ["E001", "E002", "E003"]


# sheets of who came

SHEETS = _cases("sheets.csv")
ROSTER = """organization_id,name,org_type
OP001,Coopérative de Nioro,cdsp
OP002,Coopérative de Gossas,cdsp
OP003,GIE de Tivaouane,cdsp
OP004,Union de Linguère,cdsp
OP005,Bureau d'Études Sainvil,cdsp
007,Chama cha Wakulima,cdsp
"""
CODES = [line.split(",")[0] for line in ROSTER.splitlines()[1:]]
MONTH_NAMES = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio"),
}


def _events_of(number: int) -> dict[str, str]:
    """What a case calls its events and their days."""
    called = {}
    for place, letter in enumerate("AB"):
        day = datetime(2017, 1, 14) + timedelta(days=2 * number + place)
        fr, es = (MONTH_NAMES[language][day.month - 1] for language in ("fr", "es"))
        called |= {letter: f"S{number}{letter}", f"iso{letter}": f"{day:%Y-%m-%d}", f"day{letter}": f"{day.day} {fr}"}
        called |= {f"es{letter}": f"{day.day} de {es} de 2017", f"num{letter}": f"{day:%d-%m-%y}"}
    return called


def _write_sheet(raw: Path, number: int) -> str:
    """The file of a case, and its [[source]]."""
    one, called = SHEETS[number], _events_of(number)
    rows = [list(row) for row in csv.reader(io.StringIO(one["content"].format(**called)))]
    kind, how, what = ([*one["written"].format(**called).split(" ", 2), "", ""])[:3]
    path = raw / f"sheet {number}.{kind}"
    if kind == "csv":
        path.write_text(one["content"].format(**called), encoding="utf-8")
    else:
        with xlsxwriter.Workbook(path, {"strings_to_numbers": how == "number"}) as book:
            sheet = book.add_worksheet(what if how == "sheet" else None)
            struck = book.add_format({"font_strikeout": True})
            for at, row in enumerate(rows, start=1):
                sheet.write_row(at - 1, 0, row, struck if (how, what) == ("strike", str(at)) else None)
            if how == "merge":
                first = re.fullmatch(r"([A-Z])(\d+):.*", what)
                text = rows[int(first[2]) - 1][ord(first[1]) - ord("A")]
                sheet.merge_range(what, text, book.add_format())
    return _source("sign_in", path.name, one["declared"].replace("S*", f"S{number}*").replace("{A}", called["A"]))


def _sheets(folder: Path, numbers: list[int]) -> Data:
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    (raw / "organizations.csv").write_text(ROSTER, encoding="utf-8")
    events, invited, sources = ["event_id,event_type,held_on"], ["event_id,organization_id,attended"], ""
    for number in numbers:
        called = _events_of(number)
        said = dict(line.rsplit(" ", 1) for line in SHEETS[number]["statuses"].split("|") if line)
        for letter in "AB":
            events.append(f"{called[letter]},training,{called[f'iso{letter}']}")
            invited += [f"{called[letter]},{code},{said.get(f'{letter} {code}', '')}" for code in CODES]
        sources += "" if SHEETS[number]["written"] == "none" else _write_sheet(raw, number)
    (raw / "events.csv").write_text("\n".join(events), encoding="utf-8")
    (raw / "invitations.csv").write_text("\n".join(invited), encoding="utf-8")
    sources += "".join(_source(table, f"{table}.csv") for table in ("organizations", "events", "invitations"))
    return kl.clean(_programme(folder, sources))


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    numbers = [number for number, one in enumerate(SHEETS) if one["came"] != "refused"]
    return _sheets(tmp_path_factory.mktemp("sheets"), numbers)


@pytest.mark.parametrize("number", range(len(SHEETS)), ids=[one["case"].replace(" ", "_") for one in SHEETS])
def test_a_sheet_of_who_came_says_so_and_a_doubt_is_no_absence(sheets, tmp_path, number):
    one, called = SHEETS[number], _events_of(number)
    if one["came"] == "refused":
        with pytest.raises(kl.KonbitError, match=re.escape(one["says"])):
            _sheets(tmp_path, [number])
        return
    said = " ".join(notice for notice in sheets.notices if notice.startswith(f"sheet {number}."))
    assert one["says"] in said
    rows = sheets.invitations[sheets.invitations["event_id"].isin([called["A"], called["B"]])]
    letters = rows["event_id"].str[-1]
    marks = rows["attended"].map({True: "+", False: "-"}).fillna("?").astype("str")
    found = dict(zip(letters + rows["organization_id"].astype("str"), marks, strict=True))
    told = [re.fullmatch(r"([AB])([-+?=])(.*)", part).groups() for part in one["came"].split()]
    all_of = {letter: "?" for letter, mark, code in told if (mark, code) == ("?", "*")}
    written = one["content"] + one["written"]  # an event that stands nowhere in it is unknown
    others = {letter: "-" if re.search(rf"{{[a-z]*{letter}}}", written) else "?" for letter in "AB"} | all_of
    expected = {f"{letter}{code}": others[letter] for letter in "AB" for code in CODES}
    expected |= {f"{letter}{code}": mark for letter, mark, code in told if mark in "+-?" and code != "*"}
    assert found == expected
    for letter, code, count in [(letter, *code.split(":")) for letter, mark, code in told if mark == "="]:
        row = rows[(letters == letter) & (rows["organization_id"] == code)]
        assert row["delegates"].tolist() == [int(count)]


def test_delegates_in_a_repeat_have_the_event_of_their_submission(tmp_path):
    """shared/cases/field/33: the event and the organization stand on the main sheet."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    sheets = {
        "main": "event,op,_id,_uuid,_submission_time,_index\nE001,CDSP-001,1,u1,2017-01-10,1\n"
        "E001,FDJ,2,u2,2017-01-10,2",
        "delegates": "name,director,_index,_parent_table_name,_parent_index,_submission__id,_submission__uuid\n"
        "a,yes,1,main,1,1,u1\nb,no,2,main,1,1,u1\nc,no,3,main,2,2,u2",
    }
    with xlsxwriter.Workbook(tmp_path / "data" / "raw" / "repeat.xlsx") as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for at, row in enumerate(rows.split("\n")):
                sheet.write_row(at, 0, row.split(","))
    columns = 'event_id = "event", organization_id = "op", delegate = "name", senior_delegate = "director"'
    source = _source("sign_in", "repeat.xlsx", f'sheets = ["delegates"]\ncolumns = {{ {columns} }}')
    rows = kl.clean(_programme(tmp_path, source)).invitations.query("attended == True")
    kept = rows[["event_id", "organization_id", "delegates", "senior_delegate"]]
    assert kept.to_numpy().tolist() == [["E001", "CDSP-001", 2, True], ["E001", "CDSP-002", 1, False]]


def test_rows_of_sheets_are_kept_or_set_aside_in_any_order(sheets, tmp_path, monkeypatch):
    """Read is kept and set aside; the other way round, and again, the same comes of it."""
    of_sheets = sheets.counts[sheets.counts["table"] == "sign_in"].groupby("source")[["read", "kept"]].sum()
    aside = sheets.set_aside.query("table == 'sign_in' and scope == 'row'").groupby("source").size()
    assert (of_sheets["read"] - of_sheets["kept"]).to_dict() == aside.reindex(of_sheets.index, fill_value=0).to_dict()
    plain = [
        at
        for at, one in enumerate(SHEETS)
        if one["came"] != "refused" and not re.search("merge|strike|@above", one["written"] + one["declared"])
    ]
    turned = [one | {"content": _turned(one["content"])} for one in SHEETS]
    monkeypatch.setitem(globals(), "SHEETS", turned)
    again = _sheets(tmp_path / "turned", plain)
    columns = ["event_id", "organization_id", "attended", "delegates"]
    same = sheets.invitations["event_id"].isin(again.invitations["event_id"])
    expected = sheets.invitations.loc[same, columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(again.invitations[columns], expected)
    pd.testing.assert_frame_equal(kl.clean(again.programme).invitations, again.invitations)


def _turned(content: str) -> str:
    header, *rows = content.split("\n")
    return "\n".join([header, *reversed(rows)])

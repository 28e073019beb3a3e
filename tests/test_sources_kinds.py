"""Exporters other than KoboToolbox: each in a hand-made file of its shape."""

import csv
import io
import os
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import sqlalchemy
import xlsxwriter
from test_sources import workbook
from test_sources_kobo import _form as form_of
from test_sources_kobo import _plain as plain

import konbit_lessons as kl
from konbit_lessons.field import store
from konbit_lessons.field.sources import Raw, sql
from konbit_lessons.field.sources.sql import read_query

ODK = (
    "SubmissionDate,meta-instanceID,visit-town,visit-place-Latitude,visit-place-Longitude,visit-needs,visit-needs/a,"
    "visit-needs/b,KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,Status,ReviewState,DeviceID,"
    "Edits,FormVersion\n"
    "2017-01-30T16:20:01.000Z,uuid:1,Aquin,18.2,-73.3,a,1,0,uuid:1,5,agent,0,0,,approved,,0,v1\n"
    "2017-02-22T16:20:01.000Z,uuid:2,Bainet,,,,0,0,uuid:2,5,agent,0,0,,rejected,,0,v1\n"
)
ODK_MEMBER = (
    "name,skills,skills/x,PARENT_KEY,KEY\n"
    "Anne,,0,uuid:2,uuid:2/member[1]\nLuc,x,1,uuid:1,uuid:1/member[1]\nMona,,0,uuid:1,uuid:1/member[2]\n"
)
ODK_CHILD = "toy,PARENT_KEY,KEY\nball,uuid:1/member[2],uuid:1/member[2]/child[1]\n"
ODK_FILES = {"visit.csv": ODK, "visit-member.csv": ODK_MEMBER, "visit-child.csv": ODK_CHILD}
ODK_FORM = (
    [
        *(
            ["begin_group", "visit"],
            ["text", "town"],
            ["geopoint", "place"],
            ["select_multiple n", "needs"],
            ["end_group"],
        ),
        *(["begin_repeat", "member"], ["text", "name"], ["select_multiple s", "skills"]),
        *(["begin_repeat", "child"], ["text", "toy"], ["end_repeat"], ["end_repeat"]),
    ],
    [["n", "a", "A", "A"], ["n", "b", "B", "B"], ["n", "c", "C", "C"], ["s", "x", "X", "X"]],
)


def _zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder / next(iter(files))


def test_odk_csvs_in_a_zip_and_side_by_side_give_the_same_tables(tmp_path):
    zipped = kl.read(_zip(tmp_path / "visit.zip", {**ODK_FILES, "media/a.jpg": "picture"}))
    loose = kl.read(_write(tmp_path, ODK_FILES))
    for raw in (zipped, loose):
        assert raw.kind == "odk_central" and set(raw.tables) == {"main", "member", "child"}
        main, member, child = raw.tables["main"], raw.tables["member"], raw.tables["child"]
        assert {"town", "place-Latitude", "needs", "meta-instanceID"} <= set(main)
        assert main["_index"].tolist() == ["1", "2"] and main.index.tolist() == [2, 3]
        assert plain(main["needs/a"]) == [True, None] and plain(main["needs/b"]) == [False, None]
        assert member["_parent_index"].tolist() == ["2", "1", "1"] and child["_parent_index"].tolist() == ["3"]
        assert plain(member["skills/x"]) == [None, True, None]
        assert member["PARENT_KEY"].tolist() == ["uuid:2", "uuid:1", "uuid:1"]
        assert main["ReviewState"].tolist()[1] == "rejected"
    assert "of the zip these were not read: media/a.jpg" in zipped.notices
    assert zipped.sheets["member"] == loose.sheets["member"] == "visit-member.csv"


def test_odk_by_its_form_has_every_choice_and_alone_a_repeat_is_the_main_table(tmp_path):
    form = form_of(tmp_path, *ODK_FORM)
    raw = kl.read(_write(tmp_path, ODK_FILES), form=form)
    assert plain(raw.tables["main"]["needs/c"]) == [False, None] and plain(raw.tables["main"]["needs"]) == ["a", None]
    assert list(raw.tables["member"])[:3] == ["name", "skills", "skills/x"]
    alone = kl.read(tmp_path / "visit-member.csv", form=form)
    assert alone.kind == "odk_central" and plain(alone.tables["main"]["name"]) == ["Anne", "Luc", "Mona"]
    assert list(alone.tables) == ["main"]


def test_an_odk_export_that_was_not_split_is_split_by_the_form(tmp_path):
    path = _write(
        tmp_path, {"v.csv": "SubmissionDate,visit-needs,KEY,SubmitterID\n2017-01-01,b a,k,1\n2017-01-01,,l,1\n"}
    )
    main = kl.read(path, form=form_of(tmp_path, *ODK_FORM)).tables["main"]
    assert plain(main["needs"]) == ["a b", None] and plain(main["needs/b"]) == [True, None]


def test_entries_of_a_missing_submission_are_counted(tmp_path):
    raw = kl.read(_write(tmp_path, {"visit.csv": ODK, "visit-member.csv": ODK_MEMBER.replace("uuid:2,", "uuid:9,")}))
    assert "visit-member.csv: 1 entries belong to a submission that is not there" in raw.notices
    assert raw.tables["member"]["_parent_index"].isna().sum() == 1


def test_surveycto_choices_are_told_from_numbers_by_what_they_say(tmp_path):
    text = (
        "SubmissionDate,town,needs,needs_1,needs_2,needs_count,KEY,instanceID,formdef_version\n"
        '"Jan 5, 2017 4:20:01 PM",Aquin,1 2,1,1,1,uuid:1,uuid:1,1701\n'
        '"Jan 6, 2017 4:20:01 PM",Bainet,2,0,1,0,uuid:2,uuid:2,1701\n'
        '"Jan 7, 2017 4:20:01 PM",Jacmel,,0,0,1,uuid:3,uuid:3,1701\n'
    )
    raw = kl.read(_write(tmp_path, {"survey.csv": text}))
    main = raw.tables["main"]
    assert raw.kind == "surveycto" and plain(main["needs/1"]) == [True, False, None]
    assert plain(main["needs/2"]) == [True, True, None] and plain(main["needs_count"]) == ["1", "0", "1"]
    assert main["SubmissionDate"].iloc[0] == "Jan 5, 2017 4:20:01 PM"
    form = form_of(
        tmp_path, [["text", "town"], ["select_multiple n", "needs"]], [["n", str(n), "", ""] for n in (1, 2, 3)]
    )
    main = kl.read(tmp_path / "survey.csv", form=form).tables["main"]
    assert plain(main["needs/3"]) == [False, False, None] and plain(main["needs/1"]) == [True, False, None]
    assert "needs_count" in main


def test_surveycto_repeats_in_the_long_format(tmp_path):
    files = {
        "s.csv": "SubmissionDate,town,KEY,instanceID,formdef_version\nd,Aquin,uuid:1,uuid:1,1\n",
        "s-member.csv": "name,PARENT_KEY,KEY,SET-OF-member\nAnne,uuid:1,uuid:1/member[1],uuid:1/member\n",
    }
    raw = kl.read(_write(tmp_path, files))
    assert raw.kind == "surveycto" and raw.tables["member"]["_parent_index"].tolist() == ["1"]
    assert kl.read(tmp_path / "s-member.csv").kind == "surveycto"


@pytest.mark.parametrize(
    "header",
    [
        ["ID", "Start time", "Completion time", "Email", "Name"],
        ["ID", "Heure de début", "Heure de fin", "Adresse de messagerie", "Nom"],
    ],
)
def test_microsoft_forms_answers_become_choices(tmp_path, header):
    rows = [
        [*header, "Quels\nappuis ?", "Pourquoi"],
        [1, "2017-01-01", "2017-01-01", "anonymous", "", "Argent;Autre, à préciser;", "parce que;"],
        [2, "2017-01-01", "2017-01-01", "anonymous", "", "Argent;", "rien"],
        [3, "2017-01-01", "2017-01-01", "anonymous", "", "", ""],
    ]
    raw = kl.read(workbook(tmp_path / "f.xlsx", {"Sheet1": rows}))
    main = raw.tables["main"]
    assert raw.kind == "microsoft_forms" and plain(main["Quels appuis ?"]) == [
        "Argent;Autre, à préciser",
        "Argent",
        None,
    ]
    assert plain(main["Quels appuis ?/Autre, à préciser"]) == [True, False, None]
    assert plain(main["Pourquoi"]) == ["parce que;", "rien", None] and set(main[header[3]]) == {"anonymous"}


def test_google_forms_are_split_only_with_the_options(tmp_path):
    answers = ('"Money, now, Network"', '"Network, my own"', "")
    text = "\n".join(["Timestamp,Which ones?", *(f"1/5/2017 9:00:00,{answer}" for answer in answers), ""])
    path = _write(tmp_path, {"g.csv": text})
    raw = kl.read(path)
    assert raw.kind == "google_forms" and list(raw.tables["main"]) == ["Timestamp", "Which ones?"]
    raw = kl.read(path, options={"Which  ones?": ["Money, now", "Network", "Money"]})
    main = raw.tables["main"]
    assert plain(main["Which ones?"]) == ["Money, now, Network", "Network, my own", None]
    assert plain(main["Which ones?/Money, now"]) == [True, False, None]
    assert plain(main["Which ones?/Money"]) == [False, False, None]
    assert plain(main["Which ones?/Network"]) == [True, True, None]
    assert raw.notices == ("Which ones?: 1 answers hold more than the options, which stays in the joined column",)
    assert "is no column" in kl.read(path, options={"Who?": ["a"]}).notices[0]


def test_groups_over_merged_cells_tell_columns_of_one_title_apart(tmp_path):
    path = tmp_path / "sheet.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Suivi")
        sheet.merge_range("A1:G1", "Suivi trimestriel")
        sheet.merge_range("A3:A4", "Code")
        sheet.merge_range("B3:C3", "Prévu")
        sheet.merge_range("D3:E3", "Réalisé")
        sheet.write_row(2, 5, ["Remarque", "Total"])
        sheet.write_row(3, 1, ["Jan", "Fév", "Jan", "Fév"])
        sheet.write_row(4, 0, ["C1", 1, 2, 3, 4, "bien", 10])
        sheet.write_row(5, 0, ["Total", 1, 2, 3, 4, "", 10])
    raw = kl.read(path)
    frame = raw.tables["main"]
    assert list(frame) == ["Code", "Prévu / Jan", "Prévu / Fév", "Réalisé / Jan", "Réalisé / Fév", "Remarque", "Total"]
    assert frame.index.tolist() == [5, 6] and frame["Code"].tolist() == ["C1", "Total"]
    assert 'sheet Suivi: above the header stands "Suivi trimestriel"' in raw.notices
    assert "sheet Suivi: the header has two rows; over its columns stands: Prévu, Réalisé" in raw.notices


@pytest.mark.parametrize(
    ("rows", "header", "first"),
    [
        ([["Liste"], [None], ["a", "b", "c"], ["1", "x", "y"]], ["a", "b", "c"], 4),
        ([["Date :", "01/02/2017"], ["Nom", "Sexe", "Âge"], ["Rose", "f", "30"]], ["Nom", "Sexe", "Âge"], 3),
        ([["Nom", "Sexe", None], ["Rose", "f", "note"]], ["Nom", "Sexe", "column 3"], 2),
        ([["Code", "Présence", None], [None, "Jan", "Fév"], ["1", "x", ""]], ["Code", "Jan", "Fév"], 3),
        ([["", "Prévu", "", "Fait", ""], ["Code", "Jan", "Fév", "Jan", "Fév"], ["1", "2", "3", "4", "5"]],
         ["Code", "Prévu / Jan", "Prévu / Fév", "Fait / Jan", "Fait / Fév"], 3),
        ([["a", "a", "b"], ["1", "2", "3"]], ["a", "a (2)", "b"], 2),
    ],
)  # fmt: skip
def test_the_header_of_a_hand_made_table_is_found(tmp_path, rows, header, first):
    text = io.StringIO()
    width = max(map(len, rows))
    csv.writer(text).writerows([[*row, *[None] * (width - len(row))] for row in rows])
    frame = kl.read(_write(tmp_path, {"hand.csv": text.getvalue()})).tables["main"]
    assert list(frame) == header and frame.index[0] == first


STATED = pd.DataFrame(
    {
        "sex": [1.0, 2.0, 1.0],
        "scale": [1.0, 3.0, 99.0],
        "town": [1.0, 2.0, np.nan],
        "age": [30.0, 41.5, np.nan],
        "name": ["Anne", "  Luc", ""],
        "held": [date(2017, 1, 5), date(2016, 2, 29), None],
        "sent": [datetime(2017, 1, 5, 16, 20, 1), datetime(2017, 1, 6), None],
    }
)
VALUE_LABELS = {
    "sex": {1: "Femme", 2: "Homme"},
    "scale": {1: "Pas du tout", 99: "Ne sait pas"},
    "town": {1: "Autre", 2: "Autre"},
}


def _check_labels(raw: Raw) -> None:
    frame = raw.tables["main"]
    assert plain(frame["sex"]) == ["Femme", "Homme", "Femme"] and plain(frame["sex (code)"]) == ["1", "2", "1"]
    assert plain(frame["scale"]) == ["1", "3", "99"]
    assert plain(frame["scale (label)"]) == ["Pas du tout", None, "Ne sait pas"]
    assert plain(frame["town"]) == ["1", "2", None] and plain(frame["town (label)"]) == ["Autre", "Autre", None]
    assert plain(frame["age"]) == ["30", "41.5", None] and plain(frame["name"]) == ["Anne", "  Luc", None]
    assert plain(frame["held"]) == ["2017-01-05", "2016-02-29", None]
    assert plain(frame["sent"]) == ["2017-01-05T16:20:01", "2017-01-06", None]
    assert frame.index.tolist() == [1, 2, 3]
    assert 'town: several codes share the label "Autre": the column holds the codes' in raw.notices
    assert 'labels of the columns: sex "Sexe"' in raw.notices


def test_stata_labels_stand_beside_codes_and_codes_of_one_label_stay_apart(tmp_path):
    path = tmp_path / "s.dta"
    pyreadstat.write_dta(STATED, path, variable_value_labels=VALUE_LABELS, column_labels={"sex": "Sexe"})
    raw = kl.read(path)
    assert raw.kind == "stata"
    _check_labels(raw)


@pytest.mark.parametrize("compressed", [False, True])
def test_spss_codes_called_missing_are_kept_and_said(tmp_path, compressed):
    path = tmp_path / "s.sav"
    about = {"variable_value_labels": VALUE_LABELS, "column_labels": {"sex": "Sexe"}}
    pyreadstat.write_sav(STATED, path, missing_ranges={"scale": [{"lo": 90, "hi": 99}]}, compress=compressed, **about)
    raw = kl.read(path)
    assert raw.kind == "spss" and "scale: the file calls missing what is kept here: 99 (1 times)" in raw.notices
    _check_labels(raw)


def test_stata_missing_letters_and_months_are_kept(tmp_path):
    path = tmp_path / "s.dta"
    frame = pd.DataFrame({"q": [1, "a", 2], "month": [680, 681, 682], "single": np.array([0.1, 2, 3.5], "float32")})
    pyreadstat.write_dta(frame, path, missing_user_values={"q": ["a"]}, variable_format={"month": "%tm"})
    raw = kl.read(path)
    assert plain(raw.tables["main"]["q"]) == ["1", ".a", "2"]
    assert plain(raw.tables["main"]["month"]) == ["680", "681", "682"]
    assert any("%tm" in notice for notice in raw.notices)


def test_parquet_values_are_text_without_noise(tmp_path):
    path = tmp_path / "p.parquet"
    table = pa.table(
        {
            "big": pa.array([2**60 + 1, None], pa.int64()),
            "single": pa.array([0.1, 2], pa.float32()),
            "double": pa.array([0.1 + 0.2, 5], pa.float64()),
            "money": pa.array([Decimal("10.50"), None], pa.decimal128(10, 2)),
            "day": pa.array([date(2017, 1, 5), None]),
            "moment": pa.array([datetime(2017, 1, 5, 16, 20), datetime(2017, 1, 6)], pa.timestamp("us")),
            "yes": pa.array([True, False]),
            "text": pa.array(["NA", " "]),
            "level": pa.array(["a", "b"]).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    raw = kl.read(path)
    assert raw.kind == "parquet"
    assert {column: plain(values) for column, values in raw.tables["main"].items()} == {
        "big": [str(2**60 + 1), None],
        "single": ["0.1", "2"],
        "double": [repr(0.1 + 0.2), "5"],
        "money": ["10.50", None],
        "day": ["2017-01-05", None],
        "moment": ["2017-01-05T16:20:00", "2017-01-06"],
        "yes": ["1", "0"],
        "text": ["NA", None],
        "level": ["a", "b"],
    }
    pq.write_table(pa.table({"nested": [[1], [2]]}), path)
    with pytest.raises(kl.KonbitError, match=r'p\.parquet, column "nested": found values of the type list'):
        kl.read(path)


def test_a_file_is_what_it_holds_not_what_it_is_called(tmp_path):
    workbook(tmp_path / "a.xlsx", {"a": [["x", "y"], [1, 2]]})
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    page = "<html><table><tr><td>x</td></tr></table></html>"
    _write(tmp_path, {"page.csv": page, "b.xlsx": "x,y\n1,2\n"})
    for name, kind in {"a.xlsx": "sheet", "a.parquet": "parquet"}.items():
        copy = (tmp_path / name).rename(tmp_path / f"{kind}.csv")
        try:
            assert kl.read(copy).kind == kind
        except kl.KonbitError as error:
            assert "content" in str(error)
    for name, cause in {"page.csv": "web page"}.items():
        with pytest.raises(kl.KonbitError, match=cause):
            kl.read(tmp_path / name)
    with pytest.raises(kl.KonbitError, match='found a parquet file; kind says "kobo"'):
        kl.read(tmp_path / "parquet.csv", kind="kobo")


@pytest.mark.parametrize("start", [b"PAR1", b"$FL2", b"<stata_dta>", bytes([114, 1, 1, 0])])
def test_a_broken_file_is_refused_by_name(tmp_path, start):
    path = tmp_path / "broken.bin"
    path.write_bytes(start + bytes(range(256)) * 4)
    with pytest.raises(kl.KonbitError, match=r"^broken\.bin: "):
        kl.read(path)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "records.sqlite"
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE visits (town TEXT, staff INTEGER, share REAL)")
        connection.exec_driver_sql("INSERT INTO visits VALUES ('Aquin', 12, 0.5), ('50% : b', NULL, 2.0)")
    engine.dispose()
    return path


def test_a_query_gives_text(database):
    query = "SELECT town, staff, share FROM visits WHERE town LIKE '%a%' OR town = '50% : b' ORDER BY town DESC;"
    raw = read_query("sqlite:///records.sqlite", query, folder=database.parent)
    assert raw.kind == "sql" and raw.path == database and raw.tables["main"].index.tolist() == [1, 2]
    assert raw.tables["main"].astype(object).where(raw.tables["main"].notna(), None).to_numpy().tolist() == [
        ["Aquin", "12", "0.5"],
        ["50% : b", None, "2"],
    ]
    with_clause = "-- visits\nWITH a AS (SELECT town AS t FROM visits) SELECT t FROM a WHERE t = ':x'"
    assert read_query(str(database), with_clause).tables["main"].shape == (0, 1)


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("DELETE FROM visits", "expected one SELECT"),
        ("SELECT 1; DROP TABLE visits", "expected one SELECT"),
        ("SELECT village FROM visits", "no such column: village"),
        ("WITH a AS (SELECT 1) DELETE FROM visits", "readonly"),
    ],
)
def test_a_query_that_writes_or_fails_says_which(database, query, cause):
    with pytest.raises(kl.KonbitError, match=re.escape(" ".join(query.split()[:6])) + f' …": .*{cause}'):
        read_query(f"sqlite:///{database}", query)
    assert len(read_query(f"sqlite:///{database}", "SELECT * FROM visits").tables["main"]) == 2


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "


@pytest.mark.parametrize(
    ("query", "limit", "cause"),
    [
        (f"{ENDLESS}count(*) FROM n", ("_SECONDS", 0.1), "it did not end within 0.1 seconds"),
        (
            f"{ENDLESS}x FROM n",
            ("_MOST_BYTES", 30_000),
            r"more than 20\d rows of 1 columns, .*; at most 30,000 are read",
        ),
        ("SELECT town || zeroblob(2000) FROM visits", ("_LONGEST", 1000), "too big"),
    ],
)
def test_a_query_without_end_is_ended(database, monkeypatch, query, limit, cause):
    monkeypatch.setattr(sql, *limit)
    with pytest.raises(kl.KonbitError, match=cause):
        read_query(str(database), query)


def test_a_database_that_is_not_there_is_not_made_and_no_password_is_told(tmp_path, monkeypatch):
    with pytest.raises(kl.KonbitError, match="no such file"):
        read_query("sqlite:///none.sqlite", "SELECT 1", folder=tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("KONBIT_DATABASE", "postgresql+pg8000://reader:hush-hush@127.0.0.1:1/records")
    with pytest.raises(kl.KonbitError) as error:
        read_query("env:KONBIT_DATABASE", "SELECT 1")
    assert "hush" not in str(error.value) and str(error.value).startswith('postgresql, query "SELECT 1 …": ')
    for url in ("reader:hu/sh@127.0.0.1:1/records", "reader@127.0.0.1:1/r?password=hu%2Fsh&sslkey=hu/sh", "hu/sh"):
        with pytest.raises(kl.KonbitError) as error:
            read_query(f"postgresql+pg8000://{url}", "SELECT 1")
        assert "hu/sh" not in str(error.value) and "hu%2Fsh" not in str(error.value), url
    with pytest.raises(kl.KonbitError, match="env:NOT_SET"):
        read_query("env:NOT_SET", "SELECT 1")
    with pytest.raises(kl.KonbitError, match="driver"):
        read_query("oracle://a:hush@b/c", "SELECT 1")


def test_reading_a_database_as_a_file_asks_for_a_query(database):
    with pytest.raises(kl.KonbitError, match="this is a database"):
        kl.read(database)


def test_a_pipe_among_the_files_is_refused_before_anything_waits_for_it(tiny):
    store.write(tiny.clean())
    tiny.raw("sign_in.csv").unlink()
    os.mkfifo(tiny.raw("sign_in.csv"))
    with pytest.raises(kl.KonbitError, match=r"sign_in\.csv: this is a pipe or a device"):
        store.cleaned(kl.load(tiny.toml))


QUERIED = 'query = "SELECT * FROM people"'


@pytest.mark.parametrize("place", ['files = "records.sqlite"', 'database = "env:KONBIT_TEST"'])
def test_a_table_can_come_from_a_query(tiny, monkeypatch, place):
    once = tiny.clean()
    path = tiny.raw("records.sqlite")
    monkeypatch.setenv("KONBIT_TEST", f"sqlite:///{path}")
    _as_database(tiny.raw("organizations.csv"), path)
    tiny.raw("organizations.csv").unlink()
    tiny.replace("programme.toml", 'files = "organizations.csv"', f"{place}\n{QUERIED}")
    again = tiny.clean()
    pd.testing.assert_frame_equal(once.organizations, again.organizations)
    assert set(again.counts.loc[again.counts["table"] == "organizations", "source"]) == {place.split('"')[1]}


def test_what_a_database_held_before_is_not_taken_for_what_it_holds(tiny):
    path = tiny.raw("records.sqlite")
    _as_database(tiny.raw("organizations.csv"), path)
    tiny.replace("programme.toml", 'files = "organizations.csv"', f'database = "records.sqlite"\n{QUERIED}')
    programme = kl.load(tiny.toml)
    first = store.cleaned(programme)
    assert store.fingerprint(programme) == store.fingerprint(programme)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE people SET name = 'Another name' WHERE organization_id = 'CDSP-001'")
    names = [store.cleaned(programme).organizations["name"].tolist(), first.organizations["name"].tolist()]
    assert names[0] != names[1] and "Another name" in names[0]


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        ("", "expected either files or database"),
        (f'files = "a.csv"\ndatabase = "b.sqlite"\n{QUERIED}', "expected either files or database"),
        ('database = "b.sqlite"', "there is a database and no query"),
    ],
)
def test_a_source_has_one_place(tiny, place, cause):
    tiny.replace("programme.toml", 'files = "organizations.csv"', place)
    with pytest.raises(kl.KonbitError, match=rf'\[\[source\]\] 1 \(table "organizations"\): {cause}'):
        kl.load(tiny.toml)


def _as_database(table: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        pd.read_csv(table, dtype="str").to_sql("people", connection, index=False)


def test_a_table_can_come_from_a_repeat(tiny):
    rows = pd.read_csv(tiny.raw("conversations.csv"), dtype="str")
    expected = tiny.clean().conversations
    tiny.raw("conversations.csv").unlink()
    main = pd.DataFrame({"SubmissionDate": ["2017-02-01"], "town": ["Aquin"], "KEY": ["k"], "SubmitterID": ["5"]})
    main.to_csv(tiny.raw("visit.csv"), index=False)
    rows.assign(PARENT_KEY="k", KEY=[f"k/talk[{at}]" for at in range(len(rows))]).to_csv(
        tiny.raw("visit-talk.csv"), index=False
    )
    tiny.replace("programme.toml", 'files = "conversations.csv"', 'files = "visit.csv"\nsheets = ["talk"]')
    pd.testing.assert_frame_equal(tiny.clean().conversations, expected)
    assert tiny.raw("visit-talk.csv").resolve() in kl.load(tiny.toml).input_files()


def test_the_options_of_a_question_are_declared_in_the_programme(tiny):
    tiny.raw("conversations.csv").write_text(
        "Timestamp,Organization,Day,What do you expect?\n"
        '1/12/2016 9:00:00,CDSP-001,2016-12-01,"Training, on site, Funding"\n',
        encoding="utf-8",
    )
    tiny.replace(
        "programme.toml",
        'files = "conversations.csv"',
        """files = "conversations.csv"
[source.columns]
organization_id = "Organization"
held_on = "Day"
expects_training = "What do you expect?/Training, on site"
expects_funding = "What do you expect?/Funding"
[source.options]
"What do you expect?" = ["Funding", "Training, on site"]""",
    )
    told = tiny.clean().conversations
    assert told[["expects_training", "expects_funding"]].to_numpy().tolist() == [[True, True]]


@pytest.mark.parametrize(
    ("dialect", "is_mariadb", "said"),
    [
        ("mysql", False, ["SET SESSION max_execution_time = 9000", "START TRANSACTION READ ONLY"]),
        ("mysql", True, ["SET SESSION max_statement_time = 9", "START TRANSACTION READ ONLY"]),
        ("mariadb", True, ["SET SESSION max_statement_time = 9", "START TRANSACTION READ ONLY"]),
        ("postgresql", False, ["SET statement_timeout = 9000"]),
        ("oracle", False, []),  # its answer is not waited for either
    ],
)
def test_a_server_is_told_when_a_query_ends(dialect, is_mariadb, said):
    told = []
    of = SimpleNamespace(name=dialect, is_mariadb=is_mariadb)
    sql._limit(SimpleNamespace(dialect=of, exec_driver_sql=told.append))
    assert told == said

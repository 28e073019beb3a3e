"""Hostile and awkward files are refused with their name and the cause, by a process that lives on and stays small."""

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.field import sources, store
from konbit_lessons.field.sources import guard

pytest.importorskip("resource", reason="limits of memory are set as on Unix")
hostile_files = pytest.importorskip("hostile_files")
LARGEST_MEMORY = 1_000_000  # kB


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile", numbered=True)
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # a file that nobody may read is tried as nobody
    script = Path(hostile_files.__file__)
    done = subprocess.run([sys.executable, script, folder], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile_files.HOSTILE)
def test_a_hostile_file_is_refused_by_name_and_cause(outcomes, name):
    message, memory, _ = outcomes[name]
    assert message.startswith(f"{name}: ")
    assert re.search(hostile_files.HOSTILE[name][1], message)
    assert memory < LARGEST_MEMORY


@pytest.mark.parametrize("name", hostile_files.HARMLESS)
def test_a_file_that_only_looks_large_is_read(outcomes, name):
    message, memory, _ = outcomes[name]
    assert message == "read ['1']"
    assert memory < LARGEST_MEMORY


def _write(path):
    path.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")


def _replace(path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("change", [_write, _replace, Path.unlink])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "survey.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    monkeypatch.setattr(sources.readers, "recognized", lambda *_: change(path) or "sheet")
    with pytest.raises(kl.KonbitError, match=r"survey\.csv: it changed while it was read"):
        kl.read(path)


def test_what_a_change_breaks_is_told_as_a_change(tmp_path):
    path = tmp_path / "survey.csv"
    _write(path)
    with pytest.raises(kl.KonbitError, match="it changed while it was read"), guard.unchanged(path):
        path.write_bytes(b"a")
        raise ValueError("a reader that saw half a row")


def test_a_file_that_stays_as_it_is_may_be_read_by_two_at_once(tmp_path):
    path = tmp_path / "survey.csv"
    _write(path)
    with guard.unchanged(path), guard.unchanged(path):
        assert kl.read(path).tables["main"]["a"].tolist() == ["1", "3"]


PAYLOADS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\x00=1+1",
    '=HYPERLINK("http://example.org","open")',
    "=cmd|'/C calc'!A0",
    "@import",
    "-2+3+cmd|'/C calc'!A0",
    "'=1+1",
    "''@x",
    "=1\n=2",
    "=1;=2",
    '=1,"=2"',
    "+50937001234",
    "-",
]


def test_no_csv_of_the_cleaned_programme_holds_a_cell_that_a_spreadsheet_would_run(tiny):
    tiny.add("invitations.csv", "E001,=1+1")
    data = tiny.clean()
    aside = pd.concat([data.set_aside[data.set_aside["value"] == "=1+1"]] * len(PAYLOADS), ignore_index=True)
    data = replace(data, lists=data.lists | {"set_aside": aside.assign(value=PAYLOADS, reason=PAYLOADS)})
    written = [path for path in store.write(data) if path.suffix == ".csv"]
    assert {path.stem for path in written} == set(store.LISTS)
    for path in written:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert cells and not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))]
    assert store.cleaned(data.programme).set_aside["value"].tolist() == PAYLOADS
    assert store.cleaned(data.programme).set_aside["reason"].tolist() == PAYLOADS

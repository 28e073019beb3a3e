"""A drafted programme: what it places is right, what it cannot place is open, and it can be used as it stands."""

import csv
import random
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook

import konbit_lessons as kl
from konbit_lessons import tables
from konbit_lessons.cli import main
from konbit_lessons.draft import draft_programme
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.programme import Programme

HERE = Path(__file__).parent
PROGRAMMES = {"the test programme": HERE / "data" / "programme", "the shipped example": HERE.parent}
NAMED = 'name = "Drafted (simulated)"\npoint_of_contact = "evaluation@example.org"\n'


def renamed(raw: Path, to: Path, seed: int = 1) -> dict[str, str]:
    """The same files under names that say nothing, all in one folder: new name → old name."""
    rng = random.Random(seed)
    to.mkdir(parents=True)
    names = {}
    for path in sorted(raw.rglob("*")):
        if path.is_file() and path.suffix in (".csv", ".xlsx"):
            new = (
                rng.choice([f"export({len(names)})", f"{rng.randrange(16**4):04x}{len(names)}", f"Book {len(names)}"])
                + path.suffix
            )
            shutil.copy(path, to / new)
            names[new] = path.relative_to(raw).as_posix()
    return names


def written(folder: Path, toml: Path) -> Programme:
    """The draft, saved with nothing but name and contact filled in, and loaded."""
    text = draft_programme(folder, toml).text
    lines = [line for line in text.splitlines() if not line.startswith(('name = "OPEN', "point_of_contact ="))]
    toml.write_text("\n".join(lines).replace("[programme]\n", f"[programme]\n{NAMED}", 1), encoding="utf-8")
    return kl.load(toml)


def columns_by_file(programme: Programme, called: dict[str, str]) -> dict[tuple[str, str, str], str]:
    """(table, file, column) → the header or value that gives it, with wildcards and like-named headers written out."""
    found = {}
    for source in programme.sources:
        names = list(tables.schema(source.table, programme.incentives).columns)
        for path in programme.files_of(source):
            raw = kl.read(
                path, form=programme.raw / source.form if source.form else None, expect=tuple(source.columns.values())
            )
            headers = {header for frame in raw.tables.values() for header in frame}
            given = {name: name for name in names if name in headers} | source.constants(path.name)
            for name, header in source.columns.items():
                if name.endswith("*"):
                    spelled = {
                        one: header[:-1] + one.removeprefix(name[:-1]) for one in names if one.startswith(name[:-1])
                    }
                    given |= {one: choice for one, choice in spelled.items() if choice in headers}
                else:
                    given[name] = " ".join(header.split())
            file = path.relative_to(programme.raw).as_posix()
            found |= {(source.table, called.get(file, file), name): header for name, header in given.items()}
    return found


def compared(drafted: dict, truth: dict) -> tuple[int, list, list]:
    """How many columns are placed rightly, which are placed otherwise, and which are left open."""
    wrong = [(*key, header, truth.get(key)) for key, header in drafted.items() if truth.get(key) != header]
    return (
        sum(drafted.get(key) == header for key, header in truth.items()),
        wrong,
        [key for key in truth if key not in drafted],
    )


@pytest.mark.parametrize("which", PROGRAMMES)
def test_meaningless_file_names_leave_nothing_wrong_and_at_least_nine_in_ten_placed(which, tmp_path):
    hand = kl.load(PROGRAMMES[which] / "programme.toml")
    called = renamed(hand.raw, tmp_path / "raw")
    programme = written(tmp_path / "raw", tmp_path / "programme.toml")
    truth = columns_by_file(hand, {})
    right, wrong, _ = compared(columns_by_file(programme, called), truth)
    assert wrong == []
    assert right >= 0.9 * len(truth)

    drafted, by_hand = kl.clean(programme), kl.clean(hand)
    pd.testing.assert_frame_equal(drafted.organizations, by_hand.organizations)
    pd.testing.assert_frame_equal(drafted.events, by_hand.events)
    key = ["event_id", "organization_id", "attended"]
    both = drafted.invitations[key].merge(by_hand.invitations[key], on=key)
    assert len(both) >= 0.9 * len(by_hand.invitations) and len(drafted.sign_in) >= 0.9 * len(by_hand.sign_in)

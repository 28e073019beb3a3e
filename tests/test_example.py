"""The simulated programme: shapes of the field, the same bytes twice, and a truth that can be found again."""

import csv
import filecmp
import json
import re
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import statsmodels.api as sm
from rapidfuzz.distance import OSA

import konbit_lessons as kl
from benchmarks.hard_typing import HardTypist, guest, guest_names, in_kreyol
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.example import simulate, write_example
from konbit_lessons.example.names import (
    DEPARTMENT_OF,
    LOCALITIES,
    SURNAMES,
    acronym,
    fold,
)
from konbit_lessons.example.world import CUT, EFFECTS
from konbit_lessons.incentives import predict_participation

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def world():
    return simulate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    write_example(folder)
    return folder


@pytest.fixture(scope="module")
def truth(folder):
    return json.loads((folder / "data/truth/truth.json").read_text(encoding="utf-8"))


def sheets(path):
    book = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def signed(folder):
    """Every line of every sign-in sheet: event, typed organization, person, phone, role."""
    paths = sorted((folder / "data/raw/attendance").glob("*.xlsx"))
    return [(event, *row) for path in paths for event, rows in sheets(path).items() for row in rows[2:]]


def panel(world):
    """One row per invitation with what was true at the day of the event."""
    rows = world.invitations.merge(world.events, on="event_id", validate="many_to_one")
    rows = rows.merge(world.organizations, on="organization_id", validate="many_to_one").assign(row=range(len(rows)))
    when = rows[["row", "organization_id", "held_on"]].rename(columns={"held_on": "event_on"})
    spells = when.merge(world.other_support, on="organization_id", validate="many_to_many")
    now = spells["event_on"].between(spells["started_on"], spells["ended_on"].fillna(CUT))
    talks = when.merge(
        world.conversations[["organization_id", "held_on"]], on="organization_id", validate="many_to_many"
    )
    recent = (talks["event_on"] - talks["held_on"]).dt.days.between(1, 90)
    return rows.assign(
        per_diem=rows["per_diem_amount"] > 0,
        fiscal_quarter=(rows["held_on"] + pd.DateOffset(months=3)).dt.to_period("Q").astype("str"),
        other_support_now=rows["row"].isin(spells.loc[now, "row"]),
        recent_conversation=rows["row"].isin(talks.loc[recent, "row"]),
    )


# ---- the same again -------------------------------------------------------------------------------------------------


def test_the_same_arguments_write_the_same_bytes(folder, tmp_path):
    written = [path.relative_to(tmp_path) for path in write_example(tmp_path)]
    assert filecmp.cmpfiles(folder, tmp_path, written, shallow=False) == (written, [], [])


def test_another_seed_gives_another_programme(world):
    assert not simulate(seed=2018).invitations.equals(world.invitations)


def test_the_example_in_the_repository_is_what_the_default_arguments_write(folder):
    for path in sorted({*folder.rglob("*.*")} - {folder / ".gitignore"}):  # that of the repository leaves out more
        committed = ROOT / path.relative_to(folder)
        if path.suffix != ".xlsx":
            assert committed.read_bytes() == path.read_bytes(), path.name
        else:  # cells, not the archive around them: another zlib packs the same cells in other bytes
            assert _cells(committed) == _cells(path), path.name


def _cells(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith(("xl/work", "xl/shared"))}


def test_targets_follow_the_size_and_a_programme_that_is_there_is_kept(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "programme.toml").write_text("# mine", encoding="utf-8")
    for name in ("new", "kept"):
        write_example(tmp_path / name, organizations=20, events=3)
    programme = tomllib.loads((tmp_path / "new" / "programme.toml").read_text(encoding="utf-8"))
    assert programme["targets"] == {"cdsp": 15, "awardee": 5}
    assert programme["programme"]["data_cut_on"] == CUT.date()
    assert (tmp_path / "kept" / "programme.toml").read_text(encoding="utf-8") == "# mine"


def test_a_folder_with_raw_files_is_not_overwritten(tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "mine.csv").write_text("a", encoding="utf-8")
    with pytest.raises(ProgrammeError, match="already holds files"):
        write_example(tmp_path)


@pytest.mark.parametrize("size", [{"organizations": 1}, {"events": 0}, {"seed": -1}, {"organizations": 10**6}])
def test_an_impossible_size_is_refused_by_name(size):
    with pytest.raises(ProgrammeError, match=next(iter(size))):
        simulate(**size)


def test_the_smallest_programme_can_be_written(tmp_path):
    assert write_example(tmp_path, organizations=2, events=1)


# ---- shapes of the field --------------------------------------------------------------------------------------------


def test_every_column_that_programme_toml_names_is_in_its_files(folder):
    raw = folder / "data/raw"
    programme = tomllib.loads((folder / "programme.toml").read_text(encoding="utf-8"))
    for source in programme["source"]:
        paths = sorted(raw.glob(source["files"]))
        assert paths, source["files"]
        for path in (path for path in paths if "labels" not in path.name):  # those have the form's labels instead
            names = [name.removesuffix("/*") for name in source.get("columns", {}).values()]
            assert {name for name in names if name[0] != "@"} <= top_cells(path), path.name


def top_cells(path):
    """The cells of the first rows, with the groups of ODK Central as words of their own."""
    if path.suffix == ".xlsx":
        return {cell for rows in sheets(path).values() for row in rows[:3] for cell in row}
    first = path.read_text(encoding="cp1252" if path.name == "events.csv" else "utf-8-sig").splitlines()[0]
    return {part for cell in re.split("[;,]", first) for part in cell.strip('"').split("-")}


def test_the_labels_of_a_survey_file_are_those_of_the_form(folder):
    form = sheets(folder / "data/raw/survey/form.xlsx")
    for pattern, language in (("*2017-01-09*", 2), ("*2017-07-10*", 4)):
        ((header, *rows),) = sheets(next((folder / "data/raw/survey").glob(pattern))).values()
        questions = [row[language] for row in form["survey"][1:] if row[language] and row[0] != "begin group"]
        assert [name for name in header if "/" not in name and name[0] != "_"] == ["start", "end", *questions]
        ratings = {row[language] for row in form["choices"] if row[0] == "agree"}
        assert {row[header.index(questions[3])] for row in rows} <= ratings | {None}


def test_encodings_and_line_ends_are_those_of_the_tools(folder):
    raw = folder / "data/raw"
    events = (raw / "events.csv").read_bytes()
    assert "Vitrine commerciale;Échange entre pairs".encode("cp1252") in events
    assert b";1 250,00;" in events and b";6,5;" in events
    assert (raw / "invitations.csv").read_bytes().startswith(b"\xef\xbb\xbfevent_id,organization\r\n")
    for name in ("events", "invitations", "conversations", "contributions", "learning"):
        text = (raw / f"{name}.csv").read_bytes()
        assert text.count(b"\n") == text.count(b"\r\n") > 5, name
    survey = next((raw / "survey").glob("*.csv")).read_bytes()
    assert survey.startswith(b'"start";"end";"organization"') and b'";"\n' not in survey and survey.endswith(b'"')
    assert "SIMULATED" in (raw / "README.md").read_text(encoding="utf-8").splitlines()[0]


def test_the_roster_has_a_title_mixed_dates_and_a_hidden_stale_sheet(folder):
    book = openpyxl.load_workbook(folder / "data/raw/organizations.xlsx")
    roster, stale = book.worksheets
    assert stale.sheet_state == "hidden" and str(roster.merged_cells) == "A1:J1"
    assert [cell.value for cell in roster[2]] == [None] * 10
    assert {type(cell.value).__name__ for cell in roster["F"][3:]} == {"str", "datetime"}


# ---- what was written is what is true -------------------------------------------------------------------------------


# what a roster and a list of events may say of changes, of which the example has none
CHANGES = {"away", "former_names", "former_acronyms", "merged_into", "merged_on", "event_status"}


def test_every_table_has_the_columns_of_the_codebook_and_its_types(world):
    for name, schema in kl.load(ROOT / "programme.toml").tables.items():
        if name != "sign_in":
            own = getattr(world, name)
            there = [column for column in schema.columns if column in own]
            schema.select_columns(there).validate(own[there])
            assert name == "learning" or there == [column for column in schema.columns if column not in CHANGES]


def test_delegates_on_the_sheets_are_those_who_came(world, folder, truth):
    aliases = json.loads((folder / "data/truth/aliases.json").read_text(encoding="utf-8"))
    lines = pd.DataFrame(signed(folder), columns=["event_id", "typed", "person", "phone", "role"], dtype="str")
    lines["organization_id"] = lines["typed"].map(aliases)
    known = lines.dropna(subset="organization_id").drop_duplicates()  # two delegates signed twice
    written = known.groupby(["event_id", "organization_id"]).size()
    came = world.invitations[world.invitations["attended"]].set_index(["event_id", "organization_id"])["delegates"]
    assert written.to_dict() == came.to_dict()
    assert len(lines) == truth["delegates"] + len(truth["unrostered"]) + 2


def test_every_typed_name_means_one_organization_and_no_slip_is_another_ones_name(world, folder):
    aliases = json.loads((folder / "data/truth/aliases.json").read_text(encoding="utf-8"))
    names = {
        fold(name): key
        for key, name in zip(world.organizations["organization_id"], world.organizations["name"], strict=True)
    }
    wrong = [typed for typed, key in aliases.items() if names.get(fold(typed), key) != key]
    assert not wrong
    with (folder / "data/raw/invitations.csv").open(encoding="utf-8-sig", newline="") as stream:
        meant = [(row["event_id"], aliases[row["organization"]]) for row in csv.DictReader(stream)]
    assert meant == list(zip(world.invitations["event_id"], world.invitations["organization_id"], strict=True))


def test_every_planted_error_is_recorded_and_is_there(folder, truth):
    found = {entry["what"] for entry in truth["planted"]}
    assert found >= {"organization not on the roster", "same submission twice", "unknown organization", "unknown event"}
    assert found >= {"negative value", "99 for don't know", "hidden stale sheet", "same delegate twice"}
    (leads,) = sheets(folder / "data/raw/business_leads.xlsx").values()
    assert leads[-1][0] == "CDSP-999" and leads[-1][3:5] == (-500, "E999")
    with next((folder / "data/raw/survey").glob("*.csv")).open(encoding="utf-8", newline="") as stream:
        wave = list(csv.DictReader(stream, delimiter=";"))
    twice = [int(row["_id"]) for row in wave if [other["_id"] for other in wave].count(row["_id"]) > 1]
    planted = {entry["where"] + entry["what"]: entry for entry in truth["planted"]}
    assert set(twice) == {e["id"] for e in truth["planted"] if e["where"] == "survey wave 1" and "id" in e}
    ratings = ("motivation", "belief_money", "perceived_value", "role_clear")
    first = {row["_id"]: row for row in wave}.values()
    assert (
        sum(row[name] == "99" for row in first for name in ratings)
        == planted["survey wave 199 for don't know"]["count"]
    )
    strangers = {(entry["name"], entry["where"][-4:]) for entry in truth["unrostered"]}
    assert strangers <= {(line[1], line[0]) for line in signed(folder)}


def test_nothing_is_recorded_after_the_cut_and_no_one_is_invited_after_leaving(world):
    frames = {name: one for name, one in vars(world).items() if isinstance(one, pd.DataFrame)}
    dates = [(t, c) for t, frame in frames.items() for c in frame.select_dtypes("datetime").columns]
    assert all(getattr(world, t)[c].max() <= CUT for t, c in dates if not c.endswith("due_on"))
    rows = world.invitations.merge(world.organizations, on="organization_id").merge(world.events, on="event_id")
    assert (rows["joined_on"] <= rows["held_on"]).all() and not (rows["left_on"] <= rows["held_on"]).any()
    assert rows["left_on"].notna().any()
    assert (world.survey["submitted_on"] > world.events["held_on"].max()).any()  # so that looking ahead would show
    assert world.events.groupby(world.events["held_on"].dt.to_period("Q")).size().min() >= 5


# ---- names ----------------------------------------------------------------------------------------------------------


def test_ten_thousand_organizations_have_ten_thousand_names():
    roster = simulate(organizations=10_000, events=2).organizations
    assert roster["name"].map(fold).is_unique
    assert roster["organization_id"].is_unique and roster["organization_id"].str.len().max() == len("CDSP-07299")


def test_towns_surnames_and_localities_stay_apart_by_more_than_two_letters():
    from rapidfuzz.distance import Levenshtein

    for words in (DEPARTMENT_OF, SURNAMES, LOCALITIES):
        folded = [fold(word) for word in words]
        assert min(Levenshtein.distance(a, b) for i, a in enumerate(folded) for b in folded[:i]) > 2


def test_an_acronym_is_made_of_the_capitals():
    assert [acronym(n) for n in ("Réseau des Entrepreneurs de Cap-Haïtien", "Bureau d'Études Étienne")] == [
        "RECH",
        "BEE",
    ]


@pytest.fixture(scope="module")
def hard():
    """A thousand organizations and what was typed for them in haste: typist, and name by organization."""
    roster = simulate(organizations=1000, events=2).organizations
    typist = HardTypist(roster, np.random.default_rng(3))
    guests = guest_names(np.random.default_rng(4), roster["name"].tolist())
    assert len([name for name in guests if guest(typist, name)]) > 50
    typist.type(roster["organization_id"])
    return typist, dict(zip(roster["organization_id"], roster["name"], strict=True))


@pytest.mark.parametrize(
    ("what", "like"),
    [
        ("an acronym alone", lambda typed, name: typed == acronym(name)),
        ("Kreyòl", lambda typed, name: typed == in_kreyol(name) != name),
        ("a word lost", lambda typed, name: len(typed.split()) == len(name.split()) - 1 and set(typed) <= set(name)),
        ("words swapped", lambda typed, name: typed != name and sorted(typed.split()) == sorted(name.split())),
        ("two slips or more", lambda typed, name: typed.isascii() and OSA.distance(typed, name) in (2, 3)),
        ("digits for letters", lambda typed, name: bool(re.search(r"[^\W\d]\d|\d[^\W\d]", typed))),
        ("words run together", lambda typed, name: typed != name and typed == name.replace(" ", "", 1)),
    ],
)
def test_hard_typing_has_names_with(hard, what, like):
    typist, names = hard
    assert sum(like(typed, names[key]) for typed, key in typist.aliases.items() if key) >= 5, what


def test_hard_typing_never_types_what_is_another_organizations_name(hard):
    typist, names = hard
    owners = {}
    for key, name in names.items():
        for spelled in (name, in_kreyol(name)):
            owners.setdefault(fold(spelled), set()).add(key)
    assert all(key in owners.get(fold(typed), {key}) for typed, key in typist.aliases.items() if key)
    guests = [typed for typed, key in typist.aliases.items() if key is None]
    assert guests and not {fold(name) for name in guests} & {fold(name) for name in names.values()}


# ---- the truth can be found again -----------------------------------------------------------------------------------


def test_a_large_programme_gives_back_its_true_effects():
    world = simulate(organizations=400, events=200)
    rows = panel(world)
    design = rows[[*EFFECTS, "consulted_at_design", "other_support_now"]].astype(float)
    levels = pd.get_dummies(rows[["org_type", "event_type", "fiscal_quarter"]], drop_first=True, dtype=float)
    design = sm.add_constant(pd.concat([design, levels], axis="columns"))
    groups = pd.factorize(rows["event_id"])[0]
    fit = sm.Logit(rows["attended"].astype(float), design).fit(disp=0, cov_type="cluster", cov_kwds={"groups": groups})
    effects = fit.get_margeff(dummy=True).summary_frame().loc[list(EFFECTS)]
    true = pd.Series(world.truth["ame"])
    # 7 estimates within 3.5 standard errors: a right simulator fails once in 300 seeds, and the seed is fixed
    assert (np.abs(effects["dy/dx"] - true) < 3.5 * effects["Std. Err."]).all(), effects.assign(true=true)
    assert effects["Std. Err."].max() < 0.04


def test_the_default_example_shows_every_kind_of_answer(world):
    programme = tomllib.loads((ROOT / "programme.toml").read_text(encoding="utf-8"))["analysis"]
    result = predict_participation(
        panel(world), incentives=programme["incentives"], adjust_for=programme["adjust_for"], permutations=99
    )
    strength = result.table.set_index("term")["strength"]
    assert set(strength) == {"clear", "likely", "uncertain", "no sign of", "cannot tell"}
    assert strength["business_showcase"] == "clear" and strength["peer_exchange"] == "no sign of"
    assert strength["tailored_topic"] == "cannot tell"

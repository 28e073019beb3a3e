"""Nothing is lost and nothing changes silently, for programmes of every shape: generated, tiny and whole.

A generated programme holds what people type: names in several spellings, codes in another case, dates that are none,
numbers with marks, codes for missing, blanks, rows that stand there twice.
"""

import csv
import random
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import TINY_FILES, TINY_TOML, Tiny
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import konbit_lessons as kl
from konbit_lessons import tables
from konbit_lessons.errors import DataError
from konbit_lessons.field import store
from konbit_lessons.field.cleaning.record import LOG

NAMES = [  # a name on the roster, and how else it is typed
    ("Asosyasyon Peyizan Aquin", "APA", ["Asosyasyon Peyizn Aquin", "ASOSYASYON PEYIZAN AQUIN", "Asos. Peyizan Aquin"]),
    ("Fondation pour le Développement de Jacmel", "FDJ", ["Fondation pour le Developpement de Jacmel"]),
    ("Fondation pour le Développement de Jacmel Nord", "FDJN", ["Fond. pour le Développement de Jacmel No"]),
    ("Cabinet Théodore & Associés", "CTA", ["Cabinet Théodore et Associés", "cabinet theodore"]),
    ("Coopérative Agricole de Bainet", "CAB", ["Coopérative Agricole Bainet", "Coopératie Agricole de Bainet"]),
    ("Réseau des Femmes de Léogâne", "REFEL", ["RÉSEAU DES FEMMES DE LÉOGÂNE ", "Réseau des Femmes de Léogane"]),
]
STRANGERS = ["Ministère de la Planification", "?", "n/a", ""]
DECLARED = """
decimal = ","
dates = ["day/month/year"]
blank.per_diem_amount = "0"
missing.hours = ["99"]
"""
SURVEY = """
dates = ["day/month/year"]
missing."*" = ["99"]
blank.expects_funding = "no"
twice = "{rule}"
"""
SHEETS = '[[source]]\ntable = "sign_in"\nfiles = "sign_in.csv"\n'
LEADS = '\n[[source]]\ntable = "business_leads"\nfiles = "business_leads.csv"\n'
HEADERS = {name.removesuffix(".csv"): text.splitlines()[0].split(",") for name, text in TINY_FILES.items()} | {
    "events": ["event_id", "event_type", "held_on", "place", "hours", "per_diem_amount", "certificate"],
    "survey": [
        "submission_id",
        "organization_id",
        "submitted_on",
        "wave",
        "motivation",
        "belief_money",
        "expects_funding",
    ],
    "business_leads": ["organization_id", "date", "kind", "value", "source_event", "evidence"],
}

Rows = dict[str, list[list[str]]]


def _mostly(good: st.SearchStrategy, *junk: str) -> st.SearchStrategy:
    return st.integers(0, 7).flatmap(lambda at: good if at else st.sampled_from([*junk, ""]))


@st.composite
def programmes(draw) -> tuple[Rows, str]:
    """Rows of text by table, and the rule for organizations that answer twice."""
    here = draw(st.lists(st.sampled_from(NAMES), min_size=3, unique_by=lambda one: one[0]))
    roster = [[f"ORG-{at}", name, acronym] for at, (name, acronym, _) in enumerate(here)]
    typed = [*(text for row in roster for text in (*row, row[0].lower())), *(text for one in here for text in one[2])]
    events = [f"E{at}" for at in range(draw(st.integers(2, 5)))]
    organization = st.sampled_from([*typed * 3, *STRANGERS])
    event = st.sampled_from([*events * 4, "e1", "E99", ""])
    day = _mostly(
        st.sampled_from(["2017-01-05", "11/01/2017", "2017-02-20", "12/02/2017"]), "31/02/2017", "hier", "42736"
    )
    number = _mostly(st.sampled_from(["0", "500", "1 250,5", "2,5", "99"]), "-3", "env. 5", "$20", "1.250", "5 000 HTG")
    scale = _mostly(st.sampled_from(["1", "2", "4", "5", "Dakò", "strongly agree", "99"]), "6", "maybe", "2.5")
    yes = _mostly(st.sampled_from(["yes", "Oui", "wi", "x", "no", "Non", "0"]), "peut-être", "2")
    person = st.sampled_from(["First Delegate", "FIRST  delegate", "Second Delegate", ""])
    text = st.sampled_from(
        ["", "Jacmel", "Les  Cayes", "NA", "=1+1", "+50937001234", 'rue "1",\nport', "Je\u0301re\u0301mie", " "]
    )
    submission = st.sampled_from(["u1", "u2", "u3", "u4", "u5", "u6", "u7", ""])
    wave = st.sampled_from(["1", "2", ""])
    columns = {
        "events": [text, number, number, yes],
        "invitations": [event, organization],
        "sign_in": [event, organization, person, yes],
        "survey": [submission, organization, day, wave, scale, scale, yes],
        "conversations": [organization, day, day],
        "business_leads": [organization, day, st.sampled_from(["lead", "contract", "deal"]), number, event, text],
    }

    def lines(table: str, most: int) -> list[list[str]]:
        rows = draw(st.lists(st.tuples(*columns[table]).map(list), max_size=most))
        again = draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
        return rows + again

    kinds = st.sampled_from(["training", "Coaching", "round_table"])
    about = [draw(st.tuples(kinds, st.sampled_from(["2017-01-10", "20/02/2017"]), *columns["events"])) for _ in events]
    rows = {
        "organizations": [[*row, "cdsp", draw(yes)] for row in roster],
        "events": [[code, *one] for code, one in zip(events, about, strict=True)],
        "invitations": [[events[0], "ORG-0"], [events[1], "ORG-1"], *lines("invitations", 12)],
        **{table: lines(table, 8) for table in ("sign_in", "survey", "conversations", "business_leads")},
    }
    rows["organizations"] += draw(st.lists(st.sampled_from(rows["organizations"]), max_size=1))
    rows["events"] += draw(st.lists(st.sampled_from(rows["events"]), max_size=1))
    return rows, draw(st.sampled_from(["all", "latest", "first", "ask"]))


@contextmanager
def written(rows: Rows, rule: str):
    """A programme of these rows in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        one = Tiny(Path(folder))
        one.raw("").mkdir(parents=True)
        toml = TINY_TOML + LEADS
        for table, declared in {"events": DECLARED, "survey": SURVEY.format(rule=rule)}.items():
            toml = toml.replace(f'files = "{table}.csv"', f'files = "{table}.csv"{declared}')
        for table in ("conversations", "business_leads"):
            toml = toml.replace(f'files = "{table}.csv"', f'files = "{table}.csv"\ndates = ["day/month/year"]')
        toml = toml.replace('files = "business_leads.csv"', 'files = "business_leads.csv"\ndecimal = ","')
        one.toml.write_text(toml, encoding="utf-8")
        for table in rows:
            write(one, table, [HEADERS[table], *rows[table]])
        yield one


def write(one: Tiny, table: str, lines: list[list[str]], encoding: str = "utf-8") -> None:
    with one.raw(f"{table}.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(lines)


def assert_same_tables(one, other, *, leave_out: str = "") -> None:
    for name in {*tables.TABLES} - {leave_out}:
        pd.testing.assert_frame_equal(one.tables[name], other.tables[name])


def rows_set_aside(data) -> list[tuple]:
    rows = data.set_aside[data.set_aside["scope"] == "row"]
    return sorted(rows[["source", "sheet", "row"]].itertuples(index=False, name=None))


def assert_nothing_lost(data, read: dict[str, int]) -> None:
    """Each row of each file is in its table or set aside, once; each value set aside says what stood there, and why."""
    by_file = data.counts.groupby("source")[["read", "kept", "set_aside"]].sum()
    assert by_file["read"].to_dict() == read
    assert (by_file["kept"] + by_file["set_aside"] == by_file["read"]).all()
    aside = rows_set_aside(data)
    assert len(set(aside)) == len(aside)
    assert Counter(source for source, *_ in aside) == Counter(by_file[by_file["set_aside"] > 0]["set_aside"].to_dict())
    assert data.set_aside["reason"].ne("").all()
    kept = data.counts.groupby("table")["kept"].sum()
    assert kept.to_dict() == {table: len(data.tables[table]) for table in kept.index}


def assert_the_log_replays(programme, data) -> None:
    """The log of a run, given back as corrections: the same tables, and no change that is not one of its lines."""
    store.write(replace(data, programme=programme))
    shutil.copy(programme.processed / "cleaning_log.csv", programme.raw / "corrections.csv")
    again = kl.clean(programme)
    assert_same_tables(data, again)
    changed = again.cleaning_log[again.cleaning_log["change_type"] != "no_action"]
    assert set(changed["check"]) <= {"correction"}
    assert rows_set_aside(again) == rows_set_aside(data)
    assert set(again.set_aside["scope"]) <= {"row"}


def _is_a_row(line: list[str]) -> bool:
    return any(cell.strip() for cell in line)


def assert_order_blank_rows_and_a_bom_change_nothing(one: Tiny, rows: Rows, before, shuffle: random.Random) -> None:
    for table, lines in rows.items():
        order = shuffle.sample(range(len(HEADERS[table])), len(HEADERS[table]))
        mixed = [*shuffle.sample(lines, len(lines)), *[[""] * len(order)] * shuffle.randint(0, 2)]
        mixed.insert(shuffle.randint(0, len(mixed)), [" "] * len(order))
        write(one, table, [[line[at] for at in order] for line in [HEADERS[table], *mixed]], "utf-8-sig")
    after = one.clean()
    assert_same_tables(before, after)
    said = ["table", "scope", "column", "value", "reason"]
    assert Counter(map(tuple, before.set_aside[said].to_numpy())) == Counter(
        map(tuple, after.set_aside[said].to_numpy())
    )


def assert_cleaning_again_changes_nothing(one: Tiny, rows: Rows, once) -> None:
    """What blanks and codes meant is done, and who attended is known: the sheets, and their open names, are over."""
    one.toml.write_text((TINY_TOML + LEADS).replace(SHEETS, ""), encoding="utf-8")
    for table in rows:
        once.tables[table].to_csv(one.raw(f"{table}.csv"), index=False)
    again = one.clean()
    assert_same_tables(once, again, leave_out="sign_in")
    assert again.set_aside.empty and again.cleaning_log["change_type"].isin(["no_action"]).all()


# shrinking a whole programme takes minutes and shows little more
@pytest.mark.slow
@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])
@given(programmes(), st.randoms(use_true_random=False))
def test_nothing_is_lost_and_nothing_changes_silently(made, shuffle):
    rows, rule = made
    with written(rows, rule) as one:
        programme = kl.load(one.toml)
        data = kl.clean(programme)
        assert_nothing_lost(data, {f"{table}.csv": sum(map(_is_a_row, lines)) for table, lines in rows.items()})
        assert_the_log_replays(programme, data)
        one.raw("corrections.csv").unlink()
        assert_order_blank_rows_and_a_bom_change_nothing(one, rows, data, shuffle)
        assert_cleaning_again_changes_nothing(one, rows, data)


def test_the_log_of_the_tiny_programme_replays(tiny):
    tiny.add("sign_in.csv", "E002,CTA,Third Delegate,no")
    data = tiny.clean()
    assert_nothing_lost(
        data, {name: len(text.splitlines()) - 1 + (name == "sign_in.csv") for name, text in TINY_FILES.items()}
    )
    assert_the_log_replays(kl.load(tiny.toml), data)


@pytest.mark.slow
def test_the_log_of_a_whole_programme_replays(whole, whole_programme, tmp_path):
    folder = Path(shutil.copytree(whole_programme, tmp_path / "programme"))
    programme = kl.load(folder / "programme.toml")
    assert_the_log_replays(programme, whole)


# each stands for a line of the log about a raw file that has changed since
STALE = {
    "a change by row": ["conversations.csv", "", "2", "", "held_on", "2016-12-02", "2016-12-03", "change_response"],
    "a change by record": ["survey.csv", "", "", "u3", "motivation", "4", "3", "change_response"],
    "a change of every such value": [
        "sign_in.csv",
        "",
        "",
        "",
        "organization_id",
        "FDJ",
        "CDSP-002",
        "change_response",
    ],
    "a blank by row": ["survey.csv", "", "2", "", "motivation", "5", "", "blank_response"],
    "a blank by record": ["events.csv", "", "2", "E002", "per_diem_amount", "0", "", "blank_response"],
    "a blank where something stands now": [
        "conversations.csv",
        "",
        "2",
        "",
        "follow_up_due_on",
        "",
        "",
        "blank_response",
    ],
    "a row": ["invitations.csv", "", "5", "", "organization_id", "CTA", "", "remove_survey"],
    "a row by record": ["survey.csv", "", "", "u3", "organization_id", "CDSP-001", "", "remove_survey"],
    "a row by several columns": [
        *["sign_in.csv", "", "2", "", "event_id + organization_id + delegate", "E001 · CTA", "", "remove_survey"]
    ],
    "a row by a column of another name": ["sign_in.csv", "", "2", "", "organisation", "CTA", "", "remove_survey"],
    "a row that is not there": ["sign_in.csv", "", "9", "", "organization_id", "CTA", "", "remove_survey"],
    "a value of a new row": ["conversations.csv", "", "", "n1", "held", "", "2017-02-02", "add_survey"],
}


@pytest.mark.parametrize("line", STALE.values(), ids=STALE)
def test_a_line_that_no_longer_fits_stops_the_run_and_is_named(tiny, line):
    fitting = ["survey.csv", "", "2", "", "motivation", "4", "3", "change_response"]
    with tiny.raw("corrections.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LOG[:8], fitting, line])
    with pytest.raises(DataError, match=r"^corrections.csv, row 3: "):
        tiny.clean()


def test_the_log_of_corrections_replays_too(tiny):
    lines = [
        [
            "conversations.csv",
            "",
            "",
            "n1",
            "organization_id",
            "",
            "CDSP-002",
            "add_survey",
            "",
            "on paper",
            "MB",
            "p. 3",
        ],
        ["conversations.csv", "", "", "n1", "held_on", "", "2017-02-02", "add_survey", "", "on paper", "MB", "p. 3"],
        ["survey.csv", "", "2", "", "motivation", "4", "99", "change_response", "", "typed wrong", "MB", ""],
        ["events.csv", "", "3", "", "per_diem_amount", "500", "", "blank_response", "", "of another event", "MB", ""],
    ]
    tiny.replace("programme.toml", 'files = "survey.csv"', 'files = "survey.csv"\nmissing.motivation = ["99"]')
    tiny.replace("programme.toml", 'files = "events.csv"', 'files = "events.csv"\nblank.per_diem_amount = "0"')
    with tiny.raw("corrections.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LOG, *lines])
    data = tiny.clean()
    assert len(data.conversations) == 3 and data.survey["motivation"].isna().sum() == 1
    assert data.events["per_diem_amount"].isna().tolist() == [False, True]  # blanked is not what a blank cell means
    assert_the_log_replays(kl.load(tiny.toml), data)

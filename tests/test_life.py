"""A programme lives on: renamed, merged, joined again, cancelled. What is known of attendance is true, or unknown."""

import random
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.field import store
from konbit_lessons.field.cleaning import decisions
from konbit_lessons.field.sources.form import Form, Named, Question, Writing, together
from konbit_lessons.panel import invitations

LIFE = Path(__file__).parent / "data" / "life"
ROSTER = "organization_id,name,acronym,org_type,joined_on,left_on,former_names,former_acronyms,merged_into,merged_on"


def _attended(data):
    """Event and organization → True, False, or None where it is unknown."""
    rows = data.invitations[["event_id", "organization_id", "attended"]].itertuples(index=False, name=None)
    return {(event, code): None if pd.isna(came) else bool(came) for event, code, came in rows}


# ---- moments of a programme, as they were handed over ---------------------------------------------------------------


OFP = "CDSP-049,Organisation des Femmes de Plaisance,OFP,"
OFVPP = "CDSP-011,Oganizasyon Fanm Vanyan Port-de-Paix,OFVPP,cdsp,"
MOMENTS = {  # file → what is there, and what stands there instead; and organization → its presences, how many known
    "renamed, old name on the sheets": (
        {"organizations.csv": [(OFP, "CDSP-049,Alliance Horizon Nouveau,AHN,")],
         "invitations.csv": [("isation des Femmes de Plaisance", "Alliance Horizon Nouveau"), ("OrganAll", "All"),
                             ("Org. des Femmes de Plaisance", "AHN")]},
        {"CDSP-049": (0, 2)},
    ),
    "the same, and the roster says so": (
        {"organizations.csv": [
            ("joined_on,left_on", "joined_on,left_on,former_names"),
            (OFP + "cdsp,2016-02-18,", "CDSP-049,Alliance Horizon Nouveau,AHN,cdsp,2016-02-18,,"
             "Organisation des Femmes de Plaisance (2017-03-31)")]},
        {"CDSP-049": (10, 12)},
    ),
    "left and joined again": (
        {"organizations.csv": [(OFVPP + "2016-04-25,", OFVPP + "2016-04-01,2016-08-31\n" + OFVPP + "2017-02-01,")]},
        {},
    ),
    "a code twice": (
        {"organizations.csv": [
            ("\nCDSP-023,", "\nCDSP-022,Coopérative Nouvelle de Bainet,CNB,cdsp,2017-02-01,\nCDSP-023,")]},
        {},
    ),
    "new, then on the roster": (
        {"organizations.csv": [
            ("\nCDSP-023,", "\nCDSP-060,Coopérative Solidarité de Bainet,CSB,cdsp,2017-01-05,\nCDSP-023,")],
         "identity_ledger.csv": [("", "question,typed,decision\norganization,Coop. Solidarité Bainet,new\n")]},
        {"CDSP-060": (2, 2)},
    ),
}  # fmt: skip


@pytest.fixture
def moment(tiny):
    """The programme as it was before the moment."""
    for path in LIFE.glob("*.csv"):
        shutil.copy(path, tiny.raw(path.name))
    text = tiny.toml.read_text(encoding="utf-8")
    tiny.toml.write_text(text[: text.index('[[source]]\ntable = "survey"')], encoding="utf-8")
    return tiny


@pytest.fixture(scope="module")
def before():
    """Attendance before the moment, found by the first test that needs it."""
    return {}


@pytest.mark.parametrize("name", MOMENTS)
def test_a_moment_of_its_life_costs_a_programme_nothing_of_what_it_knew(moment, before, name):
    before = before or before | _attended(moment.clean())
    edits, expected = MOMENTS[name]
    for file, pairs in edits.items():
        for old, new in pairs:
            moment.replace(file, old, new) if old else moment.raw(file).write_text(new, encoding="utf-8")
    data = moment.clean()
    after = _attended(data)
    assert before.keys() <= after.keys()
    assert {pair: after[pair] for pair, came in before.items() if after[pair] not in (came, None)} == {}
    for code in {code for _, code in before} | {*expected}:
        of = {pair: came for pair, came in after.items() if pair[1] == code}
        if code in expected:
            assert ([*of.values()].count(True), len(of) - [*of.values()].count(None)) == expected[code]
        else:
            assert of == {pair: came for pair, came in before.items() if pair[1] == code}
    asked = data.questions.set_index("typed")["candidate_1"].to_dict()
    assert (name != "a code twice") or asked["CDSP-022: Coopérative Nouvelle de Bainet"] == "CDSP-022"
    assert ("old name" not in name) or "CDSP-049" in asked.values()
    roster = data.organizations.set_index("organization_id")
    assert ("again" not in name) or roster.loc["CDSP-011", ["away", "left_on"]].fillna("").tolist() == [
        "2016-08-31/2017-02-01", "",
    ]  # fmt: skip


# ---- quarter after quarter: a world whose truth is known ------------------------------------------------------------

NAMES = [
    "Coopérative Agricole de Limbé,CAL", "Association des Femmes de Jacmel,AFJ", "Institut Sainvil de Gestion,ISG",
    "Fondation Horizon de Verrettes,FHV", "Mouvement Paysan de Cabaret,MPC", "Réseau des Jeunes de Mirebalais,RJM",
    "Centre Lumière de Bainet,CLB", "Union des Planteurs de Thomonde,UPT", "Comité Espoir de Aquin,CEA",
]  # fmt: skip
EVENTS = "event_id,event_type,held_on,place,event_status"


class World:
    """Nine organizations, three events a quarter: what is written of them, and what was so."""

    def __init__(self, tiny):
        self.tiny, self.rng, self.truth, self.number = tiny, random.Random(14), {}, 0
        self.roster = {
            f"O{at}": [*name.split(","), "cdsp", "2016-01-01", "", "", "", "", ""] for at, name in enumerate(NAMES)
        }
        self.lines, self.events, self.invitations, self.sheets = [], [], [], []
        self.writes = {
            code: line[:2] for code, line in self.roster.items()
        }  # what people write, whatever the roster says
        self.is_now = {code: code for code in self.roster}
        text = tiny.toml.read_text(encoding="utf-8")
        tiny.toml.write_text(text[: text.index('[[source]]\ntable = "survey"')], encoding="utf-8")

    def quarter(self, at, *, late=(), away=()):
        """Three events: who is a partner is invited, comes or not, and signs by name or acronym."""
        for day in ("10", "20", "28"):
            self.number += 1
            event, held = f"E{self.number:02}", f"{2016 + at // 4}-{at % 4 * 3 + 1:02}-{day}"
            self.events.append(f"{event},training,{held},Town{self.number},")
            for code in self.roster.keys() - {*away}:
                name = self.writes[code][self.rng.random() < 0.3]
                came = self.rng.random() < 0.6
                pair = event, self.is_now[code]
                self.truth[pair] = self.truth.get(pair, False) or came
                self.invitations.append(f"{event},{self.writes[code][0]}")
                (late if isinstance(late, list) and day == "20" else self.sheets).extend([f"{event},{name}"] * came)

    def write(self):
        roster = [ROSTER, *(",".join([code, *line]) for code, line in self.roster.items()), *self.lines]
        files = {"organizations": roster, "events": [EVENTS, *self.events]}
        files |= {"invitations": ["event_id,organization_id", *self.invitations]}
        files |= {
            "sign_in": ["event_id,organization_id,delegate", *(f"{one},D{at}" for at, one in enumerate(self.sheets))]
        }
        for name, lines in files.items():
            self.tiny.raw(f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def check(self, unknown=0):
        """What is known is true; this much is unknown, and nothing is lost."""
        self.write()
        data = self.tiny.clean()
        found = _attended(data)
        assert {pair: found.get(pair) for pair, came in self.truth.items() if found.get(pair) not in (came, None)} == {}
        assert (data.counts["kept"] + data.counts["set_aside"] == data.counts["read"]).all()
        assert found.keys() >= self.truth.keys() and sum(found[pair] is None for pair in self.truth) == unknown
        return data


def test_eight_quarters_of_a_life_leave_attendance_true_or_unknown(tiny):
    one = World(tiny)
    line, is_now, writes = one.roster, one.is_now, one.writes
    one.quarter(0)
    # renamed: the office writes the old name on, or the new one
    line["O0"][:2], line["O0"][6] = ["Alliance Horizon Nouveau", "AHN"], "2016-03-31"
    line["O0"][5], line["O0"][6] = f"{NAMES[0][:-4]} (2016-03-31)", "CAL (2016-03-31)"
    one.quarter(1)
    writes["O0"] = line["O0"][:2]
    one.quarter(1)
    one.check()
    # merged: what is written of the one is about the other, and the invitations are one
    line["O2"][7:9], is_now["O2"] = ["O1", "2016-07-01"], "O1"
    one.quarter(2)
    one.check()
    # left, and joined again half a year later
    line["O3"][4] = "2016-10-01"
    one.quarter(3, away={"O3"})
    one.lines = [",".join(["O3", *line["O3"][:3], "2017-01-01", "", "", "", "", ""])]
    one.quarter(4)
    data = one.check()
    assert invitations(data)["partner"].all() and data.organizations["away"].notna().sum() == 1
    # cancelled, moved, planned: nobody is absent from what was not held, and the quarter is that of the last held
    one.events += [f"E90,training,2017-04-02,Town90,{word}" for word in ["annulée"]]
    one.events += ["E91,training,2017-03-30,Town91,pospuesto", "E91,training,2017-04-05,Town91,"]
    one.events += ["E92,training,2019-01-01,Town92,yo prevwa l"]
    one.invitations += [f"{event},{NAMES[4][:-4]}" for event in ("E90", "E91", "E92")]
    one.sheets.append(f"E91,{NAMES[4][:-4]}")
    one.truth["E91", "O4"] = True
    data = one.check()
    assert data.quarter == "FY2017Q3" and {"E90", "E92"}.isdisjoint(data.events["event_id"])
    # an acronym has another owner: the day of the event tells whose it is
    line["O5"][1], line["O5"][6], line["O6"][1] = "RJMB", "RJM (2017-06-30)", "RJM"
    line["O6"][6] = "CLB (2017-06-30)"
    writes["O5"], writes["O6"] = line["O5"][:2], line["O6"][:2]
    one.quarter(6)
    one.check()
    # a code twice: both are kept, each by its name; the code alone is its first owner's as long as it was alone
    one.lines.append("O7,Groupement Soleil de Plaisance,GSP,cdsp,2017-09-01,,,,,")
    one.sheets.append("E01,O7")
    one.truth["E01", "O7"] = True
    one.quarter(7)
    one.sheets.append(f"{one.events[-1][:3]},Groupement Soleil de Plaisance")
    one.invitations.append(f"{one.events[-1][:3]},GSP")
    one.truth[one.events[-1][:3], "O7 (2)"] = True
    assert one.check().questions["question"].tolist() == ["code"]
    ledger = "question,typed,decision\ncode,O7: Groupement Soleil de Plaisance,O9\n"
    tiny.raw("identity_ledger.csv").write_text(ledger, encoding="utf-8")
    one.truth[one.events[-1][:3], "O9"] = one.truth.pop((one.events[-1][:3], "O7 (2)"))
    assert one.check().questions.empty
    # a sheet comes late: unknown until then
    late = []
    one.quarter(8, late=late)
    one.check(unknown=sum(pair[0] == f"E{one.number - 1:02}" for pair in one.truth))
    one.sheets += late
    one.check()


def test_a_decision_shows_what_hangs_on_it_and_is_undone_in_the_review(tiny):
    tiny.add("sign_in.csv", "E002,Gwoup Solèy,Fourth Delegate,no")
    tiny.raw("identity_ledger.csv").write_text(
        "question;typed;decision;initials\norganization;Gwoup Solèy;CDSP-003;É\n".replace("\n", "\r\n"),
        encoding="cp1252",
    )  # as Excel saves it in French
    data = tiny.clean()
    store.write(data)
    assert _attended(data)["E002", "CDSP-003"]
    path = tiny.folder / "data" / "processed" / decisions.REVIEW
    book = openpyxl.load_workbook(path)
    head, line = list(book["decided"].iter_rows(min_row=2))
    shown = {name.value: cell for name, cell in zip(head, line, strict=True)}
    assert [shown[name].value for name in ("typed", "decided", "rows", "decision")] == [
        "Gwoup Solèy",
        "CDSP-003",
        1,
        None,
    ]
    shown["decision"].value = "undo"
    book.save(path)
    data = tiny.clean()
    store.write(data)
    assert not _attended(data)["E002", "CDSP-003"] and data.questions["typed"].tolist() == ["Gwoup Solèy"]
    aside = path.with_name("set_aside.csv")  # Excel saves it as it likes to, and nothing was answered in it
    aside.write_text(aside.read_text(encoding="utf-8-sig").replace(",", ";"), encoding="cp1252")
    assert len(store.cleaned(kl.load(tiny.toml)).set_aside) == 1
    assert "Gwoup" not in tiny.raw("identity_ledger.csv").read_text(encoding="utf-8-sig")


def test_a_new_name_is_asked_about_again_when_the_roster_may_have_it_and_the_answer_counts(tiny):
    typed = "Fond. pour le Développement de Léogâne No"
    tiny.add("sign_in.csv", f"E002,{typed},Fourth Delegate,no")
    tiny.raw("identity_ledger.csv").write_text(f"question,typed,decision\norganization,{typed},new\n", encoding="utf-8")
    assert tiny.clean().questions.empty
    tiny.add("organizations.csv", "CDSP-004,Fondation pour le Développement de Léogâne,FDL,cdsp,non")
    tiny.add("organizations.csv", "CDSP-005,Fondation pour le Développement de Léogâne Nord,FDLN,cdsp,non")
    tiny.add("invitations.csv", "E002,CDSP-005")
    data = tiny.clean()
    assert data.questions["typed"].tolist() == [typed] and _attended(data)["E002", "CDSP-005"] is None
    for decision, came in {"new": False, "CDSP-005": True}.items():
        store.write(data)
        path = tiny.folder / "data" / "processed" / decisions.REVIEW
        book = openpyxl.load_workbook(path)
        sheet = book["organizations" if decision == "new" else "decided"]
        sheet.cell(3, [cell.value for cell in sheet[2]].index("decision") + 1).value = decision
        book.save(path)
        data = tiny.clean()
        assert _attended(data)["E002", "CDSP-005"] is came and data.questions.empty


MERGED = "consulted_at_design,merged_into,merged_on,joined_on,left_on"
WRONG = {
    "a circle": ("CDSP-002,2017-01-01,,", "CDSP-001,2017-01-01,,", "merged into CDSP-002, and that leads back"),
    "no day": ("CDSP-002,,,", ",,,", "no day is given. Write the day of the merger under merged_on"),
    "nobody": ("CDSP-9,2017-01-01,,", ",,,", "CDSP-9, which is no code of the roster"),
    "overlap": (",,2016-01-01,2017-01-05\nCDSP-001,Asosyasyon Peyizan Aquin,APA,cdsp,wi,,,2017-01-01,", ",,,",
                r"two spells of CDSP-001 overlap \(row 2 and row 3\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_history_that_cannot_be_is_refused(tiny, case):
    first, second, message = WRONG[case]
    tiny.replace("organizations.csv", "consulted_at_design", MERGED)
    tiny.replace("organizations.csv", "APA,cdsp,wi", f"APA,cdsp,wi,{first}")
    tiny.replace("organizations.csv", "FDJ,cdsp,non", f"FDJ,cdsp,non,{second}")
    with pytest.raises(kl.KonbitError, match=message):
        tiny.clean()


REUSED = "OP1,Coopérative Agricole de Limbé,CAL,cdsp,2016-01-01,2017-01-31,,,,\n"
REUSED += "OP1,Réseau des Jeunes de Mirebalais,RJM,cdsp,2017-04-01,,,,,\n"


@pytest.mark.parametrize("decided", [False, True])
def test_a_code_used_again_after_its_first_owner_left_is_by_the_day_of_the_event(tiny, decided):
    tiny.raw("organizations.csv").write_text(
        f"{ROSTER}\n{REUSED}OP2,Association des Femmes de Jacmel,AFJ,cdsp,2016-01-01,,,,,\n", encoding="utf-8"
    )
    tiny.raw("events.csv").write_text(
        "event_id,event_type,held_on,per_diem_amount,business_showcase\n"
        "E1,training,2017-01-10,0,no\nE2,training,2017-05-10,0,no\n", encoding="utf-8",
    )  # fmt: skip
    tiny.raw("invitations.csv").write_text("event_id,organization_id\nE1,OP1\nE1,OP2\nE2,OP1\nE2,OP2\n")
    tiny.raw("sign_in.csv").write_text("event_id,organization_id,delegate,senior_delegate\nE1,OP1,A,no\nE2,RJM,B,no\n")
    text = tiny.toml.read_text(encoding="utf-8")
    tiny.toml.write_text(text[: text.index('[[source]]\ntable = "survey"')], encoding="utf-8")
    if decided:  # a code of its own does not change what the sheets meant by the old one
        tiny.raw("identity_ledger.csv").write_text(
            "question,typed,decision\ncode,OP1: Réseau des Jeunes de Mirebalais,OP9\n", encoding="utf-8"
        )
    second = "OP9" if decided else "OP1 (2)"
    assert _attended(tiny.clean()) == {
        ("E1", "OP1"): True, ("E1", "OP2"): False, ("E2", second): True, ("E2", "OP2"): False,
    }  # fmt: skip


def test_what_is_merged_with_a_code_used_again_is_about_who_had_it_then_and_is_so_after_a_merger_of_that(tiny):
    lines = [
        "OP3,Comité Espoir de Aquin,CEA,cdsp,2016-01-01,,,,OP1,2017-04-15",
        "OP2,Association des Femmes de Jacmel,AFJ,cdsp,2016-01-01,,,,,",
    ]
    tiny.raw("organizations.csv").write_text("\n".join([ROSTER, REUSED.strip(), *lines, ""]), encoding="utf-8")
    tiny.replace("organizations.csv", "RJM,cdsp,2017-04-01,,,,,", "RJM,cdsp,2017-04-01,,,,OP2,2017-06-01")
    events = [f"E{at},training,2017-{month}-10,Town{at}," for at, month in enumerate(["01", "04", "05", "06"])]
    tiny.raw("events.csv").write_text("\n".join([EVENTS, *events, ""]), encoding="utf-8")
    invited = ["E0,OP1", "E0,OP3", "E1,OP1", "E2,OP3", "E3,OP1"]
    tiny.raw("invitations.csv").write_text("\n".join(["event_id,organization_id", *invited, ""]), encoding="utf-8")
    tiny.raw("sign_in.csv").write_text("event_id,organization_id,delegate\nE0,OP1,A\nE1,OP1,B\nE2,CEA,C\nE3,OP1,D\n")
    text = tiny.toml.read_text(encoding="utf-8")
    tiny.toml.write_text(text[: text.index('[[source]]\ntable = "survey"')], encoding="utf-8")
    assert _attended(tiny.clean()) == {
        ("E0", "OP1"): True, ("E0", "OP3"): False,
        ("E1", "OP1 (2)"): True, ("E2", "OP1 (2)"): True, ("E3", "OP2"): True,
    }  # fmt: skip


def test_a_day_before_the_one_that_it_follows_is_set_aside_and_said(tiny):
    tiny.replace("organizations.csv", "consulted_at_design", "consulted_at_design,joined_on,left_on")
    tiny.replace("organizations.csv", "APA,cdsp,wi", "APA,cdsp,wi,2016-09-02,2016-05-01")
    data = tiny.clean()
    (said,) = data.set_aside.to_dict("records")
    assert (said["column"], said["value"], said["row"]) == ("left_on", "2016-05-01", 2)
    assert "before joined_on" in said["reason"] and data.organizations["left_on"].isna().all()
    assert invitations(data).set_index("organization_id")["partner"]["CDSP-001"].all()


FULL = [("a", "2017-01-05"), ("b", "2017-01-15"), ("c", "2017-04-01"), ("d", "2017-04-09")]


def test_a_full_export_of_several_waves_in_the_place_of_one_file_each_costs_no_wave(tiny):
    rows = [f"{one},CDSP-001,{day},{at + 1},yes" for at, (one, day) in enumerate(FULL)]
    head = "submission_id,organization_id,submitted_on,motivation,expects_funding"
    tiny.raw("survey.csv").unlink()
    for name, some in {"s1": rows[:2], "s2": rows[2:], "full": rows}.items():
        tiny.raw(f"{name}.csv").write_text("\n".join([head, *some, ""]), encoding="utf-8")
    by_file = '["s1.csv", "s2.csv"]\n[source.by_file.wave]\n"s1*" = 1\n"s2*" = 2'
    tiny.replace("programme.toml", '"survey.csv"', by_file)
    before = tiny.clean().survey
    tiny.replace("programme.toml", '["s1.csv", "s2.csv"]', '"full.csv"')
    with pytest.raises(kl.KonbitError, match="the day on which each began") as stopped:
        tiny.clean()
    line = str(stopped.value).partition("began: ")[2]
    assert line == "waves = [{ value = 1 }, { value = 2, from = 2017-04-01 }]"
    tiny.replace("programme.toml", '"full.csv"', f'"full.csv"\n{line}')
    pd.testing.assert_frame_equal(tiny.clean().survey, before)
    tiny.replace("programme.toml", by_file.partition("\n")[2], "")
    pd.testing.assert_frame_equal(tiny.clean().survey, before)
    for old, new in {  # answers before the first wave would have none
        line: "waves = [{ value = 2, from = 2017-01-10 }]",
        'files = "sign_in.csv"': f'files = "sign_in.csv"\n{line}',
    }.items():
        tiny.replace("programme.toml", old, new)
        with pytest.raises(kl.KonbitError, match="expected those of the table survey, the first without from"):
            kl.load(tiny.toml)
        tiny.replace("programme.toml", new, old)


def test_two_corrections_of_a_cell_that_contradict_are_said(tiny):
    header = "source,sheet,row,record_id,column,old_value,new_value,change_type\n"
    line = "sign_in.csv,,4,,organization_id,CTA,{},change_response\n"
    tiny.raw("corrections.csv").write_text(header + line.format("CDSP-001") + line.format("CDSP-002"))
    with pytest.raises(
        kl.KonbitError, match=r'row 3 says "CDSP-002" of the cell with "CTA", but .* row 2 says "CDSP-0'
    ):
        tiny.clean()
    tiny.raw("corrections.csv").write_text(header + 2 * line.format("CDSP-001"))
    assert _attended(tiny.clean())["E002", "CDSP-001"]


@pytest.mark.parametrize("newer_first", [False, True])
def test_a_choice_keeps_its_name_whatever_it_was_called_in_another_version_of_the_form(newer_first):
    def version(label):
        choices = [Named("seed", {"fr": label}), Named("tool", {"fr": "Outils"})]
        return Form((Question("needs", "select_multiple", {"fr": "Besoins"}, (), "list", choices, "needs"),), {})

    versions = [version("Semences et plants"), version("Semences")][:: 1 if newer_first else -1]
    known = together(versions, [])
    headers = known.headers(Writing("fr"), "")
    assert headers["Besoins/Semences"] == headers["Besoins/Semences et plants"] == {"needs/seed"}
    assert together([version("Semences"), version("Outils")], []).questions[0].options("fr")["Outils"] == {
        "tool",
        "seed",
    }


def test_two_colleagues_ledgers_merged_with_a_conflict_are_said(tiny):
    text = (
        "question,typed,decision\n<<<<<<< HEAD\norganization,X,new\n=======\norganization,X,CDSP-001\n>>>>>>> theirs\n"
    )
    tiny.raw("identity_ledger.csv").write_text(text, encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r'identity_ledger.csv, row 2: found "<<<<<<<": two versions'):
        tiny.clean()


# ---- what an evaluator is told, time after time ---------------------------------------------------------------------


def test_what_is_new_leads_and_what_is_gone_is_said_with_what_hung_on_it(tiny):
    def konbit(word):
        done = CliRunner().invoke(main, [word, "--programme", str(tiny.toml)])
        return done.exit_code, done.stderr.splitlines()

    tiny.replace("programme.toml", 'files = "sign_in.csv"', 'files = "sign*.csv"')
    for name in ("a", "b", "c", "d"):
        tiny.add("survey.csv", f"{name},CDSP-001,2017-01-05,1,{name},yes")
    tiny.raw("sign_2.csv").write_text("event_id,organization_id,delegate\nE002,APA,Fifth Delegate\n", encoding="utf-8")
    assert konbit("clean")[0] == 1 and konbit("check")[0] == 0
    tiny.replace("survey.csv", "u1,", "late,CDSP-002,2017-01-06,1,eight,yes\nu1,")  # the rows of the others move
    tiny.raw("sign_2.csv").unlink()
    code, said = konbit("check")
    assert code == 1 and said[0] == "sign_2.csv was there and is gone, with 1 rows of sign_in."
    new = [line for line in said[: said.index("Told before:")] if line.startswith("  ")]
    told = 'found "eight"; expected a whole number; or say what it means: levels.motivation = { "eight" = "…" }.'
    assert new == [f'  survey.csv, row 2, column "motivation": {told}']
    assert konbit("clean")[1][2] == new[0]


# ---- corrections hold on to records ---------------------------------------------------------------------------------


RECORD = "R6170f14d3dd852fe"  # of whom a conversation was with, and when: as the log calls it


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "CDSP-001,2016-12-01,",
            "AWD-001,2016-11-30,2017-02-02\nCDSP-001,2016-12-01,",
            "",
        ),  # another row, the same record
        (
            "CDSP-001,2016-12-01,2017-01-01",
            "CDSP-002,2016-12-01,2017-01-01",
            "row 2 of conversations.csv is another record",
        ),
        ("CDSP-001,2016-12-01,2017-01-01", "CDSP-001,2016-12-01,2017-03-03", "is there already"),
        ("CDSP-001,2016-12-01,2017-01-01", "CDSP-001,2016-12-01,01/01/2017", ""),  # the same day, written otherwise
    ],
)
def test_a_correction_is_about_its_record_or_stops(tiny, old, new, message):
    tiny.replace(
        "programme.toml", 'files = "conversations.csv"', 'files = "conversations.csv"\ndates = ["day/month/year"]'
    )
    line = f"conversations.csv,,2,{RECORD},follow_up_due_on,2017-01-01,2017-03-03,change_response"
    header = "source,sheet,row,record_id,column,old_value,new_value,change_type"
    tiny.raw("corrections.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    tiny.replace("conversations.csv", old, new)
    if "another" in message:
        with pytest.raises(kl.KonbitError, match=message):
            tiny.clean()
        return
    data = tiny.clean()
    talks = data.conversations[data.conversations["organization_id"] == "CDSP-001"]
    assert talks["follow_up_due_on"].dt.strftime("%Y-%m-%d").tolist() == ["2017-03-03"]
    done = data.cleaning_log[data.cleaning_log["check"] == "correction"]
    assert done["record_id"].tolist() == [RECORD] * (not message)
    assert any("has the new value by now" in notice for notice in data.notices) == bool(message)


def test_a_correction_of_a_file_that_was_renamed_says_its_new_name(tiny):
    header = "source,sheet,row,record_id,column,old_value,new_value,change_type"
    line = "survey_2016.csv,,2,,motivation,4,5,change_response"
    tiny.raw("corrections.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r'"survey_2016.csv", which no .* reads. Did you mean "survey.csv"'):
        tiny.clean()


def test_two_lines_of_a_code_that_are_one_organization_keep_both_its_names(tiny):
    tiny.add("organizations.csv", "CDSP-001,Gwoup Solèy,GS,cdsp,non")
    tiny.add("invitations.csv", "E002,Gwoup Solèy")
    tiny.raw("identity_ledger.csv").write_text(
        "question,typed,decision\ncode,CDSP-001: Gwoup Solèy,same\n", encoding="utf-8"
    )
    data = tiny.clean()
    line = data.organizations.set_index("organization_id").loc["CDSP-001"]
    assert line[["name", "former_names", "former_acronyms"]].tolist() == [
        "Gwoup Solèy",
        "Asosyasyon Peyizan Aquin",
        "APA",
    ]
    assert _attended(data) == _attended(data) | {("E001", "CDSP-001"): True, ("E002", "CDSP-001"): False}

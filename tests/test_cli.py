"""The command: one clear message on bad input, the right exit code, and no half-written output."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from small_study import as_stored, cell, html, opening, written

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.publish import UNFINISHED, only_one_run
from konbit_lessons.terminal import once_per_file

ROOT = Path(__file__).parent.parent


NOWHERE = """transport_refund = "Transport refund"
certificate = "Certificate"
belief_money = "Belief in money"
knows_benefits = { label = "Knows the benefits", kind = "yes_no" }
income = { label = "Income", kind = "number", unit = "currency" }
training = { label = "Training", met_by = ["training"] }
"""


@pytest.fixture
def konbit(tiny, monkeypatch):
    """Runs ``konbit …`` in the folder of the tiny programme; returns exit code, standard output, and errors.

    What the tiny programme declares and no file of it holds is not declared here.
    """
    for line in NOWHERE.splitlines(keepends=True):
        tiny.replace("programme.toml", line, "")
    monkeypatch.chdir(tiny.folder)

    def run(*words):
        done = CliRunner().invoke(main, words, catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    return run


def _made(tiny):
    return sorted(path.relative_to(tiny.folder).as_posix() for path in tiny.folder.rglob("*") if path.is_file())


def test_check_says_what_it_read_and_writes_nothing(tiny, konbit):
    before = _made(tiny)
    code, out, err = konbit("check")
    assert code == 0 and not err
    assert "invitations           6 rows read =       6 kept +     0 set aside" in out
    assert _made(tiny) == before


def test_what_sheets_of_a_file_have_alike_is_said_once():
    of_sheets = ['a.xlsx: sheet E1: above the header stands "One"', 'a.xlsx: sheet E2: above the header stands "Two"']
    unused = [f"{name}.xlsx, sheet E{n}: not used: N°, Phone" for name in "ab" for n in range(3)]
    other = ["a.xlsx, sheet E1: not used: N°", "b.csv: not used: Title", "b.csv: not used: Title, Place"]
    assert list(once_per_file([*of_sheets, *unused, *other])) == [
        'a.xlsx: sheet E1: above the header stands "One" (and so in 1 more sheet)',
        "a.xlsx, sheet E0: not used: N°, Phone (and so in 2 more sheets)",
        "b.xlsx, sheet E0: not used: N°, Phone (and so in 2 more sheets)",
        *other,
    ]


def test_check_lists_what_is_wrong_with_file_row_and_column_and_exits_1(tiny, konbit):
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,7,perhaps")
    code, _, err = konbit("check")
    assert code == 1
    assert err.splitlines() == [
        "Set aside: 0 rows and 2 values.",
        '  survey.csv, row 2, column "expects_funding": found "perhaps"; expected yes or no (oui, non, wi, x, 1, 0); or say what it means: levels.expects_funding = { "perhaps" = "…" }.',
        '  survey.csv, row 2, column "motivation": found "7"; expected 1 to 5.',
    ]


def test_what_was_decided_is_no_problem_any_more(tiny, konbit):
    tiny.add("sign_in.csv", "E002,Radyo Vil la,Fourth Delegate,no")
    code, _, err = konbit("check")
    assert code == 1 and err.splitlines()[1] == "Set aside: 1 rows and 0 values."
    ledger = "question,typed,decision\norganization,Radyo Vil la,not an organization\n"
    tiny.raw("identity_ledger.csv").write_text(ledger, encoding="utf-8")
    for words in ("check", "clean", "check"):
        code, _, err = konbit(words)
        assert (code, err) == (0, "Set aside: 1 rows and 0 values, 1 of them as was decided.\n")


def test_what_was_decided_to_stay_set_aside_is_no_problem_any_more(tiny, konbit):
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,7,yes")
    assert konbit("clean")[0] == 1
    path = tiny.folder / "data" / "processed" / "set_aside.csv"
    aside = pd.read_csv(path, dtype="str")
    aside.assign(decision="no_action").to_csv(path, index=False)
    for words in ("check", "clean", "clean"):
        code, _, err = konbit(words)
        assert (code, err) == (0, "Set aside: 0 rows and 1 values, 1 of them as was decided.\n")
    tiny.replace("survey.csv", "2017-01-05,1,7,yes", "2017-01-05,1,8,yes")  # which nobody has looked at
    assert konbit("clean")[0] == 1


def test_clean_writes_the_tables_the_log_and_what_was_set_aside(tiny, konbit):
    code, out, _ = konbit("clean")
    folder = tiny.folder / "data" / "processed"
    made = {path.name for path in folder.glob("[!.]*")}
    assert code == 0 and f"Written: {len(made)} files" in out
    assert {"invitations.parquet", "survey.parquet", "cleaning_log.csv", "set_aside.csv"} <= made
    with only_one_run(folder):
        code, _, err = konbit("clean")
    assert code == 4 and "processed: another run is writing there (process" in err


def test_what_was_noticed_is_counted_by_clean_and_listed_by_check(tiny, konbit):
    tiny.raw("survey.csv").write_text(
        tiny.raw("survey.csv").read_text("utf-8").replace("motivation", "motivation,besoin").replace(",4,", ",4,eau,"),
        "utf-8",
    )
    assert "noticed: survey.csv: not used: besoin" in konbit("check")[1]
    assert "Noticed: 2 things in the files; konbit check lists them." in konbit("clean")[2]


def test_the_shortest_way_to_a_first_report_is_shown(tiny, konbit):
    tiny.toml.unlink()
    code, _, err = konbit("check")
    assert code == 2 and "or start from the 6 files there (data/raw)." in err
    assert "konbit draft-programme data/raw; decide the lines marked OPEN in it; konbit check; konbit report" in err


BAD = {
    "a missing programme": (lambda tiny: tiny.toml.unlink(), ["check"], "programme.toml: there is no such file"),
    "a question in two groups": (
        lambda tiny: (
            tiny.replace("survey.csv", "motivation,expects_funding", "before/motivation,after/motivation"),
            tiny.replace("programme.toml", '"survey.csv"', '"survey.csv"\ncolumns = { motivation = "motivation" }'),
        ),
        ["check"],
        '2 columns end in "motivation", before/motivation and after/motivation: name the one that is meant',
    ),
    "a missing file": (lambda tiny: tiny.raw("events.csv").unlink(), ["clean"], 'no file matches "events.csv"'),
    "a missing column": (
        lambda tiny: tiny.replace("events.csv", "event_type", "kind"),
        ["clean"],
        'events.csv: nothing is given for the column "event_type"',
    ),
    "an empty table": (
        lambda tiny: tiny.raw("events.csv").write_text("event_id,event_type,held_on\n", encoding="utf-8"),
        ["clean"],
        'events.csv: the table "events" is empty; expected at least one row that can be used. There is a header',
    ),
    "an empty file": (lambda tiny: tiny.raw("events.csv").write_text(""), ["check"], "events.csv: the file is empty"),
    "no date that can be read": (
        lambda tiny: tiny.replace("events.csv", "2017-", "2017/"),
        ["clean"],
        'Row 2 was set aside: the row cannot be used without held_on; expected a date written year-month-day',
    ),
    "a quarter without events": (
        lambda tiny: None,
        ["report", "--quarter", "FY2019Q1"],
        "quarter: found FY2019Q1, in which there is no event; quarters with events: FY2017Q2",
    ),
    "what is no quarter": (
        lambda tiny: None,
        ["report", "--quarter", "spring"],
        'quarter: found "spring"; expected a fiscal quarter such as FY2017Q3',
    ),
    "a contact that is still open": (
        lambda tiny: tiny.replace("programme.toml", "evaluation@example.org", "OPEN: point of contact"),
        ["report"],
        'point_of_contact: found "OPEN: point of contact", as drafted',
    ),
    "an unknown report": (lambda tiny: None, ["report", "budget"], 'report: found "budget"; expected one of learning_report'),
    "an unknown parameter": (lambda tiny: None, ["report", "-p", "methd=linear"], "methd"),
    "no parameter": (lambda tiny: None, ["report", "-p", "linear"], "expected NAME=VALUE"),
    "an unknown language": (lambda tiny: None, ["report", "--language", "xx"], "language: found 'xx'; expected one of en"),
    "an unknown incentive": (
        lambda tiny: tiny.replace("programme.toml", '"business_showcase", ', '"busines_showcase", '),
        ["report", "incentives"],
        "busines_showcase",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_message_exit_code_2_and_leaves_nothing_half_written(tiny, konbit, case):
    bend, words, message = BAD[case]
    bend(tiny)
    before = _made(tiny)
    code, out, err = konbit(*words)
    assert code == 2, (out, err)
    assert message in err and err.count("konbit: ") == 1 and "Traceback" not in err
    after = [path for path in _made(tiny) if not path.startswith("data/processed/")]  # a report may clean first
    assert after == before


NOT_FORESEEN = {
    "Ctrl-C": (KeyboardInterrupt(), "konbit: stopped. What was finished before stays as it was."),
    "a full disk": (OSError(28, "No space left on device", "/x/y/a.html"), "konbit: y/a.html: No space left on device."),
    "a bug": (KeyError("held_on"), "konbit: this should not happen: KeyError: 'held_on'. To see where, set KONBIT_DEBUG=1."),
}  # fmt: skip


@pytest.mark.parametrize("words", [["check"], ["clean"], ["report"], ["briefs"], ["bundle"], ["codebook"]], ids=str)
@pytest.mark.parametrize("case", NOT_FORESEEN)
def test_what_nobody_foresaw_is_no_success_and_no_problem_of_the_data(konbit, monkeypatch, case, words):
    raised, message = NOT_FORESEEN[case]
    monkeypatch.setattr("konbit_lessons.field.programme.load", lambda *a, **k: (_ for _ in ()).throw(raised))
    code, _, err = konbit(*words)
    assert code == 3 and err.startswith(message) and len(err.splitlines()) == 1


def test_where_a_bug_is_shows_when_asked(konbit, monkeypatch):
    monkeypatch.setenv("KONBIT_DEBUG", "1")
    monkeypatch.setattr("konbit_lessons.field.programme.load", lambda *a, **k: 1 / 0)
    code, _, err = konbit("check")
    assert code == 3 and "ZeroDivisionError" in err and "test_cli.py" in err


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 3)])
def test_a_report_says_what_it_left_out_and_is_refused_when_strict(study, monkeypatch, strict, code):
    written(study.folder / "notebooks", cell(html("<p>x</p>"), source="rows"), name="tried")
    done = CliRunner().invoke(main, ["report", "tried", "--programme", str(study.path), *strict])
    assert done.exit_code == code
    assert "tried.ipynb, cell 2 (rows): a frame or HTML" in (done.stderr if strict else done.stdout)
    assert (study.folder / "reports" / "study" / "shared" / "tried.html").exists() == (not strict)


def test_a_formula_with_equals_signs_reaches_the_notebook_whole(study, monkeypatch):
    given = {}
    run = lambda path, parameters, **options: given.update(parameters) or as_stored(path, parameters, **options)  # noqa: E731
    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", run)
    formula = "y ~ a * C(c, levels=['x', 'y'])"
    done = CliRunner().invoke(main, ["report", "--programme", str(study.path), "-p", f"formula={formula}"])
    assert done.exit_code == 0 and given["formula"] == formula


def test_a_problem_of_the_data_is_listed_after_a_report_and_ends_it_with_1(tiny, konbit, monkeypatch):
    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", as_stored)
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,7,perhaps")
    written(tiny.folder / "notebooks", cell(opening()), name="tried")
    code, out, err = konbit("report", "tried")
    assert code == 1 and "Set aside: 0 rows and 2 values." in err
    assert out.endswith(f"Open {tiny.folder / 'reports' / 'FY2017Q2' / 'shared' / 'index.html'}\n")


def test_how_far_it_is_and_how_long_it_takes_is_said_on_a_terminal_only(study, monkeypatch, capsys):
    given = {}
    run = lambda path, parameters, **options: given.update(options) or as_stored(path, parameters, **options)  # noqa: E731
    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", run)
    words = [
        "report",
        "--language",
        "en,fr",
        "--seconds",
        "7",
        "--notebook-seconds",
        "70",
        "--programme",
        str(study.path),
    ]
    assert "left" not in CliRunner().invoke(main, words).stdout and given["seconds"] == 7
    assert given["notebook_seconds"] == 70
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(SystemExit):
        main([*words, "--force"])
    out = capsys.readouterr().out
    assert "██████████·········· 1 of 2 · less than a minute left\r\033[Kincentives.fr: running" in out
    assert "2 of 2" not in out and out.splitlines()[-1].split("\033[K")[-1].startswith("Open ")


def test_where_the_time_went_is_said_by_notebook_and_cell(study, monkeypatch):
    cells = [cell(opening(), source=f"{name} = 1") for name in ("quick", "slow")]
    for one, seconds in zip(cells, (0.01, 2.5), strict=True):
        one.metadata["papermill"] = {"duration": seconds}
    written(study.folder / "notebooks", *cells, name="tried")
    done = CliRunner().invoke(main, ["report", "tried", "--timings", "--programme", str(study.path)])
    assert "     2.5 s  tried\n     2.5 s    cell 3 (slow = 1)\n" in done.stdout and "quick" not in done.stdout


def test_a_held_lock_ends_with_4(study):
    with only_one_run(study.folder / "reports" / "study"):
        done = CliRunner().invoke(main, ["report", "--programme", str(study.path)])
    assert done.exit_code == 4 and "another run is writing there" in done.stderr


def test_an_option_that_is_none_is_refused_with_exit_code_2(konbit):
    code, _, err = konbit("report", "--quater", "FY2017Q3")
    assert code == 2 and "No such option" in err and "--quarter" in err


def test_an_example_is_not_written_over_data(tiny, konbit):
    code, _, err = konbit("example", str(tiny.folder))
    assert code == 2 and "data" in err and "raw" in err
    assert len(_made(tiny)) == 7


SLIPS = ["report --programme x.toml", "chek", "report --quater", "report budget", "report --quarter spring"]
SLIPS += ["report --language fr,xx", "briefs --language xx", "bundle --quarter 2017", "codebook --language xx"]


@pytest.mark.parametrize("words", [slip.split() for slip in SLIPS], ids=" ".join)
def test_a_typo_is_answered_before_what_is_heavy_is_loaded(words):
    code = f"""
import sys
import konbit_lessons as kl
from konbit_lessons.cli import main
try:
    main({words})
except SystemExit as end:
    print(end.code, sorted({{"pandas", "pydantic", "babel", "jsonschema", "papermill"}} & {{*sys.modules}}))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "2 []\n" and words[-1].split(",")[-1] in done.stderr


def test_the_help_cuts_no_sentence():
    said = CliRunner().invoke(main, ["--help"], terminal_width=80).stdout.partition("Commands:")[2]
    assert "report" in said and "..." not in said and max(map(len, said.splitlines())) <= 80


@pytest.mark.slow
def test_doctor_says_what_is_wrong_here_and_what_to_do(tiny, konbit, monkeypatch):
    code, out, _ = konbit("doctor")
    assert (code, {line[:6] for line in out.splitlines()}) == (0, {"well  "}) and "well  a kernel" in out
    kl.cleaned(kl.load(tiny.toml))
    (tiny.folder / "data" / "processed" / f"{UNFINISHED}x").touch()
    tiny.raw("events.csv").unlink()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("konbit_lessons.reports.doctor.shutil.disk_usage", lambda _: SimpleNamespace(free=2**20))
    code, out, _ = konbit("doctor")
    assert code == 1 and "wrong Word files: --to docx: found no pandoc" in out
    assert "wrong disk, processed: 1 MB are free; make room for 500." in out
    assert "wrong locks, processed: 1 files of a run that was stopped; the next run sweeps them away" in out
    assert 'wrong raw files: programme.toml, [[source]] of table "events": no file matches' in out
    with only_one_run(tiny.folder / "reports"):
        assert "wrong locks, reports: reports is held by another run (process" in konbit("doctor")[1]
    tiny.replace("programme.toml", "[analysis]", "[analisis]")
    assert "wrong programme.toml: programme.toml, [analisis]" in konbit("doctor")[1]

"""``konbit briefs``: one page for each organization, whatever it is called, and whatever happens to a kernel."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from nbformat.v4 import new_notebook
from small_study import cell, html, text, written

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.errors import ProgrammeError, ReportError
from konbit_lessons.publish import only_one_run
from konbit_lessons.reports.briefs import file_name, make_briefs
from konbit_lessons.reports.notebooks import BRIEF

ROOT = Path(__file__).parent.parent
PARAMETERS = (
    'programme_file = "programme.toml"\norganization = "CDSP-001"\nquarter = "FY2017Q2"\nlanguage = "en"\n'
    'audience = "internal"'
)
NAMES = [
    "CDSP-001", "cdsp-001", "Cdsp-001", "../x", "..", ".", "/etc/passwd", "C:\\x", "a/b", "a\\b",
    "{x}", "{x.__class__}", "CON", "con", "NUL", "COM1", "LPT9", "AUX.txt", "a" * 300, "A" * 300, "A" * 60,
    "\u00e9", "e\u0301", "\u00c9",
    "", " ", "x ", "x", "X", ".hidden", "index", "INDEX", "manifest", "x\0y", "x\ny", "組織", "منظمة", "%2e%2e", "~",
    "-", "cdsp-001~0123456789ab", "CDSP 001", "*?<>|",
]  # fmt: skip


def own_notebook(tiny, *sources):
    """A programme's own organization_brief.ipynb, in place of the one that is shipped."""
    written(tiny.folder / "notebooks", text("x", "lab-only"), *sources, name=BRIEF, parameters=PARAMETERS)


def konbit(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def made(tiny, out, **options):
    return make_briefs(kl.load(tiny.toml, audience="internal"), reports=out, **options)


def folder(out, quarter="FY2017Q2"):
    return out / quarter / "internal" / "briefs"


def kernels():
    """The command lines of the kernels that this process started and that still live."""
    found = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if "ipykernel_launcher" in line and line.split()[0] == str(os.getpid())]


# ---- names of files


def test_every_code_gets_a_file_name_of_its_own_inside_the_folder(tmp_path):
    names = [file_name(code) for code in NAMES]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(NAMES)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_~-]{1,70}", name)
        assert not re.fullmatch(r"(con|nul|aux|com1|lpt9|index|manifest)", name, re.IGNORECASE)
        assert (tmp_path / f"{name}.html").resolve().parent == tmp_path.resolve()


# ---- the shipped notebook


@pytest.fixture(scope="module")
def of_tiny(tmp_path_factory):
    """The briefs of a programme whose codes and names are odd, by one worker."""
    from conftest import TINY_FILES, TINY_TOML, Tiny

    tiny = Tiny(tmp_path_factory.mktemp("odd"))
    tiny.raw("").mkdir(parents=True)
    tiny.toml.write_text(TINY_TOML, encoding="utf-8")
    for name, rows in TINY_FILES.items():
        tiny.raw(name).write_text(rows, encoding="utf-8")
    tiny.add("organizations.csv", "../x,Émile <b>& fils</b>,,awardee,")
    out = tiny.folder / "out"
    return tiny, out, konbit("briefs", "--programme", tiny.toml, "--reports", out, "--workers", 1)


def test_there_is_a_page_for_each_and_an_index_by_name(of_tiny):
    _, out, result = of_tiny
    assert result.exit_code == 0, result.output
    odd = f"{file_name('../x')}.html"
    assert {path.name for path in folder(out).iterdir()} == {
        "AWD-001.html", "CDSP-001.html", "CDSP-002.html", "CDSP-003.html", odd, "index.html", "manifest.json",
    }  # fmt: skip
    index = BeautifulSoup((folder(out) / "index.html").read_text(encoding="utf-8"), "html.parser")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in index.select("tbody tr")]
    assert rows == [
        ["Asosyasyon Peyizan Aquin", "1 December 2016", "1", "0", "Service provider"],
        ["Cabinet Théodore & Associés", "10 January 2017", "0", "0", "Awardee"],
        ["Émile <b>& fils</b>", "–", "0", "0", "Awardee"],
        ["Fondation pour le Développement de Jacmel", "–", "0", "0", "Service provider"],
        ["Fondation pour le Développement de Jacmel Nord", "–", "0", "0", "Service provider"],
    ]
    assert all((folder(out) / link["href"].replace("%7E", "~")).is_file() for link in index.select("tbody a"))
    assert "Not for sharing outside the team" in index.get_text()


def test_a_page_says_that_it_is_internal_and_holds_no_code_and_no_path(of_tiny):
    tiny, out, _ = of_tiny
    for path in folder(out).glob("*.html"):
        html = path.read_text(encoding="utf-8")
        assert "Internal:" in html and "Not for sharing outside the team." in html
        assert str(tiny.folder) not in html and "Delegate" not in html and "programme_file" not in html
        assert len(html.encode()) < 60_000


def test_executed_notebooks_are_not_kept_and_the_manifest_names_no_path(of_tiny):
    tiny, out, _ = of_tiny
    assert not list(out.rglob("*.ipynb"))
    text = (folder(out) / "manifest.json").read_text(encoding="utf-8")
    assert str(tiny.folder) not in text
    said = json.loads(text)
    assert (said["audience"], said["quarter"]) == ("internal", "FY2017Q2")
    assert said["briefs"]["../x"]["parameters"]["organization"] == "../x"
    assert not kernels()


@pytest.mark.slow
def test_two_workers_make_the_same_bytes_as_one(of_tiny, tmp_path):
    tiny, out, _ = of_tiny
    made(tiny, tmp_path, workers=2)
    for path in folder(out).iterdir():
        assert path.read_bytes() == (folder(tmp_path) / path.name).read_bytes(), path.name


def test_what_is_up_to_date_is_left_as_it_is(of_tiny):
    tiny, out, _ = of_tiny
    before = {path: path.stat().st_mtime_ns for path in folder(out).glob("*-00*.html")}
    again = konbit("briefs", "--programme", tiny.toml, "--reports", out)
    assert "5 are up to date" in again.output
    assert {path: path.stat().st_mtime_ns for path in before} == before
    one = folder(out) / "CDSP-002.html"
    whole = one.read_bytes()
    one.write_bytes(whole + b"x")
    (folder(out) / "AWD-001.html").unlink()
    konbit("briefs", "--programme", tiny.toml, "--reports", out)
    assert one.read_bytes() == whole and (folder(out) / "AWD-001.html").is_file()
    assert {path for path in before if path.stat().st_mtime_ns == before[path]} == {
        folder(out) / "CDSP-001.html",
        folder(out) / "CDSP-003.html",
    }


# ---- calls that are wrong


def test_an_unknown_organization_is_refused_with_those_near_it(tiny, tmp_path):
    result = konbit("briefs", "--programme", tiny.toml, "--reports", tmp_path / "out", "--organization", "CDSP-01")
    assert result.exit_code == 2
    assert 'found "CDSP-01", a code that no organization has; near it are CDSP-001' in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("audience", ["shared", "internal"])
def test_konbit_report_makes_no_brief_and_says_what_does(tiny, tmp_path, audience):
    options = ["--programme", tiny.toml, "--reports", tmp_path / "out", "--audience", audience]
    result = konbit("report", "organization_brief", *options)
    assert result.exit_code == 2
    assert "organization_brief is about one organization: internal, never shared" in result.output
    assert "Use konbit briefs" in result.output
    assert not (tmp_path / "out").exists()


def test_a_study_and_a_brief_for_sharing_are_refused(tiny, tmp_path):
    result = konbit("briefs", "--programme", ROOT / "examples/thornton_2008/programme.toml", "--reports", tmp_path)
    assert (result.exit_code, "a study, which has no organizations" in result.output) == (2, True)
    with pytest.raises(ProgrammeError, match='audience "shared"'):
        make_briefs(kl.load(tiny.toml), reports=tmp_path)
    assert konbit("briefs", "--programme", tiny.toml, "--audience", "shared").exit_code == 2


def test_a_second_run_learns_who_holds_the_lock(tiny, tmp_path):
    with only_one_run(tmp_path / "FY2017Q2"):
        result = konbit("briefs", "--programme", tiny.toml, "--reports", tmp_path)
    assert result.exit_code == 4
    assert f"process {os.getpid()}" in result.output


# ---- what goes wrong in a kernel

FAILS = {
    "an error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exit": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "a dead kernel": ("import os; os._exit(0)", "DeadKernelError: Kernel died"),
    "a timeout": ("import time; time.sleep(60)", "CellTimeoutError: A cell timed out"),
    "a failing repr": ("type('X', (), {'__repr__': lambda self: 1 / 0})()", ""),  # IPython does not name the error
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAILS)
def test_only_the_brief_fails_in_which_something_goes_wrong(tiny, tmp_path, kind):
    code, said = FAILS[kind]
    wrong = code if kind == "a failing repr" else f"exec({code!r})"
    own_notebook(tiny, "shown = 1", f"{wrong} if organization == 'CDSP-001' else 'fine'", "'end'")
    with pytest.raises(ReportError, match=rf"CDSP-001, cell 4 \(.*({said})"):
        made(tiny, tmp_path, workers=1, seconds=5 if kind == "a timeout" else 60)
    pages = {path.stem for path in folder(tmp_path).glob("*.html")}
    assert pages == {"AWD-001", "CDSP-002", "CDSP-003", "index"}
    kept = list((tmp_path / "FY2017Q2" / "internal" / "notebooks" / "briefs").iterdir())
    assert [path.name for path in kept] == ["CDSP-001.FAILED.ipynb"]
    index = BeautifulSoup((folder(tmp_path) / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert "CDSP-001" in index.select_one(".failed").get_text()
    assert len(index.select("tbody tr")) == 3
    assert str(tiny.folder) not in index.decode()
    assert not kernels()
    own_notebook(tiny, "'fine'")
    made(tiny, tmp_path, workers=1)
    assert not list((tmp_path / "FY2017Q2" / "internal" / "notebooks" / "briefs").iterdir())


@pytest.mark.slow
def test_a_failed_brief_ends_the_command_with_3(tiny, tmp_path):
    own_notebook(tiny, "1 / 0")
    result = konbit("briefs", "--programme", tiny.toml, "--reports", tmp_path, "--organization", "AWD-001")
    assert result.exit_code == 3
    assert "organization_brief.ipynb, AWD-001, cell 3 (1 / 0): ZeroDivisionError" in result.output


@pytest.mark.slow
def test_nothing_is_left_in_a_kernel_for_the_next_brief(tiny, tmp_path):
    own_notebook(
        tiny,
        "assert not {'left', 'kl'} & {*globals()}\nimport os\nassert os.path.basename(os.getcwd()) == 'tiny'",
        "left = 1\nimport konbit_lessons as kl\nos.chdir('/')",
    )
    assert len(made(tiny, tmp_path, workers=1).pages) == 4


@pytest.mark.slow
def test_no_process_survives_a_run(tiny, tmp_path):
    pids = tmp_path / "pids"
    own_notebook(
        tiny,
        "import subprocess, sys, os\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"print(child.pid, file=open({str(pids)!r}, 'a'))",
        "os._exit(1) if organization == 'CDSP-002' else None",
    )
    with pytest.raises(ReportError, match="CDSP-002"):
        made(tiny, tmp_path, workers=2)
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == 4
    until = time.monotonic() + 5
    while (alive := [pid for pid in started if _alive(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive and not kernels()


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_stopped(tiny, tmp_path):
    own_notebook(tiny, "import time\ntime.sleep(0.5)\norganization")
    made(tiny, tmp_path / "clean", workers=1)
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "konbit_lessons.cli", "briefs", "--programme", tiny.toml, "--reports", out]
    run = subprocess.Popen([*command, "--workers", "1"], cwd=ROOT, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(list(folder(out).glob("*.html"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    run.send_signal(signal.SIGKILL)
    run.wait()
    finished = {path: path.stat().st_mtime_ns for path in folder(out).glob("*.html")}
    assert 2 <= len(finished) < 4
    made(tiny, out, workers=1)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    for path in folder(tmp_path / "clean").iterdir():
        assert path.read_bytes() == (folder(out) / path.name).read_bytes(), path.name
    assert {path.name for path in folder(out).iterdir()} == {path.name for path in folder(tmp_path / "clean").iterdir()}


@pytest.mark.slow
def test_raw_files_that_change_while_briefs_are_made_are_found_out(tiny, tmp_path):
    raw = str(tiny.raw("conversations.csv"))
    own_notebook(tiny, f"print('CDSP-002,2017-02-01,', file=open({raw!r}, 'a'))")
    with pytest.raises(kl.KonbitError, match="the raw files changed while the briefs were made"):
        made(tiny, tmp_path, workers=1)


# ---- several languages, and only what changed


@pytest.fixture
def briefs_of(tiny, tmp_path, monkeypatch):
    """Makes briefs without a kernel; returns the (code, language) of those that were made."""

    class Stored:
        def __init__(self, programme_file, **_):
            pass

        def run(self, notebook, parameters, **_):
            ran.append((parameters["organization"], parameters["language"]))
            return new_notebook(cells=[cell(html(f"<h1>{parameters['organization']}</h1>"))])

        def close(self):
            pass

        stop = close

    ran = []
    monkeypatch.setattr("konbit_lessons.reports.each.Kernel", Stored)

    def make(organizations=("CDSP-001", "AWD-001"), **options):
        ran.clear()
        made(tiny, tmp_path / "out", organizations=list(organizations), **options)
        return sorted(ran)

    return make


def test_briefs_of_several_languages_stand_side_by_side(briefs_of, tmp_path):
    assert briefs_of(language="fr,en") == [(one, of) for one in ("AWD-001", "CDSP-001") for of in ("en", "fr")]
    names = {path.name for path in folder(tmp_path / "out").iterdir()}
    pages = {f"{one}{of}.html" for one in ("AWD-001", "CDSP-001", "index") for of in ("", ".fr")}
    assert names == pages | {"manifest.json", "manifest.fr.json"}
    said = {name: (folder(tmp_path / "out") / name).read_text(encoding="utf-8") for name in pages}
    for name, page in said.items():
        other = name.replace(".fr.html", ".html") if ".fr" in name else name.replace(".html", ".fr.html")
        assert f'class="languages on-screen"><a href="{other}"' in page, name
        assert f'lang="{"fr" if ".fr" in name else "en"}"' in page.partition("<head>")[0]
    assert 'href="index.fr.html"' in said["AWD-001.fr.html"] and 'href="AWD-001.fr.html"' in said["index.fr.html"]
    assert briefs_of(language="ht") == [("AWD-001", "ht"), ("CDSP-001", "ht")]
    page = (folder(tmp_path / "out") / "AWD-001.html").read_text(encoding="utf-8")
    assert 'href="AWD-001.fr.html"' in page and 'href="AWD-001.ht.html"' in page
    assert briefs_of(language="en,fr,ht") == []


def test_only_the_brief_that_tells_of_what_changed_is_made_again(tiny, briefs_of, tmp_path):
    assert briefs_of() == [("AWD-001", "en"), ("CDSP-001", "en")]
    tiny.replace("conversations.csv", "AWD-001,2017-01-10", "AWD-001,2017-01-11")
    assert briefs_of() == [("AWD-001", "en")]
    index = folder(tmp_path / "out") / "index.html"
    assert "From an earlier run" not in index.read_text(encoding="utf-8") and briefs_of() == []
    before = {path: path.read_bytes() for path in index.parent.iterdir()}
    assert len(briefs_of(force=True)) == 2
    assert {path: path.read_bytes() for path in index.parent.iterdir()} == before
    index.write_text("edited", encoding="utf-8")
    assert briefs_of() == [] and index.read_bytes() == before[index]
    tiny.replace("programme.toml", "evaluation@example.org", "other@example.org")
    assert len(briefs_of()) == 2


def test_a_brief_of_a_notebook_of_ones_own_is_made_again_where_anything_changed(tiny, briefs_of):
    own_notebook(tiny, "1")
    assert len(briefs_of()) == 2 and briefs_of() == []
    (tiny.folder / "notes.txt").write_text("x", encoding="utf-8")
    assert len(briefs_of()) == 2

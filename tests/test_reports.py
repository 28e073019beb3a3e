"""Reports: parameters checked first, pages that hold nothing that runs, whole files, one run at a time."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import openpyxl
import pandas as pd
import psutil
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook, new_output
from small_study import as_stored, cell, html, opening, part, study_of, text, written

import konbit_lessons as kl
from konbit_lessons.errors import DataError, LockedError, ProgrammeError, ReportError
from konbit_lessons.figures.markup import PARTS, as_csv
from konbit_lessons.publish import UNFINISHED, only_one_run, published
from konbit_lessons.reports.document import Setting
from konbit_lessons.reports.gate import passed
from konbit_lessons.reports.make import Made, make_reports
from konbit_lessons.reports.notebooks import checked_parameters
from konbit_lessons.reports.page import ALLOWED, page, sanitized
from konbit_lessons.reports.run import run
from konbit_lessons.reports.warm import CAN_COPY
from konbit_lessons.words import Words

HERE = Path(__file__).parent
HOSTILE = json.loads((HERE / "data" / "hostile_cells.json").read_text(encoding="utf-8"))
DEFAULTS = {"quarter": "FY2017Q3", "limit": 0.1, "n": 3, "flag": True}
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
PNG = "iVBORw0KGgo="
OF_PICTURES = {name.lower() for tag in ("svg", "path", "text") for name in ALLOWED["attributes"][tag]}
NO_PLACE = ["script", "iframe", "form", "input", "button", "base", "object", "embed", "use", "animate", "image"]
DRAWN = [
    f'<svg class="{name}" viewBox="0 0 9 9" fill="none" font-size="11.1"><path d="m1 2l-3 .4z" fill="#ffffff" '
    'fill-opacity=".4" stroke="#0072b2" stroke-width="2" stroke-dasharray="8 3"></path><text x="1" y="2" '
    f'font-weight="700" text-anchor="middle" fill="#1b1b1b" transform="rotate(-9 1 2)">{name}</text></svg>'
    for name in ("narrow", "wide")
]


def page_of(programme, *cells, audience="internal", language="en", **options):
    """The page of cells, parsed; for the team unless told, so that cells of every kind reach it."""
    made = passed(new_notebook(cells=list(cells)), audience=audience)
    setting = Setting(programme, None, Words(language), audience)
    return BeautifulSoup(page(made.cells, setting, **options), "html.parser")


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("one") / "study", simulated=True)


# ---- parameters


OF_NO_TYPE = [
    None,
    ["FY2017Q3"],
    ("a",),
    {"a": 1},
    {1},
    b"x",
    1j,
    Decimal(1),
    pd.Timestamp("2017-01-01"),
    object(),
    print,
]
OTHERS = [("quarter", 1), ("quarter", 2.5), ("quarter", True), ("n", 1.5), ("n", True), ("limit", True), ("flag", 1)]


@pytest.mark.parametrize(("name", "value"), [*OTHERS, *product(DEFAULTS, OF_NO_TYPE)])
def test_a_value_of_another_type_is_refused_before_anything_starts(name, value):
    with pytest.raises(ProgrammeError, match=rf"parameter {name}: found .* expected .*{name} \(\w+, .* unless told\)"):
        checked_parameters(DEFAULTS, {name: value})


@pytest.mark.parametrize(
    "name",
    [
        "quater",
        "Quarter",
        "",
        " quarter",
        "quarter = 1; x",
        "__class__",
        "{quarter}",
        "n\nimport os",
        "ñ",
        "n.m",
        "import",
    ],
)
def test_an_unknown_parameter_is_refused_and_the_known_ones_are_listed(name):
    with pytest.raises(
        ProgrammeError, match=r"which it does not have; it has quarter \(str.*flag \(bool, True unless told\)"
    ):
        checked_parameters(DEFAULTS, {name: "x"})


def test_text_from_a_command_line_is_read_as_the_type_of_the_default():
    given = {"quarter": "7", "limit": "0.05", "n": "4", "flag": "False"}
    assert checked_parameters(DEFAULTS, given) == {"quarter": "7", "limit": 0.05, "n": 4, "flag": False}
    for wrong in ({"n": "4.5"}, {"n": "four"}, {"flag": "1"}, {"limit": float("nan")}, {"n": "__import__('os')"}):
        with pytest.raises(ProgrammeError, match="expected"):
            checked_parameters(DEFAULTS, wrong)


# ---- running


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", r"cell 3 \(1 / 0\): ZeroDivisionError"),
        ("import sys; sys.exit(0)", r"cell 3 \(import sys; sys.exit\(0\)\)"),
        ("import os; os._exit(0)", r"cell 3 .*: DeadKernelError"),
        ("import time; time.sleep(60)", r"cell 3 .*: CellTimeoutError"),
    ],
)
def test_what_did_not_finish_is_kept_aside_and_is_no_success(tmp_path, source, said):
    path = written(tmp_path, text("counts too", "lab-only"), source, "2")
    with pytest.raises(ReportError, match=said):
        run(
            path,
            {},
            programme_file=tmp_path / "programme.toml",
            keep=tmp_path / "kept",
            seconds=2 if "sleep" in source else 8,
        )
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["tried.FAILED.ipynb"]


def test_a_notebook_whose_cells_together_take_too_long_is_stopped_at_the_cell_it_has_come_to(tmp_path):
    path = written(tmp_path, *["import time; time.sleep(0.8)"] * 9)
    with pytest.raises(ReportError, match=r"cell [345] .*: CellTimeoutError"):
        run(path, {}, programme_file=tmp_path / "programme.toml", keep=tmp_path / "kept", notebook_seconds=2)
    quick = written(tmp_path, "1", name="quick")
    run(quick, {}, programme_file=tmp_path / "programme.toml", keep=tmp_path / "kept", notebook_seconds=60)


HANGS = {
    "in a loop": "while True: pass",
    "whatever it is told": "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
    "in a library": "import ctypes; ctypes.CDLL(None).sleep(60)",
    "because it is stopped": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "and writes": "while True: print('x' * 100_000)",
    "and has many children": "import os, time\nfor _ in range(5): os.fork()\ntime.sleep(60)",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", HANGS.values(), ids=HANGS)
def test_a_notebook_that_hangs_is_ended_in_time_and_nothing_else_is_said_of_it(tmp_path, source):
    path = written(tmp_path, source)
    code = f"""
from pathlib import Path
from konbit_lessons.reports.make import run_notebook
folder = Path({str(tmp_path)!r})
run_notebook(Path({str(path)!r}), {{}}, programme_file=folder / "programme.toml", keep=folder / "kept", seconds=2)
"""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
    assert time.monotonic() - started < 60
    assert done.returncode == 1 and "CellTimeoutError" in done.stderr.splitlines()[-1], done.stderr
    assert "Task was destroyed" not in done.stderr


@pytest.mark.skipif(not CAN_COPY, reason="kernels are copies of a process on Linux alone")
def test_where_memory_ends_the_kernel_is_ended_and_no_other_process(tmp_path):
    path = written(tmp_path, "open('/proc/self/oom_score_adj').read()")
    told = {"programme_file": tmp_path / "programme.toml", "keep": tmp_path / "kept"}
    assert run(path, {}, **told).cells[-1].outputs[0].data["text/plain"] == r"'1000\n'"


def test_a_run_uses_this_python_in_the_programmes_folder_with_a_fixed_hash_seed_and_leaves_out_cells_for_the_lab(
    tmp_path,
):
    shown = (
        "import os, sys; (sys.executable, os.getcwd(), os.environ['PYTHONHASHSEED'], os.environ['KONBIT_PROGRAMME'], n)"
    )
    path = written(tmp_path, cell(source="1 / 0", tags=["lab-only"]), shown)
    folder = tmp_path / "with {braces}"
    folder.mkdir()
    executed = run(path, {"n": 5}, programme_file=folder / "programme.toml", keep=folder / "kept")
    said = executed.cells[-1].outputs[0].data["text/plain"]
    assert sys.executable in said and repr(str(folder)) in said and repr(str(folder / "programme.toml")) in said
    assert re.search(r"'0',.*5\)", said, re.DOTALL)
    assert [path.name for path in (folder / "kept").iterdir()] == ["tried.ipynb"]


def test_nothing_beside_the_programme_is_imported_run_or_taken_for_settings(tmp_path):
    folder, hit = tmp_path / "programme", tmp_path / "hit"
    planted = (
        "pandas",
        "sitecustomize",
        "usercustomize",
        "conftest",
        "ipykernel_launcher",
        "ipykernel",
        "typing",
        "konbit_lessons",
        "seaborn",
    )
    folder.mkdir()
    for name in planted:
        (folder / f"{name}.py").write_text(f"open({str(hit)!r}, 'a').write({name!r})\n")
    (folder / "x.pth").write_text(f"import os; open({str(hit)!r}, 'a').write('pth')\n")
    (folder / "matplotlibrc").write_text("figure.facecolor: red\n")
    path = written(
        tmp_path, "import pandas, seaborn, konbit_lessons, matplotlib", "matplotlib.rcParams['figure.facecolor']"
    )
    executed = run(path, {}, programme_file=folder / "programme.toml", keep=tmp_path / "kept")
    assert executed.cells[-1].outputs[0].data["text/plain"] == "'white'"
    assert not hit.exists()


LEAVES = """
import os, subprocess, threading, time
import matplotlib, numpy, pandas
pandas.options.display.max_rows, matplotlib.rcParams["lines.linewidth"], pandas.DataFrame.left = 7, 7, True
numpy.random.seed(7)
os.environ["LEFT"] = "1"
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
subprocess.Popen(["sleep", "300"]).pid
"""
SEES = """
import os
import matplotlib, numpy, pandas
line = matplotlib.rcParams["lines.linewidth"]
[pandas.options.display.max_rows, line, hasattr(pandas.DataFrame, "left"), "LEFT" in os.environ, "numpy" in dir()]
"""


@pytest.mark.parametrize("is_copied", [True, False])
def test_no_notebook_sees_what_another_has_left(tmp_path, monkeypatch, is_copied):
    monkeypatch.setattr("konbit_lessons.reports.run.CAN_COPY", is_copied and CAN_COPY)
    told = {"programme_file": tmp_path / "programme.toml", "keep": tmp_path / "kept"}
    left = run(written(tmp_path, LEAVES), {}, **told).cells[-1].outputs[0].data["text/plain"]
    assert run(written(tmp_path, SEES), {}, **told).cells[-1].outputs[0].data["text/plain"] == (
        "[60, 1.5, False, False, True]"
    )
    _gone(int(left))


HIDDEN = """
import os, subprocess, sys
sleeping = [sys.executable, "-c", "import time; time.sleep(300)"]
orphan = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], stdout=-3, start_new_session=True).pid)"
started = [subprocess.Popen(sleeping).pid, subprocess.Popen(sleeping, start_new_session=True).pid]
started.append(int(subprocess.check_output([sys.executable, "-c", orphan, *sleeping], stderr=subprocess.DEVNULL)))
"""
ENDINGS = {"done": "1", "an error": "1 / 0", "exit": "os._exit(0)", "TERM": "", "HUP": "", "KILL": ""}


@pytest.mark.slow
@pytest.mark.skipif(not CAN_COPY, reason="kernels are copies of a process on Linux alone")
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_process_of_a_notebook_outlives_it_however_it_ends(tmp_path, ending):
    pids = tmp_path / "pids"
    tell = f"open({str(pids)!r}, 'w').write(' '.join(map(str, [os.getpid(), *started, ''])))"
    path = written(tmp_path, HIDDEN, tell, ENDINGS[ending] or "while True: 1")
    programme_file, keep = tmp_path / "programme.toml", tmp_path / "kept"
    code = (
        "from pathlib import Path; from konbit_lessons.reports.run import run; "
        f"run(Path({str(path)!r}), {{}}, programme_file=Path({str(programme_file)!r}), keep=Path({str(keep)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        while not (pids.exists() and pids.read_text().endswith(" ")):
            assert process.poll() is None
            time.sleep(0.1)
        if not ENDINGS[ending]:
            process.send_signal(getattr(signal, f"SIG{ending}"))
    for pid in map(int, pids.read_text().split()):
        _gone(pid)


def _gone(pid, seconds=30):
    """Wait until a process has ended."""
    until = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, psutil.Process(pid).cmdline()
        time.sleep(0.1)


# ---- the page


def parts_with(said):
    """Outputs as parts give where what they show is hostile, and as one would that forgot to escape."""
    table = pd.DataFrame({said or "x": [said], "n": ["1"]})
    figure = dict(heading=said, subtitle=said, caption=said, alt=said, pictures=DRAWN, summary="s")
    return [
        PARTS.table(table, caption=said),
        PARTS.figure(**figure, numbers=PARTS.table(table, caption=said)),
        f"<div>{said}</div>",
    ]


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_cell_stays_text_wherever_data_reaches_the_page(tmp_path, programme, said):
    about = programme.said.programme.model_copy(update={"name": said, "point_of_contact": said})
    hostile = replace(programme, said=programme.said.model_copy(update={"programme": about}))
    shown = [cell(html(one)) for one in parts_with(said)]
    soup = page_of(hostile, text(said), text(f"## {said}"), cell(opening(said, said)), *shown, name=said)
    assert soup.find_all(NO_PLACE) == []
    assert len(soup.find_all("style")) == len(soup.head.find_all("style")) == 1
    assert [meta.get("http-equiv") for meta in soup.find_all("meta")] == [None, "Content-Security-Policy", None, None]
    assert len(soup.find_all("h1")) == len(soup.find_all("main")) == len(soup.find_all("body")) == 1
    for tag in soup.body.find_all():
        assert not [name for name in tag.attrs if name.startswith("on") or name in ("style", "srcdoc", "autofocus")]
        for name in ("src", "srcset"):
            assert re.match(r"data:image/png;base64,[A-Za-z0-9+/=]+$", tag.get(name, "data:image/png;base64,A"))
        # A link a person typed may lead somewhere, but only when it is clicked, and never to code.
        assert re.match(r"#|https?://|mailto:|index\.html$", tag.get("href", "#"))


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_the_parts_escape_on_their_own_before_anything_is_sanitized(said):
    names = "caption details div figcaption figure h3 p path style summary svg table tbody td text th thead tr wbr"
    attributes = {"class", "scope", "tabindex", "role", "aria-label"} | OF_PICTURES
    for made in parts_with(said)[:2]:
        soup = BeautifulSoup(made, "html.parser")
        assert {tag.name for tag in soup.find_all()} <= set(names.split())
        assert {name for tag in soup.find_all() for name in tag.attrs} <= attributes


def test_the_allow_list_keeps_what_reports_need_and_nothing_else_of_a_picture():
    picture = PARTS.figure(
        heading="h",
        subtitle="s",
        caption="c",
        alt="a",
        pictures=DRAWN,
        numbers="",
        summary="n",
    )
    kept = PARTS.table(pd.DataFrame({"Who": ["A"], "n": ["1"]}), caption="c") + '<h2 id="a-b">x</h2>' + picture
    kept = re.sub("<style>.*?</style>", "", kept)
    assert BeautifulSoup(sanitized(kept), "html.parser") == BeautifulSoup(kept, "html.parser")
    assert sanitized(
        '<svg class="x" onload="x" viewBox="url(x)" style="position:fixed"><style>x</style><script>x</script>'
        '<a href="javascript:x"><path d="M0 0H9" fill="url(#x)" stroke="var(--x)"></path></a><use href="#x"></use>'
        '<foreignObject><iframe src="x"></iframe></foreignObject><image href="https://x.org"></image>'
        '<text x="1e9" font-size="9em" onclick="x"><animate attributeName="x"></animate>y</text></svg>'
    ) == ('<svg class=""><a><path></path></a><text>y</text></svg>')


def test_a_page_has_its_language_title_contents_policy_banner_and_skip_link(programme):
    soup = page_of(programme, cell(opening()), text("## First part"), text("## First part"))
    assert soup.html["lang"] == "en"
    assert soup.title.get_text() == "The title · Konbit (simulated example)"
    assert [a["href"] for a in soup.select("nav.wide a")] == ["#first-part", "#first-part-2"]
    assert [h["id"] for h in soup.find_all("h2")] == ["first-part", "first-part-2"]
    assert len(soup.select("p.simulated")) == 1
    assert soup.find("a", class_="skip")["href"] == "#content"
    assert soup.find("meta", {"http-equiv": True})["content"] == POLICY
    assert "¶" not in str(soup)


def test_a_real_programme_is_not_called_simulated(tmp_path):
    assert "simulated" not in page_of(study_of(tmp_path, name="Real"), cell(opening())).body.decode()


def test_no_line_of_a_page_can_begin_with_the_sign_of_a_percentage(programme):
    table = PARTS.table(pd.DataFrame({"Who": ["A"], "Share": ["42 % (33 to 52)"]}), caption="95 % interval")
    said = page_of(programme, text("Of these, 45 % came."), cell(html(table))).main.get_text()
    assert all(one in said for one in ("95\u00a0% interval", "42\u00a0% (33 to 52)", "45\u00a0% came"))


@pytest.mark.parametrize(
    "kind", ["text/vnd.mermaid", "application/javascript", "image/svg+xml", "text/markdown", "text/latex"]
)
def test_outputs_of_other_types_do_not_reach_even_an_internal_page(programme, kind):
    output = new_output("display_data", data={kind: "PLANTED<script>1</script>"})
    assert "PLANTED" not in str(page_of(programme, cell(output)))


def test_cells_for_the_lab_and_code_are_not_in_the_page(programme):
    lab = [text("PLANTED", "lab-only"), cell(part("PLANTED"), source="PLANTED = 1", tags=["lab-only"])]
    assert "PLANTED" not in str(page_of(programme, *lab, cell(source="PLANTED = 1")))


# ---- files


@pytest.mark.parametrize("start", [*"=+-@\t\r\0＝＋－＠", "\u200b=", "\ufeff=", "\u2060\u200d@"])
def test_no_text_in_a_csv_can_run_as_a_formula(start):
    csv = as_csv(pd.DataFrame({f"{start}head": [f"{start}1+1", "fine"], "number": [-1.5, 2.0]}))
    assert f"'{start}1+1" in csv and f"'{start}head" in csv and ",-1.5" in csv


def test_a_failed_write_leaves_the_previous_file_whole(tmp_path, monkeypatch):
    path = published(tmp_path / "a.html", "before")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError("No space left on device")))
    with pytest.raises(OSError, match="No space"):
        published(path, "after")
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["a.html"]


def test_a_second_run_learns_who_holds_the_lock_and_leftovers_are_swept(tmp_path):
    (tmp_path / f"{UNFINISHED}x").write_text("half")
    with only_one_run(tmp_path):
        assert not (tmp_path / f"{UNFINISHED}x").exists()
        with pytest.raises(LockedError, match=rf"process {os.getpid()}, since 20\d\d-"), only_one_run(tmp_path):
            pass
    with only_one_run(tmp_path):
        pass


# ---- the whole recipe


def test_a_run_publishes_page_tables_index_and_manifest_and_twice_the_same_bytes(study, tmp_path):
    said, bytes_of = [], []
    for out in ("one", "two"):
        made = make_reports(study, reports=tmp_path / out, progress=said.append)
        top = tmp_path / out / "study"
        assert made == Made(top / "shared" / "index.html", (top / "shared" / "incentives.html",))
        files = sorted(path for path in (top / "shared").rglob("*") if path.is_file())
        assert [path.relative_to(top / "shared").as_posix() for path in files] == [
            "incentives.html", "incentives.xlsx", "index.html", "tables/incentives.csv",
            "tables/incentives_sentences.csv",
        ]  # fmt: skip
        bytes_of.append([path.read_bytes() for path in [*files, top / "manifest.json"]])
    assert bytes_of[0] == bytes_of[1]
    assert bytes_of[0][4].decode().splitlines() == [
        "sentence,what,value,low,high",
        '"Of 10, 20 % came",share,0.2,0.1,0.3',
    ]
    assert said[0] == "incentives: running, the programme's own notebooks/incentives.ipynb"
    front, sheet = openpyxl.load_workbook(files[1]).worksheets
    assert list(front.iter_rows(values_only=True))[-1] == ("1 incentives", "Came", "n = 10")
    day = datetime(2017, 6, 30)
    rows = [("Group", "Percent", "Day"), ("=A", 0.2, day), ("B", "–", "–")]
    assert list(sheet.iter_rows(values_only=True)) == rows
    assert (sheet["A2"].data_type, sheet["B2"].number_format) == ("s", "0%")
    page = BeautifulSoup(made.pages[0].read_text(encoding="utf-8"), "html.parser")
    assert page.select("a") == page.select('a[href^="#"]')  # mailed alone, it has no dead link
    manifest = json.loads(bytes_of[0][-1])
    assert manifest["inputs"].keys() == {"programme.toml", "data.csv"}
    assert manifest["reports"]["incentives"]["answer"] == "**Yes.**"
    assert str(tmp_path) not in bytes_of[0][-1].decode()


def test_reports_go_beside_the_programme_wherever_the_command_is_called(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make_reports(study, progress=str)
    assert made.index == study.folder / "reports" / "study" / "shared" / "index.html"


def test_a_failed_report_is_named_in_the_index_and_the_others_are_published(study, tmp_path):
    with pytest.raises(ReportError, match=r"broken.ipynb, cell 2 \(1 / 0\): "):
        make_reports(study, ["incentives", "broken"], reports=tmp_path, progress=str)
    shared = tmp_path / "study" / "shared"
    assert (shared / "incentives.html").is_file() and not (shared / "broken.html").exists()
    index = BeautifulSoup((shared / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert "broken: broken.ipynb, cell 2" in index.select_one(".caveat li").get_text()
    assert (tmp_path / "study" / "internal" / "notebooks" / "broken.FAILED.ipynb").is_file()


def test_a_later_run_of_one_report_keeps_the_others_in_the_index(study, tmp_path):
    written(study.folder / "notebooks", cell(part()), name="another")
    make_reports(study, ["another"], reports=tmp_path, progress=str)
    make_reports(study, ["incentives"], reports=tmp_path, progress=str)
    index = tmp_path / "study" / "shared" / "index.html"
    assert all(said in index.read_text(encoding="utf-8") for said in ('href="another.html"', 'href="incentives.html"'))
    assert "earlier" not in index.read_text(encoding="utf-8")
    (study.folder / "data.csv").write_text("y,a,c\n1,0,x\n0,1,z\n")
    make_reports(study, ["incentives"], reports=tmp_path, progress=str)
    assert "From an earlier run" in index.read_text(encoding="utf-8")


def test_tables_that_a_report_no_longer_has_go_with_its_earlier_page(study, tmp_path):
    make_reports(study, reports=tmp_path, progress=str)
    written(study.folder / "notebooks", cell(part(name="other", csv="a\n1\n")), name="incentives")
    make_reports(study, reports=tmp_path, progress=str)
    assert [path.name for path in (tmp_path / "study" / "shared" / "tables").iterdir()] == ["other.csv"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([part(name="t", csv="a\n1\n"), part(name="t", csv="a\n2\n")], 'tried: found two tables named "t" that differ'),
        ([part(name="../t", csv="a\n1\n")], 'tried: found a table named "../t"; expected small letters, digits and _'),
        (
            [part(name="incentives", csv="a\n1\n")],
            "tried: found a table named incentives that is not the one of incentives",
        ),
    ],
)
def test_a_name_of_a_table_is_given_once(study, tmp_path, cells, said):
    written(study.folder / "notebooks", cell(*cells), name="tried")
    with pytest.raises(ReportError, match=re.escape(said)):
        make_reports(study, ["incentives", "tried"], reports=tmp_path, progress=str)
    assert not (tmp_path / "study" / "shared" / "tried.html").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ["nothing"]},
        {"language": "xx"},
        {"audience": "all"},
        {"parameters": {"y": 1}},
        {"parameters": {"language": "fr"}},
    ],
    ids=str,
)
def test_wrong_calls_are_refused_before_anything_is_written(study, tmp_path, wrong):
    with pytest.raises(ProgrammeError, match=r"expected|does not have"):
        make_reports(study, reports=tmp_path / "out", progress=str, **wrong)
    assert not (tmp_path / "out").exists()


def test_a_parameter_goes_to_the_notebooks_that_have_it(study, tmp_path):
    written(study.folder / "notebooks", cell(part()), name="another", parameters='language = "en"')
    make_reports(study, ["incentives", "another"], parameters={"formula": "y ~ a"}, reports=tmp_path, progress=str)
    made = json.loads((tmp_path / "study" / "manifest.json").read_text())["reports"]
    assert [made[name]["parameters"] for name in ("another", "incentives")] == [
        {"language": "en"}, {"language": "en", "audience": "shared", "formula": "y ~ a"},
    ]  # fmt: skip


def test_a_quarter_without_events_is_refused_with_those_that_have_some(tiny, tmp_path):
    with pytest.raises(DataError, match=r"found FY2030Q1, in which there is no event; quarters with events: FY2017Q2"):
        make_reports(kl.load(tiny.toml), quarter="FY2030Q1", reports=tmp_path / "out", progress=str)
    assert not (tmp_path / "out").exists()


def test_only_internal_pages_and_their_index_say_that_they_are(study, tmp_path):
    for audience in ("shared", "internal"):
        made = make_reports(study, audience=audience, reports=tmp_path, progress=str)
        for path in (made.index, *made.pages):
            assert ("Internal: not for sharing." in path.read_text(encoding="utf-8")) == (audience == "internal")


# ---- only what changed


@pytest.fixture
def runs(study, monkeypatch):
    """The names of the notebooks that were run, in order."""
    run = []

    def run_and_note(path, parameters, **options):
        run.append(path.stem)
        return as_stored(path, parameters, **options)

    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", run_and_note)
    return run


def changed_text(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


CHANGES = {
    "a row": (lambda study, top: changed_text(study.folder / "data.csv", "1,0,x", "1,1,x"), {}),
    "any file beside it": (lambda study, top: published(study.folder / "notes" / "a.md", "x"), {}),
    "programme.toml": (lambda study, top: changed_text(study.path, "Does it work?", "Does it?"), {}),
    "the notebook": (lambda study, top: written(study.folder / "notebooks", cell(opening()), name="incentives"), {}),
    "the page": (lambda study, top: published(top / "shared" / "incentives.html", "edited"), {}),
    "a table that is gone": (lambda study, top: (top / "shared" / "tables" / "incentives.csv").unlink(), {}),
    "what earlier reports told": (
        lambda study, top: published(top.parent / "FY2016Q1" / "manifest.json", json.dumps(TOLD_BEFORE)), {},
    ),
    "a parameter": (lambda study, top: None, {"parameters": {"formula": "y ~ a"}}),
    "the audience": (lambda study, top: None, {"audience": "internal"}),
    "the language": (lambda study, top: None, {"language": "fr"}),
    "strictness": (lambda study, top: None, {"strict": True}),
    "force": (lambda study, top: None, {"force": True}),
}  # fmt: skip
TOLD_BEFORE = {"reports": {"learning_report": {"page": "x.html", "told": {"came": 0.5}}}, "failed": {}}


@pytest.mark.parametrize("what", CHANGES)
def test_a_report_is_made_again_where_anything_it_is_made_of_changed_and_only_then(study, runs, tmp_path, what):
    said, (change, asked) = [], CHANGES[what]
    make_reports(study, reports=tmp_path / "out", progress=str)
    make_reports(study, reports=tmp_path / "out", progress=said.append)
    assert runs == ["incentives"] and said == ["incentives: up to date, not made again"]
    change(study, tmp_path / "out" / "study")
    make_reports(kl.load(study.path), reports=tmp_path / "out", progress=str, **asked)
    assert runs == (["incentives"] if what == "what earlier reports told" else ["incentives"] * 2)


def test_what_was_not_made_again_is_to_the_byte_what_would_be_made(study, runs, tmp_path):
    written(study.folder / "notebooks", cell(opening(), part(name="b", csv="a\n1\n")), name="another")
    every = {"names": ["another", "incentives"], "language": "en,fr", "reports": tmp_path, "progress": str}
    made = {}
    for force, workers in ((False, 1), (False, 3), (True, 1), (True, 3)):
        make_reports(study, **every, force=force, workers=workers)
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
        made[force, workers] = {path: path.read_bytes() for path in files}
    assert made[False, 1] == made[False, 3] == made[True, 1] == made[True, 3] and len(runs) == 12
    (study.folder / "data.csv").write_text("y,a,c\n1,0,x\n0,1,z\n")
    make_reports(study, ["another"], language="fr", reports=tmp_path, progress=str)
    assert runs[12:] == ["another"]
    index = tmp_path / "study" / "shared" / "index.fr.html"
    assert "données" in index.read_text(encoding="utf-8") and len(runs) == 13


def test_a_changed_row_makes_again_only_what_has_read_its_table(tiny, tmp_path, monkeypatch):
    run = []

    def noted(path, parameters, **options):
        executed = as_stored(path, parameters, **options)
        executed.metadata["konbit"] = {"read": ["survey"] if path.stem == "tried" else ["conversations"]}
        run.append(path.stem)
        return executed

    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", noted)
    monkeypatch.setattr("konbit_lessons.reports.notebooks.is_own", lambda programme, path: False)
    for name in ("tried", "other"):
        written(tiny.folder / "notebooks", cell(opening()), name=name)
    asked = {"names": ["tried", "other"], "reports": tmp_path / "out", "progress": str, "workers": 1}
    make_reports(kl.load(tiny.toml), **asked)
    tiny.replace("survey.csv", "2017-01-05,1,4,yes", "2017-01-05,1,3,yes")
    make_reports(kl.load(tiny.toml), **asked)
    assert run == ["tried", "other", "tried"]
    index = tmp_path / "out" / "FY2017Q2" / "shared" / "index.html"
    assert "From an earlier run" not in index.read_text(encoding="utf-8")
    changed_text(tiny.toml, 'label = "Income"', 'label = "Earned"')
    make_reports(kl.load(tiny.toml), **asked)
    assert run[3:] == ["tried", "other"]


def test_what_changes_while_it_is_made_is_made_again(study, tmp_path, monkeypatch):
    def changing(path, parameters, **options):
        (study.folder / "data.csv").write_text("y,a,c\n1,0,x\n0,1,w\n")
        return as_stored(path, parameters, **options)

    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", changing)
    said = []
    for _ in range(3):
        make_reports(study, reports=tmp_path, progress=said.append)
    assert [line for line in said if "running" not in line] == [
        "incentives: study/shared/incentives.html",
        "incentives: study/shared/incentives.html",
        "incentives: up to date, not made again",
    ]

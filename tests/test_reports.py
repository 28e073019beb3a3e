# ruff: noqa: E501  (what is planted and what is expected stand whole)
"""Reports: parameters checked first, pages that hold nothing that runs, whole files, one run at a time."""

import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from reporting_example import ROWS, notebook, programme, result, study_of, written

from konbit_lessons import parts
from konbit_lessons.errors import DataError, LockedError, ProgrammeError, ReportError
from konbit_lessons.figures import incentive_figure
from konbit_lessons.publish import UNFINISHED, only_one_run, published
from konbit_lessons.reports import Made, make_reports, notebook_names
from konbit_lessons.reports.page import page, sanitized
from konbit_lessons.reports.run import checked_parameters, run

HERE = Path(__file__).parent
HOSTILE = json.loads((HERE / "data" / "hostile_cells.json").read_text(encoding="utf-8"))
NOTEBOOK = HERE.parent / "notebooks" / "incentives.ipynb"


def shown(*htmls, markdown=()):
    outputs = [new_output("display_data", data={"text/html": html}) for html in htmls]
    return new_notebook(cells=[*map(new_markdown_cell, markdown), new_code_cell("x", outputs=outputs)])


# ---- parameters


@pytest.mark.parametrize("value", [1, 2.5, None, True, ["FY2017Q3"], ("a",), pd.Timestamp("2017-01-01"), object()])
def test_a_value_of_another_type_is_refused_before_anything_starts(value):
    with pytest.raises(
        ProgrammeError, match=r"parameter quarter: found .* expected quarter \(str, 'FY2017Q3' unless told\)"
    ):
        checked_parameters(notebook(), {"quarter": value})


@pytest.mark.parametrize("name", ["quater", "Quarter", "", "quarter = 1; x", "__class__", "{quarter}"])
def test_an_unknown_parameter_is_refused_and_the_known_ones_are_listed(name):
    with pytest.raises(
        ProgrammeError, match=r"which it does not have; it has quarter \(str.*flag \(bool, True unless told\)"
    ):
        checked_parameters(notebook(), {name: "x"})


def test_text_from_a_command_line_is_read_as_the_type_of_the_default():
    given = {"quarter": "7", "limit": "0.05", "n": "4", "flag": "False"}
    assert checked_parameters(notebook(), given) == {"quarter": "7", "limit": 0.05, "n": 4, "flag": False}
    for wrong in ({"n": "4.5"}, {"n": "four"}, {"flag": "1"}, {"limit": float("nan")}, {"n": "__import__('os')"}):
        with pytest.raises(ProgrammeError, match="expected"):
            checked_parameters(notebook(), wrong)


# ---- running


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", r"cell 2 \(1 / 0\): ZeroDivisionError"),
        ("import sys; sys.exit(0)", r"cell 2 \(import sys; sys.exit\(0\)\)"),
        ("import os; os._exit(0)", r"cell 2 .*: DeadKernelError"),
        ("import time; time.sleep(60)", r"cell 2 .*: CellTimeoutError"),
    ],
)
def test_what_did_not_finish_is_kept_aside_and_is_no_success(tmp_path, source, said):
    with pytest.raises(ReportError, match=said):
        run(
            written(tmp_path, source, "2"),
            {},
            folder=tmp_path,
            keep=tmp_path / "kept",
            seconds=8 if "sleep" not in source else 2,
        )
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["tried.FAILED.ipynb"]


def test_a_run_uses_this_python_in_the_given_folder_with_a_fixed_hash_seed(tmp_path):
    path = written(
        tmp_path,
        "import os, sys; (sys.executable, os.getcwd(), os.environ['PYTHONHASHSEED'], n)",
    )
    folder = tmp_path / "with {braces}"
    folder.mkdir()
    executed = run(path, {"n": 5}, folder=folder, keep=folder / "kept")
    text = executed.cells[-1].outputs[0].data["text/plain"]
    assert sys.executable in text
    assert str(folder) in text
    assert re.search(r"'0',\s+5\)", text)
    assert [path.name for path in (folder / "kept").iterdir()] == ["tried.ipynb"]


# ---- the page


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_cell_stays_text_wherever_data_reaches_the_page(cell):
    p = programme(name=cell, point_of_contact=cell)
    r = result([("x", cell, *ROWS[0][2:]), *ROWS[1:]])
    frame = pd.DataFrame({cell or "x": [cell], "n": ["1"]})
    html = page(
        shown(
            parts.Opening(p, cell, f"**{cell}**", "FY2017Q3")._repr_html_(),
            parts.Prose([cell, f"**{cell}** [{cell}](#x)"])._repr_html_(),
            parts.Table(frame, cell)._repr_html_(),
            incentive_figure(r)._repr_html_(),
            f"<div>{cell}</div>",  # what a part that forgot to escape would give
            markdown=[cell, f"## {cell}"],
        ),
        p, quarter="FY2017Q3", name=cell,
    )  # fmt: skip
    assert_harmless(html)


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_the_parts_escape_on_their_own_before_anything_is_sanitized(cell):
    p = programme(name=cell, point_of_contact=cell)
    frame = pd.DataFrame({cell or "x": [cell], "n": ["1"]})
    made = [
        parts.Opening(p, cell, cell, "FY2017Q3"), parts.Prose([cell, cell]), parts.Table(frame, cell),
        incentive_figure(result([("x", cell, *ROWS[0][2:])])),
    ]  # fmt: skip
    names = "aside caption details div figcaption figure h1 h3 img li p strong summary table tbody td th thead tr ul"
    for part in made:
        soup = BeautifulSoup(part._repr_html_(), "html.parser")
        assert {tag.name for tag in soup.find_all()} <= set(names.split())
        attributes = {name for tag in soup.find_all() for name in tag.attrs}
        assert attributes <= {"class", "scope", "tabindex", "role", "aria-label", "src", "alt", "width"}


@pytest.mark.parametrize(
    "kind", ["text/vnd.mermaid", "application/javascript", "image/svg+xml", "text/markdown", "text/latex"]
)
def test_outputs_of_other_types_do_not_reach_the_page(kind):
    output = new_output("display_data", data={kind: "PLANTED<script>1</script>"})
    assert "PLANTED" not in page(new_notebook(cells=[new_code_cell("x", outputs=[output])]), programme())


def assert_harmless(html):
    soup = BeautifulSoup(html, "html.parser")
    assert soup.find_all(["script", "iframe", "form", "input", "button", "svg", "base", "object", "embed"]) == []
    assert len(soup.find_all("style")) == len(soup.head.find_all("style")) == 1
    assert [meta.get("http-equiv") for meta in soup.find_all("meta")] == [None, "Content-Security-Policy", None]
    assert len(soup.find_all("h1")) == 1
    assert len(soup.find_all("main")) == len(soup.find_all("body")) == 1
    for tag in soup.body.find_all():
        assert not [
            name for name in tag.attrs if name.startswith("on") or name in ("style", "srcdoc", "autofocus", "srcset")
        ]
        assert re.match(r"data:image/png;base64,[A-Za-z0-9+/=]+$", tag.get("src", "data:image/png;base64,A"))
        # A link a person typed may lead somewhere, but only when it is clicked, and never to code.
        assert re.match(r"#|https?://|mailto:|index\.html$", tag.get("href", "#"))


def test_the_allow_list_keeps_what_reports_need():
    kept = (
        parts.table_html(pd.DataFrame({"Who": ["A"], "n": ["1"]}), caption="c")
        + '<h2 id="a-b">x</h2><img src="data:image/png;base64,AA==" alt="y">'
    )
    assert BeautifulSoup(sanitized(kept), "html.parser") == BeautifulSoup(kept, "html.parser")


def test_a_page_has_its_language_title_contents_policy_banner_and_skip_link():
    p = programme()
    html = page(
        shown(
            parts.Opening(p, "Title", "Answer.", "FY2017Q3")._repr_html_(), markdown=["## First part", "## First part"]
        ),
        p,
        quarter="FY2017Q3",
    )
    soup = BeautifulSoup(html, "html.parser")
    assert soup.html["lang"] == "en"
    assert soup.title.get_text() == "Title · Konbit (simulated example)"
    assert [a["href"] for a in soup.select("nav.wide a")] == ["#first-part", "#first-part-2"]
    assert [h["id"] for h in soup.find_all("h2")] == ["first-part", "first-part-2"]
    assert len(soup.select("p.simulated")) == 1
    assert soup.find("a", class_="skip")["href"] == "#content"
    assert soup.find("meta", {"http-equiv": True})["content"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    assert "¶" not in html
    assert (
        "simulated"
        not in BeautifulSoup(page(shown(), programme(simulated=False, name="Real")), "html.parser").body.decode()
    )


def test_no_line_of_a_page_can_begin_with_the_sign_of_a_percentage():
    table = parts.table_html(pd.DataFrame({"Who": ["A"], "Share": ["42 % (33 to 52)"]}), caption="95 % interval")
    shown_page = page(shown(table, markdown=["Of these, 45 % came."]), programme())
    text = BeautifulSoup(shown_page, "html.parser").main.get_text()
    assert all(said in text for said in ("95\u00a0% interval", "42\u00a0% (33 to 52)", "45\u00a0% came"))


def test_cells_of_numbers_break_before_a_bracket_and_after_a_comma_and_words_anywhere():
    cells = pd.DataFrame({"Who": ["A", "B"], "Share": ["42 % (33 to 52), 1 of 2", "beyond the offer"]})
    assert [
        str(cell) for cell in BeautifulSoup(sanitized(parts.table_html(cells, caption="c")), "html.parser")("td")
    ] == [
        '<td class="number">42 % <wbr/>(33 to 52), <wbr/>1 of 2</td>',
        '<td class="number">beyond <wbr/>the <wbr/>offer</td>',
    ]


def test_cells_for_the_lab_and_code_are_not_in_the_page():
    only_lab = new_markdown_cell("PLANTED", metadata={"tags": ["lab-only"]})
    assert "PLANTED" not in page(new_notebook(cells=[only_lab, new_code_cell("PLANTED = 1")]), programme())


# ---- files


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_no_text_in_a_csv_can_run_as_a_formula(start):
    frame = pd.DataFrame({f"{start}head": [f"{start}1+1", "fine"], "number": [-1.5, 2.0]})
    csv = parts.as_csv(frame)
    assert f"'{start}1+1" in csv
    assert f"'{start}head" in csv
    assert ",-1.5" in csv


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


# ---- the whole recipe, on a study with notebooks of its own


@pytest.fixture
def study(tmp_path):
    return study_of(tmp_path / "study")


def test_a_run_publishes_page_table_index_and_manifest_and_twice_the_same_bytes(study, tmp_path):
    said = []
    bytes_of = []
    for out in ("one", "two"):
        made = make_reports(study, reports=tmp_path / out, progress=said.append)
        top = tmp_path / out / "study"
        assert made == Made(top / "shared" / "index.html", (top / "shared" / "incentives.html",))
        files = sorted(path for path in (top / "shared").rglob("*") if path.is_file())
        assert [path.relative_to(top).as_posix() for path in files] == [
            "shared/incentives.html", "shared/index.html", "shared/tables/incentives.csv",
        ]  # fmt: skip
        bytes_of.append([path.read_bytes() for path in [*files, top / "manifest.json"]])
    assert bytes_of[0] == bytes_of[1]
    assert said[0] == "incentives: running"
    manifest = json.loads(bytes_of[0][-1])
    assert manifest["inputs"].keys() == {"programme.toml"}
    assert manifest["reports"]["incentives"]["answer"] == "**Yes.**"
    assert str(tmp_path) not in bytes_of[0][-1].decode()


def test_a_failed_report_is_named_in_the_index_and_the_others_are_published(study, tmp_path):
    with pytest.raises(ReportError, match=r"broken.ipynb, cell 2 \(1 / 0\): ZeroDivisionError"):
        make_reports(study, ["incentives", "broken"], reports=tmp_path, progress=str)
    shared = tmp_path / "study" / "shared"
    assert (shared / "incentives.html").is_file()
    assert not (shared / "broken.html").exists()
    index = BeautifulSoup((shared / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert "broken: broken.ipynb, cell 2" in index.select_one(".caveat").get_text(" ").replace(" :", ":").replace(
        ":  ", ": "
    )
    assert (tmp_path / "study" / "internal" / "notebooks" / "broken.FAILED.ipynb").is_file()


def test_a_later_run_of_one_report_keeps_the_others_in_the_index(study, tmp_path):
    written(study.folder / "notebooks", "1", name="another")
    make_reports(study, ["another"], reports=tmp_path, progress=str)
    make_reports(study, ["incentives"], reports=tmp_path, progress=str)
    index = (tmp_path / "study" / "shared" / "index.html").read_text(encoding="utf-8")
    assert 'href="another.html"' in index
    assert 'href="incentives.html"' in index
    assert "earlier" not in index
    (study.folder / "programme.toml").write_text("changed")
    make_reports(study, ["incentives"], reports=tmp_path, progress=str)
    assert "From an earlier run" in (tmp_path / "study" / "shared" / "index.html").read_text(encoding="utf-8")


def test_wrong_calls_are_refused_before_anything_is_written(study, tmp_path):
    for wrong in (
        {"names": ["nothing"]},
        {"language": "xx"},
        {"audience": "all"},
        {"parameters": {"y": 1}},
        {"parameters": {"language": "fr"}},
    ):
        with pytest.raises(ProgrammeError, match=r"expected|does not have"):
            make_reports(study, reports=tmp_path / "out", progress=str, **wrong)
    assert not (tmp_path / "out").exists()


def test_a_quarter_without_events_is_refused_with_those_that_have_some(tiny, tmp_path):
    import konbit_lessons as kl

    with pytest.raises(DataError, match=r"found FY2030Q1, in which there is no event; quarters with events: FY2017Q2"):
        make_reports(kl.load(tiny.toml), quarter="FY2030Q1", reports=tmp_path / "out", progress=str)
    assert not (tmp_path / "out").exists()


def test_the_shipped_notebooks_are_found_and_follow_the_house_rules():
    assert "incentives" in notebook_names(programme(Path("nowhere")))
    for path in NOTEBOOK.parent.glob("*.ipynb"):
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
        assert nb.nbformat_minor >= 5
        assert nb.cells[0].metadata.tags == ["lab-only"]
        assert nb.cells[1].metadata.tags == ["parameters"]
        code = [cell for cell in nb.cells[2:] if cell.cell_type == "code"]
        assert [cell for cell in code if cell.outputs or cell.execution_count] == []
        assert not [
            cell.source for cell in code if re.search(r"^\s*(def|class) |Path\(|simplefilter", cell.source, re.M)
        ]
        work = [[line for line in cell.source.splitlines() if line and " import " not in f" {line}"] for cell in code]
        assert max(map(len, work)) <= 5


def test_only_internal_pages_and_their_index_say_that_they_are(study, tmp_path):
    said = "Internal: not for sharing."
    for audience in ("shared", "internal"):
        made = make_reports(study, audience=audience, reports=tmp_path, progress=str)
        for path in (made.index, *made.pages):
            assert (said in path.read_text(encoding="utf-8")) == (audience == "internal")

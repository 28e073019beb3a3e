# ruff: noqa: E501  (what a cell shows, and what is then there, stand whole)
"""The publishing gate: what no part of the package made stays in the notebook, whatever it is and wherever it stands."""

import io
import re
import zipfile

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output
from small_study import cell, error, html, notebook, part, study_of, text, written
from test_reports import page_of

from konbit_lessons.errors import ReportError
from konbit_lessons.reports import word
from konbit_lessons.reports.gate import passed
from konbit_lessons.reports.make import bundle, make_reports
from konbit_lessons.reports.notebooks import LAB, PACKAGE, REPORTS

SHIPPED = sorted(name for name, about in REPORTS.items() if about != {LAB})
PNG = "UExBTlRFRA=="  # PLANTED
SHOWN = {  # source of a cell → what it shows, as a kernel gives it
    "rows.head()": [html("<table><tr><td>PLANTED</td></tr></table>")],
    "print('PLANTED')": [new_output("stream", name="stdout", text="PLANTED\n")],
    "warnings.warn('PLANTED')": [new_output("stream", name="stderr", text="PLANTED\n")],
    "plt.plot([1])": [new_output("display_data", data={"image/png": PNG, "text/plain": "PLANTED"})],
    "Image('a.jpg')": [new_output("display_data", data={"image/jpeg": PNG})],
    "display(HTML('…'))": [html("<h2>PLANTED</h2><p>PLANTED</p>")],
    "rows.style": [html("<style>.PLANTED{}</style><table id='PLANTED'></table>")],
    "Slider()": [
        new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "PLANTED"}})
    ],
    "'PLANTED'": [new_output("execute_result", execution_count=1, data={"text/plain": "'PLANTED'"})],
    "Markdown('…')": [new_output("display_data", data={"text/markdown": "PLANTED", "text/plain": "x"})],
    "both": [part("<p>fine</p>"), html("<p>PLANTED</p>")],
}
KERNEL = """
import pandas as pd, matplotlib.pyplot as plt
from IPython.display import HTML, Markdown, display
frame = pd.DataFrame({"organization": ["PLANTED"], "attended": [1]})
def widget():
    display({"application/vnd.jupyter.widget-view+json": {"model_id": "PLANTED"}}, raw=True)
def part():
    display({"text/html": "<p>A part</p>", "application/vnd.konbit+json": {"part": "prose"}}, raw=True)
"""
RUN = [
    "frame",
    "print(frame)",
    "plt.plot([1, 2]);",
    "display(HTML('<p>PLANTED</p>'))",
    "frame.style",
    "widget()",
    "Markdown('PLANTED')",
]


def everything(folder, study):
    """The bytes of what is shared: pages, tables, Word files opened, and what is mailed."""
    zipped = bundle(study, reports=folder.parent.parent).path.read_bytes()
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    archives = [zipped, *(one for one in found if one.startswith(b"PK"))]
    for archive in archives:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            found += [files.read(name) for name in files.namelist()]
            found += [name.encode() for name in files.namelist()]
    return b"".join(found)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_planted_in_a_notebook_reaches_no_page_no_word_file_and_no_bundle(study, tmp_path, monkeypatch, name):
    monkeypatch.setattr(word, "word_file", lambda html, *_: html.encode())
    shipped = nbformat.read(PACKAGE.parent / "notebooks" / f"{name}.ipynb", as_version=4).cells
    own = [
        cell(part(), source=one.source, tags=one.metadata.get("tags", [])) if one.cell_type == "code" else one
        for one in shipped
    ]
    planted = [cell(*outputs, source=source) for source, outputs in SHOWN.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=[*own, *planted]), study.folder / "notebooks" / "tried.ipynb")
    said = []
    make_reports(study, ["tried"], to="docx", reports=tmp_path / "out", progress=said.append)
    shared = everything(tmp_path / "out" / "study" / "shared", study)
    assert b"A part" in shared and b"PLANTED" not in shared and PNG.encode() not in shared
    named = [
        re.search(r"tried.ipynb, cell (\d+) \((.*)\): ", one).groups()
        for one in said
        if "not on the shared page" in one
    ]
    assert named == [(str(at), source) for at, source in enumerate(SHOWN, start=len(own) + 1)]


def test_a_kernel_that_shows_all_of_this_is_no_other_matter(tmp_path):
    study = study_of(tmp_path / "study")
    written(study.folder / "notebooks", KERNEL, "part()", *RUN, name="tried")
    said = []
    make_reports(study, ["tried"], reports=tmp_path / "out", progress=said.append)
    page = (tmp_path / "out" / "study" / "shared" / "tried.html").read_text(encoding="utf-8")
    assert "A part" in page and "PLANTED" not in page and "<img" not in page
    assert [one for one in RUN if not any(f"({one}): " in line for line in said)] == []


def test_what_a_cell_showed_is_said_by_kind():
    kinds = [
        one.rpartition(": ")[2] for one in passed(notebook(*(cell(*outputs) for outputs in SHOWN.values()))).left_out
    ]
    frame, printed, picture = "a frame or HTML", "printed text", "a picture"
    assert kinds == [frame, printed, printed, picture, picture, frame, frame, "a widget", "text", "text", frame]


def test_a_frame_to_look_at_in_the_lab_is_on_no_page_and_is_no_news():
    for audience in ("shared", "internal"):
        made = passed(notebook(cell(html("PLANTED"), part(), tags=["frame"])), audience=audience)
        assert made.left_out == () and "PLANTED" not in str(made.cells)


def test_strict_refuses_the_report_names_the_cells_and_publishes_nothing_of_it(study, tmp_path):
    written(study.folder / "notebooks", cell(*SHOWN["rows.head()"], source="rows.head()"), name="tried")
    with pytest.raises(
        ReportError, match=r"tried\.ipynb, cell 2 \(rows.head\(\)\): a frame or HTML.* kl.show, kl.table"
    ) as refused:
        make_reports(study, ["incentives", "tried"], strict=True, reports=tmp_path, progress=str)
    assert refused.value.exit_code == 3
    assert {path.stem for path in (tmp_path / "study" / "shared").glob("*.html")} == {"incentives", "index"}


def test_internal_pages_show_frames_pictures_and_printed_text(study, tmp_path):
    written(study.folder / "notebooks", *(cell(*outputs) for outputs in SHOWN.values()), name="tried")
    said = []
    made = make_reports(study, ["tried"], audience="internal", strict=True, reports=tmp_path, progress=said.append)
    page = BeautifulSoup(made.pages[0].read_text(encoding="utf-8"), "html.parser")
    assert len(page.main.find_all("table")) == 2 and len(page.main.find_all("img")) == 2
    assert page.main.get_text().count("PLANTED") >= 5 and not any("not on" in one for one in said)
    assert not page.body.find(["style", "script"])


def test_an_error_that_a_cell_may_raise_still_fails_the_report(study, tmp_path):
    written(
        study.folder / "notebooks", cell(error("ValueError", "Asosyasyon X"), tags=["raises-exception"]), name="tried"
    )
    with pytest.raises(ReportError, match=r"tried\.ipynb, cell 2"):
        make_reports(study, ["tried"], reports=tmp_path, progress=str)
    assert "Asosyasyon X" not in (tmp_path / "study" / "shared" / "index.html").read_text(encoding="utf-8")


# ---- headings with nothing under them

ASSIGNED, EMPTY = cell(source="x = 1"), cell(source="kl.prose([])")
NOTHING, FRAME = cell(part("<p>PLANTED</p>", part="nothing")), cell(html("<p>PLANTED</p>"), source="rows")
SECTIONS = {
    "something is shown": ([text("## A\n\nwords"), cell(part())], ["A"]),
    "nothing is": ([text("## A\n\nPLANTED"), EMPTY, text("## B"), cell(part())], ["B"]),
    "a part is empty": ([text("## A\n\nPLANTED"), NOTHING], []),
    "only a frame is": ([text("## A\n\nPLANTED"), FRAME], []),
    "only a frame for the lab is": ([text("## A\n\nwords"), cell(html("PLANTED"), tags=["frame"])], ["A"]),
    "there are only words": ([text("## A\n\nwords"), text("more")], ["A"]),
    "words, and a cell that works something out": ([text("## A\n\nwords"), ASSIGNED, text("## B"), cell(part())], ["A", "B"]),
    "one of two parts is empty": ([text("## A"), NOTHING, text("words"), cell(part())], ["A"]),
    "a section within is empty": ([text("## A"), cell(part()), text("### B\n\nPLANTED"), EMPTY, text("### C"), cell(part())], ["A", "C"]),
    "every section within is": ([text("## A\n\nPLANTED"), text("### B\n\nPLANTED"), EMPTY, text("### C"), NOTHING], []),
    "in one cell of text": ([cell(part()), text("PLAINLY\n\n## A\n\nPLANTED"), EMPTY], []),
}  # fmt: skip


@pytest.mark.parametrize("case", SECTIONS)
def test_a_heading_with_nothing_shown_under_it_is_left_out_with_its_paragraphs(tmp_path, case):
    cells, headings = SECTIONS[case]
    page_made = page_of(study_of(tmp_path), *cells, audience="shared")
    assert [one.get_text() for one in page_made.main.find_all(["h2", "h3"])] == headings
    assert [one.get_text() for one in page_made.select("nav.wide a")] == [one for one in headings if one not in "C"]
    assert "PLANTED" not in str(page_made)


def test_a_link_to_a_section_that_was_left_out_is_plain_text(tmp_path):
    cells = [
        cell(part('<p><a href="#gone">There</a> and <a href="#a">here</a></p>')),
        text("## Gone"),
        EMPTY,
        text("## A"),
        cell(part()),
    ]
    made = page_of(study_of(tmp_path), *cells)
    assert [link["href"] for link in made.main.p.find_all("a")] == ["#a"] and "There and here" in made.main.get_text()

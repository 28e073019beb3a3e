"""--to docx: the Word file of a page keeps its headings, tables, figures and language, and holds nothing that runs."""

import base64
import io
import json
import os
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from small_study import cell, html, opening, study_of, text
from test_reports import DRAWN, HOSTILE, page_of, parts_with

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures.markup import PARTS
from konbit_lessons.reports import word
from konbit_lessons.reports.document import Setting
from konbit_lessons.reports.make import bundle, make_reports
from konbit_lessons.words import Words

needs_pandoc = pytest.mark.skipif(
    not (shutil.which("pandoc") or os.environ.get("CI")), reason="there is no pandoc here"
)


def png(width, height):
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "png")
    return file.getvalue()


def figure(said="Fine", **more):
    numbers = PARTS.table(pd.DataFrame({"Who": ["A"], "n": ["1"]}), caption=f"Numbers {said}")
    told = {
        "heading": said,
        "subtitle": said,
        "caption": f"Source {said}",
        "alt": f"Alt {said}",
        "summary": "Numbers",
    } | more
    return PARTS.figure(**told, pictures=DRAWN, numbers=numbers)


PICTURES = [base64.b64encode(png(1280, high)).decode() for high in (1200, 3200)]


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("word") / "study", simulated=True)


@pytest.fixture(scope="module")
def file_of(programme):
    """Make the Word file of a page; return its parts."""

    def file_of(page, pictures=PICTURES, **about):
        said = programme.said.programme.model_copy(update=about)
        setting = Setting(
            replace(programme, said=programme.said.model_copy(update={"programme": said})), None, Words("fr")
        )
        made = {word.word_file(page, pictures, setting) for _ in range(2)}
        assert len(made) == 1  # the same page gives the same bytes
        return unpacked(made.pop())

    return file_of


@pytest.fixture(scope="module")
def made_page(programme):
    sections = [text("## At a glance"), text("### Further down")]
    table = PARTS.table(pd.DataFrame({"x": ["a", "b"], "n": ["1", "2"]}), caption="Caption")

    def made(*htmls, language="fr"):
        shown = [cell(html(one)) for one in htmls or (table, figure(), figure("tall"))]
        return str(page_of(programme, *sections, cell(opening()), *shown, language=language, numbers=True))

    return made


def parsed(xml):
    return BeautifulSoup(xml.partition(b"?>")[2], "html.parser")


def unpacked(document):
    with zipfile.ZipFile(io.BytesIO(document)) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


@needs_pandoc
def test_headings_tables_figures_alternative_texts_and_language_are_kept(made_page, file_of):
    html = BeautifulSoup(made_page(), "html.parser")
    files = file_of(str(html))
    document = parsed(files["word/document.xml"])
    styles = [style["w:val"] for style in document.find_all("w:pstyle")]
    assert [styles.count(one) for one in ("Title", "Heading1", "Heading2")] == [1, 1, 3]
    assert len(document.find_all("w:tbl")) == styles.count("TableCaption") == len(html.main.find_all("table")) == 3
    assert [one["descr"] for one in document.find_all("wp:docpr")] == [
        one["aria-label"] for one in html.select("[role=img]")
    ]
    said = document.get_text(" ")
    assert "Source Fine" in said and "Données simulées" in said and b'w:val="fr"' in files["word/styles.xml"]
    assert document.find("w:jc", {"w:val": "right"})
    assert document.find("w:hyperlink", {"w:anchor": "at-a-glance"}) and said.count("The title") == 1
    assert {one["descr"] for one in document.find_all("pic:cnvpr")} == {""}
    for only_on_screen in ("Aller au texte", "a.csv"):
        assert only_on_screen not in said


@needs_pandoc
def test_figures_stand_in_their_wide_form_as_wide_as_the_text_and_within_a_sheet(made_page, file_of):
    files = file_of(made_page())
    pictures = [content for name, content in files.items() if name.startswith("word/media/")]
    assert sorted(map(base64.b64encode, pictures)) == sorted(one.encode() for one in PICTURES)
    assert b"png;base64" not in files["[Content_Types].xml"]
    sizes = [(int(one["cx"]), int(one["cy"])) for one in parsed(files["word/document.xml"]).find_all("wp:extent")]
    inch = 914_400
    assert sizes[0][0] > 6.5 * inch and all(height < 8 * inch for _, height in sizes)
    assert sizes[1][0] < sizes[0][0] and sizes[1][1] / sizes[1][0] == pytest.approx(3200 / 1280, abs=0.02)


@needs_pandoc
def test_a_figure_that_names_no_source_is_in_the_word_file_too(made_page, file_of):
    files = file_of(made_page(figure("Bare", caption="")), PICTURES[:1])
    assert "Alt Bare" in parsed(files["word/document.xml"]).find("wp:docpr")["descr"]


@needs_pandoc
@pytest.mark.parametrize(("paper", "wide"), [("A4", "11906"), ("letter", "12240")])
def test_sheets_have_a_size_a_header_numbers_and_the_file_its_author_and_day(made_page, file_of, paper, wide):
    files = file_of(made_page(), paper=paper, name="A & <B> {day} \\1", data_cut_on=date(2017, 6, 30))
    document = parsed(files["word/document.xml"])
    assert document.find("w:pgsz")["w:w"] == wide
    (header,) = [parsed(content) for name, content in files.items() if "header" in name]
    (footer,) = [parsed(content) for name, content in files.items() if "footer" in name]
    assert header.get_text().strip() == "A & <B> {day} \\1"
    assert [one["w:instr"].strip() for one in footer.find_all("w:fldsimple")] == ["PAGE", "NUMPAGES"]
    core = parsed(files["docProps/core.xml"])
    said = [core.find(name).get_text() for name in ("dc:creator", "dcterms:created", "dcterms:modified")]
    assert said == ["A & <B> {day} \\1", "2017-06-30T00:00:00Z", "2017-06-30T00:00:00Z"]
    assert "dcterms:created" not in file_of(made_page(), data_cut_on=None)["docProps/core.xml"].decode()


@needs_pandoc
def test_columns_are_as_wide_as_their_words_and_what_belongs_together_stays_together(made_page, file_of):
    frame = pd.DataFrame({"Who": ["An organization of the south"] * 30, "conversation": ["yes"] * 30, "n": ["1"] * 30})
    document = parsed(file_of(made_page(PARTS.table(frame, "Caption"), figure("x")), PICTURES[:1])["word/document.xml"])
    long, short = document.find_all("w:tbl")
    who, talk, n = (int(one["w:w"]) for one in long.find_all("w:gridcol"))
    assert who > 1.5 * talk > 3 * n
    assert all(row.find("w:cantsplit") for row in document.find_all("w:tr"))
    assert [bool(row.find("w:keepnext")) for row in short.find_all("w:tr")] == [True, False]
    assert not long.find_all("w:tr")[-2].find("w:keepnext")
    (picture,) = (one.find_parent("w:p") for one in document.find_all("w:drawing"))
    assert picture.find("w:keepnext") and picture.find_previous_sibling("w:p").find("w:keepnext")


@needs_pandoc
def test_a_number_whose_thousands_are_parted_by_a_hard_space_is_one_word(made_page, file_of):
    def width(n):
        frame = pd.DataFrame({"Who": ["organization" * 12], "n": [n]})
        table = parsed(file_of(made_page(PARTS.table(frame, "Caption")), [])["word/document.xml"]).find("w:tbl")
        return int(table.find_all("w:gridcol")[1]["w:w"])

    assert width("1\u202f832") == width("1\xa0832") == width("12832") > width("1 832")


@needs_pandoc
@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_cell_stays_text_in_the_word_file(made_page, file_of, said):
    table, _, unescaped = parts_with(said)
    files = file_of(made_page(table, figure(said), unescaped), PICTURES[:1])
    assert not [name for name in files if re.search(r"vba|activeX|embeddings|afchunk|\.html?$|\.bin$", name)]
    document = parsed(files["word/document.xml"])
    assert document.find_all(["w:object", "w:altchunk", "w:fldsimple", "w:instrtext", "w:control"]) == []
    targets = parsed(files["word/_rels/document.xml.rels"]).find_all("relationship")
    outside = [one["target"] for one in targets if one.get("targetmode") == "External"]
    assert [one for one in outside if not re.match(r"https?://|mailto:", one)] == []
    assert [one["target"] for one in targets if one["type"].endswith("/image")] == [
        name.removeprefix("word/") for name in files if name.startswith("word/media/")
    ]


@needs_pandoc
def test_it_stands_beside_the_page_is_mailed_with_it_and_goes_when_the_page_is_made_anew(study):
    make_reports(study, to="docx", progress=str)
    top = study.folder / "reports" / "study"
    assert (top / "shared" / "incentives.docx").is_file()
    assert 'href="incentives.docx"' in (top / "shared" / "index.html").read_text(encoding="utf-8")
    assert "incentives.docx" in bundle(study).files
    make_reports(study, progress=str)
    assert not (top / "shared" / "incentives.docx").exists()
    assert "incentives.docx" not in json.loads((top / "manifest.json").read_text())["reports"]["incentives"]["files"]


def test_without_pandoc_nothing_is_started_and_the_message_says_what_to_install(study, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgrammeError, match=r"found no pandoc, which writes Word files\. Install it"):
        make_reports(study, to="docx", progress=str)
    assert not Path(study.folder / "reports").exists()


@needs_pandoc
def test_a_frame_on_a_page_for_the_team_is_a_table_too(made_page, file_of):
    frame = pd.DataFrame({("a", "b"): [1], ("a", "c"): [2]}).to_html()
    assert parsed(file_of(made_page(frame), [])["word/document.xml"]).find("w:tbl")

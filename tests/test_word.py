"""--to docx: the Word file of a page keeps its headings, tables, figures and language, and holds nothing that runs."""

import base64
import io
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from small_study import cell, html, opening, study_of, text
from test_reports import HOSTILE, page_of, parts_with

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures.markup import PARTS
from konbit_lessons.reports import word
from konbit_lessons.reports.make import bundle, make_reports

needs_pandoc = pytest.mark.skipif(
    not (shutil.which("pandoc") or os.environ.get("CI")), reason="there is no pandoc here"
)


def png(width, height):
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "png")
    return file.getvalue()


def figure(said="Fine", height=600):
    """A figure, its wide picture `height` pixels high."""
    numbers = PARTS.table(pd.DataFrame({"Who": ["A"], "n": ["1"]}), caption=f"Numbers {said}")
    pictures = [(png(328, 400), 328), (png(640, height), 640)]
    told = {"heading": said, "subtitle": said, "caption": f"Source {said}", "alt": f"Alt {said}", "summary": "Numbers"}
    return PARTS.figure(**told, pictures=pictures, numbers=numbers)


@pytest.fixture(scope="module")
def made_page(tmp_path_factory):
    programme = study_of(tmp_path_factory.mktemp("word") / "study", simulated=True)
    sections = [text("## At a glance"), text("### Further down")]
    table = PARTS.table(pd.DataFrame({"x": ["a", "b"], "n": ["1", "2"]}), caption="Caption")

    def made(*htmls, language="fr"):
        shown = [cell(html(one)) for one in htmls or (table, figure(), figure("tall", 1600))]
        return str(page_of(programme, *sections, cell(opening()), *shown, language=language, tables=["a"]))

    return made


def parsed(xml):
    return BeautifulSoup(xml.partition(b"?>")[2], "html.parser")


def unpacked(document):
    with zipfile.ZipFile(io.BytesIO(document)) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


@needs_pandoc
def test_headings_tables_figures_alternative_texts_and_language_are_kept(made_page):
    html = BeautifulSoup(made_page(), "html.parser")
    files = unpacked(word.word_file(str(html)))
    document = parsed(files["word/document.xml"])
    styles = [style["w:val"] for style in document.find_all("w:pstyle")]
    assert [styles.count(one) for one in ("Title", "Heading1", "Heading2")] == [1, 1, 3]
    assert len(document.find_all("w:tbl")) == styles.count("TableCaption") == len(html.main.find_all("table")) == 3
    assert [one["descr"] for one in document.find_all("wp:docpr")] == [one["alt"] for one in html.find_all("img")]
    said = document.get_text(" ")
    assert "Source Fine" in said and "Données simulées" in said and b'w:val="fr"' in files["word/styles.xml"]
    assert document.find("w:jc", {"w:val": "right"})
    for only_on_screen in ("Aller au texte", "Sommaire", "a.csv"):
        assert only_on_screen not in said


@needs_pandoc
def test_figures_stand_in_their_wide_form_as_wide_as_the_text_and_within_a_sheet(made_page):
    html = made_page()
    files = unpacked(word.word_file(html))
    pictures = [content for name, content in files.items() if name.startswith("word/media/")]
    sources = BeautifulSoup(html, "html.parser").find_all("source")
    wide = [base64.b64decode(one["srcset"].partition(",")[2]) for one in sources]
    assert sorted(pictures) == sorted(wide)
    sizes = [(int(one["cx"]), int(one["cy"])) for one in parsed(files["word/document.xml"]).find_all("wp:extent")]
    inch = 914_400
    assert sizes[0][0] > 5.7 * inch and all(height < 8.5 * inch for _, height in sizes)
    assert sizes[1][0] < sizes[0][0] and sizes[1][1] / sizes[1][0] == pytest.approx(1600 / 640, abs=0.02)


@needs_pandoc
def test_the_same_page_gives_the_same_bytes(made_page):
    assert word.word_file(made_page()) == word.word_file(made_page())


@needs_pandoc
@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_cell_stays_text_in_the_word_file(made_page, said):
    table, _, unescaped = parts_with(said)
    files = unpacked(word.word_file(made_page(table, figure(said), unescaped)))
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

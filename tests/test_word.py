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
from reporting_example import programme, result, study_of
from test_reports import HOSTILE, shown

from konbit_lessons import parts
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures import incentive_figure
from konbit_lessons.reports import make_reports, word
from konbit_lessons.reports.bundle import bundle
from konbit_lessons.reports.page import page

needs_pandoc = pytest.mark.skipif(
    not (shutil.which("pandoc") or os.environ.get("CI")), reason="there is no pandoc here"
)


def made_page(text="Fine", language="fr"):
    p = programme(name=text, point_of_contact=text)
    frame = pd.DataFrame({text or "x": [text, text], "n": ["1", "2"]})
    return page(
        shown(
            parts.Opening(p, text, f"**{text}**", "FY2017Q3", language)._repr_html_(),
            parts.Table(frame, f"Caption {text}")._repr_html_(),
            incentive_figure(result(), language)._repr_html_(),
            markdown=["## At a glance", "### Further down"],
        ),
        p,
        quarter="FY2017Q3",
        language=language,
        tables=["a"],
    )


def parsed(xml):
    return BeautifulSoup(xml.partition(b"?>")[2], "html.parser")


def unpacked(document):
    with zipfile.ZipFile(io.BytesIO(document)) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


@needs_pandoc
def test_headings_tables_figures_alternative_texts_and_language_are_kept():
    html = BeautifulSoup(made_page(), "html.parser")
    files = unpacked(word.word_file(str(html)))
    document = parsed(files["word/document.xml"])
    text = document.get_text(" ")
    styles = [style["w:val"] for style in document.find_all("w:pstyle")]
    assert styles.count("Title") == 1
    assert styles.count("Heading1") == len(html.main.find_all("h2"))
    assert styles.count("Heading2") == len(html.main.find_all("h3"))
    assert len(document.find_all("w:tbl")) == len(html.main.find_all("table")) == 2
    assert styles.count("TableCaption") == 2
    assert [one["descr"] for one in document.find_all("wp:docpr")] == [one["alt"] for one in html.find_all("img")]
    pictures = [content for name, content in files.items() if name.startswith("word/media/")]
    assert pictures == [base64.b64decode(one["src"].partition(",")[2]) for one in html.find_all("img")]
    assert html.figcaption.get_text()[:30] in text
    assert "Données simulées" in text
    assert b'w:val="fr"' in files["word/styles.xml"]
    assert document.find("w:jc", {"w:val": "right"})
    for only_on_screen in ("Aller au texte", "Sommaire", "a.csv"):
        assert only_on_screen not in text


@needs_pandoc
def test_the_same_page_gives_the_same_bytes():
    assert word.word_file(made_page()) == word.word_file(made_page())


@needs_pandoc
@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_cell_stays_text_in_the_word_file(cell):
    files = unpacked(word.word_file(made_page(cell)))
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
def test_it_stands_beside_the_page_is_mailed_with_it_and_goes_when_the_page_is_made_anew(tmp_path):
    study = study_of(tmp_path / "study")
    make_reports(study, to="docx", reports=tmp_path / "out", progress=str)
    top = tmp_path / "out" / "study"
    assert (top / "shared" / "incentives.docx").is_file()
    assert 'href="incentives.docx"' in (top / "shared" / "index.html").read_text(encoding="utf-8")
    assert "incentives.docx" in bundle(study, reports=tmp_path / "out").files
    make_reports(study, reports=tmp_path / "out", progress=str)
    assert not (top / "shared" / "incentives.docx").exists()
    assert "incentives.docx" not in json.loads((top / "manifest.json").read_text())["reports"]["incentives"]["files"]


def test_without_pandoc_nothing_is_started_and_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgrammeError, match=r"found no pandoc, which writes Word files\. Install it"):
        make_reports(study_of(tmp_path / "study"), to="docx", reports=tmp_path / "out", progress=str)
    assert not Path(tmp_path / "out").exists()

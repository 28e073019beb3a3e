# ruff: noqa: E501  (messages stand whole)
"""Words: every message goes through them, so that another language is one .po file and no code."""

from datetime import date
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from pseudo import pseudo_language, untranslated
from reporting_example import programme, result

from konbit_lessons import figures, parts, sentences
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures import drawing
from konbit_lessons.reports import contents
from konbit_lessons.reports.page import page
from konbit_lessons.sentences import findings
from konbit_lessons.words import Words
from konbit_lessons.words.extract import NOTEBOOKS, POT, pot


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory):
    return pseudo_language(tmp_path_factory.mktemp("words"))


def test_the_committed_list_of_messages_is_current():
    assert POT.read_text(encoding="utf-8") == pot(), "run: python -m konbit_lessons.words.extract"


def test_every_sentence_comes_out_translated(pseudo):
    r = result()
    said = [
        *sentences.sentences(r, pseudo),
        *findings.at_a_glance(r, pseudo),
        findings.headline(r, pseudo),
        findings.joint_sentence(r, pseudo),
        findings.left_out_sentence(r, pseudo),
        findings.caveat(pseudo),
        *findings.strength_rule(r, pseudo),
        *findings.method_sentences(r, pseudo, adjust_for=["org_type"]),
    ]
    assert len(said) > 20
    assert [words for sentence in said if (words := untranslated(sentence))] == []


def test_every_word_of_a_figure_comes_out_translated(pseudo):
    figure = figures.incentive_figure(result(), pseudo)
    cells = [*figure.table.columns, *figure.table.to_numpy().ravel()]
    shown = [figure.heading, figure.subtitle, figure.caption, *cells]
    assert [words for text in shown if (words := untranslated(text))] == []


def test_every_word_of_the_picture_comes_out_translated(pseudo, monkeypatch):
    drawn = []
    monkeypatch.setattr(drawing, "drawable", lambda text: drawn.append(text) or text)
    axes = []
    original = drawing.axis_texts
    monkeypatch.setattr(drawing, "axis_texts", lambda *a, axis, **k: axes.append(axis) or original(*a, axis=axis, **k))
    monkeypatch.setattr(drawing, "palette_png", lambda canvas: b"")
    figures.incentive_figure(result(), pseudo)
    assert len(drawn) >= 18
    assert [words for text in [*drawn, *axes] if (words := untranslated(text))] == []


def test_every_word_of_a_page_and_of_the_index_comes_out_translated(pseudo):
    """The incentives notebook with its markdown and the parts its code shows, in order, and the index over it."""
    r, p = result(), programme()
    shown = {
        "opening": parts.Opening(p, findings.question(p, pseudo), findings.headline(r, pseudo), "FY2017Q3", pseudo),
        "one-by-one": parts.Prose(sentences.sentences(r, pseudo)),
        "figure": figures.incentive_figure(r, pseudo),
        "numbers": parts.incentive_table(r, pseudo),
    }
    notebook = nbformat.read(NOTEBOOKS / "incentives.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id in shown:
            bundle = {"text/html": shown[cell.id]._repr_html_()}
            cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    html = page(notebook, p, quarter="FY2017Q3", language=pseudo, tables=["incentives"])
    report = {"title": "⟦t⟧", "answer": "⟦a⟧", "page": "p.html", "tables": ["incentives"], "inputs": "old"}
    made = {
        "reports": {"incentives": report | {"parameters": {}}},
        "failed": {"x": "⟦why⟧"},
        "inputs": {},
        "audience": "shared",
    }
    for document in (html, contents.index(p, "FY2017Q3", pseudo, made, Path("nowhere"))):
        soup = BeautifulSoup(document, "html.parser")
        soup.head.decompose()
        for image in soup.find_all("img"):
            image.insert_after(image["alt"])
        text = soup.get_text(" ")
        # The programme's name, its address and file names are data, and stay as they are in every language.
        for name in ("Konbit (simulated example)", "incentives.csv"):
            text = text.replace(name, "")
        assert untranslated(text) == []
        assert text.count("⟦") > 10


def test_a_language_without_a_file_is_refused_with_those_there_are():
    with pytest.raises(ProgrammeError, match=r"language: found 'tlh'; expected one of en"):
        Words("tlh")


def test_numbers_are_rounded_for_people():
    words = Words("en")
    assert [words.points(x) for x in (0.123, 0.004, 0.0096, -0.08, 0.0, float("nan"))] == [
        "12",
        "0.4",
        "1",
        "−8",
        "0",
        "–",
    ]
    assert words.number(1800) == "1,800"
    assert words.number(1234.56, 1) == "1,234.6"
    assert words.percent(0.95) == "95 %"
    assert [words.p_value(p) for p in (0.0002, 0.0312, 0.4)] == ["p < 0.001", "p = 0.031", "p = 0.40"]
    assert words.date(date(2017, 6, 30)) == "30 June 2017"
    assert words.list(["A", "B", "C"]) == "A, B and C"


@pytest.mark.parametrize(("language", "day"), [("fr", "30 juin 2017"), ("ht", "30 jen 2017")])
def test_french_and_kreyol_write_numbers_the_french_way(tmp_path, language, day):
    (tmp_path / f"{language}.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n', "utf-8")
    words = Words(language, folder=tmp_path)
    assert words.number(1800.5, 1) == "1\u202f800,5"
    assert words.percent(0.95) == "95\u202f%"
    assert words.date(date(2017, 6, 30)) == day


def test_the_plural_follows_the_rule_of_the_language(tmp_path):
    (tmp_path / "fr.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n'
        '\nmsgid "{n} event"\nmsgid_plural "{n} events"\nmsgstr[0] "{n} activité"\nmsgstr[1] "{n} activités"\n',
        "utf-8",
    )
    french, english = Words("fr", folder=tmp_path), Words("en")
    assert [french.plural("{n} event", "{n} events", n) for n in (0, 1, 2)] == [
        "0 activité",
        "1 activité",
        "2 activités",
    ]
    assert [english.plural("{n} event", "{n} events", n) for n in (0, 1, 2)] == ["0 events", "1 event", "2 events"]

# ruff: noqa: E501  (sentences stand whole)
"""The languages of the reports: complete, consistent with the English, and each in its own words, numbers and dates."""

import io
import re
import string
from datetime import date
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from reporting_example import programme, result
from situations import SITUATIONS

from konbit_lessons import figures, parts, sentences
from konbit_lessons.figures import drawing
from konbit_lessons.reports import contents
from konbit_lessons.reports.page import page
from konbit_lessons.sentences import findings
from konbit_lessons.words import HERE, Words, complete, languages
from konbit_lessons.words.extract import NOTEBOOKS, POT, updated

TRANSLATED = [language for language in languages() if language != "en"]
TABLE = pd.read_csv(Path(__file__).parent / "data" / "sentences.csv", keep_default_na=False).set_index("situation")
ENGLISH = """about after all and another are asked at be been before beside between both by came cannot could did does
    each every everybody few fewer for from had has have how in into is it its less more most much near nearly never
    none not nothing of one only other others out over rests same should since so some stand stands still such than that
    the their them then there these they this those to together told too took until up was way we were what when where
    whether which who whom whose why with within without would"""
FRENCH = """au aux avec ce cela celle ces cette chaque dans des du elle elles est et il ils les leur mais ont pas pour qui
    sans ses sont sur une"""  # without those that Kreyòl has too
ALIKE = """Action Artibonite Centre Certification Contributions Grand Anse HTG Holm Invitations Logit Nippes Nord Est Ouest
    Per diem Source Sud Table Type code contribution contributions date invitation invitations source sources"""  # spelled as in English
ENGLISH, FRENCH, ALIKE = (set(words.split()) for words in (ENGLISH, FRENCH, ALIKE))
OWN = re.compile("a study in its own units|one kind with another")  # said partly in a programme's own words


def catalog(language):
    with (HERE / f"{language}.po").open("rb") as file:
        return read_po(file)


def messages(language):
    """Yield (English forms, translated forms) of every message."""
    for message in catalog(language):
        if message.id:
            yield tuple(one if isinstance(one, tuple) else (one,) for one in (message.id, message.string))


def words_of(text):
    return set(re.findall(r"[^\W\d_]+", re.sub(r"\{\w+\}|\]\(#[a-z-]+\)|\w+\.(toml|csv|xlsx)", " ", text)))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_none_is_left_over(language):
    complete(language)
    assert [message.id for message in catalog(language) if message.id and message.fuzzy] == []
    with POT.open("rb") as file:
        assert {one.id for one in catalog(language)} == {one.id for one in read_po(file)}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_the_emphasis_and_the_links_of_the_english(language):
    def marks(text):
        fields = sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})
        return fields, text.count("**"), re.findall(r"\]\(#[a-z-]+\)", text)

    plurals = catalog(language).num_plurals
    for english, forms in messages(language):
        assert {str(marks(form)) for form in forms} == {str(marks(english[-1]))}, english[0]
        assert len(forms) == (plurals if len(english) > 1 else 1), english[0]


def test_a_sentence_ends_as_the_english_does():
    for language in TRANSLATED:
        for english, forms in messages(language):
            assert {form[-1:] for form in forms} & set(".:?") == {english[0][-1]} & set(".:?"), english[0]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_the_english_copied_or_half_translated(language):
    for english, forms in messages(language):
        for form in forms:
            assert not words_of(form) & ENGLISH, form
            if form in english:
                assert {word for word in words_of(form) if len(word) > 2} <= ALIKE, form


def test_no_kreyol_message_is_french():
    for _, forms in messages("ht"):
        assert not words_of(forms[0]) & FRENCH, forms[0]


def test_french_signs_have_their_thin_spaces():
    for _, forms in messages("fr"):
        for form in forms:
            assert not re.search(r"[^\u202f]([;?!»%]|:(?!\w))|«[^\u202f]|[\"“”]", form), form


def test_the_table_of_sentences_is_that_of_the_situations():
    assert list(TABLE.index) == list(SITUATIONS)
    assert list(TABLE.columns) == ["en", *TRANSLATED]
    assert len(TABLE) >= 40 and TABLE.index.is_unique


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("language", languages())
def test_each_situation_has_its_sentence(language, situation):
    assert SITUATIONS[situation](Words(language)) == TABLE.loc[situation, language]


def test_no_english_word_is_left_in_a_french_sentence():
    said = TABLE.loc[~TABLE.index.str.match(OWN), "fr"].str.replace(programme().name, "")
    assert [sentence for sentence in said if words_of(sentence) & ENGLISH] == []
    assert words_of("It was offered at 3 activités") & ENGLISH


def _document(words):
    """The incentives page with its markdown and the parts its code shows, and the index over it."""
    r, p = result(), programme()
    shown = {
        "opening": parts.Opening(p, findings.question(p, words), findings.headline(r, words), "FY2017Q3", words),
        "one-by-one": parts.Prose(sentences.sentences(r, words)),
        "figure": figures.incentive_figure(r, words),
        "numbers": parts.incentive_table(r, words),
    }
    notebook = nbformat.read(NOTEBOOKS / "incentives.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id in shown:
            bundle = {"text/html": shown[cell.id]._repr_html_()}
            cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    report = {"title": "", "answer": "", "page": "p.html", "tables": ["incentives"], "inputs": "old", "parameters": {}}
    made = {"inputs": {}, "audience": "shared", "reports": {"incentives": report}, "failed": {"x": ""}}
    index = contents.index(p, "FY2017Q3", words, made, Path("nowhere"))
    return page(notebook, p, quarter="FY2017Q3", language=words, tables=["incentives"]), index


@pytest.fixture(scope="module")
def documents():
    """Language → the texts of its page and index, with alt texts and labels, and all that was drawn."""
    found = {}
    axis_texts = drawing.axis_texts
    for language in languages():
        drawn = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drawing, "drawable", lambda text, to=drawn: to.append(text) or text)
            patch.setattr(
                drawing, "axis_texts", lambda *a, axis, to=drawn, **k: to.append(axis) or axis_texts(*a, axis=axis, **k)
            )
            patch.setattr(drawing, "palette_png", lambda canvas: b"")
            soups = [BeautifulSoup(text, "html.parser") for text in _document(Words(language))]
        labels = [
            one.get(name) or "" for soup in soups for one in soup.find_all(True) for name in ("alt", "aria-label")
        ]
        for soup in soups:
            assert soup.html["lang"] == language
            soup.style.decompose()
        said = " ".join([*(soup.get_text(" ") for soup in soups), *labels, *drawn])
        found[language] = said.replace(programme().name, "")
    return found


def test_no_english_word_is_left_in_a_french_page(documents):
    assert words_of(documents["fr"]) & ENGLISH == set()
    assert len(words_of(documents["en"]) & ENGLISH) > 50  # the list finds English where there is some


def test_no_english_and_no_french_word_is_left_in_a_kreyol_page(documents):
    assert words_of(documents["ht"]) & (ENGLISH | FRENCH) == set()
    assert len(words_of(documents["fr"]) & FRENCH) > 20


@pytest.mark.parametrize("language", languages())
def test_a_page_says_that_it_awaits_a_native_reader_as_long_as_it_does(documents, language):
    words = Words(language)
    assert (
        words.text("A native speaker has yet to read this translation.") in documents[language]
    ) == words.awaits_reader


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1,800.5", "12 %", "0.4 %", "p = 0.031", "30 June 2017", "1 August 2017", "A, B and C", "A; B"]),
        ("fr", ["1 800,5", "12 %", "0,4 %", "p = 0,031", "30 juin 2017", "1er août 2017", "A, B et C", "A ; B"]),
        ("ht", ["1 800,5", "12 %", "0,4 %", "p = 0,031", "30 jen 2017", "1ye out 2017", "A, B ak C", "A; B"]),
    ],
)
def test_numbers_dates_and_lists_are_written_as_the_language_does(language, said):
    words = Words(language)
    assert [
        words.number(1800.5, 1),
        words.percent(0.12),
        words.percent(0.004),
        words.p_value(0.0312),
        words.date(date(2017, 6, 30)),
        words.date(date(2017, 8, 1)),
        words.list(["A", "B", "C"]),
        words.clauses(["A", "B"]),
    ] == [text if language == "en" else re.sub(r"(?<=\d) (?=\d{3}|%)| (?=;)", "\u202f", text) for text in said]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_month_has_its_name(language):
    days = [Words(language).date(date(2017, month, 2)) for month in range(1, 13)]
    assert len(set(days)) == 12
    assert all(re.fullmatch(r"2 [^\W\d]+ 2017", day) for day in days)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["were", "were", "was", "were", "were"]),
        ("fr", ["a été", "a été", "a été", "a été", "ont été"]),
        ("ht", ["te", "te", "te", "te", "te"]),
    ],
)
def test_the_plural_begins_where_it_does_in_the_language(language, said):
    words, forms = Words(language), sentences.TAKEN_UP["offered", True]
    spoken = [words.plural(*forms, n, points=words.number(n, 1)) for n in (0, 0.4, 1, 1.5, 2)]
    assert [verb in sentence for verb, sentence in zip(said, spoken, strict=True)] == [True] * 5


def test_what_a_study_calls_its_rows_stays_and_what_it_does_not_say_is_translated():
    french = Words("fr")
    own = sentences.Units.of({"rows": "personnes"}, "got", french)
    assert (own.rows, own.group, own.outcome) == ("personnes", "groupe", "avaient «\u202fgot\u202f»")


def test_extraction_keeps_what_is_translated_opens_what_is_new_and_drops_what_is_gone():
    text = (HERE / "fr.po").read_text(encoding="utf-8")
    known = {one.id: one.string for one in catalog("fr")}
    message = 'msgid "At a glance"\nmsgstr "En bref"\n'
    assert message in text
    made = updated(text.replace(message, "") + '\nmsgid "No longer said"\nmsgstr "Plus dit"\n')
    assert {one.id: one.string for one in read_po(io.StringIO(made))} == known | {"At a glance": ""}
    assert made.startswith(text[: text.index("\n\n")])

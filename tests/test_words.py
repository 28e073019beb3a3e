# ruff: noqa: E501  (lists of words)
"""The languages: complete, consistent with the English, each in its own words, numbers and dates."""

import io
import re
import string
from datetime import date

import pytest
from babel.messages.pofile import read_po

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.words import HERE, Words, complete, languages
from tools.extract import POT, pot, updated

TRANSLATED = [language for language in languages() if language != "en"]
ENGLISH = """about after all and another are asked at be been before beside between both by came cannot could did does
    each every everybody few fewer for from had has have how in into is it its less more most much near nearly never
    none not nothing of one only other others out over rests same should since so some stand stands still such than that
    the their them then there these they this those to together told too took until up was way we were what when where
    whether which who whom whose why with within without would"""
FRENCH = """au aux avec ce cela celle ces cette chaque dans des du elle elles est et il ils les leur mais ont pas pour qui
    sans ses sont sur une"""  # without those that Kreyòl has too
ENGLISH, FRENCH = (set(words.split()) for words in (ENGLISH, FRENCH))


def catalog(language):
    with (HERE / f"{language}.po").open("rb") as file:
        return read_po(file)


def messages(language):
    """Yield (English forms, translated forms) of every message."""
    for message in catalog(language):
        if message.id:
            yield tuple(one if isinstance(one, tuple) else (one,) for one in (message.id, message.string))


def words_of(text):
    return set(re.findall(r"[^\W\d_]+", re.sub(r"\{+\w+(:\w+)?\}+|\]\(#[a-z-]+\)|\w+\.(toml|csv|xlsx)", " ", text)))


def test_the_committed_list_of_messages_is_current():
    assert POT.read_text(encoding="utf-8") == pot(), "run: python -m tools.extract"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_none_is_left_over(language):
    complete(language)
    assert [message.id for message in catalog(language) if message.id and message.fuzzy] == []
    with POT.open("rb") as file:
        assert {one.id for one in catalog(language)} == {one.id for one in read_po(file)}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_with_their_kinds_the_emphasis_and_the_links_of_the_english(language):
    def marks(text):
        fields = sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name is not None)
        return fields, text.count("**"), re.findall(r"\]\(#[a-z-]+\)", text)

    plurals = catalog(language).num_plurals
    for english, forms in messages(language):
        assert marks(forms[-1]) == marks(english[-1]), english[0]
        assert all(marks(form) in [*map(marks, english)] for form in forms), english[
            0
        ]  # one of 0 or 1 may leave out {n}
        assert len(forms) == (plurals if len(english) > 1 else 1), english[0]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_ends_as_the_english_does_and_holds_no_english_word(language):
    for english, forms in messages(language):
        assert {form[-1:] for form in forms} & set(".:?") == {english[0][-1]} & set(".:?"), english[0]
        assert [form for form in forms if words_of(form) & ENGLISH] == [], english[0]


def test_no_kreyol_message_is_french():
    assert [forms[0] for _, forms in messages("ht") if words_of(forms[0]) & FRENCH] == []


def test_french_signs_have_their_thin_spaces():
    wrong = re.compile(r"[^\u202f]([;?!»%]|:(?!\w))|«[^\u202f]|[\"“”]")
    outside = [re.sub(r"\{[^}]*\}", "x", form) for _, forms in messages("fr") for form in forms]
    assert [form for form in outside if wrong.search(form)] == []


def test_a_language_without_a_file_is_refused_with_those_there_are():
    with pytest.raises(ProgrammeError, match=r"language: found 'tlh'; expected one of en"):
        Words("tlh")


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


def test_points_are_rounded_for_people():
    words = Words("en")
    assert [words.points(x) for x in (0.123, 0.004, 0.0096, -0.08, 0.0, float("nan"))] == [
        "12",
        "0.4",
        "1",
        "−8",
        "0",
        "–",
    ]
    assert [words.p_value(p) for p in (0.0002, 0.0312, 0.4)] == ["p < 0.001", "p = 0.031", "p = 0.40"]


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
    forms = ("{n} row was set aside", "{n} rows were set aside")
    spoken = [Words(language).plural(*forms, n) for n in (0, 0.4, 1, 1.5, 2)]
    expected = said if language != "fr" else ["a été"] * 4 + ["ont été"]
    assert [verb in sentence for verb, sentence in zip(expected, spoken, strict=True)] == [True] * 5, spoken


def test_extraction_keeps_what_is_translated_opens_what_is_new_and_drops_what_is_gone():
    text = (HERE / "fr.po").read_text(encoding="utf-8")
    known = {one.id: one.string for one in catalog("fr") if one.id}
    message = 'msgid "At a glance"\nmsgstr "En bref"\n'
    assert message in text
    made = updated(text.replace(message, "") + '\nmsgid "No longer said"\nmsgstr "Plus dit"\n')
    found = {one.id: one.string for one in read_po(io.StringIO(made)) if one.id}
    assert found == known | {"At a glance": ""}
    assert made.startswith(text[: text.index("\n\n")])

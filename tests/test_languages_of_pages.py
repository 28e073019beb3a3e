"""The pages as they are made: no word of another language or of files, what matters in front, and nothing twice."""

import re

import pytest
from bs4 import BeautifulSoup
from test_learning import words_in_front
from test_words import ENGLISH, FRENCH, words_of

import konbit_lessons as kl
from konbit_lessons.reports.briefs import make_briefs
from konbit_lessons.sentences import common, quality
from konbit_lessons.words import Words

pytestmark = pytest.mark.slow
READ_ALOUD = ("alt", "aria-label", "title")
FOREIGN = [("fr", ENGLISH), ("ht", (ENGLISH | FRENCH) - {"out"})]  # out: August
REPORTS = ("participation", "expectations", "data_quality", "incentives")
MOST_WORDS = 600  # of these, in front
OF_FILES = re.compile(r"programme\.toml|\bk of n\b|\bwave \d|\bFY\d{4}")
PROGRAMME = ("learning", "organizations", "other_support", "contributions", "business_leads")  # tables with own texts


@pytest.fixture(scope="module")
def own_texts(whole):
    """What the programme typed: its name and every text of its tables, the longest first."""
    texts = {whole.programme.name}
    for name in PROGRAMME:
        frame = getattr(whole, name)
        for column in frame.select_dtypes(exclude=["number", "datetime", "bool"]):
            texts |= {one for one in frame[column].dropna() if isinstance(one, str)}
    return sorted(filter(None, texts), key=len, reverse=True)


def said_by(path, own_texts):
    """The texts of a page that the package wrote, with its title and what a screen reader says of its pictures."""
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for element in soup(["style", "script"]):
        element.decompose()
    read_aloud = [one.get(name) or "" for one in soup.find_all(True) for name in READ_ALOUD]
    said = re.sub(r"\s+", " ", " ".join([soup.get_text(" "), *read_aloud]))
    said = re.sub(r"\bokt–des (?=\d{4})", " ", said)  # a quarter: December, not the French article
    for own in own_texts:
        said = re.sub(rf"(?<!\w){re.escape(' '.join(own.split()))}(?!\w)", " ", said)
    return re.sub(r"[\w*/-]*_[\w*.]+|\S+\.(?:csv|html|xlsx|toml|md|docx)\b|\S+@\S+", " ", said)  # names of files


def foreign_words(pages, own_texts, foreign):
    """page → the words of other languages in it, for the pages that have one."""
    found = {path.name: words_of(said_by(path, own_texts)) & foreign for path in pages}
    return {name: words for name, words in found.items() if words}


@pytest.fixture(scope="module")
def briefs_in(whole_programme, tmp_path_factory):
    """language → briefs on two organizations, with their index."""

    def briefs(language):
        programme = kl.load(whole_programme / "programme.toml", audience="internal")
        folder = tmp_path_factory.mktemp(f"briefs-{language}")
        make_briefs(programme, organizations=["CDSP-001", "AWD-001"], language=language, reports=folder)
        return sorted(folder.rglob("briefs/*.html"))

    return briefs


@pytest.mark.parametrize(("language", "foreign"), FOREIGN)
def test_no_word_of_another_language_is_left_in_a_page_as_made(pages_in, own_texts, language, foreign):
    pages = pages_in(language)
    assert len(pages) >= 8
    assert foreign_words(pages, own_texts, foreign) == {}


@pytest.mark.parametrize(("language", "foreign"), FOREIGN)
def test_no_word_of_another_language_is_left_in_a_brief_as_made(briefs_in, own_texts, language, foreign):
    pages = briefs_in(language)
    assert len(pages) == 4  # two briefs, and the index under both of its names
    assert foreign_words(pages, own_texts, foreign) == {}


def test_english_is_found_where_there_is_some(pages_in, own_texts):
    pages = pages_in("en")
    assert set(foreign_words(pages, own_texts, ENGLISH)) == {path.name for path in pages}


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_a_page_says_in_front_what_matters_in_the_words_of_readers_and_nothing_twice(pages_in, language):
    pages = {path.name.split(".")[0]: path for path in pages_in(language)}
    front = {name: words_in_front(pages[name]) for name in REPORTS}
    assert {name: n for name, n in front.items() if not 200 < n <= MOST_WORDS} == {}
    for name in (*REPORTS, "learning_report"):
        main = BeautifulSoup(pages[name].read_text(encoding="utf-8"), "html.parser").main
        text = main.get_text(" ")
        assert OF_FILES.findall(text) == [], name
        assert not [one.get_text() for one in main.find_all("text") if one.get_text().startswith(",")], name
        assert text.count(Words(language).text(common.TEXTS["why_missing"]).partition("{")[0]) <= 1, name
        assert (
            text.count(Words(language).text(quality.TEXTS["provisional"]).partition("{day")[0].partition("}")[2]) == 1
        ), name
        for folded in main.find_all("details"):
            folded.extract()
        said = [one.get_text() for one in main.find_all(["h1", "h2", "h3", "p", "li"]) if len(one.get_text()) > 40]
        assert sorted({*said}) == sorted(said), name
        if language == "en":  # what cannot be told comes after what can
            untold = ["cannot be told" in one.get_text() for one in main.select("#at-a-glance + ul > li")]
            assert untold == sorted(untold) or name == "learning_report"

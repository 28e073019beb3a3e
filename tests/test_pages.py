"""The pages as their notebooks make them, of two countries and of small programmes: true to what is declared."""

import html
import re
import shutil
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from notebook_run import ROOT, run_notebook, shown

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.figures.drawing import Drawing
from konbit_lessons.show import CARRIED

pytestmark = pytest.mark.slow
PAGES = ["data_quality", "participation", "expectations", "incentives", "learning_report"]
OF_HAITI = re.compile(
    r"konbit|cdsp|awardee|haiti|haïti|htg|gourde|leve\b|lokal|showcase|vitrine|round table|table ronde", re.I
)
NO_TEXT = re.compile(r"\bnan\b|\bNaN\b|NaT|None(?! of| that)|<NA>|&lt;NA&gt;|\{\w+")


@pytest.fixture(scope="module")
def folders(tmp_path_factory, whole_programme):
    """name → the folder of a programme: the shared one, Senegal's, and two small simulated ones."""
    top = tmp_path_factory.mktemp("programmes")
    shutil.copytree(ROOT / "examples" / "senegal", top / "senegal")
    for name, size in (("forty", "40 --events 16 --seed 3"), ("twenty-four", "24 --events 10 --seed 11")):
        made = CliRunner().invoke(main, ["example", str(top / name), "--organizations", *size.split()])
        assert made.exit_code == 0, made.output
    return {"shared": whole_programme} | {path.name: path for path in top.iterdir()}


def text_of(notebook):
    """What a reader sees of the parts of a page, pictures too."""
    outputs = [one.data for cell in notebook.cells for one in cell.get("outputs", []) if CARRIED in one.data]
    seen = " ".join(data["text/html"] for data in outputs if data[CARRIED]["part"] != "nothing")
    alone = re.sub(r'<style>.*?</style>|<div class="picture" role="img" aria-label="([^"]*)">', r" \1 ", seen)
    return html.unescape(re.sub(r"<[^>]+>", " ", alone)), [data[CARRIED] for data in outputs]


@pytest.fixture(scope="module")
def notebooks(folders):
    """(programme, page, language) → the notebook as it ran, once each, without pictures for Word."""
    made = {}

    def notebook(*key):
        if key not in made:
            programme, name, language = key
            with patch.object(Drawing, "png", lambda self: ""):
                made[key] = run_notebook(name, folder=folders[programme], language=language)
        return made[key]

    return notebook


@pytest.fixture(scope="module")
def pages(notebooks):
    """(programme, page, language) → the text and what its parts carry."""
    return lambda *key: text_of(notebooks(*key))


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("programme", ["shared", "senegal"])
def test_every_page_is_made_in_both_languages(pages, programme, name, language):
    text, carried = pages(programme, name, language)
    (opening,) = [one for one in carried if "title" in one]
    assert len(opening["answer"]) > 20
    assert sum(one["part"] == "figure" for one in carried) >= 1
    assert NO_TEXT.findall(text) == []
    words = re.findall(r"\b(?:the|of|and|in|to|with|were|that|invitations were|organizations)\b(?!\.\w)", text)
    assert len(words) > 50 if language == "en" else words == [], words[:5]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("programme", ["forty", "twenty-four"])
def test_every_page_of_a_small_programme_is_made(pages, programme, name):
    text, carried = pages(programme, name, "en")
    assert any("title" in one for one in carried)
    assert NO_TEXT.findall(text) == []


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_of_another_country_has_a_word_of_the_first(pages, name, language):
    assert OF_HAITI.findall(pages("senegal", name, language)[0]) == []


def test_the_second_country_reads_its_own_words(pages):
    said = {name: pages("senegal", name, "fr")[0].lower() for name in PAGES}
    assert "bon de semences" in said["incentives"] and "coopérative" in said["participation"]
    assert "octobre 2023" in said["participation"] + said["learning_report"] or "juillet" in said["participation"]


@pytest.mark.parametrize("name", PAGES)
def test_every_number_of_a_sentence_is_in_the_file_of_its_numbers(pages, name):
    say = kl.Say("en")
    _, carried = pages("shared", name, "en")
    rows = [row for one in carried for row in one.get("sentences", ())]
    assert rows
    for text, what, *values in rows:
        known = [value for value in values if value is not None]
        written = {one for value in known for one in (say.number(value), say.points(value), say.percent(value))}
        written |= {
            one for value in known for one in (say.number(value, 1), say.number(value, 2), say.number(value, 3))
        }
        written |= {say.words.p_value(value) for value in known} | {say.points(-value) for value in known}
        assert any(one in text for one in written), (text, what, values)


@pytest.mark.parametrize("programme", ["shared", "senegal"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_brief_is_made_of_an_organization_of_each_country(folders, programme, language):
    text, _ = text_of(run_notebook("organization_brief", folder=folders[programme], language=language))
    assert NO_TEXT.findall(text) == []
    assert programme == "shared" or OF_HAITI.findall(text) == []


def test_the_true_effects_of_the_second_country_are_inside_their_intervals(folders):
    programme = kl.load(folders["senegal"] / "programme.toml")
    asked = programme.question
    result = kl.estimate(programme.formula, kl.rows(programme), incentives=asked["incentives"])
    found = result.table.set_index("term")
    truth = {"seeds_voucher": 0.20, "allowance": 0.15, "transport": 0.12, "meal": 0.0}
    for term, true in truth.items():
        low, high = (found.loc[term, end] for end in ("conf_low", "conf_high"))
        assert str(found.loc[term, "reason"]) or low <= true <= high, (term, low, high)


def test_what_a_cell_shows_is_for_the_lab_or_one_of_our_parts(notebooks):
    for name in PAGES:
        notebook = notebooks("senegal", name, "en")
        for cell in notebook.cells:
            raw = [one for one in cell.get("outputs", []) if CARRIED not in one.data]
            assert not raw or "frame" in cell.metadata.get("tags", []), cell.source
        assert shown(notebook)


def test_the_folder_of_the_examples_holds_no_report():
    assert not list(Path(ROOT / "examples").rglob("*.html"))

"""The page that lists the reports: what each found, what was not made and why, and which quarters there are."""

import csv
import json

import pytest
from bs4 import BeautifulSoup
from reporting_example import study_of, written

from konbit_lessons.errors import ReportError
from konbit_lessons.reports import make_reports


@pytest.fixture
def study(tmp_path):
    return study_of(tmp_path / "study")


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def not_made(reports):
    return [
        " ".join(item.get_text().split())
        for item in soup(reports / "study" / "shared" / "index.html").select(".caveat li")
    ]


def test_what_was_not_made_stays_in_the_index_until_it_is(study, tmp_path):
    with pytest.raises(ReportError):
        make_reports(study, ["broken"], reports=tmp_path, progress=str)
    make_reports(study, ["incentives"], reports=tmp_path, progress=str)
    assert not_made(tmp_path) == ["broken: broken.ipynb, cell 2 (1 / 0): ZeroDivisionError."]
    written(study.folder / "notebooks", "1", name="broken")
    make_reports(study, ["broken"], reports=tmp_path, progress=str)
    assert not_made(tmp_path) == []


def test_the_index_says_why_in_our_words_and_quotes_no_other_error(study, tmp_path):
    (study.folder / "notebooks" / "broken.ipynb").unlink()
    written(study.folder / "notebooks", "raise KeyError('Asosyasyon Secret')", name="other")
    written(
        study.folder / "notebooks",
        "import konbit_lessons.errors as e; error = e.DataError('too few')",
        "raise error",
        name="ours",
    )
    with pytest.raises(ReportError, match="Asosyasyon Secret"):
        make_reports(study, ["other", "ours"], reports=tmp_path, progress=str)
    said = not_made(tmp_path)
    assert "KeyError" in said[0] and said[1].endswith("DataError: too few.")
    assert "KeyError: " not in said[0]


def test_the_page_above_lists_what_there_is_and_links_to_it(study, tmp_path):
    with pytest.raises(ReportError):
        make_reports(study, ["incentives", "broken"], reports=tmp_path, progress=str)
    make_reports(study, ["incentives"], audience="internal", reports=tmp_path, progress=str)
    page = soup(tmp_path / "index.html")
    links = [link["href"] for link in page.select("main a")]
    assert links == ["study/shared/index.html", "study/internal/index.html"]
    assert all((tmp_path / link).is_file() for link in links)
    assert [" ".join(item.get_text().split()) for item in page.select("main li")] == [
        "1 report, to share; 1 was not made",
        "1 report, for the team",
    ]
    assert soup(tmp_path / "study" / "shared" / "index.html").select_one("footer a")["href"] == "../../index.html"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_each_report_of_a_quarter_has_its_answer_and_a_small_figure_of_its_own_numbers(reports_in, language):
    top = reports_in(language)
    page = soup(top / "shared" / "index.html")
    made = json.loads((top / "manifest.json").read_text(encoding="utf-8"))["reports"]
    sections = page.select("main > section")
    assert len(sections) == len(made) == 5
    for section in sections:
        assert 1 <= len(section.select(".small li")) <= 3
        assert len(section.select_one("p").get_text()) > 30
        assert len(section.select("details a")) == len(made[section.h2.a["href"].removesuffix(".html")]["tables"])
    with (top / "shared" / "tables" / "uptake.csv").open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    said = sections[0].select(".small li")[-1].get_text(" ")
    assert last["label"] in said
    assert all(str(round(100 * float(last[name]))) in said for name in ("estimate", "low", "high"))
    assert "../../index.html" in {link["href"] for link in page.select("a")}

"""The page that lists the reports: what each found, what was not made and why, and which quarters there are."""

import csv
import json
import zipfile

import pytest
from bs4 import BeautifulSoup
from small_study import cell, error, opening, part, written

from konbit_lessons.errors import ReportError
from konbit_lessons.reports.make import bundle, make_reports
from konbit_lessons.reports.manifest import in_words


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def not_made(study):
    index = soup(study.folder / "reports" / "study" / "shared" / "index.html")
    return [" ".join(item.get_text().split()) for item in index.select(".caveat li")]


def test_what_was_not_made_stays_in_the_index_until_it_is(study):
    with pytest.raises(ReportError):
        make_reports(study, ["broken"], progress=str)
    make_reports(study, ["incentives"], progress=str)
    assert not_made(study) == ["broken: broken.ipynb, cell 2 (1 / 0): ZeroDivisionError."]
    written(study.folder / "notebooks", cell(part()), name="broken")
    make_reports(study, ["broken"], progress=str)
    assert not_made(study) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise KeyError('Asosyasyon Secret')", "KeyError."),
        ("import konbit_lessons.errors as e; raise e.DataError('too few')", "DataError: too few."),
    ],
)
def test_the_index_says_why_in_our_words_and_quotes_no_other_error(study, monkeypatch, source, said):
    monkeypatch.undo()  # with a kernel
    written(study.folder / "notebooks", source, name="tried")
    with pytest.raises(ReportError):
        make_reports(study, ["tried"], progress=str)
    assert not_made(study)[0].endswith(said)


def test_the_page_above_lists_what_there_is_and_links_to_it(study):
    with pytest.raises(ReportError):
        make_reports(study, ["incentives", "broken"], progress=str)
    make_reports(study, ["incentives"], audience="internal", progress=str)
    reports = study.folder / "reports"
    page = soup(reports / "index.html")
    links = [link["href"] for link in page.select("main a")]
    assert links == ["study/shared/index.html", "study/internal/index.html"]
    assert all((reports / link).is_file() for link in links)
    assert [" ".join(item.get_text().split()) for item in page.select("main li")] == [
        "1 report, to share; 1 was not made",
        "1 report, for the team",
    ]
    assert soup(reports / "study" / "shared" / "index.html").select_one("footer a")["href"] == "../../index.html"


def everything(reports):
    return {path.relative_to(reports).as_posix(): path.read_bytes() for path in reports.rglob("*") if path.is_file()}


def test_languages_stand_side_by_side_and_link_to_one_another_in_whatever_order_they_are_made(study, tmp_path):
    made = make_reports(study, reports=tmp_path / "a", language="en,fr", progress=str)
    make_reports(study, reports=tmp_path / "b", language="fr", progress=str)
    make_reports(study, reports=tmp_path / "b", language="en", progress=str)
    assert everything(tmp_path / "a") == everything(tmp_path / "b")
    shared = tmp_path / "a" / "study" / "shared"
    assert [page.name for page in made.pages] == ["incentives.html", "incentives.fr.html"]
    assert (shared / "tables" / "incentives.fr.csv").is_file()
    for stem, page in (("incentives", shared), ("index", shared), ("index", tmp_path / "a")):
        for language, other in (("en", "fr"), ("fr", "en")):
            read = soup(page / f"{in_words(stem, language)}.html")
            (link,) = read.select(".languages a")
            assert read.html["lang"] == language and link["lang"] == other
            assert (page / link["href"]) == page / f"{in_words(stem, other)}.html"
    assert "index.fr.html" in soup(shared / "incentives.fr.html").footer.get_text()


def test_what_is_only_there_in_another_language_is_marked_so_and_the_bundle_of_one_language_has_no_dead_link(study):
    written(study.folder / "notebooks", cell(opening()), name="another")
    shared = make_reports(study, ["incentives"], language="en,fr", progress=str).index.parent
    make_reports(study, ["another"], language="fr", progress=str)
    links = [(link["href"], link.parent.get("lang")) for link in soup(shared / "index.html").select("h2 a")]
    assert links == [("incentives.html", None), ("another.fr.html", "fr")]
    mailed = bundle(study, language="fr")
    assert not [name for name in mailed.files if "incentives.html" in name] and not mailed.left_out
    with zipfile.ZipFile(mailed.path) as zipped:
        pages = {name.split("/")[-1]: zipped.read(name).decode() for name in zipped.namelist() if "html" in name}
    targets = {link["href"] for html in pages.values() for link in BeautifulSoup(html, "html.parser").select("a")}
    assert {one for one in targets if one.endswith(".html")} <= pages.keys()
    assert len([name for name in bundle(study).files if name.startswith("incentives")]) == 4  # pages and workbooks


SHARES = "label,share,conf_low,conf_high\nA,0.2,0.1,0.3\nHidden,,,\nB,0.25,0.2,0.4\nC,0.4,0.3,0.5\nD,0.5,0.4,0.6\n"
DIFFERENCES = "label,estimate,conf_low,conf_high\nA,0.1,-0.1,0.2\nB,-0.2,-0.4,0\n"


@pytest.mark.parametrize(
    ("tables", "said", "first"),
    [
        ([SHARES], ["A 20 % (10 to 30)", "B 25 % (20 to 40)", "C 40 % (30 to 50)"], "M10.0 3H30.0"),
        (["a,b\n1,2\n", DIFFERENCES], ["A +10 of 100 (−10 to 20)", "B −20 of 100 (−40 to 0)"], "M37.5 3H75.0"),
        (["label,share,conf_low,conf_high\nA,,,\n"], [], None),
        (["label,share,conf_low,conf_high\nA,0.2,0.1,0.3\nA,0.3,0.1,0.4\n"], [], None),  # which is which?
        ([], [], None),
    ],
)
def test_a_report_has_a_small_figure_of_the_first_shares_or_differences_it_shows(study, tables, said, first):
    parts = [part(name=f"t{at}", csv=table, finding="Some") for at, table in enumerate(tables)]
    written(study.folder / "notebooks", cell(opening("See [there](#there)."), *parts), name="tried")
    index = soup(make_reports(study, ["tried"], progress=str).index)
    bars = [" ".join(item.get_text(" ").replace("\u00a0", " ").split()) for item in index.select(".small li")]
    assert bars == said
    assert [one["d"] for one in index.select(".small .bar")][:1] == ([first] if first else [])
    assert index.select_one("section p a")["href"] == "tried.html#there"


def test_an_error_names_no_folder_of_this_machine(study):
    written(study.folder / "notebooks", cell(error("OSError", str(study.folder))), name="tried")
    with pytest.raises(ReportError):
        make_reports(study, ["tried"], progress=str)
    assert str(study.folder) not in not_made(study)[0]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_each_report_of_a_quarter_has_its_answer_and_most_a_small_figure_of_their_own_numbers(reports_in, language):
    top = reports_in(language)
    page = soup(top / "shared" / "index.html")
    made = json.loads((top / "manifest.json").read_text(encoding="utf-8"))["reports"]
    sections = page.select("main > section")
    assert len(sections) == len(made) == 5
    for section in sections:
        assert len(section.select(".small li")) <= 3
        assert len(section.select_one("p").get_text()) > 30
        tables = made[section.h2.a["href"].removesuffix(".html")]["tables"]
        assert [link["href"] for link in section.select("details a")] == [f"tables/{name}.csv" for name in tables]
        for name in tables:
            with (top / "shared" / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
                assert len(list(csv.reader(file))) > 1
    assert sum(bool(section.select(".small li")) for section in sections) >= 3
    assert f"../../{in_words('index', language)}.html" in {link["href"] for link in page.select("a")}

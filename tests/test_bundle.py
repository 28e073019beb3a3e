"""The zip to mail: what the manifest lists, as it was made, and nothing else."""

import json
import re
import zipfile

import pytest
from bs4 import BeautifulSoup
from reporting_example import study_of, written

from konbit_lessons.errors import DataError, ReportError
from konbit_lessons.reports import make_reports
from konbit_lessons.reports.bundle import bundle


@pytest.fixture
def study(tmp_path):
    made = study_of(tmp_path / "study")
    make_reports(made, reports=tmp_path / "out", progress=str)
    return made


def names(path):
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
        return zipped.namelist()


def test_it_holds_the_pages_the_tables_the_index_and_a_page_to_read_first(study, tmp_path):
    made = bundle(study, reports=tmp_path / "out")
    assert made.path == tmp_path / "out" / "study" / "konbit-konbit-simulated-example-study.zip"
    folder = "konbit-konbit-simulated-example-study"
    assert names(made.path) == [
        f"{folder}/READ-ME.html", f"{folder}/incentives.html", f"{folder}/index.html",
        f"{folder}/tables/incentives.csv",
    ]  # fmt: skip
    with zipfile.ZipFile(made.path) as zipped:
        read_me = BeautifulSoup(zipped.read(f"{folder}/READ-ME.html"), "html.parser")
        index = zipped.read(f"{folder}/index.html").decode("utf-8")
        everything = b"".join(zipped.read(name) for name in zipped.namelist())
    assert [link["href"] for link in read_me.select("main a")] == ["index.html", "incentives.html"]
    assert "evaluation@example.org" in read_me.main.get_text()
    assert "../" not in index
    assert str(tmp_path).encode() not in everything and b"manifest" not in everything


def test_the_same_reports_give_the_same_bytes(study, tmp_path):
    first = bundle(study, reports=tmp_path / "out").path.read_bytes()
    make_reports(study, reports=tmp_path / "again", progress=str)
    assert bundle(study, reports=tmp_path / "again").path.read_bytes() == first
    with zipfile.ZipFile(tmp_path / "again" / "study" / "konbit-konbit-simulated-example-study.zip") as zipped:
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in zipped.infolist()} == {0o644}


def test_what_somebody_put_there_is_named_and_not_mailed(study, tmp_path):
    shared = tmp_path / "out" / "study" / "shared"
    (shared / "names.xlsx").write_text("secret")
    (shared / "tables" / "mine.csv").write_text("secret")
    (shared / "link.html").symlink_to(study.folder / "programme.toml")
    made = bundle(study, reports=tmp_path / "out")
    assert made.left_out == ("link.html", "names.xlsx", "tables/mine.csv")
    assert not [name for name in names(made.path) if "mine" in name or "names" in name or "link" in name]


def test_internal_reports_are_never_in_it(study, tmp_path):
    make_reports(study, audience="internal", reports=tmp_path / "out", progress=str)
    written(study.folder / "notebooks", "1", name="about_one")
    make_reports(study, ["about_one"], audience="internal", reports=tmp_path / "out", progress=str)
    assert not [name for name in names(bundle(study, reports=tmp_path / "out").path) if "about_one" in name]


def test_reports_older_than_the_data_are_refused_with_what_changed(study, tmp_path):
    (study.folder / "programme.toml").write_text("changed")
    with pytest.raises(DataError, match=r"older than the data: programme\.toml changed since\. Make them again"):
        bundle(study, reports=tmp_path / "out")
    written(study.folder / "notebooks", "1", name="another")
    make_reports(study, ["another"], reports=tmp_path / "out", progress=str)
    with pytest.raises(DataError, match=r"from an earlier run, of other data: incentives"):
        bundle(study, reports=tmp_path / "out")


def test_a_report_that_failed_holds_the_bundle_back_until_it_is_made(study, tmp_path):
    with pytest.raises(ReportError):
        make_reports(study, ["broken"], reports=tmp_path / "out", progress=str)
    with pytest.raises(ReportError, match="the last time, broken of study could not be made"):
        bundle(study, reports=tmp_path / "out")
    written(study.folder / "notebooks", "1", name="broken")
    make_reports(study, ["broken"], reports=tmp_path / "out", progress=str)
    assert [name for name in names(bundle(study, reports=tmp_path / "out").path) if "broken" in name]


@pytest.mark.parametrize("change", ["edited", "gone", "elsewhere"])
def test_a_page_that_is_not_as_it_was_made_is_refused(study, tmp_path, change):
    page = tmp_path / "out" / "study" / "shared" / "incentives.html"
    if change == "elsewhere":
        manifest = page.parent.parent / "manifest.json"
        secret = study.folder / "secret.html"
        secret.write_text("x")
        made = json.loads(manifest.read_text())
        made["reports"]["incentives"]["files"] = {
            "../../../study/secret.html": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        }
        manifest.write_text(json.dumps(made))
    elif change == "edited":
        page.write_text(page.read_text() + "<!-- -->")
    else:
        page.unlink()
    with pytest.raises(DataError, match=r"secret\.html|incentives\.html is not there as it was made"):
        bundle(study, reports=tmp_path / "out")


def test_nothing_made_or_another_language_is_refused(study, tmp_path):
    with pytest.raises(DataError, match="found no shared reports of study; make them first: konbit report"):
        bundle(study, reports=tmp_path / "empty")
    notebook = study.folder / "notebooks" / "incentives.ipynb"
    notebook.write_text(notebook.read_text().replace('quarter = \\"FY2017Q3\\"', 'language = \\"en\\"'))
    make_reports(study, reports=tmp_path / "out", progress=str)
    with pytest.raises(DataError, match=r"expected every report in fr; found incentives \(en\)"):
        bundle(study, language="fr", reports=tmp_path / "out")


@pytest.mark.parametrize("name", ["../../etc", "CON", 'Ayiti: 100% / "x"', "برنامج", "é" * 300, "a\0b", ".", ""])
def test_the_names_in_it_are_safe_whatever_the_programme_is_called(study, tmp_path, name):
    study.name = name
    for one in names(bundle(study, reports=tmp_path / "out").path):
        assert re.fullmatch(r"konbit-[a-z0-9-]{1,40}-study/(tables/)?[A-Za-z_-]+\.(html|csv)", one)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_the_page_to_read_first_is_in_the_language_of_the_reports(pages_in, language):
    read_me = BeautifulSoup(pages_in(language)[-1].read_text(encoding="utf-8"), "html.parser")
    assert read_me.html["lang"] == language
    assert {"en": "Whom to ask", "fr": "À qui s'adresser", "ht": "Ki moun pou mande"}[language] in read_me.get_text()
    assert read_me.select_one(".simulated")
    assert len(read_me.select("main li")) == 6

"""The zip to mail: what the manifest lists, as it was made, and nothing else."""

import json
import re
import zipfile

import pytest
from bs4 import BeautifulSoup
from small_study import cell, part, study_of, written

from konbit_lessons.errors import DataError, ReportError
from konbit_lessons.reports.make import bundle, make_reports

FOLDER = "konbit-konbit-simulated-example-study"


@pytest.fixture
def made(study):
    """The study, with its reports beside it."""
    make_reports(study, progress=str)
    return study


def names(path):
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
        return zipped.namelist()


def another(study, *cells, **options):
    """Make the report of one more notebook."""
    written(study.folder / "notebooks", *cells or [cell(part())], name="another")
    make_reports(study, ["another"], progress=str, **options)


def test_it_holds_the_pages_the_tables_the_index_and_a_page_to_read_first(made, tmp_path):
    path = bundle(made).path
    assert path == made.folder / "reports" / "study" / f"{FOLDER}.zip"
    expected = ["READ-ME.html", "incentives.html", "incentives.xlsx", "index.html", "tables/incentives.csv"]
    assert names(path) == [f"{FOLDER}/{name}" for name in [*expected, "tables/incentives_sentences.csv"]]
    with zipfile.ZipFile(path) as zipped:
        read_me = BeautifulSoup(zipped.read(f"{FOLDER}/READ-ME.html"), "html.parser")
        index = zipped.read(f"{FOLDER}/index.html").decode("utf-8")
        everything = b"".join(zipped.read(name) for name in zipped.namelist())
    assert [link["href"] for link in read_me.select("main a")] == ["index.html", "incentives.html"]
    assert "evaluation@example.org" in read_me.main.get_text()
    assert "../" not in index
    assert str(tmp_path).encode() not in everything and b"manifest" not in everything


def test_the_same_reports_give_the_same_bytes(made, tmp_path):
    make_reports(made, reports=tmp_path / "again", progress=str)
    again = bundle(made, reports=tmp_path / "again").path
    assert again.read_bytes() == bundle(made).path.read_bytes()
    with zipfile.ZipFile(again) as zipped:
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in zipped.infolist()} == {0o644}


def test_what_somebody_put_there_is_named_and_not_mailed(made):
    shared = made.folder / "reports" / "study" / "shared"
    (shared / "names.xlsx").write_text("secret")
    (shared / "tables" / "mine.csv").write_text("secret")
    (shared / "link.html").symlink_to(made.path)
    mailed = bundle(made)
    assert mailed.left_out == ("link.html", "names.xlsx", "tables/mine.csv")
    assert not [name for name in names(mailed.path) if "mine" in name or "names" in name or "link" in name]


def test_internal_reports_are_never_in_it(made):
    another(made, audience="internal")
    assert not [name for name in names(bundle(made).path) if "another" in name]


def test_reports_older_than_the_data_are_refused_with_what_changed(made):
    (made.folder / "data.csv").write_text("y,a,c\n1,0,x\n")
    with pytest.raises(DataError, match=r"older than the data: data\.csv changed since\. Make them again"):
        bundle(made)
    another(made)
    with pytest.raises(DataError, match=r"from an earlier run, of other data: incentives"):
        bundle(made)


def test_a_report_that_failed_holds_the_bundle_back_until_it_is_made(made):
    with pytest.raises(ReportError):
        make_reports(made, ["broken"], progress=str)
    with pytest.raises(ReportError, match="the last time, broken of study could not be made"):
        bundle(made)
    written(made.folder / "notebooks", cell(part()), name="broken")
    make_reports(made, ["broken"], progress=str)
    assert [name for name in names(bundle(made).path) if "broken" in name]


@pytest.mark.parametrize("change", ["edited", "gone", "elsewhere"])
def test_a_page_that_is_not_as_it_was_made_is_refused(made, change):
    page = made.folder / "reports" / "study" / "shared" / "incentives.html"
    if change == "elsewhere":
        manifest = page.parent.parent / "manifest.json"
        (made.folder / "secret.html").write_text("x")
        said = json.loads(manifest.read_text())
        of_x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        said["reports"]["incentives"]["files"] = {"../../../secret.html": of_x}
        manifest.write_text(json.dumps(said))
    elif change == "edited":
        page.write_text(page.read_text() + "<!-- -->")
    else:
        page.unlink()
    with pytest.raises(DataError, match=r"secret\.html|incentives\.html is not there as it was made"):
        bundle(made)


def test_nothing_made_or_another_language_is_refused(made, tmp_path):
    with pytest.raises(DataError, match="found no shared reports of study; make them first: konbit report"):
        bundle(made, reports=tmp_path / "empty")
    with pytest.raises(DataError, match=r"expected every report in fr; found incentives \(en\)"):
        bundle(made, language="fr")


@pytest.mark.parametrize("name", ["../../etc", "CON", 'Ayiti: 100% / "x"', "برنامج", "é" * 300, ".", "a\u202eb"])
def test_the_names_in_it_are_safe_whatever_the_programme_is_called(study, tmp_path, name):
    named = study_of(tmp_path / "named", name=name)
    make_reports(named, progress=str)
    for one in names(bundle(named).path):
        assert re.fullmatch(r"konbit-[a-z0-9-]{1,40}-study/(tables/)?[A-Za-z_-]+\.(html|xlsx|csv)", one)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_the_page_to_read_first_is_in_the_language_of_the_reports(pages_in, language):
    read_me = BeautifulSoup(pages_in(language)[-1].read_text(encoding="utf-8"), "html.parser")
    assert read_me.html["lang"] == language
    assert {"en": "Whom to ask", "fr": "À qui s'adresser", "ht": "Ki moun pou mande"}[language] in read_me.get_text()
    assert read_me.select_one(".simulated")
    assert len(read_me.select("main li")) == 6

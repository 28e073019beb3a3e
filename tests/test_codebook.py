"""The codebook: complete in three languages, and no figure in it is about fewer organizations than may be."""

import io

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

import konbit_lessons as kl
from konbit_lessons import tables
from konbit_lessons.cli import main
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.reports.codebook import _column, _frame, figures, write_codebook
from konbit_lessons.words import Words, languages

LANGUAGES = ("en", "fr", "ht")
HEADS = tables.codebook()["heads"]


@pytest.fixture(scope="module")
def written(whole, whole_programme, tmp_path_factory):
    """Folder of the codebook of the whole programme."""
    folder = tmp_path_factory.mktemp("codebook")
    write_codebook(whole.programme, folder)
    return folder


@pytest.fixture(scope="module")
def lines(whole):
    return _english(whole).set_index(["Table", "Column"])


def _english(data):
    words = Words("en")
    columns = [_column(one, name, data, words) for one in data.programme.tables.values() for name in one.columns]
    return _frame(columns, words)


def _read(folder, language):
    text = (folder / f"codebook.{language}.csv").read_bytes().decode("utf-8-sig")
    return pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)


def _soup(folder, language):
    return BeautifulSoup((folder / f"codebook.{language}.html").read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_csv_has_a_line_for_every_column_of_every_table(written, whole, language):
    frame = _read(written, language)
    schemas = whole.programme.tables.values()
    assert frame.iloc[:, :2].to_numpy().tolist() == [[one.name, name] for one in schemas for name in one.columns]
    assert list(frame) == [head[language] for head in HEADS.values()]
    for head in ("meaning", "type", "needed", "direct_identifier"):
        assert (frame[HEADS[head][language]] != "").all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_every_column_under_its_table(written, whole, language):
    soup = _soup(written, language)
    assert soup.html["lang"] == language and len(soup.find_all("h1")) == 1
    assert soup.find_all(["script", "link", "img", "form"]) == soup.find_all("link", rel="icon")
    for name, schema in whole.programme.tables.items():
        section = soup.find(id=name).parent
        assert [row.th.get_text() for row in section.tbody.find_all("tr")] == list(schema.columns)
        assert {th["scope"] for th in section.find_all("th")} == {"col", "row"} and section.caption.get_text()
        assert soup.select(f'nav a[href="#{name}"]')


def test_a_translation_that_awaits_a_native_reader_says_so(written, tmp_path):
    said = "A native speaker has yet to read this translation."
    for language in LANGUAGES:
        words = Words(language)
        assert (words.text(said) in _soup(written, language).get_text()) == words.awaits_reader
    for name, mark in (("read", ""), ("unread", "#, fuzzy\n")):
        (tmp_path / f"{name}.po").write_text(f'{mark}msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n')
        assert Words(name, folder=tmp_path).awaits_reader == bool(mark)


def test_a_language_that_is_not_complete_makes_a_codebook_and_no_report(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(Words, "missing", lambda self: ["Contents"] if self.language == "fr" else [])
    ready = ", ".join(one for one in languages() if one != "fr")
    with pytest.raises(
        ProgrammeError, match=rf"'fr'; of its texts, 1 .* such as 'Contents'; expected one of {ready}\."
    ):
        kl.make_reports(kl.load(tiny.toml), language="fr", reports=tmp_path / "reports")
    assert not (tmp_path / "reports").exists()
    made = write_codebook(kl.load(tiny.toml), tmp_path / "codebook", language="fr")
    assert [path.name for path in made] == ["codebook.fr.html", "codebook.fr.csv"]


def test_what_has_no_translation_is_missing(tmp_path):
    (tmp_path / "xx.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Contents"\nmsgstr "Sommaire"\n',
        "utf-8",
    )
    missing = Words("xx", folder=tmp_path).missing()
    assert "Contents" not in missing and "At a glance" in missing
    assert Words("en").missing() == []


# ---- what stands in the columns --------------------------------------------------------------------------------------


def of_kind(kind):
    return {"kind": kind, **tables.codebook()["kinds"][kind]}


def _rows(organizations, values):
    return pd.DataFrame({"organization_id": [f"O{one}" for one in organizations], "x": values})


def test_share_missing_and_range_by_hand():
    rows = _rows([1, 1, 2, 3, 4, 5, 6, 7], [1, 90, 2, 3, 40, 5123, None, None])
    # Each organization once: their lowest are 1, 2, 3, 40, 5123, the second 2; their highest 5123, 90, 40, 3, 2.
    assert figures(rows, "x", of_kind("whole"), 2) == {
        "rows": 8,
        "missing": 0.25,
        "low": "2",
        "high": "90",
        "distinct": None,
    }
    assert figures(rows, "x", of_kind("whole"), 1)["high"] == "5100"
    assert figures(rows[["x"]], "x", of_kind("whole"), 2) | {"rows": 8} == {
        "rows": 8, "missing": 0.25, "low": "1", "high": "5123", "distinct": None
    }  # fmt: skip


def test_days_of_organizations_are_given_to_the_month_and_those_of_events_to_the_day():
    days = pd.to_datetime(["2017-01-15", "2017-02-16", "2017-03-17"])
    rows = _rows([1, 2, 3], days)
    assert [figures(rows, "x", of_kind("day"), 1)[end] for end in ("low", "high")] == ["2017-01", "2017-03"]
    assert [figures(rows[["x"]], "x", of_kind("day"), 1)[end] for end in ("low", "high")] == [
        "2017-01-15",
        "2017-03-17",
    ]


def test_a_text_shows_how_many_values_differ_and_none_of_them():
    rows = _rows([1, 2, 3], ["Jacmel", "Jacmel", "Aquin"])
    assert figures(rows, "x", of_kind("text"), 2) == {
        "rows": 3,
        "missing": 0.0,
        "low": None,
        "high": None,
        "distinct": 2,
    }


def test_what_is_about_few_organizations_is_left_out():
    nothing = dict.fromkeys(("rows", "missing", "low", "high", "distinct"))
    assert figures(_rows([1, 1, 1, 2], [1, 2, 3, 4]), "x", of_kind("whole"), 3) == nothing
    few_known = _rows([1, 1, 2, 3, 4], [5, 5, None, None, None])
    assert figures(few_known, "x", of_kind("whole"), 2) == nothing | {"rows": 5}
    few_missing = _rows([1, 1, 2, 3, 4], [None, None, 5, 6, 7])
    assert figures(few_missing, "x", of_kind("whole"), 2) == nothing | {"rows": 5, "low": "6", "high": "6"}
    assert figures(few_missing, "x", of_kind("text"), 2)["distinct"] is None
    nobody = _rows([1, 2], [None, None])
    assert figures(nobody, "x", of_kind("whole"), 2) == nothing | {"rows": 2, "missing": 1.0}
    assert figures(nobody.iloc[:0], "x", of_kind("whole"), 2) == nothing | {"rows": 0}


@pytest.mark.parametrize("cell", [3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_at_least_the_smallest_cell_of_organizations_stand_at_or_beyond_each_end(seed, cell):
    rng = np.random.default_rng(seed)
    rows = _rows(rng.integers(0, 12, 30), rng.integers(0, 90, 30).astype("float"))
    rows.loc[rng.random(30) < rng.choice([0, 0.1, 0.8]), "x"] = np.nan
    said = figures(rows, "x", of_kind("whole"), cell)
    if said["low"] is not None:
        assert rows.loc[rows["x"] <= float(said["low"]), "organization_id"].nunique() >= cell
        assert rows.loc[rows["x"] >= float(said["high"]), "organization_id"].nunique() >= cell
    if said["missing"] is not None:
        for some in (rows["x"].isna(), rows["x"].notna()):
            assert rows.loc[some, "organization_id"].nunique() not in range(1, cell)


def test_a_programme_of_few_organizations_gives_no_figure_about_them(tiny):
    data = tiny.clean()
    frame = _english(data)
    shown = frame[["Rows", "Share missing", "Range from", "Different values"]].notna().any(axis=1)
    assert frame[shown]["Table"].unique().tolist() == [
        name for name, rows in data.tables.items() if rows.empty or "organization_id" not in rows
    ]


def test_no_text_of_a_respondent_stands_in_the_codebook(whole, written):
    private = {
        *whole.survey["comment"].dropna(),
        *whole.organizations["name"],
        *whole.organizations["acronym"].dropna(),
    }
    for path in written.glob("codebook.*"):
        text = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").get_text()
        assert len(private) > 100
        assert [one for one in private if len(one) > 5 and one in text] == []


def test_each_column_says_where_it_comes_from(lines):
    assert lines.loc[("organizations", "name"), ["Files", "Header in the files"]].tolist() == [
        "organizations.xlsx", "Nom de l'organisation"
    ]  # fmt: skip
    headers = lines["Header in the files"]
    assert headers["survey", "expects_funding"] == "expectations/funding"
    assert headers["survey", "wave"] == "given for each file in programme.toml"
    assert headers["sign_in", "event_id"] == "name of the sheet"
    assert headers["invitations", "attended"] == "worked out from the sign-in sheets"
    assert headers["business_leads", "value"] == "value_htg"
    assert headers["learning", "finding"] == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_range_is_written_in_the_language_of_the_page_and_plain_in_the_csv(written, language):
    words = Words(language)
    line = _read(written, language).set_index(HEADS["column"][language]).loc["per_diem_amount"]
    low, high = (float(line[HEADS[end][language]]) for end in ("low", "high"))
    said = words.text("found: {low} to {high}", low=words.number(low), high=words.number(high))
    assert high >= 1000 and said in _soup(written, language).find(id="events").parent.get_text()


def test_each_column_says_what_it_is(lines):
    assert lines.loc[("events", "event_type"), "Levels"].startswith("round_table = round table; training = ")
    assert lines.loc[("sign_in", "delegate"), "Direct identifier, dropped"] == "yes"
    assert lines["Direct identifier, dropped"].value_counts()["yes"] == 1
    assert lines.loc[("invitations", "event_id"), ["Refers to the table", "Part of the key"]].tolist() == [
        "events",
        "yes",
    ]
    assert set(lines["Type"]) <= {kind["label"]["en"] for kind in tables.codebook()["kinds"].values()}


def test_a_label_of_the_programme_neither_runs_as_a_formula_nor_as_html(tiny):
    tiny.replace("programme.toml", 'certificate = "Certificate"', 'lunch = "=1+1<script>alert(1)</script>"')
    tiny.replace("programme.toml", 'files = "events.csv"', 'files = "events.csv"\ncolumns = {lunch = "@file"}')
    write_codebook(kl.load(tiny.toml), tiny.folder / "codebook")
    assert not _soup(tiny.folder / "codebook", "en").find("script")
    frame = _read(tiny.folder / "codebook", "en").set_index("Column")
    assert "=1+1<script>alert(1)</script>" in frame.loc["lunch", "Meaning"]
    assert not frame.apply(lambda cells: cells.str.match(r"[=+\-@\t\r]")).any(axis=None)


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_the_languages_of_the_programme_and_refuses_one_that_is_none(tiny, monkeypatch):
    monkeypatch.chdir(tiny.folder)
    done = CliRunner().invoke(main, ["codebook"], catch_exceptions=False)
    assert (done.exit_code, done.stdout[:17]) == (0, "Written: 2 files ")
    made = {path.name for path in (tiny.folder / "reports" / "codebook").glob("codebook.*")}
    assert made == {"codebook.en.html", "codebook.en.csv"}
    refused = CliRunner().invoke(main, ["codebook", "--language", "xx", "--output", "elsewhere"])
    assert refused.exit_code == 2 and "found 'xx'; expected one of en, fr, ht" in refused.stderr
    assert not (tiny.folder / "elsewhere").exists()


def test_a_study_has_no_codebook(tiny):
    tiny.toml.write_text(
        '[programme]\nname = "S"\npoint_of_contact = "a@example.org"\n'
        '[study]\ntitle = "T"\ntable = "t.csv"\noutcome = "y"\nincentives = ["a"]\ncluster = ["c"]\n'
    )
    with pytest.raises(ProgrammeError, match=r"a \[study\] has one table of its own and no codebook"):
        write_codebook(kl.load(tiny.toml), tiny.folder / "codebook")


def test_the_same_programme_gives_the_same_bytes(written, whole, tmp_path):
    again = write_codebook(whole.programme, tmp_path)
    assert [path.read_bytes() for path in again] == [(written / path.name).read_bytes() for path in again]


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_fits_a_phone_and_asks_for_nothing(written, browser, opened, language):
    page = written / f"codebook.{language}.html"
    for width in (1280, 360, 320):
        asked = opened(page.as_uri(), width)
        assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert browser.get_log("browser") == []

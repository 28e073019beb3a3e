"""programme.toml: each error names the file, the key, what was found, and what is allowed."""

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

import konbit_lessons as kl
from konbit_lessons.field import sections
from konbit_lessons.reports.notebooks import words_for

ROOT = Path(__file__).parent.parent

CASES = {
    "an unknown key": ('files = "events.csv"', 'fils = "events.csv"', r'\[\[source\]\] 2 \(table "events"\), fils: the key "fils" is not known. Did you mean "files"\? Allowed: table, files'),
    "an unknown section": ("[analysis]", "[analyse]", r'\[analyse\]: the key "analyse" is not known. Did you mean "analysis"\?'),
    "an unknown table": ('table = "events"', 'table = "event"', r"""table: found 'event'; input should be 'organizations', 'events'"""),
    "a blank contact": ('point_of_contact = "evaluation@example.org"', 'point_of_contact = "  "', r"\[programme\], point_of_contact: found '  '; string should have at least 1 character"),
    "no name": ('name = "Tiny (simulated)"', "", r"\[programme\], name: this is missing; it is needed"),
    "a wrong type": ("simulated = true", 'simulated = "perhaps"', r"\[programme\], simulated: found 'perhaps'; input should be a valid boolean"),
    "no incentive": ('incentives = ["business_showcase", "recent_conversation"]', "incentives = []", r"\[analysis\], incentives: found \[\]; list should have at least 1 item"),
    "a column that is none": ('files = "events.csv"', 'files = "events.csv"\n[source.columns]\nheldon = "x"', r'columns: found "heldon", which is no column of that table. Did you mean "held_on"\?'),
    "a date order that is none": ('files = "events.csv"', 'files = "events.csv"\ndates = ["d/m/y"]', r'dates: found "d/m/y"; expected one of day/month/year'),
    "not TOML": ("[analysis]", "[analysis", r"this is not TOML"),
    "a target below none": ("[analysis]", "[targets]\ncdsp = -1\n[analysis]", r"\[targets\], cdsp: found -1; expected a whole number from 0, or \[\{ value = 51 \}"),
    "a target from no day": ("[analysis]", "[targets]\ncdsp = [{ value = 3, from = 2017-01-01T00:00:00 }]\n[analysis]", r"\[targets\], cdsp: found .* from a day or a quarter on"),
    "a target from no quarter": ("[analysis]", '[targets]\ncdsp = [{ value = 3, from = "2017" }]\n[analysis]', r'\[targets\] cdsp: quarter: found "2017"; expected a fiscal quarter such as FY2017Q3; write from which day'),
    "two targets from one day": ("[analysis]", '[targets]\ncdsp = [{ value = 3, from = 2017-01-01 }, { value = 4, from = "FY2017Q2" }]\n[analysis]', r"\[targets\] cdsp: found two values from one day on"),
    "a target for no type": ("[analysis]", "[targets]\ncooperative = 3\n[analysis]", r'\[targets\]: found "cooperative", which is no level of \[types.org_type\]. Allowed: cdsp, awardee\.'),
    "two types with one label": ('awardee = "awardee"', 'awardee = "Service provider"', r'\[types.org_type\]: "cdsp" and "awardee" have one label, "Service provider"; write another'),
    "a type without words in a language": ('currency = "HTG"', 'currency = "HTG"\nlanguages = ["en", "fr"]\n[types.sector]\nfarm = { en = "Farming" }', r'\[types.sector\] farm: there are no words in "fr", which was asked for. Write \{ fr = "…" \}'),
    "a unit without words in a language": ('motivation = "Motivation"', 'motivation = "Motivation"\nplots = { label = "Plots", kind = "number", unit = { fr = "parcelles" } }', r'\[questions\] plots, unit: there are no words in "en", which was asked for'),
    "a label that is none": ('awardee = "awardee"', "awardee = { many = 'awardees' }", r"\[types\], org_type, awardee: found .* expected a text such as"),
    "a name with a capital": ('motivation = "Motivation"', 'Motivation = "Motivation"', r'\[questions\], Motivation: found "Motivation"; expected a name of small letters'),
    "a question named as a column": ('motivation = "Motivation"', 'comment = "Comment"', r'\[questions\] comment: "comment" is a column that every programme has'),
    "a question and an incentive of one name": ('motivation = "Motivation"', 'certificate = "Certificate"', r'"certificate" is declared twice'),
    "an amount without a currency": ('currency = "HTG"', "", r"\[programme\], currency: there is none, and an incentive is an amount"),
    "a choice without levels": ('motivation = "Motivation"', 'motivation = { label = "Motivation", kind = "choice" }', r"\[questions\], motivation: levels: expected two or more"),
    "a scale the wrong way": ('motivation = "Motivation"', 'motivation = { label = "Motivation", scale = [5, 1] }', r"scale: found \[5, 1\]; expected the lower end first"),
    "agreement beyond the scale": ('motivation = "Motivation"', 'motivation = { label = "Motivation", agree_from = 6 }', r"agree_from: found 6; expected a point of the scale \[1, 5\]"),
    "a scale of yes and no": ('motivation = "Motivation"', 'motivation = { label = "M", kind = "yes_no", scale = [1, 5] }', r'scale: found it with kind = "yes_no"'),
    "an expectation that nothing known meets": ('met_by = ["training"]', 'met_by = ["trainings"]', r'\[expectations\] training, met_by: found "trainings", .*Did you mean "training"\? Allowed: per_diem, .*, joint_event'),
    "a label of no column": ("[analysis]", '[labels]\nmembers = "Members"\n[analysis]', r'\[labels\]: found "members", which is no column of every programme'),
    "a level that is not declared": ('files = "organizations.csv"', 'files = "organizations.csv"\nlevels.org_type = {"CDSP" = "cdps"}', r'levels, org_type, "CDSP": found "cdps", which is no level of that column. Did you mean "cdsp"\?'),
    "a place without a tile": ("[analysis]", '[types.region]\nnorth = "North"\nsouth = "South"\n[places]\ncolumn = "region"\ntiles = {north = [0, 0]}\n[analysis]', r"\[places\] tiles: there is no tile for south; write each as its column and row"),
    "two places on a tile": ("[analysis]", '[places]\ncolumn = "region"\ntiles = {North = [0, 0], South = [0, 0]}\n[analysis]', r"\[places\] tiles: North and South stand on one tile, \[0, 0\]"),
    "a spelling of two places": ("[analysis]", '[places]\ncolumn = "region"\ntiles = {North = [0, 0], South = [0, 1]}\nspellings = {South = ["north"]}\n[analysis]', r'\[places\] spellings: "north" is written for South and for North'),
    "a column of types that are not declared": ('[types.org_type]\ncdsp = "service provider"\nawardee = "awardee"', "", r"\[types.org_type\]: there is no such section, and a \[\[source\]\] gives the column"),
    "everybody invited, and a list": ("[analysis]", "[invitations]\neverybody = true\n[analysis]", r"\[invitations\] everybody: there is a list as well"),
    "a year that begins on no day": ('currency = "HTG"', 'currency = "HTG"\nfiscal_year_starts = "10-31"', r'fiscal_year_starts: found "10-31"; expected a month and a day up to 28'),
    "two calendars": ('currency = "HTG"', 'currency = "HTG"\nfiscal_year_starts = "04-01"\nfiscal_year_named_by = "calendar"', r'fiscal_year_named_by: found "calendar" beside fiscal_year_starts'),
    "a language that is none": ('currency = "HTG"', 'currency = "HTG"\nlanguages = ["xx"]', r'languages: found "xx"; expected some of en, fr, ht'),
    "an incentive that may not predict": ('motivation = "Motivation"', 'motivation = { label = "Motivation", predicts = false }\n', r'\[analysis\], adjust_for: found "motivation"'),
    "cleaned tables elsewhere": ('currency = "HTG"', 'currency = "HTG"\nprocessed = "../x"', r'\[programme\] processed: found "../x", which lies outside the folder of this file. Put it below, or write outside = true'),
    "raw files elsewhere": ('currency = "HTG"', 'currency = "HTG"\nraw = "C:\\\\raw"', r'\[programme\] raw: found "C:.raw", which lies outside'),
    "a file elsewhere": ('files = "events.csv"', 'files = "../../../x/*.csv"', r'\[\[source\]\] 2 \(table "events"\), files: found "data/raw/../../../x/\*.csv", which lies outside'),
    "a file by its whole path": ('files = "events.csv"', 'files = "/etc/hostname"', r'files: found "/etc/hostname"; expected a file or a pattern such as \*.csv, below data/raw'),
    "a folder in place of files": ('files = "events.csv"', 'files = "."', r'files: found "."; expected a file'),
    "a sheet's name misspelt": ('files = "events.csv"', 'files = "events.csv"\n[source.columns]\nevent_id = "@shet"', r'columns, event_id: found "@shet", which is nothing that is given beside the headers. Did you mean "@sheet"\?'),
    "rows to keep of a kind that is none": ('files = "events.csv"', 'files = "events.csv"\nkeep = ["total"]', r"keep, 0: found 'total'; input should be 'struck through' or 'totals'"),
    "several in no column": ('files = "events.csv"', 'files = "events.csv"\nseveral.name = ";"', r'several: found "name", which is no column of that table'),
    "a time zone that is none": ("simulated = true", 'timezone = "Haiti/Nowhere"', r'timezone: found "Haiti/Nowhere"; expected a time zone such as'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_with_its_place(tiny, case):
    old, new, message = CASES[case]
    tiny.replace("programme.toml", old, new)
    if "types that are not" in case:
        tiny.replace(
            "programme.toml", 'files = "organizations.csv"', 'files = "organizations.csv"\ncolumns.org_type = "type"'
        )
    if "may not predict" in case:
        tiny.replace("programme.toml", 'adjust_for = ["org_type"]', 'adjust_for = ["org_type", "motivation"]')
    with pytest.raises(kl.KonbitError, match=message) as error:
        kl.load(tiny.toml)
    assert str(error.value).startswith("programme.toml")


def test_what_is_declared_has_words_levels_and_columns(tiny):
    tiny.replace(
        "programme.toml",
        'motivation = "Motivation"',
        '''
wants = { label = { en = "Wants most", fr = "Veut surtout" }, kind = "choice", levels = { seeds = "Seeds", tools = "Tools" } }
trust = { label = "Trust", scale = [0, 10], predicts = false, good = "low" }
motivation = "Motivation"''',
    )
    tiny.replace(
        "programme.toml", 'cdsp = "service provider"', 'cdsp = { one = "service provider", many = "service providers" }'
    )
    tiny.replace(
        "programme.toml",
        "[analysis]",
        """
[types.sector]
farm = { en = "farming", fr = "agriculture" }
[places]
column = "region"
tiles = { North = [0, 0], South = [0, 1] }
[labels]
staff = { en = "Members", fr = "Membres" }
[actions]
A1 = { label = "talk with each", measure = "conversations" }

[analysis]""",
    )
    one = kl.load(tiny.toml)
    assert one.levels("wants") == ["seeds", "tools"] and one.levels("region") == ["North", "South"]
    assert one.levels("org_type") == ["cdsp", "awardee"] and one.levels("kind") == ["lead", "contract"]
    assert one.levels("action") == ["A1"] and one.levels("hours") == []
    assert one.level("org_type", "cdsp").text("fr", "many") == "service providers"
    assert one.level("sector", "farm").text("fr") == "agriculture" and one.level("sector", "wood").text("fr") == "wood"
    said = ("wants", "staff", "per_diem", "per_diem_amount", "expects_funding", "A1", "recent_conversation", "x_y")
    assert [one.label(name).text("fr") for name in said] == [
        "Veut surtout", "Membres", "Per diem", "Per diem, montant (HTG)", "Funding", "talk with each",
        "Un entretien dans les 90 jours précédents", "x_y",
    ]  # fmt: skip
    assert list(one.tables["organizations"].columns)[3:7] == ["org_type", "region", "sector", "joined_on"]
    assert list(one.tables["events"].columns)[6:8] == ["per_diem_amount", "transport_refund"]
    assert (one.questions["trust"].agrees, one.questions["motivation"].agrees) == (6, 4)
    assert one.formula == "attended ~ business_showcase + recent_conversation + org_type"
    assert (one.invitations, one.currency, one.new_approach_on, str(one.calendar.named("fy2017q1"))) == (
        "listed", "HTG", None, "FY2017Q1",
    )  # fmt: skip


def test_a_language_in_which_something_has_no_words_is_refused_with_all_places(tiny):
    tiny.replace("programme.toml", '"service provider"', '{ en = "service provider" }')
    tiny.replace("programme.toml", 'motivation = "Motivation"', 'motivation = { en = "Motivation" }')
    one = kl.load(tiny.toml)
    one.check_language("en")
    message = r'^programme.toml, \[types.org_type\] cdsp; \[questions\] motivation: there are no words in "fr"'
    with pytest.raises(kl.KonbitError, match=message):
        one.check_language("fr")


def test_the_file_is_looked_for_in_the_folders_above_and_where_the_environment_says(tiny, tmp_path, monkeypatch):
    below = tiny.folder / "notebooks" / "own"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert kl.load().path == kl.load("../programme.toml").path == tiny.toml
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kl.KonbitError, match=r"programme.toml: there is no such file .* or in KONBIT_PROGRAMME"):
        kl.load()
    for place in (tiny.toml, tiny.folder):
        monkeypatch.setenv("KONBIT_PROGRAMME", str(place))
        assert kl.load().path == tiny.toml
    with pytest.raises(kl.KonbitError, match="there is no such file in nowhere"):
        kl.load("nowhere/programme.toml")


@pytest.mark.parametrize(
    ("starts", "named_by", "day", "name", "first", "last"),
    [
        ("10-01", "end", "2016-12-31", "FY2017Q1", "2016-10-01", "2016-12-31"),
        ("10-01", "start", "2017-01-01", "FY2016Q2", "2017-01-01", "2017-03-31"),
        ("04-01", "end", "2017-03-31", "FY2017Q4", "2017-01-01", "2017-03-31"),
        ("07-08", "end", "2017-07-07", "FY2017Q4", "2017-04-08", "2017-07-07"),
        ("01-01", "end", "2017-12-31", "FY2017Q4", "2017-10-01", "2017-12-31"),
        ("01-01", "calendar", "2017-07-01", "2017Q3", "2017-07-01", "2017-09-30"),
    ],
)
def test_quarters_are_named_as_the_programme_names_them(tiny, starts, named_by, day, name, first, last):
    said = f'fiscal_year_starts = "{starts}"\nfiscal_year_named_by = "{named_by}"'
    tiny.replace("programme.toml", "simulated = true", f"simulated = true\n{said}")
    calendar = kl.load(tiny.toml).calendar
    quarter = calendar.of(date.fromisoformat(day))
    assert (str(quarter), str(quarter.first_day), str(quarter.last_day)) == (name, first, last)
    assert calendar.named(name) == quarter and quarter.previous < quarter
    assert str(quarter.previous) < str(quarter)
    assert calendar.of(quarter.first_day - timedelta(days=1)) == quarter.previous


def test_all_errors_are_listed_at_once(tiny):
    tiny.replace("programme.toml", "simulated = true", "simulatd = true\nraww = 1")
    with pytest.raises(kl.KonbitError, match=r'"simulatd"(.|\n)*"raww"'):
        kl.load(tiny.toml)


def test_a_programme_without_sources_says_what_to_add(tmp_path):
    path = tmp_path / "programme.toml"
    path.write_text('[programme]\nname = "x"\npoint_of_contact = "y"\n', encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r"neither a \[\[source\]\] nor a \[study\]"):
        kl.load(path)


def test_the_tidy_study_of_the_design_is_accepted(tmp_path):
    path = tmp_path / "programme.toml"
    path.write_text(
        """
[programme]
name = "Thornton 2008"
point_of_contact = "evaluation@example.org"
[study]
title = "Cash incentives and learning HIV results, Malawi"
table = "data/raw/thornton_2008.csv"
outcome = "got"
incentives = ["any"]
adjust_for = ["age", "distvct"]
cluster = ["villnum"]
[study.labels]
any = "Offered a cash incentive"
""",
        encoding="utf-8",
    )
    programme = kl.load(path)
    assert programme.question["incentives"] == ["any"] and programme.question["cluster"] == ["villnum"]
    assert programme.question["labels"]["any"] == "Offered a cash incentive"


def test_the_shipped_programme_says_that_it_is_simulated():
    programme = kl.load(ROOT / "programme.toml")
    assert programme.simulated and "simulated" in programme.name
    assert programme.raw == ROOT / "data" / "raw" and len(programme.input_files()) > 10


def test_every_table_listed_in_the_comments_is_one():
    text = (ROOT / "programme.toml").read_text(encoding="utf-8")
    listed = re.search(r"# table\s+(.*?)\n# files", text, flags=re.DOTALL)[1]
    assert {name.strip(" #\n") for name in listed.replace("\n#", " ").split(",")} == {
        source["table"] for source in tomllib.loads(text)["source"]
    }


def test_the_page_on_programme_toml_names_every_key():
    page = (Path(__file__).parent.parent / "docs" / "programme.md").read_text(encoding="utf-8")
    models = [sections.Sections]
    for model in models:  # and those that it holds, as they are found
        for name, field in model.model_fields.items():
            models += [one for one in _models_in(field.annotation) if one not in models]
            told = {f"`{name}`", f"[{name}", f"[[{name}]]", f".{name}]"}
            assert any(one in page for one in told), f"{model.__name__}: {name}"


def _models_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for inner in get_args(annotation) for one in _models_in(inner)]


def test_pages_are_in_the_first_language_of_the_programme_and_in_none_that_it_does_not_name(tiny):
    tiny.replace("programme.toml", "simulated = true", 'simulated = true\nlanguages = ["fr", "ht"]')
    assert [one.language for one in words_for(kl.load(tiny.toml))] == ["fr"]
    with pytest.raises(kl.KonbitError, match=r"""languages: found \['fr', 'ht'\]; "en" was asked for. Add it there"""):
        words_for(kl.load(tiny.toml), "en")

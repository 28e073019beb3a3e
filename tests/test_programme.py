"""programme.toml: each error names the file, the key, what was found, and what is allowed."""

import re
import tomllib
from pathlib import Path

import pytest

import konbit_lessons as kl

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
    "a time zone that is none": ("simulated = true", 'timezone = "Haiti/Nowhere"', r'timezone: found "Haiti/Nowhere"; expected a time zone such as'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_with_its_place(tiny, case):
    old, new, message = CASES[case]
    tiny.replace("programme.toml", old, new)
    with pytest.raises(kl.KonbitError, match=message) as error:
        kl.load(tiny.toml)
    assert str(error.value).startswith("programme.toml")


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

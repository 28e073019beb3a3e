# ruff: noqa: E501  (tables of cases)
"""Who takes part: counts by hand, what is hidden, the curve, and what the page says of few or absent data."""

import csv
import dataclasses
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from agreement import REFERENCE
from bs4 import BeautifulSoup
from notebook_run import ROOT, run_notebook, shown

import konbit_lessons as kl
from konbit_lessons.example import write_example
from konbit_lessons.figures.drawing import Drawing
from konbit_lessons.figures.markup import CARRIED
from konbit_lessons.measures import participation
from konbit_lessons.measures.intervals import share_with_interval
from konbit_lessons.measures.staying import staying

QUARTER, BEFORE = "FY2017Q3", "FY2017Q2"
LANGUAGES = ("en", "fr", "ht")
NOTHING = {"part": "nothing"}


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole, until=QUARTER)


@pytest.fixture(scope="module")
def every(whole):
    """The same for who may see everything."""
    return dataclasses.replace(whole, programme=dataclasses.replace(whole.programme, smallest_cell=1))


def came(rows):
    return rows[rows["attended"] == 1]


# ---- reached, and come again


def test_organizations_reached_are_those_that_came_and_attendances_are_not_added_to_them(every, rows):
    table = participation.reached(every, quarter=QUARTER).set_index(["org_type", "fiscal_quarter"])
    for (kind, quarter), line in table.iterrows():
        own = came(rows if kind == "total" else rows[rows["org_type"] == kind])
        assert line["reached"] == own.loc[own["fiscal_quarter"] == quarter, "organization_id"].nunique()
        assert line["so_far"] == own.loc[own["fiscal_quarter"] <= quarter, "organization_id"].nunique()
        assert line["attendances"] == (own["fiscal_quarter"] == quarter).sum()
    assert table.loc["total", "attendances"].sum() == len(came(rows)) > table.loc["total", "so_far"].iloc[-1]
    assert table.loc[("cdsp", QUARTER), ["target", "organizations"]].tolist() == [100, 100]


def test_where_the_number_reached_so_far_would_tell_who_never_came_it_is_said_at_the_least(whole, every):
    shown_ones, true = (participation.reached(one, quarter=QUARTER)["so_far"] for one in (whole, every))
    least = participation.reached(whole, quarter=QUARTER)["at_least"]
    assert shown_ones.isna().any() and shown_ones.notna().any()
    assert (least <= true).all() and (least[shown_ones.notna()] == true[shown_ones.notna()]).all()


def test_the_funnel_counts_organizations_by_how_often_they_came_of_the_last_step_shown(every, whole, rows):
    times = came(rows)["organization_id"].value_counts()
    by_hand = [rows["organization_id"].nunique(), len(times), (times >= 2).sum(), (times >= 5).sum()]
    table = participation.funnel(every, quarter=QUARTER)
    total = table[table["org_type"] == "total"]
    assert total["organizations"].tolist() == by_hand
    assert total["n"].tolist() == [len(every.organizations), *by_hand[:-1]]
    assert table[table["org_type"] != "total"].groupby("step", sort=False)["organizations"].sum().tolist() == by_hand
    hidden = participation.funnel(whole, quarter=QUARTER).set_index(["org_type", "step"]).loc["total"]
    assert pd.isna(hidden.loc["came_once", "organizations"])
    assert hidden.loc["came_again", ["of", "n"]].tolist() == ["invited", by_hand[0]]


# ---- taken up


def test_the_share_of_a_group_has_the_interval_of_both_ways_of_clustering(whole, rows):
    quarter = rows[(rows["fiscal_quarter"] == BEFORE) & rows["attended"].notna()]
    share = share_with_interval(quarter["attended"], quarter[["organization_id", "event_id"]])
    found = participation.uptake(whole, rows, by="fiscal_quarter").set_index("fiscal_quarter").loc[BEFORE]
    assert found[["share", "conf_low", "conf_high"]].tolist() == [share.estimate, share.conf_low, share.conf_high]
    assert found[["attended", "n"]].tolist() == [quarter["attended"].sum(), len(quarter)]


@pytest.mark.parametrize("by", ["fiscal_quarter", "org_type", "event_type", ("event_type", "org_type")])
def test_every_invitation_is_counted_once(every, rows, by):
    table = participation.uptake(every, rows, by=by)
    assert table["n"].sum() + table["unknown"].sum() == len(rows)
    assert table["attended"].sum() == len(came(rows))
    assert table["share"].to_numpy() == pytest.approx((table["attended"] / table["n"]).to_numpy(float))


def test_a_group_of_few_organizations_shows_no_share(whole, rows):
    ten = dataclasses.replace(whole, programme=dataclasses.replace(whole.programme, smallest_cell=10))
    table = participation.uptake(ten, rows, by="department").set_index("department")
    known = rows[rows["attended"].notna()].groupby("department")["organization_id"].nunique()
    few = known.lt(10) | came(rows).groupby("department")["organization_id"].nunique().between(1, 9)
    assert few.any() and table.loc[few, ["n", "attended", "share", "conf_low"]].isna().all(axis=None)
    assert table["share"].notna().any() and table.loc[known.lt(10), "organizations"].isna().all()


def test_a_difference_is_that_of_the_groups_named_or_of_the_extremes_and_none_where_one_is_hidden(every, rows):
    shares = participation.uptake(every, rows, by="event_type")
    extremes = participation.difference(rows, shares).iloc[0]
    assert extremes["estimate"] == pytest.approx(shares["share"].max() - shares["share"].min())
    shares.loc[0, "share"] = None
    assert participation.difference(rows, shares, first=shares["event_type"][0], second="training").empty


# ---- meaningfully, where, and what is left out


def test_meaningful_needs_hours_directors_and_contributions_at_once_and_each_cut_off_moves(tiny):
    tiny.replace("programme.toml", "[analysis]", "[privacy]\nsmallest_cell = 1\n[participation]\nmeaningful = { hours = 4, senior_delegates = 1 }\n[analysis]")  # fmt: skip
    tiny.replace("events.csv", "per_diem_amount", "hours,per_diem_amount")
    tiny.replace("events.csv", "2017-01-10,", "2017-01-10,4,")
    tiny.replace("events.csv", "2017-02-20,", "2017-02-20,8,")
    data = tiny.clean()
    table = participation.meaningful(data, quarter=BEFORE).set_index("way")
    # of four invited, CDSP-001 came for 4 hours with a director, AWD-001 for 8 hours without one
    assert table["organizations"].to_dict() == {
        "defined": 1, "hours_lower": 1, "hours_higher": 0, "senior_delegates_lower": 2, "senior_delegates_higher": 0,
        "contributions_higher": 0, "cdsp": 1, "awardee": 0,
    }  # fmt: skip
    assert table["n"].to_dict() == dict.fromkeys(table.index[:-2], 4) | {"cdsp": 3, "awardee": 1}
    assert participation.not_recorded(data, quarter=BEFORE) == []


def test_what_no_record_says_is_not_asked_of_anybody(tiny):
    data = tiny.clean()
    assert participation.not_recorded(data, quarter=BEFORE) == ["hours"]
    assert participation.meaningful(data, quarter=BEFORE).empty


def test_places_add_up_to_the_quarter_and_few_are_hidden_with_what_would_tell_them(whole, every, rows):
    by_place = participation.where(every, quarter=QUARTER)
    assert by_place["reached"].sum() == came(rows[rows["fiscal_quarter"] == QUARTER])["organization_id"].nunique()
    hidden = participation.where(whole, quarter=QUARTER)["reached"].isna()
    for few in (by_place["reached"], by_place["n"] - by_place["reached"]):
        assert not few[~hidden].between(1, 4).any() and few[hidden].between(1, 4).any()
    assert hidden.sum() > 1  # one alone is the total less the others
    tiles = by_place.dropna(subset="row").set_index("department")
    assert tiles.loc["Artibonite", ["column", "row"]].tolist() == [2, 1]


# ---- staying


def test_quarters_of_the_curve_are_taken_together_until_enough_have_left(whole, every):
    whole_curve, curve = (staying(one, quarter=QUARTER) for one in (every, whole))
    assert whole_curve["left"].iloc[1:].min() < 5 <= curve["left"].iloc[1:].min()
    to_there = whole_curve[whole_curve["quarters"] <= curve["quarters"].iloc[-1]]
    assert curve["left"].sum() == to_there["left"].sum()
    assert curve["share"].iloc[-1] == pytest.approx(to_there["share"].iloc[-1], abs=0.02)
    assert curve["share"].to_numpy() == pytest.approx((1 - curve["left"] / curve["at_risk"]).cumprod().to_numpy())


def test_what_goes_with_leaving_is_a_model_of_statsmodels_with_the_errors_of_clubsandwich():
    rows = pd.read_csv(REFERENCE / "konbit_synth_hazard.csv")
    rows = rows[rows.groupby("t")["ev"].transform("nunique") > 1]
    family = sm.families.Binomial(sm.families.links.CLogLog())
    fit = smf.glm("ev ~ C(t) + fee + training + travel + networking + awardee + size", rows, family=family).fit(
        tol=1e-12
    )
    found = kl.coef_test(fit, rows["org"]).loc[["fee", "training", "travel"]]
    # clubSandwich 0.5.8: coef_test(fit, vcovCR(fit, org, "CR2"), test = "Satterthwaite") of discrete_hazard_cloglog
    assert found["std_error"].to_numpy() == pytest.approx([0.236730251557486, 0.234086859352272, 0.384790302182787], rel=1e-7)  # fmt: skip
    assert found["df"].to_numpy() == pytest.approx([64.0829370801733, 92.6877641239257, 20.7419824952934], rel=1e-7)


# ---- the page

EVERYBODY = "[privacy]\nsmallest_cell = 1\n\n[analysis]"
ATTENDED = """event_id,organization_id,attended
E001,CDSP-001,{0}
E001,CDSP-002,{0}
E001,AWD-001,{0}
E002,CDSP-001,{0}
E002,CDSP-003,{0}
E002,AWD-001,{0}
"""
NO_LIST = '[[source]]\ntable = "invitations"\nfiles = "invitations.csv"\n'
ONE = {"organizations.csv": "organization_id,name,org_type\nCDSP-001,Asosyasyon Peyizan Aquin,cdsp\n", "invitations.csv": "event_id,organization_id\nE001,CDSP-001\nE002,CDSP-001\n", "sign_in.csv": "event_id,organization_id,delegate\nE001,CDSP-001,First Delegate\n", "conversations.csv": "organization_id,held_on\nCDSP-001,2016-12-01\n", "survey.csv": "submission_id,organization_id,submitted_on\nu1,CDSP-001,2017-01-05\n"}  # fmt: skip
SITUATIONS = {  # how the tiny programme is bent: texts of programme.toml replaced, files, the quarter
    "few of everything": ({"[analysis]": EVERYBODY}, {}, BEFORE),
    "too few to show": ({}, {}, BEFORE),
    "a quarter after the last event": ({"[analysis]": EVERYBODY}, {}, QUARTER),
    "everybody came": ({"[analysis]": EVERYBODY, '[[source]]\ntable = "sign_in"\nfiles = "sign_in.csv"\n': ""}, {"invitations.csv": ATTENDED.format("yes")}, BEFORE),
    "attendance not written down": ({"[analysis]": EVERYBODY, '[[source]]\ntable = "sign_in"\nfiles = "sign_in.csv"\n': ""}, {}, BEFORE),
    "one organization": ({"[analysis]": EVERYBODY}, ONE, BEFORE),
    "no list, everybody": ({"[analysis]": "[invitations]\neverybody = true\n" + EVERYBODY, NO_LIST: ""}, {}, BEFORE),
    "no list, count only": ({"[analysis]": '[invitations]\neverybody = "count only"\n' + EVERYBODY, NO_LIST: ""}, {}, BEFORE),
}  # fmt: skip
with (Path(__file__).parent / "data" / "participation_sentences.csv").open(encoding="utf-8", newline="") as file:
    SENTENCES = list(csv.DictReader(file))


def page_text(folder, **parameters):
    """What the page says, a text of an element a line."""
    cells = run_notebook("participation", folder, **parameters).cells
    outputs = [
        one.data for cell in cells for one in cell.get("outputs", []) if one.data.get(CARRIED, NOTHING) != NOTHING
    ]
    soup = BeautifulSoup("\n".join(one["text/html"] for one in outputs), "html.parser")
    return "\n".join(one.get_text() for one in soup.select("p, li, h1, h3, td, th, caption, figcaption")), soup


@pytest.fixture
def without_pixels(monkeypatch):
    monkeypatch.setattr(Drawing, "png", lambda self: "")
    monkeypatch.setattr(Drawing, "picture", lambda self, width, name: "")


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_page_makes_sense_in_every_situation_and_language(tiny, name, without_pixels):
    replaced, files, quarter = SITUATIONS[name]
    for old, new in replaced.items():
        tiny.replace("programme.toml", old, new)
    for file, text in files.items():
        tiny.raw(file).write_text(text, encoding="utf-8")
    for language in LANGUAGES:
        text, _ = page_text(tiny.folder, language=language, quarter=quarter)
        assert set(re.findall(r"\b(?:nan|NaN|NaT|None|<NA>|inf)\b|\{\w*", text)) <= (
            {"nan"} if language == "ht" else set()
        )
        for line in (line for line in SENTENCES if line["situation"] == name):
            assert line[language] in text.replace("\u202f", " ").splitlines(), line[language]


@pytest.mark.parametrize(("low", "first"), [(0.02, "compared-with-the-quarter-before"), (-0.1, "consulted-when")])
def test_a_clear_change_leads_and_one_that_cannot_be_told_comes_last(whole, low, first):
    say, ends = kl.Say("en", whole.programme), {"conf_low": [0.4], "conf_high": [0.6]}
    now = pd.DataFrame({"fiscal_quarter": ["FY2017Q3"], "n": [40], "share": [0.5]} | ends)
    change = pd.DataFrame({"before": [0.4], "now": [0.5], "estimate": [0.1], "conf_low": [low], "conf_high": [0.2]})
    told = {
        "gap": change.assign(conf_low=0.05),
        "funnel": now.assign(step="came_again", org_type="total", of="invited"),
    }
    frames = told | {"meaningful": now.assign(organizations=20), "unknown": now[:0]}
    said = say.participation_at_a_glance(now, change, **frames, quarter="FY2017Q3")
    told = [one for one in said.values() if one]
    assert len(told) == 4 and next(iter(said)).startswith(first)
    assert ("cannot be told" in str(told[-1])) == (low < 0)


def test_every_situation_has_its_sentences():
    assert {line["situation"] for line in SENTENCES} == set(SITUATIONS)
    assert all(line[language] for line in SENTENCES for language in LANGUAGES)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("programme", ["example", "senegal"])
def test_every_figure_has_a_finding_an_alt_text_and_its_table(programme, language, whole_programme, tmp_path):
    folder = whole_programme if programme == "example" else tmp_path / "senegal"
    if programme == "senegal":
        shutil.copytree(ROOT / "examples" / "senegal", folder)
    text, soup = page_text(folder, language=language)
    assert len(soup.select("figure")) == {"example": 7, "senegal": 5}[programme]  # of 52 organizations: none of staying
    for figure in soup.select("figure"):
        assert figure.h3.get_text() and len(figure.div["aria-label"]) > 40 and figure.find_next("details").table
        assert not re.search(r"\b(?:nan|None|<NA>)\b", figure.div["aria-label"])
    came = kl.rows(kl.load(folder / "programme.toml"))["attended"].sum()
    assert f" {came:.0f} " in soup.select_one("p.answer").get_text()
    assert "programme.toml" not in text and not re.search(r"FY\d", text)
    assert programme == "example" or not re.search(r"CDSP|departman|département", text)


ORDER = re.compile(
    r"^(?:More organizations were reached in )?(.+?) (?:took up more .*?|drew more .*?)?\((\d+) %\) than (?:in )?(.+) \((\d+) %\)$"
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_heading_states_an_order_that_all_data_contradict_or_intervals_do_not_support(tmp_path, monkeypatch, seed):
    """Of simulated programmes that nobody has looked at; each order is held against what the team itself may see."""
    write_example(tmp_path / "some", organizations=40 + 30 * seed, events=16 + 8 * seed, seed=seed)
    monkeypatch.setattr(Drawing, "png", lambda self: "")
    html = "".join(shown(run_notebook("participation", tmp_path / "some")))
    headings = [one.get_text().replace("\u202f", " ") for one in BeautifulSoup(html, "html.parser").select("h3")]
    assert len(headings) >= 5 and not re.search(r"\b(most|least|highest|lowest|best|worst)\b", " ".join(headings))
    inside = kl.load(tmp_path / "some" / "programme.toml", audience="internal")
    data, say = kl.cleaned(inside), kl.Say("en", inside)
    rows = kl.rows(inside, quarter=data.quarter)
    known = {}
    for by, form in {"org_type": "many", "event_type": "one"}.items():
        table = participation.uptake(data, rows, by=by)
        known |= dict(zip(map(str.lower, say.labels(table[by], form=form)), table.itertuples(), strict=True))
    where = participation.where(data, quarter=data.quarter)
    known |= dict(zip(map(str.lower, say.places(where)), where.itertuples(), strict=True))
    for most, high, least, low in (found.groups() for found in map(ORDER.match, headings) if found):
        first, second = known[most.lower()], known[least.lower()]
        assert int(high) > int(low) and first.share > second.share, (most, least)
        if hasattr(first, "org_type"):  # two types: the interval of their difference
            gap = participation.difference(rows, participation.uptake(data, rows, by="org_type"))
            assert gap["conf_low"].iloc[0] > 0
        else:
            assert first.conf_low > second.conf_high, (most, least)

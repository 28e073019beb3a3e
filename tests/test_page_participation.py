# ruff: noqa: E501  (sentences stand whole)
"""The page on participation: counts by hand, nothing about few organizations, and parts that say why they are not there."""

import dataclasses

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from pseudo import pseudo_language, untranslated

import konbit_lessons as kl
from konbit_lessons.figures import Figure, charts, drawing
from konbit_lessons.measures import engagement, haiti
from konbit_lessons.measures.engagement import attendances
from konbit_lessons.measures.staying import organization_quarters, still_taking_part
from konbit_lessons.pages import participation
from konbit_lessons.parts import Prose

QUARTER = "FY2017Q3"
PARTS = ("reach_figure", "compared_table", "uptake_figure", "uptake_table", "funnel_figure", "staying_figure", "meaningful_figure", "departments_figure", "consulted_figure")  # fmt: skip


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole, until=QUARTER)


@pytest.fixture(scope="module")
def parts(whole, rows):
    return page(whole, rows)


def page(data, rows, quarter=QUARTER, language="en"):
    return {name: getattr(participation, name)(data, rows, quarter=quarter, language=language) for name in PARTS}


def without_pixels(monkeypatch):
    for module in (drawing, charts):
        monkeypatch.setattr(module, "palette_png", lambda canvas: b"")


def changed(data, smallest=None, **tables):
    programme = data.programme if smallest is None else dataclasses.replace(data.programme, smallest_cell=smallest)
    return dataclasses.replace(data, programme=programme, tables=data.tables | tables)


# ---- numbers


def test_organizations_reached_are_those_who_came_and_attendances_are_not_added_to_them(whole, rows):
    table = engagement.reached_by_quarter(changed(whole, smallest=1), rows).set_index(["org_type", "fiscal_quarter"])
    there = attendances(rows)
    for (kind, quarter), line in table.iterrows():
        own = there[there["org_type"] == kind]
        assert line["reached"] == len({*own.loc[own["fiscal_quarter"] == quarter, "organization_id"]})
        assert line["so_far"] == len({*own.loc[own["fiscal_quarter"] <= quarter, "organization_id"]})
        assert line["attendances"] == (own["fiscal_quarter"] == quarter).sum()
    last = table.groupby("org_type")["so_far"].last()
    reached = kl.reach(whole, until=QUARTER).set_index("org_type")
    assert last.to_dict() == reached["reached"].to_dict()
    assert table["attendances"].sum() == reached["attendances"].sum() > last.sum()


def test_reached_so_far_is_shown_for_every_quarter_since_every_report_says_it(whole, rows):
    table = engagement.reached_by_quarter(whole, rows)
    assert table["so_far"].notna().all()
    for quarter, own in table.groupby("fiscal_quarter"):
        earlier = engagement.reached_by_quarter(whole, rows[rows["fiscal_quarter"] <= quarter])
        then = earlier[earlier["fiscal_quarter"] == quarter]
        assert then["so_far"].tolist() == own["so_far"].tolist()


def test_the_funnel_counts_organizations_by_how_often_they_came(whole, rows):
    table = engagement.funnel(changed(whole, smallest=1), rows, until=QUARTER)
    times = attendances(rows)["organization_id"].value_counts()
    counts = table[table["org_type"] == "total"].set_index("step")["organizations"]
    invited = rows["organization_id"].nunique()
    by_hand = [len(whole.organizations), invited, len(times), (times >= 2).sum(), (times >= 5).sum()]
    assert counts.tolist() == by_hand
    types = table[table["org_type"] != "total"].groupby("step", sort=False)["organizations"].sum()
    assert types.tolist() == by_hand


def test_quarters_of_the_curve_are_taken_together_until_enough_have_left_and_enough_are_no_longer_looked_at(rows):
    every, curve = (engagement.staying(rows, smallest_cell=n) for n in (1, 5))
    assert every["left"].iloc[1:].min() < 5 <= curve["left"].iloc[1:].min()
    gone = curve["at_risk"].iloc[1:-1] - curve["left"].iloc[1:-1] - curve["at_risk"].iloc[2:].to_numpy()
    assert not gone.between(1, 4).any()
    to_there = every[every["quarter"] <= curve["quarter"].iloc[-1]]
    assert curve["left"].sum() == to_there["left"].sum()
    assert abs(curve["share"].iloc[-1] - to_there["share"].iloc[-1]) < 0.02
    assert not set(curve["share"].iloc[2:].round(6)) & set(every["share"].round(6))  # not of counts that are not shown


def test_where_no_quarters_are_taken_together_the_curve_is_kaplans_and_meiers(rows):
    curve = still_taking_part(organization_quarters(rows))
    assert engagement.staying(rows, smallest_cell=1)["share"].iloc[1:].tolist() == pytest.approx(curve["share"])


def test_meaningful_needs_hours_directors_and_contributions_at_once_and_each_cut_off_moves(tiny):
    tiny.replace(
        "programme.toml",
        "[analysis]",
        "[privacy]\nsmallest_cell = 1\n[participation]\nmeaningful = { hours = 4, senior_delegates = 1 }\n[analysis]",
    )
    tiny.replace("events.csv", "per_diem_htg", "hours,per_diem_htg")
    tiny.replace("events.csv", "2017-01-10,", "2017-01-10,4,")
    tiny.replace("events.csv", "2017-02-20,", "2017-02-20,8,")
    data = tiny.clean()
    table = engagement.meaningful(data, kl.invitations(data), until="FY2017Q2").set_index("way")
    # of four invited, CDSP-001 came for 4 hours with a director, AWD-001 for 8 hours without one
    assert table["organizations"].to_dict() == {
        "defined": 1, "hours_lower": 1, "hours_higher": 0, "senior_delegates_lower": 2, "senior_delegates_higher": 0,
        "contributions_higher": 0, "cdsp": 1, "awardee": 0,
    }  # fmt: skip
    assert table.loc["defined", "n"] == 4 and table.loc["cdsp", "n"] == 3


def test_without_a_section_meaningful_is_a_day_with_a_director(tiny):
    meaningful = kl.load(tiny.toml).meaningful
    assert meaningful.model_dump() == {"hours": 8, "senior_delegates": 1, "contributions": 0}
    tiny.replace("programme.toml", "[analysis]", "[participation]\nmeaningful = { hour = 4 }\n[analysis]")
    with pytest.raises(kl.KonbitError, match=r'meaningful, hour: the key "hour" is not known. Did you mean "hours"\?'):
        kl.load(tiny.toml)


def test_departments_are_known_however_they_are_written_and_the_map_has_all_ten():
    typed = pd.Series(["Nord-Est", "NORD EST", "Lwès", "sud", "Latibonit", "grande-anse", "Miami", "NO", None])
    known = ["Nord-Est", "Nord-Est", "Ouest", "Sud", "Artibonite", "Grand'Anse", "", "", ""]
    assert haiti.department(typed).tolist() == known
    assert len(haiti.TILES) == len(set(haiti.TILES.values())) == 10
    assert haiti.SPELLINGS.keys() == haiti.TILES.keys()


def test_departments_add_up_to_the_quarter_and_few_are_hidden_with_what_would_tell_them(whole, rows):
    every = engagement.by_department(changed(whole, smallest=1), rows, quarter=QUARTER)
    there = attendances(rows[rows["fiscal_quarter"] == QUARTER])
    assert every["reached"].sum() == there["organization_id"].nunique()
    shown = engagement.by_department(whole, rows, quarter=QUARTER)
    hidden, absent = shown["reached"].isna(), every["organizations"] - every["reached"]
    for few in (every["reached"], absent):
        assert not few[~hidden].between(1, 4).any() and few[hidden].between(1, 4).any()
    assert hidden.sum() != 1  # one alone is the total less the others


def test_whoever_signed_in_without_an_invitation_is_counted_only(tiny):
    tiny.add("events.csv", "E003,coaching,2017-03-01,0,no")
    tiny.add("sign_in.csv", "E003,CDSP-001,Sixth Delegate,no")
    tiny.add("sign_in.csv", "E001,CDSP-003,Seventh Delegate,no")
    data = tiny.clean()
    rows = kl.invitations(data)
    assert engagement.count_only(data, rows, until="FY2017Q2") == {
        "events": 1,
        "attendances": 1,
        "walk_ins": 1,
        "organizations": 2,
    }
    said = participation.count_only_sentences(data, rows, quarter="FY2017Q2")
    assert said == [
        "Fewer than 5 organizations signed in where no invitation is on record: **count only**; they are in no share."
    ]
    assert participation.count_only_sentences(changed(data, smallest=1), rows, quarter="FY2017Q2") == [
        "**Count only:** 1 event has no invitation on record; there is 1 attendance at them, of how many invited nobody knows.",
        "**Count only:** 1 attendance at the other events is of an organization without an invitation.",
        "None of these is in the organizations reached, the attendances and the shares above.",
    ]


def test_unknown_attendance_says_why(tiny):
    tiny.replace("sign_in.csv", "E002,CTA,Third Delegate,no\n", "")
    data = tiny.clean()
    rows = kl.invitations(data)
    assert participation.unknown_sentences(data, rows) == [
        "Attendance is unknown for **3 of 6 invitations** (50 %); these are in no share.",
        "3 because the event has no sign-in sheet on which a name could be placed.",
    ]


# ---- sentences and parts


def test_the_first_sentences_give_numbers_with_their_interval_and_link_to_their_section(whole, rows):
    said = participation.at_a_glance(whole, rows, quarter=QUARTER)
    assert said[0] == (
        "**[96 of 100 service providers (CDSPs) and 35 of 37 awardees](#reached-against-target)** came to at least one "
        "event up to FY2017Q3; together they account for 764 attendances."
    )
    assert said[1] == (
        "In FY2017Q3, **[48 %](#compared-with-the-quarter-before)** of 357 invitations were taken up (95 % interval 37 to "
        "58). The quarter before it was 49 %: −2 of 100 (95 % interval −14 to +10), so that a change cannot be told."
    )
    assert len(said) == 5


def test_every_figure_states_its_finding_and_carries_its_numbers(parts):
    for name, part in parts.items():
        assert part.name and part.numbers is not None
        html = BeautifulSoup(part._repr_html_(), "html.parser")
        assert html.caption if name.endswith("table") else html.figcaption.get_text()
        for image in html.find_all("img"):
            assert len(image["alt"]) > 40
            assert html.details.table


def test_no_share_stands_on_fewer_organizations_than_the_smallest_cell(whole, rows, parts):
    for name in ("uptake_figure", "consulted_figure"):
        assert (parts[name].numbers["organizations"].dropna() >= whole.programme.smallest_cell).all()
    two_way = parts["uptake_table"].numbers
    groups = attendances(rows).groupby(["event_type", "org_type"])["organization_id"].nunique()
    for line in two_way.dropna(subset="attended").itertuples():
        assert groups.get((line.event_type, line.org_type), 0) >= whole.programme.smallest_cell or line.attended == 0


def test_the_pictures_are_small_and_the_same_each_time(whole, rows, parts):
    for name in ("reach_figure", "staying_figure", "departments_figure"):
        assert parts[name].png == getattr(participation, name)(whole, rows, quarter=QUARTER).png
    assert sum(len(part.png) for part in parts.values() if isinstance(part, Figure)) < 90_000


def _attended(value):
    return lambda data: {"invitations": data.invitations.assign(attended=pd.array([value] * len(data.invitations), dtype="boolean"))}  # fmt: skip


def _of(data, organizations, events=slice(None)):
    kept, held = data.organizations[organizations], data.events.iloc[events]
    asked = data.invitations
    asked = asked[asked["organization_id"].isin(kept["organization_id"]) & asked["event_id"].isin(held["event_id"])]
    return {"organizations": kept, "events": held, "invitations": asked}


SITUATIONS = {
    "no event in the quarter": lambda data: {},
    "only service providers": lambda data: _of(data, data.organizations["org_type"] == "cdsp"),
    "three organizations": lambda data: _of(data, data.organizations.index < 3),
    "one event": lambda data: _of(data, data.organizations.index >= 0, slice(0, 1)),
    "all attended": _attended(True),
    "none attended": _attended(False),
    "all unknown": _attended(pd.NA),
    "nothing but invitations": lambda data: {name: getattr(data, name).iloc[:0] for name in ("survey", "sign_in", "contributions", "conversations")},
    "long names": lambda data: {"organizations": data.organizations.assign(name="Long " * 40, department="Nord" + "d" * 200)},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_part_makes_sense_or_says_why_not(whole, situation, monkeypatch):
    without_pixels(monkeypatch)
    data = changed(whole, **SITUATIONS[situation](whole))
    quarter = "FY2018Q4" if situation == "no event in the quarter" else QUARTER
    rows = kl.invitations(data, until=quarter)
    for name, part in page(data, rows, quarter).items():
        html = BeautifulSoup(part._repr_html_(), "html.parser").get_text(" ")
        assert not {"nan", "<NA>", "None", "NaT"} & set(html.split()), name
        assert not isinstance(part, Prose) or part.sentences.endswith(".")
    said = [
        *participation.at_a_glance(data, rows, quarter=quarter),
        *participation.count_only_sentences(data, rows, quarter=quarter),
        *participation.unknown_sentences(data, rows),
    ]
    assert all("nan" not in sentence.split() for sentence in said)


def test_every_word_comes_out_translated(whole, rows, tmp_path, monkeypatch):
    without_pixels(monkeypatch)
    words = pseudo_language(tmp_path)
    html = [part._repr_html_() for part in page(whole, rows, language=words).values()]
    said = [
        participation.title(words),
        *participation.at_a_glance(whole, rows, quarter=QUARTER, language=words),
        *participation.count_only_sentences(whole, rows, quarter=QUARTER, language=words),
        *(text for one in html for text in BeautifulSoup(one, "html.parser").stripped_strings),
    ]
    quarters = sorted(rows["fiscal_quarter"].unique())
    for text in said:
        for name in quarters:
            text = text.replace(name, "")
        assert untranslated(text) == [], text

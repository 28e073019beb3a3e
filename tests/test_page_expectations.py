# ruff: noqa: E501  (sentences stand whole)
"""The page on expectations: counts by hand, nothing about few organizations, and parts that say why they are not there."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pseudo import pseudo_language, untranslated

import konbit_lessons as kl
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures import Figure, charts, drawing
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures import expectations
from konbit_lessons.measures.intervals import Interval, wilson
from konbit_lessons.pages import expectations as expectations_page
from konbit_lessons.parts import Prose, Table
from konbit_lessons.tables import EXPECTATIONS
from konbit_lessons.words import Words

QUARTER, FIRST_DAY, LAST_DAY = "FY2017Q3", pd.Timestamp("2017-04-01"), pd.Timestamp("2017-06-30")
OFFERS = {"training": ["training", "coaching"], "leads": ["business_showcase"], "certification": ["certificate"], "funding": [], "equipment": []}  # fmt: skip


def changed(data, smallest=None, offers=None, **tables):
    smallest = data.programme.smallest_cell if smallest is None else smallest
    offers = data.programme.offers if offers is None else offers
    programme = dataclasses.replace(data.programme, smallest_cell=smallest, offers=offers)
    return dataclasses.replace(data, programme=programme, tables=data.tables | tables)


@pytest.fixture(scope="module")
def programme(whole):
    return changed(whole, offers=OFFERS)


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole, until=QUARTER)


WITH_ROWS = ("headline", "at_a_glance", "gap_figure", "groups_sentences", "groups_table", "changed_figure", "overlap_figure")  # fmt: skip
OF_DATA = ("opinion_sentences", "benefit_figure", "overlap_table", "calendar_figure", "since_table", "follow_up_sentences")  # fmt: skip


def page(data, rows, *names, language="en"):
    """The parts of the page, all unless told, as the notebook calls them."""
    when = {"quarter": QUARTER, "language": language}
    calls = {name: lambda name=name: getattr(expectations_page, name)(data, rows, **when) for name in WITH_ROWS}
    calls |= {name: lambda name=name: getattr(expectations_page, name)(data, **when) for name in OF_DATA}
    calls |= {
        one: lambda one=one: expectations_page.opinion_figure(data, one, **when) for one in expectations_page.OPINIONS
    }
    calls |= {
        "rules": lambda: expectations_page.rule_sentences(data, language),
        "title": lambda: expectations_page.title(language),
    }
    return {name: calls[name]() for name in names or calls}


def no_pixels(patch):
    for module in (drawing, charts):
        patch.setattr(module, "palette_png", lambda canvas: b"")


@pytest.fixture(scope="module")
def parts(programme, rows):
    with pytest.MonkeyPatch.context() as patch:
        no_pixels(patch)
        return page(programme, rows)


@pytest.fixture
def without_pixels(monkeypatch):
    no_pixels(monkeypatch)


def said_by(part):
    """What a part says, as a list of texts."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, list):
        return part
    if isinstance(part, Prose):
        return said_by(part.sentences)
    if isinstance(part, Table):
        return [part.caption, *part.frame.columns, *part.frame.to_numpy().ravel()]
    return [part.heading, part.subtitle, part.caption, part.alt, *part.table.columns, *part.table.to_numpy().ravel()]


def here(data):
    each = data.organizations
    joined, left = each["joined_on"], each["left_on"]
    return set(each.loc[(joined.isna() | (joined <= LAST_DAY)) & (left.isna() | (left > LAST_DAY)), "organization_id"])


# ---- numbers


def test_expected_offered_and_unmet_are_counted_by_organization(programme, rows):
    data = changed(programme, smallest=1)
    table = expectations.met_or_not(data, rows, quarter=QUARTER).set_index(["what", "by", "group"])
    survey = data.survey[(data.survey["submitted_on"] <= LAST_DAY)]
    survey = survey[survey["wave"] == survey["wave"].max()]
    invited = rows[rows["held_on"].between(FIRST_DAY, LAST_DAY)]
    kind = data.organizations.set_index("organization_id")["org_type"]
    for what, offered in {
        "training": invited["event_type"].isin(["training", "coaching"]),
        "leads": invited["business_showcase"].fillna(False),
        "funding": invited["event_type"].isna(),
    }.items():
        answered = survey.dropna(subset=f"expects_{what}")
        n = set(answered["organization_id"])
        expect = set(answered.loc[answered[f"expects_{what}"], "organization_id"])
        given = set(invited.loc[offered, "organization_id"])
        line = table.loc[(what, "total", "total")]
        counts = [len(expect), len(n), len(n & given), len(expect - given)]
        assert line[["expects", "n", "offered", "unmet"]].to_list() == counts
        assert line["share"] == len(expect) / len(n) and line["low"] == wilson(len(expect), len(n)).low
        cdsps = {one for one in expect if kind[one] == "cdsp"}
        assert table.loc[(what, "org_type", "cdsp"), "expects"] == len(cdsps)


def test_what_changed_is_of_those_who_answered_both_waves(programme, rows):
    data = changed(programme, smallest=1)
    table = expectations.met_or_not(data, rows, quarter=QUARTER).set_index(["what", "by", "group"])
    survey = data.survey[data.survey["submitted_on"] <= LAST_DAY].dropna(subset="expects_funding")
    by = survey.groupby(["wave", "organization_id"])["expects_funding"].any()
    both = set(by.loc[2].index) & set(by.loc[3].index)
    assert table.loc[("funding", "both_waves", "True"), "n"] == len(both)
    assert table.loc[("funding", "both_waves", "True"), "expects"] == by.loc[3][list(both)].sum()
    assert table.loc[("funding", "total", "total"), "before"] == by.loc[2][list(both)].sum()


def test_overlap_counts_partners_of_each_project_and_of_two(programme):
    data = changed(programme, smallest=1)
    table = expectations.overlap(data, quarter=QUARTER).set_index("projects")["total"]
    support = data.other_support[data.other_support["started_on"] <= LAST_DAY]
    own = {
        one: set(support.loc[support["project"] == one, "organization_id"]) & here(data)
        for one in set(support["project"])
    }
    for label, total in table.items():
        ids = set.intersection(*(own[one] for one in label)) if isinstance(label, tuple) else set().union(*own.values())
        assert total == (len(here(data) - ids) if label == "none" else len(ids))
    assert {label for label in table.index if isinstance(label, tuple) and len(label) == 1} == {(one,) for one in own}


def test_the_calendar_and_the_last_conversation_add_up(programme):
    data = changed(programme, smallest=1)
    months, last = expectations.calendar(data, quarter=QUARTER), expectations.last_talked(data, quarter=QUARTER)
    talks = data.conversations[data.conversations["organization_id"].isin(here(data))]
    in_quarter = talks[talks["held_on"].between(FIRST_DAY, LAST_DAY)]
    now = months[months["fiscal_quarter"] == QUARTER]
    assert now["conversations"].sum() == len(in_quarter) and len(months) == 3 * expectations.MOST_QUARTERS
    assert now["talked_with"].iloc[0] == in_quarter["organization_id"].nunique()
    by = last.set_index("last")["total"]
    assert by["this_quarter"] == now["talked_with"].iloc[0] and by.sum() == len(here(data)) == last["n"].iloc[0]
    ever = talks[talks["held_on"] <= LAST_DAY].groupby("organization_id")["held_on"].max()
    assert by["never"] == len(here(data)) - len(ever)
    assert expectations.days_since(data, quarter=QUARTER)[1] == (LAST_DAY - ever).dt.days.median()


def test_follow_ups_are_done_open_or_overdue_on_the_last_day(tiny):
    tiny.raw("conversations.csv").write_text(
        "organization_id,held_on,follow_up_due_on,follow_up_done_on\n"
        "CDSP-001,2017-02-01,2017-03-31,\n"  # overdue on 31 March
        "CDSP-001,2017-02-01,2017-03-01,2017-04-02\n"  # done, but after the quarter
        "CDSP-002,2017-02-01,2017-03-01,2017-03-02\n"  # done
        "CDSP-002,2017-03-30,2017-04-10,\n"  # falls due
        "CDSP-003,2017-04-03,2017-04-20,\n",  # not yet held
        encoding="utf-8",
    )
    data = tiny.clean()
    table = expectations.follow_ups(changed(data, smallest=1), quarter="FY2017Q2").table["follow_ups"]
    assert table.to_dict() == {"done": 1, "open": 1, "overdue": 2, "total": 4}
    said = expectations_page.follow_up_sentences(data, quarter="FY2017Q2")  # of fewer than 5 organizations
    assert said == ["This table is not shown: from it, figures about fewer than 5 organizations could be worked out."]


def test_the_strength_of_a_difference_follows_the_rule():
    sure, maybe = Interval(0.3, 0.2, 0.4, 50, 0.05, 49), Interval(0.1, 0.001, 0.199, 50, 0.049, 49)
    wide, none = Interval(0.05, -0.15, 0.25, 50, 0.1, 49), Interval(0.01, -0.05, 0.07, 50, 0.03, 49)
    told = expectations.compared({"a": sure, "b": maybe, "c": wide, "d": none, "e": None}, matters=0.1)
    assert told["strength"].to_list() == ["clear", "likely", "uncertain", "no sign of", "cannot tell"]


# ---- what is shown


def test_no_csv_holds_a_figure_about_few_organizations(programme, parts):
    smallest = programme.programme.smallest_cell
    counts = [
        "expects",
        "unmet",
        "offered",
        "n",
        "total",
        "cdsp",
        "awardee",
        "organizations",
        "talked_with",
        *expectations_page.OPINIONS,
    ]
    shown = [part for part in parts.values() if getattr(part, "numbers", None) is not None]
    assert len(shown) == 10
    for part in shown:
        for name in set(counts) & set(part.numbers):
            assert not part.numbers[name].between(1, smallest - 1).any(), (part.name, name)


def test_every_figure_states_its_finding_n_and_source(parts):
    drawn = [part for part in parts.values() if isinstance(part, Figure)]
    assert len(drawn) == 7
    for figure in drawn:
        assert figure.alt.startswith(figure.heading) and len(figure.alt) > len(figure.heading)
        assert "Source: " in figure.caption and figure.name and len(figure.table)
        assert any(letter.isdigit() for letter in figure.heading) or "cannot be told" in figure.heading


def test_at_a_glance_is_at_most_five_sentences_with_links_to_sections_there_are(parts):
    said = parts["at_a_glance"]
    assert 3 <= sum(text.count(". ") + 1 for text in said) <= 5
    headings = "expected-and-offered motivation-and-the-belief-in-money support-from-other-projects conversations"
    assert all(f"](#{anchor})" in " ".join(said) for anchor in headings.split())


def test_the_first_sentence_says_what_is_expected_and_whether_it_can_be_offered(programme, rows):
    data = changed(programme, smallest=1)
    table = expectations.met_or_not(data, rows, quarter=QUARTER)
    top = table[table["by"] == "total"].iloc[0]
    what, share = EXPECTATIONS[top["what"]].lower(), Words("en").percent(top["share"])
    limits = {True: changed(data, offers={top["what"]: []}), False: changed(data, offers={})}
    said = {beyond: expectations_page.headline(one, rows, quarter=QUARTER) for beyond, one in limits.items()}
    low, high = (Words("en").points(top[end]) for end in ("low", "high"))
    start = f"Of {top['n']} organizations that answered, {share} (95 % interval {low} to {high}) expect **{what}**"
    assert said[True] == start + ", which is beyond what the project offers."
    assert said[False] == start + "."


def test_a_dumbbell_has_its_second_mark():
    row = Row("Training", "", 0.5, 0.4, 0.6)
    alone, joined = (
        np.asarray(Image.open(io.BytesIO(rows_png([one], Words("en"), axis="percent", limits=(0, 1)))).convert("RGB"), int)
        for one in (row, dataclasses.replace(row, other=0.9))
    )  # fmt: skip
    right = slice(int(0.8 * alone.shape[1]), None)
    orange = [(picture[:, right, 0] - picture[:, right, 2] > 120).sum() for picture in (alone, joined)]
    assert orange[0] == 0 and orange[1] > 50


# ---- parts that say what is missing


def test_without_a_survey_each_part_says_so(programme, rows, without_pixels):
    found = page(changed(programme, survey=programme.survey.iloc[:0]), rows)
    none = "No answer to a survey is on record."
    for name in (
        "headline",
        "gap_figure",
        "groups_table",
        "changed_figure",
        "benefit_figure",
        *expectations_page.OPINIONS,
    ):
        assert said_by(found[name]) == [none]
    assert found["groups_sentences"] == ["There are not two groups of organizations to compare."]
    assert found["opinion_sentences"] == ["There are too few answers to compare waves, or types of organization."]
    assert isinstance(found["calendar_figure"], Figure) and isinstance(found["overlap_figure"], Figure)


def test_one_wave_shows_no_change(programme, rows, without_pixels):
    data = changed(programme, survey=programme.survey[programme.survey["wave"] == 3])
    found = page(data, rows, "changed_figure", "opinion_sentences", "gap_figure")
    assert said_by(found["changed_figure"]) == [
        "There is one wave of the survey up to FY2017Q3, so no change can be seen."
    ]
    assert all("changed by" not in said for said in found["opinion_sentences"])
    assert isinstance(found["gap_figure"], Figure)


def test_without_support_on_record_nothing_is_compared(programme, rows, without_pixels):
    data = changed(programme, other_support=programme.other_support.iloc[:0])
    found = page(data, rows.assign(other_support_now=False), "overlap_table", "overlap_figure", "at_a_glance")
    none = "No support from another project is on record, which is not to say that there was none."
    assert said_by(found["overlap_table"]) == said_by(found["overlap_figure"]) == [none]
    assert none in found["at_a_glance"]


def test_without_conversations_the_page_says_so(programme, rows, without_pixels):
    data = changed(programme, conversations=programme.conversations.iloc[:0])
    found = page(data, rows, "calendar_figure", "since_table", "follow_up_sentences")
    none = "No conversation with an organization is on record."
    assert said_by(found["calendar_figure"]) == said_by(found["since_table"]) == [none]
    assert found["follow_up_sentences"] == ["No follow-up promised in a conversation is on record."]


def test_without_leads_benefit_has_nothing_to_stand_beside(programme, rows, without_pixels):
    data = changed(programme, business_leads=programme.business_leads.iloc[:0])
    none = "No business lead is on record, so that perceived benefit has nothing to stand beside."
    assert said_by(page(data, rows, "benefit_figure")["benefit_figure"]) == [none]
    assert not expectations.answers(data, until=QUARTER)["has_lead"].any()


def test_with_service_providers_only_types_are_not_compared(programme, rows, without_pixels):
    organizations = programme.organizations[programme.organizations["org_type"] == "cdsp"]
    tables = {
        name: table[table["organization_id"].isin(organizations["organization_id"])]
        for name, table in programme.tables.items()
        if "organization_id" in table and name != "organizations"
    }
    data = changed(programme, organizations=organizations, **tables)
    found = page(data, rows[rows["org_type"] == "cdsp"], "groups_table", "belief_money", "overlap_table", "since_table")
    assert not [text for part in found.values() for text in said_by(part) if "wardees" in str(text)]
    assert isinstance(found["belief_money"], Figure) and isinstance(found["overlap_table"], Table)


def test_everybody_may_expect_everything(programme, rows, without_pixels):
    survey = programme.survey.assign(**{f"expects_{what}": True for what in EXPECTATIONS}).astype(
        programme.survey.dtypes
    )
    found = page(changed(programme, survey=survey), rows, "headline", "changed_figure", "groups_sentences")
    assert found["headline"].count("100 %") == 1
    assert found["changed_figure"].heading.endswith("no change in what is expected can be told")
    assert set(found["changed_figure"].table["Answer"]) == {"cannot tell"}
    assert "no difference can be told" in found["groups_sentences"][0]


def test_without_offers_the_figure_says_where_they_are_declared(programme, rows, without_pixels):
    figure = expectations_page.gap_figure(changed(programme, offers={}), rows, quarter=QUARTER)
    assert figure.caption.startswith("programme.toml does not say what the project can offer: add the section offers.")
    assert set(figure.table["Were offered it"]) == {"not decided"}


def test_an_offer_that_is_no_event_and_no_incentive_is_refused(tiny):
    tiny.replace("programme.toml", "[analysis]", '[offers]\nleads = ["showcases"]\n\n[analysis]')
    with pytest.raises(ProgrammeError, match=r'\[offers\], leads: found "showcases".*Did you mean "showcase"\?'):
        kl.load(tiny.toml)


@pytest.mark.slow
def test_every_word_comes_out_translated(programme, rows, tmp_path, without_pixels):
    words = pseudo_language(tmp_path)
    found = page(programme, rows, language=words)
    data = {
        *programme.other_support["project"],
        *(words.month(pd.Timestamp(2017, one, 1)) for one in range(1, 13)),
        QUARTER,
    }
    outside = {word for part in found.values() for text in said_by(part) for word in untranslated(str(text))}
    assert {word for word in outside if not any(word in one for one in data)} == set()


def believers(came_of_believers, came_of_others, organizations=20):
    """Each organization was invited to ten events; half of them believe that capacity building means money."""
    rows = pd.DataFrame(
        [
            (f"O{o:02d}", f"E{e}", believes, (e + o) % 10 < (came_of_believers if believes else came_of_others))
            for o in range(organizations)
            for believes in [o % 2 == 0]
            for e in range(10)
        ],
        columns=["organization_id", "event_id", "believes", "attended"],
    )
    answers = rows["believes"].map({True: 5, False: 2}).astype("Int64")
    return rows.assign(belief_money=answers, attended=rows["attended"].astype("boolean"))


@pytest.mark.parametrize(
    ("believers_came", "others_came", "said"),
    [
        (6, 3, "agreed in their latest answer before took up **30** more than the others"),
        (2, 5, "agreed in their latest answer before took up **30** fewer than the others"),
    ],
)
def test_those_who_believe_in_money_are_set_beside_the_others(tiny, believers_came, others_came, said):
    data, rows = tiny.clean(), believers(believers_came, others_came)
    assert said in expectations_page.belief_sentences(data, rows, quarter=QUARTER)[0]
    table = expectations_page.belief_table(data, rows, quarter=QUARTER)
    assert table.numbers["share"].to_list() == [believers_came / 10, others_came / 10]
    assert [row.split(" (")[0] for row in table.frame.iloc[:, 1]] == [
        f"{10 * n} %" for n in (believers_came, others_came)
    ]


def test_belief_and_participation_of_few_organizations_is_not_compared(tiny):
    data, rows = tiny.clean(), believers(6, 3, organizations=8)
    few = "Too few organizations agree, or too few do not, to compare how they take part."
    assert expectations_page.belief_sentences(data, rows, quarter=QUARTER) == [few]
    assert expectations_page.belief_table(data, rows, quarter=QUARTER).sentences == []


def test_belief_after_a_donors_support_is_that_of_the_latest_wave(whole, rows):
    told = expectations_page.belief.belief_differences(whole, rows, QUARTER)[-1]
    said = expectations.answers(whole, until=QUARTER).dropna(subset="belief_money")
    latest = said[said["wave"] == 3].merge(whole.organizations[["organization_id", "earlier_donor_support"]])
    shares = latest.groupby("earlier_donor_support")["belief_money"].mean()
    assert told["term"] == "earlier_donor_support"
    assert told["estimate"] == pytest.approx(shares[True] - shares[False])

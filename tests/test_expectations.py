# ruff: noqa: E501  (small tables stand on a line)
"""What partners expect, think and are offered: counts by hand, what is hidden, and what the page says of any programme."""

import csv
import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from notebook_run import ROOT, run_notebook

import konbit_lessons as kl
from konbit_lessons.figures.drawing import Drawing
from konbit_lessons.measures import answers, expectations
from konbit_lessons.measures.intervals import Interval, wilson
from konbit_lessons.reports.gate import passed

QUARTER, FIRST_DAY, LAST_DAY = "FY2017Q3", pd.Timestamp("2017-04-01"), pd.Timestamp("2017-06-30")
LANGUAGES = ("en", "fr", "ht")
NO_WORDS = re.compile(r"\bnan(?=\s*%|\)|$)|NaN|NaT|\bNone\b(?! that)|<NA>|FY\d{4}Q|programme\.toml")
OFFERS = {"training": ["training", "coaching"], "leads": ["business_showcase"], "funding": []}
EVERYBODY = "[privacy]\nsmallest_cell = 1\n\n[analysis]"
SURVEY = "submission_id,organization_id,submitted_on,wave,motivation,knows_benefits,income,expects_funding,expects_training"  # fmt: skip
with (Path(__file__).parent / "data" / "expectations_sentences.csv").open(encoding="utf-8", newline="") as file:
    SENTENCES = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole, until=QUARTER)


@pytest.fixture(scope="module")
def every(whole):
    """The same for who may see everything, and what is offered is decided."""
    known = whole.programme.expectations.items()
    offers = {name: one.model_copy(update={"met_by": OFFERS.get(name)}) for name, one in known}
    said = whole.programme.said.model_copy(update={"expectations": offers})
    programme = dataclasses.replace(whole.programme, smallest_cell=1, said=said)
    return dataclasses.replace(whole, programme=programme)


def partners(data):
    each = data.organizations
    joined, left = each["joined_on"], each["left_on"]
    return set(each.loc[(joined.isna() | (joined <= LAST_DAY)) & (left.isna() | (left > LAST_DAY)), "organization_id"])


def answered(tiny, lines, head=SURVEY):
    told = "".join(f"u{at},{line}\n" for at, line in enumerate(lines))
    tiny.raw("survey.csv").write_text(f"{head}\n{told}", encoding="utf-8")


def test_expected_offered_and_unmet_are_counted_by_organization(every, rows):
    table = expectations.expected(every, quarter=QUARTER).set_index("term")
    survey = every.survey[every.survey["submitted_on"] <= LAST_DAY]
    survey = survey[survey["wave"] == survey["wave"].max()]
    invited = rows[rows["held_on"].between(FIRST_DAY, LAST_DAY)]
    for what, offered in {
        "training": invited["event_type"].isin(["training", "coaching"]),
        "leads": invited["business_showcase"] == 1,
    }.items():
        answered = survey.dropna(subset=f"expects_{what}")
        n, given = set(answered["organization_id"]), set(invited.loc[offered, "organization_id"])
        expect = set(answered.loc[answered[f"expects_{what}"].astype(bool), "organization_id"])
        line = table.loc[f"expects_{what}"]
        counts = [len(expect), len(n), len(n & given), len(expect - given)]
        assert line[["yes", "n", "offered", "unmet"]].tolist() == counts
        assert (line["share"], line["conf_low"]) == (len(expect) / len(n), wilson(len(expect), len(n))[0])
        assert line["events"] == invited.loc[offered, "event_id"].nunique() and line["offer"] == "offered"
    assert table["offer"].value_counts().to_dict() == {"open": 4, "offered": 2, "beyond": 1}
    assert table["unmet"].notna().sum() == 2 and table["share"].is_monotonic_decreasing


def test_what_changed_is_of_those_who_answered_both_waves(every):
    said = answers.said(every, quarter=QUARTER)
    table = answers.changed(every, said[said["kind"] == "expectation"], quarter=QUARTER).set_index("term")
    survey = every.survey[every.survey["submitted_on"] <= LAST_DAY].dropna(subset="expects_funding")
    by = survey.groupby(["wave", "organization_id"])["expects_funding"].any()
    both = sorted({*by.loc[2].index} & {*by.loc[3].index})
    line = table.loc["expects_funding"]
    assert line[["n", "before", "now"]].tolist() == [len(both), by.loc[2][both].mean(), by.loc[3][both].mean()]
    assert line["estimate"] == pytest.approx(line["now"] - line["before"])


def test_late_answers_wait_in_their_own_wave_and_are_in_every_change_since(every, whole_programme):
    """Of the example 7 of 51 organizations answered the first survey after its quarter, and 11 of 99 the second."""
    shared = kl.cleaned(kl.load(whole_programme / "programme.toml"))
    late, all_known = (answers.late(one, quarter=QUARTER) for one in (shared, every))
    survey = every.survey[every.survey["submitted_on"] <= LAST_DAY]
    for line, known in zip(late.itertuples(), all_known.itertuples(), strict=True):
        own = survey[survey["wave"] == line.round]
        assert (line.n, known.n) == (own["organization_id"].nunique(),) * 2 and line.waiting and not known.waiting
        said = answers.waves(shared, until=QUARTER).query("wave == @line.round")["organization_id"].nunique()
        assert said == line.n - line.late
    both = [answers.said(one, quarter=QUARTER).query("by == 'both' and group == 'True'") for one in (shared, every)]
    last = [one[one["round"] == 3].set_index("term")[["n", "before"]] for one in both]
    assert last[0].dropna().equals(last[1].loc[last[0].dropna().index]) and len(last[0].dropna())


def test_an_organization_agrees_from_the_average_that_programme_toml_names_and_says_yes_if_anyone_does(tiny):
    answered(tiny, [
        "CDSP-001,2017-01-05,1,4,yes,100,yes,", "CDSP-001,2017-01-06,1,3,no,300,no,",  # 3.5 on average
        "CDSP-002,2017-01-06,1,4,no,,,yes", "AWD-001,2017-01-06,1,,,900,no,",
    ])  # fmt: skip
    tiny.replace("programme.toml", "[analysis]", EVERYBODY)
    data = tiny.clean()
    said = answers.said(data, quarter="FY2017Q2").query("by == 'total'").set_index("term")
    assert said[["yes", "n"]].to_dict("index") == {
        "expects_funding": {"yes": 1, "n": 2}, "expects_training": {"yes": 1, "n": 1},
        "motivation": {"yes": 1, "n": 2}, "knows_benefits": {"yes": 1, "n": 2},
    }  # fmt: skip
    assert set(said["round"]) == {1} and answers.changed(data, said.reset_index(), quarter="FY2017Q2").empty
    income = answers.answers(data, until="FY2017Q2").set_index("organization_id")["income"]
    assert income.fillna(0).to_dict() == {"AWD-001": 900, "CDSP-001": 200, "CDSP-002": 0}


def test_choices_and_numbers_are_of_the_latest_wave_and_numbers_only_where_enough_answered(tiny):
    soil = '[questions.soil]\nlabel = "Soil"\nkind = "choice"\nlevels = { clay = "Clay", sand = "Sand" }\n'
    tiny.replace("programme.toml", "[analysis]", soil + EVERYBODY)
    lines = [(1, 1, "clay"), (1, 2, "clay"), (1, 2, "sand"), (2, 2, "sand"), (3, 2, "")]
    answered(tiny, [f"CDSP-00{at},2017-01-05,{wave},,,{100 * at},,,{one}" for at, wave, one in lines], f"{SURVEY},soil")
    data = tiny.clean()
    chosen = expectations.choices(data, quarter="FY2017Q2")
    assert chosen[["level", "chose", "n", "share"]].to_numpy().tolist() == [["clay", 1, 2, 0.5], ["sand", 2, 2, 1.0]]
    numbers = expectations.numbers(data, quarter="FY2017Q2")
    assert numbers[["group", "n", "median"]].fillna(0).to_numpy().tolist() == [["total", 3, 0], ["cdsp", 3, 0]]


def test_two_kinds_are_set_side_by_side_and_more_each_against_all_the_others(whole):
    for kinds, pairs in {"ab": ["ab"], "abc": ["a", "b", "c"], "a": []}.items():
        types = {"org_type": dict.fromkeys(kinds, whole.programme.label("motivation"))}
        said = whole.programme.said.model_copy(update={"types": types})
        data = dataclasses.replace(whole, programme=dataclasses.replace(whole.programme, said=said))
        own = pd.DataFrame([("total", "total", len(kinds)), *(("org_type", one, 1) for one in kinds)], columns=["by", "group", "k"])  # fmt: skip
        found = list(answers._pairs(data, own.assign(yes=9 * own["k"], n=20 * own["k"], share=0.45), "org_type"))
        assert found == [(pair[0], pair[1:], 0.45, 0.45) for pair in pairs]


def test_the_strength_of_a_difference_follows_the_rule(whole):
    gaps = [
        Interval(0.3, 0.2, 0.4, 50, 0.05, 49), Interval(0.1, 0.001, 0.199, 50, 0.049, 49), Interval(0.05, -0.15, 0.25, 50, 0.1, 49),
        Interval(0.01, -0.05, 0.07, 50, 0.03, 49), None, Interval(0.4, 0.3, 0.5, 50, 0.05, 49),
    ]  # fmt: skip
    lines = [({"term": at, "share": 1.0 if at == 5 else 0.5}, gap) for at, gap in enumerate(gaps)]
    told = answers.compared(whole, lines, "share")["strength"].tolist()
    assert told == ["clear", "likely", "uncertain", "no sign of", "cannot tell", "cannot tell"]


@pytest.mark.parametrize(("came_of_those", "came_of_others"), [(6, 3), (2, 5)])
def test_those_who_agreed_before_are_set_beside_the_others(whole, came_of_those, came_of_others):
    each = pd.DataFrame([(o, e) for o in range(20) for e in range(10)], columns=["o", "e"])
    came = (each["e"] + each["o"]) % 10 < np.where(each["o"] % 2, came_of_those, came_of_others)
    who = {"organization_id": each["o"].map("O{:02d}".format), "event_id": each["e"].map("E{}".format)}
    rows = each.assign(**who, attended=came.astype(float), motivation=each["o"] % 2 * 3 + 1.5, belief_money=4.0)
    agreed = expectations.agreed(whole, rows.assign(perceived_value=None, knows_benefits=1.0, role_clear=None))
    found = expectations.taken_up(whole, agreed, by=["motivation", "belief_money"]).iloc[0]
    assert found[["share", "other", "n_group", "n_other"]].tolist() == [came_of_those / 10, came_of_others / 10, 100, 100]  # fmt: skip
    few = agreed[agreed["organization_id"] < "O08"]
    assert expectations.taken_up(whole, few, by=["motivation"])["estimate"].isna().all()


# ---- other projects, conversations, follow-ups


def test_overlap_counts_partners_of_each_project_and_of_two(every):
    table = expectations.overlap(every, quarter=QUARTER).query("by == 'total'").set_index("projects")["organizations"]
    some, here = every.other_support[every.other_support["started_on"] <= LAST_DAY], partners(every)
    own = {one: set(ids) & here for one, ids in some.groupby("project")["organization_id"]}
    for label, total in table.items():
        every_one = [own[one] for one in label.split(" + ")] if label not in ("any", "none") else []
        ids = set.intersection(*every_one) if every_one else set().union(*own.values())
        assert total == (len(here - ids) if label == "none" else len(ids))
    assert {*own, "any", "none"} <= {*table.index}


def test_a_quarter_whose_conversations_are_not_yet_on_record_has_no_share_of_none(every):
    early = every.conversations[every.conversations["held_on"] < FIRST_DAY]
    behind = dataclasses.replace(every, tables={**every.tables, "conversations": early})
    months, since = (one(behind, quarter=QUARTER) for one in (expectations.calendar, expectations.silent_since))
    assert QUARTER not in set(months["fiscal_quarter"]) and len(months) and since == early["held_on"].max()
    assert expectations.silent_since(every, quarter=QUARTER) is None
    said = str(kl.Say("en", every.programme).silent(QUARTER, since))
    assert f"the last is of {since.day} {since:%B %Y}" in said and "Either there was none" in said
    none = dataclasses.replace(every, tables={**every.tables, "conversations": early[:0]})
    assert expectations.silent_since(none, quarter=QUARTER) is None  # that there are none at all is said elsewhere


def test_the_calendar_and_the_last_conversation_add_up(every):
    months = expectations.calendar(every, quarter=QUARTER)
    last = expectations.last_talked(every, quarter=QUARTER).query("by == 'total'").set_index("last")["organizations"]
    talks = every.conversations[every.conversations["organization_id"].isin(partners(every))]
    in_quarter = talks[talks["held_on"].between(FIRST_DAY, LAST_DAY)]
    now = months[months["fiscal_quarter"] == QUARTER]
    assert now["conversations"].sum() == len(in_quarter) and len(months) == 3 * expectations.MOST_QUARTERS
    assert set(now["talked_with"]) == {in_quarter["organization_id"].nunique()} == {last["talked"]}
    ever = talks[talks["held_on"] <= LAST_DAY].groupby("organization_id")["held_on"].max()
    assert last.sum() == len(partners(every)) and last["never"] == len(partners(every)) - len(ever)
    assert expectations.days_since(every, quarter=QUARTER)[1] == (LAST_DAY - ever).dt.days.median()


def test_follow_ups_are_done_open_or_overdue_on_the_last_day(tiny):
    lines = ["organization_id,held_on,follow_up_due_on,follow_up_done_on", "CDSP-001,2017-02-01,2017-03-31,"]  # overdue
    lines += ["CDSP-001,2017-02-01,2017-03-01,2017-04-02"]  # done, but after the quarter
    lines += ["CDSP-002,2017-02-01,2017-03-01,2017-03-02", "CDSP-002,2017-03-30,2017-04-10,"]  # done; falls due
    tiny.raw("conversations.csv").write_text("\n".join([*lines, "CDSP-003,2017-04-03,2017-04-20,"]))  # not yet held
    hidden = expectations.follow_ups(tiny.clean(), quarter="FY2017Q2")  # of fewer than 5 organizations
    assert hidden["follow_ups"].isna().all()
    tiny.replace("programme.toml", "[analysis]", EVERYBODY)
    table = expectations.follow_ups(tiny.clean(), quarter="FY2017Q2").set_index("state")["follow_ups"]
    assert table.to_dict() == {"overdue": 2, "open": 1, "done": 1, "total": 4}


def test_no_frame_holds_a_figure_about_few_organizations(whole):
    said = answers.said(whole, quarter=QUARTER)
    counts = ["yes", "before", "offered", "unmet", "n", "organizations", "talked_with"]
    others = (expectations.overlap, expectations.calendar, expectations.last_talked)
    for table in (said.assign(no=said["n"] - said["yes"]), *(one(whole, quarter=QUARTER) for one in others)):
        few = [name for name in [*counts, "no"] if name in table and table[name].between(1, 4).any()]
        assert few == [] and table.notna().any(axis=None)
    assert said["yes"].isna().any()


def page(folder, **parameters):
    """What reaches the page; its pictures for Word are not drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Drawing, "png", lambda self: "")
        cells = passed(run_notebook("expectations", folder, **parameters)).cells
    outputs = [output["data"]["text/html"] for cell in cells for output in cell.get("outputs", [])]
    return BeautifulSoup("".join(outputs), "html.parser")


def said_by(html):
    said = [one.get_text() for one in html.select("h1, h3, p, li, caption, th, td, figcaption")]
    return said + [one["aria-label"] for one in html.select("[role=img]")]


def frame(**columns):
    return pd.DataFrame({name: [value] for name, value in columns.items()})


EXPECTED = frame(term="expects_funding", n=120, share=0.75, conf_low=0.67, conf_high=0.82, offer="beyond", yes=90, unmet=None, asked=pd.Timestamp("2017-06-15"))  # fmt: skip
SHOWN = EXPECTED.assign(term="expects_leads", offer="offered", yes=49, unmet=22, offered_share=0.6)
GAP = frame(term="expects_funding", kind="expectation", since=pd.Timestamp("2016-12-19"), asked=pd.Timestamp("2017-06-15"), before=0.62, now=0.85, n=73, estimate=0.23, conf_low=0.11, conf_high=0.36, strength="clear")  # fmt: skip
APART = GAP.assign(by="org_type", group="cdsp", against="awardee")
OPINION = GAP.assign(term="motivation", kind="scale", share=0.45, other=0.3, estimate=0.16, n_group=281, n_other=715)  # fmt: skip
OVER = pd.DataFrame({"term": "belief_money", "kind": "scale", "by": "total", "share": [0.45, None, 0.27], "asked": pd.to_datetime(["2016-06-20", "2016-12-19", "2017-06-15"])})  # fmt: skip
TALKED = pd.DataFrame({"fiscal_quarter": ["FY2017Q2", "FY2017Q3"], "n": [1, 136], "share": [0.44, 0.47], "conf_low": [0.36, 0.39], "conf_high": [0.52, 0.55]})  # fmt: skip
PROMISED = pd.DataFrame({"state": ["overdue", "open", "done", "total"], "follow_ups": pd.array([133, None, 239, 393], dtype="Int64")})  # fmt: skip
LATE = frame(round=1, asked=pd.Timestamp("2016-06-20"), late=7, n=51, waiting=True)
UNTOLD = {"strength": "uncertain", "conf_low": -0.1}
SITUATIONS = {
    "funding, beyond the offer": lambda say: say.first_expected(EXPECTED),
    "one answered": lambda say: say.first_expected(SHOWN.assign(n=1)),
    "no survey": lambda say: say.first_expected(EXPECTED[:0]),
    "too few answered": lambda say: say.first_expected(EXPECTED.assign(share=None)),
    "not offered": lambda say: say.not_offered(SHOWN, quarter=QUARTER),
    "offers": lambda say: " | ".join(say.offers(pd.concat([EXPECTED, SHOWN, SHOWN.assign(unmet=None), SHOWN.assign(offered_share=None), SHOWN.assign(offer="open")]))),
    "an expectation changed": lambda say: say.expectations_changed(GAP),
    "no change": lambda say: say.expectations_changed(GAP.assign(**UNTOLD)),
    "types differ": lambda say: say.groups_differ(APART)[0],
    "those consulted expect it less": lambda say: say.groups_differ(APART.assign(by="consulted_at_design", group="True", against="False", estimate=-0.16))[0],
    "one against all the others": lambda say: say.groups_differ(APART.assign(term="motivation", kind="scale", against="", strength="likely"))[0],
    "yes and no, after a donor": lambda say: say.groups_differ(APART.assign(term="knows_benefits", kind="yes_no", by="earlier_donor_support", group="True", against="False"))[0],
    "no difference": lambda say: say.groups_differ(APART.assign(**UNTOLD))[0],
    "opinions over time": lambda say: say.opinion_over_time(OVER),
    "one survey": lambda say: say.opinion_over_time(OVER[:1].assign(term="knows_benefits", kind="yes_no")),
    "how asked": lambda say: say.how_asked("belief_money", OPINION.assign(term="belief_money")),
    "an opinion changed": lambda say: say.opinions_changed(OPINION)[0],
    "no opinion changed": lambda say: say.opinions_changed(OPINION.assign(**UNTOLD))[0],
    "who agrees comes": lambda say: say.those_who_agree_come(pd.concat([OPINION, OPINION.assign(term="knows_benefits", share=0.3, other=0.45, estimate=-0.16)])),
    "whether who agrees comes cannot be told": lambda say: say.those_who_agree_come(OPINION.assign(**UNTOLD)),
    "benefit": lambda say: say.benefit_seen(OPINION),
    "benefit on record": lambda say: say.benefit_on_record(OPINION.assign(by="has_business_leads")),
    "supported": lambda say: say.taken_up_while_supported(OPINION.assign(term="other_support_now", kind="")),
    "talked": lambda say: say.talked_with(TALKED),
    "talked over time": lambda say: say.first_and_last(TALKED.drop_duplicates("fiscal_quarter"), changed="Partners with an individual conversation: {first:percent} from {first_fiscal_quarter:period}, {last:percent} from {last_fiscal_quarter:period}, {change:signed} of 100"),
    "overdue": lambda say: say.overdue(PROMISED),
    "by state": lambda say: " | ".join(map(str, say.follow_ups_by_state(PROMISED))),
    "late": lambda say: " | ".join(map(str, say.late_answers(pd.concat([LATE, LATE.assign(waiting=False), LATE.assign(late=None)])))),
    "days since": lambda say: say.days_since_talked([35, 77, 197]),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_whole_in_every_language(whole, language):
    say = kl.Say(language, whole.programme)
    assert [row["situation"] for row in SENTENCES] == list(SITUATIONS)
    told = {name: str(tell(say)) for name, tell in SITUATIONS.items()}
    assert told == {row["situation"]: row[language] for row in SENTENCES}


def test_what_is_hidden_is_not_told(whole):
    say, hidden = kl.Say("en", whole.programme), {"estimate": None, "share": None, "strength": "cannot tell"}
    assert say.expectations_changed(GAP.assign(**hidden)) is None and say.groups_differ(APART.assign(**hidden)) == []
    assert say.not_offered(SHOWN.assign(unmet=None), quarter=QUARTER) is None
    assert say.talked_with(TALKED.assign(share=None)) is None and say.overdue(PROMISED.assign(follow_ups=None)) is None
    assert say.opinion_over_time(OVER.assign(share=None)) is None
    assert [f"{value:.2f}" for value in say.expectations_changed(GAP).numbers["value"]] == ["73.00", "0.62", "0.85"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "languages", "figures"),
    [("programme", LANGUAGES, 10), ("senegal", ("en", "fr"), 4)],
)
def test_the_page_shows_its_sections_in_every_language(whole_programme, folder, languages, figures):
    where = whole_programme if folder == "programme" else ROOT / "examples" / "senegal"
    pages = {one: page(where, language=one) for one in languages}
    for html in pages.values():
        assert len(html.select("figure")) == figures
        for figure in html.select("figure"):
            alt = figure.div["aria-label"]
            assert alt.startswith(figure.h3.get_text()) and re.search(r"\d", alt)
        assert not [text for text in said_by(html) if NO_WORDS.search(text)]
    english = [text for text in said_by(pages["en"]) if len(text.split()) > 4]
    for language in languages[1:]:
        same = {*english} & {*said_by(pages[language])}
        assert same == set(), (language, same)


BOTH = ("2017-01-05,1,3,no,5,no,yes", "2017-03-20,2,5,yes,5,yes,no")
BENT = {
    "few of everything": {},
    "too few to show": {"smallest": "[analysis]"},
    "no survey, no conversations": {"without": ("survey", "conversations")},
    "one organization": {"lines": ["CDSP-001,2017-01-05,1,4,yes,100,yes,no"]},
    "two waves": {"lines": [f"{who},{line}" for line in BOTH for who in ("CDSP-001", "CDSP-002", "AWD-001")]},
}


@pytest.mark.parametrize("name", BENT)
def test_a_section_is_there_where_its_data_are(tiny, name):
    bent = {"smallest": EVERYBODY, "lines": None, "without": ()} | BENT[name]
    tiny.replace("programme.toml", "[analysis]", bent["smallest"])
    for one in bent["without"]:
        tiny.replace("programme.toml", f'[[source]]\ntable = "{one}"\nfiles = "{one}.csv"\n', "")
    if bent["lines"]:
        answered(tiny, bent["lines"])
    html = page(tiny.folder)
    texts, answer = said_by(html), html.select_one(".answer").get_text()
    assert not [text for text in texts if NO_WORDS.search(text)]
    if bent["without"]:
        assert answer == "No answer to a survey is on record." and not html.select("figure, table")
    elif name == "too few to show":
        assert answer == "Too few organizations answered the survey to show what they expect."
        assert not html.select("figure") and "about fewer than 5 organizations" in texts[-1]
    else:
        assert "expect" in answer and html.select("figure")

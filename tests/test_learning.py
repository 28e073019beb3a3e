"""The learning report: what measures its actions, which findings lead, what it says whole, and the page itself."""

import re
import shutil
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from notebook_run import run_notebook, shown
from scipy import stats

import konbit_lessons as kl
from konbit_lessons.errors import DataError
from konbit_lessons.measures import actions, findings
from konbit_lessons.reports import manifest
from konbit_lessons.reports.manifest import in_words

HERE = Path(__file__).parent
MOST_WORDS = 900  # of the learning report, in front
QUARTER, BEFORE = "FY2017Q2", "FY2017Q1"
ORGANIZATIONS = [f"O{n:02d}" for n in range(20)]
SAID = pd.read_csv(HERE / "data" / "learning_sentences.csv", keep_default_na=False).set_index("situation")
ACTIONS = """new_approach_on = 2017-01-01

[actions]
A1 = { label = "Talk", measure = "conversations" }
A2 = { label = "Give", measure = "contributions" }
A3 = { label = "Trade", measure = "leads", events = ["business_showcase"] }
A4 = { label = "Join", measure = "joint", events = ["joint_event"] }
[types.org_type]"""


def days(texts):
    return pd.to_datetime(pd.Series(texts, dtype="str")).astype("datetime64[us]")


@pytest.fixture
def data(tiny):
    """A programme with four actions and 20 organizations, with no records yet."""
    tiny.replace("programme.toml", "\n[types.org_type]", ACTIONS)
    made = tiny.clean()
    nobody = days([None] * 20)
    roster = {"organization_id": ORGANIZATIONS, "org_type": "cdsp", "joined_on": nobody, "left_on": nobody}
    return holding(made, organizations=pd.DataFrame(roster))


def holding(data, **tables):
    return replace(data, tables=data.tables | tables)


def pledges(*groups):
    """(day pledged, day delivered or None, how many organizations)."""
    lines = [(ORGANIZATIONS[n], on, done) for on, done, count in groups for n in range(count)]
    frame = pd.DataFrame(lines, columns=["organization_id", "pledged_on", "delivered_on"])
    return frame.assign(pledged_on=days(frame["pledged_on"]), delivered_on=days(frame["delivered_on"]))


def leads(*lines):
    frame = pd.DataFrame(lines, columns=["organization_id", "date", "kind"])
    return frame.assign(date=days(frame["date"]))


def test_a_pledge_delivered_after_the_quarter_is_still_open(data):
    given = pledges(("2017-01-10", "2017-02-01", 6), ("2017-02-10", "2017-04-01", 9), ("2017-04-02", None, 5))
    found = actions.contributions(holding(data, contributions=given), quarter=QUARTER).set_index("fiscal_quarter")
    assert found.loc[QUARTER, ["pledged", "delivered"]].to_list() == [15, 6]
    assert found.loc["total", "share"] == 6 / 15
    assert list(found.index) == [QUARTER, "total"]  # what was pledged after it is not in it


def test_pledges_of_few_organizations_are_hidden_with_what_would_tell_them(data):
    given = pledges(("2016-10-10", None, 3), ("2017-01-10", "2017-02-01", 6), ("2017-02-10", None, 9))
    found = actions.contributions(holding(data, contributions=given), quarter=QUARTER).set_index("fiscal_quarter")
    assert found["pledged"].isna().to_dict() == {BEFORE: True, QUARTER: True, "total": False}


def test_leads_are_of_all_and_organizations_with_one_of_the_partners(data):
    lines = [(one, "2017-01-10", "lead") for one in ORGANIZATIONS[:8]]
    given = leads(
        *lines, *((one, "2017-01-20", "contract") for one in ORGANIZATIONS[:6]), ("O99", "2017-01-20", "lead")
    )
    found = actions.leads(holding(data, business_leads=given), quarter=QUARTER).set_index("fiscal_quarter")
    assert found.loc["total"].to_list() == [9, 6, 15, 8, 20]


def showcase(first, *, others=()):
    """Each of the first ten organizations came to a showcase on a day; the records go from October to March."""
    came = [(one, first, 1.0, 1.0) for one in ORGANIZATIONS[:10]]
    edges = [("O00", day, 0.0, 1.0) for day in ("2016-10-01", "2017-03-31")]
    rows = pd.DataFrame(
        [*came, *edges, *others], columns=["organization_id", "held_on", "attended", "business_showcase"]
    )
    return rows.assign(held_on=days(rows["held_on"]), event_type="training")


def test_leads_before_and_after_a_first_showcase_are_paired_by_organization(data):
    # 10 organizations, first showcase on 31 December, 90 days of records on both sides. One lead each of two of them
    # before, of four on the day or after: changes are -1, -1 and four times +1, mean 0.2.
    before = [(one, "2016-11-01") for one in ORGANIZATIONS[8:10]]
    after = [*((one, "2016-12-31") for one in ORGANIZATIONS[:3]), ("O03", "2017-03-30")]
    outside = [("O04", "2017-03-31"), ("O15", "2017-01-05")]  # too late; never at a showcase
    given = leads(*((one, day, "lead") for one, day in [*before, *after, *outside]))
    later = [(one, "2017-03-01", 1.0, 1.0) for one in ORGANIZATIONS[:16]]  # only the first counts; six are too late
    rows = showcase("2016-12-31", others=later)
    found = around(holding(data, business_leads=given), rows, smallest=1).iloc[0]
    changes = np.array([1, 1, 1, 1, 0, 0, 0, 0, -1, -1])
    reach = stats.t.ppf(0.975, 9) * changes.std(ddof=1) / np.sqrt(10)
    assert found["organizations"] == 10
    assert found[["before", "after", "change"]].to_list() == pytest.approx([0.2, 0.4, 0.2])
    assert found["conf_high"] - found["change"] == pytest.approx(reach)


def around(data, rows, *, smallest):
    programme = replace(data.programme, smallest_cell=smallest)
    return actions.around_first(replace(data, programme=programme), rows, quarter=QUARTER)


def test_leads_around_a_first_showcase_are_of_many_and_told_roughly_on_a_page_that_may_be_shared(data):
    before, after = [(ORGANIZATIONS[n], "2016-11-01", "lead") for n in (8, 8, 9)], "2016-12-31"
    given = leads(*before, *((one, after, "lead") for one in ORGANIZATIONS[:7]))
    found = around(holding(data, business_leads=given), showcase(after), smallest=2)
    assert found[["organizations", "before", "after", "change"]].to_numpy().tolist() == [[10, 0.3, 0.7, 0.4]]
    ends = found[["conf_low", "conf_high"]]
    assert ends.equals(ends.round(1))
    assert around(holding(data, business_leads=given), showcase(after), smallest=3).empty  # 10 are few; two had any
    one_had = leads(*before[:2], *((one, after, "lead") for one in ORGANIZATIONS[:7]))
    assert around(holding(data, business_leads=one_had), showcase(after), smallest=2).empty


def test_organizations_without_as_many_days_on_both_sides_are_not_looked_at(data):
    assert actions.around_first(data, showcase("2017-02-01"), quarter=QUARTER).empty


def test_joint_events_are_of_the_kinds_that_the_action_names_or_held_with_another_project(data):
    events = pd.DataFrame(
        {
            "event_id": list("abcd"),
            "event_type": ["joint_event", "training", "training", "training"],
            "partner_project": pd.array([None, "Another", None, None], dtype="str"),
            "held_on": days(["2017-01-10", "2017-02-10", "2017-03-10", "2017-04-10"]),
        }
    )
    found = actions.joint_events(holding(data, events=events), quarter=QUARTER)
    assert found.to_dict("records") == [{"fiscal_quarter": QUARTER, "joint": 2, "events": 3}]


def invited(*, before, after):
    """Each organization was invited to ten events on each side of 1 January 2017; it came to so many."""
    rows = [
        (
            one,
            f"{side}{n}",
            pd.Timestamp("2017-01-01") + pd.Timedelta(days=sign * (n + 1)),
            float((n + k) % 10 < came + k % 2),
        )
        for side, sign, came in (("before", -1, before), ("after", 1, after))
        for n in range(10)
        for k, one in enumerate(ORGANIZATIONS)
    ]
    return pd.DataFrame(rows, columns=["organization_id", "event_id", "held_on", "attended"])


def test_before_and_after_are_shares_of_the_invitations_on_both_sides(data):
    rows = invited(before=4, after=7)
    table, change = actions.before_and_after(data, rows)
    assert table[["share", "n"]].to_numpy().tolist() == [[0.45, 200], [0.75, 200]]
    assert change["estimate"] == pytest.approx(0.3) and change["conf_low"] < 0.3 < change["conf_high"]
    one_side = actions.before_and_after(data, rows[rows["held_on"] < "2017-01-01"])
    assert one_side[0].empty and one_side[1] is None


def test_what_events_offered_is_counted_on_both_sides(data, tiny):
    tiny.replace("programme.toml", "new_approach_on = 2017-01-01", "new_approach_on = 2017-02-01")
    found = actions.events_offered(tiny.clean(), quarter=QUARTER).set_index("what")[["before", "after"]]
    assert found.T.to_dict("list") == {
        "round_table": [0, 1],
        "training": [1, 0],
        "per_diem": [0, 1],
        "business_showcase": [1, 0],
    }


def test_an_action_without_a_record_so_far_has_no_number(tiny):
    tiny.replace("programme.toml", "\n[types.org_type]", ACTIONS)
    data = tiny.clean()
    none = SimpleNamespace(table=pd.DataFrame())
    found = findings.numbers(data, kl.invitations(data), none, quarter=QUARTER)
    assert not {"delivered", "leads"} & {*found["measure"]} and "taken_up" in {*found["measure"]}


def numbers(*rows):
    """Numbers by hand: what is not named is missing."""
    return findings.frame([dict({"kind": "taken_up", "name": None}, **row) for row in rows])


UPTAKE = {"measure": "taken_up", "k": 45, "n": 100, "value": 0.45, "conf_low": 0.34, "conf_high": 0.57}
UPTAKE |= {"before": 0.42, "after": 0.45, "change_low": -0.12, "change_high": 0.18}
FUNDING = {"measure": "expects_funding", "kind": "expects", "name": "funding", "k": 90, "n": 120, "value": 0.75}
FUNDING |= {"before": 0.62, "after": 0.85, "both": 73, "change_low": 0.11, "change_high": 0.36}
OVERDUE = {"measure": "overdue", "kind": "overdue", "k": 133, "n": 393, "short": 133}
MOTIVATION = {"measure": "motivation", "kind": "agrees", "name": "motivation", "n": 121, "value": 0.22, "short": 94}
MOTIVATION |= {"conf_low": 0.16, "conf_high": 0.3}
MONEY = {"measure": "belief_money", "kind": "agrees", "name": "belief_money", "n": 123, "value": 0.28}
MONEY |= {"before": 0.49, "after": 0.28, "both": 39, "change_low": -0.42, "change_high": 0.01}
SHOWCASE = {"measure": "business_showcase", "kind": "incentive", "name": "business_showcase", "strength": "clear"}
SHOWCASE |= {"value": 0.23, "conf_low": 0.15, "conf_high": 0.32}
HIDDEN = {"measure": "talked_with", "kind": "talked_with", "n": 9}
EVERY = numbers(UPTAKE, SHOWCASE, MOTIVATION, OVERDUE, FUNDING, MONEY, HIDDEN)


def test_clear_changes_lead_then_what_falls_short_of_most_then_what_was_found():
    lead = findings.leading(EVERY, most=9)
    assert lead["measure"].to_list() == ["expects_funding", "overdue", "motivation", "business_showcase"]
    assert lead["news"].to_list() == ["changed", "short", "short", "found"]
    assert findings.leading(EVERY)["measure"].to_list() == lead["measure"].to_list()[:3]
    assert findings.leading(numbers(UPTAKE, HIDDEN)).empty  # what cannot be told never leads


def test_what_was_told_is_compared_as_it_prints():
    said = findings.told(EVERY)
    assert said["taken_up"] == 0.45 and said["overdue"] == 133 and said["strength business_showcase"] == "clear"
    assert "talked_with" not in said
    today = numbers(UPTAKE | {"value": 0.452}, OVERDUE | {"k": 130}, SHOWCASE | {"strength": "likely"})
    compared = findings.compared(said, today, EVERY).set_index("measure")
    assert compared.index[compared["differs"]].to_list() == ["business_showcase", "overdue"]
    assert compared.loc["taken_up", ["said", "then", "now"]].to_list() == [0.45, 0.452, 0.45]


def test_a_finding_holds_while_its_number_is_within_the_interval_of_today():
    lines = pd.DataFrame(
        {"quarter": "Q", "finding": list("abcd"), "measure": ["taken_up", "overdue", None, "taken_up"]}
    )
    lines.loc[3, "quarter"] = "earlier"
    held = findings.held(lines, {"Q": {"taken_up": 0.6, "overdue": 90}, "earlier": {"taken_up": 0.4}}, EVERY)
    assert held[["finding", "then"]].to_numpy().tolist() == [["a", 0.6], ["b", 90], ["d", 0.4]]
    assert held["holds"].to_list() == [False, pd.NA, True]
    assert findings.held(lines, {}, EVERY)["holds"].isna().all()  # no report kept what it was then


LEARNING = f"""quarter,key,question,expectation,finding,adaptation,action,owner,due_on,status,measure
{QUARTER},calls,Who comes?,Most,Few.,Call them,A1,M&E lead,2017-04-30,planned,taken_up
{QUARTER},,Why?,,,,,,,,
{QUARTER},late,Who is late?,,Some,Remind them,,,2017-03-01,under way,
{BEFORE},,Do they pledge?,Yes,Some,Write it down,A2,Training lead,2017-03-31,under way,delivered
{BEFORE},,Do they give?,Yes,All,Thank them,A2,Training lead,2017-03-31,done,
"""


@pytest.fixture
def learned(data, tiny):
    tiny.raw("learning.csv").write_text(LEARNING, encoding="utf-8")
    with tiny.toml.open("a") as file:
        file.write('\n[[source]]\ntable = "learning"\nfiles = "learning.csv"\n')
    return tiny.clean()


def test_decisions_come_by_their_day_and_findings_have_a_name(learned):
    decided = actions.decided(learned, quarter=QUARTER)
    assert decided[["anchor", "past_day"]].to_numpy().tolist() == [["finding-late", True], ["finding-calls", False]]
    waiting = actions.waiting(actions.earlier(learned, quarter=QUARTER))
    assert waiting[["adaptation", "past_day"]].to_numpy().tolist() == [["Write it down", True]]


def test_a_table_in_kreyol_alone_needs_no_column_in_the_first_language(learned, tiny):
    tiny.replace("learning.csv", "question,expectation", "question_ht,expectation_ht")
    tiny.replace("programme.toml", 'currency = "HTG"', 'currency = "HTG"\nlanguages = ["en", "ht"]')
    lines = tiny.clean().learning
    assert lines["question"].equals(lines["question_ht"]) and set(lines["question"]) == set(
        learned.learning["question"]
    )


def test_two_findings_with_one_key_are_refused(learned, tiny):
    tiny.replace("learning.csv", f"{QUARTER},late,", f"{QUARTER},calls,")
    with pytest.raises(DataError, match='two findings with the key "calls"'):
        actions.asked(tiny.clean(), quarter=QUARTER)


def test_a_finding_rests_on_a_number_that_a_report_can_tell(learned, tiny):
    tiny.replace("learning.csv", "planned,taken_up", "planned,taken")
    with pytest.raises(DataError, match=r'"measure": found "taken"; expected the name of .* taken_up, .* motivation'):
        actions.asked(tiny.clean(), quarter=QUARTER)


def test_what_earlier_reports_kept_is_read_from_their_manifests(learned, tmp_path):
    stored = tmp_path / BEFORE / "manifest.json"
    stored.parent.mkdir()
    stored.write_text('{"reports": {"learning_report": {"told": {"taken_up": 0.4}}}}', encoding="utf-8")
    said = manifest.said_before(learned.programme, tmp_path, before=QUARTER)
    assert {quarter: one["told"] for quarter, one in said.items()} == {BEFORE: {"taken_up": 0.4}}
    assert manifest.said_before(learned.programme, tmp_path, before=BEFORE) == {}
    stored.write_text("[]", encoding="utf-8")
    assert manifest.said_before(learned.programme, tmp_path, before=QUARTER) == {}


@pytest.fixture(scope="module")
def programme():
    return kl.load(HERE / "data" / "programme" / "programme.toml")


def line(**own):
    """A line of the table of learning questions, with the words of three languages for the change alone."""
    usual = {"quarter": BEFORE, "owner": "M&E lead", "due_on": pd.Timestamp("2017-08-31"), "status": "planned"}
    usual |= {"adaptation": "Call them.", "adaptation_fr": "Les appeler", "adaptation_ht": "Rele yo"}
    usual |= {"question": "Who?", "expectation": None, "finding": "Few [x]", "measure": "overdue", "action": "A1"}
    return usual | {"past_day": False, "anchor": "finding-calls"} | own


LINES = pd.DataFrame([line()])
LATE = pd.DataFrame([line(owner=None, past_day=True, measure=None, adaptation_fr=None, adaptation_ht=None)])
LEAD = findings.leading(EVERY, most=9)
HELD = findings.held(
    pd.DataFrame([line(measure="taken_up"), line(measure="overdue"), line(measure="business_showcase")]),
    {BEFORE: {"taken_up": 0.6, "overdue": 90, "business_showcase": 0.2}},
    EVERY,
)
NOT_KEPT = findings.held(LINES, {}, EVERY)
TOLD = {"taken_up": 0.42, "business_showcase": 0.22, "strength business_showcase": "clear"}
COMPARED = findings.compared(TOLD | {"taken_up": 0.4}, numbers(UPTAKE | {"value": 0.42}, SHOWCASE), EVERY)
OF_PARTS = [(["method", "records"], {"taken_up": 0.44}), (["corrections"], {"taken_up": 0.43})]
OF_PARTS += [(["incentives"], {"taken_up": 0.43, "business_showcase": 0.18})]
REACHED = {"kind": "reached", "measure": "reached_cdsp", "name": "cdsp", "k": 20, "n": 60, "short": 40}
SPLIT = findings.compared(
    {"taken_up": 0.4, "business_showcase": 0.22, "reached_cdsp": 20, "target of reached_cdsp": 51},
    numbers(UPTAKE | {"value": 0.43}, SHOWCASE | {"value": 0.18}, REACHED), EVERY, OF_PARTS,
)  # fmt: skip
SIDES = pd.DataFrame({"share": [0.44, 0.45], "conf_low": [0.39, 0.34], "conf_high": [0.5, 0.57], "n": [1429, 403]})
GAP = {"estimate": 0.01, "conf_low": -0.11, "conf_high": 0.12}
SITUATIONS = {
    "two decided, one late": lambda say: say.decided_so_far(pd.concat([LINES, LATE]), LATE, "FY2017Q3"),
    "past their day": lambda say: say.late_sentences(LATE),
    "nothing decided": lambda say: say.decided_so_far(LINES[:0], LINES, "FY2017Q3"),
    "a decision": lambda say: say.decision_sentences(LINES),
    "nobody named, day gone by": lambda say: say.decision_sentences(LATE),
    "no finding, no day": lambda say: say.decision_sentences(pd.DataFrame([line(finding=None, due_on=pd.NaT)])),
    "findings": lambda say: [say.finding(LEAD, at)["finding"] for at in range(5)],
    "what they show": lambda say: [say.finding(LEAD, at)["shows"] for at in range(4)],
    "what follows": lambda say: [say.so(LEAD, at, LINES) for at in range(4)],
    "belief and wish": lambda say: say.belief_and_wish(EVERY),
    "no wish that rises": lambda say: say.belief_and_wish(numbers(MONEY, FUNDING | {"change_low": -0.1})),
    "dots": lambda say: say.points_of(
        pd.DataFrame({"point": [BEFORE, pd.Timestamp("2017-06-03"), "overdue", "per_diem"]})
    ),
    "numbers": lambda say: [say.number_told(row) for _, row in EVERY.iterrows()],
    "names of numbers": lambda say: [say.number_name(row) for _, row in EVERY.iterrows()],
    "learned": lambda say: [text for _, facts, _ in say.learned(LINES, EVERY) for fact in facts for text in fact],
    "decided before": lambda say: [text for _, facts, _ in say.decided_before(LATE) for fact in facts for text in fact],
    "findings of before": lambda say: [*say.no_longer(HELD), *say.held_sentences(HELD), *say.held_sentences(NOT_KEPT)],
    "another number today": lambda say: say.compared_sentences(COMPARED, quarter=QUARTER),
    "shared, for two reasons": lambda say: say.compared_sentences(
        COMPARED, quarter=QUARTER, edition=2, causes=["corrections", "incentives", "targets"]
    ),
    "the model alone": lambda say: say.compared_sentences(COMPARED, quarter=QUARTER, edition=1, causes=["method"]),
    "in parts": lambda say: [
        *say.compared_sentences(SPLIT, quarter=QUARTER, edition=1, causes=["records"]),
        *say.then_and_now(SPLIT)["moved_by"],
    ],
    "no report before": lambda say: say.compared_sentences(findings.compared({}, EVERY, EVERY), quarter=QUARTER),
    "to come": lambda say: say.to_come(numbers({"kind": "due_later", "measure": "due_later", "k": 21}), 6),
    "before and after": lambda say: say.approach_sentences(SIDES, GAP),
    "too few on one side": lambda say: say.approach_sentences(SIDES, None),
}


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_every_sentence_is_as_it_was_read(programme, language):
    say = kl.Say(language, programme)
    said = {name: situation(say) for name, situation in SITUATIONS.items()}
    texts = {name: " | ".join(map(str, one)) if isinstance(one, list) else str(one) for name, one in said.items()}
    assert texts == SAID[language].to_dict()


@pytest.mark.parametrize(
    ("language", "text"), [("en", "[Rele yo]{lang=ht}"), ("fr", "[Rele yo]{lang=ht}"), ("ht", "Rele yo")]
)
def test_a_text_that_is_there_in_another_language_alone_is_marked_as_of_it(programme, language, text):
    alone = line(adaptation="Rele yo", adaptation_fr=None, adaptation_ht="Rele yo")
    (said,) = kl.Say(language, programme).decision_sentences(pd.DataFrame([alone]))
    assert str(said).startswith(f"**{text}")


def test_a_sentence_keeps_its_numbers(programme):
    said = kl.Say("fr", programme).finding(LEAD, 0)["finding"]
    assert said.numbers["value"].to_list() == [0.62, 0.85]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("programme", "en"), id="programme-en"),
        pytest.param(("programme", "fr"), id="programme-fr", marks=pytest.mark.slow),
        pytest.param(("senegal", "fr"), id="senegal-fr", marks=pytest.mark.slow),
    ],
)
def page(request, whole_programme):
    """The executed notebook of a programme in a language."""
    name, language = request.param
    folder = whole_programme if name == "programme" else HERE.parent / "examples" / name
    return run_notebook("learning_report", folder, language=language)


def test_the_notebook_runs_and_shows_three_findings(page):
    figures = [html for html in shown(page) if html.startswith("<figure>")]
    assert len(figures) >= 3
    assert all(re.search("#0072b2", html, re.IGNORECASE) for html in figures[:3])  # a mark is drawn in each
    assert not any(re.search(r"\b(nan|None|NaT)\b", html) for html in shown(page))


def test_text_of_an_evaluator_is_shown_and_does_nothing(programme):
    hostile = pd.DataFrame([line(finding='<img src=x onerror="window.__pwn=1">')])
    html = kl.items(kl.Say("en", programme).learned(hostile, EVERY))._repr_html_()
    assert "<img" not in html and "&lt;img" in html


@pytest.fixture(scope="module", params=["en", "fr", "ht"])
def shipped(request, tmp_path_factory):
    """The learning report of the example that is shipped, whose team has decided three things, in a language."""
    return report_of(HERE.parent, tmp_path_factory.mktemp("shipped"), language=request.param)


def report_of(folder, reports, **options):
    programme = kl.load(folder / "programme.toml")
    kl.make_reports(programme, quarter="FY2017Q3", names=["learning_report"], reports=reports, progress=str, **options)
    return reports / "FY2017Q3" / "shared" / f"{in_words('learning_report', options.get('language', 'en'))}.html"


def words_in_front(page):
    """What a reader sees before anything is opened."""
    main = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").main
    for folded in main.find_all("details"):
        folded.extract()
    return len(re.findall(r"\w+", main.get_text(" ")))


@pytest.mark.slow
@pytest.mark.browser
def test_the_first_screen_of_a_phone_holds_every_decision_and_paper_four_sheets(opened, browser, shipped):
    opened(shipped.as_uri(), width=360)
    lists = "#what-we-will-change + ul > li, #what-we-will-change + ul + ul > li"  # decided, and recommended
    decisions = f"return [...document.querySelectorAll('{lists}')]"
    ends = browser.execute_script(f"{decisions}.map(e => e.getBoundingClientRect().bottom)")
    assert len(ends) == 4 and max(ends) <= 740
    rests_on = browser.execute_script(
        f"{decisions}.map(e => document.getElementById(e.querySelector('a').hash.slice(1)))"
    )
    assert all(rests_on)
    printed = b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4


@pytest.mark.slow
def test_nine_hundred_words_stand_in_front(shipped):
    assert 300 < words_in_front(shipped) <= MOST_WORDS


@pytest.mark.slow
def test_nine_hundred_words_stand_in_front_of_thirty_findings_and_a_long_story(tmp_path):
    shutil.copytree(HERE.parent / "data", tmp_path / "data")
    shutil.copy(HERE.parent / "programme.toml", tmp_path)
    texts = dict.fromkeys(["question", "expectation", "finding", "adaptation"], ("word and more " * 15)[:200])
    every = [
        texts | {"quarter": f"FY2017Q{q}", "key": f"k{n}", "measure": "overdue"} for q in (2, 3) for n in range(30)
    ]
    lines = pd.DataFrame(every).assign(owner="Lead", due_on="2017-05-01", status="planned", action="A1")
    lines["question"] += [f" {n}" for n in lines.index]
    lines.to_csv(tmp_path / "data" / "raw" / "learning.csv", index=False)
    (tmp_path / "narrative").mkdir()
    story = "## Context and challenges\n\n" + "Many words were written here.\n\n" * 1000
    (tmp_path / "narrative" / "FY2017Q3.en.md").write_text(story, encoding="utf-8")
    page = report_of(tmp_path, tmp_path / "reports")
    assert words_in_front(page) <= MOST_WORDS
    assert page.read_text(encoding="utf-8").count("Many words were written here") == 1000  # behind, and not thrown away

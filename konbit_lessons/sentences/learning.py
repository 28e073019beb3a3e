"""What the learning report says: what was decided and by whom, the findings that lead and what follows of each.

Takes the frames of ``measures.findings`` and ``measures.decisions``; returns Sentences. What somebody wrote in the
table of learning questions is told in the page's language where the table has it, else as it is and marked as such.
"""

import pandas as pd

from konbit_lessons.periods import NAME
from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import apart, say_known, texts
from konbit_lessons.sentences.incentives import found
from konbit_lessons.sentences.participation import reached_so_far
from konbit_lessons.words import mark, pair

TEXTS = texts("learning")
BRACKETS = str.maketrans("[]", "()")  # what is written in a table is no markup
COUNTS = ("reached", "overdue", "due_later", "unmet", "leads", "joint")


def decided_so_far(say, decisions, waiting, quarter):
    """Return how many changes were decided in the quarter, and how many earlier ones are past their day."""
    said = say_known(say, TEXTS["decided"], n=len(decisions) or None, quarter=quarter)
    past = pair("**{n}** decided earlier is past its day.", "**{n}** decided earlier are past their day.")
    return said + say_known(say, past, n=int(waiting["past_day"].sum()) or None)


def decision_sentences(say, decisions):
    """Return each change that was decided: who makes it, by when, and the finding that it rests on."""
    text, said = mark("**{what}:** {who}, {when}; rests on “[{finding}](#{anchor})”."), []
    for row in decisions.to_dict("records"):
        rests_on = own(say, row, "finding") or say("a question that is still open")
        said.append(say(text, **_acts(say, row), finding=rests_on, anchor=row["anchor"]))
    return said


def _acts(say, row):
    """What changes, who changes it, and by when."""
    return {"what": own(say, row, "adaptation"), "who": who(say, row), "when": _when(say, row)}


def own(say, row, column):
    """Return what was written in a column of the table of learning questions, in the page's language where it is."""
    ours, first = row.get(f"{column}_{say.language}"), say.programme.languages[0]
    text = row[column] if pd.isna(ours) or not ours else ours
    if pd.isna(text):
        return ""
    text = str(text).strip().removesuffix(".").translate(BRACKETS)
    return text if say.language == first or text == ours else f"[{text}]{{lang={first}}}"


def who(say, row):
    """Return who answers for a change, or that nobody is named."""
    return say("nobody is named") if pd.isna(row["owner"]) else capital(own(say, row, "owner"))


def day(say, row):
    """Return the day by which a change is due, and whether it has gone by."""
    if pd.isna(row["due_on"]):
        return say("no day is named")
    due = say.words.date(row["due_on"])
    return say("{day}, which has gone by", day=due) if row["past_day"] else due


def _when(say, row):
    return day(say, row) if pd.isna(row["due_on"]) else say("by {day}", day=day(say, row))


def finding(say, lead, at):
    """Return what stands about the figure of a finding, by the place that the finding has in the report.

    Returns
    -------
    dict of ``finding``, ``shows``, ``source`` and ``says``, as `kl.show` takes them; no finding where there is none
    """
    if at >= len(lead):
        return {"finding": None}
    row = lead.iloc[at]
    kind, told, shows = row["kind"], number_told(say, row, interval=(None, None)), say(TEXTS["shows"][row["kind"]])
    if row["news"] == "changed":
        told = say(TEXTS["changed"][kind], **of(say, row), **row)
        change = {"change": apart(row["before"], row["after"]), "difference": (row["change_low"], row["change_high"])}
        shows += say("The change: {change:signed} of 100{difference}.", **change)
    says = "{label}: {value:percent}, n = {n}." if kind in COUNTS else "{label}: {value:percent} ({range}), n = {n}."
    says = "{label}: {value:signed} ({range})." if kind == "incentive" else says
    return {"finding": told, "shows": shows, "source": say(TEXTS["sources"].get(kind, TEXTS["lists"])), "says": says}


def points_of(say, behind):
    """Return what each dot of the figures of findings is called: a quarter, a survey, a state or an incentive."""
    return [_point(say, point) for point in behind["point"]]


def _point(say, point):
    if not isinstance(point, str):
        return say.words.month(point)
    if point in TEXTS["points"]:
        return say.words.text(TEXTS["points"][point])
    return say.period(point) if NAME.fullmatch(point) else say.name(point)


def so(say, lead, at, decisions):
    """Return what follows of a finding, and who acts on it, if a decision rests on its number.

    Parameters
    ----------
    decisions : DataFrame, from ``measures.decisions``: those of the quarter and open ones from before
    """
    if at >= len(lead):
        return None
    row = lead.iloc[at]
    acts = decisions[decisions["measure"] == row["measure"]].to_dict("records")
    said = say("**So:** {what}.", what=say(TEXTS["so"][_follows(say, row)]))
    if not acts:
        return said + say("Nobody is named for it yet.")
    first = _acts(say, acts[0])
    return said + say("{who}, {when}: {what}.", **first | {"what": small(first["what"])})


def _follows(say, row):
    kind = row["kind"]
    if kind == "expects" and row["after"] < row["before"]:
        return "less"
    if kind == "expects":
        met_by = say.programme.expectations[row["name"]].met_by
        return "not_said" if met_by is None else "offered" if met_by else "beyond"
    return "low" if kind == "agrees" and say.programme.questions[row["name"]].good == "low" else kind


def belief_and_wish(say, numbers):
    """Return, where fewer believe that the project is about something and more wish for it, both in one sentence."""
    rows = numbers.set_index("measure")
    for name, question in say.programme.questions.items():
        wish = f"expects_{question.about}"
        if not question.about or not {name, wish} <= {*rows.index}:
            continue
        fell, rose = rows.loc[name], rows.loc[wish]
        if fell["after"] < fell["before"] and rose["change_low"] > 0:
            doubt = "" if fell["change_high"] < 0 else say(", which may be chance")
            about = {"wish": wish, "doubt": doubt, **of(say, fell), **fell[["before", "after"]]}
            return say(TEXTS["belief_and_wish"], **about)
    return None


def glance(say, numbers, lead, reached, result, *, quarter):
    """Return what else a reader should know of the quarter, without what leads the report.

    Parameters
    ----------
    reached : DataFrame, from ``measures.participation``
    result : Estimates

    Returns
    -------
    list of Sentence: organizations reached, invitations taken up beside the quarter before, partners talked with, and
        which incentives go with participation
    """
    leads = {*lead["kind"]}
    rest = numbers[numbers["kind"].isin({"taken_up", "talked_with"} - leads)]
    return [
        None if "reached" in leads else reached_so_far(say, reached, quarter),
        *[_beside_before(say, row) for _, row in rest.iterrows()],
        None if "incentive" in leads else found(say, result),
    ]


def _beside_before(say, row):
    said = number_told(say, row)
    text = TEXTS["beside_before"]["unclear" if row["change_low"] <= 0 <= row["change_high"] else "clear"]
    return said and said + say_known(say, text, row)


def number_told(say, row, **values):
    """Return how high a number is, in a sentence; None where it is not shown. `values` go before those of the row."""
    kind = row["kind"]
    if kind == "incentive":
        kind = "more" if row["value"] >= 0 else "fewer"
    return say_known(say, TEXTS["told"][kind], row, **of(say, row) | {"points": abs(row["value"])} | values)


def of(say, row):
    """Return what a number is of, within a sentence and at its beginning."""
    kind, name = row["kind"], row["name"]
    if kind == "agrees":
        asked = say.programme.questions[name]
        what = (asked.statement or asked.label).text(say.language)
        return {"what": what, "What": what}
    what = say.level("org_type", name, form="many") if kind == "reached" else ""
    if kind in ("expects", "unmet", "incentive"):
        what = say.name(name if kind == "incentive" else f"expects_{name}")
    return {"what": small(what), "What": capital(what)}


def learned(say, asked, numbers):
    """Return what was asked, expected and found in the quarter, and the number it rests on, as items of a page."""
    told = {row["measure"]: number_told(say, row) for _, row in numbers.iterrows()}
    return [_learned(say, row, told.get(row["measure"])) for row in asked.to_dict("records")]


def _learned(say, row, number):
    nothing = say("nothing was written down")
    facts = {say("We asked"): own(say, row, "question"), say("We expected"): own(say, row, "expectation") or nothing}
    return item(own(say, row, "finding") or nothing, facts | {say("By the records"): number}, row["anchor"])


def item(heading, facts, anchor=""):
    """Return an item of a page: its heading, each of its facts that there is under what it is, and its anchor."""
    return heading, [(what, fact) for what, fact in facts.items() if fact], anchor

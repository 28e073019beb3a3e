"""What the learning report says: what was decided and by whom, the findings that lead and what follows of each, what
earlier reports said and what became of it, and how the actions of a programme stand. Nothing is an effect.

Takes the frames of ``measures.findings`` and ``measures.actions``; returns Sentences. The actions, how many there are
and what each is called stand in programme.toml. What somebody wrote in the table of learning questions is told in the
page's language where the table has it, else as it is and marked as such.
"""

import re

import pandas as pd

from konbit_lessons.periods import NAME
from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import answer, apart, say_known, texts
from konbit_lessons.words import mark

TEXTS = texts("learning")
BRACKETS = str.maketrans("[]", "()")  # what is written in a table is no markup
# what an action names as its measure → the number of the report, where it has another name
MEASURED = {"conversations": "talked_with", "contributions": "delivered"}
COUNTS = ("reached", "overdue", "due_later", "unmet", "leads", "joint")


def decided_so_far(say, decisions, waiting, quarter):
    """Return how many changes were decided in the quarter, and how many earlier ones are past their day."""
    said = say_known(say, TEXTS["decided"], n=len(decisions) or None, quarter=quarter)
    return said + say_known(say, TEXTS["past_day"], n=int(waiting["past_day"].sum()) or None)


def decision_sentences(say, decisions):
    """Return each change that was decided: who makes it, by when, and the finding that it rests on."""
    text, said = mark("**{what}:** {who}, {when}; rests on “[{finding}](#{anchor})”."), []
    for row in decisions.to_dict("records"):
        rests_on = own(say, row, "finding") or say("a question that is still open")
        said.append(say(text, **_acts(say, row), finding=rests_on, anchor=row["anchor"]))
    return said


def _acts(say, row):
    """What changes, who changes it, and by when."""
    when = day(say, row) if pd.isna(row["due_on"]) else say("by {day}", day=day(say, row))
    return {"what": own(say, row, "adaptation"), "who": who(say, row), "when": when}


def own(say, row, column):
    """Return what was written in a column of the table of learning questions, in the page's language where it is."""
    first, *others = say.programme.languages
    known = {one: str(row[f"{column}_{one}"]) for one in others if pd.notna(row.get(f"{column}_{one}"))}
    if pd.notna(row[column]) and row[column] not in known.values():  # what stands alone may be in any of them
        known = {first: str(row[column])} | known
    language = say.language if say.language in known else next(iter(known), "")
    text = known.get(language, "").strip().removesuffix(".").translate(BRACKETS)
    return text if language in ("", say.language) else f"[{text}]{{lang={language}}}"


def who(say, row):
    """Return who answers for a change, or that nobody is named."""
    return say("nobody is named") if pd.isna(row["owner"]) else capital(own(say, row, "owner"))


def day(say, row):
    """Return the day by which a change is due, and whether it has gone by."""
    if pd.isna(row["due_on"]):
        return say("no day is named")
    due = say.words.date(row["due_on"])
    return say("{day}, which has gone by", day=due) if row["past_day"] else due


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
    decisions : DataFrame, from ``measures.actions``: those of the quarter and open ones from before
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
        None if "reached" in leads else say.reached_so_far(reached, quarter),
        *[_beside_before(say, row) for _, row in rest.iterrows()],
        None if "incentive" in leads else say.found(result),
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
        return dict.fromkeys(("what", "What"), say.asked(name))
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


# ---- what earlier reports said and decided, and what became of it


def decided_before(say, waiting):
    """Return the changes decided before that are not done, as items of a page."""
    items = []
    for row in waiting.to_dict("records"):
        status = say("not written down") if pd.isna(row["status"]) else say.level("status", row["status"])
        facts = {say("Decided in"): say.period(row["quarter"]), say("Who"): who(say, row)}
        facts |= {say("By when"): day(say, row), say("Status"): status}
        items.append(item(own(say, row, "adaptation"), facts))
    return items


def late_sentences(say, waiting):
    """Return the changes decided before that are past their day: who makes each, and by when."""
    late = waiting[waiting["past_day"]].to_dict("records")
    return [say("**{what}:** {who}, {when}; decided from {quarter:period}.", **_acts(say, row), **row) for row in late]


def no_longer(say, held):
    """Return the findings of earlier quarters that no longer hold by their numbers, and how many still do."""
    gone, n = held[~held["holds"].fillna(True).astype(bool)], int(held["holds"].sum())
    return [*held_sentences(say, gone), say(TEXTS["no_longer"], n=n) if n else None]


def held_sentences(say, held):
    """Return of each finding of an earlier quarter whether it still holds by the number that it rests on."""
    return [_held(say, row) for _, row in held.iterrows()]


def _held(say, row):
    how = "not said" if pd.isna(row["holds"]) else "holds" if row["holds"] else "gone"
    now = row["k"] if row["kind"] in COUNTS else row["value"]
    then, now = (number_as_text(say, row["kind"], one) for one in (row["then"], now))
    about = {"finding": own(say, row, "finding"), "quarter": row["quarter"], "number": number_name(say, row)}
    return say(TEXTS["held"]["not kept" if pd.isna(row["then"]) else how], then=then, now=now, **about)


def number_name(say, row):
    """Return what a number is called."""
    return say(TEXTS["numbers"][row["kind"]], **of(say, row))


def number_as_text(say, kind, value, strength=None):
    """Return a number as a table reads it, with the strength of the evidence where it has one."""
    if kind != "incentive":
        return say.number(value) if kind in COUNTS else say.percent(value)
    parts = [say.signed(value)] if pd.notna(value) else []
    parts += [answer(say, strength)] if isinstance(strength, str) else []
    return ", ".join(parts) or "–"


def to_come(say, numbers, open_ones):
    """Return what falls due next: follow-ups promised for later, and changes that are not done."""
    later = [number_told(say, row) for _, row in numbers[numbers["kind"] == "due_later"].iterrows()]
    return [*later, say(TEXTS["not_done"], n=open_ones) if open_ones else None]


# ---- the strategic actions: what measures each, and what lies behind it


def action_items(say, numbers, then, lines):
    """Return each declared action, how it stands by its measure, and what was decided of it, as items of a page.

    Parameters
    ----------
    numbers, then : DataFrame, from ``measures.findings``, of the quarter and of the one before
    lines : DataFrame, the changes of the table of learning questions, with ``action``
    """
    items = []
    for name, action in say.programme.actions.items():
        found = [each[each["measure"] == MEASURED.get(action.measure, action.measure)] for each in (numbers, then)]
        now, before = (number_told(say, one.iloc[0]) if len(one) else None for one in found)
        changes = [own(say, row, "adaptation") for row in lines[lines["action"] == name].to_dict("records")]
        decided = say.words.clauses(changes) if changes else None
        facts = {say("This quarter"): now, say("The quarter before"): before, say("Decided"): decided}
        anchor = "-".join(re.findall("[a-z0-9]+", name.lower()))
        items.append(item(say("{name}: {label}", name=name, label=action.label), facts, anchor))
    return items


def lead_sentences(say, leads, around):
    """Return how many had leads or contracts so far, and what changed around the first event that should bring some."""
    so_far = leads[leads["fiscal_quarter"] == "total"]
    events = [say.list(small(_event(say, name)) for name in names) for names in around["events"]]
    around = around.assign(events=events, low=around["conf_low"], high=around["conf_high"])
    told = {"leads_so_far": so_far.assign(n=so_far["both"]), "around": around}
    return [say_known(say, TEXTS[text], frame) for text, frame in told.items()]


def approach_sentences(say, sides, change):
    """Return the share of invitations taken up before the new approach and since, and what the difference is not.

    Parameters
    ----------
    sides : DataFrame, from ``measures.actions.before_and_after``; without rows where there is nothing to compare
    change : mapping with ``estimate``, ``conf_low``, ``conf_high``; None where there is nothing to compare
    """
    day = say.programme.new_approach_on
    if day is None or sides.empty:
        return []
    if change is None:
        return [say(TEXTS["too_few"], day=day)]
    before, after = (say(TEXTS["on_one_side"], **row) for row in sides.to_dict("records"))
    return [
        say("Before {day:date}, {before} were taken up; since then, {after}.", day=day, before=before, after=after),
        say("That is **{estimate:signed} of 100**{difference}.", **{**change, "estimate": apart(*sides["share"])}),
        say(TEXTS["no_effect"]),
    ]


def what_differed(say, offered):
    """Return the events before and since as a table reads them, with ``label``: a kind of event, or an incentive."""
    kinds = say.programme.types.get("event_type", {})
    text = {True: mark("Kind: {what}"), False: mark("Offered: {what}")}
    return offered.assign(label=[str(say(text[one in kinds], what=small(_event(say, one)))) for one in offered["what"]])


def _event(say, name):
    """What a kind of event or an incentive is called."""
    kinds = say.programme.types.get("event_type", {})
    return capital(say.level("event_type", name)) if name in kinds else say.name(name)


def quarter_names(say, frame):
    """Return the frame with ``label``: each quarter in months, and that the last line is of all of them."""
    every = say.words.text("All quarters")
    return frame.assign(label=[every if one == "total" else say.period(one) for one in frame["fiscal_quarter"]])


def of_itself(say):
    """Return what programme.toml says of the evaluation: for whom, by whom, its kind, limits and consent."""
    written = {name: label.text(say.language) for name, label in say.programme.said.evaluation if label}
    return [say(TEXTS["of_itself"][name], text=text.removesuffix(".")) for name, text in written.items()]

"""How the strategic actions of a programme stand: what measures each, and what lies behind it. Nothing is an effect.

Takes the frames of ``measures.actions`` and ``measures.findings``; returns Sentences. The actions, how many there are
and what each is called stand in programme.toml.
"""

import re

import pandas as pd

from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import first_and_last, why_missing
from konbit_lessons.sentences.learning import number_told, own
from konbit_lessons.words import mark, pair

MEASURED = {  # what an action names as its measure → the number of the report that it is
    "conversations": "talked_with",
    "contributions": "delivered",
    "leads": "leads",
    "joint": "joint",
}


def action_items(say, numbers, then, lines):
    """Return each declared action, how it stands by its measure, and what was decided of it, as items of a page.

    Parameters
    ----------
    numbers, then : DataFrame, from ``measures.findings``, of the quarter and of the one before
    lines : DataFrame, the changes of the table of learning questions, with ``action``
    """
    return [_action(say, name, action, numbers, then, lines) for name, action in say.programme.actions.items()]


def _action(say, name, action, numbers, then, lines):
    measured = MEASURED.get(action.measure)
    facts = [
        (say("This quarter"), _told(say, numbers, measured)),
        (say("The quarter before"), _told(say, then, measured)),
    ]
    changes = [own(say, row, "adaptation") for row in lines[lines["action"] == name].to_dict("records")]
    decided = [(say("Decided"), say.words.clauses(changes))] if changes else []
    heading = say("{name}: {label}", name=name, label=action.label)
    return (
        heading,
        [(what, text) for what, text in facts if text] + decided,
        "-".join(re.findall("[a-z0-9]+", name.lower())),
    )


def _told(say, numbers, measure):
    found = numbers[numbers["measure"] == measure]
    return number_told(say, found.iloc[0]) if len(found) else None


def contributions_caption(say, pledged, *, quarter):
    """Return what the table of contributions shows, and why numbers are missing in it."""
    return say(
        "Contributions pledged by partners, and delivered by {quarter:end}, by quarter of the pledge.", quarter=quarter
    ) + why_missing(say, pledged[["pledged", "delivered"]])


def leads_caption(say, leads, *, quarter):
    """Return what the table of leads and contracts shows, and why numbers are missing in it."""
    return say("Business leads and contracts recorded by {quarter:end}.", quarter=quarter) + why_missing(
        say, leads[["leads", "contracts", "both"]]
    )


def lead_sentences(say, leads, around):
    """Return how many had leads or contracts so far, and what changed around the first event that should bring some."""
    return [_leads_so_far(say, leads), _around(say, around)]


def _leads_so_far(say, leads):
    so_far = leads[leads["fiscal_quarter"] == "total"]
    if so_far.empty or so_far[["both", "organizations"]].isna().any(axis=None):
        return None
    row = so_far.iloc[0]
    text = pair(
        "So far **{organizations} of {partners}** partners had a business lead or contract; {n} was recorded in all.",
        "So far **{organizations} of {partners}** partners had a business lead or contract; {n} were recorded in all.",
    )
    return say(text, **row, n=row["both"])


def _around(say, around):
    if around.empty:
        return None
    row = around.iloc[0]
    return say(
        "In the {days} days from its first event of this kind on ({events}), an organization had **{after:2}** leads "
        "on average, against **{before:2}** in the {days} days before; the change lies between {low:2} and {high:2} "
        "(95 % interval). That is of {organizations} of {came} organizations that came to one; the others have too few "
        "days on record. Other things changed as well.",
        **row.drop("events"),
        events=say.list(small(_event(say, name)) for name in row["events"]),
        low=row["conf_low"],
        high=row["conf_high"],
    )


def support_finding(say, supported):
    """Return what share of partners another project supported first and last."""
    return first_and_last(
        say,
        supported,
        changed=mark(
            "Another project supported {first:percent} of partners on {first_fiscal_quarter:end} and {last:percent} on "
            "{last_fiscal_quarter:end}, {change:signed} of 100."
        ),
        one=mark("Another project supported {last:percent} of partners on {last_fiscal_quarter:end}."),
    )


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
        text = mark("Attendance is on record for too few organizations before or after {day:date} to compare.")
        return [say(text, day=day)]
    side = mark("**{share:percent}** of {n} invitations{interval}")
    before, after = (say(side, **row) for row in sides.to_dict("records"))
    return [
        say("Before {day:date}, {before} were taken up; since then, {after}.", day=day, before=before, after=after),
        say("That is **{estimate:signed} of 100**{difference}.", **change),
        say(
            "This is not the effect of the new approach: other events were held, with other incentives, and time went "
            "by. The table says what else differed."
        ),
    ]


def what_differed(say, offered):
    """Return the events before and since as a table reads them, with ``label``: a kind of event, or an incentive."""
    kinds = say.programme.types.get("event_type", {})
    text = {True: mark("Kind: {what}"), False: mark("Offered: {what}")}
    labels = [say(text[one in kinds], what=small(_event(say, one))) for one in offered["what"]]
    return offered.assign(label=[str(one) for one in labels])


def _event(say, name):
    """What a kind of event or an incentive is called."""
    kinds = say.programme.types.get("event_type", {})
    return capital(say.level("event_type", name)) if name in kinds else say.name(name)


def quarter_names(say, frame):
    """Return the frame with ``label``: each quarter in months, and that the last line is of all of them."""
    return frame.assign(
        label=[say.words.text("All quarters") if one == "total" else say.period(one) for one in frame["fiscal_quarter"]]
    )


def made_with(say, *, quarter, own_words):
    """Return with what the report was made, as a frame of ``parameter`` and ``value``.

    Parameters
    ----------
    own_words : bool, whether the evaluator has written of this quarter
    """
    programme = say.programme
    read_by = {"shared": mark("everybody it is sent to"), "internal": mark("the team only")}
    asked = programme.question
    lines = {
        say("Quarter"): say.period(quarter),
        say("Records pulled on"): say.words.date(programme.data_cut_on) if programme.data_cut_on else "–",
        say("Who may read it"): say(read_by[programme.audience]),
        say("Fewest organizations that a figure is about"): say.number(programme.smallest_cell),
        say("Incentives looked at"): say.list(small(say.name(one)) for one in asked["incentives"]),
        say("Taken into account"): say.list(small(say.name(one)) for one in asked["adjust_for"]) or "–",
        say("A difference matters from"): say("{points:points} of 100", points=asked["smallest_effect"]),
        say("The evaluator's own words"): say("in this report") if own_words else say("none"),
    }
    return pd.DataFrame({"parameter": map(str, lines), "value": map(str, lines.values())})

"""How the strategic actions of a programme stand: what measures each, and what lies behind it. Nothing is an effect.

Takes the frames of ``measures.actions`` and ``measures.findings``; returns Sentences. The actions, how many there are
and what each is called stand in programme.toml.
"""

import re

from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import say_known, texts
from konbit_lessons.sentences.learning import item, number_told, own
from konbit_lessons.words import mark

TEXTS = texts("actions")
# what an action names as its measure → the number of the report, where it has another name
MEASURED = {"conversations": "talked_with", "contributions": "delivered"}


def action_items(say, numbers, then, lines):
    """Return each declared action, how it stands by its measure, and what was decided of it, as items of a page.

    Parameters
    ----------
    numbers, then : DataFrame, from ``measures.findings``, of the quarter and of the one before
    lines : DataFrame, the changes of the table of learning questions, with ``action``
    """
    items = []
    for name, action in say.programme.actions.items():
        measure = MEASURED.get(action.measure, action.measure)
        found = [each[each["measure"] == measure] for each in (numbers, then)]
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
    side = mark("**{share:percent}** of {n} invitations{interval}")
    before, after = (say(side, **row) for row in sides.to_dict("records"))
    return [
        say("Before {day:date}, {before} were taken up; since then, {after}.", day=day, before=before, after=after),
        say("That is **{estimate:signed} of 100**{difference}.", **change),
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

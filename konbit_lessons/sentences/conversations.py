"""What is said of other projects, of conversations with partners, and of what was promised in them.

Takes frames of ``measures.support`` and ``measures.conversations``; returns Sentences, or None for nothing to say.
"""

from konbit_lessons.sentences.common import say_known, texts
from konbit_lessons.words import mark

TEXTS = texts("conversations")


def supported_by(say, overlap):
    """Return what each row of the overlap is called: a project, two of them, any of them, none."""
    named = {one: say.words.text(text) for one, text in TEXTS["supported"].items()}
    return [named.get(one) or say.list(one.split(" + ")) for one in overlap["projects"]]


def talked_with(say, calendar):
    """Return what share of partners had a conversation in the last quarter."""
    return say_known(say, TEXTS["talked_with"], calendar.tail(1))


def days_since_talked(say, days):
    """Return the quartiles of the days since the last conversation."""
    return say(TEXTS["days_since_talked"], **dict(zip(("low", "median", "high"), days, strict=True))) if days else None


def last_conversations(say, last):
    """Return what each row of the last conversations is called."""
    return [say.words.text(TEXTS["last"][one]) for one in last["last"]]


def overdue(say, follow_ups):
    """Return how many of the follow-ups that were promised are overdue."""
    counts = follow_ups.set_index("state")["follow_ups"].reindex(["overdue", "total"])
    return say_known(say, mark("**{overdue}** of {total} promised follow-ups are overdue."), counts)


def follow_ups_by_state(say, follow_ups):
    """Return how many follow-ups that were promised are overdue, open and done."""
    counts = follow_ups.dropna(subset="follow_ups").set_index("state")["follow_ups"]
    return [say(TEXTS["states"][one], follow_ups=n) for one, n in counts.items() if one in TEXTS["states"]]

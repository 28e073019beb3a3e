"""What is said of other projects, of conversations with partners, and of what was promised in them.

Takes frames of ``measures.support`` and ``measures.conversations``; returns Sentences, or None for nothing to say.
"""

import pandas as pd

from konbit_lessons.sentences.common import first_and_last
from konbit_lessons.words import mark

STATES = {
    "overdue": mark("**Overdue:** {follow_ups}."),
    "open": mark("**Open, not yet due:** {follow_ups}."),
    "done": mark("**Done:** {follow_ups}."),
}
LAST = {
    "talked": mark("In this quarter"),
    "quarter_before": mark("In the quarter before"),
    "earlier": mark("Longer ago"),
    "never": mark("Never"),
}
SUPPORTED = {
    "other": mark("Other projects"),
    "any": mark("At least one of them"),
    "none": mark("None that is on record"),
}


def supported_by(say, overlap):
    """Return what each row of the overlap is called: a project, two of them, any of them, none."""
    return [
        say.words.text(SUPPORTED[one]) if one in SUPPORTED else say.list(one.split(" + "))
        for one in overlap["projects"]
    ]


def talked_with(say, calendar):
    """Return what share of partners had a conversation in the last quarter."""
    if calendar.empty or pd.isna(calendar["share"].iloc[-1]):
        return None
    return say(
        "From {fiscal_quarter:period}, **{share:percent}** of {n} partners had an individual conversation{interval}.",
        **calendar.iloc[-1],
    )


def talked_with_over_time(say, calendar):
    """Return what share of partners had a conversation in the first quarter that is shown and in the last."""
    by_quarter = calendar.drop_duplicates("fiscal_quarter")
    return first_and_last(
        say,
        by_quarter,
        changed=mark(
            "Partners with an individual conversation: {first:percent} from {first_fiscal_quarter:period}, "
            "{last:percent} from {last_fiscal_quarter:period}"
        ),
        one=mark("{last:percent} of partners had an individual conversation"),
    )


def days_since_talked(say, days):
    """Return the quartiles of the days since the last conversation."""
    if not days:
        return None
    return say(
        "Of those that had one, half had it {median} days ago or less, the middle half {low} to {high} days ago.",
        **dict(zip(("low", "median", "high"), days, strict=True)),
    )


def last_conversations(say, last):
    """Return what each row of the last conversations is called."""
    return [say.words.text(LAST[one]) for one in last["last"]]


def overdue(say, follow_ups):
    """Return how many of the follow-ups that were promised are overdue."""
    counts = follow_ups.set_index("state")["follow_ups"].dropna()
    if not {"overdue", "total"} <= {*counts.index}:
        return None
    return say("**{overdue}** of {total} promised follow-ups are overdue.", **counts)


def follow_ups_by_state(say, follow_ups):
    """Return how many follow-ups that were promised are overdue, open and done."""
    counts = follow_ups.dropna(subset="follow_ups")
    return [say(STATES[one.state], follow_ups=one.follow_ups) for one in counts.itertuples() if one.state in STATES]

"""Participation before and after the approach changed, and what else differed. Never called an effect."""

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.errors import DataError
from konbit_lessons.measures.actions import approach_changed_on, before_and_after, events_offered
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import interval_of_difference, interval_of_share, small
from konbit_lessons.tables import EVENT_TYPES, LABELS, LEVELS
from konbit_lessons.words import Words, mark

ALL = "events"


def approach_sentences(data: Data, rows: pd.DataFrame, *, language: str = "en") -> list[str]:
    """The share of invitations taken up on both sides of the change, the difference, and what it is not."""
    words, changed_on = Words.of(language), approach_changed_on(data)
    if changed_on is None:
        return [
            words.text(
                "programme.toml does not say when the approach changed: add started_on, or new_approach_on, to the "
                "section programme."
            )
        ]
    day = words.date(changed_on)
    try:
        table, change = before_and_after(data, rows, changed_on)
    except DataError:
        return [
            words.text("Attendance is on record for too few organizations before or after {day} to compare.", day=day)
        ]
    before, after = (_side(line, words) for line in table.itertuples())
    return [
        words.text("Before {day}, {before} were taken up; from then on, {after}.", day=day, before=before, after=after),
        words.text(
            "That is **{points} of 100**{interval}.",
            points=signed(change.estimate, words),
            interval=interval_of_difference(change.low, change.high, words),
        ),
        words.text(
            "This is not the effect of the new approach: other events were held, with other incentives, and time went "
            "by. The table says what else differed."
        ),
    ]


def approach_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """What else differed: of the events on both sides, how many were of each kind and offered each incentive."""
    words, changed_on = Words.of(language), approach_changed_on(data)
    if changed_on is None:
        return Prose([])
    table = events_offered(data, changed_on, quarter=quarter)
    held = table.set_index("what").loc[ALL]
    if not (held["before"] and held["after"]):
        return Prose(words.text("There are no events on both sides to set beside each other."))
    labels = LEVELS | LABELS | data.programme.labels
    cells = [
        [
            _label(line.what, labels, words),
            *(
                words.text("{k} of {n}", k=words.number(k), n=words.number(n))
                for k, n in ((line.before, held["before"]), (line.after, held["after"]))
            ),
        ]
        for line in table.itertuples()
        if line.what != ALL
    ]
    heads = [mark("Events with it"), mark("Before"), mark("From that day on")]
    caption = words.text(
        "Events before {day} and from that day on, by kind and by what they offered.", day=words.date(changed_on)
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="approach", numbers=_numbers(data, rows, table, changed_on))


def _label(what: str, labels: dict[str, str], words: Words) -> str:
    said = mark("Kind: {what}") if what in EVENT_TYPES else mark("Offered: {what}")
    return words.text(said, what=small(words.text(labels[what])))


def _numbers(data: Data, rows: pd.DataFrame, table: pd.DataFrame, changed_on) -> pd.DataFrame:
    """The events, and below them what share of invitations was taken up, and the difference."""
    try:
        sides, change = before_and_after(data, rows, changed_on)
    except DataError:
        return table
    wide = sides.set_index("period")[["invitations", "share", "low", "high"]].T.rename_axis("what").reset_index()
    difference = {"change": change.estimate, "change_low": change.low, "change_high": change.high}
    after = pd.DataFrame({"what": list(difference), "after": list(difference.values())})
    return pd.concat([table, wide, after], ignore_index=True)


def _side(line, words: Words) -> str:
    return words.text(
        "**{share}** of {invitations}{interval}",
        share=words.percent(line.share),
        invitations=words.plural("{n} invitation", "{n} invitations", int(line.invitations)),
        interval=interval_of_share(line.low, line.high, words),
    )

"""Participation before and after the approach changed, and what else differed. Never called an effect."""

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.actions import approach_changed_on, before_and_after, events_offered
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import interval_of_difference, interval_of_share, small
from konbit_lessons.tables import EVENT_TYPES, LABELS, LEVELS
from konbit_lessons.words import Words, mark


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


def approach_table(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What else differed: of the events on both sides, how many were of each kind and offered each incentive."""
    words, changed_on = Words.of(language), approach_changed_on(data)
    if changed_on is None:
        return Prose([])
    table = events_offered(data, changed_on, quarter=quarter)
    if not (table[["events_before", "events_after"]] > 0).all(axis=None):
        return Prose(words.text("There are no events on both sides to set beside each other."))
    labels = LEVELS | LABELS | data.programme.labels
    cells = [
        [
            _label(line.what, labels, words),
            words.text("{k} of {n}", k=words.number(line.before), n=words.number(line.events_before)),
            words.text("{k} of {n}", k=words.number(line.after), n=words.number(line.events_after)),
        ]
        for line in table.itertuples()
    ]
    heads = [mark("Events with it"), mark("Before"), mark("From that day on")]
    caption = words.text(
        "Events before {day} and from that day on, by kind and by what they offered.", day=words.date(changed_on)
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="approach", numbers=table)


def _label(what: str, labels: dict[str, str], words: Words) -> str:
    said = mark("Kind: {what}") if what in EVENT_TYPES else mark("Offered: {what}")
    return words.text(said, what=small(words.text(labels[what])))


def _side(line, words: Words) -> str:
    return words.text(
        "**{share}** of {invitations}{interval}",
        share=words.percent(line.share),
        invitations=words.plural("{n} invitation", "{n} invitations", int(line.invitations)),
        interval=interval_of_share(line.low, line.high, words),
    )

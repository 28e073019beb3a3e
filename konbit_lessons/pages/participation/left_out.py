"""What the numbers leave out: attendance without an invitation, and attendance that is unknown."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import engagement
from konbit_lessons.sentences.phrases import (
    linked,
)
from konbit_lessons.words import Words, mark

WHY_UNKNOWN = {
    "name": mark("a name on the sign-in sheet may be theirs, and only an evaluator can tell"),
    "no_sheet": mark("the event has no sign-in sheet on which a name could be placed"),
    "not_recorded": mark("the registration does not say, and there are no sign-in sheets"),
}


def count_only_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Attendances without an invitation on record: counted, and in no share."""
    words = Words.of(language)
    if data.sign_in.empty:
        return [
            words.text(
                "There are no sign-in sheets: attendance is what the registration says, and whoever came without an "
                "invitation is not on record."
            )
        ]
    found = engagement.count_only(data, rows, until=quarter)
    if not found["organizations"]:
        return [
            words.text("Every attendance on record belongs to an invitation, so that a share can be given throughout.")
        ]
    if found["organizations"] < data.programme.smallest_cell:
        return [
            words.text(
                "Fewer than {smallest} organizations signed in where no invitation is on record: **count only**; they "
                "are in no share.",
                smallest=words.number(data.programme.smallest_cell),
            )
        ]
    said = []
    if found["events"]:
        said.append(
            words.text(
                "**Count only:** {events}; {attendances} at them, of how many invited nobody knows.",
                events=words.plural(
                    "{n} event has no invitation on record", "{n} events have no invitation on record", found["events"]
                ),
                attendances=words.plural("there is {n} attendance", "there are {n} attendances", found["attendances"]),
            )
        )
    if found["walk_ins"]:
        said.append(
            words.plural(
                "**Count only:** {n} attendance at the other events is of an organization without an invitation.",
                "**Count only:** {n} attendances at the other events are of organizations without an invitation.",
                found["walk_ins"],
            )
        )
    return [*said, words.text("None of these is in the organizations reached, the attendances and the shares above.")]


def count_only_shown(data, rows, quarter):
    """The counts that `count_only_sentences` gives: none where they are about too few organizations."""
    found = engagement.count_only(data, rows, until=quarter)
    few = found.pop("organizations") < data.programme.smallest_cell
    return {} if few or data.sign_in.empty else found


def unknown_sentences(data: Data, rows: pd.DataFrame, *, language: str = "en", link: bool = False) -> list[str]:
    """For how many invitations attendance is unknown, and why."""
    words, table = Words.of(language), engagement.unknown_attendance(data, rows)
    total = int(table["invitations"].sum())
    if not total:
        return [words.text("Attendance is known for every invitation.")]
    of_all = words.percent(total / len(rows))
    unknown = words.plural("{n} of {all} invitations", "{n} of {all} invitations", total, all=words.number(len(rows)))
    said = words.text(
        "Attendance is unknown for **{unknown}** ({share}); these are in no share.",
        unknown=linked(unknown, "attendance-that-is-unknown", link),
        share=of_all,
    )
    return [
        said,
        *(
            words.plural(
                "{n} because {why}.", "{n} because {why}.", line.invitations, why=words.text(WHY_UNKNOWN[line.reason])
            )
            for line in table.itertuples()
        ),
    ]

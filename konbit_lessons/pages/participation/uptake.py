"""Attended, of those invited: by type of organization and by type of event."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures import engagement
from konbit_lessons.measures import shared_counts as together
from konbit_lessons.measures.participation import CLUSTERS
from konbit_lessons.measures.intervals import share_with_interval
from konbit_lessons.pages.participation.known import uptake_by
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences.phrases import capital, count, joined, share_and_interval, small, why_missing
from konbit_lessons.tables import EVENT_TYPES, LABELS, LEVELS
from konbit_lessons.words import Words, mark

EVENT_AND_TYPE = "event_type × org_type"  # how the counts of both together are called
K_OF_N = (("k", "attended"), ("n", "invited"))


def uptake_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by type of organization and by type of event, with intervals."""
    words = Words.of(language)
    by_type = uptake_by(rows, "org_type", data).assign(label=lambda one: one["org_type"].map(LABELS))
    by_event = uptake_by(rows, "event_type", data).assign(label=lambda one: one["event_type"].map(LEVELS))
    known = pd.concat([by_type, by_event.sort_values("share", ascending=False)]).dropna(subset="share")
    if known.empty:
        return Prose(words.text("Attendance is on record for too few organizations to give shares."))
    shown = known.assign(
        label=[capital(words.text(label)) for label in known["label"]], estimate=known["share"], n=known["invitations"]
    )
    events = shown[shown["event_type"].notna()] if "event_type" in shown else shown.iloc[:0]
    heading = words.text("By type of event, no difference can be shown")
    if len(events) > 1 and events["share"].iloc[0] > events["share"].iloc[-1]:
        heading = words.text(
            "{most} drew most of those invited ({high}), {least} least ({low})",
            most=events["label"].iloc[0],
            high=words.percent(events["share"].iloc[0]),
            least=small(events["label"].iloc[-1]),
            low=words.percent(events["share"].iloc[-1]),
        )
    return dots(
        shown[["label", "estimate", "low", "high", "n", "attended", "organizations"]],
        heading=heading,
        subtitle=words.text(
            "Attended of 100 invited up to {quarter}, by type of organization, then by type of event. Dot: share. Bar: "
            "95 % interval. n: invitations whose attendance is known.",
            quarter=quarter,
        ),
        caption=words.text(
            "Source: invitation lists and sign-in sheets. Invitations with unknown attendance are left out. The "
            "interval allows for organizations and for events differing from each other."
        ),
        language=words,
        name="uptake_by_type",
    )


def uptake_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Attended of invited for each type of organization at each type of event."""
    words = Words.of(language)
    known = rows[rows["attended"].notna()]
    kinds = [kind for kind in engagement.shown_types(data) if (known["org_type"] == kind).any()]
    known = known[known["org_type"].isin(kinds)]
    if len(kinds) < 2:
        return Prose(words.text("There are not two types of organization to set beside each other."))
    safe = together.invitations_taken_up(rows, smallest=data.programme.smallest_cell).xs(EVENT_AND_TYPE)
    groups = known.groupby(["event_type", "org_type"])
    cells, numbers = [], []
    for event in (event for event in EVENT_TYPES if (known["event_type"] == event).any()):
        lines = [_line(safe, groups, event, kind) for kind in kinds]
        numbers += [line for line in lines if line]
        cells.append([capital(words.text(LEVELS[event])), *(_cell(line, words) for line in lines)])
    heads = [mark("Event"), *(LABELS[kind] for kind in kinds)]
    caption = joined(
        words.text(
            "Invitations taken up, up to {quarter}, by type of event and of organization: share with its 95 % "
            "interval, and attended of invited, where attendance is known.",
            quarter=quarter,
        ),
        why_missing(sum(pd.isna(line["share"]) for line in numbers), data, words),
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="uptake_two_way", numbers=pd.DataFrame(numbers))


def _line(table, groups, event, kind):
    """The numbers of one type of organization at one type of event; nothing where none was invited."""
    if (at := f"{event}, {kind}") not in table.index:
        return {}
    n, k = table.loc[at, ["invitations", "attended"]]
    found = {"event_type": event, "org_type": kind, "attended": k, "invited": n}
    if pd.isna(k) or pd.isna(n):
        return found | dict.fromkeys(("share", "low", "high"), float("nan"))
    rows = groups.get_group((event, kind))
    share = share_with_interval(rows["attended"], rows[list(CLUSTERS)])
    return found | {"share": share.estimate, "low": share.low, "high": share.high}


def _cell(line, words):
    if not line or pd.isna(line["share"]):
        return "–"
    share = share_and_interval(pd.Series(line), words)
    return words.text("{share}, {k} of {n}", share=share, **{a: count(line[b], words) for a, b in K_OF_N})

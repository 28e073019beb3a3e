"""The numbers behind the sentences of the page, for the CSV beside it: nothing that a sentence does not say."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import engagement
from konbit_lessons.pages.participation.before import taken_up
from konbit_lessons.pages.participation.consulted import both_groups
from konbit_lessons.pages.participation.funnel import step_to_again
from konbit_lessons.pages.participation.known import all_unknown
from konbit_lessons.pages.participation.left_out import count_only_shown
from konbit_lessons.pages.participation.meaningful import defined_and_moved
from konbit_lessons.pages.participation.reached import attendances_of, reached_so_far
from konbit_lessons.parts import behind_sentences


def sentence_numbers(data: Data, rows: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """What the sentences and headings say in numbers: ``what``, ``value``, ``low``, ``high``, ``n``."""
    unknown = engagement.unknown_attendance(data, rows)
    total = int(unknown["invitations"].sum())
    lines = [
        ("attendance unknown", total, None, None, len(rows)),
        ("share of attendance unknown", total / len(rows) if len(rows) else None),
        *((f"attendance unknown: {one.reason}", one.invitations) for one in unknown.itertuples()),
        *(("count only: " + what, n) for what, n in count_only_shown(data, rows, quarter).items()),
    ]
    if all_unknown(rows):
        return behind_sentences(lines)
    reached, again = reached_so_far(data, rows), step_to_again(data, rows, quarter)
    lines += [(f"reached: {kind}", n, None, None, target) for kind, (n, target) in reached.items()]
    total = attendances_of(data, rows, reached) if reached else pd.NA
    lines += [("attendances", total)] if pd.notna(total) else []
    lines += [_share("came again", again, again["before"])]
    now, before, change = taken_up(data, rows, quarter)
    lines += [_share("taken up in the quarter", now, now["invitations"])]
    lines += [("taken up in the quarter before", before["share"])] if change is not None else []
    gaps = {"change since the quarter before": change, "consulted less not consulted": both_groups(data, rows)[1]}
    lines += [(what, gap.estimate, gap.low, gap.high) for what, gap in gaps.items() if gap is not None]
    if found := defined_and_moved(data, rows, quarter):
        defined, moved = found
        lines += [
            ("meaningful", defined["organizations"], None, None, defined["n"]),
            _share("share of meaningful", defined, defined["n"]),
            ("share of meaningful, other cut-offs", None, moved.min(), moved.max()),
        ]
    return behind_sentences([line for line in lines if any(pd.notna(number) for number in line[1:])])


def _share(what, line, n):
    """A share and n, or nothing at all where the share is not shown."""
    return (what, line["share"], line["low"], line["high"], n) if pd.notna(line["share"]) else (what, None)

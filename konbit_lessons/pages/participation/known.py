"""What several sections ask: is attendance known at all, which share was taken up, may a difference be none."""

from dataclasses import replace

import pandas as pd

from konbit_lessons.measures.participation import CLUSTERS, uptake
from konbit_lessons.measures.intervals import difference_of_groups
from konbit_lessons.words import mark

ALL_UNKNOWN = mark("Attendance is on record for no invitation, so that nobody can tell who came.")


def all_unknown(rows):
    """Whether it is known of no invitation at all if anybody came."""
    return not rows["attended"].notna().any()


def uptake_by(rows, by, data):
    """Invitations taken up in each group, none of too few organizations."""
    return uptake(rows, by=by, smallest_cell=data.programme.smallest_cell)


def may_be_none(interval):
    """Whether the interval of a difference holds zero, or is not there."""
    return pd.isna(interval.low) or round(interval.low, 6) <= 0 <= round(interval.high, 6)


def difference(rows, by, first, second):
    """How much more often invitations of the second group were taken up than those of the first, with its interval."""
    gap = difference_of_groups(rows, "attended", by=by, first=first, second=second, cluster=CLUSTERS)
    if gap.std_error > 1e-9:
        return gap
    return replace(gap, low=float("nan"), high=float("nan"))  # all alike within each group: that is no certainty


def ends(line, words):
    """The ends of an interval of a share, as they are to be read."""
    return {"low": words.points(line["low"]), "high": words.points(line["high"])}

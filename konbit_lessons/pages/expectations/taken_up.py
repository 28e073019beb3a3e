"""Invitations taken up by two groups of organizations: does one come more often, and how sure is that?"""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import expectations
from konbit_lessons.measures.participation import CLUSTERS, uptake
from konbit_lessons.measures.intervals import difference_of_groups
from konbit_lessons.pages.expectations.strength import matters_of


def difference_taken_up(data: Data, rows: pd.DataFrame, by: str) -> pd.Series | None:
    """How much more often the group of `by` took up invitations than the others; None where both are not shown.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
    by : name of a column of yes and no; a row without either belongs to no group

    Returns
    -------
    Series or None
        A row of :func:`konbit_lessons.measures.expectations.compared`.
    """
    shown = uptake(rows, by=by, smallest_cell=data.programme.smallest_cell)["share"]
    if shown.notna().sum() < 2:
        return None
    known = rows[rows["attended"].notna()]
    gap = difference_of_groups(known, "attended", by=by, first=False, second=True, cluster=CLUSTERS)
    return expectations.compared({by: gap}, matters=matters_of(data)).iloc[0]

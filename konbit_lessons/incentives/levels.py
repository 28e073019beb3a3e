"""Incentives of several kinds, and incentives within groups: the columns that stand for them.

Takes columns of the rows; returns columns of 0 and 1 (or of an amount, within a group). Called by ``design``.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError

BAR = " \u2016 "  # "‖", which no name of a group has
MOST_LEVELS = 12  # more kinds than this are names rather than kinds, and each would be compared with the first


@dataclass(frozen=True)
class Level:
    """One level of a factor: compared with the level ``against``; ``others`` are the terms of the further levels."""

    factor: str
    level: str
    against: str
    others: tuple


def levels_of(column, reference=None):
    """One column of 0 and 1 per level but the one compared with: the first, or ``reference``. R's ``contr.treatment``.

    The first is the first category of a categorical column, else the first by the alphabet.

    Examples
    --------
    >>> columns, levels = levels_of(pd.Series(["none", "coaching", "none", "grant"], name="support"), "none")
    >>> {term: values.tolist() for term, values in columns.items()}
    {'support[coaching]': [0.0, 1.0, 0.0, 0.0], 'support[grant]': [0.0, 0.0, 0.0, 1.0]}
    >>> levels["support[grant]"].against, levels["support[grant]"].others
    ('none', ('support[coaching]',))
    """
    name, text, names = column.name, column.astype("str"), _names(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        raise ModelError(f'an incentive "{name}": found a date; expected yes/no (true/false), a number, or kinds.')
    if len(names) > MOST_LEVELS:
        raise ModelError(
            f'an incentive "{name}": found {len(names)} different values, such as {names[0]!r}; expected yes/no '
            f"(true/false), a number, or at most {MOST_LEVELS} kinds. Group the kinds."
        )
    if reference is not None and str(reference) not in names:
        raise ModelError(f'reference of "{name}": found {reference!r}; expected one of {", ".join(names)}.')
    against = names[0] if reference is None else str(reference)
    terms = {f"{name}[{level}]": level for level in names if level != against} or {f"{name}[{against}]": against}
    columns = {term: (text == level).to_numpy(float) for term, level in terms.items()}
    levels = {t: Level(name, level, against, tuple(o for o in terms if o != t)) for t, level in terms.items()}
    return columns, levels


def spread(values, levels, by):
    """Each incentive as one column per group, 0 outside of it; and term → the rows of its group.

    The coefficients are then the incentive's within each group: those of incentive × group in other coordinates.
    """
    groups = _names(by)
    if not 2 <= len(groups) <= MOST_LEVELS:
        raise ModelError(f'by="{by.name}": found {len(groups)} groups; expected 2 to {MOST_LEVELS}.')
    text = by.astype("str").to_numpy()
    inside = {group: text == group for group in groups}
    columns = {within(t, g): np.where(inside[g], v, 0.0) for t, v in values.items() for g in groups}
    rows = {within(term, group): inside[group] for term in values for group in groups}
    apart = {
        within(term, group): replace(level, others=tuple(within(other, group) for other in level.others))
        for term, level in levels.items()
        for group in groups
    }
    return columns, apart, rows


def within(term, group):
    """The name of a term within a group; ``term_and_group`` takes it apart."""
    return f"{term}{BAR}{group}"


def term_and_group(name):
    """The term and the group of ``within``.

    >>> term_and_group(within("a | b", "cdsp"))
    ('a | b', 'cdsp')
    """
    term, _, group = name.rpartition(BAR)
    return term, group


def _names(column):
    """The levels that occur, in the order of the categories or of the alphabet."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(level) for level in column.cat.categories if (column == level).any()]
    return sorted(column.astype("str").unique())

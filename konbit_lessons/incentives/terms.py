"""What is asked about: each incentive, or each kind of it, in all rows or within a group; and why one cannot be fitted.

Takes the rows as a formula sees them; returns the ``Term`` of each. Called by ``design``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from konbit_lessons.incentives.contrasts import contrast_of
from konbit_lessons.incentives.independence import label
from konbit_lessons.incentives.matrices import matrix_of


@dataclass(frozen=True)
class Term:
    """One thing that is asked about: an incentive, or one kind of it, in all rows or within a group.

    column : of the frame. x : array (n,), 0 and 1 or an amount. rows : array (n,), those that its effect is the average
    of. level, against, others : of a kind, what it is compared with, and the keys of the further kinds.
    """

    column: str
    x: np.ndarray
    rows: np.ndarray
    group: str = ""
    level: str = ""
    against: str = ""
    others: tuple = ()

    @property
    def is_offered(self):
        """Whether it is 0/1 (offered or not) rather than an amount."""
        return bool(np.isin(self.x, (0.0, 1.0)).all())

    @property
    def levels(self):
        """The kind and the one it is compared with; None for an incentive without kinds."""
        return (self.level, self.against) if self.level else None

    @property
    def usual_change(self):
        """1 for offered or not; for an amount two standard deviations, which compare with it (Gelman 2008): an effect
        per single unit of money is always small."""
        return 1.0 if self.is_offered else 2 * float(self.x[self.rows].std()) or 1.0


def terms_of(frame, incentives, by=None):
    """Name → ``Term`` of each incentive, "support[coaching]" for a kind but the first; with ``by``, (name, group) →."""
    groups = {"": np.ones(len(frame), bool)}
    if by:
        groups = {level: (frame[by] == level).to_numpy() for level in frame[by].cat.categories}
    found = {}
    for name in incentives:
        for group, rows in groups.items():
            found |= _of_incentive(frame[name], rows, group)
    return found


def _of_incentive(column, rows, group):
    name = column.name
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return {(name, group) if group else name: Term(name, column.to_numpy(float), rows, group)}
    against, *levels = column.cat.categories
    keys = {level: f"{name}[{level}]" for level in levels or [against]}
    keys = {level: (key, group) if group else key for level, key in keys.items()}
    found = {}
    for level, key in keys.items():
        others = tuple(other for other in keys.values() if other != key)
        found[key] = Term(name, (column == level).to_numpy(float), rows, group, level, against, others)
    return found


def unfit_terms(terms, frame, full, names, spec, relations):
    """Term → (reason, explanation): it is constant, or takes part in an exact linear relation of the columns."""
    unfit = {}
    for key, term in terms.items():
        name, here = key if isinstance(key, str) else key[0], term.x[term.rows]
        if np.ptp(here) == 0:
            unfit[key] = ("constant", f"{name} is {here[0]:g} in every row, so there is nothing to compare.")
        elif relations and (others := _told_by(term, frame, full, names, spec, relations)) is not None:
            told = f"{name} cannot be told apart from {' and '.join(others)}: they always go together."
            unfit[key] = ("collinear", told if others else f"an interaction of {name} asks for what no row has.")
    return unfit


def _told_by(term, frame, full, names, spec, relations):
    """What an effect cannot be told apart from, as it moves where the design says nothing; None if it does not."""
    found = contrast_of(lambda one: matrix_of(spec, one), frame, full, names, term.column, term.levels)
    moved = found.step if found.step.ndim == 1 else found.step[term.rows]
    told = [involved for direction, involved in relations if np.abs(moved @ direction).max() > 1e-9]
    own = {label(names[j]) for j in found.columns}
    return sorted({one for involved in told for one in involved} - own) if told else None

"""Look first: for each incentive, in how many rows and groups it was offered, and how many of those took part.

Takes a ``Design``; returns one ``Count`` per incentive, before anything is fitted.
"""

from dataclasses import asdict, dataclass

import numpy as np

ENOUGH = (10, 5)  # groups with, and groups without: of the first cluster column, of a further one
RAREST = (10, 5)  # rows, and groups of the first cluster column, in which the rarer answer to the outcome is seen


@dataclass(frozen=True)
class Count:
    """Where an incentive was offered, and where the rows are that it is compared with; of counts, k and n are theirs.

    ``few`` says in words what there is too little of, or is empty.
    """

    varies_by: str
    kind: str
    n_offered: int
    k_offered: int | float
    n_not_offered: int
    k_not_offered: int | float
    groups_offered: int
    few: str

    def columns(self):
        return {name: value for name, value in asdict(self).items() if name != "few"}


def count(design, name):
    """Count one incentive of a ``Design``."""
    among = design.among(name)
    values, (offered, without) = design.given[name][among], (side[among] for side in design.compared(name))
    m = np.ones(len(design.y)) if design.trials is None else design.trials
    yes, m = (m * design.y)[among], m[among]
    whole = int if np.allclose(m * design.y[among], np.round(yes), rtol=0, atol=1e-9) else float
    clusters = {column: codes[among] for column, codes in design.clusters.items()}
    varies_by = _varies_by(clusters, values)
    first = next(iter(clusters))
    codes = clusters[first if varies_by == "row" else varies_by]
    kind = "offered" if design.is_offered(name) else "amount"
    return Count(
        varies_by=varies_by,
        kind=kind,
        n_offered=int(m[offered].sum()),
        k_offered=whole(round(yes[offered].sum(), 9)),
        n_not_offered=int(m[without].sum()),
        k_not_offered=whole(round(yes[without].sum(), 9)),
        groups_offered=_groups(codes, offered),
        few=_few(codes, values, (offered, without), kind, first if varies_by == "row" else varies_by, first),
    )


def rare_outcome(design, name):
    """What there is too little of when the outcome hardly varies among the rows of a term, or an empty text."""
    among, first = design.among(name), next(iter(design.clusters.values()))
    m = np.ones(len(design.y)) if design.trials is None else design.trials
    found = []
    for answer, share in (("yes", design.y), ("no", 1 - design.y)):
        rows, groups = (m * share)[among].sum(), _groups(first[among], share[among] > 0)
        if rows < RAREST[0] or groups < RAREST[1]:
            found.append(f"{rows:g} times {answer}, in {groups} {next(iter(design.clusters))}")
    return " and ".join(found)


def _varies_by(clusters, values):
    """The cluster column within which the incentive never changes (the one with fewer groups if both), or "row"."""
    constant = []
    for column, codes in clusters.items():
        order = np.argsort(codes, kind="stable")
        same_group = np.diff(codes[order]) == 0
        if not np.any(same_group & (np.diff(values[order]) != 0)):
            constant.append((int(codes.max()), column))
    return min(constant)[1] if constant else "row"


def _few(codes, values, compared, kind, group, first):
    """Groups in which the value differs from the most common one; for 0/1, groups with either value as well."""
    enough = ENOUGH[group != first]
    if kind == "offered":
        sides = dict(zip(("with it", "without it"), compared, strict=True))
    else:
        levels, counts = np.unique(values, return_counts=True)
        sides = {"with another amount than the usual": values != levels[counts.argmax()]}
    short = {side: found for side, rows in sides.items() if (found := _groups(codes, rows)) < enough}
    if not short:
        return ""
    return " and ".join(f"{found} {group} {side}" for side, found in short.items()) + f"; at least {enough} are needed"


def _groups(codes, rows):
    return len(np.unique(codes[rows]))

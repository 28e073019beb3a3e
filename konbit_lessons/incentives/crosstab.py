"""Look first: for each incentive, in how many rows and groups it was offered, and how many of those took part.

Takes a ``Design``; returns one ``Count`` per incentive, before anything is fitted.
"""

from dataclasses import asdict, dataclass

import numpy as np

from konbit_lessons.incentives.clusterings import varies_by

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


def count(design, key):
    """Count one incentive of a ``Design``."""
    among = design.among(key)
    values, (offered, without) = design.terms[key].x[among], (side[among] for side in design.compared(key))
    yes, m = (design.m * design.y)[among], design.m[among]
    whole = int if np.allclose(yes, np.round(yes), rtol=0, atol=1e-9) else float
    clusters = {column: codes[among] for column, codes in design.clusters.items()}
    of, first = varies_by(clusters, values), next(iter(clusters))
    group = first if of == "row" else of
    kind = "offered" if design.is_offered(key) else "amount"
    return Count(
        varies_by=of,
        kind=kind,
        n_offered=int(m[offered].sum()),
        k_offered=whole(round(yes[offered].sum(), 9)),
        n_not_offered=int(m[without].sum()),
        k_not_offered=whole(round(yes[without].sum(), 9)),
        groups_offered=_groups(clusters[group], offered),
        few=_few(clusters[group], values, (offered, without), kind, group, first),
    )


def rare_outcome(design, key):
    """What there is too little of when the outcome hardly varies among the rows of a term, or an empty text."""
    among, first = design.among(key), next(iter(design.clusters.values()))
    found = []
    for answer, share in (("yes", design.y), ("no", 1 - design.y)):
        rows, groups = (design.m * share)[among].sum(), _groups(first[among], share[among] > 0)
        if rows < RAREST[0] or groups < RAREST[1]:
            found.append(f"{rows:g} times {answer}, in {groups} {next(iter(design.clusters))}")
    return " and ".join(found)


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

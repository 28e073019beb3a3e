"""Look first: for each incentive, in how many rows and groups it was offered, and how many of those took part.

Takes a ``Design``; returns the counts of one incentive, before anything is fitted.
"""

import numpy as np

from konbit_lessons.incentives.clusters import varies_by

ENOUGH = (10, 5)  # groups with, and groups without: of the first cluster column, of a further one
RAREST = (10, 5)  # rows, and groups of the first cluster column, in which the rarer answer to the outcome is seen


def count(design, key):
    """Where an incentive was offered, and where the rows are that it is compared with; of counts, k and n are theirs.

    Returns
    -------
    dict : varies_by, kind, n_offered, k_offered, n_not_offered, k_not_offered, groups_offered
    few : in words what there is too little of, or empty
    """
    term, (offered, without) = design.terms[key], design.compared(key)
    came = design.m * design.y
    whole = int if np.allclose(came, np.round(came), rtol=0, atol=1e-9) else float
    clusters = {column: codes[term.rows] for column, codes in design.clusters.items()}
    of, first = varies_by(clusters, term.x[term.rows]), next(iter(clusters))
    group = first if of == "row" else of
    counts = {
        "varies_by": of,
        "kind": "offered" if term.is_offered else "amount",
        "n_offered": int(design.m[offered].sum()),
        "k_offered": whole(round(came[offered].sum(), 9)),
        "n_not_offered": int(design.m[without].sum()),
        "k_not_offered": whole(round(came[without].sum(), 9)),
        "groups_offered": _groups(design.clusters[group], offered),
    }
    return counts, _few(design.clusters[group], term, (offered, without), group, ENOUGH[group != first])


def rare_outcome(design, key):
    """What there is too little of when the outcome hardly varies among the rows of a term, or an empty text."""
    among, (column, first), found = design.terms[key].rows, next(iter(design.clusters.items())), []
    for answer, share in (("yes", design.y), ("no", 1 - design.y)):
        rows, groups = (design.m * share)[among].sum(), _groups(first, among & (share > 0))
        if rows < RAREST[0] or groups < RAREST[1]:
            found.append(f"{rows:g} times {answer}, in {groups} {column}")
    return " and ".join(found)


def _few(codes, term, compared, group, enough):
    """Groups in which the value differs from the most common one; for 0/1, groups with either value as well."""
    sides = dict(zip(("with it", "without it"), compared, strict=True))
    if not term.is_offered:
        levels, counts = np.unique(term.x[term.rows], return_counts=True)
        sides = {"with another amount than the usual": term.rows & (term.x != levels[counts.argmax()])}
    short = {side: found for side, rows in sides.items() if (found := _groups(codes, rows)) < enough}
    told = " and ".join(f"{found} {group} {side}" for side, found in short.items())
    return f"{told}; at least {enough} are needed" if short else ""


def _groups(codes, rows):
    return len(np.unique(codes[rows]))

"""The effects within groups, and by how much they differ: an interaction that was asked for.

Takes a result and the ``Answers`` of a design made with ``by``; returns the result with its ``groups``.
"""

from dataclasses import replace

import pandas as pd

from konbit_lessons.incentives.levels import term_and_group, within
from konbit_lessons.incentives.result import COLUMNS, decided, table_of

COUNTS = ["n_offered", "k_offered", "n_not_offered", "k_not_offered", "groups_offered"]


def with_groups(result, answers, *, by, terms):
    """The result with ``groups``: one row per incentive and group, then its difference in each further group.

    Columns as in ``table``, and ``group``: the group, or "difference: second − first" (groups by the alphabet). The
    effect within a group is the average over that group's rows. A difference is a contrast as any other: CR2 and
    Satterthwaite on the difference of the two gradients; its counts are those of both groups. p-values are adjusted
    over the effects within groups, and over the differences, each on their own.
    """
    groups = list(dict.fromkeys(term_and_group(name)[1] for name in answers.design.within))
    names = [within(term, group) for term in terms for group in groups]
    effects = table_of(answers, names, labels={}, smallest_effect=result.smallest_effect)
    labels = dict(zip(result.table["term"], result.table["label"], strict=True))
    own, inside = zip(*(term_and_group(name) for name in names), strict=True)
    effects = effects.assign(term=own, label=[labels[term] for term in own], group=inside)
    differences = [
        _difference(answers, effects, term, (first, second))
        for term in terms
        for first, second in [(groups[0], group) for group in groups[1:]]
    ]
    parts = [decided(frame, result.confidence, result.exploratory) for frame in (effects, pd.DataFrame(differences))]
    table = pd.concat(parts, ignore_index=True)
    shared = {column: result.table[column].iloc[0] for column in ("clusters", "method")}
    table = table.assign(n=len(answers.design.y), **shared)
    notes = [note for note in answers.design.notes if note not in result.notes]
    return replace(result, groups=table[[*COLUMNS, "group"]], by=by, notes=(*result.notes, *notes))


def _difference(answers, effects, term, groups):
    rows = [effects[(effects["term"] == term) & (effects["group"] == group)].iloc[0] for group in groups]
    first, second = rows
    told = answers.difference(*(within(term, group) for group in reversed(groups)))
    return {
        **second[["term", "label", "varies_by", "kind", "against"]],
        **{column: first[column] + second[column] for column in COUNTS},
        "penalized_low": float("nan"),
        "penalized_high": float("nan"),
        "permutation_p": float("nan"),
        **told,
        "matters": min(first["matters"], second["matters"]),
        "group": f"difference: {groups[1]} − {groups[0]}",
    }

"""The effects within groups, and by how much they differ: an interaction that was asked for.

Takes a result and the ``Answers`` of a design made with ``by``; returns the result with its ``groups``.
"""

from dataclasses import replace

import pandas as pd

from konbit_lessons.incentives.answers import SPARSE
from konbit_lessons.incentives.result import COLUMNS, decided, table_of

COUNTS = ["n_offered", "k_offered", "n_not_offered", "k_not_offered", "groups_offered"]


def with_groups(result, answers, *, by):
    """The result with ``groups``: one row per incentive and group, then its difference in each further group.

    Columns as in ``table``, and ``group``: the group, or "difference: second − first" (groups by the alphabet). The
    effect within a group is the average over that group's rows. A difference is a contrast as any other: CR2 and
    Satterthwaite on the difference of the two gradients; its counts are those of both groups. p-values are adjusted
    over the effects within groups, and over the differences, each on their own.
    """
    keys = sorted(answers.design.terms, key=lambda key: list(result.table["term"]).index(key[0]))
    first, *others = dict.fromkeys(group for _, group in keys)
    effects = table_of(answers, keys, labels=result.labels, smallest_effect=result.smallest_effect)
    told = effects.set_index(["term", "group"]).to_dict("index")
    terms = dict.fromkeys(term for term, _ in keys)
    differences = [_difference(answers, told, term, (first, group)) for term in terms for group in others]
    parts = [decided(frame, result.confidence, result.exploratory) for frame in (effects, pd.DataFrame(differences))]
    shared = {column: result.table[column].iloc[0] for column in ("clusters", "method")}
    table = pd.concat(parts, ignore_index=True).assign(n=len(answers.design.y), **shared)
    notes = [note for note in answers.design.notes if note not in result.notes]
    return replace(result, groups=table[[*COLUMNS, "group"]], by=by, notes=(*result.notes, *notes), apart=answers)


def _difference(answers, told, term, groups):
    first, second = (told[(term, group)] for group in groups)
    return {
        **{name: second[name] for name in ("label", "varies_by", "kind", "against")},
        **{name: first[name] + second[name] for name in COUNTS},
        **SPARSE,
        **answers.difference(*((term, group) for group in reversed(groups))),
        "term": term,
        "matters": min(first["matters"], second["matters"]),
        "group": f"difference: {groups[1]} − {groups[0]}",
    }

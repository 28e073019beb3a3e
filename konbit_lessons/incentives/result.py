"""The table of the answers: one row per incentive, with p-values adjusted over them, and the strength of each.

Takes the ``Answers``; returns frames, plain numbers that know neither pictures nor languages. For ``estimates``.
"""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from konbit_lessons.incentives.answers import UNKNOWN

LIKELY = 2  # times the error rate of "clear" is that of "likely": 10 % of findings, at a confidence of 95 %
COUNTS = ["n_offered", "k_offered", "n_not_offered", "k_not_offered", "groups_offered"]
COLUMNS = ["term", "label", "estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted"]
COLUMNS += ["n", "clusters", "method", "varies_by", "kind", *COUNTS]
COLUMNS += ["penalized_low", "penalized_high", "permutation_p", "strength", "reason"]
COLUMNS += ["detectable", "e_value", "e_value_limit", "against"]


def table_of(answers, keys, options):
    """The answers about these terms as a frame; ``matters`` is the effect, in its own unit, that would matter."""
    lines = []
    for key in keys:
        term = answers.design.terms[key]
        line = {"term": term.name, "group": term.group, **answers.about(key)}
        line |= {"label": label_of(term.column, term.level, options["labels"]), "against": term.against}
        lines.append(line | {"matters": options["smallest_effect"] / term.usual_change})
    return pd.DataFrame(lines)


def decided(table, confidence, exploratory):
    """The frame with p-values adjusted over its rows, and the strength of each answer.

    Clear: the interval leaves out zero, and Holm's p (Benjamini and Hochberg's where exploratory) is below 1 −
    `confidence`. Likely: it does, and Benjamini and Hochberg's p is below :data:`LIKELY` times that. Where none of the
    effects is there, at most 5 % of tables say clear about anything, and at most 10 % clear or likely.
    """
    found_among = adjusted_p(table["p_value"], "fdr_bh")
    adjusted = found_among if exploratory else adjusted_p(table["p_value"], "holm")
    told = (table[column].to_list() for column in ("reason", "conf_low", "conf_high", "matters"))
    sure = adjusted < 1 - confidence, found_among < LIKELY * (1 - confidence)
    strength = [_strength(*row) for row in zip(*told, *sure, strict=True)]
    return table.assign(p_adjusted=adjusted, strength=strength)


def adjusted_p(p_values, method):
    """Adjusted p-values, "holm" or "fdr_bh" (Benjamini & Hochberg 1995); NaN are left out and stay NaN.

    In R: ``p.adjust(p, "holm")`` and ``"BH"``.

    Examples
    --------
    Three tests. Holm: 3 × 0.01, 2 × 0.04, the last not below the one before it. Else 0.06 · 3/3; 0.04 · 3/2; 0.01 · 3.

    >>> [adjusted_p([0.04, 0.01, np.nan, 0.06], method).round(6).tolist() for method in ("holm", "fdr_bh")]
    [[0.08, 0.03, nan, 0.08], [0.06, 0.03, nan, 0.06]]
    """
    adjusted = np.array(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(adjusted))
    p = adjusted[known]
    if method == "fdr_bh" and len(p):
        adjusted[known] = false_discovery_control(p)
    elif len(p):  # statsmodels' multipletests gives the same, after a full garbage collection: 90 ms at each call
        order = np.argsort(p, kind="stable")
        steps = np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order])
        adjusted[known[order]] = np.minimum(steps, 1.0)
    return adjusted


def label_of(column, level, labels):
    """The words for a term: as given for its column, with the kind behind it."""
    if not level:
        return labels.get(column, column)
    spaced = column.replace("_", " ")
    return f"{labels.get(column, spaced[:1].upper() + spaced[1:])}: {level}"


def groups_of(answers, terms, options):
    """The effects within groups: one row per incentive and group, then its difference in each further group.

    Columns as in ``Estimates.table``, and ``group``: the group, or "difference: second − first" (groups by the
    alphabet). The effect within a group is the average over that group's rows. A difference is a contrast as any other:
    CR2 and Satterthwaite on the difference of the two gradients; its counts are those of both groups. p-values are
    adjusted over the effects within groups, and over the differences, each on their own.
    """
    keys = sorted(answers.design.terms, key=lambda key: terms.index(key[0]))
    first, *others = dict.fromkeys(group for _, group in keys)
    effects = table_of(answers, keys, options)
    told = effects.set_index(["term", "group"]).to_dict("index")
    terms = dict.fromkeys(term for term, _ in keys)
    differences = [_difference(answers, told, term, first, group) for term in terms for group in others]
    parts = [decided(frame, **rule_of(options)) for frame in (effects, pd.DataFrame(differences))]
    return pd.concat(parts, ignore_index=True)


def _difference(answers, told, term, first, second):
    one, other = told[term, first], told[term, second]
    reason = other["reason"] or one["reason"]
    numbers = {"reason": reason} if reason else answers.difference((term, second), (term, first))
    counts = {name: one[name] + other[name] for name in COUNTS}
    about = {"term": term, "group": f"difference: {second} − {first}", "matters": min(one["matters"], other["matters"])}
    return other | counts | UNKNOWN | numbers | about


def rule_of(options):
    """What the strength of an answer depends on, as arguments of :func:`decided`."""
    return {name: options[name] for name in ("confidence", "exploratory")}


def _strength(reason, low, high, matters, is_clear, is_likely):
    if reason:
        return "cannot tell"
    if (low > 0 or high < 0) and (is_clear or is_likely):
        return "clear" if is_clear else "likely"
    return "no sign of" if -matters <= low and high <= matters else "uncertain"

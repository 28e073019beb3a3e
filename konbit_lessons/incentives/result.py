"""A question answered: a table with one row per incentive, and what was said on the way.

Takes the answers; returns ``Answered``, plain numbers that know neither pictures nor languages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from konbit_lessons.incentives.fit import METHODS
from konbit_lessons.incentives.independence import label
from konbit_lessons.incentives.notes import Note
from konbit_lessons.words import mark

EXPLORATORY = mark(
    "This outcome is exploratory: p-values are adjusted by Benjamini and Hochberg, which bounds the share of false "
    "findings among those found, and not by Holm."
)
COLUMNS = ["term", "label", "estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted"]
COLUMNS += ["n", "clusters", "method", "varies_by", "kind"]
COLUMNS += ["n_offered", "k_offered", "n_not_offered", "k_not_offered", "groups_offered"]
COLUMNS += ["penalized_low", "penalized_high", "permutation_p", "strength", "reason"]
COLUMNS += ["detectable", "e_value", "e_value_limit", "against"]
SHORT = ["label", "estimate", "conf_low", "conf_high", "p_adjusted", "strength", "reason"]


@dataclass(frozen=True)
class Answered:
    """A question answered, in numbers: what :class:`~konbit_lessons.incentives.estimates.Estimates` holds."""

    table: pd.DataFrame
    joint: Mapping | None
    n: int
    clusters: Mapping
    left_out: pd.DataFrame
    outcome: str
    rate: float
    coefficients: pd.Series
    not_estimable: pd.DataFrame
    notes: tuple
    smallest_effect: float
    confidence: float
    method: str
    permutations: int
    labels: Mapping
    formula: str = ""
    factors: Mapping = field(default_factory=dict)
    groups: pd.DataFrame | None = None
    by: str | None = None
    exploratory: bool = False
    asked: tuple | None = field(default=None, repr=False, compare=False)
    answers: object = field(default=None, repr=False, compare=False)
    apart: object = field(default=None, repr=False, compare=False)
    smallest: int = 1

    def _repr_html_(self):
        table = self.table[SHORT].round(3).to_html(index=False, border=0, na_rep="", escape=True)
        return f"{table}<p>{self.n} rows; {self.method}.</p>"


def report(answers, *, labels, smallest_effect, exploratory=False, covariance="CR2", method):
    """Put the ``Answers`` about all terms of a design together."""
    design = answers.design
    groups = {column: int(codes.max()) + 1 for column, codes in design.clusters.items()}
    said = f"{METHODS[method]}, {covariance} by {' and '.join(groups)}, Satterthwaite"
    table = table_of(answers, list(design.terms), labels=labels, smallest_effect=smallest_effect)
    table = decided(table, answers.confidence, exploratory)
    table = table.assign(n=len(design.y), clusters=", ".join(f"{g} {c}" for c, g in groups.items()), method=said)
    unknown = table[table["reason"] != ""]
    return Answered(
        table=table[COLUMNS],
        joint=answers.joint_test([name for name in design.terms if name not in set(unknown["term"])]),
        n=len(design.y),
        clusters=groups,
        left_out=design.left_out,
        outcome=design.outcome,
        rate=float(design.m @ design.y / design.m.sum()),
        coefficients=pd.Series(answers.fit.coefficients, index=list(design.names), name="coefficient"),
        not_estimable=unknown[["term", "label", "reason", "explanation"]].reset_index(drop=True),
        notes=(*design.notes, *_separated_note(answers, method), *((Note(EXPLORATORY),) if exploratory else ())),
        smallest_effect=smallest_effect,
        confidence=answers.confidence,
        method=said,
        permutations=answers.permutations,
        labels=dict(labels),
        formula=str(design.formula),
        factors=_factors(answers),
        exploratory=exploratory,
        answers=answers,
    )


def table_of(answers, keys, *, labels, smallest_effect):
    """The answers about these terms as a frame; ``matters`` is the effect, in its own unit, that would matter."""
    terms = answers.design.terms
    told = [
        {
            "term": key if isinstance(key, str) else key[0],
            "group": terms[key].group,
            "label": label_of(terms[key], labels),
            **answers.about(key),
            "against": terms[key].against,
            "matters": smallest_effect / terms[key].usual_change,
        }
        for key in keys
    ]
    return pd.DataFrame(told)


def decided(table, confidence, exploratory):
    """The frame with p-values adjusted over its rows, and the strength of each answer."""
    adjusted = adjusted_p(table["p_value"], "fdr_bh" if exploratory else "holm")
    told = (table[column].to_list() for column in ("reason", "conf_low", "conf_high", "matters"))
    strength = [_strength(*row, confidence) for row in zip(*told, adjusted, strict=True)]
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


def label_of(term, labels):
    """The words for a term: as given for its column, with the kind behind it."""
    if not term.level:
        return labels.get(term.column, term.column)
    spaced = term.column.replace("_", " ")
    return f"{labels.get(term.column, spaced[:1].upper() + spaced[1:])}: {term.level}"


def _factors(answers):
    """The joint test of the kinds of each incentive that are in the model."""
    kinds = {}
    for key, term in answers.design.terms.items():
        if term.level and key not in answers.design.unfit:
            kinds.setdefault(term.column, []).append(key)
    return {column: answers.joint_test(keys) for column, keys in kinds.items()}


def _separated_note(answers, method):
    design, separated = answers.design, answers.separated
    told = [key for key in design.terms if key not in design.unfit]
    asked = {j for key in told for j in design.contrast(key).columns}
    if answers.fit.method != method:  # the maximum does not exist, for any of the terms: Firth's penalty for all
        asked = set()
        message = mark("{names}: tells without exception who took part; all coefficients are held finite by a penalty.")
    else:
        message = mark("{names}: tells without exception who took part; its coefficient is held finite by the penalty.")
    names = [label(design.names[j]) for j in separated if j not in asked and design.names[j] != "Intercept"]
    return (Note(message, names=", ".join(names)),) if names and not answers.fit.is_linear else ()


def _strength(reason, low, high, matters, p_adjusted, confidence):
    if reason:
        return "cannot tell"
    if low > 0 or high < 0:
        return "clear" if p_adjusted < 1 - confidence else "likely"
    return "no sign of" if -matters <= low and high <= matters else "uncertain"

"""What ``predict_participation`` returns: a table with one row per incentive, and what was said on the way.

Takes the answers; returns ``Estimates``, from which the figures and the sentences are made. Nothing is refitted here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from konbit_lessons.incentives.design import INTERCEPT
from konbit_lessons.incentives.fit import METHODS
from konbit_lessons.incentives.notes import Note
from konbit_lessons.words import mark

EXPLORATORY = mark(
    "This outcome is exploratory: p-values are adjusted by Benjamini and Hochberg, which bounds the share of false "
    "findings among those found, and not by Holm."
)
COLUMNS = [
    "term",
    "label",
    "estimate",
    "std_error",
    "df",
    "conf_low",
    "conf_high",
    "p_value",
    "p_adjusted",
    "n",
    "clusters",
    "method",
    "varies_by",
    "kind",
    "n_offered",
    "k_offered",
    "n_not_offered",
    "k_not_offered",
    "groups_offered",
    "penalized_low",
    "penalized_high",
    "permutation_p",
    "strength",
    "reason",
    "detectable",
    "e_value",
    "e_value_limit",
    "against",
]


@dataclass(frozen=True)
class Estimates:
    """Which incentives predict participation.

    ``table``: one row per incentive in the order asked; ``estimate`` is the average marginal effect as a proportion:
    0.12 is 12 percentage points (per unit for an amount). Where the data cannot tell, ``reason`` says why, std_error,
    interval and p are NaN, and the penalized interval (it ignores clustering) and a permutation p stand beside.
    ``joint``: the test that none of the estimable incentives predicts anything (F, df_num, df_denom, p_value, terms)
    or None. ``left_out``: rows dropped for a missing value, by column. ``not_estimable``: term, label, reason,
    explanation.
    ``coefficients``: of every design column, in log-odds (linear: as proportions).
    ``rate``: share of the n rows that took part. ``clusters``: cluster column → number of clusters.
    ``labels``: column → the words for it, as given.
    ``factors``: incentive of several kinds → the test that none of its kinds differs (as ``joint``); in ``table``,
    ``against`` is the kind that a row is compared with. ``groups``, of ``by``: the effects within each group, with the
    column ``group``, and rows "difference: second − first"; else None. ``exploratory``: p-values are adjusted by
    Benjamini and Hochberg. ``detectable``, ``e_value``, ``e_value_limit``: see ``detectable`` and ``evalue``.
    ``asked``: the rows and the question, for ``robustness`` and ``imputed``. ``smallest``: no figure is about fewer
    organizations, see ``shown``.
    """

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
    factors: Mapping = field(default_factory=dict)
    groups: pd.DataFrame | None = None
    by: str | None = None
    exploratory: bool = False
    asked: tuple | None = field(default=None, repr=False, compare=False)
    smallest: int = 1

    def shown(self, smallest):
        """This result as a report may show it: nothing about fewer than ``smallest`` organizations."""
        from konbit_lessons.incentives.shown import shown  # it looks at the design of this result again

        return shown(self, smallest)

    @cached_property
    def robustness(self):
        """The specification curve of this result, a ``Robustness``; computed when it is first looked at."""
        from konbit_lessons.incentives.robustness import robustness  # it calls the recipe that makes this result
        from konbit_lessons.incentives.shown import shown_curve

        rows, question = self.asked
        curve = robustness(rows, self, imputed=self.imputed, **question)
        return replace(curve, table=shown_curve(curve.table, self.table))

    @cached_property
    def imputed(self):
        """The estimates with missing answers of organizations imputed, an ``Imputed``, or None.

        None where no row was left out, or where rows are not grouped by ``organization_id``: a group's answer does not
        stand for its rows there.
        """
        from konbit_lessons.incentives.imputation import imputed
        from konbit_lessons.incentives.shown import NOT_SHOWN, shown_missing

        rows, question = self.asked
        if not len(self.left_out) or question["cluster"][0] != "organization_id":
            return None
        found = imputed(rows, **question, labels=self.labels, confidence=self.confidence)
        hidden = found.table["term"].isin(self.table.loc[self.table["reason"] == NOT_SHOWN, "term"])
        return replace(found, table=found.table[~hidden], missing=shown_missing(found.missing, self.smallest))

    @cached_property
    def prediction(self):
        """How well the model tells groups it has not seen, a ``Prediction``; None where it gives no probability."""
        from konbit_lessons.incentives.prediction import METHODS as WITH_PROBABILITY
        from konbit_lessons.incentives.prediction import prediction

        rows, question = self.asked
        if question["method"] not in WITH_PROBABILITY or min(self.clusters.values()) < 10 or question["reference"]:
            return None
        return prediction(rows, **{name: question[name] for name in ("outcome", "incentives", "adjust_for", "cluster")})

    def figure(self, language="en", units=None):
        """The dot plot of the table, a ``konbit_lessons.figures.Figure``."""
        from konbit_lessons.figures import incentive_figure  # figures come later in the flow

        return incentive_figure(self, language, units)

    def sentences(self, language="en", units=None):
        """One sentence per incentive, a list of str."""
        from konbit_lessons.sentences import sentences

        return sentences(self, language, units)


def report(answers, *, labels, smallest_effect, exploratory=False, covariance="CR2", method):
    """Put the ``Answers`` about all terms of a design together as ``Estimates``."""
    design = answers.design
    groups = {column: int(codes.max()) + 1 for column, codes in design.clusters.items()}
    said = f"{METHODS[method]}, {covariance} by {' and '.join(groups)}, Satterthwaite"
    table = table_of(answers, list(design.given), labels=labels, smallest_effect=smallest_effect)
    table = decided(table, answers.confidence, exploratory)
    table = table.assign(n=len(design.y), clusters=", ".join(f"{g} {c}" for c, g in groups.items()), method=said)
    unknown = table[table["reason"] != ""]
    m = np.ones(len(design.y)) if design.trials is None else design.trials
    return Estimates(
        table=table[COLUMNS],
        joint=_joint(answers, [name for name in design.given if name not in set(unknown["term"])]),
        n=len(design.y),
        clusters=groups,
        left_out=design.left_out,
        outcome=design.outcome,
        rate=float(m @ design.y / m.sum()),
        coefficients=pd.Series(answers.fit.coefficients, index=list(design.names), name="coefficient"),
        not_estimable=unknown[["term", "label", "reason", "explanation"]].reset_index(drop=True),
        notes=(*design.notes, *_separated_note(answers, method), *((Note(EXPLORATORY),) if exploratory else ())),
        smallest_effect=smallest_effect,
        confidence=answers.confidence,
        method=said,
        permutations=answers.permutations,
        labels=dict(labels),
        factors=_factors(answers),
        exploratory=exploratory,
    )


def table_of(answers, names, *, labels, smallest_effect):
    """The answers about these terms as a frame; ``matters`` is the effect, in its own unit, that would matter."""
    told = [
        {
            "term": name,
            "label": _label(answers.design, name, labels),
            **answers.about(name),
            "against": answers.design.levels[name].against if name in answers.design.levels else "",
            "matters": smallest_effect / answers.usual_change(name),
        }
        for name in names
    ]
    return pd.DataFrame(told)


def decided(table, confidence, exploratory):
    """The frame with p-values adjusted over its rows, and the strength of each answer."""
    p = table["p_value"].to_numpy(float)
    adjusted = benjamini_hochberg(p) if exploratory else holm(p)
    told = (table[column].to_list() for column in ("reason", "conf_low", "conf_high", "matters"))
    strength = [_strength(*row, confidence) for row in zip(*told, adjusted, strict=True)]
    return table.assign(p_adjusted=adjusted, strength=strength)


def _label(design, name, labels):
    if name not in design.levels:
        return labels.get(name, name)
    level = design.levels[name]
    spaced = level.factor.replace("_", " ")
    return f"{labels.get(level.factor, spaced[:1].upper() + spaced[1:])}: {level.level}"


def _factors(answers):
    """The joint test of each factor's levels that are in the model."""
    terms = {}
    for name, level in answers.design.levels.items():
        if name not in answers.design.unfit:
            terms.setdefault(level.factor, []).append(name)
    return {factor: _joint(answers, of_factor) for factor, of_factor in terms.items()}


def _joint(answers, terms):
    test = answers.joint_test(terms)
    return test and {**asdict(test), "terms": tuple(terms)}


def _separated_note(answers, method):
    names = [name for name in answers.separated if name not in (*answers.design.given, INTERCEPT)]
    if answers.fit.is_linear or not answers.separated:
        return ()
    if answers.fit.method != method:  # the maximum does not exist, for any of the terms: Firth's penalty for all
        message = mark("{names}: tells without exception who took part; all coefficients are held finite by a penalty.")
        return (Note(message, names=", ".join(name for name in answers.separated if name != INTERCEPT)),)
    message = mark("{names}: tells without exception who took part; its coefficient is held finite by the penalty.")
    return (Note(message, names=", ".join(names)),) if names else ()


def holm(p_values):
    """Holm's adjusted p-values; NaN are left out and stay NaN. In R: ``p.adjust(p, "holm")``.

    Examples
    --------
    Three tests: 3 × 0.01, 2 × 0.04, and the last not below the one before it.

    >>> holm(np.array([0.04, 0.01, np.nan, 0.06])).round(6).tolist()
    [0.08, 0.03, nan, 0.08]
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p_values[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def benjamini_hochberg(p_values):
    """Adjusted p-values that bound the share of false findings; NaN stay NaN. In R: ``p.adjust(p, "BH")``.

    The k-th smallest of m becomes the least of p·m/k from it onwards. Benjamini & Hochberg (1995), Journal of the Royal
    Statistical Society B 57, 289-300.

    Examples
    --------
    Three tests: 0.06 · 3/3; 0.04 · 3/2; 0.01 · 3/1.

    >>> benjamini_hochberg(np.array([0.04, 0.01, np.nan, 0.06])).round(6).tolist()
    [0.06, 0.03, nan, 0.06]
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(-p_values[known], kind="stable")]
    m = len(order)
    adjusted[order] = np.minimum(np.minimum.accumulate(p_values[order] * m / np.arange(m, 0, -1)), 1.0)
    return adjusted


def _strength(reason, low, high, matters, p_adjusted, confidence):
    if reason:
        return "cannot tell"
    if low > 0 or high < 0:
        return "clear" if p_adjusted < 1 - confidence else "likely"
    return "no sign of" if -matters <= low and high <= matters else "uncertain"

"""What ``predict_participation`` returns: a table with one row per incentive, and what was said on the way.

Takes the answers; returns ``Estimates``, from which the figures and the sentences are made. Nothing is refitted here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from konbit_lessons.incentives.fit import METHODS
from konbit_lessons.incentives.notes import Note
from konbit_lessons.words import mark

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

    def figure(self, language="en", units=None):
        """The dot plot of the table, a ``konbit_lessons.figures.Figure``."""
        from konbit_lessons.figures import incentive_figure  # figures come later in the flow

        return incentive_figure(self, language, units)

    def sentences(self, language="en", units=None):
        """One sentence per incentive, a list of str."""
        from konbit_lessons.sentences import sentences

        return sentences(self, language, units)


def report(answers, incentives, *, labels, smallest_effect):
    """Put the ``Answers`` about these incentives together as ``Estimates``."""
    design, fit = answers.design, answers.fit
    told = [{"term": name, "label": labels.get(name, name), **answers.about(name)} for name in incentives]
    table = pd.DataFrame(told)
    table["p_adjusted"] = holm(table["p_value"].to_numpy(float))
    matters = [smallest_effect / _usual_change(design, name) for name in incentives]
    table["strength"] = [
        _strength(row, small, answers.confidence) for row, small in zip(table.itertuples(), matters, strict=True)
    ]
    groups = {column: int(codes.max()) + 1 for column, codes in design.clusters.items()}
    method = f"{METHODS[fit.method]}, CR2 by {' and '.join(groups)}, Satterthwaite"
    table = table.assign(n=len(design.y), clusters=", ".join(f"{g} {c}" for c, g in groups.items()), method=method)
    unknown = table[table["reason"] != ""]
    return Estimates(
        table=table[COLUMNS],
        joint=_joint(answers, [name for name in incentives if name not in set(unknown["term"])]),
        n=len(design.y),
        clusters=groups,
        left_out=design.left_out,
        outcome=design.outcome,
        rate=float(design.y.mean()),
        coefficients=pd.Series(fit.coefficients, index=list(design.names), name="coefficient"),
        not_estimable=unknown[["term", "label", "reason", "explanation"]].reset_index(drop=True),
        notes=(*design.notes, *_separated_note(answers, incentives)),
        smallest_effect=smallest_effect,
        confidence=answers.confidence,
        method=method,
        permutations=answers.permutations,
        labels=dict(labels),
    )


def _joint(answers, terms):
    test = answers.joint_test(terms)
    return test and {**asdict(test), "terms": tuple(terms)}


def _separated_note(answers, incentives):
    names = [name for name in answers.separated if name not in incentives]
    if not names or answers.fit.is_linear:
        return ()
    message = mark("{names}: tells without exception who took part; its coefficient is held finite by the penalty.")
    return (Note(message, names=", ".join(names)),)


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


def _usual_change(design, name):
    """1 for offered or not; for an amount two standard deviations, which compare with it (Gelman 2008): an effect per
    single gourde is always small."""
    return 1.0 if design.is_offered(name) else 2 * float(design.given[name].std()) or 1.0


def _strength(row, smallest_effect, confidence):
    if row.reason:
        return "cannot tell"
    if row.conf_low > 0 or row.conf_high < 0:
        return "clear" if row.p_adjusted < 1 - confidence else "likely"
    return "no sign of" if -smallest_effect <= row.conf_low and row.conf_high <= smallest_effect else "uncertain"

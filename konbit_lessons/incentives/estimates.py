"""What ``estimate`` returns: a question answered, and all that may be asked of the answer.

Takes the rows and a checked question; returns ``Estimates``: from the design over the fit to the answers about each
incentive, and those by group. What takes time is worked out when it is first looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import imputation, prediction, robustness, sandwich, shown
from konbit_lessons.incentives.answers import Answers
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import METHODS, fit_model, separated_columns, separated_in
from konbit_lessons.incentives.formula import Note, label
from konbit_lessons.incentives.result import COLUMNS, decided, groups_of, rule_of, table_of
from konbit_lessons.words import mark

EXPLORATORY = mark(
    "This outcome is exploratory: p-values are adjusted by Benjamini and Hochberg, which bounds the share of false "
    "findings among those found, and not by Holm."
)
SHORT = ["label", "estimate", "conf_low", "conf_high", "p_adjusted", "strength", "reason"]


@dataclass(frozen=True)
class Estimates:
    """Which incentives predict participation.

    ``table``: one row per incentive in the order asked; ``estimate`` is the average marginal effect as a proportion:
    0.12 is 12 percentage points (per unit for an amount). Where the data cannot tell, ``reason`` says why, std_error,
    interval and p are NaN, and the penalized interval (it ignores clustering) and a permutation p stand beside.
    ``fit``: the fitted model as statsmodels has it, with these standard errors; ``covariates``: the effects of the
    other columns of the formula, with their intervals.
    ``joint``: the test that none of the estimable incentives predicts anything (F, df_num, df_denom, p_value, terms),
    or None where there is none, or there are too many for the clusters to carry such a test. ``left_out``: rows dropped
    for a missing value, by column. ``not_estimable``: term, label, reason, explanation.
    ``coefficients``: of every design column, in log-odds (linear: as proportions).
    ``rate``: share of the n rows that took part. ``clusters``: cluster column → number of clusters.
    ``labels``: column → the words for it, as given.
    ``factors``: incentive of several kinds → the test that none of its kinds differs (as ``joint``); in ``table``,
    ``against`` is the kind that a row is compared with. ``groups``, of ``by``: the effects within each group, with the
    column ``group``, and rows "difference: second − first"; else None. ``exploratory``: p-values are adjusted by
    Benjamini and Hochberg. ``detectable``, ``e_value``, ``e_value_limit``: see ``answers``.
    ``asked``: the rows, the question and the options, for ``again``. ``smallest``: no figure is about fewer
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
    labels: Mapping
    formula: str
    factors: Mapping
    groups: pd.DataFrame | None
    by: str | None
    exploratory: bool
    asked: tuple = field(repr=False, compare=False)
    answers: Answers = field(repr=False, compare=False)
    apart: Answers | None = field(repr=False, compare=False)
    smallest: int = 1

    def _repr_html_(self):
        table = self.table[SHORT].round(3).to_html(index=False, border=0, na_rep="", escape=True)
        return f"{table}<p>{self.n} rows; {self.method}.</p>"

    def again(self, rows, **options):
        """The same question asked of other rows."""
        _, question, given = self.asked
        return answered(rows, question, given | options)

    @cached_property
    def fit(self):
        """The fitted model as statsmodels has it, with the standard errors and degrees of freedom of this result.

        ``fit.summary()``, ``fit.params``, ``fit.conf_int()``, ``fit.predict(rows)`` and so on. With two cluster columns
        a standard error is that of ``clusters.Clusterings.basis``, and the covariances are scaled to it.
        """
        if self.smallest > 1:
            raise ModelError(
                "fit: found a result that may be shared; the fit tells of every incentive. Ask the result before it."
            )
        return sandwich.fit_of(self.answers)

    @cached_property
    def covariates(self):
        """The effects of the formula's other columns on the outcome, each with its interval.

        One row per column: term, label, estimate (per unit of a number; of a kind against the first), std_error, df,
        conf_low, conf_high. They are adjusted for, not asked about: none has a p-value.
        """
        found = sandwich.covariates_of(self.answers, self.labels)
        return found if self.smallest <= 1 else shown.shown_covariates(found, self.answers.design, self.smallest)

    shown = shown.shown

    @cached_property
    def robustness(self):
        """The specification curve of this result, a ``Robustness``; computed when it is first looked at."""
        curve = robustness.robustness(self, imputed=self.imputed)
        return replace(curve, table=shown.shown_curve(curve.table, self.table))

    @cached_property
    def imputed(self):
        """The estimates with missing answers of organizations imputed, an ``Imputed``, or None.

        None where no row was left out, or where rows are not grouped by ``organization_id``: a group's answer does not
        stand for its rows there.
        """
        if not len(self.left_out) or self.answers.design.first != "organization_id":
            return None
        found = imputation.imputed(self)
        hidden = found.table["term"].isin(self.table.loc[self.table["reason"] == shown.NOT_SHOWN, "term"])
        return replace(found, table=found.table[~hidden], missing=shown.shown_missing(found.missing, self.smallest))

    @cached_property
    def prediction(self):
        """How well the model tells groups it has not seen, a ``Prediction``; None where it gives no probability."""
        few = min(self.clusters.values()) < 10 or self.asked[1]["method"] not in prediction.METHODS
        return None if few else prediction.prediction(self)


# One thread of linear algebra: the last digits do not depend on the machine, and at this size more threads only wait.
@threadpool_limits.wrap(limits=1, user_api="blas")
def answered(rows, question, options):
    """The answer to a question.

    Parameters
    ----------
    rows : DataFrame
    question : dict, arguments of ``build_design`` but ``by``
    options : dict, the further ones of ``estimate``

    Returns
    -------
    Estimates
    """
    answers = _answers(build_design(rows, **question), question["method"], options)
    design, by = answers.design, options["by"]
    apart = by and _answers(build_design(rows, by=by, **question), question["method"], options)
    groups = {column: int(codes.max()) + 1 for column, codes in design.clusters.items()}
    said = f"{METHODS[question['method']]}, {options['covariance']} by {' and '.join(groups)}, Satterthwaite"
    shared = {"n": len(design.y), "clusters": ", ".join(f"{g} {c}" for c, g in groups.items()), "method": said}
    table = decided(table_of(answers, list(design.terms), options), **rule_of(options)).assign(**shared)
    unknown = table[table["reason"] != ""]
    within = by and groups_of(apart, list(table["term"]), options).assign(**shared)[[*COLUMNS, "group"]]
    names = ("smallest_effect", "confidence", "labels", "by", "exploratory")
    return Estimates(
        table=table[COLUMNS],
        joint=answers.joint_test([name for name in design.terms if name not in set(unknown["term"])]),
        n=len(design.y),
        clusters=groups,
        left_out=design.left_out,
        outcome=design.formula.asks,
        rate=float(design.trials @ design.y / design.trials.sum()),
        coefficients=pd.Series(answers.fit.coefficients, index=list(design.names), name="coefficient"),
        not_estimable=unknown[["term", "label", "reason", "explanation"]].reset_index(drop=True),
        notes=_notes(answers, apart, question["method"], options["exploratory"]),
        method=said,
        formula=str(design.formula),
        factors=_factors(answers),
        groups=within,
        asked=(rows, question, options),
        answers=answers,
        apart=apart,
        **{name: options[name] for name in names},
    )


def _answers(design, method, options):
    """The answers; an incentive that alone tells who took part is answered on its own, and the others without it."""
    alone = [key for key, term in design.terms.items() if _splits(term.x, design.y)]
    if not alone or len(alone) == len(design.terms) or method == "logit":
        return _fitted(design, method, options)
    whole = _fitted(design, method, options)
    rest = _fitted(design.without(alone), method, options)
    return replace(rest, aside={key: whole for key in alone})


def _splits(x, y):
    """Whether all rows with 1 lie beyond all rows with 0."""
    no, yes = x[y == 0], x[y == 1]
    return len(no) + len(yes) == len(y) and (no.max() < yes.min() or yes.max() < no.min())


def _fitted(design, method, options):
    separated = separated_columns(design.X, design.y)
    if separated and method == "logit":
        raise ModelError(
            f"separated: {', '.join(separated_in(design))} tell without exception who took part, so the "
            'maximum-likelihood logit has no estimate. Use method="firth".'
        )
    penalized = separated and method in ("fractional", "binomial")
    fit = fit_model(design.X, design.y, "firth" if penalized else method, design.trials)
    return Answers(design, fit, clusterings(fit, design.clusters, options["covariance"]), separated, options)


def _factors(answers):
    """The joint test of the kinds of each incentive that are in the model."""
    kinds = {key: term.column for key, term in answers.design.fitted.items() if term.level}
    by = dict.fromkeys(kinds.values())
    return {one: answers.joint_test([key for key, column in kinds.items() if column == one]) for one in by}


def _notes(answers, apart, method, exploratory):
    notes = [*answers.design.notes, *_separated_note(answers, method), *([Note(EXPLORATORY)] if exploratory else [])]
    return tuple(dict.fromkeys([*notes, *(apart.design.notes if apart else ())]))


def _separated_note(answers, method):
    design, separated = answers.design, answers.separated
    asked = {j for key in design.fitted for j in design.contrast(key).columns}
    if answers.fit.method != method:  # the maximum does not exist, for any of the terms: Firth's penalty for all
        asked = set()
        message = mark("{names}: tells without exception who took part; all coefficients are held finite by a penalty.")
    else:
        message = mark("{names}: tells without exception who took part; its coefficient is held finite by the penalty.")
    names = [label(design.names[j]) for j in separated if j not in asked and design.names[j] != "Intercept"]
    return (Note(message, names=", ".join(names)),) if names and not answers.fit.is_linear else ()

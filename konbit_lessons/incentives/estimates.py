"""The recipe, from rows and a formula to ``Estimates``: a question answered, and all that may be asked of the answer.

From the design over the fit to the answers about each incentive, and those by group. Each step is a module of this
folder; what takes time is worked out when it is first looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives import balance, cost, imputation, prediction, result, robustness, sandwich, treated
from konbit_lessons.incentives.answers import Answers
from konbit_lessons.incentives.attrition import attrition_of
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.design import CLUSTER, build_design, names_of
from konbit_lessons.incentives.fit import MEASURED, METHODS, check_options, fit_model, separated_columns, separated_in
from konbit_lessons.incentives.formula import Note, by_names, label
from konbit_lessons.kept import kept
from konbit_lessons.words import mark

EXPLORATORY = mark(
    "This outcome is exploratory: p-values are adjusted by Benjamini and Hochberg, which bounds the share of false "
    "findings among those found, and not by Holm."
)
WEIGHTED = mark("Rows count by their weight, {name}; where rows are counted, each counts once.")
# Of linear algebra: the last digits do not depend on the machine, and at this size more threads only wait.
ONE_THREAD = threadpool_limits.wrap(limits=1, user_api="blas")
QUESTION = ("formula", "incentives", "cluster", "method", "trials", "weights", "reference")  # what the design rests on
SHORT = ["label", "estimate", "conf_low", "conf_high", "p_adjusted", "strength", "reason"]


def estimate(
    formula, rows, *, incentives, cluster=CLUSTER, method="firth", covariance="CR2", trials=None, weights=None,
    reference=None, by=None, drawn_within=None, exploratory=False, labels=None, steps=None, smallest_effect=0.10,
    confidence=0.95, permutations=1999, seed=1,
):  # fmt: skip
    r"""Estimate by how much each incentive goes with the outcome, and how sure that is, from a formula.

    The effect of a yes/no incentive :math:`j` is the average marginal effect over the :math:`n` rows,

    .. math:: \frac{1}{n} \sum_i \bigl[ p(x_i, x_{ij} = 1; \hat\beta) - p(x_i, x_{ij} = 0; \hat\beta) \bigr],

    (of an amount: the mean derivative), where the incentive is changed before the formula is applied, so that its
    interactions and transformations change with it, and :math:`\hat\beta` maximizes the logit likelihood with Firth's
    penalty :math:`\tfrac12 \log |X'WX|`. Its standard error is CR2 on the score :math:`y - p` for each cluster column;
    for two, :math:`V = V_1 + V_2 - V_{12}`, never below that of the column which the incentive varies by. Degrees of
    freedom are Satterthwaite's, the smaller of the two; p-values are adjusted by Holm over the estimable incentives. An
    incentive that the rows cannot tell about (constant, collinear, separated, in too few groups, worth fewer than 5
    degrees of freedom, or with an interval that leaves out zero by Satterthwaite's but not by those of Imbens and
    Kolesár 2016) keeps its row, with the reason and what can be said without a standard error.

    Parameters
    ----------
    formula : text as of statsmodels: "attended ~ refund * org_type + np.log1p(hours) + C(quarter)". The outcome is a
        yes/no column; a share from 0 to 1 ("fractional", "linear"), or a count ("binomial")
    rows : DataFrame, one row per invitation
    incentives : names of the columns of the formula that are asked about: yes/no, numbers, or text with a few kinds
        (one row per kind but the first, with the term "support_type[coaching]" and the joint test of the kinds in
        ``factors``); those that the formula leaves out are left out
    cluster : one or two names of columns within which rows move together
    method : "firth", "logit" (maximum likelihood), "linear" (least squares, also of a number such as earnings),
        "poisson" (counts, or any number from 0 on), "fractional" (a share as outcome: Papke and Wooldridge 1996) or
        "binomial" (so many of ``trials``). Effects are in the outcome's own unit
    covariance : "CR2", "CR0", "CR1", "CR1S" or "CR3", see ``clusters.ClusterRobust``
    trials : name of the column with how many were invited, of whom the outcome counts those that took part
    weights : name of a column with how much each row counts, relative to the others: in the likelihood, Firth's penalty
        and every average. They are analytic, as R's ``glm(…, weights = w)``: CR2 and the degrees of freedom take a
        row's variance as p(1 − p) / w. Of sampling weights (how many each row stands for) estimates and standard errors
        hold too, since neither rests on that. k of n, and permutations, count rows
    reference : mapping of an incentive of several kinds to the kind that the others are compared with
    by : name of a column of few groups; ``groups`` then has the effects within each and their differences, from a model
        in which every incentive has its own effect in each group
    drawn_within : names of columns, none or more, within whose levels the incentives were drawn by lot; None: they were
        not. Then shuffles are by that lot, also beside an estimate, and Lin's adjustment is one of the other ways
    exploratory : p-values are adjusted by Benjamini and Hochberg, and called so, instead of Holm
    labels : mapping of a column to the words for it
    steps : mapping of an amount to the difference in it that is told of; else two standard deviations, rounded
    smallest_effect : proportion; a smaller effect would change nothing. None: nothing is said of what matters
    confidence : of the intervals
    permutations : number of shuffles, only for incentives that are not estimable; 0 for none
    seed : of the shuffles

    Returns
    -------
    Estimates

    Raises
    ------
    ModelError
        When the call or the rows do not allow an analysis; for ``method="logit"`` also when a term is separated (of a
        share or counts, all are then penalized, and a note says so).

    References
    ----------
    Heinze and Schemper (2002), Statistics in Medicine 21, 2409-2419. Pustejovsky and Tipton (2018), Journal of Business
    & Economic Statistics 36, 672-683. MacKinnon, Nielsen and Webb (2024), arXiv 2406.08880. With one cluster column the
    numbers are those of R's ``brglm2`` (``method = "brglmFit", type = "AS_mean"``) and ``clubSandwich``
    (``vcovCR(…, type = "CR2")``, ``coef_test(…, test = "Satterthwaite")``, ``Wald_test(…, test = "HTZ")``).
    """
    given = {name: value for name, value in locals().items() if name != "rows"}
    check_options(given)
    given |= {name: names_of(given[name]) for name in ("incentives", "cluster")}
    given |= {name: given[name] or {} for name in ("labels", "steps")}
    return answered(rows, {name: given.pop(name) for name in QUESTION}, given)


def predict_participation(rows, *, outcome="attended", incentives, adjust_for=(), **options):
    """:func:`estimate` of the columns named: the outcome on the incentives and adjusters, each as it is.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
    outcome : name of the column that says what took place
    incentives : names of the columns that are asked about
    adjust_for : names of further columns; text becomes one column per level but the first
    **options : further ones of :func:`estimate`

    Returns
    -------
    Estimates

    Examples
    --------
    Ten of twenty organizations had a refund; eight of them came, and two of the others.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"organization_id": range(20), "attended": [1] * 8 + [0] * 2 + [1] * 2 + [0] * 8})
    >>> found = predict_participation(rows.assign(refund=rows.index < 10), incentives="refund",
    ...                               cluster="organization_id", method="linear")
    >>> round(float(found.table["estimate"][0]), 9)
    0.6
    """
    incentives = names_of(incentives)
    return estimate(by_names(outcome, incentives, names_of(adjust_for)), rows, incentives=incentives, **options)


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
    n: int
    clusters: Mapping
    left_out: pd.DataFrame
    outcome: str
    rate: float
    coefficients: pd.Series
    not_estimable: pd.DataFrame
    notes: tuple
    smallest_effect: float | None
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

    @property
    def kept_as(self):
        """What tells it from every other; see :func:`konbit_lessons.kept.kept`."""
        return *self.asked, self.smallest, self.table

    def _repr_html_(self):
        table = self.table[SHORT].round(3).to_html(index=False, border=0, na_rep="", escape=True)
        return f"{table}<p>{self.n} rows; {self.method}.</p>"

    def again(self, rows, asked=None, **options):
        """The same question asked of other rows; ``asked`` changes what the design rests on."""
        _, question, given = self.asked
        return answered(rows, question | (asked or {}), given | options)

    @cached_property
    @ONE_THREAD
    def fit(self):
        """The fitted model as statsmodels has it, with the standard errors and degrees of freedom of this result.

        ``fit.summary()``, ``fit.params``, ``fit.conf_int()``, ``fit.predict(rows)`` and so on. With two cluster columns
        a standard error is that of ``clusters.Clusterings.basis``, and the covariances are scaled to it.
        """
        if self.smallest > 1:
            raise ModelError(message("no_fit_shared"))
        return sandwich.fit_of(self.answers)

    @cached_property
    @kept
    @ONE_THREAD
    def joint(self):
        """The test that none of the estimable incentives predicts anything; computed when it is first looked at."""
        told = [name for name in self.answers.design.terms if name not in set(self.not_estimable["term"])]
        return self.answers.joint_test(told)

    @cached_property
    @kept
    @ONE_THREAD
    def covariates(self):
        """The effects of the formula's other columns on the outcome, each with its interval.

        One row per column: term, label, estimate (per unit of a number; of a kind against the first), std_error, df,
        conf_low, conf_high. They are adjusted for, not asked about: none has a p-value.
        """
        found = sandwich.covariates_of(self.answers, self.labels)
        return found if self.smallest <= 1 else result.shown_covariates(found, self.answers.design, self.smallest)

    @cached_property
    def balance(self):
        """How alike rows with and without each incentive were in what is adjusted for: see ``balance.balance_of``."""
        return balance.balance_of(self.answers.design, self.smallest)

    @cached_property
    @kept
    @ONE_THREAD
    def attrition(self):
        """Whose outcome is missing, and the bounds of Lee (2009): see ``attrition.attrition_of``."""
        return attrition_of(self)

    @cached_property
    def pairs(self):
        """The kinds of an incentive against each other, two by two: see ``result.pairs_of``."""
        return result.pairs_of(self.answers, self.table, self.asked[2])

    shown = result.shown
    treated = ONE_THREAD(treated.treated_of)
    of_outcomes = result.of_outcomes
    costs = cost.costs

    @cached_property
    @kept
    def robustness(self):
        """The specification curve of this result, a ``Robustness``; computed when it is first looked at."""
        curve = robustness.robustness(self, imputed=self.imputed)
        return replace(curve, table=result.shown_curve(curve.table, self.table))

    @cached_property
    @kept
    @ONE_THREAD
    def imputed(self):
        """The estimates with missing answers of organizations imputed, an ``Imputed``, or None.

        None where no row was left out, or where rows are not grouped by ``organization_id``: a group's answer does not
        stand for its rows there.
        """
        if not len(self.left_out) or self.answers.design.first != "organization_id":
            return None
        found = imputation.imputed(self)
        hidden = found.table["term"].isin(self.table.loc[self.table["reason"] == result.NOT_SHOWN, "term"])
        return replace(found, table=found.table[~hidden], missing=result.shown_missing(found.missing, self.smallest))

    @cached_property
    @kept
    @ONE_THREAD
    def prediction(self):
        """How well the model tells groups it has not seen, a ``Prediction``; None where it gives no probability."""
        asked = self.asked[1]
        few = min(self.clusters.values()) < 10 or asked["method"] not in prediction.METHODS or asked["weights"]
        return None if few else prediction.prediction(self)


@kept
@ONE_THREAD
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
    if apart := [name for name in options["drawn_within"] or () if name not in design.frame]:
        raise ModelError(f'drawn_within: "{apart[0]}" is not in the formula; what it was drawn within is adjusted for.')
    apart = by and _answers(build_design(rows, by=by, **question), question["method"], options)
    groups = {column: int(codes.max()) + 1 for column, codes in design.clusters.items()}
    named = MEASURED if design.is_measured and answers.fit.is_linear else METHODS[question["method"]]
    said = f"{named}, {options['covariance']} by {' and '.join(groups)}, Satterthwaite"
    shared = {"n": len(design.y), "clusters": ", ".join(f"{g} {c}" for c, g in groups.items()), "method": said}
    table = result.table_of(answers, list(design.terms), options).assign(**shared)
    kinds = {key: term.column for key, term in design.fitted.items() if term.level}
    within = by and result.groups_of(apart, list(table["term"]), options).assign(**shared)[[*result.COLUMNS, "group"]]
    about = {name: options[name] for name in ("smallest_effect", "confidence", "labels", "by", "exploratory")}
    about |= {"outcome": design.formula.asks, "formula": str(design.formula), "method": said, "n": len(design.y)}
    about |= {"left_out": design.left_out, "clusters": groups, "asked": (rows, question, options)}
    return Estimates(
        table=table[result.COLUMNS],
        rate=float(design.mass @ design.y / design.mass.sum()),
        coefficients=pd.Series(answers.fit.coefficients, index=list(design.names), name="coefficient"),
        not_estimable=table[table["reason"] != ""][["term", "label", "reason", "explanation"]].reset_index(drop=True),
        notes=_notes(answers, apart, question, options["exploratory"]),
        factors={one: answers.joint_test([key for key in kinds if kinds[key] == one]) for one in kinds.values()},
        **about | {"groups": within, "answers": answers, "apart": apart},
    )


def _answers(design, method, options):
    """The answers; an incentive that alone tells who took part is answered on its own, and the others without it."""
    alone = [key for key, term in design.terms.items() if _splits(term.x, design.y)]
    whole = _fitted(design, method, options)
    if not alone or len(alone) == len(design.terms) or method == "logit":
        return whole
    return replace(_fitted(design.without(alone), method, options), aside=dict.fromkeys(alone, whole))


def _splits(x, y):
    """Whether all rows with 1 lie beyond all rows with 0."""
    no, yes = x[y == 0], x[y == 1]
    return len(no) + len(yes) == len(y) and (no.max() < yes.min() or yes.max() < no.min())


def _fitted(design, method, options):
    never = design.is_measured or design.absorbed or method == "poisson"
    separated = () if never else separated_columns(design.X, design.y)
    if separated and method == "logit":
        raise ModelError(message("separated", names=", ".join(separated_in(design))))
    penalized = separated and method in ("fractional", "binomial")
    fit = fit_model(design.X, design.y, "firth" if penalized else method, design.mass, design.strata)
    return Answers(design, fit, clusterings(fit, design.clusters, options["covariance"]), separated, options)


def _notes(answers, apart, question, exploratory):
    design, fit, asked = answers.design, answers.fit, set()
    if fit.method != question["method"]:  # the maximum does not exist, for any of the terms: Firth's penalty for all
        message = mark("{names}: tells without exception who took part; all coefficients are held finite by a penalty.")
    else:
        message = mark("{names}: tells without exception who took part; its coefficient is held finite by the penalty.")
        asked = {j for key in design.fitted for j in design.contrast(key).columns}
    names = [label(design.names[j]) for j in answers.separated if j not in asked and design.names[j] != "Intercept"]
    notes = [*design.notes, *([Note(message, names=", ".join(names))] if names and not fit.is_linear else [])]
    notes += [Note(WEIGHTED, name=question["weights"])] if question["weights"] else []
    notes += [Note(EXPLORATORY)] if exploratory else []
    return tuple(dict.fromkeys([*notes, *(apart.design.notes if apart else ())]))

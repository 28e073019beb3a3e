"""The specification curve: the same question asked with other models, outcomes and adjustments, beside the main answer.

Takes the rows, the `Estimates` and the question; returns a ``Robustness``. After ``result`` in the flow. It describes:
there are no p-values here, and nothing is chosen by what it gives.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as t_distribution
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.answers import FEWEST_DF
from konbit_lessons.incentives.bootstrap import wild_bootstrap
from konbit_lessons.incentives.clusterings import clusterings
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.effects import marginal_effect
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.gee import gee_logit
from konbit_lessons.incentives.mixed import mixed_logit
from konbit_lessons.incentives.permutation import shuffled_scores
from konbit_lessons.incentives.separation import separated_terms
from konbit_lessons.words import mark

COLUMNS = ["term", "specification", "model", "outcome", "adjusted", "grouped", "interval", "own_estimate"]
COLUMNS += ["estimate", "conf_low", "conf_high", "n", "reason"]
DESIGN = ("outcome", "incentives", "adjust_for", "cluster", "method", "trials", "reference")
QUARTER, SENIOR, DELEGATES = "fiscal_quarter", "senior_delegate", "delegates"
MOST_FIXED = 250  # fixed effects: 250 take seconds, 1,000 minutes
LABELS = {
    "main": mark("As in the report"),
    "logit": mark("Logit without penalty"),
    "linear": mark("Linear model"),
    "bootstrap": mark("– interval by bootstrap"),
    "permutation": mark("– interval by reshuffling"),
    "gee": mark("GEE: alike within groups"),
    "mixed": mark("Mixed: a level per group"),
    "fixed": mark("Within each organization"),
    "unadjusted": mark("Nothing taken into account"),
    "senior": mark("A senior delegate came"),
    "delegates": mark("Number of delegates"),
}
REASONS = {
    "constant": mark("nothing to compare"),
    "collinear": mark("nothing to compare"),
    "separated": mark("no estimate: separated"),
    "low_df": mark("too few that differ"),
    "no_fit": mark("no estimate"),
    "too_large": mark("too many groups"),
    "not_yes_no": mark("for yes or no only"),
}
FALLBACK = "no_fit"


@dataclass(frozen=True)
class Robustness:
    """The specification curve.

    ``table``: one row per incentive and specification. ``term``, ``specification`` (a key of ``LABELS``, or what a
    further one was called); the choices ``model``, ``outcome``, ``adjusted``, ``grouped`` and ``interval``;
    ``own_estimate`` is False where only the interval differs from that of the linear model; ``estimate``,
    ``conf_low`` and ``conf_high`` are proportions as in `Estimates`; ``n`` rows; ``reason`` (a key of ``REASONS``) why
    there is no estimate, or of the main answer why the data cannot tell: then no specification is given for the term.
    ``main``: the table of the `Estimates`.

    GEE, the random intercept, the bootstrap and the reshuffling know one way of grouping: the groups that the incentive
    was given out to (of an incentive that changes from row to row, the first cluster column). So their intervals of an
    incentive of events leave out that rows of one organization move together.
    """

    table: pd.DataFrame
    main: pd.DataFrame = field(repr=False)
    outcome: str
    confidence: float

    def figure(self, language="en", units=None):
        """The curve as a figure for a phone."""
        from konbit_lessons.curve import curve_figure

        return curve_figure(self, language, units)

    def sentences(self, language="en", units=None):
        """One sentence per incentive: in how many ways of looking it keeps its direction, and the range."""
        from konbit_lessons.curve import curve_sentences

        return curve_sentences(self, language, units)


def specification_curve(rows, *, draws=999, seed=1, further=None, **question):
    """Answer a question in the main way and in all the others: ``predict_participation``, then ``robustness``.

    Examples
    --------
    ``kl.specification_curve(kl.rows(programme), **programme.question).figure()``
    """
    from konbit_lessons.incentives import predict_participation  # the recipe, which may come to call this one

    result = predict_participation(rows, seed=seed, **question)
    return robustness(rows, result, draws=draws, seed=seed, further=further, **question)


@threadpool_limits.wrap(limits=1, user_api="blas")
def robustness(rows, result, *, draws=999, seed=1, further=None, **question):
    """Vary the choices behind a result, one at a time. Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4.

    Parameters
    ----------
    rows : DataFrame, one row per invitation, as ``predict_participation`` had it
    result : Estimates, what it returned
    draws : number of bootstrap draws and of reshufflings
    seed : of both
    further : mapping of label to DataFrame (term, estimate, conf_low, conf_high, n), or None; specifications made
        elsewhere, such as with missing answers imputed
    question : the arguments of ``predict_participation``

    Returns
    -------
    Robustness
    """
    main = result.table
    told = main[main["reason"] == ""]
    context = _Context(rows, main, tuple(told["term"]), result.confidence, draws, seed, _design_of(question))
    table = [*_main_rows(main), *(row for key in _asked(context) for row in _rows_of(context, key))]
    for label, frame in (further or {}).items():
        found = frame.set_index("term")
        numbers = {term: tuple(found.loc[term, _ENDS]) for term in context.terms if term in found.index}
        n = int(frame["n"].iloc[0])
        table += _numbered(context, label, replace(MAIN, model=label), numbers, n)
    return Robustness(pd.DataFrame(table)[COLUMNS], main, result.outcome, result.confidence)


@dataclass(frozen=True)
class Choice:
    """What a specification chooses; "" stands for the choice of the main answer."""

    model: str = ""
    outcome: str = ""
    adjusted: str = ""
    grouped: str = ""
    interval: str = ""
    own_estimate: bool = True


MAIN = Choice()
CHOICES = {
    "logit": Choice(model="maximum-likelihood logit"),
    "linear": Choice(model="linear probability"),
    "bootstrap": Choice(
        "linear probability", grouped="what it varies by", interval="wild cluster bootstrap", own_estimate=False
    ),
    "permutation": Choice(
        "linear probability", grouped="what it varies by", interval="permutation", own_estimate=False
    ),
    "gee": Choice("GEE logit, exchangeable", grouped="what it varies by", interval="Mancl–DeRouen"),
    "mixed": Choice("random-intercept logit", grouped="what it varies by", interval="delta method"),
    "fixed": Choice("linear probability", adjusted="fixed effects of the first cluster and the quarter"),
    "unadjusted": Choice(adjusted="nothing"),
    "senior": Choice(outcome="attended with a senior delegate"),
    "delegates": Choice("fractional logit", outcome="delegates, as a share of the most"),
}
_ENDS = ["estimate", "conf_low", "conf_high"]


@dataclass(frozen=True)
class _Context:
    """The question with what its specifications share."""

    rows: pd.DataFrame
    main: pd.DataFrame
    terms: tuple
    confidence: float
    draws: int
    seed: int
    question: dict

    @cached_property
    def design(self):
        return build_design(self.rows, **self.question)

    @cached_property
    def is_separated(self):
        return bool(separated_terms(self.design.X, self.design.y, self.design.names))

    def varies_by(self, term):
        return self.main.loc[self.main["term"] == term, "varies_by"].iloc[0]

    def grouped(self, term):
        """The cluster column that a term is constant within; the first, if it changes from row to row."""
        return self.question["cluster"][0] if self.varies_by(term) == "row" else self.varies_by(term)

    def redesign(self, rows=None, **changes):
        return build_design(self.rows if rows is None else rows, **{**self.question, **changes})


def _design_of(question):
    asked = {"outcome": "attended", "adjust_for": (), "cluster": ("organization_id", "event_id"), "method": "firth"}
    asked |= {key: value for key, value in question.items() if key in DESIGN}
    names = ("incentives", "adjust_for", "cluster")
    return asked | {key: (asked[key],) if isinstance(asked[key], str) else tuple(asked[key]) for key in names}


def _asked(context):
    """The specifications that this question has; not the one that is the main answer already."""
    question, columns = context.question, context.rows.columns
    attended = question["outcome"] == "attended"
    has = {
        question["method"]: False,
        "unadjusted": bool(question["adjust_for"]),
        "senior": attended and SENIOR in columns,
        "delegates": attended and DELEGATES in columns,
    }
    first = ("bootstrap", "permutation") if question["method"] == "linear" else ()  # under the estimate that is theirs
    return [key for key in dict.fromkeys((*first, *CHOICES)) if has.get(key, True)]


def _rows_of(context, key):
    """The rows of one specification, for every term that the main answer tells of."""
    try:
        found, n = SPECIFICATIONS[key](context)
    except _NoEstimateError as problem:
        found, n = dict.fromkeys(context.terms, problem.reason), 0
    except ModelError:
        found, n = {}, 0
    return _numbered(context, key, CHOICES[key], found, n)


class _NoEstimateError(Exception):
    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def _numbered(context, key, choice, found, n):
    """One row per term; ``found``: term → (estimate, low, high) or a reason."""
    for term in context.terms:
        answer = found.get(term, FALLBACK)
        reason = answer if isinstance(answer, str) else ""
        numbers = (np.nan,) * 3 if reason else answer
        if not reason and not np.isfinite(numbers).all():
            reason, numbers = FALLBACK if np.isnan(numbers[0]) else "low_df", (np.nan,) * 3
        yield {
            "term": term,
            "specification": key,
            **vars(choice),
            **dict(zip(_ENDS, map(float, numbers), strict=True)),
            "n": n,
            "reason": reason,
        }


def _main_rows(main):
    for row in main.to_dict("records"):
        numbers = {end: row[end] if not row["reason"] else np.nan for end in _ENDS}
        model = replace(MAIN, model=row["method"].split(", ")[0])
        same = {"term": row["term"], "specification": "main", **vars(model)}
        yield {**same, **numbers, "n": row["n"], "reason": row["reason"]}


def _sandwich(context, design, method):
    """Effects of another fit, with CR2 by every cluster column, as the main answer has them."""
    fit = fit_model(design.X, design.y, method, design.trials)
    robust = clusterings(fit, design.clusters)
    found = {}
    for term in context.terms:
        if term not in design.names:
            found[term] = design.unfit[term][0]
            continue
        X, column, offered = _averaged(design, term)
        effect, gradient = marginal_effect(X, fit.coefficients, column, offered=offered, linear=fit.is_linear)
        df = robust.degrees_of_freedom(gradient)
        reach = t_distribution.ppf((1 + context.confidence) / 2, df) * np.sqrt(robust.variance(gradient))
        found[term] = (effect, effect - reach, effect + reach) if df >= FEWEST_DF else "low_df"
    return found, len(design.y)


def _averaged(design, term):
    """X, with the other levels of a factor at 0, over which a term's effect is the average; position; whether 0/1."""
    X = design.X.copy()
    X[:, [design.names.index(other) for other in design.others(term) if other in design.names]] = 0.0
    return X, design.names.index(term), design.is_offered(term)


def _logit(context):
    _has_a_maximum(context)
    return _sandwich(context, context.design, "logit")


def _has_a_maximum(context):
    if context.design.trials is not None or not np.isin(context.design.y, (0.0, 1.0)).all():
        raise _NoEstimateError("not_yes_no")
    if context.is_separated:
        raise _NoEstimateError("separated")


def _linear(context):
    _single_rows(context)
    return _sandwich(context, context.design, "linear")


def _single_rows(context):
    if context.design.trials is not None:
        raise _NoEstimateError("not_yes_no")


def _bootstrap(context):
    _single_rows(context)
    design, found = context.design, {}
    for term in context.terms:
        codes, column = design.clusters[context.grouped(term)], design.names.index(term)
        options = {"confidence": context.confidence, "draws": context.draws, "seed": context.seed}
        wild = wild_bootstrap(design.X, design.y, codes, column, **options)
        found[term] = wild.estimate, wild.conf_low, wild.conf_high
    return found, len(design.y)


def _permutation(context):
    """Least squares, and what the estimate becomes when the incentive is dealt out anew and there is no effect."""
    _single_rows(context)
    design, found = context.design, {}
    fit = fit_model(design.X, design.y, "linear")
    for term in context.terms:
        column = design.names.index(term)
        others, _ = np.linalg.qr(np.delete(design.X, column, axis=1))
        x = design.X[:, column]
        size = x @ (x - others @ (others.T @ x))
        options = {"varies_by": context.varies_by(term), "permutations": context.draws, "seed": context.seed}
        chance = shuffled_scores(design, term, fit.score, **options) / size
        if not len(chance):
            found[term] = "constant"
            continue
        tail = (1 - context.confidence) / 2
        low, high = np.quantile(chance - chance.mean(), [tail, 1 - tail])
        found[term] = fit.coefficients[column], fit.coefficients[column] - high, fit.coefficients[column] - low
    return found, len(design.y)


def _gee(context):
    def fit(X, y, codes):
        gee, df = gee_logit(X, y, codes), codes.max() + 1 - X.shape[1]
        reach = t_distribution.ppf((1 + context.confidence) / 2, df) if df >= FEWEST_DF else np.inf

        def effect(X, column, offered):
            estimate, gradient = marginal_effect(X, gee.coefficients, column, offered=offered)
            return estimate, reach * np.sqrt(gradient @ gee.covariance @ gradient)

        return effect

    return _by_group(context, fit)


def _mixed(context):
    reach = norm.ppf((1 + context.confidence) / 2)

    def fit(X, y, codes):
        mixed = mixed_logit(X, y, codes)

        def effect(X, column, offered):
            estimate, std_error = replace(mixed, X=X).marginal_effect(column, offered=offered)
            return estimate, reach * std_error

        return effect

    return _by_group(context, fit)


def _by_group(context, fit):
    """Effects of a model that knows one way of grouping: for each term the groups that it was given out to."""
    _has_a_maximum(context)
    design = context.design
    effects = {name: None for name in map(context.grouped, context.terms)}
    found = {}
    for name in effects:
        try:
            effects[name] = fit(design.X, design.y, design.clusters[name])
        except ModelError:
            continue
    for term in context.terms:
        if effect := effects[context.grouped(term)]:
            estimate, reach = effect(*_averaged(design, term))
            found[term] = estimate, estimate - reach, estimate + reach
    return found, len(design.y)


def _fixed(context):
    """Least squares with a level for every organization and quarter: each is compared with itself only."""
    _single_rows(context)
    first = context.question["cluster"][0]
    columns = [name for name in (first, QUARTER) if name in context.rows]
    named = {name: f"{name}, each" for name in columns}
    rows = context.rows.assign(**{each: _text(context.rows[name]) for name, each in named.items()})
    if rows[first].nunique() > MOST_FIXED:
        raise _NoEstimateError("too_large")
    adjust_for = [name for name in context.question["adjust_for"] if name != first and name != QUARTER]
    design = context.redesign(rows, adjust_for=(*named.values(), *adjust_for), method="linear")
    return _sandwich(context, design, "linear")


def _text(column):
    return column.astype("str").where(column.notna())


def _unadjusted(context):
    rows = context.rows.dropna(subset=list(context.question["adjust_for"]))  # the same rows: one choice at a time
    return _sandwich(context, context.redesign(rows, adjust_for=()), context.question["method"])


def _senior(context):
    """Another cut-off of participation: attended, and with a senior delegate."""
    attended, senior = context.rows["attended"].astype("boolean"), context.rows[SENIOR].astype("boolean")
    return _another_outcome(context, (attended & senior).astype("boolean"), context.question["method"])


def _delegates(context):
    """The number of delegates, as a share of the most that come as a rule: k of m, by the quasi-binomial likelihood."""
    sent = pd.to_numeric(context.rows[DELEGATES]).where(context.rows["attended"].notna())
    most = max(1.0, np.floor(float(sent[sent > 0].astype(float).quantile(0.95))))
    return _another_outcome(context, sent.clip(upper=most) / most, "fractional")


def _another_outcome(context, outcome, method):
    rows = context.rows.assign(**{context.question["outcome"]: outcome})
    return _sandwich(context, context.redesign(rows, method=method, trials=None), method)


SPECIFICATIONS = {
    "logit": _logit,
    "linear": _linear,
    "bootstrap": _bootstrap,
    "permutation": _permutation,
    "gee": _gee,
    "mixed": _mixed,
    "fixed": _fixed,
    "unadjusted": _unadjusted,
    "senior": _senior,
    "delegates": _delegates,
}

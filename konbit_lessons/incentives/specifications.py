"""Each specification of the curve: the same question with another model, outcome or adjustment.

Takes a ``Context``, the question with what its specifications share; each function returns the estimates by term, or
the reason why there is none, and the rows used. ``SPECIFICATIONS`` is the list; ``robustness`` runs it.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as t_distribution

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

QUARTER, SENIOR, DELEGATES = "fiscal_quarter", "senior_delegate", "delegates"
MOST_FIXED = 250  # fixed effects: 250 take seconds, 1,000 minutes


class NoEstimateError(Exception):
    """A specification has no estimate of any term, for this reason (a key of ``robustness.REASONS``)."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Context:
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
        own = design.position_of(context.varies_by(term))
        std_error, df, fewest = robust.basis(gradient, confidence=context.confidence, own=own)
        reach = t_distribution.ppf((1 + context.confidence) / 2, df) * std_error
        found[term] = (effect, effect - reach, effect + reach) if fewest >= FEWEST_DF else "low_df"
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
        raise NoEstimateError("not_yes_no")
    if context.is_separated:
        raise NoEstimateError("separated")


def _linear(context):
    _single_rows(context)
    return _sandwich(context, context.design, "linear")


def _single_rows(context):
    if context.design.trials is not None:
        raise NoEstimateError("not_yes_no")


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
        raise NoEstimateError("too_large")
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

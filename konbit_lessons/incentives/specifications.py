"""Each specification of the curve: the same question with another model, outcome or adjustment.

Takes a ``Context``, the question with what its specifications share; each function returns the estimates by term, or
the reason why there is none, and the rows used. ``SPECIFICATIONS`` is the list; ``robustness`` runs it.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as t_distribution

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.answers import FEWEST_DF
from konbit_lessons.incentives.bootstrap import wild_bootstrap
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import fit_model, orthonormal, strictly
from konbit_lessons.incentives.formula import quoted
from konbit_lessons.incentives.mixed import mixed_logit
from konbit_lessons.incentives.permutation import shuffled_scores

QUARTER, SENIOR, DELEGATES = "fiscal_quarter", "senior_delegate", "delegates"
MOST_FIXED = 250  # fixed effects: 250 take seconds, 1,000 minutes
LARGEST = 1500  # rows of a group, whose matrix of rows by rows GEE inverts


class NoEstimateError(Exception):
    """A specification has no estimate of any term, for this reason (a key of ``robustness.REASONS``)."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Context:
    """The result that is looked at in other ways, with what its specifications share."""

    result: object
    draws: int
    seed: int

    @property
    def rows(self):
        """The rows asked about."""
        return self.result.asked[0]

    @property
    def question(self):
        """What is asked of them."""
        return self.result.asked[1]

    @property
    def design(self):
        """The design of the result."""
        return self.result.answers.design

    @property
    def confidence(self):
        """Of the intervals."""
        return self.result.confidence

    @cached_property
    def terms(self):
        """The terms that the main answer tells of."""
        return tuple(self.result.table.loc[self.result.table["reason"] == "", "term"])

    @cached_property
    def adjusters(self):
        """The formula's columns that are not asked about."""
        asked = {term.column for term in self.design.terms.values()}
        return [name for name in self.design.formula.columns if name not in asked]

    def varies_by(self, term):
        """The cluster column that a term is constant within, or ``row``."""
        return self.result.table.set_index("term").loc[term, "varies_by"]

    def grouped(self, term):
        """The cluster column that a term is constant within; the first, if it changes from row to row."""
        return self.question["cluster"][0] if self.varies_by(term) == "row" else self.varies_by(term)

    def redesign(self, rows, right=None, **changes):
        """The design of other rows, or of another right side of the formula."""
        sides = self.design.formula
        changes["formula"] = f"{sides.left} ~ {right or sides.right}"
        return build_design(rows, **{**self.question, **changes})


def _sandwich(context, design, method):
    """Effects of another fit, with CR2 by every cluster column, as the main answer has them."""
    fit = fit_model(design.X, design.y, method, design.trials)
    robust = clusterings(fit, design.clusters)
    found = {}
    for term in context.terms:
        if term in design.unfit:
            found[term] = design.unfit[term][0]
            continue
        effect, gradient = design.contrast(term).effect(fit.coefficients, fit.link)
        own = design.position_of(context.varies_by(term))
        basis = robust.basis(gradient, confidence=context.confidence, own=own)
        low, high, _ = basis.interval(effect, context.confidence)
        found[term] = (effect, low, high) if basis.fewest >= FEWEST_DF else "low_df"
    return found, len(design.y)


def _logit(context):
    return _sandwich(context, context.design, "logit")


def _linear(context):
    return _sandwich(context, context.design, "linear")


def _bootstrap(context):
    design, found = context.design, {}
    options = {"confidence": context.confidence, "draws": context.draws, "seed": context.seed}
    for term in context.terms:
        X, column, _ = design.alone(term)
        wild = wild_bootstrap(X, design.y, design.clusters[context.grouped(term)], column, **options)
        found[term] = wild.estimate, wild.conf_low, wild.conf_high
    return found, len(design.y)


def _permutation(context):
    """Least squares, and what the estimate becomes when the incentive is dealt out anew and there is no effect."""
    design, found, tail = context.design, {}, (1 - context.confidence) / 2
    fit = fit_model(design.X, design.y, "linear")
    for term in context.terms:
        if not design.contrast(term).is_plain:  # a shuffle of one column leaves its interactions as they were
            continue
        column = design.contrast(term).columns[0]
        others, _ = np.linalg.qr(np.delete(design.X, column, axis=1))
        x, b = design.X[:, column], fit.coefficients[column]
        options = {"varies_by": context.varies_by(term), "permutations": context.draws, "seed": context.seed}
        chance = shuffled_scores(design, term, fit.score, **options) / (x @ (x - others @ (others.T @ x)))
        if len(chance):
            low, high = np.quantile(chance - chance.mean(), [tail, 1 - tail])
        found[term] = (b, b - high, b - low) if len(chance) else "constant"
    return found, len(design.y)


def gee_logit(X, y, codes):
    """GEE's logit with exchangeable correlation within groups: (coefficients, bias-reduced covariance, the result).

    The covariance is that of Mancl and DeRouen (2001), Biometrics 57, 126-134; correlation and scale are geepack's. In
    R: ``geepack::geeglm(…, corstr = "exchangeable")`` and ``geesmv::GEE.var.md``.
    """
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    Z, back = orthonormal(X)
    model = GEE(y, Z, groups=codes, family=Binomial(), cov_struct=Exchangeable())
    options = {"cov_type": "bias_reduced", "ddof_scale": 0, "maxiter": 200, "ctol": 1e-10}
    fit = strictly(lambda: model.fit(**options), "GEE")
    return back @ fit.params, back @ fit.cov_params() @ back.T, fit


def _gee(context):
    def fit(X, y, codes):
        if np.bincount(codes).max() > LARGEST:
            raise NoEstimateError("too_large")
        coefficients, covariance, _ = gee_logit(X, y, codes)
        df = codes.max() + 1 - X.shape[1]

        def effect(change):
            estimate, gradient = change.effect(coefficients)
            return estimate, np.sqrt(gradient @ covariance @ gradient)

        return effect, t_distribution.ppf((1 + context.confidence) / 2, df) if df >= FEWEST_DF else np.inf

    return _by_group(context, fit)


def _mixed(context):
    reach = norm.ppf((1 + context.confidence) / 2)
    return _by_group(context, lambda *data: (mixed_logit(*data).marginal_effect, reach))


def _by_group(context, fit):
    """Effects of a model that knows one way of grouping: for each term the groups that it was given out to."""
    design, fits, found = context.design, {}, {}
    for name in dict.fromkeys(map(context.grouped, context.terms)):
        with suppress(ModelError):
            fits[name] = fit(design.X, design.y, design.clusters[name])
    for term in context.terms:
        if context.grouped(term) in fits:
            effect, reach = fits[context.grouped(term)]
            estimate, std_error = effect(design.contrast(term))
            found[term] = estimate, estimate - reach * std_error, estimate + reach * std_error
    return found, len(design.y)


def _fixed(context):
    """Least squares with a level for every organization and quarter: each is compared with itself only."""
    first = context.question["cluster"][0]
    levels = {name: f"{name}, each" for name in (first, QUARTER) if name in context.rows}
    if context.rows[first].nunique() > MOST_FIXED:
        raise NoEstimateError("too_large")
    rows = context.rows.assign(**{each: context.rows[name].astype("category") for name, each in levels.items()})
    right = " + ".join([context.design.formula.right, *map(quoted, levels.values())])
    return _sandwich(context, context.redesign(rows, right, method="linear"), "linear")


def _unadjusted(context):
    rows = context.rows.dropna(subset=context.adjusters)  # the same rows: one choice at a time
    right = " + ".join(context.design.terms_of({term.column for term in context.design.terms.values()}))
    return _sandwich(context, context.redesign(rows, right), context.question["method"])


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
    rows = context.rows.assign(**{context.design.formula.outcome[0]: outcome})
    return _sandwich(context, context.redesign(rows, method=method, trials=None), method)


YES_NO, SINGLE, ANY = "yes or no", "single rows", ""  # what a specification needs of the outcome
SPECIFICATIONS = {
    "logit": (_logit, YES_NO),
    "linear": (_linear, SINGLE),
    "bootstrap": (_bootstrap, SINGLE),
    "permutation": (_permutation, SINGLE),
    "gee": (_gee, YES_NO),
    "mixed": (_mixed, YES_NO),
    "fixed": (_fixed, SINGLE),
    "unadjusted": (_unadjusted, ANY),
    "senior": (_senior, ANY),
    "delegates": (_delegates, ANY),
}


def specified(context, key):
    """Term → (estimate, low, high) or a reason, by one specification, and the rows used."""
    of, needs = SPECIFICATIONS[key]
    counts, yes_no = context.design.trials is not None, np.isin(context.design.y, (0.0, 1.0)).all()
    if (needs and counts) or (needs == YES_NO and not yes_no):
        raise NoEstimateError("not_yes_no")
    if needs == YES_NO and context.result.answers.separated:
        raise NoEstimateError("separated")
    return of(context)

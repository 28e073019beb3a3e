"""The specification curve: the same question asked with other models, outcomes and adjustments, beside the main answer.

Takes an `Estimates`; returns a ``Robustness``. It describes: there are no p-values here, and nothing is chosen by what
it gives. Each specification is a function of a ``Context``, the question with what its specifications share; it returns
the estimates by term, or the reason why there is none, and the rows used. ``SPECIFICATIONS`` is the list.
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as t_distribution
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import bootstrap, clusters, formula, mixed, sparse
from konbit_lessons.incentives.answers import FEWEST_DF
from konbit_lessons.incentives.correction import NULL
from konbit_lessons.incentives.design import Design, build_design
from konbit_lessons.incentives.fit import fit_model, orthonormal, strictly

ENDS = ["estimate", "conf_low", "conf_high"]
COLUMNS = ["term", "specification", "own_estimate", *ENDS, "n", "reason"]
QUARTER, SENIOR, DELEGATES = "fiscal_quarter", "senior_delegate", "delegates"
LARGEST = 1500  # rows of a group, whose matrix of rows by rows GEE inverts
MOST_GROUPS = 2000  # of GEE, which takes one after the other
MOST_NUMBERS = 25_000  # groups times columns, of the random intercept, at each of 41 nodes and of three starts


@dataclass(frozen=True)
class Robustness:
    """The specification curve.

    ``table``: one row per incentive and specification. ``term``, ``specification`` (``main``, ``imputed``, or a key of
    ``SPECIFICATIONS``: what it does otherwise than the main answer); ``own_estimate`` is False where only the interval
    differs from that of the linear model; ``estimate``, ``conf_low`` and ``conf_high`` are proportions as in
    `Estimates`; ``n`` rows; ``reason`` (one word) why there is no estimate, or of the main answer why the data cannot
    tell: then no specification is given for the term.

    GEE, the random intercept, the bootstrap and the reshuffling know one way of grouping: the groups that the incentive
    was given out to (of an incentive that changes from row to row, the first cluster column). So their intervals of an
    incentive of events leave out that rows of one organization move together.
    """

    table: pd.DataFrame

    def _repr_html_(self):
        return self.table.drop(columns="own_estimate").round(3).to_html(index=False, border=0, na_rep="", escape=True)


@threadpool_limits.wrap(limits=1, user_api="blas")
def robustness(result, *, draws=999, seed=1, imputed=None):
    """Vary the choices behind a result, one at a time. Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4.

    Parameters
    ----------
    result : Estimates
    draws : number of bootstrap draws and of reshufflings
    seed : of both
    imputed : Imputed or None, what ``imputation.imputed`` returned; one more specification, if anything was imputed

    Returns
    -------
    Robustness
    """
    main, design = result.table, result.answers.design
    told = main[main["reason"] == ""].set_index("term")["varies_by"].to_dict()
    rows, question, _ = result.asked
    within = result.answers.options["drawn_within"]
    context = Context(rows, question, design, result.answers.separated, told, result.confidence, draws, seed, within)
    found = {key: _answers(context, key) for key in (_asked(context) if told else ())}
    if imputed is not None and imputed.imputations:
        pooled = imputed.table.set_index("term")
        ends = pooled[["pooled_estimate", "pooled_low", "pooled_high"]]
        found["imputed"] = ends.T.to_dict("list"), int(pooled["pooled_n"].max())
    lines = [_line(one["term"], "main", one["reason"] or one[ENDS].to_list(), one["n"]) for _, one in main.iterrows()]
    for key, (answers, n) in found.items():
        lines += [_line(term, key, answers.get(term, "no_fit"), n) for term in told]
    return Robustness(pd.DataFrame(lines)[COLUMNS])


def _asked(context):
    """The specifications that this question has; not the one that is the main answer already."""
    columns, method = context.rows.columns, context.question["method"]
    attended = context.design.formula.left == "attended"
    has = {"senior": attended and SENIOR in columns, "delegates": attended and DELEGATES in columns}
    adjusted = bool(context.design.adjusters)
    has |= {"unadjusted": adjusted, "lin": adjusted and context.drawn_within is not None, method: False}
    first = ("bootstrap", "permutation") if method == "linear" else ()  # under the estimate that is theirs
    return [key for key in dict.fromkeys((*first, *SPECIFICATIONS)) if has.get(key, True)]


def _answers(context, key):
    """Term → (estimate, low, high) or a reason, by one specification, and the rows used."""
    specification, needs = SPECIFICATIONS[key]
    yes_no = np.isin(context.design.y, (0.0, 1.0)).all()
    if context.question["weights"] and specification in UNWEIGHTED:
        return dict.fromkeys(context.varies_by, "unweighted"), 0
    if (needs and context.question["trials"]) or (needs == YES_NO and not yes_no):
        return dict.fromkeys(context.varies_by, "not_yes_no"), 0
    if needs == YES_NO and context.separated:
        return dict.fromkeys(context.varies_by, "separated"), 0
    if specification in (_gee, _mixed) and all(sizes.max() == 1 for sizes in context.sizes):
        return dict.fromkeys(context.varies_by, "alone"), 0  # nothing rests on rows of a group being alike
    if context.design.absorbed and (needs == YES_NO or specification in (_bootstrap, _lin)):
        return dict.fromkeys(context.varies_by, "too_large"), 0  # with a column for each of so many levels
    with suppress(ModelError):
        return specification(context)
    return {}, 0


def _line(term, key, answer, n):
    reason, numbers = (answer, [np.nan] * 3) if isinstance(answer, str) else ("", answer)
    if not reason and not np.isfinite(numbers).all():
        reason, numbers = "no_fit" if np.isnan(numbers[0]) else "low_df", [np.nan] * 3
    line = {"term": term, "specification": key, "own_estimate": key not in ("bootstrap", "permutation")}
    return line | dict(zip(ENDS, map(float, numbers), strict=True)) | {"n": n, "reason": reason}


@dataclass(frozen=True)
class Context:
    """The question that is asked in other ways, with what its specifications share.

    ``varies_by``: term that the main answer tells of → the cluster column that it is constant within, or ``row``.
    """

    rows: pd.DataFrame
    question: dict
    design: Design
    separated: tuple
    varies_by: dict
    confidence: float
    draws: int
    seed: int
    drawn_within: tuple | None = None

    def grouped(self, term):
        """The cluster column that a term is constant within; the first, if it changes from row to row."""
        return self.design.first if self.varies_by[term] == "row" else self.varies_by[term]

    @property
    def sizes(self):
        """How many rows each group has, for each way of grouping that a term has."""
        return [np.bincount(self.design.clusters[of]) for of in {*map(self.grouped, self.varies_by)}]

    def redesign(self, rows, right=None, **changes):
        """The design of other rows, or of another right side of the formula."""
        sides = self.design.formula
        changes["formula"] = f"{sides.left} ~ {right or sides.right}"
        return build_design(rows, **{**self.question, **changes})


def _sandwich(context, design, method):
    """Effects of another fit, with CR2 by every cluster column, as the main answer has them."""
    fit = fit_model(design.X, design.y, method, design.mass, design.strata)
    robust = clusters.clusterings(fit, design.clusters)
    found = {term: reason for term, (reason, _) in design.unfit.items()}
    for term in context.varies_by.keys() - found:
        effect, gradient = design.contrast(term).effect(fit.coefficients, fit.link)
        basis = robust.basis(gradient, confidence=context.confidence, own=context.varies_by[term])
        told = basis.about(effect)
        found[term] = [told[end] for end in ENDS] if basis.fewest >= FEWEST_DF else "low_df"
    return found, len(design.y)


def _bootstrap(context):
    design, found = context.design, {}
    options = {"confidence": context.confidence, "draws": context.draws, "seed": context.seed}
    for term in context.varies_by:
        X, column, _ = design.alone(term)
        wild = bootstrap.wild_bootstrap(X, design.y, design.clusters[context.grouped(term)], column, **options)
        found[term] = wild.estimate, wild.conf_low, wild.conf_high
    return found, len(design.y)


def _permutation(context):
    """Least squares, and what the estimate becomes when the incentive is dealt out anew and there is no effect."""
    design, found, tail = context.design, {}, (1 - context.confidence) / 2
    fit = fit_model(design.X, design.y, "linear", strata=design.strata)
    for term in context.varies_by:
        if not design.contrast(term).is_plain:  # a shuffle of one column leaves its interactions as they were
            continue
        column = design.contrast(term).columns[0]
        others, _ = np.linalg.qr(np.delete(fit.X, column, axis=1))
        x, b = fit.X[:, column], fit.coefficients[column]
        options = {"varies_by": context.varies_by[term], "permutations": context.draws, "seed": context.seed}
        options["drawn_within"] = context.drawn_within
        chance = sparse.shuffled_scores(design, term, fit.score, **options) / (x @ (x - others @ (others.T @ x)))
        if len(chance):
            low, high = np.quantile(chance - chance.mean(), [tail, 1 - tail])
        found[term] = (b, b - high, b - low) if len(chance) else "constant"
    return found, len(design.y)


def gee_logit(X, y, codes):
    """GEE's logit with exchangeable correlation within groups: (coefficients, bias-reduced covariance, the result).

    The covariance is that of Mancl and DeRouen (2001), Biometrics 57, 126-134: M Σ s_gs_g' M, of the groups' scores
    s_g = (I − B_gM)⁻¹u_g, with B_g = E_g'R_g⁻¹E_g, u_g = E_g'R_g⁻¹e_g, E_g and e_g derivatives and residuals in their
    standard deviations, R_g the correlation and M = (Σ B_g)⁻¹. A direction that one group alone tells about, such as a
    kind of event held once, gets 0, as by CR2: statsmodels' ``bias_reduced`` divides the rounding that is left of its
    residuals by nothing. Correlation and scale are geepack's. In R: ``geepack::geeglm(…, corstr = "exchangeable")`` and
    ``geesmv::GEE.var.md``.
    """
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    Z, back = orthonormal(X)
    model = GEE(y, Z, groups=codes, family=Binomial(), cov_struct=Exchangeable())
    fit = strictly(lambda: model.fit(ddof_scale=0, maxiter=200, ctol=1e-10), "GEE")
    p, alpha, parts = np.asarray(fit.fittedvalues), float(model.cov_struct.dep_params), []
    for rows in (np.flatnonzero(codes == one) for one in np.unique(codes)):
        root, less = np.sqrt(p[rows] * (1 - p[rows]))[:, None], alpha / (1 + (len(rows) - 1) * alpha)
        E, e = Z[rows] * root, (y - p)[rows, None] / root
        parts.append([(E.T @ one - less * np.outer(E.sum(axis=0), one.sum(axis=0))) / (1 - alpha) for one in (E, e)])
    turn, scores = strictly(lambda: np.linalg.cholesky(np.linalg.inv(sum(B for B, _ in parts))), "GEE"), []
    for B, u in parts:
        value, vector = np.linalg.eigh(turn.T @ B @ turn)
        kept = np.divide(1, 1 - value, out=np.zeros_like(value), where=np.abs(1 - value) > NULL)
        scores.append(vector @ (kept[:, None] * (vector.T @ (turn.T @ u))))
    along = back @ turn @ np.hstack(scores)
    return back @ fit.params, along @ along.T, fit


def _gee(context):
    if any(sizes.max() > LARGEST or len(sizes) > MOST_GROUPS for sizes in context.sizes):
        return dict.fromkeys(context.varies_by, "too_large"), 0

    def fit(X, y, codes):
        coefficients, covariance, _ = gee_logit(X, y, codes)

        def effect(change):
            estimate, gradient = change.effect(coefficients)
            return estimate, np.sqrt(gradient @ covariance @ gradient)

        df = codes.max() + 1 - X.shape[1]
        return effect, t_distribution.ppf((1 + context.confidence) / 2, df) if df >= FEWEST_DF else np.inf

    return _by_group(context, fit)


def _mixed(context):
    if max(map(len, context.sizes)) * context.design.X.shape[1] > MOST_NUMBERS:
        return dict.fromkeys(context.varies_by, "too_large"), 0
    reach = norm.ppf((1 + context.confidence) / 2)
    return _by_group(context, lambda *data: (mixed.mixed_logit(*data).marginal_effect, reach))


def _by_group(context, fit):
    """Effects of a model that knows one way of grouping: for each term the groups that it was given out to."""
    design, found = context.design, {}
    for name in dict.fromkeys(map(context.grouped, context.varies_by)):
        with suppress(ModelError):
            effect, reach = fit(design.X, design.y, design.clusters[name])
            for term in (one for one in context.varies_by if context.grouped(one) == name):
                estimate, std_error = effect(design.contrast(term))
                found[term] = estimate, estimate - reach * std_error, estimate + reach * std_error
    return found, len(design.y)


def _fixed(context):
    """Least squares with a level for every organization and quarter: each is compared with itself only."""
    levels = {f"{name}, each": name for name in (context.design.first, QUARTER) if name in context.rows}
    rows = context.rows.assign(**{each: context.rows[name].astype("category") for each, name in levels.items()})
    right = " + ".join([context.design.formula.right, *map(formula.quoted, levels)])
    return _sandwich(context, context.redesign(rows, right, method="linear"), "linear")


def _lin(context):
    """Least squares with the adjusters centred and times the incentive: Lin (2013), Annals of Applied Statistics 7.

    The average effect over the rows is the same without centring. In R: ``estimatr::lm_lin``.
    """
    asked, others = (" + ".join(context.design.terms_of(context.design.asked, inside)) for inside in (True, False))
    return _sandwich(context, context.redesign(context.rows, f"({asked}) * ({others})", method="linear"), "linear")


def _unadjusted(context):
    rows = context.rows.dropna(subset=context.design.formula.columns)  # the same rows: one choice at a time
    right = " + ".join(context.design.terms_of(context.design.asked))
    return _sandwich(context, context.redesign(rows, right), context.question["method"])


def _senior(context):
    """Another cut-off of participation: attended, and with a senior delegate."""
    both = context.rows["attended"].astype("boolean") & context.rows[SENIOR].astype("boolean")
    return _another_outcome(context, both, context.question["method"])


def _delegates(context):
    """The number of delegates, as a share of the most that come as a rule: k of m, by the quasi-binomial likelihood."""
    sent = pd.to_numeric(context.rows[DELEGATES]).where(context.rows["attended"].notna())
    most = max(1.0, np.floor(float(sent[sent > 0].astype(float).quantile(0.95))))
    return _another_outcome(context, sent.clip(upper=most) / most, "fractional")


def _another_outcome(context, outcome, method):
    rows = context.rows.assign(**{context.design.formula.outcome[0]: outcome})
    return _sandwich(context, context.redesign(rows, method=method, trials=None), method)


UNWEIGHTED = (_bootstrap, _permutation, _gee, _mixed)  # those that take every row alike
YES_NO, SINGLE, ANY = "yes or no", "single rows", ""  # what a specification needs of the outcome
SPECIFICATIONS = {
    "logit": (lambda context: _sandwich(context, context.design, "logit"), YES_NO),
    "linear": (lambda context: _sandwich(context, context.design, "linear"), SINGLE),
    "bootstrap": (_bootstrap, SINGLE),
    "permutation": (_permutation, SINGLE),
    "gee": (_gee, YES_NO),
    "mixed": (_mixed, YES_NO),
    "fixed": (_fixed, SINGLE),
    "lin": (_lin, SINGLE),
    "unadjusted": (_unadjusted, ANY),
    "senior": (_senior, ANY),
    "delegates": (_delegates, ANY),
}

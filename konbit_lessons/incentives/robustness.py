"""The specification curve: the same question asked with other models, outcomes and adjustments, beside the main answer.

Takes the rows, the `Estimates` and the question; returns a ``Robustness``. After ``result`` in the flow. It describes:
there are no p-values here, and nothing is chosen by what it gives.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.design import CLUSTER, names_of
from konbit_lessons.incentives.recipe import predict_participation
from konbit_lessons.incentives.specifications import DELEGATES, SENIOR, SPECIFICATIONS, Context, NoEstimateError
from konbit_lessons.words import mark

COLUMNS = ["term", "specification", "model", "outcome", "adjusted", "grouped", "interval", "own_estimate"]
COLUMNS += ["estimate", "conf_low", "conf_high", "n", "reason"]
ENDS = ["estimate", "conf_low", "conf_high"]
DESIGN = ("formula", "outcome", "incentives", "adjust_for", "cluster", "method", "trials", "reference")
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
    "imputed": mark("Missing answers imputed"),
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

    ``table``: one row per incentive and specification. ``term``, ``specification`` (a key of ``LABELS``); the choices
    ``model``, ``outcome``, ``adjusted``, ``grouped`` and ``interval``, blank where they are those of the main answer;
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

    def _repr_html_(self):
        shown = self.table[["term", "specification", *ENDS, "n", "reason"]].round(3)
        return shown.to_html(index=False, border=0, na_rep="", escape=True)


def specification_curve(rows, *, draws=999, seed=1, imputed=None, **question):
    """Answer a question in the main way and in all the others: ``predict_participation``, then ``robustness``.

    Examples
    --------
    ``specification_curve(kl.rows(programme), **programme.question).table``
    """
    result = predict_participation(rows, seed=seed, **question)
    return robustness(rows, result, draws=draws, seed=seed, imputed=imputed, **question)


@threadpool_limits.wrap(limits=1, user_api="blas")
def robustness(rows, result, *, draws=999, seed=1, imputed=None, **question):
    """Vary the choices behind a result, one at a time. Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4.

    Parameters
    ----------
    rows : DataFrame, one row per invitation, as ``estimate`` had it
    result : Estimates, what it returned
    draws : number of bootstrap draws and of reshufflings
    seed : of both
    imputed : Imputed or None, what ``imputation.imputed`` returned; one more specification, if anything was imputed
    question : the arguments of ``estimate`` or ``predict_participation``

    Returns
    -------
    Robustness
    """
    main = result.table
    told = main[main["reason"] == ""]
    asked = _design_of(question)
    if aside := result.answers.aside:  # what the main answers leave out, the others leave out
        design = next(iter(aside.values())).design
        gone = {design.terms[key].column for key in aside}
        asked["formula"] = f"{design.formula.left} ~ {' + '.join(design.terms_without(gone))}"
    context = Context(rows, main, tuple(told["term"]), result.confidence, draws, seed, asked)
    table = [*_main_rows(main), *(row for key in _asked(context) for row in _rows_of(context, key))]
    if imputed is not None and imputed.imputations:
        pooled = imputed.table.set_index("term")
        ends = pooled[["pooled_estimate", "pooled_low", "pooled_high"]]
        found = {term: tuple(ends.loc[term]) for term in context.terms if term in pooled.index}
        choice = Choice(adjusted="with missing answers imputed")
        table += _numbered(context, "imputed", choice, found, int(pooled["pooled_n"].max()))
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


def _design_of(question):
    asked = {"formula": None, "outcome": "attended", "adjust_for": (), "cluster": CLUSTER, "method": "firth"}
    asked |= {key: value for key, value in question.items() if key in DESIGN}
    return asked | {key: names_of(asked[key]) for key in ("incentives", "adjust_for", "cluster")}


def _asked(context):
    """The specifications that this question has; not the one that is the main answer already."""
    question, columns = context.question, context.rows.columns
    attended = context.design.formula.left == "attended"
    has = {
        question["method"]: False,
        "unadjusted": bool(context.adjusters),
        "senior": attended and SENIOR in columns,
        "delegates": attended and DELEGATES in columns,
    }
    first = ("bootstrap", "permutation") if question["method"] == "linear" else ()  # under the estimate that is theirs
    return [key for key in dict.fromkeys((*first, *CHOICES)) if has.get(key, True)]


def _rows_of(context, key):
    """The rows of one specification, for every term that the main answer tells of."""
    try:
        found, n = SPECIFICATIONS[key](context)
    except NoEstimateError as problem:
        found, n = dict.fromkeys(context.terms, problem.reason), 0
    except ModelError:
        found, n = {}, 0
    return _numbered(context, key, CHOICES[key], found, n)


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
            **dict(zip(ENDS, map(float, numbers), strict=True)),
            "n": n,
            "reason": reason,
        }


def _main_rows(main):
    for row in main.to_dict("records"):
        numbers = {end: row[end] if not row["reason"] else np.nan for end in ENDS}
        model = replace(MAIN, model=row["method"].split(", ")[0])
        same = {"term": row["term"], "specification": "main", **vars(model)}
        yield {**same, **numbers, "n": row["n"], "reason": row["reason"]}

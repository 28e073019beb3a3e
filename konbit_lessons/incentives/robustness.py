"""The specification curve: the same question asked with other models, outcomes and adjustments, beside the main answer.

Takes the rows, the `Estimates` and the question; returns a ``Robustness``. After ``result`` in the flow. It describes:
there are no p-values here, and nothing is chosen by what it gives.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.specifications import (
    DELEGATES,
    SENIOR,
    SPECIFICATIONS,
    Context,
    NoEstimateError,
    specified,
)
from konbit_lessons.words import mark

ENDS = ["estimate", "conf_low", "conf_high"]
CHOICE = ["model", "outcome", "adjusted", "grouped", "interval"]
COLUMNS = ["term", "specification", *CHOICE, "own_estimate", *ENDS, "n", "reason"]
LINEAR, ALIKE = "linear probability", "what it varies by"
CHOICES = {  # specification → what it chooses; "" stands for the choice of the main answer
    "logit": ("maximum-likelihood logit", "", "", "", ""),
    "linear": (LINEAR, "", "", "", ""),
    "bootstrap": (LINEAR, "", "", ALIKE, "wild cluster bootstrap"),
    "permutation": (LINEAR, "", "", ALIKE, "permutation"),
    "gee": ("GEE logit, exchangeable", "", "", ALIKE, "Mancl–DeRouen"),
    "mixed": ("random-intercept logit", "", "", ALIKE, "delta method"),
    "fixed": (LINEAR, "", "fixed effects of the first cluster and the quarter", "", ""),
    "unadjusted": ("", "", "nothing", "", ""),
    "senior": ("", "attended with a senior delegate", "", "", ""),
    "delegates": ("fractional logit", "delegates, as a share of the most", "", "", ""),
    "imputed": ("", "", "with missing answers imputed", "", ""),
}
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
    context, main = Context(result, draws, seed), result.table
    found = {key: _answers(context, key) for key in _asked(context)}
    if imputed is not None and imputed.imputations:
        pooled = imputed.table.set_index("term")
        ends = pooled[["pooled_estimate", "pooled_low", "pooled_high"]]
        found["imputed"] = ends.T.to_dict("list"), int(pooled["pooled_n"].max())
    lines = [_line(row["term"], "main", row["reason"] or [row[end] for end in ENDS], row["n"])
             for row in main.to_dict("records")]  # fmt: skip
    for key, (answers, n) in found.items():
        lines += [_line(term, key, answers.get(term, FALLBACK), n) for term in context.terms]
    chosen = {"main": (result.method.split(", ")[0], "", "", "", ""), **CHOICES}
    choices = pd.DataFrame([chosen[line["specification"]] for line in lines], columns=CHOICE)
    return Robustness(pd.DataFrame(lines).join(choices)[COLUMNS], main, result.outcome, result.confidence)


def _asked(context):
    """The specifications that this question has; not the one that is the main answer already."""
    columns, method = context.rows.columns, context.question["method"]
    attended = context.design.formula.left == "attended"
    has = {
        method: False,
        "unadjusted": bool(context.adjusters),
        "senior": attended and SENIOR in columns,
        "delegates": attended and DELEGATES in columns,
    }
    first = ("bootstrap", "permutation") if method == "linear" else ()  # under the estimate that is theirs
    return [key for key in dict.fromkeys((*first, *SPECIFICATIONS)) if has.get(key, True)]


def _answers(context, key):
    """Term → (estimate, low, high) or a reason, and the rows used."""
    try:
        return specified(context, key)
    except NoEstimateError as problem:
        return dict.fromkeys(context.terms, problem.reason), 0
    except ModelError:
        return {}, 0


def _line(term, key, answer, n):
    reason, numbers = (answer, [np.nan] * 3) if isinstance(answer, str) else ("", answer)
    if not reason and not np.isfinite(numbers).all():
        reason, numbers = FALLBACK if np.isnan(numbers[0]) else "low_df", [np.nan] * 3
    ends = dict(zip(ENDS, map(float, numbers), strict=True))
    own = {"own_estimate": key not in ("bootstrap", "permutation")}
    return {"term": term, "specification": key, **own, **ends, "n": n, "reason": reason}

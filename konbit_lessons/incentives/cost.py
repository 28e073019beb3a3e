"""What one more attendance cost, where an incentive is an amount: with an interval that may have no end.

Takes a result and, from its rows, what was offered and what was paid; returns a frame with one row per such incentive.
For ``estimates``. The effect is that of the result, so that a price without limit and an interval that holds zero are
one and the same finding.
"""

import re

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from konbit_lessons.incentives.clusters import ClusterRobust
from konbit_lessons.incentives.formula import unknown_column

DIGITS = 2  # significant ones of a shared result
NUMBERS = ["spent", "cost", "cost_low", "cost_high", "per_amount", "per_amount_low", "per_amount_high", "step"]


def costs(result, amounts):
    r"""What one more attendance cost, and the effect per amount, of incentives that are amounts of money.

    With :math:`a` the mean paid for an invitation with the incentive, and :math:`b` the effect of the result, one more
    attendance cost :math:`a / b`. Its interval is Fieller's, the set

    .. math:: \{ r : |a - r b| \le t \, \mathrm{se}(a - r b) \}

    with t and the standard error of the result's interval, and the covariance of a and b by the same clusters. It ends
    above only where the interval of b leaves out zero; else no price is too high, since there may be no effect at all.
    What was paid to organizations that would have come anyway is part of the price.

    Parameters
    ----------
    result : Estimates
    amounts : mapping of an incentive, yes or no, to two columns of the rows: the amount offered, and what was paid (0
        where nobody came)

    Returns
    -------
    DataFrame, one row per incentive that the result tells of
        ``term``, ``label``; ``spent`` (a), ``cost``, ``cost_low``, ``cost_high``, all in the currency, and ``bound``:
        "interval"; "at least" (no upper end: ``cost_high`` is infinite); "none" (nothing can be told); "fewer" (fewer
        came with it: no price buys more). ``per_amount`` and its limits: the effect of one unit more, a proportion, of
        the same question with the amounts in place of yes and no, and the ``step`` that they usually differ by; NaN
        where that cannot be told.

    Raises
    ------
    ModelError
        The rows lack such a column.

    References
    ----------
    Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185; as confidence sets: Hirschberg and Lye
    (2010), American Statistician 64, 335-345.
    """
    asked = result.table["term"].isin(list(amounts)) & (result.table["kind"] == "offered")
    told = result.table[asked & (result.table["reason"] == "")]
    lines = [_line(result, row, *amounts[row["term"]]) for row in told.to_dict("records")]
    table = pd.DataFrame(lines, columns=["term", "label", "bound", *NUMBERS])
    if result.smallest > 1:  # as exact as the mean of some amounts may be
        table[NUMBERS] = table[NUMBERS].map(lambda number: float(f"{number:.{DIGITS}g}"))
    return table


def _line(result, row, amount, spent):
    rows, design = result.asked[0], result.answers.design
    if missing := [column for column in (amount, spent) if column not in rows]:
        raise unknown_column(missing[0], rows.columns)
    paid, offered = rows[spent].to_numpy(float)[design.order], design.terms[row["term"]].x
    a = np.average(paid, weights=design.weights * offered)
    effect, gradient = result.answers.effect(row["term"])
    V, t = _together(result.answers, gradient, (offered, paid - a), row["varies_by"])
    bound, low, high = fieller(a, effect, V, t)
    line = {"term": row["term"], "label": row["label"], "bound": bound, "spent": a, "cost_low": low, "cost_high": high}
    line["cost"] = a / effect if effect > 0 and bound != "none" else np.nan
    return line | _per_amount(result, row["term"], amount)


def _together(answers, gradient, paid, own):
    """The covariance (2, 2) of what was paid on average and of the effect, and t of the effect's interval.

    The mean is that of least squares on the one column of who was offered it, with CR2 by the same clusters.
    """
    (offered, residual), w = paid, answers.design.weights
    parts, df, _ = answers.robust.widest(gradient, confidence=answers.confidence, own=own)
    V = np.zeros((2, 2))
    for sign, robust in parts:
        mean = ClusterRobust(offered[:, None], w, w * offered * residual, robust.codes, robust.kind, 1 / w)
        both = np.hstack([mean.along([1.0]), robust.along(gradient)])
        V += sign * both.T @ both
    most = np.sqrt(max(V[0, 0], 0.0) * V[1, 1])  # a difference of covariances need not be one
    V[0, 1] = V[1, 0] = np.clip(V[0, 1], -most, most)
    return V, float(stdtrit(df, (1 + answers.confidence) / 2))


def fieller(a, b, V, t):
    """Fieller's interval of a / b for a cost a above zero: (bound, low, high), ``bound`` as of :func:`costs`.

    Examples
    --------
    10 paid, known exactly, for 2 more: between 10/3 and 10 each where 1 to 3 more came, and at least 2 where 5 more
    may have come, or none at all.

    >>> known = np.diag([0.0, 0.25])
    >>> [round(float(end), 6) for end in fieller(10.0, 2.0, known, 2.0)[1:]], fieller(10.0, 2.0, known, 6.0)[0]
    ([3.333333, 10.0], 'at least')
    """
    A, B, C = b**2 - t**2 * V[1, 1], a * b - t**2 * V[0, 1], a**2 - t**2 * V[0, 0]
    if C <= 0:  # what was paid is not told from nothing
        return "none", np.nan, np.nan
    root = np.sqrt(max(B**2 - A * C, 0.0))
    if A > 0:
        low, high = (B - root) / A, (B + root) / A
        return ("interval", low, high) if b > 0 else ("fewer", np.nan, np.nan)
    return "at least", C / (B + root), np.inf


def _per_amount(result, name, amount):
    """The effect of one unit more: the same question, with the amount in place of yes and no."""
    rows, question, _ = result.asked
    formula = re.sub(rf"\b{re.escape(name)}\b", amount, str(result.answers.design.formula))
    incentives = [amount if one == name else one for one in question["incentives"]]
    found = result.again(rows, {"formula": formula, "incentives": incentives}, by=None, permutations=0)
    table = found.shown(result.smallest).table.set_index("term")
    ends = table.loc[amount, ["estimate", "conf_low", "conf_high", "step"]]
    ends = ends if ends.notna().all() else [np.nan] * 4
    return dict(zip(("per_amount", "per_amount_low", "per_amount_high", "step"), ends, strict=True))

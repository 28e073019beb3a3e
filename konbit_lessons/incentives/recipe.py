"""The recipe: from rows and a formula to ``Estimates``. Each step is a module of this folder."""

from numbers import Real

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.clusters import KINDS
from konbit_lessons.incentives.design import CLUSTER, names_of
from konbit_lessons.incentives.estimates import answered
from konbit_lessons.incentives.fit import METHODS
from konbit_lessons.incentives.formula import by_names

QUESTION = ("formula", "incentives", "cluster", "method", "trials", "reference")  # what the design rests on


def estimate(
    formula,
    rows,
    *,
    incentives,
    cluster=CLUSTER,
    method="firth",
    covariance="CR2",
    trials=None,
    reference=None,
    by=None,
    exploratory=False,
    labels=None,
    smallest_effect=0.10,
    confidence=0.95,
    permutations=1999,
    seed=1,
):
    r"""Estimate by how much each incentive goes with the outcome, and how sure that is, from a formula.

    The effect of a yes/no incentive :math:`j` is the average marginal effect over the :math:`n` rows,

    .. math:: \frac{1}{n} \sum_i \bigl[ p(x_i, x_{ij} = 1; \hat\beta) - p(x_i, x_{ij} = 0; \hat\beta) \bigr],

    (of an amount: the mean derivative), where the incentive is changed before the formula is applied, so that its
    interactions and transformations change with it, and :math:`\hat\beta` maximizes the logit likelihood with Firth's
    penalty :math:`\tfrac12 \log |X'WX|`. Its standard error is CR2 on the score :math:`y - p` for each cluster column;
    for two, :math:`V = V_1 + V_2 - V_{12}`, never below that of the column which the incentive varies by. Degrees of
    freedom are Satterthwaite's, the smaller of the two; p-values are adjusted by Holm over the estimable incentives. An
    incentive that the rows cannot tell about (constant, collinear, separated, in too few groups, or worth fewer than 5
    degrees of freedom) keeps its row, with the reason and what can be said without a standard error.

    Parameters
    ----------
    formula : text as of statsmodels: "attended ~ refund * org_type + np.log1p(hours) + C(quarter)". The outcome is a
        yes/no column; a share from 0 to 1 ("fractional", "linear"), or a count ("binomial")
    rows : DataFrame, one row per invitation
    incentives : names of the columns of the formula that are asked about: yes/no, numbers, or text with a few kinds
        (one row per kind but the first, with the term "support_type[coaching]" and the joint test of the kinds in
        ``factors``); those that the formula leaves out are left out
    cluster : one or two names of columns within which rows move together
    method : "firth", "logit" (maximum likelihood), "linear" (least squares), "fractional" (a share as outcome: Papke
        and Wooldridge 1996) or "binomial" (so many of ``trials``)
    covariance : "CR2", "CR0", "CR1", "CR1S" or "CR3", see ``clusters.ClusterRobust``
    trials : name of the column with how many were invited, of whom the outcome counts those that took part
    reference : mapping of an incentive of several kinds to the kind that the others are compared with
    by : name of a column of few groups; ``groups`` then has the effects within each and their differences, from a model
        in which every incentive has its own effect in each group
    exploratory : p-values are adjusted by Benjamini and Hochberg, and called so, instead of Holm
    labels : mapping of a column to the words for it
    smallest_effect : proportion; a smaller effect would change nothing
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
    _check(given)
    given |= {"incentives": names_of(incentives), "cluster": names_of(cluster), "labels": labels or {}}
    question = {name: given.pop(name) for name in QUESTION}
    return answered(rows, question, given)


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


def _check(given):
    for what, known in (("method", METHODS), ("covariance", KINDS)):
        if given[what] not in known:
            raise ModelError(f"{what}: found {given[what]!r}; expected one of {', '.join(known)}.")
    whole = "a whole number, 0 or more", lambda x: x >= 0 and x == int(x)
    share = "a share between 0 and 1, such as 0.95", lambda x: 0 < x < 1
    some = "a share above 0 and at most 1, such as 0.10", lambda x: 0 < x <= 1
    numbers = {"confidence": share, "smallest_effect": some, "permutations": whole, "seed": whole}
    for what, (expected, fits) in numbers.items():
        if not isinstance(given[what], Real) or not fits(given[what]):
            raise ModelError(f"{what}: found {given[what]!r}; expected {expected}.")

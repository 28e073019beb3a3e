"""Which incentives predict participation: the estimates and the checks around them.

Takes the panel (or a study's table); returns ``Estimates``. Between ``panel`` and ``figures`` in the flow.
Read ``predict_participation`` as the recipe; each step is a module of this folder.
"""

from dataclasses import replace

from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.answers import Answers
from konbit_lessons.incentives.clusterings import clusterings
from konbit_lessons.incentives.clusters import KINDS
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import METHODS, fit_model
from konbit_lessons.incentives.groups import with_groups
from konbit_lessons.incentives.result import Estimates, report
from konbit_lessons.incentives.separation import separated_terms

__all__ = ["Estimates", "predict_participation"]


# One thread of linear algebra: the last digits do not depend on the machine, and at this size more threads only wait.
@threadpool_limits.wrap(limits=1, user_api="blas")
def predict_participation(
    rows,
    *,
    outcome="attended",
    incentives,
    adjust_for=(),
    cluster=("organization_id", "event_id"),
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
    r"""Estimate by how much each incentive goes with taking part, and how sure that is.

    The effect of a yes/no incentive :math:`j` is the average marginal effect over the :math:`n` rows,

    .. math:: \frac{1}{n} \sum_i \bigl[ p(x_i, x_{ij} = 1; \hat\beta) - p(x_i, x_{ij} = 0; \hat\beta) \bigr],

    (of an amount: the mean derivative), where :math:`\hat\beta` maximizes the logit likelihood with Firth's penalty
    :math:`\tfrac12 \log |X'WX|`. Its standard error is CR2 on the score :math:`y - p` for each cluster column; for two,
    :math:`V = V_1 + V_2 - V_{row}`, never below the larger of the two. Degrees of freedom are Satterthwaite's, the
    smaller of the two; p-values are adjusted by Holm over the estimable incentives. An incentive that the rows cannot
    tell about (constant, collinear, separated, in too few groups, or worth fewer than 5 degrees of freedom) keeps its
    row, with the reason and what can be said without a standard error.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
    outcome : name of a yes/no column; of a share from 0 to 1 ("fractional", "linear"), or of a count ("binomial")
    incentives : names of yes/no or number columns, or of text with a few kinds: one row per kind but the first, with
        the term "support_type[coaching]" and the joint test of the kinds in ``factors``
    adjust_for : names of further columns; text becomes one column per level but the first
    cluster : one or two names of columns within which rows move together
    method : "firth", "logit" (maximum likelihood), "linear" (least squares), "fractional" (a share as outcome: Papke
        and Wooldridge 1996) or "binomial" (so many of ``trials``)
    covariance : "CR2", "CR0", "CR1", "CR1S" or "CR3", see ``clusters.ClusterRobust``
    trials : name of the column with how many were invited, of whom the outcome counts those that took part
    reference : mapping of an incentive of several kinds to the kind that the others are compared with
    by : name of a column of few groups; ``groups`` then has the effects within each and their differences, from a model
        in which every incentive has its own effect in each group
    exploratory : p-values are adjusted by Benjamini and Hochberg, and called so, instead of Holm
    labels : mapping of incentive to the words for it
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
    _check(method, covariance, smallest_effect, confidence, permutations)
    question = {
        "outcome": outcome,
        "incentives": _names(incentives),
        "adjust_for": _names(adjust_for),
        "cluster": _names(cluster),
        "method": method,
        "trials": trials,
        "reference": reference,
    }
    options = {"confidence": confidence, "permutations": permutations, "seed": seed}
    said = {"labels": labels or {}, "smallest_effect": smallest_effect, "exploratory": exploratory}
    answers = _answers(build_design(rows, **question), method, covariance, options)
    result = report(answers, method=method, covariance=covariance, **said)
    result = replace(result, asked=(rows, question))
    if by is None:
        return result
    apart = _answers(build_design(rows, by=by, **question), method, covariance, options)
    return with_groups(result, apart, by=by, terms=list(answers.design.given))


def _answers(design, method, covariance, options):
    separated = separated_terms(design.X, design.y, design.names)
    if separated and method == "logit":
        raise ModelError(
            f"separated: {', '.join(separated)} tell without exception who took part, so the maximum-likelihood logit "
            'has no estimate. Use method="firth".'
        )
    penalized = separated and method in ("fractional", "binomial")
    fit = fit_model(design.X, design.y, "firth" if penalized else method, design.trials)
    return Answers(design, fit, clusterings(fit, design.clusters, covariance), separated, **options)


def _names(names):
    return (names,) if isinstance(names, str) else tuple(names)


def _check(method, covariance, smallest_effect, confidence, permutations):
    if method not in METHODS:
        raise ModelError(f"method: found {method!r}; expected one of {', '.join(METHODS)}.")
    if covariance not in KINDS:
        raise ModelError(f"covariance: found {covariance!r}; expected one of {', '.join(KINDS)}.")
    if not 0 < confidence < 1:
        raise ModelError(f"confidence: found {confidence!r}; expected a share between 0 and 1, such as 0.95.")
    if not smallest_effect > 0:
        raise ModelError(f"smallest_effect: found {smallest_effect!r}; expected a share above 0, such as 0.10.")
    if not permutations >= 0:
        raise ModelError(f"permutations: found {permutations!r}; expected 0 or more.")

"""From rows and a question to its answer: the design, the fit, the answers about each incentive, and those by group.

Takes the rows and a checked question; returns ``Answered``. What ``estimate`` and the imputations have in common.
"""

from dataclasses import replace

from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.answers import Answers
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.groups import with_groups
from konbit_lessons.incentives.result import report
from konbit_lessons.incentives.separation import separated_columns, separated_in


# One thread of linear algebra: the last digits do not depend on the machine, and at this size more threads only wait.
@threadpool_limits.wrap(limits=1, user_api="blas")
def answered(rows, question, *, options, covariance="CR2", by=None, **said):
    """Return the answer to a question.

    Parameters
    ----------
    rows : DataFrame
    question : dict, arguments of ``build_design``
    options : dict, arguments of ``Answers``: ``confidence``, ``permutations``, ``seed``
    covariance : str
    by : str, a column in whose groups the effects are told as well
    **said : ``labels``, ``smallest_effect`` and ``exploratory``, as of ``report``

    Returns
    -------
    Answered
    """
    method = question["method"]
    answers = _answers(build_design(rows, **question), method, covariance, options)
    result = replace(report(answers, method=method, covariance=covariance, **said), asked=(rows, question))
    if by is None:
        return result
    return with_groups(result, _answers(build_design(rows, by=by, **question), method, covariance, options), by=by)


def _answers(design, method, covariance, options):
    """The answers; an incentive that alone tells who took part is answered on its own, and the others without it."""
    alone = [key for key, term in design.terms.items() if _splits(term.x, design.y)]
    if not alone or len(alone) == len(design.terms) or method == "logit":
        return _fitted(design, method, covariance, options)
    whole = _fitted(design, method, covariance, options)
    rest = _fitted(design.without(alone), method, covariance, options)
    return replace(rest, aside={key: whole for key in alone})


def _splits(x, y):
    """Whether all rows with 1 lie beyond all rows with 0."""
    no, yes = x[y == 0], x[y == 1]
    return len(no) + len(yes) == len(y) and (no.max() < yes.min() or yes.max() < no.min())


def _fitted(design, method, covariance, options):
    separated = separated_columns(design.X, design.y)
    if separated and method == "logit":
        raise ModelError(
            f"separated: {', '.join(separated_in(design))} tell without exception who took part, so the "
            'maximum-likelihood logit has no estimate. Use method="firth".'
        )
    penalized = separated and method in ("fractional", "binomial")
    fit = fit_model(design.X, design.y, "firth" if penalized else method, design.trials)
    return Answers(design, fit, clusterings(fit, design.clusters, covariance), separated, **options)

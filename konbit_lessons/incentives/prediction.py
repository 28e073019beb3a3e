"""Does it predict? How well a model fitted on some organizations tells who takes part among the others.

Takes a result; returns ``Prediction``. After ``result`` in the flow: effects can be
clear where prediction is poor, and the report says both.
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives.fit import at_maximum, fit_model

FOLDS = 5
METHODS = ("firth", "logit")
SMALLEST = 1e-12  # a predicted probability is at least this far from 0 and 1, so that its logarithm is a number
NAN = float("nan")


@dataclass(frozen=True)
class Prediction:
    """How well organizations are told that the model has not seen.

    ``table``: measure (auc, brier, log_loss), ``out_of_fold``, ``base_rate`` (of predicting for everybody the share of
    the other organizations) and ``in_sample`` (of a model that has seen every row, which flatters).
    ``auc_low``, ``auc_high``: the interval of the out-of-fold AUC, by organization.
    ``calibration``: intercept (0 is best: above, more took part than predicted) and slope (1 is best: below,
    predictions are too extreme).
    """

    table: pd.DataFrame
    auc_low: float
    auc_high: float
    calibration: dict
    n: int
    groups: int
    folds: int


def prediction(result, *, folds=FOLDS, confidence=0.95):
    """How well the model tells who takes part, among organizations that it has not seen.

    The organizations are put into folds (:func:`folds_of`); for each, the model is fitted on the others and predicts
    its rows. Folds by row would flatter, because a model can learn an organization by heart. Columns that cannot be
    told apart within the other folds are left out there. In R: a loop over ``glm(…, subset = fold != k)``, with
    ``pROC::roc`` and ``pROC::ci.auc`` for the AUC.

    Parameters
    ----------
    result : Estimates, by "firth" or "logit"; the groups of its first cluster stay whole
    folds : at least 2, at most as many as there are organizations
    confidence : of the interval of the AUC

    Returns
    -------
    Prediction

    Raises
    ------
    ModelError
        The rows do not allow an analysis, or in all but one fold everybody or nobody took part.
    """
    design, method = result.answers.design, result.asked[1]["method"]
    if method not in METHODS:
        raise ModelError(message("no_probability", method=method, known=", ".join(METHODS)))
    X, y, codes = design.X, design.y, design.clusters[design.first]
    fold = folds_of(codes, folds)
    p, base = np.empty(len(y)), np.empty(len(y))
    for one in range(folds):
        p[fold == one], base[fold == one] = _predicted(X, y, fold != one, method, one)
    seen = expit(X @ fit_model(X, y, method).coefficients)
    area, std_error = auc(y, p, codes)
    reach = norm.ppf((1 + confidence) / 2) * std_error
    told = {"out_of_fold": quality(y, p), "base_rate": quality(y, base) | {"auc": 0.5}, "in_sample": quality(y, seen)}
    table = pd.DataFrame(told).rename_axis("measure").reset_index()
    low, high, groups = max(0.0, area - reach), min(1.0, area + reach), int(codes.max()) + 1
    return Prediction(table, low, high, calibration(y, p), len(y), groups, folds)


def folds_of(groups, folds=FOLDS):
    """The fold, 0 to ``folds`` − 1, of each row, such that a group stays whole.

    The sorted groups are dealt out in turn, so that folds are equal to within one group,
    and do not depend on the order of the rows.

    Raises
    ------
    ModelError
        Fewer than 2 folds, or more than groups.

    Examples
    --------
    >>> folds_of(["b", "a", "b", "c"], 2).tolist()
    [1, 0, 1, 0]
    """
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    if not 2 <= folds <= len(names):
        raise ModelError(message("folds", folds=folds, groups=len(names)))
    return codes.ravel() % folds


def quality(y, p):
    r"""How well probabilities p foretell y: AUC, Brier score and log loss.

    The AUC is the chance that of two rows, one with 1 and one with 0, the former has the higher p (½ for a tie);
    the Brier score :math:`\frac1n \sum (p_i - y_i)^2`; the log loss
    :math:`-\frac1n \sum y_i \log p_i + (1 - y_i) \log (1 - p_i)`. The lower the
    better, but for the AUC. Brier (1950), Monthly Weather Review 78, 1-3. In R: ``pROC::auc``,
    ``mean((p - y)^2)``.

    Returns
    -------
    dict : auc, brier, log_loss

    Examples
    --------
    Of the two pairs one is in the right order, one tied.

    >>> told = quality(np.array([0.0, 1.0, 0.0]), np.array([0.25, 0.5, 0.5]))
    >>> told["auc"], round(told["brier"] * 48, 9)
    (0.75, 9.0)
    """
    kept = np.clip(p, SMALLEST, 1 - SMALLEST)
    loss = -(y * np.log(kept) + (1 - y) * np.log1p(-kept)).mean()
    return {"auc": auc(y, p)[0], "brier": float(((p - y) ** 2).mean()), "log_loss": float(loss)}


def auc(y, p, groups=None):
    r"""The area under the ROC curve, and its standard error when rows of one group go together.

    With :math:`V_i` the share of rows of the other outcome that row i is on the right side of (½ for a tie), summed
    over each group's rows with 1, :math:`V_{1g} - n_{1g} A`, and with 0, :math:`V_{0g} - n_{0g} A`:

    .. math:: \frac{G_1}{(G_1 - 1) n_1^2} \sum_g V_{1g}^2 + \frac{G_0}{(G_0 - 1) n_0^2} \sum_g V_{0g}^2
              + \frac{2 G}{(G - 1) n_1 n_0} \sum_g V_{1g} V_{0g}

    Obuchowski (1997), Biometrics 53, 567-578; each row its own group, it is that of DeLong, DeLong and Clarke-Pearson
    (1988), Biometrics 44, 837-845, in R ``sqrt(pROC::var(pROC::roc(y, p)))``.

    Parameters
    ----------
    y : array (n,) of 0 and 1, both of them there
    p : array (n,)
    groups : array (n,) of int from 0; None for each row on its own

    Returns
    -------
    area, std_error : float
        The standard error is NaN where fewer than two groups have a 1, or a 0.

    Examples
    --------
    Two of each: of four pairs three are in the right order. V is ½ and 1 for the ones, 1 and ½ for the zeros, so the
    variance is (1/16 + 1/16) · 2 / 4, twice.

    >>> area, std_error = auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.3, 0.8]))
    >>> area, round(std_error**2, 9)
    (0.75, 0.125)
    """
    one = y == 1
    n1, n0 = int(one.sum()), int((~one).sum())
    if min(n1, n0) == 0:
        raise ModelError("auc: everybody or nobody took part, so no two rows can be compared.")
    beaten = np.empty(len(y))
    ranks = rankdata(p)
    beaten[one] = (ranks[one] - rankdata(p[one])) / n0
    beaten[~one] = 1 - (ranks[~one] - rankdata(p[~one])) / n1
    area = float(beaten[one].mean())
    codes = np.arange(len(y)) if groups is None else np.asarray(groups)
    G = int(codes.max()) + 1
    off = beaten - area
    first, second = (np.bincount(codes, off * side, G) for side in (one, ~one))
    with_one, with_zero = (len(np.unique(codes[side])) for side in (one, ~one))
    if min(with_one, with_zero) < 2:
        return area, NAN
    variance = with_one / (with_one - 1) * (first**2).sum() / n1**2
    variance += with_zero / (with_zero - 1) * (second**2).sum() / n0**2
    variance += 2 * G / (G - 1) * (first @ second) / (n1 * n0)
    return area, float(np.sqrt(max(variance, 0.0)))


def calibration(y, p):
    """Whether predicted shares come true: the intercept and the slope of y on the log-odds of p.

    ``slope``: of the logit of y on logit(p); 1 is best, below it predictions are too extreme. ``intercept``: of the
    same with the slope held at 1; 0 is best. Cox (1958), Biometrika 45, 562-565. In R: ``glm(y ~ qlogis(p), binomial)``
    and ``glm(y ~ 1, binomial, offset = qlogis(p))``.

    Returns
    -------
    dict : intercept, slope; NaN where it does not exist (all predictions are the same, or tell without exception)

    Examples
    --------
    Of four rows with ½ predicted, one took part: the log-odds are too high by log 3; one prediction has no slope.

    >>> {name: round(value, 6) for name, value in calibration(np.array([1.0, 0, 0, 0]), np.full(4, 0.5)).items()}
    {'intercept': -1.098612, 'slope': nan}
    """
    eta, ones = logit(np.clip(p, SMALLEST, 1 - SMALLEST)), np.ones((len(y), 1))
    shift = at_maximum(ones, y, "calibration", offset=eta)[0]
    slope = NAN
    if np.ptp(eta) > 1e-9:
        with suppress(ModelError):  # separated: the predictions tell without exception
            slope = float(fit_model(np.column_stack([ones, eta]), y, "logit").coefficients[1])
    return {"intercept": float(shift), "slope": slope}


def _predicted(X, y, others, method, fold):
    """The probabilities of the rows of one fold from a model of the other rows, and the share of those."""
    if np.ptp(y[others]) == 0:
        raise ModelError(f"fold {fold + 1}: in all the others everybody or nobody took part. Ask for fewer folds.")
    scale = np.linalg.norm(X[others], axis=0)
    _, R = np.linalg.qr(X[others] / np.where(scale > 0, scale, 1.0))
    kept = np.flatnonzero(np.abs(np.diag(R)) > 1e-7)  # the columns that those before them do not give
    fit = fit_model(X[others][:, kept], y[others], method)
    return expit(X[~others][:, kept] @ fit.coefficients), y[others].mean()

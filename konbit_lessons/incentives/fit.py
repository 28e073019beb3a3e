"""The fitted model: Firth-penalized logit, maximum-likelihood logit, or linear probability.

Takes a ``Design``; returns a ``Fit`` with what the effects and the cluster-robust covariance need. The only module that
imports firthmodels and statsmodels. Columns are centred and scaled for the iterations only; coefficients are reported
on the scale of the data.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from konbit_lessons.errors import ModelError
from konbit_lessons.words import mark

TOLERANCE = 1e-8  # of firthmodels: its default, 1e-4, gives 4.8 digits
METHODS = {"firth": mark("Firth logit"), "logit": mark("Logit"), "linear": mark("Linear probability")}


@dataclass(frozen=True)
class Fit:
    """A fitted model: ``coefficients`` (k,) of ``X`` (n, k); ``weights`` p(1−p), or 1; ``score`` y − p, each (n,).

    ``log_likelihood`` is the penalized one for Firth, l + ½ log|X'WX|, up to the scale of the columns.
    """

    method: str
    X: np.ndarray
    coefficients: np.ndarray
    weights: np.ndarray
    score: np.ndarray

    @property
    def is_linear(self):
        return self.method == "linear"


def fit_model(X, y, method):
    """Fit one of ``METHODS`` on a full-rank X whose first column is the intercept.

    Firth (1993): the maximum of l(β) + ½ log|X'WX|; in R ``glm(..., method = "brglmFit", type = "AS_mean")`` or
    ``logistf(..., control = logistf.control(xconv = 1e-8))``. Logit: ``glm(..., binomial)``. Linear: ``lm(...)``.

    Raises
    ------
    ModelError
        When the iterations do not converge.

    Examples
    --------
    With only an intercept, Firth's estimate is the logit of (k + ½) / (n + 1): for 1 of 2, of 1.5 / 3, which is 0.

    >>> X = np.ones((2, 1))
    >>> abs(round(float(fit_model(X, np.array([0.0, 1.0]), "firth").coefficients[0]), 9))
    0.0
    >>> round(float(fit_model(np.ones((4, 1)), np.array([0.0, 0.0, 0.0, 1.0]), "linear").coefficients[0]), 9)
    0.25
    """
    Z, back = standardized(X)
    beta = back @ {"firth": _firth, "logit": _logit, "linear": _linear}[method](Z, y)
    if method == "linear":
        return Fit(method, X, beta, np.ones(len(y)), y - X @ beta)
    p = expit(X @ beta)
    return Fit(method, X, beta, p * (1 - p), y - p)


def standardized(X, *, centred=True):
    """Z, centred and scaled except for the intercept, and the matrix that turns its coefficients into those of X."""
    mean, spread = X.mean(axis=0) * centred, X.std(axis=0)
    mean[0], spread[0] = 0.0, 1.0
    back = np.diag(1 / spread)
    back[0] -= mean / spread
    return (X - mean) / spread, back


def _firth(Z, y):
    from firthmodels import FirthLogisticRegression  # brings scikit-learn: half a second, not at import

    if Z.shape[1] == 1:  # closed form; firthmodels needs a column besides the intercept
        return np.array([np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))])
    # Full steps first: near the maximum the halving compares likelihoods that differ by rounding only, and stalls.
    for halvings in (0, 50):
        model = FirthLogisticRegression(
            backend="numpy", gtol=TOLERANCE, xtol=TOLERANCE, max_iter=200, max_halfstep=halvings
        )
        try:
            _strictly(lambda model=model: model.fit(Z[:, 1:], y), "Firth logit")
        except ModelError:
            if halvings:
                raise
        else:
            break
    return np.concatenate([[model.intercept_], model.coef_])


def _logit(Z, y):
    from statsmodels.discrete.discrete_model import Logit  # a second to import

    return _strictly(lambda: Logit(y, Z).fit(method="newton", maxiter=100, tol=1e-10, disp=0).params, "logit")


def _linear(Z, y):
    from statsmodels.regression.linear_model import OLS

    return OLS(y, Z).fit(method="qr").params


def _strictly(run, what):
    """Run a fit; a warning of the library, such as one that it did not converge, is an error here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return run()
    except (Warning, np.linalg.LinAlgError) as problem:
        raise ModelError(f"the {what} did not converge ({problem}) Name fewer columns in adjust_for.") from problem

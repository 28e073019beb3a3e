"""The fitted model: Firth-penalized logit, maximum-likelihood logit (of a yes or no, a share, or counts), or linear.

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
METHODS = {
    "firth": mark("Firth logit"),
    "logit": mark("Logit"),
    "linear": mark("Linear probability"),
    "fractional": mark("Fractional logit"),
    "binomial": mark("Binomial logit"),
}


@dataclass(frozen=True)
class Fit:
    """A fitted model: ``coefficients`` (k,) of ``X`` (n, k); ``weights`` p(1−p), or 1; ``score`` y − p, each (n,).

    Of counts, k of m: ``trials`` m, ``weights`` mp(1−p), ``score`` k − mp, and ``variances`` p(1−p)/m of the share.
    """

    method: str
    X: np.ndarray
    coefficients: np.ndarray
    weights: np.ndarray
    score: np.ndarray
    trials: np.ndarray | None = None

    @property
    def is_linear(self):
        return self.method == "linear"

    @property
    def variances(self):
        return None if self.trials is None else self.weights / self.trials**2


def fit_model(X, y, method, trials=None):
    """Fit one of ``METHODS`` on a full-rank X whose first column is the intercept.

    y is 0 or 1, or a share; with ``trials`` (n,) it is the share of so many. Σ m[yη − log(1 + e^η)] is maximized,
    m = 1 without trials: for a share this is the quasi-likelihood of Papke & Wooldridge (1996), whose standard errors
    must be robust, as they are here; in R ``glm(share ~ …, quasibinomial)`` and ``glm(cbind(k, m - k) ~ …, binomial)``.

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

    Shares ½ of 1 and ¾ of 4: as counts 3.5 of 5, log(7/3); as two shares, ⅝ on average, log(5/3).

    >>> X, y = np.ones((2, 1)), np.array([0.5, 0.75])
    >>> counts, shares = fit_model(X, y, "binomial", np.array([1.0, 4.0])), fit_model(X, y, "fractional")
    >>> [round(float(np.exp(fit.coefficients[0])), 9) for fit in (counts, shares)]
    [2.333333333, 1.666666667]
    """
    Z, back = standardized(X)
    m = np.ones(len(y)) if trials is None else trials
    if method == "linear":
        beta = back @ _linear(Z, y)
        return Fit(method, X, beta, np.ones(len(y)), y - X @ beta)
    if method == "firth" and trials is None and np.isin(y, (0.0, 1.0)).all():
        beta = back @ _firth(Z, y)
    else:
        beta = back @ _scored(Z, y, m, penalty=0.5 if method == "firth" else 0.0, what=METHODS[method])
    p = expit(X @ beta)
    return Fit(method, X, beta, m * p * (1 - p), m * (y - p), trials)


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


def _scored(Z, y, m, *, penalty, what):
    """Fisher scoring on Z'[m(y − p) + 2c·h(½ − p)], h the leverages; c = ½ is Firth's penalty, 0 none."""
    beta, last = np.zeros(Z.shape[1]), np.inf
    for _ in range(200):
        p = expit(Z @ beta)
        root = Z * np.sqrt(m * p * (1 - p))[:, None]
        Q, R = np.linalg.qr(root)
        score = Z.T @ (m * (y - p) + penalty * (Q**2).sum(axis=1) * (1 - 2 * p))
        if not np.abs(np.diag(R)).min() > 1e-10 * np.abs(np.diag(R)).max():
            break
        step = np.linalg.solve(R, np.linalg.solve(R.T, score))
        moved = np.abs(Z @ step).max()
        if moved < 1e-12 or (moved < TOLERANCE and moved >= last):  # below that rounding only moves it about
            return beta
        beta, last = beta + step * min(1.0, 5.0 / moved), moved
    raise ModelError(f"the {what} did not converge. Name fewer columns in adjust_for.")


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

"""The fitted model: Firth-penalized logit, maximum-likelihood logit (of a yes or no, a share, or counts), or linear.

Takes the matrices of a ``Design``; returns a ``Fit`` with what the effects and the cluster-robust covariance need.
Iterations are in orthonormal coordinates; coefficients are reported on the scale of the data. Separation, a term that
predicts participation without exception, is looked for before any fit, because programs do not raise: statsmodels
reports ``converged=True`` and, with cluster errors, p = 0.
"""

import warnings
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize, root
from scipy.special import expit

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.clusters import KINDS
from konbit_lessons.incentives.contrasts import IDENTITY, LOG, LOGIT, Link
from konbit_lessons.incentives.formula import label
from konbit_lessons.incentives.used import NUMBERS, within
from konbit_lessons.words import mark

TOLERANCE = 1e-8  # of firthmodels: its default, 1e-4, gives 4.8 digits
TIGHT = 1e-10  # of a score or a step of one's own iterations
METHODS = {"firth": mark("Firth logit"), "logit": mark("Logit"), "linear": mark("Linear probability")}
METHODS |= {"fractional": mark("Fractional logit"), "binomial": mark("Binomial logit"), "poisson": mark("Poisson")}
MEASURED = mark("Least squares")  # what "linear" is called where the outcome is neither yes or no nor a share


@dataclass(frozen=True)
class Fit:
    """A fitted model: ``coefficients`` (k,) of ``X`` (n, k); ``weights`` p(1−p), or 1; ``score`` y − p, each (n,).

    Of counts, k of ``trials`` m: ``weights`` mp(1−p), ``score`` k − mp, and ``variances`` p(1−p)/m of the share.
    ``strata`` (n, S) or None: what ``used.within`` took out of ``X``.
    """

    method: str
    X: np.ndarray
    coefficients: np.ndarray
    weights: np.ndarray
    score: np.ndarray
    trials: np.ndarray
    link: Link = LOGIT
    strata: object = None

    @property
    def is_linear(self):
        """Whether effects are coefficients, as by least squares."""
        return self.link is IDENTITY

    @property
    def variances(self):
        """The variance of each share, (n,)."""
        return self.weights / self.trials**2


def check_options(given):
    """Check the options of an analysis by name: method, covariance, confidence, smallest effect, shuffles, seed.

    Raises
    ------
    ModelError
        One of them is none of those there are, or out of its range.
    """
    for what, known in (("method", METHODS), ("covariance", KINDS)):
        if given[what] not in known:
            raise ModelError(f"{what}: found {given[what]!r}; expected one of {', '.join(known)}.")
    whole = "a whole number, 0 or more", lambda x: x >= 0 and x == int(x)
    share = "a share between 0 and 1, such as 0.95", lambda x: 0 < x < 1
    some = "a share above 0 and at most 1, such as 0.10", lambda x: 0 < x <= 1
    numbers = {"confidence": share, "smallest_effect": some, "permutations": whole, "seed": whole}
    if given["smallest_effect"] is None or (given["method"] in NUMBERS and given["smallest_effect"] > 0):
        del numbers["smallest_effect"]
    for what, (expected, fits) in numbers.items():
        if not isinstance(given[what], Real) or not fits(given[what]):
            raise ModelError(f"{what}: found {given[what]!r}; expected {expected}.")


def fit_model(X, y, method, trials=None, strata=None):
    """Fit one of ``METHODS`` on a full-rank X.

    y is 0 or 1, or a share; with ``trials`` (n,) it is the share of so many. Σ m[yη − log(1 + e^η)] is maximized,
    m = 1 without trials: for a share this is the quasi-likelihood of Papke & Wooldridge (1996), whose standard errors
    must be robust, as they are here; in R ``glm(share ~ …, quasibinomial)`` and ``glm(cbind(k, m - k) ~ …, binomial)``.

    Firth (1993): the maximum of l(β) + ½ log|X'WX|; in R ``glm(..., method = "brglmFit", type = "AS_mean")`` or
    ``logistf(..., control = logistf.control(xconv = 1e-8))``. Logit: ``glm(..., binomial)``. Linear: ``lm(...)``.
    Poisson: of counts, and of anything from 0 on, whose standard errors must be robust; ``glm(..., quasipoisson)``.
    ``strata``, of linear only: those of ``used.within``, as if each had a column; the intercept is that of their mean.

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
    m = np.ones(len(y)) if trials is None else trials
    X, root = within(X, m, strata), np.sqrt(m)[:, None]
    Z, back = orthonormal(X * root if method == "linear" else X)
    if method == "linear":
        beta = back @ (Z.T @ (root[:, 0] * y)) / len(y)
        return Fit(method, X, beta, m, m * within(y - X @ beta, m, strata), m, IDENTITY, strata)
    family = "Poisson" if method == "poisson" else "Binomial"
    beta = back @ (_firth(Z, y, m) if method == "firth" else at_maximum(Z, y, METHODS[method], family, var_weights=m))
    if method == "poisson":
        mean = np.exp(X @ beta)
        return Fit(method, X, beta, m * mean, m * (y - mean), m, LOG)
    p = expit(X @ beta)
    return Fit(method, X, beta, m * p * (1 - p), m * (y - p), m)


def orthonormal(X, last=None):
    """Z with Z'Z = n·I that spans X, and the matrix ``back`` that turns coefficients of Z into those of X.

    What is maximized does not depend on the coordinates, and iterations in these are not hurt by units, origins or
    columns that nearly repeat each other. The coefficient of column ``last`` of X is a multiple of Z's last one alone.
    """
    n, k = X.shape
    order = np.arange(k) if last is None else np.append(np.delete(np.arange(k), last), last)
    Q, R = np.linalg.qr(X[:, order])
    back = np.empty((k, k))
    back[order] = np.linalg.inv(R) * np.sqrt(n)
    return Q * np.sqrt(n), back


def penalized(Z, data, beta):
    """l + ½ log|Z'WZ|, the modified score Z'(m(y − p) + h(½ − p)), and Z'WZ, of shares y of m."""
    y, m = data
    eta = Z @ beta
    p = expit(eta)
    rooted = Z * np.sqrt(m * p * (1 - p))[:, None]
    information = rooted.T @ rooted
    try:
        root = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:  # so far out that rounding leaves no information: as low as can be
        return -np.inf, np.zeros(len(beta)), np.eye(len(beta))
    leverage = (solve_triangular(root, rooted.T, lower=True) ** 2).sum(axis=0)
    height = m @ (y * eta - np.logaddexp(0, eta)) + np.log(np.diag(root)).sum()
    return height, Z.T @ (m * (y - p) + leverage * (0.5 - p)), information


def maximized(Z, data, beta, count):
    """The first ``count`` coefficients at their best: (coefficients, penalized likelihood, its score)."""
    height, score, information = penalized(Z, data, beta)
    for _ in range(50):
        if not count or np.abs(score[:count]).max() < TIGHT:
            return beta, height, score
        step = np.zeros(len(beta))
        step[:count] = np.linalg.solve(information[:count, :count], score[:count])
        step *= min(1.0, 5.0 / np.abs(step).max())
        for _ in range(30):
            trial = penalized(Z, data, beta + step)
            gain = (trial[0] - height) / (1 + abs(height))
            # near the maximum heights differ by rounding only: there the score decides, or too long a step would swing
            if gain > 1e-6 or (gain > -1e-11 and np.abs(trial[1][:count]).max() < 0.9 * np.abs(score[:count]).max()):
                break
            step /= 2
        else:
            break
        beta, (height, score, information) = beta + step, trial
        if np.abs(step).max() < 1e-12:
            return beta, height, score
    return _climbed(Z, data, beta, count)


def _climbed(Z, data, beta, count):
    """The same by BFGS, where scoring creeps: of a term that tells without exception, its steps are far too short.

    Heights near the maximum differ by rounding only, so that the last digits are those of a root of the score.
    """

    def falling(values):
        height, score, _ = penalized(Z, data, np.append(values, beta[count:]))
        return -height, -score[:count]

    found = minimize(falling, beta[:count], method="BFGS", jac=True, options={"gtol": TIGHT})
    near = root(lambda values: falling(values)[1], found.x, tol=TIGHT).x
    place = np.append(min(found.x, near, key=lambda values: np.abs(falling(values)[1]).max()), beta[count:])
    return place, *penalized(Z, data, place)[:2]


def _firth(Z, y, m):
    """By firthmodels; a share is some rows with 1 and some with 0, weighted. Where it creeps, by ``maximized``."""
    from firthmodels import FirthLogisticRegression  # brings scikit-learn: half a second, not at import

    some, none = m * y > 0, m * (1 - y) > 0
    rows, labels = np.concatenate([Z[some], Z[none]]), np.repeat([1.0, 0.0], [some.sum(), none.sum()])
    weights = np.concatenate([(m * y)[some], (m * (1 - y))[none]])
    options = {"gtol": TOLERANCE, "xtol": TOLERANCE, "max_iter": 50, "max_halfstep": 0, "fit_intercept": False}
    model = FirthLogisticRegression(backend="numpy", **options)
    try:
        return strictly(lambda: model.fit(rows, labels, weights), "Firth logit").coef_
    except ModelError:
        beta, _, score = maximized(Z, (y, m), np.zeros(Z.shape[1]), Z.shape[1])
        if not np.abs(score).max() < 1e-5:  # what rounding leaves of a score near the maximum is far smaller
            raise
        return beta


def at_maximum(X, y, what, family="Binomial", **given):
    """Coefficients of statsmodels' GLM of a family."""
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    model = GLM(y, X, family=getattr(families, family)(), **given)
    return strictly(lambda: model.fit(tol=1e-11, tol_criterion="params", maxiter=100), what).params


def strictly(run, what):
    """Run a fit; a warning of the library, such as one that it did not converge, is an error here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return run()
    except (Warning, np.linalg.LinAlgError) as problem:
        raise ModelError(f"the {what} did not converge ({problem}) Name fewer columns in adjust_for.") from problem


def separated_columns(X, y):
    """Positions of the columns whose maximum-likelihood estimate does not exist (is infinite).

    Those are found by a linear programme: Konis (2007); R's ``detectseparation::detect_separation``, here that of
    firthmodels, which is asked only where Newton's method finds no maximum. A share is some that did and some that did
    not.

    Examples
    --------
    All who had it took part; of the others, half did.

    >>> X = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    >>> separated_columns(X, np.array([0.0, 1.0, 1.0]))
    (1,)
    """
    if _has_maximum(X, y):
        return ()
    from firthmodels import detect_separation  # brings scikit-learn: half a second, not at import

    scaled = X / np.maximum(np.abs(X).max(axis=0), 1e-300)
    yes, no = (np.insert(scaled[some], X.shape[1], one, axis=1) for some, one in ((y > 0, 1), (y < 1, 0)))
    rows = np.unique(np.concatenate([yes, no]), axis=0)
    found = detect_separation(rows[:, :-1], rows[:, -1], fit_intercept=False)
    return tuple(int(j) for j in np.flatnonzero(~found.is_finite))


def separated_in(design):
    """Names of the terms of a ``Design`` that are separated; without any, of its other columns that are."""
    columns = {*separated_columns(design.X, design.y)}
    terms = [key for key in design.fitted if columns & {*design.contrast(key).columns}]
    return tuple(terms or [label(design.names[j]) for j in sorted(columns)])


def _has_maximum(X, y, steps=30):
    """Whether Newton's method settles. A separated term moves on by about 1 a step; then the programme must decide."""
    Z, _ = orthonormal(X)
    beta = np.zeros(Z.shape[1])
    for _ in range(steps):
        p = expit(Z @ beta)
        information = (Z * (p * (1 - p))[:, None]).T @ Z
        if np.linalg.cond(information) > 1e12:
            return False
        step = np.linalg.solve(information, Z.T @ (y - p))
        moved = np.abs(Z @ step).max()
        if moved < 1e-6:
            return True
        beta += step * min(1.0, 5.0 / moved)
    return False

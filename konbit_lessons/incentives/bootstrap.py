"""The wild cluster bootstrap of a linear probability model: an interval that no formula for a standard error supports.

Takes a design, the outcome, the group of each row and one column; returns a ``WildBootstrap``. Beside ``clusters`` in
the flow, for ``robustness``. Residuals change sign together within a group, so a draw needs the groups' sums only:
products of draws × groups, never of draws × rows.
"""

from dataclasses import dataclass

import numpy as np

FEW = 12  # groups; with fewer, two signs make too few different draws, and Webb's six weights take their place
WEBB = np.sqrt([0.5, 1.0, 1.5])
BATCH = 2_000_000  # numbers in one batch of draws: 16 MB
ROUNDING = 1e-9  # two t statistics this close, relative to their size, are equal


@dataclass(frozen=True)
class WildBootstrap:
    """The effect of one column and what the bootstrap says of it.

    estimate : least squares. std_error : CR1, which makes the t statistic. p_value : that the effect is zero.
    conf_low, conf_high : effects that are not refused; infinite where the groups are too few to refuse any. draws.
    """

    estimate: float
    std_error: float
    p_value: float
    conf_low: float
    conf_high: float
    draws: int


def wild_bootstrap(X, y, codes, column, *, confidence=0.95, draws=999, seed=1, weights=None):
    r"""Test one coefficient of a least-squares fit by the wild cluster bootstrap with the null imposed (WCR).

    With the residuals :math:`\tilde u_g` of group g in the fit where the coefficient is its hypothesized value, each
    draw is :math:`y_g^* = X_g \tilde\beta + v_g \tilde u_g`, :math:`v_g` one random weight for the whole group, and
    :math:`p = (1 + \#\{|t^*| \ge |t|\}) / (draws + 1)`. Where all sign vectors are no more than ``draws``, each is
    taken once and p is their share. The interval holds the values that are not refused; numerator and variance of t*
    are polynomials in the value, so that looking for its ends needs no new draws.

    Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90, 414-427; Webb's weights for few groups:
    Webb (2023), Canadian Journal of Economics 56, 839-858; MacKinnon and Webb (2018), Econometrics Journal 21, 114-135;
    the algebra: Roodman, MacKinnon, Nielsen and Webb (2019), Stata Journal 19, 4-60. In R:
    ``fwildclusterboot::boottest(lm(…), param, clustid, B = 999, impose_null = TRUE)``; in Stata ``boottest``.

    Parameters
    ----------
    X : array (n, k), full rank
    y : array (n,)
    codes : array (n,) of int from 0, the group of each row
    column : int, position in X
    draws : number of draws
    weights : "rademacher" (signs) or "webb"; by default Webb's with fewer than 12 groups

    Returns
    -------
    WildBootstrap

    Examples
    --------
    Three groups of one row with outcomes 1, 2 and 3, a constant: of the 8 sign vectors only (+ + +) and (− − −) give a
    mean as far from 0, so p is 2 / 8.

    >>> found = wild_bootstrap(np.ones((3, 1)), np.array([1.0, 2, 3]), np.arange(3), 0, weights="rademacher")
    >>> found.estimate, found.p_value, found.draws
    (2.0, 0.25, 8)
    """
    groups = int(codes.max()) + 1
    kind = weights or ("webb" if groups < FEW else "rademacher")
    every = kind == "rademacher" and 2**groups <= draws
    signs = 1.0 - 2.0 * ((np.arange(2**groups)[:, None] >> np.arange(groups)) & 1) if every else None
    batches = [signs] if every else _drawn(kind, draws, groups, seed)
    null = _Null(X, y, codes, column, batches, 0 if every else 1)
    small = groups / (groups - 1) * (len(y) - 1) / (len(y) - X.shape[1])
    std_error = np.sqrt(small * null.spread)
    low, high = (null.end(side * std_error, 1 - confidence) for side in (-1, 1))
    return WildBootstrap(float(null.estimate), float(std_error), null.p_value(0.0), low, high, null.count)


class _Null:
    """The draws under any hypothesized value b: t* = (n_y − b n_x) / √(q_yy − 2b q_xy + b² q_xx).

    With B an orthonormal basis of X and w the weights that make the estimate w'y: ``score`` (2, G) Σ w e and ``basis``
    (2, G, k) Σ B e of each group, for e the part of y, and of the column, that the other columns do not give; ``along``
    (G, k) Σ B w; ``spread`` the sum of the groups' squared scores at the estimate, the CR0 variance.
    """

    def __init__(self, X, y, codes, column, batches, extra):
        others, _ = np.linalg.qr(np.delete(X, column, axis=1))
        e_y, e_x = (v - others @ (others.T @ v) for v in (y, X[:, column]))
        size = e_x @ e_x
        w, B = e_x / size, np.column_stack([others, e_x / np.sqrt(size)])

        def sums(values):
            return np.stack([np.bincount(codes, part) for part in values.T], axis=1)

        self.estimate, self.extra = w @ e_y, extra
        self.score = sums(np.column_stack([w * e_y, w * e_x])).T
        self.basis, self.along = [sums(B * e[:, None]) for e in (e_y, e_x)], sums(B * w[:, None])
        self.spread = float(((self.score[0] - self.estimate * self.score[1]) ** 2).sum())
        self.n_y, self.n_x, self.q_yy, self.q_xy, self.q_xx = np.hstack([self._moments(V) for V in batches])
        self.count = len(self.n_y)

    def _moments(self, V):
        a_y, a_x = (V * score - (V @ basis) @ self.along.T for score, basis in zip(self.score, self.basis, strict=True))
        squares = ((a * b).sum(axis=1) for a, b in ((a_y, a_y), (a_y, a_x), (a_x, a_x)))
        return np.stack([V @ self.score[0], V @ self.score[1], *squares])

    def p_value(self, b):
        """The share of draws at least as far from b as the estimate, in t."""
        far = (self.n_y - b * self.n_x) ** 2 * self.spread
        here = (self.estimate - b) ** 2 * (self.q_yy - 2 * b * self.q_xy + b**2 * self.q_xx)
        return float((self.extra + (far >= here * (1 - ROUNDING)).sum()) / (self.extra + self.count))

    def end(self, step, level):
        """The value farthest from the estimate, in steps of this size and then by halving, that is not refused."""
        inside, reach = 0.0, 1.0
        while self.p_value(self.estimate + reach * step) >= level:
            inside, reach = reach, reach * 1.5
            if reach > 1000:
                return float(np.copysign(np.inf, step))
        for _ in range(40):
            middle = (inside + reach) / 2
            refused = self.p_value(self.estimate + middle * step) < level
            inside, reach = (inside, middle) if refused else (middle, reach)
        return float(self.estimate + inside * step)


def _drawn(kind, draws, groups, seed):
    rng, size = np.random.default_rng(seed), max(BATCH // groups, 1)
    values = np.array([-1.0, 1.0]) if kind == "rademacher" else np.concatenate([-WEBB, WEBB])
    for start in range(0, draws, size):
        yield rng.choice(values, (min(size, draws - start), groups))

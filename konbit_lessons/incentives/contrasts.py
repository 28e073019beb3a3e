"""What an incentive changes in the design, and the average marginal effect: the difference in the share that came.

Takes the matrix that a formula makes of a frame, and a column; returns a ``Contrast``, whose effect and gradient give
the standard error (delta method). Interactions and transformations follow, since the column is changed before the
formula is applied.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives.formula import mentions, unquoted


class Link(NamedTuple):
    """The inverse of a link, μ = g⁻¹(η), with its first and second derivative."""

    inverse: object
    slope: object
    bend: object


def _slope(eta):
    return expit(eta) * expit(-eta)


def _bend(eta):
    return _slope(eta) * (1 - 2 * expit(eta))


LOGIT, IDENTITY = Link(expit, _slope, _bend), Link(np.positive, np.ones_like, np.zeros_like)
LOG = Link(np.exp, np.exp, np.exp)


@dataclass(frozen=True)
class Contrast:
    """A change of one column of the rows, as rows of the design.

    base : array (m, k), the design without it (of an amount: as it is)
    step : array (k,) or (m, k), what is added with it (of an amount: the derivative, per unit)
    offered : whether it is offered or not, or a kind of several, rather than an amount
    columns : positions of the columns that it changes
    weights : array (m,), of the rows in an average; None where all are alike
    """

    base: np.ndarray
    step: np.ndarray
    offered: bool
    columns: tuple
    weights: np.ndarray | None = None

    @property
    def mean_step(self):
        """The change on average, (k,): a contrast of the coefficients."""
        return self.step if self.step.ndim == 1 else self.mean(self.step)

    @property
    def is_plain(self):
        """Whether one coefficient is the whole of it."""
        return self.step.ndim == 1 and np.count_nonzero(self.step) == 1 and self.step[list(self.columns)].sum() == 1

    def among(self, rows):
        """The same over these rows only; ``rows`` a boolean array (m,)."""
        step = self.step if self.step.ndim == 1 else self.step[rows]
        weights = None if self.weights is None else self.weights[rows]
        return Contrast(self.base[rows], step, self.offered, self.columns, weights)

    def mean(self, each):
        """The average of the rows of an array (m, …), by their weights."""
        return each.mean(axis=0) if self.weights is None else np.average(each, axis=0, weights=self.weights)

    def effect(self, coefficients, link=LOGIT, offset=0.0):
        r"""Average marginal effect, and its derivative with respect to the coefficients.

        Offered or not: :math:`\frac1m \sum_i g^{-1}(x_i + s_i) - g^{-1}(x_i)`, base x and step s. An amount:
        :math:`\frac1m \sum_i (g^{-1})'(x_i'\beta) \, s_i'\beta`, per unit. In R: ``marginaleffects::avg_comparisons``
        and ``avg_slopes``.

        Returns
        -------
        effect : float, a proportion: 0.12 is 12 percentage points (per unit, for an amount)
        gradient : array (k,)

        Examples
        --------
        One incentive, intercept log(1/3), slope log 3: probabilities ¼ without and ½ with it.

        >>> change = of_column(np.array([[1.0, 0.0], [1.0, 1.0]]), 1, offered=True)
        >>> effect, gradient = change.effect(np.array([-np.log(3), np.log(3)]))
        >>> round(float(effect), 9), gradient.round(9).tolist()
        (0.25, [0.0625, 0.25])
        """
        each, *derivatives = self.rows(coefficients, link, offset)
        return self.mean(each), self.gradient(*derivatives)

    def gradient(self, across, along):
        """The mean effect's derivative (k,), from those of each row's with respect to the base and to the step."""
        if self.weights is not None:
            across, along = (part * self.weights / self.weights.mean() for part in (across, along))
        steps = along.sum() * self.step if self.step.ndim == 1 else along @ self.step
        return (across @ self.base + steps) / len(across)

    def rows(self, coefficients, link=LOGIT, offset=0.0):
        """Each row's effect (m,), and its derivatives with respect to the log-odds of the base and of the step."""
        eta, jump = self.base @ coefficients + offset, self.step @ coefficients
        if self.offered:
            along = link.slope(eta + jump)
            return link.inverse(eta + jump) - link.inverse(eta), along - link.slope(eta), along
        along = link.slope(eta)
        return along * jump, link.bend(eta) * jump, along


def of_column(X, column, *, offered, weights=None):
    """The contrast of one column of a design: 1 against 0, or per unit."""
    step, base = np.zeros(X.shape[1]), X.copy() if offered else X
    step[column] = 1.0
    if offered:
        base[:, column] = 0.0
    return Contrast(base, step, offered, (column,), weights)


def contrast_of(design, name, levels=None):
    """The contrast of a column of the rows, through the formula.

    Parameters
    ----------
    design : what has ``frame`` (n rows), ``X`` (n, k) of it, the ``names`` of its columns, and ``matrix``, the X of
        another frame; it may have ``weights``
    name : column of the frame: 0 and 1, a number, or text
    levels : (level, against), of text

    Raises
    ------
    ModelError
        The formula has no value where the column is changed.
    """
    frame, X, names = design.frame, design.X, design.names
    involved = tuple(j for j, column in enumerate(names) if mentions(column, name))
    offered = bool(levels or np.isin(frame[name], (0.0, 1.0)).all())
    weights = getattr(design, "weights", None)
    if weights is not None and np.ptp(weights) == 0:
        weights = None
    alone = not levels and [unquoted(names[j]) for j in involved] == [name]
    if alone and np.array_equal(X[:, involved[0]], frame[name]):
        return of_column(X, involved[0], offered=offered, weights=weights)
    if offered:
        high, low = (_at(design, name, value) for value in levels or (1.0, 0.0))
        step = high - low
    else:
        low, step = X, _derivative(design, name)
    if not np.isfinite(low).all() or not np.isfinite(step).all():
        raise ModelError(message("no_effect", name=name))
    columns = tuple(int(j) for j in np.flatnonzero(np.abs(step).max(axis=0) > 0))
    same = np.array_equal(step, np.broadcast_to(step[0], step.shape))
    return Contrast(low, step[0] if same else step, offered, columns, weights)


def _at(design, name, value):
    """The design with the column at a value; NaN where the formula has none."""
    import patsy

    frame, column = design.frame, design.frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        value = pd.Categorical([value] * len(frame), column.cat.categories)
    with np.errstate(all="ignore"), suppress(patsy.PatsyError):  # such as of a spline beyond its last knots
        X = design.matrix(frame.assign(**{name: value}))
        if len(X) == len(frame):
            return X
    return np.full((len(frame), 1), np.nan)


def _derivative(design, name):
    """By differences: of one standard deviation where the design is linear in the column, else of a 100,000th of it."""
    X, x = design.X, design.frame[name]
    spread = float(x.std()) or 1.0
    up, down = (_at(design, name, x + side * spread) for side in (1, -1))
    if np.allclose(up - X, X - down, rtol=1e-9, atol=1e-12 * np.abs(X).max()):
        return (up - down) / (2 * spread)
    h = 1e-5 * spread
    one, two = (_at(design, name, x + k * h) - _at(design, name, x - k * h) for k in (1, 2))
    return (8 * one - two) / (12 * h)

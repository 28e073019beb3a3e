"""The answer about each incentive: effect, standard error, interval, or why the data cannot tell.

Takes a ``Design``, its ``Fit`` and clusterings; returns one dictionary per incentive, which ``result`` puts in a table.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import t as t_distribution

from konbit_lessons.incentives.clusterings import Clusterings
from konbit_lessons.incentives.crosstab import Count, count
from konbit_lessons.incentives.design import Design
from konbit_lessons.incentives.effects import marginal_effect
from konbit_lessons.incentives.fit import Fit, fit_model
from konbit_lessons.incentives.penalized import penalized_interval
from konbit_lessons.incentives.permutation import permutation_p

FEWEST_DF = 5  # below, the t distribution no longer describes the estimate (STATISTICS, point 5)
UNKNOWN = dict.fromkeys(("std_error", "df", "conf_low", "conf_high", "p_value"), float("nan"))


@dataclass(frozen=True)
class Answers:
    """What is needed to answer about any incentive of one design."""

    design: Design
    fit: Fit
    robust: Clusterings
    separated: tuple
    confidence: float
    permutations: int
    seed: int

    def about(self, name):
        """The numbers about one incentive, with ``reason`` and ``explanation`` when the data cannot tell."""
        seen = count(self.design, name)
        if name in self.design.unfit:
            reason, explanation = self.design.unfit[name]
            sparse = dict.fromkeys(("estimate", "penalized_low", "penalized_high", "permutation_p"), float("nan"))
            return {**seen.columns(), **UNKNOWN, **sparse, "reason": reason, "explanation": explanation}
        effect, gradient = self._effect(self.fit, name)
        df = self.robust.degrees_of_freedom(gradient)
        reason, explanation = self._cannot_tell(name, seen, df)
        numbers = self._sparse(name, seen) if reason else self._usual(effect, gradient, df)
        return {**seen.columns(), **numbers, "reason": reason, "explanation": explanation}

    def joint_test(self, names):
        """That the coefficients of all these incentives are zero; None without any."""
        if not names:
            return None
        positions = [self.design.names.index(name) for name in names]
        return self.robust.joint_test(np.eye(self.fit.X.shape[1])[positions], self.fit.coefficients[positions])

    def _effect(self, fit, name):
        column, offered = self.design.names.index(name), self.design.is_offered(name)
        return marginal_effect(fit.X, fit.coefficients, column, offered=offered, linear=fit.is_linear)

    def _cannot_tell(self, name, seen: Count, df):
        if name in self.separated:
            return "separated", _how_separated(seen)
        if seen.few:
            return "few_groups", f"found {seen.few}."
        if not df >= FEWEST_DF:
            return "low_df", f"the comparison is worth {df:.1f} independent groups; at least {FEWEST_DF} are needed."
        return "", ""

    def _usual(self, effect, gradient, df):
        std_error = np.sqrt(self.robust.variance(gradient))
        reach = t_distribution.ppf((1 + self.confidence) / 2, df) * std_error
        return {
            "estimate": effect,
            "std_error": std_error,
            "df": df,
            "conf_low": effect - reach,
            "conf_high": effect + reach,
            "p_value": 2 * t_distribution.sf(abs(effect) / std_error, df),
            "penalized_low": float("nan"),
            "penalized_high": float("nan"),
            "permutation_p": float("nan"),
        }

    def _sparse(self, name, seen: Count):
        """What does not rest on a standard error: the penalized effect, its profile interval and the permutation."""
        column, offered = self.design.names.index(name), self.design.is_offered(name)
        low, high = penalized_interval(
            self._penalized, self.design.y, column, offered=offered, confidence=self.confidence
        )
        p = permutation_p(self.design, name, varies_by=seen.varies_by, permutations=self.permutations, seed=self.seed)
        effect = self._effect(self._penalized, name)[0]
        return {**UNKNOWN, "estimate": effect, "penalized_low": low, "penalized_high": high, "permutation_p": p}

    @cached_property
    def _penalized(self):
        return self.fit if self.fit.method == "firth" else fit_model(self.design.X, self.design.y, "firth")


def _how_separated(seen: Count):
    def share(k, n):
        return f"all {n}" if k == n else "none"

    if seen.n_offered and seen.k_offered in (0, seen.n_offered):
        return f"of the {seen.n_offered} rows where it was offered, {share(seen.k_offered, seen.n_offered)} took part."
    if seen.n_not_offered and seen.k_not_offered in (0, seen.n_not_offered):
        return (
            f"of the {seen.n_not_offered} rows where it was not offered, "
            f"{share(seen.k_not_offered, seen.n_not_offered)} took part."
        )
    return "together with other columns it tells without exception who took part, so how much it adds has no limit."

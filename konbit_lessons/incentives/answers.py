"""The answer about each incentive: effect, standard error, interval, or why the data cannot tell.

Takes a ``Design``, its ``Fit`` and clusterings; returns one dictionary per incentive, which ``result`` puts in a table.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

from konbit_lessons.incentives.clusterings import Clusterings
from konbit_lessons.incentives.crosstab import RAREST, Count, count, rare_outcome
from konbit_lessons.incentives.design import Design
from konbit_lessons.incentives.detectable import smallest_detectable
from konbit_lessons.incentives.effects import marginal_effect
from konbit_lessons.incentives.evalue import e_values
from konbit_lessons.incentives.fit import Fit, fit_model
from konbit_lessons.incentives.penalized import penalized_interval
from konbit_lessons.incentives.permutation import permutation_p

FEWEST_DF = 5  # below, the t distribution no longer describes the estimate (STATISTICS, point 5)
UNKNOWN = dict.fromkeys(
    ("std_error", "df", "conf_low", "conf_high", "p_value", "detectable", "e_value", "e_value_limit"), float("nan")
)


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
        own = self.design.position_of(seen.varies_by)
        basis = self.robust.basis(gradient, confidence=self.confidence, own=own)
        reason, explanation = self._cannot_tell(name, seen, basis.fewest)
        if reason:
            numbers = self._sparse(name, seen)
        else:
            numbers = self._usual(effect, basis)
            numbers |= self._beside(name, numbers, own)
        return {**seen.columns(), **numbers, "reason": reason, "explanation": explanation}

    def difference(self, name, other):
        """The effect of one term less that of another, with ``reason`` when the data cannot tell about either."""
        told = [self.about(term) for term in (name, other)]
        if reason := told[0]["reason"] or told[1]["reason"]:
            return {**UNKNOWN, "estimate": float("nan"), "reason": reason}
        (first, up), (second, down) = (self._effect(self.fit, term) for term in (name, other))
        basis = self.robust.basis(up - down, confidence=self.confidence)
        if not basis.fewest >= FEWEST_DF:
            return {**UNKNOWN, "estimate": first - second, "reason": "low_df"}
        return {**UNKNOWN, **self._usual(first - second, basis), "reason": ""}

    def joint_test(self, names):
        """That the coefficients of all these incentives are zero; None without any."""
        if not names:
            return None
        positions = [self.design.names.index(name) for name in names]
        return self.robust.joint_test(np.eye(self.fit.X.shape[1])[positions], self.fit.coefficients[positions])

    def _effect(self, fit, name):
        return marginal_effect(
            fit.X[self.design.among(name)], fit.coefficients, linear=fit.is_linear, **self._contrast(name)
        )

    def _contrast(self, name):
        names = self.design.names
        others = tuple(names.index(other) for other in self.design.others(name) if other in names)
        return {"column": names.index(name), "offered": self.design.is_offered(name), "others": others}

    def _cannot_tell(self, name, seen: Count, df):
        if name in self.separated:
            return "separated", _how_separated(seen)
        if seen.few:
            return "few_groups", f"found {seen.few}."
        if rare := rare_outcome(self.design, name):
            return "rare_outcome", f"found {rare}; at least {RAREST[0]} times, in {RAREST[1]} of them, are needed."
        if not df >= FEWEST_DF:
            return "low_df", f"the comparison is worth {df:.1f} independent groups; at least {FEWEST_DF} are needed."
        return "", ""

    def _usual(self, effect, basis):
        std_error, df, _ = basis
        reach = stdtrit(df, (1 + self.confidence) / 2) * std_error
        return {
            "estimate": effect,
            "std_error": std_error,
            "df": df,
            "conf_low": effect - reach,
            "conf_high": effect + reach,
            "p_value": 2 * stdtr(df, -abs(effect) / std_error),
            "penalized_low": float("nan"),
            "penalized_high": float("nan"),
            "permutation_p": float("nan"),
        }

    def _beside(self, name, numbers, own):
        """The smallest detectable effect and the E-values of an estimable term."""
        contrast, rows = self._contrast(name), self.design.among(name)
        given = {"rows": rows, "confidence": self.confidence, "own": own, **contrast}
        detectable = smallest_detectable(self.fit, self.robust, **given)
        change = self.usual_change(name)
        e_value, e_value_limit = e_values(self.fit, numbers, rows=rows, change=change, **contrast)
        return {"detectable": detectable, "e_value": e_value, "e_value_limit": e_value_limit}

    def usual_change(self, name):
        """1 for offered or not; for an amount two standard deviations, which compare with it (Gelman 2008): an effect
        per single gourde is always small."""
        if self.design.is_offered(name):
            return 1.0
        return 2 * float(self.design.given[name][self.design.among(name)].std()) or 1.0

    def _sparse(self, name, seen: Count):
        """What does not rest on a standard error: the penalized effect, its profile interval and the permutation."""
        rows = self.design.among(name)
        low, high = penalized_interval(
            self._penalized, self.design.y, confidence=self.confidence, rows=rows, **self._contrast(name)
        )
        # within one group the shuffles of all groups would be the wrong comparison
        permutations = 0 if name in self.design.within else self.permutations
        p = permutation_p(self.design, name, varies_by=seen.varies_by, permutations=permutations, seed=self.seed)
        effect = self._effect(self._penalized, name)[0]
        return {**UNKNOWN, "estimate": effect, "penalized_low": low, "penalized_high": high, "permutation_p": p}

    @cached_property
    def _penalized(self):
        if self.fit.method == "firth":
            return self.fit
        return fit_model(self.design.X, self.design.y, "firth", self.design.trials)


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

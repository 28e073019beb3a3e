"""The answer about each incentive: effect, standard error, interval, or why the data cannot tell.

Takes a ``Design``, its ``Fit`` and clusterings; returns one dictionary per incentive, which ``result`` puts in a table.
"""

from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from konbit_lessons.incentives.clusters import Clusterings
from konbit_lessons.incentives.crosstab import RAREST, count, rare_outcome
from konbit_lessons.incentives.design import Design
from konbit_lessons.incentives.detectable import smallest_detectable
from konbit_lessons.incentives.evalue import e_values
from konbit_lessons.incentives.fit import Fit, fit_model
from konbit_lessons.incentives.penalized import penalized_interval
from konbit_lessons.incentives.permutation import permutation_p

FEWEST_DF = 5  # below, the t distribution no longer describes the estimate (STATISTICS, point 5)
NAN = float("nan")
SPARSE = dict.fromkeys(("penalized_low", "penalized_high", "permutation_p"), NAN)
UNKNOWN = dict.fromkeys(
    ("std_error", "df", "conf_low", "conf_high", "p_value", "detectable", "e_value", "e_value_limit"), NAN
)


@dataclass(frozen=True)
class Answers:
    """What is needed to answer about any incentive of one design; ``separated``: positions of such columns;
    ``aside``: what answers about a term that the design leaves out, since it alone tells who took part."""

    design: Design
    fit: Fit
    robust: Clusterings
    separated: tuple
    confidence: float
    permutations: int
    seed: int
    aside: dict = field(default_factory=dict)

    def about(self, key):
        """The numbers about one incentive, with ``reason`` and ``explanation`` when the data cannot tell."""
        if key in self.aside:
            return self.aside[key].about(key)
        seen, few = count(self.design, key)
        if key in self.design.unfit:
            reason, explanation = self.design.unfit[key]
            return {**seen, **UNKNOWN, **SPARSE, "estimate": NAN, "reason": reason, "explanation": explanation}
        effect, gradient = self.effect(key)
        own = self.design.position_of(seen["varies_by"])
        basis = self.robust.basis(gradient, confidence=self.confidence, own=own)
        reason, explanation = self._cannot_tell(key, seen, few, basis.fewest)
        numbers = self._sparse(key, seen) if reason else self._usual(effect, basis)
        if not reason:
            numbers |= self._beside(key, numbers, own)
        return {**seen, **numbers, "reason": reason, "explanation": explanation}

    def difference(self, key, other):
        """The effect of one term less that of another, with ``reason`` when the data cannot tell about either."""
        told = [self.about(term) for term in (key, other)]
        if reason := told[0]["reason"] or told[1]["reason"]:
            return {**UNKNOWN, "estimate": NAN, "reason": reason}
        (first, up), (second, down) = (self.effect(term) for term in (key, other))
        basis = self.robust.basis(up - down, confidence=self.confidence)
        if not basis.fewest >= FEWEST_DF:
            return {**UNKNOWN, "estimate": first - second, "reason": "low_df"}
        return {**UNKNOWN, **self._usual(first - second, basis), "reason": ""}

    def joint_test(self, keys):
        """That none of these incentives changes the log-odds: a mapping, or None without any or with too many."""
        if not keys:
            return None
        contrasts = np.array([self.design.contrast(key).mean_step for key in keys])
        test = self.robust.joint_test(contrasts, contrasts @ self.fit.coefficients)
        return {**asdict(test), "terms": tuple(keys)} if np.isfinite(test.p_value) else None

    def effect(self, key):
        """The average marginal effect of a term and its gradient."""
        return self.design.contrast(key).effect(self.fit.coefficients, self.fit.link)

    def _cannot_tell(self, key, seen, few, df):
        if {*self.separated} & {*self.design.contrast(key).columns}:
            return "separated", _how_separated(seen)
        if few:
            return "few_groups", f"found {few}."
        if rare := rare_outcome(self.design, key):
            return "rare_outcome", f"found {rare}; at least {RAREST[0]} times, in {RAREST[1]} of them, are needed."
        if not df >= FEWEST_DF:
            return "low_df", f"the comparison is worth {df:.1f} independent groups; at least {FEWEST_DF} are needed."
        return "", ""

    def _usual(self, effect, basis):
        low, high, p = basis.interval(effect, self.confidence)
        known = {"estimate": float(effect), "std_error": basis.std_error, "df": basis.df}
        return {**known, "conf_low": low, "conf_high": high, "p_value": p, **SPARSE}

    def _beside(self, key, numbers, own):
        """The smallest detectable effect and the E-values of an estimable term."""
        contrast, term = self.design.contrast(key), self.design.terms[key]
        others = [other for other in term.others if other not in self.design.unfit]
        kinds = {j for other in others for j in self.design.contrast(other).columns} - {*contrast.columns}
        given = {"kinds": kinds, "rows": term.rows, "confidence": self.confidence, "own": own}
        detectable = smallest_detectable(self.fit, self.robust, contrast, **given)
        e_value, e_value_limit = e_values(self.fit, numbers, contrast, change=term.usual_change)
        return {"detectable": detectable, "e_value": e_value, "e_value_limit": e_value_limit}

    def _sparse(self, key, seen):
        """What does not rest on a standard error: the penalized effect, its profile interval and the permutation."""
        design, fit = self.design, self._penalized
        low, high = penalized_interval(design, key, fit, self.confidence)
        # within one group the shuffles of all groups would be the wrong comparison
        permutations = self.permutations if design.terms[key].rows.all() else 0
        p = permutation_p(design, key, varies_by=seen["varies_by"], permutations=permutations, seed=self.seed)
        effect = design.contrast(key).effect(fit.coefficients)[0]
        sparse = {"penalized_low": low, "penalized_high": high, "permutation_p": p}
        return {**UNKNOWN, "estimate": float(effect), **sparse}

    @cached_property
    def _penalized(self):
        if self.fit.method == "firth":
            return self.fit
        return fit_model(self.design.X, self.design.y, "firth", self.design.trials)


def _how_separated(seen):
    for side, where in (("offered", "where it was offered"), ("not_offered", "where it was not offered")):
        n, k = seen[f"n_{side}"], seen[f"k_{side}"]
        if n and k in (0, n):
            return f"of the {n} rows {where}, {f'all {n}' if k else 'none'} took part."
    return "together with other columns it tells without exception who took part, so how much it adds has no limit."

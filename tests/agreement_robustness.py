"""R's numbers of the models that the robustness checks add: the random-intercept logit, and GEE with small samples."""

from functools import cache

import numpy as np
import pandas as pd
from agreement import ITERATED, JTRAIN, SYNTH_ALL, THORNTON, Agreement, frame, reference, thornton, values

from konbit_lessons.incentives.gee import gee_logit
from konbit_lessons.incentives.mixed import mixed_logit

QUADRATURE = 1e-3  # R has 25 nodes, and takes its standard errors from numerical derivatives
MODELS = {
    "konbit_synth": ("participated", SYNTH_ALL, "org"),
    "thornton_hiv": ("got", THORNTON, "villnum"),
    "jtrain_panel": ("trained", JTRAIN[1:], "fcode"),
}


def matrices(data):
    outcome, columns, cluster = MODELS[data]
    rows = thornton() if data == "thornton_hiv" else frame(data)
    if data == "jtrain_panel":
        rows = rows[rows["grant"] == 0]
    X = np.column_stack([np.ones(len(rows)), rows[list(columns)].to_numpy(float)])
    return X, rows[outcome].to_numpy(float), pd.factorize(rows[cluster])[0]


@cache
def mixed(data):
    return mixed_logit(*matrices(data))


@cache
def gee(data):
    return gee_logit(*matrices(data))


def _of_gee(data, key):
    R = reference(data)[key]

    def std_error(name):
        return np.sqrt(np.diag(getattr(gee(data), name)))

    quantities = [
        ("coef", values(R["coef"]), lambda: gee(data).coefficients),
        ("se_robust", values(R["se_robust"]), lambda: std_error("robust")),
        ("alpha", np.array([R["alpha"]]), lambda: gee(data).correlation),
        ("scale", np.array([R["scale"]]), lambda: gee(data).scale),
    ]
    if "small" in R:
        small = values(R["small"]["mancl_derouen"])
        quantities.append(("mancl_derouen", small, lambda: std_error("covariance")))
    for quantity, expected, computed in quantities:
        yield Agreement(data, f"{key} {quantity}", expected, computed, ITERATED)


def _of_mixed(data, key, sd="sd"):
    R = reference(data)[key]
    asked = {"coef": "coefficients", "se": "std_error", sd: "sd", "loglik": "log_likelihood"}
    for quantity, name in asked.items():
        expected = values(R[quantity]) if isinstance(R[quantity], dict) else np.array([R[quantity]])
        yield Agreement(data, f"{key} {quantity}", expected, lambda name=name: getattr(mixed(data), name), QUADRATURE)
    for quantity, name in {"ranef_first10": "modes", "ranef_condsd_first10": "conditional_sd"}.items():
        if quantity in R:
            yield Agreement(
                data,
                f"{key} {quantity}",
                np.array(R[quantity]),
                lambda name=name: getattr(mixed(data), name)[:10],
                QUADRATURE,
            )


def _of_mixed_effects():
    R, data = reference("mixed_effects")["glmer_ame"], "konbit_synth"

    def computed(which):
        columns = [(SYNTH_ALL.index(name) + 1, name != "size") for name in R]
        return [mixed(data).marginal_effect(column, offered=offered)[which] for column, offered in columns]

    for which, quantity in enumerate(("est", "se")):
        expected = np.array([R[name][quantity] for name in R])
        yield Agreement(data, f"glmer_nAGQ25 ame {quantity}", expected, lambda which=which: computed(which), QUADRATURE)


ROWS = [
    *_of_gee("konbit_synth", "gee_exchangeable"),
    *_of_gee("thornton_hiv", "gee_exch"),
    *_of_gee("jtrain_panel", "gee_nogrant_exchangeable"),
    *_of_mixed("konbit_synth", "glmer_nAGQ25"),
    *_of_mixed_effects(),
    *_of_mixed("thornton_hiv", "glmer_nAGQ25", "sd_villnum"),
    *_of_mixed("jtrain_panel", "glmer_nogrant_nAGQ25"),
]

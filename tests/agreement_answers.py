"""R's numbers of the further answers: missing answers, prediction, profiles, staying and small formulas."""

from functools import cache

import numpy as np
import pandas as pd
from agreement import CLOSED, ITERATED, QUADRATURE, REFERENCE, SYNTH, Model, frame, model, reference, values
from scipy.special import expit

from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.answers import e_value
from konbit_lessons.incentives.imputation import pool
from konbit_lessons.incentives.mixed import organization_profiles
from konbit_lessons.incentives.prediction import auc, prediction, quality
from konbit_lessons.incentives.result import adjusted_p
from konbit_lessons.measures.intervals import wilson
from konbit_lessons.measures.staying import life_table

IMPUTED = ["fee", "training", "data_access", "networking", "recognition", "travel", "awardee", "size", "q2", "q3", "q4"]
MEASURES = {"auc": "auc", "brier": "brier", "logloss": "log_loss"}
ADJUSTERS = ["awardee", "size", "q2", "q3", "q4"]


def _of_misc():
    R, data = reference("misc"), "misc"
    limits = lambda: [float(end) for end in wilson(16, 137)]  # noqa: E731
    yield data, "wilson", [R["wilson"]["lower"], R["wilson"]["upper"]], limits, CLOSED
    yield data, "p.adjust BH", R["p_adjust"]["BH"], lambda: adjusted_p(R["p_adjust"]["p"], "fdr_bh"), CLOSED
    ratios = [R["evalue"]["point"], R["evalue"]["lower"]]
    yield data, "E-value", ratios, lambda: [e_value(3.9), e_value(1.8)], CLOSED


@cache
def imputations():
    """The logit of each completed data set that mice made."""
    rows = pd.read_csv(REFERENCE / "konbit_synth_imputed_long.csv")
    return [Model(some, "participated", IMPUTED, "org", "logit") for _, some in rows.groupby(".imp")]


def pooled(term, df, kind, effect=False):
    j = imputations()[0].names.index(term)
    each = [(m.effect(term), m.effect(term, kind)) if effect else (m.coef[j], m.se(kind)[j]) for m in imputations()]
    found = pool(*np.transpose(each), df)
    return [found.estimate, found.std_error, found.df, found.fraction]


def _of_pooling():
    R, data = reference("mice_pooling"), "mice_pooling"
    fraction = {line["term"]: float(line["fmi"]) for line in R["konbit_logit"]["pooled"]}
    summary = {
        t["term"]: [t["estimate"], t["std.error"], t["df"], fraction[t["term"]]] for t in R["konbit_logit"]["summary"]
    }
    tables = {"summary": (summary, "model", 536)}
    for kind in ("CR1", "CR2"):
        lines = R[f"konbit_logit_{kind}_rubin"]["rows"]
        tables[kind] = {t["term"]: [t["qbar"], t["se"], t["df"], t["fmi"]] for t in lines}, kind, 136
    for key, (expected, kind, df) in tables.items():
        computed = lambda terms=tuple(expected), df=df, kind=kind: [pooled(t, df, kind) for t in terms]  # noqa: E731
        yield data, f"konbit_logit {key}: estimate, se, df, fmi", values(expected), computed, CLOSED
    effects = R["ame_CR1_rubin"]
    expected = [list(effects[v].values()) for v in effects]
    of_effects = lambda: [pooled(v, 136, "CR1", effect=True)[:3] for v in effects]  # noqa: E731
    yield data, "ame_CR1_rubin: estimate, se, df", expected, of_effects, CLOSED

    # nhanes is not to be had here: ten numbers with the mean and variances that R names stand for its ten fits
    lines = [{name: float(value) for name, value in line.items() if name != "term"} for line in R["lm"]["rows"]]

    def of_lines():
        shape = (np.arange(10) - 4.5) / np.arange(10).std(ddof=1)
        each = [(one["estimate"] + np.sqrt(one["b"]) * shape, np.full(10, np.sqrt(one["ubar"]))) for one in lines]
        found = [pool(*pair, one["dfcom"]) for pair, one in zip(each, lines, strict=True)]
        return [[p.std_error**2, p.df, p.due_to_missing, p.fraction] for p in found]

    expected = [[line[name] for name in ("t", "df", "lambda", "fmi")] for line in lines]
    yield data, "lm nhanes: t, df, lambda, fmi", expected, of_lines, CLOSED


def probabilities(name):
    fitted = model(name)
    return fitted.y, expit(fitted.X @ fitted.coef)  # not y − score: rounding would break ties


def _of_prediction():
    for data, key, name in (
        ("konbit_synth", "quality", "synth logit"),
        ("thornton_hiv", "fit_quality", "thornton logit"),
    ):
        R = reference(data)[key]
        told = lambda name=name: [quality(*probabilities(name))[ours] for ours in MEASURES.values()]  # noqa: E731
        yield data, f"{key}: auc, brier, logloss", [R[r] for r in MEASURES], told, CLOSED

    def limits():
        area, std_error = auc(*probabilities("thornton logit"))
        return area + np.array([-1, 0, 1]) * 1.959963984540054 * std_error

    yield (
        "thornton_hiv",
        "fit_quality: delong_ci",
        reference("thornton_hiv")["fit_quality"]["delong_ci"],
        limits,
        CLOSED,
    )
    R = reference("misc")["auc"]
    three = lambda: [*auc(*probabilities("synth three")), quality(*probabilities("synth three"))["brier"]]  # noqa: E731
    yield "misc", "auc, delong_se, brier", [R["auc"], R["delong_se"], R["brier"]], three, CLOSED

    def out_of_fold():
        asked = {"incentives": SYNTH, "adjust_for": ADJUSTERS, "cluster": "org", "method": "logit"}
        result = predict_participation(frame("konbit_synth"), outcome="participated", permutations=0, **asked)
        told = prediction(result).table.set_index("measure")
        return told.loc[list(MEASURES.values()), "out_of_fold"]

    expected = [reference("konbit_synth")["groupcv5"][r] for r in MEASURES]
    yield "konbit_synth", "groupcv5: auc, brier, logloss", expected, out_of_fold, CLOSED


def _of_profiles():
    R = reference("konbit_synth")["glmer_nAGQ25"]

    @cache
    def first_ten():
        question = {"outcome": "participated", "incentives": SYNTH, "adjust_for": ADJUSTERS, "organization": "org"}
        return organization_profiles(frame("konbit_synth"), **question).table.head(10)

    for key, column in (("ranef_first10", "level"), ("ranef_condsd_first10", "std_error")):
        yield "konbit_synth", f"profiles {key}", R[key], lambda column=column: first_ten()[column], QUADRATURE


def _of_staying():
    R, columns = reference("konbit_synth"), {"surv": "share", "std_err_greenwood": "std_error"}
    columns |= {"lower": "conf_low", "upper": "conf_high"}

    def quarters():
        return pd.read_csv(REFERENCE / "konbit_synth_hazard.csv")

    def curve():
        each = quarters().groupby("org").agg({"t": "max", "ev": "max"})
        return life_table(each["t"], each["ev"])[list(columns.values())].to_numpy().T

    yield "konbit_synth", "km: surv, Greenwood, lower, upper", [R["km"][key] for key in columns], curve, CLOSED
    R = R["discrete_hazard_cloglog"]
    names = [name.replace("factor(t)", "C(t)[T.").replace("(Intercept)", "Intercept") for name in R["coef"]]

    @cache
    def hazard():
        import statsmodels.formula.api as smf
        from statsmodels.genmod.families import Binomial, links

        formula = "ev ~ C(t) + fee + training + travel + networking + awardee + size"
        fit = smf.glm(formula, quarters().query("t < 4"), family=Binomial(links.CLogLog()))
        return fit.fit(tol=1e-12, tol_criterion="params", maxiter=200)

    at = [name + "]" * name.startswith("C(t)") for name in names]
    for key, ours in (("coef", "params"), ("se", "bse")):
        # Fisher scoring is linear at this link: R's stops eight digits on
        computed = lambda ours=ours: getattr(hazard(), ours)[at]  # noqa: E731
        yield "konbit_synth", f"discrete_hazard_cloglog {key}", values(R[key]), computed, ITERATED


ROWS = [*_of_misc(), *_of_pooling(), *_of_prediction(), *_of_profiles(), *_of_staying()]

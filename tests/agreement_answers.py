"""R's numbers of the further answers: shares, missing answers, prediction, profiles and staying."""

from functools import cache

import numpy as np
import pandas as pd
from agreement import CLOSED, ITERATED, REFERENCE, SYNTH, Agreement, Model, frame, model, reference
from scipy.special import expit

from konbit_lessons.incentives.imputation import pool, pool_joint
from konbit_lessons.incentives.prediction import auc, prediction, quality
from konbit_lessons.incentives.profiles import organization_profiles
from konbit_lessons.measures.staying import leaving, still_taking_part
from konbit_lessons.measures.intervals import wilson

QUADRATURE = 1e-3  # R has 25 nodes


def _of_shares():
    R = reference("misc")["wilson"]
    yield Agreement("misc", "wilson", np.array([R["lower"], R["upper"]]), lambda: np.array(wilson(16, 137)), CLOSED)


IMPUTED = ["fee", "training", "data_access", "networking", "recognition", "travel", "awardee", "size", "q2", "q3", "q4"]


@cache
def imputations():
    """The logit of each completed data set that mice made."""
    rows = pd.read_csv(REFERENCE / "konbit_synth_imputed_long.csv")
    return [Model(some, "participated", IMPUTED, "org", "logit") for _, some in rows.groupby(".imp")]


def pooled(kind, term, df_complete):
    j = imputations()[0].names.index(term)
    each = [(model.fit.coefficients[j], model.std_error(kind)[j]) for model in imputations()]
    return pool(*np.transpose(each), df_complete)


def pooled_effect(term):
    each = [(model.effect(term), model.effect(term, "CR1")) for model in imputations()]
    return pool(*np.transpose(each), 136)


def _of_pooling():
    R, data = reference("mice_pooling"), "mice_pooling"

    def row(data_name, quantity, expected, computed):
        return Agreement(data_name, quantity, np.array(expected, dtype=float), computed, CLOSED)

    for key, kind, df in (("summary", "model", 536), ("CR1", "CR1", 136), ("CR2", "CR2", 136)):
        if key == "summary":
            terms = R["konbit_logit"]["summary"]
            fraction = {line["term"]: float(line["fmi"]) for line in R["konbit_logit"]["pooled"]}
            expected = [[t["estimate"], t["std.error"], t["df"], fraction[t["term"]]] for t in terms]
        else:
            terms = R[f"konbit_logit_{key}_rubin"]["rows"]
            expected = [[t["qbar"], t["se"], t["df"], t["fmi"]] for t in terms]

        def computed(terms=terms, kind=kind, df=df):
            found = [pooled(kind, t["term"], df) for t in terms]
            return np.array([[p.estimate, p.std_error, p.df, p.fraction] for p in found])

        yield row(data, f"konbit_logit {key}: estimate, se, df, fmi", expected, computed)

    effects = R["ame_CR1_rubin"]
    yield row(
        data,
        "ame_CR1_rubin: estimate, se, df",
        [list(effects[v].values()) for v in effects],
        lambda: np.array([[p.estimate, p.std_error, p.df] for p in map(pooled_effect, effects)]),
    )

    D1 = R["D1_fee_training_recognition"]

    def joint():
        at = [imputations()[0].names.index(term) for term in ("fee", "training", "recognition")]
        covariances = [model.covariance("model")[np.ix_(at, at)] for model in imputations()]
        test = pool_joint([model.fit.coefficients[at] for model in imputations()], covariances, 536)
        return np.array([test.F, test.df_num, test.df_denom, test.p_value])

    yield row(data, "D1: F, df1, df2, p", [D1["F"], D1["df1"], D1["df2"], D1["p"]], joint)

    # nhanes is not to be had here: ten numbers with the mean and variances that R names stand for its ten fits
    lines = [{name: float(value) for name, value in line.items() if name != "term"} for line in R["lm"]["rows"]]

    def of_lines():
        shape = (np.arange(10) - 4.5) / np.arange(10).std(ddof=1)
        for line in lines:
            each = line["estimate"] + np.sqrt(line["b"]) * shape
            p = pool(each, np.full(10, np.sqrt(line["ubar"])), line["dfcom"])
            yield [p.std_error**2, p.df, p.due_to_missing, p.fraction]

    expected = [[line[name] for name in ("t", "df", "lambda", "fmi")] for line in lines]
    yield row(data, "lm nhanes: t, df, lambda, fmi", expected, lambda: np.array(list(of_lines())))


@cache
def probabilities(data):
    """Outcome and fitted probabilities of a logit."""
    fitted = Model(frame("konbit_synth"), "participated", ["fee", "training", "travel"], "org", "logit")
    fitted = fitted if data == "misc" else model(data)
    return fitted.y, expit(fitted.X @ fitted.fit.coefficients)  # not y − score: rounding would break ties


def _of_prediction():
    measures = {"auc": "auc", "brier": "brier", "logloss": "log_loss"}
    for data, key, name in (
        ("konbit_synth", "quality", "synth logit"),
        ("thornton_hiv", "fit_quality", "thornton logit_full"),
    ):
        expected = np.array([reference(data)[key][r] for r in measures])

        def computed(name=name):
            told = quality(*probabilities(name))
            return np.array([told[ours] for ours in measures.values()])

        yield Agreement(data, f"{key}: auc, brier, logloss", expected, computed, CLOSED)

    def limits():
        area, std_error = auc(*probabilities("thornton logit_full"))
        return area + np.array([-1, 0, 1]) * 1.959963984540054 * std_error

    expected = np.array(reference("thornton_hiv")["fit_quality"]["delong_ci"])
    yield Agreement("thornton_hiv", "fit_quality: delong_ci", expected, limits, CLOSED)
    R = reference("misc")["auc"]
    expected = np.array([R["auc"], R["delong_se"], R["brier"]])
    yield Agreement(
        "misc",
        "auc, delong_se, brier",
        expected,
        lambda: np.array([*auc(*probabilities("misc")), quality(*probabilities("misc"))["brier"]]),
        CLOSED,
    )

    def out_of_fold():
        adjusters = ["awardee", "size", "q2", "q3", "q4"]
        told = prediction(
            frame("konbit_synth"),
            outcome="participated",
            incentives=SYNTH,
            adjust_for=adjusters,
            cluster="org",
            method="logit",
        )
        return told.table.set_index("measure").loc[list(measures.values()), "out_of_fold"].to_numpy()

    expected = np.array([reference("konbit_synth")["groupcv5"][r] for r in measures])
    yield Agreement("konbit_synth", "groupcv5: auc, brier, logloss", expected, out_of_fold, CLOSED)


def _of_profiles():
    R = reference("konbit_synth")["glmer_nAGQ25"]
    adjusters = ["awardee", "size", "q2", "q3", "q4"]

    @cache
    def first_ten():
        question = {"outcome": "participated", "incentives": SYNTH, "adjust_for": adjusters, "organization": "org"}
        return organization_profiles(frame("konbit_synth"), **question).table.head(10)

    for key, column in (("ranef_first10", "level"), ("ranef_condsd_first10", "std_error")):
        yield Agreement(
            "konbit_synth",
            f"glmer_nAGQ25 {key}",
            np.array(R[key]),
            lambda column=column: first_ten()[column].to_numpy(),
            QUADRATURE,
        )


def _of_staying():
    R = reference("konbit_synth")
    columns = {"surv": "share", "std_err_greenwood": "std_error", "lower": "conf_low", "upper": "conf_high"}

    def quarters():
        rows = pd.read_csv(REFERENCE / "konbit_synth_hazard.csv")
        return rows.rename(columns={"org": "organization_id", "t": "quarter", "ev": "left"})

    def curve():
        return still_taking_part(quarters())[list(columns.values())].to_numpy().T

    expected = np.array([R["km"][key] for key in columns])
    yield Agreement("konbit_synth", "km: surv, Greenwood, lower, upper", expected, curve, CLOSED)
    R = R["discrete_hazard_cloglog"]
    names = [name.replace("factor(t)", "quarter: ") for name in R["coef"]]

    def computed(column):
        found = leaving(quarters(), terms=["fee", "training", "travel", "networking", "awardee", "size"])
        return found.coefficients.set_index("term").loc[names, column].to_numpy()

    for key, column in (("coef", "coefficient"), ("se", "model_std_error")):
        expected = np.array(list(R[key].values()))
        yield Agreement(
            "konbit_synth",
            f"discrete_hazard_cloglog {key}",
            expected,
            lambda column=column: computed(column),
            ITERATED,  # Fisher scoring is linear at this link: R's stops eight digits on
        )


ROWS = [*_of_shares(), *_of_pooling(), *_of_prediction(), *_of_profiles(), *_of_staying()]

# ruff: noqa: E501  (tables of cases, one a line)
"""``coef_test``, ``wald_test``, ``effects``, ``firth`` of fits of statsmodels. Against clubSandwich: ``agreement``."""

import numpy as np  # noqa: F401  (for the formulas)
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from incentives_example import invitations
from numpy.testing import assert_allclose
from statsmodels.genmod.families import Binomial, Poisson

import konbit_lessons as kl
from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.clusters import KINDS

BOTH = ["organization_id", "event_id"]
FORMULA = "attended ~ refund + consulted + recent + per_diem_htg"
NUMBERS = ["estimate", "std_error", "df", "p_value", "conf_low", "conf_high"]


@pytest.fixture(scope="module")
def rows():
    rows = invitations(effects={"consulted": 0.7})
    yes_no = rows.select_dtypes(["bool", "boolean"]).columns
    return rows.assign(**rows[yes_no].astype(float), size=rows["organization_id"].str[1:].astype(int) % 7)


@pytest.fixture(scope="module")
def logit(rows):
    return smf.glm(FORMULA, rows, family=Binomial()).fit(tol=1e-12)


@pytest.mark.parametrize("cluster", [BOTH, "organization_id"])
@pytest.mark.parametrize("kind", KINDS)
def test_effects_of_a_fit_are_those_of_the_analysis(rows, logit, cluster, kind):
    names = ["refund", "consulted", "recent", "per_diem_htg"]
    asked = {"incentives": names, "cluster": cluster, "covariance": kind}
    for fit, method in ((logit, "logit"), (kl.firth(logit), "firth"), (smf.ols(FORMULA, rows).fit(), "linear")):
        table = kl.predict_participation(rows, method=method, **asked).table
        found = kl.effects(fit, cluster, names, kind)
        # 1e-7: two fits, each to 1e-8
        assert_allclose(found[NUMBERS], table[NUMBERS], rtol=1e-7)


def test_firth_is_statsmodels_result_at_firths_estimate(rows, logit):
    by_logit, by_glm = kl.firth(smf.logit(FORMULA, rows).fit(disp=False)), kl.firth(logit)
    expected = kl.predict_participation(rows, incentives=list(logit.params.index[1:])).coefficients
    for fit in (by_logit, by_glm):
        assert_allclose(fit.params, expected[fit.params.index], rtol=1e-7)
        assert "refund" in str(fit.summary())
    assert_allclose(kl.coef_test(by_logit, BOTH), kl.coef_test(by_glm, BOTH), rtol=1e-7)


def test_firths_estimate_of_a_separated_term_is_finite(rows):
    odd = rows.assign(attended=rows["attended"].mask(rows["refund"] == 1, 1.0))
    fit = kl.firth(smf.glm("attended ~ refund + recent", odd, family=Binomial()).fit(maxiter=2))
    assert 3 < fit.params["refund"] < 12


def test_clusters_may_be_names_columns_series_frames_or_arrays(rows, logit):
    expected = kl.coef_test(logit, BOTH)
    for clusters in (rows[BOTH], rows[BOTH].sample(frac=1, random_state=1), rows[BOTH].to_numpy(), tuple(BOTH)):
        pd.testing.assert_frame_equal(kl.coef_test(logit, clusters), expected, rtol=1e-10)
    one = kl.coef_test(logit, "organization_id")
    pd.testing.assert_frame_equal(kl.coef_test(logit, rows["organization_id"]), one)


def test_rows_that_the_fit_left_out_are_left_out_of_the_clusters(rows):
    gaps = rows.assign(size=rows["size"].mask(rows.index % 10 == 3))
    fit, whole = (smf.glm(FORMULA + " + size", some, family=Binomial()).fit() for some in (gaps, gaps.dropna()))
    pd.testing.assert_frame_equal(kl.coef_test(fit, gaps[BOTH]), kl.coef_test(whole, BOTH))
    assert_allclose(kl.effects(fit, BOTH, "size"), kl.effects(whole, BOTH, "size"), rtol=1e-12)


def test_a_fit_of_matrices_is_a_fit(rows, logit):
    X = sm.add_constant(rows[["refund", "consulted", "recent", "per_diem_htg"]])
    fit = sm.GLM(rows["attended"], X, family=Binomial()).fit(tol=1e-12)
    assert_allclose(kl.coef_test(fit, rows[BOTH]), kl.coef_test(logit, BOTH), rtol=1e-9)
    assert_allclose(kl.effects(fit, rows[BOTH], "refund"), kl.effects(logit, BOTH, "refund"), rtol=1e-9)
    plain = sm.OLS(rows["attended"].to_numpy(), X.to_numpy()).fit()
    assert list(kl.coef_test(plain, rows["event_id"]).index) == ["const", "x1", "x2", "x3", "x4"]


def test_counts_tell_the_same_as_the_rows_they_count(rows):
    by = (
        rows.groupby(["organization_id", "consulted", "org_type"])["attended"]
        .agg(came="sum", invited="size")
        .reset_index()
    )
    by = by.assign(stayed=by["invited"] - by["came"], share=by["came"] / by["invited"])
    right = "consulted + org_type"
    each = smf.glm(f"attended ~ {right}", rows, family=Binomial()).fit(tol=1e-12)
    two = smf.glm(f"came + stayed ~ {right}", by, family=Binomial()).fit(tol=1e-12)
    weighted = smf.glm(f"share ~ {right}", by, family=Binomial(), var_weights=by["invited"]).fit(tol=1e-12)
    for fit in (two, weighted):
        found, plain = (kl.coef_test(one, "organization_id", "CR0") for one in (fit, each))
        assert_allclose(found[["estimate", "std_error"]], plain[["estimate", "std_error"]], rtol=1e-8)
    assert_allclose(kl.coef_test(two, "organization_id"), kl.coef_test(weighted, "organization_id"), rtol=1e-8)
    called = kl.predict_participation(
        by, outcome="came", trials="invited", method="binomial", incentives="consulted", adjust_for=["org_type"],
        cluster="organization_id",
    ).table[NUMBERS]  # fmt: skip
    assert_allclose(kl.effects(two, "organization_id", "consulted")[NUMBERS], called, rtol=1e-7)


def test_an_offset_stays_in_the_predictions(rows):
    rows = rows.assign(days=1.0 + rows["size"], count=rows["attended"] * (1 + rows["size"]))
    fit = smf.glm("count ~ refund + recent", rows, family=Poisson(), exposure=rows["days"]).fit()
    found = kl.effects(fit, BOTH, ["refund"]).loc["refund", "estimate"]
    with_it, without = (fit.predict(rows.assign(refund=x), exposure=rows["days"]).mean() for x in (1.0, 0.0))
    assert found == pytest.approx(with_it - without, rel=1e-9)


def test_text_and_true_or_false_have_an_effect_for_each_level(rows):
    told = rows.assign(refund=rows["refund"] == 1, support=rows["size"].map(lambda s: "abc"[s % 3]))
    fit = smf.ols("attended ~ refund + support", told).fit()
    found = kl.effects(fit, "organization_id", ["refund", "support"])
    assert list(found.index) == ["refund", "support[b]", "support[c]"]
    assert_allclose(found["estimate"], fit.params[["refund[T.True]", "support[T.b]", "support[T.c]"]], rtol=1e-9)


def test_a_term_of_the_formula_stands_for_all_its_coefficients(rows):
    fit = smf.glm("attended ~ C(size) + refund", rows, family=Binomial()).fit()
    names = [name for name in fit.params.index if name.startswith("C(size)")]
    assert kl.wald_test(fit, BOTH, "C(size)") == kl.wald_test(fit, BOTH, names)
    assert kl.wald_test(fit, BOTH, "C(size)").df_num == 6


def test_formulaic_formulas_are_formulas_too(rows, monkeypatch):
    import statsmodels.formula

    formula, names = "attended ~ refund * org_type + np.log1p(per_diem_htg)", ["refund", "per_diem_htg"]
    expected = kl.effects(smf.glm(formula, rows, family=Binomial()).fit(tol=1e-12), BOTH, names)
    monkeypatch.setattr(statsmodels.formula.options, "formula_engine", "formulaic")
    fit = smf.glm(formula, rows, family=Binomial()).fit(tol=1e-12)
    assert_allclose(kl.effects(fit, BOTH, names), expected, rtol=1e-8)
    assert kl.wald_test(fit, BOTH, ["refund", "refund:org_type[T.cdsp]"]).df_num == 2


def test_nested_clusters_give_the_one_way_answer_and_several_rows_of_both_count_as_one(rows):
    fit = smf.ols("attended ~ refund + recent", rows.assign(pair=rows["organization_id"] + rows["event_id"])).fit()
    wide = kl.coef_test(fit, "organization_id")
    pd.testing.assert_frame_equal(kl.coef_test(fit, ["organization_id", "pair"]), wide)
    pd.testing.assert_frame_equal(kl.coef_test(fit, ["pair", "organization_id"]), wide)
    # every row twice: the sums of organizations, events and both double, and nothing is learnt from the copies
    twice = smf.ols("attended ~ refund + recent", pd.concat([rows, rows], ignore_index=True)).fit()
    found, once = (
        kl.coef_test(twice, BOTH, "CR0"),
        kl.coef_test(smf.ols("attended ~ refund + recent", rows).fit(), BOTH, "CR0"),
    )
    assert_allclose(found["std_error"], once["std_error"], rtol=1e-9)


WRONG = {
    "a table": (lambda rows, fit: kl.coef_test(rows, BOTH), "found a DataFrame; expected a fitted OLS, WLS, Logit or GLM"),
    "not fitted": (lambda rows, fit: kl.coef_test(smf.ols(FORMULA, rows), BOTH), "It is not fitted yet: add .fit()."),
    "another model": (lambda rows, fit: kl.effects(smf.probit(FORMULA, rows).fit(disp=0), BOTH, "refund"), "found a fit of Probit; expected"),
    "no such column": (lambda rows, fit: kl.coef_test(fit, "village"), '"village" is not in the data of the fit'),
    "no such effect": (lambda rows, fit: kl.effects(fit, BOTH, "refnud"), 'effects: "refnud" is not in the data of the fit'),
    "no such term": (lambda rows, fit: kl.wald_test(fit, BOTH, ["refnud"]), 'wald_test: found no term "refnud"; the fit has Intercept'),
    "too few rows": (lambda rows, fit: kl.coef_test(fit, rows["event_id"].iloc[:100]), "found 100 rows for the 960 of the fit"),
    "three columns": (lambda rows, fit: kl.coef_test(fit, rows[[*BOTH, "org_type"]]), "found 3 columns; expected one or two"),
    "a gap": (lambda rows, fit: kl.coef_test(fit, rows["event_id"].mask(rows.index == 3)), "a row of the fit has none"),
    "one group": (lambda rows, fit: kl.coef_test(fit, pd.Series("x", rows.index, name="all")), '"all" has one value'),
    "a kind": (lambda rows, fit: kl.coef_test(fit, BOTH, "HC3"), "kind: found 'HC3'; expected one of CR0"),
    "collinear": (lambda rows, fit: kl.coef_test(smf.ols("attended ~ refund + I(1 - refund)", rows).fit(), BOTH), "are collinear"),
    "no logit": (lambda rows, fit: kl.firth(smf.ols(FORMULA, rows).fit()), "firth: found a OLS of another kind"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_such_fit_is_said_in_words(rows, logit, case):
    call, message = WRONG[case]
    with pytest.raises(ModelError) as error:
        call(rows, logit)
    assert message in str(error.value)

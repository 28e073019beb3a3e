"""The formula in front: equal to the call by names, changed through interactions, refused in words."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from numpy.testing import assert_allclose
from scipy.special import expit

import konbit_lessons as kl
from konbit_lessons.errors import ModelError

INCENTIVES = ["refund", "consulted", "recent", "per_diem_htg"]
NUMBERS = ["estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted", "detectable", "e_value"]


@pytest.fixture(scope="module")
def rows():
    rows = invitations(organizations=90, effects={"consulted": 0.7})
    number = rows["organization_id"].str[1:].astype(int)
    return rows.assign(support=np.array(["none", "coaching", "mentor"])[(number * 7 % 20) % 3], hours=number % 7)


def asked(formula, rows, **question):
    return kl.estimate(formula, rows, **{"incentives": INCENTIVES, "permutations": 0} | question)


@pytest.mark.parametrize(
    ("names", "formula"),
    [
        ({}, "refund + consulted + recent + per_diem_htg"),
        ({"adjust_for": ["org_type", "hours"]}, "refund+consulted +recent+ per_diem_htg + org_type + hours"),
        ({"adjust_for": ["org_type"], "method": "linear"}, "C(org_type) + refund + consulted + recent + per_diem_htg"),
        ({"adjust_for": ["event_type"], "by": "org_type"}, "refund + consulted + recent + per_diem_htg + event_type"),
        ({"incentives": ["support", "refund"], "reference": {"support": "none"}}, "support + refund"),
    ],
)
def test_a_formula_gives_what_the_names_give(rows, names, formula):
    by_names = kl.predict_participation(rows, **{"incentives": INCENTIVES, "permutations": 0} | names)
    names = {name: value for name, value in names.items() if name != "adjust_for"}
    found = asked(f"attended ~ {formula}", rows, **names)
    # 1e-12: the same machinery; where columns stand in another order, two Firth fits to 1e-8
    rtol = 1e-12 if "C(" not in formula else 1e-9
    assert_allclose(found.table[NUMBERS], by_names.table[NUMBERS], rtol=rtol)
    if "by" in names:
        assert_allclose(found.groups[NUMBERS], by_names.groups[NUMBERS], rtol=rtol)


def numbers(rows):
    """As ``kl.rows`` gives them: yes and no as 1 and 0."""
    return rows.assign(**{name: rows[name].astype(float) for name in ("attended", "refund", "consulted", "recent")})


def by_hand(result, rows, **values):
    """The mean prediction with columns set, by statsmodels' own predict."""
    return result.fit.predict(rows.assign(**values)).mean()


def test_an_incentive_is_changed_with_its_interactions_and_transformations(rows):
    result = asked("attended ~ refund * org_type + np.log1p(per_diem_htg) + I(hours ** 2):refund", rows)
    table, n = result.table.set_index("term"), numbers(rows)
    assert list(table.index) == ["refund", "per_diem_htg"]
    assert table.loc["refund", "estimate"] == pytest.approx(
        by_hand(result, n, refund=1.0) - by_hand(result, n, refund=0.0)
    )
    up, down = (by_hand(result, n, per_diem_htg=n["per_diem_htg"] + h) for h in (1e-3, -1e-3))
    assert table.loc["per_diem_htg", "estimate"] == pytest.approx((up - down) / 2e-3, rel=1e-6)  # of the difference
    assert table["kind"].tolist() == ["offered", "amount"]
    again = kl.effects(result.fit, ["organization_id", "event_id"], ["refund", "per_diem_htg"])
    assert_allclose(again[["estimate", "std_error", "df"]], table[["estimate", "std_error", "df"]], rtol=1e-9)


def test_a_stronger_effect_in_one_kind_of_organization_is_averaged_over_all(rows):
    rng, cdsp = np.random.default_rng(3), (rows["org_type"] == "cdsp").to_numpy()
    chance = expit(-0.5 + 1.5 * rows["refund"] * cdsp)
    rows = rows.assign(attended=rng.random(len(rows)) < chance)
    row = asked("attended ~ refund * org_type", rows, incentives="refund").table.iloc[0]
    truth = cdsp.mean() * (expit(1.0) - expit(-0.5))
    assert abs(row["estimate"] - truth) < 3 * row["std_error"]


def test_the_reference_of_the_formula_does_not_matter(rows):
    one = asked("attended ~ C(support, Treatment('mentor')) + refund", rows, incentives="support")
    other = asked("attended ~ support + refund", rows, incentives="support")
    assert one.table["term"].tolist() == ["support[mentor]", "support[none]"]
    assert_allclose(one.table[NUMBERS], other.table[NUMBERS], rtol=1e-6)  # two Firth fits in other coordinates


def test_another_outcome_may_be_made_in_the_formula(rows):
    rows = rows.assign(delegates=np.where(rows["attended"], rows["hours"], 0))
    found = asked("I(delegates >= 2) ~ refund + recent", rows)
    same = asked("many ~ refund + recent", rows.assign(many=rows["delegates"] >= 2))
    assert found.table[NUMBERS].equals(same.table[NUMBERS]) and found.outcome == "I(delegates >= 2)"


def test_rows_in_any_order_give_the_same_bytes(rows):
    formula = "attended ~ refund * org_type + center(hours) + support + recent"
    one = asked(formula, rows, by="event_type")
    other = asked(formula, rows.sample(frac=1, random_state=2), by="event_type")
    for name in ("table", "groups", "covariates"):
        pd.testing.assert_frame_equal(getattr(other, name), getattr(one, name), check_exact=True)
    assert other.fit.params.equals(one.fit.params) and str(other.fit.cov_params()) == str(one.fit.cov_params())


DTYPES = ["float64", "Int64", "boolean", "bool[pyarrow]", "category of 0 and 1", "object"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_yes_and_no_in_any_dtype_are_yes_and_no(rows, dtype):
    def as_(column):
        if dtype.startswith("category"):
            return column.astype(int).astype("category")
        return column.astype(bool).astype(dtype)

    told = rows.assign(**{name: as_(rows[name]) for name in ("attended", "refund", "consulted")})
    found, plain = (asked("attended ~ refund + consulted", one) for one in (told, rows))
    assert found.table.equals(plain.table)


def test_incentives_that_the_formula_leaves_out_are_left_out_and_amounts_come_with_theirs(rows):
    rows = rows.rename(columns={"per_diem_htg": "per_diem_amount"})
    declared = {"refund": "Refund", "per_diem": "Per diem", "consulted": "Consulted"}
    found = asked("attended ~ refund + per_diem_amount + recent", rows, incentives=declared)
    assert found.table["term"].tolist() == ["refund", "per_diem_amount"]


@pytest.mark.parametrize("method", ["firth", "logit", "linear"])
def test_the_fit_is_what_statsmodels_users_know_with_these_standard_errors(rows, method):
    result = asked("attended ~ refund * org_type + per_diem_htg", rows, method=method)
    fit, tested = result.fit, kl.coef_test(result.fit, ["organization_id", "event_id"])
    assert_allclose(fit.params, tested["estimate"], rtol=1e-12)
    assert_allclose(fit.bse, tested["std_error"], rtol=1e-12)
    assert_allclose(fit.pvalues, tested["p_value"], rtol=1e-9)
    assert_allclose(fit.conf_int(), tested[["conf_low", "conf_high"]], rtol=1e-9)
    assert_allclose(np.sqrt(np.diag(fit.cov_params())), fit.bse, rtol=1e-12)
    text = str(fit.summary())
    assert "CR2" in text and "P>|t|" in text and "refund:org_type[T.cdsp]" in text and "attended" in text
    assert fit.predict(numbers(rows).iloc[:3]).between(0, 1).all()
    by_names = kl.predict_participation(rows, incentives=["refund"], adjust_for=["org_type"], method=method)
    assert list(by_names.fit.params.index) == ["Intercept", "org_type[T.cdsp]", "refund"]
    if method == "linear":
        one = asked("attended ~ refund", rows, method=method, incentives="refund")
        assert one.fit.bse["refund"] == pytest.approx(one.table["std_error"].iloc[0], rel=1e-12)


def test_covariates_have_effects_and_intervals_and_no_p(rows):
    labels = {"org_type": "Kind of organization"}
    result = asked(
        "attended ~ refund + org_type + support + hours + one", rows.assign(one=1), incentives="refund", labels=labels
    )
    found = result.covariates.set_index("term")
    assert list(found.index) == ["org_type[cdsp]", "support[mentor]", "support[none]", "hours"]
    assert found.loc["org_type[cdsp]", "label"] == "Kind of organization: cdsp" and "p_value" not in found
    asked_about = asked("attended ~ refund + org_type + support + hours", rows, incentives=["org_type", "hours"]).table
    both = ["estimate", "std_error", "df", "conf_low", "conf_high"]
    assert_allclose(found.loc[["org_type[cdsp]", "hours"], both], asked_about[both], rtol=1e-9)


def test_a_result_shows_itself_short_and_escaped(rows):
    result = asked("attended ~ refund + recent", rows, labels={"refund": "<b>Refund</b>"})
    html = result._repr_html_()
    assert "&lt;b&gt;Refund" in html and "<b>Refund" not in html and len(html) < 3000
    assert "<td>mixed</td>" in result.robustness._repr_html_()


def test_an_interaction_that_asks_for_what_no_row_has_cannot_be_told(rows):
    never = rows.assign(refund=rows["refund"] & (rows["org_type"] == "cdsp"))
    row = asked("attended ~ refund * org_type + recent", never).table.iloc[0]
    assert (row["reason"], row["strength"]) == ("collinear", "cannot tell")


def test_a_separated_interaction_is_answered_without_a_standard_error(rows):
    came = rows["attended"] | (rows["refund"] & (rows["org_type"] == "cdsp"))
    row = asked("attended ~ refund * org_type + recent", rows.assign(attended=came), permutations=99).table.iloc[0]
    assert row["reason"] == "separated" and np.isnan(row["p_value"])
    assert 0 < row["penalized_low"] < row["estimate"] < row["penalized_high"] < 1 and 0 < row["permutation_p"] <= 1


def test_specifications_of_a_formula_keep_its_interactions(rows):
    asking = {"incentives": ["refund", "recent"]}
    result = asked("attended ~ refund * org_type + recent + support", rows, **asking)
    curve = result.robustness.table.set_index(["specification", "term"])["estimate"]
    linear = asked("attended ~ refund * org_type + recent + support", rows, method="linear", **asking).table
    assert_allclose(curve["linear"], linear["estimate"], rtol=1e-9)
    bare = asked("attended ~ refund + refund:org_type + recent", rows, **asking).table
    assert_allclose(curve["unadjusted"], bare["estimate"], rtol=1e-6)
    assert curve[["main", "logit", "bootstrap", "mixed", "gee"]].notna().all()


hours_of_the_caller = 3
BAD = {
    "attended ~ refnud + org_type": 'column "refnud" is not in the rows. Did you mean refund?',
    "attended ~ org_type": "has none of the incentives (refund, consulted, recent, per_diem_htg) on the right",
    "attended ~ refund + attended": '"attended" stands on both sides',
    "attended ~ refund + np.log(hours)": "is no number, such as where refund is 1.0, hours is 0.0",
    "attended ~ refund +": "cannot be read",
    "attended ~ (refund": "cannot be read",
    "attended ~ refund recent": "cannot be read",
    "attended refund": 'expected one outcome, "~", and what may go with it',
    "attended ~ refund ~ recent": 'expected one outcome, "~", and what may go with it',
    "~ refund": 'expected one outcome, "~", and what may go with it',
    "attended ~ refund + hours_of_the_caller": 'column "hours_of_the_caller" is not in the rows',
    "attended ~ refund + lag(hours)": "found lag(…) in",
    "attended ~ 0 + refund + org_type": "leaves out the intercept",
    "attended ~ refund + nothing": "no row is complete: of 2160 rows, 2160 have no nothing.",
    "attended ~ refund + organization_id": 'adjuster "organization_id": found a cluster column',
    "attended ~ refund + held_on": 'adjuster "held_on": found a date',
    "attended ~ refund + lasted": "expected yes/no (true/false), a number or text",
    "attended ~ refund + listed": "expected yes/no (true/false), a number or text",
    "attended ~ refund + slip": "found the text '12,5' among numbers",
    "attended ~ spelled": "found 'Yes' and 'yes'",
    "attended ~ bs(hours, df=3)": 'the effect of "hours" cannot be computed',
    7: "formula: found a int; expected a text",
}  # fmt: skip


@pytest.mark.parametrize("formula", BAD)
def test_a_formula_that_is_wrong_is_said_in_a_few_lines(rows, formula):
    odd = {
        "nothing": np.nan,
        "held_on": pd.Timestamp("2017-04-01"),
        "lasted": pd.Timedelta("1h"),
        "listed": [[1, 2]] * len(rows),
    }
    slip = rows["hours"].astype(str).mask(rows.index == 4, "12,5")
    spelled = np.where(rows.index % 3 == 0, "Yes", np.where(rows.index % 3 == 1, "yes", "no"))
    rows = rows.assign(**odd, slip=slip, spelled=spelled)
    incentives = {"attended ~ spelled": "spelled", "attended ~ bs(hours, df=3)": "hours"}.get(formula, INCENTIVES)
    with pytest.raises(ModelError) as error:
        asked(formula, rows, incentives=incentives)
    assert BAD[formula] in str(error.value)
    assert str(error.value).count("\n") < 3 and error.value.__suppress_context__ | (error.value.__context__ is None)


CALLS = {
    "confidence": ("0.95", "confidence: found '0.95'; expected a share between 0 and 1"),
    "permutations": (1.5, "permutations: found 1.5; expected a whole number"),
    "seed": (None, "seed: found None; expected a whole number"),
    "smallest_effect": (10, "smallest_effect: found 10; expected a share above 0 and at most 1"),
    "by": ("refund", "named twice: refund"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_wrong_is_said_in_words(rows, name):
    value, message = CALLS[name]
    with pytest.raises(ModelError) as error:
        asked("attended ~ refund", rows, **{name: value})
    assert message in str(error.value)


def test_names_that_formulas_and_designs_use_are_names_like_others(rows):
    odd = {"refund": "(Intercept)", "recent": "Intercept", "consulted": "C", "hours": "np", "org_type": "inf"}
    found = kl.predict_participation(
        rows.rename(columns=odd), incentives=["(Intercept)", "Intercept", "C", "np"], adjust_for=["inf"]
    )
    plain = kl.predict_participation(
        rows, incentives=["refund", "recent", "consulted", "hours"], adjust_for=["org_type"]
    )
    assert_allclose(found.table[NUMBERS], plain.table[NUMBERS], rtol=1e-9)
    assert found.table["term"].tolist() == ["(Intercept)", "Intercept", "C", "np"]


def test_an_index_named_like_a_column_and_an_amount_far_from_zero_change_nothing(rows):
    plain = asked("attended ~ refund + per_diem_htg", rows).table
    named = rows.set_index(pd.Index(rows["organization_id"], name="organization_id"))
    assert asked("attended ~ refund + per_diem_htg", named).table.equals(plain)
    far = asked("attended ~ refund + per_diem_htg", rows.assign(per_diem_htg=rows["per_diem_htg"] + 1.4e9)).table
    assert_allclose(far[NUMBERS], plain[NUMBERS], rtol=1e-5)  # ten digits of the amount are its offset


def test_an_outcome_of_the_words_yes_and_no_is_yes_and_no(rows):
    said = rows.assign(attended=np.where(rows["attended"], " Yes", "no"))
    assert asked("attended ~ refund", said).table.equals(asked("attended ~ refund", rows).table)


def test_a_notebook_shows_an_error_in_a_few_lines(rows, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    rows.to_csv(tmp_path / "rows.csv", index=False)
    cell = "import pandas as pd, konbit_lessons as kl\n"
    cell += 'kl.estimate("attended ~ refnud", pd.read_csv("rows.csv"), incentives="refund")'
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    place = {"resources": {"metadata": {"path": str(tmp_path)}}}
    done = NotebookClient(notebook, allow_errors=True, kernel_name="python3", **place).execute()
    assert done.cells[0].outputs[-1]["traceback"] == [
        'ModelError: column "refnud" is not in the rows. Did you mean refund?'
    ]

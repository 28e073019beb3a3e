"""Studies whose outcome is a number: against closed forms, statsmodels and a published number; and what a page says."""

import re

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from causaldata import nsw_mixtape
from statsmodels.sandbox.regression.gmm import IV2SLS
from statsmodels.stats.multitest import multipletests
from test_study_cases import answered, codes, study

import konbit_lessons as kl
from konbit_lessons.errors import KonbitError

MEASURED = 'method = "linear"\n[study.units]\nrow = "person"\nrows = "people"\noutcome = "earned"\nunit = "dollars"\n'


@pytest.fixture(scope="module")
def training():
    """The experiment of Dehejia and Wahba (1999), of the package causaldata: 185 trained, 260 not."""
    people = nsw_mixtape.load_pandas().data.reset_index(names="person")
    return people.assign(re78=people["re78"].astype(float), spells=(people["re78"] / 2000).round())


def test_earnings_differ_by_the_published_1794_dollars_with_the_standard_error_of_two_means(training):
    row = kl.estimate("re78 ~ treat", training, incentives="treat", cluster="person", method="linear").table.iloc[0]
    sides = [training.loc[training["treat"] == one, "re78"] for one in (1, 0)]
    assert row["estimate"] == pytest.approx(1794.34, abs=0.005)
    # CR2 of single rows is HC2: s²/n of each side
    assert row["std_error"] == pytest.approx(np.sqrt(sum(one.var() / len(one) for one in sides)), rel=1e-9)
    assert np.isnan(row["e_value"]) and row["strength"] == "clear"
    assert row["detectable"] == pytest.approx(2.81 * row["std_error"], rel=0.01)


def test_counts_by_poisson_have_the_effects_of_statsmodels_and_cr2_of_any_fit(training):
    result = kl.estimate(
        "spells ~ treat + age", training, incentives=["treat", "age"], cluster="person", method="poisson"
    )
    fit = smf.glm("spells ~ treat + age", training, family=sm.families.Poisson()).fit()
    other = kl.effects(fit, training[["person"]], ["treat", "age"])
    for name in ("estimate", "std_error", "df"):
        assert result.table[name].tolist() == pytest.approx(other[name].tolist(), rel=1e-6)
    assert result.fit.params.tolist() == pytest.approx(fit.params.tolist(), rel=1e-7)


def earned(rows):
    return 1000 + 250 * rows["t"] + 100 * (rows["x"] - 3)


def test_a_number_is_told_in_its_unit_and_never_of_100(tmp_path):
    more = 'adjust_for = ["x"]\nrandomized = true\nby = "half"\n'
    columns = {"y": lambda rows: earned(rows) + 40 * (rows["v"] % 5), "half": lambda rows: rows["v"] // 20}
    _, result, say = answered(study(tmp_path, more + MEASURED, **columns))
    assert str(say.headline(result)).startswith(
        "**T:** people earned about 250 dollars more with it than without it (95 %"
    )
    assert "On average, 320 people earned **1," in str(say.base_rate(result))
    said = [say.best_incentive(result), *say.missed(result), *say.method(result, ["x"]), *say.group_differences(result)]
    said += [say.numbers_caption(result), *say.strength_rule(result), *say.changes_direction(result)]
    assert "of 100" not in " ".join(str(one) for one in said if one)
    assert "drawn by lot" in str(say.caveat())
    balance = say.balance(result)
    with_it, without_it = (result.answers.design.frame.query(f"t == {one}")["x"].mean() for one in (1, 0))
    assert balance[["with_it", "without_it"]].to_numpy().ravel().tolist() == pytest.approx([with_it, without_it])


def test_further_outcomes_are_adjusted_over_them_by_holm(training):
    result = kl.estimate("re78 ~ treat + age", training, incentives="treat", cluster="person", method="linear")
    further = result.of_outcomes(["re75", "re74", "spells"])
    alone = kl.estimate("re75 ~ treat + age", training, incentives="treat", cluster="person", method="linear").table
    assert further["outcome"].tolist() == ["re75", "re74", "spells"]
    assert further["estimate"][0] == alone["estimate"][0] and further["p_value"][0] == alone["p_value"][0]
    assert further["p_adjusted"].tolist() == pytest.approx(multipletests(further["p_value"], method="holm")[1].tolist())


def offered(n=600, moved=0.5):
    """60 groups of 10; who was offered it is treated more often, and the treatment adds 2."""
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"g": np.repeat(np.arange(60), 10), "x": rng.normal(size=n), "u": rng.normal(size=n)})
    rows["z"] = np.repeat(rng.permutation(60) % 2, 10) * 1.0
    rows["d"] = (0.2 + moved * rows["z"] + 0.3 * rows["u"] > 0.5) * 1.0
    return rows.assign(y=2 * rows["d"] + rows["u"] + 0.3 * rows["x"] + rng.normal(size=60)[rows["g"]] * 0.3)


def test_the_effect_on_those_treated_is_that_of_iv2sls_with_cr2_by_hand():
    rows = offered()
    told = kl.estimate("y ~ z + x", rows, incentives="z", cluster="g", method="linear").treated("d")
    X, Z, y = (sm.add_constant(rows[["d", "x"]]).to_numpy(), sm.add_constant(rows[["z", "x"]]).to_numpy(), rows["y"])
    assert told["estimate"] == pytest.approx(IV2SLS(y.to_numpy(), X, Z).fit().params[1], rel=1e-9)
    fitted = Z @ np.linalg.solve(Z.T @ Z, Z.T @ X)
    residual, bread = y - X @ np.linalg.solve(fitted.T @ X, fitted.T @ y), np.linalg.inv(fitted.T @ fitted)
    meat = np.zeros((3, 3))
    for _, at in rows.groupby("g").indices.items():
        values, vectors = np.linalg.eigh(np.eye(10) - fitted[at] @ bread @ fitted[at].T)
        score = fitted[at].T @ (vectors @ np.diag(values**-0.5) @ vectors.T @ residual.to_numpy()[at])
        meat += np.outer(score, score)
    assert told["std_error"] == pytest.approx(np.sqrt((bread @ meat @ bread)[1, 1]), rel=1e-9)
    shares = rows.groupby("z")["d"].mean()
    assert (told["with_it"], told["without_it"], told["reason"]) == (shares[1.0], shares[0.0], "")
    hardly = kl.estimate("y ~ z + x", offered(moved=0.02), incentives="z", cluster="g", method="linear")
    assert hardly.treated("d")["reason"] == "weak"


def test_who_was_treated_is_told_on_the_page(tmp_path):
    more = 'treated = "d"\n'
    columns = {
        "d": lambda rows: ((rows["t"] == 1) & (rows["x"] < 5)).astype(int),
        "y": lambda rows: rows.index % 3 == 0,
    }
    _, result, say = answered(study(tmp_path, more, **columns))
    assert re.match(
        r"\*\*D:\*\* 72 % of pupils with it, 0 % without it. Of 100 whom it moved", str(say.treated(result))
    )


def test_strata_are_adjusted_for_and_one_of_one_arm_is_said(tmp_path):
    columns = {"district": lambda rows: "D" + (rows["v"] // 10).astype(str)}
    columns |= {"t": lambda rows: np.where(rows["v"] < 10, 1, rows["v"] % 2)}
    programme, result, _ = answered(study(tmp_path, 'strata = ["district"]\n', **columns))
    assert programme.formula == "y ~ t + district"
    assert kl.rows(programme).attrs["noticed"] == ["district: in D0 all have the same t, so it tells nothing of it"]
    assert [name for name in result.coefficients.index if "district" in name] == [
        f"district[T.D{one}]" for one in (1, 2, 3)
    ]


def test_what_differs_within_the_clusters_can_be_compared_within_each(tmp_path):
    columns = {"t": lambda rows: rows.index % 3 == 0, "v": lambda rows: "S" + (rows["v"] // 3).astype(str)}
    folder = study(tmp_path, 'strata = ["v"]\nmethod = "linear"\nrandomized = true\n', **columns)
    programme, result, _ = answered(folder)
    rows = kl.rows(programme)
    inside = rows[["t", "y"]] - rows.groupby("v", observed=True)[["t", "y"]].transform("mean")
    assert result.table["estimate"][0] == pytest.approx((inside["t"] @ inside["y"]) / (inside["t"] @ inside["t"]))
    (folder / "programme.toml").write_text((folder / "programme.toml").read_text().replace("linear", "firth"))
    with pytest.raises(KonbitError, match=r'found a cluster column.*or write method = "linear"'):
        answered(folder)


def test_weights_of_a_study_are_those_of_the_call(tmp_path):
    columns = {"w": lambda rows: 1 + rows["x"] % 3}
    programme, result, _ = answered(study(tmp_path, 'weights = "w"\n', **columns))
    told = kl.estimate("y ~ t", kl.rows(programme), incentives="t", cluster="v", weights="w").table.iloc[0]
    assert result.table["estimate"][0] == pytest.approx(told["estimate"], rel=1e-12)


def test_so_many_of_so_many_is_not_too_few_for_a_few_rows_without_any(tmp_path):
    columns = {"y": lambda rows: rows["x"] + 2 * rows["t"], "n": 10}
    _, result, _ = answered(study(tmp_path, 'method = "binomial"\ntrials = "n"\n', **columns))
    assert result.table["estimate"][0] == pytest.approx(0.2, abs=0.01) and result.table["strength"][0] == "clear"


def test_columns_may_be_called_by_any_signs(tmp_path):
    columns = {"Âge (années)": lambda rows: rows["x"]}
    programme, result, _ = answered(study(tmp_path, 'adjust_for = ["Âge (années)"]\n', **columns))
    assert programme.formula == 'y ~ t + Q("Âge (années)")' and len(result.coefficients) == 3


REFUSED = [
    ('method = "linear"\n', {"y": earned}, 'units, unit: found "numbers from .*expected a unit, such as unit = "USD"'),
    (MEASURED, {}, 'found "an outcome from 0 to 1"; expected none'),
    ('[study.units]\nunit = "USD"\n', {"y": earned}, 'write method = "linear" or "poisson"'),
    ('method = "binomial"\n', {}, "expected trials beside method"),
    ("smallest_effect_that_matters = 5\n", {}, "expected a share below 1"),
    ('weights = "w"\n', {"w": lambda rows: rows["x"] - 1}, 'weights "w": found -1.0; expected a number above 0'),
    ("", {"y": 1}, "in all 320 rows it is yes, so nothing can go with it. Take other rows"),
    ('treated = "t"\n', {}, 'treated: found "t"; expected the column of who had it'),
    ('treated = "d"\n', {"t": codes("Control", "A"), "d": lambda rows: rows["x"] > 3}, "beside one incentive of"),
    ('adjust_for = ["t"]\n', {}, 'adjust_for: found "t"; expected each column named once'),
    ('further_outcomes = ["x"]\n', {}, r'further_outcomes: found "x \(0 to 6\)", beside y of another unit'),
    ('method = "linear"\n[study.units]\nunit = "USD"\n', {"y": 7}, "in all 320 rows it is 7, so nothing can go"),
    ("", {"y": earned}, 'For a number, say method="linear"'),
    ("", {"t": codes(*[f"arm {one}" for one in range(39)], "control")}, "found 40 different values"),
    (MEASURED, {"y": lambda rows: earned(rows).map("${}".format)}, r"y has \$\d+, .*Take signs such as \$ or % out"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "columns", "message"), REFUSED)
def test_bad_input_is_refused_with_what_to_do(tmp_path, more, columns, message):
    with pytest.raises(KonbitError, match=message):
        answered(study(tmp_path, more, **columns))


def test_an_amount_that_may_be_a_code_and_a_cluster_that_is_the_row_are_said_as_they_are(tmp_path):
    numbered = study(tmp_path, 'adjust_for = ["x"]\n', t=lambda rows: rows.index + 1000, v=lambda rows: rows.index)
    programme, result, say = answered(numbered)
    assert kl.rows(programme).attrs["noticed"] == [
        "t: each row has a whole number of its own; taken as an amount, which a code is not"
    ]
    assert "320 pupils)" in str(say.headline(result)) and "schools" not in str(say.headline(result))
    assert "Within each" not in str(say.ways_explained(result))


def test_an_arm_with_three_rows_is_not_told_of(tmp_path):
    small = {"t": lambda rows: np.where(rows.index < 3, "Soap", np.where(rows["v"] % 2, "Cash", "Control"))}
    _, result, _ = answered(study(tmp_path, **small))
    assert result.table.set_index("term").loc["t[Soap]", "reason"] == "not_shown"
    assert pd.isna(result.table.set_index("term").loc["t[Soap]", "n_offered"])


INDEX = 'method = "linear"\nfurther_outcomes = ["b"]\nindex.wellbeing = { a = "more", b = "less", c = "less" }\n'
INDEX += '[study.units]\nrow = "person"\nrows = "people"\noutcome = "scored"\nunit = "standard deviations"\n'


def scored(rows, slope):
    return np.round(10 + slope * rows["t"] + rows["x"] + rows["v"] % 7, 3)


def test_an_index_is_the_mean_of_outcomes_in_standard_deviations_with_the_signs_declared(tmp_path):
    columns = {"a": lambda rows: scored(rows, 3).mask(rows["x"] == 0), "b": lambda rows: scored(rows, -2) / 40}
    columns |= {"c": lambda rows: (rows["x"] + rows["t"] > 4).map({True: "yes", False: "no"})}
    folder = study(tmp_path, INDEX.replace('further_outcomes = ["b"]\n', ""), drop=["y"], **columns)
    toml = (folder / "programme.toml").read_text().replace('outcome = "y"', 'outcome = "wellbeing"')
    (folder / "programme.toml").write_text(toml)
    programme, result, say = answered(folder)
    raw = pd.read_csv(folder / "t.csv").assign(c=lambda rows: (rows["c"] == "yes") * 1.0)
    control = raw[raw["t"] == 0]
    standard = pd.DataFrame({n: s * (raw[n] - control[n].mean()) / control[n].std() for n, s in SIGNS.items()})
    standard["a"] = standard["a"].fillna(standard.groupby(raw["t"])["a"].transform("mean"))
    by_hand = standard.mean(axis=1)
    assert kl.rows(programme)["wellbeing"].tolist() == pytest.approx(by_hand.tolist())
    # the difference of the index is the mean of those of its parts, as Kling, Liebman and Katz have it
    parts = [standard.loc[raw["t"] == 1, name].mean() - standard.loc[raw["t"] == 0, name].mean() for name in SIGNS]
    assert result.table["estimate"][0] == pytest.approx(np.mean(parts))
    assert "Wellbeing is the mean of a, and the other way round of b and c" in " ".join(
        str(one) for one in say.method(result) if one
    )


SIGNS = {"a": 1, "b": -1, "c": -1}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ('index.w = { y = "more" }\n', r"index, w: found .* should have at least 2 items"),
        ('index.w = { y = "more", z = "more" }\n', 'there is no column "z"'),
        (
            'index.w = { y = "more", same = "more" }\n',
            'index: found "same"; expected columns of numbers, or yes and no',
        ),
        (
            'index.w = { y = "more", town = "more" }\n',
            'index: found "town"; expected columns of numbers, or yes and no',
        ),
        ('index.x = { y = "more", v = "less" }\n', 'index: found "x"; expected a name that no column of the table has'),
    ],
)
def test_an_index_of_what_cannot_be_one_is_refused(tmp_path, index, message):
    columns = {"same": 3, "town": lambda rows: "town " + (rows["v"] % 3).astype(str)}
    with pytest.raises(KonbitError, match=message):
        answered(study(tmp_path, index, **columns))


def test_several_outcomes_are_adjusted_by_benjamini_and_hochberg_where_that_is_declared(tmp_path):
    more = 'method = "linear"\nfurther_outcomes = ["a", "b"]\ncorrection = "Benjamini-Hochberg"\n'
    more += '[study.units]\nunit = "kg"\n'
    columns = {"y": earned, "a": lambda rows: scored(rows, 0.3), "b": lambda rows: scored(rows, 0.1)}
    programme, result, say = answered(study(tmp_path, more, **columns))
    further = result.of_outcomes(programme.study.further_outcomes)
    alike = further["p_if_alike"] if "p_if_alike" in further else further["p_value"]
    assert further["p_adjusted"].tolist() == pytest.approx(multipletests(alike, method="fdr_bh")[1].tolist())
    assert str(say.p_heading(result, further)) == "p (Benjamini and Hochberg)"
    assert str(say.p_heading(result, result.table)) == "p"

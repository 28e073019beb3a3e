"""Strata and other adjusters of many levels, absorbed: the numbers are those of a column for each level, and of R's."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_study_cases import answered, study

import konbit_lessons as kl
from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import used

NUMBERS = ["estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted", "detectable"]
linear = partial(kl.estimate, method="linear", permutations=0)


def table(strata, villages=3, size=5, seed=1):
    """Villages within strata, of unequal size, half of them with it; ``c`` are clusters across strata."""
    rng = np.random.default_rng(seed)
    v = np.repeat(np.arange(strata * villages), size)
    v = v[rng.random(len(v)) < 0.8]
    n, t, d = len(v), rng.random(strata * villages) < 0.4, v // villages
    rows = pd.DataFrame({"d": [f"D{one:04d}" for one in d], "v": v, "c": v % 11, "t": t[v] * 1.0})
    rows["x"], rows["w"], rows["dose"] = rng.normal(size=n), rng.integers(1, 4, n), rows["t"] * (1 + v % 4)
    rows["arm"] = np.where(rows["t"] == 0, "none", np.where(v % 2, "cash", "food"))
    noise = rng.normal(size=strata)[d] + rng.normal(size=strata * villages)[v] + rng.normal(size=n)
    rows["y"] = 0.5 * rows["t"] + rows["x"] + noise
    return rows.assign(yes=(rows["y"] > 1) * 1.0, got=rows["t"] * (rows["x"] > -0.5))


@pytest.fixture
def both(monkeypatch):
    """The same question with a column for each level, and absorbed."""

    def asked(rows, formula, look=lambda result: result, **given):
        found = []
        for most, absorbed in ((300, ""), (50, "d")):
            monkeypatch.setattr(used, "MOST_ADJUSTED", most)
            result = linear(formula, rows, **given)
            assert result.answers.design.absorbed == absorbed
            found.append(look(result))  # some of it is asked anew
        return found

    return asked


@pytest.mark.parametrize(
    ("formula", "given"),
    [
        ("y ~ t + x + d", {"incentives": ["t", "x"], "cluster": "v"}),  # clusters within strata
        ("y ~ t + x + d", {"incentives": ["t", "x"], "cluster": "c"}),  # across, large ones: by the contour integral
        ("y ~ t + x + d", {"incentives": "t", "cluster": ["c", "x5"]}),
        ("y ~ t + x + d", {"incentives": ["t", "x"], "cluster": "c", "weights": "w"}),
        ("y ~ t + d", {"incentives": "t", "cluster": "d2"}),  # strata that are the clusters
        ("yes ~ t * x + d", {"incentives": "t", "cluster": "v", "weights": "w"}),
        ("y ~ arm + x + d", {"incentives": "arm", "cluster": "v", "reference": {"arm": "none"}}),
        ("y ~ dose + x + d", {"incentives": "dose", "cluster": "v"}),
        ("y ~ t + x + d", {"incentives": "t", "cluster": "v", "by": "half"}),
    ],
)
def test_what_is_absorbed_gives_the_numbers_of_a_column_for_each_level(both, formula, given):
    rows = table(200)
    rows = rows.assign(x5=rows.index % 41, d2=rows["d"].str[1:], half=np.where(rows["v"] % 2, "a", "b"))
    each, absorbed = both(rows, formula, **given)
    for one, other in [(each.table, absorbed.table), (each.groups, absorbed.groups)]:
        if one is not None:
            np.testing.assert_allclose(other[NUMBERS].astype(float), one[NUMBERS].astype(float), rtol=1e-8, atol=1e-12)
            assert other["strength"].tolist() == one["strength"].tolist()
    for name in each.factors:
        assert absorbed.factors[name]["F"] == pytest.approx(each.factors[name]["F"], rel=1e-8)
        assert absorbed.factors[name]["df_denom"] == pytest.approx(each.factors[name]["df_denom"], rel=1e-8)
    alike = [_df_if_alike(one) for one in (each, absorbed)]
    assert alike[1] == pytest.approx(alike[0], rel=1e-8)


def _df_if_alike(result):
    key = next(iter(result.answers.design.fitted))
    _, gradient = result.answers.effect(key)
    return [one.df_if_alike(gradient) for one in result.answers.robust.by.values()]


def test_what_hangs_on_the_fit_is_that_of_a_column_for_each_level(both):
    def look(result):
        return result, result.treated("got"), result.robustness.table.set_index("specification")

    given = {"incentives": "t", "cluster": "v", "drawn_within": ["d"], "look": look}
    (_, *each), (result, *absorbed) = both(table(200), "y ~ t + x + d", **given)
    assert absorbed[0].pop("reason") == each[0].pop("reason") == ""
    assert absorbed[0] == pytest.approx(each[0], rel=1e-8)
    for name in ("main", "permutation", "unadjusted"):
        ends = [curve[1].loc[name, ["estimate", "conf_low", "conf_high"]].astype(float) for curve in (each, absorbed)]
        assert ends[1].tolist() == pytest.approx(ends[0].tolist(), rel=1e-8)
    assert absorbed[1].loc[["bootstrap", "lin"], "reason"].tolist() == ["too_large"] * 2
    assert [result.fit.params["t"], result.fit.bse["t"]] == pytest.approx(
        result.table.loc[0, ["estimate", "std_error"]].tolist(), rel=1e-9
    )
    assert result.covariates["term"].tolist() == ["x"]
    mean = result.answers.design.X.mean(axis=0) @ result.coefficients  # the intercept is that of the mean stratum
    assert mean == pytest.approx(result.rate, rel=1e-9)


def test_the_p_of_the_lot_is_that_of_a_column_for_each_level(both):
    given = {"incentives": "t", "cluster": "v", "drawn_within": ["d"], "permutations": 199}
    each, absorbed = both(table(120, seed=3).assign(y=lambda rows: rows["y"] - 0.4 * rows["t"]), "y ~ t + d", **given)
    assert 0.01 < each.table["permutation_p"][0] == absorbed.table["permutation_p"][0]


# R: clubSandwich 0.5.8 of lm(y ~ t + x + factor(d)) and plm(…, model = "within"), estimatr 1.0.0 of
# lm_robust(y ~ t + x, fixed_effects = ~d, clusters = v, se_type = "CR2"); all give the same of the clusters v
DATA = Path(__file__).parent / "data" / "absorbed_strata.csv"
R = {
    "v": [(1.8749096652687, 0.39109668338889, 24.27245728259), (0.96785805989179, 0.07934428778764, 49.93190794760)],
    "c": [(1.8749096652687, 0.31468306691937, 8.54489993314), (0.96785805989179, 0.07138728609096, 12.98849484524)],
}


@pytest.mark.parametrize("cluster", R)
def test_absorbed_strata_have_the_standard_errors_of_r(monkeypatch, cluster):
    monkeypatch.setattr(used, "MOST_ADJUSTED", 5)
    rows = pd.read_csv(DATA)
    found = linear("y ~ t + x + d", rows, incentives=["t", "x"], cluster=cluster)
    assert found.answers.design.absorbed == "d"
    np.testing.assert_allclose(found.table[["estimate", "std_error", "df"]].astype(float), R[cluster], rtol=1e-10)


def test_a_thousand_strata_of_five_thousand_rows_take_seconds_and_are_told(tmp_path):
    columns = {name: of(table(1000, villages=2, size=3)) for name, of in COLUMNS.items()}
    more = 'method = "linear"\nstrata = ["d"]\nadjust_for = ["x"]\nrandomized = true\n'
    folder = study(tmp_path, more)
    pd.DataFrame(columns).to_csv(folder / "t.csv", index=False)
    programme, result, say = answered(folder)
    assert result.n == len(columns["y"]) and result.answers.design.absorbed == "d"
    assert programme.formula == "y ~ t + x + d" and result.table["reason"][0] == ""
    assert "of 100 pupils, about" in str(say.headline(result)) and "x and d" in str(say.method(result, ["x", "d"])[0])
    assert 0 < result.table["permutation_p"][0] <= 1
    assert {"permutation", "unadjusted"} <= {*result.robustness.table.dropna()["specification"]}


COLUMNS = {"v": lambda rows: rows["v"], "t": lambda rows: rows["t"], "y": lambda rows: rows["yes"]}
COLUMNS |= {"x": lambda rows: rows["x"], "d": lambda rows: rows["d"]}


def test_what_does_not_differ_within_strata_is_not_told_of(monkeypatch):
    monkeypatch.setattr(used, "MOST_ADJUSTED", 50)
    rows = table(60)
    rows = rows.assign(same=rows["d"].str[-1].astype(float), late=rows["d"] > "D0030")
    found = linear("y ~ late + t + same + d", rows, incentives=["t", "late"], cluster="v")
    assert found.not_estimable[["term", "reason"]].to_numpy().tolist() == [["late", "collinear"]]
    assert found.not_estimable["explanation"][0] == "late cannot be told apart from d: they always go together."
    assert found.notes == ("same repeats d, so it was not adjusted for.",)


@pytest.mark.parametrize(
    ("formula", "given", "message"),
    [
        ("yes ~ t + d", {"method": "firth"}, 'at most 50 kinds.*method = "linear" takes one adjuster of any number'),
        ("y ~ t + d + v2", {}, 'adjuster "d": found 60 different'),  # that of the most is absorbed, and one only
        ("y ~ t * d", {}, 'adjuster "d": found 60 different'),
        ("y ~ t + d", {"covariance": "CR3"}, 'found "CR3"; expected "CR2" where'),
        ("y ~ t + d", {"drop": True}, r"found 60 complete rows for 60 columns"),
    ],
)
def test_what_cannot_be_absorbed_is_refused(monkeypatch, formula, given, message):
    monkeypatch.setattr(used, "MOST_ADJUSTED", 50)
    rows = table(60)
    rows = rows.assign(v2="v" + rows["v"].astype(str))
    rows = rows.drop_duplicates("d") if given.pop("drop", False) else rows
    with pytest.raises(ModelError, match=message):
        linear(formula, rows, incentives="t", cluster="v", **given)

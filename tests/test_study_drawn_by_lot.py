"""A study whose treatment was drawn by lot: shuffles by that lot, Lin's adjustment and Lee's bounds."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from causaldata import nsw_mixtape
from scipy.stats import kstest
from test_study_cases import answered, study

import konbit_lessons as kl
from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.attrition import attrition_of, imbens_manski, lee_bounds
from konbit_lessons.incentives.sparse import permutation_p, shuffled_scores

BEFORE = "age + educ + black + hisp + marr + nodegree + re74 + re75"


def drawn(rows, formula="y ~ t", within=(), **options):
    options = {"cluster": "v", "method": "linear", "drawn_within": list(within)} | options
    return kl.estimate(formula, rows, incentives="t", **options)


def test_lins_adjustment_is_that_of_lm_lin():
    people = nsw_mixtape.load_pandas().data.reset_index(names="v").rename(columns={"treat": "t"})
    # estimatr 1.0.0: lm_lin(re78 ~ treat, ~ age + …, se_type = "HC2")
    lin = drawn(people, f"re78 ~ t * ({BEFORE})").table.iloc[0]
    assert (lin["estimate"], lin["std_error"]) == pytest.approx(
        (1621.58310144, 694.721573787), rel=1e-7
    )  # the package keeps single precision
    curve = drawn(people, f"re78 ~ t + {BEFORE}").robustness.table.set_index("specification")
    assert curve.loc["lin", ["estimate", "conf_low"]].tolist() == pytest.approx([lin["estimate"], lin["conf_low"]])
    assert (
        "lin" not in drawn(people, f"re78 ~ t + {BEFORE}", drawn_within=None).robustness.table["specification"].tolist()
    )


def test_the_p_of_the_lot_is_that_of_all_its_outcomes():
    """Two strata of five pairs of rows, in each of which two or three had it: every way to deal it out is counted."""
    rng = np.random.default_rng(5)
    t = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0, 0])
    rows = pd.DataFrame({"v": np.repeat(np.arange(10), 2), "t": np.repeat(t, 2), "d": np.repeat(list("ab"), 10)})
    rows["y"] = rng.normal(size=20) + 0.6 * rows["t"] + 3 * (rows["d"] == "b")
    sums = (rows["y"] - rows.groupby("d")["y"].transform("mean")).groupby(rows["v"]).sum().to_numpy()
    sides = [[*{*permutations(side)}] for side in (t[:5].tolist(), t[5:].tolist())]
    every = np.array([np.array([*one, *other]) @ sums for one, other in product(*sides)])
    exact = (np.abs(every) >= abs(t @ sums) - 1e-12).mean()
    design = drawn(rows, "y ~ t + d", within=["d"]).answers.design
    given = {"varies_by": "v", "permutations": 9999, "seed": 1, "drawn_within": ["d"]}
    assert permutation_p(design, "t", method="linear", **given) == pytest.approx(exact, abs=0.015)
    in_a = (design.frame["d"] == "a").to_numpy(float)
    assert {*shuffled_scores(design, "t", in_a, **given)} == {4.0}  # two of five, of two rows each, whatever the lot
    assert len({*shuffled_scores(design, "t", in_a, **{**given, "drawn_within": []})}) > 1
    with pytest.raises(ModelError, match='drawn_within: "d" is not in the formula'):
        drawn(rows, "y ~ t", within=["d"])


@pytest.mark.slow
def test_where_nothing_has_an_effect_the_p_of_the_lot_is_uniform():
    rng, found = np.random.default_rng(2), []
    for _ in range(200):
        rows = pd.DataFrame({"v": np.repeat(np.arange(24), 3), "d": np.repeat(np.arange(4), 18).astype(str)})
        t = np.concatenate([rng.permutation(6) % 2 for _ in range(4)])
        rows = rows.assign(t=t[rows["v"]], y=rng.exponential(size=72) + rng.exponential(size=24)[rows["v"]])
        found.append(drawn(rows, "y ~ t + d", within=["d"], permutations=199).table["permutation_p"][0])
    assert kstest(found, "uniform").pvalue > 0.01


def some_missing(n=4000, seed=0):
    """Half have it, who answer more often by it alone; the effect on those who answer either way is 1."""
    rng = np.random.default_rng(seed)
    u, t = rng.normal(size=n), rng.integers(0, 2, n)
    always, if_offered = u < 0.2, (u >= 0.2) & (u < 0.8)
    y = np.where(always | (if_offered & (t == 1)), 1.0 * t + u + rng.normal(size=n), np.nan)
    return pd.DataFrame({"v": np.arange(n), "t": t, "y": y, "u": u}), always


def test_lees_bounds_hold_the_effect_on_those_who_answer_either_way():
    rows, _ = some_missing()
    told = drawn(rows).attrition.iloc[0]
    assert told["low"] < 1 < told["high"] and told["conf_low"] < told["low"] and told["high"] < told["conf_high"]
    missing = rows["y"].isna().groupby(rows["t"]).mean()
    assert (told["missing_with"], told["missing_without"]) == pytest.approx((missing[1], missing[0]))
    # by hand: of those with it the share that answers more is cut off by a quantile, as Stata's leebounds does
    y1, y0 = (np.sort(rows.loc[(rows["t"] == one) & rows["y"].notna(), "y"]) for one in (1, 0))
    kept = round((1 - missing[0]) / (1 - missing[1]) * len(y1))
    assert (told["low"], told["high"]) == pytest.approx(
        (y1[:kept].mean() - y0.mean(), y1[-kept:].mean() - y0.mean()), abs=2e-3
    )
    complete = drawn(rows).table["estimate"][0]
    assert abs(complete - 1) > 0.2  # what answers alone would say


@pytest.mark.slow
def test_the_interval_of_lees_bounds_holds_the_effect_in_95_of_100():
    held = 0
    for seed in range(100):
        told = attrition_of(drawn(some_missing(600, seed)[0]), draws=99).iloc[0]
        held += told["conf_low"] <= 1 <= told["conf_high"]
    assert held >= 93


def test_lees_bounds_of_yes_and_no_count_the_value_at_the_cut_in_part():
    # all 5 with it answer, 3 of them yes; 4 of 5 without it, 2 yes: 1 of 5 is cut off with it, a yes or a no
    y = np.array([1.0, 1, 1, 0, 0, 1, 1, 0, 0, np.nan])
    assert lee_bounds(np.repeat([1.0, 0.0], 5), y, np.ones(10)) == pytest.approx((2 / 4 - 2 / 4, 3 / 4 - 2 / 4))
    # the other way round the ends change places
    assert lee_bounds(np.repeat([0.0, 1.0], 5), y, np.ones(10)) == pytest.approx((2 / 4 - 3 / 4, 2 / 4 - 2 / 4))
    assert np.isnan(imbens_manski((0.0, 1.0), (np.nan, np.nan), 0.95)).all()


def test_a_page_tells_of_the_lot_and_of_who_is_missing(tmp_path):
    more = 'randomized = true\nadjust_for = ["x"]\n'
    columns = {"y": lambda rows: rows["y"].mask((rows["v"] % 4 == 0) & (rows["x"] < 3))}
    _, result, say = answered(study(tmp_path, more, **columns))
    assert "dealt out anew by the same lot, it would show a difference this large in" in str(say.redrawn(result)[0])
    missing = result.attrition.iloc[0]
    assert (
        f"{missing['missing_without']:.0%}".rstrip("%") in str(say.attrition(result)[0])
        and missing["missing_with"] == 0
    )
    shown = set(say.ways_of_looking(result)["label"])
    assert "Lin: slopes of their own with it and without" in shown
    _, result, say = answered(study(tmp_path / "not_drawn", 'adjust_for = ["x"]\n', **columns))
    assert say.redrawn(result) == [] == say.attrition(result) and np.isnan(result.table["permutation_p"][0])


def test_single_rows_have_no_groups_that_are_alike_and_many_groups_take_no_minutes(tmp_path):
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"v": np.arange(4600), "t": rng.integers(0, 2, 4600), "y": rng.integers(0, 2, 4600)})
    why = drawn(rows, method="firth").robustness.table.set_index("specification")["reason"]
    assert (why["gee"], why["mixed"]) == ("alone", "alone")
    why = drawn(rows.assign(v=rows["v"] // 2), method="firth").robustness.table.set_index("specification")["reason"]
    assert why["gee"] == "too_large"

"""Whether participation is predicted: nothing leaks from a fold, noise is called noise. R's numbers: ``agreement``."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.prediction import auc, calibration, folds_of, prediction, quality

QUESTION = {"incentives": ["consulted", "refund", "recent"], "adjust_for": ["org_type"]}


def told_of(rows, *, folds=5, **question):
    return prediction(predict_participation(rows, permutations=0, **question), folds=folds)


@pytest.fixture(scope="module")
def example():
    return invitations(organizations=80, events=10, effects={"consulted": 1.5, "recent": 1.0})


@pytest.fixture(scope="module")
def told(example):
    return told_of(example, **QUESTION)


def test_folds_keep_an_organization_whole_and_are_of_equal_size():
    groups = np.repeat([f"O{i}" for i in range(13)], 3)
    fold = folds_of(groups, 4)
    assert pd.Series(fold).groupby(groups).nunique().eq(1).all()
    assert sorted(np.bincount(fold) / 3) == [3, 3, 3, 4]


def test_effects_that_are_there_predict_better_than_the_base_rate(told):
    table = told.table.set_index("measure")
    assert table.loc["brier", "out_of_fold"] < table.loc["brier", "base_rate"]
    assert table.loc["log_loss", "out_of_fold"] < table.loc["log_loss", "base_rate"]
    assert 0.5 < told.auc_low < table.loc["auc", "out_of_fold"] < told.auc_high < 1
    assert table.loc["auc", "in_sample"] > table.loc["auc", "out_of_fold"]


def test_noise_does_not_predict_and_learning_organizations_by_heart_does_not_help():
    rows = invitations(organizations=60, events=10, shock=0.0, seed=8)
    noise = np.random.default_rng(1).normal(size=(60, 6))[rows["organization_id"].str[1:].astype(int)]
    rows = rows.assign(**{f"noise_{j}": noise[:, j] for j in range(6)})
    table = told_of(rows, incentives=[f"noise_{j}" for j in range(6)]).table.set_index("measure")
    assert table.loc["brier", "out_of_fold"] > table.loc["brier", "base_rate"]
    assert table.loc["auc", "in_sample"] > 0.55 > table.loc["auc", "out_of_fold"]


def test_what_is_predicted_comes_true_on_average(told, example):
    assert abs(told.calibration["intercept"]) < 0.1
    assert 0.6 < told.calibration["slope"] < 1.2
    assert told.n == len(example)


def test_the_order_of_the_rows_does_not_matter(told, example):
    again = told_of(example.sample(frac=1, random_state=2), **QUESTION)
    pd.testing.assert_frame_equal(again.table, told.table, rtol=1e-9)


def test_rows_of_one_group_make_the_auc_less_sure():
    rng = np.random.default_rng(2)
    y, p = (rng.random(40) < 0.5).astype(float), rng.random(40)
    single = auc(y, p)
    repeated = auc(np.repeat(y, 5), np.repeat(p, 5), np.repeat(np.arange(40), 5))
    assert repeated[0] == pytest.approx(single[0])
    assert repeated[1] == pytest.approx(single[1], rel=1e-9)  # five copies of a row tell what one tells
    assert auc(np.repeat(y, 5), np.repeat(p, 5))[1] < 0.5 * single[1]


def test_calibration_finds_the_shift_and_the_slope_that_were_put_in():
    rng = np.random.default_rng(5)
    eta = rng.normal(size=20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * eta)))).astype(float)
    assert calibration(y, 1 / (1 + np.exp(-eta)))["slope"] == pytest.approx(0.5, abs=0.04)
    shifted = (rng.random(20_000) < 1 / (1 + np.exp(-(eta + 0.7)))).astype(float)
    assert calibration(shifted, 1 / (1 + np.exp(-eta)))["intercept"] == pytest.approx(0.7, abs=0.05)


def test_predictions_that_are_certain_and_right_have_no_slope_and_a_finite_loss():
    y = np.array([0.0, 0.0, 1.0, 1.0])
    assert quality(y, y) == pytest.approx({"auc": 1.0, "brier": 0.0, "log_loss": 0.0}, abs=1e-9)
    assert np.isnan(calibration(y, np.array([0.1, 0.2, 0.8, 0.9]))["slope"])


def test_a_level_that_only_one_fold_has_is_no_obstacle(example):
    rows = example.assign(place=np.where(example["organization_id"] == "O007", "Jérémie", "other"))
    assert told_of(rows, incentives="refund", adjust_for=["place"]).n == len(rows)


def test_bad_calls_are_refused_with_what_to_do(example):
    with pytest.raises(ModelError, match="found 'linear'; expected one of firth, logit"):
        told_of(example, incentives="refund", method="linear")
    with pytest.raises(ModelError, match="found 81 for 80 groups"):
        told_of(example, folds=81, incentives="refund")
    rows = example.assign(attended=example["organization_id"] == "O000")
    with pytest.raises(ModelError, match=r"fold 1: in all the others .* Ask for fewer folds"):
        told_of(rows, incentives="refund")
    with pytest.raises(ModelError, match="everybody or nobody took part"):
        auc(np.ones(3), np.arange(3))

"""Missing answers: what is imputed, for whom, and what becomes of an effect. Pooling against R is in ``agreement``."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.imputation import imputed, missing_answers, pool

pytestmark = pytest.mark.slow

QUESTION = {"incentives": ["consulted", "refund"], "adjust_for": ["org_type"], "permutations": 0}


def gaps(rows, organizations, column="consulted"):
    """The rows with the answer of some organizations blanked."""
    return rows.assign(**{column: rows[column].astype("boolean").mask(rows["organization_id"].isin(organizations))})


def quiet(rows, share=0.6):
    """Organizations that took part least: those that do not answer either."""
    took_part = rows.groupby("organization_id")["attended"].mean().sort_values(kind="stable")
    return took_part.index[: int(share * len(took_part)) : 2]


def filled(rows, *, seed=1, imputations=20, **changes):
    return imputed(predict_participation(rows, **QUESTION | changes), seed=seed, imputations=imputations)


@pytest.fixture(scope="module")
def example():
    return invitations(organizations=60, events=12, effects={"consulted": 1.2})


@pytest.fixture(scope="module")
def answered(example):
    return filled(gaps(example, quiet(example)))


def test_rows_of_organizations_without_an_answer_come_back(example, answered):
    row = answered.table.set_index("term").loc["consulted"]
    assert (row["complete_n"], row["pooled_n"], row["m"]) == (60 * 12 - 18 * 12, 60 * 12, 20)
    assert row["fraction_missing_information"] > row["share_due_to_missing"] > 0.05


def test_what_is_missing_and_whose_is_counted(answered):
    missing = answered.missing.set_index("column")
    assert missing.loc["consulted", ["rows", "organizations", "never", "imputed"]].tolist() == [216, 18, 18, True]
    assert missing.loc["refund", ["rows", "imputed"]].tolist() == [0, False]
    by_type = missing.loc["consulted", ["share_awardee", "share_cdsp"]]
    assert by_type @ [1 / 3, 2 / 3] == pytest.approx(0.3)


def test_imputing_does_not_draw_an_effect_towards_none():
    off = []
    for seed in range(5):
        rows = invitations(organizations=60, events=10, effects={"consulted": 1.2}, seed=seed)
        everything = predict_participation(rows, **QUESTION).table["estimate"][0]
        silent = np.random.default_rng(seed).choice(rows["organization_id"].unique(), 24, replace=False)
        off.append(filled(gaps(rows, silent)).table["pooled_estimate"][0] - everything)
    # without the outcome in the imputation model 40 % of an effect of 0.23 would be lost; one mean is 0.02 uncertain
    assert abs(np.mean(off)) < 0.045


def test_the_seed_decides_and_the_order_of_the_rows_does_not(example, answered):
    shuffled = gaps(example, quiet(example)).sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(filled(shuffled).table, answered.table, rtol=1e-9)
    other = filled(shuffled, seed=2).table["pooled_estimate"][0]
    assert other != answered.table["pooled_estimate"][0]
    assert other == pytest.approx(answered.table["pooled_estimate"][0], abs=0.05)


def test_an_organization_that_answered_later_is_not_drawn_but_keeps_its_usual_answer(example):
    first = example["event_id"].isin(["E00", "E01", "E02"])
    rows = example.assign(consulted=example["consulted"].astype("boolean").mask(first))
    whole = filled(example)
    table = filled(rows).table
    assert table["pooled_estimate"].to_numpy() == pytest.approx(whole.table["complete_estimate"].to_numpy(), abs=1e-12)
    assert table["share_due_to_missing"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert table["complete_n"].tolist() == [9 * 60, 9 * 60]


def test_nothing_missing_leaves_the_estimates_as_they_are(example):
    whole = filled(example)
    assert whole.imputations == 0
    assert whole.table["pooled_low"].tolist() == pytest.approx(whole.table["complete_low"].tolist(), rel=1e-12)


def test_what_belongs_to_an_event_or_is_text_is_never_imputed(example):
    rows = gaps(example, quiet(example))
    rows = rows.assign(refund=rows["refund"].astype("boolean").mask(rows["event_id"] == "E03"))
    rows["org_type"] = rows["org_type"].mask(rows["organization_id"] == "O005")
    answer = filled(rows)
    assert answer.missing.set_index("column")["imputed"].to_dict() == {
        "consulted": True,
        "refund": False,
        "org_type": False,
    }
    assert answer.table["pooled_n"].tolist() == [59 * 11] * 2


def test_an_incentive_that_cannot_be_told_says_so_after_imputing_as_well(example):
    rows = gaps(example, quiet(example)).assign(rare=example["organization_id"].isin(["O001", "O002"]))
    line = filled(rows, incentives=["consulted", "rare"]).table.iloc[1]
    assert line["reason"] == "few_groups"
    assert np.isnan(line[["pooled_estimate", "pooled_low", "fraction_missing_information"]].to_numpy(float)).all()


def test_too_few_answers_or_imputations_are_refused_with_what_to_do(example):
    silent = example["organization_id"].unique()[9:]
    rows = gaps(example.assign(extra=example["consulted"]), silent, "extra")
    with pytest.raises(ModelError, match=r'"extra": 9 organizations have an answer; expected at least 10 .* Leave'):
        filled(rows, incentives="refund", adjust_for=["extra"])
    with pytest.raises(ModelError, match="found 5; expected at least 20"):
        filled(rows, imputations=5)
    with pytest.raises(ModelError, match="found 1 estimates and 1 standard errors"):
        pool([1.0], [1.0])


def test_missing_answers_adds_nothing_up_twice():
    rows = pd.DataFrame({"organization_id": list("aab"), "x": [1.0, None, None], "y": [1, 2, 3]})
    table = missing_answers(rows, ["x", "y"]).set_index("column")
    assert table["rows"].tolist() == [2, 0]
    assert table["organizations"].tolist() == [2, 0]
    assert table["never"].tolist() == [1, 0]

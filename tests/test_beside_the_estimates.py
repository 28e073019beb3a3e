"""A result looks at itself: other ways of asking, and what missing answers do to it."""

import pytest

import konbit_lessons as kl
from konbit_lessons.sentences.limits import missing_sentences, prediction_sentence
from konbit_lessons.tables import LABELS

QUESTION = {"incentives": ["business_showcase", "peer_exchange"], "adjust_for": ["org_type", "motivation"]}


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole)


@pytest.fixture(scope="module")
def result(rows):
    return kl.predict_participation(rows, **QUESTION, permutations=0)


def test_the_complete_rows_are_the_result_and_the_imputed_ones_stand_beside(rows, result):
    table = result.imputed.table.set_index("term")
    main = result.table.set_index("term")
    assert table["complete_estimate"].to_numpy() == pytest.approx(main["estimate"].to_numpy(), rel=1e-12)
    assert (table["complete_n"] == rows["motivation"].notna().sum()).all()
    assert (table["pooled_n"] == len(rows)).all() and (table["m"] >= 20).all()


def test_missing_answers_are_said_with_how_many_and_whose_and_what_they_change(rows, result):
    first, move = missing_sentences(result)
    gone = rows["motivation"].isna()
    organizations = rows.loc[gone, "organization_id"].nunique()
    never = gone.groupby(rows["organization_id"]).all().sum()
    assert first == (
        f"**Motivation (1 to 5)** is missing in {gone.sum()} rows: {organizations} organizations without it at some "
        f"time, {never} of them always."
    )
    table = result.imputed.table
    most = table.loc[(table["pooled_estimate"] - table["complete_estimate"]).abs().idxmax()]
    own, pooled = (f"{'+' if x > 0 else '−'}{abs(100 * x):.0f}" for x in most[["complete_estimate", "pooled_estimate"]])
    assert move == (
        f"With the missing answers of organizations imputed (20 times, {len(rows):,} rows in place of {result.n:,}), "
        f"the estimate that moves most is that of **{LABELS[most['term']]}**: {pooled} of 100 in place of {own}."
    )


def test_nothing_missing_says_nothing_and_a_study_of_villages_imputes_nothing(rows):
    whole_answer = kl.predict_participation(rows, incentives=["business_showcase"], permutations=0)
    assert whole_answer.imputed is None and missing_sentences(whole_answer) == []
    villages = rows.rename(columns={"organization_id": "village"})
    study = kl.predict_participation(villages, **QUESTION, cluster=["village"], permutations=0)
    assert study.left_out["rows"].sum() > 0 and study.imputed is None


def test_the_curve_of_a_result_begins_with_its_own_answer_and_holds_the_imputed_one(result):
    curve = result.robustness.table.set_index(["term", "specification"])
    main = result.table.set_index("term")
    for term in QUESTION["incentives"]:
        ends = ["estimate", "conf_low", "conf_high"]
        assert curve.loc[(term, "main"), ends].tolist() == pytest.approx(main.loc[term, ends].tolist(), rel=1e-12)
    pooled = result.imputed.table.set_index("term")["pooled_estimate"]
    assert curve.xs("imputed", level="specification")["estimate"].to_dict() == pytest.approx(pooled.to_dict())


def test_the_prediction_is_of_organizations_not_seen_and_said_beside_chance_and_base_rate(result):
    table = result.prediction.table.set_index("measure")["out_of_fold"]
    assert prediction_sentence(result).startswith(
        "Asked about organizations that it has not seen, the model names the right one, of one row that took part and "
        f"one that did not, in {100 * table['auc']:.0f} of 100 pairs"
    )
    assert f"Its mean squared error is {table['brier']:.3f}, and" in prediction_sentence(result)


def test_a_linear_model_predicts_no_probability_and_the_sentence_says_so(rows):
    linear = kl.predict_participation(rows, incentives=["business_showcase"], method="linear", permutations=0)
    assert linear.prediction is None
    assert prediction_sentence(linear) == "This analysis makes no predictions that could be tried on others."

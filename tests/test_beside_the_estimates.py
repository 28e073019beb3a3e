"""A result looks at itself: other ways of asking, and what missing answers do to it."""

import pytest

import konbit_lessons as kl

QUESTION = {"incentives": ["business_showcase", "peer_exchange"], "adjust_for": ["org_type", "motivation"]}
ENDS = ["estimate", "conf_low", "conf_high"]


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole)


@pytest.fixture(scope="module")
def result(rows):
    return kl.predict_participation(rows, **QUESTION, permutations=0)


def test_the_complete_rows_are_the_result_and_the_imputed_ones_stand_beside(rows, result):
    table, main = result.imputed.table.set_index("term"), result.table.set_index("term")
    assert table["complete_estimate"].to_numpy() == pytest.approx(main["estimate"].to_numpy(), rel=1e-12)
    assert (table["complete_n"] == rows["motivation"].notna().sum()).all()
    assert (table["pooled_n"] == len(rows)).all() and (table["m"] >= 20).all()


def test_what_is_missing_is_counted_by_row_and_organization(rows, result):
    gone = rows["motivation"].isna()
    never = gone.groupby(rows["organization_id"]).all().sum()
    found = result.imputed.missing.set_index("column").loc["motivation", ["rows", "organizations", "never"]]
    assert found.tolist() == [gone.sum(), rows.loc[gone, "organization_id"].nunique(), never]


def test_nothing_missing_and_a_study_of_villages_impute_nothing(rows):
    assert kl.predict_participation(rows, incentives=["business_showcase"], permutations=0).imputed is None
    villages = rows.rename(columns={"organization_id": "village"})
    study = kl.predict_participation(villages, **QUESTION, cluster=["village"], permutations=0)
    assert study.left_out["rows"].sum() > 0 and study.imputed is None


def test_the_curve_of_a_result_begins_with_its_own_answer_and_holds_the_imputed_one(result):
    curve, main = result.robustness.table.set_index(["term", "specification"]), result.table.set_index("term")
    for term in QUESTION["incentives"]:
        assert curve.loc[(term, "main"), ENDS].tolist() == pytest.approx(main.loc[term, ENDS].tolist(), rel=1e-12)
    pooled = result.imputed.table.set_index("term")["pooled_estimate"]
    assert curve.xs("imputed", level="specification")["estimate"].to_dict() == pytest.approx(pooled.to_dict())


def test_the_prediction_is_of_organizations_not_seen_and_of_probabilities_only(rows, result):
    table = result.prediction.table.set_index("measure")
    assert table.loc["auc", "out_of_fold"] < table.loc["auc", "in_sample"] and result.prediction.n == result.n
    linear = kl.predict_participation(rows, incentives=["business_showcase"], method="linear", permutations=0)
    assert linear.prediction is None

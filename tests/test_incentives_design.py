"""From rows to matrices: what is left out, what cannot be fitted, and what is refused and how."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.design import build_design


def design(rows, incentives=("refund",), adjust_for=(), cluster=("organization_id", "event_id")):
    return build_design(
        rows, outcome="attended", incentives=list(incentives), adjust_for=list(adjust_for), cluster=list(cluster)
    )


def test_text_becomes_one_column_per_level_but_the_first():
    rows = invitations(organizations=12, events=12)
    rows["quarter"] = np.array(["Q1", "Q2", "Q3"])[np.arange(len(rows)) % 3]
    assert design(rows, adjust_for=["quarter"]).names == ("(Intercept)", "refund", "quarter: Q2", "quarter: Q3")
    kept = rows[rows["quarter"] != "Q2"]
    assert design(kept, adjust_for=["quarter"]).names == ("(Intercept)", "refund", "quarter: Q3")
    assert design(kept.astype({"quarter": "category"}), adjust_for=["quarter"]).names[-1] == "quarter: Q3"


def test_rows_with_a_missing_value_are_counted_by_the_first_column_that_is_missing():
    rows = invitations(organizations=12, events=12)
    rows["consulted"] = rows["consulted"].astype("boolean")
    rows.loc[[0, 1, 2], "attended"] = pd.NA
    rows.loc[[2, 3], "consulted"] = pd.NA
    before = rows.copy()
    found = design(rows, ["refund", "consulted"])
    assert found.left_out.to_dict("list") == {"column": ["attended", "consulted"], "rows": [3, 1]}
    assert len(found.y) == 140
    assert found.notes == ("4 of 144 rows were left out: 3 have no attended, 1 have no consulted.",)
    pd.testing.assert_frame_equal(rows, before)


def test_a_constant_incentive_keeps_its_row_and_the_others_are_fitted():
    rows = invitations().assign(certificate=True)
    result = predict_participation(rows, incentives=["certificate", "refund"], permutations=0)
    row = result.table.set_index("term").loc["certificate"]
    assert (row["reason"], row["strength"]) == ("constant", "cannot tell")
    assert np.isnan(row["estimate"])
    alone = predict_participation(rows, incentives=["refund"], permutations=0)
    assert result.table["estimate"].iloc[1] == pytest.approx(alone.table["estimate"].iloc[0], rel=1e-10)
    assert result.not_estimable["explanation"].tolist() == [
        "certificate is 1 in every row, so there is nothing to compare."
    ]


def test_incentives_always_offered_together_are_both_named_and_the_others_are_fitted():
    rows = invitations()
    rows["certificate"] = ~rows["refund"]
    result = predict_participation(rows, incentives=["refund", "showcase", "certificate"], permutations=0)
    assert result.table["reason"].tolist() == ["collinear", "", "collinear"]
    explanation = result.not_estimable.set_index("term")["explanation"]
    assert "certificate" in explanation["refund"]
    assert "refund" in explanation["certificate"]
    without = predict_participation(rows, incentives=["refund", "showcase"], permutations=0)
    assert result.table["estimate"].iloc[1] == pytest.approx(without.table["estimate"].iloc[1], rel=1e-7)


def test_an_incentive_that_repeats_an_adjuster_cannot_be_told():
    rows = invitations()
    rows["tailored_topic"] = rows["event_type"] == "training"
    found = design(rows, ["tailored_topic", "refund"], ["event_type"])
    assert found.unfit["tailored_topic"][0] == "collinear"
    assert "event_type: training" in found.unfit["tailored_topic"][1]
    assert found.names == ("(Intercept)", "refund", "event_type: training")


def test_an_adjuster_that_repeats_another_is_dropped_and_said():
    rows = invitations()
    rows["is_awardee"] = rows["org_type"] == "awardee"
    found = design(rows, ["refund"], ["org_type", "is_awardee"])
    assert found.names == ("(Intercept)", "refund", "org_type: cdsp")
    assert found.unfit == {}
    assert found.notes == ("is_awardee repeats org_type: cdsp, so it was not adjusted for.",)


@pytest.mark.parametrize(
    "outcome",
    [
        lambda y: y.astype(bool),
        lambda y: y.astype("Int64"),
        lambda y: y.astype(float),
        lambda y: y.astype(object),
        lambda y: y,
    ],
    ids=["bool", "Int64", "float", "object", "boolean"],
)
def test_every_way_to_write_yes_and_no_gives_the_same(outcome):
    rows = invitations()
    expected = design(rows).y
    assert (design(rows.assign(attended=outcome(rows["attended"]))).y == expected).all()


def wrong(**changes):
    call = {"incentives": ["refund"]} | changes
    rows = call.pop("rows", None)
    return (invitations(organizations=12, events=12) if rows is None else rows), call


ROWS = invitations(organizations=12, events=12)
FOUR = ROWS.iloc[[0, 1, 12, 13]].assign(
    attended=[1, 0, 0, 1], recent=[1, 0, 0, 0], consulted=[0, 0, 1, 1], refund=[0, 1, 0, 1]
)
BAD = {
    "an unknown column": (wrong(incentives=["refnud"]), 'column "refnud" is not in the rows. Did you mean refund?'),
    "an outcome that is not yes or no": (
        wrong(rows=ROWS.assign(attended=np.where(np.arange(144) == 7, 2, 1))),
        'outcome "attended", row 7: found 2; expected yes or no',
    ),
    "an outcome of text": (
        wrong(outcome="org_type"),
        "outcome \"org_type\", row 0: found 'awardee'; expected yes or no",
    ),
    "nobody took part": (wrong(rows=ROWS.assign(attended=False)), "in all 144 rows nobody took part"),
    "everybody took part": (wrong(rows=ROWS.assign(attended=True)), "in all 144 rows everybody took part"),
    "no rows": (wrong(rows=ROWS.iloc[:0]), "there are no rows"),
    "no complete row": (wrong(rows=ROWS.assign(refund=np.nan)), "no row is complete: of 144 rows, 144 have no refund."),
    "one cluster": (wrong(rows=ROWS.assign(event_id="E1")), "cluster column \"event_id\": found one value ('E1')"),
    "three cluster columns": (wrong(cluster=["organization_id", "event_id", "org_type"]), "cluster: found 3 columns"),
    "no cluster": (wrong(cluster=()), "cluster: found none"),
    "no incentive": (wrong(incentives=()), "incentives: found none"),
    "an incentive of text": (
        wrong(incentives=["event_id"], cluster="organization_id", rows=invitations(organizations=12, events=13)),
        "an incentive \"event_id\": found 13 different values, such as 'E00'; expected yes/no",
    ),
    "an infinite value": (wrong(rows=ROWS.assign(refund=np.inf)), 'an incentive "refund": found an infinite value'),
    "a date as an incentive": (
        wrong(rows=ROWS.assign(held_on=pd.Timestamp("2017-04-01")), incentives=["held_on"]),
        'an incentive "held_on": found a date',
    ),
    "two columns of one name": (
        wrong(rows=pd.concat([ROWS, ROWS[["refund"]]], axis=1)),
        'column "refund" stands more than once in the rows. Drop or rename one of them.',
    ),
    "an infinite outcome": (
        wrong(rows=ROWS.assign(attended=np.where(np.arange(144) == 7, np.inf, 1))),
        'outcome "attended", row 7: found inf; expected yes or no',
    ),
    "a column twice": (wrong(adjust_for=["refund"]), "named twice: refund."),
    "a date": (
        wrong(rows=ROWS.assign(held_on=pd.Timestamp("2017-04-01")), adjust_for=["held_on"]),
        'adjuster "held_on": found a date',
    ),
    "fewer rows than columns": (
        wrong(rows=FOUR, adjust_for=["recent", "showcase", "org_type", "consulted", "per_diem_htg"]),
        "found 4 complete rows for",
    ),
    "an unknown method": (
        wrong(method="probit"),
        "method: found 'probit'; expected one of firth, logit, linear, fractional, binomial.",
    ),
    "a confidence in percent": (wrong(confidence=95), "confidence: found 95; expected a share between 0 and 1"),
    "no smallest effect": (wrong(smallest_effect=0), "smallest_effect: found 0; expected a share above 0"),
    "permutations below none": (wrong(permutations=-1), "permutations: found -1"),
    "rows that are no frame": (wrong(rows={"refund": [1]}), "rows: found a dict; expected a DataFrame"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_words(case):
    (rows, call), message = BAD[case]
    with pytest.raises(ModelError) as error:
        predict_participation(rows, **call)
    assert message in str(error.value)


def test_names_with_spaces_accents_and_signs_of_formulas_are_names_like_others():
    rows = invitations()
    odd = {"refund": "rembours. du transport (é) ~ C(x) + 1", "consulted": "a:b*{c}", "event_id": "I(évén) [2]"}
    call = {"cluster": ["organization_id", odd["event_id"]], "adjust_for": ["event_type"]}
    result = predict_participation(rows.rename(columns=odd), incentives=[odd["refund"], odd["consulted"]], **call)
    plain = predict_participation(rows, incentives=["refund", "consulted"], adjust_for=["event_type"])
    assert result.table["term"].tolist() == [odd["refund"], odd["consulted"]]
    assert (result.table[["estimate", "std_error", "df"]] == plain.table[["estimate", "std_error", "df"]]).all(
        axis=None
    )
    assert "**A:b*{c}:**" in result.sentences()[1]


def test_three_clusters_run_and_cannot_tell():
    rows = invitations()
    rows["department"] = rows["organization_id"].str[1:].astype(int) % 3
    result = predict_participation(rows, incentives=["refund", "recent"], cluster="department", permutations=0)
    assert result.table["strength"].tolist() == ["cannot tell", "cannot tell"]
    assert result.not_estimable["explanation"][0] == (
        "found 3 department with it and 3 department without it; at least 10 are needed."
    )


def test_an_outcome_that_hardly_varies_cannot_tell():
    rows = invitations()
    rows["attended"] = rows.index.isin([7, 100, 500])
    result = predict_participation(rows, incentives=["refund", "showcase"], permutations=0)
    assert "rare_outcome" in result.table["reason"].tolist()
    found = result.not_estimable.set_index("reason").loc["rare_outcome", "explanation"]
    assert found == "found 3 times yes, in 3 organization_id; at least 10 times, in 5 of them, are needed."
    assert "the data cannot tell, because nearly all gave the same answer." in " ".join(result.sentences())

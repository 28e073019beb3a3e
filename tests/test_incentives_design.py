# ruff: noqa: E501  (tables of cases, one a line)
"""From rows to matrices: what is left out, what cannot be fitted, and what is refused and how."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from numpy.testing import assert_array_equal

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.design import build_design


def design(rows, incentives=("refund",), adjust_for=()):
    return build_design(rows, incentives=incentives, adjust_for=adjust_for)


def asked(rows, *incentives, **question):
    return predict_participation(rows, incentives=incentives, **{"permutations": 0} | question)


def test_text_becomes_one_column_per_level_but_the_first():
    rows = invitations(organizations=12, events=12)
    rows["quarter"] = np.array(["Q1", "Q2", "Q3"])[np.arange(len(rows)) % 3]
    assert design(rows, adjust_for=["quarter"]).names == ("Intercept", "quarter[T.Q2]", "quarter[T.Q3]", "refund")
    kept = rows[rows["quarter"] != "Q2"]
    for some in (kept, kept.astype({"quarter": "category"})):
        assert design(some, adjust_for=["quarter"]).names == ("Intercept", "quarter[T.Q3]", "refund")


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
    result = asked(rows, "certificate", "refund")
    row = result.table.set_index("term").loc["certificate"]
    assert (row["reason"], row["strength"]) == ("constant", "cannot tell") and np.isnan(row["estimate"])
    assert result.table["estimate"].iloc[1] == pytest.approx(asked(rows, "refund").table["estimate"].iloc[0], rel=1e-10)
    told = "certificate is 1 in every row, so there is nothing to compare."
    assert result.not_estimable["explanation"].tolist() == [told]


def test_incentives_always_offered_together_are_both_named_and_the_others_are_fitted():
    rows = invitations().assign(certificate=lambda rows: ~rows["refund"])
    result = asked(rows, "refund", "showcase", "certificate")
    assert result.table["reason"].tolist() == ["collinear", "", "collinear"]
    told = {
        f"{a} cannot be told apart from {b}: they always go together."
        for a, b in (("refund", "certificate"), ("certificate", "refund"))
    }
    assert {*result.not_estimable["explanation"]} == told
    without = asked(rows, "refund", "showcase").table["estimate"]
    assert result.table["estimate"].iloc[1] == pytest.approx(without.iloc[1], rel=1e-7)


def test_what_repeats_an_adjuster_is_said():
    rows = invitations()
    rows = rows.assign(tailored=rows["event_type"] == "training", is_awardee=rows["org_type"] == "awardee", one=1)
    found = design(rows, ["tailored", "refund"], ["event_type"])
    told = "tailored cannot be told apart from event_type: training: they always go together."
    assert found.unfit == {"tailored": ("collinear", told)}
    assert found.names == ("Intercept", "event_type[T.training]", "refund")
    found = design(rows, ["refund"], ["org_type", "is_awardee", "one"])
    assert found.names == ("Intercept", "org_type[T.cdsp]", "refund") and found.unfit == {}
    assert found.notes == (
        "is_awardee repeats org_type: cdsp, so it was not adjusted for.",
        "one is 1 in every row, so it was not adjusted for.",
    )


def test_every_way_to_write_yes_and_no_gives_the_same():
    rows = invitations()
    expected = design(rows).y
    for dtype in ("bool", "Int64", "float", "object", "boolean", "bool[pyarrow]"):
        assert_array_equal(design(rows.assign(attended=rows["attended"].astype(bool).astype(dtype))).y, expected)


ROWS = invitations(organizations=12, events=12)
FOUR = ROWS.iloc[[0, 1, 12, 13]].assign(
    attended=[1, 0, 0, 1], recent=[1, 0, 0, 0], consulted=[0, 0, 1, 1], refund=[0, 1, 0, 1]
)
WIDE = invitations(organizations=12, events=13)
DATED = ROWS.assign(held_on=pd.Timestamp("2017-04-01"))


def at_seven(value):
    return ROWS.assign(attended=np.where(np.arange(144) == 7, value, 1))


BAD = {
    "an unknown column": (ROWS, {"incentives": ["refnud"]}, 'column "refnud" is not in the rows. Did you mean refund?'),
    "an outcome that is not yes or no": (at_seven(2), {}, 'outcome "attended", row 7: found 2; expected yes or no'),
    "an outcome of text": (ROWS, {"outcome": "org_type"}, "outcome \"org_type\", row 0: found 'awardee'; expected yes or no"),
    "nobody took part": (ROWS.assign(attended=False), {}, "in all 144 rows nobody took part"),
    "everybody took part": (ROWS.assign(attended=True), {}, "in all 144 rows everybody took part"),
    "no rows": (ROWS.iloc[:0], {}, "there are no rows"),
    "no complete row": (ROWS.assign(refund=np.nan), {}, "no row is complete: of 144 rows, 144 have no refund."),
    "one cluster": (ROWS.assign(event_id="E1"), {}, "cluster column \"event_id\": found one value ('E1')"),
    "three clusters": (ROWS, {"cluster": ["organization_id", "event_id", "org_type"]}, "cluster: found 3 columns"),
    "no cluster": (ROWS, {"cluster": ()}, "cluster: found none"),
    "no incentive": (ROWS, {"incentives": ()}, "incentives: found none"),
    "names as kinds": (
        WIDE, {"incentives": "event_id", "cluster": "organization_id"},
        "an incentive \"event_id\": found 13 different values, such as 'E00'; expected yes/no",
    ),
    "an infinite value": (ROWS.assign(refund=np.inf), {}, 'an incentive "refund": found an infinite value'),
    "a date as an incentive": (DATED, {"incentives": "held_on"}, 'an incentive "held_on": found a date'),
    "two columns of one name": (
        pd.concat([ROWS, ROWS[["refund"]]], axis=1), {}, 'column "refund" stands more than once in the rows. Drop or rename',
    ),
    "an infinite outcome": (at_seven(np.inf), {}, 'outcome "attended", row 7: found inf; expected yes or no'),
    "a column twice": (ROWS, {"adjust_for": ["refund"]}, "named twice: refund."),
    "a date": (DATED, {"adjust_for": ["held_on"]}, 'adjuster "held_on": found a date'),
    "fewer rows than columns": (
        FOUR, {"adjust_for": ["recent", "showcase", "org_type", "consulted", "per_diem_htg"]}, "found 4 complete rows for",
    ),
    "an unknown method": (
        ROWS, {"method": "probit"}, "method: found 'probit'; expected one of firth, logit, linear, fractional, binomial, poisson.",
    ),
    "a confidence in percent": (ROWS, {"confidence": 95}, "confidence: found 95; expected a share between 0 and 1"),
    "no smallest effect": (ROWS, {"smallest_effect": 0}, "smallest_effect: found 0; expected a share above 0"),
    "permutations below none": (ROWS, {"permutations": -1}, "permutations: found -1"),
    "rows that are no frame": ({"refund": [1]}, {}, "rows: found a dict; expected a DataFrame"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_words(case):
    rows, call, message = BAD[case]
    with pytest.raises(ModelError) as error:
        predict_participation(rows, **{"incentives": ["refund"]} | call)
    assert message in str(error.value)


def test_names_with_spaces_accents_and_signs_of_formulas_are_names_like_others():
    rows, numbers = invitations(), ["estimate", "std_error", "df"]
    odd = {"refund": "rembours. du transport (é) ~ C(x) + 1", "consulted": 'a:b*{c} "d"', "event_id": "I(évén) [2]"}
    call = {"cluster": ["organization_id", odd["event_id"]], "adjust_for": ["event_type"]}
    result = asked(rows.rename(columns=odd), odd["refund"], odd["consulted"], **call)
    plain = asked(rows, "refund", "consulted", adjust_for=["event_type"])
    assert result.table["term"].tolist() == [odd["refund"], odd["consulted"]]
    assert (result.table[numbers] == plain.table[numbers]).all(axis=None)


def test_three_clusters_run_and_cannot_tell():
    rows = invitations().assign(department=lambda rows: rows["organization_id"].str[1:].astype(int) % 3)
    result = asked(rows, "refund", "recent", cluster="department")
    assert result.table["strength"].tolist() == ["cannot tell", "cannot tell"]
    told = "found 3 department with it and 3 department without it; at least 10 are needed."
    assert result.not_estimable["explanation"][0] == told


def test_an_outcome_that_hardly_varies_cannot_tell():
    rows = invitations().assign(attended=lambda rows: rows.index.isin([7, 100, 500]))
    found = asked(rows, "refund", "showcase").not_estimable.set_index("reason").loc["rare_outcome", "explanation"]
    assert found == "found 3 times yes, in 3 organization_id; at least 10 times, in 5 of them, are needed."


def test_twenty_incentives_of_sixty_organizations_have_no_joint_test():
    rng = np.random.default_rng(1)
    rows = invitations(organizations=60, events=16)
    number = rows["organization_id"].str[1:].astype(int)
    offered = {f"x{i:02d}": rng.permutation(60)[number] < 25 for i in range(20)}
    result = asked(rows.assign(**offered), *offered)
    assert result.table["p_adjusted"].notna().all() and result.joint is None

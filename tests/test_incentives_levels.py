"""Incentives of several kinds, and effects within groups: against means by hand, and the same asked otherwise."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.result import COLUMNS

KINDS = np.array(["none", "coaching", "mentor"])
NONE = {"reference": {"support": "none"}}


@pytest.fixture(scope="module")
def rows():
    rows = invitations(organizations=90, effects={"consulted": 0.7})
    number = rows["organization_id"].str[1:].astype(int)
    return rows.assign(support=KINDS[(number * 7 % 20) % 3], half=rows["event_id"] < "E12")


def asked(rows, **question):
    return predict_participation(rows, **{"incentives": "support", "permutations": 0} | question)


def test_each_kind_is_compared_with_the_first(rows):
    result = asked(rows, labels={"support": "Kind of support"})
    assert result.table["term"].tolist() == ["support[mentor]", "support[none]"]
    assert result.table["label"].tolist() == ["Kind of support: mentor", "Kind of support: none"]
    assert result.table["against"].tolist() == ["coaching", "coaching"]
    assert list(result.table.columns) == COLUMNS
    assert asked(rows).table["label"].tolist() == ["Support: mentor", "Support: none"]


@pytest.mark.parametrize("method", ["linear", "logit"])
def test_the_effect_of_a_kind_is_a_difference_of_shares_and_k_of_n_is_per_kind(rows, method):
    share = rows.groupby("support")["attended"].agg(["mean", "sum", "size"]).astype(float)
    table = asked(rows, method=method, **NONE).table
    assert table["term"].tolist() == ["support[coaching]", "support[mentor]"] and {*table["against"]} == {"none"}
    for (_, row), kind in zip(table.iterrows(), ("coaching", "mentor"), strict=True):
        assert row["estimate"] == pytest.approx(share.loc[kind, "mean"] - share.loc["none", "mean"], rel=1e-9)
        assert row[["k_offered", "n_offered"]].tolist() == share.loc[kind, ["sum", "size"]].tolist()
        assert row[["k_not_offered", "n_not_offered"]].tolist() == share.loc["none", ["sum", "size"]].tolist()


def test_a_category_says_which_kind_is_first_and_the_joint_test_does_not_depend_on_it(rows):
    ordered = rows.assign(support=pd.Categorical(rows["support"], ["none", "mentor", "coaching", "never seen"]))
    by_category, by_alphabet = asked(ordered), asked(rows)
    assert by_category.table["term"].tolist() == ["support[mentor]", "support[coaching]"]
    tests = [result.factors["support"] for result in (by_category, by_alphabet)]
    assert [test["df_num"] for test in tests] == [2, 2]
    # 1e-6: two Firth fits to 1e-8 of the same model in other coordinates
    assert tests[0]["p_value"] == pytest.approx(tests[1]["p_value"], rel=1e-6)
    assert tests[0]["terms"] == ("support[mentor]", "support[coaching]")


def test_text_of_two_kinds_is_yes_or_no(rows):
    text = rows.assign(consulted=rows["consulted"].map({True: "yes", False: "no"}))
    said, plain = asked(text, incentives="consulted"), asked(rows, incentives="consulted")
    assert said.table["term"].tolist() == ["consulted[yes]"]
    numbers = ["estimate", "std_error", "df", "p_value", "k_offered", "n_not_offered", "detectable", "e_value"]
    assert said.table[numbers].iloc[0].tolist() == pytest.approx(plain.table[numbers].iloc[0].tolist(), rel=1e-9)


def test_a_kind_seen_too_rarely_cannot_be_told_and_the_others_can(rows):
    few = rows["organization_id"] < "O006"
    result = asked(rows.assign(support=rows["support"].mask(few, "grant")), **NONE)
    reasons = result.table.set_index("term")["reason"]
    assert reasons["support[grant]"] == "few_groups" and reasons["support[mentor]"] == ""
    assert result.not_estimable["explanation"].iloc[0] == "found 6 organization_id with it; at least 10 are needed."
    row = asked(rows.assign(support="none"), incentives=["support", "consulted"]).table.iloc[0]
    assert (row["term"], row["reason"], row["n_offered"]) == ("support[none]", "constant", len(rows))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            {"reference": {"support": "grant"}},
            "reference of \"support\": found 'grant'; expected one of coaching, mentor",
        ),
        (
            {"reference": {"consulted": "no"}},
            'reference: found "consulted"; expected the name of an incentive that has',
        ),
        ({"by": "event_id"}, 'by="event_id": found 24 groups'),
        ({"by": "nowhere"}, 'column "nowhere" is not'),
    ],
)
def test_a_reference_or_groups_that_are_not_there_are_said(rows, call, message):
    with pytest.raises(ModelError) as error:
        asked(rows, incentives=["support", "consulted"], **call)
    assert message in str(error.value)


def test_effects_within_groups_are_those_of_the_groups_alone(rows):
    asking = {"incentives": "consulted", "method": "linear", "cluster": "organization_id"}
    result = asked(rows, by="org_type", **asking)
    groups = result.groups.set_index("group")
    same = ["estimate", "std_error", "df", "n_offered", "k_not_offered", "groups_offered", "detectable"]
    for group in ("awardee", "cdsp"):
        alone = asked(rows[rows["org_type"] == group], **asking).table.iloc[0]
        # the model is saturated: nothing is shared between the groups, and no cluster lies in both
        assert groups.loc[group, same].tolist() == pytest.approx(alone[same].tolist(), rel=1e-8)
    difference, (first, second) = groups.loc["difference: cdsp − awardee"], (groups.loc[g] for g in ("awardee", "cdsp"))
    assert difference["estimate"] == pytest.approx(second["estimate"] - first["estimate"], rel=1e-10)
    assert difference["std_error"] == pytest.approx(np.hypot(first["std_error"], second["std_error"]), rel=1e-8)
    assert list(result.groups.columns) == [*COLUMNS, "group"] and result.by == "org_type"


def test_the_table_stays_the_overall_average_effect(rows):
    asking = {"incentives": ["consulted", "refund", "per_diem_htg"]}
    plain, result = asked(rows, **asking), asked(rows, by="org_type", **asking)
    pd.testing.assert_frame_equal(result.table, plain.table)
    assert plain.groups is None and result.groups["std_error"].notna().all()
    assert result.groups["group"].tolist() == ["awardee", "cdsp"] * 3 + ["difference: cdsp − awardee"] * 3


def test_a_group_that_always_had_it_has_a_reason_and_so_has_the_difference(rows):
    always = rows.assign(consulted=rows["consulted"] | (rows["org_type"] == "awardee"))
    groups = asked(always, incentives=["consulted", "refund"], by="org_type").groups.query("term == 'consulted'")
    assert groups["reason"].tolist() == ["constant", "", "constant"]
    assert groups["strength"].iloc[2] == "cannot tell"


def test_kinds_within_groups_and_differences_between_events(rows):
    result, plain = (asked(rows, by="half", **NONE, **method).groups for method in ({}, {"method": "linear"}))
    assert result["group"].tolist() == ["False", "True"] * 2 + ["difference: True − False"] * 2
    share = rows.groupby(["half", "support"])["attended"].mean()
    expected = [share[half, kind] - share[half, "none"] for kind in ("coaching", "mentor") for half in (False, True)]
    assert plain["estimate"].iloc[:4].tolist() == pytest.approx(expected, rel=1e-9)
    assert result["against"].tolist() == ["none"] * 6


def test_groups_may_be_called_anything(rows):
    odd = rows.assign(org_type=rows["org_type"].map({"cdsp": "a | b − c", "awardee": "É − [x]"}))
    plain, other = (asked(one, incentives="consulted", by="org_type").groups for one in (rows, odd))
    # the alphabet has them in the other order
    assert other["group"].tolist() == ["a | b − c", "É − [x]", "difference: É − [x] − a | b − c"]
    assert other["estimate"].tolist()[:2] == pytest.approx(plain["estimate"].tolist()[1::-1], rel=1e-6)

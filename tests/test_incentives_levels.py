"""Incentives of several kinds, and effects within groups: against means by hand, and the same asked otherwise."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.result import COLUMNS
from konbit_lessons.sentences.limits import group_sentences

KINDS = np.array(["none", "coaching", "mentor"])


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
    share = rows.groupby("support")["attended"].mean()
    for row in asked(rows, reference={"support": "none"}, method=method).table.itertuples():
        kind = row.term.removeprefix("support[").removesuffix("]")
        assert row.estimate == pytest.approx(share[kind] - share["none"], rel=1e-9)
        assert (row.n_offered, row.n_not_offered) == (
            (rows["support"] == kind).sum(),
            (rows["support"] == "none").sum(),
        )
        assert row.k_offered == rows.loc[rows["support"] == kind, "attended"].sum()
        assert row.k_not_offered == rows.loc[rows["support"] == "none", "attended"].sum()
        assert row.against == "none"


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
    result = asked(rows.assign(support=rows["support"].mask(few, "grant")), reference={"support": "none"})
    table = result.table.set_index("term")
    assert table.loc["support[grant]", "reason"] == "few_groups"
    assert table.loc["support[mentor]", "reason"] == ""
    explanation = result.not_estimable["explanation"].iloc[0]
    assert explanation == "found 6 organization_id with it; at least 10 are needed."


def test_one_kind_everywhere_is_constant(rows):
    row = asked(rows.assign(support="none"), incentives=["support", "consulted"]).table.iloc[0]
    assert (row["term"], row["reason"], row["n_offered"]) == ("support[none]", "constant", len(rows))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"support": "grant"}, "reference of \"support\": found 'grant'; expected one of coaching, mentor, none."),
        ({"consulted": "no"}, 'reference: found "consulted"; expected the name of an incentive that has kinds'),
    ],
)
def test_a_reference_that_is_not_there_is_said(rows, reference, message):
    with pytest.raises(ModelError) as error:
        asked(rows, incentives=["support", "consulted"], reference=reference)
    assert message in str(error.value)


def test_effects_within_groups_are_those_of_the_groups_alone(rows):
    result = asked(rows, incentives="consulted", by="org_type", method="linear", cluster="organization_id")
    groups = result.groups.set_index("group")
    for group in ("awardee", "cdsp"):
        within = rows[rows["org_type"] == group]
        alone = asked(within, incentives="consulted", method="linear", cluster="organization_id").table.iloc[0]
        # the model is saturated: nothing is shared between the groups, and no cluster lies in both
        for column in ("estimate", "std_error", "df", "n_offered", "k_not_offered", "groups_offered", "detectable"):
            assert groups.loc[group, column] == pytest.approx(alone[column], rel=1e-8), column
    difference = groups.loc["difference: cdsp − awardee"]
    apart = groups.loc["cdsp", "estimate"] - groups.loc["awardee", "estimate"]
    assert difference["estimate"] == pytest.approx(apart, rel=1e-10)
    both = np.hypot(groups.loc["cdsp", "std_error"], groups.loc["awardee", "std_error"])
    assert difference["std_error"] == pytest.approx(both, rel=1e-8)
    assert list(result.groups.columns) == [*COLUMNS, "group"]
    assert result.by == "org_type"


def test_the_table_stays_the_overall_average_effect(rows):
    plain = asked(rows, incentives=["consulted", "refund", "per_diem_htg"])
    result = asked(rows, incentives=["consulted", "refund", "per_diem_htg"], by="org_type")
    pd.testing.assert_frame_equal(result.table, plain.table)
    assert plain.groups is None
    assert result.groups["group"].tolist() == ["awardee", "cdsp"] * 3 + ["difference: cdsp − awardee"] * 3
    assert result.groups["std_error"].notna().all()


def test_a_group_that_always_had_it_has_a_reason_and_so_has_the_difference(rows):
    always = rows.assign(consulted=rows["consulted"] | (rows["org_type"] == "awardee"))
    groups = asked(always, incentives=["consulted", "refund"], by="org_type").groups.query("term == 'consulted'")
    assert groups["reason"].tolist() == ["constant", "", "constant"]
    assert groups["strength"].iloc[2] == "cannot tell"


def test_kinds_within_groups_and_differences_between_events(rows):
    result = asked(rows, by="half", reference={"support": "none"})
    assert result.groups["group"].tolist() == ["False", "True"] * 2 + ["difference: True − False"] * 2
    share = rows.groupby(["half", "support"])["attended"].mean()
    plain = asked(rows, by="half", reference={"support": "none"}, method="linear").groups
    expected = [share[half, kind] - share[half, "none"] for kind in ("coaching", "mentor") for half in (False, True)]
    assert plain["estimate"].iloc[:4].tolist() == pytest.approx(expected, rel=1e-9)
    assert result.groups["against"].tolist() == ["none"] * 6


def test_groups_that_are_no_groups_are_refused(rows):
    for by, message in (("event_id", 'by="event_id": found 24 groups'), ("nowhere", 'column "nowhere" is not')):
        with pytest.raises(ModelError) as error:
            asked(rows, incentives="consulted", by=by)
        assert message in str(error.value)


def test_groups_may_be_called_anything(rows):
    odd = rows.assign(org_type=rows["org_type"].map({"cdsp": "a | b − c", "awardee": "É − [x]"}))
    plain = asked(rows, incentives="consulted", by="org_type").groups
    other = asked(odd, incentives="consulted", by="org_type")
    # the alphabet has them in the other order
    assert other.groups["group"].tolist() == ["a | b − c", "É − [x]", "difference: É − [x] − a | b − c"]
    assert other.groups["estimate"].tolist()[:2] == pytest.approx(plain["estimate"].tolist()[1::-1], rel=1e-6)
    assert group_sentences(other)[0].startswith("**Consulted:** ")

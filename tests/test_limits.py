# ruff: noqa: E501  (sentences stand whole)
"""What would have been missed, what could explain a finding away, and where groups differ: sentences compared whole."""

import pandas as pd
import pytest
from incentives_example import invitations
from reporting_example import NAN, result, row

from konbit_lessons.incentives import predict_participation
from konbit_lessons.parts import incentive_table
from konbit_lessons.sentences import Units, sentence
from konbit_lessons.sentences.findings import method_sentences, strength_rule
from konbit_lessons.sentences.limits import detectable_sentences, group_sentences, limits

PEOPLE = Units(row="person", rows="people", group="village", groups="villages", outcome="learned their result")


def test_what_was_not_found_says_what_would_have_been_missed_and_what_was_found_what_could_explain_it():
    assert limits(result()) == [
        "**Transport refund:** an effect below about 9 of 100 would most likely have been missed.",
        "**A conversation in the 90 days before:** an effect below about 9 of 100 would most likely have been missed.",
        "**Business showcase:** an unmeasured difference would have to go with it and with participation, each by a ratio of at least 1.9, to explain the best guess away, and of at least 1.4 to bring the interval to zero.",
        "**Certificate:** an unmeasured difference would have to go with it and with participation, each by a ratio of at least 1.9, to explain the best guess away, and of at least 1.4 to bring the interval to zero.",
    ]


def test_an_amount_is_spoken_of_in_its_step():
    made = result()
    table = pd.DataFrame(
        [
            row(
                term="per_diem_htg",
                label="Per diem (HTG)",
                kind="amount",
                estimate=0.00012,
                strength="uncertain",
                detectable=0.0004,
            )
        ]
    )
    made = type(made)(table.assign(p_value=0.2))
    assert detectable_sentences(made) == [
        "**Per diem (HTG):** an effect below about 4 of 100, with each 100 more of it, would most likely have been missed."
    ]


def test_a_kind_is_compared_with_the_kind_it_stands_against():
    kind = row(term="support[coaching]", label="Kind of support: coaching", against="none", varies_by="organization_id")
    assert sentence(kind) == (
        "**Kind of support: coaching:** of 100 invitations, about 11 more were taken up with it than with “none” (95 % interval 4 to 18; 612 invitations of 14 organizations)."
    )
    assert sentence(kind | {"n": 1800}, "en", PEOPLE) == (
        "**Kind of support: coaching:** of 100 people, about 11 more learned their result with it than with “none” (95 % interval 4 to 18; 612 of 1,800 people with it, in 14 villages)."
    )
    few = kind | dict(
        strength="cannot tell", reason="low_df", conf_low=NAN, conf_high=NAN, penalized_low=NAN, permutation_p=NAN
    )
    assert sentence(few).endswith("With it, 380 of 612 invitations were taken up; with “none”, 600 of 1,188.")


@pytest.mark.parametrize(
    ("strength", "estimate", "low", "high", "said"),
    [
        ("clear", 0.09, 0.03, 0.15, "the groups differ; about 12 more of 100 for “Service providers (CDSPs)” and 3 more for “Awardees”, a difference of 9 (95 % interval 3 to 15)."),
        ("likely", 0.09, 0.01, 0.17, "the groups likely differ; about 12 more of 100 for “Service providers (CDSPs)” and 3 more for “Awardees”, a difference of 9 (95 % interval 1 to 17)."),
        ("uncertain", 0.09, -0.03, 0.21, "it stays uncertain whether the groups differ; about 12 more of 100 for “Service providers (CDSPs)” and 3 more for “Awardees”, a difference of 9 (95 % interval from 3 fewer to 21 more)."),
        ("no sign of", 0.09, -0.001, 0.099, "no sign that the groups differ by what would matter; about 12 more of 100 for “Service providers (CDSPs)” and 3 more for “Awardees”, a difference of 9 (95 % interval from 0.1 fewer to 10 more)."),
        ("cannot tell", NAN, NAN, NAN, "the data cannot tell whether “Service providers (CDSPs)” and “Awardees” differ."),
    ],
)  # fmt: skip
def test_a_difference_between_groups_has_its_sentence(strength, estimate, low, high, said):
    groups = [row(group="awardee", estimate=0.03), row(group="cdsp", estimate=0.12)]
    difference = row(
        group="difference: cdsp − awardee", estimate=estimate, conf_low=low, conf_high=high, strength=strength
    )
    made = result()
    object.__setattr__(made, "groups", pd.DataFrame([*groups, difference]))
    assert group_sentences(made) == [f"**Business showcase:** {said}"]


def test_an_exploratory_result_names_benjamini_and_hochberg_wherever_holm_would_stand():
    plain, explored = (predict_participation(invitations(), incentives="refund", exploratory=e) for e in (False, True))
    assert strength_rule(plain)[0].endswith("several incentives (Holm's correction).")
    assert strength_rule(explored)[0].endswith("several incentives (the correction of Benjamini and Hochberg).")
    assert [incentive_table(r).frame.columns[5] for r in (plain, explored)] == [
        "p (Holm)",
        "p (Benjamini and Hochberg)",
    ]
    assert incentive_table(explored).caption.endswith("several incentives (Benjamini and Hochberg).")


def test_the_method_in_words_names_the_covariance():
    rows = invitations()
    said = [
        method_sentences(predict_participation(rows, incentives="refund", covariance=kind))[1]
        for kind in ("CR2", "CR1")
    ]
    assert "with standard errors for small samples (CR2) that allow" in said[0]
    assert "with standard errors (CR1) that allow" in said[1]


def test_the_sentences_of_a_fitted_result_follow_from_its_rows():
    rows = invitations(organizations=90, effects={"consulted": 0.7})
    fitted = predict_participation(rows, incentives=["consulted", "per_diem_htg"], by="org_type")
    assert len(limits(fitted)) == 2
    said = group_sentences(fitted)
    assert len(said) == 2
    assert said[1].startswith("**Amount of the per diem (HTG):** ")
    assert ", with each 1" in said[1]
    alone = predict_participation(rows, incentives="consulted")
    assert group_sentences(alone) == ["No groups were looked at apart."]

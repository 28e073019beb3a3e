# ruff: noqa: E501  (sentences stand whole)
"""Sentences, compared whole: what a director reads about each kind of answer."""

import re

import numpy as np
import pytest
from reporting_example import NAN, ROWS, result, row

from konbit_lessons.sentences import Units, sentence, sentences
from konbit_lessons.sentences.findings import at_a_glance, headline, joint_sentence, left_out_sentence, strength_rule

PEOPLE = Units(row="person", rows="people", group="village", groups="villages", outcome="learned their result")
CANNOT = dict(
    strength="cannot tell", conf_low=NAN, conf_high=NAN, p_adjusted=NAN, clusters="137 organization_id, 48 event_id"
)
SILENT = dict(penalized_low=NAN, penalized_high=NAN, permutation_p=NAN)


def test_each_kind_of_answer_has_its_sentence():
    assert sentences(result()) == [
        "**Business showcase:** of 100 invitations, about 11 more were taken up where it was offered "
        "(95 % interval 4 to 18; 612 invitations at 14 events).",
        "**Transport refund:** uncertain; of 100 invitations, about 4 more were taken up where it was offered, as a best "
        "guess (95 % interval from 3 fewer to 12 more; 900 invitations at 20 events).",
        "**A conversation in the 90 days before:** no sign of a difference that would matter; of 100 invitations, about "
        "0.4 more were taken up where it was offered (95 % interval from 4 fewer to 5 more; 812 invitations of 96 "
        "organizations).",
        "**Certificate:** likely; of 100 invitations, about 8 fewer were taken up where it was offered (95 % interval 1 to "
        "15 fewer; 700 invitations at 16 events).",
        "**Peer exchange:** the data cannot tell, because it was offered at only 2 events. With it, 60 of 76 invitations "
        "were taken up; without it, 920 of 1,724. An interval that ignores clustering: from 3 fewer to 38 more of 100. "
        "Dealt out at random, it would show a difference this large in 12 % of tries.",
        "**Topic tailored to the organizations:** the data cannot tell, because it was never offered.",
    ]


def test_one_more_is_was_and_not_were():
    one = row(estimate=0.011, conf_low=0.002, conf_high=0.02, n_offered=1, groups_offered=1)
    assert sentence(one) == (
        "**Business showcase:** of 100 invitations, about 1 more was taken up where it was offered "
        "(95 % interval 0.2 to 2; 1 invitation at 1 event)."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": "separated", "k_offered": 612} | SILENT,
         "where it was offered, or where it was not, all gave the same answer. With it, 612 of 612 invitations were taken "
         "up; without it, 600 of 1,188."),
        ({"reason": "collinear", "estimate": NAN} | SILENT,
         "it always came together with something else that is compared. With it, 380 of 612 invitations were taken up; "
         "without it, 600 of 1,188."),
        ({"reason": "low_df"} | SILENT,
         "the comparison rests on too few that differ in it. With it, 380 of 612 invitations were taken up; without it, "
         "600 of 1,188."),
        ({"reason": "constant", "estimate": NAN, "n_offered": 1800, "k_offered": 980, "n_not_offered": 0} | SILENT,
         "it was always offered. In all, 980 of 1,800 invitations were taken up."),
        ({"reason": "few_groups", "varies_by": "organization_id", "groups_offered": 4} | SILENT,
         "only 4 organizations had it. With it, 380 of 612 invitations were taken up; without it, 600 of 1,188."),
        ({"reason": "few_groups", "groups_offered": 46} | SILENT,
         "almost all had it. With it, 380 of 612 invitations were taken up; without it, 600 of 1,188."),
    ],
)  # fmt: skip
def test_every_reason_why_the_data_cannot_tell_is_said(changes, said):
    assert sentence(row(**CANNOT | changes)) == f"**Business showcase:** the data cannot tell, because {said}"


def test_an_amount_is_spoken_of_in_steps_that_people_use():
    per_diem = row(term="per_diem_htg", label="Amount of the per diem (HTG)", kind="amount",
                   estimate=0.00021, conf_low=0.00012, conf_high=0.0003)  # fmt: skip
    assert sentence(per_diem) == (
        "**Amount of the per diem (HTG):** with each 100 more of it, of 100 invitations about 2 more were taken up "
        "(95 % interval 1 to 3; 612 invitations at 14 events)."
    )


def test_a_study_speaks_in_its_own_units():
    cash = row(term="any", label="Offered a cash incentive", estimate=0.447, conf_low=0.41, conf_high=0.48,
               n=2825, n_offered=2204, groups_offered=118, varies_by="row")  # fmt: skip
    assert sentence(cash, "en", PEOPLE) == (
        "**Offered a cash incentive:** of 100 people, about 45 more learned their result with it than without it "
        "(95 % interval 41 to 48; 2,204 of 2,825 people with it, in 118 villages)."
    )


def test_a_study_without_units_speaks_of_rows_and_the_column():
    assert Units.of(None, "got") == Units(outcome="had “got”")
    assert Units.of(None, "attended") is None
    assert Units.of({"rows": "people", "outcome": None}, "got") == Units(rows="people", outcome="had “got”")


def test_the_headline_says_what_is_found_and_what_is_not():
    assert headline(result()) == (
        "**Business showcase** (11 more of 100) clearly goes with more participation; **certificate** (8 fewer of 100) "
        "likely goes with less participation. There is no sign of a difference that would matter for **a conversation in "
        "the 90 days before**; it stays uncertain for **transport refund**; the data cannot tell for **peer exchange** "
        "and **topic tailored to the organizations**."
    )


def test_a_headline_without_findings_does_not_invent_one():
    assert headline(result(ROWS[2:4])) == (
        "None of the 2 incentives clearly or likely goes with participation. There is no sign of a difference that would "
        "matter for **a conversation in the 90 days before**; it stays uncertain for **transport refund**."
    )


def test_a_glance_is_at_most_five_sentences_and_leaves_no_finding_out():
    many = [(*r[:1], *r[1:-2], "likely", "") for r in ROWS[:4]] + ROWS[4:]
    glance = at_a_glance(result(many))
    assert len(glance) <= 5
    for _, label, *_ in ROWS[:4]:
        assert any(label.lower() in sentence.lower() for sentence in glance)


def test_the_joint_test_is_said_either_way():
    names = "business showcase, certificate, transport refund and a conversation in the 90 days before"
    test = f"joint test of {names}: F = 4.22 on 4 and 21.3 degrees of freedom"
    weak = result(joint=result().joint | {"p_value": 0.2})
    assert joint_sentence(result()) == (
        f"Together, the incentives go with participation more than chance would ({test}, p = 0.011)."
    )
    assert joint_sentence(weak) == f"Together, the incentives do not stand out from chance ({test}, p = 0.20)."
    assert joint_sentence(result(joint=None)) == (
        "There is no test of all incentives together, because too few of them can be estimated."
    )


def test_what_was_left_out_is_said_in_numbers():
    assert left_out_sentence(result()) == (
        "The answer rests on **1,800** of 1,896 invitations; 96 were left out because an answer was missing: whether "
        "they took part (84) and consulted when the project was designed (12)."
    )
    assert (
        left_out_sentence(result(left_out=result().left_out.iloc[:0]))
        == "All 1,800 invitations were used; none was left out."
    )


def test_the_rule_behind_the_words_is_printed_with_its_numbers():
    assert strength_rule(result())[2:4] == [
        "**Uncertain:** the interval holds zero, and also differences of 10 of 100 or more, which would matter.",
        "**No sign of:** the whole interval lies within 10 of 100 either way, less than what would matter.",
    ]


def test_no_sentence_judges_or_claims_a_cause():
    r = result()
    said = " ".join([*sentences(r), *at_a_glance(r), headline(r), joint_sentence(r), *strength_rule(r)]).lower()
    assert not re.search(r"\b(significan|cause|impact|drive|effect)|\*{3}", said)


def test_the_order_of_the_rows_does_not_matter():
    shuffled = [ROWS[i] for i in np.random.default_rng(1).permutation(len(ROWS))]
    assert sorted(sentences(result(shuffled))) == sorted(sentences(result()))

"""Sentences: what a text makes of a number in each language, and that the number is kept."""

from datetime import date

import pandas as pd
import pytest

from konbit_lessons.say import Say, Sentence, small

KINDS = [  # text, value, English, French, Kreyòl
    ("{x}", 1832, "1,832", "1\u202f832", "1\u202f832"),
    ("{x:1}", 2.55, "2.5", "2,5", "2,5"),
    ("{x:percent}", 0.454, "45 %", "45\u202f%", "45\u202f%"),
    ("{x:points}", 0.004, "0.4", "0,4", "0,4"),
    ("{x:range}", (0.0003, 0.44), "0.03 to 44", "0,03 à 44", "0,03 rive 44"),  # clear of zero
    ("{x:signed}", 0.11, "+11", "+11", "+11"),
    ("{x:signed}", -0.034, "−3", "−3", "−3"),
    ("{x:p}", 0.0004, "p < 0.001", "p < 0,001", "p < 0,001"),
    ("{x:date}", date(2017, 6, 1), "1 June 2017", "1er juin 2017", "1ye jen 2017"),
    ("{x:month}", date(2017, 6, 1), "June 2017", "juin 2017", "jen 2017"),
    ("{x:list}", ["a", "b", "c"], "a, b and c", "a, b et c", "a, b ak c"),
    ("{x:range}", (0.33, 0.52), "33 to 52", "33 à 52", "33 rive 52"),
    ("{x:Name}", "seeds_voucher", "Seeds voucher", "Seeds voucher", "Seeds voucher"),
    ("of {x:name}", "seeds_voucher", "of seeds voucher", "of seeds voucher", "of seeds voucher"),
    ("{x:percent}", None, "–", "–", "–"),
    ("{x}", pd.NA, "–", "–", "–"),
    ("n{x:interval}.", (None, 0.5), "n.", "n.", "n."),
]


@pytest.mark.parametrize(("text", "value", "en", "fr", "ht"), KINDS)
def test_a_value_is_written_as_its_language_writes_it(text, value, en, fr, ht):
    assert [str(Say(language)(text, x=value)) for language in ("en", "fr", "ht")] == [en, fr, ht]


def test_a_sentence_keeps_its_numbers_with_their_interval():
    row = {"share": 0.42, "conf_low": 0.33, "conf_high": 0.52, "n": 120, "org_type": "union"}
    said = Say()("Of {n}, **{share:percent}** came again{interval}.", **row)
    assert str(said) == "Of 120, **42 %** came again (95 % interval 33 to 52)."
    assert said.numbers.to_numpy().tolist()[1] == ["share", 0.42, 0.33, 0.52]
    assert said.numbers["value"].tolist() == [120.0, 0.42]


def test_sentences_are_joined_and_linked_without_losing_a_number():
    say = Say()
    first, second = say("**{a}** came.", a=3), say("{b} did not.", b=4)
    both = (first + second + None).to("reached")
    assert str(both) == "**[3](#reached)** came. 4 did not."
    assert both.plain == "3 came. 4 did not"
    assert both.numbers["what"].tolist() == ["a", "b"]
    assert say("It says: {said}", said=first).numbers["value"].tolist() == [3.0]


@pytest.mark.parametrize(("n", "said"), [(1, "1 event"), (0, "0 events"), (2, "2 events")])
def test_the_form_goes_with_the_number(n, said):
    assert str(Say()(("{n} event", "{n} events"), n=n)) == said


def test_a_number_that_is_missing_is_not_kept():
    assert Say()("{n} of {all}", n=float("nan"), all=5).numbers["what"].tolist() == ["all"]


def test_a_text_that_lacks_a_value_says_which():
    with pytest.raises(KeyError, match="share"):
        Say()("{share:percent}", n=1)


def test_a_sentence_that_is_not_there_says_where_to_look():
    with pytest.raises(AttributeError, match="no sentence 'drew_mots'"):
        _ = Say().drew_mots


@pytest.mark.parametrize(
    ("label", "inside"),
    [("Per diem", "per diem"), ("NGO visit", "NGO visit"), ("Visit of the World Bank", "Visit of the World Bank")],
)
def test_a_label_inside_a_sentence_keeps_the_capitals_of_a_name(label, inside):
    assert small(label) == inside


def test_braces_of_somebody_elses_text_stay_as_they_are():
    said = Say()("{who} came.", who="{share:percent} & <b>")
    assert str(said) == "{share:percent} & <b> came."
    assert said == Sentence("{share:percent} & <b> came.")

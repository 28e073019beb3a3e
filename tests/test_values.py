"""Text to values: each either right or refused with a reason; none guessed."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from konbit_lessons.field.values import Writing, convert
from konbit_lessons.tables import marks
from konbit_lessons.words.label import Label

DTYPES = {"yes_no": "boolean", "whole": "Int64", "amount": "Float64", "day": "datetime64[us]", "text": "str"}
FRENCH = Writing(decimal=",", dates=("day/month/year",))


def _one(text, kind, writing=None, levels=None):
    writing = writing or Writing()
    dtype = DTYPES.get(kind, "str")
    values, wrong = convert(pd.Series([text], dtype="str"), {"kind": kind, "levels": levels}, writing, dtype)
    return values.tolist()[0] if wrong.empty else wrong[0]


@pytest.mark.parametrize("text", ["Oui", " OUI ", "wi", "Yes", "x", "X", "1", "TRUE"])
def test_yes_in_three_languages(text):
    assert _one(text, "yes_no") is True


@pytest.mark.parametrize("text", ["Non", "non ", "No", "0", "faux"])
def test_no_in_three_languages(text):
    assert _one(text, "yes_no") is False


def test_neither_yes_nor_no_is_refused():
    assert _one("peut-être", "yes_no") == "expected yes or no (oui, non, wi, x, 1, 0)"


@pytest.mark.parametrize(
    ("text", "writing", "number"),
    [
        ("1 250,00", FRENCH, 1250.0),
        ("1\u202f250,5", FRENCH, 1250.5),
        ("1\u00a0250", FRENCH, 1250.0),
        ("1.250.000,5", FRENCH, 1250000.5),
        ("6,5", FRENCH, 6.5),
        ("54.7", FRENCH, 54.7),  # a number cell of a workbook
        ("1,250.5", Writing(), 1250.5),
        ("1,250", Writing(), 1250.0),
        ("-500", Writing(), -500.0),
    ],
)
def test_a_number_as_people_write_it(text, writing, number):
    assert _one(text, "amount", writing) == number


def test_a_number_that_can_be_two_numbers_is_refused():
    assert _one("1.250", "amount", FRENCH) == "cannot tell whether 1.250 is 1250 or 1,250"


@pytest.mark.parametrize("text", ["env. 3", "3 HTG", "1,2,3", "12-", "NaN", "inf"])
def test_what_is_no_number_is_refused(text):
    assert _one(text, "amount", FRENCH) == "expected a number such as 1250,5"


@pytest.mark.parametrize(
    ("currency", "text", "number"),
    [
        ("FCFA", "5 000 FCFA", 5000.0),
        ("XOF", "10 000 F CFA", 10000.0),
        ("XAF", "FCFA 2 500", 2500.0),
        ("XOF", "1 500 francs CFA", 1500.0),
        ("KES", "KES 500", 500.0),
        ("KES", "Ksh. 1 500/=", 1500.0),
        ("UGX", "20 000/=", 20000.0),
        ("EUR", "1.500,00 €", 1500.0),
        ("EUR", "5 000 FCFA", "expected a number such as 1250,5, in EUR"),
        ("KES", "500 USD", "expected a number such as 1250,5, in KES"),
        ("XOF", "5k", "expected a number such as 1250,5, in XOF"),
        ("XOF", "1.500 F", "cannot tell whether 1.500 is 1500 or 1,500"),
    ],
)
def test_an_amount_in_its_currency_and_in_no_other(currency, text, number):
    about = {"kind": "amount", "unit": Label.of(currency), "marks": marks("currency", currency)}
    values, wrong = convert(pd.Series([text], dtype="str"), about, FRENCH, "Float64")
    assert (values.tolist()[0] if wrong.empty else wrong[0]) == number


def test_a_half_is_no_whole_number():
    assert _one("3.0", "whole") == 3
    assert _one("3.5", "whole") == "expected a whole number"


@pytest.mark.parametrize(
    ("text", "writing", "day"),
    [
        ("15/05/2016", FRENCH, "2016-05-15"),
        ("05/06/2016", FRENCH, "2016-06-05"),
        ("05/06/2016", Writing(dates=("month/day/year",)), "2016-05-06"),
        ("2016-06-11", FRENCH, "2016-06-11"),
        ("2016-06-11T00:00:00", FRENCH, "2016-06-11"),
        ("2017-01-30T16:20:01.000Z", FRENCH, "2017-01-30"),
        ("2017-01-30T02:20:01.000Z", Writing(timezone=ZoneInfo("America/Port-au-Prince")), "2017-01-29"),
        ("2016-06-28T02:15:00", Writing(timezone=ZoneInfo("America/Port-au-Prince"), utc=True), "2016-06-27"),
        ("2016-06-28T02:15:00", Writing(timezone=ZoneInfo("America/Port-au-Prince")), "2016-06-28"),
    ],
)
def test_a_date_in_the_declared_order_and_the_programmes_time_zone(text, writing, day):
    assert _one(text, "day", writing) == datetime.fromisoformat(day)


@pytest.mark.parametrize("text", ["31/02/2017", "2017-02-30", "13/13/2016", "hier", "15/05/16", "15/05/0016", "42736"])
def test_a_date_that_is_none_is_refused(text):
    assert _one(text, "day", FRENCH) == "expected a date written day/month/year or year-month-day"


def test_levels_of_the_programme_come_before_those_of_the_codebook():
    writing = Writing(levels={"Table ronde": "round_table"})
    levels = {"round_table": Label.of("round table"), "training": Label.of({"en": "training", "fr": "formation"})}
    assert _one(" table  RONDE ", "level", writing, levels) == "round_table"
    assert _one("tab wonn", "level", writing, levels) == "expected Table ronde"
    assert _one("Training", "level", Writing(), levels) == _one("formation", "level", Writing(), levels) == "training"


def test_the_true_value_99_stays_99():
    assert _one("99", "whole") == 99


def test_decomposed_accents_are_composed():
    assert _one("Je\u0301re\u0301mie", "text") == "Jérémie"

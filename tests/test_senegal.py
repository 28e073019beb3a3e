"""A programme of another country, with its own kinds, incentives, questions and words: nothing is lost or renamed."""

from pathlib import Path

import pandas as pd
import pytest
from statsmodels.formula import api as smf

import konbit_lessons as kl

TOML = Path(__file__).parent.parent / "examples" / "senegal" / "programme.toml"
READ = {"organizations": 48, "events": 20, "invitations": 520, "sign_in": 388, "survey": 40}


@pytest.fixture(scope="module")
def senegal():
    return kl.clean(kl.load(TOML))


def test_every_row_is_kept_but_four_delegates_listed_twice_and_two_acronyms_of_two_organizations(senegal):
    counts = senegal.counts.groupby("table")[["read", "kept"]].sum()
    assert counts["read"].to_dict() == READ
    assert counts["kept"].to_dict() == READ | {"sign_in": 382}
    reasons = senegal.set_aside["reason"].str.split(";").str[0].value_counts().to_dict()
    assert reasons == {"the same record stands there again": 4, "not surely an organization on the roster": 2}
    assert senegal.questions["typed"].tolist() == ["CANNI", "GBLNNI"]
    assert not [notice for notice in senegal.notices if "no file of" in notice or "no [[source]]" in notice]


def test_its_kinds_places_incentives_and_answers_are_its_own(senegal):
    assert senegal.organizations["org_type"].value_counts().to_dict() == {"gie": 23, "cooperative": 15, "union": 10}
    assert senegal.organizations["region"].value_counts().to_dict() == dict.fromkeys(senegal.programme.places.tiles, 8)
    assert set(senegal.events["event_type"].value_counts()) == {4} and senegal.events["event_type"].nunique() == 5
    assert senegal.events["allowance_amount"].value_counts().to_dict() == {0: 10, 5000: 6, 10000: 4}
    assert senegal.events[["transport", "seeds_voucher", "meal"]].sum().to_dict() == {
        "transport": 6, "seeds_voucher": 10, "meal": 9
    }  # fmt: skip
    answers = senegal.survey.filter(like="expects_").sum().to_dict()
    assert answers == {
        "expects_credit": 13, "expects_seeds": 16, "expects_equipment": 14, "expects_training": 13, "expects_market": 20
    }  # fmt: skip
    assert senegal.survey["expected_income"].agg(["min", "max"]).tolist() == [11_000, 893_000]
    assert senegal.survey["access_to_seeds"].sum() == 18 and senegal.survey["usefulness"].sum() == 120


def test_its_words_are_there_in_both_languages_and_none_is_of_another_programme(senegal):
    programme = senegal.programme
    for language in ("fr", "en"):
        programme.check_language(language)
    assert programme.level("event_type", "seed_fair").text("fr", "many") == "foires aux semences"
    assert programme.label("allowance_amount").text("fr") == "Indemnité, montant (FCFA)"
    assert programme.label("staff").text("en") == "Number of members"
    assert str(programme.tables["organizations"].columns["staff"].description) == "Number of members"
    assert programme.tables["events"].columns["allowance_amount"].metadata["unit"].text("fr") == "FCFA"
    with pytest.raises(kl.KonbitError, match=r'"ht" was asked for\. Add it there'):
        programme.check_language("ht")


def test_what_was_built_into_it_is_found_in_its_rows(senegal):
    rows = kl.invitations(senegal)
    assert senegal.quarters == ["FY2024Q1", "FY2024Q2", "FY2024Q3", "FY2024Q4"]
    assert rows["attended"].value_counts(dropna=False).to_list() == [301, 218, 1]
    fit = smf.ols(senegal.programme.formula, rows).fit()
    true = pd.Series({"allowance": 0.15, "transport": 0.12, "seeds_voucher": 0.20, "meal": 0.0})
    assert ((fit.params[true.index] - true).abs() < 2 * fit.bse[true.index]).all()

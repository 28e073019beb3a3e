"""What a shared report shows of a result: no incentive of which few organizations tell, nor what would tell them."""

import numpy as np
import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.errors import ModelError

HIDDEN = ["term", "label", "n", "clusters", "method", "varies_by", "kind", "strength", "reason", "against"]


def rows_of(**columns):
    """60 organizations at 3 events each; every second one came to two of them, the others to one."""
    who, event = np.repeat(np.arange(60), 3), np.tile(np.arange(3), 60)
    rows = pd.DataFrame({"organization_id": who, "event_id": event, "attended": event < 1 + who % 2})
    return rows.assign(**{name: of(who, event) for name, of in columns.items()})


def asked(rows, *incentives, **more):
    return kl.predict_participation(rows, incentives=incentives, permutations=0, **more)


def many(who, event):
    return who % 3 == 0


@pytest.fixture(scope="module")
def result():
    rows = rows_of(many=many, few=lambda who, event: who < 4, nearly_all=lambda who, event: who > 2)
    return asked(rows, "many", "few", "nearly_all")


def test_an_incentive_that_few_organizations_had_or_were_without_is_hidden_whole(result):
    shown, table = result.shown(5), result.table.set_index("term")
    for row in shown.table[shown.table["term"] != "many"].to_dict("records"):
        assert row["strength"] == "cannot tell" and row["reason"] == "not_shown"
        assert pd.isna([value for name, value in row.items() if name not in HIDDEN]).all()
    same = ["estimate", "strength", "n_offered", "k_offered", "k_not_offered", "groups_offered"]
    assert shown.table.set_index("term").loc["many", same].tolist() == table.loc["many", same].tolist()
    assert shown.coefficients[["few", "nearly_all"]].isna().all() and shown.coefficients.notna().sum() == 2
    assert shown.robustness.table.query("term != 'many'")["estimate"].isna().all()
    with pytest.raises(ModelError, match="the fit tells of every incentive"):
        shown.fit  # noqa: B018
    assert result.shown(1) is result  # for the team nothing is hidden


def test_of_several_kinds_and_of_what_is_hidden_elsewhere_the_others_do_not_tell_the_hidden_one(result):
    kinds, counts = (
        np.array(["none", "coaching", "grant"]),
        ["n_offered", "k_offered", "n_not_offered", "k_not_offered"],
    )
    rows = rows_of(support=lambda who, event: kinds[np.where(who < 4, 2, who % 2)])
    shown = asked(rows, "support").shown(5).table.set_index("term")
    assert shown.loc["support[grant]", "reason"] == "not_shown"
    assert shown.drop(index="support[grant]")[counts].isna().all(axis=None)
    elsewhere = result.shown(5, also_hidden=["many", "unknown"]).table.set_index("term").loc["many"]
    exact = result.table.set_index("term").loc["many", "estimate"]
    assert elsewhere[counts].isna().all() and elsewhere["estimate"] == round(exact, 2) != exact


def test_effects_within_groups_are_hidden_where_one_group_is_small():
    rows = rows_of(many=many, two=lambda who, event: np.where(who < 8, "small", "large"))
    shown = asked(rows, "many", by="two").shown(5).groups
    assert shown["reason"].tolist() == ["not_shown"] * 3 and shown["estimate"].isna().all()


def test_covariates_that_rest_on_few_are_blank():
    kind = lambda who, event: np.where(who < 3, "rare", np.where(who % 2, "b", "c"))  # noqa: E731
    shown = asked(rows_of(many=many, kind=kind), "many", adjust_for=["kind"]).shown(5).covariates.set_index("term")
    assert np.isnan(shown.loc["kind[rare]", "estimate"]) and shown.loc["kind[c]", "estimate"] < 0


def test_how_many_rows_were_left_out_is_not_said_where_it_tells_of_few_organizations():
    rows = rows_of(many=many, size=lambda who, event: np.where(who < 2, np.nan, who % 7))
    result = asked(rows, "many", adjust_for=("size",))
    assert result.left_out["rows"].tolist() == [6] and any("6 of 180" in note for note in result.notes)
    shown = result.shown(5)
    assert shown.left_out["rows"].isna().all() and shown.notes == ()
    assert shown.imputed.missing.set_index("column").loc["size", ["rows", "organizations"]].isna().all()


def test_in_a_study_each_row_counts():
    result = asked(rows_of(many=many).rename(columns={"organization_id": "village"}), "many", cluster="village")
    assert [result.shown(n).table["reason"].tolist() for n in (5, 41)] == [[""], ["not_shown"]]

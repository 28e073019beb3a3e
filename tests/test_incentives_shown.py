"""What a shared report shows of a result: no incentive of which few organizations tell, nor what would tell them."""

import numpy as np
import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.sentences import findings, limits


def rows_of(**columns):
    """60 organizations at 3 events each; every second one came to two of them, the others to one."""
    who = np.repeat(np.arange(60), 3)
    event = np.tile(np.arange(3), 60)
    came = (event < 1 + who % 2).astype(bool)
    rows = pd.DataFrame({"organization_id": who, "event_id": event, "attended": came})
    return rows.assign(**{name: of(who, event) for name, of in columns.items()})


def asked(rows, *incentives, **more):
    return kl.predict_participation(rows, incentives=incentives, permutations=0, **more)


@pytest.fixture(scope="module")
def result():
    rows = rows_of(
        many=lambda who, event: who % 3 == 0,
        few=lambda who, event: who < 4,
        nearly_all=lambda who, event: who > 2,
    )
    return asked(rows, "many", "few", "nearly_all")


def test_an_incentive_that_few_organizations_had_or_were_without_is_hidden_whole(result):
    shown = result.shown(5).table.set_index("term")
    for term in ("few", "nearly_all"):
        assert shown.loc[term, "strength"] == "cannot tell" and shown.loc[term, "reason"] == "not_shown"
        numbers = shown.loc[term].drop(["n", "label", "clusters", "method", "varies_by", "kind", "strength", "reason"])
        assert numbers.drop("against").isna().all()
    same = ["estimate", "strength", "n_offered", "k_offered", "k_not_offered", "groups_offered"]
    assert shown.loc["many", same].tolist() == result.table.set_index("term").loc["many", same].tolist()


def test_for_the_team_nothing_is_hidden(result):
    assert result.shown(1) is result


def test_no_text_table_or_csv_holds_a_number_of_a_hidden_incentive(result):
    shown = result.shown(5)
    counts = {f"{n} of {m}" for n in range(1, 13) for m in (9, 12)}
    texts = [
        *shown.sentences(), *findings.at_a_glance(shown), *limits.limits(shown), *shown.robustness.sentences(),
        shown.figure().alt, shown.robustness.figure().alt, *kl.incentive_table(shown).frame.to_numpy().ravel(),
        *shown.figure().table.to_numpy().ravel(),
    ]  # fmt: skip
    assert not [one for one in texts if any(count in str(one).split("without")[0] for count in counts)]
    assert "its numbers are about too few to be shown" in " ".join(shown.sentences())
    assert shown.robustness.table.query("term != 'many'")["estimate"].isna().all()


def test_of_several_kinds_the_others_do_not_tell_the_hidden_one():
    kinds = np.array(["none", "coaching", "grant"])
    rows = rows_of(support=lambda who, event: kinds[np.where(who < 4, 2, who % 2)])
    shown = asked(rows, "support").shown(5).table.set_index("term")
    assert shown.loc["support[grant]", "reason"] == "not_shown"
    others = shown.drop(index="support[grant]")
    assert others[["n_offered", "k_offered", "n_not_offered", "k_not_offered"]].isna().all(axis=None)


def test_how_many_rows_were_left_out_is_not_said_where_it_tells_of_few_organizations():
    rows = rows_of(many=lambda who, event: who % 3 == 0, size=lambda who, event: np.where(who < 2, np.nan, who % 7))
    result = asked(rows, "many", adjust_for=("size",))
    assert "6 were left out" in findings.left_out_sentence(result)
    said = findings.left_out_sentence(result.shown(5))
    assert said.startswith("The answer rests on **174 invitations**; others were left out") and "fewer than 5" in said
    missing = limits.missing_sentences(result.shown(5))
    assert missing[0] == "**Size** is missing for fewer than 5 organizations."


def test_in_a_study_each_row_counts():
    rows = rows_of(many=lambda who, event: who % 3 == 0).rename(columns={"organization_id": "village"})
    result = asked(rows, "many", cluster="village")
    assert result.shown(5).table["reason"].tolist() == [""]
    assert result.shown(41).table["reason"].tolist() == ["not_shown"]

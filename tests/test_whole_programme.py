"""The whole chain on a programme in field formats, compared with what is true in it."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons.field.identity import Roster

TRUTH = Path(__file__).parent / "data" / "programme" / "truth"
PAIR = ["event_id", "organization_id"]


@pytest.fixture(scope="module")
def truth():
    return json.loads((TRUTH / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def result(whole):
    return kl.predict_participation(kl.invitations(whole), **whole.programme.question)


def test_at_least_97_of_100_typed_names_are_matched_and_none_wrongly(whole):
    aliases = json.loads((TRUTH / "aliases.json").read_text(encoding="utf-8"))
    matches = Roster(whole.organizations).match(list(aliases))
    wrong = {typed for typed, match in matches.items() if match.organization_id not in (None, aliases[typed])}
    assert not wrong
    assert sum(match.organization_id is not None for match in matches.values()) >= 0.97 * len(aliases)


def test_attendance_equals_the_truth_wherever_it_is_known(whole):
    attended = pd.read_csv(TRUTH / "attended.csv")
    both = whole.invitations.merge(attended, on=PAIR, suffixes=("", "_true"), validate="one_to_one")
    assert len(both) == len(attended)
    known = both[both["attended"].notna()]
    assert len(known) >= 0.97 * len(both)
    assert (known["attended"].astype(int) == known["attended_true"]).all()


def test_true_effects_lie_in_the_intervals_as_often_as_they_should(result, truth):
    table = result.table.set_index("term")
    inside = [
        table.loc[term, "conf_low"] <= effect <= table.loc[term, "conf_high"] for term, effect in truth["ame"].items()
    ]
    # of 6 intervals of 95 %, two or more miss in 3 of 100 programmes
    assert len(inside) == 6 and sum(inside) >= 5


def test_an_incentive_without_any_effect_is_not_called_clear(result, truth):
    none = [term for term, effect in truth["ame"].items() if effect == 0]
    assert none and not result.table.set_index("term").loc[none, "strength"].isin(["clear", "likely"]).any()


def test_an_unresolved_name_makes_attendance_unknown_and_not_absent(whole_programme, tmp_path):
    """With the roster's accents and one name spoiled, its event shows unknown attendance for who may be meant."""
    folder = Path(shutil.copytree(whole_programme, tmp_path / "spoiled"))
    invited = folder / "raw" / "invitations.csv"
    lines = invited.read_text(encoding="utf-8-sig").splitlines()
    invited.write_text("\n".join([*lines, "E001,CDSP-094", "E001,AWD-011"]) + "\n", encoding="utf-8-sig")
    sheet = folder / "raw" / "extra.csv"
    sheet.write_text("event,name\nE001,Organisation des Femmes de Dessalines et E.\n", encoding="utf-8")
    with (folder / "programme.toml").open("a", encoding="utf-8") as toml:
        toml.write(
            '\n[[source]]\ntable = "sign_in"\nfiles = "extra.csv"\n'
            '[source.columns]\nevent_id = "event"\norganization_id = "name"\n'
        )
    rows = kl.clean(kl.load(folder / "programme.toml")).invitations.set_index(PAIR)
    assert rows.loc[[("E001", "CDSP-094"), ("E001", "AWD-011")], "attended"].isna().all()
    assert rows["attended"].isna().sum() <= 3


def test_an_incentive_that_never_varies_is_answered_with_its_reason(whole_programme, tmp_path):
    folder = Path(shutil.copytree(whole_programme, tmp_path / "constant"))
    toml = folder / "programme.toml"
    text = toml.read_text(encoding="utf-8")
    text = re.sub(r"\[incentives\].*", '[incentives]\nchildcare = "Childcare at the event"', text)
    text = text.replace('"recent_conversation"]', '"recent_conversation", "childcare"]')
    toml.write_text(
        text.replace("[source.blank] ", "[source.set]\nchildcare = false\n[source.blank] "), encoding="utf-8"
    )
    programme = kl.load(toml)
    result = kl.predict_participation(kl.rows(programme), **programme.question)
    assert result.not_estimable[["term", "reason"]].to_numpy().tolist() == [["childcare", "constant"]]
    told = kl.Say("en", programme).cannot_tell(result)
    assert str(told[-1]) == "**Childcare at the event:** the data cannot tell, because it was never offered."
    assert result.table["strength"].tolist().count("cannot tell") == 1

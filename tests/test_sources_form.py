"""Forms are read as pyxform's own converter reads them."""

from pathlib import Path

import pytest
from pyxform.xls2json import workbook_to_json
from pyxform.xls2json_backends import get_xlsform
from test_sources import workbook

import konbit_lessons as kl
from konbit_lessons.field.sources.form import clean, read_form

DATA = Path(__file__).parent / "data"
TRICKY = {
    "survey": [
        ["Type", " name", "Label::Français (fr)", "label :: Kreyòl (ht)", "choice_filter", "calculation", "disabled"],
        ["start", "start"],
        ["begin_group", "who", "Qui", "Kilès"],
        ["text ", "name", "  Nom   du  répondant "],
        ["select one from  town", "town", "Commune", "Komin"],
        ["select one town or_other", "other_town", "Autre commune", "Lòt komin"],
        ["end group"],
        ["begin  group", "contact", "Contact"],
        ["string", "name", "Nom"],
        ["gps", "place", "Lieu"],
        ["photo", "picture", "Photo"],
        ["end_group"],
        ["select all that apply from need", "needs", "<b>Besoins</b> de ${town}", None, "zone=${town}"],
        ["select_multiple need or_other", "more", "Encore"],
        ["select_multiple_from_file list.csv", "listed", "De la liste"],
        ["rank need", "ranked", "Rang"],
        ["note", "thanks", "Merci"],
        ["calculate", "score", None, None, None, "1 + 1"],
        ["integer", "gone", "Plus posée", None, None, None, "yes"],
        ["begin repeat", "member", "Membre"],
        ["begin group", "inner", "Dedans"],
        ["integer", "age", "Âge"],
        ["end group"],
        ["begin_repeat", "child", "Enfant"],
        ["date", "born", "Né le"],
        ["end_repeat"],
        ["end repeat"],
    ],
    "choices": [
        ["list name", "value", "label::Français (fr)", "label::Kreyòl (ht)", "zone"],
        ["town", 1, "Aquin", "Aken"],
        ["town", 2, "Bainet"],
        [],
        ["need", "eau ", "Eau", "Dlo", 1],
        ["need", "leads", "Affaires"],
    ],
}
BARE = {
    "survey": [
        ["type", "name", "label", "label:en"],
        ["select1 yn", "ok", "Oui ?", "Yes?"],
        ["text", "why", "Pourquoi"],
    ],
    "choices": [["list_name", "name", "caption", "label:en"], ["yn", "y", "Oui", "Yes"], ["yn", "n", "Non"]],
}


def _converted(path: Path) -> tuple[list[tuple], dict[str, dict[str, dict[str, str]]]]:
    """What pyxform makes of a form: (path, type, labels) of each question, and the choices of each list."""
    content = workbook_to_json(get_xlsform(path), fallback_form_name=path.stem)
    questions = []

    def walk(children: list[dict], above: tuple[str, ...]) -> None:
        for child in children:
            if child["type"] in ("group", "repeat"):
                walk(child.get("children", []), (*above, child["name"]))
            else:
                questions.append(((*above, child["name"]), child["type"], _labels(child)))

    walk([child for child in content["children"] if child["name"] != "meta"], ())
    lists = {name: {row["name"]: _labels(row) for row in rows} for name, rows in content.get("choices", {}).items()}
    return questions, lists


def _labels(row: dict) -> dict[str, str]:
    label = row.get("label", {})
    by_language = {"": label} if isinstance(label, str) else label
    return {"" if language == "default" else language: clean(text) for language, text in by_language.items()}


@pytest.mark.parametrize("form", ["tricky", "bare", "kobo", "programme"])
def test_questions_and_choices_are_those_of_pyxform(tmp_path, form):
    path = {
        "kobo": DATA / "kobo" / "form.xlsx",
        "programme": DATA / "programme" / "raw" / "survey" / "form.xlsx",
    }.get(form) or workbook(tmp_path / "form.xlsx", TRICKY if form == "tricky" else BARE)
    questions, lists = _converted(path)
    ours = read_form(path)
    assert [(*(block.name for block in one.path), one.name) for one in ours.questions] == [
        path for path, _, _ in questions
    ]
    for one, (_, kind, labels) in zip(ours.questions, questions, strict=True):
        assert one.labels == labels or labels == {"": "Specify other."}  # which no exporter writes
        assert {"select_one": "select one", "select_multiple": "select all that apply"}.get(one.type) == (
            kind if kind.startswith("select") else None
        )
    assert ours.choices.keys() == lists.keys()
    for name, choices in lists.items():
        assert ours.choices[name].keys() == choices.keys()
        assert all(ours.choices[name][choice] == labels for choice, labels in choices.items() if choice != "other")


def test_a_form_may_be_one_that_no_server_would_take(tmp_path):
    survey = [
        ["type", "name", "label"],
        ["text", "a", "A"],
        ["text", "a", "A"],
        ["end group"],
        ["unheard of", "b", "B"],
    ]
    form = read_form(workbook(tmp_path / "form.xlsx", {"survey": survey}))
    assert [question.name for question in form.questions] == ["a", "a", "b"]


def test_a_workbook_that_is_no_form_is_refused(tmp_path):
    with pytest.raises(kl.KonbitError, match="this is no XLSForm"):
        read_form(workbook(tmp_path / "other.xlsx", {"survey": [["name"], ["x"]]}))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_versions_of_a_form_complete_each_other_whatever_their_order(tmp_path, order):
    """shared/cases/life/c08_new_form: a choice that was dropped, and one answer that became several."""
    versions = []
    for at, (kind, choice) in enumerate([("select_one", "tools,Outils"), ("select_multiple", "mentoring,Mentorat")]):
        survey = [
            ["type", "name", "label::fr"],
            [f"{kind} need", "needs", "Besoins"],
            ["text", f"new{at}", f"Neuf {at}"],
        ]
        choices = [["list_name", "name", "label::fr"], ["need", "funds", "Fonds"], ["need", *choice.split(",")]]
        path = tmp_path / f"form{at}.xlsx"
        versions.append(workbook(path, {"survey": survey, "choices": choices}))
    export = tmp_path / "export.csv"
    for header, choice in (("Neuf 0", "Outils"), ("Neuf 1", "Mentorat")):
        export.write_text(f"Besoins;{header};_uuid;_submission_time\n{choice};x;1;2017-01-05\n", encoding="utf-8")
        rows = kl.read(export, form=[versions[at] for at in order]).tables["main"]
        name = {"Outils": "tools", "Mentorat": "mentoring"}[choice]
        assert rows["needs"].tolist() == [name] and f"new{header[-1]}" in rows
        there = {
            one: rows[f"needs/{one}"].tolist() for one in ("funds", "tools", "mentoring") if f"needs/{one}" in rows
        }
        assert there == {"funds": [False], name: [True]}  # what a version does not offer was not declined


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("joined", [False, True])
def test_a_choice_that_not_every_version_offers_is_declined_only_in_files_that_have_it(tmp_path, order, joined):
    """shared/cases/life/c08_new_form: equipment became mentoring, and the file of the new form has no such column."""
    versions, survey = [], [["type", "name", "label::fr"], ["select_multiple need", "needs", "Besoins"]]
    for at, choice in enumerate(["tools", "mentoring"]):
        choices = [["list_name", "name", "label::fr"], *(["need", one, one.upper()] for one in ("funds", choice))]
        versions.append(workbook(tmp_path / f"form{at}.xlsx", {"survey": survey, "choices": choices}))
    for had, lacking in (("tools", "mentoring"), ("mentoring", "tools")):
        head = "" if joined else f";Besoins/FUNDS;Besoins/{had.upper()}"
        rows = [("FUNDS", ";1;0"), (had.upper(), ";0;1")]
        text = [f"Besoins{head};_uuid;_submission_time"]
        text += [f"{said}{flags * (not joined)};{at};2017-01-05" for at, (said, flags) in enumerate(rows)]
        (tmp_path / "export.csv").write_text("\n".join([*text, ""]), encoding="utf-8")
        found = kl.read(tmp_path / "export.csv", form=[versions[at] for at in order]).tables["main"]
        assert found["needs/funds"].tolist() == [True, False] and found[f"needs/{had}"].tolist() == [False, True]
        assert found["needs"].tolist() == ["funds", had] and f"needs/{lacking}" not in found


def test_a_question_that_a_later_version_has_in_a_group_keeps_its_answers_under_labels(tmp_path):
    """shared/cases/field/11-question-moved-into-a-group, 10-select-one-became-multiple: by the form and its labels."""
    survey = [["type", "name", "label::fr"], ["begin group", "g", "Groupe"], ["select_multiple n", "e", "Attentes"]]
    choices = [["list_name", "name", "label::fr"], ["n", "t", "Appui technique"], ["n", "f", "Fonds"]]
    form = workbook(tmp_path / "form.xlsx", {"survey": [*survey, ["end group"]], "choices": choices})
    asked = "Attentes;Groupe/Attentes;Groupe/Attentes/Appui technique;Groupe/Attentes/Fonds;_uuid;_submission_time"
    rows = [
        "Appui technique;;n/a;n/a;1;2017-01-05",
        ";Fonds;0;1;2;2017-01-05",
        ";Appui technique Fonds;1;1;3;2017-01-05",
    ]
    export = tmp_path / "export.csv"
    export.write_text("\n".join([asked, *rows]), encoding="utf-8")
    read = kl.read(export, form=form)
    main = read.tables["main"]
    assert main["e"].tolist() == ["t", "f", "t f"] and "are one question of different versions" in read.notices[0]
    assert (main["e/t"].tolist(), main["e/f"].tolist()) == ([True, False, True], [False, True, True])

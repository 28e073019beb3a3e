"""KoboToolbox's export engine wrote tests/data/kobo/ from submissions.json in many ways: each gives the answers."""

import csv
import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import python_calamine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from test_sources import workbook

import konbit_lessons as kl
from konbit_lessons.field.sources import Raw
from konbit_lessons.field.sources.questions import split

KOBO = Path(__file__).parent / "data" / "kobo"
FORM = KOBO / "form.xlsx"
SUBMISSIONS = json.loads((KOBO / "submissions.json").read_text(encoding="utf-8"))
EXPORTS = sorted(path.name for path in KOBO.glob("*_*.*"))
REPEAT = "members_of_the_committee_of_the_organization"
ANSWERS = {  # question: where it stands in a submission
    "organization": "ident/organization",
    "region": "ident/region",
    "commune": "ident/commune",
    "expectations": "views/expectations",
    "offered": "views/offered",
    "motivation": "views/motivation",
    "motivation_other": "views/motivation_other",
    "respondent": "views/respondent",
    "contact_name": "contact/contact_name",
    "place": "contact/place",
    "photo": "contact/photo",
    "priorities": "priorities",
    "comment": "comment",
    "_uuid": "_uuid",
    "_submission_time": "_submission_time",
}


@cache
def _export(name: str) -> Raw:
    return kl.read(KOBO / name, form=FORM)


def _plain(values: pd.Series) -> list:
    return [None if pd.isna(value) else value for value in values]


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_gives_what_was_answered(name):
    raw = _export(name)
    main = raw.tables["main"]
    assert raw.kind == "kobo"
    for question, place in ANSWERS.items():
        expected = [one.get(place) for one in SUBMISSIONS]
        if question == "_submission_time" or (question == "place" and name.endswith(".xlsx")):
            assert [value is None for value in _plain(main[question])] == [value is None for value in expected]
        else:
            assert _plain(main[question]) == expected
    for question in ("expectations", "offered"):
        for choice in ("eau", "eau_potable", "leads", "ong"):
            answers = [one.get(f"views/{question}") for one in SUBMISSIONS]
            assert _plain(main[f"{question}/{choice}"]) == [
                None if answer is None else choice in answer.split() for answer in answers
            ]
    old = next(column for column in ("old_remark", "Ancienne remarque", "Old remark") if column in main)
    assert _plain(main[old]) == [one.get("old_remark") for one in SUBMISSIONS]


@pytest.mark.parametrize("written", ["names", "french", "kreyol", "english"])
def test_joined_details_and_both_give_the_same_frame(written):
    both, summary, details = (
        _export(f"{written}_{mode}.csv").tables["main"] for mode in ("both", "summary", "details")
    )
    assert_frame_equal(both, summary)
    assert_frame_equal(both, details)


@pytest.mark.parametrize("name", [name for name in EXPORTS if name.endswith(".xlsx")])
def test_repeats_are_tables_linked_to_their_parents(name):
    raw = _export(name)
    assert list(raw.tables) == ["main", REPEAT, "trainings"]
    assert len(raw.sheets[REPEAT]) == 31 and raw.sheets["trainings"] == "trainings"
    main, members, trainings = (raw.tables[table].set_index("_index", drop=False) for table in raw.tables)
    found = [
        (main.loc[row["_parent_index"], "_uuid"], row["member"], row["age"], row["skills"])
        for row in members.astype(object).where(members.notna(), None).to_dict("records")
    ]
    assert found == [
        (
            one["_uuid"],
            member[f"{REPEAT}/member"],
            member[f"{REPEAT}/age"] if "typed" not in name else str(int(member[f"{REPEAT}/age"])),
            member.get(f"{REPEAT}/skills"),
        )
        for one in SUBMISSIONS
        for member in one.get(REPEAT, [])
    ]
    assert members["skills/vente"].tolist()[::2] == [True, True] and members["skills/vente"].isna().sum() == 1
    topics = trainings["topic"].groupby(trainings["_parent_index"].map(members["member"])).agg(list)
    assert topics.to_dict() == {"Anne": ["Vente", "Taxes"], "Mona": ["Vente"]}


def test_the_row_of_tags_of_an_engine_export_is_named():
    raw = _export("repeats_french_summary_hxl.xlsx")
    assert raw.tables["main"].index.tolist() == [3, 4, 5, 6]
    (notice,) = raw.notices
    assert all(tag in notice for tag in ("#org", "#adm1", "#need"))


@pytest.mark.parametrize("name", EXPORTS)
def test_without_the_form_no_cell_is_lost(name):
    _every_cell_is_there(KOBO / name)


def test_without_the_form_groups_are_dropped_and_choices_found():
    frame = kl.read(KOBO / "repeats_names_both.xlsx").tables["main"]
    assert {"organization", "respondent", "photo", "_place_latitude", "meta/rootUuid"} <= set(frame)
    assert _plain(frame["expectations/leads"]) == [True, False, None, None]


def test_metadata_are_found_by_name_wherever_they_stand(tmp_path):
    rows = pd.read_csv(KOBO / "french_both.csv", sep=";", dtype="str", keep_default_na=False)
    rows[rows.columns[::-1]].drop(columns=["_id", "_tags"]).to_csv(tmp_path / "turned.csv", sep=";", index=False)
    turned = kl.read(tmp_path / "turned.csv", form=FORM)
    expected = _export("french_both.csv").tables["main"].drop(columns=["_id", "_tags"])
    assert turned.kind == "kobo"
    assert_frame_equal(turned.tables["main"][expected.columns].reset_index(drop=True), expected.reset_index(drop=True))


def test_a_submission_that_is_there_twice_stays_twice(tmp_path):
    path = tmp_path / "kobo.csv"
    path.write_text('"a";"_uuid";"_index"\r\n"x";"u";"1"\r\n"x";"u";"2"\r\n', encoding="utf-8")
    assert kl.read(path).tables["main"]["_uuid"].tolist() == ["u", "u"]


def test_entries_of_repeats_name_their_submission():
    raw = _export("repeats_names_both.xlsx")
    members = raw.tables[REPEAT]
    uuids = raw.tables["main"].set_index("_index")["_uuid"]
    assert members["_submission__uuid"].tolist() == members["_parent_index"].map(uuids).tolist()
    assert set(members["_parent_table_name"]) == {"Comités des organisations du Sud"}


@pytest.mark.parametrize(("values", "columns"), [("01", ["q", "q/a"]), ("02", ["q", "a"])])
def test_a_part_behind_a_slash_is_a_choice_by_its_values(tmp_path, values, columns):
    path = _kobo(tmp_path, '"q";"q/a"', *(f'"a";"{value}"' for value in values))
    assert list(kl.read(path).tables["main"])[:2] == columns


def test_a_slash_in_a_label_is_no_group_unless_others_share_it(tmp_path):
    path = _kobo(tmp_path, '"Homme / femme";"Lieu/Commune";"Lieu/Section";"Oui/non ?"', '"f";"Aquin";"1re";"oui"')
    assert list(kl.read(path).tables["main"])[:4] == ["Homme / femme", "Commune", "Section", "Oui/non ?"]


def _form(tmp_path: Path, survey: list[list], choices: list[list] = ()) -> Path:
    return workbook(
        tmp_path / "form.xlsx",
        {
            "survey": [["type", "name", "label::fr", "label::en"], *survey],
            "choices": [["list_name", "name", "label::fr", "label::en"], *choices],
        },
    )


def _kobo(tmp_path: Path, header: str, *rows: str) -> Path:
    path = tmp_path / "kobo.csv"
    lines = [f'{header};"_uuid";"_index"', *(f'{row};"u{at}";"{at}"' for at, row in enumerate(rows, start=1))]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_a_label_of_two_questions_is_not_decoded_and_both_are_named(tmp_path):
    form = _form(tmp_path, [["text", "a", "Nom", "Name"], ["text", "b", "Nom", "Name"], ["text", "c", "Lieu", "Place"]])
    raw = kl.read(_kobo(tmp_path, '"Nom";"Nom";"Lieu"', '"x";"y";"z"'), form=form)
    assert list(raw.tables["main"])[:3] == ["Nom", "Nom (2)", "c"]
    assert 'the header "Nom" stands for a and b of the form: it is kept' in raw.notices


def test_groups_tell_two_questions_of_one_label_apart(tmp_path):
    form = _form(
        tmp_path,
        [
            *(["begin_group", "one", "Un", "One"], ["text", "a", "Nom", "Name"], ["end group"]),
            *(["begin group", "two", "Deux", "Two"], ["text", "b", "Nom", "Name"], ["end_group"]),
        ],
    )
    raw = kl.read(_kobo(tmp_path, '"Un>Nom";"Deux>Nom"', '"x";"y"'), form=form)
    assert list(raw.tables["main"])[:2] == ["a", "b"] and raw.notices == ()


def test_questions_of_one_name_keep_their_groups_in_every_language(tmp_path):
    form = _form(
        tmp_path,
        [
            *(["begin_group", "one", "Un", "One"], ["text", "name", "Nom", "Name"], ["end_group"]),
            *(["begin_group", "two", "Deux", "Two"], ["text", "name", "Titre", "Title"], ["end_group"]),
        ],
    )
    for header in ('"Nom";"Titre"', '"One/Name";"Two/Title"', '"one-name";"two-name"'):
        assert list(kl.read(_kobo(tmp_path, header, '"x";"y"'), form=form).tables["main"])[:2] == [
            "one/name",
            "two/name",
        ]


def test_a_label_of_two_choices_is_left_as_it_is(tmp_path):
    form = _form(
        tmp_path,
        [["select_one l", "q", "Q", "Q"]],
        [["l", "a", "Autre", "A"], ["l", "b", "Autre", "B"], ["l", "c", "C", "C"]],
    )
    raw = kl.read(_kobo(tmp_path, '"Q"', '"Autre"', '"C"'), form=form)
    assert raw.tables["main"]["q"].tolist() == ["Autre", "c"]
    assert raw.notices == ('q: the label "Autre" stands for the choices a and b: it is left as it is',)
    english = kl.read(_kobo(tmp_path, '"Q"', '"A"', '"B"'), form=form)
    assert english.tables["main"]["q"].tolist() == ["a", "b"] and english.notices == ()


def test_choice_columns_of_one_label_are_kept_as_they_are(tmp_path):
    form = _form(
        tmp_path, [["select_multiple l", "q", "Q"]], [["l", "a", "Autre"], ["l", "b", "Autre"], ["l", "c", "Eau"]]
    )
    raw = kl.read(_kobo(tmp_path, '"Q";"Q/Autre";"Q/Autre";"Q/Eau"', '"Autre Eau";"0";"1";"1"'), form=form)
    frame = raw.tables["main"]
    assert list(frame)[:4] == ["q", "q/c", "Q/Autre", "Q/Autre (2)"]
    assert frame.iloc[0, :4].tolist() == ["Autre Eau", True, "0", "1"]
    assert 'the header "Q/Autre" stands for q/a and q/b of the form: it is kept' in raw.notices


def test_a_name_that_is_the_label_of_another_choice_is_read_by_the_language_of_the_export(tmp_path):
    form = _form(
        tmp_path, [["select_one l", "q", "Question", "Asked"]], [["l", "1", "2", "two"], ["l", "2", "1", "one"]]
    )
    assert kl.read(_kobo(tmp_path, '"q"', '"1"', '"2"'), form=form).tables["main"]["q"].tolist() == ["1", "2"]
    assert kl.read(_kobo(tmp_path, '"Question"', '"1"', '"2"'), form=form).tables["main"]["q"].tolist() == ["2", "1"]


def test_joined_labels_that_can_be_read_in_two_ways_are_left(tmp_path):
    form = _form(
        tmp_path,
        [["select_multiple l", "q", "Question", "Q"]],
        [["l", "a", "Eau", ""], ["l", "b", "Eau potable", ""], ["l", "c", "potable", ""]],
    )
    raw = kl.read(_kobo(tmp_path, '"Question"', '"Eau potable"', '"Eau"', '""'), form=form)
    frame = raw.tables["main"]
    assert _plain(frame["q"]) == ["Eau potable", "a", None]
    assert _plain(frame["q/a"]) == [None, True, None] and _plain(frame["q/b"]) == [None, False, None]
    assert (
        raw.notices[0].startswith("q: 1 joined answers cannot be split for certain") and "Eau potable" in raw.notices[0]
    )


@pytest.mark.parametrize("separator", ["/", ":", " - ", "-", ".", "_", " > ", "::", "|"])
def test_groups_and_choices_may_be_joined_by_anything(tmp_path, separator):
    form = _form(
        tmp_path,
        [
            *(["begin_group", "g", "Groupe: un", "G"], ["select_multiple l", "q", "Besoins - quels ?", "Needs"]),
            *(["select_one l", "o", "Un - seul", "One"], ["end_group"], ["text", "d", "Détails (si autre)", "D"]),
        ],
        [["l", "a", "Eau / air", "Water"], ["l", "b", "Eau", "Air"]],
    )
    question, one = f"Groupe: un{separator}Besoins - quels ?", f"Groupe: un{separator}Un - seul"
    header = [question, f"{question}{separator}Eau / air", f"{question}{separator}Eau", one, "Détails (si autre)"]
    raw = kl.read(_kobo(tmp_path, _quoted(header), _quoted(["Eau / air Eau", "1", "1", "Eau", "x"])), form=form)
    assert list(raw.tables["main"])[:5] == ["q", "q/a", "q/b", "o", "d"] and raw.notices == ()
    assert raw.tables["main"].iloc[0, :5].tolist() == ["a b", True, True, "b", "x"]


@pytest.mark.parametrize("separator", ["/", "-", ".", ":", "_"])
def test_without_the_form_another_separator_is_told_by_the_choices(tmp_path, separator):
    header = [one.replace("/", separator) for one in ("g/q", "g/q/a", "g/q/b", "g/o", "g/q/n")]
    raw = kl.read(
        _kobo(tmp_path, _quoted(header), _quoted(["a", "1", "0", "x", "4"]), _quoted(["b a", "1", "1", "", ""]))
    )
    assert list(raw.tables["main"])[:4] == ["q", "q/a", "q/b", "o"]
    assert _plain(raw.tables["main"]["q/b"]) == [False, True] and _plain(raw.tables["main"]["n"]) == ["4", None]


def test_choices_of_a_file_and_choices_there_twice(tmp_path):
    form = _form(
        tmp_path,
        [["select_multiple_from_file towns.csv", "towns", "Communes"], ["select_one l", "o", "Lequel ?"]],
        [["l", "other", "Autre au nord"], ["l", "other", "Autre au sud"]],
    )
    rows = ('"aquin bainet";"Autre au sud"', '"bainet";"Autre au nord"', '"";""')
    main = kl.read(_kobo(tmp_path, '"Communes";"Lequel ?"', *rows), form=form).tables["main"]
    assert _plain(main["towns"]) == ["aquin bainet", "bainet", None] and _plain(main["o"]) == ["other", "other", None]
    assert _plain(main["towns/aquin"]) == [True, False, None]


def test_choices_of_an_older_form_stay(tmp_path):
    form = _form(tmp_path, [["select_multiple l", "q", "Q ?", "Q"]], [["l", "a", "A", "A"]])
    for header in ('"q";"q/old";"q/a"', '"Q ?";"Q ?/old";"Q ?/A"'):
        raw = kl.read(_kobo(tmp_path, header, '"old";"1";"0"', '"";"";""'), form=form)
        assert _plain(raw.tables["main"]["q"]) == ["old", None]
        assert _plain(raw.tables["main"]["q/old"]) == [True, None] and _plain(raw.tables["main"]["q/a"]) == [
            False,
            None,
        ]
    raw = kl.read(_kobo(tmp_path, '"q"', '"old a"'), form=form)
    assert _plain(raw.tables["main"]["q/old"]) == [True]


def test_a_joined_answer_that_says_more_than_its_choice_columns_is_kept(tmp_path):
    form = _form(tmp_path, [["select_multiple l", "q", "Q", "Q"]], [["l", "a", "A", "A"]])
    raw = kl.read(_kobo(tmp_path, '"q";"q/a"', '"a lost";"1"', '"a";"1"'), form=form)
    assert _plain(raw.tables["main"]["q"]) == ["a lost", "a"]
    assert raw.notices == ("q: 1 joined answers differ from their choice columns and are left as typed",)


def test_an_export_without_metadata_is_known_by_its_form(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text('"Nom de l\'organisation";"Département"\n"Réseau";"Sud"\n', encoding="utf-8")
    raw = kl.read(path, form=FORM)
    assert raw.kind == "kobo" and raw.tables["main"]["region"].tolist() == ["sud"]


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1), min_size=1, max_size=6),
    st.lists(st.text("xy ", min_size=1).map(str.strip).filter(bool), min_size=3, max_size=3, unique=True),
)
def test_a_split_is_one_of_the_ways_to_join(answers, labels):
    by_name = dict(zip("abc", labels, strict=True))
    for answer in answers:
        ways = split(
            " ".join(by_name[name] for name in answer), {label: {name} for name, label in by_name.items()}, " "
        )
        assert tuple(answer) in ways or len(ways) == 2


CHOICES = {"a": "Eau", "b": "Eau potable", "c": "Argent", "d": "d"}
ANSWER = st.none() | st.lists(st.sampled_from(list(CHOICES)), unique=True, min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(answers=st.lists(ANSWER, min_size=1, max_size=8), language=st.sampled_from([None, "fr"]))
def test_any_answers_are_the_same_in_three_modes(tmp_path, answers, language):
    form = tmp_path / "form.xlsx"
    if not form.exists():
        choices = [["l", name, label] for name, label in CHOICES.items()]
        _form(tmp_path, [["select_multiple l", "q", "Quoi ?"]], choices)
    question, labels = ("Quoi ?", CHOICES) if language else ("q", {name: name for name in CHOICES})
    joined = [[" ".join(labels[one] for one in answer) if answer else ""] for answer in answers]
    flags = [[str(int(name in answer)) if answer else "" for name in CHOICES] for answer in answers]
    choices = [f"{question}/{labels[name]}" for name in CHOICES]
    frames = [
        kl.read(_kobo(tmp_path, ";".join(f'"{one}"' for one in header), *map(_quoted, rows)), form=form).tables["main"]
        for header, rows in (
            ([question, *choices], [text + cells for text, cells in zip(joined, flags, strict=True)]),
            (choices, flags),
            ([question], joined),
        )
    ]
    assert_frame_equal(frames[0], frames[1])
    assert_frame_equal(frames[0], frames[2])
    assert _plain(frames[0]["q"]) == [" ".join(sorted(answer)) if answer else None for answer in answers]
    assert _plain(frames[0]["q/b"]) == [None if answer is None else "b" in answer for answer in answers]


def _quoted(cells: list[str]) -> str:
    return ";".join(f'"{cell}"' for cell in cells)


HEADERS = st.lists(
    st.lists(st.sampled_from(["a", "b", "q", "d e", "1"]), min_size=1, max_size=3).map("/".join), min_size=1, max_size=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(data=st.data(), header=HEADERS, with_form=st.booleans(), kind=st.sampled_from(["kobo", "odk_central", "sheet"]))
def test_whatever_the_headers_no_cell_is_lost(tmp_path, data, header, with_form, kind):
    form = tmp_path / "form.xlsx"
    if not form.exists():
        group = (["begin_group", "a", "d e"], ["text", "b", "q"], ["select_multiple l", "q", "a"], ["end_group"])
        choices = [["l", "b", "d e"], ["l", "1", "a"], ["l", "d", "a"]]
        _form(tmp_path, [*group, ["text", "b", "b"], ["select_one l", "d", "d e"]], choices)
    cells = st.sampled_from(["0", "1", "", "x", "b", "a b", "d e"])
    rows = data.draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), min_size=1, max_size=4))
    marks = {"kobo": ["_uuid", "_index"], "odk_central": ["KEY", "SubmissionDate", "SubmitterID"], "sheet": []}[kind]
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerows([[*header, *marks], *([*row, *(f"k{at}" for _ in marks)] for at, row in enumerate(rows))])
    raw = kl.read(path, kind=kind, form=form if with_form else None)
    frame = raw.tables["main"]
    assert frame.columns.is_unique
    if kind == "sheet":
        there = {*frame.to_numpy().ravel(), *frame.columns, *" | ".join(raw.notices).replace('"', " | ").split(" | ")}
        assert {cell for row in rows for cell in row if cell} <= there
    for at, row in enumerate(rows if kind != "sheet" else []):
        written = [cell for cell in row if cell and (kind == "kobo" or cell != "0")]
        assert frame.iloc[at].notna().sum() >= len(written) + len(marks)


def _every_cell_is_there(path: Path) -> None:
    """Each text of the file stands in a frame or in a notice."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))[1:]
    else:
        book = python_calamine.CalamineWorkbook.from_path(path)
        rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[1:]]
    raw = kl.read(path)
    there = {str(value) for frame in raw.tables.values() for value in frame.to_numpy().ravel()}
    flags = {"1": "True", "0": "False"}
    cells = {cell for row in rows for cell in row if isinstance(cell, str) and cell.strip()}
    assert not [cell for cell in cells - there if flags.get(cell) not in there and cell not in " ".join(raw.notices)]

"""A drafted programme: what it places is right, what it cannot place is open, and it can be used as it stands."""

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.example import write_example
from konbit_lessons.field.draft import draft_programme
from konbit_lessons.field.draft.evidence import Column
from konbit_lessons.field.draft.ways import ways_of
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.sources.form import read_form

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
NAMED = 'name = "Drafted (simulated)"\npoint_of_contact = "evaluation@example.org"\n'
EVENT_KINDS = {  # of the whole programme: its name by hand → the name that its word makes
    "round_table": "table_ronde",
    "training": "formation",
    "coaching": "accompagnement",
    "showcase": "vitrine",
    "joint_event": "activite_conjointe",
}
OTHER_WORDS = {  # table → header in the example → in other words in French, English and Kreyòl
    "organizations": {
        "Code": ("Code du partenaire", "Partner's code", "Kòd patnè a"),
        "Nom de l'organisation": ("Nom du partenaire local", "Partner organization name", "Non òganizasyon patnè a"),
        "Sigle": ("Sigle ou acronyme", "Acronyms", "Sig la"),
        "Type": ("Type de partenaires", "Partner types", "Kalite patnè"),
        "Département": ("Département (Haïti)", "Departments", "Depatman an"),
        "Date d'adhésion": ("Date de l'adhésion au réseau", "Joined on (date)", "Dat li te antre"),
        "Date de sortie": ("Date de la sortie", "Date of the exit", "Dat li te soti"),
        "Consultée à la conception": ("Consultée, conception", "Consulted at design?", "Yo te konsilte li"),
        "Appui bailleur antérieur": ("Appui de bailleur antérieur", "Earlier support, donor", "Sipò bayè fon an anvan"),
        "Effectif": ("Effectif (personnes)", "Staff members", "Kantite anplwaye yo"),
    },
    "events": {
        "Code activité": ("Code des activités", "Code of event", "Kòd aktivite yo"),
        "Type": ("Types d'activités", "Event types", "Tip aktivite yo"),
        "Date": ("Date des activités", "Dates held", "Dat aktivite yo"),
        "Lieu": ("Lieux", "Towns", "Kote a"),
        "Durée (heures)": ("Durée, en heures", "Duration [hours]", "Dire (an èdtan)"),
        "Per diem (HTG)": ("Per-diem, HTG", "Per diem, in HTG", "Pèdyèm an goud"),
        "Transport remboursé": ("Transports remboursés", "Transport refunded?", "Transpò a ranbouse"),
        "Certificat": ("Certificats", "Certificates", "Sètifika yo"),
        "Vitrine commerciale": ("Vitrines commerciales", "Business showcases", "Vitrin komèsyal la"),
        "Échange entre pairs": ("Echange entre les pairs", "Peers' exchange", "Echanj ant pè yo"),
        "Thème sur mesure": ("Thèmes sur mesure", "Tailored topics", "Sijè sou mezi a"),
        "Projet partenaire": ("Projets partenaires", "Partner projects", "Pwojè patnè yo"),
    },
    "business_leads": {
        "organization_id": ("Code de l'organisation", "Code of organization", "Kòd òganizasyon an"),
        "date": ("Date d'enregistrement", "Date of recording", "Dat la"),
        "kind": ("Nature (piste, contrat)", "Lead / contract", "Kalite a"),
        "value_htg": ("Valeur, HTG", "Value, HTG", "Valè a (goud)"),
        "source_event": ("Activités d'origine", "Events it came from", "Aktivite sous la"),
        "evidence": ("Preuves", "Evidence shown", "Prèv la"),
    },
    "contributions": {
        "organization_id": ("Organisations", "Organization's code", "Òganizasyon an"),
        "pledged_on": ("Date de la promesse faite", "Date of the pledge", "Dat pwomès la"),
        "kind": ("Type de la contribution", "Kinds of contribution", "Kalite kontribisyon an"),
        "delivered_on": ("Date de la livraison", "Delivered on (date)", "Dat livrezon an"),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Programme:
    """A simulated programme of 24 organizations and 10 events, in field formats."""
    folder = tmp_path_factory.mktemp("small")
    write_example(folder, seed=11, organizations=24, events=10)
    return kl.load(folder / "programme.toml")


def renamed(raw: Path, to: Path, seed: int = 1) -> dict[str, str]:
    """The same files under names that say nothing, all in one folder: new name → old name."""
    rng = random.Random(seed)
    to.mkdir(parents=True)
    names = {}
    for path in sorted(raw.rglob("*")):
        if path.is_file() and path.suffix in (".csv", ".xlsx"):
            number = len(names)
            new = (
                rng.choice([f"export({number})", f"{rng.randrange(16**4):04x}{number}", f"Book [{number}]"])
                + path.suffix
            )
            shutil.copy(path, to / new)
            names[new] = path.relative_to(raw).as_posix()
    return names


def written(folder: Path, toml: Path) -> Programme:
    """The draft, saved with nothing but name and contact filled in, and loaded."""
    lines = draft_programme(folder, toml).text.splitlines()
    filled = [line for line in lines if not line.startswith(('name = "OPEN', 'point_of_contact = "OPEN'))]
    assert len(filled) == len(lines) - 2
    toml.write_text("\n".join(filled).replace("[programme]\n", f"[programme]\n{NAMED}", 1), encoding="utf-8")
    return kl.load(toml)


def columns_by_file(programme: Programme, called: dict[str, str]) -> dict[tuple[str, str, str], str]:
    """(table, file, column) → the header or the value that programme.toml gives it."""
    found = {}
    for source in programme.sources:
        for path in programme.files_of(source):
            file = path.relative_to(programme.raw).as_posix()
            given = source.columns | source.constants(path.name)
            found |= {(source.table, called.get(file, file), name): header for name, header in given.items()}
    return found


def compared(drafted: dict, truth: dict) -> tuple[int, list, list]:
    """How many columns are placed rightly, which are placed otherwise, and which are left open.

    A header that is the column's name needs no line in a hand-written programme: such a line is right.
    """
    needless = {key for key, header in drafted.items() if key not in truth and key[2] == header}
    wrong = [(*key, header, truth.get(key)) for key, header in drafted.items() if truth.get(key) != header]
    right = sum(drafted.get(key) == header for key, header in truth.items())
    return right, [one for one in wrong if one[:3] not in needless], [key for key in truth if key not in drafted]


def test_under_meaningless_names_nothing_is_placed_wrongly_and_the_draft_cleans_to_the_same(whole, tmp_path):
    hand = whole.programme
    called = renamed(hand.raw, tmp_path / "raw")
    programme = written(tmp_path / "raw", tmp_path / "programme.toml")
    truth = columns_by_file(hand, {})
    right, wrong, _ = compared(columns_by_file(programme, called), truth)
    assert wrong == []
    assert right >= 0.9 * len(truth)

    drafted = kl.clean(programme)
    kinds = {"beneficiaire": "awardee"} | {word: kind for kind, word in EVENT_KINDS.items()}
    organizations = drafted.organizations.replace({"org_type": kinds})
    pd.testing.assert_frame_equal(organizations, whole.organizations)
    pd.testing.assert_frame_equal(drafted.events.replace({"event_type": kinds}), whole.events)
    key = ["event_id", "organization_id", "attended"]
    assert len(drafted.invitations[key].merge(whole.invitations[key], on=key)) >= 0.9 * len(whole.invitations)
    assert len(drafted.sign_in) >= 0.9 * len(whole.sign_in)


def test_the_shipped_example_is_drafted_as_it_was_written_by_hand(tmp_path):
    hand = kl.load(HERE.parent / "programme.toml")
    drafted = written(hand.raw, tmp_path / "programme.toml")
    assert drafted.raw.resolve() == hand.raw and drafted.analysis.incentives == hand.analysis.incentives
    for source in hand.sources:
        made = source_of(drafted, source.table)
        like_named = {name: header for name, header in made.columns.items() if name == header}
        assert made.columns == like_named | source.columns
        assert [path.resolve() for path in drafted.files_of(made)] == hand.files_of(source)
        assert (made.form, made.dates, made.decimal) == (source.form, source.dates, source.decimal)
        assert (made.blank, made.missing, made.by_file) == (source.blank, source.missing, source.by_file)
        made_levels = {name: meant for name, meant in made.levels.items() if name not in ("org_type", "event_type")}
        known = {"Observateur": "no"}  # a guest, whom no partner sent
        assert all((source.levels[name] | known).items() >= meant.items() for name, meant in made_levels.items())


@pytest.mark.parametrize("language", range(3), ids=["French", "English", "Kreyòl"])
def test_other_words_and_another_order_of_columns_leave_nothing_wrong(language, small, tmp_path):
    rng = random.Random(language)
    (tmp_path / "raw").mkdir()
    truth = {}
    for source in small.sources:
        words = {old: new[language] for old, new in OTHER_WORDS.get(source.table, {}).items()}
        if words:
            rows = kl.read(small.raw / source.files, expect=tuple(words)).tables["main"].rename(columns=words)
            rewritten(rows[rng.sample(list(rows), len(rows.columns))], tmp_path / "raw" / source.files)
            names = {header: name for name, header in source.columns.items()}
            truth |= {(source.table, source.files, names.get(header, header)): new for header, new in words.items()}
    drafted = written(tmp_path / "raw", tmp_path / "programme.toml")
    right, wrong, left_open = compared(columns_by_file(drafted, {}), truth)
    assert wrong == []
    assert right >= 0.9 * len(truth), left_open


def rewritten(rows: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_excel(path, index=False, engine="openpyxl")


def changed(small: Programme, to: Path, file: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Programme:
    """Organizations, events and one file of the small programme, that one changed, drafted."""
    (to / "raw").mkdir()
    for name in ("organizations.xlsx", "events.csv"):
        shutil.copy(small.raw / name, to / "raw" / name)
    hand = next(source for source in small.sources if source.files == file)
    rows = kl.read(small.raw / file, expect=tuple(hand.columns.values())).tables["main"]
    rewritten(change(rows), to / "raw" / file)
    return written(to / "raw", to / "programme.toml")


def source_of(programme: Programme, table: str):
    return next(source for source in programme.sources if source.table == table)


def comments(programme: Programme) -> list[str]:
    return [line for line in programme.path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]


def test_two_dates_whose_headers_say_nothing_are_open_with_the_columns_the_table_lacks(small, tmp_path):
    silent = {"organization_id": "organization_id", "pledged_on": "D1", "delivered_on": "D2", "kind": "kind"}
    drafted = changed(small, tmp_path, "contributions.csv", lambda rows: rows.rename(columns=silent))
    assert {"pledged_on", "delivered_on"}.isdisjoint(source_of(drafted, "contributions").columns)
    lines = [line for line in comments(drafted) if "OPEN: " in line]
    assert any('"D1"' in line for line in lines) and any('"D2"' in line for line in lines)
    assert any(line.startswith("# pledged_on =") and "the table needs it" in line for line in lines)


def test_dates_that_contradict_their_headers_are_open(small, tmp_path):
    swapped = {"pledged_on": "Date de livraison", "delivered_on": "Date de promesse"}
    drafted = changed(small, tmp_path, "contributions.csv", lambda rows: rows.rename(columns=swapped))
    assert {"pledged_on", "delivered_on"}.isdisjoint(source_of(drafted, "contributions").columns)
    assert sum("pledged_on would be after delivered_on" in line for line in comments(drafted)) == 2


def test_two_columns_that_are_about_as_near_are_both_open(small, tmp_path):
    drafted = changed(
        small,
        tmp_path,
        "contributions.csv",
        lambda rows: rows.rename(columns={"pledged_on": "Date de promesse"}).assign(
            **{"Date d'engagement": rows["pledged_on"]}
        ),
    )
    assert "pledged_on" not in source_of(drafted, "contributions").columns
    assert any("comes as near to pledged_on" in line for line in comments(drafted))


def test_a_table_of_something_else_about_organizations_is_not_taken_for_one(small, tmp_path):
    paid = {"Date de paiement": "2017-01-31", "Montant payé (USD)": "120", "Langue": "fr", "Secteur": "agriculture"}
    drafted = changed(
        small,
        tmp_path,
        "contributions.csv",
        lambda rows: rows[["organization_id"]].rename(columns={"organization_id": "Organisation"}).assign(**paid),
    )
    assert [source.table for source in drafted.sources] == ["organizations", "events"]
    assert any("contributions.csv: no [[source]]" in line for line in comments(drafted))


def test_kinds_are_those_that_the_file_has(small, tmp_path):
    legal = ["ONG", "Coopérative", "coopérative", "Entreprise", "COOPERATIVE"]
    drafted = changed(
        small,
        tmp_path,
        "organizations.xlsx",
        lambda rows: rows.assign(Type=[legal[at % 5] for at in range(len(rows))]),
    )
    assert drafted.levels("org_type") == ["ong", "cooperative", "entreprise"]
    assert drafted.level("org_type", "cooperative").text("en") == "Coopérative"


def test_headers_that_nearly_are_a_column_are_open(small, tmp_path):
    near = {
        "Durée (heures)": "Durée (jours)",
        "Date": "Date prévue",
    }
    drafted = changed(small, tmp_path, "events.csv", lambda rows: rows.rename(columns=near))
    assert {"hours", "held_on"}.isdisjoint(source_of(drafted, "events").columns)
    assert all(any(f'OPEN: "{header}"' in line for line in comments(drafted)) for header in near.values())


def test_what_is_offered_at_events_is_an_incentive_by_its_own_name(small, tmp_path):
    drafted = changed(
        small,
        tmp_path,
        "events.csv",
        lambda rows: rows.rename(
            columns={"Per diem (HTG)": "Prime (FCFA)", "Transport remboursé": "Hébergement payé"}
        ).assign(**{"Crèche": ["oui", "non"] * (len(rows) // 2), "Validé": ["oui", "non"] * (len(rows) // 2)}),
    )
    columns = source_of(drafted, "events").columns
    assert (columns["allowance_amount"], columns["hebergement_paye"]) == ("Prime (FCFA)", "Hébergement payé")
    assert columns["creche"] == "Crèche" and "Validé" not in columns.values()
    assert drafted.currency == "FCFA" and drafted.incentives["allowance"].kind == "amount"
    assert drafted.label("creche").text("en") == "Crèche" and "creche" in drafted.analysis.incentives


def test_names_phones_and_places_of_persons_are_left_out_with_a_word(small, tmp_path):
    people = {
        "Personne de contact": ["Jean Exemple", "Rose Exemple"] * 12,
        "Tél": [f"+509 0000{at:04}" for at in range(24)],
        "Position": ["18.5392 -72.3364 12 5"] * 24,
    }
    unknown = {"Qui": ["Jean Exemple", "Rose Exemple"] * 12}
    drafted = changed(small, tmp_path, "organizations.xlsx", lambda rows: rows.assign(**people, **unknown))
    assert set(people).isdisjoint(source_of(drafted, "organizations").columns.values())
    assert all(any(f'left out: "{header}"' in line for line in comments(drafted)) for header in people)
    assert not any("Exemple" in line or "+509" in line for line in comments(drafted))


@pytest.mark.parametrize(
    ("days", "dates", "said"),
    [
        (["03/04/2016", "05/25/2016"], ["month/day/year"], ""),
        (["03/04/2016", "25/05/2016"], ["day/month/year"], ""),
        (["3/4/16", "25/5/16"], ["day/month/yy"], ""),
        (["15 mai 2016", "2 janvier 2017"], ["day month year"], ""),
        (["Feb 3, 2017 2:05:06 PM", "Feb 9, 2017 2:05:06 PM"], ["month day, year"], ""),
        (["03/04/2016", "05/06/2016"], [], 'dates = ["day/month/year"] or dates = ["month/day/year"]'),
        (["13/04/2016", "05/26/2016"], [], "with a day over 12 first"),
    ],
)
def test_the_order_of_dates_is_found_in_a_day_over_12_or_left_open(days, dates, said):
    ways = ways_of("events", {"held_on": Column("Date", ("Date",), pd.Series(days, dtype="str"))}, [], None)
    assert ways.dates == dates
    left_open = [line for line in ways.lines["dates"] if "OPEN: " in line]
    assert any(said in line for line in left_open) == bool(said)


def test_one_workbook_with_a_sheet_for_each_table_is_several_sources(tiny, tmp_path):
    (tmp_path / "raw").mkdir()
    with pd.ExcelWriter(tmp_path / "raw" / "all.xlsx", engine="openpyxl") as book:
        for name in ("organizations", "events", "invitations", "sign_in"):
            rows = pd.read_csv(tiny.raw(f"{name}.csv"), dtype="str")
            rows.to_excel(book, sheet_name=f"Feuille {name[:3]}", index=False)
    drafted = written(tmp_path / "raw", tmp_path / "programme.toml")
    assert {source.table: source.sheets for source in drafted.sources} == {
        name: [f"Feuille {name[:3]}"] for name in ("organizations", "events", "invitations", "sign_in")
    }
    pd.testing.assert_frame_equal(kl.clean(drafted).invitations, tiny.clean().invitations)


def test_who_came_is_not_read_as_more_invitations(tiny):
    shutil.copy(tiny.raw("invitations.csv"), tiny.raw("who_came.csv"))
    tiny.replace("who_came.csv", "E002,CDSP-003\n", "")
    drafted = written(tiny.raw(""), tiny.folder / "drafted.toml")
    assert [source.files for source in drafted.sources if source.table == "invitations"] == ["invitations.csv"]
    assert any("who_came.csv" in line and "is it who came?" in line for line in comments(drafted))


MATRIX = "Organisation,E001,E002\nCDSP-001,x,\nAWD-001,,x\n"
TURNED = "Activité,CDSP-001,CDSP-002,AWD-001\nE001,P,A,A\nE002,A,P,P\n"
SIGNED = "Activité,Organisation,Nom,Signature\nE001,CDSP-001,Awa Diop,x\nE001,CDSP-002,Modou Fall,\n"


@pytest.mark.parametrize(
    ("sheet", "lines", "came"),
    [
        (MATRIX, ['event_id = "@header"', 'attended = "@cell"'], ["E001 CDSP-001", "E002 AWD-001"]),
        (TURNED, ['organization_id = "@header"'], ["E001 CDSP-001", "E002 AWD-001", "E002 CDSP-002"]),
        (SIGNED, ['attended = "Signature"'], ["E001 CDSP-001"]),
    ],
)
def test_a_sheet_of_who_came_is_drafted_by_its_one_line_and_read(tiny, tmp_path, sheet, lines, came):
    tiny.raw("sign_in.csv").write_text(sheet, encoding="utf-8")
    text = draft_programme(tiny.raw("sign_in.csv").parent, tiny.toml).text
    source = text[text.index('table = "sign_in"') :].split("[[source]]")[0]
    assert all(line in source for line in lines)
    placed = re.sub(
        r'(?s)table = "sign_in".*?(?=\n\[\[|\Z)', lambda _: source, tiny.toml.read_text(encoding="utf-8"), count=1
    )
    tiny.toml.write_text(placed, encoding="utf-8")
    rows = tiny.clean().sign_in.query("attended")
    assert sorted(rows["event_id"] + " " + rows["organization_id"]) == came


def test_labels_are_read_without_their_form(small, tmp_path):
    for name in ("organizations.xlsx", "events.csv"):
        shutil.copy(small.raw / name, tmp_path / name)
    shutil.copy(next(small.raw.glob("survey/*2017-01-09*")), tmp_path / "export.xlsx")
    survey = source_of(written(tmp_path, tmp_path / "programme.toml"), "survey")
    form = {question.name: question.labels for question in read_form(small.raw / "survey" / "form.xlsx").questions}
    french = {
        name: next(label for language, label in labels.items() if "fr" in language)
        for name, labels in form.items()
        if labels
    }
    for name in ("motivation", "belief_money", "perceived_value", "knows_benefits", "role_clear"):
        assert survey.columns[name] == french[name]
    assert survey.columns["expects_leads"] == f"{french['expectations']}/Opportunités d'affaires"
    assert survey.constants("export.xlsx") == {"wave": "1"}


def test_an_older_copy_of_the_roster_is_not_read_as_more_organizations(small, tmp_path):
    rows = kl.read(small.raw / "organizations.xlsx", expect=("Code",)).tables["main"]
    rewritten(rows, tmp_path / "new.csv")
    rewritten(rows.head(15).rename(columns={"Effectif": "Personnel"}), tmp_path / "old.csv")
    assert "an older copy?" in draft_programme(tmp_path).not_placed["old.csv"]


def test_a_programme_of_another_country_is_drafted_as_its_own_and_cleans(tmp_path):
    raw = HERE.parent / "examples" / "senegal" / "data" / "raw"
    drafted, hand = written(raw, tmp_path / "programme.toml"), kl.load(raw.parent.parent / "programme.toml")
    assert drafted.levels("org_type") == ["gie", "cooperative", "union"] and len(drafted.levels("event_type")) == 5
    assert drafted.places.column == "region" and drafted.currency == "FCFA"
    assert {name: one.kind for name, one in drafted.incentives.items()} == {
        "allowance": "amount", "transport_refund": "yes_no", "seeds_voucher": "yes_no", "meal": "yes_no"
    }  # fmt: skip
    assert {name: one.kind for name, one in drafted.questions.items()} == {
        "utilite": "scale", "confiance_conseiller": "scale", "acces_semences": "yes_no", "revenu_attendu": "number"
    }  # fmt: skip
    assert list(drafted.expectations) == ["credit", "seeds", "equipment", "training", "market"]
    text = drafted.path.read_text(encoding="utf-8")
    assert '# fiscal_year_starts = "10-01"' in text and '# languages = ["en"]' in text
    assert text.count("OPEN") <= 14 and not any(word in text.lower() for word in ("cdsp", "awardee", "htg", "haiti"))

    made, by_hand = kl.clean(drafted), kl.clean(hand)
    for table in ("organizations", "events", "invitations", "sign_in", "survey"):
        assert len(made.tables[table]) == len(by_hand.tables[table])
    assert kl.invitations(made)["attended"].equals(kl.invitations(by_hand)["attended"])
    assert made.survey["expects_market"].tolist() == by_hand.survey["expects_market"].tolist()


def test_questions_are_answered_as_their_values_say(tmp_path, tiny):
    rows = 12
    answers = {
        "submission_id": [f"u{at}" for at in range(rows)],
        "organization_id": ["CDSP-001", "CDSP-002", "AWD-001"] * 4,
        "submitted_on": ["2017-01-05"] * rows,
        "Contents de l'appui": [0, 3, 10, 7] * 3,
        "Besoin principal": ["semences", "outils", "semences"] * 4,
        "Revenu (FCFA)": [125000 + at for at in range(rows)],
        "Accès au crédit": ["oui", "non"] * 6,
        "Sexe": ["F", "M"] * 6,
    }
    tiny.raw("survey.csv").write_text(pd.DataFrame(answers).to_csv(index=False), encoding="utf-8")
    drafted = written(tiny.raw(""), tmp_path / "programme.toml")
    kinds = {
        name: (one.kind, one.scale if one.kind == "scale" else list(one.levels))
        for name, one in drafted.questions.items()
    }
    assert kinds == {
        "contents_de_l_appui": ("scale", (0, 10)),
        "besoin_principal": ("choice", ["semences", "outils"]),
        "revenu": ("number", []),
        "acces_au_credit": ("yes_no", []),
    }
    assert kl.clean(drafted).survey["besoin_principal"].value_counts().to_dict() == {"semences": 8, "outils": 4}


PERSONS = ["Marie Exemple", "Wanjiru Exemple", "João Exemplo"]


@pytest.mark.parametrize("header", ["Enquêteur", "Encuestador", "Levantado por", "Saisi par", "Anketè", "Collected by"])
def test_no_person_is_named_in_a_draft(tmp_path, tiny, header):
    rows = [f"u{at},AWD-001,2017-01-{at + 10},{PERSONS[at % 3].split()[0]},{at % 5 + 1}" for at in range(18)]
    text = "\n".join([f"_uuid,organisation,_submission_time,{header},motivation", *rows])
    tiny.raw("survey.csv").write_text(text, encoding="utf-8")
    titles = [f"E001,CTA,{PERSONS[at % 3]},{['Directeur', PERSONS[(at + 1) % 3]][at % 2]}" for at in range(6)]
    text = "\n".join(["Code activité,Organisation,Nom et prénom,Fonction", *titles])
    tiny.raw("sign_in.csv").write_text(text, encoding="utf-8")
    bare = [f"OP{at:03},{PERSONS[at % 3]},2017-01-{at + 10},{at % 5 + 1}" for at in range(8)]
    tiny.raw("bare.csv").write_text("\n".join(bare), encoding="utf-8")
    drafted = draft_programme(tiny.raw(""))
    assert "its first row is a record" in drafted.not_placed["bare.csv"]
    assert {table for _, table, _ in drafted.placed} >= {"survey", "sign_in"}
    assert not any(name in drafted.text for one in PERSONS for name in one.split())


def test_the_peers_list_of_organizations_is_placed(tmp_path):
    (tmp_path / "raw").mkdir()
    kinds = ["NGO", "cooperative", "NGO", "cooperative", "association", "association", "NGO"]
    rows = [
        f"O00{at},Asosyasyon {name} {at},{kind},Okay"
        for at, (name, kind) in enumerate(zip("ABCDEFG", kinds, strict=True))
    ]
    text = "\n".join(["organization_id,name,org_type,commune", *rows])
    (tmp_path / "raw" / "organizations.csv").write_text(text, encoding="utf-8")
    drafted = written(tmp_path / "raw", tmp_path / "programme.toml")
    assert drafted.levels("org_type") == ["ngo", "cooperative", "association"]


def konbit(*words: str | Path):
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def test_the_command_writes_beside_a_programme_that_is_there_and_never_over_it(tiny, monkeypatch):
    monkeypatch.chdir(tiny.folder)
    before = tiny.toml.read_text(encoding="utf-8")
    code, out, _ = konbit("draft-programme", "data/raw")
    assert code == 0 and tiny.toml.read_text(encoding="utf-8") == before
    assert "Placed: 6 files" in out and "konbit check --programme programme-draft.toml" in out
    assert kl.load("programme-draft.toml").raw == tiny.raw("")
    for words in ([], ["--output", "programme.toml"], ["--programme", "programme.toml"]):
        code, _, err = konbit("draft-programme", "data/raw", *words)
        assert code == 2 and "it is there and is not overwritten" in err


def test_a_new_programme_without_sources_is_told_how_to_draft_them(tmp_path, monkeypatch):
    assert konbit("init", tmp_path / "new")[0] == 0
    monkeypatch.chdir(tmp_path / "new")
    code, _, err = konbit("check")
    assert code == 2 and "konbit draft-programme data/raw" in err


def test_an_empty_folder_and_one_of_junk_are_refused_with_the_reason_of_each_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    junk = tmp_path / "junk"
    junk.mkdir()
    (junk / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (junk / "~$liste.xlsx").write_bytes(b"lock")
    (junk / "broken.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (junk / "nothing.csv").write_text("", encoding="utf-8")
    (junk / "weather.csv").write_text("station,rain_mm\nA,3\nB,4\n", encoding="utf-8")
    for folder, said in (
        ("missing", "no such folder"),
        ("empty", "it is empty"),
        ("junk", "no file in it fits a table"),
    ):
        code, _, err = konbit("draft-programme", folder)
        assert code == 2 and said in err
    assert all(path.name in err for path in junk.iterdir())
    assert not (tmp_path / "programme.toml").exists()
    with pytest.raises(ProgrammeError, match="not raw data: the lock of an open file"):
        draft_programme(junk)


def test_a_roster_that_is_a_header_alone_is_drafted(tiny):
    header = tiny.raw("organizations.csv").read_text(encoding="utf-8").partition("\n")[0]
    tiny.raw("organizations.csv").write_text(header + "\n", encoding="utf-8")
    placed = {file: table for file, table, _ in draft_programme(tiny.raw("")).placed}
    assert placed["organizations.csv"] == "organizations" and placed["sign_in.csv"] == "sign_in"


def test_junk_beside_good_files_is_named_and_the_rest_is_drafted(tiny, tmp_path):
    tiny.raw("broken.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    tiny.raw("weather.csv").write_text('station,"rain\nmm = ""x"""\nA,3\nB,4\n', encoding="utf-8")
    drafted = written(tiny.raw(""), tiny.folder / "drafted.toml")
    assert {source.table for source in drafted.sources} == {source.table for source in kl.load(tiny.toml).sources}
    assert any("weather.csv" in line and "no [[source]]" in line for line in comments(drafted))
    assert any("broken.xlsx" in line for line in comments(drafted))


def test_days_as_columns_several_names_two_part_names_and_repeats_are_proposed(tmp_path):
    roster = "\n".join(f"OP00{at},{name},cdsp" for at, name in enumerate(["Union A", "GIE B", "Cercle C"], start=1))
    files = {
        "organizations.csv": f"organization_id,name,org_type\n{roster}\n",
        "events.csv": "event_id,event_type,held_on\nE001,training,2017-01-10\nE002,training,2017-01-14\n",
        "days.csv": "Event,Organisation,Nom,Jour 1,Jour 2\nE001,OP001,A D,x,\nE001,OP002,Al B,,x\nE002,OP003,F S,x,\n",
        "cells.csv": "Event,Organisation,Nom\nE001,OP001; OP002,Awa Diop\nE002,OP003,Ali Ba\nE002,OP002; OP001,Fa Sy\n",
        "two.csv": "Event,Type,Structure,Présence\nE001,Union,A,oui\nE001,GIE,B,non\nE002,Cercle,C,oui\n",
        "wide.csv": "event_id,org,nom_1,nom_2,formdef_version,KEY\nE001,OP001,a,b,1,k1\nE002,OP002,c,,1,k\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    text = draft_programme(tmp_path).text
    assert 'attended = ["Jour 1", "Jour 2"]' in text
    assert 'several.organization_id = ";" parts them, beside organization_id = "Organisation"' in text
    assert 'organization_id = ["Type", "Structure"]' in text
    assert '"nom_#" as a header reads each as a row' in text


def test_a_repeat_of_delegates_is_proposed_by_its_sheet(tmp_path):
    roster = "organization_id,name,org_type\nOP001,Union A,cdsp\nOP002,GIE B,cdsp\n"
    (tmp_path / "organizations.csv").write_text(roster, encoding="utf-8")
    with pd.ExcelWriter(tmp_path / "signin.xlsx") as book:
        main = {"event": ["E1", "E2"], "op": ["OP001", "OP002"], "_index": [1, 2], "_uuid": ["u1", "u2"]}
        pd.DataFrame(main).to_excel(book, sheet_name="main", index=False)
        entries = {"name": ["A", "B", "C"], "director": ["1", "0", "1"], "_parent_index": [1, 1, 2]}
        pd.DataFrame(entries).to_excel(book, sheet_name="delegates", index=False)
    text = draft_programme(tmp_path).text
    assert 'OPEN: its repeat has "name", "director": sheets = ["delegates"] reads each entry as a row' in text

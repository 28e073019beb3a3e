"""A simulated world as the field writes it down: typed names, mixed dates, double submissions, forgotten sheets.

Takes a :class:`~konbit_lessons.example.world.World`; writes the raw files, and returns the answer key: what every typed
name means and every error that was planted. Shapes are those of KoboToolbox, ODK Central, Microsoft Forms and sheets
made by hand; the codebook of the files is ``raw_readme.md`` beside this module.
"""

import csv
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from konbit_lessons.example.names import PEOPLE, STRANGER_WORD, HardTypist, Typist, guest_names, person, phones
from konbit_lessons.example.records import CUT, EXPECTS
from konbit_lessons.example.world import World

SURVEY_FILES = {
    1: "Konbit_attentes_-_all_versions_-_xml_-_2016-07-12-10-31-07.csv",
    2: "Konbit_attentes_-_all_versions_-_labels_-_2017-01-09-08-02-44.xlsx",
    3: "Konbit_attentes_-_all_versions_-_labels_-_2017-07-10-15-20-00.xlsx",
}
LANGUAGE_OF_WAVE = {2: "label::Français (fr)", 3: "label::English (en)"}
FORM_SETTINGS = (
    ("form_title", "form_id", "version", "default_language"),
    ("Konbit - attentes des partenaires", "konbit", "v1", "Français (fr)"),
)
EVENT_TYPES = {
    "round_table": "Table ronde", "training": "Formation", "coaching": "Accompagnement", "showcase": "Vitrine",
    "joint_event": "Activité conjointe",
}  # fmt: skip
EVENT_HEADER = (
    "Code activité", "Type", "Date", "Lieu", "Durée (heures)", "Per diem (HTG)", "Transport remboursé", "Certificat",
    "Vitrine commerciale", "Échange entre pairs", "Thème sur mesure", "Projet partenaire",
)  # fmt: skip
ROSTER_HEADER = (
    "Code", "Nom de l'organisation", "Sigle", "Type", "Département", "Date d'adhésion", "Date de sortie",
    "Consultée à la conception", "Appui bailleur antérieur", "Effectif",
)  # fmt: skip
YES, NO = ("Oui", "oui", "OUI ", "Wi"), ("Non", "non", "Non ")
TYPISTS = {"easy": Typist, "hard": HardTypist}
RATINGS = ("motivation", "belief_money", "perceived_value", "role_clear")


def write_files(world: World, raw: Path, *, typing: str = "easy") -> dict:
    """Write the raw files of a world below `raw`, names typed as in :data:`TYPISTS`; return its answer key.

    Returns
    -------
    dict with ``files`` (list of Path), ``aliases`` (typed name → organization_id, None where it is on no roster),
    ``planted`` (list of where and what) and ``unrostered`` (list of name and where).
    """
    return _Field(world, raw, typing).write()


class _Field:
    """One pass over the files: the pen (random draws, typed names) and what was planted on the way."""

    def __init__(self, world: World, raw: Path, typing: str):
        self.world, self.raw = world, raw
        self.rng = np.random.default_rng([world.truth["seed"], 1])
        self.typist = TYPISTS[typing](world.organizations, self.rng)
        self.files, self.planted, self.unrostered = [], [], []

    def write(self) -> dict:
        self._organizations()
        self._events()
        self._invitations()
        self._attendance()
        self._survey()
        self._conversations()
        self._other_support()
        self._business_leads()
        _frame_to_csv(self._path("contributions.csv"), self.world.contributions)
        _frame_to_csv(self._path("learning.csv"), self.world.learning)
        strangers = {name: None for name in dict.fromkeys(entry["name"] for entry in self.unrostered)}
        return {
            "files": self.files,
            "aliases": self.typist.aliases | strangers,
            "planted": self.planted,
            "unrostered": self.unrostered,
        }

    def _path(self, name):
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files.append(path)
        return path

    def _plant(self, where, what, **details):
        self.planted.append({"where": where, "what": what, **details})

    def _organizations(self):
        roster, rng = self.world.organizations, self.rng
        awardee = rng.choice(["Awardee", "Bénéficiaire"], len(roster), p=[0.45, 0.55])
        as_text = rng.random((2, len(roster))) < 0.5
        rows = zip(
            roster["organization_id"], roster["name"], roster["acronym"],
            np.where(roster["org_type"] == "cdsp", "CDSP", awardee), roster["department"],
            _days(roster["joined_on"], as_text[0]), _days(roster["left_on"], as_text[1]),
            self._yes_no(roster["consulted_at_design"]), self._yes_no(roster["earlier_donor_support"]), roster["staff"],
            strict=True,
        )  # fmt: skip
        with _workbook(self._path("organizations.xlsx")) as book:
            sheet = _sheet(book, "Répertoire", [ROSTER_HEADER, *rows], first_row=2)
            sheet.merge_range("A1:J1", f"Konbit – Répertoire des organisations (mise à jour {CUT:%d/%m/%Y})", None)
            stale = _sheet(
                book, "ancien (ne pas utiliser)", [("Code", "Nom"), (roster["organization_id"][0], "Ancien nom")]
            )
            stale.hide()
        self._plant("organizations.xlsx", "hidden stale sheet")
        self._plant("organizations.xlsx", "joining dates written as text", count=int(as_text[0].sum()))
        self._plant("organizations.xlsx", "title row and blank row above the header")

    def _yes_no(self, values):
        size = len(values)
        return np.where(values.to_numpy(bool), self.rng.choice(YES, size), self.rng.choice(NO, size))

    def _events(self):
        events = self.world.events
        marks = [
            events[name].map({True: "X", False: ""})
            for name in events.columns[events.columns.get_loc("per_diem_htg") + 1 :]
        ]
        rows = zip(
            events["event_id"], events["event_type"].map(EVENT_TYPES), events["held_on"].dt.strftime("%d/%m/%Y"),
            events["place"], [f"{hours:g}".replace(".", ",") for hours in events["hours"]],
            [_gourdes(amount) for amount in events["per_diem_htg"]], *marks, events["partner_project"].fillna(""),
            strict=True,
        )  # fmt: skip
        _rows_to_csv(self._path("events.csv"), [EVENT_HEADER, *rows], encoding="cp1252", delimiter=";")

    def _invitations(self):
        sent = self.world.invitations
        rows = zip(sent["event_id"], self.typist.type(sent["organization_id"]), strict=True)
        _rows_to_csv(self._path("invitations.csv"), [("event_id", "organization"), *rows], encoding="utf-8-sig")

    def _attendance(self):
        events = self.world.events
        present = self.world.delegates.copy()
        groups = present.groupby(["event_id", "organization_id"], sort=False).ngroup()
        first = present.loc[~groups.duplicated(), "organization_id"]
        present["typed"] = np.array(self.typist.type(first), dtype=object)[
            groups.to_numpy()
        ]  # one hand per organization
        columns = ["typed", "person", "phone", "role"]
        sheets = {
            event: list(rows.itertuples(index=False, name=None)) for event, rows in present.groupby("event_id")[columns]
        }
        self._sign_twice(sheets)
        self._strangers(sheets)
        quarter = events["held_on"].dt.strftime("%Y_T") + events["held_on"].dt.quarter.astype("str")
        for name, held in events.groupby(quarter):
            with _workbook(self._path(f"attendance/presences_{name}.xlsx")) as book:
                for event, day in zip(held["event_id"], held["held_on"], strict=True):
                    title = ("Liste de présence", event, f"{day:%d/%m/%Y}")
                    header = ("Organisation", "Nom du participant", "Téléphone", "Fonction")
                    _sheet(book, event, [title, header, *sheets.get(event, [])])

    def _sign_twice(self, sheets):
        for event in self.rng.permutation(sorted(sheets))[:2]:
            sheets[event].append(sheets[event][0])
            self._plant(f"attendance {event}", "same delegate twice")

    def _strangers(self, sheets):
        """Walk-ins: visitors from bodies that are no partner, and one whose name is a word away from a partner's."""
        visits = self.world.events[self.rng.random(len(self.world.events)) < 0.2]
        bodies = self.rng.choice(["Ministère de la Planification", "Mairie de {}", "Radyo Kominotè {}"], len(visits))
        names = [body.format(place) for body, place in zip(bodies, visits["place"], strict=True)]
        for event, name in zip(visits["event_id"], names, strict=True):
            self._walk_in(sheets, event, name, ("Invité Spécial", None, "Observateur"))
        for first, _ in self.world.truth["twins"][:1]:
            roster = self.world.organizations.set_index("organization_id")["name"]
            event, number = self.world.events["event_id"].iloc[-1], self.rng.integers(0, PEOPLE, 1)
            someone = (*person(number), *phones(self.rng, 1), "Directeur")
            self._walk_in(sheets, event, f"{roster[first]} {STRANGER_WORD}", someone)
        if isinstance(self.typist, HardTypist):
            self._look_alikes(sheets)

    def _look_alikes(self, sheets):
        """At every event a guest whose name is a town, a branch or a family away from a partner's."""
        guests = filter(self.typist.guest, guest_names(self.rng, self.world.organizations["name"].tolist()))
        for event, name in zip(self.world.events["event_id"], guests, strict=False):
            self._walk_in(sheets, event, name, (*person(self.rng.integers(0, PEOPLE, 1)), None, "Observateur"))

    def _walk_in(self, sheets, event, name, someone):
        sheets.setdefault(event, []).append((name, *someone))
        self.unrostered.append({"name": name, "where": f"attendance {event}"})
        self._plant(f"attendance {event}", "organization not on the roster")

    def _survey(self):
        with _workbook(self._path("survey/form.xlsx")) as book:
            for name, rows in (("survey", _form("survey")), ("choices", _form("choices")), ("settings", FORM_SETTINGS)):
                _sheet(book, name, rows)
        survey = self.world.survey
        for wave in SURVEY_FILES:
            answers = survey[survey["wave"] == wave]
            named = self._submissions(wave, answers.reset_index(drop=True))
            path = self._path(f"survey/{SURVEY_FILES[wave]}")
            if wave == 1:
                _kobo_csv(path, named)
            else:
                _kobo_xlsx(path, _in_labels(named, LANGUAGE_OF_WAVE[wave]))

    def _submissions(self, wave, answers):
        """The export with question names: one text column per question, then the exporter's own columns."""
        count, day = len(answers), answers["submitted_on"].dt.strftime("%Y-%m-%d")
        frame = pd.DataFrame({"start": day + "T09:00:00.000-05:00", "end": day + "T09:14:00.000-05:00"})
        frame["organization"] = self.typist.type(answers["organization_id"])
        frame["respondent"] = person(self.rng.integers(0, PEOPLE, count))
        frame["phone"] = phones(self.rng, count)
        for question in [*RATINGS[:3], "knows_benefits", *RATINGS[3:]]:  # in the order of the form
            frame[question] = answers[question].astype("Int64").astype("str").fillna("")
        unsure = frame[list(RATINGS)].eq("") & (self.rng.random((count, len(RATINGS))) < 0.5)
        frame[list(RATINGS)] = frame[list(RATINGS)].mask(unsure, "99")
        self._plant(f"survey wave {wave}", "99 for don't know", count=int(unsure.to_numpy().sum()))
        frame = pd.concat([frame, _multiple("expectations", answers)], axis="columns")
        frame["comment"] = answers["comment"].fillna("")
        frame["_id"] = answers["submission_id"].str[:8].astype(int)
        frame["_uuid"] = answers["submission_id"]
        frame["_submission_time"] = day + "T14:15:00"
        frame["_validation_status"] = ""
        twice = self.rng.permutation(count)[:2]
        for number in frame["_id"].iloc[twice]:
            self._plant(f"survey wave {wave}", "same submission twice", id=int(number))
        again = answers["organization_id"].duplicated().sum()
        self._plant(f"survey wave {wave}", "an organization answers more than once", count=int(again))
        frame = pd.concat([frame, frame.iloc[twice]], ignore_index=True)
        return frame.assign(_index=np.arange(1, len(frame) + 1))

    def _conversations(self):
        talks, seed = self.world.conversations, self.world.truth["seed"]
        day = talks["held_on"].dt.strftime("%Y-%m-%d")
        key = pd.Series([f"uuid:{seed:04d}-{i:06d}" for i in range(len(talks))], dtype="str")
        front = {
            "SubmissionDate": day + "T16:20:01.000Z",
            "meta-instanceID": key,
            "visit-organization": self.typist.type(talks["organization_id"]),
            "visit-held_on": day,
        }
        # unlike Kobo, an unanswered question has 0 in every choice
        chosen = _multiple("visit-expectations", talks).replace(
            {"visit-expectations/" + name: {"": "0"} for name in EXPECTS}
        )
        back = {
            "follow_up-due_on": talks["follow_up_due_on"],
            "follow_up-done_on": talks["follow_up_done_on"],
            "KEY": key,
            "SubmitterID": "5",
            "SubmitterName": "agent",
            "AttachmentsPresent": "0",
            "AttachmentsExpected": "0",
            "Status": "",
            "ReviewState": self.rng.choice(["", "approved", "hasIssues"], len(talks)),
            "DeviceID": "",
            "Edits": "0",
            "FormVersion": "v1",
        }
        frame = pd.concat([pd.DataFrame(front), chosen, pd.DataFrame(back, index=talks.index)], axis="columns")
        _frame_to_csv(self._path("conversations.csv"), frame)

    def _other_support(self):
        support = self.world.other_support
        opened, sent = CUT.replace(hour=9), CUT.replace(hour=9, minute=10)
        sheet = pd.DataFrame({"ID": np.arange(1, len(support) + 1), "Start time": opened, "Completion time": sent})
        sheet = sheet.assign(Email="anonymous", Name=None)
        sheet["Nom de l'organisation"] = self.typist.type(support["organization_id"])
        sheet["Quel projet vous appuie ?"] = support["project"]
        sheet["Début"], sheet["Fin"] = support["started_on"], support["ended_on"]
        sheet["Heures"] = support["hours"]
        sheet["Thèmes"] = support["topic"] + ";"
        with _workbook(self._path("other_support.xlsx")) as book:
            _sheet(book, "Sheet", _rows(sheet))

    def _business_leads(self):
        leads, truth = self.world.business_leads, self.world.truth
        width = max(3, len(str(truth["organizations"])))
        nobody = f"CDSP-{'9' * width}"
        nothing = f"E{'9' * max(3, len(str(truth['events'])))}"
        bad = (nobody, pd.Timestamp("2017-01-05"), "lead", -500, nothing, None)
        with _workbook(self._path("business_leads.xlsx")) as book:
            _sheet(book, "Sheet", [*_rows(leads), bad])
        for what in ("unknown organization", "unknown event", "negative value"):
            self._plant("business_leads.xlsx", what, row=len(leads) + 2)


def _days(values, as_text):
    return [
        None if pd.isna(day) else f"{day:%d/%m/%Y}" if text else day for day, text in zip(values, as_text, strict=True)
    ]


def _gourdes(amount):
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",") if amount > 0 else ""


def _multiple(question, frame):
    """A select_multiple as exported: a column of the choices joined by spaces, and one of 0 or 1 per choice."""
    chosen = frame[[f"expects_{name}" for name in EXPECTS]].astype("Int64").astype("str").fillna("")
    joined = [" ".join(n for n, mark in zip(EXPECTS, row, strict=True) if mark == "1") for row in chosen.to_numpy()]
    chosen.columns = [f"{question}/{name}" for name in EXPECTS]
    chosen.insert(0, question, joined)
    return chosen


def _in_labels(named, language):
    """The export with labels of one language in place of names, in headers and in cells."""
    column = _form("survey")[0].index(language)
    questions = {row[1]: row[column] for row in _form("survey") if row[column]}
    lists = {row[1]: row[0].split()[-1] for row in _form("survey") if row[0].startswith("select")}
    labels = {(row[0], row[1]): row[column] for row in _form("choices")}
    frame = named.copy()
    for question, kind in lists.items():
        frame[question] = [" ".join(labels[kind, name] for name in cell.split()) for cell in frame[question]]
    expects = {f"expectations/{name}": f"{questions['expectations']}/{labels['exp', name]}" for name in EXPECTS}
    return frame.rename(columns=questions | expects)


def _form(part):
    """The rows of a sheet of the form; blank cells are None."""
    text = (files(__package__) / f"form_{part}.csv").read_text(encoding="utf-8")
    return [[cell or None for cell in row] for row in csv.reader(text.splitlines())]


def _kobo_csv(path, frame):
    """Every cell quoted, `;` between, CRLF, and no line end after the last record."""
    lines = [list(frame.columns), *frame.astype("str").to_numpy().tolist()]
    quoted = (";".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    path.write_bytes("\r\n".join(quoted).encode("utf-8"))


def _kobo_xlsx(path, frame):
    with _workbook(path) as book:
        _sheet(book, "Konbit - attentes des parten...", _rows(frame.replace({"": None})))


def _rows(frame):
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]


def _frame_to_csv(path, frame):
    frame.to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8", date_format="%Y-%m-%d")


def _rows_to_csv(path, rows, *, encoding, delimiter=","):
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(rows)


def _workbook(path):
    # in_memory keeps this machine's clock and file modes out of the archive; the created date would be now
    options = {
        "in_memory": True,
        "default_date_format": "yyyy-mm-dd",
        "strings_to_urls": False,
        "strings_to_formulas": False,
    }
    book = xlsxwriter.Workbook(path, options)
    book.set_properties({"created": datetime(2017, 6, 30)})
    return book


def _sheet(book, name, rows, *, first_row=0):
    sheet = book.add_worksheet(name)
    moment = book.add_format({"num_format": "yyyy-mm-dd h:mm:ss"})
    for number, row in enumerate(rows, start=first_row):
        for column, value in enumerate(row):
            if isinstance(value, pd.Timestamp):
                sheet.write_datetime(number, column, value.to_pydatetime(), moment if value.hour else None)
            elif not pd.isna(value):
                sheet.write(number, column, value)
    return sheet

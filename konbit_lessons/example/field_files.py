"""A simulated world as the field writes it down: typed names, mixed dates, double submissions, forgotten sheets.

Takes a :class:`~konbit_lessons.example.world.World`; writes the raw files, byte for byte the same again, and returns
the answer key: what every typed name means and every error that was planted. Shapes are those of KoboToolbox, ODK
Central, Microsoft Forms and sheets made by hand; the codebook of the files is ``raw_readme.md`` beside this module.
"""

import csv
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from konbit_lessons.example.names import FACTS, PEOPLE, WORDS, Typist, person, phones
from konbit_lessons.example.world import AMOUNT, CUT, EXPECTS, KEY, KINDS, TYPES, WAVES, World

FILES = FACTS["files"]
RATINGS = ["motivation", "belief_money", "perceived_value", "role_clear"]


def write_files(world: World, raw: Path) -> dict:
    """Write the raw files of a world below `raw`; return its answer key.

    Returns
    -------
    dict with ``files`` (list of Path), ``aliases`` (typed name → organization_id, None where it is on no roster),
    ``planted`` (list of where and what) and ``unrostered`` (list of name and where).
    """
    field = _Field(world, raw)
    written = "organizations events invitations attendance survey conversations other_support business_leads"
    for name in written.split():
        getattr(field, name)()
    for name in ("contributions", "learning"):
        field.csv(name, getattr(world, name))
    strangers = dict.fromkeys(entry["name"] for entry in field.unrostered)
    key = {"files": field.files, "aliases": field.typist.aliases | strangers}
    return key | {"planted": field.planted, "unrostered": field.unrostered}


class _Field:
    """One pass over the files: the pen (random draws, typed names) and what was planted on the way."""

    def __init__(self, world: World, raw: Path):
        self.world, self.raw = world, raw
        self.rng = np.random.default_rng([world.truth["seed"], 1])
        self.typist = Typist(world.organizations, self.rng)
        self.files, self.planted, self.unrostered = [], [], []

    def path(self, name):
        """Where a file goes; its folder is made."""
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files.append(path)
        return path

    def csv(self, name, frame, *, encoding="utf-8", sep=","):
        """A CSV of a frame, its lines ended by CRLF."""
        how = {"index": False, "sep": sep, "lineterminator": "\r\n", "encoding": encoding, "date_format": "%Y-%m-%d"}
        frame.to_csv(self.path(f"{name}.csv"), **how)

    def workbook(self, name, sheets, *, title=""):
        """A workbook of rows or frames, in which nothing tells when or where it was written; days are days.

        Where there is a title it stands above the first sheet, and the others are hidden.
        """
        # in_memory keeps this machine's clock and file modes out of the archive; the created date would be now
        options = {"in_memory": True, "default_date_format": "yyyy-mm-dd"}
        options |= {"strings_to_urls": False, "strings_to_formulas": False}
        with xlsxwriter.Workbook(self.path(name), options) as book:
            book.set_properties({"created": datetime(2017, 6, 30)})
            moment = book.add_format({"num_format": "yyyy-mm-dd h:mm:ss"})
            for sheet, rows in sheets.items():
                page = book.add_worksheet(sheet)
                if isinstance(rows, pd.DataFrame):
                    rows = [tuple(rows.columns), *rows.itertuples(index=False, name=None)]
                for number, row in enumerate(rows, start=2 if title and not page.index else 0):
                    for column, value in enumerate(row):
                        if isinstance(value, pd.Timestamp):
                            page.write_datetime(number, column, value.to_pydatetime(), moment if value.hour else None)
                        elif not pd.isna(value):
                            page.write(number, column, value)
                if title and page.index:
                    page.hide()
                elif title:
                    page.merge_range("A1:J1", title, None)

    def _plant(self, where, what, **details):
        self.planted.append({"where": where, "what": what, **details})

    def organizations(self):
        """The roster."""
        roster, count, book = self.world.organizations, len(self.world.organizations), "organizations.xlsx"
        grantee = self.rng.choice(KINDS["grantee"]["words"], count, p=KINDS["grantee"]["shares"])
        provider = roster["org_type"] == KINDS["provider"]["org_type"]
        written = roster.assign(org_type=np.where(provider, KINDS["provider"]["words"][0], grantee)).astype("object")
        as_text = dict(zip(["joined_on", "left_on"], self.rng.random((2, count)) < 0.5, strict=True))
        for name, texts in as_text.items():
            written[name] = written[name].mask(texts, roster[name].dt.strftime("%d/%m/%Y"))
        for name in ("consulted_at_design", "earlier_donor_support"):
            yes, no = (self.rng.choice(FILES[said], count) for said in ("yes", "no"))
            written[name] = np.where(roster[name].to_numpy(bool), yes, no)
        stale = [("Code", "Nom"), (roster["organization_id"][0], "Ancien nom")]
        sheets = {"Répertoire": written.set_axis(FILES["roster"], axis=1), "ancien (ne pas utiliser)": stale}
        self.workbook(book, sheets, title=f"Konbit – Répertoire des organisations (mise à jour {CUT:%d/%m/%Y})")
        self._plant(book, "hidden stale sheet")
        self._plant(book, "joining dates written as text", count=int(as_text["joined_on"].sum()))
        self._plant(book, "title row and blank row above the header")

    def events(self):
        """What took place, as a calendar holds it."""
        events, amount = self.world.events, f"{AMOUNT}_amount"
        offered = events.columns[events.columns.get_loc(amount) + 1 :]
        paid = [f"{paid:,.2f}".replace(",", " ").replace(".", ",") if paid > 0 else "" for paid in events[amount]]
        written = events.assign(
            event_type=events["event_type"].map(lambda kind: TYPES[kind]["word"]),
            held_on=events["held_on"].dt.strftime("%d/%m/%Y"),
            hours=[f"{hours:g}".replace(".", ",") for hours in events["hours"]],
            **{amount: paid} | {name: events[name].map({True: "X", False: ""}) for name in offered},
        )
        written["partner_project"] = written.pop("partner_project")  # stands last
        self.csv("events", written.set_axis(FILES["events"], axis=1), encoding="cp1252", sep=";")

    def invitations(self):
        """Who was invited to what."""
        sent = self.world.invitations
        sent = pd.DataFrame({"event_id": sent["event_id"], "organization": self.typist.type(sent["organization_id"])})
        self.csv("invitations", sent, encoding="utf-8-sig")

    def attendance(self):
        """The sign-in sheets of each month."""
        events, present = self.world.events, self.world.delegates.copy()
        groups = present.groupby(KEY, sort=False).ngroup()
        typed = self.typist.type(present.loc[~groups.duplicated(), "organization_id"])  # one hand per organization
        present.insert(0, "typed", np.array(typed, dtype=object)[groups.to_numpy()])
        lines = present.groupby("event_id")[["typed", "person", "phone", "role"]]
        signed = {event: list(rows.itertuples(index=False, name=None)) for event, rows in lines}
        for event in self.rng.permutation(sorted(signed))[:2]:
            signed[event].append(signed[event][0])
            self._plant(f"attendance {event}", "same delegate twice")
        for event, name, *someone in self._strangers():
            signed.setdefault(event, []).append((name, *someone))
            self.unrostered.append({"name": name, "where": f"attendance {event}"})
            self._plant(f"attendance {event}", "organization not on the roster")
        quarter = events["held_on"].dt.strftime("%Y_T") + events["held_on"].dt.quarter.astype("str")
        for name, held in events.groupby(quarter):
            sheets = {}
            for event, day in zip(held["event_id"], held["held_on"], strict=True):
                title = ("Liste de présence", event, f"{day:%d/%m/%Y}")
                sheets[event] = [title, FILES["sign_in"], *signed.get(event, [])]
            self.workbook(f"attendance/presences_{name}.xlsx", sheets)

    def _strangers(self):
        """Walk-ins: visitors from bodies that are no partner, and one whose name is a word away from a partner's."""
        events, (guest, watches) = self.world.events, FILES["guest"]
        visits = events[self.rng.random(len(events)) < 0.2]
        bodies = self.rng.choice(FILES["strangers"], len(visits))
        for event, body, place in zip(visits["event_id"], bodies, visits["place"], strict=True):
            yield event, body.format(place), guest, None, watches
        names = self.world.organizations.set_index("organization_id")["name"]
        for first, _ in self.world.truth["twins"][:1]:
            number, last = self.rng.integers(0, PEOPLE, 1), events["event_id"].iloc[-1]
            someone = (*person(number), *phones(self.rng, 1), FACTS["records"]["roles"][0])
            yield last, f"{names[first]} {WORDS['stranger']}", *someone

    def survey(self):
        """The exports of both rounds of the survey."""
        sheets = {name: _form(name) for name in ("survey", "choices")}
        self.workbook("survey/form.xlsx", sheets | {"settings": FILES["form_settings"]})
        for wave, about in WAVES.items():
            answers = self.world.survey[self.world.survey["wave"] == wave]
            named = self._submissions(f"survey wave {wave}", answers.reset_index(drop=True))
            name = f"survey/{about['file']}"
            if about["language"]:
                labelled = _in_labels(named, about["language"]).replace({"": None})
                self.workbook(name, {"Konbit - attentes des parten...": labelled})
            else:  # every cell quoted, and no line end after the last record
                text = named.to_csv(index=False, sep=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
                self.path(name).write_bytes(text.removesuffix("\r\n").encode("utf-8"))

    def _submissions(self, where, answers):
        """The export with question names: one text column per question, then the exporter's own columns."""
        count, day = len(answers), answers["submitted_on"].dt.strftime("%Y-%m-%d")
        frame = pd.DataFrame({"start": day + "T09:00:00.000-05:00", "end": day + "T09:14:00.000-05:00"})
        frame["organization"] = self.typist.type(answers["organization_id"])
        frame["respondent"] = person(self.rng.integers(0, PEOPLE, count))
        frame["phone"] = phones(self.rng, count)
        for question in [*RATINGS[:3], "knows_benefits", RATINGS[3]]:  # in the order of the form
            frame[question] = answers[question].astype("Int64").astype("str").fillna("")
        unsure = frame[RATINGS].eq("") & (self.rng.random((count, len(RATINGS))) < 0.5)
        frame[RATINGS] = frame[RATINGS].mask(unsure, "99")
        self._plant(where, "99 for don't know", count=int(unsure.to_numpy().sum()))
        frame = pd.concat([frame, _multiple("expectations", answers)], axis="columns")
        frame = frame.assign(comment=answers["comment"].fillna(""), _id=answers["submission_id"].str[:8].astype(int))
        frame = frame.assign(_uuid=answers["submission_id"], _submission_time=day + "T14:15:00", _validation_status="")
        twice = self.rng.permutation(count)[:2]
        for number in frame["_id"].iloc[twice]:
            self._plant(where, "same submission twice", id=int(number))
        again = int(answers["organization_id"].duplicated().sum())
        self._plant(where, "an organization answers more than once", count=again)
        frame = pd.concat([frame, frame.iloc[twice]], ignore_index=True)
        return frame.assign(_index=np.arange(1, len(frame) + 1))

    def conversations(self):
        """The notes on conversations."""
        talks, seed = self.world.conversations, self.world.truth["seed"]
        day, key = talks["held_on"].dt.strftime("%Y-%m-%d"), [f"uuid:{seed:04d}-{i:06d}" for i in range(len(talks))]
        front = {"SubmissionDate": day + "T16:20:01.000Z", "meta-instanceID": key}
        front |= {"visit-organization": self.typist.type(talks["organization_id"]), "visit-held_on": day}
        # unlike Kobo, an unanswered question has 0 in every choice
        nothing = {"visit-expectations/" + name: {"": "0"} for name in EXPECTS}
        chosen = _multiple("visit-expectations", talks).replace(nothing)
        back = {"follow_up-due_on": talks["follow_up_due_on"], "follow_up-done_on": talks["follow_up_done_on"]}
        back |= {"KEY": key} | FILES["odk"]
        back |= {"ReviewState": self.rng.choice(["", "approved", "hasIssues"], len(talks))} | FILES["odk_after"]
        self.csv("conversations", pd.DataFrame(front | dict(chosen) | back, index=talks.index))

    def other_support(self):
        """Which other projects support whom."""
        support, opened, sent = self.world.other_support, CUT.replace(hour=9), CUT.replace(hour=9, minute=10)
        exported = pd.DataFrame({"ID": np.arange(1, len(support) + 1), "Start time": opened, "Completion time": sent})
        typed = self.typist.type(support["organization_id"])
        answers = [typed, *(support[name] for name in ("project", "started_on", "ended_on", "hours"))]
        answers = dict(zip(FILES["support"], [*answers, support["topic"] + ";"], strict=True))
        self.workbook("other_support.xlsx", {"Sheet": exported.assign(Email="anonymous", Name=None, **answers)})

    def business_leads(self):
        """Leads and contracts."""
        leads, truth, book = self.world.business_leads, self.world.truth, "business_leads.xlsx"
        nobody, nothing = ("9" * max(3, len(str(truth[what]))) for what in ("organizations", "events"))
        bad = f"{KINDS['provider']['code']}-{nobody}", pd.Timestamp("2017-01-05"), "lead", -500, f"E{nothing}", None
        self.workbook(book, {"Sheet": [FILES["leads"], *leads.itertuples(index=False, name=None), bad]})
        for what in ("unknown organization", "unknown event", "negative value"):
            self._plant(book, what, row=len(leads) + 2)


def _multiple(question, frame):
    """A select_multiple as exported: a column of the choices joined by spaces, and one of 0 or 1 per choice."""
    chosen = frame[[f"expects_{name}" for name in EXPECTS]].astype("Int64").astype("str").fillna("")
    joined = [" ".join(np.array(list(EXPECTS))[row == "1"]) for row in chosen.to_numpy()]
    chosen.columns = [f"{question}/{name}" for name in EXPECTS]
    chosen.insert(0, question, joined)
    return chosen


def _form(part):
    """A sheet of the form."""
    return pd.read_csv(files(__package__) / f"form_{part}.csv", dtype="str")


def _in_labels(named, language):
    """The export with labels of one language in place of names, in headers and in cells."""
    frame, survey = named.copy(), _form("survey").set_index("name")
    labels = _form("choices").set_index(["list_name", "name"])[language]
    for question, kind in survey.loc[survey["type"].str.startswith("select"), "type"].str.split().str[-1].items():
        frame[question] = [" ".join(labels[kind, name] for name in cell.split()) for cell in frame[question]]
    questions = survey[language].dropna().to_dict()
    expects = {f"expectations/{key}": f"{questions['expectations']}/{label}" for key, label in labels["exp"].items()}
    return frame.rename(columns=questions | expects)

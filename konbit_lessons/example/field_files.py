"""A simulated world as the field writes it down: typed names, mixed dates, double submissions, forgotten sheets.

Takes a :class:`~konbit_lessons.example.world.World`; writes the raw files, and returns the answer key: what every typed
name means and every error that was planted. Shapes are those of KoboToolbox, ODK Central, Microsoft Forms and sheets
made by hand; the codebook of the files is ``raw_readme.md`` beside this module.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons.example import export
from konbit_lessons.example.facts import CUT, EXPECTS, FACTS, KINDS, WAVES
from konbit_lessons.example.names import PEOPLE, WORDS, Typist, person, phones
from konbit_lessons.example.world import AMOUNT, KEY, TYPES, World

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
        export.to_csv(field.path(f"{name}.csv"), getattr(world, name))
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

    def _plant(self, where, what, **details):
        self.planted.append({"where": where, "what": what, **details})

    def organizations(self):
        """The roster."""
        roster, count = self.world.organizations, len(self.world.organizations)
        grantee = self.rng.choice(KINDS["grantee"]["words"], count, p=KINDS["grantee"]["shares"])
        provider = roster["org_type"] == KINDS["provider"]["org_type"]
        as_text = self.rng.random((2, count)) < 0.5
        written = roster.assign(
            org_type=np.where(provider, KINDS["provider"]["words"][0], grantee),
            joined_on=export.as_days(roster["joined_on"], as_text[0]),
            left_on=export.as_days(roster["left_on"], as_text[1]),
            consulted_at_design=self._yes_no(roster["consulted_at_design"]),
            earlier_donor_support=self._yes_no(roster["earlier_donor_support"]),
        )
        with export.workbook(self.path("organizations.xlsx")) as book:
            rows = export.as_rows(written.astype("object").set_axis(FILES["roster"], axis="columns"))
            shown = export.sheet(book, "Répertoire", rows, first_row=2)
            shown.merge_range("A1:J1", f"Konbit – Répertoire des organisations (mise à jour {CUT:%d/%m/%Y})", None)
            stale = [("Code", "Nom"), (roster["organization_id"][0], "Ancien nom")]
            export.sheet(book, "ancien (ne pas utiliser)", stale).hide()
        self._plant("organizations.xlsx", "hidden stale sheet")
        self._plant("organizations.xlsx", "joining dates written as text", count=int(as_text[0].sum()))
        self._plant("organizations.xlsx", "title row and blank row above the header")

    def _yes_no(self, values):
        yes, no = (self.rng.choice(FILES[said], len(values)) for said in ("yes", "no"))
        return np.where(values.to_numpy(bool), yes, no)

    def events(self):
        """What took place, as a calendar holds it."""
        events, amount = self.world.events, f"{AMOUNT}_amount"
        offered = events.columns[events.columns.get_loc(amount) + 1 :]
        written = events.assign(
            event_type=events["event_type"].map(lambda kind: TYPES[kind]["word"]),
            held_on=events["held_on"].dt.strftime("%d/%m/%Y"),
            hours=[f"{hours:g}".replace(".", ",") for hours in events["hours"]],
            **{amount: events[amount].map(_in_french)},
            **{name: events[name].map({True: "X", False: ""}) for name in offered},
        )
        written["partner_project"] = written.pop("partner_project")  # stands last
        written = written.set_axis(FILES["events"], axis="columns")
        export.to_csv(self.path("events.csv"), written, encoding="cp1252", sep=";")

    def invitations(self):
        """Who was invited to what."""
        sent = self.world.invitations
        sent = pd.DataFrame({"event_id": sent["event_id"], "organization": self.typist.type(sent["organization_id"])})
        export.to_csv(self.path("invitations.csv"), sent, encoding="utf-8-sig")

    def attendance(self):
        """The sign-in sheets of each month."""
        events, present = self.world.events, self.world.delegates.copy()
        groups = present.groupby(KEY, sort=False).ngroup()
        typed = self.typist.type(present.loc[~groups.duplicated(), "organization_id"])  # one hand per organization
        present.insert(0, "typed", np.array(typed, dtype=object)[groups.to_numpy()])
        lines = present.groupby("event_id")[["typed", "person", "phone", "role"]]
        sheets = {event: list(rows.itertuples(index=False, name=None)) for event, rows in lines}
        self._sign_twice(sheets)
        self._strangers(sheets)
        quarter = events["held_on"].dt.strftime("%Y_T") + events["held_on"].dt.quarter.astype("str")
        for name, held in events.groupby(quarter):
            with export.workbook(self.path(f"attendance/presences_{name}.xlsx")) as book:
                for event, day in zip(held["event_id"], held["held_on"], strict=True):
                    title = ("Liste de présence", event, f"{day:%d/%m/%Y}")
                    export.sheet(book, event, [title, FILES["sign_in"], *sheets.get(event, [])])

    def _sign_twice(self, sheets):
        for event in self.rng.permutation(sorted(sheets))[:2]:
            sheets[event].append(sheets[event][0])
            self._plant(f"attendance {event}", "same delegate twice")

    def _strangers(self, sheets):
        """Walk-ins: visitors from bodies that are no partner, and one whose name is a word away from a partner's."""
        events, (guest, watches) = self.world.events, FILES["guest"]
        visits = events[self.rng.random(len(events)) < 0.2]
        bodies = self.rng.choice(FILES["strangers"], len(visits))
        for event, body, place in zip(visits["event_id"], bodies, visits["place"], strict=True):
            self._walk_in(sheets, event, body.format(place), (guest, None, watches))
        names = self.world.organizations.set_index("organization_id")["name"]
        for first, _ in self.world.truth["twins"][:1]:
            number = self.rng.integers(0, PEOPLE, 1)
            someone = (*person(number), *phones(self.rng, 1), FACTS["records"]["roles"][0])
            self._walk_in(sheets, events["event_id"].iloc[-1], f"{names[first]} {WORDS['stranger']}", someone)

    def _walk_in(self, sheets, event, name, someone):
        sheets.setdefault(event, []).append((name, *someone))
        self.unrostered.append({"name": name, "where": f"attendance {event}"})
        self._plant(f"attendance {event}", "organization not on the roster")

    def survey(self):
        """The exports of both rounds of the survey."""
        with export.workbook(self.path("survey/form.xlsx")) as book:
            for name in ("survey", "choices"):
                export.sheet(book, name, export.form(name))
            export.sheet(book, "settings", FILES["form_settings"])
        for wave, about in WAVES.items():
            answers = self.world.survey[self.world.survey["wave"] == wave]
            named = self._submissions(f"survey wave {wave}", answers.reset_index(drop=True))
            path = self.path(f"survey/{about['file']}")
            if not about["language"]:
                export.kobo_csv(path, named)
                continue
            with export.workbook(path) as book:
                labelled = export.in_labels(named, about["language"]).replace({"": None})
                export.sheet(book, "Konbit - attentes des parten...", export.as_rows(labelled))

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
        frame = pd.concat([frame, export.multiple("expectations", answers)], axis="columns")
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
        day = talks["held_on"].dt.strftime("%Y-%m-%d")
        key = pd.Series([f"uuid:{seed:04d}-{i:06d}" for i in range(len(talks))], dtype="str")
        front = {"SubmissionDate": day + "T16:20:01.000Z", "meta-instanceID": key}
        front |= {"visit-organization": self.typist.type(talks["organization_id"]), "visit-held_on": day}
        # unlike Kobo, an unanswered question has 0 in every choice
        nothing = {"visit-expectations/" + name: {"": "0"} for name in EXPECTS}
        chosen = export.multiple("visit-expectations", talks).replace(nothing)
        review = self.rng.choice(["", "approved", "hasIssues"], len(talks))
        back = {"follow_up-due_on": talks["follow_up_due_on"], "follow_up-done_on": talks["follow_up_done_on"]}
        back |= {"KEY": key} | FILES["odk"] | {"ReviewState": review} | FILES["odk_after"]
        frames = [pd.DataFrame(front), chosen, pd.DataFrame(back, index=talks.index)]
        export.to_csv(self.path("conversations.csv"), pd.concat(frames, axis="columns"))

    def other_support(self):
        """Which other projects support whom."""
        support, opened, sent = self.world.other_support, CUT.replace(hour=9), CUT.replace(hour=9, minute=10)
        exported = pd.DataFrame({"ID": np.arange(1, len(support) + 1), "Start time": opened, "Completion time": sent})
        typed = self.typist.type(support["organization_id"])
        answers = [typed, *(support[name] for name in ("project", "started_on", "ended_on", "hours"))]
        answers = dict(zip(FILES["support"], [*answers, support["topic"] + ";"], strict=True))
        with export.workbook(self.path("other_support.xlsx")) as book:
            export.sheet(book, "Sheet", export.as_rows(exported.assign(Email="anonymous", Name=None, **answers)))

    def business_leads(self):
        """Leads and contracts."""
        leads, truth = self.world.business_leads, self.world.truth
        nobody, nothing = ("9" * max(3, len(str(truth[what]))) for what in ("organizations", "events"))
        codes = f"{KINDS['provider']['code']}-{nobody}", f"E{nothing}"
        bad = (codes[0], pd.Timestamp("2017-01-05"), "lead", -500, codes[1], None)
        with export.workbook(self.path("business_leads.xlsx")) as book:
            export.sheet(book, "Sheet", [*export.as_rows(leads.set_axis(FILES["leads"], axis=1)), bad])
        for what in ("unknown organization", "unknown event", "negative value"):
            self._plant("business_leads.xlsx", what, row=len(leads) + 2)


def _in_french(amount):
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",") if amount > 0 else ""

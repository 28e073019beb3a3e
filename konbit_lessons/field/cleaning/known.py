"""What is on record, and which of it a row is about: the events and the organizations, looked up by what was typed."""

from collections.abc import Iterable
from itertools import zip_longest

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.field.cleaning import decisions as asked
from konbit_lessons.field.cleaning.by_hand import on_day
from konbit_lessons.field.cleaning.decisions import DECISION, NEW, NO_ORGANIZATION, ORGANIZATION, Decisions, asked_of
from konbit_lessons.field.cleaning.history import MERGED, TWICE, History
from konbit_lessons.field.cleaning.lines import NOT_HELD
from konbit_lessons.field.cleaning.record import ON_ROSTER, ROW, STATUS, TYPED, Record, as_list
from konbit_lessons.field.identity import CANDIDATES, Codes, Match, between, fold, several_in
from konbit_lessons.field.messages import message
from konbit_lessons.field.values import as_text, distinct_of, kept, looked_up
from konbit_lessons.tables import TEXT, day_of

SAME_EVENT = ["event_type", "held_on", "place"]
SAID = {MERGED: "part of that organization since a merger", TWICE: "two on the roster have this code: asked"}
EQUAL = ("code", "name")  # how a text can be meant without any doubt


class _Known:
    """Things on record, to be looked up by what stands in a row.

    Each kind has ``_found(texts)``, what each text is as far as is known; ``_reason(text, match, column)``, why a text
    that is not equal is one of them, or none; ``table``, where they stand; ``check`` and ``equal``, the check and the
    reason of a line about a text that is one of them, written otherwise; ``on_record``, the check that sets aside what
    is none.
    ``wrong`` says what was decided of them that cannot be.
    """

    def __init__(self, codes: Iterable[str], decided: Decisions) -> None:
        self.wrong: list[str] = []
        self.open: dict[str, pd.DataFrame] = {}
        self._decided = decided
        self._dtype = pd.CategoricalDtype(pd.Index(sorted(set(codes)), dtype=TEXT))

    def resolve(self, rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
        """Rows with the codes that are on record; a row or a value about anything else is set aside."""
        for name, column in schema.columns.items():
            if column.metadata.get("refers_to") == self.table:
                rows = self._resolve(rows, schema.name, name, column.nullable, record)
        return rows

    def _resolve(self, rows: pd.DataFrame, table: str, name: str, nullable: bool, record: Record) -> pd.DataFrame:
        typed = rows[name]
        found = self._found(distinct_of(typed)[1])
        known = {text: one.organization_id for text, one in found.items()}
        codes = looked_up(typed, known, self._dtype)
        other = typed.isin([text for text, one in found.items() if one.how in EQUAL and known[text] != text])
        record.changed_alike(rows[other], table, name, typed, known, check=self.check, reason=self.equal)
        unlike = {text: one for text, one in found.items() if one.how not in (*EQUAL, DECISION)}
        reasons = looked_up(typed, {text: self._reason(text, one, name) for text, one in unlike.items()})
        close, unknown = reasons.notna() & codes.notna(), reasons.notna() & codes.isna()
        record.changed(rows[close], table, name, typed, codes, check=self.check, reason=reasons)
        scope = "value" if nullable else "row"
        record.set_aside(rows[unknown], table, name, typed, scope=scope, check=self.on_record, reason=reasons)
        self._settle(rows.assign(typed=typed), table, name, found, record)
        rows = rows.assign(**{name: codes, TYPED + name: typed})
        return rows if nullable else kept(rows, codes.notna())

    def _settle(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        """Put on record what was decided of texts, and keep in mind the rows that only an evaluator can resolve."""


class Events(_Known):
    """The events of a programme, to be looked up by code.

    Parameters
    ----------
    events : DataFrame
        As typed, with their places.
    decided : Decisions
        Which codes mean the same event.
    twice : dict of str to str
        As :func:`konbit_lessons.field.cleaning.lines.one_each` gives it.

    Attributes
    ----------
    held : Series
        Code → its day, of those that were held.
    """

    table = "events"
    check = on_record = "event on record"
    equal = "the code of the event as the table of events has it"

    def __init__(self, events: pd.DataFrame, decided: Decisions, twice: dict[str, str]) -> None:
        self._events, self._codes, self._same, self.twice = events, Codes(events["event_id"]), {}, twice
        off = events[events["event_status"].isin(NOT_HELD)]
        self._off = dict(zip(off["event_id"], off["event_status"], strict=True))
        self.held = pd.Series(events["held_on"].array, events["event_id"]).drop(index=[*self._off])
        super().__init__(self.held.index, decided)
        for (question, key), answer in decided.answers.items():
            is_event = question == asked.EVENT and fold(answer["decision"]) != asked.DIFFERENT
            for code in self._codes.of(key) if is_event else ():
                of = self._codes.of(answer["decision"])
                if len(of) != 1 or of == [code]:
                    self.wrong.append(_no_answer(answer, f"the code of another event, nor {asked.DIFFERENT}"))
                else:
                    self._same[code] = answer | {"decision": of[0]}

    def without_the_same(self, record: Record) -> pd.DataFrame:
        """The events that were held, each under one code."""
        codes, status = self._events["event_id"], self._events["event_status"]
        self._gone = Codes(record.all_set_aside().query("table == 'events' and scope == 'row'")["record_id"])
        off = self._events[codes.isin(self._off)]
        reason = "the event does not count: " + status
        record.set_aside(off, "events", "event_status", status, check=STATUS, reason=reason)
        self._events = self._events.drop(index=off.index)
        codes = self._events["event_id"]
        for code in codes[codes.isin(self._same)]:
            where, about = _as_decided(self._same[code])
            reason = f"the same event as {self._same[code]['decision']}, as {where}"
            record.set_aside(self._events[codes == code], "events", "event_id", code, reason=reason, **about)
        return self._events[~codes.isin(self._same)]

    def _found(self, texts: Iterable[str]) -> dict[str, Match]:
        """By code; else by the day that a text names, as sheets are called, where one event alone was held on it."""
        found = {}
        for text in texts:
            codes = self._codes.of(text) or [code for one in text.split(" / ") for code in self._codes.of(one)]
            how, codes = ("code", codes) if codes else on_day(text, self.held)  # E1 / morning is E1
            codes = list(dict.fromkeys(self._same[code]["decision"] if code in self._same else code for code in codes))
            how, codes = (how, codes) if codes else ("", self._codes.as_days(text))
            sure = codes[0] if how and len(codes) == 1 else None
            found[text] = Match(sure, how if sure else "unresolved", 100, () if sure else tuple(codes))
        return found

    def _resolve(self, rows: pd.DataFrame, table: str, name: str, nullable: bool, record: Record) -> pd.DataFrame:
        """Rows of events that were held; those of the others wait, unless somebody signed."""
        found = self._found(distinct_of(rows[name])[1]) if self._off else {}
        off = looked_up(rows[name], {text: self._off.get(one.organization_id) for text, one in found.items()}, "str")
        if nullable or off.isna().all():
            return super()._resolve(rows, table, name, nullable, record)
        signed = table == "sign_in"
        reason = f"the event was {{}}{', and there is a sheet: correct the one or the other' * signed}".format
        about = {"check": self.check if signed else STATUS, "reason": off.map(reason, na_action="ignore")}
        record.set_aside(rows[off.notna()], table, name, rows[name], **about)
        return super()._resolve(rows[off.isna()], table, name, nullable, record)

    def _reason(self, text: str, match: Match, name: str) -> str:
        if match.organization_id:
            return "the one event that was held on that day"
        if self._gone.of(text):
            return "its row in the table of events was set aside"
        near = f"; it may be {', '.join(match.candidates)}" if match.candidates else ""
        return message("no_event", near=near, column=name, text=text.strip())

    def _settle(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        """Of sheets, the rows whose event is open: it may be one that is near, or any of those on the same sheet."""
        if table != "sign_in":
            return
        sure = looked_up(rows["typed"], {text: one.organization_id for text, one in found.items()}, "str")
        in_rows = sure[~rows["source"].isin(record.matrices)].dropna()  # in others each event has a column of its own
        there = in_rows.groupby([rows[one].astype("str") for one in ROW[:2]]).unique().to_dict()
        rows = pd.concat([as_text(rows[sure.isna()]), *record.eventless], ignore_index=True)
        known = rows["typed"].isin([one for one in found if self._gone.of(one)])
        rows = rows[rows["attended"].ne(False).fillna(True) & ~known]
        near = [found[one].candidates or self._codes.near(one) if one in found else () for one in rows["typed"]]
        places = rows[list(ROW[:2])].itertuples(index=False, name=None)
        near = [one or there.get(place, ()) for one, place in zip(near, places, strict=True)]
        self.open[table] = rows.assign(candidates=pd.Series(near, rows.index, "object"))

    def questions(self) -> pd.DataFrame:
        """One question for each event that has the type, day and place of an earlier one under another code."""
        known, lines = self._events[self._events[SAME_EVENT].notna().all(axis="columns")].sort_values("event_id"), []
        for _, alike in known.groupby([known["event_type"], known["held_on"], known["place"].map(fold)]):
            first = alike.iloc[0]
            name = f"{first['event_type']}, {first['held_on']:%Y-%m-%d}, {first['place']}"
            near = {"candidate_1": first["event_id"], "name_1": name, "score_1": 100.0}
            for code in alike["event_id"].iloc[1:]:
                if self._decided.of(asked.EVENT, code) is None:
                    lines.append(asked_of(asked.EVENT, code, alike[alike["event_id"] == code], self._decided) | near)
        return as_list(pd.DataFrame(lines), asked.QUESTIONS)


class Organizations(_Known):
    """The organizations of a programme, to be looked up by what was typed.

    Parameters
    ----------
    organizations : DataFrame
    decided : Decisions
        Answers to names that were open in an earlier run.
    history : History
        What they were called, and whose a text was on a day.

    Attributes
    ----------
    open : dict of str to DataFrame
        Table → its rows whose name is open, with the organizations it may be as ``candidates``, and their ``scores``.
    events : Events
        They tell the day of a row that has none of its own.
    """

    table, check, on_record = "organizations", "organization name", ON_ROSTER
    equal = "a name on the roster"

    def __init__(self, organizations: pd.DataFrame, decided: Decisions, history: History) -> None:
        self._history, self.events = history, None
        self._names = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
        super().__init__(self._names, decided)
        self._codes, self.wrong = Codes(self._names), [*history.wrong]
        self._matches: dict[int, dict[str, Match]] = {}
        self._last = self._era = len(history.days)
        self._twice: list[pd.DataFrame] = []  # event and organization that a row with such a code may be about
        for (question, _), answer in decided.answers.items():
            known = fold(answer["decision"]) in {NEW, NO_ORGANIZATION} or len(self._codes.of(answer["decision"])) == 1
            expected = f"an organization_id of the roster, nor {NEW}, nor {NO_ORGANIZATION}"
            self.wrong += [_no_answer(answer, expected)] if question == ORGANIZATION and not known else []

    def _found(self, texts: Iterable[str]) -> dict[str, Match]:
        """A name on the roster, or what was decided, or what the words say, on the days of the era."""
        known, era = self._matches.setdefault(self._era, {}), self._era
        if new := [text for text in texts if text not in known]:
            found = self._history.roster(era).match(new)
            known |= {text: self._history.in_era(one, era) for text, one in found.items()}
        return {text: self._decided_of(text, known[text]) for text in texts}

    def _decided_of(self, text: str, match: Match) -> Match:
        """What was decided of a text; one that was new waits for the roster, and is asked about when that has grown."""
        answer = self._decided.of(ORGANIZATION, text)
        if not answer or match.how in (*EQUAL, MERGED):
            return match
        grown = match.organization_id or {*match.candidates[:CANDIDATES]} - {*answer["near"].split()}
        if fold(answer["decision"]) == NEW and grown:
            return match
        code = next(iter(self._codes.of(answer["decision"])), None)
        return Match(self._history.part_of(code, self._era) if code else None, DECISION, 100)

    def resolve(self, rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
        """Rows with the codes that were theirs on the day of each."""
        own, nothing = day_of(schema), pd.Series(pd.NaT, rows.index, "datetime64[us]")
        days = rows[own] if own else nothing
        if not own and self._last and "event_id" in rows:
            days = looked_up(rows["event_id"], self.events.held.to_dict(), "datetime64[us]")
        self._eras = self._history.eras(days)
        return super().resolve(rows, schema, record)

    def _resolve(self, rows: pd.DataFrame, table: str, name: str, nullable: bool, record: Record) -> pd.DataFrame:
        parts, eras = [], self._eras.reindex(rows.index)
        for era in sorted({*eras.unique(), self._last}):
            self._era = era
            part = super()._resolve(kept(rows, eras == era), table, name, nullable, record)
            known = self._matches.get(era, {})
            twice = part[TYPED + name].isin([text for text, one in known.items() if one.how == TWICE])
            if twice.any() and "event_id" in part:
                pairs, codes = part.loc[twice, ["event_id"]], self._history.twice
                self._twice += [pairs.assign(organization_id=one) for one, of in codes.items() if of in codes]
                part = part.assign(attended=part["attended"].mask(twice)) if table == "sign_in" else part
            parts.append(part)
        return pd.concat(parts).sort_index() if parts[1:] else parts[0]

    def _reason(self, text: str, match: Match, name: str) -> str:
        if match.organization_id:
            return SAID.get(match.how, f"{match.how}, {match.score:g} of 100")
        near = f"nearest: {', '.join(match.candidates)}" if match.candidates else "no name on it is near"
        several = min(len(several_in(text)), len(match.candidates)) > 1
        way = f'; of several in one cell, say what stands between them: several.{name} = "{between(text)}"' * several
        return f"not surely an organization on the roster; {near}{way}"

    def _settle(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        for text in [text for text, one in found.items() if one.how == DECISION]:
            answer, code = self._decided.of(ORGANIZATION, text), found[text].organization_id
            where, about = _as_decided(answer)
            put, what = (record.changed, [text, code]) if code else (record.set_aside, [text])
            own = rows[rows[name] == text]
            put(own, table, name, *what, reason=f"{where}: {answer['decision']}", **about)
            was = self._matches[self._era][text]
            if len({*was.scores[:2]}) < len(was.scores[:2]):  # it is as near to another
                counts, of = as_text(own)["source"].value_counts(sort=False), ", ".join(was.candidates[:2])
                told = {"text": text, "decided": answer["decision"], "of": of, "column": name}
                record.notices += [message("of_several", source=one, rows=n, **told) for one, n in counts.items()]
        # beside the rows that are open, those that corrections took out for the same reason
        rows = rows[rows["typed"].isin([text for text, one in found.items() if one.how == "unresolved"])]
        taken = [one[one["table"] == table].reindex(columns=rows.columns) for one in record.unsure]
        rows = pd.concat([as_text(rows), *(taken if self._era == self._last else [])], ignore_index=True)
        found = self._found(rows["typed"].unique())
        rows = rows[rows["typed"].isin([text for text, one in found.items() if one.how == "unresolved"])]
        for near in ("candidates", "scores"):
            rows[near] = pd.Series([getattr(found[text], near) for text in rows["typed"]], rows.index, "object")
        self.open[table] = pd.concat([*([self.open[table]] if table in self.open else []), rows], ignore_index=True)

    def unsure(self, events: Events) -> dict[str, pd.DataFrame]:
        """What only an evaluator can tell of the sign-in sheets.

        Returns
        -------
        dict
            ``pairs``: event and organization that may be meant by a row; ``events``: those of a row whose event is
            open; ``names``: the rows with an open name; ``twice``: codes that two events have.
        """
        names, rows, pair = self.signed_open(), events.open["sign_in"], ["event_id", "organization_id"]
        found = self._found(rows["organization_id"].unique())
        who = [found[one].organization_id or found[one].candidates for one in rows["organization_id"]]
        open_events = rows[["candidates"]].assign(who=pd.Series(who, rows.index, "object"))
        open_events = open_events.explode("candidates").explode("who").dropna().set_axis(pair, axis="columns")
        pairs = [names.explode("candidates")[["event_id", "candidates"]], *self._twice]
        pairs = pd.concat([one.set_axis(pair, axis="columns") for one in pairs]).dropna()
        return {"pairs": pairs, "events": open_events, "names": names, "twice": [*events.twice]}

    def signed_open(self) -> pd.DataFrame:
        """The rows of sign-in sheets with an open name."""
        return self.open["sign_in"][self.open["sign_in"]["attended"].ne(False).fillna(True)]

    def suppose(self, maybe: dict[str, tuple[str, ...]]) -> None:
        """Names near nobody get these candidates: folded name → codes."""
        for rows in self.open.values():
            more = rows["typed"].map(fold).map(maybe)
            rows["candidates"] = rows["candidates"].where(more.isna(), more)

    def questions(self) -> pd.DataFrame:
        """One question for each typed name that is open anywhere, the most frequent first."""
        columns = [*ROW, "typed", "candidates", "scores"]
        places, lines = [rows[columns] for rows in self.open.values() if len(rows)], []
        rows = pd.concat(places, ignore_index=True) if places else pd.DataFrame(columns=columns)
        for _, same in rows.groupby(rows["typed"].map(fold), sort=True):
            same = same.sort_values(list(ROW))
            line, first = asked_of(ORGANIZATION, same["typed"].iloc[0], same, self._decided), same.iloc[-1]
            near = zip_longest(first["candidates"][:CANDIDATES], first["scores"][:CANDIDATES])
            for at, (code, score) in enumerate(near, start=1):
                line |= {f"candidate_{at}": code, f"name_{at}": self._names[code], f"score_{at}": score}
            lines.append(line)
        questions = as_list(pd.DataFrame(lines), asked.QUESTIONS)
        return questions.sort_values(["times", "typed"], ascending=[False, True], ignore_index=True)


def _as_decided(answer: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a decision stands, in words; and what a line of the log says of it."""
    about = {"check": DECISION, "initials": answer["initials"], "notes": answer["notes"]}
    return f"decided in {answer['where'].split(',')[0]}", about


def _no_answer(answer: dict[str, str], expected: str) -> str:
    return message("no_answer", answer=answer, expected=expected)

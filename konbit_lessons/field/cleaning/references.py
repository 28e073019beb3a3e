"""Which event and which organization a row is about: codes and typed names → the codes of the cleaned tables."""

from collections.abc import Iterable

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import decisions
from konbit_lessons.field.cleaning.decisions import DIFFERENT, EVENT, NEW, NO_ORGANIZATION, ORGANIZATION, Decisions
from konbit_lessons.field.cleaning.record import ON_ROSTER, ROW, TYPED, Record
from konbit_lessons.field.identity import Match, Roster, fold
from konbit_lessons.field.values import as_text, distinct_of, kept, looked_up
from konbit_lessons.tables import TEXT

EQUAL = ("code", "name")  # how a text can be meant without any doubt
DECISION = "decision"


class _Known:
    """Things on record, to be looked up by what stands in a row."""

    table = ""  # where they stand
    check = equal = ""  # the check and the reason of a line about a text that is one of them, written otherwise
    on_record = ""  # the check that sets aside what is none

    def __init__(self, codes: Iterable[str]) -> None:
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
        reasons = looked_up(typed, {text: self._reason(one) for text, one in unlike.items()})
        close, unknown = reasons.notna() & codes.notna(), reasons.notna() & codes.isna()
        record.changed(rows[close], table, name, typed, codes, check=self.check, reason=reasons)
        self._say_decided(rows, table, name, found, record)
        scope = "value" if nullable else "row"
        record.set_aside(rows[unknown], table, name, typed, scope=scope, check=self.on_record, reason=reasons)
        self._leave_open(rows[unknown].assign(typed=typed), table, record)
        rows = rows.assign(**{name: codes, TYPED + name: typed})
        return rows if nullable else kept(rows, codes.notna())

    def _found(self, texts: Iterable[str]) -> dict[str, Match]:
        """What each text is, as far as is known."""

    def _reason(self, match: Match) -> str:
        """Why a text that is not equal is one of them, or none."""

    def _say_decided(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        """Put on record what was decided of texts."""

    def _leave_open(self, rows: pd.DataFrame, table: str, record: Record) -> None:
        """Keep in mind the rows that only an evaluator can resolve."""


class Events(_Known):
    """The events of a programme, to be looked up by code.

    Parameters
    ----------
    events : DataFrame
        As typed, with their places.
    decided : Decisions
        Which codes mean the same event.
    """

    table = "events"
    check = on_record = "event on record"
    equal = "the code of the event as the table of events has it"

    def __init__(self, events: pd.DataFrame, decided: Decisions) -> None:
        self._events, self._decided = events, decided
        by_code = {fold(code): code for code in events["event_id"]}
        self._same: dict[str, dict[str, str]] = {}
        for (question, key), answer in decided.answers.items():
            if question == EVENT and fold(answer["decision"]) != DIFFERENT and key in by_code:
                of = by_code.get(fold(answer["decision"]))
                if of is None or of == by_code[key]:
                    raise _no_answer(answer, f"the code of another event, nor {DIFFERENT}")
                self._same[by_code[key]] = answer | {"decision": of}
        self._codes = by_code | {fold(code): answer["decision"] for code, answer in self._same.items()}
        super().__init__(self._codes.values())

    def without_the_same(self, record: Record) -> pd.DataFrame:
        """The events, each under one code."""
        codes = self._events["event_id"]
        for code in codes[codes.isin(self._same)]:
            where, about = _as_decided(self._same[code])
            reason = f"the same event as {self._same[code]['decision']}, as {where}"
            record.set_aside(self._events[codes == code], "events", "event_id", code, reason=reason, **about)
        return self._events[~codes.isin(self._same)]

    def _found(self, texts: Iterable[str]) -> dict[str, Match]:
        codes = {text: self._codes.get(fold(text)) for text in texts}
        return {text: Match(code, "code" if code else "unresolved", 100) for text, code in codes.items()}

    def _reason(self, match: Match) -> str:
        return "no such event in the table of events"

    def questions(self) -> pd.DataFrame:
        """Events that may be one under two codes."""
        return decisions.event_questions(self._events, self._decided)


class Organizations(_Known):
    """The organizations of a programme, to be looked up by what was typed.

    Parameters
    ----------
    organizations : DataFrame
    decided : Decisions
        Answers to names that were open in an earlier run.
    """

    table, check, on_record = "organizations", "organization name", ON_ROSTER
    equal = "a name on the roster"

    def __init__(self, organizations: pd.DataFrame, decided: Decisions) -> None:
        self._roster, self._decided = Roster(organizations), decided
        self._names = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
        super().__init__(self._names)
        self._by_code = {fold(code): code for code in self._names}
        self._matches: dict[str, Match] = {}
        self._open: dict[str, pd.DataFrame] = {}
        for (question, _), answer in decided.answers.items():
            if question == ORGANIZATION and fold(answer["decision"]) not in {*self._by_code, NEW, NO_ORGANIZATION}:
                raise _no_answer(answer, f"an organization_id of the roster, nor {NEW}, nor {NO_ORGANIZATION}")

    def _found(self, texts: Iterable[str]) -> dict[str, Match]:
        """A name on the roster, or what was decided, or what the words say."""
        self._matches |= self._roster.match([text for text in texts if text not in self._matches])
        found = {}
        for text in texts:
            found[text], answer = self._matches[text], self._decided.of(ORGANIZATION, text)
            if answer and found[text].how not in EQUAL:
                found[text] = Match(self._by_code.get(fold(answer["decision"])), DECISION, 100)
        return found

    def _reason(self, match: Match) -> str:
        if match.organization_id:
            return f"{match.how}, {match.score:g} of 100"
        near = f"nearest: {', '.join(match.candidates)}" if match.candidates else "no name on it is near"
        return f"not surely an organization on the roster; {near}"

    def _say_decided(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        for text in [text for text, one in found.items() if one.how == DECISION]:
            answer, code = self._decided.of(ORGANIZATION, text), found[text].organization_id
            where, about = _as_decided(answer)
            about["reason"] = f"{where}: {answer['decision']}"
            same = rows[rows[name] == text]
            if code:
                record.changed(same, table, name, text, code, **about)
            else:
                record.set_aside(same, table, name, text, **about)

    def _leave_open(self, rows: pd.DataFrame, table: str, record: Record) -> None:
        """These rows, and those that corrections took out for the same reason."""
        taken = [one[one["table"] == table].reindex(columns=rows.columns) for one in record.unsure]
        rows = pd.concat([as_text(rows), *taken], ignore_index=True)
        found = self._found(rows["typed"].unique())
        self._open[table] = rows[rows["typed"].isin([text for text, one in found.items() if one.how == "unresolved"])]

    def open_names(self, table: str) -> pd.DataFrame:
        """The rows of a table whose name is open, with the organizations it may be."""
        rows = self._open[table]
        candidates = pd.Series([self._matches[text].candidates for text in rows["typed"]], rows.index, "object")
        return rows.assign(candidates=candidates)

    def questions(self) -> pd.DataFrame:
        """The names that are open anywhere."""
        places = [rows[[*ROW, "typed"]] for rows in self._open.values() if len(rows)]
        rows = pd.concat(places, ignore_index=True) if places else pd.DataFrame(columns=[*ROW, "typed"])
        return decisions.organization_questions(rows, self._matches, self._names, self._decided)


def _as_decided(answer: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a decision stands, in words; and what a line of the log says of it."""
    about = {"check": DECISION, "initials": answer["initials"], "notes": answer["notes"]}
    return f"decided in {answer['where'].split(',')[0]}", about


def _no_answer(answer: dict[str, str], expected: str) -> DataError:
    found = f'found "{answer["decision"]}" for "{answer["typed"]}", which is neither {expected}'
    return DataError(f'{answer["where"]}, column "decision": {found}. Correct it there.')

"""Which event and which organization a row is about: codes and typed names → the codes of the cleaned tables."""

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import review
from konbit_lessons.field.cleaning.decisions import DIFFERENT, EVENT, NEW, NO_ORGANIZATION, ORGANIZATION, Decisions
from konbit_lessons.field.cleaning.record import ON_ROSTER, ROW, TYPED, Record
from konbit_lessons.field.identity import Match, Roster, fold
from konbit_lessons.field.texts import as_text, distinct_of, kept, looked_up
from konbit_lessons.tables import TEXT

EQUAL = ("code", "name")  # how a text can be an organization without any doubt
DECISION = "decision"


class Events:
    """The events of a programme, to be looked up by code.

    Parameters
    ----------
    events : DataFrame
        As typed, with their places.
    decided : Decisions
        Which codes mean the same event.
    """

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
        self._dtype = pd.CategoricalDtype(pd.Index(sorted(set(self._codes.values())), dtype=TEXT))

    def without_the_same(self, record: Record) -> pd.DataFrame:
        """The events, each under one code."""
        same = self._events["event_id"].isin(self._same)
        for row in self._events[same]["event_id"]:
            answer = self._same[row]
            record.set_aside(
                self._events[self._events["event_id"] == row],
                table="events",
                scope="row",
                column="event_id",
                value=row,
                reason=f"the same event as {answer['decision']}, as decided in {answer['where'].split(',')[0]}",
                check=DECISION,
                initials=answer["initials"],
                notes=answer["notes"],
            )
        return self._events[~same]

    def resolve(self, rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
        """Rows with the codes of events on record; a row or a value about another is set aside."""
        for name, column in schema.columns.items():
            if column.metadata.get("refers_to") == "events":
                rows = self._resolve(rows, name, schema, column.nullable, record)
        return rows

    def _resolve(self, rows, name, schema, nullable, record):
        typed = rows[name]
        known = {text: self._codes.get(fold(text)) for text in distinct_of(typed)[1]}
        found = looked_up(typed, known, self._dtype)
        other = looked_up(typed, {text: code is not None and code != text for text, code in known.items()}, "boolean")
        other = other.fillna(False).astype("bool")
        if other.any():
            record.changed_alike(
                rows,
                other,
                table=schema.name,
                column=name,
                old_value=typed,
                new_value=known,
                change_type="change_response",
                check="event on record",
                reason="the code of the event as the table of events has it",
            )
        unknown = typed.notna() & found.isna()
        if unknown.any():
            record.set_aside(
                rows[unknown],
                table=schema.name,
                scope="value" if nullable else "row",
                column=name,
                value=typed[unknown],
                reason="no such event in the table of events",
                check="event on record",
            )
        rows = rows.assign(**{name: found, TYPED + name: typed})
        return rows if nullable else kept(rows, ~unknown)

    def questions(self) -> pd.DataFrame:
        """Events that may be one under two codes."""
        return review.event_questions(self._events, self._decided)


class Organizations:
    """The organizations of a programme, to be looked up by what was typed.

    Parameters
    ----------
    organizations : DataFrame
    decided : Decisions
        Answers to names that were open in an earlier run.
    """

    def __init__(self, organizations: pd.DataFrame, decided: Decisions) -> None:
        self._roster, self._decided = Roster(organizations), decided
        self._names = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
        self._by_code = {fold(code): code for code in self._names}
        self._dtype = pd.CategoricalDtype(pd.Index(sorted(self._names), dtype=TEXT))
        self._matches: dict[str, Match] = {}
        self._open: dict[str, pd.DataFrame] = {}
        for (question, _), answer in decided.answers.items():
            if question == ORGANIZATION and fold(answer["decision"]) not in {*self._by_code, NEW, NO_ORGANIZATION}:
                raise _no_answer(answer, f"an organization_id of the roster, nor {NEW}, nor {NO_ORGANIZATION}")

    def resolve(self, rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
        """Rows with the codes of organizations on the roster; a row about anything else is set aside."""
        for name, column in schema.columns.items():
            if column.metadata.get("refers_to") == "organizations":
                rows = self._resolve(rows, name, schema, record)
        return rows

    def _resolve(self, rows: pd.DataFrame, name: str, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
        typed = rows[name]
        texts = distinct_of(typed)[1]
        self._matches |= self._roster.match([text for text in texts if text not in self._matches])
        found = {text: self._found(text) for text in texts}
        codes = looked_up(typed, {text: one.organization_id for text, one in found.items()}, self._dtype)
        how = looked_up(typed, {text: "equal" if one.how in EQUAL else one.how for text, one in found.items()})
        plain = looked_up(typed, {text: one.organization_id == text for text, one in found.items()}, "boolean")
        reasons = {text: self._reason(text, one) for text, one in found.items()}
        said = {"table": schema.name, "column": name, "change_type": "change_response", "check": "organization name"}
        equal = (how == "equal") & ~plain
        if equal.any():
            record.changed_alike(
                rows,
                equal,
                old_value=typed,
                new_value={text: one.organization_id for text, one in found.items()},
                reason="a name on the roster",
                **said,
            )
        close = codes.notna() & ~how.isin(["equal", DECISION])
        if close.any():
            record.changed(
                rows[close],
                old_value=typed[close],
                new_value=codes[close],
                reason=looked_up(typed[close], reasons),
                **said,
            )
        for text in [text for text, one in found.items() if one.how == DECISION]:
            self._decide(rows[typed == text], text, found[text], name, schema, record)
        no_code = codes.isna() & (how != DECISION)
        if no_code.any():
            record.set_aside(
                rows[no_code],
                table=schema.name,
                scope="row",
                column=name,
                value=typed[no_code],
                reason=looked_up(typed[no_code], reasons),
                check=ON_ROSTER,
            )
        unsure = self._still_open(as_text(rows[no_code].assign(typed=typed[no_code])), schema, record)
        if len(unsure):
            self._open[schema.name] = unsure
        return kept(rows.assign(**{name: codes, TYPED + name: typed}), codes.notna())

    def _still_open(self, rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
        """These rows, and those that were taken out for the same reason."""
        taken = [one[one["table"] == schema.name].reindex(columns=rows.columns) for one in record.unsure]
        rows = pd.concat([rows, *taken], ignore_index=True) if taken else rows
        names = rows["typed"].unique()
        self._matches |= self._roster.match([text for text in names if text not in self._matches])
        return rows[rows["typed"].isin([text for text in names if self._found(text).how == "unresolved"])]

    def _found(self, text: str) -> Match:
        """A name on the roster, or what was decided, or what the words say."""
        match, answer = self._matches[text], self._decided.of(ORGANIZATION, text)
        if answer is None or match.how in EQUAL:
            return match
        return Match(self._by_code.get(fold(answer["decision"])), DECISION, 100)

    def _reason(self, text: str, match: Match) -> str:
        if match.organization_id:
            return f"{match.how}, {match.score:g} of 100"
        near = f"nearest: {', '.join(match.candidates)}" if match.candidates else "no name on it is near"
        return f"not surely an organization on the roster; {near}"

    def _decide(
        self, rows: pd.DataFrame, text: str, match: Match, name: str, schema: pa.DataFrameSchema, record: Record
    ) -> None:
        answer = self._decided.of(ORGANIZATION, text)
        said = {"table": schema.name, "column": name, "check": DECISION}
        said |= {"initials": answer["initials"], "notes": answer["notes"]}
        reason = f"decided in {answer['where'].split(',')[0]}: {answer['decision']}"
        if match.organization_id:
            record.changed(
                rows,
                old_value=text,
                new_value=match.organization_id,
                change_type="change_response",
                reason=reason,
                **said,
            )
        else:
            record.set_aside(rows, scope="row", value=text, reason=reason, **said)

    def open_names(self, table: str) -> pd.DataFrame:
        """The rows of a table whose name is open, with the organizations it may be."""
        rows = self._open.get(table)
        if rows is None:
            return pd.DataFrame({"event_id": pd.array([], dtype="str"), "candidates": pd.array([], dtype="object")})
        return rows.assign(candidates=[self._matches[text].candidates for text in rows["typed"]])

    def questions(self) -> pd.DataFrame:
        """The names that are open anywhere."""
        places = [rows[[*ROW, "typed"]] for rows in self._open.values()]
        rows = pd.concat(places, ignore_index=True) if places else pd.DataFrame(columns=[*ROW, "typed"])
        return review.organization_questions(rows, self._matches, self._names, self._decided)


def _no_answer(answer: dict[str, str], expected: str) -> DataError:
    return DataError(
        f'{answer["where"]}, column "decision": found "{answer["decision"]}" for "{answer["typed"]}", which is neither '
        f"{expected}. Correct it there."
    )

"""Which event and which organization a row is about: codes and typed names → the codes of the cleaned tables.

What only an evaluator can tell is asked with what speaks for each answer, and remembered from quarter to quarter:
cleaning asks in ``identity_review.xlsx`` (beside the cleaned tables); the answers typed there move to
``identity_ledger.csv`` (beside the raw data) and are applied every time.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pandera.pandas as pa
import xlsxwriter

from konbit_lessons.field.cleaning.by_hand import on_day
from konbit_lessons.field.cleaning.record import ON_ROSTER, ROW, TYPED, Record, as_list, own_lines
from konbit_lessons.field.identity import CANDIDATES, Codes, Match, Roster, fold, several_in
from konbit_lessons.field.programme import LEDGER, Programme
from konbit_lessons.field.sources import read
from konbit_lessons.field.values import as_text, distinct_of, kept, looked_up
from konbit_lessons.publish import for_spreadsheets, published
from konbit_lessons.tables import TEXT

REVIEW = "identity_review.xlsx"
COLUMNS = ("question", "typed", "decision", "initials", "notes")
ORGANIZATION, EVENT = "organization", "event"
NEW, NO_ORGANIZATION, DIFFERENT = "new", "not an organization", "different"
SHEETS = {ORGANIZATION: "organizations", EVENT: "events"}
ASKED = {ORGANIZATION: "typed_name", EVENT: "event_id"}  # the column of the review that holds what is asked about
PLACES = 3  # shown of where a name stands
NEAR = [f"{what}_{at}" for at in range(1, CANDIDATES + 1) for what in ("candidate", "name", "score")]
QUESTIONS = ("question", "typed", "where_it_stands", "times", *NEAR, "initials", "notes")
ANSWERS = ["decision", "initials", "notes"]
SAME_EVENT = ["event_type", "held_on", "place"]
HOW = {
    ORGANIZATION: f"Type in the column decision: the code of the organization, or {NEW} (a real organization that is "
    f"not on the roster), or {NO_ORGANIZATION}. Then run konbit clean or konbit report: the answer is remembered.",
    EVENT: "These two events have the same type, day and place. Type in the column decision: the code of the event it "
    f"is the same as, or {DIFFERENT}. Then run konbit clean or konbit report: the answer is remembered.",
}
WORDS = {ORGANIZATION: (NEW, NO_ORGANIZATION), EVENT: (DIFFERENT,)}  # answers that are no code
OTHER = "None of the answers of this list. The code of any other is taken as well: did you mean one?"
LONGEST_LIST = 255  # letters of a drop-down that a spreadsheet takes
EQUAL = ("code", "name")  # how a text can be meant without any doubt
DECISION = "decision"


class Decisions(NamedTuple):
    """Answers by question and by what was typed.

    Attributes
    ----------
    answers : dict of (str, str) to dict of str to str
        (question, folded text) → a line of the ledger, with ``where`` it stands.
    notes : dict of (str, str) to dict of str to str
        ``initials`` and ``notes`` beside a question that is still open, kept in the next review.
    twice : list of str
        What is wrong where a text has two answers.
    """

    answers: dict[tuple[str, str], dict[str, str]]
    notes: dict[tuple[str, str], dict[str, str]]
    twice: list[str]

    def of(self, question: str, typed: str) -> dict[str, str] | None:
        """The answer about a text, whatever its case, accents and spaces."""
        return self.answers.get((question, fold(typed)))

    def ledger(self) -> str:
        """The answers as the ledger holds them, sorted, so that the same answers are the same bytes."""
        lines = pd.DataFrame(self.answers.values(), columns=list(COLUMNS), dtype="str").sort_values(list(COLUMNS))
        return for_spreadsheets(lines).to_csv(index=False, lineterminator="\n")


def load(programme: Programme) -> Decisions:
    """The ledger, and what has been decided since in the review.

    Raises
    ------
    DataError
        A needed column is missing.
    """
    decided = Decisions({}, {}, [])
    lines = [*_lines(own_lines(programme.raw / LEDGER, COLUMNS, COLUMNS[:3]), LEDGER)]
    review = programme.processed / REVIEW
    raw = read(review, kind="sheet", expect=(*ASKED.values(), DECISION)) if review.is_file() else None
    for table, title in raw.sheets.items() if raw else ():
        for question in (question for question, sheet in SHEETS.items() if sheet == title):
            named = raw.tables[table].rename(columns={ASKED[question]: "typed"}).reindex(columns=list(COLUMNS))
            lines += _lines(named.assign(question=question), f"{REVIEW}, sheet {title}")
    for line in lines:
        key = (line["question"], fold(line["typed"]))
        if not line["decision"]:
            decided.notes[key] = {name: line[name] for name in ("initials", "notes")}
        elif (other := decided.answers.setdefault(key, line))["decision"] != line["decision"]:
            found = f'found "{line["decision"]}" for "{line["typed"]}"'
            but = f'but {other["where"]} says "{other["decision"]}". Correct one of the two.'
            decided.twice.append(f"{line['where']}: {found}, {but}")
    return decided


def remember(programme: Programme, decisions: Decisions) -> list[Path]:
    """Write the ledger where there is anything to remember that it does not hold yet."""
    path, text = programme.raw / LEDGER, decisions.ledger()
    if not decisions.answers or (path.is_file() and path.read_text(encoding="utf-8-sig") == text):
        return []
    return [published(path, text.encode("utf-8-sig"))]


def _lines(frame: pd.DataFrame, place: str) -> Iterator[dict[str, str]]:
    text = frame.astype("str").fillna("").apply(lambda column: column.str.strip())
    for row, line in zip(text.index, text.to_dict("records"), strict=True):
        if line["typed"]:
            yield line | {"where": f"{place}, row {row}"}


def _question(question: str, typed: str, rows: pd.DataFrame, decisions: Decisions) -> dict:
    """A question about these rows, with what was noted beside it before."""
    places = [", ".join(filter(None, [file, sheet, f"row {row}"])) for file, sheet, row in rows[[*ROW]].to_numpy()]
    where = "; ".join([*places[:PLACES], *([f"and {len(places) - PLACES} more"] if len(places) > PLACES else [])])
    about = {"question": question, "typed": typed, "where_it_stands": where, "times": len(rows)}
    return about | decisions.notes.get((question, fold(typed)), {})


def workbook(questions: pd.DataFrame) -> bytes:
    """The review as an XLSX file; no text in it is a formula or a link, and the same questions are the same bytes."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    looks = {"cell": {}, "header": {"bold": True, "bottom": 1}, "answer": {"bg_color": "#FFF6D6", "border": 1}}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})
        styles = {name: book.add_format({"text_wrap": True, "valign": "top"} | look) for name, look in looks.items()}
        for question, title in SHEETS.items():
            _fill(book.add_worksheet(title), question, questions[questions["question"] == question], styles)
    return content.getvalue()


def _fill(sheet, question: str, questions: pd.DataFrame, styles: dict) -> None:
    cells = questions.astype("object").assign(decision=None).rename(columns={"typed": ASKED[question]})
    cells = cells.where(cells.notna() & (cells != ""), None)
    unnamed = [name for name in cells if name.startswith("name_") and cells[name].isna().all()]
    shown = cells.drop(columns=["question", *ANSWERS, *unnamed])
    header = [*shown, *ANSWERS]
    sheet.merge_range(0, 0, 0, 7, HOW[question], styles["cell"])
    sheet.set_row(0, 45)
    sheet.write_row(1, 0, header, styles["header"])
    widths = {ASKED[question]: 40, "where_it_stands": 44, "notes": 30}
    for at, name in enumerate(header):
        sheet.set_column(at, at, widths.get(name, 32 if name.startswith("name") else 13))
    near = [name for name in shown if name.startswith("candidate_")]
    for row, (one, answers) in enumerate(zip(shown.to_numpy(), cells[ANSWERS].to_numpy(), strict=True), start=2):
        sheet.write_row(row, 0, one, styles["cell"])
        sheet.write_row(row, len(one), answers, styles["answer"])
        codes = [code for code in shown[near].iloc[row - 2].dropna() if "," not in code]
        sheet.data_validation(row, len(one), row, len(one), _choice([*codes, *WORDS[question]]))
    sheet.freeze_panes(2, 1)
    if len(shown):
        sheet.autofilter(1, 0, 1 + len(shown), len(header) - 1)


def _choice(answers: list[str]) -> dict:
    """A drop-down of the likeliest answers; another code may be typed, after a word of warning."""
    fits = [at for at in range(1, len(answers) + 1) if len(",".join(answers[-at:])) <= LONGEST_LIST]
    told = {"error_type": "warning", "error_title": "Is it a code?", "error_message": OTHER}
    return {"validate": "list", "source": answers[-fits[-1] :], **told}


class _Known:
    """Things on record, to be looked up by what stands in a row.

    Each kind has ``_found(texts)``, what each text is as far as is known; ``_reason(text, match)``, why a text that is
    not equal is one of them, or none; ``table``, where they stand; ``check`` and ``equal``, the check and the reason of
    a line about a text that is one of them, written otherwise; ``on_record``, the check that sets aside what is none.
    ``wrong`` says what was decided of them that cannot be.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        self.wrong: list[str] = []
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
        reasons = looked_up(typed, {text: self._reason(text, one) for text, one in unlike.items()})
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
    """

    table = "events"
    check = on_record = "event on record"
    equal = "the code of the event as the table of events has it"

    def __init__(self, events: pd.DataFrame, decided: Decisions) -> None:
        self._events, self._decided = events, decided
        self._codes, self._same, wrong = Codes(events["event_id"]), {}, []
        self._held = pd.Series(events["held_on"].array, events["event_id"])
        self.open: dict[str, pd.DataFrame] = {}
        for (question, key), answer in decided.answers.items():
            codes = self._codes.of(key) if question == EVENT and fold(answer["decision"]) != DIFFERENT else []
            for code in codes:
                of = self._codes.of(answer["decision"])
                if len(of) != 1 or of == [code]:
                    wrong.append(_no_answer(answer, f"the code of another event, nor {DIFFERENT}"))
                else:
                    self._same[code] = answer | {"decision": of[0]}
        super().__init__(events["event_id"])
        self.wrong += wrong

    def without_the_same(self, record: Record) -> pd.DataFrame:
        """The events, each under one code."""
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
            how, codes = ("code", self._codes.of(text)) if self._codes.of(text) else on_day(text, self._held)
            codes = list(dict.fromkeys(self._same[code]["decision"] if code in self._same else code for code in codes))
            sure = codes[0] if how and len(codes) == 1 else None
            found[text] = Match(sure, how if sure else "unresolved", 100, () if sure else tuple(codes))
        return found

    def _reason(self, text: str, match: Match) -> str:
        if match.organization_id:
            return "the one event that was held on that day"
        near = f"; it may be {', '.join(match.candidates)}" if match.candidates else ""
        way = f'; which it is, say in its [[source]]: levels.event_id = {{ "{text}" = "its code" }}' * (
            " " in text.strip()
        )
        return f"no such event in the table of events{near}{way}"

    def _settle(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        rows = as_text(rows[rows["typed"].isin([text for text, one in found.items() if one.candidates])])
        near = pd.Series([found[text].candidates for text in rows["typed"]], rows.index, "object")
        self.open[table] = rows.assign(candidates=near)

    def questions(self) -> pd.DataFrame:
        """One question for each event that has the type, day and place of an earlier one under another code."""
        known, lines = self._events[self._events[SAME_EVENT].notna().all(axis="columns")].sort_values("event_id"), []
        for _, alike in known.groupby([known["event_type"], known["held_on"], known["place"].map(fold)]):
            first = alike.iloc[0]
            name = f"{first['event_type']}, {first['held_on']:%Y-%m-%d}, {first['place']}"
            near = {"candidate_1": first["event_id"], "name_1": name, "score_1": 100.0}
            for code in alike["event_id"].iloc[1:]:
                if self._decided.of(EVENT, code) is None:
                    lines.append(_question(EVENT, code, alike[alike["event_id"] == code], self._decided) | near)
        return as_list(pd.DataFrame(lines), QUESTIONS)


class Organizations(_Known):
    """The organizations of a programme, to be looked up by what was typed.

    Parameters
    ----------
    organizations : DataFrame
    decided : Decisions
        Answers to names that were open in an earlier run.

    Attributes
    ----------
    open : dict of str to DataFrame
        Table → its rows whose name is open, with the organizations it may be as ``candidates``.
    """

    table, check, on_record = "organizations", "organization name", ON_ROSTER
    equal = "a name on the roster"

    def __init__(self, organizations: pd.DataFrame, decided: Decisions) -> None:
        self._roster, self._decided = Roster(organizations), decided
        self._names = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
        super().__init__(self._names)
        self._codes = Codes(self._names)
        self._matches: dict[str, Match] = {}
        self.open: dict[str, pd.DataFrame] = {}
        for (question, _), answer in decided.answers.items():
            known = fold(answer["decision"]) in {NEW, NO_ORGANIZATION} or len(self._codes.of(answer["decision"])) == 1
            if question == ORGANIZATION and not known:
                self.wrong.append(
                    _no_answer(answer, f"an organization_id of the roster, nor {NEW}, nor {NO_ORGANIZATION}")
                )

    def _found(self, texts: Iterable[str]) -> dict[str, Match]:
        """A name on the roster, or what was decided, or what the words say."""
        self._matches |= self._roster.match([text for text in texts if text not in self._matches])
        found = {}
        for text in texts:
            found[text], answer = self._matches[text], self._decided.of(ORGANIZATION, text)
            if answer and found[text].how not in EQUAL:
                found[text] = Match(next(iter(self._codes.of(answer["decision"])), None), DECISION, 100)
        return found

    def _reason(self, text: str, match: Match) -> str:
        if match.organization_id:
            return f"{match.how}, {match.score:g} of 100"
        near = f"nearest: {', '.join(match.candidates)}" if match.candidates else "no name on it is near"
        several = min(len(several_in(text)), len(match.candidates)) > 1
        way = '; of several in one cell, write what stands between them: several.organization_id = ";"' * several
        return f"not surely an organization on the roster; {near}{way}"

    def _settle(self, rows: pd.DataFrame, table: str, name: str, found: dict, record: Record) -> None:
        for text in [text for text, one in found.items() if one.how == DECISION]:
            answer, code = self._decided.of(ORGANIZATION, text), found[text].organization_id
            where, about = _as_decided(answer)
            put, what = (record.changed, [text, code]) if code else (record.set_aside, [text])
            put(rows[rows[name] == text], table, name, *what, reason=f"{where}: {answer['decision']}", **about)
        # beside the rows that are open, those that corrections took out for the same reason
        rows = rows[rows["typed"].isin([text for text, one in found.items() if one.how == "unresolved"])]
        taken = [one[one["table"] == table].reindex(columns=rows.columns) for one in record.unsure]
        rows = pd.concat([as_text(rows), *taken], ignore_index=True)
        found = self._found(rows["typed"].unique())
        rows = rows[rows["typed"].isin([text for text, one in found.items() if one.how == "unresolved"])]
        candidates = pd.Series([self._matches[text].candidates for text in rows["typed"]], rows.index, "object")
        self.open[table] = rows.assign(candidates=candidates)

    def unsure(self, events: Events) -> dict[str, pd.DataFrame]:
        """What only an evaluator can tell of the sign-in sheets.

        Returns
        -------
        dict
            ``pairs``: event and organization that may be meant by a row; ``names``: the rows with an open name.
        """
        names = self.open["sign_in"]
        names = names[names["attended"].ne(False).fillna(True)]
        of_events, pair = events.open["sign_in"].explode("candidates"), ["event_id", "organization_id"]
        found = self._found(of_events["organization_id"].unique())
        sure = pd.Series([found[one].organization_id for one in of_events["organization_id"]], of_events.index, "str")
        pairs = [names.explode("candidates")[["event_id", "candidates"]], of_events[["candidates"]].assign(sure=sure)]
        pairs = pd.concat([one.set_axis(pair, axis="columns") for one in pairs]).dropna()
        return {"pairs": pairs, "names": names}

    def questions(self) -> pd.DataFrame:
        """One question for each typed name that is open anywhere, the most frequent first."""
        places, lines = [rows[[*ROW, "typed"]] for rows in self.open.values() if len(rows)], []
        rows = pd.concat(places, ignore_index=True) if places else pd.DataFrame(columns=[*ROW, "typed"])
        for _, same in rows.groupby(rows["typed"].map(fold), sort=True):
            same = same.sort_values(list(ROW))
            line = _question(ORGANIZATION, same["typed"].iloc[0], same, self._decided)
            match = self._matches[line["typed"]]
            for at, (code, score) in enumerate(zip(match.candidates[:CANDIDATES], match.scores, strict=False), start=1):
                line |= {f"candidate_{at}": code, f"name_{at}": self._names[code], f"score_{at}": score}
            lines.append(line)
        questions = as_list(pd.DataFrame(lines), QUESTIONS)
        return questions.sort_values(["times", "typed"], ascending=[False, True], ignore_index=True)


def _as_decided(answer: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a decision stands, in words; and what a line of the log says of it."""
    about = {"check": DECISION, "initials": answer["initials"], "notes": answer["notes"]}
    return f"decided in {answer['where'].split(',')[0]}", about


def _no_answer(answer: dict[str, str], expected: str) -> str:
    found = f'found "{answer["decision"]}" for "{answer["typed"]}", which is neither {expected}'
    return f'{answer["where"]}, column "decision": {found}. Correct it there.'

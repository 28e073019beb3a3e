"""What only an evaluator can tell: asked with what speaks for each answer, and remembered from quarter to quarter.

Cleaning asks in ``identity_review.xlsx`` (beside the cleaned tables); the answers typed there move to
``identity_ledger.csv`` (beside the raw data) and are applied every time.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xlsxwriter

from konbit_lessons.field.cleaning.record import ROW, mark_of, own_lines
from konbit_lessons.field.identity import CANDIDATES, fold
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import LEDGER, Programme
from konbit_lessons.field.sources import read
from konbit_lessons.publish import for_spreadsheets, published

REVIEW = "identity_review.xlsx"
COLUMNS = ("question", "typed", "decision", "initials", "notes", "near")
ORGANIZATION, EVENT, CODE = "organization", "event", "code"
SAME = "same"  # it is one organization or event
NEW, NO_ORGANIZATION, DIFFERENT, UNDO = "new", "not an organization", "different", "undo"
SHEETS = {ORGANIZATION: "organizations", EVENT: "events", CODE: "codes"}
ASKED = {ORGANIZATION: "typed_name", EVENT: "event_id", CODE: "code"}  # the column with what is asked about
DECIDED = "decided"  # the sheet of the review with what was decided before
PLACES = 3  # shown of where a name stands
NEAR = [f"{what}_{at}" for at in range(1, CANDIDATES + 1) for what in ("candidate", "name", "score")]
QUESTIONS = ("question", "typed", "where_it_stands", "times", *NEAR, "initials", "notes")
ANSWERS = ["decision", "initials", "notes"]
WORDS = {ORGANIZATION: (NEW, NO_ORGANIZATION), EVENT: (DIFFERENT,), CODE: (SAME,), DECIDED: (UNDO,)}  # that are no code
LONGEST_LIST = 255  # letters of a drop-down that a spreadsheet takes
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

    def hung(self, log: pd.DataFrame) -> pd.DataFrame:
        """Each answer, and how many rows of the files hang on it."""
        counts = log.loc[log["check"] == DECISION, "old_value"].map(fold).value_counts()
        answers = pd.DataFrame(self.answers.values()).rename(columns={"decision": "decided"})
        answers["rows"] = [int(counts.get(typed, 0)) for _, typed in self.answers]
        return answers[["question", "typed", "decided", "rows", "initials", "notes"]].sort_values(["question", "typed"])

    def marks(self) -> list[str]:
        """What tells each answer from others."""
        return [mark_of(*key, line["decision"]) for key, line in self.answers.items()]

    def ledger(self) -> str:
        """The answers as the ledger holds them, sorted, so that the same answers are the same bytes."""
        lines = pd.DataFrame(self.answers.values()).reindex(columns=list(COLUMNS)).fillna("").sort_values(list(COLUMNS))
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
        place, sheet = f"{REVIEW}, sheet {title}", raw.tables[table]
        near = sheet.reindex(columns=NEAR[::3]).astype("str").agg(lambda row: " ".join(row.dropna()), axis="columns")
        for question in (question for question, sheet in SHEETS.items() if sheet == title):
            named = sheet.rename(columns={ASKED[question]: "typed"}).assign(question=question, near=near)
            lines += _lines(named.reindex(columns=list(COLUMNS)), place)
        for line in _lines(sheet.reindex(columns=list(COLUMNS)), place) if title == DECIDED else ():
            key = line["question"], fold(line["typed"])
            before = [one for one in lines if (one["question"], fold(one["typed"])) == key]
            lines = [one for one in lines if not line["decision"] or one not in before]
            lines += [line] if line["decision"] and fold(line["decision"]) != UNDO else []
    for line in lines:
        key = (line["question"], fold(line["typed"]))
        if mark_of(*key, line["decision"]) in programme.undone:
            continue
        if not line["decision"]:
            decided.notes[key] = {name: line[name] for name in ("initials", "notes")}
        elif fold(decided.answers.get(key, line)["decision"]) == NEW and line["where"].startswith(REVIEW):
            decided.answers[key] = line  # asked again, since the roster has grown
        elif (other := decided.answers.setdefault(key, line))["decision"] != line["decision"]:
            decided.twice.append(message("decided_twice", line=line, other=other))
    return decided


def remember(programme: Programme, decisions: Decisions) -> list[Path]:
    """Write the ledger where there is anything to remember that it does not hold yet."""
    path, text = programme.raw / LEDGER, decisions.ledger().encode("utf-8-sig")
    if not (decisions.answers or path.is_file()) or (path.is_file() and path.read_bytes() == text):
        return []
    return [published(path, text)]


def _lines(frame: pd.DataFrame, place: str) -> Iterator[dict[str, str]]:
    text = frame.astype("str").fillna("").apply(lambda column: column.str.strip())
    for row, line in zip(text.index, text.to_dict("records"), strict=True):
        if line["typed"]:
            yield line | {"where": f"{place}, row {row}"}


def asked_of(question: str, typed: str, rows: pd.DataFrame, decisions: Decisions) -> dict:
    """A question about these rows, with what was noted beside it before."""
    places = [", ".join(filter(None, [file, sheet, f"row {row}"])) for file, sheet, row in rows[[*ROW]].to_numpy()]
    where = "; ".join([*places[:PLACES], *([f"and {len(places) - PLACES} more"] if len(places) > PLACES else [])])
    about = {"question": question, "typed": typed, "where_it_stands": where, "times": len(rows)}
    return about | decisions.notes.get((question, fold(typed)), {})


def workbook(questions: pd.DataFrame, decided: Decisions, log: pd.DataFrame) -> bytes:
    """The review as an XLSX file, with what was decided and the rows of the log that hang on it.

    No text in it is a formula or a link, and the same questions are the same bytes.
    """
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    looks = {"cell": {}, "header": {"bold": True, "bottom": 1}, "answer": {"bg_color": "#FFF6D6", "border": 1}}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})
        styles = {name: book.add_format({"text_wrap": True, "valign": "top"} | look) for name, look in looks.items()}
        for question, title in SHEETS.items():
            some = questions[questions["question"] == question]
            if question != CODE or len(some):
                _fill(book.add_worksheet(title), question, some, styles)
        if decided.answers:
            _fill(book.add_worksheet(DECIDED), DECIDED, decided.hung(log), styles)
    return content.getvalue()


def _fill(sheet, question: str, questions: pd.DataFrame, styles: dict) -> None:
    name = ASKED.get(question, "typed")
    cells = questions.astype("object").assign(decision=None).rename(columns={"typed": name})
    cells = cells.where(cells.notna() & (cells != ""), None)
    unnamed = [name for name in cells if name.startswith("name_") and cells[name].isna().all()]
    shown = cells.drop(columns=[*ANSWERS, *unnamed, *(["question"] if question in SHEETS else [])])
    header = [*shown, *ANSWERS]
    words = {"new": NEW, "none": NO_ORGANIZATION, "different": DIFFERENT, "same": SAME, "undo": UNDO}
    sheet.merge_range(0, 0, 0, 7, message(f"review_{question}", **words), styles["cell"])
    sheet.set_row(0, 45)
    sheet.write_row(1, 0, header, styles["header"])
    widths = {name: 40, "where_it_stands": 44, "notes": 30}
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
    told = {"error_type": "warning", "error_title": "Is it a code?", "error_message": message("no_answer_listed")}
    return {"validate": "list", "source": answers[-fits[-1] :], **told}

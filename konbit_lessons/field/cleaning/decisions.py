"""What only an evaluator can tell: asked with what speaks for each answer, remembered from quarter to quarter.

Cleaning asks in ``identity_review.xlsx`` (beside the cleaned tables); the answers typed there move to
``identity_ledger.csv`` (beside the raw data) and are applied every time.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning.record import ROW, as_list, own_lines
from konbit_lessons.field.identity import CANDIDATES, Match, fold
from konbit_lessons.field.programme import LEDGER, Programme
from konbit_lessons.field.sources import read
from konbit_lessons.publish import for_spreadsheets, published

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


@dataclass(frozen=True)
class Decisions:
    """Answers by question and by what was typed.

    Attributes
    ----------
    answers : dict of (str, str) to dict of str to str
        (question, folded text) → a line of the ledger, with ``where`` it stands.
    notes : dict of (str, str) to dict of str to str
        ``initials`` and ``notes`` beside a question that is still open, kept in the next review.
    """

    answers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    notes: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

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
        A needed column is missing, or one text has two answers.
    """
    decided = Decisions()
    ledger = own_lines(programme.raw / LEDGER, COLUMNS, COLUMNS[:3])
    for line in [*_lines(ledger, LEDGER), *_lines_of_review(programme.processed / REVIEW)]:
        key = (line["question"], fold(line["typed"]))
        if not line["decision"]:
            decided.notes[key] = {name: line[name] for name in ("initials", "notes")}
        elif (other := decided.answers.setdefault(key, line))["decision"] != line["decision"]:
            found = f'found "{line["decision"]}" for "{line["typed"]}"'
            but = f'but {other["where"]} says "{other["decision"]}". Correct one of the two.'
            raise DataError(f"{line['where']}: {found}, {but}")
    return decided


def remember(programme: Programme, decisions: Decisions) -> list[Path]:
    """Write the ledger where there is anything to remember that it does not hold yet."""
    path, text = programme.raw / LEDGER, decisions.ledger()
    if not decisions.answers or (path.is_file() and path.read_text(encoding="utf-8-sig") == text):
        return []
    return [published(path, text.encode("utf-8-sig"))]


def _lines_of_review(path: Path) -> Iterator[dict[str, str]]:
    raw = read(path, kind="sheet", expect=("typed_name", "event_id", "decision")) if path.is_file() else None
    for table, title in raw.sheets.items() if raw else ():
        for question in (question for question, sheet in SHEETS.items() if sheet == title):
            named = raw.tables[table].rename(columns={ASKED[question]: "typed"}).reindex(columns=list(COLUMNS))
            yield from _lines(named.assign(question=question), f"{REVIEW}, sheet {title}")


def _lines(frame: pd.DataFrame, place: str) -> Iterator[dict[str, str]]:
    text = frame.astype("str").fillna("").apply(lambda column: column.str.strip())
    for row, line in zip(text.index, text.to_dict("records"), strict=True):
        if line["typed"]:
            yield line | {"where": f"{place}, row {row}"}


def organization_questions(
    rows: pd.DataFrame, matches: dict[str, Match], names: dict[str, str], decisions: Decisions
) -> pd.DataFrame:
    """One question for each typed name that is open, the most frequent first.

    Parameters
    ----------
    rows : DataFrame
        The place of every row with an open name, and ``typed``.
    matches : dict of str to Match
    names : dict of str to str
        Organization → its name.
    decisions : Decisions
        Notes beside questions that were left open.
    """
    lines = []
    for _, same in rows.groupby(rows["typed"].map(fold), sort=True):
        same = same.sort_values(list(ROW))
        line = _question(ORGANIZATION, same["typed"].iloc[0], same, decisions)
        match = matches[line["typed"]]
        for at, (code, score) in enumerate(zip(match.candidates[:CANDIDATES], match.scores, strict=False), start=1):
            line |= {f"candidate_{at}": code, f"name_{at}": names[code], f"score_{at}": score}
        lines.append(line)
    questions = as_list(pd.DataFrame(lines), QUESTIONS)
    return questions.sort_values(["times", "typed"], ascending=[False, True], ignore_index=True)


def event_questions(events: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """One question for each event that has the type, day and place of an earlier one under another code."""
    known = events[events[SAME_EVENT].notna().all(axis="columns")].sort_values("event_id")
    lines = []
    for _, alike in known.groupby([known["event_type"], known["held_on"], known["place"].map(fold)]):
        first = alike.iloc[0]
        name = f"{first['event_type']}, {first['held_on']:%Y-%m-%d}, {first['place']}"
        near = {"candidate_1": first["event_id"], "name_1": name, "score_1": 100.0}
        for code in alike["event_id"].iloc[1:]:
            if decisions.of(EVENT, code) is None:
                lines.append(_question(EVENT, code, alike[alike["event_id"] == code], decisions) | near)
    return as_list(pd.DataFrame(lines), QUESTIONS)


def _question(question: str, typed: str, rows: pd.DataFrame, decisions: Decisions) -> dict:
    """A question about these rows, with what was noted beside it before."""
    rows_of = rows[list(ROW)].itertuples(index=False)
    places = [", ".join(filter(None, [source, sheet, f"row {row}"])) for source, sheet, row in rows_of]
    more = f"; and {len(places) - PLACES} more" if len(places) > PLACES else ""
    where = "; ".join(places[:PLACES]) + more
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
    for row, (one, answers) in enumerate(zip(shown.to_numpy(), cells[ANSWERS].to_numpy(), strict=True), start=2):
        sheet.write_row(row, 0, one, styles["cell"])
        sheet.write_row(row, len(one), answers, styles["answer"])
    sheet.freeze_panes(2, 1)
    if len(shown):
        sheet.autofilter(1, 0, 1 + len(shown), len(header) - 1)

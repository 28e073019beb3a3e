"""What an evaluator decided of the questions that cleaning left open, remembered from quarter to quarter.

Cleaning asks in ``identity_review.xlsx`` (beside the cleaned tables); the answers typed there move to
``identity_ledger.csv`` (beside the raw data) and are applied every time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field import identity
from konbit_lessons.field.programme import LEDGER, Programme
from konbit_lessons.field.sources import read
from konbit_lessons.publish import for_spreadsheets, from_spreadsheets, published

REVIEW = "identity_review.xlsx"
COLUMNS = ("question", "typed", "decision", "initials", "notes")
ORGANIZATION, EVENT = "organization", "event"
NEW, NO_ORGANIZATION, DIFFERENT = "new", "not an organization", "different"
SHEETS = {ORGANIZATION: "organizations", EVENT: "events"}
ASKED = {ORGANIZATION: "typed_name", EVENT: "event_id"}  # the column of the review that holds what is asked about


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
        return self.answers.get((question, identity.fold(typed)))

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
    for line in [*_lines_of_ledger(programme.raw / LEDGER), *_lines_of_review(programme.processed / REVIEW)]:
        key = (line["question"], identity.fold(line["typed"]))
        if not line["decision"]:
            decided.notes[key] = {name: line[name] for name in ("initials", "notes")}
        elif (other := decided.answers.setdefault(key, line))["decision"] != line["decision"]:
            raise DataError(
                f'{line["where"]}: found "{line["decision"]}" for "{line["typed"]}", but {other["where"]} says '
                f'"{other["decision"]}". Correct one of the two.'
            )
    return decided


def remember(programme: Programme, decisions: Decisions) -> list[Path]:
    """Write the ledger where there is anything to remember that it does not hold yet."""
    path, text = programme.raw / LEDGER, decisions.ledger()
    if not decisions.answers or (path.is_file() and path.read_text(encoding="utf-8-sig") == text):
        return []
    return [published(path, text.encode("utf-8-sig"))]


def _lines_of_ledger(path: Path) -> Iterator[dict[str, str]]:
    if path.is_file():
        frame = read(path, kind="sheet", expect=COLUMNS).tables["main"]
        missing = [name for name in ("question", "typed", "decision") if name not in frame]
        if missing:
            raise DataError(f"{LEDGER}: found no column {', '.join(missing)}; expected {', '.join(COLUMNS)}.")
        yield from _lines(from_spreadsheets(frame.reindex(columns=list(COLUMNS)).astype("str")), LEDGER)


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

"""What cleaning writes down as it goes: every change, every row and value set aside, and how many rows were read."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import DataError
from konbit_lessons.field.identity import CANDIDATES
from konbit_lessons.field.messages import message
from konbit_lessons.field.sources import read
from konbit_lessons.field.values import as_text, counted, looked_up, ordered
from konbit_lessons.publish import from_spreadsheets
from konbit_lessons.tables import TEXT

ROW = ("source", "sheet", "row")  # where a row comes from: file, sheet, row in the file
WHEN = "_quarter"  # fiscal quarter of the row's own day, beside ROW while cleaning
LOG = (*ROW, "record_id", "column", "old_value", "new_value", "change_type", "check", "reason", "initials", "notes")
ASIDE = (*ROW, "record_id", "table", "scope", "column", "value", "reason", "new_value", "decision")
COUNTS = ("source", "kind", "table", "quarter", "read", "kept", "set_aside")
CHECKS = ("source", "table", "quarter", "check", "column", "change_type", "rows")
ARRIVALS = ("source", "table", "quarter", "rows", "median_days", "p90_days", "most_days")
ON_ROSTER = "organization on the roster"  # the check that sets aside a row whose organization is not sure
TYPED = "_typed_"  # before a column's name: what stands in the file, where a value took its place
SPELL, STATUS = "spell of membership", "status of the event"  # checks
# checks that set aside what is no problem
SETTLED = ("decision", "correction", "later version", "review", SPELL, STATUS)
ALL = "all columns"  # as the column of a line about a whole row
_CONFLICT = re.compile(rb"^(<{7}|={7}|>{7})(?=[ \r\n;,]|$)", re.MULTILINE)
LISTS = ("cleaning_log", "set_aside", "counts", "checks", "arrivals", "agreement", "questions")
NUMBERS = {"row": "Int64"} | {f"score_{at}": "Float64" for at in range(1, CANDIDATES + 1)}  # columns that are no text
NUMBERS |= dict.fromkeys(("lines", "times", "read", "kept", "set_aside", "rows", "compared", "agree"), "int64")
NUMBERS |= dict.fromkeys(("median_days", "p90_days", "most_days"), "float64")


def id_of(records: pd.Series) -> pd.Series:
    """The ids of records in text; a number stands for what tells a record without a code apart."""
    is_number = pd.api.types.is_integer_dtype(records)
    return records.map("R{:x}".format, na_action="ignore").astype("str") if is_number else records


def shown(column: str, schema: pa.DataFrameSchema) -> list[str]:
    """The columns whose texts stand for a row in a line about ``column``: no person, no record's id."""
    about = {name: one.metadata for name, one in schema.columns.items()}
    needed = [name for name, one in schema.columns.items() if about[name].get("refers_to") and not one.nullable]
    hidden = {name for name in about if about[name].get("direct_identifier") or about[name].get("of_record")}
    return [name for name in (needed if column == ALL else column.split(" + ")) if name not in hidden]


class Record:
    """What cleaning writes down as it goes.

    What is said of rows is one text for all of them, or a Series with one for each.

    Attributes
    ----------
    log, aside, read : list of DataFrame
        Lines of the cleaning log, of what was set aside, and the place of every row read.
    arrivals : list of DataFrame
        Days between a fact and its submission.
    notices : list of str
    given : dict of str to set of str
        Table → the columns that its files have.
    unsure : list of DataFrame
        Rows that corrections took out because nobody knows which organization they are about: its name is open still.
    eventless : list of DataFrame
        Rows of sheets of who came that do not say at which event.
    matrices : set of str
        Files in which events are columns.
    """

    def __init__(self) -> None:
        self.log, self.aside, self.read, self.arrivals, self.notices, self.unsure = [], [], [], [], [], []
        self.given: dict[str, set[str]] = {}
        self.eventless, self.matrices = [], set()

    def changed(self, rows: pd.DataFrame, table: str, column, old, new, **line) -> None:
        """One line of the log for each of these rows: a response was changed, unless ``change_type`` says otherwise."""
        if len(rows):
            line = {"change_type": "change_response", "column": column, "old_value": old, "new_value": new} | line
            places = as_text(rows.reindex(columns=[*ROW, "record_id", WHEN]))
            self.log.append(places.assign(table=table, lines=1, record_id=id_of(places["record_id"]), **line))

    def noted(self, rows: pd.DataFrame, table: str, column: str, old, new="", **line) -> None:
        """One line of the log for each of these rows, which stay as they are."""
        self.changed(rows, table, column, old, new, change_type="no_action", **line)

    def set_aside(self, rows: pd.DataFrame, table: str, column: str, value, *, reason, scope="row", **line) -> None:
        """Rows, or values of them (``scope="value"``), that could not be used."""
        if len(rows):
            about = {"table": table, "scope": scope, "column": column, "value": value, "reason": reason}
            places = as_text(rows[[*ROW, "record_id"]])
            self.aside.append(places.assign(record_id=id_of(places["record_id"]), **about))
            change_type = "remove_survey" if scope == "row" else "blank_response"
            self.changed(rows, table, column, value, "", change_type=change_type, reason=reason, **line)

    def changed_alike(self, rows: pd.DataFrame, table: str, column: str, old, new: Mapping, **line) -> None:
        """A change made wherever a text stands in a file: one line for each file and text, without a row."""
        if len(rows):
            lines = counted(rows[["source", WHEN]].assign(old_value=old), "lines")
            line |= {"table": table, "sheet": "", "column": column, "change_type": "change_response"}
            self.log.append(lines.assign(new_value=looked_up(lines["old_value"], new, TEXT), **line))

    def cleaning_log(self) -> pd.DataFrame:
        """Every change in the field's columns; where no row is given, it was made wherever the old value stands."""
        lines = _stacked(self.log, (*LOG, "table", "lines"))
        alike = lines["row"].isna() & (lines["change_type"] != "add_survey")
        if alike.any():  # quarters do not show in the log
            by = [name for name in lines if name != "lines"]
            once = lines[alike].groupby(by, dropna=False, sort=False, as_index=False)["lines"].sum()
            once["notes"] = [f"{count} cells" for count in once["lines"]]
            lines = pd.concat([once, lines[~alike]], ignore_index=True)
        return ordered(lines[list(LOG)], [*ROW, "column", "old_value", "check"]).reset_index(drop=True)

    def all_set_aside(self) -> pd.DataFrame:
        """Rows and values, also those of a row that is set aside itself, as the log and the pages count them."""
        return ordered(_stacked(self.aside, ASIDE), [*ROW, "column"]).reset_index(drop=True)

    def row_counts(self, cleaned: dict[str, pd.DataFrame]) -> pd.DataFrame:
        """Rows read, kept and set aside, by file, table and quarter: kept + set aside = read."""
        by = ["source", "table", WHEN]
        read = pd.concat(self.read, ignore_index=True).groupby([*by, "_kind"])["rows"].sum().reset_index()
        kept = [counted(rows[["source", WHEN]], "kept").assign(table=table) for table, rows in cleaned.items()]
        read = read.merge(pd.concat(kept), on=by, how="left").fillna({"kept": 0}).astype({"kept": "int64"})
        read["set_aside"] = read["rows"] - read["kept"]
        return read.rename(columns={WHEN: "quarter", "_kind": "kind", "rows": "read"})[list(COUNTS)]

    def check_counts(self) -> pd.DataFrame:
        """How many lines of the log each check wrote, by file, table and quarter."""
        lines = _stacked(self.log, ("source", "table", WHEN, "check", "column", "change_type", "lines"))
        counts = lines.rename(columns={WHEN: "quarter", "lines": "rows"}).groupby(list(CHECKS[:-1]), sort=True)
        return counts["rows"].sum().reset_index()

    def arrival_counts(self) -> pd.DataFrame:
        """Days from a fact to its submission, by file, table and quarter."""
        if not self.arrivals:
            return pd.DataFrame(columns=list(ARRIVALS))
        days = pd.concat(self.arrivals, ignore_index=True).groupby(["source", "table", WHEN], sort=True)["days"]
        counts = days.agg(rows="size", median_days="median", most_days="max").assign(p90_days=days.quantile(0.9))
        return counts.reset_index().rename(columns={WHEN: "quarter"})[list(ARRIVALS)]


def _stacked(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return as_list(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(), columns)


def as_list(lines: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """A list for people: these columns, of text that is "" where nothing is said, and of numbers."""
    lines = lines.reindex(columns=list(columns))
    texts = {name: lines[name].astype("str").fillna("") for name in columns if name not in NUMBERS}
    return lines.assign(**texts).astype({name: dtype for name, dtype in NUMBERS.items() if name in columns})


def mark_of(*line: str) -> str:
    """What tells a decision or a correction from every other, in few letters that say nothing of it."""
    return hashlib.sha256("\n".join(line).encode("utf-8")).hexdigest()[:10]


def own_lines(path: Path, columns: tuple[str, ...], needed: tuple[str, ...]) -> pd.DataFrame:
    """The lines of a CSV that an evaluator keeps beside the raw files, blank being ""; none where it is not there.

    Parameters
    ----------
    path : Path
    columns : tuple of str
        Those that it may have.
    needed : tuple of str
        Those that it must have.

    Raises
    ------
    DataError
        A needed column is missing, or a merge left its marks.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(columns), dtype="str")
    if conflict := _CONFLICT.search(path.read_bytes()):
        row = path.read_bytes()[: conflict.start()].count(b"\n") + 1
        raise DataError(message("conflict", file=path.name, row=row, mark=conflict[0].decode()))
    lines = next(iter(read(path, kind="sheet", expect=columns).tables.values()))
    if missing := [name for name in needed if name not in lines]:
        raise DataError(f"{path.name}: found no column {', '.join(missing)}; expected {', '.join(columns)}.")
    return from_spreadsheets(lines.reindex(columns=list(columns)).astype("str").fillna(""))

"""``data/raw/corrections.csv``: lines of the cleaning log that an evaluator adds or approves, applied before checking.

A line says what stands where and what should stand there instead. One that finds something else stops the run: the raw
data has changed since it was written.
"""

from functools import reduce
from pathlib import Path

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning.record import ASIDE, LOG, ON_ROSTER, Record, id_of, mark_of, own_lines, shown
from konbit_lessons.field.declared import nearest
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import ANSWERED, CORRECTIONS, Programme, Source
from konbit_lessons.field.values import as_text, composed, encoded
from konbit_lessons.publish import for_spreadsheets, published

CHANGES = ("change_response", "blank_response", "remove_survey", "add_survey", "no_action")
NO_VALUE = {"remove_survey": "takes the row out", "no_action": "leaves it as it is"}
CHECK = "correction"
ASIDE_LIST = "set_aside.csv"


def load(programme: Programme) -> pd.DataFrame:
    """Read and check ``corrections.csv`` in the folder of raw data.

    Returns
    -------
    DataFrame of str
        In the columns of the cleaning log; blank is "". The index is the row in the file; empty where there is none.

    Raises
    ------
    DataError
        A column is missing, a change is of no known type, a row to be taken out has a new value, a line is about a
        file that no source reads, or two lines contradict one another.
    """
    lines = _written(programme, ("source", "column", "old_value", "new_value", "change_type"))
    known = {place for one in programme.sources for place in programme.places_of(one)}
    for line in lines.itertuples():
        if line.change_type not in CHANGES:
            raise DataError(message("change_type", line=line, known=", ".join(CHANGES)))
        if line.change_type in NO_VALUE and line.new_value:
            raise DataError(message("no_value", line=line, does=NO_VALUE[line.change_type]))
        if line.change_type != "no_action" and line.source not in known:
            near, expected = nearest(line.source, known, 0.5), ", ".join(sorted(known))
            raise DataError(message("no_source", line=line, near=near, known=expected))
    place, filled = list(LOG[:6]), lines[lines["change_type"] == "change_response"]
    filled = filled.drop_duplicates([*place, "new_value"])
    for (*_, old), two in filled[filled.duplicated(place, keep=False)].groupby(place):
        first, other = (f'{one.where} says "{one.new_value}"' for one in two[:2].itertuples())
        raise DataError(f'{other} of the cell with "{old}", but {first}. Correct one of the two.')
    return lines[lines["change_type"] != "no_action"]


def left_as_it_is(programme: Programme) -> pd.DataFrame:
    """Places of values that were decided to stay set aside: ``source``, ``sheet``, ``row``, ``column``, ``value``."""
    lines = _written(programme)
    lines = lines[lines["change_type"] == "no_action"].rename(columns={"old_value": "value"})
    return lines[["source", "sheet", "row", "column", "value"]]


def _written(programme: Programme, needed: tuple[str, ...] = LOG[:1]) -> pd.DataFrame:
    """All lines of an evaluator, of ``corrections.csv`` and of the list of what was set aside."""
    own = _placed(own_lines(programme.raw / CORRECTIONS, LOG, needed), CORRECTIONS)
    lines = pd.concat([own, _answered(programme)]).apply(composed).astype("str")
    return lines[[mark not in programme.undone for mark in _marks(lines)]] if programme.undone else lines


def marks(programme: Programme) -> list[str]:
    """What tells each line of an evaluator from others, wherever it stands."""
    return _marks(_written(programme))


def _marks(lines: pd.DataFrame) -> list[str]:
    return [mark_of(*line) for line in lines[list(LOG[:8])].itertuples(index=False)]


def _answered(programme: Programme) -> pd.DataFrame:
    """What was filled in beside what was set aside: the ledger beside the raw data, and the list since then.

    In the columns of the cleaning log; a decision is a change type, and beside a new value it may be blank.
    """
    kept = own_lines(programme.raw / ANSWERED, LOG, LOG[:1])
    typed = own_lines(programme.processed / ASIDE_LIST, ASIDE, ASIDE[:1])
    typed = typed[(typed["new_value"] != "") | (typed["decision"] != "")]
    change = typed["decision"].mask(typed["decision"] == "", "change_response")
    unsaid = dict.fromkeys(("check", "reason", "initials", "notes"), "")
    typed = typed.rename(columns={"value": "old_value"}).assign(change_type=change, **unsaid)
    return pd.concat([_placed(kept, ANSWERED), _placed(typed, ASIDE_LIST)]).drop_duplicates(list(LOG))


def ledger(programme: Programme) -> str:
    """What was filled in beside what was set aside, as it is kept; "" where nothing was."""
    lines = _answered(programme)[list(LOG)].astype("str")
    return for_spreadsheets(lines).to_csv(index=False, lineterminator="\n") if len(lines) else ""


def remember(programme: Programme) -> list[Path]:
    """Move it to the ledger beside the raw data, before the list of what was set aside is written anew."""
    text = ledger(programme)
    return [published(programme.raw / ANSWERED, text.encode("utf-8-sig"))] if text else []


def _placed(lines: pd.DataFrame, name: str) -> pd.DataFrame:
    return lines.assign(where=[f"{name}, row {row}" for row in lines.index])


def corrected(text: pd.DataFrame, lines: pd.DataFrame, way) -> tuple[pd.DataFrame, pd.Series, dict[str, pd.Series]]:
    """Apply the lines about one source to its rows of text.

    Each line is about what stands in the file; one that does not fit there is about what the others made of it.

    Parameters
    ----------
    text : DataFrame of str
        As :func:`konbit_lessons.field.cleaning.conversion.read_source` gives it, with ``record_id`` and the quarter.
    lines : DataFrame
        Of :func:`load`, those about the files of the source.
    way : Conversion
        Of the source; its record takes one line of the log for each cell or row changed.

    Returns
    -------
    text : DataFrame of str
        With values changed and rows added.
    removed : Series of bool
        Rows to set aside, already on record.
    blanked : dict of str to Series of bool
        By column, the cells that were made blank, whatever a blank cell means in this source.

    Raises
    ------
    DataError
        Lines that find no such row, or another value than the old one; all are listed.
    """
    removed, blanked, source, record = pd.Series(False, index=text.index), {}, way.source, way.record
    if lines.empty:
        return text, removed, blanked
    names = text.columns[text.dtypes == "category"]
    text = text.astype(dict.fromkeys(names, "object"))  # cells of text are set one by one
    adds = lines["change_type"] == "add_survey"
    # what is said of every such value before what is said of one row; a cell is blanked before it is filled
    of_one_row = lines[["row", "record_id"]].ne("").any(axis="columns")
    order = lines.assign(one=of_one_row, fills=lines["change_type"] == "change_response")[~adds]
    pending = list(order.sort_values(["one", "fills"], kind="stable")[[*LOG, "where"]].itertuples())
    while pending:
        before, wrong = _Places(text, way), {}
        for line in pending:
            try:
                found = before.of(line)
            except LookupError as error:
                wrong[line] = f"{line.where}: {error}"
                continue
            if found is None:
                record.notices.append(message("done_by_now", line=line))
            elif line.change_type == "remove_survey":
                removed[found], rows = True, text.loc[found]
                if line.check == ON_ROSTER:
                    record.unsure.append(rows.assign(table=source.table, typed=rows["organization_id"]))
                about = _said(line, "taken out by corrections.csv")
                record.set_aside(rows, source.table, line.column, line.old_value, **about)
            else:
                column = _column(text, line.column, line, source)
                text.loc[found, column] = line.new_value or None
                blanked.setdefault(column, pd.Series(False, index=text.index))[found] = line.new_value == ""
                about = _said(line, "as corrections.csv says") | {"change_type": line.change_type}
                record.changed(text.loc[found], source.table, column, line.old_value, line.new_value, **about)
        if len(wrong) == len(pending):
            raise DataError("\n".join([*wrong.values(), message("raw_changed")]))
        pending = list(wrong)
    if adds.any():
        text = pd.concat([text, _added(lines[adds], text, source, record)], ignore_index=True)
    text = text.assign(**{name: encoded(text[name]) for name in names})
    blanked = {name: cells.reindex(text.index, fill_value=False) for name, cells in blanked.items()}
    return text, removed.reindex(text.index, fill_value=False), blanked


class _Places:
    """Rows of text as they stand, to be found by the place that a line names."""

    def __init__(self, text: pd.DataFrame, way) -> None:
        text = text.assign(record_id=id_of(text["record_id"]))
        self._text = as_text(text.astype("str").apply(composed)).fillna("")
        self._source, self._schema, self._meaning = way.source, way.schema, way.meaning
        columns = {"": "source", "row": ["source", "row"], "raw": ["source", "_raw_id"], "id": ["source", "record_id"]}
        self._rows = {by: self._text.groupby(column).groups for by, column in columns.items()}

    def of(self, line) -> pd.Index | None:
        """The rows that a line is about; None where the new value stands there already.

        Raises
        ------
        LookupError
            There is none, or another value stands there.
        """
        here = self._text.loc[self._at(line)]
        if line.sheet:
            here = here[here["sheet"] == line.sheet]
        where = ", ".join(filter(None, [line.source, line.sheet, f"row {line.row}" if line.row else line.record_id]))
        if here.empty:
            raise LookupError(f"there is no {where}")
        names = [line.column]
        if line.change_type == "remove_survey":
            names = shown(line.column, self._schema) if line.column else []
            if not names:
                return here.index
        parts = (here[_column(here, name, line, self._source)] for name in names)
        stands = reduce(lambda one, other: one + " · " + other, parts)
        same = self._are(stands, line.old_value, names)
        if line.change_type == "change_response" and not same.any() and self._are(stands, line.new_value, names).any():
            return None
        one_place = (line.row or line.record_id) and len(here[["sheet", "row"]].drop_duplicates()) > 1
        if not same.any() or (one_place and not same.all()):  # in one row of a file may stand several records
            raise LookupError(message("other_value", found=stands[~same].iloc[0], where=where, line=line))
        return here.index[same]

    def _are(self, stands: pd.Series, text: str, names: list[str]) -> pd.Series:
        """Whether a text, or what it means, stands there."""
        same = stands == text
        if same.any() or len(names) != 1 or not text:
            return same
        name = _column(self._text, names[0], None, self._source)
        *found, meant = self._meaning(name, [*stands, text]) if name in self._schema.columns else [*stands, text]
        return pd.Series([one == meant for one in found], stands.index, dtype="bool")

    def _at(self, line) -> list[int]:
        """By the id where it is there once; else by the row, which must have that id."""
        by_id = [at for by in ("raw", "id") for at in self._rows[by].get((line.source, line.record_id), ())]
        by_id = dict.fromkeys(by_id) if line.record_id else {}
        of_row = list(self._rows["row"].get((line.source, line.row), ()))
        if len(by_id) == 1 or not line.row:
            return list(by_id) if line.record_id else list(self._rows[""].get(line.source, ()))
        if of_row and line.record_id and not by_id:
            raise LookupError(f"row {line.row} of {line.source} is another record than {line.record_id}, which is gone")
        return [at for at in of_row if at in by_id] if by_id else of_row


def _column(text: pd.DataFrame, name: str, line, source: Source) -> str:
    """The column of the table that a line names, by its own name or by its header in the file."""
    column = name if name in text else {header: one for one, header in source.headers.items()}.get(name, "")
    if column not in text:
        raise LookupError(f'there is no column "{name}" in {line.source}')
    return column


def _added(lines: pd.DataFrame, text: pd.DataFrame, source: Source, record: Record) -> pd.DataFrame:
    """New rows: the lines with one record_id of a file make one."""
    rows = []
    for (file, name), one in lines.groupby(["source", "record_id"], sort=True):
        row = source.constants(file.rsplit("/", 1)[-1])
        for line in one.itertuples():
            try:
                row[_column(text, line.column, line, source)] = line.new_value or None
            except LookupError as why:
                raise DataError(f"{line.where}: {why}. Correct the line, or take it out.") from why
        rows.append(row | {"source": CORRECTIONS, "sheet": "", "row": one.index[0], "_raw_id": name, "_kind": "sheet"})
    about = {name: lines[name] for name in ("reason", "initials", "notes")} | {"change_type": "add_survey"}
    places = lines[["source", "sheet", "record_id"]]
    record.changed(places, source.table, lines["column"], "", lines["new_value"], check=CHECK, **about)
    return pd.DataFrame(rows).reindex(columns=text.columns).astype(text.dtypes)


def _said(line, usual: str) -> dict[str, str]:
    """What a line of the log says of a correction, with the usual reason where it gives none."""
    return {"check": CHECK, "reason": line.reason or usual, "initials": line.initials, "notes": line.notes}

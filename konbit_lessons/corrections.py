"""``data/raw/corrections.csv``: lines of the cleaning log that an evaluator adds or approves, applied before checking.

A line says what stands where and what should stand there instead. One that finds something else stops the run: the raw
data has changed since it was written.
"""

from dataclasses import dataclass

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.programme import CORRECTIONS as FILE
from konbit_lessons.programme import Programme, Source
from konbit_lessons.record import LOG, ROW, Record
from konbit_lessons.sources import read
from konbit_lessons.texts import as_text, composed, encoded

CHANGES = ("change_response", "blank_response", "remove_survey", "add_survey", "no_action")
CHECK = "correction"


@dataclass(frozen=True)
class Corrections:
    """The lines of the file; empty where there is none.

    Attributes
    ----------
    lines : DataFrame of str
        In the columns of the cleaning log; blank is "". The index is the row in the file.
    """

    lines: pd.DataFrame

    def of(self, source: Source, programme: Programme) -> pd.DataFrame:
        """The lines about the files of one source."""
        return self.lines[self.lines["source"].isin(programme.places_of(source))]


def load(programme: Programme) -> Corrections:
    """Read and check ``corrections.csv`` in the folder of raw data.

    Raises
    ------
    DataError
        A column is missing, a change is of no known type, or a line is about a file that no source reads.
    """
    path = programme.raw / FILE
    if not path.is_file():
        return Corrections(pd.DataFrame({name: pd.array([], dtype="str") for name in LOG}))
    lines = next(iter(read(path, kind="sheet", expect=LOG).tables.values()))
    missing = [name for name in ("source", "column", "old_value", "new_value", "change_type") if name not in lines]
    if missing:
        raise DataError(
            f"{FILE}: found no column {', '.join(missing)}; expected the columns of cleaning_log.csv: {', '.join(LOG)}."
        )
    lines = lines.reindex(columns=list(LOG)).astype("str").fillna("").apply(composed).astype("str")
    known = {place for one in programme.sources for place in programme.places_of(one)}
    for line in lines.itertuples():
        if line.change_type not in CHANGES:
            raise DataError(
                f'{FILE}, row {line.Index}, column "change_type": found "{line.change_type}"; '
                f"expected one of {', '.join(CHANGES)}."
            )
        if line.change_type != "no_action" and line.source not in known:
            raise DataError(
                f'{FILE}, row {line.Index}, column "source": found "{line.source}", which no [[source]] reads. '
                f"Expected one of {', '.join(sorted(known))}. Correct the line, or take it out."
            )
    return Corrections(lines[lines["change_type"] != "no_action"])


def corrected(
    text: pd.DataFrame, lines: pd.DataFrame, source: Source, record: Record
) -> tuple[pd.DataFrame, pd.Series]:
    """Apply the lines about one source to its rows of text.

    Parameters
    ----------
    text : DataFrame of str
        As :func:`konbit_lessons.reading.read_source` gives it, with ``record_id`` and the quarter.
    lines : DataFrame
        :meth:`Corrections.of` the source.
    source : Source
    record : Record
        Takes one line of the log for each cell or row changed.

    Returns
    -------
    text : DataFrame of str
        With values changed and rows added.
    removed : Series of bool
        Rows to set aside, already on record.

    Raises
    ------
    DataError
        Lines that find no such row, or another value than the old one; all are listed.
    """
    removed = pd.Series(False, index=text.index)
    if lines.empty:
        return text, removed
    names = text.columns[text.dtypes == "category"]
    text, wrong = as_text(text), []
    before = text.copy()
    places = text[list(ROW)].astype("str")
    for line in lines[lines["change_type"] != "add_survey"].itertuples():
        try:
            found = _rows(before, places, line, source)
            if line.change_type == "remove_survey":
                removed |= found
                _remove(text[found], line, source.table, record)
            else:
                column = _column(text, line, source)
                text.loc[found, column] = line.new_value or None
                record.changed(text[found], table=source.table, column=column, **_said(line))
        except LookupError as error:
            wrong.append(f"{FILE}, row {line.Index}: {error}")
    if wrong:
        raise DataError(
            "\n".join(wrong)
            + "\nThe raw data is not what it was when this was written: correct the line, or take it out."
        )
    added = lines[lines["change_type"] == "add_survey"]
    if len(added):
        text = pd.concat([text, _added(added, text, source, record)], ignore_index=True)
    text = text.assign(**{name: encoded(text[name]) for name in names})
    return text, removed.reindex(text.index, fill_value=False)


def _rows(text: pd.DataFrame, places: pd.DataFrame, line, source: Source) -> pd.Series:
    here = places["source"].eq(line.source)
    if line.sheet:
        here &= places["sheet"].eq(line.sheet)
    if line.record_id and text["_raw_id"].eq(line.record_id).any():
        here &= text["_raw_id"].eq(line.record_id)
    elif line.row:
        here &= places["row"].eq(line.row)
    where = ", ".join(filter(None, [line.source, line.sheet, f"row {line.row}" if line.row else line.record_id]))
    if not here.any():
        raise LookupError(f"there is no {where}")
    if line.change_type == "remove_survey" and line.column not in text:
        return here
    column = _column(text, line, source)
    stands = composed(text[column]).astype("str").fillna("")
    same = here & stands.eq(line.old_value)
    of_one_row = line.row or line.record_id
    if not same.any() or (of_one_row and not same.equals(here)):
        found = stands[here & ~same].iloc[0] if (here & ~same).any() else ""
        raise LookupError(f'found "{found}" in {where}, column "{column}"; the line expects "{line.old_value}"')
    return same


def _column(text: pd.DataFrame, line, source: Source) -> str:
    """The column of the table that a line names, by its own name or by its header in the file."""
    by_header = {header: column for column, header in source.columns.items()}
    column = line.column if line.column in text else by_header.get(line.column, "")
    if column not in text:
        raise LookupError(f'there is no column "{line.column}" in {line.source}')
    return column


def _remove(rows: pd.DataFrame, line, table: str, record: Record) -> None:
    about = _said(line) | {"column": line.column, "value": line.old_value}
    del about["old_value"], about["new_value"], about["change_type"]
    record.set_aside(
        rows, table=table, scope="row", **about | {"reason": line.reason or "taken out by corrections.csv"}
    )


def _added(lines: pd.DataFrame, text: pd.DataFrame, source: Source, record: Record) -> pd.DataFrame:
    """New rows: the lines with one record_id of a file make one."""
    rows = []
    for (file, name), one in lines.groupby(["source", "record_id"], sort=True):
        values = {_column(text, line, source): line.new_value or None for line in one.itertuples()}
        rows.append(source.constants(file.rsplit("/", 1)[-1]) | values)
        rows[-1] |= {"source": FILE, "sheet": "", "row": one.index[0], "_raw_id": name, "_kind": "sheet"}
    added = pd.DataFrame(rows).reindex(columns=text.columns)
    added = added.astype({name: text[name].dtype for name in added})
    record.changed(added, table=source.table, column="", change_type="add_survey", check=CHECK)
    return added


def _said(line) -> dict[str, str]:
    about = {name: getattr(line, name) for name in ("old_value", "new_value", "change_type", "initials", "notes")}
    return about | {"check": CHECK, "reason": line.reason or "as corrections.csv says"}

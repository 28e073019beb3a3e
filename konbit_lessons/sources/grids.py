"""A file → grids of text: the sheets of a workbook, or the one grid of a CSV. No cell is interpreted here.

A date cell becomes ``2016-06-11``, a number cell its shortest form, a blank cell None; text stays as typed. Row numbers
are those a person sees in a spreadsheet.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import python_calamine

from konbit_lessons.errors import SourceError

SEPARATORS = (",", ";", "\t", "|")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
csv.field_size_limit(10_000_000)


@dataclass
class Grid:
    """One sheet: ``rows[i]`` are the cells of spreadsheet row ``first_row + i``."""

    title: str
    rows: list[list[str | None]]
    first_row: int = 1
    notices: list[str] = field(default_factory=list)


def read_grids(path: Path) -> tuple[list[Grid], list[str]]:
    """Visible sheets of a workbook, or the rows of a delimited text file, and what a reader should know.

    Returns
    -------
    grids : list of Grid
    notices : list of str
        Hidden sheets left out, an encoding that had to be assumed, and the like.

    Raises
    ------
    SourceError
        The file is neither, or a row has more cells than the header.
    """
    if path.suffix.lower() in WORKBOOKS:
        return _read_workbook(path)
    return _read_delimited(path)


def _read_workbook(path: Path) -> tuple[list[Grid], list[str]]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError) as error:
        raise SourceError(f"{path.name}: cannot be opened as a workbook ({error}). Save it as .xlsx again.") from error
    grids, notices = [], []
    with workbook:
        for sheet in workbook.sheets_metadata:
            if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
                notices.append(f'hidden sheet "{sheet.name}" was not read')
            elif sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
                content = workbook.get_sheet_by_name(sheet.name)
                rows = [[_cell_text(cell) for cell in row] for row in content.to_python(skip_empty_area=False)]
                grids.append(Grid(sheet.name, rows))
    return grids, notices


def _cell_text(cell: object) -> str | None:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return None if cell is None else str(cell)


def _read_delimited(path: Path) -> tuple[list[Grid], list[str]]:
    text, notices = _decode(path)
    separator = _separator(text)
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    while records and not any(cell.strip() for cell in records[-1]):
        records.pop()
    if not records:
        raise SourceError(f"{path.name}: the file holds no rows. Export it again.")
    width = len(records[0])
    for number, record in enumerate(records, start=1):
        if len(record) > width and any(cell.strip() for cell in record[width:]):
            raise SourceError(
                f"{path.name}, row {number}: found {len(record)} cells; the header has {width}. "
                f'A text that holds "{separator}" must stand in quotes: correct that row, or export it again.'
            )
        if record and len(record) < width:
            notices.append(f"row {number} has {len(record)} of {width} cells; the rest is taken as blank")
    rows = [[cell if cell.strip() else None for cell in record[:width]] for record in records]
    return [Grid("", [row + [None] * (width - len(row)) for row in rows])], notices


def _decode(path: Path) -> tuple[str, list[str]]:
    """BOM, then strict UTF-8, then cp1252 with a notice. A detector is not used: short French misleads it."""
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16"), []
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    if b"\x00" in content:
        raise SourceError(f"{path.name}: this is not text, nor a workbook by its name. Expected .csv, .txt, .xlsx.")
    try:
        return content.decode("cp1252"), ["not UTF-8; read as cp1252 (Windows)"]
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name}: neither UTF-8 nor cp1252 ({error}). Save it as CSV UTF-8.") from error


def _separator(text: str) -> str:
    """The separator that splits most records into as many cells as the first, and into more than one."""
    sample = text[:200_000]

    def quality(separator: str) -> tuple[float, int]:
        records = [record for record in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if record]
        if not records or len(records[0]) < 2:
            return (0.0, 0)
        widths = [len(record) for record in records]
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return max(SEPARATORS, key=quality)

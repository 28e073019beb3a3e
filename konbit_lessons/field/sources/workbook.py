"""A workbook → its visible sheets as grids of text.

A date cell becomes ``2016-06-11``, a number cell its shortest form, a blank cell missing, an error cell what it shows.
Hidden rows and columns are read, and said; hidden sheets are not, and said.
"""

import io
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO

import python_calamine

from konbit_lessons.field.sources.grids import Grid, grid_of
from konbit_lessons.field.sources.guard import refuse
from konbit_lessons.field.sources.workbook_parts import Sheet, address, is_zip, letters_of, look

_KEPT_DIGITS = 10**15  # a number cell keeps 15
_NAMED = 3  # places named in a notice before it says "and more"
_NO_ZIP = bytes(1 << 17)  # a zip ends no further than 65,557 bytes from the end of a file


def read(path: Path) -> tuple[list[Grid], list[str]]:
    """Visible sheets, and which were left out."""
    epoch, seen = look(path)
    try:
        return _read(path, epoch, seen)
    except (python_calamine.CalamineError, OSError) as error:
        refuse(path, f"it cannot be opened as a workbook ({error}). Save it as .xlsx again.")
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a reader written in Rust raises is no Exception
            raise
        refuse(path, f"it is not built as a workbook should be ({error}). Save it as .xlsx again.")


def _read(path: Path, epoch: str, seen: list[Sheet]) -> tuple[list[Grid], list[str]]:
    grids, notices = [], []
    with _opened(path) as file, python_calamine.CalamineWorkbook.from_filelike(file) as workbook:
        if len(seen) != len(workbook.sheets_metadata):
            refuse(path, f"it lists {len(workbook.sheets_metadata)} sheets and holds {len(seen)}. Save it again.")
        for at, sheet in enumerate(workbook.sheets_metadata):
            if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
                notices.append(f'hidden sheet "{sheet.name}" was not read')
            elif sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
                if seen[at].uncalculated:
                    refuse(
                        path,
                        f'sheet "{sheet.name}", cell {seen[at].uncalculated} holds a formula that was never '
                        "calculated. Open it in Excel or LibreOffice, save it, and read it again.",
                    )
                grids.append(_grid(workbook.get_sheet_by_name(sheet.name), seen[at], epoch))
    return grids, notices


def _opened(path: Path) -> BinaryIO:
    """What calamine reads: where an XLS is damaged it would go on to a zip inside it, which nobody has looked at."""
    return path.open("rb") if is_zip(path) else io.BytesIO(path.read_bytes() + _NO_ZIP)


def _grid(sheet: python_calamine.CalamineSheet, seen: Sheet, epoch: str) -> Grid:
    content = sheet.to_python(skip_empty_area=False)
    height, width = len(content), len(content[0]) if content else 0
    long = [
        address(row, column)
        for row, cells in enumerate(content, start=1)
        for column, cell in enumerate(cells, start=1)
        if type(cell) in (int, float) and abs(cell) >= _KEPT_DIGITS
    ]
    rows = [[_text(cell) for cell in row] for row in content]
    for (row, column), shown in seen.errors.items():
        if row <= height and column <= width:
            rows[row - 1][column - 1] = shown
    notices = [
        f'sheet "{sheet.name}": hidden {what} were read too: {_listed(places)}'
        for what, places in (
            ("rows", [_span(first, last, str) for first, last in _joined(seen.hidden_rows, height)]),
            ("columns", [_span(first, last, letters_of) for first, last in _joined(seen.hidden_columns, width)]),
        )
        if places
    ]
    if long:
        notices.append(
            f'sheet "{sheet.name}": numbers of 16 or more digits stand in {_listed(long)}; a workbook keeps 15 digits, '
            "so the last may be wrong"
        )
    merged = tuple(
        (top + 1, left, min(bottom + 1, height), min(right, width - 1))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
        if top < height and left < width
    )
    return grid_of(sheet.name, rows, epoch=epoch, merged=merged, notices=tuple(notices))


def _joined(spans: list[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    """Spans that follow each other as one, as far as the sheet is in use."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if first > end:
            break
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], min(last, end)))
        else:
            joined.append((first, min(last, end)))
    return joined


def _span(first: int, last: int, name: type[str]) -> str:
    return name(first) if first == last else f"{name(first)} to {name(last)}"


def _listed(places: list[str]) -> str:
    more = len(places) - _NAMED
    return f"{', '.join(places[:_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _text(cell: object) -> str | None:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e22 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return None if cell is None else str(cell)

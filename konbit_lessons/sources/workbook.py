"""A workbook → its visible sheets as grids of text.

A date cell becomes ``2016-06-11``, a number cell its shortest form, a blank cell missing.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import python_calamine

from konbit_lessons.errors import SourceError
from konbit_lessons.sources.grids import Grid, grid_of

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")


def read(path: Path) -> tuple[list[Grid], list[str]]:
    """Visible sheets, and which were left out."""
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
                rows = [[_text(cell) for cell in row] for row in content.to_python(skip_empty_area=False)]
                grids.append(grid_of(sheet.name, rows, epoch="1900"))
    return grids, notices


def _text(cell: object) -> str | None:
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

"""A workbook → its visible sheets as grids of text.

A date cell becomes ``2016-06-11``, a number cell its shortest form, a blank cell missing, an error cell what it shows.
Hidden rows and columns are read, and said; hidden sheets are not, and said.
"""

from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from konbit_lessons.field.sources.guard import refuse, refuse_if
from konbit_lessons.field.sources.raw import Grid, Grids, grid_of, listed, text_of
from konbit_lessons.field.sources.workbook_parts import Sheet, look, opened

_KEPT_DIGITS = 10**15  # a number cell keeps 15


def read(path: Path) -> Grids:
    """Visible sheets, and which were left out.

    Raises
    ------
    SourceError
        It is no workbook that is read; or a formula in it was never calculated.
    """
    epoch, seen = look(path)
    try:
        with opened(path) as file, CalamineWorkbook.from_filelike(file) as workbook:
            return _read(path, workbook, epoch, seen)
    except (CalamineError, OSError) as error:
        refuse(path, f"it cannot be opened as a workbook ({error}). Save it as .xlsx again.")
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a reader written in Rust raises is no Exception
            raise
        refuse(path, f"it is not built as a workbook should be ({error}). Save it as .xlsx again.")


def _read(path: Path, workbook: CalamineWorkbook, epoch: str, seen: list[Sheet]) -> Grids:
    grids, notices, listed = [], [], workbook.sheets_metadata
    refuse_if(len(seen) != len(listed), path, f"it lists {len(listed)} sheets and holds {len(seen)}. Save it again.")
    for about, sheet in zip(listed, seen, strict=True):
        if about.visible != SheetVisibleEnum.Visible:
            notices.append(f'hidden sheet "{about.name}" was not read')
        elif about.typ == SheetTypeEnum.WorkSheet:
            told = f'sheet "{about.name}", cell {sheet.uncalculated} holds a formula that was never calculated. '
            advice = "Open it in Excel or LibreOffice, save it, and read it again."
            refuse_if(bool(sheet.uncalculated), path, told + advice)
            grids.append(_grid(workbook.get_sheet_by_name(about.name), sheet, epoch))
    return grids, notices


def _grid(sheet: CalamineSheet, seen: Sheet, epoch: str) -> Grid:
    content = sheet.to_python(skip_empty_area=False)
    height, width = len(content), len(content[0]) if content else 0
    rows = [[text_of(cell) for cell in row] for row in content]
    for (row, column), shown in seen.errors.items():
        if row <= height and column <= width:
            rows[row - 1][column - 1] = shown
    merged = tuple(
        (top + 1, left, min(bottom + 1, height), min(right, width - 1))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
        if top < height and left < width
    )
    told = _hidden("rows", seen.hidden_rows, height, str)
    told += _hidden("columns", seen.hidden_columns, width, lambda column: xl_col_to_name(column - 1))
    notices = tuple(f'sheet "{sheet.name}": {one}' for one in told + _too_long(content))
    return grid_of(sheet.name, rows, epoch=epoch, merged=merged, notices=notices)


def _hidden(what: str, spans: list[tuple[int, int]], end: int, name: Callable[[int], str]) -> list[str]:
    """Hidden rows or columns, as far as the sheet is in use; those that follow each other as one."""
    hidden = sorted({at for first, last in spans for at in range(first, min(last, end) + 1)})
    runs = [[at for _, at in run] for _, run in groupby(enumerate(hidden), key=lambda one: one[1] - one[0])]
    places = [name(run[0]) if len(run) == 1 else f"{name(run[0])} to {name(run[-1])}" for run in runs]
    return [f"hidden {what} were read too: {listed(places)}"] if places else []


def _too_long(content: list[list]) -> list[str]:
    long, told = [], "a workbook keeps 15 digits, so the last may be wrong"
    for row, cells in enumerate(content):
        numbers = [column for column, cell in enumerate(cells) if type(cell) in (int, float)]
        long += [xl_rowcol_to_cell(row, column) for column in numbers if abs(cells[column]) >= _KEPT_DIGITS]
    return [f"numbers of 16 or more digits stand in {listed(long)}; {told}"] if long else []

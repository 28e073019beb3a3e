"""What an ODS workbook says before it is read: a few bytes in it can repeat a cell a million times."""

import zipfile
from collections import deque
from pathlib import Path

from xlsxwriter.utility import xl_rowcol_to_cell

from konbit_lessons.field.sources.workbook_parts import SHOWN, Sheet, Tags, blocks, check_size

_VALUES = ("office:value", "office:string-value", "office:date-value", "office:time-value", "office:boolean-value")
_COUNTED = (*_VALUES, "table:formula")
_CELLS = ("table:table-cell", "table:covered-table-cell")


def look(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch, which is of no use (a date is not a number there), and the sheets in order.

    Raises
    ------
    SourceError
        A part is not what it declares, or a sheet would unfold to more than is read.
    """
    cells = _Cells()
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            content = blocks(archive, member)
            if member.filename.lower() == "content.xml":
                cells.read(path, member.filename, content)
            deque(content, maxlen=0)
    for number, sheet in enumerate(cells.sheets[1:], start=1):
        check_size(path, f"sheet {number}", sheet, cells.text)
    return "1900", cells.sheets[1:]


class _Cells(Tags):
    """The extent of the cells of each table, repeats unfolded."""

    row = rows = column = columns = used = cells = length = text_of_row = text = 0
    is_formula, shown = False, ""

    def __init__(self) -> None:
        self.sheets = [Sheet()]  # the first stands for what is outside any table

    def _start(self, name: str, about: dict[str, str]) -> None:
        if name == "table:table":
            self.sheets.append(Sheet())
            self.row = 0
        elif name == "table:table-row":
            self.rows = int(about.get("table:number-rows-repeated", 1))
            self.column = self.used = self.cells = self.text_of_row = 0
            if about.get("table:visibility", "visible") != "visible":
                self.sheets[-1].hidden_rows.append((self.row + 1, self.row + self.rows))
        elif name in _CELLS:
            self.columns = int(about.get("table:number-columns-repeated", 1))
            self.length = sum(len(about.get(one, "")) for one in _COUNTED)
            self.is_formula, self.shown = "table:formula" in about, ""
            if self.is_formula and "office:value-type" not in about and not self.sheets[-1].uncalculated:
                self.sheets[-1].uncalculated = xl_rowcol_to_cell(self.row, self.column)

    def _data(self, characters: str) -> None:
        self.length, self.shown = self.length + len(characters), (self.shown + characters[:SHOWN])[:SHOWN]

    def _end(self, name: str) -> None:
        if name in _CELLS:
            if self.is_formula and self.shown.startswith(("#", "Err:")):
                self.sheets[-1].errors[self.row + 1, self.column + 1] = self.shown
            self.column += self.columns
            if self.length:
                self.used, self.cells = self.column, self.cells + self.columns
                self.text_of_row += self.length * self.columns
            self.length = 0
        elif name == "table:table-row":
            self.row += self.rows
            if self.used:
                self.sheets[-1].add(self.row, self.used, self.cells * self.rows)
                self.text += self.text_of_row * self.rows

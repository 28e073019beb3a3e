"""What an old workbook (.xls) says before it is read, by its records; hidden rows and formulas without a value are not
looked for."""

import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import olefile

from konbit_lessons.field.sources.guard import refuse, refuse_if
from konbit_lessons.field.sources.raw import WORDS
from konbit_lessons.field.sources.workbook_parts import Sheet

_START, _END, _TITLE, _DATES, _PASSWORD, _DIMENSIONS = 0x809, 0x0A, 0x85, 0x22, 0x2F, 0x200
_ROW_OF_NUMBERS, _ERROR, _FORMULA = 0xBD, 0x205, 0x06
_BIFF_8, _CODE_PAGE = b"\x09\x08\x10\x00\x00\x06", re.compile(rb"(?<=\x42\x00\x02\x00)[\xe2-\xea]\x04")  # 1250 to 1258
_UNICODE = b"\xb0\x04"
_NO_ZIP = bytes(1 << 17)  # a zip ends no further than 65,557 bytes from the end of a file
_CELLS = {0x203, 0x204, 0xD6, 0x27E, 0xFD, _ROW_OF_NUMBERS, _ERROR, _FORMULA}


def look(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch of a workbook, and its sheets in order.

    Raises
    ------
    SourceError
        It is damaged, a sheet would unfold to more than is read, or a password protects it.
    """
    epoch, sheets, sheet, depth = "1900", {}, Sheet(), 0
    for at, kind, record in _records(path):
        refuse_if(kind == _PASSWORD, path, "a password protects it. Take the password off in Excel, and save it.")
        if kind == _DATES and record[:1] == b"\1":
            epoch = "1904"
        elif kind == _TITLE:
            sheets[int.from_bytes(record[:4], "little")] = Sheet()
        elif kind in (_START, _END):
            depth += 1 if kind == _START else -1
            sheet = sheets.get(at, sheet)
        elif kind == _DIMENSIONS and len(record) >= 14:
            first, last, left, right = struct.unpack_from("<IIHH", record)
            holds = first <= last <= 65_536 and left <= right <= 256
            told = f"it announces {last:,} rows × {right:,} columns, more than XLS has. Save it as .xlsx."
            refuse_if(not holds, path, told)
        elif kind in _CELLS and depth == 1 and len(record) >= 6:  # deeper is a chart
            _add(sheet, kind, record)
    for number, sheet in enumerate(sheets.values(), start=1):
        sheet.check(path, f"sheet {number}")
    return epoch, list(sheets.values())


def opened(path: Path) -> BinaryIO:
    """What calamine reads of a workbook: its code page is that of its texts, and no zip can stand behind it.

    Some programs name the code page of Windows where texts are Unicode; and where an XLS is damaged, calamine would go
    on to a zip inside it, which nobody has looked at.
    """
    content = path.read_bytes()
    content = _CODE_PAGE.sub(_UNICODE, content) if _BIFF_8 in content else content
    return io.BytesIO(content + _NO_ZIP)


def _records(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Place, kind and content of each record."""
    try:
        with olefile.OleFileIO(path) as file:
            records = file.openstream("Workbook" if file.exists("Workbook") else "Book").read()
    except (OSError, ValueError, IndexError, struct.error):
        refuse(path, "this is not an XLS workbook, or it is damaged. Open it in Excel, and save it as .xlsx.")
    at = 0
    while at + 4 <= len(records):
        kind, length = struct.unpack_from("<HH", records, at)
        yield at, kind, records[at + 4 : at + 4 + length]
        at += 4 + length


def _add(sheet: Sheet, kind: int, record: bytes) -> None:
    row, column = struct.unpack_from("<HH", record)
    last = struct.unpack_from("<H", record, len(record) - 2)[0] if kind == _ROW_OF_NUMBERS else column
    sheet.add(row + 1, last + 1, last - column + 1)
    code = record[6:7] if kind == _ERROR and record[7:8] == b"\1" else None
    if kind == _FORMULA and record[6:7] == b"\2" and record[12:14] == b"\xff\xff":
        code = record[8:9]
    if code:
        sheet.errors[row + 1, column + 1] = WORDS["xls_errors"].get(str(code[0]), "#ERROR!")

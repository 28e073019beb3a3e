"""What an old workbook (.xls) says before it is read, record by record; and what a reader gets of it."""

import io
import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import olefile

from konbit_lessons.field.sources.formats import Formats, shown
from konbit_lessons.field.sources.guard import refuse, refuse_if
from konbit_lessons.field.sources.raw import WORDS
from konbit_lessons.field.sources.workbook_parts import Sheet

_START, _END, _TITLE, _DATES, _PASSWORD, _DIMENSIONS = 0x809, 0x0A, 0x85, 0x22, 0x2F, 0x200
_ROW_OF_NUMBERS, _ERROR, _FORMULA = 0xBD, 0x205, 0x06
_BIFF_8, _CODE_PAGE = b"\x09\x08\x10\x00\x00\x06", re.compile(rb"(?<=\x42\x00\x02\x00)[\xe2-\xea]\x04")  # 1250 to 1258
_NO_ZIP = bytes(1 << 17)  # a zip ends no further than 65,557 bytes from the end of a file
_FORMAT, _STYLE, _NUMBER, _SHORT, _FONT, _STRUCK = 0x41E, 0xE0, 0x203, 0x27E, 0x31, 8
_CELLS = {0x203, 0x204, 0xD6, 0x27E, 0xFD, _ROW_OF_NUMBERS, _ERROR, _FORMULA}


def look(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch of a workbook, ``"1900"`` or ``"1904"``, and its sheets.

    Hidden rows and formulas without a value are not looked for.

    Raises
    ------
    SourceError
        It is damaged, announces or holds more than is read, or a password protects it.
    """
    epoch, sheets, sheet, depth, formats, fonts = "1900", {}, Sheet(), 0, Formats(), 0
    rows: dict[tuple[int, int], list[bool]] = defaultdict(list)  # of a sheet → which of its cells are struck through
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
            sheet.errors |= _codes(kind, record, formats)
            styles = [int.from_bytes(cell[:2], "little") for cell in _cells_in(kind, record)]
            rows[id(sheet), int.from_bytes(record[:2], "little") + 1] += map(formats.is_struck, styles)
        elif kind == _FORMAT and len(record) > 5:
            formats.know(record[:2], record[5:].decode("utf-16-le" if record[4] & 1 else "latin-1", "replace"))
        elif kind == _STYLE:
            font = int.from_bytes(record[:2], "little") + 1
            formats.use(record[2:4], font - (font > 5))  # the fifth is left out
        elif kind == _FONT and len(record) > 2:
            fonts += 1
            formats.struck |= {("fonts", fonts)} if record[2] & _STRUCK else set()
    for number, one in enumerate(sheets.values(), start=1):
        one.check(path, f"sheet {number}")
        one.struck += [row for (of, row), cells in rows.items() if of == id(one) and 2 * sum(cells) >= len(cells)]
    return epoch, list(sheets.values())


def _codes(kind: int, record: bytes, formats: Formats) -> dict[tuple[int, int], str]:
    """Row and column of the numbers that a format of zeros shows as codes, and what it shows."""
    if not formats.of_style or kind not in (_NUMBER, _SHORT, _ROW_OF_NUMBERS):
        return {}
    row, column = struct.unpack_from("<HH", record)
    found = {}
    for at, cell in enumerate(_cells_in(kind, record), start=column + 1):
        value = struct.unpack_from("<d", cell, 2)[0] if kind == _NUMBER else _of_short(cell[2:6])
        form = formats.of_style.get(str(int.from_bytes(cell[:2], "little")))
        if form and value >= 0 and value.is_integer():
            found[row + 1, at] = shown(form, str(int(value)))
    return found


def _cells_in(kind: int, record: bytes) -> list[bytes]:
    """Style and value of each cell of a record."""
    return [record[4:]] if kind != _ROW_OF_NUMBERS else [record[at : at + 6] for at in range(4, len(record) - 2, 6)]


def _of_short(four: bytes) -> float:
    """A number of four bytes: whole, or the first half of a double; perhaps a hundred times as large."""
    bits = int.from_bytes(four, "little")
    whole = float(struct.unpack("<i", four)[0] >> 2)
    value = whole if bits & 2 else struct.unpack("<d", bytes(4) + (bits & ~3).to_bytes(4, "little"))[0]
    return value / 100 if bits & 1 else value


def opened(path: Path) -> BinaryIO:
    """What calamine reads of a workbook: of an old one, its code page is that of its texts, and no zip is behind it.

    Some programs name the code page of Windows where texts are Unicode; and where an XLS is damaged, calamine would go
    on to a zip inside it, which nobody has looked at.
    """
    content = path.read_bytes()
    content = _CODE_PAGE.sub(b"\xb0\x04", content) if _BIFF_8 in content else content
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

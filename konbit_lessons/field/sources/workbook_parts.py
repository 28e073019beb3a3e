"""What a workbook says before it is read: how large a table it would unfold to, and what calamine leaves out.

Hidden rows and columns, formulas that were never calculated, and the day that dates are counted from stand in the XML
alone. XLSX is searched block by block; only where cells are written unusually, or are suspiciously far apart, is it
parsed cell by cell. ODS is always parsed: a few bytes can repeat a cell a million times.
"""

import html
import posixpath
import re
import struct
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
import olefile

from konbit_lessons.field.sources.guard import chunks, refuse
from konbit_lessons.field.sources.starts import container_of

MOST_CELLS = 40_000_000  # in the used range of one sheet
SPARSE_CELLS, SPARSE_TIMES = 4_000_000, 25  # a larger range must hold a value in one of so many cells
MOST_TEXT = 1_500_000_000  # bytes in all cells of a sheet
_BLOCK, _LONGEST_TEXT = 1 << 22, 1 << 24
_PREFIX = rb"<(?:[\w.-]+:)?"
_PREFIXED = re.compile(rb"<[\w.-]+:c[\s/>]")
_NAME_ENDS = np.frombuffer(b" />\t\r\n", np.uint8)
_ATTRIBUTE = re.compile(rb"""(?<![\w:.-])(?:[\w.-]+:)?([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["']|us-ascii["'])""", re.IGNORECASE)
_HIDDEN = re.compile(_PREFIX + rb"""(row|col)\s([^<>]*\bhidden\s*=\s*["'](?:1|true)["'][^<>]*)>""")
_TEXT_END = re.compile(rb"</(?:[\w.-]+:)?si\s*>|" + _PREFIX + rb"si(?:\s[^<>]*)?/>")
_NUMBER = re.compile(rb"<v>([0-9]{1,9})</v>")
_FORMULA = _PREFIX + rb"f(?:[\s/][^<>]*)?(?:(?<=/)>|(?<!/)>[^<]*</(?:[\w.-]+:)?f>)\s*"
_ERROR = re.compile(
    _PREFIX + rb"""c\s([^<>]*\bt=["']e["'][^<>]*)>\s*(?:""" + _FORMULA + rb")?" + _PREFIX + rb"v>([^<]*)<"
)
_UNCALCULATED = re.compile(
    _PREFIX + rb"c\s([^<>]*)>\s*" + _FORMULA + rb"(<(?:[\w.-]+:)?v\s*(?:/>|>\s*</(?:[\w.-]+:)?v>))?\s*</(?:[\w.-]+:)?c>"
)
_ODS_VALUES = ("office:value", "office:string-value", "office:date-value", "office:time-value", "office:boolean-value")
_XLS_START, _XLS_END, _XLS_TITLE, _XLS_DATES, _XLS_PASSWORD, _XLS_DIMENSIONS = 0x809, 0x0A, 0x85, 0x22, 0x2F, 0x200
_XLS_ROW_OF_NUMBERS, _XLS_ERROR, _XLS_FORMULA = 0xBD, 0x205, 0x06
_XLS_CELLS = {0x203, 0x204, 0xD6, 0x27E, 0xFD, _XLS_ROW_OF_NUMBERS, _XLS_ERROR, _XLS_FORMULA}
_XLS_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_ODS_CELLS = ("table:table-cell", "table:covered-table-cell")


@dataclass
class Sheet:
    """What was seen in the XML of one sheet.

    Attributes
    ----------
    rows, columns, cells : int
        Last row and column in use, and how many cells may hold something.
    hidden_rows, hidden_columns : list of (int, int)
        First and last, from 1.
    uncalculated : str
        Address of the first formula without a value; "" where there is none.
    errors : dict of (int, int) to str
        Row and column, from 1 → what the cell shows, such as ``#DIV/0!``; calamine gives a blank for it.
    """

    rows: int = 0
    columns: int = 0
    cells: int = 0
    hidden_rows: list[tuple[int, int]] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    uncalculated: str = ""
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def look(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch of a workbook, ``"1900"`` or ``"1904"``, and its sheets in order.

    Raises
    ------
    SourceError
        A part is not what it declares, a sheet would unfold to more than is read, or a password protects it.
    """
    if not is_zip(path):
        return _look_at_xls(path)
    with zipfile.ZipFile(path) as archive:
        is_ods = "content.xml" in archive.namelist()
    return _look_at_ods(path) if is_ods else _look_at_xlsx(path)


def is_zip(path: Path) -> bool:
    """Whether it starts as one: an XLS may hold a whole zip, such as a theme."""
    with path.open("rb") as file:
        return container_of(file.read(8)) == "zip"


def _look_at_xlsx(path: Path) -> tuple[str, list[Sheet]]:
    with zipfile.ZipFile(path) as archive:
        texts = [member for member in archive.infolist() if member.filename.lower().endswith("sharedstrings.xml")]
        lengths = np.concatenate([np.zeros(0, np.int64), *(_text_lengths(archive, member) for member in texts)])
        others = [member for member in archive.infolist() if member not in texts]
        seen = {member.filename.lower(): _look_at_part(archive, member, lengths) for member in others}
        book = next(iter(_targets(archive, "", "_rels/.rels", kind="officeDocument").values()), "xl/workbook.xml")
        folder, name = posixpath.split(book)
        places = _targets(archive, folder, f"{folder}/_rels/{name}.rels")
        content = _whole(archive, book)
    titles = [_attributes(tag) for tag in re.findall(_PREFIX + rb"sheet\s([^<>]*)>", content)]
    late = re.search(_PREFIX + rb"""workbookPr\s[^<>]*\bdate1904\s*=\s*["'](?:1|true)""", content)
    return "1904" if late else "1900", [seen.get(places.get(one.get("id", ""), ""), Sheet()) for one in titles]


def _look_at_xls(path: Path) -> tuple[str, list[Sheet]]:
    """From the records; hidden rows and formulas without a value are not looked for."""
    try:
        with olefile.OleFileIO(path) as file:
            records = file.openstream("Workbook" if file.exists("Workbook") else "Book").read()
    except (OSError, ValueError, IndexError, struct.error):
        refuse(path, "this is not an XLS workbook, or it is damaged. Open it in Excel, and save it as .xlsx.")
    epoch, sheets, sheet, depth, at = "1900", {}, Sheet(), 0, 0
    while at + 4 <= len(records):
        kind, length = struct.unpack_from("<HH", records, at)
        start, record, at = at, records[at + 4 : at + 4 + length], at + 4 + length
        if kind == _XLS_PASSWORD:
            refuse(path, "a password protects it. Open it in Excel, take the password off, and save it.")
        if kind == _XLS_DATES and record[:1] == b"\1":
            epoch = "1904"
        elif kind == _XLS_TITLE:
            sheets[int.from_bytes(record[:4], "little")] = Sheet()
        elif kind in (_XLS_START, _XLS_END):
            depth += 1 if kind == _XLS_START else -1
            sheet = sheets.get(start, sheet)
        elif kind == _XLS_DIMENSIONS and len(record) >= 14:
            first, last, left, right = struct.unpack_from("<IIHH", record)
            if not (first <= last <= 65_536 and left <= right <= 256):
                refuse(path, f"it announces {last:,} rows × {right:,} columns, more than XLS has. Save it as .xlsx.")
        elif kind in _XLS_CELLS and depth == 1 and len(record) >= 6:  # deeper is a chart
            row, column = struct.unpack_from("<HH", record)
            last = struct.unpack_from("<H", record, len(record) - 2)[0] if kind == _XLS_ROW_OF_NUMBERS else column
            sheet.rows, sheet.columns = max(sheet.rows, row + 1), max(sheet.columns, last + 1)
            sheet.cells += last - column + 1
            code = record[6:7] if kind == _XLS_ERROR and record[7:8] == b"\1" else None
            if kind == _XLS_FORMULA and record[6:7] == b"\2" and record[12:14] == b"\xff\xff":
                code = record[8:9]
            if code:
                sheet.errors[row + 1, column + 1] = _XLS_ERRORS.get(code[0], "#ERROR!")
    for number, sheet in enumerate(sheets.values(), start=1):
        _check_size(path, f"sheet {number}", sheet, 0)
    return epoch, list(sheets.values())


def _look_at_ods(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch is of no use: a date is not a number there."""
    cells = _CellsOfOds()
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            blocks = _blocks(archive, member)
            if member.filename.lower() == "content.xml":
                _parse(path, member.filename, cells, blocks)
            else:
                deque(blocks, maxlen=0)
    sheets = cells.sheets[1:]
    for number, sheet in enumerate(sheets, start=1):
        _check_size(path, f"sheet {number}", sheet, cells.text)
    return "1900", sheets


def address(row: int, column: int) -> str:
    """What a spreadsheet calls a cell.

    Examples
    --------
    >>> address(7, 28)
    'AB7'
    """
    return f"{letters_of(column)}{row}"


def _place(cell: str) -> tuple[int, int]:
    """Row and column of an address; ``_place("AB7")`` is (7, 28)."""
    letters, column = cell.rstrip("0123456789").upper(), 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(cell[len(letters) :]), column


def letters_of(column: int) -> str:
    """What a spreadsheet calls a column, counted from 1."""
    letters = ""
    while column:
        column, last = divmod(column - 1, 26)
        letters = chr(ord("A") + last) + letters
    return letters


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part in pieces that end behind a row, or at least behind a tag; XML is in UTF-8 and without a DOCTYPE."""
    path, is_xml, rest = Path(archive.filename), member.filename.lower().endswith((".xml", ".rels")), b""
    for number, chunk in enumerate(chunks(archive, member)):
        if number == 0 and is_xml and (b"\0" in chunk or _ENCODING.match(chunk)):
            refuse(path, f"{member.filename} is not written in UTF-8; refused. Save it again, or ask for a new export.")
        rest += chunk
        if b"<!DOCTYPE" in rest:
            refuse(path, f"{member.filename} declares a DOCTYPE; refused. Ask for a new export.")
        end = next((mark for mark in (b"row>", b"/c>", b">") if mark in rest), b"")
        cut = rest.rfind(end) + len(end) if end else 0
        if len(rest) - cut > _LONGEST_TEXT:
            refuse(path, f"{member.filename} holds one text of {len(rest):,} bytes; refused. Ask for a new export.")
        yield rest[:cut]
        rest = rest[cut:]
    yield rest


def _look_at_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo, lengths: np.ndarray) -> Sheet:
    sheet, usual, is_sheet = Sheet(), True, False
    for block in _blocks(archive, member):
        is_sheet = is_sheet or b"sheetData" in block
        if not is_sheet:
            continue
        extent = _extent(block)
        if extent:
            sheet.rows, sheet.columns = max(sheet.rows, extent[0]), max(sheet.columns, extent[1])
            sheet.cells += extent[2]
        usual = usual and extent is not None
        if b"hidden" in block:
            _add_hidden(sheet, block)
        if b't="e"' in block or b"t='e'" in block:
            _add_errors(sheet, block)
        if not sheet.uncalculated and (not extent or extent[3]):
            sheet.uncalculated = _uncalculated(block)
    if not usual or _is_large(sheet) or _most_text(archive, member, sheet, lengths) > MOST_TEXT:
        cells = _CellsOfXlsx(lengths)
        _parse(Path(archive.filename), member.filename, cells, _blocks(archive, member))
        sheet.rows, sheet.columns, sheet.cells = cells.rows, cells.columns, cells.cells
        _check_size(Path(archive.filename), member.filename, sheet, cells.text)
    return sheet


def _extent(block: bytes) -> tuple[int, int, int, bool] | None:
    """Last row and column among the cells of a block, how many there are, and whether any may be a formula.

    None where a cell is not written ``<c r="B7"``.
    """
    text = np.frombuffer(block + bytes(16), np.uint8)
    tags, colons = np.flatnonzero(text == ord("<")), np.flatnonzero(text == ord(":"))

    def named(at: np.ndarray, letter: str) -> np.ndarray:
        at = at[text[at + 1] == ord(letter)]
        return at[np.isin(text[at + 2], _NAME_ENDS)]

    if len(named(colons, "c")) and _PREFIXED.search(block):
        return None
    at, formulas = named(tags, "c"), len(named(tags, "f")) + len(named(colons, "f"))
    if not all((text[at + place] == ord(letter)).all() for place, letter in enumerate(' r="', start=2)):
        return None
    rows, columns, inside = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64), np.ones(len(at), bool)
    for place in range(6, 17):
        letter = text[at + place]
        inside = inside & (letter != ord('"'))
        is_letter = (letter >= ord("A")) & (letter <= ord("Z"))
        if (inside & ~is_letter & ~((letter >= ord("0")) & (letter <= ord("9")))).any():
            return None
        columns = np.where(inside & is_letter, columns * 26 + letter - 64, columns)
        rows = np.where(inside & ~is_letter, rows * 10 + letter - 48, rows)
    return None if inside.any() else (int(rows.max(initial=0)), int(columns.max(initial=0)), len(at), formulas > 0)


def _text_lengths(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Bytes of each shared text, its tags included."""
    path, ends, before = Path(archive.filename), [np.zeros(1, np.int64)], 0
    for block in _blocks(archive, member):
        announced = re.search(rb"""uniqueCount\s*=\s*["']([0-9]{1,20})""", block) if b"uniqueCount" in block else None
        if announced and int(announced[1]) > member.file_size:
            refuse(path, f"{member.filename} announces {int(announced[1]):,} texts; refused. Ask for a new export.")
        ends.append(before + np.array([end.end() for end in _TEXT_END.finditer(block)], np.int64))
        before += len(block)
    lengths = np.diff(np.concatenate(ends))
    if len(lengths) > MOST_CELLS:
        refuse(path, f"{member.filename} holds {len(lengths):,} texts; at most {MOST_CELLS:,} are read.")
    return lengths


def _most_text(archive: zipfile.ZipFile, member: zipfile.ZipInfo, sheet: Sheet, lengths: np.ndarray) -> int:
    """No fewer bytes than the shared texts of a sheet unfold to: every number is taken for the place of a text."""
    most = sheet.cells * int(lengths.max(initial=0))
    if most <= MOST_TEXT:
        return most
    most = 0
    for block in _blocks(archive, member):
        at = np.array(_NUMBER.findall(block), "S9").astype(np.int64)
        if block.count(b"<v") > len(at):
            return MOST_TEXT + 1
        most += int(lengths[at[at < len(lengths)]].sum())
    return most


def _is_large(sheet: Sheet) -> bool:
    size = sheet.rows * sheet.columns
    return size > MOST_CELLS or size > max(SPARSE_CELLS, SPARSE_TIMES * sheet.cells)


def _check_size(path: Path, where: str, sheet: Sheet, text: int) -> None:
    if _is_large(sheet):
        refuse(
            path,
            f"{where} spreads {sheet.cells:,} values over {sheet.rows:,} rows × {sheet.columns:,} columns; at most "
            f"{MOST_CELLS:,} cells are read, and {SPARSE_CELLS:,} where few hold a value. Delete stray cells far from "
            "the table, and save; or split the table.",
        )
    if text > MOST_TEXT:
        refuse(path, f"{where} unfolds to {text:,} bytes of text; refused. Ask for a new export.")


def _add_hidden(sheet: Sheet, block: bytes) -> None:
    for kind, tag in _HIDDEN.findall(block):
        about = _attributes(tag)
        ends = [about.get(name, "") for name in (("r", "r") if kind == b"row" else ("min", "max"))]
        if all(re.fullmatch("[0-9]{1,7}", end) for end in ends):
            (sheet.hidden_rows if kind == b"row" else sheet.hidden_columns).append((int(ends[0]), int(ends[1])))


def _add_errors(sheet: Sheet, block: bytes) -> None:
    for tag, shown in _ERROR.findall(block):
        cell = _attributes(tag).get("r", "")
        if re.fullmatch("[A-Z]{1,3}[0-9]{1,7}", cell):
            sheet.errors[_place(cell)] = shown.decode(errors="replace")


def _uncalculated(block: bytes) -> str:
    for tag, value in _UNCALCULATED.findall(block):
        about = _attributes(tag)
        if not (value and about.get("t") == "str"):  # a formula that gives an empty text has a value, and it is empty
            return about.get("r", "?")
    return ""


def _attributes(tag: bytes) -> dict[str, str]:
    """Names without prefix."""
    found = (
        (name.decode(), (double or single).decode(errors="replace")) for name, double, single in _ATTRIBUTE.findall(tag)
    )
    return {name: html.unescape(value) for name, value in found}


def _targets(archive: zipfile.ZipFile, folder: str, part: str, *, kind: str = "") -> dict[str, str]:
    """Relationship id → part, in lower case; only of the kind that ends the type, where one is given."""
    tags = re.findall(_PREFIX + rb"Relationship\s([^<>]*)>", _whole(archive, part))
    about = [one for one in map(_attributes, tags) if kind in ("", one.get("Type", "").rpartition("/")[2])]
    places = {one.get("Id", ""): posixpath.join("/", folder, one.get("Target", "")) for one in about}
    return {name: posixpath.normpath(place).lstrip("/").lower() for name, place in places.items()}


def _whole(archive: zipfile.ZipFile, part: str) -> bytes:
    """A small part; nothing where it is absent."""
    named = [member for member in archive.infolist() if member.filename.lower() == part.lower()]
    return b"".join(block for member in named for block in _blocks(archive, member))


class _CellsOfXlsx:
    """The exact extent of the cells that hold a value, placed as calamine does."""

    def __init__(self, lengths: np.ndarray) -> None:
        self.rows = self.columns = self.cells = self.text = 0
        self.lengths, self.row, self.column, self.place, self.is_shared = lengths, 1, 1, (1, 1), False
        self.value, self.length = None, 0

    def start(self, name: str, about: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row" and "r" in about:
            self.row = int(about["r"])
        elif name == "c":
            self.place = _place(about["r"]) if "r" in about else (self.row, self.column)
            self.column, self.is_shared = self.place[1] + 1, about.get("t") == "s"
        self.value, self.length = ("" if name in ("v", "t") else None), 0

    def data(self, characters: str) -> None:
        if self.value is not None:
            self.value, self.length = (self.value + characters[:20])[:20], self.length + len(characters)

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] == "row":
            self.row, self.column = self.row + 1, 1
        elif self.value:
            self.rows, self.columns = max(self.rows, self.place[0]), max(self.columns, self.place[1])
            self.cells += 1
            at = int(self.value) if self.is_shared and self.value.isdecimal() else len(self.lengths)
            self.text += int(self.lengths[at]) if at < len(self.lengths) else self.length
        self.value = None


class _CellsOfOds:
    """The extent of the cells of each table, repeats unfolded."""

    def __init__(self) -> None:
        self.sheets, self.text = [Sheet()], 0  # the first stands for what is outside any table
        self.row = self.column = self.rows = self.columns = self.length = 0
        self.used = self.cells = self.text_of_row = 0
        self.is_formula, self.shown = False, ""

    def start(self, name: str, about: dict[str, str]) -> None:
        if name == "table:table":
            self.sheets.append(Sheet())
            self.row = 0
        elif name == "table:table-row":
            self.rows = int(about.get("table:number-rows-repeated", 1))
            self.column = self.used = self.cells = self.text_of_row = 0
            if about.get("table:visibility", "visible") != "visible":
                self.sheets[-1].hidden_rows.append((self.row + 1, self.row + self.rows))
        elif name in _ODS_CELLS:
            self.columns = int(about.get("table:number-columns-repeated", 1))
            self.length = sum(len(about.get(one, "")) for one in (*_ODS_VALUES, "table:formula"))
            self.is_formula, self.shown = "table:formula" in about, ""
            if self.is_formula and "office:value-type" not in about:
                self.sheets[-1].uncalculated = self.sheets[-1].uncalculated or address(self.row + 1, self.column + 1)

    def data(self, characters: str) -> None:
        self.length, self.shown = self.length + len(characters), (self.shown + characters[:20])[:20]

    def end(self, name: str) -> None:
        if name in _ODS_CELLS:
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
                sheet = self.sheets[-1]
                sheet.rows, sheet.columns = self.row, max(sheet.columns, self.used)
                sheet.cells += self.cells * self.rows
                self.text += self.text_of_row * self.rows


def _parse(path: Path, where: str, cells: _CellsOfXlsx | _CellsOfOds, blocks: Iterable[bytes]) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = cells.start, cells.data
    parser.EndElementHandler = cells.end
    try:
        for block in blocks:
            parser.Parse(block)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        refuse(path, f"{where} is not what a workbook holds ({error}). Save it again, or ask for a new export.")

"""What an XLSX workbook says before it is read: the extent of its sheets, and what stands in their XML alone.

A sheet is searched block by block; only where cells are written unusually, or are suspiciously far apart, is it parsed
cell by cell.
"""

import posixpath
import re
import string
import zipfile
from functools import reduce
from pathlib import Path

import numpy as np

from konbit_lessons.field.sources import workbook_parts as parts
from konbit_lessons.field.sources.guard import refuse_if
from konbit_lessons.field.sources.workbook_parts import PREFIX, SHOWN, Sheet, attributes, blocks

_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"')
_OTHER_CELL, _PREFIXED_CELL = re.compile(rb"<c[>/\t\r\n]"), re.compile(rb"<[\w.-]+:c[\s/>]")
_LETTERS, _DIGITS = string.ascii_uppercase.encode(), string.digits.encode()
_HIDDEN = re.compile(PREFIX + rb"""(row|col)\s([^<>]*\bhidden\s*=\s*["'](?:1|true)["'][^<>]*)>""")
_TEXT_END = re.compile(rb"</(?:[\w.-]+:)?si\s*>|" + PREFIX + rb"si(?:\s[^<>]*)?/>")
_ANNOUNCED = re.compile(rb"""uniqueCount\s*=\s*["']([0-9]{1,20})""")
_FORMULA = PREFIX + rb"f(?:[\s/][^<>]*)?(?:(?<=/)>|(?<!/)>[^<]*</(?:[\w.-]+:)?f>)\s*"
_ERROR = re.compile(
    PREFIX + rb"""c\s([^<>]*\bt=["']e["'][^<>]*)>\s*(?:""" + _FORMULA + rb")?" + PREFIX + rb"v>([^<]*)<"
)
_UNCALCULATED = re.compile(
    PREFIX + rb"c\s([^<>]*)>\s*" + _FORMULA + rb"(<(?:[\w.-]+:)?v\s*(?:/>|>\s*</(?:[\w.-]+:)?v>))?\s*</(?:[\w.-]+:)?c>"
)


def look(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch of a workbook, and its sheets in order.

    Raises
    ------
    SourceError
        A part is not what it declares, or a sheet would unfold to more than is read.
    """
    with zipfile.ZipFile(path) as archive:
        texts = [member for member in archive.infolist() if member.filename.lower().endswith("sharedstrings.xml")]
        lengths = np.concatenate([np.zeros(1, np.int64), *(_text_lengths(archive, member) for member in texts)])
        others = [member for member in archive.infolist() if member not in texts]
        seen = {member.filename.lower(): _sheet(archive, member, lengths[1:]) for member in others}
        book = next(iter(_targets(archive, "", "_rels/.rels", kind="officeDocument").values()), "xl/workbook.xml")
        folder, name = posixpath.split(book)
        places = _targets(archive, folder, f"{folder}/_rels/{name}.rels")
        content = _whole(archive, book)
    titles = [attributes(tag) for tag in re.findall(PREFIX + rb"sheet\s([^<>]*)>", content)]
    late = re.search(PREFIX + rb"""workbookPr\s[^<>]*\bdate1904\s*=\s*["'](?:1|true)""", content)
    return "1904" if late else "1900", [seen.get(places.get(one.get("id", ""), ""), Sheet()) for one in titles]


def _targets(archive: zipfile.ZipFile, folder: str, part: str, *, kind: str = "") -> dict[str, str]:
    """Relationship id → part, in lower case; only of the kind that ends the type, where one is given."""
    tags = map(attributes, re.findall(PREFIX + rb"Relationship\s([^<>]*)>", _whole(archive, part)))
    about = [one for one in tags if kind in ("", one.get("Type", "").rpartition("/")[2])]
    places = {one.get("Id", ""): posixpath.join("/", folder, one.get("Target", "")) for one in about}
    return {name: posixpath.normpath(place).lstrip("/").lower() for name, place in places.items()}


def _whole(archive: zipfile.ZipFile, part: str) -> bytes:
    """A small part; nothing where it is absent."""
    named = [member for member in archive.infolist() if member.filename.lower() == part.lower()]
    return b"".join(block for member in named for block in blocks(archive, member))


def _text_lengths(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Bytes of each shared text, its tags included."""
    path, name, ends, before = Path(archive.filename), member.filename, [np.zeros(1, np.int64)], 0
    for block in blocks(archive, member):
        for count in map(int, _ANNOUNCED.findall(block) if b"uniqueCount" in block else ()):
            refuse_if(count > member.file_size, path, f"{name} announces {count:,} texts; refused. Export it again.")
        ends.append(before + np.array([end.end() for end in _TEXT_END.finditer(block)], np.int64))
        before += len(block)
    lengths, most = np.diff(np.concatenate(ends)), parts.MOST_CELLS
    refuse_if(len(lengths) > most, path, f"{name} holds {len(lengths):,} texts; at most {most:,} are read.")
    return lengths


def _sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo, lengths: np.ndarray) -> Sheet:
    """What a part shows of a sheet, if it is one."""
    sheet, is_usual, is_sheet = Sheet(), True, False
    for block in blocks(archive, member):
        is_sheet = is_sheet or b"sheetData" in block
        if is_sheet:
            is_usual = _add_cells(sheet, block) and is_usual
            _add_hidden(sheet, block)
            _add_errors(sheet, block)
            sheet.uncalculated = sheet.uncalculated or _uncalculated(block)
    if not is_usual or sheet.is_large or sheet.cells * lengths.max(initial=0) > parts.MOST_TEXT:
        path, cells = Path(archive.filename), _Cells(sheet, lengths)
        cells.read(path, member.filename, blocks(archive, member))
        parts.check_size(path, member.filename, sheet, cells.text)
    return sheet


def _add_cells(sheet: Sheet, block: bytes) -> bool:
    """Whether all cells are written ``<c r="B7"``, as most programs do."""
    found = _CELL.findall(block)
    if found:
        addresses = b" ".join(found)
        rows = np.fromstring(addresses.translate(None, _LETTERS), np.int64, sep=" ")
        columns = set(addresses.translate(None, _DIGITS).split())
        sheet.add(int(rows.max()), max(_column(letters.decode()) for letters in columns), len(found))
    is_prefixed = b":c" in block and _PREFIXED_CELL.search(block)
    return len(found) == block.count(b"<c ") and not is_prefixed and not _OTHER_CELL.search(block)


def _add_hidden(sheet: Sheet, block: bytes) -> None:
    for kind, tag in _HIDDEN.findall(block) if b"hidden" in block else ():
        about, spans = attributes(tag), sheet.hidden_rows if kind == b"row" else sheet.hidden_columns
        first, last = (about.get("r" if kind == b"row" else end, "") for end in ("min", "max"))
        if re.fullmatch("[0-9]{1,7}-[0-9]{1,7}", f"{first}-{last}"):
            spans.append((int(first), int(last)))


def _add_errors(sheet: Sheet, block: bytes) -> None:
    for tag, shown in _ERROR.findall(block) if b't="e"' in block or b"t='e'" in block else ():
        cell = attributes(tag).get("r", "")
        if re.fullmatch("[A-Z]{1,3}[0-9]{1,7}", cell):
            sheet.errors[_place(cell)] = shown.decode(errors="replace")


def _uncalculated(block: bytes) -> str:
    """Where the first formula without a value stands."""
    for tag, value in _UNCALCULATED.findall(block) if b"<f" in block or b":f" in block else ():
        about = attributes(tag)
        if not (value and about.get("t") == "str"):  # a formula that gives an empty text has a value, and it is empty
            return about.get("r", "?")
    return ""


def _place(cell: str) -> tuple[int, int]:
    """Row and column of an address, however far away; ``_place("AB7")`` is (7, 28)."""
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]), _column(letters.upper())


def _column(letters: str) -> int:
    return reduce(lambda column, letter: column * 26 + ord(letter) - 64, letters, 0)


class _Cells(parts.Tags):
    """The exact extent of the cells that hold a value, placed as calamine does."""

    def __init__(self, sheet: Sheet, lengths: np.ndarray) -> None:
        sheet.rows = sheet.columns = sheet.cells = 0
        self.sheet, self.text, self.lengths = sheet, 0, lengths
        self.row, self.place, self.is_shared, self.value, self.length = 1, (1, 0), False, None, 0

    def _start(self, name: str, about: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self.row = int(about.get("r", self.row))
        elif name == "c":
            self.place = _place(about["r"]) if "r" in about else (self.row, self.place[1] + 1)
            self.is_shared = about.get("t") == "s"
        self.value, self.length = ("" if name in ("v", "t") else None), 0

    def _data(self, characters: str) -> None:
        if self.value is not None:
            self.value = (self.value + characters[:SHOWN])[:SHOWN]
            self.length += len(characters)

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] == "row":
            self.row, self.place = self.row + 1, (self.row + 1, 0)
        elif self.value:
            self.sheet.add(*self.place)
            at = int(self.value) if self.is_shared and self.value.isdecimal() else len(self.lengths)
            self.text += int(self.lengths[at]) if at < len(self.lengths) else self.length
        self.value = None

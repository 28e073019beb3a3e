"""What a workbook (.xlsx, .ods) says before it is read: how far its sheets reach, what stands only there.

A few bytes can repeat a cell a million times, or put it far away. A part of XML is parsed tag by tag, and never held
whole. For old workbooks see :mod:`old_workbook`.
"""

import posixpath
import re
import zipfile
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from pathlib import Path
from xml.parsers import expat

from xlsxwriter.utility import xl_rowcol_to_cell

from konbit_lessons.field.messages import message
from konbit_lessons.field.sources.formats import Formats, shown
from konbit_lessons.field.sources.guard import chunks, part_name, refuse_if

MOST_CELLS = 40_000_000  # in the used range of one sheet
SPARSE_CELLS, SPARSE_TIMES = 4_000_000, 25  # a larger range must hold a value in one of so many cells
MOST_TEXT = 1_500_000_000  # bytes in all cells of a sheet
PLAIN_TEXT, TEXT_TIMES = 250_000_000, 30  # a longer one must not be more than so many times its file
_SHOWN = 20  # letters of a cell that are looked at
_LONGEST_TEXT, _MOST_SPACES = 1 << 24, 1_000_000
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["']|us-ascii["'])""", re.IGNORECASE)
_YES = ("1", "true")
_ADVICE = "Save it again, or ask for a new export."
_ODS_CELLS = ("table:table-cell", "table:covered-table-cell")
_ODS_TEXTS = ("table:formula", *(f"office:{kind}value" for kind in ("", "string-", "date-", "time-", "boolean-")))


@dataclass
class Sheet:
    """What was seen of one sheet.

    Attributes
    ----------
    rows, columns, cells, text : int
        Last row and column in use, how many cells may hold something, and how many letters these hold.
    hidden_rows, hidden_columns : list of (int, int)
        First and last, from 1.
    uncalculated : str
        Address of the first formula without a value; "" where there is none.
    errors : dict of (int, int) to str
        Row and column, from 1 → what the cell shows where calamine gives another: ``#DIV/0!``, or 00123 of a number.
    struck, merged : list
        Rows of which at least half the cells are struck through; merged cells, from 0, where calamine does not tell.
    """

    rows: int = 0
    columns: int = 0
    cells: int = 0
    text: int = 0
    hidden_rows: list[tuple[int, int]] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    uncalculated: str = ""
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    struck: list[int] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, row: int, column: int, cells: int = 1, text: int = 0) -> None:
        """Note so many cells, of which these are the last row and column."""
        self.rows, self.columns = max(self.rows, row), max(self.columns, column)
        self.cells, self.text = self.cells + cells, self.text + text

    def check(self, path: Path, where: str) -> None:
        """Raise when it would unfold to more than is read.

        Raises
        ------
        SourceError
        """
        is_large = self.rows * self.columns > min(MOST_CELLS, max(SPARSE_CELLS, SPARSE_TIMES * self.cells))
        refuse_if(is_large, path, message("sparse_sheet", where=where, sheet=self, most=MOST_CELLS, few=SPARSE_CELLS))
        most = min(MOST_TEXT, max(PLAIN_TEXT, TEXT_TIMES * path.stat().st_size))
        refuse_if(self.text > most, path, message("sheet_text", where=where, sheet=self))


def look(path: Path) -> tuple[str, list[Sheet]]:
    """The epoch of a workbook, ``"1900"`` or ``"1904"`` (of no use in ODS, where a date is no number), and its sheets.

    Raises
    ------
    SourceError
        A part is not what it declares, a sheet would unfold to more than is read, or a password protects it.
    """
    with zipfile.ZipFile(path) as archive:
        members = {part_name(member.filename): member for member in archive.infolist()}
        epoch, sheets = (_look_at_ods if "content.xml" in members else _look_at_xlsx)(archive, members)
    for number, sheet in enumerate(sheets, start=1):
        sheet.check(path, f"sheet {number}")
    return epoch, sheets


def _look_at_ods(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> tuple[str, list[Sheet]]:
    seen = {name: _parsed(_Ods(), archive, member) for name, member in members.items()}
    return "1900", seen["content.xml"].sheets[1:]


def _look_at_xlsx(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> tuple[str, list[Sheet]]:
    texts, seen, formats = array("q"), {}, Formats()
    own = (name for name in members if not name.startswith("customxml/"))  # what others put beside it is not read
    for name in sorted(own, key=lambda name: not name.endswith(("sharedstrings.xml", "styles.xml"))):
        seen[name] = _parsed(_Xlsx(texts, formats), archive, members[name])
        seen[name].sheet.check(Path(archive.filename), members[name].filename)
    nothing = _Xlsx(texts, formats)
    books = _targets(seen.get("_rels/.rels", nothing), "", "Type")
    book = next((place for kind, place in books.items() if kind.endswith("/officeDocument")), "xl/workbook.xml")
    folder, name = posixpath.split(book)
    places = _targets(seen.get(f"{folder}/_rels/{name}.rels", nothing), folder, "Id")
    late = any(about.get("date1904") in _YES for about in seen.get(book, nothing).listed["workbookPr"])
    sheets = [places.get(about.get("id")) for about in seen.get(book, nothing).listed["sheet"]]
    return "1904" if late else "1900", [seen.get(place, nothing).sheet for place in sheets]


def _targets(part: "_Xlsx", folder: str, key: str) -> dict[str, str]:
    """What a part lists: its type, or its name there → which part it is."""
    listed = part.listed["Relationship"]
    places = [(one.get(key, ""), posixpath.join("/", folder, one.get("Target", ""))) for one in listed]
    return {name: posixpath.normpath(part_name(place)).lstrip("/") for name, place in places}


def _parsed(part: "_Xlsx | _Ods", archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> "_Xlsx | _Ods":
    """A part of which every tag and text was looked at; what is no XML may be anything but a sheet or its texts."""
    parser, error, is_wanted = expat.ParserCreate(), None, False
    parser.buffer_text, parser.StartElementHandler = True, part.start
    parser.CharacterDataHandler, parser.EndElementHandler = part.data, part.end
    for chunk, seen in _checked(archive, member):
        is_wanted = is_wanted or bool(part.MARK.search(seen))
        try:
            if not error:
                parser.Parse(chunk, not chunk)
        except (expat.ExpatError, ValueError) as found:
            error = found
    told = f"{member.filename} is not what a workbook holds ({error}). {_ADVICE}"
    refuse_if(bool(error) and is_wanted, Path(archive.filename), told)
    return part


def _checked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[tuple[bytes, bytes]]:
    """A part piece by piece, and each behind the end of the one before; the last piece is empty.

    Raises
    ------
    SourceError
        It unpacks to more than it declares, or its XML is not in UTF-8, has a DOCTYPE or an endless text.
    """
    path, name, before, silent = Path(archive.filename), member.filename, b"", 0
    for chunk in chunks(archive, member):
        if not before and name.lower().endswith((".xml", ".rels")):
            other = b"\0" in chunk or bool(_ENCODING.match(chunk))
            refuse_if(other, path, f"{name} is not written in UTF-8; refused. {_ADVICE}")
        seen = before + chunk
        refuse_if(b"<!DOCTYPE" in seen, path, f"{name} declares a DOCTYPE; refused. {_ADVICE}")
        silent = len(chunk) - chunk.rfind(b">") if b">" in chunk else silent + len(chunk)
        refuse_if(silent > _LONGEST_TEXT, path, f"{name} holds one text of {silent:,} bytes; refused. {_ADVICE}")
        yield chunk, seen
        before = chunk[-16:]
    yield b"", before


class _Xlsx:
    """A part of an XLSX workbook: the cells that hold a value, placed as calamine does; its texts; what it lists.

    Parameters
    ----------
    texts : array of int
        Letters of each shared text; those of this part are added.
    formats : Formats
        Of numbers; those of this part are added.
    """

    MARK = re.compile(rb"sheetData|[<:]sst[\s>]")

    def __init__(self, texts: array, formats: Formats) -> None:
        self.texts, self.listed, self.sheet = texts, defaultdict(list), Sheet()
        self.formats, self.format = formats, None
        self.style, self.inside, self.fonts = "0", "", 0
        self.of_row = [0, 0]  # its cells, and those struck through
        self.row, self.place, self.kind, self.is_open = 1, (1, 0), None, False
        self.value, self.length, self.has_value, self.is_formula = "", 0, False, False

    def start(self, name: str, about: dict[str, str]) -> None:
        """A tag begins."""
        name = name.rpartition(":")[2]
        if name in ("v", "t"):
            self.is_open = self.has_value = True
        elif name in ("c", "si"):
            self.place = _place(about["r"]) if "r" in about else (self.row, self.place[1] + 1)
            self.kind, self.value, self.length, self.style = about.get("t"), "", 0, about.get("s", "0")
            self.inside = name if name == "si" else self.inside
            self.format = self.formats.of_style.get(about.get("s"))
            self.has_value = self.is_formula = False
        elif name == "f":
            self.is_formula = True
        elif name == "row":
            self.row = int(about.get("r", self.row))
            if about.get("hidden") in _YES:
                self.sheet.hidden_rows.append((self.row, self.row))
        elif name == "col" and about.get("hidden") in _YES:
            self.sheet.hidden_columns.append((int(about.get("min", 0)), int(about.get("max", 0))))
        elif name in ("fonts", "cellXfs", "cellStyleXfs", "dxfs"):
            self.inside = name
        elif name == "font" and self.inside == "fonts":
            self.fonts += 1
        elif name == "xf" and self.inside == "cellXfs":
            self.formats.use(about.get("numFmtId"), int(about.get("fontId", 0)) + 1)
        elif name == "numFmt":
            self.formats.know(about.get("numFmtId"), about.get("formatCode", ""))
        elif name == "strike" and about.get("val", "1") in _YES:
            self.formats.struck.add((self.inside, len(self.texts) if self.inside == "si" else self.fonts))
        elif name == "sst":
            _check_count(int(about.get("uniqueCount", 0)))
        elif name in ("sheet", "Relationship", "workbookPr"):
            self.listed[name].append({key.rpartition(":")[2]: value for key, value in about.items()})

    def data(self, characters: str) -> None:
        """Text of a tag, or a piece of it."""
        if self.is_open:
            self.length += len(characters)
            if len(self.value) < _SHOWN:
                self.value += characters[:_SHOWN]

    def end(self, name: str) -> None:
        """A tag ends."""
        name = name.rpartition(":")[2]
        self.is_open = False
        if name == "c" and self.value:
            at = int(self.value) if self.kind == "s" and self.value.isdecimal() else len(self.texts)
            self.sheet.add(*self.place, text=self.texts[at] if at < len(self.texts) else self.length)
            self.of_row[0] += 1
            is_struck = self.kind == "s" and ("si", at) in self.formats.struck
            self.of_row[1] += is_struck or self.formats.is_struck(int(self.style or 0))
            if self.kind == "e":
                self.sheet.errors[self.place] = self.value
            elif self.format and self.kind in (None, "n") and self.value.isdecimal():
                self.sheet.errors[self.place] = shown(self.format, self.value)
        elif name == "c" and self.is_formula and not (self.has_value and self.kind == "str"):
            self.sheet.uncalculated = self.sheet.uncalculated or xl_rowcol_to_cell(self.place[0] - 1, self.place[1] - 1)
        elif name == "row":
            if 2 * self.of_row[1] >= self.of_row[0] > 0:
                self.sheet.struck.append(self.row)
            self.row, self.place, self.of_row = self.row + 1, (self.row + 1, 0), [0, 0]
        elif name == "si":
            self.texts.append(self.length)
            _check_count(len(self.texts))


def _check_count(texts: int) -> None:
    if texts > MOST_CELLS:
        raise ValueError(f"it announces {texts:,} texts; at most {MOST_CELLS:,} are read")


def _place(cell: str) -> tuple[int, int]:
    """Row and column of an address, however far away; ``_place("AB7")`` is (7, 28)."""
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]), _column(letters)


@lru_cache
def _column(letters: str) -> int:
    return reduce(lambda column, letter: column * 26 + ord(letter) - 64, letters.upper(), 0)


class _Ods:
    """The cells of each table of an ODS workbook, repeats unfolded."""

    MARK = re.compile(b"table:table")

    def __init__(self) -> None:
        self.sheets = [Sheet()]  # the first stands for what is outside any table
        self.row = self.rows = self.column = self.columns = self.used = self.cells = self.length = self.text = 0
        self.is_formula, self.shown, self.spaces, self.is_number = False, "", 0, False
        self.style, self.struck, self.is_struck, self.of_row = "", set(), False, 0  # styles, a cell, cells of a row

    def start(self, name: str, about: dict[str, str]) -> None:
        """A tag begins."""
        if name == "style:style":
            self.style = about.get("style:name", "")
        elif about.get("style:text-line-through-style", "none") != "none":
            self.struck.add(self.style)
        elif name == "table:table":
            self.sheets.append(Sheet())
            self.row = 0
        elif name == "table:table-row":
            self.rows = int(about.get("table:number-rows-repeated", 1))
            self.column = self.used = self.cells = self.text = self.of_row = 0
            if about.get("table:visibility", "visible") != "visible":
                self.sheets[-1].hidden_rows.append((self.row + 1, self.row + self.rows))
        elif name in _ODS_CELLS:
            self.columns = int(about.get("table:number-columns-repeated", 1))
            self.length = sum(len(about.get(one, "")) for one in _ODS_TEXTS)
            self.is_formula, self.shown = "table:formula" in about, ""
            self.is_number = about.get("office:value-type") == "float"
            self.is_struck = about.get("table:style-name") in self.struck
            down, right = (int(about.get(f"table:number-{what}-spanned", 1)) - 1 for what in ("rows", "columns"))
            span = (self.row, self.column, self.row + down, self.column + right)
            self.sheets[-1].merged += [span] * bool(down or right)
            if self.is_formula and "office:value-type" not in about and not self.sheets[-1].uncalculated:
                self.sheets[-1].uncalculated = xl_rowcol_to_cell(self.row, self.column)
        elif name == "text:s":
            spaces = int(about.get("text:c", 1))
            self.length, self.spaces = self.length + spaces, self.spaces + spaces
            if self.spaces > _MOST_SPACES:
                raise ValueError(f"it announces {self.spaces:,} spaces; at most {_MOST_SPACES:,} are read")

    def data(self, characters: str) -> None:
        """Text of a tag, or a piece of it."""
        self.length, self.shown = self.length + len(characters), (self.shown + characters[:_SHOWN])[:_SHOWN]

    def end(self, name: str) -> None:
        """A tag ends."""
        if name in _ODS_CELLS:
            code = self.is_number and self.rows * self.columns == 1 and self.shown[:1] == "0" and self.shown.isdecimal()
            if code or (self.is_formula and self.shown.startswith(("#", "Err:"))):
                self.sheets[-1].errors[self.row + 1, self.column + 1] = self.shown
            self.column += self.columns
            if self.length:
                self.used, self.cells = self.column, self.cells + self.columns
                self.of_row += self.is_struck * self.columns
                self.text += self.length * self.columns
            self.length = 0
        elif name == "table:table-row":
            if self.rows == 1 and 2 * self.of_row >= self.cells > 0:
                self.sheets[-1].struck.append(self.row + 1)
            self.row += self.rows
            if self.used:
                self.sheets[-1].add(self.row, self.used, self.cells * self.rows, self.text * self.rows)

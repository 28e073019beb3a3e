"""What the parts of all workbooks have in common: what is seen of a sheet before it is read, its limits, its XML."""

import html
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from konbit_lessons.field.sources.guard import chunks, refuse, refuse_if

MOST_CELLS = 40_000_000  # in the used range of one sheet
SPARSE_CELLS, SPARSE_TIMES = 4_000_000, 25  # a larger range must hold a value in one of so many cells
MOST_TEXT = 1_500_000_000  # bytes in all cells of a sheet
PREFIX = rb"<(?:[\w.-]+:)?"
SHOWN = 20  # letters of a cell that are looked at
_LONGEST_TEXT = 1 << 24
_ATTRIBUTE = re.compile(rb"""(?<![\w:.-])(?:[\w.-]+:)?([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["']|us-ascii["'])""", re.IGNORECASE)


@dataclass
class Sheet:
    """What was seen of one sheet.

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

    def add(self, row: int, column: int, cells: int = 1) -> None:
        """Note so many cells, of which these are the last row and column."""
        self.rows, self.columns, self.cells = max(self.rows, row), max(self.columns, column), self.cells + cells

    @property
    def is_large(self) -> bool:
        """Whether the range in use is too large for what it holds."""
        size = self.rows * self.columns
        return size > MOST_CELLS or size > max(SPARSE_CELLS, SPARSE_TIMES * self.cells)


def check_size(path: Path, where: str, sheet: Sheet, text: int = 0) -> None:
    """Raise when a sheet, and the bytes of text in it, would unfold to more than is read.

    Raises
    ------
    SourceError
    """
    spread = f"{sheet.cells:,} values over {sheet.rows:,} rows × {sheet.columns:,} columns"
    most = f"at most {MOST_CELLS:,} cells are read, and {SPARSE_CELLS:,} where few hold a value"
    advice = "Delete stray cells far from the table, and save; or split the table."
    refuse_if(sheet.is_large, path, f"{where} spreads {spread}; {most}. {advice}")
    refuse_if(text > MOST_TEXT, path, f"{where} unfolds to {text:,} bytes of text; refused. Ask for a new export.")


def blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part in pieces that end behind a row, or at least behind a tag; XML is in UTF-8 and without a DOCTYPE.

    Raises
    ------
    SourceError
        It is not, or unpacks to more than it declares.
    """
    path, name, rest, advice = Path(archive.filename), member.filename, b"", "Save it again, or ask for a new export."
    for number, chunk in enumerate(chunks(archive, member)):
        if number == 0 and name.lower().endswith((".xml", ".rels")):
            other = b"\0" in chunk or bool(_ENCODING.match(chunk))
            refuse_if(other, path, f"{name} is not written in UTF-8; refused. {advice}")
        rest += chunk
        refuse_if(b"<!DOCTYPE" in rest, path, f"{name} declares a DOCTYPE; refused. {advice}")
        end = next((mark for mark in (b"row>", b"/c>", b">") if mark in rest), b"")
        cut = rest.rfind(end) + len(end) if end else 0
        too_long = len(rest) - cut > _LONGEST_TEXT
        refuse_if(too_long, path, f"{name} holds one text of {len(rest):,} bytes; refused. {advice}")
        yield rest[:cut]
        rest = rest[cut:]
    yield rest


class Tags:
    """Looks at the tags of a part one after the other; a subclass says what it does with each."""

    def read(self, path: Path, where: str, content: Iterable[bytes]) -> None:
        """Look at every tag and text.

        Raises
        ------
        SourceError
            It is no XML, or a number in it is none.
        """
        parser = expat.ParserCreate()
        parser.buffer_text, parser.StartElementHandler = True, self._start
        parser.CharacterDataHandler, parser.EndElementHandler = self._data, self._end
        try:
            for block in content:
                parser.Parse(block)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError) as error:
            refuse(path, f"{where} is not what a workbook holds ({error}). Save it again, or ask for a new export.")


def attributes(tag: bytes) -> dict[str, str]:
    """Those of a tag, by their names without prefix."""
    found = ((name.decode(), double or single) for name, double, single in _ATTRIBUTE.findall(tag))
    return {name: html.unescape(value.decode(errors="replace")) for name, value in found}

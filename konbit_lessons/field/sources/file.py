"""A file as what it is by its first bytes, whatever its name says; and the grids of text in it.

A workbook gives one grid per visible sheet, a zip one per CSV in it, text of any separator one.

Arrow reads a regular CSV, as fast as a disk gives it. What Arrow would pass over or refuse without a place (blank
lines, short rows, title rows) is read by the standard library's reader, which gives the same cells for a regular file.

In a workbook a date cell becomes ``2016-06-11``, a number cell its shortest form, a blank cell missing, an error cell
what it shows. Hidden rows and columns are read, and said; hidden sheets are not, and said.
"""

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
import olefile
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from konbit_lessons.field.messages import message
from konbit_lessons.field.sources import guard, old_workbook, workbook_parts
from konbit_lessons.field.sources.guard import refuse, refuse_if
from konbit_lessons.field.sources.raw import Grid, Grids, grid_of, listed, text_of
from konbit_lessons.field.sources.workbook_parts import Sheet
from konbit_lessons.tables import TEXT

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 200_000
_BLOCK = 1 << 20  # a row must fit in a block, or is read slowly
_CHUNK = 1 << 24
_LONGEST_CELL, MOST_COLUMNS = 10_000_000, 20_000
csv.field_size_limit(_LONGEST_CELL)
_TOLD = re.compile(rb'"?sep=(.)"?\r?\n', re.IGNORECASE)
_SPACED = re.compile(r"\s")
# letters of a word in UTF-8, which no word of cp1252 is made of
_PAIRS = rb"\xc2[\xa0-\xbf]|[\xc3-\xc5][\x80-\xbf]|\xe2\x80[\x80-\xbf]"
_UTF_8 = re.compile(_PAIRS + rb"|([\xc6-\xdf][\x80-\xbf]){2}|([\xe0-\xef][\x80-\xbf]{2}){2}")
_KEPT_DIGITS = 10**15  # a number cell keeps 15


@dataclass
class File:
    """One raw file.

    Attributes
    ----------
    path : Path
    notices : list of str
        Hidden sheets left out, an encoding assumed, answers not decoded: readers add what they notice.
    """

    path: Path
    notices: list[str] = field(default_factory=list)

    @cached_property
    def container(self) -> str:
        """What it is, as :func:`konbit_lessons.field.sources.guard.check` tells.

        Raises
        ------
        SourceError
            It must not be read.
        """
        return guard.check(self.path)

    @cached_property
    def grids(self) -> list[Grid]:
        """Those that hold anything; a grid of a zip is called after its member.

        Raises
        ------
        SourceError
            There is none.
        """
        refuse_if(self.container not in _READERS, self.path, message("no_table", kind=self.container))
        grids, notices = _READERS[self.container](self.path)
        used = [grid for grid in grids if any(column.notna().any() for _, column in grid.cells.items())]
        refuse_if(not used, self.path, "no visible sheet holds anything. Export it again.")
        self.notices.extend([*notices, *(notice for grid in used for notice in grid.notices)])
        return used


def _zipped(path: Path) -> Grids:
    """The CSVs of a zip, the shortest name first: the main table of a form stands before its repeats."""
    grids, notices = [], []
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        tables = [member for member in members if member.filename.lower().endswith(".csv") and member.file_size]
        for member in sorted(tables, key=lambda one: (len(one.filename), one.filename)):
            (grid,), more = read_text(Path(member.filename), b"".join(guard.chunks(archive, member)))
            grids.append(replace(grid, title=member.filename))
            notices += [f"{member.filename}: {notice}" for notice in more]
    others = [member.filename for member in members if member not in tables]
    return grids, notices + ([f"of the zip these were not read: {listed(others)}"] if others else [])


def read_text(path: Path, content: bytes | None = None) -> Grids:
    """The one grid of a file, or of the content of one, and what was assumed of it.

    Raises
    ------
    SourceError
        It is no text, or a row has more cells than the header.
    """
    content, notices = _in_utf_8(path, path.read_bytes() if content is None else content)
    told = _TOLD.match(content)  # "sep=;", which Excel reads, and writes
    content, above = (content[told.end() :], 1) if told else (content, 0)
    sample = content[:_SAMPLE]
    separator = told[1].decode() if told and told[1] in sample else _separator(sample)
    columns = content[: content.find(b"\n") + 1 or None].count(separator.encode()) + 1
    refuse_if(columns > MOST_COLUMNS, path, message("many_columns", columns=columns, most=MOST_COLUMNS))
    cells = _read_regular(content, separator, len(next(filter(None, _rows(sample, separator)), [])))
    grid = _read_any(path, content, separator, notices, above) if cells is None else Grid("", cells)
    grid.cells.index += above
    return [grid], notices


def _in_utf_8(path: Path, content: bytes) -> tuple[bytes, list[str]]:
    """BOM, then strict UTF-8, then cp1252 with a notice. A detector is not used: short French misleads it."""
    if content.startswith(guard.UTF_16):
        try:
            return content.decode("utf-16").encode(), []
        except UnicodeDecodeError as error:
            refuse(path, f"it begins as UTF-16, and is cut or damaged ({error.reason}). Save it as CSV UTF-8.")
    content = content.removeprefix(codecs.BOM_UTF8)
    if _is_utf_8(content):
        return content, []
    refuse_if(b"\0" in content, path, "this is not text, nor a workbook by its name. Expected .csv, .txt or .xlsx.")
    return _line_by_line(path, content)


def _is_utf_8(content: bytes) -> bool:
    """Whether it is, without a copy of it."""
    ends = pa.py_buffer(np.array([0, len(content)]))
    with suppress(pa.ArrowInvalid):
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(content)).validate(full=True)
        return True
    return False


def _line_by_line(path: Path, content: bytes) -> tuple[bytes, list[str]]:
    """Lines of Windows, and of UTF-8 where two files were put together; which it is, each line must tell."""
    lines, rows = content.split(b"\n"), {"UTF-8": [], "cp1252": []}
    for at, line in enumerate(lines):
        if line.isascii():
            continue
        is_utf_8, looks_so = _is_utf_8(line), bool(_UTF_8.search(line))
        if looks_so and not is_utf_8:
            refuse(path, message("mixed_encodings"), row=at + 1)
        rows["UTF-8" if looks_so else "cp1252"].append(at + 1)
        try:
            lines[at] = line if looks_so else line.decode("cp1252").encode()
        except UnicodeDecodeError as error:
            refuse(path, f"neither UTF-8 nor cp1252 ({error}). Save it as CSV UTF-8.", row=at + 1)
    told = "not UTF-8; read as cp1252 (Windows)"
    if rows["UTF-8"]:
        told = message("two_encodings", first=rows["UTF-8"][0], other=rows["cp1252"][0])
    return b"\n".join(lines), [told]


def _separator(sample: bytes) -> str:
    """The separator that splits most records into as many cells as the first, and into more than one."""

    def quality(separator: str) -> tuple[float, int]:
        widths = [len(record) for record in _rows(sample, separator) if record]
        same = sum(width == widths[0] for width in widths)
        return (same / len(widths), widths[0]) if widths and widths[0] > 1 else (0.0, 0)

    return max(SEPARATORS, key=quality)


def _read_regular(content: bytes, separator: str, width: int) -> pd.DataFrame | None:
    """Cells of a file whose every line is a row as wide as the first; None where it is not that regular."""
    quoted, names = b'"' in content, [str(at) for at in range(width)]
    if quoted and not _quotes_are_regular(np.frombuffer(content, np.uint8), separator):
        return None
    types = dict.fromkeys(names, pa.large_string())
    reading = arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK)
    parsing = arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=quoted, ignore_empty_lines=False)
    converting = arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    try:
        table = arrow_csv.read_csv(pa.BufferReader(content), reading, parsing, converting)
    except pa.ArrowInvalid:
        return None
    cells = {at: pd.array(_blanks(table[at]), dtype=TEXT) for at in range(width)}
    return pd.DataFrame(cells, index=range(1, table.num_rows + 1), copy=False)


def _quotes_are_regular(content: np.ndarray, separator: str) -> bool:
    """Whether Arrow would read on over none out of place, without a word.

    Each that opens stands at the start of a cell, each that closes at its end; inside, quotes come in twos.
    """
    ends, seen = list(f'{separator}\r\n"'.encode()), 0
    for start in range(0, len(content), _CHUNK):
        at = start + np.flatnonzero(content[start : start + _CHUNK] == ord('"'))
        opening, closing = at[seen % 2 :: 2], at[1 - seen % 2 :: 2]
        seen += len(at)
        beside = [content[opening[opening > 0] - 1], content[closing[closing < len(content) - 1] + 1]]
        if not np.isin(np.concatenate(beside), ends).all():
            return False
    return seen % 2 == 0


def _blanks(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells of nothing but spaces are blank."""
    blank = pc.utf8_is_space(cells)
    return pc.if_else(blank, None, cells) if pc.any(blank).as_py() else cells


def _read_any(path: Path, content: bytes, separator: str, notices: list[str], above: int) -> Grid:
    """Row by row; adds to the notices the rows that are shorter than the header. ``above`` are rows not given."""
    records = _records(path, content, separator, above)
    titles = _header_at(records)
    width = len(records[titles])
    records[:titles] = [[separator.join(record)] for record in records[:titles]]
    short = []
    for number, record in enumerate(records[titles:], start=titles + 1 + above):
        if any(cell.strip() for cell in record[width:]):
            refuse(path, message("wide_row", cells=len(record), width=width, separator=separator), row=number)
        short += [(number, len(record))] if record and len(record) < width else []
    for number, cells in short[:1]:
        more = f"{cells} of {width} cells" + f", and {len(short) - 1} more rows are short" * (len(short) > 1)
        notices.append(f"row {number} has {more}; the rest is taken as blank")
    rows = ([cell if cell.strip() else None for cell in record[:width]] for record in records)
    return grid_of("", [[*row, *[None] * (width - len(row))] for row in rows])


def _header_at(records: list[list[str]]) -> int:
    """The first row of several cells; below a title, which may hold the separator itself, the first as wide as most."""
    usual = Counter(map(len, records)).most_common(1)[0][0]
    titles = [len(one) < min(usual, 2) or (len(one) < usual and all(map(_SPACED.match, one[1:]))) for one in records]
    first = titles.index(False) if usual > 1 else 0
    if usual <= len(records[first]) or not first:
        return first
    wide = (at for at, record in enumerate(records) if len(record) >= usual)
    return next((at for at in wide if not any(one[:1].isdigit() for one in records[at])), first)


def _records(path: Path, content: bytes, separator: str, above: int) -> list[list[str]]:
    """The rows, without blank ones at the end."""
    records = []
    try:
        records.extend(_rows(content, separator, strict=True))  # those before an error stay
    except csv.Error as error:
        row = len(records) + 1 + above
        if "field limit" in str(error):
            refuse(path, f"one cell holds more than {_LONGEST_CELL:,} letters. Export it again.", row=row)
        refuse(path, message("open_quotes", error=error), row=row)
    while records and not any(cell.strip() for cell in records[-1]):
        records.pop()
    refuse_if(not records, path, "the file holds no rows. Export it again.")
    return records


def _rows(content: bytes, separator: str, *, strict: bool = False) -> Iterator[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline="")
    return csv.reader(text, delimiter=separator, strict=strict)


def read_workbook(path: Path) -> Grids:
    """Visible sheets, and which were left out.

    Raises
    ------
    SourceError
        It is no workbook that is read; or a formula in it was never calculated.
    """
    is_old = olefile.isOleFile(path)
    epoch, seen = (old_workbook if is_old else workbook_parts).look(path)
    try:
        content = old_workbook.opened(path) if is_old else path.open("rb")
        with content as file, CalamineWorkbook.from_filelike(file) as workbook:
            return _read(path, workbook, epoch, seen)
    except (CalamineError, OSError) as error:
        refuse(path, f"it cannot be opened as a workbook ({error}). Save it as .xlsx again.")
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a reader written in Rust raises is no Exception
            raise
        refuse(path, f"it is not built as a workbook should be ({error}). Save it as .xlsx again.")


def _read(path: Path, workbook: CalamineWorkbook, epoch: str, seen: list[Sheet]) -> Grids:
    grids, notices, known = [], [], workbook.sheets_metadata
    refuse_if(len(seen) != len(known), path, f"it lists {len(known)} sheets and holds {len(seen)}. Save it again.")
    for about, sheet in zip(known, seen, strict=True):
        if about.visible != SheetVisibleEnum.Visible:
            notices.append(f'hidden sheet "{about.name}" was not read')
        elif about.typ == SheetTypeEnum.WorkSheet:
            refuse_if(bool(sheet.uncalculated), path, message("uncalculated", about=about, sheet=sheet))
            grids.append(_grid(workbook.get_sheet_by_name(about.name), sheet, epoch))
    return grids, notices


def _grid(sheet: CalamineSheet, seen: Sheet, epoch: str) -> Grid:
    content = sheet.to_python(skip_empty_area=False)
    height, width = len(content), len(content[0]) if content else 0
    rows = [[text_of(cell) for cell in row] for row in content]
    for (row, column), shown in seen.errors.items():
        if row <= height and column <= width:
            rows[row - 1][column - 1] = shown
    merged = [(*one, *end) for one, end in sheet.merged_cell_ranges or []] or seen.merged
    spans = [one for one in merged if one[0] < height and one[1] < width]
    merged = tuple((top + 1, left, min(low + 1, height), min(right, width - 1)) for top, left, low, right in spans)
    told = _hidden("rows", seen.hidden_rows, height, str)
    told += _hidden("columns", seen.hidden_columns, width, lambda column: xl_col_to_name(column - 1))
    notices = tuple(f'sheet "{sheet.name}": {one}' for one in told + _too_long(content))
    return grid_of(sheet.name, rows, epoch=epoch, merged=merged, notices=notices, struck=tuple(seen.struck))


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


_READERS = {"text": read_text, "workbook": read_workbook, "zip": _zipped}

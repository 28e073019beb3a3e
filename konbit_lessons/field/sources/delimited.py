"""A CSV of any separator → one grid of text.

Arrow reads a regular file, as fast as a disk gives it. What Arrow would pass over or refuse without a place (blank
lines, short rows, title rows) is read by the standard library's reader, which gives the same cells for a regular file.
"""

import codecs
import csv
import io
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources.grids import Grid, grid_of
from konbit_lessons.field.sources.starts import UTF_16
from konbit_lessons.tables import TEXT

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 200_000
_BLOCK = 1 << 20  # a row must fit in a block, or is read slowly
_CHUNK = 1 << 24
csv.field_size_limit(10_000_000)


def read(path: Path) -> tuple[list[Grid], list[str]]:
    """The file's one grid, and what was assumed of it."""
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    sample = start.decode("utf-16" if start.startswith(UTF_16) else "utf-8-sig", errors="replace")
    separator = _separator(sample)
    quotes = None if start.startswith(UTF_16) else _regular_quotes(path, separator)
    cells = None if quotes is None else _read_regular(path, sample, separator, quoted=quotes > 0)
    if cells is not None:
        return [Grid("", cells)], []
    text, notices = _decode(path)
    return [_read_any(path, text, separator, notices)], notices


def _decode(path: Path) -> tuple[str, list[str]]:
    """BOM, then strict UTF-8, then cp1252 with a notice. A detector is not used: short French misleads it."""
    content = path.read_bytes()
    if content.startswith(UTF_16):
        return content.decode("utf-16"), []
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    if b"\x00" in content:
        raise SourceError(f"{path.name}: this is not text, nor a workbook by its name. Expected .csv, .txt or .xlsx.")
    try:
        return content.decode("cp1252"), ["not UTF-8; read as cp1252 (Windows)"]
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name}: neither UTF-8 nor cp1252 ({error}). Save it as CSV UTF-8.") from error


def _separator(sample: str) -> str:
    """The separator that splits most records into as many cells as the first, and into more than one."""

    def quality(separator: str) -> tuple[float, int]:
        records = list(filter(None, _rows(sample, separator)))
        if not records or len(records[0]) < 2:
            return (0.0, 0)
        widths = [len(record) for record in records]
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return max(SEPARATORS, key=quality)


def _regular_quotes(path: Path, separator: str) -> int | None:
    """How many quotes there are; None where Arrow would read on, without a word, over one out of place.

    Each that opens stands at the start of a cell, each that closes at its end; inside, quotes come in twos.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        if whole.find(b'"') < 0:
            return 0
    content, seen = np.memmap(path, dtype=np.uint8, mode="r"), 0
    first, ends = 3 if bytes(content[:3]) == codecs.BOM_UTF8 else 0, list(f'{separator}\r\n"'.encode())
    for start in range(0, len(content), _CHUNK):
        at = start + np.flatnonzero(content[start : start + _CHUNK] == ord('"'))
        opening, closing = at[seen % 2 :: 2], at[1 - seen % 2 :: 2]
        seen += len(at)
        beside = [content[opening[opening > first] - 1], content[closing[closing < len(content) - 1] + 1]]
        if not np.isin(np.concatenate(beside), ends).all():
            return None
    return seen if seen % 2 == 0 else None


def _read_regular(path: Path, sample: str, separator: str, *, quoted: bool) -> pd.DataFrame | None:
    """Cells of a UTF-8 file whose every line is a row as wide as the first; None where it is not that regular."""
    names = [str(at) for at, _ in enumerate(next(_rows(sample, separator), []))]
    types = dict.fromkeys(names, pa.large_string())
    parse = arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=quoted, ignore_empty_lines=False)
    convert = arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    try:
        table = arrow_csv.read_csv(path, arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK), parse, convert)
    except pa.ArrowInvalid:
        return None
    cells = {at: pd.array(_blanks(table[at]), dtype=TEXT) for at in range(len(names))}
    return pd.DataFrame(cells, index=range(1, table.num_rows + 1), copy=False)


def _blanks(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells of nothing but spaces are blank."""
    blank = pc.utf8_is_space(cells)
    return pc.if_else(blank, None, cells) if pc.any(blank).as_py() else cells


def _read_any(path: Path, text: str, separator: str, notices: list[str]) -> Grid:
    """Row by row; adds to the notices the rows that are shorter than the header."""
    records = _records(path, text, separator)
    titles = next((at for at, record in enumerate(records) if len(record) > 1), 0)
    width = len(records[titles])
    for number, record in enumerate(records[titles:], start=titles + 1):
        if any(cell.strip() for cell in record[width:]):
            raise SourceError(
                f"{path.name}, row {number}: found {len(record)} cells; the header has {width}. "
                f'A text that holds "{separator}" must stand in quotes: correct that row, or export it again.'
            )
        if record and len(record) < width:
            notices.append(f"row {number} has {len(record)} of {width} cells; the rest is taken as blank")
    rows = ([cell if cell.strip() else None for cell in record[:width]] for record in records)
    return grid_of("", [[*row, *[None] * (width - len(row))] for row in rows])


def _records(path: Path, text: str, separator: str) -> list[list[str]]:
    """The rows, without blank ones at the end."""
    try:
        records = list(_rows(text, separator, strict=True))
    except csv.Error as error:
        raise SourceError(
            f"{path.name}: the quotes do not close as they should ({error}). A quote inside a quoted text is written "
            "twice: correct it, or export the file again."
        ) from error
    while records and not any(cell.strip() for cell in records[-1]):
        records.pop()
    if not records:
        raise SourceError(f"{path.name}: the file holds no rows. Export it again.")
    return records


def _rows(text: str, separator: str, *, strict: bool = False) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)

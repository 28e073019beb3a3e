"""A CSV of any separator → one grid of text.

Arrow reads a regular file, as fast as a disk gives it. What Arrow would pass over or refuse without a place (blank
lines, short rows, title rows) is read by the standard library's reader, which gives the same cells for a regular file.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from konbit_lessons.field.sources.guard import UTF_16, refuse, refuse_if
from konbit_lessons.field.sources.raw import Grid, Grids, grid_of
from konbit_lessons.tables import TEXT

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 200_000
_BLOCK = 1 << 20  # a row must fit in a block, or is read slowly
_CHUNK = 1 << 24
csv.field_size_limit(10_000_000)


def read(path: Path, content: bytes | None = None) -> Grids:
    """The one grid of a file, or of the content of one, and what was assumed of it.

    Raises
    ------
    SourceError
        It is no text, or a row has more cells than the header.
    """
    content, notices = _in_utf_8(path, path.read_bytes() if content is None else content)
    sample = content[:_SAMPLE].decode(errors="replace")
    separator = _separator(sample)
    cells = _read_regular(content, separator, len(next(filter(None, _rows(sample, separator)), [])))
    if cells is not None:
        return [Grid("", cells)], notices
    return [_read_any(path, content.decode(), separator, notices)], notices


def _in_utf_8(path: Path, content: bytes) -> tuple[bytes, list[str]]:
    """BOM, then strict UTF-8, then cp1252 with a notice. A detector is not used: short French misleads it."""
    with suppress(UnicodeDecodeError):
        return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig").encode(), []
    refuse_if(b"\0" in content, path, "this is not text, nor a workbook by its name. Expected .csv, .txt or .xlsx.")
    try:
        return content.decode("cp1252").encode(), ["not UTF-8; read as cp1252 (Windows)"]
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        refuse(path, f"neither UTF-8 nor cp1252 ({error}). Save it as CSV UTF-8.", row=row)


def _separator(sample: str) -> str:
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


def _read_any(path: Path, text: str, separator: str, notices: list[str]) -> Grid:
    """Row by row; adds to the notices the rows that are shorter than the header."""
    records = _records(path, text, separator)
    titles = _header_at(records)
    width = len(records[titles])
    for number, record in enumerate(records[titles:], start=titles + 1):
        if any(cell.strip() for cell in record[width:]):
            advice = f'A text that holds "{separator}" must stand in quotes: correct that row, or export it again.'
            refuse(path, f"found {len(record)} cells; the header has {width}. {advice}", row=number)
        if record and len(record) < width:
            notices.append(f"row {number} has {len(record)} of {width} cells; the rest is taken as blank")
    rows = ([cell if cell.strip() else None for cell in record[:width]] for record in records)
    return grid_of("", [[*row, *[None] * (width - len(row))] for row in rows])


def _header_at(records: list[list[str]]) -> int:
    """The first row of several cells; below a title, which may hold the separator itself, the first as wide as most."""
    first = next((at for at, record in enumerate(records) if len(record) > 1), 0)
    usual = Counter(map(len, records[first:])).most_common(1)[0][0] if first else 0
    if usual <= len(records[first]):
        return first
    wide = (at for at, record in enumerate(records) if len(record) >= usual)
    return next((at for at in wide if not any(one[:1].isdigit() for one in records[at])), first)


def _records(path: Path, text: str, separator: str) -> list[list[str]]:
    """The rows, without blank ones at the end."""
    records = []
    try:
        for record in _rows(text, separator, strict=True):
            records.append(record)
    except csv.Error as error:
        advice = "A quote inside a quoted text is written twice: correct it, or export the file again."
        refuse(path, f"the quotes do not close as they should ({error}). {advice}", row=len(records) + 1)
    while records and not any(cell.strip() for cell in records[-1]):
        records.pop()
    refuse_if(not records, path, "the file holds no rows. Export it again.")
    return records


def _rows(text: str, separator: str, *, strict: bool = False) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)

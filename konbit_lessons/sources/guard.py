"""Refuses a file that would hurt to read, before it is read: absent, locked, empty, or a workbook made to burst.

A workbook is a zip of XML. Its directory tells the unpacked size; its cell addresses tell the range a reader would
allocate. Both are looked at without unpacking a member whole.
"""

import re
import zipfile
from pathlib import Path

from konbit_lessons.errors import SourceError

LARGEST_FILE = 300_000_000
LARGEST_UNPACKED = 1_500_000_000
LARGEST_RATIO = 300  # ordinary sheets unpack to 5 to 60 times their size
MOST_CELLS = 40_000_000  # in the used range of one sheet
_CHUNK = 1 << 20
_ADDRESS = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')


def check(path: Path) -> None:
    """Raise when a file must not be read.

    Raises
    ------
    SourceError
        Names the file, the reason, and what to do.
    """
    if not path.exists():
        raise SourceError(f"{path.name}: there is no such file. Check the name and the folder.")
    if not path.is_file():
        raise SourceError(f"{path.name}: this is a folder; expected a file.")
    if path.name.startswith("~$"):
        raise SourceError(
            f"{path.name}: this is the lock of a file open in Excel. Close Excel and read the file itself."
        )
    size = path.stat().st_size
    if size == 0:
        raise SourceError(f"{path.name}: the file is empty. Export it again.")
    if size > LARGEST_FILE:
        raise SourceError(f"{path.name}: {size:,} bytes; at most {LARGEST_FILE:,} are read. Split the export.")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        _check_workbook(path)


def _check_workbook(path: Path) -> None:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise SourceError(f"{path.name}: this is not an XLSX workbook ({error}). Save it as .xlsx again.") from error
    with archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > LARGEST_UNPACKED or unpacked > LARGEST_RATIO * max(path.stat().st_size, 10_000):
            raise SourceError(
                f"{path.name}: {unpacked:,} bytes when unpacked; refused as a zip bomb. Ask for a new export."
            )
        for member in members:
            if member.filename.startswith(("/", "\\")) or ".." in Path(member.filename).parts:
                raise SourceError(f'{path.name}: it holds the path "{member.filename}"; refused. Ask for a new export.')
            if member.filename.endswith(".xml"):
                with archive.open(member) as part:
                    if b"<!DOCTYPE" in part.read(2048):
                        raise SourceError(
                            f"{path.name}: {member.filename} declares a DOCTYPE; refused. Ask for a new export."
                        )
            if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                _check_range(archive, member, path.name)


def _check_range(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    columns, rows, tail = set(), 0, b""
    with archive.open(member) as sheet:
        while chunk := sheet.read(_CHUNK):
            for letters, row in _ADDRESS.findall(tail + chunk):
                columns.add(letters)
                rows = max(rows, int(row))
            tail = chunk[-32:]
    width = max((_column_number(letters) for letters in columns), default=0)
    if width * rows > MOST_CELLS:
        raise SourceError(
            f"{name}: {member.filename} uses {rows:,} rows × {width:,} columns; at most {MOST_CELLS:,} cells are read. "
            "Delete stray cells far from the table, and save."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

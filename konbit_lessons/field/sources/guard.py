"""Refuses a file that would hurt to read, before it is read: absent, locked, empty, changing, or made to burst.

A workbook is a zip of XML. Its directory tells what it unpacks to; :mod:`workbook_parts` then looks at what the XML
would unfold to. Nothing is unpacked whole.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PureWindowsPath
from typing import NoReturn

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources.starts import UTF_16, container_of

LARGEST_TEXT = 8_000_000_000
LARGEST_WORKBOOK = 300_000_000
LARGEST_UNPACKED = 2_000_000_000
LARGEST_RATIO = 150  # ordinary sheets unpack to 5 to 60 times their size
HARMLESS = 20_000_000  # unpacked, whatever the ratio
LONGEST_LINE = 16_000_000
MOST_PARTS, MOST_FILES = 5_000, 100_000  # in a workbook, in another zip
_ZIPPED = {".xlsx": "an XLSX workbook", ".xlsm": "an XLSM workbook", ".ods": "an ODS workbook"}
_END_OF_ZIP = b"PK\x05\x06"
_CHUNK = 1 << 20


def check(path: Path) -> None:
    """Raise when a file must not be read.

    Raises
    ------
    SourceError
        Names the file, the reason, and what to do.
    """
    size = _check_place(path)
    start = _start(path)
    named, container = path.suffix.lower() in _ZIPPED, container_of(start)
    if named and container == "text" and (b"\0" in start or start.startswith(b"PK")):
        container = "zip"
    limit = LARGEST_WORKBOOK if named or container == "workbook" else LARGEST_TEXT
    if size > limit:
        refuse(path, f"{size:,} bytes; at most {limit:,} are read. Split the export.")
    if container == "zip":
        _check_zip(path, size)
    elif container == "workbook" and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        refuse(path, "a password protects it. Open it in Excel, take the password off, and save it.")
    elif container == "text":
        _check_text(path, start)


def refuse(path: Path, why: str) -> NoReturn:
    """Raise a SourceError that names the file."""
    raise SourceError(f"{path.name}: {why}")


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raise when the file is not afterwards what it was before, whatever reading it gave in between.

    Raises
    ------
    SourceError
    """
    before = _state(path)
    try:
        yield
    finally:
        if _state(path) != before:
            refuse(path, "it changed while it was read. Close the program that writes it and run again.")


def chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes of a member, for as long as they are no more than the zip's directory declares.

    Raises
    ------
    SourceError
    """
    path, declared, seen = Path(archive.filename), member.file_size, 0
    member.file_size = LARGEST_UNPACKED  # zipfile would stop at the declared size, other readers do not
    try:
        with archive.open(member) as part:
            while chunk := part.read(_CHUNK):
                seen += len(chunk)
                if seen > declared:
                    refuse(path, f"{member.filename} unpacks to more than it declares. Ask for a new export.")
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        refuse(path, f"{member.filename} cannot be unpacked ({error}). Save it again, or ask for a new export.")
    finally:
        member.file_size = declared


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_dev, about.st_size, about.st_mtime_ns


def _check_place(path: Path) -> int:
    """Size of a regular file that may be read."""
    if path.name.startswith("~$"):
        refuse(path, f'this is the lock of a file open in Excel. Close Excel and read "{path.name[2:]}" itself.')
    if path.name.startswith(".~lock.") and path.name.endswith("#"):
        refuse(path, f'this is the lock of a file open in LibreOffice. Close it and read "{path.name[7:-1]}" itself.')
    about = _about(path)
    if stat.S_ISDIR(about.st_mode):
        refuse(path, "this is a folder; expected a file.")
    if not stat.S_ISREG(about.st_mode):
        refuse(path, "this is a pipe or a device; expected a file.")
    if about.st_size == 0:
        refuse(path, "the file is empty. Export it again.")
    return about.st_size


def _about(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except PermissionError as error:  # of a folder above it, perhaps: nothing more can be asked of it
        refuse(path, f"it cannot be opened ({error.strerror}). Ask its owner for permission.")
    except (OSError, ValueError):
        if path.is_symlink():
            refuse(path, f'this is a link to "{path.readlink()}", where there is no file. Copy the file itself here.')
        refuse(path, "there is no such file. Check the name and the folder.")


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_CHUNK)
    except OSError as error:
        refuse(path, f"it cannot be opened ({error.strerror}). Ask its owner for permission, or close what holds it.")


def _check_text(path: Path, start: bytes) -> None:
    if start.startswith(UTF_16):
        return
    if b"\0" in start:
        refuse(path, "this is not text: it holds NUL bytes. Expected .csv, .txt or .xlsx; save it as CSV UTF-8.")
    if start.startswith(b"%PDF-"):
        refuse(path, "this is a PDF by its content. Expected .csv, .txt or .xlsx; ask for the export it was made from.")
    with path.open("rb") as file:
        if len(first := file.readline(LONGEST_LINE)) == LONGEST_LINE and b"\r" not in first:
            refuse(path, f"no line ends within its first {LONGEST_LINE:,} bytes. Export it again.")


def _check_zip(path: Path, size: int) -> None:
    what = _ZIPPED.get(path.suffix.lower(), "a zip")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        refuse(path, f"this is not {what} ({error}). Save it again, or ask for a new export.")
    with archive:
        _check_ends(path, what)
        _check_members(path, size, archive.infolist())
        places = sorted((member.header_offset, 30 + member.compress_size) for member in archive.infolist())
        if any(at + length > following for (at, length), (following, _) in pairwise([*places, (archive.start_dir, 0)])):
            refuse(path, "its parts overlap; refused as a zip bomb. Ask for a new export.")


def _check_members(path: Path, size: int, members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename.lower() for member in members}
    if "xl/workbook.bin" in names:
        refuse(path, "XLSB workbooks are not read. Save it as .xlsx.")
    most = MOST_PARTS if {"[content_types].xml", "content.xml"} & names else MOST_FILES
    if len(members) > most:
        refuse(path, f"it holds {len(members):,} parts; at most {most:,} are read. Ask for a new export.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > LARGEST_UNPACKED or _bursts(unpacked, size):
        refuse(path, f"{unpacked:,} bytes when unpacked; refused as a zip bomb. Ask for a new export.")
    for member in members:
        _check_member(path, member)
    if len(names) < len(members):
        refuse(path, "it holds two parts of the same name; refused. Ask for a new export.")


def _check_ends(path: Path, what: str) -> None:
    """Readers differ in where they look for the directory of a zip that has other bytes around it."""
    with path.open("rb") as file:
        starts = file.read(4) == b"PK\x03\x04"
        file.seek(-22, os.SEEK_END)
        if not starts or file.read(4) != _END_OF_ZIP:
            refuse(path, f"this is not {what}: other bytes stand before or behind it. Save it again.")


def _bursts(unpacked: int, packed: int) -> bool:
    return unpacked > max(HARMLESS, LARGEST_RATIO * packed)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    place = PureWindowsPath(name)
    if "\0" in name or place.anchor or ".." in place.parts:
        refuse(path, f'it holds the path "{ascii(name)[1:-1]}"; refused. Ask for a new export.')
    if _bursts(member.file_size, member.compress_size):
        refuse(path, f"{member.filename}: {member.file_size:,} bytes when unpacked; refused as a zip bomb.")
    if member.flag_bits & 1:
        refuse(path, "a password protects it. Take the password off, and save it.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        refuse(path, f"{member.filename} is packed by method {member.compress_type}; expected 0 or 8. Save it again.")

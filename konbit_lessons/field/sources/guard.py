"""What a file is by its first bytes, whatever its name says; and whether it may be read.

What would hurt to read is refused before: absent, locked, empty, changing, or made to burst. A workbook is a zip of
XML. Its directory tells what it unpacks to; :mod:`workbook_parts` then looks at what the XML would unfold to.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path, PureWindowsPath
from typing import NoReturn

from konbit_lessons.errors import SourceError
from konbit_lessons.field.messages import message
from konbit_lessons.field.sources.raw import WORDS

LARGEST_TEXT = 8_000_000_000
LARGEST_WORKBOOK = 300_000_000
LARGEST_UNPACKED = 2_000_000_000
LARGEST_RATIO = 150  # ordinary sheets unpack to 5 to 60 times their size
HARMLESS = 20_000_000  # unpacked, whatever the ratio
LONGEST_LINE = 16_000_000
MOST_PARTS, MOST_FILES = 5_000, 100_000  # in a workbook, in another zip
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BINARY = ("parquet", "sqlite", "spss", "stata")  # tables that are neither text nor a workbook
_STARTS, _NOT_READ = WORDS["starts"], WORDS["not_read"]  # regular expressions of the first bytes
_ZIPPED = {".xlsx": "an XLSX workbook", ".xlsm": "an XLSM workbook", ".ods": "an ODS workbook"}
_CHUNK = 1 << 20


def check(path: Path) -> str:
    """What a file is: ``text``, ``workbook``, ``zip`` (of CSVs), or one of :data:`BINARY`.

    Raises
    ------
    SourceError
        It must not be read, or holds no table: names the file, the reason, and what to do.
    """
    size, start = check_place(path)
    named, container = path.suffix.lower() in _ZIPPED, _told(start, _STARTS) or "text"
    limit = LARGEST_WORKBOOK if named or container == "workbook" else LARGEST_TEXT
    refuse_if(size > limit, path, f"{size:,} bytes; at most {limit:,} are read. Split the export.")
    if container == "zip" or (named and container == "text" and (b"\0" in start or start.startswith(b"PK"))):
        return _check_zip(path, size)
    if container == "workbook":
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        refuse_if(locked, path, "a password protects it. Open it in Excel, take the password off, and save it.")
    elif container == "text":
        _check_text(path, start)
    return container


def refuse(path: Path, why: str, *, row: int | None = None) -> NoReturn:
    """Raise a SourceError that names the file, and the row."""
    raise SourceError(f"{path.name}{f', row {row}' if row else ''}: {why}")


def refuse_if(wrong: bool, path: Path, why: str) -> None:
    """Raise a SourceError that names the file, if it is so."""
    if wrong:
        refuse(path, why)


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raise when the file is not afterwards what it was before, whatever reading it gave in between.

    Raises
    ------
    SourceError
    """
    before, changed = _state(path), "it changed while it was read. Close the program that writes it and run again."
    try:
        yield
    finally:
        refuse_if(_state(path) != before, path, changed)


def part_name(name: str) -> str:
    """A name in a zip in small letters, its folders parted by ``/``, which some programs write as ``\\``."""
    return name.lower().replace("\\", "/")


def chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes of a member, for as long as they are no more than the zip's directory declares.

    Raises
    ------
    SourceError
    """
    path, name, declared, seen = Path(archive.filename), member.filename, member.file_size, 0
    member.file_size = LARGEST_UNPACKED  # zipfile would stop at the declared size, other readers do not
    try:
        with archive.open(member) as part:
            while chunk := part.read(_CHUNK):
                seen += len(chunk)
                refuse_if(seen > declared, path, f"{name} unpacks to more than it declares. Ask for a new export.")
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        refuse(path, f"{name} cannot be unpacked ({error}). Save it again, or ask for a new export.")
    finally:
        member.file_size = declared


def _state(path: Path) -> tuple[int, ...] | None:
    with suppress(OSError):
        about = path.stat()
        return about.st_ino, about.st_dev, about.st_size, about.st_mtime_ns


def check_place(path: Path) -> tuple[int, bytes]:
    """Size and first bytes of a regular file that may be read.

    Raises
    ------
    SourceError
        It is none, or may not: names the file, the reason, and what to do.
    """
    name, office = path.name, path.name.startswith(".~lock.") and path.name.endswith("#")
    refuse_if(name[:2] == "~$", path, f'this is the lock of a file open in Excel. Close Excel and read "{name[2:]}".')
    refuse_if(office, path, f'this is the lock of a file open in LibreOffice. Close it and read "{name[7:-1]}".')
    try:
        about = path.stat()
    except PermissionError as error:  # of a folder above it, perhaps: nothing more can be asked of it
        refuse(path, f"it cannot be opened ({error.strerror}). Ask its owner for permission.")
    except (OSError, ValueError):
        if path.is_symlink():
            refuse(path, f'this is a link to "{path.readlink()}", where there is no file. Copy the file itself here.')
        refuse(path, "there is no such file. Check the name and the folder.")
    refuse_if(stat.S_ISDIR(about.st_mode), path, "this is a folder; expected a file.")
    refuse_if(not stat.S_ISREG(about.st_mode), path, "this is a pipe or a device; expected a file.")
    refuse_if(about.st_size == 0, path, "the file is empty. Export it again.")
    try:
        with path.open("rb") as file:
            return about.st_size, file.read(_CHUNK)
    except OSError as error:
        refuse(path, f"it cannot be opened ({error.strerror}). Ask its owner for permission, or close what holds it.")


def _told(start: bytes, kinds: dict[str, str]) -> str:
    """Which of these kinds a file is by its first bytes; "" where it is none."""
    return next((kind for first, kind in kinds.items() if re.match(first.encode(), start)), "")


def _check_text(path: Path, start: bytes) -> None:
    other, advice = _told(start, _NOT_READ), "Expected a table: save it as .xlsx, or ask for it as CSV, .dta or .sav."
    refuse_if(bool(other), path, f"this is {other}. {advice}")
    no_text = b"\0" in start and not start.startswith(UTF_16)
    refuse_if(no_text, path, "it holds NUL bytes, so it is not text. Save it as .xlsx or as CSV UTF-8.")
    with path.open("rb") as file:
        begun = at = 0  # of the line, and of the piece
        while piece := file.read(_CHUNK):
            ends = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
            at, begun = at + len(piece), at + ends + 1 if ends >= 0 else begun
            refuse_if(at - begun > LONGEST_LINE, path, message("long_line", most=LONGEST_LINE, begun=begun))


def _check_zip(path: Path, size: int) -> str:
    what = _ZIPPED.get(path.suffix.lower(), "a zip")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        refuse(path, f"this is not {what} ({error}). Save it again, or ask for a new export.")
    with path.open("rb") as file:  # readers differ in where they look for the directory of a zip inside other bytes
        start, _ = file.read(4), file.seek(-22, os.SEEK_END)
        plain = (start, file.read(4)) == (b"PK\x03\x04", b"PK\x05\x06")
    with archive:
        refuse_if(not plain, path, f"this is not {what}: other bytes stand before or behind it. Save it again.")
        _check_members(path, size, archive.infolist())
        places = sorted((member.header_offset, 30 + member.compress_size) for member in archive.infolist())
        overlap = any(at + length > end for (at, length), (end, _) in pairwise([*places, (archive.start_dir, 0)]))
        refuse_if(overlap, path, "its parts overlap; refused as a zip bomb. Ask for a new export.")
    names = [*map(part_name, archive.namelist())]
    is_workbook = any(name.startswith("xl/") or name in ("content.xml", "workbook.xml") for name in names)
    none = not is_workbook and not any(name.endswith(".csv") for name in names)
    refuse_if(none, path, "there is no CSV in this zip. Ask for a new export.")
    return "workbook" if is_workbook else "zip"


def _check_members(path: Path, size: int, members: list[zipfile.ZipInfo]) -> None:
    names, unpacked = {part_name(one.filename) for one in members}, sum(member.file_size for member in members)
    most = MOST_PARTS if {"[content_types].xml", "content.xml"} & names else MOST_FILES
    refuse_if("xl/workbook.bin" in names, path, "XLSB workbooks are not read. Save it as .xlsx.")
    refuse_if(len(members) > most, path, f"it holds {len(members):,} parts; at most {most:,} are read. Export again.")
    bursts = unpacked > LARGEST_UNPACKED or _bursts(unpacked, size)
    refuse_if(bursts, path, f"{unpacked:,} bytes when unpacked; refused as a zip bomb. Ask for a new export.")
    for one in members:
        place, told = PureWindowsPath(one.orig_filename), ascii(one.orig_filename)[1:-1]
        leaves = "\0" in one.orig_filename or bool(place.anchor) or ".." in place.parts
        refuse_if(leaves, path, f'it holds the path "{told}"; refused. Ask for a new export.')
        refuse_if(_bursts(one.file_size, one.compress_size), path, message("part_bursts", part=one))
        refuse_if(bool(one.flag_bits & 1), path, "a password protects it. Take the password off, and save it.")
        other = one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        refuse_if(other, path, message("packing", part=one))
    refuse_if(len(names) < len(members), path, "it holds two parts of the same name; refused. Ask for a new export.")


def _bursts(unpacked: int, packed: int) -> bool:
    return unpacked > max(HARMLESS, LARGEST_RATIO * packed)

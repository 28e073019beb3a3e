"""Write a file so that it is whole or the previous one, and let only one run write to a folder."""

import io
import json
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pandas as pd
import psutil
from filelock import FileLock, Timeout

from konbit_lessons.errors import LockedError

UNFINISHED, SCRATCH = ".konbit-unfinished-", "konbit-"
LOCK, HOLDER = ".lock", ".running.json"
FORMULA = (
    r"[\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\x00]"  # also wide, and behind what has no width
)
NUL = "\N{SYMBOL FOR NULL}"


def published(path, content):
    """Write text or bytes to `path` through a file beside it, flushed to disk, that then takes its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def zipped(files):
    """Return the bytes of a zip of name → content, in the order of the names: the same files give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of 1 January 1980, unless told
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same bytes on every system
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()


def file_safe(name):
    """Return a name for files, at most 40 small letters, digits and hyphens; "" where nothing is left.

    >>> file_safe("../Ayiti é")
    'ayiti-e'
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:40].strip("-")


def for_spreadsheets(rows: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP ASVS 1.2.10).

    One that already has apostrophes gets one more, so that :func:`from_spreadsheets` gives back what was there. A NUL,
    which no spreadsheet reads, is written as its sign.
    """
    texts = rows.select_dtypes("str")
    texts = texts.apply(lambda column: column.str.replace("\0", NUL, regex=False))
    ran = {name: texts[name].str.match(rf"'*{FORMULA}", na=False) for name in texts}
    return rows.assign(**{name: texts[name].mask(ran[name], "'" + texts[name]) for name in texts})


def from_spreadsheets(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as they were before a cell that could run as a formula got its apostrophe."""
    return rows.apply(_as_it_was)


def _as_it_was(column):
    other = column[column.str.startswith("'") | column.str.contains(NUL, regex=False)]  # few: the rest is not looked at
    plain = other.str.replace(rf"^'(?='*{FORMULA})", "", regex=True).str.replace(NUL, "\0", regex=False)
    return column.mask(column.index.isin(other.index), plain)


def swept(folder, *, inside=True):
    """Take away files that a run which was killed left half-written in a folder, and in those `inside` it."""
    for unfinished in folder.glob(f"{'**/' * inside}{UNFINISHED}*"):
        unfinished.unlink()


def scratch():
    """Return a new folder for what this process needs for a while; those of processes that are gone are taken away.

    Returns
    -------
    TemporaryDirectory
    """
    for left in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*"):
        pid = left.name.removeprefix(SCRATCH).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-")


@contextmanager
def only_one_run(folder, *, wait=False):
    """Hold the folder for this run, or `wait` until it can; sweep away what a run that was killed left half-written.

    Raises
    ------
    LockedError : another run holds it; the message says which, and since when
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / HOLDER
    try:
        with FileLock(folder / LOCK, timeout=-1 if wait else 0):
            since = datetime.now().astimezone().isoformat(timespec="seconds")
            holder.unlink(missing_ok=True)  # another user's, whose run was killed
            holder.write_text(json.dumps({"pid": os.getpid(), "since": since}), encoding="utf-8")
            swept(folder)
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        found = f"{folder.name}: another run is writing there{_who(holder)}"
        raise LockedError(f"{found}. Wait until it is done, or end it.") from error


def held_by(folder):
    """Return which run holds a folder, as text; "" where none does."""
    try:
        with FileLock(folder / LOCK, timeout=0):
            return ""
    except Timeout:
        return f"another run{_who(folder / HOLDER)}"


def _who(holder):
    with suppress(OSError, ValueError):
        held = json.loads(holder.read_text(encoding="utf-8"))
        return f" (process {held['pid']}, since {held['since']})"
    return ""

"""Write a file so that it is whole or the previous one, and let only one run write to a folder."""

import json
import os
import tempfile
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from konbit_lessons.errors import LockedError

UNFINISHED = ".konbit-unfinished-"


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


@contextmanager
def only_one_run(folder):
    """Hold the folder for this run, and sweep away what a run that was killed left half-written.

    Raises
    ------
    LockedError : another run holds it; the message says which, and since when
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / ".running.json"
    try:
        with FileLock(folder / ".lock", timeout=0):
            holder.write_text(
                json.dumps({"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(timespec="seconds")}),
                encoding="utf-8",
            )
            for unfinished in folder.rglob(f"{UNFINISHED}*"):
                unfinished.unlink()
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        raise LockedError(
            f"{folder.name}: another run is writing there{_who(holder)}. Wait until it is done, or end it."
        ) from error


def _who(holder):
    try:
        held = json.loads(holder.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return f" (process {held['pid']}, since {held['since']})"

"""A quarter is published as one: made in a folder beside, which then changes places with what was published before.

    reports/.runs/FY2017Q3/finished.json    the reports that a run has finished so far, of each audience
    reports/.runs/FY2017Q3/staged/          what will be reports/FY2017Q3; what stays the same is there as a second link
    reports/.runs/FY2017Q3/before/          what it was, until that is taken away

Killed at any point, a run leaves what was published, or what it made, whole; the next one goes on with the reports that
it had finished, and takes the rest away. Where two folders cannot change places at once, which Linux can, the next run
puts back what stands in before/.
"""

import ctypes
import json
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from konbit_lessons.publish import only_one_run, published

RUNS, STAGED, BEFORE, FINISHED = ".runs", "staged", "before", "finished.json"
HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


@contextmanager
def only_run_of(top):
    """Hold a quarter for this run, and take away what one that was killed left half-written.

    Raises
    ------
    LockedError : another run holds it; the message says which, and since when
    """
    if _work(top, BEFORE).is_dir() and not top.exists():
        _work(top, BEFORE).replace(top.resolve())
    top.mkdir(parents=True, exist_ok=True)
    with only_one_run(_work(top) if sys.platform == "win32" else top):  # there, no folder with an open file moves
        yield


def staged(top):
    """Return the folder in which a run makes what will be `top`; that of one that was killed may still be there."""
    return _work(top, STAGED)


def finished(top, audience):
    """Return what a run that was killed had finished: name of a report → what the manifest would have said of it."""
    with suppress(OSError, ValueError, AttributeError):
        return dict(json.loads(_work(top, FINISHED).read_text(encoding="utf-8")).get(audience, {}))
    return {}


def note_finished(top, audience, reports):
    """Write down which reports are finished, so that a run that is killed can be gone on with."""
    published(_work(top, FINISHED), json.dumps({audience: reports}))


def begin(top, keep=()):
    """Make the staged folder what is published now, but for the files to keep of a run that was killed."""
    made, before = staged(top), _work(top, BEFORE)
    shutil.rmtree(before, ignore_errors=True)
    if made.is_dir():
        made.replace(before)
    shutil.copytree(top, made, symlinks=True, copy_function=_link)
    for file in keep:
        (made / file).parent.mkdir(parents=True, exist_ok=True)
        (before / file).replace(made / file)
    shutil.rmtree(before, ignore_errors=True)


def publish(top):
    """Let the staged folder take the place of what is published, by one rename."""
    made, before, top = staged(top), _work(top, BEFORE), top.resolve()
    if not _exchange(made, top):
        top.replace(before)
        try:
            made.replace(top)
        except OSError:
            before.replace(top)
            raise
    shutil.rmtree(_work(top), ignore_errors=True)


def _work(top, *name):
    return Path(top.resolve().parent, RUNS, top.resolve().name, *name)


def _link(source, target):
    """A second name for a file, which is replaced and never written to, the lock among them; or a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _exchange(one, other):
    """Let two folders change places at once; return whether that was possible."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    return bool(rename) and not rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE)

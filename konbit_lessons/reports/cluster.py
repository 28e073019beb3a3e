"""Briefs by the workers of a dask.distributed cluster that is there: ``konbit briefs --cluster tcp://scheduler:8786``.

Workers run notebooks and return pages; the process that was called holds the lock, publishes each page once, and writes
down what was made. A batch whose worker dies is made by another one. Workers have the same versions of all that pages
depend on, and the programme's folder under the same path with the same files: each looks before it begins.
"""

import logging
from contextlib import contextmanager
from itertools import count
from math import ceil
from pathlib import Path

from konbit_lessons.errors import KonbitError, ProgrammeError, ReportError
from konbit_lessons.field.programme import load
from konbit_lessons.publish import published, scratch
from konbit_lessons.reports.document import Setting
from konbit_lessons.reports.each import make_each
from konbit_lessons.words import Words

SECONDS_TO_CONNECT = 10
BATCHES = 4  # of each worker, so that in one that dies a quarter of its work is lost
EXPECTED = (
    "Expected a scheduler of dask.distributed {version} and workers of the same version, each with "
    "konbit-lessons[cluster] as it is installed here and the programme's folder under the same path. What was made "
    "stays: run it again."
)


def make_on(address, todo, limits, progress):
    """Make briefs by a cluster, and publish them here.

    Parameters
    ----------
    address : str, of the scheduler
    todo, limits, progress : as of :func:`konbit_lessons.reports.each.make_each`

    Raises
    ------
    ProgrammeError : there is no such scheduler, it has no worker, or they are not as this process; nothing was started
    ReportError : it went away, or no worker survived a batch
    """
    with _cluster(address) as client:
        from distributed import as_completed

        size, batches, at = ceil(len(todo) / (BATCHES * sum(client.nthreads().values()))), {}, count(1)
        for run in dict.fromkeys(run for run, _ in todo):
            about = type(run), str(run.programme.path), run.setting.quarter, run.language, run.known_by, limits
            own = [one for of, one in todo if of is run]
            for first in range(0, len(own), size):
                batches[client.submit(make_there, own[first : first + size], *about, pure=False)] = run
        for batch in as_completed(batches):
            run, (pages, failed, stopped) = batches[batch], batch.result()
            for file, text in stopped.items():
                published(run.top / file, text)
            for one in [*pages, *failed]:
                said = run.done(one, pages[one]) if one in pages else run.fails(one, failed[one])
                progress(next(at), len(todo), f"{one}: {said}")


def make_there(organizations, kind, file, quarter, language, known_by, limits):
    """Make briefs on a worker; return the pages, why others failed, and the notebooks of these.

    Raises
    ------
    ProgrammeError : this worker has no such folder, other files or another version
    """
    from distributed import get_worker

    with scratch() as folder:
        try:
            run = kind(Setting(load(file, audience="internal"), quarter, Words(language), "internal"), Path(folder))
            if run.known_by != known_by:
                raise ProgrammeError("found other raw files, or another version of what makes pages, than here.")
        except (KonbitError, OSError) as error:
            raise ProgrammeError(f"worker {get_worker().address}: {error}") from None
        run.done = lambda organization, html: run.made.update({organization: html})  # published by who has the lock
        make_each(1, [(run, one) for one in organizations], limits, lambda *_: None)
        stopped = {str(one.relative_to(folder)): one.read_text("utf-8") for one in run.top.rglob("*.ipynb")}
    return run.made, run.failed, stopped


@contextmanager
def _cluster(address):
    """A client of the cluster; what goes wrong with it says what is expected there."""
    try:
        from distributed import Client, __version__
    except ImportError as error:
        raise ProgrammeError("--cluster: found no dask.distributed. pip install 'konbit-lessons[cluster]'") from error
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # of what goes wrong, one line is said
    kind, expected = ProgrammeError, EXPECTED.format(version=__version__)
    try:
        with Client(address, timeout=SECONDS_TO_CONNECT) as client:
            said = client.get_versions()
            used = {one["packages"]["distributed"] for one in [said["scheduler"], *said["workers"].values()]}
            if used != {__version__} or not said["workers"]:
                raise ProgrammeError(f"found dask.distributed {', '.join(used)} with {len(said['workers'])} workers.")
            kind = ReportError
            yield client
    except Exception as error:
        # dask says in a dozen classes that something is not there, has gone, or is of another version
        kind, name = (type(error), "") if isinstance(error, KonbitError) else (kind, f"{type(error).__name__}: ")
        said = str(error).partition("\n")[0].rstrip(".")
        raise kind(f"--cluster {address}: {name}{said}. {expected}") from error

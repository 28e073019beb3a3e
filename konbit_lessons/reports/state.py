"""What a report was made of, as one hash: while that is the same, the page that is there is the one that would be made.

The hash is of the parameters, the notebook, all code, words and templates of the library, the versions of what it
needs, programme.toml, and of each table and file that the notebook read (its kernel notes them, see ``kept``). What a
programme's own notebook reads cannot be known: for it everything beside programme.toml counts, and all raw files.
"""

import hashlib
import json
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

from konbit_lessons.field import late
from konbit_lessons.field.store import digest, fingerprint
from konbit_lessons.reports import manifest, notebooks

CODE = {".py", ".po", ".toml", ".j2", ".css", ".mplstyle"}  # files of the package that a page can depend on


class State:
    """What reports can depend on, as it is now.

    Parameters
    ----------
    programme : Programme
    used : dict, file → hash of the inputs
    reports : Path, where reports of every quarter are
    """

    def __init__(self, programme, used, reports):
        self._programme, self.used, self._reports = programme, used, reports
        self._library = cache(_library)

    def code(self, notebook):
        """Return one hash of a notebook and of the library that makes a page of it."""
        return digest(f"{self._library()} {_hash(notebook)}")

    def of(self, setting, path, about, read):
        """Return the hash of all that a report is made of.

        Parameters
        ----------
        setting : Setting
        path : Path of the notebook
        about : what the call says of it: parameters, further files, whether it may be refused
        read : list of str, what the notebook has read; None where that is not known
        """
        programme, quarter, words, audience = setting
        said = [quarter, words.language, audience, about, self.code(path), self.used[programme.path.name]]
        said += [[name, self._read(name, quarter, audience)] for name in read or ()]
        said += [self._waiting] if audience == "shared" else []
        said += [] if programme.sources else [self.used]  # of what has none, which files are read can change
        return digest(json.dumps([*said, self._own if read is None or notebooks.is_own(programme, path) else ""]))

    def _read(self, name, quarter, audience):
        """The hash of one thing that was read: a cleaned table, numbers of earlier reports, or a file."""
        if name.startswith(manifest.TOLD):
            return manifest.said_before(replace(self._programme, audience=audience), self._reports, before=quarter)
        folder, processed = self._programme.folder, self._programme.processed
        paths = processed / f"{name}.parquet", processed / f"{name}.csv", folder / name
        return next((_hash(path) for path in paths if path.is_file()), "")

    @cached_property
    def _waiting(self):
        """What shared pages show in place of records that changed since they were bundled."""
        asked = self._programme
        return late.state(asked, fingerprint(asked)) if late.was_shared(asked) else ""

    @cached_property
    def _own(self):
        """The hash of all that stands beside programme.toml, but what is made of it, and of what is not there."""
        folder, made = self._programme.folder, (self._programme.processed, self._reports)
        found = []
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder).parts
            if not any(part.startswith(".") for part in inside) and not {*made} & {*path.parents} and path.is_file():
                found.append([inside, _hash(path)])
        return digest(json.dumps([found, self.used]))


def is_same(state, report, asked):
    """Return whether a report that is there is the one that would be made.

    Parameters
    ----------
    state : State
    report : dict, what the manifest says of it
    asked : what stays the same for all reports of a run, Path of the notebook, its parameters
    """
    run, path, parameters = asked
    made_of = state.of(run.setting, path, run.about(parameters), report.get("read"))
    return report.get("made_of") == made_of and are_there(run.folder, report.get("files"))


def are_there(folder, files):
    """Return whether files are in a folder as they were made: ``files`` file → hash, None where there are none."""
    return bool(files) and {file: _hash(folder / file) for file in files or () if (folder / file).is_file()} == files


def made_of(states, report, asked):
    """Return what is said of a report, with what it was made of; not, where that changed while it was made."""
    run, path, parameters = asked
    hashes = {one.of(run.setting, path, run.about(parameters), report["read"]) for one in states}
    return report | {"made_of": hashes.pop() if len(hashes) == 1 else ""}


def _library():
    """One hash of all code, words and templates that make a page, and of the versions of what they need."""
    files = sorted(path for path in notebooks.PACKAGE.rglob("*.*") if path.suffix in CODE)
    return digest(json.dumps(manifest.versions()).encode() + b"".join(path.read_bytes() for path in files))


def _hash(path: Path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

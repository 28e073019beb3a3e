"""A file as what it is by its first bytes, whatever its name says; and the grids in it.

A workbook gives one grid per visible sheet, a zip one per CSV in it, delimited text one.
"""

import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from konbit_lessons.field.sources import delimited, guard, workbook
from konbit_lessons.field.sources.raw import Grid, Grids, listed
from konbit_lessons.field.sources.starts import container_of


@dataclass(frozen=True)
class File:
    """One raw file that :func:`konbit_lessons.field.sources.guard.check` let pass."""

    path: Path

    @cached_property
    def container(self) -> str:
        """``text``, ``workbook``, ``zip`` (of CSVs), or one of :data:`konbit_lessons.field.sources.starts.BINARY`.

        Raises
        ------
        SourceError
            It is a web page called .xls, or a zip without a table.
        """
        with self.path.open("rb") as file:
            found = container_of(file.read(512))
        if found == "page":
            advice = "expected a table. Open it in Excel and save it as .xlsx."
            guard.refuse(self.path, f"this is a web page (HTML or XML), whatever its name says; {advice}")
        return _in_zip(self.path) if found == "zip" else found

    @property
    def grids(self) -> list[Grid]:
        """Those that hold anything; a grid of a zip is called after its member.

        Raises
        ------
        SourceError
            There is none.
        """
        other = f"this is a {self.container} file; expected a CSV or a workbook."
        guard.refuse_if(self.container not in _READERS, self.path, other)
        guard.refuse_if(not self._read[0], self.path, "no visible sheet holds anything. Export it again.")
        return self._read[0]

    @property
    def notices(self) -> list[str]:
        """Hidden sheets left out, an encoding that had to be assumed, and the like."""
        return self._read[1]

    @property
    def epoch(self) -> str | None:
        """From which day a workbook counts dates."""
        return next((grid.epoch for grid in self._read[0]), None)

    @cached_property
    def _read(self) -> Grids:
        if self.container not in _READERS:
            return [], []
        grids, notices = _READERS[self.container](self.path)
        used = [grid for grid in grids if any(column.notna().any() for _, column in grid.cells.items())]
        return used, [*notices, *(notice for grid in used for notice in grid.notices)]


def _in_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = [name.lower() for name in archive.namelist()]
    if any(name.startswith("xl/") or name == "content.xml" for name in names):
        return "workbook"
    none = not any(name.endswith(".csv") for name in names)
    guard.refuse_if(none, path, "there is no CSV in this zip. Ask for a new export.")
    return "zip"


def _zipped(path: Path) -> Grids:
    """The CSVs of a zip, the shortest name first: the main table of a form stands before its repeats."""
    grids, notices = [], []
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        tables = [member for member in members if member.filename.lower().endswith(".csv") and member.file_size]
        for member in sorted(tables, key=lambda one: (len(one.filename), one.filename)):
            (grid,), more = delimited.read(Path(member.filename), b"".join(guard.chunks(archive, member)))
            grids.append(replace(grid, title=member.filename))
            notices += [f"{member.filename}: {notice}" for notice in more]
    others = [member.filename for member in members if member not in tables]
    return grids, notices + ([f"of the zip these were not read: {listed(others)}"] if others else [])


_READERS = {"text": delimited.read, "workbook": workbook.read, "zip": _zipped}

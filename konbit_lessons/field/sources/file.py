"""A file as what it is by its first bytes, whatever its name says; and the grids in it.

A workbook gives one grid per visible sheet, a zip one per CSV in it, delimited text one.
"""

import zipfile
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from konbit_lessons.field.sources import delimited, guard, workbook
from konbit_lessons.field.sources.raw import Grid, Grids, listed


@dataclass
class File:
    """One raw file.

    Attributes
    ----------
    path : Path
    notices : list of str
        Hidden sheets left out, an encoding assumed, answers not decoded: readers add what they notice.
    """

    path: Path
    notices: list[str] = field(default_factory=list)

    @cached_property
    def container(self) -> str:
        """What it is, as :func:`konbit_lessons.field.sources.guard.check` tells.

        Raises
        ------
        SourceError
            It must not be read.
        """
        return guard.check(self.path)

    @cached_property
    def grids(self) -> list[Grid]:
        """Those that hold anything; a grid of a zip is called after its member.

        Raises
        ------
        SourceError
            There is none.
        """
        other = f"this is a {self.container} file; expected a CSV or a workbook."
        guard.refuse_if(self.container not in _READERS, self.path, other)
        grids, notices = _READERS[self.container](self.path)
        used = [grid for grid in grids if any(column.notna().any() for _, column in grid.cells.items())]
        guard.refuse_if(not used, self.path, "no visible sheet holds anything. Export it again.")
        self.notices.extend([*notices, *(notice for grid in used for notice in grid.notices)])
        return used


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

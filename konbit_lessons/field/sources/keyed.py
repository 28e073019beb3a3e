"""Exports of several CSVs, one per repeat, linked by ``KEY`` and ``PARENT_KEY``: ODK Central and SurveyCTO write them.

They come in one zip, or side by side: beside the main CSV ``form.csv``, the repeats are ``form-repeat.csv``. Both join
groups with ``-``. The choices of a question stand behind it and a ``/`` in ODK Central, a ``_`` in SurveyCTO, and are 0
where it was not answered: they are blanked where the joined column is empty. SurveyCTO's ``SubmissionDate`` is written
in the server's words (``Jan 5, 2017 4:20:01 PM``) and stays so.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from glob import escape
from pathlib import PurePosixPath

import pandas as pd

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Form, Writing
from konbit_lessons.field.sources.questions import agreeing, blank_unanswered, by_form, by_values
from konbit_lessons.field.sources.raw import Asked, Frame, Frames, Grid, frame_of
from konbit_lessons.tables import TEXT


@dataclass(frozen=True)
class Keyed:
    """One of the two exporters."""

    is_surveycto: bool

    def recognizes(self, file: File) -> bool:
        """Whether a table of it holds submissions, or the entries of a repeat."""
        return any(_of_surveycto(grid) is self.is_surveycto for grid in file.grids)

    def read(self, file: File, asked: Asked) -> Frames:
        """The submissions, "main", and the entries of each repeat, by question; those marked rejected are counted.

        An entry has ``_parent_index``: the ``_index`` of the row it belongs to. Choices are blank where the question
        was not answered.
        """
        tables = _linked(_named(_grids(file), file.path.stem), file.notices)
        for name, (rows, title) in tables.items():
            if asked.form:
                ways = [Writing(None, "-", "_" if self.is_surveycto else "/")]
                rows = by_form(rows, asked.form, _repeat(name, rows, file, asked.form), file.notices, ways)
            else:
                rows = by_values(rows, "/", agreeing(rows, "_")) if self.is_surveycto else by_values(rows, "-")
            tables[name] = Frame(blank_unanswered(rows), title)
            rejected = (rows["ReviewState"] == "rejected").sum() if "ReviewState" in rows else 0
            told = f"{rejected} submissions whose ReviewState is rejected are kept: the column says which"
            file.notices += [told] if rejected else []
        return tables


ODK, SURVEYCTO = Keyed(is_surveycto=False), Keyed(is_surveycto=True)


def _of_surveycto(grid: Grid) -> bool | None:
    """Whether a table with a key is one of SurveyCTO, or of ODK Central; None where it is neither."""
    header, sets = {*grid.header}, any(header.startswith("SET-OF-") for header in grid.header)
    if "KEY" in header and ("formdef_version" in header or (sets and "PARENT_KEY" in header)):
        return True
    return False if {"KEY", "PARENT_KEY"} <= header or {"KEY", "SubmissionDate", "SubmitterID"} <= header else None


def _grids(file: File) -> list[Grid]:
    """Those of the file and, beside the main CSV, of its repeats; each with the name of its CSV."""
    grids = [*file.grids]
    if file.container == "text" and "PARENT_KEY" not in grids[0].header:
        for path in sorted(file.path.parent.glob(f"{escape(file.path.stem)}-*{file.path.suffix}")):
            with suppress(SourceError):
                beside = File(path)
                if len(beside.grids) == 1 and {"KEY", "PARENT_KEY"} <= set(beside.grids[0].header):
                    grids.append(replace(beside.grids[0], title=path.name))
                    file.notices += [f"{path.name}: {notice}" for notice in beside.notices]
    known = [grid for grid in grids if "KEY" in grid.header]
    file.notices += [f"{grid.title}: it has no column KEY and was left out" for grid in grids if grid not in known]
    return known or grids


def _named(grids: list[Grid], stem: str) -> Frames:
    """Table → its rows under the headers of the file, the main one first."""
    main = next((grid for grid in grids if "PARENT_KEY" not in grid.header), grids[0])
    stem = PurePosixPath(main.title).stem or stem
    others = {PurePosixPath(grid.title).stem.removeprefix(f"{stem}-"): grid for grid in grids if grid is not main}
    return {name: Frame(frame_of(grid), grid.title) for name, grid in {"main": main, **others}.items()}


def _repeat(table: str, rows: pd.DataFrame, file: File, form: Form) -> str:
    """Name of the repeat whose entries a table holds, by the name of its CSV; "" for submissions."""
    stem = table if table != "main" else file.path.stem
    names = [name for name in form.repeats if re.search(rf"(^|[-.~]){re.escape(name)}$", stem)]
    return max(names, key=len, default="") if "PARENT_KEY" in rows else ""


def _linked(tables: Frames, notices: list[str]) -> Frames:
    """The same tables, where there are several, with ``_index`` and the parent's as ``_parent_index``."""
    if len(tables) == 1:
        return tables
    index = {name: pd.Series(range(1, len(rows) + 1), rows.index).astype(TEXT) for name, (rows, _) in tables.items()}
    parents = pd.concat([pd.Series(index[name].array, rows["KEY"]) for name, (rows, _) in tables.items()])
    parents = parents[parents.index.notna() & ~parents.index.duplicated()]
    linked = {}
    for name, (rows, title) in tables.items():
        rows = rows.assign(_index=index[name])
        if "PARENT_KEY" in rows:
            rows = rows.assign(_parent_index=rows["PARENT_KEY"].map(parents).astype(TEXT))
            orphans = int(rows["_parent_index"].isna().sum())
            notices += [f"{title}: {orphans} entries belong to a submission that is not there"] if orphans else []
        linked[name] = Frame(rows, title)
    return linked

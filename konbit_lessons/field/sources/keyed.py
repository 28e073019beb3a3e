"""Exports of several CSVs, one per repeat, linked by ``KEY`` and ``PARENT_KEY``: ODK Central and SurveyCTO write them.

They come in one zip, or side by side: beside the main CSV ``form.csv``, the repeats are ``form-repeat.csv``.
"""

import re
from glob import escape
from pathlib import Path, PurePosixPath

import pandas as pd

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources import guard
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Form
from konbit_lessons.field.sources.grids import Grid
from konbit_lessons.field.sources.raw import frame_of
from konbit_lessons.tables import TEXT


def frames(file: File) -> tuple[dict[str, tuple[pd.DataFrame, str]], list[str]]:
    """Table → its rows under the headers of the file, and the name of the CSV they stand in ("" for the file itself).

    The first is "main". An entry of a repeat has ``_parent_index``: the ``_index`` of the row it belongs to.
    """
    grids, notices = [*file.grids], []
    if file.container == "text" and not _is_repeat(grids[0]):
        for path in sorted(file.path.parent.glob(f"{escape(file.path.stem)}-*{file.path.suffix}")):
            grid, more = _beside(path)
            if grid:
                grids.append(grid)
                notices += [f"{path.name}: {notice}" for notice in more]
    main = next((grid for grid in grids if not _is_repeat(grid)), grids[0])
    stem = PurePosixPath(main.title).stem if main.title else file.path.stem
    tables = {"main": (frame_of(main), main.title)}
    for grid in grids:
        if grid is not main:
            tables[PurePosixPath(grid.title).stem.removeprefix(f"{stem}-")] = (frame_of(grid), grid.title)
    if len(tables) > 1:
        tables, lost = _linked(tables)
        notices += lost
    return tables, notices


def repeat(table: str, rows: pd.DataFrame, file: File, form: Form) -> str:
    """Name of the repeat whose entries a table holds, by the name of its CSV; "" for submissions."""
    stem = table if table != "main" else file.path.stem
    names = [name for name in form.repeats if re.search(rf"(^|[-.~]){re.escape(name)}$", stem)]
    return max(names, key=len, default="") if "PARENT_KEY" in rows else ""


def _is_repeat(grid: Grid) -> bool:
    return "PARENT_KEY" in grid.header


def _beside(path: Path) -> tuple[Grid | None, list[str]]:
    try:
        guard.check(path)
        file = File(path)
        (grid,) = file.grids
    except (SourceError, ValueError):
        return None, []
    return (Grid(path.name, grid.cells), file.notices) if {"KEY", "PARENT_KEY"} <= set(grid.header) else (None, [])


def _linked(tables: dict[str, tuple[pd.DataFrame, str]]) -> tuple[dict[str, tuple[pd.DataFrame, str]], list[str]]:
    """The same tables with ``_index``, and the parent's as ``_parent_index``."""
    index = {
        name: pd.Series(range(1, len(rows) + 1), index=rows.index).astype(TEXT) for name, (rows, _) in tables.items()
    }
    parents = pd.concat([pd.Series(index[name].array, index=rows["KEY"]) for name, (rows, _) in tables.items()])
    parents = parents[parents.index.notna() & ~parents.index.duplicated()]
    linked, notices = {}, []
    for name, (rows, title) in tables.items():
        rows = rows.assign(_index=index[name])
        if "PARENT_KEY" in rows:
            rows = rows.assign(_parent_index=rows["PARENT_KEY"].map(parents).astype(TEXT))
            orphans = int(rows["_parent_index"].isna().sum())
            if orphans:
                notices.append(f"{title}: {orphans} entries belong to a submission that is not there")
        linked[name] = (rows, title)
    return linked, notices

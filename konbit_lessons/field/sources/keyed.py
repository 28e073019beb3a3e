"""Exports of several CSVs, one per repeat, linked by ``KEY`` and ``PARENT_KEY``: ODK Central and SurveyCTO write them.

They come in one zip, or side by side: beside the main CSV ``form.csv``, the repeats are ``form-repeat.csv``.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from glob import escape
from pathlib import Path, PurePosixPath

import pandas as pd

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources import guard
from konbit_lessons.field.sources.choices import blank_unanswered
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Form, Writing
from konbit_lessons.field.sources.questions import by_form
from konbit_lessons.field.sources.raw import Asked, Frame, Grid, Grids, Read, frame_of
from konbit_lessons.tables import TEXT


def read(file: File, asked: Asked, writing: Writing, without_form: Callable[[pd.DataFrame], pd.DataFrame]) -> Read:
    """The submissions, "main", and the entries of each repeat, by question.

    An entry has ``_parent_index``: the ``_index`` of the row it belongs to. Choices are blank where the question was
    not answered.

    Parameters
    ----------
    file : File
    asked : Asked
    writing : Writing
        How the exporter joins groups and choices.
    without_form : callable
        A table under the exporter's headers → the same by question, where there is no form.
    """
    grids, notices = _grids(file)
    tables, lost = _linked(_named(grids, file.path.stem))
    notices += lost
    for name, (rows, title) in tables.items():
        if asked.form:
            rows, more = by_form(rows, asked.form, _repeat(name, rows, file, asked.form), [writing])
            notices += more
        else:
            rows = without_form(rows)
        tables[name] = Frame(blank_unanswered(rows), title)
    return tables, notices


def _grids(file: File) -> Grids:
    """Those of the file and, beside the main CSV, of its repeats; each with the name of its CSV."""
    grids, notices = [*file.grids], []
    if file.container == "text" and "PARENT_KEY" not in grids[0].header:
        for path in sorted(file.path.parent.glob(f"{escape(file.path.stem)}-*{file.path.suffix}")):
            if beside := _entries(path):
                grids.append(replace(beside.grids[0], title=path.name))
                notices += [f"{path.name}: {notice}" for notice in beside.notices]
    known = [grid for grid in grids if "KEY" in grid.header]
    notices += [f"{grid.title}: it has no column KEY and was left out" for grid in grids if grid not in known]
    return known or grids, notices


def _entries(path: Path) -> File | None:
    """A CSV, if it holds the entries of a repeat."""
    file = File(path)
    with suppress(SourceError):
        guard.check(path)
        return file if len(file.grids) == 1 and {"KEY", "PARENT_KEY"} <= set(file.grids[0].header) else None


def _named(grids: list[Grid], stem: str) -> dict[str, Frame]:
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


def _linked(tables: dict[str, Frame]) -> tuple[dict[str, Frame], list[str]]:
    """The same tables, where there are several, with ``_index`` and the parent's as ``_parent_index``."""
    if len(tables) == 1:
        return tables, []
    index = {name: pd.Series(range(1, len(rows) + 1), rows.index).astype(TEXT) for name, (rows, _) in tables.items()}
    parents = pd.concat([pd.Series(index[name].array, rows["KEY"]) for name, (rows, _) in tables.items()])
    parents = parents[parents.index.notna() & ~parents.index.duplicated()]
    linked, notices = {}, []
    for name, (rows, title) in tables.items():
        rows = rows.assign(_index=index[name])
        if "PARENT_KEY" in rows:
            rows = rows.assign(_parent_index=rows["PARENT_KEY"].map(parents).astype(TEXT))
            orphans = int(rows["_parent_index"].isna().sum())
            notices += [f"{title}: {orphans} entries belong to a submission that is not there"] if orphans else []
        linked[name] = Frame(rows, title)
    return linked, notices

"""KoboToolbox exports, CSV or XLSX, with names or labels: grids → tables named by question.

Facts: a choice column is ``question/choice`` with 0, 1, or blank when the question was not answered; a second header
row of HXL tags can be there; repeats are sheets of their own, linked by ``_parent_index``, whose names are cut at 31
characters; groups are joined by ``/`` or whatever the exporter asked for.
"""

import re

import pandas as pd

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Form, clean
from konbit_lessons.field.sources.questions import METADATA, agreeing, by_form, by_values
from konbit_lessons.field.sources.raw import WORDS, Asked, Frame, Frames, Grid, frame_of

_WORDS = WORDS["kobo"]


def recognizes(file: File) -> bool:
    """Whether a table has the metadata of an export."""
    return any(_is_export(grid) for grid in file.grids)


def is_of(form: Form, file: File) -> bool:
    """Whether most headers are those of the form: an export whose metadata was left out."""
    header = [clean(cell) for cell in file.grids[0].header if cell]
    return sum(cell in form.columns for cell in header) > len(header) / 2


def read(file: File, asked: Asked) -> Frames:
    """The submissions, and one table per repeat."""
    tables: Frames = {}
    for grid in sorted(file.grids, key=lambda grid: not _is_export(grid)):
        if tags := _tags(grid):
            file.notices.append(f"the row of HXL tags under the header was left out: {', '.join(tags)}")
        frame = frame_of(grid, after=2 if tags else 1)
        repeat, more = _repeat(grid, asked.form) if "_parent_index" in frame else "", []
        frame = by_form(frame, asked.form, repeat, more) if asked.form else _without_form(frame)
        file.notices += [f"sheet {grid.title}: {notice}" if repeat else notice for notice in more]
        name = repeat or ("main" if "main" not in tables else grid.title)
        tables[name if name not in tables else grid.title] = Frame(frame, grid.title)
    # without a main table it is a sheet of a repeat that was saved on its own
    return {"main": tables.pop("main" if "main" in tables else next(iter(tables))), **tables}


def _without_form(frame: pd.DataFrame) -> pd.DataFrame:
    """Groups are joined by ``/``, or by what stands before choices that agree with their joined column."""
    slashed = any("/" in name for name in frame if not name.startswith(METADATA))
    found = ((one, agreeing(frame, one)) for one in ([] if slashed else _WORDS["separators"]))
    return by_values(frame, *next((way for way in found if way[1]), ()))


def _is_export(grid: Grid) -> bool:
    return sum(mark in grid.header for mark in _WORDS["marks"]) >= 2 or "_parent_index" in grid.header


def _tags(grid: Grid) -> list[str]:
    """``header #tag`` of the second row, if it is one of HXL tags."""
    second = [(header, cell) for header, cell in zip(grid.header, (*grid.top(2), [])[1], strict=False) if cell]
    return [f"{header} {tag}" for header, tag in second] if all(tag.startswith("#") for _, tag in second) else []


def _repeat(grid: Grid, form: Form | None) -> str:
    """The repeat on a sheet: its title, which the exporter may have cut."""
    begun, cut = re.subn(r"\.\.\.( \(\d+\))?$", "", grid.title)
    names = [one for one in form.repeats if (one.startswith(begun) if cut else one == begun)] if form else []
    return names[0] if len(names) == 1 else grid.title

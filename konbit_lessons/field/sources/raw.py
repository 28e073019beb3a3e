"""What every reader takes and returns: Grid, the cells of a sheet as they stand; and Raw, a file as frames of text.

Row numbers are those a person sees in a spreadsheet; a blank cell is missing; text stays as typed.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from konbit_lessons.field.texts import kept
from konbit_lessons.tables import TEXT

WORDS = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))  # of exporters, form builders
_NAMED = 3  # in a notice, before it says "and more"


@dataclass(frozen=True)
class Grid:
    """One sheet, header and title rows included.

    Attributes
    ----------
    title : str
        Of the sheet; "" for a CSV.
    cells : DataFrame of str
        Columns 0, 1, …; the index is the row in the file.
    epoch : {"1900", "1904"} or None
        From which day this workbook counts dates; None where there are no serial dates.
    notices : tuple of str
        What a reader should know of this sheet.
    merged : tuple of (first_row, first_column, last_row, last_column)
        Merged cells; rows as in the index, columns as in ``cells``.
    """

    title: str
    cells: pd.DataFrame
    epoch: str | None = None
    notices: tuple[str, ...] = field(default=())
    merged: tuple[tuple[int, int, int, int], ...] = ()

    def top(self, rows: int) -> list[list[str | None]]:
        """The first rows, cell by cell."""
        return self.cells.iloc[:rows].to_numpy(dtype=object, na_value=None).tolist()

    @cached_property
    def header(self) -> list[str]:
        """The first row, stripped; blank cells are ""."""
        return [(cell or "").strip() for row in self.top(1) for cell in row]

    @property
    def titles(self) -> list[str]:
        """The header, one space between words."""
        return [" ".join(cell.split()) for cell in self.header]


Grids = tuple[list[Grid], list[str]]  # what a file holds, and what was noticed


def numbered(names: Iterable[str]) -> list[str]:
    """Names, each that was there before with a number behind.

    >>> numbered(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    found, times = {}, Counter()
    for name in names:
        one = name
        while one in found:
            times[name] += 1
            one = f"{name} ({times[name] + 1})"
        found[one] = None
    return list(found)


def listed(places: list[str]) -> str:
    """The first few, and how many more there are."""
    more = len(places) - _NAMED
    return f"{', '.join(places[:_NAMED])}{f' and {more} more' if more > 0 else ''}"


def grid_of(title: str, rows: list[list[str | None]], *, first_row: int = 1, **about) -> Grid:
    """Grid of rows of equal length."""
    columns = zip(*rows, strict=True)
    cells = {at: pd.array(list(column), dtype=TEXT) for at, column in enumerate(columns)}
    return Grid(title, pd.DataFrame(cells, index=range(first_row, first_row + len(rows))), **about)


class Frame(NamedTuple):
    """A table as read, and the title of the sheet it stands on ("" for a CSV)."""

    rows: pd.DataFrame
    sheet: str


Read = tuple[dict[str, Frame], list[str]]  # what a reader makes of a file: its tables, and what it noticed


@dataclass(frozen=True)
class Asked:
    """What a reader may know beyond the file: the form, headers that should be there, the options of a question."""

    form: object = None
    expect: tuple[str, ...] = ()
    options: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """One field export as frames of text.

    Attributes
    ----------
    path : Path
    kind : str
        Which exporter wrote it: a key of :data:`konbit_lessons.field.sources.KINDS`.
    tables : dict of str to DataFrame
        ``"main"`` and one per repeat group or further sheet. Values are text, or True, False and missing for the
        choices of a select_multiple. The index, named ``row``, is the row in the file.
    sheets : dict of str to str
        Table → title of its sheet; "" for a CSV.
    notices : tuple of str
        What was assumed or left out.
    epoch : {"1900", "1904"} or None
        From which day the workbook counts dates; None where there are no serial dates.
    """

    path: Path
    kind: str
    tables: dict[str, pd.DataFrame]
    sheets: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    epoch: str | None = None


def frame_of(grid: Grid, *, header: list[str | None] | None = None, after: int = 1) -> pd.DataFrame:
    """Text frame of the rows of a grid behind its first ``after`` ones.

    Wholly blank rows go, and columns without a header and a value; repeated headers are numbered.

    Parameters
    ----------
    grid : Grid
    header : list of str or None
        The grid's first row when not given.
    after : int
        Rows above the first one of data.
    """
    body, titles = grid.cells.iloc[after:], header or grid.top(1)[0]
    there = body.notna().to_numpy()
    used = [at for at, filled in enumerate(there.any(axis=0)) if filled or titles[at]]
    names = numbered((titles[at] or f"column {at + 1}").strip() for at in used)
    frame = body[used].set_axis(names, axis="columns").rename_axis("row")
    return kept(frame, there[:, used].any(axis=1))

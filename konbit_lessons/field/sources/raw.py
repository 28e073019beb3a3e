"""What every reader takes and returns: Grid, the cells of a sheet as they stand; and Raw, a file as frames of text.

Values that a file or database holds as numbers and dates become the text that a person would type for them.
Row numbers are those a person sees in a spreadsheet; a blank cell is missing; text stays as typed.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_rowcol_to_cell

from konbit_lessons.errors import SourceError
from konbit_lessons.field.messages import message
from konbit_lessons.field.values import UNSEEN, WRITING, kept
from konbit_lessons.tables import TEXT

WORDS = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))  # of exporters, form builders
MOST_CELLS = 200_000_000  # as text they must fit in memory
_MARKS = {*WRITING["yes"], *WRITING["no"], *WRITING["attendance"]["yes"], *WRITING["attendance"]["no"]}
_MOST_DIGITS = 1e22  # a whole number beyond is written with an exponent
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
    struck : tuple of int
        Rows that are struck through.
    """

    title: str
    cells: pd.DataFrame
    epoch: str | None = None
    notices: tuple[str, ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    struck: tuple[int, ...] = ()

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


def grid_of(title: str, rows: list[list[str | None]], **about) -> Grid:
    """Grid of rows of equal length, the first of which is row 1."""
    cells = {at: pd.array(list(column), dtype=TEXT) for at, column in enumerate(zip(*rows, strict=True))}
    return Grid(title, pd.DataFrame(cells, index=range(1, len(rows) + 1)), **about)


class Frame(NamedTuple):
    """A table as read, and the title of the sheet it stands on ("" for a CSV)."""

    rows: pd.DataFrame
    sheet: str


Frames = dict[str, Frame]  # what a reader makes of a file: "main", and one for each repeat or further sheet


class Asked(NamedTuple):
    """What a reader knows beyond the file: its kind, the form, headers that should be there, options of questions."""

    kind: str
    form: object
    expect: tuple[str, ...]
    options: dict[str, list[str]]


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
    struck : dict of str to tuple of int
        Table → its rows that are struck through.
    """

    path: Path
    kind: str
    tables: dict[str, pd.DataFrame]
    sheets: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    epoch: str | None = None
    struck: dict[str, tuple[int, ...]] = field(default_factory=dict)


def is_metadata(header: str, kind: str) -> bool:
    """The exporter wrote this column, not a respondent; a hand-made sheet has none."""
    own = (*WORDS["metadata"].values(), [header] if header.lower() in WORDS.get(kind, {}).get("respondent", ()) else [])
    return kind != "sheet" and any(header in listed for listed in own)


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
    names = numbered((titles[at] or f"column {at + 1}").strip(UNSEEN).strip() for at in used)
    body = body if len(used) == body.shape[1] else body[used]  # of thousands of columns it takes a while
    return kept(body.set_axis(names, axis="columns").rename_axis("row"), there[:, used].any(axis=1))


def filled(grid: Grid, after: int) -> tuple[Grid, list[str]]:
    """A grid behind its first rows in which a merged cell stands in each of its rows, and what is to be said of it.

    A mark stands in each of its columns too, as does any text over columns that have nothing but marks.
    """
    rows, places, cells = grid.cells.index, [], grid.cells.copy(deep=False)
    for top, left, low, right in grid.merged:
        text = cells.loc[top, left] if top in rows and rows.get_loc(top) >= after else None
        over = [cells.loc[rows[after:], column].dropna() for column in range(left + 1, right + 1)]
        is_mark = isinstance(text, str) and (_are_marks([text]) or all(len(one) and _are_marks(one) for one in over))
        across = right if is_mark else left
        if isinstance(text, str) and (top, left) != (low, across):
            for column in range(left, across + 1):
                cells[column] = cells[column].mask((rows >= top) & (rows <= low), text)
            places.append(f"{xl_rowcol_to_cell(top - 1, left)}:{xl_rowcol_to_cell(low - 1, right)}")
    return replace(grid, cells=cells), [message("merged_cells", places=listed(places))] if places else []


def _are_marks(texts: Iterable[str]) -> bool:
    """Whether they are of a letter or two, or say yes or no of who came."""
    return all(len(one.strip()) <= 2 or one.strip().casefold() in _MARKS for one in texts)


def text_of(value: object) -> str | None:
    """One value as text; blank is None.

    Raises
    ------
    TypeError
        It is no single value: a list, bytes.

    Examples
    --------
    >>> [text_of(one) for one in (2.0, 0.1, True, date(2017, 6, 1), " ")]
    ['2', '0.1', '1', '2017-06-01', None]
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None or value != value:  # NaN, or NaT
        return None
    if isinstance(value, float | np.floating):
        return str(int(value) if float(value).is_integer() and abs(value) < _MOST_DIGITS else value)
    if isinstance(value, bool | np.bool):
        return "1" if value else "0"
    if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
        value = value.date()
    if isinstance(value, date | time | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else value.isoformat()
    if isinstance(value, int | np.integer | timedelta | UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def text_frame(columns: list[tuple[str, Sequence]], where: str) -> pd.DataFrame:
    """Frame of text from names and values, its rows numbered from 1; repeated names are numbered.

    Raises
    ------
    SourceError
        A column holds what is no single value: a list, bytes.
    """
    made, index = {}, pd.RangeIndex(1, len(columns[0][1]) + 1 if columns else 1, name="row")
    for name, (_, values) in zip(numbered(name for name, _ in columns), columns, strict=True):
        try:
            made[name] = pd.Series([text_of(value) for value in values], index=index, dtype=TEXT)
        except TypeError as error:
            raise SourceError(message("cell_type", where=where, column=name, error=error)) from None
    return pd.DataFrame(made, index=index)


def check_size(name: str, rows: int, columns: int) -> None:
    """Refuse, before it is read, what would not fit in memory.

    Raises
    ------
    SourceError
    """
    if rows * columns > MOST_CELLS:
        raise SourceError(message("many_cells", name=name, rows=rows, columns=columns, most=MOST_CELLS))

"""A file → grids of text: the sheets of a workbook, or the one grid of a CSV. No cell is interpreted here.

Row numbers are those a person sees in a spreadsheet; a blank cell is missing; text stays as typed.
"""

from dataclasses import dataclass, field

import pandas as pd

from konbit_lessons.tables import TEXT


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
        return [
            [None if pd.isna(cell) else cell for cell in row]
            for row in self.cells.iloc[:rows].itertuples(index=False, name=None)
        ]

    @property
    def header(self) -> list[str]:
        """The first row, stripped; blank cells are ""."""
        return [(cell or "").strip() for row in self.top(1) for cell in row]

    @property
    def titles(self) -> list[str]:
        """The header, one space between words."""
        return [" ".join(cell.split()) for cell in self.header]


def grid_of(title: str, rows: list[list[str | None]], *, first_row: int = 1, **about) -> Grid:
    """Grid of rows of equal length."""
    columns = zip(*rows, strict=True)
    cells = {at: pd.array(list(column), dtype=TEXT) for at, column in enumerate(columns)}
    return Grid(title, pd.DataFrame(cells, index=range(first_row, first_row + len(rows))), **about)

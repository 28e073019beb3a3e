"""The rows that a programme's question is asked of: its invitations, or the tidy table of a study."""

from typing import TYPE_CHECKING

import pandas as pd

from konbit_lessons.errors import DataError, ProgrammeError
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.sources import read
from konbit_lessons.field.store import cleaned
from konbit_lessons.panel import invitations

if TYPE_CHECKING:
    from konbit_lessons.periods import Quarter


def rows(programme: Programme, *, quarter: "str | Quarter | None" = None) -> pd.DataFrame:
    """One row per invitation up to a quarter's end; for a study, the rows of its table.

    Parameters
    ----------
    programme : Programme
    quarter : str or Quarter, optional
        Last fiscal quarter to look at. A study has none.

    Returns
    -------
    DataFrame

    Raises
    ------
    ProgrammeError
        The study's table is not there, or has no column of a name in programme.toml.
    DataError
        There are no rows, or no event until that quarter.
    """
    return _study_rows(programme) if programme.study else invitations(cleaned(programme), until=quarter)


def _study_rows(programme: Programme) -> pd.DataFrame:
    """The study's table; a column whose every value is a number is one, the others stay text."""
    path = programme.folder / programme.study.table
    if not path.is_file():
        raise ProgrammeError(
            f'{programme.path.name}, [study], table: found "{programme.study.table}"; there is no such file beside it.'
        )
    text = read(path).tables["main"].reset_index(drop=True)
    asked = programme.question
    for name in [asked["outcome"], *asked["incentives"], *asked["adjust_for"], *asked["cluster"]]:
        if name not in text:
            raise ProgrammeError(
                f'{path.name}: there is no column "{name}", which {programme.path.name} names. '
                f"It has {', '.join(text)}."
            )
    if text.empty:
        raise DataError(f"{path.name}: there is a header but no rows; expected one row per observation.")
    return text.apply(_typed)


def _typed(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().equals(column.notna()) else column

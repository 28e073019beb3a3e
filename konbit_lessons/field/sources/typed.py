"""Values that a file or database holds as numbers and dates → the text a person would type for them."""

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources.raw import numbered
from konbit_lessons.tables import TEXT

MOST_CELLS = 200_000_000  # as text they must fit in memory
_MOST_DIGITS = 1e22  # a whole number beyond is written with an exponent


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
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, float | np.floating):
        is_whole = float(value).is_integer() and abs(value) < _MOST_DIGITS
        return None if math.isnan(value) else str(int(value) if is_whole else value)
    if isinstance(value, bool | np.bool):
        return "1" if value else "0"
    if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | np.integer | timedelta | UUID):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def text_frame(names: Iterable[str], columns: Iterable[Iterable], *, rows: int, where: str) -> pd.DataFrame:
    """Frame of text, its rows numbered from 1; repeated names are numbered.

    Raises
    ------
    SourceError
        A column holds what is no single value: a list, bytes.
    """
    made, index = {}, pd.RangeIndex(1, rows + 1, name="row")
    for name, values in zip(numbered(names), columns, strict=True):
        try:
            made[name] = pd.Series([text_of(value) for value in values], index=index, dtype=TEXT)
        except TypeError as error:
            found = f"found values of the type {error}; expected text, numbers or dates"
            raise SourceError(f'{where}, column "{name}": {found}. Leave it out, or save it as text.') from None
    return pd.DataFrame(made, index=index)


def check_size(name: str, rows: int, columns: int) -> None:
    """Refuse, before it is read, what would not fit in memory.

    Raises
    ------
    SourceError
    """
    if rows * columns > MOST_CELLS:
        found = f"{rows:,} rows × {columns:,} columns; at most {MOST_CELLS:,} cells are read"
        raise SourceError(f"{name}: {found}. Keep the columns that are needed.")

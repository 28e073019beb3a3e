"""Columns of the rows as a model takes them: yes/no and numbers as numbers, text as kinds in a fixed order.

Takes a column of any dtype; returns a Series of float64 or of categories. Called by ``design``.
"""

from datetime import date

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError

MOST_LEVELS = 12  # more kinds than this are names rather than kinds, and each would be compared with the first
MOST_ADJUSTED = 300  # levels of an adjuster: each quarter, each organization of a within-comparison


def prepared(column, role, *, reference=None, most=MOST_ADJUSTED):
    """A complete column as float64, or as categories of text, the one compared with (or the first) in front.

    The first is the first category of a categorical column, else the first by the alphabet.

    Examples
    --------
    >>> prepared(pd.Series([True, False], dtype="boolean"), "incentive").tolist()
    [1.0, 0.0]
    >>> list(prepared(pd.Series(["none", "coaching"]), "incentive", reference="none").cat.categories)
    ['none', 'coaching']
    """
    column = plain(column)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        numbers = column.astype(float)
        if not np.isfinite(numbers).all():
            raise ModelError(f'{role} "{column.name}": found an infinite value; expected numbers. Correct the rows.')
        return numbers
    _refuse_what_has_no_kinds(column, role)
    names = _kinds(column, role, most)
    if reference is not None and str(reference) not in names:
        raise ModelError(f'reference of "{column.name}": found {reference!r}; expected one of {", ".join(names)}.')
    first = [] if reference is None else [str(reference)]
    order = [*first, *(name for name in names if name not in first)]
    return pd.Series(pd.Categorical(column.astype("str").astype(object), order), column.index, name=column.name)


def plain(column):
    """A column in the simplest dtype for its values: objects, Arrow's and categories of yes/no as what they hold."""
    if isinstance(column.dtype, pd.CategoricalDtype) and _are_yes_no(column.cat.categories):
        return column.astype(float)
    if isinstance(column.dtype, pd.ArrowDtype) and pd.api.types.is_bool_dtype(column):
        return column.astype("boolean")
    return column.infer_objects()


def is_number(column):
    """Whether a column holds numbers or yes/no."""
    return pd.api.types.is_numeric_dtype(plain(column))


def _are_yes_no(categories):
    return pd.api.types.is_numeric_dtype(categories) and bool(np.isin(categories.astype(float), (0.0, 1.0)).all())


def _refuse_what_has_no_kinds(column, role):
    dtype, first = column.dtype, column.iloc[0]
    if pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(first, date):
        raise ModelError(
            f'{role} "{column.name}": found a date; expected yes/no (true/false), a number, or text such as a quarter.'
        )
    if pd.api.types.is_timedelta64_dtype(dtype) or isinstance(first, list | dict | set | tuple | np.ndarray):
        raise ModelError(
            f'{role} "{column.name}": found {first!r}; expected yes/no (true/false), a number or text. Make such a '
            "column of it first."
        )


def _kinds(column, role, most):
    """The levels that occur, in the order of the categories or of the alphabet."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = [str(level) for level in column.cat.categories if (column == level).any()]
    else:
        names = sorted(column.astype("str").unique())
    _refuse_numbers_as_text(names, column, role)
    spellings = pd.Series(names, index=[name.casefold().strip() for name in names])
    if alike := spellings[spellings.index.duplicated(keep=False)].tolist():
        raise ModelError(
            f'{role} "{column.name}": found {alike[0]!r} and {alike[1]!r}; expected kinds that differ in more than '
            "capitals and spaces. Write them alike."
        )
    if len(names) > most:
        raise ModelError(
            f'{role} "{column.name}": found {len(names)} different values, such as {names[0]!r}; expected yes/no '
            f"(true/false), a number, or at most {most} kinds. Group the kinds."
        )
    return names


def _refuse_numbers_as_text(names, column, role):
    """Text that is mostly numbers is a number with a slip in it ("12,5"), not so many kinds."""
    numbers = pd.to_numeric(pd.Series(names, dtype=object), errors="coerce").notna()
    few = numbers.all() and len(names) <= MOST_LEVELS
    if isinstance(column.dtype, pd.CategoricalDtype) or few or numbers.sum() <= len(names) / 2:
        return
    slip = next((name for name, is_one in zip(names, numbers, strict=True) if not is_one), names[0])
    raise ModelError(
        f'{role} "{column.name}": found the text {slip!r} among numbers; expected numbers. Correct it, or make '
        "it a number; where numbers are the names of kinds, make it a category."
    )

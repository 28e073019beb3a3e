"""Columns of the rows as a model takes them: yes/no and numbers as numbers, text as kinds in a fixed order.

Takes a column of any dtype; returns a Series of float64 or of categories, or what took place in each row: a yes or no,
a share, or so many of so many. Called by ``used``.
"""

from datetime import date

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError

MOST_LEVELS = 12  # more kinds than this are names rather than kinds, and each would be compared with the first
MOST_ADJUSTED = 300  # levels of an adjuster: each quarter, each organization of a within-comparison
YES_NO = {"yes": "1", "true": "1", "no": "0", "false": "0"}  # as text; other words are refused
SHARES = ("fractional", "linear")  # the methods that take a share between 0 and 1


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
    reference = reference if reference is None else str(reference)
    if reference not in (None, *names):
        raise ModelError(f'reference of "{column.name}": found {reference!r}; expected one of {", ".join(names)}.')
    order = sorted(names, key=lambda name: name != reference)
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


def read_outcome(used, outcome, method, trials=None):
    """The outcome as shares y (n,), and of how many m (n,): 1 each, or the column ``trials``.

    Raises
    ------
    ModelError
        When a value does not fit the method, or the outcome is the same in all rows.

    Examples
    --------
    >>> y, m = read_outcome(pd.DataFrame({"came": [1, 3], "invited": [2, 4]}), "came", "binomial", "invited")
    >>> y.tolist(), m.tolist()
    ([0.5, 0.75], [2.0, 4.0])
    """
    column = used[outcome]
    if (method == "binomial") != bool(trials):
        raise ModelError(
            'method="binomial" counts how many of how many took part: name the column of those invited in trials.'
            if method == "binomial"
            else f'trials="{trials}": found method="{method}"; counts of how many took part need method="binomial".'
        )
    numbers = _numbers(column)
    if trials:
        m = _numbers(used[trials])
        _refuse(used[trials], ~((m > 0) & (m == np.round(m)) & np.isfinite(m)), "the whole number that was invited", "")
        wrong = ~((numbers >= 0) & (numbers <= m) & (numbers == np.round(numbers)))
        _refuse(column, wrong, f"a whole number from 0 to that in {trials}", "Correct the rows.")
        numbers = numbers / m
    elif method in SHARES:
        wrong = ~((numbers >= 0) & (numbers <= 1))
        _refuse(column, wrong, "yes or no, or a share from 0 to 1", "Divide percent by 100.")
    else:
        hint = "Choose a yes/no column, or make one."
        if np.nanmin(numbers, initial=0) >= 0 and np.nanmax(numbers, initial=0) <= 1:
            hint = 'For a share, say method="fractional".'
        _refuse(column, ~np.isin(numbers, (0.0, 1.0)), "yes or no (true/false or 1/0), or blank", hint)
    if numbers.min() == numbers.max():
        who = {0.0: "nobody", 1.0: "everybody"}.get(numbers[0], f"a share of {numbers[0]:g}")
        raise ModelError(
            f'outcome "{outcome}": in all {len(numbers)} rows {who} took part, so nothing can predict who does. '
            "Take a longer period or another outcome."
        )
    return numbers, m if trials else np.ones(len(numbers))


def _numbers(column):
    column = plain(column)
    if pd.api.types.is_string_dtype(column):
        column = column.astype("str").str.strip().str.casefold().replace(YES_NO)
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)


def _refuse(column, wrong, expected, hint):
    if wrong.any():
        found = f'"{column.name}", row {column.index[wrong][0]}: found {shown(column[wrong].iloc[0])}'
        raise ModelError(f"outcome {found}; expected {expected}. {hint}".strip())


def shown(value):
    """A value as a person would write it: 2, not np.int64(2)."""
    return repr(value.item() if hasattr(value, "item") else value)

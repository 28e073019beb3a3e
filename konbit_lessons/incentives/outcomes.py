"""What took place in each row: a yes or no, a share, or so many of so many.

Takes the complete rows and the method; returns the outcome as a share and of how many it is one. Called by ``design``.
"""

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.columns import plain

YES_NO = {"yes": "1", "true": "1", "no": "0", "false": "0"}  # as text; other words are refused
SHARES = ("fractional", "linear")  # the methods that take a share between 0 and 1


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

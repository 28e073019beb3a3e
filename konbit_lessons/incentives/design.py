"""From rows to the matrices of a model: which rows count, which columns, and which incentives cannot be fitted and why.

Takes the panel (or a study's table) and the question; returns a ``Design``. First step of the flow. Rows are put into
one fixed order here, so that nothing further down can depend on the order in which they came.
"""

from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.notes import Note
from konbit_lessons.words import mark

INTERCEPT = "(Intercept)"
TOLERANCE = 1e-7  # a column whose remainder is a smaller share of it is collinear; R's lm uses the same


@dataclass(frozen=True)
class Design:
    """The matrices of one question.

    X : array (n, k), full rank, its first column the intercept; ``names`` its columns.
    y : array (n,) of 0 and 1.
    clusters : cluster column → codes (n,), from 0 in the order of the sorted ids.
    given : incentive → its numbers (n,), for every incentive asked about, fitted or not.
    strata : cluster column → codes (n,) of its type, where a ``*_type`` adjuster is constant within it.
    unfit : incentive → (reason, explanation), for those that are constant or collinear.
    left_out : frame (column, rows): rows dropped, by the first column that was missing.
    """

    X: np.ndarray
    names: tuple
    y: np.ndarray
    outcome: str
    clusters: dict
    given: dict
    strata: dict
    unfit: dict
    left_out: pd.DataFrame
    notes: tuple = field(default=())

    @property
    def incentives(self):
        """Names of the incentives that are in X."""
        return tuple(name for name in self.given if name not in self.unfit or name in self.names)

    def is_offered(self, name):
        """Whether an incentive is 0/1 (offered or not) rather than an amount."""
        return bool(np.isin(self.given[name], (0.0, 1.0)).all())


def build_design(rows, *, outcome, incentives, adjust_for, cluster):
    """Check the rows and turn them into a ``Design``.

    Raises
    ------
    ModelError
        When a column is unknown, no row is complete, the outcome is not 0/1 or is constant, a cluster column has one
        value, or there are fewer rows than columns.
    """
    _check_call(rows, outcome, incentives, adjust_for, cluster)
    used, left_out = _complete(rows, [outcome, *incentives, *adjust_for, *cluster])
    y = _outcome(used[outcome])
    values = {name: _number(used[name], "an incentive") for name in incentives}
    adjusters = _adjusters(used, adjust_for)
    codes = {name: pd.factorize(used[name], sort=True)[0] for name in cluster}
    order = np.lexsort([*adjusters.values(), *values.values(), y, *reversed(codes.values())])
    y, values, adjusters, codes = y[order], *({k: v[order] for k, v in d.items()} for d in (values, adjusters, codes))
    for name in cluster:
        if codes[name].max() == 0:
            raise ModelError(
                f'cluster column "{name}": found one value ({_shown(used[name].iloc[0])}); expected at least two '
                "groups, because the spread between groups tells how sure an estimate is. Name another in cluster."
            )
    columns, unfit, notes = _independent(values, adjusters)
    X = np.column_stack([np.ones(len(y)), *columns.values()])
    if X.shape[0] <= X.shape[1]:
        raise ModelError(
            f"found {X.shape[0]} complete rows for {X.shape[1]} columns; name fewer columns in adjust_for."
        )
    strata = {
        name: next((_codes(used[kind])[order] for kind in adjust_for if _is_type_of(used, kind, name)), None)
        for name in cluster
    }
    names = (INTERCEPT, *columns)
    return Design(
        X, names, y, outcome, codes, values, strata, unfit, left_out, (*_missing_note(left_out, used), *notes)
    )


def _check_call(rows, outcome, incentives, adjust_for, cluster):
    if not isinstance(rows, pd.DataFrame):
        raise ModelError(f"rows: found a {type(rows).__name__}; expected a DataFrame with one row per invitation.")
    if not incentives or not cluster:
        what = "incentives" if not incentives else "cluster"
        raise ModelError(f"{what}: found none; name at least one column of the rows.")
    if len(cluster) > 2:
        raise ModelError(f"cluster: found {len(cluster)} columns ({', '.join(cluster)}); expected one or two.")
    asked = [outcome, *incentives, *adjust_for]
    for name in (*asked, *cluster):
        if name not in rows.columns:
            near = get_close_matches(str(name), [str(c) for c in rows.columns], n=3)
            hint = (
                f"Did you mean {' or '.join(near)}?" if near else f"The rows have {', '.join(map(str, rows.columns))}."
            )
            raise ModelError(f'column "{name}" is not in the rows. {hint}')
    for group in (asked, cluster):
        if twice := sorted({str(name) for name in group if list(group).count(name) > 1}):
            raise ModelError(f"named twice: {', '.join(twice)}. Name each column once: outcome, incentive or adjuster.")
    if rows.empty:
        raise ModelError("there are no rows: nobody was invited, or the quarter is before the first event.")


def _complete(rows, columns):
    used = rows[list(dict.fromkeys(columns))]
    missing = used.isna()
    first = missing.idxmax(axis=1)[missing.any(axis=1)]
    counts = first.value_counts().reindex(used.columns).dropna().astype(int)
    left_out = pd.DataFrame({"column": counts.index.astype(str), "rows": counts.to_numpy()})
    used = used[~missing.any(axis=1)]
    if used.empty:
        raise ModelError(
            f"no row is complete: of {len(rows)} rows, {_counted(left_out)}. "
            "Leave out the column that is mostly missing."
        )
    return used, left_out


def _counted(left_out):
    return ", ".join(f"{rows} have no {column}" for column, rows in left_out.itertuples(index=False))


def _missing_note(left_out, used):
    dropped = int(left_out["rows"].sum())
    message = mark("{dropped} of {all} rows were left out: {counted}.")
    values = {"dropped": dropped, "all": dropped + len(used), "counted": _counted(left_out)}
    return (Note(message, **values),) if dropped else ()


def _outcome(column):
    numbers = pd.to_numeric(column.infer_objects(), errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = ~np.isin(numbers, (0.0, 1.0))
    if wrong.any():
        raise ModelError(
            f'outcome "{column.name}", row {column.index[wrong][0]}: found {_shown(column[wrong].iloc[0])}; expected '
            "yes or no (true/false or 1/0), or blank. Choose a yes/no column, or make one."
        )
    if numbers.min() == numbers.max():
        who = "everybody" if numbers[0] else "nobody"
        raise ModelError(
            f'outcome "{column.name}": in all {len(numbers)} rows {who} took part, so nothing can predict who does. '
            "Take a longer period or another outcome."
        )
    return numbers


def _is_number(column):
    return pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column)


def _number(column, role):
    column = column.infer_objects()
    if not _is_number(column):
        raise ModelError(
            f'{role} "{column.name}": found {_shown(column.iloc[0])}; expected yes/no (true/false) or a number. '
            "Make one yes/no column per kind."
        )
    numbers = column.to_numpy(float)
    if not np.isfinite(numbers).all():
        raise ModelError(f'{role} "{column.name}": found an infinite value; expected numbers. Correct the rows.')
    return numbers


def _adjusters(used, adjust_for):
    columns = {}
    for name in adjust_for:
        column = used[name].infer_objects()
        if pd.api.types.is_datetime64_any_dtype(column):
            raise ModelError(f'adjuster "{name}": found a date; expected a number or text such as a quarter.')
        if _is_number(column):
            columns[name] = _number(column, "adjuster")
            continue
        text = column.astype("str")
        columns |= {f"{name}: {level}": (text == level).to_numpy(float) for level in sorted(text.unique())[1:]}
    return columns


def _codes(column):
    return pd.factorize(column, sort=True)[0]


def _is_type_of(used, kind, cluster):
    return kind.endswith("_type") and bool((used.groupby(cluster, observed=True)[kind].nunique() < 2).all())


def _independent(values, adjusters):
    """The columns that can be fitted together, and what is said of the others.

    Adjusters come first: one that repeats earlier ones is dropped. An incentive that takes part in any exact linear
    relation is "collinear"; its column is dropped only if the relation needs it, so that the others can be fitted.
    """
    kept, basis, unfit, notes, relations = {}, [], {}, [], []
    for name, column in {**adjusters, **values}.items():
        if np.ptp(column) == 0:
            found = f"{name} is {column[0]:g} in every row"
            if name in values:
                unfit[name] = ("constant", f"{found}, so there is nothing to compare.")
        elif (direction := _new_direction(column, basis)) is not None:
            kept[name] = column
            basis.append(direction)
            continue
        else:
            partners = _partners(column, kept)
            found = f"{name} repeats {' and '.join(partners)}"
            if name in values:
                relations.append({name, *partners})
        if name in adjusters:
            notes.append(_not_adjusted(name, column, kept))
    for name in values:
        others = sorted(set().union(*(r for r in relations if name in r)) - {name})
        if others:
            told = f"{name} cannot be told apart from {' and '.join(others)}: they always go together."
            unfit[name] = ("collinear", told)
    return {name: kept[name] for name in (*values, *adjusters) if name in kept}, unfit, notes


def _not_adjusted(name, column, kept):
    if np.ptp(column) == 0:
        message = mark("{name} is {value} in every row, so it was not adjusted for.")
        return Note(message, name=name, value=f"{column[0]:g}")
    message = mark("{name} repeats {others}, so it was not adjusted for.")
    return Note(message, name=name, others=", ".join(_partners(column, kept)))


def _new_direction(column, basis):
    """The part of a column that a constant and the basis do not give, of length 1; None when they give all of it."""
    z = column - column.mean()
    remainder = z / np.linalg.norm(z)
    for _ in range(2):  # a second pass takes out what rounding left of the first
        for direction in basis:
            remainder = remainder - direction * (direction @ remainder)
    size = np.linalg.norm(remainder)
    return remainder / size if size > TOLERANCE else None


def _partners(column, kept):
    """Names of the kept columns that, with a constant, give this column."""
    Z = np.column_stack(list(kept.values()))
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    slopes = np.linalg.lstsq(Z, (column - column.mean()) / column.std(), rcond=None)[0]
    return [name for name, slope in zip(kept, slopes, strict=True) if abs(slope) > 1e-6]


def _shown(value):
    """A value as a person would write it: 2, not np.int64(2)."""
    return repr(value.item() if hasattr(value, "item") else value)

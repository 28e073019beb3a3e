"""From rows to the matrices of a model: which rows count, which columns, and which incentives cannot be fitted and why.

Takes the panel (or a study's table) and the question; returns a ``Design``. First step of the flow. Rows are put into
one fixed order here, so that nothing further down can depend on the order in which they came.
"""

from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.levels import levels_of, spread
from konbit_lessons.incentives.notes import Note
from konbit_lessons.incentives.outcomes import read_outcome, shown
from konbit_lessons.words import mark

INTERCEPT = "(Intercept)"
TOLERANCE = 1e-7  # a column whose remainder is a smaller share of it is collinear; R's lm uses the same


@dataclass(frozen=True)
class Design:
    """The matrices of one question.

    X : array (n, k), full rank, its first column the intercept; ``names`` its columns.
    y : array (n,) of 0 and 1, or shares; with ``trials`` (n,), shares of so many.
    clusters : cluster column → codes (n,), from 0 in the order of the sorted ids.
    given : term → its numbers (n,), for every incentive asked about, fitted or not; a factor has one term per level but
        the one that it is compared with, and with ``by`` there is one term per group, 0 outside of it.
    levels : term → ``Level``, for the levels of factors. within : term → rows (n,) of its group, with ``by``.
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
    trials: np.ndarray | None = None
    levels: dict = field(default_factory=dict)
    within: dict = field(default_factory=dict)

    @property
    def incentives(self):
        """Names of the incentives that are in X."""
        return tuple(name for name in self.given if name not in self.unfit or name in self.names)

    def is_offered(self, name):
        """Whether an incentive is 0/1 (offered or not) rather than an amount."""
        return bool(np.isin(self.given[name], (0.0, 1.0)).all())

    def position_of(self, varies_by):
        """Position of the cluster column that an incentive is constant within; None where it changes by row."""
        return list(self.clusters).index(varies_by) if varies_by in self.clusters else None

    def among(self, name):
        """The rows (n,) that the effect of a term is the average of: all, or those of its group."""
        return self.within.get(name, np.ones(len(self.y), dtype=bool))

    def compared(self, name):
        """The rows (n,) with an incentive, and those without it; of a level, those with the level compared with."""
        offered = self.given[name] > 0
        elsewhere = [self.given[other] > 0 for other in self.others(name)]
        return offered, ~np.any([offered, *elsewhere], axis=0) & self.among(name)

    def others(self, name):
        """The terms of the other levels of a term's factor."""
        return self.levels[name].others if name in self.levels else ()


def build_design(
    rows, *, outcome, incentives, adjust_for, cluster, method="firth", trials=None, reference=None, by=None
):
    """Check the rows and turn them into a ``Design``; arguments as of ``predict_participation``.

    Raises
    ------
    ModelError
        When a column is unknown, no row is complete, the outcome does not fit the method or is constant, a cluster
        column has one value, or there are fewer rows than columns.
    """
    further = [name for name in (trials, by) if name and name not in adjust_for]
    _check_call(rows, [outcome, *incentives, *adjust_for, *further], incentives, cluster)
    used, left_out = _complete(rows, [outcome, *further, *incentives, *adjust_for, *cluster], trials)
    y, m = read_outcome(used, outcome, method, trials)
    values, levels = _incentives(used, incentives, reference or {})
    adjusters = _adjusters(used, (*(name for name in further if name == by), *adjust_for))
    values, levels, within = spread(values, levels, used[by]) if by else (values, levels, {})
    codes = {name: pd.factorize(used[name], sort=True)[0] for name in cluster}
    order = np.lexsort([*adjusters.values(), *values.values(), m, y, *reversed(codes.values())])
    y, m = y[order], m[order]
    values, adjusters, codes, within = ({k: v[order] for k, v in d.items()} for d in (values, adjusters, codes, within))
    for name in cluster:
        if codes[name].max() == 0:
            raise ModelError(
                f'cluster column "{name}": found one value ({shown(used[name].iloc[0])}); expected at least two '
                "groups, because the spread between groups tells how sure an estimate is. Name another in cluster."
            )
    columns, unfit, notes = _independent(values, adjusters, within)
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
        X,
        names,
        y,
        outcome,
        codes,
        values,
        strata,
        unfit,
        left_out,
        (*_missing_note(left_out, used), *notes),
        m if trials else None,
        levels,
        within,
    )


def _check_call(rows, asked, incentives, cluster):
    if not isinstance(rows, pd.DataFrame):
        raise ModelError(f"rows: found a {type(rows).__name__}; expected a DataFrame with one row per invitation.")
    if not incentives or not cluster:
        what = "incentives" if not incentives else "cluster"
        raise ModelError(f"{what}: found none; name at least one column of the rows.")
    if len(cluster) > 2:
        raise ModelError(f"cluster: found {len(cluster)} columns ({', '.join(cluster)}); expected one or two.")
    for name in (*asked, *cluster):
        if name not in rows.columns:
            near = get_close_matches(str(name), [str(c) for c in rows.columns], n=3)
            hint = (
                f"Did you mean {' or '.join(near)}?" if near else f"The rows have {', '.join(map(str, rows.columns))}."
            )
            raise ModelError(f'column "{name}" is not in the rows. {hint}')
        if list(rows.columns).count(name) > 1:
            raise ModelError(f'column "{name}" stands more than once in the rows. Drop or rename one of them.')
    for group in (asked, cluster):
        if twice := sorted({str(name) for name in group if list(group).count(name) > 1}):
            raise ModelError(f"named twice: {', '.join(twice)}. Name each column once: outcome, incentive or adjuster.")
    if rows.empty:
        raise ModelError("there are no rows: nobody was invited, or the quarter is before the first event.")


def _complete(rows, columns, trials=None):
    used = rows[list(dict.fromkeys(columns))]
    if trials:  # of nobody invited, nobody came: such a row says nothing
        used = used.assign(**{trials: used[trials].mask(used[trials] == 0)})
    missing = used.isna().to_numpy()
    incomplete = missing.any(axis=1)
    first = np.bincount(missing[incomplete].argmax(axis=1), minlength=used.shape[1])
    columns = [str(name) for name, n in zip(used.columns, first, strict=True) if n]
    left_out = pd.DataFrame({"column": pd.Series(columns, dtype="str"), "rows": first[first > 0]})
    used = used[~incomplete] if incomplete.any() else used
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
    if not dropped:
        return ()
    message = mark("{dropped} of {all} rows were left out: {counted}.")
    return (Note(message, dropped=dropped, all=dropped + len(used), counted=_counted(left_out)),)


def _is_number(column):
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def _incentives(used, incentives, reference):
    """Term → its numbers, and term → ``Level``: yes/no and amounts as they are, a factor as one column per level."""
    for name in reference:
        if name not in incentives or _is_number(used[name].infer_objects()):
            raise ModelError(f'reference: found "{name}"; expected the name of an incentive that has kinds (text).')
    values, levels = {}, {}
    for name in incentives:
        column = used[name].infer_objects()
        if _is_number(column):
            values[name] = _number(column, "an incentive")
            continue
        columns, of_factor = levels_of(column, reference.get(name))
        values |= columns
        levels |= of_factor
    return values, levels


def _number(column, role):
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


def _independent(values, adjusters, within):
    """The columns that can be fitted together, and what is said of the others.

    Adjusters come first: one that repeats earlier ones is dropped. An incentive that takes part in any exact linear
    relation is "collinear"; its column is dropped only if the relation needs it, so that the others can be fitted.
    """
    kept, basis, unfit, notes, relations = {}, [], {}, [], []
    for name, column in {**adjusters, **values}.items():
        here = column[within[name]] if name in within else column
        if np.ptp(here) == 0:
            found = f"{name} is {here[0]:g} in every row"
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

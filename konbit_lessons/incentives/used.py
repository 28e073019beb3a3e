"""Which rows an analysis uses: complete ones, in a fixed order, with columns as a model takes them.

Takes the rows and the question; returns fields of ``Design``. First step of ``design``.
"""

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.columns import MOST_LEVELS, is_number, prepared, read_outcome, shown
from konbit_lessons.incentives.formula import quoted, unknown_column
from konbit_lessons.incentives.matrices import evaluated
from konbit_lessons.incentives.notes import Note
from konbit_lessons.words import mark

CAME = "attended"  # to whom some columns belong, such as whether a director came


def used_rows(rows, formula, *, incentives, cluster, by, method="firth", trials=None, reference=None):
    """The n complete rows of a question, in the order of their clusters, and within them of their values.

    Arguments as of ``estimate``.

    Returns
    -------
    dict, fields of ``Design``: frame, ids, y, trials, clusters, left_out, notes
    """
    further = [name for name in (trials, by) if name]
    _check_columns(rows, cluster, further, incentives)
    columns = dict.fromkeys([*formula.outcome, *further, *incentives, *formula.columns, *cluster])
    _refuse_of_who_came(rows, formula.outcome)
    used, left_out = _complete(rows, list(columns), trials)
    frame = _frame(used, formula, incentives, cluster, reference or {}, by)
    outcome = used.assign(**{formula.left: _outcome(used, formula)})
    y, m = read_outcome(outcome, formula.left, method, trials)
    codes = {name: pd.factorize(used[name], sort=True)[0] for name in cluster}
    _check_spread(used, codes)
    keys = [one.cat.codes if isinstance(one.dtype, pd.CategoricalDtype) else one for _, one in frame.items()]
    order = np.lexsort([*keys, m, y, *reversed(codes.values())])
    return {
        "frame": frame.iloc[order].reset_index(drop=True),
        "ids": used[list(cluster)].iloc[order].reset_index(drop=True),
        "y": y[order],
        "trials": m[order],
        "clusters": {name: of[order] for name, of in codes.items()},
        "left_out": left_out,
        "notes": _missing_note(left_out, used),
    }


def checked(rows):
    """The rows with columns called by text and no name of the index; an error for what is no such frame."""
    if not isinstance(rows, pd.DataFrame):
        raise ModelError(f"rows: found a {type(rows).__name__}; expected a DataFrame with one row per invitation.")
    if rows.empty:
        raise ModelError("there are no rows: nobody was invited, or the quarter is before the first event.")
    return rows.rename_axis(index=None).set_axis([str(name) for name in rows.columns], axis=1)


def _check_columns(rows, cluster, further, incentives):
    if not 1 <= len(cluster) <= 2:
        found = f"{len(cluster)} columns ({', '.join(cluster)})" if cluster else "none"
        raise ModelError(f"cluster: found {found}; expected one or two.")
    for name in (*cluster, *further):
        if name not in rows.columns:
            raise unknown_column(name, rows.columns)
    if twice := {name for name in cluster if cluster.count(name) > 1} | ({*further} & {*incentives}):
        raise ModelError(f"named twice: {', '.join(twice)}. Name each column once.")


def _refuse_of_who_came(rows, outcome):
    """What is only known of those that came, such as whom they sent, cannot tell who takes part."""
    if CAME not in rows or CAME in outcome:
        return
    absent = rows[CAME].fillna(True).astype(float) == 0
    for name in outcome:
        if absent.any() and rows.loc[absent, name].isna().all():
            raise ModelError(
                f'outcome "{name}": found no value in all {absent.sum()} rows in which {CAME} is no; expected one in '
                f"each, since it is asked who takes part. Count these as no, with rows.assign({name}=rows[{name!r}]."
                f"fillna(False)), or ask only of those that came, with rows[rows[{CAME!r}] == 1]."
            )


def _complete(rows, columns, trials):
    if twice := [name for name in columns if list(rows.columns).count(name) > 1]:
        raise ModelError(f'column "{twice[0]}" stands more than once in the rows. Drop or rename one of them.')
    used = rows[columns]
    if trials:  # of nobody invited, nobody came: such a row says nothing
        used = used.assign(**{trials: used[trials].mask(used[trials] == 0)})
    missing = used.isna()
    first = (missing & (missing.cumsum(axis=1) == 1)).sum()
    left_out = first[first > 0].rename_axis("column").reset_index(name="rows")
    if missing.any(axis=1).all():
        raise ModelError(
            f"no row is complete: of {len(rows)} rows, {_counted(left_out)}. "
            "Leave out the column that is mostly missing."
        )
    return used[~missing.any(axis=1)], left_out


def _counted(left_out):
    return ", ".join(f"{rows} have no {column}" for column, rows in left_out.itertuples(index=False))


def _missing_note(left_out, used):
    dropped = int(left_out["rows"].sum())
    message = mark("{dropped} of {all} rows were left out: {counted}.")
    note = Note(message, dropped=dropped, all=dropped + len(used), counted=_counted(left_out))
    return (note,) if dropped else ()


def _frame(used, formula, incentives, cluster, reference, by):
    """The columns of the formula as it takes them; of an incentive of kinds, the one compared with in front."""
    for name in reference:
        if name not in incentives or is_number(used[name]):
            raise ModelError(f'reference: found "{name}"; expected the name of an incentive that has kinds (text).')
    columns = {}
    for name in (*incentives, *formula.columns):
        if name in incentives:
            columns[name] = prepared(used[name], "an incentive", reference=reference.get(name), most=MOST_LEVELS)
        elif name in cluster and not is_number(used[name]):
            raise ModelError(
                f'adjuster "{name}": found a cluster column; with a level for each of its groups nothing would be left '
                "to compare between them. Take it out of the formula."
            )
        else:
            columns[name] = prepared(used[name], "adjuster")
    if by:
        columns[by] = _groups(used[by])
    return pd.DataFrame(columns)


def _outcome(used, formula):
    """The outcome's column, or what the left side of the formula makes of it."""
    if formula.left in map(quoted, formula.outcome):
        return used[formula.outcome[0]].rename(formula.left)
    numbers = pd.DataFrame({name: prepared(used[name], "outcome") for name in formula.outcome})
    return evaluated(f"0 + I(1.0 * ({formula.left}))", numbers, formula)[0].iloc[:, 0]


def _groups(column):
    groups = prepared(column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("str"), "by")
    found = len(groups.cat.categories)
    if not 2 <= found <= MOST_LEVELS:
        raise ModelError(f'by="{column.name}": found {found} groups; expected 2 to {MOST_LEVELS}.')
    return groups


def _check_spread(used, codes):
    for name, of in codes.items():
        if of.max() == 0:
            raise ModelError(
                f'cluster column "{name}": found one value ({shown(used[name].iloc[0])}); expected at least two '
                "groups, because the spread between groups tells how sure an estimate is. Name another in cluster."
            )

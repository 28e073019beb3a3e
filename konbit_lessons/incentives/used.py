"""Which rows an analysis uses: complete ones, in a fixed order, with columns as a model takes them.

Takes the rows and the question; returns fields of ``Design``. First step of ``design``. Yes/no and numbers become
float64, text becomes kinds in a fixed order; the outcome is a yes or no, a share, or so many of so many.
"""

from datetime import date

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives.formula import Note, evaluated, quoted, shown, unknown_column
from konbit_lessons.words import mark

CAME = "attended"  # to whom some columns belong, such as whether a director came
MOST_LEVELS = 12  # more kinds than this are names rather than kinds, and each would be compared with the first
MOST_ADJUSTED = 300  # levels of an adjuster: each quarter, each organization of a within-comparison
YES_NO = {"yes": "1", "true": "1", "no": "0", "false": "0"}  # as text; other words are refused
NUMBERS = ("linear", "poisson")  # the methods that take any number, or any from 0 on


def used_rows(rows, formula, *, incentives, cluster, by, method="firth", trials=None, weights=None, reference=None):
    """The n complete rows of a question, in the order of their clusters, and within them of their values.

    Arguments as of ``estimate``.

    Returns
    -------
    dict, fields of ``Design``: frame, ids, y, trials, weights, clusters, left_out, notes, order, absorbed
    """
    further = [name for name in (trials, by, weights) if name]
    _check_columns(rows, cluster, further, incentives)
    columns = dict.fromkeys([*formula.outcome, *further, *incentives, *formula.columns, *cluster])
    _refuse_of_who_came(rows, formula.outcome)
    used, left_out, kept = _complete(rows, list(columns), trials)
    absorbed = _absorbed(used, formula, incentives) if method == "linear" else ""
    first = cluster[0] if method != "linear" else ""  # by least squares its groups can be compared with themselves
    frame = _frame(used, formula, incentives, cluster, reference or {}, by, absorbed, first)
    if formula.left in map(quoted, formula.outcome):
        outcome = used[formula.outcome[0]]
    else:
        numbers = pd.DataFrame({name: prepared(used[name], "outcome") for name in formula.outcome})
        outcome = evaluated(f"0 + I(1.0 * ({formula.left}))", numbers, formula)[0].iloc[:, 0]
    y, m = read_outcome(used.assign(**{formula.left: outcome}), formula.left, method, trials)
    w = _weights(used[weights]) if weights else np.ones(len(y))
    codes = {name: pd.factorize(used[name], sort=True)[0] for name in cluster}
    if alone := [name for name, of in codes.items() if of.max() == 0]:
        raise ModelError(message("one_cluster", name=alone[0], value=shown(used[alone[0]].iloc[0])))
    keys = [one.cat.codes if isinstance(one.dtype, pd.CategoricalDtype) else one for _, one in frame.items()]
    order = np.lexsort([*keys, w, m, y, *reversed(codes.values())])
    counted = {"dropped": len(rows) - len(used), "all": len(rows), "counted": _counted(left_out)}
    frame, ids = (one.iloc[order].reset_index(drop=True) for one in (frame, used[list(cluster)]))
    found = {"frame": frame, "ids": ids, "clusters": {name: of[order] for name, of in codes.items()}}
    notes = (Note(mark("{dropped} of {all} rows were left out: {counted}."), **counted),) if counted["dropped"] else ()
    found |= {"y": y[order], "trials": m[order], "weights": w[order], "order": kept[order]}
    return found | {"left_out": left_out, "notes": notes, "absorbed": absorbed}


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
    if unknown := [name for name in (*cluster, *further) if name not in rows.columns]:
        raise unknown_column(unknown[0], rows.columns)
    if twice := {name for name in cluster if cluster.count(name) > 1} | ({*further} & {*incentives}):
        raise ModelError(f"named twice: {', '.join(twice)}. Name each column once.")


def _refuse_of_who_came(rows, outcome):
    """What is only known of those that came, such as whom they sent, cannot tell who takes part."""
    if CAME not in rows or CAME in outcome:
        return
    absent = rows[CAME].fillna(True).astype(float) == 0
    for name in outcome:
        if absent.any() and rows.loc[absent, name].isna().all():
            raise ModelError(message("of_those_that_came", name=name, absent=absent.sum(), came=CAME))


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
        raise ModelError(message("none_complete", all=len(rows), counted=_counted(left_out)))
    kept = ~missing.any(axis=1)
    return used[kept], left_out, np.flatnonzero(kept)


def _counted(left_out):
    return ", ".join(f"{rows} have no {column}" for column, rows in left_out.itertuples(index=False))


def _frame(used, formula, incentives, cluster, reference, by, absorbed, first):
    """The columns of the formula as it takes them; of an incentive of kinds, the one compared with in front."""
    if wrong := [name for name in reference if name not in incentives or is_number(used[name])]:
        raise ModelError(f'reference: found "{wrong[0]}"; expected the name of an incentive that has kinds (text).')
    columns = {}
    for name in (*incentives, *formula.columns):
        if name in incentives:
            columns[name] = prepared(used[name], "an incentive", reference=reference.get(name), most=MOST_LEVELS)
        elif name in cluster and not is_number(used[name]) and not _within(used, incentives, name, first):
            raise ModelError(message("cluster_adjuster", name=name))
        else:
            columns[name] = prepared(used[name], "adjuster", most=np.inf if name == absorbed else MOST_ADJUSTED)
    if by:
        text = isinstance(used[by].dtype, pd.CategoricalDtype)
        columns[by] = prepared(used[by] if text else used[by].astype("str"), "by")
        if not 2 <= len(columns[by].cat.categories) <= MOST_LEVELS:
            raise ModelError(f'by="{by}": found {len(columns[by].cat.categories)} groups; expected 2 to {MOST_LEVELS}.')
    return pd.DataFrame(columns)


def _absorbed(used, formula, incentives):
    """The adjuster of the most kinds, where they are too many for a column each and it is a term of its own."""
    sizes = {name: used[name].nunique() for name in formula.alone if name not in incentives}
    most = max((name for name in sizes if not is_number(used[name])), key=sizes.get, default="")
    return most if most and sizes[most] > MOST_ADJUSTED else ""


def within(x, mass, strata):
    """Columns x (n,) or (n, k) less their means in each stratum, plus those of all rows; as they are without strata.

    ``strata`` (n, S) is sparse, of each row 1 over the root of its stratum's ``mass``. So least squares on x has the
    coefficients of least squares with a column for each stratum: Frisch and Waugh (1933), Econometrica 1, 387-401.
    """
    return x if strata is None else x - strata @ (strata.T @ (x.T * mass).T) + np.average(x, axis=0, weights=mass)


def _within(used, incentives, name, first):
    """Whether some incentive differs within groups of a cluster column, so that these can be adjusted for."""
    return name != first and any(len(used[[name, one]].drop_duplicates()) > used[name].nunique() for one in incentives)


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
    if isinstance(column.dtype, pd.CategoricalDtype) and pd.api.types.is_numeric_dtype(column.cat.categories):
        return column.astype(float) if np.isin(column.cat.categories.astype(float), (0.0, 1.0)).all() else column
    if isinstance(column.dtype, pd.ArrowDtype) and pd.api.types.is_bool_dtype(column):
        return column.astype("boolean")
    return column.infer_objects()


def is_number(column):
    """Whether a column holds numbers or yes/no."""
    return pd.api.types.is_numeric_dtype(plain(column))


def _refuse_what_has_no_kinds(column, role):
    dtype, first = column.dtype, column.iloc[0]
    if pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(first, date):
        raise ModelError(message("no_date", role=role, name=column.name))
    if pd.api.types.is_timedelta64_dtype(dtype) or isinstance(first, list | dict | set | tuple | np.ndarray):
        raise ModelError(message("no_kinds", role=role, name=column.name, first=first))


def _kinds(column, role, most):
    """The levels that occur, in the order of the categories or of the alphabet."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = [str(level) for level in column.cat.categories if (column == level).any()]
    else:
        names = sorted(column.astype("str").unique())
    _refuse_numbers_as_text(names, column, role)
    spellings = pd.Series(names, index=[name.casefold().strip() for name in names])
    if alike := spellings[spellings.index.duplicated(keep=False)].tolist():
        raise ModelError(message("kinds_alike", role=role, name=column.name, one=alike[0], other=alike[1]))
    if len(names) > most:
        about = {"role": role, "name": column.name, "found": len(names), "first": names[0], "most": most}
        raise ModelError(message(f"many_{'levels' if role == 'adjuster' else 'kinds'}", **about))
    return names


def _refuse_numbers_as_text(names, column, role):
    """Text that is mostly numbers is a number with a slip in it ("12,5"), not so many kinds."""
    numbers = pd.to_numeric(pd.Series(names, dtype=object), errors="coerce").notna()
    few = numbers.all() and len(names) <= MOST_LEVELS
    if isinstance(column.dtype, pd.CategoricalDtype) or few or numbers.sum() <= len(names) / 2:
        return
    slip = next((name for name, is_one in zip(names, numbers, strict=True) if not is_one), names[0])
    raise ModelError(message("text_among_numbers", role=role, name=column.name, slip=slip))


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
        raise ModelError(message(f"trials_{'alone' if trials else 'lacking'}", trials=trials, method=method))
    numbers = _numbers(column)
    if trials:
        m = _numbers(used[trials])
        _refuse(used[trials], ~((m > 0) & (m == np.round(m)) & np.isfinite(m)), "the whole number that was invited", "")
        wrong = ~((numbers >= 0) & (numbers <= m) & (numbers == np.round(numbers)))
        _refuse(column, wrong, f"a whole number from 0 to that in {trials}", "Correct the rows.")
        numbers = numbers / m
    elif method in NUMBERS:
        least = 0.0 if method == "poisson" else -np.inf
        _refuse(column, ~(np.isfinite(numbers) & (numbers >= least)), "a number" + ", 0 or more" * (least == 0), "")
    elif method == "fractional":
        wrong = ~((numbers >= 0) & (numbers <= 1))
        _refuse(column, wrong, "yes or no, or a share from 0 to 1", "Divide percent by 100.")
    else:
        is_share = np.nanmin(numbers, initial=0) >= 0 and np.nanmax(numbers, initial=0) <= 1
        hint = message(f"as_{'share' if is_share else 'number' if np.isfinite(numbers).any() else 'yes_no'}")
        _refuse(column, ~np.isin(numbers, (0.0, 1.0)), "yes or no (true/false or 1/0), or blank", hint)
    if numbers.min() == numbers.max():
        of_all = ("nobody took part", "everybody took part") if outcome == CAME else ("it is no", "it is yes")
        same = dict(enumerate(of_all)).get(numbers[0], f"it is {numbers[0]:g}")
        raise ModelError(message("one_outcome", outcome=outcome, all=len(numbers), same=same))
    return numbers, m if trials else np.ones(len(numbers))


def _weights(column):
    """Weights relative to their mean: what they are multiplied by all alike changes nothing."""
    w = _numbers(column)
    if wrong := column[~((w > 0) & np.isfinite(w))].tolist():
        raise ModelError(message("no_weight", name=column.name, found=shown(wrong[0])))
    return w / w.mean()


def _numbers(column):
    column = plain(column)
    if pd.api.types.is_string_dtype(column):
        column = column.astype("str").str.strip().str.casefold().replace(YES_NO)
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)


def _refuse(column, wrong, expected, hint):
    if wrong.any():
        found = f'"{column.name}", row {column.index[wrong][0]}: found {shown(column[wrong].iloc[0])}'
        raise ModelError(f"outcome {found}; expected {expected}. {hint}".strip())

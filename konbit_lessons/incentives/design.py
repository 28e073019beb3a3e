"""From rows and a formula to the matrices of a model: which rows count, which columns, and what cannot be fitted.

Takes the panel (or a study's table) and the question; returns a ``Design``. First step of the flow. Rows are put into
one fixed order here, so that nothing further down can depend on the order in which they came.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.columns import MOST_ADJUSTED, MOST_LEVELS, is_number, prepared
from konbit_lessons.incentives.contrasts import contrast_of
from konbit_lessons.incentives.formula import (
    NAMESPACE,
    by_names,
    does_not_parse,
    mentions,
    quoted,
    read_formula,
    unknown_column,
    unquoted,
)
from konbit_lessons.incentives.independence import independent, label
from konbit_lessons.incentives.notes import Note
from konbit_lessons.incentives.outcomes import read_outcome, shown
from konbit_lessons.words import mark

CLUSTER = ("organization_id", "event_id")


@dataclass(frozen=True)
class Term:
    """One thing that is asked about: an incentive, or one kind of it, in all rows or within a group.

    column : of the frame. x : array (n,), 0 and 1 or an amount. level, against, others : of a kind, what it is compared
    with, and the keys of the further kinds. rows : array (n,), those that its effect is the average of.
    """

    column: str
    x: np.ndarray
    rows: np.ndarray
    group: str = ""
    level: str = ""
    against: str = ""
    others: tuple = ()


@dataclass(frozen=True)
class Design:
    """The matrices of one question.

    X : array (n, k), full rank, the intercept among its columns; ``names`` of its columns, as the formula calls them.
    y : array (n,) of 0 and 1, or shares; with ``trials`` (n,), shares of so many.
    clusters : cluster column → codes (n,), from 0 in the order of the sorted ids.
    terms : name → ``Term``, for everything that is asked about, fitted or not: an incentive, "support[coaching]" for
        a kind but the one compared with; with ``by`` the pair (name, group).
    strata : cluster column → codes (n,) of its type, where a ``*_type`` adjuster is constant within it.
    unfit : term → (reason, explanation), for those that are constant or collinear.
    left_out : frame (column, rows): rows dropped, by the first column that was missing.
    frame : the n rows, complete, in a fixed order, as the formula sees them; ``ids`` their cluster columns. spec : of
        the formula, as statsmodels keeps it. positions : of X's columns among those of the formula.
    """

    X: np.ndarray
    names: tuple
    y: np.ndarray
    formula: object
    clusters: dict
    terms: dict
    strata: dict
    unfit: dict
    left_out: pd.DataFrame
    notes: tuple
    trials: np.ndarray | None
    frame: pd.DataFrame
    ids: pd.DataFrame
    spec: object
    positions: np.ndarray
    _contrasts: dict = field(default_factory=dict, repr=False)

    @property
    def m(self):
        """Of how many each row's outcome is a share: 1 but for counts."""
        return np.ones(len(self.y)) if self.trials is None else self.trials

    @property
    def outcome(self):
        """What the formula asks about: a column, or what is made of columns."""
        return unquoted(self.formula.left)

    @property
    def given(self):
        """Term → its numbers (n,), 0 outside of its group."""
        return {key: np.where(term.rows, term.x, 0.0) for key, term in self.terms.items()}

    def is_offered(self, key):
        """Whether an incentive is 0/1 (offered or not) rather than an amount."""
        return bool(np.isin(self.terms[key].x, (0.0, 1.0)).all())

    def position_of(self, varies_by):
        """Position of the cluster column that an incentive is constant within; None where it changes by row."""
        return list(self.clusters).index(varies_by) if varies_by in self.clusters else None

    def among(self, key):
        """The rows (n,) that the effect of a term is the average of: all, or those of its group."""
        return self.terms[key].rows

    def compared(self, key):
        """The rows (n,) with an incentive, and those without it; of a kind, those with the kind compared with."""
        term = self.terms[key]
        elsewhere = [self.terms[other].x > 0 for other in term.others]
        return (term.x > 0) & term.rows, ~np.any([term.x > 0, *elsewhere], axis=0) & term.rows

    def others(self, key):
        """The terms of the other kinds of a term's incentive."""
        return self.terms[key].others

    def contrast(self, key):
        """What a term changes in X, a ``Contrast`` over its rows."""
        term = self.terms[key]
        whole = term.column, term.level
        if whole not in self._contrasts:
            levels = (term.level, term.against) if term.level else None
            self._contrasts[whole] = contrast_of(self.matrix, self.frame, self.X, self.names, term.column, levels)
        found = self._contrasts[whole]
        return found if term.rows.all() else found.among(term.rows)

    def alone(self, key):
        """X with the average change of a term as one column of its own, that column, and the way back.

        With c that change, column j is where c is largest; coefficients θ of the new matrix are A β, A the identity
        with c as its row j, and β = back @ θ. Where a term is one column of X, nothing changes.
        """
        c = self.contrast(key).mean_step
        j = int(np.abs(c).argmax())
        back = np.eye(len(c))
        back[j] = -c / c[j]
        back[j, j] = 1 / c[j]
        return (self.X if self.contrast(key).is_plain else self.X @ back), j, back

    def terms_without(self, names):
        """The terms of the formula that hold none of these columns."""
        right = [one for one in self.spec.term_names if one != "Intercept"]
        return [one for one in right if not any(mentions(one, name) for name in names)]

    def without(self, keys):
        """The design without the columns of these terms, and a note that says so."""
        names = list(dict.fromkeys(self.terms[key].column for key in keys))
        kept = [j for j, column in enumerate(self.names) if not any(mentions(column, name) for name in names)]
        message = mark("{names}: tells without exception who took part; the other answers are given without it.")
        return replace(
            self,
            X=self.X[:, kept],
            names=tuple(self.names[j] for j in kept),
            positions=self.positions[kept],
            notes=(*self.notes, Note(message, names=", ".join(names))),
            _contrasts={},
        )

    def matrix(self, frame):
        """The columns of X for another frame."""
        return matrix_of(self.spec, frame)[:, self.positions]


def matrix_of(spec, frame):
    """The matrix that a formula, as statsmodels keeps it, makes of a frame."""
    from statsmodels.formula._manager import FormulaManager  # brings patsy: not at import

    return np.asarray(FormulaManager("patsy" if type(spec).__name__ == "DesignInfo" else "formulaic").get_matrices(
        spec, frame, pandas=False
    ))  # fmt: skip


def build_design(
    rows,
    *,
    formula=None,
    outcome="attended",
    incentives,
    adjust_for=(),
    cluster=CLUSTER,
    method="firth",
    trials=None,
    reference=None,
    by=None,
):
    """Check the rows and turn them into a ``Design``; arguments as of ``estimate``, or ``predict_participation``.

    Raises
    ------
    ModelError
        When a column is unknown, no row is complete, the outcome does not fit the method or is constant, a cluster
        column has one value, or there are fewer rows than columns.
    """
    rows, cluster, incentives = _checked(rows), names_of(cluster), names_of(incentives)
    formula = read_formula(formula or by_names(outcome, incentives, names_of(adjust_for)), rows.columns)
    incentives = _asked(incentives, formula, rows.columns)
    further = [name for name in (trials, by) if name]
    _check_clusters(rows, cluster, further, incentives)
    order = [*formula.outcome, *further, *incentives, *formula.columns, *cluster]
    used, left_out = _complete(rows, order, trials)
    frame, ids, y, m, codes = _sorted(*_frame(used, formula, incentives, cluster, method, trials, reference or {}, by))
    _check_spread(used, codes)
    full, names, spec = _matrix(formula, frame, incentives, by)
    columns = [j for j, name in enumerate(names) if any(mentions(name, one) for one in incentives)]
    kept, relations, notes = independent(full, names, columns)
    if len(full) <= len(kept):
        raise ModelError(f"found {len(full)} complete rows for {len(kept)} columns; name fewer columns in adjust_for.")
    terms = _terms(frame, incentives, by)
    kinds = [name for name in formula.columns if name.endswith("_type") and name not in incentives]
    return Design(
        X=full[:, kept],
        names=tuple(names[j] for j in kept),
        y=y,
        formula=formula,
        clusters=codes,
        terms=terms,
        strata={name: _strata(frame, codes[name], kinds) for name in cluster},
        unfit=_unfit(terms, frame, full, names, spec, relations),
        left_out=left_out,
        notes=(*_missing_note(left_out, used), *notes),
        trials=m if trials else None,
        frame=frame,
        ids=ids,
        spec=spec,
        positions=np.array(kept),
    )


def names_of(names):
    """One name or several, as a tuple of text."""
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def _checked(rows):
    if not isinstance(rows, pd.DataFrame):
        raise ModelError(f"rows: found a {type(rows).__name__}; expected a DataFrame with one row per invitation.")
    if rows.empty:
        raise ModelError("there are no rows: nobody was invited, or the quarter is before the first event.")
    return rows.rename_axis(index=None).set_axis([str(name) for name in rows.columns], axis=1)


def _asked(incentives, formula, columns):
    """The incentives that the formula has; of an incentive with an amount, the amount as well."""
    if not incentives:
        raise ModelError("incentives: found none; name at least one column of the rows.")
    known = {*columns, *(str(name).removesuffix("_amount") for name in columns)}
    for name in incentives:
        if name not in known:
            raise unknown_column(name, columns)
    pairs = [one for name in incentives for one in (name, f"{name}_amount")]
    asked = tuple(dict.fromkeys(one for one in pairs if one in formula.columns))
    if not asked:
        raise ModelError(
            f'formula: {str(formula)!r} has none of the incentives ({", ".join(incentives)}) on the right of "~". '
            "Add the one that is asked about."
        )
    return asked


def _check_clusters(rows, cluster, further, incentives):
    if not 1 <= len(cluster) <= 2:
        found = f"{len(cluster)} columns ({', '.join(cluster)})" if cluster else "none"
        raise ModelError(f"cluster: found {found}; expected one or two.")
    for name in (*cluster, *further):
        if name not in rows.columns:
            raise unknown_column(name, rows.columns)
    if twice := {name for name in cluster if cluster.count(name) > 1} | ({*further} & {*incentives}):
        raise ModelError(f"named twice: {', '.join(twice)}. Name each column once.")


def _complete(rows, columns, trials=None):
    columns = list(dict.fromkeys(columns))
    for name in columns:
        if list(rows.columns).count(name) > 1:
            raise ModelError(f'column "{name}" stands more than once in the rows. Drop or rename one of them.')
    used = rows[columns]
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


def _frame(used, formula, incentives, cluster, method, trials, reference, by):
    """The columns of the formula as it takes them, the outcome, of how many it is one, and the codes of clusters."""
    for name in reference:
        if name not in incentives or is_number(used[name]):
            raise ModelError(f'reference: found "{name}"; expected the name of an incentive that has kinds (text).')
    outcome = _outcome(used, formula)
    y, m = read_outcome(used.assign(**{formula.left: outcome}), formula.left, method, trials)
    columns = {
        name: prepared(used[name], "an incentive", reference=reference.get(name), most=MOST_LEVELS)
        for name in incentives
    }
    columns |= {name: _adjuster(used, name, cluster) for name in formula.columns if name not in incentives}
    if by:
        columns[by] = _groups(used[by])
    codes = {name: pd.factorize(used[name], sort=True)[0] for name in cluster}
    return pd.DataFrame(columns), used[list(cluster)], y, m, codes


def _outcome(used, formula):
    """The outcome's column, or what the left side of the formula makes of it."""
    if formula.left in map(quoted, formula.outcome):
        return used[formula.outcome[0]].rename(formula.left)
    numbers = {name: prepared(used[name], "outcome") for name in formula.outcome}
    values, _ = _evaluated(f"0 + I(1.0 * ({formula.left}))", pd.DataFrame(numbers), formula)
    return values.iloc[:, 0].rename(formula.left)


def _adjuster(used, name, cluster):
    if name in cluster and not is_number(used[name]):
        raise ModelError(
            f'adjuster "{name}": found a cluster column; with a level for each of its groups nothing would be left to '
            "compare between them. Take it out of the formula."
        )
    return prepared(used[name], "adjuster", most=MOST_ADJUSTED)


def _groups(column):
    groups = prepared(column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("str"), "by", most=1e9)
    if not 2 <= len(groups.cat.categories) <= MOST_LEVELS:
        raise ModelError(f'by="{column.name}": found {len(groups.cat.categories)} groups; expected 2 to {MOST_LEVELS}.')
    return groups


def _sorted(frame, ids, y, m, codes):
    """Everything in the order of the clusters, and within them of the values."""
    order = np.lexsort([*(_numbers(frame[name]) for name in frame), m, y, *reversed(codes.values())])
    frame, ids = (one.iloc[order].reset_index(drop=True) for one in (frame, ids))
    return frame, ids, y[order], m[order], {name: of[order] for name, of in codes.items()}


def _numbers(column):
    return column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column


def _check_spread(used, codes):
    for name, of in codes.items():
        if of.max() == 0:
            raise ModelError(
                f'cluster column "{name}": found one value ({shown(used[name].iloc[0])}); expected at least two '
                "groups, because the spread between groups tells how sure an estimate is. Name another in cluster."
            )


def _matrix(formula, frame, incentives, by):
    """The matrix, the names of its columns, and the formula as statsmodels keeps it."""
    right = formula.right
    X, spec = _evaluated(right, frame, formula)
    if by:  # every term of an incentive has its own effect in each group
        own = [one for one in spec.term_names if any(mentions(one, name) for name in incentives)]
        X, spec = _evaluated(f"{right} + {quoted(by)} + ({' + '.join(own)}):{quoted(by)}", frame, formula)
    if not np.ptp(X.to_numpy(), axis=0).min(initial=1.0) == 0.0:
        raise ModelError(
            f'formula: {str(formula)!r} leaves out the intercept; write it without "0 +" or "- 1".'
        )
    return X.to_numpy(float), list(X.columns), spec


def _evaluated(right, frame, formula):
    import patsy
    from statsmodels.formula._manager import FormulaManager

    manager = FormulaManager("patsy")
    try:
        with np.errstate(all="ignore"):
            X = manager.get_matrices(f"~ {right}", frame, eval_env=NAMESPACE)
    except (patsy.PatsyError, SyntaxError) as problem:
        raise does_not_parse(str(formula), problem) from None
    bad = frame.index.difference(X.index).union(X.index[~np.isfinite(X).all(axis=1)])
    if len(bad):
        seen = ", ".join(f"{name} is {shown(frame.loc[bad[0], name])}" for name in frame if mentions(right, name))
        raise ModelError(
            f"formula: in {len(bad)} of {len(frame)} rows a term of {right!r} is no number, such as where {seen}. "
            "Write a term that has a value everywhere, such as np.log1p in place of np.log."
        )
    return X, manager.spec


def _terms(frame, incentives, by):
    groups = {"": np.ones(len(frame), bool)}
    if by:
        groups = {level: (frame[by] == level).to_numpy() for level in frame[by].cat.categories}
    found = {}
    for group, rows in groups.items():
        for name in incentives:
            for key, term in _of_incentive(frame[name], rows, group).items():
                found[(key, group) if by else key] = term
    return found


def _of_incentive(column, rows, group):
    """Name → ``Term``: an incentive as it is, or each kind of it but the first."""
    name = column.name
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return {name: Term(name, column.to_numpy(float), rows, group)}
    against, *levels = column.cat.categories
    keys = {level: f"{name}[{level}]" for level in levels or [against]}
    pairs = {level: (key, group) if group else key for level, key in keys.items()}
    return {
        key: Term(name, (column == level).to_numpy(float), rows, group, level, against,
                  tuple(pair for other, pair in pairs.items() if other != level))
        for level, key in keys.items()
    }  # fmt: skip


def _strata(frame, codes, kinds):
    for kind in kinds:
        if (frame[kind].groupby(codes).nunique() < 2).all():
            return pd.factorize(frame[kind], sort=True)[0]
    return None


def _unfit(terms, frame, full, names, spec, relations):
    """Term → why it cannot be fitted: it is constant, or takes part in an exact linear relation of the columns."""
    unfit = {}
    for key, term in terms.items():
        name = key if isinstance(key, str) else key[0]
        here = term.x[term.rows]
        if np.ptp(here) == 0:
            unfit[key] = ("constant", f"{name} is {here[0]:g} in every row, so there is nothing to compare.")
        elif relations and (others := _told_by(term, frame, full, names, spec, relations)) is not None:
            told = f"{name} cannot be told apart from {' and '.join(others)}: they always go together."
            unfit[key] = ("collinear", told if others else f"an interaction of {name} asks for what no row has.")
    return unfit


def _told_by(term, frame, full, names, spec, relations):
    """What an effect cannot be told apart from, as it moves where the design says nothing; None if it does not."""
    levels = (term.level, term.against) if term.level else None
    found = contrast_of(lambda one: matrix_of(spec, one), frame, full, names, term.column, levels)
    moved = found.step if found.step.ndim == 1 else found.step[term.rows]
    told = [involved for direction, involved in relations if np.abs(moved @ direction).max() > 1e-9]
    own = {label(names[j]) for j in found.columns}
    return sorted({one for involved in told for one in involved} - own) if told else None

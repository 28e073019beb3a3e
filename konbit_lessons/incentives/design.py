"""From rows and a formula to the matrices of a model: which rows count, which columns, and what cannot be fitted.

Takes the panel (or a study's table) and the question; returns a ``Design``. First step of the flow. Rows are put into
one fixed order here, so that nothing further down can depend on the order in which they came.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.contrasts import contrast_of
from konbit_lessons.incentives.formula import by_names, mentions, read_formula, unknown_column, unquoted
from konbit_lessons.incentives.independence import independent
from konbit_lessons.incentives.matrices import full_matrix, matrix_of
from konbit_lessons.incentives.notes import Note
from konbit_lessons.incentives.terms import terms_of, unfit_terms
from konbit_lessons.incentives.used import checked, used_rows
from konbit_lessons.words import mark

CLUSTER = ("organization_id", "event_id")


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
    def outcome(self):
        """What the formula asks about: a column, or what is made of columns."""
        return unquoted(self.formula.left)

    @property
    def m(self):
        """Of how many each row's outcome is a share: 1 but for counts."""
        return np.ones(len(self.y)) if self.trials is None else self.trials

    @property
    def first(self):
        """The first cluster column."""
        return next(iter(self.clusters))

    def position_of(self, varies_by):
        """Position of the cluster column that an incentive is constant within; None where it changes by row."""
        return list(self.clusters).index(varies_by) if varies_by in self.clusters else None

    def compared(self, key):
        """The rows (n,) with an incentive, and those without it; of a kind, those with the kind compared with."""
        term = self.terms[key]
        elsewhere = [self.terms[other].x > 0 for other in term.others]
        return (term.x > 0) & term.rows, ~np.any([term.x > 0, *elsewhere], axis=0) & term.rows

    def contrast(self, key):
        """What a term changes in X, a ``Contrast`` over its rows."""
        term = self.terms[key]
        whole = term.column, term.level
        if whole not in self._contrasts:
            asked = self.matrix, self.frame, self.X, self.names, term.column, term.levels
            self._contrasts[whole] = contrast_of(*asked)
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

    def terms_of(self, names, inside=True):
        """The terms of the formula that hold one of these columns; or those that hold none."""
        right = [one for one in self.spec.term_names if one != "Intercept"]
        return [one for one in right if any(mentions(one, name) for name in names) == inside]

    def without(self, keys):
        """The design without the columns of these terms, and a note that says so."""
        names = list(dict.fromkeys(self.terms[key].column for key in keys))
        kept = [j for j, column in enumerate(self.names) if not any(mentions(column, name) for name in names)]
        message = mark("{names}: tells without exception who took part; the other answers are given without it.")
        formula = replace(self.formula, right=" + ".join(self.terms_of(names, inside=False)))
        notes = (*self.notes, Note(message, names=", ".join(names)))
        rest = {"X": self.X[:, kept], "names": tuple(self.names[j] for j in kept), "positions": self.positions[kept]}
        return replace(self, **rest, formula=formula, notes=notes, _contrasts={})

    def matrix(self, frame):
        """The columns of X for another frame."""
        return matrix_of(self.spec, frame)[:, self.positions]


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
    rows, cluster, incentives = checked(rows), names_of(cluster), names_of(incentives)
    formula = read_formula(formula or by_names(outcome, incentives, names_of(adjust_for)), rows.columns)
    asked = {"incentives": _asked(incentives, formula, rows.columns), "by": by}
    used = used_rows(rows, formula, cluster=cluster, method=method, trials=trials, reference=reference, **asked)
    full, names, spec = full_matrix(formula, used.frame, **asked)
    columns = [j for j, name in enumerate(names) if any(mentions(name, one) for one in asked["incentives"])]
    kept, relations, notes = independent(full, names, columns)
    if len(full) <= len(kept):
        raise ModelError(f"found {len(full)} complete rows for {len(kept)} columns; name fewer columns in adjust_for.")
    terms = terms_of(used.frame, **asked)
    kinds = [name for name in formula.columns if name.endswith("_type") and name not in asked["incentives"]]
    return Design(
        X=full[:, kept],
        names=tuple(names[j] for j in kept),
        y=used.y,
        formula=formula,
        clusters=used.codes,
        terms=terms,
        strata={name: _strata(used.frame[kinds], codes) for name, codes in used.codes.items()},
        unfit=unfit_terms(terms, used.frame, full, names, spec, relations),
        left_out=used.left_out,
        notes=(*used.notes, *notes),
        trials=used.m if trials else None,
        frame=used.frame,
        ids=used.ids,
        spec=spec,
        positions=np.array(kept),
    )


def names_of(names):
    """One name or several, as a tuple of text."""
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def _asked(incentives, formula, columns):
    """The incentives that the formula has; of an incentive with an amount, the amount as well."""
    if not incentives:
        raise ModelError("incentives: found none; name at least one column of the rows.")
    known = {*columns, *(name.removesuffix("_amount") for name in columns)}
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


def _strata(kinds, codes):
    for _, kind in kinds.items():
        if (kind.groupby(codes).nunique() < 2).all():
            return pd.factorize(kind, sort=True)[0]
    return None

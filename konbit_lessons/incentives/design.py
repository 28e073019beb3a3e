"""From rows and a formula to the matrices of a model: which rows count, which columns, and what cannot be fitted.

Takes the panel (or a study's table) and the question; returns a ``Design``, with a ``Term`` for each incentive, or each
kind of it, in all rows or within a group. First step of the flow. Rows are put into one fixed order here, so that
nothing further down can depend on the order in which they came.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import sparse

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import formula as written
from konbit_lessons.incentives.contrasts import contrast_of
from konbit_lessons.incentives.formula import Note, by_names, independent, label, matrix_of, mentions, read_formula
from konbit_lessons.incentives.used import checked, used_rows, within
from konbit_lessons.words import mark

CLUSTER = ("organization_id", "event_id")


@dataclass(frozen=True)
class Term:
    """One thing that is asked about: an incentive, or one kind of it, in all rows or within a group.

    column : of the frame. x : array (n,), 0 and 1 or an amount. rows : array (n,), those that its effect is the average
    of. level, against : of a kind, and what it is compared with.
    """

    column: str
    x: np.ndarray
    rows: np.ndarray
    group: str = ""
    level: str = ""
    against: str = ""

    @property
    def name(self):
        """The incentive, or the kind of it: "support[coaching]"."""
        return f"{self.column}[{self.level}]" if self.level else self.column

    @property
    def key(self):
        """What it is called among the terms of a design."""
        return (self.name, self.group) if self.group else self.name

    @property
    def is_offered(self):
        """Whether it is 0/1 (offered or not) rather than an amount."""
        return bool(np.isin(self.x, (0.0, 1.0)).all())

    @property
    def usual_change(self):
        """1 for offered or not; for an amount two standard deviations of all rows, which compare with it (Gelman 2008),
        rounded to 1, 2 or 5 times a power of ten: an effect per single unit of money is always small."""
        return 1.0 if self.is_offered else usual_step(self.x)


@dataclass(frozen=True)
class Design:
    """The matrices of one question.

    X : array (n, k), full rank, the intercept among its columns; ``names`` of its columns, as the formula calls them.
    y : array (n,) of 0 and 1, or shares; ``trials`` (n,), of how many each is one: 1 but for counts. ``weights`` (n,),
        relative to their mean.
    clusters : cluster column → codes (n,), from 0 in the order of the sorted ids.
    terms : name → ``Term``, for everything that is asked about, fitted or not: an incentive, "support[coaching]" for
        a kind but the one compared with; with ``by`` the pair (name, group).
    unfit : term → (reason, explanation), for those that are constant or collinear.
    left_out : frame (column, rows): rows dropped, by the first column that was missing.
    frame : the n rows, complete, in a fixed order, as the formula sees them; ``ids`` their cluster columns, ``order``
        (n,) where they stand among the rows given. spec : of
        the formula, as statsmodels keeps it. positions : of X's columns among those of the formula.
    absorbed : an adjuster of so many levels that least squares takes it out of the other columns, or empty.
    """

    X: np.ndarray
    names: tuple
    y: np.ndarray
    formula: object
    clusters: dict
    terms: dict
    left_out: pd.DataFrame
    notes: tuple
    trials: np.ndarray
    weights: np.ndarray
    frame: pd.DataFrame
    ids: pd.DataFrame
    order: np.ndarray
    _spec: object  # or how it is written: what keeps a formula is not kept on disk
    positions: np.ndarray
    absorbed: str = ""
    unfit: dict = field(default_factory=dict)
    _contrasts: dict = field(default_factory=dict, repr=False)

    def __getstate__(self):
        return self.__dict__ | {"_spec": self.spec.describe(), "_contrasts": {}}

    @property
    def spec(self):
        """The formula as statsmodels keeps it, made again where the design was kept on disk."""
        if isinstance(self._spec, str):
            self.__dict__["_spec"] = written.evaluated(self._spec, self.frame, self.formula)[1]
        return self._spec

    @property
    def mass(self):
        """How much each row counts in a fit, (n,): its trials, times its weight."""
        return self.trials * self.weights

    @property
    def strata(self):
        """Of each row 1 over the root of the mass of its level of ``absorbed``, sparse (n, S); None without such."""
        if not self.absorbed:
            return None
        codes = self.frame[self.absorbed].cat.codes.to_numpy()
        return sparse.csr_array((np.bincount(codes, self.mass)[codes] ** -0.5, (np.arange(len(codes)), codes)))

    @property
    def is_measured(self):
        """Whether the outcome is a number, such as earnings or a count, rather than yes or no or a share."""
        return bool(self.y.min() < 0 or self.y.max() > 1)

    @property
    def first(self):
        """The first cluster column."""
        return next(iter(self.clusters))

    @property
    def asked(self):
        """The columns that are asked about."""
        return {term.column for term in self.terms.values()}

    @property
    def adjusters(self):
        """The formula's columns that are not asked about, but what is absorbed."""
        return [name for name in self.formula.columns if name not in {*self.asked, self.absorbed}]

    @property
    def fitted(self):
        """The terms but those that are unfit."""
        return {key: term for key, term in self.terms.items() if key not in self.unfit}

    def others(self, key):
        """The keys of the further kinds of an incentive, in the same group."""
        of = self.terms[key].column, self.terms[key].group
        return [one for one, term in self.terms.items() if one != key and (term.column, term.group) == of]

    def compared(self, key):
        """The rows (n,) with an incentive, and those without it; of a kind, those with the kind compared with."""
        term = self.terms[key]
        elsewhere = [self.terms[other].x > 0 for other in self.others(key)]
        return (term.x > 0) & term.rows, ~np.any([term.x > 0, *elsewhere], axis=0) & term.rows

    def contrast(self, key):
        """What a term changes in X, a ``Contrast`` over its rows."""
        term = self.terms[key]
        whole = term.column, term.level
        if whole not in self._contrasts:
            self._contrasts[whole] = contrast_of(self, term.column, (term.level, term.against) if term.level else None)
        return self._contrasts[whole] if term.rows.all() else self._contrasts[whole].among(term.rows)

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
        kept = np.delete(np.arange(len(self.names)), self.columns_of(names))
        message = mark("{names}: tells without exception who took part; the other answers are given without it.")
        formula = replace(self.formula, right=" + ".join(self.terms_of(names, inside=False)))
        notes = (*self.notes, Note(message, names=", ".join(names)))
        return replace(self.of_columns(kept), formula=formula, notes=notes)

    def columns_of(self, names):
        """Positions of the columns of X that these columns of the rows make."""
        return [j for j, column in enumerate(self.names) if any(mentions(column, name) for name in names)]

    def of_columns(self, kept):
        """The design with some columns of X only."""
        names, positions = tuple(self.names[j] for j in kept), self.positions[kept]
        return replace(self, X=self.X[:, kept], names=names, positions=positions, _contrasts={})

    def matrix(self, frame):
        """The columns of X for another frame."""
        return matrix_of(self.spec, frame)[:, self.positions]


def build_design(rows, *, incentives, formula=None, outcome="attended", adjust_for=(), cluster=CLUSTER, by=None, **how):
    """Check the rows and turn them into a ``Design``; arguments as of ``estimate``, or ``predict_participation``.

    Raises
    ------
    ModelError
        When a column is unknown, no row is complete, the outcome does not fit the method or is constant, a cluster
        column has one value, or there are fewer rows than columns.
    """
    rows, cluster, incentives = checked(rows), names_of(cluster), names_of(incentives)
    if not incentives:
        raise ModelError("incentives: found none; name at least one column of the rows.")
    formula = read_formula(formula or by_names(outcome, incentives, names_of(adjust_for)), rows.columns)
    asked = {"incentives": formula.having(incentives, rows.columns), "by": by}
    used = used_rows(rows, formula, cluster=cluster, **asked, **how)
    X, names, spec = formula.matrix(used["frame"], **asked, absorbed=used["absorbed"])
    given = {"formula": formula, "terms": _terms_of(used["frame"], **asked), "_spec": spec, **used}
    design = Design(X=X, names=names, positions=np.arange(len(names)), **given)
    inside = within(X, design.mass, strata := design.strata)
    is_flat = (np.ptp(X, axis=0) == 0) | (np.ptp(inside, axis=0) <= 1e-9 * np.ptp(X, axis=0))
    inside = np.where(is_flat, X.mean(axis=0), inside)
    kept, relations, notes = independent(inside, names, design.columns_of(asked["incentives"]), design.absorbed)
    columns = len(kept) + (strata.shape[1] - 1 if design.absorbed else 0)
    if len(X) <= columns:
        raise ModelError(f"found {len(X)} complete rows for {columns} columns; name fewer columns in adjust_for.")
    return replace(design.of_columns(kept), unfit=_unfit(design, relations), notes=(*design.notes, *notes))


def usual_step(x, most=np.inf):
    """Two standard deviations of an amount, rounded to 1, 2 or 5 times a power of ten; of whole numbers 1 or more.

    It is never above the range of the amount, nor above ``most``.

    >>> usual_step(np.array([0.0, 0.0, 0.2, 0.2])), usual_step(np.arange(11.0)), usual_step(np.arange(11.0), 3)
    (0.2, 5.0, 2.0)
    """
    spread, most = 2 * float(x.std()), min(most, np.ptp(x)) * (1 + 1e-9)
    if not spread > 0:
        return 1.0
    power = int(np.floor(np.log10(min(spread, most))))
    steps = [float(f"{digit}e{power + more}") for more in (-1, 0, 1) for digit in (1, 2, 5)]
    steps = [step for step in steps if step <= most]
    whole = [step for step in steps if step >= 1 and np.array_equal(x, np.round(x))]
    return min(whole or steps, key=lambda step: abs(np.log(step / spread)))


def names_of(names):
    """One name or several, as a tuple of text."""
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def _terms_of(frame, incentives, by=None):
    """Name → ``Term`` of each incentive, "support[coaching]" for a kind but the first; with ``by``, (name, group) →."""
    groups = {"": np.ones(len(frame), bool)}
    if by:
        groups = {level: (frame[by] == level).to_numpy() for level in frame[by].cat.categories}
    terms = []
    for column in (frame[name] for name in incentives):
        given, against = {"": column}, ""
        if isinstance(column.dtype, pd.CategoricalDtype):
            against, *levels = column.cat.categories
            given = {level: column == level for level in levels or [against]}
        told = [(level, x.to_numpy(float)) for level, x in given.items()]
        terms += [Term(column.name, x, rows, at, level, against) for at, rows in groups.items() for level, x in told]
    return {term.key: term for term in terms}


def _unfit(design, relations):
    """Term → (reason, explanation): it is constant, or takes part in an exact linear relation of the columns."""
    unfit = {}
    for key, term in design.terms.items():
        here = term.x[term.rows]
        if np.ptp(here) == 0:
            unfit[key] = ("constant", f"{term.name} is {here[0]:g} in every row, so there is nothing to compare.")
        elif relations:  # an effect that moves where the design says nothing cannot be told apart
            found = design.contrast(key)
            own = {label(design.names[j]) for j in found.columns}
            told = [{*involved} - own for v, involved in relations if np.abs(found.step @ v).max() > 1e-9]
            others = " and ".join(sorted(set().union(*told)))
            why = f"{term.name} cannot be told apart from {others}: they always go together."
            if told:
                unfit[key] = "collinear", why if others else f"an interaction of {term.name} asks for what no row has."
    return unfit

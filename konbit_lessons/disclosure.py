"""What a shared report may show: no figure about few organizations, read off or worked out; and pseudonyms.

Takes a table of counts and how its figures add up; returns it with blanks, or withheld. Between the tables and the
reports in the flow. docs/disclosure.md says in plain words what is hidden, what is not, and what was measured.
"""

import hmac
import os
from base64 import b32encode
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from konbit_lessons.errors import DataError, ProgrammeError
from konbit_lessons.words import Words

MOST_HIDDEN = 2 / 3  # of the figures above zero; beyond, the table is withheld
KEY_FILE = "KONBIT_KEY_FILE"
SHORTEST_KEY = 16  # bytes
PSEUDONYM = 10  # letters
WHOLE = 1e-6  # how near to whole numbers a solution is whole
GOLDEN = (5**0.5 - 1) / 2  # its multiples stay apart


@dataclass(frozen=True)
class Protected:
    """A table of which nothing about few organizations can be worked out.

    Attributes
    ----------
    table : DataFrame of Int64, missing where hidden
        A share of two of its figures is missing where either is: compute shares and intervals from here.
    hidden : DataFrame of bool
        What is hidden; a mean of the same organizations is hidden with their count: ``means.mask(hidden)``.
    smallest : int
    withheld : bool
        Whether nothing is left that may be shown.
    """

    table: pd.DataFrame
    hidden: pd.DataFrame
    smallest: int
    withheld: bool

    def sentence(self, language="en"):
        """Return what is not shown and why; "" where all is shown."""
        words = Words.of(language)
        if self.withheld:
            return words.text(
                "This table is not shown: from it, figures about fewer than {smallest} organizations could be worked "
                "out.",
                smallest=words.number(self.smallest),
            )
        if not (n := int(self.hidden.to_numpy().sum())):
            return ""
        return words.plural(
            "{n} figure is not shown: it is about fewer than {smallest} organizations, or such a figure could be "
            "worked out from it.",
            "{n} figures are not shown: they are about fewer than {smallest} organizations, or such a figure could be "
            "worked out from them.",
            n,
            smallest=words.number(self.smallest),
        )


def margins(counts, total="total"):
    """Return the sums of a table whose rows or columns named `total` hold totals: of any number of levels.

    >>> margins(pd.DataFrame({"cdsp": [3, 9, 12]}, index=["Artibonite", "Sud", "total"]))
    [(('total', 'cdsp'), [('Artibonite', 'cdsp'), ('Sud', 'cdsp')])]
    """
    labels, sums = _labels(counts), []
    for level in range(counts.index.nlevels + 1):
        lines = defaultdict(dict)
        for label in labels:
            lines[label[:level] + label[level + 1 :]][label[level]] = label
        sums += [(line.pop(total), list(line.values())) for line in lines.values() if total in line and len(line) > 1]
    return sums


def protected(
    counts,
    *,
    smallest,
    sums=(),
    within=(),
    unions=(),
    below=(),
    organizations=None,
    public=(),
    hidden=(),
    withhold=True,
):
    r"""Hide what is about few organizations, and as much else as it takes that it cannot be worked out.

    A figure about 1 to ``smallest`` − 1 organizations is hidden; so is a zero of a group that small. An outsider knows
    every figure that is shown, how figures add up, and that a hidden one is not zero. Each hidden figure, and each
    difference that is itself about few organizations, must stay uncertain: two whole tables :math:`y, y'` exist that
    agree with all of this, and :math:`y_i - y'_i` is at least ``smallest``, and for a figure about few organizations no
    less than itself. The linear program that looks for them says, where there are none, which further figures to hide
    at least cost: small ones before large ones, and so parts before totals. Where that hides more than `MOST_HIDDEN`
    of the figures above zero, or nothing helps, the table is withheld. Fischetti and Salazar (2001), Management Science
    47, 1008-1027, for the audit and the linear program.

    Parameters
    ----------
    counts : DataFrame of whole numbers
        A figure's label is ``(*row, column)``. A missing figure is one that nobody knows.
    smallest : int
        No figure is about fewer organizations.
    sums : list of (whole, parts)
        Labels of figures that add up, as from :func:`margins`.
    within : list of (part, whole)
        The organizations of one are among those of the other, as took part and invited, or reached by one quarter and
        by the next: those between them are a figure too.
    unions : list of (whole, parts)
        As `sums`, of parts that may overlap, as organizations reached in each quarter and in all: the overlap, and
        those outside of one part, are figures too.
    below : list of (figure, figure)
        The first is never above the second, and what is between is no figure, as organizations and their attendances.
    organizations : DataFrame of the rows of `counts`, any of its columns
        How many organizations a figure is about, where it counts something else, such as attendances.
    public : labels of figures that an outsider knows anyway, such as those of an earlier report
    hidden : labels of figures to hide in any case, such as those that an earlier report hid
    withhold : bool
        If not, the table stays, however much of it is hidden; and a figure of which public ones tell too much stays as
        uncertain as they leave it.

    Returns
    -------
    Protected

    Raises
    ------
    DataError
        A count is not a whole number from 0, a label is not known or stands there twice, or figures do not add up.

    Examples
    --------
    The 2 is hidden, and a second figure, or else the total would tell it.

    >>> counts = pd.DataFrame({"reached": [2, 30, 9, 41]}, index=["Nippes", "Ouest", "Sud", "total"])
    >>> protected(counts, smallest=5, sums=margins(counts)).table["reached"].to_list()
    [<NA>, 30, <NA>, 41]
    """
    figures = _Figures(counts)
    for whole, parts in sums:
        figures.relate(whole, parts)
    for part, whole in within:
        figures.relate(whole, [part], over=1)
    for whole, parts in unions:
        figures.relate(whole, parts, over=-1)
        for part in parts:
            figures.relate(whole, [part], over=1)
    for low, high in below:
        figures.relate(high, [low], over=1, is_figure=False)
    told, kept = ([figures.at(label) for label in labels] for labels in (public, hidden))
    found = figures.hide(smallest, _about(counts, organizations), told, kept, withhold=withhold)
    above_zero = figures.counts > 0
    withheld = found is None or (withhold and bool((found & above_zero).sum() > MOST_HIDDEN * above_zero.sum()))
    mask = np.full(counts.size, withheld)
    if not withheld:
        mask[figures.cells] = found
    mask = pd.DataFrame(mask.reshape(counts.shape), index=counts.index, columns=counts.columns)
    return Protected(counts.astype("Int64").mask(mask), mask, smallest, withheld)


def in_turn(reports, *, smallest):
    """Hide what reports one after the other may not give away together.

    What one report showed is public for the next; what it hid stays hidden.

    Parameters
    ----------
    reports : iterable of dict
        The arguments of :func:`protected` for each report, of which each holds the figures of all before.
    smallest : int

    Returns
    -------
    Protected, of the last
    """
    shown, kept, safe = set(), set(), None
    for asked in reports:
        counts = asked["counts"]
        labels = {label for label, n in zip(_labels(counts), _numbers(counts), strict=True) if not np.isnan(n)}
        public = {*asked.get("public", ())} | (shown & labels)
        given = asked | {"public": sorted(public, key=str), "hidden": sorted(kept & labels, key=str)}
        safe = protected(**given, smallest=smallest, withhold=False)
        hidden = dict(zip(_labels(safe.hidden), safe.hidden.to_numpy().ravel(), strict=True))
        shown |= {label for label in labels if not hidden[label]}
        kept |= {label for label in labels if hidden[label]}
    return safe


def read_key(folder):
    """Return the key of the pseudonyms from the file that ``KONBIT_KEY_FILE`` names.

    Parameters
    ----------
    folder : Path of the programme, which the key must not lie in, nor in any repository

    Raises
    ------
    ProgrammeError
        No file is named, it cannot be read, it lies where it would be shared, or its key is short.
    """
    if not (named := os.environ.get(KEY_FILE)):
        raise ProgrammeError(
            f"{KEY_FILE} is not set, and there is no key but your own. Make one once, keep it, and name its file "
            "there: python -c 'import secrets; print(secrets.token_hex(32))' > FILE"
        )
    path = Path(named).expanduser().resolve()
    shared = path.is_relative_to(Path(folder).resolve()) or any((up / ".git").exists() for up in path.parents)
    if shared:
        raise ProgrammeError(
            f"{KEY_FILE}: {path.name} lies in the programme's folder or in a repository, from where it would be shared "
            "with the data. Move it out."
        )
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ProgrammeError(f"{KEY_FILE}: {path.name} cannot be read: {error.strerror}.") from None
    return _strong(key)


def pseudonyms(ids, key):
    """Return a pseudonym for each id: the same under the same key, and not to be guessed without it.

    The first 50 bits of HMAC-SHA256 of the id, written in 10 letters and digits. A plain hash would not do: all
    Haitian mobile numbers can be hashed in seconds.

    Parameters
    ----------
    ids : iterable of str
        Missing ones are left out.
    key : bytes
        At least 16, as from :func:`read_key`.

    Returns
    -------
    dict of id to pseudonym

    Raises
    ------
    ProgrammeError
        The key is short.
    DataError
        An id is not text, or two ids have one pseudonym.
    """
    _strong(key)
    ids = [one for one in dict.fromkeys(ids) if not pd.isna(one)]
    if other := [one for one in ids if not isinstance(one, str)]:
        raise DataError(
            f"pseudonyms: found an id of type {type(other[0]).__name__}; expected text, since 7 and 7.0 are one id. "
            "Read the column as text."
        )
    named = {one: b32encode(hmac.digest(key, one.encode(), "sha256")).decode()[:PSEUDONYM] for one in ids}
    if len(set(named.values())) < len(named):
        raise DataError("pseudonyms: two ids have the same one, by chance. Take another key.")
    return named


def _strong(key):
    if len(key) < SHORTEST_KEY:
        raise ProgrammeError(
            f"the key of the pseudonyms has {len(key)} bytes; expected at least {SHORTEST_KEY}, drawn at random."
        )
    return key


class _Figures:
    """The figures of a table, then the differences between them, and the equations that all of them obey."""

    def __init__(self, counts):
        labels, values = _labels(counts), _numbers(counts)
        if (bad := (values < 0) | (values % 1 > 0)).any():
            raise DataError(
                f"disclosure: {labels[bad.argmax()]} is {values[bad.argmax()]:g}; expected a whole number from 0."
            )
        self.cells = np.flatnonzero(~np.isnan(values))
        self.counts = values[self.cells]
        self.place = {labels[cell]: i for i, cell in enumerate(self.cells)}
        if len(self.place) < len(self.cells):
            raise DataError("disclosure: two rows, or two columns, have the same name. Give each its own.")
        self.differences, self.are_figures, self.equations, self.parts = [], [], [], []

    def at(self, label):
        if label not in self.place:
            raise DataError(f"disclosure: the table has no figure {label}; a label is (*row, column).")
        return self.place[label]

    def relate(self, whole, parts, *, over=0, is_figure=True):
        """Note that the whole is the sum of its parts, plus `over` times a difference that is never shown."""
        name, whole, parts = whole, self.at(whole), [self.at(part) for part in parts]
        of_parts = self.counts[parts].sum()
        difference = self.counts[whole] - of_parts
        if difference * over < 0 or (difference and not over):
            raise DataError(
                f"disclosure: {name} is {self.counts[whole]:g} and its parts are {of_parts:g}, which cannot be. Mend "
                "the counts, or say how they go together: sums, within, unions or below."
            )
        equation = {whole: 1, **dict.fromkeys(parts, -1)}
        if over:
            equation[len(self.counts) + len(self.differences)] = -over
            self.differences.append(abs(difference))
            self.are_figures.append(is_figure)
        self.equations.append(equation)
        if over >= 0 and is_figure:
            self.parts += [(part, whole) for part in equation if part != whole]

    def hide(self, smallest, about, public, kept, *, withhold):
        """Return which figures to hide, or None where nothing helps."""
        values = np.concatenate([self.counts, self.differences])
        shown = np.arange(len(values)) < len(self.counts)
        about = np.concatenate([_numbers(about)[self.cells], self.differences])
        few = (about > 0) & (about < smallest) & np.concatenate([shown[shown], self.are_figures]).astype(bool)
        while zeros := self._zeros_of(few, values):
            few[zeros] = True
        known = np.isin(np.arange(len(values)), public)
        fixed = known | shown & (values == 0) & ~few
        at_most = self._known_limits(np.where(known, values, np.inf))
        by_rule = at_most >= smallest  # within a group known to be smaller, a zero is hidden as well
        low = (shown & (values > 0) & by_rule).astype(float)
        apart = np.minimum(np.where(few, np.maximum(values, smallest), smallest), at_most - by_rule)
        cost = np.log2(2 + values) * (
            1 + np.arange(len(values)) * GOLDEN % 1 / 1000
        )  # no two the same: one cheapest way
        hidden = shown & (few | np.isin(np.arange(len(values)), kept)) & ~(known & ~few)
        program = _Program(self._matrix(len(values)), values, low, ~fixed)
        least, most = values, values
        while (unsafe := (hidden & ~fixed | ~shown & few) & (most - least < apart)).any():
            target = unsafe.argmax()
            tables = program.two_tables(target, apart[target], np.where(hidden | ~shown, 0, cost))
            if tables is None and withhold:
                return None
            if tables is None:
                apart[target] -= 1
                continue
            least, most = np.minimum(least, tables.min(axis=0)), np.maximum(most, tables.max(axis=0))
            hidden |= shown & (least < most)
        return hidden[shown]

    def _zeros_of(self, few, values):
        """Zeros of a group that is too small, unless another group of theirs is shown to be empty."""
        small = {part for part, whole in self.parts if few[whole]}
        empty = {part for part, whole in self.parts if values[whole] == 0 and not few[whole]}
        return [part for part in sorted(small - empty) if values[part] == 0 and not few[part]]

    def _known_limits(self, at_most):
        """Of each figure the smallest group of known size that holds it, beyond which no table makes it uncertain."""
        while larger := [(part, whole) for part, whole in self.parts if at_most[part] > at_most[whole]]:
            for part, whole in larger:
                at_most[part] = min(at_most[part], at_most[whole])
        return at_most

    def _matrix(self, columns):
        matrix = np.zeros((len(self.equations), columns))
        for row, equation in zip(matrix, self.equations, strict=True):
            row[list(equation)] = list(equation.values())
        return matrix


class _Program:
    """Two tables beside the true one, as what each figure moves up and down, that obey the same equations."""

    def __init__(self, matrix, values, low, movable):
        self.values, self.at = values, np.flatnonzero(movable)
        self.balance = np.kron(np.eye(2), np.kron([1, -1], matrix[:, self.at]))
        down = values[self.at] - low[self.at]
        self.bounds = Bounds(0, np.concatenate([np.full(len(down), np.inf), down] * 2))

    def two_tables(self, target, apart, cost):
        """Return two tables that lie this far apart in the target and move least; None if there are none.

        The linear program nearly always comes out whole; where it does not, the integer program is solved.
        """
        zeros = np.zeros(len(self.balance))
        constraint = LinearConstraint(
            np.vstack([self.balance, np.kron([1, -1, -1, 1], self.at == target)]),
            np.append(zeros, apart),
            np.append(zeros, np.inf),
        )
        for integrality in (0, 1):
            solved = milp(
                np.tile(cost[self.at], 4), integrality=integrality, bounds=self.bounds, constraints=constraint
            )
            if solved.x is None:
                return None
            moves = np.rint(solved.x)
            if np.abs(solved.x - moves).max() < WHOLE:
                break
        up, down = moves.reshape(2, 2, -1).swapaxes(0, 1)
        tables = np.tile(self.values, (2, 1))
        tables[:, self.at] += up - down
        return tables


def _about(counts, organizations):
    """How many organizations each figure is about: the figure itself, unless told."""
    if organizations is None:
        return counts
    if not (organizations.columns.isin(counts).all() and organizations.index.equals(counts.index)):
        raise DataError("disclosure: `organizations` has other rows or columns; expected the rows of the counts.")
    return organizations.reindex_like(counts).fillna(counts)


def _labels(counts):
    rows = [row if isinstance(row, tuple) else (row,) for row in counts.index]
    return [(*row, column) for row in rows for column in counts.columns]


def _numbers(frame):
    return frame.to_numpy(float, na_value=np.nan).ravel()

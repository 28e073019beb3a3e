"""What a shared report may show: no figure about few organizations, read off or worked out.

Takes who is in which figure, and how figures go together; returns their numbers with blanks. Between the tables and the
measures in the flow. docs/disclosure.md says in plain words what is hidden, what is not, and what was measured.
"""

from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

import highspy
import numpy as np
import pandas as pd
from scipy import sparse

from konbit_lessons.errors import DataError

TOTAL = "total"
AND = " × "  # between the names of columns that form groups together
WHOLE = 1e-6  # how near to whole numbers a solution is whole
GOLDEN = (5**0.5 - 1) / 2  # its multiples stay apart
SOLVER = {"output_flag": False, "threads": 1}
SOLVED = {"kOptimal": True, "kInfeasible": False, "kUnboundedOrInfeasible": False}  # all else is an error


class Before(NamedTuple):
    """A figure as the report before counted it."""

    figure: str


class Gate:
    r"""Figures that stand beside each other, or in one report after the other, decided upon together.

    A figure about 1 to ``smallest`` − 1 organizations is hidden; so is a zero of a group that small. An outsider knows
    every figure that is shown or that everybody knows, how figures go together, and that a hidden one is not zero. Each
    hidden figure, and each difference that is itself about few organizations, must stay uncertain: two whole sets of
    figures :math:`y, y'` exist that agree with all of this, and :math:`y_i - y'_i` is at least ``smallest``, and for a
    figure about few organizations no less than itself. The linear program that looks for them says, where there are
    none, which further figures to hide at least cost: small ones before large ones, and so parts before totals. A
    figure of which known ones tell too much stays as uncertain as they leave it. Fischetti and Salazar (2001),
    Management Science 47, 1008-1027, for the audit and the linear program.

    Groups add up to what they are groups of, which follows from who is in them. How figures go together is said once
    for each kind of figure, and holds in every group and report.

    Examples
    --------
    Of 41 organizations reached, 2 are in the north: the 2 is hidden, and a second figure, or the total would tell it.

    >>> each = pd.DataFrame({"region": ["north"] * 2 + ["south"] * 30 + ["west"] * 9, "reached": True})
    >>> gate = Gate()
    >>> gate.count(each.rename_axis("organization_id").reset_index(), ["reached"], by=["region"])
    >>> gate.decide(smallest=5)["n", "reached"].to_list()
    [<NA>, 30, <NA>, 41]
    """

    def __init__(self):
        self._reports = [""]
        self._counted = {}  # (figure, report, by, group) → number, organizations it is about, who (row, organization)
        self._places = {}  # place → itself, or where the very same was counted in the report before
        self._rules, self._known = [], set()

    def reports(self, names):
        """Begin one report after the other: what those before it showed is public, what they hid stays hidden."""
        for name in names:
            self._reports.append(name)
            yield name

    def count(self, rows, figures, by=(), *, pairs=(), records=False):
        """Count in the report that was begun last who is in each figure, in all and by group.

        Parameters
        ----------
        rows : DataFrame
            ``organization_id``, yes or no to each of `figures`, and what is grouped `by`.
        figures, by : names of columns
            A missing value to group by is the group ``""``.
        pairs : pairs of names of columns to group by together
        records : bool
            Whether rows are counted; else organizations, each once.

        Raises
        ------
        DataError
            The report has counted a figure before, and has another number.
        """
        ids = rows["organization_id"].to_numpy()
        keys = list(zip(rows.index if records else ids, ids, strict=True))
        flags = {name: rows[name].fillna(False).to_numpy(bool) for name in figures}
        texts = {name: ["" if pd.isna(one) else str(one) for one in rows[name]] for name in {*by}.union(*pairs)}
        for way in [(), *((name,) for name in by), *map(tuple, pairs)]:
            groups = list(zip(*(texts[name] for name in way), strict=True)) if way else [()] * len(keys)
            for group in sorted({*groups}) or [()] * (not way):
                for name in figures:
                    who = {key for key, of, yes in zip(keys, groups, flags[name], strict=True) if yes and of == group}
                    self._enter((name, self._reports[-1], way, group), len(who), len({of for _, of in who}), who)

    def number(self, figure, n, *, about=None):
        """Enter a number that stands alone, and how many organizations it is about where it is not of these."""
        self._enter((figure, self._reports[-1], (), ()), n, n if about is None else about, None)

    def partition(self, whole, parts):
        """Say that a figure is the sum of others; where one of two is not counted, the other is among it."""
        self._rules.append(("sum", whole, list(parts)))

    def nested(self, *figures):
        """Say that each figure is among the next, as came again, came and invited; between them is a figure too.

        Where it was counted who is in them and some of one are not in the next, nothing is said.
        """
        self._rules += [("rest", whole, [part]) for part, whole in pairwise(figures)]

    def lasting(self, *figures):
        """Say that who was in a figure by the report before is in it by the next."""
        self._rules += [("rest", figure, [Before(figure)]) for figure in figures]

    def overlapping(self, whole, parts):
        """Say that a figure is all of others, in which the same can be: in two of them, or outside of one, are too."""
        self._rules.append(("union", whole, list(parts)))

    def below(self, low, high):
        """Say that one figure is never above another, and what is between is none: organizations and records."""
        self._rules.append(("below", high, [low]))

    def known(self, *figures):
        """Say that everybody knows some figures: they hide nothing, and are hidden where they are about few."""
        self._known.update(figures)

    def decide(self, smallest):
        """Return the numbers that may be shown.

        Parameters
        ----------
        smallest : int
            No figure is about fewer organizations.

        Returns
        -------
        DataFrame of Int64, by (report, by, group)
            ``n``, a column for each figure, missing where hidden; and ``at_least``, where it is hidden a multiple of
            `smallest` that may be told of it. All of them are the group ``total`` by ``total``.

        Raises
        ------
        DataError
            A count is not a whole number from 0, or figures do not add up.
        """
        self._places = self._unchanged()
        if smallest <= 1:
            return self._table({}, {})
        shown, told, relations = self._decided(smallest)
        return self._table(shown, self._raised(told, relations))

    def _decided(self, smallest):
        """Return which figures are shown, what is told of the least of each, and how they go together."""
        relations, shown, floors, untold = self._relations(), {}, {}, self._untold(smallest)
        begun = {place: self._reports.index(place[1]) for place in self._places.values()}
        for number in range(len(self._reports)):
            here = [place for place in begun if begun[place] <= number]
            if all(place in shown for place in here):
                continue
            figures = _Figures(here, [self._counted[place] for place in here])
            for (kind, whole, parts), since in relations.items():
                if since <= number:
                    self._relate(figures, kind, whole, parts)
            public = [shown.get(place, False) or place[0] in self._known for place in here]
            kept = [place in untold or not shown.get(place, True) for place in here]
            least = [floors.get(place, 0) for place in here]
            hidden, low = figures.hide(smallest, np.array(public), np.array(kept), np.array(least))
            for place, is_hidden, least in zip(here, hidden, low, strict=True):
                shown.setdefault(place, not is_hidden)  # what a report has shown, the next cannot take back
                told = self._counted[place][0] if shown[place] else int(least // smallest * smallest)
                floors.setdefault(place, told)
        return shown, floors, relations

    def _untold(self, smallest):
        """Return which figures that everybody knows are hidden: those about few, and such as tell them on the page."""
        aside = Gate()
        aside._reports, aside._rules = self._reports, [rule for rule in self._rules if rule[0] == "sum"]
        aside._counted = {place: of for place, of in self._counted.items() if place[0] in self._known}
        aside._places = {at: place for at, place in self._places.items() if at[0] in self._known}
        if not any(0 < about < smallest for _, about, _ in aside._counted.values()):
            return set()
        return {place for place, is_shown in aside._decided(smallest)[0].items() if not is_shown}

    def _enter(self, place, n, about, who):
        if self._counted.setdefault(place, (n, about, who)) != (n, about, who):
            raise DataError(f"disclosure: {_name(place)} is counted twice, as {self._counted[place][0]:g} and {n:g}.")

    def _unchanged(self):
        """Return where each figure is decided upon: once for reports between which all of its group are the same."""
        groups, first = defaultdict(dict), {}
        for (figure, *of), counted in self._counted.items():
            groups[tuple(of)][figure] = counted
        for (report, *of), figures in groups.items():
            at = self._reports.index(report)
            earlier = self._reports[at - 1] if at else None
            are_same = figures == groups.get((earlier, *of)) and all(who is not None for *_, who in figures.values())
            for figure in figures:
                here = figure, report, *of
                first[here] = first[figure, earlier, *of] if are_same else here
        return first

    def _at(self, figure, report, *group):
        """Return where a figure of a rule was counted, or None."""
        if isinstance(figure, Before):
            earlier = self._reports.index(report) - 1
            return self._places.get((figure.figure, self._reports[earlier], *group)) if earlier >= 0 else None
        return self._places.get((figure, report, *group))

    def _relations(self):
        """Return (kind, whole, parts) → the report from which on it is known."""
        found, lines = {}, defaultdict(list)
        for figure, report, way, group in self._places:
            for at in range(len(way)):
                whole = self._places.get((figure, report, way[:at] + way[at + 1 :], group[:at] + group[at + 1 :]))
                lines[whole, report, way, at].append(self._places[figure, report, way, group])
        for (whole, report, *_), parts in lines.items():
            if whole is not None:
                apart = sum(self._counted[part][0] for part in parts) == self._counted[whole][0]
                found.setdefault(("sum" if apart else "union", whole, tuple(parts)), self._reports.index(report))
        for group in dict.fromkeys(place[1:] for place in self._places):
            for kind, figure, others in self._rules:
                whole, parts = self._at(figure, *group), [self._at(one, *group) for one in others]
                parts = [one for one in parts if one and one != whole and self._fits(kind, one, whole)]
                if whole and parts:
                    if len(parts) == 1 and (kind == "union" or len(others) > 1):
                        kind = "sum" if self._counted[parts[0]][0] == self._counted[whole][0] else "rest"
                    found.setdefault((kind, whole, tuple(parts)), self._reports.index(group[0]))
        return found

    def _fits(self, kind, part, whole):
        if kind in ("sum", "below") or whole is None or self._counted[part][2] is None:
            return True
        return self._counted[part][2] <= self._counted[whole][2]

    def _raised(self, floors, relations):
        """Return what is told to be the least of each figure: no less than what is told of those within it."""
        rises = True
        while rises:
            rises = False
            for kind, whole, parts in relations:
                least = (sum if kind == "sum" else max)(floors[part] for part in parts)
                rises |= floors[whole] < least
                floors[whole] = max(floors[whole], least)
        return floors

    def _relate(self, figures, kind, whole, parts):
        over = {"sum": 0, "rest": 1, "below": 1, "union": -1}[kind]
        figures.relate(whole, parts, over, about=self._between(whole, parts[0]), is_figure=kind != "below")
        for part in parts if kind == "union" else ():
            figures.relate(whole, [part], 1, about=self._between(whole, part))

    def _between(self, whole, part):
        """Return how many organizations the rest of a whole is about, if that is known."""
        whole, part = self._counted[whole][2], self._counted[part][2]
        return None if whole is None or part is None else len({of for _, of in whole - part})

    def _table(self, shown, floors):
        cells = {"n": defaultdict(dict), "at_least": defaultdict(dict)}
        for (figure, report, way, group), place in self._places.items():
            at = report, AND.join(way) or TOTAL, ", ".join(group) if way else TOTAL
            n = self._counted[place][0]
            cells["n"][figure][at] = n if shown.get(place, True) else pd.NA
            cells["at_least"][figure][at] = floors.get(place, n)
        places = sorted({at for one in cells["n"].values() for at in one})
        rows = pd.MultiIndex.from_tuples(places, names=["report", "by", "group"])
        frames = {name: pd.DataFrame(dict(found), rows, dtype="Int64") for name, found in cells.items()}
        return pd.concat(frames, axis="columns")


class _Figures:
    """Figures, then the differences between them, and the equations that all of them obey."""

    def __init__(self, places, counted):
        self.place = {place: at for at, place in enumerate(places)}
        self.counts, self.about = (np.array([one[at] for one in counted], float) for at in (0, 1))
        if (bad := (self.counts < 0) | (self.counts % 1 > 0)).any():
            wrong = bad.argmax()
            raise DataError(
                f"disclosure: {_name(places[wrong])} is {self.counts[wrong]:g}; expected a whole number from 0."
            )
        self.differences, self.between, self.are_figures, self.equations, self.parts = [], [], [], [], []

    def relate(self, whole, parts, over, *, about=None, is_figure=True):
        """Note that the whole is the sum of its parts, plus `over` times a difference that is never shown."""
        name, whole, parts = _name(whole), self.place[whole], [self.place[part] for part in parts]
        of_parts = self.counts[parts].sum()
        difference = self.counts[whole] - of_parts
        if difference * over < 0 or (difference and not over):
            raise DataError(
                f"disclosure: {name} is {self.counts[whole]:g} and its parts are {of_parts:g}, which cannot be. Mend "
                "the counts, or say how they go together: partition, nested, overlapping or below."
            )
        equation = {whole: 1, **dict.fromkeys(parts, -1)}
        if over:
            equation[len(self.counts) + len(self.differences)] = -over
            self.differences.append(abs(difference))
            self.between.append(abs(difference) if about is None or over < 0 else about)
            self.are_figures.append(is_figure)
        self.equations.append(equation)
        if over >= 0 and is_figure:
            self.parts += [(part, whole) for part in equation if part != whole]

    def hide(self, smallest, known, kept, floors):
        """Return which figures to hide, and how small each may be for all that is told.

        Parameters
        ----------
        smallest : int
        known, kept : arrays of bool
            What an outsider knows, and what an earlier report has hidden.
        floors : array
            Below which a figure is known not to be.
        """
        values = np.concatenate([self.counts, self.differences])
        shown, rest = np.arange(len(values)) < len(self.counts), np.zeros(len(self.differences), bool)
        about = np.concatenate([self.about, self.between])
        few = (about > 0) & (about < smallest) & np.concatenate([shown[shown], self.are_figures]).astype(bool)
        while zeros := self._zeros_of(few, values):
            few[zeros] = True
        known, kept = np.concatenate([known, rest]), np.concatenate([kept, rest])
        fixed = known | shown & (values == 0) & ~few
        at_most = self._known_limits(np.where(known, values, np.inf))
        by_rule = at_most >= smallest  # within a group known to be smaller, a zero is hidden as well
        low = np.maximum(shown & (values > 0) & by_rule, np.concatenate([floors, rest]))
        apart = np.minimum(np.where(few, np.maximum(values, smallest), smallest), at_most - by_rule)
        ties = 1 + np.arange(len(values)) * GOLDEN % 1 / 1000  # no two the same: one cheapest way
        cost = np.log2(2 + values) * ties
        hidden = shown & np.where(known, kept, few | kept)
        program = _Program(self._matrix(len(values)), values, low, ~fixed)
        least, most = values, values
        while (unsafe := (hidden & ~fixed | ~shown & few) & (most - least < apart)).any():
            target = unsafe.argmax()
            tables = program.two_tables(target, apart[target], np.where(hidden | ~shown, 0.001, cost))
            if tables is None:
                apart[target] -= 1
                continue
            least, most = np.minimum(least, tables.min(axis=0)), np.maximum(most, tables.max(axis=0))
            hidden |= shown & (least < most)
        return hidden[shown], least[shown]

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
        entries = [(row, at, sign) for row, equation in enumerate(self.equations) for at, sign in equation.items()]
        rows, at, signs = zip(*entries, strict=True) if entries else ((), (), ())
        return sparse.csr_array((signs, (rows, at)), (len(self.equations), columns), dtype=float)


class _Program:
    """Two tables beside the true one, as what each figure moves up and down, that obey the same equations."""

    def __init__(self, matrix, values, low, movable):
        self.values, self.at = values, np.flatnonzero(movable)
        rows = sparse.kron(np.eye(2), sparse.kron([[1, -1]], matrix[:, self.at]), format="csr")
        model, down = highspy.HighsLp(), values[self.at] - low[self.at]
        model.num_row_, model.num_col_ = rows.shape
        model.row_lower_, model.row_upper_ = np.zeros((2, rows.shape[0]))
        model.col_cost_, model.col_lower_ = np.zeros((2, rows.shape[1]))
        model.col_upper_ = np.concatenate([np.full(len(down), highspy.kHighsInf), down] * 2)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
        self.solver = highspy.Highs()
        for option, value in SOLVER.items():
            self.solver.setOptionValue(option, value)
        self.solver.passModel(model)

    def two_tables(self, target, apart, cost):
        """Return two tables that lie this far apart in the target and move least; None if there are none.

        The linear program nearly always comes out whole; what does not is asked to.
        """
        every = np.arange(4 * len(self.at), dtype=np.int32)
        self.solver.changeColsCost(len(every), every, np.tile(cost[self.at], 4))
        moved = every.reshape(4, -1)[:, np.searchsorted(self.at, target)]
        self.solver.addRow(apart, highspy.kHighsInf, 4, moved, np.array([1.0, -1, -1, 1]))
        moves = self._solved()
        while moves is not None and len(broken := every[np.abs(moves - np.rint(moves)) > WHOLE]):
            self._ask(broken, highspy.HighsVarType.kInteger)
            moves = self._solved()
        self._ask(every, highspy.HighsVarType.kContinuous)
        self.solver.deleteRows(1, np.array([self.solver.getNumRow() - 1], dtype=np.int32))
        if moves is None:
            return None
        up, down = np.rint(moves).reshape(2, 2, -1).swapaxes(0, 1)
        tables = np.tile(self.values, (2, 1))
        tables[:, self.at] += up - down
        return tables

    def _solved(self):
        self.solver.run()
        return np.array(self.solver.getSolution().col_value) if SOLVED[self.solver.getModelStatus().name] else None

    def _ask(self, columns, kind):
        self.solver.changeColsIntegrality(len(columns), columns, np.full(len(columns), kind))


def _name(place):
    figure, report, way, group = place
    of = [f"{name} {one}" for name, one in zip(way, group, strict=True)]
    return ", ".join([str(figure), *filter(None, [report]), *of])

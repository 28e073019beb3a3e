"""How uncertain figures are that go together, and which of them to hide so that they stay so: linear programs.

Takes numbers, and the equations that they obey; says which to hide. :mod:`konbit_lessons.disclosure` says of what.
"""

from dataclasses import dataclass, replace

import highspy
import numpy as np
from scipy import sparse

from konbit_lessons.errors import DataError

WHOLE = 1e-6  # how near to whole numbers a solution is whole
GOLDEN = (5**0.5 - 1) / 2  # its multiples stay apart
APART = np.array([1.0, -1, -1, 1])  # by what a figure moves up and down in two tables, how far they lie apart
FREE, DEAR = 1e-4, 1e4  # what it costs to move by one what is hidden, and what is to be shown
TRIES = 12  # to show what is hidden that may fail one after the other
MOST = 1e9  # more than a figure can be
SOLVER = {"output_flag": False, "threads": 1}
SOLVED = {"kOptimal": True, "kInfeasible": False, "kUnboundedOrInfeasible": False}  # all else is an error


class Figures:
    """Figures, then the differences between them, and the equations that all of them obey."""

    def __init__(self, places, counted):
        self.place, self.names = {place: at for at, place in enumerate(places)}, [*places]
        self.counts, self.about = (np.array([one[at] for one in counted], float) for at in (0, 1))
        if (bad := (self.counts < 0) | (self.counts % 1 > 0)).any():
            wrong = bad.argmax()
            raise DataError(
                f"disclosure: {name_of(places[wrong])} is {self.counts[wrong]:g}; expected a whole number from 0."
            )
        self.differences, self.between, self.are_figures, self.equations, self.parts = [], [], [], [], []

    def relate(self, whole, parts, over, *, about=None, is_figure=True, left=0):
        """Note that the whole is the sum of its parts, but for so many that `left`, plus `over` times a difference that
        is never shown."""
        said, name = (whole, *parts, over), name_of(whole)
        whole, parts = self.place[whole], [self.place[part] for part in parts]
        of_parts = self.counts[parts].sum() - left
        difference = self.counts[whole] - of_parts
        if difference * over < 0 or (difference and not over):
            raise DataError(
                f"disclosure: {name} is {self.counts[whole]:g} and its parts are {of_parts:g}, which cannot be. Mend "
                "the counts, or say how they go together: partition, nested, overlapping or below."
            )
        equation = {whole: 1, **dict.fromkeys(parts, -1)}
        if over:
            equation[len(self.counts) + len(self.differences)] = -over
            self.names.append(said)
            self.differences.append(abs(difference))
            self.between.append(abs(difference) if about is None or over < 0 else about)
            self.are_figures.append(is_figure)
        self.equations.append(equation)
        if over >= 0 and is_figure:
            self.parts += [(part, whole) for part in equation if part != whole]

    def hide(self, smallest, printed, known, kept, floors, together, farthest):
        """Return which figures to hide, and how small each may be for all that is told.

        Parameters
        ----------
        smallest : int
        printed, known, kept : arrays of bool
            What stands on a page unless it is hidden, what an outsider knows, and what is hidden anyway.
        floors : array
            Below which a figure is known not to be.
        together : array of int
            Figures that a page shows or hides together have the same number, from 1.
        farthest : dict
            How far apart figures can be for what is known, noted here for when more is: it can only be less.
        """
        rest = np.zeros(len(self.differences), bool)
        values, about = np.concatenate([self.counts, self.differences]), np.concatenate([self.about, self.between])
        given = {max(one): all(known[at] for at in one if at < len(known)) for one in self.equations}
        given = [given[at] for at in range(len(known), len(values))]
        known = np.concatenate([known, np.array(given, bool)])
        shown, kept, floors, together = (np.concatenate([one, rest]) for one in (printed, kept, floors, together))
        few = (about > 0) & (about < smallest) & np.concatenate([printed, self.are_figures]).astype(bool)
        while zeros := self._zeros_of(few, values, shown | known):
            few[zeros] = True
        fixed = known | shown & (values == 0) & ~few
        at_most = np.where(known, values, MOST)
        by_rule = self._known_limits(at_most) >= smallest  # else a zero is hidden as well
        low = np.maximum(shown & (values > 0) & by_rule, floors)
        apart = np.minimum(np.where(few, np.maximum(values, smallest), smallest), at_most - by_rule)
        apart = np.minimum(apart, [farthest.get(name, MOST) for name in self.names])
        ties = 1 + np.arange(len(values)) * GOLDEN % 1 / 1000  # no two the same: one cheapest way
        hidden, wanted = shown & np.where(known, kept, few | kept), ~fixed & (shown | few)
        program = Program(self._matrix(len(values)), values, low, ~fixed)
        cost = shown * np.log2(2 + values) * ties
        choice = Choice(program, values, shown, wanted, apart, cost, together, _with_others(hidden, together))
        hidden = choice.hidden
        choice.protect()
        choice.spare(np.flatnonzero(choice.hidden & ~hidden))
        farthest |= zip(self.names, choice.apart, strict=True)
        return (choice.hidden | ~shown)[: len(self.counts)], choice.tables.min(axis=0)[: len(self.counts)]

    def _zeros_of(self, few, values, told):
        """Zeros of a group that is too small, unless another group of theirs is shown to be empty."""
        small = {part for part, whole in self.parts if few[whole]}
        empty = {part for part, whole in self.parts if told[whole] and values[whole] == 0 and not few[whole]}
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


@dataclass
class Choice:
    """Which figures are hidden, and tables that prove it to be enough: all of them agree with what is shown."""

    program: "Program"
    values: np.ndarray
    shown: np.ndarray
    wanted: np.ndarray  # what must be uncertain, where it is not shown
    apart: np.ndarray
    cost: np.ndarray
    together: np.ndarray  # the number of what is shown or hidden with it
    hidden: np.ndarray

    def __post_init__(self):
        self.tables = self.values[None]

    def protect(self, below=np.inf):
        """Hide what it takes; return whether that costs less than a limit."""
        while (unsafe := self.wanted & (self.hidden | ~self.shown) & (np.ptp(self.tables, axis=0) < self.apart)).any():
            target, is_free = np.flatnonzero(unsafe)[-1], self.hidden | ~self.shown
            tables = self.program.two_tables(target, self.apart[target], np.where(is_free, FREE, self.cost))
            if tables is None:
                self.apart[target] = min(self.apart[target] - 1, self.program.farthest(target))
                continue
            self.tables = np.vstack([self.tables, tables])
            moved = self.shown & (tables != self.values).any(axis=0)
            self.hidden = _with_others(self.hidden | moved, self.together)
            if self.cost @ self.hidden >= below:
                return False
        return True

    def spare(self, places):
        """Show what need not be hidden, or not if others are that cost less: the dearest first, while that succeeds."""
        failed = 0
        for place in sorted(places, key=lambda one: -self.cost[one]):
            one = self.together == self.together[place]
            agree = (self.tables[:, one] == self.values[one]).all(axis=1)
            other = replace(self, hidden=self.hidden & ~one, cost=np.where(one, DEAR, self.cost))
            other.tables = self.tables[agree]
            failed = 0 if other.protect(self.cost @ self.hidden) else failed + 1
            if not failed:
                self.hidden, self.tables = other.hidden, other.tables
            elif failed == TRIES:
                return


class Program:
    """Two tables beside the true one, as what each figure moves up and down, that obey the same equations."""

    def __init__(self, matrix, values, low, movable):
        self.values, self.at = values, np.flatnonzero(movable)
        moving = matrix[:, self.at]
        rows = sparse.kron(np.eye(2), sparse.kron([[1, -1]], moving[np.diff(moving.indptr) > 0]), format="csr")
        model, down = highspy.HighsLp(), values[self.at] - low[self.at]
        self.every = np.arange(rows.shape[1], dtype=np.int32)
        self.most = np.concatenate([np.full(len(down), highspy.kHighsInf), down] * 2)
        model.num_row_, model.num_col_ = rows.shape
        model.row_lower_, model.row_upper_ = np.zeros((2, rows.shape[0]))
        model.col_cost_, model.col_lower_ = np.zeros((2, rows.shape[1]))
        model.col_upper_ = self.most
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
        self.solver = highspy.Highs()
        for option, value in SOLVER.items():
            self.solver.setOptionValue(option, value)
        self.solver.passModel(model)

    def two_tables(self, target, apart, cost):
        """Return two tables that lie this far apart in the target and move least; None if there are none."""
        self.solver.changeColsCost(len(self.every), self.every, np.tile(cost[self.at], 4))
        self.solver.addRow(apart, highspy.kHighsInf, 4, self._moves_of(target), APART)
        moves = self._whole(self._solved())
        self.solver.deleteRows(1, np.array([self.solver.getNumRow() - 1], dtype=np.int32))
        if moves is None:
            return None
        up, down = np.rint(moves).reshape(2, 2, -1).swapaxes(0, 1)
        tables = np.tile(self.values, (2, 1))
        tables[:, self.at] += up - down
        return tables

    def _whole(self, moves):
        """Round what does not come out whole, one after the other; where that leads nowhere, ask for whole numbers."""
        held = []
        while moves is not None and len(broken := self.every[np.abs(moves - np.rint(moves)) > WHOLE]):
            held.append(broken[0])
            near = np.rint(moves[broken[0]])
            for whole in (near, near + np.copysign(1, moves[broken[0]] - near)):
                self.solver.changeColBounds(broken[0], whole, whole)
                if (rounded := self._solved()) is not None:
                    break
            moves = rounded
        for at in held:
            self.solver.changeColBounds(at, 0, self.most[at])
        if held and moves is None:
            self._ask(highspy.HighsVarType.kInteger)
            moves = self._solved()
            self._ask(highspy.HighsVarType.kContinuous)
        return moves

    def farthest(self, target):
        """Return how far apart two tables can lie in the target, where something keeps them together."""
        costs = np.zeros(len(self.every))
        costs[self._moves_of(target)] = -APART
        self.solver.changeColsCost(len(costs), self.every, costs)
        return np.floor(-costs @ self._solved() + WHOLE)

    def _moves_of(self, target):
        """Where the target moves up and down in one table, and in the other."""
        return np.arange(4, dtype=np.int32) * len(self.at) + np.searchsorted(self.at, target).astype(np.int32)

    def _solved(self):
        self.solver.run()
        if self.solver.getModelStatus().name not in SOLVED:  # rounding led it astray: anew, from nothing
            self.solver.clearSolver()
            self.solver.run()
        return np.array(self.solver.getSolution().col_value) if SOLVED[self.solver.getModelStatus().name] else None

    def _ask(self, kind):
        self.solver.changeColsIntegrality(len(self.every), self.every, np.full(len(self.every), kind))


def _with_others(hidden, together):
    return np.isin(together, together[hidden])


def name_of(place):
    """Return what a message calls a figure."""
    figure, report, way, group = place
    of = [f"{name} {one}" for name, one in zip(way, group, strict=True)]
    return ", ".join([str(figure), *filter(None, [report]), *of])

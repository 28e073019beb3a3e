"""What all pages of a quarter, and of the quarters before, show together: nothing hidden can be worked out from it.

The tables behind the pages are read as an outsider reads them, as CSV. What ties their figures together is written down
here once more, from what the pages say of them, and a linear program that shares nothing with the one that hides them
looks for the least and the most that each hidden figure can be. Known to everybody are the roster and the partners on a
day, who was invited, and how many were reached up to each quarter.
"""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.measures import engagement
from konbit_lessons.measures.roster import partners_at_end
from konbit_lessons.pages import data_quality, expectations, participation
from konbit_lessons.parts import as_csv

TOTAL = "total"
SHOWN_BY = {
    participation: ("reach_figure", "funnel_figure", "departments_figure", "uptake_table", "uptake_figure",
                    "consulted_figure", "meaningful_figure", "compared_table"),
    expectations: ("gap_figure", "groups_table", "overlap_table", "overlap_figure", "calendar_figure", "since_table"),
}  # fmt: skip
WITHOUT_ROWS = {"overlap_table", "calendar_figure", "since_table"}


def tables(data, rows, quarter):
    """name → the CSV that stands beside the pages of a quarter, as a reader gets it."""
    parts = [
        getattr(page, name)(data, *([] if name in WITHOUT_ROWS else [rows]), quarter=quarter)
        for page, names in SHOWN_BY.items()
        for name in names
    ]
    quality = kl.data_quality(data)
    parts += [
        *(expectations.opinion_figure(data, one, quarter=quarter) for one in expectations.OPINIONS),
        data_quality.standards_table(data, quarter=quarter),
        data_quality.response_figure(data, quality, quarter=quarter),
    ]
    found = {one.name: as_csv(one.numbers) for one in parts if getattr(one, "name", "")}
    return {name: pd.read_csv(StringIO(text), keep_default_na=True) for name, text in found.items()}


class Outsider:
    """Collects what is shown, and what is known of how it goes together; then asks how far each figure is narrowed."""

    def __init__(self, smallest):
        self.smallest, self.shown, self.known, self.equations, self.truth = smallest, {}, {}, [], {}
        self.differences = []

    def sees(self, label, value):
        if pd.notna(value):
            assert self.shown.setdefault(label, value) == value, f"{label} is shown as two numbers"

    def adds_up(self, whole, parts):
        self.equations.append({whole: 1} | dict.fromkeys(parts, -1))

    def is_among(self, part, whole, *, figure=True):
        """The rest is a figure too."""
        rest = ("rest", part, whole)
        self.equations.append({whole: 1, part: -1, rest: -1})
        self.truth[rest] = self.truth[whole] - self.truth[part]
        if figure:
            self.differences.append(rest)

    def told(self):
        """Hidden figures, or rests, that are narrowed to less than the smallest cell, and how far without any table."""
        names = sorted({name for one in self.equations for name in one} | {*self.shown}, key=str)
        place = {name: i for i, name in enumerate(names)}
        matrix = sparse.lil_array((len(self.equations), len(names)))
        for i, equation in enumerate(self.equations):
            for name, sign in equation.items():
                matrix[i, place[name]] = sign
        wanted = [n for n in names if n not in self.shown and n not in self.known]
        lines = []
        ranges = [
            self._ranges(matrix.tocsr(), names, given, wanted) for given in (self.known | self.shown, self.known)
        ]
        for name, now, anyway in zip(wanted, *ranges, strict=True):
            value = self.truth[name]
            is_figure = name[0] != "rest" or (name in self.differences and 0 < value < self.smallest)
            width = min(self.smallest, anyway[1] - anyway[0])
            if is_figure and value > 0 and now[1] - now[0] < width - 1e-6:
                lines.append((name, value, *now, *anyway))
        return lines

    def _ranges(self, matrix, names, given, wanted):
        for name in given:
            assert abs(given[name] - self.truth[name]) < 1e-9, (name, given[name], self.truth[name])
        low = np.array([given.get(name, 0.0) for name in names])
        high = np.array([given.get(name, 1e4) for name in names])
        bounds, right, found = np.column_stack([low, high]), np.zeros(matrix.shape[0]), []
        for name in wanted:
            goal, ends = np.zeros(len(names)), []
            for sign in (1, -1):
                goal[names.index(name)] = sign
                solved = linprog(goal, A_eq=matrix, b_eq=right, bounds=bounds)
                assert solved.status == 0, solved.message
                ends.append(sign * solved.fun)
            found.append(ends)
        return found


def look(outsider, data, rows, quarters):
    """Read the tables of each quarter's report, and note what is known of how their figures go together."""
    open_data = internal(data)
    for quarter in quarters:
        so_far = rows[rows["fiscal_quarter"] <= quarter]
        participation_of(outsider, data, open_data, so_far, quarter)
        conversations_of(outsider, data, open_data, so_far, quarter)
        expectations_of(outsider, data, open_data, so_far, quarter)


def internal(data):
    from dataclasses import replace

    return replace(data, programme=replace(data.programme, smallest_cell=1, audience="internal"))


def participation_of(outsider, data, open_data, rows, quarter):
    truth, shown = tables(open_data, rows, quarter), tables(data, rows, quarter)

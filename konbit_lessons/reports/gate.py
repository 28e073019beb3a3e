"""The publishing gate: which cells and outputs of an executed notebook reach a page.

A shared page takes markdown, and outputs that parts of this package made, whose numbers passed disclosure; they carry
the type `CARRIED`. Whatever else a cell shows stays in the executed notebook, and is named. An internal page takes
frames and pictures too. Cells for the lab reach none, nor does what a cell tagged `FRAME` shows to who works there.
"""

import ast
import re
from dataclasses import dataclass, field

import pandas as pd

from konbit_lessons.errors import ReportError
from konbit_lessons.figures.markup import CARRIED, as_csv
from konbit_lessons.reports.run import cell_name, to_run

FRAME = "frame"  # the tag of a cell that ends with a frame to look at in the lab
NUMBERS = ["sentence", "what", "value", "low", "high"]
READABLE = ("text/html", "text/plain", "image/png", "image/jpeg")
WHAT = (("vnd.jupyter.widget", "a widget"), ("image/", "a picture"), ("text/html", "a frame or HTML"), ("", "text"))


@dataclass(frozen=True)
class Passed:
    """What of an executed notebook may be published.

    Attributes
    ----------
    cells : list of NotebookNode, with only such outputs
    left_out : tuple of str, the cells that showed something else, and what
    carried : list of dict, what the parts carry beside what is seen
    """

    cells: list
    left_out: tuple[str, ...] = ()
    carried: list = field(default_factory=list)

    @property
    def opening(self):
        """What the opening of the page carries: its title, its answer, and numbers for the next quarter."""
        return {"title": "", "answer": "", "told": {}} | next((one for one in self.carried if "title" in one), {})

    @property
    def sheets(self):
        """Name → what a workbook shows of each figure and table that has a CSV."""
        return {one["name"]: one["sheet"] for one in self.carried if one.get("sheet")}

    def tables(self, page):
        """Return name → CSV of the figures and tables of a page, and of the numbers in its sentences.

        Raises
        ------
        ReportError : a name is none for a file, or is given to two tables that differ
        """
        numbers = [row for one in self.carried for row in one.get("sentences", ())]
        sentences = [(f"{page}_sentences", as_csv(pd.DataFrame(numbers, columns=NUMBERS)))] if numbers else []
        found = {}
        for name, csv in [*((one["name"], one["csv"]) for one in self.carried if one.get("csv")), *sentences]:
            if not re.fullmatch(r"[a-z0-9_]{1,60}", name):
                raise ReportError(f'{page}: found a table named "{name}"; expected small letters, digits and _.')
            if found.setdefault(name, csv) != csv:
                raise ReportError(f'{page}: found two tables named "{name}" that differ; expected a name for each.')
        return found


def passed(notebook, *, audience="shared"):
    """Return what of an executed notebook reaches a page for this audience.

    Parameters
    ----------
    notebook : NotebookNode
    audience : "shared" or "internal"

    Returns
    -------
    Passed
    """
    cells, left_out, carried = [], [], []
    for cell in to_run(notebook).cells:
        published = cell.copy()
        if FRAME in cell.metadata.get("tags", []):
            published |= {"source": "", "outputs": []}
        elif cell.cell_type == "code":
            ours = [one for one in cell.outputs if CARRIED in one.get("data", {})]
            others = [one for one in cell.outputs if one not in ours] if audience == "shared" else []
            left_out += [f"{cell_name(cell)}: {_what(one)}" for one in others[:1]]
            carried += [one["data"][CARRIED] for one in ours]
            seen = [one for one in cell.outputs if one.get("data", {}).get(CARRIED, {}).get("part") != "nothing"]
            published.outputs = [_readable(one) for one in seen if one not in others]
        cells.append(published)
    return Passed(cells, tuple(left_out), carried)


def with_something_under(blocks):
    """Return whether each block stays: a heading and what is under it goes where nothing that was to be shown is shown.

    Parameters
    ----------
    blocks : list of (level, shows): the level of a heading, 0 for others; whether an output is there, None for text and
        for cells that only work something out. What is under a heading ends at the next of its level or above.

    >>> with_something_under([(2, None), (0, None), (0, False), (2, None), (0, None), (2, None), (0, True)])
    [False, False, False, True, True, True, True]
    """
    stays = [True] * len(blocks)
    for at, (level, _) in enumerate(blocks):
        ends = (to for to in range(at + 1, len(blocks)) if 0 < blocks[to][0] <= level)
        under = slice(at, next(ends, len(blocks)))
        shown = [shows for _, shows in blocks[under] if shows is not None]
        if level and shown and not any(shown):
            stays[under] = [False] * len(stays[under])
    return stays


def shows(cell):
    """Return whether a code cell shows something; None where it was not meant to: its last line is no expression."""
    if cell.outputs:
        return True
    try:
        last = ast.parse(cell.source).body[-1:]
    except SyntaxError:  # a magic of IPython
        return None
    return False if last and isinstance(last[0], ast.Expr) else None


def _readable(output):
    if "data" not in output:
        return output
    return output | {"data": {kind: data for kind, data in output["data"].items() if kind in READABLE}}


def _what(output):
    if "data" not in output:
        return "printed text"
    return next(said for start, said in WHAT if any(start in kind for kind in output["data"]))

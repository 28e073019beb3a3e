"""What every reader returns: Raw, a file as frames of text; and the few steps from cells to such a frame."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from konbit_lessons.field.sources.form import Form
from konbit_lessons.field.sources.grids import Grid
from konbit_lessons.field.texts import kept


class Frame(NamedTuple):
    """A table as read, and the title of the sheet it stands on ("" for a CSV)."""

    rows: pd.DataFrame
    sheet: str


Read = tuple[dict[str, Frame], list[str]]  # what a reader makes of a file: its tables, and what it noticed


@dataclass(frozen=True)
class Asked:
    """What a reader may know beyond the file: the form, headers that should be there, the options of a question."""

    form: Form | None = None
    expect: tuple[str, ...] = ()
    options: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """One field export as frames of text.

    Attributes
    ----------
    path : Path
    kind : str
        Which exporter wrote it: a key of :data:`konbit_lessons.field.sources.KINDS`.
    tables : dict of str to DataFrame
        ``"main"`` and one per repeat group or further sheet. Values are text, or True, False and missing for the
        choices of a select_multiple. The index, named ``row``, is the row in the file.
    sheets : dict of str to str
        Table → title of its sheet; "" for a CSV.
    notices : tuple of str
        What was assumed or left out.
    epoch : {"1900", "1904"} or None
        From which day the workbook counts dates; None where there are no serial dates.
    """

    path: Path
    kind: str
    tables: dict[str, pd.DataFrame]
    sheets: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    epoch: str | None = None


def frame_of(grid: Grid, *, header: list[str | None] | None = None, after: int = 1) -> pd.DataFrame:
    """Text frame of the rows of a grid behind its first ``after`` ones.

    Wholly blank rows go, and columns without a header and a value; repeated headers are numbered.

    Parameters
    ----------
    grid : Grid
    header : list of str or None
        The grid's first row when not given.
    after : int
        Rows above the first one of data.
    """
    body = grid.cells.iloc[after:]
    there = body.notna().to_numpy()
    named, seen = {}, Counter()
    for at, (name, used) in enumerate(zip(header or grid.top(1)[0], there.any(axis=0), strict=True)):
        if name or used:
            name = (name or f"column {at + 1}").strip()
            seen[name] += 1
            named[at] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    frame = body[list(named)].set_axis(list(named.values()), axis="columns")
    return kept(frame, there[:, list(named)].any(axis=1)).rename_axis("row")

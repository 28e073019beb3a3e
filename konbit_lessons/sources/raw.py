"""What every reader returns: Raw, a file as frames of text; and the few steps from cells to such a frame."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd


class Frame(NamedTuple):
    """A table as read, and the title of the sheet it stands on ("" for a CSV)."""

    rows: pd.DataFrame
    sheet: str


@dataclass(frozen=True)
class Raw:
    """One field export as frames of text.

    Attributes
    ----------
    path : Path
    kind : str
        Which exporter wrote it: a key of :data:`konbit_lessons.sources.KINDS`.
    tables : dict of str to DataFrame
        ``"main"`` and one per repeat group or further sheet. Values are text, or True, False and missing for the
        choices of a select_multiple. The index, named ``row``, is the row in the file.
    sheets : dict of str to str
        Table → title of its sheet; "" for a CSV.
    notices : tuple of str
        What was assumed or left out.
    """

    path: Path
    kind: str
    tables: dict[str, pd.DataFrame]
    sheets: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def frame_of(header: list[str | None], rows: list[list[str | None]], *, first_row: int) -> pd.DataFrame:
    """Text frame from a header and its rows; wholly blank rows and columns go, repeated headers are numbered."""
    used = [at for at, name in enumerate(header) if name or any(row[at] for row in rows)]
    names, seen = [], {}
    for at in used:
        name = (header[at] or f"column {at + 1}").strip()
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    numbers = [first_row + at for at, row in enumerate(rows) if any(row)]
    cells = {
        name: pd.array([rows[number - first_row][at] for number in numbers], dtype="str")
        for name, at in zip(names, used, strict=True)
    }
    return pd.DataFrame(cells, index=pd.Index(numbers, name="row", dtype="int64"))


def use_flags(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The same frame with columns of 0, 1 and blank as True, False and missing."""
    flags = {column: frame[column].str.strip().map({"1": True, "0": False}).astype("boolean") for column in columns}
    return frame.assign(**flags)

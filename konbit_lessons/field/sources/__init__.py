"""Field exports → frames of text: what a file is by its content, and the reader of that kind, in :data:`KINDS`.

Nothing is interpreted here but the exporter's own conventions: which cell is a header, a choice, a repeat. A query to a
database is read by :mod:`konbit_lessons.field.sources.sql`.
"""

from collections.abc import Sequence
from pathlib import Path

from konbit_lessons.field.sources import guard, readers, statistical
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import read_form, together
from konbit_lessons.field.sources.raw import Asked, Raw

__all__ = ["KINDS", "Raw", "read"]

KINDS = readers.READERS | dict.fromkeys(("stata", "spss", "parquet"), statistical.read) | {"sheet": readers.read_sheet}


def read(
    path: str | Path,
    *,
    form: str | Path | Sequence[str | Path] | None = None,
    kind: str | None = None,
    expect: tuple[str, ...] = (),
    options: dict[str, list[str]] | None = None,
) -> Raw:
    """Read one field export as frames of text, nothing lost on the way.

    Parameters
    ----------
    path : str or Path
        A CSV of any separator, a workbook, a zip of CSVs, or a Stata, SPSS or Parquet file.
    form : str or Path, or several, optional
        The XLSForm behind the export: with it, labels in any language become question and choice names. Of several
        versions, the one that most headers are of goes first.
    kind : str, optional
        A key of :data:`KINDS`; found from the content when not given.
    expect : tuple of str, optional
        Column headers that should be there; they help to find the header of a hand-made sheet.
    options : dict of str to list of str, optional
        Question → its options, where several answers stand in one cell and an option may contain the separator.

    Returns
    -------
    Raw
        ``raw.kind``, ``raw.tables["main"]``, ``raw.tables["<repeat>"]``, ``raw.notices``.

    Raises
    ------
    SourceError
        The file is missing, dangerous, empty, or not what it is said to be.
    """
    file = File(Path(path))
    with guard.unchanged(file.path):
        forms = [read_form(Path(one)) for one in ([form] if isinstance(form, str | Path) else form or ())]
        headers = [header for grid in file.grids for header in grid.titles] if len(forms) > 1 else []
        known = together(forms, headers) if forms else None
        _check_kind(file, kind)
        kind = kind or (file.container if file.container in guard.BINARY else readers.recognized(file, known))
        frames = KINDS[kind](file, Asked(kind, known, tuple(expect), options or {}))
        tables = {name: frame.rows for name, frame in frames.items()}
        sheets = {name: frame.sheet for name, frame in frames.items()}
        grids = [] if file.container in guard.BINARY else file.grids
        rows_of = {grid.title: grid.struck for grid in grids if grid.struck}
        struck = {name: rows_of[title] for name, title in sheets.items() if title in rows_of}
        return Raw(file.path, kind, tables, sheets, tuple(file.notices), grids[0].epoch if grids else None, struck)


def _check_kind(file: File, wanted: str | None) -> None:
    """A binary file is what its first bytes say; a table of text what programme.toml says, or else its header."""
    if wanted is not None and wanted not in KINDS:
        guard.refuse(file.path, f'found kind "{wanted}"; expected one of {", ".join(KINDS)}.')
    if file.container == "sqlite":
        guard.refuse(file.path, "this is a database. Say with a query what to read from it.")
    if wanted and wanted != file.container and {wanted, file.container} & set(guard.BINARY):
        guard.refuse(file.path, f'found a {file.container} file; kind says "{wanted}". Correct kind.')

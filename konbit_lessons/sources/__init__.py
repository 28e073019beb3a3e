"""Field exports → frames of text. One file per exporter, one line in :data:`KINDS`.

The first that recognizes the header reads the file. Nothing is interpreted here but the exporter's own conventions:
which cell is a header, a choice, a repeat.
"""

from pathlib import Path
from types import ModuleType

from konbit_lessons.errors import SourceError
from konbit_lessons.sources import guard, kobo, microsoft_forms, odk, sheet
from konbit_lessons.sources.form import read_form
from konbit_lessons.sources.grids import read_grids
from konbit_lessons.sources.raw import Raw

__all__ = ["KINDS", "Raw", "read"]

KINDS: dict[str, ModuleType] = {
    "kobo": kobo,
    "odk_central": odk,
    "microsoft_forms": microsoft_forms,
    "sheet": sheet,
}


def read(
    path: str | Path, *, form: str | Path | None = None, kind: str | None = None, expect: tuple[str, ...] = ()
) -> Raw:
    """Read one field export as frames of text, nothing lost on the way.

    Parameters
    ----------
    path : str or Path
        A CSV of any separator, or a workbook.
    form : str or Path, optional
        The XLSForm behind the export: with it, labels in any language become question and choice names.
    kind : str, optional
        A key of :data:`KINDS`; found from the header when not given.
    expect : tuple of str, optional
        Column headers that should be there; they help to find the header of a hand-made sheet.

    Returns
    -------
    Raw
        ``raw.kind``, ``raw.tables["main"]``, ``raw.tables["<repeat>"]``, ``raw.notices``.

    Raises
    ------
    SourceError
        The file is missing, dangerous, empty, or not what it is said to be.
    """
    path = Path(path)
    guard.check(path)
    if kind is not None and kind not in KINDS:
        raise SourceError(f'{path.name}: found kind "{kind}"; expected one of {", ".join(KINDS)}.')
    grids, notices = read_grids(path)
    if not grids:
        raise SourceError(f"{path.name}: no visible sheet holds anything. Export it again.")
    kind = kind or next(name for name, module in KINDS.items() if module.recognizes(grids[0].header))
    frames, more = KINDS[kind].read(grids, form=read_form(Path(form)) if form else None, expect=list(expect))
    return Raw(
        path=path,
        kind=kind,
        tables={name: frame.rows for name, frame in frames.items()},
        sheets={name: frame.sheet for name, frame in frames.items()},
        notices=tuple(notices + more),
        epoch=grids[0].epoch,
    )

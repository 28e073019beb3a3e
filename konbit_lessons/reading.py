"""One [[source]] of a programme → rows of text under the table's column names, each with the place it comes from."""

from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import ProgrammeError, SourceError
from konbit_lessons.programme import Programme, Source
from konbit_lessons.sources import Raw, read

ROW = ("source", "sheet", "row")  # where a row comes from: file, sheet, row in the file


def read_source(programme: Programme, source: Source, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[str]]:
    """Read the files of a source and put their columns under the names of the table.

    Parameters
    ----------
    programme : Programme
    source : Source
    schema : DataFrameSchema
        Of the table that the source feeds.

    Returns
    -------
    rows : DataFrame of str
        :data:`ROW`, then the table's columns that the source has.
    notices : list of str

    Raises
    ------
    ProgrammeError
        No file matches, or no form.
    SourceError
        A file cannot be read, or a column that programme.toml names is not in it.
    """
    parts, notices = [], []
    form = programme.raw / source.form if source.form else None
    if form and not form.is_file():
        raise ProgrammeError(
            f'{programme.path.name}, [[source]] of table "{source.table}", form: found "{source.form}"; '
            f"there is no such file in {programme.about.raw}."
        )
    expect = tuple(header for header in source.columns.values() if not header.startswith("@")) or tuple(schema.columns)
    for path in programme.files_of(source):
        name = path.relative_to(programme.raw).as_posix()
        raw = read(path, form=form, kind=source.kind, expect=() if form else expect)
        notices += [f"{name}: {notice}" for notice in raw.notices]
        for table, frame in _wanted(raw, source, name):
            wanted = _columns(frame, source, schema, where=_place(name, raw.sheets[table]))
            part = _renamed(frame, wanted, sheet=raw.sheets[table], path=path)
            unused = [header for header in frame if header not in wanted.values()]
            if unused:
                notices.append(f"{_place(name, raw.sheets[table])}: not used: {', '.join(unused)}")
            parts.append(
                part.assign(
                    **source.constants(path.name), source=name, sheet=raw.sheets[table], row=frame.index.to_numpy()
                )
            )
    rows = pd.concat(parts, ignore_index=True)
    return rows[[*ROW, *(column for column in schema.columns if column in rows)]], notices


def _wanted(raw: Raw, source: Source, name: str) -> list[tuple[str, pd.DataFrame]]:
    """The sheets to read: those programme.toml names; else all of a hand-made workbook, the main one of an export."""
    if source.sheets:
        found = [
            (table, raw.tables[table])
            for table, title in raw.sheets.items()
            if any(fnmatch(title, one) for one in source.sheets)
        ]
        if not found:
            raise SourceError(
                f"{name}: no visible sheet is called {', '.join(source.sheets)}; "
                f"it has {', '.join(raw.sheets.values())}."
            )
        return found
    return list(raw.tables.items()) if raw.kind == "sheet" else [("main", raw.tables["main"])]


def _columns(frame: pd.DataFrame, source: Source, schema: pa.DataFrameSchema, *, where: str) -> dict[str, str]:
    """Table column → header in the file. A header that is a column of the table needs no line in programme.toml."""
    by_spaces = {" ".join(header.split()): header for header in frame}
    wanted = {column: column for column in schema.columns if column in frame}
    for column, header in source.columns.items():
        if header.startswith("@"):
            wanted[column] = header
        elif column.endswith("*"):
            stem, prefix = column.removesuffix("*"), header.removesuffix("*")
            named = {name: prefix + name.removeprefix(stem) for name in schema.columns if name.startswith(stem)}
            wanted |= {name: choice for name, choice in named.items() if choice in frame}
            if not any(choice in frame for choice in named.values()):
                raise _missing(header, frame, where)
        elif " ".join(header.split()) in by_spaces:
            wanted[column] = by_spaces[" ".join(header.split())]
        else:
            raise _missing(header, frame, where)
    for column, about in schema.columns.items():
        if not about.nullable and column not in wanted and column not in {*source.set, *source.by_file}:
            raise SourceError(
                f'{where}: nothing is given for the column "{column}", which the table "{schema.name}" needs. '
                f"Name its header under columns in programme.toml; the file has {', '.join(frame)}."
            )
    return wanted


def _missing(header: str, frame: pd.DataFrame, where: str) -> SourceError:
    near = get_close_matches(header, list(frame), n=1, cutoff=0.5)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return SourceError(
        f'{where}: there is no column "{header}". {hint}'
        f"It has {', '.join(frame)}. Correct columns in programme.toml, or the file."
    )


def _renamed(frame: pd.DataFrame, wanted: dict[str, str], *, sheet: str, path: Path) -> pd.DataFrame:
    given = {"@sheet": sheet, "@file": path.stem}
    cells = {}
    for column, header in wanted.items():
        values = pd.Series(given[header], index=frame.index, dtype="str") if header in given else frame[header]
        cells[column] = values.map({True: "1", False: "0"}).astype("str") if values.dtype == "boolean" else values
    return pd.DataFrame(cells, index=frame.index)


def _place(file: str, sheet: str) -> str:
    return f"{file}, sheet {sheet}" if sheet else file

"""One [[source]] of a programme → rows of text under the table's column names, each with the place it comes from."""

from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatch

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import ProgrammeError, SourceError
from konbit_lessons.field.cleaning.record import ROW
from konbit_lessons.field.programme import Programme, Source
from konbit_lessons.field.sources import Raw, read
from konbit_lessons.field.texts import constant, encoded, stacked
from konbit_lessons.field.values import days_of_serials
from konbit_lessons.tables import codebook, is_day

SUBMITTED = codebook()["submitted"]  # where an exporter says when a row was submitted
FILLED_IN = ("end", "today", "start")  # when a form was filled in, by the device's clock; the first there is counts


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
    rows : DataFrame of category
        :data:`~konbit_lessons.field.cleaning.record.ROW`, ``_kind`` of export, ``_submitted`` and ``_filled_in`` where
        the export says so, then the table's columns that the source has.
    notices : list of str

    Raises
    ------
    ProgrammeError
        No file matches, or no form.
    SourceError
        A file cannot be read, or a column that programme.toml names is not in it.
    """
    headers = [header for header in source.columns.values() if not header.startswith("@")]
    parts, notices = [], []
    for name, raw in _raws(programme, source, tuple(headers or schema.columns)):
        notices += [f"{name}: {notice}" for notice in raw.notices]
        for table in _wanted(raw, source, name):
            parts.append(_part(raw, table, name, source, schema, notices))
    rows = stacked(parts)
    beside = [*ROW, "_kind", "_submitted", "_filled_in"]
    return rows[[column for column in (*beside, *schema.columns) if column in rows]], notices


def _raws(programme: Programme, source: Source, expect: tuple[str, ...]) -> Iterator[tuple[str, Raw]]:
    """What each file of a source, or its query, gives; and what the place is called."""
    form = programme.raw / source.form if source.form else None
    if form and not form.is_file():
        raise ProgrammeError(
            f'{programme.path.name}, [[source]] of table "{source.table}", form: found "{source.form}"; '
            f"there is no such file in {programme.said.programme.raw}."
        )
    if source.query:
        yield from answers(programme, source)
        return
    expect = () if form else expect
    for path in programme.files_of(source):
        name = path.relative_to(programme.raw).as_posix()
        yield name, read(path, form=form, kind=source.kind, expect=expect, options=source.options)


def answers(programme: Programme, source: Source) -> Iterator[tuple[str, Raw]]:
    """What the query of a source gives from each of its databases; and what the database is called."""
    from konbit_lessons.field.sources.sql import read_query  # not before it is needed: SQLAlchemy takes a while

    databases = [source.database] if source.database else [path.as_posix() for path in programme.files_of(source)]
    for name, database in zip(programme.places_of(source), databases, strict=True):
        yield name, read_query(database, source.query, folder=programme.raw)


def _wanted(raw: Raw, source: Source, name: str) -> list[str]:
    """The sheets to read: those programme.toml names; else all of a hand-made workbook, the main one of an export."""
    if not source.sheets:
        return list(raw.tables) if raw.kind == "sheet" else ["main"]
    found = [
        table
        for table, title in raw.sheets.items()
        if any(fnmatch(title, one) or fnmatch(table, one) for one in source.sheets)
    ]
    if not found:
        raise SourceError(
            f"{name}: no visible sheet is called {', '.join(source.sheets)}; it has {', '.join(raw.sheets.values())}."
        )
    return found


def _part(
    raw: Raw, table: str, name: str, source: Source, schema: pa.DataFrameSchema, notices: list[str]
) -> pd.DataFrame:
    """The rows of one sheet under the names of the table, each with its place; what is noticed is added."""
    frame, sheet = raw.tables[table], raw.sheets[table]
    where = f"{name}, sheet {sheet}" if sheet else name
    wanted, clock = _columns(frame, source, schema, where=where), _clock(raw.kind, frame)
    if frame.empty:
        notices.append(f"{where}: there is a header but no rows")
    cells = as_written(frame).assign(**{"@sheet": sheet, "@file": raw.path.stem})
    part = pd.DataFrame({column: cells[header] for column, header in (wanted | clock).items()}, index=frame.index)
    for column in [column for column in wanted if raw.epoch and is_day(schema.columns[column])]:
        part[column], count = days_of_serials(part[column], raw.epoch)
        if count:
            notices.append(f"{where}, {column}: {count} serial numbers were read as days, counted from {raw.epoch}")
    unused = [header for header in frame if header not in {*wanted.values(), *clock.values()}]
    if unused:
        notices.append(f"{where}: not used: {', '.join(unused)}")
    same = source.constants(raw.path.name) | {"source": name, "sheet": sheet, "_kind": raw.kind}
    part = part.assign(**{column: encoded(part[column]) for column in part})
    part = part.assign(**{column: constant(text, part) for column, text in same.items()})
    return part.assign(row=frame.index.to_numpy())


def as_written(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose choices of a form are text, 1 and 0, as everything else is."""
    flags = rows.columns[rows.dtypes == "boolean"]
    return rows.assign(**{header: rows[header].map({True: "1", False: "0"}).astype("str") for header in flags})


def _clock(kind: str, frame: pd.DataFrame) -> dict[str, str]:
    """The headers under which an export says when a row was submitted, and when it was filled in."""
    if SUBMITTED.get(kind) not in frame:
        return {}
    filled_in = [header for header in FILLED_IN if header in frame]
    return {"_submitted": SUBMITTED[kind]} | dict(zip(["_filled_in"], filled_in, strict=False))


def _columns(frame: pd.DataFrame, source: Source, schema: pa.DataFrameSchema, *, where: str) -> dict[str, str]:
    """Table column → header in the file. A header that is a column of the table needs no line in programme.toml."""
    by_spaces = {" ".join(header.split()): header for header in frame}
    wanted = {column: column for column in schema.columns if column in frame}
    for column, header in source.columns.items():
        if header.startswith("@"):
            found = {column: header}
        elif column.endswith("*"):
            stem, prefix = column.removesuffix("*"), header.removesuffix("*")
            named = {name: prefix + name.removeprefix(stem) for name in schema.columns if name.startswith(stem)}
            found = {name: choice for name, choice in named.items() if choice in frame}
        else:
            spaced = " ".join(header.split())
            found = {column: by_spaces[spaced]} if spaced in by_spaces else {}
        if not found:
            raise _missing(header, frame, where)
        wanted |= found
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

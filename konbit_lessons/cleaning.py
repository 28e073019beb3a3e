"""Raw files → typed tables, with a log of every change and a list of what was set aside and why.

The recipe: read each source as text, put its columns under the table's names, convert by the codebook, find the
organization behind each typed name, drop what repeats and whoever is named, and work out who attended. A row that
cannot be used is set aside, never dropped in silence: rows kept + rows set aside = rows read.
"""

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import identity, tables
from konbit_lessons.attendance import with_attendance
from konbit_lessons.conversion import typed_rows
from konbit_lessons.errors import DataError
from konbit_lessons.programme import Programme
from konbit_lessons.reading import ROW
from konbit_lessons.record import Record


@dataclass(frozen=True)
class Data:
    """A cleaned programme: ``data.organizations``, ``data.events``, … and what cleaning did.

    Attributes
    ----------
    programme : Programme
    tables : dict of str to DataFrame
        One typed frame per table of the codebook, sorted by its key; empty where no source feeds it.
    cleaning_log : DataFrame
        One row per change, in the field's columns (``record.LOG``).
    set_aside : DataFrame
        One row per row or value that could not be used (``record.ASIDE``); ``scope`` says which of the two.
    counts : DataFrame
        Rows read, kept and set aside, by source file and table (``record.COUNTS``).
    notices : tuple of str
        What a reader assumed or left out.
    """

    programme: Programme
    tables: dict[str, pd.DataFrame]
    cleaning_log: pd.DataFrame
    set_aside: pd.DataFrame
    counts: pd.DataFrame
    notices: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in tables.TABLES:
            return self.tables[name]
        raise AttributeError(f"no table {name}; there are {', '.join(tables.TABLES)}")


def clean(programme: Programme) -> Data:
    """Read and clean every source of a programme.

    Parameters
    ----------
    programme : Programme

    Returns
    -------
    Data

    Raises
    ------
    ProgrammeError, SourceError
        A file or a column that programme.toml names is not there, or a file cannot be read.
    DataError
        Organizations, events or invitations are empty: nothing can be said.
    """
    record = Record()
    cleaned: dict[str, pd.DataFrame] = {}
    roster: identity.Roster | None = None
    unresolved = pd.DataFrame()
    for table in _reading_order(programme):
        schema = tables.schema(table, programme.incentives)
        parts = [typed_rows(programme, source, schema, record) for source in programme.sources if source.table == table]
        rows = pd.concat(parts, ignore_index=True)
        rows, not_found = _resolve(rows, schema, cleaned, roster, record)
        rows = _once_each(rows, schema, record)
        if table in tables.NEEDED_TABLES and rows.empty:
            _refuse_empty(table, programme, record)
        if table == "sign_in":
            unresolved = not_found
        if table == "organizations":
            roster = identity.Roster(rows)
        cleaned[table] = rows
    counts = record.row_counts(cleaned)
    if "sign_in" in cleaned:
        cleaned["invitations"] = with_attendance(cleaned["invitations"], cleaned["sign_in"], unresolved, record)
    return Data(
        programme=programme,
        tables={name: _finished(name, cleaned.get(name), programme) for name in tables.TABLES},
        cleaning_log=record.cleaning_log(),
        set_aside=record.all_set_aside(),
        counts=counts,
        notices=tuple(record.notices),
    )


def _refuse_empty(table: str, programme: Programme, record: Record) -> None:
    files = [path.name for source in programme.sources if source.table == table for path in programme.files_of(source)]
    aside = record.all_set_aside()
    why = [
        f"Row {line.row} was set aside: {line.reason}." for line in aside[aside["table"] == table].head(1).itertuples()
    ]
    raise DataError(
        f'{", ".join(files)}: the table "{table}" is empty; expected at least one row that can be used. '
        f"{' '.join(why) or 'There is a header and nothing under it.'} Correct the file, or files in programme.toml."
    )


def _reading_order(programme: Programme) -> list[str]:
    """Organizations and events first, since the other tables refer to them."""
    used = {source.table for source in programme.sources}
    for needed in tables.NEEDED_TABLES:
        if needed not in used:
            raise DataError(f'{programme.path.name}: no [[source]] feeds the table "{needed}"; add one.')
    return [name for name in tables.TABLES if name in used]


def _resolve(
    rows: pd.DataFrame,
    schema: pa.DataFrameSchema,
    cleaned: dict[str, pd.DataFrame],
    roster: identity.Roster | None,
    record: Record,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn typed names into organizations and check event codes; also return the rows whose name was not resolved."""
    unresolved = rows.iloc[:0]
    for name, column in schema.columns.items():
        refers_to = column.metadata.get("refers_to")
        if refers_to == "events":
            unknown = rows[name].notna() & ~rows[name].isin(cleaned["events"]["event_id"])
            scope = "value" if column.nullable else "row"
            if unknown.any():
                record.set_aside(
                    rows[unknown],
                    table=schema.name,
                    scope=scope,
                    column=name,
                    value=rows.loc[unknown, name],
                    reason="no such event in the table of events",
                    check="event on record",
                )
            rows = rows.assign(**{name: rows[name].mask(unknown)}) if column.nullable else rows[~unknown]
        elif refers_to == "organizations":
            rows, unresolved = _named(rows, name, schema, roster, record)
    return rows, unresolved


def _named(
    rows: pd.DataFrame, name: str, schema: pa.DataFrameSchema, roster: identity.Roster, record: Record
) -> tuple[pd.DataFrame, pd.DataFrame]:
    matches = roster.match(rows[name].tolist())
    typed = rows[name]
    found = typed.map({text: match.organization_id for text, match in matches.items()}).astype("str")
    close = typed.map({text: match.how for text, match in matches.items()}).isin(["slip", "abbreviation", "acronym"])
    if close.any():
        reasons = typed[close].map({text: f"{match.how}, {match.score:g} of 100" for text, match in matches.items()})
        record.changed(
            rows[close],
            column=name,
            old_value=typed[close],
            new_value=found[close],
            change_type="change_response",
            check="organization name",
            reason=reasons,
        )
    open_names = found.isna()
    if open_names.any():
        reasons = typed[open_names].map({text: _why_open(match) for text, match in matches.items()})
        record.set_aside(
            rows[open_names],
            table=schema.name,
            scope="row",
            column=name,
            value=typed[open_names],
            reason=reasons,
            check="organization on the roster",
        )
    candidates = pd.Series([matches[text].candidates for text in typed], index=rows.index, dtype="object")
    return rows.assign(**{name: found})[~open_names], rows.assign(candidates=candidates)[open_names]


def _why_open(match: identity.Match) -> str:
    near = f"nearest: {', '.join(match.candidates)}" if match.candidates else "no name on it is near"
    return f"not surely an organization on the roster; {near}"


def _once_each(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """Keep one row per key: of the same record twice, the one that says most, then the latest in the file."""
    content = list(schema.columns)
    key = list(schema.metadata["key"]) or (
        ["event_id", "organization_id", "delegate"] if schema.name == "sign_in" else content
    )
    filled = rows[content].notna().sum(axis=1)
    order = rows.assign(_filled=filled, **{"_" + name: rows[name].astype("str") for name in content})
    order = order.sort_values(["_filled", *["_" + name for name in content], *ROW], kind="stable")
    known = (
        rows[key].notna().all(axis=1)
        if schema.metadata["key"] or schema.name == "sign_in"
        else pd.Series(True, index=rows.index)
    )
    again = order[key].duplicated(keep="last").reindex(rows.index) & known
    if again.any():
        about = {name: schema.columns[name].metadata for name in key}
        shown = [
            name for name in key if about[name].get("refers_to")
        ]  # codes; a person's name or a record's id is not repeated here
        what = rows.loc[again, shown].astype("str").agg(" · ".join, axis=1) if shown else ""
        record.set_aside(
            rows[again],
            table=schema.name,
            scope="row",
            column=" + ".join(key if len(key) < len(content) else ["all columns"]),
            value=what,
            reason="the same record stands there again; one is kept",
            check="double entry",
        )
    return rows[~again]


def _finished(name: str, rows: pd.DataFrame | None, programme: Programme) -> pd.DataFrame:
    """The table as it is kept: codebook columns in order, nobody named, sorted, validated."""
    schema = tables.schema(name, programme.incentives)
    if rows is None:
        rows = pd.DataFrame(
            {column: pd.array([], dtype=tables.dtype_of(about)) for column, about in schema.columns.items()}
        )
    keep = [column for column, about in schema.columns.items() if not about.metadata.get("direct_identifier")]
    by = list(dict.fromkeys([*schema.metadata["key"], *keep]))
    rows = rows[keep].sort_values(by, key=lambda values: values.astype("str"), kind="stable").reset_index(drop=True)
    if name == "survey":  # record ids are direct identifiers: a number in the order of the content stands for them
        rows = rows.sort_values(
            [column for column in by if column != "submission_id"] + ["submission_id"],
            key=lambda values: values.astype("str"),
        )
        rows = rows.assign(submission_id=[f"S{number:06d}" for number in range(1, len(rows) + 1)]).reset_index(
            drop=True
        )
        rows["submission_id"] = rows["submission_id"].astype("str")
    return schema.remove_columns([column for column in schema.columns if column not in keep]).validate(rows)

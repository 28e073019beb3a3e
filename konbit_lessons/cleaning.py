"""Raw files → typed tables, with a log of every change and a list of what was set aside and why.

The recipe: read each source as text, put its columns under the table's names, convert by the codebook, find the
organization behind each typed name, drop what repeats and whoever is named, and work out who attended. A row that
cannot be used is set aside, never dropped in silence: rows kept + rows set aside = rows read.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.pandas as pa

from . import identity, tables
from .errors import DataError
from .programme import Programme, Source
from .reading import ROW, read_source
from .values import Writing, convert

LOG = ("source", "sheet", "row", "record_id", "column", "old_value", "new_value", "change_type", "check", "reason", "initials", "notes")
ASIDE = ("source", "sheet", "row", "table", "scope", "column", "value", "reason")
COUNTS = ("source", "table", "read", "kept", "set_aside")
CODED = ("level", "yes_no", "whole", "amount")  # kinds in which a code can mean "no answer"


@dataclass(frozen=True)
class Data:
    """A cleaned programme: ``data.organizations``, ``data.events``, … and what cleaning did.

    Attributes
    ----------
    programme : Programme
    tables : dict of str to DataFrame
        One typed frame per table of the codebook, sorted by its key; empty where no source feeds it.
    cleaning_log : DataFrame
        One row per change, in the field's columns (:data:`LOG`).
    set_aside : DataFrame
        One row per row or value that could not be used (:data:`ASIDE`); ``scope`` says which of the two.
    counts : DataFrame
        Rows read, kept and set aside, by source file and table (:data:`COUNTS`).
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


@dataclass
class _Record:
    """What cleaning writes down as it goes."""

    log: list[pd.DataFrame] = field(default_factory=list)
    aside: list[pd.DataFrame] = field(default_factory=list)
    counts: list[dict] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def changed(self, rows: pd.DataFrame, **line) -> None:
        self.log.append(rows[list(ROW)].assign(**line))

    def set_aside(self, rows: pd.DataFrame, **line) -> None:
        self.aside.append(rows[list(ROW)].assign(**line))
        kind = "remove_survey" if line["scope"] == "row" else "blank_response"
        self.changed(rows, column=line["column"], old_value=line["value"], change_type=kind, check=line.get("check", ""), reason=line["reason"])

    def one_line(self, *, source: str, change_type: str, check: str, reason: str, column: str = "") -> None:
        """A change that is the same for a whole file."""
        self.log.append(pd.DataFrame([{"source": source, "column": column, "change_type": change_type, "check": check, "reason": reason}]))


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
    record = _Record()
    cleaned: dict[str, pd.DataFrame] = {}
    roster: identity.Roster | None = None
    unresolved = pd.DataFrame()
    for table in _reading_order(programme):
        schema = tables.schema(table, programme.incentives)
        parts = [_typed(programme, source, schema, record) for source in programme.sources if source.table == table]
        rows = pd.concat(parts, ignore_index=True)
        if table in tables.NEEDED_TABLES and rows.empty:
            files = ", ".join(path.name for source in programme.sources if source.table == table for path in programme.files_of(source))
            raise DataError(f'{files}: the table "{table}" is empty after cleaning; expected at least one row. Run konbit check to see what was set aside.')
        rows, not_found = _resolve(rows, schema, cleaned, roster, record)
        rows = _once_each(rows, schema, record)
        if table == "sign_in":
            unresolved = not_found
        if table == "organizations":
            roster = identity.Roster(rows)
        cleaned[table] = rows
    _count(cleaned, record)
    if "sign_in" in cleaned:
        cleaned["invitations"] = _with_attendance(cleaned["invitations"], cleaned["sign_in"], unresolved, record)
    return Data(
        programme=programme,
        tables={name: _finished(name, cleaned.get(name), programme) for name in tables.TABLES},
        cleaning_log=_stacked(record.log, LOG),
        set_aside=_without_parts_of_rows(_stacked(record.aside, ASIDE)),
        counts=pd.DataFrame(record.counts, columns=list(COUNTS)),
        notices=tuple(record.notices),
    )


def _reading_order(programme: Programme) -> list[str]:
    """Organizations and events first, since the other tables refer to them."""
    used = {source.table for source in programme.sources}
    for needed in tables.NEEDED_TABLES:
        if needed not in used:
            raise DataError(f'{programme.path.name}: no [[source]] feeds the table "{needed}"; add one.')
    return [name for name in tables.TABLES if name in used]


def _typed(programme: Programme, source: Source, schema: pa.DataFrameSchema, record: _Record) -> pd.DataFrame:
    """One source as typed rows, with the place each row comes from."""
    text, notices = read_source(programme, source, schema)
    record.notices += notices
    for file, rows in text.groupby("source", sort=True).size().items():
        record.counts.append({"source": file, "table": schema.name, "read": int(rows)})
    for file in sorted(set(path.relative_to(programme.raw).as_posix() for path in programme.files_of(source)) - set(text["source"])):
        record.counts.append({"source": file, "table": schema.name, "read": 0})
        record.notices.append(f"{file}: there is a header but no rows")
    values = text[list(ROW)].copy()
    for name, column in schema.columns.items():
        values[name] = _column(text, name, column, source, programme, record)
    values = _within_checks(values, schema, record)
    return _with_what_is_needed(values, text, schema, record)


def _column(text: pd.DataFrame, name: str, column: pa.Column, source: Source, programme: Programme, record: _Record) -> pd.Series:
    kind = column.metadata["kind"]
    if name not in text:
        return pd.Series(pd.array([None] * len(text), dtype=tables.dtype_of(column)), index=text.index)
    cells = text[name]
    codes = source.missing.get(name, source.missing.get("*", []) if kind in CODED else [])
    coded = cells.str.strip().isin(codes)
    if coded.any():
        record.changed(
            text[coded], column=name, old_value=cells[coded].str.strip(), new_value="", change_type="blank_response",
            check="missing code", reason="programme.toml says this code means no answer",
        )  # fmt: skip
        cells = cells.mask(coded)
    if name in source.blank and cells.isna().any():
        record.one_line(
            source=", ".join(sorted(text["source"].unique())), column=name, change_type="change_response", check="blank cell",
            reason=f'{int(cells.isna().sum())} blank cells mean "{source.blank[name]}", as programme.toml says',
        )  # fmt: skip
        cells = cells.fillna(source.blank[name])
    writing = Writing(
        dates=source.date_formats(), decimal=source.decimal, levels=source.levels.get(name, {}),
        timezone=programme.timezone, utc=source.columns.get(name) == "_submission_time",
    )  # fmt: skip
    values, wrong = convert(cells, kind=kind, dtype=tables.dtype_of(column), levels=column.metadata.get("levels"), writing=writing)
    if len(wrong):
        rows = text.loc[wrong.index]
        record.set_aside(rows, table=source.table, scope="value", column=name, value=cells[wrong.index], reason=wrong, check="conversion")
    return values


def _within_checks(values: pd.DataFrame, schema: pa.DataFrameSchema, record: _Record) -> pd.DataFrame:
    """Blank the values that the codebook's checks refuse (a negative amount, a 7 on a scale of 5), and say so."""
    values = values.copy()
    for name, column in schema.columns.items():
        for check in column.checks:
            known = values[name].dropna()
            refused = known[~check(known).check_output] if len(known) else known
            if len(refused):
                rows = values.loc[refused.index]
                reason = f"expected {_in_words(check)}"
                record.set_aside(
                    rows, table=schema.name, scope="value", column=name, value=refused.astype("str"), reason=reason, check="codebook"
                )
                values.loc[refused.index, name] = pd.NA
    return values


def _in_words(check: pa.Check) -> str:
    limits = check.statistics
    if "max_value" in limits and "min_value" in limits:
        return f"{limits['min_value']} to {limits['max_value']}"
    if "min_value" in limits:
        return f"{limits['min_value']} or more"
    return f"one of {', '.join(map(str, limits['allowed_values']))}"


def _with_what_is_needed(values: pd.DataFrame, text: pd.DataFrame, schema: pa.DataFrameSchema, record: _Record) -> pd.DataFrame:
    """Set aside the rows that lack a value without which they say nothing."""
    left_out = pd.Series(False, index=values.index)
    for name, column in schema.columns.items():
        lacks = values[name].isna() & ~left_out if not column.nullable else pd.Series(False, index=values.index)
        if lacks.any():
            written = text.loc[lacks, name].fillna("") if name in text else ""
            record.set_aside(
                values[lacks], table=schema.name, scope="row", column=name, value=written,
                reason=f"the row cannot be used without {name}", check="needed value",
            )  # fmt: skip
            left_out |= lacks
    return values[~left_out]


def _resolve(
    rows: pd.DataFrame, schema: pa.DataFrameSchema, cleaned: dict[str, pd.DataFrame], roster: identity.Roster | None, record: _Record
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
                    rows[unknown], table=schema.name, scope=scope, column=name, value=rows.loc[unknown, name],
                    reason="no such event in the table of events", check="event on record",
                )  # fmt: skip
            rows = rows.assign(**{name: rows[name].mask(unknown)}) if column.nullable else rows[~unknown]
        elif refers_to == "organizations":
            rows, unresolved = _named(rows, name, schema, roster, record)
    return rows, unresolved


def _named(
    rows: pd.DataFrame, name: str, schema: pa.DataFrameSchema, roster: identity.Roster, record: _Record
) -> tuple[pd.DataFrame, pd.DataFrame]:
    matches = roster.match(rows[name].tolist())
    typed = rows[name]
    found = typed.map({text: match.organization_id for text, match in matches.items()}).astype("str")
    close = typed.map({text: match.how for text, match in matches.items()}).isin(["slip", "abbreviation", "acronym"])
    if close.any():
        reasons = typed[close].map({text: f"{match.how}, {match.score:g} of 100" for text, match in matches.items()})
        record.changed(
            rows[close], column=name, old_value=typed[close], new_value=found[close], change_type="change_response",
            check="organization name", reason=reasons,
        )  # fmt: skip
    open_names = found.isna()
    if open_names.any():
        reasons = typed[open_names].map({text: _why_open(match) for text, match in matches.items()})
        record.set_aside(
            rows[open_names], table=schema.name, scope="row", column=name, value=typed[open_names],
            reason=reasons, check="organization on the roster",
        )  # fmt: skip
    candidates = pd.Series([matches[text].candidates for text in typed], index=rows.index, dtype="object")
    return rows.assign(**{name: found})[~open_names], rows.assign(candidates=candidates)[open_names]


def _why_open(match: identity.Match) -> str:
    near = f"nearest: {', '.join(match.candidates)}" if match.candidates else "no name on it is near"
    return f"not surely an organization on the roster; {near}"


def _once_each(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: _Record) -> pd.DataFrame:
    """Keep one row per key: of the same record twice, the one that says most, then the latest in the file."""
    content = list(schema.columns)
    key = list(schema.metadata["key"]) or (["event_id", "organization_id", "delegate"] if schema.name == "sign_in" else content)
    filled = rows[content].notna().sum(axis=1)
    order = rows.assign(_filled=filled, **{"_" + name: rows[name].astype("str") for name in content})
    order = order.sort_values(["_filled", *["_" + name for name in content], *ROW], kind="stable")
    known = rows[key].notna().all(axis=1) if schema.metadata["key"] or schema.name == "sign_in" else pd.Series(True, index=rows.index)
    again = order[key].duplicated(keep="last").reindex(rows.index) & known
    if again.any():
        about = {name: schema.columns[name].metadata for name in key}
        shown = [name for name in key if about[name].get("refers_to")]  # codes; a person's name or a record's id is not repeated here
        what = rows.loc[again, shown].astype("str").agg(" · ".join, axis=1) if shown else ""
        record.set_aside(
            rows[again], table=schema.name, scope="row", column=" + ".join(key if len(key) < len(content) else ["all columns"]),
            value=what, reason="the same record stands there again; one is kept", check="double entry",
        )  # fmt: skip
    return rows[~again]


def _count(cleaned: dict[str, pd.DataFrame], record: _Record) -> None:
    for count in record.counts:
        kept = cleaned[count["table"]]
        count["kept"] = int((kept["source"] == count["source"]).sum())
        count["set_aside"] = count["read"] - count["kept"]


def _with_attendance(invited: pd.DataFrame, signed: pd.DataFrame, unresolved: pd.DataFrame, record: _Record) -> pd.DataFrame:
    """Attendance from the sign-in sheets: signed in is present, else absent, but unknown where a name that could not be
    resolved may be theirs, or where the event has no sheet."""
    pair = ["event_id", "organization_id"]
    present = signed.groupby(pair).agg(
        delegates=("organization_id", "size"), senior_delegate=("senior_delegate", lambda answers: answers.any() if answers.notna().any() else pd.NA)
    )  # fmt: skip
    rows = invited.drop(columns=["attended", "delegates", "senior_delegate"]).merge(
        present.astype({"delegates": "Int64", "senior_delegate": "boolean"}).reset_index(), on=pair, how="left", validate="many_to_one"
    )
    here = rows["delegates"].notna()
    doubtful = unresolved.explode("candidates")[["event_id", "candidates"]].drop_duplicates() if len(unresolved) else None
    maybe = pd.Series(False, index=rows.index)
    if doubtful is not None:
        maybe = pd.MultiIndex.from_frame(rows[pair]).isin(pd.MultiIndex.from_frame(doubtful)) & ~here
    with_sheet = rows["event_id"].isin([*signed["event_id"], *unresolved.get("event_id", [])])
    unknown = (maybe | ~with_sheet) & ~here
    rows["attended"] = here.astype("boolean").mask(unknown)
    rows["delegates"] = rows["delegates"].fillna(0).mask(unknown)
    if unknown.any():
        record.changed(
            rows[unknown], column="attended", old_value="", new_value="", change_type="no_action", check="attendance",
            reason=np.where(maybe[unknown], "unknown: a name on the sign-in sheet may be theirs", "unknown: no sign-in sheet for this event"),
        )  # fmt: skip
    walk_ins = ~pd.MultiIndex.from_frame(signed[pair]).isin(pd.MultiIndex.from_frame(invited[pair]))
    if walk_ins.any():
        record.changed(
            signed[walk_ins], column="organization_id", old_value=signed.loc[walk_ins, "organization_id"], new_value="",
            change_type="no_action", check="attendance", reason="signed in without an invitation on record; counted in sign_in only",
        )  # fmt: skip
    return rows


def _finished(name: str, rows: pd.DataFrame | None, programme: Programme) -> pd.DataFrame:
    """The table as it is kept: codebook columns in order, nobody named, sorted, validated."""
    schema = tables.schema(name, programme.incentives)
    if rows is None:
        rows = pd.DataFrame({column: pd.array([], dtype=tables.dtype_of(about)) for column, about in schema.columns.items()})
    keep = [column for column, about in schema.columns.items() if not about.metadata.get("direct_identifier")]
    by = list(dict.fromkeys([*schema.metadata["key"], *keep]))
    rows = rows[keep].sort_values(by, key=lambda values: values.astype("str"), kind="stable").reset_index(drop=True)
    if name == "survey":  # record ids are direct identifiers: a number in the order of the content stands for them
        rows = rows.sort_values([column for column in by if column != "submission_id"] + ["submission_id"], key=lambda values: values.astype("str"))
        rows = rows.assign(submission_id=[f"S{number:06d}" for number in range(1, len(rows) + 1)]).reset_index(drop=True)
        rows["submission_id"] = rows["submission_id"].astype("str")
    return schema.remove_columns([column for column in schema.columns if column not in keep]).validate(rows)


def _without_parts_of_rows(aside: pd.DataFrame) -> pd.DataFrame:
    """A value is not listed beside its own row; the cleaning log holds both."""
    rows = aside[aside["scope"] == "row"]
    inside = pd.MultiIndex.from_frame(aside[list(ROW)]).isin(pd.MultiIndex.from_frame(rows[list(ROW)]))
    return aside[~inside | (aside["scope"] == "row")].reset_index(drop=True)


def _stacked(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=list(columns))
    lines = pd.concat(parts, ignore_index=True).reindex(columns=list(columns))
    lines["row"] = lines["row"].astype("Int64")
    text = [column for column in columns if column != "row"]
    lines[text] = lines[text].astype("str").fillna("")
    return lines.sort_values(["source", "sheet", "row", "column"], kind="stable").reset_index(drop=True)

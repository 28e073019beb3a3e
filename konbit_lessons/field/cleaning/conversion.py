"""One [[source]] → typed rows by the codebook; what does not convert is set aside, value by value or as a row."""

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.field.cleaning.corrections import Corrections, corrected
from konbit_lessons.field.cleaning.reading import SUBMITTED, read_source
from konbit_lessons.field.cleaning.record import ROW, TYPED, WHEN, Record
from konbit_lessons.field.programme import Programme, Source
from konbit_lessons.field.texts import as_text, counted, distinct_of, encoded, kept, looked_up, nothing
from konbit_lessons.field.values import Writing, convert


def typed_rows(
    programme: Programme,
    source: Source,
    schema: pa.DataFrameSchema,
    record: Record,
    *,
    corrections: Corrections,
    events: pd.DataFrame | None,
) -> pd.DataFrame:
    """One source as typed rows, with the place and the quarter of each.

    Parameters
    ----------
    programme : Programme
    source : Source
    schema : DataFrameSchema
        Of the table it feeds.
    record : Record
    corrections : Corrections
    events : DataFrame, optional
        Cleaned; they say the quarter of a row that has no day of its own.
    """
    text, notices = read_source(programme, source, schema)
    record.notices += notices
    record.given.setdefault(schema.name, set()).update(text)
    _no_rows(programme, source, text, record)
    key = schema.metadata["key"]
    of_record = [name for name, column in schema.columns.items() if column.metadata.get("of_record") and name in text]
    text["_raw_id"] = text[of_record[0] if of_record else key[0]] if len(key) == 1 else nothing(text)
    text["record_id"] = nothing(text) if of_record else text["_raw_id"]
    text[WHEN] = encoded(_quarters(text, source, schema, programme, events))
    lines = corrections.of(source, programme)
    text, removed, blanked = corrected(text, lines, source, schema, record)
    if len(lines):  # a day may be another now
        text[WHEN] = encoded(_quarters(text, source, schema, programme, events))
    record.read.append(counted(text[["source", "_kind", WHEN]], "rows").assign(table=schema.name))
    text = kept(text, ~removed)
    _arrivals(text, source, schema, programme, record)
    beside = [*ROW, "record_id", WHEN]
    values, wrong = text[beside].copy(deep=False), {}
    for name in schema.columns:
        values[name], wrong[name] = _column(text, name, schema, source, programme, record, blanked.get(name))
        if schema.name == "survey" and values[name].dtype != "category":  # a mean may take its place
            values[TYPED + name] = text[name] if name in text else nothing(text)
    values = _within_checks(values, text, schema, record)
    return _with_what_is_needed(values, text, wrong, schema, record)


def _no_rows(programme: Programme, source: Source, text: pd.DataFrame, record: Record) -> None:
    """Count the files that hold a header and nothing under it."""
    for file in sorted({*programme.places_of(source)} - {*text["source"].unique()}):
        record.read.append(pd.DataFrame([{"source": file, "_kind": "", "table": source.table, WHEN: "", "rows": 0}]))


def _quarters(
    text: pd.DataFrame, source: Source, schema: pa.DataFrameSchema, programme: Programme, events: pd.DataFrame | None
) -> pd.Series:
    """Fiscal quarter of each row's own day, or of its event; "" where there is none."""
    day = tables.day_of(schema)
    if day in text:
        days, _ = convert(
            text[day], kind="day", dtype="datetime64[us]", levels=None, writing=_writing(day, schema, source, programme)
        )
        return programme.calendar.names(days).fillna("")
    if events is not None and "event_id" in text:
        held = dict(zip(events["event_id"], programme.calendar.names(events["held_on"]), strict=True))
        return looked_up(text["event_id"], held, "str").fillna("")
    if schema.name == "learning" and "quarter" in text:
        return text["quarter"].astype("str").fillna("")
    return pd.Series("", index=text.index, dtype="str")


def _arrivals(
    text: pd.DataFrame, source: Source, schema: pa.DataFrameSchema, programme: Programme, record: Record
) -> None:
    """Days between a fact and its submission, where the export tells both."""
    if "_submitted" not in text:
        return
    day = tables.day_of(schema)
    of_day = "_filled_in" if source.columns.get(day) in SUBMITTED.values() else day
    if of_day not in text:
        return
    dates = {}
    for name in ("_submitted", of_day):
        writing = _writing(name, schema, source, programme)
        dates[name], _ = convert(text[name], kind="day", dtype="datetime64[us]", levels=None, writing=writing)
    days = (dates["_submitted"] - dates[of_day]).dt.days
    record.arrivals.append(as_text(text[["source", WHEN]]).assign(table=schema.name, days=days)[days.notna()])


def _writing(name: str, schema: pa.DataFrameSchema, source: Source, programme: Programme) -> Writing:
    about = schema.columns[name].metadata if name in schema.columns else {}
    return Writing(
        dates=tuple(source.dates),
        decimal=source.decimal,
        levels=source.levels.get(name, {}),
        timezone=programme.timezone,
        utc=name == "_submitted" or source.columns.get(name) == "_submission_time",
        unit=about["unit"].text() if about.get("unit") else "",
        marks=about.get("marks", frozenset()),
        spellings=about.get("spellings", {}),
        scale=about.get("scale"),
    )


def _column(
    text: pd.DataFrame,
    name: str,
    schema: pa.DataFrameSchema,
    source: Source,
    programme: Programme,
    record: Record,
    blanked: pd.Series | None,
) -> tuple[pd.Series, pd.Series]:
    """Typed values of one column, and for the texts that did not convert, why."""
    column = schema.columns[name]
    kind, dtype = column.metadata["kind"], _while_cleaning(column)
    if name not in text:
        none = nothing(text) if dtype == "category" else pd.Series(pd.NA, index=text.index, dtype=dtype)
        return none, pd.Series(dtype="str")
    cells = text[name]
    codes = source.missing.get(name, source.missing.get("*", []) if column.metadata["coded"] else [])
    codes = {*codes, *(f"{code}.0" for code in codes)}  # as programs write a column of numbers with blanks
    coded = looked_up(cells, {one: True for one in distinct_of(cells)[1] if one.strip() in codes}, "boolean").notna()
    if coded.any():
        record.changed(
            text[coded],
            table=source.table,
            column=name,
            old_value=cells[coded],
            new_value="",
            change_type="blank_response",
            check="missing code",
            reason="programme.toml says this code means no answer",
        )
        cells = cells.mask(coded)
    blank = cells.isna() & ~coded
    if blanked is not None:
        blank &= ~blanked
    if name in source.blank and blank.any():
        meaning = source.blank[name]
        record.changed_alike(
            text,
            blank,
            table=source.table,
            column=name,
            old_value="",
            new_value={"": meaning},
            change_type="change_response",
            check="blank cell",
            reason=f'programme.toml says a blank cell means "{meaning}"',
        )
        cells = encoded(cells.astype(tables.TEXT).mask(blank, meaning))
    writing = _writing(name, schema, source, programme)
    values, wrong = convert(cells, kind=kind, dtype=dtype, levels=column.metadata["levels"], writing=writing)
    if len(wrong):
        rows = text.loc[wrong.index]
        record.set_aside(
            rows,
            table=source.table,
            scope="value",
            column=name,
            value=cells[wrong.index],
            reason=wrong,
            check="conversion",
        )
    return values, wrong


def _while_cleaning(column: pa.Column) -> object:
    dtype = tables.dtype_of(column)
    return "category" if dtype == tables.TEXT else dtype


def _within_checks(
    values: pd.DataFrame, text: pd.DataFrame, schema: pa.DataFrameSchema, record: Record
) -> pd.DataFrame:
    """Blank the values that the codebook's checks refuse (a negative amount, a 7 on a scale of 5), and say so."""
    for name, column in schema.columns.items():
        for check in column.checks if name in text and not column.metadata["levels"] else ():
            least, most = (check.statistics.get(limit) for limit in ("min_value", "max_value"))
            refused = values[name].lt(least) | (values[name].gt(most) if most is not None else False)
            refused = refused.fillna(False).astype("bool")
            if refused.any():
                record.set_aside(
                    values[refused],
                    table=schema.name,
                    scope="value",
                    column=name,
                    value=text.loc[refused, name],
                    reason=f"expected {least} to {most}" if most is not None else f"expected {least} or more",
                    check="codebook",
                )
                values = values.assign(**{name: values[name].mask(refused)})
    return values


def _with_what_is_needed(
    values: pd.DataFrame,
    text: pd.DataFrame,
    wrong: dict[str, pd.Series],
    schema: pa.DataFrameSchema,
    record: Record,
) -> pd.DataFrame:
    """Set aside the rows that lack a value without which they say nothing."""
    left_out = pd.Series(False, index=values.index)
    for name, column in schema.columns.items():
        lacks = values[name].isna() & ~left_out if not column.nullable else pd.Series(False, index=values.index)
        if lacks.any():
            written = text.loc[lacks, name].astype("str").fillna("") if name in text else ""
            why = wrong[name].reindex(values.index[lacks]).radd("; ").fillna("").tolist()
            record.set_aside(
                values[lacks],
                table=schema.name,
                scope="row",
                column=name,
                value=written,
                reason=[f"the row cannot be used without {name}{one}" for one in why],
                check="needed value",
            )
            left_out |= lacks
    return kept(values, ~left_out)

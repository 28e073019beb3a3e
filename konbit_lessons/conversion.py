"""One [[source]] → typed rows by the codebook; what does not convert is set aside, value by value or as a row."""

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.programme import Programme, Source
from konbit_lessons.reading import ROW, read_source
from konbit_lessons.record import Record
from konbit_lessons.values import Writing, convert

CODED = ("level", "yes_no", "whole", "amount")  # kinds in which a code can mean "no answer"


def typed_rows(programme: Programme, source: Source, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """One source as typed rows, with the place each row comes from."""
    text, notices = read_source(programme, source, schema)
    record.notices += notices
    for file, rows in text.groupby("source", sort=True).size().items():
        record.counts.append({"source": file, "table": schema.name, "read": int(rows)})
    for file in sorted(
        set(path.relative_to(programme.raw).as_posix() for path in programme.files_of(source)) - set(text["source"])
    ):
        record.counts.append({"source": file, "table": schema.name, "read": 0})
        record.notices.append(f"{file}: there is a header but no rows")
    values, wrong = text[list(ROW)].copy(), {}
    for name, column in schema.columns.items():
        values[name], wrong[name] = _column(text, name, column, source, programme, record)
    values = _within_checks(values, schema, record)
    return _with_what_is_needed(values, text, wrong, schema, record)


def _column(
    text: pd.DataFrame, name: str, column: pa.Column, source: Source, programme: Programme, record: Record
) -> tuple[pd.Series, pd.Series]:
    """Typed values of one column, and for the texts that did not convert, why."""
    kind = column.metadata["kind"]
    if name not in text:
        return pd.Series(pd.array([None] * len(text), dtype=tables.dtype_of(column)), index=text.index), pd.Series(
            dtype="str"
        )
    cells = text[name]
    codes = source.missing.get(name, source.missing.get("*", []) if kind in CODED else [])
    coded = cells.str.strip().isin(codes)
    if coded.any():
        record.changed(
            text[coded],
            column=name,
            old_value=cells[coded].str.strip(),
            new_value="",
            change_type="blank_response",
            check="missing code",
            reason="programme.toml says this code means no answer",
        )
        cells = cells.mask(coded)
    if name in source.blank and cells.isna().any():
        record.one_line(
            source=", ".join(sorted(text["source"].unique())),
            column=name,
            change_type="change_response",
            check="blank cell",
            reason=f'{int(cells.isna().sum())} blank cells mean "{source.blank[name]}", as programme.toml says',
        )
        cells = cells.fillna(source.blank[name])
    writing = Writing(
        dates=source.date_formats(),
        decimal=source.decimal,
        levels=source.levels.get(name, {}),
        timezone=programme.timezone,
        utc=source.columns.get(name) == "_submission_time",
    )
    values, wrong = convert(
        cells, kind=kind, dtype=tables.dtype_of(column), levels=column.metadata.get("levels"), writing=writing
    )
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


def _within_checks(values: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
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
                    rows,
                    table=schema.name,
                    scope="value",
                    column=name,
                    value=refused.astype("str"),
                    reason=reason,
                    check="codebook",
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
            written = text.loc[lacks, name].fillna("") if name in text else ""
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
    return values[~left_out]

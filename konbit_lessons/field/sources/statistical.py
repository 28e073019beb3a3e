"""Files of Stata, SPSS and Parquet: one table each.

Codes are read first and their labels beside them, so that neither is lost. Where every code in use has a label of its
own, the column holds the labels and ``column (code)`` the codes; where a code has none, or two codes share one, the
column holds the codes and ``column (label)`` the labels.
"""

from collections import Counter
from contextlib import suppress

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.guard import refuse
from konbit_lessons.field.sources.raw import Asked, Frame, Frames, check_size, text_frame, text_of

Texts = list[str | None]
Columns = list[tuple[str, list]]
_DAYS, _MOMENTS = ("%td", "%d"), ("%tc", "%tC")  # what the formats of Stata's days and moments begin with


def read(file: File, asked: Asked) -> Frames:
    """The table of a file."""
    columns = _of_parquet(file) if file.container == "parquet" else _of_codes(file)
    return {"main": Frame(text_frame(columns, file.path.name), "")}


def _of_parquet(file: File) -> Columns:
    try:
        with pq.ParquetFile(file.path) as content:
            check_size(file.path.name, content.metadata.num_rows, len(content.schema_arrow))
            table = content.read()
    except (pa.ArrowException, OSError) as error:
        refuse(file.path, f"cannot be read as Parquet ({error}). Write it again.")
    columns = zip(table.column_names, table.columns, strict=True)  # single precision stays so: 0.1 is not 0.10000000149
    return [(name, [*one.to_numpy()] if one.type == pa.float32() else one.to_pylist()) for name, one in columns]


def _of_codes(file: File) -> Columns:
    columns, notices = [], file.notices
    rows, about = _content(file)
    for name in about.column_names:
        kind = about.readstat_variable_types[name]
        labels = {_code(code, kind): label for code, label in about.variable_value_labels.get(name, {}).items()}
        texts = [_code(value, kind) for value in rows[name].astype(object)]
        columns += _with_labels(name, texts, labels, notices)
        notices += _missing(name, texts, about.missing_ranges.get(name, []))
        form = about.original_variable_types.get(name) or ""  # of months, quarters and weeks: they are counts
        if form.startswith("%t") and not form.startswith(_DAYS + _MOMENTS) and rows[name].notna().any():
            notices.append(f"{name}: the file holds a count since 1960 in Stata's format {form}: it stays a number")
    told = [f'{name} "{label}"' for name, label in about.column_names_to_labels.items() if label]
    notices += [f"labels of the columns: {'; '.join(told)}"] if told else []
    return columns


def _content(file: File) -> tuple[pd.DataFrame, object]:
    """The values, codes called missing among them, and what pyreadstat says of the columns."""
    reader = pyreadstat.read_dta if file.container == "stata" else pyreadstat.read_sav
    try:
        _, about = reader(file.path, metadataonly=True)
        check_size(file.path.name, about.number_rows or 0, about.number_columns)
        formats = [one or "" for one in about.original_variable_types.values()]
        days, moments = ([one for one in formats if one.startswith(begin)] for begin in (_DAYS, _MOMENTS))
        reading = {"user_missing": True, "extra_date_formats": days, "extra_datetime_formats": moments}
        with suppress(OverflowError):
            return reader(file.path, **reading)
        # a date lies beyond the year 9999: its column is read as numbers
        rows, about = reader(file.path, disable_datetime_conversion=True, user_missing=True)
        for name in about.column_names:
            try:
                rows[name] = reader(file.path, usecols=[name], **reading)[0][name]
            except OverflowError:
                file.notices.append(f"{name}: a date is out of range: the column stays numbers")
        return rows, about
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        refuse(file.path, f"cannot be read ({error}). Save it again, or export it as CSV.")


def _code(value: object, kind: str) -> str | None:
    """Stata's extended missing values, read as letters, are written as there: ``.a``; single precision stays single."""
    if kind != "string" and isinstance(value, str):
        return f".{value}"
    return text_of(np.float32(value) if kind == "float" and isinstance(value, float) else value)


def _with_labels(name: str, texts: Texts, labels: dict, notices: list[str]) -> Columns:
    used = set(texts) - {None}
    in_use = Counter(labels[code] for code in used if code in labels)
    shared, named = sorted(label for label in in_use if in_use[label] > 1), [labels.get(text) for text in texts]
    if shared:
        notices.append(f'{name}: several codes share the label "{shared[0]}": the column holds the codes')
    if shared or 0 < len(in_use) < len(used):
        return [(name, texts), (f"{name} (label)", named)]
    return [(name, named), (f"{name} (code)", texts)] if in_use else [(name, texts)]


def _missing(name: str, texts: Texts, ranges: list[dict]) -> list[str]:
    """Codes that the file calls missing are kept, and said."""
    counts = Counter(text for text in texts if text is not None) if ranges else {}
    found = [text for text in sorted(counts) if any(_within(text, one["lo"], one["hi"]) for one in ranges)]
    told = ", ".join(f"{text} ({counts[text]} times)" for text in found)
    return [f"{name}: the file calls missing what is kept here: {told}"] if found else []


def _within(text: str, low: object, high: object) -> bool:
    try:
        return float(low) <= float(text) <= float(high)
    except ValueError:
        return str(low) <= text <= str(high)

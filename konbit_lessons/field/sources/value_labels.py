"""Files of statistics packages: codes are read first and their labels beside them, so that neither is lost.

Where every code in use has a label of its own, the column holds the labels and ``column (code)`` the codes; where a
code has none, or two codes share one, the column holds the codes and ``column (label)`` the labels.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources.raw import Frame
from konbit_lessons.field.sources.typed import check_size, text_frame, text_of

_DATES = ("%td", "%tc", "%tC", "%d")


def read(path: Path, reader: Callable) -> tuple[dict[str, Frame], list[str]]:
    """One table, by a reader of pyreadstat."""
    try:
        _, about = reader(path, metadataonly=True)
        check_size(path.name, about.number_rows or 0, about.number_columns)
        rows, about = reader(path, user_missing=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        raise SourceError(f"{path.name}: cannot be read ({error}). Save it again, or export it as CSV.") from error
    notices, columns = [], []
    for name in about.column_names:
        kind = about.readstat_variable_types[name]
        labels = {_code(code, kind): label for code, label in about.variable_value_labels.get(name, {}).items()}
        texts = [_code(value, kind) for value in rows[name].astype(object)]
        columns += _with_labels(name, texts, labels, notices)
        notices += _missing(name, texts, about.missing_ranges.get(name, []))
        notices += _counted(name, rows[name], about.original_variable_types.get(name) or "")
    asked = [f'{name} "{label}"' for name, label in about.column_names_to_labels.items() if label]
    if asked:
        notices.append(f"labels of the columns: {'; '.join(asked)}")
    return {"main": Frame(text_frame(columns, rows=len(rows), name=path.name), "")}, notices


def _code(value: object, kind: str) -> str | None:
    """Stata's extended missing values, read as letters, are written as there: ``.a``; single precision stays single."""
    if kind != "string" and isinstance(value, str):
        return f".{value}"
    return text_of(np.float32(value) if kind == "float" and isinstance(value, float) else value)


def _with_labels(
    name: str, texts: list[str | None], labels: dict[str | None, str], notices: list[str]
) -> list[tuple[str, list[str | None]]]:
    used = {text for text in texts if text is not None}
    in_use = [labels[code] for code in used if code in labels]
    if not in_use:
        return [(name, texts)]
    shared = sorted({label for label in in_use if in_use.count(label) > 1})
    named = [labels.get(text) for text in texts]
    if shared:
        notices.append(f'{name}: several codes share the label "{shared[0]}": the column holds the codes')
    if shared or len(in_use) < len(used):
        return [(name, texts), (f"{name} (label)", named)]
    return [(name, named), (f"{name} (code)", texts)]


def _missing(name: str, texts: list[str | None], ranges: list[dict]) -> list[str]:
    """Codes that the file calls missing are kept, and said."""
    found: dict[str, int] = {}
    for text in texts:
        if text is not None and any(_within(text, one["lo"], one["hi"]) for one in ranges):
            found[text] = found.get(text, 0) + 1
    told = ", ".join(f"{text} ({count} times)" for text, count in sorted(found.items()))
    return [f"{name}: the file calls missing what is kept here: {told}"] if found else []


def _within(text: str, low: object, high: object) -> bool:
    try:
        return float(low) <= float(text) <= float(high)
    except ValueError:
        return str(low) <= text <= str(high)


def _counted(name: str, column: pd.Series, form: str) -> list[str]:
    """Stata's months, quarters and weeks are counts; only days and moments become dates."""
    if form.startswith("%t") and not form.startswith(_DATES) and column.notna().any():
        return [f"{name}: the file holds a count since 1960 in Stata's format {form}: it stays a number"]
    return []

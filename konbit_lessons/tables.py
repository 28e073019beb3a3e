"""The tables of a cleaned programme as pandera schemas: type, unit, levels and meaning of each column.

Takes ``codebook.toml``, which is the same for every programme, and the columns that a programme declares. Cleaning
converts by these schemas, pages take labels from them, and people read them. The ``metadata`` of a column holds its
``kind`` (how text becomes a value), its words, its ``levels`` with the words of each, and whether it is a direct
identifier.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from konbit_lessons.words.label import Label

TEXT = pd.StringDtype(na_value=np.nan)
KEPT = ("kind", "refers_to", "of_record", "direct_identifier", "language", "ends", "after")  # of what is said, as it is
CODEBOOK = Path(__file__).parent / "codebook.toml"


@lru_cache(maxsize=1)
def codebook() -> dict:
    """What ``codebook.toml`` holds."""
    return tomllib.loads(CODEBOOK.read_text(encoding="utf-8"))


TABLES = tuple(codebook()["tables"])
_made: dict[str, dict[str, pa.DataFrameSchema]] = {}  # what was asked for last
NEEDED_TABLES = tuple(name for name, table in codebook()["tables"].items() if table.get("needed"))


def schemas(
    declared: dict[str, dict[str, dict]], *, languages: tuple[str, ...] = (), currency: str = ""
) -> dict[str, pa.DataFrameSchema]:
    """The schema of each table, with what a programme declares.

    Parameters
    ----------
    declared : dict of str to dict of str to dict
        Table → column → what codebook.toml could say of it. ``at`` names the place of a new column among the others;
        what is said of a column that there is already goes before what codebook.toml says.
    languages : tuple of str
        Of the programme; the first is that of its records.
    currency : str
        Of its amounts.

    Returns
    -------
    dict of str to DataFrameSchema
    """
    asked = repr((declared, languages, currency))  # every notebook loads a programme anew
    found = {**_made.get(asked, {})}
    for name, table in () if found else codebook()["tables"].items():
        columns = _columns(table["columns"], declared.get(name, {}), languages)
        columns = {column: _column(about, currency) for column, about in columns.items()}
        about = {"key": tuple(table["key"]), "label": Label.of(table["label"]), "row": Label.of(table["row"])}
        found[name] = pa.DataFrameSchema(columns, name=name, strict=True, metadata=about)
    _made.clear()
    _made[asked] = found
    return {**found}


def _columns(built_in: dict, declared: dict, languages: tuple[str, ...]) -> dict[str, dict]:
    """What is said of each column, in order: declared columns stand at their places."""
    columns = {}
    for name, about in built_in.items():
        if about.get("declared"):
            columns |= {column: own for column, own in declared.items() if own.get("at") == name}
            continue
        columns[name] = about | declared.get(name, {})
        if about.get("by_language"):
            columns |= {f"{name}_{one}": about | {"language": one, "needed": False} for one in languages[1:]}
    return columns


def _column(about: dict, currency: str) -> pa.Column:
    kind = codebook()["kinds"][about["kind"]]
    levels = {level: Label.of(label) for level, label in about.get("levels", {}).items()}
    scale = about.get("scale")
    checks = [pa.Check.isin([*levels])] if levels else []
    if scale or "least" in kind:
        checks = [pa.Check.in_range(*scale) if scale else pa.Check.ge(kind["least"])]
    meaning, dtype = Label.of(about["meaning"]), TEXT if kind["dtype"] == "text" else kind["dtype"]
    known = {name: about[name] for name in KEPT if name in about} | {"meaning": meaning}
    known |= {"label": Label.of(about.get("label", meaning)), "levels": levels, "spellings": about.get("spellings", {})}
    known |= {"scale": tuple(scale) if scale else None, "unit": _unit(about, currency)}
    known |= {"marks": marks(about.get("unit", ""), currency)}
    known |= {name: kind.get(name, False) for name in ("coded", "ordered")}
    nullable = not about.get("needed") or (about["kind"] == "level" and not levels)
    return pa.Column(dtype, checks=checks, nullable=nullable, description=meaning.text(), metadata=known)


def _unit(about: dict, currency: str) -> Label | None:
    """What values are counted in, in words."""
    unit, book = about.get("unit"), codebook()
    if about.get("scale") and not unit:
        least, most = map(str, about["scale"])
        return Label.of(book["declared"]["scale"]).filled(least=least, most=most)
    unit = "year-month-day" if about["kind"] == "day" else currency if unit == "currency" else unit
    if isinstance(unit, str):
        unit = book["units"].get(unit, {}).get("label", unit)
    return Label.of(unit) if unit else None


def marks(unit: str | Label, currency: str = "") -> frozenset[str]:
    """What may stand beside a number of a unit, in small letters.

    >>> "fcfa" in marks("currency", "XOF"), "cfa" in marks("currency", "FCFA"), sorted(marks("people"))
    (True, True, [])
    """
    if isinstance(unit, Label):
        return frozenset(text.casefold() for text in unit.every())
    if unit != "currency":
        return frozenset(codebook()["units"].get(unit, {}).get("marks", ()))
    own = currency.casefold()
    return frozenset({own} - {""}).union(*(one for one in codebook()["currencies"].values() if own in one))


def is_day(column: pa.Column) -> bool:
    """Whether a column of the codebook holds days."""
    return column.metadata["kind"] == "day"


def day_of(schema: pa.DataFrameSchema) -> str | None:
    """The column that says on which day the fact of a row was; None where its event says it, or nothing does."""
    return next((name for name, about in schema.columns.items() if is_day(about) and not about.nullable), None)


def dtype_of(column: pa.Column) -> object:
    """The pandas dtype of a column of the codebook; a day is to the microsecond, which pandera reads as nanoseconds."""
    return "datetime64[us]" if is_day(column) else column.dtype.type

"""The codebook of a cleaned programme: what each table and column means and what stands in it, as HTML and as CSV.

Takes the schemas of tables.py, programme.toml and the cleaned tables. No figure is about fewer organizations than the
programme's smallest cell: how many rows a table has, which share of a column is missing and how many values differ are
left out where they would be, and a range leaves out the organizations at its ends. No value of a text is listed.
"""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.programme import Programme, Source
from konbit_lessons.field.store import cleaned
from konbit_lessons.figures.markup import as_csv, plain
from konbit_lessons.publish import only_one_run, published
from konbit_lessons.reports.manifest import reports_folder
from konbit_lessons.reports.page import document
from konbit_lessons.words import Words, languages, mark

KINDS = {
    "identifier": mark("code"),
    "text": mark("text"),
    "level": mark("one of the levels"),
    "day": mark("date"),
    "yes_no": mark("yes or no"),
    "agreement": mark("whole number"),
    "whole": mark("whole number"),
    "amount": mark("number"),
}
HEADS = {
    "table": mark("Table"),
    "column": mark("Column"),
    "meaning": mark("Meaning"),
    "type": mark("Type"),
    "unit": mark("Unit"),
    "levels": mark("Levels"),
    "in_key": mark("Part of the key"),
    "needed": mark("Needed"),
    "direct_identifier": mark("Direct identifier, dropped"),
    "refers_to": mark("Refers to the table"),
    "files": mark("Files"),
    "headers": mark("Header in the files"),
    "rows": mark("Rows"),
    "missing": mark("Share missing"),
    "low": mark("Range from"),
    "high": mark("Range to"),
    "distinct": mark("Different values"),
}
ORDERED = ("day", "agreement", "whole", "amount")  # kinds that have a range
FROM_SIGN_IN = ("attended", "delegates", "senior_delegate")  # columns of invitations, where there are sign-in sheets


def write_codebook(
    programme: Programme, folder: str | Path | None = None, *, language: str | None = None
) -> list[Path]:
    """Write ``codebook.<language>.html`` and ``codebook.<language>.csv``, in all languages unless told.

    Parameters
    ----------
    programme : Programme
    folder : str or Path, optional
        ``reports/codebook`` beside programme.toml unless told.
    language : str, optional

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ProgrammeError
        There is no such language, or the programme is a study, whose one table is its own.
    """
    if programme.study:
        raise ProgrammeError(
            f"{programme.path.name}: a [study] has one table of its own and no codebook; "
            "expected a programme with [[source]]."
        )
    spoken = [Words(one) for one in ([language] if language else languages())]
    data, folder = cleaned(programme), Path(folder) if folder else reports_folder(programme) / "codebook"
    files = {}
    for words in spoken:
        columns = _columns(data, words)
        files[f"codebook.{words.language}.html"] = _page(data, columns, words)
        files[f"codebook.{words.language}.csv"] = as_csv(_frame(columns, words)).encode("utf-8-sig")
    with only_one_run(folder):
        return [published(folder / name, content) for name, content in files.items()]


def codebook(data: Data, language: str = "en") -> pd.DataFrame:
    """The codebook as a frame: one row per column of every table, in words of `language`.

    Parameters
    ----------
    data : Data
    language : str

    Returns
    -------
    DataFrame
        The columns of :data:`HEADS`, in that language. The share missing is a proportion of the rows. A cell is
        missing where nothing can be said, or only about fewer organizations than the smallest cell.
    """
    words = Words.of(language)
    return _frame(_columns(data, words), words)


def _frame(columns: list[dict], words: Words) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    yes_no = {True: words.text("yes"), False: words.text("no")}
    frame = frame.assign(
        levels=["; ".join(f"{level} = {meaning}" for level, meaning in one) for one in frame["levels"]],
        files=["; ".join(files for files, _ in one) for one in frame["origins"]],
        headers=["; ".join(header for _, header in one) for one in frame["origins"]],
        **{name: frame[name].map(yes_no) for name in ("in_key", "needed", "direct_identifier")},
        **{name: frame[name].astype("Int64") for name in ("rows", "distinct")},
    )
    return frame[list(HEADS)].set_axis([words.text(head) for head in HEADS.values()], axis=1)


def _page(data: Data, columns: list[dict], words: Words) -> str:
    shown = [
        {
            "name": name,
            "label": words.text(tables.TABLE_LABELS[name]),
            "row": words.text(tables.TABLES[name].description),
            "key": tables.TABLES[name].metadata["key"],
            "rows": own[0]["rows"],
            "files": sorted({files for column in own for files, _ in column["origins"]}),
            "columns": own,
        }
        for name in tables.TABLES
        for own in [[column for column in columns if column["table"] == name]]
    ]
    return document(
        "codebook.html.j2",
        data.programme,
        None,
        words,
        title=words.text("What each table and column means"),
        headings=[(table["name"], table["label"]) for table in shown],
        tables=shown,
        labels={table["name"]: table["label"] for table in shown},
        cell=words.number(data.programme.smallest_cell),
        percent=words.percent,
        listed=words.list,
    )


def _columns(data: Data, words: Words) -> list[dict]:
    """What there is to say of each column of each table, in the order of the codebook."""
    schemas = [tables.schema(name, data.programme.incentives) for name in tables.TABLES]
    return [_column(schema, name, data, words) for schema in schemas for name in schema.columns]


def _column(schema: pa.DataFrameSchema, name: str, data: Data, words: Words) -> dict:
    programme, rows, about = data.programme, data.tables[schema.name], schema.columns[name].metadata
    kind, stands = about["kind"], figures(rows, name, about["kind"], programme.smallest_cell)
    return stands | {
        "table": schema.name,
        "column": name,
        "meaning": _meaning(name, schema.columns[name], programme, words),
        "type": words.text(KINDS[kind]),
        "unit": words.text(unit) if (unit := about.get("unit")) else "",
        "levels": [(level, words.text(tables.LEVELS[level])) for level in about.get("levels") or ()],
        "range": _range_in_words(stands["low"], stands["high"], kind, words),
        "in_key": name in schema.metadata["key"],
        "needed": not schema.columns[name].nullable,
        "direct_identifier": about.get("direct_identifier", False),
        "refers_to": about.get("refers_to") or "",
        "origins": _origins(programme, schema.name, name, rows, words),
    }


def _range_in_words(low: str | None, high: str | None, kind: str, words: Words) -> str:
    if low is None:
        return ""
    if kind != "day":
        low, high = (words.number(float(end), len(end.partition(".")[2])) for end in (low, high))
    return words.text("found: {low} to {high}", low=low, high=high)


def _meaning(name: str, column: pa.Column, programme: Programme, words: Words) -> str:
    if name in programme.incentives:
        return words.text("Offered: {what}", what=plain(programme.incentives[name]))
    return words.text(column.description)


def figures(rows: pd.DataFrame, name: str, kind: str, cell: int) -> dict:
    """Rows, share missing, range and number of different values of one column, none of them about few organizations.

    Each is None where rows of fewer than `cell` organizations, but of at least one, would show: rows in all, rows in
    which the column is missing, or rows in which it is known. A range goes from the `cell`-th lowest organization to
    the `cell`-th highest, so that at least `cell` organizations stand at or beyond each end; its numbers are rounded to
    two digits, its days to the month. A table that names no organization shows all rows, and its ranges as they are.

    Parameters
    ----------
    rows : DataFrame
        A cleaned table.
    name, kind : str
        A column of the codebook, and its kind; direct identifiers are not in `rows`.
    cell : int
        The smallest cell.
    """
    nothing = dict.fromkeys(("rows", "missing", "low", "high", "distinct"))
    by = rows.get("organization_id")

    def few(some: pd.Series) -> bool:
        return by is not None and 0 < by[some].nunique() < cell

    if few(pd.Series(True, index=rows.index)):
        return nothing
    if name not in rows or rows.empty:
        return nothing | {"rows": len(rows)}
    gone = rows[name].isna()
    known = rows.loc[~gone, name]
    said = nothing | {"rows": len(rows)}
    if known.empty or few(~gone):
        return said | ({"missing": 1.0} if known.empty else {})
    if not few(gone):
        said["missing"] = round(float(gone.mean()), 2)
        said["distinct"] = int(known.nunique()) if kind in ("identifier", "text") else None
    if kind in ORDERED:
        said |= _range(known, by, kind, cell)
    return said


def _range(known: pd.Series, by: pd.Series | None, kind: str, cell: int) -> dict[str, str]:
    if by is None:
        low, high = known.min(), known.max()
    else:
        each = known.groupby(by[known.index])
        low, high = each.min().nsmallest(cell).iloc[-1], each.max().nlargest(cell).iloc[-1]
    if low > high:
        return {}
    if kind == "day":
        written = "%Y-%m-%d" if by is None else "%Y-%m"
        return {"low": low.strftime(written), "high": high.strftime(written)}
    digits = 15 if by is None else 2
    low, high = (np.format_float_positional(float(f"{x:.{digits}g}"), trim="-") for x in (low, high))
    return {"low": low, "high": high}


def _origins(programme: Programme, table: str, name: str, rows: pd.DataFrame, words: Words) -> list[tuple[str, str]]:
    """Where a column comes from in this programme: files and the header in them, by source."""
    sign_in = [source for source in programme.sources if source.table == "sign_in"]
    if table == "invitations" and name in FROM_SIGN_IN and sign_in:
        return [(_files(source), words.text("worked out from the sign-in sheets")) for source in sign_in]
    there = name not in rows or rows[name].notna().any()
    sources = [source for source in programme.sources if source.table == table]
    headers = [(_files(source), _header(source, name, there, words)) for source in sources]
    return [(files, header) for files, header in headers if header]


def _files(source: Source) -> str:
    return plain(source.place)


def _header(source: Source, name: str, there: bool, words: Words) -> str:
    """The header of a column, or in words how programme.toml gives its values; "" where nothing does.

    One that programme.toml does not name, or names with ``*``, can be missing from the file: what counts is whether
    there is a value.
    """
    if name in source.by_file:
        return words.text("given for each file in programme.toml")
    if name in source.set:
        return words.text("given in programme.toml")
    named = [column for column in source.columns if fnmatch(name, column)][-1:] or [name]
    header = source.columns.get(named[0], name)
    if header in (told := {"@sheet": words.text("name of the sheet"), "@file": words.text("name of the file")}):
        return told[header]
    if "*" in named[0]:
        header = header.removesuffix("*") + name.removeprefix(named[0].removesuffix("*"))
    return plain(header) if there or name in source.columns else ""

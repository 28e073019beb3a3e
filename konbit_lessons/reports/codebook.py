"""The codebook of a cleaned programme: what each table and column means and what stands in it, as HTML and as CSV.

Takes the programme's schemas and the cleaned tables. No figure is about fewer organizations than the programme's
smallest cell: how many rows a table has, which share of a column is missing and how many values differ are left out
where they would be, and a range leaves out the organizations at its ends. No value of a text is listed.
"""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field.store import cleaned
from konbit_lessons.figures.markup import as_csv, plain
from konbit_lessons.publish import only_one_run, published
from konbit_lessons.reports import document, manifest
from konbit_lessons.sentences.common import texts
from konbit_lessons.words import Label, Words

GIVEN = texts("codebook")["given"]  # what stands in programme.toml in place of a header
FROM_SIGN_IN = ("attended", "delegates", "senior_delegate")  # columns of invitations, where there are sign-in sheets
NOTHING = dict.fromkeys(("rows", "missing", "low", "high", "distinct"))


def write_codebook(programme, folder=None, *, language=None):
    """Write ``codebook.<language>.html`` and ``codebook.<language>.csv``.

    Parameters
    ----------
    programme : Programme
    folder : str or Path; ``reports/codebook`` beside programme.toml unless told
    language : str; each of the programme's languages unless told

    Returns
    -------
    list of Path, what was written

    Raises
    ------
    ProgrammeError : there is no such language, the programme has no words in it, or it is a study, whose one table is
        its own
    """
    if programme.study:
        found = "a [study] has one table of its own and no codebook"
        raise ProgrammeError(f"{programme.path.name}: {found}; expected a programme with [[source]].")
    files, spoken = {}, [Words(one) for one in ([language] if language else programme.languages)]
    for words in spoken:
        programme.check_language(words.language)
    data = cleaned(programme)
    for words in spoken:
        columns = [_column(one, name, data, words) for one in programme.tables.values() for name in one.columns]
        labels = {name: schema.metadata["label"].text(words.language) for name, schema in programme.tables.items()}
        told = {"tables": programme.tables, "columns": columns, "labels": labels, "headings": list(labels.items())}
        told |= {"cell": words.number(programme.smallest_cell), "percent": words.percent, "listed": words.list}
        setting, title = document.Setting(programme, None, words), words.text("What each table and column means")
        files[f"codebook.{words.language}.html"] = document.document("codebook.html.j2", setting, title, **told)
        files[f"codebook.{words.language}.csv"] = as_csv(_frame(columns, words)).encode("utf-8-sig")
    folder = Path(folder) if folder else manifest.reports_folder(programme) / "codebook"
    with only_one_run(folder):
        return [published(folder / name, content) for name, content in files.items()]


def _frame(columns, words):
    """One row per column of every table; a cell is missing where nothing can be said, or only about few."""
    yes_no = {True: words.text("yes"), False: words.text("no")}
    frame = pd.DataFrame(columns)
    frame = frame.assign(
        levels=["; ".join(f"{level} = {meaning}" for level, meaning in one) for one in frame["levels"]],
        files=["; ".join(files for files, _ in one) for one in frame["origins"]],
        headers=["; ".join(header for _, header in one) for one in frame["origins"]],
        **{name: frame[name].map(yes_no) for name in ("in_key", "needed", "direct_identifier")},
        **{name: frame[name].astype("Int64") for name in ("rows", "distinct")},
    )
    heads = {name: Label.of(text).text(words.language) for name, text in tables.codebook()["heads"].items()}
    return frame[list(heads)].rename(columns=heads)


def _column(schema, name, data, words):
    """What there is to say of a column of a table."""
    programme, rows, column, language = data.programme, data.tables[schema.name], schema.columns[name], words.language
    about = column.metadata
    stands = figures(rows, name, about, programme.smallest_cell)
    low, high = stands["low"], stands["high"]
    if low and about["kind"] != "day":
        low, high = (words.number(float(end), len(end.partition(".")[2])) for end in (low, high))
    told = stands | {"table": schema.name, "column": name}
    told |= {"in_key": name in schema.metadata["key"], "needed": not column.nullable}
    told |= {"direct_identifier": about.get("direct_identifier", False), "refers_to": about.get("refers_to") or ""}
    return told | {
        "meaning": plain(about["meaning"].text(language)),
        "type": Label.of(tables.codebook()["kinds"][about["kind"]]["label"]).text(language),
        "unit": about["unit"].text(language) if about["unit"] else "",
        "levels": [(level, plain(label.text(language))) for level, label in about["levels"].items()],
        "range": words.text("found: {low} to {high}", low=low, high=high) if low else "",
        "origins": _origins(programme, schema.name, name, rows, words),
    }


def figures(rows, name, about, cell):
    """Return rows, share missing, range and number of different values of a column, none about few organizations.

    Each is None where rows of fewer than `cell` organizations, but of at least one, would show: rows in all, rows in
    which the column is missing, or rows in which it is known. A range goes from the `cell`-th lowest organization to
    the `cell`-th highest, so that at least `cell` organizations stand at or beyond each end; its numbers are rounded to
    two digits, its days to the month. A table that names no organization shows all rows, and its ranges as they are.

    Parameters
    ----------
    rows : DataFrame, a cleaned table
    name : str, a column of the codebook; direct identifiers are not in `rows`
    about : dict, the metadata of the column: its kind, and whether its values have an order
    cell : int, the smallest cell
    """
    by = rows.get("organization_id")

    def few(some):
        return by is not None and 0 < by[some.index].nunique() < cell

    if few(rows):
        return NOTHING
    said = NOTHING | {"rows": len(rows)}
    column = rows.get(name, pd.Series(dtype="str"))
    known, gone = column.dropna(), column[column.isna()]
    if column.empty or few(known):
        return said
    if not few(gone) or known.empty:
        said["missing"] = round(len(gone) / len(column), 2)
        said["distinct"] = known.nunique() if len(known) and about["kind"] in ("identifier", "text", "place") else None
    return said | (_range(known, by, about["kind"], cell) if len(known) and about.get("ordered") else {})


def _range(known, by, kind, cell):
    low, high, digits, written = known.min(), known.max(), 15, "%Y-%m-%d"
    if by is not None:
        each, digits, written = known.groupby(by[known.index]), 2, "%Y-%m"
        low, high = each.min().nsmallest(cell).iloc[-1], each.max().nlargest(cell).iloc[-1]
    if low > high:
        return {}
    if kind == "day":
        return {"low": low.strftime(written), "high": high.strftime(written)}
    low, high = (np.format_float_positional(float(f"{x:.{digits}g}"), trim="-") for x in (low, high))
    return {"low": low, "high": high}


def _origins(programme, table, name, rows, words):
    """Where a column comes from in this programme: files and the header in them, by source."""
    sign_in = [source for source in programme.sources if source.table == "sign_in"]
    if table == "invitations" and name in FROM_SIGN_IN and sign_in:
        return [(plain(source.place), words.text("worked out from the sign-in sheets")) for source in sign_in]
    there = name not in rows or rows[name].notna().any()
    sources = [source for source in programme.sources if source.table == table]
    headers = [(plain(source.place), _header(source, name, there, words)) for source in sources]
    return [(files, header) for files, header in headers if header]


def _header(source, name, there, words):
    """The header of a column, or in words how programme.toml gives its values; "" where nothing does.

    One that programme.toml does not name, or names with ``*``, can be missing from the file: what counts is whether
    there is a value.
    """
    if name in source.by_file:
        return words.text("given for each file in programme.toml")
    if name in source.set or (name == "wave" and source.waves):
        return words.text("given in programme.toml")
    named = next(reversed([column for column in source.columns if fnmatch(name, column)]), name)
    header = source.headers.get(named, "@row" if (source.table, name) == ("sign_in", "attended") else name)
    if header in GIVEN:
        return words.text(GIVEN[header])
    if "*" in named:
        header = header.removesuffix("*") + name.removeprefix(named.removesuffix("*"))
    return plain(header) if there or name in source.columns else ""

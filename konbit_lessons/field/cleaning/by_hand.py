"""Sheets as people make them → one row for each record, before their columns are named; and marks of who came.

A matrix of organizations and events, several names in one cell, a name in two columns, a repeat whose event stands on
the main sheet, rows that sum up others or are struck through.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import SourceError
from konbit_lessons.field.cleaning.record import Record
from konbit_lessons.field.days import MONTHS, WEEKDAYS, day_and_month, words_of
from konbit_lessons.field.identity import fold
from konbit_lessons.field.identity.forms import plain
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import CORRECTIONS
from konbit_lessons.field.sections import Source
from konbit_lessons.field.sources import Raw
from konbit_lessons.field.sources.raw import is_metadata, listed
from konbit_lessons.field.values import NO, WRITING, YES, distinct_of, encoded, looked_up, nothing

ASIDE, UNSAID, CAME = "_aside", "_unsaid", "attended"  # beside rows: why it is no record; no line is for its marks
BESIDE = (ASIDE, UNSAID)
HEADER, CELL, EVERY_ROW = "@header", "@cell", "@row"
MARKS = WRITING["attendance"]
KNOWN = dict.fromkeys(map(plain, [*YES, *MARKS["yes"]]), "yes") | dict.fromkeys(map(plain, [*NO, *MARKS["no"]]), "no")
_PRESENT = {one for one in MARKS["yes"] if one.startswith("p")}  # beside them a letter has its meaning
_PARTS, _SUMS = ("|".join(map(re.escape, WRITING["totals"][one])) for one in ("of_parts", "words"))
_BEGUN = rf"\s*(?:{_PARTS}|{_SUMS})\b"
TOTAL = re.compile(rf"\s*(?:(?:{_PARTS})\b(.*)|(?:{_SUMS})[\d\s:.=]*)", re.IGNORECASE | re.DOTALL)
_DAYS = re.compile(MARKS["days"])
_SIGNED = frozenset(map(fold, MARKS["headers"]))
NAMELESS = re.compile(r"column \d+")  # what a column of values under no header is called
_SHORT, _LEADING = 2, 3  # letters of a mark; columns of which one says that a row is a total
KEEP = {"totals": "the row sums up others", "struck through": "the row is struck through"}


def shaped(raw: Raw, table: str, source: Source, schema: pa.DataFrameSchema, where: str, notices: list) -> tuple:
    """The rows of one sheet, one for each record, and the source with one header for each column.

    Parameters
    ----------
    raw : Raw
    table : str
        Which of its tables.
    source : Source
    schema : DataFrameSchema
    where : str
        File and sheet, for messages.
    notices : list of str
        What is noticed is added.

    Returns
    -------
    rows : DataFrame
        The index is the row in the file; ``_aside`` says why a row is no record, where there is such a row.
    source : Source

    Raises
    ------
    SourceError
        A matrix has no marks.
    """
    rows = _flagged(_with_parents(raw, table, {*source.expected, *schema.columns}), raw, table, source.keep)
    spaced = {" ".join(header.split()): header for header in rows}
    parts = {name: [spaced.get(" ".join(one.split()), one) for one in said] for name, said in source.parts.items()}
    rows = _entries(rows, [one for said in parts.values() for one in said if "#" in one and one not in rows])
    rest = [one for one in rows if one not in {*schema.columns, ASIDE}.union(*parts.values())]
    if matrix := next((name for name, (header, *_) in parts.items() if _is_matrix(name, header)), ""):
        under = [one for one in rest if parts[matrix] == [HEADER] or fnmatch(one, parts[matrix][0])]
        rows, parts = _unpivoted(rows, under, source, where), {CAME: [CELL]} | parts | {matrix: [HEADER]}
    elif schema.name == "sign_in" and CAME not in {*parts, *rows} and (found := signed(rows, rest)):
        parts, rows = parts | {CAME: found}, rows.assign(**{UNSAID: "1"})
        if left := int(rows[found].isna().all(axis="columns").sum()):
            about = {"header": json.dumps(found if found[1:] else found[0], ensure_ascii=False), "left": left}
            notices.append(message("unmarked", where=where, names=len(rows), found=", ".join(found), **about))
    own = CAME if CAME in rows else EVERY_ROW
    every_row = schema.name == "sign_in" and CAME not in source.by_file and parts.get(CAME, [own]) == [EVERY_ROW]
    if every_row:
        rows = rows.drop(columns=CAME, errors="ignore")
        parts.pop(CAME, None)
    columns = {name: " + ".join(said) for name, said in parts.items()}
    for name in [name for name, said in parts.items() if said[1:] and {*said} <= {*rows}]:
        rows = rows.assign(**{columns[name]: _joined(rows[parts[name]], name)})
        rows = rows.drop(columns=[one for one in parts[name] if one in rows and one not in columns.values()])
    for name, mark in source.several.items():
        rows = _one_a_row(rows, columns.get(name, name), mark)
    own = {CAME: "yes"} if every_row else {}
    return rows, source.model_copy(update={"columns": columns, "set": own | source.set})


def _entries(rows: pd.DataFrame, headers: list[str]) -> pd.DataFrame:
    """As many rows as a record has entries, where ``name_#`` stands for the columns name_1, name_2, … of a repeat."""
    found: dict[str, dict[tuple[int, ...], str]] = {}
    for header in headers:
        each = {one: re.fullmatch(r"(\d+)".join(map(re.escape, header.split("#"))), one) for one in rows}
        found[header] = {tuple(map(int, number.groups())): one for one, number in each.items() if number}
    keys = {key for columns in found.values() for key in columns}
    deepest, other = max(map(len, keys), default=0), [one for columns in found.values() for one in columns.values()]
    made, rest = [], rows.drop(columns=other)
    for key in sorted(one for one in keys if len(one) == deepest):
        own = {header: columns.get(key[: header.count("#")]) for header, columns in found.items()}
        entry = rest.assign(**{header: rows.get(one, nothing(rows).astype("str")) for header, one in own.items()})
        made.append(entry[entry[[one for one in own if one.count("#") == deepest]].notna().any(axis="columns")])
    without = rest[~rest.index.isin(pd.Index([]).append([one.index for one in made]))]
    return pd.concat([*made, without]).sort_index(kind="stable") if made else rows


def repeats_in(headers: list[str]) -> list[str]:
    """What is to be said of columns that are numbered as the entries of a repeat."""
    stems = [one[:-1] for one in headers if one.endswith("_1") and f"{one[:-1]}2" in headers]
    return [message("entries", stem=stem) for stem in stems[:1]]


def left_over(frame: pd.DataFrame, kind: str, used: set[str]) -> Iterator[str]:
    """Notices of columns that nothing uses: not of what an exporter adds, nor of a question whose choices are used."""
    asked = {header.rpartition("/")[0] for header in used}
    other = [header for header in frame if header not in used | asked and not is_metadata(header, kind)]
    if unused := [header for header in other if header.rpartition("/")[0] not in used]:
        yield f"not used: {', '.join(unused)}"
    yield from repeats_in(unused)
    if nameless := list(filter(NAMELESS.fullmatch, frame)):
        yield f"values without a header: {', '.join(nameless)}. Is the first row the header?"


def _is_matrix(name: str, header: str) -> bool:
    """Whether what a column is stands over other columns: ``@header``, or ``E*`` where the column has no ``*``."""
    return header == HEADER or ("*" in header and "*" not in name)


def _with_parents(raw: Raw, table: str, wanted: set[str]) -> pd.DataFrame:
    """The rows of a sheet; of a repeat, with what is wanted and stands on the sheet above it."""
    rows = raw.tables[table]
    if table == "main" or "_parent_index" not in rows:
        return rows
    names, titles = {title: name for name, title in raw.sheets.items()}, rows.get("_parent_table_name", rows[:0].index)
    above = _with_parents(raw, names.get(next(iter(titles[titles.notna()]), ""), "main"), wanted)
    if "_index" not in above or above is rows:
        return rows
    above = above[above["_index"].notna() & ~above["_index"].duplicated()].set_index("_index")
    more = above[[header for header in above if header in wanted and header not in rows]]
    return rows.join(more.reindex(rows["_parent_index"]).set_axis(rows.index))


def _flagged(rows: pd.DataFrame, raw: Raw, table: str, keep: list[str]) -> pd.DataFrame:
    """Rows, with why one is no record beside it where there is such a one."""
    why = pd.Series(None, index=rows.index, dtype="str")
    if "totals" not in keep and raw.kind == "sheet":
        first = rows[[*rows.select_dtypes("str")][:_LEADING]]
        begun = first.apply(lambda cells: cells.str.match(_BEGUN, case=False).eq(True))
        sums = rows[begun.any(axis="columns")].iterrows() if begun.size else ()
        why[[row for row, cells in sums if _sums_up(cells.dropna().tolist())]] = KEEP["totals"]
    if "struck through" not in keep:
        why[rows.index.isin(raw.struck.get(table, ()))] = KEEP["struck through"]
    return rows.assign(**{ASIDE: why}) if why.notna().any() else rows


def _sums_up(cells: list[str]) -> bool:
    """Whether a row is a total: it begins so, and is about nothing else than numbers.

    >>> _sums_up(["TOTAL", "6 coops", "75"]), _sums_up(["Sous-total Nord", "12"]), _sums_up(["Total Oil", "12"])
    (True, True, False)
    """
    begun, more = TOTAL.fullmatch(cells[0]), cells[1:]
    others = begun and begun[1] and not all(re.fullmatch(r"[\d\s.,%'-]+[^\W\d]*", one) for one in more)
    return bool(begun) and not others and (not more or any(map(str.isdigit, "".join(more))))


def _joined(cells: pd.DataFrame, column: str) -> pd.Series:
    """One text of the cells of each row: the parts of a name, or the marks of several days."""
    between = "\n" if column == CAME else " "
    return cells.agg(lambda row: between.join(row.dropna()) or None, axis="columns").astype("str")


def _unpivoted(rows: pd.DataFrame, rest: list[str], source: Source, where: str) -> pd.DataFrame:
    """A matrix as one row for each cell with a mark; for blank ones too where programme.toml says what they mean."""
    known = {*KNOWN, *map(plain, source.levels.get(CAME, ()))}
    texts = {header: rows[header].dropna().str.strip().map(plain) for header in rest if not TOTAL.fullmatch(header)}
    known |= {*MARKS["letters"]} if any(one.isin(_PRESENT).any() for one in texts.values()) else set()
    short = {header: one.isin(known) | (one.str.len() <= _SHORT) for header, one in texts.items()}
    marked = [header for header, one in texts.items() if one.isin(known).any() and short[header].mean() >= 0.5]
    marked += [header for header, one in texts.items() if one.empty] if CAME in source.blank else []
    if not marked:
        raise SourceError(message("no_marks", where=where, headers=", ".join(rows), way=_line(["the mark"])))
    if nameless := list(filter(NAMELESS.fullmatch, marked)):
        raise SourceError(message("no_header_of_marks", where=where, places=listed(nameless)))
    records = rows[rows[ASIDE].isna()] if ASIDE in rows else rows
    beside = [header for header in rows if header not in marked]
    cells = records.melt(beside, marked, HEADER, CELL, ignore_index=False).sort_index(kind="stable")
    cells = cells if CAME in source.blank else cells[cells[CELL].notna()]
    return pd.concat([cells, rows.loc[~rows.index.isin(records.index), beside]])


def signed(rows: pd.DataFrame, rest: list[str]) -> list[str]:
    """The columns that, as their headers say, tell who signed of those on a list, or on which days."""
    said = {header: (_DAYS.fullmatch(header.strip().casefold()), {*words_of(header)}) for header in rest}
    named = [one for one, (day, words) in said.items() if day or day_and_month(one) or (words and words <= WEEKDAYS)]
    days = [one for one in named if rows[one].dropna().str.strip().map(plain).isin(KNOWN).all()]
    return [header for header in rest if fold(header) in _SIGNED][:1] or days


def _one_a_row(rows: pd.DataFrame, header: str | None, mark: str) -> pd.DataFrame:
    """As many rows as there are names in a cell."""
    if header not in rows:
        return rows
    parts = rows[header].map(lambda cell: [one for one in map(str.strip, cell.split(mark)) if one], na_action="ignore")
    return rows.assign(**{header: parts}).explode(header).astype({header: "str"})


def set_apart(text: pd.DataFrame, table: str, record: Record) -> pd.DataFrame:
    """The rows that are records; the others are put on record."""
    if ASIDE not in text:
        return text
    for key, why in KEEP.items():
        way = f'{why}: no record. Should it be one, write keep = ["{key}"] in its [[source]]'
        record.set_aside(text[text[ASIDE] == why], table, "", "", check="no record", reason=way)
    return text[text[ASIDE].isna()]


def with_marks(text: pd.DataFrame, source: Source, table: str, record: Record) -> pd.DataFrame:
    """Rows that say yes or no of who came; missing where nothing tells.

    A name without a mark did not come, where others on its sheet have one and programme.toml names the column.

    Raises
    ------
    SourceError
        A mark can mean different things, or nobody is marked.
    """
    if CAME not in text or text.empty:
        return text
    cells, where = text[CAME], f'{source.place}, "{source.headers.get(CAME, CAME)}"'
    is_sheet = table == "sign_in"
    came = looked_up(cells, meanings(distinct_of(cells)[1], source.levels.get(CAME, {}), where, strict=is_sheet))
    is_matrix = any(_is_matrix(*one) for one in source.headers.items())
    record.matrices.update(text["source"].unique() if _is_matrix("", source.headers.get("event_id", "")) else ())
    if is_matrix and not is_sheet and CAME not in source.blank and not came.isin(NO).any():
        raise SourceError(message("nobody_absent", where=where))
    if is_sheet:
        blank, marked = came.isna(), came.isin([*YES, *NO])
        other = came[~blank & ~marked].astype("str").str.strip()
        why = ("not known as a mark. " + other.map(lambda one: _line([one]))).reindex(other.index)
        record.set_aside(text.loc[other.index], table, CAME, other, scope="value", check="conversion", reason=why)
        if CAME not in source.blank and not marked.any():
            raise SourceError(message("nobody_marked", where=where))
        sheet = [text[name].astype("str").fillna("") for name in ("source", "sheet", "event_id") if name in text]
        said = text[UNSAID].isna() if UNSAID in text else True
        absent = blank & marked.groupby(sheet).transform("any") & said
        why = message("no_mark_beside")
        record.changed_alike(text[absent], table, CAME, "", {"": "no"}, check="blank cell", reason=why)
        came = came.where(marked).astype("str").mask(absent, "no").mask(blank & (text["source"] == CORRECTIONS), "yes")
    return text.assign(**{CAME: encoded(came)})


def meanings(texts: list[str], levels: dict[str, str], where: str, *, strict: bool) -> dict[str, str]:
    """What each cell says: yes, no, or what stands there where that is not known; of several days, whether one is yes.

    Raises
    ------
    SourceError
        Where ``strict``: no mark is known, or one that is may mean the contrary beside the others.
    """
    parts = {text: [plain(one.strip()) for one in text.split("\n")] for text in texts}
    marks, said = {one for found in parts.values() for one in found}, {plain(one.strip()): one for one in levels}
    said = {one: KNOWN.get(plain(levels[key]), levels[key]) for one, key in said.items()}
    known = KNOWN | dict.fromkeys(MARKS["dashes"] if strict else (), "no")
    known |= (MARKS["letters"] if marks & _PRESENT else {}) | said
    unsaid = sorted(one for one in marks - {*said, *MARKS["open"]} if "*" not in said and len(one) <= _SHORT)
    signs = [one for one in unsaid if one in MARKS["crosses"] or one in MARKS["checks"] or one not in known]
    crossed = len(signs) > 1 and not {*MARKS["crosses"]}.isdisjoint(signs)
    if strict and marks and (crossed or not (marks & known.keys() or "*" in said)):
        why = "can mean different things" if crossed else "is not known as a mark of who came"
        found = signs or sorted(marks)
        raise SourceError(f"{where}: found {listed(found)}, which {why}. {_line(found)}")
    meant = {one: known.get(one, said.get("*")) for one in marks}
    found = {text: [meant[one] for one in ones] for text, ones in parts.items()}
    return {one: "yes" if "yes" in of else one if None in of else of[0] for one, of in found.items()}


def _line(marks: list[str]) -> str:
    line = ", ".join(f'"{one}" = "yes"' for one in marks[:3])
    return f'Say what each means, yes or no, under [source.levels.{CAME}]: {line}; "*" is any other.'


def on_day(text: str, held: pd.Series) -> tuple[str, list[str]]:
    """The events held on a day that a text names in any order, as sheets are called; "" before them where it may be
    another day.

    >>> held = pd.Series(pd.to_datetime(["2017-01-10", "2017-03-04"]), ["E1", "E2"])
    >>> [on_day(one, held) for one in ("Atelier du 10 janvier", "04.03.17", "E3")]
    [('day', ['E1']), ('', ['E2']), ('day', [])]
    """
    said = words_of(text)
    numbers, named = sorted(int(one) for one in said if one.isdigit()), [MONTHS[one] for one in said if one in MONTHS]
    found = []
    for code, day in held.items() if len(named) < 2 else ():
        known = [day.day] if named == [day.month] else [day.day, day.month]
        years, there = ([], [day.year], [day.year % 100]), named in ([], [day.month])
        found += [code] if there and any(sorted(known + year) == numbers for year in years) else []
    days = {(one.day, one.month) for one in held[found]}
    either = not named and not re.match(r"\s*\d{4}", text) and any(a != b and max(a, b) < 13 for a, b in days)
    return ("" if either else "day"), found

"""Grids of text, as exporters and people make them → tables named by question: a reader for each kind.

**KoboToolbox**, CSV or XLSX, with names or labels: a choice column is ``question/choice`` with 0, 1, or blank when the
question was not answered; a second header row of HXL tags can be there; repeats are sheets of their own, linked by
``_parent_index``, whose names are cut at 31 characters; groups are joined by ``/`` or whatever the exporter asked for.

**ODK Central** and **SurveyCTO** write several CSVs, one per repeat, linked by ``KEY`` and ``PARENT_KEY``. They come in
one zip, or side by side: beside the main CSV ``form.csv``, the repeats are ``form-repeat.csv``. Both join groups with
``-``. The choices of a question stand behind it and a ``/`` in ODK Central, a ``_`` in SurveyCTO, and are 0 where it
was not answered: they are blanked where the joined column is empty. SurveyCTO's ``SubmissionDate`` is written in the
server's words (``Jan 5, 2017 4:20:01 PM``) and stays so.

**Microsoft Forms** and **Google Forms** have the text of each question as its header, and several answers to one in one
cell. Microsoft Forms ends each of them with ``;``. Google Forms joins them by ``, `` while an option may itself contain
a comma: they are split only where the options are given.

**Sheets made by hand**, and plain CSV: each visible sheet is a table, and its header is found under title rows. It is
the row, among the first twenty, that holds most of the expected columns; where nothing is expected, the first row that
fills nearly every column in use with words. Over groups of columns (merged cells) it is two rows: the lower titles,
behind the group's where two would be the same.
"""

import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from glob import escape
from pathlib import PurePosixPath

import pandas as pd

from konbit_lessons.errors import SourceError
from konbit_lessons.field.days import alike
from konbit_lessons.field.sources import questions
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Form, Writing, clean
from konbit_lessons.field.sources.raw import WORDS, Asked, Frame, Frames, Grid, filled, frame_of
from konbit_lessons.tables import TEXT

SEARCHED_ROWS = 20
NEARLY_EVERY = 0.6  # a title, or a line such as "Date: …" above the header, fills fewer columns

Row = list[str | None]
_NUMBER = re.compile(r"\d(?!.*[^\W\d_]{3})", re.DOTALL)


def recognized(file: File, form: Form | None) -> str:
    """Which exporter a table of text is from; "sheet" for any other, as it may be one that somebody made by hand."""
    first = [alike(cell).lower() for cell in file.grids[0].titles]
    online = [kind for kind, read in READERS.items() if read is read_online]
    found = {kind for kind in online if any(first[: len(one)] == one for one in WORDS[kind]["first"])}
    found |= {_exporter(grid) for grid in file.grids}
    if form and not found & READERS.keys():  # most headers are those of the form: the metadata was left out
        header = [clean(cell) for cell in file.grids[0].header if cell]
        found |= {"kobo"} if sum(cell in form.columns for cell in header) > len(header) / 2 else set()
    return next((kind for kind in READERS if kind in found), "sheet")


def _exporter(grid: Grid) -> str:
    """What the header of one sheet tells; "" where it tells nothing."""
    header, sets = {*grid.header}, any(header.startswith("SET-OF-") for header in grid.header)
    if sum(mark in header for mark in WORDS["kobo"]["marks"]) >= 2 or "_parent_index" in header:
        return "kobo"
    if "KEY" in header and ("formdef_version" in header or (sets and "PARENT_KEY" in header)):
        return "surveycto"
    keys = ({"KEY", "PARENT_KEY"}, {"KEY", "SubmissionDate", "SubmitterID"})
    return "odk_central" if any(one <= header for one in keys) else ""


def read_kobo(file: File, asked: Asked) -> Frames:
    """The submissions, and one table per repeat."""
    tables: Frames = {}
    for grid in sorted(file.grids, key=lambda grid: _exporter(grid) != "kobo"):
        if tags := _tags(grid):
            file.notices.append(f"the row of HXL tags under the header was left out: {', '.join(tags)}")
        frame = frame_of(grid, after=2 if tags else 1)
        repeat, more = _repeat_on(grid, asked.form) if "_parent_index" in frame else "", []
        frame = questions.by_form(frame, asked.form, repeat, more) if asked.form else _without_form(frame, more)
        file.notices += [f"sheet {grid.title}: {notice}" if repeat else notice for notice in more]
        name = repeat or ("main" if "main" not in tables else grid.title)
        tables[name if name not in tables else grid.title] = Frame(frame, grid.title)
    # without a main table it is a sheet of a repeat that was saved on its own
    return {"main": tables.pop("main" if "main" in tables else next(iter(tables))), **tables}


def _without_form(frame: pd.DataFrame, notices: list[str]) -> pd.DataFrame:
    """Groups are joined by ``/``, or by what stands before choices that agree with their joined column."""
    slashed = any("/" in name for name in frame if not name.startswith(questions.METADATA))
    found = ((one, questions.agreeing(frame, one)) for one in ([] if slashed else WORDS["kobo"]["separators"]))
    return questions.by_values(frame, notices, *next((way for way in found if way[1]), ()))


def _tags(grid: Grid) -> list[str]:
    """``header #tag`` of the second row, if it is one of HXL tags."""
    second = [(header, cell) for header, cell in zip(grid.header, (*grid.top(2), [])[1], strict=False) if cell]
    return [f"{header} {tag}" for header, tag in second] if all(tag.startswith("#") for _, tag in second) else []


def _repeat_on(grid: Grid, form: Form | None) -> str:
    """The repeat on a sheet: its title, which the exporter may have cut."""
    begun, cut = re.subn(r"\.\.\.( \(\d+\))?$", "", grid.title)
    names = [one for one in form.repeats if (one.startswith(begun) if cut else one == begun)] if form else []
    return names[0] if len(names) == 1 else grid.title


def read_keyed(file: File, asked: Asked) -> Frames:
    """The submissions, "main", and the entries of each repeat, by question.

    An entry has ``_parent_index``: the ``_index`` of the row it belongs to. Choices are blank where the question was
    not answered.
    """
    is_surveycto = asked.kind == "surveycto"
    tables = _linked(_grids(file), file)
    for name, (rows, title) in tables.items():
        if asked.form:
            ways = [Writing(None, "-", "_" if is_surveycto else "/")]
            rows = questions.by_form(rows, asked.form, _repeat_in(name, rows, file, asked.form), file.notices, ways)
        else:
            joined = ("/", questions.agreeing(rows, "_")) if is_surveycto else ("-",)
            rows = questions.by_values(rows, file.notices, *joined)
        tables[name] = Frame(questions.blank_unanswered(rows), title)
    return tables


def _grids(file: File) -> list[Grid]:
    """Those of the file and, beside the main CSV, of its repeats; each with the name of its CSV."""
    grids = [*file.grids]
    if file.container == "text" and "PARENT_KEY" not in grids[0].header:
        for path in sorted(file.path.parent.glob(f"{escape(file.path.stem)}-*{file.path.suffix}")):
            with suppress(SourceError):
                beside = File(path)
                if len(beside.grids) == 1 and {"KEY", "PARENT_KEY"} <= set(beside.grids[0].header):
                    grids.append(replace(beside.grids[0], title=path.name))
                    file.notices += [f"{path.name}: {notice}" for notice in beside.notices]
    known = [grid for grid in grids if "KEY" in grid.header]
    file.notices += [f"{grid.title}: it has no column KEY and was left out" for grid in grids if grid not in known]
    return known or grids


def _linked(grids: list[Grid], file: File) -> Frames:
    """Table → its rows, the main one first; of several, with ``_index``, and the parent's as ``_parent_index``."""
    main = next((grid for grid in grids if "PARENT_KEY" not in grid.header), grids[0])
    stem = PurePosixPath(main.title).stem or file.path.stem
    others = {PurePosixPath(grid.title).stem.removeprefix(f"{stem}-"): grid for grid in grids if grid is not main}
    tables = {name: Frame(frame_of(grid), grid.title) for name, grid in {"main": main, **others}.items()}
    if len(tables) == 1:
        return tables
    index = {name: pd.Series(range(1, len(rows) + 1), rows.index).astype(TEXT) for name, (rows, _) in tables.items()}
    parents = pd.concat([pd.Series(index[name].array, rows["KEY"]) for name, (rows, _) in tables.items()])
    parents = parents[parents.index.notna() & ~parents.index.duplicated()]
    for name, (rows, title) in tables.items():
        rows = rows.assign(_index=index[name])
        if "PARENT_KEY" in rows:
            rows = rows.assign(_parent_index=rows["PARENT_KEY"].map(parents).astype(TEXT))
            orphans = int(rows["_parent_index"].isna().sum())
            file.notices += [f"{title}: {orphans} entries belong to a submission that is not there"] if orphans else []
        tables[name] = Frame(rows, title)
    return tables


def _repeat_in(table: str, rows: pd.DataFrame, file: File, form: Form) -> str:
    """Name of the repeat whose entries a table holds, by the name of its CSV; "" for submissions."""
    stem = table if table != "main" else file.path.stem
    names = [name for name in form.repeats if re.search(rf"(^|[-.~]){re.escape(name)}$", stem)]
    return max(names, key=len, default="") if "PARENT_KEY" in rows else ""


def read_online(file: File, asked: Asked) -> Frames:
    """The answers to an online form, and what other sheets hold."""
    grid, *others = file.grids
    frame, options, words = frame_of(grid, header=grid.titles), asked.options, WORDS[asked.kind]
    separator = words["separator"]
    if words["ends"]:  # answers to questions of several lose their last separator; what was chosen is an option
        texts = {name: frame[name].dropna().str.strip() for name in frame if name.lower() not in words["respondent"]}
        several = [text for text in texts.values() if len(text) and text.str.endswith(separator).all()]
        cut = {text.name: text.str.removesuffix(separator) for text in several}
        seen = {name: text.str.split(separator).explode().unique().tolist() for name, text in cut.items()}
        frame, options = frame.assign(**cut), seen | options
    frame = _split(frame, options, separator, file.notices)
    tables = {other.title: Frame(frame_of(other, header=other.titles), other.title) for other in others}
    return {"main": Frame(frame, grid.title), **tables}


def _split(frame: pd.DataFrame, options: dict[str, list[str]], separator: str, notices: list[str]) -> pd.DataFrame:
    """The frame with ``question/option`` columns for the questions whose options are known.

    An answer that is none of the options (what was typed under "Other") is taken for one if nothing but known options
    stands before it; a cell that can be read in two ways is left as it is. An option may contain the separator.
    """
    for question, texts in options.items():
        column = next((header for header in frame if alike(header) == alike(question)), None)
        if column is None:
            notices.append(f'options are given for "{question}", which is no column: it has {", ".join(frame)}')
            continue
        known = {text: {text} for text in texts}
        ways = {cell: _ways(cell.strip(), known, separator) for cell in frame[column].dropna().unique()}
        doubtful = [cell for cell, found in ways.items() if len({frozenset(way) & {*texts} for way in found}) > 1]
        chosen = {cell: min(found) for cell, found in ways.items() if cell not in doubtful}
        typed = sum(not set(ones) <= set(texts) for ones in chosen.values())
        if doubtful:
            notices.append(f'{column}: "{doubtful[0]}" can be read in two ways; such cells are left as they are')
        if typed:
            notices.append(f"{column}: {typed} answers hold more than the options, which stays in the joined column")
        frame = questions.with_choices(frame, column, chosen, texts)
    return frame


def _ways(cell: str, known: dict[str, set[str]], separator: str) -> set[tuple[str, ...]]:
    """Ways to read a cell; where it is not all options, the longest run of them from its start, then what was typed."""
    ways = questions.split(cell, known, separator)
    for at in [] if ways else [at for at in range(len(cell), 0, -1) if cell.startswith(separator, at)]:
        if before := questions.split(cell[:at], known, separator):
            return {(*way, cell[at + len(separator) :]) for way in before}
    return ways or {(cell,)}


def read_sheet(file: File, asked: Asked) -> Frames:
    """One table for each sheet."""
    tables, expect = {}, {*map(alike, asked.expect)}
    for grid in file.grids:
        name = grid.title if tables else "main"
        tables[f"{name} (2)" if name in tables else name], more = _table(grid, expect)
        file.notices += [f"sheet {grid.title}: {notice}" if grid.title else notice for notice in more]
    return tables


def _table(grid: Grid, expect: set[str]) -> tuple[Frame, list[str]]:
    top = grid.top(SEARCHED_ROWS + 1)
    first, last = _header_rows(top, expect)
    notices = [f'above the header stands "{" | ".join(filter(None, row))}"' for row in top[:first] if any(row)]
    header = top[last]
    if first < last:
        # titles behind their group's where one of its own is there twice; the group's where there is no other
        counts = Counter(cell.strip() for cell in header if cell)
        pairs = list(zip(_groups(top[first], grid, first), header, strict=True))
        twice = {group for group, cell in pairs if group and cell and counts[cell.strip()] > 1}
        apart = {cell for cell in header if cell and (counts[cell.strip()] > 1 or alike(cell) not in expect)}
        header = [f"{group} / {cell}" if group in twice and cell in apart else cell or group for group, cell in pairs]
        told = dict.fromkeys(group for group, lower in pairs if group and lower)
        notices.append(f"the header has two rows; over its columns stands: {', '.join(told)}")
    grid, told = filled(grid, last + 1)
    return Frame(frame_of(grid, header=header, after=last + 1), grid.title), notices + told


def _header_rows(rows: list[Row], expect: set[str]) -> tuple[int, int]:
    """First and last row of the header, counted from 0."""
    halves = [at for at in range(len(rows) - 1) if _are_halves_of_a_header(rows[at], rows[at + 1])]
    at = _likeliest(rows, expect, halves)
    if at in halves:
        return at, at + 1
    titles = [cell.strip() for cell in rows[at] if cell]
    above = rows[at - 1] if at else []
    grouped = len(set(titles)) < len(titles) and sum(map(bool, above)) > 1 and _is_worded(above)
    return (at - 1 if at - 1 in halves or grouped else at), at


def _likeliest(rows: list[Row], expect: set[str], halves: list[int]) -> int:
    """The row with most of what is expected; else the first that fills nearly every column with words, or every one."""
    hits = [len(expect & {alike(cell) for cell in row if cell}) for row in rows]
    if any(hits):
        return hits.index(max(hits))
    filled = [sum(map(bool, row)) for row in rows]
    width = max(sum(map(any, zip(*rows, strict=True))), 1)
    begun = [at for at, row in enumerate(rows) if filled[at] >= NEARLY_EVERY * width and _is_worded(row)]
    full = [at for at, count in enumerate(filled) if count >= width]
    told = [at for at in full if any(cell.strip().endswith(":") for cell in rows[at] if cell)]  # Date: | 3 March
    titled = [at for at in full if _is_worded(rows[at][:1]) and at not in told]
    return min([*(begun + titled or full or [filled.index(max(filled))]), *halves])


def _is_worded(row: Row) -> bool:
    """No cell that begins like a number or a date, and has no word in it, as ``1. Name`` has."""
    return not any(_NUMBER.match(cell.strip()) for cell in row if cell)


def _are_halves_of_a_header(upper: Row, lower: Row) -> bool:
    """Words in both, which fill every column; the lower ones stand under a group and the blanks to its right.

    A group may be over one column beside others over several, where no record begins in the lower row.
    """
    signs = {(True, True): "g", (True, False): "1", (False, True): "2", (False, False): "-"}
    kinds = "".join(signs[bool(one), bool(other)] for one, other in zip(upper, lower, strict=True))
    is_header = re.fullmatch("(1|g2+)+|1(1|g)*g2(1|g2*)*", kinds)
    return {"1", "g"} <= set(kinds) and bool(is_header) and _is_worded([*upper, *lower])


def _groups(upper: Row, grid: Grid, at: int) -> Row:
    """The group over each column: as far as its merged cells reach; where none are merged, as far as the next one."""
    row = grid.cells.index[at]
    merged = [(first, last) for top, first, bottom, last in grid.merged if top <= row <= bottom and first < last]
    groups, group = [], None
    for column, cell in enumerate(upper):
        group = cell or (group if not merged or any(first < column <= last for first, last in merged) else None)
        groups.append(group)
    return groups


READERS = {"kobo": read_kobo, "odk_central": read_keyed, "surveycto": read_keyed}
READERS |= {"microsoft_forms": read_online, "google_forms": read_online}

"""A folder of raw files → a first programme.toml: which file feeds which table, which column is which, and how sure.

A new programme's folder begins here too: where its files go, and a programme.toml of ten lines.

Organizations and events come first; then the tables that refer to them, since typed names and codes then speak for
themselves. What is not sure stands in the file as a line marked OPEN, never as a silent guess.
"""

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field import identity
from konbit_lessons.field.draft.evidence import SCHEMAS, SURE, Known, vocabulary
from konbit_lessons.field.draft.folder import Folder, Part, Unit, read_folder
from konbit_lessons.field.draft.matching import Match, matches
from konbit_lessons.field.draft.study import is_study, study_text
from konbit_lessons.field.draft.ways import joined, unpivoted
from konbit_lessons.field.draft.writing import Source, programme_text
from konbit_lessons.field.programme import IGNORED

__all__ = ["Draft", "draft_programme", "new_text", "start_programme"]

ROSTER = ["organization_id", "name", "acronym"]


@dataclass(frozen=True)
class Draft:
    """A drafted programme.

    Attributes
    ----------
    text : str
        The programme.toml.
    placed : list of (str, str, int)
        File, table and number of columns placed; a file of several tables is there once for each.
    columns : int
        Columns placed, in all sources; of files with the same columns each counts once.
    open : int
        Lines marked OPEN.
    not_placed : dict of str to str
        File → why it feeds no table.
    """

    text: str
    placed: list[tuple[str, str, int]]
    columns: int
    open: int
    not_placed: dict[str, str]


def draft_programme(folder: str | Path, programme_file: str | Path = "programme.toml") -> Draft:
    """Draft a programme.toml from a folder of raw files; nothing is written.

    Parameters
    ----------
    folder : str or Path
        Of raw files; folders inside it are looked through as well.
    programme_file : str or Path
        Where the programme will stand: its path to the folder is written into it.

    Raises
    ------
    ProgrammeError
        The folder is not there, is empty, or no file in it fits a table; one table alone may be that of a study.
    """
    if not (folder := Path(folder)).is_dir():
        raise ProgrammeError(f"{folder}: there is no such folder. Give the folder that holds the raw files.")
    found = read_folder(folder)
    sources, unfit = _sources(found)
    not_placed = found.left_out | {found.name(part.path): why for unit, why in unfit.items() for part in unit.parts}
    raw = Path(os.path.relpath(folder.resolve(), Path(programme_file).resolve().parent)).as_posix()
    if not sources and is_study(found.units):
        name = found.name(found.units[0].parts[0].path)
        text, placed = study_text(found.units[0], table=f"{raw}/{name}"), [(name, "study", len(found.units[0].columns))]
        return Draft(text, placed, placed[0][2], text.count("OPEN: ") - 1, found.left_out)
    if not sources:
        there = "no file in it fits a table" if not_placed else "it is empty"
        reasons = "".join(f"\n  {name}: {why.rstrip('.')}." for name, why in not_placed.items())
        raise ProgrammeError(f"{folder}: {there}; nothing was written. Put the raw files there.{reasons}")
    text = programme_text(found, sources, unfit, raw=raw)
    sizes = {source: len(source.match.placed) + len(source.match.own) for source in sources}
    placed = [(found.name(path), source.table, size) for source, size in sizes.items() for path in source.paths]
    return Draft(text, placed, sum(sizes.values()), sum("OPEN: " in line for line in text.splitlines()), not_placed)


def _sources(folder: Folder) -> tuple[list[Source], dict[Unit, str]]:
    """The sources in the order of the codebook, and what fits no table."""
    sources, unfit = [], {}
    first, known = _first_tables(folder.units)
    matrices = {one: unpivoted(folder, one, known) for one in folder.units}
    first |= {matrix: "sign_in" for matrix in matrices.values() if matrix}
    for unit in (matrix or joined(folder, one, known) or one for one, matrix in matrices.items()):
        ranked = [match for match in matches(unit, known) if match.table == first.get(unit, match.table)]
        if why := _why_unfit(ranked):
            unfit[unit] = why
        else:
            sources += [Source(folder, part, ranked[0]) for part in _by_sheets(folder, unit)]
    sources, order = _without_copies(sources, unfit), list(tables.TABLES)
    return sorted(sources, key=lambda source: (order.index(source.table), folder.name(source.paths[0]))), unfit


def _without_copies(sources: list[Source], unfit: dict[Unit, str]) -> list[Source]:
    """Without those most of whose records stand in a longer file as well; why is added."""
    kept: list[Source] = []
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for source in sorted(sources, key=lambda source: -source.unit.rows):
        key, records = SCHEMAS[source.table].metadata["key"], set()  # none where a copy of them would be none
        if source.table in vocabulary()["copies"] and {*key} <= {*source.placed}:
            rows = pd.concat([source.placed[name].cells for name in key], axis=1).dropna()
            records = {tuple(map(identity.fold, row)) for row in rows.itertuples(index=False)}
        if len(records & seen[source.table]) > SURE["same_records"] * len(records):
            unfit[source.unit] = vocabulary()["copies"][source.table]
        else:
            kept.append(source)
            seen[source.table] |= records
    return kept


def _first_tables(units: list[Unit]) -> tuple[dict[Unit, str], Known]:
    """The units that are organizations or events, and what they make known."""
    first: dict[Unit, str] = {}
    shared = Counter()  # codes that stand in columns, or as names of sheets, of more than one unit
    for unit in units:
        coded = [column.distinct for column in unit.columns.values() if column.share("code") >= 0.8]
        shared.update(set().union(*coded))
    known = Known(shared=frozenset(value for value, count in shared.items() if count > 1))
    rosters, events = [pd.DataFrame(columns=ROSTER)], set()
    for unit in sorted(units, key=lambda unit: -unit.rows):
        ranked = matches(unit, known)
        if ranked[0].table not in ("organizations", "events") or _why_unfit(ranked):
            continue
        table = first[unit] = ranked[0].table
        likely = {name: unit.columns[header] for name, (header, _) in ranked[0].likely.items()}
        if table == "events" and "event_id" in likely:
            events.update(likely["event_id"].counts.index)
        elif {"organization_id", "name"} <= set(likely):
            called = {name: likely[name].cells.str.strip() for name in ROSTER if name in likely}
            rosters.append(pd.DataFrame(called, columns=ROSTER))
    rows = pd.concat(rosters).dropna(subset=["organization_id", "name"]).drop_duplicates("organization_id")
    roster = None if rows.empty else identity.Roster(rows.reset_index(drop=True))
    return first, replace(known, roster=roster, events=frozenset(events))


def _why_unfit(ranked: list[Match]) -> str:
    best = ranked[0]
    if best.score < SURE["table"]:
        lacking = f"; {', '.join(best.needed)} not found in it" if best.needed else ""
        return f'the nearest table is "{best.table}" ({max(best.score, 0):.2f} of 1){lacking}'
    if not best.placed:
        return f'no column is surely one of a table; the nearest is "{best.table}"'
    if len(ranked) > 1 and best.score - ranked[1].score < SURE["table_margin"]:
        return f'"{best.table}" ({best.score:.2f}) and "{ranked[1].table}" ({ranked[1].score:.2f}) are about as near'
    return ""


def _by_sheets(folder: Folder, unit: Unit) -> list[Unit]:
    """A unit in as many sources as it must be: by the sheets that must be named."""
    groups: dict[tuple[str, ...], list[Part]] = {}
    for _, file in groupby(unit.parts, key=lambda part: part.path):
        parts = list(file)
        groups.setdefault(() if parts[0].alone else tuple(part.sheet for part in parts), []).extend(parts)
    return [Unit(folder, unit.kind, unit.form, parts) for parts in groups.values()] if len(groups) > 1 else [unit]


def start_programme(folder: str | Path) -> list[Path]:
    """Write the folders and the first files of a programme; nothing that is there is overwritten.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ProgrammeError
        One of the files is there already.
    """
    folder = Path(folder)
    texts = {"programme.toml": new_text(), "README.md": new_text("new_programme.md"), ".gitignore": IGNORED}
    if there := ", ".join(name for name in texts if (folder / name).exists()):
        raise ProgrammeError(f"{folder}: {there} is there already and is not overwritten. Name another folder.")
    for place in ("data/raw", "data/processed", "reports"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def new_text(name: str = "new_programme.toml") -> str:
    """The text of a file of a new programme, as it is before anybody has written into it."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")

"""A folder of raw files → units: the parts of files (a CSV, a sheet, many sheets) that have the same columns."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from konbit_lessons.errors import KonbitError
from konbit_lessons.field import identity
from konbit_lessons.field.cleaning.conversion import as_written
from konbit_lessons.field.draft.evidence import SURE, Column, likeness, nearest, vocabulary
from konbit_lessons.field.programme import is_raw
from konbit_lessons.field.sources import Raw, read
from konbit_lessons.field.sources.form import Form, read_form
from konbit_lessons.field.sources.raw import is_metadata


@dataclass(frozen=True)
class Part:
    """One table of one file; ``alone`` when its sheet need not be named; ``entries``: its repeats, in words."""

    path: Path
    sheet: str
    rows: pd.DataFrame
    alone: bool = True
    entries: tuple[str, ...] = ()


@dataclass
class Folder:
    """What a folder holds: units, forms, and for each file left out, why."""

    path: Path
    units: list["Unit"] = field(default_factory=list)
    forms: dict[Path, Form] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        """A file as programme.toml names it."""
        return path.relative_to(self.path).as_posix()


class Unit:
    """Parts of the files of a folder that have the same columns, read together.

    Parameters
    ----------
    folder : Folder
    kind : str
        Of export.
    form : Path or None
        The form behind it.
    parts : list of Part

    Attributes
    ----------
    rows : int
        Of all its parts.
    columns : dict of str to Column
        Those of the files; and where there are names of sheets or files, ``"@sheet"`` and ``"@file"``.
    """

    def __init__(self, folder: Folder, kind: str, form: Path | None, parts: list[Part]) -> None:
        self.kind, self.form, self.parts, self.columns = kind, form, parts, {}
        asked, rows = folder.forms.get(form), pd.concat([as_written(part.rows) for part in parts], ignore_index=True)
        self.rows = len(rows)
        for header in rows:
            question, choice = labels_of(header, asked)
            ends = [""] if choice is None else [f"/{label}" for label in choice.values()]
            says = [label + end for label in question.values() for end in ends]
            self.columns[header] = Column(header, (header, *says), rows[header])
        for header, name in {"@sheet": lambda part: part.sheet, "@file": lambda part: part.path.stem}.items():
            if any(map(name, parts)):
                each = [name(part) for part in parts for _ in range(len(part.rows))]
                self.columns[header] = Column(header, (), pd.Series(each, dtype="str"))


def read_folder(path: Path) -> Folder:
    """Read every file of a folder that can hold a table."""
    folder, read_files = Folder(path), []
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        try:
            if not is_raw(file):
                folder.left_out[folder.name(file)] = "not raw data: the lock of an open file, or an evaluator's own"
            elif file.name.startswith(".") or file.suffix.lower() in vocabulary()["no_tables"]["endings"]:
                folder.left_out[folder.name(file)] = "no table by its name"
            elif _is_form(raw := _read(file)):
                folder.forms[file] = read_form(file)
            elif raw.kind == "sheet" and any(map(_has_no_header, raw.tables.values())):
                folder.left_out[folder.name(file)] = "its first row is a record, not a header: write one above it"
            else:
                read_files.append(raw)
        except KonbitError as error:
            folder.left_out[folder.name(file)] = " ".join(str(error).removeprefix(f"{file.name}: ").split())
    groups: dict[tuple, list[Part]] = {}
    for raw in read_files:
        form = _form_behind(raw, folder.forms)
        by_form = read(raw.path, form=form) if form else raw
        for key, parts in _parts(by_form).items():
            groups.setdefault((by_form.kind, form, *key), []).extend(parts)
    folder.units += [Unit(folder, kind, form, parts) for (kind, form, *_), parts in groups.items()]
    columns = [column for unit in folder.units for column in unit.columns.values()]
    persons = _persons(columns)
    for column in columns:
        column.persons = persons
    return folder


def _has_no_header(frame: pd.DataFrame) -> bool:
    """Whether half of the headers are such as stand in their columns, and no row is the header once more."""
    shapes, alike = ("date", "code", "person"), 0
    for header, values in frame.items():
        own, title = Column(header, (header,), values), Column(header, (header,), pd.Series([header], dtype="str"))
        unknown = max(likeness(header).values(), default=0) < SURE["header_is_one"]
        same = any(title.share(shape) == 1 and own.share(shape) >= SURE["nearly_all"] for shape in shapes)
        alike += header in own.counts.index or (unknown and same)
    return len(frame) > 1 and alike >= len(frame.columns) / 2 and not frame.eq(list(frame)).all(axis="columns").any()


def _persons(columns: list[Column]) -> frozenset[str]:
    """The words of the persons' names that stand under a header which can be of nothing else."""
    words: set[str] = set()
    for column in columns:
        named, delegate = nearest(column.says, "identifiers"), nearest(column.says, "sign_in")
        sure = max(named[0] * (named[1] == "a person's name"), delegate[0] * (delegate[1] == "delegate"))
        if sure >= SURE["other"] and sure > nearest(column.says, "organizations")[0] and column.share("person") >= 0.4:
            words.update(word for name in column.counts.index for word in identity.words(name))
    return frozenset(words)


def _read(path: Path) -> Raw:
    """Read a file; where few of its headers are known, see whether known ones stand in another row."""
    raw = read(path)
    headers = sum(len(frame.columns) for frame in raw.tables.values())
    if raw.kind != "sheet" or _is_form(raw) or _sure_headers(raw) >= headers / 2:
        return raw
    groups = [*vocabulary()["headers"].values(), *vocabulary()["things"].values()]
    phrases = [phrase for columns in groups for listed in columns.values() for phrase in listed]
    return max(raw, read(path, expect=tuple(phrases)), key=_sure_headers)


def _sure_headers(raw: Raw) -> int:
    headers = [header for frame in raw.tables.values() for header in frame]
    return sum(max(likeness(header).values(), default=0) >= SURE["header"] for header in headers)


def _is_form(raw: Raw) -> bool:
    surveys = [raw.tables[table] for table, title in raw.sheets.items() if title.lower() == "survey"]
    return any({"type", "name"} <= set(rows) for rows in surveys)


def _form_behind(raw: Raw, forms: dict[Path, Form]) -> Path | None:
    """The form whose questions and choices make up most of an export's own columns, and they most of its questions."""
    covered: dict[Path, float] = {}
    for path, form in forms.items() if raw.kind in ("kobo", "odk_central", "surveycto", "sheet") else ():
        own = {" ".join(header.split()) for header in raw.tables["main"] if not is_metadata(header, raw.kind)}
        asked = {question.name for question in form.questions if question.labels}
        known = [form.columns[header].rpartition("/")[2] for header in own if header in form.columns]
        covered[path] = min(len(known) / max(len(own), 1), len(asked.intersection(known)) / max(len(asked), 1))
    best = max(covered, key=covered.get, default=None)
    return best if best and covered[best] >= SURE["form_covers"] else None


def _parts(raw: Raw) -> dict[tuple, list[Part]]:
    """The tables of a file that the programme can read, by their columns.

    Few columns can mean different things (who was invited, who came): such tables go together only as numbered sheets.
    """
    found: dict[tuple, list[tuple[str, pd.DataFrame]]] = {}
    for table, frame in raw.tables.items():
        title = raw.sheets[table]
        sure = len(frame.columns) >= SURE["few_columns"] or any(map(str.isdigit, title))
        if len(frame.columns) and (raw.kind == "sheet" or table == "main"):
            found.setdefault((frozenset(frame), "" if sure else f"{raw.path}/{title}"), []).append((title, frame))
    alone, entries = len(found) == 1, []
    for table, frame in raw.tables.items() if raw.kind != "sheet" else ():
        if table != "main":
            own = ", ".join(f'"{header}"' for header in frame if not is_metadata(header, raw.kind))
            entries.append(f'its repeat has {own}: sheets = ["{table}"] reads each entry as a row, with what main says')
    about = {"alone": alone, "entries": tuple(entries)}
    return {key: [Part(raw.path, title, frame, **about) for title, frame in frames] for key, frames in found.items()}


def labels_of(header: str, form: Form | None) -> tuple[dict[str, str], dict[str, str] | None]:
    """Language → what a form calls the question of a header; the same of its choice, None where it is no choice."""
    for question in form.questions if form else ():
        if question.name == header.rpartition("/")[2] and question.labels:
            return question.labels, None
        if header.startswith(f"{question.name}/") and question.list_name:
            return question.labels, form.choices.get(question.list_name, {}).get(header.partition("/")[2], {})
    return {}, None

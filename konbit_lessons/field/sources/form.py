"""An XLSForm → Form: the questions with their groups, repeats, types and labels, and the choices of each list.

Read as pyxform understands it (aliases, ``::`` and ``:``, or_other, disabled rows), but without refusing what only
matters for putting a form on a server.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources import guard
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.grids import Grid

GPS = ("latitude", "longitude", "altitude", "precision")  # Kobo's columns beside a geopoint
ODK_GPS = ("Latitude", "Longitude", "Altitude", "Accuracy")
_ALIASES = {"caption": "label", "command": "type", "tag": "name", "value": "name"}
_SELECTS = {
    "select1": "select_one",
    "select_one": "select_one",
    "select_one_from": "select_one",
    "add_select_one_prompt_using": "select_one",
    "select_one_external": "select_one",
    "select_one_from_file": "select_one",
    "select_multiple": "select_multiple",
    "select_multiple_from": "select_multiple",
    "select_many": "select_multiple",
    "select_all_that_apply": "select_multiple",
    "select_all_that_apply_from": "select_multiple",
    "add_select_multiple_prompt_using": "select_multiple",
    "select_multiple_from_file": "select_multiple",
    "rank": "rank",
}
_OTHER = re.compile(r" (or specify other|or_other|or other)$")
_BLOCK = re.compile(r"(begin|end)[_ ](.+)", re.IGNORECASE)
_REPEATS = ("repeat", "lgroup", "looped group")


class Choice(NamedTuple):
    """One row of a list of choices."""

    name: str
    labels: dict[str, str]


class Block(NamedTuple):
    """A group or repeat around a question."""

    name: str
    labels: dict[str, str]
    repeats: bool


class Writing(NamedTuple):
    """How an export is written: in names (``None``) or in a language's labels, and what stands between their parts."""

    language: str | None
    group: str = "/"
    choice: str = "/"


@dataclass(frozen=True)
class Question:
    """One question; ``labels`` by language ("" is the bare ``label``), ``path`` the groups and repeats around it."""

    name: str
    type: str
    list_name: str | None
    labels: dict[str, str]
    path: tuple[Block, ...]

    @property
    def repeat(self) -> str:
        """Name of the innermost repeat around it; "" in the main table."""
        return next((block.name for block in reversed(self.path) if block.repeats), "")

    @property
    def full_name(self) -> str:
        """Behind its groups, as far as its repeat."""
        names: list[str] = []
        for block in self.path:
            names = [] if block.repeats else [*names, block.name]
        return "/".join([*names, self.name])


@dataclass(frozen=True)
class Form:
    """What a form asks, read from its XLSForm."""

    questions: tuple[Question, ...]
    lists: dict[str, tuple[Choice, ...]]

    @cached_property
    def languages(self) -> list[str]:
        labels = [q.labels for q in self.questions] + [c.labels for rows in self.lists.values() for c in rows]
        return list(dict.fromkeys(language for one in labels for language in one))

    @cached_property
    def choices(self) -> dict[str, dict[str, dict[str, str]]]:
        """List → choice name → language → label; of a name that is there twice, the first."""
        return {title: {row.name: row.labels for row in reversed(rows)} for title, rows in self.lists.items()}

    @cached_property
    def repeats(self) -> list[str]:
        return list(dict.fromkeys(block.name for q in self.questions for block in q.path if block.repeats))

    @cached_property
    def columns(self) -> dict[str, str]:
        """Every header that names a question or a choice, in names or in any language → its column here."""
        found: dict[str, str] = {}
        for language in (None, *self.languages):
            for writing in (Writing(language), Writing(language, "-")):
                for repeat in ("", *self.repeats):
                    for header, columns in self.headers(writing, repeat).items():
                        found.setdefault(header, min(columns))
        return found

    @cached_property
    def _names(self) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = {}
        for question in self.questions:
            counts[question.repeat, question.name] = counts.get((question.repeat, question.name), 0) + 1
        return counts

    def column(self, question: Question) -> str:
        """``name``, or ``group/name`` when two questions of the same table share a name."""
        return question.name if self._names[question.repeat, question.name] == 1 else question.full_name

    def asked(self, repeat: str) -> list[Question]:
        """The questions of the main table ("") or of one repeat."""
        return [question for question in self.questions if question.repeat == repeat]

    def options(self, question: Question) -> tuple[Choice, ...]:
        return self.lists.get(question.list_name or "", ())

    def headers(self, writing: Writing, repeat: str) -> dict[str, set[str]]:
        """Header as written → the columns it can stand for, behind all, some or none of its groups."""
        found: dict[str, set[str]] = {}
        for question in self.asked(repeat):
            column = self.column(question)
            own = written(question.labels, question.name, writing.language)
            groups = [written(block.labels, block.name, writing.language) for block in question.path]
            for skipped in range(len(groups) + 1):
                before = [*groups[skipped:]]
                header = writing.group.join([*before, own])
                found.setdefault(header, set()).add(column)
                if question.type == "select_multiple":
                    for choice in self.options(question):
                        label = written(choice.labels, choice.name, writing.language)
                        for separator in {writing.choice, "/"}:
                            found.setdefault(f"{header}{separator}{label}", set()).add(f"{column}/{choice.name}")
                elif question.type == "geopoint":
                    for part in GPS:
                        beside = writing.group.join([*before, f"_{own}_{part}"])
                        found.setdefault(beside, set()).add(f"_{column}_{part}")
                    for part in ODK_GPS:
                        found.setdefault(f"{header}-{part}", set()).add(f"{column}-{part}")
                elif question.type in ("image", "audio", "video", "file"):
                    found.setdefault(f"{header}_URL", set()).add(f"{column}_URL")
        return found

    def starts(self, writing: Writing, repeat: str) -> dict[str, str]:
        """What a header of a question or choice that the form does not know begins with → what it becomes.

        Groups go; the question that a choice belongs to takes its name.
        """
        found: dict[str, str] = {}
        for question in self.asked(repeat):
            groups = [written(block.labels, block.name, writing.language) for block in question.path]
            for first in range(len(groups)):
                for last in range(first, len(groups)):
                    found[writing.group.join([*groups[first : last + 1], ""])] = ""
        if writing.choice == "_":  # which names hold as well: needs_count is no choice of needs
            return found
        several = {self.column(question) for question in self.asked(repeat) if question.type == "select_multiple"}
        for header, columns in self.headers(writing, repeat).items():
            if len(columns) == 1 and columns <= several:
                found[f"{header}{writing.choice}"] = f"{min(columns)}/"
        return found


def clean(text: str) -> str:
    """One space between words, none around them, accents composed."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def written(labels: dict[str, str], name: str, language: str | None) -> str:
    """The label in a language, or the name: as exporters do where a label is lacking."""
    return labels.get(language, name) if language is not None else name


def read_form(path: Path) -> Form:
    """Read an XLSForm.

    Raises
    ------
    SourceError
        It has no sheet "survey" with the columns type and name.
    """
    guard.check(path)
    sheets = {grid.title.strip().lower(): _records(grid) for grid in File(path).grids}
    if not any({"type", "name"} <= set(row) for row in sheets.get("survey", [])):
        raise SourceError(f'{path.name}: this is no XLSForm: expected a sheet "survey" with the columns type and name.')
    lists: dict[str, list[Choice]] = {}
    for sheet in ("choices", "external_choices"):
        for row in sheets.get(sheet, []):
            if row.get("list_name") and row.get("name"):
                lists.setdefault(row["list_name"], []).append(Choice(row["name"], _labels(row)))
    questions = _questions(sheets["survey"], lists)
    return Form(tuple(questions), {title: tuple(rows) for title, rows in lists.items()})


def _questions(rows: list[dict[str, str]], lists: dict[str, list[Choice]]) -> list[Question]:
    questions, around = [], []
    for row in rows:
        kind, name, labels = row.get("type", ""), row.get("name", ""), _labels(row)
        block = _BLOCK.fullmatch(kind)
        if row.get("disabled", "").lower() in ("yes", "true", "true()") or not kind:
            continue
        if block and block[1].lower() == "begin":
            around.append(Block(name, labels, block[2].lower() in _REPEATS))
        elif block:
            around = around[:-1]
        elif name or kind == "audit":
            other = _OTHER.search(kind)
            command, _, list_name = _OTHER.sub("", kind).rpartition(" ")
            select = _SELECTS.get(command.lower().replace(" ", "_"))
            kind = "geopoint" if kind in ("gps", "location") else "image" if kind == "photo" else select or kind
            questions.append(Question(name or "audit", kind, list_name if select else None, labels, tuple(around)))
            if select and other:
                if not any(choice.name == "other" for choice in lists.get(list_name, [])):
                    lists.setdefault(list_name, []).append(Choice("other", {}))
                questions.append(Question(f"{name}_other", "text", None, {}, tuple(around)))
    return questions


def _labels(row: dict[str, str]) -> dict[str, str]:
    return {key.partition("::")[2]: text for key, text in row.items() if key == "label" or key.startswith("label::")}


def _records(grid: Grid) -> list[dict[str, str]]:
    double = any("::" in header for header in grid.header)
    keys = [_key(header, double) for header in grid.header]
    rows = grid.top(len(grid.cells))[1:]
    return [{key: clean(text) for key, text in zip(keys, row, strict=True) if key and text} for row in rows]


def _key(header: str, double: bool) -> str:
    """``Label :: English`` and, where no header has two colons, ``label:English`` → ``label::English``."""
    first, _, language = (part.strip() for part in header.partition("::" if double else ":"))
    first = "_".join(first.lower().split())
    first = _ALIASES.get(first, first)
    return f"{first}::{clean(language)}" if language else first

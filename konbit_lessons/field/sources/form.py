"""An XLSForm → Form: the questions with their groups, repeats, types and labels, and the choices of each list.

Read as pyxform understands it (aliases, ``::`` and ``:``, or_other, disabled rows), but without refusing what only
matters for putting a form on a server.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, combinations, product, takewhile
from pathlib import Path
from typing import NamedTuple

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.guard import refuse_if
from konbit_lessons.field.sources.raw import WORDS, Grid

ODK_GPS = ("Latitude", "Longitude", "Altitude", "Accuracy")
_WORDS = WORDS["xlsform"]
_OTHER = re.compile(r" (or specify other|or_other|or other)$")
_BLOCK = re.compile(r"(begin|end)[_ ](.+)", re.IGNORECASE)


class Named(NamedTuple):
    """A choice, or a group or repeat around a question."""

    name: str
    labels: dict[str, str]
    repeats: bool = False


class Writing(NamedTuple):
    """How an export is written: in names (``None``) or in a language's labels, and what stands between their parts."""

    language: str | None
    group: str = "/"
    choice: str = "/"


@dataclass
class Question:
    """One question; ``labels`` by language ("" is the bare ``label``), ``path`` the groups and repeats around it.

    ``column`` is its name in a table: behind its groups where two questions of the table share a name; ``sometimes``,
    the names of choices that not every version of the form has.
    """

    name: str
    type: str
    labels: dict[str, str]
    path: tuple[Named, ...]
    list_name: str | None = None
    choices: list[Named] = field(default_factory=list)
    column: str = ""
    sometimes: set[str] = field(default_factory=set)

    @property
    def repeat(self) -> str:
        """Name of the innermost repeat around it; "" in the main table."""
        return next((block.name for block in reversed(self.path) if block.repeats), "")

    def groups(self, language: str | None) -> list[str]:
        """What the groups and repeats around it are called in a language."""
        return [written(block, language) for block in self.path]

    def options(self, language: str | None) -> dict[str, set[str]]:
        """What a choice is called in a language → the names that it can stand for."""
        found = defaultdict(set)
        for choice in self.choices:
            found[written(choice, language)].add(choice.name)
        return found


@dataclass(frozen=True)
class Form:
    """What a form asks, read from its XLSForm.

    Attributes
    ----------
    questions : tuple of Question
    choices : dict
        List → choice name → language → label; of a name that is there twice, the first.
    """

    questions: tuple[Question, ...]
    choices: dict[str, dict[str, dict[str, str]]]

    @cached_property
    def languages(self) -> list[str]:
        """Of the labels; "" is the bare ``label``."""
        labels = chain((q.labels for q in self.questions), *(one.values() for one in self.choices.values()))
        return list(dict.fromkeys(chain.from_iterable(labels)))

    @cached_property
    def repeats(self) -> list[str]:
        """Names of the repeats."""
        return list(dict.fromkeys(block.name for q in self.questions for block in q.path if block.repeats))

    @cached_property
    def columns(self) -> dict[str, str]:
        """Every header that names a question or a choice, in names or in any language → its column here."""
        found: dict[str, str] = {}
        for language, group, repeat in product((None, *self.languages), "/-", ("", *self.repeats)):
            headers = self.headers(Writing(language, group), repeat)
            found = {header: min(columns) for header, columns in headers.items()} | found
        return found

    def asked(self, repeat: str) -> list[Question]:
        """The questions of the main table ("") or of one repeat."""
        return [question for question in self.questions if question.repeat == repeat]

    def headers(self, writing: Writing, repeat: str) -> dict[str, set[str]]:
        """Header as written → the columns it can stand for, behind all, some or none of its groups."""
        found = defaultdict(set)
        for question in self.asked(repeat):
            groups, own = question.groups(writing.language), written(question, writing.language)
            for before in (groups[skipped:] for skipped in range(len(groups) + 1)):
                header = writing.group.join([*before, own])
                found[header].add(question.column)
                for beside, column in _beside(question, writing, header, writing.group.join([*before, f"_{own}"])):
                    found[beside].add(column)
        return dict(found)

    def starts(self, writing: Writing, repeat: str) -> dict[str, str]:
        """What a header of a question or choice that the form does not know begins with → what it becomes.

        Groups go; the question that a choice belongs to takes its name.
        """
        found: dict[str, str] = {}
        for groups in (question.groups(writing.language) for question in self.asked(repeat)):
            cuts = combinations(range(len(groups) + 1), 2)
            found |= {writing.group.join([*groups[first:last], ""]): "" for first, last in cuts}
        if writing.choice == "_":  # which names hold as well: needs_count is no choice of needs
            return found
        several = {question.column for question in self.asked(repeat) if question.type == "select_multiple"}
        headers = self.headers(writing, repeat).items()
        known = {header: min(columns) for header, columns in headers if len(columns) == 1 and columns <= several}
        return found | {f"{header}{writing.choice}": f"{column}/" for header, column in known.items()}


def _beside(question: Question, writing: Writing, header: str, hidden: str) -> Iterator[tuple[str, str]]:
    """Headers of the columns beside a question's → what they are here; ``hidden`` is its header behind a ``_``."""
    column = question.column
    if question.type == "select_multiple":
        for (label, names), separator in product(question.options(writing.language).items(), {writing.choice, "/"}):
            yield from ((f"{header}{separator}{label}", f"{column}/{name}") for name in names)
    elif question.type == "geopoint":
        yield from ((f"{hidden}_{part}", f"_{column}_{part}") for part in _WORDS["gps"])
        yield from ((f"{header}-{part}", f"{column}-{part}") for part in ODK_GPS)
    elif question.type in _WORDS["media"]:
        yield f"{header}_URL", f"{column}_URL"


def clean(text: str) -> str:
    """One space between words, none around them, accents composed."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def written(one: Question | Named, language: str | None) -> str:
    """Its label in a language, or its name: as exporters do where a label is lacking."""
    return one.labels.get(language, one.name) if language is not None else one.name


def read_form(path: Path) -> Form:
    """Read an XLSForm.

    Raises
    ------
    SourceError
        It has no sheet "survey" with the columns type and name.
    """
    sheets = {grid.title.strip().lower(): _records(grid) for grid in File(path).grids}
    none = not any({"type", "name"} <= set(row) for row in sheets.get("survey", []))
    refuse_if(none, path, 'this is no XLSForm: expected a sheet "survey" with the columns type and name.')
    lists = defaultdict(list)
    for row in [*sheets.get("choices", []), *sheets.get("external_choices", [])]:
        if row.get("list_name") and row.get("name"):
            lists[row["list_name"]].append(Named(row["name"], _labels(row)))
    questions = tuple(_questions(sheets["survey"], lists))
    times = Counter((question.repeat, question.name) for question in questions)
    for one in questions:  # where two share a name, behind its groups as far as its repeat
        groups = [block.name for block in takewhile(lambda block: not block.repeats, reversed(one.path))]
        one.column = one.name if times[one.repeat, one.name] == 1 else "/".join([*reversed(groups), one.name])
    return Form(questions, {title: {one.name: one.labels for one in reversed(rows)} for title, rows in lists.items()})


def together(versions: list[Form], headers: list[str]) -> Form:
    """The version that most of some headers are of, with the questions and choices that only others have."""
    first, *others = sorted(versions, key=lambda form: -sum(header in form.columns for header in headers))
    questions, choices = {(one.repeat, one.column): one for one in first.questions}, dict(first.choices)
    for form in others:
        for one in form.questions:
            known = questions.setdefault((one.repeat, one.column), one)
            known.sometimes |= {choice.name for choice in known.choices} ^ {choice.name for choice in one.choices}
            known.choices = known.choices + [choice for choice in one.choices if choice not in known.choices]
            if {one.type, known.type} == {"select_one", "select_multiple"}:
                known.type = "select_multiple"
        choices = {name: form.choices.get(name, {}) | choices.get(name, {}) for name in (*choices, *form.choices)}
    return Form(tuple(questions.values()), choices)


def _questions(rows: list[dict[str, str]], lists: dict[str, list[Named]]) -> Iterator[Question]:
    """The questions in order; adds the choice "other" to the lists of those that take another answer."""
    around: list[Named] = []
    for row in rows:
        kind, name = row.get("type", ""), row.get("name", "")
        if not kind or row.get("disabled", "").lower() in ("yes", "true", "true()"):
            continue
        if block := _BLOCK.fullmatch(kind):
            own = Named(name, _labels(row), block[2].lower() in _WORDS["repeats"])
            around = [*around, own] if block[1].lower() == "begin" else around[:-1]
        elif name or kind == "audit":
            yield from _asked(Question(name or "audit", kind, _labels(row), tuple(around)), lists)


def _asked(question: Question, lists: dict[str, list[Named]]) -> Iterator[Question]:
    """A question, its type as here, and the one that asks which other answer is meant."""
    kind = question.type
    command, _, list_name = _OTHER.sub("", kind).rpartition(" ")
    select = _WORDS["selects"].get(command.lower().replace(" ", "_"))
    question.type = select or _WORDS["types"].get(kind, kind)
    if select:
        question.list_name, question.choices = list_name, lists.get(list_name, [])
    yield question
    if select and _OTHER.search(kind):
        if all(choice.name != "other" for choice in question.choices):
            question.choices.append(Named("other", {}))
        yield Question(f"{question.name}_other", "text", {}, question.path)


def _labels(row: dict[str, str]) -> dict[str, str]:
    return {key.partition("::")[2]: text for key, text in row.items() if key == "label" or key.startswith("label::")}


def _records(grid: Grid) -> list[dict[str, str]]:
    keys = [_key(header, "::" if any("::" in one for one in grid.header) else ":") for header in grid.header]
    rows = grid.top(len(grid.cells))[1:]
    return [{key: clean(text) for key, text in zip(keys, row, strict=True) if key and text} for row in rows]


def _key(header: str, colons: str) -> str:
    """``Label :: English`` and, where no header has two colons, ``label:English`` → ``label::English``."""
    first, _, language = (part.strip() for part in header.partition(colons))
    first = "_".join(first.lower().split())
    first = _WORDS["columns"].get(first, first)
    return f"{first}::{clean(language)}" if language else first

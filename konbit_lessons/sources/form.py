"""An XLSForm workbook → Form: the questions with their groups, types and labels, and the choices of each list."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from konbit_lessons.errors import SourceError
from konbit_lessons.sources import guard
from konbit_lessons.sources.grids import Grid, read_grids


@dataclass(frozen=True)
class Question:
    """One question: ``path`` holds the names of its groups, ``labels`` its label in each language."""

    name: str
    type: str
    list_name: str | None
    labels: dict[str, str]
    path: tuple[str, ...]
    path_labels: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Form:
    """What a form asks, read from its XLSForm."""

    questions: tuple[Question, ...]
    choices: dict[str, dict[str, dict[str, str]]]  # list → choice name → language → label

    @cached_property
    def columns(self) -> dict[str, str]:
        """Every way an exporter can write a column's header → the column's name here.

        A question is ``name``, or ``group/name`` when two questions share a name; a choice of a select_multiple is
        ``name/choice``.
        """
        names = [question.name for question in self.questions]
        headers: dict[str, str] = {}
        for question in self.questions:
            column = question.name if names.count(question.name) == 1 else "/".join([*question.path, question.name])
            for written in _spellings(question):
                headers.setdefault(written, column)
                if question.type == "select_multiple":
                    for choice, labels in self.choices.get(question.list_name or "", {}).items():
                        for label in (choice, *labels.values()):
                            headers.setdefault(f"{written}/{label}", f"{column}/{choice}")
        return headers

    @cached_property
    def selects(self) -> dict[str, Question]:
        """Column name → its question, for select_one and select_multiple."""
        by_name = {self.columns["/".join([*q.path, q.name])]: q for q in self.questions}
        return {column: q for column, q in by_name.items() if q.type.startswith("select_")}

    def decode(self, column: str) -> dict[str, str]:
        """Label in any language, or name → name, for the choices of a select question."""
        choices = self.choices.get(self.selects[column].list_name or "", {})
        labels = {label.strip(): name for name, by_language in choices.items() for label in by_language.values()}
        return labels | {name: name for name in choices}


def read_form(path: Path) -> Form:
    """Read an XLSForm.

    Raises
    ------
    SourceError
        It has no sheet "survey" with the columns type and name.
    """
    guard.check(path)
    sheets = {grid.title.lower(): _records(grid) for grid in read_grids(path)[0]}
    if "survey" not in sheets or not all({"type", "name"} <= set(row) for row in sheets["survey"][:1]):
        raise SourceError(f'{path.name}: this is no XLSForm: expected a sheet "survey" with the columns type and name.')
    choices: dict[str, dict[str, dict[str, str]]] = {}
    for row in sheets.get("choices", []):
        if row.get("list_name") and row.get("name"):
            choices.setdefault(row["list_name"].strip(), {})[row["name"].strip()] = _labels(row)
    return Form(tuple(_questions(sheets["survey"])), choices)


def _questions(rows: list[dict[str, str | None]]) -> list[Question]:
    questions, groups = [], []
    for row in rows:
        kind, _, rest = (
            " ".join((row.get("type") or "").split())
            .replace("_group", " group")
            .replace("_repeat", " repeat")
            .partition(" ")
        )
        name = (row.get("name") or "").strip()
        if kind == "begin":
            groups.append((name, _labels(row)))
        elif kind == "end" and rest in ("group", "repeat"):
            groups.pop()
        elif kind:
            list_name = rest.split(" ")[0] if kind.startswith("select_") else None
            path, path_labels = tuple(group[0] for group in groups), tuple(group[1] for group in groups)
            questions.append(Question(name, kind, list_name, _labels(row), path, path_labels))
    return questions


def _spellings(question: Question) -> list[str]:
    """Name and labels, alone and behind groups joined by ``/`` (Kobo) or ``-`` (ODK Central), as they are exported."""
    written = [question.name, *question.labels.values()]
    groups = "/".join(question.path)
    behind = [f"{groups}/{question.name}", f"{'-'.join(question.path)}-{question.name}"] if groups else []
    languages = list(question.labels)
    for language, group_language in product(languages, languages):
        labels = [
            labels.get(group_language, name) for name, labels in zip(question.path, question.path_labels, strict=True)
        ]
        behind.append("/".join([*labels, question.labels[language]]))
    return list(dict.fromkeys(" ".join(text.split()) for text in written + behind if text))


def _labels(row: dict[str, str | None]) -> dict[str, str]:
    return {key: " ".join(text.split()) for key, text in row.items() if key.startswith("label") and text}


def _records(grid: Grid) -> list[dict[str, str | None]]:
    return [dict(zip(grid.header, row, strict=True)) for row in grid.top(len(grid.cells))[1:]]

"""The one table of a study → a first [study]: what its columns hold, and what only its author can say, marked OPEN.

For a folder in which one file is that feeds no table of a programme. ``study.toml.j2`` holds the text.
"""

from collections.abc import Iterator

from konbit_lessons.field.draft.evidence import Column, vocabulary
from konbit_lessons.field.draft.folder import Unit
from konbit_lessons.field.draft.ways import line, toml
from konbit_lessons.field.draft.writing import template
from konbit_lessons.field.study import MOST_CODED, as_yes_no
from konbit_lessons.field.values import WRITING, folded

FEWEST_ROWS = 20  # a table of fewer is no study


def is_study(units: list[Unit]) -> bool:
    """Whether a folder holds one table, of enough rows to ask something of."""
    return len(units) == 1 and len(units[0].parts) == 1 and units[0].rows >= FEWEST_ROWS


def study_text(unit: Unit, *, table: str) -> str:
    """The whole file; ``table`` is where the table lies, as seen from it."""
    columns = [one for one in unit.columns.values() if not (one.given or one.blank)]
    called = {what: [one for one in columns if _is_called(one, words)] for what, words in vocabulary()["study"].items()}
    compared = called["treatment"] or [one for one in columns if one.kinds and _control(one.counts.index)]
    lines = [one for column in columns for one in _asked(column, column in compared)]
    found = {"compared": compared, "groups": called["group"], "columns": columns, "lines": lines, "table": table}
    return template("study.toml.j2").render(found).rstrip() + "\n"


def _is_called(column: Column, words: list[str]) -> bool:
    return bool({*folded(column.header).replace("_", " ").split()} & {*words})


def _control(levels) -> list[str]:
    return [one for one in levels if {*folded(one).split()} & {*WRITING["control"]}]


def _asked(column: Column, is_compared: bool) -> Iterator[str]:
    """A line for each thing that cannot be told from the values: codes for nothing, for kinds, and which is yes."""
    usual, counts, name = WRITING["missing"], column.counts, toml(column.header)
    nothing = [one for one in counts.index if one in usual["numbers"] or folded(one) in usual["texts"]]
    if nothing:
        told = ", ".join(f'"{one}" in {counts[one]} rows' for one in nothing)
        yield line(f"# missing.{name} = {toml(nothing)}", f"OPEN: {told}: nothing known? [] if they are values")
    levels = [one for one in counts.index if one not in nothing]
    numbers = sorted(int(one) for one in levels) if all(one.isdigit() for one in levels) else []
    if 3 <= len(numbers) <= MOST_CODED and numbers == [*range(numbers[0], numbers[-1] + 1)] and numbers[0] in (0, 1):
        of = f"OPEN: {name} has {', '.join(map(str, numbers))}: names of kinds? If an amount: step.{name} = 1"
        yield line(f"# kinds = [{name}]", of)
    elif column.kinds and is_compared and as_yes_no(levels) is None:
        against = toml((_control(levels) or levels)[0])
        yield line(f"reference.{name} = {against}", f"OPEN: the one of {', '.join(levels)} that others are against")
    elif column.kinds and len(levels) == 2 and as_yes_no(levels) is None:
        yield line(f"# yes.{name} = [{toml(levels[0])}]", f"OPEN: if it is the outcome, or one of {name} is yes")

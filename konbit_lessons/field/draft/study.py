"""The one table of a study → a first [study]: what its columns hold, and what only its author can say, marked OPEN.

For a folder in which one file is that feeds no table of a programme. ``study.toml.j2`` holds the text.
"""

from collections.abc import Iterable

from konbit_lessons.field.draft.evidence import Column, vocabulary
from konbit_lessons.field.draft.folder import Unit
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
    said = {one: {*folded(one.header).replace("_", " ").split()} for one in columns}
    called = {what: [one for one in columns if said[one] & {*words}] for what, words in vocabulary()["study"].items()}
    compared = called["treatment"] or [one for one in columns if one.kinds and _control(one.counts.index)]
    about = {"columns": {one: _about(one) for one in columns}, "groups": called["group"], "table": table}
    return template("study.toml.j2").render(about, compared=compared).rstrip() + "\n"


def _control(levels: Iterable[str]) -> list[str]:
    return [one for one in levels if {*folded(one).split()} & {*WRITING["control"]}]


def _about(column: Column) -> dict:
    """What cannot be told from the values of a column: codes for nothing, numbers of kinds, kinds that are no yes."""
    usual = WRITING["missing"]
    nothing = [one for one in column.counts.index if one in usual["numbers"] or folded(one) in usual["texts"]]
    levels = [one for one in column.counts.index if one not in nothing]
    numbers = sorted(int(one) for one in levels) if all(one.isdigit() for one in levels) else []
    in_a_row = 3 <= len(numbers) <= MOST_CODED and numbers == [*range(numbers[0], numbers[-1] + 1)] and numbers[0] < 2
    kinds = levels if column.kinds and as_yes_no(levels) is None else []
    return {"nothing": nothing, "codes": numbers * in_a_row, "kinds": kinds, "first": (_control(levels) or levels)[:1]}

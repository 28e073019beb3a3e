"""SurveyCTO exports: a CSV, or one per repeat in the long format → tables named by question.

A select_multiple is a space-joined column and one ``question_choice`` column of 0 and 1 per choice. ``SubmissionDate``
is written in the server's words (``Jan 5, 2017 4:20:01 PM``) and stays so.
"""

from konbit_lessons.field.sources import keyed
from konbit_lessons.field.sources.choices import agreeing, blank_unanswered
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Writing
from konbit_lessons.field.sources.grids import Grid
from konbit_lessons.field.sources.questions import by_form, by_values
from konbit_lessons.field.sources.raw import Asked, Frame


def recognizes(file: File) -> bool:
    return any(is_export(grid) for grid in file.grids)


def is_export(grid: Grid) -> bool:
    """The submissions, or the entries of a repeat in the long format."""
    sets = any(header.startswith("SET-OF-") for header in grid.header)
    return "KEY" in grid.header and ("formdef_version" in grid.header or (sets and "PARENT_KEY" in grid.header))


def read(file: File, asked: Asked) -> tuple[dict[str, Frame], list[str]]:
    found, notices = keyed.frames(file)
    tables = {}
    for name, (rows, title) in found.items():
        if asked.form:
            rows, more = by_form(
                rows, asked.form, keyed.repeat(name, rows, file, asked.form), [Writing(None, "-", "_")]
            )
            notices += more
        else:
            rows = by_values(rows, "/", agreeing(rows, "_"))
        tables[name] = Frame(blank_unanswered(rows), title)
    return tables, notices

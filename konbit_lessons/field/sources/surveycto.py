"""SurveyCTO exports: a CSV, or one per repeat in the long format → tables named by question.

A select_multiple is a space-joined column and one ``question_choice`` column of 0 and 1 per choice. ``SubmissionDate``
is written in the server's words (``Jan 5, 2017 4:20:01 PM``) and stays so.
"""

from konbit_lessons.field.sources import keyed
from konbit_lessons.field.sources.choices import agreeing
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Writing
from konbit_lessons.field.sources.questions import by_values
from konbit_lessons.field.sources.raw import Asked, Grid, Read


def recognizes(file: File) -> bool:
    """Whether a table is one of SurveyCTO's."""
    return any(is_export(grid) for grid in file.grids)


def is_export(grid: Grid) -> bool:
    """Whether it holds submissions, or the entries of a repeat in the long format."""
    sets = any(header.startswith("SET-OF-") for header in grid.header)
    return "KEY" in grid.header and ("formdef_version" in grid.header or (sets and "PARENT_KEY" in grid.header))


def read(file: File, asked: Asked) -> Read:
    """The submissions and the entries of each repeat."""
    return keyed.read(file, asked, Writing(None, "-", "_"), lambda rows: by_values(rows, "/", agreeing(rows, "_")))

"""ODK Central exports: a CSV, CSVs side by side, or their zip → tables named by question.

Unlike Kobo, groups join with ``-`` and the choices of an unanswered question are 0: they are blanked where the joined
column is empty.
"""

from konbit_lessons.field.sources import keyed, surveycto
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Writing
from konbit_lessons.field.sources.questions import by_values
from konbit_lessons.field.sources.raw import Asked, Read


def recognizes(file: File) -> bool:
    """Whether a table holds submissions, or entries of a repeat, and SurveyCTO wrote none of them."""
    headers = [set(grid.header) for grid in file.grids if not surveycto.is_export(grid)]
    return any({"KEY", "SubmissionDate", "SubmitterID"} <= one or {"KEY", "PARENT_KEY"} <= one for one in headers)


def read(file: File, asked: Asked) -> Read:
    """The submissions and the entries of each repeat; those marked rejected are kept, and counted."""
    tables, notices = keyed.read(file, asked, Writing(None, "-", "/"), lambda rows: by_values(rows, "-"))
    for rows, _ in tables.values():
        rejected = int((rows["ReviewState"] == "rejected").sum()) if "ReviewState" in rows else 0
        if rejected:
            notices.append(f"{rejected} submissions whose ReviewState is rejected are kept: the column says which")
    return tables, notices

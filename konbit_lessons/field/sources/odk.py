"""ODK Central exports: a CSV, CSVs side by side, or their zip → tables named by question.

Unlike Kobo, groups join with ``-`` and the choices of an unanswered question are 0: they are blanked where the joined
column is empty.
"""

from konbit_lessons.field.sources import keyed, surveycto
from konbit_lessons.field.sources.choices import blank_unanswered
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.form import Writing
from konbit_lessons.field.sources.questions import by_form, by_values
from konbit_lessons.field.sources.raw import Asked, Frame


def recognizes(file: File) -> bool:
    headers = [set(grid.header) for grid in file.grids if not surveycto.is_export(grid)]
    return any({"KEY", "SubmissionDate", "SubmitterID"} <= one or {"KEY", "PARENT_KEY"} <= one for one in headers)


def read(file: File, asked: Asked) -> tuple[dict[str, Frame], list[str]]:
    found, notices = keyed.frames(file)
    tables = {}
    for name, (rows, title) in found.items():
        if asked.form:
            repeat = keyed.repeat(name, rows, file, asked.form)
            rows, more = by_form(rows, asked.form, repeat, [Writing(None, "-", "/")])
            notices += more
        else:
            rows = by_values(rows, "-")
        if "ReviewState" in rows and (rows["ReviewState"] == "rejected").any():
            rejected = int((rows["ReviewState"] == "rejected").sum())
            notices.append(f"{rejected} submissions whose ReviewState is rejected are kept: the column says which")
        tables[name] = Frame(blank_unanswered(rows), title)
    return tables, notices

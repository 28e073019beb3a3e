"""ODK Central exports: grids → tables named by question.

Unlike Kobo, groups join with ``-`` and the choices of an unanswered question are 0: they are blanked where the joined
column is empty.
"""

from konbit_lessons.sources.form import Form
from konbit_lessons.sources.grids import Grid
from konbit_lessons.sources.kobo import tidy
from konbit_lessons.sources.raw import Frame, frame_of


def recognizes(header: list[str]) -> bool:
    return {"KEY", "SubmissionDate", "SubmitterID"} <= set(header) or {"KEY", "PARENT_KEY"} <= set(header)


def read(grids: list[Grid], *, form: Form | None, expect: list[str]) -> tuple[dict[str, Frame], list[str]]:
    grid = grids[0]
    frame = tidy(frame_of(grid), form=form, group_separator="-")
    for column in frame.columns[frame.dtypes == "boolean"]:
        question = column.rsplit("/", 1)[0]
        if question in frame:
            frame[column] = frame[column].mask(frame[question].isna())
    return {"main": Frame(frame, grid.title)}, []

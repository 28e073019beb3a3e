"""Microsoft Forms workbooks: the question is the header, and each of several answers ends with ``;``."""

from konbit_lessons.sources.form import Form
from konbit_lessons.sources.grids import Grid
from konbit_lessons.sources.raw import Frame, frame_of


def recognizes(header: list[str]) -> bool:
    return header[:3] == ["ID", "Start time", "Completion time"]


def read(grids: list[Grid], *, form: Form | None, expect: list[str]) -> tuple[dict[str, Frame], list[str]]:
    grid = grids[0]
    frame = frame_of(grid, header=[" ".join(cell.split()) for cell in grid.header])
    answers = frame.columns[5:] if list(frame.columns[3:5]) == ["Email", "Name"] else frame.columns[3:]
    frame[answers] = frame[answers].apply(lambda column: column.str.removesuffix(";"))
    return {"main": Frame(frame, grid.title)}, []

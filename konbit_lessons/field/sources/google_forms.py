"""Google Forms, as CSV or as the sheet behind a form: ``Timestamp`` and the text of each question.

Several answers are joined by ``, `` while an option may itself contain a comma: they are split only where the options
are given.
"""

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.joined import split_options
from konbit_lessons.field.sources.raw import Asked, Frame, frame_of

MARKS = ("Timestamp", "Horodateur", "Marca temporal")


def recognizes(file: File) -> bool:
    return file.grids[0].header[0] in MARKS


def read(file: File, asked: Asked) -> tuple[dict[str, Frame], list[str]]:
    tables, notices = {}, []
    for grid in file.grids:
        frame = frame_of(grid, header=[" ".join(cell.split()) for cell in grid.header])
        if not tables:
            frame, notices = split_options(frame, asked.options, ", ")
        tables["main" if not tables else grid.title] = Frame(frame, grid.title)
    return tables, notices

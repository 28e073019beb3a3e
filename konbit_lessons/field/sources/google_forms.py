"""Google Forms, as CSV or as the sheet behind a form: ``Timestamp`` and the text of each question.

Several answers are joined by ``, `` while an option may itself contain a comma: they are split only where the options
are given.
"""

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.joined import split_options
from konbit_lessons.field.sources.raw import Asked, Frame, Read, frame_of
from konbit_lessons.field.sources.words import WORDS


def recognizes(file: File) -> bool:
    """Whether the first column is the time of the answers."""
    return file.grids[0].header[0] in WORDS["google_forms"]["timestamp"]


def read(file: File, asked: Asked) -> Read:
    """The answers, and what other sheets hold."""
    frames = [frame_of(grid, header=grid.titles) for grid in file.grids]
    main, notices = split_options(frames[0], asked.options, ", ")
    others = {grid.title: Frame(rows, grid.title) for grid, rows in zip(file.grids[1:], frames[1:], strict=True)}
    return {"main": Frame(main, file.grids[0].title), **others}, notices

"""Microsoft Forms workbooks: the question is the header, and each of several answers ends with ``;``."""

import pandas as pd

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.joined import split_options
from konbit_lessons.field.sources.raw import Asked, Frame, frame_of

MARKS = (  # in the languages of the programme
    ("ID", "Start time", "Completion time"),
    ("ID", "Heure de début", "Heure de fin"),
    ("ID", "Hora de inicio", "Hora de finalización"),
)
_RESPONDENT = ("email", "name", "last modified time", "language", "adresse de messagerie", "nom")


def recognizes(file: File) -> bool:
    return tuple(file.grids[0].header[:3]) in MARKS


def read(file: File, asked: Asked) -> tuple[dict[str, Frame], list[str]]:
    grid = file.grids[0]
    frame = frame_of(grid, header=[" ".join(cell.split()) for cell in grid.header])
    several = [
        column
        for column in frame.columns[3:]
        if column.lower() not in _RESPONDENT and _each_ends_with_a_semicolon(frame[column])
    ]
    frame = frame.assign(**{column: frame[column].str.strip().str.removesuffix(";") for column in several})
    seen = {column: frame[column].dropna().str.split(";").explode().unique().tolist() for column in several}
    options = seen | asked.options
    frame, notices = split_options(frame, options, ";")
    others = {other.title: Frame(frame_of(other), other.title) for other in file.grids[1:]}
    return {"main": Frame(frame, grid.title), **others}, notices


def _each_ends_with_a_semicolon(cells: pd.Series) -> bool:
    answers = cells.dropna().str.strip()
    return len(answers) > 0 and answers.str.endswith(";").all()

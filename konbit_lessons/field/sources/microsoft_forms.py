"""Microsoft Forms workbooks: the question is the header, and each of several answers ends with ``;``."""

import pandas as pd

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.joined import split_options
from konbit_lessons.field.sources.raw import Asked, Frame, Read, frame_of
from konbit_lessons.field.sources.words import WORDS

_WORDS = WORDS["microsoft_forms"]


def recognizes(file: File) -> bool:
    """Whether the first columns are those of every such workbook, in a language that is known."""
    return file.grids[0].header[:3] in _WORDS["first"]


def read(file: File, asked: Asked) -> Read:
    """The answers, and what other sheets hold."""
    grid, *others = file.grids
    frame = frame_of(grid, header=grid.titles)
    asked_for = [column for column in frame.columns[3:] if column.lower() not in _WORDS["respondent"]]
    several = [column for column in asked_for if _each_ends_with_a_semicolon(frame[column])]
    frame = frame.assign(**{column: frame[column].str.strip().str.removesuffix(";") for column in several})
    seen = {column: frame[column].dropna().str.split(";").explode().unique().tolist() for column in several}
    frame, notices = split_options(frame, seen | asked.options, ";")
    tables = {other.title: Frame(frame_of(other), other.title) for other in others}
    return {"main": Frame(frame, grid.title), **tables}, notices


def _each_ends_with_a_semicolon(cells: pd.Series) -> bool:
    answers = cells.dropna().str.strip()
    return len(answers) > 0 and answers.str.endswith(";").all()

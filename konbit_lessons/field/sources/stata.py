"""Stata files (.dta)."""

import pyreadstat

from konbit_lessons.field.sources import value_labels
from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.raw import Asked, Frame


def read(file: File, asked: Asked) -> tuple[dict[str, Frame], list[str]]:
    return value_labels.read(file.path, pyreadstat.read_dta)

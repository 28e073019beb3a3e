"""What is wrong with the data and nobody has decided: what is new since an evaluator was last told, and what is gone.

What was told is kept beside the cleaned tables, by what tells a record from others wherever its row stands.
"""

import json
from contextlib import suppress
from typing import NamedTuple

import pandas as pd

from konbit_lessons.field.cleaning import Data, corrections
from konbit_lessons.field.cleaning.decisions import CODE
from konbit_lessons.field.cleaning.record import SETTLED
from konbit_lessons.field.programme import Programme
from konbit_lessons.publish import published

TOLD = ".told.json"  # beside the cleaned tables


class News(NamedTuple):
    """What to tell of the data.

    Attributes
    ----------
    gone : list of str
        A line for each file that was there, with the rows that hung on it.
    new, known : list of str
        A line for each problem that was not told before, and that was.
    settled : int
        How many rows and values were set aside as somebody decided.
    told : dict
        What to keep in mind: the ``problems`` and the ``files``.
    """

    gone: list[str]
    new: list[str]
    known: list[str]
    settled: int
    told: dict


def news(data: Data) -> News:
    """What is new since the last time, and what is not."""
    problems, files, told = _problems(data), _files(data), {"problems": [], "files": {}}
    with suppress(FileNotFoundError, json.JSONDecodeError):
        told = json.loads((data.programme.processed / TOLD).read_text(encoding="utf-8"))
    new, known = ([line for key, line in problems.items() if (key in told["problems"]) is one] for one in (False, True))
    hung = {name: [f"{rows} rows of {table}" for table, rows in of.items()] for name, of in told["files"].items()}
    lines = [f"{one} was there and is gone, with {' and '.join(of)}." for one, of in hung.items() if one not in files]
    settled = len(data.set_aside) - len(_unsettled(data))
    return News(lines, new, known, settled, {"problems": sorted(problems), "files": files})


def keep_told(programme: Programme, found: News) -> None:
    """Keep what was told, so that next time what is new comes first."""
    published(programme.processed / TOLD, json.dumps(found.told, indent=1, ensure_ascii=False))


def _files(data: Data) -> dict[str, dict[str, int]]:
    """File → table → how many of its rows were kept."""
    kept = data.counts.groupby(["source", "table"], sort=True)["kept"].sum()
    return {name: {table: int(rows) for (_, table), rows in of.items()} for name, of in kept.groupby("source")}


def _problems(data: Data) -> dict[str, str]:
    """What tells a problem from others → a line about it."""
    undeclared = f"{data.programme.path.name}, ["  # declared there, and in no file
    empty = [one for one in data.notices if one.endswith("there is a header but no rows") or one.startswith(undeclared)]
    found = {one: one for one in empty}
    for one in _unsettled(data).itertuples():
        sheet, what = f", sheet {one.sheet}" * bool(one.sheet), f'found "{one.value}"; ' * bool(one.value)
        line = f'{one.source}{sheet}, row {one.row}, column "{one.column}": {what}{one.reason}.'
        record = one.record_id or f"{one.source}, {one.sheet}, {one.row}"
        key = " · ".join([one.table, record, one.column, one.value, one.reason])
        found[key if key not in found else f"{key} · {one.source}, {one.sheet}, {one.row}"] = line
    for one in data.questions[data.questions["question"] == CODE].itertuples():
        found[one.typed] = f"{one.where_it_stands}: {one.typed} has the code of {one.name_1}; asked in the review."
    return found


def _unsettled(data: Data) -> pd.DataFrame:
    """What was set aside without anybody having decided so, in the review or by a correction."""
    log, place = data.cleaning_log, ["source", "sheet", "row", "column"]
    aside = data.set_aside.loc[_not_among(data.set_aside[place], log.loc[log["check"].isin(SETTLED), place])]
    left = corrections.left_as_it_is(data.programme)
    return aside.loc[_not_among(aside[[*left]], left)]


def _not_among(rows: pd.DataFrame, others: pd.DataFrame) -> list[bool]:
    """Whether each row is none of others that have the same columns."""
    there = {*others.astype("str").itertuples(index=False, name=None)}
    return [row not in there for row in rows.astype("str").itertuples(index=False, name=None)]

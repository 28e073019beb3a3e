"""What an exporter says of a record beside its answers: which other row is the same record, and whether it counts.

A submission that was edited on the server stands in a later export as it is now: the last word counts, whoever says
more. What a reviewer rejected does not count unless programme.toml says so, nor what could not be decrypted.
"""

import re

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.field.cleaning.record import ALL, Record
from konbit_lessons.field.messages import message
from konbit_lessons.field.sources.form import clean
from konbit_lessons.field.sources.raw import WORDS
from konbit_lessons.field.values import as_text, distinct_of, kept

ID, REVIEW, EDITS, STATUS = "_id ", "_review ", "_edits ", "_status "  # before the header of such a column
CAME = "_came"  # the day on which a row was submitted; missing where nothing tells
CHECK, REVIEWED = "later version", "review"
EDITED = "it is in a later export again, as it was edited"
_DAY_IN_NAME = re.compile(r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?\d\d)*")


def columns_of(frame: pd.DataFrame, kind: str, rejected_count: bool) -> dict[str, str]:
    """What its columns are called here → the headers in a frame that tell records apart, or what became of them."""
    versions, review = WORDS["versions"], WORDS["review"]
    wanted = {} if rejected_count else {REVIEW: review["columns"]}
    if kind != "sheet":
        wanted |= {ID: versions["records"], EDITS: versions["edits"], STATUS: review["encrypted"]}
    return {sign + header: header for sign, headers in wanted.items() for header in headers if header in frame}


def readable(text: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """The rows of a source without those that could not be decrypted."""
    for name in [name for name in text if name.startswith(STATUS)]:
        words = WORDS["review"]["encrypted"][name.removeprefix(STATUS)]
        text = _without(text, name, words, schema, record, check="needed value", reason=message("encrypted"))
    return text


def that_count(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """The typed rows of a table without earlier versions of a record, nor those that a reviewer rejected."""
    rows, rejected = _last_words(rows, schema, record), WORDS["review"]["rejected"]
    for name in [name for name in rows if name.startswith(REVIEW)]:
        rows = _without(rows, name, rejected, schema, record, check=REVIEWED, reason=message("rejected"))
    return rows.drop(columns=[name for name in rows if name.startswith((ID, REVIEW, EDITS, CAME))])


def _without(rows: pd.DataFrame, name: str, words: list, schema: pa.DataFrameSchema, record: Record, **why):
    out = rows[name].isin([one for one in distinct_of(rows[name])[1] if clean(one).casefold() in words])
    record.set_aside(rows[out], schema.name, name.partition(" ")[2], rows[name], **why)
    _note(rows[out], why["reason"], record)
    return kept(rows, ~out)


def _note(rows: pd.DataFrame, reason: str, record: Record) -> None:
    for file, count in rows["source"].astype("str").value_counts(sort=False).items():
        record.notices.append(f"{file}: {count} rows set aside, each since {reason}")


def _last_words(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """Of each record that stands in several files, the rows of the export with its last word."""
    if len({*rows["source"].unique()}) < 2:
        return rows
    of_record = [name for name, one in schema.columns.items() if one.metadata.get("of_record")]
    content, key = [name for name in schema.columns if name not in of_record], " + ".join(schema.metadata["key"]) or ALL
    day, gone = tables.day_of(schema), pd.Series(False, index=rows.index)
    for name in of_record:  # files may number their records alike: an edit keeps the day
        rows = rows.assign(**{ID + name: rows[name].astype("str") + rows[day].astype("str").fillna("")})
    came = rows[CAME].fillna(pd.Timestamp(0)).groupby(rows["source"], observed=True).transform("max")
    rows = rows.assign(**{CAME: came})  # the last day of its file
    for name in [name for name in rows if name.startswith(ID)]:
        later = _later(rows[~gone], name)
        before, after = (as_text(rows.loc[which]) for which in ([*later], [*later.values()]))
        texts, others = (one[content].astype("str").fillna("").to_numpy() for one in (before, after))
        same, why = (texts == others).all(axis=1), (f"{EDITED}: " + after["source"]).set_axis(before.index)
        record.set_aside(before[same], schema.name, key, "", check="double entry", reason=message("same_record"))
        record.set_aside(before[~same], schema.name, key, "", check=CHECK, reason=why[~same])
        _note(before[~same], EDITED, record)
        gone[[*later]] = True
    return kept(rows, ~gone)


def _later(rows: pd.DataFrame, name: str) -> dict[int, int]:
    """Each row of which a later export has the record as well, and such a row there."""
    rows = as_text(rows[rows[name].notna() & rows[name].duplicated(keep=False)])
    order, found = _order(rows), {}
    for those in rows.groupby(name).groups.values():
        dated = all(order[row][1] for row in those)  # else no day in a name counts
        place = {row: (order[row][0], order[row][1] * dated, *order[row][2:]) for row in those}
        last = max(those, key=place.get)
        found |= {row: last for row in those if place[row] < place[last]}
    return found


def _order(rows: pd.DataFrame) -> dict[int, tuple]:
    """What tells which export of a row is later: edits; the day in its file's name, its last submission, its name."""
    edits = pd.Series(0.0, index=rows.index)
    for name in [name for name in rows if name.startswith(EDITS)]:
        edits = pd.to_numeric(rows[name], errors="coerce").fillna(edits)
    told = {}
    for file in rows["source"].unique():
        day, parts = _DAY_IN_NAME.search(file.rpartition("/")[2]), re.split(r"(\d+)", file)
        told[file] = (re.sub(r"\D", "", day[0]) if day else ""), tuple(part.zfill(12) for part in parts)
    each = zip(rows.index, edits, rows[CAME], map(told.get, rows["source"]), strict=True)
    return {row: (edit, day, came, name) for row, edit, came, (day, name) in each}

"""What an exporter says of a record beside its answers: which other row is the same record, and whether it counts.

A submission that was edited on the server stands in a later export as it is now: the last word counts, whoever says
more. What a reviewer rejected does not count unless programme.toml says so, nor what could not be decrypted.
"""

import re

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.field.cleaning.record import ALL, Record
from konbit_lessons.field.sources.form import clean
from konbit_lessons.field.sources.raw import WORDS
from konbit_lessons.field.values import as_text, distinct_of, kept

ID, REVIEW, EDITS, STATUS = "_id ", "_review ", "_edits ", "_status "  # before the header of such a column
CAME = "_came"  # the day on which a row was submitted; missing where nothing tells
CHECK, REVIEWED = "later version", "review"
REJECTED = "a reviewer rejected it: it does not count; rejected_count = true in its [[source]] takes it in"
ENCRYPTED = "it was not decrypted, so that its answers are not there: export it anew with the passphrase"
EDITED, BY_NAME = "it is in a later export again, as it was edited: ", ", later by its name alone"
SAME = "the same record stands there again; one is kept"
_DAY_IN_NAME = re.compile(r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?\d\d)*")


def columns_of(frame: pd.DataFrame, kind: str, rejected_count: bool) -> dict[str, str]:
    """What its columns are called here → the headers in a frame that tell records apart, or what became of them."""
    wanted = {} if rejected_count else {REVIEW: WORDS["review"]["columns"]}
    if kind != "sheet":
        wanted |= {
            ID: WORDS["versions"]["records"],
            EDITS: WORDS["versions"]["edits"],
            STATUS: WORDS["review"]["encrypted"],
        }
    return {sign + header: header for sign, headers in wanted.items() for header in headers if header in frame}


def readable(text: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """The rows of a source without those that could not be decrypted."""
    for name in [name for name in text if name.startswith(STATUS)]:
        words = WORDS["review"]["encrypted"][name.removeprefix(STATUS)]
        text = _without(text, name, words, schema, record, check="needed value", reason=ENCRYPTED)
    return text


def that_count(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """The typed rows of a table without earlier versions of a record, nor those that a reviewer rejected."""
    rows, rejected = _last_words(rows, schema, record), WORDS["review"]["rejected"]
    for name in [name for name in rows if name.startswith(REVIEW)]:
        rows = _without(rows, name, rejected, schema, record, check=REVIEWED, reason=REJECTED)
    return rows.drop(columns=[name for name in rows if name.startswith((ID, REVIEW, EDITS, CAME))])


def _without(rows: pd.DataFrame, name: str, words: list, schema: pa.DataFrameSchema, record: Record, **why):
    said = [one for one in distinct_of(rows[name])[1] if clean(one).casefold() in words]
    out = rows[name].isin(said)
    record.set_aside(rows[out], schema.name, name.partition(" ")[2], rows[name], **why)
    return kept(rows, ~out)


def _last_words(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """Of each record that stands in several files, the rows of the export with its last word."""
    of_record = [name for name, one in schema.columns.items() if one.metadata.get("of_record")]
    ids = [*(name for name in rows if name.startswith(ID)), *of_record]
    if not ids or rows["source"].nunique() < 2:
        return rows
    files, content = _exports(rows), [name for name in schema.columns if name not in of_record]
    gone, about = pd.Series(False, index=rows.index), (schema.name, " + ".join(schema.metadata["key"]) or ALL, "")
    for name in ids:
        later = _later(rows.loc[~gone, name].dropna().astype("str"), files)
        before, after = (as_text(rows.loc[which]) for which in (later.index, later))
        texts, others = (one[content].astype("str").fillna("").to_numpy() for one in (before, after))
        same = (texts == others).all(axis=1)
        alone = files["told"][later.index].array == files["told"][later].array
        why = (EDITED + after["source"] + pd.Series(alone, after.index).map({True: BY_NAME, False: ""})).array
        record.set_aside(before[same], *about, check="double entry", reason=SAME)
        record.set_aside(before[~same], *about, check=CHECK, reason=pd.Series(why, before.index)[~same])
        gone[later.index] = True
    return kept(rows, ~gone)


def _later(record_of: pd.Series, files: pd.DataFrame) -> pd.Series:
    """For each row of which a later export has the record as well, such a row there."""
    those = files.loc[record_of.index]
    dated = those["day"].ne("").groupby(record_of).transform("all")
    order = those["edits"] * len(files) + those["by_day"].where(dated, those["by_last"])
    last = order.groupby(record_of).transform("idxmax")
    return last[order < order[last].array]


def _exports(rows: pd.DataFrame) -> pd.DataFrame:
    """For each row the place of its file in the order of exports, by the day in its name and by its last submission."""
    source = rows["source"].astype("str")
    files = rows[CAME].groupby(source).max().dt.strftime("%Y%m%d").fillna("").rename("last").to_frame()
    days = {one: _DAY_IN_NAME.search(one.rpartition("/")[2]) for one in files.index}
    files["day"] = [re.sub(r"\D", "", days[one][0]) if days[one] else "" for one in files.index]
    names = [tuple(part.zfill(12) for part in re.split(r"(\d+)", one)) for one in files.index]
    for by, told in {"by_day": ["day", "last"], "by_last": ["last"]}.items():
        keys = [*zip(*(files[one] for one in told), names, strict=True)]
        files[by] = [sorted(keys).index(key) for key in keys]
    edits = [pd.to_numeric(rows[name].astype("str"), errors="coerce") for name in rows if name.startswith(EDITS)]
    files = files.loc[source].set_axis(rows.index).assign(edits=pd.concat(edits, axis=1).max(axis=1) if edits else 0)
    files["edits"] = files["edits"].fillna(0)
    return files.assign(told=files["day"] + files["last"] + files["edits"].astype("str"))

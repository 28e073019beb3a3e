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
from konbit_lessons.field.values import distinct_of, kept

ID, REVIEW, EDITS, STATUS = "_id ", "_review ", "_edits ", "_status "  # before the header of such a column
CHECK, REVIEWED = "later version", "review"
OUT = {
    REVIEW: (
        REVIEWED,
        "a reviewer rejected it: it does not count; rejected_count = true in its [[source]] takes it in",
    ),
    STATUS: (
        "needed value",
        "it was not decrypted, so that its answers are not there: export it anew with the passphrase",
    ),
}
SAME = "the same record stands there again; one is kept"
_DAY_IN_NAME = re.compile(r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?\d\d)*")


def columns_of(frame: pd.DataFrame, kind: str) -> dict[str, str]:
    """What its columns are called here → the headers in a frame that tell records apart, or what became of them."""
    own = {STATUS: WORDS["review"]["encrypted"], ID: WORDS["versions"]["records"], EDITS: WORDS["versions"]["edits"]}
    wanted = {REVIEW: WORDS["review"]["columns"]} | (own if kind != "sheet" else {})
    return {sign + header: header for sign, headers in wanted.items() for header in headers if header in frame}


def that_count(
    text: pd.DataFrame, came: pd.Series, rejected_count: bool, schema: pa.DataFrameSchema, record: Record
) -> pd.DataFrame:
    """The rows of a source without earlier versions of a record, and without those that do not count.

    Parameters
    ----------
    text : DataFrame of category
    came : Series of datetime
        When each was submitted; missing where nothing tells.
    rejected_count : bool
    schema : DataFrameSchema
    record : Record
        Takes what is set aside.
    """
    text = _last_words(text, came, schema, record)
    for name in [name for name in text if name.startswith(STATUS) or (name.startswith(REVIEW) and not rejected_count)]:
        sign, header = f"{name.partition(' ')[0]} ", name.partition(" ")[2]
        words = WORDS["review"]["rejected"] if sign == REVIEW else WORDS["review"]["encrypted"][header]
        said = [one for one in distinct_of(text[name])[1] if clean(one).casefold() in words]
        out = text[name].isin(said)
        check, reason = OUT[sign]
        record.set_aside(text[out], schema.name, header, text[name], check=check, reason=reason)
        text = kept(text, ~out)
    return text


def _last_words(text: pd.DataFrame, came: pd.Series, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """Of each record that stands in several files, the rows of the export with its last word."""
    of_record = [name for name, one in schema.columns.items() if one.metadata.get("of_record")]
    ids = [name for name in text if name.startswith(ID)] + ["_raw_id"] * bool(of_record)
    if not ids or text["source"].nunique() < 2:
        return text
    order, by_name = _exports(text["source"].astype("str"), came)
    edits = [pd.to_numeric(text[name].astype("str"), errors="coerce") for name in text if name.startswith(EDITS)]
    order += len(order) * pd.concat([*edits, order * 0], axis="columns").max(axis="columns")
    content = text[[name for name in schema.columns if name in text and name not in of_record]].astype("str").fillna("")
    gone, key = pd.Series(False, index=text.index), " + ".join(schema.metadata["key"]) or ALL
    for name in ids:
        rows = order[~gone & text[name].notna()]
        last = rows.groupby(text.loc[rows.index, name].astype("str")).transform("idxmax")
        early = last[rows < rows[last].array]
        same = (content.loc[early.index].to_numpy() == content.loc[early].to_numpy()).all(axis=1)
        later = text["source"].astype("str")[early].set_axis(early.index)
        why = "it is in a later export again, as it was edited: {}" + ", later by its name alone" * by_name
        for these, check, reason in ((same, "double entry", SAME), (~same, CHECK, later.map(why.format))):
            reason = reason if isinstance(reason, str) else reason[these]
            record.set_aside(text.loc[early.index[these]], schema.name, key, "", check=check, reason=reason)
        gone[early.index] = True
    return kept(text, ~gone)


def _exports(source: pd.Series, came: pd.Series) -> tuple[pd.Series, bool]:
    """The place of each row's file in the order in which they were exported; whether only its name tells.

    By the days in the names where each has one, then by the last submission in it, then by its name.
    """
    days = {one: _DAY_IN_NAME.search(one.rpartition("/")[2]) for one in source.unique()}
    dated = all(days.values())
    last = came.groupby(source).max().dt.strftime("%Y%m%d%H%M%S").fillna("")
    told = {one: (re.sub(r"\D", "", day[0]) if dated else "", last[one]) for one, day in days.items()}
    numbers = {one: [part.zfill(12) if part.isdigit() else part for part in re.split(r"(\d+)", one)] for one in days}
    order = sorted(days, key=lambda one: (*told[one], numbers[one], one))
    place = {one: at for at, one in enumerate(order)}
    return source.map(place).astype("int64"), len({*told.values()}) < len(told)

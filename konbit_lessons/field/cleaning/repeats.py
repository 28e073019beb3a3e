"""Records that stand there twice: the same one again, or an organization that answers twice in a wave."""

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.field.cleaning.attendance import agreement_by_quarter
from konbit_lessons.field.cleaning.record import ALL, ROW, TYPED, WHEN, Record, shown
from konbit_lessons.field.identity.forms import plain
from konbit_lessons.field.programme import Source
from konbit_lessons.field.values import as_text, distinct_of, looked_up, ordered

CHECK = "double entry"
WAVE = ["organization_id", "wave"]
TWICE = "the organization answers more than once in this wave; "
OUTCOME = {  # of the rules of programme.toml
    "all": "all answers are kept",
    "latest": "the latest answer is kept",
    "first": "the first answer is kept",
    "ask": "programme.toml says to ask: take out all but one in corrections.csv (remove_survey)",
}


def once_each(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """Keep one row per key: of the same record twice, the one that says most, then the latest in the file."""
    content = list(schema.columns)
    sign_in = schema.name == "sign_in"
    key = ["event_id", "organization_id", "delegate"] if sign_in else list(schema.metadata["key"]) or content
    keys = rows[key].assign(delegate=_folded(rows["delegate"])) if sign_in else rows[key]
    twice = keys.duplicated(keep=False)
    if key != content:
        twice &= keys.notna().all(axis="columns")
    if not twice.any():
        return rows
    same = rows[twice].assign(_filled=rows.loc[twice, content].notna().sum(axis="columns"))
    column = ALL if key == content else " + ".join(key)
    typed = [TYPED + name if TYPED + name in rows else name for name in shown(column, schema)]
    same = ordered(same, ["_filled", *content, *typed, *ROW])
    again = keys.loc[same.index].duplicated(keep="last")
    again = rows.index.isin(again.index[again])
    what = as_text(rows.loc[again, typed]).agg(" · ".join, axis="columns") if typed else ""
    reason = "the same record stands there again; one is kept"
    record.set_aside(rows[again], schema.name, column, what, check=CHECK, reason=reason)
    return rows[~again]


def one_answer_each(
    rows: pd.DataFrame, schema: pa.DataFrameSchema, sources: list[Source], record: Record
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply the rule of programme.toml to organizations that answer more than once in a wave.

    Returns
    -------
    rows : DataFrame
        ``all`` (the default) keeps every answer; ``latest`` and ``first`` keep one; ``ask`` keeps none until
        ``corrections.csv`` takes out all but one.
    agreement : DataFrame
        By quarter, how many answers on the scales of an organization to one wave could be compared, and agree.
    """
    known = rows[WAVE].notna().all(axis="columns")
    again = as_text(rows[rows.duplicated(WAVE, keep=False) & known])
    again = ordered(again, [*WAVE, "submitted_on", TYPED + "submitted_on", *schema.columns, *ROW])
    agreement = _agreement(again, schema)
    if again.empty:
        return rows, agreement
    rule, about = sources[0].twice, {"check": CHECK, "reason": TWICE + OUTCOME[sources[0].twice]}
    if rule == "all":
        place = again["organization_id"].str.cat(again["wave"].astype("str"), sep=" · wave ")
        record.noted(again, schema.name, " + ".join(WAVE), place, **about)
        return rows, agreement
    gone = again[again.duplicated(WAVE, keep={"latest": "last", "first": "first", "ask": False}[rule])]
    record.set_aside(gone, schema.name, "organization_id", gone[TYPED + "organization_id"], **about)
    return rows.drop(index=gone.index), agreement


def _agreement(again: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """The last answer against the one before it, scale by scale."""
    scales = [name for name, column in schema.columns.items() if column.metadata["kind"] == "scale"]
    before = again.groupby(WAVE)[scales].shift()
    both = again[scales].notna() & before.notna()
    agree = both & again[scales].eq(before).fillna(False)
    counts = {"quarter": again[WHEN], "compared": both.sum(axis="columns"), "agree": agree.sum(axis="columns")}
    return agreement_by_quarter(pd.DataFrame(counts), "survey twice in a wave")


def _folded(text: pd.Series) -> pd.Series:
    """Names of persons without case, accents and double spaces."""
    return looked_up(text, {name: " ".join(plain(name).split()) for name in distinct_of(text)[1]})

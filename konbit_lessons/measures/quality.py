"""Data quality as the reports show it: figures by the five standards of a data quality assessment, and rows by table.

Takes a cleaned programme; everything is counted from what cleaning wrote down. The standards are those of USAID's ADS
201 and its Data Quality Assessment checklist (201sae):

- **validity**: data represent what they are said to, within a plausible range and without systematic bias. Values and
  rows that do not fit are set aside; of those who were asked, some answer.
- **integrity**: safeguards against transcription error and manipulation. Typed names are replaced by those on record,
  what stands there twice is found, and what an evaluator changes is counted.
- **precision**: enough detail to decide on. "No answer" codes, assumed blanks and unknown attendance take it away.
- **reliability**: stable and consistent collection: two records of one fact agree.
- **timeliness**: current, and there in time: days from a fact to its record.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.disclosure import TOTAL
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.answers import waves
from konbit_lessons.measures.roster import partners, quarters_of
from konbit_lessons.measures.shared_counts import conversations

PLACE = ["table", "source", "quarter"]


def referring_to(table: str) -> list[str]:
    """The tables with a column that names a row of a table."""
    columns = {name: about["columns"].values() for name, about in tables.codebook()["tables"].items()}
    return [name for name, own in columns.items() if any(one.get("refers_to") == table for one in own)]


@dataclass(frozen=True)
class Logged:
    """A measure that is counted from the cleaning log, as standards.toml declares it."""

    standard: str
    name: str
    unit: str
    checks: list[str]
    change_types: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    refers_to: str = ""
    beside: bool = False
    set_aside: bool = False

    def of(self, lines: pd.DataFrame) -> pd.DataFrame:
        """The lines of ``Data.checks`` that it counts."""
        wanted = {"check": self.checks, "change_type": self.change_types, "table": self.about}
        asked = {column: values for column, values in wanted.items() if values}
        return lines[lines[[*asked]].isin(asked).all(axis=1)]

    @property
    def about(self) -> list[str]:
        """The tables that it is about; none where it is about all."""
        return referring_to(self.refers_to) if self.refers_to else self.tables


DECLARED = tomllib.loads((Path(__file__).parent / "standards.toml").read_text("utf-8"))
STANDARDS = DECLARED["standards"]
LOGGED = [Logged(**one) for one in DECLARED["logged"]]
COUNTED, AGREE, LATE = ({key: one["name"] for key, one in DECLARED[of].items()} for of in ("counted", "agree", "late"))
ANSWERED, TALKED_WITH, KNOWN = COUNTED.values()
MEASURES = [*(measure.name for measure in LOGGED), *COUNTED.values(), *AGREE.values(), *LATE.values()]


def data_quality(data: Data) -> pd.DataFrame:
    """Figures by the five standards, per file and fiscal quarter.

    Counted from the cleaning log, one line of it in exactly one measure, and `of` is the rows read of that file and
    quarter:

    - validity: *values that do not fit* their column (conversion, limits and levels of the codebook, an unknown event
      that may be blank); *rows without a value they need*, *about no event on record*, *about no organization on the
      roster*: the plausible range.
    - integrity: *names and codes replaced* by those on record (transcription); *rows that stand there again*, *rows of
      an organization that answers again in a wave*, *values replaced by the mean* of its answers (double counting);
      *changes that an evaluator made* in corrections.csv and in the ledger of decisions.
    - precision: *codes for "no answer"* blanked; *blank cells read as what they mean*; *unknown attendance, by file*.
    - reliability: *delegates without an invitation*; *registrations that the sign-in sheet contradicts*.

    Of the whole programme, so that `source` is blank:

    - validity (systematic bias): *organizations that answered the survey, of those asked*: with a partner at day d
      being one that joined by d (or whose day is blank) and had not left by d, k = unique organizations with an answer
      in the wave among the n partners on its first day, in the quarter of that day. *Organizations with a conversation,
      of the partners*: the same for the conversations of a quarter, of the partners on its last day, as on the page on
      expectations. Both are left blank where :mod:`konbit_lessons.measures.shared_counts` hides them, or n, a k above
      0, or the rest is below the programme's smallest cell.
    - precision: *invitations whose attendance is known* of all invitations, in the quarter of the event.
    - reliability: *agreement* of two records of one fact: pairs that agree of pairs compared.

    Where the export says when a row was submitted, `of` being the rows for which it does:

    - timeliness: *days until half of the rows were in* (the median of submission − fact), *9 of 10* (the 90 % quantile)
      and *the last*.

    Parameters
    ----------
    data : Data

    Returns
    -------
    DataFrame, one row per measure, table, source and quarter
        ``standard``, ``measure``, ``unit`` (of ``value``), ``table``, ``source``, ``quarter`` ("" where the day is
        unknown), ``value``, ``of``, ``share`` (value ÷ of, where a share has a meaning; in 0 to 1).
    """
    parts = [
        *_logged(data),
        _of_programme(data, "validity", ANSWERED, "organizations", _answers(data)),
        _of_programme(data, "validity", TALKED_WITH, "organizations", _conversations(data)),
        _of_programme(data, "precision", KNOWN, "invitations", _attendance(data)),
        *_agreement(data),
        *_arrivals(data),
    ]
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    frame = frame.astype({"value": "Float64", "of": "Int64"})
    share = (frame["value"] / frame["of"]).where((frame["of"] > 0) & ~frame["unit"].isin(["values", "changes", "days"]))
    order = {"standard": STANDARDS.index, "measure": MEASURES.index, "table": ["", *tables.TABLES].index}
    return frame.assign(share=share)[["standard", "measure", "unit", *PLACE, "value", "of", "share"]].sort_values(
        ["standard", "measure", *PLACE], key=lambda names: names.map(order.get(names.name, str)), ignore_index=True
    )


def in_sum(quality: pd.DataFrame, *, quarter: str | None = None) -> pd.DataFrame:
    """One row per measure over all files, of all quarters or of one: sums, and of days those of the slowest file.

    Parameters
    ----------
    quality : DataFrame
        From :func:`data_quality`.
    quarter : str, optional

    Returns
    -------
    DataFrame
        ``standard``, ``measure``, ``unit``, ``value``, ``of``, ``share``; measures in their order.
    """
    rows = quality if quarter is None else quality[quality["quarter"] == quarter]
    groups = rows.groupby(["standard", "measure", "unit"], sort=False)
    sums = groups[["value", "of"]].sum(min_count=1).assign(most=groups["value"].max()).reset_index()
    value = sums["value"].where(sums["unit"] != "days", sums["most"])
    has_share = groups["share"].count().to_numpy() > 0
    return sums.assign(value=value, share=(value / sums["of"]).where(has_share)).drop(columns="most")


def _logged(data: Data) -> Iterator[pd.DataFrame]:
    read = data.counts.groupby(PLACE)["read"].sum()
    for measure in LOGGED:
        counted, of = measure.of(data.checks).groupby(PLACE)["rows"].sum(), pd.NA
        if not measure.beside:
            about = read[read.index.isin(measure.about or list(tables.TABLES), level="table")]
            counted = counted.reindex(counted.index.union(about.index), fill_value=0)
            of = read.reindex(counted.index).to_numpy()
        frame = counted.rename("value").reset_index()
        yield frame.assign(standard=measure.standard, measure=measure.name, unit=measure.unit, of=of)


def _of_programme(data: Data, standard: str, measure: str, unit: str, lines: Iterable[tuple]) -> pd.DataFrame:
    """Sums of (quarter, value, of) by quarter; those about too few organizations are left blank."""
    lines = pd.DataFrame(list(lines), columns=["quarter", "value", "of"])
    sums = lines.groupby("quarter")[["value", "of"]].agg(lambda one: one.sum(skipna=False))
    if unit == "organizations":
        told = sums.assign(rest=sums["of"] - sums["value"])
        few = (told.isna() | ((told > 0) & (told < data.programme.smallest_cell))).any(axis=1)
        sums = sums.astype("Int64").mask(few)
    return sums.reset_index().assign(standard=standard, measure=measure, unit=unit, table="", source="")


def _answers(data: Data) -> Iterator[tuple]:
    quarters = quarters_of(data, data.survey["submitted_on"])
    for _, answers in waves(data, until=quarters.max()).groupby("wave") if len(quarters) else ():
        asked = partners(data.organizations, answers["submitted_on"].min())
        yield quarters[answers.index].min(), int(asked.isin(answers["organization_id"]).sum()), len(asked)


def _conversations(data: Data) -> Iterator[tuple]:
    held = quarters_of(data, data.conversations["held_on"])
    if len(held):
        known = conversations(data, quarter=held.max())["n"].xs((TOTAL, TOTAL), level=("by", "group"))
        yield from known.loc[held.min() :, ["talked", "partners"]].itertuples(name=None)


def _attendance(data: Data) -> Iterator[tuple]:
    quarters = quarters_of(data, data.invitations["event_id"].map(data.events.set_index("event_id")["held_on"]))
    return data.invitations["attended"].notna().groupby(quarters).agg(["sum", "size"]).itertuples(name=None)


def _agreement(data: Data) -> Iterator[pd.DataFrame]:
    for records, pairs in data.agreement.groupby("records"):
        if records == "survey twice in a wave" and _asked_again(data) < data.programme.smallest_cell:
            continue
        lines = pairs[["quarter", "agree", "compared"]].itertuples(index=False, name=None)
        yield _of_programme(data, "reliability", AGREE[records], "comparisons", lines)


def _asked_again(data: Data) -> int:
    """Organizations that answered a wave more than once: from the rows kept, or from those taken together."""
    kept = data.survey.groupby(["wave", "organization_id"]).size()
    twice = (data.checks["check"] == "double entry") & (data.checks["table"] == "survey")
    several = kept[kept > 1].index.get_level_values("organization_id").nunique()
    return several or int(data.checks.loc[twice, "rows"].sum())


def _arrivals(data: Data) -> Iterator[pd.DataFrame]:
    for days, measure in LATE.items():
        frame = data.arrivals[[*PLACE, days, "rows"]].rename(columns={days: "value", "rows": "of"})
        yield frame.assign(standard="timeliness", measure=measure, unit="days")

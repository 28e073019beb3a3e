"""Data quality as the reports show it: figures by the five standards of a data quality assessment, and what they say.

Takes a cleaned programme; everything is counted from what cleaning wrote down, a printed rule turns each figure into a
word, and no organization is named and no value quoted. The standards are those of USAID's ADS 201 and its Data Quality
Assessment checklist (201sae):

- **validity**: data represent what they are said to, within a plausible range and without systematic bias. Values and
  rows that do not fit are set aside; of those who were asked, some answer.
- **integrity**: safeguards against transcription error and manipulation. Typed names are replaced by those on record,
  what stands there twice is found, and what an evaluator changes is counted.
- **precision**: enough detail to decide on. "No answer" codes, assumed blanks and unknown attendance take it away.
- **reliability**: stable and consistent collection: two records of one fact agree.
- **timeliness**: current, and there in time: days from a fact to its record.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import intervals
from konbit_lessons.measures.answers import every_wave
from konbit_lessons.measures.shared_counts import conversations, last_day, partners, quarters_of
from konbit_lessons.words import mark

GOOD, FAIR, POOR, UNKNOWN = mark("good"), mark("fair"), mark("poor"), mark("cannot tell")
ORDER = (UNKNOWN, GOOD, FAIR, POOR)  # the worst known one judges a standard
PLACE = ["table", "source", "quarter"]


def referring_to(table: str) -> list[str]:
    """The tables with a column that names a row of a table."""
    columns = {name: about["columns"].values() for name, about in tables.codebook()["tables"].items()}
    return [name for name, own in columns.items() if any(one.get("refers_to") == table for one in own)]


DECLARED = tomllib.loads((Path(__file__).parent / "standards.toml").read_text("utf-8"))
STANDARDS = DECLARED["standards"]
NOTICED = DECLARED["noticed"]
LOGGED = DECLARED["logged"]  # measures that are counted from the cleaning log
COUNTED, AGREE, LATE = ({key: one["name"] for key, one in DECLARED[of].items()} for of in ("counted", "agree", "late"))
ANSWERED, TALKED_WITH, KNOWN = COUNTED.values()
MEASURES = [*(measure["name"] for measure in LOGGED), *COUNTED.values(), *AGREE.values(), *LATE.values()]
SET_ASIDE = [measure["name"] for measure in LOGGED if measure.get("set_aside")]
REFUSED = LOGGED[0]  # values that do not fit
SETTLED = next(rule["fair"] for rule in DECLARED["rule"] if rule["standard"] == "timeliness")  # days
RULES = [one | {"in_days": one["measures"][0] in LATE.values()} for one in DECLARED["rule"]]  # else it is a share


def data_quality(data: Data) -> pd.DataFrame:
    """Figures by the five standards, per file and fiscal quarter.

    Counted from the cleaning log, one line of it in exactly one measure, and `of` is the rows read of that file and
    quarter:

    - validity: *values that do not fit* their column (conversion, limits and levels of the codebook, an unknown event
      that may be blank); *rows without a value they need*, *about no event on record*, *about no organization on the
      roster*: the plausible range.
    - integrity: *names and codes replaced* by those on record (transcription); *rows that stand there again*, *rows of
      an organization that answers one survey twice*, *values replaced by the mean* of its answers (double counting);
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
      and *the last*, of quarters that are not :func:`provisional`. A fact before the first submission of its source
      could not be written down any sooner, and is in none of them.

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
        ``standard``, ``measure``, ``unit``, ``value``, ``of``, ``share``; measures in their order. No number where one
        of those that it is the sum of is hidden.
    """
    rows = quality if quarter is None else quality[quality["quarter"] == quarter]
    groups = rows.groupby(["standard", "measure", "unit"], sort=False)
    sums = groups[["value", "of"]].sum(min_count=1).mask(groups["value"].count() < groups.size())
    sums = sums.assign(most=groups["value"].max()).reset_index()
    value = sums["value"].where(sums["unit"] != "days", sums["most"])
    has_share = groups["share"].count().to_numpy() > 0
    return sums.assign(value=value, share=(value / sums["of"]).where(has_share)).drop(columns="most")


def _logged(data: Data) -> Iterator[pd.DataFrame]:
    read = data.counts.groupby(PLACE)["read"].sum()
    for measure in LOGGED:
        counted, of = lines_of(measure, data.checks).groupby(PLACE)["rows"].sum(), pd.NA
        if not measure.get("beside"):
            about = read[read.index.isin(_about(measure) or list(tables.TABLES), level="table")]
            counted = counted.reindex(counted.index.union(about.index), fill_value=0)
            of = read.reindex(counted.index).to_numpy()
        frame = counted.rename("value").reset_index()
        yield frame.assign(standard=measure["standard"], measure=measure["name"], unit=measure["unit"], of=of)


def lines_of(measure: dict, lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of ``Data.checks`` that one of :data:`LOGGED` counts."""
    wanted = {"check": measure["checks"], "change_type": measure.get("change_types"), "table": _about(measure)}
    asked = {column: values for column, values in wanted.items() if values}
    return lines[lines[[*asked]].isin(asked).all(axis=1)]


def _about(measure: dict) -> list[str]:
    """The tables that it is about; none where it is about all."""
    return referring_to(measure["refers_to"]) if "refers_to" in measure else measure.get("tables", [])


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
    for _, answers in every_wave(data, until=quarters.max()).groupby("wave") if len(quarters) else ():
        asked, when, gate = partners(data.organizations, answers["submitted_on"].min()), quarters[answers.index], Gate()
        for report in gate.reports(sorted({*when})):
            told = asked.isin(answers.loc[when <= report, "organization_id"])
            gate.count(pd.DataFrame({"organization_id": asked, "answered": told, "asked": True}), ["answered", "asked"])
        gate.nested("answered", "asked")
        gate.lasting("answered")
        gate.known("asked")
        yield when.min(), *gate.decide(data.programme.smallest_cell)["n"].ffill().iloc[-1]


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


def provisional(data: Data, quarter: str) -> pd.Timestamp | None:
    """The day on which the records end, where that is too early to tell how late those of a quarter came."""
    ends = pd.Timestamp(data.programme.data_cut_on or last_day(data, data.quarter))
    return ends if ends < last_day(data, quarter) + pd.Timedelta(days=SETTLED) else None


def _settled(data: Data) -> pd.DataFrame:
    """The days between facts and their records, of quarters of which no more records may come."""
    quarters = [one for one in data.arrivals["quarter"].unique() if one and provisional(data, one) is None]
    return data.arrivals[data.arrivals["quarter"].isin(quarters)]


def _arrivals(data: Data) -> Iterator[pd.DataFrame]:
    for days, measure in LATE.items():
        frame = _settled(data)[[*PLACE, days, "rows"]].rename(columns={days: "value", "rows": "of"})
        yield frame.assign(standard="timeliness", measure=measure, unit="days")


# ---- what the figures say


def judgements(data: Data, quality: pd.DataFrame, *, quarter: str, only: bool = False) -> pd.DataFrame:
    """Each figure of :data:`RULES` up to a quarter, or of it ``only``, and its word.

    Returns
    -------
    DataFrame, one row per rule
        ``standard``, ``said``, ``figure`` (a share, or days), ``n``, ``word``, ``in_days``.
    """
    since, lines = quarter if only else "", []
    quality, counts = (one[one["quarter"].between(since, quarter)] for one in (quality, data.counts))
    for rule in RULES:
        figure, n = _figure(rule, quality, int(counts["read"].sum()))
        found = {name: rule[name] for name in ("standard", "said", "in_days")}
        lines.append(found | {"figure": figure, "n": n, "word": _word(rule, figure)})
    return pd.DataFrame(lines)[["standard", "said", "figure", "n", "word", "in_days"]]


def _figure(rule: dict, quality: pd.DataFrame, read: int) -> tuple[float, float]:
    """The figure that a rule judges and how many it is of; NaN where it is not known."""
    own, of = quality[quality["measure"].isin(rule["measures"])].dropna(subset=["value", "of"]), rule.get("of")
    if of == "latest":
        own = own[own["quarter"] == own["quarter"].max()]
    if rule["in_days"]:
        own = own.sort_values(["value", "of"]).tail(1)
    n = read if of == "read" else own["of"].sum()
    if own.empty or not n:
        return float("nan"), float("nan")
    return float(own["value"].sum() / (1 if rule["in_days"] else n)), float(n)


def _word(rule: dict, figure: float) -> str:
    if pd.isna(figure):
        return UNKNOWN
    limits = rule["good"], rule["fair"]
    good, fair = (figure >= limit if rule.get("more_is_better") else figure <= limit for limit in limits)
    return GOOD if good else FAIR if fair else POOR


def compared(data: Data, quality: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """The figures of a quarter beside those of the one before: ``judgements`` with ``before`` and ``change``.

    No rows where nothing is on record in the quarter before.
    """
    earlier = str(data.programme.calendar.named(quarter).previous)
    before, now = (judgements(data, quality, quarter=one, only=True) for one in (earlier, quarter))
    both = now.assign(before=before["figure"], change=now["figure"] - before["figure"])
    return both[:0] if both["change"].isna().all() else both


def by_standard(found: pd.DataFrame) -> dict[str, str]:
    """The word of each standard: that of its worst figure."""
    worst = found.groupby("standard", sort=False)["word"].agg(lambda words: max(words, key=ORDER.index))
    return {standard: worst[standard] for standard in STANDARDS}


def by_source(data: Data) -> pd.DataFrame:
    """Rows and values by source of programme.toml, without the numbers of tables about few organizations.

    Returns
    -------
    DataFrame, one row per source and table
        ``source``, ``table``, ``read``, ``kept``, ``set_aside`` (rows; kept + set aside = read), ``values_set_aside``
        (that do not fit, also in rows set aside), ``values_changed`` (every other value replaced or blanked).
    """
    counts, checks = (one.assign(source=_places(data, one)) for one in (data.counts, data.checks))
    by, refused = ["source", "table"], checks.index.isin(lines_of(REFUSED, checks).index)
    changed = checks["change_type"].isin(["blank_response", "change_response"]) & ~refused
    rows = counts.groupby(by, sort=False)[["read", "kept", "set_aside"]].sum()
    values = {"values_set_aside": refused, "values_changed": changed}
    rows = rows.assign(**{name: checks[which].groupby(by)["rows"].sum() for name, which in values.items()})
    table = rows.fillna(0).astype("Int64").reset_index()
    about, figures = referring_to("organizations"), [*rows]
    few = [name for name in about if data.tables[name]["organization_id"].nunique() < data.programme.smallest_cell]
    table[figures] = table[figures].mask(table["table"].isin(few) & (table["read"] > 0))
    return table.sort_values("table", key=lambda names: names.map(list(data.tables).index), kind="stable")


def noticed(data: Data) -> pd.DataFrame:
    """What the reader noticed, most frequent first: ``what`` of :data:`NOTICED`, and in how many ``files``."""
    files = sorted({*data.counts["source"]}, key=len, reverse=True)
    places = [next((one for one in files if notice.startswith(one)), "") for notice in data.notices]
    kinds = [next(one["name"] for one in NOTICED if re.search(one["pattern"], notice)) for notice in data.notices]
    lines = pd.DataFrame({"what": kinds, "file": places}, dtype="str").drop_duplicates()
    return _most_first(lines.assign(files=1), ["what"], "files")


def _places(data: Data, lines: pd.DataFrame) -> list[str]:
    """The source of programme.toml, such as ``attendance/*.xlsx``, of each line of a list."""
    known = {}
    for file, table in {*zip(lines["source"], lines["table"], strict=True)}:
        own = [source for source in data.programme.sources if source.table == table]
        named = (one.place for one in own if one.place == file or any(fnmatch(file, each) for each in one.patterns))
        known[file, table] = next(named, file)
    return [known[pair] for pair in zip(lines["source"], lines["table"], strict=True)]


def failures(quality: pd.DataFrame) -> pd.DataFrame:
    """Why rows and values were set aside, most frequent first: ``measure``, ``table``, ``unit``, ``value``."""
    some = quality[quality["measure"].isin(SET_ASIDE) & (quality["value"] > 0)]
    return _most_first(some, ["measure", "table", "unit"], "value")


def columns_that_do_not_fit(data: Data) -> pd.DataFrame:
    """In which columns values did not fit: ``table``, ``column``, ``rows``, most first."""
    return _most_first(lines_of(REFUSED, data.checks), ["table", "column"], "rows")


def _most_first(lines: pd.DataFrame, by: list[str], of: str) -> pd.DataFrame:
    return lines.groupby(by)[of].sum().reset_index().sort_values(of, ascending=False, kind="stable", ignore_index=True)


def rates(data: Data, quality: pd.DataFrame, measures: Iterable[str], *, quarter: str) -> pd.DataFrame:
    """Shares of some measures by quarter, up to one, with Wilson's interval; of too few none, hidden ones missing.

    Returns
    -------
    DataFrame
        ``measure``, ``quarter``, ``value``, ``n``, ``share``, ``conf_low``, ``conf_high``.
    """
    some = quality[quality["measure"].isin([*measures]) & (quality["quarter"] <= quarter)]
    some = some[some["value"].isna() | (some["of"] >= data.programme.smallest_cell)].rename(columns={"of": "n"})
    return intervals.with_shares(some[["measure", "quarter", "value", "n"]].reset_index(drop=True), "value")


def lateness(data: Data, *, quarter: str) -> pd.DataFrame:
    """Days from a fact to its record, by table: those of its slowest file and quarter, the slowest table first.

    Returns
    -------
    DataFrame
        ``table``, ``quarter``, ``rows`` (of that file and quarter), ``median_days``, ``p90_days``.
    """
    some = _settled(data)
    some = some[some["quarter"] <= quarter].sort_values(["p90_days", "median_days", "rows"], ascending=False)
    return some.drop_duplicates("table")[["table", "quarter", "rows", "median_days", "p90_days"]].reset_index(drop=True)

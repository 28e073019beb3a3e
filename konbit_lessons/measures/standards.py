"""What the data are worth by five standards: a printed rule turns each figure of ``quality`` into a word.

Takes a cleaned programme and its ``data_quality``; returns tidy frames for the page on data quality. No organization is
named and no value quoted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import quality as measured
from konbit_lessons.measures.intervals import with_shares
from konbit_lessons.measures.quality import LATE
from konbit_lessons.words import mark

GOOD, FAIR, POOR, UNKNOWN = mark("good"), mark("fair"), mark("poor"), mark("cannot tell")
ORDER = (UNKNOWN, GOOD, FAIR, POOR)  # the worst known one judges a standard
SET_ASIDE = [measure.name for measure in measured.LOGGED if measure.set_aside]
REFUSED = measured.LOGGED[0]  # values that do not fit


@dataclass(frozen=True)
class Rule:
    """How one figure judges its standard, as standards.toml declares it."""

    standard: str
    measures: list[str]
    said: str
    good: float
    fair: float
    more_is_better: bool = False
    of: str = "each"

    @property
    def in_days(self) -> bool:
        """Whether the figure is a number of days, else a share."""
        return self.measures[0] in LATE.values()

    def figure(self, quality: pd.DataFrame, read: int) -> tuple[float, float]:
        """The figure and how many it is of; NaN where it is not known."""
        own = quality[quality["measure"].isin(self.measures)].dropna(subset=["value", "of"])
        if self.of == "latest":
            own = own[own["quarter"] == own["quarter"].max()]
        n = read if self.of == "read" else own["of"].sum()
        if own.empty or not n:
            return float("nan"), float("nan")
        return float(own["value"].max() if self.in_days else own["value"].sum() / n), float(n)

    def judge(self, figure: float) -> str:
        """The word for a figure."""
        if pd.isna(figure):
            return UNKNOWN
        good, fair = (figure >= limit if self.more_is_better else figure <= limit for limit in (self.good, self.fair))
        return GOOD if good else FAIR if fair else POOR


RULES = [Rule(**one) for one in measured.DECLARED["rule"]]


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
        figure, n = rule.figure(quality, int(counts["read"].sum()))
        found = {"standard": rule.standard, "said": rule.said, "figure": figure, "n": n}
        lines.append(found | {"word": rule.judge(figure), "in_days": rule.in_days})
    return pd.DataFrame(lines)


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
    return {standard: worst[standard] for standard in measured.STANDARDS}


def by_source(data: Data) -> pd.DataFrame:
    """Rows and values by source of programme.toml, without the numbers of tables about few organizations.

    Returns
    -------
    DataFrame, one row per source and table
        ``source``, ``table``, ``read``, ``kept``, ``set_aside`` (rows; kept + set aside = read), ``values_set_aside``
        (that do not fit, also in rows set aside), ``values_changed`` (every other value replaced or blanked).
    """
    counts, checks = (one.assign(source=_places(data, one)) for one in (data.counts, data.checks))
    by, refused = ["source", "table"], checks.index.isin(REFUSED.of(checks).index)
    changed = checks["change_type"].isin(["blank_response", "change_response"]) & ~refused
    rows = counts.groupby(by, sort=False)[["read", "kept", "set_aside"]].sum()
    values = {"values_set_aside": refused, "values_changed": changed}
    rows = rows.assign(**{name: checks[which].groupby(by)["rows"].sum() for name, which in values.items()})
    table = rows.fillna(0).astype("Int64").reset_index()
    about, figures = measured.referring_to("organizations"), [*rows]
    few = [name for name in about if data.tables[name]["organization_id"].nunique() < data.programme.smallest_cell]
    table[figures] = table[figures].mask(table["table"].isin(few) & (table["read"] > 0))
    return table.sort_values("table", key=lambda names: names.map(list(data.tables).index), kind="stable")


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
    return _most_first(REFUSED.of(data.checks), ["table", "column"], "rows")


def _most_first(lines: pd.DataFrame, by: list[str], of: str) -> pd.DataFrame:
    sums = lines.groupby(by)[of].sum().reset_index()
    return sums.sort_values(of, ascending=False, kind="stable", ignore_index=True)


def rates(data: Data, quality: pd.DataFrame, measures: Iterable[str], *, quarter: str) -> pd.DataFrame:
    """Shares of some measures by quarter, up to one, with Wilson's interval; of too few, none.

    Returns
    -------
    DataFrame
        ``measure``, ``quarter``, ``value``, ``n``, ``share``, ``conf_low``, ``conf_high``.
    """
    some = quality[quality["measure"].isin([*measures]) & (quality["quarter"] <= quarter) & quality["value"].notna()]
    some = some[some["of"] >= data.programme.smallest_cell].rename(columns={"of": "n"})
    return with_shares(some[["measure", "quarter", "value", "n"]].reset_index(drop=True), "value")


def lateness(data: Data, *, quarter: str) -> pd.DataFrame:
    """Days from a fact to its record, by table: those of its slowest file and quarter, the slowest table first.

    Returns
    -------
    DataFrame
        ``table``, ``rows``, ``median_days``, ``p90_days``.
    """
    groups = data.arrivals[data.arrivals["quarter"] <= quarter].groupby("table")
    found = groups.agg(rows=("rows", "sum"), median_days=("median_days", "max"), p90_days=("p90_days", "max"))
    return found.sort_values(["p90_days", "median_days"], ascending=False).reset_index()

"""The rule by which figures judge the five standards, and what it says of the data."""

from dataclasses import dataclass

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import AGREE, ANSWERED, KNOWN, LATE, LOGGED, STANDARDS
from konbit_lessons.words import Words, mark, pair

GOOD, FAIR, POOR, UNKNOWN = mark("good"), mark("fair"), mark("poor"), mark("cannot tell")
JUDGED = {
    GOOD: pair("good on {standards}", "good on {standards}"),
    FAIR: pair("fair on {standards}", "fair on {standards}"),
    POOR: pair("poor on {standards}", "poor on {standards}"),
    UNKNOWN: pair("not to be judged on {standards}", "not to be judged on {standards}"),
}
ORDER = (UNKNOWN, GOOD, FAIR, POOR)  # the worst known one judges a standard
SET_ASIDE = tuple(measure.name for measure in LOGGED if measure.standard == "validity" and measure.unit == "rows")
TWICE = next(measure.name for measure in LOGGED if "double entry" in measure.checks and measure.unit == "rows")
REGISTERED, ASKED_AGAIN = AGREE.values()


@dataclass(frozen=True)
class Rule:
    """How one figure judges its standard: good up to one limit, fair up to another, else poor.

    Attributes
    ----------
    measures : of `data_quality`, taken together
    said : what the figure is
    good, fair : float, shares, or days
    more_is_better : bool
    of : "read" where the figure is of all rows read; "latest" where the last quarter that has it counts; "each" else
    """

    standard: str
    measures: tuple[str, ...]
    said: str
    good: float
    fair: float
    more_is_better: bool = False
    of: str = "each"

    @property
    def in_days(self) -> bool:
        return self.measures[0] in LATE.values()

    def figure(self, quality: pd.DataFrame, read: int) -> tuple[float, float]:
        """The figure and how many it is of; NaN where it is not known."""
        own = quality[quality["measure"].isin(self.measures)].dropna(subset=["value", "of"])
        if self.of == "latest":
            own = own[own["quarter"] == own["quarter"].max()]
        if own.empty:
            return float("nan"), float("nan")
        if self.in_days:
            return float(own["value"].max()), float(own["of"].sum())
        n = read if self.of == "read" else own["of"].sum()
        return (float(own["value"].sum() / n), float(n)) if n else (float("nan"), float("nan"))

    def judge(self, figure: float) -> str:
        """The word for a figure."""
        if pd.isna(figure):
            return UNKNOWN
        sign = -1 if self.more_is_better else 1
        return GOOD if sign * figure <= sign * self.good else FAIR if sign * figure <= sign * self.fair else POOR


RULES = (
    Rule("validity", SET_ASIDE, mark("Rows set aside because they do not fit"), 0.02, 0.05, of="read"),
    Rule("validity", (ANSWERED,), mark("Partners that answered the latest survey"), 0.80, 0.60, True, "latest"),
    Rule("integrity", (TWICE,), mark("Rows that stand there again"), 0.01, 0.05, of="read"),
    Rule("precision", (KNOWN,), KNOWN, 0.95, 0.80, True),
    Rule("reliability", (REGISTERED,), REGISTERED, 0.95, 0.85, True),
    Rule("reliability", (ASKED_AGAIN,), ASKED_AGAIN, 0.75, 0.50, True),
    Rule("timeliness", (LATE["p90_days"],), mark("Days until 9 of 10 rows of the slowest file were in"), 30, 90),
)  # fmt: skip


def judgements(data: Data, quality: pd.DataFrame, *, quarter: str, only: bool = False) -> pd.DataFrame:
    """Each figure of :data:`RULES` up to a quarter, or of it ``only``, and its word.

    Returns
    -------
    DataFrame, one row per rule
        ``standard``, ``said``, ``figure`` (a share, or days), ``n``, ``word``, ``in_days``.
    """
    counts = data.counts
    quality = quality[quality["quarter"] == quarter] if only else quality[quality["quarter"] <= quarter]
    read = int((counts["quarter"] == quarter if only else counts["quarter"] <= quarter) @ counts["read"])
    lines = []
    for rule in RULES:
        figure, n = rule.figure(quality, read)
        found = {"standard": rule.standard, "said": rule.said, "figure": figure, "n": n}
        lines.append(found | {"word": rule.judge(figure), "in_days": rule.in_days})
    return pd.DataFrame(lines)


def by_standard(found: pd.DataFrame) -> dict[str, str]:
    """The word of each standard: that of its worst figure."""
    worst = found.groupby("standard", sort=False)["word"].agg(lambda words: max(words, key=ORDER.index))
    return {standard: worst[standard] for standard in STANDARDS}


def rule_sentences(language: str = "en") -> list[str]:
    """The rule that gives each word, one sentence a figure."""
    words = Words.of(language)
    less = mark("**{said}:** good up to {good}, fair up to {fair}, else poor.")
    more = mark("**{said}:** good from {good}, fair from {fair}, else poor.")
    return [
        words.text(
            more if rule.more_is_better else less,
            said=words.text(rule.said),
            good=_limit(rule.good, rule, words),
            fair=_limit(rule.fair, rule, words),
        )
        for rule in RULES
    ] + [words.text("A standard of which nothing is on record is “cannot tell”. The limits are those of the software.")]


def _limit(limit, rule, words):
    return days_said(limit, words) if rule.in_days else words.percent(limit)


def days_said(days, words):
    return words.plural("{n} day", "{n} days", round(days))

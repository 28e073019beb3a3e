"""The page on data quality: what was read and set aside, the five standards and how they are judged, what is open.

Takes a cleaned programme, its ``data_quality``, a quarter and a language; returns the sentences, figures and tables
that ``notebooks/data_quality.ipynb`` shows. No organization is named, no value quoted.
"""

from dataclasses import dataclass
from fnmatch import fnmatch

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.cleaning import Data
from konbit_lessons.cleaning.decisions import EVENT, ORGANIZATION
from konbit_lessons.figures import Figure, dots, spoken
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures.quality import (
    AGREE,
    ANSWERED,
    CHANGES,
    KNOWN,
    LATE,
    LOGGED,
    REFUSED,
    STANDARDS,
    TALKED_WITH,
    data_quality,
    in_sum,
    shown,
    without_few,
)
from konbit_lessons.measures.together import LATE_ENOUGH, waves
from konbit_lessons.measures.trends import wilson
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences.phrases import capital, count, joined, linked, small, why_missing
from konbit_lessons.tables import TABLE_LABELS
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
MOST_REASONS = 8


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


def title(language: str = "en") -> str:
    """The title of the page: what was asked."""
    return Words.of(language).text("How good are the data?")


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


def headline(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """How the five standards are judged, in a sentence."""
    words = Words.of(language)
    by = _by_standard(judgements(data, quality, quarter=quarter))
    parts = [
        words.plural(*forms, len(named), standards=f"**{linked(words.list(named), 'the-five-standards', link)}**")
        for word, forms in JUDGED.items()
        if (named := [words.text(STANDARDS[standard]).lower() for standard, found in by.items() if found == word])
    ]
    return words.text(
        "By five standards, the data up to {quarter} are {judged}.", quarter=quarter, judged=words.clauses(parts)
    )


def at_a_glance(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    said = [
        headline(data, quality, quarter=quarter, language=words, link=True),
        _read_sentence(data, words),
        _reason_sentence(quality, words),
        _answered_sentence(data, quality, quarter, words),
        question_sentences(data, language=words, link=True)[0],
    ]
    return [sentence for sentence in said if sentence]


def judgement_sentences(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Each standard: its word, and the figures that it rests on."""
    words, found = Words.of(language), judgements(data, quality, quarter=quarter)
    said = []
    for standard, word in _by_standard(found).items():
        known = found[(found["standard"] == standard) & found["figure"].notna()]
        because = words.list(
            words.text(
                "{said}: {figure} (n = {n})",
                said=small(words.text(line.said)),
                figure=_figure(line, words),
                n=words.number(line.n),
            )
            for line in known.itertuples()
        )
        said.append(
            words.text(
                "**{standard}: {word}.** {because}.",
                standard=words.text(STANDARDS[standard]),
                word=words.text(word),
                because=capital(because) or words.text("Nothing is on record that would tell"),
            )
        )
    return said


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


def changed_table(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """The figures of the quarter beside those of the quarter before."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    before, now = (judgements(data, quality, quarter=one, only=True) for one in (earlier, quarter))
    both = now.assign(before=before["figure"], change=now["figure"] - before["figure"])
    if both["change"].isna().all():
        return Prose(
            words.text("Nothing is on record in {earlier} to compare {quarter} with.", earlier=earlier, quarter=quarter)
        )
    cells = []
    for line in both.itertuples():
        number = words.number if line.in_days else words.points
        change = f"+{number(line.change)}" if line.change > 0 else number(line.change)
        cells.append([words.text(line.said), number(line.before), number(line.figure), change])
    heads = [words.text(head) for head in (mark("Of 100, or days"), mark("Before"), mark("Now"), mark("Change"))]
    caption = words.text(
        "Before is {earlier}, now is {quarter}, by the day of the fact, so that a late record counts in the quarter it "
        "is about. A dash: not on record then.",
        earlier=earlier,
        quarter=quarter,
    )
    return Table(pd.DataFrame(cells, columns=heads), caption, name="quality_changed", numbers=both)


def sources_table(data: Data, *, language: str = "en") -> Table:
    """Rows read, kept and set aside, and values changed, by source of programme.toml."""
    words = Words.of(language)
    table = without_few(data, by_source(data))
    heads = [
        mark("Records"),
        mark("Read"),
        mark("Kept"),
        mark("Set aside"),
        mark("Values that do not fit"),
        mark("Values changed"),
        mark("Source"),
    ]
    cells = [
        [words.text(TABLE_LABELS[line.table]), *(count(n, words) for n in line[3:]), line.source]
        for line in table.itertuples()
    ]
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    caption = words.text(
        "By source, as programme.toml names them, * standing for anything. Rows kept and set aside add up to read. "
        "Values that do not fit are blanked; values are changed where a name, a code or a blank is replaced by what it "
        "means, or corrected."
    )
    caption = joined(caption, why_missing(table["read"].isna().sum(), data, words))
    return Table(frame, caption, text=(frame.columns[-1],), name="sources", numbers=table)


def by_source(data: Data) -> pd.DataFrame:
    """Rows and values by source of programme.toml.

    Returns
    -------
    DataFrame, one row per source and table
        ``source``, ``table``, ``read``, ``kept``, ``set_aside`` (rows; kept + set aside = read), ``values_set_aside``,
        ``values_changed``.
    """
    place = _place_of(data)
    counts, checks = data.counts, data.checks
    rows = counts.groupby([place(counts), counts["table"]], sort=False)[["read", "kept", "set_aside"]].sum()
    refused = checks["check"].isin(REFUSED) & (checks["change_type"] == "blank_response")
    changed = checks["change_type"].isin(CHANGES) & ~refused
    for name, which in (("values_set_aside", refused), ("values_changed", changed)):
        some = checks[which]
        rows[name] = some.groupby([place(some), some["table"]])["rows"].sum()
    order = [name for name in data.tables if name in rows.index.get_level_values("table")]
    return (
        rows.fillna(0)
        .astype("Int64")
        .rename_axis(["source", "table"])
        .reset_index()
        .sort_values("table", key=lambda names: names.map(order.index), kind="stable", ignore_index=True)
    )


def failures(quality: pd.DataFrame) -> pd.DataFrame:
    """Why rows and values were set aside, the most frequent reason first.

    Returns
    -------
    DataFrame
        ``measure`` (of `data_quality`), ``table``, ``unit``, ``value``.
    """
    names = [*SET_ASIDE, TWICE, LOGGED[0].name]
    some = quality[quality["measure"].isin(names)]
    found = some.groupby(["measure", "table", "unit"], sort=False)["value"].sum().reset_index()
    return found[found["value"] > 0].sort_values(
        ["value", "measure", "table"], ascending=[False, True, True], ignore_index=True
    )


def failed_figure(data: Data, quality: pd.DataFrame, *, language: str = "en") -> Part:
    """The most frequent reasons for which rows and values were set aside."""
    words, found = Words.of(language), failures(quality)
    if found.empty:
        return Prose(words.text("Every row and every value that was read fits, and was kept."))
    labels = [
        words.text(
            "{where}: {reason}", where=words.text(TABLE_LABELS[line.table]), reason=small(words.text(line.measure))
        )
        for line in found.itertuples()
    ]
    units = {"rows": pair("{n} row", "{n} rows"), "values": pair("{n} value", "{n} values")}
    drawn = [
        Row(label, words.plural(*units[line.unit], int(line.value)), float(line.value), *[float("nan")] * 2, look="bar")
        for label, line in zip(labels, found.itertuples(), strict=True)
    ][:MOST_REASONS]
    cells = [[label, words.number(line.value)] for label, line in zip(labels, found.itertuples(), strict=True)]
    heading = _reason_sentence(quality, words, link=False).replace("**", "").rstrip(".")
    top = 1.05 * max(row.at for row in drawn)
    return Figure(
        png=rows_png(drawn, words, axis=words.text("rows or values set aside"), limits=(0, top), scale=1),
        heading=heading,
        subtitle=words.text("Rows and values set aside, by kind of record and reason, over all quarters."),
        caption=words.text(
            "Source: the cleaning log, which holds each with its file and row; it is not part of a shared report. "
            "{shown} of {all} reasons are drawn, all stand in the table.",
            shown=words.number(len(drawn)),
            all=words.number(len(found)),
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text("Reason"), words.text("Set aside")]),
        language=words,
        name="reasons",
        numbers=found,
    )


def columns_table(data: Data, *, language: str = "en") -> Part:
    """In which columns values did not fit."""
    words, checks = Words.of(language), data.checks
    refused = checks[checks["check"].isin(REFUSED) & (checks["change_type"] == "blank_response")]
    if refused.empty:
        return Prose(words.text("No value had to be blanked because it did not fit its column."))
    found = refused.groupby(["table", "column"])["rows"].sum().reset_index()
    found = found.sort_values(["rows", "table", "column"], ascending=[False, True, True], ignore_index=True)
    cells = []
    for line in found.itertuples():
        about = tables.schema(line.table, data.programme.incentives).columns.get(line.column)
        meaning = words.text(about.description) if about is not None else line.column
        cells.append([words.text(TABLE_LABELS[line.table]), meaning, words.number(line.rows)])
    heads = [words.text(head) for head in (mark("Records"), mark("Column"), mark("Values blanked"))]
    caption = words.text("Columns with values that do not fit what they should hold, over all quarters.")
    return Table(
        pd.DataFrame(cells, columns=heads), caption, text=heads[1:2], name="columns_that_do_not_fit", numbers=found
    )


def response_figure(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Of the partners at the time, how many answered the survey and how many had a conversation, by quarter."""
    words, known = Words.of(language), _of_measure(data, quality, (ANSWERED, TALKED_WITH), quarter)
    if known.empty:
        return Prose(
            words.text("No survey was answered and no conversation held by enough organizations to give a rate.")
        )
    short = {ANSWERED: mark("Survey begun in {quarter}"), TALKED_WITH: mark("Conversations in {quarter}")}
    shown = known.assign(label=[words.text(short[line.measure], quarter=line.quarter) for line in known.itertuples()])
    heading = _answered_sentence(data, quality, quarter, words, link=False).replace("**", "").rstrip(".")
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=heading or words.text("No wave of the survey has enough answers to give a rate"),
        subtitle=words.text(
            "Partners that answered, or had a conversation, of 100 partners. Dot: share. Bar: 95 % "
            "interval, as if those who answered had been drawn by lot."
        ),
        caption=joined(
            words.text(
                "Source: partner survey, conversations and roster. n: partners on the first day of the wave or the "
                "last of the quarter. An organization counts once, however many of its people answered."
            ),
            _late_answers(data, words),
        ),
        language=words,
        name="response_rates",
    )


def _late_answers(data, words):
    if len(waves(data, until="FY9999Q4")) == data.survey["wave"].notna().sum():
        return ""
    return words.text(
        "Answers that came after a wave was first reported are counted once those of {n} organizations or more have "
        "come.",
        n=words.number(LATE_ENOUGH * data.programme.smallest_cell),
    )


def agreement_figure(data: Data, quality: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """How often two records of one fact agree, by quarter."""
    words, known = Words.of(language), _of_measure(data, quality, tuple(AGREE.values()), quarter)
    if known.empty:
        return Prose(
            words.text(
                "No fact is on record twice: neither a registration beside a sign-in sheet, nor an answer given twice."
            )
        )
    total = known.groupby("measure", sort=False)[["value", "n"]].sum()
    said = [
        words.text(
            "{what}: {share} of {n}",
            share=words.percent(line.value / line.n),
            n=words.number(line.n),
            what=words.text(line.Index),
        )
        for line in total.itertuples()
    ]
    short = {REGISTERED: mark("Registered, {quarter}"), ASKED_AGAIN: mark("Asked again, {quarter}")}
    shown = known.assign(label=[words.text(short[line.measure], quarter=line.quarter) for line in known.itertuples()])
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=words.clauses(said),
        subtitle=words.text("Pairs of records that agree, of 100 compared, by fiscal quarter. Bar: 95 % interval."),
        caption=words.text(
            "Source: registrations, sign-in sheets and the partner survey. n: pairs compared. Where two differ, the "
            "sign-in sheet counts before the registration."
        ),
        language=words,
        name="agreement",
    )


def late_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """Days from a fact to its record, by kind of record."""
    words, arrivals = Words.of(language), data.arrivals
    some = arrivals[arrivals["quarter"] <= quarter]
    if some.empty:
        return Prose(words.text("No export says when its rows were submitted, so nobody knows how late they came."))
    groups = some.groupby("table")
    found = groups.agg(rows=("rows", "sum"), median_days=("median_days", "max"), p90_days=("p90_days", "max"))
    found = found.sort_values(["p90_days", "median_days"], ascending=False).reset_index()
    drawn = [
        Row(
            words.text(TABLE_LABELS[line.table]),
            words.text(
                "half within {half}, 9 of 10 within {most} days, n = {n}",
                half=words.number(line.median_days),
                most=words.number(line.p90_days),
                n=words.number(line.rows),
            ),
            float(line.median_days),
            float("nan"),
            float(line.p90_days),
            look="bar",
        )
        for line in found.itertuples()
    ]
    slowest = found.iloc[0]
    heading = words.plural(
        "{what} came slowest: 9 of 10 rows were in within {n} day",
        "{what} came slowest: 9 of 10 rows were in within {n} days",
        round(slowest["p90_days"]),
        what=words.text(TABLE_LABELS[slowest["table"]]),
    )
    heads = [mark("Records"), mark("Half, days"), mark("9 of 10, days"), mark("Rows")]
    cells = [
        [words.text(TABLE_LABELS[line.table]), *(words.number(n) for n in (line.median_days, line.p90_days, line.rows))]
        for line in found.itertuples()
    ]
    return Figure(
        png=rows_png(
            drawn, words, axis=words.text("days"), limits=(0, 1.05 * max(1.0, *(row.high for row in drawn))), scale=1
        ),
        heading=heading,
        subtitle=words.text("Days from a fact to its record. Blue: half of the rows were in. Line: 9 of 10 were."),
        caption=words.text(
            "Source: exports that say when a row was submitted. Each row of the figure is the slowest file and quarter "
            "of its kind. Sheets without a day of submission are left out."
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="lateness",
        numbers=found,
    )


def standards_table(data: Data, *, quarter: str, language: str = "en") -> Table:
    """Figures by the five standards of data quality, of the quarter and of all quarters, over all files."""
    words = Words.of(language)
    quality = data_quality(data)
    with_n = quality[quality["of"].notna()]
    of_quarter = in_sum(with_n, quarter=quarter).set_index("measure")
    cells = [
        [
            f"{words.text(STANDARDS[line['standard']])} · {words.text(line['measure'])}",
            _quality_cell(of_quarter.loc[line["measure"]], words) if line["measure"] in of_quarter.index else "–",
            _quality_cell(line, words),
        ]
        for _, line in in_sum(with_n).iterrows()
    ]
    heads = [words.text("What was counted"), quarter, words.text("All quarters")]
    caption = words.text(
        "Data quality by five standards, k of n. Days are those of the slowest file; organizations count once in each "
        "wave or quarter."
    )
    return Table(
        pd.DataFrame(cells, columns=heads), caption, name="data_quality", numbers=shown(data, quality, quarter=quarter)
    )


def _quality_cell(line: pd.Series, words: Words) -> str:
    if pd.isna(line["value"]):
        return "–"
    value = words.number(line["value"], int(line["value"] % 1 > 0))
    if pd.isna(line["share"]):
        return value
    return words.text("{k} of {n} ({share})", k=value, n=words.number(line["of"]), share=words.percent(line["share"]))


def question_sentences(data: Data, *, language: str = "en", link: bool = False) -> list[str]:
    """How many questions wait for an evaluator, and where; never which names they are about."""
    words, asked = Words.of(language), data.questions
    if asked.empty:
        return [words.text("No question is open that only an evaluator can answer.")]
    open_ones = words.plural("{n} question is open", "{n} questions are open", len(asked))
    said = [
        words.text(
            "**{questions}** that only an evaluator can answer; {rows}.",
            questions=linked(open_ones, "what-only-an-evaluator-can-answer", link),
            rows=words.plural("{n} row waits for it", "{n} rows wait for them", int(asked["times"].sum())),
        )
    ]
    kinds = asked.groupby("question").size()
    if kinds.get(ORGANIZATION, 0):
        said.append(
            words.plural(
                "{n} is about a typed name that is on no roster, or may be one of several.",
                "{n} are about typed names that are on no roster, or may be one of several.",
                int(kinds[ORGANIZATION]),
            )
        )
    if kinds.get(EVENT, 0):
        said.append(
            words.plural(
                "{n} is about two events of the same type, day and place.",
                "{n} are about two events of the same type, day and place.",
                int(kinds[EVENT]),
            )
        )
    return [
        *said,
        words.text("They wait in identity_review.xlsx, beside the cleaned data; answers are remembered from then on."),
    ]


def _by_standard(found: pd.DataFrame) -> dict[str, str]:
    """The word of each standard: that of its worst figure."""
    worst = found.groupby("standard", sort=False)["word"].agg(lambda words: max(words, key=ORDER.index))
    return {standard: worst[standard] for standard in STANDARDS}


def _place_of(data: Data):
    """A function that names the source of programme.toml, such as ``attendance/*.xlsx``, of each line of a list."""
    sources = data.programme.sources

    def named(file: str, table: str) -> str:
        for source in sources:
            if source.table == table and (source.place == file or any(fnmatch(file, one) for one in source.patterns)):
                return source.place
        return file

    def place(lines: pd.DataFrame) -> pd.Series:
        pairs = zip(lines["source"], lines["table"], strict=True)
        return pd.Series([named(*pair) for pair in pairs], index=lines.index, name="source", dtype="str")

    return place


def _of_measure(data: Data, quality: pd.DataFrame, measures: tuple[str, ...], quarter: str) -> pd.DataFrame:
    """Shares of these measures by quarter, up to one, with Wilson's interval; of too few, none."""
    some = quality[quality["measure"].isin(measures) & (quality["quarter"] <= quarter) & quality["value"].notna()]
    some = some[some["of"] >= data.programme.smallest_cell]
    shares = [wilson(int(line.value), int(line.of)) for line in some.itertuples()]
    return some.assign(
        n=some["of"],
        estimate=[share.estimate for share in shares],
        low=[share.low for share in shares],
        high=[share.high for share in shares],
    )


def _read_sentence(data, words):
    table = without_few(data, by_source(data))
    aside = words.plural("{n} row was set aside", "{n} rows were set aside", int(table["set_aside"].sum()))
    return words.text(
        "Of {read} rows read from {sources}, **[{aside}](#what-was-read-kept-and-set-aside)** with the reason on "
        "record.",
        read=words.number(table["read"].sum()),
        sources=words.plural("{n} source", "{n} sources", len(table)),
        aside=aside,
    )


def _reason_sentence(quality, words, *, link=True):
    found = failures(quality)
    if found.empty:
        return ""
    first = found.iloc[0]
    reason = small(words.text(first["measure"]))
    return words.text(
        "The most frequent reason: {reason} ({where}), **{n}** of {all}.",
        reason=linked(reason, "what-did-not-fit-and-why", link),
        where=small(words.text(TABLE_LABELS[first["table"]])),
        n=words.number(first["value"]),
        all=words.plural("{n} row or value set aside", "{n} rows and values set aside", int(found["value"].sum())),
    )


def _answered_sentence(data, quality, quarter, words, *, link=True):
    known = _of_measure(data, quality, (ANSWERED,), quarter)
    if known.empty:
        return ""
    last = known.iloc[-1]
    share = words.percent(last["estimate"])
    return words.text(
        "The survey begun in {quarter} was answered by **{share}** of {n} partners (95 % interval {low} to {high}).",
        quarter=last["quarter"],
        share=linked(share, "who-answered", link),
        n=words.number(last["n"]),
        low=words.points(last["low"]),
        high=words.points(last["high"]),
    )


def _figure(line, words):
    if pd.isna(line.figure):
        return "–"
    return _days(line.figure, words) if line.in_days else words.percent(line.figure)


def _limit(limit, rule, words):
    return _days(limit, words) if rule.in_days else words.percent(limit)


def _days(days, words):
    return words.plural("{n} day", "{n} days", round(days))

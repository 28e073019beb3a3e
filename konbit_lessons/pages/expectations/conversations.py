"""Individual conversations, when the last one was, and the follow-ups promised in them."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure
from konbit_lessons.figures.charts import calendar_png
from konbit_lessons.measures import expectations
from konbit_lessons.measures.expectations import TOTAL
from konbit_lessons.pages.expectations.by_type import counts_by_type
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences.phrases import (
    capital,
    count,
    interval_of_share,
    joined,
    linked,
    share_and_interval,
    why_missing,
)
from konbit_lessons.words import Words, mark

LAST = {
    "this_quarter": mark("In this quarter"),
    "quarter_before": mark("In the quarter before"),
    "earlier": mark("Longer ago"),
    "never": mark("Never"),
}


def talked_sentence(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """What share of partners had a conversation in the quarter, and how many follow-ups are overdue."""
    words, now = Words.of(language), expectations.calendar(data, quarter=quarter).iloc[-1]
    if data.conversations.empty:
        return words.text("No conversation with an organization is on record.")
    if pd.isna(now["share"]):
        return words.text("Too few partners had a conversation in {quarter} to give a share.", quarter=quarter)
    overdue = expectations.follow_ups(data, quarter=quarter).table.loc["overdue", "follow_ups"]
    late = (
        "" if pd.isna(overdue) else words.plural("{n} follow-up is overdue", "{n} follow-ups are overdue", int(overdue))
    )
    said = words.plural(
        "in {quarter}, **{share}** of {n} partner had an individual conversation{interval}",
        "in {quarter}, **{share}** of {n} partners had an individual conversation{interval}",
        int(now["partners"]),
        quarter=quarter,
        share=linked(words.percent(now["share"]), "conversations", link),
        interval=interval_of_share(now["low"], now["high"], words),
    )
    return capital(words.clauses(filter(None, [said, late]))) + "."


def calendar_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """A calendar of conversations by month, with the share of partners that had one in each quarter."""
    words, table = Words.of(language), expectations.calendar(data, quarter=quarter)
    if data.conversations.empty or table["conversations"].isna().all():
        return Prose(talked_sentence(data, quarter=quarter, language=words))
    drawn, cells = [], []
    for name, months in table.groupby("fiscal_quarter", sort=False):
        line = months.iloc[0]
        label = _of_quarter(name, line, words)
        drawn.append((label, [(words.month(one.month), one.conversations) for one in months.itertuples()]))
        for one in months.itertuples():
            cells.append(
                [words.month(one.month), count(one.conversations, words), count(one.organizations, words), label]
            )
    heads = [mark("Month"), mark("Conversations"), mark("Organizations"), mark("Quarter: partners with one")]
    heading = talked_sentence(data, quarter=quarter, language=words).replace("**", "").rstrip(".")
    if pd.notna(line["share"]):
        heading = words.text("{label} had an individual conversation", label=label)
    return Figure(
        png=calendar_png(drawn, words, few=words.text("not shown")),
        heading=heading,
        subtitle=words.text(
            "Conversations in each month; above them, partners with one in the quarter (95 % interval)."
        ),
        caption=joined(
            words.text("Source: conversations, with organizations that were partners on the last day of the quarter."),
            why_missing(table["conversations"].isna().sum(), data, words),
        ),
        alt=" ".join([f"{heading}.", *(f"{label}." for label, _ in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="conversations",
        numbers=table,
    )


def _of_quarter(name, line, words):
    """The share of partners with a conversation in a quarter."""
    if pd.isna(line["share"]):
        return words.text("{quarter}: not shown", quarter=name)
    return words.plural(
        "{quarter}: {share} of {n} partner",
        "{quarter}: {share} of {n} partners",
        int(line["partners"]),
        quarter=name,
        share=share_and_interval(line, words),
    )


def since_table(data: Data, *, quarter: str, language: str = "en") -> Part:
    """When partners had their last conversation, by type of organization."""
    words, table = Words.of(language), expectations.last_talked(data, quarter=quarter)
    if data.conversations.empty or table[TOTAL].isna().all():
        return Prose(talked_sentence(data, quarter=quarter, language=words))
    labels = [words.text(LAST[one]) for one in table["last"]]
    frame, hidden = counts_by_type(table, words.text("Last conversation"), labels, words)
    days, since = expectations.days_since(data, quarter=quarter), ""
    if days:
        since = words.text(
            "Of those that had one, half had it {median} days ago or less, the middle half {low} to {high} days ago.",
            **{name: words.number(number) for name, number in zip(("low", "median", "high"), days, strict=True)},
        )
    caption = joined(
        words.text("Partners on the last day of {quarter}, by their last conversation.", quarter=quarter),
        since,
        why_missing(hidden, data, words),
    )
    return Table(frame, caption, name="last_conversation", numbers=table)


def follow_up_sentences(data: Data, *, quarter: str, language: str = "en") -> list[str]:
    """How many follow-ups promised in conversations are done, open and overdue."""
    words, found = Words.of(language), expectations.follow_ups(data, quarter=quarter)
    counts = found.table["follow_ups"]
    if counts[TOTAL] is not pd.NA and not counts[TOTAL]:
        return [words.text("No follow-up promised in a conversation is on record.")]
    states = {
        "overdue": mark("**Overdue:** {n}."),
        "open": mark("**Open, not yet due:** {n}."),
        "done": mark("**Done:** {n}."),
    }
    said = [words.text(text, n=words.number(counts[one])) for one, text in states.items() if pd.notna(counts[one])]
    return [*said, *filter(None, [found.sentence(words)])]

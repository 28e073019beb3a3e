"""What organizations expect, beside what they were offered."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure, spoken
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures import expectations
from konbit_lessons.pages.expectations.answers import in_all, no_answers
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import (
    count,
    interval_of_share,
    joined,
    linked,
    share_and_interval,
    small,
    why_missing,
)
from konbit_lessons.tables import EXPECTATIONS
from konbit_lessons.words import Words, mark, pair


def headline(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """What most expect, whether the project can offer it, and where its offer falls shortest."""
    words = Words.of(language)
    table = in_all(expectations.met_or_not(data, rows, quarter=quarter)).dropna(subset="share")
    if table.empty:
        return no_answers(data, quarter, words)
    first = table.iloc[0]
    most = pair(
        "Of {n} organization that answered, {share} expects {what}.",
        "Of {n} organizations that answered, {share} expect {what}.",
    )
    if data.programme.offers.get(first["what"]) == []:
        most = pair(
            "Of {n} organization that answered, {share} expects {what}, which is beyond what the project offers.",
            "Of {n} organizations that answered, {share} expect {what}, which is beyond what the project offers.",
        )
    said = words.plural(
        *most,
        int(first["n"]),
        what=f"**{linked(small(words.text(EXPECTATIONS[first['what']])), 'expected-and-offered', link)}**",
        share=f"{words.percent(first['share'])}{interval_of_share(first['low'], first['high'], words)}",
    )
    return joined(said, _falls_short(data, table, quarter, words))


def gap_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """What organizations expect, beside what they were offered in the quarter: a dumbbell for each expectation."""
    words, offers = Words.of(language), data.programme.offers
    when = {"quarter": quarter, "language": words}
    table = in_all(expectations.met_or_not(data, rows, quarter=quarter))
    known = table.dropna(subset="share")
    if known.empty:
        return Prose(no_answers(data, quarter, words))
    drawn, cells = [], []
    for line in known.itertuples():
        offered = line.offered / line.n if offers.get(line.what) and pd.notna(line.offered) else float("nan")
        limit = (
            "" if offers.get(line.what) else words.text("beyond the offer" if line.what in offers else "not decided")
        )
        label = words.text(EXPECTATIONS[line.what])
        known_offer = mark("{share} of {n} expect it; offered to {offered}")
        note = words.text(
            known_offer if pd.notna(offered) else "{share} of {n} expect it",
            share=share_and_interval(line, words),
            n=words.number(line.n),
            offered=words.percent(offered),
        )
        drawn.append(Row(label, note, line.share, line.low, line.high, limit, other=offered))
        events = words.text("{k} of {n}", k=words.number(line.events), n=words.number(line.events_held))
        gone = [words.percent(offered), count(line.unmet, words), events] if not limit else [limit, "–", "–"]
        cells.append([label, words.text("{k} of {n}", **_k_of_n(line, words)), share_and_interval(line, words), *gone])
    heads = [
        mark("Expectation"),
        mark("Expect it"),
        mark("Percent, 95 % interval"),
        mark("Were offered it"),
        mark("Expect it, not offered"),
        mark("Events with it"),
    ]
    heading = (_falls_short(data, known, quarter, words) or headline(data, rows, **when)).replace("**", "").rstrip(".")
    declared = words.text("What the project can offer stands in programme.toml, section offers.")
    if not offers:
        declared = words.text("programme.toml does not say what the project can offer: add the section offers.")
    return Figure(
        png=rows_png(drawn, words, axis=words.text("percent of organizations"), limits=(0, 1)),
        heading=heading,
        subtitle=words.text(
            "Of the organizations that answered in wave {wave}. Blue: expect it, with the 95 % interval. Orange "
            "diamond: were invited in {quarter} to an event that offers it.",
            wave=known["wave"].iloc[0],
            quarter=quarter,
        ),
        caption=joined(
            declared,
            words.text(
                "Source: partner survey, events and invitation lists. An organization expects what any of its people "
                "named."
            ),
            why_missing(table["share"].isna().sum() + table["unmet"].isna().sum(), data, words),
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="expected_and_offered",
        numbers=table.drop(columns=["by", "group", "before"]),
    )


def _falls_short(data, table, quarter, words):
    line = shortest(data, table)
    if line is None:
        return ""
    return words.text(
        "Of what is offered, {what} falls shortest: **{k} of {n}** that expect it were not offered it in {quarter}.",
        what=small(words.text(EXPECTATIONS[line["what"]])),
        k=words.number(line["unmet"]),
        n=words.number(line["expects"]),
        quarter=quarter,
    )


def _k_of_n(line, words):
    return {"k": words.number(line.expects), "n": words.number(line.n)}


def shortest(data, table):
    """Of what the project offers, the expectation that is met for the smallest share of those that have it, or None."""
    short = table[table["what"].map(lambda what: bool(data.programme.offers.get(what))) & (table["unmet"] > 0)]
    return None if short.empty else short.loc[(short["unmet"] / short["expects"]).astype(float).idxmax()]

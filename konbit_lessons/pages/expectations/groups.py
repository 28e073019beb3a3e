"""Who expects what: by type of organization, and by whether it was consulted at design."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import expectations
from konbit_lessons.measures.intervals import difference_of_groups
from konbit_lessons.pages.expectations.answers import latest_answers, no_answers
from konbit_lessons.pages.expectations.strength import interval_and_strength, matters_of
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import (
    count,
    joined,
    share_and_interval,
    why_missing,
)
from konbit_lessons.tables import EXPECTATIONS, LABELS, ORG_TYPES
from konbit_lessons.words import Words, mark


def groups_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Expectations by rank, by type of organization, and by whether it was consulted when the project was designed."""
    words = Words.of(language)
    table = expectations.met_or_not(data, rows, quarter=quarter)
    groups = {("org_type", one): LABELS[one] for one in ORG_TYPES} | {
        ("consulted_at_design", "True"): mark("Consulted at design"),
        ("consulted_at_design", "False"): mark("Not consulted"),
    }
    wide = table.set_index(["what", "by", "group"])
    there = [at for at in groups if (table.set_index(["by", "group"]).index == at).any()]
    if len(there) < 2:
        why = words.text("There are not two groups of organizations to set beside each other.")
        return Prose(why if len(table) else no_answers(data, quarter, words))
    cells = [
        [words.text(EXPECTATIONS[what]), *(share_and_interval(wide.loc[(what, *at)], words) for at in there)]
        for what in dict.fromkeys(table["what"])
        if wide.loc[what].reindex(there)["share"].notna().any()
    ]
    asked = {at: wide.xs(at, level=("by", "group"))["n"].max() for at in there}
    heads = [words.text("{kind}, n = {n}", kind=words.text(groups[at]), n=count(asked[at], words)) for at in there]
    caption = joined(
        words.text(
            "Share of organizations that expect it, those expected by most first, with its 95 % interval. "
            "Wave {wave}. n: the most that answered.",
            wave=table["wave"].iloc[0],
        ),
        why_missing(
            table.loc[table["by"].isin(["org_type", "consulted_at_design"]), "share"].isna().sum(),
            data,
            words,
        ),
    )
    numbers = table[table["by"] != "both_waves"].drop(columns=["offered", "unmet", "before", "events", "events_held"])
    frame = pd.DataFrame(cells, columns=[words.text("Expectation"), *heads])
    return Table(frame, caption, name="expected_by_group", numbers=numbers)


def groups_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Which expectations differ between consulted organizations and the others, and between the types."""
    words, told = Words.of(language), told_apart(data, rows, quarter)
    texts = {
        "consulted_at_design": mark("{what}: of consulted organizations {points} of 100 against the others{interval}."),
        "org_type": mark("{what}: of service providers (CDSPs) {points} of 100 against awardees{interval}."),
    }
    said = [
        words.text(
            texts[line.term[0]],
            what=words.text(EXPECTATIONS[line.term[1]]),
            points=signed(line.estimate, words),
            interval=interval_and_strength(line, words),
        )
        for line in told[told["strength"].isin(["clear", "likely"])].itertuples()
    ]
    none = words.plural(
        "Groups were compared in {n} expectation; no difference can be told.",
        "Groups were compared in {n} expectations; no difference can be told.",
        told["term"].map(lambda term: term[1]).nunique(),
    )
    return said or [none if len(told) else words.text("There are not two groups of organizations to compare.")]


def told_apart(data, rows, quarter):
    """The differences between the groups that are both shown, with the strength of each."""
    latest = latest_answers(data, quarter)
    shown = expectations.met_or_not(data, rows, quarter=quarter).dropna(subset="share")
    groups = {"consulted_at_design": (False, True), "org_type": ("awardee", "cdsp")}
    sizes = shown[shown["by"].isin(groups)].groupby(["by", "what"], sort=False).size()
    both = sizes[sizes == 2].index
    told = {
        (by, what): difference_of_groups(latest, f"expects_{what}", by=by, first=groups[by][0], second=groups[by][1])
        for by, what in both
    }
    return expectations.compared(told, matters=matters_of(data))

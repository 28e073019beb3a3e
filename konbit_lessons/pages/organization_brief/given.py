"""What an organization pledged and delivered, the leads and contracts on record, and who else supports it."""

import pandas as pd

from konbit_lessons.measures import organization as measures
from konbit_lessons.measures.organization import Record
from konbit_lessons.pages.organization_brief.wording import MOST_NAMED, literal, some_of
from konbit_lessons.sentences.phrases import joined
from konbit_lessons.words import Words


def given_sentences(one: Record, language: str = "en") -> list[str]:
    """What it pledged and delivered, the leads and contracts on record, and who else supports it."""
    words = Words.of(language)
    return [_pledges(one, words), _leads(one, words), _support(one, words)]


def _pledges(one, words):
    if one.contributions.empty:
        return words.text("No contribution was pledged.")
    still = measures.open_pledges(one)
    said = words.text(
        "Contributions: {n} pledged, {done} delivered.",
        n=words.number(len(one.contributions)),
        done=words.number(len(one.contributions) - len(still)),
    )
    if still.empty:
        return said
    named = [
        words.text("{what} ({day})", what=literal(line.kind), day=words.date(line.pledged_on))
        for line in still.head(MOST_NAMED).itertuples()
    ]
    return joined(said, words.text("Open: {what}.", what=some_of(named, len(still), words)))


def _leads(one, words):
    leads = one.business_leads
    if leads.empty:
        return words.text("No business lead is on record.")
    contracts = int((leads["kind"] == "contract").sum())
    said = words.text(
        "On record: {leads} and {contracts}.",
        leads=words.plural("{n} business lead", "{n} business leads", len(leads) - contracts),
        contracts=words.plural("{n} signed contract", "{n} signed contracts", contracts),
    )
    value = leads["value_htg"].sum()
    worth = words.text("Worth {value} HTG where a value is known.", value=words.number(value)) if value else ""
    bare = len(measures.without_evidence(one))
    lacking = words.plural("Evidence is missing for {n}.", "Evidence is missing for {n}.", bare) if bare else ""
    return joined(said, worth, lacking)


def _support(one, words):
    if one.other_support.empty:
        return words.text("No support from another project is on record.")
    now = measures.support_now(one)
    named = [
        words.text("{project} since {day}", project=_about(line), day=words.date(line.started_on))
        for line in now.head(MOST_NAMED).itertuples()
    ]
    ended = len(one.other_support) - len(now)
    return joined(
        words.text("Supported by other projects: {what}.", what=some_of(named, len(now), words)) if named else "",
        words.plural("{n} support has ended.", "{n} supports have ended.", ended) if ended else "",
    )


def _about(line):
    return f"{literal(line.project)} ({literal(line.topic)})" if pd.notna(line.topic) else literal(line.project)

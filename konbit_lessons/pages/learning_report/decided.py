"""What was written down in the table of learning questions: what we found, what we decided, what is due."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.conversations import follow_ups
from konbit_lessons.parts import Item, Items, Part, Prose, anchor_of
from konbit_lessons.reports.narrative import FINDING
from konbit_lessons.sentences.phrases import capital, linked
from konbit_lessons.tables import LEVELS
from konbit_lessons.words import Words, mark, pair

NOT_WRITTEN = mark("Nothing was written down for this quarter. Add it to the table of learning questions.")
ANCHORS = {code: anchor_of(f"{code}: {LEVELS[code]}") for code in ("A1", "A2", "A3", "A4")}  # sections of the actions
NONE = "–"


def learned(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What was asked, expected and found this quarter: one finding a heading, to which recommendations can link."""
    words, lines = Words.of(language), _of_quarter(data, quarter)
    if lines.empty:
        return Prose(words.text(NOT_WRITTEN))
    items = [
        Item(
            words.text("Finding {n}: {finding}", n=words.number(n), finding=_or(line.finding, words)),
            [
                (words.text("We asked"), line.question),
                (words.text("We expected"), _or(line.expectation, words)),
            ],
            anchor=f"{FINDING}{n}",
        )
        for n, line in enumerate(lines.itertuples(), start=1)
    ]
    return Items(items, name="learned", numbers=lines[["question", "expectation", "finding"]])


def will_change(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What will change: which finding it rests on, under which action, who answers for it, how it stands."""
    words, lines = Words.of(language), _of_quarter(data, quarter)
    numbered = [(n, line) for n, line in enumerate(lines.itertuples(), start=1) if pd.notna(line.adaptation)]
    if not numbered:
        return Prose(words.text(NOT_WRITTEN))
    items = []
    for n, line in numbered:
        rests_on = linked(words.text("finding {n}", n=words.number(n)), f"{FINDING}{n}")
        items.append(Item(line.adaptation, [(words.text("Rests on"), rests_on), *decided_facts(line, words)]))
    columns = ["adaptation", "action", "owner", "status"]
    return Items(items, name="will_change", numbers=lines.dropna(subset="adaptation")[columns])


def decided_facts(line, words: Words) -> list[tuple[str, str]]:
    """The action that a change belongs to, who answers for it, how it stands."""
    action = NONE
    if pd.notna(line.action):
        said = words.text("{code}, {action}", code=line.action, action=words.text(LEVELS[line.action]))
        action = linked(said, ANCHORS[line.action])
    return [
        (words.text("Action"), action),
        (words.text("Who"), _or(line.owner, words)),
        (words.text("Status"), status(line.status, words)),
    ]


def status(said: object, words: Words) -> str:
    """How a change stands, in words."""
    return words.text("not written down") if pd.isna(said) else words.text(LEVELS[said])


def decided_sentence(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """How many changes were decided in the quarter, and how many follow-ups are overdue."""
    words = Words.of(language)
    decided = len(decided_in(data, quarter))
    changes = words.plural("{n} change was decided", "{n} changes were decided", decided)
    if not decided:
        changes = words.text("no change was decided")
    said = [
        words.text(
            "in {quarter}, **{changes}**", quarter=quarter, changes=linked(changes, "what-we-will-change", link)
        ),
        _overdue(data, quarter, words, link),
    ]
    return capital(words.clauses(filter(None, said))) + "."


def next_quarter(data: Data, *, quarter: str, language: str = "en") -> list[str]:
    """What falls due: follow-ups promised in conversations, and changes decided so far that are not done."""
    words, found = Words.of(language), follow_ups(data, quarter=quarter)
    counts = found.table["follow_ups"]
    if pd.isna(counts["total"]):
        said = [words.text("Too few organizations were promised a follow-up to give numbers.")]
    elif not counts["total"]:
        said = [words.text("No follow-up promised in a conversation is on record.")]
    else:
        states = {
            "overdue": pair("**{n}** promised follow-up is overdue.", "**{n}** promised follow-ups are overdue."),
            "open": pair("**{n}** promised follow-up falls due later.", "**{n}** promised follow-ups fall due later."),
        }
        known = {state: forms for state, forms in states.items() if pd.notna(counts[state])}
        said = [words.plural(*forms, int(counts[state])) for state, forms in known.items()] + [found.sentence(words)]
    until_now, open_ones = _decided_until(data, quarter), len(waiting(data, quarter))
    waiting_said = words.plural(
        "**{n}** change decided so far is not done yet.",
        "**{n}** changes decided so far are not done yet.",
        open_ones,
    )
    if until_now.empty:
        waiting_said = words.text("No change has been decided so far.")
    elif not open_ones:
        waiting_said = words.text("All changes decided so far are done.")
    return [*filter(None, said), waiting_said]


def decided_in(data: Data, quarter: str) -> pd.DataFrame:
    """The changes decided in a quarter."""
    return _of_quarter(data, quarter).dropna(subset="adaptation")


def waiting(data: Data, quarter: str) -> pd.DataFrame:
    """The changes decided up to a quarter that are not done."""
    until_now = _decided_until(data, quarter)
    return until_now[until_now["status"].fillna("") != "done"]


def _decided_until(data: Data, quarter: str) -> pd.DataFrame:
    return data.learning[data.learning["quarter"] <= quarter].dropna(subset="adaptation")


def _overdue(data: Data, quarter: str, words: Words, link: bool) -> str:
    overdue = follow_ups(data, quarter=quarter).table.loc["overdue", "follow_ups"]
    if pd.isna(overdue) or not overdue:
        return ""
    said = words.plural("{n} promised follow-up is overdue", "{n} promised follow-ups are overdue", int(overdue))
    return f"**{linked(said, 'next-quarter', link)}**"


def _of_quarter(data: Data, quarter: str) -> pd.DataFrame:
    return data.learning[data.learning["quarter"] == quarter]


def _or(text: object, words: Words) -> str:
    return words.text("nothing was written down") if pd.isna(text) else str(text)

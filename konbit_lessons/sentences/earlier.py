"""What earlier reports said and decided, and what became of it.

Takes the frames of ``measures.findings`` and ``measures.decisions``; returns Sentences.
"""

import pandas as pd

from konbit_lessons.say import small
from konbit_lessons.sentences.common import FOUND, answer, texts
from konbit_lessons.sentences.learning import COUNTS, day, item, number_told, of, own, who
from konbit_lessons.words import pair

TEXTS = texts("earlier")


def decided_before(say, waiting):
    """Return the changes decided before that are not done, as items of a page."""
    return [_decided(say, row) for row in waiting.to_dict("records")]


def _decided(say, row):
    facts = {say("Decided in"): say.period(row["quarter"]), say("Who"): who(say, row), say("By when"): day(say, row)}
    status = say("not written down") if pd.isna(row["status"]) else say.level("status", row["status"])
    return item(own(say, row, "adaptation"), facts | {say("Status"): status})


def no_longer(say, held):
    """Return the findings of earlier quarters that no longer hold by their numbers, and how many still do."""
    gone, n = held[~held["holds"].fillna(True).astype(bool)], int(held["holds"].sum())
    return [*held_sentences(say, gone), say(TEXTS["no_longer"], n=n) if n else None]


def held_sentences(say, held):
    """Return of each finding of an earlier quarter whether it still holds by the number that it rests on."""
    return [_held(say, row) for _, row in held.iterrows()]


def _held(say, row):
    text = TEXTS["held"]["not said" if pd.isna(row["holds"]) else "holds" if row["holds"] else "gone"]
    now = row["k"] if row["kind"] in COUNTS else row["value"]
    then, now = (_as_text(say, row["kind"], one) for one in (row["then"], now))
    about = {"finding": own(say, row, "finding"), "quarter": row["quarter"], "number": number_name(say, row)}
    return say(text, then=then, now=now, **about)


def compared_sentences(say, compared, *, quarter):
    """Return whether what the report of the quarter before said still stands, and what became of its findings."""
    if compared[["said", "then"]].isna().all(axis=None):
        return []
    names = [small(_short_name(say, row)) for _, row in compared[compared["differs"]].iterrows()]
    kept = compared["said"].notna().any()
    text = TEXTS["stands"]["not kept" if not kept else "others" if names else "stands"]
    before = str(say.programme.calendar.named(quarter).previous)
    first = say(text, n=len(names), names=say.list(names), quarter=before)
    return [first, *_strength_then_and_now(say, compared)] if kept else [first]


def _short_name(say, row):
    return say.name(row["name"]) if row["kind"] == "incentive" else str(number_name(say, row))


def _strength_then_and_now(say, compared):
    both = compared.dropna(subset=["strength_said", "strength_now"])
    then, now = (both[side].isin(FOUND) for side in ("strength_said", "strength_now"))
    told = {"still": then & now, "no longer": then & ~now, "now": now & ~then}
    named = {word: [f"**{small(say.name(name))}**" for name in both.loc[these, "name"]] for word, these in told.items()}
    return [say(TEXTS["strength"][word], names=say.list(names)) for word, names in named.items() if names]


def then_and_now(say, compared):
    """Return numbers of two reports as a table reads them: ``figure``, ``said_then``, ``known_then``, ``known_now``."""
    compared = compared.dropna(subset=["said", "then", "now", "strength_now"], how="all")
    compared = compared.assign(figure=[str(number_name(say, row)) for _, row in compared.iterrows()])
    for name, side in {"said_then": "said", "known_then": "then", "known_now": "now"}.items():
        each = zip(compared["kind"], compared[side], compared[f"strength_{side}"], strict=True)
        compared[name] = [_as_text(say, *one) for one in each]
    return compared


def number_name(say, row):
    """Return what a number is called."""
    return say(TEXTS["numbers"][row["kind"]], **of(say, row))


def _as_text(say, kind, value, strength=None):
    if kind != "incentive":
        return say.number(value) if kind in COUNTS else say.percent(value)
    parts = [say.signed(value)] if pd.notna(value) else []
    parts += [answer(say, strength)] if isinstance(strength, str) else []
    return ", ".join(parts) or "–"


def to_come(say, numbers, open_ones):
    """Return what falls due next: follow-ups promised for later, and changes that are not done."""
    later = [number_told(say, row) for _, row in numbers[numbers["kind"] == "due_later"].iterrows()]
    text = pair("**{n}** change decided so far is not done yet.", "**{n}** changes decided so far are not done yet.")
    return [*later, say(text, n=open_ones) if open_ones else None]

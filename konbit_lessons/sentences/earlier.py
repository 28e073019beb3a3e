"""What earlier reports said and decided, and what became of it.

Takes the frames of ``measures.findings`` and ``measures.decisions``; returns Sentences.
"""

import pandas as pd

from konbit_lessons.measures.findings import FOUND
from konbit_lessons.say import small
from konbit_lessons.sentences.common import answer
from konbit_lessons.sentences.learning import COUNTS, day, number_told, of, own, who
from konbit_lessons.words import mark, pair

NUMBERS = {  # what a number is called in a table
    "reached": mark("Reached so far: {what}"),
    "taken_up": mark("Invitations taken up"),
    "talked_with": mark("Partners with an individual conversation"),
    "overdue": mark("Promised follow-ups overdue"),
    "due_later": mark("Promised follow-ups due later"),
    "expects": mark("Expect it: {what}"),
    "unmet": mark("Expect it, not invited to it: {what}"),
    "agrees": mark("Agree: {what}"),
    "incentive": mark("Of 100 invitations, with it: {what}"),
    "delivered": mark("Contributions delivered"),
    "leads": mark("Business leads and contracts in the quarter"),
    "joint": mark("Events held jointly in the quarter"),
}


def decided_before(say, waiting):
    """Return the changes decided before that are not done, as items of a page."""
    return [
        (
            own(say, row, "adaptation"),
            [
                (say("Decided in"), say.period(row["quarter"])),
                (say("Who"), who(say, row)),
                (say("By when"), day(say, row)),
                (say("Status"), _status(say, row)),
            ],
            "",
        )
        for row in waiting.to_dict("records")
    ]


def _status(say, row):
    return say("not written down") if pd.isna(row["status"]) else say.level("status", row["status"])


def no_longer(say, held):
    """Return the findings of earlier quarters that no longer hold by their numbers, and how many still do."""
    gone = [_held(say, row) for _, row in held[held["holds"].fillna(True).eq(False)].iterrows()]
    n = int(held["holds"].fillna(False).sum())
    still = pair(
        "By its number, **{n}** finding of earlier quarters still holds.",
        "By their numbers, **{n}** findings of earlier quarters still hold.",
    )
    return [*gone, say(still, n=n) if n else None]


def held_sentences(say, held):
    """Return of each finding of an earlier quarter whether it still holds by the number that it rests on."""
    return [_held(say, row) for _, row in held.iterrows()]


def _held(say, row):
    texts = {
        True: mark("“{finding}” ({quarter:period}) still holds. {number}: {then} then, {now} now."),
        False: mark("“{finding}” ({quarter:period}) **no longer holds**. {number}: {then} then, {now} now."),
        None: mark("“{finding}” ({quarter:period}). {number}: {then} then, {now} now."),
    }
    return say(
        texts[None if pd.isna(row["holds"]) else bool(row["holds"])],
        finding=own(say, row, "finding"),
        quarter=row["quarter"],
        number=number_name(say, row),
        then=_as_text(say, row["kind"], row["then"]),
        now=_as_text(say, row["kind"], row["k"] if row["kind"] in COUNTS else row["value"]),
    )


def compared_sentences(say, compared, *, quarter):
    """Return whether what the report of the quarter before said still stands, and what became of its findings."""
    earlier = str(say.programme.calendar.named(quarter).previous)
    if compared[["said", "then"]].isna().all(axis=None):
        return []
    if compared["said"].isna().all():
        return [
            say(
                "No report on the quarter before ({quarter:period}) is stored, so what it said cannot be compared.",
                quarter=earlier,
            )
        ]
    differ = compared[compared["differs"]]
    stands = say("What the report before ({quarter:period}) said still stands by today's records.", quarter=earlier)
    others = pair(
        "Of what the report before ({quarter:period}) said, {n} number is another by today's records: {names}.",
        "Of what the report before ({quarter:period}) said, {n} numbers are others by today's records: {names}.",
    )
    names = say.list(
        small(say.name(row["name"]) if row["kind"] == "incentive" else str(number_name(say, row)))
        for _, row in differ.iterrows()
    )
    first = say(others, n=len(differ), names=names, quarter=earlier) if len(differ) else stands
    return [first, *_strength_then_and_now(say, compared)]


def _strength_then_and_now(say, compared):
    both = compared.dropna(subset=["strength_said", "strength_now"])
    then, now = both["strength_said"].isin(FOUND), both["strength_now"].isin(FOUND)
    kinds = {
        mark("Clear or likely then, and still: {names}."): then & now,
        mark("Clear or likely then, and no longer: {names}."): then & ~now,
        mark("Clear or likely now, and not then: {names}."): now & ~then,
    }
    named = {
        text: [f"**{small(say.name(name))}**" for name in both.loc[these, "name"]] for text, these in kinds.items()
    }
    return [say(text, names=say.list(names)) for text, names in named.items() if names]


def then_and_now(say, compared):
    """Return numbers of two reports as a table reads them: ``figure``, ``said_then``, ``known_then``, ``known_now``."""
    compared = compared.dropna(subset=["said", "then", "now", "strength_now"], how="all")
    texts = {
        name: [_as_text(say, row["kind"], row[side], row[f"strength_{side}"]) for row in compared.to_dict("records")]
        for name, side in {"said_then": "said", "known_then": "then", "known_now": "now"}.items()
    }
    return compared.assign(figure=[str(number_name(say, row)) for _, row in compared.iterrows()], **texts)


def number_name(say, row):
    """Return what a number is called."""
    return say(NUMBERS[row["kind"]], **of(say, row))


def _as_text(say, kind, value, strength=None):
    if kind in COUNTS:
        return say.number(value)
    if kind != "incentive":
        return say.percent(value)
    strong = answer(say, strength) if isinstance(strength, str) else ""
    return ", ".join(str(one) for one in ("" if pd.isna(value) else say.signed(value), strong) if one) or "–"


def to_come(say, numbers, open_ones):
    """Return what falls due next: follow-ups promised for later, and changes that are not done."""
    later = [number_told(say, row) for _, row in numbers[numbers["kind"] == "due_later"].iterrows()]
    text = pair("**{n}** change decided so far is not done yet.", "**{n}** changes decided so far are not done yet.")
    return [*later, say(text, n=open_ones) if open_ones else None]

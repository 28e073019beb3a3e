"""What the learning report says of the one before: whether its numbers still stand, what moved them, by how much."""

from konbit_lessons.say import small
from konbit_lessons.sentences.common import FOUND, texts
from konbit_lessons.sentences.learning import COUNTS, number_as_text, number_name

TEXTS = texts("learning")
MOVED_BY = {"incentives": {"incentive"}}  # a cause → the only kinds of number that it can move


def compared_sentences(say, compared, *, quarter, edition=0, causes=()):
    """Return whether what the report of the quarter before said still stands, why not, and what became of its findings.

    Parameters
    ----------
    compared : DataFrame, from ``measures.findings``
    quarter : str
    edition : int, the one that was shared, which is compared; 0 where none was
    causes : list of str, what the numbers rest on and is other now, see ``editions.changed``
    """
    if compared[["said", "then"]].isna().all(axis=None):
        return []
    rows = [row for _, row in compared[compared["differs"]].iterrows()]
    names = [small(say.name(row["name"]) if row["kind"] == "incentive" else str(number_name(say, row))) for row in rows]
    kept = compared["said"].notna().any()
    text = TEXTS["stands"]["not kept" if not kept else "others" if names else "stands"]
    first = say(text, n=len(names), names=say.list(names), quarter=str(say.programme.calendar.named(quarter).previous))
    if not kept:
        return [first]
    both = compared.dropna(subset=["strength_said", "strength_now"])
    then, now = (both[side].isin(FOUND) for side in ("strength_said", "strength_now"))
    told = {"still": then & now, "no longer": then & ~now, "now": now & ~then}
    named = {word: [f"**{small(say.name(name))}**" for name in both.loc[these, "name"]] for word, these in told.items()}
    said = [first + say(TEXTS["stands"]["shared" if edition else "stored"], n=edition), *_why(say, rows, causes)]
    return said + [say(TEXTS["strength"][word], names=say.list(names)) for word, names in named.items() if names]


def _why(say, rows, causes):
    """What moved these numbers, one after the other, where something is known that can have moved them."""
    kinds, known = {row["kind"] for row in rows}, rows[0]["parts"] if rows else []
    moved = [of for at, (of, _) in enumerate(known) if any(row["parts"][at][1] for row in rows)] if known else [causes]
    moved = [[one for one in of if one != "targets"] for of in moved]
    moved = [*moved, *[["targets"]] * any(map(_has_another_target, rows))]
    names = [*filter(None, (_together(say, of, kinds) for of in moved))]
    return [say(TEXTS["stands"]["parts" if names[1:] else "only"], names=say.clauses(names))] if names else []


def _has_another_target(row):
    return abs(row["target_said"] - row["target_then"]) > 0


def _together(say, causes, kinds):
    """Causes that are not told apart, but those that move no number of these kinds."""
    names = [say(TEXTS["causes"][one]) for one in causes if kinds & MOVED_BY.get(one, kinds)]
    return say(TEXTS["stands"]["together"], names=say.list(names)) if names[1:] else "".join(map(str, names))


def then_and_now(say, compared):
    """Return numbers of two reports as a table reads them: ``figure``, what was said, is known and what moved it."""
    compared = compared.dropna(subset=["said", "then", "now", "strength_now"], how="all")
    compared = compared.assign(figure=[str(number_name(say, row)) for _, row in compared.iterrows()])
    for name, side in {"said_then": "said", "known_then": "then", "known_now": "now"}.items():
        each = zip(compared["kind"], compared[side], compared[f"strength_{side}"], strict=True)
        compared[name] = [number_as_text(say, *one) for one in each]
    return compared.assign(moved_by=[_moved_by(say, row) for _, row in compared.iterrows()]).drop(columns="parts")


def _moved_by(say, row):
    """By how much each cause moved a number that is another today."""
    kind, parts = row["kind"], [(of, by) for of, by in row["parts"] if row["differs"] and by]
    each = [(of, say.with_sign(by, say.number) if kind in COUNTS else say.signed(by)) for of, by in parts]
    said = [say("{by} through {names}", by=by, names=_together(say, of, {kind})) for of, by in each]
    if _has_another_target(row):
        said.append(say("the target was {was} and is {now}", was=row["target_said"], now=row["target_then"]))
    return str(say.clauses(said)) if said else "–"

"""What a programme declares → columns of its tables, in the form that codebook.toml has for its own.

Types of organizations and events, places, incentives, questions, expectations and actions become columns or levels.
"""

from collections.abc import Iterator

from konbit_lessons import tables
from konbit_lessons.field.sections import Places, Question, Sections
from konbit_lessons.field.values import place_key
from konbit_lessons.words.label import Label

TYPED = {"org_type": "organizations", "event_type": "events"}  # level columns that need their levels declared
AMOUNT = "_amount"  # ends the column that holds how much of an incentive was offered
EXPECTS = "expects_"


def declared(said: Sections) -> dict[str, dict[str, dict]]:
    """Table → column → what is said of it, as :func:`konbit_lessons.tables.schemas` takes it."""
    types, expectations = types_of(said), {}
    for name, one in said.expectations.items():
        about = {"at": "expectations", "kind": "yes_no", "label": one.label, "meaning": _words("expected", one)}
        expectations[f"{EXPECTS}{name}"] = about
    columns = {
        "organizations": {"org_type": {"levels": types.get("org_type", {})}, **_of_organizations(said, types)},
        "events": {"event_type": {"levels": types.get("event_type", {})}, **_of_events(said)},
        "survey": {name: _of_question(one) for name, one in said.questions.items()} | expectations,
        "conversations": expectations,
        "learning": {"action": {"levels": {name: one.label for name, one in said.actions.items()}}},
    }
    return {table: _relabelled(table, columns.get(table, {}), said.labels) for table in tables.TABLES}


def _relabelled(table: str, columns: dict[str, dict], labels: dict[str, Label]) -> dict[str, dict]:
    """With the words of [labels] for columns of codebook.toml: what it calls them, and what they mean."""
    own = {name for name in labels if name in tables.codebook()["tables"][table]["columns"]}
    return columns | {name: columns.get(name, {}) | {"label": labels[name], "meaning": labels[name]} for name in own}


def types_of(said: Sections) -> dict[str, dict[str, Label]]:
    """The levels of every column that [types] declares; those of the places are on the map where it does not."""
    if said.places and said.places.tiles and said.places.column not in said.types:
        return said.types | {said.places.column: {place: Label.of(place) for place in said.places.tiles}}
    return dict(said.types)


def spelled(places: Places, levels: dict[str, Label]) -> Iterator[tuple[str, str, str]]:
    """How people write the places: the text, in small plain letters unless it is an abbreviation, and its place.

    The words of each level in every language count, and the spellings that programme.toml has beside them.
    """
    for level, label in levels.items():
        for text in dict.fromkeys([level, *label.every(), *places.spellings.get(level, ())]):
            keys = {text.casefold(), place_key(text) if len(text) > 2 else text.casefold()}
            yield from ((key, text, level) for key in keys)


def _of_organizations(said: Sections, types: dict) -> dict[str, dict]:
    places, columns = said.places, {}
    if places:
        columns[places.column] = {"at": "places", "kind": "text", "meaning": places.label}
        if levels := types.get(places.column):
            spellings = {key: level for key, _, level in spelled(places, levels)}
            columns[places.column] |= {"kind": "place", "levels": levels, "spellings": spellings}
    for name, levels in said.types.items():
        if name not in TYPED and name not in columns:
            meaning = name.replace("_", " ").capitalize()
            columns[name] = {"at": "places", "kind": "level", "levels": levels, "meaning": meaning}
    return columns


def _of_events(said: Sections) -> dict[str, dict]:
    columns = {}
    for name, one in said.incentives.items():
        about = {"at": "incentives", "kind": "yes_no", "label": one.label, "meaning": _words("offered", one)}
        if one.kind == "amount":
            label = _words("amount", one, currency=said.programme.currency)
            about |= {"kind": "amount", "unit": "currency", "label": label, "meaning": _words("amount_offered", one)}
        columns[name + AMOUNT * (one.kind == "amount")] = about
    return columns


def _of_question(one: Question) -> dict:
    about = {"at": "questions", "label": one.label, "meaning": one.statement or one.label, "kind": one.kind}
    if one.unit:
        about["unit"] = "currency" if one.unit == Label.of("currency") else one.unit
    return about | {"scale": {"scale": one.scale}, "choice": {"kind": "level", "levels": one.levels}}.get(one.kind, {})


def _words(which: str, one, **values: str) -> Label:
    """The words of codebook.toml for a declared column, filled with its label."""
    return Label.of(tables.codebook()["declared"][which]).filled(label=one.label, **values)

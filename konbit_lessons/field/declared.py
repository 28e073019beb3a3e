"""What a programme declares → columns of its tables, in the form that codebook.toml has for its own.

Types of organizations and events, places, incentives, questions, expectations and actions each become columns or levels.
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
    expectations = {
        f"{EXPECTS}{name}": {"at": "expectations", "kind": "yes_no", "label": one.label, "meaning": _words("expected", one)}
        for name, one in said.expectations.items()
    }
    types = types_of(said)
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
            yield from ((key, text, level) for key in {text.casefold(), place_key(text) if len(text) > 2 else text.casefold()})


def _of_organizations(said: Sections, types: dict) -> dict[str, dict]:
    columns = {
        name: {"at": "places", "kind": "level", "levels": levels, "meaning": name.replace("_", " ").capitalize()}
        for name, levels in said.types.items()
        if name not in TYPED and not (said.places and name == said.places.column)
    }
    if said.places:
        place = {"at": "places", "kind": "text", "meaning": said.places.label}
        if levels := types.get(said.places.column):
            place |= {"kind": "place", "levels": levels, "spellings": {key: level for key, _, level in spelled(said.places, levels)}}
        columns = {said.places.column: place} | columns
    return columns


def _of_events(said: Sections) -> dict[str, dict]:
    columns = {}
    for name, one in said.incentives.items():
        if one.kind == "amount":
            label = _words("amount", one, currency=said.programme.currency)
            columns[name + AMOUNT] = {"kind": "amount", "unit": "currency", "label": label}
            columns[name + AMOUNT] |= {"at": "incentives", "meaning": _words("amount_offered", one)}
        else:
            offered = _words("offered", one)
            columns[name] = {"at": "incentives", "kind": "yes_no", "label": one.label, "meaning": offered}
    return columns


def _of_question(one: Question) -> dict:
    about = {"at": "questions", "label": one.label, "meaning": one.statement or one.label}
    kind = {"choice": "level"}.get(one.kind, one.kind)
    unit = {"unit": "currency" if one.unit == Label.of("currency") else one.unit} if one.unit else {}
    more = {"scale": {"scale": one.scale}, "choice": {"levels": one.levels}}.get(one.kind, {})
    return about | {"kind": kind} | unit | more


def _words(which: str, one, **values: str) -> Label:
    """The words of codebook.toml for a declared column, filled with its label."""
    return Label.of(tables.codebook()["declared"][which]).filled(label=one.label, **values)

"""What a programme declares → columns of its tables, in the form of codebook.toml; and whether all fits.

Types of organizations and events, places, incentives, questions, expectations and actions become columns or levels.
Sections that are right each by itself may not fit one another: all that is wrong is said at once, before any data is
read, and each error says where, what was found and what is allowed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from fnmatch import filter as matching
from itertools import chain, product
from posixpath import normpath
from typing import Any

import pandera.pandas as pa
from pydantic import BaseModel

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field.messages import message
from konbit_lessons.field.place import is_absolute
from konbit_lessons.field.sections import Places, Question, Sections, Source
from konbit_lessons.field.values import place_key
from konbit_lessons.words.label import ANY, Label

TYPED = {"org_type": "organizations", "event_type": "events"}  # level columns that need their levels declared
AMOUNT, SPENT = "_amount", "_spent"  # end the columns that hold how much of an incentive was offered, and paid
EXPECTS = "expects_"
SHOWN = 8  # places listed in one error


def declared(said: Sections) -> dict[str, dict[str, dict]]:
    """Table → column → what is said of it, as :func:`konbit_lessons.tables.schemas` takes it."""
    types, at = types_of(said), {"at": "expectations", "kind": "yes_no"}
    labels = {f"{EXPECTS}{name}": one for name, one in said.expectations.items()}
    expectations = {name: at | {"label": one.label, "meaning": _words("expected", one)} for name, one in labels.items()}
    columns = {
        "organizations": {"org_type": {"levels": types.get("org_type", {})}, **_of_organizations(said, types)},
        "events": {"event_type": {"levels": types.get("event_type", {})}, **_of_events(said)},
        "survey": {name: _of_question(one) for name, one in said.questions.items()} | expectations,
        "conversations": expectations,
        "learning": {"action": {"levels": {name: one.label for name, one in said.actions.items()}}},
    }
    for table, about in tables.codebook()["tables"].items():  # the words of [labels] for columns of codebook.toml
        own = columns.get(table, {})
        words = {name: one for name, one in said.labels.items() if name in about["columns"]}
        columns[table] = own | {name: own.get(name, {}) | {"label": one, "meaning": one} for name, one in words.items()}
    return columns


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
    columns, currency = {}, said.programme.currency
    for name, one in said.incentives.items():
        about = {"at": "incentives", "kind": one.kind, "label": one.label, "meaning": _words("offered", one)}
        if one.kind == "amount":
            label, meaning = _words("amount", one, currency=currency), _words("amount_offered", one)
            about |= {"unit": "currency", "label": label, "meaning": meaning}
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


def problems(said: Sections, schemas: dict[str, pa.DataFrameSchema]) -> Iterator[str]:
    """Everything that is wrong, each as a sentence that begins with its section."""
    places = _places(said) if said.places else ()
    yield from chain(_paths(said), _names(said), _types(said), places, _references(said), _analysis(said, schemas))
    for number, source in enumerate(said.source, start=1):
        for problem in _source(source, schemas[source.table]):
            yield f'[[source]] {number} (table "{source.table}"), {problem}'
    yield from _missing_words(said, said.programme.languages)


def _paths(said: Sections) -> Iterator[str]:
    """Folders and files that lie elsewhere than below programme.toml, unless it says that they may."""
    about = said.programme
    places = [("[programme] raw", about.raw), ("[programme] processed", about.processed)]
    places += [("[study] table", said.study.table)] if said.study else []
    for number, source in enumerate(said.source, start=1):
        where = f'[[source]] {number} (table "{source.table}"), files'
        for one in [*source.patterns, *source.forms]:
            if is_absolute(one) or not one.replace(".", ""):
                yield f'{where}: found "{one}"; expected a file or a pattern such as *.csv, below {about.raw}'
            else:
                places.append((where, f"{about.raw}/{one}"))
    for where, one in () if about.outside else places:
        if is_absolute(one) or normpath(one.replace("\\", "/")).startswith(".."):
            yield message("outside", where=where, path=one)


def labels(said: Any, *place: str) -> Iterator[tuple[str, Label]]:
    """Every label of the file, with the place where it stands."""
    if isinstance(said, Label):
        heads = 2 if place[0] in ("types", "study") and len(place) > 2 else 1
        inside = place[heads:-1] if place[2:] == ("label",) else place[heads:]  # a thing's own label goes by its name
        yield f"[{'.'.join(place[:heads])}] {', '.join(inside)}", said
    elif isinstance(said, BaseModel | dict):
        for name, one in said.items() if isinstance(said, dict) else said:
            yield from labels(one, *place, name)


def missing_words(said: Sections, language: str) -> list[str]:
    """What is to be said of the labels, and of the codebook's own words, that lack a language."""
    meanings = []
    for table in tables.codebook()["tables"].values():
        meanings += [table["label"], *(one["meaning"] for one in table["columns"].values() if "meaning" in one)]
    lacking = [] if said.study else [one for one in meanings if Label.of(one).lacks(language)]
    ours = f'codebook.toml: {len(lacking)} columns have no words in "{language}"; translate them there'
    return [*_missing_words(said, [language]), *([ours] if lacking else [])]


def nearest(found: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """A hint at the nearest name that is known, with a space behind it; nothing where none is near."""
    near = get_close_matches(found, list(known), n=1, cutoff=likeness)
    return f'Did you mean "{near[0]}"? ' if near else ""


def _missing_words(said: Sections, languages: list[str]) -> Iterator[str]:
    for language in languages:
        lacking = [place for place, label in labels(said) if label.lacks(language)]
        if said.study and language != said.programme.languages[0]:  # one text of its words is in its first language
            lacking += [place for place, label in labels(said) if place.startswith("[study") and ANY in label.texts]
        if places := lacking:
            more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            yield message("no_words", places="; ".join(places[:SHOWN]) + more, language=language)


def _unknown(place: str, named: Iterable[str], known: Iterable[str], what: str, more: str = "") -> Iterator[str]:
    """A sentence for each of the names that is not known."""
    known = list(known)
    for found in named:
        if found not in known:
            allowed = f"{nearest(found, known)}Allowed: {', '.join(known) or 'none'}{more}"
            yield f'{place}: found "{found}", which is {what}. {allowed}'


def _names(said: Sections) -> Iterator[str]:
    """Each name means one thing: no built-in column, no other thing that is declared."""
    built_in = {column for table in tables.codebook()["tables"].values() for column in table["columns"]}
    own = [(f"[incentives] {name}", name) for name in said.incentives]
    own += [(f"[incentives] {name}", name + AMOUNT) for name, one in said.incentives.items() if one.kind == "amount"]
    own += [(f"[questions] {name}", name) for name in said.questions]
    own += [(f"[types.{name}]", name) for name in said.types if name not in TYPED]
    if said.places and said.places.column not in said.types:
        own += [("[places] column", said.places.column)]
    taken = Counter(name for _, name in own)
    for place, name in own:
        if name in built_in or name in tables.codebook()["panel"] or name.startswith(EXPECTS):
            yield f'{place}: "{name}" is a column that every programme has; write another name'
        elif taken[name] > 1:
            yield f'{place}: "{name}" is declared twice; write another name for one of the two'
    for (name, one), (kind, label) in product(said.incentives.items(), said.types.get("event_type", {}).items()):
        if {*map(str.lower, one.label.every())} & {*map(str.lower, label.every())}:
            yield f"[incentives] {name}: it is called as {kind} in [types.event_type]; write other words for one"
    if any(one.kind == "amount" for one in said.incentives.values()) and not said.programme.currency:
        yield '[programme], currency: there is none, and an incentive is an amount; write it, such as currency = "XOF"'


def _types(said: Sections) -> Iterator[str]:
    for column, levels in said.types.items():
        if not levels:
            yield f"[types.{column}]: there is no level; write each with its label, or take the section out"
        yield from _same_label(f"[types.{column}]", levels)
    for name, one in said.questions.items():
        yield from _same_label(f"[questions] {name}, levels", one.levels)
    for source, (column, table) in product(said.source, TYPED.items()):
        if source.table == table and source.gives(column) and column not in said.types:
            yield f"[types.{column}]: there is no such section, and a [[source]] gives the column; write its levels"


def _same_label(place: str, levels: dict[str, Label]) -> Iterator[str]:
    """Two levels that a reader could not tell apart, or that a file could mean alike."""
    seen: dict[tuple[str, str], str] = {}
    for level, label in levels.items():
        for language, forms in label.texts.items():
            if (other := seen.setdefault((language, forms["one"].casefold()), level)) != level:
                yield message("one_label_twice", place=place, other=other, level=level, label=forms["one"])


def _places(said: Sections) -> Iterator[str]:
    places, levels = said.places, types_of(said).get(said.places.column, {})
    if lacking := [level for level in levels if places.tiles and level not in places.tiles]:
        yield message("no_tile", levels=", ".join(lacking))
    yield from _unknown("[places] tiles", places.tiles, levels, "no level of it")
    for at in dict.fromkeys(places.tiles.values()):
        if len(alike := [level for level, tile in places.tiles.items() if tile == at]) > 1:
            yield f"[places] tiles: {' and '.join(alike)} stand on one tile, {list(at)}; move one of them"
    yield from _unknown("[places] spellings", places.spellings, levels, "no level of it")
    seen: dict[str, str] = {}
    for key, text, level in spelled(places, levels):
        if (other := seen.setdefault(key, level)) != level:
            yield f'[places] spellings: "{text}" is written for {level} and for {other}; take it out of one of them'


def _references(said: Sections) -> Iterator[str]:
    """Names of types, incentives and columns that other sections use."""
    yield from _unknown("[targets]", said.targets, said.types.get("org_type", {}), "no level of [types.org_type]")
    for name, steps in said.targets.items():
        try:
            days = {said.programme.calendar.since(since) for since, _ in steps}
            wrong = "found two values from one day on" if len(days) < len(steps) else ""
        except ProgrammeError as error:
            wrong = str(error).removesuffix(".")
        if wrong:
            yield f"[targets] {name}: {wrong}; write from which day or quarter on each holds"
    meets, meet = [*said.incentives, *said.types.get("event_type", {})], "no incentive and no type of event"
    named = [(f"[expectations] {name}, met_by", one.met_by or []) for name, one in said.expectations.items()]
    named += [(f"[actions] {name}, events", one.events) for name, one in said.actions.items()]
    for place, events in named:
        yield from _unknown(place, events, meets, meet)
    about = [(f"[questions] {name}, about", one.about) for name, one in said.questions.items() if one.about]
    for place, belief in about:
        yield from _unknown(place, [belief], said.expectations, "no expectation")
    columns = dict.fromkeys(tables.codebook()["panel"])
    for table in tables.codebook()["tables"].values():
        columns |= {name: None for name, about in table["columns"].items() if not about.get("declared")}
    more = "; what the programme declares has its label where it is declared"
    yield from _unknown("[labels]", said.labels, columns, "no column of every programme", more)
    if said.invitations.everybody and any(one.table == "invitations" for one in said.source):
        yield "[invitations] everybody: there is a list as well, a [[source]] of invitations; take one of the two out"


def _analysis(said: Sections, schemas: dict[str, pa.DataFrameSchema]) -> Iterator[str]:
    """Columns that the analysis names and that invitations do not have, see :mod:`konbit_lessons.panel`."""
    asked = [name for name, one in said.questions.items() if one.predicts]
    asked += [EXPECTS + name for name in said.expectations]
    of_both = [*schemas["organizations"].columns, *schemas["events"].columns]
    known = dict.fromkeys([*said.incentives, *tables.codebook()["panel"], *asked, *of_both])
    known.pop("attended", None)
    more = "; an incentive of events is made known under [incentives]"
    for key in ("incentives", "adjust_for", "cluster", "by") if said.analysis else ():
        named = getattr(said.analysis, key) or []
        named = [named] if isinstance(named, str) else named
        yield from _unknown(f"[analysis], {key}", named, known, "nothing known of an invitation", more)


def _source(source: Source, schema: pa.DataFrameSchema) -> Iterator[str]:
    known = list(schema.columns)
    for key in ("columns", "several", "levels", "missing", "blank", "set", "by_file"):
        unmatched = [one for one in getattr(source, key) if one != "*" and not matching(known, one)]
        yield from _unknown(key, unmatched, known, "no column of that table")
    given = ["@sheet", "@file", "@header", *["@cell"] * any("@header" in said for said in source.parts.values())]
    for column, headers in source.parts.items():
        asked = [one for one in headers if one.startswith("@")]
        row = ["@row"] * (column == "attended")
        yield from _unknown(f"columns, {column}", asked, [*given, *row], "nothing that is given beside the headers")
    for column, written in source.levels.items():
        levels = schema.columns[column].metadata["levels"] if column in schema.columns else {}
        for text, level in written.items() if levels else ():
            yield from _unknown(f'levels, {column}, "{text}"', [level], levels, "no level of that column")

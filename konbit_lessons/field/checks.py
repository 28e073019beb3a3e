"""Whether the sections of a programme.toml fit one another; each error says where, what was found and what is allowed.

Takes sections that are right each by itself. All that is wrong is said at once, before any data is read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatch

import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.field.declared import AMOUNT, EXPECTS, TYPED, spelled, types_of
from konbit_lessons.field.sections import Sections, Source
from konbit_lessons.words.label import Label

SHOWN = 8  # places listed in one error


def problems(said: Sections, schemas: dict[str, pa.DataFrameSchema]) -> Iterator[str]:
    """Everything that is wrong, each as a sentence that begins with its section."""
    yield from _names(said)
    yield from _types(said)
    if said.places:
        yield from _places(said)
    yield from _references(said)
    yield from _analysis(said, schemas)
    for number, source in enumerate(said.source, start=1):
        for problem in _source(source, schemas[source.table]):
            yield f'[[source]] {number} (table "{source.table}"), {problem}'
    yield from _missing_words(labels(said), said.programme.languages)


def labels(said: Sections) -> Iterator[tuple[str, Label]]:
    """Every label of the file, with the place where it stands."""
    for column, levels in said.types.items():
        yield from ((f"[types.{column}] {level}", label) for level, label in levels.items())
    for section in ("incentives", "questions", "expectations", "actions"):
        yield from ((f"[{section}] {name}", one.label) for name, one in getattr(said, section).items())
    for name, one in said.questions.items():
        yield from ((f"[questions] {name}, statement", label) for label in [one.statement] if label)
        yield from ((f"[questions] {name}, levels, {level}", label) for level, label in one.levels.items())
    if said.places:
        yield "[places] label", said.places.label
    yield from ((f"[labels] {name}", label) for name, label in said.labels.items())
    if said.study:
        yield from ((f"[study.labels] {name}", label) for name, label in said.study.labels.items())


def missing_words(said: Sections, language: str) -> list[str]:
    """What is to be said of the labels, and of the codebook's own words, that lack a language."""
    book = tables.codebook()
    own = [about for table in book["tables"].values() for about in ({"meaning": table["label"]}, *table["columns"].values())]
    lacking = [one for one in own if "meaning" in one and Label.of(one["meaning"]).lacks(language)]
    ours = [f'codebook.toml: {len(lacking)} columns have no words in "{language}"; translate them there'] if lacking else []
    return [*_missing_words(labels(said), [language]), *(ours if not said.study else [])]


def nearest(found: str, known: Iterable[str]) -> str:
    """A hint at the nearest name that is known, with a space behind it; nothing where none is near."""
    near = get_close_matches(found, list(known), n=1)
    return f'Did you mean "{near[0]}"? ' if near else ""


def _missing_words(labelled: Iterable[tuple[str, Label]], languages: list[str]) -> Iterator[str]:
    labelled = list(labelled)
    for language in languages:
        places = [place for place, label in labelled if label.lacks(language)]
        if places:
            more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            yield (
                f'{"; ".join(places[:SHOWN])}{more}: there are no words in "{language}", which was asked for. Write '
                f'{{ {language} = "…" }} beside the others, or take "{language}" out of languages'
            )


def _unknown(place: str, found: str, known: Iterable[str], what: str, more: str = "") -> str:
    known = list(known)
    return f'{place}: found "{found}", which is {what}. {nearest(found, known)}Allowed: {", ".join(known) or "none"}{more}'


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
    if any(one.kind == "amount" for one in said.incentives.values()) and not said.programme.currency:
        yield '[programme], currency: there is none, and an incentive is an amount; write it, such as currency = "XOF"'


def _types(said: Sections) -> Iterator[str]:
    for column, levels in said.types.items():
        if not levels:
            yield f"[types.{column}]: there is no level; write each with its label, or take the section out"
        yield from _same_label(f"[types.{column}]", levels)
    for name, one in said.questions.items():
        yield from _same_label(f"[questions] {name}, levels", one.levels)
    for source in said.source:
        for column, table in TYPED.items():
            if source.table == table and source.gives(column) and column not in said.types:
                yield f"[types.{column}]: there is no such section, and a [[source]] gives the column; write its levels"


def _same_label(place: str, levels: dict[str, Label]) -> Iterator[str]:
    """Two levels that a reader could not tell apart, or that a file could mean alike."""
    seen: dict[tuple[str, str], str] = {}
    for level, label in levels.items():
        for language, forms in label.texts.items():
            other = seen.setdefault((language, forms["one"].casefold()), level)
            if other != level:
                yield f'{place}: "{other}" and "{level}" have one label, "{forms["one"]}"; write another for one of them'


def _places(said: Sections) -> Iterator[str]:
    places, levels = said.places, types_of(said).get(said.places.column, {})
    if places.tiles:
        if lacking := [level for level in levels if level not in places.tiles]:
            yield f"[places] tiles: there is no tile for {', '.join(lacking)}; write each as its column and row, such as [0, 2]"
        yield from (_unknown("[places] tiles", one, levels, "no level of it") for one in places.tiles if one not in levels)
        for at, count in Counter(places.tiles.values()).items():
            if count > 1:
                alike = [level for level, tile in places.tiles.items() if tile == at]
                yield f"[places] tiles: {' and '.join(alike)} stand on one tile, {list(at)}; move one of them"
    for level in (one for one in places.spellings if one not in levels):
        yield _unknown("[places] spellings", level, levels, "no level of it")
    seen: dict[str, str] = {}
    for key, text, level in spelled(places, levels):
        other = seen.setdefault(key, level)
        if other != level:
            yield f'[places] spellings: "{text}" is written for {level} and for {other}; take it out of one of them'


def _references(said: Sections) -> Iterator[str]:
    """Names of types, incentives and columns that other sections use."""
    types = said.types.get("org_type", {})
    yield from (_unknown("[targets]", one, types, "no level of [types.org_type]") for one in said.targets if one not in types)
    meets = [*said.incentives, *said.types.get("event_type", {})]
    for name, one in said.expectations.items():
        for found in (found for found in one.met_by or () if found not in meets):
            yield _unknown(f"[expectations] {name}, met_by", found, meets, "no incentive and no type of event")
    for name, one in said.actions.items():
        for found in (found for found in one.events if found not in meets):
            yield _unknown(f"[actions] {name}, events", found, meets, "no incentive and no type of event")
    for name, one in said.questions.items():
        if one.about and one.about not in said.expectations:
            yield _unknown(f"[questions] {name}, about", one.about, said.expectations, "no expectation")
    columns = [*tables.codebook()["panel"]]
    for table in tables.codebook()["tables"].values():
        columns += [name for name, about in table["columns"].items() if not about.get("declared") and name not in columns]
    more = "; what the programme declares has its label where it is declared"
    for name in (name for name in said.labels if name not in columns):
        yield _unknown("[labels]", name, columns, "no column of every programme", more)
    if said.invitations.everybody and any(one.table == "invitations" for one in said.source):
        yield "[invitations] everybody: there is a list as well, a [[source]] of invitations; take one of the two out"


def analysable(said: Sections, schemas: dict[str, pa.DataFrameSchema]) -> list[str]:
    """Columns that an analysis of invitations can name: of the panel, see :mod:`konbit_lessons.panel`."""
    questions = [name for name, one in said.questions.items() if one.predicts]
    expects = [f"{EXPECTS}{name}" for name in said.expectations]
    about = [*schemas["organizations"].columns, *schemas["events"].columns]
    return list(dict.fromkeys([*said.incentives, *tables.codebook()["panel"], *questions, *expects, *about]))


def _analysis(said: Sections, schemas: dict[str, pa.DataFrameSchema]) -> Iterator[str]:
    known = [name for name in analysable(said, schemas) if name != "attended"]
    for key in ("incentives", "adjust_for", "cluster", "by") if said.analysis else ():
        named = getattr(said.analysis, key) or []
        for name in [named] if isinstance(named, str) else named:
            if name not in known:
                more = "; an incentive of events is made known under [incentives]"
                yield _unknown(f"[analysis], {key}", name, known, "nothing known of an invitation", more)


def _source(source: Source, schema: pa.DataFrameSchema) -> Iterator[str]:
    known = list(schema.columns)
    for key in ("columns", "levels", "missing", "blank", "set", "by_file"):
        for column in getattr(source, key):
            if column != "*" and not any(fnmatch(name, column) for name in known):
                yield _unknown(key, column, known, "no column of that table")
    for column, written in source.levels.items():
        levels = schema.columns[column].metadata["levels"] if column in schema.columns else {}
        for text, level in written.items():
            if levels and level not in levels:
                yield _unknown(f'levels, {column}, "{text}"', level, levels, "no level of that column")

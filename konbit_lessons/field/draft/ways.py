"""What a source has of its own: a programme's incentives, questions and expectations, and how its values are written.

What no table has and the values speak for is named by the vocabulary where it knows the header, else by the header
itself, which is its label too. The order of dates, the decimal mark, levels, codes for no answer and blanks are plain
from the values, or left open with what would decide it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.cleaning import by_hand
from konbit_lessons.field.cleaning.by_hand import CAME, CELL, HEADER
from konbit_lessons.field.days import DATE_ORDERS, Writing, order_of
from konbit_lessons.field.declared import AMOUNT, EXPECTS
from konbit_lessons.field.draft import evidence
from konbit_lessons.field.draft.evidence import SCHEMAS, SURE, Column, Known, currency_in, days_in, folded, meanings
from konbit_lessons.field.draft.folder import Folder, Unit
from konbit_lessons.field.messages import message
from konbit_lessons.field.sources.form import Form
from konbit_lessons.field.values import YES, convert

MISSING = "no answer, as the form or the words say"
_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{2}|\d{4})(?:[ T].*)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_SECTIONS = {"events": ["incentives"], "survey": ["expectations", "questions"], "conversations": ["expectations"]}
PARTED = "\u2016"  # between the headers of two columns that are read as one
_PLAIN_ORDERS = ("year/month/day", "excel")


@dataclass(frozen=True)
class Own:
    """One thing that a programme declares.

    Attributes
    ----------
    section, name : str
        Where it stands in programme.toml, and what it is called there.
    header : str
        Its column in the file.
    label : str
        What it can be called.
    more : dict of str to object
        Keys beside its label.
    """

    section: str
    name: str
    header: str
    label: str
    more: dict[str, object] = field(default_factory=dict)

    @property
    def column(self) -> str:
        """Its column of the table."""
        before, behind = EXPECTS * (self.section == "expectations"), AMOUNT * (self.more.get("kind") == "amount")
        return f"{before}{self.name}{behind}"


def own_columns(unit: Unit, table: str, headers: list[str]) -> list[Own]:
    """The things that a programme declares among columns that are none of the table's.

    Parameters
    ----------
    unit : Unit
    table : str
        That it is read as; events offer incentives, a survey asks questions, conversations hold expectations.
    headers : list of str
        The columns that are left.
    """
    found: dict[str, Own] = {}
    sections = _SECTIONS.get(table, ())
    for column in (unit.columns[header] for header in headers if not unit.columns[header].blank):
        finds = (_expectation(column, unit) if one == "expectations" else _thing(column, one) for one in sections)
        if one := next(filter(None, finds), None):
            found.setdefault(one.column, one)
    return list(found.values())


def unpivoted(folder: Folder, unit: Unit, known: Known) -> Unit | None:
    """A matrix of organizations and events as one row for each of its marks; None where a unit is none."""
    own = [header for header, column in unit.columns.items() if not column.given and column.share("mark") >= 0.8]
    named = known.roster.match(own) if known.roster else {}
    events = [header for header in own if identity.Codes(known.events).of(header)]
    under = max(events, [header for header in named if named[header].organization_id], key=len)
    if unit.kind != "sheet" or len(under) < 2:
        return None
    rows = [part.rows.melt([one for one in part.rows if one not in under], under, HEADER, CELL) for part in unit.parts]
    parts = [replace(part, rows=one.dropna(subset=CELL)) for part, one in zip(unit.parts, rows, strict=True)]
    made = Unit(folder, unit.kind, unit.form, parts)
    made.columns[CELL] = Column(CELL, (CAME,), made.columns[CELL].cells)
    return made


def joined(folder: Folder, unit: Unit, known: Known) -> Unit | None:
    """A sheet whose organizations have their names in two columns, with both as one; None where one column has them."""

    def named(column: Column) -> float:
        found = column.organizations(known)
        return sum(one.how in ("code", "name", "acronym") for one in found.values()) / max(len(found), 1)

    texts = {header: column for header, column in unit.columns.items() if not column.given and not column.blank}
    if unit.kind != "sheet" or max(map(named, texts.values()), default=1) >= SURE["one_of_two"]:
        return None
    both = {pair: Column("", (), texts[pair[0]].cells.str.cat(texts[pair[1]].cells, " ")) for pair in pairwise(texts)}
    pair = max(both, key=lambda one: named(both[one]), default=None)
    if pair is None or named(both[pair]) < SURE["both_of_two"]:
        return None
    header = PARTED.join(pair)
    rows = [
        part.rows.assign(**{header: part.rows[pair[0]].str.cat(part.rows[pair[1]], sep=" ")}) for part in unit.parts
    ]
    parts = [replace(part, rows=one.drop(columns=[*pair])) for part, one in zip(unit.parts, rows, strict=True)]
    made = Unit(folder, unit.kind, unit.form, parts)
    made.columns[header] = Column(header, ("organization",), made.columns[header].cells)
    return made


def _thing(column: Column, section: str) -> Own | None:
    """An incentive, which is there or not or an amount, or a question."""
    name, known = named(column.says, section)
    if section == "questions":
        more = None if "/" in column.header else _answers(column)
    elif column.share("yes_no") >= 0.8:
        more = {}
    else:
        more = {"kind": "amount"} if column.share("amount") >= 0.7 and (currency_in(column.header) or known) else None
    if more is None or (column.beside[0] >= SURE["other"] and not known):
        return None
    return Own(section, name, column.header, as_label(column.header), more)


def _expectation(column: Column, unit: Unit) -> Own | None:
    """A choice of a question that asks for it, or that has choices which partners often expect; or so a header says."""
    if column.share("yes_no") < 0.8:
        return None
    leads, (question, slash, _) = folded("expects", "leads"), column.header.rpartition("/")
    if slash:
        choices = [one.says for header, one in unit.columns.items() if header.rpartition("/")[0] == question]
        choices = [[said.rpartition("/")[2] for said in says] for says in choices]
        said = [one.rpartition("/")[2] for one in column.says]
        found = any(set(identity.words(one.rpartition("/")[0])) & leads for one in column.says)
        found = found or sum(named(choice, "expectations")[1] for choice in choices) >= 3
    else:
        words = identity.words(column.header)
        said = [" ".join(word for word in words if word not in leads)]
        found = said[0] and not leads.isdisjoint(words)
    label = as_label(said[0] if slash else column.header)
    return Own("expectations", named(said, "expectations")[0], column.header, label) if found else None


def _answers(column: Column) -> dict[str, object] | None:
    """How a question is answered, as keys of programme.toml; None where by text."""
    values = [value for value in column.counts.index if value not in evidence.NO_ANSWER_CODES]
    if column.share("yes_no") >= 0.9:
        return {"kind": "yes_no"}
    if column.share("point") + column.share("answer") >= 0.9 and column.share("point") > 0.3:
        points = [int(value) for value in values if value.isdigit()]
        high = max(points, default=5)
        scale = [min([1, *points]), 5 if high <= 5 else 7 if high <= 7 else 10]
        return {} if scale == [1, 5] else {"scale": scale}
    if column.share("amount") >= 0.8:
        return {"kind": "number"} | ({"unit": "currency"} if currency_in(column.header) else {})
    if column.kinds and column.share("words") < 0.9:
        kinds = {slug(value): value for value in values if identity.fold(value) not in meanings("unknown")}
        return {"kind": "choice", "levels": kinds} if len(kinds) > 1 else None
    return None


def named(says: Iterable[str], group: str) -> tuple[str, bool]:
    """The name of a thing: that of the vocabulary where one is surely meant; else its header's. And which it is."""
    degree, what = evidence.nearest(says, group)
    return (what, True) if degree >= SURE["name"] else (slug(says[0]), False)


def without_unit(text: str) -> str:
    """A header without the currency in brackets behind it.

    >>> without_unit("Prime (FCFA)"), without_unit("Motivation (1 à 5)")
    ('Prime', 'Motivation (1 à 5)')
    """
    return re.sub(r"\s*\([^()]*\)\s*$", lambda found: "" if currency_in(found[0]) else found[0], text)


def as_label(text: str) -> str:
    """A header as people read it.

    >>> as_label("acces_semences"), as_label("Prime (FCFA)")
    ('Acces semences', 'Prime')
    """
    words = without_unit(text).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def slug(text: str) -> str:
    """A name of small letters for a text, without its unit.

    >>> slug("Bon de semences"), slug("Prime (FCFA)"), slug("2e choix")
    ('bon_de_semences', 'prime', 'q_2e_choix')
    """
    name = "_".join([word for word in identity.words(without_unit(text)) if not currency_in(word)][:5]) or "x"
    reserved = any(name in about["columns"] for about in tables.codebook()["tables"].values())
    return name if name[0].isalpha() and not reserved else f"q_{name}"


@dataclass
class Ways:
    """Keys of a [[source]] beside its columns.

    Attributes
    ----------
    dates : list of str
        The orders that are sure.
    kinds : dict of str to dict of str to Counter
        Column → level of the programme's own → its words, the most frequent first, and how many rows have them.
    lines : dict of str to list of str
        Key → its lines; those that could not be decided are comments.
    """

    dates: list[str] = field(default_factory=list)
    kinds: dict[str, dict[str, Counter]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Counter)))
    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, key: str, text: str, why: str = "") -> None:
        """Add a line to a key: with why it is so, or as a comment that says what would decide it."""
        self.lines[key].append(line(text, why))


def ways_of(table: str, placed: dict[str, Column], own: list[tuple[Own, Column]], form: Form | None) -> Ways:
    """How the placed columns of a source, and those of the programme's own things, are written."""
    ways, kinds = Ways(), {name: SCHEMAS[table].columns[name].metadata["kind"] for name in placed}
    _dates(ways, [column for name, column in placed.items() if kinds[name] == "day"])
    numbers = [column for name, column in placed.items() if kinds[name] in ("amount", "whole")]
    _decimal(ways, numbers + [column for one, column in own if one.more.get("kind") in ("amount", "number")])
    for name, column in placed.items():
        if kinds[name] in ("level", "yes_no"):
            _levels(ways, table, name, column)
    _codes(ways, [column for one, column in own if one.more.get("kind", "scale") in ("scale", "yes_no")], form)
    if table in ("organizations", "events"):
        blanks = [(name, column) for name, column in placed.items() if kinds[name] == "yes_no"]
        _blanks(ways, blanks + [(one.column, column) for one, column in own if one.section == "incentives"])
    return ways


def _dates(ways: Ways, columns: list[Column]) -> None:
    """Which orders the dates are in, by those that say which of their numbers is the day."""
    days, orders = {}, Counter()
    for written, count in [one for column in columns for one in column.counts.items() if not _ISO.fullmatch(one[0])]:
        found, options = _NUMBERS.fullmatch(written), ()
        if found:  # the orders that numbers can be in, by the mark between them and the digits of the year behind
            mark, end = found[2], found[2] + {2: "%y", 4: "%Y"}[len(found[4])]
            options = tuple(one for one, how in DATE_ORDERS.items() if how[2:3] == mark and how.endswith(end))
        if options:
            seen = days.setdefault((mark, options), Counter())
            seen.update(all=count, first=count * (int(found[1]) > 12), second=count * (int(found[3]) > 12))
        else:
            plain = (one for one in _PLAIN_ORDERS if days_in(pd.Series([written]), [one]).notna()[0])
            orders[order_of(written) or next(plain, "")] += count
    unread = orders.pop("", 0)
    ways.dates += orders
    why = [f"{count} so" for count in orders.values()]
    for (mark, options), seen in days.items():
        why += _decided(ways, mark, options, seen)
    if ways.dates:
        ways.lines["dates"].insert(0, line(f"dates = {toml(ways.dates)}", "; ".join(why)))
    if unread:
        ways.add("dates", f"OPEN: {unread} dates cannot be read and will be set aside; write them year-month-day")


def _decided(ways: Ways, mark: str, options: tuple[str, ...], seen: Counter) -> list[str]:
    """The order of one way of writing, and why; or what is left open."""
    known = seen["first"] + seen["second"]
    for order, place, other in zip(options, ("first", "second"), ("second", "first"), strict=False):
        if known and seen[place] >= SURE["nearly_all"] * known:
            more = f", {seen[other]} {other}" if seen[other] else ""
            ways.dates.append(order)
            return [f"{seen[place]} of {seen['all']} have a day over 12 {place}{more}"]
    over = f"{seen['first']} with a day over 12 first, {seen['second']} second" if known else "no day over 12"
    either = " or ".join(f'dates = ["{order}"]' for order in options)
    ways.add("dates", f"{either}  # OPEN: {seen['all']} dates with {mark}, {over}; set aside until decided")
    return []


def _decimal(ways: Ways, columns: list[Column]) -> None:
    numbers = [re.sub(r"[\s\u00a0\u202f']", "", value) for column in columns for value in column.counts.index]
    shapes = (r"[\d.]*\d,(?:\d{1,2}|\d{4,})", r"[\d,]*\d\.(?:\d{1,2}|\d{4,})", r"[1-9]\d{0,2}[.,]\d{3}")
    comma, point, either = ([one for one in numbers if re.fullmatch("[+-]?" + shape, one)] for shape in shapes)
    if comma:
        ways.add("decimal", 'decimal = ","', f"{len(comma)} different numbers such as {comma[0]}")
    if point and comma:
        ways.add("decimal", message("both_marks", points=len(point), commas=len(comma)))
    elif either and not comma and not point:
        mark = "," if "." in either[0] else "."
        if mark == ",":
            ways.add("decimal", 'decimal = ","', "see the next line")
        ways.add("decimal", f'OPEN: is {either[0]} over a thousand? With decimal = "{mark}" it is so, or set aside')


def _levels(ways: Ways, table: str, name: str, column: Column) -> None:
    """What each value means that is not understood as it stands.

    Of levels of the programme's own each text is one that differs from others by more than case and accents.
    """
    about = SCHEMAS[table].columns[name]
    levels, meant, unknown = about.metadata["levels"], {}, []
    if about.metadata["kind"] == "level" and not levels:
        for written, count in column.counts.items():
            level = written if re.fullmatch(r"[A-Za-z]\w{0,3}", written) and name == "action" else slug(written)
            ways.kinds[name][level][written] = int(count)
            if " ".join(written.casefold().split()) not in (next(iter(ways.kinds[name][level])).casefold(), level):
                meant[written] = level
    else:
        known = meanings(f"{table}.{name}" if levels else "yes_no")
        marks = by_hand.meanings(list(column.counts.index), {}, "", strict=False) if name == CAME else {}
        distinct = [one for one in column.counts.index[: SURE["most_levels"]] if marks.get(one) not in ("yes", "no")]
        distinct = pd.Series(distinct, dtype="str")
        for written in distinct[convert(distinct, about.metadata, Writing(), tables.dtype_of(about))[1].index]:
            text = identity.fold(written)
            meaning = known.get(text) or (_director(text) if name == "senior_delegate" else "")
            if not meaning and text in meanings("unknown"):
                unknown.append(written)
            elif meaning or not column.is_person(written):
                meant[written] = meaning
    for written, meaning in meant.items():
        text, count = f"{toml(written)} = {toml(meaning or '…')}", rows(column.counts[written])
        left_open = "" if meaning else f"  # OPEN: {count}; one of {', '.join(levels) or 'yes, no'}"
        ways.add(f"levels.{name}", text + left_open, count if meaning else "")
    if unknown:
        ways.add("missing", f"{name} = {toml(unknown)}", MISSING)


def _director(title: str) -> str:
    said = {*identity.words(title)}
    senior, junior, doubtful = (said & folded("titles", rank) for rank in ("senior", "junior", "doubtful"))
    return "" if doubtful or bool(senior) == bool(junior) else "yes" if senior else "no"


def _codes(ways: Ways, answers: list[Column], form: Form | None) -> None:
    """Codes for no answer: as the form declares them; else proposed where they are no value of a scale."""
    choices = [one for listed in (form.choices.values() if form else ()) for one in listed.items()]
    numbered = [(code, map(identity.fold, labels.values())) for code, labels in choices if code.lstrip("-").isdigit()]
    declared = {code for code, labels in numbered if not meanings("unknown").keys().isdisjoint(labels)}
    if declared:
        ways.add("missing", f'"*" = {toml(sorted(declared))}', MISSING)
    for code in sorted(evidence.NO_ANSWER_CODES - declared):
        if found := sum(int(column.counts.get(code, 0)) for column in answers):
            ways.add("missing", message("code_of_no_answer", count=found, code=code))


def _blanks(ways: Ways, columns: list[tuple[str, Column]]) -> None:
    """What a blank cell means where only yes, or no 0, is written."""
    for name, column in columns:
        said = {meanings("yes_no").get(identity.fold(value), value.casefold()) for value in column.counts.index}
        if said and column.cells.isna().any():
            if name.endswith(AMOUNT) and "0" not in said:
                ways.add("blank", f'{name} = "0"', "0.90 no 0 is written in it")
            elif said <= YES | {"yes"}:
                ways.add("blank", f'{name} = "no"', "0.90 only yes is written in it")


def toml(value: object) -> str:
    """A value as TOML writes it, on one line; white space in a text is single, as headers are compared."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {toml(one)}' for key, one in value.items())} }}"
    if isinstance(value, str) and PARTED in value:
        return toml(value.split(PARTED))
    if isinstance(value, str):
        escaped = " ".join(value.split()).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in escaped) + '"'
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, Iterable) else str(value)


def rows(count: int) -> str:
    """How many rows, in words."""
    return f"{count} row{'s' if count != 1 else ''}"


def line(text: str, why: str = "") -> str:
    """A line with a comment behind it, or one that is a comment; nothing in either can end it."""
    said = "".join(filter(str.isprintable, " ".join((why or text).split())))
    return f"{text:40}  # {said}" if why else f"# {said}"

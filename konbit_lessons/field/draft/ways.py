"""How the values of a source are written: the order of dates, the decimal mark, levels, codes for no answer, blanks.

Each way is either plain from the values, or it is left open with what would decide it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.declared import AMOUNT
from konbit_lessons.field.draft.evidence import NO_ANSWER_CODES, SCHEMAS, Column, days_in
from konbit_lessons.field.draft.own import Own, slug
from konbit_lessons.field.draft.evidence import folded, meanings
from konbit_lessons.field.sources.form import Form
from konbit_lessons.field.values import DATE_ORDERS, YES, Writing, convert

NEARLY_ALL = 0.95
MOST_LEVELS = 40
MISSING = "no answer, as the form or the words say"
COMMENT_AT = 42
_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{2}|\d{4})(?:[ T].*)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_PLAIN_ORDERS = ("year/month/day", "day month year", "month day, year", "excel")


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

    def add(self, key: str, line: str, why: str = "") -> None:
        """Add a line to a key: with why it is so, or as a comment that says what would decide it."""
        self.lines[key].append(beside(line, why) if why else comment(line))


def ways_of(table: str, placed: dict[str, Column], own: list[tuple[Own, Column]], form: Form | None) -> Ways:
    """How the placed columns of a source, and those of the programme's own things, are written."""
    ways, about = Ways(), {name: SCHEMAS[table].columns[name].metadata for name in placed}

    def of(*kinds: str) -> list[Column]:
        return [column for name, column in placed.items() if about[name]["kind"] in kinds]

    numbers = [column for one, column in own if one.more.get("kind") in ("amount", "number")]
    _dates(ways, of("day"))
    _decimal(ways, of("amount", "whole") + numbers)
    for name, column in placed.items():
        if about[name]["kind"] == "level" and not about[name]["levels"]:
            _kinds(ways, name, column)
        elif about[name]["kind"] in ("level", "yes_no"):
            _levels(ways, table, name, column)
    _codes(ways, [column for one, column in own if one.more.get("kind", "scale") in ("scale", "yes_no")], form)
    if table in ("organizations", "events"):
        _blanks(ways, {name: column for name, column in placed.items() if about[name]["kind"] == "yes_no"})
        _blanks(ways, {one.column: column for one, column in own if one.section == "incentives"})
    return ways


def _dates(ways: Ways, columns: list[Column]) -> None:
    """Which orders the dates are in, by those that say which of their numbers is the day."""
    days, orders, unread = {}, Counter(), 0
    for written, count in [one for column in columns for one in column.counts.items() if not _ISO.fullmatch(one[0])]:
        found = _NUMBERS.fullmatch(written)
        options = _orders(found[2], found[4]) if found else ()
        if options:
            seen = days.setdefault((found[2], options), Counter())
            seen.update(all=count, first=count * (int(found[1]) > 12), second=count * (int(found[3]) > 12))
        elif order := next((one for one in _PLAIN_ORDERS if days_in(pd.Series([written]), [one]).notna().all()), None):
            orders[order] += count
        else:
            unread += count
    ways.dates += orders
    why = [f"{count} so" for count in orders.values()]
    for (mark, options), seen in days.items():
        why += _decided(ways, mark, options, seen)
    if ways.dates:
        ways.lines["dates"].insert(0, beside(f"dates = {toml(ways.dates)}", "; ".join(why)))
    if unread:
        ways.add("dates", f"OPEN: {unread} dates cannot be read and will be set aside; write them year-month-day")


def _orders(mark: str, year: str) -> tuple[str, ...]:
    """The orders that numbers can be in, by the mark between them and the digits of the year behind."""
    behind = mark + {2: "%y", 4: "%Y"}[len(year)]
    return tuple(order for order, form in DATE_ORDERS.items() if form[2:3] == mark and form.endswith(behind))


def _decided(ways: Ways, mark: str, options: tuple[str, ...], seen: Counter) -> list[str]:
    """The order of one way of writing, and why; or what is left open."""
    known = seen["first"] + seen["second"]
    for order, place, other in zip(options, ("first", "second"), ("second", "first"), strict=False):
        if known and seen[place] >= NEARLY_ALL * known:
            more = f", {seen[other]} {other}" if seen[other] else ""
            ways.dates.append(order)
            return [f"{seen[place]} of {seen['all']} have a day over 12 {place}{more}"]
    over = f"{seen['first']} with a day over 12 first, {seen['second']} second" if known else "no day over 12"
    either = " or ".join(f'dates = ["{order}"]' for order in options)
    ways.add("dates", f"{either}  # OPEN: {seen['all']} dates with {mark}, {over}; set aside until decided")
    return []


def _decimal(ways: Ways, columns: list[Column]) -> None:
    numbers = [re.sub(r"[\s\u00a0\u202f']", "", value) for column in columns for value in column.counts.index]
    comma = [number for number in numbers if re.fullmatch(r"[+-]?[\d.]*\d,(?:\d{1,2}|\d{4,})", number)]
    point = [number for number in numbers if re.fullmatch(r"[+-]?[\d,]*\d\.(?:\d{1,2}|\d{4,})", number)]
    either = [number for number in numbers if re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", number)]
    if comma:
        ways.add("decimal", 'decimal = ","', f"{len(comma)} different numbers such as {comma[0]}")
    if point and comma:
        said = f"{len(point)} different numbers have a decimal point, {len(comma)} a decimal comma; both are understood"
        ways.add("decimal", f"OPEN: {said}")
    elif either and not comma and not point:
        mark = "," if "." in either[0] else "."
        if mark == ",":
            ways.add("decimal", 'decimal = ","', "see the next line")
        ways.add("decimal", f'OPEN: is {either[0]} over a thousand? With decimal = "{mark}" it is so, or set aside')


def _kinds(ways: Ways, name: str, column: Column) -> None:
    """The programme's own levels: each text that differs by more than case and accents is one."""
    for written, count in column.counts.items():
        level = written if re.fullmatch(r"[A-Za-z]\w{0,3}", written) and name == "action" else slug(written)
        found = ways.kinds[name][level]
        found[written] = int(count)
        if " ".join(written.casefold().split()) not in (next(iter(found)).casefold(), level):
            _map(ways, name, written, level, count)


def _levels(ways: Ways, table: str, name: str, column: Column) -> None:
    """What each value means that is not understood as it stands."""
    about = SCHEMAS[table].columns[name]
    levels = about.metadata["levels"]
    known = meanings(f"{table}.{name}" if levels else "yes_no")
    distinct = pd.Series(column.counts.index[:MOST_LEVELS], dtype="str")
    _, wrong = convert(distinct, about.metadata, Writing(), tables.dtype_of(about))
    unknown = []
    for written in distinct[wrong.index]:
        text, count = identity.fold(written), int(column.counts[written])
        meaning = known.get(text) or (_director(text) if name == "senior_delegate" else "")
        if meaning:
            _map(ways, name, written, meaning, count)
        elif text in meanings("unknown"):
            unknown.append(written)
        else:
            one_of = ", ".join(levels) or "yes, no"
            ways.add(f"levels.{name}", f'{toml(written)} = "…"  # OPEN: {rows(count)}; one of {one_of}')
    if unknown:
        ways.add("missing", f"{name} = {toml(unknown)}", MISSING)


def _map(ways: Ways, name: str, written: str, meaning: str, count: int) -> None:
    ways.add(f"levels.{name}", f"{toml(written)} = {toml(meaning)}", rows(count))


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
    seen = Counter()
    for column in answers:
        seen.update({code: int(column.counts[code]) for code in NO_ANSWER_CODES.intersection(column.counts.index)})
    for code in sorted(set(seen) - declared):
        why = f"{seen[code]} answers are {code}, which is no value; set aside until declared"
        ways.add("missing", f'"*" = ["{code}"]  # OPEN: {why}')


def _blanks(ways: Ways, columns: dict[str, Column]) -> None:
    """What a blank cell means where only yes, or no 0, is written."""
    for name, column in columns.items():
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
    if isinstance(value, str):
        escaped = " ".join(value.split()).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in escaped) + '"'
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, Iterable) else str(value)


def rows(count: int) -> str:
    """How many rows, in words."""
    return f"{count} row{'s' if count != 1 else ''}"


def beside(line: str, comment: str) -> str:
    """A line with a comment behind it."""
    return f"{line:{COMMENT_AT - 2}}  # {plain(comment)}"


def comment(line: str) -> str:
    """A line that is a comment."""
    return f"# {plain(line)}"


def plain(text: str) -> str:
    """Without anything that could end the comment it stands in."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())

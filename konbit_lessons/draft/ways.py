"""How the values of a source are written: the order of dates, the decimal mark, levels, codes for no answer, blanks.

Each way is either plain from the values, or it is left open with what would decide it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from konbit_lessons import identity, tables
from konbit_lessons.draft.evidence import NO_ANSWER_CODES, Column
from konbit_lessons.draft.vocabulary import folded, meanings
from konbit_lessons.sources.form import Form
from konbit_lessons.values import NO, YES

NEARLY_ALL = 0.95
MOST_LEVELS = 40
_NUMBERS = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{2,4})(?:[ T].*)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_ORDER = {"/": ("day/month/year", "month/day/year"), "-": ("day-month-year",), ".": ("day.month.year",)}


@dataclass
class Ways:
    """Keys of a [[source]] beside its columns; ``open`` holds what could not be decided, as comments."""

    dates: list[str] = field(default_factory=list)
    dates_why: str = ""
    contradictory: bool = False
    decimal: str = ""
    decimal_why: str = ""
    levels: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    missing_why: str = ""
    blank: dict[str, str] = field(default_factory=dict)
    open: dict[str, list[str]] = field(default_factory=dict)  # key → lines

    def leave(self, key: str, line: str) -> None:
        self.open.setdefault(key, []).append(line)


def ways_of(table: str, placed: dict[str, Column], form: Form | None) -> Ways:
    """How the placed columns of a source are written."""
    ways = Ways()
    kinds = {name: tables.TABLES[table].columns[name].metadata["kind"] for name in placed}
    _dates(ways, [placed[name] for name in placed if kinds[name] == "day"])
    _decimal(ways, [placed[name] for name in placed if kinds[name] in ("amount", "whole")])
    for name, column in placed.items():
        if kinds[name] == "level":
            _level(ways, name, column, f"{table}.{name}", tables.TABLES[table].columns[name].metadata["levels"])
        elif kinds[name] == "yes_no":
            _yes_no(ways, name, column)
        elif kinds[name] == "whole" and str(tables.TABLES[table].columns[name].metadata["unit"]).startswith("1 "):
            _agreement(ways, name, column)
    _codes(ways, table, placed, form)
    if table in ("organizations", "events"):
        _blanks(ways, placed, kinds)
    return ways


def _dates(ways: Ways, columns: list[Column]) -> None:
    first, second, orders = Counter(), Counter(), Counter()
    unread = 0
    for column in columns:
        for written, count in column.counts.items():
            found = _NUMBERS.fullmatch(written)
            if _ISO.fullmatch(written):
                continue
            if found and len(found[1]) == 4 and found[2] == "/":
                orders["year/month/day"] += count
            elif found and len(found[1]) <= 2 and len(found[4]) == 4:
                orders[found[2]] += count
                first[found[2]] += count * (int(found[1]) > 12)
                second[found[2]] += count * (int(found[3]) > 12)
            else:
                unread += count
    why = []
    for mark, count in orders.items():
        if mark == "year/month/day":
            ways.dates.append(mark)
            why.append(f"{count} so")
            continue
        days, other = first[mark], second[mark]
        allowed = _ORDER[mark]
        options = " or ".join(f'dates = ["{order}"]' for order in allowed)
        if not days and not other:
            ways.leave(
                "dates",
                f"{options}  # OPEN: {count} dates with {mark} and no day over 12; until this is decided they are set aside",
            )
        elif days >= NEARLY_ALL * (days + other):
            ways.dates.append(allowed[0])
            why.append(f"{days} of {count} have a day over 12 first{f', {other} second' if other else ''}")
        elif other >= NEARLY_ALL * (days + other) and len(allowed) > 1:
            ways.dates.append(allowed[1])
            why.append(f"{other} of {count} have a day over 12 second{f', {days} first' if days else ''}")
        else:
            ways.contradictory = True
            ways.leave(
                "dates",
                f"{options}  # OPEN: of {count} dates with {mark}, {days} have a day over 12 first and {other} second; they are set aside",
            )
    if unread:
        ways.leave(
            "dates", f"OPEN: {unread} dates are written in another way and will be set aside; write them year-month-day"
        )
    ways.dates_why = "; ".join(why)


def _decimal(ways: Ways, columns: list[Column]) -> None:
    numbers = [re.sub(r"[\s\u00a0\u202f']", "", value) for column in columns for value in column.counts.index]
    comma = sum(bool(re.fullmatch(r"[+-]?[\d.]*\d,(?:\d{1,2}|\d{4,})", number)) for number in numbers)
    point = sum(bool(re.fullmatch(r"[+-]?[\d,]*\d\.(?:\d{1,2}|\d{4,})", number)) for number in numbers)
    either = [number for number in numbers if re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", number)]
    if comma:
        ways.decimal, ways.decimal_why = (
            ",",
            f"{comma} different numbers such as {next(n for n in numbers if ',' in n)}",
        )
    if point and comma:
        ways.leave(
            "decimal",
            f"OPEN: {point} different numbers have a decimal point, {comma} a decimal comma; both are understood",
        )
    elif either and not comma and not point:
        ways.decimal = "," if "." in either[0] else ""
        ways.leave(
            "decimal",
            f'OPEN: is {either[0]} over a thousand? decimal = "{"," if "." in either[0] else "."}" reads it so or sets it aside',
        )


def _level(ways: Ways, name: str, column: Column, which: str, levels: tuple[str, ...]) -> None:
    meant = meanings(which)
    for written, count in column.counts.head(MOST_LEVELS).items():
        if " ".join(written.casefold().split()) in levels:
            continue
        meaning = meant.get(identity.fold(written))
        _write_level(ways, name, written, count, meaning, ", ".join(levels))


def _yes_no(ways: Ways, name: str, column: Column) -> None:
    for written, count in column.counts.head(MOST_LEVELS).items():
        if " ".join(written.casefold().split()) in YES | NO:
            continue
        if identity.fold(written) in meanings("unknown"):
            ways.missing.setdefault(name, []).append(written)
            continue
        meaning = meanings("yes_no").get(identity.fold(written))
        if name == "senior_delegate" and not meaning:
            meaning = _director(written)
        _write_level(ways, name, written, count, meaning, "yes, no")


def _director(title: str) -> str | None:
    words = set(identity.words(title))
    senior, junior, doubtful = (bool(words & folded("titles", rank)) for rank in ("senior", "junior", "doubtful"))
    if doubtful or senior == junior:
        return None
    return "yes" if senior else "no"


def _agreement(ways: Ways, name: str, column: Column) -> None:
    for written, count in column.counts.head(MOST_LEVELS).items():
        if identity.fold(written) in meanings("unknown") and not written.isdigit():
            ways.missing.setdefault(name, []).append(written)
        elif not written.lstrip("+-").isdigit():
            _write_level(ways, name, written, count, meanings("agreement").get(identity.fold(written)), "1, 2, 3, 4, 5")


def _write_level(ways: Ways, name: str, written: str, count: int, meaning: str | None, allowed: str) -> None:
    if meaning:
        ways.levels.setdefault(name, {})[written] = (meaning, int(count))
    else:
        ways.leave(f"levels.{name}", f'{quoted(written)} = "…"  # OPEN: {count} rows; one of {allowed}')


def _codes(ways: Ways, table: str, placed: dict[str, Column], form: Form | None) -> None:
    """Codes for no answer: as the form declares them; else proposed where they are no value of a scale."""
    declared = {
        code
        for choices in (form.choices.values() if form else ())
        for code, labels in choices.items()
        if code.lstrip("-").isdigit() and any(identity.fold(label) in meanings("unknown") for label in labels.values())
    }
    seen = Counter()
    for name, column in placed.items():
        unit = str(tables.TABLES[table].columns[name].metadata.get("unit", ""))
        if unit.startswith("1 ") or unit == "yes or no":
            seen.update({code: int(column.counts[code]) for code in NO_ANSWER_CODES & set(column.counts.index)})
    if declared:
        ways.missing["*"] = sorted(declared)
        ways.missing_why = 'the form says "don\'t know" or the like'
    for code in sorted(set(seen) - declared):
        ways.leave(
            "missing",
            f'"*" = ["{code}"]  # OPEN: {seen[code]} answers are {code}, which is no value; set aside until declared',
        )


def _blanks(ways: Ways, placed: dict[str, Column], kinds: dict[str, str]) -> None:
    for name, column in placed.items():
        if not column.cells.isna().any() or column.blank:
            continue
        if kinds[name] == "yes_no":
            said = {meanings("yes_no").get(identity.fold(value), value.casefold()) for value in column.counts.index}
            if said <= YES | {"yes"}:
                ways.blank[name] = "no"
        elif name == "per_diem_htg" and "0" not in column.counts.index:
            ways.blank[name] = "0"


def quoted(text: str) -> str:
    """A TOML basic string; white space is single, as headers are compared."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(
            letter
            if letter.isprintable()
            else f"\\u{ord(letter):04X}"
            if ord(letter) < 65536
            else f"\\U{ord(letter):08X}"
            for letter in escaped
        )
        + '"'
    )

"""How the values of a source are written: the order of dates, the decimal mark, levels, codes for no answer, blanks.

Each way is either plain from the values, or it is left open with what would decide it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft.evidence import NO_ANSWER_CODES, Column
from konbit_lessons.field.draft.vocabulary import folded, meanings
from konbit_lessons.field.sources.form import Form
from konbit_lessons.field.values import YES, Writing, convert

NEARLY_ALL = 0.95
MOST_LEVELS = 40
_NUMBERS = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{2,4})(?:[ T].*)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_ORDERS = {  # what stands between, digits of the year → the orders it can be
    ("/", 4): ("day/month/year", "month/day/year"),
    ("/", 2): ("day/month/yy", "month/day/yy"),
    ("-", 4): ("day-month-year",),
    (".", 4): ("day.month.year",),
}
_PLAIN_ORDERS = ("year/month/day", "day month year", "month day, year", "excel")
_MEANT = {"level": ("", ""), "yes_no": ("yes_no", "yes, no"), "agreement": ("agreement", "1, 2, 3, 4, 5")}


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
    about = {name: tables.TABLES[table].columns[name] for name in placed}
    kinds = {name: column.metadata["kind"] for name, column in about.items()}
    _dates(ways, [placed[name] for name in placed if kinds[name] == "day"])
    _decimal(ways, [placed[name] for name in placed if kinds[name] in ("amount", "whole")])
    for name, column in placed.items():
        if kinds[name] in _MEANT:
            _levels(ways, name, column, table, about[name])
    _codes(ways, placed, kinds, form)
    if table in ("organizations", "events"):
        _blanks(ways, placed, kinds)
    return ways


def _dates(ways: Ways, columns: list[Column]) -> None:
    first, second, counts, orders = Counter(), Counter(), Counter(), Counter()
    unread = 0
    for column in columns:
        for written, count in column.counts.items():
            found = _NUMBERS.fullmatch(written)
            way = (found[2], len(found[4])) if found and len(found[1]) <= 2 else None
            if _ISO.fullmatch(written):
                continue
            if way in _ORDERS:
                counts[way] += count
                first[way] += count * (int(found[1]) > 12)
                second[way] += count * (int(found[3]) > 12)
            elif order := next((one for one in _PLAIN_ORDERS if _reads(written, one)), None):
                orders[order] += count
            else:
                unread += count
    why = []
    for order, count in orders.items():
        ways.dates.append(order)
        why.append(f"{count} so")
    for way, count in counts.items():
        days, other, options = first[way], second[way], _ORDERS[way]
        either = " or ".join(f'dates = ["{order}"]' for order in options)
        if not days and not other:
            ways.leave(
                "dates", f"{either}  # OPEN: {count} dates with {way[0]}, no day over 12; set aside until decided"
            )
        elif days >= NEARLY_ALL * (days + other):
            ways.dates.append(options[0])
            why.append(f"{days} of {count} have a day over 12 first{f', {other} second' if other else ''}")
        elif other >= NEARLY_ALL * (days + other) and len(options) > 1:
            ways.dates.append(options[1])
            why.append(f"{other} of {count} have a day over 12 second{f', {days} first' if days else ''}")
        else:
            ways.contradictory = True
            over = f"{days} with a day over 12 first, {other} second"
            ways.leave("dates", f"{either}  # OPEN: {count} dates with {way[0]}, {over}; set aside until decided")
    if unread:
        ways.leave("dates", f"OPEN: {unread} dates cannot be read and will be set aside; write them year-month-day")
    ways.dates_why = "; ".join(why)


def _reads(written: str, order: str) -> bool:
    text = pd.Series([written], dtype="str")
    writing = Writing(dates=(order,))
    return convert(text, kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0].notna().all()


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
        mark = "," if "." in either[0] else "."
        ways.leave("decimal", f'OPEN: is {either[0]} over a thousand? With decimal = "{mark}" it is so, or set aside')


def _levels(ways: Ways, name: str, column: Column, table: str, about: pa.Column) -> None:
    """What each value means that is not understood as it stands."""
    kind, levels = about.metadata["kind"], about.metadata.get("levels")
    lists, allowed = _MEANT[kind]
    distinct = pd.Series(column.counts.index[:MOST_LEVELS], dtype="str")
    _, wrong = convert(distinct, kind=kind, dtype=tables.dtype_of(about), levels=levels, writing=Writing())
    for written in distinct[wrong.index]:
        meaning = meanings(lists or f"{table}.{name}").get(identity.fold(written))
        if name == "senior_delegate" and not meaning:
            meaning = _director(written)
        if not meaning and identity.fold(written) in meanings("unknown"):
            ways.missing.setdefault(name, []).append(written)
        elif meaning:
            ways.levels.setdefault(name, {})[written] = (meaning, int(column.counts[written]))
        else:
            one_of = allowed or ", ".join(levels)
            ways.leave(
                f"levels.{name}", f'{quoted(written)} = "…"  # OPEN: {rows(column.counts[written])}; one of {one_of}'
            )


def _director(title: str) -> str | None:
    words = set(identity.words(title))
    senior, junior, doubtful = (bool(words & folded("titles", rank)) for rank in ("senior", "junior", "doubtful"))
    if doubtful or senior == junior:
        return None
    return "yes" if senior else "no"


def _codes(ways: Ways, placed: dict[str, Column], kinds: dict[str, str], form: Form | None) -> None:
    """Codes for no answer: as the form declares them; else proposed where they are no value of a scale."""
    declared = {
        code
        for choices in (form.choices.values() if form else ())
        for code, labels in choices.items()
        if code.lstrip("-").isdigit() and any(identity.fold(label) in meanings("unknown") for label in labels.values())
    }
    seen = Counter()
    for name, column in placed.items():
        if kinds[name] in ("agreement", "yes_no"):
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


def rows(count: int) -> str:
    return f"{count} row{'s' if count != 1 else ''}"

"""How people write a day, or several that follow one another → the first of them and the last.

A month's name is a month wherever it stands, and a year of four digits before the others is the year. Of other numbers
the order must be declared: nothing tells 3 April from 4 March.
"""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from konbit_lessons.tables import codebook

WRITING = codebook()["writing"]
SERIAL = {"excel": "1900", "excel 1904": "1904"}  # dates as a workbook counts them
DATE_ORDERS = WRITING["dates"] | dict.fromkeys(SERIAL, "")
FIRST_YEAR, LAST_YEAR = 1950, 2100
SERIAL_NUMBER = r"\d{5}(\.\d+)?"
ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_HOUR, _MINUTE, _HALF = r"(?:[01]?\d|2[0-3])", r"[0-5]\d", r"\s?[ap]\.?\s?m\b\.?"
_CLOCK = rf"{_HOUR}(?:(?::{_MINUTE}){{1,2}}(?:\.\d+)?(?:{_HALF})?|\s?h(?:\s?{_MINUTE})?\b|{_HALF})"
_ZONE = r"[a-z]{1,5}(?:[+-]\d{1,2}(?::?\d\d)?)?"
_TIME = rf"(?:[\s,]+|(?<=\d)T)(?:(?:à|at|a las|às|a)\s)?({_CLOCK})(?:\s*[-–]\s*{_CLOCK})?\s*({_ZONE})?$"
_TIME = re.compile(_TIME, re.IGNORECASE)
_OFFSET = re.compile(r"(?:utc|gmt)([+-])(1[0-4]|0?\d):?(\d\d)?", re.IGNORECASE)
_TO = re.compile(r"\s*[–—&]\s*|\s+-\s+|(?<=\d)-(?=\d\d?[/.]\d\d?[/.])|(?<=\d)/(?=\d{4}-)")
_NUMBERS = re.compile(r"(\d\d?)[-/. ](\d\d?)[-/. ](\d{4}|\d\d)(?!\d)")
_WORD = re.compile(r"[^\W\d_]+\.?,?")


def words_of(text: str) -> list[str]:
    """Words in small letters without accents, and numbers."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return re.findall(r"[^\W\d_]+|\d+", "".join(one for one in letters if not unicodedata.combining(one)))


MONTHS = {name: number for number, names in enumerate(WRITING["months"], start=1) for name in words_of(names)}
WEEKDAYS, _BESIDE, _UNTIL = ({*words_of(WRITING[words])} for words in ("weekdays", "beside_days", "until"))


@dataclass(frozen=True)
class Writing:
    """How one source writes the values of one column.

    Attributes
    ----------
    dates : tuple of str
        Keys of :data:`DATE_ORDERS`, in the order to try; year-month-day and names of months are always understood.
    decimal : str
        ``"."`` or ``","``.
    levels : dict of str to str
        What is written → what it means; compared without case and outer spaces.
    timezone : tzinfo
        Of the dates wanted; a time with an offset is moved there first.
    utc : bool
        A time without an offset is in UTC, as in Kobo's ``_submission_time``.
    languages : tuple of str
        Of the programme: some names are one month in one language, and another in another.
    """

    dates: tuple[str, ...] = ()
    decimal: str = "."
    levels: dict[str, str] = field(default_factory=dict)
    timezone: tzinfo = UTC
    utc: bool = False
    languages: tuple[str, ...] = ()


def alike(text: str) -> str:
    """A text as it is compared: accents composed, one space between words, plain apostrophes.

    >>> alike("Nom\\u00a0de  l\\u2019organisation")
    "Nom de l'organisation"
    """
    return " ".join(re.sub("[’‘ʼ´`′]", "'", unicodedata.normalize("NFC", text)).split())


def plain_digits(text: str) -> str:
    """A text with the digits of any script as 0 to 9."""
    return text if text.isascii() else "".join(str(unicodedata.decimal(one, one)) for one in text)


def span(text: str, writing: Writing) -> tuple[datetime, datetime]:
    """Midnight of the first and of the last day; of a moment with a time zone, the day that it was in the programme's.

    Raises
    ------
    ValueError
        It is no day in an order that is declared; says what was expected.

    Examples
    --------
    >>> [f"{day:%d/%m}" for day in span("du 28 février au 2 mars 2024", Writing())]
    ['28/02', '02/03']
    >>> [f"{day:%d/%m}" for day in span("12-14/03/2024", Writing(dates=("day/month/year",)))]
    ['12/03', '14/03']
    """
    if text in WRITING["no_day"]:
        told = "programs write this one where they kept none: say which it was under set, or write it without an hour"
        raise ValueError(f"expected a day; {told}")
    if (iso := ISO.fullmatch(text)) and (day := _year_first(iso[1])):
        return (_moved(day, iso, writing),) * 2
    time = _TIME.search(text)
    rest = text[: time.start()] if time else text
    first, last = _named(rest, writing)[1] or _numbered(rest, writing.dates) or (None, None)
    if not first or not first <= last:
        raise ValueError(f"expected a date written {' or '.join([*writing.dates, 'year-month-day'])}")
    if time and time[2]:
        first, last = (_at_home(_with_zone(day, time, writing), writing) for day in (first, last))
    return first, last


def order_of(text: str) -> str:
    """The order of a date whose month is a name; "" where it is none."""
    begins = _named(_TIME.sub("", text), Writing(languages=("ht",)))[0]
    return {"d": "day month year", "m": "month day, year", "y": "year/month/day"}.get(begins, "")


def day_and_month(text: str) -> list[int]:
    """The two numbers that are left of a code when a spreadsheet has taken it for a day; none of any other text.

    >>> [day_and_month(one) for one in ("1-1", "1-Jan", "2017-01-02 00:00:00", "E2")]
    [[1, 1], [1, 1], [1, 2], []]
    """
    words = [word for word in words_of(text.removesuffix(" 00:00:00")) if _kind(word) != "y"]
    is_day = len(words) == 2 and "?" not in map(_kind, words)
    return sorted(MONTHS.get(word) or int(word) for word in words) if is_day else []


def of_serial(text: str, epoch: str) -> datetime | None:
    """The day that a workbook counts so."""
    if not re.fullmatch(SERIAL_NUMBER, text):
        return None
    first = datetime(1899, 12, 30) if epoch == "1900" else datetime(1904, 1, 1)
    return _plausible(first + timedelta(days=int(float(text))))


def half_turned(texts: list[str]) -> str:
    """Whether all date cells of a column have a day up to 12, all other dates one above; "probably" where no chance.

    So it is where a spreadsheet took month for day, and left as text what then was no date. Right days are so by chance
    in 0.4 of cells and 0.6 of texts; less than once in ten is no chance, unless the cells lie near the texts only with
    day and month in their places. Nor is it one where all cells lie far from the texts, and near them when turned back.

    >>> half_turned(["2024-10-01", "15/02/2024"]), half_turned(["2024-02-01", "15/02/2024", "20/03/2024"])
    ('probably', 'perhaps')
    >>> half_turned(["2024-02-13", "15/02/2024"])
    ''
    """
    cells = [_year_first(text[:10]) for text in texts if ISO.fullmatch(text)]
    typed = [[*sorted(map(int, found.groups()[:2])), found[3]] for found in map(_NUMBERS.match, texts) if found]
    dated = cells and typed and all(cells) and max(day.day for day in cells) <= 12
    if not dated or any(not 1 <= month <= 12 < day for month, day, _ in typed):
        return ""
    far, days = timedelta(days=60), [datetime(_year(year), month, min(day, 28)) for month, day, year in typed]
    near = [min(days) - far <= day <= max(days) + far for day in cells]
    turned = [min(days) - far <= day.replace(month=day.day, day=day.month) <= max(days) + far for day in cells]
    by_chance = 0.4 ** len(cells) * 0.6 ** len(typed)
    no_chance = by_chance < 0.01 or (by_chance < 0.1 and (all(turned) or not any(near)))
    return "probably" if no_chance or (all(turned) and not any(near)) else "perhaps"


def _plausible(day: datetime) -> datetime | None:
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _moved(day: datetime, iso: re.Match, writing: Writing) -> datetime:
    zone = (iso[3] or "Z" * writing.utc).replace("Z", "+00:00")
    return _at_home(datetime.fromisoformat(f"{iso[1]}T{iso[2]}{zone}"), writing) if iso[2] and zone else day


def _at_home(moment: datetime, writing: Writing) -> datetime:
    return moment.astimezone(writing.timezone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _with_zone(day: datetime, time: re.Match, writing: Writing) -> datetime:
    hour, minute = (int(one) for one in [*re.findall(r"\d+", time[1]), "0"][:2])
    half = re.search(r"([ap])\.?\s?m", time[1].lower())
    moment = day.replace(hour=hour % 12 + 12 * (half[1] == "p") if half else hour, minute=minute)
    name, offset = time[2].upper(), _OFFSET.fullmatch(time[2])
    if offset:
        hours = int(offset[2]) + int(offset[3] or 0) / 60
        return moment.replace(tzinfo=timezone(timedelta(hours=-hours if offset[1] == "-" else hours)))
    if (own := moment.replace(tzinfo=writing.timezone)).tzname() == name:
        return own
    if name not in WRITING["zones"]:
        raise ValueError(f'expected a time without a zone, or with one such as UTC-5; found "{time[2]}"')
    return moment.replace(tzinfo=timezone(timedelta(hours=WRITING["zones"][name])))


def _named(text: str, writing: Writing) -> tuple[str, tuple[datetime, datetime] | None]:
    """Days whose month is a name, and what stands first in them: d, m or y."""
    words = [word for word in words_of(text) if word not in _BESIDE | _UNTIL and word not in WEEKDAYS - {*MONTHS}]
    for word in [word for word in words if word in WEEKDAYS]:  # "mar" is a Tuesday beside another month
        if len([one for one in words if one in MONTHS]) > 1 and not _ends("".join(map(_kind, words)), words):
            words.remove(word)
    months, kinds = [word for word in words if word in MONTHS], "".join(map(_kind, words))
    if not months or not (ends := _ends(kinds, words)):
        return "", None
    for month, (languages, other) in WRITING["one_month_or_another"].items():
        if month in months and not {*languages} & {*writing.languages}:
            raise ValueError(f'expected a month that is no other in another language ({other}); found "{month}"')
    with suppress(ValueError):
        days = [_plausible(datetime(_year(year), MONTHS[month], int(day))) for day, month, year in ends]
        return kinds[0], tuple(days) if all(days) else None
    return "", None


def _kind(word: str) -> str:
    return "m" if word in MONTHS else {1: "d", 2: "d", 4: "y"}.get(len(word), "?") if word.isdecimal() else "?"


def _ends(kinds: str, words: list[str]) -> list[tuple[str, str, str]] | None:
    """Day, month and year of both ends, by what kind of word each is: d, m or y; a year of two digits is a d."""
    if re.fullmatch("d+m[dy]", kinds):
        return [(day, *words[-2:]) for day in (words[0], words[-3])]
    if re.fullmatch("md+y", kinds):
        return [(day, words[0], words[-1]) for day in (words[1], words[-2])]
    if re.fullmatch("dm[dy]?dm[dy]", kinds):
        return [(*words[:2], words[2] if len(words) == 6 else words[-1]), tuple(words[-3:])]
    if re.fullmatch("mdy?mdy", kinds):
        year = words[2] if len(words) == 6 else words[-1]
        return [(words[1], words[0], year), (words[-2], words[-3], words[-1])]
    return [tuple(words[::-1])] * 2 if kinds == "ymd" else None


def _year(digits: str) -> int:
    return int(digits) + (0 if len(digits) == 4 else 2000 if int(digits) < 69 else 1900)


def _numbered(text: str, orders: tuple[str, ...]) -> tuple[datetime, datetime] | None:
    """Days of numbers alone; what the first lacks is as in the last: 12-14/03/2024."""
    first, *more = _TO.split(_WORD.sub(_meant, text).strip(" ,()"))
    last = _in_order(more[-1] if more else first, orders)
    if not last or len(more) > 1 or not more:
        return (last, last) if last and not more else None
    mark = re.search(r"[-/.]", more[-1])
    lead = first.split(mark[0]) if mark else []
    begun = _in_order(first, orders) or _in_order(mark[0].join(lead + more[-1].split(mark[0])[len(lead) :]), orders)
    return (begun, last) if begun else None


def _meant(found: re.Match) -> str:
    word = next(iter(words_of(found[0])), "")
    return " - " if word in _UNTIL else " " if word in WEEKDAYS | _BESIDE else found[0]


def _in_order(text: str, orders: tuple[str, ...]) -> datetime | None:
    found = [_year_first(text)]
    for order in [] if found[0] else orders:
        if order in SERIAL:
            found.append(of_serial(text, SERIAL[order]))
        elif " " not in order:  # in others the month is a name
            found.append(_by_format(text, DATE_ORDERS[order]))
    return next(filter(None, found), None)


def _by_format(text: str, form: str) -> datetime | None:
    with suppress(ValueError):
        return _plausible(datetime.strptime(text, form))
    return None


def _year_first(text: str) -> datetime | None:
    found = _YEAR_FIRST.fullmatch(text)
    return _by_format("-".join(found.group(1, 3, 4)), "%Y-%m-%d") if found else None

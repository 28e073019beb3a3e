"""One column of text → typed values, by the codebook and by how the source writes dates, numbers and levels.

Nothing is guessed: a text that does not convert stays out of the values and comes back with the reason.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import pandas as pd

YES = {"yes", "y", "oui", "wi", "x", "1", "true", "vrai", "✓"}
NO = {"no", "n", "non", "0", "false", "faux"}
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?")
_SPACES = re.compile(r"[\s\u00a0\u202f']+")
FIRST_YEAR, LAST_YEAR = 1950, 2100


@dataclass(frozen=True)
class Writing:
    """How one source writes the values of one column.

    Attributes
    ----------
    dates : tuple of str
        ``strptime`` formats in order; year-month-day is always understood.
    decimal : str
        ``"."`` or ``","``.
    levels : dict of str to str
        What is written → what it means; compared without case and outer spaces.
    timezone : tzinfo
        Of the dates wanted; a time with an offset is moved there first.
    utc : bool
        A time without an offset is in UTC, as in Kobo's ``_submission_time``.
    """

    dates: tuple[str, ...] = ()
    decimal: str = "."
    levels: dict[str, str] = field(default_factory=dict)
    timezone: tzinfo = UTC
    utc: bool = False


def convert(
    text: pd.Series, *, kind: str, dtype: object, levels: tuple[str, ...] | None, writing: Writing
) -> tuple[pd.Series, pd.Series]:
    """Typed values of a column, and why the others have none.

    Parameters
    ----------
    text : Series of str
        Missing is blank.
    kind : str
        ``identifier``, ``text``, ``level``, ``day``, ``yes_no``, ``whole`` or ``amount``, as in the codebook.
    dtype : dtype
        Of the values.
    levels : tuple of str, optional
        Of a level.
    writing : Writing

    Returns
    -------
    values : Series of ``dtype``
        Missing where the text is blank or does not convert.
    expected : Series of str
        For each text that does not convert, what was expected; empty when all do.

    Examples
    --------
    >>> values, wrong = convert(pd.Series(["1 250,00", "env. 3"]), kind="amount", dtype="Float64", levels=None,
    ...                         writing=Writing(decimal=","))
    >>> values.tolist(), wrong.to_dict()
    ([1250.0, <NA>], {1: 'expected a number such as 1250,5'})
    """
    meant = {_fold(written): meaning for written, meaning in writing.levels.items()}
    parse = _PARSERS[kind]
    good, wrong = {}, {}
    for written in text.dropna().unique():
        try:
            good[written] = parse(meant.get(_fold(written), written).strip(), writing, levels)
        except ValueError as error:
            allowed = f"expected {', '.join(writing.levels)}" if writing.levels else None
            wrong[written] = allowed or str(error)
    values = pd.Series(pd.array([good.get(written) for written in text], dtype=dtype), index=text.index, name=text.name)
    return values, text[text.isin(wrong)].map(wrong).astype("str")


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _text(text: str, writing: Writing, levels: tuple[str, ...] | None) -> str:
    return unicodedata.normalize("NFC", text)


def _level(text: str, writing: Writing, levels: tuple[str, ...] | None) -> str:
    known = {_fold(level): level for level in levels or ()}
    if _fold(text) in known:
        return known[_fold(text)]
    raise ValueError(f"expected {', '.join(levels or ())}; other words are mapped under levels in programme.toml")


def _yes_no(text: str, writing: Writing, levels: tuple[str, ...] | None) -> bool:
    if _fold(text) in YES:
        return True
    if _fold(text) in NO:
        return False
    raise ValueError("expected yes or no (oui, non, wi, x, 1, 0)")


def _amount(text: str, writing: Writing, levels: tuple[str, ...] | None) -> float:
    mark, other = writing.decimal, "," if writing.decimal == "." else "."
    digits = _SPACES.sub("", text)
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{other}\d{{3}})+(?:\{mark}\d+)?", digits):
        if digits.count(other) == 1 and mark not in digits and other == ".":
            raise ValueError(f"cannot tell whether {digits} is {digits.replace('.', '')} or {digits.replace('.', ',')}")
        return float(digits.replace(other, "").replace(mark, "."))
    if re.fullmatch(rf"[+-]?\d+(?:\{mark}\d+)?", digits):
        return float(digits.replace(mark, "."))
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", digits):  # a number cell of a workbook, whatever its language
        return float(digits)
    raise ValueError(f"expected a number such as 1250{mark}5")


def _whole(text: str, writing: Writing, levels: tuple[str, ...] | None) -> int:
    try:
        number = _amount(text, writing, levels)
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise ValueError("expected a whole number")
    return int(number)


def _day(text: str, writing: Writing, levels: tuple[str, ...] | None) -> datetime:
    iso = _ISO.fullmatch(text)
    formats = ("%Y-%m-%d",) if iso else writing.dates
    for form in formats:
        try:
            day = datetime.strptime(text[:10] if iso else text, form)
        except ValueError:
            continue
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return _local_day(day, iso, writing) if iso else day
    orders = ", ".join(form.replace("%d", "day").replace("%m", "month").replace("%Y", "year") for form in writing.dates)
    raise ValueError(f"expected a date written {f'{orders} or ' if orders else ''}year-month-day")


def _local_day(day: datetime, iso: re.Match, writing: Writing) -> datetime:
    """Midnight of the day it was in the programme's time zone."""
    if not iso[4] or not (iso[5] or writing.utc):
        return day
    offset = (iso[5] or "Z").replace("Z", "+00:00")
    moment = datetime.fromisoformat(f"{day.date()}T{iso[4]}{offset}")
    return (
        moment.astimezone(UTC)
        .astimezone(writing.timezone)
        .replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    )


_PARSERS: dict[str, Callable] = {
    "identifier": _text,
    "text": _text,
    "level": _level,
    "day": _day,
    "yes_no": _yes_no,
    "whole": _whole,
    "amount": _amount,
}

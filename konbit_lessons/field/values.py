"""Columns of text, each distinct text held and looked at once; and typed values of them, by the codebook.

While a table is cleaned, its texts are categories, which makes a million rows cheap; they are plain text again when it
is finished. Nothing is guessed: a text that does not convert stays out of the values and comes back with the reason.
"""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from konbit_lessons.tables import TEXT, codebook

WRITING = codebook()["writing"]
YES, NO = {*WRITING["yes"]}, {*WRITING["no"]}
AGREEMENT = {label: int(point) for point, labels in WRITING["agreement"].items() for label in labels}  # without a form
MONTHS = {name: number for number, names in enumerate(WRITING["months"], start=1) for name in names.split()}
SERIAL = {"excel": "1900", "excel 1904": "1904"}  # dates as a workbook counts them
DATE_ORDERS = WRITING["dates"] | dict.fromkeys(SERIAL, "")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?")
_TIME = re.compile(r"[ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[ap]\.?m\.?)?$", re.IGNORECASE)
_SERIAL = r"\d{5}(\.\d+)?"
_SPACES = re.compile(r"[\s']+")
_SPACED = re.compile(r"[+-]?\s*\d{1,3}(?:[\s']+\d{3})*(?:[.,]\d+)?")  # thousands, and nothing else, apart
FIRST_YEAR, LAST_YEAR = 1950, 2100


@dataclass(frozen=True)
class Writing:
    """How one source writes the values of one column.

    Attributes
    ----------
    dates : tuple of str
        Keys of :data:`DATE_ORDERS`, in the order to try; year-month-day is always understood.
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


def convert(text: pd.Series, about: Mapping, writing: Writing, dtype: object) -> tuple[pd.Series, pd.Series]:
    """Typed values of a column, and why the others have none.

    Parameters
    ----------
    text : Series of str or category
        Missing is blank.
    about : mapping
        What the codebook says of the column: its ``kind``; of a level or a place its ``levels``, with the words of
        each, which a file may hold instead; of a place its ``spellings``, as
        :func:`konbit_lessons.field.declared.spelled` has them; of an amount its ``unit``, and the ``marks`` that may
        stand beside it; of an answer the ends of its ``scale``.
    writing : Writing
    dtype : dtype
        Of the values; ``"category"`` for text while a table is being cleaned.

    Returns
    -------
    values : Series of ``dtype``
        Missing where the text is blank or does not convert.
    expected : Series of str
        For each text that does not convert, what was expected; empty when all do.

    Examples
    --------
    >>> text = pd.Series(["1 250,00", "env. 3"])
    >>> values, wrong = convert(text, {"kind": "amount"}, Writing(decimal=","), "Float64")
    >>> values.tolist(), wrong.to_dict()
    ([1250.0, <NA>], {1: 'expected a number such as 1250,5'})
    """
    if about["kind"] in ("text", "identifier") and not writing.levels:
        return composed(text).astype(dtype), pd.Series(dtype="str")
    meant = {_fold(written): meaning for written, meaning in writing.levels.items()}
    parse = _PARSERS.get(about["kind"], _text)
    codes, distinct = distinct_of(text)
    good, reasons = {}, {}
    for at, written in enumerate(distinct):
        try:
            good[written] = parse(meant.get(_fold(written), written).strip(), writing, about)
        except ValueError as error:
            reasons[at] = f"expected {', '.join(writing.levels)}" if writing.levels else str(error)
    wrong = np.flatnonzero(np.isin(codes, list(reasons))) if reasons else []
    expected = pd.Series([reasons[code] for code in codes[wrong]], index=text.index[wrong], dtype="str")
    return looked_up(text, good, dtype), expected


def days_of_serials(text: pd.Series, epoch: str) -> tuple[pd.Series, int]:
    """Serial numbers of a workbook's dates as year-month-day, other text as it is, and how many there were.

    >>> days_of_serials(pd.Series(["42736", "hier", "42736.75"]), "1900")[0].tolist()
    ['2017-01-01', 'hier', '2017-01-01']
    >>> days_of_serials(pd.Series(["41274"]), "1904")[0].tolist()
    ['2017-01-01']
    """
    days = text[text.str.fullmatch(_SERIAL).fillna(False)].map(lambda number: _of_serial(number, epoch)).dropna()
    return text.where(~text.index.isin(days.index), days.map("{:%Y-%m-%d}".format).reindex(text.index)), len(days)


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _text(text: str, writing: Writing, about: Mapping) -> str:
    return unicodedata.normalize("NFC", text)


def _level(text: str, writing: Writing, about: Mapping) -> str:
    """A level by any of its words; a place also by its spellings."""
    levels, where = about["levels"], "words are mapped under levels"
    known = {_fold(words): level for level, label in levels.items() for words in label.every()}
    written = about.get("spellings", {}) if about["kind"] == "level" else {}
    known |= {_fold(one): level for level in levels for one in [level, *written.get(level, ())]}
    found = known.get(_fold(text))
    if about["kind"] == "place":
        spellings, where = about["spellings"], "spellings are written under [places]"
        found = spellings.get(text.casefold()) or spellings.get(place_key(text))
    if not found:
        raise ValueError(f"expected {', '.join(levels)}; other {where} in programme.toml")
    return found


def place_key(text: str) -> str:
    """A name of a place in small plain letters, without the words that stand beside it.

    >>> place_key("Région de Thiès"), place_key("Grand'Anse"), place_key("GRANDE-ANSE")
    ('thies', 'grand anse', 'grande anse')
    """
    letters = unicodedata.normalize("NFD", text.casefold())
    words = "".join(" " if not one.isalnum() else one for one in letters if not unicodedata.combining(one)).split()
    return " ".join(word for word in words if word not in WRITING["places"])


def _yes_no(text: str, writing: Writing, about: Mapping) -> bool:
    if _fold(text) not in YES | NO:
        raise ValueError("expected yes or no (oui, non, wi, x, 1, 0)")
    return _fold(text) in YES


def _amount(text: str, writing: Writing, about: Mapping) -> float:
    found = re.fullmatch(r"([^\d+-]*)([+-]?\d[\d\s\u00a0\u202f'.,]*?)([^\d]*)", text)
    mark = _fold(found[1] + found[3]).strip(". ") if found else ""
    percent = [(text.removesuffix("%"), 100)] if text.endswith("%") else []  # as a percent cell of a workbook holds it
    for digits, of in [(text, 1), *percent, *([(found[2], 1)] if found and mark in about.get("marks", ()) else [])]:
        if (number := _number(digits, writing)) is not None:
            return number / of
    unit = about["unit"].text() if about.get("unit") else ""
    if unit == "hours" and (clock := re.fullmatch(r"(\d{1,2})\s*[h:]\s*([0-5]\d)", text.lower())):
        return int(clock[1]) + int(clock[2]) / 60
    raise ValueError(f"expected a number such as 1250{writing.decimal}5{f', in {unit}' if mark and unit else ''}")


def _number(text: str, writing: Writing) -> float | None:
    mark, other = writing.decimal, "," if writing.decimal == "." else "."
    digits = _SPACES.sub("", text)
    if digits != text and not _SPACED.fullmatch(text):
        return None
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{other}\d{{3}})+(?:\{mark}\d+)?", digits):
        if digits.count(other) == 1 and mark not in digits and other == ".":
            raise ValueError(f"cannot tell whether {digits} is {digits.replace('.', '')} or {digits.replace('.', ',')}")
        return float(digits.replace(other, "").replace(mark, "."))
    if re.fullmatch(rf"[+-]?\d+(?:\{mark}\d+)?", digits):
        return float(digits.replace(mark, "."))
    # a number cell of a workbook, whatever its language
    return float(digits) if re.fullmatch(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", digits) else None


def _whole(text: str, writing: Writing, about: Mapping) -> int:
    with suppress(ValueError):
        number = _amount(text, writing, about)
        if number.is_integer() and not text.endswith("%"):
            return int(number)
    raise ValueError("expected a whole number")


def _scale(text: str, writing: Writing, about: Mapping) -> int:
    """A point on the scale: its number; of agreement also its label, or both where they agree."""
    label = _fold(text.replace("’", "'"))
    if about.get("scale") == (1, 5):  # that of agreement
        if label in AGREEMENT:
            return AGREEMENT[label]
        both = re.fullmatch(r"([1-5])\s*[-–—=.:)]+\s*(\D+)", label)
        if both and AGREEMENT.get(both[2]) == int(both[1]):
            return int(both[1])
    return _whole(text, writing, about)


def _day(text: str, writing: Writing, about: Mapping) -> datetime:
    """Midnight of a day; of a moment with a time zone, the day that it was in the programme's."""
    if (iso := _ISO.fullmatch(text)) and (day := _by_format(text[:10], "%Y-%m-%d")):
        if not iso[4] or not (iso[5] or writing.utc):
            return day
        moment = datetime.fromisoformat(f"{day.date()}T{iso[4]}{(iso[5] or 'Z').replace('Z', '+00:00')}")
        return datetime.combine(moment.astimezone(UTC).astimezone(writing.timezone).date(), time())
    for order in writing.dates:
        if day := _of_serial(text, SERIAL[order]) if order in SERIAL else _in_order(_TIME.sub("", text), order):
            return day
    raise ValueError(f"expected a date written {' or '.join([*writing.dates, 'year-month-day'])}")


def _in_order(text: str, order: str) -> datetime | None:
    if "month day" in order or "day month" in order:
        parts = re.findall(r"[^\W\d_]+|\d+", _fold(text))
        if MONTHS.keys().isdisjoint(parts):
            return None
        text = " ".join(str(MONTHS.get(part, part)) for part in parts)
    return _by_format(text, DATE_ORDERS[order])


def _by_format(text: str, form: str) -> datetime | None:
    with suppress(ValueError):
        return _plausible(datetime.strptime(text, form))
    return None


def _of_serial(text: str, epoch: str) -> datetime | None:
    if not re.fullmatch(_SERIAL, text):
        return None
    first = datetime(1899, 12, 30) if epoch == "1900" else datetime(1904, 1, 1)
    return _plausible(first + timedelta(days=int(float(text))))


def _plausible(day: datetime) -> datetime | None:
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


_PARSERS = {"level": _level, "place": _level, "day": _day, "yes_no": _yes_no, "scale": _scale, "whole": _whole}
_PARSERS |= {"amount": _amount, "number": _amount}  # of other kinds than text


def encoded(text: pd.Series) -> pd.Series:
    """The same texts as categories, in the order in which they appear."""
    return text if isinstance(text.dtype, pd.CategoricalDtype) else _of_codes(*pd.factorize(text), text)


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose categories are plain text again."""
    return rows.assign(**{name: _plain(rows[name]) for name in rows.columns[rows.dtypes == "category"]})


def _plain(text: pd.Series) -> pd.api.extensions.ExtensionArray | pd.Series:
    distinct = text.cat.categories.array
    return distinct.take(text.cat.codes.to_numpy(), allow_fill=True) if len(distinct) else text.astype(TEXT)


def constant(text: str, rows: pd.DataFrame) -> pd.Series:
    """A column of one and the same text."""
    return _of_codes(np.zeros(len(rows), dtype=np.int8), [text], rows.index.to_series())


def nothing(rows: pd.DataFrame) -> pd.Series:
    """A column without any text."""
    return _of_codes(np.full(len(rows), -1), [], rows.index.to_series())


def distinct_of(text: pd.Series) -> tuple[np.ndarray, list[str]]:
    """For each row the position of its text among the distinct ones (−1 where it is missing), and these."""
    coded = isinstance(text.dtype, pd.CategoricalDtype)
    codes, distinct = (text.cat.codes.to_numpy(), text.cat.categories) if coded else pd.factorize(text)
    return codes, list(distinct)


def looked_up(text: pd.Series, known: Mapping, dtype: object = "category") -> pd.Series:
    """What ``known`` holds for each text; missing where it holds nothing.

    Parameters
    ----------
    text : Series of str or category
    known : Mapping
        From a text.
    dtype : dtype
        Of the result. ``"category"`` for text; a CategoricalDtype fixes the categories.

    Examples
    --------
    >>> looked_up(pd.Series(["a", None, "b", "a"]), {"a": 1}, "Int64").tolist()
    [1, <NA>, <NA>, 1]
    """
    codes, distinct = distinct_of(text)
    found = [known.get(one) for one in distinct]
    if isinstance(dtype, pd.CategoricalDtype):
        own = dtype.categories.get_indexer(pd.Index(found, dtype=TEXT))
        return pd.Series(pd.Categorical.from_codes(np.append(own, -1)[codes], dtype=dtype), text.index, name=text.name)
    if dtype == "category":
        return _recoded(codes, pd.array(found, dtype=TEXT), text)
    return pd.Series(pd.array([*found, None], dtype=dtype).take(codes), index=text.index, name=text.name)


def composed(text: pd.Series) -> pd.Series:
    """Text without outer spaces, its accents composed (NFC), so that equal texts are equal bytes."""
    codes, distinct = distinct_of(text)
    cells = pc.utf8_trim_whitespace(pc.utf8_normalize(pa.array(distinct, pa.large_string()), form="NFC"))
    return _recoded(codes, pd.array(cells, dtype=TEXT), text)


def stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames one under the other, categories kept; a text column that a frame lacks is missing there."""
    if len(parts) == 1:
        return parts[0].reset_index(drop=True)
    columns = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        found = [part[name] if name in part else nothing(part) for part in parts]
        coded = found[0].dtype == "category"
        columns[name] = pd.api.types.union_categoricals(found) if coded else pd.concat(found, ignore_index=True)
    return pd.DataFrame(columns)


def counted(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """How many rows there are of each combination of texts, as a last column called ``name``; texts are plain again.

    >>> counted(pd.DataFrame({"a": ["x", "y", "x"]}).apply(encoded), "times").to_numpy().tolist()
    [['x', 2], ['y', 1]]
    """
    return as_text(rows.groupby(list(rows), dropna=False, observed=True).size().rename(name).reset_index())


def ordered(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Rows sorted by these columns, missing values last; equal rows stay as they are."""
    return rows.sort_values(by, key=lambda one: one.astype(TEXT) if one.dtype == "category" else one, kind="stable")


def kept(rows: pd.DataFrame, mask: pd.Series) -> pd.DataFrame:
    """The rows of a mask; the frame itself where that is all of them."""
    return rows if mask.all() else rows[mask]


def _recoded(codes: np.ndarray, texts, like: pd.Series) -> pd.Series:
    """Categories of the texts that the codes stand for, equal ones being one."""
    own, names = pd.factorize(texts)
    return _of_codes(np.append(own, -1)[codes], names, like)


def _of_codes(codes: np.ndarray, distinct, like: pd.Series) -> pd.Series:
    dtype = pd.CategoricalDtype(pd.Index(distinct, dtype=TEXT))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype, validate=False), index=like.index, name=like.name)

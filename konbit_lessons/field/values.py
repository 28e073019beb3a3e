"""Columns of text, each distinct text held and looked at once; and typed values of them, by the codebook.

While a table is cleaned, its texts are categories, which makes a million rows cheap; they are plain text again when it
is finished. Nothing is guessed: a text that does not convert stays out of the values and comes back with the reason.
"""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from json import dumps
from math import isinf

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from konbit_lessons.field.days import ISO, SERIAL_NUMBER, WRITING, Writing, alike, of_serial, plain_digits, span
from konbit_lessons.tables import TEXT

YES, NO = {*WRITING["yes"]}, {*WRITING["no"]}
AGREEMENT = {label: int(point) for point, labels in WRITING["agreement"].items() for label in labels}  # without a form
UNSEEN = "\u200b\u200e\u200f\u2060\ufeff"  # letters without width, which come along when a code is copied
_SPACES = re.compile(r"[\s']+")
_SPACED = re.compile(r"[+-]?\s*\d{1,3}(?:[\s']+\d{3})*(?:[.,]\d+)?")  # thousands, and nothing else, apart
_MOST_EXACT, _MOST_WHOLE = 2**53, 2**63  # from where on a double is no longer each whole number; and none has a place


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
        return composed(text, UNSEEN * (about["kind"] == "identifier")).astype(dtype), pd.Series(dtype="str")
    meant = {folded(written): meaning for written, meaning in writing.levels.items()}
    parse = _PARSERS.get(about["kind"], _text)
    codes, distinct = distinct_of(text)
    good, reasons = {}, {}
    for at, written in enumerate(distinct):
        try:
            good[written] = parse(plain_digits(meant.get(folded(written), written).strip()), writing, about)
        except ValueError as error:
            said = meant.get(folded(written))
            reasons[at] = f'programme.toml reads it as "{said}", under levels; {error}' if said else str(error)
            if writing.levels and not said:
                reasons[at] = f"expected {', '.join(writing.levels)}"
    wrong = np.flatnonzero(np.isin(codes, list(reasons))) if reasons else []
    expected = pd.Series([reasons[code] for code in codes[wrong]], index=text.index[wrong], dtype="str")
    return looked_up(text, good, dtype), expected


def way_out(text: str, column: str) -> str:
    """The line of programme.toml that says what a text means which no value is in.

    >>> way_out("---", "income"), way_out("'-500", "income")
    ('missing.income = ["---"]', 'levels.income = { "\\'-500" = "…" }')
    """
    said = dumps(text.strip(), ensure_ascii=False)
    is_blank = folded(text) in WRITING["missing"]["texts"] or not any(map(str.isalnum, text))
    return f"missing.{column} = [{said}]" if is_blank else f'levels.{column} = {{ {said} = "…" }}'


def of_several_days(text: pd.Series, writing: Writing) -> pd.Series:
    """Whether each text holds more than one day; missing where it is none."""
    found = {}
    for written in distinct_of(text)[1]:
        with suppress(ValueError):
            first, last = (0, 0) if ISO.fullmatch(written) else span(written.strip(), writing)
            found[written] = first < last
    return looked_up(text, found, "boolean")


def days_of_serials(text: pd.Series, epoch: str) -> tuple[pd.Series, int]:
    """Serial numbers of a workbook's dates as year-month-day, other text as it is, and how many there were.

    >>> days_of_serials(pd.Series(["42736", "hier", "42736.75"]), "1900")[0].tolist()
    ['2017-01-01', 'hier', '2017-01-01']
    >>> days_of_serials(pd.Series(["41274"]), "1904")[0].tolist()
    ['2017-01-01']
    """
    days = text[text.str.fullmatch(SERIAL_NUMBER).fillna(False)].map(lambda number: of_serial(number, epoch)).dropna()
    return text.where(~text.index.isin(days.index), days.map("{:%Y-%m-%d}".format).reindex(text.index)), len(days)


def cut_short(text: pd.Series) -> str | None:
    """The first code of which a spreadsheet kept only the first digits, so that others are written alike.

    >>> cut_short(pd.Series(["219E01BE", "9.91214E+15"]))
    '9.91214E+15'
    """
    some = text[text.str.contains("E+", regex=False).fillna(False)].tolist()
    return next((one for one in some if re.fullmatch(r"\d([.,]\d+)?E\+\d+", one.strip())), None)


def folded(text: str) -> str:
    """A text in small letters, one space between words, apostrophes and accents as one writes them."""
    return alike(text).casefold()


def _text(text: str, writing: Writing, about: Mapping) -> str:
    return unicodedata.normalize("NFC", text)


def _level(text: str, writing: Writing, about: Mapping) -> str:
    """A level by any of its words; a place also by its spellings."""
    levels, where = about["levels"], "words are mapped under levels"
    known = {folded(words): level for level, label in levels.items() for words in label.every()}
    written = about.get("spellings", {}) if about["kind"] == "level" else {}
    known |= {folded(one): level for level in levels for one in [level, *written.get(level, ())]}
    found = known.get(folded(text))
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
    if folded(text) not in YES | NO:
        raise ValueError("expected yes or no (oui, non, wi, x, 1, 0)")
    return folded(text) in YES


def _amount(text: str, writing: Writing, about: Mapping) -> float:
    number = _said(text, writing, about)
    kept = float(number)
    if isinf(kept) or (abs(number) > _MOST_EXACT and Decimal(kept) != number):
        raise ValueError("expected a number that can be kept exactly; this one has too many digits")
    return kept


def _said(text: str, writing: Writing, about: Mapping) -> Decimal:
    """The number of a text that may hold its unit, or a percent sign."""
    text = text.replace("’", "'")
    found = re.fullmatch(r"([^\d+-]*)([+-]?[.,٫]?\d[\d\s\u00a0\u202f'.,٫٬]*?)([^\d]*)", text)
    mark = folded(found[1] + found[3]).strip(". ") if found else ""
    percent = [(text.removesuffix("%"), -2)] if text.endswith("%") else []  # as a percent cell of a workbook holds it
    known = mark in (marks := about.get("marks", ())) or re.sub(r"[\s.]*/[=-]$", "", mark) in marks  # KES 500/=
    for digits, shift in [(text, 0), *percent, *([(found[2], 0)] if found and known else [])]:
        if (number := _number(digits, writing)) is not None:
            return number.scaleb(shift) if shift else number
    unit = about["unit"].text() if about.get("unit") else ""
    if unit == "hours" and (clock := re.fullmatch(r"(\d{1,2})\s*[h:]\s*([0-5]\d)", text.lower())):
        return Decimal(int(clock[1]) + int(clock[2]) / 60)
    raise ValueError(f"expected a number such as 1250{writing.decimal}5{f', in {unit}' if mark and unit else ''}")


def _number(text: str, writing: Writing) -> Decimal | None:
    mark, other = writing.decimal, "," if writing.decimal == "." else "."
    text = text.replace("٫", mark).replace("٬", "'")  # as Arabic has them
    digits = _SPACES.sub("", text)
    if digits != text and not _SPACED.fullmatch(text):
        return None
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{other}\d{{3}})+(?:\{mark}\d+)?", digits):
        if digits.count(other) == 1 and mark not in digits and other == ".":
            raise ValueError(f"cannot tell whether {digits} is {digits.replace('.', '')} or {digits.replace('.', ',')}")
        return Decimal(digits.replace(other, "").replace(mark, "."))
    if re.fullmatch(rf"[+-]?(?:\d+|\d*\{mark}\d+)", digits):  # SPSS writes .5
        return Decimal(digits.replace(mark, "."))
    # a number cell of a workbook, whatever its language
    return Decimal(digits) if re.fullmatch(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?", digits, re.IGNORECASE) else None


def as_number(text: str, writing: Writing) -> float | None:
    """The number that a text writes, or None.

    >>> as_number("−0,5", Writing(decimal=",")), as_number("1.5e3", Writing()), as_number("n/a", Writing())
    (-0.5, 1500.0, None)
    """
    with suppress(ValueError):
        number = _number(text.replace("\u2212", "-"), writing)
        return None if number is None else float(number)
    return None


def _whole(text: str, writing: Writing, about: Mapping) -> int:
    number = Decimal(0)
    with suppress(ValueError):
        number = _said(text, writing, about)
        if number == number.to_integral_value() and not text.endswith("%") and abs(number) < _MOST_WHOLE:
            return int(number)
    raise ValueError(f"expected a whole number{' of 18 digits at most' * (abs(number) >= _MOST_WHOLE)}")


def _scale(text: str, writing: Writing, about: Mapping) -> int:
    """A point on the scale: its number; of agreement also its label, or both where they agree."""
    label = folded(text)
    if about.get("scale") == (1, 5):  # that of agreement
        if label in AGREEMENT:
            return AGREEMENT[label]
        both = re.fullmatch(r"([1-5])\s*[-–—=.:)]+\s*(\D+)", label)
        if both and AGREEMENT.get(both[2]) == int(both[1]):
            return int(both[1])
    return _whole(text, writing, about)


def _day(text: str, writing: Writing, about: Mapping) -> datetime:
    """Of several days the last where the column is about an end, else the first."""
    return span(text, writing)[bool(about.get("ends"))]


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


def composed(text: pd.Series, without: str = "") -> pd.Series:
    """Text without outer spaces, or other letters, its accents composed (NFC), so that equal texts are equal bytes."""
    codes, distinct = distinct_of(text)
    cells = pc.utf8_trim(pa.array(distinct, pa.large_string()), characters=without)
    cells = pc.utf8_trim_whitespace(pc.utf8_normalize(cells, form="NFC"))
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

"""Every word that shows: texts, plurals, numbers and dates in the reader's language.

Takes the English text as the message id, as gettext does, and returns it in the language asked for, read from
``words/<language>.po`` with Babel; English needs no file. Sentences, figures, notebooks and page templates all speak
through here, so another language is another .po file and no code. ``python -m tools.extract`` writes the list of
messages, ``konbit.pot``, from which a .po begins. Reports are made only in a `complete` language. A .po whose header is
marked fuzzy awaits a native reader. docs/translator.md is for who translates.
"""

import math
import tomllib
from functools import lru_cache
from gettext import c2py
from pathlib import Path

import pandas as pd
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.languages import known, languages
from konbit_lessons.words.label import Label as Label

HERE = Path(__file__).parent
WRITTEN = tomllib.loads((HERE / "written.toml").read_text("utf-8"))  # by language, what CLDR does not know of it
MINUS = "−"


def mark(msgid):
    """Return `msgid` unchanged: says to the extraction that it will be translated later, by ``words.text(msgid)``."""
    return msgid


def pair(singular, plural):
    """Return both forms unchanged: as `mark`, for ``words.plural(*pair, n)``."""
    return singular, plural


def complete(language):
    """Return the Words of a language in which every message of konbit.pot has its translation.

    Raises
    ------
    ProgrammeError : one has none, so that a page would be half in English
    """
    words = Words(language)
    if missing := words.missing():
        ready = ", ".join(one for one in languages() if not Words(one).missing())
        found = f"found {language!r}; of its texts, {len(missing)} are not translated yet, such as {missing[0]!r}"
        raise ProgrammeError(f"language: {found}; expected one of {ready}. Translate them in words/{language}.po.")
    return words


class Words:
    """The words, numbers and dates of one language.

    Parameters
    ----------
    language : str, as "en", "fr" or "ht"
    folder : folder of the .po files; the package's own unless told

    Raises
    ------
    ProgrammeError : there is no such language
    """

    def __init__(self, language="en", *, folder=HERE):
        self.language = known(language, folder)
        self._catalog = Catalog(locale=None) if language == "en" else _catalog(Path(folder) / f"{language}.po")
        self.awaits_reader = language != "en" and self._catalog.fuzzy
        self._own = WRITTEN.get(self.language, {})
        self._locale = _locale(self._own.get("numbers_as", language))

    @classmethod
    def of(cls, language):
        """Return `language` itself if it already is Words, else the Words of that language."""
        return language if isinstance(language, cls) else cls(language)

    def missing(self):
        """Return the messages of konbit.pot that have no translation; English needs none."""
        wanted = [] if self.language == "en" else [message.id for message in _catalog(HERE / "konbit.pot")]
        return [one for one in wanted if one and not self.translated(one)]

    def translated(self, message):
        """Return whether a text, or every form of a pair of singular and plural, has a translation that is no guess."""
        found = self._catalog.get(message)
        forms = found.string if found and not found.fuzzy else ""
        return all(forms) if isinstance(forms, tuple) else bool(forms)

    def template(self, message, n=None):
        """Return a text in this language, not filled in; of a pair of singular and plural the form that goes with `n`.

        A fraction takes the plural in English ("0.4 more were"), and the form of its whole part in French.
        """
        if isinstance(message, str):
            found = self._catalog.get(message)
            forms = (found.string if found else "") or message
            return forms if isinstance(forms, str) else forms[0]
        found = self._catalog.get(message) or self._catalog.get(message[0])
        if found and isinstance(found.string, tuple) and all(found.string):
            return found.string[c2py(self._catalog.plural_expr)(int(n))]
        return message[int(n != 1)]

    def text(self, msgid, **values):
        """Return the text in this language, with ``{name}`` filled in from `values`."""
        found = self.template(msgid)
        return found.format(**values) if values else found

    def plural(self, singular, plural, n, **values):
        """Return the form that goes with the number `n`; ``{n}`` in it is the number as written in this language."""
        return self.template((singular, plural), n).format(**{"n": self.number(n)} | values)

    def number(self, x, decimals=0):
        """Return a number with this many decimals, as "1,800" or "1 800"; "–" where there is none."""
        if pd.isna(x):
            return "–"
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(round(float(x), decimals) + 0.0, format=pattern, locale=self._locale).replace("-", MINUS)

    def points(self, x):
        """Return a proportion as percentage points: 0.123 is "12"; 0.0003, not 0, "0.03"; 0.998, not 100, "99.8"."""
        of_100 = math.nan if pd.isna(x) else 100 * float(x)
        rest, most = min((abs(of_100), 0.95), (abs(100 - abs(of_100)), 0.501))  # from 0 or 100, neither of which it is
        return self.number(of_100, max(1, -math.floor(math.log10(rest * 1.0001))) if 1e-6 < rest < most else 0)

    def signed(self, x):
        """Return a difference of proportions as "+11", "−3" or "0"."""
        points = self.points(x)
        return points if points in ("0", "–") or points.startswith(MINUS) else f"+{points}"

    def percent(self, x):
        """Return a proportion as "12 %", with the language's own space before the sign."""
        points = self.points(x)
        sign = "\u202f%" if self._own.get("numbers_as", self.language) == "fr" else " %"
        return points if points == "–" else points + sign

    def p_value(self, p):
        """Return "p = 0.03", or "p < 0.001"."""
        if pd.isna(p):
            return "–"
        return f"p < {self.number(0.001, 3)}" if p < 0.001 else f"p = {self.number(p, 3 if p < 0.1 else 2)}"

    def date(self, day):
        """Return a date in words, as "30 June 2017", "30 juin 2017" or "30 jen 2017"; "–" where there is none."""
        if pd.isna(day):
            return "–"
        number = self._own.get("first_day", "1") if day.day == 1 else day.day
        return f"{number} {self.month(day)}"

    def month(self, day):
        """Return the month of a date in words, as "June 2017"; "–" where there is none."""
        return "–" if pd.isna(day) else f"{self._month_name(day)} {day.year}"

    def period(self, first, last):
        """Return the months from one day to another, as "April to June 2017" or "December 2016 to February 2017"."""
        begins = self._month_name(first) if first.year == last.year else self.month(first)
        return self.text("{first_month} to {last_month}", first_month=begins, last_month=self.month(last))

    def short_period(self, first, last):
        """Return the months from one day to another on two lines, as "Apr–Jun" above "2017"."""
        begins, ends = (self._month_name(day, "short_months", "MMM") for day in (first, last))
        return f"{begins}–{ends}\n{last.year}"

    def _month_name(self, day, own="months", pattern="MMMM"):
        return self._own[own][day.month - 1] if own in self._own else format_date(day, pattern, locale=self._locale)

    def list(self, items):
        """Return the items as "A, B and C"."""
        items = [str(item) for item in items]
        if len(items) < 2:
            return "".join(items)
        return self.text("{items} and {last}", items=", ".join(items[:-1]), last=items[-1])

    def clauses(self, said):
        """Return the clauses as "A; B; C"."""
        return self.text("; ").join(said)


@lru_cache(maxsize=16)
def _catalog(path):
    with path.open("rb") as file:
        return read_po(file)


@lru_cache(maxsize=16)
def _locale(language):
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")

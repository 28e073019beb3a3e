"""What the values of a column speak for: how well they fit a column of the codebook."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft.vocabulary import folded, meanings, nearest, vocabulary
from konbit_lessons.field.values import DATE_ORDERS, NO, SERIAL, YES, Writing, convert
from konbit_lessons.words import languages

SCHEMAS = tables.schemas(
    {"organizations": {"places": {"at": "places", "kind": "text", "meaning": "Where it is"}}}, languages=languages()
)
MOST_VALUES = 120  # distinct values looked at
MOST_NAMES = 60  # distinct names looked up on the roster
MOST_LEVELS = 15  # kinds of one thing
_NO_ANSWER = (99, 98, 97, 88, 77, 66, 999, 998, 888, 777)
NO_ANSWER_CODES = frozenset(f"{sign}{one}" for sign in ("", "-") for one in _NO_ANSWER)
ORDERS = tuple(order for order in DATE_ORDERS if order not in SERIAL)


@dataclass(frozen=True)
class Known:
    """What is known of the programme.

    Attributes
    ----------
    roster : Roster or None
        Its organizations, once they are found.
    events : frozenset of str
        The codes of its events, once they are found.
    shared : frozenset of str
        Codes that stand in more than one unit: some table has them as its key.
    """

    roster: identity.Roster | None = None
    events: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Column:
    """One column of raw files: what its header says, in every language known, and its values.

    Attributes
    ----------
    header : str
        As the programme must name it; ``"@sheet"`` and ``"@file"`` stand for the names.
    says : tuple of str
        The header, and the labels that a form gives it.
    cells : Series of str
        Missing is blank.
    """

    header: str
    says: tuple[str, ...]
    cells: pd.Series
    _known: dict[object, object] = field(default_factory=dict)  # shares and matches, once they are worked out

    @cached_property
    def counts(self) -> pd.Series:
        """Distinct values, without outer spaces, most frequent first."""
        return self.cells.dropna().str.strip().value_counts()

    @property
    def blank(self) -> bool:
        """It holds nothing."""
        return self.counts.empty

    @property
    def given(self) -> bool:
        """It stands for a name of a sheet or file, not for a column."""
        return self.header.startswith("@")

    @property
    def unique(self) -> float:
        """Share of the values that are there once."""
        return len(self.counts) / max(self.counts.sum(), 1)

    @cached_property
    def distinct(self) -> list[str]:
        """The distinct values looked at."""
        return self.counts.index[:MOST_VALUES].tolist()

    @cached_property
    def folded(self) -> list[str]:
        """These, without case and accents."""
        return [identity.fold(value) for value in self.distinct]

    def share(self, what: str) -> float:
        """Share of the values that have a shape, or that a test accepts."""
        if what not in self._known:
            accepts = _TESTS.get(what) or re.compile(vocabulary()["shapes"][what], re.IGNORECASE | re.DOTALL).fullmatch
            self._known[what] = self.share_of([bool(accepts(value)) for value in self.distinct])
        return self._known[what]

    def share_of(self, accepted: list[bool]) -> float:
        """Share of the values whose distinct ones are accepted."""
        counts = self.counts.iloc[:MOST_VALUES]
        return float(counts[accepted].sum() / max(counts.sum(), 1))

    def converts(self, kind: str) -> float:
        """Share of the values that become a day or a number, in the way of writing that serves it best."""
        if self.share("date" if kind == "day" else "digit") < 0.5:
            return 0.0
        if kind not in self._known:
            distinct = pd.Series(self.distinct, dtype="str")
            read = [days_in(distinct, ORDERS)] if kind == "day" else [numbers_in(distinct, mark) for mark in ".,"]
            good = [values.notna() & ((values % 1 == 0) if kind == "whole" else True) for values in read]
            self._known[kind] = max(self.share_of(one.fillna(False).tolist()) for one in good)
        return self._known[kind]

    @property
    def numeric(self) -> float:
        """Share of the values that are a number, a date, or yes and no."""
        return max(self.converts("amount"), self.share("date"), self.share("yes_no"))

    @property
    def kinds(self) -> bool:
        """Whether it holds a few kinds of something: texts that repeat, and are no persons' names, codes or numbers."""
        few = 1 < len(self.counts) <= min(MOST_LEVELS, max(2, 0.6 * self.counts.sum()))
        return few and self.numeric < 0.5 and self.share("code") < 0.5

    def organizations(self, known: Known) -> dict[str, identity.Match]:
        """What the roster says of each distinct value; nothing of numbers and dates."""
        if known.roster is None or max(self.converts("amount"), self.share("date")) > 0.5:
            return {}
        if known.roster not in self._known:
            self._known[known.roster] = known.roster.match(self.distinct[:MOST_NAMES])
        return self._known[known.roster]

    @cached_property
    def beside(self) -> tuple[float, str]:
        """What its header resembles that is no column of any table; how much, first."""
        persons = self.blank or self.share("person") >= 0.4
        return nearest(self.says, "identifiers", "others", without=() if persons else ("a person's name",))

    @cached_property
    def sort(self) -> str:
        """What kind of values it holds, in words; none are shown where they could be about a person."""
        if self.blank:
            return "blank"
        few = ", ".join(self.counts.index[:5]) + (", …" if len(self.counts) > 5 else "")
        if self.share("yes_no") >= 0.9:
            return f"yes or no: {few}"
        for what, said in {"phone": "phone numbers", "email": "e-mail addresses", "gps": "locations"}.items():
            if self.share(what) >= 0.7:
                return said
        if self.share("date") >= 0.7 or self.converts("amount") >= 0.8:
            return f"{'dates' if self.share('date') >= 0.7 else 'numbers'} such as {self.counts.index[0]}"
        shown = len(self.counts) <= 8 and self.counts.sum() > 2 * len(self.counts) and self.share("person") < 0.5
        return few if shown else f"text, {len(self.counts)} different"


def days_in(cells: pd.Series, orders: Iterable[str]) -> pd.Series:
    """The days that these texts are in one of these orders; missing where they are none."""
    writing = Writing(dates=tuple(orders))
    return convert(cells, kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0]


def numbers_in(cells: pd.Series, mark: str) -> pd.Series:
    """The numbers that these texts are with a decimal mark; missing where they are none."""
    return convert(cells, kind="amount", dtype="Float64", levels=None, writing=Writing(decimal=mark))[0]


_TESTS = {
    "words": lambda value: len(identity.words(value)) >= 2,
    "short": lambda value: len(value) <= 10 and " " not in value and value.isupper(),
    "yes_no": lambda value: value.casefold() in YES | NO or identity.fold(value) in meanings("yes_no"),
    "point": lambda value: (value.isdigit() and int(value) <= 10) or identity.fold(value) in meanings("agreement"),
    "answer": lambda value: value in NO_ANSWER_CODES or identity.fold(value) in meanings("unknown"),
    "title": lambda value: set(identity.words(value)) & (folded("titles", "senior") | folded("titles", "junior")),
}
Fit = float | str  # how strongly values speak for a column, 0 to 1; or what speaks against it, in words


def fit(column: Column, table: str, name: str, known: Known) -> Fit:
    """How well the values of a raw column fit a column of the codebook."""
    about = SCHEMAS[table].columns[name].metadata
    if column.blank:
        return 0.05
    if about.get("refers_to"):
        return _event(column, known) if about["refers_to"] == "events" else _organization(column, known)
    if name.endswith("_id"):
        return _code(column, known)
    if about["kind"] == "text":
        return _text(column, table, name, known)
    return _OF_KIND[about["kind"]](column, name, list(about["levels"]))


def _event(column: Column, known: Known) -> Fit:
    if not known.events:
        return 0.3 if column.share("code") >= 0.8 else "not codes"
    share = sum(value in known.events for value in column.distinct) / len(column.distinct)
    return 0.6 + 0.35 * share if share >= 0.5 else f"{share:.0%} of its values are codes of events"


def _organization(column: Column, known: Known) -> Fit:
    """Codes or names of organizations."""
    if known.roster is None:
        return 0.3 if max(column.converts("amount"), column.share("date")) < 0.5 else "not names"
    found = column.organizations(known).values()
    share = sum(bool(match.organization_id) for match in found) / max(len(found), 1)
    return 0.6 + 0.35 * share if share >= 0.4 else f"{share:.0%} of its values are organizations on the roster"


def _code(column: Column, known: Known) -> Fit:
    if column.unique < 0.9:
        return "its values repeat"
    if column.share("date") > 0.5 or (column.share("words") > 0.5 and column.share("code") < 0.8):
        return "not codes"
    if sum(value in known.shared for value in column.distinct) >= 0.3 * len(column.distinct):
        return 0.85
    return 0.6 if column.share("code") >= 0.8 else 0.3


def _text(column: Column, table: str, name: str, known: Known) -> Fit:
    usual = folded("usual", f"{table}.{name}")
    if usual and sum(value in usual for value in column.folded) >= 0.6 * len(column.folded):
        return 0.85
    if column.numeric > 0.7:
        return "numbers, dates or yes and no, not text"
    if max(column.share(what) for what in ("phone", "email", "gps")) > 0.5:
        return "data about a person"
    good, strength, against = _TEXTS.get(name, (lambda column, known: True, 0.15, ""))
    return strength if good(column, known) else against


def _persons(column: Column, known: Known) -> bool:
    matched = [match for match in column.organizations(known).values() if match.organization_id]
    return column.share("person") >= 0.5 and len(matched) <= 0.3 * min(len(column.distinct), MOST_NAMES)


def _names(column: Column, known: Known) -> bool:
    return column.unique >= 0.7 and column.share("words") >= 0.5 and column.share("code") < 0.5


def _places(column: Column, known: Known) -> bool:
    return column.unique < 0.7 and column.share("code") < 0.5


_TEXTS = {  # texts that must be of a sort: the test, how strongly it speaks for them, what the others are
    "quarter": (lambda column, known: column.share("quarter") >= 0.7, 0.85, "not quarters such as FY2017Q3"),
    "name": (_names, 0.5, "not names, each once"),
    "delegate": (_persons, 0.4, "not names of persons"),
    "acronym": (lambda column, known: column.share("short") >= 0.6, 0.6, "not acronyms"),
    "places": (_places, 0.3, "not places"),
}


def _level(column: Column, name: str, levels: list[str]) -> Fit:
    """A level of the codebook by what it can mean; one that a programme declares by being a few kinds of something."""
    if not levels:
        if name == "action" or column.kinds:
            return 0.5
        return 0.1 if column.numeric < 0.5 else "not kinds of something"
    which = next(key for key in vocabulary()["levels"] if key.endswith(f".{name}"))
    share = column.share_of([value in meanings(which) for value in column.folded])
    return 0.85 * share if share >= 0.4 else f"its values are not known to mean {', '.join(levels)}"


def _yes_no(column: Column, name: str, levels: list[str]) -> Fit:
    if name == "senior_delegate" and column.share("title") >= 0.4 and column.share("yes_no") < 0.5:
        return 0.6
    if name == "senior_delegate" and column.converts("amount") < 0.5 and column.share("date") < 0.5:
        return 0.2
    return 0.3 if column.share("yes_no") >= 0.8 else "not yes or no"


def _day(column: Column, name: str, levels: list[str]) -> Fit:
    strengths = {0.25: column.converts("day"), 0.2: column.share("date"), 0.1: column.share("serial")}
    return next((strength for strength, share in strengths.items() if share >= 0.6), "not dates")


def _whole(column: Column, name: str, levels: list[str]) -> Fit:
    good = column.converts("whole") >= 0.8 and (name != "wave" or len(column.counts) <= 12)
    return 0.25 if good else "not whole numbers, or too many different ones"


def _amount(column: Column, name: str, levels: list[str]) -> Fit:
    return 0.25 if column.converts("amount") >= 0.7 else "not amounts"


_OF_KIND = {"level": _level, "yes_no": _yes_no, "day": _day, "whole": _whole, "amount": _amount}

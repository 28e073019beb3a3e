"""What the values of a column speak for: how well they fit a column of the codebook."""

import re
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft.vocabulary import folded, meanings, vocabulary
from konbit_lessons.field.values import DATE_ORDERS, NO, SERIAL, YES, Writing, convert

MOST_VALUES = 120  # distinct values looked at
MOST_NAMES = 60  # distinct names looked up on the roster
SCALE = range(1, 6)
NO_ANSWER_CODES = frozenset(
    {"99", "98", "97", "88", "77", "66", "999", "998", "888", "777", "-99", "-98", "-88", "-77", "-66"}
)
ORDERS = tuple(order for order in DATE_ORDERS if order not in SERIAL)
_NUMBERS = [("amount", "Float64", Writing(decimal=mark)) for mark in ".,"]
_READ = {
    "day": [("day", "datetime64[us]", Writing(dates=ORDERS))],
    "amount": _NUMBERS,
    "whole": _NUMBERS,
}
_WRITTEN_DATE = re.compile(
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*"
    r"|\d{1,2}(?:er)?[ -][^\W\d]{3,}\.?[ -]\d{2,4}"
    r"|[^\W\d]{3,}\.? \d{1,2},? \d{4}"
    r"|\d{4}[-/]\d{2}[-/]\d{2}.*"
)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
_CODE = re.compile(r"(?=.*\d)[^\W\d_]{1,8}[-_/. ]?(?:[^\W_]{1,6}[-_/. ])?\d{1,6}")
_PHONE = re.compile(r"(?:\+|00)?\d[\d\s().-]{6,18}\d")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_GPS = re.compile(r"-?\d{1,2}\.\d{3,}[ ,]+-?\d{1,3}\.\d{3,}.*")
_QUARTER = re.compile(r"(?:FY|AF)?\s?\d{4}[\s_-]?[QT][1-4]|[QT][1-4][\s_-]?(?:FY|AF)?\s?\d{4}", re.IGNORECASE)
_PERSON = re.compile(r"[^\W\d_][^\W\d_.'-]*(?:[ '-][^\W\d_][^\W\d_.'-]*){1,4}")


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
    _shares: dict[str, float] = field(default_factory=dict)
    _matches: dict[identity.Roster, dict[str, identity.Match]] = field(default_factory=dict)

    @cached_property
    def counts(self) -> pd.Series:
        """Distinct values, without outer spaces, most frequent first."""
        return self.cells.dropna().str.strip().value_counts()

    @cached_property
    def looked_at(self) -> pd.Series:
        return self.counts.head(MOST_VALUES)

    @property
    def blank(self) -> bool:
        return self.counts.empty

    @property
    def given(self) -> bool:
        """It stands for a name of a sheet or file, not for a column."""
        return self.header.startswith("@")

    @property
    def unique(self) -> float:
        return len(self.counts) / max(self.counts.sum(), 1)

    @cached_property
    def values(self) -> list[tuple[str, int]]:
        """The distinct values looked at, and how often each is there."""
        return list(zip(self.looked_at.index.tolist(), self.looked_at.tolist(), strict=True))

    def share(self, what: str) -> float:
        """Share of the values that a test of :data:`_TESTS` accepts."""
        if what not in self._shares:
            accepts = _TESTS[what]
            self._shares[what] = self._share([accepts(value) for value, _ in self.values])
        return self._shares[what]

    def _share(self, accepted: list[bool]) -> float:
        whole = sum(count for _, count in self.values)
        return sum(count for (_, count), yes in zip(self.values, accepted, strict=True) if yes) / max(whole, 1)

    def converts(self, kind: str) -> float:
        """Share of the values that become a day or a number, in the way of writing that serves it best."""
        if self.share("date" if kind == "day" else "digit") < 0.5:
            return 0.0
        if kind not in self._shares:
            distinct = pd.Series([value for value, _ in self.values], dtype="str")
            read = [
                convert(distinct, kind=of, dtype=dtype, levels=None, writing=way)[0] for of, dtype, way in _READ[kind]
            ]
            good = [values.notna() & ((values % 1 == 0) if kind == "whole" else True) for values in read]
            self._shares[kind] = max(self._share(one.fillna(False).tolist()) for one in good)
        return self._shares[kind]

    def organizations(self, known: Known) -> dict[str, identity.Match]:
        """What the roster says of each distinct value; nothing of numbers and dates."""
        if known.roster is None or max(self.converts("amount"), self.share("date")) > 0.5:
            return {}
        if known.roster not in self._matches:
            self._matches[known.roster] = known.roster.match([value for value, _ in self.values[:MOST_NAMES]])
        return self._matches[known.roster]

    @cached_property
    def folded(self) -> list[str]:
        return [identity.fold(value) for value in self.looked_at.index]

    def known_levels(self, which: str) -> float:
        meant = meanings(which)
        return self._share([value in meant for value in self.folded])

    @cached_property
    def sort(self) -> str:
        """What kind of values it holds, in words; none are shown where they could be about a person."""
        if self.blank:
            return "blank"
        few = ", ".join(self.counts.index[:5]) + (", …" if len(self.counts) > 5 else "")
        if self.share("yes_no") >= 0.9:
            return f"yes or no: {few}"
        for what, words in (("phone", "phone numbers"), ("email", "e-mail addresses"), ("gps", "locations")):
            if self.share(what) >= 0.7:
                return words
        if self.share("date") >= 0.7:
            return f"dates such as {self.counts.index[0]}"
        if self.converts("amount") >= 0.8:
            return f"numbers such as {self.counts.index[0]}"
        repeated = len(self.counts) <= 8 and self.counts.sum() > 2 * len(self.counts)
        if repeated and self.share("person") < 0.5:
            return few
        return f"text, {len(self.counts)} different"


def _is_title(value: str) -> bool:
    return bool(set(identity.words(value)) & (folded("titles", "senior") | folded("titles", "junior")))


_TESTS = {
    "date": lambda value: bool(_WRITTEN_DATE.fullmatch(value)),
    "digit": lambda value: any(map(str.isdigit, value)),
    "moment": lambda value: bool(_MOMENT.fullmatch(value)),
    "serial": lambda value: bool(re.fullmatch(r"[34]\d{4}(?:\.\d+)?", value)),
    "code": lambda value: bool(_CODE.fullmatch(value)),
    "digits": str.isdigit,
    "phone": lambda value: (
        bool(_PHONE.fullmatch(value)) and not _WRITTEN_DATE.fullmatch(value) and sum(map(str.isdigit, value)) >= 8
    ),
    "email": lambda value: bool(_EMAIL.fullmatch(value)),
    "gps": lambda value: bool(_GPS.fullmatch(value)),
    "quarter": lambda value: bool(_QUARTER.fullmatch(value)),
    "person": lambda value: bool(_PERSON.fullmatch(value)),
    "words": lambda value: len(identity.words(value)) >= 2,
    "short": lambda value: (
        len(value) <= 10 and " " not in value and value.upper() == value and any(map(str.isalpha, value))
    ),
    "yes_no": lambda value: value.casefold() in YES | NO or identity.fold(value) in meanings("yes_no"),
    "scale": lambda value: (
        value in map(str, SCALE)
        or value in NO_ANSWER_CODES
        or identity.fold(value) in meanings("agreement") | meanings("unknown")
    ),
    "on_scale": lambda value: value in map(str, SCALE) or identity.fold(value) in meanings("agreement"),
    "title": _is_title,
}


@dataclass(frozen=True)
class Fit:
    """How strongly values speak for a column, 0 to 1; ``against`` says why they speak against it."""

    strength: float = 0.0
    against: str = ""


def fit(column: Column, table: str, name: str, known: Known) -> Fit:
    """How well the values of a raw column fit a column of the codebook."""
    about = tables.TABLES[table].columns[name]
    kind, refers_to = about.metadata["kind"], about.metadata.get("refers_to")
    if refers_to == "organizations":
        return _organization(column, known)
    if refers_to == "events":
        return _event(column, known)
    if column.blank:
        return Fit(0.05)
    if kind in ("identifier", "text"):
        return _text(column, table, name, known)
    return _OF_KIND[kind](column, table, name)


def _organization(column: Column, known: Known) -> Fit:
    if column.blank:
        return Fit(0.05)
    if known.roster is None:
        return Fit(0.3) if column.converts("amount") < 0.5 and column.share("date") < 0.5 else Fit(against="not names")
    matches = column.organizations(known)
    share = sum(match.organization_id is not None for match in matches.values()) / max(len(matches), 1)
    if share >= 0.4:
        return Fit(0.6 + 0.35 * share)
    return Fit(against=f"{share:.0%} of its values are organizations on the roster")


def _event(column: Column, known: Known) -> Fit:
    if column.blank:
        return Fit(0.05)
    if not known.events:
        return Fit(0.3) if column.share("code") >= 0.8 else Fit(against="not codes")
    share = sum(value in known.events for value in column.looked_at.index) / len(column.looked_at)
    if share >= 0.5:
        return Fit(0.6 + 0.35 * share)
    return Fit(against=f"{share:.0%} of its values are codes of events")


def _text(column: Column, table: str, name: str, known: Known) -> Fit:
    usual = f"{table}.{name}"
    if name in ("organization_id", "event_id", "submission_id"):
        if column.unique < 0.9:
            return Fit(against="its values repeat")
        if column.share("date") > 0.5 or (column.share("words") > 0.5 and column.share("code") < 0.8):
            return Fit(against="not codes")
        if sum(value in known.shared for value in column.looked_at.index) >= 0.3 * len(column.looked_at):
            return Fit(0.85)
        return Fit(0.6 if column.share("code") >= 0.8 else 0.3)
    if name == "quarter":
        return Fit(0.85) if column.share("quarter") >= 0.7 else Fit(against="not quarters such as FY2017Q3")
    if usual in vocabulary()["usual"]:
        known_values = folded("usual", usual)
        share = sum(value in known_values for value in column.folded) / len(column.folded)
        if share >= 0.6:
            return Fit(0.85)
    numbers = max(column.converts("amount"), column.share("date"), column.share("yes_no"))
    if numbers > 0.7:
        return Fit(against="numbers, dates or yes and no, not text")
    if max(column.share("phone"), column.share("email"), column.share("gps")) > 0.5:
        return Fit(against="data about a person")
    if name == "name":
        fits = column.unique >= 0.7 and column.share("words") >= 0.5 and column.share("code") < 0.5
        return Fit(0.5) if fits else Fit(against="not names, each once")
    if name == "delegate":
        matched = [match for match in column.organizations(known).values() if match.organization_id]
        fits = column.share("person") >= 0.5 and len(matched) <= 0.3 * min(len(column.looked_at), MOST_NAMES)
        return Fit(0.4) if fits else Fit(against="not names of persons")
    if name == "acronym":
        return Fit(0.6) if column.share("short") >= 0.6 else Fit(against="not acronyms")
    return Fit(0.15)


def _level(column: Column, table: str, name: str) -> Fit:
    share = column.known_levels(f"{table}.{name}")
    if share >= 0.4:
        return Fit(0.85 * share)
    known = ", ".join(tables.TABLES[table].columns[name].metadata["levels"])
    return Fit(against=f"its values are not known to mean {known}")


def _yes_no(column: Column, table: str, name: str) -> Fit:
    if name == "senior_delegate" and column.share("title") >= 0.4 and column.share("yes_no") < 0.5:
        return Fit(0.6)
    if name == "senior_delegate" and column.converts("amount") < 0.5 and column.share("date") < 0.5:
        return Fit(0.2)
    share = column.share("yes_no")
    return Fit(0.3) if share >= 0.8 else Fit(against="not yes or no")


def _day(column: Column, table: str, name: str) -> Fit:
    if column.converts("day") >= 0.6:
        return Fit(0.25)
    if column.share("date") >= 0.6:
        return Fit(0.2)
    return Fit(0.1) if column.share("serial") >= 0.6 else Fit(against="not dates")


def _agreement(column: Column, table: str, name: str) -> Fit:
    return Fit(0.4) if column.share("scale") >= 0.9 else Fit(against="not 1 to 5")


def _whole(column: Column, table: str, name: str) -> Fit:
    if column.converts("whole") < 0.8:
        return Fit(against="not whole numbers")
    if name == "wave" and len(column.counts) > 12:
        return Fit(against="too many different numbers")
    return Fit(0.25)


def _amount(column: Column, table: str, name: str) -> Fit:
    return Fit(0.25) if column.converts("amount") >= 0.7 else Fit(against="not amounts")


_OF_KIND = {
    "level": _level,
    "yes_no": _yes_no,
    "day": _day,
    "agreement": _agreement,
    "whole": _whole,
    "amount": _amount,
}

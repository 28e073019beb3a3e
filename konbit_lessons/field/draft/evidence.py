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

    @property
    def different(self) -> int:
        """How many distinct values there are."""
        return len(self.counts)

    @cached_property
    def distinct(self) -> list[str]:
        """The distinct values looked at."""
        return self.counts.index[:MOST_VALUES].tolist()

    @cached_property
    def folded(self) -> list[str]:
        """These, without case and accents."""
        return [identity.fold(value) for value in self.distinct]

    def share(self, what: str) -> float:
        """Share of the values that have a shape, that a test accepts, or that become days or numbers, at best."""
        if what not in self._known:
            self._known[what] = max(map(self.share_of, self._accepted(what)))
        return self._known[what]

    def _accepted(self, what: str) -> list[list[bool]]:
        """Which distinct values are accepted; days and numbers, in each way of writing them."""
        if what not in ("day", "amount", "whole"):
            accepts = _TESTS.get(what) or re.compile(vocabulary()["shapes"][what], re.IGNORECASE | re.DOTALL).fullmatch
            return [[bool(accepts(value)) for value in self.distinct]]
        if self.share("date" if what == "day" else "digit") < 0.5:
            return [[False] * len(self.distinct)]
        distinct = pd.Series(self.distinct, dtype="str")
        read = [days_in(distinct, ORDERS)] if what == "day" else [numbers_in(distinct, mark) for mark in ".,"]
        good = [values.notna() & ((values % 1 == 0) if what == "whole" else True) for values in read]
        return [one.fillna(False).tolist() for one in good]

    def share_of(self, accepted: list[bool]) -> float:
        """Share of the values whose distinct ones are accepted."""
        counts = self.counts.iloc[:MOST_VALUES]
        return float(counts[accepted].sum() / max(counts.sum(), 1))

    @property
    def numeric(self) -> float:
        """Share of the values that are a number, a date, or yes and no."""
        return max(self.share("amount"), self.share("date"), self.share("yes_no"))

    @property
    def kinds(self) -> bool:
        """Whether it holds a few kinds of something: texts that repeat, and are no persons' names, codes or numbers."""
        few = 1 < len(self.counts) <= min(MOST_LEVELS, max(2, 0.6 * self.counts.sum()))
        return few and self.numeric < 0.5 and self.share("code") < 0.5

    def organizations(self, known: Known) -> dict[str, identity.Match]:
        """What the roster says of each distinct value; nothing of numbers and dates."""
        if known.roster is None or max(self.share("amount"), self.share("date")) > 0.5:
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
        if said := next((one["said"] for one in vocabulary()["sorts"]["of"] if _holds(self, one, Known())), ""):
            return said.format(few=few, first=self.counts.index[0])
        shown = len(self.counts) <= 8 and self.counts.sum() > 2 * len(self.counts) and self.share("person") < 0.5
        return few if shown else f"text, {len(self.counts)} different"


def days_in(cells: pd.Series, orders: Iterable[str]) -> pd.Series:
    """The days that these texts are in one of these orders; missing where they are none."""
    return convert(cells, {"kind": "day"}, Writing(dates=tuple(orders)), "datetime64[us]")[0]


def numbers_in(cells: pd.Series, mark: str) -> pd.Series:
    """The numbers that these texts are with a decimal mark; missing where they are none."""
    return convert(cells, {"kind": "amount"}, Writing(decimal=mark), "Float64")[0]


_TESTS = {
    "words": lambda value: len(identity.words(value)) >= 2,
    "short": lambda value: len(value) <= 10 and " " not in value and value.isupper(),
    "yes_no": lambda value: value.casefold() in YES | NO or identity.fold(value) in meanings("yes_no"),
    "point": lambda value: (value.isdigit() and int(value) <= 10) or identity.fold(value) in meanings("agreement"),
    "answer": lambda value: value in NO_ANSWER_CODES or identity.fold(value) in meanings("unknown"),
    "title": lambda value: set(identity.words(value)) & (folded("titles", "senior") | folded("titles", "junior")),
}
_MEASURED = ("unique", "numeric", "kinds", "different")  # what rules look at beside shares
_SHARES = {  # of the values, what is known of the programme
    "events": lambda column, known: [value in known.events for value in column.distinct],
    "shared": lambda column, known: [value in known.shared for value in column.distinct],
    "organizations": lambda column, known: [bool(one.organization_id) for one in column.organizations(known).values()],
    "no_events": lambda column, known: [not known.events],
    "no_roster": lambda column, known: [known.roster is None],
}
Fit = float | str  # how strongly values speak for a column, 0 to 1; or what speaks against it, in words


def fit(column: Column, table: str, name: str, known: Known) -> Fit:
    """How well the values of a raw column fit a column of the codebook."""
    about = SCHEMAS[table].columns[name].metadata
    if column.blank:
        return 0.05
    if about["levels"]:
        return _level(column, name, list(about["levels"]))
    if about["kind"] == "text" and (told := _text(column, f"{table}.{name}")):
        return told
    rules = vocabulary()["fits"]
    rules = rules.get(about.get("refers_to")) or rules.get(name) or rules[about["kind"]]
    share = _measured(column, rules["share"], known) if "share" in rules else 0
    rule = next((one for one in rules["where"] if _holds(column, one, known)), rules)
    return rule["fit"] + rule.get("plus", 0) * share if "fit" in rule else rule["against"].format(share=share)


def _holds(column: Column, rule: dict, known: Known) -> bool:
    """Whether what a rule looks at is at least, and below, what it says."""
    enough = all(_measured(column, what, known) >= share for what, share in rule.get("least", {}).items())
    return enough and all(_measured(column, what, known) < share for what, share in rule.get("below", {}).items())


def _measured(column: Column, what: str, known: Known) -> float:
    if what in _SHARES:
        accepted = _SHARES[what](column, known)
        return sum(accepted) / max(len(accepted), 1)
    return getattr(column, what) if what in _MEASURED else column.share(what)


def _text(column: Column, which: str) -> Fit:
    """What usual texts speak for, or what says that it is no text; "" where neither does."""
    usual = folded("usual", which)
    if usual and sum(value in usual for value in column.folded) >= 0.6 * len(column.folded):
        return 0.85
    if column.numeric > 0.7:
        return "numbers, dates or yes and no, not text"
    return "data about a person" if max(map(column.share, ("phone", "email", "gps"))) > 0.5 else ""


def _level(column: Column, name: str, levels: list[str]) -> Fit:
    """A level of the codebook, by what it can mean."""
    which = next(key for key in vocabulary()["levels"] if key.endswith(f".{name}"))
    share = column.share_of([value in meanings(which) for value in column.folded])
    return 0.85 * share if share >= 0.4 else f"its values are not known to mean {', '.join(levels)}"

"""What the header and the values of a raw column speak for.

A header is as alike to a phrase of vocabulary.toml as they have words in common, the rarer ones counting more. Values
fit a column of the codebook as the rules there say of what is measured.
"""

import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.days import DATE_ORDERS, SERIAL, Writing
from konbit_lessons.field.values import NO, YES, convert
from konbit_lessons.words import languages

PLACES = {"at": "places", "kind": "text", "meaning": "Where it is"}
SCHEMAS = tables.schemas({"organizations": {"places": PLACES}}, languages=languages())
ORDERS = tuple(order for order in DATE_ORDERS if order not in SERIAL)
Concept = tuple[str, str]  # (table, column); or (a group, what it is): identifiers, others, incentives, questions, …


@cache
def vocabulary() -> dict:
    """What is known of headers, things and answers, and from where on something is sure: vocabulary.toml."""
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))


SURE = vocabulary()["sure"]
NUMERIC = ("amount", "date", "yes_no")
NO_ANSWER_CODES = frozenset(f"{sign}{code}" for sign in ("", "-") for code in vocabulary()["no_answer"]["codes"])


def content_words(text: str) -> tuple[str, ...]:
    """The folded words of a header, without the small ones unless it has no others.

    >>> content_words("Date d'adhésion")
    ('date', 'adhesion')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"#|\b[Nn][°o]\b", " numéro ", text))
    short = vocabulary()["abbreviations"]
    found = [word for one in identity.words(spaced) for word in identity.words(short.get(one, one))]
    small = _money().union(vocabulary()["small_words"]["words"])
    return tuple(dict.fromkeys(word for word in found if word not in small)) or tuple(found)


@cache
def likeness(header: str) -> dict[Concept, float]:
    """Concept → how alike the header is to its nearest phrase, 0 to 1; concepts that share no word are left out."""
    words = content_words(header)
    phrases, with_word, weights = _phrases()
    near = {word: _near_words(word) for word in words}
    unknown = {word: SURE["unknown_word"] if len(word) > 1 else 0.1 for word in words}
    weight = {word: max((weights[other] for other in near[word]), default=unknown[word]) for word in words}
    qualifiers = {one for one in words if one in folded("qualifiers", "words") or (one.isdigit() and len(one) == 4)}
    found: dict[Concept, float] = defaultdict(float)
    said: dict[Concept, dict[str, float]] = defaultdict(dict)  # by whole phrases: "Fonction / poste" is two of one
    for at in {at for others in near.values() for other in others for at in with_word[other]}:
        concept, phrase = phrases[at]
        same = {word: max(near[word].get(one, 0) for one in phrase) for word in words}
        covered = sum(weights[one] * max(others.get(one, 0) for others in near.values()) for one in phrase)
        recall = covered / sum(weights[one] for one in phrase)
        if recall > SURE["whole_phrase"]:
            said[concept] = {word: max(same[word], said[concept].get(word, 0)) for word in words}
        changed = SURE["qualified"] if qualifiers.difference(phrase) else 1
        found[concept] = max(found[concept], changed * _balance(recall, same, weight, near))
    for concept, same in said.items():
        changed = SURE["qualified"] if any(not same[word] for word in qualifiers) else 1
        found[concept] = max(found[concept], changed * _balance(1, same, weight, near))
    together = "".join(words)
    if len(together) >= 6:
        found |= {concept: 1.0 for concept, phrase in phrases if "".join(phrase) == together}
    return dict(found)


def _balance(recall: float, same: dict[str, float], weight: dict[str, float], near: dict[str, dict]) -> float:
    """How alike a header and a phrase are: the share of the phrase that the header has, and the other way round."""
    used = sum(weight[word] * same[word] for word in same)
    elsewhere = sum(weight[word] * (SURE["other_word"] if near[word] else 1) for word in same if not same[word])
    precision = used / (used + elsewhere) if used else 0.0
    return 2 * recall * precision / (recall + precision) if used else 0.0


def nearest(headers: Iterable[str], *groups: str, without: tuple[str, ...] = ()) -> tuple[float, str]:
    """The concept of some groups that these headers are nearest to; how near, first."""
    found = [(near, one) for said in headers for (group, one), near in likeness(said).items() if group in groups]
    return max((one for one in found if one[1] not in without), default=(0.0, ""))


@cache
def meanings(which: str) -> dict[str, str]:
    """Folded writing → meaning, for one list of values of the vocabulary."""
    known = vocabulary()["levels"].get(which, {}).items()
    return {said: meaning for meaning, ones in known for one in (meaning, *ones) if (said := identity.fold(one))}


@cache
def folded(group: str, which: str) -> frozenset[str]:
    """The folded phrases of one list of the vocabulary."""
    return frozenset(map(identity.fold, vocabulary()[group][which]))


@cache
def currency_in(header: str) -> str:
    """The currency that a header is in, as it is written there; "" where it names none.

    >>> currency_in("Prime (FCFA)"), currency_in("Value, in USD"), currency_in("Durée (h)")
    ('FCFA', 'USD', '')
    """
    return next((word for word in re.findall(r"[^\s(),;:_]+", header) if word.casefold() in _money()), "")


@cache
def _money() -> frozenset[str]:
    """How currencies are written; letters that could be a word of their own are none."""
    marks = {mark for code, written in tables.codebook()["currencies"].items() for mark in (code.casefold(), *written)}
    return frozenset(mark for mark in marks if len(mark) > 2 or not mark.isalnum())


@cache
def _phrases() -> tuple[list[tuple[Concept, tuple[str, ...]]], dict[str, list[int]], dict[str, float]]:
    """Every phrase with its concept, the phrases of each word, and the weight of each word."""
    known = vocabulary()
    groups = known["headers"] | known["things"] | {name: known[name] for name in ("identifiers", "others")}
    lists = [((group, what), listed) for group, concepts in groups.items() for what, listed in concepts.items()]
    phrases = dict.fromkeys((concept, content_words(phrase)) for concept, listed in lists for phrase in listed)
    phrases = [phrase for phrase in phrases if phrase[1]]
    with_word, meant = defaultdict(list), defaultdict(set)
    for at, (concept, words) in enumerate(phrases):
        for word in words:
            with_word[word].append(at)
            meant[word].add(concept[1])
    return phrases, dict(with_word), {word: 1 / (1 + math.log(len(concepts))) for word, concepts in meant.items()}


@cache
def _near_words(word: str) -> dict[str, float]:
    known = _phrases()[1]
    if len(word) < 4:
        return {word: 1.0} if word in known else {}
    near = process.extract(word, list(known), scorer=fuzz.ratio, score_cutoff=SURE["same_word"], limit=6)
    return {other: score / 100 for other, score, _ in near if len(other) >= 4}


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


class Column:
    """One column of raw files: what its header says, in every language known, and its values.

    Parameters
    ----------
    header : str
        As the programme must name it; ``"@sheet"`` and ``"@file"`` stand for the names.
    says : tuple of str
        The header, and the labels that a form gives it.
    cells : Series of str
        Missing is blank.

    Attributes
    ----------
    counts : Series of int
        How often each distinct value is there, without outer spaces, most frequent first.
    distinct : list of str
        The distinct values looked at.
    blank, given : bool
        It holds nothing; it stands for a name of a sheet or file, not for a column.
    persons : frozenset of str
        Words of persons' names, as columns of the folder have them whose header says so.
    unique : float
        Share of the values that are there once.
    """

    def __init__(self, header: str, says: tuple[str, ...], cells: pd.Series) -> None:
        self.header, self.says, self.cells, self.given = header, says, cells, header.startswith("@")
        self.persons: frozenset[str] = frozenset()
        self.counts = cells.dropna().str.strip().value_counts()
        self.blank, self.unique = self.counts.empty, len(self.counts) / max(self.counts.sum(), 1)
        self.distinct = self.counts.index[: SURE["most_values"]].tolist()
        self.share, self.organizations = cache(self.share), cache(self.organizations)

    def share(self, what: str) -> float:
        """Share of the values that have a shape, that a test accepts, or that become days or numbers, at best."""
        counts = self.counts.iloc[: SURE["most_values"]]
        return float(max(counts[accepted].sum() / max(counts.sum(), 1) for accepted in self._accepted(what)))

    def _accepted(self, what: str) -> list[list[bool]]:
        """Which distinct values are accepted; days and numbers, in each way of writing them."""
        if what not in ("day", "amount", "whole"):
            accepts = _TESTS.get(what) or re.compile(vocabulary()["shapes"][what], re.IGNORECASE | re.DOTALL).fullmatch
            return [[bool(accepts(value)) for value in self.distinct]]
        if self.share("date" if what == "day" else "digit") < 0.5:
            return [[False] * len(self.distinct)]
        distinct = pd.Series(self.distinct, dtype="str")
        if what == "day":
            return [days_in(distinct, ORDERS).notna().tolist()]
        read = [convert(distinct, {"kind": "amount"}, Writing(decimal=mark), "Float64")[0] for mark in ".,"]
        return [(values.mod(1).eq(0).fillna(False) if what == "whole" else values.notna()).tolist() for values in read]

    def is_person(self, value: str) -> bool:
        """Whether a value has no word but those of persons' names."""
        words = {*identity.words(value)}
        return bool(words) and words <= self.persons

    @property
    def names_persons(self) -> bool:
        """Whether its header says so, or half of its values: none of them is ever written down."""
        said = nearest(self.says, "identifiers")[0] >= SURE["other"] and self.share("yes_no") < 0.5
        return said or sum(map(self.is_person, self.distinct)) >= max(len(self.distinct) / 2, 1)

    @property
    def kinds(self) -> bool:
        """Whether it holds a few kinds of something: texts that repeat, and are no persons' names, codes or numbers."""
        if self.names_persons:
            return False
        few = 1 < len(self.counts) <= min(SURE["most_kinds"], max(2, 0.6 * self.counts.sum()))
        return few and max(map(self.share, (*NUMERIC, "code"))) < 0.5

    def organizations(self, known: Known) -> dict[str, identity.Match]:
        """What the roster says of each distinct value; nothing of numbers and dates."""
        if known.roster is None or max(self.share("amount"), self.share("date")) > 0.5:
            return {}
        return known.roster.match(self.distinct[: SURE["most_names"]])

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
        return few if shown and not self.names_persons else f"text, {len(self.counts)} different"


def days_in(cells: pd.Series, orders: Iterable[str]) -> pd.Series:
    """The days that these texts are in one of these orders; missing where they are none."""
    return convert(cells, {"kind": "day"}, Writing(dates=tuple(orders)), "datetime64[us]")[0]


_TESTS = {
    "words": lambda value: len(identity.words(value)) >= 2,
    "short": lambda value: len(value) <= 10 and " " not in value and value.isupper(),
    "yes_no": lambda value: value.casefold() in YES | NO or identity.fold(value) in meanings("yes_no"),
    "point": lambda value: (value.isdigit() and int(value) <= 10) or identity.fold(value) in meanings("agreement"),
    "answer": lambda value: value in NO_ANSWER_CODES or identity.fold(value) in meanings("unknown"),
    "title": lambda value: set(identity.words(value)) & (folded("titles", "senior") | folded("titles", "junior")),
    "kind of lead": lambda value: identity.fold(value) in meanings("business_leads.kind"),
    "status": lambda value: identity.fold(value) in meanings("learning.status"),
}
_MEASURES = {  # what rules look at beside these shares; of flags, the share of those that are set
    "unique": lambda column, known: column.unique,
    "different": lambda column, known: len(column.counts),
    "numeric": lambda column, known: max(map(column.share, NUMERIC)),
    "kinds": lambda column, known: column.kinds,
    "usual": lambda column, known: [identity.fold(one) in folded("usual", "contributions") for one in column.distinct],
    "events": lambda column, known: [value in known.events for value in column.distinct],
    "shared": lambda column, known: [value in known.shared for value in column.distinct],
    "organizations": lambda column, known: [bool(one.organization_id) for one in column.organizations(known).values()],
    "no_events": lambda column, known: not known.events,
    "no_roster": lambda column, known: known.roster is None,
}


def fit(column: Column, table: str, name: str, known: Known) -> float | str:
    """How strongly the values of a raw column speak for a column of the codebook, 0 to 1; or what against, in words."""
    about, fits = SCHEMAS[table].columns[name].metadata, vocabulary()["fits"]
    if column.blank:
        return 0.05
    rules = fits[next(one for one in (f"{table}.{name}", about.get("refers_to"), name, about["kind"]) if one in fits)]
    share = _measured(column, rules["share"], known) if "share" in rules else 0
    texts = fits["any_text"]["where"] if about["kind"] == "text" else []
    where = [*rules.get("first", ()), *texts, *rules["where"]]
    rule = next((one for one in where if _holds(column, one, known)), rules)
    if "fit" in rule:
        return rule["fit"] + rule.get("plus", 0) * share
    return rule["against"].format(share=share, levels=", ".join(about["levels"] or ()))


def _holds(column: Column, rule: dict, known: Known) -> bool:
    """Whether what a rule looks at is at least, and below, what it says."""
    enough = all(_measured(column, what, known) >= share for what, share in rule.get("least", {}).items())
    return enough and all(_measured(column, what, known) < share for what, share in rule.get("below", {}).items())


def _measured(column: Column, what: str, known: Known) -> float:
    found = _MEASURES[what](column, known) if what in _MEASURES else column.share(what)
    return sum(found) / max(len(found), 1) if isinstance(found, list) else found

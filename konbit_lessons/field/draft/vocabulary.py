"""How alike a header and the phrases of the vocabulary are: words in common, the rarer ones counting more."""

import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from konbit_lessons.field import identity
from konbit_lessons.tables import codebook

SAME_WORD = 87  # of 100: a slip, a plural, another ending
UNKNOWN_WORD = 0.45  # weight of a word of a header that the vocabulary does not have
OTHER_WORD = 1.3  # how much more a word weighs against a phrase when other phrases have it
WHOLE_PHRASE = 0.9
QUALIFIED = 0.6  # what is left of a likeness when the header has a word that changes the meaning
Concept = tuple[str, str]  # (table, column); or (a group, what it is): identifiers, others, incentives, questions, …


@cache
def vocabulary() -> dict:
    """What is known of headers, things and answers: vocabulary.toml."""
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))


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
    unknown = {word: UNKNOWN_WORD if len(word) > 1 else 0.1 for word in words}
    weight = {word: max((weights[other] for other in near[word]), default=unknown[word]) for word in words}
    qualifiers = {word for word in words if word in _qualifiers() or (word.isdigit() and len(word) == 4)}
    found: dict[Concept, float] = defaultdict(float)
    said: dict[Concept, dict[str, float]] = {}  # by whole phrases: "Fonction / poste" is two of one concept
    for at in {at for others in near.values() for other in others for at in with_word[other]}:
        concept, phrase = phrases[at]
        same = {word: max(near[word].get(one, 0) for one in phrase) for word in words}
        covered = sum(weights[one] * max(others.get(one, 0) for others in near.values()) for one in phrase)
        recall = covered / sum(weights[one] for one in phrase)
        if recall > WHOLE_PHRASE:
            before = said.get(concept, {})
            said[concept] = {word: max(same[word], before.get(word, 0)) for word in words}
        changed = QUALIFIED if qualifiers.difference(phrase) else 1
        found[concept] = max(found[concept], changed * _balance(recall, same, weight, near))
    for concept, same in said.items():
        changed = QUALIFIED if any(not same[word] for word in qualifiers) else 1
        found[concept] = max(found[concept], changed * _balance(1, same, weight, near))
    together = "".join(words)
    if len(together) >= 6:
        found |= {concept: 1.0 for concept, phrase in phrases if "".join(phrase) == together}
    return dict(found)


def _balance(recall: float, same: dict[str, float], weight: dict[str, float], near: dict[str, dict]) -> float:
    """How alike a header and a phrase are: the share of the phrase that the header has, and the other way round."""
    used = sum(weight[word] * same[word] for word in same)
    elsewhere = sum(weight[word] * (OTHER_WORD if near[word] else 1) for word in same if not same[word])
    precision = used / (used + elsewhere) if used else 0.0
    return 2 * recall * precision / (recall + precision) if used else 0.0


def alike(headers: Iterable[str], concept: Concept) -> float:
    """How alike the nearest of these headers is to a concept, 0 to 1."""
    return max((likeness(header).get(concept, 0.0) for header in headers), default=0.0)


def nearest(headers: Iterable[str], *groups: str, without: tuple[str, ...] = ()) -> tuple[float, str]:
    """The concept of some groups that these headers are nearest to; how near, first."""
    found = [(near, one) for said in headers for (group, one), near in likeness(said).items() if group in groups]
    return max((one for one in found if one[1] not in without), default=(0.0, ""))


@cache
def meanings(which: str) -> dict[str, str]:
    """Folded writing → meaning, for one list of values of the vocabulary."""
    known = vocabulary()["levels"].get(which, {})
    said = {identity.fold(written): meaning for meaning, ones in known.items() for written in (meaning, *ones)}
    return {written: meaning for written, meaning in said.items() if written}


@cache
def folded(*path: str) -> frozenset[str]:
    """The folded phrases of one list of the vocabulary."""
    entry = vocabulary()
    for key in path:
        entry = entry.get(key, {})
    return frozenset(identity.fold(phrase) for phrase in entry)


@cache
def currency_in(header: str) -> str:
    """The currency that a header is in, as it is written there; "" where it names none.

    >>> currency_in("Prime (FCFA)"), currency_in("Value, in USD"), currency_in("Durée (h)")
    ('FCFA', 'USD', '')
    """
    words = re.findall(r"[^\s(),;:_]+", header)
    return next((word for word in words if word.casefold() in _money()), "")


@cache
def _money() -> frozenset[str]:
    """How currencies are written; letters that could be a word of their own are none."""
    marks = {mark for code, written in codebook()["currencies"].items() for mark in (code.casefold(), *written)}
    return frozenset(mark for mark in marks if len(mark) > 2 or not mark.isalnum())


@cache
def _qualifiers() -> frozenset[str]:
    return frozenset(word for phrase in vocabulary()["qualifiers"]["words"] for word in identity.words(phrase))


@cache
def _phrases() -> tuple[list[tuple[Concept, tuple[str, ...]]], dict[str, list[int]], dict[str, float]]:
    """Every phrase with its concept, the phrases of each word, and the weight of each word."""
    known = vocabulary()
    groups = known["headers"] | known["things"] | {name: known[name] for name in ("identifiers", "others")}
    lists = [((group, what), listed) for group, concepts in groups.items() for what, listed in concepts.items()]
    phrases = [(concept, content_words(phrase)) for concept, listed in lists for phrase in listed]
    phrases = list(dict.fromkeys(phrase for phrase in phrases if phrase[1]))
    with_word, meant = defaultdict(list), defaultdict(set)
    for at, (concept, words) in enumerate(phrases):
        for word in words:
            with_word[word].append(at)
            meant[word].add(concept[1])
    return phrases, dict(with_word), {word: 1 / (1 + math.log(len(concepts))) for word, concepts in meant.items()}


@cache
def _near_words(word: str) -> dict[str, float]:
    known = list(_phrases()[1])
    if len(word) < 4:
        return {word: 1.0} if word in _phrases()[1] else {}
    near = process.extract(word, known, scorer=fuzz.ratio, score_cutoff=SAME_WORD, limit=6)
    return {other: score / 100 for other, score, _ in near if len(other) >= 4}

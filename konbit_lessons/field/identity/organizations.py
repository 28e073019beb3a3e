"""The organizations of a roster as their names say them, and the questions about them that a match asks."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache

import pandas as pd

from konbit_lessons.field.identity.forms import LEGAL_FORMS, Meaning, in_letters, plain, words
from konbit_lessons.field.identity.reading import Reader


@dataclass(frozen=True)
class Organization:
    """One organization as its name says it.

    Attributes
    ----------
    code : str
    words : tuple of str
        In the order of the name, as the vocabulary calls them.
    kinds : frozenset of str
        Those for its kind of body.
    own : tuple of str
        Those that tell it apart, sorted; a word can be there twice.
    written : frozenset of str
        As the roster spells them.
    weightless : tuple of str
    acronym : str
    initials : frozenset of str
        Acronyms that its name may have.
    """

    code: str
    words: tuple[str, ...]
    kinds: frozenset[str]
    own: tuple[str, ...]
    written: frozenset[str]
    weightless: tuple[str, ...]
    acronym: str
    initials: frozenset[str]

    def is_wider(self, known: "Organization") -> bool:
        """Whether its name has all the words of another one, and more."""
        longer = len(self.own) + len(self.kinds) > len(known.own) + len(known.kinds)
        return longer and known.kinds <= self.kinds and all(self.own.count(w) >= known.own.count(w) for w in known.own)


class Organizations:
    """All of a roster, by what can be said of them.

    Parameters
    ----------
    rows : DataFrame
        ``organization_id``, ``name``, ``acronym``.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        rows = rows.sort_values("organization_id")  # so that its order never decides
        names = rows["name"].tolist()
        self.vocabulary = Reader(names)
        self.all = [self._read(*row) for row in zip(rows["organization_id"], names, rows["acronym"], strict=True)]
        self.by_letters = _index([["".join(words(name))] for name in names])
        self.by_own = _index([[one.own] for one in self.all])
        self.of_kind = _index([[one.kinds] for one in self.all])
        self._acronyms = {one.acronym for one in self.all}
        self._by_acronym = _index([[one.acronym] if one.acronym else one.initials for one in self.all])
        self._with_own = _index([set(one.own) for one in self.all])
        self.kinds_spelled, self.wider = cache(self._kinds_spelled), cache(self._wider)

    def _read(self, code: str, name: str, acronym: object) -> Organization:
        reading = self.vocabulary.read(name)
        read, light = [slot[0] for slot in reading.slots], tuple(reading.weightless)
        said, written = tuple(one.word for one in read), frozenset(one.form for one in read)
        short = "".join(words(acronym)) if isinstance(acronym, str) else ""
        return Organization(code, said, self.kinds(read), self.own(read), written, light, short, _initials(name))

    def is_kind(self, word: str) -> bool:
        """Whether a word is one for a kind of body."""
        return self.vocabulary.role.get(word) == "kind"

    def kinds(self, read: Iterable[Meaning]) -> frozenset[str]:
        """The words for a kind of body among these."""
        return frozenset(meaning.word for meaning in read if self.is_kind(meaning.word))

    def own(self, read: Iterable[Meaning]) -> tuple[str, ...]:
        """The words that tell organizations apart among these, sorted."""
        return tuple(sorted(meaning.word for meaning in read if not self.is_kind(meaning.word)))

    def owners(self, name: str) -> list[int]:
        """Those that have a name as their acronym; those without one on the roster, as their initials."""
        spelled = in_letters("".join(words(name)))
        return sorted({at for letters in spelled for at in self._by_acronym.get(letters, ())})

    def agrees(self, at: int, acronym: str) -> bool:
        """Whether an acronym behind a name can be that of an organization."""
        known = self.all[at]
        return known.acronym == acronym or (acronym in known.initials and acronym not in self._acronyms)

    def _kinds_spelled(self, spelled: frozenset[str]) -> set[frozenset[str]]:
        """The kinds of body whose names have these spellings."""
        return {known.kinds for known in self.all if spelled <= known.written}

    def _wider(self, known: Organization) -> list[Organization]:
        """Those whose names have all the words of this one, and more."""
        holding = [set(self._with_own[word]) for word in set(known.own)]
        near = set.intersection(*holding) if holding else range(len(self.all))
        return [self.all[at] for at in sorted(near) if self.all[at].is_wider(known)]


def _index(keys: Iterable[Iterable[Hashable]]) -> dict[Hashable, list[int]]:
    """Key → the places at which it stands."""
    found = defaultdict(list)
    for at, ones in enumerate(keys):
        for one in ones:
            found[one].append(at)
    return dict(found)


def _initials(name: str) -> frozenset[str]:
    """The acronyms that a name may have: of all its words, or without function words and legal forms."""
    reading = words(name)
    heavy = [word for word in reading if len(word) > 3 or word not in LEGAL_FORMS]
    capitals = [word for word in re.findall(r"[^\W_]+", name) if word[0].isupper()]
    options = ("".join(word[0] for word in ones) for ones in (reading, heavy, map(plain, capitals)))
    return frozenset(option for option in options if len(option) > 1)

"""The organizations of a programme as their names say them, and the one that a typed name means, if one is sure."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

import pandas as pd
from rapidfuzz.distance import OSA

from konbit_lessons.field.identity.forms import KNOWN, LEGAL_FORMS, Codes, Meaning, in_letters, plain, words
from konbit_lessons.field.identity.reading import Candidates, Reader, Reading

HOW = ("name", "acronym", "abbreviation", "spelling", "words", "slip")  # from plain to daring
_BETWEEN = re.compile(KNOWN["language"]["between"], re.IGNORECASE)  # several names in one cell
KIND_KNOWN = 3  # organizations of a kind on the roster, from which a lost word of it can be told


class Match(NamedTuple):
    """What is known of one typed name.

    Attributes
    ----------
    organization_id : str or None
        None: not sure enough.
    how : str
        What it took: ``"code"``, ``"name"``, ``"acronym"``, ``"abbreviation"``, ``"spelling"`` (Kreyòl or French),
        ``"words"`` (swapped, run together, or one lost), ``"slip"``; or ``"unresolved"``.
    score : float
        100 is equal. Of an unresolved name, the score of its best candidate.
    candidates : tuple of str
        Organizations it may be, best first; only where it is unresolved.
    scores : tuple of float
        0 to 100, one for each candidate.
    """

    organization_id: str | None
    how: str
    score: float
    candidates: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()


class Organization(NamedTuple):
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

    @property
    def counted(self) -> Counter[str]:
        """Its words, and how often each is there."""
        return Counter([*self.own, *self.kinds])


class Fit(NamedTuple):
    """One organization as the meaning of a typed name; ``lost`` words for its kind of body are not said."""

    at: int
    known: Organization
    meanings: tuple[Meaning, ...]
    lost: int
    by_acronym: bool

    @property
    def slips(self) -> int:
        """Letters that were mistyped."""
        return sum(meaning.slips for meaning in self.meanings)

    @property
    def score(self) -> float:
        """100 is equal."""
        letters = sum(len(meaning.form) for meaning in self.meanings)
        share = 1 - self.slips / letters if letters else 1
        return round(100 * share * (1 - self.lost / (2 * len(self.known.words))), 1)


class Roster:
    """The organizations of a programme, ready to be looked up by typed name.

    Parameters
    ----------
    organizations : DataFrame
        ``organization_id``, ``name``, ``acronym``; more than one row of an organization that has or had several names,
        of today first.
    """

    def __init__(self, organizations: pd.DataFrame) -> None:
        rows = organizations.sort_values("organization_id", kind="stable")  # so that its order never decides
        names = rows["name"].tolist()
        self.vocabulary = Reader(names)
        self.all = [self._read(*row) for row in zip(rows["organization_id"], names, rows["acronym"], strict=True)]
        self._by_code = {self.all[at].code: at for at in reversed(range(len(self.all)))}
        self._codes = Codes(self._by_code)
        self._by_letters = _index([["".join(words(name))] for name in names])
        self._by_own = _index([[one.own] for one in self.all])
        self._of_kind = _index([[one.kinds] for one in self.all])
        self._with_own = _index([set(one.own) for one in self.all])
        self._acronyms = {one.acronym for one in self.all}
        self._by_acronym = _index([[one.acronym] if one.acronym else one.initials for one in self.all])
        self._kinds_spelled, self._wider = cache(self._kinds_spelled), cache(self._wider)
        self._candidates = Candidates(self.vocabulary, [one.words for one in self.all], self._by_letters)

    def match(self, typed: list[str]) -> dict[str, Match]:
        """Look up every typed name.

        Parameters
        ----------
        typed : list of str

        Returns
        -------
        dict of str to Match
            One entry for each distinct name.
        """
        found, unsure = {}, {}
        for name in dict.fromkeys(typed):
            sure = self._as_it_stands(name)
            if not sure:
                reading = self.vocabulary.read(name)
                sure = self._understood(reading)
            if sure:
                found[name] = Match(self.all[sure[0]].code, *sure[1:])
            else:
                unsure[name] = reading
        owned = {name: self._owners_or_near(name) for name in unsure}
        others = self._candidates.of({name: reading for name, reading in unsure.items() if not owned[name]})
        for name, scores in (owned | others).items():
            ranked = sorted((-score, at) for at, score in (scores | self._in_one_cell(name)).items())
            best: dict[str, float] = {}
            for score, at in ranked:
                best.setdefault(self.all[at].code, -score)
            found[name] = Match(None, "unresolved", max(best.values(), default=0.0), tuple(best), tuple(best.values()))
        return found

    def _as_it_stands(self, name: str) -> tuple[int, str, float] | None:
        """The code, the whole name, or the acronym alone, without accents, case, marks and spaces."""
        if len(codes := self._codes.of(name)) == 1:
            return self._by_code[codes[0]], "code", 100
        body, bracketed = _without_acronym(name)
        exact = self._by_letters.get("".join(words(body)), [])
        if bracketed:
            short = "".join(words(bracketed))
            known = short in self._acronyms  # of any organization
            exact = [at for at in exact if short in ({self.all[at].acronym} if known else self.all[at].initials)]
        exact, owners = self._each(exact), self._each(self._owners(name))
        if len(exact) == 1:
            return exact[0], "name", 100
        return (owners[0], "acronym", 100) if len(owners) == 1 and not exact and self.all[owners[0]].acronym else None

    def _each(self, places: Iterable[int]) -> list[int]:
        """Of the names of one organization the first."""
        return [*{self.all[at].code: at for at in reversed([*places])}.values()][::-1]

    def _owners_or_near(self, name: str) -> dict[int, float]:
        """Those whose codes a text is or is near to, or that have it as their acronym, with a score."""
        alike, near = ([self._by_code[code] for code in find(name)] for find in (self._codes.of, self._codes.near))
        owners = alike or ([] if near else self._owners(name))
        return dict.fromkeys(owners, 100.0) or dict.fromkeys(near, round(100 - 100 / max(len(name), 2), 1))

    def _in_one_cell(self, name: str) -> dict[int, float]:
        """Those of several names in one cell that are sure, with a score."""
        parts = several_in(name) if _BETWEEN.search(name) else []
        sure = [self._as_it_stands(one) or self._understood(self.vocabulary.read(one)) for one in parts]
        return {one[0]: 100.0 for one in sure if one}

    def _read(self, code: str, name: str, acronym: object) -> Organization:
        reading = self.vocabulary.read(name)
        read, light = [slot[0] for slot in reading.slots], tuple(reading.weightless)
        said, written = tuple(one.word for one in read), frozenset(one.form for one in read)
        short = "".join(words(acronym)) if isinstance(acronym, str) else ""
        return Organization(code, said, *self._parted(read), written, light, short, _initials(name))

    def _parted(self, read: Iterable[Meaning]) -> tuple[frozenset[str], tuple[str, ...]]:
        """The words for a kind of body among these; and those that tell organizations apart, sorted."""
        kinds = frozenset(one.word for one in read if self.vocabulary.is_kind(one.word))
        return kinds, tuple(sorted(one.word for one in read if one.word not in kinds))

    def _owners(self, name: str) -> list[int]:
        """Those that have a name as their acronym; those without one on the roster, as their initials."""
        return sorted({at for one in in_letters("".join(words(name))) for at in self._by_acronym.get(one, ())})

    def _kinds_spelled(self, spelled: frozenset[str]) -> set[frozenset[str]]:
        """The kinds of body whose names have these spellings."""
        return {known.kinds for known in self.all if spelled <= known.written}

    def _wider(self, known: Organization) -> list[Organization]:
        """Those whose names have all the words of this one, and more."""
        holding = [set(self._with_own[word]) for word in set(known.own)]
        near = set.intersection(*holding) if holding else range(len(self.all))
        others = (self.all[at] for at in sorted(near) if self.all[at].code != known.code)
        return [one for one in others if one.counted > known.counted]

    def _understood(self, reading: Reading) -> tuple[int, str, float] | None:
        """Its place on the roster, what it took, and how well it fits; None where it is not sure."""
        found = [fit for choice in reading.choices() for fit in self._fits(choice, reading)]
        if not found:
            return None
        best = min(found, key=lambda fit: (fit.lost, fit.slips, fit.at))
        others = [fit for fit in found if fit.known.code != best.known.code]
        near = any(not fit.lost and fit.slips <= best.slips + 1 for fit in others)
        # a name of nothing but words for its kind of body leaves room for one slip or abbreviation
        vague = not best.known.own and sum(one.slips + (one.how == "abbreviation") for one in best.meanings) > 1
        if near or vague or (best.lost and (others or not self._may_lose(best))):
            return None
        another = self._another_reading(best, reading) or self._another_name(best, reading)
        return None if another else (best.at, self._how(best, reading), best.score)

    def _fits(self, choice: tuple[Meaning, ...], reading: Reading) -> Iterator[Fit]:
        kinds, own = self._parted(choice)
        for at in self._by_own.get(own, ()):
            known = self.all[at]
            explained, by_acronym = _explains(known, reading)
            if explained and kinds <= known.kinds and (choice or by_acronym):
                yield Fit(at, known, choice, 0 if by_acronym else len(known.kinds - kinds), by_acronym)

    def _may_lose(self, fit: Fit) -> bool:
        """Words for its kind of body are lost, and those that are left mean no other kind on this roster."""
        known, of_kind = fit.known, self._of_kind
        said = {meaning.word for meaning in fit.meanings} & known.kinds
        few = not known.own or 2 * len(said) < len(known.kinds) or len(of_kind[known.kinds]) < KIND_KNOWN
        only = all(kinds == known.kinds or not said <= kinds for kinds in of_kind)
        spelled = frozenset(meaning.form for meaning in fit.meanings if meaning.word in said)
        literal = all(meaning.form in known.written and not meaning.slips for meaning in fit.meanings)
        return not few and (only or (literal and self._kinds_spelled(spelled) == {known.kinds}))

    def _another_reading(self, best: Fit, reading: Reading) -> bool:
        """A typed word may as well be another known word, which is on no roster here: a guest's name."""
        role, read = self.vocabulary.role, zip(best.meanings, reading.slots, strict=True)
        pairs = [(one, other) for one, slot in read if one.how not in ("name", "words") for other in slot]
        rivals = [(one, other) for one, other in pairs if other.word != one.word and other.slips <= one.slips]
        names = ("place", "name", "family")
        return any(role[one.word] != "kind" or role[other.word] not in names for one, other in rivals)

    def _another_name(self, best: Fit, reading: Reading) -> bool:
        """A longer name on the roster may be meant, with one of its words lost.

        That is so if the typed name has lost a word anyway; if it is spelled as the longer name and not as this one; or
        if it has more than a slip, and the longer one is a near twin, such as ``… Nord``.
        """
        known, wider = best.known, self._wider(best.known)
        forms = {one.form for one in best.meanings} - known.written
        how, slips = self._how(best, reading), best.slips + len(reading.extras)
        inexact = slips > 1 or how == "words" or (how == "slip" and not slips)
        twins = (one for one in wider if inexact and known.written <= one.written)
        added = [[*(one.counted - known.counted).elements()] for one in twins]
        apart = any(len(one) == 1 and (one[0][0] == "#" or self.vocabulary.role[one[0]] == "apart") for one in added)
        return apart or any(best.lost or forms & one.written for one in wider)

    def _how(self, fit: Fit, reading: Reading) -> str:
        """The most daring of what it took."""
        hows = {meaning.how for meaning in fit.meanings} | {"acronym" if fit.by_acronym else "name"}
        others = {meaning.form for meaning in fit.meanings if meaning.how == "name"} - fit.known.written
        hows |= {"abbreviation" if form in self.vocabulary.abbreviations else "spelling" for form in others}
        if not fit.by_acronym:
            turned = tuple(meaning.word for meaning in fit.meanings) != fit.known.words
            hows |= ({"words"} if turned else set()) | ({"slip"} if reading.extras else set())
        return max(hows, key=HOW.index)


def between(text: str) -> str:
    """What stands between the names in one cell; "" in a cell of one.

    >>> between("OP001 / OP002"), between("Union de Bignona")
    ('/', '')
    """
    found = _BETWEEN.search(text)
    return found[0] if found else ""


def several_in(text: str) -> list[str]:
    """The names that may stand in one cell.

    >>> several_in("OP001; OP002"), several_in("Union de Bignona")
    (['OP001', 'OP002'], ['Union de Bignona'])
    """
    return [one for one in map(str.strip, _BETWEEN.split(text)) if one]


def _index(keys: Iterable[Iterable[Hashable]]) -> dict[Hashable, list[int]]:
    """Key → the places at which it stands."""
    found = defaultdict(list)
    for at, one in ((at, one) for at, ones in enumerate(keys) for one in ones):
        found[one].append(at)
    return dict(found)


def _initials(name: str) -> frozenset[str]:
    """The acronyms that a name may have: of all its words, or without function words and legal forms."""
    heavy = [word for word in words(name) if len(word) > 3 or word not in LEGAL_FORMS]
    capitals = [plain(word) for word in re.findall(r"[^\W_]+", name) if word[0].isupper()]
    options = ("".join(word[0] for word in ones) for ones in (words(name), heavy, capitals))
    return frozenset(option for option in options if len(option) > 1)


def _explains(known: Organization, reading: Reading) -> tuple[bool, bool]:
    """Whether the words not understood are its acronym or slips of its function words; and whether the first.

    A function word too many at the end says that what followed it is lost.
    """
    lost = reading.cut_short and reading.weightless.count(reading.last) > known.weightless.count(reading.last)
    acronyms = {known.acronym} if known.acronym else {one for one in known.initials if len(one) > 2}
    others = [text for text in reading.extras if text not in acronyms]
    near = all(len(one) <= 4 and any(OSA.distance(one, word) <= 1 for word in known.weightless) for one in others)
    left = len(known.weightless) - len(reading.weightless)
    return not lost and near and len(others) <= max(left, 0), len(others) < len(reading.extras)


def _without_acronym(name: str) -> tuple[str, str]:
    """A name and the acronym in brackets behind it.

    >>> _without_acronym("Groupement des Femmes de Thiès (GFT)")
    ('Groupement des Femmes de Thiès', 'GFT')
    """
    found = re.fullmatch(r"(.+?)\s*\(([^()]{2,12})\)\s*", name, flags=re.DOTALL)
    return (found[1], found[2]) if found else (name, "")

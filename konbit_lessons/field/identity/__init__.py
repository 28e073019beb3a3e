"""Which typed name is which organization: sure matches only; what is not sure is left for a person to decide.

Two different organizations can differ by one word, so a false merge is worse than a miss. Each typed word is read as a
word of the roster (:mod:`~konbit_lessons.field.identity.vocabulary`); then the name is matched if it says every word
that tells organizations apart (places, families, numbers, branches), no word more, and no other comes near.
Order, function words and legal forms weigh nothing; a word for the kind of body may be lost where the others leave no
doubt. ``docs/identity.md`` has the rules in plain words and how often they are right.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA
from scipy import sparse

from konbit_lessons.field.identity.vocabulary import LEGAL_FORMS, Meaning, Reading, Vocabulary, in_letters, plain

CANDIDATES = 3  # listed for an unsure name; more only if they fit it as well
CANDIDATE_SCORE = 50
ALIKE_SCORE = 80  # of a name compared letter by letter
TIE = 1  # points between candidates that fit a name as well
KIND_KNOWN = 3  # organizations of a kind on the roster, from which a lost word of it can be told
_WEIGHT = {"kind": 1.0}
_OWN_WEIGHT = 1.5  # of a word that tells organizations apart
_CHUNK = 500
_HOW = ("name", "acronym", "abbreviation", "spelling", "words", "slip")  # from plain to daring


@dataclass(frozen=True)
class Match:
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


@dataclass(frozen=True)
class _Organization:
    code: str
    words: tuple[str, ...]  # in the order of the name, as the vocabulary calls them
    kinds: frozenset[str]
    own: tuple[str, ...]  # the words that tell it apart, sorted; a word can be there twice
    written: frozenset[str]  # as the roster spells them
    weightless: tuple[str, ...]
    acronym: str
    initials: frozenset[str]


@dataclass(frozen=True)
class _Fit:
    """One organization as the meaning of a typed name."""

    at: int
    meanings: tuple[Meaning, ...]
    lost: int
    by_acronym: bool

    @property
    def slips(self) -> int:
        return sum(meaning.slips for meaning in self.meanings)


class Roster:
    """The organizations of a programme, ready to be looked up by typed name.

    Parameters
    ----------
    organizations : DataFrame
        ``organization_id``, ``name``, ``acronym``.
    """

    def __init__(self, organizations: pd.DataFrame) -> None:
        organizations = organizations.sort_values("organization_id")  # so that its order never decides
        self.ids = organizations["organization_id"].tolist()
        names = organizations["name"].tolist()
        self._by_code = {fold(code): code for code in self.ids}
        self._vocabulary = Vocabulary(names)
        self._all = [
            self._organization(*row) for row in zip(self.ids, names, organizations["acronym"].tolist(), strict=True)
        ]
        self._exact, self._by_acronym, self._by_initials = (defaultdict(list) for _ in range(3))
        self._by_own, self._of_kind = defaultdict(list), defaultdict(list)
        self._with_own: dict[str, set[int]] = defaultdict(set)
        self._kinds_of_initials: dict[str, set[str]] = defaultdict(set)
        for at, (name, known) in enumerate(zip(names, self._all, strict=True)):
            self._exact["".join(words(name))].append(at)
            self._by_own[known.own].append(at)
            self._of_kind[known.kinds].append(at)
            kinds = [word for word in known.words if self._is_kind(word)]
            self._kinds_of_initials["".join(word[0] for word in kinds)] |= set(kinds)
            for word in set(known.own):
                self._with_own[word].add(at)
            if known.acronym:
                self._by_acronym[known.acronym].append(at)
            else:
                for initials in known.initials:
                    self._by_initials[initials].append(at)
        self._spelled: dict[frozenset[str], set[frozenset[str]]] = {}
        self._wider: dict[tuple[tuple[str, ...], frozenset[str]], list[int]] = {}

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
        found: dict[str, Match] = {}
        unsure: dict[str, Reading] = {}
        for name in dict.fromkeys(typed):
            match = self._as_it_stands(name)
            if match is None:
                reading = self._vocabulary.read(name)
                match = self._understood(reading)
                if match is None:
                    unsure[name] = reading
                    continue
            found[name] = match
        found |= self._candidates(unsure)
        return {name: found[name] for name in found}

    def _organization(self, code: str, name: str, acronym: object) -> _Organization:
        reading = self._vocabulary.read(name)
        read = tuple(slot[0] for slot in reading.slots)
        kinds = frozenset(meaning.word for meaning in read if self._is_kind(meaning.word))
        return _Organization(
            code=code,
            words=tuple(meaning.word for meaning in read),
            kinds=kinds,
            own=self._own(read),
            written=frozenset(meaning.form for meaning in read),
            weightless=tuple(reading.weightless),
            acronym="".join(words(acronym)) if isinstance(acronym, str) else "",
            initials=_initials(name),
        )

    def _own(self, read: tuple[Meaning, ...]) -> tuple[str, ...]:
        return tuple(sorted(meaning.word for meaning in read if not self._is_kind(meaning.word)))

    def _is_kind(self, word: str) -> bool:
        return self._vocabulary.role.get(word) == "kind"

    # ---- sure --------------------------------------------------------------------------------------------------------

    def _as_it_stands(self, name: str) -> Match | None:
        """The code, the whole name, or the acronym alone, without accents, case, marks and spaces."""
        if fold(name) in self._by_code:
            return Match(self._by_code[fold(name)], "code", 100)
        body, bracketed = _without_acronym(name)
        exact = self._exact.get("".join(words(body)), [])
        if bracketed:
            exact = [at for at in exact if self._agrees(at, "".join(words(bracketed)))]
        if len(exact) == 1:
            return Match(self.ids[exact[0]], "name", 100)
        owners = self._owners(name)
        if len(owners) == 1 and not exact and self._all[owners[0]].acronym:
            return Match(self.ids[owners[0]], "acronym", 100)
        return None

    def _owners(self, name: str) -> list[int]:
        """Organizations that have a name as their acronym; those without one on the roster, as their initials."""
        found = set()
        for letters in in_letters("".join(words(name))):
            found |= {*self._by_acronym.get(letters, ()), *self._by_initials.get(letters, ())}
        return sorted(found)

    def _agrees(self, at: int, acronym: str) -> bool:
        known = self._all[at]
        if known.acronym == acronym:
            return True
        return acronym in known.initials and acronym not in self._by_acronym

    def _understood(self, reading: Reading) -> Match | None:
        """The one organization whose name the words say, if no other comes near."""
        fits: dict[int, _Fit] = {}
        for choice in reading.choices():
            for fit in self._fits(choice, reading):
                if fit.at not in fits or (fit.lost, fit.slips) < (fits[fit.at].lost, fits[fit.at].slips):
                    fits[fit.at] = fit
        if not fits:
            return None
        best, *others = sorted(fits.values(), key=lambda fit: (fit.lost, fit.slips, fit.at))
        if best.lost and (others or not self._may_lose(best)):
            return None
        if any(not fit.lost and fit.slips <= best.slips + 1 for fit in others) or not self._believable(best):
            return None
        if self._another_reading(best, reading) or self._another_name(best, reading):
            return None
        return Match(self.ids[best.at], self._how(best, reading), self._score(best))

    def _fits(self, choice: tuple[Meaning, ...], reading: Reading) -> list[_Fit]:
        kinds = frozenset(meaning.word for meaning in choice if self._is_kind(meaning.word))
        fits = []
        for at in self._by_own.get(self._own(choice), ()):
            known = self._all[at]
            if kinds <= known.kinds:
                explained, by_acronym = self._explains(known, reading)
                if explained and (choice or by_acronym):
                    fits.append(_Fit(at, choice, 0 if by_acronym else len(known.kinds - kinds), by_acronym))
        return fits

    def _explains(self, known: _Organization, reading: Reading) -> tuple[bool, bool]:
        """Whether the words not understood are its acronym or slips of its function words; and whether the first.

        A function word too many at the end says that what followed it is lost.
        """
        by_acronym = False
        if reading.cut_short and reading.weightless.count(reading.last) > known.weightless.count(reading.last):
            return False, False
        left = len(known.weightless) - len(reading.weightless)
        for text in reading.extras:
            if text == known.acronym or (not known.acronym and len(text) > 2 and text in known.initials):
                by_acronym = True
                continue
            near = len(text) <= 4 and any(OSA.distance(text, word) <= 1 for word in known.weightless)
            if not near or left <= 0:
                return False, by_acronym
            left -= 1
        return True, by_acronym

    def _may_lose(self, fit: _Fit) -> bool:
        """Words for its kind of body are lost, and those that are left mean no other kind on this roster."""
        known = self._all[fit.at]
        said = {meaning.word for meaning in fit.meanings} & known.kinds
        if not known.own or 2 * len(said) < len(known.kinds) or len(self._of_kind[known.kinds]) < KIND_KNOWN:
            return False
        if all(kinds == known.kinds or not said <= kinds for kinds in self._of_kind):
            return True
        spelled = frozenset(meaning.form for meaning in fit.meanings if meaning.word in said)
        literal = all(meaning.form in known.written and not meaning.slips for meaning in fit.meanings)
        return literal and self._kinds_spelled(spelled) == {known.kinds}

    def _kinds_spelled(self, spelled: frozenset[str]) -> set[frozenset[str]]:
        """The kinds of body on the roster whose names have these spellings."""
        if spelled not in self._spelled:
            self._spelled[spelled] = {known.kinds for known in self._all if spelled <= known.written}
        return self._spelled[spelled]

    def _believable(self, fit: _Fit) -> bool:
        """A name of nothing but words for its kind of body leaves room for one slip or abbreviation."""
        inexact = sum(meaning.slips + (meaning.how == "abbreviation") for meaning in fit.meanings)
        return bool(self._all[fit.at].own) or inexact <= 1

    def _another_reading(self, best: _Fit, reading: Reading) -> bool:
        """A typed word may as well be another known word, which is on no roster here: a guest's name."""
        return any(
            meaning.how not in ("name", "words") and self._rivals(meaning, other)
            for meaning, slot in zip(best.meanings, reading.slots, strict=True)
            for other in slot
        )

    def _rivals(self, meaning: Meaning, other: Meaning) -> bool:
        roles = self._vocabulary.role
        apart = roles[meaning.word] == "kind" and roles[other.word] in ("place", "name", "family")
        return other.word != meaning.word and other.slips <= meaning.slips and not apart

    def _another_name(self, best: _Fit, reading: Reading) -> bool:
        """A longer name on the roster may be meant, with one of its words lost.

        That is so if the typed name has lost a word anyway; if it is spelled as the longer name and not as this one; or
        if it has more than a slip, and the longer one is a near twin, such as ``… Nord``.
        """
        known = self._all[best.at]
        wider = [self._all[at] for at in self._wider_names(known)]
        forms = {m.form for m in best.meanings if not {m.form, *m.forms} & known.written}
        how, slips = self._how(best, reading), best.slips + len(reading.extras)
        inexact = slips > 1 or how == "words" or (how == "slip" and not slips)
        return any(best.lost or forms & other.written or (inexact and self._twins(known, other)) for other in wider)

    def _twins(self, known: _Organization, other: _Organization) -> bool:
        if not known.written <= other.written:
            return False
        added = [*other.own, *other.kinds]
        for word in (*known.own, *known.kinds):
            added.remove(word)
        return len(added) == 1 and (added[0].startswith("#") or self._vocabulary.role[added[0]] == "apart")

    def _wider_names(self, known: _Organization) -> list[int]:
        key = (known.own, known.kinds)
        if key not in self._wider:
            holding = [self._with_own[word] for word in set(known.own)]
            near = set.intersection(*holding) if holding else range(len(self._all))
            self._wider[key] = [at for at in sorted(near) if _is_wider(self._all[at], known)]
        return self._wider[key]

    def _how(self, fit: _Fit, reading: Reading) -> str:
        known = self._all[fit.at]
        hows = {meaning.how for meaning in fit.meanings} | {"acronym" if fit.by_acronym else "name"}
        for meaning in fit.meanings:
            if meaning.how == "name" and meaning.form not in known.written:
                hows.add("abbreviation" if self._vocabulary.is_abbreviation(meaning.form) else "spelling")
        if not fit.by_acronym and tuple(meaning.word for meaning in fit.meanings) != known.words:
            hows.add("words")
        if reading.extras and not fit.by_acronym:
            hows.add("slip")
        return max(hows, key=_HOW.index)

    def _score(self, fit: _Fit) -> float:
        letters = sum(len(meaning.form) for meaning in fit.meanings)
        share = 1 - fit.slips / letters if letters else 1
        said = len(self._all[fit.at].words)
        return round(100 * share * (1 - fit.lost / (2 * said)), 1)

    # ---- not sure ----------------------------------------------------------------------------------------------------

    def _candidates(self, unsure: dict[str, Reading]) -> dict[str, Match]:
        """The organizations that each name may be."""
        found, names = {}, []
        for name in unsure:
            owners = self._owners(name)
            if owners:
                found[name] = _unresolved([self.ids[at] for at in owners], [100.0] * len(owners))
            else:
                names.append(name)
        columns = {word: column for column, word in enumerate(sorted(self._vocabulary.used))}
        weight = np.array([self._weight(word) for word in columns])
        kind = np.array([self._is_kind(word) for word in columns])
        roster = _matrix([{word: 1.0 for word in known.words} for known in self._all], columns)
        size = np.array([sum(map(self._weight, known.words)) for known in self._all])
        own_size = np.array([len(known.own) for known in self._all])
        size_in_words = np.array([len(known.words) for known in self._all])
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            said = [self._said(unsure[name]) for name in chunk]
            typed = _matrix([row for row, _, _ in said], columns)
            length = np.array([heavy for _, heavy, _ in said])
            own_said = np.array([own for _, _, own in said])
            common = (typed.multiply(weight).tocsr() @ roster.T).toarray()
            present = (typed > 0).astype(float)
            own = (present.multiply(~kind).tocsr() @ roster.T).toarray()
            kinds = (present.multiply(kind).tocsr() @ roster.T).toarray()
            score = 200 * common / (length[:, None] + size)
            contradicted = (own == 0) & (own_size > 0) & (own_said[:, None] > 0)
            complete = (own_said[:, None] >= own_size) & (kinds + own >= size_in_words)
            score[complete & np.array([unsure[name].cut_short for name in chunk])[:, None]] *= 0.8
            score[contradicted | (kinds == 0) & (own_said[:, None] > own) | (score < CANDIDATE_SCORE)] = 0
            for name, row in zip(chunk, score, strict=True):
                found[name] = self._best(row)
                if not found[name].candidates and unsure[name].extras:
                    found[name] = self._alike(name)
        return found

    def _weight(self, word: str) -> float:
        return _WEIGHT["kind"] if self._is_kind(word) else _OWN_WEIGHT

    def _said(self, reading: Reading) -> tuple[dict[str, float], float, int]:
        """How far each word of the vocabulary is said; the weight of all that is said; words that tell apart."""
        said: dict[str, float] = {}
        length, own = 0.0, 0
        for slot in reading.slots:
            for meaning in slot:
                said[meaning.word] = max(said.get(meaning.word, 0), 1 - meaning.slips / len(meaning.form))
                if meaning.word not in self._vocabulary.used:
                    said |= {word: 0.5 for word in self._vocabulary.containing(meaning.form)}
            length += self._weight(slot[0].word)
            own += not self._is_kind(slot[0].word)
        for text in reading.extras:
            if text in self._kinds_of_initials:
                said |= dict.fromkeys(self._kinds_of_initials[text], 0.9)
                length += len(self._kinds_of_initials[text])
                continue
            near = self._vocabulary.resembling(text)
            for word, likeness in near.items():
                said[word] = max(said.get(word, 0), likeness)
            best = max(near, key=lambda word: near[word], default="")
            length += self._weight(best) if len(text) > 3 else 0.5
            own += not self._is_kind(best) and len(text) > 3
        return said, max(length, 0.5), own

    def _alike(self, name: str) -> Match:
        """Names of nearly the same letters, where a word is too far from any to be understood."""
        typed, known = "".join(words(name)), list(self._exact)
        near = process.extract(typed, known, scorer=fuzz.ratio, score_cutoff=ALIKE_SCORE, limit=CANDIDATES)
        scores = {self.ids[at]: round(score, 1) for key, score, _ in near for at in self._exact[key]}
        return _unresolved(list(scores), list(scores.values())) if scores else Match(None, "unresolved", 0.0)

    def _best(self, row: np.ndarray) -> Match:
        order = np.lexsort((np.arange(len(row)), -row))
        fitting = int((row >= max(row[order[0]] - TIE, CANDIDATE_SCORE)).sum())
        keep = [at for at in order[: max(fitting, CANDIDATES)] if row[at] > 0]
        if not keep:
            return Match(None, "unresolved", 0.0)
        return _unresolved([self.ids[at] for at in keep], [round(float(row[at]), 1) for at in keep])


def _is_wider(other: _Organization, known: _Organization) -> bool:
    """Whether a name has all the words of another one, and more."""
    return (
        known.kinds <= other.kinds
        and len(other.own) + len(other.kinds) > len(known.own) + len(known.kinds)
        and all(other.own.count(word) >= known.own.count(word) for word in known.own)
    )


def _unresolved(codes: list[str], scores: list[float]) -> Match:
    ranked = sorted(zip(codes, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return Match(None, "unresolved", ranked[0][1], *map(tuple, zip(*ranked, strict=True)))


def _matrix(rows: list[dict[str, float]], columns: dict[str, int]) -> sparse.csr_array:
    entries = [
        (at, columns[word], value) for at, row in enumerate(rows) for word, value in row.items() if word in columns
    ]
    at, column, value = map(np.array, zip(*entries, strict=True)) if entries else (np.zeros(0, int),) * 3
    return sparse.csr_array((value, (at, column)), shape=(len(rows), len(columns)), dtype=float)


def fold(text: str) -> str:
    """Without accents, case, punctuation and outer or double spaces; ``&`` reads ``et``.

    >>> fold("  Cabinet   THÉODORE & Associés ")
    'cabinet theodore et associes'
    """
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The folded words of a name.

    >>> words("Bureau d'Études S.A.")
    ['bureau', 'd', 'etudes', 's', 'a']
    """
    return re.findall(r"[^\W_]+", plain(text).replace("&", " et "))


def _initials(name: str) -> frozenset[str]:
    """The acronyms that a name may have: of all its words, or without function words and legal forms."""
    reading = words(name)
    heavy = [word for word in reading if len(word) > 3 or word not in LEGAL_FORMS]
    capitals = [word[0] for word in re.findall(r"[^\W_]+", name) if word[0].isupper()]
    options = ("".join(word[0] for word in reading), "".join(word[0] for word in heavy), plain("".join(capitals)))
    return frozenset(option for option in options if len(option) > 1)


def _without_acronym(name: str) -> tuple[str, str]:
    """A name and the acronym in brackets behind it.

    >>> _without_acronym("Asosyasyon Peyizan Thomonde (APT)")
    ('Asosyasyon Peyizan Thomonde', 'APT')
    """
    found = re.fullmatch(r"(.+?)\s*\(([^()]{2,12})\)\s*", name, flags=re.DOTALL)
    return (found[1], found[2]) if found else (name, "")

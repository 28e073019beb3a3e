"""A typed name, word by word: what each of its words may be, and the organizations that an unsure name may be.

A word is looked up as it stands, then together with its neighbours, then by itself, then as words run together; by its
sound in Kreyòl, as an abbreviation, and last as a typing slip. A known word is never taken for a slip of another one.

Kreyòl is written as it is spoken, one sign for one sound, so that ``Jakmèl`` is Jacmel and ``Mòn`` is Morne. A French
word has a few Kreyòl spellings, as its last letters may be silent; a word that is Kreyòl already has one. All are
compared without accents. The rules stand in ``vocabulary.toml``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import product, takewhile
from math import prod
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA
from scipy import sparse

from konbit_lessons.field.identity.forms import COMPOUND, KNOWN, WEIGHTLESS, Forms, Meaning, Span, joined, plain, words

CANDIDATES = 3  # listed for an unsure name; more only if they fit it as well
CANDIDATE_SCORE = 50
ALIKE_SCORE = 80  # of a name compared letter by letter
TIE = 1  # points between candidates that fit a name as well
_OWN_WEIGHT = 1.5  # of a word that tells organizations apart; one for a kind of body weighs 1
_LONGEST = 5  # typed words that may be one
_MOST_READINGS = 64
_DOUBLE = re.compile(r"(.)\1")
_BOTH, _FRENCH, _LAST = (KNOWN["spelling"][rules] for rules in ("both", "french", "last"))
_R_UNSPOKEN = re.compile(r"(?<=.)r+(?![aeioUNwyr])")
_SILENT = re.compile(r"[tdspxz]+$")


class Reading(NamedTuple):
    """A typed name, word by word.

    Attributes
    ----------
    slots : list of tuple of Meaning
        For each understood word what it may be, best first.
    extras : list of str
        Words that are not understood.
    weightless : list of str
        Function words and legal forms.
    last : str
        The last word.
    """

    slots: list[tuple[Meaning, ...]]
    extras: list[str]
    weightless: list[str]
    last: str

    @property
    def cut_short(self) -> bool:
        """A function word stands last, so what followed it may be lost."""
        return self.last in WEIGHTLESS

    def choices(self) -> Iterable[tuple[Meaning, ...]]:
        """Every way to read the name, the likeliest first; none if they are too many."""
        return product(*self.slots) if prod(map(len, self.slots)) <= _MOST_READINGS else ()


class Reader(Forms):
    """Reads names by the words of a roster among all that are known.

    Parameters
    ----------
    names : list of str
        The names on the roster.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        for parts in (words(compound) for name in names for compound in COMPOUND.findall(plain(name))):
            # Jean-Baptiste is one word, unless its parts are known words, as in Jacmel-Nord
            if "".join(parts) not in self.forms and not all(map(self.familiar, parts)):
                self.add("name", parts)
        for span in (span for name in names for span in self.exact(self.tokens(name)) if span.open):
            self.add("name", [span.text])
        spans = (span for name in names for span in self.exact(self.tokens(name)))
        self.used = {meaning.word for span in spans for meaning in span.options or ()}
        self.meanings = cache(self._meanings)
        self._by_length, self._written, self._spoken = defaultdict(list), defaultdict(set), defaultdict(set)
        for form in self.forms:
            self._index(form)
        here = ((form, found & self.used) for form, found in self.forms.items())
        self._kind_forms = sorted(form for form, found in here if any(self.role[word] == "kind" for word in found))

    def read(self, name: str) -> Reading:
        """What the words of a typed name may be."""
        typed = self.tokens(name)
        spans = self.exact(typed)
        if any(span.open or span.hyphen for span in spans):
            spans = [part for span in self._run(spans) for part in (self._single(span) if span.open else [span])]
        slots, extras = [span.options for span in spans if span.options], [span.text for span in spans if span.open]
        return Reading(slots, extras, [span.text for span in typed if span.is_light], typed[-1].text if typed else "")

    def _run(self, spans: list[Span]) -> list[Span]:
        """Several typed words, not all understood, that together are one that is written in several."""
        found = []
        while spans:
            # a known word is a part of a longer one if a hyphen stands beside it, or if it is a family's name
            joinable = [] if spans[0].weightless else [*takewhile(self._joinable, spans[:_LONGEST])]
            windows = (joinable[:end] for end in range(len(joinable), 1, -1))
            known = ((window, options) for window in windows if (options := self._together(window)))
            window, options = next(known, (spans[:1], ()))
            found.append(Span(joined(window), options=options) if options else spans[0])
            spans = spans[len(window) :]
        return found

    def _together(self, window: list[Span]) -> tuple[Meaning, ...]:
        unclear = any(span.open or (span.hyphen and not self.familiar(span.text)) for span in window)
        options = self.meanings(joined(window)) if unclear and not window[-1].weightless else ()
        return options if options and options[0].word in self.compounds else ()

    def _joinable(self, span: Span) -> bool:
        return span.hyphen or all(self.role.get(one.word) == "family" for one in span.options or ())

    def _single(self, span: Span) -> list[Span]:
        options = self.meanings(span.text, span.dotted)
        return [Span(span.text, options=options)] if options else self._segments(span.text) or [span]

    def _segments(self, text: str) -> list[Span]:
        """Words run together, the last or first of them perhaps with a slip; empty if it is not that."""
        if best := self._split(text) if len(text) > 5 else []:
            return best
        cuts = [(text[:cut], text[cut:]) for cut in range(len(text) - 3, 2, -1)]
        for known, rest, order in (way for head, tail in cuts for way in ((head, tail, 1), (tail, head, -1))):
            plain = min(len(known), len(rest)) > 3 and known in self.forms
            if options := self.meanings(rest) if plain else ():  # the longest known part, and a slip beside it
                return [self._known(known), Span(rest, options=options)][::order]
        return []

    def _split(self, text: str) -> list[Span]:
        """The fewest known words that a text is, one behind the other."""
        best: list[list[str] | None] = [[]] + [None] * len(text)
        for end in range(2, len(text) + 1):
            for start in range(end - 1):
                before, piece = best[start], text[start:end]
                if before is None or (best[end] is not None and len(best[end]) <= len(before) + 1):
                    continue
                lonely = len(before) == 1 and before[0] in WEIGHTLESS and self.only_name(piece)  # Lacadet is not Cadet
                if piece in WEIGHTLESS or (len(piece) > 2 and piece in self.forms and not lonely):
                    best[end] = [*before, piece]
        pieces = best[-1] or []
        if len(pieces) < 2 or all(piece in WEIGHTLESS for piece in pieces):
            return []
        return [Span(piece, weightless=True) if piece in WEIGHTLESS else self._known(piece) for piece in pieces]

    def _known(self, form: str) -> Span:
        return Span(form, options=tuple(Meaning(word, form, "words") for word in sorted(self.forms[form])))

    def _index(self, form: str) -> None:
        here = self.is_here(form)
        if form in self.abbreviations or not (here or form in self.forms[form] or form in self.parts):
            return  # of what is not on the roster, the Kreyòl spelling alone is no rival
        self._by_length[len(form)].append(form)
        if here:
            self._written[as_written(form)].add(form)
        for sound in as_spoken(*self.parts.get(form, (form,))):
            self._spoken[sound].add(form)

    def is_kind(self, word: str) -> bool:
        """Whether a word is one for a kind of body."""
        return self.role.get(word) == "kind"

    def is_here(self, form: str) -> bool:
        """Whether it is a spelling of a word of the roster."""
        return bool(self.forms[form] & self.used)

    def only_name(self, form: str) -> bool:
        """Whether it is nothing but a name."""
        return self.roles(form) <= {"name", "family"}

    def _meanings(self, text: str, dotted: bool = False) -> tuple[Meaning, ...]:
        """What a word that is not known as it stands may be, the likeliest first; those that tie are all there."""
        here = tuple(Meaning(word, text, "name") for word in sorted(self.forms.get(text, ())))
        among = self.forms if dotted and len(text) > 3 else self._kind_forms if len(text) > 2 - dotted else ()
        short = self._as_meanings({form: 0 for form in among if form.startswith(text)}, "abbreviation")
        sound, slips = here or self._by_sound(text), self._slipped(text)
        if slips and slips[0].slips == 1:  # one letter away is nearer than a word that begins or sounds like it
            short = short if dotted else ()
            near = {meaning.word for meaning in self._rivalled((*slips, *sound)) if meaning.slips == 1}
            sound = sound if here or near <= {meaning.word for meaning in sound} else ()
        for options in (short, sound) if dotted else (sound, short):
            if any(meaning.word in self.used for meaning in options):
                return options
        return self._rivalled((*slips, *sound)) if slips else sound

    def _rivalled(self, options: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
        """What is meant on the roster, and what else it may be: a place for a place, a family for a family."""
        here = {self.role[meaning.word] for meaning in options if meaning.word in self.used}
        roles = set().union(*(KNOWN["rivals"].get(role, ()) for role in here))
        return tuple(one for one in options if one.word in self.used or self.role[one.word] in roles)

    def _by_sound(self, text: str) -> tuple[Meaning, ...]:
        if len(text) < 3:
            return ()
        same = set(self._spoken.get(as_written(text), ())) if len(as_written(text)) > 2 else set()
        for sound in (sound for sound in as_spoken(text) if len(sound) > 2):
            same |= self._written.get(sound, set())
            if len(sound) > 4:  # a family's name must be spelled as Kreyòl spells it
                same |= {form for form in self._spoken.get(sound, ()) if not self.only_name(form)}
        same = {form for form in same if self.is_here(form) or not self.only_name(form)}
        same = {form for form in same if _DOUBLE.sub(r"\1", form) != _DOUBLE.sub(r"\1", text)}  # that is a slip
        slipped = {form for form in same if OSA.distance(text, form) < 2}
        return self._as_meanings(dict.fromkeys(slipped or same, 0), "spelling")  # the one that is a letter away

    def _slipped(self, text: str) -> tuple[Meaning, ...]:
        lengths = range(max(3, len(text) - 3), len(text) + 4) if len(text) > 1 else ()
        forms = [form for length in lengths for form in self._by_length.get(length, ())]
        extracted = process.extract(text, forms, scorer=OSA.distance, score_cutoff=4, limit=None)
        near = {form: slips for form, slips, _ in extracted if self._may_be(text, form, slips)}
        used = {form for form in near if self.is_here(form)}
        least = min((near[form] for form in used), default=-1)
        close = {form: slips for form, slips in near.items() if slips <= least + (form in used)}
        if any(close[form] == 1 and len(form) > len(text) for form in used & close.keys()):
            # a letter lost is likelier than one typed wrong in a name that is not on the roster
            close = {form: slips for form, slips in close.items() if form in used or len(form) > len(text)}
        return self._as_meanings(close, "slip")

    def _may_be(self, text: str, form: str, slips: int) -> bool:
        """Whether so many slips are believable in a word: fewer where it tells organizations apart."""
        length, roles = len(form), self.roles(form)
        if "kind" in roles:
            return slips <= (0, 1, 2, 3)[sum(length >= least for least in (4, 6, 8))]
        if self.is_here(form) and not roles & {"place", "apart"}:  # families differ in their first or last letter
            longer = text in (form + text[-1], text[0] + form)  # Augustin and Augustine, Dorval and Norval
            if longer or (len(text) == length and (text[:-1] == form[:-1] or text[1:] == form[1:])):
                return False
        if length < 5 or (length == 5 and "place" not in roles):
            mistyped = len(text) < length or sorted(text) == sorted(form)
            return slips == 1 and mistyped and (length > 3 or "name" in roles)
        return slips <= (2 if length >= (7 if "place" in roles else 10) else 1)

    def _as_meanings(self, forms: dict[str, int], how: str) -> tuple[Meaning, ...]:
        nearest: dict[str, str] = {}
        for form in sorted(forms, key=lambda form: (forms[form], form)):
            nearest = dict.fromkeys(self.forms[form], form) | nearest
        found = [Meaning(word, form, how, forms[form]) for word, form in nearest.items()]
        return tuple(sorted(found, key=lambda meaning: (meaning.slips, meaning.word)))

    def containing(self, part: str) -> set[str]:
        """Words of the roster's names that are written in several, of which this is one: ``Jean`` of Jean-Baptiste."""
        return {word for form, parts in self.parts.items() if part in parts for word in self.forms[form] & self.used}

    def resembling(self, text: str) -> dict[str, float]:
        """Words that a word not understood resembles (0 to 1): not sure enough to match, good enough to look at."""
        found = dict.fromkeys(self.containing(text), 0.6)
        if len(text) > 7:
            inside = {text[a:b] for a in range(len(text)) for b in range(a + 4, len(text) + 1)} & self.forms.keys()
            found |= {word: 0.9 for form in inside for word in self.forms[form]}
        among = self.forms.keys() if len(text) > 2 else ()
        for form, score, _ in process.extract(text, among, scorer=fuzz.ratio, score_cutoff=60, limit=8):
            found |= {word: max(score / 100, found.get(word, 0)) for word in self.forms[form]}
        return {word: score for word, score in found.items() if word in self.used}


def as_written(word: str) -> str:
    """The sound of a folded word that is read as Kreyòl, letter by letter.

    >>> as_written("jakmel"), as_written("kwadebouke")
    ('jakmel', 'kwadebUke')
    """
    return _changed(word, _BOTH + _LAST)


@lru_cache(maxsize=100_000)
def as_spoken(*parts: str) -> frozenset[str]:
    """The sounds that a folded French word may have in Kreyòl; of several parts, run together.

    >>> as_written("teyodo") in as_spoken("theodore"), as_written("kwadebouke") in as_spoken("croix", "des", "bouquets")
    (True, True)
    """
    return frozenset(_changed("".join(sounds), _LAST) for sounds in product(*map(_sounds, parts)))


def _sounds(word: str) -> set[str]:
    singular = word.removesuffix("s")
    ends = {word, singular, _SILENT.sub("", singular)}
    ends |= {end[:-1] + "'" for end in (singular,) if end.endswith("e") and len(end) > 3}
    sounds = {_changed(end, _BOTH + _FRENCH) for end in ends}
    unspoken = {_R_UNSPOKEN.sub("", sound) for sound in sounds}
    return unspoken | {sound for sound in sounds if not sound.endswith("er")}  # a final -er would read as é


def _changed(word: str, rules: list[list[str]]) -> str:
    for pattern, sound in rules:
        word = re.sub(pattern, sound, word)
    return word


class Candidates:
    """Weighs the words of unsure names against those of the roster.

    Parameters
    ----------
    vocabulary : Reader
    known : list of tuple of str
        The words of each organization's name.
    by_letters : dict
        The letters of a name → which organizations have it.
    """

    def __init__(self, vocabulary: Reader, known: list[tuple[str, ...]], by_letters: dict[str, list[int]]) -> None:
        self.vocabulary, self.by_letters = vocabulary, by_letters
        self.columns = {word: column for column, word in enumerate(sorted(vocabulary.used))}
        self.kind = np.array([vocabulary.is_kind(word) for word in self.columns], dtype=bool)
        self.weight = np.where(self.kind, 1.0, _OWN_WEIGHT)
        places = [(at, self.columns[word]) for at, one in enumerate(known) for word in one]
        at, column = np.array(places, dtype=int).reshape(-1, 2).T
        self.roster = sparse.csr_array((np.ones(len(at)), (at, column)), shape=(len(known), len(self.columns)))
        self.size, self.words, self.own = (self.roster @ one for one in (self.weight, self.kind >= 0, ~self.kind))
        self.roster.sum_duplicates()
        self.roster.data[:] = 1  # a word that a name has twice is in common once
        self.kinds_of_initials = defaultdict(set)
        for one in ([word for word in one if vocabulary.is_kind(word)] for one in known):
            self.kinds_of_initials["".join(word[0] for word in one)].update(one)

    def of(self, unsure: dict[str, Reading]) -> dict[str, dict[int, float]]:
        """For each typed name, from how it was read, the places of its candidates and how well they fit, 0 to 100."""
        found = {name: self._scores(reading) for name, reading in unsure.items()}
        for name, reading in unsure.items():
            # a letter away; of nearly the same letters, where a word is too far from any to be understood
            typed, known = "".join(words(name)), [*self.by_letters]
            close = process.extract(typed, known, scorer=OSA.distance, score_cutoff=1, limit=None)
            near = {letters: 100 - 100 / len(letters) for letters, *_ in close if len(letters) > 3}
            if reading.extras and not found[name] and not near:
                alike = process.extract(typed, known, scorer=fuzz.ratio, score_cutoff=ALIKE_SCORE, limit=CANDIDATES)
                near = {letters: score for letters, score, _ in alike}
            found[name] |= {at: round(near[letters], 1) for letters in near for at in self.by_letters[letters]}
        return found

    def _scores(self, reading: Reading) -> dict[int, float]:
        """How well the best fit: words in common, heavier where they tell apart."""
        said, length, own_said = self._said(reading)
        typed = np.array([said.get(word, 0.0) for word in self.columns])
        own, kinds = (self.roster @ ((typed > 0) & which) for which in (~self.kind, self.kind))
        score = np.minimum(200 * (self.roster @ (typed * self.weight)) / (length + self.size), 100)
        if reading.cut_short:
            score[(own_said >= self.own) & (kinds + own >= self.words)] *= 0.8
        contradicted = (own == 0) & (self.own > 0) & (own_said > 0)
        score[contradicted | (kinds == 0) & (own_said > own) | (score < CANDIDATE_SCORE)] = 0
        best, fitting = np.argsort(-score, kind="stable"), (score >= max(score.max() - TIE, CANDIDATE_SCORE)).sum()
        return {int(at): round(float(score[at]), 1) for at in best[: max(fitting, CANDIDATES)] if score[at] > 0}

    def _weight(self, word: str) -> float:
        return 1.0 if self.vocabulary.is_kind(word) else _OWN_WEIGHT

    def _said(self, reading: Reading) -> tuple[dict[str, float], float, int]:
        """How far each word of the vocabulary is said; the weight of all that is said; words that tell apart."""
        said: dict[str, float] = {}
        for meaning in (meaning for slot in reading.slots for meaning in slot):
            said[meaning.word] = max(said.get(meaning.word, 0), 1 - meaning.slips / len(meaning.form))
            if meaning.word not in self.vocabulary.used:
                said |= dict.fromkeys(self.vocabulary.containing(meaning.form), 0.5)
        weights = [self._weight(slot[0].word) for slot in reading.slots]
        weights += [self._add_extra(said, text) for text in reading.extras]
        return said, max(sum(weights), 0.5), weights.count(_OWN_WEIGHT)

    def _add_extra(self, said: dict[str, float], text: str) -> float:
        """What a word that is not understood weighs; what it may say is added."""
        if kinds := self.kinds_of_initials.get(text):
            said |= dict.fromkeys(kinds, 0.9)
            return float(len(kinds))
        near = self.vocabulary.resembling(text)
        said |= {word: max(said.get(word, 0), likeness) for word, likeness in near.items()}
        return self._weight(max(sorted(near), key=near.get, default="")) if len(text) > 3 else 0.5

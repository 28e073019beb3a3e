"""What each word of a typed name may be: a word of the roster, or one that is known to be another.

Takes the names on a roster and ``vocabulary.toml`` (what organizations call themselves, communes, family names, in
French and Kreyòl spellings); gives a :class:`Reading` of any typed name. A word is looked up as it is, then by its
sound in Kreyòl, as an abbreviation, and last as a typing slip. A known word is never taken for a slip of another one.
"""

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import product
from math import prod
from typing import NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from konbit_lessons.identity.spelling import as_spoken, as_written

WEIGHTLESS = frozenset(
    "a ak au aux avec d dans de des di du en et ki l la lan le les nan ou par pou pour sou sur un une y yo".split()
)
LEGAL_FORMS = frozenset("asbl inc ltd ngo ong osc sa sarl sas snc".split())
ORDINALS = {
    name: str(number)
    for number, names in enumerate(
        ("premier premiere premye", "deuxieme dezyem", "troisieme twazyem", "quatrieme katriyem", "cinquieme senkyem",
         "sixieme sizyem", "septieme setyem", "huitieme uityem", "neuvieme nevyem", "dixieme dizyem"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_NUMBER = re.compile(r"(\d+)(?:e|er|re|ere|eme|em|ye|yem|zyem|nd|nde|st|th|rd)?")
_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_LETTERS = {"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g"}
_TOKEN = re.compile(r"(?:[^\W_]\.){2,}[^\W_]?(?![^\W_])|[^\W_]+\.?|[-–]")
_LONGEST = 5  # words that one name of a place or family is written in
_MOST_READINGS = 64


class Meaning(NamedTuple):
    """One word of the vocabulary that a typed word may stand for: read as which spelling of it, and how."""

    word: str
    form: str
    how: str
    slips: int = 0


@dataclass
class Reading:
    """A typed name, word by word.

    Attributes
    ----------
    slots : list of tuple of Meaning, for each understood word what it may be, best first.
    extras : list of str, words that are not understood.
    weightless : list of str, function words and legal forms.
    """

    slots: list[tuple[Meaning, ...]] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    weightless: list[str] = field(default_factory=list)

    def choices(self) -> Iterable[tuple[Meaning, ...]]:
        """Every way to read the name, the likeliest first; none if they are too many."""
        return product(*self.slots) if prod(map(len, self.slots)) <= _MOST_READINGS else ()


class Vocabulary:
    """The words of a roster's names among all that are known.

    Parameters
    ----------
    names : iterable of str, the names on the roster.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.role: dict[str, str] = {}
        self._forms: dict[str, set[str]] = defaultdict(set)
        self._parts: dict[str, tuple[str, ...]] = {}  # of a form in several words
        self._abbreviations: set[str] = set()
        self._compounds: set[str] = set()
        self._meanings: dict[tuple[str, bool], tuple[Meaning, ...]] = {}
        self._learn_language()
        names = list(names)
        for name in names:
            self._learn_compounds(name)
        for name in names:
            self._learn_words(name)
        self.used = {
            meaning.word for name in names for span in self._exact(self.tokens(name)) for meaning in span.options or ()
        }
        self._by_length: dict[int, list[str]] = defaultdict(list)
        self._written, self._spoken = defaultdict(set), defaultdict(set)
        for form, found in self._forms.items():
            here = bool(found & self.used)
            if form in self._abbreviations or not (here or form in found or form in self._parts):
                continue  # of what is not on the roster, the Kreyòl spelling alone is no rival
            self._by_length[len(form)].append(form)
            if here:
                self._written[as_written(form)].add(form)
            for sound in as_spoken(*self._parts.get(form, (form,))):
                self._spoken[sound].add(form)
        self._kind_forms = sorted(
            form for form, found in self._forms.items() if any(self.role[w] == "kind" and w in self.used for w in found)
        )
        self._longest = max(map(len, self._forms))

    # ---- what is known -----------------------------------------------------------------------------------------------

    def _learn_language(self) -> None:
        known = tomllib.loads((files(__package__) / "vocabulary.toml").read_text(encoding="utf-8"))
        for section, role in (("kinds", "kind"), ("apart", "apart")):
            for word, spellings in known[section].items():
                self._add(word, role, [(word,), *self._spellings(spellings)])
        for place, spellings in known["places"].items():
            parts = _parts(place)
            self._add("".join(parts), "place", [parts, *self._spellings(spellings)])
        for name in known["names"]["others"].split():
            parts = _parts(name)
            self._add("".join(parts), "name", [parts])

    def _spellings(self, text: str) -> list[tuple[str, ...]]:
        """One-word spellings; a dot behind one says that it is short for the word."""
        self._abbreviations |= {plain(form[:-1]) for form in text.split() if form.endswith(".")}
        return [(plain(form.removesuffix(".")),) for form in text.split()]

    def _add(self, word: str, role: str, forms: Iterable[tuple[str, ...]]) -> None:
        self.role.setdefault(word, role)
        for parts in forms:
            short = tuple(part for part in parts if part not in WEIGHTLESS) or parts
            for written in {parts, short}:
                self._forms["".join(written)].add(word)
                if len(written) > 1:
                    self._parts["".join(written)] = written
                    self._compounds.add(word)

    def _learn_compounds(self, name: str) -> None:
        """``Jean-Baptiste`` is one word, unless its parts are known words, as in ``Jacmel-Nord``."""
        for compound in re.findall(r"[^\W_]+(?:[-–][^\W_]+)+", plain(name)):
            parts = _parts(compound)
            if "".join(parts) not in self._forms and not all(self._familiar(part) for part in parts):
                self._add("".join(parts), "name", [parts])

    def _learn_words(self, name: str) -> None:
        for span in self._exact(self.tokens(name)):
            if span.open:
                self._add(span.text, "name", [(span.text,)])

    def _familiar(self, part: str) -> bool:
        return part in WEIGHTLESS or any(self.role[word] != "name" for word in self._forms.get(part, ()))

    # ---- reading a name ----------------------------------------------------------------------------------------------

    def read(self, name: str) -> Reading:
        """What the words of a typed name may be."""
        spans = self._exact(self.tokens(name))
        if any(span.open for span in spans):
            spans = self._run(spans, self._compound)
            spans = [part for span in spans for part in self._single(span)]
            spans = self._run(spans, self._pair)
        reading = Reading()
        for span in spans:
            if span.options:
                reading.slots.append(span.options)
            elif span.weightless:
                reading.weightless.append(span.text)
            else:
                reading.extras.append(span.text)
        return reading

    def tokens(self, name: str) -> list["_Span"]:
        spans = []
        for token in _TOKEN.findall(plain(name).replace("&", " et ")):
            text = token.replace(".", "")
            if text in "-–":
                continue
            spans.append(_Span(self._lettered(text), dotted=token.endswith(".") and token.count(".") == 1))
        return spans

    def _lettered(self, text: str) -> str:
        """Digits among letters are letters: ``c1toyenne``."""
        if text.isalpha() or _NUMBER.fullmatch(text) or not re.search("[^0-9]", text):
            return text
        spellings = ["".join(letters) for letters in product(*(_LETTERS.get(letter, letter) for letter in text))]
        return next((spelling for spelling in spellings if spelling in self._forms), spellings[0])

    def _exact(self, spans: list["_Span"]) -> list["_Span"]:
        """Known words, in as many typed words as they may be written in."""
        found, start = [], 0
        while start < len(spans):
            for size in range(min(_LONGEST, len(spans) - start), 0, -1):
                text = "".join(span.text for span in spans[start : start + size])
                words = self._forms.get(text)
                if words and (size > 1 or text not in WEIGHTLESS):
                    how = "name" if size == 1 or text in self._parts else "words"
                    found.append(_Span(text, options=tuple(Meaning(word, text, how) for word in sorted(words))))
                    break
            else:
                size = 1
                found.append(_simple(spans[start]))
            start += size
        return found

    def _run(self, spans: list["_Span"], look_up) -> list["_Span"]:
        """Several typed words, not all understood, that together are one word."""
        found, start = [], 0
        while start < len(spans):
            for size in range(min(_LONGEST, len(spans) - start), 1, -1):
                window = spans[start : start + size]
                if not any(span.open for span in window) or window[0].weightless or window[-1].weightless:
                    continue
                options = look_up(window)
                if options:
                    found.append(_Span("".join(span.text for span in window), options=options))
                    break
            else:
                size = 1
                found.append(spans[start])
            start += size
        return found

    def _compound(self, window: list["_Span"]) -> tuple[Meaning, ...]:
        options = self.meanings("".join(span.text for span in window))
        return options if options and options[0].word in self._compounds else ()

    def _pair(self, window: list["_Span"]) -> tuple[Meaning, ...]:
        if not all(span.open or span.weightless for span in window):
            return ()
        return self.meanings("".join(span.text for span in window))

    def _single(self, span: "_Span") -> list["_Span"]:
        if not span.open:
            return [span]
        options = self.meanings(span.text, dotted=span.dotted)
        if options:
            return [_Span(span.text, options=options)]
        return self._segments(span.text) or [span]

    def _segments(self, text: str) -> list["_Span"]:
        """Words run together, the last or first of them perhaps with a slip; empty if it is not that."""
        if len(text) < 6:
            return []
        best = self._split(text)
        if best:
            return best
        for cut in range(len(text) - 3, 2, -1):  # the longest known beginning, and what follows by a slip
            head, tail = text[:cut], text[cut:]
            for known, rest, order in ((head, tail, 1), (tail, head, -1)):
                if len(known) > 3 and known in self._forms and len(rest) > 3:
                    options = self.meanings(rest)
                    if options:
                        return [_known(self, known, "words"), _Span(rest, options=options)][::order]
        return []

    def _split(self, text: str) -> list["_Span"]:
        best: list[list[str] | None] = [[]] + [None] * len(text)
        for end in range(2, len(text) + 1):
            for start in range(max(0, end - self._longest), end - 1):
                piece, before = text[start:end], best[start]
                if before is None:
                    continue
                light = piece in WEIGHTLESS
                if not light and not (end - start > 2 and piece in self._forms):
                    continue
                if before and before[-1] in WEIGHTLESS and not light and self._only_name(piece) and len(before) == 1:
                    continue  # Lacadet is not Cadet
                if best[end] is None or len(best[end]) > len(before) + 1:
                    best[end] = [*before, piece]
        if not best[-1] or len(best[-1]) < 2 or all(piece in WEIGHTLESS for piece in best[-1]):
            return []
        return [
            _Span(piece, weightless=True) if piece in WEIGHTLESS else _known(self, piece, "words") for piece in best[-1]
        ]

    def _only_name(self, piece: str) -> bool:
        return all(self.role[word] == "name" for word in self._forms[piece])

    # ---- one word ----------------------------------------------------------------------------------------------------

    def meanings(self, text: str, *, dotted: bool = False) -> tuple[Meaning, ...]:
        """What a word that is not known as it stands may be, the likeliest first; those that tie are all there."""
        key = (text, dotted)
        if key not in self._meanings:
            self._meanings[key] = self._by_sound(text) or self._shortened(text, dotted) or self._slipped(text)
        return self._meanings[key]

    def _by_sound(self, text: str) -> tuple[Meaning, ...]:
        if len(text) < 3:
            return ()
        spoken = as_spoken(text)
        same = set(self._spoken.get(as_written(text), ()))
        for sound in spoken:
            same |= self._written.get(sound, set())
            loose = self._spoken.get(sound, set())  # but a family's name must be spelled as Kreyòl spells it
            same |= {form for form in loose if not self._only_name(form)}
        same = {form for form in same if self._forms[form] & self.used or not self._only_name(form)}
        return self._as_meanings({form: 0 for form in same}, "spelling")

    def _shortened(self, text: str, dotted: bool) -> tuple[Meaning, ...]:
        if len(text) < (2 if dotted else 3):
            return ()
        whole = [form for form in self._kind_forms if form.startswith(text)]
        if not whole and dotted and len(text) > 3:
            whole = [form for form in self._forms if form.startswith(text)]
            if len({word for form in whole for word in self._forms[form]}) > 1:
                return ()
        return self._as_meanings({form: 0 for form in whole}, "abbreviation")

    def _slipped(self, text: str) -> tuple[Meaning, ...]:
        if len(text) < 2:
            return ()
        near = {}
        for length in range(max(3, len(text) - 3), len(text) + 4):
            for form, slips, _ in process.extract(
                text, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=4, limit=None
            ):
                near[form] = slips
        allowed = [slips for form, slips in near.items() if self._may_be(text, form, slips)]
        if not allowed:
            return ()
        least = min(allowed)
        if not any(self._forms[form] & self.used for form, slips in near.items() if slips == least):
            return ()
        rivals = {f: n for f, n in near.items() if n <= least or (n == least + 1 and self._forms[f] & self.used)}
        return self._as_meanings(rivals, "slip")

    def _may_be(self, text: str, form: str, slips: int) -> bool:
        """Whether so many slips are believable in a word: fewer where it tells organizations apart."""
        length = len(form)
        roles = {self.role[word] for word in self._forms[form]}
        if "kind" in roles:
            return slips <= (0, 1, 2, 3)[sum(length >= least for least in (4, 7, 8))]
        if length < 5 or (length == 5 and "place" not in roles):
            mistyped = len(text) < length or sorted(text) == sorted(form)
            return slips == 1 and mistyped and (length > 3 or "name" in roles)
        return slips <= (2 if length >= (7 if "place" in roles else 10) else 1)

    def _as_meanings(self, forms: dict[str, int], how: str) -> tuple[Meaning, ...]:
        best: dict[str, Meaning] = {}
        for form in sorted(forms, key=lambda form: (forms[form], form)):
            for word in self._forms[form]:
                best.setdefault(word, Meaning(word, form, how, forms[form]))
        return tuple(sorted(best.values(), key=lambda meaning: (meaning.slips, meaning.word)))

    def resembling(self, text: str) -> dict[str, float]:
        """Words that a word not understood resembles (0 to 1): not sure enough to match, good enough to look at."""
        found: dict[str, float] = {}
        if len(text) > 7:
            inside = {text[a:b] for a in range(len(text)) for b in range(a + 4, len(text) + 1)} & self._forms.keys()
            found |= {word: 0.9 for form in inside for word in self._forms[form]}
        if len(text) > 2:
            for form, score, _ in process.extract(
                text, self._forms.keys(), scorer=fuzz.ratio, score_cutoff=55, limit=8
            ):
                for word in self._forms[form]:
                    found[word] = max(score / 100, found.get(word, 0))
        return {word: score for word, score in found.items() if word in self.used}


@dataclass
class _Span:
    """One or more typed words: what they may be, or whether they weigh nothing."""

    text: str
    dotted: bool = False
    options: tuple[Meaning, ...] | None = None
    weightless: bool = False

    @property
    def open(self) -> bool:
        return self.options is None and not self.weightless


def _simple(span: _Span) -> _Span:
    text = ORDINALS.get(span.text, span.text)
    number = _NUMBER.fullmatch(text)
    if number or _ROMAN.fullmatch(text):
        word = "#" + (number[1].lstrip("0") if number else str(_roman(text)))
        return _Span(span.text, options=(Meaning(word, word, "name"),))
    return _Span(text, dotted=span.dotted, weightless=text in WEIGHTLESS or text in LEGAL_FORMS)


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10}[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _known(vocabulary: Vocabulary, form: str, how: str) -> _Span:
    return _Span(form, options=tuple(Meaning(word, form, how) for word in sorted(vocabulary._forms[form])))


def _parts(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", plain(name)))


def plain(text: str) -> str:
    """Without accents and case."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))

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

from konbit_lessons.field.identity.spelling import as_spoken, as_written

WEIGHTLESS = frozenset(  # function words of French and Kreyòl
    ("a", "ak", "au", "aux", "avec", "d", "dans", "de", "des", "di", "du", "e", "en", "et", "ki", "l", "la", "lan",
     "le", "les", "nan", "ou", "par", "pou", "pour", "sou", "sur", "un", "une", "y", "yo")
)  # fmt: skip
LEGAL_FORMS = frozenset(("asbl", "inc", "ltd", "ngo", "ong", "osc", "sa", "sarl", "sas", "snc"))
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
_ACCENTS = re.compile("[\u0300-\u036f]")
_DOUBLE = re.compile(r"(.)\1")
_NORTH = re.compile(r"\bnò\b")  # in Kreyòl; without its accent it may be anything
_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_LETTERS = {"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g"}
_TOKEN = re.compile(r"(?:[^\W_]\.){2,}[^\W_]?(?![^\W_])|[^\W_]+\.?|[-–]")
_RIVALS = {
    "place": ("place",),
    "name": ("place", "family", "apart"),
    "family": ("family",),
    "apart": ("place", "apart"),
}
_LONGEST = 5  # words that one name of a place or family is written in
_MOST_READINGS = 64


class Meaning(NamedTuple):
    """One word of the vocabulary that a typed word may stand for: read as which spelling of it, and how."""

    word: str
    form: str
    how: str
    slips: int = 0
    forms: frozenset[str] = frozenset()  # other spellings of it that are as near


@dataclass
class Reading:
    """A typed name, word by word.

    Attributes
    ----------
    slots : list of tuple of Meaning, for each understood word what it may be, best first.
    extras : list of str, words that are not understood.
    weightless : list of str, function words and legal forms.
    last : str, the last word.
    """

    slots: list[tuple[Meaning, ...]] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    weightless: list[str] = field(default_factory=list)
    last: str = ""

    @property
    def cut_short(self) -> bool:
        """A function word stands last, so what followed it may be lost."""
        return self.last in WEIGHTLESS

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
        self._standing: dict[tuple[str, str], tuple[Meaning, ...]] = {}
        self._beginnings: set[str] = set()
        self._meanings: dict[tuple[str, bool], tuple[Meaning, ...]] = {}
        self._learn_language()
        self.used = set(self.role)
        names = list(names)
        for name in names:
            self._learn_compounds(name)
        for name in names:
            self._learn_words(name)
        self.used = {
            meaning.word for name in names for span in self._exact(self.tokens(name)) for meaning in span.options or ()
        }
        self._standing.clear()  # learning is over
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
            self._add("".join(parts), "family", [parts])

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
                self._beginnings |= {"".join(written)[:end] for end in range(1, len("".join(written)) + 1)}
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
                self._standing.clear()

    def _familiar(self, part: str) -> bool:
        return part in WEIGHTLESS or any(
            self.role[word] in ("kind", "apart", "place") for word in self._forms.get(part, ())
        )

    # ---- reading a name ----------------------------------------------------------------------------------------------

    def read(self, name: str) -> Reading:
        """What the words of a typed name may be."""
        typed = self.tokens(name)
        spans = self._exact(typed)
        if any(span.open or span.hyphen for span in spans):
            spans = self._run(spans, self._compound)
            spans = [part for span in spans for part in self._single(span)]
            spans = self._run(spans, self._pair)
        return Reading(
            slots=[span.options for span in spans if span.options],
            extras=[span.text for span in spans if span.open],
            weightless=[span.text for span in typed if _is_weightless(span)],
            last=typed[-1].text if typed else "",
        )

    def tokens(self, name: str) -> list["_Span"]:
        name = _NORTH.sub("nord", unicodedata.normalize("NFC", name.casefold()))
        spans = []
        chunks = re.findall(r"[^\W_]+(?:[-–][^\W_]+)+", plain(name))
        hyphenated = {self._lettered(part) for chunk in chunks for part in _parts(chunk)}
        for token in _TOKEN.findall(plain(name).replace("&", " et ")):
            text = token.replace(".", "")
            if text in "-–":
                continue
            written, text = text, self._lettered(text)
            dotted = token.endswith(".") and token.count(".") == 1
            spans.append(_Span(text, dotted=dotted, hyphen=text in hyphenated, figures=text != written))
        return spans

    def is_abbreviation(self, form: str) -> bool:
        return form in self._abbreviations

    def _lettered(self, text: str) -> str:
        """Digits among letters are letters: ``c1toyenne``."""
        if text.isalpha() or _NUMBER.fullmatch(text) or len(text) < 3:
            return text
        spellings = in_letters(text)
        return next((known for known in spellings if known in self._forms or known in WEIGHTLESS), spellings[0])

    def _exact(self, spans: list["_Span"]) -> list["_Span"]:
        """Known words, in as many typed words as they may be written in: the longest that is known."""
        found, start = [], 0
        while start < len(spans):
            best, size, text = None, 1, ""
            for end in range(start, min(start + _LONGEST, len(spans))):
                text += spans[end].text
                if text not in self._beginnings:
                    break
                if any(span.figures for span in spans[start : end + 1]):
                    how = "slip"
                else:
                    how = "name" if end == start or text in self._parts or self.is_abbreviation(text) else "words"
                options = self._as_it_stands(text, how)
                if options and (end == start or spans[end].text not in WEIGHTLESS):
                    best, size = _Span(text, hyphen=spans[start].hyphen, options=options), end - start + 1
            found.append(best or self._simple(spans[start]))
            start += size
        return found

    def _as_it_stands(self, text: str, how: str) -> tuple[Meaning, ...]:
        """A spelling of a word; the Kreyòl one of a word that is not on the roster may be a slip of one that is."""
        key = (text, how)
        if key not in self._standing:
            words = sorted(self._forms.get(text, ())) if text not in WEIGHTLESS else ()
            here = any(word in self.used or word == text or self.role[word] != "place" for word in words)
            plainly = here or text in self._parts
            self._standing[key] = tuple(Meaning(word, text, how) for word in words) if plainly else ()
        return self._standing[key]

    def _simple(self, span: "_Span") -> "_Span":
        """A number, a function word, or a word that is not known."""
        text = ORDINALS.get(span.text, span.text)
        number = _NUMBER.fullmatch(text)
        if number or _ROMAN.fullmatch(text):
            word = "#" + (number[1].lstrip("0") if number else str(_roman(text)))
            if word in self.used or text != "1e":  # where no name has a first section, 1e is le
                return _Span(span.text, options=(Meaning(word, word, "name"),))
        return _Span(text, dotted=span.dotted, hyphen=span.hyphen, weightless=_is_weightless(span))

    def _run(self, spans: list["_Span"], look_up) -> list["_Span"]:
        """Several typed words, not all understood, that together are one word."""
        found, start = [], 0
        while start < len(spans):
            best, size = spans[start], 1
            for end in range(self._last_joinable(spans, start), start, -1):
                window = spans[start : end + 1]
                unclear = any(span.open or (span.hyphen and not self._familiar(span.text)) for span in window)
                options = look_up(window) if unclear and not window[-1].weightless else ()
                if options:
                    best, size = _Span("".join(span.text for span in window), options=options), len(window)
                    break
            found.append(best)
            start += size
        return found

    def _last_joinable(self, spans: list["_Span"], start: int) -> int:
        end = start
        while not spans[start].weightless and end < min(start + _LONGEST, len(spans)) and self._joinable(spans[end]):
            end += 1
        return end - 1

    def _joinable(self, span: "_Span") -> bool:
        return (
            span.hyphen or not span.options or all(self.role.get(meaning.word) == "family" for meaning in span.options)
        )

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
            for start in range(end - 1):
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
        return all(self.role[word] in ("name", "family") for word in self._forms[piece])

    # ---- one word ----------------------------------------------------------------------------------------------------

    def meanings(self, text: str, *, dotted: bool = False) -> tuple[Meaning, ...]:
        """What a word that is not known as it stands may be, the likeliest first; those that tie are all there."""
        key = (text, dotted)
        if key not in self._meanings:
            self._meanings[key] = self._looked_up(text, dotted)
        return self._meanings[key]

    def _looked_up(self, text: str, dotted: bool) -> tuple[Meaning, ...]:
        here = tuple(Meaning(word, text, "name") for word in sorted(self._forms.get(text, ())))
        sound, short = here or self._by_sound(text), self._shortened(text, dotted)
        slips = self._slipped(text)
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
        here = [meaning for meaning in options if meaning.word in self.used]
        roles = {role for meaning in here for role in _RIVALS.get(self.role[meaning.word], ())}
        return tuple(meaning for meaning in options if meaning in here or self.role[meaning.word] in roles)

    def _by_sound(self, text: str) -> tuple[Meaning, ...]:
        if len(text) < 3:
            return ()
        spoken = {sound for sound in as_spoken(text) if len(sound) > 2}
        same = set(self._spoken.get(as_written(text), ())) if len(as_written(text)) > 2 else set()
        for sound in spoken:
            same |= self._written.get(sound, set())
            if len(sound) > 4:  # a family's name must be spelled as Kreyòl spells it
                same |= {form for form in self._spoken.get(sound, ()) if not self._only_name(form)}
        same = {form for form in same if self._forms[form] & self.used or not self._only_name(form)}
        same = {form for form in same if _DOUBLE.sub(r"\1", form) != _DOUBLE.sub(r"\1", text)}  # that is a slip
        typos = {form: OSA.distance(text, form) for form in same}
        if min(typos.values(), default=2) < 2:  # of words that sound alike, the one that is a letter away
            same = {form for form in same if typos[form] < 2}
        return self._as_meanings(dict.fromkeys(same, 0), "spelling")

    def _shortened(self, text: str, dotted: bool) -> tuple[Meaning, ...]:
        if len(text) < (2 if dotted else 3):
            return ()
        whole = {form for form in self._kind_forms if form.startswith(text)}
        if dotted and len(text) > 3:
            whole |= {form for form in self._forms if form.startswith(text)}
        return self._as_meanings(dict.fromkeys(whole, 0), "abbreviation")

    def _slipped(self, text: str) -> tuple[Meaning, ...]:
        if len(text) < 2:
            return ()
        near = {}
        for length in range(max(3, len(text) - 3), len(text) + 4):
            for form, slips, _ in process.extract(
                text, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=4, limit=None
            ):
                near[form] = slips
        near = {form: slips for form, slips in near.items() if self._may_be(text, form, slips)}
        here = [slips for form, slips in near.items() if self._forms[form] & self.used]
        if not here:
            return ()
        used = {form for form in near if self._forms[form] & self.used}
        close = {f: n for f, n in near.items() if n <= min(here) + (f in used)}
        if any(close[form] == 1 and len(form) > len(text) for form in used & close.keys()):
            # a letter lost is likelier than one typed wrong in a name that is not on the roster
            close = {f: n for f, n in close.items() if f in used or len(f) > len(text)}
        return self._as_meanings(close, "slip")

    def _may_be(self, text: str, form: str, slips: int) -> bool:
        """Whether so many slips are believable in a word: fewer where it tells organizations apart."""
        length = len(form)
        roles = {self.role[word] for word in self._forms[form]}
        if "kind" in roles:
            return slips <= (0, 1, 2, 3)[sum(length >= least for least in (4, 6, 8))]
        if self._forms[form] & self.used and not roles & {"place", "apart"} and _another_ending(text, form):
            return False
        if length < 5 or (length == 5 and "place" not in roles):
            mistyped = len(text) < length or sorted(text) == sorted(form)
            return slips == 1 and mistyped and (length > 3 or "name" in roles)
        return slips <= (2 if length >= (7 if "place" in roles else 10) else 1)

    def _as_meanings(self, forms: dict[str, int], how: str) -> tuple[Meaning, ...]:
        nearest: dict[str, list[str]] = defaultdict(list)
        for form in sorted(forms, key=lambda form: (forms[form], form)):
            for word in self._forms[form]:
                if not nearest[word] or forms[form] == forms[nearest[word][0]]:
                    nearest[word].append(form)
        found = [Meaning(word, near[0], how, forms[near[0]], frozenset(near[1:])) for word, near in nearest.items()]
        return tuple(sorted(found, key=lambda meaning: (meaning.slips, meaning.word)))

    def containing(self, part: str) -> set[str]:
        """Words of the roster's names that are written in several, of which this is one: ``Jean`` of Jean-Baptiste."""
        return {word for form, parts in self._parts.items() if part in parts for word in self._forms[form] & self.used}

    def resembling(self, text: str) -> dict[str, float]:
        """Words that a word not understood resembles (0 to 1): not sure enough to match, good enough to look at."""
        found = dict.fromkeys(self.containing(text), 0.6)
        if len(text) > 7:
            inside = {text[a:b] for a in range(len(text)) for b in range(a + 4, len(text) + 1)} & self._forms.keys()
            found |= {word: 0.9 for form in inside for word in self._forms[form]}
        if len(text) > 2:
            for form, score, _ in process.extract(
                text, self._forms.keys(), scorer=fuzz.ratio, score_cutoff=60, limit=8
            ):
                for word in self._forms[form]:
                    found[word] = max(score / 100, found.get(word, 0))
        return {word: score for word, score in found.items() if word in self.used}


@dataclass
class _Span:
    """One or more typed words: what they may be, or whether they weigh nothing."""

    text: str
    dotted: bool = False
    hyphen: bool = False
    figures: bool = False
    options: tuple[Meaning, ...] | None = None
    weightless: bool = False

    @property
    def open(self) -> bool:
        return self.options is None and not self.weightless


def _is_weightless(span: _Span) -> bool:
    return (span.text in WEIGHTLESS and not span.dotted) or span.text in LEGAL_FORMS


def _another_ending(text: str, form: str) -> bool:
    """Families differ in their first or last letter: Augustin and Augustine, Dorval and Norval."""
    longer = text in (form + text[-1], text[0] + form)
    return longer or (len(text) == len(form) and (text[:-1] == form[:-1] or text[1:] == form[1:]))


def in_letters(text: str) -> list[str]:
    """What may be meant by digits among letters; a text without them as it is.

    >>> in_letters("4g1r")
    ['agir', 'aglr']
    """
    if text.isalpha() or text.isdigit():
        return [text]
    return ["".join(letters) for letters in product(*(_LETTERS.get(letter, letter) for letter in text))]


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10}[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _known(vocabulary: Vocabulary, form: str, how: str) -> _Span:
    return _Span(form, options=tuple(Meaning(word, form, how) for word in sorted(vocabulary._forms[form])))


def _parts(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", plain(name)))


def plain(text: str) -> str:
    """Without accents and case."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))

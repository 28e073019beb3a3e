"""The words that are known, in the spellings they have, and how a typed name is cut into them.

Takes ``vocabulary.toml``: what organizations call themselves, places, family names. A roster adds its own
(:mod:`~konbit_lessons.field.identity.reading`).
"""

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from importlib.resources import files
from itertools import chain, product
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from konbit_lessons.field.days import day_and_month

KNOWN = tomllib.loads((files(__package__) / "vocabulary.toml").read_text(encoding="utf-8"))
_LANGUAGE = KNOWN["language"]
WEIGHTLESS, LEGAL_FORMS = (frozenset(_LANGUAGE[light].split()) for light in ("weightless", "legal_forms"))
_ONES, _TENS = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"), ("", "x", "xx", "xxx")
ORDINALS = {ten + one: str(at) for at, (ten, one) in enumerate(product(_TENS, _ONES)) if at}
ORDINALS |= {name: str(at) for at, names in enumerate(_LANGUAGE["ordinals"], start=1) for name in names.split()}
COMPOUND = re.compile(r"[^\W_]+(?:[-–][^\W_]+)+")
_NUMBER = re.compile(r"(\d+)(?:e|er|re|ere|eme|em|ye|yem|zyem|nd|nde|st|th|rd)?")
_TOKEN = re.compile(r"(?:[^\W_]\.){2,}[^\W_]?(?![^\W_])|[^\W_]+\.?")
_LONGEST = 5  # words that one name of a place or family is written in


class Meaning(NamedTuple):
    """One known word that a typed word may stand for: read as which spelling of it, and how."""

    word: str
    form: str
    how: str
    slips: int = 0


class Span(NamedTuple):
    """One or more typed words: what they may be, or whether they weigh nothing."""

    text: str
    dotted: bool = False
    hyphen: bool = False
    figures: bool = False
    options: tuple[Meaning, ...] | None = None
    weightless: bool = False

    @property
    def open(self) -> bool:
        """Whether it is not understood."""
        return self.options is None and not self.weightless

    @property
    def is_light(self) -> bool:
        """Whether it is a function word or a legal form."""
        return (self.text in WEIGHTLESS and not self.dotted) or self.text in LEGAL_FORMS


class Forms:
    """Known words and their spellings.

    Attributes
    ----------
    role : dict of str to str
        Word → ``kind`` of body, ``apart`` (it tells two bodies apart), ``place``, ``family``, or ``name``.
    forms : dict of str to set of str
        Spelling → the words it can be.
    parts : dict of str to tuple of str
        Spelling in several words → these.
    abbreviations : set of str
    compounds : set of str
        Words that are written in several.
    used : set of str
        The words of the roster.
    """

    def __init__(self) -> None:
        self.role: dict[str, str] = {}
        self.forms: dict[str, set[str]] = defaultdict(set)
        self.parts: dict[str, tuple[str, ...]] = {}
        self.abbreviations, self.compounds, self._beginnings = set(), set(), set()
        families = dict.fromkeys(KNOWN["names"]["others"].split(), "")
        known = {"kind": KNOWN["kinds"], "apart": KNOWN["apart"], "place": KNOWN["places"], "family": families}
        for role, names in known.items():
            for name, spellings in names.items():
                self.add(role, words(name), spellings)
        self.used = set(self.role)

    def add(self, role: str, parts: Iterable[str], spellings: str = "") -> None:
        """One word, which may be written in parts, and other spellings of it; one with a dot is short for it."""
        word, others = "".join(parts), [(plain(one.removesuffix(".")),) for one in spellings.split()]
        self.abbreviations |= {plain(one[:-1]) for one in spellings.split() if one.endswith(".")}
        self.role.setdefault(word, role)
        both = [(one, tuple(part for part in one if part not in WEIGHTLESS) or one) for one in (tuple(parts), *others)]
        for written in chain.from_iterable(both):
            form = "".join(written)
            self.forms[form].add(word)
            self._beginnings |= {form[:end] for end in range(1, len(form) + 1)}
            if len(written) > 1:
                self.parts[form] = written
                self.compounds.add(word)

    def roles(self, form: str) -> set[str]:
        """What the words of a spelling are."""
        return {self.role[word] for word in self.forms.get(form, ())}

    def familiar(self, part: str) -> bool:
        """Whether it is a word by itself, not a part of a name in several."""
        return part in WEIGHTLESS or bool(self.roles(part) & {"kind", "apart", "place"})

    def tokens(self, name: str) -> list[Span]:
        """The typed words, one by one."""
        name, spans = unicodedata.normalize("NFC", name.casefold()), []
        for accented, word in _LANGUAGE["accented"].items():
            name = re.sub(rf"\b{accented}\b", word, name)
        name = plain(name)
        hyphenated = {self._lettered(part) for compound in COMPOUND.findall(name) for part in words(compound)}
        for token in _TOKEN.findall(name.replace("&", " et ")):
            written, dotted = token.replace(".", ""), token.endswith(".") and token.count(".") == 1
            text = self._lettered(written)
            spans.append(Span(text, dotted=dotted, hyphen=text in hyphenated, figures=text != written))
        return spans

    def _lettered(self, text: str) -> str:
        """Digits among letters are letters: ``c1toyenne``."""
        spellings = [text] if text.isalpha() or _NUMBER.fullmatch(text) or len(text) < 3 else in_letters(text)
        return next((known for known in spellings if known in self.forms or known in WEIGHTLESS), spellings[0])

    def exact(self, spans: list[Span]) -> list[Span]:
        """Known words, in as many typed words as they may be written in: the longest that is known."""
        found = []
        while spans:
            size, options = self._longest(spans[:_LONGEST])
            known = Span(joined(spans[:size]), hyphen=spans[0].hyphen, options=options)
            found.append(known if options else self._simple(spans[0]))
            spans = spans[size:]
        return found

    def _longest(self, spans: list[Span]) -> tuple[int, tuple[Meaning, ...]]:
        best = 1, ()
        for end, span in enumerate(spans, start=1):
            if joined(spans[:end]) not in self._beginnings:
                break
            options = self._options(spans[:end])
            if options and (end == 1 or span.text not in WEIGHTLESS):
                best = end, options
        return best

    def _options(self, window: list[Span]) -> tuple[Meaning, ...]:
        """What typed words may be together, as they stand.

        The Kreyòl spelling of a place that is not on the roster may be a slip of one that is.
        """
        text = joined(window)
        known = sorted(self.forms.get(text, ())) if text not in WEIGHTLESS else ()
        here = any(word in self.used or word == text or self.role[word] != "place" for word in known)
        plainly = len(window) == 1 or text in self.parts or text in self.abbreviations
        how = "slip" if any(span.figures for span in window) else "name" if plainly else "words"
        return tuple(Meaning(word, text, how) for word in known) if here or text in self.parts else ()

    def _simple(self, span: Span) -> Span:
        """A number, a function word, or a word that is not known."""
        text = ORDINALS.get(span.text, span.text)
        number = _NUMBER.fullmatch(text)
        word = f"#{number[1].lstrip('0')}" if number else ""
        if word and (word in self.used or text != "1e"):  # where no name has a first section, 1e is le
            return Span(span.text, options=(Meaning(word, word, "name"),))
        return Span(span.text, dotted=span.dotted, hyphen=span.hyphen, weightless=span.is_light)


def joined(spans: Iterable[Span]) -> str:
    """Typed words run together."""
    return "".join(span.text for span in spans)


def plain(text: str) -> str:
    """Without accents and case."""
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text.casefold()))


def words(text: str) -> list[str]:
    """The folded words of a name.

    >>> words("Bureau d'Études S.A.")
    ['bureau', 'd', 'etudes', 's', 'a']
    """
    return re.findall(r"[^\W_]+", plain(text).replace("&", " et "))


def fold(text: str) -> str:
    """Without accents, case, punctuation and outer or double spaces; ``&`` reads ``et``.

    >>> fold("  Cabinet   THÉODORE & Associés ")
    'cabinet theodore et associes'
    """
    return " ".join(words(text))


def code_key(text: str) -> str:
    """A code as it is compared: without accents, case, spaces, marks and leading zeros; numbers stay apart.

    >>> [code_key(one) for one in ("OP-001", "op 1", "007", "7.0", "S2/12")]
    ['op1', 'op1', '7', '7', 's2 12']
    """
    parts = re.findall(r"[^\W\d_]+|\d+", plain(re.sub(r"(?<=\d)[.,]0+$", "", text.strip())))
    return re.sub(r"(?<!\d) | (?!\d)", "", " ".join(part.lstrip("0") or part[-1:] for part in parts))


class Codes:
    """Codes on record, to be looked up as people type them.

    Parameters
    ----------
    codes : iterable of str
    """

    def __init__(self, codes: Iterable[str]) -> None:
        codes = sorted(codes)
        self._exact, self._alike, self._written = {fold(one): one for one in codes}, defaultdict(list), {}
        self._days = defaultdict(list)
        for code in codes:
            self._alike[code_key(code)].append(code)
            self._days[tuple(day_and_month(code))].append(code)
            self._written |= dict.fromkeys((code_key(code), "".join(words(code))), code_key(code))

    def of(self, text: str) -> list[str]:
        """Those that a text is; more than one where two codes differ by a mark or a zero only."""
        exact = self._exact.get(fold(text))
        return [exact] if exact else self._alike.get(code_key(text), [])

    def as_days(self, text: str) -> list[str]:
        """Those of which a spreadsheet that takes them for a day makes this text."""
        return self._days[two] if (two := tuple(day_and_month(text))) else []

    def near(self, text: str) -> list[str]:
        """Those that a text with a digit in it is one letter or digit away from, or that a spreadsheet made it of."""
        found, typed = {*self.as_days(text)}, {code_key(text), "".join(words(text))}
        for one in typed if any(map(str.isdigit, text)) else ():
            near = process.extract(one, list(self._written), scorer=OSA.distance, score_cutoff=1, limit=None)
            found |= {code for written, *_ in near for code in self._alike[self._written[written]]}
        return sorted(found)


def in_letters(text: str) -> list[str]:
    """What may be meant by digits among letters; a text without them as it is.

    >>> in_letters("4g1r")
    ['agir', 'aglr']
    """
    digits = {} if text.isalpha() or text.isdigit() else _LANGUAGE["digits"]
    return ["".join(letters) for letters in product(*(digits.get(one, one) for one in text))]

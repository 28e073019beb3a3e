"""How a word sounds in Kreyòl: French words as Kreyòl writes them, so that ``Jakmèl`` is Jacmel and ``Mòn`` is Morne.

Kreyòl is written as it is spoken, one sign for one sound. A French word has a few Kreyòl spellings, as its last letters
may be silent; a word that is Kreyòl already has one. All are compared without accents. The rules stand in
``vocabulary.toml``.
"""

import re
from functools import lru_cache
from itertools import product

from konbit_lessons.field.identity.forms import KNOWN

_BOTH, _FRENCH, _LAST = (KNOWN["spelling"][rules] for rules in ("both", "french", "last"))
_R_UNSPOKEN = re.compile(r"(?<=.)r+(?![aeioUNwyr])")
_SILENT = re.compile(r"[tdspxz]+$")


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

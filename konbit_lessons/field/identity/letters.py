"""The letters and words of a name without what hands vary: accents, case, marks. And what ``vocabulary.toml`` knows."""

import re
import tomllib
import unicodedata
from importlib.resources import files
from itertools import product

KNOWN = tomllib.loads((files(__package__) / "vocabulary.toml").read_text(encoding="utf-8"))
WEIGHTLESS = frozenset(KNOWN["language"]["weightless"].split())
LEGAL_FORMS = frozenset(KNOWN["language"]["legal_forms"].split())
_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: str) -> str:
    """Without accents and case."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


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


def in_letters(text: str) -> list[str]:
    """What may be meant by digits among letters; a text without them as it is.

    >>> in_letters("4g1r")
    ['agir', 'aglr']
    """
    if text.isalpha() or text.isdigit():
        return [text]
    return ["".join(letters) for letters in product(*(KNOWN["language"]["digits"].get(one, one) for one in text))]

"""Which typed name is which organization: sure matches only; what is not sure is left for a person to decide.

Two different organizations can differ by one word, so a false merge is worse than a miss. A name is matched when,
without accents, case, punctuation and spaces, and with abbreviations spelled out, it *is* a name on the roster (alone,
with its acronym, or the acronym alone where only one organization has it); or when it is a typing slip or two away
from exactly one of them and clearly farther from every other.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

SLIPS = 2  # letters lost, added, changed or swapped in a name
LETTERS_PER_SLIP = 10  # so that a short name allows one slip at most, and a very short one none
MARGIN = 2  # slips by which the second best must be worse
CANDIDATES = 3
CANDIDATE_SCORE = 70
_MOST_SPELLINGS = 16
_CHUNK = 2_000
_ROMAN = re.compile(r"[ivx]+")


@dataclass(frozen=True)
class Match:
    """What is known of one typed name.

    Attributes
    ----------
    organization_id : str or None
        None: not sure enough.
    how : str
        ``"code"``, ``"name"``, ``"acronym"``, ``"abbreviation"``, ``"slip"``, or ``"unresolved"``.
    score : float
        100 is equal.
    candidates : tuple of str
        Organizations it may be, best first; only where it is unresolved.
    """

    organization_id: str | None
    how: str
    score: float
    candidates: tuple[str, ...] = ()


class Roster:
    """The organizations of a programme, ready to be looked up by typed name.

    Parameters
    ----------
    organizations : DataFrame
        ``organization_id``, ``name``, ``acronym``.
    """

    def __init__(self, organizations: pd.DataFrame) -> None:
        self.ids = organizations["organization_id"].tolist()
        self._by_code = {fold(code): code for code in self.ids}
        names = [words(name) for name in organizations["name"]]
        acronyms = ["".join(words(text)) if isinstance(text, str) else "" for text in organizations["acronym"]]
        self._keys = ["".join(name) for name in names]
        self._words = names
        self._acronyms = acronyms
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._by_acronym: dict[str, set[str]] = defaultdict(set)
        for code, key, acronym in zip(self.ids, self._keys, acronyms, strict=True):
            self._exact[key].add(code)
            if acronym:
                self._by_acronym[acronym].add(code)
        self._vocabulary = sorted({word for name in names for word in name})

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
        open_names: dict[str, list[str]] = {}
        for name in dict.fromkeys(typed):
            sure = self._sure(name)
            if sure:
                found[name] = sure
            else:
                open_names[name] = self._spellings(name)
        return found | self._close(open_names)

    def _sure(self, name: str) -> Match | None:
        if fold(name) in self._by_code:
            return Match(self._by_code[fold(name)], "code", 100)
        body, acronym = _without_acronym(name)
        key, bracketed = "".join(words(body)), "".join(words(acronym))
        exact = self._exact.get(key, set())
        if bracketed and exact:
            exact = {code for code in exact if self._agrees(code, bracketed)}
        if len(exact) == 1:
            return Match(*exact, "name", 100)
        owners = self._by_acronym.get("".join(words(name)), set())
        if len(owners) == 1 and not exact:
            return Match(*owners, "acronym", 100)
        return None

    def _agrees(self, code: str, acronym: str) -> bool:
        return self._acronyms[self.ids.index(code)] in ("", acronym)

    def _spellings(self, name: str) -> list[str]:
        """The name without spaces, each abbreviated word spelled out in every way the roster knows."""
        options = []
        for word, dot in re.findall(r"([^\W\d_]+|\d+)(\.?)", _ampersand(_plain(_without_acronym(name)[0]))):
            short = dot and len(word) > 1
            whole = [known for known in self._vocabulary if known.startswith(word) and known != word] if short else []
            options.append([*whole, word])
        if np.prod([len(option) for option in options], dtype=float) > _MOST_SPELLINGS:
            options = [option[-1:] for option in options]
        return ["".join(spelling) for spelling in product(*options)]

    def _close(self, open_names: dict[str, list[str]]) -> dict[str, Match]:
        """Match what is a slip or two away; name the candidates of the rest."""
        found = {}
        names = list(open_names)
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            spelled = [(name, key) for name in chunk for key in open_names[name]]
            slips = process.cdist(
                [key for _, key in spelled],
                self._keys,
                scorer=OSA.distance,
                score_cutoff=SLIPS + MARGIN,
                dtype=np.uint8,
                workers=-1,
            )
            rows = defaultdict(list)
            for row, (name, _) in enumerate(spelled):
                rows[name].append(row)
            for name in chunk:
                found[name] = self._decide(name, open_names[name], slips[rows[name]])
        return found

    def _decide(self, name: str, keys: list[str], slips: np.ndarray) -> Match:
        nearest = slips.min(axis=0).astype(int)  # over the spellings; more than SLIPS + MARGIN reads as that plus one
        body, acronym = _without_acronym(name)
        for at in np.flatnonzero(nearest <= SLIPS + MARGIN):
            if not _same_numbers(words(body), self._words[at]):
                nearest[at] = SLIPS + MARGIN + 1
        best = int(nearest.argmin())
        key = keys[int(slips[:, best].argmin())]
        length = max(len(key), len(self._keys[best]))
        others = np.delete(nearest, best)
        sure = (
            nearest[best] <= min(SLIPS, length // LETTERS_PER_SLIP)
            and (not len(others) or others.min() - nearest[best] >= MARGIN)
            and self._agrees(self.ids[best], "".join(words(acronym)) or self._acronyms[best])
        )
        if sure:
            how = "slip" if nearest[best] else "abbreviation"
            return Match(self.ids[best], how, round(100 * (1 - nearest[best] / length), 1))
        return self._unresolved(name, keys)

    def _unresolved(self, name: str, keys: list[str]) -> Match:
        near: dict[str, float] = {}
        for key in keys:
            for _, score, at in process.extract(
                key, self._keys, scorer=fuzz.ratio, limit=CANDIDATES, score_cutoff=CANDIDATE_SCORE
            ):
                near[self.ids[at]] = max(score, near.get(self.ids[at], 0))
        for code in self._by_acronym.get("".join(words(name)), ()):
            near[code] = 100
        ranked = sorted(near, key=lambda code: (-near[code], code))
        most = max(CANDIDATES, len(self._by_acronym.get("".join(words(name)), ())))
        return Match(None, "unresolved", round(max(near.values(), default=0), 1), tuple(ranked[:most]))


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
    return re.findall(r"[^\W_]+", _ampersand(_plain(text)))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _ampersand(text: str) -> str:
    return text.replace("&", " et ")


def _without_acronym(name: str) -> tuple[str, str]:
    """A name and the acronym in brackets behind it.

    >>> _without_acronym("Asosyasyon Peyizan Thomonde (APT)")
    ('Asosyasyon Peyizan Thomonde', 'APT')
    """
    found = re.fullmatch(r"(.+?)\s*\(([^()]{2,12})\)\s*", name, flags=re.DOTALL)
    return (found[1], found[2]) if found else (name, "")


def _same_numbers(typed: list[str], name: list[str]) -> bool:
    """Numbers and roman numerals tell sections and branches apart: they are never a slip."""

    def numbers(parts: list[str]) -> list[str]:
        return sorted([*re.findall(r"\d+", " ".join(parts)), *filter(_ROMAN.fullmatch, parts)])

    return numbers(typed) == numbers(name)

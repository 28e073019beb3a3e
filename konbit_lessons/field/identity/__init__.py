"""Which typed name is which organization: sure matches only; what is not sure is left for a person to decide.

Two different organizations can differ by one word, so a false merge is worse than a miss. Each typed word is read as a
word of the roster (:mod:`~konbit_lessons.field.identity.vocabulary`); then the name is matched if it says every word
that tells organizations apart (places, families, numbers, branches), no word more, and no other comes near.
Order, function words and legal forms weigh nothing; a word for the kind of body may be lost where the others leave no
doubt. ``docs/identity.md`` has the rules in plain words and how often they are right.
"""

import re
from dataclasses import dataclass

import pandas as pd

from konbit_lessons.field.identity.candidates import CANDIDATES, Candidates
from konbit_lessons.field.identity.forms import fold, words
from konbit_lessons.field.identity.understanding import Understanding

__all__ = ["CANDIDATES", "Match", "Roster", "fold", "words"]


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


class Roster:
    """The organizations of a programme, ready to be looked up by typed name.

    Parameters
    ----------
    organizations : DataFrame
        ``organization_id``, ``name``, ``acronym``.
    """

    def __init__(self, organizations: pd.DataFrame) -> None:
        self.organizations = Understanding(organizations)
        self._candidates = Candidates(self.organizations)
        self.ids = [one.code for one in self.organizations.all]
        self._by_code = {fold(code): at for at, code in enumerate(self.ids)}

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
                unsure[name] = self.organizations.vocabulary.read(name)
                sure = self.organizations.understood(unsure[name])
            if sure:
                found[name] = Match(self.ids[sure[0]], *sure[1:])
        scores = self._candidates.of({name: reading for name, reading in unsure.items() if name not in found})
        return found | {name: self._unresolved(one) for name, one in scores.items()}

    def _as_it_stands(self, name: str) -> tuple[int, str, float] | None:
        """The code, the whole name, or the acronym alone, without accents, case, marks and spaces."""
        if fold(name) in self._by_code:
            return self._by_code[fold(name)], "code", 100
        body, bracketed = _without_acronym(name)
        exact = self.organizations.by_letters.get("".join(words(body)), [])
        if bracketed:
            exact = [at for at in exact if self.organizations.agrees(at, "".join(words(bracketed)))]
        if len(exact) == 1:
            return exact[0], "name", 100
        owners = self.organizations.owners(name)
        sure = len(owners) == 1 and not exact and self.organizations.all[owners[0]].acronym
        return (owners[0], "acronym", 100) if sure else None

    def _unresolved(self, scores: dict[int, float]) -> Match:
        ranked = sorted(scores, key=lambda at: (-scores[at], at))
        codes = tuple(self.ids[at] for at in ranked)
        return Match(None, "unresolved", max(scores.values(), default=0.0), codes, tuple(scores[at] for at in ranked))


def _without_acronym(name: str) -> tuple[str, str]:
    """A name and the acronym in brackets behind it.

    >>> _without_acronym("Groupement des Femmes de Thiès (GFT)")
    ('Groupement des Femmes de Thiès', 'GFT')
    """
    found = re.fullmatch(r"(.+?)\s*\(([^()]{2,12})\)\s*", name, flags=re.DOTALL)
    return (found[1], found[2]) if found else (name, "")

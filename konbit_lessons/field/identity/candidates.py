"""The organizations that an unsure name may be, best first."""

from collections import defaultdict

import numpy as np
from rapidfuzz import fuzz, process
from scipy import sparse

from konbit_lessons.field.identity.forms import words
from konbit_lessons.field.identity.reading import Reader, Reading

CANDIDATES = 3  # listed for an unsure name; more only if they fit it as well
CANDIDATE_SCORE = 50
ALIKE_SCORE = 80  # of a name compared letter by letter
TIE = 1  # points between candidates that fit a name as well
_OWN_WEIGHT = 1.5  # of a word that tells organizations apart; one for a kind of body weighs 1


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
        self.weight = np.array([self._weight(word) for word in self.columns])
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
        found = {name: _best(self._scores(reading)) for name, reading in unsure.items()}
        return {name: one or (self._alike(name) if unsure[name].extras else {}) for name, one in found.items()}

    def _scores(self, reading: Reading) -> np.ndarray:
        """How well each organization fits: words in common, heavier where they tell apart."""
        said, length, own_said = self._said(reading)
        typed = np.array([said.get(word, 0.0) for word in self.columns])
        own, kinds = (self.roster @ ((typed > 0) & which) for which in (~self.kind, self.kind))
        score = np.minimum(200 * (self.roster @ (typed * self.weight)) / (length + self.size), 100)
        if reading.cut_short:
            score[(own_said >= self.own) & (kinds + own >= self.words)] *= 0.8
        contradicted = (own == 0) & (self.own > 0) & (own_said > 0)
        score[contradicted | (kinds == 0) & (own_said > own) | (score < CANDIDATE_SCORE)] = 0
        return score

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

    def _alike(self, name: str) -> dict[int, float]:
        """Names of nearly the same letters, where a word is too far from any to be understood."""
        typed, known = "".join(words(name)), self.by_letters
        near = process.extract(typed, list(known), scorer=fuzz.ratio, score_cutoff=ALIKE_SCORE, limit=CANDIDATES)
        return {at: round(score, 1) for letters, score, _ in near for at in known[letters]}


def _best(row: np.ndarray) -> dict[int, float]:
    order = np.argsort(-row, kind="stable")
    fitting = int((row >= max(row[order[0]] - TIE, CANDIDATE_SCORE)).sum())
    return {int(at): round(float(row[at]), 1) for at in order[: max(fitting, CANDIDATES)] if row[at] > 0}

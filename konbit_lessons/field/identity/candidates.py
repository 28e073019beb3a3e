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
_CHUNK = 500


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
        self.weight = np.array([self._weight(word) for word in self.columns])
        self.kind = np.array([vocabulary.is_kind(word) for word in self.columns])
        self.roster = self._matrix([dict.fromkeys(one, 1.0) for one in known])
        self.size = np.array([sum(map(self._weight, one)) for one in known])
        self.size_in_words = np.array([len(one) for one in known], dtype=int)
        kinds = [[word for word in one if vocabulary.is_kind(word)] for one in known]
        self.own_size = self.size_in_words - np.array([len(one) for one in kinds], dtype=int)
        self.kinds_of_initials = defaultdict(set)
        for one in kinds:
            self.kinds_of_initials["".join(word[0] for word in one)].update(one)

    def of(self, unsure: dict[str, Reading]) -> dict[str, dict[int, float]]:
        """For each typed name, from how it was read, the places of its candidates and how well they fit, 0 to 100."""
        found, names = {}, list(unsure)
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            for name, row in zip(chunk, self._scores([unsure[name] for name in chunk]), strict=True):
                found[name] = _best(row) or (self._alike(name) if unsure[name].extras else {})
        return found

    def _scores(self, readings: list[Reading]) -> np.ndarray:
        """How well each organization fits each name: words in common, heavier where they tell apart."""
        said = [self._said(reading) for reading in readings]
        typed = self._matrix([row for row, _, _ in said])
        length, own_said = (np.array(column)[:, None] for column in list(zip(*said, strict=True))[1:])
        present = (typed > 0).astype(float)
        common, own, kinds = (
            (rows.multiply(weight).tocsr() @ self.roster.T).toarray()
            for rows, weight in ((typed, self.weight), (present, ~self.kind), (present, self.kind))
        )
        score = np.minimum(200 * common / (length + self.size), 100)
        complete = (own_said >= self.own_size) & (kinds + own >= self.size_in_words)
        score[complete & np.array([reading.cut_short for reading in readings])[:, None]] *= 0.8
        contradicted = (own == 0) & (self.own_size > 0) & (own_said > 0)
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

    def _matrix(self, rows: list[dict[str, float]]) -> sparse.csr_array:
        """Rows of words and how far they are said, a column for each word of the roster."""
        places = ((at, word, value) for at, row in enumerate(rows) for word, value in row.items())
        entries = [(at, self.columns[word], value) for at, word, value in places if word in self.columns]
        at, column, value = map(np.array, zip(*entries, strict=True)) if entries else (np.zeros(0, int),) * 3
        return sparse.csr_array((value, (at, column)), shape=(len(rows), len(self.columns)), dtype=float)


def _best(row: np.ndarray) -> dict[int, float]:
    order = np.argsort(-row, kind="stable")
    fitting = int((row >= max(row[order[0]] - TIE, CANDIDATE_SCORE)).sum())
    return {int(at): round(float(row[at]), 1) for at in order[: max(fitting, CANDIDATES)] if row[at] > 0}

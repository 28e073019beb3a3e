"""How organizations' names are typed in haste, on paper that is copied later, and in Kreyòl as it sounds.

Harder than the typing of ``konbit_lessons.example``, for measuring how surely a typed name finds its organization; with
guests whose names look like a partner's. The words are in ``hard_typing.toml``.
"""

import tomllib
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons.example.names import DEPARTMENT_OF, Typist, acronym, fold

HARD = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
NEXT_KEY = dict(zip(HARD["keys"], HARD["beside"], strict=True))


class HardTypist(Typist):
    """Types as in haste."""

    # how often: as the easy typist, acronym alone, Kreyòl, a word lost, words swapped, two or three slips, digits for
    # letters, words run together
    HARD_HABITS = (0.30, 0.08, 0.14, 0.09, 0.08, 0.15, 0.08, 0.08)

    def __init__(self, organizations: pd.DataFrame, rng: np.random.Generator):
        super().__init__(organizations, rng)
        self._said = defaultdict(set)  # what is a name, or is one in Kreyòl: of which organizations
        for name, spell in product(self._names.values(), (str, in_kreyol)):
            self._said[fold(spell(name))].add(name)

    def _variant(self, name, habit, where):
        hard = self._rng.choice(len(self.HARD_HABITS), p=self.HARD_HABITS)
        hands = (None, acronym, in_kreyol, self._lose_a_word, self._swap_words, self._slips, self._digits, self._run)
        return self._unless_another(name, hands[hard](name) if hard else super()._variant(name, habit, where))

    def _unless_another(self, name, typed):
        return typed if self._said.get(fold(typed), {name}) == {name} else name

    def _lose_a_word(self, name):
        parts = name.split()
        lost = self._rng.integers(len(parts))
        return " ".join(part for at, part in enumerate(parts) if at != lost) if len(parts) > 2 else name

    def _swap_words(self, name):
        parts = name.split()
        at = self._rng.integers(len(parts) - 1)
        return " ".join([*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]])

    def _slips(self, name):
        """Two or three letters lost, doubled, hit beside, or typed in the wrong order."""
        for _ in range(self._rng.integers(2, 4)):
            at = int(self._rng.integers(1, len(name) - 1))
            letter, after = name[at], name[at + 1]
            beside = NEXT_KEY.get(letter.lower(), letter)
            slip = (after, letter + letter + after, beside + after, after + letter)[self._rng.integers(4)]
            name = name[:at] + slip + name[at + 2 :]
        return name

    def _digits(self, name):
        digits = HARD["digits"]
        places = [at for at, letter in enumerate(name) if at and letter.lower() in digits]
        chosen = set(self._rng.permutation(places)[:2].tolist())
        return "".join(digits[letter.lower()] if at in chosen else letter for at, letter in enumerate(name))

    def _run(self, name):
        """Words run together."""
        spaces = [at for at, letter in enumerate(name) if letter == " "]
        chosen = set(self._rng.permutation(spaces)[: self._rng.integers(1, 3)].tolist())
        return "".join(letter for at, letter in enumerate(name) if at not in chosen)


def guest(typist: Typist, name: str) -> bool:
    """Let a typist remember the name of an organization that is on no roster; False if it may be one that is."""
    return fold(name) not in typist._folded and typist.aliases.setdefault(name, None) is None


def in_kreyol(name: str) -> str:
    """Return a name as Kreyòl spells it; what has no settled spelling there is left as it is."""
    for french, kreyol in HARD["kreyol"]:
        name = name.replace(french, kreyol)
    return name


def guest_names(rng: np.random.Generator, names: list[str]) -> list[str]:
    """Return names on no roster that look like one of `names`: another branch, town, section or family."""
    guests = []
    for name in rng.permutation(names):
        place = next((town for town in DEPARTMENT_OF if name.endswith(town)), None)
        family = next((surname for surname in HARD["other_family"] if surname in name), None)
        if place and rng.random() < 0.4:
            guests.append(f"{name} {HARD['branch']}")
        elif place:
            guests.append(name.removesuffix(place) + str(rng.choice([*DEPARTMENT_OF, *HARD["other_towns"]])))
        elif family:
            guests.append(name.replace(family, HARD["other_family"][family]))
    return guests


TYPISTS = {"easy": Typist, "hard": HardTypist}

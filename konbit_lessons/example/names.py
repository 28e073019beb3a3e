"""Invented names: organizations, people, and how a hurried hand types an organization's name.

A name is a kind of organization with a town or surname; when many are wanted, a locality is added, so that 10,000 stay
distinct. Any likeness to a real organization is chance. ``Typist`` types names with the slips seen in field records and
remembers which organization was meant: the answer key for identity matching.
"""

import re
import unicodedata
from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.example.facts import FACTS

WORDS, TYPING = FACTS["names"], FACTS["typing"]
DEPARTMENT_OF, SURNAMES, FIRST_NAMES = WORDS["towns"], WORDS["surnames"], WORDS["first_names"]
LOCALITIES = [f"{land} {mark}" for land, mark in product(WORDS["lands"], WORDS["marks"])]
PEOPLE = len(FIRST_NAMES) * len(SURNAMES)
NEXT_KEY = dict(zip(TYPING["keys"], TYPING["beside"], strict=True))


def organization_names(rng: np.random.Generator, count: int) -> tuple[list[tuple[str, str]], list[tuple[int, int]]]:
    """Return `count` distinct (name, department), and the pairs of positions whose names differ by one added word."""
    plain = [(kind.format(town), dept) for kind, (town, dept) in product(WORDS["of_a_town"], DEPARTMENT_OF.items())]
    departments = sorted(set(DEPARTMENT_OF.values()))
    personal = [kind.format(surname) for kind, surname in product(WORDS["of_a_person"], SURNAMES)]
    pool = plain + [(name, departments[rng.integers(len(departments))]) for name in personal]
    if count > len(pool) // 2:  # half of the short names are left free, so that few neighbours differ by a word only
        pool += [(f"{name}, {place}", dept) for (name, dept), place in product(plain, LOCALITIES)]
        pool += [(f"{name} de {town}", dept) for name, (town, dept) in product(personal, DEPARTMENT_OF.items())]
    if count > len(pool):
        raise ProgrammeError(f"organizations={count}: there are names for at most {len(pool)}. Ask for fewer.")
    return _with_twins(rng, [pool[i] for i in rng.permutation(len(pool))[:count]])


def _with_twins(rng, chosen):
    towns = [i for i, (name, _) in enumerate(chosen) if name.endswith(tuple(DEPARTMENT_OF))]
    pairs = rng.permutation(towns)[: 2 * min(len(towns) // 2, round(len(chosen) / 45))].reshape(-1, 2)
    for k, (first, second) in enumerate(pairs):
        name, department = chosen[first]
        chosen[second] = (f"{name} {WORDS['twins'][k % len(WORDS['twins'])]}", department)
    return chosen, [(int(first), int(second)) for first, second in pairs]


def acronym(name: str) -> str:
    """Return the initials of the words that begin with a capital: "Réseau des Entrepreneurs de Limbé" is REL."""
    return without_accents("".join(word[0] for word in re.split(r"[ ,'&-]+", name) if word[:1].isupper()))


def without_accents(text: str) -> str:
    """Return the text as typed on a keyboard without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Return what is left of a name when accents, case, spaces and marks are forgotten."""
    return re.sub(r"[^a-z0-9]", "", without_accents(text).lower())


def person(numbers) -> list[str]:
    """Return invented names of persons; numbers that differ by less than ``PEOPLE`` give different names."""
    return [f"{FIRST_NAMES[i % len(FIRST_NAMES)]} {SURNAMES[i // len(FIRST_NAMES) % len(SURNAMES)]}" for i in numbers]


def phones(rng: np.random.Generator, count: int) -> list[str]:
    """Return `count` telephone numbers that no one can have."""
    return [f"{WORDS['phone']}{number:06d}" for number in rng.integers(0, 1_000_000, count)]


class Typist:
    """Types organization names as people do; ``aliases`` maps all that was typed to the organization meant."""

    # how often: as registered, a letter lost, accents lost, capitals, stray spaces, acronym added, "et", abbreviated
    HABITS = (0.66, 0.06, 0.08, 0.05, 0.05, 0.05, 0.03, 0.02)

    def __init__(self, organizations: pd.DataFrame, rng: np.random.Generator):
        self.aliases: dict[str, str | None] = {}
        self._names = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
        self._folded = {fold(name) for name in self._names.values()}
        self._rng = rng

    def type(self, organization_ids) -> list[str]:
        """Return one typed name per id. A slip that would be another organization's name is typed correctly."""
        ids = list(organization_ids)
        habits = self._rng.choice(len(self.HABITS), len(ids), p=self.HABITS)
        where = self._rng.random(len(ids))
        return [self._remember(key, self._variant(self._names[key], *how)) for key, *how in zip(ids, habits, where)]  # noqa: B905

    def guest(self, name: str) -> bool:
        """Remember the name of an organization that is on no roster; False if it may be one that is."""
        return fold(name) not in self._folded and self.aliases.setdefault(name, None) is None

    def _remember(self, key, text):
        if self.aliases.setdefault(text, key) == key:
            return text
        return self._remember(key, self._names[key])

    def _variant(self, name, habit, where):
        abbreviated = next((pair for pair in TYPING["abbreviations"] if pair[0] in name), (name, name))
        position = 1 + int(where * (len(name) - 1))
        slip = self._unless_another(name, name[:position] + name[position + 1 :])
        typed = [name, slip, without_accents(name), name.upper(), f"  {name.replace(' de ', '  de ')} "]
        return [*typed, f"{name} ({acronym(name)})", name.replace("&", "et"), name.replace(*abbreviated)][habit]

    def _unless_another(self, name, typed):
        folded = fold(typed)
        return typed if folded == fold(name) or folded not in self._folded else name


class HardTypist(Typist):
    """Types as in haste, on paper that is copied later, and in Kreyòl as it sounds."""

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
        digits = TYPING["digits"]
        places = [at for at, letter in enumerate(name) if at and letter.lower() in digits]
        chosen = set(self._rng.permutation(places)[:2].tolist())
        return "".join(digits[letter.lower()] if at in chosen else letter for at, letter in enumerate(name))

    def _run(self, name):
        """Words run together."""
        spaces = [at for at, letter in enumerate(name) if letter == " "]
        chosen = set(self._rng.permutation(spaces)[: self._rng.integers(1, 3)].tolist())
        return "".join(letter for at, letter in enumerate(name) if at not in chosen)


def in_kreyol(name: str) -> str:
    """Return a name as Kreyòl spells it; what has no settled spelling there is left as it is."""
    for french, kreyol in TYPING["kreyol"]:
        name = name.replace(french, kreyol)
    return name


def guest_names(rng: np.random.Generator, names: list[str]) -> list[str]:
    """Return names on no roster that look like one of `names`: another branch, town, section or family."""
    guests = []
    for name in rng.permutation(names):
        place = next((town for town in DEPARTMENT_OF if name.endswith(town)), None)
        family = next((surname for surname in WORDS["other_family"] if surname in name), None)
        if place and rng.random() < 0.4:
            guests.append(f"{name} {WORDS['stranger']}")
        elif place:
            guests.append(name.removesuffix(place) + str(rng.choice([*DEPARTMENT_OF, *WORDS["other_towns"]])))
        elif family:
            guests.append(name.replace(family, WORDS["other_family"][family]))
    return guests

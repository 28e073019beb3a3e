"""``world.toml``, and the names it invents: organizations, people, and how a hurried hand types an organization's name.

A name is a kind of organization with a town or surname; when many are wanted, a locality is added, so that 10,000 stay
distinct. Any likeness to a real organization is chance. ``Typist`` types names with the slips seen in field records and
remembers which organization was meant: the answer key for identity matching.
"""

import re
import tomllib
import unicodedata
from importlib.resources import files
from itertools import cycle, product

import numpy as np
import pandas as pd

from konbit_lessons.errors import ProgrammeError

FACTS = tomllib.loads((files(__package__) / "world.toml").read_text(encoding="utf-8"))
WORDS, TYPING = FACTS["names"], FACTS["typing"]
DEPARTMENT_OF, SURNAMES, FIRST_NAMES = WORDS["towns"], WORDS["surnames"], WORDS["first_names"]
LOCALITIES = [f"{land} {mark}" for land, mark in product(WORDS["lands"], WORDS["marks"])]
PEOPLE = len(FIRST_NAMES) * len(SURNAMES)


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
    chosen = [pool[i] for i in rng.permutation(len(pool))[:count]]
    towns = [i for i, (name, _) in enumerate(chosen) if name.endswith(tuple(DEPARTMENT_OF))]
    pairs = rng.permutation(towns)[: 2 * min(len(towns) // 2, round(len(chosen) / 45))].reshape(-1, 2)
    for (first, second), twin in zip(pairs, cycle(WORDS["twins"]), strict=False):
        name, department = chosen[first]
        chosen[second] = (f"{name} {twin}", department)
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
        self.aliases: dict[str, str] = {}
        self._names = dict(zip(organizations["organization_id"], organizations["name"], strict=True))
        self._folded = {fold(name) for name in self._names.values()}
        self._rng = rng

    def type(self, organization_ids) -> list[str]:
        """Return one typed name per id. A slip that would be another organization's name is typed correctly."""
        ids = list(organization_ids)
        habits = self._rng.choice(len(self.HABITS), len(ids), p=self.HABITS)
        names = [self._names[key] for key in ids]
        typed = [(self._variant(*how), how[0]) for how in zip(names, habits, self._rng.random(len(ids)), strict=True)]
        remember = self.aliases.setdefault
        return [next(one for one in ways if remember(one, key) == key) for key, ways in zip(ids, typed, strict=True)]

    def _variant(self, name, habit, where):
        abbreviated = next((pair for pair in TYPING["abbreviations"] if pair[0] in name), (name, name))
        position = 1 + int(where * (len(name) - 1))
        slip = self._unless_another(name, name[:position] + name[position + 1 :])
        typed = [name, slip, without_accents(name), name.upper(), f"  {name.replace(' de ', '  de ')} "]
        return [*typed, f"{name} ({acronym(name)})", name.replace("&", "et"), name.replace(*abbreviated)][habit]

    def _unless_another(self, name, typed):
        folded = fold(typed)
        return typed if folded == fold(name) or folded not in self._folded else name

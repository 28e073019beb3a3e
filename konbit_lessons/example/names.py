"""Invented names: organizations, people, and how a hurried hand types an organization's name.

A name is a kind of organization with a Haitian town or surname; when many are wanted, a locality is added, so that
10,000 stay distinct. Any likeness to a real organization is chance. ``Typist`` types names with the slips seen in field
records and remembers which organization was meant: the answer key for identity matching.
"""

import re
import unicodedata
from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd

from konbit_lessons.errors import ProgrammeError

DEPARTMENT_OF = {
    "Aquin": "Sud", "Anse-à-Veau": "Nippes", "Bainet": "Sud-Est", "Cabaret": "Ouest", "Cap-Haïtien": "Nord",
    "Carrefour": "Ouest", "Côtes-de-Fer": "Sud-Est", "Croix-des-Bouquets": "Ouest", "Delmas": "Ouest",
    "Dessalines": "Artibonite", "Fort-Liberté": "Nord-Est", "Gonaïves": "Artibonite", "Gros-Morne": "Artibonite",
    "Hinche": "Centre", "Jacmel": "Sud-Est", "Jérémie": "Grand'Anse", "Lascahobas": "Centre", "Léogâne": "Ouest",
    "Les Cayes": "Sud", "Limbé": "Nord", "Miragoâne": "Nippes", "Mirebalais": "Centre", "Ouanaminthe": "Nord-Est",
    "Petit-Goâve": "Ouest", "Pétion-Ville": "Ouest", "Plaisance": "Nord", "Port-de-Paix": "Nord-Ouest",
    "Port-Salut": "Sud", "Saint-Marc": "Artibonite", "Thomonde": "Centre",
    "Verrettes": "Artibonite",
}  # fmt: skip
SURNAMES = (
    "Augustin", "Bélizaire", "Cadet", "Célestin", "Désir", "Dorcéus", "Étienne", "Jean-Baptiste", "Lafortune",
    "Métellus", "Mondésir", "Pierre-Louis", "Sainvil", "Théodore", "Toussaint", "Vilsaint",
)  # fmt: skip
FIRST_NAMES = (
    "Évens", "Frantz", "Guerda", "Jean", "Marie", "Mirlande", "Nadège", "Reginald", "Rose", "Wilner",
)  # fmt: skip
PEOPLE = len(FIRST_NAMES) * len(SURNAMES)
OF_A_TOWN = (
    "Asosyasyon Peyizan {}", "Association des Jeunes de {}", "Centre de Formation Professionnelle de {}",
    "Coopérative Agricole de {}", "Fondation pour le Développement de {}", "Initiative Citoyenne de {}",
    "Mouvement Paysan de {}", "Oganizasyon Fanm Vanyan {}", "Organisation des Femmes de {}",
    "Réseau des Entrepreneurs de {}",
)  # fmt: skip
OF_A_PERSON = (
    "Bureau d'Études {}", "Cabinet {} & Associés", "Groupe {} Conseil S.A.", "Institut {} de Gestion",
    "Société {} et Frères",
)  # fmt: skip
LOCALITIES = tuple(
    f"{land} {mark}"
    for land, mark in product(
        ("Bwa", "Gran Plas", "Kafou", "Mòn", "Platon", "Ravin", "Rivyè", "Savann"),
        ("Dlo", "Kokoye", "Mango", "Panyòl", "Senjan", "Wouj", "Zanmann", "Zoranj"),
    )
)
ABBREVIATIONS = (
    ("Fondation pour le Développement", "Fond. pour le Dév."), ("Association", "Assoc."), ("Organisation", "Org."),
    ("Coopérative", "Coop."),
)  # fmt: skip
TWIN_WORDS = ("Nord", "et Environs")
STRANGER_WORD = "Sud"  # a near twin of an organization that is itself on no roster


# hard typing
KREYOL = (
    ("Association des Jeunes de", "Asosyasyon Jèn"),
    ("Centre de Formation Professionnelle de", "Sant Fòmasyon Pwofesyonèl"),
    ("Coopérative Agricole de", "Koperativ Agrikòl"),
    ("Fondation pour le Développement de", "Fondasyon pou Devlopman"),
    ("Initiative Citoyenne de", "Inisyativ Sitwayen"),
    ("Mouvement Paysan de", "Mouvman Peyizan"), ("Oganizasyon", "Òganizasyon"),
    ("Organisation des Femmes de", "Òganizasyon Fanm"), ("Réseau des Entrepreneurs de", "Rezo Antreprenè"),
    ("Bureau d'Études", "Biwo Etid"), ("Cabinet", "Kabinè"), ("& Associés", "ak Asosye"), ("Groupe", "Gwoup"),
    ("Conseil", "Konsèy"), ("Institut", "Enstiti"), ("de Gestion", "Jesyon"), ("Société", "Sosyete"),
    ("et Frères", "ak Frè"), ("et Environs", "ak Zalantou"), ("Nord", "Nò"),
    ("Aquin", "Aken"), ("Anse-à-Veau", "Ansavo"), ("Bainet", "Benè"), ("Cap-Haïtien", "Okap"), ("Carrefour", "Kafou"),
    ("Côtes-de-Fer", "Kòtdefè"), ("Croix-des-Bouquets", "Kwadèboukè"), ("Dessalines", "Desalin"),
    ("Fort-Liberté", "Fòlibète"), ("Gonaïves", "Gonayiv"), ("Gros-Morne", "Gwo Mòn"), ("Hinche", "Ench"),
    ("Jacmel", "Jakmèl"), ("Jérémie", "Jeremi"), ("Lascahobas", "Laskawobas"), ("Léogâne", "Leyogàn"),
    ("Les Cayes", "Okay"), ("Limbé", "Lenbe"), ("Miragoâne", "Miragwàn"), ("Mirebalais", "Mibalè"),
    ("Ouanaminthe", "Wanament"), ("Petit-Goâve", "Ti Gwav"), ("Pétion-Ville", "Petyonvil"), ("Plaisance", "Plezans"),
    ("Port-de-Paix", "Pòdepè"), ("Port-Salut", "Pò Sali"), ("Saint-Marc", "Sen Mak"), ("Thomonde", "Tomonn"),
    ("Verrettes", "Vèrèt"), ("Augustin", "Ogisten"), ("Bélizaire", "Belizè"), ("Cadet", "Kadè"),
    ("Célestin", "Selesten"), ("Mondésir", "Mondezi"), ("Désir", "Dezi"), ("Étienne", "Etyèn"),
    ("Jean-Baptiste", "Jan Batis"), ("Lafortune", "Lafòtin"), ("Pierre-Louis", "Pyè Lwi"), ("Sainvil", "Senvil"),
    ("Théodore", "Teyodò"), ("Toussaint", "Tousen"), ("Vilsaint", "Vilsen"),
)  # fmt: skip
NEXT_KEY = dict(zip("azertyuiopqsdfghjklmwxcvbn", "zertyuioppsdfghjklmlxcvbnn", strict=True))  # on a French keyboard
DIGIT_FOR = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5"}
OTHER_TOWNS = ("Arcahaie", "Bassin-Bleu", "Cavaillon", "Ennery", "Kenscoff", "Limonade", "Maïssade", "Thomazeau")
OTHER_FAMILY = {
    "Augustin": "Auguste", "Bélizaire": "Bélizer", "Cadet": "Cadeau", "Célestin": "Célestine", "Désir": "Désiré",
    "Lafortune": "Lafontant", "Métellus": "Métayer", "Théodore": "Théodule", "Sainvil": "Sainvilus",
}  # fmt: skip


def organization_names(rng: np.random.Generator, count: int) -> tuple[list[tuple[str, str]], list[tuple[int, int]]]:
    """Return `count` distinct (name, department), and the pairs of positions whose names differ by one added word."""
    plain = [(kind.format(town), dept) for kind, (town, dept) in product(OF_A_TOWN, DEPARTMENT_OF.items())]
    departments = sorted(set(DEPARTMENT_OF.values()))
    personal = [kind.format(surname) for kind, surname in product(OF_A_PERSON, SURNAMES)]
    pool = plain + [(name, departments[rng.integers(len(departments))]) for name in personal]
    if count > len(pool) // 2:  # half of the short names are left free, so that few neighbours differ by a word only
        pool += [(f"{name}, {place}", dept) for (name, dept), place in product(plain, LOCALITIES)]
        pool += [(f"{name} de {town}", dept) for name, (town, dept) in product(personal, DEPARTMENT_OF.items())]
    if count > len(pool):
        raise ProgrammeError(f"organizations={count}: there are names for at most {len(pool)}. Ask for fewer.")
    chosen = [pool[i] for i in rng.permutation(len(pool))[:count]]
    return _with_twins(rng, chosen)


def _with_twins(rng, chosen):
    towns = [i for i, (name, _) in enumerate(chosen) if name.endswith(tuple(DEPARTMENT_OF))]
    pairs = rng.permutation(towns)[: 2 * min(len(towns) // 2, round(len(chosen) / 45))].reshape(-1, 2)
    for k, (first, second) in enumerate(pairs):
        name, department = chosen[first]
        chosen[second] = (f"{name} {TWIN_WORDS[k % len(TWIN_WORDS)]}", department)
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
    """Return `count` numbers in Haitian form that no one can have: subscribers' numbers do not begin with 0."""
    return [f"+509 00{number:06d}" for number in rng.integers(0, 1_000_000, count)]


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
        match habit:
            case 1:
                return self._slip(name, 1 + int(where * (len(name) - 1)))
            case 2:
                return without_accents(name)
            case 3:
                return name.upper()
            case 4:
                return f"  {name.replace(' de ', '  de ')} "
            case 5:
                return f"{name} ({acronym(name)})"
            case 6:
                return name.replace("&", "et")
            case 7:
                return next((name.replace(*pair) for pair in ABBREVIATIONS if pair[0] in name), name)
        return name

    def _slip(self, name, position):
        return self._unless_another(name, name[:position] + name[position + 1 :])

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
        for name in self._names.values():
            for spelled in (name, in_kreyol(name)):
                self._said[fold(spelled)].add(name)

    def _variant(self, name, habit, where):
        hard = self._rng.choice(len(self.HARD_HABITS), p=self.HARD_HABITS)
        return self._unless_another(name, self._hard(name, hard) or super()._variant(name, habit, where))

    def _unless_another(self, name, typed):
        return typed if self._said.get(fold(typed), {name}) == {name} else name

    def _hard(self, name, habit):
        match habit:
            case 1:
                return acronym(name)
            case 2:
                return in_kreyol(name)
            case 3:
                return self._lose_a_word(name)
            case 4:
                return self._swap_words(name)
            case 5:
                return self._slips(name, self._rng.integers(2, 4))
            case 6:
                return self._digits(name)
            case 7:
                return self._run_together(name)
        return None

    def _lose_a_word(self, name):
        parts = name.split()
        lost = self._rng.integers(len(parts))
        return " ".join(part for at, part in enumerate(parts) if at != lost) if len(parts) > 2 else name

    def _swap_words(self, name):
        parts = name.split()
        at = self._rng.integers(len(parts) - 1)
        return " ".join([*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]])

    def _slips(self, name, count):
        """Letters lost, doubled, hit beside, or typed in the wrong order."""
        for _ in range(count):
            at = int(self._rng.integers(1, len(name) - 1))
            letter, after = name[at], name[at + 1]
            beside = NEXT_KEY.get(letter.lower(), letter)
            slip = (after, letter + letter + after, beside + after, after + letter)[self._rng.integers(4)]
            name = name[:at] + slip + name[at + 2 :]
        return name

    def _digits(self, name):
        places = [at for at, letter in enumerate(name) if at and letter.lower() in DIGIT_FOR]
        chosen = set(self._rng.permutation(places)[:2].tolist())
        return "".join(DIGIT_FOR[letter.lower()] if at in chosen else letter for at, letter in enumerate(name))

    def _run_together(self, name):
        spaces = [at for at, letter in enumerate(name) if letter == " "]
        chosen = set(self._rng.permutation(spaces)[: self._rng.integers(1, 3)].tolist())
        return "".join(letter for at, letter in enumerate(name) if at not in chosen)


def in_kreyol(name: str) -> str:
    """Return a name as Kreyòl spells it; what has no settled spelling there is left as it is."""
    for french, kreyol in KREYOL:
        name = name.replace(french, kreyol)
    return name


def guest_names(rng: np.random.Generator, names: list[str]) -> list[str]:
    """Return names on no roster that look like one of `names`: another branch, town, section or family."""
    guests = []
    for name in rng.permutation(names):
        place = next((town for town in DEPARTMENT_OF if name.endswith(town)), None)
        family = next((surname for surname in OTHER_FAMILY if surname in name), None)
        if place:
            guests.append(
                f"{name} {STRANGER_WORD}"
                if rng.random() < 0.4
                else name.removesuffix(place) + str(rng.choice([*DEPARTMENT_OF, *OTHER_TOWNS]))
            )
        elif family:
            guests.append(name.replace(family, OTHER_FAMILY[family]))
    return guests

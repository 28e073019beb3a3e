"""A second way to invent and mistype names of organizations, which shares nothing with the example's.

Names are of many shapes, several of them a word apart; half of them are on the roster and the other half are guests,
whose names are mistyped just as well. What was typed may be spoiled twice over.
"""

import random
import re
import unicodedata
from itertools import product

import pandas as pd

SHAPES = (
    "Union des Planteurs de {town}", "Association des Femmes de {town}",
    "Association des Femmes Entrepreneures de {town}",
    "Asosyasyon Plantè {n}e Seksyon {town}", "Komite Devlopman {town}", "Gwoupman Fanm Solid {town}",
    "Fédération des Producteurs de Café de {town}", "Chambre de Commerce de {town}", "Konbit Peyizan {town}",
    "Coopérative d'Épargne et de Crédit de {town}", "Klib Jèn {town}", "Fondasyon Men Kontre {town}",
    "Mouvement des Paysans de {town}", "Mouvement des Paysannes de {town}", "Tèt Ansanm pou {town}",
    "Centre d'Études et de Recherches de {town}", "Youth Leadership Network {town}", "Fondation {family}",
    "{family} Consulting Group", "{family} & Fils Construction S.A.", "Agro-Services {family}", "Ets {family} et Cie",
    "Maison {family} Import-Export", "Laboratoire {family}", "Ligue des Femmes pour le Progrès de {town}",
)  # fmt: skip
TOWNS = (
    "Ennery", "Kenscoff", "Thomazeau", "Thomassique", "Cavaillon", "Camp-Perrin", "Belladère", "Belle-Anse",
    "Savanette",
    "Maïssade", "Marigot", "Milot", "Pilate", "Pignon", "Bassin-Bleu", "Jean-Rabel", "Saint-Michel", "Saint-Raphaël",
    "Grand-Goâve", "Petit-Goâve", "Cerca-Carvajal", "Cerca-la-Source", "Trou-du-Nord", "Corail", "Dame-Marie",
    "Arcahaie",
    "La Chapelle", "Roche-à-Bateau", "Fond-Parisien", "Desarmes", "Bois-Neuf", "Haut-Bassin", "Bas-Bassin",
    "Nan Palmis",
)  # fmt: skip
FAMILIES = (
    "Adrien", "Alcindor", "Altidor", "Bazile", "Boisrond", "Charles", "Charlot", "Chéry", "Clervil", "Dorval", "Dorvil",
    "Duval", "Estimé", "Exantus", "Fils-Aimé", "Florvil", "Guerrier", "Jean-Louis", "Jean-Pierre", "Joseph", "Lamour",
    "Laurent", "Magloire", "Mathurin", "Mentor", "Petit-Frère", "Philogène", "Saint-Fleur", "Saintilus", "Vertilus",
    "Zamor",
)  # fmt: skip
SOUNDS = (
    ("tion", "syon"), ("eau", "o"), ("au", "o"), ("qu", "k"), ("ph", "f"), ("c(?=[eiéè])", "s"), ("c(?!h)", "k"),
    ("oi", "wa"), ("eu", "e"), ("g(?=[ei])", "j"), ("ss", "s"), ("e\\b", ""), ("é", "e"), ("y(?=[aeo])", "y"),
)  # fmt: skip


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.lower().replace("&", "et"))
    return re.sub("[^a-z0-9]", "", plain)


def names(chance: random.Random, count: int) -> tuple[pd.DataFrame, list[str]]:
    """A roster of `count` organizations, and as many names of guests."""
    pool = sorted({shape.format(town=t, family=f, n=n) for shape, t, f, n in product(SHAPES, TOWNS, FAMILIES, "123")})
    chosen = chance.sample(pool, 2 * count)
    ids = [f"ORG-{number:04d}" for number in range(count)]
    acronyms = [initials(name) if chance.random() < 0.7 else None for name in chosen[:count]]
    return pd.DataFrame({"organization_id": ids, "name": chosen[:count], "acronym": acronyms}), chosen[count:]


def initials(name: str) -> str:
    return "".join(word[0] for word in re.split(r"[ '&.-]+", name) if word[:1].isupper())


def typed(chance: random.Random, name: str, *, times: int) -> str:
    """The name as a hand may write it, spoiled so many times."""
    for _ in range(times):
        name = chance.choice((plainer, misspelt, misspelt, by_ear, shortened, stuck, turned, dropped, figures))(
            chance, name
        )
    return name


def plainer(chance, name):
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return chance.choice((plain, plain.upper(), name.lower(), name.replace("-", " "), f"{name} ({initials(name)})"))


def misspelt(chance, name):
    at = chance.randrange(1, len(name) - 1)
    letter = chance.choice("aeinorstlu")
    return chance.choice(
        (name[:at] + name[at + 1 :], name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :],
         name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    )  # fmt: skip


def by_ear(chance, name):
    for heard, written in chance.sample(SOUNDS, 6):
        name = re.sub(heard, written, name)
    return name


def shortened(chance, name):
    long = [word for word in re.findall(r"[^\W\d_]{7,}", name) if name.startswith(word) or chance.random() < 0.3]
    return name.replace(long[0], long[0][: chance.randint(3, 5)] + ".") if long else name


def stuck(chance, name):
    gaps = [at for at, letter in enumerate(name) if letter == " "]
    at = chance.choice(gaps or [len(name)])
    return name[:at] + name[at + 1 :]


def turned(chance, name):
    parts = name.split()
    at = chance.randrange(len(parts))
    return " ".join([*parts[at:], *parts[:at]])


def dropped(chance, name):
    parts = name.split()
    parts.pop(chance.randrange(len(parts)))
    return " ".join(parts) if len(parts) > 1 else name


def figures(chance, name):
    letter, digit = chance.choice(("o0", "i1", "l1", "e3", "s5", "a4"))
    return name[0] + name[1:].replace(letter, digit, 1)

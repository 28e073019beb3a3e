"""Haiti's ten departments: how people write them, and where each stands on a map of tiles."""

import pandas as pd

from konbit_lessons.field.identity import fold
from konbit_lessons.words import mark

TILES = {  # department → column and row of its tile
    mark("Nord-Ouest"): (1, 0),
    mark("Nord"): (2, 0),
    mark("Nord-Est"): (3, 0),
    mark("Artibonite"): (2, 1),
    mark("Centre"): (3, 1),
    mark("Grand'Anse"): (0, 2),
    mark("Nippes"): (1, 2),
    mark("Ouest"): (2, 2),
    mark("Sud"): (0, 3),
    mark("Sud-Est"): (2, 3),
}
SPELLINGS = {  # in Kreyòl and English, and with other hands' hyphens; abbreviations are two of them at once
    "Nord-Ouest": ("nòdwès", "nò lwès", "north west", "northwest"),
    "Nord": ("nò", "north"),
    "Nord-Est": ("nòdès", "nò ès", "north east", "northeast"),
    "Artibonite": ("latibonit", "l'artibonite"),
    "Centre": ("sant", "plateau central", "center"),
    "Grand'Anse": ("grandans", "grande anse", "grand anse"),
    "Nippes": ("nip",),
    "Ouest": ("lwès", "l'ouest", "west"),
    "Sud": ("sid", "south"),
    "Sud-Est": ("sidès", "sid ès", "south east", "southeast"),
}
BESIDE = {"departement", "department", "depatman", "du", "de", "la", "l"}  # words that stand beside a name


def department(typed: pd.Series) -> pd.Series:
    """Which of the ten each typed department is; "" where it is none of them, or NO, which is two.

    >>> department(pd.Series(["LWÈS", "Grand Anse", "Département du Sud-Est", "Nò", "NO", None])).tolist()
    ['Ouest', "Grand'Anse", 'Sud-Est', 'Nord', '', '']
    """
    every = [(name, one) for name in TILES for one in (name, *SPELLINGS[name])]
    known = {_key(one): name for name, one in every if len(one) > 2} | {one.casefold(): name for name, one in every}

    def of(text: object) -> str:
        return known.get(text.strip().casefold()) or known.get(_key(text), "") if isinstance(text, str) else ""

    return typed.map(of).astype("str")


def _key(text: str) -> str:
    return "".join(word for word in fold(text).split() if word not in BESIDE)

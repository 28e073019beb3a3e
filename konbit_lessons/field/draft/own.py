"""What no table has and the values speak for: a programme's own incentives, questions and expectations.

Each is named by the vocabulary where it knows the header, else by the header itself, which is its label too.
"""

import re
from dataclasses import dataclass

from konbit_lessons.field import identity
from konbit_lessons.field.draft.evidence import NO_ANSWER_CODES, Column
from konbit_lessons.field.draft.folder import Unit
from konbit_lessons.field.draft.vocabulary import currency_in, folded, likeness, meanings
from konbit_lessons.tables import TABLES, codebook

SURE_NAME = 0.9  # likeness of a header to a thing of the vocabulary from which it has its name
PROBABLY_OTHER = 0.8  # likeness to what is no thing of a programme


@dataclass(frozen=True)
class Own:
    """One thing that a programme declares.

    Attributes
    ----------
    section, name : str
        Where it stands in programme.toml, and what it is called there.
    column, header : str
        Its column of the table, and in the file.
    says : tuple of str
        What it can be labelled.
    more : dict of str to str
        Keys beside its label.
    """

    section: str
    name: str
    column: str
    header: str
    says: tuple[str, ...]
    more: dict[str, object]


def own_columns(unit: Unit, table: str, headers: list[str], beside: set[str]) -> list[Own]:
    """The things that a programme declares among columns that are none of the table's.

    Parameters
    ----------
    unit : Unit
    table : str
        That it is read as; events offer incentives, a survey asks questions, conversations hold expectations.
    headers : list of str
        The columns that are left.
    beside : set of str
        The headers that resemble what is no thing of a programme.
    """
    if table not in _FINDS:
        return []
    found: dict[str, Own] = {}
    for header in headers:
        column = unit.columns[header]
        if column.blank or column.given:
            continue
        one = _FINDS[table](column, unit, header in beside)
        if one and one.column not in found:
            found[one.column] = one
    return list(found.values())


def _incentive(column: Column, unit: Unit, beside: bool) -> Own | None:
    name, known = named(column.says, "incentives")
    if beside and not known:
        return None
    if column.share("yes_no") >= 0.8:
        return Own("incentives", name, name, column.header, column.says, {})
    if column.converts("amount") >= 0.7 and (currency_in(column.header) or known):
        return Own("incentives", name, f"{name}_amount", column.header, column.says, {"kind": "amount"})
    return None


def _expectation(column: Column, unit: Unit, beside: bool) -> Own | None:
    question, slash, _ = column.header.rpartition("/")
    leads = folded("expects", "leads")
    if column.share("yes_no") < 0.8:
        return None
    asked = any(set(identity.words(said.rpartition("/")[0])) & leads for said in column.says)
    if not slash and set(identity.words(column.header)) & leads:
        words = [word for word in identity.words(column.header) if word not in leads]
        name, _ = named((" ".join(words),), "expectations")
        return Own("expectations", name, f"expects_{name}", column.header, column.says, {}) if words else None
    if slash and (asked or _known_choices(question, unit) >= 3):
        choices = tuple(said.rpartition("/")[2] for said in column.says)
        name, _ = named(choices, "expectations")
        return Own("expectations", name, f"expects_{name}", column.header, choices, {})
    return None


def _known_choices(question: str, unit: Unit) -> int:
    """How many choices of a question are things that partners often expect."""
    others = [column for header, column in unit.columns.items() if header.rpartition("/")[0] == question]
    return sum(named(tuple(said.rpartition("/")[2] for said in one.says), "expectations")[1] for one in others)


def _question(column: Column, unit: Unit, beside: bool) -> Own | None:
    if one := _expectation(column, unit, beside):
        return one
    name, known = named(column.says, "questions")
    more = _answers(column)
    if more is None or "/" in column.header or (beside and not known):
        return None
    return Own("questions", name, name, column.header, column.says, more)


def _answers(column: Column) -> dict[str, object] | None:
    """How a question is answered, as keys of programme.toml; None where by text."""
    values = [value for value in column.counts.index if value not in NO_ANSWER_CODES]
    points = [int(value) for value in values if value.isdigit()]
    if column.share("yes_no") >= 0.9:
        return {"kind": "yes_no"}
    if column.share("point") + column.share("answer") >= 0.9 and column.share("point") > 0.3:
        low, high = min(points, default=1), max(points, default=5)
        return (
            {}
            if low >= 1 and high <= 5
            else {"scale": [0 if low == 0 else 1, 10 if high > 7 else 7 if high > 5 else 5]}
        )
    if column.converts("amount") >= 0.8:
        money = currency_in(column.header)
        return {"kind": "number"} | ({"unit": "currency"} if money else {})
    unknown = meanings("unknown")
    if column.kinds and column.share("words") < 0.9:
        kinds = {slug(value): value for value in values if identity.fold(value) not in unknown}
        return {"kind": "choice", "levels": kinds} if len(kinds) > 1 else None
    return None


def named(says: tuple[str, ...], group: str) -> tuple[str, bool]:
    """The name of a thing: that of the vocabulary where one is surely meant; else its header's. And which it is."""
    found = [(degree, what) for said in says for (of, what), degree in likeness(said).items() if of == group]
    degree, what = max(found, default=(0.0, ""))
    return (what, True) if degree >= SURE_NAME else (slug(says[0]), False)


def without_unit(text: str) -> str:
    """A header without the currency in brackets behind it.

    >>> without_unit("Prime (FCFA)"), without_unit("Motivation (1 à 5)")
    ('Prime', 'Motivation (1 à 5)')
    """
    return re.sub(r"\s*\([^()]*\)\s*$", lambda found: "" if currency_in(found[0]) else found[0], text)


def as_label(text: str) -> str:
    """A header as people read it.

    >>> as_label("acces_semences"), as_label("Prime (FCFA)")
    ('Acces semences', 'Prime')
    """
    words = without_unit(text).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def slug(text: str) -> str:
    """A name of small letters for a text, without its unit.

    >>> slug("Bon de semences"), slug("Prime (FCFA)"), slug("2e choix")
    ('bon_de_semences', 'prime', 'q_2e_choix')
    """
    words = [word for word in identity.words(without_unit(text)) if not currency_in(word)]
    name = "_".join(words[:5]) or "x"
    reserved = {column for table in TABLES for column in codebook()["tables"][table]["columns"]}
    return name if name[0].isalpha() and name not in reserved else f"q_{name}"


_FINDS = {"events": _incentive, "survey": _question, "conversations": _expectation}

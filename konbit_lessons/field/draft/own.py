"""What no table has and the values speak for: a programme's own incentives, questions and expectations.

Each is named by the vocabulary where it knows the header, else by the header itself, which is its label too.
"""

import re
from dataclasses import dataclass, field

from konbit_lessons.field import identity
from konbit_lessons.field.declared import AMOUNT, EXPECTS
from konbit_lessons.field.draft.evidence import NO_ANSWER_CODES, Column
from konbit_lessons.field.draft.folder import Unit
from konbit_lessons.field.draft.evidence import currency_in, folded, meanings, nearest
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
    header : str
        Its column in the file.
    label : str
        What it can be called.
    more : dict of str to object
        Keys beside its label.
    """

    section: str
    name: str
    header: str
    label: str
    more: dict[str, object] = field(default_factory=dict)

    @property
    def column(self) -> str:
        """Its column of the table."""
        before, behind = EXPECTS * (self.section == "expectations"), AMOUNT * (self.more.get("kind") == "amount")
        return f"{before}{self.name}{behind}"


def own_columns(unit: Unit, table: str, headers: list[str]) -> list[Own]:
    """The things that a programme declares among columns that are none of the table's.

    Parameters
    ----------
    unit : Unit
    table : str
        That it is read as; events offer incentives, a survey asks questions, conversations hold expectations.
    headers : list of str
        The columns that are left.
    """
    found: dict[str, Own] = {}
    for header in headers if table in _FINDS else ():
        column = unit.columns[header]
        one = None if column.blank or column.given else _FINDS[table](column, unit)
        if one:
            found.setdefault(one.column, one)
    return list(found.values())


def _incentive(column: Column, unit: Unit) -> Own | None:
    name, known = named(column.says, "incentives")
    more = {} if column.share("yes_no") >= 0.8 else {"kind": "amount"}
    paid = column.share("amount") >= 0.7 and (currency_in(column.header) or known)
    if (column.beside[0] >= PROBABLY_OTHER and not known) or (more and not paid):
        return None
    return Own("incentives", name, column.header, as_label(column.header), more)


def _expectation(column: Column, unit: Unit) -> Own | None:
    if column.share("yes_no") < 0.8:
        return None
    question, slash, _ = column.header.rpartition("/")
    leads = folded("expects", "leads")
    said = tuple(one.rpartition("/")[2] for one in column.says)
    if slash:
        asked = any(set(identity.words(one.rpartition("/")[0])) & leads for one in column.says)
        found = asked or _known_choices(question, unit) >= 3
    else:
        words = identity.words(column.header)
        said = (" ".join(word for word in words if word not in leads),)
        found = said[0] and not leads.isdisjoint(words)
    label = as_label(said[0] if slash else column.header)
    return Own("expectations", named(said, "expectations")[0], column.header, label) if found else None


def _known_choices(question: str, unit: Unit) -> int:
    """How many choices of a question are things that partners often expect."""
    others = [column for header, column in unit.columns.items() if header.rpartition("/")[0] == question]
    return sum(named(tuple(said.rpartition("/")[2] for said in one.says), "expectations")[1] for one in others)


def _question(column: Column, unit: Unit) -> Own | None:
    if one := _expectation(column, unit):
        return one
    name, known = named(column.says, "questions")
    more = _answers(column)
    if more is None or "/" in column.header or (column.beside[0] >= PROBABLY_OTHER and not known):
        return None
    return Own("questions", name, column.header, as_label(column.header), more)


def _answers(column: Column) -> dict[str, object] | None:
    """How a question is answered, as keys of programme.toml; None where by text."""
    values = [value for value in column.counts.index if value not in NO_ANSWER_CODES]
    if column.share("yes_no") >= 0.9:
        return {"kind": "yes_no"}
    if column.share("point") + column.share("answer") >= 0.9 and column.share("point") > 0.3:
        points = [int(value) for value in values if value.isdigit()]
        low, high = min(points, default=1), max(points, default=5)
        scale = [min(low, 1), 5 if high <= 5 else 7 if high <= 7 else 10]
        return {} if scale == [1, 5] else {"scale": scale}
    if column.share("amount") >= 0.8:
        return {"kind": "number"} | ({"unit": "currency"} if currency_in(column.header) else {})
    if column.kinds and column.share("words") < 0.9:
        kinds = {slug(value): value for value in values if identity.fold(value) not in meanings("unknown")}
        return {"kind": "choice", "levels": kinds} if len(kinds) > 1 else None
    return None


def named(says: tuple[str, ...], group: str) -> tuple[str, bool]:
    """The name of a thing: that of the vocabulary where one is surely meant; else its header's. And which it is."""
    degree, what = nearest(says, group)
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

"""A language in which every message stands in brackets, so that what is not translated shows."""

import re

from babel.messages.pofile import read_po, write_po

from konbit_lessons.words import Words
from konbit_lessons.words.extract import POT


def pseudo_language(folder):
    """Write the language into a folder and return its words."""
    with POT.open("rb") as file:
        catalog = read_po(file, locale="en")
    for message in catalog:
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            wrapped = tuple(f"⟦{form}⟧" for form in forms)
            message.string = wrapped if len(wrapped) > 1 else wrapped[0]
    with (folder / "eo.po").open("wb") as file:
        write_po(file, catalog)
    return Words("eo", folder=folder)


def untranslated(text):
    """What stands outside all brackets, without numbers, names from data and signs."""
    depth, outside = 0, []
    for letter in text:
        depth += {"⟦": 1, "⟧": -1}.get(letter, 0)
        outside.append(letter if depth == 0 else " ")
    return re.findall(r"[^\W\d_]{3,}", "".join(outside))

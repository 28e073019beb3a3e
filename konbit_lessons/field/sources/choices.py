"""Choices of a select_multiple as True, False and missing, whether or not there is a form.

What the three ways of exporting them (joined and one column per choice, joined only, choices only) hold is brought to
one shape: the joined column of names, then one column ``question/choice`` per choice.
"""

import re
from collections import defaultdict

import pandas as pd

from konbit_lessons.field.texts import encoded, looked_up

FLAGS = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False}


def are_flags(values: pd.Series) -> bool:
    """Whether a column holds nothing but 0, 1 and blank."""
    return {text.strip().lower() for text in values.dropna().unique()} <= FLAGS.keys()


def flags_of(values: pd.Series) -> pd.Series:
    """A column of 0, 1 and blank as True, False and missing."""
    if values.dtype == "boolean":
        return values
    return looked_up(values, {text: FLAGS[text.strip().lower()] for text in values.dropna().unique()}, "boolean")


def agreeing(frame: pd.DataFrame, separator: str) -> dict[str, str]:
    """Choice column → its name here, where ``question``, a separator and a choice say what the joined column says.

    The separator can stand in names as well: a choice column is one that is 1 in the very rows whose joined answers
    hold the choice.
    """
    found = {}
    for column in frame:
        cuts = [(column[: at.start()], column[at.end() :]) for at in re.finditer(re.escape(separator), column)]
        told = ((one, choice) for one, choice in reversed(cuts) if choice and one in frame)
        for question, choice in told:
            if column not in found and _says(frame[column], frame[question], choice):
                found[column] = f"{question}/{choice}"
    return found


def _says(column: pd.Series, joined: pd.Series, choice: str) -> bool:
    joined = " " + joined.fillna("") + " "
    told = f" {choice} "
    return are_flags(column) and (joined.str.contains(told, regex=False) == flags_of(column).fillna(False)).all()


def blank_unanswered(frame: pd.DataFrame) -> pd.DataFrame:
    """Choices are missing, not False, where none is True and the joined column is blank."""
    by_question, changed = defaultdict(list), {}
    for column in frame.columns[frame.dtypes == "boolean"]:
        by_question[column.rpartition("/")[0]].append(column)
    for question, own in by_question.items():
        unanswered = ~frame[own].fillna(False).any(axis="columns")
        if question in frame:
            unanswered &= frame[question].isna()
        changed |= {column: frame[column].mask(unanswered) for column in own}
    return frame.assign(**changed)


def split(text: str, options: dict[str, set[str]], separator: str) -> set[tuple[str, ...]]:
    """Every way to read joined answers as a sequence of options, none of them twice; stops at the second way.

    >>> split("Eau potable Eau", {"Eau": {"water"}, "Eau potable": {"drinking"}}, " ")
    {('drinking', 'water')}
    """
    found: set[tuple[str, ...]] = set()
    begun: list[tuple[str, tuple[str, ...]]] = [(text, ())]
    while begun and len(found) < 2:
        rest, names = begun.pop()
        for label, meant in options.items():
            longer = [(*names, name) for name in meant - set(names)]
            if rest == label:
                found |= set(longer)
            elif rest.startswith(label + separator):
                begun += [(rest[len(label + separator) :], one) for one in longer]
    return found


def with_choices(
    frame: pd.DataFrame, column: str, chosen: dict[str, tuple[str, ...]], names: list[str]
) -> pd.DataFrame:
    """One ``column/choice`` per name behind a joined column; ``chosen`` says which of them each of its texts holds."""
    joined = encoded(frame[column])
    holding = {name: {text: name in ones for text, ones in chosen.items()} for name in names}
    made = {f"{column}/{name}": looked_up(joined, holds, "boolean") for name, holds in holding.items()}
    at = frame.columns.get_loc(column) + 1
    return pd.concat([frame.iloc[:, :at], pd.DataFrame(made, index=frame.index), frame.iloc[:, at:]], axis="columns")

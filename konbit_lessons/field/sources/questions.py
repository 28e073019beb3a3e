"""Frames under the exporter's headers → frames by question, with or without the form.

With the form, a header is looked up as it would be written in names or in any language, behind all or none of its
groups; what it can mean in two ways is kept, with a notice. Without the form, only the exporter's signs are used.
"""

import re
from collections import Counter

import pandas as pd

from konbit_lessons.field.sources.choices import are_flags, select_multiple, select_one, use_flags
from konbit_lessons.field.sources.form import ODK_GPS, Form, Writing, clean, written

METADATA = ("_", "meta/", "meta-")
_NUMBERED = re.compile(r" \(\d+\)$")


def by_form(
    frame: pd.DataFrame, form: Form, repeat: str, writings: list[Writing] | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """A table of an export by the questions of its form.

    Parameters
    ----------
    frame : DataFrame of str
        Under the headers of the file.
    form : Form
    repeat : str
        Which repeat the rows are entries of; "" for the submissions.
    writings : list of Writing
        The ways in which it can be written; found from the headers when not given.

    Returns
    -------
    frame : DataFrame
    notices : list of str
        What could not be decoded, and why.
    """
    headers = {column: _header(column, frame) for column in frame}
    writings = writings or _writings(form, repeat, list(headers.values()))
    known = [form.headers(writing, repeat) for writing in writings]
    best = max(range(len(known)), key=lambda at: sum(header in known[at] for header in headers.values()))
    writing = writings[best]
    names, notices, doubtful = _names(headers, [known[best], _merged(known)], form.starts(writing, repeat))
    frame = frame.rename(columns=names)
    headers = {names[column]: header for column, header in headers.items()}
    for question in form.asked(repeat):
        column = form.column(question)
        if question.type == "select_multiple":
            frame, more = select_multiple(frame, form, question, writing, headers, doubtful)
            notices += more
        elif question.type == "select_one" and column in frame and form.options(question):
            decoded, more = select_one(frame[column], form, question, writing.language)
            frame = frame.assign(**{column: decoded})
            notices += more
    return frame, notices


def by_values(frame: pd.DataFrame, group: str = "/", choices: dict[str, str] | None = None) -> pd.DataFrame:
    """A table of an export without its form: groups are dropped unless two names would collide.

    Parameters
    ----------
    frame : DataFrame of str
        Under the headers of the file.
    group : str
        What stands between groups and names.
    choices : dict of str to str, optional
        Choice column → its name here. When not given, ``a/b`` is one if there is a column ``a`` and its values are 0, 1
        or blank.
    """
    if choices is None:
        asked = {column: column.rpartition("/")[0] for column in frame}
        choices = {column: column for column, one in asked.items() if one in frame and are_flags(frame[column])}
    groups = Counter(column.rpartition(group)[0] for column in frame if column not in choices)
    labels = any(" " in column for column in frame if column not in choices)

    def without_groups(name: str) -> str:
        before, _, last = name.rpartition(group)
        if last in ODK_GPS:
            return f"{without_groups(before)}{group}{last}"
        return name if name.startswith(METADATA) or not last or (labels and groups[before] < 2) else last

    names = {}
    for column in frame:
        question, slash, choice = choices.get(column, "").rpartition("/")
        names[column] = f"{without_groups(question)}/{choice}" if slash else without_groups(column)
    names = _unless_they_collide(names)
    return use_flags(frame.rename(columns=names), [names[column] for column in choices])


def _header(column: str, frame: pd.DataFrame) -> str:
    """What stands in the file: a repeated header was numbered."""
    base = _NUMBERED.sub("", column)
    return clean(base if base in frame else column)


def _writings(form: Form, repeat: str, headers: list[str]) -> list[Writing]:
    """Names, or a language's labels, joined by ``/`` or by what stands behind the groups and questions in headers."""
    languages = (None, *form.languages)
    plain = [Writing(language) for language in languages]
    known = set().union(*(form.headers(writing, repeat) for writing in plain))
    unknown = [header for header in headers if header not in known]
    asked = form.asked(repeat)
    firsts = {
        written(labels, name, language)
        for language in languages
        for name, labels in [(block.name, block.labels) for question in asked for block in question.path]
        + [(question.name, question.labels) for question in asked if question.type == "select_multiple"]
    }
    behind = Counter(
        header[len(first) : len(first) + width]
        for header in unknown
        for first in firsts
        if header.startswith(first)
        for width in (1, 2, 3)
    )
    others = [one for one, _ in behind.most_common() if one.strip() and not any(sign.isalnum() for sign in one)][:6]
    return plain + [Writing(language, one, one) for one in others for language in languages]


def _merged(known: list[dict[str, set[str]]]) -> dict[str, set[str]]:
    merged: dict[str, set[str]] = {}
    for headers in known:
        for header, columns in headers.items():
            merged[header] = merged.get(header, set()) | columns
    return merged


def _names(
    headers: dict[str, str], known: list[dict[str, set[str]]], starts: dict[str, str]
) -> tuple[dict[str, str], list[str], set[str]]:
    """Column → name: what the header means, where it can mean one thing only; else the header without known groups.

    And notices, and the names that an undecided header can stand for.
    """
    names, notices, decoded, doubtful = {}, [], set(), set()
    for column, header in headers.items():
        meant = next((columns[header] for columns in known if header in columns), set())
        if len(meant) > 1:
            doubtful |= meant
            notices.append(f'the header "{header}" stands for {" and ".join(sorted(meant))} of the form: it is kept')
        elif meant:
            decoded |= meant
        start = max((one for one in starts if header.startswith(one) and header != one), key=len, default="")
        known_part = starts.get(start, "") + header.removeprefix(start)
        names[column] = column if len(meant) > 1 else next(iter(meant), known_part if start else column)
    for name in sorted(decoded):
        same = [column for column in names if names[column] == name]
        if len(same) > 1:
            notices.append(f"{' and '.join(same)} are both {name} by the form: their columns keep their headers")
    return _unless_they_collide(names), list(dict.fromkeys(notices)), doubtful


def _unless_they_collide(names: dict[str, str]) -> dict[str, str]:
    """Column → name; where two would be called the same, both keep their headers."""
    while True:
        counts = Counter(names.values())
        same = [column for column, name in names.items() if counts[name] > 1 and name != column]
        if not same:
            return names
        names = names | {column: column for column in same}

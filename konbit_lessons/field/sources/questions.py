"""Frames under the exporter's headers → frames by question, with or without the form.

With the form, a header is looked up as it would be written in names or in any language, behind all or none of its
groups; what it can mean in two ways is kept, with a notice. Without the form, only the exporter's signs are used.
"""

import re
from collections import Counter, defaultdict

import pandas as pd

from konbit_lessons.field.sources.answers import Decoder, are_flags, flags_of
from konbit_lessons.field.sources.form import ODK_GPS, Form, Writing, clean, written

METADATA = ("_", "meta/", "meta-")
_NUMBERED = re.compile(r" \(\d+\)$")
_MOST_SEPARATORS = 6


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
    bare = {column: _NUMBERED.sub("", column) for column in frame}  # a repeated header was numbered
    headers = {column: clean(one if one in frame else column) for column, one in bare.items()}
    writings = writings or _writings(form, repeat, list(headers.values()))
    known = [form.headers(writing, repeat) for writing in writings]
    best = max(range(len(known)), key=lambda at: sum(header in known[at] for header in headers.values()))
    others = {column: set().union(*(one.get(header, ()) for one in known)) for column, header in headers.items()}
    meant = {column: known[best].get(header) or others[column] for column, header in headers.items()}
    names = _names(meant, headers, form.starts(writings[best], repeat))
    notices, names = _doubts(meant, headers, names), _unless_they_collide(names)
    doubtful = {name for columns in meant.values() if len(columns) > 1 for name in columns}
    headers = {names[column]: header for column, header in headers.items()}
    decoder, frame = Decoder(form, writings[best], headers, doubtful, notices), frame.rename(columns=names)
    for question in form.asked(repeat):
        frame = decoder.decoded(frame, question)
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
    others = [column for column in frame if column not in choices]
    groups = Counter(column.rpartition(group)[0] for column in others)
    labels = any(" " in column for column in others)

    def without_groups(name: str) -> str:
        before, _, last = name.rpartition(group)
        if last in ODK_GPS:
            return f"{without_groups(before)}{group}{last}"
        return name if name.startswith(METADATA) or not last or (labels and groups[before] < 2) else last

    names = {column: without_groups(column) for column in others}
    for column, name in choices.items():
        question, _, choice = name.rpartition("/")
        names[column] = f"{without_groups(question)}/{choice}"
    names = _unless_they_collide(names)
    return frame.assign(**{column: flags_of(frame[column]) for column in choices}).rename(columns=names)


def _writings(form: Form, repeat: str, headers: list[str]) -> list[Writing]:
    """Names, or a language's labels, joined by ``/`` or by what stands behind the groups and questions in headers."""
    languages = (None, *form.languages)
    plain = [Writing(language) for language in languages]
    known = set().union(*(form.headers(writing, repeat) for writing in plain))
    asked = form.asked(repeat)
    begin = [block for question in asked for block in question.path]
    begin += [question for question in asked if question.type == "select_multiple"]
    firsts = {written(one, language) for one in begin for language in languages}
    unknown = [header for header in headers if header not in known]
    rest = [header.removeprefix(first) for header in unknown for first in firsts if header.startswith(first)]
    behind = Counter(part[:width] for part in rest for width in (1, 2, 3))
    others = [one for one, _ in behind.most_common() if one.strip() and not any(sign.isalnum() for sign in one)]
    return plain + [Writing(language, one, one) for one in others[:_MOST_SEPARATORS] for language in languages]


def _names(meant: dict[str, set[str]], headers: dict[str, str], starts: dict[str, str]) -> dict[str, str]:
    """Column → name: what the header means, where it can mean one thing only; else the header without known groups."""
    names = {}
    for column, columns in meant.items():
        header = headers[column]
        start = max((one for one in starts if header.startswith(one) and header != one), key=len, default="")
        without = starts[start] + header.removeprefix(start) if start else column
        names[column] = column if len(columns) > 1 else min(columns, default=without)
    return names


def _doubts(meant: dict[str, set[str]], headers: dict[str, str], names: dict[str, str]) -> list[str]:
    """Headers that mean two things, and names that two headers mean."""
    two = dict.fromkeys((headers[column], *sorted(columns)) for column, columns in meant.items() if len(columns) > 1)
    told = [f'the header "{one}" stands for {" and ".join(columns)} of the form: it is kept' for one, *columns in two]
    same = defaultdict(list)
    for column, name in names.items():
        same[name].append(column)
    decoded = sorted({min(columns) for columns in meant.values() if len(columns) == 1})
    both = [(" and ".join(same[name]), name) for name in decoded if len(same[name]) > 1]
    return told + [f"{ones} are both {name} by the form: their columns keep their headers" for ones, name in both]


def _unless_they_collide(names: dict[str, str]) -> dict[str, str]:
    """Column → name; where two would be called the same, both keep their headers."""
    counts = Counter(names.values())
    same = {column: column for column, name in names.items() if counts[name] > 1 and name != column}
    return _unless_they_collide(names | same) if same else names

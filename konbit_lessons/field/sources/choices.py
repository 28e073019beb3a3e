"""Answers to select questions: labels → names, and the choices of a select_multiple as True, False and missing.

What the three ways of exporting a select_multiple (joined and one column per choice, joined only, choices only) hold is
brought to one shape: the joined column of names, then one column per choice. What cannot be decoded without doubt stays
as it is, with a notice.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from konbit_lessons.field.sources.form import Form, Question, Writing, clean, written
from konbit_lessons.tables import TEXT

FLAGS = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False}


def select_one(values: pd.Series, form: Form, question: Question, language: str | None) -> tuple[pd.Series, list[str]]:
    """Labels of any language as names; what is no label stays, as does, with a notice, a label of several choices."""
    used = {text: clean(text) for text in values.dropna().unique()}
    maps = _maps(form, question, language, list(used.values()))
    decoded, notices = {}, []
    for text, label in used.items():
        meant = next((texts[label] for texts in maps if label in texts), {text})
        if len(meant) > 1:
            notices.append(
                f'{form.column(question)}: the label "{label}" stands for the choices {" and ".join(sorted(meant))}: '
                "it is left as it is"
            )
        decoded[text] = next(iter(meant)) if len(meant) == 1 else text
    return _mapped(values, decoded), notices


def select_multiple(
    frame: pd.DataFrame, form: Form, question: Question, writing: Writing, headers: dict[str, str], doubtful: set[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The joined column of names, in the order of the form, and one column per choice; made from what there is."""
    column = form.column(question)
    own = [name for name in frame if name.startswith(f"{column}/")]
    flagged = [name for name in own if are_flags(frame[name])]
    text = [name for name in own if name not in flagged]
    notices = [f"{name}: not only 0, 1 and blank: left as text" for name in text]
    other = {name.removeprefix(f"{column}/") for name in [*text, *doubtful] if name.startswith(f"{column}/")}
    names = [name for name in dict.fromkeys(choice.name for choice in form.options(question)) if name not in other]
    if flagged:
        frame, more = _from_flags(frame, column, names, flagged, writing, headers)
    elif column in frame:
        chosen, more = _from_joined(frame[column], form, question, writing.language)
        frame = with_choices(frame, column, chosen, [*names, *_unknown(chosen, names, other)])
        last = len(names)
        order = {name: at for at, name in enumerate(names)}
        joined = {text: " ".join(sorted(ones, key=lambda one: order.get(one, last))) for text, ones in chosen.items()}
        frame[column] = _mapped(frame[column], joined)
    else:
        more = []
    return frame, notices + more


def agreeing(frame: pd.DataFrame, separator: str) -> dict[str, str]:
    """Choice column → its name here, where ``question``, a separator and a choice say what the joined column says.

    The separator can stand in names as well: a choice column is one that is 1 in the very rows whose joined answers
    hold the choice.
    """
    found = {}
    for column in frame:
        ends = [cut.start() for cut in re.finditer(re.escape(separator), column) if column[: cut.start()] in frame]
        for end in reversed(ends):
            question, choice = column[:end], column[end + len(separator) :]
            if choice and are_flags(frame[column]):
                joined = " " + frame[question].fillna("") + " "
                if (joined.str.contains(f" {choice} ", regex=False) == _flags(frame[column]).fillna(False)).all():
                    found[column] = f"{question}/{choice}"
                    break
    return found


def are_flags(values: pd.Series) -> bool:
    """Whether a column holds nothing but 0, 1 and blank."""
    return {text.strip().lower() for text in values.dropna().unique()} <= FLAGS.keys()


def use_flags(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The same frame with columns of 0, 1 and blank as True, False and missing."""
    return frame.assign(**{column: _flags(frame[column]) for column in columns})


def blank_unanswered(frame: pd.DataFrame) -> pd.DataFrame:
    """Choices are missing, not False, where none is True and the joined column is blank."""
    by_question: dict[str, list[str]] = {}
    for column in frame.columns[frame.dtypes == "boolean"]:
        by_question.setdefault(column.rpartition("/")[0], []).append(column)
    changed = {}
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
            if rest == label:
                found |= {(*names, name) for name in meant - set(names)}
            elif rest.startswith(label + separator):
                begun += [(rest[len(label + separator) :], (*names, name)) for name in meant - set(names)]
    return found


def with_choices(
    frame: pd.DataFrame, column: str, chosen: dict[str, tuple[str, ...]], names: list[str]
) -> pd.DataFrame:
    """One ``column/choice`` per name behind a joined column; ``chosen`` says which of them each of its texts holds."""
    codes, texts = pd.factorize(frame[column])
    table = np.array([[name in chosen.get(text, ()) for name in names] for text in texts] or np.empty((0, len(names))))
    read = np.array([text in chosen for text in texts] + [False])  # the last is blank: code -1
    flags = np.vstack([table, np.zeros((1, len(names)))]).astype(bool)
    made = {
        f"{column}/{name}": pd.Series(pd.array(flags[codes, at], dtype="boolean"), index=frame.index).mask(~read[codes])
        for at, name in enumerate(names)
    }
    at = frame.columns.get_loc(column) + 1
    return pd.concat([frame.iloc[:, :at], pd.DataFrame(made, index=frame.index), frame.iloc[:, at:]], axis="columns")


def _flags(values: pd.Series) -> pd.Series:
    if values.dtype == "boolean":
        return values
    codes, texts = pd.factorize(values)
    flags = pd.array([FLAGS[text.strip().lower()] for text in texts] + [None], dtype="boolean")  # the last is blank: -1
    return pd.Series(flags[codes], index=values.index)


def _mapped(values: pd.Series, meant: dict[str, str]) -> pd.Series:
    """Text → what it means, or as it is; each distinct text is looked up once."""
    codes, texts = pd.factorize(values)
    found = pd.array([meant.get(text, text) for text in texts] + [None], dtype=TEXT)  # the last is blank: code -1
    return pd.Series(found[codes], index=values.index)


def _maps(form: Form, question: Question, language: str | None, used: list[str]) -> list[dict[str, set[str]]]:
    """Text → choice names, one map per language: the one the export is written in first, if it knows every text."""
    maps = []
    for one in dict.fromkeys((language, *form.languages, None)):
        texts: dict[str, set[str]] = {}
        for choice in form.options(question):
            texts.setdefault(written(choice.labels, choice.name, one), set()).add(choice.name)
        maps.append(texts)
    return sorted(maps, key=lambda texts: not all(text in texts for text in used))


def _unknown(chosen: dict[str, tuple[str, ...]], names: list[str], other: set[str]) -> list[str]:
    """Choices that were picked and are not in the form: of another version of it."""
    return list(dict.fromkeys(one for ones in chosen.values() for one in ones if one not in {*names, *other}))


def _from_flags(
    frame: pd.DataFrame,
    column: str,
    names: list[str],
    flagged: list[str],
    writing: Writing,
    headers: dict[str, str],
) -> tuple[pd.DataFrame, list[str]]:
    """Choice columns of the whole list, and the joined column made of them unless it holds more than they do."""
    columns = [f"{column}/{name}" for name in names]
    columns += [name for name in flagged if name not in columns]
    flagged = [name for name in columns if name in flagged]
    flags = pd.DataFrame({name: _flags(frame[name]) for name in flagged}, index=frame.index)
    picked = flags.fillna(False).to_numpy(dtype=bool)
    packed = np.ascontiguousarray(np.packbits(picked, axis=1))
    _, first, which = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_inverse=True)
    sets = [np.flatnonzero(picked[row]) for row in first]
    texts = [" ".join(flagged[at].removeprefix(f"{column}/") for at in one) or None for one in sets]
    joined, notices = pd.Series(pd.array(texts, dtype=TEXT)[which], index=frame.index), []
    if column in frame:
        labels = [_behind(headers[name], headers[column], writing) for name in flagged]
        spelled = [sorted(" ".join(labels[at] for at in one).split()) for one in sets]
        pairs = pd.DataFrame({"text": frame[column], "which": which}).dropna().drop_duplicates()
        same = [sorted(clean(text).split()) == spelled[at] for text, at in pairs.itertuples(index=False)]
        if not all(same):
            differing = pd.MultiIndex.from_frame(pairs[~np.array(same)])
            differs = pd.MultiIndex.from_arrays([frame[column], which]).isin(differing)
            joined = joined.mask(differs, frame[column])
            notices.append(
                f"{column}: {int(differs.sum())} joined answers differ from their choice columns and are left as typed"
            )
    answered = flags.notna().any(axis="columns")
    never = pd.Series(False, index=frame.index, dtype="boolean").mask(~answered)
    block = pd.DataFrame({column: joined, **{name: flags.get(name, never) for name in columns}}, index=frame.index)
    start = next(at for at, name in enumerate(frame) if name in block)
    before, behind = frame.columns[:start], [name for name in frame.columns[start:] if name not in block]
    return pd.concat([frame[before], block, frame[behind]], axis="columns"), notices


def _behind(header: str, question: str, writing: Writing) -> str:
    """The choice in a choice column's header."""
    rest = header.removeprefix(question)
    return rest.removeprefix(writing.choice if rest.startswith(writing.choice) else "/")


def _from_joined(
    values: pd.Series, form: Form, question: Question, language: str | None
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Joined text → the choices in it. Names are split at spaces; labels only where there is one way to do it."""
    maps = _maps(form, question, language, [])
    named = language is None or not form.options(question)
    chosen, unread = {}, []
    known = {choice.name for choice in form.options(question)}
    for text in values.dropna().unique():
        if language is None and known.issuperset(text.split()):
            chosen[text] = tuple(dict.fromkeys(text.split()))
            continue
        ways = next((ways for ways in (split(clean(text), one, " ") for one in maps) if ways), set())
        if len({frozenset(way) for way in ways}) == 1:
            chosen[text] = next(iter(ways))
        elif not ways and named:
            chosen[text] = tuple(dict.fromkeys(text.split()))
        else:
            unread.append(text)
    if not unread:
        return chosen, []
    return chosen, [
        f"{form.column(question)}: {int(values.isin(unread).sum())} joined answers cannot be split for certain by the "
        f'form\'s labels, such as "{clean(unread[0])}"; they are left as they are. Export with one column per choice'
    ]

"""Answers to select questions by the form: labels of any language → names.

What cannot be decoded without doubt stays as it is, with a notice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from konbit_lessons.field.sources.choices import are_flags, flags_of, split, with_choices
from konbit_lessons.field.sources.form import Form, Question, Writing, clean
from konbit_lessons.field.texts import looked_up
from konbit_lessons.tables import TEXT


@dataclass(frozen=True)
class Decoder:
    """Decodes the answers of a table under the names of its questions.

    Attributes
    ----------
    form : Form
    writing : Writing
        How the export is written.
    headers : dict of str to str
        Column → its header in the file.
    doubtful : set of str
        Columns that an undecided header can stand for.
    notices : list of str
        What could not be decoded, and why, is added here.
    """

    form: Form
    writing: Writing
    headers: dict[str, str]
    doubtful: set[str]
    notices: list[str]

    def decoded(self, frame: pd.DataFrame, question: Question) -> pd.DataFrame:
        """The same table with the answers to one question as names, and a column for each choice of several."""
        if question.type == "select_multiple":
            return self._several(frame, question)
        if question.type == "select_one" and question.choices and question.column in frame:
            return frame.assign(**{question.column: self._one(frame[question.column], question)})
        return frame

    def _one(self, values: pd.Series, question: Question) -> pd.Series:
        """Labels of any language as names; what is no label stays, as does, with a notice, one of several choices."""
        used = {text: clean(text) for text in values.dropna().unique()}
        maps, decoded = self._maps(question, used.values()), {}
        for text, label in used.items():
            meant = next((names[label] for names in maps if label in names), {text})
            decoded[text] = min(meant) if len(meant) == 1 else text
            if len(meant) > 1:
                told = f'the label "{label}" stands for the choices {" and ".join(sorted(meant))}'
                self.notices.append(f"{values.name}: {told}: it is left as it is")
        return looked_up(values, decoded, TEXT)

    def _several(self, frame: pd.DataFrame, question: Question) -> pd.DataFrame:
        """The joined column of names, in the order of the form, and one column per choice; made from what there is."""
        column = question.column
        own = [name for name in frame if name.startswith(f"{column}/")]
        text = [name for name in own if not are_flags(frame[name])]
        self.notices.extend(f"{name}: not only 0, 1 and blank: left as text" for name in text)
        other, listed = {*text, *self.doubtful}, (f"{column}/{choice.name}" for choice in question.choices)
        choices = [name for name in dict.fromkeys(listed) if name not in other]
        if flagged := [name for name in own if name not in text]:
            return self._from_flags(frame, column, list(dict.fromkeys([*choices, *flagged])), flagged)
        return self._from_joined(frame, question, choices, other) if column in frame else frame

    def _from_flags(self, frame: pd.DataFrame, column: str, choices: list[str], flagged: list[str]) -> pd.DataFrame:
        """Choice columns of the whole list, and the joined column made of them unless it holds more than they do."""
        flags = pd.DataFrame({name: flags_of(frame[name]) for name in choices if name in flagged}, index=frame.index)
        joined = _joined(flags, [name.removeprefix(f"{column}/") for name in flags])
        if column in frame:
            typed, spelled = (
                _words(frame[column]),
                _words(_joined(flags, [self._label(name, column) for name in flags])),
            )
            differs = typed.notna() & (typed != spelled.fillna(""))
            joined = joined.mask(differs, frame[column])
            if differs.any():
                told = f"{differs.sum()} joined answers differ from their choice columns and are left as typed"
                self.notices.append(f"{column}: {told}")
        never = pd.Series(False, index=frame.index, dtype="boolean").mask(flags.isna().all(axis="columns"))
        block = pd.DataFrame({column: joined, **{name: flags.get(name, never) for name in choices}}, index=frame.index)
        start = next(at for at, name in enumerate(frame) if name in block)
        behind = [name for name in frame.columns[start:] if name not in block]
        return pd.concat([frame.iloc[:, :start], block, frame[behind]], axis="columns")

    def _label(self, name: str, column: str) -> str:
        """The choice in a choice column's header."""
        rest = self.headers[name].removeprefix(self.headers[column])
        return rest.removeprefix(self.writing.choice if rest.startswith(self.writing.choice) else "/")

    def _from_joined(
        self, frame: pd.DataFrame, question: Question, choices: list[str], other: set[str]
    ) -> pd.DataFrame:
        """Choice columns of the form, and of an older version of it what was picked and is in no column."""
        column = question.column
        chosen = self._split(frame[column], question)
        order = {name.removeprefix(f"{column}/"): at for at, name in enumerate(choices)}
        picked = dict.fromkeys(name for names in chosen.values() for name in names)
        older = [name for name in picked if name not in order and f"{column}/{name}" not in other]
        joined = {text: text for text in frame[column].dropna().unique()}
        for text, names in chosen.items():
            joined[text] = " ".join(sorted(names, key=lambda name: order.get(name, len(order))))
        frame = with_choices(frame, column, chosen, [*order, *older])
        return frame.assign(**{column: looked_up(frame[column], joined, TEXT)})

    def _split(self, values: pd.Series, question: Question) -> dict[str, tuple[str, ...]]:
        """Joined text → the choices in it; labels are split only where there is one way to do it."""
        maps = self._maps(question, [])
        read = {text: self._choices(text, question, maps) for text in values.dropna().unique()}
        unread = [text for text, chosen in read.items() if chosen is None]
        if unread:
            told = f"{values.isin(unread).sum()} joined answers cannot be split for certain by the form's labels"
            advice = "they are left as they are. Export with one column per choice"
            self.notices.append(f'{values.name}: {told}, such as "{clean(unread[0])}"; {advice}')
        return {text: chosen for text, chosen in read.items() if chosen is not None}

    def _choices(self, text: str, question: Question, maps: list[dict[str, set[str]]]) -> tuple[str, ...] | None:
        names, in_names = tuple(dict.fromkeys(text.split())), self.writing.language is None
        if in_names and {choice.name for choice in question.choices}.issuperset(names):
            return names
        ways = next(filter(None, (split(clean(text), one, " ") for one in maps)), set())
        if len({frozenset(way) for way in ways}) == 1:
            return min(ways)
        return names if not ways and (in_names or not question.choices) else None

    def _maps(self, question: Question, used: Iterable[str]) -> list[dict[str, set[str]]]:
        """Text → choice names, one map per language: the one the export is written in first, if it knows every text."""
        languages = dict.fromkeys((self.writing.language, *self.form.languages, None))
        maps = [question.options(language) for language in languages]
        return sorted(maps, key=lambda names: not names.keys() >= set(used))


def _joined(flags: pd.DataFrame, texts: list[str]) -> pd.Series:
    """The text of each choice that is True, in a row; missing where none is."""
    joined = pd.Series("", index=flags.index, dtype=TEXT)
    for name, text in zip(flags, texts, strict=True):
        joined = joined.mask(flags[name].fillna(False).astype(bool), joined + f" {text}")
    return joined.str.removeprefix(" ").replace("", None)


def _words(values: pd.Series) -> pd.Series:
    """The words of each text in alphabetical order."""
    return looked_up(values, {text: " ".join(sorted(clean(text).split())) for text in values.dropna().unique()}, TEXT)

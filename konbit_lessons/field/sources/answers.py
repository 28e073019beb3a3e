"""Answers to select questions by the form: labels of any language → names.

What cannot be decoded without doubt stays as it is, with a notice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
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
        column = self.form.column(question)
        if question.type == "select_multiple":
            return self._several(frame, question, column)
        if question.type == "select_one" and column in frame and self.form.options(question):
            return frame.assign(**{column: self._one(frame[column], question, column)})
        return frame

    def _one(self, values: pd.Series, question: Question, column: str) -> pd.Series:
        """Labels of any language as names; what is no label stays, as does, with a notice, one of several choices."""
        used = {text: clean(text) for text in values.dropna().unique()}
        maps, decoded = self._maps(question, used.values()), {}
        for text, label in used.items():
            meant = next((names[label] for names in maps if label in names), {text})
            decoded[text] = min(meant) if len(meant) == 1 else text
            if len(meant) > 1:
                choices = " and ".join(sorted(meant))
                self.notices.append(
                    f'{column}: the label "{label}" stands for the choices {choices}: it is left as it is'
                )
        return _mapped(values, decoded)

    def _several(self, frame: pd.DataFrame, question: Question, column: str) -> pd.DataFrame:
        """The joined column of names, in the order of the form, and one column per choice; made from what there is."""
        own = [name for name in frame if name.startswith(f"{column}/")]
        text = [name for name in own if not are_flags(frame[name])]
        self.notices.extend(f"{name}: not only 0, 1 and blank: left as text" for name in text)
        other = {*text, *self.doubtful}
        choices = dict.fromkeys(f"{column}/{choice.name}" for choice in self.form.options(question))
        choices = [name for name in choices if name not in other]
        if flagged := [name for name in own if name not in text]:
            return self._from_flags(frame, column, choices, flagged)
        return self._from_joined(frame, column, question, choices, other) if column in frame else frame

    def _from_flags(self, frame: pd.DataFrame, column: str, choices: list[str], flagged: list[str]) -> pd.DataFrame:
        """Choice columns of the whole list, and the joined column made of them unless it holds more than they do."""
        choices = list(dict.fromkeys([*choices, *flagged]))
        flags = pd.DataFrame({name: flags_of(frame[name]) for name in choices if name in flagged}, index=frame.index)
        picked = flags.fillna(False).to_numpy(dtype=bool)
        _, first, which = np.unique(np.packbits(picked, axis=1), axis=0, return_index=True, return_inverse=True)
        sets = [flags.columns[row].tolist() for row in picked[first]]
        texts = [" ".join(name.removeprefix(f"{column}/") for name in names) or None for names in sets]
        joined = pd.Series(pd.array(texts, dtype=TEXT)[which], index=frame.index)
        if column in frame:
            joined = self._unless_it_says_more(frame[column], joined, sets, which)
        never = pd.Series(False, index=frame.index, dtype="boolean").mask(flags.isna().all(axis="columns"))
        block = pd.DataFrame({column: joined, **{name: flags.get(name, never) for name in choices}}, index=frame.index)
        start = next(at for at, name in enumerate(frame) if name in block)
        behind = [name for name in frame.columns[start:] if name not in block]
        return pd.concat([frame.iloc[:, :start], block, frame[behind]], axis="columns")

    def _unless_it_says_more(
        self, typed: pd.Series, joined: pd.Series, sets: list[list[str]], which: np.ndarray
    ) -> pd.Series:
        """Joined names of the choices, or what was typed where that is none of these; ``which`` set is each row's."""
        spelled = [sorted(" ".join(self._label(name, typed.name) for name in names).split()) for names in sets]
        pairs = pd.DataFrame({"text": typed, "which": which}).dropna().drop_duplicates()
        more = [
            pair for pair in pairs.itertuples(index=False) if sorted(clean(pair.text).split()) != spelled[pair.which]
        ]
        if not more:
            return joined
        differs = pd.MultiIndex.from_arrays([typed, which]).isin(list(map(tuple, more)))
        self.notices.append(
            f"{typed.name}: {int(differs.sum())} joined answers differ from their choice columns and are left as typed"
        )
        return joined.mask(differs, typed)

    def _label(self, name: str, column: str) -> str:
        """The choice in a choice column's header."""
        rest = self.headers[name].removeprefix(self.headers[column])
        return rest.removeprefix(self.writing.choice if rest.startswith(self.writing.choice) else "/")

    def _from_joined(
        self, frame: pd.DataFrame, column: str, question: Question, choices: list[str], other: set[str]
    ) -> pd.DataFrame:
        """Choice columns of the form, and of an older version of it what was picked and is in no column."""
        chosen = self._split(frame[column], question, column)
        names = [name.removeprefix(f"{column}/") for name in choices]
        order = {name: at for at, name in enumerate(names)}
        picked = dict.fromkeys(name for ones in chosen.values() for name in ones)
        older = [name for name in picked if name not in order and f"{column}/{name}" not in other]
        joined = {
            text: " ".join(sorted(ones, key=lambda name: order.get(name, len(order)))) for text, ones in chosen.items()
        }
        frame = with_choices(frame, column, chosen, [*names, *older])
        return frame.assign(**{column: _mapped(frame[column], joined)})

    def _split(self, values: pd.Series, question: Question, column: str) -> dict[str, tuple[str, ...]]:
        """Joined text → the choices in it; labels are split only where there is one way to do it."""
        maps = self._maps(question, [])
        read = {text: self._choices(text, question, maps) for text in values.dropna().unique()}
        unread = [text for text, chosen in read.items() if chosen is None]
        if unread:
            self.notices.append(
                f"{column}: {int(values.isin(unread).sum())} joined answers cannot be split for certain by the form's "
                f'labels, such as "{clean(unread[0])}"; they are left as they are. Export with one column per choice'
            )
        return {text: chosen for text, chosen in read.items() if chosen is not None}

    def _choices(self, text: str, question: Question, maps: list[dict[str, set[str]]]) -> tuple[str, ...] | None:
        names, options = tuple(dict.fromkeys(text.split())), self.form.options(question)
        in_names = self.writing.language is None
        if in_names and {choice.name for choice in options}.issuperset(names):
            return names
        ways = next(filter(None, (split(clean(text), one, " ") for one in maps)), set())
        if len({frozenset(way) for way in ways}) == 1:
            return min(ways)
        return names if not ways and (in_names or not options) else None

    def _maps(self, question: Question, used: Iterable[str]) -> list[dict[str, set[str]]]:
        """Text → choice names, one map per language: the one the export is written in first, if it knows every text."""
        languages = dict.fromkeys((self.writing.language, *self.form.languages, None))
        maps = [self.form.names(question, language) for language in languages]
        return sorted(maps, key=lambda names: not names.keys() >= set(used))


def _mapped(values: pd.Series, meant: dict[str, str]) -> pd.Series:
    """Text → what it means, or as it is."""
    return looked_up(values, {text: meant.get(text, text) for text in values.dropna().unique()}, TEXT)

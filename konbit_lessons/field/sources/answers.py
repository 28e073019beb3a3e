"""Answers to select questions: choices as True, False and missing, and labels of any language as names.

What the three ways of exporting several answers (joined and one column per choice, joined only, choices only) hold is
brought to one shape: the joined column of names, then one column ``question/choice`` per choice. What cannot be decoded
without doubt stays as it is, with a notice.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from konbit_lessons.field.sources.form import Form, Question, Writing, clean
from konbit_lessons.field.texts import encoded, looked_up
from konbit_lessons.tables import TEXT

FLAGS = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False}


def are_flags(values: pd.Series) -> bool:
    """Whether a column holds nothing but 0, 1 and blank."""
    return {text.strip().lower() for text in values.dropna().unique()} <= FLAGS.keys()


def flags_of(values: pd.Series) -> pd.Series:
    """A column of 0, 1 and blank as True, False and missing."""
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
        fits = (f"{one}/{choice}" for one, choice in told if _says(frame[column], frame[one], choice))
        if name := next(fits, ""):
            found[column] = name
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
    frame: pd.DataFrame, column: str, chosen: dict[str, tuple[str, ...]], names: Iterable[str]
) -> pd.DataFrame:
    """One ``column/choice`` per name behind a joined column; ``chosen`` says which of them each of its texts holds."""
    joined = encoded(frame[column])
    holding = {name: {text: name in ones for text, ones in chosen.items()} for name in names}
    made = {f"{column}/{name}": looked_up(joined, holds, "boolean") for name, holds in holding.items()}
    return _placed(frame, {column: frame[column], **made})


def _placed(frame: pd.DataFrame, block: dict[str, pd.Series]) -> pd.DataFrame:
    """The frame with the columns of a block side by side, where the first of them stands."""
    start = next(at for at, name in enumerate(frame) if name in block)
    behind = frame.columns[start:].difference(block.keys(), sort=False)
    made = pd.DataFrame(block, index=frame.index)
    return pd.concat([frame.iloc[:, :start], made, frame[behind]], axis="columns")


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
        flagged = [name for name in own if are_flags(frame[name])]
        kept = self.doubtful.union(own).difference(flagged)
        self.notices.extend(f"{name}: not only 0, 1 and blank: left as text" for name in own if name not in flagged)
        listed = dict.fromkeys(f"{column}/{choice.name}" for choice in question.choices)
        choices = [name for name in listed if name not in kept]
        if flagged:
            return self._from_flags(frame, column, list(dict.fromkeys([*choices, *flagged])), flagged)
        return self._from_joined(frame, question, choices, kept) if column in frame else frame

    def _from_flags(self, frame: pd.DataFrame, column: str, choices: list[str], flagged: list[str]) -> pd.DataFrame:
        """Choice columns of the whole list, and the joined column made of them unless it holds more than they do."""
        flags = pd.DataFrame({name: flags_of(frame[name]) for name in choices if name in flagged}, index=frame.index)
        joined = _joined(flags, [name.removeprefix(f"{column}/") for name in flags])
        if column in frame:
            typed, spelled = _words(frame[column]), _words(_joined(flags, [self._label(one, column) for one in flags]))
            differs = typed.notna() & (typed != spelled.fillna(""))
            joined = joined.mask(differs, frame[column])
            told = f"{column}: {differs.sum()} joined answers differ from their choice columns and are left as typed"
            self.notices.extend([told] if differs.any() else [])
        never = pd.Series(False, index=frame.index, dtype="boolean").mask(flags.isna().all(axis="columns"))
        return _placed(frame, {column: joined, **{name: flags.get(name, never) for name in choices}})

    def _label(self, name: str, column: str) -> str:
        """The choice in a choice column's header."""
        rest = self.headers[name].removeprefix(self.headers[column])
        return rest.removeprefix(self.writing.choice if rest.startswith(self.writing.choice) else "/")

    def _from_joined(self, frame: pd.DataFrame, question: Question, choices: list[str], kept: set[str]) -> pd.DataFrame:
        """Choice columns of the form, and of an older version of it what was picked and is in no column."""
        column, values = question.column, frame[question.column]
        chosen = self._split(values, question)
        order = {name.removeprefix(f"{column}/"): at for at, name in enumerate(choices)}
        picked = dict.fromkeys(name for names in chosen.values() for name in names)
        older = [name for name in picked if name not in order and f"{column}/{name}" not in kept]
        in_order = {text: sorted(names, key=lambda name: order.get(name, len(order))) for text, names in chosen.items()}
        joined = {text: " ".join(names) for text, names in in_order.items()}
        frame = with_choices(frame, column, chosen, [*order, *older])
        return frame.assign(**{column: looked_up(values, joined, TEXT).fillna(values)})

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
    joined = flags.fillna(False).astype(bool).dot(pd.Index([f" {text}" for text in texts], dtype=object))
    return joined.astype(TEXT).str.removeprefix(" ").replace("", None)


def _words(values: pd.Series) -> pd.Series:
    """The words of each text in alphabetical order."""
    return looked_up(values, {text: " ".join(sorted(clean(text).split())) for text in values.dropna().unique()}, TEXT)

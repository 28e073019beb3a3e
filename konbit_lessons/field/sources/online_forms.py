"""Forms whose header is the text of each question, and whose several answers to one stand in one cell.

Microsoft Forms ends each of several answers with ``;``. Google Forms joins them by ``, `` while an option may itself
contain a comma: they are split only where the options are given.
"""

from dataclasses import dataclass

import pandas as pd

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.questions import split, with_choices
from konbit_lessons.field.sources.raw import WORDS, Asked, Frame, Frames, frame_of

Options = dict[str, list[str]]  # question → its options


@dataclass(frozen=True)
class OnlineForm:
    """One such exporter.

    Attributes
    ----------
    first : list of list of str
        The first headers, in each language that is known.
    respondent : list of str
        Headers, in lower case, of what is no answer.
    separator : str
        What stands between several answers.
    ends : bool
        It stands behind the last one as well.
    """

    first: list[list[str]]
    respondent: list[str]
    separator: str
    ends: bool

    def recognizes(self, file: File) -> bool:
        """Whether the first headers are those of every such file."""
        header = [cell.lower().replace("’", "'") for cell in file.grids[0].titles]
        return any(header[: len(first)] == first for first in self.first)

    def read(self, file: File, asked: Asked) -> Frames:
        """The answers, and what other sheets hold."""
        grid, *others = file.grids
        frame, options = frame_of(grid, header=grid.titles), asked.options
        if self.ends:  # answers to questions of several lose their last separator; what was chosen is an option
            texts = {name: frame[name].dropna().str.strip() for name in frame if name.lower() not in self.respondent}
            several = [text for text in texts.values() if len(text) and text.str.endswith(self.separator).all()]
            cut = {text.name: text.str.removesuffix(self.separator) for text in several}
            seen = {name: text.str.split(self.separator).explode().unique().tolist() for name, text in cut.items()}
            frame, options = frame.assign(**cut), seen | options
        frame = _split(frame, options, self.separator, file.notices)
        tables = {other.title: Frame(frame_of(other, header=other.titles), other.title) for other in others}
        return {"main": Frame(frame, grid.title), **tables}


GOOGLE, MICROSOFT = (OnlineForm(**WORDS[name]) for name in ("google_forms", "microsoft_forms"))


def _split(frame: pd.DataFrame, options: Options, separator: str, notices: list[str]) -> pd.DataFrame:
    """The frame with ``question/option`` columns for the questions whose options are known.

    An answer that is none of the options (what was typed under "Other") is taken for one if nothing but known options
    stands before it; a cell that can be read in two ways is left as it is. An option may contain the separator.
    """
    for question, texts in options.items():
        column = next((header for header in frame if header.split() == question.split()), None)
        if column is None:
            notices.append(f'options are given for "{question}", which is no column: it has {", ".join(frame)}')
            continue
        known = {text: {text} for text in texts}
        ways = {cell: _ways(cell.strip(), known, separator) for cell in frame[column].dropna().unique()}
        doubtful = [cell for cell, found in ways.items() if len({frozenset(way) & {*texts} for way in found}) > 1]
        chosen = {cell: min(found) for cell, found in ways.items() if cell not in doubtful}
        typed = sum(not set(ones) <= set(texts) for ones in chosen.values())
        if doubtful:
            notices.append(f'{column}: "{doubtful[0]}" can be read in two ways; such cells are left as they are')
        if typed:
            notices.append(f"{column}: {typed} answers hold more than the options, which stays in the joined column")
        frame = with_choices(frame, column, chosen, texts)
    return frame


def _ways(cell: str, known: dict[str, set[str]], separator: str) -> set[tuple[str, ...]]:
    """Ways to read a cell; where it is not all options, the longest run of them from its start, then what was typed."""
    ways = split(cell, known, separator)
    for at in [] if ways else [at for at in range(len(cell), 0, -1) if cell.startswith(separator, at)]:
        if before := split(cell[:at], known, separator):
            return {(*way, cell[at + len(separator) :]) for way in before}
    return ways or {(cell,)}

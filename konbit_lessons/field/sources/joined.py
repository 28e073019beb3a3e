"""Several answers in one cell, as Microsoft and Google Forms write them → one column per option."""

import pandas as pd

from konbit_lessons.field.sources.choices import split, with_choices


def split_options(frame: pd.DataFrame, options: dict[str, list[str]], separator: str) -> tuple[pd.DataFrame, list[str]]:
    """Add ``question/option`` columns for the questions whose options are known.

    An answer that is none of the options (what was typed under "Other") is taken for one if nothing but known options
    stands before it; a cell that can be read in two ways is left as it is.

    Parameters
    ----------
    frame : DataFrame of str
    options : dict of str to list of str
        Question → its options; an option may contain the separator.
    separator : str

    Returns
    -------
    frame : DataFrame
    notices : list of str
    """
    notices = []
    for question, texts in options.items():
        column = next((header for header in frame if header.split() == question.split()), None)
        if column is None:
            notices.append(f'options are given for "{question}", which is no column: it has {", ".join(frame)}')
            continue
        known = {text: {text} for text in texts}
        ways = {cell: _ways(cell.strip(), known, separator) for cell in frame[column].dropna().unique()}
        chosen = {
            cell: next(iter(w)) for cell, w in ways.items() if len({frozenset(way) & set(texts) for way in w}) == 1
        }
        doubtful = [cell for cell in ways if cell not in chosen]
        if doubtful:
            notices.append(f'{column}: "{doubtful[0]}" can be read in two ways; such cells are left as they are')
        typed = sum(not set(ones) <= set(texts) for ones in chosen.values())
        if typed:
            notices.append(f"{column}: {typed} answers hold more than the options, which stays in the joined column")
        frame = with_choices(frame, column, chosen, texts)
    return frame, notices


def _ways(cell: str, known: dict[str, set[str]], separator: str) -> set[tuple[str, ...]]:
    """Ways to read a cell; where it is not all options, the longest run of them from its start, then what was typed."""
    ways = split(cell, known, separator)
    starts = [at for at in range(len(cell), 0, -1) if cell.startswith(separator, at)]
    for at in [] if ways else starts:
        before = split(cell[:at], known, separator)
        if before:
            return {(*way, cell[at + len(separator) :]) for way in before}
    return ways or {(cell,)}

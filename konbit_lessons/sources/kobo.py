"""KoboToolbox exports, CSV or XLSX, with names or labels: grids → tables named by question.

Facts: a choice column is ``question/choice`` with 0, 1, or blank when the question was not answered; without the form,
``a/b`` is a choice only if there is a column ``a`` and its values are 0, 1 or blank; a second header row of HXL tags
can be there; repeats are sheets of their own, linked by ``_parent_index``.
"""

import pandas as pd

from konbit_lessons.sources.form import Form
from konbit_lessons.sources.grids import Grid
from konbit_lessons.sources.raw import Frame, frame_of, use_flags

MARKS = ("_uuid", "_submission_time", "_index", "_id")


def recognizes(header: list[str]) -> bool:
    return sum(mark in header for mark in MARKS) >= 2 or "_parent_index" in header


def read(grids: list[Grid], *, form: Form | None, expect: list[str]) -> tuple[dict[str, Frame], list[str]]:
    tables, notices = {}, []
    for grid in grids:
        second = [cell for row in grid.top(2)[1:] for cell in row if cell]
        tagged = bool(second) and all(cell.startswith("#") for cell in second)
        if tagged:
            notices.append("the row of HXL tags under the header was left out")
        frame = frame_of(grid, after=1 + tagged)
        name = grid.title if "_parent_index" in frame else "main"
        tables[name if name not in tables else grid.title] = Frame(tidy(frame, form=form), grid.title)
    return tables, notices


def tidy(frame: pd.DataFrame, *, form: Form | None, group_separator: str = "/") -> pd.DataFrame:
    """Columns by question name, labels decoded to names, choices as True, False or missing."""
    frame = frame.rename(columns=_names(frame, form, group_separator))
    choices = [
        column for column in frame if "/" in column and column.rsplit("/", 1)[0] in frame and _is_choice(frame[column])
    ]
    if form:
        choices = [
            column
            for column in frame
            if column in form.columns.values() and "/" in column and _is_choice(frame[column])
        ]
        frame = _decoded(frame, form, choices)
    return use_flags(frame, choices)


def _is_choice(values: pd.Series) -> bool:
    return bool(values.dropna().str.strip().isin(["0", "1"]).all())


def _names(frame: pd.DataFrame, form: Form | None, separator: str) -> dict[str, str]:
    """Header → column: what the form says, else the header without its groups unless two would collide."""
    found = {}
    for header in frame:
        known = form.columns.get(" ".join(header.split())) if form else None
        found[header] = known or _without_groups(header, frame, separator)
    names = list(found.values())
    return {header: name if names.count(name) == 1 else header for header, name in found.items()}


def _without_groups(header: str, frame: pd.DataFrame, separator: str) -> str:
    if header.startswith(("_", "meta/", "meta-")):
        return header
    question, slash, choice = header.rpartition("/")
    if slash and question in frame and _is_choice(frame[header]):
        return f"{question.rsplit(separator, 1)[-1]}/{choice}"
    return header.rsplit(separator, 1)[-1] or header


def _decoded(frame: pd.DataFrame, form: Form, choices: list[str]) -> pd.DataFrame:
    frame = frame.copy()
    for column, question in form.selects.items():
        if column not in frame:
            continue
        names = form.decode(column)
        if question.type == "select_one":
            text = frame[column].str.strip()
            frame[column] = text.map(names).astype("str").where(text.isin(names), frame[column])
        else:
            own = [choice for choice in choices if choice.rsplit("/", 1)[0] == column]
            if own:  # the joined column of a label export cannot be split, the choice columns can
                picked = frame[own].eq("1").to_numpy()
                codes = [choice.rsplit("/", 1)[1] for choice in own]
                joined = [" ".join(code for code, yes in zip(codes, row, strict=True) if yes) for row in picked]
                frame[column] = pd.Series(joined, index=frame.index, dtype="str").where(frame[column].notna())
    return frame

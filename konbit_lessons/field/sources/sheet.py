"""Hand-made sheets and plain CSV: the header is found under title rows, and each visible sheet is a table.

The header is the row, among the first twenty, that holds most of the expected columns; where nothing is expected, the
first row that fills nearly every column in use with words. Over groups of columns (merged cells) it is two rows: the
lower titles, behind the group's where two would be the same.
"""

import re
from collections import Counter

from konbit_lessons.field.sources.file import File
from konbit_lessons.field.sources.raw import Asked, Frame, Frames, Grid, frame_of

SEARCHED_ROWS = 20
NEARLY_EVERY = 0.6  # a title, or a line such as "Date: …" above the header, fills fewer columns

Row = list[str | None]
_NUMBER = re.compile(r"\d(?!.*[^\W\d_]{3})", re.DOTALL)


def read(file: File, asked: Asked) -> Frames:
    """One table for each sheet."""
    tables = {}
    expect = {" ".join(name.split()) for name in asked.expect}
    for grid in file.grids:
        name = grid.title if tables else "main"
        tables[f"{name} (2)" if name in tables else name], more = _table(grid, expect)
        file.notices += [f"sheet {grid.title}: {notice}" if grid.title else notice for notice in more]
    return tables


def _table(grid: Grid, expect: set[str]) -> tuple[Frame, list[str]]:
    top = grid.top(SEARCHED_ROWS + 1)
    first, last = _header_rows(top, expect)
    notices = [f'above the header stands "{" | ".join(filter(None, row))}"' for row in top[:first] if any(row)]
    header = top[last]
    if first < last:  # titles behind their group's where one is there twice; the group's where there is no other
        counts = Counter(cell.strip() for cell in header if cell)
        pairs = list(zip(_groups(top[first], grid, first), header, strict=True))
        behind = [(group, cell, group and cell and counts[cell.strip()] > 1) for group, cell in pairs]
        header = [f"{group} / {cell}" if twice else cell or group for group, cell, twice in behind]
        told = dict.fromkeys(group for group, lower in pairs if group and lower)
        notices.append(f"the header has two rows; over its columns stands: {', '.join(told)}")
    return Frame(frame_of(grid, header=header, after=last + 1), grid.title), notices


def _header_rows(rows: list[Row], expect: set[str]) -> tuple[int, int]:
    """First and last row of the header, counted from 0."""
    halves = [at for at in range(len(rows) - 1) if _are_halves_of_a_header(rows[at], rows[at + 1])]
    at = _likeliest(rows, expect, halves)
    if at in halves:
        return at, at + 1
    titles = [cell.strip() for cell in rows[at] if cell]
    above = rows[at - 1] if at else []
    grouped = len(set(titles)) < len(titles) and sum(map(bool, above)) > 1 and _is_worded(above)
    return (at - 1 if at - 1 in halves or grouped else at), at


def _likeliest(rows: list[Row], expect: set[str], halves: list[int]) -> int:
    """The row with most of what is expected; else the first that fills nearly every column with words, or every one."""
    hits = [len(expect & {" ".join(cell.split()) for cell in row if cell}) for row in rows]
    if any(hits):
        return hits.index(max(hits))
    filled = [sum(map(bool, row)) for row in rows]
    width = max(sum(map(any, zip(*rows, strict=True))), 1)
    begun = [at for at, row in enumerate(rows) if filled[at] >= NEARLY_EVERY * width and _is_worded(row)]
    full = [at for at, count in enumerate(filled) if count >= width]
    told = [at for at in full if any(cell.strip().endswith(":") for cell in rows[at] if cell)]  # Date: | 3 March
    titled = [at for at in full if _is_worded(rows[at][:1]) and at not in told]
    return min([*(begun + titled or full or [filled.index(max(filled))]), *halves])


def _is_worded(row: Row) -> bool:
    """No cell that begins like a number or a date, and has no word in it, as ``1. Name`` has."""
    return not any(_NUMBER.match(cell.strip()) for cell in row if cell)


def _are_halves_of_a_header(upper: Row, lower: Row) -> bool:
    """Words in both, which fill every column; the lower ones stand under a group and the blanks to its right."""
    signs = {(True, True): "g", (True, False): "1", (False, True): "2", (False, False): "-"}
    kinds = "".join(signs[bool(one), bool(other)] for one, other in zip(upper, lower, strict=True))
    return {"1", "g"} <= set(kinds) and bool(re.fullmatch("(1|g2+)+", kinds)) and _is_worded([*upper, *lower])


def _groups(upper: Row, grid: Grid, at: int) -> Row:
    """The group over each column: as far as its merged cells reach; where none are merged, as far as the next one."""
    row = grid.cells.index[at]
    merged = [(first, last) for top, first, bottom, last in grid.merged if top <= row <= bottom and first < last]
    groups, group = [], None
    for column, cell in enumerate(upper):
        group = cell or (group if not merged or any(first < column <= last for first, last in merged) else None)
        groups.append(group)
    return groups

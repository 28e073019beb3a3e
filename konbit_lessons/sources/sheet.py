"""Hand-made sheets and plain CSV: the header is found under title rows, and each visible sheet is a table.

The header is the row, among the first twenty, that holds most of the expected columns; where nothing is expected, the
first row that fills every column in use.
"""

from konbit_lessons.sources.form import Form
from konbit_lessons.sources.grids import Grid
from konbit_lessons.sources.raw import Frame, frame_of

SEARCHED_ROWS = 20


def recognizes(header: list[str]) -> bool:
    return True


def read(grids: list[Grid], *, form: Form | None, expect: list[str]) -> tuple[dict[str, Frame], list[str]]:
    tables, notices = {}, []
    for grid in grids:
        top = grid.top(SEARCHED_ROWS)
        at = _header_row(top, expect)
        for row in top[:at]:
            if any(row):
                above = " | ".join(cell for cell in row if cell)
                notices.append(f'{f"sheet {grid.title}: " if grid.title else ""}above the header stands "{above}"')
        tables["main" if not tables else grid.title] = Frame(frame_of(grid, header=top[at], after=at + 1), grid.title)
    return tables, notices


def _header_row(rows: list[list[str | None]], expect: list[str]) -> int:
    if expect:
        wanted = {" ".join(name.split()) for name in expect}
        hits = [len(wanted & {" ".join(cell.split()) for cell in row if cell}) for row in rows]
        if max(hits) > 0:
            return hits.index(max(hits))
    width = max(sum(any(row[column] for row in rows) for column in range(len(rows[0]))), 1)
    filled = [sum(bool(cell) for cell in row) for row in rows]
    return next((at for at, count in enumerate(filled) if count >= width), filled.index(max(filled)))

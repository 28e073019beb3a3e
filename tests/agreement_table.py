"""All agreements with R together: lines to read, and docs/agreement.md. Called by ``python -m tests.agreement``."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from agreement import AGREEMENTS

PARTS = ("agreement_counts", "agreement_robustness", "agreement_answers")  # each exports ROWS of the same type
PAGE = Path(__file__).parents[1] / "docs" / "agreement.md"
HEAD = """# Agreement with R

Numbers of this package against those of R 4.2.2 (clubSandwich, sandwich, brglm2, geepack, lme4 and others; scripts in
`tests/data/reference/r/`), one line per quantity. Digits are those to which every number of the quantity agrees,
relative to its size, rounded down; more than 12 are not counted. `make agreement` prints them,
`python -m tests.agreement --markdown` writes this page, and the tests hold every line to the digits asked for.

| data set | quantity | digits that agree | digits asked for |
|---|---|---:|---:|
"""


def rows():
    """Every agreement there is."""
    parts = [name for name in PARTS if find_spec(name)]
    return [*AGREEMENTS, *(row for name in parts for row in import_module(name).ROWS)]


def digits(row):
    """Digits that agree, rounded down to one decimal, at most 12: what rounding of the machine cannot change."""
    return min(np.floor(-10 * np.log10(max(row.error(), 1e-16))) / 10, 12.0)


def markdown(lines):
    """The page, from (data set, quantity, digits that agree, digits asked for)."""
    return HEAD + "".join(f"| {d} | {q} | {found:.1f} | {asked:.0f} |\n" for d, q, found, asked in sorted(lines))


def main():
    """Print one line per quantity; with --markdown, write the page instead."""
    lines = [(row.data, row.quantity, digits(row), -np.log10(row.tolerance), row.error()) for row in rows()]
    if "--markdown" in sys.argv:
        PAGE.write_text(markdown([line[:4] for line in lines]), encoding="utf-8", newline="\n")
        return
    for (data, quantity, found, asked, error), row in zip(lines, rows(), strict=True):
        verdict = "" if error <= row.tolerance else "   DISAGREES"
        print(f"{found:5.1f} of {asked:.0f} digits  {data} {quantity}{verdict}")

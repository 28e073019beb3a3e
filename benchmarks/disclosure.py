"""How much is hidden, and how much of it an outsider works out: the numbers of docs/disclosure.md.

``python -m benchmarks.disclosure`` attacks the tables of tests/test_disclosure.py, as they are shown and with their
small figures alone hidden; ``--pages 20`` also the pages of the shipped example and of so many small programmes, as
tests/test_shared_pages.py does (minutes).
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from konbit_lessons.example import write_example
from tests.test_disclosure import MADE, SMALLEST, attacked, decided, inner_table, labelled, margins, with_totals
from tests.test_shared_pages import attacked as pages_attacked

COUNTS = {"two-way": 600, "linked quarters": 100, "reached so far": 100}
COLUMNS = "{:<18}{:>8}{:>8}{:>8}{:>8}{:>11}{:>16}"


def small_alone(true, smallest, **told):
    """The table with its small figures hidden and nothing else, and no bound told."""
    return true.astype("Int64").mask((true > 0) & (true < smallest)), true * 0


def measured(kind, hide):
    """Of all tables of a kind: figures, hidden, few among these and differences, worked out, known to be few."""
    made = [(*MADE[kind](seed), SMALLEST[seed % 3]) for seed in range(COUNTS[kind])]
    tables = [(true, *hide(true, smallest, **told), told, smallest) for true, told, smallest in made]
    found = attacked(tables, positive=True)
    few = found["value"].between(1, found["smallest"] - 1)
    out = found["high"] - found["low"] < 1
    known = few & ~out & (found["high"] < found["smallest"])
    return sum(len(labelled(true)) for true, *_ in tables), found["is_figure"].sum(), few.sum(), out.sum(), known.sum()


def of_ten_by_four(smallest=5, count=100):
    """Hidden figures and seconds per table of 10 × 4 with a mean of 20, in the mean and at most."""
    hidden, seconds = [], []
    for seed in range(count):
        table = with_totals(inner_table(np.random.default_rng(seed), 10, 4, 20))
        start = perf_counter()
        hidden.append(int(decided(table, smallest, sums=margins(table))[0].isna().sum().sum()))
        seconds.append(perf_counter() - start)
    return np.mean(hidden), table.size, np.median(seconds), max(seconds)


def of_pages(programmes):
    """Figures hidden on pages, and told too exactly: all quarters of the example, the last two of small programmes."""
    with tempfile.TemporaryDirectory() as folder:
        write_example(Path(folder) / "example")
        for smallest in (5, 10):
            told, hidden = pages_attacked(Path(folder) / "example" / "programme.toml", smallest)
            yield f"the example at {smallest}", hidden, len(told)
        for seed in range(programmes):
            at = Path(folder) / str(seed)
            write_example(at, organizations=11 + 4 * seed, events=8 + seed, seed=seed)
            told, hidden = pages_attacked(at / "programme.toml", last=2)
            yield f"{11 + 4 * seed} organizations, {8 + seed} events", hidden, len(told)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=None, help="small programmes whose pages are attacked as well")
    asked = parser.parse_args()
    for title, hide in (("small alone", small_alone), ("as shown", decided)):
        print(COLUMNS.format(title, "tables", "figures", "hidden", "few", "worked out", "known to be few"))
        for kind, count in COUNTS.items():
            print(COLUMNS.format(kind, count, *measured(kind, hide)))
    print("10 × 4: {:.1f} of {} hidden, {:.3f} s, at most {:.2f} s".format(*of_ten_by_four()))
    for line in of_pages(asked.pages) if asked.pages is not None else ():
        print("{}: {} hidden, {} told too exactly".format(*line), flush=True)


if __name__ == "__main__":
    main()

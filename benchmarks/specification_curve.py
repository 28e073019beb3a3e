"""How long the specification curve of one programme takes, with 999 bootstrap draws: asked for is under 10 seconds.

``python -m benchmarks.specification_curve [programme.toml]`` prints the seconds.
"""

import sys
from time import perf_counter

import konbit_lessons as kl
from konbit_lessons.incentives.robustness import specification_curve


def main(path="programme.toml"):
    programme = kl.load(path)
    rows = kl.rows(programme)
    specification_curve(rows.head(400), draws=9, **programme.question)  # imports are not what is measured
    started = perf_counter()
    curve = specification_curve(rows, draws=999, **programme.question)
    seconds = perf_counter() - started
    ways = curve.table["specification"].nunique()
    print(f"{len(rows)} rows, {len(curve.main)} incentives, {ways} specifications: {seconds:.1f} seconds")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How long the specification curve of one programme takes, with 999 bootstrap draws: asked for is under 10 seconds.

``python -m benchmarks.specification_curve [programme.toml]`` prints the seconds.
"""

import sys
from time import perf_counter

import konbit_lessons as kl
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.robustness import robustness


def main(path="programme.toml"):
    programme = kl.load(path)
    rows = kl.rows(programme)
    robustness(predict_participation(rows.head(400), **programme.question), draws=9)  # imports are not what is measured
    started = perf_counter()
    curve = robustness(predict_participation(rows, **programme.question), draws=999)
    seconds = perf_counter() - started
    ways = curve.table["specification"].nunique()
    print(f"{len(rows)} rows, {len(curve.main)} incentives, {ways} specifications: {seconds:.1f} seconds")


if __name__ == "__main__":
    main(*sys.argv[1:])

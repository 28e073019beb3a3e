"""Time of one analysis against R in the same run, and how it grows with the number of rows.

``python -m benchmarks.against_r`` needs Rscript with brglm2 and clubSandwich for the comparison; without R it prints
the growth only. 548 rows of 137 organizations, 7 incentives and 4 more columns: Firth logit, average marginal effects,
CR2, Satterthwaite, HTZ. Both sides are timed warm, in turn, and the median is shown.
"""

import shutil
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons import predict_participation

HERE = Path(__file__).parent
SIZES = (1_000, 10_000, 100_000, 400_000)
REPETITIONS = 15


def programme(rows: int, *, incentives: int = 7, seed: int = 1) -> pd.DataFrame:
    """Rows of organizations with 4 or 10 invitations, seven incentives that are all estimable, four more columns."""
    rng = np.random.default_rng(seed)
    organizations = rows // (4 if rows < 1_000 else 10)
    who = np.repeat(np.arange(organizations), rows // organizations)
    frame = pd.DataFrame({"organization_id": who})
    for at in range(incentives):
        frame[f"incentive_{at}"] = (rng.random(organizations) < 0.16 + 0.06 * at).astype(int)[who]
    for at in range(4):
        frame[f"other_{at}"] = rng.normal(size=len(who)).round(3)
    chance = -0.6 + 0.3 * frame["incentive_3"] + rng.normal(size=organizations)[who]
    return frame.assign(attended=(rng.random(len(who)) < 1 / (1 + np.exp(-chance))).astype(int))


def analyse(frame: pd.DataFrame) -> None:
    names = list(frame.columns)
    predict_participation(
        frame,
        incentives=[name for name in names if name.startswith("incentive")],
        adjust_for=[name for name in names if name.startswith("other")],
        cluster=["organization_id"],
        permutations=0,
    )


def seconds(frame: pd.DataFrame) -> float:
    start = time.perf_counter()
    analyse(frame)
    return time.perf_counter() - start


def against_r() -> None:
    if not shutil.which("Rscript"):
        print("Rscript is not there: no comparison.")
        return
    frame = programme(548)
    seconds(frame)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "rows.csv"
        frame.to_csv(table, index=False)
        ours, theirs = [], []
        for _ in range(3):  # in turn, so that what else the machine does meets both
            ours += [seconds(frame) for _ in range(REPETITIONS)]
            said = subprocess.run(
                ["Rscript", str(HERE / "against_r.R"), str(table), str(REPETITIONS)],
                capture_output=True,
                text=True,
                check=True,
            )
            theirs += [float(line) for line in said.stdout.split()]
    here, there = statistics.median(ours), statistics.median(theirs)
    print(f"548 rows, 137 clusters: {1e3 * here:.0f} ms, R {1e3 * there:.0f} ms, {there / here:.1f} times")


def growth() -> None:
    times = []
    for size in SIZES:
        frame = programme(size)
        times.append(min(seconds(frame) for _ in range(2)))
        tracemalloc.start()
        analyse(frame)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        organizations = frame["organization_id"].nunique()
        print(f"{size:>9,} rows, {organizations:>6,} organizations: {times[-1]:.2f} s, {peak / 1e6:.0f} MB")
    slope = np.polyfit(np.log(SIZES[1:]), np.log(times[1:]), 1)[0]
    print(f"time grows with rows to the power {slope:.2f} (from {SIZES[1]:,} rows on)")


if __name__ == "__main__":
    against_r()
    growth()

"""How long 1,000,000 attendance rows take from CSV to clean Parquet, beside what pandas takes to read the file as text.

``python -m benchmarks.cleaning [--rows 1000000] [--repetitions 3] [--growth]`` writes a register of attendance of
seven columns (about 100 MB a million rows) of 137 organizations: a typed name, yes and no in three languages, a code
for no answer, some values that do not convert. It runs ``clean`` and ``write`` on it and ``pandas.read_csv(dtype=str)``
in turn, each in a process of its own, and prints both times, their ratio, and the most memory each held. ``--growth``
adds the time at 10⁴ to 10⁷ rows and the slope of its logarithm.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons.example.names import Typist, organization_names

ORGANIZATIONS = 137
REGISTER = Path("data/raw/attendance.csv")
PROGRAMME = """
[programme]
name = "Benchmark (simulated)"
simulated = true
point_of_contact = "evaluation@example.org"

[incentives]
certificate = "Certificate"

[analysis]
incentives = ["certificate"]

[[source]]
table = "organizations"
files = "organizations.csv"

[[source]]
table = "events"
files = "events.csv"

[[source]]
table = "invitations"
files = "attendance.csv"
[source.columns]
event_id = "Code activité"
organization_id = "Organisation"
attended = "Présent"
delegates = "Délégués"
senior_delegate = "Fonction"
[source.levels.senior_delegate]
"Directeur" = "yes"
"Comptable" = "no"
[source.missing]
delegates = ["99"]
"""


def write_programme(folder: Path, rows: int) -> Path:
    """A programme whose register of attendance has `rows` rows; returns the register."""
    rng = np.random.default_rng(2017)
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    (folder / "programme.toml").write_text(PROGRAMME, encoding="utf-8")
    organizations = min(ORGANIZATIONS, max(rows // 10, 10))
    named, _ = organization_names(rng, organizations)
    codes = [f"ORG-{at:05d}" for at in range(organizations)]
    roster = pd.DataFrame({"organization_id": codes, "name": [name for name, _ in named], "org_type": "cdsp"})
    roster.assign(acronym="").to_csv(raw / "organizations.csv", index=False)
    events = -(-rows // organizations)
    held = pd.Timestamp("2016-10-01") + pd.to_timedelta(rng.integers(0, 365, events), unit="D")
    pd.DataFrame(
        {"event_id": [f"E{at:05d}" for at in range(events)], "event_type": "training", "held_on": held}
    ).assign(certificate=rng.choice(["yes", "no"], events)).to_csv(raw / "events.csv", index=False)
    typist = Typist(roster, rng)
    spelled = np.array([typist.type(codes) for _ in range(3)])  # every organization is typed in up to 3 ways
    at = np.arange(rows)
    table = {
        "Code activité": pd.Series(at // organizations).map("E{:05d}".format),
        "Organisation": spelled[rng.integers(0, 3, rows), at % organizations],
        "Présent": rng.choice(["Oui", "oui ", "Wi", "Non", "non"], rows),
        "Délégués": rng.choice(["0", "1", "2", "3", "99", "?"], rows, p=[0.3, 0.3, 0.2, 0.189, 0.01, 0.001]),
        "Fonction": rng.choice(["Directeur", "Comptable", ""], rows),
        "Téléphone": pd.Series(rng.integers(0, 1_000_000, rows)).map("+509 00{:06d}".format),
        "Remarques": rng.choice(
            ["", "arrivé en retard à cause de la pluie et de la route", "parti avant la fin"], rows
        ),
    }
    path = folder / REGISTER
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def timed(what: str, path: Path) -> dict[str, float]:
    """Seconds and the most memory (bytes) of one task in a process of its own."""
    call = [sys.executable, "-m", "benchmarks.cleaning", "--task", what, str(path)]
    return json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout)


def task(what: str, path: Path) -> None:
    if what.isdigit():  # here, not where the others start: a process counts the memory of the one that started it
        print(json.dumps({"size": write_programme(path, int(what)).stat().st_size}))
        return
    from konbit_lessons import clean, load
    from konbit_lessons.field.store import write

    def run(path: Path) -> None:
        if what == "pandas":
            pd.read_csv(path, dtype=str)
        else:
            write(clean(load(path.parents[2] / "programme.toml")))

    with tempfile.TemporaryDirectory() as folder:
        run(write_programme(Path(folder), 1_000))  # what is imported on first use is imported
    started = time.perf_counter()
    run(path)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "memory": memory}))


def compare(rows: int, repetitions: int) -> dict[str, float]:
    """Both tasks in turn; the medians, and the most memory that konbit held."""
    with tempfile.TemporaryDirectory() as folder:
        size = timed(str(rows), Path(folder))["size"]
        path = Path(folder) / REGISTER
        runs = {"pandas": [], "konbit": []}
        for _ in range(repetitions):
            for what, seen in runs.items():
                seen.append(timed(what, path))
    median = {what: float(np.median([run["seconds"] for run in seen])) for what, seen in runs.items()}
    memory = max(run["memory"] for run in runs["konbit"])
    print(
        f"{rows:>10,} rows, {size / 1e6:,.0f} MB: konbit {median['konbit']:.2f} s, pandas.read_csv "
        f"{median['pandas']:.2f} s, ratio {median['konbit'] / median['pandas']:.2f}; "
        f"at most {memory / 1e9:.2f} GB, {memory / size:.1f} times the file"
    )
    return median | {"rows": rows, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--task", nargs=2)
    chosen = parser.parse_args()
    if chosen.task:
        return task(chosen.task[0], Path(chosen.task[1]))
    compare(chosen.rows, chosen.repetitions)
    if chosen.growth:
        runs = [compare(rows, 1) for rows in (10_000, 100_000, 1_000_000, 10_000_000)]
        slope = np.polyfit([math.log(run["rows"]) for run in runs], [math.log(run["konbit"]) for run in runs], 1)[0]
        print(f"time grows with rows to the power {slope:.2f}")
    return None


if __name__ == "__main__":
    main()

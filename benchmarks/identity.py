"""How often typed names find their organization, and how long it takes: ``python -m benchmarks.identity``.

Simulated programmes of 137, 1,000 and 10,000 organizations, typed as the example types them, or harder, with guests
whose names look like a partner's. ``--markdown`` writes the tables into docs/identity.md.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.hard_typing import TYPISTS, guest, guest_names
from konbit_lessons.example import simulate
from konbit_lessons.field.identity import Roster

REPORT = Path(__file__).parent.parent / "docs" / "identity.md"
MARK = "<!-- measured -->\n"
SIZES = {137: 12, 1_000: 4, 10_000: 1}  # organizations: programmes drawn
TYPED = 12  # times that each organization is typed
MANY = 137_000


def typed_names(size: int, typing: str, seed: int, times: int) -> tuple[pd.DataFrame, list[str], dict[str, str | None]]:
    """A roster, all that was typed, and what each typed name means (None: a guest)."""
    roster = simulate(organizations=size, events=2, seed=seed).organizations
    rng = np.random.default_rng(seed)
    typist = TYPISTS[typing](roster, rng)
    guests = [name for name in guest_names(rng, roster["name"].tolist()) if guest(typist, name)]
    rows = typist.type(rng.permutation(np.repeat(roster["organization_id"].to_numpy(), times)))
    return roster, rows + guests, typist.aliases


def measure(size: int, typing: str, seed: int, times: int = TYPED) -> dict[str, float]:
    """One programme: counts of distinct typed names and of rows by what became of them."""
    roster, rows, truth = typed_names(size, typing, seed, times)
    start = time.process_time()
    matches = Roster(roster).match(rows)
    seconds = time.process_time() - start
    names = pd.DataFrame(
        {
            "meant": truth.values(),
            "found": [matches[name].organization_id for name in truth],
            "listed": [matches[name].candidates for name in truth],
        },
        index=pd.Index(truth, dtype="object"),
    )
    ours, missed = names["meant"].notna(), names["found"].isna()
    row = names.loc[rows]
    open_ours = names[ours & missed]
    return {
        "names": len(names),
        "of partners": int(ours.sum()),
        "wrong": int((~missed & (names["found"] != names["meant"])).sum()),
        "found": int((ours & ~missed).sum()),
        "rows": int(row["meant"].notna().sum()),
        "rows found": int((row["meant"].notna() & row["found"].notna()).sum()),
        "to review": int(missed.sum()),
        "guests": int((~ours).sum()),
        "guests matched": int((~ours & ~missed).sum()),
        "listed": int(sum(key in listed for key, listed in zip(open_ours["meant"], open_ours["listed"], strict=True))),
        "open": len(open_ours),
        "seconds": seconds,
    }


def table() -> pd.DataFrame:
    """One row per size and typing, summed over the programmes drawn."""
    lines = []
    for size, programmes in SIZES.items():
        for typing in TYPISTS:
            sums = pd.DataFrame([measure(size, typing, seed) for seed in range(1, programmes + 1)]).sum()
            lines.append(
                {
                    "organizations": f"{size:,}",
                    "typing": typing,
                    "programmes": programmes,
                    "typed names": f"{sums['names']:,.0f}",
                    "matched wrongly": f"{sums['wrong']:.0f}",
                    "names found, %": f"{100 * sums['found'] / sums['of partners']:.1f}",
                    "rows found, %": f"{100 * sums['rows found'] / sums['rows']:.1f}",
                    "guests matched": f"{sums['guests matched']:.0f} of {sums['guests']:,.0f}",
                    "names to review": f"{sums['to review']:,.0f}",
                    "the right one is listed, %": f"{100 * sums['listed'] / max(sums['open'], 1):.1f}",
                    "seconds of one core": f"{sums['seconds'] / programmes:.1f}",
                }
            )
            print(lines[-1], flush=True)
    return pd.DataFrame(lines)


def many() -> str:
    """The time for so many distinct names against the largest roster."""
    roster, _, truth = typed_names(10_000, "hard", 1, 24)
    names = list(truth)[:MANY]
    start = time.process_time()
    matches = Roster(roster).match(names)
    seconds = time.process_time() - start
    wrong = sum(matches[name].organization_id not in (None, truth[name]) for name in names)
    against = f"{len(names):,} distinct names, typed hard, against 10,000 organizations"
    return f"{against}: {seconds:.0f} s of one core, {wrong} wrong."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--markdown", action="store_true", help=f"write the tables into {REPORT.name}")
    given = options.parse_args()
    lines = table()
    speed = many()
    print(speed)
    if given.markdown:
        head = "| " + " | ".join(lines.columns) + " |\n|" + "---:|" * lines.shape[1] + "\n"
        body = "".join("| " + " | ".join(map(str, row)) + " |\n" for row in lines.itertuples(index=False))
        rules = REPORT.read_text(encoding="utf-8").split(MARK)[0]
        REPORT.write_text(f"{rules}{MARK}\n{head}{body}\n{speed}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

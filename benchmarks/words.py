"""How often the words "clear" and "likely" are wrong, where the truth is known: written to docs/words.md.

``python -m benchmarks.words`` draws programmes with eight incentives, of which none, or four, have an effect, as
``benchmarks.simulation`` does, and counts what a report says of them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.simulation import Cell, run

REPORT = Path(__file__).parent.parent / "docs" / "words.md"
EIGHT = (0.5, 0.4, 0.3, 0.2, 0.45, 0.35, 0.25, 0.15)  # shares of organizations that have each
SIZES = {"137 organizations × 4 quarters": (137, None), "60 organizations × 16 events": (60, 16)}
TRUTHS = {"none of eight": {}, "four of eight": {"effect": 0.8, "without": 4}}
RULES = {"clear": ["clear"], "clear or likely": ["clear", "likely"]}
TEXT = """# How often the words are wrong

The command below writes this page: {repetitions:,} programmes drawn per row, with eight incentives of organizations, in
percent with one Monte Carlo standard error. *Reports*: those that say it of any incentive that has no effect. *False*:
of all incentives that it is said of, those without an effect, in the mean over reports (none said, none false).
*Found*: of the incentives with an effect, those that it is said of. *Clear* is Holm's p below 5 %; *likely* is
Benjamini and Hochberg's below 10 %, and an interval without zero. *No rule* takes every interval without zero: it calls
chance a finding most often, and what it finds more is the price of the words.

```
python -m benchmarks.words --repetitions {repetitions} --seed {seed}
```

"""


def measured(answers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rule → one row per report: whether it says it of what has no effect, share of false among those said, found."""
    said = {rule: answers["strength"].isin(words) for rule, words in RULES.items()} | {"no rule": answers["rejected"]}
    null, reports = answers["effect"] == 0, {}
    for rule, of in said.items():
        counts = pd.DataFrame({"false": of & null, "said": of, "true": of & ~null, "real": ~null})
        each = counts.groupby(answers["seed"]).sum()
        shares = {"reports": each["false"] > 0, "false": each["false"] / each["said"].clip(1)}
        reports[rule] = pd.DataFrame(shares | {"found": each["true"] / each["real"]}).astype(float)
    return reports


def markdown(repetitions: int, seed: int) -> str:
    """The page, drawn anew."""
    lines = ["| programme | with an effect | said | reports | false | found |", "|---|---|---|---:|---:|---:|"]
    for size, (organizations, events) in SIZES.items():
        for truth, effects in TRUTHS.items():
            cell = replace(Cell(size, organizations, events, EIGHT), **effects)
            for rule, reports in measured(run(cell, repetitions, seed=seed)).items():
                shares = 100 * pd.DataFrame({"mean": reports.mean(), "error": reports.sem()})
                numbers = ["–" if pd.isna(mean) else f"{mean:.1f} ± {error:.1f}" for mean, error in shares.to_numpy()]
                lines.append(f"| {size} | {truth} | {rule} | {' | '.join(numbers)} |")
    return TEXT.format(repetitions=repetitions, seed=seed) + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repetitions", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    REPORT.write_text(markdown(given.repetitions, given.seed), encoding="utf-8")


if __name__ == "__main__":
    main()

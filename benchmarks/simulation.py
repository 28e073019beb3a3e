"""How often the method is wrong when the truth is known: false positives and coverage, written to docs/simulation.md.

``python -m benchmarks.simulation`` reruns every cell (minutes on two cores); ``--repetitions 50`` is a quick look, and
``--only Uneven`` draws anew the tables whose title has this word in it. Those are of a second way of drawing, which
shares no line with this one: see ``benchmarks.uneven``.
Participation is drawn from logit P(y = 1) = b0 + Σ β_j x_j + u_organization + v_event, with u and v normal. An
incentive of organizations is given to a share of them, one of events to a share of events. The method is
``predict_participation`` as users call it, adjusted for type of organization and quarter; its answer counts where it
is estimable, and the share of runs in which it is not is shown beside.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import uneven
from konbit_lessons import predict_participation
from konbit_lessons.errors import ModelError

REPORT = Path(__file__).parent.parent / "docs" / "simulation.md"
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Cell:
    """One programme to draw again and again.

    ``by_organization`` and ``by_event`` are the shares of organizations and of events that have each incentive;
    ``effect`` is the log-odds of every incentive but the last ``without``; without events there are four quarters and
    one way of clustering.
    ``rare`` rows, of different organizations, have an incentive without effect: there the answer is a permutation p and
    a penalized interval, and the runs in which it happens to be separated are shown once more.
    """

    title: str
    organizations: int
    events: int | None
    by_organization: tuple[float, ...]
    by_event: tuple[float, ...] = ()
    effect: float = 0.0
    organization_sd: float = 1.0
    event_sd: float = 0.0
    rare: int = 0
    without: int = 0

    @property
    def incentives(self) -> list[str]:
        return [f"organization_{share:g}" for share in self.by_organization] + [
            f"event_{share:g}" for share in self.by_event
        ]

    @property
    def terms(self) -> list[str]:
        return [*self.incentives, *([f"rare_{self.rare}"] if self.rare else [])]

    def draw(self, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
        """One programme and the truth, see the function of this name."""
        return draw(self, seed)


QUARTERLY = (0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
CELLS = (
    Cell("137 organizations × 4 quarters, no effect", 137, None, QUARTERLY),
    Cell("137 organizations × 4 quarters, with effects", 137, None, QUARTERLY, effect=0.8),
    Cell("37 organizations × 4 quarters, no effect", 37, None, (0.1, 0.2, 0.35, 0.5)),
    Cell("37 organizations × 4 quarters, with effects", 37, None, (0.1, 0.2, 0.35, 0.5), effect=0.8),
    *(
        Cell(f"{n} × {m}, event shock {sd:g}, {what}", n, m, by_organization, by_event, effect=effect, event_sd=sd)
        for n, m, by_organization, by_event in (
            (137, 48, (0.08, 0.1, 0.3), (0.1, 0.2, 0.3, 0.5)),
            (37, 24, (0.2, 0.35, 0.5), (0.2, 0.35, 0.5)),
        )
        for effect, what in ((0.0, "no effect"), (0.8, "with effects"))
        for sd in (0.0, 0.5, 1.0)
    ),
    Cell("137 organizations × 4 quarters, no effect, an incentive that is rare", 137, None, (0.3,), rare=6),
)


def draw(cell: Cell, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """One programme and the true average marginal effect of each incentive in it.

    Parameters
    ----------
    cell : Cell
    seed : int

    Returns
    -------
    rows : DataFrame, one row per invitation
    truth : dict of str to float
        Mean over rows of P(y = 1 | x_j = 1) − P(y = 1 | x_j = 0), with u and v integrated out.
    """
    rng = np.random.default_rng(seed)
    organizations, times = cell.organizations, cell.events or 4
    grid = pd.MultiIndex.from_product([range(organizations), range(times)], names=["organization_id", "event_id"])
    rows = grid.to_frame(index=False)
    rows = rows[rng.random(len(rows)) < 38 / 137].reset_index(drop=True) if cell.events else rows
    who, when = rows["organization_id"].to_numpy(), rows["event_id"].to_numpy()
    rows["org_type"] = np.where(who < 0.73 * organizations, "cdsp", "awardee")
    rows["fiscal_quarter"] = np.char.add("Q", (when * 4 // times).astype(str))
    for name, share in zip(cell.incentives, (*cell.by_organization, *cell.by_event), strict=True):
        groups, codes = (organizations, who) if name.startswith("organization") else (times, when)
        given = rng.permutation(groups) < round(share * groups)
        rows[name] = given[codes].astype(int)
    if cell.rare:
        first = rows.groupby("organization_id").head(1).index.to_numpy()
        rows[cell.terms[-1]] = np.isin(np.arange(len(rows)), rng.permutation(first)[: cell.rare]).astype(int)
    effects = np.where(np.arange(len(cell.incentives)) < len(cell.incentives) - cell.without, cell.effect, 0.0)
    linear = rows[cell.incentives].to_numpy() @ effects
    spread = np.hypot(cell.organization_sd, cell.event_sd)
    base = _intercept(linear, spread)
    chance = base + linear + cell.organization_sd * rng.normal(size=organizations)[who]
    chance = chance + cell.event_sd * rng.normal(size=times)[when]
    rows["attended"] = (rng.random(len(rows)) < 1 / (1 + np.exp(-chance))).astype(int)
    truth = dict.fromkeys(cell.terms, 0.0)
    for name, effect in zip(cell.incentives, effects, strict=True):
        without = base + linear - effect * rows[name].to_numpy()
        truth[name] = float(np.mean(_mean(without + effect, spread) - _mean(without, spread)))
    return rows, truth


def _mean(linear: np.ndarray, sd: float) -> np.ndarray:
    """P(y = 1) with normal intercepts integrated out."""
    return (WEIGHTS / (1 + np.exp(-(linear[:, None] + sd * NODES)))).sum(axis=1)


def _intercept(linear: np.ndarray, sd: float, *, rate: float = 0.35) -> float:
    """The intercept at which 35 of 100 take part."""
    values, counts = np.unique(linear, return_counts=True)
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        high, low = (
            (middle, low) if (_mean(middle + values, sd) * counts).sum() / counts.sum() > rate else (high, middle)
        )
    return low


def once(task: tuple[Cell | uneven.Uneven, int]) -> list[dict]:
    """The answers of the method on one draw."""
    cell, seed = task
    rows, truth = cell.draw(seed)
    cluster = ["organization_id", "event_id"] if cell.events else ["organization_id"]
    try:
        result = predict_participation(
            rows,
            incentives=cell.terms,
            adjust_for=["org_type", "fiscal_quarter"],
            cluster=cluster,
            confidence=CONFIDENCE,
            permutations=499 if cell.rare else 0,
        )
    except ModelError:
        return []
    table = result.table.set_index("term")
    rare = pd.Series(table.index.str.startswith("rare"), index=table.index)
    for own, penalized in {
        "p_value": "permutation_p",
        "conf_low": "penalized_low",
        "conf_high": "penalized_high",
    }.items():
        table[own] = table[own].where(~rare, table[penalized])
    joint = np.nan if result.joint is None else float(result.joint["p_value"])
    smallest = table["p_adjusted"].min()
    answers = [
        {
            "term": term,
            "told": bool(np.isfinite(table.loc[term, "p_value"])),
            "rejected": table.loc[term, "p_value"] < 1 - CONFIDENCE,
            "strength": table.loc[term, "strength"],
            "covered": table.loc[term, "conf_low"] <= truth[term] <= table.loc[term, "conf_high"],
            "df": table.loc[term, "df"],
            "std_error": table.loc[term, "std_error"],
            "effect": truth[term],
            "bias": table.loc[term, "estimate"] - truth[term],
            "any": smallest < 1 - CONFIDENCE,
            "joint": joint < 1 - CONFIDENCE,
            "has_joint": np.isfinite(joint),
            "seed": seed,
        }
        for term in cell.terms
    ]
    separated = [
        answer for answer in answers if rare[answer["term"]] and table.loc[answer["term"], "reason"] == "separated"
    ]
    return answers + [answer | {"term": f"{answer['term']}, when separated"} for answer in separated]


def run(cell: Cell, repetitions: int, *, seed: int = 1, workers: int | None = None) -> pd.DataFrame:
    """Every answer of the method over many draws of one cell, one row per draw and incentive."""
    tasks = [(cell, seed * 1_000_000 + at) for at in range(repetitions)]
    if workers == 1:
        return pd.DataFrame([answer for task in tasks for answer in once(task)])
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        return pd.DataFrame([a for answers in pool.map(once, tasks, chunksize=20) for a in answers])


def summary(answers: pd.DataFrame) -> pd.DataFrame:
    """By incentive: how often it was estimable, false positives or power, coverage, with Monte Carlo errors, in %."""
    lines = []
    for term, some in answers.groupby("term", sort=False):
        told = some[some["told"]]
        n = len(told)
        rejected, covered = (told[what].mean() if n else np.nan for what in ("rejected", "covered"))
        lines.append(
            {
                "incentive": term,
                "estimable": 100 * some["told"].mean(),
                "median df": told["df"].median(),
                "true effect": 100 * some["effect"].mean(),
                "bias": 100 * told["bias"].mean(),
                "sd / se": told["bias"].std() / np.sqrt((told["std_error"] ** 2).mean()),
                "rejected": 100 * rejected,
                "± ": 100 * np.sqrt(rejected * (1 - rejected) / n) if n else np.nan,
                "covered": 100 * covered,
                "±": 100 * np.sqrt(covered * (1 - covered) / n) if n else np.nan,
            }
        )
    return pd.DataFrame(lines)


HEAD = """# Simulation: how often the method is wrong when the truth is known

The commands below write this page, a table for each kind of programme; nominal level 5 %, all numbers in percent or
percentage points. *rejected* is the share of estimable runs with p < 0.05: false positives where there is no effect,
power where there is one. *±* is one Monte Carlo standard error. *sd / se* is how much estimates vary against the
standard errors given: below 1, they err on the side of doubt. The name of an incentive says whether organizations or
events have it, and what share of them. Where the method says that it cannot tell (fewer than 10 organizations or 5
events with or without it, fewer than 5 degrees of freedom, separation, or chance by one count of groups alone: see
"Uneven: two counts of degrees of freedom"), the run is not *estimable* and no p-value is given. Where six invitations
have an incentive, its p is the permutation's and its interval the penalized one, in all runs and in those in which it
happens to be separated (given that, which is rare in itself, a level of 5 is not to be expected). *Uneven* programmes
are drawn in a second way that shares no line with the first (`benchmarks/uneven.py`): 60 organizations with 1 to 90
invitations to 16 events, incentives that hang on the type of organization, some of single rows, and organizations that
are normal, or a few of them far off.

```
python -m benchmarks.simulation --repetitions 3000 --seed 2
python -m benchmarks.simulation --repetitions 1000 --seed 2 --only Uneven
python -m benchmarks.simulation --repetitions 3000 --seed 2 --only "normal, sd 1.6"
```
"""


def section(cell: Cell | uneven.Uneven, answers: pd.DataFrame) -> str:
    """The part of the page about one kind of programme."""
    once_each = answers.drop_duplicates("seed")
    joint = once_each[once_each["has_joint"]]
    tests = (
        f"{len(once_each):,} programmes. Any incentive at Holm's first step: {100 * once_each['any'].mean():.1f}. "
        f"Joint test: {100 * joint['joint'].mean():.1f} of {len(joint):,} runs that have one.\n"
    )
    return f"## {cell.title}\n\n{_table(summary(answers))}\n{tests}"


def _table(table: pd.DataFrame) -> str:
    digits = [1 + (name == "sd / se") for name in table.columns[1:]]
    lines = ["| " + " | ".join(table.columns) + " |", "|---|" + "---:|" * (table.shape[1] - 1)]
    for name, *numbers in table.itertuples(index=False, name=None):
        said = ["–" if pd.isna(x) else f"{x:.{d}f}" for x, d in zip(numbers, digits, strict=True)]
        lines.append("| " + " | ".join([name, *said]) + " |")
    return "\n".join(lines) + "\n"


def kept(page: Path) -> dict[str, str]:
    """Title → section of the page as it stands."""
    parts = page.read_text(encoding="utf-8").split("\n## ")[1:] if page.exists() else []
    return {part.partition("\n")[0]: f"## {part.strip()}\n" for part in parts}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repetitions", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--output", type=Path, default=REPORT)
    options.add_argument("--only", default="", help="a word in the titles of the tables to draw anew")
    given = options.parse_args()
    for cell in CELLS + uneven.CELLS:
        if given.only in cell.title:
            answers = run(cell, given.repetitions, seed=given.seed)
            print(cell.title, summary(answers).round(2).to_string(index=False), sep="\n", flush=True)
            sections = kept(given.output) | {cell.title: section(cell, answers)}
            given.output.write_text("\n".join([HEAD, *sections.values()]), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Which rule for two ways of clustering: false positives of five, written to docs/two_way_rules.md.

``python -m benchmarks.two_way_rules`` (minutes). V_o and V_e are the CR2 variances by organization and by event, V_c =
V_o + V_e − V_row, each with its Satterthwaite degrees of freedom (V_c: the smaller of the two). *max* takes the largest
variance with the smaller degrees of freedom; *least sure* the largest p of the three; *own* clusters only on what the
incentive varies by (organizations or events); *own and both* takes the larger p of own and V_c, and is what the package
does. The last programmes let each organization react in its own way to each event incentive (normal, sd 1 in
log-odds): there clustering on events alone is not enough.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as t_distribution
from threadpoolctl import threadpool_limits

from benchmarks.simulation import Cell, _intercept, _mean, draw
from konbit_lessons.incentives.clusters import clusterings
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import fit_model

REPORT = Path(__file__).parent.parent / "docs" / "two_way_rules.md"
SIZES = ((137, 48, (0.08, 0.1, 0.3), (0.1, 0.2, 0.3, 0.5)), (37, 24, (0.35, 0.5), (0.2, 0.35, 0.5)))
RULES = ("max", "least sure", "own", "own and both")
FEWEST_DF = 5


def with_own_reactions(cell: Cell, seed: int, *, sd: float = 1.0) -> tuple[pd.DataFrame, dict[str, float]]:
    """As ``draw``, but each organization has its own effect of each event incentive, zero in the mean of log-odds."""
    rng = np.random.default_rng([seed, 1])
    rows, truth = draw(cell, seed)
    who, when = rows["organization_id"].to_numpy(), rows["event_id"].to_numpy()
    names = [name for name in cell.incentives if name.startswith("event")]
    offered = rows[names].to_numpy()
    spread = np.hypot(cell.organization_sd, cell.event_sd)
    base = _intercept(np.zeros(1), spread)
    chance = base + cell.organization_sd * rng.normal(size=cell.organizations)[who]
    chance = chance + cell.event_sd * rng.normal(size=cell.events)[when]
    chance = chance + (sd * rng.normal(size=(cell.organizations, len(names)))[who] * offered).sum(axis=1)
    rows["attended"] = (rng.random(len(rows)) < 1 / (1 + np.exp(-chance))).astype(int)

    def share(reactions: int) -> float:
        return float(_mean(np.array([base]), np.hypot(spread, sd * np.sqrt(reactions)))[0])

    for at, name in enumerate(names):
        others = offered.sum(axis=1) - offered[:, at]
        truth[name] = float(np.mean([share(k + 1) - share(k) for k in others]))
    return rows, truth


def p_values(task: tuple[Cell, int, bool]) -> list[dict]:
    """The p-value of each rule for the true effect of each incentive: below 0.05 is a false positive."""
    cell, seed, reactions = task
    rows, truth = (with_own_reactions if reactions else draw)(cell, seed)
    with threadpool_limits(1, user_api="blas"):
        design = build_design(
            rows,
            outcome="attended",
            incentives=tuple(cell.incentives),
            adjust_for=("org_type", "fiscal_quarter"),
            cluster=("organization_id", "event_id"),
        )
        fit = fit_model(design.X, design.y, "firth")
        robust = clusterings(fit, design.clusters)
        return [_of_rules(name, truth[name], design, fit, robust) for name in cell.incentives]


def _of_rules(name: str, truth: float, design, fit, robust) -> dict:
    effect, gradient = design.contrast(name).effect(fit.coefficients)
    variances = [float(one.variance(gradient)[0, 0]) for one in robust.by.values()]
    df = [float(one.degrees_of_freedom(gradient)) for one in robust.by.values()]
    both = variances[0] + variances[1] - float(robust.common.variance(gradient)[0, 0])

    def p(variance: float, freedom: float) -> float:
        return 2 * t_distribution.sf(abs(effect - truth) / np.sqrt(variance), freedom) if variance > 0 else 0.0

    own = 0 if name.startswith("organization") else 1
    each = [p(variance, freedom) for variance, freedom in zip(variances, df, strict=True)]
    combined = p(both, min(df))
    rules = (p(max(*variances, both), min(df)), max(*each, combined), each[own], max(each[own], combined))
    return {"incentive": name, "df": min(df), **dict(zip(RULES, rules, strict=True))}


def programmes() -> list[tuple[Cell, bool]]:
    """The programmes to draw, and whether each organization has reactions of its own."""
    cells = []
    for what, effect, reactions in (
        ("no effect", 0.0, False),
        ("with effects", 0.8, False),
        ("own reactions", 0.0, True),
    ):
        for n, m, by_organization, by_event in SIZES:
            for shock in (0.0, 0.5, 1.0):
                title = f"{n} × {m}, event shock {shock:g}, {what}"
                cell = Cell(title, n, m, by_organization, by_event, effect=effect, event_sd=shock)
                cells.append((cell, reactions))
    return cells


def false_positives(cell: Cell, reactions: bool, repetitions: int) -> pd.DataFrame:
    """By incentive and rule, in %."""
    tasks = [(cell, 50_000_000 + at, reactions) for at in range(repetitions)]
    with ProcessPoolExecutor() as pool:
        found = pd.DataFrame([one for ones in pool.map(p_values, tasks, chunksize=10) for one in ones])
    told = found[found["df"] >= FEWEST_DF].set_index("incentive")
    return 100 * (told[list(RULES)] < 0.05).groupby(level=0, sort=False).mean()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repetitions", type=int, default=1000)
    options.add_argument("--output", type=Path, default=REPORT)
    given = options.parse_args()
    error = 100 * np.sqrt(0.05 * 0.95 / given.repetitions)
    parts = [
        "# Two ways of clustering: which rule\n",
        __doc__.split("\n\n", 1)[1].strip() + "\n",
        f"False positives in %, nominal 5, {given.repetitions:,} programmes each; Monte Carlo error {error:.1f}. Runs "
        f"with fewer than {FEWEST_DF} degrees of freedom are left out, as the method gives no p-value there.\n",
    ]
    for cell, reactions in programmes():
        table = false_positives(cell, reactions, given.repetitions)
        print(cell.title, table.round(1).to_string(), sep="\n", flush=True)
        head = f"| {cell.title} | " + " | ".join(RULES) + " |\n|---|" + "---:|" * len(RULES)
        lines = [f"| {name} | " + " | ".join(f"{x:.1f}" for x in row) + " |" for name, *row in table.itertuples()]
        parts.append("\n".join([head, *lines]) + "\n")
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()

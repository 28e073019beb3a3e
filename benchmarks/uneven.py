"""A second way of drawing programmes, for ``benchmarks.simulation``, that shares no line with the first.

60 organizations are of three types, are invited 1 to 90 times each (log-uniform, so that few organizations hold most
rows) to 16 events, some of which are much larger than others, and often several people to one event. Which incentives
an organization has hangs on its type, and so does how readily it takes part: only with the type taken into account has
an incentive no effect. One incentive of single rows comes by chance, one to some organizations far more often than to
others. What organizations have of their own is normal, Student's t with 3 degrees of freedom (a few are far off) or
gamma with shape 1 (a long tail of eager ones), events are uniform.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

ORGANIZATIONS, MOST_ROWS, EVENTS = 60, 90, 16
TYPES = {"school": 0.5, "clinic": 0.3, "mill": 0.2}  # share of organizations
READY = np.array([0.0, 0.6, -0.6])  # log-odds of each type
GIVEN = {"common": (0.7, 0.4, 0.2), "uneven": (0.2, 0.6, 0.7), "seldom": (0.12, 0.25, 0.45)}  # share of each type
OFFERED = {"event_0.35": 0.35, "event_0.5": 0.5}
ROWS = ("row_by_chance", "row_by_organization")
EVENT_SD = 0.4
DRAWS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "t": lambda rng, n: rng.standard_t(3, n) / np.sqrt(3),
    "gamma": lambda rng, n: rng.standard_gamma(1.0, n) - 1.0,
}


@dataclass(frozen=True)
class Uneven:
    """One programme to draw again and again; ``effects``: log-odds of incentives, of those not named none."""

    title: str
    own: str
    organization_sd: float
    rate: float
    effects: dict = field(default_factory=dict, hash=False)
    events: int = EVENTS
    rare: int = 0

    @property
    def terms(self) -> list[str]:
        """The incentives, of organizations, events and rows."""
        return [*GIVEN, *OFFERED, *ROWS]

    def draw(self, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
        """One programme and the true average marginal effect of each incentive in it."""
        rng = np.random.default_rng([seed, 60])
        rows = _invited(rng)
        beta = np.array([self.effects.get(name, 0.0) for name in self.terms])
        fixed = rows[self.terms].to_numpy() @ beta + READY[rows["type"]]
        own, shocks = _levels(self.own, self.organization_sd)
        values, counts = np.unique(fixed, return_counts=True)

        def off(base):
            return _share(base + values, own, shocks) @ counts / counts.sum() - self.rate

        base = brentq(off, -12, 12, xtol=1e-6)
        chance = base + fixed + self.organization_sd * DRAWS[self.own](rng, ORGANIZATIONS)[rows["organization_id"]]
        chance += EVENT_SD * np.sqrt(3) * rng.uniform(-1, 1, EVENTS)[rows["event_id"]]
        rows["attended"] = rng.binomial(1, expit(chance))
        truth = {}
        for name, effect in zip(self.terms, beta, strict=True):
            without, n = np.unique(base + fixed - effect * rows[name].to_numpy(), return_counts=True)
            gap = _share(without + effect, own, shocks) - _share(without, own, shocks)
            truth[name] = float(gap @ n / n.sum())
        return rows.assign(org_type=np.array([*TYPES])[rows["type"]]), truth


def _invited(rng: np.random.Generator) -> pd.DataFrame:
    """Who was invited to what, with which incentives."""
    kind = rng.choice(len(TYPES), ORGANIZATIONS, p=[*TYPES.values()])
    who = np.repeat(np.arange(ORGANIZATIONS), np.floor((MOST_ROWS + 1) ** rng.random(ORGANIZATIONS)).astype(int))
    when = rng.choice(EVENTS, len(who), p=rng.dirichlet(np.full(EVENTS, 3.0)))
    rows = pd.DataFrame({"organization_id": who, "event_id": when, "type": kind[who]})
    rows["fiscal_quarter"] = np.array(["Q1", "Q2", "Q3", "Q4"])[when // 4]
    for name, shares in GIVEN.items():
        rows[name] = rng.binomial(1, np.array(shares)[kind])[who]
    for name, share in OFFERED.items():
        rows[name] = np.isin(when, rng.choice(EVENTS, round(share * EVENTS), replace=False)).astype(int)
    rows[ROWS[0]] = rng.binomial(1, 0.3, len(who))
    return rows.assign(**{ROWS[1]: rng.binomial(1, rng.beta(0.7, 1.3, ORGANIZATIONS)[who])})


@cache
def _levels(own: str, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """What organizations and events may have of their own, each as likely: the same for every programme of a cell."""
    drawn = np.sort(DRAWS[own](np.random.default_rng(0), 400_000)).reshape(400, -1).mean(axis=1)
    return sd * drawn, EVENT_SD * np.sqrt(3) * (np.arange(10) - 4.5) / 5


def _share(linear: np.ndarray, own: np.ndarray, shocks: np.ndarray) -> np.ndarray:
    """The share that takes part at each value, over what organizations and events have of their own."""
    return expit(linear[:, None] + (own[:, None] + shocks).ravel()).mean(axis=1)


REAL = dict.fromkeys(("common", "seldom", "event_0.5", *ROWS), 0.8)
CELLS = (
    Uneven("Uneven, normal, sd 0.2, rate 0.5, no effect", "normal", 0.2, 0.5),
    Uneven("Uneven, t, sd 0.8, rate 0.3, no effect", "t", 0.8, 0.3),
    Uneven("Uneven, normal, sd 1.6, rate 0.3, no effect", "normal", 1.6, 0.3),
    Uneven("Uneven, gamma, sd 1.6, rate 0.15, no effect", "gamma", 1.6, 0.15),
    Uneven("Uneven, gamma, sd 0.8, rate 0.5, five of seven with effects", "gamma", 0.8, 0.5, REAL),
    Uneven("Uneven, t, sd 1.6, rate 0.3, five of seven with effects", "t", 1.6, 0.3, REAL),
)

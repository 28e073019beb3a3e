"""Simulated invitations for the tests: every organization is invited to every event, effects and shocks are known."""

import numpy as np
import pandas as pd
from scipy.special import expit


def invitations(*, organizations=40, events=24, shock=0.5, effects=None, seed=1):
    """One row per invitation; ``refund`` and ``showcase`` are offered at events, ``consulted`` to organizations,
    ``recent`` changes from row to row, ``per_diem_htg`` is an amount. ``effects``: column → log-odds."""
    rng = np.random.default_rng(seed)
    o, e = (a.ravel() for a in np.meshgrid(np.arange(organizations), np.arange(events), indexing="ij"))

    def some(of, share):
        return np.isin(np.arange(of), rng.choice(of, round(share * of), replace=False))

    columns = {
        "refund": some(events, 0.4)[e],
        "showcase": some(events, 0.5)[e],
        "consulted": some(organizations, 0.4)[o],
        "recent": rng.random(len(o)) < 0.3,
        "per_diem_htg": rng.choice([0.0, 500.0, 1000.0], events)[e],
    }
    eta = -0.5 + 0.8 * rng.normal(size=organizations)[o] + shock * rng.normal(size=events)[e]
    eta = eta + sum(effect * columns[name] for name, effect in (effects or {}).items())
    return pd.DataFrame(
        {
            "organization_id": [f"O{i:03d}" for i in o],
            "event_id": [f"E{i:02d}" for i in e],
            "org_type": np.where(o % 3 == 0, "awardee", "cdsp"),
            "event_type": np.array(["training", "round_table"])[e % 2],
            "attended": pd.array(rng.random(len(o)) < expit(eta), dtype="boolean"),
            **columns,
        }
    )

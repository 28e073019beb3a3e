"""Programmes in a portfolio, simulated with a known truth: their estimates, and their folders as reports leave them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons.field.store import digest
from konbit_lessons.incentives.pooled import pool

TRUTH = {"transport": (0.08, 0.05), "showcase": (0.15, 0.0)}  # common name → mean over programmes, sd between them
HEAD = """[portfolio]
name = "Simulated programmes"
point_of_contact = "evaluation@example.org"

[incentives.transport]
label = { en = "Transport refund", fr = "Remboursement du transport", ht = "Ranbousman transpò" }

[incentives.showcase]
label = { en = "Business showcase", fr = "Vitrine commerciale", ht = "Vitrin komèsyal" }
"""
ONE = """
[[programme]]
folder = "{folder}"
incentives = {{ {joined} }}
"""


def estimates(programmes=100, *, seed=2017, truth=TRUTH):
    """Return the estimates of simulated programmes, and what is true in each: one row per programme and incentive.

    The standard error of a programme is itself an estimate, with so many degrees of freedom.
    """
    rng, rows = np.random.default_rng(seed), []
    for number in range(1, programmes + 1):
        for term, (mean, apart) in truth.items():
            true, error, df = mean + apart * rng.normal(), rng.uniform(0.03, 0.10), rng.uniform(10, 40)
            about = {"programme": f"P{number:03}", "term": term, "true": true, "df": df}
            about |= {"estimate": true + error * rng.normal(), "std_error": error * np.sqrt(rng.chisquare(df) / df)}
            rows.append(about)
    return pd.DataFrame(rows)


def told(rows):
    """Return rows as the table of a report has them, whatever columns they lack."""
    usual = {
        "n": 900,
        "n_offered": 400,
        "e_value": 1.5,
        "kind": "offered",
        "step": 1,
        "against": "",
        "strength": "likely",
        "reason": "",
    }
    return rows.assign(**{name: one for name, one in usual.items() if name not in rows})


def programme(folder, rows, *, period="FY2017Q3", simulated=True):
    """Write what a report on incentives leaves in the folder of a programme: the table, a page and the manifest."""
    shared = folder / "reports" / period / "shared"
    (shared / "tables").mkdir(parents=True)
    text = told(rows).to_csv(index=False, lineterminator="\n")
    (shared / "tables" / "incentives.csv").write_text(text, encoding="utf-8")
    (shared / "incentives.html").write_text('<p class="simulated">Simulated</p>' * simulated, encoding="utf-8")
    report = {"name": "incentives", "language": "en", "files": {"tables/incentives.csv": digest(text)}}
    made = {"programme": folder.name, "simulated": simulated, "reports": {"incentives": report}}
    (shared.parent / "manifest.json").write_text(json.dumps(made), encoding="utf-8")
    return shared / "tables" / "incentives.csv"


def portfolio(folder, rows, *, head=HEAD, joined=None):
    """Write the programmes of some rows and the portfolio.toml over them; return its path."""
    text = head
    for name, own in rows.groupby("programme", sort=False):
        programme(Path(folder) / name, own.drop(columns=["programme", "true"], errors="ignore"))
        text += ONE.format(folder=name, joined=joined or ", ".join(f'{one} = "{one}"' for one in own["term"]))
    path = Path(folder) / "portfolio.toml"
    path.write_text(text, encoding="utf-8")
    return path


def coverage(programmes, apart, df, *, portfolios=2000, seed=1, mean=0.08):
    """Return how often intervals of simulated portfolios hold what is true, and how wide they are in the middle.

    Each programme has a standard error from 0.03 to 0.10, told with so many degrees of freedom, one of ``df``.

    Returns
    -------
    dict : ``mean`` (the interval of the mean), ``half`` (half its width, the median), ``further`` (the prediction
        interval on k − 2) and ``further_wide`` (on k − 1) of a further programme, ``tau``
    """
    rng, shape = np.random.default_rng(seed), (portfolios, programmes)
    error, own = rng.uniform(0.03, 0.10, shape), rng.choice(df, shape)
    effect = mean + apart * rng.normal(size=shape) + error * rng.normal(size=shape)
    told_error = error * np.sqrt(rng.chisquare(own) / own)
    each = {"incentive": np.repeat(np.arange(portfolios), programmes), "estimate": effect.ravel()}
    found = pool(pd.DataFrame(each | {"std_error": told_error.ravel(), "df": own.ravel()}))
    further = mean + apart * rng.normal(size=portfolios)
    held = {"mean": found["conf_low"].le(mean) & found["conf_high"].ge(mean)}
    held["further"] = found["predicted_low"].le(further) & found["predicted_high"].ge(further)
    held["further_wide"] = found["predicted_low_wide"].le(further) & found["predicted_high_wide"].ge(further)
    held["tau"] = found["tau_low"].le(apart) & found["tau_high"].ge(apart)
    half = (found["conf_high"] - found["conf_low"]).median() / 2
    return {name: float(one.mean()) for name, one in held.items()} | {"half": float(half)}


if __name__ == "__main__":
    for df in ([6, 8, 12], [10, 20, 40]):
        for apart in (0.0, 0.05, 0.10):
            for k in (3, 5, 10, 30):
                found = coverage(k, apart, df)
                cells = [f"{100 * found[one]:.1f}" for one in ("mean", "further", "further_wide", "tau")]
                about = f"{df[0]} to {df[-1]} | {100 * apart:.0f} | {k}"
                print(f"| {about} | {' | '.join(cells)} | {100 * found['half']:.0f} |", flush=True)

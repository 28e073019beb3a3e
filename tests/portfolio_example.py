"""Programmes in a portfolio, simulated with a known truth: their estimates, and their folders as reports leave them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from konbit_lessons.field.store import digest

TRUTH = {"transport": (0.08, 0.05), "showcase": (0.15, 0.0)}  # common name → mean over programmes, sd between them
STUDY = "study"


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

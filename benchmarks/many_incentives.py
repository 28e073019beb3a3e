"""How long a question with many incentives takes: 137 organizations × 16 events, each invited to all.

``python -m benchmarks.many_incentives`` prints seconds of processor time for 7, 60 and 200 incentives, and those of the
maximum-likelihood fit of statsmodels of the same columns in the same run, which gives coefficients alone.
"""

import time

import numpy as np
import pandas as pd
import statsmodels.api as sm

from konbit_lessons import estimate

ORGANIZATIONS, EVENTS = 137, 16


def drawn(many: int, seed: int = 1) -> pd.DataFrame:
    """Rows with so many incentives, none of which does anything."""
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product([range(ORGANIZATIONS), range(EVENTS)]).to_frame(index=False)
    rows.columns = ["organization_id", "event_id"]
    offers = pd.DataFrame({f"x{at}": rng.integers(0, 2, len(rows)) for at in range(many)})
    return rows.join(offers).assign(attended=rng.integers(0, 2, len(rows)))


def seconds(call) -> float:
    """Processor time of a call, the median of three."""
    each = []
    for _ in range(3):
        start = time.process_time()
        call()
        each.append(time.process_time() - start)
    return sorted(each)[1]


def main() -> None:
    print("incentives  estimate (s)  logit of statsmodels (s)")
    for many in (7, 60, 200):
        rows = drawn(many)
        names = [f"x{at}" for at in range(many)]
        formula = f"attended ~ {' + '.join(names)}"
        ours = seconds(lambda formula=formula, rows=rows, names=names: estimate(formula, rows, incentives=names))
        model = sm.GLM(rows["attended"], sm.add_constant(rows[names]), family=sm.families.Binomial())
        print(f"{many:10d} {ours:13.2f} {seconds(model.fit):25.2f}", flush=True)


if __name__ == "__main__":
    main()

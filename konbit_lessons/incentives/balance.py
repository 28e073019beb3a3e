"""Whether those with an incentive and those without it were alike before: the means of what is adjusted for.

Takes a ``Design``; returns a frame. For ``estimates``, of a study whose incentives were drawn by lot.
"""

import numpy as np
import pandas as pd

COLUMNS = ["term", "covariate", "level", "with_it", "without_it", "apart"]
MOST_LEVELS = 6  # of a covariate of more kinds, such as many strata, means of each would tell little


def balance_of(design, smallest=1):
    """The means of the formula's other columns with and without each incentive that is offered or not.

    Returns
    -------
    DataFrame, one row per incentive and covariate, or level of one
        ``term``, ``covariate``, ``level``; ``with_it`` and ``without_it``, means; ``apart``, their difference in
        standard deviations (of both sides, averaged). No row is about fewer than ``smallest`` rows.
    """
    lines = []
    for key, term in design.terms.items():
        for name, level, values in _covariates(design) if term.is_offered else ():
            here, there = (values[side] for side in design.compared(key))
            if min(len(here), len(there)) > 1 and not any(is_few(one, smallest) for one in (here, there)):
                spread = np.sqrt((here.var(ddof=1) + there.var(ddof=1)) / 2)
                apart = (here.mean() - there.mean()) / spread if spread > 0 else np.nan
                lines.append([term.name, name, level, here.mean(), there.mean(), apart])
    return pd.DataFrame(lines, columns=COLUMNS)


def _covariates(design):
    for name in design.adjusters:
        column = design.frame[name]
        if not isinstance(column.dtype, pd.CategoricalDtype):
            yield name, "", column.to_numpy(float)
        elif len(column.cat.categories) <= MOST_LEVELS:
            yield from ((name, str(one), (column == one).to_numpy(float)) for one in column.cat.categories)


def is_few(values, smallest):
    """Whether a mean is about few: all rows, or those with or without a yes."""
    yes = int(values.sum()) if np.isin(values, (0.0, 1.0)).all() else len(values)
    return any(0 < n < smallest for n in (yes, len(values) - yes, len(values)))

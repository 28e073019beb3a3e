"""R's numbers of the further answers: trends, missing answers, prediction, profiles and staying."""

import numpy as np
import pandas as pd
from agreement import CLOSED, REFERENCE, Agreement, reference

from konbit_lessons.trends import clopper_pearson, cronbach_alpha, wilson


def _of_trends():
    R, data = reference("misc"), "misc"
    for name, interval in (("wilson", wilson), ("clopper", clopper_pearson)):
        expected = np.array([R[name]["lower"], R[name]["upper"]])
        yield Agreement(
            data, name, expected, lambda interval=interval: (interval(16, 137).low, interval(16, 137).high), CLOSED
        )
    R = R["cronbach_attitude"]
    expected = np.array([R["raw_alpha"], R["std_alpha"], R["ase"], *R["alpha_drop"].values()])

    def computed():
        alpha = cronbach_alpha(pd.read_csv(REFERENCE / "attitude.csv"))
        return np.array([alpha.raw, alpha.standardized, alpha.std_error, *alpha.if_dropped[list(R["alpha_drop"])]])

    yield Agreement(data, "cronbach_attitude", expected, computed, CLOSED)


ROWS = [*_of_trends()]

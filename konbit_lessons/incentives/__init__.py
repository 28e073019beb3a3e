"""Which incentives predict participation: the estimates and the checks around them.

Takes the panel (or a study's table); returns ``Estimates``. Between ``panel`` and the notebooks in the flow. Read
``estimate`` as the recipe. ``coef_test``, ``wald_test`` and ``effects`` give any fit of statsmodels the same standard
errors.
"""

from konbit_lessons.incentives.estimates import Estimates, estimate, predict_participation
from konbit_lessons.incentives.sandwich import coef_test, effects, firth, wald_test

__all__ = ["Estimates", "coef_test", "effects", "estimate", "firth", "predict_participation", "wald_test"]

r"""Estimates of several programmes → what they have in common, how much they differ, what to expect in a further one.

A random-effects meta-analysis: the estimate of programme i is :math:`\mu + u_i + e_i`, with :math:`u_i` of standard
deviation :math:`\tau` between programmes and :math:`e_i` of its own standard error :math:`s_i`. Takes a frame of
estimates, returns frames. docs/portfolio.md says why each choice was made, and how often the intervals hold.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtri, stdtr, stdtrit
from statsmodels.stats.meta_analysis import combine_effects

from konbit_lessons.incentives.result import decided

NUMBERS = ["estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "tau", "tau_low", "tau_high"]
NUMBERS += ["predicted_low", "predicted_high", "predicted_low_wide", "predicted_high_wide"]


def pool(estimates, *, by="incentive", confidence=0.95, smallest_effect=None):
    r"""Pool the estimates of each incentive over programmes.

    :math:`\tau^2` by Paule and Mandel (1982): where :math:`Q(\tau^2) = \sum_i w_i (y_i - \hat\mu)^2`, with
    :math:`w_i = 1/(s_i^2 + \tau^2)`, is k − 1. The interval by Hartung and Knapp (2001), t on k − 1, never narrower
    than with the scale 1: :math:`\hat\mu \pm t_{k-1} \sqrt{\max(1, q) / \sum_i w_i}`, :math:`q = Q / (k - 1)`; R:
    ``metafor::rma(method = "PM", test = "adhoc")``. The interval of :math:`\tau` by Q's profile (Viechtbauer 2007),
    where ``df`` is known its lower end with :math:`s_i^2 \nu_i / (\nu_i - 2)`, by which 1/s² is too large on average.
    What to expect of a further programme, :math:`\hat\mu \pm t_{k-2} \sqrt{\hat\tau^2 + se^2}` (Higgins, Thompson and
    Spiegelhalter 2009); ``…_wide`` on k − 1.

    Parameters
    ----------
    estimates : DataFrame, one row per programme and incentive
        ``estimate`` (missing where it has none), ``std_error``, and its degrees of freedom ``df``, above 2, if known.
    by : str, its column of incentives
    confidence : float
    smallest_effect : float, what would matter; a strength "no sign of" needs it

    Returns
    -------
    DataFrame, one row per incentive
        ``k`` (programmes that tell of it), ``of`` (that name it), the numbers above, ``strength``, ``p_adjusted`` (Holm
        over the incentives, as in ``Estimates.table``), and ``reason``: "none" or "one" where nothing can be pooled.

    Examples
    --------
    Two programmes, 0.1 and 0.2 with standard errors 0.03: Q is k − 1 = 1 where τ² + 0.03² is 0.1²/2.

    >>> two = pd.DataFrame({"incentive": "a", "estimate": [0.1, 0.2], "std_error": 0.03})
    >>> pool(two)[["k", "estimate", "std_error", "tau"]].round(6).to_dict("records")
    [{'k': 2, 'estimate': 0.15, 'std_error': 0.05, 'tau': 0.064031}]
    """
    lines = []
    for incentive, rows in estimates.groupby(by, sort=False):
        known = rows.dropna(subset="estimate")
        line = {by: incentive, "k": len(known), "of": len(rows), "reason": {0: "none", 1: "one"}.get(len(known), "")}
        y, v = known["estimate"].to_numpy(), known["std_error"].to_numpy() ** 2
        loose = v / np.asarray(1 - 2 / known.get("df", np.inf))
        lines.append(line | (dict.fromkeys(NUMBERS, np.nan) if line["reason"] else _pooled(y, v, loose, confidence)))
    return decided(pd.DataFrame(lines).assign(matters=smallest_effect or np.nan), confidence, exploratory=False)


def weights(estimates, table, *, by="incentive"):
    """Return the share of each programme in what was pooled: 1/(s² + τ²) over the sum of its incentive."""
    each = 1 / (estimates["std_error"] ** 2 + estimates[by].map(table.set_index(by)["tau"]) ** 2)
    return each / each.groupby(estimates[by]).transform("sum")


@np.errstate(divide="ignore", invalid="ignore")  # statsmodels' I², where all tell the same
def _pooled(y, v, loose, confidence):
    df, (high, low) = len(y) - 1, ((1 + confidence) / 2, (1 - confidence) / 2)
    tau2 = _tau2(y, v, df)
    # statsmodels' own search for it stops at 3 digits, or falls to 0 where it is asked for more: it is given the answer
    found = combine_effects(y, v, method_re="pm", tau2_start=tau2, maxiter=0, use_t=True)
    error = found.sd_eff_w_re * np.sqrt(max(1.0, found.scale_hksj_re))
    mean, half = found.mean_effect_re, stdtrit(df, high) * error
    told = {"estimate": mean, "std_error": error, "df": df, "conf_low": mean - half, "conf_high": mean + half}
    told |= {"p_value": 2 * stdtr(df, -abs(mean / error)), "tau": tau2**0.5}
    told |= {"tau_low": _tau2(y, loose, chdtri(df, low)) ** 0.5, "tau_high": _tau2(y, v, chdtri(df, high)) ** 0.5}
    for of, name in ((df - 1, ""), (df, "_wide")):
        apart = stdtrit(of, high) * np.hypot(tau2**0.5, error) if of else np.nan
        told |= {f"predicted_low{name}": mean - apart, f"predicted_high{name}": mean + apart}
    return told


def _tau2(y, v, target):
    """The τ² at which Q is the target; 0 where it never is so large."""

    def beyond(tau2):
        w = 1 / (v + tau2)
        return w @ (y - w @ y / w.sum()) ** 2 - target

    # where τ² is the sum of squares over the target Q is less, since each weight is below 1/τ²
    return brentq(beyond, 0.0, len(y) * y.var() / target, xtol=1e-300, rtol=1e-14) if beyond(0.0) > 0 else 0.0

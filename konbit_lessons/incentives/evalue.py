"""How strong something unmeasured would have to be to explain an effect away: E-values.

Takes a fit and the numbers of an answer; returns two ratios. Part of an answer, beside the estimate.
"""

import numpy as np


def e_value(ratio):
    r"""The E-value of a risk ratio :math:`r`: :math:`r + \sqrt{r (r - 1)}`, of :math:`1/r` where :math:`r < 1`.

    The least ratio by which something unmeasured would have to be more common with the incentive, and as well go with
    participation, to explain the ratio away. VanderWeele & Ding (2017), Annals of Internal Medicine 167, 268-274; R:
    ``EValue::evalues.RR``. NaN for a ratio that is not above 0.

    Examples
    --------
    Their example: a risk ratio of 3.9 with an interval from 1.8.

    >>> round(e_value(3.9), 2), round(e_value(1.8), 9), round(e_value(1 / 1.8), 9), e_value(1.0)
    (7.26, 3.0, 3.0, 1.0)
    """
    if not 0 < ratio < np.inf:
        return float("nan")
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_values(fit, numbers, contrast, *, change=1.0):
    """E-values of the estimate and of the limit nearer to none; that of the limit is 1 when the interval holds none.

    The risk ratio is that of the average predicted shares, mean p(x with 1) / mean p(x with 0); at a limit, of the
    share without the incentive plus that limit. Of an amount, over ``change`` of it around the share of all rows.
    """
    share = fit.link.inverse(contrast.base @ fit.coefficients).mean()

    def of(effect):
        low = share if contrast.offered else share - change * effect / 2
        return e_value((low + change * effect) / low) if low > 0 else float("nan")

    low, high = numbers["conf_low"], numbers["conf_high"]
    limit = 1.0 if low <= 0 <= high else of(low if low > 0 else high)
    return of(numbers["estimate"]), limit

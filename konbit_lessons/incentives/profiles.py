"""Each organization: how much more or less it takes part than its invitations let expect, and what incentives add.

Takes the panel and a question; returns ``Profiles``. Beside ``predict_participation`` in the flow, from the
random-intercept logit of ``mixed``. Organizations stand in the order of their names: a few quarters do not rank them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import separated_in
from konbit_lessons.incentives.mixed import mixed_logit


@dataclass(frozen=True)
class Profiles:
    """Organizations in the order of their names, never of their levels.

    ``table``: one row per organization: its id; invitations; taken_up; expected (share, of an organization like any
    other with the same invitations); level (log-odds above or below that, drawn towards 0 the less is known), its
    std_error, conf_low, conf_high; share, share_low, share_high (taken up of invitations like its own at that level and
    at its ends); reliability (0: nothing is known of it, 1: everything).
    ``contributions``: one row per organization, one column per incentive: by how much the incentives it was offered
    raise its expected share, with the slopes that all organizations have in common.
    ``sd``: of the levels, log-odds. ``reliability``: the mean over organizations.
    """

    table: pd.DataFrame
    contributions: pd.DataFrame
    sd: float
    reliability: float
    n: int


def organization_profiles(rows, *, organization="organization_id", confidence=0.95, **question):
    r"""Each organization's own level of taking part, and what each incentive adds to it.

    In :math:`\operatorname{logit} p_{ij} = x_{ij}'\beta + u_j` with :math:`u_j \sim N(0, \sigma^2)`, the level is the
    most likely :math:`u_j` given the organization's rows, its standard error :math:`s_j` from the curvature there; the
    interval takes :math:`\beta` and :math:`\sigma` as known. The reliability is :math:`1 - s_j^2 / \sigma^2`. Incentive
    k contributes the mean over the organization's rows of :math:`p(x_{ij}) - p(x_{ij}, x_{ijk} = 0)` at its level:
    slopes are common, because four quarters cannot tell one organization's from another's. Skrondal and Rabe-Hesketh
    (2009), Journal of the Royal Statistical Society A 172, 659-687. In R: ``lme4::ranef(fit, condVar = TRUE)`` of
    ``fit = glmer(y ~ x + (1 | organization), binomial, nAGQ = 25)``.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
    organization : name of the column of organizations
    confidence : of the intervals
    **question : formula and incentives as of ``estimate``, or names as of ``predict_participation``

    Returns
    -------
    Profiles

    Raises
    ------
    ModelError
        The rows do not allow an analysis, a term tells without exception who took part, or organizations do not differ
        by more than chance, so that there is no level to speak of.

    Examples
    --------
    Of six invitations a and b took up five, c and d one, and e and f three. Log-odds of 5/6 would be 1.6 above a half.

    >>> rows = pd.DataFrame({"organization_id": np.repeat(list("abcdef"), 6), "refund": [True, False, False] * 12})
    >>> rows["attended"] = [1, 1, 1, 1, 1, 0] * 2 + [0, 0, 0, 0, 0, 1] * 2 + [1, 0, 1, 0, 1, 0] + [0, 1, 0, 1, 0, 1]
    >>> found = organization_profiles(rows, incentives="refund")
    >>> (found.table["level"].round(1) + 0.0).tolist()
    [0.8, 0.8, -0.8, -0.8, 0.0, 0.0]
    """
    design = build_design(rows, **{**question, "cluster": organization})
    if named := separated_in(design):
        raise ModelError(
            f"profiles: {', '.join(named)} tells without exception who took part, so no level can be told beside it. "
            "Leave it out."
        )
    codes = design.clusters[organization]
    fit = mixed_logit(design.X, design.y, codes)
    if fit.sd < 0.01:
        raise ModelError(
            f"profiles: beyond their invitations the {int(codes.max()) + 1} organizations do not differ by more than "
            "chance, so none has a level of its own. Say so instead."
        )
    names = pd.Index(pd.factorize(design.ids[organization], sort=True)[1], name=organization)
    table = _levels(design, fit, codes, confidence).set_axis(names)
    contributions = {term: _contribution(design, fit, codes, term) for term in design.fitted}
    contributions = pd.DataFrame(contributions, index=names)
    reliability = float(table["reliability"].mean())
    return Profiles(table.reset_index(), contributions.reset_index(), fit.sd, reliability, len(design.y))


def _levels(design, fit, codes, confidence):
    reach = norm.ppf((1 + confidence) / 2) * fit.conditional_sd
    invitations, eta = np.bincount(codes), design.X @ fit.coefficients

    def share(level):
        return np.bincount(codes, expit(eta + level[codes])) / invitations

    levels = {"": fit.modes, "_low": fit.modes - reach, "_high": fit.modes + reach}
    told = {"invitations": invitations, "taken_up": np.bincount(codes, design.y).astype(int)}
    told |= {"expected": share(np.zeros(len(invitations))), "level": fit.modes, "std_error": fit.conditional_sd}
    told |= {"conf_low": levels["_low"], "conf_high": levels["_high"]}
    told |= {f"share{end}": share(level) for end, level in levels.items()}
    return pd.DataFrame(told | {"reliability": 1 - fit.conditional_sd**2 / fit.sd**2})


def _contribution(design, fit, codes, term):
    eta, columns = design.X @ fit.coefficients + fit.modes[codes], list(design.contrast(term).columns)
    without = eta - design.X[:, columns] @ fit.coefficients[columns]
    return np.bincount(codes, expit(eta) - expit(without)) / np.bincount(codes)

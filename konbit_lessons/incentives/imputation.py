"""Missing answers: how many and whose, and what the estimates are when they are filled in, many times over.

Takes a result; returns ``Imputed``, complete cases beside the pooled estimates. The question is
asked again of each completed set of rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives.used import is_number

FEWEST = 20  # imputations (STATISTICS, point 8)
ROUNDS = 10  # of the chained equations before an imputation is taken
DONORS = 5  # known answers among which one is drawn, as in mice
RIDGE = 1e-5  # on the diagonal, as in mice: columns may repeat each other


class Pooled(NamedTuple):
    """Rubin's rules for one estimate, with ``df`` of Barnard and Rubin.

    ``due_to_missing``: λ, the share of the variance that comes from the missing answers. ``fraction``: of missing
    information, which few degrees of freedom raise by 2 / (df + 3) even where nothing is missing.
    """

    estimate: float
    std_error: float
    df: float
    due_to_missing: float
    fraction: float


@dataclass(frozen=True)
class Imputed:
    """Estimates from complete rows and from imputed ones, side by side.

    ``table``: one row per incentive: term, label, complete_estimate, complete_low, complete_high, complete_n,
    pooled_estimate, pooled_std_error, pooled_df, pooled_low, pooled_high, pooled_n,
    share_due_to_missing (λ), fraction_missing_information, m;
    pooled numbers are NaN with a ``reason`` where an imputation cannot tell.
    ``missing``: of :func:`missing_answers`, with ``imputed`` (whether a column was).
    """

    table: pd.DataFrame
    missing: pd.DataFrame
    imputations: int


def missing_answers(rows, columns, *, organization="organization_id"):
    """How many answers are missing, and whose.

    Returns
    -------
    DataFrame, one row per column
        ``column``; ``rows`` and ``share`` of rows without it; ``organizations`` with at least one such row, and
        ``never`` of them without any answer; then, where the rows have an ``org_type``, the share by type.

    Examples
    --------
    >>> rows = pd.DataFrame({"organization_id": list("aabb"), "motivation": [4, None, None, None]})
    >>> missing_answers(rows, ["motivation"]).to_dict("records")
    [{'column': 'motivation', 'rows': 3, 'share': 0.75, 'organizations': 2, 'never': 1}]
    """
    lines = []
    for name in columns:
        gone = rows[name].isna()
        each = gone.groupby(rows[organization])
        line = {"column": name, "rows": int(gone.sum()), "share": float(gone.mean())}
        line |= {"organizations": int(each.any().sum()), "never": int(each.all().sum())}
        if "org_type" in rows:
            line |= {f"share_{kind}": float(some.mean()) for kind, some in gone.groupby(rows["org_type"])}
        lines.append(line)
    return pd.DataFrame(lines)


def imputed(result, *, imputations=FEWEST, seed=1):
    """A result, which is of complete rows, and the same pooled over completed ones.

    What is imputed is one value per organization and column, never one per row: an organization has one answer, and
    rows of it are not independent evidence. Where a column varies within an organization (the latest survey answer
    before each event), its value is the organization's usual one, the lower median of its answers. An organization
    that answered at some time is taken to have thought the same in its rows without an answer, which are mostly those
    before its first; one that never did is imputed. So the completed rows look ahead where the complete cases, which
    stand beside, do not. Imputed are numbers and yes/no columns; rows without the outcome, an incentive of an event or
    a text stay out. The imputation model holds each organization's values of all asked columns that are not of an
    event, its share of invitations taken up and the number of its invitations: without the outcome, effects would be
    drawn towards none.

    Chained equations with predictive mean matching: van Buuren (2018), Flexible Imputation of Missing Data, 2nd
    edition, algorithm 3.3 (type 1 matching, 5 donors) and section 4.5. In R: ``mice(d, m = 20, method = "pmm")`` on
    one row per organization. The marginal effects are pooled by :func:`pool`; the degrees of freedom of the complete
    data are the mean of the Satterthwaite values.

    Parameters
    ----------
    result : Estimates; its first cluster is the organization
    imputations : at least 20
    seed : of the draws

    Returns
    -------
    Imputed
        ``imputations`` is 0 when there was nothing to impute; pooled and complete are then the same.

    Raises
    ------
    ModelError
        Fewer than 20 imputations are asked for, or too few organizations have an answer.
    """
    if imputations < FEWEST:
        raise ModelError(f"imputations: found {imputations!r}; expected at least {FEWEST}, or the limits jump about.")
    rows, question, _ = result.asked
    formula, cluster = result.answers.design.formula, question["cluster"]
    incentives = [name for name in question["incentives"] if name in formula.columns]
    asked, organization = tuple(dict.fromkeys([*incentives, *formula.columns])), cluster[0]
    missing = missing_answers(rows, asked, organization=organization)
    fill = [name for name in missing.loc[missing["rows"] > 0, "column"] if _of_organization(rows, name, cluster)]
    answers = []
    if fill:
        known = _organizations(rows, asked, fill, formula.outcome, cluster)
        enough = max(2 * DONORS, known.shape[1] + DONORS)
        for name, count in known[fill].notna().sum().items():
            if count < enough:
                raise ModelError(message("few_answers", name=name, count=count, enough=enough, columns=known.shape[1]))
        rng = np.random.default_rng(seed)
        for _ in range(imputations):
            drawn = pd.DataFrame(_chained(known.to_numpy(), rng), index=known.index, columns=known.columns)
            answers.append(result.again(_filled(rows, drawn[fill]), by=None, permutations=0))
    every = zip(*(one.table.itertuples() for one in (result, *answers)), strict=True)
    table = pd.DataFrame([_line(row, each, result.confidence) for row, *each in every]).assign(m=len(answers))
    return Imputed(table, missing.assign(imputed=missing["column"].isin(fill)), len(answers))


def pool(estimates, std_errors, df_complete=np.inf):
    r"""Put the estimates of :math:`m` imputations together by Rubin's rules.

    :math:`\bar q` is their mean and :math:`T = \bar u + (1 + 1/m) b` its variance, with :math:`\bar u` the mean squared
    standard error and :math:`b` the variance between imputations. With :math:`\lambda = (1 + 1/m) b / T` there are
    :math:`\nu_1 \nu_2 / (\nu_1 + \nu_2)` degrees of freedom, :math:`\nu_1 = (m - 1) / \lambda^2` and
    :math:`\nu_2 = \frac{\nu + 1}{\nu + 3} \nu (1 - \lambda)`, :math:`\nu` those of the complete data. Barnard and Rubin
    (1999), Biometrika 86, 948-955. In R: ``mice::pool.scalar(Q, U, n, k)``, whose :math:`\nu` is n − k.

    Parameters
    ----------
    estimates, std_errors : arrays (m,), m at least 2
    df_complete : degrees of freedom if nothing were missing

    Returns
    -------
    Pooled

    Examples
    --------
    Estimates 1 and 3 with standard error 1: b = 2, T = 1 + 1.5 · 2 = 4, λ = ¾ and ν₁ = 16/9; for ν = 6, ν₂ = 7/6.

    >>> pooled = pool([1.0, 3.0], [1.0, 1.0])
    >>> pooled.estimate, pooled.std_error, round(pooled.df, 6), round(pool([1.0, 3.0], [1.0, 1.0], 6).df, 6)
    (2.0, 2.0, 1.777778, 0.704403)
    """
    q, u = np.asarray(estimates, float), np.asarray(std_errors, float) ** 2
    m = len(q)
    if m < 2 or len(u) != m:
        raise ModelError(message("no_pool", estimates=m, errors=len(u)))
    between = (1 + 1 / m) * q.var(ddof=1)
    total = u.mean() + between
    share = max(between / total, 1e-4)  # as in mice: with no spread at all the first ν would be infinite
    first = (m - 1) / share**2
    second = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share) if np.isfinite(df_complete) else np.inf
    df = first * second / (first + second) if np.isfinite(second) else first
    ratio = between / u.mean()
    fraction = (ratio + 2 / (df + 3)) / (ratio + 1)
    return Pooled(float(q.mean()), float(np.sqrt(total)), float(df), float(between / total), float(fraction))


def _of_organization(rows, name, cluster):
    """Whether a column can have one imputed value per organization: a number or yes/no, and not an event's."""
    same = [bool((rows[name].groupby(rows[group]).nunique() < 2).all()) for group in cluster]
    return is_number(rows[name]) and (same[0] or not any(same[1:]))


def _organizations(rows, asked, fill, outcome, cluster):
    """One row per organization: what is asked about it, its share of invitations taken up, and their number."""
    seen = rows[rows[list(outcome)].notna().all(axis=1)]
    of, columns = seen[cluster[0]], {}
    each = seen.groupby(cluster[0])
    for name in asked:
        if name in fill:
            columns[name] = seen[name].astype(float).groupby(of).quantile(0.5, interpolation="lower")
        elif _of_organization(rows, name, cluster):
            columns[name] = seen[name].astype(float).groupby(of).mean()
        elif (each[name].nunique(dropna=False) < 2).all() and (each[name].count() > 0).all():  # known, one in each
            text = each[name].first().astype("str")
            columns |= {f"{name}: {level}": (text == level).astype(float) for level in sorted(text.unique())[1:]}
    columns |= {f"(mean {name})": each[name].mean().astype(float) for name in outcome}
    return pd.DataFrame(columns | {"(invitations)": each.size().astype(float)})


def _chained(values, rng):
    """Fill the NaN of (organizations, columns): each column in turn is drawn given the others, ``ROUNDS`` times."""
    gone = np.isnan(values)
    filled = values.copy()
    for j in range(values.shape[1]):
        filled[gone[:, j], j] = rng.choice(values[~gone[:, j], j], gone[:, j].sum())
    for _ in range(ROUNDS):
        for j in np.argsort(gone.sum(axis=0), kind="stable"):
            if gone[:, j].any():
                filled[gone[:, j], j] = _matched(values[:, j], np.delete(filled, j, axis=1), gone[:, j], rng)
    return filled


def _matched(y, others, gone, rng):
    """Predictive mean matching: for each gone value, one of the known ones whose prediction is near."""
    others = others[:, np.ptp(others, axis=0) > 0]
    X = np.column_stack([np.ones(len(y)), (others - others.mean(axis=0)) / others.std(axis=0)])
    known = rng.permutation(np.flatnonzero(~gone))  # so that none of equally near ones comes first
    information = X[known].T @ X[known]
    inverse = np.linalg.inv(information + RIDGE * np.diag(np.diag(information)))
    best = inverse @ (X[known].T @ y[known])
    squares = ((y[known] - X[known] @ best) ** 2).sum()
    sigma = np.sqrt(squares / rng.chisquare(max(len(known) - X.shape[1], 1)))
    drawn = best + sigma * np.linalg.cholesky(inverse) @ rng.standard_normal(len(best))
    apart = np.abs((X[gone] @ drawn)[:, None] - X[known] @ best)
    near = np.argsort(apart, axis=1, kind="stable")[:, :DONORS]
    return y[known][near[np.arange(len(near)), rng.integers(DONORS, size=len(near))]]


def _filled(rows, values):
    """The rows with each gap of a column filled by its organization's value."""
    of = rows[values.index.name]
    return rows.assign(**{name: rows[name].astype("Float64").fillna(of.map(values[name])) for name in values})


def _line(row, each, confidence):
    """A row of the table: what complete rows say of a term, and what all imputations say of it together."""
    reason = next((one.reason for one in each or [row] if one.reason), "")
    pooled = Pooled(row.estimate, row.std_error, row.df, 0.0, 0.0)
    if reason:
        pooled = Pooled(*[float("nan")] * 5)
    elif each:
        estimates, errors, df = np.transpose([(one.estimate, one.std_error, one.df) for one in each])
        pooled = pool(estimates, errors, df.mean())
    reach = float(stats.t.ppf((1 + confidence) / 2, pooled.df)) * pooled.std_error
    line = {"term": row.term, "label": row.label, "complete_estimate": row.estimate, "complete_low": row.conf_low}
    line |= {"complete_high": row.conf_high, "complete_n": row.n, "pooled_estimate": pooled.estimate}
    line |= {"pooled_std_error": pooled.std_error, "pooled_df": pooled.df, "pooled_low": pooled.estimate - reach}
    line |= {"pooled_high": pooled.estimate + reach, "pooled_n": each[0].n if each else row.n}
    told = {"share_due_to_missing": pooled.due_to_missing, "fraction_missing_information": pooled.fraction}
    return line | told | {"reason": reason}

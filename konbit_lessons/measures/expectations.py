"""What partners expect beside what is offered, what they think beside what they do, and answers that are no yes or no.

Takes a cleaned programme, its rows and what :mod:`konbit_lessons.measures.answers` counted; returns frames of numbers
for the page on expectations. Figures about few organizations are hidden here, with those they could be worked out from.
"""

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.answers import answers, compared, met_by, reports_of, said, statements, with_offer
from konbit_lessons.measures.intervals import difference_of_groups, with_shares
from konbit_lessons.measures.participation import CLUSTERS, uptake
from konbit_lessons.measures.roster import in_order
from konbit_lessons.measures.shared_counts import panel

ENOUGH = 4  # times the smallest cell: of so many organizations quartiles may be told


def expected(data: Data, *, quarter: str) -> pd.DataFrame:
    """What is expected in all, beside what was offered in the quarter.

    Parameters
    ----------
    data : Data
    quarter : str

    Returns
    -------
    DataFrame, one row per expectation, those named by most first
        The columns of :func:`konbit_lessons.measures.answers.said`; ``offer`` ("offered", "beyond" what the project
        offers, "open" where programme.toml does not say), ``offered_share``, and ``events`` with it of ``events_held``
        in the quarter.
    """
    rows, table = panel(data, quarter=quarter), said(data, quarter=quarter)
    rows = rows[rows["fiscal_quarter"] == quarter]
    table = table[(table["kind"] == "expectation") & (table["by"] == TOTAL)]
    offers = [met_by(data, term) for term in table["term"]]
    with_it = [rows.loc[with_offer(rows, one or []), "event_id"].nunique() for one in offers]
    return table.assign(
        offer=["open" if one is None else "offered" if one else "beyond" for one in offers],
        offered_share=(table["offered"] / table["n"]).astype("Float64").to_numpy(float, na_value=np.nan),
        events=with_it,
        events_held=rows["event_id"].nunique(),
    ).sort_values(["share", "term"], ascending=[False, True], ignore_index=True)


def agreed(data: Data, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, with yes or no to each question that may predict, as the latest answer before the event has it.

    Returns
    -------
    DataFrame
        The columns of :func:`may_predict` are 1, 0 and NaN.
    """
    scales = {name: one.agrees for name, one in may_predict(data).items() if one.kind == "scale"}
    agrees = {name: (rows[name] >= least).where(rows[name].notna()) for name, least in scales.items()}
    return rows.assign(**{name: one.astype(float) for name, one in agrees.items()})


def may_predict(data: Data) -> dict:
    """The questions answered by a scale or yes and no that may predict participation."""
    return {name: one for name, one in data.programme.questions.items() if one.predicts and name in statements(data)}


def taken_up(data: Data, rows: pd.DataFrame, *, by: list[str]) -> pd.DataFrame:
    """How much more often invitations are taken up with something than without.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
    by : names of columns of yes and no; a row without either belongs to no group

    Returns
    -------
    DataFrame, one row per column where both groups are there; see :func:`konbit_lessons.measures.answers.compared`
        Also ``share`` and ``other`` (taken up with it and without), ``n_group`` and ``n_other`` (invitations).
    """
    lines, questions = [], data.programme.questions
    for name in by:
        both = uptake(data, rows, by=name).set_index(name) if rows[name].notna().any() else pd.DataFrame()
        if not {0, 1} <= {*both.index}:
            continue
        kind = questions[name].kind if name in questions else ""
        about = {"term": name, "kind": kind, "share": both["share"][1], "other": both["share"][0]}
        about |= {"n_group": both["n"][1], "n_other": both["n"][0]}
        known, gap = rows[rows["attended"].notna()], None
        if both["share"].notna().all():
            gap = difference_of_groups(known, "attended", by=name, first=0, second=1, cluster=CLUSTERS)
        lines.append((about, gap))
    return compared(data, lines, "share", "other", "n_group", "n_other")


def choices(data: Data, *, quarter: str) -> pd.DataFrame:
    """What was chosen in the latest wave, of each question with a choice.

    Returns
    -------
    DataFrame, one row per question and level
        ``term``, ``level``, ``chose`` (organizations of which anyone chose it), ``n`` (that answered), ``share``,
        ``conf_low``, ``conf_high`` (Wilson's). Missing where hidden.
    """
    tables = [pd.DataFrame(columns=["term", "level", "chose", "n"])]
    for name, one in data.programme.questions.items():
        columns = [f"{name}={level}" for level in one.levels]
        if columns and (reports := _latest(data, columns[0], quarter)):
            known = _answered(data, reports, columns).loc[TOTAL]
            told = {"term": name, "level": [*one.levels], "chose": known[columns].array, "n": known["n"]}
            tables.append(pd.DataFrame(told))
    return with_shares(pd.concat(tables[1:] or tables, ignore_index=True), "chose")


def numbers(data: Data, *, quarter: str) -> pd.DataFrame:
    """Quartiles of what was answered in numbers in the latest wave, in all and by type.

    Returns
    -------
    DataFrame, one row per question and group
        ``term``, ``by``, ``group``, ``n`` (organizations that answered), ``low``, ``median``, ``high``. Missing where
        hidden, and where fewer than :data:`ENOUGH` smallest cells answered.
    """
    lines, enough = [], ENOUGH * data.programme.smallest_cell
    for name, one in data.programme.questions.items():
        reports = _latest(data, name, quarter) if one.kind == "number" else {}
        if not reports:
            continue
        known, each = _answered(data, reports, [], by=["org_type"])["n"], [*reports.values()][-1]
        for group, n in known.items():
            own = each if group == TOTAL else each[each["org_type"] == group]
            told = pd.notna(n) and len(own) >= enough
            quartiles = own[name].quantile([0.25, 0.5, 0.75]).astype(float) if told else [np.nan] * 3
            lines.append([name, TOTAL if group == TOTAL else "org_type", group, n, *quartiles])
    table = pd.DataFrame(lines, columns=["term", "by", "group", "n", "low", "median", "high"])
    return in_order(data, table.astype({"n": "Int64"})).sort_values("term", kind="stable", ignore_index=True)


def _latest(data: Data, column: str, quarter: str) -> dict[str, pd.DataFrame]:
    """The answers in the latest wave that has any, as the report of each quarter up to this one counts them."""
    wave = answers(data, until=quarter).dropna(subset=column)["wave"].max()
    return {} if pd.isna(wave) else reports_of(data, column, quarter=quarter, wave=wave)


def _answered(data: Data, reports: dict, columns: list[str], by: tuple = ()) -> pd.DataFrame:
    """How many of each group answered, ``n``, and said yes to each column, as the last of the reports shows it."""
    gate = Gate()
    for report in gate.reports(reports):
        gate.count(reports[report].assign(n=True), [*columns, "n"], by=by)
    if columns:
        gate.overlapping("n", columns)
    gate.lasting(*columns, "n")
    return gate.decide(data.programme.smallest_cell)["n"].loc[report].droplevel("by")

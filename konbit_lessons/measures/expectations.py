"""What the page on expectations shows: what partners expect beside what is offered, what they think beside what they
do, answers that are no yes or no, who else supports partners, when one talked with them, and what was promised to them.

Takes a cleaned programme, its rows and what :mod:`konbit_lessons.measures.answers` counted; returns frames of numbers.
Figures about few organizations are hidden here, with those they could be worked out from.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import intervals, participation, shared_counts
from konbit_lessons.measures.answers import answers, compared, met_by, reports_of, said, statements, with_offer
from konbit_lessons.measures.shared_counts import first_day, last_day, panel, partners_at_end

ENOUGH = 4  # times the smallest cell: of so many organizations quartiles may be told
MOST_PROJECTS = 4  # of which pairs are shown
OTHER = "other"  # projects that few organizations have named
JOINED = "\u2016"  # before each project in the name of a figure, in no name of one
MOST_QUARTERS = 4  # of the calendar


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
    return table.assign(
        offer=["open" if one is None else "offered" if one else "beyond" for one in offers],
        offered_share=(table["offered"] / table["n"]).astype("Float64").to_numpy(float, na_value=np.nan),
        events=[rows.loc[with_offer(rows, one or []), "event_id"].nunique() for one in offers],
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
        both = participation.uptake(data, rows, by=name).set_index(name) if rows[name].notna().any() else pd.DataFrame()
        if not {0, 1} <= {*both.index}:
            continue
        kind = questions[name].kind if name in questions else ""
        about = {"term": name, "kind": kind, "share": both["share"][1], "other": both["share"][0]}
        about |= {"n_group": both["n"][1], "n_other": both["n"][0]}
        of = {"by": name, "first": 0, "second": 1, "cluster": participation.CLUSTERS}
        gap = intervals.difference_of_groups(rows, "attended", **of) if both["share"].notna().all() else None
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
    return intervals.with_shares(pd.concat(tables[1:] or tables, ignore_index=True), "chose")


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
    table = pd.DataFrame(lines, columns=["term", "by", "group", "n", "low", "median", "high"]).astype({"n": "Int64"})
    return shared_counts.in_order(data, table).sort_values("term", kind="stable", ignore_index=True)


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


# ---- who else supports partners


@shared_counts.once
def support(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that other projects supported, as the report of a quarter may show them.

    Who is a partner is known to everybody. A project that fewer organizations than the smallest cell have named by then
    is among :data:`OTHER`, since its name alone tells of them.

    Returns
    -------
    DataFrame from :meth:`konbit_lessons.disclosure.Gate.decide`
        Of the partners on the last day of each quarter from the first with support, in all and by type: those that each
        project, or pair of the :data:`MOST_PROJECTS` largest, supported up to it, ``any`` and ``none``; ``now``, that
        one supports that day; ``all``.
    """
    gate, began = Gate(), data.other_support["started_on"].min()
    told = {*shared_counts.quarters_since(data, began, quarter), *shared_counts.reports(data, quarter)}
    for one in gate.reports(sorted(told)):
        each, projects, pairs = _supported(data, one)
        gate.count(each, [*projects, *pairs, "any", "none", "all"], by=["org_type"])
        gate.count(each, ["now"])
        gate.overlapping("any", projects)
        for pair in pairs:
            for project in pair.split(JOINED)[1:]:
                gate.nested(pair, JOINED + project)
        gate.lasting("any", *projects, *pairs)
    gate.nested("now", "any")
    gate.partition("all", ["any", "none"])
    gate.known("all")
    return gate.decide(data.programme.smallest_cell)


def _supported(data: Data, quarter: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Of each partner which projects supported it; the projects, the largest first, and the pairs of some."""
    each = partners_at_end(data, quarter).reset_index()
    last, every = last_day(data, quarter), data.other_support
    some = every[(every["started_on"] <= last) & every["organization_id"].isin(each["organization_id"])]
    named = some.groupby("project")["organization_id"].nunique().sort_values(ascending=False, kind="stable")
    large = list(JOINED + named.index[named >= data.programme.smallest_cell])
    project = (JOINED + some["project"]).where(lambda name: name.isin(large), OTHER)
    held = {name: each["organization_id"].isin(ids) for name, ids in some.groupby(project)["organization_id"]}
    pairs = {a + b: held[a] & held[b] for a, b in combinations(large[:MOST_PROJECTS], 2)}
    anyone = each["organization_id"].isin(some["organization_id"])
    now = each["organization_id"].isin(some.loc[~(some["ended_on"] < last), "organization_id"])
    each = each.assign(**held, **pairs, any=anyone, none=~anyone, now=now, all=True)
    return each, [name for name in [*large, OTHER] if name in held], list(pairs)


def overlap(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that other projects supported up to the end of a quarter: by project, by pair of them, and by type.

    Returns
    -------
    DataFrame, one row per project, pair of the :data:`MOST_PROJECTS` largest, :data:`OTHER`, ``any`` and ``none``, and
    group
        ``projects`` (those of a pair joined by " + "), ``by``, ``group``, ``organizations``, ``n`` (partners of the
        group on the last day), ``share``, ``conf_low``, ``conf_high`` (Wilson's). Missing where hidden; no row where no
        support is on record.
    """
    safe = support(data, quarter=quarter).loc[quarter]
    there = safe["at_least"].drop(columns=["all", "now"]).dropna(axis="columns", how="all").columns
    rank = {OTHER: 3, "any": 4, "none": 5}
    order = sorted(there, key=lambda one: rank.get(one, one.count(JOINED))) if len(data.other_support) else []
    known = shared_counts.in_groups(data, safe["n"], order, named="projects", whole="all")
    return known.assign(projects=[" + ".join(filter(None, one.split(JOINED))) for one in known["projects"]])


def supported(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that another project supported on the last day of each quarter.

    Returns
    -------
    DataFrame, one row per fiscal quarter with an event up to ``quarter``, and this one; none without support
        ``fiscal_quarter``, ``supported``, ``n`` (partners), ``share``, ``conf_low``, ``conf_high`` (Wilson's). Missing
        where hidden.
    """
    known = support(data, quarter=quarter)["n"].xs((TOTAL, TOTAL), level=("by", "group"))
    counts = known[["now", "all"]].set_axis(["supported", "n"], axis="columns")
    counts = counts.loc[shared_counts.reports(data, quarter)].rename_axis("fiscal_quarter")
    return intervals.with_shares(counts.reset_index()[: None if len(data.other_support) else 0], "supported")


# ---- conversations, and what was promised in them


def calendar(data: Data, *, quarter: str) -> pd.DataFrame:
    """Conversations in each month of the last quarters, and the share of partners with one in each quarter.

    Returns
    -------
    DataFrame, one row per quarter and month
        ``fiscal_quarter``, ``month`` (its first day), ``organizations`` (partners at the end of the quarter that had
        one), ``conversations``; and of the quarter ``talked_with``, ``n`` (partners), ``share``, ``conf_low``,
        ``conf_high`` (Wilson's). Missing where hidden; no row of a quarter that begins after the last conversation on
        record, of which it is not known whether there was none, or whether its records are still to come.
    """
    known = shared_counts.conversations(data, quarter=quarter)["n"].xs((TOTAL, TOTAL), level=("by", "group"))
    last = data.conversations["held_on"].max()
    lines, known = [], known[[first_day(data, one) <= last for one in known.index]]
    for one in known.index[-MOST_QUARTERS:]:
        here, talks = partners_at_end(data, one), data.conversations
        held = talks[talks["organization_id"].isin(here.index)]["held_on"].dt.to_period("M").value_counts()
        for month in pd.date_range(first_day(data, one), last_day(data, one), freq="MS"):
            organizations = known.loc[one, str(month.date())]
            talked = pd.NA if pd.isna(organizations) else held.get(month.to_period("M"), 0)
            lines.append([one, month, organizations, talked, known.loc[one, "talked"], known.loc[one, "partners"]])
    columns = ["fiscal_quarter", "month", "organizations", "conversations", "talked_with", "n"]
    table = pd.DataFrame(lines, columns=columns).astype(dict.fromkeys(columns[2:], "Int64"))
    return intervals.with_shares(table, "talked_with")


def silent_since(data: Data, *, quarter: str) -> pd.Timestamp | None:
    """The day of the last conversation on record, where that is before the quarter began; else None."""
    last = data.conversations["held_on"].max()
    return last if last < first_day(data, quarter) else None


def last_talked(data: Data, *, quarter: str) -> pd.DataFrame:
    """When partners had their last conversation, as of the last day of a quarter.

    Returns
    -------
    DataFrame, one row per ``talked`` (in the quarter), ``quarter_before``, ``earlier`` and ``never``, and group
        ``last``, ``by``, ``group``, ``organizations``, ``n`` (partners of the group), ``share``, ``conf_low``,
        ``conf_high`` (Wilson's). Missing where hidden; no row where no conversation is on record.
    """
    known = shared_counts.conversations(data, quarter=quarter)["n"].loc[quarter]
    bands = shared_counts.BANDS if len(data.conversations) else []
    return shared_counts.in_groups(data, known, bands, named="last", whole="partners")


def days_since(data: Data, *, quarter: str) -> list[float]:
    """Quartiles of the days since the last conversation of partners that had one; none where they are too few."""
    talks = data.conversations[data.conversations["held_on"] <= last_day(data, quarter)]
    talks = talks[talks["organization_id"].isin(partners_at_end(data, quarter).index)]
    days = (last_day(data, quarter) - talks.groupby("organization_id")["held_on"].max()).dt.days
    return days.quantile([0.25, 0.5, 0.75]).to_list() if len(days) >= 4 * data.programme.smallest_cell else []


def follow_ups(data: Data, *, quarter: str) -> pd.DataFrame:
    """Follow-ups promised up to the end of a quarter, by how they stand on its last day.

    Returns
    -------
    DataFrame, one row per ``overdue``, ``open`` (not yet due), ``done`` and ``total``; none where none was promised
        ``state``, ``follow_ups`` (Int64). Missing where hidden.
    """
    gate, states = Gate(), ["overdue", "open", "done"]
    for one in gate.reports(shared_counts.reports(data, quarter)):
        last = last_day(data, one)
        some = promised(data.conversations[data.conversations["held_on"] <= last], last)
        held = some.assign(total=True, **{state: some["state"] == state for state in states})
        gate.count(held, [*states, TOTAL], records=True)
    gate.partition(TOTAL, states)
    gate.lasting("done", TOTAL)
    known = gate.decide(data.programme.smallest_cell)["n"].loc[(quarter, TOTAL, TOTAL), [*states, TOTAL]]
    return known.rename("follow_ups").rename_axis("state").reset_index()[: None if len(some) else 0]


def promised(talks: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The conversations in which a follow-up was promised, by the day it is due, with its ``state`` on a day."""
    due, done = talks["follow_up_due_on"], talks["follow_up_done_on"] <= last
    state = pd.Series("open", talks.index).mask(due <= last, "overdue").mask(done, "done")
    some = talks.assign(due_on=due, state=state).dropna(subset="due_on")
    return some.sort_values("due_on", kind="stable", ignore_index=True)

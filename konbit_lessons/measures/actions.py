"""How the actions of a programme stand: contributions, business leads, joint events, what participation was before and
after the way of working changed, and what was asked, found and decided by the table of learning questions.

Takes a cleaned programme, its panel and a quarter; returns frames of numbers, and lines of that table. What a shared
report may not show is hidden here. Which events an action counts stands in programme.toml. A finding has a name by
which recommendations lead to it: its key, or its number among those of the quarter.
"""

import pandas as pd

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import answers, intervals, participation
from konbit_lessons.measures.shared_counts import SIDES, last_day, partners, quarters_of, reports, side

DAYS_AROUND = 90  # looked at before and after an organization's first event that should bring leads
MANY = 4  # times the smallest cell
DONE = "done"
NUMBERS = ("taken_up", "talked_with", "overdue", "due_later", "delivered", "leads", "joint")  # one each
PLEDGES, LEADS = ["pledged", "delivered"], ["leads", "contracts", "both"]


def contributions(data: Data, *, quarter: str) -> pd.DataFrame:
    """Contributions pledged up to the end of a quarter, and how many of them were delivered by then.

    Returns
    -------
    DataFrame, one row per fiscal quarter of the pledge, and in all (``total``); none where none is on record
        ``fiscal_quarter``, ``pledged``, ``delivered``, ``share`` of those pledged, ``conf_low``, ``conf_high``
        (Wilson's). Missing where hidden.
    """
    gate, pledges = Gate(), data.contributions
    for one in gate.reports(reports(data, quarter)):
        last = last_day(data, one)
        some = pledges[pledges["pledged_on"] <= last]
        _count(data, gate, some.assign(pledged=True, delivered=some["delivered_on"] <= last), "pledged_on", PLEDGES)
    gate.nested(*reversed(PLEDGES))
    gate.lasting(*PLEDGES)
    return intervals.with_shares(_lines(data, gate, PLEDGES, quarter), "delivered", "pledged")


def leads(data: Data, *, quarter: str) -> pd.DataFrame:
    """Business leads and contracts recorded up to the end of a quarter, and how many partners had one.

    Returns
    -------
    DataFrame, one row per fiscal quarter, and in all (``total``); none where none is on record
        ``fiscal_quarter``, ``leads``, ``contracts``, ``both``; in all also ``organizations`` (of the partners on the
        last day those with either) and ``partners``. Missing where hidden.
    """
    gate, known = Gate(), data.business_leads
    known = known.assign(leads=known["kind"] == "lead", contracts=known["kind"] == "contract", both=True)
    for one in gate.reports(reports(data, quarter)):
        some = known[known["date"] <= last_day(data, one)]
        here = partners(data.organizations, last_day(data, one))
        each = {"organization_id": here, "organizations": here.isin(some["organization_id"]), "partners": True}
        _count(data, gate, some, "date", LEADS)
        gate.count(pd.DataFrame(each), ["organizations", "partners"])
    gate.partition("both", ["leads", "contracts"])
    gate.nested("organizations", "partners")
    gate.lasting(*LEADS, "organizations")
    gate.below("organizations", "both")
    gate.known("partners")
    return _lines(data, gate, [*LEADS, "organizations", "partners"], quarter)


def _count(data: Data, gate: Gate, records: pd.DataFrame, day: str, figures: list[str]) -> None:
    """Count records in all and by the quarter of their day."""
    quarters = quarters_of(data, records[day])
    gate.count(records.assign(fiscal_quarter=quarters), figures, by=["fiscal_quarter"], records=True)


def _lines(data: Data, gate: Gate, figures: list[str], quarter: str) -> pd.DataFrame:
    """What the gate lets through, a row for each quarter with a record, this one, and all of them."""
    table = gate.decide(data.programme.smallest_cell)["n"].loc[quarter].droplevel("by")
    table = table[figures].drop(index="", errors="ignore")
    if {*table.index} <= {TOTAL}:
        table = table[:0]
    elif quarter not in table.index:
        table.loc[quarter] = 0
    return table.sort_index().rename_axis("fiscal_quarter").reset_index()


def around_first(data: Data, rows: pd.DataFrame, *, quarter: str, days: int = DAYS_AROUND) -> pd.DataFrame:
    """Leads and contracts of an organization before its first event that should bring some, and from that day on.

    Of organizations with as many days of records on both sides. The change is a mean of organizations with Student's t
    (:func:`konbit_lessons.measures.intervals.difference_of_waves`). No gate knows these numbers, so that they are told
    of many only, and not so exactly that those of a few could be worked out from one quarter to the next.

    Returns
    -------
    DataFrame, one row, or none where they are fewer than :data:`MANY` smallest cells, or few of them had any
        ``events`` (kinds and incentives of such an event), ``days``, ``organizations`` (at least so many: a multiple of
        the smallest cell), ``before``, ``after`` (per organization, as the others to one decimal where a page may be
        shared), ``change``, ``conf_low``, ``conf_high``.
    """
    events = _events_of(data, "leads")
    every = rows[(rows["attended"] == 1) & answers.with_offer(rows, events)].groupby("organization_id")["held_on"].min()
    span = pd.Timedelta(days=days)
    first = every[(every - span >= rows["held_on"].min()) & (every + span <= last_day(data, quarter))]
    columns = ["events", "days", "organizations", "before", "after", "change", "conf_low", "conf_high"]
    smallest = data.programme.smallest_cell
    if len(first) < (MANY * smallest if smallest > 1 else 2):
        return pd.DataFrame(columns=columns)
    each = _leads_around(data, first, span)
    if each[each["leads"] > 0].groupby("wave").size().between(1, smallest - 1).any():
        return pd.DataFrame(columns=columns)
    change = intervals.difference_of_waves(each, "leads", first=0, second=1)
    numbers = [*each.groupby("wave")["leads"].mean(), change.estimate, change.conf_low, change.conf_high]
    told = [float(round(one, 1)) if smallest > 1 else one for one in numbers]
    return pd.DataFrame([[events, days, len(first) // smallest * smallest, *told]], columns=columns)


def _leads_around(data: Data, first: pd.Series, span: pd.Timedelta) -> pd.DataFrame:
    """Leads of each organization in the days before (wave 0) and from its first event on (wave 1)."""
    dated = data.business_leads[["organization_id", "date"]].dropna()
    since = dated["date"] - dated["organization_id"].map(first)
    waves = {0: (-span, pd.Timedelta(0)), 1: (pd.Timedelta(0), span)}
    within = {wave: dated[since.between(*ends, inclusive="left")] for wave, ends in waves.items()}
    leads = [some["organization_id"].value_counts().reindex(first.index, fill_value=0) for some in within.values()]
    return pd.concat(leads, keys=waves, names=["wave", "organization_id"]).astype(float).rename("leads").reset_index()


def joint_events(data: Data, *, quarter: str) -> pd.DataFrame:
    """Events held jointly with another project, by quarter: those of the kinds that an action names, or with a partner.

    Returns
    -------
    DataFrame, one row per fiscal quarter with an event up to ``quarter``
        ``fiscal_quarter``, ``joint``, ``events``. Events, not organizations, so that nothing is hidden.
    """
    events = data.events[data.events["held_on"] <= last_day(data, quarter)]
    joint = answers.with_offer(events, _events_of(data, "joint")) | events["partner_project"].notna()
    by = joint.groupby(quarters_of(data, events["held_on"]).rename("fiscal_quarter"))
    return by.agg(joint="sum", events="size").astype(int).reset_index()


def _events_of(data: Data, measure: str) -> list[str]:
    """The kinds of events and the incentives that the actions with a measure name."""
    return [name for one in data.programme.actions.values() if one.measure == measure for name in one.events]


def before_and_after(data: Data, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict | None]:
    """Invitations taken up before the way of working changed and from that day on, and the difference.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation

    Returns
    -------
    DataFrame, the rows ``before`` and ``after``; none where no day is declared, or no event was held on one side
        The columns of :func:`konbit_lessons.measures.participation.uptake`.
    dict or None
        As :func:`konbit_lessons.measures.participation.difference` has it, after less before; what else differed is in
        it (:func:`events_offered`). None where a share may not be told.
    """
    sides = rows.assign(period=side(data, rows["held_on"]))
    table = participation.uptake(data, sides, by="period")
    if {*sides["period"]} != {*SIDES.values()}:
        return table[:0], None
    gap = participation.difference(sides, table, first="before", second="after")
    table = table.set_index("period").reindex(SIDES.values()).reset_index()
    return table, gap.iloc[0].to_dict() if len(gap) else None


def events_offered(data: Data, *, quarter: str) -> pd.DataFrame:
    """What events were like before the way of working changed and since: how many were of a kind, or offered what.

    Returns
    -------
    DataFrame, one row per kind of event and incentive that any event had; none where there is no before and after
        ``what``; events with it ``before``, of ``events_before``; ``after``, of ``events_after``. Events, not
        organizations, so that nothing is hidden.
    """
    events = data.events[data.events["held_on"] <= last_day(data, quarter)]
    period = side(data, events["held_on"])
    names = [*data.programme.types.get("event_type", {}), *data.programme.incentives]
    had = pd.DataFrame({name: answers.with_offer(events, [name]) for name in names}, index=events.index)
    counts = had.groupby(period).sum().reindex(SIDES.values(), fill_value=0).T.astype(int)
    held = {f"events_{one}": int((period == one).sum()) for one in SIDES.values()}
    shown = counts[(counts.sum(axis=1) > 0) & all(held.values())]
    return shown.assign(**held).rename_axis(index="what", columns=None).reset_index()


# ---- the table of learning questions


def asked(data, *, quarter):
    """Return the learning questions of a quarter.

    Parameters
    ----------
    data : Data
    quarter : str

    Returns
    -------
    DataFrame, one row per question
        The columns of the table, ``anchor`` of the finding, and ``past_day``: it was to be done by the end of the
        quarter, or of the data, and is not.

    Raises
    ------
    DataError
        Two findings of a quarter have one key; or one, up to it, rests on a number that no report has.
    """
    _refuse_unknown(data, quarter)
    lines = data.learning[data.learning["quarter"] == quarter].reset_index(drop=True)
    names = lines["key"].fillna(pd.Series(range(1, len(lines) + 1), dtype=str).reindex(lines.index))
    anchors = "finding-" + names.str.lower().str.replace("[^a-z0-9]+", "-", regex=True).str.strip("-")
    if (twice := anchors[anchors.duplicated()]).any():
        found = f'found two findings with the key "{names[twice.index[0]]}"'
        either = "a recommendation that names it could mean either"
        raise DataError(f"learning, {quarter}: {found}; {either}. Give each a key of its own.")
    return _timed(data, lines.assign(anchor=anchors), quarter)


def _refuse_unknown(data, quarter):
    """Every number that a finding rests on must be one of those that a learning report can tell of the programme."""
    programme, named = data.programme, data.learning.loc[data.learning["quarter"] <= quarter, "measure"].dropna()
    known = [*NUMBERS, *programme.questions, *programme.question["incentives"]]
    known += [f"reached_{one}" for one in programme.types.get("org_type", ())]
    known += [f"{of}_{one}" for of in ("expects", "unmet") for one in programme.expectations]
    if unknown := sorted({*named} - {*known}):
        found = f'found "{unknown[0]}"; expected the name of a number of the report, one of {", ".join(known)}'
        raise DataError(f'learning, column "measure": {found}. Write one of these, or leave it blank.')


def decided(data, *, quarter):
    """Return those of `asked` from which a change followed, those with the nearest day first."""
    lines = asked(data, quarter=quarter)
    return lines[lines["adaptation"].notna()].sort_values("due_on", kind="stable", ignore_index=True)


def earlier(data, *, quarter):
    """Return the learning questions of earlier quarters, the latest first.

    Returns
    -------
    DataFrame, as `asked`, without ``anchor``
    """
    lines = data.learning[data.learning["quarter"] < quarter]
    return _timed(data, lines.sort_values("quarter", ascending=False, kind="stable", ignore_index=True), quarter)


def waiting(lines):
    """Return those of `earlier` that led to a change which is not done, those past their day first."""
    open_ones = lines[lines["adaptation"].notna() & (lines["status"] != DONE)]
    return open_ones.sort_values("past_day", ascending=False, kind="stable", ignore_index=True)


def _timed(data, lines, quarter):
    """Add whether the day by which a change was due has gone by."""
    late = (lines["due_on"] <= last_day(data, quarter)) & (lines["status"] != DONE)
    return lines.assign(past_day=late.fillna(False).astype(bool))

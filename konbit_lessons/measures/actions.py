"""How the actions of a programme stand: contributions, business leads, work with other projects, and what participation
was before and after the approach changed.

Takes a cleaned programme, its panel and a quarter; returns frames of numbers. What a shared report may not show is
hidden here.
"""

from datetime import date

import pandas as pd

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import Interval, difference_of_groups, difference_of_waves, with_shares
from konbit_lessons.measures.participation import CLUSTERS, uptake
from konbit_lessons.measures.roster import event_types, last_day, partners, quarters_of
from konbit_lessons.tables import OFFERED

DAYS_AROUND = 90  # looked at before and after an organization's first showcase
JOINT = "joint_event"


def contributions(data: Data, *, quarter: str) -> pd.DataFrame:
    """Contributions pledged up to the end of a quarter, and how many of them were delivered by then.

    Returns
    -------
    DataFrame, one row per fiscal quarter of the pledge, and in all (``total``)
        ``fiscal_quarter``, ``pledged``, ``delivered``, ``share`` of those pledged, ``conf_low``, ``conf_high``
        (Wilson's). Missing where hidden.
    """
    last = last_day(data, quarter)
    some = data.contributions[data.contributions["pledged_on"] <= last]
    some = some.assign(pledged=True, delivered=some["delivered_on"] <= last)
    gate = _by_quarter(data, some, ["pledged", "delivered"], "pledged_on")
    gate.nested("delivered", "pledged")
    return with_shares(_lines(data, gate, ["pledged", "delivered"], quarter), "delivered", "pledged")


def leads(data: Data, *, quarter: str) -> pd.DataFrame:
    """Business leads and contracts recorded up to the end of a quarter, and how many organizations had one.

    Returns
    -------
    DataFrame, one row per fiscal quarter, and in all (``total``)
        ``fiscal_quarter``, ``leads``, ``contracts``, ``both``, ``organizations`` (with either; in all only),
        ``partners`` (on its last day), ``per_100`` (leads and contracts for each 100 partners). Missing where
        hidden.
    """
    some = data.business_leads[data.business_leads["date"] <= last_day(data, quarter)]
    some = some.assign(leads=some["kind"] == "lead", contracts=some["kind"] == "contract", both=True, organizations=True)
    gate = _by_quarter(data, some, ["leads", "contracts", "both"], "date")
    gate.count(some, ["organizations"])
    gate.partition("both", ["leads", "contracts"])
    gate.below("organizations", "both")
    table = _lines(data, gate, ["leads", "contracts", "both", "organizations"], quarter)
    days = [last_day(data, quarter if at == TOTAL else at) for at in table["fiscal_quarter"]]
    here = pd.Series([len(partners(data.organizations, day)) for day in days], dtype="Int64")
    return table.assign(partners=here, per_100=100 * table["both"] / here)


def _by_quarter(data: Data, records: pd.DataFrame, figures: list[str], day: str) -> Gate:
    """A gate that has counted records in all and by quarter."""
    gate = Gate()
    quarters = quarters_of(data, records[day])
    gate.count(records.assign(fiscal_quarter=quarters), figures, by=["fiscal_quarter"], records=True)
    return gate


def _lines(data: Data, gate: Gate, figures: list[str], quarter: str) -> pd.DataFrame:
    """What the gate lets through, a row for each quarter with a record, this one, and all of them."""
    known = gate.decide(data.programme.smallest_cell)["n"].unstack("figure").droplevel(["report", "by"])
    table = known.reindex(columns=figures).drop(index="", errors="ignore")
    if quarter not in table.index:
        table.loc[quarter] = 0
    return table.sort_index().rename_axis(index="fiscal_quarter", columns=None).reset_index()


def around_showcase(data: Data, rows: pd.DataFrame, *, quarter: str, days: int = DAYS_AROUND) -> pd.DataFrame:
    """Leads and contracts of an organization in the days before its first business showcase, and in those after it.

    Of organizations that attended an event with a showcase, with as many days of records on both sides. The day itself
    belongs to those after. The change is a mean of organizations with Student's t
    (:func:`konbit_lessons.measures.intervals.difference_of_waves`).

    Returns
    -------
    DataFrame, one row, or none where they are fewer than the smallest cell
        ``days``, ``organizations``, ``before``, ``after`` (per organization), ``change``, ``conf_low``, ``conf_high``.
    """
    there = rows[rows["attended"].fillna(False) & rows["business_showcase"].fillna(False)]
    first = there.groupby("organization_id")["held_on"].min()
    span = pd.Timedelta(days=days)
    began, last = rows["held_on"].min(), last_day(data, quarter)
    first = first[(first - span >= began) & (first + span <= last)]
    columns = ["days", "organizations", "before", "after", "change", "conf_low", "conf_high"]
    if len(first) < max(data.programme.smallest_cell, 2):
        return pd.DataFrame(columns=columns)
    dated = data.business_leads[["organization_id", "date"]].dropna()
    since = dated["date"] - dated["organization_id"].map(first)
    counted = [
        dated.loc[since.between(low, high, inclusive="left"), "organization_id"].value_counts().reindex(first.index)
        for low, high in ((-span, pd.Timedelta(0)), (pd.Timedelta(0), span))
    ]
    each = pd.concat(
        pd.DataFrame({"organization_id": first.index, "wave": wave, "leads": one.fillna(0).to_numpy(float)})
        for wave, one in enumerate(counted)
    )
    change = difference_of_waves(each, "leads", first=0, second=1)
    before, after = each.groupby("wave")["leads"].mean()
    return pd.DataFrame([[days, len(first), before, after, change.estimate, change.conf_low, change.conf_high]], columns=columns)


def joint_events(data: Data, *, quarter: str) -> pd.DataFrame:
    """Events held jointly with another project, by quarter.

    Returns
    -------
    DataFrame, one row per fiscal quarter with an event up to ``quarter``
        ``fiscal_quarter``, ``joint``, ``events``. Events, not organizations, so that nothing is hidden.
    """
    events = data.events[data.events["held_on"] <= last_day(data, quarter)]
    joint = (events["event_type"] == JOINT) | events["partner_project"].notna()
    by = joint.groupby(quarters_of(data, events["held_on"]).rename("fiscal_quarter"))
    return by.agg(joint="sum", events="size").astype(int).reset_index()


def approach_changed_on(data: Data) -> date | None:
    """The first day of the new approach: that of programme.toml, else of project year 2; None where unknown."""
    about = data.programme.about
    if about.new_approach_on or not about.started_on:
        return about.new_approach_on
    return (pd.Timestamp(about.started_on) + pd.DateOffset(years=1)).date()


def before_and_after(data: Data, rows: pd.DataFrame, changed_on: date) -> tuple[pd.DataFrame, Interval]:
    """Invitations taken up before the approach changed and from that day on, and the difference.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.
    changed_on : date

    Returns
    -------
    DataFrame, the rows ``before`` and ``after``
        The columns of :func:`konbit_lessons.measures.participation.uptake`.
    Interval
        After less before; what else differed is in it (:func:`events_offered`).

    Raises
    ------
    DataError
        No attendance is known on one side, or it is that of too few organizations.
    """
    period = (rows["held_on"] >= pd.Timestamp(changed_on)).map({False: "before", True: "after"})
    sides = rows.assign(period=period)
    table = uptake(data, sides, by="period").set_index("period").reindex(["before", "after"])
    if table["share"].isna().any():
        raise DataError("before and after: attendance is known for too few organizations on one side.")
    change = difference_of_groups(sides, "attended", by="period", first="before", second="after", cluster=CLUSTERS)
    return table.reset_index(), change


def events_offered(data: Data, changed_on: date, *, quarter: str) -> pd.DataFrame:
    """What events were like before the approach changed and from that day on: how many were of a kind, or offered it.

    Returns
    -------
    DataFrame, one row per kind of event and incentive that any event had
        ``what``; events with it ``before``, of ``events_before``; ``after``, of ``events_after``. Events, not
        organizations, so that nothing is hidden.
    """
    events = data.events[data.events["held_on"] <= last_day(data, quarter)]
    after = (events["held_on"] >= pd.Timestamp(changed_on)).map({False: "before", True: "after"})
    had = pd.DataFrame({kind: events["event_type"] == kind for kind in event_types(data)})
    had["per_diem"] = (events["per_diem_htg"] > 0).fillna(False)
    for name in OFFERED:
        had[name] = events[name].fillna(False).astype(bool)
    counts = had.groupby(after).sum().reindex(["before", "after"], fill_value=0).T.astype(int)
    held = {f"events_{side}": int((after == side).sum()) for side in ("before", "after")}
    return counts[counts.sum(axis=1) > 0].assign(**held).rename_axis("what").reset_index()

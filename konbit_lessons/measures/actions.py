"""How the four strategic actions stand: contributions (A2), business leads (A3), work with other projects (A4), and
what participation was before and after the approach changed. Regular conversations (A1) are counted in expectations.py.

Takes a cleaned programme, its panel and a quarter; returns frames of numbers. What a shared report may not show is
hidden here.
"""

from datetime import date

import pandas as pd

from konbit_lessons.disclosure import margins, protected
from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.expectations import TOTAL, overlap
from konbit_lessons.measures.participation import uptake
from konbit_lessons.measures.roster import last_day, partners
from konbit_lessons.measures.trends import Interval, difference_of_groups, difference_of_waves, share_of
from konbit_lessons.periods import fiscal_quarter
from konbit_lessons.tables import EVENT_TYPES, OFFERED

CLUSTERS = ("organization_id", "event_id")
DAYS_AROUND = 90  # looked at before and after an organization's first showcase
JOINT = "joint_event"


def contributions(data: Data, *, quarter: str) -> pd.DataFrame:
    """Contributions pledged up to the end of a quarter, and how many of them were delivered by then.

    Returns
    -------
    DataFrame, one row per fiscal quarter of the pledge, and in all (``total``)
        ``fiscal_quarter``, ``pledged``, ``delivered``, ``share`` of those pledged, ``low``, ``high`` (Wilson's).
        Missing where hidden.
    """
    last = last_day(quarter)
    some = data.contributions[data.contributions["pledged_on"] <= last]
    done = some[some["delivered_on"] <= last]
    counts, about = _by_quarter({"pledged": (some, "pledged_on"), "delivered": (done, "pledged_on")}, quarter)
    safe = protected(
        counts,
        smallest=data.programme.smallest_cell,
        sums=margins(counts),
        within=[((at, "delivered"), (at, "pledged")) for at in counts.index],
        organizations=about,
    ).table
    shares = [share_of(k, n) for k, n in zip(safe["delivered"], safe["pledged"], strict=True)]
    return safe.assign(**pd.DataFrame(shares, index=safe.index)).rename_axis("fiscal_quarter").reset_index()


def leads(data: Data, *, quarter: str) -> pd.DataFrame:
    """Business leads and contracts recorded up to the end of a quarter, and how many organizations had one.

    Returns
    -------
    DataFrame, one row per fiscal quarter, and in all (``total``)
        ``fiscal_quarter``, ``leads``, ``contracts``, ``both``, ``organizations`` (with either; in all only),
        ``partners`` (on its last day), ``per_100`` (leads and contracts for each 100 partners). Missing where
        hidden.
    """
    some = data.business_leads[data.business_leads["date"] <= last_day(quarter)]
    kinds = {"leads": some[some["kind"] == "lead"], "contracts": some[some["kind"] == "contract"], "both": some}
    counts, about = _by_quarter({name: (of_kind, "date") for name, of_kind in kinds.items()}, quarter)
    safe = protected(
        counts,
        smallest=data.programme.smallest_cell,
        sums=[*margins(counts), *(((at, "both"), [(at, "leads"), (at, "contracts")]) for at in counts.index)],
        organizations=about,
    ).table
    who = about["both"].where((about.index == TOTAL) & safe["both"].notna())
    here = [len(partners(data.organizations, last_day(quarter if at == TOTAL else at))) for at in counts.index]
    table = safe.assign(organizations=who.astype("Int64"), partners=here)
    return table.assign(per_100=100 * table["both"] / table["partners"]).rename_axis("fiscal_quarter").reset_index()


def around_showcase(data: Data, rows: pd.DataFrame, *, quarter: str, days: int = DAYS_AROUND) -> pd.DataFrame:
    """Leads and contracts of an organization in the days before its first business showcase, and in those after it.

    Of organizations that attended an event with a showcase, with as many days of records on both sides. The day itself
    belongs to those after. The change is a mean of organizations with Student's t
    (:func:`konbit_lessons.measures.trends.difference_of_waves`).

    Returns
    -------
    DataFrame, one row, or none where they are fewer than the smallest cell
        ``days``, ``organizations``, ``before``, ``after`` (per organization), ``change``, ``low``, ``high``.
    """
    there = rows[rows["attended"].fillna(False) & rows["business_showcase"].fillna(False)]
    first = there.groupby("organization_id")["held_on"].min()
    span = pd.Timedelta(days=days)
    began, last = rows["held_on"].min(), last_day(quarter)
    first = first[(first - span >= began) & (first + span <= last)]
    columns = ["days", "organizations", "before", "after", "change", "low", "high"]
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
    return pd.DataFrame([[days, len(first), before, after, change.estimate, change.low, change.high]], columns=columns)


def joint_events(data: Data, *, quarter: str) -> pd.DataFrame:
    """Events held jointly with another project, by quarter.

    Returns
    -------
    DataFrame, one row per fiscal quarter with an event up to ``quarter``
        ``fiscal_quarter``, ``joint``, ``events``. Events, not organizations, so that nothing is hidden.
    """
    events = data.events[data.events["held_on"] <= last_day(quarter)]
    joint = (events["event_type"] == JOINT) | events["partner_project"].notna()
    by = joint.groupby(fiscal_quarter(events["held_on"]).rename("fiscal_quarter"))
    return by.agg(joint="sum", events="size").astype(int).reset_index()


def supported(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that another project supported on the last day of each quarter.

    Returns
    -------
    DataFrame, one row per fiscal quarter with an event up to ``quarter``
        ``fiscal_quarter``, ``supported``, ``partners``, ``share``, ``low``, ``high`` (Wilson's). Missing where hidden,
        beside those ever supported, as :func:`konbit_lessons.measures.expectations.overlap` tells them.
    """
    support, lines = data.other_support, {}
    ever = overlap(data, quarter=quarter).set_index("projects")[TOTAL]
    for at in _quarters(data, quarter):
        last = last_day(at)
        going_on = support[(support["started_on"] <= last) & ~(support["ended_on"] < last)]
        here = partners(data.organizations, last)
        lines[at] = {"supported": int(here.isin(going_on["organization_id"]).sum()), "partners": len(here)}
    counts = pd.DataFrame.from_dict(lines, orient="index").astype(int)
    if counts.empty:
        return pd.DataFrame(columns=["fiscal_quarter", "supported", "partners", "share", "low", "high"])
    within = [((at, "supported"), (at, "partners")) for at in counts.index]
    public = [(at, "partners") for at in counts.index]
    shown = counts
    if "any" in ever.index and pd.notna(ever["any"]):
        shown = pd.concat([counts, pd.DataFrame({"supported": [ever["any"]], "partners": [0]}, index=["ever"])])
        within.append(((quarter, "supported"), ("ever", "supported")))
        public.append(("ever", "supported"))
    safe = protected(
        shown.astype(int), smallest=data.programme.smallest_cell, within=within, public=public
    ).table.reindex(counts.index)
    shares = [share_of(k, n) for k, n in safe.itertuples(index=False, name=None)]
    return safe.assign(**pd.DataFrame(shares, index=safe.index)).rename_axis("fiscal_quarter").reset_index()


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
    smallest = data.programme.smallest_cell
    table = uptake(sides, by="period", smallest_cell=smallest).set_index("period").reindex(["before", "after"])
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
    events = data.events[data.events["held_on"] <= last_day(quarter)]
    after = (events["held_on"] >= pd.Timestamp(changed_on)).map({False: "before", True: "after"})
    had = pd.DataFrame({kind: events["event_type"] == kind for kind in EVENT_TYPES})
    had["per_diem"] = (events["per_diem_htg"] > 0).fillna(False)
    for name in OFFERED:
        had[name] = events[name].fillna(False).astype(bool)
    counts = had.groupby(after).sum().reindex(["before", "after"], fill_value=0).T.astype(int)
    held = {f"events_{side}": int((after == side).sum()) for side in ("before", "after")}
    return counts[counts.sum(axis=1) > 0].assign(**held).rename_axis("what").reset_index()


def _by_quarter(records: dict[str, tuple[pd.DataFrame, str]], quarter: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Records, and the organizations that they are of, by fiscal quarter and in all; one column for each name."""
    named = {name: (some, fiscal_quarter(some[day])) for name, (some, day) in records.items()}
    seen = sorted({at for _, quarters in named.values() for at in quarters.dropna()} | {quarter})
    counts, about = {}, {}
    for name, (some, quarters) in named.items():
        by = some.groupby(quarters)["organization_id"]
        counts[name] = by.size().reindex(seen, fill_value=0)
        about[name] = by.nunique().reindex(seen, fill_value=0)
        counts[name][TOTAL], about[name][TOTAL] = len(some), some["organization_id"].nunique()
    return pd.DataFrame(counts).astype(int), pd.DataFrame(about).astype(int)


def _quarters(data: Data, quarter: str) -> list[str]:
    held = data.events.loc[data.events["held_on"] <= last_day(quarter), "held_on"]
    return sorted({*fiscal_quarter(held).dropna(), quarter})

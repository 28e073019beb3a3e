"""How far participation goes: who was reached and when, who came again, who takes part meaningfully, and where.

Takes a cleaned programme; returns frames of numbers for the page on participation. Figures about few organizations are
hidden here, with those they could be worked out from, so that no page or CSV holds them.
"""

import pandas as pd

from konbit_lessons.disclosure import TOTAL, Before, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import with_shares
from konbit_lessons.measures.roster import last_day, org_types
from konbit_lessons.measures.shared_counts import (
    STEPS,
    attendances,
    invitations_taken_up,
    once,
    organizations,
    panel,
)
from konbit_lessons.measures.staying import grouped, organization_quarters, still_taking_part


def reached_by_quarter(data: Data, *, quarter: str) -> pd.DataFrame:
    """Organizations reached in each quarter and so far, by type, beside their attendances.

    Parameters
    ----------
    data : Data
    quarter : str, the last one

    Returns
    -------
    DataFrame, one row per type and quarter with an event
        ``org_type``, ``fiscal_quarter``, ``reached`` (organizations that attended in the quarter), ``so_far`` (in it or
        before, each counted once), ``at_least`` (that many so far, where their number is hidden), ``attendances``,
        ``target`` (missing where programme.toml names none). Missing where hidden; a type of fewer organizations than
        the smallest cell is left out.
    """
    known = organizations(data, quarter=quarter).xs("org_type", level="by")
    taken_up = invitations_taken_up(data, panel(data, quarter=quarter))["attended"].get("fiscal_quarter × org_type", {})
    lines = [
        {
            "org_type": org_type,
            "fiscal_quarter": one,
            "reached": known["n"].get(("reached", one, org_type), 0),
            "so_far": known["n"].get(("came_once", one, org_type), 0),
            "at_least": known["at_least"].get(("came_once", one, org_type), 0),
            "attendances": taken_up.get(f"{one}, {org_type}", 0),
        }
        for org_type in shown_types(data)
        for one in known.index.unique("report")
    ]
    columns = ["org_type", "fiscal_quarter", "reached", "so_far", "at_least", "attendances"]
    table = pd.DataFrame(lines, columns=columns).astype({name: "Int64" for name in columns[2:]})
    return table.assign(target=table["org_type"].map(data.programme.targets).astype("Int64"))


def funnel(data: Data, *, quarter: str) -> pd.DataFrame:
    """How many organizations were on the roster, invited, came once, came again and came five times, by type.

    Returns
    -------
    DataFrame, one row per step of :data:`STEPS` and type, and all types (``total``)
        ``step``, ``org_type``, ``organizations``, ``at_least`` (that many, where their number is hidden), ``before``
        (at the step before), ``share`` of those, ``conf_low``, ``conf_high`` (Wilson's). Missing where hidden.
    """
    known = organizations(data, quarter=quarter).xs(quarter, level="report").drop("place", level="by", errors="ignore")
    types = known.loc["roster"].index.unique("group")
    lines = [
        {"step": step, "org_type": group, "organizations": n, "at_least": least, "before": before}
        for group in [*types.drop(TOTAL), TOTAL]
        for (step, n, least), before in _steps(known.xs(group, level="group").droplevel("by"))
    ]
    return with_shares(
        pd.DataFrame(lines).astype({name: "Int64" for name in list(lines[0])[2:]}), "organizations", "before"
    )


def _steps(known: pd.DataFrame) -> list[tuple]:
    """Each step with its numbers, and the number at the step before."""
    steps = list(known.reindex(list(STEPS)).itertuples(name=None))
    return list(zip(steps, [pd.NA, *(n for _, n, _ in steps)], strict=False))


def staying(data: Data, *, quarter: str) -> pd.DataFrame:
    """The share of organizations that still take part after each of their quarters, with its interval.

    Quarters are taken together until the smallest cell or more have left in them, or none, and as many are no longer
    looked at, or none; the share is that of :func:`konbit_lessons.measures.staying.grouped`, of the counts shown alone.

    Returns
    -------
    DataFrame, one row per last quarter of those taken together, the first being 0
        ``quarter``, ``at_risk`` (in the first of them), ``left`` (in them), ``share``, ``conf_low``, ``conf_high``.

    Raises
    ------
    DataError
        There are no more quarters than it takes to see who left.
    """
    rows = panel(data, quarter=quarter)
    curve = grouped(still_taking_part(organization_quarters(rows)), smallest=data.programme.smallest_cell)
    at_risk = rows.loc[rows["attended"].notna(), "organization_id"].nunique()
    first = pd.DataFrame([{"quarter": 0, "at_risk": at_risk, "left": 0, "share": 1.0}])
    return pd.concat([first, curve], ignore_index=True)[list(curve)]


@once
def meaningful(data: Data, *, quarter: str) -> pd.DataFrame:
    """Invited organizations that take part meaningfully by programme.toml, and how the number moves with each cut-off.

    An organization does when, from the first day to the end of the quarter, it spent at least ``hours`` at events, sent
    a director to at least ``senior_delegates`` of them, and delivered at least ``contributions`` pledges. What is not
    on record does not count.

    Returns
    -------
    DataFrame, one row per way of looking
        ``way`` (``defined``, ``<cut-off>_lower``, ``<cut-off>_higher``, or a type), ``hours``, ``senior_delegates``,
        ``contributions`` (the cut-offs), ``organizations``, ``n`` (invited), ``share``, ``conf_low``, ``conf_high``
        (Wilson's). Missing where hidden.
    """
    least, rows, gate = data.programme.meaningful.model_dump(), panel(data, quarter=quarter), Gate()
    ways = _ways(least)
    for one in sorted({quarter, *rows["fiscal_quarter"]}):
        done = _done(data, rows[rows["fiscal_quarter"] <= one], one)
        met = done.assign(**{way: (done[list(cut)] >= pd.Series(cut)).all(axis=1) for way, cut in ways.items()})
        gate.report(one)
        gate.count(met, ["defined", "n"], by=["org_type"])
        gate.count(met, ways)
    for name in least:
        gate.nested(*(way for way in (f"{name}_higher", "defined", f"{name}_lower") if way in ways))
    for way in ways:
        gate.nested(way, "n")
        gate.nested(Before(way), way)
    gate.known("n")
    known = gate.decide(data.programme.smallest_cell)["n"].xs(quarter, level="report")
    shown = {way: (known[way, TOTAL, TOTAL], known["n", TOTAL, TOTAL]) for way in ways}
    types = [name for name in shown_types(data) if ("n", "org_type", name) in known.index]
    shown |= {
        name: (known["defined", "org_type", name], known["n", "org_type", name]) for name in types if len(types) > 1
    }
    cuts = pd.DataFrame([{"way": way, **ways.get(way, least)} for way in shown])
    counts = pd.DataFrame(list(shown.values()), columns=["organizations", "n"], dtype="Int64")
    return with_shares(cuts.join(counts), "organizations")


def _done(data: Data, rows: pd.DataFrame, quarter: str) -> pd.DataFrame:
    """What each invited organization did up to a quarter, of what takes part meaningfully is measured by."""
    there, delivered = attendances(rows), data.contributions
    delivered = delivered[delivered["delivered_on"] <= last_day(data, quarter)]
    each = rows.groupby("organization_id")[["org_type"]].first()
    done = {
        "hours": there.groupby("organization_id")["hours"].sum(),
        "senior_delegates": there.groupby("organization_id")["senior_delegate"].sum(),
        "contributions": delivered.groupby("organization_id").size(),
    }
    done = pd.DataFrame(done).astype("Float64").reindex(each.index).fillna(0)
    return each.join(done).assign(n=True).reset_index()


def _ways(least: dict[str, float]) -> dict[str, dict[str, float]]:
    """The cut-offs as defined, then each one lower and higher: of hours half and double, of the others one."""
    ways = {"defined": least}
    for name, cut in least.items():
        lower, higher = (cut / 2, cut * 2) if name == "hours" else (cut - 1, cut + 1)
        if 0 <= lower < cut:
            ways[f"{name}_lower"] = least | {name: lower}
        if higher > cut:
            ways[f"{name}_higher"] = least | {name: higher}
    return ways


def by_place(data: Data, *, quarter: str) -> pd.DataFrame:
    """Organizations reached in a quarter, of those that were partners in it, in each place.

    Returns
    -------
    DataFrame, one row per place with a partner, and those without a place (``""``)
        ``place``, ``reached``, ``n`` (partners), ``share``, ``conf_low``, ``conf_high`` (Wilson's). Missing where
        hidden.
    """
    known = organizations(data, quarter=quarter)["n"].xs((quarter, "place"), level=("report", "by"))
    counts = pd.DataFrame({"reached": known["reached"], "n": known["partners"]}).rename_axis("place").reset_index()
    return with_shares(counts, "reached")


def count_only(data: Data, *, quarter: str) -> dict[str, int]:
    """Attendances that belong to no invitation on record: they can be counted, but of how many nobody knows.

    Returns
    -------
    dict
        ``events`` without any invitation on record at which organizations signed in; ``attendances`` at them;
        ``walk_ins``: attendances of organizations that were not invited, at the other events; ``organizations``: in
        both, each counted once.
    """
    pair, rows = ["event_id", "organization_id"], panel(data, quarter=quarter)
    held = data.events.loc[data.events["held_on"] <= last_day(data, quarter), "event_id"]
    signed = data.sign_in.loc[data.sign_in["event_id"].isin(held), pair].drop_duplicates()
    found = signed.astype(object).merge(rows[pair].astype(object), how="left", indicator="invited")
    alone = found[found["invited"] == "left_only"]
    listed = alone["event_id"].isin(rows["event_id"])
    return {
        "events": int(alone.loc[~listed, "event_id"].nunique()),
        "attendances": int((~listed).sum()),
        "walk_ins": int(listed.sum()),
        "organizations": int(alone["organization_id"].nunique()),
    }


def unknown_attendance(data: Data, *, quarter: str) -> pd.DataFrame:
    """Invitations whose attendance is unknown, and why.

    Returns
    -------
    DataFrame, one row per reason
        ``reason``: ``name`` (a name on the sheet may be theirs), ``no_sheet`` (no name on a sheet of the event could
        be placed, or it has none), ``not_recorded`` (there are no sheets at all); ``invitations``, ``events``.
    """
    rows = panel(data, quarter=quarter)
    unknown = rows[rows["attended"].isna()]
    reason = unknown["event_id"].isin(data.sign_in["event_id"]).map({True: "name", False: "no_sheet"})
    reason = (reason if len(data.sign_in) else reason.map(lambda _: "not_recorded")).rename("reason").astype("str")
    return unknown.groupby(reason)["event_id"].agg(invitations="size", events="nunique").reset_index()


def shown_types(data: Data) -> list[str]:
    """Types of organization of which there are not too few to show."""
    sizes = data.organizations.groupby("org_type").size()
    return [name for name in org_types(data) if sizes.get(name, 0) >= data.programme.smallest_cell]

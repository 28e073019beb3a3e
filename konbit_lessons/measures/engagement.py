"""How far participation goes: who was reached and when, who came again, who takes part meaningfully, and where.

Takes a cleaned programme and its panel; returns frames of numbers for ``participating``. Figures about few
organizations are hidden here, with those they could be worked out from, so that no page or CSV holds them.
"""

from itertools import pairwise

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.disclosure import margins, protected
from konbit_lessons.measures.haiti import department
from konbit_lessons.measures.quality import partners
from konbit_lessons.measures.staying import organization_quarters, still_taking_part
from konbit_lessons.measures.trends import wilson
from konbit_lessons.periods import Quarter
from konbit_lessons.tables import ORG_TYPES

TOTAL = "total"
STEPS = {"roster": None, "invited": 0, "came_once": 1, "came_again": 2, "came_five_times": 5}  # step → events attended


def attendances(rows: pd.DataFrame) -> pd.DataFrame:
    """The invitations that were taken up."""
    return rows[rows["attended"].fillna(False).astype(bool)]


def reached_by_quarter(data: Data, rows: pd.DataFrame) -> pd.DataFrame:
    """Organizations reached in each quarter and so far, by type, beside their attendances.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.

    Returns
    -------
    DataFrame, one row per type and quarter with an event
        ``org_type``, ``fiscal_quarter``, ``reached`` (organizations that attended in the quarter), ``so_far`` (in it or
        before, each counted once), ``attendances``, ``target`` (missing where programme.toml names none). Missing where
        hidden, which the last ``so_far`` is not, being what a programme reports; a type of fewer organizations than the
        smallest cell is left out.
    """
    there, quarters = attendances(rows), sorted(rows["fiscal_quarter"].unique())
    first = there.groupby("organization_id")["fiscal_quarter"].min()
    parts = []
    for org_type in shown_types(data):
        own = there[there["org_type"] == org_type]
        began = first[first.index.isin(own["organization_id"])]
        in_quarter = own.groupby("fiscal_quarter")["organization_id"].agg(["nunique", "size"])
        in_quarter = in_quarter.reindex(quarters, fill_value=0)
        counts = pd.DataFrame({"reached": in_quarter["nunique"], "so_far": [int((began <= q).sum()) for q in quarters]})
        safe = protected(
            counts,
            smallest=data.programme.smallest_cell,
            sums=[((quarters[0], "so_far"), [(quarters[0], "reached")])],
            within=[((a, "so_far"), (b, "so_far")) for a, b in pairwise(quarters)],
            unions=[((quarters[-1], "so_far"), [(quarter, "reached") for quarter in quarters])],
            public=[(quarters[-1], "so_far")],
        ).table
        parts.append(
            safe.assign(
                org_type=org_type,
                attendances=in_quarter["size"].astype("Int64").mask(safe["reached"].isna()),
                target=data.programme.targets.get(org_type),
            )
        )
    order = ["org_type", "fiscal_quarter", "reached", "so_far", "attendances", "target"]
    if not parts:
        return pd.DataFrame(columns=order)
    table = pd.concat(parts).rename_axis("fiscal_quarter").reset_index()
    return table.astype({"target": "Int64"})[order]


def funnel(data: Data, rows: pd.DataFrame, *, until: str) -> pd.DataFrame:
    """How many organizations were on the roster, invited, came once, came again and came five times, by type.

    How many were reached is what a programme reports against its target, so that the first three are never hidden.

    Returns
    -------
    DataFrame, one row per step of :data:`STEPS` and type, and all types (``total``)
        ``step``, ``org_type``, ``organizations``, ``before`` (at the step before), ``share`` of those, ``low``,
        ``high`` (Wilson's interval). Missing where hidden.
    """
    times = attendances(rows).groupby("organization_id").size()
    each = pd.DataFrame({"org_type": _on_roster(data, rows, until)})
    each["times"] = each.index.map(times).fillna(0).where(each.index.isin(rows["organization_id"]))
    counts = pd.DataFrame(
        {
            step: (each if least is None else each[each["times"] >= least]).groupby("org_type").size()
            for step, least in STEPS.items()
        }
    )
    counts = counts.fillna(0).astype(int)
    counts.loc[TOTAL] = counts.sum()
    steps = list(counts)
    safe = protected(
        counts,
        smallest=data.programme.smallest_cell,
        sums=margins(counts, TOTAL),
        within=[((org, b), (org, a)) for org in counts.index for a, b in pairwise(steps[steps.index("came_once") :])],
        public=[(org, step) for org in counts.index for step in steps[: steps.index("came_again")]],
    ).table
    lines = []
    for org_type, line in safe.iterrows():
        before = pd.Series([pd.NA, *line.iloc[:-1]], index=line.index)
        for step in steps:
            found = {"step": step, "org_type": org_type, "organizations": line[step], "before": before[step]}
            lines.append(found | _share(line[step], before[step]))
    return pd.DataFrame(lines).astype({"organizations": "Int64", "before": "Int64"})


def staying(rows: pd.DataFrame, *, smallest_cell: int) -> pd.DataFrame:
    """The share of organizations that still take part after each of their quarters, with its interval.

    The curve of :func:`konbit_lessons.measures.staying.still_taking_part`, of which a quarter is shown once
    ``smallest_cell`` or more have left since the quarter shown before, or none.

    Returns
    -------
    DataFrame, one row per quarter shown, the first being 0
        ``quarter``, ``at_risk``, ``left`` (since the quarter shown before), ``share``, ``low``, ``high``.

    Raises
    ------
    DataError
        There are no more quarters than it takes to see who left.
    """
    curve = still_taking_part(organization_quarters(rows))
    shown, left = [{"quarter": 0, "at_risk": int(curve["at_risk"].iloc[0]), "left": 0, "share": 1.0}], 0
    for line in curve.itertuples():
        left += line.left
        if line.at_risk < smallest_cell:
            break
        if left >= smallest_cell or left == 0:
            found = {"quarter": line.quarter, "at_risk": line.at_risk, "left": left, "share": line.share}
            shown.append(found | {"low": line.conf_low, "high": line.conf_high})
            left = 0
    return pd.DataFrame(shown, columns=["quarter", "at_risk", "left", "share", "low", "high"])


def meaningful(data: Data, rows: pd.DataFrame, *, until: str) -> pd.DataFrame:
    """Invited organizations that take part meaningfully by programme.toml, and how the number moves with each cut-off.

    An organization does when, from the first day to the end of the quarter, it spent at least ``hours`` at events, sent
    a director to at least ``senior_delegates`` of them, and delivered at least ``contributions`` pledges. What is not
    on record does not count.

    Returns
    -------
    DataFrame, one row per way of looking
        ``way`` (``defined``, ``<cut-off>_lower``, ``<cut-off>_higher``, or a type), ``hours``, ``senior_delegates``,
        ``contributions`` (the cut-offs), ``organizations``, ``n`` (invited), ``share``, ``low``, ``high`` (Wilson's).
        Missing where hidden.
    """
    there = attendances(rows)
    types = rows.groupby("organization_id")["org_type"].first()
    delivered = data.contributions[data.contributions["delivered_on"] <= pd.Timestamp(Quarter.named(until).last_day)]
    done = pd.DataFrame(
        {
            "hours": there.groupby("organization_id")["hours"].sum(),
            "senior_delegates": there.groupby("organization_id")["senior_delegate"].sum(),
            "contributions": delivered.groupby("organization_id").size(),
        }
    )
    done = done.astype("Float64").reindex(types.index).fillna(0)
    least = data.programme.meaningful.model_dump()
    ways = _ways(least)
    met = {way: (done >= pd.Series(cut)).all(axis=1) for way, cut in ways.items()}
    counts = pd.DataFrame({"organizations": {way: int(does.sum()) for way, does in met.items()}})
    of_types = [name for name in shown_types(data) if (types == name).any()] if len(set(types)) > 1 else []
    for name in of_types:
        counts.loc[name] = int((met["defined"] & (types == name)).sum())
    counts["n"] = [int((types == way).sum()) if way in of_types else len(types) for way in counts.index]
    nested = [
        pair
        for name in least
        for pair in ((f"{name}_higher", "defined"), ("defined", f"{name}_lower"))
        if set(pair) <= ways.keys()
    ]
    for shown in (counts, counts.drop(index=[way for way in ways if way != "defined"])):  # the cut-offs, if they may be
        every = [name for name in counts if set(of_types) == set(types)]
        sums = [(("defined", name), [(one, name) for one in of_types]) for name in every]
        within = [((a, "organizations"), (b, "organizations")) for a, b in nested if {a, b} <= set(shown.index)]
        within += [((way, "organizations"), (way, "n")) for way in shown.index]
        safe = protected(shown, smallest=data.programme.smallest_cell, sums=sums, within=within)
        if safe.table.loc["defined"].notna().all():
            break
    lines = [
        {"way": way, **ways.get(way, least), **line, **_share(line["organizations"], line["n"])}
        for way, line in safe.table.reindex(counts.index).iterrows()
    ]
    return pd.DataFrame(lines).astype({"organizations": "Int64", "n": "Int64"})


def by_department(data: Data, rows: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """Organizations reached in a quarter, of those that were partners in it, in each of Haiti's departments.

    Returns
    -------
    DataFrame, one row per department with a partner, and those without one of the ten (``""``)
        ``department``, ``reached``, ``organizations``, ``share``, ``low``, ``high`` (Wilson's). Missing where hidden.
    """
    period, organizations = Quarter.named(quarter), data.organizations
    there = attendances(rows[rows["fiscal_quarter"] == quarter])["organization_id"]
    in_it = {*partners(organizations, period.first_day), *partners(organizations, period.last_day), *there}
    some = organizations[organizations["organization_id"].isin(in_it)]
    by = some.assign(reached=some["organization_id"].isin(there)).groupby(department(some["department"]))["reached"]
    counts = by.agg(["sum", "size"]).astype(int).set_axis(["reached", "organizations"], axis="columns")
    counts.loc[TOTAL] = counts.sum()
    safe = protected(
        counts,
        smallest=data.programme.smallest_cell,
        sums=margins(counts, TOTAL),
        within=[((name, "reached"), (name, "organizations")) for name in counts.index],
        public=[(TOTAL, "reached"), *((name, "organizations") for name in counts.index)],
    ).table.drop(index=TOTAL)
    shares = pd.DataFrame([_share(*line) for line in safe.itertuples(index=False, name=None)], index=safe.index)
    return pd.concat([safe, shares], axis=1).rename_axis("department").reset_index()


def count_only(data: Data, rows: pd.DataFrame, *, until: str) -> dict[str, int]:
    """Attendances that belong to no invitation on record: they can be counted, but of how many nobody knows.

    Returns
    -------
    dict
        ``events`` without any invitation on record at which organizations signed in; ``attendances`` at them;
        ``walk_ins``: attendances of organizations that were not invited, at the other events; ``organizations``: in
        both, each counted once.
    """
    pair = ["event_id", "organization_id"]
    signed = data.sign_in[pair].drop_duplicates()
    held = data.events.loc[data.events["held_on"] <= pd.Timestamp(Quarter.named(until).last_day), "event_id"]
    signed = signed[signed["event_id"].isin(held)]
    known = pd.MultiIndex.from_frame(rows[pair].astype(object))
    alone = signed[~pd.MultiIndex.from_frame(signed.astype(object)).isin(known)]
    listed = alone["event_id"].isin(rows["event_id"])
    return {
        "events": int(alone.loc[~listed, "event_id"].nunique()),
        "attendances": int((~listed).sum()),
        "walk_ins": int(listed.sum()),
        "organizations": int(alone["organization_id"].nunique()),
    }


def unknown_attendance(data: Data, rows: pd.DataFrame) -> pd.DataFrame:
    """Invitations whose attendance is unknown, and why.

    Returns
    -------
    DataFrame, one row per reason
        ``reason``: ``name`` (a name on the sheet may be theirs), ``no_sheet`` (no name on a sheet of the event could
        be placed, or it has none), ``not_recorded`` (there are no sheets at all); ``invitations``, ``events``.
    """
    unknown = rows[rows["attended"].isna()]
    with_sheet = data.sign_in["event_id"].unique()
    if data.sign_in.empty:
        reason = pd.Series("not_recorded", index=unknown.index)
    else:
        reason = unknown["event_id"].isin(with_sheet).map({True: "name", False: "no_sheet"})
    groups = unknown.groupby(reason.rename("reason").astype("str"))["event_id"]
    return groups.agg(invitations="size", events="nunique").reset_index()


def shown_types(data: Data) -> list[str]:
    """Types of organization of which there are not too few to show."""
    sizes = data.organizations.groupby("org_type").size()
    return [name for name in ORG_TYPES if sizes.get(name, 0) >= data.programme.smallest_cell]


def _on_roster(data: Data, rows: pd.DataFrame, until: str) -> pd.Series:
    """The type of each organization that had joined by the quarter's end, or was invited."""
    each = data.organizations.set_index("organization_id")
    joined = each["joined_on"].isna() | (each["joined_on"] <= pd.Timestamp(Quarter.named(until).last_day))
    return each.loc[joined | each.index.isin(rows["organization_id"]), "org_type"]


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


def _share(k: object, n: object) -> dict[str, float]:
    if pd.isna(k) or pd.isna(n) or n == 0:
        return dict.fromkeys(("share", "low", "high"), float("nan"))
    share = wilson(int(k), int(n))
    return {"share": share.estimate, "low": share.low, "high": share.high}

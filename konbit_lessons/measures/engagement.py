"""How far participation goes: who was reached and when, who came again, who takes part meaningfully, and where.

Takes a cleaned programme and its panel; returns frames of numbers for ``participating``. Figures about few
organizations are hidden here, with those they could be worked out from, so that no page or CSV holds them.
"""

import pandas as pd

from konbit_lessons.disclosure import in_turn
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import together
from konbit_lessons.measures.staying import grouped, organization_quarters, still_taking_part
from konbit_lessons.measures.together import STEPS, attendances, invitations_taken_up, organizations
from konbit_lessons.measures.trends import share_of
from konbit_lessons.periods import Quarter
from konbit_lessons.tables import ORG_TYPES

TOTAL = together.TOTAL
REST = "other types"  # of organization, too few to show


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
        hidden; a type of fewer organizations than the smallest cell is left out.
    """
    order = ["org_type", "fiscal_quarter", "reached", "so_far", "attendances", "target"]
    types, quarters = shown_types(data), sorted(rows["fiscal_quarter"].unique())
    if not types or not quarters:
        return pd.DataFrame(columns=order)
    known = organizations(data, rows, quarter=quarters[-1])
    taken_up = invitations_taken_up(rows, smallest=data.programme.smallest_cell)["attended"]
    lines = [
        {
            "org_type": org_type,
            "fiscal_quarter": quarter,
            "reached": known.get(("reached", quarter, org_type), 0),
            "so_far": known.get(("came_once", quarter, org_type), 0),
            "attendances": taken_up.get(("fiscal_quarter × org_type", f"{quarter}, {org_type}"), 0),
        }
        for org_type in types
        for quarter in quarters
    ]
    table = pd.DataFrame(lines).astype({name: "Int64" for name in order[2:5]})
    return table.assign(target=table["org_type"].map(data.programme.targets).astype("Int64"))[order]


def funnel(data: Data, rows: pd.DataFrame, *, until: str) -> pd.DataFrame:
    """How many organizations were on the roster, invited, came once, came again and came five times, by type.

    How many were reached is what a programme reports against its target, so that the first three are only hidden where
    they are themselves about few.

    Returns
    -------
    DataFrame, one row per step of :data:`STEPS` and type, and all types (``total``)
        ``step``, ``org_type``, ``organizations``, ``before`` (at the step before), ``share`` of those, ``low``,
        ``high`` (Wilson's interval). Missing where hidden.
    """
    known = organizations(data, rows, quarter=until)
    steps = list(STEPS)
    lines = []
    for org_type in known.loc["roster", until].index:
        counts = {step: known[step, until, org_type] for step in steps}
        for step, before in zip(steps, [None, *steps], strict=False):
            told = {"organizations": counts[step], "before": pd.NA if before is None else counts[before]}
            lines.append({"step": step, "org_type": org_type, **told, **share_of(*told.values())})
    return pd.DataFrame(lines).astype({"organizations": "Int64", "before": "Int64"})


def staying(rows: pd.DataFrame, *, smallest_cell: int) -> pd.DataFrame:
    """The share of organizations that still take part after each of their quarters, with its interval.

    Quarters are taken together until ``smallest_cell`` or more have left in them, or none, and as many are no longer
    looked at, or none; the share is that of :func:`konbit_lessons.measures.staying.grouped`, of the counts shown alone.

    Returns
    -------
    DataFrame, one row per last quarter of those taken together, the first being 0
        ``quarter``, ``at_risk`` (in the first of them), ``left`` (in them), ``share``, ``low``, ``high``.

    Raises
    ------
    DataError
        There are no more quarters than it takes to see who left.
    """
    curve = grouped(still_taking_part(organization_quarters(rows)), smallest=smallest_cell)
    first = {"quarter": 0, "at_risk": rows.loc[rows["attended"].notna(), "organization_id"].nunique(), "left": 0}
    columns = ["quarter", "at_risk", "left", "share", "low", "high"]
    return pd.DataFrame([first | {"share": 1.0}, *curve.to_dict("records")], columns=columns)


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
    least = data.programme.meaningful.model_dump()
    ways, types = _ways(least), rows.groupby("organization_id")["org_type"].first()
    of_types = [name for name in shown_types(data) if (types == name).any()] if len(set(types)) > 1 else []
    quarters = sorted({until, *(one for one in rows["fiscal_quarter"] if one <= until)})
    parts = [_meaningful_by(data, rows[rows["fiscal_quarter"] <= one], one, ways, of_types) for one in quarters]
    reports = []
    for place, quarter in enumerate(quarters):
        counts = pd.concat(parts[: place + 1], keys=quarters[: place + 1])
        told = reports[-1] if reports else {"sums": [], "within": [], "public": []}
        lines = [way for when, way in counts.index if when == quarter]
        kinds = [(quarter, one) for one in [*of_types, REST] if one in lines]
        label = "organizations"
        sums = [((quarter, "defined", name), [(*one, name) for one in kinds]) for name in counts] if kinds else []
        within = [((quarter, way, label), (quarter, way, "n")) for way in lines]
        within += [((quarter, low, label), (quarter, high, label)) for low, high in _nested(least, ways)]
        within += [
            ((quarters[place - 1], way, label), (quarter, way, label))
            for way in lines
            if place and (quarters[place - 1], way) in counts.index
        ]
        public = [(quarter, way, "n") for way in lines]
        new = {"sums": sums, "within": within, "public": public}
        reports.append({"counts": counts} | {name: [*told[name], *more] for name, more in new.items()})
    safe = in_turn(reports, smallest=data.programme.smallest_cell).table.xs(until).drop(index=REST, errors="ignore")
    lines = [
        {"way": way, **ways.get(way, least), **line, **share_of(line["organizations"], line["n"])}
        for way, line in safe.iterrows()
    ]
    return pd.DataFrame(lines).astype({"organizations": "Int64", "n": "Int64"})


def _meaningful_by(data: Data, rows: pd.DataFrame, quarter: str, ways: dict, of_types: list[str]) -> pd.DataFrame:
    """How many take part meaningfully up to a quarter, in each way, and as defined for each type and the rest."""
    there = attendances(rows)
    types = rows.groupby("organization_id")["org_type"].first()
    delivered = data.contributions[data.contributions["delivered_on"] <= pd.Timestamp(Quarter.named(quarter).last_day)]
    done = pd.DataFrame(
        {
            "hours": there.groupby("organization_id")["hours"].sum(),
            "senior_delegates": there.groupby("organization_id")["senior_delegate"].sum(),
            "contributions": delivered.groupby("organization_id").size(),
        }
    )
    done = done.astype("Float64").reindex(types.index).fillna(0)
    met = {way: (done >= pd.Series(cut)).all(axis=1) for way, cut in ways.items()}
    lines = {way: {"organizations": int(does.sum()), "n": len(types)} for way, does in met.items()}
    for name in [*of_types, REST] if of_types else []:
        own = ~types.isin(of_types) if name == REST else types == name
        if name != REST or own.any():
            lines[name] = {"organizations": int((met["defined"] & own).sum()), "n": int(own.sum())}
    return pd.DataFrame(list(lines.values()), index=list(lines))


def _nested(least: dict[str, float], ways: dict) -> list[tuple[str, str]]:
    pairs = [pair for name in least for pair in ((f"{name}_higher", "defined"), ("defined", f"{name}_lower"))]
    return [pair for pair in pairs if set(pair) <= ways.keys()]


def by_department(data: Data, rows: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """Organizations reached in a quarter, of those that were partners in it, in each of Haiti's departments.

    Returns
    -------
    DataFrame, one row per department with a partner, and those without one of the ten (``""``)
        ``department``, ``reached``, ``organizations``, ``share``, ``low``, ``high`` (Wilson's). Missing where hidden.
    """
    known = organizations(data, rows, quarter=quarter)
    safe = pd.DataFrame({"reached": known["reached_in", quarter], "organizations": known["partners_in", quarter]})
    shares = pd.DataFrame([share_of(*line) for line in safe.itertuples(index=False, name=None)], index=safe.index)
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

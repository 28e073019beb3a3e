"""Who takes part: reached, taken up, come again, meaningfully and where; and what these numbers leave out.

Takes a cleaned programme; returns frames of numbers, one row per thing shown. Figures about few organizations are
hidden here, with those they could be worked out from, so that no page or CSV holds them.
"""

import pandas as pd

from konbit_lessons.disclosure import AND, TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import intervals, shared_counts

CLUSTERS = ["organization_id", "event_id"]  # invitations of one organization, or to one event, go together
COUNTED = "count only"  # nobody knows who was invited
ENDS = ["share", "conf_low", "conf_high"]


def reached(data: Data, *, quarter: str) -> pd.DataFrame:
    """Organizations reached in each quarter and so far, by type and in all, beside their attendances.

    Parameters
    ----------
    data : Data
    quarter : str, the last one

    Returns
    -------
    DataFrame, one row per type and quarter with an event; none where no attendance is known
        ``org_type`` (``total`` of all), ``fiscal_quarter``, ``reached`` (organizations that attended in the quarter),
        ``so_far`` (in it or before, each counted once), ``at_least`` (that many so far, where it is hidden),
        ``attendances``, ``organizations`` (on the roster), ``target`` (in force then; missing where none was). Missing
        where hidden; a type of fewer organizations than the smallest cell is left out.
    """
    rows = shared_counts.panel(data, quarter=quarter)
    counts, least = _by_type(data, quarter, sorted(rows.loc[rows["attended"].notna(), "fiscal_quarter"].unique()))
    names = {"came_once": "so_far", "roster": "organizations", "report": "fiscal_quarter", "group": "org_type"}
    table = counts.assign(at_least=least["came_once"]).reset_index().rename(columns=names)
    known = {one: data.programme.targets_of(one) for one in table["fiscal_quarter"].unique()}
    kinds = {*table["org_type"]} - {TOTAL}
    known = {one: of | ({TOTAL: sum(of.values())} if of.keys() == kinds else {}) for one, of in known.items()}
    each = zip(table["fiscal_quarter"], table["org_type"], strict=True)
    table["target"] = pd.array([known[one].get(kind) for one, kind in each], dtype="Int64")
    order = ["reached", "so_far", "at_least", "attendances", "organizations", "target"]
    return table[["org_type", "fiscal_quarter", *order]]


def _by_type(data: Data, quarter: str, quarters: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts by quarter and type, all last, without types of few organizations; and what each is at the least."""
    known = shared_counts.taken_part(data, quarter=quarter)
    known = known[known.index.get_level_values("by").isin([TOTAL, "org_type"])].droplevel("by")
    groups = [(one, group) for group in [*shown_types(data), TOTAL] for one in quarters]
    index = pd.MultiIndex.from_tuples(groups, names=["report", "group"])
    counts, least = (known[one].reindex(index) for one in ("n", "at_least"))
    counts, least = counts.mask(least.isna(), 0), least.fillna(0)  # where nothing was counted there is none
    return counts, least.mask(counts.isna() & least.eq(0))  # "at least 0" says nothing


def funnel(data: Data, *, quarter: str) -> pd.DataFrame:
    """How many organizations were invited, came once, came again and came five times, of those at the step before.

    Returns
    -------
    DataFrame, one row per step of :data:`STEPS` but the roster, and type, and all types (``total``); none where no
    attendance is known
        ``step``, ``org_type``, ``organizations``, ``at_least`` (that many, where their number is hidden), ``of`` (the
        last step before whose number is shown), ``n`` (at that step), ``share``, ``conf_low``, ``conf_high``
        (Wilson's). Missing where hidden. Where nobody knows who was invited, there is no such step.
    """
    known = shared_counts.panel(data, quarter=quarter)["attended"].notna().any()
    figures = dict(zip(["organizations", "at_least"], _by_type(data, quarter, [quarter] if known else []), strict=True))
    taken = [step for step in shared_counts.STEPS if step != "invited" or data.programme.invitations != COUNTED]
    steps = pd.DataFrame({name: one.loc[:, taken].stack() for name, one in figures.items()})
    steps = steps.droplevel("report").rename_axis(["org_type", "step"]).reset_index()
    of = steps["step"].where(steps["organizations"].notna())
    before = steps.assign(of=of, n=steps["organizations"]).groupby("org_type")[["of", "n"]].ffill()
    steps[["of", "n"]] = before.groupby(steps["org_type"]).shift()
    return intervals.with_shares(steps[steps["step"] != "roster"].reset_index(drop=True), "organizations")


def uptake(data: Data, rows: pd.DataFrame, *, by: str | tuple[str, str]) -> pd.DataFrame:
    """Share of invitations that were taken up, in each group.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
    by : str, or two
        Columns that form the groups, such as ``"fiscal_quarter"``; two of :data:`PAIRS` together.

    Returns
    -------
    DataFrame, one row per group; none where nobody knows who was invited, or the rows have no such column
        ``by``, ``attended``, ``n`` (invitations whose attendance is known), ``unknown``, ``organizations`` (by one
        column only), ``events``, ``share``, ``conf_low``, ``conf_high`` (95 % interval of
        :func:`konbit_lessons.measures.intervals.share_with_interval`). Missing where hidden:
        :func:`konbit_lessons.measures.shared_counts.invitations_taken_up` holds all groupings of the pages together.
    """
    by = [by] if isinstance(by, str) else list(by)
    counts = ["attended", "n", "unknown", "organizations", "events"]
    columns = [*by, *counts, *ENDS]
    if data.programme.invitations == COUNTED or not {*by} <= {*rows} or rows["attended"].isna().all():
        return pd.DataFrame(columns=columns)
    shared = tuple(by) in shared_counts.PAIRS or by[0] in (*shared_counts.PUBLIC, *shared_counts.TAKEN_UP)
    safe = shared_counts.invitations_taken_up(data, rows, also="" if shared else by[0])
    if not (data.programme.smallest_cell <= 1 or by[0] in shared_counts.PUBLIC):
        safe["organizations"] = pd.NA
    lines = [
        dict(zip(by, group, strict=True)) | _taken_up(some, safe.loc[(AND.join(by), ", ".join(map(str, group)))])
        for group, some in rows.dropna(subset=by).groupby(by)
        if some["attended"].notna().any()
    ]
    rank = {name: {level: at for at, level in enumerate(data.programme.levels(name))} for name in by}
    table = pd.DataFrame(lines, columns=columns).astype(dict.fromkeys(counts, "Int64"))
    return table.sort_values(by, key=lambda one: one.map(rank[one.name]) if rank[one.name] else one, ignore_index=True)


def _taken_up(rows: pd.DataFrame, safe: pd.Series) -> dict:
    """The counts of a group as they may be shown, and the share with its interval where both are."""
    told = {"attended": safe["attended"], "n": safe["invitations"], "organizations": safe["organizations"]}
    told |= {"events": rows["event_id"].nunique(), "unknown": int(rows["attended"].isna().sum())}
    if pd.isna(told["attended"]) or pd.isna(told["n"]):
        return told
    share = intervals.share_with_interval(rows["attended"], rows[CLUSTERS])
    return told | {"share": share.estimate, "conf_low": share.conf_low, "conf_high": share.conf_high}


def difference(rows: pd.DataFrame, shares: pd.DataFrame, *, first=None, second=None) -> pd.DataFrame:
    """How much more often invitations of one group were taken up than those of another.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
    shares : DataFrame, from :func:`uptake` by one column
    first, second : two groups; the difference is second − first. Those with the lowest and the highest share unless
        told.

    Returns
    -------
    DataFrame, one row; none where either share is not shown
        ``before`` and ``now`` (both shares), ``estimate``, ``conf_low``, ``conf_high``; no limits where all invitations
        within each group went alike.
    """
    by, columns = shares.columns[0], ["before", "now", "estimate", "conf_low", "conf_high"]
    shown = shares.set_index(by)["share"].sort_values(kind="stable").dropna()
    if first is None and len(shown):
        first, second = shown.index[0], shown.index[-1]
    two = shown.reindex([first, second])
    if first == second or two.isna().any():
        return pd.DataFrame(columns=columns)
    gap = intervals.difference_of_groups(rows, "attended", by=by, first=first, second=second, cluster=CLUSTERS)
    ends = (gap.conf_low, gap.conf_high) if gap.std_error > 1e-9 else (float("nan"), float("nan"))
    return pd.DataFrame([[*two, gap.estimate, *ends]], columns=columns)


@shared_counts.once
def meaningful(data: Data, *, quarter: str) -> pd.DataFrame:
    """Invited organizations that take part meaningfully as declared, and how the number moves with each cut-off.

    An organization does when, from the first day to the end of the quarter, it spent at least ``hours`` at events, sent
    a director to at least ``senior_delegates`` of them, and delivered at least ``contributions`` pledges. What is not
    on record of an organization does not count; where it is on record of none, there is no answer.

    Returns
    -------
    DataFrame, one row per way of looking
        ``way`` (``defined``, ``<cut-off>_lower``, ``<cut-off>_higher``, or a type), ``cut_off`` (which is moved),
        ``hours``, ``senior_delegates``, ``contributions`` (the cut-offs), ``organizations``, ``n`` (invited),
        ``share``, ``conf_low``, ``conf_high`` (Wilson's). Missing where hidden.
    """
    least = data.programme.meaningful.model_dump()
    known = shared_counts.panel(data, quarter=quarter)["attended"].notna().any()
    ways = _ways(least) if known and not not_recorded(data, quarter=quarter) else {}
    shown = _meaningful_shown(data, quarter, ways) if ways else None
    types = [name for name in shown_types(data) if ways and ("org_type", name) in shown.index]
    figures = {way: (way, TOTAL, TOTAL) for way in ways}
    figures |= {name: ("defined", "org_type", name) for name in types if len(types) > 1}
    lines = [
        {"way": way, "cut_off": way.rpartition("_")[0] if way in ways else "", **ways.get(way, least)}
        | dict(zip(["organizations", "n"], shown.loc[(by, group), [figure, "n"]], strict=True))
        for way, (figure, by, group) in figures.items()
    ]
    table = pd.DataFrame(lines, columns=["way", "cut_off", *least, "organizations", "n"])
    return intervals.with_shares(table.astype({"organizations": "Int64", "n": "Int64"}), "organizations")


def _meaningful_shown(data: Data, quarter: str, ways: dict) -> pd.DataFrame:
    """How many invited organizations do what each way asks, by type and in all, as it may be shown."""
    rows, gate = shared_counts.panel(data, quarter=quarter), Gate()
    for one in gate.reports(shared_counts.reports(data, quarter)):
        done = _done(data, rows[rows["fiscal_quarter"] <= one], one)
        met = done.assign(**{way: (done[list(cut)] >= pd.Series(cut)).all(axis=1) for way, cut in ways.items()})
        gate.count(met, ["defined", "n"], by=["org_type"])
        gate.count(met, ways)
    for name in ways["defined"]:
        gate.nested(*(way for way in (f"{name}_higher", "defined", f"{name}_lower") if way in ways))
    for way in ways:
        gate.nested(way, "n")
    gate.lasting(*ways)
    gate.known("n")
    return gate.decide(data.programme.smallest_cell)["n"].loc[quarter]


def _done(data: Data, rows: pd.DataFrame, quarter: str) -> pd.DataFrame:
    """What each invited organization did up to a quarter, of what takes part meaningfully is measured by."""
    there, delivered = shared_counts.attendances(rows).groupby("organization_id"), data.contributions
    delivered = delivered[delivered["delivered_on"] <= shared_counts.last_day(data, quarter)]
    each = rows.groupby("organization_id")[["org_type"]].first()
    done = {"hours": there["hours"].sum(), "senior_delegates": there["senior_delegate"].sum()}
    done = pd.DataFrame(done | {"contributions": delivered.groupby("organization_id").size()})
    return each.join(done.astype(float).reindex(each.index).fillna(0)).assign(n=True).reset_index()


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


def not_recorded(data: Data, *, quarter: str) -> list[str]:
    """Of what takes part meaningfully is measured by, and asked for, what is on record of no organization that came."""
    there = shared_counts.attendances(shared_counts.panel(data, quarter=quarter))
    hours, seniors = (there[name].notna().any() for name in ("hours", "senior_delegate"))
    known = {"hours": hours, "senior_delegates": seniors, "contributions": len(data.contributions) > 0}
    asked = data.programme.meaningful.model_dump()
    return [name for name, cut in asked.items() if cut and len(there) and not known[name]]


def where(data: Data, *, quarter: str) -> pd.DataFrame:
    """Organizations reached in a quarter, of those that were partners in it, in each place.

    Returns
    -------
    DataFrame, one row per place with a partner, and those without a place (``""``); none where no places are declared,
    or no attendance of the quarter is known
        The column of places, ``reached``, ``n`` (partners), ``share``, ``conf_low``, ``conf_high`` (Wilson's; missing
        where hidden), and ``column`` and ``row`` on the map of tiles.
    """
    rows, places = shared_counts.panel(data, quarter=quarter), data.programme.places
    if places is None or rows.loc[rows["fiscal_quarter"] == quarter, "attended"].isna().all():
        return pd.DataFrame(columns=["place", "reached", "n", *ENDS, "column", "row"])
    known = shared_counts.taken_part(data, quarter=quarter)["n"].loc[(quarter, "place")]
    counts = known.rename_axis(places.column).rename(columns={"partners": "n"})[["reached", "n"]].reset_index()
    tiles = pd.DataFrame.from_dict(places.tiles, orient="index", columns=["column", "row"], dtype=float)
    return intervals.with_shares(counts.join(tiles, on=places.column), "reached")


def came_uninvited(data: Data, *, quarter: str) -> pd.DataFrame:
    """Attendances that belong to no invitation on record: they can be counted, but of how many nobody knows.

    Returns
    -------
    DataFrame of Int64, one row; none where there are no sign-in sheets
        ``events`` without any invitation on record at which organizations signed in; ``attendances`` at them;
        ``walk_ins``: attendances of organizations that were not invited, at the other events; ``organizations``: in
        both, each counted once. Missing where they are about few.
    """
    pair, rows = ["event_id", "organization_id"], shared_counts.panel(data, quarter=quarter)
    held = data.events.loc[data.events["held_on"] <= shared_counts.last_day(data, quarter), "event_id"]
    came = data.sign_in["attended"].fillna(False) & data.sign_in["event_id"].isin(held)
    signed = data.sign_in.loc[came, pair].drop_duplicates()
    found = signed.astype(object).merge(rows[pair].astype(object), how="left", indicator="invited")
    alone = found[found["invited"] == "left_only"]
    listed = alone["event_id"].isin(rows["event_id"])
    counts = {"events": alone.loc[~listed, "event_id"].nunique(), "attendances": (~listed).sum()}
    counts |= {"walk_ins": listed.sum(), "organizations": alone["organization_id"].nunique()}
    table = pd.DataFrame([counts] if len(data.sign_in) else [], columns=list(counts), dtype="Int64")
    return table.mask(table["organizations"].between(1, data.programme.smallest_cell - 1))


def unknown_attendance(data: Data, *, quarter: str) -> pd.DataFrame:
    """Invitations whose attendance is unknown, and why.

    Returns
    -------
    DataFrame, one row per reason
        ``reason``: ``name`` (a name on the sheet may be theirs), ``no_sheet`` (no name on a sheet of the event could
        be placed, or it has none), ``not_recorded`` (there are no sheets at all); ``invitations``, ``events``, ``of``
        (all invitations).
    """
    rows = shared_counts.panel(data, quarter=quarter)
    unknown = rows[rows["attended"].isna()]
    told = data.sign_in.loc[data.sign_in["attended"].notna(), "event_id"]
    reason = unknown["event_id"].isin(told).map({True: "name", False: "no_sheet"})
    reason = (reason if len(data.sign_in) else reason.map(lambda _: "not_recorded")).rename("reason").astype("str")
    counts = unknown.groupby(reason)["event_id"].agg(invitations="size", events="nunique")
    return counts.assign(of=len(rows)).reset_index()


def shown_types(data: Data) -> list[str]:
    """Types of organization of which there are not too few to show, in the order declared."""
    sizes = data.organizations.groupby("org_type").size()
    return [one for one in data.programme.levels("org_type") if sizes.get(one, 0) >= data.programme.smallest_cell]

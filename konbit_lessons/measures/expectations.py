"""What partners expect of the project and believe, who else supports them and when one talked with them.

Takes a cleaned programme; returns frames of numbers for ``learning`` and ``expecting``. The unit is the organization.
Figures about few of them are hidden here, with those they could be worked out from.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.disclosure import Protected, in_turn, margins, protected
from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.incentives.result import decided
from konbit_lessons.measures.roster import last_day, partners_at_end
from konbit_lessons.measures.together import conversations, waves
from konbit_lessons.measures.trends import CONFIDENCE, Interval, share_of
from konbit_lessons.panel import invitations
from konbit_lessons.periods import Quarter, fiscal_quarter
from konbit_lessons.tables import EXPECTATIONS

AGREES = 3.5  # of 1 to 5: the least average of an organization that agrees
SCALES = ("motivation", "belief_money", "perceived_value")
TOTAL = "total"
ALL = (TOTAL, TOTAL)  # all organizations, as the group of a way to group them
MOST_PROJECTS, MOST_QUARTERS = 4, 4  # of which pairs are shown, and of which the calendar is
CALENDAR = (
    "fiscal_quarter",
    "month",
    "organizations",
    "conversations",
    "talked_with",
    "partners",
    "share",
    "low",
    "high",
)
COLUMNS = ("expects", "organizations", "n", "share", "low", "high")


def expected(data: Data, *, wave: int | None = None, until: str | None = None) -> pd.DataFrame:
    """Share of organizations that expect each thing of the project.

    An organization expects it when any of its respondents named it. The interval is Wilson's, since each organization
    counts once.

    Parameters
    ----------
    data : Data
    wave : int, optional
        The latest when not given.
    until : str, optional
        Last fiscal quarter whose answers count, such as ``"FY2017Q3"``.

    Returns
    -------
    DataFrame, one row per expectation, most expected first
        ``expects``, ``organizations`` (that named it), ``n`` (that answered), ``share``, ``low``, ``high``, ``wave``.
        Missing where hidden, as in :func:`met_or_not`.

    Raises
    ------
    DataError
        There is no such wave.
    """
    last = fiscal_quarter(data.survey["submitted_on"]).max() if until is None and len(data.survey) else until
    survey = waves(data, until=last) if len(data.survey) else data.survey
    there = sorted(survey["wave"].dropna().unique())
    if not there or (wave is not None and wave not in there):
        listed = ", ".join(map(str, there)) or "none"
        raise DataError(
            f"survey: found no answers of wave {wave if wave is not None else '(any)'}; waves with answers: {listed}."
        )
    chosen = there[-1] if wave is None else wave
    known = met_or_not(data, invitations(data, until=last), quarter=last, wave=chosen)
    known = known[known["by"] == TOTAL].rename(columns={"expects": "organizations", "what": "expects"})
    hidden = [{"expects": what} for what in EXPECTATIONS if what not in set(known["expects"])]
    table = pd.concat([known.reindex(columns=list(COLUMNS)), pd.DataFrame(hidden, columns=list(COLUMNS))])
    order = {"by": ["share", "expects"], "ascending": [False, True], "ignore_index": True}
    return table.assign(wave=int(chosen)).sort_values(**order)


def answers(data: Data, *, until: str) -> pd.DataFrame:
    """What each organization said in each wave up to the end of a quarter.

    Returns
    -------
    DataFrame, one row per organization and wave
        ``organization_id``, ``wave``; yes or no to each ``expects_*`` and ``knows_benefits`` (any respondent said so),
        and to each of :data:`SCALES` (the average of its respondents is :data:`AGREES` or more), ``org_type``,
        ``consulted_at_design``, and ``has_lead``: a business lead was on record on the day of its answer; ``as_of``
        of :func:`konbit_lessons.measures.together.waves`.
    """
    survey = waves(data, until=until)
    groups = survey.groupby(["organization_id", "wave"])
    named = groups[[*(f"expects_{what}" for what in EXPECTATIONS), "knows_benefits"]].max()
    agrees = groups[list(SCALES)].mean() >= AGREES
    said = pd.concat([named, agrees, groups[["submitted_on", "as_of"]].max()], axis=1).reset_index()
    about = data.organizations[["organization_id", "org_type", "consulted_at_design"]]
    first_lead = data.business_leads.groupby("organization_id")["date"].min().reindex(said["organization_id"])
    said["has_lead"] = (first_lead.to_numpy() <= said["submitted_on"]).astype("boolean")
    return said.merge(about, on="organization_id", how="left", validate="many_to_one")


def counted(
    parts: list[tuple[str, str, pd.DataFrame]],
    columns: list[str],
    *,
    by: list[str],
    smallest: int,
    within: tuple = (),
) -> pd.DataFrame:
    """How many organizations say yes, in all and in each group, as the last of several reports may show it.

    Parameters
    ----------
    parts : list of (report, as of, DataFrame with one row per organization)
        What each report counts; reports of the same `as of` count the same answers.
    columns : of yes and no; the first is the one that groups are looked at in, and shares are of
    by : columns that form groups; one whose value is missing belongs to none that is returned
    smallest : int
    within : pairs of (by, group, column), of which one is among the other in each report

    Returns
    -------
    DataFrame, one row per column of ``by`` and group, after ``total``
        ``by``, ``group``, counts of ``columns`` (all but the first in all only), ``n``, ``share``, ``low``, ``high``
        (Wilson's). Missing where hidden.
    """
    first, lines, who, last = columns[0], {}, {}, None
    reports, sums, nested = [], [], []
    for report, as_of, some in parts:
        if as_of != last:
            groups = _groups(some, by)
            new = {at: _yes_and_no(some[which], first) for at, which in groups.items()}
            sums += _sums(as_of, groups, by, first)
            nested += _nested(who, last, new, as_of)
            lines |= {(as_of, *at): {one: len(ids) for one, ids in found.items()} for at, found in new.items()}
            who, last = new, as_of
        here = {column: (report, *ALL, column) for column in columns[1:]}
        lines[report, *ALL] = lines.get((report, *ALL), {}) | {column: int(some[column].sum()) for column in here}
        asked = [((*ALL, column), (*ALL, "n")) for column in here] + list(within)
        nested += [tuple(here.get(one[-1], (as_of, *one)) for one in pair) for pair in asked]
        index = pd.MultiIndex.from_tuples(lines, names=["when", "by", "group"])
        counts = pd.DataFrame(list(lines.values()), index=index).astype(float)
        reports.append({"counts": counts, "sums": [*sums], "within": [*nested]})
    safe = in_turn(reports, smallest=smallest).table
    report, as_of, _ = parts[-1]
    shown = safe.xs(as_of, level="when")[[first, "n"]]
    for column in columns[1:]:
        shown.insert(len(shown.columns) - 1, column, safe.xs(report, level="when")[column].reindex(shown.index))
    shown = shown[shown.index.get_level_values("group") != ""]
    shares = [share_of(k, n) for k, n in zip(shown[first], shown["n"], strict=True)]
    return pd.concat([shown, pd.DataFrame(shares, index=shown.index)], axis=1).reset_index()


def _groups(some: pd.DataFrame, by: list[str]) -> dict[tuple[str, str], pd.Series]:
    """(by, group) → which organizations are in it; those without a value are in the group ``""``."""
    groups = {ALL: pd.Series(True, index=some.index)}
    for name in by:
        of = some[name].astype(object).fillna("").astype(str)
        groups |= {(name, group): of == group for group in sorted(set(of))}
    return groups


def _yes_and_no(some: pd.DataFrame, column: str) -> dict[str, frozenset]:
    """Who says yes, who says no, and all that answered."""
    yes, ids = some[column].astype(bool), some["organization_id"]
    return {column: frozenset(ids[yes]), "no": frozenset(ids[~yes]), "n": frozenset(ids)}


def _nested(then: dict, before: str, now: dict, as_of: str) -> list[tuple]:
    """Of a wave that more have answered since: those of each group then are among those of now."""
    return [
        ((before, *at, column), (as_of, *at, column))
        for at, found in then.items()
        for column, ids in found.items()
        if at in now and len(ids) <= len(now[at][column])
    ]


def _sums(as_of: str, groups: dict, by: list[str], first: str) -> list[tuple]:
    """Those that say yes and no are all that answered, and groups are parts of all."""
    sums = [((as_of, *at, "n"), [(as_of, *at, first), (as_of, *at, "no")]) for at in groups]
    sums += [
        ((as_of, *ALL, column), [(as_of, *at, column) for at in groups if at[0] == name])
        for name in by
        for column in (first, "no", "n")
    ]
    return sums


def opinions(data: Data, question: str, *, quarter: str) -> pd.DataFrame:
    """Who agrees with a statement, in each wave and by type: :func:`counted`, with ``wave``."""
    tables = [
        counted(parts, [question], by=["org_type"], smallest=data.programme.smallest_cell).assign(wave=wave)
        for wave, parts in _by_wave(data, question, quarter).items()
    ]
    return pd.concat(tables) if tables else pd.DataFrame(columns=["by", "group", "n", "share", "wave"])


def benefits(data: Data, question: str, *, quarter: str) -> pd.DataFrame:
    """Who says yes in the latest wave, with a business lead on record and without: :func:`counted`."""
    parts = _by_wave(data, question, quarter)
    if not parts:
        return pd.DataFrame(columns=["by", "group", "n", "share"])
    return counted(parts[max(parts)], [question], by=["has_lead"], smallest=data.programme.smallest_cell)


def _by_wave(data: Data, question: str, quarter: str) -> dict[int, list[tuple[str, str, pd.DataFrame]]]:
    """Wave → what the report of each quarter up to this one counts, once for all that count the same."""
    found = {}
    for report in _quarters_with_answers(data, quarter):
        said = answers(data, until=report).dropna(subset=question)
        for wave, some in said.groupby("wave"):
            as_of = some["as_of"].iloc[0]
            if as_of not in [one[1] for one in found.get(wave, [])]:
                found.setdefault(wave, []).append((report, as_of, some))
    return found


def _quarters_with_answers(data: Data, until: str) -> list[str]:
    """The quarters from the first answer to one."""
    if data.survey.empty or not len(first := waves(data, until=until)):
        return []
    quarters = [Quarter.named(until)]
    while str(quarters[0]) > fiscal_quarter(first["submitted_on"]).min():
        quarters.insert(0, quarters[0].previous)
    return [str(one) for one in quarters]


def met_or_not(data: Data, rows: pd.DataFrame, *, quarter: str, wave: int | None = None) -> pd.DataFrame:
    """Who expects what, by type and by consulted or not; what was offered; what those who answered before expected.

    An organization was offered what it was invited to in the quarter, as ``[offers]`` of programme.toml has it.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.
    quarter : str
    wave : int, optional
        The latest unless told.

    Returns
    -------
    DataFrame, one row per expectation and group of :func:`counted`, those named by most first
        ``what``, ``wave``, ``by``, ``group`` (the group ``both_waves``, ``True`` answered in the wave before as well),
        ``expects``, ``n``, ``share``, ``low``, ``high``; in all also ``offered``, ``unmet`` (expect it and were not
        offered it), ``before`` (expected it in the wave before), ``events`` with it of ``events_held`` in the quarter.
    """
    said = answers(data, until=quarter)
    latest = wave if wave is not None else max(said["wave"], default=None)
    reports = [one for one in _quarters_with_answers(data, quarter) if latest in set(answers(data, until=one)["wave"])]
    by, columns = ["org_type", "consulted_at_design", "both_waves"], ["expects", "offered", "unmet", "before"]
    within = [((*ALL, "unmet"), (*ALL, "expects"))]
    smallest, in_quarter = data.programme.smallest_cell, rows[rows["fiscal_quarter"] == quarter]
    tables = []
    for what in EXPECTATIONS:
        parts = [_expecting(data, rows, what, latest, report) for report in reports]
        parts = [one for one in parts if len(one[2]) >= max(smallest, 1)]
        if not parts:
            continue
        both = (
            [((*ALL, "before"), ("both_waves", "True", "n"))]
            if all(one[2]["both_waves"].any() for one in parts)
            else []
        )
        table = counted(parts, columns, by=by, smallest=smallest, within=(*within, *both))
        with_it = in_quarter[with_offer(in_quarter, data.programme.offers.get(what, []))]
        held = {"events": with_it["event_id"].nunique(), "events_held": in_quarter["event_id"].nunique()}
        tables.append(table.assign(what=what, wave=int(latest), **held))
    if not tables:
        return pd.DataFrame(columns=["what", "by", "group", "share"])
    table = pd.concat(tables, ignore_index=True)
    rank = table[table["by"] == TOTAL].sort_values(["share", "what"], ascending=[False, True])["what"].to_list()
    return table.sort_values("what", key=lambda one: one.map(rank.index), kind="stable", ignore_index=True)


def _expecting(data: Data, rows: pd.DataFrame, what: str, wave: int, quarter: str) -> tuple[str, str, pd.DataFrame]:
    """What the report of a quarter counts of an expectation: each organization that answered in a wave."""
    said, name, in_quarter = answers(data, until=quarter), f"expects_{what}", rows[rows["fiscal_quarter"] == quarter]
    known = said[said[name].notna()]
    some, ids = known[known["wave"] == wave], known["organization_id"]
    in_earlier = known["wave"] == max((one for one in set(said["wave"]) if one < wave), default=None)
    with_it = in_quarter[with_offer(in_quarter, data.programme.offers.get(what, []))]
    expects, offered = some[name].astype(bool), some["organization_id"].isin(with_it["organization_id"])
    some = some.assign(
        expects=expects,
        offered=offered,
        unmet=expects & ~offered,
        before=some["organization_id"].isin(ids[in_earlier & known[name].astype(bool)]),
        both_waves=some["organization_id"].isin(ids[in_earlier]),
    )
    return quarter, str(some["as_of"].max()), some


def compared(intervals: dict[object, Interval | None], *, matters: float) -> pd.DataFrame:
    """Differences with the strength of each by the rule of :func:`konbit_lessons.incentives.result.decided`.

    Parameters
    ----------
    intervals : dict of term to Interval, or to None where there is nothing to compare
    matters : float, the smallest difference that would matter

    Returns
    -------
    DataFrame, one row per term
        ``term``, ``estimate``, ``conf_low``, ``conf_high``, ``n``, ``p_value``, ``p_adjusted`` (Holm's), ``strength``.
    """
    lines = []
    for term, one in intervals.items():
        told = one is not None and one.std_error > 0 and one.df > 0
        found = {"estimate": one.estimate, "conf_low": one.low, "conf_high": one.high, "n": one.n} if told else {}
        p = 2 * float(stats.t.sf(abs(one.estimate) / one.std_error, one.df)) if told else np.nan
        lines.append({"term": term, **found, "p_value": p, "reason": "" if told else "few_groups", "matters": matters})
    columns = ["term", "estimate", "conf_low", "conf_high", "n", "p_value", "reason", "matters"]
    return decided(pd.DataFrame(lines, columns=columns), CONFIDENCE, exploratory=False)


def overlap(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that other projects supported up to the end of a quarter: by project, by pair of them, and by type.

    Returns
    -------
    DataFrame, one row per project, pair of the :data:`MOST_PROJECTS` largest, ``any``, ``none``
        ``projects`` (a tuple, or one of these two), a count for each type and ``total``, ``n`` (partners on the last
        day), ``share`` of those, ``low``, ``high`` (Wilson's). Missing where hidden.
    """
    quarters, began = [Quarter.named(quarter)], data.other_support["started_on"].min()
    while pd.Timestamp(quarters[0].first_day) > began:
        quarters.insert(0, quarters[0].previous)
    lines, told, reports, then = {}, {"sums": [], "within": [], "unions": [], "public": []}, [], {}
    for at in map(str, quarters):
        groups = _supported(data, at)
        lines |= {(at, name): {one: len(ids) for one, ids in by_type.items()} for name, by_type in groups.items()}
        for name, more in _relations_of_support(groups, at, then).items():
            told[name] += more
        then = groups
        counts = pd.DataFrame(list(lines.values()), index=pd.MultiIndex.from_tuples(lines)).fillna(0)
        reports.append({"counts": counts.astype(int), **{name: [*more] for name, more in told.items()}})
    safe = in_turn(reports, smallest=data.programme.smallest_cell).table.xs(quarter)
    safe = safe[list(then["all"])].set_axis(pd.Index([_names_of(one) for one in safe.index], tupleize_cols=False))
    n = safe.loc["all", TOTAL]
    shares = [share_of(k, n) for k in safe[TOTAL]]
    table = safe.reset_index(names="projects").assign(n=n, **pd.DataFrame(shares))
    return table[table["projects"] != "all"]


JOINED = "\u2016"  # between the projects of a pair, in no name of one


def _names_of(group: str) -> tuple[str, ...] | str:
    return group if group in ("any", "none", "all") else tuple(group.split(JOINED)[1:])


def _supported(data: Data, quarter: str) -> dict[str, dict[str, frozenset]]:
    """Project, pair of projects, any, none, all → type and total → the partners that it supported."""
    here, support = partners_at_end(data, quarter), data.other_support
    some = support[(support["started_on"] <= last_day(quarter)) & support["organization_id"].isin(here.index)]
    by_project = some.groupby("project")["organization_id"].agg(lambda ids: frozenset(ids))
    by_project = by_project[by_project.map(len).sort_values(ascending=False, kind="stable").index]
    groups = {f"{JOINED}{project}": ids for project, ids in by_project.items()}
    groups |= {a + b: groups[a] & groups[b] for a, b in combinations(list(groups)[:MOST_PROJECTS], 2)}
    anyone = frozenset(some["organization_id"])
    groups |= {"any": anyone, "none": frozenset(here.index) - anyone, "all": frozenset(here.index)}
    kinds = {kind: frozenset(own.index) for kind, own in here.groupby(here)}
    return {name: {kind: ids & own for kind, own in kinds.items()} | {TOTAL: ids} for name, ids in groups.items()}


def _relations_of_support(groups: dict, quarter: str, then: dict) -> dict[str, list]:
    """How the figures of a quarter add up, and hold those of the quarter before."""
    kinds = [kind for kind in groups["all"] if kind != TOTAL]
    projects = [name for name in groups if name.count(JOINED) == 1]
    told = {"sums": [], "within": [], "unions": [], "public": []}
    told["sums"] += [((quarter, name, TOTAL), [(quarter, name, kind) for kind in kinds]) for name in groups]
    for kind in (*kinds, TOTAL):
        label = lambda name, kind=kind: (quarter, name, kind)  # noqa: E731
        told["sums"].append((label("all"), [label("any"), label("none")]))
        told["public"].append(label("all"))
        for name in (one for one in groups if one.count(JOINED) == 2):
            told["within"] += [(label(name), label(f"{JOINED}{project}")) for project in _names_of(name)]
        if projects:
            told["unions"].append((label("any"), [label(name) for name in projects]))
        told["within"] += [
            ((str(Quarter.named(quarter).previous), name, kind), label(name))
            for name in then
            if name in groups and name != "all" and kind in then[name] and then[name][kind] <= groups[name][kind]
        ]
    return told


def calendar(data: Data, *, quarter: str) -> pd.DataFrame:
    """Conversations in each month of the last quarters, and the share of partners with one in each quarter.

    Returns
    -------
    DataFrame, one row per quarter and month
        ``fiscal_quarter``, ``month`` (its first day), ``organizations`` (partners at the end of the quarter that had
        one), ``conversations``; and of the quarter ``talked_with``, ``partners``, ``share``, ``low``, ``high``
        (Wilson's). Missing where hidden.
    """
    known = conversations(data, quarter=quarter)
    return pd.concat(
        [_months(data, known, one) for one in known.index.unique("quarter")[-MOST_QUARTERS:]], ignore_index=True
    )


def _months(data: Data, known: pd.Series, quarter: str) -> pd.DataFrame:
    here, talks = partners_at_end(data, quarter), data.conversations
    own = talks[(fiscal_quarter(talks["held_on"]) == quarter) & talks["organization_id"].isin(here.index)]
    months = pd.date_range(Quarter.named(quarter).first_day, periods=3, freq="MS")
    held = own.groupby(own["held_on"].dt.to_period("M")).size().reindex(months.to_period("M"), fill_value=0)
    shown = pd.array([known["month", quarter, str(month.date())] for month in months], dtype="Int64")
    k, n = known["talked", quarter, TOTAL], known["partners", quarter, TOTAL]
    conversations_held = held.astype("Int64").mask(pd.isna(shown)).to_numpy()
    found = {"organizations": shown, "conversations": conversations_held, "talked_with": k, "partners": n}
    return pd.DataFrame({"fiscal_quarter": quarter, "month": months, **found, **share_of(k, n)})


def last_talked(data: Data, *, quarter: str) -> pd.DataFrame:
    """When partners had their last conversation, as of the last day of a quarter.

    Returns
    -------
    DataFrame, one row per ``this_quarter``, ``quarter_before``, ``earlier``, ``never``
        ``last``, a count for each type, ``total``, ``n``, ``share``, ``low``, ``high`` (Wilson's, in all). Missing
        where hidden.
    """
    known = conversations(data, quarter=quarter).xs(quarter, level="quarter")
    types = [one for one in known["partners"].index if one != TOTAL]
    bands = {"this_quarter": "talked"} | {one: one for one in ("quarter_before", "earlier", "never")}
    safe = pd.DataFrame([known[of].reindex([*types, TOTAL]) for of in bands.values()], index=list(bands))
    n = known["partners", TOTAL]
    shares = pd.DataFrame([share_of(k, n) for k in safe[TOTAL]], index=safe.index)
    return pd.concat([safe.assign(n=n), shares], axis=1).rename_axis("last").reset_index()


def days_since(data: Data, *, quarter: str) -> list[float]:
    """Quartiles of the days since the last conversation of partners that had one; none where they are too few."""
    on = _last_on(data, quarter).dropna()
    days = (last_day(quarter) - on).dt.days
    return days.quantile([0.25, 0.5, 0.75]).to_list() if len(days) >= 4 * data.programme.smallest_cell else []


def follow_ups(data: Data, *, quarter: str) -> Protected:
    """Follow-ups promised up to the end of a quarter: done, open and not yet due, overdue."""
    last = last_day(quarter)
    some = data.conversations[data.conversations["held_on"] <= last].dropna(subset="follow_up_due_on")
    done = some["follow_up_done_on"] <= last
    state = np.select([done, some["follow_up_due_on"] <= last], ["done", "overdue"], "open")
    by = some.groupby(state)["organization_id"]
    frame = pd.DataFrame({"follow_ups": by.size(), "organizations": by.nunique()})
    frame = frame.reindex(["done", "open", "overdue"], fill_value=0)
    frame.loc[TOTAL] = [len(some), some["organization_id"].nunique()]
    counts = frame[["follow_ups"]]
    about = frame[["organizations"]].set_axis(["follow_ups"], axis=1)
    smallest = data.programme.smallest_cell
    return protected(counts, smallest=smallest, sums=margins(counts, TOTAL), organizations=about)


def with_offer(rows: pd.DataFrame, offers: list[str]) -> pd.Series:
    """The invitations to an event of a kind, or with an incentive, that is among `offers`."""
    columns = [name for name in offers if name in rows]
    return rows["event_type"].isin(offers) | rows[columns].fillna(False).astype(bool).any(axis=1)


def _last_on(data: Data, quarter: str) -> pd.Series:
    """The day of the last conversation of each partner, up to the end of a quarter."""
    talks = data.conversations[data.conversations["held_on"] <= last_day(quarter)]
    return talks.groupby("organization_id")["held_on"].max().reindex(partners_at_end(data, quarter).index)

"""What organizations answered in the survey, wave by wave: who says yes to a statement, in all and by group.

Takes a cleaned programme; returns frames that hold nothing about few organizations, but for :func:`answers`, which is
of each. A statement is an expectation, or a question of the survey that is answered by a scale or by yes and no. What
reports of earlier quarters said of a wave is public for the later ones.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.declared import EXPECTS
from konbit_lessons.field.programme import Programme
from konbit_lessons.incentives.result import decided
from konbit_lessons.measures import intervals, shared_counts
from konbit_lessons.tables import day_of

LATE_ENOUGH = 4  # times the smallest cell: so many late answers are mostly no few who say yes, or no
MATTERS = 0.10  # the smallest difference that matters, unless programme.toml says
EXPECTATION = "expectation"  # the kind of statement that an expectation is; the other kinds are those of questions
ABOUT = ["org_type", "consulted_at_design", "earlier_donor_support"]
SAID = ["term", "kind", "round", "asked", "since", "by", "group", "yes", "before", "offered", "unmet", "n"]
SAID += ["share", "conf_low", "conf_high"]
COMPARED = ["term", "kind", "estimate", "conf_low", "conf_high", "n", "p_value", "reason", "matters"]


def statements(data: Data) -> dict[str, str]:
    """Each statement → its kind: ``expectation``, ``scale`` or ``yes_no``."""
    questions = {name: one.kind for name, one in data.programme.questions.items() if one.kind in ("scale", "yes_no")}
    return {f"{EXPECTS}{name}": EXPECTATION for name in data.programme.expectations} | questions


@shared_counts.once
def waves(data: Data, *, until: str) -> pd.DataFrame:
    """The answers of each wave of the survey up to a quarter, as reports show them beside those of the wave.

    Where few organizations answer a wave after it was last reported, fewer than :data:`LATE_ENOUGH` smallest cells,
    they wait until they are more: the numbers of the wave, before and with them, would tell what they said. They are in
    every comparison with a later wave, of which no report has told before (:func:`changed`), and in :func:`late`.

    Parameters
    ----------
    data : Data
    until : str, the quarter

    Returns
    -------
    DataFrame
        Rows of ``data.survey`` with a wave.
    """
    survey, smallest = every_wave(data, until=until), data.programme.smallest_cell
    quarters, parts = shared_counts.quarters_of(data, survey["submitted_on"]), [survey[:0]]
    enough = LATE_ENOUGH * smallest if smallest > 1 else 1
    for _, some in survey.groupby("wave"):
        when, as_of, known = quarters[some.index], "", set()
        for quarter in sorted(set(when)):
            new = {*some.loc[when <= quarter, "organization_id"]} - known
            if not as_of or not new or len(new) >= enough:
                as_of, known = quarter, known | new
        parts.append(some[when <= as_of])
    return pd.concat(parts)


def every_wave(data: Data, *, until: str) -> pd.DataFrame:
    """All answers up to the end of a quarter that belong to a wave; without waves all are of one."""
    survey = data.survey.dropna(subset="wave") if data.survey["wave"].notna().any() else data.survey.assign(wave=1)
    return survey[survey["submitted_on"] <= shared_counts.last_day(data, until)]


def late(data: Data, *, quarter: str) -> pd.DataFrame:
    """Organizations that answered a wave after the quarter in which it began, as the report of a quarter may show them.

    Returns
    -------
    DataFrame, one row per wave with any
        ``round`` (the wave), ``asked`` (its middle day), ``late``, ``n`` (all that answered it; both missing where
        hidden), ``waiting`` (whether :func:`waves` leaves some of them out).
    """
    survey, own, lines = every_wave(data, until=quarter), waves(data, until=quarter), []
    for wave, some in survey.groupby("wave"):
        gate, when = Gate(), shared_counts.quarters_of(data, some["submitted_on"])
        for report in gate.reports(sorted({*when})):
            gate.count(some[when <= report].assign(n=True), ["n"])
        gate.lasting("n")
        counts, reported = gate.decide(data.programme.smallest_cell)["n", "n"], own[own["wave"] == wave]
        came, waiting = counts.iloc[-1] - counts.iloc[0], len(reported) < len(some)
        lines.append([wave, reported["submitted_on"].quantile(0.5).normalize(), came, counts.iloc[-1], waiting])
    table = pd.DataFrame(lines, columns=["round", "asked", "late", "n", "waiting"])
    return table.astype({"late": "Int64", "n": "Int64"})[table["late"].ne(0).fillna(True)].reset_index(drop=True)


@shared_counts.once
def answers(data: Data, *, until: str, late: bool = False) -> pd.DataFrame:
    """What each organization answered in each wave up to the end of a quarter, also who came ``late`` where asked for.

    Returns
    -------
    DataFrame, one row per organization and wave
        ``organization_id``, ``wave``, ``submitted_on``; yes or no to each of :func:`statements` (of a scale, whether
        the average of its respondents is ``agree_from`` or more; else whether any of them said yes); of a choice
        whether any chose it, as ``question=level``; of a number the average; :data:`ABOUT` the organization, and
        ``has_<table>``, a record on the day of its answer, of each table that a question stands beside.
    """
    survey, questions = (every_wave if late else waves)(data, until=until), data.programme.questions
    levels = [(name, level) for name, one in questions.items() for level in one.levels]
    chose = {f"{name}={level}": (survey[name] == level).where(survey[name].notna()) for name, level in levels}
    survey = survey.assign(**{column: yes.astype("boolean") for column, yes in chose.items()})
    groups = survey.groupby(["organization_id", "wave"])
    any_of = [*(name for name, kind in statements(data).items() if kind != "scale"), *chose]
    means = {name: one for name, one in questions.items() if one.kind in ("scale", "number")}
    found = {name: groups[name].max() for name in any_of} | {name: groups[name].mean() for name in means}
    found |= {name: found[name] >= one.agrees for name, one in means.items() if one.kind == "scale"}
    said = pd.DataFrame(found | {"submitted_on": groups["submitted_on"].max()}).reset_index()
    for table in filter(None, dict.fromkeys(one.beside for one in questions.values())):
        first = data.tables[table].groupby("organization_id")[day_of(data.programme.tables[table])].min()
        said[f"has_{table}"] = first.reindex(said["organization_id"]).to_numpy() <= said["submitted_on"]
    about = data.organizations[["organization_id", *ABOUT]]
    return said.merge(about, on="organization_id", how="left", validate="many_to_one")


@shared_counts.once
def said(data: Data, *, quarter: str) -> pd.DataFrame:
    """Who says yes to each statement, in all and by group: to an expectation in the latest wave, else in each.

    Returns
    -------
    DataFrame, one row per statement, wave and group
        ``term``, ``kind``, ``round`` (the wave), ``asked`` (its middle day), ``by``, ``group``, ``yes``, ``n``,
        ``share``, ``conf_low``, ``conf_high`` (Wilson's). The group ``True`` of ``both`` answered in the wave ``since``
        as well, the one before or, of a question, the first; in it ``before`` is who said yes then. Of an expectation
        in all also who was ``offered`` it in the quarter, and expects what it was not offered, ``unmet``. Missing
        where hidden.
    """
    tables = [pd.DataFrame(columns=SAID)]
    for term, kind in statements(data).items():
        tables += [_counted(data, term, kind, *waves, quarter) for waves in _waves_of(data, term, kind, quarter)]
    found = pd.concat(tables[1:] or tables, ignore_index=True).reindex(columns=SAID)
    return found.astype(dict.fromkeys(("yes", "before", "offered", "unmet", "n"), "Int64"))


def _waves_of(data: Data, term: str, kind: str, quarter: str) -> list[tuple]:
    """Each wave of a statement that is told of, with the one that it is set beside."""
    known = sorted(answers(data, until=quarter).dropna(subset=term)["wave"].unique())
    if kind == EXPECTATION:
        return [(one, earlier) for one, earlier in zip(known, [None, *known], strict=False)][-1:]
    return [(one, known[0] if one > known[0] else None) for one in known]


def _counted(data: Data, term: str, kind: str, wave: int, since: int | None, quarter: str) -> pd.DataFrame:
    """How many say yes in a wave, as the report of a quarter may show it beside those of the quarters before."""
    gate, by, told = Gate(), _ways(data, term, kind), reports_of(data, term, quarter=quarter, wave=wave)
    for report in gate.reports(told):
        each = _each(data, told[report], term, since, (report, quarter))
        gate.count(each, ["yes", "no", "n"], by=by)
        gate.count(each, ["before"] if since else [], by=["both"])
        gate.count(each, ["offered", "unmet"] if met_by(data, term) else [])
    gate.partition("n", ["yes", "no"])
    for part, whole in (("unmet", "yes"), ("before", "n"), ("offered", "n")):
        gate.nested(part, whole)
    gate.lasting("yes", "no", "n")
    known = gate.decide(data.programme.smallest_cell)["n"].loc[report].reset_index().query("group != ''")
    order = [TOTAL, *by, *data.programme.levels("org_type"), "True", "False"]
    known = known.sort_values(["by", "group"], key=lambda one: one.map(order.index))
    days = answers(data, until=quarter).query("wave == @wave")["submitted_on"]
    about = {"term": term, "kind": kind, "round": wave, "asked": days.quantile(0.5).normalize(), "since": since}
    return intervals.with_shares(known, "yes").assign(**about)


def _ways(data: Data, term: str, kind: str) -> list[str]:
    """The ways to group those who answer a statement."""
    if kind == EXPECTATION:
        return ["org_type", "consulted_at_design", "both"]
    beside = data.programme.questions[term].beside
    return ["org_type", "earlier_donor_support", "both", *([f"has_{beside}"] if beside else [])]


def reports_of(data: Data, question: str, *, quarter: str, wave: int) -> dict[str, pd.DataFrame]:
    """Quarter → the answers to a question in a wave, as the report of each quarter up to this one counts them."""
    first = waves(data, until=quarter)["submitted_on"].min()
    since = -1 if data.programme.smallest_cell <= 1 else 0  # what earlier reports told matters where some is hidden
    known = {one: answers(data, until=one) for one in shared_counts.quarters_since(data, first, quarter)[since:]}
    told = {one: each[(each["wave"] == wave) & each[question].notna()] for one, each in known.items()}
    return {one: some for one, some in told.items() if len(some)}


def _each(data: Data, some: pd.DataFrame, term: str, since: int | None, when: tuple[str, str]) -> pd.DataFrame:
    """Of those that answered in a wave: what they say, said in an earlier one, and were offered in a quarter."""
    (report, quarter), ids, yes = when, some["organization_id"], some[term].astype(bool)
    then = _then(data, some, term, since)
    before, both = then.loc[then[term].astype(bool), "organization_id"], ids.isin(then["organization_id"])
    rows, offers = shared_counts.panel(data, quarter=quarter), met_by(data, term) or []
    invited = rows[with_offer(rows, offers) & (rows["fiscal_quarter"] == report)] if offers else rows[:0]
    offered = ids.isin(invited["organization_id"])
    found = {"yes": yes, "no": ~yes, "both": both, "before": ids.isin(before), "offered": offered}
    return some.assign(n=True, unmet=yes & ~offered, **found)


def _then(data: Data, some: pd.DataFrame, term: str, since: int | None) -> pd.DataFrame:
    """What was answered in an earlier wave, by those that came late too, as known when the last of some answered."""
    then = answers(data, until=shared_counts.quarters_of(data, some["submitted_on"]).max(), late=True)
    return then[(then["wave"] == since) & then[term].notna()]


def met_by(data: Data, term: str) -> list[str] | None:
    """The incentives and types of events that meet an expectation; None where that is not said."""
    about = data.programme.expectations.get(term.removeprefix(EXPECTS))
    return about.met_by if about and term.startswith(EXPECTS) else None


def with_offer(rows: pd.DataFrame, offers: list[str]) -> pd.Series:
    """The events, or invitations to one, of a kind, or with an incentive, that is among `offers`."""
    columns = [column for name in offers for column in (name, f"{name}_amount") if column in rows]
    return rows["event_type"].isin(offers) | rows[columns].astype("Float64").fillna(0).gt(0).any(axis=1)


# ---- differences


def changed(data: Data, shown: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """How each statement's share of yes changed, of those who answered in its latest wave and in an earlier one.

    Parameters
    ----------
    data : Data
    shown : DataFrame, rows of :func:`said`
    quarter : str

    Returns
    -------
    DataFrame, one row per statement with two waves, the largest change first; see :func:`compared`
        Also ``before`` and ``now`` (shares), ``since`` and ``asked`` (days).
    """
    both, each = _latest(shown[(shown["by"] == "both") & (shown["group"] == "True")]), answers(data, until=quarter)
    days = each.groupby("wave")["submitted_on"].quantile(0.5)
    lines = []
    for one in both.itertuples():
        known = pd.notna(one.before) and pd.notna(one.share)
        now = each[(each["wave"] == one.round) & each[one.term].notna()]
        told = pd.concat([_then(data, now, one.term, one.since), now])
        gap = intervals.difference_of_waves(told, one.term, first=one.since, second=one.round) if known else None
        about = {"term": one.term, "kind": one.kind, "since": days[one.since].normalize(), "asked": one.asked}
        lines.append((about | {"before": one.before / one.n if known else np.nan, "now": one.share}, gap))
    found = compared(data, lines, "since", "asked", "before", "now")
    return found.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)


def differ(data: Data, shown: pd.DataFrame, *, by: list[str], quarter: str) -> pd.DataFrame:
    """How much more often a group says yes than another, in the latest wave of each statement.

    Of two groups the first against the second; of more each against all the others.

    Parameters
    ----------
    data : Data
    shown : DataFrame, rows of :func:`said`
    by : columns that form groups
    quarter : str

    Returns
    -------
    DataFrame; see :func:`compared`
        Also ``by``, ``group``, ``against`` ("" for all the others), ``share`` and ``other`` (the shares of both).
    """
    lines, latest = [], _latest(shown)
    for term, own in latest.groupby("term", sort=False):
        each = answers(data, until=quarter)
        each = each[(each["wave"] == own["round"].iloc[0]) & each[term].notna()]
        for name in [one for one in by if one in set(own["by"])]:
            for group, against, share, other in _pairs(data, own, name):
                about = {"term": term, "kind": own["kind"].iloc[0], "by": name, "group": group, "against": against}
                known = pd.notna(share) and pd.notna(other)
                some = each[each[name].notna()].assign(in_it=each[name].astype(str) == group)
                both = {"by": "in_it", "first": False, "second": True}
                gap = intervals.difference_of_groups(some, term, **both) if known else None
                lines.append((about | {"share": share, "other": other}, gap))
    return compared(data, lines, "by", "group", "against", "share", "other")


def _pairs(data: Data, own: pd.DataFrame, by: str) -> Iterator[tuple]:
    """Two groups of a statement that are set beside each other, and their shares."""
    some, whole = own[own["by"] == by].set_index("group"), own[own["by"] == TOTAL].iloc[0]
    groups = [one for one in (data.programme.levels(by) or ["True", "False"]) if one in some.index]
    for group in groups[: 1 if len(groups) == 2 else None]:
        one = some.loc[group]
        if len(groups) == 2:
            yield group, groups[1], one["share"], some["share"][groups[1]]
        elif len(groups) > 2:
            n, yes = whole["n"] - one["n"], whole["yes"] - one["yes"]
            yield group, "", one["share"], yes / n if pd.notna(yes) and pd.notna(n) and n else np.nan


def _latest(shown: pd.DataFrame) -> pd.DataFrame:
    return shown[shown["round"] == shown.groupby("term")["round"].transform("max")]


def smallest_that_matters(programme: Programme) -> float:
    """The smallest difference of two shares that matters."""
    return programme.analysis.smallest_effect_that_matters if programme.analysis else MATTERS


def compared(data: Data, lines: list[tuple[dict, intervals.Interval | None]], *more: str) -> pd.DataFrame:
    """Differences with the strength of each by the rule of :func:`konbit_lessons.incentives.result.decided`.

    Parameters
    ----------
    data : Data
    lines : list of (what is said of a difference, Interval, or None where it is not shown)
    more : what is said of it beside ``term`` and ``kind``

    Returns
    -------
    DataFrame, one row per difference
        ``term``, ``kind``, `more`, ``estimate``, ``conf_low``, ``conf_high`` (none beyond 100 of 100), ``n``,
        ``p_value``, ``p_adjusted`` (Holm's), ``strength``.
    """
    matters, table = smallest_that_matters(data.programme), []
    for about, gap in lines:
        same = {about.get("share"), about.get("other")} & {0.0, 1.0}  # all of a group: the spread is not seen
        told = gap is not None and gap.std_error > 0 and gap.df > 0 and not same
        found = {"estimate": gap.estimate, "n": gap.n} if gap is not None else {}
        if told:
            found |= {"conf_low": max(gap.conf_low, -1.0), "conf_high": min(gap.conf_high, 1.0)}
            found["p_value"] = 2 * float(stats.t.sf(abs(gap.estimate) / gap.std_error, gap.df))
        table.append(about | found | {"reason": "" if told else "few_groups", "matters": matters})
    columns = [*COMPARED[:2], *more, *COMPARED[2:]]
    numbers = dict.fromkeys(COMPARED[2:7], float)
    return decided(pd.DataFrame(table, columns=columns).astype(numbers), intervals.CONFIDENCE, exploratory=False)

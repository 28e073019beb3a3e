"""The numbers that a learning report tells, each under a name of its own, and which of them lead.

Takes what the other measures count; returns one frame, in which a number has the same name in every quarter: that of
its column where there is one (``expects_training``, ``motivation``, ``transport_refund``), else ``reached_<type>``,
``unmet_<expectation>``, ``taken_up``, ``talked_with``, ``overdue``, ``due_later``, ``delivered``, ``leads``, ``joint``.
The table of learning questions names a number in its column ``measure``; the manifest keeps it for the next report.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import TOTAL
from konbit_lessons.field.declared import EXPECTS
from konbit_lessons.incentives import estimate
from konbit_lessons.measures import actions, answers, expectations, intervals, participation, shared_counts
from konbit_lessons.panel import invitations

WORDS = ["measure", "kind", "name", "strength"]
CHANGE = ["before", "after", "both", "change_low", "change_high"]
NUMBERS = ["k", "n", "value", "conf_low", "conf_high", *CHANGE, "short"]
ENDS = ("conf_low", "conf_high")
POINTS = ["at", "point", "value", "conf_low", "conf_high", "n", "over_time"]
BESIDE = ("expects", "incentive", "overdue", "unmet")  # kinds whose points stand beside each other; else in time
DIGITS = 6  # kept of a share: more than anybody prints
FOUND = ("clear", "likely")
STRENGTH, TARGET = "strength ", "target of "  # before the name of a number that is told
NAN = float("nan")


def numbers(data, rows, result, *, quarter):
    """Return every number that a report tells of a quarter.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation up to the quarter
    result : Estimates
    quarter : str

    Returns
    -------
    DataFrame, from `frame`; a number that may not be shown is missing, one that is not on record has no row
    """
    first = [*_reached(data, quarter), *_taken_up(data, rows, quarter), *_talked_with(data, quarter)]
    said = [*_promised(data, quarter), *_expected(data, quarter), *_agreed(data, quarter)]
    return frame([*first, *said, *_incentives(result), *_of_actions(data, quarter)])


def before(data, *, quarter):
    """Return the numbers of the quarter before by today's records; none where it has no event."""
    earlier = _quarter_before(data, quarter)
    if earlier not in data.quarters:
        return frame([])
    rows = invitations(data, until=earlier)
    return numbers(data, rows, estimated(data, rows), quarter=earlier)


def estimated(data, rows):
    """Return the programme's question answered: the Estimates of its formula, without what may not be shown."""
    programme, asked = data.programme, data.programme.question
    options = {name: asked[name] for name in ("incentives", "cluster", "smallest_effect")}
    result = estimate(programme.formula, rows, by=asked.get("by"), **options)
    return result.shown(programme.smallest_cell, also_hidden=shared_counts.hidden_incentives(programme, rows, data))


def _number(measure, share=None, change=(), *, kind="", k=NAN, **more):
    """A number by its name: its kind, its share with its interval, and its change, where it has them."""
    told = {} if share is None else {"value": share["share"], **{end: share[end] for end in ENDS}}
    known = share is None or pd.notna(share["share"])  # a count whose share may not be told is not told in its place
    return {"measure": measure, "kind": kind or measure, "k": k if known else NAN} | told | dict(change) | more


def _reached(data, quarter):
    table = participation.reached(data, quarter=quarter)
    for row in table[(table["fiscal_quarter"] == quarter) & (table["org_type"] != TOTAL)].itertuples():
        about = {"kind": "reached", "name": row.org_type, "short": row.target - row.so_far}
        n = row.organizations if pd.isna(row.target) else row.target
        yield _number(f"reached_{row.org_type}", k=row.so_far, n=n, **about)


def _taken_up(data, rows, quarter):
    shares = participation.uptake(data, rows, by="fiscal_quarter")
    gap = participation.difference(rows, shares, first=_quarter_before(data, quarter), second=quarter)
    change = _changes(gap).to_dict("records")
    for row in shares[shares["fiscal_quarter"] == quarter].to_dict("records"):
        yield _number("taken_up", row, change[0] if change else (), k=row["attended"], n=row["n"])


def _talked_with(data, quarter):
    shares = expectations.calendar(data, quarter=quarter).drop_duplicates("fiscal_quarter").set_index("fiscal_quarter")
    shares["short"] = shares["n"] - shares["talked_with"]
    planned = any(one.measure == "conversations" for one in data.programme.actions.values())
    for row in shares[shares.index == quarter].to_dict("records"):
        change = {"before": shares["share"].get(_quarter_before(data, quarter), NAN), "after": row["share"]}
        short = row["short"] if planned else NAN
        yield _number("talked_with", row, change, k=row["talked_with"], n=row["n"], short=short)


def _promised(data, quarter):
    counts = expectations.follow_ups(data, quarter=quarter).set_index("state")["follow_ups"]
    if TOTAL in counts and (pd.isna(counts[TOTAL]) or counts[TOTAL]):
        yield _number("overdue", k=counts["overdue"], n=counts[TOTAL], short=counts["overdue"])
        yield _number("due_later", k=counts["open"], n=counts[TOTAL])


def _expected(data, quarter):
    said = answers.said(data, quarter=quarter)
    changes = _changes_of(data, said[said["kind"] == answers.EXPECTATION], quarter)
    for row in expectations.expected(data, quarter=quarter).to_dict("records"):
        term, what = row["term"], row["term"].removeprefix(EXPECTS)
        yield _number(term, row, changes.get(term, ()), kind="expects", name=what, k=row["yes"], n=row["n"])
        if row["offer"] == "offered":
            yield _number(f"unmet_{what}", kind="unmet", name=what, k=row["unmet"], n=row["yes"], short=row["unmet"])


def _agreed(data, quarter):
    said = answers.said(data, quarter=quarter)
    opinions = said[said["kind"] != answers.EXPECTATION]
    changes = _changes_of(data, opinions, quarter)
    for name, own in opinions[opinions["by"] == TOTAL].groupby("term", sort=False):
        last = own.iloc[-1]
        good = last["share"] if data.programme.questions[name].good == "high" else 1 - last["share"]
        short = (1 - good) * last["n"] if good < 0.5 else NAN
        yield _number(name, last, changes.get(name, ()), kind="agrees", name=name, n=last["n"], short=short)


def _incentives(result):
    for row in result.table.to_dict("records"):
        share = row | {"share": row["estimate"]} if row["strength"] != "cannot tell" else None
        yield _number(row["term"], share, kind="incentive", name=row["term"], strength=row["strength"])


def _of_actions(data, quarter):
    measured = {one.measure for one in data.programme.actions.values()}
    if "contributions" in measured:
        given = actions.contributions(data, quarter=quarter)
        for row in given[given["fiscal_quarter"] == TOTAL].to_dict("records"):
            yield _number("delivered", row, k=row["delivered"], n=row["pledged"])
    if "leads" in measured:
        table = actions.leads(data, quarter=quarter)
        yield from (_number("leads", k=both) for both in table.loc[table["fiscal_quarter"] == quarter, "both"])
    if "joint" in measured:
        held = actions.joint_events(data, quarter=quarter).set_index("fiscal_quarter").loc[quarter]
        yield _number("joint", k=held["joint"], n=held["events"])


def _quarter_before(data, quarter):
    return str(data.programme.calendar.named(quarter).previous)


def _changes_of(data, said, quarter):
    """The change of each statement, by its name."""
    return _changes(answers.changed(data, said, quarter=quarter).set_index("term")).to_dict("index")


def _changes(frame):
    names = {"now": "after", "n": "both", "conf_low": "change_low", "conf_high": "change_high"}
    return frame.rename(columns=names).reindex(columns=CHANGE)


def behind(data, rows, result, lead, *, quarter):
    """Return what the figure of each finding that leads shows.

    Returns
    -------
    DataFrame, one row per dot
        ``at`` (the place of the finding, from 0), ``point`` (a quarter, the day on which a survey began, a state, or an
        incentive), ``value``, ``conf_low``, ``conf_high``, ``n``; ``over_time``, whether its points follow each other.
    """
    tables = [pd.DataFrame(columns=POINTS)]
    for at, row in lead.iterrows():
        points = _behind(data, rows, result, row, quarter)
        tables.append(points.assign(at=at, over_time=row["kind"] not in BESIDE and len(points) > 1))
    return _as_numbers(pd.concat(tables, ignore_index=True).reindex(columns=POINTS))


def _behind(data, rows, result, row, quarter):
    kind, n = row["kind"], row["n"]
    if kind == "overdue":
        counts = expectations.follow_ups(data, quarter=quarter).set_index("state")["follow_ups"]
        return _of(n, counts.drop(TOTAL))
    if kind == "unmet":
        return _of(n, pd.Series({"offered": n - row["k"], "not_offered": row["k"]}))
    if kind == "reached":
        table = participation.reached(data, quarter=quarter)
        return _of(n, table[table["org_type"] == row["name"]].set_index("fiscal_quarter")["at_least"])
    if kind == "expects":
        counts = (row[["before", "after"]].astype(float) * row["both"]).round().astype(int)
        both = pd.DataFrame({"point": counts.index, "k": counts.array, "n": int(row["both"])})
        return intervals.with_shares(both, "k").rename(columns={"share": "value"})
    if kind == "agrees":
        said = answers.said(data, quarter=quarter)
        said = said[(said["term"] == row["name"]) & (said["by"] == TOTAL)]
        return said.rename(columns={"asked": "point", "share": "value"})
    if kind == "incentive":
        return result.table[result.table["strength"].isin(FOUND)].rename(columns={"term": "point", "estimate": "value"})
    shares = expectations.calendar(data, quarter=quarter).drop_duplicates("fiscal_quarter")
    shares = participation.uptake(data, rows, by="fiscal_quarter") if kind == "taken_up" else shares
    return shares.rename(columns={"fiscal_quarter": "point", "share": "value"})


def _of(n, counts):
    """Counts as shares of one number."""
    return pd.DataFrame({"point": counts.index, "value": (counts / n).astype(float).to_numpy(), "n": counts.to_numpy()})


def frame(rows):
    """Return numbers as a frame with all its columns, one row per number.

    Returns
    -------
    DataFrame
        ``measure`` (its name), ``kind``, ``name`` (of the type, expectation, question or incentive it is of); ``k`` of
        ``n`` where it is a count; ``value`` with ``conf_low`` and ``conf_high``; what was ``before`` and is ``after``,
        of ``both``, with ``change_low`` and ``change_high``; ``strength`` of the evidence for an incentive; ``short``,
        of how many cases it falls short of what it should be.
    """
    return _as_numbers(pd.DataFrame(rows, columns=[*WORDS, *NUMBERS]))


def _as_numbers(table):
    """The table with every column of numbers as one, missing ones as NaN."""
    columns = [name for name in table if name in NUMBERS]
    return table.astype(dict.fromkeys(columns, "Float64")).astype(dict.fromkeys(columns, float))


def leading(numbers, *, most=3):
    """Return the numbers that lead a report, at most so many, by the rule that its annex prints.

    First what clearly changed, the largest change first; then what falls short, of each kind once, of most cases first
    (of several questions the one that the programme names first); then incentives that clearly or likely go with
    participation, the largest difference first. What cannot be told never leads.

    Parameters
    ----------
    numbers : DataFrame, from `frame`
    most : int

    Returns
    -------
    DataFrame, rows of `numbers` with ``news``: ``changed``, ``short`` or ``found``
    """
    short = numbers[numbers["short"] > 0]
    short = short[(short["kind"] != "agrees") | ~short["kind"].duplicated()]
    size = {
        "changed": (numbers["after"] - numbers["before"]).abs()[changed(numbers)],
        "short": short.sort_values("short", ascending=False, kind="stable").drop_duplicates("kind")["short"],
        "found": numbers.loc[numbers["strength"].isin(FOUND), "value"].abs(),
    }
    ranked = {news: by.sort_values(ascending=False, kind="stable").index for news, by in size.items()}
    lead = pd.concat([numbers.loc[at].assign(news=news) for news, at in ranked.items()])
    return lead.drop_duplicates("measure").head(most).reset_index(drop=True)


def changed(numbers):
    """Return whether each number clearly changed: the interval of its change leaves out none."""
    return (numbers["change_low"] > 0) | (numbers["change_high"] < 0)


def told(numbers):
    """Return what a report keeps of its numbers for the next one: name → value, an incentive's strength, a target."""
    value = numbers["value"].fillna(numbers["k"].astype(float))
    known = dict(zip(numbers["measure"], value.astype(float).round(DIGITS), strict=True))
    strength = numbers.dropna(subset="strength").set_index("measure")["strength"].add_prefix(STRENGTH).to_dict()
    wanted = numbers[(numbers["kind"] == "reached") & numbers["short"].notna()]
    target = wanted.set_index("measure")["n"].add_prefix(TARGET).to_dict()
    return {name: one for name, one in known.items() if pd.notna(one)} | strength | target


def compared(said, then, now, parts=()):
    """Return each number as the report of the quarter before said it, as today's records tell it, and now.

    Parameters
    ----------
    said : dict, from `told` of the report of the quarter before; {} where none is stored
    then, now : DataFrame, from `frame`: of that quarter by today's records, and of this one
    parts : list of (causes, told), from ``why.parts``

    Returns
    -------
    DataFrame, one row per number of either
        ``measure``, ``kind``, ``name``, ``said``, ``then``, ``now``, ``strength_said``, ``strength_then``,
        ``strength_now``, ``target_said``, ``target_then``, ``target_now``, whether it ``differs`` (it is told otherwise
        today than it was said), and its ``parts``: a list of causes and by how much they moved it.
    """
    both = pd.concat([now, then]).drop_duplicates("measure")[["measure", "kind", "name"]]
    for side, kept in {"said": said, "then": told(then), "now": told(now)}.items():
        both[side] = both["measure"].map(kept).astype(float)
        both[f"strength_{side}"] = (STRENGTH + both["measure"]).map(kept).astype(object)
        both[f"target_{side}"] = (TARGET + both["measure"]).map(kept).astype(float)
    prints = np.where(both[["said", "then"]].abs().max(axis=1) <= 1, 0.005, 0.5)
    known = both[["strength_said", "strength_then"]].notna().all(axis=1)
    other = known & (both["strength_said"] != both["strength_then"])
    other |= (both["target_said"] - both["target_then"]).abs() > 0
    both["differs"] = ((both["said"] - both["then"]).abs() >= prints) | other
    sides = [both["said"], *(both["measure"].map(kept).astype(float) for _, kept in parts)]
    moved = [(after - before).fillna(0).round(DIGITS - 1) for before, after in pairwise(sides)]
    each = zip(*moved, strict=True) if moved else [()] * len(both)
    causes = [one for one, _ in parts]
    both["parts"] = [[*zip(causes, line, strict=True)] for line in each]
    return both.reset_index(drop=True)


def held(lines, kept, now):
    """Return whether findings of earlier quarters still hold by the numbers that they rest on.

    An incentive's holds where the evidence is clear or likely and the difference goes the same way; a share's where
    what it was then lies within its interval of today. Of a count it is not said, nor where no report kept the number.

    Parameters
    ----------
    lines : DataFrame, from ``actions.earlier``
    kept : dict of quarter to what `told` gave of it
    now : DataFrame, from `frame`

    Returns
    -------
    DataFrame, the lines whose number is told now, with its columns, ``then`` (missing where no report kept it) and
        ``holds`` (boolean, or missing)
    """
    joined = lines.dropna(subset="measure").merge(now, on="measure", how="inner", validate="many_to_one")
    at = zip(joined["quarter"], joined["measure"], strict=True)
    joined["then"] = [kept.get(quarter, {}).get(measure, NAN) for quarter, measure in at]
    as_strong = joined["strength"].isin(FOUND) & (joined["value"] * joined["then"] > 0)
    within = joined["then"].between(joined["conf_low"], joined["conf_high"])
    holds = as_strong.where(joined["kind"] == "incentive", within).astype("boolean")
    joined["holds"] = holds.mask(joined["conf_low"].isna() | joined["then"].isna())
    return joined

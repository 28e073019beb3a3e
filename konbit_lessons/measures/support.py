"""Who else supports partners: by project, by pair of them and by type, so far and on a quarter's last day.

Takes a cleaned programme; returns frames that hold nothing about few organizations.
"""

from itertools import combinations

import pandas as pd

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import with_shares
from konbit_lessons.measures.roster import last_day, partners_at_end, quarters_since, reports
from konbit_lessons.measures.shared_counts import in_groups, once

MOST_PROJECTS = 4  # of which pairs are shown
OTHER = "other"  # projects that few organizations have named
JOINED = "\u2016"  # before each project in the name of a figure, in no name of one


@once
def support(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that other projects supported, as the report of a quarter may show them.

    Who is a partner is known to everybody. A project that fewer organizations than the smallest cell have named by then
    is among :data:`OTHER`, since its name alone tells of them.

    Returns
    -------
    DataFrame from :meth:`konbit_lessons.disclosure.Gate.decide`
        Of the partners on the last day of each quarter from the first with support, in all and by type: those that each
        project, or pair of the :data:`MOST_PROJECTS` largest, supported up to it, ``any`` and ``none``; ``now``, that
        one supports that day; ``all``.
    """
    gate = Gate()
    began = data.other_support["started_on"].min()
    for one in gate.reports(sorted({*quarters_since(data, began, quarter), *reports(data, quarter)})):
        each, projects, pairs = _supported(data, one)
        gate.count(each, [*projects, *pairs, "any", "none", "all"], by=["org_type"])
        gate.count(each, ["now"])
        gate.overlapping("any", projects)
        for pair in pairs:
            for project in pair.split(JOINED)[1:]:
                gate.nested(pair, JOINED + project)
        gate.lasting("any", *projects, *pairs)
    gate.nested("now", "any")
    gate.partition("all", ["any", "none"])
    gate.known("all")
    return gate.decide(data.programme.smallest_cell)


def _supported(data: Data, quarter: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Of each partner which projects supported it; the projects, the largest first, and the pairs of some."""
    each = partners_at_end(data, quarter).reset_index()
    last, every = last_day(data, quarter), data.other_support
    some = every[(every["started_on"] <= last) & every["organization_id"].isin(each["organization_id"])]
    named = some.groupby("project")["organization_id"].nunique().sort_values(ascending=False, kind="stable")
    large = list(JOINED + named.index[named >= data.programme.smallest_cell])
    project = (JOINED + some["project"]).where(lambda name: name.isin(large), OTHER)
    held = {name: each["organization_id"].isin(ids) for name, ids in some.groupby(project)["organization_id"]}
    pairs = {a + b: held[a] & held[b] for a, b in combinations(large[:MOST_PROJECTS], 2)}
    anyone = each["organization_id"].isin(some["organization_id"])
    now = each["organization_id"].isin(some.loc[~(some["ended_on"] < last), "organization_id"])
    each = each.assign(**held, **pairs, any=anyone, none=~anyone, now=now, all=True)
    return each, [name for name in [*large, OTHER] if name in held], list(pairs)


def overlap(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that other projects supported up to the end of a quarter: by project, by pair of them, and by type.

    Returns
    -------
    DataFrame, one row per project, pair of the :data:`MOST_PROJECTS` largest, :data:`OTHER`, ``any`` and ``none``, and
    group
        ``projects`` (those of a pair joined by " + "), ``by``, ``group``, ``organizations``, ``n`` (partners of the
        group on the last day), ``share``, ``conf_low``, ``conf_high`` (Wilson's). Missing where hidden; no row where no
        support is on record.
    """
    safe = support(data, quarter=quarter).loc[quarter]
    there = safe["at_least"].drop(columns=["all", "now"]).dropna(axis="columns", how="all").columns
    rank = {OTHER: 3, "any": 4, "none": 5}
    order = sorted(there, key=lambda one: rank.get(one, one.count(JOINED))) if len(data.other_support) else []
    known = in_groups(data, safe["n"], order, named="projects", whole="all")
    return known.assign(projects=[" + ".join(filter(None, one.split(JOINED))) for one in known["projects"]])


def supported(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that another project supported on the last day of each quarter.

    Returns
    -------
    DataFrame, one row per fiscal quarter with an event up to ``quarter``, and this one; none without support
        ``fiscal_quarter``, ``supported``, ``n`` (partners), ``share``, ``conf_low``, ``conf_high`` (Wilson's). Missing
        where hidden.
    """
    known = support(data, quarter=quarter)["n"].xs((TOTAL, TOTAL), level=("by", "group"))
    counts = known[["now", "all"]].set_axis(["supported", "n"], axis="columns")
    counts = counts.loc[reports(data, quarter)].rename_axis("fiscal_quarter")
    shown = counts.reset_index()[: None if len(data.other_support) else 0]
    return with_shares(shown, "supported")

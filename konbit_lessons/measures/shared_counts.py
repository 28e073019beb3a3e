"""Counts that several tables, pages and quarters share, decided upon together, so that none tells what another hides.

Takes a cleaned programme; returns counts with blanks, from which the other measures make their tables. Each says here
who is in which figure, how figures go together, and what everybody knows; docs/disclosure.md says it in plain words.
Below stands what all of them rest on: who is a partner, and when, and a programme's kinds and days.
"""

import hashlib
import weakref
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import pairwise

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import AND, TOTAL, Before, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.cleaning.history import partner_on
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.store import cleaned
from konbit_lessons.kept import kept
from konbit_lessons.measures.intervals import with_shares
from konbit_lessons.panel import invitations

TIMES = {"came_once": 1, "came_again": 2, "third": 3, "fourth": 4, "came_five_times": 5}  # step → events attended
UNSEEN = ("third", "fourth", "later", "asked_now", "came_now")  # on no page; ``later``: after the fifth time
STEPS = ("roster", "invited", *(one for one in TIMES if one not in UNSEEN))
BANDS = ("talked", "quarter_before", "earlier", "never")  # by the last conversation
PUBLIC = ("fiscal_quarter", "org_type", "event_type", "period")  # who is invited in each group everybody knows
TAKEN_UP = (*PUBLIC[1:], "consulted_at_design", "other_support_now")
SIDES = {False: "before", True: "after"}  # the period of an event: since the day on which the way of working changed
PAIRS = (("fiscal_quarter", "org_type"), ("event_type", "org_type"))


def once(measure: Callable) -> Callable:
    """Ask a measure once in a process about the very same cleaned programme, and about rows that are equal."""
    told, on_disk = {}, kept(measure)

    @wraps(measure)
    def asked(*about, **options):
        key = (*map(_key, about), *sorted(options.items()))
        if key not in told:
            told[key] = on_disk(*about, **options)
            weakref.finalize(about[0], told.pop, key, None)
        return told[key].copy()

    return asked


def _key(one: Data | pd.DataFrame) -> object:
    if not isinstance(one, pd.DataFrame):
        return id(one)
    return (*one.columns, hashlib.sha256(pd.util.hash_pandas_object(one).to_numpy()).digest())


@once
def panel(data: Data, *, quarter: str) -> pd.DataFrame:
    """One row per invitation up to a quarter, without answers: :func:`konbit_lessons.invitations`, made once."""
    rows = _every_quarter(data)
    until = rows[rows["fiscal_quarter"] <= quarter].reset_index(drop=True)
    return until if len(until) else invitations(data, until=quarter, answers=False)


@once
def _every_quarter(data: Data) -> pd.DataFrame:
    return invitations(data, answers=False).assign(period=lambda rows: side(data, rows["held_on"]))


def side(data: Data, days: pd.Series) -> pd.Series:
    """Which of :data:`SIDES` each day is on; before, where no day of a change is declared."""
    return (days >= pd.Timestamp(data.programme.new_approach_on or pd.Timestamp.max)).map(SIDES)


def attendances(rows: pd.DataFrame) -> pd.DataFrame:
    """The invitations that were taken up."""
    return rows[rows["attended"] == 1]


@once
def taken_part(data: Data, *, quarter: str) -> pd.DataFrame:
    """Organizations reached and come again, as of each quarter up to this one, and invitations taken up.

    Known to everybody are who is on the roster and who was invited.

    Parameters
    ----------
    data : Data
    quarter : str

    Returns
    -------
    DataFrame from :meth:`konbit_lessons.disclosure.Gate.decide`
        Of each quarter ``reached`` (came in it), and of :data:`STEPS` those up to its end, in all and by type;
        ``reached`` and ``partners`` by place. Of invitations whose attendance is known ``invitations`` and ``attended``
        up to its end, in all and by :data:`TAKEN_UP`, ``invitations_now`` and ``attendances`` in it, by type.
    """
    last = max(quarter, *data.quarters)  # what a report decides does not rest on those after it
    return _taken_part(data, quarter=last).loc[:quarter]


@once
def _taken_part(data: Data, *, quarter: str) -> pd.DataFrame:
    gate, rows = Gate(), panel(data, quarter=quarter)
    for one in gate.reports(reports(data, quarter)):
        so_far = rows[rows["fiscal_quarter"] <= one]
        came = attendances(so_far[so_far["fiscal_quarter"] == one])
        each = _steps(data, so_far, one)
        each["reached"] = each["organization_id"].isin(came["organization_id"].unique())
        gate.count(each, ["roster", "invited", *TIMES, "reached"], by=["org_type"])
        every = attendances(so_far)
        later = every.groupby("organization_id").cumcount() >= len(TIMES)
        gate.count(every.assign(later=later), ["later"], by=["org_type"], records=True)
        _count_taken_up(gate, so_far, one, _taken_up_by(data.programme, rows))
        gate.count(_partners_in(data, one, came), ["reached", "partners"], by=["place"])
    gate.nested(*reversed(STEPS))
    for more, fewer in pairwise(reversed(TIMES)):
        gate.below(more, fewer)
    gate.nested("reached", "partners")
    gate.nested("reached", "guests_now")  # of none of the 3 invited in a quarter it is not said that none came
    gate.nested("came_once", "guests")
    gate.overlapping("came_once", [Before("came_once"), "reached"])
    gate.lasting("came_again", "came_five_times")
    gate.below("reached", "attendances")
    gate.within_groups("came_now", "reached")
    gate.partition("attended", [*TIMES, "later"])
    gate.known("roster", "invited", "partners")
    return _decided(gate, data)


def _count_taken_up(gate: Gate, rows: pd.DataFrame, quarter: str, by: Sequence[str]) -> None:
    """Count the invitations up to a quarter whose attendance is known, and those of the quarter, and those taken up."""
    known = rows[rows["attended"].notna()]
    attended, now = known["attended"].astype(bool), known.get("fiscal_quarter", "") == quarter
    known = known.assign(invitations=True, attended=attended, invitations_now=now, attendances=attended & now)
    known = known.assign(guests=True, guests_now=now)
    here = known[known["invitations_now"]].assign(asked_now=True, came_now=lambda one: one["attended"])
    gate.count(known, ["guests", "guests_now"], by)
    pairs = [PAIRS[1]] if {*PAIRS[1]} <= {*by} else []
    gate.count(known, ["invitations", "attended"], by, pairs=pairs, records=True)
    cells = [("event_id", "org_type")] if {*by} & {"org_type"} else []
    gate.count(here, ["asked_now", "came_now"], pairs=cells, records=True)
    gate.count(known, ["invitations_now", "attendances"], [name for name in by if name == "org_type"], records=True)


def _taken_up_by(programme: Programme, rows: pd.DataFrame) -> list[str]:
    """What invitations are grouped by: on the pages, and by each incentive, of which the page on them tells counts."""
    offers = [name for name in programme.incentives if name in rows and not rows[name].nunique() > 2]
    return [name for name in [*TAKEN_UP, *offers] if name in rows]


def _decided(gate: Gate, data: Data) -> pd.DataFrame:
    """Say how invitations go together, and decide."""
    gate.nested("attended", "invitations")
    gate.nested("attendances", "invitations_now")
    gate.partition("invitations", [Before("invitations"), "invitations_now"])
    gate.partition("attended", [Before("attended"), "attendances"])
    gate.grown("attended", "came_now", among=("invitations", "asked_now"))
    gate.lasting("attended")
    gate.below("came_now", "asked_now")
    gate.known("invitations", "invitations_now", "asked_now", "guests", "guests_now")
    gate.unseen(*UNSEEN)
    gate.together(*data.programme.question["incentives"])
    return gate.decide(data.programme.smallest_cell)


def _steps(data: Data, rows: pd.DataFrame, quarter: str) -> pd.DataFrame:
    """Of each organization that had joined by the quarter's end, or was invited, which of the steps it took."""
    each = data.organizations[["organization_id", "org_type", "joined_on"]]
    times = each["organization_id"].map(attendances(rows).groupby("organization_id").size()).fillna(0)
    invited = each["organization_id"].isin(rows["organization_id"].unique())
    taken = {step: invited & (times >= least) for step, least in TIMES.items()}
    joined = each["joined_on"].isna() | (each["joined_on"] <= last_day(data, quarter))
    return each.assign(roster=True, invited=invited, **taken)[joined | invited]


def _partners_in(data: Data, quarter: str, came: pd.DataFrame) -> pd.DataFrame:
    """The organizations that were partners when a quarter began or ended, or came in it."""
    days = first_day(data, quarter), last_day(data, quarter)
    ids = sorted({*came["organization_id"]}.union(*(partners(data.organizations, day) for day in days)))
    here = places(data).reindex(ids).rename("place").rename_axis("organization_id").reset_index()
    return here.assign(partners=True, reached=here["organization_id"].isin(came["organization_id"].unique()))


@once
def conversations(data: Data, *, quarter: str) -> pd.DataFrame:
    """Partners that had a conversation, by month, quarter and how long ago, as the report of a quarter may show them.

    Who is a partner is known to everybody.

    Parameters
    ----------
    data : Data
    quarter : str

    Returns
    -------
    DataFrame from :meth:`konbit_lessons.disclosure.Gate.decide`
        Of the partners on the last day of each quarter from the first with a conversation: ``partners``, and of
        :data:`BANDS` those by their last conversation, in all and by type; each month of it by its first day.
    """
    gate = Gate()
    for one in gate.reports(quarters_since(data, data.conversations["held_on"].min(), quarter)):
        each, months = _talked_with(data, one)
        gate.count(each, [*BANDS, "partners"], by=["org_type"])
        gate.count(each, months)
        gate.overlapping("talked", months)
    gate.partition("partners", BANDS)
    gate.nested("never", Before("never"))
    gate.nested("quarter_before", Before("talked"))
    gate.known("partners")
    return gate.decide(data.programme.smallest_cell)


def _talked_with(data: Data, quarter: str) -> tuple[pd.DataFrame, list[str]]:
    """Of each partner when it last had a conversation, and in which months of a quarter, which are named."""
    each = partners_at_end(data, quarter).reset_index().assign(partners=True)
    talks = data.conversations[data.conversations["held_on"] <= last_day(data, quarter)]
    last = talks.groupby("organization_id")["held_on"].max().reindex(each["organization_id"]).set_axis(each.index)
    began = first_day(data, quarter)
    starts = [began, first_day(data, quarters_since(data, began - pd.Timedelta(days=1), quarter)[0])]
    when = {"never": last.isna(), "talked": last >= starts[0], "quarter_before": last >= starts[1]}
    band = np.select([*when.values()], [*when], "earlier")
    months = {str(day.date()): day for day in pd.date_range(began, last_day(data, quarter), freq="MS")}
    held_in = talks["held_on"].dt.to_period("M")
    for name, day in months.items():
        each[name] = each["organization_id"].isin(talks.loc[held_in == day.to_period("M"), "organization_id"])
    return each.assign(**{name: band == name for name in BANDS}), list(months)


@once
def invitations_taken_up(data: Data, rows: pd.DataFrame, *, also: str = "") -> pd.DataFrame:
    """Invitations whose attendance is known, and those taken up, by whatever the pages group them by.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
    also : str, optional
        Another column to group by, instead of those of :data:`TAKEN_UP`.

    Returns
    -------
    DataFrame of Int64, by (by, group), as ``("event_type × org_type", "training, cooperative")``
        ``invitations``, ``attended``, ``organizations`` that were invited. Missing where hidden.
    """
    quarters = rows.get("fiscal_quarter", pd.Series("", rows.index))
    last = quarters.max() if len(rows) else ""
    if last and not also and _are_all(rows, panel(data, quarter=last)):
        shown = taken_part(data, quarter=last)
    else:
        gate, by = Gate(), [also] if also else _taken_up_by(data.programme, rows)
        for quarter in gate.reports(sorted(quarters.unique()) or [""]):
            _count_taken_up(gate, rows[quarters <= quarter], quarter, by)
        shown = _decided(gate, data)
    return _by_group(shown, last)


def _are_all(rows: pd.DataFrame, every: pd.DataFrame) -> bool:
    """Whether rows are all invitations, in the groups that the pages show, and no selection of them."""
    same = [name for name in ("event_id", "organization_id", "attended", *TAKEN_UP) if name in rows and name in every]
    return rows[same].astype("string").reset_index(drop=True).equals(every[same].astype("string"))


def _by_group(shown: pd.DataFrame, quarter: str) -> pd.DataFrame:
    """Invitations and attendances up to a quarter by each group, and those of each quarter, in all and by type."""
    so_far = _counted(shown.loc[quarter], ["invitations", "attended", "guests"])
    now = _counted(shown, ["invitations_now", "attendances", "guests_now"])
    named = [
        ("fiscal_quarter", one) if by == TOTAL else (AND.join(("fiscal_quarter", by)), f"{one}, {group}")
        for one, by, group in now.index
    ]
    now.index = pd.MultiIndex.from_tuples(named, names=so_far.index.names)
    return pd.concat([so_far, now])


def _counted(shown: pd.DataFrame, figures: list[str]) -> pd.DataFrame:
    """Invitations and attendances, where they were counted: hidden is another thing."""
    counted = shown["at_least"][figures[:2]].notna().all(axis=1)
    return shown["n"][figures].set_axis(["invitations", "attended", "organizations"], axis="columns")[counted]


def hidden_incentives(programme: Programme, rows: pd.DataFrame, data: Data | None = None) -> set[str]:
    """Groupings of which some invitations are hidden, ``attended`` if that of all is; none where nothing is hidden."""
    if programme.study or programme.smallest_cell <= 1:
        return set()
    counted = invitations_taken_up(data or cleaned(programme), rows)[["invitations", "attended"]]
    hidden = {*counted[counted.isna().any(axis=1)].index.get_level_values("by")}
    return {"attended" if by == TOTAL else by for by in hidden}


def in_groups(data: Data, known: pd.DataFrame, figures: Sequence[str], *, named: str, whole: str) -> pd.DataFrame:
    """One row per figure and group: how many organizations, and their share of a whole.

    Parameters
    ----------
    data : Data
    known : DataFrame by (by, group), a column per figure
    figures : columns of `known`
    named : str, the name of the column that says which figure it is
    whole : a column of `known`

    Returns
    -------
    DataFrame
        `named`, ``by``, ``group``, ``organizations``, ``n``, ``share``, ``conf_low``, ``conf_high`` (Wilson's).
    """
    long = known[list(figures)].melt(ignore_index=False, var_name=named, value_name="organizations")
    long = long.join(known[whole].rename("n")).reset_index()
    long = in_order(data, long[[named, "by", "group", "organizations", "n"]])
    return with_shares(long.astype({"organizations": "Int64", "n": "Int64"}), "organizations")


# ---- who is a partner, and when: known to everybody, and the base of what is counted; and a programme's kinds and days


def partners(organizations: pd.DataFrame, day: str | pd.Timestamp) -> pd.Series:
    """Codes of the organizations that were partners on a day: joined by then, or on a day unknown, and not left."""
    return organizations.loc[partner_on(organizations, pd.Timestamp(day)), "organization_id"]


def partners_at_end(data: Data, quarter: str) -> pd.Series:
    """The type of each organization that is a partner on the last day of a quarter."""
    each = data.organizations.set_index("organization_id")["org_type"]
    return each[each.index.isin(partners(data.organizations, last_day(data, quarter)))]


def first_day(data: Data, quarter: str) -> pd.Timestamp:
    """The first day of a quarter."""
    return pd.Timestamp(data.programme.calendar.named(quarter).first_day)


def last_day(data: Data, quarter: str) -> pd.Timestamp:
    """The last day of a quarter that the records cover."""
    return pd.Timestamp(data.programme.last_day(quarter))


def quarters_of(data: Data, days: pd.Series) -> pd.Series:
    """The name of the quarter of each day."""
    return data.programme.calendar.names(days)


def reports(data: Data, until: str) -> list[str]:
    """The quarters up to one of which there is a report: those with an event, and this one."""
    return sorted({until, *(one for one in data.quarters if one <= until)})


def quarters_since(data: Data, day: pd.Timestamp, until: str) -> list[str]:
    """The quarters from that of a day to a last one; the last alone where the day is unknown or later."""
    quarters = [data.programme.calendar.named(until)]
    while pd.Timestamp(quarters[0].first_day) > day:
        quarters.insert(0, quarters[0].previous)
    return [str(one) for one in quarters]


def places(data: Data) -> pd.Series:
    """Where each organization is, by its code; "" where that is not on record, or no places are declared."""
    each, declared = data.organizations.set_index("organization_id"), data.programme.places
    return each[declared.column].fillna("") if declared else pd.Series("", each.index)


def in_order(data: Data, table: pd.DataFrame) -> pd.DataFrame:
    """A table with a column ``group`` in the order of groups: all, the types as programme.toml has them, yes, no."""
    order = ["total", *data.programme.levels("org_type"), "True", "False"]
    return table.sort_values("group", key=lambda one: one.map(order.index), kind="stable", ignore_index=True)

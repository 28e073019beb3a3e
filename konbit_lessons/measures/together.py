"""Counts that several tables, pages and quarters share, decided upon together, so that none tells what another hides.

Takes a cleaned programme and its panel; returns counts with blanks. ``participation`` and ``engagement`` make their
tables from these. docs/disclosure.md says what is linked, and what everybody knows anyway.
"""

import weakref
from collections.abc import Callable
from functools import wraps
from itertools import pairwise

import numpy as np
import pandas as pd

from konbit_lessons.disclosure import in_turn, protected
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.haiti import department
from konbit_lessons.measures.roster import last_day, on_roster, partners, partners_at_end
from konbit_lessons.periods import Quarter, fiscal_quarter

TOTAL = "total"
STEPS = {"roster": None, "invited": 0, "came_once": 1, "came_again": 2, "came_five_times": 5}  # step → events attended
TAKEN_UP = ("fiscal_quarter", "org_type", "event_type", "consulted_at_design", "other_support_now")
LATE_ENOUGH = 4  # times the smallest cell: so many late answers are mostly no few who say yes, or no
PAIRS = (("fiscal_quarter", "org_type"), ("event_type", "org_type"))


def remembered(measure: Callable) -> Callable:
    """Give the last answer again when the very same objects are asked about: each table of a page asks anew."""
    last = []

    @wraps(measure)
    def asked(*about, **options):
        if not last or last[1] != options or any(ref() is not one for ref, one in zip(last[0], about, strict=True)):
            last[:] = [[weakref.ref(one) for one in about], options, measure(*about, **options)]
        return last[2].copy()

    return asked


def attendances(rows: pd.DataFrame) -> pd.DataFrame:
    """The invitations that were taken up."""
    return rows[rows["attended"].fillna(False).astype(bool)]


@remembered
def organizations(data: Data, rows: pd.DataFrame, *, quarter: str) -> pd.Series:
    """Organizations reached and come again, as of each quarter up to this one, and where, as its report may show them.

    All are decided upon as if each quarter had had its report: what that showed is public, what it hid stays hidden.
    Known to everybody are the roster, who was invited, and how many were reached up to each quarter, which is what a
    programme reports.

    Parameters
    ----------
    data : Data
    rows : DataFrame, one row per invitation
        From :func:`konbit_lessons.invitations`.
    quarter : str

    Returns
    -------
    Series of Int64, by (figure, quarter, group); missing where hidden
        ``reached`` (came in the quarter), and of :data:`STEPS` those up to its end, by type and in all (``total``);
        ``reached_in`` and ``partners_in`` by department.
    """
    held = sorted({quarter, *(one for one in rows["fiscal_quarter"] if one <= quarter)})
    parts = [_in_quarter(data, rows, one) for one in held]
    reports = [{"counts": pd.concat(parts[: at + 1]).to_frame("n")} for at in range(len(parts))]
    for at, report in enumerate(reports):
        report |= _relations(report["counts"], held[: at + 1])
    return in_turn(reports, smallest=data.programme.smallest_cell).table["n"].sort_index()


def _in_quarter(data: Data, rows: pd.DataFrame, quarter: str) -> pd.Series:
    so_far = rows[rows["fiscal_quarter"] <= quarter]
    times = attendances(so_far).groupby("organization_id").size()
    each = pd.DataFrame({"org_type": on_roster(data, so_far, quarter)})
    each["times"] = each.index.map(times).fillna(0).where(each.index.isin(so_far["organization_id"]))
    here = attendances(so_far[so_far["fiscal_quarter"] == quarter])["organization_id"].unique()
    steps = {step: each if least is None else each[each["times"] >= least] for step, least in STEPS.items()}
    steps["reached"] = each[each.index.isin(here)]
    kinds = sorted(each["org_type"].unique())
    came = attendances(so_far[so_far["fiscal_quarter"] == quarter]).groupby("org_type").size()
    found = {("attendances", quarter, kind): int(came.get(kind, 0)) for kind in kinds}
    for step, some in steps.items():
        counts = some.groupby("org_type").size().reindex(kinds, fill_value=0)
        found |= {(step, quarter, kind): int(n) for kind, n in counts.items()} | {(step, quarter, TOTAL): len(some)}
    period, known = Quarter.named(quarter), data.organizations
    in_it = {*partners(known, period.first_day), *partners(known, period.last_day), *here}
    places = known[known["organization_id"].isin(in_it)]
    for place, some in places.groupby(department(places["department"])):
        found |= {("reached_in", quarter, place): int(some["organization_id"].isin(here).sum())}
        found |= {("partners_in", quarter, place): len(some)}
    return pd.Series(found).rename_axis(["figure", "quarter", "group"])


def _relations(counts: pd.DataFrame, quarters: list[str]) -> dict:
    """How the figures add up and hold each other, and which everybody knows."""
    at = {figure: {(q, group) for f, q, group in counts.index if f == figure} for figure in ("reached", "reached_in")}
    kinds = sorted({group for _, group in at["reached"]} - {TOTAL})
    label = lambda figure, q, group: (figure, q, group, "n")  # noqa: E731
    groups = [*kinds, TOTAL]
    known = ("roster", "invited", "came_once")
    told = {"sums": [], "within": [], "unions": []}
    told["public"] = [label(*one) for one in counts.index if one[0] in (*known, "partners_in", "attendances")]
    told["below"] = [(label("reached", *one[1:]), label(*one)) for one in counts.index if one[0] == "attendances"]
    for place, q in enumerate(quarters):
        before = quarters[place - 1] if place else None
        of_quarter = [
            (figure, [kind for kind in kinds if (figure, q, kind) in counts.index]) for figure in ("reached", *STEPS)
        ]
        told["sums"] += [(label(figure, q, TOTAL), [label(figure, q, one) for one in of]) for figure, of in of_quarter]
        departments = sorted(group for when, group in at["reached_in"] if when == q)
        told["sums"].append((label("reached", q, TOTAL), [label("reached_in", q, one) for one in departments]))
        told["within"] += [(label("reached_in", q, one), label("partners_in", q, one)) for one in departments]
        for one in (group for group in groups if (("reached", q, group)) in counts.index):
            chain = [label(step, q, one) for step in ("came_five_times", "came_again", "came_once")]
            told["within"] += pairwise(chain)
            if before is None or ("reached", before, one) not in counts.index:
                told["sums"].append((chain[-1], [label("reached", q, one)]))
                continue
            told["within"] += [(label(step, before, one), label(step, q, one)) for step in list(STEPS)[3:]]
            parts = [label("came_once", before, one), label("reached", q, one)]
            told["unions"].append((chain[-1], parts))
    return told


@remembered
def conversations(data: Data, *, quarter: str) -> pd.Series:
    """Partners that had a conversation, by month, quarter and how long ago, as the report of a quarter may show them.

    Decided upon as :func:`organizations` are; who is a partner is known to everybody.

    Parameters
    ----------
    data : Data
    quarter : str

    Returns
    -------
    Series of Int64, by (figure, quarter, group); missing where hidden
        Of the partners on the last day of each quarter from the first with a conversation: ``partners``, ``talked`` (in
        it), ``quarter_before``, ``earlier``, ``never`` (by their last conversation), by type and ``total``; and
        ``month`` by its first day.
    """
    quarters, began = [Quarter.named(quarter)], data.conversations["held_on"].min()
    while pd.Timestamp(quarters[0].first_day) > began:
        quarters.insert(0, quarters[0].previous)
    who = {str(one): _talked_with(data, one) for one in quarters}
    counts = {(figure, q, group): len(some) for q, groups in who.items() for (figure, group), some in groups.items()}
    every = pd.Series(counts).rename_axis(["figure", "quarter", "group"]).to_frame("n")
    reports, told = [], {"sums": [], "within": [], "unions": [], "public": []}
    for place, q in enumerate(who):
        more = _relations_of_talks(who, q, list(who)[place - 1] if place else None)
        told = {name: [*told[name], *more[name]] for name in told}
        until = every.index.get_level_values("quarter") <= q
        reports.append({"counts": every[until], **told})
    return in_turn(reports, smallest=data.programme.smallest_cell).table["n"].sort_index()


def waves(data: Data, *, until: str) -> pd.DataFrame:
    """The answers of each wave of the survey up to a quarter, as reports show them.

    Where few organizations answer a wave after it was last reported, fewer than :data:`LATE_ENOUGH` smallest cells,
    they wait until they are more: the numbers of the wave, before and with them, would tell what they said.

    Parameters
    ----------
    data : Data
    until : str, the quarter

    Returns
    -------
    DataFrame
        Rows of ``data.survey`` with a wave, and ``as_of``: the quarter whose report showed the wave so first.
    """
    survey = data.survey.dropna(subset="wave")
    quarters = fiscal_quarter(survey["submitted_on"])
    parts, smallest = [], data.programme.smallest_cell
    enough = LATE_ENOUGH * smallest if smallest > 1 else 1
    for _, some in survey[quarters <= until].groupby("wave"):
        when = quarters[some.index]
        as_of, known = "", set()
        for quarter in sorted(set(when)):
            new = {*some.loc[when <= quarter, "organization_id"]} - known
            if not as_of or not new or len(new) >= enough:
                as_of, known = quarter, known | new
        parts.append(some[when <= as_of].assign(as_of=as_of))
    return pd.concat(parts) if parts else survey[:0].assign(as_of="")


BANDS = ("talked", "quarter_before", "earlier", "never")


def _talked_with(data: Data, quarter: Quarter) -> dict[tuple[str, str], frozenset]:
    """The organizations behind each figure of a quarter."""
    here, talks = partners_at_end(data, str(quarter)), data.conversations
    talks = talks[(talks["held_on"] <= last_day(str(quarter))) & talks["organization_id"].isin(here.index)]
    last = talks.groupby("organization_id")["held_on"].max().reindex(here.index)
    starts = [pd.Timestamp(one.first_day) for one in (quarter, quarter.previous)]
    conditions = [last.isna(), last >= starts[0], last >= starts[1]]
    band = pd.Series(np.select(conditions, ["never", "talked", "quarter_before"], "earlier"), here.index)
    found = {}
    for group in (*sorted(here.unique()), TOTAL):
        own = here.index if group == TOTAL else here.index[here == group]
        found["partners", group] = frozenset(own)
        found |= {(name, group): frozenset(own[band[own] == name]) for name in BANDS}
    for month in pd.date_range(quarter.first_day, periods=3, freq="MS"):
        of_month = talks["held_on"].dt.to_period("M") == month.to_period("M")
        found["month", str(month.date())] = frozenset(talks.loc[of_month, "organization_id"])
    return found


def _relations_of_talks(who: dict, quarter: str, before: str | None) -> dict:
    """How the figures of a quarter add up, and hold those of the quarter before."""
    now, earlier = who[quarter], who.get(before, {})
    label = lambda figure, group, q=quarter: (figure, q, group, "n")  # noqa: E731
    groups = sorted({group for figure, group in now if figure == "partners"} - {TOTAL})
    months = [group for figure, group in now if figure == "month"]
    sums = [(label("partners", group), [label(band, group) for band in BANDS]) for group in (*groups, TOTAL)]
    sums += [(label(name, TOTAL), [label(name, group) for group in groups]) for name in (*BANDS, "partners")]
    pairs = [("never", "never"), ("quarter_before", "talked")]
    within = [
        (label(part, group), label(whole, group, before))
        for group in (*groups, TOTAL)
        for part, whole in pairs
        if (whole, group) in earlier and now[part, group] <= earlier[whole, group]
    ]
    return {
        "sums": sums,
        "within": within,
        "unions": [(label("talked", TOTAL), [label("month", month) for month in months])],
        "public": [label("partners", group) for group in (*groups, TOTAL)],
    }


@remembered
def invitations_taken_up(rows: pd.DataFrame, *, smallest: int, also: str = "") -> pd.DataFrame:
    """Invitations whose attendance is known, and those taken up, by whatever the pages group them by.

    Parameters
    ----------
    rows : DataFrame, one row per invitation
    smallest : int
        No figure is about fewer organizations.
    also : str, optional
        One more column to group by.

    Returns
    -------
    DataFrame of Int64, by (by, group), as ``("org_type", "cdsp")``, ``("event_type × org_type", "training, cdsp")`` and
    ``("total", "total")``; a group without a name, as where nobody knows who was consulted, is ``""``
        ``invitations``, ``attended``. Missing where hidden.
    """
    known = rows[rows["attended"].notna()]
    names = {
        name: known[name].astype(object).map(lambda one: "" if pd.isna(one) else str(one))
        for name in dict.fromkeys((*TAKEN_UP, also))
        if name in known
    }
    names |= {" × ".join(pair): names[pair[0]] + ", " + names[pair[1]] for pair in PAIRS if {*pair} <= names.keys()}
    groups = {(TOTAL, TOTAL): known} | {
        (name, group): some for name, of in names.items() for group, some in known.groupby(of, sort=True)
    }
    found = {
        at: {
            "invitations": len(some),
            "attended": len(there := attendances(some)),
            "who": some["organization_id"].nunique(),
            "who_attended": there["organization_id"].nunique(),
        }
        for at, some in groups.items()
    }
    index = pd.MultiIndex.from_tuples(found, names=["by", "group"])
    every = pd.DataFrame(list(found.values()), index=index)
    counts = every[["invitations", "attended"]]
    about = every[["who", "who_attended"]].set_axis(counts.columns, axis="columns")
    sums = [
        ((*whole, column), [(*part, column) for part in parts])
        for whole, parts in _parts_of(index, names)
        for column in counts
    ]
    safe = protected(
        counts,
        smallest=smallest,
        sums=sums,
        within=[((*at, "attended"), (*at, "invitations")) for at in counts.index],
        organizations=about,
        withhold=False,
    )
    return safe.table.sort_index()


def _parts_of(index: pd.MultiIndex, names: dict[str, pd.Series]) -> list[tuple[tuple, list[tuple]]]:
    """Each group with those it is made up of: all of each way to group, and one of two ways of pairs of them."""
    parts = [((TOTAL, TOTAL), [at for at in index if at[0] == name]) for name in names]
    for pair in (pair for pair in PAIRS if {*pair} <= names.keys()):
        within = [at for at in index if at[0] == " × ".join(pair)]
        for place, name in enumerate(pair):
            parts += [
                ((name, group), [at for at in within if at[1].split(", ")[place] == group])
                for group in sorted(set(names[name]))
            ]
    return parts

"""What the measures of all quarters show together: nothing hidden can be worked out from it.

The frames behind the pages are read as an outsider reads their CSV files, in the report of each quarter. What ties
figures together is written down here once more, and held against the true numbers; a linear program that shares nothing
with the one that hides looks for the least and the most that each hidden figure can be. Known to everybody are the
roster and the partners on a day, and who was invited.
"""

from dataclasses import replace
from itertools import pairwise, product

import highspy
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import konbit_lessons as kl
from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.example import write_example
from konbit_lessons.field import late
from konbit_lessons.field.store import cleaned
from konbit_lessons.measures import actions, answers, expectations, participation
from konbit_lessons.measures.shared_counts import (
    BANDS,
    PUBLIC,
    STEPS,
    hidden_incentives,
    invitations_taken_up,
    panel,
    partners_at_end,
    quarters_of,
)

UNSEEN = (
    "rest",
    "third",
    "fourth",
    "more",
    "came to",
    "returned",
    "came or left",
)  # on no page, and ties those together that are
AT_ONCE = 12  # programs that ask for all hidden figures together
# To everybody: who is on the roster, and who was invited to what, which the pages count and guests have seen.
KNOWN = (
    "left",
    "roster",
    "invited",
    "partners",
    "all",
    "asked",
    "known",
    "known in",
    "asked to",
    "called",
    "guests",
    "guests in",
)
CHAINS = (  # each among the next
    tuple(reversed(STEPS)),
    ("reached", "partners"),
    ("came_once", "guests"),
    ("now", "any"),
    ("unmet", "yes", "n"),
    ("offered", "n"),
    ("before", "n"),
    ("delivered", "pledged"),
)
GROW = [
    *STEPS,
    "defined",
    "any",
    "attended",
    "known",
    "pledged",
    "delivered",
    "leads",
    "contracts",
    "follow-ups",
    "done",
]
SUMS = {
    "partners": BANDS,
    "all": ("any", "none"),
    "both": ("leads", "contracts"),
    "follow-ups": ("done", "open", "overdue"),
}
RECORDS = {actions.contributions: ("pledged", "delivered"), actions.leads: ("leads", "contracts", "both")}


class Outsider:
    """Collects what is shown, and what is known of how it goes together; then asks how far each figure is narrowed.

    A figure is named (what, quarter of the report, by, group).
    """

    def __init__(self, smallest):
        self.smallest, self.shown, self.least, self.equations, self.truth = smallest, {}, {}, [], {}
        self.differences, self.hidden = set(), set()

    def sees(self, name, value, at_least=0):
        if pd.notna(value):
            assert self.shown.setdefault(name, value) == value, f"{name} is shown as two numbers"
        else:
            self.hidden.add(name)
            self.least[name] = max(self.least.get(name, 0), 0 if pd.isna(at_least) else at_least)

    def adds_up(self, whole, parts):
        self.equations.append({whole: 1} | dict.fromkeys(parts, -1))

    def is_among(self, part, whole, *, figure=True):
        """The rest is a figure too."""
        rest = ("rest", part, whole)
        self.equations.append({whole: 1, part: -1, rest: -1})
        self.truth[rest] = self.truth[whole] - self.truth[part]
        if figure and self.truth[part]:  # of none, which is shown, the rest is the whole
            self.differences.add(rest)

    @property
    def known(self):
        return {name: n for name, n in self.truth.items() if name[0] in KNOWN}

    def told(self):
        """What is narrowed to less than the smallest cell by what is shown: (name, truth, range, range before it).

        Before is what everybody knows, and what the reports of earlier quarters have shown, which nobody can take back.
        Counts are whole, and what is hidden is not none, but in a group that everybody knows to be small.
        """
        for equation in self.equations:
            off = sum(sign * self.truth[name] for name, sign in equation.items())
            assert abs(off) < 1e-9, f"what is known is wrong by {off}: {equation}"
        assert not [name for name, n in self.shown.items() if n != self.truth[name]]
        assert not [name for name, n in self.least.items() if n > self.truth[name]]
        few = {name for name, n in self.truth.items() if 0 < n < self.smallest}
        few &= self.differences | {name for name in self.truth if name[0] not in UNSEEN}
        wanted = sorted({name for name in self.hidden | few if self.truth[name]} - {*self.known}, key=str)
        some = self._not_none()
        least = {name: max(self.least.get(name, 0), name in some) for name in self.truth}
        now = dict(zip(wanted, self._ranges(self.known | self.shown, least, wanted), strict=True))
        narrow = [name for name, (low, high) in now.items() if high - low < self.smallest - 1e-6]
        before = {}
        for quarter in {_quarter(name) for name in narrow}:
            earlier = {name: n for name, n in self.shown.items() if name[1] < quarter}
            new = [name for name in narrow if _quarter(name) == quarter]
            least = {name: float(name[1] <= quarter) for name in some}
            before |= zip(new, self._ranges(self.known | earlier, least, new), strict=True)
        return [
            (name, self.truth[name], *now[name], *before[name])
            for name in narrow
            if now[name][1] - now[name][0] < min(self.smallest, np.ptp(before[name])) - 1e-6
        ]

    def _not_none(self):
        """What is hidden and cannot be zero, which is shown unless a group of known size that holds it is too small."""
        most = {name: self.known.get(name, np.inf) for name in self.truth}
        wholes = [one for one in self.equations if list(one.values()).count(1) == 1]
        limits = [(part, [whole]) for whole, *parts in wholes for part in parts]
        limits += [(whole, parts) for whole, *parts in wholes]
        while smaller := {
            one: most_of for one, of in limits if (most_of := sum(most[name] for name in of)) < most[one]
        }:
            most |= smaller
        return {name for name in self.hidden if self.truth[name] and most[name] >= self.smallest}

    def _ranges(self, given, least, wanted):
        names = sorted(self.truth, key=str)
        place = {name: i for i, name in enumerate(names)}
        matrix = sparse.lil_array((len(self.equations), len(names)))
        for i, equation in enumerate(self.equations):
            for name, sign in equation.items():
                matrix[i, place[name]] = sign
        bounds = np.array([(given.get(name, least.get(name, 0)), given.get(name, 1e4)) for name in names], float)
        solver = solver_of(matrix.tocsr(), *bounds.T)
        seen = np.empty((0, len(names)))  # figures that agree with it: what differs enough needs no program
        at = np.array([place[name] for name in wanted], np.int32)
        for weights in np.random.default_rng(1).choice([-1.0, 1.0], (AT_ONCE, len(at))):
            solver.changeColsCost(len(at), at, weights)
            solver.run()
            seen = np.vstack([seen, solver.getSolution().col_value])
        solver.changeColsCost(len(at), at, np.zeros(len(at)))
        for name in wanted:
            column = seen[:, place[name]]
            if len(seen) and np.floor(column.max()) - np.ceil(column.min()) >= self.smallest:
                yield np.ceil(column.min() - 1e-6), np.floor(column.max() + 1e-6)
                continue
            ends = []
            for sign in (1, -1):
                solver.changeColCost(place[name], sign)
                solver.run()
                assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal, solver.getModelStatus()
                seen = np.vstack([seen, solver.getSolution().col_value])
                ends.append(seen[-1, place[name]])
            solver.changeColCost(place[name], 0)
            yield np.ceil(ends[0] - 1e-6), np.floor(ends[1] + 1e-6)


def solver_of(matrix, low, high):
    """The linear program of what is not negative and adds up, to be asked for the least and the most of each figure."""
    model, nothing = highspy.HighsLp(), np.zeros(matrix.shape[0])
    model.num_row_, model.num_col_ = matrix.shape
    model.col_lower_, model.col_upper_, model.col_cost_ = low, high, np.zeros(len(low))
    model.row_lower_ = model.row_upper_ = nothing
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(model)
    return solver


def _quarter(name):
    """The last quarter that a figure, or a difference of two, is of."""
    return max(name[1][1], name[2][1]) if name[0] == "rest" else name[1]


def place(kind):
    return (TOTAL, TOTAL) if kind == TOTAL else ("org_type", kind)


def of_organizations(data, quarter):
    """Reached, come again, and where; and the attendances of each quarter, which the next holds as well."""
    for line in participation.reached(data, quarter=quarter).itertuples():
        at = line.fiscal_quarter, *place(line.org_type)
        yield ("reached", *at), line.reached, 0
        yield ("came_once", *at), line.so_far, line.at_least
        yield ("roster", *at), line.organizations, 0
        yield ("attended in", *at), line.attendances, 0
    for line in participation.funnel(data, quarter=quarter).itertuples():
        yield (line.step, quarter, *place(line.org_type)), line.organizations, line.at_least
    for line in participation.where(data, quarter=quarter).itertuples(index=False):
        yield ("reached", quarter, "place", line[0]), line.reached, 0
        yield ("partners", quarter, "place", line[0]), line.n, 0
    yield from of_invitations(data, quarter)


def of_invitations(data, quarter):
    """Those whose attendance is known, and those taken up: in each quarter, and so far in each group."""
    counts = invitations_taken_up(data, panel(data, quarter=quarter)).drop(TOTAL, level="by")
    for (by, group), line in counts.iterrows():
        at, ends = (quarter, by, group), ""
        if by.startswith("fiscal_quarter"):
            when, *kind = group.split(", ")
            at, ends = (when, *(("org_type", *kind) if kind else (TOTAL, TOTAL))), " in"
        yield (f"attended{ends}", *at), line["attended"], 0
        yield (f"known{ends}", *at), line["invitations"], 0
        if by in PUBLIC:
            yield (f"guests{ends}", *at), line["organizations"], 0


def of_meaningful(data, quarter):
    for line in participation.meaningful(data, quarter=quarter).itertuples():
        kind = data.programme.levels("org_type")
        at = (quarter, *place(line.way)) if line.way in kind else (quarter, TOTAL, TOTAL)
        yield ("defined" if line.way in kind else line.way, *at), line.organizations, 0
        yield ("asked", *at), line.n, 0


def of_conversations(data, quarter):
    for line in expectations.calendar(data, quarter=quarter).itertuples():
        at = line.fiscal_quarter, TOTAL, TOTAL
        yield (f"month {line.month.date()}", *at), line.organizations, 0
        yield ("talked", *at), line.talked_with, 0
        yield ("partners", *at), line.n, 0
    for line in expectations.last_talked(data, quarter=quarter).to_dict("records"):
        at = quarter, line["by"], line["group"]
        yield (line["last"], *at), line["organizations"], 0
        yield ("partners", *at), line["n"], 0


def of_answers(data, quarter, wave=None):
    told = answers.said(data, quarter=quarter) if wave is None else of_wave(data, quarter, wave)
    for line in told.to_dict("records"):
        for figure in ("yes", "n", "before", "offered", "unmet"):
            if figure in ("yes", "n") or pd.notna(line[figure]):
                yield (figure, quarter, f"{line['term']} {line['round']} {line['by']}", line["group"]), line[figure], 0


def of_wave(data, quarter, wave):
    """What :func:`answers.said` says of one wave."""
    asked = [
        (term, kind, *waves)
        for term, kind in answers.statements(data).items()
        for waves in answers._waves_of(data, term, kind, quarter)
        if waves[0] == wave
    ]
    return pd.concat([answers._counted(data, *about, quarter) for about in asked]).reindex(columns=answers.SAID)


def of_support(data, quarter):
    for line in expectations.overlap(data, quarter=quarter).to_dict("records"):
        yield (line["projects"], quarter, line["by"], line["group"]), line["organizations"], 0
        yield ("all", quarter, line["by"], line["group"]), line["n"], 0
    for line in expectations.supported(data, quarter=quarter).itertuples():
        yield ("now", line.fiscal_quarter, TOTAL, TOTAL), line.supported, 0
        yield ("all", line.fiscal_quarter, TOTAL, TOTAL), line.n, 0


def of_records(data, quarter):
    """Pledges, leads and follow-ups."""
    for measure, figures in RECORDS.items():
        for line in measure(data, quarter=quarter).to_dict("records"):
            by = TOTAL if line["fiscal_quarter"] == TOTAL else "fiscal_quarter"
            yield from (((figure, quarter, by, line["fiscal_quarter"]), line[figure], 0) for figure in figures)
    for state, n in expectations.follow_ups(data, quarter=quarter).itertuples(index=False):
        yield ("follow-ups" if state == TOTAL else state, quarter, TOTAL, TOTAL), n, 0


def of_incentives(data, quarter):
    """Invitations with an incentive and without it, and those taken up; how many are rows of all is told."""
    rows = kl.invitations(data, until=quarter)
    whole = kl.estimate(data.programme.formula, rows, incentives=data.programme.question["incentives"])
    least = data.programme.smallest_cell
    result = whole.shown(least, also_hidden=hidden_incentives(data.programme, rows, data))
    yield ("took up", quarter, TOTAL, TOTAL), pd.Series([result.rate * whole.table["n"].iloc[0]]).round()[0], 0
    for line in result.table[result.table["varies_by"] == "event_id"].itertuples():
        for side in ("offered", "not_offered"):
            yield ("took up", quarter, line.term, side), getattr(line, f"k_{side}"), 0


FAMILIES = {
    "organizations": of_organizations,
    "meaningful": of_meaningful,
    "conversations": of_conversations,
    "answers": of_answers,
    "support": of_support,
    "records": of_records,
    "incentives": of_incentives,
}


def outsider_of(families, data, quarters, before=None):
    """Who has read the figures of all pages in the reports of all quarters; and what they are.

    `before` is what all reports but the last were made from once already, and read.
    """
    outsider, whole = Outsider(data.programme.smallest_cell), alone(data)
    for figures, quarter in product(families, quarters):
        waves = waves_of(data, quarter).items() if figures is of_answers else ()
        wholes = [figures(one, quarter, wave) for wave, one in waves] or [figures(whole, quarter)]
        outsider.truth |= {name: int(n) for told in wholes for name, n, _ in told if pd.notna(n)}
        if figures is of_support:
            outsider.truth |= of_other_projects(data, quarter)
        for build in [data] if before is None or quarter == quarters[-1] else [before, data]:
            for name, n, at_least in figures(build, quarter):
                outsider.sees(name, n, at_least)
    relate(outsider, data)
    of_meaningfully(outsider, data.programme.meaningful.model_dump())
    of_events(outsider, panel(data, quarter=quarters[-1]), quarters)
    of_times(outsider, panel(data, quarter=quarters[-1]), quarters)
    of_offers(outsider, panel(data, quarter=quarters[-1]))
    return outsider


def waves_of(data, quarter):
    """The data by wave: its late answers wait, and are no figure until then; those of waves before are known."""
    own, every = (of(data, until=quarter) for of in (answers.waves, answers.every_wave))
    when = quarters_of(data, every["submitted_on"])
    wholes = {}
    for wave, some in own.groupby("wave"):
        before = every[(every["wave"] < wave) & (when <= when[some.index].max())]
        wholes[wave] = alone(data, survey=pd.concat([before, some]))
    return wholes


def of_other_projects(data, quarter):
    """Partners supported by projects that few have named, which only a page that may be shared takes together."""
    each = expectations._supported(data, quarter)[0]
    if expectations.OTHER not in each:
        return {}
    by_type = each.groupby("org_type")[expectations.OTHER].sum()
    counts = {("org_type", kind): n for kind, n in by_type.items()} | {(TOTAL, TOTAL): by_type.sum()}
    return {(expectations.OTHER, quarter, *at): int(n) for at, n in counts.items()}


def alone(data, **tables):
    """The same data for the team's own eyes."""
    programme = replace(data.programme, smallest_cell=1, audience="internal")
    return replace(data, programme=programme, tables=data.tables | tables)


def relate(outsider, data):
    """Write down how the figures that an outsider has read go together."""
    truth = outsider.truth
    of_totals(outsider)
    earlier = {now: before for before, now in pairwise(data.quarters)}
    for what, quarter, *at in [name for name in truth if name[0] != "rest"]:
        for chain in CHAINS:
            for part, whole in pairwise(chain):
                if what == part and (whole, quarter, *at) in truth:
                    outsider.is_among((part, quarter, *at), (whole, quarter, *at))
        before, name = (what, earlier.get(quarter), *at), (what, quarter, *at)
        grows = what in GROW or (what == "n" and truth.get(before, 1e9) <= truth[name])
        if what == "any" and before in truth and (left := that_left(data, before[1], quarter, at)):
            outsider.truth["came or left", *name[1:]] = truth[name] + left
            outsider.equations.append({("came or left", *name[1:]): 1, name: -1, ("left", *name[1:]): -1})
            outsider.truth["left", *name[1:]] = left
            outsider.is_among(before, ("came or left", *name[1:]), figure=False)
        elif grows and before in truth and truth[before] <= truth[name]:
            outsider.is_among(before, name)
        if what == "reached" and ("came_once", *name[1:]) in truth:
            of_so_far(outsider, ("came_once", *before[1:]), name, ("came_once", *name[1:]))
        if what in SUMS and all((part, quarter, *at) in truth for part in SUMS[what]):
            outsider.adds_up(name, [(part, quarter, *at) for part in SUMS[what]])
        if what in ("attended", "attended in") and (what.replace("attended", "known"), quarter, *at) in truth:
            outsider.is_among(name, (what.replace("attended", "known"), quarter, *at))
        if what == "attended in" and ("reached", quarter, *at) in truth:
            outsider.is_among(("reached", quarter, *at), name, figure=False)
        if what.startswith("month "):
            outsider.is_among(name, ("talked", quarter, *at))
        if " + " in what:
            for project in what.split(" + "):
                outsider.is_among(name, (project, quarter, *at))
        if what.startswith(("hours", "senior", "contributions")) and ("defined", quarter, *at) in truth:
            pair = [name, ("defined", quarter, *at)]
            outsider.is_among(*(pair if what.endswith("_higher") else reversed(pair)))
    of_quarters(outsider)


def that_left(data, before, quarter, at):
    """How many were partners on the last day of one quarter and are not on that of another, whom everybody knows."""
    then, now = (partners_at_end(data, one) for one in (before, quarter))
    return len(then[~then.index.isin(now.index) & (then.eq(at[1]) | (at[1] == TOTAL))])


def of_totals(outsider):
    """Groups add up to all of them, where they do: a page that leaves one out tells less."""
    truth = outsider.truth
    groups = {}
    for what, quarter, by, group in truth:
        if by not in (TOTAL, "both") and not by.endswith((TOTAL, " both")):
            groups.setdefault((what, quarter, by), []).append((what, quarter, by, group))
    for (what, quarter, by), parts in groups.items():
        term = " ".join(by.split(" ")[:-1])
        whole = (what, quarter, f"{term} {TOTAL}".strip() if " × " not in by else TOTAL, TOTAL)
        if what in ("attended", "known") and whole not in truth and by == "event_type":
            truth[whole] = sum(truth[part] for part in parts)
        if whole in truth and sum(truth[part] for part in parts) == truth[whole]:
            outsider.adds_up(whole, parts)
    for what, quarter, by, group in [name for name in truth if " × " in str(name[2])]:
        for one, of in zip(by.split(" × "), group.split(", "), strict=True):
            whole = (what, quarter, one, of)
            parts = [name for name in truth if name[:3] == (what, quarter, by) and of in name[3].split(", ")]
            if whole in truth and sum(truth[part] for part in parts) == truth[whole]:
                outsider.adds_up(whole, parts)


def of_so_far(outsider, before, reached, now):
    """Of those reached before, some came in the quarter as well: all of both are those reached so far."""
    if before not in outsider.truth:
        outsider.adds_up(now, [reached]) if outsider.truth[now] == outsider.truth[reached] else None
        return
    returned = ("returned", *reached[1:])
    outsider.truth[returned] = outsider.truth[before] + outsider.truth[reached] - outsider.truth[now]
    outsider.equations.append({before: 1, reached: 1, now: -1, returned: -1})
    outsider.is_among(reached, now)


def of_quarters(outsider):
    """Invitations so far are those of each quarter, in all and by type."""
    quarters = sorted({name[1] for name in outsider.truth if name[0] == "attended in"})
    for what in ("attended", "known"):
        for name in [name for name in outsider.truth if name[0] == what and name[2] in (TOTAL, "org_type")]:
            parts = [(f"{what} in", one, *name[2:]) for one in quarters if one <= name[1]]
            if all(part in outsider.truth for part in parts):
                outsider.adds_up(name, parts)


def of_events(outsider, rows, quarters):
    """Who was invited to each event is known, of each type; how many came is not, and adds up to all that is told."""
    rows, truth = rows[rows["attended"].notna()], outsider.truth
    cells = rows.groupby(["event_id", "fiscal_quarter", "event_type", "org_type"])["attended"].agg(["size", "sum"])
    cells = cells.reset_index()
    for line in cells.itertuples():
        name = ("came to", line.event_id, "org_type", line.org_type)
        truth |= {name: int(line.sum), ("asked to", *name[1:]): line.size}
        outsider.is_among(name, ("asked to", *name[1:]), figure=False)
        whole = ("reached", line.fiscal_quarter, "org_type", line.org_type)
        if whole in truth:
            outsider.is_among(name, whole, figure=False)
    of_called(outsider, rows)
    for what, quarter, by, group in [name for name in truth if name[0] in ("attended", "attended in")]:
        of = dict(zip(by.split(" × "), group.split(", "), strict=True)) if by != TOTAL else {}
        if {*of} <= {*cells}:
            here = cells["fiscal_quarter"].eq(quarter) if what == "attended in" else cells["fiscal_quarter"] <= quarter
            here &= (cells[list(of)] == pd.Series(of)).all(axis=1) if of else True
            parts = [("came to", line.event_id, "org_type", line.org_type) for line in cells[here].itertuples()]
            outsider.adds_up((what, quarter, by, group), parts)


def of_called(outsider, rows):
    """Who is reached in a quarter was invited in it, and these are known."""
    for what, quarter, *at in [name for name in outsider.truth if name[0] == "reached" and name[2] != "place"]:
        some = rows[(rows["fiscal_quarter"] == quarter) & (rows["org_type"].eq(at[1]) | (at[1] == TOTAL))]
        outsider.truth["called", quarter, *at] = some["organization_id"].nunique()
        outsider.is_among((what, quarter, *at), ("called", quarter, *at), figure=False)


def of_offers(outsider, rows):
    """Which events offered what is known: with an incentive came who came to those."""
    truth = outsider.truth
    for what, quarter, by, side in [name for name in truth if name[0] == "took up"]:
        some = rows[(rows["fiscal_quarter"] <= quarter) & rows["attended"].notna()]
        some = some if by == TOTAL else some[(some[by] > 0) == (side == "offered")]
        cells = some[["event_id", "org_type"]].drop_duplicates().itertuples(index=False)
        parts = [("came to", event, "org_type", kind) for event, kind in cells]
        if sum(truth[part] for part in parts) == truth[what, quarter, by, side]:
            outsider.adds_up((what, quarter, by, side), parts)


def of_meaningfully(outsider, least):
    """Who takes part meaningfully has come, where that asks for hours or a director."""
    ways = participation._ways(least)
    for what, *at in [name for name in outsider.truth if name[0] in ways]:
        if (ways[what]["hours"] or ways[what]["senior_delegates"]) and ("came_once", *at) in outsider.truth:
            outsider.is_among((what, *at), ("came_once", *at), figure=False)


def of_times(outsider, rows, quarters):
    """Attendances are those that came once, again, a third time, and so on."""
    truth, came = outsider.truth, rows[rows["attended"] == 1]
    for quarter, kind in product(quarters, [TOTAL, *rows["org_type"].unique()]):
        some = came[(came["fiscal_quarter"] <= quarter) & ((came["org_type"] == kind) | (kind == TOTAL))]
        times, at = some["organization_id"].value_counts(), (quarter, *place(kind))
        names = {1: "came_once", 2: "came_again", 3: "third", 4: "fourth", 5: "came_five_times"}
        chain = [(name, *at) for name in names.values()]
        if ("attended", *at) not in truth or not {chain[0], chain[1], chain[4]} <= {*truth}:
            continue
        truth |= {(name, *at): int((times >= least).sum()) for least, name in names.items() if least in (3, 4)}
        truth[more := ("more", *at)] = int((times - 5).clip(lower=0).sum())
        outsider.adds_up(("attended", *at), [*chain, more])
        for whole, part in pairwise(chain):
            outsider.is_among(part, whole, figure=False)


def attacked(programme_file, smallest=None, *, last=0, families=FAMILIES):
    """Everything that the reports of all quarters together tell too exactly: (what about, which, value, range …)."""
    programme = kl.load(programme_file)
    data = kl.clean(programme if smallest is None else replace(programme, smallest_cell=smallest))
    outsider = outsider_of(families.values(), data, data.quarters[-last:])
    return outsider.told(), len(outsider.hidden)


def test_the_outsider_works_out_what_is_hidden_alone():
    a, b, c, d = (("came", "Q", TOTAL, letter) for letter in "abcd")
    outsider = Outsider(5)
    outsider.truth = {a: 3, b: 40, c: 43, d: 41}
    outsider.sees(b, 40)
    outsider.adds_up(c, [a, b])
    outsider.is_among(b, d)
    assert outsider.told() == []
    outsider.sees(c, 43)
    outsider.sees(d, 41)
    assert [line[:4] for line in outsider.told()] == [(a, 3, 3, 3), (("rest", b, d), 1, 1, 1)]
    with pytest.raises(AssertionError, match="is shown as two numbers"):
        outsider.sees(b, 41)


@pytest.mark.slow
def test_nothing_can_be_worked_out_of_all_quarters_of_the_small_programme(whole_programme):
    told, hidden = attacked(whole_programme / "programme.toml")
    assert told == [] and hidden > 200


@pytest.mark.slow
@pytest.mark.parametrize("smallest", [5, 10])
def test_nothing_can_be_worked_out_of_all_quarters_of_the_example(tmp_path, smallest):
    write_example(tmp_path / "example")
    told, hidden = attacked(tmp_path / "example" / "programme.toml", smallest)
    assert told == [] and hidden > 200


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_nothing_can_be_worked_out_of_the_last_quarters_of_small_programmes(tmp_path, seed):
    """Incentives of every second one, which take longest; ``benchmarks.disclosure --pages 20`` reads all of all."""
    write_example(tmp_path / "small", organizations=11 + 4 * seed, events=8 + seed, seed=seed)
    some = {name: of for name, of in FAMILIES.items() if seed % 2 == 0 or name != "incentives"}
    told, hidden = attacked(tmp_path / "small" / "programme.toml", last=2, families=some)
    assert told == [] and hidden > 50


@pytest.mark.slow
def test_the_attack_finds_what_is_shown_of_each_quarter_alone(tmp_path, monkeypatch):
    """A report that does not know what those before it showed tells who was added since."""
    write_example(tmp_path / "small", organizations=24, events=10, seed=22)
    decided = Gate.decide

    def alone(gate, smallest):
        """Each report of a gate decided upon by a gate of its own."""
        tables = []
        for name in gate._reports:
            one = Gate()
            one._reports, one._rules, one._known = [name], gate._rules, gate._known
            one._numbers, one._ids, one._of = gate._numbers, gate._ids, gate._of
            one._counted = {place: of for place, of in gate._counted.items() if place[1] == name}
            tables += [decided(one, smallest)] if one._counted else []
        return pd.concat(tables).sort_index()

    monkeypatch.setattr(Gate, "decide", alone)
    told, _ = attacked(tmp_path / "small" / "programme.toml", last=2, families={"organizations": of_organizations})
    assert told


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """24 organizations, with the cleaned tables on disk."""
    folder = tmp_path_factory.mktemp("small") / "programme"
    write_example(folder, organizations=24, events=10)
    cleaned(kl.load(folder / "programme.toml"))
    return folder / "programme.toml"


def test_types_and_their_total_are_decided_together(small):
    """Of 15 organizations reached 11 are of one type: the 4 of the other are hidden, and not told by the two."""
    data, hidden = cleaned(kl.load(small)), 0
    for quarter in data.quarters:
        table = participation.funnel(data, quarter=quarter).set_index(["step", "org_type"])["organizations"]
        for step in table.index.unique("step"):
            assert table[step].isna().sum() != 1, (quarter, step)
            hidden += table[step].isna().any()
    assert hidden


def test_a_project_that_few_have_named_is_another_project_and_in_no_pair(small):
    data, named = cleaned(kl.load(small)), "Tèt Ansanm of one respondent"
    rows = data.other_support
    few = rows["organization_id"].isin(rows["organization_id"].unique()[:4])
    data = replace(data, tables=data.tables | {"other_support": rows.assign(project=rows["project"].mask(few, named))})
    told = {quarter: expectations.overlap(data, quarter=quarter)["projects"] for quarter in data.quarters}
    assert not [quarter for quarter, one in told.items() if one.str.contains(named).any()]
    assert expectations.OTHER in {*told[data.quarter]}
    own = expectations.overlap(alone(data), quarter=data.quarter)["projects"]
    assert own.str.contains(named).any() and expectations.OTHER not in {*own}


@pytest.mark.slow
@pytest.mark.parametrize(("organizations", "events", "seed"), [(28, 13, 22), (39, 9, 3)])
def test_nothing_can_be_worked_out_of_how_often_and_to_what_all_came(tmp_path, organizations, events, seed):
    """Of events, quarters and types together: kinds of events told who came of one type, incentives of one event."""
    write_example(tmp_path / "small", organizations=organizations, events=events, seed=seed)
    told, hidden = attacked(tmp_path / "small" / "programme.toml", last=2)
    assert told == [] and hidden > 50


@pytest.mark.slow
def test_nothing_can_be_worked_out_of_support_when_a_partner_has_left(tmp_path):
    """Of 43 partners 20 were supported, and one left; then 21 of 42: of each type that was told to one."""
    write_example(tmp_path / "small", organizations=43, events=16, seed=8)
    told, hidden = attacked(tmp_path / "small" / "programme.toml", families={"support": of_support})
    assert told == [] and hidden > 40


CLOSED, OPEN = "2017-01-02", "2017-07-02"
LATE = {  # what → days of the late pledges, how many of them the shared pages count
    "one organization": ([CLOSED], 0),
    "four organizations": ([CLOSED] * 4, 0),
    "as many as the smallest cell": ([CLOSED] * 5, 5),
    "after what was published": ([OPEN] * 2, 2),
    "one late, one not": ([CLOSED, OPEN], 1),
}


@pytest.mark.parametrize("case", LATE)
def test_late_records_of_few_organizations_wait_and_those_of_enough_move_together(small, case):
    days, counted = LATE[case]
    data = cleaned(kl.load(small))
    late.keep(data, "2017-06-30", {"data": "then"})
    ids = data.organizations["organization_id"].head(len(days)).to_numpy()
    pledges = pd.DataFrame({"organization_id": ids, "pledged_on": pd.to_datetime(days), "kind": "time"})
    more = pd.concat([data.contributions, pledges.reindex(columns=data.contributions.columns)])
    now = replace(data, tables=data.tables | {"contributions": more.astype(data.contributions.dtypes)})
    shown, own = (late.as_published(one, {"data": "now"}) for one in (now, alone(now)))
    assert len(shown.contributions) == len(data.contributions) + counted
    assert bool(late.waiting(shown)) == (counted < len(days))
    assert len(own.contributions) == len(more) and not late.waiting(own)


def one_record_later(data, day, which, what):
    """A table in which one partner has a record more on a day, and none shortly before; or one came less, by a day."""
    rows = data.tables[what]
    if what == "invitations":
        held_on = rows["event_id"].map(data.events.set_index("event_id")["held_on"])
        came = rows.index[(held_on <= day) & rows["attended"].fillna(False)]
        return rows.assign(attended=rows["attended"].mask(rows.index == came[which % len(came)], False))
    on = {"contributions": "pledged_on", "conversations": "held_on"}[what]
    ids = partners_at_end(data, quarters_of(data, pd.Series([day])).iloc[0]).index
    free = ids[~ids.isin(rows.loc[rows[on] > day - pd.Timedelta(days=100), "organization_id"])]
    record = pd.DataFrame({"organization_id": [free[which % len(free)]], on: [day]}).reindex(columns=rows.columns)
    return pd.concat([rows, record]).astype(rows.dtypes).reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "what"), [(13, "conversations")])
def test_two_builds_that_are_one_late_record_apart_tell_no_more_than_one(tmp_path, seed, what):
    """Reports of a closed quarter from before and after, and the next: read together, and by linear programs."""
    write_example(tmp_path / "small", organizations=11 + 4 * seed, events=8 + seed, seed=seed)
    data = cleaned(kl.load(tmp_path / "small" / "programme.toml"))
    quarters = data.quarters[-3:]
    day = pd.Timestamp(data.programme.calendar.named(quarters[-2]).last_day)
    late.keep(data, str(day.date()), {"data": "then"})
    now = replace(data, tables=data.tables | {what: one_record_later(data, day, seed, what)})
    told = outsider_of(FAMILIES.values(), late.as_published(now, {"data": "now"}), quarters, before=data).told()
    assert told == []
    figures = {"invitations": of_organizations, "contributions": of_records, "conversations": of_conversations}[what]
    was, shown = ([*figures(one, quarters[-2])] for one in (data, late.as_published(now, {"data": "now"})))
    then, since = ([*figures(alone(one), quarters[-2])] for one in (data, now))
    assert str(was) == str(shown) and then != since, "the pages of both builds are the same, the records are not"


def test_a_quarter_made_again_with_one_record_changed_or_gone_is_the_same(small):
    data = cleaned(kl.load(small))
    late.keep(data, "2017-06-30", {"data": "then"})
    rows = data.invitations
    one = rows["organization_id"] == rows["organization_id"].iloc[0]
    for changed in (rows[~one], rows.assign(attended=rows["attended"].mask(one))):
        now = replace(data, tables=data.tables | {"invitations": changed.reset_index(drop=True)})
        shown = late.as_published(now, {"data": "now"})
        assert all(shown.tables[name].equals(table) for name, table in data.tables.items())
        assert late.waiting(shown)

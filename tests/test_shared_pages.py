"""What all pages of a quarter, and of the quarters before, show together: nothing hidden can be worked out from it.

The tables behind the pages are read as an outsider reads them, as CSV. What ties their figures together is written down
here once more, from what the pages say of them, and a linear program that shares nothing with the one that hides them
looks for the least and the most that each hidden figure can be. Known to everybody are the roster and the partners on a
day, who was invited, and how many were reached up to each quarter.
"""

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog

import konbit_lessons as kl
from konbit_lessons.example import write_example
from konbit_lessons.figures import charts, drawing
from konbit_lessons.measures.quality import TALKED_WITH
from konbit_lessons.measures.roster import partners_at_end
from konbit_lessons.measures.together import waves
from konbit_lessons.pages import data_quality, expectations, participation
from konbit_lessons.parts import as_csv
from konbit_lessons.tables import EVENT_TYPES, LEVELS, ORG_TYPES

TOTAL = "total"
SHOWN_BY = {
    participation: ("reach_figure", "funnel_figure", "departments_figure", "uptake_table", "uptake_figure",
                    "consulted_figure", "meaningful_figure", "compared_table"),
    expectations: ("gap_figure", "groups_table", "overlap_table", "overlap_figure", "calendar_figure", "since_table"),
}  # fmt: skip
WITHOUT_ROWS = {"overlap_table", "calendar_figure", "since_table"}


def tables(data, rows, quarter):
    """name → the CSV that stands beside the pages of a quarter, as a reader gets it."""
    parts = [
        getattr(page, name)(data, *([] if name in WITHOUT_ROWS else [rows]), quarter=quarter)
        for page, names in SHOWN_BY.items()
        for name in names
    ]
    quality = kl.data_quality(data)
    parts += [
        *(expectations.opinion_figure(data, one, quarter=quarter) for one in expectations.OPINIONS),
        data_quality.standards_table(data, quarter=quarter),
        data_quality.response_figure(data, quality, quarter=quarter),
    ]
    found = {one.name: as_csv(one.numbers) for one in parts if getattr(one, "name", "")}
    return {name: pd.read_csv(StringIO(text), keep_default_na=True) for name, text in found.items()}


class Outsider:
    """Collects what is shown, and what is known of how it goes together; then asks how far each figure is narrowed."""

    def __init__(self, smallest):
        self.smallest, self.shown, self.known, self.equations, self.truth = smallest, {}, {}, [], {}
        self.differences, self.hidden = [], set()

    def sees(self, label, value):
        if pd.notna(value):
            assert self.shown.setdefault(label, value) == value, f"{label} is shown as two numbers"

    def adds_up(self, whole, parts):
        self.equations.append({whole: 1} | dict.fromkeys(parts, -1))

    def is_among(self, part, whole, *, figure=True):
        """The rest is a figure too."""
        rest = ("rest", part, whole)
        self.equations.append({whole: 1, part: -1, rest: -1})
        self.truth[rest] = self.truth[whole] - self.truth[part]
        if figure and self.truth[part]:  # of none, which is shown, the rest is the whole
            self.differences.append(rest)

    def told(self):
        """Hidden figures, or rests, that are narrowed to less than the smallest cell, and how far without any table."""
        for equation in self.equations:
            off = sum(sign * self.truth[name] for name, sign in equation.items())
            assert abs(off) < 1e-9, f"what is known is wrong by {off}: {equation}"
        names = sorted({name for one in self.equations for name in one} | {*self.shown} | {*self.hidden}, key=str)
        place = {name: i for i, name in enumerate(names)}
        matrix = sparse.lil_array((len(self.equations), len(names)))
        for i, equation in enumerate(self.equations):
            for name, sign in equation.items():
                matrix[i, place[name]] = sign
        few = {name for name in (*self.truth,) if 0 < self.truth[name] < self.smallest}
        few &= {*self.differences} | {name for name in names if name[0] != "rest"}
        wanted = sorted({name for name in self.hidden | few if self.truth[name]} - {*self.known}, key=str)
        both = self.known | self.shown
        now = dict(zip(wanted, self._ranges(matrix.tocsr(), names, both, wanted), strict=True))
        narrow = [name for name, (low, high) in now.items() if high - low < self.smallest - 1e-6]
        lines = []
        for name, (low, high) in zip(narrow, self._ranges(matrix.tocsr(), names, self.known, narrow), strict=True):
            if now[name][1] - now[name][0] < min(self.smallest, high - low) - 1e-6:
                lines.append((name, self.truth[name], *now[name], low, high))
        return lines

    def _ranges(self, matrix, names, given, wanted):
        for name in given:
            assert abs(given[name] - self.truth[name]) < 1e-9, (name, given[name], self.truth[name])
        low = np.array([given.get(name, 0.0) for name in names])
        high = np.array([given.get(name, 1e4) for name in names])
        bounds, right, found = np.column_stack([low, high]), np.zeros(matrix.shape[0]), []
        for name in wanted:
            goal, ends = np.zeros(len(names)), []
            for sign in (1, -1):
                goal[names.index(name)] = sign
                solved = linprog(goal, A_eq=matrix, b_eq=right, bounds=bounds)
                assert solved.status == 0, solved.message
                ends.append(sign * solved.fun)
            found.append(ends)
        return found


def alone(data, **tables):
    """The same data for the team's own eyes."""
    programme = replace(data.programme, smallest_cell=1, audience="internal")
    return replace(data, programme=programme, tables=data.tables | tables)


def reports(data, rows, quarters):
    """quarter → what its report shows, and what it would show if nothing were hidden."""
    found = {}
    for quarter in quarters:
        so_far = rows[rows["fiscal_quarter"] <= quarter]
        survey = waves(data, until=quarter).drop(columns="as_of")  # late answers wait, and are no figure until then
        found[quarter] = tables(data, so_far, quarter), tables(alone(data, survey=survey), so_far, quarter)
    return found


KINDS = {"Service providers (CDSPs)": "cdsp", "Awardees": "awardee", "All types": TOTAL}
EVENTS = {label[:1].upper() + label[1:]: name for name, label in LEVELS.items() if name in EVENT_TYPES}


def organizations(told, quarter):
    """Organizations reached, and come again, and where: label → number."""
    found = {}
    for line in told["reached_by_quarter"].itertuples() if "reached_by_quarter" in told else ():
        found["reached", line.fiscal_quarter, line.org_type] = line.reached
        found["so far", line.fiscal_quarter, line.org_type] = line.so_far
    for line in told["funnel"].itertuples() if "funnel" in told else ():
        step = {"came_once": "so far"}.get(line.step, line.step)
        found[step, quarter, line.org_type] = line.organizations
    for line in told["departments"].fillna({"department": ""}).itertuples() if "departments" in told else ():
        found["reached in", quarter, line.department] = line.reached
        found["partners in", quarter, line.department] = line.organizations
    return found


def invited(told, quarter):
    """Invitations and attendances, in all reports so far of one quarter."""
    found = {}
    for line in told["uptake_two_way"].itertuples() if "uptake_two_way" in told else ():
        found["attended", line.event_type, line.org_type] = line.attended
        found["known", line.event_type, line.org_type] = line.invited
    for line in told["uptake_by_type"].itertuples() if "uptake_by_type" in told else ():
        place = (TOTAL, KINDS[line.label]) if line.label in KINDS else (EVENTS[line.label], TOTAL)
        found["attended", *place], found["known", *place] = line.attended, line.n
    for name in ("consulted", "uptake_and_overlap"):
        for line in told[name].itertuples() if name in told else ():
            found["attended", name, line.label], found["known", name, line.label] = line.attended, line.n
    for line in told["reached_by_quarter"].itertuples() if "reached_by_quarter" in told else ():
        found["attended", line.fiscal_quarter, line.org_type] = line.attendances
    if "compared_with_before" in told:
        by = told["compared_with_before"].set_index("what")
        for q in by.columns.drop("change"):
            n = found["known", q, TOTAL] = by.loc["Invitations whose attendance is known", q]
            if "Of 100 of them taken up" in by.index:
                found["attended", q, TOTAL] = round(n * by.loc["Of 100 of them taken up", q], 6)
    return found


def talked(told, quarter):
    """Partners that had a conversation, wherever a page counts them."""
    found = {}
    for line in told["conversations"].itertuples() if "conversations" in told else ():
        found["month", line.fiscal_quarter, line.month] = line.organizations
        found["talked", line.fiscal_quarter, TOTAL] = line.talked_with
        found["partners", line.fiscal_quarter, TOTAL] = line.partners
    for line in told["last_conversation"].to_dict("records") if "last_conversation" in told else ():
        band = {"this_quarter": "talked"}.get(line["last"], line["last"])
        found |= {(band, quarter, kind): line[kind] for kind in (*ORG_TYPES, TOTAL) if kind in line}
    for line in told["data_quality"].itertuples():
        if line.measure == TALKED_WITH and line.quarter == quarter:
            found["talked", quarter, TOTAL] = line.value
    for line in told["response_rates"].itertuples() if "response_rates" in told else ():
        if line.label.startswith("Conversations in "):
            found["talked", line.label.removeprefix("Conversations in "), TOTAL] = round(line.estimate * line.n, 6)
    return found


def said(told, quarter):
    """Organizations that answered, and that said yes."""
    found = {}
    for line in told["expected_by_group"].fillna({"group": ""}).itertuples() if "expected_by_group" in told else ():
        found["yes", line.what, line.wave, quarter, line.by, str(line.group)] = line.expects
        found["n", line.what, line.wave, quarter, line.by, str(line.group)] = line.n
    for line in told["expected_and_offered"].itertuples() if "expected_and_offered" in told else ():
        at = (line.what, line.wave, quarter, TOTAL, TOTAL)
        found["yes", *at], found["n", *at] = line.expects, line.n
        found["unmet", *at] = line.unmet
    for question in expectations.OPINIONS:
        for line in told[question].to_dict("records") if question in told else ():
            kind, wave = line["label"].rsplit(", wave ", 1)
            at = (question, int(wave), quarter, "org_type" if KINDS[kind] != TOTAL else TOTAL, KINDS[kind])
            found["yes", *at], found["n", *at] = line[question], line["n"]
    return found


def supported(told, quarter):
    """Partners that other projects support."""
    found = {}
    for line in told["overlap"].to_dict("records") if "overlap" in told else ():
        found |= {(line["projects"], quarter, kind): line[kind] for kind in (*ORG_TYPES, TOTAL) if kind in line}
    return found


def outsider_of(figures, found, smallest, known=()):
    """An outsider who has read the same figures in the reports of all quarters, and knows some anyway."""
    outsider = Outsider(smallest)
    for quarter, (shared, whole) in found.items():
        outsider.truth |= {label: n for label, n in figures(whole, quarter).items() if pd.notna(n)}
        for label, n in figures(shared, quarter).items():
            outsider.sees(label, n)
    # A line without a share has no count of invitations either, though nothing hides that count.
    outsider.hidden = {label for label in outsider.truth if label not in outsider.shown and label[0] != "known"}
    outsider.known = {label: n for label, n in outsider.truth.items() if label[0] in known}
    return outsider


def asked_about_organizations(found, smallest):
    public = ("so far", "roster", "invited", "partners in")
    outsider = outsider_of(organizations, found, smallest, public)
    truth, quarters = outsider.truth, list(found)
    kinds = sorted({group for figure, _, group in truth if figure == "roster"} - {TOTAL})
    for place, q in enumerate(quarters):
        before = quarters[place - 1] if place else None
        for kind in (*kinds, TOTAL):
            for low, high in (("came_five_times", "came_again"), ("came_again", "so far")):
                outsider.is_among((low, q, kind), (high, q, kind))
            if ("reached", q, kind) not in truth:
                truth["reached", q, kind] = sum(truth.get(("reached", q, one), 0) for one in kinds)
            outsider.is_among(("reached", q, kind), ("so far", q, kind))
            if before and ("came_again", before, kind) in truth:
                outsider.is_among(("came_again", before, kind), ("came_again", q, kind))
                outsider.is_among(("came_five_times", before, kind), ("came_five_times", q, kind))
                returned = ("returned", q, kind)  # of those reached before, they came in the quarter as well
                labels = [("so far", before, kind), ("reached", q, kind), ("so far", q, kind)]
                truth[returned] = truth[labels[0]] + truth[labels[1]] - truth[labels[2]]
                outsider.equations.append({labels[0]: 1, labels[1]: 1, labels[2]: -1, returned: -1})
        for step in ("reached", "came_again", "came_five_times"):
            if all((step, q, kind) in truth for kind in kinds):
                outsider.adds_up((step, q, TOTAL), [(step, q, kind) for kind in kinds])
        places = [group for figure, when, group in truth if figure == "reached in" and when == q]
        if places:
            outsider.adds_up(("reached", q, TOTAL), [("reached in", q, one) for one in places])
        for one in places:
            outsider.is_among(("reached in", q, one), ("partners in", q, one))
    return outsider


def asked_about_invitations(found, smallest, quarter):
    """Of one report: by type of organization, of event, by quarter, by whether it was consulted or supported."""
    outsider = outsider_of(invited, {quarter: found[quarter]}, smallest)
    truth = outsider.truth
    pairs = {(first, second) for figure, first, second in truth if figure == "attended"}
    for figure in ("attended", "known"):
        kinds = [second for first, second in pairs if first == TOTAL and (figure, TOTAL, second) in truth]
        events = [first for first, second in pairs if second == TOTAL and first in EVENT_TYPES]
        truth[figure, TOTAL, TOTAL] = sum(truth[figure, one, TOTAL] for one in events)
        for event in events:
            parts = [(figure, event, kind) for kind in kinds]
            if sum(truth.get(part, 0) for part in parts) == truth[figure, event, TOTAL]:  # else no page has the parts
                truth.update({part: 0 for part in parts if part not in truth})
                outsider.adds_up((figure, event, TOTAL), parts)
        for kind in kinds:
            parts = [(figure, event, kind) for event in events if (figure, event, kind) in truth]
            if sum(truth[part] for part in parts) == truth[figure, TOTAL, kind]:
                outsider.adds_up((figure, TOTAL, kind), parts)
            of_quarters = [(figure, q, kind) for q, one in pairs if q.startswith("FY") and one == kind]
            if figure == "attended" and of_quarters:
                outsider.adds_up((figure, TOTAL, kind), of_quarters)
        outsider.adds_up((figure, TOTAL, TOTAL), [(figure, event, TOTAL) for event in events])
        for name in ("consulted", "uptake_and_overlap"):
            parts = [one for one in truth if one[:2] == (figure, name)]
            if parts and sum(truth[one] for one in parts) == truth[figure, TOTAL, TOTAL]:
                outsider.adds_up((figure, TOTAL, TOTAL), parts)
    for first, second in pairs:
        if ("known", first, second) in truth:
            outsider.is_among(("attended", first, second), ("known", first, second))
    return outsider


def asked_about_conversations(found, smallest, data):
    outsider = outsider_of(talked, found, smallest, ("partners",))
    truth = outsider.truth
    for place, q in enumerate(found):
        here = partners_at_end(data, q)
        earlier = list(found)[place - 1] if place else None
        same = earlier is not None and set(partners_at_end(data, earlier).index) == set(here.index)
        for kind in (*sorted(here.unique()), TOTAL):
            bands = [(band, q, kind) for band in ("talked", "quarter_before", "earlier", "never")]
            if bands[1] not in truth:
                continue
            whole = ("partners", q, kind)
            truth[whole] = outsider.known[whole] = len(here) if kind == TOTAL else int((here == kind).sum())
            outsider.adds_up(whole, bands)
            if same and ("never", earlier, kind) in truth:
                outsider.is_among(("never", q, kind), ("never", earlier, kind))
                outsider.is_among(("quarter_before", q, kind), ("talked", earlier, kind))
        if ("never", q, TOTAL) in truth:
            for band in ("talked", "quarter_before", "earlier", "never"):
                outsider.adds_up((band, q, TOTAL), [(band, q, kind) for kind in sorted(here.unique())])
        for month in [label for label in truth if label[:2] == ("month", q)]:
            outsider.is_among(month, ("talked", q, TOTAL))
    return outsider


def asked_about_answers(found, smallest):
    outsider = outsider_of(said, found, smallest)
    truth, quarters = outsider.truth, list(found)
    for figure, *at in list(truth):
        if figure != "yes":
            continue
        what, wave, q, by, group = at
        outsider.is_among(("yes", *at), ("n", *at))
        if by == TOTAL:
            for one in ("org_type", "consulted_at_design"):
                for count in ("yes", "n"):
                    parts = [label for label in truth if label[0] == count and label[1:5] == (what, wave, q, one)]
                    if parts and sum(truth[part] for part in parts) == truth[count, *at]:
                        outsider.adds_up((count, *at), parts)
            if ("unmet", *at) in truth:
                outsider.is_among(("unmet", *at), ("yes", *at))
        earlier = quarters[quarters.index(q) - 1] if q != quarters[0] else None
        then = (what, wave, earlier, by, group)
        if ("yes", *then) in truth:
            rests = []
            for count in ("yes", "n") if what not in expectations.OPINIONS else ("n",):
                outsider.is_among((count, *then), (count, *at))
                rests.append(("rest", (count, *then), (count, *at)))
            if len(rests) == 2 and truth[rests[0]] <= truth[rests[1]]:
                outsider.is_among(*rests)
    return outsider


def asked_about_support(found, smallest, data):
    outsider = outsider_of(supported, found, smallest)
    truth = outsider.truth
    for q in found:
        here = partners_at_end(data, q)
        kinds = sorted(here.unique())
        for name in {label[0] for label in truth if label[1] == q}:
            outsider.adds_up((name, q, TOTAL), [(name, q, kind) for kind in kinds])
            for kind in (*kinds, TOTAL) if " + " in name else ():
                for project in name.split(" + "):
                    outsider.is_among((name, q, kind), (project, q, kind))
        for kind in (*kinds, TOTAL) if ("any", q, TOTAL) in truth else ():
            whole = ("all", q, kind)
            truth[whole] = outsider.known[whole] = len(here) if kind == TOTAL else int((here == kind).sum())
            outsider.adds_up(whole, [("any", q, kind), ("none", q, kind)])
    return outsider


def attacked(programme_file, smallest=None, *, last=0):
    """Everything that the reports of all quarters together tell too exactly: (what about, which, value, range …)."""
    programme = kl.load(programme_file)
    data = kl.clean(programme if smallest is None else replace(programme, smallest_cell=smallest))
    rows, n = kl.invitations(data), data.programme.smallest_cell
    found = reports(data, rows, sorted(rows["fiscal_quarter"].unique())[-last:])
    outsiders = {
        "organizations": asked_about_organizations(found, n),
        "conversations": asked_about_conversations(found, n, data),
        "answers": asked_about_answers(found, n),
        "support": asked_about_support(found, n, data),
    } | {f"invitations, {quarter}": asked_about_invitations(found, n, quarter) for quarter in found}
    hidden = sum(len(one.hidden) for one in outsiders.values())
    told = [(about, *line) for about, one in outsiders.items() for line in one.told()]
    return told, hidden


@pytest.fixture(scope="module")
def pictures_are_not_looked_at():
    with pytest.MonkeyPatch.context() as patch:
        for module in (drawing, charts):
            patch.setattr(module, "palette_png", lambda canvas: b"")
        yield


def test_the_outsider_works_out_what_is_hidden_alone():
    outsider = Outsider(5)
    outsider.truth = {("a",): 3, ("b",): 40, ("c",): 43, ("d",): 41}
    outsider.hidden = {("a",)}
    outsider.sees(("b",), 40)
    outsider.adds_up(("c",), [("a",), ("b",)])
    outsider.is_among(("b",), ("d",))
    assert outsider.told() == []
    outsider.sees(("c",), 43)
    outsider.sees(("d",), 41)
    assert [line[:4] for line in outsider.told()] == [(("a",), 3, 3, 3), (("rest", ("b",), ("d",)), 1, 1, 1)]
    with pytest.raises(AssertionError, match="is shown as two numbers"):
        outsider.sees(("b",), 41)


@pytest.mark.slow
@pytest.mark.usefixtures("pictures_are_not_looked_at")
def test_nothing_can_be_worked_out_of_all_pages_and_quarters_of_the_small_programme(whole_programme):
    told, hidden = attacked(whole_programme / "programme.toml")
    assert told == [] and hidden > 20


@pytest.mark.slow
@pytest.mark.usefixtures("pictures_are_not_looked_at")
@pytest.mark.parametrize("smallest", [5, 10])
def test_nothing_can_be_worked_out_of_all_pages_and_quarters_of_the_example(tmp_path, smallest):
    write_example(tmp_path / "example")
    told, hidden = attacked(tmp_path / "example" / "programme.toml", smallest)
    assert told == [] and hidden > 100


@pytest.mark.slow
@pytest.mark.usefixtures("pictures_are_not_looked_at")
@pytest.mark.parametrize("seed", range(20))
def test_nothing_can_be_worked_out_of_all_pages_and_quarters_of_small_programmes(tmp_path, seed):
    write_example(tmp_path / "small", organizations=20 + 4 * seed, events=8 + seed, seed=seed)
    told, hidden = attacked(tmp_path / "small" / "programme.toml", last=2)
    assert told == [] and hidden > 50

"""What a shared report may show: no figure about few organizations, read off or worked out.

Takes who is in which figure, and how figures go together; returns their numbers with blanks. Between the tables and the
measures in the flow. docs/disclosure.md says in plain words what is hidden, what is not, and what was measured.
"""

from collections import defaultdict
from itertools import islice, pairwise, product
from typing import NamedTuple

import numpy as np
import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.uncertain import Figures, name_of

TOTAL = "total"
AND = " × "  # between the names of columns that form groups together


class Before(NamedTuple):
    """A figure as the report before counted it."""

    figure: str


class _Who:
    """Those that are in a figure: the numbers of rows or organizations, each once and in order."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __eq__(self, other):
        return isinstance(other, _Who) and np.array_equal(self.numbers, other.numbers)

    def __len__(self):
        return len(self.numbers)

    def __le__(self, other):
        return not len(self - other)

    def __sub__(self, other):
        return _Who(np.setdiff1d(self.numbers, other.numbers, assume_unique=True))


NONE = _Who(np.array([], dtype="int64"))


class Gate:
    r"""Figures that stand beside each other, or in one report after the other, decided upon together.

    A figure about 1 to ``smallest`` − 1 organizations is hidden; so is a zero of a group that small. An outsider knows
    every figure that is shown or that everybody knows, how figures go together, and that a hidden one is not zero. Each
    hidden figure, and each difference that is itself about few organizations, must stay uncertain: two whole sets of
    figures :math:`y, y'` exist that agree with all of this, and :math:`y_i - y'_i` is at least ``smallest``, and for a
    figure about few organizations no less than itself. The linear program that looks for them says, where there are
    none, which further figures to hide at least cost: small ones before large ones, and so parts before totals. A
    figure of which known ones tell too much stays as uncertain as they leave it. Fischetti and Salazar (2001),
    Management Science 47, 1008-1027, for the audit and the linear program.

    Groups add up to what they are groups of, which follows from who is in them. How figures go together is said once
    for each kind of figure, and holds in every group and report.

    Examples
    --------
    Of 41 organizations reached, 2 are in the north: the 2 is hidden, and a second figure, or the total would tell it.

    >>> each = pd.DataFrame({"region": ["north"] * 2 + ["south"] * 30 + ["west"] * 9, "reached": True})
    >>> gate = Gate()
    >>> gate.count(each.rename_axis("organization_id").reset_index(), ["reached"], by=["region"])
    >>> gate.decide(smallest=5)["n", "reached"].to_list()
    [<NA>, 30, <NA>, 41]
    """

    def __init__(self):
        self._reports = [""]
        self._counted = {}  # (figure, report, by, group) → number, organizations it is about, who
        self._numbers, self._ids = {}, {}  # (row, organization) → its number, organization → its own
        self._of = NONE.numbers  # of each number, that of the organization
        self._places = {}  # place → itself, or where the very same was counted in the report before
        self._rules, self._cells, self._finer, self._known, self._unseen, self._whole = [], [], [], set(), set(), set()

    def reports(self, names):
        """Begin one report after the other: what those before it showed is public, what they hid stays hidden."""
        for name in names:
            self._reports.append(name)
            yield name

    def count(self, rows, figures, by=(), *, pairs=(), records=False):
        """Count in the report that was begun last who is in each figure, in all and by group.

        Parameters
        ----------
        rows : DataFrame
            ``organization_id``, yes or no to each of `figures`, and what is grouped `by`.
        figures, by : names of columns
            A missing value to group by is the group ``""``.
        pairs : pairs of names of columns to group by together
        records : bool
            Whether rows are counted; else organizations, each once.

        Raises
        ------
        DataError
            The report has counted a figure before, and has another number.
        """
        ids = rows["organization_id"].to_numpy()
        keys = zip(rows.index if records else ids, ids, strict=True)
        numbers = np.array([self._numbers.setdefault(key, len(self._numbers)) for key in keys], dtype="int64")
        new = [self._ids.setdefault(of, len(self._ids)) for _, of in islice(self._numbers, len(self._of), None)]
        self._of = np.append(self._of, np.array(new, dtype="int64"))
        flags = {name: rows[name].fillna(False).to_numpy(bool) for name in figures}
        texts = pd.DataFrame({name: _texts(rows[name]) for name in {*by}.union(*pairs)})
        for way in [(), *((name,) for name in by), *map(tuple, pairs)]:
            found = texts.groupby([*way]).indices if way else {(): np.arange(len(rows))}
            groups = {one if isinstance(one, tuple) else (one,): at for one, at in found.items()}
            for group, name in product(sorted(groups), figures):
                who = _Who(np.unique(numbers[groups[group][flags[name][groups[group]]]]))
                self._enter((name, self._reports[-1], way, group), len(who), self._about(who), who)

    def number(self, figure, n, *, about=None):
        """Enter a number that stands alone, and how many organizations it is about where it is not of these."""
        self._enter((figure, self._reports[-1], (), ()), n, n if about is None else about, None)

    def partition(self, whole, parts):
        """Say that a figure is the sum of others; where one of two is not counted, the other is among it."""
        self._rules.append(("sum", whole, list(parts)))

    def nested(self, *figures):
        """Say that each figure is among the next, as came again, came and invited; between them is a figure too.

        Where it was counted who is in them and some of one are not in the next, as those that left, everybody knows how
        many, and between them is no figure.
        """
        self._rules += [("rest", whole, [part]) for part, whole in pairwise(figures)]

    def lasting(self, *figures):
        """Say that who was in a figure by the report before is in it by the next."""
        self._rules += [("rest", figure, [Before(figure)]) for figure in figures]

    def overlapping(self, whole, parts):
        """Say that a figure is all of others, in which the same can be: in two of them, or outside of one, are too."""
        self._rules.append(("union", whole, list(parts)))

    def below(self, low, high):
        """Say that one figure is never above another, and what is between is none: organizations and records."""
        self._rules.append(("below", high, [low]))

    def grown(self, figure, by, among):
        """Say that what a figure has grown by since the report before is the sum of the groups of another, `by`.

        Which groups, everybody knows: `among` are what both are among, the figure's first.
        """
        self._cells.append((figure, by, among))

    def within_groups(self, low, high):
        """Say that a figure in a group is never above another in a larger group that holds it, and between is none."""
        self._finer.append((low, high))

    def known(self, *figures):
        """Say that everybody knows some figures: they hide nothing, and are hidden where they are about few."""
        self._known.update(figures)

    def unseen(self, *figures):
        """Say that no page shows some figures, by which others go together."""
        self._unseen.update(figures)

    def together(self, *columns):
        """Say that pages show either all groups of a column or none of them."""
        self._whole.update((name,) for name in columns)

    def decide(self, smallest):
        """Return the numbers that may be shown.

        Parameters
        ----------
        smallest : int
            No figure is about fewer organizations.

        Returns
        -------
        DataFrame of Int64, by (report, by, group)
            ``n``, a column for each figure, missing where hidden; and ``at_least``, where it is hidden a multiple of
            `smallest` that may be told of it. All of them are the group ``total`` by ``total``.

        Raises
        ------
        DataError
            A count is not a whole number from 0, or figures do not add up.
        """
        self._places = self._unchanged()
        if smallest <= 1:
            return self._table({}, {})
        shown, told, relations = self._decided(smallest)
        return self._table(shown, self._raised(told, relations))

    def _decided(self, smallest):
        """Return which figures are shown, what is told of the least of each, and how they go together."""
        relations, untold, shown, floors, farthest = self._relations(), self._untold(smallest), {}, {}, {}
        begun = {place: self._reports.index(place[1]) for place in self._places.values()}
        for number in range(len(self._reports)):
            here = [place for place in begun if begun[place] <= number]
            if all(place in shown for place in here):
                continue
            figures = Figures(here, [self._counted[place] for place in here])
            for (kind, whole, parts), since in relations.items():
                if since <= number:
                    self._relate(figures, kind, whole, parts)
            public = [shown.get(place, False) or place[0] in self._known for place in here]
            kept = [place in untold or not shown.get(place, True) for place in here]
            least = [floors.get(place, 0) for place in here]
            printed = [place[0] not in self._unseen for place in here]
            together = self._together(here, self._reports[number])
            hidden, low = figures.hide(smallest, *map(np.array, (printed, public, kept, least, together)), farthest)
            for place, is_hidden, low_end, is_printed in zip(here, hidden, low, printed, strict=True):
                shown.setdefault(place, not is_hidden)  # what a report has shown, the next cannot take back
                told = self._counted[place][0] if shown[place] else int(low_end // smallest * smallest) * is_printed
                floors.setdefault(place, told)
        return shown, floors, relations

    def _untold(self, smallest):
        """Return which figures that everybody knows are hidden: those about few, and such as tell them on the page."""
        aside, told = Gate(), self._known - self._unseen
        aside._reports, aside._of = self._reports, self._of
        aside._rules = [rule for rule in self._rules if rule[0] == "sum"]
        aside._counted = {place: of for place, of in self._counted.items() if place[0] in told}
        aside._places = {at: place for at, place in self._places.items() if at[0] in told}
        if not any(0 < about < smallest for _, about, _ in aside._counted.values()):
            return set()
        return {place for place, is_shown in aside._decided(smallest)[0].items() if not is_shown}

    def _together(self, places, report):
        """Return a number for each place: the same for those of which a page of the report shows all or none."""
        ways = {place: at[2] for at, place in self._places.items() if at[1] == report and at[2] in self._whole}
        numbers = {}
        return [numbers.setdefault(ways.get(place, place), len(numbers) + 1) for place in places]

    def _enter(self, place, n, about, who):
        if self._counted.setdefault(place, (n, about, who)) != (n, about, who):
            raise DataError(f"disclosure: {name_of(place)} is counted twice, as {self._counted[place][0]:g} and {n:g}.")

    def _unchanged(self):
        """Return where each figure is decided upon: once for reports between which all of its group are the same."""
        groups, first = defaultdict(dict), {}
        for (figure, *of), counted in self._counted.items():
            groups[tuple(of)][figure] = counted
        for (report, *of), figures in groups.items():
            at = self._reports.index(report)
            earlier = self._reports[at - 1] if at else None
            are_same = figures == groups.get((earlier, *of)) and all(who is not None for *_, who in figures.values())
            for figure in figures:
                here = figure, report, *of
                first[here] = first[figure, earlier, *of] if are_same else here
        return first

    def _at(self, figure, report, *group):
        """Return where a figure of a rule was counted, or None."""
        if isinstance(figure, Before):
            earlier = self._reports.index(report) - 1
            return self._places.get((figure.figure, self._reports[earlier], *group)) if earlier >= 0 else None
        return self._places.get((figure, report, *group))

    def _relations(self):
        """Return (kind, whole, parts) → the report from which on it is known."""
        found, lines = {}, defaultdict(list)
        for figure, report, way, group in self._places:
            for at in range(len(way)):
                whole = self._places.get((figure, report, way[:at] + way[at + 1 :], group[:at] + group[at + 1 :]))
                lines[whole, report, way, at].append(self._places[figure, report, way, group])
        for (whole, report, *_), parts in lines.items():
            if whole is not None:
                apart = sum(self._counted[part][0] for part in parts) == self._counted[whole][0]
                found.setdefault(("sum" if apart else "union", whole, tuple(parts)), self._reports.index(report))
        for whole, parts, report in self._grown():
            found.setdefault(("sum", whole, parts), self._reports.index(report))
        for names in self._finer:
            inner, outer = ([place for place in self._places if place[0] == name] for name in names)
            for part, at in product(inner, outer):
                if at[1] == part[1] and at[2] and {*zip(*at[2:], strict=True)} < {*zip(*part[2:], strict=True)}:
                    found.setdefault(("below", self._places[at], (self._places[part],)), self._reports.index(at[1]))
        for group in dict.fromkeys(place[1:] for place in self._places):
            for kind, figure, others in self._rules:
                whole, parts = self._at(figure, *group), [self._at(one, *group) for one in others]
                parts = [one for one in parts if one and one != whole]
                if whole and kind == "rest" and parts and not self._fits(kind, parts[0], whole):
                    kind = "left"
                parts = [one for one in parts if self._fits(kind, one, whole)]
                if whole and parts:
                    if len(parts) == 1 and (kind == "union" or len(others) > 1):
                        kind = "sum" if self._counted[parts[0]][0] == self._counted[whole][0] else "rest"
                    found.setdefault((kind, whole, tuple(parts)), self._reports.index(group[0]))
        return found

    def _grown(self):
        """Return (whole, parts, report) of each figure that has grown by whole groups of another."""
        for figure, by, among in self._cells:
            cells = defaultdict(list)
            for name, *at in self._places:
                if name == among[1] and at[1]:
                    cells[at[0]].append((self._places[by, *at], self._counted[name, *at][2]))
            for _, *at in [place for place in self._places if place[0] == figure]:
                whole, before = self._at(figure, *at), self._at(Before(figure), *at)
                known = [self._counted[among[0], *one[1:]][2] if one else NONE for one in (whole, before)]
                fresh = known[0] - known[1]
                inside = [(cell, who) for cell, who in cells[at[0]] if who <= fresh]
                if inside and len({*np.concatenate([who.numbers for _, who in inside])}) == len(fresh):
                    yield whole, (*filter(None, [before]), *(cell for cell, _ in inside)), at[0]

    def _fits(self, kind, part, whole):
        if kind in ("sum", "below") or whole is None or self._counted[part][2] is None:
            return True
        return kind == "left" or self._counted[part][2] <= self._counted[whole][2]

    def _raised(self, floors, relations):
        """Return what is told to be the least of each figure: no less than what is told of those within it."""
        rises = True
        while rises:
            rises = False
            for kind, whole, parts in (one for one in relations if one[0] != "left"):
                least = (sum if kind == "sum" else max)(floors[part] for part in parts)
                rises |= floors[whole] < least
                floors[whole] = max(floors[whole], least)
        return floors

    def _relate(self, figures, kind, whole, parts):
        over = {"sum": 0, "rest": 1, "below": 1, "left": 1, "union": -1}[kind]
        left = len(self._counted[parts[0]][2] - self._counted[whole][2]) if kind == "left" else 0
        is_figure, about = kind not in ("below", "left"), self._between(whole, parts[0])
        figures.relate(whole, parts, over, about=about, is_figure=is_figure, left=left)
        for part in parts if kind == "union" else ():
            figures.relate(whole, [part], 1, about=self._between(whole, part))

    def _between(self, whole, part):
        """Return how many organizations the rest of a whole is about, if that is known."""
        whole, part = self._counted[whole][2], self._counted[part][2]
        return None if whole is None or part is None else self._about(whole - part)

    def _about(self, who):
        """Return how many organizations those are."""
        return len(pd.unique(self._of[who.numbers]))

    def _table(self, shown, floors):
        cells = {"n": defaultdict(dict), "at_least": defaultdict(dict)}
        for (figure, report, way, group), place in self._places.items():
            at = report, AND.join(way) or TOTAL, ", ".join(group) if way else TOTAL
            n = self._counted[place][0]
            cells["n"][figure][at] = n if shown.get(place, True) else pd.NA
            cells["at_least"][figure][at] = floors.get(place, n)
        places = sorted({at for one in cells["n"].values() for at in one})
        rows = pd.MultiIndex.from_tuples(places, names=["report", "by", "group"])
        frames = {name: pd.DataFrame(dict(found), rows, dtype="Int64") for name, found in cells.items()}
        return pd.concat(frames, axis="columns")


def _texts(column):
    """Return the text of each value of a column, "" where it is missing."""
    at, values = pd.factorize(column)
    return np.array([*map(str, values), ""], dtype=object)[at]

"""What is hidden cannot be worked out: by an attacker with other matrices than the module's, or by counting tables out.

The attacker knows what is shown, what is told of the least of a hidden figure, how figures add up, the roster, and the
rule that a zero is not hidden unless its group is small; each table has its own seed.
"""

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog

from konbit_lessons import uncertain
from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.errors import DataError

SMALLEST = (5, 10, 11)
NOT_TOLD = {"sums": (), "within": (), "unions": (), "below": (), "public": ()}


def labelled(table):
    rows = [row if isinstance(row, tuple) else (row,) for row in table.index]
    labels = [(*row, column) for row in rows for column in table]
    return dict(zip(labels, table.to_numpy(float, na_value=np.nan).ravel(), strict=True))


def gate_of(table, *, organizations=None, **told):
    """A gate that has counted the figures of a table, and what is told of how they go together."""
    gate, told = Gate(), NOT_TOLD | told
    about = labelled(table) | labelled(table[[]] if organizations is None else organizations)
    for label, n in labelled(table).items():
        gate.number(name(label), n, about=about[label])
    for rule, relate in (("sums", gate.partition), ("unions", gate.overlapping)):
        for whole, parts in told[rule]:
            relate(name(whole), map(name, parts))
    for rule, relate in (("within", gate.nested), ("below", gate.below)):
        for part, whole in told[rule]:
            relate(name(part), name(whole))
    gate.known(*map(name, told["public"]))
    return gate


def name(label):
    return "/".join(map(str, label))


def decided(table, smallest, **told):
    """The table as it may be shown, and at least how much of each figure."""
    safe = gate_of(table, **told).decide(smallest).iloc[0]
    return [
        pd.DataFrame(safe[column].to_numpy().reshape(table.shape), table.index, table.columns, dtype="Int64")
        for column in ("n", "at_least")
    ]


def hidden(table, smallest, **told):
    return decided(table, smallest, **told)[0].isna()


def margins(table):
    """The sums of a table whose rows or columns named "total" hold totals: of any number of levels."""
    labels, sums = list(labelled(table)), []
    for level in range(table.index.nlevels + 1):
        lines = {}
        for label in labels:
            lines.setdefault(label[:level] + label[level + 1 :], {})[label[level]] = label
        sums += [(line.pop(TOTAL), list(line.values())) for line in lines.values() if TOTAL in line and len(line) > 1]
    return sums


def with_totals(inner):
    table = inner.assign(total=inner.sum(axis=1))
    return pd.concat([table, table.sum().to_frame("total").T])


def inner_table(rng, rows, columns, mean):
    counts = rng.negative_binomial(1, 1 / (1 + mean), (rows, columns))
    return pd.DataFrame(counts, [f"r{i}" for i in range(rows)], [f"c{i}" for i in range(columns)])


def two_way(seed):
    rng = np.random.default_rng(seed)
    table = with_totals(inner_table(rng, rng.integers(1, 5), rng.integers(1, 4), rng.choice([4, 12, 40])))
    return table, {"sums": margins(table)}


def quarters(seed, size=None, names=("Q1", "Q2")):
    """Quarters beside their sum, each a table with totals; of three of 3 × 3 programs do not always come out whole."""
    rng = np.random.default_rng(seed)
    size, mean = (size, lambda: 8) if size else ((rng.integers(1, 4), rng.integers(1, 4)), lambda: rng.choice([6, 25]))
    inner = {quarter: inner_table(rng, *size, mean()) for quarter in names}
    inner[TOTAL] = sum(inner.values())
    table = pd.concat({quarter: with_totals(one) for quarter, one in inner.items()})
    return table, {"sums": margins(table)}


def reached_so_far(seed):
    """Organizations reached by each of three quarters, of a roster that everybody knows; shares go with them."""
    rng = np.random.default_rng(seed)
    groups = [f"g{i}" for i in range(rng.integers(1, 4))]
    roster = rng.integers(13, 60, len(groups))
    steps = [rng.binomial(roster, rng.choice([0.1, 0.5, 0.9]))]
    for _ in range(2):
        steps.append(steps[-1] + rng.binomial(roster - steps[-1], 0.2))
    table = pd.DataFrame(np.column_stack([*steps, roster]), groups, ["Q1", "Q2", "Q3", "roster"])
    table.loc[TOTAL] = table.sum()
    return table, {
        "sums": margins(table),
        "within": [((group, low), (group, high)) for group in table.index for low, high in pairwise(table)],
        "public": [(group, "roster") for group in table.index],
    }


MADE = {"two-way": two_way, "linked quarters": quarters, "reached so far": reached_so_far}


class Attack:
    """Ranges of what is not shown, as far as an outsider can narrow them: many linear programs, solved as one.

    `positive`: whether the outsider also counts on the rule that a zero is shown, unless it is of a hidden group.
    """

    def __init__(self, *, positive):
        self.positive = positive
        self.blocks, self.right, self.goals, self.lows = [], [], [], []

    def ask(self, shown, told, at_least=None):
        """Ask for each missing figure, and for what is between two figures of which one is missing; return which."""
        values, least = labelled(shown), {} if at_least is None else labelled(at_least)
        missing = [label for label, value in values.items() if np.isnan(value)]
        between = [pair for pair in told.get("within", ()) if {*pair} & {*missing}]
        place = {name: i for i, name in enumerate([*missing, *between])}
        equations = [{whole: 1} | dict.fromkeys(parts, -1) for whole, parts in told["sums"]]
        equations += [{whole: 1, part: -1, (part, whole): -1} for part, whole in between]
        matrix, right = np.zeros((len(equations), len(place))), np.zeros(len(equations))
        for i, equation in enumerate(equations):
            for label, sign in equation.items():
                if label in place:
                    matrix[i, place[label]] = sign
                else:
                    right[i] -= sign * values[label]
        held = {label for pair in told.get("within", ()) if pair[1] in place for label in pair}
        held |= {part for whole, parts in told["sums"] if whole in place for part in parts}
        above = {name: float(self.positive and name in missing and name not in held) for name in place}
        lows = [max(above[name], least.get(name, 0)) for name in place]
        for goal in np.eye(len(place)):
            for direction in (goal, -goal):
                self.blocks.append(sparse.csr_array(matrix))
                self.right.append(right)
                self.goals.append(direction)
                self.lows.append(lows)
        return list(place)

    def ranges(self, *, whole=False):
        """Return the lowest and the highest value of each name asked for, in order; `whole`: in whole numbers."""
        goals, lows = np.concatenate(self.goals), np.concatenate(self.lows)
        solved = linprog(
            goals,
            A_eq=sparse.block_diag(self.blocks, format="csr"),
            b_eq=np.concatenate(self.right),
            bounds=np.column_stack([lows, np.full(len(lows), 1e4)]),
            integrality=int(whole),
        )
        assert solved.status == 0, solved.message
        starts = np.cumsum([0, *map(len, self.goals)])[:-1]
        return np.add.reduceat(goals * solved.x, starts).reshape(-1, 2) * [1, -1]


def attacked(tables, *, positive):
    """Attack (true table, shown table, at least, told, smallest); a row per figure hidden or about few, its range."""
    attack, asked, plain = Attack(positive=positive), [], []
    for true, shown, at_least, told, smallest in tables:
        values = labelled(true)
        between = {(part, whole): values[whole] - values[part] for part, whole in told.get("within", ())}
        names = attack.ask(shown, told, at_least)
        asked += [(values.get(name, between.get(name)), smallest, name in values) for name in names]
        plain += [(value, smallest, False, value, value) for name, value in between.items() if name not in names]
    ranges = attack.ranges()
    found = [(*one, *a_range) for one, a_range in zip(asked, ranges, strict=True)] + plain
    found = pd.DataFrame(found, columns=["value", "smallest", "is_figure", "low", "high"])
    return found[found["is_figure"] | (found["value"] > 0) & (found["value"] < found["smallest"])]


def narrow(found):
    return found[found["high"] - found["low"] < found["smallest"] - 1e-6]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "count"), [("two-way", 600), ("linked quarters", 100), ("reached so far", 100)]
)  # the 100 of quarters: 3 tables each
def test_nothing_hidden_in_1000_tables_can_be_worked_out_or_told_to_be_small(kind, count):
    made = [(*MADE[kind](seed), SMALLEST[seed % 3]) for seed in range(count)]
    tables = [(true, *decided(true, smallest, **told), told, smallest) for true, told, smallest in made]
    for positive in (False, True):
        found = attacked(tables, positive=positive)
        assert len(found) > count
        assert narrow(found).empty
        assert found["value"].between(found["low"] - 1e-6, found["high"] + 1e-6).all()


@pytest.mark.parametrize("kind", MADE)
def test_the_attacker_works_out_most_when_only_small_figures_are_hidden(kind):
    tables = []
    for seed in range(30):
        true, told = MADE[kind](seed)
        smallest = SMALLEST[seed % 3]
        tables.append((true, true.astype("Int64").mask((true > 0) & (true < smallest)), true * 0, told, smallest))
    found = attacked(tables, positive=False)
    assert (found["high"] - found["low"] < 1).mean() > 0.3
    assert len(narrow(found)) > len(found) / 2


@pytest.mark.parametrize("seed", [5, 9, 98])  # of which a linear program comes out in fractions
def test_the_tables_that_prove_it_are_whole_and_add_up(seed, monkeypatch):
    true, told = quarters(seed, (3, 3), ("Q1", "Q2", "Q3"))
    proofs, original = [], uncertain.Program.two_tables
    monkeypatch.setattr(uncertain.Program, "two_tables", lambda *given: proofs.append(original(*given)) or proofs[-1])
    shown, at_least = decided(true, 5, **told)
    place = {label: i for i, label in enumerate(labelled(true))}
    for whole, parts in told["sums"]:
        added = np.array(proofs)[..., [place[part] for part in parts]].sum(axis=-1)
        assert (np.array(proofs)[..., place[whole]] == added).all()
    attack = Attack(positive=True)
    assert len(attack.ask(shown, told, at_least)) == shown.isna().sum().sum()
    assert (attack.ranges(whole=True) @ [-1, 1] >= 5 - 1e-6).all()


def whole_tables(shown, *, most):
    """Every two-way table of 2 × 2 and its totals, as (number, 3, 3), with no zero, that agrees with what is shown."""
    cells = shown.to_numpy(float, na_value=np.nan)
    values = [np.arange(1, most) if np.isnan(one) else [one] for one in cells[:2, :2].ravel()]
    inner = np.array(list(product(*values))).reshape(-1, 2, 2)
    tables = np.concatenate([inner, inner.sum(axis=1, keepdims=True)], axis=1)
    tables = np.concatenate([tables, tables.sum(axis=2, keepdims=True)], axis=2)
    return tables[(np.isnan(cells) | (tables == cells)).all(axis=(1, 2))]


@pytest.mark.parametrize("seed", range(60))
def test_more_is_hidden_exactly_when_counting_out_all_tables_shows_that_the_small_ones_are_not_enough(seed):
    smallest = 3
    rng = np.random.default_rng(seed)
    table = with_totals(pd.DataFrame(rng.integers(1, 6, (2, 2)), ["r0", "r1"], ["c0", "c1"]))
    few = table < smallest
    enough = (np.ptp(whole_tables(table.mask(few), most=12), axis=0)[few] >= smallest).all()
    shown = decided(table, smallest, sums=margins(table))[0]
    assert enough == shown.isna().equals(few)
    assert (np.ptp(whole_tables(shown, most=20), axis=0)[shown.isna()] >= smallest).all()


COUNTS = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize("seed", range(40))
def test_parts_that_overlap_keep_the_overlap_and_what_is_outside_of_them_uncertain(seed):
    """Organizations reached in each of two quarters and in both together: in the first only, the second only, both."""
    smallest, apart = 3, np.random.default_rng(seed).integers(0, 9, 3)
    table = one_row(**dict(zip(("Q1", "Q2", "reached"), COUNTS @ apart, strict=True)))
    shown = decided(table, smallest, unions=[(("all", "reached"), of_one_row("Q1", "Q2"))])[0].to_numpy(float)[0]
    everything = np.array(list(product(range(25), repeat=3)))
    left = everything[(np.isnan(shown) | (everything @ COUNTS.T == shown)).all(axis=1)]
    few = (apart > 0) & (apart < smallest)
    assert (np.ptp(left, axis=0)[few] >= smallest).all()
    assert (np.ptp(left @ COUNTS.T, axis=0)[np.isnan(shown)] >= smallest).all()
    assert few.any() or (table.to_numpy() < smallest).any() or not np.isnan(shown).any()


@pytest.mark.parametrize("smallest", SMALLEST)
def test_a_share_tells_no_more_than_what_is_shown_of_its_counts(smallest):
    tables = []
    for seed in range(10):
        true, told = reached_so_far(seed)
        shown, at_least = decided(true, smallest, **told)
        percent = (100 * shown.div(shown["roster"], axis=0)).astype("Float64").round(1)
        assert percent.isna().equals(shown.isna() | shown[["roster"]].isna().to_numpy())
        told_by_percent = (percent.mul(true["roster"], axis=0) / 100).round()  # what a reader can do with a public n
        tables.append((true, told_by_percent.fillna(shown.mask(percent.notna())), at_least, told, smallest))
    assert narrow(attacked(tables, positive=True)).empty
    left_bare = [(100 * true.div(true["roster"], axis=0)).round(1) for true, *_ in tables]
    for (true, *_), percent in zip(tables, left_bare, strict=True):
        assert (percent.mul(true["roster"], axis=0) / 100).round().equals(true.astype(float))


def one_row(**counts):
    return pd.DataFrame([counts], ["all"], dtype="Float64")


def of_one_row(*pair):
    return tuple(("all", column) for column in pair)


ATTENDED = {"within": [of_one_row("attended", "invited")]}
OF_KNOWN = ATTENDED | {"public": of_one_row("invited")}
WITH_KNOWN = ATTENDED | {"public": of_one_row("attended")}
VISITORS = one_row(visits=60)
CHAIN = {"within": [of_one_row("Q1", "Q2"), of_one_row("Q2", "Q3")]}
CASES = {  # what → smallest, counts of one row, what is told of them, which are hidden
    "a small figure alone, without totals": (5, {"a": 3, "b": 40, "c": 11}, {}, "a"),
    "a figure that nobody counted": (5, {"a": 30, "b": 40}, {}, ""),
    "those who did not take part": (5, {"attended": 58, "invited": 60}, ATTENDED, "attended"),
    "those added from one quarter to the next": (5, {"Q1": 30, "Q2": 32, "Q3": 40}, CHAIN, "Q1"),
    "enough added": (2, {"Q1": 30, "Q2": 32, "Q3": 40}, CHAIN, ""),
    "a whole that is known": (5, {"attended": 58, "invited": 60}, OF_KNOWN, "attended"),
    "a part that is known": (5, {"attended": 58, "invited": 60}, WITH_KNOWN, "invited"),
    "never above": (5, {"reached": 40, "visits": 42}, {"below": [of_one_row("reached", "visits")]}, ""),
    "a bound that is known": (
        5,
        {"reached": 4, "visits": 6},
        {"below": [of_one_row("reached", "visits")], "public": of_one_row("visits"), "organizations": VISITORS},
        "reached",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_hidden_of_a_row(case):
    smallest, counts, told, expected = CASES[case]
    found = hidden(one_row(**counts), smallest, **told)
    assert list(found.columns[found.loc["all"]]) == expected.split()


def test_a_group_whose_size_is_known_to_be_small_is_hidden_and_the_rest_of_the_table_is_not():
    table = pd.DataFrame({"attended": [2, 20, 31], "invited": [3, 40, 60]}, ["north", "south", "west"])
    within = [((row, "attended"), (row, "invited")) for row in table.index]
    found = hidden(table, 5, within=within, public=[(row, "invited") for row in table.index])
    assert found.to_numpy().tolist() == [[True, True], [False, False], [False, False]]


def test_the_parts_of_a_group_known_to_be_small_may_as_well_be_none():
    table = with_totals(pd.DataFrame({"a": [2, 30, 50], "b": [2, 40, 60], "c": [0, 20, 80]}, list("xyz")))
    assert hidden(table, 5, sums=margins(table), public=[("x", "total")]).loc["x"].all()


@pytest.mark.parametrize("smallest", SMALLEST)
def test_nothing_is_hidden_where_nothing_is_small(smallest):
    table = with_totals(pd.DataFrame({"cooperative": [smallest, 40, 0], "union": [30, smallest + 1, 0]}, list("abc")))
    for one in (table, table * 0):
        assert decided(one, smallest, sums=margins(one))[0].equals(one.astype("Int64"))


def test_zeros_are_shown_unless_their_group_is_small_and_not_shown_to_be_empty():
    table = with_totals(pd.DataFrame({"a": [0, 3, 40, 30], "b": [60, 0, 20, 25]}, list("wxyz")))
    found = hidden(table, 5, sums=margins(table))
    assert not found.loc["w", "a"]
    assert found.loc["x", ["a", "b", "total"]].all()
    table = with_totals(pd.DataFrame({"a": [3, 0, 0], "b": [60, 40, 0], "c": [30, 20, 0]}, list("xyz")))
    found = hidden(table, 5, sums=margins(table))
    assert found.loc[["x", "y", "total"], "a"].all()
    assert not found.loc["z"].any()


def test_totals_stay_unless_their_parts_do_not_suffice():
    inner = pd.DataFrame([[2, 20, 31, 18], [25, 3, 17, 40], [22, 19, 4, 33], [28, 36, 21, 1]])
    found = hidden(with_totals(inner), 5, sums=margins(with_totals(inner)))
    assert found.sum().sum() < 3 * len(inner)
    assert not found.loc["total"].any() and not found["total"].any()
    table = with_totals(pd.DataFrame({"a": [2, 20, 22, 40], "b": [3, 30, 33, 30]}, list("wxyz")))
    found = hidden(table, 5, sums=margins(table))
    assert found.loc["w", "total"]  # 5: else both parts would be 1 to 4
    assert not found.loc["total", "total"]


def test_a_large_figure_of_few_organizations_is_uncertain_by_no_less_than_itself():
    table = with_totals(pd.DataFrame([[20, 6, 200], [6, 7, 210], [220, 230, 240]], list("xyz"), list("abc")))
    about = table * 0 + 30
    about.loc["x", "a"] = 2
    told = {"sums": margins(table)}
    assert not hidden(table, 5, **told).any(axis=None)
    shown, at_least = decided(table, 5, organizations=about, **told)
    attack = Attack(positive=True)
    at = attack.ask(shown, told, at_least).index(("x", "a"))
    assert attack.ranges()[at] @ [-1, 1] >= table.loc["x", "a"]


@pytest.mark.parametrize(
    ("counts", "told", "message"),
    [
        ({"a": -1}, {}, r"all/a is -1; expected a whole number from 0"),
        ({"a": 1.5}, {}, r"all/a is 1\.5; expected a whole number"),
        ({"a": 9, "b": 7}, {"within": [of_one_row("a", "b")]}, r"all/b is 7 and its parts are 9"),
        ({"a": 9, "b": 10}, {"sums": [(("all", "b"), [("all", "a")])]}, r"is 10 and its parts are 9"),
        ({"a": 9, "b": 2, "c": 12}, {"unions": [(("all", "c"), of_one_row("a", "b"))]}, r"is 12 and its parts are 11"),
        ({"a": 9, "b": 7}, {"below": [of_one_row("a", "b")]}, r"is 7 and its parts are 9"),
    ],
)
def test_counts_that_cannot_be_say_which(counts, told, message):
    with pytest.raises(DataError, match=message):
        gate_of(one_row(**counts), **told).decide(5)


def each_of(**groups):
    """One row per organization: of each group so many, in the order of the groups."""
    each = pd.DataFrame({"org_type": [group for group, n in groups.items() for _ in range(n)]})
    return each.assign(organization_id=[f"O{n}" for n in range(len(each))], all=True)


def by_group(safe):
    return safe["n", "all"].droplevel(["report", "by"]).to_dict()


def test_groups_add_up_without_being_told():
    gate = Gate()
    gate.count(each_of(a=4, b=11), ["all"], by=["org_type"])
    assert by_group(gate.decide(5)) == {TOTAL: 15, "a": None, "b": None}
    assert by_group(gate.decide(4)) == {TOTAL: 15, "a": 4, "b": 11}


def test_groups_of_which_a_page_shows_all_or_none_are_hidden_together():
    gate = Gate()
    gate.count(each_of(a=3, b=4, c=30), ["all"], by=["org_type"])
    assert by_group(gate.decide(5)) == {TOTAL: 37, "a": None, "b": None, "c": 30}
    gate.together("org_type")
    assert by_group(gate.decide(5)) == {TOTAL: 37, "a": None, "b": None, "c": None}


@pytest.mark.parametrize("told", [False, True])
def test_who_came_to_one_event_is_no_more_than_came_of_the_type(told):
    """Of a type 9 came to one event, so that at least 9 came: beside the 4 of another, that would tell too much."""
    gate, each = Gate(), each_of(a=13, b=4, c=9)
    gate.count(each, ["all"], by=["org_type"])
    gate.count(each.tail(9).assign(event="E1", came=True), ["came"], pairs=[("event", "org_type")])
    if told:
        gate.within_groups("came", "all")
    shown = gate.decide(5)["n"].loc[""].notna()
    assert not shown.loc[("org_type", "c"), "all"] and shown.loc[("org_type", "a"), "all"]
    assert shown.loc[("event × org_type", "E1, c"), "came"] == (not told)


def test_groups_of_pairs_add_up_to_each_of_both():
    each = each_of(a=20, b=20).assign(region=["north"] * 3 + ["south"] * 30 + ["north"] * 7)
    gate = Gate()
    gate.count(each, ["all"], by=["org_type", "region"], pairs=[("org_type", "region")])
    found = gate.decide(5)["n", "all"].xs("org_type × region", level="by")
    assert len(found) == 4 and found.isna().all()  # 3, 17, 7, 13: with the totals one tells the others


def test_organizations_of_several_groups_are_an_overlap():
    rows = pd.concat([each_of(a=20, b=20), each_of(a=18).assign(org_type="b")], ignore_index=True)
    gate = Gate()
    gate.count(rows, ["all"], by=["org_type"])
    assert by_group(gate.decide(5)) == {TOTAL: 40, "a": 20, "b": None}  # 2 are in a alone
    assert by_group(gate.decide(2)) == {TOTAL: 40, "a": 20, "b": 38}


def test_records_are_few_by_the_organizations_they_are_of_and_so_is_what_is_between_them():
    rows = pd.concat([each_of(a=30)] * 2 + [each_of(a=2)] * 4, ignore_index=True).assign(
        attended=lambda one: one.index < 60
    )
    gate = Gate()
    gate.count(rows, ["all", "attended"], records=True)
    gate.nested("attended", "all")
    found = gate.decide(3)["n"].iloc[0]
    assert found.isna().sum() == 1  # 60 of 68 were attended: the 8 that were not are of 2 organizations


def test_what_everybody_knows_is_no_help_on_a_page_that_hides_it():
    each, gate = each_of(a=2, b=5, c=11).assign(came=False), Gate()
    each.loc[2:15, "came"] = True
    gate.count(each, ["all", "came"], by=["org_type"])
    gate.nested("came", "all")
    gate.known("all")
    found = gate.decide(5)["n"].droplevel(["report", "by"])
    assert found["all"].isna().to_dict() == {TOTAL: False, "a": True, "b": True, "c": False}
    assert found["came"].isna().to_dict() == {TOTAL: True, "a": True, "b": False, "c": True}  # 5 of 5 tell of none


@pytest.mark.parametrize(("again", "shown"), [(0, []), (20, ["visits"])])
def test_figures_on_no_page_tie_those_together_that_are(again, shown):
    """The 3 that came are the visits, unless some came more than once: how often is on no page."""
    gate = Gate()
    for name, n in {"came": 3, "visits": 3 + again, "again": again}.items():
        gate.number(name, n, about=3 if name == "came" else 30)
    gate.partition("visits", ["came", "again"])
    gate.unseen("again")
    found = gate.decide(5)["n"].iloc[0]
    assert {*found.dropna().index} == {*shown}


def reports_of(*sets):
    """A gate of several reports, each of which counts some of 100 organizations and all of them, which is known."""
    each, gate = each_of(a=100), Gate()
    for _, held in zip(gate.reports(f"Q{number}" for number in range(len(sets))), sets, strict=True):
        gate.count(each.assign(reached=each.index.isin(held)), ["reached", "all"])
    gate.nested("reached", "all")
    gate.lasting("reached")
    gate.known("all")
    return gate.decide(5).xs("reached", axis="columns", level=1).droplevel(["by", "group"])


def test_what_a_report_showed_is_public_for_the_next_and_what_it_hid_stays_hidden():
    found = reports_of(range(60), range(62), range(80))
    assert found["n"].to_dict() == {"Q0": 60, "Q1": None, "Q2": 80}
    assert found["at_least"].to_dict() == {"Q0": 60, "Q1": 60, "Q2": 80}
    assert reports_of(range(60))["n"].to_dict() == {"Q0": 60}


def test_the_same_organizations_counted_again_are_the_same_number():
    assert reports_of(range(60), range(60), range(60))["n"].to_list() == [60] * 3
    assert reports_of(range(98), range(98))["n"].isna().all()


def test_of_a_hidden_figure_a_bound_is_told_that_leaves_it_uncertain():
    for reached, at_least in ((98, 95), (3, 0)):
        found = reports_of(range(reached))
        assert found["n"].isna().all() and found["at_least"].to_list() == [at_least]


def test_who_is_not_among_the_next_is_not_said_to_be():
    assert reports_of(range(60), range(2, 62))["n"].to_list() == [60, 60]


def test_a_figure_counted_twice_with_two_numbers_is_refused():
    gate = Gate()
    gate.count(each_of(a=9), ["all"])
    with pytest.raises(DataError, match="all is counted twice, as 9 and 8"):
        gate.count(each_of(a=8), ["all"])

"""What is hidden cannot be worked out: by an attacker with other matrices than the module's, or by counting tables out.

The attacker knows what is shown, how figures add up, the roster, and the rule that a zero is not hidden unless its
group is small; each table has its own seed.
"""

import hashlib
from itertools import product

import numpy as np
import pandas as pd
import pytest
from pseudo import pseudo_language, untranslated
from scipy import sparse
from scipy.optimize import linprog

import konbit_lessons as kl
from konbit_lessons import disclosure
from konbit_lessons.disclosure import margins, protected, pseudonyms, read_key
from konbit_lessons.errors import DataError, ProgrammeError

KEY = b"of the tests, and of nothing else"


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


def quarters(seed):
    """Two quarters beside their sum, each a table with totals."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 4), rng.integers(1, 4)
    inner = {quarter: inner_table(rng, *size, rng.choice([6, 25])) for quarter in ("Q1", "Q2")}
    inner["total"] = inner["Q1"] + inner["Q2"]
    table = pd.concat({quarter: with_totals(one) for quarter, one in inner.items()})
    return table, {"sums": margins(table)}


def three_ways(seed):
    """Three quarters and their sum, each of 3 × 3: where linear programs do not always come out whole."""
    rng = np.random.default_rng(seed)
    inner = {quarter: inner_table(rng, 3, 3, 8) for quarter in ("Q1", "Q2", "Q3")}
    inner["total"] = sum(inner.values())
    table = pd.concat({quarter: with_totals(one) for quarter, one in inner.items()})
    return table, {"sums": margins(table)}


def reached_so_far(seed):
    """Organizations reached by each of three quarters, of a roster that everybody knows; shares go with them."""
    rng = np.random.default_rng(seed)
    groups = [f"g{i}" for i in range(rng.integers(1, 4))]
    roster = rng.integers(13, 60, len(groups))
    first = rng.binomial(roster, rng.choice([0.1, 0.5, 0.9]))
    steps = [first]
    for _ in range(2):
        steps.append(steps[-1] + rng.binomial(roster - steps[-1], 0.2))
    table = pd.DataFrame(np.column_stack([*steps, roster]), groups, ["Q1", "Q2", "Q3", "roster"])
    table.loc["total"] = table.sum()
    chain = list(zip(table.columns, table.columns[1:], strict=False))
    return table, {
        "sums": margins(table),
        "within": [((group, low), (group, high)) for group in table.index for low, high in chain],
        "public": [(group, "roster") for group in table.index],
    }


MADE = {"two-way": two_way, "linked quarters": quarters, "reached so far": reached_so_far}
SMALLEST = (5, 10, 11)


def labelled(table):
    rows = [row if isinstance(row, tuple) else (row,) for row in table.index]
    labels = [(*row, column) for row in rows for column in table]
    return dict(zip(labels, table.to_numpy(float, na_value=np.nan).ravel(), strict=True))


class Attack:
    """Ranges of what is not shown, as far as an outsider can narrow them: many linear programs, solved as one.

    `positive`: whether the outsider also counts on the rule that a zero is shown, unless it is of a hidden group.
    """

    def __init__(self, *, positive):
        self.positive = positive
        self.blocks, self.right, self.goals, self.lows = [], [], [], []

    def ask(self, shown, told):
        """Ask for each missing figure, and for what is between two figures of which one is missing; return which."""
        values = labelled(shown)
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
        lows = [float(self.positive and name in missing and name not in held) for name in place]
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
    """Attack (true table, shown table, told, smallest); return a row per figure about few or hidden, with its range."""
    attack, asked, plain = Attack(positive=positive), [], []
    for true, shown, told, smallest in tables:
        values = labelled(true)
        between = {(part, whole): values[whole] - values[part] for part, whole in told.get("within", ())}
        names = attack.ask(shown, told)
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
    tables = []
    for seed in range(count):
        true, told = MADE[kind](seed)
        smallest = SMALLEST[seed % 3]
        result = protected(true, smallest=smallest, **told)
        if not result.withheld:
            shown = result.table
            tables.append((true, shown, told, smallest))
    assert len(tables) > count / 2
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
        tables.append((true, true.astype("Int64").mask((true > 0) & (true < smallest)), told, smallest))
    found = attacked(tables, positive=False)
    assert (found["high"] - found["low"] < 1).mean() > 0.3
    assert len(narrow(found)) > len(found) / 2


@pytest.mark.parametrize("seed", [5, 9, 98])  # of which a linear program comes out in fractions
def test_the_tables_that_prove_it_are_whole_and_add_up(seed, monkeypatch):
    true, told = three_ways(seed)
    proofs, original = [], disclosure._Program.two_tables
    monkeypatch.setattr(disclosure._Program, "two_tables", lambda *given: proofs.append(original(*given)) or proofs[-1])
    result = protected(true, smallest=5, **told)
    place = {label: i for i, label in enumerate(labelled(true))}
    for whole, parts in told["sums"]:
        added = np.array(proofs)[..., [place[part] for part in parts]].sum(axis=-1)
        assert (np.array(proofs)[..., place[whole]] == added).all()
    attack = Attack(positive=True)
    assert len(attack.ask(result.table, told)) == result.hidden.sum().sum()
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
    left = whole_tables(table.mask(few), most=12)
    enough = (np.ptp(left, axis=0)[few] >= smallest).all()
    result = protected(table, smallest=smallest, sums=margins(table))
    assert enough == result.hidden.equals(few)
    if not result.withheld:
        left = whole_tables(result.table, most=12)
        assert (np.ptp(left, axis=0)[result.hidden] >= smallest).all()


def unions(seed):
    """Organizations reached in each of two quarters and in both together, of one group, with the three counts apart."""
    apart = np.random.default_rng(seed).integers(0, 9, 3)  # only in the first, only in the second, in both
    table = pd.DataFrame([COUNTS @ apart], ["all"], ["Q1", "Q2", "reached"])
    return table, {"unions": [(("all", "reached"), [("all", "Q1"), ("all", "Q2")])]}, apart


COUNTS = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize("seed", range(40))
def test_parts_that_overlap_keep_the_overlap_and_what_is_outside_of_them_uncertain(seed):
    table, told, apart = unions(seed)
    smallest = 3
    result = protected(table, smallest=smallest, **told)
    everything = np.array(list(product(range(25), repeat=3)))
    shown = result.table.to_numpy(float, na_value=np.nan)[0]
    left = everything[(np.isnan(shown) | (everything @ COUNTS.T == shown)).all(axis=1)]
    few = (apart > 0) & (apart < smallest)
    assert (np.ptp(left, axis=0)[few] >= smallest).all()
    if not result.withheld:
        assert (np.ptp(left @ COUNTS.T, axis=0)[np.isnan(shown)] >= smallest).all()
        assert few.any() or (table.to_numpy() < smallest).any() or not result.hidden.any(axis=None)


@pytest.mark.parametrize("smallest", SMALLEST)
def test_a_share_tells_no_more_than_what_is_shown_of_its_counts(smallest):
    tables = []
    for seed in range(10):
        true, told = reached_so_far(seed)
        result = protected(true, smallest=smallest, **told)
        if result.withheld:
            continue
        percent = (100 * result.table.div(result.table["roster"], axis=0)).astype("Float64").round(1)
        assert percent.isna().equals(result.hidden | result.hidden[["roster"]].to_numpy())
        told_by_percent = (percent.mul(true["roster"], axis=0) / 100).round()  # what a reader can do with a public n
        tables.append((true, told_by_percent.fillna(result.table.mask(percent.notna())), told, smallest))
    assert narrow(attacked(tables, positive=True)).empty
    left_bare = [(100 * true.div(true["roster"], axis=0)).round(1) for true, *_ in tables]
    for (true, *_), percent in zip(tables, left_bare, strict=True):
        assert (percent.mul(true["roster"], axis=0) / 100).round().equals(true.astype(float))


def one_row(**counts):
    return pd.DataFrame([counts], ["all"], dtype="Float64")


def of_one_row(*pair):
    return tuple(("all", column) for column in pair)


def test_those_who_did_not_take_part_are_a_figure_too():
    result = protected(
        one_row(attended=58, invited=60, roster=137), smallest=5, within=[of_one_row("attended", "invited")]
    )
    assert result.hidden.loc["all"].tolist() == [True, False, False]


def test_the_organizations_added_from_one_quarter_to_the_next_are_a_figure_too():
    table, chain = one_row(Q1=30, Q2=32, Q3=40), [of_one_row("Q1", "Q2"), of_one_row("Q2", "Q3")]
    assert protected(table, smallest=5, within=chain).hidden.loc["all"].tolist() == [True, False, False]
    assert not protected(table, smallest=2, within=chain).hidden.any(axis=None)


def test_what_an_outsider_knows_anyway_is_reckoned_with():
    table = one_row(attended=8, invited=60)
    told = {"smallest": 5, "within": [of_one_row("attended", "invited")]}
    assert not protected(table, **told).hidden.any(axis=None)
    known = protected(one_row(attended=58, invited=60), public=[("all", "invited")], **told)
    assert known.hidden.loc["all"].tolist() == [True, False]
    known = protected(one_row(attended=58, invited=60), public=[("all", "attended")], **told)
    assert known.hidden.loc["all"].tolist() == [False, True]
    assert protected(
        one_row(attended=58, invited=60), public=[("all", "attended"), ("all", "invited")], **told
    ).withheld


def test_a_group_whose_size_is_known_to_be_small_is_hidden_and_the_rest_of_the_table_is_not():
    table = pd.DataFrame({"attended": [2, 20, 31], "invited": [3, 40, 60]}, ["Nippes", "Ouest", "Sud"])
    result = protected(
        table,
        smallest=5,
        within=[((row, "attended"), (row, "invited")) for row in table.index],
        public=[(row, "invited") for row in table.index],
    )
    assert result.hidden.to_numpy().tolist() == [[True, True], [False, False], [False, False]]


def test_the_parts_of_a_group_known_to_be_small_may_as_well_be_none():
    table = with_totals(pd.DataFrame({"a": [2, 30, 50], "b": [2, 40, 60], "c": [0, 20, 80]}, list("xyz")))
    result = protected(table, smallest=5, sums=margins(table), public=[("x", "total")])
    assert result.hidden.loc["x"].all()
    assert not result.withheld


@pytest.mark.parametrize("smallest", SMALLEST)
def test_nothing_is_hidden_where_nothing_is_small(smallest):
    table = with_totals(pd.DataFrame({"cdsp": [smallest, 40, 0], "awardee": [30, smallest + 1, 0]}, list("abc")))
    for one in (table, table * 0):
        result = protected(one, smallest=smallest, sums=margins(one))
        assert result.table.equals(one.astype("Int64"))
        assert not result.hidden.any(axis=None)
        assert not result.withheld
        assert result.sentence() == ""


def test_a_zero_is_shown_unless_its_group_is_small():
    table = with_totals(pd.DataFrame({"a": [0, 3, 40, 30], "b": [60, 0, 20, 25]}, list("wxyz")))
    hidden = protected(table, smallest=5, sums=margins(table)).hidden
    assert not hidden.loc["w", "a"]
    assert hidden.loc["x", ["a", "b", "total"]].all()


def test_a_row_that_is_shown_to_be_empty_has_its_zeros_shown():
    table = with_totals(pd.DataFrame({"a": [3, 0, 0], "b": [60, 40, 0], "c": [30, 20, 0]}, list("xyz")))
    result = protected(table, smallest=5, sums=margins(table))
    assert result.hidden.loc[["x", "y", "total"], "a"].all()
    assert not result.hidden.loc["z"].any()
    assert not result.withheld


def test_one_row_without_totals_hides_its_small_figures_alone():
    result = protected(one_row(a=3, b=40, c=11), smallest=5)
    assert result.hidden.loc["all"].tolist() == [True, False, False]


def test_with_a_small_figure_in_each_row_the_totals_stay():
    inner = pd.DataFrame([[2, 20, 31, 18], [25, 3, 17, 40], [22, 19, 4, 33], [28, 36, 21, 1]])
    table = with_totals(inner)
    hidden = protected(table, smallest=5, sums=margins(table)).hidden
    assert hidden.sum().sum() < 3 * len(inner)
    assert not hidden.loc["total"].any()
    assert not hidden["total"].any()


def test_a_total_is_hidden_where_its_parts_do_not_suffice():
    inner = pd.DataFrame({"a": [2, 20, 22, 40], "b": [3, 30, 33, 30]}, list("wxyz"))
    table = with_totals(inner)
    hidden = protected(table, smallest=5, sums=margins(table)).hidden
    assert hidden.loc["w", "total"]  # 5: else both parts would be 1 to 4
    assert not hidden.loc["total", "total"]


def test_a_figure_is_small_by_the_organizations_it_is_about():
    table = pd.DataFrame({"reached": [2, 30, 31], "attendances": [20, 90, 70]}, list("abc"))
    totals = pd.concat([table, table.sum().to_frame("total").T])
    attendances = pd.DataFrame({"attendances": totals["reached"]})
    told = {"smallest": 5, "sums": margins(totals)}
    assert not protected(totals, **told).hidden["attendances"].any()
    result = protected(totals, organizations=attendances, **told)
    assert result.hidden["attendances"].tolist() == [True, False, True, False]


def test_a_large_figure_of_few_organizations_is_uncertain_by_no_less_than_itself():
    table = with_totals(pd.DataFrame([[20, 6, 200], [6, 7, 210], [220, 230, 240]], list("xyz"), list("abc")))
    about = table * 0 + 30
    about.loc["x", "a"] = 2
    told = {"sums": margins(table)}
    result = protected(table, smallest=5, organizations=about, **told)
    attack = Attack(positive=True)
    at = attack.ask(result.table, told).index(("x", "a"))
    assert attack.ranges()[at] @ [-1, 1] >= table.loc["x", "a"]


@pytest.mark.parametrize("wrong", [{"index": ["b"]}, {"columns": ["reach"]}])
def test_organizations_of_other_rows_or_columns_are_refused(wrong):
    organizations = pd.DataFrame([[2]], **{"index": ["all"], "columns": ["reached"]} | wrong)
    with pytest.raises(DataError, match="`organizations` has other rows or columns"):
        protected(one_row(reached=4), smallest=5, organizations=organizations)


def test_what_is_never_above_another_figure_bounds_it():
    table = one_row(reached=4, attendances=6)
    told = {"smallest": 5, "organizations": one_row(attendances=60)}
    assert not protected(table, **told).hidden.loc["all", "attendances"]
    assert not protected(
        one_row(reached=40, attendances=42), below=[of_one_row("reached", "attendances")], **told
    ).hidden.any(axis=None)
    bounded = protected(table, below=[of_one_row("reached", "attendances")], public=[("all", "attendances")], **told)
    assert bounded.hidden.loc["all"].tolist() == [True, False]
    assert protected(one_row(reached=4, attendances=5), below=[of_one_row("reached", "attendances")], **told).withheld


def test_means_are_hidden_with_their_counts():
    counts = pd.DataFrame({"answers": [3, 30, 20, 53]}, ["a", "b", "c", "total"])
    hidden = protected(counts, smallest=5, sums=margins(counts)).hidden["answers"]
    assert pd.Series([1.0, 2.0, 3.0, 4.0], counts.index).mask(hidden).isna().tolist() == [True, False, True, False]


def test_a_table_that_cannot_be_protected_is_withheld_with_a_sentence(pseudo):
    table = with_totals(pd.DataFrame({"a": [1, 2], "b": [3, 1]}, list("xy")))
    result = protected(table, smallest=5, sums=margins(table))
    assert result.withheld
    assert result.table.isna().all(axis=None)
    assert result.hidden.all(axis=None)
    assert result.sentence() == (
        "This table is not shown: from it, figures about fewer than 5 organizations could be worked out."
    )
    assert untranslated(result.sentence(pseudo)) == []


def test_how_many_figures_are_hidden_and_why_is_said(pseudo):
    one = protected(one_row(a=3, b=40), smallest=5)
    two = protected(one_row(a=3, b=40, c=2, d=60), smallest=11)
    assert one.sentence().startswith("1 figure is not shown: it is about fewer than 5 organizations")
    assert two.sentence().startswith("2 figures are not shown: they are about fewer than 11 organizations")
    assert untranslated(two.sentence(pseudo)) == []


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory):
    return pseudo_language(tmp_path_factory.mktemp("words"))


def test_the_tables_of_the_example_cannot_be_worked_out(whole):
    tables = []
    places = with_totals(pd.crosstab(whole.organizations["department"], whole.organizations["org_type"]))
    told = {"sums": margins(places)}
    tables += [(places, protected(places, smallest=n, **told), told) for n in SMALLEST]
    rows = kl.invitations(whole)
    there = rows[rows["attended"].fillna(False)]
    quarters = sorted(rows["fiscal_quarter"].unique())
    reached = pd.DataFrame(
        {q: there[there["fiscal_quarter"] <= q].groupby("org_type")["organization_id"].nunique() for q in quarters}
    )
    reached["roster"] = whole.organizations.groupby("org_type").size()
    reached.loc["total"] = reached.sum()
    chain = zip(reached.columns, reached.columns[1:], strict=False)
    told = {
        "sums": margins(reached),
        "within": [((kind, low), (kind, high)) for low, high in chain for kind in reached.index],
        "public": [(kind, "roster") for kind in reached.index],
    }
    tables += [(reached, protected(reached, smallest=n, **told), told) for n in SMALLEST]
    assert all(result.hidden.any(axis=None) for _, result, _ in tables)
    asked = [(true, one.table, told, one.smallest) for true, one, told in tables if not one.withheld]
    assert len(asked) > 1
    assert narrow(attacked(asked, positive=True)).empty


@pytest.mark.parametrize(
    ("counts", "told", "message"),
    [
        ({"a": -1}, {}, r"\('all', 'a'\) is -1; expected a whole number from 0"),
        ({"a": 1.5}, {}, r"\('all', 'a'\) is 1\.5; expected a whole number"),
        ({"a": 1}, {"public": [("all", "b")]}, r"no figure \('all', 'b'\); a label is \(\*row, column\)"),
        ({"a": 1, "b": pd.NA}, {"within": [of_one_row("a", "b")]}, r"no figure \('all', 'b'\)"),
        ({"a": 9, "b": 7}, {"within": [of_one_row("a", "b")]}, r"\('all', 'b'\) is 7 and its parts are 9"),
        ({"a": 9, "b": 10}, {"sums": [(("all", "b"), [("all", "a")])]}, r"is 10 and its parts are 9"),
        ({"a": 9, "b": 10}, {"unions": [(("all", "b"), [("all", "a")])]}, r"is 10 and its parts are 9"),
        ({"a": 9, "b": 7}, {"below": [of_one_row("a", "b")]}, r"is 7 and its parts are 9"),
    ],
)
def test_counts_that_cannot_be_say_which(counts, told, message):
    with pytest.raises(DataError, match=message):
        protected(one_row(**counts), smallest=5, **told)


def test_two_rows_of_one_name_are_refused():
    with pytest.raises(DataError, match="two rows, or two columns, have the same name"):
        protected(pd.concat([one_row(a=3), one_row(a=9)]), smallest=5)


def test_a_figure_that_nobody_knows_stays_missing_and_is_not_called_hidden():
    result = protected(one_row(reached=12, target=pd.NA), smallest=5)
    assert result.table.isna().loc["all"].tolist() == [False, True]
    assert not result.hidden.any(axis=None)


def test_a_pseudonym_is_the_hmac_of_the_id_under_the_key():
    ids = ["+50937001234", "+50937001235", None, "+50937001234"]
    named = pseudonyms(ids, KEY)
    block = KEY.ljust(64, b"\0")
    for one, name in named.items():
        inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + one.encode()).digest()
        outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()
        bits = "".join(f"{byte:08b}" for byte in outer)
        assert name == "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[int(bits[5 * i : 5 * i + 5], 2)] for i in range(10))
    assert list(named) == ids[:2]
    assert set(pseudonyms(ids, KEY[::-1]).values()).isdisjoint(named.values())


def test_two_ids_with_one_pseudonym_are_refused(monkeypatch):
    monkeypatch.setattr(disclosure, "PSEUDONYM", 1)
    with pytest.raises(DataError, match="two ids have the same one"):
        pseudonyms([str(one) for one in range(33)], KEY)


def test_an_id_that_is_a_number_is_refused():
    with pytest.raises(DataError, match="type float; expected text"):
        pseudonyms([50937001234.0], KEY)


def test_a_short_key_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ProgrammeError, match="has 15 bytes; expected at least 16"):
        pseudonyms(["a"], KEY[:15])
    (tmp_path / "key").write_bytes(KEY[:15] + b"\n")
    monkeypatch.setenv("KONBIT_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ProgrammeError, match="has 15 bytes"):
        read_key(tmp_path / "programme")


def test_the_key_is_read_from_a_file_outside(tmp_path, monkeypatch):
    (tmp_path / "key").write_bytes(KEY + b"\n")
    monkeypatch.setenv("KONBIT_KEY_FILE", str(tmp_path / "key"))
    assert read_key(tmp_path / "programme") == KEY


def test_there_is_no_default_key_and_none_where_it_would_be_shared(tmp_path, monkeypatch):
    monkeypatch.delenv("KONBIT_KEY_FILE", raising=False)
    with pytest.raises(ProgrammeError, match="KONBIT_KEY_FILE is not set"):
        read_key(tmp_path)
    monkeypatch.setenv("KONBIT_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ProgrammeError, match="key cannot be read: No such file"):
        read_key(tmp_path / "programme")
    (tmp_path / "key").write_bytes(KEY)
    with pytest.raises(ProgrammeError, match="lies in the programme's folder or in a repository"):
        read_key(tmp_path)
    (tmp_path / ".git").mkdir()
    with pytest.raises(ProgrammeError, match="or in a repository"):
        read_key(tmp_path / "programme")

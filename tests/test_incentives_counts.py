# ruff: noqa: E501  (tables of cases, one a line)
"""Shares and counts as outcomes, the kinds of covariance, and an outcome that is declared exploratory."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.clusters import KINDS
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.sparse import profile_limits

COUNTED = {"outcome": "came", "trials": "invited", "method": "binomial"}


@pytest.fixture(scope="module")
def rows():
    return invitations(effects={"consulted": 0.7})


@pytest.fixture(scope="module")
def counted(rows):
    """One row per organization and type of event: how many it took up of how many."""
    by = rows.groupby(["organization_id", "org_type", "event_type", "consulted"], observed=True)["attended"]
    counts = by.agg(came="sum", invited="size").reset_index()
    return counts.assign(share=(counts["came"] / counts["invited"]).astype(float))


def asked(rows, **question):
    call = {"incentives": "consulted", "adjust_for": ["org_type"], "cluster": "organization_id", "permutations": 0}
    return predict_participation(rows, **call | question)


def first(rows, columns, **question):
    return asked(rows, **question).table[columns].iloc[0].tolist()


def test_counts_tell_the_same_as_the_rows_they_count_and_as_equal_shares(rows, counted):
    same = ["estimate", "n_offered", "k_offered", "n_not_offered", "k_not_offered"]
    # the score of an organization is the same sum: only CR2 depends on how its rows are cut
    assert first(counted, same, **COUNTED) == pytest.approx(first(rows, same, method="logit"), rel=1e-9)
    se = [
        first(one, ["std_error"], covariance="CR0", **q)[0]
        for one, q in ((rows, {"method": "logit"}), (counted, COUNTED))
    ]
    assert se[0] == pytest.approx(se[1], rel=1e-9)
    found, share = asked(counted, **COUNTED), asked(counted, outcome="share", method="fractional")
    assert found.rate == pytest.approx(asked(rows).rate, rel=1e-12)
    assert found.method == "Binomial logit, CR2 by organization_id, Satterthwaite"
    told = ["estimate", "std_error", "df", "p_value"]
    assert share.table[told].iloc[0].tolist() == pytest.approx(found.table[told].iloc[0].tolist(), rel=1e-9)
    assert share.table["k_offered"][0] == pytest.approx(counted.loc[counted["consulted"], "share"].sum())


@pytest.mark.parametrize("method", ["logit", "linear"])
def test_a_row_with_weight_three_counts_as_three_such_rows(rows, method):
    weighed = rows.assign(weight=1 + rows["organization_id"].astype("category").cat.codes % 3, amount=rows.index % 7)
    question = {"incentives": ["consulted", "amount"], "method": method, "covariance": "CR0"}
    told, columns = (
        weighed.loc[weighed.index.repeat(weighed["weight"])].reset_index(drop=True),
        ["estimate", "std_error", "df"],
    )
    found, more = asked(weighed, weights="weight", **question), asked(told, **question)
    assert found.table[columns].to_numpy() == pytest.approx(more.table[columns].to_numpy(), rel=1e-9)
    assert found.rate == pytest.approx(more.rate) and found.n == len(rows) < more.n
    assert np.abs(found.table["estimate"] - asked(weighed, **question).table["estimate"]).max() > 1e-4


def test_weights_are_relative_and_above_zero_and_ways_that_take_none_say_so(rows):
    weighed = rows.assign(weight=np.linspace(1, 3, len(rows)), thousand=np.linspace(1000, 3000, len(rows)))
    found = [
        asked(weighed, weights=name).table[["estimate", "std_error"]].to_numpy() for name in ("weight", "thousand")
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-9)
    curve = asked(weighed, weights="weight").robustness.table.set_index("specification")
    assert (curve.loc[["bootstrap", "permutation", "gee", "mixed"], "reason"] == "unweighted").all()
    assert np.isfinite(curve.loc[["logit", "linear"], "estimate"]).all()
    with pytest.raises(ModelError, match='weights "weight": found 0'):
        asked(weighed.assign(weight=weighed["weight"] - 1), weights="weight")


def test_rows_where_nobody_was_invited_are_left_out_and_counted(counted):
    none = counted.iloc[[0]].assign(came=0, invited=0)
    more = asked(pd.concat([counted, none], ignore_index=True), **COUNTED)
    assert more.left_out.to_dict("list") == {"column": ["invited"], "rows": [1]} and more.n == len(counted)


def test_separated_counts_are_penalized_and_a_note_says_so(counted):
    nobody = counted.assign(came=counted["came"].where(~counted["consulted"], 0))
    result = asked(nobody, **COUNTED)
    row = result.table.iloc[0]
    assert (row["reason"], row["strength"]) == ("separated", "cannot tell")
    assert row["penalized_low"] < row["estimate"] < row["penalized_high"] < 0
    said = "consulted: tells without exception who took part; all coefficients are held finite by a penalty."
    assert result.notes == (said,)


def test_the_penalized_fit_and_limits_of_counts_are_those_of_the_rows(rows, counted):
    def matrix(of):
        return np.column_stack([np.ones(len(of)), of["consulted"], of["org_type"] == "cdsp"]).astype(float)

    m, share, y = counted["invited"].to_numpy(float), counted["share"].to_numpy(), rows["attended"].to_numpy(float)
    counts, by_row = fit_model(matrix(counted), share, "firth", m), fit_model(matrix(rows), y, "firth")
    # 1e-7: firthmodels stops at 1e-8
    assert counts.coefficients == pytest.approx(by_row.coefficients, rel=1e-7)
    assert profile_limits(counts, share, 1)[:, 1] == pytest.approx(profile_limits(by_row, y, 1)[:, 1], rel=1e-6)


WRONG = {
    "a share by Firth": ({"outcome": "share"}, 'expected yes or no (true/false or 1/0), or blank. For a share, say'),
    "percent": ({"outcome": "percent", "method": "fractional"}, "share from 0 to 1. Divide percent by 100."),
    "counts without trials": ({"outcome": "came", "method": "binomial"}, "name the column of those invited in trials"),
    "trials by Firth": ({"outcome": "came", "trials": "invited"}, 'need method="binomial"'),
    "more than invited": (COUNTED | {"outcome": "invited", "trials": "came"}, "expected a whole number from 0 to that in came"),
    "half a person": (COUNTED | {"outcome": "half"}, "found 0.5; expected a whole"),
    "fewer than none": (COUNTED | {"trials": "minus"}, "the whole number that was"),
    "an endless share": ({"outcome": "endless", "method": "fractional"}, "found inf; expected"),
    "a constant share": ({"outcome": "equal", "method": "fractional"}, "in all 80 rows it is 0.25, so nothing can go with it"),
    "an unknown column": (COUNTED | {"trials": "invitd"}, "Did you mean invited?"),
    "an unknown covariance": ({"covariance": "HC3"}, "covariance: found 'HC3'; expected one of CR0, CR1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_an_outcome_that_does_not_fit_the_method_is_said_in_words(counted, case):
    question, message = WRONG[case]
    odd = {
        "percent": counted["share"] * 100,
        "half": 0.5,
        "minus": -counted["invited"],
        "endless": np.inf,
        "equal": 0.25,
    }
    with pytest.raises(ModelError) as error:
        asked(counted.assign(**odd), **question)
    assert message in str(error.value)


def test_larger_corrections_give_larger_standard_errors_and_the_method_names_them(rows):
    both = {"incentives": ["refund", "consulted"], "permutations": 0}
    for kind in KINDS:
        result = predict_participation(rows, covariance=kind, **both)
        assert result.method == f"Firth logit, {kind} by organization_id and event_id, Satterthwaite"
        assert (result.table["std_error"] > 0).all() and 0 <= result.joint["p_value"] <= 1
    found = {kind: first(rows, ["std_error"], covariance=kind)[0] for kind in ("CR0", "CR2", "CR3", "CR1")}
    assert found["CR0"] < found["CR2"] < found["CR3"]
    assert found["CR0"] * np.sqrt(40 / 39) == pytest.approx(found["CR1"], rel=1e-12)


def test_an_exploratory_outcome_is_adjusted_by_benjamini_and_hochberg_and_called_so(rows):
    asking = {"incentives": ["refund", "showcase", "consulted", "recent"]}
    holm, explored = (predict_participation(rows, exploratory=e, **asking) for e in (False, True))
    assert (explored.table["p_value"] == holm.table["p_value"]).all()
    assert (explored.table["p_adjusted"] <= holm.table["p_adjusted"]).all()
    assert explored.table["p_adjusted"].max() == holm.table["p_value"].max()
    assert explored.notes[-1].startswith("This outcome is exploratory: p-values are adjusted by Benjamini and Hochberg")
    assert holm.notes == ()

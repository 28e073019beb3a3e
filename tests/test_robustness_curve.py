"""The specification curve: each specification against its own computation. Its words are tested with the sentences."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from numpy.testing import assert_allclose

from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.robustness import SPECIFICATIONS, robustness

QUESTION = dict(incentives=["refund", "showcase", "consulted", "recent"], adjust_for=["org_type", "event_type"])
ENDS = ["estimate", "conf_low", "conf_high"]


def specification_curve(rows, *, draws, seed=1, **question):
    return robustness(predict_participation(rows, seed=seed, **question), draws=draws, seed=seed)


@pytest.fixture(scope="module")
def rows():
    rng, found = np.random.default_rng(5), invitations(effects={"showcase": 1.2, "recent": 0.8})
    came = found["attended"].astype(bool)
    senior = pd.Series(rng.random(len(found)) < 0.7, dtype="boolean")
    return found.assign(
        fiscal_quarter="FY2017Q" + (found["event_id"].str[1:].astype(int) // 6 + 1).astype(str),
        delegates=np.where(came, rng.integers(1, 4, len(found)), 0),
        senior_delegate=senior.where(came),
    )


@pytest.fixture(scope="module")
def curve(rows):
    return specification_curve(rows, draws=199, **QUESTION)


def of(curve, key):
    return curve.table[curve.table["specification"] == key].set_index("term")


def asked(rows, **changes):
    return predict_participation(rows, permutations=0, **QUESTION | changes).table.set_index("term")


def test_every_specification_has_an_estimate_or_a_reason(curve):
    drawn_by_lot = {"lin"}
    assert set(curve.table["specification"]) == {"main", *SPECIFICATIONS} - drawn_by_lot
    assert (curve.table["estimate"].isna() == (curve.table["reason"] != "")).all()
    estimated = curve.table[curve.table["reason"] == ""]
    assert ((estimated["conf_low"] < estimated["estimate"]) & (estimated["estimate"] < estimated["conf_high"])).all()
    assert len(curve.table) == 4 * (len({*SPECIFICATIONS} - drawn_by_lot) + 1)
    strong = curve.table[(curve.table["term"] == "showcase") & (curve.table["specification"] != "unadjusted")]
    assert (strong["conf_low"] > 0).all()


def test_a_refit_and_another_outcome_are_what_asking_that_way_gives(rows, curve):
    senior = rows.assign(attended=rows["attended"] & rows["senior_delegate"].fillna(False))
    expected = {
        "main": asked(rows),
        "logit": asked(rows, method="logit"),
        "linear": asked(rows, method="linear"),
        "unadjusted": asked(rows, adjust_for=()),
        "senior": asked(senior),
        "delegates": asked(rows.assign(attended=rows["delegates"] / 3), method="fractional"),
    }
    for key, table in expected.items():
        assert_allclose(of(curve, key)[ENDS], table[ENDS], rtol=1e-9, err_msg=key)  # the same computation


def test_fixed_effects_compare_within_organizations_and_quarters(rows, curve):
    names = ["refund", "showcase", "recent"]
    within = pd.get_dummies(rows[["organization_id", "fiscal_quarter", "event_type"]], drop_first=True, dtype=float)
    X = np.column_stack([np.ones(len(rows)), rows[names].astype(float), within])
    beta = np.linalg.lstsq(X, rows["attended"].astype(float), rcond=None)[0]
    assert_allclose(of(curve, "fixed").loc[names, "estimate"], beta[1:4], rtol=1e-8)
    assert of(curve, "fixed").loc["consulted", "reason"] == "collinear"


def test_intervals_of_the_linear_model_stand_around_its_estimate(curve):
    for key in ("bootstrap", "permutation"):
        assert_allclose(of(curve, key)["estimate"], of(curve, "linear")["estimate"], rtol=1e-8)
        assert not of(curve, key)["own_estimate"].any()


def test_order_of_the_rows_does_not_matter(rows, curve):
    again = specification_curve(rows.sample(frac=1, random_state=1), draws=199, **QUESTION)
    pd.testing.assert_frame_equal(again.table, curve.table, check_exact=True)


def test_what_the_data_cannot_tell_is_not_varied(rows):
    changed = QUESTION | {"incentives": ["showcase", "tailored"], "permutations": 0}
    found = specification_curve(rows.assign(tailored=False), draws=19, **changed)
    tailored = found.table[found.table["term"] == "tailored"]
    assert tailored[["specification", "reason"]].to_numpy().tolist() == [["main", "constant"]]


def test_where_a_column_is_separated_the_unpenalized_logits_say_so(rows):
    odd = rows.assign(first=rows["attended"].astype(bool) & (rows["organization_id"] < "O010"))
    found = specification_curve(odd, draws=19, permutations=0, **QUESTION | {"adjust_for": ["first"]})
    reasons = found.table.groupby("specification")["reason"].unique()
    assert all(reasons[key].tolist() == ["separated"] for key in ("logit", "gee", "mixed"))
    assert reasons["linear"].tolist() == [""]


def test_a_share_as_outcome_and_kinds_of_an_incentive_have_their_curve(rows):
    kinds = np.array(["none", "coaching", "grant"])[rows["event_id"].str[1:].astype(int) % 3]
    share = rows.assign(part=rows["delegates"] / 3, support=kinds)
    question = dict(outcome="part", incentives="support", reference={"support": "none"}, permutations=0)
    found = specification_curve(share, draws=19, method="fractional", **question)
    assert set(found.table["term"]) == {"support[coaching]", "support[grant]"}
    assert of(found, "mixed")["reason"].unique().tolist() == ["not_yes_no"]
    linear = predict_participation(share, method="linear", **question).table.set_index("term")
    assert_allclose(of(found, "linear")[ENDS], linear[ENDS], rtol=1e-9)


def test_a_linear_question_has_its_other_intervals_first(rows):
    found = specification_curve(rows, draws=19, **QUESTION | {"method": "linear"}).table["specification"]
    assert found.unique().tolist()[:3] == ["main", "bootstrap", "permutation"] and "linear" not in set(found)


def test_missing_answers_imputed_join_the_curve_where_there_were_any(rows):
    result = predict_participation(rows, permutations=0, **QUESTION)
    pooled = {"pooled_estimate": 0.1, "pooled_low": 0.0, "pooled_high": 0.2, "pooled_n": 1000}
    for imputations, expected in ((20, [[0.1, 0.0, 0.2, 1000]] * 4), (0, [])):
        imputed = SimpleNamespace(table=result.table.assign(**pooled), imputations=imputations)
        found = robustness(result, draws=19, imputed=imputed)
        assert of(found, "imputed")[[*ENDS, "n"]].to_numpy().tolist() == expected

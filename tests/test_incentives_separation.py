"""Separated terms are found before any fit, alone or combined, and answered without a standard error."""

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from scipy.special import expit
from scipy.stats import chi2, t

from konbit_lessons import Say, coef_test
from konbit_lessons.errors import ModelError
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.design import build_design
from konbit_lessons.incentives.fit import fit_model, separated_columns
from konbit_lessons.incentives.sparse import permutation_p, profile_limits


def asked(rows, *incentives, **question):
    return predict_participation(rows, incentives=incentives, **{"permutations": 0} | question)


def separated_rows():
    rows = invitations()
    return rows.assign(attended=rows["attended"] | rows["refund"])


def test_separated_columns_are_those_alone_or_together_and_no_others():
    rng = np.random.default_rng(2)
    # took part exactly when a + b > 0, except that rows with a + b = 0 are mixed: neither a nor b separates alone
    a, b, c = rng.integers(-2, 3, 300), rng.integers(-2, 3, 300), rng.normal(size=300)
    y = np.where(a + b == 0, rng.random(300) < 0.5, a + b > 0).astype(float)
    assert separated_columns(np.column_stack([np.ones(300), a, b, c]).astype(float), y) == (1, 2)
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    assert separated_columns(np.column_stack([np.ones(4), x]), (x > 0) * 1.0)[-1] == 1
    nearly = ((np.arange(1000) < 499) | (np.arange(1000) == 700)).astype(float)
    assert separated_columns(np.column_stack([np.ones(1000), np.arange(1000) < 500]).astype(float), nearly) == ()
    overlapping = np.column_stack([np.ones(200), rng.normal(size=(200, 3)), rng.random(200) < 0.3]).astype(float)
    assert separated_columns(overlapping, (rng.random(200) < 0.5).astype(float)) == ()


def test_a_separated_incentive_gets_its_count_interval_and_permutation_but_no_wald_p():
    rows = separated_rows()
    result = asked(rows, "refund", "showcase", adjust_for=["org_type"], permutations=199)
    row, other = result.table.iloc[0], result.table.iloc[1]
    assert (row["reason"], row["strength"]) == ("separated", "cannot tell")
    assert row["k_offered"] == row["n_offered"] == int(rows["refund"].sum())
    assert np.isnan(row[["std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted"]].astype(float)).all()
    assert 0 < row["penalized_low"] < row["estimate"] < row["penalized_high"] < 1
    assert row["permutation_p"] == 1 / 200  # the offered events are the highest of all shuffles
    assert result.joint["terms"] == ("showcase",) and other["reason"] == ""
    assert other["p_adjusted"] == other["p_value"]  # Holm over the estimable ones only
    assert "all 400 took part" in result.not_estimable["explanation"].iloc[0]
    with pytest.raises(ModelError, match=r"separated: refund tell .* Use method=\"firth\""):
        asked(rows, "refund", "showcase", method="logit")


@pytest.mark.parametrize("method", ["firth", "linear"])
@pytest.mark.parametrize("adjust_for", [(), ("org_type", "event_type", "hours", "nearly_hours")])
def test_an_incentive_equal_to_attendance_is_separated_and_the_others_get_their_answers(method, adjust_for):
    rows = invitations(effects={"consulted": 0.7})
    rng = np.random.default_rng(1)
    rows = rows.assign(came=rows["attended"], hours=rng.normal(size=len(rows)))
    rows = rows.assign(nearly_hours=rows["hours"] + 1e-6 * rng.normal(size=len(rows)))
    table = asked(rows, "came", "consulted", "refund", adjust_for=adjust_for, method=method).table
    assert table["reason"].iloc[0] == "separated" and 0.9 < table["estimate"].iloc[0] < 1
    assert table["reason"].iloc[1:].tolist() == ["", ""]
    plain = asked(rows, "consulted", "refund", adjust_for=adjust_for, method=method).table
    assert table.iloc[1:]["estimate"].tolist() == pytest.approx(plain["estimate"].tolist(), rel=1e-9)


def test_a_separated_adjuster_is_noted_and_the_incentives_keep_their_estimates():
    result = asked(separated_rows(), "showcase", adjust_for=["refund"])
    assert result.table["reason"].tolist() == [""]
    assert "refund: tells without exception who took part" in result.notes[0]


def test_too_few_groups_cannot_be_told_and_enough_can():
    rows = invitations()
    ids, certificate = sorted(rows["organization_id"].unique()), rows["event_id"].isin(["E01", "E02", "E05"])
    result = asked(rows.assign(certificate=certificate), "certificate", "showcase", permutations=199)
    row = result.table.iloc[0]
    assert (row["reason"], row["varies_by"], row["groups_offered"]) == ("few_groups", "event_id", 3)
    assert result.not_estimable["explanation"].iloc[0] == "found 3 event_id with it; at least 5 are needed."
    assert np.isfinite(row[["estimate", "penalized_low", "penalized_high", "permutation_p"]].astype(float)).all()
    for groups, reason in ((9, "few_groups"), (10, ""), (30, ""), (31, "few_groups")):
        given = rows.assign(consulted=rows["organization_id"].isin(ids[:groups]))
        assert asked(given, "consulted").table["reason"].tolist() == [reason], groups


def test_permutation_by_hand_shuffles_groups_within_their_type_and_not_rows():
    # 6 events, the two with the incentive are the two that everybody attended: 1 of 15 choices reaches that far, and
    # no other does in absolute value, so p tends to 1/15
    rows = invitations(organizations=30, events=6)
    offered = rows["event_id"].isin(["E00", "E01"])
    rows = rows.assign(refund=offered, attended=offered | (rows["recent"] & ~offered))
    # offered at one of three round tables and one of five trainings, everybody came to both: within the types there are
    # 15 choices, among all events 28, and only the observed one reaches as far
    types = invitations(organizations=30, events=8)
    number = types["event_id"].str[1:].astype(int)
    both = types.assign(refund=number.isin([0, 3]), event_type=np.where(number < 3, "round_table", "training"))
    both["attended"] = both["refund"] | (both["recent"] & ~both["refund"])

    def p(rows, permutations, *adjust_for):
        design = build_design(rows, incentives=["refund"], adjust_for=adjust_for)
        return permutation_p(design, "refund", varies_by="event_id", permutations=permutations, seed=1)

    assert p(rows, 4999) == pytest.approx(1 / 15, abs=3 * np.sqrt(1 / 15 * 14 / 15 / 4999))  # three Monte Carlo errors
    for adjust_for, expected in ((["event_type"], 1 / 15), ([], 1 / 28)):
        near = pytest.approx(expected, abs=3 * np.sqrt(expected / 1999) + 1 / 2000)
        assert p(both, 1999, *adjust_for) == near, adjust_for


def test_permutation_depends_on_the_seed_and_not_on_the_order_of_rows():
    rows = invitations()
    certificate = rows["event_id"].isin(["E01", "E02", "E05"])
    rows = rows.assign(certificate=certificate, visited=rows["recent"] & rows["organization_id"].isin(["O001", "O002"]))

    def p(rows, seed, *incentives):
        table = asked(rows, *incentives, permutations=199, seed=seed).table.set_index("term")
        return table.loc[["certificate", "visited"], "permutation_p"].tolist()

    alone = p(rows, 1, "certificate", "visited")
    assert p(rows.sample(frac=1, random_state=3), 1, "visited", "certificate") == alone
    assert p(rows, 2, "certificate", "visited") != alone


def test_an_amount_that_one_event_decides_cannot_be_told():
    rows = invitations()
    rows["per_diem_htg"] = rows["event_id"].str[1:].astype(int) % 7 * 10.0
    rows.loc[rows["event_id"] == "E03", "per_diem_htg"] = 5000.0
    result = asked(rows, "per_diem_htg", "refund", permutations=99)
    row = result.table.iloc[0]
    assert (row["reason"], row["strength"]) == ("low_df", "cannot tell")
    assert "independent groups; at least 5 are needed" in result.not_estimable["explanation"].iloc[0]
    assert np.isnan(row["p_value"]) and np.isfinite(row["permutation_p"])


def uneven(seed):
    """80 organizations that differ, of 1 to 60 rows each, on two sides; some have an incentive without effect."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(80), np.floor(61 ** rng.random(80)).astype(int))
    had = rng.random(80) < 0.4
    chance = expit(1.6 * rng.normal(size=80))[who]
    given = {"organization_id": who, "refund": had[who], "side": np.array(["a", "b"])[who % 2]}
    return pd.DataFrame(given | {"attended": rng.random(len(who)) < chance})


def test_what_stands_out_only_if_rows_of_an_organization_are_not_alike_cannot_be_told():
    rows, side = uneven(239), {"adjust_for": ["side"], "cluster": "organization_id", "method": "linear"}
    result = asked(rows, "refund", **side, permutations=99)
    row, by_r = result.table.iloc[0], coef_test(result.fit, "organization_id").loc["refund"]
    assert (row["reason"], row["strength"]) == ("at_the_edge", "cannot tell") and 0.01 < by_r["p_value"] < 0.05
    assert np.isnan(row[["conf_low", "p_value", "p_adjusted"]].astype(float)).all() and row["permutation_p"] > 0
    assert "worth 14.0 independent groups, and holds zero if 6.9" in result.not_estimable["explanation"][0]
    assert "it is at the edge of chance" in str(Say().cannot_tell(result)[0])
    # an interval that holds zero either way is told, and is that of clubSandwich
    wider = asked(rows, "refund", **side, confidence=0.99).table.iloc[0]
    assert wider["strength"] == "uncertain" and wider["p_value"] == pytest.approx(by_r["p_value"], rel=1e-9)


def test_words_follow_the_fewer_degrees_of_freedom_and_numbers_are_those_of_clubsandwich():
    result = asked(uneven(113), "refund", cluster="organization_id", method="linear")
    row, by_r = result.table.iloc[0], coef_test(result.fit, "organization_id").loc["refund"]
    same = ["std_error", "df", "p_value", "conf_low", "conf_high"]
    assert row[same].astype(float).to_numpy() == pytest.approx(by_r[same].to_numpy(), rel=1e-9)
    robust, contrast = result.answers.robust, np.array([0.0, 1.0])
    df = robust.df_if_alike(contrast)
    assert 5 < df < row["df"] - 2 and row["p_adjusted"] == pytest.approx(2 * t.sf(by_r["t"], df), rel=1e-9)
    assert asked(uneven(113), "refund", cluster="organization_id", confidence=0.99).table["strength"][0] != "clear"


def test_a_difference_of_groups_that_stands_out_by_one_count_alone_cannot_be_told():
    result = asked(uneven(50), "refund", cluster="organization_id", by="side", adjust_for=["side"], method="linear")
    *groups, difference = result.groups[["strength", "reason"]].to_numpy().tolist()
    assert difference == ["cannot tell", "at_the_edge"] and {reason for _, reason in groups} == {""}
    assert np.isnan(result.groups[["conf_low", "conf_high", "p_value"]].iloc[-1].astype(float)).all()


def test_the_interval_of_a_separated_amount_holds_its_estimate():
    # the derivative falls again where the slope is steep, so the effects at the two limits alone would not
    rows = invitations(organizations=20, events=12).assign(attended=lambda rows: rows["per_diem_htg"] > 0)
    row = asked(rows, "per_diem_htg").table.iloc[0]
    assert row["reason"] == "separated" and row["penalized_low"] <= row["estimate"] <= row["penalized_high"]


def test_profile_limits_of_four_rows_lie_where_the_likelihood_has_dropped():
    # scoring steps are twice too long here, and would swing around the maximum for ever
    X = np.array([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    y = np.array([0.0, 1.0, 0.0, 1.0])
    fit = fit_model(X, y, "firth")

    def height(beta):
        p = 1 / (1 + np.exp(-X @ beta))
        information = (X * (p * (1 - p))[:, None]).T @ X
        return y @ X @ beta - np.logaddexp(0, X @ beta).sum() + np.linalg.slogdet(information)[1] / 2

    for limit in profile_limits(fit, y, 1):
        assert height(fit.coefficients) - height(limit) == pytest.approx(chi2.ppf(0.95, 1) / 2, rel=1e-7)

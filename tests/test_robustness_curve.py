# ruff: noqa: E501  (sentences stand whole)
"""The specification curve: each specification against its own computation, and the sentences and the figure whole."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from incentives_example import invitations
from PIL import Image
from pseudo import pseudo_language, untranslated
from reporting_example import row
from test_sentences import PEOPLE

from konbit_lessons.figures import drawing
from konbit_lessons.incentives import predict_participation
from konbit_lessons.incentives.robustness import LABELS, Robustness, robustness, specification_curve

QUESTION = dict(incentives=["refund", "showcase", "consulted", "recent"], adjust_for=["org_type", "event_type"])
ENDS = ["estimate", "conf_low", "conf_high"]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    found = invitations(effects={"showcase": 1.2, "recent": 0.8})
    came = found["attended"].astype(bool)
    return found.assign(
        fiscal_quarter="FY2017Q" + (found["event_id"].str[1:].astype(int) // 6 + 1).astype(str),
        delegates=np.where(came, rng.integers(1, 4, len(found)), 0),
        senior_delegate=pd.array(rng.random(len(found)) < 0.7, dtype="boolean"),
    ).assign(senior_delegate=lambda one: one["senior_delegate"].where(came))


@pytest.fixture(scope="module")
def curve(rows):
    return specification_curve(rows, draws=199, **QUESTION)


def of(curve, key):
    return curve.table[curve.table["specification"] == key].set_index("term")


def test_every_specification_has_an_estimate_or_a_reason(curve):
    assert set(curve.table["specification"]) == set(LABELS) - {"imputed"}
    assert (curve.table["estimate"].isna() == (curve.table["reason"] != "")).all()
    estimated = curve.table[curve.table["reason"] == ""]
    assert (estimated["conf_low"] < estimated["estimate"]).all()
    assert (estimated["estimate"] < estimated["conf_high"]).all()
    assert len(curve.table) == 4 * (len(LABELS) - 1)


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("main", {}),
        ("logit", {"method": "logit"}),
        ("linear", {"method": "linear"}),
        ("unadjusted", {"adjust_for": ()}),
    ],
)
def test_a_refit_is_what_asking_that_way_gives(rows, curve, key, changes):
    asked = predict_participation(rows, permutations=0, **QUESTION | changes).table.set_index("term")
    np.testing.assert_allclose(of(curve, key)[ENDS], asked[ENDS], rtol=1e-9)  # the same computation


def test_other_outcomes_are_the_senior_delegate_and_the_delegates(rows, curve):
    senior = rows.assign(attended=rows["attended"] & rows["senior_delegate"].fillna(False))
    asked = predict_participation(senior, permutations=0, **QUESTION).table.set_index("term")
    np.testing.assert_allclose(of(curve, "senior")[ENDS], asked[ENDS], rtol=1e-9)
    share = rows.assign(attended=rows["delegates"] / 3)
    asked = predict_participation(share, method="fractional", permutations=0, **QUESTION).table.set_index("term")
    np.testing.assert_allclose(of(curve, "delegates")[ENDS], asked[ENDS], rtol=1e-9)


def test_fixed_effects_compare_within_organizations_and_quarters(rows, curve):
    names = ["refund", "showcase", "recent"]
    within = pd.get_dummies(rows[["organization_id", "fiscal_quarter", "event_type"]], drop_first=True, dtype=float)
    X = np.column_stack([np.ones(len(rows)), rows[names].astype(float), within])
    beta = np.linalg.lstsq(X, rows["attended"].astype(float), rcond=None)[0]
    fixed = of(curve, "fixed")
    np.testing.assert_allclose(fixed.loc[names, "estimate"], beta[1:4], rtol=1e-8)
    assert fixed.loc["consulted", "reason"] == "collinear"


def test_intervals_of_the_linear_model_stand_around_its_estimate(curve):
    linear = of(curve, "linear")["estimate"]
    for key in ("bootstrap", "permutation"):
        np.testing.assert_allclose(of(curve, key)["estimate"], linear, rtol=1e-8)
        assert not of(curve, key)["own_estimate"].any()


def test_a_strong_effect_stays_in_every_way_of_looking_and_covers_alike(curve):
    showcase = curve.table[(curve.table["term"] == "showcase") & (curve.table["specification"] != "unadjusted")]
    assert (showcase["conf_low"] > 0).all()


def test_order_of_the_rows_does_not_matter(rows, curve):
    again = specification_curve(rows.sample(frac=1, random_state=1), draws=199, **QUESTION)
    numbers = curve.table[ENDS].to_numpy()
    np.testing.assert_allclose(again.table[ENDS].to_numpy(), numbers, rtol=1e-7, atol=1e-9)  # sums in another order


def test_what_the_data_cannot_tell_is_not_varied(rows):
    never = rows.assign(tailored=False)
    found = specification_curve(never, draws=19, permutations=0, **QUESTION | {"incentives": ["showcase", "tailored"]})
    tailored = found.table[found.table["term"] == "tailored"]
    assert tailored["specification"].tolist() == ["main"]
    assert tailored["reason"].tolist() == ["constant"]
    assert found.sentences()[1] == "**Tailored:** the data cannot tell in any way of looking."


def test_where_a_column_is_separated_the_unpenalized_logits_say_so(rows):
    odd = rows.assign(first=rows["attended"].astype(bool) & (rows["organization_id"] < "O010"))
    found = specification_curve(odd, draws=19, permutations=0, **QUESTION | {"adjust_for": ["first"]})
    reasons = found.table.groupby("specification")["reason"].unique()
    assert all(reasons[key].tolist() == ["separated"] for key in ("logit", "gee", "mixed"))
    assert reasons["linear"].tolist() == [""]


def test_a_share_as_outcome_and_kinds_of_an_incentive_have_their_curve(rows):
    kinds = np.array(["none", "coaching", "grant"])[rows["event_id"].str[1:].astype(int) % 3]
    share = rows.assign(part=rows["delegates"] / 3, support=kinds)
    question = dict(outcome="part", incentives="support", method="fractional", reference={"support": "none"})
    found = specification_curve(share, draws=19, permutations=0, **question)
    assert set(found.table["term"]) == {"support[coaching]", "support[grant]"}
    assert of(found, "mixed")["reason"].unique().tolist() == ["not_yes_no"]
    linear = predict_participation(share, permutations=0, **question | {"method": "linear"}).table.set_index("term")
    np.testing.assert_allclose(of(found, "linear")[ENDS], linear[ENDS], rtol=1e-9)


def test_a_linear_question_has_its_other_intervals_first(rows):
    found = specification_curve(rows, draws=19, **QUESTION | {"method": "linear"})
    assert found.table["specification"].unique().tolist()[:3] == ["main", "bootstrap", "permutation"]
    assert "linear" not in set(found.table["specification"])


def test_missing_answers_imputed_join_the_curve_where_there_were_any(rows):
    result = predict_participation(rows, permutations=0, **QUESTION)
    pooled = {"pooled_estimate": 0.1, "pooled_low": 0.0, "pooled_high": 0.2, "pooled_n": 1000}
    for imputations, expected in ((20, [[0.1, 0.0, 0.2, 1000]] * 4), (0, [])):
        imputed = SimpleNamespace(table=result.table.assign(**pooled), imputations=imputations)
        found = robustness(rows, result, draws=19, imputed=imputed, **QUESTION)
        assert of(found, "imputed")[[*ENDS, "n"]].to_numpy().tolist() == expected


def made(*ways, term="business_showcase", outcome="attended", **changes):
    """A curve of one incentive with these estimates."""
    keys = ["main", "linear", "bootstrap", "mixed", "fixed"][: len(ways)]
    table = pd.DataFrame(
        {"term": term, "specification": keys, "own_estimate": [key != "bootstrap" for key in keys],
         "estimate": ways, "conf_low": np.array(ways) - 0.05, "conf_high": np.array(ways) + 0.05, "n": 1800, "reason": ""}
    )  # fmt: skip
    table.loc[table["estimate"].isna(), "reason"] = "collinear"
    main = pd.DataFrame([row(term=term, estimate=ways[0], **changes)])
    return Robustness(table, main, outcome, 0.95)


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        ([0.18, 0.25, 0.25, 0.2], "more participation in all 3 ways of looking, between 18 and 25 of 100."),
        ([0.18, 0.184], "more participation in all 2 ways of looking, by about 18 of 100."),
        ([0.18], "more participation in the 1 way of looking, by about 18 of 100."),
        ([-0.02, -0.014, -0.014, -0.081], "less participation in all 3 ways of looking, between 1 and 8 of 100."),
        ([0.04, -0.02, -0.02, 0.09, np.nan], "more participation in 2 of 3 ways of looking, from 2 fewer to 9 more of 100."),
        ([-0.01, 0.004], "less participation in 1 of 2 ways of looking, from 1 fewer to 0.4 more of 100."),
    ],
)  # fmt: skip
def test_the_sentence_says_in_how_many_ways_the_direction_is_kept_and_the_range(ways, said):
    assert made(*ways).sentences() == [f"**Business showcase:** {said}"]


def test_the_sentence_of_an_amount_and_of_a_study():
    amount = made(0.0002, 0.0003, term="per_diem_htg", label="Amount of the per diem (HTG)", kind="amount")
    assert amount.sentences() == [
        "**Amount of the per diem (HTG), each 100 more:** more participation in all 2 ways of looking, between 2 and 3 of 100."
    ]
    cash = made(0.447, 0.43, term="any", label="Offered a cash incentive", outcome="got")
    assert cash.sentences(units=PEOPLE) == [
        "**Offered a cash incentive:** more people learned their result in all 2 ways of looking, between 43 and 45 of 100."
    ]
    villages = made(0.4, 0.4, 0.4, 0.4, 0.3, outcome="got").figure(units=PEOPLE)
    assert villages.table["Way of looking"].iloc[-1] == "Within each village"
    assert "Within each village: every village is compared with itself only." in villages.caption


def test_the_heading_says_for_how_many_incentives_the_direction_is_kept(curve):
    assert made(0.1, -0.1).figure().heading == "Business showcase: the same direction in 1 of 2 ways of looking"
    assert curve.figure().heading == "All 4 incentives keep their direction in every way of looking"
    both = [made(0.1, -0.1), made(0.1, 0.2, term="certificate", label="Certificate")]
    table, main = (pd.concat([getattr(one, name) for one in both]) for name in ("table", "main"))
    heading = Robustness(table, main, "attended", 0.95).figure().heading
    assert heading == "1 of 2 incentives keeps its direction in every way of looking"


def test_the_figure_carries_its_numbers_and_what_it_shows_in_words(curve):
    figure = made(0.11, 0.12, 0.12, np.nan).figure()
    assert figure.alt == (
        "Dots with bars for 1 incentive, in several ways of looking. "
        "Business showcase: more participation in all 2 ways of looking, between 11 and 12 of 100."
    )
    assert figure.table.to_numpy().tolist() == [
        ["Business showcase", "As in the report", "+11", "+6", "+16", "1,800"],
        ["Business showcase", "Linear model", "+12", "+7", "+17", "1,800"],
        ["Business showcase", "– interval by bootstrap", "+12", "+7", "+17", "1,800"],
        ["Business showcase", "Mixed: a level per group", "–", "–", "–", "–"],
    ]
    assert figure.name == "specifications"
    assert figure.numbers.equals(made(0.11, 0.12, 0.12, np.nan).table)
    assert curve.figure().png == curve.figure().png


def test_no_text_leaves_the_picture_however_long(curve):
    long = made(0.9, -0.8, label="Long " * 60 + "W" * 90)
    with Image.open(io.BytesIO(long.figure().png)) as picture:
        assert picture.width == 2 * drawing.WIDTH
        pixels = np.asarray(picture.convert("L"))
    assert (pixels[:, :8] > 250).all()
    assert (pixels[:, -8:] > 250).all()


def test_every_word_comes_out_translated(curve, tmp_path, monkeypatch):
    pseudo = pseudo_language(tmp_path)
    drawn = []
    monkeypatch.setattr(drawing, "drawable", lambda text: drawn.append(text) or text)
    figure = curve.figure(pseudo)
    cells = [
        *figure.table.columns,
        *figure.table["Incentive" if "Incentive" in figure.table else figure.table.columns[1]],
    ]
    shown = [figure.heading, figure.subtitle, figure.caption, *curve.sentences(pseudo), *cells, *drawn]
    own = ("Refund", "Consulted", "Recent", "Showcase")  # names of columns, which nobody has put into words
    assert [words for text in shown if (words := untranslated(text)) and not str(text).endswith(own)] == []

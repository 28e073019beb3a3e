"""What `make simulation` runs, in short: what it draws is what it says, and the method holds its level."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import uneven
from benchmarks.simulation import Cell, draw, kept, run, section, summary

pytestmark = pytest.mark.slow

NULL = Cell("short", 137, 48, (0.1, 0.3), (0.2, 0.5), event_sd=0.5)


def test_what_is_drawn_has_the_base_rate_the_shares_and_the_truth_it_says():
    cell = Cell("with effects", 137, 48, (0.3,), (0.5,), effect=0.8, event_sd=0.5)
    drawn = [draw(cell, seed) for seed in range(20)]
    rates = [rows["attended"].mean() for rows, _ in drawn]
    assert np.mean(rates) == pytest.approx(0.35, abs=4 * np.std(rates) / 20**0.5)
    for rows, _ in drawn[:3]:
        assert rows.groupby("organization_id")["organization_0.3"].first().mean() == pytest.approx(0.3, abs=0.01)
        assert rows.groupby("event_id")["event_0.5"].first().mean() == 0.5
    # the difference of shares between events with and without it estimates the truth, since all else is drawn apart
    plain = [rows.groupby("event_0.5")["attended"].mean().diff().iloc[-1] for rows, _ in drawn]
    assert np.mean(plain) == pytest.approx(drawn[0][1]["event_0.5"], abs=4 * np.std(plain) / 20**0.5)


def test_no_effect_has_the_truth_zero_and_the_same_seed_draws_the_same():
    (rows, truth), (again, _) = draw(NULL, 7), draw(NULL, 7)
    assert set(truth.values()) == {0.0} and rows.equals(again)


def test_false_positives_and_coverage_stay_near_their_level_two_ways():
    answers = run(NULL, 60, workers=1)
    told = answers[answers["told"]]
    n = len(told)
    assert n == 240
    # 240 answers in 60 draws: three Monte Carlo errors above 5 of 100, counting the four answers of a draw as one
    assert told["rejected"].mean() <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5
    assert told["covered"].mean() >= 0.95 - 3 * (0.05 * 0.95 / 60) ** 0.5
    assert summary(answers)["estimable"].tolist() == [100.0] * 4


def test_a_rare_incentive_is_answered_by_permutation_and_seldom_rejected():
    answers = run(Cell("rare", 137, None, (0.3,), rare=6), 40, workers=1)
    rare = answers[answers["term"] == "rare_6"]
    assert len(rare) == 40 and rare["told"].all()
    assert rare["rejected"].sum() <= 6  # 5 of 100 is 2 of 40; 7 or more in 1 of 300 runs
    separated = answers[answers["term"] == "rare_6, when separated"]
    assert 1 <= len(separated) <= 12  # six rows agree by chance: 0.65⁶ + 0.35⁶ = 8 of 100


def test_uneven_programmes_have_the_sizes_the_rate_and_the_truth_they_say():
    cell = uneven.Uneven("uneven", "gamma", 0.8, 0.3, {"row_by_chance": 0.8})
    drawn = [cell.draw(seed) for seed in range(40)]
    sizes = np.concatenate([rows["organization_id"].value_counts() for rows, _ in drawn])
    assert sizes.min() == 1 and 85 <= sizes.max() <= 90 and np.median(sizes) < 0.6 * sizes.mean()
    rates = [rows["attended"].mean() for rows, _ in drawn]
    assert np.mean(rates) == pytest.approx(0.3, abs=4 * np.std(rates) / 40**0.5)
    by_type = (
        pd.concat(rows.drop_duplicates("organization_id") for rows, _ in drawn).groupby("org_type")["common"].mean()
    )
    assert by_type["school"] > by_type["clinic"] > by_type["mill"]
    plain = [rows.groupby("row_by_chance")["attended"].mean().diff().iloc[-1] for rows, _ in drawn]
    assert np.mean(plain) == pytest.approx(drawn[0][1]["row_by_chance"], abs=4 * np.std(plain) / 40**0.5)
    assert drawn[0][0].equals(cell.draw(0)[0]) and drawn[0][1]["common"] == 0


def test_false_positives_stay_near_their_level_in_uneven_programmes(tmp_path):
    answers = run(uneven.CELLS[2], 40, workers=1)
    told = answers[answers["told"]]
    assert told["rejected"].mean() <= 0.05 + 3 * (0.05 * 0.95 / 40) ** 0.5 and len(told) > 200
    page = tmp_path / "page.md"
    page.write_text(f"# Head\n\n{section(uneven.CELLS[2], answers)}\n## Other\n\nkept\n", encoding="utf-8")
    assert kept(page) == {uneven.CELLS[2].title: section(uneven.CELLS[2], answers), "Other": "## Other\n\nkept\n"}

"""What is said of a result, in three languages: ``data/result_sentences.csv`` holds the sentences whole."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from contradictions import contradictions, drawn
from reporting_example import NAN, ROWS, result, row

from konbit_lessons.say import Say
from konbit_lessons.sentences import incentives, limits

FILE = Path(__file__).parent / "data" / "result_sentences.csv"
SILENT = {"strength": "cannot tell", "conf_low": NAN, "conf_high": NAN, "permutation_p": NAN}
AMOUNT = {"term": "stipend", "label": "Stipend", "kind": "amount", "step": 100}
UNITS = SimpleNamespace(row="person", rows="people", group="village", groups="villages", outcome="learned their result")
STUDY = SimpleNamespace(units=UNITS, study=SimpleNamespace(title="Cash {and} results"), label=lambda term: _Label(term))


class _Label(str):
    def text(self, language, form="one"):
        return str(self)


def one(**changes):
    """The sentence of a result with one incentive."""
    return lambda say: incentives.headline(say, replace(result(), table=_table(**changes)))


def _table(**changes):
    table = result().table.iloc[:1]
    return table.assign(**{name: [value] for name, value in changes.items()})


def of(function, *rest, **changes):
    return lambda say: function(say, replace(result(), **changes), *rest)


def in_a_study(**changes):
    def said(say):
        own = Say(say.words)
        own.programme = STUDY
        cash = {"term": "cash", "n": 2825, "n_offered": 2204, "groups_offered": 118, "varies_by": "row"}
        changed = _table(**cash | changes)
        return incentives.headline(own, replace(result(), outcome="got", table=changed))

    return said


def differing(strength, low, high):
    within = [row(group="union", estimate=0.03), row(group="ngo", estimate=0.12)]
    gap = row(group="difference: ngo − union", estimate=0.09, conf_low=low, conf_high=high, strength=strength)
    return of(limits.group_differences, groups=pd.DataFrame([*within, gap]), by="org_type")


PREDICTED = SimpleNamespace(
    table=pd.DataFrame({"measure": ["auc", "brier"], "out_of_fold": [0.65, 0.23], "base_rate": [0.5, 0.247]}),
    auc_low=0.62,
    auc_high=0.68,
)
SITUATIONS = {
    "headline": of(incentives.headline),
    "nothing found": of(incentives.found, table=result(ROWS[2:]).table),
    "base rate": of(incentives.base_rate),
    "base rate about few": of(incentives.base_rate, rate=NAN),
    "best": of(incentives.best_incentive),
    "no best": of(incentives.best_incentive, table=result(ROWS[1:]).table),
    "cannot tell": of(incentives.cannot_tell),
    "clear": one(),
    "likely, fewer": one(strength="likely", estimate=-0.081, conf_low=-0.15, conf_high=-0.012),
    "uncertain": one(strength="uncertain", estimate=0.045, conf_low=-0.03, conf_high=0.12),
    "no sign": one(strength="no sign of", estimate=0.004, conf_low=-0.04, conf_high=0.05),
    "one more": one(estimate=0.011, conf_low=0.002, conf_high=0.02, n_offered=1, groups_offered=1),
    "amount": one(**AMOUNT, estimate=0.00012, conf_low=0.00004, conf_high=0.0002),
    "against": one(term="support[coaching]", against="training"),
    "few events": one(**SILENT, reason="few_groups", groups_offered=3),
    "few organizations": one(**SILENT, reason="few_groups", varies_by="organization_id", groups_offered=4),
    "almost all": one(**SILENT, reason="few_groups", groups_offered=47),
    "always": one(**SILENT, reason="constant", n_offered=1800, k_offered=980, n_not_offered=0),
    "never": one(**SILENT, reason="constant", n_offered=0, k_offered=0),
    "separated": one(**SILENT, reason="separated", k_offered=612),
    "not shown": one(**SILENT, reason="not_shown", n_offered=NAN, k_offered=NAN, groups_offered=NAN),
    "study": in_a_study(),
    "study, few": in_a_study(**SILENT, reason="few_groups", groups_offered=4),
    "study, amount": in_a_study(
        kind="amount", estimate=0.12, conf_low=-0.1, conf_high=0.2, strength="uncertain", step=0.2
    ),
    "together": of(limits.together),
    "together, chance": of(limits.together, table=result(ROWS[1:]).table),
    "together, unknown": of(limits.together, table=result(ROWS[4:]).table),
    "left out": of(limits.left_out),
    "nothing left out": of(limits.left_out, left_out=pd.DataFrame({"column": [], "rows": []})),
    "left out, hidden": of(
        limits.left_out, left_out=pd.DataFrame({"column": ["staff"], "rows": pd.array([pd.NA], "Int64")}), smallest=5
    ),
    "missed": of(limits.missed),
    "explained away": of(limits.explained_away),
    "groups differ": differing("clear", 0.03, 0.15),
    "groups, uncertain": differing("uncertain", -0.03, 0.2),
    "groups, unknown": differing("cannot tell", NAN, NAN),
    "predicts": of(limits.predicted, prediction=PREDICTED),
    "no prediction": of(limits.predicted),
    "rule": of(incentives.strength_rule),
    "rule, exploratory": of(incentives.strength_rule, exploratory=True),
}


def spoken(situation, language):
    said = SITUATIONS[situation](Say(language))
    return " ".join(map(str, said if isinstance(said, list) else [said]))


def table():
    return pd.read_csv(FILE, keep_default_na=False).set_index("situation")


def test_the_table_has_every_situation_in_every_language():
    assert list(table().index) == list(SITUATIONS)
    assert not (table() == "").any(axis=None)


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_situation_has_its_sentence(situation, language):
    assert spoken(situation, language) == table().loc[situation, language]


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_no_page_contradicts_itself(block):
    found = {seed: contradictions(drawn(seed)) for seed in range(50 * block, 50 * (block + 1))}
    assert {seed: wrong for seed, wrong in found.items() if wrong} == {}


if __name__ == "__main__":  # writes the sentences of today, to be read before they are committed
    lines = [[one, *(spoken(one, language) for language in ("en", "fr", "ht"))] for one in SITUATIONS]
    pd.DataFrame(lines, columns=["situation", "en", "fr", "ht"]).to_csv(FILE, index=False)

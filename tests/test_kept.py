"""What one notebook has worked out is found by another as it was, and only where nothing it rests on is another."""

import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons import kept
from konbit_lessons.field.place import STAMP, quarters_cleaned
from konbit_lessons.measures.organization import record

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
OTHERS = {
    "a value": FRAME.assign(a=[1, 3]),
    "a type": FRAME.astype({"a": float}),
    "a name": FRAME.rename(columns={"a": "c"}),
    "the order of rows": FRAME[::-1],
    "the first kind": FRAME.assign(b=pd.Categorical(["x", None], ["y", "x"])),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder of what a run has worked out, and a function that says how often it was called."""
    monkeypatch.setenv(kept.FOLDER, str(tmp_path / "kept"))
    monkeypatch.setattr(kept, "READ", set())
    calls = []

    @kept.kept
    def size(frame, **options):
        calls.append(options)
        kept.READ.add("survey")
        return len(frame)

    return size, calls


def test_what_was_worked_out_is_found_with_what_was_read_for_it(run):
    size, calls = run
    assert size(FRAME, by="a") == 2
    kept.READ.clear()
    assert size(FRAME.copy(), by="a") == 2 and len(calls) == 1 and {"survey"} == kept.READ
    size(FRAME, by="b")
    size(FRAME, by=["a"])
    assert len(calls) == 3


@pytest.mark.parametrize("other", OTHERS)
def test_anything_else_is_worked_out(run, other):
    size, calls = run
    size(OTHERS["the first kind"].assign(b=pd.Categorical(["x", None], ["x", "y"])))
    size(FRAME)
    size(OTHERS[other])
    assert len(calls) == 3


def test_what_cannot_be_told_apart_and_what_no_run_keeps_is_worked_out_each_time(run, monkeypatch):
    size, calls = run
    for _ in range(2):
        size(FRAME["a"])
    monkeypatch.delenv(kept.FOLDER)
    for _ in range(2):
        size(FRAME)
    assert len(calls) == 4


def test_estimates_are_fitted_once_and_are_as_they_were(run, monkeypatch):
    organizations = [f"O{number % 40:02}" for number in range(400)]
    rows = pd.DataFrame({"organization_id": organizations, "event_id": [f"E{n // 16:02}" for n in range(400)]})
    rows["refund"] = rows["event_id"].str[-1].isin(["1", "3", "4", "8"]).astype(int)
    rows["attended"] = [(n * 7919 % 13 + 3 * refund) % 3 > 0 for n, refund in enumerate(rows["refund"])]
    rows["attended"] = rows["attended"].astype(int)
    ask = {"formula": "attended ~ refund + np.log1p(organization_number)", "incentives": ["refund"]}
    rows["organization_number"] = rows["organization_id"].str[1:].astype(int)
    first = kl.estimate(rows=rows, **ask)
    tests = first.joint, first.covariates
    monkeypatch.setattr("konbit_lessons.incentives.estimates._fitted", None)  # nothing is fitted again
    again = kl.estimate(rows=rows, **ask)
    pd.testing.assert_frame_equal(again.table, first.table)
    assert again.joint == tests[0]
    pd.testing.assert_frame_equal(again.covariates, tests[1])
    pd.testing.assert_series_equal(again.fit.params, first.fit.params)  # and all can still be asked of them
    assert again.answers.design.matrix(rows).tolist() == first.answers.design.matrix(rows).tolist()


def test_it_is_noted_which_tables_are_read(tiny, run):
    data = kl.cleaned(kl.load(tiny.toml))
    for step, read in [(lambda: data.quarters, {"events"}), (lambda: [*data.tables], set())]:
        kept.READ.clear()
        step()
        assert read == kept.READ
    kl.rows(data.programme, answers=False)
    assert "survey" not in kept.READ
    kl.rows(data.programme)
    assert {"invitations", "events", "organizations", "survey"} <= kept.READ and "sign_in" not in kept.READ


def test_a_record_is_told_by_what_is_in_it(tiny):
    def told(organization):
        return kept.told_by(record(kl.load(tiny.toml, audience="internal"), organization, quarter="FY2017Q2"))

    before = {one: told(one) for one in ("CDSP-001", "AWD-001")}
    assert len({*before.values()}) == 2 and None not in before.values()
    tiny.replace("conversations.csv", "AWD-001,2017-01-10", "AWD-001,2017-01-11")
    assert (told("CDSP-001"), told("AWD-001") == before["AWD-001"]) == (before["CDSP-001"], False)


def test_quarters_are_known_without_reading_a_table_while_nothing_changed(tiny):
    programme = kl.load(tiny.toml)
    said = {"programme": {}, "source": [{}]}
    assert quarters_cleaned(tiny.toml, said) is None
    kl.cleaned(programme)
    assert quarters_cleaned(tiny.toml, said) == ["FY2017Q2"]
    assert quarters_cleaned(tiny.toml, said | {"source": [{"query": "select"}]}) is None
    tiny.add("events.csv", "E003,training,2018-01-10,0,yes")
    assert quarters_cleaned(tiny.toml, said) is None
    (programme.processed / STAMP).write_text("{", encoding="utf-8")
    assert quarters_cleaned(tiny.toml, said) is None

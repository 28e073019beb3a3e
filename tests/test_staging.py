"""A quarter is published as one, whatever fails or is killed; what a run had finished is not made again."""

import errno
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest
from small_study import as_stored, cell, opening, part, study_of, written

from konbit_lessons.publish import scratch
from konbit_lessons.reports import staging
from konbit_lessons.reports.make import make_reports

CALLS = ("open", "write", "fsync", "replace", "rename", "link", "mkdir", "unlink", "rmdir")


class Killed(BaseException):
    """What ends a run at once: nothing that cleans up behind it gets through either."""


class Faults:
    """Lets the calls of ``os`` and the exchange of two folders through until the `at`-th; that one fails, or kills."""

    def __init__(self, monkeypatch, at, is_killed):
        self.at, self.is_killed, self.made = at, is_killed, 0
        for name in CALLS:
            monkeypatch.setattr(os, name, partial(self, getattr(os, name)))
        monkeypatch.setattr(staging, "_exchange", partial(self, staging._exchange))

    def __call__(self, call, *about, **options):
        self.made += 1
        if self.is_killed and self.made >= self.at:
            raise Killed
        if self.made == self.at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*about, **options)


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def second(folder):
    """The study a month later, which another row and another title tell from the first."""
    written(folder / "notebooks", cell(opening(title="Later")), cell(part(name="t", csv="a\n2\n")), name="incentives")
    (folder / "data.csv").write_text("y,a,c\n1,0,x\n0,1,z\n", encoding="utf-8")


@pytest.fixture
def twice(tmp_path, monkeypatch):
    """A folder in which a study is published and then changed, and what is published before and after the next run."""
    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", as_stored)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    study = study_of(tmp_path / "study")
    make = partial(make_reports, study, workers=1, progress=str)
    make()
    reports = study.folder / "reports"
    (reports / "study" / "internal" / "briefs").mkdir(parents=True)
    (reports / "study" / "internal" / "briefs" / "a.html").write_text("a brief", encoding="utf-8")
    shutil.copytree(reports, tmp_path / "kept")
    before = files(reports / "study")
    second(study.folder)
    make()
    return make, reports, tmp_path / "kept", [before, files(reports / "study")]


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("is_killed", [True, False])
def test_after_a_fault_at_any_call_all_is_as_before_or_as_after_and_the_next_run_makes_it_whole(
    twice, monkeypatch, is_killed, can_exchange
):
    make, reports, kept, (before, after) = twice
    assert before != after
    clean = files(reports)
    for at in range(1, 999):
        shutil.rmtree(reports)
        shutil.copytree(kept, reports)
        with monkeypatch.context() as patch:
            if not can_exchange:
                patch.setattr(staging, "_exchange", lambda one, other: False)
            faults = Faults(patch, at, is_killed)
            try:
                make()
            except (Killed, OSError):
                pass
        if can_exchange or not is_killed or (reports / "study").exists():
            assert files(reports / "study") in (before, after), f"after call {at}"
        if faults.made < at:
            break
        make()
        assert files(reports) == clean, f"after the run after call {at}"
    assert 30 < at < 900

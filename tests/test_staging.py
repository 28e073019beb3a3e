"""A quarter is published as one, whatever fails or is killed; what a run had finished is not made again."""

import errno
import os
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from small_study import as_stored, cell, opening, part, study_of, written

import konbit_lessons as kl
from konbit_lessons.errors import LockedError
from konbit_lessons.publish import only_one_run, published, scratch
from konbit_lessons.reports import staging
from konbit_lessons.reports.make import bundle, make_reports

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
    every = [path for path in folder.rglob("*") if path.is_file() and path.name not in (".lock", ".running.json")]
    return {path.relative_to(folder): path.read_bytes() for path in every}


def now(folder):
    """A study, small because its reports are made some hundred times."""
    return study_of(folder, incentives=[cell(opening()), cell(part(name="s", csv="a\n1\n"))])


def later(folder):
    """The study a month later: another row, another title, another table."""
    study_of(folder, incentives=[cell(opening(title="Later")), cell(part(name="t", csv="a\n2\n"))])
    (folder / "data.csv").write_text("y,a,c\n1,0,x\n0,1,z\n", encoding="utf-8")


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make the reports of a study, of which a brief is published already."""
    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", as_stored)
    monkeypatch.setattr("konbit_lessons.reports.state._library", lambda: "")  # would take a fifth of the time
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # processes are tried, no disk
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    brief = tmp_path / "study" / "reports" / "study" / "internal" / "briefs" / "a.html"
    published(brief, "a brief")
    return partial(make_reports, now(tmp_path / "study"), workers=1, progress=str)


@pytest.mark.slow
@pytest.mark.parametrize(("is_killed", "can_exchange"), [(True, True), (False, True), (True, False)])
def test_after_a_fault_at_any_call_all_is_as_before_or_as_after_and_the_next_run_makes_it_whole(
    make, tmp_path, monkeypatch, is_killed, can_exchange
):
    study, reports, sources, clean = tmp_path / "study", tmp_path / "study" / "reports", [], []
    for change in (later, now):
        change(study)
        make()
        sources.append({file: content for file, content in files(study).items() if file.parts[0] != "reports"})
        clean.append((files(reports / "study"), files(reports)))
    assert clean[0][0] != clean[1][0]
    for at in range(1 if can_exchange else 35, 999):  # from one to the other, and back; at first, that is the same
        for file, content in sources[(at + 1) % 2].items():
            (study / file).write_bytes(content)
        with monkeypatch.context() as patch:
            if not can_exchange:
                patch.setattr(staging, "_exchange", lambda one, other: False)
            faults = Faults(patch, at, is_killed)
            with suppress(Killed, OSError):
                make()
        is_there = (reports / "study").is_dir()
        assert is_there or (is_killed and not can_exchange), f"after call {at}"
        if is_there:
            assert files(reports / "study") in [one for one, _ in clean], f"after call {at}"
        if faults.made < at:
            break
        make()
        assert files(reports) == clean[(at + 1) % 2][1], f"after the run after call {at}"
    assert 40 < at < 900, at


@pytest.mark.parametrize("is_killed", [True, False])
def test_after_a_fault_at_any_call_of_bundle_no_edition_is_on_record_whose_zip_is_not_there(
    make, tmp_path, monkeypatch, is_killed
):
    study, _ = kl.load(tmp_path / "study" / "programme.toml"), make()
    made = bundle(study)
    clean = [path.read_bytes() for path in (made.path, made.record)]
    for at in range(1, 999):
        made.path.unlink()
        made.record.unlink()
        with monkeypatch.context() as patch:
            faults = Faults(patch, at, is_killed)
            with suppress(Killed, OSError):
                bundle(study)
        assert made.path.exists() or not made.record.exists()
        assert [path.read_bytes() for path in (bundle(study).path, made.record)] == clean
        if faults.made < at:
            break
    assert 6 < at < 900, at


def killed_at_the_second(make, tmp_path, monkeypatch):
    """Run two notebooks, and end at the second; return the names of those that are run, from now on too."""
    run = []

    def noted(path, *about, **options):
        run.append(path.stem)
        if run == ["a", "b"]:
            raise Killed
        return as_stored(path, *about, **options)

    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", noted)
    for name in ("a", "b"):
        written(tmp_path / "study" / "notebooks", cell(opening(title=name)), name=name)
    with pytest.raises(Killed):
        make(names=["a", "b"])
    return run


def test_a_run_goes_on_with_the_reports_that_one_that_was_killed_had_finished(make, tmp_path, monkeypatch):
    run, shared = killed_at_the_second(make, tmp_path, monkeypatch), tmp_path / "study" / "reports" / "study" / "shared"
    assert not shared.exists() and (shared.parents[1] / ".runs" / "study" / "staged" / "shared" / "a.html").is_file()
    make(names=["a", "b"])
    assert run == ["a", "b", "b"] and (shared / "a.html").is_file() and (shared / "b.html").is_file()
    assert not [*(shared.parents[1] / ".runs").iterdir()]


@pytest.mark.parametrize("change", ["data.csv", "staged/shared/a.html"])
def test_what_changed_since_is_made_again_though_it_was_finished(make, tmp_path, monkeypatch, change):
    run, study = killed_at_the_second(make, tmp_path, monkeypatch), tmp_path / "study"
    file = study / change if change == "data.csv" else study / "reports" / ".runs" / "study" / change
    file.write_text(file.read_text(encoding="utf-8") + "0,0,x\n", encoding="utf-8")
    make(names=["a", "b"])
    assert run == ["a", "b", "a", "b"]


def test_folders_of_processes_that_are_gone_are_swept_from_where_temporary_files_are(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = next(pid for pid in range(999_999, 0, -1) if not psutil.pid_exists(pid))
    for name in (f"konbit-{gone}-abc", f"konbit-{os.getpid()}-abc", "konbit-other"):
        published(tmp_path / name / "executed.ipynb", "rows")
    with scratch() as folder:
        left = {one.name for one in tmp_path.iterdir()} - {Path(folder).name}
    assert left == {f"konbit-{os.getpid()}-abc", "konbit-other"}


def test_what_a_run_of_another_user_left_when_it_was_killed_is_replaced_and_not_written_to(tmp_path):
    published(tmp_path / "of another", "all that it says")
    (tmp_path / "held").mkdir()
    os.link(tmp_path / "of another", tmp_path / "held" / ".running.json")
    with only_one_run(tmp_path / "held"):
        assert str(os.getpid()) in (tmp_path / "held" / ".running.json").read_text(encoding="utf-8")
    assert (tmp_path / "of another").read_text(encoding="utf-8") == "all that it says"


def test_a_quarter_that_is_kept_elsewhere_is_published_there(make, tmp_path):
    top = tmp_path / "study" / "reports" / "study"
    top.rename(tmp_path / "elsewhere")
    top.symlink_to(tmp_path / "elsewhere")
    make()
    assert top.is_symlink() and (tmp_path / "elsewhere" / "shared" / "incentives.html").is_file()
    assert (tmp_path / "elsewhere" / "internal" / "briefs" / "a.html").read_text(encoding="utf-8") == "a brief"


def test_the_lock_is_held_also_after_the_folders_have_changed_places(make, tmp_path, monkeypatch):
    publish, top = staging.publish, tmp_path / "study" / "reports" / "study"

    def tried(_):
        publish(top)
        with pytest.raises(LockedError, match=f"process {os.getpid()}, since"), only_one_run(top):
            pass

    monkeypatch.setattr(staging, "publish", tried)
    make()
    with only_one_run(top):
        pass

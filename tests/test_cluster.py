"""``konbit briefs --cluster``: the same pages by workers elsewhere, also where one dies, and wrong clusters."""

import json
import re
import subprocess
import sys
import time

import distributed
import pytest
from test_briefs import folder, konbit, made, own_notebook

from konbit_lessons.errors import ProgrammeError, ReportError
from konbit_lessons.reports.briefs import Run
from konbit_lessons.reports.cluster import make_there

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # warnings of dask itself
SLOW = "import time\ntime.sleep(0.3)\norganization"


class Cluster:
    """A scheduler on loopback and its workers, each a process."""

    def __init__(self, scratch):
        self.processes, told = [], scratch / "scheduler.json"
        self._start("scheduler", "--port", "0", "--scheduler-file", told, at=scratch)
        until = time.monotonic() + 60
        while not told.is_file() and time.monotonic() < until:
            time.sleep(0.1)
        self.address = json.loads(told.read_text("utf-8"))["address"]

    def _start(self, what, *options, at):
        call = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", "127.0.0.1", "--no-dashboard", *options]
        with (at / f"{len(self.processes)}.log").open("w") as log:
            self.processes.append(subprocess.Popen(call, stdout=log, stderr=log, cwd=at))

    def start_workers(self, number, scratch):
        for _ in range(number):
            self._start("worker", self.address, "--no-nanny", "--nthreads", "1", at=scratch)
        with distributed.Client(self.address) as client:
            client.wait_for_workers(number, timeout=60)

    def kill(self, number):
        self.processes[number].kill()
        self.processes[number].wait()


@pytest.fixture
def cluster(tmp_path):
    scratch = tmp_path / "cluster"
    scratch.mkdir()
    one = Cluster(scratch)
    yield one
    for number in range(len(one.processes)):
        one.kill(number)


def more(tiny, number):
    for at in range(number):
        tiny.add("organizations.csv", f"MORE-{at:03},Simulated {at},,awardee,")


# ---- clusters that are not as they should be


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "ftp://127.0.0.1:9"])
def test_a_scheduler_that_is_not_there_is_said_with_what_is_expected(tiny, tmp_path, address, monkeypatch):
    monkeypatch.setattr("konbit_lessons.reports.cluster.SECONDS_TO_CONNECT", 1)
    result = konbit("briefs", "--programme", tiny.toml, "--reports", tmp_path, "--cluster", address)
    assert result.exit_code == 2 and not list(tmp_path.rglob("*.html"))
    expected = f"Expected a scheduler of dask.distributed {distributed.__version__} and workers of the same version"
    assert f"konbit: --cluster {address}: " in result.output and expected in result.output


def test_without_dask_it_says_what_to_install(tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ProgrammeError, match=re.escape("pip install 'konbit-lessons[cluster]'")):
        made(tiny, tmp_path, cluster="tcp://127.0.0.1:9")


@pytest.mark.slow
def test_a_worker_that_is_not_as_this_process_is_said_and_nothing_is_published(tiny, tmp_path, cluster):
    with pytest.raises(ProgrammeError, match=r"found dask.distributed .* with 0 workers"):
        made(tiny, tmp_path / "out", cluster=cluster.address)
    cluster.start_workers(1, tmp_path / "cluster")
    with distributed.Client(cluster.address) as client:
        about = ["CDSP-001"], Run
        nowhere = client.submit(make_there, *about, "/nowhere/programme.toml", "FY2017Q2", "en", ("", ""), {})
        with pytest.raises(ProgrammeError, match=r"^worker tcp://127.0.0.1:\d+: .*programme.toml"):
            nowhere.result()
        known_by = ("of other files", "of another version")
        other = client.submit(make_there, *about, str(tiny.toml), "FY2017Q2", "en", known_by, {})
        with pytest.raises(ProgrammeError, match=r"^worker tcp://.*found other raw files, or another version"):
            other.result()


@pytest.mark.slow
def test_a_scheduler_that_goes_away_leaves_what_was_made_and_the_next_run_goes_on(tiny, tmp_path, cluster):
    more(tiny, 12)
    own_notebook(tiny, SLOW)
    cluster.start_workers(1, tmp_path / "cluster")
    out = tmp_path / "out"
    with pytest.raises(ReportError, match=r"^--cluster tcp://.*Cancelled.*What was made stays: run it again"):
        made(tiny, out, cluster=cluster.address, progress=lambda at, of, said: cluster.kill(0) if at == 1 else None)
    there = {path: path.stat().st_mtime_ns for path in folder(out).glob("*.html")}
    assert 1 <= len(there) < 16
    assert len(made(tiny, out, workers=1).pages) == 16
    assert {path: path.stat().st_mtime_ns for path in there} == there


# ---- as it should be


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_make_each_page_once_and_the_same_bytes(tiny, tmp_path, cluster):
    more(tiny, 5)
    own_notebook(tiny, SLOW, "1 / 0 if organization == 'MORE-003' else organization")
    cluster.start_workers(2, tmp_path / "cluster")
    said = []

    def progress(at, of, line):
        said.append((at, of, line.partition(":")[0]))
        if at == 3:
            cluster.kill(1)

    for out, options in {"there": {"cluster": cluster.address, "progress": progress}, "here": {"workers": 1}}.items():
        with pytest.raises(ReportError, match=r"organization_brief.ipynb, MORE-003, cell 4 .*ZeroDivisionError"):
            made(tiny, tmp_path / out, language="en,fr", **options)
    assert [(at, of) for at, of, _ in said] == [(at, 18) for at in range(1, 19)]
    both = {of: {path.name: path.read_bytes() for path in folder(tmp_path / of).iterdir()} for of in ("there", "here")}
    assert both["there"] == both["here"] and len(both["there"]) == 16 + 4
    kept = [path.name for path in (tmp_path / "there").rglob("*.ipynb")]
    assert sorted(kept) == ["MORE-003.FAILED.ipynb", "MORE-003.fr.FAILED.ipynb"]


@pytest.mark.slow
def test_the_shipped_brief_is_the_same_by_a_worker(tiny, tmp_path, cluster):
    cluster.start_workers(1, tmp_path / "cluster")
    some = ["CDSP-001", "AWD-001"]
    made(tiny, tmp_path / "there", organizations=some, cluster=cluster.address)
    made(tiny, tmp_path / "here", organizations=some, workers=1)
    for path in folder(tmp_path / "here").iterdir():
        assert path.read_bytes() == (folder(tmp_path / "there") / path.name).read_bytes(), path.name

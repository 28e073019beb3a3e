"""Kernels that are ready for every notebook, by the kernelspec ``konbit``; and nothing of one in the next."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbformat.v4 import new_code_cell, new_notebook

from konbit_lessons.reports import ready, warm

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # Papermill's own
COPIES = pytest.mark.skipif(not warm.CAN_COPY, reason="kernels are copied on Linux only")
LEAVES = """
import json, random, subprocess, sys, threading, time
import numpy as np, pandas as pd, seaborn as sns
pd.set_option("display.max_rows", 3)
pd.DataFrame.head = lambda self: "patched"
np.random.seed(1)
threading.Thread(target=time.sleep, args=[600], name="left", daemon=True).start()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(json.dumps([child.pid]))
"""
SEES = """
import json, os, sys, threading
import psutil
were_there = {"seaborn", "statsmodels.api", "konbit_lessons"} <= {*sys.modules}
import numpy as np, pandas as pd
head = type(pd.DataFrame({"a": [1]}).head()).__name__
said = [were_there, pd.get_option("display.max_rows"), head, "child" in globals()]
said += ["left" in [one.name for one in threading.enumerate()], os.getcwd(), float(np.random.random())]
kernel = psutil.Process()
print(json.dumps([*said, kernel.pid, kernel.ppid(), kernel.parent().ppid()]))
"""


@pytest.fixture
def runtime(monkeypatch):
    """Jupyter's runtime folder for a test, with a short name as sockets need; whoever listens there ends with it."""
    with tempfile.TemporaryDirectory(prefix="konbit-test-") as folder:
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", folder)
        ready._lasting.cache_clear()
        yield Path(folder)
        ready._lasting.cache_clear()
        for one in psutil.process_iter(["cmdline"]):
            if folder in " ".join(one.info["cmdline"] or []) and one.pid != os.getpid():
                one.kill()


def _notebook(folder, source):
    path = folder / f"{len(list(folder.glob('*.ipynb')))}.ipynb"
    about = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python"}}
    nbformat.write(new_notebook(cells=[new_code_cell(source)], metadata=about), path)
    return path


def _said(executed):
    return json.loads(executed.cells[-1].outputs[-1]["text"])


def _run(folder, source):
    path = _notebook(folder, source)
    return _said(papermill.execute_notebook(path, folder / "out", kernel_name="konbit", progress_bar=False, cwd=folder))


def _by_shell(folder, source):
    path = _notebook(folder, source)
    call = [
        sys.executable,
        "-m",
        "papermill",
        "--no-progress-bar",
        "-k",
        "konbit",
        "--cwd",
        folder,
        path,
        folder / "out",
    ]
    subprocess.run(call, check=True, capture_output=True)
    return _said(nbformat.read(folder / "out", as_version=4))


def test_jupyter_finds_the_kernel_where_the_package_is_installed():
    spec = KernelSpecManager().get_kernel_spec("konbit")
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "konbit-ready"
    assert Path(spec.resource_dir).is_relative_to(sys.prefix)


@COPIES
def test_what_a_notebook_leaves_behind_the_next_one_does_not_see(tmp_path, runtime):
    (child,) = _run(tmp_path, LEAVES)
    assert not psutil.pid_exists(child)
    one, other = _run(tmp_path, SEES), _run(tmp_path, SEES)
    assert one[:6] == other[:6] == [True, 60, "DataFrame", False, False, str(tmp_path)]
    assert one[6] != other[6]  # chance differs, as in kernels that are no copies
    assert one[7] != other[7] and one[8:] == other[8:]  # two processes, from one that was ready


@COPIES
def test_papermill_of_the_shell_finds_the_process_that_another_left_and_nobody_else_can(tmp_path, runtime):
    one, other = _by_shell(tmp_path, SEES), _by_shell(tmp_path, SEES)
    assert one[0] and one[9] == other[9] and one[8] != other[8]
    assert psutil.pid_exists(one[9]) and not any(map(psutil.pid_exists, [*one[7:9], *other[7:9]]))
    (socket,) = runtime.glob("konbit/*[!k]")
    assert socket.is_socket() and socket.parent.stat().st_mode & 0o077 == 0


@COPIES
def test_the_process_that_is_ready_goes_when_nobody_comes(runtime):
    at = str(runtime / "konbit-x")
    code = f"from konbit_lessons.reports import ready; ready.WAITS = 0.1; ready.listen({at!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300, capture_output=True)
    assert not Path(at).exists()


@COPIES
def test_where_no_socket_can_be_the_process_is_one_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / ("long" * 30)))
    assert _run(tmp_path, SEES)[0]


def test_where_no_process_can_be_copied_kernels_are_ordinary_which_is_said_once(tmp_path, runtime, monkeypatch, caplog):
    monkeypatch.setattr(warm, "CAN_COPY", False)
    ready._say_once.cache_clear()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    for _ in range(2):
        assert _run(tmp_path, SEES)[0] is False
    assert [one.message for one in caplog.records if "cannot be copied" in one.message] == [
        "konbit: kernels cannot be copied on this system, and are started in the ordinary way."
    ]

"""Kernels that are ready: copies of a process that has imported what notebooks need, each a process of its own.

Takes what Jupyter starts a kernel with; returns the running kernel. Jupyter finds `WarmProvisioner` by its entry point
in the group ``jupyter_client.kernel_provisioners``. Only where a process can be copied safely, which is Linux;
elsewhere kernels are started in the ordinary way.
"""

import atexit
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock

import numpy as np
import psutil
from jupyter_client.provisioning import LocalProvisioner

CAN_COPY = sys.platform == "linux"  # elsewhere libraries that draw or compute do not survive it
NEEDED = "seaborn.objects statsmodels.api statsmodels.formula.api matplotlib.backends.backend_agg ipykernel.kernelapp"
FIXED = {  # of the environment; linear algebra waits where each of several kernels has all processors
    "PYTHONHASHSEED": "0",
    "MATPLOTLIBRC": os.devnull,
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
SERVE = """
import sys
sys.path.insert(0, {parent!r})
import konbit_lessons.reports.warm
del sys.path[0]
konbit_lessons.reports.warm.prepare()
konbit_lessons.reports.warm.serve()
"""
OF_THE_LIBRARY = Path(__file__).parents[1]
PR_SET_CHILD_SUBREAPER = 36  # of prctl(2)


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel as a copy of a process that is ready; see `jupyter_client.provisioning.KernelProvisionerBase`."""

    async def launch_kernel(self, cmd, **kwargs):
        """Start a kernel with the options that `cmd` ends with, after the code that an ordinary one runs."""
        environment, self.cwd = kwargs["env"], kwargs.get("cwd") or Path.cwd()
        with _STARTING:  # two threads at once would start two
            self._from = self.server(environment.get("PYTHONPATH", ""))
        self.process = self._from.start(cmd[cmd.index("-f") :], environment, str(self.cwd))
        self.pid = self.pgid = self.process.pid
        return self.connection_info

    def server(self, path):
        """Return the process that is ready, with these folders to import from."""
        return _server(path)

    def end(self):
        """End the kernel and all that its notebooks started, in whichever group or session that is."""
        if self.pid is None:  # it never began
            return
        try:
            kernel = psutil.Process(self.pid)
            kernel.suspend()  # so that it starts nothing more
            _end_all_below(kernel)
            kernel.kill()
        except psutil.NoSuchProcess:
            self._from.sweep()


class Copied(psutil.Process):
    """A kernel that is no child of this process, as Jupyter knows processes."""

    stdin = stdout = stderr = None

    def poll(self):
        """Return None while it runs."""
        return None if self.is_running() else 0


class Server:
    """The process that is ready, which ends with this one: by then it reads the end of its input."""

    def __init__(self, path):
        code = SERVE.format(parent=str(OF_THE_LIBRARY.parent))
        own = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
        own |= {"env": os.environ | FIXED | {"PYTHONPATH": path}}
        self._process = subprocess.Popen([sys.executable, "-P", "-c", code], **own)
        self._reads, self._writes, self._one_at_a_time = self._process.stdin, self._process.stdout, Lock()
        atexit.register(self._process.communicate)

    def start(self, *asked):
        """Return a kernel that was started with options, in an environment and a folder."""
        return Copied(self._ask(asked))

    def sweep(self):
        """End what a kernel that is gone has left behind."""
        self._ask(None)

    def _ask(self, what):
        with self._one_at_a_time:
            print(json.dumps(what), file=self._reads, flush=True)
            return int(self._writes.readline())


_server, _STARTING = cache(Server), Lock()


def _end_all_below(process, but=()):
    """End the children of a process, with theirs, until it has none that runs but those; it adopts orphans."""
    while below := [one for one in process.children(recursive=True) if one.pid not in but and _runs(one)]:
        for one in below:
            with suppress(psutil.NoSuchProcess):
                one.kill()


def _runs(process):
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _adopt_orphans():
    """Become the parent of all processes below whose own parent ends, so that none is out of sight."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def prepare():
    """Import what notebooks need."""
    import konbit_lessons

    measures = [f"konbit_lessons.measures.{path.stem}" for path in OF_THE_LIBRARY.glob("measures/[!_]*.py")]
    for name in [*NEEDED.split(), *measures]:
        import_module(name)
    for name in konbit_lessons.__all__:
        getattr(konbit_lessons, name)
    gc.freeze()  # no copy looks through what is never let go


def serve():
    """Become a kernel for each line of the input, in a copy of this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a kernel that has ended is gone
    _adopt_orphans()
    this, kernels = psutil.Process(), set()
    for line in sys.stdin:
        if asked := json.loads(line):
            if not (pid := os.fork()):
                _become_kernel(*asked)
            os.setpgid(pid, pid)  # which its own processes are in as well
            kernels.add(pid)
        else:
            pid, running = 0, [one for one in this.children() if one.pid in kernels]
            _end_all_below(this, {child.pid for one in running for child in [one, *one.children(recursive=True)]})
        print(pid, flush=True)
    _end_all_below(this)  # the process that asked has ended


def _become_kernel(options, environment, folder):
    """Go on as a kernel, and never come back."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _adopt_orphans()
    with suppress(OSError):  # where memory ends, this process is ended, and no other
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if environment.get("PYTHONHASHSEED") != FIXED["PYTHONHASHSEED"]:
        np.random.seed()  # noqa: NPY002  # else chance would give every copy the same
    options.append(f"--IPKernelApp.parent_handle={os.getppid()}")  # it ends with the process that it is a copy of
    try:
        import_module("ipykernel.kernelapp").launch_new_instance(options)
    finally:
        os._exit(0)

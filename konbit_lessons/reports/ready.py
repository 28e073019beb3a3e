"""Warm kernels for every notebook: JupyterLab and ``papermill -k konbit`` find them by the kernelspec of this name.

The process that they are copies of outlives who asked for it first. It listens at a socket in a folder that only its
user can open, gives each that connects a copy of itself, which ends with it, and goes when nobody came
for ten minutes. Where the library or what is installed changes, it is another one. Where a process cannot be copied,
kernels are started in the ordinary way, which is said once.
"""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from sysconfig import get_path
from threading import Lock

from filelock import FileLock, Timeout
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir

from konbit_lessons.field.store import digest
from konbit_lessons.reports import warm
from konbit_lessons.reports.run import SECONDS_TO_START

WAITS = 600  # seconds, for somebody to come
LISTEN = warm.SERVE.partition("konbit_lessons.reports.warm.prepare")[0].replace(".warm", ".ready")
LISTEN += "konbit_lessons.reports.ready.listen({at!r})"


class ReadyProvisioner(warm.WarmProvisioner):
    """Starts a kernel as a copy of a process that stays; see `konbit_lessons.reports.warm.WarmProvisioner`."""

    async def launch_kernel(self, cmd, **kwargs):
        """Start a kernel, the way that is possible here."""
        if warm.CAN_COPY:
            return await super().launch_kernel(cmd, **kwargs)
        _say_once(self.log)
        return await LocalProvisioner.launch_kernel(self, cmd, **kwargs)

    def server(self, path):
        """Return the process that is ready, with these folders to import from; its own where none can stay."""
        with suppress(OSError):  # the folder takes no socket, or its name is too long for one
            return _lasting(path)
        return super().server(path)

    async def cleanup(self, restart=False):
        """End what the notebook left running."""
        if warm.CAN_COPY:
            self.end()
        await super().cleanup(restart)


@cache
def _say_once(log):
    log.warning("konbit: kernels cannot be copied on this system, and are started in the ordinary way.")


class _Lasting(warm.Server):
    """A copy of the process that stays, for this one alone."""

    def __init__(self, path):
        code = max(one.stat().st_mtime_ns for one in warm.OF_THE_LIBRARY.rglob("*.py"))
        state = [sys.executable, path, code, Path(get_path("purelib")).stat().st_mtime_ns]
        folder = Path(jupyter_runtime_dir(), "konbit")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        at = str(folder / digest(repr(state))[:12])
        with FileLock(f"{at}.lock"):
            self._reads = self._writes = _connected(at) or _started(at, path)
        self._one_at_a_time = Lock()


_lasting = cache(_Lasting)


def _connected(at):
    """A file to speak with the process that listens there, if one does."""
    with socket.socket(socket.AF_UNIX) as door, suppress(OSError):
        door.settimeout(SECONDS_TO_START)
        door.connect(at)
        if Path(at).stat().st_uid == os.getuid() and (file := door.makefile("rw")).readline():
            return file
    return None


def _started(at, path):
    call = [sys.executable, "-P", "-c", LISTEN.format(parent=str(warm.OF_THE_LIBRARY.parent), at=at)]
    own = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True, "cwd": "/"}
    env = os.environ | warm.FIXED | {"PYTHONPATH": path}
    with subprocess.Popen(call, env=env, stdout=subprocess.PIPE, **own) as process:
        if not process.stdout.readline():
            raise ConnectionError(at)
        process.returncode = 0  # it stays
    return _connected(at)


def listen(at):
    """Be ready, and give each that connects at the socket `at` a copy of this process, until nobody comes."""
    warm.prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a copy that has ended is gone
    Path(at).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(at)
        door.listen()
        door.settimeout(WAITS)
        print(flush=True)
        while True:
            with suppress(TimeoutError), door.accept()[0] as who:
                if not os.fork():
                    _serve(door, who)
                continue
            with suppress(Timeout), FileLock(f"{at}.lock", timeout=0):  # else somebody is about to connect
                return Path(at).unlink()


def _serve(door, who):
    """Be there for one that has connected, alone."""
    try:
        for stream in (0, 1):
            os.dup2(who.fileno(), stream)
        door.close()
        who.close()
        sys.path.append("")  # as in every kernel; behind, so that no file there stands for a library
        print(flush=True)
        warm.serve()
    finally:
        os._exit(0)

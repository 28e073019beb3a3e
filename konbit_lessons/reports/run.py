"""Run notebooks with Papermill; what did not finish is not a success.

Takes notebooks, their parameters and the programme's file; returns the executed notebooks. The only module that imports
Papermill. A kernel is this Python itself, in the programme's folder, from which it imports nothing: only notebooks are
run, a report in a kernel of its own, briefs one after the other in one that stays. Cells for the lab are taken out
before.
"""

import ast
import json
import os
import signal
import sys
from contextlib import closing, suppress
from math import inf
from pathlib import Path
from time import monotonic
from weakref import WeakSet

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbformat.v4 import new_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from konbit_lessons import errors
from konbit_lessons.publish import published, scratch
from konbit_lessons.reports.notebooks import LAB_ONLY
from konbit_lessons.reports.warm import CAN_COPY, FIXED

SECONDS_PER_CELL, SECONDS_TO_START, SOON = 600, 120, 0.01
KERNEL = "konbit-lessons"
TRANSPORT = "tcp" if sys.platform == "win32" else "ipc"  # sockets that are files cannot be read over a network
RUNNING = WeakSet()  # kernels of notebooks that run
PUT_IN = {"injected-parameters", "papermill-error-cell-tag"}
OPTIONS = ("-f", "{connection_file}", "--IPKernelApp.exec_PYTHONSTARTUP=False", "--HistoryManager.enabled=False")
LAUNCH = """
import importlib, os, sys, typing
sys.path.insert(0, {parent!r})
import konbit_lessons
del sys.path[0]
import matplotlib  # takes its settings from the folder it is imported in: the kernel's own, where they are empty
os.chdir({folder!r})
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""
READ = "[*getattr(__import__('sys').modules.get('konbit_lessons.kept'), 'READ', ())]"
CLEAR = "get_ipython().reset(new_session=False); __import__('os').chdir({folder!r})"


def run(path, parameters, *, programme_file, keep, **how):
    """Run the notebook at `path` and keep it, executed, as `keep`/<name>.ipynb.

    Parameters
    ----------
    path : Path of the notebook
    parameters : dict, values of names in its cell tagged "parameters"
    programme_file : Path; relative paths of the notebook start in its folder
    keep : Path, folder for the executed notebook; internal, because it can hold rows
    how : ``seconds``, ``notebook_seconds`` and ``environment`` of the `Kernel`

    Returns
    -------
    NotebookNode
        Its metadata say which tables and files it has read.

    Raises
    ------
    ReportError : a cell failed, or not every cell ran; the notebook is kept as <name>.FAILED.ipynb
    """
    notebook = to_run(nbformat.read(path, as_version=4))
    with closing(Kernel(programme_file, **how)) as kernel:
        RUNNING.add(kernel)
        executed = kernel.run(notebook, parameters, name=path.name, failed=keep / f"{path.stem}.FAILED.ipynb")
    published(keep / path.name, nbformat.writes(executed))
    return executed


def stop():
    """End the runs of all notebooks, from another thread."""
    for kernel in [*RUNNING]:
        kernel.stop()


class Kernel(PapermillNotebookClient):
    """One kernel that runs notebooks one after the other, each in a clean namespace; close it at the end.

    It is this interpreter and package, with a fixed hash seed and an empty profile without history. It imports nothing
    from the folder it works in, and takes no settings from there or from who runs it. It is started when it is first
    needed, and ended by a notebook that fails: then the next one starts another.

    Parameters
    ----------
    programme_file : Path; relative paths of the notebooks start in its folder
    warm_up : str, Python to run before each notebook, of which nothing stays but what was imported
    seconds : int, the longest that one cell may take; 600 unless told
    notebook_seconds : int, the longest that a notebook may take; no limit unless told
    environment : dict, further variables of its environment
    """

    stopped = False  # from another thread: its notebook is no failure

    def __init__(self, programme_file, *, warm_up="", seconds=None, notebook_seconds=None, environment=None):
        self._each, self._all, self._until = seconds or SECONDS_PER_CELL, notebook_seconds or inf, inf
        limits = dict.fromkeys(("timeout", "startup_timeout"), SECONDS_TO_START)
        limits["timeout_func"] = lambda _: max(min(self._each, self._until - monotonic()), SOON)
        nothing = NotebookExecutionManager(new_notebook(), progress_bar=False)
        super().__init__(nothing, shutdown_kernel="immediate", **limits)
        self.owns_km = False  # so that it outlives a notebook
        self._programme_file, self._environment = programme_file, environment or {}
        self._before = f"{warm_up}\n{CLEAR.format(folder=str(programme_file.parent))}"

    def run(self, notebook, parameters, *, name, failed):
        """Return a notebook `to_run`, executed with these values of the names in its cell tagged "parameters".

        Raises
        ------
        ReportError : it did not run to its end; it is kept as the file `failed`
        """
        self.nb, cause = notebook, None
        own = {"engine_name": KERNEL, "kernel_name": KERNEL, "language": "python", "progress_bar": False}
        try:
            papermill.execute_notebook(notebook, None, parameters, client=self, **own)
        except Exception as error:
            # Dead kernels and timeouts come as a dozen classes; each must end as a report that failed, never as a page.
            cause = error
            self.close()
            if self.stopped:
                raise
        refuse_unfinished(self.nb, name, failed, cause)
        failed.unlink(missing_ok=True)
        return self.nb

    def papermill_execute_cells(self):
        """Clear away what the notebook before left, then run the cells."""
        reply = self.wait_for_reply(self.kc.execute(self._before, silent=True, store_history=False))["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"before the notebook: {reply.get('ename')}: {reply.get('evalue')}")
        self._until = monotonic() + self._all
        super().papermill_execute_cells()
        asked = self.kc.execute("", silent=True, store_history=False, user_expressions={"read": READ})
        said = self.wait_for_reply(asked)["content"].get("user_expressions", {}).get("read", {}).get("data", {})
        self.nb.metadata["konbit"] = {"read": sorted(ast.literal_eval(said.get("text/plain", "[]")))}

    def create_kernel_manager(self):
        """Return the manager of a new kernel, which has a folder of its own for its sockets and settings."""
        self._scratch = scratch()
        folder = Path(self._scratch.name)
        (folder / KERNEL).mkdir()
        (folder / KERNEL / "kernel.json").write_text(json.dumps(self._spec(folder)), "utf-8")
        self.resources = {"metadata": {"path": str(folder)}}  # where it starts
        own = {"kernel_spec_manager": KernelSpecManager(kernel_dirs=[str(folder)]), "transport": TRANSPORT}
        self.km = AsyncKernelManager(kernel_name=KERNEL, connection_file=str(folder / "kernel.json"), **own)
        return self.km

    def _spec(self, folder):
        """What Jupyter is told of the kernel."""
        path = os.pathsep.join(filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
        env = FIXED | {"PYTHONPATH": path, "KONBIT_PROGRAMME": str(self._programme_file)} | self._environment
        env |= {"IPYTHONDIR": str(folder / "ipython")}
        code = LAUNCH.format(parent=str(Path(__file__).parents[2]), folder=str(self._programme_file.parent))
        argv = [sys.executable, "-P", "-c", code, *OPTIONS]
        ready = {"kernel_provisioner": {"provisioner_name": KERNEL if CAN_COPY else "local-provisioner"}}
        return {"argv": argv, "env": env, "display_name": KERNEL, "language": "python", "metadata": ready}

    def close(self):
        """End the kernel and every process it started."""
        if self.km is not None:
            self._kill()
            self._cleanup_kernel()
            self._scratch.cleanup()
            self.km = None

    def stop(self):
        """End the run from another thread."""
        self.stopped = True
        self._kill()

    def _kill(self):
        provisioner = getattr(self.km, "provisioner", None)
        if provisioner and CAN_COPY:
            provisioner.end()
        elif (group := getattr(provisioner, "pgid", None)) and group != os.getpgrp():  # ours is no kernel's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)


class _OneKernel(Engine):
    """Papermill's way to execute a notebook, by a client that stays."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, client, **_):
        """Run what Papermill has made ready."""
        client.nb_man, client.nb = nb_man, nb_man.nb
        client.execute()


papermill_engines.register(KERNEL, _OneKernel)


def to_run(notebook):
    """Return a copy without the cells for the lab, in which each cell keeps its number in the notebook."""
    copy = nbformat.from_dict(notebook)
    for number, cell in enumerate(copy.cells, start=1):
        cell.metadata.setdefault("konbit", {"cell": number})
    copy.cells = [cell for cell in copy.cells if LAB_ONLY not in cell.metadata.get("tags", [])]
    return copy


def cell_name(cell):
    """Return how people find a cell: its number in the notebook and its first line."""
    return f"cell {cell.metadata['konbit']['cell']} ({cell.source.strip().partition(chr(10))[0]})"


def durations(executed):
    """Return cell → seconds that it took, of each code cell of a notebook that ran."""
    own = [cell for cell in executed.cells if "konbit" in cell.metadata]  # Papermill puts in others
    timed = [(cell, cell.metadata.get("papermill", {}).get("duration")) for cell in own if cell.cell_type == "code"]
    return {cell_name(cell): seconds for cell, seconds in timed if seconds}


def refuse_unfinished(executed, name, failed, cause=None):
    """Raise a ReportError unless every cell ran to its end; keep the notebook as it is then as the file `failed`."""
    stopped, error = _stopped_at(executed, cause)
    if not stopped:
        return
    published(failed, nbformat.writes(executed))
    problem = _described(error) if error else "it did not run to its end"
    kind = problem.partition(":")[0]  # what Python says of other errors than ours can quote the data
    kept = f"Nothing was published; the notebook is kept as {failed.name}. Open it to see where it stopped."
    to_share = f"{name}, {stopped}: {problem if hasattr(errors, kind) else kind}."
    raise errors.ReportError(f"{name}, {stopped}: {problem}. {kept}", to_share=to_share) from cause


def _described(error):
    """What stopped a run, in one line: the error of a cell by its own name, else that of the machinery."""
    if hasattr(error, "ename"):
        return f"{error.ename}: {error.evalue.strip().rstrip('.')}"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}"


def _stopped_at(notebook, cause):
    """Return the name of the cell where a run stopped, "" when every cell ran to its end, and what stopped it.

    Papermill calls cells "completed" though the kernel died in them, so what counts is an error output, else the last
    cell that was started. Cells that Papermill itself put in are not counted.
    """
    own = [cell for cell in notebook.cells if not PUT_IN & set(cell.metadata.get("tags", []))]
    code = [cell for cell in own if cell.cell_type == "code" and cell.source.strip()]
    shown = [(cell, one) for cell in code for one in cell.outputs if one.output_type == "error"]
    if not shown and not cause and all(cell.execution_count is not None for cell in code):
        return "", None
    started = [(cell, cause) for cell in code if cell.metadata.get("papermill", {}).get("start_time")]
    cell, error = (shown or started[-1:] or [(code[0], cause)])[0]
    return cell_name(cell), cause or error

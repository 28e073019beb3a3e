"""Run a notebook with Papermill; what did not finish is not a success.

Takes the notebook, its parameters and the programme's file; returns the executed notebook. The only module that
imports Papermill. The kernel is this Python itself, in the programme's folder, from which it imports nothing: only
notebooks are run. Cells for the lab are taken out before.
"""

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nbformat
import papermill
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from konbit_lessons import errors
from konbit_lessons.errors import ReportError
from konbit_lessons.publish import published
from konbit_lessons.words.markdown import LAB_ONLY

SECONDS_PER_CELL = 600
KERNEL = "konbit-lessons"
TRANSPORT = "tcp" if sys.platform == "win32" else "ipc"  # sockets that are files cannot be read over a network
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


def run(path, parameters, *, programme_file, keep, seconds=SECONDS_PER_CELL):
    """Run the notebook at `path` and keep it, executed, as `keep`/<name>.ipynb.

    Parameters
    ----------
    path : Path of the notebook
    parameters : dict, values of names in its cell tagged "parameters"
    programme_file : Path; relative paths of the notebook start in its folder
    keep : Path, folder for the executed notebook; internal, because it can hold rows
    seconds : int, the longest that one cell may take

    Returns
    -------
    NotebookNode

    Raises
    ------
    ReportError : a cell failed, or not every cell ran; the notebook is kept as <name>.FAILED.ipynb
    """
    notebook = to_run(nbformat.read(path, as_version=4))
    done, failed = keep / path.name, keep / f"{path.stem}.FAILED.ipynb"
    with tempfile.TemporaryDirectory(prefix="konbit-") as scratch, own_kernel(Path(scratch), programme_file):
        output = Path(scratch) / "executed.ipynb"
        cause = _execute(notebook, output, parameters, seconds)
        executed = nbformat.read(output, as_version=4) if output.exists() else notebook
    refuse_unfinished(executed, path.name, failed, cause)
    failed.unlink(missing_ok=True)
    published(done, nbformat.writes(executed))
    return executed


def _execute(notebook, output, parameters, seconds):
    """Execute the notebook to the file `output`; return the error that stopped it, if one did."""
    own = {"kernel_name": KERNEL, "language": "python", "cwd": str(output.parent), "progress_bar": False}
    try:
        # Papermill reads braces in a path as format fields, hence a path that has none and the notebook itself.
        config = kernel_settings(output.with_name("kernel.json"))
        papermill.execute_notebook(notebook, str(output), parameters, execution_timeout=seconds, config=config, **own)
    except Exception as error:
        # Dead kernels and timeouts come as a dozen classes; each must end as a report that failed, never as a page.
        return error
    return None


def kernel_settings(connection):
    """Return how a kernel is spoken to: by sockets beside its file `connection`, wherever it goes to work."""
    return Config(KernelManager={"transport": TRANSPORT, "connection_file": str(connection)})


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


def parameterized(notebook, parameters):
    """Return a copy of a notebook `to_run` that sets these parameters after its own, as Papermill would."""
    copy = nbformat.from_dict(notebook)
    copy.metadata.setdefault("papermill", nbformat.NotebookNode())
    for cell in copy.cells:
        cell.metadata.setdefault("tags", [])
    return parameterize_notebook(copy, parameters, kernel_name=KERNEL, language="python")


def refuse_unfinished(executed, name, failed, cause=None):
    """Raise a ReportError unless every cell ran to its end; keep the notebook as it is then as the file `failed`."""
    stopped = _stopped_at(executed, cause)
    if not stopped:
        return
    published(failed, nbformat.writes(executed))
    problem = _described(cause) if cause else "it did not run to its end"
    kind = problem.partition(":")[0]  # what Python says of other errors than ours can quote the data
    raise ReportError(
        f"{name}, {stopped}: {problem}. "
        f"Nothing was published; the notebook is kept as {failed.name}. Open it to see where it stopped.",
        to_share=f"{name}, {stopped}: {problem if hasattr(errors, kind) else kind}.",
    ) from cause


def _described(error):
    """What stopped a run, in one line: the error of a cell by its own name, else that of the machinery."""
    if hasattr(error, "ename"):
        return f"{error.ename}: {error.evalue.strip().rstrip('.')}"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}"


def _stopped_at(notebook, cause):
    """Name the cell where a run stopped, or return "" when every cell ran to its end.

    Papermill calls cells "completed" though the kernel died in them, so what counts is an error output, else the last
    cell that was started. Cells that Papermill itself put in are not counted.
    """
    own = [cell for cell in notebook.cells if not PUT_IN & set(cell.metadata.get("tags", []))]
    code = [cell for cell in own if cell.cell_type == "code" and cell.source.strip()]
    failed = [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
    if not failed and not cause and all(cell.execution_count is not None for cell in code):
        return ""
    started = [cell for cell in code if cell.metadata.get("papermill", {}).get("start_time")]
    return cell_name((failed or started[-1:] or code)[0])


@contextmanager
def own_kernel(scratch, programme_file):
    """Offer Jupyter one kernel: this interpreter and package, a fixed hash seed, an empty profile without history.

    It imports nothing from the folder it works in, and takes no settings from there or from who runs it.
    """
    spec = scratch / "kernels" / KERNEL
    spec.mkdir(parents=True)
    (scratch / "matplotlibrc").touch()
    code = LAUNCH.format(parent=str(Path(__file__).parents[2]), folder=str(programme_file.parent))
    env = {
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep))),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MATPLOTLIBRC": str(scratch / "matplotlibrc"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "KONBIT_PROGRAMME": str(programme_file),
    }
    kernel = {"argv": [sys.executable, "-P", "-c", code, *OPTIONS], "display_name": KERNEL, "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel | {"env": env}), encoding="utf-8")
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(scratch)
    try:
        yield
    finally:
        del os.environ["JUPYTER_PATH"]
        os.environ |= {"JUPYTER_PATH": before} if before is not None else {}

"""Run a notebook with Papermill: parameters checked before anything starts, and what did not finish is not a success.

Takes the notebook, its parameters and two folders; returns the executed notebook. The only module that imports
Papermill. The kernel is this Python itself, in the programme's folder, without anybody's start-up files.
"""

import ast
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
from konbit_lessons.errors import ProgrammeError, ReportError
from konbit_lessons.publish import published

SECONDS_PER_CELL = 600
KERNEL = "konbit-lessons"
TRANSPORT = "tcp" if sys.platform == "win32" else "ipc"  # sockets that are files cannot be read over a network
PUT_IN = {"injected-parameters", "papermill-error-cell-tag"}
PACKAGE_PARENT = Path(__file__).parents[2]


def run(path, parameters, *, folder, keep, seconds=SECONDS_PER_CELL):
    """Run the notebook at `path` and keep it, executed, as `keep`/<name>.ipynb.

    Parameters
    ----------
    path : Path of the notebook
    parameters : dict, values of names in its cell tagged "parameters"
    folder : Path, where its relative paths start
    keep : Path, folder for the executed notebook; internal, because it can hold rows
    seconds : int, the longest that one cell may take

    Returns
    -------
    NotebookNode

    Raises
    ------
    ProgrammeError : a parameter is unknown or of another type
    ReportError : a cell failed, or not every cell ran; the notebook is kept as <name>.FAILED.ipynb
    """
    notebook = nbformat.read(path, as_version=4)
    parameters = checked_parameters(notebook, parameters, where=path.name)
    done, failed = keep / path.name, keep / f"{path.stem}.FAILED.ipynb"
    with tempfile.TemporaryDirectory(prefix="konbit-") as scratch:
        output = Path(scratch) / "executed.ipynb"
        problem, cause = None, None
        try:
            with own_kernel(Path(scratch)):
                # Papermill reads braces in a path as format fields, hence a path that has none and the notebook itself.
                papermill.execute_notebook(
                    notebook,
                    str(output),
                    parameters,
                    kernel_name=KERNEL,
                    cwd=str(folder),
                    progress_bar=False,
                    execution_timeout=seconds,
                    config=Config(KernelManager={"transport": TRANSPORT}),
                )
        except Exception as error:
            # Dead kernels and timeouts come as a dozen classes; each must end as a report that failed, never as a page.
            problem, cause = described(error), error
        executed = nbformat.read(output, as_version=4) if output.exists() else notebook
        refuse_unfinished(executed, problem, path.name, failed, cause)
    failed.unlink(missing_ok=True)
    published(done, nbformat.writes(executed))
    return executed


def checked_parameters(notebook, parameters, *, where="notebook"):
    """Return the parameters in the types of their defaults; text, as from a command line, is read as such a value.

    Raises
    ------
    ProgrammeError : a name or a type is not the notebook's; the message lists what is allowed
    """
    allowed = default_parameters(notebook)
    listed = ", ".join(f"{name} ({type(value).__name__}, {value!r} unless told)" for name, value in allowed.items())
    for name in parameters:
        if name not in allowed:
            raise ProgrammeError(
                f'{where}: found the parameter "{name}", which it does not have; it has {listed or "none"}.'
            )
    read = {name: _read(value, allowed[name]) for name, value in parameters.items()}
    for name, value in read.items():
        if not (_fits(value, allowed[name]) and _plain(value)):
            raise ProgrammeError(
                f"{where}, parameter {name}: found {value!r} ({type(value).__name__}); expected {listed}."
            )
    return read


def default_parameters(notebook):
    """Return name → default of the literals assigned in the cell tagged "parameters"."""
    source = "\n".join(cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
    }


def parameterized(notebook, parameters):
    """Return a copy of the notebook that sets these parameters after its own, as Papermill would."""
    copy = nbformat.from_dict(notebook)
    copy.metadata.setdefault("papermill", nbformat.NotebookNode())
    for cell in copy.cells:
        cell.metadata.setdefault("tags", [])
    return parameterize_notebook(copy, parameters, kernel_name=KERNEL, language="python")


def described(error):
    """Return in one line what stopped a run: the error of a cell by its own name, else that of the machinery."""
    if hasattr(error, "ename"):
        return f"{error.ename}: {error.evalue.strip().rstrip('.')}"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}"


def refuse_unfinished(executed, problem, name, failed, cause=None):
    """Raise a ReportError unless every cell ran to its end; keep the notebook as it is then as the file `failed`."""
    if stopped := _stopped_at(executed, problem):
        published(failed, nbformat.writes(executed))
        raise ReportError(
            f"{name}, {stopped}: {problem or 'it did not run to its end'}. "
            f"Nothing was published; the notebook is kept as {failed.name}. Open it to see where it stopped.",
            to_share=f"{name}, {stopped}: {_to_share(problem)}.",
        ) from cause


def _read(value, default):
    if type(value) is not str or type(default) is str:
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def _fits(value, default):
    return default is None or type(value) is type(default) or (type(default) is float and type(value) is int)


def _plain(value):
    """Only values that come out of the notebook as they went in: others would silently become text."""
    if type(value) is list:
        return all(_plain(item) for item in value)
    return type(value) in (str, int, bool, type(None)) or (
        type(value) is float and value == value and abs(value) != float("inf")
    )


def _to_share(problem):
    """What the package says itself, as it is; of any other error its kind."""
    kind = (problem or "it did not run to its end").partition(":")[0]
    return problem if hasattr(errors, kind) else kind


def _stopped_at(notebook, problem):
    """Name the cell where a run stopped, or return "" when every cell ran to its end.

    Papermill calls cells "completed" though the kernel died in them, so what counts is an error output, else the last
    cell that was started. Cells that Papermill itself put in are not counted.
    """
    own = [cell for cell in notebook.cells if not PUT_IN & set(cell.metadata.get("tags", []))]
    code = [(n, cell) for n, cell in enumerate(own, start=1) if cell.cell_type == "code" and cell.source.strip()]
    failed = [one for one in code if any(output.output_type == "error" for output in one[1].outputs)]
    if not failed and not problem and all(cell.execution_count is not None for _, cell in code):
        return ""
    started = [one for one in code if one[1].metadata.get("papermill", {}).get("start_time")]
    number, cell = (failed or started[-1:] or code)[0]
    return f"cell {number} ({cell.source.strip().splitlines()[0]})"


@contextmanager
def own_kernel(scratch):
    """Offer Jupyter one kernel: this interpreter, this package, a fixed hash seed, an empty profile without history."""
    spec = scratch / "kernels" / KERNEL
    spec.mkdir(parents=True)
    argv = [
        sys.executable,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
        "--IPKernelApp.exec_PYTHONSTARTUP=False",
        "--HistoryManager.enabled=False",
    ]
    env = {"PYTHONHASHSEED": "0", "IPYTHONDIR": str(scratch / "ipython"), "PYTHONPATH": str(PACKAGE_PARENT)}
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": KERNEL, "language": "python", "env": env}), encoding="utf-8"
    )
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(scratch)
    try:
        yield
    finally:
        if before is None:
            del os.environ["JUPYTER_PATH"]
        else:
            os.environ["JUPYTER_PATH"] = before

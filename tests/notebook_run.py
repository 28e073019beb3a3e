"""Run a notebook in this process, without a kernel: quick enough for many situations.

The cells run one after the other in one namespace, after the parameters that are given; what the last line of a cell is
becomes its output, as Jupyter would show it. The gate and the kernel itself are tested with real kernels elsewhere.
"""

import ast
import contextlib
import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from konbit_lessons.kept import FOLDER

ROOT = Path(__file__).parent.parent
KEPT = []  # the folder where notebooks of a test run keep what they have worked out, as those of a run of reports do


def run_notebook(name, folder=ROOT, **parameters):
    """Return the executed notebook `name` of notebooks/, run in a programme's folder."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    names = {}
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patched:
        patched.setenv(FOLDER, KEPT[0]) if KEPT else None
        for cell in notebook.cells:
            if cell.cell_type == "code" and "lab-only" not in cell.metadata.get("tags", []):
                cell.outputs = _run(cell.source, names)
                if "parameters" in cell.metadata.get("tags", []):
                    names |= parameters
    notebook.metadata["names"] = sorted(names)
    return notebook


def run_lab_cells(name, folder=ROOT, **parameters):
    """Return the names after all cells of a notebook, those for the lab as well."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    names = {}
    with contextlib.chdir(folder):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                _run(cell.source, names)
                if "parameters" in cell.metadata.get("tags", []):
                    names |= parameters
    return names


def shown(notebook):
    """Return the HTML of each output, in order, of an executed notebook."""
    return [output.data["text/html"] for cell in notebook.cells for output in cell.get("outputs", [])]


def _run(source, names):
    tree, outputs = ast.parse(source), []
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names["display"] = lambda *values: outputs.extend(_output("display_data", value) for value in values)
    exec(compile(tree, "<cell>", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
    if value is not None and not source.rstrip().endswith(";"):
        outputs.append(_output("execute_result", value))
    return outputs


def _output(kind, value):
    if hasattr(value, "_repr_mimebundle_"):
        return new_output(kind, _bundle(value))
    html = value._repr_html_() if hasattr(value, "_repr_html_") else f"<pre>{value!r}</pre>"
    return new_output(kind, {"text/html": html, "text/plain": repr(value)})


def _bundle(value):
    found = value._repr_mimebundle_()
    return found[0] if isinstance(found, tuple) else found


os.environ.setdefault("MPLBACKEND", "agg")

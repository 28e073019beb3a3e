"""The notebooks: short, without outputs in the repository, and they run by hand from the first cell to the last."""

import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbclient
import nbformat
import pytest

from konbit_lessons.reports import OF_A_QUARTER, OF_AN_ORGANIZATION

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_the_notebooks_of_a_quarter_and_the_brief():
    assert {*OF_A_QUARTER, OF_AN_ORGANIZATION} == {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_story_without_code_of_its_own(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    first, parameters, *_ = notebook.cells
    assert first.cell_type == "markdown" and first.metadata.tags == ["lab-only"]
    assert parameters.metadata.tags == ["parameters"]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            assert not any(word in cell.source for word in ("def ", "class ", "warnings", "os.path", "Path("))
            assert cell.id in ("parameters", "data") or len(cell.source.splitlines()) <= 3


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A programme with the notebooks beside it, as an evaluator has it."""
    folder = tmp_path_factory.mktemp("by_hand")
    for name in ("data/raw", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copy(ROOT / "programme.toml", folder)
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_by_hand_where_it_stands(copied, path):
    notebook = nbformat.read(copied / "notebooks" / path.name, as_version=4)
    where = {"metadata": {"path": str(copied / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("<figure>" in output.get("data", {}).get("text/html", "") for output in outputs)
    assert not [output for output in outputs if output.output_type in ("error", "stream")]


def test_lab_opens_the_notebooks_of_the_programme(copied):
    port = 18_765
    command = [sys.executable, "-m", "konbit_lessons.cli", "lab", "--programme", str(copied / "programme.toml")]
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token=tried", "--allow-root", "--port-retries=0"]
    server = subprocess.Popen([*command, "--", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = f"http://127.0.0.1:{port}/api/contents/notebooks?token=tried"
        listing = _answer(address, server)
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert all(path.name in listing for path in NOTEBOOKS)


def _answer(address, server, *, seconds=60):
    for _ in range(seconds * 4):
        if server.poll() is not None:
            pytest.fail(f"the server stopped: {server.stdout.read()}")
        try:
            with urllib.request.urlopen(address) as reply:
                return reply.read().decode()
        except OSError:
            time.sleep(0.25)
    return pytest.fail(f"no answer within {seconds} s")

"""The notebooks: as they are committed, and that each finds its programme from wherever it is run."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from notebook_run import run_lab_cells
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from small_study import PARAMETERS, study_of, written

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.reports.notebooks import BRIEF, LAB, REPORTS, is_own, notebook_file, notebook_names

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUN = ("import konbit_lessons as kl", "kl.load(programme_file).name, formula")
NAMED = f'programme_file = "programme.toml"\n{PARAMETERS}'


def test_there_are_the_notebooks_that_the_package_speaks_of():
    assert {path.stem for path in NOTEBOOKS} == REPORTS.keys()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_as_somebody_opens_it_first(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    first, parameters, *_ = notebook.cells
    assert first.cell_type == "markdown" and first.metadata.tags == ["lab-only"]
    assert "parameters" in parameters.metadata.tags
    assert re.search(r'^(programme|portfolio)_file = "\1.toml"', parameters.source)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            assert not re.search(r"os\.path|Path\(|\.\./", cell.source)


def test_what_is_about_one_organization_or_for_the_lab_is_no_report_of_a_programme(tiny):
    names = notebook_names(kl.load(tiny.toml))
    assert names == [name for name in REPORTS if name != BRIEF and not REPORTS[name] & {LAB, "portfolio"}]


def test_a_programmes_own_notebook_goes_before_the_shipped_one_and_a_copy_of_that_is_not_its_own(tiny):
    programme = kl.load(tiny.toml)
    assert not is_own(programme, notebook_file(programme, "incentives"))
    (tiny.folder / "notebooks").mkdir()
    copy = shutil.copy(ROOT / "notebooks" / "incentives.ipynb", tiny.folder / "notebooks")
    assert notebook_file(programme, "incentives") == Path(copy) and not is_own(programme, Path(copy))
    own = written(tiny.folder / "notebooks", "1", name="incentives")
    assert notebook_file(programme, "incentives") == own and is_own(programme, own)
    assert is_own(programme, written(tiny.folder / "notebooks", "1", name="ours"))


# ---- from wherever it is run


@pytest.fixture
def found(tmp_path):
    """Run a command in a folder of a programme, or beside it; return what the notebook says its programme is."""
    study = study_of(tmp_path / "study", name="Found")
    notebook = written(study.folder / "notebooks", *RUN, name="tried", parameters=NAMED)
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(notebook, tmp_path / "elsewhere" / "mine.ipynb")

    def run(*words, folder="study", **environment):
        started = {"cwd": tmp_path / folder, "env": os.environ | {"PYTHONPATH": str(ROOT)} | environment}
        done = subprocess.run([sys.executable, "-m", *words], **started, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
        return executed.cells[-1].outputs[0].data["text/plain"]

    return run


NBCONVERT = ("jupyter", "nbconvert", "--to", "notebook", "--execute", "--output", "out", "--output-dir")
FORMULA = "y ~ a + np.log1p(b)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "folder", "environment", "formula"),
    [
        (("papermill", "notebooks/tried.ipynb", "../out.ipynb"), "study", {}, ""),
        (("papermill", "tried.ipynb", "../../out.ipynb", "-p", "formula", FORMULA), "study/notebooks", {}, FORMULA),
        ((*NBCONVERT, "..", "notebooks/tried.ipynb"), "study", {}, ""),
        (("papermill", "mine.ipynb", "../out.ipynb"), "elsewhere", {"KONBIT_PROGRAMME": "../study"}, ""),
    ],
    ids=["papermill from the programme", "papermill from notebooks", "nbconvert", "a copy in a folder of one's own"],
)
def test_a_notebook_finds_its_programme(found, words, folder, environment, formula):
    assert found(*words, folder=folder, **environment) == f"('Found', {formula!r})"


def test_lab_gives_a_programme_without_notebooks_a_copy_and_tells_kernels_which_programme_it_is(tiny, monkeypatch):
    started = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", started.append)
    monkeypatch.setenv("KONBIT_PROGRAMME", "another")
    done = CliRunner().invoke(main, ["lab", "--programme", str(tiny.toml), "--", "--no-browser"])
    assert done.exit_code == 0, done.output
    assert os.environ["KONBIT_PROGRAMME"] == str(tiny.toml)
    assert {path.name for path in (tiny.folder / "notebooks").iterdir()} == {path.name for path in NOTEBOOKS}
    assert started[0][0] == f"--ServerApp.root_dir={tiny.folder}" and started[0][-1] == "--no-browser"


@pytest.mark.slow
@pytest.mark.browser
def test_lab_opens_the_notebooks_of_the_programme_and_asks_nobody_for_news(
    tiny, tmp_path, monkeypatch, browser, opened
):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))  # as at the first time
    port = 18_765
    command = [sys.executable, "-m", "konbit_lessons.cli", "lab", "--programme", str(tiny.toml)]
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token=tried", "--allow-root", "--port-retries=0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    server = subprocess.Popen([*command, "--", *options], cwd=ROOT, **pipes)
    try:
        listing = _answer(f"http://127.0.0.1:{port}/api/contents/notebooks?token=tried", server)
        asked = opened(f"http://127.0.0.1:{port}/lab?token=tried")
        WebDriverWait(browser, 60).until(lambda one: one.find_elements(By.CSS_SELECTOR, ".jp-DirListing-item"))
        time.sleep(3)  # it would ask once all is there
        assert "news" not in browser.find_element(By.TAG_NAME, "body").text
        asked += [entry["message"] for entry in browser.get_log("performance")]
        assert asked and not [one for one in asked if "/lab/api/news" in one or "/lab/api/update" in one]
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


@pytest.mark.slow
@pytest.mark.parametrize(("name", "made"), [("incentives", "whole"), ("participation", "fit"), ("explore", "result")])
def test_what_is_there_for_who_explores_runs_with_the_rest(name, made, whole_programme):
    """As Run All does in JupyterLab, of a programme some of whose figures may not be shared."""
    assert run_lab_cells(name, whole_programme)[made] is not None

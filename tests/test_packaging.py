"""Installing: conda and pip name the same packages, the lock is whole, and nothing tells where it was made."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from small_study import study_of

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _wanted() -> set[str]:
    extras = PROJECT["optional-dependencies"]
    return {*PROJECT["dependencies"], *extras["build"], *extras["test"]}


def test_conda_and_pip_users_get_the_same_packages():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    listed = [one for one in environment["dependencies"] if isinstance(one, str)]
    by_pip = next(one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    assert {*listed, *by_pip} - {"pip", "-e .", f"python{PROJECT['requires-python']}"} == _wanted()
    assert f"python{PROJECT['requires-python']}" in listed


def test_every_locked_requirement_has_hashes_and_no_address():
    for name in ("requirements.txt", "requirements-test.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(
            r"^([\w.-]+)==([^\s;]+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n?)+)", text, flags=re.MULTILINE
        )
        lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert len(pins) == len(lines)
        package = r"[\w.-]+==[^\n]*(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
        assert re.fullmatch(f"(?:{package})+", text)  # no hash of a package that is gone
        assert not re.search(r"https?://|file:|index-url|find-links", text)


def test_every_direct_requirement_is_locked():
    locked = (ROOT / "requirements-test.txt").read_text(encoding="utf-8").lower()
    for requirement in _wanted():
        name = re.match(r"[\w.-]+", requirement)[0].lower()
        assert re.search(rf"^{re.escape(name)}==", locked, flags=re.MULTILINE), name


def test_no_committed_file_names_the_machine_it_was_made_on():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    home = re.compile(rb"(?<![\w/.-])/(?:root|home/\w+|Users/\w+|work|tmp/\w+)/")
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".xlsx"}:
            assert not home.search(path.read_bytes()), name


def test_nothing_made_is_committed():
    files = subprocess.run(
        ["git", "ls-files", "reports", "data/processed"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert files == ["data/processed/README.md", "reports/README.md"]


@pytest.mark.slow
def test_a_wheel_holds_the_notebooks_and_the_data_that_the_package_reads(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as zipped:
        zipped.extractall(tmp_path / "installed")
    package = tmp_path / "installed" / "konbit_lessons"
    (kernel,) = package.parent.glob("*.data/data/share/jupyter/kernels/konbit/kernel.json")  # where Jupyter looks
    assert kernel.read_bytes() == (ROOT / "konbit_lessons" / "reports" / "kernel.json").read_bytes()
    shipped = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in (package / "notebooks").glob("*.ipynb")} == shipped
    beside = [
        path
        for end in ("*.toml", "*.po", "*.j2", "*.css", "*.mplstyle")
        for path in (ROOT / "konbit_lessons").rglob(end)
    ]
    assert [path for path in beside if not (package / path.relative_to(ROOT / "konbit_lessons")).is_file()] == []
    code = "import konbit_lessons as kl; from konbit_lessons.reports.notebooks import *; p = kl.load('programme.toml')"
    study = study_of(tmp_path / "study")
    shutil.rmtree(study.folder / "notebooks")
    found = "print(kl.__file__, notebook_file(p, 'incentives'), is_own(p, notebook_file(p, 'incentives')))"
    run = [sys.executable, "-c", f"{code}; {found}"]
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    said = subprocess.run(run, cwd=study.folder, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(package / "__init__.py"), str(package / "notebooks" / "incentives.ipynb"), "False"]

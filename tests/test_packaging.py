"""Installing: conda and pip name the same packages, the lock is whole, and nothing tells where it was made."""

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

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

"""Every promise about safety has its tests, and as many cases as it says."""

import subprocess
import sys

import pytest
from promises import HERE, PROMISES, held_by


@pytest.fixture(scope="module")
def ids():
    asked = sorted({str(HERE / one.partition("::")[0]) for promise in PROMISES.values() for one in promise["tests"]})
    words = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *asked]
    done = subprocess.run(words, cwd=HERE.parent, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.slow
@pytest.mark.parametrize("name", [f"P{number}" for number in range(1, 19)])
def test_a_promise_has_its_tests(ids, name):
    promise = PROMISES[name]
    assert len(held_by(ids, promise)) >= promise["cases"]
    for one in promise["tests"]:
        assert held_by(ids, {"tests": [one]}), f"{one} is no test"

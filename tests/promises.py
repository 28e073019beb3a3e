"""``python -m tests.promises``: run the tests of each promise in promises.toml and write docs/reliability.md."""

import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROMISES = tomllib.loads((HERE / "promises.toml").read_text(encoding="utf-8"))
HEAD = """# What is promised, and what holds it

Written by `make promises`, which runs these tests; all of them are part of `make test` as well.

| | promise | cases | passed | tests |
|---|---|---|---|---|
"""


def held_by(nodes, promise):
    """Those of the tests, by their ids, that hold a promise: a file, or a test in it with all its cases."""
    named = [f"tests/{one}" for one in promise["tests"]]
    return [
        node for node in nodes if any(node.partition("[")[0] == one or node.startswith(f"{one}::") for one in named)
    ]


class Results(dict):
    """Test → whether it passed; a skipped one has not."""

    def pytest_runtest_logreport(self, report):
        """Note how a test, with what it needs before and after, ended."""
        self[report.nodeid] = self.get(report.nodeid, True) and report.passed


def main():
    """Run the tests, write the table, and say which promise does not hold."""
    ids, results = sorted({f"{HERE / one}" for promise in PROMISES.values() for one in promise["tests"]}), Results()
    pytest.main(["-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider", *ids], plugins=[results])
    broken = write(results)
    sys.exit(f"not held: {', '.join(broken)}" if broken else 0)


def write(results):
    """Write the table of promises; return the names of those that do not hold."""
    lines, broken = [], []
    for name, promise in PROMISES.items():
        of = held_by(results, promise)
        passed = sum(results[one] for one in of)
        broken += [name] if passed < max(len(of), promise["cases"]) else []
        named = ", ".join(f"`{one}`" for one in promise["tests"])
        lines.append(f"| {name} | {promise['promise']} | {len(of)} | {passed} | {named} |\n")
    (HERE.parent / "docs" / "reliability.md").write_text(HEAD + "".join(lines), encoding="utf-8", newline="\n")
    return broken


if __name__ == "__main__":
    main()

"""The house in numbers: how large it is, which way imports run, how its notebooks read, whose words it knows."""

import ast
import io
import json
import re
import statistics
import tokenize
import tomllib
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from string import Formatter

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "konbit_lessons"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = (  # ground first: what stands earlier may not import what stands later
    {"errors", "periods", "tables", "words"},
    {"field", "publish"},
    {"panel"},
    {"disclosure"},
    {"incentives"},
    {"measures"},
    {"say", "sentences"},
    {"figures"},
    {"show"},
    {"reports"},
    {"cli"},
)
OF_ONE_PROGRAMME = re.compile(
    r"\b(cdsps?|awardees?|haiti\w*|haïti\w*|htg|gourdes?|leve|lokal\+?|per_diem_htg|value_htg)\b", re.I
)
MOST_LINES = (
    12_500 + 7 * 600 + 100
)  # of code, no blank, comment or docstring: the house, and what is built since may add
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def code_lines(path):
    """Lines that hold code: no blank, comment or docstring."""
    held = set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type not in NO_CODE:
            held.update(range(token.start[0], token.end[0] + 1))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in (one for one in ast.walk(tree(path)) if isinstance(one, kinds) and ast.get_docstring(one) is not None):
        held -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(held)


def functions(path):
    return [one for one in ast.walk(tree(path)) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_length(function):
    body = function.body[ast.get_docstring(function) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path, modules):
    """Modules of the package that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == PACKAGE.name:
            longer = {f"{node.module}.{name.name}" for name in node.names}
            yield from (longer & modules) or {node.module}
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] == PACKAGE.name)


def imports():
    modules = {module(path) for path in FILES}
    return {module(path): set(imported(path, modules)) - {module(path)} for path in FILES}


def floor(name):
    room = name.split(".")[1] if "." in name else ""
    return next((i for i, rooms in enumerate(FLOORS) if room in rooms), None)


def code_cells(name):
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_library_is_small():
    assert sum(map(code_lines, FILES)) <= MOST_LINES


def test_no_module_is_longer_than_400_lines():
    assert {str(path): n for path in FILES if (n := path.read_text(encoding="utf-8").count("\n")) > 400} == {}


def test_nine_of_ten_bodies_have_at_most_15_lines():
    lengths = sorted(body_length(one) for path in FILES for one in functions(path))
    assert lengths[int(0.9 * len(lengths))] <= 15


def test_every_public_name_says_what_it_is():
    silent = [
        f"{module(path)}.{one.name}"
        for path in FILES
        for node in tree(path).body
        for one in (node, *(node.body if isinstance(node, ast.ClassDef) else []))
        if isinstance(one, ast.FunctionDef | ast.ClassDef) and not one.name.startswith("_")
        if ast.get_docstring(one) is None
    ]
    assert silent == []


def test_imports_run_from_the_ground_up():
    graph = imports()
    up = [f"{a} -> {b}" for a in graph for b in graph[a] if floor(a) is not None and (floor(b) or 0) > floor(a)]
    assert up == []


def test_imports_have_no_circle():
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {error.args[1]}")


def test_the_example_is_imported_by_nothing_but_the_command():
    users = {a for a, targets in imports().items() for b in targets if b.startswith(f"{PACKAGE.name}.example")}
    assert {one for one in users if not one.startswith(f"{PACKAGE.name}.example")} <= {f"{PACKAGE.name}.cli"}


def test_no_line_of_the_library_knows_one_programme():
    lines = [(path.name, line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines()]
    assert [one for one in lines if OF_ONE_PROGRAMME.search(one[1])] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")))
def test_cells_of_a_notebook_can_be_read_and_changed(name):
    cells = code_cells(name)
    lengths = sorted(sum(bool(line.strip()) for line in cell.splitlines()) for cell in cells)
    assert statistics.median(lengths) <= 4
    assert lengths[int(0.9 * len(lengths))] <= 12
    assert lengths[-1] <= 15
    assert [cell for cell in cells if re.search(r"^\s*(def|class|warnings\.)", cell, re.M)] == []


def test_every_message_is_told_somewhere_with_each_value_that_it_has_a_place_for():
    texts, told = tomllib.loads((PACKAGE / "field" / "messages.toml").read_text(encoding="utf-8")), set()
    calls = [one for path in FILES for one in ast.walk(tree(path)) if isinstance(one, ast.Call)]
    for call in [one for one in calls if getattr(one.func, "id", "") == "message"]:
        begun, more = getattr(call.args[0], "values", [call.args[0]])[0].value, isinstance(call.args[0], ast.JoinedStr)
        fits = [name for name in texts if name == begun or (more and name.startswith(begun))]
        given = {one.arg for one in call.keywords}
        for name in fits:
            places = {re.split(r"[.\[]", one)[0] for _, one, _, _ in Formatter().parse(texts[name]) if one}
            assert None in given or places <= given, f"line {call.lineno}: {name} needs {places - given}"
        assert fits, f"line {call.lineno}: there is no message {begun}"
        told |= {*fits}
    assert told == {*texts}

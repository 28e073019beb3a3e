"""A study with notebooks of its own, for tests of reports: what its cells showed is stored, or a kernel runs them."""

import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import konbit_lessons as kl
from konbit_lessons.figures.markup import CARRIED
from konbit_lessons.reports.run import PUT_IN, refuse_unfinished, to_run

PARAMETERS = 'language = "en"\naudience = "shared"\nformula = ""\nlimit = 0.1\nn = 3\nflag = True'
TOML = """
[programme]
name = {name}
simulated = {simulated}
point_of_contact = "evaluation@example.org"

[study]
title = {{ en = "Does it work?", fr = "Est-ce que cela marche ?", ht = "Eske sa mache?" }}
table = "data.csv"
outcome = "y"
incentives = ["a"]
cluster = ["c"]
"""
KERNEL = {"name": "python3", "language": "python", "display_name": "Python 3"}
TABLE = {"name": "incentives", "csv": "label,share,conf_low,conf_high\nA,0.2,0.1,0.3\n"}
TABLE["sheet"] = {"said": ["Came", "n = 10"], "columns": [["Group", ""], ["Percent", "percent"], ["Day", "date"]]}
TABLE["sheet"]["rows"] = [["=A", 0.2, "2017-06-30"], ["B", "–", "–"]]
SENTENCES = {"sentences": [["Of 10, 20 % came", "share", 0.2, 0.1, 0.3]]}


def part(html="<p>A part</p>", **carried):
    """An output as the package's own parts give."""
    return new_output("display_data", data={"text/html": html, CARRIED: {"part": "prose", **carried}})


def opening(answer="**Yes.**", title="The title"):
    return part(f"<h1>{title}</h1>", title=title, answer=answer, told={"came": 0.2})


def html(text):
    """An output that is no part of ours."""
    return new_output("display_data", data={"text/html": text, "text/plain": "x"})


def error(kind="ZeroDivisionError", said="division by zero"):
    return new_output("error", ename=kind, evalue=said, traceback=[])


def cell(*outputs, source="shown", tags=()):
    """A code cell that was run."""
    return new_code_cell(source, outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)})


def text(source, *tags):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def notebook(*cells, parameters=PARAMETERS):
    """Cells, or the sources of some that are still to be run, below a cell of parameters."""
    first = cell(source=parameters, tags=["parameters"])
    own = [new_code_cell(one) if isinstance(one, str) else one for one in cells]
    return new_notebook(cells=[first, *own], metadata={"kernelspec": KERNEL})


def written(folder, *cells, name="tried", parameters=PARAMETERS):
    path = folder / f"{name}.ipynb"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(*cells, parameters=parameters), path)
    return path


def as_stored(path, parameters, *, programme_file, keep, **_):
    """In place of ``run``: the notebook as it is stored, refused where it holds an error."""
    executed = to_run(nbformat.read(path, as_version=4))
    assert not any(PUT_IN & set(one.metadata.get("tags", [])) for one in executed.cells)
    refuse_unfinished(executed, path.name, keep / f"{path.stem}.FAILED.ipynb")
    return executed


def study_of(folder, *, name="Konbit (simulated example)", simulated=False, **notebooks):
    """A study whose `incentives` shows an opening and a table, whose `broken` fails; and others by name."""
    usual = [cell(opening()), cell(part(**TABLE, **SENTENCES))]
    for one, cells in ({"incentives": usual, "broken": [cell(error(), source="1 / 0")]} | notebooks).items():
        written(folder / "notebooks", *cells, name=one)
    said = {"name": json.dumps(name, ensure_ascii=False), "simulated": str(simulated).lower()}
    (folder / "programme.toml").write_text(TOML.format(**said), encoding="utf-8")
    (folder / "data.csv").write_text("y,a,c\n1,0,x\n0,1,y\n", encoding="utf-8")
    return kl.load(folder / "programme.toml")

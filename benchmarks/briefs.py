"""How long a brief takes: by kernels that stay warm, beside Papermill, which starts one for each notebook.

``python -m benchmarks.briefs [--organizations 137] [--papermill 8] [--workers 1 2]`` writes a simulated programme and
cleans it, makes the page of some of its organizations by ``reports.run`` (a kernel each), then the briefs of all by
``make_briefs`` with so many workers, and prints the seconds per brief and their ratio.
"""

import argparse
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import konbit_lessons as kl
from konbit_lessons.example import write_example
from konbit_lessons.reports.briefs import make_briefs
from konbit_lessons.reports.gate import passed
from konbit_lessons.reports.notebooks import BRIEF, notebook_file
from konbit_lessons.reports.page import Setting, page
from konbit_lessons.reports.run import run
from konbit_lessons.words import Words

QUARTER = "FY2017Q3"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--organizations", type=int, default=137)
    parser.add_argument("--papermill", type=int, default=8, metavar="N", help="briefs made with a kernel each")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "programme"
        write_example(folder, organizations=asked.organizations)
        programme = kl.load(folder / "programme.toml", audience="internal")
        codes = kl.cleaned(programme).organizations["organization_id"].tolist()
        with patch("konbit_lessons.reports.run.CAN_COPY", False):
            cold = _papermill(programme, codes[: asked.papermill], Path(scratch))
        print(f"Papermill, a kernel each: {cold:.2f} s per brief ({asked.papermill} briefs)")
        copied = _papermill(programme, codes[: asked.papermill], Path(scratch))
        print(f"copied kernels, one each: {copied:.2f} s per brief, {cold / copied:.1f} times as fast")
        for workers in asked.workers:
            began = time.perf_counter()
            made = make_briefs(programme, quarter=QUARTER, reports=Path(scratch) / f"with_{workers}", workers=workers)
            warm = (time.perf_counter() - began) / len(made.pages)
            said = f"{warm:.2f} s per brief ({len(made.pages)} briefs), {cold / warm:.1f} times as fast"
            print(f"warm kernels, workers {workers}: {said}")


def _papermill(programme, codes, scratch):
    """Seconds per brief when each has a kernel of its own; the page is made as well."""
    path, setting = notebook_file(programme, BRIEF), Setting(programme, QUARTER, Words("en"), "internal")
    began = time.perf_counter()
    for code in codes:
        parameters = {"programme_file": programme.path.name, "organization": code, "quarter": QUARTER}
        executed = run(path, parameters, programme_file=programme.path, keep=scratch / "executed")
        page(passed(executed, audience="internal").cells, setting, name=code, template="brief.html.j2")
    return (time.perf_counter() - began) / len(codes)


if __name__ == "__main__":
    main()

"""How long a brief takes, by konbit and by what others use; what `make bench` found stands in docs/performance.md.

``python -m benchmarks.briefs [--organizations 137] [--rounds 5] [--briefs 48] [--write]`` writes a simulated programme,
cleans it, and makes briefs of its organizations in these ways, one way after the other in each round:

- by the shell: ``papermill``, then ``jupyter nbconvert``, two commands for each brief; one a round
- by Papermill and nbconvert in one Python process, that has made one already; a kernel each; a sixteenth of the briefs
- the same with ``kernel_name="konbit"``, see ``konbit_lessons.reports.ready``
- by R Markdown in one R process that has made one already and keeps the tables: no isolation (benchmarks/brief.Rmd);
  where there is no R with rmarkdown and ggplot2, it is left out; as many as are asked for
- as many by ``make_briefs``, with one worker and with two: starting kernels, reading the tables, profiles of all
  organizations, isolation, gate, journal and index included

A way that does not run here is left out, which the page says. Each way is a process of its own. Seconds of the clock
and of the processors are those of the process and all below it, per brief. ``--write`` writes docs/performance.md.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import psutil

import konbit_lessons as kl
from benchmarks.cleaning import compare
from konbit_lessons.example import write_example
from konbit_lessons.measures.answers import answers
from konbit_lessons.reports.notebooks import BRIEF, notebook_file

QUARTER = "FY2017Q3"
HERE, PAGE = Path(__file__).parent, Path(__file__).parents[1] / "docs" / "performance.md"
SHELL, LOOP, READY = "shell: papermill + nbconvert", "papermill + nbconvert in one Python", "the same, `-k konbit`"
R, ONE, TWO = "R Markdown, warm, in one R", "konbit, 1 worker", "konbit, 2 workers"
WAYS = SHELL, LOOP, READY, R, ONE, TWO


def programme_in(folder, organizations):
    """A cleaned simulated programme, and its tables for R."""
    write_example(folder, organizations=organizations)
    programme = kl.load(folder / "programme.toml", audience="internal")
    data = kl.cleaned(programme)
    of_r = folder / "of_r"
    of_r.mkdir()
    rows = kl.invitations(data, until=QUARTER)
    for name in rows.select_dtypes("boolean"):
        rows[name] = rows[name].astype("Int64")
    rows.to_csv(of_r / "invitations.csv", index=False)
    answers(data, until=QUARTER).to_csv(of_r / "answers.csv", index=False)
    data.conversations.to_csv(of_r / "conversations.csv", index=False)
    (of_r / "incentives.txt").write_text("\n".join(programme.question["incentives"]) + "\n", encoding="utf-8")
    return data.organizations["organization_id"].tolist()


def maker(way, folder):
    """Return what makes briefs of these codes in one way, in this process."""
    path = notebook_file(kl.load(folder / "programme.toml", audience="internal"), BRIEF)
    made = folder / "made"
    made.mkdir(exist_ok=True)

    def asked(code):
        return {"programme_file": "programme.toml", "organization": code, "quarter": QUARTER}

    def by_shell(codes):
        for code in codes:
            given = [part for name, value in asked(code).items() for part in ("-p", name, value)]
            call = ["papermill", "--no-progress-bar", "--cwd", folder, path, made / f"{code}.ipynb", *given]
            subprocess.run([sys.executable, "-m", *call], check=True, capture_output=True)
            call = ["nbconvert", "--to", "html", "--no-input", made / f"{code}.ipynb"]
            subprocess.run([sys.executable, "-m", *call], check=True, capture_output=True)

    def in_a_loop(codes, kernel="python3"):
        import papermill
        from nbconvert import HTMLExporter

        exporter = HTMLExporter(exclude_input=True)
        for code in codes:
            told = {"kernel_name": kernel, "progress_bar": False, "cwd": folder}
            executed = papermill.execute_notebook(path, made / f"{code}.ipynb", asked(code), **told)
            (made / f"{code}.html").write_text(exporter.from_notebook_node(executed)[0], encoding="utf-8")

    def by_r(codes):
        for code in codes:
            print(code, file=r.stdin, flush=True)
            assert r.stdout.readline() == "made\n"

    def by_konbit(codes, workers):
        call = [kl.load(folder / "programme.toml", audience="internal"), codes]
        make_briefs(*call, quarter=QUARTER, reports=made / str(workers), workers=workers, force=True)

    if way == R:
        call = ["Rscript", HERE / "brief.R", folder / "of_r", HERE / "brief.Rmd"]
        r = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    from konbit_lessons.reports.briefs import make_briefs

    ways = {SHELL: by_shell, LOOP: in_a_loop, READY: lambda codes: in_a_loop(codes, "konbit"), R: by_r}
    return ways.get(way) or (lambda codes: by_konbit(codes, 1 if way == ONE else 2))


class Processors(threading.Thread):
    """Seconds of the processors that this process and all below it use while it runs, looked at five times a second."""

    def __init__(self, way):
        super().__init__()
        self.each, self.ready, self.done = {}, [*_of_ready()] if way == READY else [], threading.Event()
        self.before = self.total()

    def run(self):
        while not self.done.wait(0.2):
            self.total()

    def total(self):
        """See what each process has used until now; what one uses after the last look at it is not seen."""
        for top in [psutil.Process(), *self.ready]:
            for one in [top, *top.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    self.each[one.pid, one.create_time()] = sum(one.cpu_times()[:2])
        return sum(self.each.values())

    def used(self):
        """The seconds since it was made; it ends."""
        self.done.set()
        self.join()
        return self.total() - self.before


def _of_ready():
    """The process that `-k konbit` kernels are copied from."""
    for one in psutil.process_iter(["cmdline"]):
        if (
            "ready.listen" in (said := " ".join(one.info["cmdline"] or []))
            and os.environ["JUPYTER_RUNTIME_DIR"] in said
        ):
            yield one


def task(way, folder):
    """Make a brief, then for each line of the input the briefs it names, and print the seconds of each line."""
    make = maker(way, folder)
    for line in sys.stdin:
        codes, watch, began = json.loads(line), Processors(way), time.perf_counter()
        watch.start()
        make(codes)
        seconds = time.perf_counter() - began, watch.used()
        print(json.dumps([one / len(codes) for one in seconds]), flush=True)


def measured(folder, codes, rounds, briefs):
    """Way → the seconds per brief of each round, of the clock and of the processors."""
    several = max(briefs // 16, 1)
    many = {SHELL: 1, LOOP: several, READY: several, **({R: briefs} if _r() else {}), ONE: briefs, TWO: briefs}
    started, found = {}, {way: [] for way in many}
    for way in many:
        call = [sys.executable, "-m", "benchmarks.briefs", "--task", way, str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started[way] = subprocess.Popen(call, **pipes)
        if not _ask(started[way], codes[:1]):
            print(f"{way}: left out; what stops it is said above", flush=True)
            del started[way], found[way]
    for at in range(rounds):
        some = codes[at * briefs % (len(codes) - briefs) :][:briefs]
        for way in [*found]:
            if not (seconds := _ask(started[way], some[: many[way]])):
                del found[way]  # said above
                continue
            found[way].append(seconds)
            print(f"round {at + 1}, {way}: {seconds[0]:.2f} s, of processors {seconds[1]:.2f}", flush=True)
    for one in started.values():
        one.communicate()
    return found


def _ask(process, codes):
    """Seconds per brief, of the clock and of the processors; None where the process has ended."""
    with suppress(BrokenPipeError):
        print(json.dumps(codes), file=process.stdin, flush=True)
    return json.loads(process.stdout.readline() or "null")


def _r():
    needed = "quit(status = !(requireNamespace('rmarkdown') && requireNamespace('ggplot2')))"
    return shutil.which("Rscript") and not subprocess.run(["Rscript", "-e", needed], capture_output=True).returncode


def as_page(found, cleaning, about):
    """docs/performance.md."""
    middle = {way: [statistics.median(one) for one in zip(*seen, strict=True)] for way, seen in found.items()}
    lines = ["| the same brief | seconds | from … to | of the processors | times the shell, by clock | by processors |"]
    lines += ["|---|---|---|---|---|---|"]
    for way, (clock, used) in middle.items():
        low, high = (limit(one[0] for one in found[way]) for limit in (min, max))
        ratios = [f"{one / own:.1f}" for one, own in zip(middle.get(SHELL, ()), (clock, used), strict=False)]
        lines.append(
            f"| {way} | {clock:.2f} | {low:.2f} … {high:.2f} | {used:.2f} | {' | '.join(ratios or ['', ''])} |"
        )
    lines += [f"\nLeft out, since it does not run here: {way}." for way in WAYS if way not in found]
    rounds = max(map(len, found.values()))
    rows, ours, theirs = f"{cleaning['rows']:,}", cleaning["konbit"], cleaning["pandas"]
    return f"""# How fast it is

Written by `make bench`; what is compared stands in `benchmarks/briefs.py` and `benchmarks/cleaning.py`. {about}

## A brief for one organization

{chr(10).join(lines)}

Seconds per brief, medians of {rounds} rounds in turn. konbit's are isolated, pass the publishing gate, and
are listed and written down; R Markdown's share one process that keeps the tables, and fit no profile.

## Cleaning

{rows} rows of attendance, cleaning log and checks included: {ours:.2f} s; `pandas.read_csv(dtype=str)` alone takes
{theirs:.2f} s: {ours / theirs:.2f} times as long. At most {cleaning["memory"] / 1e9:.2f} GB.
"""


def machine():
    """A sentence on what this was run on, and what else ran there."""
    load = os.getloadavg()[2]
    memory = psutil.virtual_memory().total / 1e9
    quiet = "otherwise idle" if load <= os.cpu_count() / 2 else "shared with other work, which the ratios share too"
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GB; "
        f"{date.today().isoformat()}; mean load of the last quarter of an hour before it began {load:.1f}: {quiet}."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--organizations", type=int, default=137)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--briefs", type=int, default=48, help="a round, by the quickest ways")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of attendance, to clean")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--task", nargs=2)
    asked = parser.parse_args()
    if asked.task:
        return task(asked.task[0], Path(asked.task[1]))
    about = machine()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["JUPYTER_RUNTIME_DIR"] = str(Path(scratch) / "runtime")
        folder = Path(scratch) / "programme"
        codes = programme_in(folder, asked.organizations)
        found = measured(folder, codes, asked.rounds, asked.briefs)
        for one in [*_of_ready()]:
            one.kill()
    cleaning = compare(asked.rows, 3)
    text = as_page(found, cleaning, about)
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return None


if __name__ == "__main__":
    main()

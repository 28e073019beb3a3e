"""The command ``konbit``: each subcommand calls one function and turns its outcome into words and an exit code.

0 done · 1 done, and the data has problems that are listed · 2 the call or the programme file is wrong · 3 a report
failed, or a run was stopped or could not write · 4 another run holds the lock. 1 is only ever said on purpose.
"""

import os
import shutil
import sys
import traceback
from pathlib import Path

import click
from click import echo, option

import konbit_lessons as kl
from konbit_lessons import terminal
from konbit_lessons.errors import KonbitError, ProgrammeError
from konbit_lessons.field.place import content_of, programme_file
from konbit_lessons.reports.notebooks import check_call

FAILED = 3  # the exit code of what was not foreseen
DEBUG = "KONBIT_DEBUG"  # an environment variable: set, errors that were not foreseen are shown whole


def _found(_context, _parameter, given):
    """A path that leads nowhere is said before anything heavy is imported."""
    content_of(path := programme_file(given))
    return path


FILE = {"default": "programme.toml", "type": click.Path(), "metavar": "FILE"}
programme_option = option("--programme", "file", callback=_found, help="The programme.", **FILE)
quarter_option = option("--quarter", metavar="FY2017Q3", help="Quarter to look at.  [default: the last with an event]")
reports_option = option("--reports", metavar="DIR", help="Where reports go.  [default: reports beside programme.toml]")
SECONDS = {"type": click.IntRange(1), "metavar": "N"}
seconds_option = option("--seconds", help="The longest that one cell may take.  [default: 600]", **SECONDS)
notebook_option = option("--notebook-seconds", help="The same, for all cells.", **SECONDS)
workers_option = option(
    "--workers", type=click.IntRange(1, 64), metavar="N", help="Notebooks at a time.  [default: as processors, to 4]"
)
force_option = option("--force", is_flag=True, help="Make again also what would come out the same.")
to_option = option(
    "--to", type=click.Choice(["html", "docx"]), default="html", help="docx: a Word file beside each page."
)
strict_option = option("--strict", is_flag=True, help="Refuse a shared report that shows more than may be published.")
languages_option = option(
    "--language", metavar="en,fr,ht", help="Language of the pages, or several.  [default: the first of programme.toml]"
)


class _Command(click.Command):
    """Its sentence in the list of commands goes over as many lines as it needs."""

    def get_short_help_str(self, limit=0):
        """Return the whole sentence, whatever the limit."""
        return super().get_short_help_str(max(limit, len(self.help)))


class _Konbit(click.Group):
    """Shows an error as its message alone, and exits with its code."""

    command_class = _Command

    def invoke(self, context):
        """Run the command; end with the exit code of what stops it."""
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            # What nobody foresaw must not end as what was foreseen: it is named, and 3 is not "done".
            if os.environ.get(DEBUG):
                traceback.print_exc()
            echo(f"{terminal.OVER * sys.stderr.isatty()}konbit: {_said(error)}", err=True)
            context.exit(getattr(error, "exit_code", FAILED))


def _said(error):
    if isinstance(error, KonbitError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "stopped. What was finished before stays as it was."
    if isinstance(error, OSError):
        where = f"{'/'.join(Path(error.filename).parts[-2:])}: " if error.filename else ""
        return f"{where}{error.strerror or error}. Is there room on the disk, and may you write there?"
    return f"this should not happen: {type(error).__name__}: {error}. To see where, set {DEBUG}=1."


@click.group(cls=_Konbit, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="konbit-lessons", prog_name="konbit")
def main():
    """Which incentives predict participation? From raw records to readable reports."""


@main.command()
@programme_option
def check(file):
    """Read and check the raw files; say what is wrong and where; write nothing."""
    programme = kl.load(file)
    if programme.study:
        return terminal.say_how_it_is_read(programme)
    data = kl.clean(programme)
    read = data.counts.groupby(["source", "table", "kind"], sort=False)["read"].sum()
    for (source, table, kind), rows in read.items():
        echo(f"{source}: {f'read as {kind}' if kind else 'empty'}, {rows} rows for the table {table}")
    terminal.say_counts(data)
    if left := programme.path.read_text(encoding="utf-8").count("OPEN: "):
        echo(f"{programme.path.name}: {left} lines are marked OPEN; each is yours to decide, and its mark to take out.")
    for notice in terminal.once_per_file(data.notices):
        echo(f"noticed: {notice}")
    sys.exit(terminal.say_problems(data, most=len(data.set_aside) + len(data.notices) + terminal.LISTED, keep=False))


@main.command()
@programme_option
def clean(file):
    """Write the cleaned tables, the cleaning log and what was set aside."""
    from konbit_lessons.field.store import write

    programme = kl.load(file)
    if programme.study:
        return terminal.say_how_it_is_read(programme, "Nothing is written: the table of a study is read as it is.")
    data = kl.clean(programme)
    written = write(data)
    terminal.say_counts(data)
    echo(f"Written: {len(written)} files in {data.programme.processed}")
    sys.exit(terminal.say_problems(data))


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@programme_option
@quarter_option
@languages_option
@option("--audience", type=click.Choice(["shared", "internal"]), default="shared", help="Who will read them.")
@reports_option
@seconds_option
@notebook_option
@to_option
@option("--before", is_flag=True, help="First the learning report of the quarter before, if there is none.")
@strict_option
@option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the notebooks.")
@workers_option
@force_option
@option("--timings", is_flag=True, help="Say at the end where the time went, by notebook and cell.")
def report(names, file, quarter, before, parameters, timings, **asked):
    """Run the notebooks and save the reports; without names, all of the quarter's. What would be the same stays."""
    check_call(file, quarter=quarter, languages=asked["language"], names=names)
    programme, parameters = kl.load(file), _pairs(parameters)
    from konbit_lessons.reports.make import make_reports, quarter_before  # once the call is known to be right

    told, first, took = terminal.Progress(), {name: asked[name] for name in ("audience", "reports")}, []
    if before and (earlier := quarter_before(programme, quarter, **first)):
        first |= {"language": asked["language"], "progress": told.say}
        make_reports(programme, ["learning_report"], quarter=earlier, **first)
    asked |= {"quarter": quarter, "parameters": parameters, "progress": told.say, "steps": told.steps}
    asked["timed"] = lambda *one: took.append(one)
    made = make_reports(programme, list(names), **asked)
    if timings:
        terminal.say_timings(took)
    code = 0 if programme.study else terminal.say_problems(kl.cleaned(programme))
    told.say(f"Open {made.index}")
    sys.exit(code)


@main.command()
@programme_option
@option("--quarter", metavar="FY2017Q3", help="Quarter.  [default: the last with reports]")
@option("--language", metavar="en|fr|ht", help="Only the reports in it.  [default: all]")
@reports_option
def bundle(file, **asked):
    """Write the zip to mail: the shared reports of a quarter, and nothing else."""
    check_call(file, quarter=asked["quarter"], languages=asked["language"], of_events=False)
    programme = kl.load(file)
    from konbit_lessons.reports.bundle import bundle as write_bundle

    made = write_bundle(programme, **asked)
    for name in made.left_out:
        echo(f"Left out: {name} stands in the shared folder and belongs to no report.", err=True)
    echo(f"Written: {len(made.files)} files in {made.path}; on record in editions/{made.record.name}")


@main.command()
@programme_option
@option("--organization", "organizations", multiple=True, metavar="ID", help="Only this one; more than once for more.")
@quarter_option
@languages_option
@reports_option
@seconds_option
@notebook_option
@workers_option
@option("--cluster", metavar="ADDRESS", help="tcp://scheduler:8786: by the workers of a dask.distributed cluster.")
@force_option
def briefs(file, organizations, **asked):
    """Make one internal brief for each organization; those that are up to date stay as they are."""
    check_call(file, quarter=asked["quarter"], languages=asked["language"])
    programme = kl.load(file, audience="internal")
    from konbit_lessons.reports.briefs import make_briefs

    made = make_briefs(programme, list(organizations), progress=terminal.Progress().steps, **asked)
    echo(f"Open {made.index}")


@main.command()
@click.argument("file", default="portfolio.toml", metavar="[FILE]")
@languages_option
@reports_option
@seconds_option
@to_option
@strict_option
@force_option
def portfolio(file, **asked):
    """Make one page over many programmes from the estimates of their reports; FILE, portfolio.toml, says which."""
    from konbit_lessons.field.portfolio import load
    from konbit_lessons.reports.make import make_reports

    made = make_reports(load(file), progress=terminal.Progress().say, **asked)
    echo(f"Open {made.index}")


@main.command()
@programme_option
@option("--language", metavar="en|fr|ht", help="Language of the codebook.  [default: all]")
@option("--output", metavar="DIR", help="Where it goes.  [default: reports/codebook beside programme.toml]")
def codebook(file, language, output):
    """Write what each table and column means, as HTML and as CSV."""
    check_call(file, languages=language)
    programme = kl.load(file)
    from konbit_lessons.reports.codebook import write_codebook

    written = write_codebook(programme, output, language=language)
    echo(f"Written: {len(written)} files in {written[0].parent}")


@main.command()
@option("--programme", "file", help="The programme, if any.", **FILE)
@reports_option
def doctor(file, reports):
    """Look at the installation, a kernel, a page, the programme and its folders; say what is wrong and what to do."""
    from konbit_lessons.reports.doctor import findings

    path, wrong = programme_file(file), 0
    for about, trouble in findings(path if path.is_file() else None, reports=reports):
        echo(f"{'wrong' if trouble else 'well':6}{about}{': ' * bool(trouble)}{trouble}")
        wrong += bool(trouble)
    sys.exit(min(wrong, 1))


@main.command(context_settings={"ignore_unknown_options": True})
@programme_option
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(file, jupyter_options):
    """Open the notebooks in JupyterLab, with the programme's data in place.

    A programme that has no folder notebooks/ beside its programme.toml gets a copy of the notebooks there.
    """
    programme = kl.load(file)
    from jupyterlab.labapp import LabApp

    from konbit_lessons.reports.document import TEMPLATES
    from konbit_lessons.reports.notebooks import notebooks_folder

    folder = programme.folder / "notebooks"
    if not folder.is_dir():
        shutil.copytree(notebooks_folder(programme), folder, ignore=shutil.ignore_patterns(".*"))
    os.environ["KONBIT_PROGRAMME"] = str(programme.path)
    asks_nobody, others = str(TEMPLATES / "lab"), filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([asks_nobody, *others])
    options = [f"--ServerApp.root_dir={programme.folder}", "--LabApp.default_url=/lab/tree/notebooks"]
    LabApp.launch_instance([*options, *jupyter_options])


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@option("--seed", default=2017, help="Another seed is another programme.")
@option("--organizations", default=137, type=click.IntRange(10))
@option("--events", default=48, type=click.IntRange(5))
def example(folder, **asked):
    """Write a simulated programme with known effects, in field formats, with its truth beside it."""
    from konbit_lessons.example import write_example

    written = write_example(folder, **asked)
    echo(f"Written: {len(written)} files in {folder}. The truth is in {folder / 'data' / 'truth'}.")
    echo(f"Next: konbit report --programme {folder / 'programme.toml'}")


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder):
    """Start a new programme: folders, a short commented programme.toml, where to put what."""
    from konbit_lessons.field.draft import start_programme

    written = start_programme(folder)
    echo(f"Written: {', '.join(path.name for path in written)} in {folder}.")
    echo(f"Next: put the raw files into {folder / 'data' / 'raw'}; then, in {folder}: konbit draft-programme data/raw")


@main.command("draft-programme")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@option("--programme", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it.")
def draft_programme(folder, file):
    """Write a first programme.toml from a folder of raw files.

    Where there is one already it is programme-draft.toml, unless told. What you have written is not overwritten.
    """
    from konbit_lessons.field import draft

    usual = Path("programme.toml")
    as_new = usual.exists() and usual.read_bytes() == draft.new_text().encode("utf-8")
    file = file or (usual.with_name("programme-draft.toml") if usual.exists() and not as_new else usual)
    if file.exists() and not (as_new and file == usual):
        raise ProgrammeError(f"{file}: it is there and is not overwritten. Move it, or name another with --output.")
    drafted = draft.draft_programme(folder, file)
    file.write_text(drafted.text, encoding="utf-8", newline="\n")
    for name, table, columns in drafted.placed:
        echo(f"{table:15} {columns:3} columns of {name}")
    for name, why in drafted.not_placed.items():
        echo(f"not placed: {name}: {why}", err=True)
    echo(
        f"Placed: {len({name for name, _, _ in drafted.placed})} files, {drafted.columns} columns. "
        f"Not placed: {len(drafted.not_placed)} files. Open: {drafted.open} lines, marked OPEN."
    )
    echo(f"Written: {file}. Decide what is OPEN in it; next: konbit check --programme {file}")


def _pairs(parameters):
    pairs = {}
    for given in parameters:
        name, equals, value = given.partition("=")
        if not equals or not name.strip():
            raise ProgrammeError(f'--parameter: found "{given}"; expected NAME=VALUE, such as method=linear.')
        pairs[name.strip()] = value
    return pairs


if __name__ == "__main__":
    main()

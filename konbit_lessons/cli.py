"""The command ``konbit``: each subcommand calls one function and turns its outcome into words and an exit code.

0 done · 1 done, and the data has problems that are listed · 2 the call or the programme file is wrong · 3 a report
failed, or a run was stopped or could not write · 4 another run holds the lock. 1 is only ever said on purpose.
"""

import os
import re
import shutil
import sys
import time
import traceback
from pathlib import Path

import click
from click import echo, option

import konbit_lessons as kl
from konbit_lessons.errors import KonbitError, ProgrammeError
from konbit_lessons.field.place import content_of, programme_file
from konbit_lessons.reports.notebooks import check_call

LISTED = 3  # problems shown after a report; konbit check shows all
FAILED = 3  # the exit code of what was not foreseen
OF_SHEET = re.compile(r"(.*?)(?:, |: )sheet [^:]*: (.*)", re.DOTALL)  # a notice: its file, and what it says of a sheet
OVER = "\r\033[K"  # on a terminal: to the beginning of the line, which is cleared
BAR, WIDE = "█·", 20
SHOWN_FROM = 0.1  # seconds that a cell took
DEBUG = "KONBIT_DEBUG"  # an environment variable: set, errors that were not foreseen are shown whole


def _found(_context, _parameter, given):
    """A path that leads nowhere is said before anything heavy is imported."""
    content_of(path := programme_file(given))
    return path


programme_option = option(
    "--programme",
    "file",
    default="programme.toml",
    type=click.Path(),
    metavar="FILE",
    callback=_found,
    help="The programme.",
)
quarter_option = option("--quarter", metavar="FY2017Q3", help="Quarter to look at.  [default: the last with an event]")
reports_option = option("--reports", metavar="DIR", help="Where reports go.  [default: reports beside programme.toml]")
seconds_option = option(
    "--seconds", type=click.IntRange(1), metavar="N", help="The longest that one cell may take.  [default: 600]"
)
workers_option = option(
    "--workers", type=click.IntRange(1, 64), metavar="N", help="Notebooks at a time.  [default: as processors, to 4]"
)
force_option = option("--force", is_flag=True, help="Make again also what would come out the same.")
languages_option = option("--language", default="en", metavar="en,fr,ht", help="Language of the pages, or several.")


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
            echo(f"{OVER * sys.stderr.isatty()}konbit: {_said(error)}", err=True)
            context.exit(getattr(error, "exit_code", FAILED))


def _said(error):
    if isinstance(error, KonbitError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "stopped. What was finished before stays as it was."
    if isinstance(error, OSError):
        where = f"{Path(error.filename).name}: " if error.filename else ""
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
        return _say_how_it_is_read(programme)
    data = kl.clean(programme)
    read = data.counts.groupby(["source", "table", "kind"], sort=False)["read"].sum()
    for (source, table, kind), rows in read.items():
        echo(f"{source}: {f'read as {kind}' if kind else 'empty'}, {rows} rows for the table {table}")
    _say_counts(data)
    for notice in _once_per_file(data.notices):
        echo(f"noticed: {notice}")
    sys.exit(_say_problems(data, most=len(data.set_aside) + len(data.notices) + LISTED, keep=False))


@main.command()
@programme_option
def clean(file):
    """Write the cleaned tables, the cleaning log and what was set aside."""
    from konbit_lessons.field.store import write

    programme = kl.load(file)
    if programme.study:
        return _say_how_it_is_read(programme, "Nothing is written: the table of a study is read as it is.")
    data = kl.clean(programme)
    written = write(data)
    _say_counts(data)
    echo(f"Written: {len(written)} files in {data.programme.processed}")
    sys.exit(_say_problems(data))


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@programme_option
@quarter_option
@languages_option
@option("--audience", type=click.Choice(["shared", "internal"]), default="shared", help="Who will read them.")
@reports_option
@seconds_option
@option("--to", type=click.Choice(["html", "docx"]), default="html", help="docx: a Word file beside each page.")
@option("--before", is_flag=True, help="First the learning report of the quarter before, if there is none.")
@option("--strict", is_flag=True, help="Refuse a shared report whose notebook shows more than may be published.")
@option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the notebooks.")
@workers_option
@force_option
@option("--timings", is_flag=True, help="Say at the end where the time went, by notebook and cell.")
def report(names, file, quarter, before, parameters, timings, **asked):
    """Run the notebooks and save the reports; without names, all of the quarter's. What would be the same stays."""
    check_call(file, quarter=quarter, languages=asked["language"], names=names)
    programme, parameters = kl.load(file), _pairs(parameters)
    from konbit_lessons.reports.make import make_reports, quarter_before  # once the call is known to be right

    told, first, took = _Progress(), {name: asked[name] for name in ("audience", "reports")}, []
    if before and (earlier := quarter_before(programme, quarter, **first)):
        first |= {"language": asked["language"], "progress": told.say}
        make_reports(programme, ["learning_report"], quarter=earlier, **first)
    asked |= {"quarter": quarter, "parameters": parameters, "progress": told.say, "steps": told.steps}
    asked["timed"] = lambda *one: took.append(one)
    made = make_reports(programme, list(names), **asked)
    if timings:
        _say_timings(took)
    code = 0 if programme.study else _say_problems(kl.cleaned(programme))
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
@workers_option
@force_option
def briefs(file, organizations, **asked):
    """Make one internal brief for each organization; those that are up to date stay as they are."""
    check_call(file, quarter=asked["quarter"], languages=asked["language"])
    programme = kl.load(file, audience="internal")
    from konbit_lessons.reports.briefs import make_briefs

    made = make_briefs(programme, list(organizations), progress=_Progress().steps, **asked)
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
@option(
    "--programme", "file", default="programme.toml", type=click.Path(), metavar="FILE", help="The programme, if any."
)
@reports_option
def doctor(file, reports):
    """Look at the installation, a kernel, a page, the programme and its folders; say what is wrong and what to do."""
    from konbit_lessons.reports.doctor import findings

    path, wrong = programme_file(file), 0
    for finding in findings(path if path.is_file() else None, reports=reports):
        echo(
            f"{'wrong' if finding.trouble else 'well':6}{finding.about}{': ' * bool(finding.trouble)}{finding.trouble}"
        )
        wrong += bool(finding.trouble)
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

    from konbit_lessons.reports.notebooks import notebooks_folder

    folder = programme.folder / "notebooks"
    if not folder.is_dir():
        shutil.copytree(notebooks_folder(programme), folder, ignore=shutil.ignore_patterns(".*"))
    os.environ["KONBIT_PROGRAMME"] = str(programme.path)
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


def _say_timings(took):
    """Say how many seconds the notebooks took, the slowest first, and of each its cells that are told apart."""
    from konbit_lessons.reports.run import durations

    each = [(sum(cells.values()), name, cells) for name, executed in took if (cells := durations(executed))]
    for total, name, cells in sorted(each, reverse=True):
        echo(f"{total:8.1f} s  {name}")
        for cell in sorted((one for one in cells if cells[one] >= SHOWN_FROM), key=cells.get, reverse=True):
            echo(f"{cells[cell]:8.1f} s    {cell}")


def _pairs(parameters):
    pairs = {}
    for given in parameters:
        name, equals, value = given.partition("=")
        if not equals or not name.strip():
            raise ProgrammeError(f'--parameter: found "{given}"; expected NAME=VALUE, such as method=linear.')
        pairs[name.strip()] = value
    return pairs


class _Progress:
    """Lines of text; on a terminal also one that says how far it is and how long it takes, and is written over."""

    def __init__(self):
        self._terminal, self._begun, self._before = sys.stdout.isatty(), time.monotonic(), None

    def say(self, line):
        """Write a line, over the one that says how far it is."""
        echo(f"{OVER * self._terminal}{line}")

    def steps(self, done, total, said=""):
        """Write how far it is: of lines that are said, each; elsewhere than on a terminal nothing more."""
        self._before = done if self._before is None and said else self._before or 0
        if not self._terminal:
            echo(f"{done} of {total} · {said}") if said else None
            return
        left = self._left(done - self._before, total - done)
        shown = [f"{BAR[0] * (WIDE * done // total):{BAR[1]}<{WIDE}} {done} of {total}", said, left]
        ends = done == total  # of reports the line goes, of briefs it says the last one
        echo(OVER + " · ".join(filter(None, shown)) * (bool(said) or not ends), nl=bool(said) and ends)

    def _left(self, done, to_do):
        if not (done and to_do):
            return ""
        minutes = round((time.monotonic() - self._begun) / done * to_do / 60)
        return f"about {minutes} min left" if minutes else "less than a minute left"


def _once_per_file(notices):
    """Say what is noticed alike in several sheets of a file once, of the first, and how many more there are."""
    alike = {}
    for notice in notices:
        of_sheet = OF_SHEET.fullmatch(notice)
        key = (of_sheet[1], of_sheet[2].partition('"')[0]) if of_sheet else notice
        alike.setdefault(key, []).append(notice)
    for first, *more in alike.values():
        yield first + f" (and so in {len(more)} more sheet{'s' * (len(more) > 1)})" * bool(more)


def _say_how_it_is_read(programme, *more):
    from konbit_lessons.field.study import read_as

    for line in (*read_as(programme), *more):
        echo(line)


def _say_counts(data):
    for table, rows in data.counts.groupby("table", sort=False)[["read", "kept", "set_aside"]].sum().iterrows():
        echo(f"{table:15} {rows['read']:7} rows read = {rows['kept']:7} kept + {rows['set_aside']:5} set aside")


def _say_problems(data, most=LISTED, keep=True):
    """List what is open and what was set aside, the new first; return the exit code that says whether any is new."""
    from konbit_lessons.field.news import keep_told, news

    found, aside = news(data), data.set_aside
    rows, new, known = int((aside["scope"] == "row").sum()), found.new, found.known
    counts = f", {found.settled} of them as was decided" * (found.settled > 0)
    counts += f"; {len(known)} told before" * bool(known)
    said = [*found.gone, *_questions(data)]
    said += [f"Set aside: {rows} rows and {len(aside) - rows} values{counts}."] if len(aside) else []
    said += [f"  {line}" for line in new[:most]]
    if len(new) > most:
        said.append(f"  … and {len(new) - most} more: see konbit check, or set_aside.csv beside the cleaned tables.")
    elif most > LISTED and known:
        said += ["Told before:", *(f"  {line}" for line in known)]
    noticed = [*_once_per_file(data.notices)] if most == LISTED else []  # konbit check has listed them
    said += [f"Noticed: {len(noticed)} things in the files; konbit check lists them."] if noticed else []
    for line in said:
        echo(line, err=True)
    if keep:
        keep_told(data.programme, found)
    return int(bool(found.gone or new))


def _questions(data):
    from konbit_lessons.field.cleaning.decisions import REVIEW

    kinds = sorted(data.questions["question"].value_counts().items())
    asked = " and ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in kinds)
    place = f"konbit clean lists them in {data.programme.processed / REVIEW}; answer there, in the column decision."
    return [f"Only you can tell: {asked}. {place}"] if asked else []


if __name__ == "__main__":
    main()

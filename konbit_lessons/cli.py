"""The command ``konbit``: each subcommand calls one function and turns its outcome into words and an exit code.

0 done · 1 done, and the data has problems that are listed · 2 the call or the programme file is wrong · 3 a report
failed · 4 another run holds the lock.
"""

import os
import shutil
import sys
from pathlib import Path

import click

from konbit_lessons.errors import KonbitError, ProgrammeError

LISTED = 3  # problems shown after a report; konbit check shows all

programme_option = click.option(
    "--programme",
    "programme_file",
    default="programme.toml",
    show_default=True,
    metavar="FILE",
    help="The programme to work on.",
)


class _Konbit(click.Group):
    """Shows an error of the package as its message alone, and exits with its code."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except KonbitError as error:
            click.echo(f"konbit: {error}", err=True)
            context.exit(error.exit_code)


@click.group(cls=_Konbit, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="konbit-lessons", prog_name="konbit")
def main() -> None:
    """Which incentives predict participation? From raw records to readable reports."""


@main.command()
@programme_option
def check(programme_file: str) -> None:
    """Read and check the raw files; say what is wrong and where; write nothing."""
    from konbit_lessons.field.cleaning import clean as clean_programme
    from konbit_lessons.field.programme import load

    data = clean_programme(load(programme_file))
    _say_files(data)
    _say_counts(data)
    sys.exit(_say_problems(data, detail=True))


@main.command()
@programme_option
def clean(programme_file: str) -> None:
    """Write the cleaned tables, the cleaning log and what was set aside."""
    from konbit_lessons.field.cleaning import clean as clean_programme
    from konbit_lessons.field.programme import load
    from konbit_lessons.field.store import write

    data = clean_programme(load(programme_file))
    written = write(data)
    _say_counts(data)
    click.echo(f"Written: {len(written)} files in {data.programme.processed}")
    sys.exit(_say_problems(data, detail=False))


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@programme_option
@click.option(
    "--quarter", metavar="FY2017Q3", help="Fiscal quarter to report on.  [default: the last one with an event]"
)
@click.option("--language", default="en", show_default=True, metavar="en|fr|ht", help="Language of the reports.")
@click.option(
    "--audience",
    type=click.Choice(["shared", "internal"]),
    default="shared",
    show_default=True,
    help="Who will read them.",
)
@click.option("--reports", default="reports", show_default=True, metavar="DIR", help="Where the reports go.")
@click.option(
    "--to",
    type=click.Choice(["html", "docx"]),
    default="html",
    show_default=True,
    help="docx: a Word file beside each page, made with pandoc.",
)
@click.option(
    "--before",
    is_flag=True,
    help="First make the learning report of the quarter before, if none is stored: what it said is compared.",
)
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Any other parameter of a notebook."
)
def report(
    names: tuple[str, ...],
    programme_file: str,
    quarter: str | None,
    language: str,
    audience: str,
    reports: str,
    to: str,
    before: bool,
    parameters: tuple[str, ...],
) -> None:
    """Run the notebooks and save the reports; without names, all of the quarter's."""
    from konbit_lessons.field.programme import load
    from konbit_lessons.field.store import cleaned
    from konbit_lessons.reports import make_reports, quarter_before

    programme = load(programme_file)
    asked = {"language": language, "audience": audience, "reports": reports, "progress": click.echo}
    if before and (earlier := quarter_before(programme, quarter, audience=audience, reports=reports)):
        make_reports(programme, ["learning_report"], quarter=earlier, **asked)
    made = make_reports(programme, list(names) or None, quarter=quarter, parameters=_pairs(parameters), to=to, **asked)
    code = 0 if programme.study else _say_problems(cleaned(programme), detail=False)
    click.echo(f"Open {made.index}")
    sys.exit(code)


@main.command()
@programme_option
@click.option("--quarter", metavar="FY2017Q3", help="Fiscal quarter.  [default: the last one with reports]")
@click.option("--language", metavar="en|fr|ht", help="Language the reports must be in.  [default: the one they are in]")
@click.option("--reports", default="reports", show_default=True, metavar="DIR", help="Where the reports are.")
def bundle(programme_file: str, quarter: str | None, language: str | None, reports: str) -> None:
    """Write the zip to mail: the shared reports of a quarter, and nothing else."""
    from konbit_lessons.field.programme import load
    from konbit_lessons.reports.bundle import bundle as write_bundle

    made = write_bundle(load(programme_file), quarter=quarter, language=language, reports=reports)
    for name in made.left_out:
        click.echo(f"Left out: {name} stands in the shared folder and belongs to no report.", err=True)
    click.echo(f"Written: {len(made.files)} files in {made.path}")


@main.command()
@programme_option
@click.option(
    "--organization", "organizations", multiple=True, metavar="ID", help="Only this one; more than once for more."
)
@click.option(
    "--quarter", metavar="FY2017Q3", help="Last fiscal quarter to look at.  [default: the last with an event]"
)
@click.option("--language", default="en", show_default=True, metavar="en|fr|ht", help="Language of the briefs.")
@click.option("--reports", default="reports", show_default=True, metavar="DIR", help="Where the briefs go.")
@click.option(
    "--workers", type=click.IntRange(1, 64), metavar="N", help="Briefs at a time.  [default: as processors, to 4]"
)
def briefs(
    programme_file: str,
    organizations: tuple[str, ...],
    quarter: str | None,
    language: str,
    reports: str,
    workers: int | None,
) -> None:
    """Make one internal brief for each organization; those that are up to date stay as they are."""
    from konbit_lessons.field.programme import load
    from konbit_lessons.reports.briefs import make_briefs

    made = make_briefs(
        load(programme_file, audience="internal"),
        list(organizations),
        quarter=quarter,
        language=language,
        reports=reports,
        workers=workers,
        progress=_say_progress,
    )
    click.echo(f"Open {made.index}")


@main.command()
@programme_option
@click.option("--language", metavar="en|fr|ht", help="Language of the codebook.  [default: all]")
@click.option("--output", default="reports/codebook", show_default=True, metavar="DIR", help="Where it goes.")
def codebook(programme_file: str, language: str | None, output: str) -> None:
    """Write what each table and column means, as HTML and as CSV."""
    from konbit_lessons.field.programme import load
    from konbit_lessons.reports.codebook import write_codebook

    written = write_codebook(load(programme_file), output, language=language)
    click.echo(f"Written: {len(written)} files in {output}")


@main.command(context_settings={"ignore_unknown_options": True})
@programme_option
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(programme_file: str, jupyter_options: tuple[str, ...]) -> None:
    """Open the notebooks in JupyterLab, with the programme's data in place.

    A programme that has no folder notebooks/ beside its programme.toml gets a copy of the notebooks there.
    """
    from jupyterlab.labapp import LabApp

    from konbit_lessons.field.programme import load
    from konbit_lessons.reports import notebooks_folder

    programme = load(programme_file)
    notebooks = programme.folder / "notebooks"
    if not notebooks.is_dir():
        shutil.copytree(notebooks_folder(programme), notebooks, ignore=shutil.ignore_patterns(".*"))
    os.chdir(programme.folder)
    LabApp.launch_instance(
        [f"--ServerApp.root_dir={programme.folder}", "--LabApp.default_url=/lab/tree/notebooks", *jupyter_options]
    )


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--seed", default=2017, show_default=True, help="Another seed is another programme.")
@click.option("--organizations", default=137, show_default=True, type=click.IntRange(10))
@click.option("--events", default=48, show_default=True, type=click.IntRange(5))
@click.option(
    "--typing",
    type=click.Choice(["easy", "hard"]),
    default="easy",
    show_default=True,
    help="How the names of organizations are typed.",
)
def example(folder: Path, seed: int, organizations: int, events: int, typing: str) -> None:
    """Write a simulated programme with known effects, in field formats, with its truth beside it."""
    from konbit_lessons.example import write_example

    written = write_example(folder, seed=seed, organizations=organizations, events=events, typing=typing)
    click.echo(f"Written: {len(written)} files in {folder}. The truth is in {folder / 'data' / 'truth'}.")
    click.echo(f"Next: konbit report --programme {folder / 'programme.toml'}")


@main.command("draft-programme")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--programme",
    "--output",
    "programme_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write it.  [default: programme.toml, or programme-draft.toml beside one that is there]",
)
def draft_programme(folder: Path, programme_file: Path | None) -> None:
    """Write a first programme.toml from a folder of raw files; nothing that is there is overwritten."""
    from konbit_lessons.field.draft import draft_programme as draft

    usual = Path("programme.toml")
    file = programme_file or (usual.with_name("programme-draft.toml") if usual.exists() else usual)
    if file.exists():
        raise ProgrammeError(
            f"{file}: it is there already and is not overwritten. Move it, or name another with --output."
        )
    drafted = draft(folder, file)
    try:
        file.write_text(drafted.text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ProgrammeError(f"{file}: cannot be written ({error.strerror}). Name another with --output.") from error
    for name, table, columns in drafted.placed:
        click.echo(f"{table:15} {columns:3} columns of {name}")
    for name, why in drafted.not_placed.items():
        click.echo(f"not placed: {name}: {why}", err=True)
    click.echo(
        f"Placed: {len({name for name, _, _ in drafted.placed})} files, {drafted.columns} columns. "
        f"Not placed: {len(drafted.not_placed)} files. Open: {drafted.open} lines, marked OPEN."
    )
    click.echo(f"Written: {file}. Decide what is OPEN in it; next: konbit check --programme {file}")


def _pairs(parameters: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for given in parameters:
        name, equals, value = given.partition("=")
        if not equals or not name.strip():
            raise ProgrammeError(f'--parameter: found "{given}"; expected NAME=VALUE, such as method=linear.')
        pairs[name.strip()] = value
    return pairs


def _say_progress(done: int, total: int, said: str) -> None:
    """One line that is written over on a terminal, plain lines elsewhere."""
    if sys.stdout.isatty():
        click.echo(f"\r\033[K{done} of {total} · {said}", nl=done == total)
    else:
        click.echo(f"{done} of {total} · {said}")


def _say_files(data) -> None:
    for (source, table, kind), rows in (
        data.counts.groupby(["source", "table", "kind"], sort=False)["read"].sum().items()
    ):
        click.echo(f"{source}: {f'read as {kind}' if kind else 'empty'}, {rows} rows for the table {table}")


def _say_counts(data) -> None:
    from konbit_lessons.measures.quality import by_table

    for line in by_table(data).itertuples():
        click.echo(f"{line.table:15} {line.read:7} rows read = {line.kept:7} kept + {line.set_aside:5} set aside")


def _say_problems(data, *, detail: bool) -> int:
    """List what is open and what was set aside; return the exit code that says whether anything was."""
    from konbit_lessons.field.cleaning.decisions import REVIEW

    if len(data.questions):
        kinds = data.questions["question"].value_counts()
        asked = " and ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in sorted(kinds.items()))
        click.echo(
            f"Only you can tell: {asked}. konbit clean lists them in {data.programme.processed / REVIEW}; "
            "answer there, in the column decision.",
            err=True,
        )
    aside = data.set_aside
    empty = [notice for notice in data.notices if notice.endswith("there is a header but no rows")]
    for notice in empty:
        click.echo(f"  {notice}", err=True)
    if aside.empty:
        return 1 if empty else 0
    rows = int((aside["scope"] == "row").sum())
    click.echo(f"Set aside: {rows} rows and {len(aside) - rows} values.", err=True)
    shown = aside if detail else aside.head(LISTED)
    for line in shown.itertuples():
        sheet = f", sheet {line.sheet}" if line.sheet else ""
        found = f'found "{line.value}"; ' if line.value else ""
        click.echo(f'  {line.source}{sheet}, row {line.row}, column "{line.column}": {found}{line.reason}.', err=True)
    if len(shown) < len(aside):
        click.echo(
            f"  … and {len(aside) - len(shown)} more: see konbit check, or set_aside.csv beside the cleaned tables.",
            err=True,
        )
    return 1


if __name__ == "__main__":
    main()

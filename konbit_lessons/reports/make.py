"""Notebooks → reports: run each, make its page, list them in an index, and write down what they were made from.

``make_reports`` is the recipe. A notebook's parts carry out its title, its answer and its tables.

    reports/index.html                               the quarters there are, and what each found
    reports/FY2017Q3/manifest.json
    reports/FY2017Q3/shared/index.html, shared/*.html, shared/tables/*.csv
    reports/FY2017Q3/internal/notebooks/*.ipynb      executed; they can hold rows and are never shared
    reports/FY2017Q3/internal/briefs/                one page for each organization, see ``briefs``

A study has reports/study/ in place of the quarter. Reports go beside the programme unless told.
"""

import os
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from konbit_lessons.errors import ReportError
from konbit_lessons.field.store import cleaned, digest
from konbit_lessons.publish import only_one_run, published
from konbit_lessons.reports import contents, manifest, narrative, notebooks, word
from konbit_lessons.reports.gate import passed
from konbit_lessons.reports.manifest import earlier, manifest_name, reports_folder, source_of
from konbit_lessons.reports.page import Setting, page
from konbit_lessons.reports.run import run as run_notebook

PLACE = "reports"  # the parameter that says where reports are; not in the manifest, being a place on this machine


class Made(NamedTuple):
    """What a run made.

    Attributes
    ----------
    index : Path of index.html
    pages : tuple of Path
    """

    index: Path
    pages: tuple[Path, ...]


class _Run(NamedTuple):
    """What stays the same for all reports of a run."""

    setting: Setting
    top: Path
    to: str
    strict: bool
    tell: object

    @property
    def folder(self):
        """Where its pages go."""
        return self.top / self.setting.audience


def make_reports(
    programme,
    names=None,
    *,
    quarter=None,
    language="en",
    audience="shared",
    reports=None,
    parameters=None,
    to="html",
    strict=False,
    progress=print,
):
    """Run the notebooks of a quarter or a study and publish their reports.

    Parameters
    ----------
    programme : Programme
    names : list of str, the notebooks without .ipynb; all of the quarter's or the study's unless told
    quarter : str, as "FY2017Q3"; the last one with an event unless told; a study has none
    language : str
    audience : "shared" or "internal"
    reports : folder to write to; ``reports`` beside programme.toml unless told
    parameters : dict, further parameters of the notebooks
    to : "html", or "docx" for a Word file beside each page
    strict : bool, a shared report whose notebook shows more than may be published is refused
    progress : called with one line of text at each step

    Returns
    -------
    Made

    Raises
    ------
    ProgrammeError, DataError : the call is wrong, or no event was held in that quarter; nothing was started
    LockedError : another run is writing to the same folder
    ReportError : a notebook failed; the others were published, and the index says which one was not
    """
    words = notebooks.words_for(programme, language)
    if to == "docx":
        word.pandoc()
    quarter = notebooks.quarter_of(programme, quarter)
    wanted = notebooks.asked_for(programme, names)
    top = reports_folder(programme, reports) / ("study" if programme.study else quarter)
    place = {PLACE: os.path.relpath(top.parent, programme.folder)}
    run = _Run(Setting(programme, quarter, words, audience), top, to, strict, progress)
    given = notebooks.parameters(run.setting, wanted, further=parameters, **place)
    if notebooks.LEARNING in wanted:  # what is wrong in the evaluator's own words is said before anything starts
        narrative.own_words(cleaned(programme), quarter=quarter, language=words)
    with only_one_run(top):
        failed = _make(run, wanted, given)
    with FileLock(top.parent / ".quarters.lock"):  # runs for several quarters at once list them one after the other
        published(top.parent / "index.html", contents.quarters(run.setting, top.parent))
    if failed:
        raise ReportError("\n".join(map(str, failed.values())))
    return Made(run.folder / "index.html", tuple(run.folder / f"{name}.html" for name in wanted))


def quarter_before(programme, quarter=None, *, audience="shared", reports=None):
    """Return the quarter before, where it has events and no learning report of it is stored; else None.

    Parameters
    ----------
    programme : Programme
    quarter : str; the last one with an event unless told
    audience, reports : as of `make_reports`
    """
    if programme.study:
        return None
    before = str(programme.calendar.named(notebooks.quarter_of(programme, quarter)).previous)
    stored = earlier(reports_folder(programme, reports) / before / manifest_name(audience))["reports"]
    return before if before in cleaned(programme).quarters and notebooks.LEARNING not in stored else None


def _make(run, wanted, given):
    """Make each report and then the index and the manifest; return name → error of those that failed."""
    programme, audience = run.setting.programme, run.setting.audience
    used, before = manifest.made_from(programme), earlier(run.top / manifest_name(audience))
    stored = {name: one for name, one in before["reports"].items() if (run.folder / one["page"]).is_file()}
    made, failed = {}, {}
    for name, path in wanted.items():
        try:
            made[name] = _report(run, name, path, given[name], made) | {"inputs": source_of(used)}
            run.tell(f"{name}: {run.top.name}/{audience}/{name}.html")
        except ReportError as error:
            failed[name] = error
            run.tell(f"{name}: failed")
    _sweep(run.folder, [stored[name] for name in made.keys() & stored.keys()], made)
    not_made = {name: why for name, why in before["failed"].items() if name not in wanted}
    not_made |= {name: error.to_share.replace(str(programme.folder), "…") for name, error in failed.items()}
    listed = {name: one for name, one in (stored | made).items() if name not in failed}
    said = manifest.manifest(run.setting, used, reports=listed, failed=not_made)
    published(run.folder / "index.html", contents.index(run.setting, said, run.folder))
    published(run.top / manifest_name(audience), manifest.as_text(said))
    return failed


def _report(run, name, path, parameters, made):
    """Run a notebook and publish its page; return what the manifest and the index say of it."""
    own = f", the programme's own notebooks/{path.name}" if notebooks.is_own(run.setting.programme, path) else ""
    run.tell(f"{name}: running{own}")
    keep = run.top / "internal" / "notebooks"
    executed = run_notebook(path, parameters, programme_file=run.setting.programme.path, keep=keep)
    through = passed(executed, audience=run.setting.audience)
    _tell_left_out(run, path, through.left_out)
    tables = through.tables(name)
    html = page(through.cells, run.setting, name=name, tables=list(tables))
    files = {f"tables/{table}.csv": text for table, text in tables.items()} | {f"{name}.html": html}
    files |= {f"{name}.docx": word.word_file(html)} if run.to == "docx" else {}
    hashes = {file: digest(content) for file, content in files.items()}
    _refuse_two_of_a_name(name, hashes, made)
    for file, content in files.items():
        published(run.folder / file, content)
    return through.opening | {
        "title": through.opening["title"] or name,
        "page": f"{name}.html",
        "tables": list(tables),
        "figures": {one["name"]: one["finding"] for one in through.carried if one.get("finding") and one.get("name")},
        "files": hashes,
        "parameters": {parameter: value for parameter, value in parameters.items() if parameter != PLACE},
    }


def _tell_left_out(run, path, left_out):
    """Say which cells showed what a shared page does not take, or refuse the report."""
    said = [f"{path.name}, {what}" for what in left_out]
    if said and run.strict:
        raise ReportError(
            f"{'; '.join(said)}: found what no shared page takes. Show it with kl.show, kl.table or kl.prose, or give "
            f"the cell the tag lab-only. {path.stem} was not published."
        )
    for what in said:
        run.tell(f"  not on the shared page: {what}")


def _refuse_two_of_a_name(name, hashes, made):
    """No two reports of a run give one name to tables that differ: a figure that two pages show is one number."""
    for other, one in made.items():
        if twice := [file for file, hashed in hashes.items() if one["files"].get(file, hashed) != hashed]:
            found = f"found a table named {Path(twice[0]).stem} that is not the one of {other}"
            raise ReportError(f"{name}: {found}; expected a name for each.")


def _sweep(folder, before, made):
    """Take away files of earlier runs that the reports made now no longer have."""
    now = {file for one in made.values() for file in one["files"]}
    for file in {file for one in before for file in one.get("files", ())} - now:
        if manifest.SAFE_NAME.fullmatch(file):
            (folder / file).unlink(missing_ok=True)

"""Notebooks → reports: run each, make its page, list them in an index, and write down what they were made from.

``make_reports`` is the recipe. A notebook's parts carry out its title, its answer and its tables.

    reports/index.html                               the quarters there are, and what each found
    reports/FY2017Q3/manifest.json
    reports/FY2017Q3/shared/index.html, shared/*.html, *.xlsx, tables/*.csv; in French *.fr.html, *.fr.xlsx, *.fr.csv
    reports/FY2017Q3/internal/notebooks/*.ipynb      executed; they can hold rows and are never shared
    reports/FY2017Q3/internal/briefs/                one page for each organization, see ``briefs``

    reports/FY2017Q3/konbit-<programme>-FY2017Q3.zip what `bundle` makes to be mailed

A study has reports/study/ in place of the quarter. Reports go beside the programme unless told. The zip holds the
shared reports as they were made, in one folder with a page to read first: what the manifest lists and nothing else, so
that neither internal reports nor a file put there by hand can slip in. The same reports give the same bytes.
"""

import os
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from konbit_lessons.errors import DataError, ReportError
from konbit_lessons.field import late
from konbit_lessons.field.store import cleaned, digest, fingerprint
from konbit_lessons.publish import file_safe, only_one_run, published, zipped
from konbit_lessons.reports import contents, gate, manifest, narrative, notebooks, word, workbook
from konbit_lessons.reports.manifest import (
    PLAIN,
    SAFE_NAME,
    earlier,
    in_language,
    in_words,
    languages_of,
    made_from,
    manifest_name,
    reports_folder,
    source_of,
)
from konbit_lessons.reports.page import Setting, document, in_each, page, switched
from konbit_lessons.reports.run import run as run_notebook
from konbit_lessons.words import complete

PLACE = "reports"  # the parameter that says where reports are; not in the manifest, being a place on this machine
READ_FIRST = "READ-ME"


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
    seconds: int | None
    tell: object

    @property
    def folder(self):
        """Where its pages go."""
        return self.top / self.setting.audience

    @property
    def language(self):
        """What its pages are in."""
        return self.setting.words.language


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
    seconds=None,
    progress=print,
    steps=lambda done, total: None,
):
    """Run the notebooks of a quarter or a study and publish their reports.

    Parameters
    ----------
    programme : Programme
    names : list of str, the notebooks without .ipynb; all of the quarter's or the study's unless told
    quarter : str, as "FY2017Q3"; the last one with an event unless told; a study has none
    language : str, as "fr", or several, as "en,fr,ht"; what is there in other languages stays
    audience : "shared" or "internal"
    reports : folder to write to; ``reports`` beside programme.toml unless told
    parameters : dict, further parameters of the notebooks
    to : "html", or "docx" for a Word file beside each page
    strict : bool, a shared report whose notebook shows more than may be published is refused
    seconds : int, the longest that one cell may take; 600 unless told
    progress : called with one line of text at each step
    steps : called with how many reports are done, of how many

    Returns
    -------
    Made

    Raises
    ------
    ProgrammeError, DataError : the call is wrong, or no event was held in that quarter; nothing was started
    LockedError : another run is writing to the same folder
    ReportError : a notebook failed; the others were published, and the index says which one was not
    """
    words = [notebooks.words_for(programme, one.strip()) for one in dict.fromkeys(language.split(","))]
    if to == "docx":
        word.pandoc()
    quarter = notebooks.quarter_of(programme, quarter)
    wanted = notebooks.asked_for(programme, names)
    top = reports_folder(programme, reports) / ("study" if programme.study else quarter)
    place = {PLACE: os.path.relpath(top.parent, programme.folder)}
    runs = [_Run(Setting(programme, quarter, one, audience), top, to, strict, seconds, progress) for one in words]
    given = [(run, notebooks.parameters(run.setting, wanted, further=parameters, **place)) for run in runs]
    if notebooks.LEARNING in wanted:  # what is wrong in the evaluator's own words is said before anything starts
        for one in words:
            narrative.own_words(cleaned(programme), quarter=quarter, language=one)
    todo = {in_words(name, run.language): (run, name, of[name]) for name in wanted for run, of in given}
    with only_one_run(top):
        failed = _make(runs[0], wanted, todo, steps)
    with FileLock(top.parent / ".quarters.lock"):  # runs for several quarters at once list them one after the other
        for file, html in contents.quarters(runs[0].setting, top.parent).items():
            published(top.parent / file, html)
    if audience == "shared" and not programme.study:
        data = cleaned(programme)
        late.keep(data, str(programme.last_day(quarter)), fingerprint(programme))
        for said in late.waiting(data):
            progress(said)
    if failed:
        raise ReportError("\n".join(map(str, failed.values())))
    folder, first = runs[0].folder, in_words("index", runs[0].language)
    return Made(folder / f"{first}.html", tuple(folder / f"{one}.html" for one in todo))


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
    told = notebooks.LEARNING in in_language(stored)
    return before if before in cleaned(programme).quarters and not told else None


def _make(run, wanted, todo, steps):
    """Make each report and then the index and the manifest; return name → error of those that failed."""
    programme, audience = run.setting.programme, run.setting.audience
    used, before = made_from(programme), earlier(run.top / manifest_name(audience))
    stored = {name: one for name, one in before["reports"].items() if (run.folder / one["page"]).is_file()}
    made, failed = {}, {}
    for name, (of, notebook, parameters) in todo.items():
        try:
            made[name] = _report(of, notebook, wanted[notebook], parameters, made) | {"inputs": source_of(used)}
            run.tell(f"{name}: {run.top.name}/{audience}/{name}.html")
        except ReportError as error:
            failed[name] = error
            run.tell(f"{name}: failed")
        steps(len(made) + len(failed), len(todo))
    _sweep(run.folder, [stored[name] for name in made.keys() & stored.keys()], made)
    not_made = {name: why for name, why in before["failed"].items() if name not in todo}
    not_made |= {name: error.to_share.replace(str(programme.folder), "…") for name, error in failed.items()}
    listed = {name: one for name, one in sorted((stored | made).items()) if name not in failed}
    listed = {name: _switched(run.folder, one, listed) for name, one in listed.items()}
    said = manifest.manifest(run.setting, used, reports=listed, failed=not_made)
    for file, html in contents.indexes(run.setting, said, run.folder).items():
        published(run.folder / file, html)
    published(run.top / manifest_name(audience), manifest.as_text(said))
    return failed


def _report(run, name, path, parameters, made):
    """Run a notebook and publish its page; return what the manifest and the index say of it."""
    own = f", the programme's own notebooks/{path.name}" if notebooks.is_own(run.setting.programme, path) else ""
    stem, keep = in_words(name, run.language), run.top / "internal" / "notebooks"
    run.tell(f"{stem}: running{own}")
    keep = keep if run.language == PLAIN else keep / run.language
    executed = run_notebook(path, parameters, keep=keep, seconds=run.seconds, programme_file=run.setting.programme.path)
    through = gate.passed(executed, audience=run.setting.audience)
    _tell_left_out(run, path, through.left_out)
    tables = {in_words(table, run.language): csv for table, csv in through.tables(name).items()}
    html, title = (
        page(through.cells, run.setting, name=name, numbers=bool(through.sheets)),
        through.opening["title"] or name,
    )
    files = {f"tables/{table}.csv": text for table, text in tables.items()} | {f"{stem}.html": html}
    files |= {f"{stem}.xlsx": workbook.workbook(through.sheets, run.setting, title)} if through.sheets else {}
    pictures = [one["png"] for one in through.carried if "png" in one]
    files |= {f"{stem}.docx": word.word_file(html, pictures, run.setting)} if run.to == "docx" else {}
    hashes = {file: digest(content) for file, content in files.items()}
    _refuse_two_of_a_name(name, hashes, made)
    for file, content in files.items():
        published(run.folder / file, content)
    named = [one for one in through.carried if one.get("finding") and one.get("name")]
    said = {"name": name, "language": run.language, "title": title, "page": f"{stem}.html"}
    said |= {"figures": {in_words(one["name"], run.language): one["finding"] for one in named}}
    said |= {"tables": list(tables), "files": hashes}
    said["parameters"] = {parameter: value for parameter, value in parameters.items() if parameter != PLACE}
    return through.opening | said


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


def _switched(folder, report, listed):
    """Link a page to the other languages it is there in; one that somebody changed stays as it is, and is found out."""
    file = report["page"]
    html = (folder / file).read_text(encoding="utf-8")
    if digest(html) != report.get("files", {}).get(file):
        return report
    linked = switched(html, report["language"], _in_languages(report, listed))
    published(folder / file, linked)
    return report | {"files": report["files"] | {file: digest(linked)}}


def _in_languages(report, listed):
    """Language → page of each that a report is there in."""
    return {one["language"]: one["page"] for one in listed.values() if one["name"] == report["name"]}


def _sweep(folder, before, made):
    """Take away files of earlier runs that the reports made now no longer have."""
    now = {file for one in made.values() for file in one["files"]}
    for file in {file for one in before for file in one.get("files", ())} - now:
        if SAFE_NAME.fullmatch(file):
            (folder / file).unlink(missing_ok=True)


# ---- the zip to mail


class Bundle(NamedTuple):
    """A zip that was written.

    Attributes
    ----------
    path : Path
    files : tuple of str, the names in it
    left_out : tuple of str, files that stand in the shared folder and belong to no report
    """

    path: Path
    files: tuple[str, ...]
    left_out: tuple[str, ...]


def bundle(programme, *, quarter=None, language=None, reports=None):
    """Write ``konbit-<programme>-<quarter>.zip`` beside the shared folder.

    Parameters
    ----------
    programme : Programme
    quarter : str, as "FY2017Q3"; the last one with reports unless told; a study has none
    language : str; all that the reports are in unless told
    reports : folder of the reports; ``reports`` beside programme.toml unless told

    Returns
    -------
    Bundle

    Raises
    ------
    DataError : there are no reports, or they are not those of the data as they are now, or not in that language
    ReportError : a report failed the last time
    """
    reports = reports_folder(programme, reports)
    top = reports / _period(programme, quarter, reports)
    shared, again = top / "shared", "konbit report" + ("" if programme.study else f" --quarter {top.name}")
    if not (top / manifest_name("shared")).is_file():
        raise DataError(f"bundle: found no shared reports of {top.name}; make them first: {again}.")
    with only_one_run(top):
        made = earlier(top / manifest_name("shared"))
        words = complete(language or PLAIN)
        _refuse_to_mail(made, made_from(programme), language, top.name, again)
        files = _as_made(made, shared, again)
        there = {path.relative_to(shared).as_posix() for path in shared.rglob("*") if path.is_file()}
        setting = Setting(programme, made["quarter"], words)
        left_out = there - files.keys() - contents.indexes(setting, made, shared).keys()
        if language:
            made, files = _only_in(language, made, files)
        files |= contents.indexes(setting, made, shared, alone=True) | read_first(setting, made)
        name = f"konbit-{file_safe(programme.name) or 'programme'}-{in_words(top.name, language or PLAIN)}"
        path = published(top / f"{name}.zip", zipped({f"{name}/{file}": content for file, content in files.items()}))
    return Bundle(path, tuple(sorted(files)), tuple(sorted(left_out)))


def _period(programme, quarter, reports):
    """The folder of the period: the quarter asked for, or the last of which there are reports."""
    if programme.study:
        return "study"
    if quarter:
        return str(programme.calendar.named(quarter))
    found = sorted(path.parent.name for path in reports.glob(f"*/{manifest_name('shared')}"))
    if not found:
        raise DataError(f"bundle: found no reports in {reports.name}; make them first: konbit report.")
    return found[-1]


def _refuse_to_mail(made, now, language, period, again):
    """Raise the first reason why the reports cannot be mailed as they are."""
    then, reports = made["inputs"], made["reports"]
    if made["failed"]:
        raise ReportError(
            f"bundle: the last time, {_listed(made['failed'])} of {period} could not be made, so that the reports are "
            f"not complete. The index says where it stopped; then: {again}."
        )
    if not reports:
        raise DataError(f"bundle: found no shared reports of {period}; make them first: {again}.")
    if changed := [name for name in then.keys() | now.keys() if then.get(name) != now.get(name)]:
        said = f"the reports are older than the data: {_listed(changed)} changed since"
        raise DataError(f"bundle: {said}. Make them again: {again}.")
    if old := [name for name, report in reports.items() if report["inputs"] != source_of(then)]:
        raise DataError(f"bundle: from an earlier run, of other data: {_listed(old)}. Make them again: {again}.")
    spoken = {name: one["language"] for name, one in in_language(reports, language).items()} if language else {}
    if other := [f"{name} ({one})" for name, one in spoken.items() if one != language]:
        said = f"expected every report in {language}; found {_listed(other)}"
        raise DataError(f"bundle: {said}: {again} --language {language}.")


def _as_made(made, folder, again):
    """Return name → bytes of the pages and tables that the manifest lists, each as it was made."""
    files = {}
    for name, hashed in sorted({item for report in made["reports"].values() for item in report["files"].items()}):
        path = folder / name
        content = path.read_bytes() if SAFE_NAME.fullmatch(name) and path.is_file() else b""
        if digest(content) != hashed:
            raise DataError(f"bundle: {name} is not there as it was made. Make it again: {again}.")
        files[name] = content
    return files


def _only_in(language, made, files):
    """What was made, and its files, of one language: no page links to one that is not mailed with it."""
    reports = {name: one for name, one in made["reports"].items() if one["language"] == language}
    kept = {file: files[file] for one in reports.values() for file in one["files"]}
    pages = {one["page"]: switched(kept[one["page"]].decode(), language, {}).encode() for one in reports.values()}
    return made | {"reports": reports}, kept | pages


def read_first(setting, made):
    """Return file → HTML of the page that says what is in the folder, how to open it, and whom to ask."""
    return in_each(setting, languages_of(made["reports"]), READ_FIRST, lambda one: _read_first(one, made))


def _read_first(setting, made):
    reports = in_language(made["reports"], setting.words.language)
    pages = [reports[name] for name in notebooks.in_order(reports)]
    title, tables = setting.words.text("What is in this folder"), any(one["tables"] for one in pages)
    return document("read_me.html.j2", setting, title, pages=pages, tables=tables)


def _listed(names):
    names = sorted(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

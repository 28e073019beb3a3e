"""Notebooks → reports: run each, make its page, list them in an index, and write down what they were made from.

``make_reports`` is the recipe. A notebook's parts carry out its title, its answer and its tables.

    reports/index.html                               the quarters there are, and what each found
    reports/FY2017Q3/manifest.json
    reports/FY2017Q3/shared/index.html, shared/*.html, *.xlsx, tables/*.csv; in French *.fr.html, *.fr.xlsx, *.fr.csv
    reports/FY2017Q3/internal/notebooks/*.ipynb      executed; they can hold rows and are never shared
    reports/FY2017Q3/internal/briefs/                one page for each organization, see ``briefs``

    reports/FY2017Q3/konbit-<programme>-FY2017Q3.zip what `bundle` makes to be mailed

A study has reports/study/ in place of the quarter. Reports go beside the programme unless told. The same inputs give
the same bytes; a report that would come out the same, see ``state``, is not made again.
"""

import os
from asyncio import Runner
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from konbit_lessons.errors import ReportError
from konbit_lessons.field import late
from konbit_lessons.field.store import cleaned
from konbit_lessons.figures.markup import FOR_WORD
from konbit_lessons.kept import FOLDER
from konbit_lessons.publish import published, scratch, swept
from konbit_lessons.reports import contents, editions, manifest, notebooks, staging
from konbit_lessons.reports.bundle import bundle, read_first
from konbit_lessons.reports.document import Setting, linked
from konbit_lessons.reports.manifest import earlier, in_words, made_from, manifest_name
from konbit_lessons.reports.state import State, is_same, made_of

__all__ = ["Made", "bundle", "make_reports", "quarter_before", "read_first"]
PLACE = "reports"  # the parameter that says where reports are; not in the manifest, being a place on this machine
NOT_AGAIN = "up to date, not made again"
MOST_WORKERS = 4  # unless told


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
    limits: dict
    force: bool
    workers: int | None
    tell: Callable
    timed: Callable

    @property
    def folder(self):
        """Where its pages go."""
        return self.top / self.setting.audience

    @property
    def language(self):
        """What its pages are in."""
        return self.setting.words.language

    def about(self, parameters):
        """What the call says of a report, beside what it is about; not where reports are, a place on this machine."""
        given = {parameter: value for parameter, value in parameters.items() if parameter != PLACE}
        return {"parameters": given, "to": self.to, "strict": self.strict}


def make_reports(
    programme,
    names=None,
    *,
    quarter=None,
    language=None,
    audience="shared",
    reports=None,
    parameters=None,
    to="html",
    strict=False,
    seconds=None,
    notebook_seconds=None,
    workers=None,
    force=False,
    progress=print,
    steps=lambda done, total: None,
    timed=lambda name, executed: None,
):
    """Run the notebooks of a quarter or a study and publish their reports; what would come out the same stays.

    Parameters
    ----------
    programme : Programme
    names : list of str, the notebooks without .ipynb; all of the quarter's or the study's unless told
    quarter : str, as "FY2017Q3"; the last one with an event unless told; a study has none
    language : str, as "fr", or several, as "en,fr,ht"; the programme's first unless told; what is there in others stays
    audience : "shared" or "internal"
    reports : folder to write to; ``reports`` beside programme.toml unless told
    parameters : dict, further parameters of the notebooks
    to : "html", or "docx" for a Word file beside each page
    strict : bool, a shared report whose notebook shows more than may be published is refused
    seconds : int, the longest that one cell may take; 600 unless told
    notebook_seconds : int, the longest that one notebook may take; no limit unless told
    workers : int, notebooks at a time; as many as there are processors, at most four, unless told
    force : bool, also what would come out the same is made again
    progress : called with one line of text at each step
    steps : called with how many reports are done, of how many
    timed : called with the name of each report and its executed notebook, whose cells say how long they took

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
        from konbit_lessons.reports import word

        word.pandoc()
    quarter = notebooks.quarter_of(programme, quarter)
    wanted = notebooks.asked_for(programme, names)
    top = manifest.reports_folder(programme, reports) / (quarter or notebooks.kind_of(programme))
    place = {PLACE: os.path.relpath(top.parent, programme.folder)}
    how = to, strict, {"seconds": seconds, "notebook_seconds": notebook_seconds}, force, workers, progress, timed
    runs = [_Run(Setting(programme, quarter, one, audience), top, *how) for one in words]
    given = [(run, notebooks.parameters(run.setting, wanted, further=parameters, **place)) for run in runs]
    todo = {in_words(name, run.language): (run, wanted[name], of[name]) for name in wanted for run, of in given}
    used = made_from(programme)
    _check_own_words(runs, todo, used)
    with staging.only_run_of(top):
        failed = _make(runs[0], todo, used, steps)
    with FileLock(top.parent / ".quarters.lock"):  # runs for several quarters at once list them one after the other
        swept(top.parent, inside=False)
        for file, html in contents.quarters(runs[0].setting, top.parent).items():
            published(top.parent / file, html)
    if audience == "shared" and late.was_shared(programme):
        for said in late.waiting(cleaned(programme)):
            progress(said)
    if failed:
        raise ReportError("\n".join(map(str, failed.values())))
    folder, first = runs[0].folder, in_words("index", runs[0].language)
    return Made(folder / f"{first}.html", tuple(folder / f"{one}.html" for one in todo))


def quarter_before(programme, quarter=None, *, audience="shared", reports=None):
    """Return the quarter before, where it has events and no learning report of it was shared or is stored; else None.

    Parameters
    ----------
    programme : Programme
    quarter : str; the last one with an event unless told
    audience, reports : as of `make_reports`
    """
    if programme.study:
        return None
    before = str(programme.calendar.named(notebooks.quarter_of(programme, quarter)).previous)
    stored = earlier(manifest.reports_folder(programme, reports) / before / manifest_name(audience))["reports"]
    told = notebooks.LEARNING in manifest.in_language(stored) or before in editions.shared(programme)
    return before if before in cleaned(programme).quarters and not told else None


def _make(run, todo, used, steps):
    """Make each report and then the index and the manifest, and publish all; return name → error of those that failed.

    All is made in a folder beside, see ``staging``.
    """
    programme, top, audience = run.setting.programme, run.top, run.setting.audience
    state, before, same = _as_it_is(run, todo, used)
    stored, made, done, failed = before["reports"], {}, {}, {}
    run, todo, ready = _staged(run, todo, state, {name: stored[name] for name in same})
    with _executed({name: one for name, one in todo.items() if name not in ready}, run.workers) as executed:
        for name, one in todo.items():
            try:
                about = ready.get(name) or _report(*one, executed[name], made)
                made[name] = about | {"inputs": manifest.source_of(state.used)}
                run.tell(f"{name}: {NOT_AGAIN}" if name in ready else f"{name}: {top.name}/{audience}/{name}.html")
                done[name] = made_of([state], made[name], one)
                staging.note_finished(top, audience, done)
            except ReportError as error:
                failed[name] = error
                run.tell(f"{name}: failed")
            steps(len(made) + len(failed), len(todo))
    if executed:
        states = state, State(programme, made_from(programme), top.parent)
        made |= {name: made_of(states, one, todo[name]) for name, one in made.items() if name in executed}
    not_made = {name: why for name, why in before["failed"].items() if name not in todo}
    not_made |= {name: error.to_share.replace(str(programme.folder), "…") for name, error in failed.items()}
    manifest.sweep(run.folder, [stored[name] for name in made.keys() & stored.keys()], (stored | made).values())
    listed = {name: one for name, one in sorted((stored | made).items()) if name not in failed}
    pages = {(one["name"], one["language"]): one["page"] for one in listed.values()}
    for name, one in listed.items():
        others = {of: page for (of_name, of), page in pages.items() if of_name == one["name"]}
        listed[name] = linked(run.folder, one, others)
    said = manifest.manifest(run.setting, state.used, reports=listed, failed=not_made)
    for file, html in contents.indexes(run.setting, said, run.folder).items():
        published(run.folder / file, html)
    published(run.top / manifest_name(audience), manifest.as_text(said))
    staging.publish(top)
    return failed


def _staged(run, todo, state, same):
    """The run and what is to do in the staged folder; and the reports that are ready: the same, or finished before."""
    top, audience = run.top, run.setting.audience
    run = run._replace(top=staging.staged(top))
    todo = {name: (one._replace(top=run.top), *about) for name, (one, *about) in todo.items()}
    done = {} if run.force else staging.finished(top, audience)
    done = {name: done[name] for name in done.keys() & todo.keys() - same if is_same(state, done[name], todo[name])}
    kept = [f"{audience}/{file}" for one in done.values() for file in one["files"]]
    kept += [_executed_notebook(*todo[name][:2]).relative_to(run.top) for name in done]
    staging.begin(top, [file for file in kept if (run.top / file).is_file()])
    return run, todo, same | done


def _as_it_is(run, todo, used):
    """What reports can depend on now, what the last run made, and the names of those that would come out the same."""
    state = State(run.setting.programme, used, run.top.parent)
    before = earlier(run.top / manifest_name(run.setting.audience))
    stored = {name: one for name, one in before["reports"].items() if (run.folder / one["page"]).is_file()}
    there = set() if run.force else todo.keys() & stored.keys()
    return state, before | {"reports": stored}, {name for name in there if is_same(state, stored[name], todo[name])}


def _check_own_words(runs, todo, used):
    """What is wrong in the evaluator's own words is said before anything starts."""
    learning = {name: one for name, one in todo.items() if one[1].stem == notebooks.LEARNING}
    if new := learning.keys() - _as_it_is(runs[0], learning, used)[2]:
        from konbit_lessons.reports.narrative import own_words

        for setting in (learning[name][0].setting for name in sorted(new)):
            own_words(cleaned(setting.programme), quarter=setting.quarter, language=setting.words)


@contextmanager
def _executed(todo, workers):
    """Name → the Future of the executed notebook of each report; so many run at a time."""
    workers, languages = workers or min(os.cpu_count() or 1, MOST_WORKERS), [run.language for run, *_ in todo.values()]
    # the languages after the first one need no fit of their own
    first = sorted(todo, key=lambda name: languages.index(todo[name][0].language))
    with scratch() as kept, ThreadPoolExecutor(workers) as pool:
        try:
            yield {name: pool.submit(_execute, *todo[name], kept) for name in first}
        except BaseException:
            from konbit_lessons.reports.run import stop

            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise


def _execute(run, path, parameters, kept):
    """Run the notebook of a report; one that is shipped gets the folder of what others of this run worked out."""
    programme = run.setting.programme
    environment = {} if notebooks.is_own(programme, path) else {FOLDER: kept}
    environment |= {FOR_WORD: "1"} if run.to == "docx" else {}
    how = {"programme_file": programme.path, "environment": environment, **run.limits}
    return run_notebook(path, parameters, keep=_executed_notebook(run, path).parent, **how)


def _executed_notebook(run, path):
    """Where the executed notebook of a report is kept."""
    return run.top / "internal" / "notebooks" / ("" if run.language == manifest.PLAIN else run.language) / path.name


def run_notebook(path, parameters, **how):
    """Run a notebook in a thread of its own; see :func:`konbit_lessons.reports.run.run`."""
    from jupyter_core.utils import ensure_event_loop

    from konbit_lessons.reports.run import run

    with Runner(loop_factory=ensure_event_loop):  # ends what of a cell that was not waited for is left
        return run(path, parameters, **how)


def _report(run, path, parameters, executed, made):
    """Publish the page of a notebook as soon as it has run; return what the manifest and the index say of it."""
    from konbit_lessons.reports.one import publish

    own = f", the programme's own notebooks/{path.name}" if notebooks.is_own(run.setting.programme, path) else ""
    run.tell(f"{in_words(path.stem, run.language)}: running{own}")
    executed = executed.result()
    run.timed(in_words(path.stem, run.language), executed)
    said = publish(run, path, executed, made)
    return said | run.about(parameters) | {"read": executed.metadata.get("konbit", {}).get("read")}

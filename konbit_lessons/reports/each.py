"""Runs the notebook of the briefs for one organization after the other, by a few kernels that stay warm.

Executed notebooks are not kept, because they hold rows and the pages can be made again; of one that failed the notebook
is kept in internal/notebooks/briefs/.
"""

import os
from asyncio import Runner
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing

import nbformat
from jupyter_core.utils import ensure_event_loop

from konbit_lessons.errors import ReportError
from konbit_lessons.field.store import fingerprint
from konbit_lessons.measures.organization import contacts
from konbit_lessons.reports import gate
from konbit_lessons.reports.document import document
from konbit_lessons.reports.make import MOST_WORKERS
from konbit_lessons.reports.manifest import source_of
from konbit_lessons.reports.page import page
from konbit_lessons.reports.run import Kernel, to_run
from konbit_lessons.say import Say

WARM_UP = """
import seaborn.objects, konbit_lessons.show, matplotlib.backends.backend_agg
from konbit_lessons.measures.organization import take_as_unchanged
take_as_unchanged({path!r}, {state!r})
"""


def make_each(workers, todo, limits, progress):
    """Make briefs, so many at a time.

    Parameters
    ----------
    workers, progress : as of :func:`konbit_lessons.reports.briefs.make_briefs`
    todo : list of what stays the same for all briefs in a language, and the code of an organization
    limits : dict, its seconds and notebook_seconds
    """
    waiting, programme = iter(enumerate(todo, start=1)), todo[0][0].programme
    notebook = to_run(nbformat.read(todo[0][0].path, as_version=4))
    workers = min(workers or min(os.cpu_count() or 1, MOST_WORKERS), len(todo))
    warm_up = WARM_UP.format(path=str(programme.path), state=source_of(fingerprint(programme)))
    kernels = [Kernel(programme.path, warm_up=warm_up, **limits) for _ in range(workers)]

    def work(kernel):
        """Make one brief after the other in one kernel, while any is waiting."""
        with Runner(loop_factory=ensure_event_loop), closing(kernel):
            for at, (run, one) in waiting:
                progress(at, len(todo), f"{one}: {_make(run, one, notebook, kernel)}")

    with ThreadPoolExecutor(workers) as pool:
        working = [pool.submit(work, kernel) for kernel in kernels]
        try:
            for done in as_completed(working):
                done.result()
        finally:
            list(waiting)  # no other brief begins
            for kernel in kernels:
                kernel.stop()


def _make(run, organization, notebook, kernel):
    """Run the notebook for one organization and publish its page; return what there is to say of it."""
    failed = run.top / "internal" / "notebooks" / "briefs" / f"{run.stem(organization)}.FAILED.ipynb"
    about = {"name": f"{run.path.name}, {organization}", "failed": failed}
    try:
        executed = kernel.run(notebook, run.parameters | {"organization": organization}, **about)
        shown = gate.passed(executed, audience="internal").cells
        html = page(shown, run.setting, name=organization, template="brief.html.j2")
    except ReportError as error:
        return run.fails(organization, error)
    return run.done(organization, html)


def index(run, data):
    """Return the HTML of the page that lists the briefs in one language."""
    say, about = Say(run.setting.words, run.programme), contacts(data, quarter=run.setting.quarter)
    named = about.set_index("organization_id").loc[lambda rows: rows.index.isin(run.made)].sort_index()
    named = named.assign(type=say.labels(named["org_type"]), made=[run.made[one] for one in named.index])
    letters = named["name"].str.normalize("NFKD").str.replace("[\u0300-\u036f]", "", regex=True).str.casefold()
    named = named.loc[letters.sort_values(kind="stable").index]  # as they are looked up: without accents and capitals
    told = {"briefs": named.to_dict("records"), "failed": dict(sorted(run.failed.items()))}
    title = run.setting.words.text("Briefs on organizations")
    return document("briefs.html.j2", run.setting, title, say=say, source=run.source, **told)

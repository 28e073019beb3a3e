"""One brief for each organization: the same notebook run for each, by a few kernels that stay warm.

    reports/FY2017Q3/internal/briefs/index.html      organizations by name
    reports/FY2017Q3/internal/briefs/<code>.html     one page for each; the name is safe on every file system
    reports/FY2017Q3/internal/briefs/manifest.json   what each was made from: one that is up to date is not made again

Always internal. Executed notebooks are not kept, because they hold rows and the pages can be made again; of one that
failed the notebook is kept in internal/notebooks/briefs/. Beside ``make_reports``, whose promises hold here too.
"""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, suppress

import nbformat
from jupyter_core.utils import ensure_event_loop

from konbit_lessons.errors import DataError, ProgrammeError, ReportError
from konbit_lessons.field.store import cleaned, digest, fingerprint, inputs
from konbit_lessons.measures.organization import contacts, refuse, unknown
from konbit_lessons.measures.shared_counts import last_day
from konbit_lessons.publish import file_safe, only_one_run, published
from konbit_lessons.reports import gate, make, notebooks
from konbit_lessons.reports.document import Setting, document
from konbit_lessons.reports.manifest import as_text, manifest, reports_folder, source_of
from konbit_lessons.reports.page import page
from konbit_lessons.reports.run import Kernel, to_run
from konbit_lessons.say import Say

MOST_WORKERS = 4  # unless told
JOURNAL = ".finished.jsonl"  # a line per brief as soon as it is made, so that a run that was killed can go on
PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,59}")  # codes that are file names as they stand
TAKEN = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index|manifest)(\..*)?", re.IGNORECASE)
WARM_UP = """
import seaborn.objects, konbit_lessons.show, matplotlib.backends.backend_agg
from konbit_lessons.measures.organization import take_as_unchanged
take_as_unchanged({path!r}, {state!r})
"""


def make_briefs(
    programme,
    organizations=None,
    *,
    quarter=None,
    language="en",
    reports=None,
    workers=None,
    seconds=None,
    progress=lambda done, total, said: None,
):
    """Make the briefs of organizations that are not up to date, and the index of all.

    Parameters
    ----------
    programme : Programme, for the internal audience
    organizations : list of str, codes; all that became partners by the end of the quarter unless told
    quarter : str, as "FY2017Q3"; the last one with an event unless told
    language : str
    reports : folder to write to; ``reports`` beside programme.toml unless told
    workers : int, kernels at a time; as many as there are processors, at most four, unless told
    seconds : int, the longest that one cell may take; 600 unless told
    progress : called with how many are done, of how many, and a line of text

    Returns
    -------
    Made

    Raises
    ------
    ProgrammeError, DataError : the call is wrong, or no event was held in that quarter; nothing was started
    LockedError : another run is writing to the same folder
    ReportError : a brief failed; the others were published
    """
    words = notebooks.words_for(programme, language)
    refuse(programme)
    quarter = notebooks.quarter_of(programme, quarter)
    data = cleaned(programme)
    about = contacts(data, quarter=quarter).set_index("organization_id")
    wanted = _wanted(data, about, organizations, quarter)
    run = _Run(Setting(programme, quarter, words, "internal"), reports_folder(programme, reports) / quarter)
    with only_one_run(run.top):
        todo = [one for one in wanted if not run.up_to_date(one)]
        if len(todo) < len(wanted):
            progress(len(wanted) - len(todo), len(wanted), f"{len(wanted) - len(todo)} are up to date")
        if todo:
            workers = min(workers or os.cpu_count() or 1, MOST_WORKERS if workers is None else workers, len(todo))
            _make(run, todo, workers, seconds, progress)
        if source_of(inputs(programme)) != run.source:
            raise DataError(
                f"{programme.path.name}: the raw files changed while the briefs were made, so that some may be of the "
                "old ones. Run konbit briefs again: those that are not up to date are made anew."
            )
        made = {one: entry for one, entry in run.made.items() if one in about.index}
        index = published(run.folder / "index.html", _index(run, about, made))
        published(run.folder / "manifest.json", as_text(manifest(run.setting, inputs(programme), briefs=made)))
        (run.folder / JOURNAL).unlink(missing_ok=True)
    if run.failed:
        raise ReportError("\n".join(run.failed.values()))
    return make.Made(index, tuple(run.folder / made[one]["page"] for one in wanted))


def file_name(code):
    """Return the name, without ending, of the file of an organization: no two codes share one on any file system.

    >>> file_name("NGO-001"), file_name("../Ayiti é"), file_name("con")
    ('NGO-001', 'ayiti-e~68dea170f7dd', 'con~1143da2bc54c')
    """
    if PLAIN.fullmatch(code) and not TAKEN.fullmatch(code):
        return code
    return f"{file_safe(code) or 'organization'}~{digest(code.encode('utf-8', 'surrogatepass'))[:12]}"


class _Run:
    """What stays the same for all briefs of a run, and which are made."""

    def __init__(self, setting, top):
        self.setting, self.programme, self.top = setting, setting.programme, top
        self.folder = top / "internal" / "briefs"
        self.path = notebooks.notebook_file(self.programme, notebooks.BRIEF)
        self.notebook = to_run(nbformat.read(self.path, as_version=4))
        self.parameters = notebooks.parameters(setting, {"": self.path}, organization="")[""]
        self.source, self.made_with = source_of(inputs(self.programme)), _code(self.path)
        self.made, self.failed = self._remembered(), {}

    def _remembered(self):
        """What earlier runs made, also one that was killed."""
        made = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            made |= json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))["briefs"]
        with suppress(OSError, ValueError):  # the last line may not be whole, where a run was killed
            for line in (self.folder / JOURNAL).read_text(encoding="utf-8").splitlines():
                made |= json.loads(line)
        return {one: entry for one, entry in made.items() if (self.folder / entry["page"]).is_file()}

    def up_to_date(self, organization):
        """Whether the brief that is there is the one that would be made."""
        entry = self.made.get(organization)
        return bool(entry) and entry == self._entry(organization, (self.folder / entry["page"]).read_bytes())

    def _entry(self, organization, content):
        """What the manifest says of a brief."""
        said = {"page": f"{file_name(organization)}.html", "hash": digest(content), "inputs": self.source}
        return said | {"made_with": self.made_with, "parameters": self.parameters | {"organization": organization}}

    def make(self, organization, kernel):
        """Run the notebook for one organization and publish its page; return what there is to say of it."""
        name = file_name(organization)
        kept = self.top / "internal" / "notebooks" / "briefs" / f"{name}.FAILED.ipynb"
        about = {"name": f"{self.path.name}, {organization}", "failed": kept}
        try:
            executed = kernel.run(self.notebook, self.parameters | {"organization": organization}, **about)
            shown = gate.passed(executed, audience="internal").cells
            html = page(shown, self.setting, name=organization, template="brief.html.j2")
        except ReportError as error:
            self.failed[organization] = str(error).replace(str(self.programme.folder), "…")
            self.made.pop(organization, None)
            return "failed"
        published(self.folder / f"{name}.html", html)
        self.made[organization] = self._entry(organization, html)
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps({organization: self.made[organization]}) + "\n")
        return f"{self.top.name}/internal/briefs/{name}.html"


def _make(run, todo, workers, seconds, progress):
    """Make the briefs, so many at a time."""
    waiting = iter(enumerate(todo, start=1))
    run.folder.mkdir(parents=True, exist_ok=True)
    warm_up = WARM_UP.format(path=str(run.programme.path), state=source_of(fingerprint(run.programme)))
    kernels = [Kernel(run.programme.path, warm_up=warm_up, seconds=seconds) for _ in range(workers)]

    def work(kernel):
        """Make one brief after the other in one kernel, while any is waiting."""
        with closing(ensure_event_loop()), closing(kernel):
            for at, one in waiting:
                progress(at, len(todo), f"{one}: {run.make(one, kernel)}")

    with ThreadPoolExecutor(workers) as pool:
        working = [pool.submit(work, kernel) for kernel in kernels]
        try:
            for done in as_completed(working):
                done.result()
        finally:
            list(waiting)  # no other brief begins
            for kernel in kernels:
                kernel.stop()


def _wanted(data, about, organizations, quarter):
    """The codes asked for, each once; those that became partners by the end of the quarter unless told."""
    for one in organizations or ():
        if one not in about.index:
            raise ProgrammeError(unknown(data, one))
    if organizations:
        return list(dict.fromkeys(organizations))
    found = about.index[about["joined_on"].isna() | (about["joined_on"] <= last_day(data, quarter))].tolist()
    if not found:
        raise DataError(f"organizations: none had become a partner by the end of {quarter}.")
    return found


def _index(run, about, made):
    say = Say(run.setting.words, run.programme)
    named = about.loc[[one for one in about.index if one in made]].sort_index()
    named = named.assign(type=say.labels(named["org_type"]), made=[made[one] for one in named.index])
    letters = named["name"].str.normalize("NFKD").str.replace("[\u0300-\u036f]", "", regex=True).str.casefold()
    named = named.loc[letters.sort_values(kind="stable").index]  # as they are looked up: without accents and capitals
    told = {"briefs": named.to_dict("records"), "failed": dict(sorted(run.failed.items()))}
    title = run.setting.words.text("Briefs on organizations")
    return document("briefs.html.j2", run.setting, title, say=say, source=run.source, **told)


def _code(notebook):
    """One hash of the notebook and of all code, words and templates that make a page of it."""
    ends = {".py", ".po", ".toml", ".j2", ".css", ".mplstyle"}
    files = sorted(path for path in notebooks.PACKAGE.rglob("*.*") if path.suffix in ends)
    return digest(b"".join(path.read_bytes() for path in [notebook, *files]))

"""One brief for each organization, of which those that would come out the same are not made again.

    reports/FY2017Q3/internal/briefs/index.html      organizations by name; in French index.fr.html
    reports/FY2017Q3/internal/briefs/<code>.html     one page for each, <code>.fr.html; the name is safe on every disk
    reports/FY2017Q3/internal/briefs/manifest.json   what each was made from; manifest.fr.json

Always internal. Executed notebooks are not kept, because they hold rows and the pages can be made again; of one that
failed the notebook is kept in internal/notebooks/briefs/. Beside ``make_reports``, whose promises hold here too.
"""

import json
import re
from contextlib import suppress
from functools import cache

from konbit_lessons.errors import DataError, ProgrammeError, ReportError
from konbit_lessons.field.store import cleaned, digest, inputs
from konbit_lessons.kept import told_by
from konbit_lessons.languages import languages
from konbit_lessons.publish import file_safe, published
from konbit_lessons.reports import make, notebooks
from konbit_lessons.reports.document import Setting, in_each, linked
from konbit_lessons.reports.manifest import as_text, in_words, manifest, reports_folder, source_of
from konbit_lessons.reports.staging import only_run_of
from konbit_lessons.reports.state import State, are_there
from konbit_lessons.words import Words

JOURNAL = ".finished"  # a line per brief as soon as it is made, so that a run that was killed can go on
PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,59}")  # codes that are file names as they stand
TAKEN = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index|manifest)(\..*)?", re.IGNORECASE)


def make_briefs(
    programme,
    organizations=None,
    *,
    quarter=None,
    language=None,
    reports=None,
    workers=None,
    cluster=None,
    seconds=None,
    notebook_seconds=None,
    force=False,
    progress=lambda done, total, said: None,
):
    """Make the briefs of organizations that are not up to date, and the index of all.

    Parameters
    ----------
    programme : Programme, for the internal audience
    organizations : list of str, codes; all that became partners by the end of the quarter unless told
    quarter : str, as "FY2017Q3"; the last one with an event unless told
    language : str, as "fr", or several, as "en,fr,ht"; the programme's first unless told; what is there in others stays
    reports : folder to write to; ``reports`` beside programme.toml unless told
    workers : int, kernels at a time; as many as there are processors, at most four, unless told
    cluster : str, the address of a dask.distributed scheduler, whose workers run them instead
    seconds : int, the longest that one cell may take; 600 unless told
    notebook_seconds : int, the longest that one brief may take; no limit unless told
    force : bool, also what would come out the same is made again
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
    if programme.study or programme.audience != "internal":
        from konbit_lessons.measures.organization import refuse

        refuse(programme)
    quarter = notebooks.quarter_of(programme, quarter)
    data, top = cleaned(programme), reports_folder(programme, reports) / quarter
    wanted = _wanted(data, organizations, quarter)
    runs = [Run(Setting(programme, quarter, one, "internal"), top) for one in words]
    with only_run_of(top):
        every = [(run, one) for run in runs for one in wanted]
        todo = [(run, one) for run, one in every if force or not run.up_to_date(one)]
        if len(todo) < len(every):
            progress(len(every) - len(todo), len(every), f"{len(every) - len(todo)} are up to date")
        if todo:
            limits = {"seconds": seconds, "notebook_seconds": notebook_seconds}
            if cluster:
                from konbit_lessons.reports.cluster import make_on as make_each
            else:
                from konbit_lessons.reports.each import make_each
            make_each(cluster or workers, todo, limits, progress)
        if source_of(inputs(programme)) != runs[0].source:
            raise DataError(
                f"{programme.path.name}: the raw files changed while the briefs were made, so that some may be of the "
                "old ones. Run konbit briefs again: those that are not up to date are made anew."
            )
        if todo or not all(run.is_listed() for run in runs):
            _publish(runs, data)
    if failed := [why for run in runs for why in run.failed.values()]:
        raise ReportError("\n".join(failed))
    index = f"{in_words('index', runs[0].language)}.html"
    return make.Made(runs[0].folder / index, tuple(run.folder / run.made[one]["page"] for run, one in every))


def file_name(code):
    """Return the name, without ending, of the file of an organization: no two codes share one on any file system.

    >>> file_name("NGO-001"), file_name("../Ayiti é"), file_name("con")
    ('NGO-001', 'ayiti-e~68dea170f7dd', 'con~1143da2bc54c')
    """
    if PLAIN.fullmatch(code) and not TAKEN.fullmatch(code):
        return code
    return f"{file_safe(code) or 'organization'}~{digest(code.encode('utf-8', 'surrogatepass'))[:12]}"


class Run:
    """What stays the same for all briefs in one language, and which are made."""

    def __init__(self, setting, top):
        self.setting, self.programme, self.top = setting, setting.programme, top
        self.language, self.folder = setting.words.language, top / "internal" / "briefs"
        self.journal = self.folder / f"{in_words(JOURNAL, self.language)}.jsonl"  # of the briefs that this run has made
        self.manifest = self.folder / f"{in_words('manifest', self.language)}.json"
        self.path = notebooks.notebook_file(self.programme, notebooks.BRIEF)
        self.parameters = notebooks.parameters(setting, {"": self.path}, organization="")[""]
        self._used = inputs(self.programme)
        self.source, self._state = source_of(self._used), State(self.programme, self._used, top.parent)
        self.is_own, self._asked = notebooks.is_own(self.programme, self.path), cache(self._made_of)
        self.known_by = self.source, self._state.code(self.path)
        self.made, self.failed = self._remembered(), {}

    def said(self, index):
        """What the manifest says; ``index``: file → hash of the pages that list the briefs."""
        return as_text(manifest(self.setting, self._used, index=index, briefs=self.made))

    def is_listed(self):
        """Whether the index and the manifest are those that would be written."""
        text = self.manifest.read_text(encoding="utf-8") if self.manifest.is_file() else "{}"
        index = json.loads(text).get("index")
        return are_there(self.folder, index) and text == self.said(index) and not self.journal.is_file()

    def _remembered(self):
        """What earlier runs made, also one that was killed."""
        made = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            made |= json.loads(self.manifest.read_text(encoding="utf-8"))["briefs"]
        with suppress(OSError, ValueError):  # the last line may not be whole, where a run was killed
            for line in self.journal.read_text(encoding="utf-8").splitlines():
                made |= json.loads(line)
        return {one: entry for one, entry in made.items() if (self.folder / entry["page"]).is_file()}

    def stem(self, organization):
        """The name, without ending, of the file of an organization in this language."""
        return in_words(file_name(organization), self.language)

    def up_to_date(self, organization):
        """Whether the brief that is there is the one that would be made."""
        entry = self.made.get(organization, {})
        if not are_there(self.folder, entry.get("files")) or entry["code"] != self.known_by[1]:
            return False
        same = entry["inputs"] == self.source and entry["parameters"] == self._parameters(organization)
        if not (same and not self.is_own) and entry["made_of"] != self._asked(organization):
            return False
        self.made[organization] = entry | {"inputs": self.source}
        return True

    def _parameters(self, organization):
        return self.parameters | {"organization": organization}

    def _made_of(self, organization):
        """The hash of all that a brief is made of: what is on record of its organization, and how it is told."""
        about, known = {"parameters": self._parameters(organization)}, None
        if not self.is_own:
            from konbit_lessons.measures.organization import record, take_as_unchanged

            take_as_unchanged(self.programme.path, self.source)  # for this brief: the run looks again at its end
            known = told_by(record(self.programme, organization, quarter=self.setting.quarter))
            take_as_unchanged(self.programme.path, "")
        return self._state.of(self.setting, self.path, about | {"record": known}, [] if known else None)

    def done(self, organization, html):
        """Publish a brief, and write down what it was made of."""
        page = f"{self.stem(organization)}.html"
        published(self.folder / page, html)
        entry = {"page": page, "name": organization, "language": self.language, "files": {page: digest(html)}}
        entry |= {"inputs": self.source, "code": self.known_by[1], "made_of": self._asked(organization)}
        self.made[organization] = entry | {"parameters": self._parameters(organization)}
        with self.journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps({organization: self.made[organization]}) + "\n")
        return f"{self.top.name}/internal/briefs/{page}"

    def fails(self, organization, why):
        """Write down why there is no brief."""
        self.failed[organization] = str(why).replace(str(self.programme.folder), "…")
        self.made.pop(organization, None)
        return "failed"


def _wanted(data, organizations, quarter):
    """The codes asked for, each once; those that became partners by the end of the quarter unless told."""
    about = data.organizations.set_index("organization_id")
    for one in organizations or ():
        if one not in about.index:
            from konbit_lessons.measures.organization import unknown

            raise ProgrammeError(unknown(data, one))
    if organizations:
        return list(dict.fromkeys(organizations))
    found = about.index[
        about["joined_on"].isna() | (about["joined_on"] <= str(data.programme.last_day(quarter)))
    ].tolist()
    if not found:
        raise DataError(f"organizations: none had become a partner by the end of {quarter}.")
    return found


def _publish(runs, data):
    """Publish the index and the manifest of each language there is, and link the briefs to the other ones."""
    from konbit_lessons.reports.each import index

    setting, folder, known = runs[0].setting, runs[0].folder, {*data.organizations["organization_id"]}
    asked = {run.language: run for run in runs}
    there = [one for one in languages() if (folder / f"{in_words('manifest', one)}.json").is_file()]
    others = {one: Run(setting._replace(words=Words(one)), runs[0].top) for one in there if one not in asked}
    every = {one: (asked | others)[one] for one in languages() if one in asked | others}
    for run in every.values():
        run.made = {one: entry for one, entry in run.made.items() if one in known}
    for one in {one for run in every.values() for one in run.made}:
        pages = {run.language: run.made[one]["page"] for run in every.values() if one in run.made}
        for run in every.values():
            run.made |= {one: linked(folder, run.made[one], pages)} if one in run.made else {}
    shown = in_each(setting, [*every], "index", lambda one: index(every[one.words.language], data))
    for file, html in shown.items():
        published(folder / file, html)
    hashes = {file: digest(html) for file, html in shown.items()}
    for run in every.values():
        published(run.manifest, run.said(hashes))
        run.journal.unlink(missing_ok=True)

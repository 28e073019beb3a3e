"""Notebooks → reports: run each, make its page, list them in an index, and write down what they were made from.

``make_reports`` is the recipe. A notebook's parts carry out its title, its answer and its tables.

    reports/index.html                               the quarters there are, and what each found
    reports/FY2017Q3/manifest.json
    reports/FY2017Q3/shared/index.html, shared/*.html, shared/tables/*.csv
    reports/FY2017Q3/internal/notebooks/*.ipynb      executed; they can hold rows and are never shared
    reports/FY2017Q3/internal/briefs/                one page for each organization, see ``briefs``

A study has reports/study/ in place of the quarter.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from filelock import FileLock

from konbit_lessons.errors import DataError, ProgrammeError, ReportError
from konbit_lessons.field.programme import AUDIENCES
from konbit_lessons.field.store import cleaned, digest
from konbit_lessons.pages import learning_report
from konbit_lessons.periods import Quarter
from konbit_lessons.publish import only_one_run, published
from konbit_lessons.reports import contents, word
from konbit_lessons.reports.manifest import as_text, earlier, made_from, manifest, manifest_name, source_of
from konbit_lessons.reports.page import carried, page
from konbit_lessons.reports.run import checked_parameters, default_parameters, run
from konbit_lessons.words import complete

# in the order of the index; a new notebook is one more name
OF_A_QUARTER = contents.ORDER
OF_A_STUDY = ("incentives",)
PLACE = "reports"  # the parameter that says where reports are; not in the manifest, being a place on this machine
OF_AN_ORGANIZATION = "organization_brief"  # made by briefs.make_briefs alone
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Made:
    """What a run made.

    Attributes
    ----------
    index : Path of index.html
    pages : tuple of Path
    problems : tuple of str, what a reader should know though the reports were made
    """

    index: Path
    pages: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def make_reports(
    programme,
    names=None,
    *,
    quarter=None,
    language="en",
    audience="shared",
    reports="reports",
    parameters=None,
    to="html",
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
    reports : folder to write to
    parameters : dict, further parameters of the notebooks
    to : "html", or "docx" for a Word file beside each page
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
    words = complete(language)
    if to == "docx":
        word.pandoc()
    _refuse_placeholders(programme)
    quarter = _quarter(programme, quarter)
    notebooks = {name: _notebook(programme, name) for name in names or _usual(programme)}
    given = {
        name: _parameters(programme, path, quarter, words, audience, reports, parameters)
        for name, path in notebooks.items()
    }
    if "learning_report" in notebooks:  # what is wrong in the evaluator's own words is said before anything starts
        learning_report.narrative(cleaned(programme), quarter=quarter, language=words)
    top = Path(reports).resolve() / ("study" if programme.study else quarter)
    with only_one_run(top):
        used = made_from(programme)
        before = earlier(top / manifest_name(audience))
        made = {name: one for name, one in before["reports"].items() if (top / audience / one["page"]).is_file()}
        failed = {}
        for name, path in notebooks.items():
            progress(f"{name}: running")
            try:
                executed = run(path, given[name], folder=programme.folder, keep=top / "internal" / "notebooks")
            except ReportError as error:
                failed[name] = error
                made.pop(name, None)
                progress(f"{name}: failed")
                continue
            made[name] = _publish(executed, name, programme, quarter, words, top / audience, to) | {
                "parameters": {key: value for key, value in given[name].items() if key != PLACE},
                "inputs": source_of(used),
            }
            progress(f"{name}: {top.name}/{audience}/{made[name]['page']}")
        not_made = {name: why for name, why in before["failed"].items() if name not in notebooks}
        not_made |= {name: error.to_share.replace(str(programme.folder), "…") for name, error in failed.items()}
        said = manifest(
            programme,
            quarter=quarter,
            language=language,
            audience=audience,
            inputs=used,
            reports=made,
            failed=not_made,
        )
        listed = contents.index(programme, quarter, words, said, top / audience)
        index = published(top / audience / "index.html", listed)
        published(top / manifest_name(audience), as_text(said))
    _list_quarters(programme, words, top.parent)
    if failed:
        raise ReportError("\n".join(map(str, failed.values())))
    return Made(index, tuple(top / audience / made[name]["page"] for name in notebooks))


def quarter_before(programme, quarter=None, *, audience="shared", reports="reports"):
    """Return the quarter before, where it has events and no learning report of it is stored; else None.

    Parameters
    ----------
    programme : Programme
    quarter : str; the last one with an event unless told
    audience, reports : as of `make_reports`
    """
    if programme.study:
        return None
    before = Quarter.named(_quarter(programme, quarter)).previous
    held = set(map(Quarter.of, cleaned(programme).events["held_on"].dropna()))
    stored = earlier(Path(reports).resolve() / str(before) / manifest_name(audience))["reports"]
    return str(before) if before in held and "learning_report" not in stored else None


def notebooks_folder(programme):
    """Return the folder of the notebooks: the programme's own, else those shipped with the package."""
    return _notebook_folders(programme)[0]


def notebook_names(programme):
    """Return the names of the notebooks there are for this programme."""
    return sorted({path.stem for folder in _notebook_folders(programme) for path in folder.glob("*.ipynb")})


def _refuse_placeholders(programme) -> None:
    for key in ("name", "point_of_contact"):
        if getattr(programme, key).startswith("OPEN"):
            raise ProgrammeError(
                f'{programme.path.name}, [programme], {key}: found "{getattr(programme, key)}", as drafted. '
                "A report names its programme and whom a reader can ask: write it there."
            )


def _quarter(programme, quarter):
    """The quarter asked for, if it has events; the last that has one unless told."""
    if programme.study:
        return None
    wanted = Quarter.named(quarter) if quarter else None
    held = sorted({Quarter.of(day) for day in cleaned(programme).events["held_on"].dropna()})
    if not held or (wanted and wanted not in held):
        there = ", ".join(map(str, held)) or "none; are the files of the events in place?"
        raise DataError(
            f"quarter: found {wanted or 'none'}, in which there is no event; quarters with events: {there}."
        )
    return str(wanted or held[-1])


def _notebook_folders(programme):
    """The programme's own notebooks come first; then those shipped, in an installed package or beside a checkout."""
    folders = (programme.folder / "notebooks", PACKAGE / "notebooks", PACKAGE.parent / "notebooks")
    return [folder for folder in folders if folder.is_dir()]


def _usual(programme):
    return [name for name in (OF_A_STUDY if programme.study else OF_A_QUARTER) if name in notebook_names(programme)]


def _notebook(programme, name):
    known = [one for one in notebook_names(programme) if one != OF_AN_ORGANIZATION]
    if name == OF_AN_ORGANIZATION:
        raise ProgrammeError(
            f"report: {name} is about one organization: internal, never shared, and one page for each. "
            "Use konbit briefs, with --organization for a single one."
        )
    if name not in known:
        raise ProgrammeError(f'report: found "{name}"; expected one of {", ".join(known)}.')
    return _notebook_file(programme, name)


def _notebook_file(programme, name):
    return next(path for folder in _notebook_folders(programme) if (path := folder / f"{name}.ipynb").is_file())


def _parameters(programme, path, quarter, words, audience, reports, further):
    """The parameters of one notebook: what every run sets, as far as the notebook has it, and what the call adds."""
    if audience not in AUDIENCES:
        raise ProgrammeError(f"audience: found {audience!r}; expected {' or '.join(AUDIENCES)}.")
    notebook = nbformat.read(path, as_version=4)
    every = {"programme_file": programme.path.name, "language": words.language, "audience": audience}
    every |= {"quarter": quarter} if quarter else {}
    every[PLACE] = os.path.relpath(Path(reports).resolve(), programme.folder)
    if own := every.keys() & dict(further or {}).keys():
        raise ProgrammeError(
            f"parameter {min(own)}: found it among the further parameters; expected it as --{min(own)}."
        )
    known = default_parameters(notebook)
    given = {name: value for name, value in every.items() if name in known} | dict(further or {})
    return checked_parameters(notebook, given, where=path.name)


def _publish(executed, name, programme, quarter, words, folder, to="html"):
    """Write the page and the tables of an executed notebook and return what the manifest and the index say of them."""
    opening, tables = carried(executed)
    for table in tables:
        if not re.fullmatch(r"[a-z0-9_]{1,60}", table):
            raise DataError(f'{name}: found a table named "{table}"; expected small letters, digits and _.')
    shown = {"quarter": quarter, "language": words, "audience": folder.name}
    html = page(executed, programme, **shown, name=name, tables=list(tables))
    files = {f"tables/{table}.csv": text for table, text in tables.items()} | {f"{name}.html": html}
    if to == "docx":
        files[f"{name}.docx"] = word.word_file(html)
    else:
        (folder / f"{name}.docx").unlink(missing_ok=True)  # of an earlier page
    for file, content in files.items():
        published(folder / file, content)
    return {
        "title": opening["title"] or name,
        "answer": opening["answer"],
        "told": opening.get("told", {}),
        "page": f"{name}.html",
        "tables": list(tables),
        "files": {file: digest(content) for file, content in files.items()},
    }


def _list_quarters(programme, words, reports):
    """Write the page above the quarters; runs for several quarters at once write it one after the other."""
    with FileLock(reports / ".quarters.lock"):
        published(reports / "index.html", contents.quarters(programme, words, reports))

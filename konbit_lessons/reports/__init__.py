"""Notebooks → reports: run each, make its page, list them in an index, and write down what they were made from.

``make_reports`` is the recipe. A notebook's parts carry out its title, its answer and its tables.

    reports/FY2017Q3/manifest.json
    reports/FY2017Q3/shared/index.html, shared/*.html, shared/tables/*.csv
    reports/FY2017Q3/internal/notebooks/*.ipynb      executed; they can hold rows and are never shared

A study has reports/study/ in place of the quarter.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from markupsafe import Markup

from konbit_lessons import parts
from konbit_lessons.errors import DataError, ProgrammeError, ReportError
from konbit_lessons.periods import Quarter
from konbit_lessons.programme import AUDIENCES
from konbit_lessons.publish import only_one_run, published
from konbit_lessons.reports.manifest import as_text, earlier, manifest
from konbit_lessons.reports.page import carried, document, page
from konbit_lessons.reports.run import checked_parameters, default_parameters, run
from konbit_lessons.store import cleaned, digest, inputs
from konbit_lessons.words import complete

# in the order of the index; a new notebook is one more name
OF_A_QUARTER = ("learning_report", "participation", "expectations", "incentives", "data_quality")
OF_A_STUDY = ("incentives",)
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
    _refuse_placeholders(programme)
    quarter = _quarter(programme, quarter)
    notebooks = {name: _notebook(programme, name) for name in names or _usual(programme)}
    given = {
        name: _parameters(programme, path, quarter, words, audience, parameters) for name, path in notebooks.items()
    }
    top = Path(reports).resolve() / ("study" if programme.study else quarter)
    with only_one_run(top):
        source = digest(repr(inputs(programme)))
        made, failed = earlier(top / _manifest_name(audience)), {}
        made = {name: one for name, one in made.items() if (top / audience / one["page"]).is_file()}
        for name, path in notebooks.items():
            progress(f"{name}: running")
            try:
                executed = run(path, given[name], folder=programme.folder, keep=top / "internal" / "notebooks")
            except ReportError as error:
                failed[name] = str(error).replace(str(programme.folder), "…")  # the index may be mailed
                made.pop(name, None)
                progress(f"{name}: failed")
                continue
            made[name] = _publish(executed, name, programme, quarter, words, top / audience) | {
                "parameters": given[name],
                "inputs": source,
            }
            progress(f"{name}: {top.name}/{audience}/{made[name]['page']}")
        index = published(
            top / audience / "index.html", _index(programme, quarter, words, made, failed, source, audience)
        )
        said = manifest(programme, quarter=quarter, language=language, audience=audience, reports=made)
        published(top / _manifest_name(audience), as_text(said))
    if failed:
        raise ReportError("\n".join(failed.values()))
    return Made(index, tuple(top / audience / made[name]["page"] for name in notebooks))


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
    known = notebook_names(programme)
    if name not in known:
        raise ProgrammeError(f'report: found "{name}"; expected one of {", ".join(known)}.')
    return next(path for folder in _notebook_folders(programme) if (path := folder / f"{name}.ipynb").is_file())


def _parameters(programme, path, quarter, words, audience, further):
    """The parameters of one notebook: what every run sets, as far as the notebook has it, and what the call adds."""
    if audience not in AUDIENCES:
        raise ProgrammeError(f"audience: found {audience!r}; expected {' or '.join(AUDIENCES)}.")
    notebook = nbformat.read(path, as_version=4)
    every = {"programme_file": programme.path.name, "language": words.language, "audience": audience}
    every |= {"quarter": quarter} if quarter else {}
    if own := every.keys() & dict(further or {}).keys():
        raise ProgrammeError(
            f"parameter {min(own)}: found it among the further parameters; expected it as --{min(own)}."
        )
    known = default_parameters(notebook)
    given = {name: value for name, value in every.items() if name in known} | dict(further or {})
    return checked_parameters(notebook, given, where=path.name)


def _publish(executed, name, programme, quarter, words, folder):
    """Write the page and the tables of an executed notebook and return what the manifest and the index say of them."""
    opening, tables = carried(executed)
    for table in tables:
        if not re.fullmatch(r"[a-z0-9_]{1,60}", table):
            raise DataError(f'{name}: found a table named "{table}"; expected small letters, digits and _.')
    shown = {"quarter": quarter, "language": words, "audience": folder.name}
    html = page(executed, programme, **shown, name=name, tables=list(tables))
    files = {f"tables/{table}.csv": text for table, text in tables.items()} | {f"{name}.html": html}
    for file, content in files.items():
        published(folder / file, content)
    return {
        "title": opening["title"] or name,
        "answer": opening["answer"],
        "page": f"{name}.html",
        "tables": list(tables),
        "files": {file: digest(content) for file, content in files.items()},
    }


def _index(programme, quarter, words, made, failed, source, audience="shared"):
    order = [*OF_A_QUARTER, *sorted(set(made) - set(OF_A_QUARTER))]
    listed = [
        made[name] | {"answer": Markup(parts.marked(made[name]["answer"])), "earlier": made[name]["inputs"] != source}
        for name in order
        if name in made
    ]
    title = parts.plain(programme.study.title if programme.study else programme.name)
    return document(
        "contents.html.j2",
        programme,
        quarter,
        words,
        title=words.text("Reports: {title}", title=title),
        reports=listed,
        failed=failed,
        audience=audience,
    )


def _manifest_name(audience):
    return "manifest.json" if audience == "shared" else f"manifest.{audience}.json"

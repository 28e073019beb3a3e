"""One executed notebook → the files of its report: the page, its tables, its workbook, its Word file."""

from pathlib import Path

from konbit_lessons.errors import ReportError
from konbit_lessons.field.store import digest
from konbit_lessons.publish import published
from konbit_lessons.reports import gate, manifest, page, word, workbook


def publish(run, path, executed, made):
    """Publish the report of an executed notebook; return what the manifest and the index say of it.

    Parameters
    ----------
    run : what stays the same for all reports of a run: ``setting``, ``folder``, ``language``, ``to``, ``strict``
    path : Path of the notebook, whose name is that of the report
    executed : NotebookNode
    made : dict, name → what is said of each report that is made already

    Raises
    ------
    ReportError : it shows what may not be published, or a table under a name that another has
    """
    through = gate.passed(executed, audience=run.setting.audience)
    _tell_left_out(run, path, through.left_out)
    name, stem = path.stem, manifest.in_words(path.stem, run.language)
    title = through.opening["title"] or name
    tables = {manifest.in_words(table, run.language): csv for table, csv in through.tables(name).items()}
    html = page.page(through.cells, run.setting, name=name, numbers=bool(through.sheets))
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
    said |= {"figures": {manifest.in_words(one["name"], run.language): one["finding"] for one in named}}
    return through.opening | said | {"tables": list(tables), "files": hashes}


def _tell_left_out(run, path, left_out):
    """Say which cells showed what a shared page does not take, or refuse the report."""
    said = [f"{path.name}, {what}" for what in left_out]
    if said and run.strict:
        instead = "Show it with kl.show, kl.table or kl.prose, or give the cell the tag lab-only"
        found = f"{'; '.join(said)}: found what no shared page takes"
        raise ReportError(f"{found}. {instead}. {path.stem} was not published.")
    for what in said:
        run.tell(f"  not on the shared page: {what}")


def _refuse_two_of_a_name(name, hashes, made):
    """No two reports of a run give one name to tables that differ: a figure that two pages show is one number."""
    for other, one in made.items():
        if twice := [file for file, hashed in hashes.items() if one["files"].get(file, hashed) != hashed]:
            found = f"found a table named {Path(twice[0]).stem} that is not the one of {other}"
            raise ReportError(f"{name}: {found}; expected a name for each.")

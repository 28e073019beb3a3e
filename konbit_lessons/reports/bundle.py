"""The zip to mail: the shared reports of a quarter, as they were made, in one folder with a page to read first.

Takes what the manifest lists and nothing else, so that neither internal reports nor a file put there by hand can slip
in. The same reports give the same bytes.
"""

import io
import zipfile
from pathlib import Path
from typing import NamedTuple

from konbit_lessons.errors import DataError, ReportError
from konbit_lessons.field.store import digest
from konbit_lessons.publish import file_safe, only_one_run, published
from konbit_lessons.reports import contents
from konbit_lessons.reports.manifest import SAFE_NAME, earlier, made_from, manifest_name, reports_folder, source_of
from konbit_lessons.reports.notebooks import in_order
from konbit_lessons.reports.page import Setting, document
from konbit_lessons.words import complete

READ_FIRST = "READ-ME.html"
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


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
    language : str; the one the reports are in unless told
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
        words = complete(language or made["language"])
        _refuse(made, made_from(programme), words.language, top.name, again)
        files = _as_made(made, shared, again)
        there = {path.relative_to(shared).as_posix() for path in shared.rglob("*") if path.is_file()}
        left_out = there - files.keys() - {"index.html"}
        setting = Setting(programme, made["quarter"], words)
        files["index.html"] = contents.index(setting, made, shared, alone=True).encode()
        files[READ_FIRST] = read_first(setting, made).encode()
        name = f"konbit-{file_safe(programme.name) or 'programme'}-{top.name}"
        path = published(top / f"{name}.zip", _zipped(name, files))
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


def _refuse(made, now, language, period, again):
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
    spoken = {name: report["parameters"].get("language", language) for name, report in reports.items()}
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


def read_first(setting, made):
    """Return the HTML of the page that says what is in the folder, how to open it, and whom to ask."""
    pages = [made["reports"][name] for name in in_order(made["reports"])]
    title, tables = setting.words.text("What is in this folder"), any(page["tables"] for page in pages)
    return document("read_me.html.j2", setting, title, pages=pages, tables=tables)


def _zipped(folder, files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", FIRST_DAY_OF_ZIP)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same bytes on every system
            zipped.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()


def _listed(names):
    names = sorted(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

"""The zip to mail: the shared reports as they were made, in one folder with a page to read first.

It holds what the manifest lists and nothing else, so that neither internal reports nor a file put there by hand can
slip in. The same reports give the same bytes. What was mailed is an edition, see ``editions``: other pages are another
edition, whose zip stands beside the one before.
"""

from pathlib import Path
from typing import NamedTuple

from konbit_lessons.errors import DataError, ReportError
from konbit_lessons.field import late
from konbit_lessons.field.store import cleaned, digest, fingerprint
from konbit_lessons.publish import file_safe, published, zipped
from konbit_lessons.reports import contents, editions, manifest, notebooks, staging
from konbit_lessons.reports.document import Setting, document, in_each, switched
from konbit_lessons.reports.manifest import PLAIN, SAFE_NAME, in_language, in_words, manifest_name
from konbit_lessons.words import complete

READ_FIRST = "READ-ME"


class Bundle(NamedTuple):
    """A zip that was written.

    Attributes
    ----------
    path : Path
    files : tuple of str, the names in it
    left_out : tuple of str, files that stand in the shared folder and belong to no report
    record : Path, what stays on record of this edition
    """

    path: Path
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    record: Path


def bundle(programme, *, quarter=None, language=None, reports=None):
    """Write ``konbit-<programme>-<quarter>.zip`` beside the shared folder, or that of the edition it is.

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
    DataError : there are no reports, or they are not those of the data as they are now and neither were they shared nor
        are there later ones, or not in that language; a record of an edition is not as it was written
    ReportError : a report failed the last time
    """
    reports = manifest.reports_folder(programme, reports)
    top = reports / _period(programme, quarter, reports)
    shared, again = top / "shared", "konbit report" + ("" if programme.study else f" --quarter {top.name}")
    if not (top / manifest_name("shared")).is_file():
        was = " here: copy those that were shared, or, as another edition," * (top.name in editions.shared(programme))
        raise DataError(f"bundle: found no shared reports of {top.name}{was or ';'} make them first: {again}.")
    with staging.only_run_of(top):
        made = manifest.earlier(top / manifest_name("shared"))
        setting = Setting(programme, made["quarter"], complete(language or PLAIN))
        spoken = ",".join(manifest.languages_of(made["reports"]))
        again += f" --language {spoken}" * (spoken not in ("", PLAIN))
        record, is_shared = _edition(programme, made, top.name)
        is_closed = any(path.parent.name > top.name for path in reports.glob(f"*/{manifest_name('shared')}"))
        now = made["inputs"] if is_shared or is_closed else manifest.made_from(programme)
        _refuse_to_mail(made, now, language, top.name, again)
        files = _as_made(made, shared, again)
        there = {path.relative_to(shared).as_posix() for path in shared.rglob("*") if path.is_file()}
        left_out = there - files.keys() - contents.indexes(setting, made, shared).keys()
        if language:
            made, files = _only_in(language, made, files)
        files |= contents.indexes(setting, made, shared, alone=True) | read_first(setting, made)
        name = f"konbit-{file_safe(programme.name) or 'programme'}-{in_words(top.name, setting.words.language)}"
        name += f"-edition-{record['edition']}" if record["edition"] > 1 else ""
        path, content = top / f"{name}.zip", zipped({f"{name}/{file}": content for file, content in files.items()})
        if not (path.is_file() and digest(path.read_bytes()) in record["zips"]):  # else it stays as it was mailed
            published(path, content)
        kept = editions.keep(programme, record, path.read_bytes(), path.name)
        if not programme.study and made["inputs"] == manifest.made_from(programme):
            late.keep(cleaned(programme), str(programme.last_day(made["quarter"])), fingerprint(programme))
        for file, html in contents.quarters(setting, reports).items():
            published(reports / file, html)
    return Bundle(path, tuple(sorted(files)), tuple(sorted(left_out)), kept)


def _edition(programme, made, period):
    """The record of the edition that the reports are of, and whether it was shared before."""
    there = editions.shared(programme).get(period, [])
    same = [one for one in there if editions.is_of(one, made)]
    return (same or [editions.new(made, period, there[-1]["edition"] + 1 if there else 1)])[-1], bool(same)


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
        said = f"{_listed(made['failed'])} of {period} could not be made, so that the reports are not complete"
        raise ReportError(f"bundle: the last time, {said}. The index says where it stopped; then: {again}.")
    if not reports:
        raise DataError(f"bundle: found no shared reports of {period}; make them first: {again}.")
    if changed := [name for name in then.keys() | now.keys() if then.get(name) != now.get(name)]:
        said = f"the reports are older than the data: {_listed(changed)} changed since"
        raise DataError(f"bundle: {said}. Make them again: {again}.")
    if old := [name for name, report in reports.items() if report["inputs"] != manifest.source_of(then)]:
        raise DataError(f"bundle: from an earlier run, of other data: {_listed(old)}. Make them again: {again}.")
    spoken = {name: one["language"] for name, one in in_language(reports, language).items()} if language else {}
    if other := [f"{name} ({one})" for name, one in spoken.items() if one != language]:
        said = f"expected every report in {language}; found {_listed(other)}"
        raise DataError(f"bundle: {said}: {again.partition(' --language')[0]} --language {language}.")


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
    return in_each(setting, manifest.languages_of(made["reports"]), READ_FIRST, lambda one: _read_first(one, made))


def _read_first(setting, made):
    reports = in_language(made["reports"], setting.words.language)
    pages = [reports[name] for name in notebooks.in_order(reports)]
    title, tables = setting.words.text("What is in this folder"), any(one["tables"] for one in pages)
    return document("read_me.html.j2", setting, title, pages=pages, tables=tables)


def _listed(names):
    return ", ".join(sorted(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

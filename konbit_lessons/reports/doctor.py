"""What is wrong here: the installation, a kernel, a page, the programme, its folders, its locks; each with what to do.

Takes a programme.toml, or nothing; returns one finding for each thing looked at. It tries, and changes nothing.
"""

import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from matplotlib import font_manager
from nbformat import v4, writes
from packaging.requirements import Requirement

from konbit_lessons.errors import KonbitError
from konbit_lessons.field.programme import load
from konbit_lessons.figures.drawing import THEME
from konbit_lessons.publish import UNFINISHED, held_by, scratch
from konbit_lessons.reports import manifest, page, run, word

LEAST_FREE = 500  # MB on the disk
HOSTILE = '<script>x</script><img src="https://example.org/x" onerror="x"><b>text</b>'


def findings(file, *, reports=None):
    """Look at everything that a report needs, one thing after the other.

    Parameters
    ----------
    file : Path of programme.toml, or None: then only at the installation
    reports : folder of the reports; ``reports`` beside programme.toml unless told

    Yields
    ------
    tuple of str
        What was looked at; what is wrong and what to do, "" where all is well.
    """
    looks = {"packages": _packages, "font": _font, "a kernel": _kernel, "a page": _page}
    for about, look in (looks | {"Word files": lambda: word.pandoc() and ""}).items():
        yield about, _trouble(look)
    if file is None:
        return
    if trouble := _trouble(lambda: load(file) and ""):
        yield file.name, trouble
        return
    programme = load(file)
    yield file.name, "\n".join(filter(None, (_trouble(programme.check_language, one) for one in programme.languages)))
    for folder in (programme.processed, manifest.reports_folder(programme, reports)):
        yield f"disk, {folder.name}", _trouble(_room, folder)
        yield f"locks, {folder.name}", _trouble(_locks, folder)
    yield "raw files", _trouble(lambda: programme.input_files() and "")


def _trouble(look, *about):
    """What looking finds; an error is what is wrong."""
    try:
        return look(*about) or ""
    except (KonbitError, OSError) as error:
        return f"{error}{'. Is there room on the disk, and may you write there?' * isinstance(error, OSError)}"


def _packages():
    wrong, asked = [], map(Requirement, requires("konbit-lessons"))
    for one in (each for each in asked if not each.marker or each.marker.evaluate({"extra": ""})):
        try:
            there = version(one.name)
        except PackageNotFoundError:
            there = "none"
        if there == "none" or not one.specifier.contains(there, prereleases=True):
            wrong.append(f"{one.name}: found {there}; expected {one.specifier or 'one'}")
    return "; ".join(wrong) + ". Install the package again: make setup." if wrong else ""


def _font():
    family = THEME["font.family"][0]
    try:
        font_manager.findfont(family, fallback_to_default=False)
    except ValueError:
        return f'found no font "{family}", which figures are measured by. Install it, or Matplotlib again.'
    return ""


def _kernel():
    """Run a notebook as a report is run."""
    with scratch() as folder:
        path = Path(folder, "doctor.ipynb")
        cells = [v4.new_markdown_cell("# 1"), v4.new_code_cell("1 + 1")]
        path.write_text(writes(v4.new_notebook(cells=cells)), encoding="utf-8")
        executed = run.run(path, {}, programme_file=Path(folder, "programme.toml"), keep=Path(folder, "kept"))
    shown = executed.cells[-1].outputs
    return "" if shown and shown[0].data["text/plain"] == "2" else "a notebook ran and did not show what it should."


def _page():
    left = str(page.sanitized(HOSTILE))
    wrong = "<b>text</b>" not in left or any(one in left for one in ("script", "onerror", "example.org"))
    said = f"found {left!r} left of a hostile text; expected no script and no address. Install nh3 again."
    return said if wrong else ""


def _room(folder):
    there = next(one for one in (folder, *folder.parents) if one.is_dir())
    with tempfile.TemporaryFile(dir=there):  # may files be made there?
        free = shutil.disk_usage(there).free // 2**20
    return f"{free} MB are free; make room for {LEAST_FREE}." if free < LEAST_FREE else ""


def _locks(folder):
    held = [f"{lock.parent.name} is held by {who}" for lock in folder.rglob(".lock") if (who := held_by(lock.parent))]
    left = 0 if held else len([*folder.rglob(f"{UNFINISHED}*")])
    return "; ".join(held) or (f"{left} files of a run that was stopped; the next run sweeps them away" * bool(left))

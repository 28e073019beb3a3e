"""Which notebooks there are for a programme, what each is about, and the parameters a run gives them.

Also the words that stand in them: their markdown cells, block by block, each translated at once.

reports.toml is the one list of the reports that are shipped. A programme's own notebooks stand in ``notebooks/`` beside
its programme.toml, and come before the shipped ones of the same name.
"""

import ast
import json
import math
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from konbit_lessons.errors import DataError, ProgrammeError
from konbit_lessons.field.place import content_of, quarters_cleaned
from konbit_lessons.languages import known
from konbit_lessons.periods import Calendar

QUARTER, STUDY, ORGANIZATION, LAB = "quarter", "study", "organization", "lab"
DECLARED = tomllib.loads((Path(__file__).parent / "reports.toml").read_text("utf-8"))
REPORTS = {name: {*about} for name, about in DECLARED["reports"].items()}
LAB_ONLY = "lab-only"  # the tag of cells that only who works in JupyterLab sees
LEARNING, BRIEF = "learning_report", "organization_brief"
PACKAGE = Path(__file__).parents[1]
INSTEAD = DECLARED["instead"]  # why konbit report makes no such page


def in_order(names):
    """Return names of reports in the order of the index; those of a programme's own come last."""
    return [*(name for name in REPORTS if name in names), *sorted(set(names) - REPORTS.keys())]


def kind_of(programme):
    """Return what reports are about: "quarter", "study", or what says so of itself, as a portfolio."""
    return getattr(programme, "kind", STUDY if programme.study else QUARTER)


def notebooks_folder(programme):
    """Return the folder of the notebooks: the programme's own, else those shipped with the package."""
    return _folders(programme)[0]


def notebook_names(programme):
    """Return the names of the notebooks that ``konbit report`` can run for this programme."""
    names = {path.stem for folder in _folders(programme) for path in folder.glob("*.ipynb")}
    return [name for name in in_order(names) if not _instead(name, programme)]


def _instead(name, programme):
    """Why this is no report of the programme, in a list; else an empty one."""
    return [INSTEAD[one] for one in REPORTS.get(name, ()) if one in INSTEAD.keys() - {kind_of(programme)}]


def notebook_file(programme, name):
    """Return the Path of a notebook: the programme's own, or the one that is shipped."""
    return next(path for folder in _folders(programme) if (path := folder / f"{name}.ipynb").is_file())


def is_own(programme, path):
    """Tell whether a notebook is the programme's own, and not the one that is shipped, or a copy of it."""
    shipped = [folder / path.name for folder in _shipped()]
    return not any(one.is_file() and one.read_bytes() == path.read_bytes() for one in shipped)


def check_call(path, *, quarter=None, languages=None, names=(), of_events=True):
    """Raise the error of a slip in a call, as the run itself would, before anything heavy is imported.

    Parameters
    ----------
    path : Path of programme.toml
    quarter, languages, names : str, str and list of str, as they were asked for
    of_events : bool, a quarter without events is refused, where it is known which have any
    """
    said = content_of(path)
    for one in filter(None, (languages or "").split(",")):
        known(one.strip())
    about = said.get("programme")
    if quarter and "study" not in said and isinstance(about, dict):
        wanted = str(Calendar(named_by=about.get("fiscal_year_named_by", "end")).named(quarter))
        held = quarters_cleaned(path, said) if of_events else None
        if held is not None:
            _with_events(wanted, held, about.get("data_cut_on"))
    asked_for(SimpleNamespace(folder=path.parent, study="study" in said), names)


def asked_for(programme, names=None):
    """Return name → Path of the notebooks that are asked for; all of a quarter's or a study's unless told.

    Raises
    ------
    ProgrammeError : there is no such notebook, or it makes no report
    """
    there = notebook_names(programme)
    for name in names or ():
        if reason := _instead(name, programme):
            raise ProgrammeError(f"report: {name} {reason[0]}")
        if name not in there:
            raise ProgrammeError(f'report: found "{name}"; expected one of {", ".join(there)}.')
    wanted = names or [name for name in there if kind_of(programme) in REPORTS.get(name, ())]
    return {name: notebook_file(programme, name) for name in wanted}


def quarter_of(programme, quarter=None):
    """Return the name of the quarter asked for, if it has events; of the last that has one unless told.

    Raises
    ------
    ProgrammeError : it is no quarter
    DataError : no event was held in it
    """
    if programme.study:
        return None
    from konbit_lessons.field.store import cleaned

    wanted = str(programme.calendar.named(quarter)) if quarter else None
    return _with_events(wanted, cleaned(programme).quarters, programme.data_cut_on)


def _with_events(wanted, held, cut):
    """The quarter that is wanted, or the last; refused where no event was held in it until the data were cut."""
    if not held or (wanted and wanted not in held):
        there = ", ".join(held) or "none; are the files of the events in place?"
        found = f"found {wanted or 'none'}, in which there is no event{f' until {cut}' * bool(cut)}"
        raise DataError(f"quarter: {found}; quarters with events: {there}.")
    return wanted or held[-1]


def words_for(programme, asked=None):
    """Return the Words of each language asked for, in which the package and the programme have all their texts.

    Parameters
    ----------
    programme : Programme
    asked : str, as "fr" or "en,fr,ht"; the first of the programme's languages unless told

    Raises
    ------
    ProgrammeError : one lacks; or the programme's name or contact is still as it was drafted
    """
    from konbit_lessons.words import complete

    for key in ("name", "point_of_contact"):
        if getattr(programme, key).startswith("OPEN"):
            found = f'{programme.path.name}, [programme], {key}: found "{getattr(programme, key)}", as drafted'
            raise ProgrammeError(f"{found}. A report names its programme and whom a reader can ask: write it there.")
    words = [complete(one.strip()) for one in dict.fromkeys((asked or programme.languages[0]).split(","))]
    for one in words:
        programme.check_language(one.language)
    return words


def cells_of(path):
    """Return the cells of a notebook file that are not for the lab alone: (kind, tags, source).

    Parameters
    ----------
    path : Path
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    read = [(one["cell_type"], one["metadata"].get("tags", []), "".join(one["source"])) for one in cells]
    return [(kind, tags, source) for kind, tags, source in read if LAB_ONLY not in tags]


def blocks(source):
    """Split the source of a markdown cell at its blank lines.

    >>> blocks("## What we asked\\n\\nWhich incentives?")
    ['## What we asked', 'Which incentives?']
    """
    return [block.strip() for block in re.split(r"\n\s*\n", source) if block.strip()]


def level(block):
    """Return the level of a heading, 0 of any other block."""
    found = re.match(r"#+(?= )", block)
    return len(found[0]) if found else 0


def words_of(block):
    """Return a block without the # of a heading: what is translated."""
    return re.sub(r"^#+ +", "", block)


def anchor_of(heading):
    """Return the anchor of a heading, made of its English text, so that links hold in every language.

    >>> anchor_of("What we said last quarter, and what happened")
    'what-we-said-last-quarter-and-what-happened'
    """
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def headings(path):
    """Return the headings of a notebook as a reader sees them, in English: (level, text)."""
    said = [block for kind, _, source in cells_of(path) if kind == "markdown" for block in blocks(source)]
    return [(level(block), words_of(block)) for block in said if level(block)]


def parameters(setting, notebooks, *, further=None, **every):
    """Return name → parameters of each notebook.

    Parameters
    ----------
    setting : Setting, from which the notebooks that have such parameters get quarter, language and audience
    notebooks : dict, name → Path
    further : dict, what the call adds: each goes to the notebooks that have such a parameter
    every : what else every run sets, as far as a notebook has it: reports, organization

    Raises
    ------
    ProgrammeError : no notebook has such a parameter, or it is of another type; nothing was started
    """
    from konbit_lessons.field.programme import AUDIENCES

    programme, quarter, words, audience = setting
    if audience not in AUDIENCES:
        raise ProgrammeError(f"audience: found {audience!r}; expected {' or '.join(AUDIENCES)}.")
    every |= dict.fromkeys(("programme_file", "portfolio_file"), programme.path.name)
    every |= {"quarter": quarter, "language": words.language}
    every, further = every | {"audience": audience}, dict(further or {})
    if own := min(every.keys() & further, default=""):
        raise ProgrammeError(f"parameter {own}: found it among the further parameters; expected it as --{own}.")
    each = {path: _defaults(path) for path in notebooks.values()}
    anywhere = {parameter: value for defaults in each.values() for parameter, value in defaults.items()}
    checked_parameters(anywhere, further, where=", ".join(path.name for path in each))
    given = {name: value for name, value in (every | further).items() if value is not None}
    own = {path: {name: given[name] for name in defaults if name in given} for path, defaults in each.items()}
    return {name: checked_parameters(each[path], own[path], where=path.name) for name, path in notebooks.items()}


def _defaults(path):
    """The literals assigned in the cell of a notebook that is tagged "parameters", by name."""
    source = "\n".join(source for _, tags, source in cells_of(path) if "parameters" in tags)
    assigned = [one for one in ast.parse(source).body if isinstance(one, ast.Assign)]
    return {one.targets[0].id: ast.literal_eval(one.value) for one in assigned}


def checked_parameters(defaults, given, *, where="notebook"):
    """Return parameters in the types of their defaults; text, as from a command line, is read as such a value.

    Raises
    ------
    ProgrammeError : a name or a type is not the notebook's; the message lists what is allowed
    """
    each = [f"{name} ({type(value).__name__}, {value!r} unless told)" for name, value in defaults.items()]
    listed, read = ", ".join(each) or "none", {}
    if other := [name for name in given if name not in defaults]:
        raise ProgrammeError(f'{where}: found the parameter "{other[0]}", which it does not have; it has {listed}.')
    for name, value in given.items():
        read[name] = one = _read(value, defaults[name])
        if not (_fits(one, defaults[name]) and _plain(one)):
            raise ProgrammeError(f"{where}, parameter {name}: found {one!r} ({type(one).__name__}); expected {listed}.")
    return read


def _read(value, default):
    with suppress(ValueError, SyntaxError):
        return value if type(value) is not str or type(default) is str else ast.literal_eval(value)
    return value


def _fits(value, default):
    return default is None or type(value) is type(default) or (type(default) is float and type(value) is int)


def _plain(value):
    """Only values that come out of the notebook as they went in: others would silently become text."""
    if type(value) is list:
        return all(map(_plain, value))
    return value is None or type(value) in (str, int, bool) or (type(value) is float and math.isfinite(value))


def _folders(programme):
    """The programme's own notebooks come first, then those shipped."""
    return [folder for folder in (programme.folder / "notebooks", *_shipped()) if folder.is_dir()]


def _shipped():
    """Where notebooks are shipped: in an installed package, or beside a checkout."""
    return PACKAGE / "notebooks", PACKAGE.parent / "notebooks"

"""What was shared stays on record: editions/<quarter>-<number>.json beside programme.toml, one for each edition.

A record says what the pages of an edition told and what they were made from; it holds no page, no row, nothing hidden.
It is kept with the programme, in version control, so that every colleague compares with what was shared.
"""

import json
from contextlib import suppress
from datetime import date
from functools import cache
from importlib.metadata import version

from konbit_lessons.errors import DataError
from konbit_lessons.field import late
from konbit_lessons.field.cleaning import corrections, decisions
from konbit_lessons.field.place import content_of
from konbit_lessons.field.programme import ANSWERED, CORRECTIONS, LEDGER
from konbit_lessons.field.store import PACKAGE, digest
from konbit_lessons.publish import published
from konbit_lessons.sentences.limits import PACKAGES

FOLDER = "editions"
ABOUT = ("programme", "inputs", "model", "decided", "analysis", "versions")  # of what a manifest says
KEPT = ("name", "language", "title", "answer", "told", "files")  # of what the manifest says of a report
LIBRARY, CUT, SOURCE, ROWS = "library", "data_cut_on", "source", "rows"
CAUSES = {LEDGER: "decisions", CORRECTIONS: "corrections", ANSWERED: "corrections"}  # by file; others are records
# by part of the model; others are settings
CAUSES |= dict(targets="targets", incentives="incentives", analysis="incentives") | {LIBRARY: "method", CUT: "records"}


def shared(programme):
    """Return period → records of its editions that were bundled, the first one first.

    Raises
    ------
    DataError : a record is not as it was written
    """
    records = sorted(map(_read, (programme.folder / FOLDER).glob("*-*.json")), key=lambda one: one["edition"])
    periods = {one["period"] for one in records}
    return {period: [one for one in records if one["period"] == period] for period in periods}


def is_of(record, made):
    """Return whether an edition is of the pages that a manifest lists."""
    there, now = ({page: one["files"] for page, one in each["reports"].items()} for each in (record, made))
    return there == now


def new(made, period, number):
    """Return the record of an edition of the pages that a manifest lists, bundled today."""
    reports = {page: {key: one[key] for key in KEPT if key in one} for page, one in made["reports"].items()}
    about = {key: made[key] for key in ABOUT if key in made}
    day = date.today().isoformat()
    return {"period": period, "edition": number, "bundled_on": day, "zips": {}, **about, "reports": reports}


def keep(programme, record, archive, name):
    """Write down that an edition was packed into a zip, by its hash; return the Path of the record."""
    record = record | {"zips": record["zips"] | {digest(archive): name}}
    record |= {"seal": _seal(record)}
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    return published(programme.folder / FOLDER / _name(record), text)


def changed(then, now):
    """Return which things that numbers rest on are others now: some of ``CAUSES``, "records" and "settings".

    Where the cleaned rows of the quarter are the same, files and how they are read have moved nothing.

    Parameters
    ----------
    then, now : dict, ``inputs``: file → hash, and ``model``, from `model`; a manifest, or a record
    """
    pairs = ((then.get(key, {}), now[key]) for key in ("inputs", "model"))
    files, parts = ({one for one in old.keys() | new.keys() if old.get(one) != new.get(one)} for old, new in pairs)
    same = {SOURCE, ROWS} if ROWS in then.get("model", {}) and ROWS not in parts else {ROWS}
    raw = {name for name in files if not name.startswith("narrative/") and not name.endswith(".toml")}
    causes = {CAUSES.get(name.rpartition("/")[2], "records") for name in raw if SOURCE not in same}
    return sorted(causes | {CAUSES.get(part, "settings") for part in parts - same if "model" in then})


def model(programme, quarter=None, data=None):
    """Return name → hash of the parts of programme.toml, and of the library and of what it computes with.

    Of a quarter with its targets, the last day that the records cover, and the cleaned rows until that day.
    """
    parts = content_of(programme.path)
    if quarter:
        parts["programme"].pop(CUT, None)
        parts |= {CUT: (day := programme.last_day(quarter)), ROWS: late.rows_until(data, day)}
        parts |= {"targets": programme.targets_of(quarter)} if "targets" in parts else {}
    return {name: digest(repr(part)) for name, part in sorted(parts.items())} | {LIBRARY: _library()}


def own(programme):
    """Return what an evaluator has a say in: ``decided``, cause → marks of each line, and the ``analysis``."""
    if programme.study:
        return {}
    marks = {"decisions": decisions.load(programme).marks(), "corrections": corrections.marks(programme)}
    decided = {cause: sorted(each) for cause, each in marks.items()}
    return {"decided": decided, "analysis": content_of(programme.path).get("analysis")}


def undone(then, now, causes):
    """Return cause → what is to be taken back of today, so that it is in this as it was; the causes that can be.

    Parameters
    ----------
    then, now : dict, as of `changed`, with ``decided`` and ``analysis``
    causes : list of str, from `changed`
    """
    is_same_else = then.get("analysis") and not {"settings", "method"} & {*causes}
    same_incentives = then.get("model", {}).get("incentives") == now["model"].get("incentives")
    back = {"audience": "shared"} | ({"incentives": then["analysis"]} if is_same_else and same_incentives else {})
    decided = {cause: ({*known}, {*now["decided"][cause]}) for cause, known in then.get("decided", {}).items()}
    back |= {cause: sorted(new - old) for cause, (old, new) in decided.items() if old <= new}  # else a line is gone
    return {cause: one for cause, one in back.items() if cause in causes}


@cache
def _library():
    code = b"".join(path.read_bytes() for path in sorted(PACKAGE.rglob("*.py")))
    return digest(code + repr([*map(version, PACKAGES)]).encode())


def _read(path):
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["seal"] == _seal(record) and path.name == _name(record):
            return record
    back = "Put that back, from version control or a copy: what was said is not edited"
    raise DataError(f"{FOLDER}/{path.name}: this is not the record as konbit bundle wrote it. {back}.")


def _name(record):
    return f"{record['period']}-{record['edition']}.json"


def _seal(record):
    return digest(json.dumps({key: one for key, one in record.items() if key != "seal"}, sort_keys=True))

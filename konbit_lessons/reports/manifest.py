"""manifest.json: from which files, with which parameters and versions, which reports were made; and where they are.

No time of day and no folder of this machine stands in it, so that the same inputs give the same bytes.
"""

import json
import re
from datetime import date
from functools import cache
from importlib.metadata import requires, version
from pathlib import Path
from platform import python_version

from konbit_lessons.field.store import cleaned, digest, inputs
from konbit_lessons.kept import READ
from konbit_lessons.reports import editions

SAFE_NAME = re.compile(r"(tables/)?[^\W_][^\\/:*?\"<>|\x00-\x1f]*\.(html|docx|xlsx|csv)")
TOLD = "told before"  # what a notebook has read that asks for the numbers of earlier reports
FOLDER = "narrative"  # of the evaluator's own words, beside programme.toml
PLAIN = "en"  # the language that names of files do not say
NEEDED = [re.match(r"[\w.-]+", one)[0] for one in requires("konbit-lessons") if "extra ==" not in one]


def manifest(setting, used, **made):
    """Return the manifest as a dict.

    Parameters
    ----------
    setting : Setting
    used : dict, file → hash of the inputs
    made : dicts of what was made, and why others were not, by name
    """
    programme, quarter, _, audience = setting
    said = {"programme": programme.name, "simulated": programme.simulated, "quarter": quarter}
    model = editions.model(programme, quarter, cleaned(programme) if quarter else None)
    said |= {"audience": audience, "inputs": used, "model": model, "versions": versions()} | editions.own(programme)
    return said | {name: dict(sorted(each.items())) for name, each in made.items()}


@cache
def versions():
    """Return name → version of Python, of this package and of those it needs."""
    return {"python": python_version()} | {name: version(name) for name in ["konbit-lessons", *NEEDED]}


def made_from(programme):
    """Return file → SHA-256 of all that reports rest on: programme.toml, the raw files, the evaluator's own words."""
    own = {path.name: digest(path.read_bytes()) for path in sorted((programme.folder / FOLDER).glob("*.md"))}
    return inputs(programme) | {f"{FOLDER}/{name}": hashed for name, hashed in own.items()}


def as_text(made):
    """Return the manifest as it is written."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def earlier(path):
    """Return an earlier manifest; one without reports where there is no readable one."""
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        of = {"language": made.get("language", PLAIN)}  # as was written before reports stood side by side
        reports = {page: one | of | {"name": page} | one for page, one in made["reports"].items()}
        return made | {"reports": reports, "failed": dict(made.get("failed", {}))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"reports": {}, "failed": {}}


def in_words(name, language):
    """Return the name of a file, before its ending, that is in a language: "learning_report", "learning_report.fr"."""
    return name if language == PLAIN else f"{name}.{language}"


def languages_of(reports):
    """Return the languages that reports of a manifest are in."""
    return sorted({one["language"] for one in reports.values()}, key=lambda one: (one != PLAIN, one))


def in_language(reports, language=PLAIN):
    """Return name → report of a manifest: the one in a language, or in another where it is not there in this."""
    last = sorted(reversed([*reports.values()]), key=lambda one: one["language"] == language)
    return {one["name"]: one for one in last}


def sweep(folder, before, reports):
    """Take away files of reports as they were before that no report has any longer."""
    now = {file for one in reports for file in one["files"]}
    for file in {file for one in before for file in one.get("files", ())} - now:
        if SAFE_NAME.fullmatch(file):
            (folder / file).unlink(missing_ok=True)


def source_of(inputs):
    """Return one hash for all the inputs: what a report was made from."""
    return digest(repr(inputs))


def reports_folder(programme, reports=None):
    """Return the Path of the reports: where the call says, else beside programme.toml."""
    return Path(reports).resolve() if reports else programme.folder / "reports"


def manifest_name(audience):
    """Return the name of the manifest of an audience."""
    return "manifest.json" if audience == "shared" else f"manifest.{audience}.json"


def counted(programme, quarter, now):
    """Return the last ``edition`` of a quarter whose page counted otherwise than now, its ``day`` and counts; or {}."""
    records = editions.shared(programme).get(quarter, [])
    READ.update(f"{editions.FOLDER}/{quarter}-{number}.json" for number in range(1, len(records) + 2))
    for one in reversed(records):
        if (told := in_language(one["reports"]).get("data_quality", {}).get("told") or now) != now:
            return told | {"edition": one["edition"], "day": date.fromisoformat(one["bundled_on"])}
    return {}


def said_before(programme, reports=None, *, before):
    """Return what is known of the numbers that were told in the quarters before one.

    It is what was shared, see ``editions``; where nothing was, what the stored report said, unless that was made
    from the very records of today, which would agree with themselves.

    Parameters
    ----------
    programme : Programme
    reports : folder of the reports; beside programme.toml unless told
    before : str, a quarter

    Returns
    -------
    dict of quarter to dict
        ``told`` (number → value), ``edition`` (its number; 0 of a report that is stored and was not shared),
        ``inputs`` (file → hash), ``changed`` (what it rests on and is other now) and ``undo`` (what of that can be
        taken back), see ``editions``.
    """
    READ.add(f"{TOLD} {before}")
    top = reports_folder(programme, reports).glob(f"*/{manifest_name(programme.audience)}")
    every = {path.parent.name: {"edition": 0} | earlier(path) for path in top}
    every |= {period: records[-1] for period, records in editions.shared(programme).items()}
    every = {quarter: one for quarter, one in sorted(every.items()) if quarter < before}
    said, now, data = {}, {}, cleaned(programme) if every else None
    for quarter, one in every.items():
        now = now or {"inputs": inputs(programme), **editions.own(programme)}
        now["model"] = editions.model(programme, quarter, data)
        report, changed = in_language(one["reports"]).get("learning_report", {}), editions.changed(one, now)
        changed += ["audience"] * (one["edition"] > 0 and programme.audience != "shared")
        is_of_today = not changed and report.get("inputs") == source_of(now["inputs"])
        if isinstance(report.get("told"), dict) and (one["edition"] or not is_of_today):
            said[quarter] = {"told": report["told"], "edition": one["edition"], "changed": changed}
            said[quarter] |= {"inputs": one.get("inputs", {}), "undo": editions.undone(one, now, changed)}
    return said

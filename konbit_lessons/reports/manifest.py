"""manifest.json: from which files, with which parameters and versions, which reports were made.

No time of day and no folder of this machine stands in it, so that the same inputs give the same bytes.
"""

import json
from hashlib import sha256
from importlib.metadata import version
from platform import python_version

PACKAGES = (
    "konbit-lessons",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "firthmodels",
    "matplotlib",
    "papermill",
    "nbconvert",
)


def manifest(programme, *, quarter, language, audience, reports):
    """Return the manifest as a dict.

    Parameters
    ----------
    reports : dict, name → what was made: title, answer, parameters, inputs (one hash), files (name → hash)
    """
    return {
        "programme": programme.name,
        "simulated": programme.simulated,
        "quarter": quarter,
        "language": language,
        "audience": audience,
        "inputs": inputs(programme),
        "versions": {"python": python_version()} | {name: version(name) for name in PACKAGES},
        "reports": dict(sorted(reports.items())),
    }


def inputs(programme):
    """Return name → SHA-256 of every file the reports rest on; names are relative to the programme's folder."""
    names = {}
    for path in programme.input_files():
        inside = path.is_relative_to(programme.folder)
        names[path.relative_to(programme.folder).as_posix() if inside else path.name] = digest(path.read_bytes())
    return dict(sorted(names.items()))


def digest(content):
    """Return the SHA-256 of bytes or text."""
    return sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def as_text(made):
    """Return the manifest as it is written."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def earlier(path):
    """Return the reports in an earlier manifest, or none where there is no readable one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["reports"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}

"""Where programme.toml is, and what it says as TOML.

Imports next to nothing, so that the command answers a wrong path or a slip in the file at once.
"""

import json
import os
import tomllib
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field.messages import message

TABLES = {".csv", ".tsv", ".xlsx", ".xls", ".ods", ".zip", ".dta", ".sav", ".parquet"}  # what a draft is made from
STAMP = "cleaned_from.json"  # beside the cleaned tables: what they were made from
VARIABLE = "KONBIT_PROGRAMME"  # of the environment: where programme.toml is, if not in a folder above


def programme_file(path: str | Path) -> Path:
    """Where a programme.toml is: there, in a folder above, or where the environment says; see :func:`load`."""
    path = Path(path)
    places, named = [path], Path(os.environ.get(VARIABLE, ""))
    if not path.is_absolute() and {*path.parts[:-1]} <= {".."}:
        places += [*(folder / path.name for folder in (Path.cwd(), *Path.cwd().parents)), named, named / path.name]
    return next((one for one in places if one.is_file()), path).resolve()


def is_absolute(path: str) -> bool:
    """Whether a path, as people write it on any system, does not start where it is written."""
    return PurePosixPath(path).is_absolute() or bool(PureWindowsPath(path).anchor)


def content_of(path: Path) -> dict[str, Any]:
    """What a programme.toml says.

    Raises
    ------
    ProgrammeError
        The file is missing or is not TOML.
    """
    try:
        return tomllib.loads(unicodedata.normalize("NFC", path.read_text(encoding="utf-8")))
    except (FileNotFoundError, IsADirectoryError) as error:
        where = path.parent.name or path.parent
        raise ProgrammeError(f"{path.name}: there is no such file in {where}. {_first_steps(path.parent)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = message("in_quotes") if "key" in str(error) else ""
        raise ProgrammeError(f"{path.name}: this is not TOML: {error}. Correct that line.{hint}") from error


def _first_steps(folder: Path) -> str:
    """The shortest way to a first report from what lies in a folder."""
    given = f"Give the path with --programme or in {VARIABLE}, or start"
    for raw in (folder / "data" / "raw", folder / "raw", folder):
        if files := [one for one in raw.rglob("*") if one.suffix.lower() in TABLES]:
            return message("first_steps", given=given, count=len(files), where=raw.relative_to(folder).as_posix())
    return f"{given} with `konbit init` or `konbit example`."


def quarters_cleaned(path: Path, said: dict[str, Any]) -> list[str] | None:
    """The quarters with an event, by the last cleaning; None where anything that it rests on may have changed since.

    Parameters
    ----------
    path : Path
        Of programme.toml.
    said : dict
        What it says.
    """
    try:
        raw, cleaned = (path.parent / said["programme"].get(name, f"data/{name}") for name in ("raw", "processed"))
        at, stamp = (cleaned / STAMP).stat().st_ctime, json.loads((cleaned / STAMP).read_text(encoding="utf-8"))
        own = [one for end in ("*.xlsx", "*.csv") for one in cleaned.glob(end)]
        code = [*Path(__file__).parents[1].glob("*.py"), *Path(__file__).parent.rglob("*.py")]
        read = [path, raw, *raw.rglob("*"), *own, *code]
        is_old = any(one.stat().st_ctime >= at for one in read) or any("query" in one for one in said["source"])
        return None if is_old else stamp["quarters"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not cleaned yet, or the file is wrong
        return None

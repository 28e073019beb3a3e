"""Cleaned tables on disk: written whole or not at all, and read back while the raw files are as they were."""

import hashlib
import json
from pathlib import Path

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.cleaning import Data, clean
from konbit_lessons.programme import Programme
from konbit_lessons.publish import published

PACKAGE = Path(__file__).parent
STAMP = "cleaned_from.json"
FORMULA = r"[=+\-@\t\r\x00]"
LISTS = {"cleaning_log": ["row"], "set_aside": ["row"], "counts": ["read", "kept", "set_aside"]}  # and their numbers


def write(data: Data) -> list[Path]:
    """Write ``<table>.parquet``, ``cleaning_log.csv`` and ``set_aside.csv`` to the programme's folder of cleaned data.

    Every file is written beside its place and then moved there, so that a file is whole or the previous one.

    Returns
    -------
    list of Path
        What was written.
    """
    folder = data.programme.processed
    (folder / STAMP).unlink(missing_ok=True)  # until all is in place, what stands here is of two minds
    files = {f"{name}.parquet": rows.to_parquet(index=False) for name, rows in data.tables.items()}
    for name in LISTS:
        text = _for_spreadsheets(getattr(data, name)).to_csv(index=False, lineterminator="\n")
        files[f"{name}.csv"] = text.encode("utf-8-sig")
    stamp = {"inputs": fingerprint(data.programme), "notices": data.notices}
    files[STAMP] = json.dumps(stamp, indent=1, ensure_ascii=False)
    return [published(folder / name, content) for name, content in files.items()]


def cleaned(programme: Programme) -> Data:
    """The cleaned programme: from disk where the raw files and programme.toml are unchanged, else cleaned anew.

    Parameters
    ----------
    programme : Programme

    Returns
    -------
    Data
    """
    folder = programme.processed
    stamp = _read_stamp(folder)
    if stamp.get("inputs") != fingerprint(programme):
        data = clean(programme)
        write(data)
        return data
    lists = {name: _read_list(folder / f"{name}.csv", numbers) for name, numbers in LISTS.items()}
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in tables.TABLES}
    return Data(programme=programme, tables=frames, notices=tuple(stamp["notices"]), **lists)


def fingerprint(programme: Programme) -> dict[str, str]:
    """SHA-256 of every file the cleaned tables depend on, and of the code that cleans."""
    code = sorted([*PACKAGE.glob("*.py"), *(PACKAGE / "sources").glob("*.py")])
    return inputs(programme) | {"konbit_lessons": digest(b"".join(path.read_bytes() for path in code))}


def inputs(programme: Programme) -> dict[str, str]:
    """SHA-256 of programme.toml and every raw file, by name relative to the programme's folder."""
    names = {}
    for path in programme.input_files():
        inside = path.is_relative_to(programme.folder)
        names[path.relative_to(programme.folder).as_posix() if inside else path.name] = digest(path.read_bytes())
    return dict(sorted(names.items()))


def digest(content: str | bytes) -> str:
    """SHA-256 of bytes or text."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def _read_list(path: Path, numbers: list[str]) -> pd.DataFrame:
    rows = _from_spreadsheets(pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig"))
    return rows.assign(**{name: pd.to_numeric(rows[name]).astype("Int64") for name in numbers})


def _read_stamp(folder: Path) -> dict:
    try:
        return json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _for_spreadsheets(rows: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP ASVS 1.2.10).

    One that already has apostrophes gets one more, so that :func:`_from_spreadsheets` gives back what was there.
    """
    text = rows.select_dtypes("str").apply(
        lambda column: column.where(~column.str.match(rf"'*{FORMULA}"), "'" + column)
    )
    return rows.assign(**text)


def _from_spreadsheets(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.apply(lambda column: column.str.replace(rf"^'(?='*{FORMULA})", "", regex=True))

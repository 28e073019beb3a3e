"""Cleaned tables on disk: written whole or not at all, and read back while the raw files are as they were."""

import codecs
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from konbit_lessons import tables
from konbit_lessons.field import late
from konbit_lessons.field.cleaning import Data, clean, corrections, decisions
from konbit_lessons.field.cleaning.conversion import answers
from konbit_lessons.field.cleaning.record import LISTS, NUMBERS
from konbit_lessons.field.place import STAMP
from konbit_lessons.field.programme import ANSWERED, Programme
from konbit_lessons.field.sources.guard import check_place
from konbit_lessons.kept import Noted
from konbit_lessons.publish import for_spreadsheets, from_spreadsheets, only_one_run, published

PACKAGE = Path(__file__).parents[1]
CLEANS = (".", "field", "field/cleaning", "field/sources", "field/identity")  # folders of the code that cleans


def write(data: Data, *, wait: bool = False) -> list[Path]:
    """Write ``<table>.parquet``, the lists of what cleaning did and the review to the folder of cleaned data.

    What was decided in the review moves to the ledger beside the raw data first. Every file is written beside its place
    and then moved there, so that a file is whole or the previous one.

    Parameters
    ----------
    data : Data
    wait : bool
        Whether to wait for another run that is writing there.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    LockedError
        Another run is writing there.
    """
    folder = data.programme.processed
    with only_one_run(folder, wait=wait):
        (folder / STAMP).unlink(missing_ok=True)  # until all is in place, what stands here is of two minds
        decided = decisions.load(data.programme)
        written = decisions.remember(data.programme, decided) + corrections.remember(data.programme)
        with ThreadPoolExecutor(max_workers=1) as beside:  # large files are hashed while others are written
            made_from = beside.submit(fingerprint, data.programme)
            for name, rows in data.tables.items():
                written.append(published(folder / f"{name}.parquet", rows.to_parquet(index=False)))
        for name in LISTS:  # after what an evaluator wrote in the old ones has been looked at
            content = io.BytesIO()
            table = pa.Table.from_pandas(for_spreadsheets(data.lists[name]), preserve_index=False)
            arrow_csv.write_csv(table, content, arrow_csv.WriteOptions(quoting_style="needed"))
            written.append(published(folder / f"{name}.csv", codecs.BOM_UTF8 + content.getvalue()))
        review = decisions.workbook(data.questions, decided, data.cleaning_log)
        written.append(published(folder / decisions.REVIEW, review))
        stamp = {"inputs": made_from.result(), "notices": data.notices, "quarters": data.quarters}
        return [*written, published(folder / STAMP, json.dumps(stamp, indent=1, ensure_ascii=False))]


def cleaned(programme: Programme) -> Data:
    """The cleaned programme: from disk where the raw files and programme.toml are unchanged, else cleaned anew.

    For shared reports with what was published, where few records changed since: :mod:`konbit_lessons.field.late`.

    Parameters
    ----------
    programme : Programme

    Returns
    -------
    Data
    """
    if programme.undone:  # as nothing is: not to be kept
        return clean(programme)
    made_from = fingerprint(programme)
    with suppress(FileNotFoundError, ValueError):  # while another run writes there; a list that a spreadsheet saved
        stamp = _stamp(programme)
        data = _read(programme, stamp["notices"]) if stamp.get("inputs") == made_from else None
        if data and _stamp(programme) == stamp:  # else another run has written in between
            return _noted(late.as_published(data, made_from))
    write(data := clean(programme), wait=True)
    return _noted(late.as_published(data, {}))


def _noted(data: Data) -> Data:
    """The same, of which is written down what is read of it; see :mod:`konbit_lessons.kept`."""
    return replace(data, tables=Noted(data.tables), lists=Noted(data.lists))


def _stamp(programme: Programme) -> dict:
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return json.loads((programme.processed / STAMP).read_text(encoding="utf-8"))
    return {}


def _read(programme: Programme, notices: list[str]) -> Data:
    folder = programme.processed
    lists = {name: _read_list(folder / f"{name}.csv") for name in LISTS}
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in tables.TABLES}
    return Data(programme=programme, tables=frames, lists=lists, notices=tuple(notices))


def fingerprint(programme: Programme) -> dict[str, str]:
    """SHA-256 of every file the cleaned tables depend on, and of the code that cleans."""
    code = sorted(path for folder in CLEANS for end in ("*.py", "*.toml") for path in (PACKAGE / folder).glob(end))
    return inputs(programme) | {"konbit_lessons": digest(b"".join(path.read_bytes() for path in code))}


def inputs(programme: Programme) -> dict[str, str]:
    """SHA-256 of programme.toml, of every raw file by name relative to the programme's folder, of what queries give."""
    names = {}
    for path in programme.input_files():
        inside = path.is_relative_to(programme.folder)
        check_place(path)
        with path.open("rb") as file:
            hashed = hashlib.file_digest(file, "sha256").hexdigest()
        names[path.relative_to(programme.folder).as_posix() if inside else path.name] = hashed
    for number, source in enumerate(programme.sources, start=1):
        for place, raw in answers(programme, source) if source.query else ():
            names[f"{place}, query of [[source]] {number}"] = digest(raw.tables["main"].to_csv())
    if not programme.study and (decided := decisions.load(programme)).answers:  # wherever they stand just now
        names[decisions.LEDGER] = digest("\n".join([decided.ledger(), *decided.twice]))
    if not programme.study and (answered := corrections.ledger(programme)):
        names[ANSWERED] = digest(answered)
    return dict(sorted(names.items()))


def digest(content: str | bytes) -> str:
    """SHA-256 of bytes or text."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def _read_list(path: Path) -> pd.DataFrame:
    rows = from_spreadsheets(pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig"))
    if len(rows.columns) == 1:
        raise ValueError(f"{path.name}: one column")
    return rows.assign(**{name: pd.to_numeric(rows[name]).astype(NUMBERS[name]) for name in rows if name in NUMBERS})

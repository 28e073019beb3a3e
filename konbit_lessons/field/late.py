"""Records that come or change after a quarter was mailed: shared pages wait for enough of them.

Two builds of a quarter that differ by one late record would tell what its organization did. So the records of which
shared reports were bundled are kept, and of the quarters until then each organization's stay as they were, until those
of as many organizations as the smallest cell have changed: then all move together. The roster and events are public.
"""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import Programme
from konbit_lessons.publish import published

FOLDER, STAMP = "published", "until.json"
KEPT = "Shared pages stay as they were published"
ORGANIZATION, EVENT = "organization_id", "event_id"
NAMES = {"name", "acronym", "former_names", "former_acronyms"}  # that an organization had: nothing is counted by them


def keep(data: Data, last_day: str, made_from: dict[str, str]) -> None:
    """Keep the records that shared reports were made from, of which those until a day are published.

    Parameters
    ----------
    data : Data
        As :func:`as_published` gives it.
    last_day : str
    made_from : dict of str to str
        SHA-256 of what it was cleaned from.
    """
    folder, until = _folder(data), max(last_day, _stamp(data.programme).get("until", ""))
    lists = {f"list_{name}": rows for name, rows in data.lists.items()}
    for name, rows in ({name: data.tables[name] for name in _tables(data)} | lists).items():
        published(folder / f"{name}.parquet", rows.to_parquet(index=False))
    published(folder / STAMP, json.dumps({"until": until, "made_from": None if waiting(data) else made_from}))


def was_shared(programme: Programme) -> bool:
    """Whether shared reports of the programme were bundled."""
    return (programme.processed / FOLDER / STAMP).is_file()


def state(programme: Programme, made_from: dict[str, str]) -> str:
    """What tells what is published from every other: "" where shared pages show the records as they are."""
    stamp = _stamp(programme)
    return "" if stamp.get("made_from", made_from) == made_from else json.dumps([stamp, made_from], sort_keys=True)


def waiting(data: Data) -> list[str]:
    """What to say where records wait, in a list; else an empty one."""
    return [one for one in data.notices if one.startswith(KEPT)]


def as_published(data: Data, made_from: dict[str, str]) -> Data:
    """A programme for shared reports: of published quarters as it was, where few organizations' records changed.

    Parameters
    ----------
    data : Data
    made_from : dict of str to str
        SHA-256 of what it was cleaned from.

    Returns
    -------
    Data
    """
    programme, stamp = data.programme, _stamp(data.programme)
    as_shared = programme.study or programme.smallest_cell <= 1 or stamp.get("made_from", made_from) == made_from
    if as_shared or (then := _published(data)) is None:
        return data
    until = pd.Timestamp(stamp["until"])
    changed = _changed(data, then, until)
    whose = {of for _, of in changed}
    few = 0 < len(whose) < programme.smallest_cell and whose <= {"", *data.organizations[ORGANIZATION]}
    return _with(data, then, {name for name, _ in changed}, whose, until) if few else data


def is_of(data: Data, inputs: dict[str, str]) -> bool:
    """Whether what is published was made from these files, and can be compared with what is known now."""
    made_from = (_stamp(data.programme).get("made_from") or {}).items()
    files = {name: hashed for name, hashed in made_from if name != "konbit_lessons"}
    return bool(files) and files.items() <= inputs.items() and _published(data) is not None


def moved(data: Data, other: Data | None = None) -> int:
    """Of how many organizations published records are other ones than in another state, or than were published."""
    then, until = other.tables if other else _published(data), pd.Timestamp(_stamp(data.programme).get("until"))
    return len({of for _, of in _changed(data, then, until)})


def rows_until(data: Data, day: date) -> list[list]:
    """What tells all that is known of the days until one from anything else: hashes of its rows, by table.

    Two that are equal give the same numbers; a column without a value, and what an organization is called, give none.
    """
    found = []
    for name in sorted(name for name, rows in data.tables.items() if {ORGANIZATION, EVENT} & {*rows}):
        rows = _closed(data, name, data.tables[name], pd.Timestamp(day)).dropna(axis=1, how="all")
        rows = rows[sorted({*rows} - NAMES)]
        found.append([name, *rows, *sorted(_hashed(rows))])
    return found


def _published(data: Data) -> dict[str, pd.DataFrame] | None:
    """What was published; None where programme.toml asks for other columns by now."""
    then = {name: pd.read_parquet(_folder(data) / f"{name}.parquet") for name in _tables(data)}
    return None if any([*rows] != [*data.tables[name]] for name, rows in then.items()) else then


def _changed(data: Data, then: dict[str, pd.DataFrame], until: pd.Timestamp) -> list[tuple[str, str]]:
    """The tables and organizations whose records until a day are others."""
    own, known = _of_each(data, data.tables, until), _of_each(data, then, until)
    return [one for one in own.keys() | known.keys() if own.get(one) != known.get(one)]


def _with(data: Data, then: dict[str, pd.DataFrame], names: set[str], whose: set[str], until: pd.Timestamp) -> Data:
    """A programme with what was known then of organizations whose records changed, in the tables where they did."""
    kept = {name: data.tables[name] for name in then}
    for name in names:
        now, before, key = kept[name], then[name], list(data.programme.tables[name].metadata["key"])
        ours, theirs = (_is_closed(data, name, rows, until) & _who(rows).isin(whose) for rows in (now, before))
        rows = pd.concat([now[~ours], before[theirs].astype(now.dtypes)])
        kept[name] = rows.sort_values(key, kind="stable", ignore_index=True)
    same = all(sorted(_hashed(kept[name])) == sorted(_hashed(then[name])) for name in then)
    kept |= {name: then[name] for name in names if same}
    lists = {name: pd.read_parquet(_folder(data) / f"list_{name}.parquet") for name in data.lists if same}
    said = message("kept_shared", kept=KEPT, until=until.date(), least=data.programme.smallest_cell)
    return replace(data, tables=data.tables | kept, lists=lists or data.lists, notices=(*data.notices, said))


def _of_each(data: Data, of: dict[str, pd.DataFrame], until: pd.Timestamp) -> dict[tuple[str, str], tuple[int, ...]]:
    """Table and organization → its published records; a day after them, as of a delivery, is none of them yet."""
    each = {name: _closed(data, name, of[name], until) for name in _tables(data)}
    known = {name: _hashed(rows).groupby(_who(rows)) for name, rows in each.items()}
    return {(name, who): tuple(sorted(hashes)) for name, groups in known.items() for who, hashes in groups}


def _closed(data: Data, name: str, rows: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """The rows of days until one, without the days after it."""
    rows = rows[_is_closed(data, name, rows, until)]
    days = [column for column, about in data.programme.tables[name].columns.items() if tables.is_day(about)]
    return rows.assign(**{day: rows[day].mask(rows[day] > until) for day in days})


def _hashed(rows: pd.DataFrame) -> pd.Series:
    return pd.util.hash_pandas_object(rows.astype("string").fillna(""), index=False)


def _is_closed(data: Data, name: str, rows: pd.DataFrame, until: pd.Timestamp) -> pd.Series:
    """Whether each row is of a day that is published, by the day of its event or its own, or of a day unknown."""
    day = next((rows[one] for one, about in data.programme.tables[name].columns.items() if tables.is_day(about)), None)
    if day is None:
        day = rows[EVENT].map(data.events.set_index(EVENT)["held_on"])
    return ~(day > until)


def _who(rows: pd.DataFrame) -> pd.Series:
    return rows[ORGANIZATION].astype("string").fillna("")


def _tables(data: Data) -> list[str]:
    """The tables of what organizations did, or said."""
    return [name for name, rows in data.tables.items() if ORGANIZATION in rows and name != "organizations"]


def _folder(data: Data) -> Path:
    return data.programme.processed / FOLDER


def _stamp(programme: Programme) -> dict:
    file = programme.processed / FOLDER / STAMP
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

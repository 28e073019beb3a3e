"""A query to a database → Raw, its values as text. SQLite needs nothing more; other databases need their driver."""

import logging
import os
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from time import monotonic
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from konbit_lessons.errors import SourceError
from konbit_lessons.field.sources import guard
from konbit_lessons.field.sources.raw import WORDS, Raw, text_frame

_READS = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*(select|with)\b", re.IGNORECASE | re.DOTALL)
_SECONDS, _LONGEST, _MOST_BYTES = 8, 10_000_000, 600_000_000  # a query takes, a cell holds letters, all rows take
_ENDS = WORDS["query_ends"]  # how a server is told when it ends a query that nobody waits for any more
_ROW, _CELL = 100, 50  # bytes that one takes, about
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())  # what fails is told here
_COLON = re.compile(r"(?<![:\\]):(?=\w)")  # would be taken for a parameter


def read_query(database: str, query: str, *, folder: str | Path = ".") -> Raw:
    """Read what one SELECT returns, in a transaction that cannot write.

    Parameters
    ----------
    database : str
        A URL as SQLAlchemy writes it, a SQLite file, or ``env:NAME``: the URL in that environment variable, so that no
        password stands in a file.
    query : str
        One SELECT, or WITH … SELECT.
    folder : str or Path
        What the path of a SQLite file is relative to.

    Returns
    -------
    Raw
        ``raw.tables["main"]``; ``row`` counts the rows of the answer.

    Raises
    ------
    SourceError
        The database cannot be reached, or the query is none, fails, takes too long, or writes. No message holds a
        password.
    """
    url = _url(database, Path(folder))
    where = f'{url.get_backend_name()}, query "{" ".join(query.split()[:6])} …"'
    query = query.rstrip().rstrip(";")
    if not _READS.match(query) or ";" in query:
        raise SourceError(f"{where}: expected one SELECT, and nothing that writes.")
    names, records = _in_time(lambda: _answer(url, query, where), where)
    main = text_frame([(name, [record[at] for record in records]) for at, name in enumerate(names)], where)
    path = Path((url.database or url.get_backend_name()).removeprefix("file:"))
    return Raw(path=path, kind="sql", tables={"main": main}, sheets={"main": ""})


def _in_time(asked: Callable, where: str):
    """What a call gives, in a thread of its own: no driver, and no network, is waited for without an end."""
    answer = Future()

    def ask():
        try:
            answer.set_result(asked())
        except BaseException as error:
            answer.set_exception(error)  # to be raised where it is waited for

    Thread(target=ask, daemon=True).start()
    try:
        return answer.result(_SECONDS)
    except TimeoutError:
        told = f"{where}: it did not end within {_SECONDS} seconds. Can the database be reached? If so,"
        raise SourceError(f"{told} ask for less, or write its answer to a file and read that.") from None


def _answer(url: sqlalchemy.URL, query: str, where: str) -> tuple[list[str], list[sqlalchemy.Row]]:
    """Names of the columns, and no more rows than are read."""
    options = {"postgresql_readonly": True}
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, execution_options=options)
    except (NoSuchModuleError, ImportError) as error:
        raise SourceError(f"{where}: the driver of this database is not installed ({error}).") from None
    try:
        with engine.connect() as connection:
            _limit(connection)
            asked = sqlalchemy.text(_COLON.sub(r"\\:", query))
            # else a driver can read all rows before it gives the first
            answer = connection.execute(asked, execution_options={"stream_results": True})
            return list(answer.keys()), _records(answer, where)
    except (SQLAlchemyError, OSError, TypeError, ValueError) as error:  # or its driver does not know the URL
        said = getattr(error, "orig", None) or error
        fields = next(iter(said.args), None)  # of what a PostgreSQL server says: M is the message
        told = " ".join(str(fields.get("M") if isinstance(fields, dict) else said).split())
        raise SourceError(f"{where}: {_without_secrets(told, url)}") from None


def _without_secrets(told: str, url: sqlalchemy.URL) -> str:
    """What a driver says, which can quote its URL, without the password and the values behind the question mark."""
    for value in [url.password, *url.normalized_query.values()] if url.get_backend_name() != "sqlite" else []:
        for secret in [value] if isinstance(value, str) else value or ():
            told = told.replace(secret, "***").replace(quote(secret), "***") if secret else told
    return told


def _limit(connection: sqlalchemy.Connection) -> None:
    """Nothing is written, and what nobody waits for any more ends where it runs."""
    name = "mariadb" if getattr(connection.dialect, "is_mariadb", False) else connection.dialect.name
    seconds = _SECONDS + 1  # later than who asked has given up
    if name in _ENDS:
        connection.exec_driver_sql(_ENDS[name].format(seconds=seconds, ms=int(1000 * seconds)))
    if name in ("mysql", "mariadb"):
        connection.exec_driver_sql("START TRANSACTION READ ONLY")
    elif name == "sqlite":
        driver, end = connection.connection.driver_connection, monotonic() + seconds
        driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        driver.set_progress_handler(lambda: monotonic() > end, 100_000)


def _records(answer: sqlalchemy.CursorResult, where: str) -> list[sqlalchemy.Row]:
    """The rows, as long as they take no more memory than there may be."""
    records, size, end = [], 0, monotonic() + _SECONDS
    for record in answer:
        if monotonic() > end:
            raise TimeoutError  # nobody waits for it any more
        records.append(record)
        size += _ROW + sum(_CELL + len(cell) if isinstance(cell, str | bytes) else _CELL for cell in record)
        if size > _MOST_BYTES:
            found = f"found more than {len(records):,} rows of {len(record)} columns, which take {size:,} bytes"
            raise SourceError(f"{where}: {found}; at most {_MOST_BYTES:,} are read. Ask for less: WHERE, or LIMIT.")
    return records


def _url(database: str, folder: Path) -> sqlalchemy.URL:
    found = os.environ.get(database.removeprefix("env:")) if database.startswith("env:") else database
    if not found:
        raise SourceError(f"{database}: this environment variable is not set; expected a database's URL in it.")
    try:
        url = sqlalchemy.make_url(found if "://" in found else f"sqlite:///{found}")
    except (ArgumentError, ValueError):
        raise SourceError("database: this is no URL of a database; expected sqlite:///file, or dialect://…") from None
    if url.get_backend_name() == "sqlite":
        path = (folder / (url.database or "")).resolve()
        guard.check(path)
        url = url.set(database=f"file:{path.as_posix()}", query={"mode": "ro", "uri": "true"})
    return url

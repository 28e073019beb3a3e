"""A query to a real PostgreSQL server, started for the test on a free port of this machine."""

import gc
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy

import konbit_lessons as kl
from konbit_lessons.field.sources import sql
from konbit_lessons.field.sources.sql import read_query

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
    Path(found).parent for found in [shutil.which("initdb")] if found
]
PASSWORD = "kenbe-la"
ID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"


def _user() -> str | None:
    """The server refuses to run as root: another user of this machine."""
    if os.getuid():
        return None
    return next(user.pw_name for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))


@pytest.fixture(scope="module")
def server():
    """URL of a new server with one table."""
    if not PROGRAMS and not os.environ.get("CI"):
        pytest.skip("not run: there is no PostgreSQL server here; install the package postgresql to run it")
    assert PROGRAMS, "there is no PostgreSQL server on this CI machine; .ci/run installs one"
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port, user = free.getsockname()[1], _user()
        free.close()
        if user:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            call = [str(PROGRAMS[-1] / program), *arguments]
            done = subprocess.run(call, user=user, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr + done.stdout

        password, data = Path(folder, "password"), f"{folder}/data"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        run("initdb", "-D", data, "-U", "konbit", "-A", "scram-sha-256", f"--pwfile={password}", "-N", "-E", "UTF8")
        settings = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-l", f"{folder}/log", "-o", settings, "-w", "start")
        try:
            url = f"postgresql+pg8000://konbit:{PASSWORD}@127.0.0.1:{port}/postgres"
            engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "CREATE TABLE visits (town text, held date, sent timestamptz, share numeric(6,2), score float8,"
                    " staff bigint, paid boolean, needs text[], id uuid)"
                )
                connection.exec_driver_sql(
                    "INSERT INTO visits VALUES ('Aquin', '2017-01-05', '2017-01-05 16:20:01+00', 10.50, 0.1,"
                    f" {2**60 + 1}, true, '{{a,b}}', '{ID}'),"
                    " ('50%: Bainet', NULL, NULL, NULL, 2, NULL, false, NULL, NULL)"
                )
            yield url
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def test_what_postgresql_returns_is_text(server, monkeypatch):
    monkeypatch.setenv("KONBIT_DATABASE", server)
    query = (
        "SELECT town, held, sent, share, score, staff, paid, id::text FROM visits WHERE town LIKE '%:%' OR staff > 1"
    )
    raw = read_query("env:KONBIT_DATABASE", query + " ORDER BY staff")
    assert raw.kind == "sql"
    frame = raw.tables["main"]
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == [
        ["Aquin", "2017-01-05", "2017-01-05T16:20:01+00:00", "10.50", "0.1", str(2**60 + 1), "1", ID],
        ["50%: Bainet", None, None, None, "2", None, "0", None],
    ]


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("WITH gone AS (DELETE FROM visits RETURNING town) SELECT town FROM gone", "data-modifying statements"),
        ("SELECT town INTO copy FROM visits", "INTO is not allowed here"),
        ("SELECT town FROM visits FOR UPDATE", "read-only transaction"),
        ("SELECT village FROM visits", "village"),
        ("SELECT needs FROM visits", 'column "needs": found values of the type list'),
    ],
)
def test_nothing_is_written_and_no_password_told(server, query, cause):
    with pytest.raises(kl.KonbitError, match=re.escape(cause)) as error:
        read_query(server, query)
    assert str(error.value).startswith('postgresql, query "') and PASSWORD not in str(error.value)
    assert len(read_query(server, "SELECT town FROM visits").tables["main"]) == 2


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "


@pytest.mark.parametrize(
    "query",
    [
        "SELECT pg_sleep(60)",
        "SELECT pg_sleep(0.4) FROM generate_series(1, 999)",  # each row in time
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)",
        f"{ENDLESS}count(*) FROM n",
        f"{ENDLESS}x FROM n",
    ],
)
def test_a_query_without_end_is_not_waited_for_and_ended_on_the_server(server, monkeypatch, query):
    monkeypatch.setattr(sql, "_SECONDS", 1)
    started = time.monotonic()
    with pytest.raises(kl.KonbitError, match="did not end within 1 seconds"):
        read_query(server, query)
    assert time.monotonic() - started < 3
    running, until = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'", time.monotonic() + 20
    engine = sqlalchemy.create_engine(server, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        while connection.exec_driver_sql(running).scalar() > 1 and time.monotonic() < until:
            time.sleep(0.2)
        assert connection.exec_driver_sql(running).scalar() == 1


def test_of_an_answer_that_is_too_large_no_more_rows_are_fetched_than_are_read(server, monkeypatch):
    monkeypatch.setattr(sql, "_MOST_BYTES", 30_000)
    with pytest.raises(kl.KonbitError, match=r"found more than 20\d rows of 1 columns"):
        read_query(server, f"{ENDLESS}x FROM n")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its driver forgets the socket
def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(sql, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(kl.KonbitError, match="Can the database be"):
        read_query(f"postgresql+pg8000://konbit:{PASSWORD}@127.0.0.1:{deaf.getsockname()[1]}/postgres", "SELECT 1")
    for one in threading.enumerate():
        one.join(5) if one.daemon and one is not threading.current_thread() else None
    gc.collect()


def test_a_wrong_password_is_not_told(server):
    with pytest.raises(kl.KonbitError) as error:
        read_query(server.replace(PASSWORD, "sekre-mwen"), "SELECT 1")
    assert "sekre-mwen" not in str(error.value) and "password authentication failed" in str(error.value)

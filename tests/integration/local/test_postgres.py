import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.local import postgres
from shared.local.postgres import EmbeddedPostgres, PostgresNotStarted, embedded_postgres
from tests.builders.command_line import servers_of


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose server has been started and stopped; to make one takes long."""
    folder = tmp_path_factory.mktemp("initialised") / "my project"
    folder.mkdir()
    with embedded_postgres(folder):
        pass
    return folder


@pytest.fixture
def folder(initialised: Path) -> Iterator[Path]:
    yield initialised
    assert servers_of(initialised) == []


def value(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])


def test_it_is_the_newest_with_pgvector(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        assert value(server, "SELECT current_setting('server_version')::numeric >= 18")
        assert value(server, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1
        assert value(server, "SELECT current_setting('listen_addresses')") == ""


def test_data_outlive_the_server(folder: Path) -> None:
    with embedded_postgres(folder) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    assert servers_of(folder) == []
    with embedded_postgres(folder) as server:
        assert value(server, "SELECT seven FROM kept") == 7


def test_users_share_one_server(folder: Path) -> None:
    with embedded_postgres(folder) as one:
        first = postmaster(folder)
        with embedded_postgres(folder) as other:
            assert (other.url, postmaster(folder)) == (one.url, first)
            assert (one.was_unused, other.was_unused) == (True, False)
        assert value(one, "SELECT 1") == 1


def test_a_killed_server_is_started_again(folder: Path) -> None:
    with embedded_postgres(folder):
        os.kill(postmaster(folder), signal.SIGKILL)
        while servers_of(folder):
            time.sleep(0.01)
        with embedded_postgres(folder) as server:
            assert value(server, "SELECT 1") == 1


@pytest.mark.parametrize(
    "stale", [f"{os.getpid()}\n", "", "no number\n"], ids=["of another", "empty", "text"]
)
def test_a_stale_process_number_is_no_hindrance(folder: Path, stale: str) -> None:
    (folder / "postgres" / "postmaster.pid").write_text(stale)
    with embedded_postgres(folder) as server:
        assert value(server, "SELECT 1") == 1


def test_half_made_data_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "base").mkdir(parents=True)
    with embedded_postgres(tmp_path) as server:
        assert value(server, "SELECT 1") == 1
    assert [entry.name for entry in tmp_path.glob("new-*")] == []


def test_a_long_path_is_served_too(folder: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    shutil.move(folder / "postgres", deep / "postgres")
    try:
        with embedded_postgres(deep) as server:
            assert value(server, "SELECT 1") == 1
    finally:
        shutil.move(deep / "postgres", folder / "postgres")


def test_a_server_that_cannot_start_tells_where_to_look(folder: Path) -> None:
    settings = folder / "postgres" / "postgresql.conf"
    before = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    try:
        with (
            pytest.raises(PostgresNotStarted, match=r"did not start.*Its log is .*/postgres/log"),
            embedded_postgres(folder),
        ):
            pass
    finally:
        settings.write_text(before)


@pytest.fixture
def starting_server(folder: Path) -> Iterator[Path]:
    """The process number file of a server that is starting, as far as can be seen."""
    data = folder / "postgres"
    file = data / "postmaster.pid"
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)", str(data)]
    with subprocess.Popen(["postgres", *sleep[1:]], executable=sleep[0]) as process:
        file.write_text(f"{process.pid}\n{data}\n0\n5432\n/sockets\n\n0 0\nstarting\n")
        yield file
        process.kill()
    file.unlink()


def test_a_server_that_is_starting_is_waited_for(starting_server: Path, folder: Path) -> None:
    ready = starting_server.read_text().replace("starting", "ready")
    threading.Timer(0.2, lambda: starting_server.write_text(ready)).start()
    postgres._start(folder / "postgres")
    assert "ready" in starting_server.read_text()


@pytest.mark.usefixtures("starting_server")
def test_a_server_that_never_is_ready_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "START_SECONDS", 0.1)
    with pytest.raises(PostgresNotStarted, match="is not ready"):
        postgres._start(folder / "postgres")

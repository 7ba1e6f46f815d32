"""The Postgres of the search benchmark: memory for its data, and a log of what statements take."""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg

from tests.builders.postgres import (
    folder_for_servers,
    halt_postgres,
    resume_postgres,
    start_postgres,
    stop_postgres,
)

_VERSION = 18
_FITS_IN_MEMORY = 200_000
_DURATION = re.compile(r"duration: ([\d.]+) ms")
_GIB = 2**30
# Seconds until every process of the server has read its settings again.
_RELOADED = 0.5


@dataclass(frozen=True, slots=True)
class Server:
    """`settings` are those a managed server of this memory comes with."""

    url: str
    log: Path
    settings: dict[str, str]


@contextmanager
def running_server(documents: int) -> Iterator[Server]:
    """On a RAM disk where the documents fit there; the same for every side that is on it."""
    folder_of = folder_for_servers if documents <= _FITS_IN_MEMORY else tempfile.TemporaryDirectory
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    settings = {
        "shared_buffers": f"{min(memory // 4, 4 * _GIB) // 2**20}MB",
        "maintenance_work_mem": f"{min(memory // 10, 2 * _GIB) // 2**20}MB",
        "max_wal_size": "8GB",
    }
    with folder_of() as name:
        folder = Path(name)
        url = start_postgres(folder, _VERSION)
        _set(url, settings)
        halt_postgres(folder, _VERSION)
        resume_postgres(folder, _VERSION)
        yield Server(url, folder / "log", settings)
        stop_postgres(folder, _VERSION)


class StatementTimes:
    """What the server says its statements took, while it is asked to say so."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> Self:
        _set(self._server.url, {"log_duration": "on"})
        time.sleep(_RELOADED)
        self._read_to = self._server.log.stat().st_size
        return self

    def __exit__(self, *_: object) -> None:
        _set(self._server.url, {"log_duration": "off"})
        time.sleep(_RELOADED)

    def since_last(self) -> float:
        """Milliseconds of all statements since this was asked last."""
        with self._server.log.open("rb") as log:
            log.seek(self._read_to)
            lines = log.read()
        self._read_to += len(lines)
        return sum(float(found) for found in _DURATION.findall(lines.decode(errors="replace")))


def _set(url: str, settings: dict[str, str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        connection.execute("SELECT pg_reload_conf()")


def vacuum(url: str) -> None:
    """What the server does by itself after a while."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")

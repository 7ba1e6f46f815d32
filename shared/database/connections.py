"""One connection, opened when first needed and kept: what a Lambda environment wants."""

import asyncio
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from shared.config import DatabaseSettings
from shared.database.addresses import database_url, forget_secret
from shared.database.boundaries import refuse_in_unit_of_work
from shared.database.driver_errors import translated
from shared.database.units_of_work import UnitOfWork, transaction
from shared.domain.principals import Principal

CONNECT_TIMEOUT_SECONDS = 5
# A connection idle for longer is asked for a sign of life: a middlebox may have forgotten it silently.
PROBE_AFTER_IDLE_SECONDS = 20.0


def connection_arguments(settings: DatabaseSettings) -> dict[str, Any]:
    """How every connection is opened. Server-side prepared statements break transaction poolers."""
    return {
        "autocommit": True,
        "prepare_threshold": 2 if settings.database_prepared_statements else None,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "concord",
    }


def was_dropped(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server has hung up: an idle connection has nothing to read, a dead one its end of file."""
    if connection.closed or connection.broken:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


class SingleConnection:
    """The Database of a process that handles one event at a time. Further tasks wait for their turn."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._last_used = 0.0
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def unit_of_work(self, principal: Principal) -> AsyncIterator[UnitOfWork]:
        refuse_in_unit_of_work("A second unit of work")
        async with self._turn:
            connection = await self._open()
            timeout = self._settings.database_statement_timeout_ms
            async with transaction(connection, principal, statement_timeout_ms=timeout) as unit:
                yield unit
            self._last_used = time.monotonic()

    async def aclose(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        """The kept connection, or a new one in place of one that died since it was last used."""
        if self._connection is not None and not await self._is_alive(self._connection):
            await self.aclose()
        if self._connection is None:
            self._connection = await self._connect()
            self._last_used = time.monotonic()
        return self._connection

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        arguments = connection_arguments(self._settings)
        with translated():
            try:
                return await psycopg.AsyncConnection.connect(database_url(self._settings), **arguments)
            except psycopg.OperationalError:
                # The secret may have been rotated since it was read.
                if not forget_secret():
                    raise
                return await psycopg.AsyncConnection.connect(database_url(self._settings), **arguments)

    async def _is_alive(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        if was_dropped(connection):
            return False
        if time.monotonic() - self._last_used < PROBE_AFTER_IDLE_SECONDS:
            return True
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                await connection.execute("")
        except (psycopg.Error, TimeoutError):
            return False
        return True


def open_connection(settings: DatabaseSettings) -> SingleConnection:
    """The Database of a deployed function."""
    return SingleConnection(settings)

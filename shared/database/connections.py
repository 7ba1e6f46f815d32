"""One connection, opened when first needed and kept: what a Lambda environment wants."""

import asyncio
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from shared.aws.invocation import after_invocation
from shared.aws.snapshots import after_restore
from shared.config import DatabaseSettings
from shared.database.boundaries import refuse_in_unit_of_work
from shared.database.connecting import CONNECT_TIMEOUT_SECONDS, Connection, connect
from shared.database.units_of_work import UnitOfWork, hanging_up_after, transaction
from shared.domain.principals import Principal

# A connection idle for longer is asked for a sign of life: a middlebox may have forgotten it silently.
PROBE_AFTER_IDLE_SECONDS = 20.0


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
            if self._settings.database_close_after_event:
                after_invocation(self.aclose)
            connection = await self._open()
            timeout = self._settings.database_statement_timeout_ms
            async with transaction(connection, principal, statement_timeout_ms=timeout) as unit:
                yield unit
            self._last_used = time.monotonic()

    async def aclose(self) -> None:
        self.drop()

    def drop(self) -> None:
        """Close the kept connection, as `aclose` does, where no event loop runs."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def _open(self) -> Connection:
        """The kept connection, or a new one in place of one that died since it was last used."""
        if self._connection is not None and not await self._is_alive(self._connection):
            self.drop()
        if self._connection is None:
            self._connection = await connect(self._settings)
            self._last_used = time.monotonic()
        return self._connection

    async def _is_alive(self, connection: Connection) -> bool:
        if was_dropped(connection):
            return False
        if time.monotonic() - self._last_used < PROBE_AFTER_IDLE_SECONDS:
            return True
        try:
            with hanging_up_after(connection, CONNECT_TIMEOUT_SECONDS):
                await connection.execute("")
        except psycopg.Error:
            return False
        return True


def open_connection(settings: DatabaseSettings) -> SingleConnection:
    """The Database of a deployed function."""
    database = SingleConnection(settings)
    after_restore(database.drop)
    return database

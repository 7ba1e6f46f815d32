"""A bounded pool behind the same interface, for `concord up`, which handles many requests at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg_pool import AsyncConnectionPool

from shared.config import DatabaseSettings
from shared.database.addresses import ReaderSettings, database_url, reader_settings
from shared.database.boundaries import refuse_in_unit_of_work
from shared.database.connecting import Connection, connection_arguments, current_url, renewed
from shared.database.connections import WithReader, was_dropped
from shared.database.driver_errors import translated
from shared.database.units_of_work import Database, UnitOfWork, transaction
from shared.domain.principals import Principal

WAIT_FOR_CONNECTION_SECONDS = 10.0
# The pool's own pauses double up to minutes: a server would be back for as long as it was away before anybody
# noticed. It gives up after the first one instead, and is asked to begin anew while somebody waits.
_PAUSE_SECONDS = 1.0


class PooledConnections:
    """The Database of a process that handles many events at a time."""

    def __init__(self, settings: DatabaseSettings) -> None:
        """Raises ConfigurationError, SecretUnavailable when there is no address."""
        database_url(settings)
        self._settings = settings
        self._untried_url: str | None = None
        self._knocking: set[asyncio.Task[None]] = set()
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._url,
            kwargs=connection_arguments(settings),
            min_size=1,
            max_size=settings.database_pool_size,
            timeout=max(WAIT_FOR_CONNECTION_SECONDS, settings.database_resume_seconds),
            reconnect_timeout=_PAUSE_SECONDS,
            reconnect_failed=self._begin_anew,
            configure=self._note_success,
            check=_refuse_dropped,
            open=False,
        )

    @asynccontextmanager
    async def unit_of_work(self, principal: Principal) -> AsyncIterator[UnitOfWork]:
        refuse_in_unit_of_work("A second unit of work")
        await self._pool.open()
        timeout = self._settings.database_statement_timeout_ms
        with translated():
            connection = await self._pool.getconn()
        try:
            async with transaction(connection, principal, statement_timeout_ms=timeout) as unit:
                yield unit
        finally:
            await self._pool.putconn(connection)

    async def aclose(self) -> None:
        await self._pool.close()

    async def _url(self) -> str:
        """What the next connection is opened with; after one that failed, with the secret read anew."""
        url = await current_url(self._settings)
        if self._untried_url == url:
            url = await renewed(self._settings, url) or url
        self._untried_url = url
        return url

    async def _begin_anew(self, pool: AsyncConnectionPool[Connection]) -> None:
        """Who comes next makes the pool connect; who waits already is served first."""
        if pool.get_stats().get("requests_waiting"):
            knocking = asyncio.create_task(_knock(pool))
            self._knocking.add(knocking)
            knocking.add_done_callback(self._knocking.discard)

    async def _note_success(self, _connection: Connection) -> None:
        self._untried_url = None


async def _knock(pool: AsyncConnectionPool[Connection]) -> None:
    # Gone before the attempt is over, so as not to be somebody who waits.
    with suppress(psycopg.OperationalError):
        await pool.putconn(await pool.getconn(timeout=_PAUSE_SECONDS / 2))


async def _refuse_dropped(connection: Connection) -> None:
    if was_dropped(connection):
        # The pool would take back what the driver still believes to be alive.
        await connection.close()
        raise psycopg.OperationalError("the server closed the connection")


def open_pool(settings: ReaderSettings) -> Database:
    """The Database of `concord up`. Raises ConfigurationError, SecretUnavailable."""
    of_reader = reader_settings(settings)
    writer = PooledConnections(settings)
    return writer if of_reader is None else WithReader(writer, PooledConnections(of_reader))

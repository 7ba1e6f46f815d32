"""One connection, opened when first needed and kept: what a Lambda environment wants; and its standby."""

import asyncio
import select
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from shared.aws.invocation import after_invocation, share_of_time
from shared.aws.snapshots import after_restore
from shared.config import DatabaseSettings
from shared.database.addresses import ReaderSettings, reader_settings
from shared.database.boundaries import refuse_in_unit_of_work
from shared.database.connecting import CONNECT_TIMEOUT_SECONDS, Connection, connect
from shared.database.units_of_work import Database, UnitOfWork, hanging_up_after, transaction
from shared.domain.principals import Principal
from shared.errors import ConcordError, DatabaseError, DatabaseUnavailable, InvalidRequest, NotFound
from shared.observability import Event, describe_error, logger

# A connection idle for longer is asked for a sign of life: a middlebox may have forgotten it silently.
PROBE_AFTER_IDLE_SECONDS = 20.0
# What a standby may take of an event's time before the writer is asked, and for how long it then is not.
READER_SHARE = 0.5
READER_SECONDS = 5.0
REST_SECONDS = 10.0


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


class WithReader:
    """The Database of a writer that has a standby beside it, which `ask_reader` asks."""

    def __init__(self, writer: Database, reader: Database) -> None:
        self.writer = writer
        self.reader = reader
        self._rests_until = 0.0

    @property
    def reader_rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def let_reader_rest(self, error: ConcordError) -> None:
        logger().warning(Event.READER_UNAVAILABLE, extra=describe_error(error.__cause__ or error))
        self._rests_until = time.monotonic() + REST_SECONDS

    @asynccontextmanager
    async def unit_of_work(self, principal: Principal) -> AsyncIterator[UnitOfWork]:
        async with self.writer.unit_of_work(principal) as unit:
            yield unit

    async def aclose(self) -> None:
        await self.reader.aclose()
        await self.writer.aclose()


async def ask_reader[Answer](
    database: Database,
    principal: Principal,
    ask: Callable[[Database], Awaitable[Answer]],
    *,
    strong: bool = False,
) -> Answer:
    """What `ask` answers of the standby, where there is one; a `strong` question is for the writer.

    The whole of an answer is of one server. The writer is asked what the standby does not know, as it may
    not know it yet, and in its place when it does not answer. Who sees documents by their readers is always
    answered by the writer: what was revoked is not shown for as long as a standby lags.
    """
    if not isinstance(database, WithReader):
        return await ask(database)
    if not strong and principal.readers is None and not database.reader_rests:
        try:
            with share_of_time(READER_SHARE, at_most_seconds=READER_SECONDS):
                return await ask(database.reader)
        except (NotFound, InvalidRequest):
            pass
        except (DatabaseUnavailable, DatabaseError) as error:
            database.let_reader_rest(error)
    return await ask(database.writer)


def open_for_searches(settings: ReaderSettings) -> Database:
    """The Database of a deployed function that searches."""
    of_reader = reader_settings(settings)
    writer = open_connection(settings)
    return writer if of_reader is None else WithReader(writer, open_connection(of_reader))

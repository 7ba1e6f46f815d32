"""A unit of work: one short transaction, pipelined, under one principal's claims."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from shared.aws.invocation import seconds_left
from shared.database.boundaries import unit_of_work_is_open
from shared.database.driver_errors import translated
from shared.database.statements import Statement
from shared.domain.principals import Principal
from shared.errors import DatabaseUnavailable

# Left of an event's time when a slow statement is cancelled by the server, and when a server that does not
# do so is hung up on: enough to answer that the database is unavailable.
_RESERVE_SECONDS = 1.0
_LAST_RESERVE_SECONDS = 0.5
_ROLLBACK_SECONDS = 5.0
_CLAIMS: LiteralString = """
SELECT set_config('concord.principal', %(principal)s, true),
       set_config('statement_timeout', %(statement_timeout)s, true)
"""


@dataclass(frozen=True, slots=True)
class Pending[Row]:
    """The answer to a statement that was sent without waiting for it."""

    cursor: psycopg.AsyncCursor[Row]

    async def rows(self) -> list[Row]:
        with translated():
            return await self.cursor.fetchall()

    async def row(self) -> Row | None:
        with translated():
            return await self.cursor.fetchone()


class UnitOfWork:
    """What repositories are handed. They never commit: leaving the `async with` does."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def start[Row](self, statement: Statement, row: type[Row], **parameters: object) -> Pending[Row]:
        """Send a statement; several started ones share one round trip, made when the first is read."""
        with translated():
            cursor = self._connection.cursor(row_factory=class_row(row))
            await cursor.execute(statement.text, parameters)
            return Pending(cursor)

    async def rows[Row](self, statement: Statement, row: type[Row], **parameters: object) -> list[Row]:
        return await (await self.start(statement, row, **parameters)).rows()

    async def row[Row](self, statement: Statement, row: type[Row], **parameters: object) -> Row | None:
        return await (await self.start(statement, row, **parameters)).row()

    async def send(self, statement: Statement, **parameters: object) -> None:
        """Send a statement whose answer does not matter; its error surfaces at the next read or commit."""
        with translated():
            await self._connection.execute(statement.text, parameters)


class Database(Protocol):
    """Where units of work come from: one connection on Lambda, a bounded pool on a laptop."""

    def unit_of_work(self, principal: Principal) -> AbstractAsyncContextManager[UnitOfWork]:
        """Commit on leaving, roll back on an error.

        Raises DatabaseUnavailable, also when too little of the event's time is left; DatabaseError;
        SecretUnavailable and ConfigurationError when a connection needs a secret that cannot be read.
        """
        ...

    async def aclose(self) -> None: ...


@asynccontextmanager
async def transaction(
    connection: psycopg.AsyncConnection[Any], principal: Principal, *, statement_timeout_ms: int
) -> AsyncIterator[UnitOfWork]:
    """Run the body in one transaction of `connection`, with claims that end with it."""
    timeout = _milliseconds_for(statement_timeout_ms)
    token = unit_of_work_is_open.set(True)
    try:
        with translated(), hanging_up_after(connection, seconds_left(reserve=_LAST_RESERVE_SECONDS)):
            # BEGIN and COMMIT by hand: psycopg's own transaction block waits for each of them.
            async with connection.pipeline():
                await connection.execute("BEGIN")
                claims = {"principal": principal.name, "statement_timeout": str(timeout)}
                await connection.execute(_CLAIMS, claims)
                yield UnitOfWork(connection)
                await connection.execute("COMMIT")
    except BaseException as error:
        await _roll_back(connection)
        if isinstance(error.__cause__, psycopg.Error) and connection.prepare_threshold is not None:
            # Of a pipeline that was aborted the driver may believe statements prepared that are not.
            await connection.close()
        raise
    finally:
        unit_of_work_is_open.reset(token)


async def _roll_back(connection: psycopg.AsyncConnection[Any]) -> None:
    """Leave no transaction open."""
    if connection.closed or connection.info.transaction_status is TransactionStatus.IDLE:
        return
    # Where that fails the connection is dead, and whoever takes it next sees so.
    seconds = max(min(_ROLLBACK_SECONDS, seconds_left(reserve=_LAST_RESERVE_SECONDS)), 0)
    with suppress(psycopg.Error), hanging_up_after(connection, seconds):
        await connection.execute("ROLLBACK")


def _milliseconds_for(statement_timeout: int) -> int:
    """What a statement may take now: as configured, and no longer than the event can still be answered."""
    left = seconds_left(reserve=_RESERVE_SECONDS) * 1000
    if left < 1:
        raise DatabaseUnavailable
    return int(min(statement_timeout, left))


@contextmanager
def hanging_up_after(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Hang up on the server when the body takes longer: what waits for it then gets an OperationalError.

    Cancelling instead would ask the server, and wait for one that has fallen silent.
    """
    if seconds == float("inf"):
        yield
        return
    timer = asyncio.get_running_loop().call_later(max(seconds, 0), _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: psycopg.AsyncConnection[Any]) -> None:
    if connection.closed:
        return
    with socket.socket(fileno=os.dup(connection.fileno())) as line, suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)

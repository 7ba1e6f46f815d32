"""A unit of work: one short transaction, pipelined, under one principal's claims."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from shared.database.boundaries import unit_of_work_is_open
from shared.database.driver_errors import translated
from shared.database.statements import Statement
from shared.domain.principals import Principal

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
        """Commit on leaving, roll back on an error. Raises DatabaseUnavailable, DatabaseError."""
        ...

    async def aclose(self) -> None: ...


@asynccontextmanager
async def transaction(
    connection: psycopg.AsyncConnection[Any], principal: Principal, *, statement_timeout_ms: int
) -> AsyncIterator[UnitOfWork]:
    """Run the body in one transaction of `connection`, with claims that end with it."""
    token = unit_of_work_is_open.set(True)
    try:
        with translated():
            # BEGIN and COMMIT by hand: psycopg's own transaction block waits for each of them.
            async with connection.pipeline():
                await connection.execute("BEGIN")
                claims = {"principal": principal.name, "statement_timeout": str(statement_timeout_ms)}
                await connection.execute(_CLAIMS, claims)
                yield UnitOfWork(connection)
                await connection.execute("COMMIT")
    except BaseException:
        await _roll_back(connection)
        raise
    finally:
        unit_of_work_is_open.reset(token)


async def _roll_back(connection: psycopg.AsyncConnection[Any]) -> None:
    """Leave no transaction open."""
    if connection.closed or connection.info.transaction_status is TransactionStatus.IDLE:
        return
    # Where that fails the connection is dead, and whoever takes it next sees so.
    with suppress(psycopg.Error):
        await connection.execute("ROLLBACK")

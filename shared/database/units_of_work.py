"""A unit of work: one short transaction, pipelined, under one principal's claims."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from shared.aws.invocation import seconds_left
from shared.database.boundaries import WriteRequest, current_write, unit_of_work_is_open
from shared.database.driver_errors import leads_elsewhere, translated
from shared.database.statements import Statement, numbered
from shared.domain.principals import EVERY_COLLECTION, Principal
from shared.errors import DatabaseUnavailable

# Left of an event's time when a slow statement is cancelled by the server, and when a server that does not
# do so is hung up on: enough to answer that the database is unavailable.
_RESERVE_SECONDS = 1.0
_LAST_RESERVE_SECONDS = 0.5
_ROLLBACK_SECONDS = 5.0
_CLAIMS: LiteralString = """
SELECT set_config('concord.principal', %(principal)s, true),
       set_config('concord.collections', %(collections)s, true),
       set_config('concord.readers', %(readers)s, true),
       set_config('statement_timeout', %(statement_timeout)s, true),
       -- No policy binds a superuser: who signs in as one acts as the role that may what all functions may.
       (SELECT set_config('role', 'concord_app', true) FROM pg_roles
        WHERE to_regclass(CASE WHEN rolname = session_user AND (rolsuper OR rolbypassrls)
                               THEN 'concord.readable_block' END) IS NOT NULL)
"""
# Of collections that a filter narrows nothing is seen until it is said which documents pass.
_NOTHING_SHOWN: LiteralString = "SELECT set_config('concord.shown', '0', true)"
_EVERYTHING = "*"
# Nothing is recorded of a transaction that has not written.
_RECORD: LiteralString = """
SELECT concord.record_write(%(action)s, %(collection)s, %(objects)s::text[], %(object_count)s, %(request_id)s,
                            %(address)s, %(route)s, %(key)s, %(holder)s)
WHERE pg_current_xact_id_if_assigned() IS NOT NULL
"""
MOST_OBJECTS_NAMED = 100


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
        self._objects: list[str] = []
        self._others = 0
        self._collection: str | None = None

    def concerns(self, *objects: str, others: int = 0, collection: str | None = None) -> None:
        """Tell the audit what is written: the ids, and how many others without naming them."""
        self._objects.extend(objects)
        self._others += others
        self._collection = collection or self._collection

    async def record(self, write: WriteRequest, objects: Sequence[str] | None = None) -> None:
        """Send what the audit is to have of this transaction, which is committed with it or not at all.

        `objects` are those of one request where several share the transaction.
        """
        objects = list(objects or self._objects or write.objects)
        claimed = write.claimed
        parameters = {
            "action": write.action,
            "collection": self._collection or write.collection,
            "objects": objects[:MOST_OBJECTS_NAMED],
            "object_count": len(objects) + self._others,
            "request_id": write.request_id,
            "address": write.address,
            "route": claimed.route if claimed else None,
            "key": claimed.key if claimed else None,
            "holder": claimed.holder if claimed else None,
        }
        await self._connection.execute(_RECORD, parameters)

    async def start[Row](self, statement: Statement, row: type[Row], **parameters: object) -> Pending[Row]:
        """Send a statement; several started ones share one round trip, made when the first is read."""
        with translated():
            cursor = psycopg.AsyncRawCursor(self._connection, row_factory=class_row(row))
            await _execute(cursor, statement, parameters)
            return Pending(cursor)

    async def rows[Row](self, statement: Statement, row: type[Row], **parameters: object) -> list[Row]:
        return await (await self.start(statement, row, **parameters)).rows()

    async def row[Row](self, statement: Statement, row: type[Row], **parameters: object) -> Row | None:
        return await (await self.start(statement, row, **parameters)).row()

    async def send(self, statement: Statement, **parameters: object) -> None:
        """Send a statement whose answer does not matter; its error surfaces at the next read or commit."""
        with translated():
            await _execute(psycopg.AsyncRawCursor(self._connection), statement, parameters)


async def _execute(
    cursor: psycopg.AsyncRawCursor[Any], statement: Statement, parameters: Mapping[str, object]
) -> None:
    text, names = numbered(statement.text)
    await cursor.execute(text, [parameters[name] for name in names])


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
                await connection.execute(_CLAIMS, _claims(principal, timeout))
                if principal.filter is not None:
                    await connection.execute(_NOTHING_SHOWN)
                unit = UnitOfWork(connection)
                yield unit
                write = current_write.get()
                if write is not None:
                    await unit.record(write)
                await connection.execute("COMMIT")
    except BaseException as error:
        await _roll_back(connection)
        was_aborted = isinstance(error.__cause__, psycopg.Error)
        # Of a pipeline that was aborted the driver may believe statements prepared that are not.
        if leads_elsewhere(error.__cause__) or (was_aborted and connection.prepare_threshold is not None):
            await connection.close()
        raise
    finally:
        unit_of_work_is_open.reset(token)


def _claims(principal: Principal, timeout_ms: int) -> dict[str, str]:
    """What row-level security goes by until the transaction ends; without it there is nothing to see."""
    enters_all = principal.collections == EVERY_COLLECTION
    return {
        "principal": principal.name,
        "collections": _EVERYTHING if enters_all else json.dumps(principal.collections),
        "readers": _EVERYTHING if principal.readers is None else json.dumps(principal.readers),
        "statement_timeout": str(timeout_ms),
    }


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

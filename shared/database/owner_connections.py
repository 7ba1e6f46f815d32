"""The owner's connection, which leads to the server itself, and Prisma's lock on a database's structure."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shared.config import ConfigurationError
from shared.database.driver_errors import refuses_login, tells_of_no_server
from shared.errors import DatabaseUnavailable, MigrationError

# The number that Prisma chose for itself.
ADVISORY_LOCK = 72707369
LOCK_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 10
_PAUSE_SECONDS = 1.0

type OwnerConnection = psycopg.AsyncConnection[tuple[Any, ...]]


@asynccontextmanager
async def owner_connection(url: str, *, patience_seconds: float = 0) -> AsyncIterator[OwnerConnection]:
    """A connection like Prisma's: each statement for itself, unqualified names in schema public.

    Goes on trying for `patience_seconds`, as a paused database takes some to resume. Raises
    DatabaseUnavailable, MigrationError for what the server refuses, and ConfigurationError.
    """
    _refuse_unless_address(url)
    try:
        async with await _connect(url, patience_seconds) as connection:
            await connection.execute("SET search_path TO public")
            # Row-level security binds the owner too.
            await connection.execute("SET concord.collections = '*'")
            await connection.execute("SET concord.readers = '*'")
            yield connection
    except psycopg.Error as error:
        if tells_of_no_server(error):
            raise DatabaseUnavailable(f"The database does not answer: {error}") from error
        raise MigrationError(f"The database refused: {server_message(error)}") from error


def server_message(error: Exception) -> str:
    """What the server says first of an error: its details may quote rows."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or str(error)


async def _connect(url: str, patience_seconds: float) -> OwnerConnection:
    give_up = time.monotonic() + patience_seconds
    while True:
        try:
            return await psycopg.AsyncConnection.connect(
                url, autocommit=True, prepare_threshold=None, connect_timeout=CONNECT_TIMEOUT_SECONDS
            )
        except psycopg.OperationalError as error:
            if refuses_login(error) or time.monotonic() >= give_up:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


def _refuse_unless_address(url: str) -> None:
    """In our words, as the driver's quote what they cannot read, and with it a password."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            "The owner's address (DATABASE_MIGRATION_URL, else DATABASE_URL) is not of the form"
            " postgresql://user:password@host:5432/name, with special characters percent-encoded."
        ) from None


async def take_migration_lock(
    connection: OwnerConnection, timeout_seconds: float = LOCK_TIMEOUT_SECONDS
) -> None:
    """Hold the lock until the connection closes. Raises MigrationError when it is not had in time."""
    try:
        async with connection.transaction():
            await connection.execute(
                "SELECT set_config('lock_timeout', %s, true)", [f"{timeout_seconds * 1000:.0f}ms"]
            )
            await connection.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
    except psycopg.errors.LockNotAvailable:
        raise MigrationError(
            f"Migrations are being applied by somebody else, for {timeout_seconds:g} s already."
        ) from None

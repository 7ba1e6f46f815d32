"""Applies the migrations as `prisma migrate deploy` does, so that either can follow the other.

The table `_prisma_migrations`, the checksums and the advisory lock are Prisma's. Three differences,
all on purpose: an applied migration whose file has changed is refused; a database that has other
tables already is not, as Concord moves in with an application; nor is one in which a later release's
migration has failed, as a deployment that is rolled back comes back to the earlier release.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from shared.database.migration_files import MIGRATIONS_FOLDER, Migration, read_migrations
from shared.database.owner_connections import (
    LOCK_TIMEOUT_SECONDS,
    OwnerConnection,
    owner_connection,
    server_message,
    take_migration_lock,
)
from shared.errors import MigrationError

CREATE_TABLE = """
CREATE TABLE public._prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """Names of the migrations applied just now and before, and of the database's that have no file here."""

    applied: tuple[str, ...]
    already_applied: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Names of migrations, each in the order of the files, those without a file in that of time.

    `changed` ones are applied, but their file is not the one that was; `missing` ones stand in the
    database and have no file. One that is being applied at the moment counts as failed.
    """

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    failed: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def up_to_date(self) -> bool:
        return not (self.pending or self.failed or self.changed or self.missing)


@dataclass(frozen=True, slots=True)
class _Record:
    migration_name: str
    checksum: str
    is_finished: bool
    logs: str | None


async def apply_migrations(
    url: str,
    folder: Path = MIGRATIONS_FOLDER,
    *,
    lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    patience_seconds: float = 0,
) -> MigrationReport:
    """Apply what is pending, one file after the other, each as one script.

    Of several callers one applies; the others wait their turn and find nothing to do. `url` must
    lead to the server itself, not to a pooler in transaction mode: the lock belongs to a session.
    A server that does not answer is asked again for `patience_seconds`.

    Raises MigrationError when an earlier migration has failed, when an applied one's file has
    changed, when a script fails (its name and the server's first words are in the message, all of them
    in the table) and when the lock is not had in time; DatabaseUnavailable when the server does not
    answer. One that is cancelled stands in the table as failed.
    """
    migrations = read_migrations(folder)
    async with owner_connection(url, patience_seconds=patience_seconds) as connection:
        await take_migration_lock(connection, lock_timeout_seconds)
        await _create_table(connection)
        records = await _read_records(connection)
        status = _compare(migrations, records)
        _refuse_bad_history(migrations, status, records)
        for migration in migrations:
            if migration.name in status.pending:
                await _apply(connection, migration)
    return MigrationReport(status.pending, status.applied, status.missing)


async def migration_status(url: str, folder: Path = MIGRATIONS_FOLDER) -> MigrationStatus:
    """Compare the database with the files, changing nothing.

    Raises MigrationError when there are no files, DatabaseUnavailable when nobody answers.
    """
    migrations = read_migrations(folder)
    async with owner_connection(url) as connection:
        records = await _read_records(connection) if await _has_table(connection) else []
    return _compare(migrations, records)


async def _has_table(connection: OwnerConnection) -> bool:
    cursor = await connection.execute(
        "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = '_prisma_migrations'"
    )
    return await cursor.fetchone() is not None


async def _create_table(connection: OwnerConnection) -> None:
    if not await _has_table(connection):
        await connection.execute("CREATE SCHEMA IF NOT EXISTS public")
        await connection.execute(CREATE_TABLE)


async def _read_records(connection: OwnerConnection) -> list[_Record]:
    async with connection.cursor(row_factory=class_row(_Record)) as cursor:
        await cursor.execute(
            "SELECT migration_name, checksum, finished_at IS NOT NULL AS is_finished, logs"
            " FROM public._prisma_migrations WHERE rolled_back_at IS NULL"
            " ORDER BY started_at, migration_name"
        )
        return await cursor.fetchall()


def _compare(migrations: Sequence[Migration], records: Sequence[_Record]) -> MigrationStatus:
    names = {migration.name for migration in migrations}
    started = dict.fromkeys(record.migration_name for record in records)
    finished = {record.migration_name: record for record in records if record.is_finished}
    failed = [record.migration_name for record in records if not record.is_finished]
    return MigrationStatus(
        applied=tuple(
            migration.name
            for migration in migrations
            if migration.name in finished and migration.name not in failed
        ),
        pending=tuple(m.name for m in migrations if m.name not in started),
        failed=tuple(failed),
        changed=tuple(
            migration.name
            for migration in migrations
            if (record := finished.get(migration.name)) and not migration.has_checksum(record.checksum)
        ),
        missing=tuple(name for name in started if name not in names),
    )


def _refuse_bad_history(
    migrations: Sequence[Migration], status: MigrationStatus, records: Sequence[_Record]
) -> None:
    names = {migration.name for migration in migrations}
    if status.failed and (status.pending or names.intersection(status.failed)):
        logs = [record.logs or "no logs" for record in records if not record.is_finished]
        failures = "; ".join(f"{name} ({log})" for name, log in zip(status.failed, logs, strict=True))
        raise MigrationError(
            f"An earlier migration has failed: {failures}. Mend the database by hand, then"
            " tell it so with `prisma migrate resolve --rolled-back NAME` (or `--applied NAME`)."
        )
    if status.changed:
        raise MigrationError(
            "The file of an applied migration has changed since:"
            f" {', '.join(status.changed)}. Restore it and write a new migration instead."
        )


async def _apply(connection: OwnerConnection, migration: Migration) -> None:
    record_id = str(uuid.uuid4())
    await connection.execute(
        "INSERT INTO public._prisma_migrations (id, checksum, started_at, migration_name)"
        " VALUES (%s, %s, clock_timestamp(), %s)",
        [record_id, migration.checksum, migration.name],
    )
    try:
        await _run(connection, migration.script)
    except asyncio.CancelledError:
        await _record_failure(connection, record_id, "It was stopped before its end.")
        raise
    except (psycopg.Error, MigrationError) as error:
        await _record_failure(connection, record_id, str(error))
        raise MigrationError(f"The migration {migration.name} failed: {server_message(error)}") from error
    await connection.execute(
        "UPDATE public._prisma_migrations SET finished_at = clock_timestamp(),"
        " applied_steps_count = applied_steps_count + 1 WHERE id = %s",
        [record_id],
    )


async def _run(connection: OwnerConnection, script: bytes) -> None:
    # Without parameters this is a simple query: several statements, one implicit transaction.
    await connection.execute(script)
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise MigrationError("The script has opened a transaction and left it open.")


async def _record_failure(connection: OwnerConnection, record_id: str, logs: str) -> None:
    await connection.rollback()
    await connection.execute(
        "UPDATE public._prisma_migrations SET logs = %s WHERE id = %s", [logs, record_id]
    )

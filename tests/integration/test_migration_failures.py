"""Migrations that fail, are stopped, or find no database."""

import asyncio
import time
import uuid
from pathlib import Path

import pytest
from psycopg import sql

from shared.config import ConfigurationError
from shared.database.migrations import apply_migrations, migration_status
from shared.errors import DatabaseUnavailable, MigrationError
from tests.builders.migrations import query, write_migrations
from tests.builders.postgres import (
    database_at,
    folder_for_servers,
    halt_postgres,
    resume_postgres,
    start_postgres,
    stop_postgres,
)


async def test_a_failed_migration_leaves_nothing_and_blocks(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(
        tmp_path,
        **{"1_bad": "CREATE TABLE a (id int); SELECT 1 / 0;", "2_good": "CREATE TABLE b (id int);"},
    )
    with pytest.raises(MigrationError, match="The migration 1_bad failed: division by zero"):
        await apply_migrations(empty_database_url, folder)
    status = await migration_status(empty_database_url, folder)
    assert (status.failed, status.applied, status.pending) == (("1_bad",), (), ("2_good",))
    assert status.up_to_date is False
    assert await query(empty_database_url, "SELECT to_regclass('a'), to_regclass('b')") == [(None, None)]

    write_migrations(folder, **{"1_bad": "CREATE TABLE a (id int);"})
    with pytest.raises(MigrationError, match=r"has failed: 1_bad \(division by zero\)"):
        await apply_migrations(empty_database_url, folder)

    await query(empty_database_url, "UPDATE _prisma_migrations SET rolled_back_at = now()")
    assert (await apply_migrations(empty_database_url, folder)).applied == ("1_bad", "2_good")
    assert (await migration_status(empty_database_url, folder)).up_to_date


async def test_the_release_before_a_failed_migration_comes_back(
    empty_database_url: str, tmp_path: Path
) -> None:
    """A deployment that fails is rolled back, and with it calls the earlier release's migrations."""
    folder = write_migrations(tmp_path / "new", **{"1_good": "SELECT 1;", "2_bad": "SELECT 1 / 0;"})
    with pytest.raises(MigrationError):
        await apply_migrations(empty_database_url, folder)
    earlier = write_migrations(tmp_path / "old", **{"1_good": "SELECT 1;"})
    report = await apply_migrations(empty_database_url, earlier)
    assert (report.applied, report.already_applied, report.missing) == ((), ("1_good",), ("2_bad",))
    assert (await migration_status(empty_database_url, earlier)).failed == ("2_bad",)
    another = write_migrations(tmp_path / "old", **{"1_more": "SELECT 1;"})
    with pytest.raises(MigrationError, match="has failed: 2_bad"):
        await apply_migrations(empty_database_url, another)


async def test_a_cancelled_migration_leaves_nothing_and_blocks(
    empty_database_url: str, tmp_path: Path
) -> None:
    folder = write_migrations(tmp_path, **{"1_slow": "CREATE TABLE a (id int); SELECT pg_sleep(60);"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await apply_migrations(empty_database_url, folder)
    assert await query(empty_database_url, "SELECT to_regclass('a')") == [(None,)]
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
    )
    assert await query(empty_database_url, running) == [(0,)]
    with pytest.raises(MigrationError, match=r"has failed: 1_slow \(It was stopped before its end\.\)"):
        await apply_migrations(empty_database_url, folder)


async def test_an_error_tells_no_rows(empty_database_url: str, tmp_path: Path) -> None:
    script = "CREATE TABLE a (name text UNIQUE); INSERT INTO a VALUES ('Ann'), ('Ann');"
    with pytest.raises(MigrationError, match="1_bad failed: duplicate key value") as raised:
        await apply_migrations(empty_database_url, write_migrations(tmp_path, **{"1_bad": script}))
    assert "Ann" not in raised.value.message
    (logs,) = (await query(empty_database_url, "SELECT logs FROM _prisma_migrations"))[0]
    assert "Ann" in logs


async def test_a_script_must_not_leave_a_transaction_open(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, **{"1_open": "BEGIN; CREATE TABLE a (id int);"})
    with pytest.raises(MigrationError, match="1_open failed: The script has opened a transaction"):
        await apply_migrations(empty_database_url, folder)
    assert await query(empty_database_url, "SELECT to_regclass('a')") == [(None,)]
    assert (await migration_status(empty_database_url, folder)).failed == ("1_open",)


async def test_a_server_that_dies_meanwhile_leaves_a_failed_migration(
    empty_database_url: str, tmp_path: Path
) -> None:
    folder = write_migrations(tmp_path, **{"1_fatal": "SELECT pg_terminate_backend(pg_backend_pid());"})
    with pytest.raises(DatabaseUnavailable, match="The database does not answer"):
        await apply_migrations(empty_database_url, folder)
    assert (await migration_status(empty_database_url, folder)).failed == ("1_fatal",)
    with pytest.raises(MigrationError, match=r"1_fatal \(no logs\)"):
        await apply_migrations(empty_database_url, folder)


async def test_without_a_database_it_is_unavailable(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        await migration_status(database_at(postgres_url, "nowhere"))


async def test_a_refused_login_is_not_tried_again(postgres_url: str) -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        await apply_migrations(database_at(postgres_url, "nowhere"), patience_seconds=30)
    assert time.monotonic() - started < 5


async def test_a_statement_that_is_out_of_time_is_no_outage(empty_database_url: str, tmp_path: Path) -> None:
    script = "SET statement_timeout = 50; SELECT pg_sleep(10);"
    with pytest.raises(MigrationError, match="statement timeout"):
        await apply_migrations(empty_database_url, write_migrations(tmp_path, **{"1_slow": script}))


async def test_a_server_that_is_away_is_waited_for(tmp_path: Path, postgres_version: int) -> None:
    with folder_for_servers() as folder:
        data = Path(folder) / str(postgres_version)
        url = start_postgres(data, postgres_version)
        halt_postgres(data, postgres_version)
        migrations = write_migrations(tmp_path, **{"1_first": "SELECT 1;"})
        with pytest.raises(DatabaseUnavailable):
            await apply_migrations(url, migrations)
        waiting = asyncio.create_task(apply_migrations(url, migrations, patience_seconds=30))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(resume_postgres, data, postgres_version)
        assert (await waiting).applied == ("1_first",)
        stop_postgres(data, postgres_version)


@pytest.mark.parametrize("address", ["postgres:/user:secret@host", "postgresql://user:100%secret@host/name"])
async def test_a_malformed_address_is_not_quoted(address: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_MIGRATION_URL") as raised:
        await apply_migrations(address)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_role_without_rights_is_refused(empty_database_url: str) -> None:
    role = f"reader_{uuid.uuid4().hex}"
    name = sql.Identifier(role).as_string()
    await query(empty_database_url, f"CREATE ROLE {name} LOGIN")
    try:
        with pytest.raises(MigrationError, match="The database refused: permission denied"):
            await apply_migrations(empty_database_url.replace("postgres@", f"{role}@"))
    finally:
        await query(empty_database_url, f"DROP ROLE {name}")

"""Migrations applied by Concord and by Prisma, on real servers, one after the other."""

import asyncio
import re
from pathlib import Path

import psycopg
import pytest

from shared.database.migration_files import MIGRATIONS_FOLDER, migrations_hash, read_migrations
from shared.database.migrations import apply_migrations, migration_status
from shared.database.owner_connections import ADVISORY_LOCK
from shared.errors import MigrationError
from tests.builders.migrations import query, write_migrations
from tests.builders.prisma import Prisma

NAMES = tuple(migration.name for migration in read_migrations(MIGRATIONS_FOLDER))

BOOKKEEPING_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = 'public._prisma_migrations'::regclass AND a.attnum > 0
    ORDER BY a.attnum
"""
BOOKKEEPING_CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = 'public._prisma_migrations'::regclass ORDER BY conname
"""
BOOKKEEPING_ROWS = """
    SELECT checksum, migration_name, logs, rolled_back_at, applied_steps_count,
           length(id), finished_at >= started_at
    FROM public._prisma_migrations ORDER BY migration_name
"""


async def test_prisma_calls_our_result_up_to_date(database_url: str, prisma: Prisma) -> None:
    status = prisma("migrate", "status", database_url=database_url)
    assert (status.returncode, "Database schema is up to date!" in status.stdout) == (0, True)
    deploy = prisma("migrate", "deploy", database_url=database_url)
    assert (deploy.returncode, "No pending migrations" in deploy.stdout) == (0, True)
    assert (await migration_status(database_url)).up_to_date


async def test_we_call_prismas_result_up_to_date(empty_database_url: str, prisma: Prisma) -> None:
    deploy = prisma("migrate", "deploy", database_url=empty_database_url)
    assert deploy.returncode == 0, deploy.stderr
    status = await migration_status(empty_database_url)
    assert (status.applied, status.up_to_date) == (NAMES, True)
    report = await apply_migrations(empty_database_url)
    assert (report.applied, report.already_applied, report.missing) == ((), NAMES, ())


async def test_the_bookkeeping_is_prismas(database_url: str, empty_database_url: str, prisma: Prisma) -> None:
    assert prisma("migrate", "deploy", database_url=empty_database_url).returncode == 0
    for statement in (BOOKKEEPING_COLUMNS, BOOKKEEPING_CONSTRAINTS, BOOKKEEPING_ROWS):
        ours = await query(database_url, statement)
        assert ours
        assert ours == await query(empty_database_url, statement)


async def test_what_is_pending_is_applied_in_order_of_names(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(
        tmp_path, **{"2_more": "CREATE TABLE b AS TABLE a;", "1_first": "CREATE TABLE a (id int);"}
    )
    before = await migration_status(empty_database_url, folder)
    assert (before.applied, before.pending) == ((), ("1_first", "2_more"))
    assert await query(empty_database_url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []

    assert (await apply_migrations(empty_database_url, folder)).applied == ("1_first", "2_more")
    write_migrations(folder, **{"3_last": "DROP TABLE b;"})
    report = await apply_migrations(empty_database_url, folder)
    assert (report.applied, report.already_applied) == (("3_last",), ("1_first", "2_more"))


async def test_of_two_appliers_one_applies(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, **{"1_slow": "SELECT pg_sleep(0.3); CREATE TABLE a (id int);"})
    reports = await asyncio.gather(*(apply_migrations(empty_database_url, folder) for _ in range(3)))
    assert sorted(report.applied for report in reports) == [(), (), ("1_slow",)]


async def test_the_lock_is_waited_for_until_its_timeout(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, **{"1_first": "SELECT 1;"})
    async with await psycopg.AsyncConnection.connect(empty_database_url) as holder:
        await holder.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        with pytest.raises(MigrationError, match=r"by somebody else, for 0\.1 s"):
            await apply_migrations(empty_database_url, folder, lock_timeout_seconds=0.1)
    assert (await apply_migrations(empty_database_url, folder)).applied == ("1_first",)


async def test_an_applied_migration_must_not_change(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, **{"1_first": "SELECT 1;\n"})
    await apply_migrations(empty_database_url, folder)
    write_migrations(folder, **{"1_first": "SELECT 2;\n", "2_more": "SELECT 3;"})
    with pytest.raises(MigrationError, match="has changed since: 1_first"):
        await apply_migrations(empty_database_url, folder)
    status = await migration_status(empty_database_url, folder)
    assert (status.changed, status.pending, status.up_to_date) == (("1_first",), ("2_more",), False)


async def test_line_endings_are_no_change(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, **{"1_first": "SELECT\n1;\n"})
    await apply_migrations(empty_database_url, folder)
    write_migrations(folder, **{"1_first": "SELECT\r\n1;\r\n"})
    assert (await migration_status(empty_database_url, folder)).up_to_date


async def test_prisma_refuses_after_our_failure(empty_database_url: str, prisma: Prisma) -> None:
    await query(empty_database_url, "CREATE SCHEMA concord_embedding")
    with pytest.raises(MigrationError, match=f"{NAMES[0]} failed: schema .* already exists"):
        await apply_migrations(empty_database_url)
    assert prisma("migrate", "status", database_url=empty_database_url).returncode == 1
    deploy = prisma("migrate", "deploy", database_url=empty_database_url)
    assert (deploy.returncode, f"`{NAMES[0]}` migration started" in deploy.stderr) == (1, True)


async def test_a_script_of_one_statement_runs_outside_a_transaction(
    empty_database_url: str, tmp_path: Path
) -> None:
    folder = write_migrations(
        tmp_path,
        **{
            "1_table": "CREATE TABLE a (id int);",
            "2_index": "CREATE INDEX CONCURRENTLY i ON a (id);",
        },
    )
    assert (await apply_migrations(empty_database_url, folder)).applied == ("1_table", "2_index")


async def test_unqualified_names_mean_schema_public(empty_database_url: str, tmp_path: Path) -> None:
    await query(empty_database_url, "CREATE SCHEMA other")
    name = empty_database_url.partition("?")[0].rpartition("/")[2]
    await query(empty_database_url, f'ALTER DATABASE "{name}" SET search_path TO other')
    folder = write_migrations(tmp_path, **{"1_first": "CREATE TABLE a (id int);"})
    await apply_migrations(empty_database_url, folder)
    assert await query(empty_database_url, "SELECT to_regclass('public.a')::text") == [("public.a",)]


async def test_it_moves_in_with_the_tables_of_an_application(empty_database_url: str, prisma: Prisma) -> None:
    await query(empty_database_url, "CREATE TABLE customers (id int)")
    assert (await apply_migrations(empty_database_url)).applied == NAMES
    assert prisma("migrate", "status", database_url=empty_database_url).returncode == 0


async def test_migrations_without_a_file_are_reported(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, **{"1_first": "SELECT 1;", "2_newer": "SELECT 2;"})
    await apply_migrations(empty_database_url, folder)
    older = tmp_path / "older"
    older.mkdir()
    write_migrations(older, **{"1_first": "SELECT 1;"})
    report = await apply_migrations(empty_database_url, older)
    assert (report.applied, report.already_applied, report.missing) == (
        (),
        ("1_first",),
        ("2_newer",),
    )
    status = await migration_status(empty_database_url, older)
    assert (status.missing, status.up_to_date) == (("2_newer",), False)


def test_the_hash_follows_names_and_contents_alone(tmp_path: Path) -> None:
    scripts = {"1_first": "SELECT\n1;\n", "2_more": "SELECT 2;"}
    first = migrations_hash(write_migrations(tmp_path / "a", **scripts))
    assert re.fullmatch("[0-9a-f]{64}", first)
    windows = {name: script.replace("\n", "\r\n") for name, script in scripts.items()}
    assert migrations_hash(write_migrations(tmp_path / "b", **windows)) == first
    others = [{**scripts, "3": ""}, {**scripts, "2_more": "SELECT 3;"}, {"1_first": scripts["1_first"]}]
    hashes = {
        migrations_hash(write_migrations(tmp_path / str(place), **changed))
        for place, changed in enumerate(others)
    }
    assert len(hashes | {first}) == 4

"""`concord migrate`."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from shared.cli.exit_codes import ExitCode
from shared.cli.options import JsonOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def migrate(
    status: Annotated[bool, typer.Option("--status", help="Show what is applied; change nothing.")] = False,
    hash_: Annotated[
        bool,
        typer.Option("--hash", help="Show the files' hash, which template.yaml has too; ask no database."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply the migrations that the database lacks, as `prisma migrate deploy` does, and set up the roles
    that DATABASE_ROLE_SECRET_ARNS or DATABASE_IAM_ROLES tell of.

    With --status the exit code is 1 while the database and the files differ.
    """
    if status and hash_:
        raise typer.BadParameter("it is one or the other", param_hint="--status, --hash")
    if hash_:
        _show_hash(as_json=as_json)
    elif status:
        _show_status(as_json=as_json)
    else:
        _migrate(as_json=as_json)


def _show_hash(*, as_json: bool) -> None:
    from shared.cli.console import output, print_json
    from shared.database.migration_files import MIGRATIONS_FOLDER, migrations_hash

    found = migrations_hash(MIGRATIONS_FOLDER)
    if as_json:
        print_json({"hash": found})
    else:
        output().print(found)


def _show_status(*, as_json: bool) -> None:
    from shared.config import load_settings
    from shared.database.addresses import migration_url
    from shared.database.migration_settings import MigrationSettings
    from shared.database.migrations import migration_status
    from shared.local.environment import Migrations, laptop_environment

    with laptop_environment(migrations=Migrations.LEAVE):
        found = asyncio.run(migration_status(migration_url(load_settings(MigrationSettings))))
        _show({**asdict(found), "up_to_date": found.up_to_date}, as_json=as_json)
        if not found.up_to_date:
            raise typer.Exit(ExitCode.FAILED)


def _migrate(*, as_json: bool) -> None:
    from shared.config import load_settings
    from shared.database.migration_settings import MigrationSettings
    from shared.local.environment import Migrations, laptop_environment
    from shared.services.migrate_database import migrate_database

    with laptop_environment(migrations=Migrations.LEAVE):
        report = asyncio.run(migrate_database(load_settings(MigrationSettings)))
        _show(asdict(report), as_json=as_json)


def _show(report: dict[str, object], *, as_json: bool) -> None:
    """A report's lists of names, one line each; what is empty goes without saying."""
    from shared.cli.console import output, print_json

    if as_json:
        print_json(report)
        return
    lists = {label: names for label, names in report.items() if isinstance(names, tuple)}
    for label, names in lists.items():
        for name in names:
            output().print(f"{label.replace('_', ' ')}: {name}", soft_wrap=True)
    if not any(lists[label] for label in lists if label in {"pending", "failed", "changed", "missing"}):
        output().print("The database is up to date.")

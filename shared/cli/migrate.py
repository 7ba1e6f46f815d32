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
    as_json: JsonOption = False,
) -> None:
    """Apply the migrations that the database lacks, as `prisma migrate deploy` does.

    With --status the exit code is 1 while the database and the files differ.
    """
    from shared.config import MigrationSettings, load_settings
    from shared.database.addresses import migration_url
    from shared.database.migrations import apply_migrations, migration_status
    from shared.local.environment import Migrations, laptop_environment

    with laptop_environment(migrations=Migrations.LEAVE):
        url = migration_url(load_settings(MigrationSettings))
        if status:
            found = asyncio.run(migration_status(url))
            _show({**asdict(found), "up_to_date": found.up_to_date}, as_json=as_json)
            if not found.up_to_date:
                raise typer.Exit(ExitCode.FAILED)
        else:
            _show(asdict(asyncio.run(apply_migrations(url))), as_json=as_json)


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

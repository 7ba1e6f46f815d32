"""`concord index`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.options import JsonOption

if TYPE_CHECKING:
    from shared.services.build_vector_indexes import BuildOptions, IndexReport

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def index(
    collection: Annotated[
        str | None, typer.Argument(metavar="[COLLECTION]", help="Only that of this collection.")
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(
            "--memory",
            metavar="MB",
            min=1,
            max=1_000_000,
            help="Memory for a build, else what the index needs, up to 2048. With less it takes longer.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            min=0,
            max=64,
            help="Workers beside a build. They share its memory: 0 in a container that has no such room.",
        ),
    ] = 2,
    as_json: JsonOption = False,
) -> None:
    """Build the vector indexes of collections that have outgrown exact scans.

    Others go on searching and writing meanwhile. What an interrupted build has left is taken away first:
    after an interruption, call it again. This works as the database's owner, on DATABASE_MIGRATION_URL,
    DATABASE_URL or the laptop's own database.
    """
    from shared.cli.console import print_json
    from shared.local.environment import laptop_environment
    from shared.services.build_vector_indexes import BuildOptions

    with laptop_environment():
        reports = _build(collection, BuildOptions(memory, workers))
    if as_json:
        print_json({"collections": [_as_json(report) for report in reports]})
    else:
        _show(reports)


def _build(collection: str | None, options: "BuildOptions") -> "list[IndexReport]":
    from shared.cli.progress import progressing
    from shared.config import load_settings
    from shared.database.addresses import migration_url
    from shared.database.migration_settings import MigrationSettings
    from shared.services.build_vector_indexes import build_vector_indexes

    url = migration_url(load_settings(MigrationSettings))
    with progressing() as show:
        return asyncio.run(
            build_vector_indexes(url, collection, options, lambda at, done: show(at.name, done, at.chunks))
        )


def _as_json(report: "IndexReport") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(report), "outcome": report.outcome.name.lower()}


def _show(reports: "list[IndexReport]") -> None:
    from shared.cli.console import output

    for report in reports:
        size = f", {report.bytes / 2**20:.1f} MB" if report.bytes else ""
        line = f"{report.collection}: {report.outcome} ({report.chunks} chunks, {report.seconds} s{size})"
        output().print(line, markup=False, soft_wrap=True)
    if not reports:
        output().print("Nothing to do: no collection has outgrown exact scans without an index.")

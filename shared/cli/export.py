"""`concord export`."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.options import UrlOption

if TYPE_CHECKING:
    from shared.cli.api_client import ConcordApi

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def export(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION")],
    vectors: Annotated[
        bool,
        typer.Option("--vectors", help="With the chunks' vectors, so that an import embeds nothing anew."),
    ] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE|-", help="The file; - is standard output.")
    ] = "-",
    url: UrlOption = None,
) -> None:
    """Write a collection as one bundle: its documents with their times, its settings, synonyms and pins.

    A bundle is lines of JSON, from a header to a footer with a checksum, which `concord import` takes. A
    deployed Concord builds it in its storage, from where it is downloaded.
    """
    if url is not None:
        from shared.cli.api_client import with_api

        count = with_api(url, lambda api: _write_remote(api, collection, output, with_vectors=vectors))
    else:
        from shared.local.environment import laptop_environment

        with laptop_environment():
            count = asyncio.run(_write_local(collection, output, with_vectors=vectors))
    from shared.cli.console import say

    say(f"{collection}: {count} documents")


async def _write_remote(api: "ConcordApi", collection: str, output: str, *, with_vectors: bool) -> int:
    from shared.cli.bundle_files import written
    from shared.cli.progress import progressing
    from shared.cli.remote_bundles import export_over_http

    with written(output) as file, progressing() as show:

        def on_progress(done: int, total: int) -> None:
            show("documents exported", done, total)

        return await export_over_http(api, collection, file, on_progress, with_vectors=with_vectors)


async def _write_local(collection: str, output: str, *, with_vectors: bool) -> int:
    from contextlib import aclosing

    from shared.config import DatabaseSettings, load_settings
    from shared.database.connections import open_connection
    from shared.domain.principals import ADMIN
    from shared.services.export_collection import export_collection

    async with aclosing(open_connection(load_settings(DatabaseSettings))) as database:
        return await _write(export_collection(database, ADMIN, collection, with_vectors=with_vectors), output)


async def _write(lines: AsyncIterator[bytes], output: str) -> int:
    """Write the lines and return how many documents are among them."""
    from shared.cli.bundle_files import written
    from shared.cli.progress import counted

    count = -1
    header = await anext(lines)
    with written(output) as file, counted("documents exported") as show:
        file.write(header)
        async for line in lines:
            file.write(line)
            count += 1
            show(count)
    return count

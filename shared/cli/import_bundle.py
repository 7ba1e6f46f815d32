"""`concord import`."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from shared.cli.exit_codes import ExitCode
from shared.cli.options import CollectionOption, JsonOption, UrlOption

if TYPE_CHECKING:
    from shared.cli.api_client import ConcordApi
    from shared.domain.bundles import CheckedBundle

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def import_bundle(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A bundle; - is standard input.")],
    collection: CollectionOption,
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Also into a collection that has documents, whose settings stay."),
    ] = False,
    without_vectors: Annotated[
        bool, typer.Option("--without-vectors", help="Embed anew, also what has vectors in the bundle.")
    ] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store the collection of a bundle that `concord export` has written.

    The whole bundle is checked before anything is stored. A missing collection is made with the settings in
    the bundle. What an interruption has left out, the same command with --merge adds. A deployed Concord
    takes documents without their times and vectors.
    """
    from shared.cli.bundle_files import lines_of, opened
    from shared.cli.console import output, print_json
    from shared.domain.bundles import check_bundle

    with opened(file) as bundle:
        checked = check_bundle(lines_of(bundle))
        if url is None:
            from shared.local.environment import laptop_environment

            with laptop_environment():
                counts = asyncio.run(
                    _import_local(bundle, checked, collection, merge=merge, with_vectors=not without_vectors)
                )
        else:
            from shared.cli.api_client import with_api

            counts = with_api(url, lambda api: _import_remote(api, bundle, checked, collection, merge=merge))
    shown = {name: counts[name] for name in ("created", "updated", "unchanged", "failed")}
    if as_json:
        print_json({"collection": collection, **shown})
    else:
        numbers = ", ".join(f"{count} {name}" for name, count in shown.items())
        output().print(f"{collection}: {numbers}")
    if counts["failed"]:
        raise typer.Exit(ExitCode.FAILED)


async def _import_local(
    bundle: BinaryIO, checked: "CheckedBundle", collection: str, *, merge: bool, with_vectors: bool
) -> Counter[str]:
    from contextlib import AsyncExitStack

    from shared.cache.opening import open_cache
    from shared.cli.bundle_files import lines_of
    from shared.cli.progress import counted
    from shared.config import CacheSettings, DatabaseSettings, EmbeddingSettings, load_settings
    from shared.database.connections import open_connection
    from shared.domain.embedding_spaces import EmbeddingSpace
    from shared.domain.principals import ADMIN
    from shared.services.import_bundle import BundleTarget
    from shared.services.import_bundle import import_bundle as restore

    embedding = load_settings(EmbeddingSettings)
    space = EmbeddingSpace(embedding.embedding_model, embedding.embedding_dimensions)
    target = BundleTarget(collection, space, merge=merge, with_vectors=with_vectors)
    async with AsyncExitStack() as stack:
        database = open_connection(load_settings(DatabaseSettings))
        cache = open_cache(load_settings(CacheSettings))
        for resource in (database, cache):
            stack.push_async_callback(resource.aclose)
        with counted("documents imported", total=checked.documents) as show:
            return await restore(database, cache, ADMIN, target, checked.header, lines_of(bundle), show)


async def _import_remote(
    api: "ConcordApi", bundle: BinaryIO, checked: "CheckedBundle", collection: str, *, merge: bool
) -> Counter[str]:
    from shared.cli.bundle_files import lines_of
    from shared.cli.console import say
    from shared.cli.progress import counted
    from shared.cli.remote_bundles import import_over_http

    with counted("documents imported", total=checked.documents) as show:
        report = await import_over_http(api, collection, checked.header, lines_of(bundle), show, merge=merge)
    for error in report.errors:
        say(f"{error.source}: {error.message}")
    return Counter({**report.counts, "failed": len(report.errors)})

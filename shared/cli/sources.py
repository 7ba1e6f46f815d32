"""`concord sources`: where documents come from by themselves."""

import asyncio
from typing import Annotated, Any

import typer

from shared.cli.options import CollectionOption, JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.

sources = typer.Typer(no_args_is_help=True, help="Have documents come from feeds, sitemaps, pages and S3.")

SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's id.")]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait until the refresh has ended.")]
_LOOK_SECONDS = 0.5


@sources.command()
def add(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where it is; s3://bucket/prefix for S3.")],
    collection: CollectionOption,
    kind: Annotated[
        str, typer.Option("--kind", "-k", help="feed, sitemap, page or s3_prefix; from the URL if left out.")
    ] = "",
    name: Annotated[str, typer.Option("--id", help="The source's id.")] = "",
    every: Annotated[str, typer.Option("--every", help="30m, 6h, 1d, or never.")] = "1d",
    include: Annotated[list[str] | None, typer.Option("--include", help="Only such addresses.")] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="No such addresses.")] = None,
    wait: WaitOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a source, and refresh it for the first time; the collection is created if missing."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.source_tables import kind_of, seconds_of

    settings = {"include": include or [], "exclude": exclude or []}
    definition: dict[str, Any] = {
        "kind": kind or kind_of(address),
        "url": address,
        "schedule_seconds": seconds_of(every),
        "settings": settings,
    }
    if name:
        definition["id"] = name

    async def run(api: ConcordApi) -> dict[str, Any]:
        await api.ensure_collection(collection)
        added = await api.request("POST", _path(collection), body=definition)
        return await _followed(api, collection, added["id"]) if wait else added

    _show(with_api(url, run, with_worker=wait), as_json=as_json)


@sources.command("list")
def list_(collection: CollectionOption, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List a collection's sources."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import output, print_json
    from shared.cli.source_tables import sources_table

    async def run(api: ConcordApi) -> list[dict[str, Any]]:
        return [source async for source in api.listed(_path(collection), "sources")]

    listed = with_api(url, run)
    if as_json:
        print_json(listed)
    else:
        output().print(sources_table(listed))


@sources.command()
def show(
    source: SourceArgument, collection: CollectionOption, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Show a source: what its last refreshes did, and what of it fails."""
    from shared.cli.api_client import ConcordApi, with_api

    async def run(api: ConcordApi) -> dict[str, Any]:
        found: dict[str, Any] = await api.request("GET", _path(collection, source))
        return found

    _show(with_api(url, run), as_json=as_json)


@sources.command()
def refresh(
    source: SourceArgument,
    collection: CollectionOption,
    wait: WaitOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refresh a source now."""
    _change(source, collection, {"refresh": True}, wait=wait, url=url, as_json=as_json)


@sources.command()
def approve(
    source: SourceArgument,
    collection: CollectionOption,
    wait: WaitOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a source that is asking delete as many documents as it asked for."""
    _change(source, collection, {"approve_deletions": True}, wait=wait, url=url, as_json=as_json)


@sources.command()
def remove(
    source: SourceArgument,
    collection: CollectionOption,
    keep: Annotated[bool, typer.Option("--keep-documents", help="Leave its documents.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a source, with its documents."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import print_json, say

    async def run(api: ConcordApi) -> int:
        path = f"{_path(collection, source)}?keep_documents={str(keep).lower()}"
        answer = await api.request("DELETE", path)
        deleted: int = answer["deleted"]
        while not answer["complete"]:
            answer = await api.request("DELETE", path)
            deleted += answer["deleted"]
        return deleted

    deleted = with_api(url, run)
    if as_json:
        print_json({"id": source, "deleted": deleted})
    else:
        say(f"{source} is gone, and {deleted} documents with it.")


def _change(
    source: str, collection: str, change: dict[str, Any], *, wait: bool, url: str | None, as_json: bool
) -> None:
    from shared.cli.api_client import ConcordApi, with_api

    async def run(api: ConcordApi) -> dict[str, Any]:
        changed: dict[str, Any] = await api.request("PATCH", _path(collection, source), body=change)
        return await _followed(api, collection, source) if wait else changed

    _show(with_api(url, run, with_worker=wait), as_json=as_json)


async def _followed(api: Any, collection: str, source: str) -> dict[str, Any]:
    """The source when its refresh has ended, which a bar shows meanwhile."""
    from shared.cli.progress import shrinking

    with shrinking("fetching") as left:
        while True:
            found: dict[str, Any] = await api.request("GET", _path(collection, source))
            if not found["refreshing"]:
                return found
            left(found["pending"])
            await asyncio.sleep(_LOOK_SECONDS)


def _show(source: dict[str, Any], *, as_json: bool) -> None:
    from shared.cli.console import output, print_json
    from shared.cli.exit_codes import ExitCode
    from shared.cli.source_tables import source_lines

    if as_json:
        print_json(source)
    else:
        for line in source_lines(source):
            output().print(line)
    if source["state"] in {"asking", "failing"}:
        raise typer.Exit(ExitCode.FAILED)


def _path(collection: str, source: str | None = None) -> str:
    path = f"/v1/collections/{collection}/sources"
    return path if source is None else f"{path}/{source}"

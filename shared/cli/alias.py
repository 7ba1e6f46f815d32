"""`concord alias`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from shared.cli.options import JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.

alias = typer.Typer(
    no_args_is_help=True,
    help="Other names of collections: given to another one, every request that names it follows.",
)
AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="The other name.")]


@alias.command("set")
def set_alias(
    name: AliasArgument,
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="What it stands for from now on.")],
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a collection another name, at once for all requests."""
    from shared.cli.api_client import with_api

    given = with_api(
        url, lambda api: api.request("PUT", f"/v1/aliases/{name}", body={"collection": collection})
    )
    _show([given], given, as_json=as_json)


@alias.command("list")
def list_aliases(url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show all aliases and what they stand for."""
    from shared.cli.api_client import ConcordApi, with_api

    async def run(api: ConcordApi) -> list[dict[str, Any]]:
        return [given async for given in api.listed("/v1/aliases", "aliases")]

    found = with_api(url, run)
    _show(found, {"aliases": found}, as_json=as_json)


@alias.command("remove")
def remove_alias(name: AliasArgument, url: UrlOption = None) -> None:
    """Take a name away; the collection stays."""
    from shared.cli.api_client import with_api

    with_api(url, lambda api: api.request("DELETE", f"/v1/aliases/{name}"))


def _show(found: Sequence[dict[str, Any]], data: Any, *, as_json: bool) -> None:
    from shared.cli.console import output, print_json

    if as_json:
        print_json(data)
        return
    for given in found:
        output().print(f"{given['alias']} -> {given['collection']}", markup=False, soft_wrap=True)

"""`concord suggest`."""

from typing import Annotated, Any

import typer

from shared.cli.options import CollectionOption, JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def suggest(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What has been typed so far.")],
    collection: CollectionOption,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50, help="Suggestions, at most.")] = 10,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a query may become while it is typed, and documents with that in their titles."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import output, print_json
    from shared.cli.suggestions_table import suggestions_table

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await api.suggest(collection, query, limit)

    response = with_api(url, run)
    if as_json:
        print_json(response)
    else:
        output().print(suggestions_table(query, response))

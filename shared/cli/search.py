"""`concord search`."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from shared.cli.options import CollectionOption, JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


class Mode(StrEnum):
    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The words or the question to look for.")],
    collection: CollectionOption,
    mode: Annotated[Mode, typer.Option(help="By words, by meaning, or by both.")] = Mode.HYBRID,
    filter_text: Annotated[
        str | None,
        typer.Option("--filter", metavar="FILTER", help="Metadata conditions, such as 'year >= 2020'."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Hits to show.")] = 10,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search a collection by words, by meaning, or by both."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import output, print_json
    from shared.cli.search_table import search_table

    request: dict[str, Any] = {"q": query, "mode": mode.value, "limit": limit}
    if filter_text is not None:
        request["filter"] = filter_text

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await api.search(collection, request)

    response = with_api(url, run)
    if as_json:
        print_json(response)
    else:
        output().print(search_table(query, response))

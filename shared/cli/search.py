"""`concord search`."""

from typing import Any

from shared.cli import search_options as options
from shared.cli.options import CollectionOption, JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def search(
    collection: CollectionOption,
    query: options.QueryArgument = "",
    mode: options.ModeOption = options.Mode.HYBRID,
    alpha: options.AlphaOption = None,
    fusion: options.FusionOption = None,
    typos: options.TyposOption = None,
    prefix: options.PrefixOption = None,
    filter_text: options.FilterOption = None,
    sort: options.SortOption = None,
    facets: options.FacetOption = None,
    facet_limit: options.FacetLimitOption = None,
    facet_query: options.FacetQueryOption = None,
    group_by: options.GroupByOption = None,
    group_size: options.GroupSizeOption = None,
    limit: options.LimitOption = 10,
    offset: options.OffsetOption = None,
    min_score: options.MinScoreOption = None,
    passages: options.PassagesOption = None,
    highlight: options.HighlightOption = None,
    snippet_words: options.SnippetWordsOption = None,
    cutoff_ms: options.CutoffOption = None,
    explain: options.ExplainOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search a collection by words, by meaning, or by both. Without a QUERY, show what passes the filter."""
    given = locals()
    _search(collection, url, _request(given), as_json=as_json)


def _request(given: dict[str, Any]) -> dict[str, Any]:
    """What was asked for: for the rest the server has defaults, and it may be of an earlier release."""
    elsewhere = {"collection", "url", "as_json"}
    names = {"query": "q", "filter_text": "filter"}
    return {
        names.get(name, name): value
        for name, value in given.items()
        if name not in elsewhere and value not in (None, [])
    }


def _search(collection: str, url: str | None, request: dict[str, Any], *, as_json: bool) -> None:
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import output, print_json
    from shared.cli.search_table import facet_tables, search_table

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await api.search(collection, request)

    response = with_api(url, run)
    if as_json:
        print_json(response)
        return
    output().print(search_table(request["q"], response))
    for table in facet_tables(response):
        output().print(table)

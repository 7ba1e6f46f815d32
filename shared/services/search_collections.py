"""Several searches at once: each answers or fails for itself."""

import asyncio
from collections.abc import Sequence

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.search import SearchRequest, SearchResponse
from shared.embeddings.protocol import Embedder
from shared.errors import ConcordError
from shared.services.search_documents import search_documents


async def search_collections(
    database: Database,
    embedder: Embedder,
    principal: Principal,
    searches: Sequence[tuple[str, SearchRequest]],
) -> list[SearchResponse | ConcordError]:
    """One outcome per search of a collection, in order."""
    outcomes = await asyncio.gather(
        *(_search(database, embedder, principal, collection, request) for collection, request in searches),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, ConcordError):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, SearchResponse | ConcordError)]


async def _search(
    database: Database, embedder: Embedder, principal: Principal, collection: str, request: SearchRequest
) -> SearchResponse:
    principal.enter(collection)
    return await search_documents(database, embedder, principal, collection, request)

"""The search behind both of the route's methods."""

from typing import Annotated

from fastapi import Depends, Query, Response

from shared.database.units_of_work import Database
from shared.domain.cache_scopes import collection_scope
from shared.domain.principals import Principal
from shared.domain.search import AddressedSearch, SearchRequest, SearchResponse
from shared.embeddings.protocol import Embedder
from shared.http.embedder import OpenEmbedder
from shared.http.metered_answers import MeteredAnswers, OpenMeteredAnswers
from shared.http.metering import narrowed
from shared.http.resources import OpenDatabase
from shared.services.search_documents import search_documents


class CachedSearch:
    def __init__(self, database: Database, embedder: Embedder, answers: MeteredAnswers) -> None:
        self._database = database
        self._embedder = embedder
        self._answers = answers

    async def answer(self, collection: str, principal: Principal, request: SearchRequest) -> Response:
        """A SearchResponse, from the cache or from the database. Raises BudgetExceeded."""
        asked = narrowed(request, principal)

        async def load() -> SearchResponse:
            return await search_documents(self._database, self._embedder, principal, collection, asked)

        return await self._answers.answer(
            collection_scope(collection),
            principal,
            load,
            searches=1,
            # A hiccup of the embedder must not outlast itself in the cache.
            keep=lambda answer: not answer.degraded,
            fresh=request.consistency == "strong",
        )


async def _cached_search(
    database: OpenDatabase, embedder: OpenEmbedder, answers: OpenMeteredAnswers
) -> CachedSearch:
    return CachedSearch(database, embedder, answers)


Search = Annotated[CachedSearch, Depends(_cached_search)]
# A search whose parameters stand in the address.
SearchQuery = Annotated[AddressedSearch, Query()]

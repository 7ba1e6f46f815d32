from fastapi import APIRouter, Response

from functions.documents_search.cached_search import Search, SearchQuery
from functions.documents_search.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_for_searches
from shared.domain.names import CollectionName
from shared.domain.search import SearchRequest, SearchResponse
from shared.embeddings.provider import open_embedder
from shared.http.auth import MaySearchDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.metered_answers import SearchRoute
from shared.http.metering import Meter

router = APIRouter(route_class=SearchRoute, tags=["search"], responses=error_answers(400, 404, 422))
PATH = "/v1/collections/{collection}/search"


@router.post(PATH, response_model=SearchResponse)
async def documents_search(
    collection: CollectionName, request: SearchRequest, principal: MaySearchDocuments, search: Search
) -> Response:
    """Search by words, by meaning, or by both."""
    return await search.answer(collection, principal, request)


@router.get(PATH, response_model=SearchResponse)
async def documents_search_by_address(
    collection: CollectionName, request: SearchQuery, principal: MaySearchDocuments, search: Search
) -> Response:
    """The same search, with its parameters in the address."""
    return await search.answer(collection, principal, SearchRequest(**request.model_dump()))


handler = HttpFunction(
    router, Settings, database=open_for_searches, cache=open_cache, embedder=open_embedder, meter=Meter
)

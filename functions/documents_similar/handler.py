from typing import Annotated

from fastapi import APIRouter, Query, Response

from functions.documents_similar.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_for_searches
from shared.domain.cache_scopes import collection_scope
from shared.domain.names import CollectionName, DocumentId
from shared.domain.search import SearchResponse
from shared.domain.similar import SimilarRequest
from shared.http.auth import MaySearchDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.metered_answers import OpenMeteredAnswers, SearchRoute
from shared.http.metering import Meter, narrowed
from shared.http.resources import OpenDatabase
from shared.services.find_similar_documents import find_similar_documents

router = APIRouter(route_class=SearchRoute, tags=["search"], responses=error_answers(400, 404, 422))


@router.get("/v1/collections/{collection}/documents/{id}/similar", response_model=SearchResponse)
async def documents_similar(
    collection: CollectionName,
    id: DocumentId,  # noqa: A002 - the parameter's public name.
    request: Annotated[SimilarRequest, Query()],
    principal: MaySearchDocuments,
    database: OpenDatabase,
    answers: OpenMeteredAnswers,
) -> Response:
    """Documents like this one, by meaning."""

    async def load() -> SearchResponse:
        return await find_similar_documents(database, principal, collection, id, narrowed(request, principal))

    return await answers.answer(collection_scope(collection), principal, load, searches=1)


handler = HttpFunction(router, Settings, database=open_for_searches, cache=open_cache, meter=Meter)

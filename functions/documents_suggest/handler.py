from typing import Annotated

from fastapi import APIRouter, Query, Response

from functions.documents_suggest.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_for_searches
from shared.domain.cache_scopes import collection_scope
from shared.domain.names import CollectionName
from shared.domain.suggestions import Suggestions, SuggestRequest
from shared.http.auth import MaySearchDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.metered_answers import OpenMeteredAnswers, SuggestionRoute
from shared.http.metering import Meter, narrowed
from shared.http.resources import OpenDatabase
from shared.services.suggest_queries import suggest_queries

router = APIRouter(route_class=SuggestionRoute, tags=["search"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/suggest", response_model=Suggestions)
async def documents_suggest(
    collection: CollectionName,
    request: Annotated[SuggestRequest, Query()],
    principal: MaySearchDocuments,
    database: OpenDatabase,
    answers: OpenMeteredAnswers,
) -> Response:
    """What a query may become while it is typed."""

    async def load() -> Suggestions:
        asked = narrowed(request, principal)
        return await suggest_queries(database, principal, collection, asked.q, asked.limit)

    return await answers.answer(collection_scope(collection), principal, load, searches=0)


handler = HttpFunction(router, Settings, database=open_for_searches, cache=open_cache, meter=Meter)

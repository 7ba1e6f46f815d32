from typing import Annotated

from fastapi import APIRouter, Query, Response

from functions.documents_suggest.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.cache_scopes import collection_scope
from shared.domain.names import CollectionName
from shared.domain.suggestions import Suggestions, SuggestRequest
from shared.http.auth import MaySearchDocuments
from shared.http.cached_answers import Answers
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.suggest_queries import suggest_queries

router = APIRouter(tags=["search"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/suggest", response_model=Suggestions)
async def documents_suggest(
    collection: CollectionName,
    request: Annotated[SuggestRequest, Query()],
    principal: MaySearchDocuments,
    database: OpenDatabase,
    answers: Answers,
) -> Response:
    """What a query may become while it is typed."""

    async def load() -> Suggestions:
        return await suggest_queries(database, principal, collection, request.q, request.limit)

    return await answers.answer(collection_scope(collection), principal, load)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

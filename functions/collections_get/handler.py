from fastapi import APIRouter, Response

from functions.collections_get.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.cache_scopes import collection_scope
from shared.domain.names import CollectionName
from shared.http.auth import MayReadCollections
from shared.http.entity_tags import NOT_MODIFIED, Tagged, tagged
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.whole_collection import CollectionWithSettings
from shared.services.get_collection import get_collection

router = APIRouter()


@router.get(
    "/v1/collections/{collection}",
    tags=["collections"],
    response_model=CollectionWithSettings,
    responses=error_answers(404, 422) | tagged() | NOT_MODIFIED,
)
async def collections_get(
    collection: CollectionName,
    principal: MayReadCollections,
    database: OpenDatabase,
    answers: Tagged,
) -> Response:
    """A collection with its counts of documents, pending and failed ones, and its settings."""

    async def load() -> CollectionWithSettings:
        found = await get_collection(database, principal, collection)
        return CollectionWithSettings.model_validate(found)

    return await answers.answer(collection_scope(collection), principal, load)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

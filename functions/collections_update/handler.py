from fastapi import APIRouter, Response

from functions.collections_update.schemas import CollectionUpdate
from functions.collections_update.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteCollections
from shared.http.entity_tags import IfMatch, tagged, with_tag
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenCache, OpenDatabase
from shared.http.whole_collection import CollectionWithSettings
from shared.services.update_collection import update_collection

router = APIRouter()


@router.patch(
    "/v1/collections/{collection}",
    tags=["collections"],
    responses=error_answers(404, 409, 412, 422) | tagged(),
)
async def collections_update(
    collection: CollectionName,
    request: CollectionUpdate,
    response: Response,
    principal: MayWriteCollections,
    database: OpenDatabase,
    cache: OpenCache,
    if_match: IfMatch,
) -> CollectionWithSettings:
    """Rename a collection, or change its settings: those named are replaced, and null resets one."""
    updated = await update_collection(database, cache, principal, collection, request.change(), if_match)
    return with_tag(response, CollectionWithSettings.model_validate(updated))


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

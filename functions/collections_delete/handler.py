from fastapi import APIRouter

from functions.collections_delete.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteCollections
from shared.http.entity_tags import IfMatch
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.queues import OpenMaintainQueue
from shared.http.resources import OpenCache, OpenDatabase
from shared.queues.opening import open_maintain_queue
from shared.services.delete_collection import delete_collection

router = APIRouter()


@router.delete(
    "/v1/collections/{collection}",
    status_code=204,
    tags=["collections"],
    responses=error_answers(404, 409, 412, 422),
)
async def collections_delete(
    collection: CollectionName,
    principal: MayWriteCollections,
    database: OpenDatabase,
    cache: OpenCache,
    maintain_queue: OpenMaintainQueue,
    if_match: IfMatch,
) -> None:
    """Delete a collection and all its documents: gone at once, its space freed by and by."""
    await delete_collection(database, cache, maintain_queue, principal, collection, if_match)


handler = HttpFunction(
    router, Settings, database=open_connection, cache=open_cache, maintain_queue=open_maintain_queue
)

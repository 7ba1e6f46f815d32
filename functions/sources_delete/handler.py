from fastapi import APIRouter

from functions.sources_delete.schemas import SourceDeleted
from functions.sources_delete.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.domain.sources import SourceId
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.queues import OpenMaintainQueue
from shared.http.resources import OpenCache, OpenDatabase
from shared.queues.opening import open_maintain_queue
from shared.services.delete_source import delete_source

router = APIRouter(tags=["sources"], responses=error_answers(404, 422))


@router.delete("/v1/collections/{collection}/sources/{id}")
async def sources_delete(
    collection: CollectionName,
    id: SourceId,  # noqa: A002 - the parameter's public name.
    principal: MayWriteDocuments,
    database: OpenDatabase,
    cache: OpenCache,
    maintain_queue: OpenMaintainQueue,
    *,
    keep_documents: bool = False,
) -> SourceDeleted:
    """Delete a source, and its documents unless they are to be kept."""
    deleted, complete = await delete_source(
        database, cache, maintain_queue, principal, collection, id, keep_documents=keep_documents
    )
    return SourceDeleted(deleted=deleted, complete=complete)


handler = HttpFunction(
    router, Settings, database=open_connection, cache=open_cache, maintain_queue=open_maintain_queue
)

from fastapi import APIRouter

from functions.documents_delete.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName, DocumentId
from shared.http.auth import MayWriteDocuments
from shared.http.entity_tags import IfMatch
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.queues import OpenMaintainQueue
from shared.http.resources import OpenCache, OpenDatabase
from shared.queues.opening import open_maintain_queue
from shared.services.delete_document import delete_document

router = APIRouter()
PATH = "/v1/collections/{collection}/documents/{id}"


@router.delete(PATH, status_code=204, tags=["documents"], responses=error_answers(404, 412, 422))
async def documents_delete(
    collection: CollectionName,
    id: DocumentId,  # noqa: A002 - the parameter's public name.
    principal: MayWriteDocuments,
    database: OpenDatabase,
    cache: OpenCache,
    maintain_queue: OpenMaintainQueue,
    if_match: IfMatch,
) -> None:
    """Delete a document."""
    await delete_document(database, cache, maintain_queue, principal, collection, id, if_match)


handler = HttpFunction(
    router, Settings, database=open_connection, cache=open_cache, maintain_queue=open_maintain_queue
)

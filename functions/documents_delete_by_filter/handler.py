from fastapi import APIRouter

from functions.documents_delete_by_filter.schemas import DeleteAnswer, DeleteRequest
from functions.documents_delete_by_filter.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.queues import OpenMaintainQueue
from shared.http.resources import OpenCache, OpenDatabase
from shared.queues.opening import open_maintain_queue
from shared.services.delete_documents_by_filter import delete_documents_by_filter

router = APIRouter()
PATH = "/v1/collections/{collection}/documents/delete"


@router.post(PATH, tags=["documents"], responses=error_answers(400, 404, 409, 422))
async def documents_delete_by_filter(
    collection: CollectionName,
    request: DeleteRequest,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    cache: OpenCache,
    maintain_queue: OpenMaintainQueue,
) -> DeleteAnswer:
    """Delete all documents that a filter selects: at once for readers, many are removed afterwards."""
    gone = await delete_documents_by_filter(
        database, cache, maintain_queue, principal, collection, request.filter, dry_run=request.dry_run
    )
    return DeleteAnswer.model_validate(gone)


handler = HttpFunction(
    router, Settings, database=open_connection, cache=open_cache, maintain_queue=open_maintain_queue
)

from fastapi import APIRouter

from functions.documents_update.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.documents import DocumentChange
from shared.domain.names import CollectionName, DocumentId
from shared.http.auth import MayWriteDocuments
from shared.http.document_answers import DocumentAnswer
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.queues import OpenQueues
from shared.http.resources import OpenCache, OpenDatabase
from shared.queues.opening import open_write_queues
from shared.services.update_document import update_document

router = APIRouter()
PATH = "/v1/collections/{collection}/documents/{id}"


@router.patch(PATH, tags=["documents"], responses=error_answers(400, 404, 413, 422))
async def documents_update(
    collection: CollectionName,
    id: DocumentId,  # noqa: A002 - the parameter's public name.
    change: DocumentChange,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    cache: OpenCache,
    queues: OpenQueues,
) -> DocumentAnswer:
    """Change parts of a document; only what its text changes is indexed and embedded again."""
    updated = await update_document(database, cache, queues, principal, collection, id, change)
    return DocumentAnswer.model_validate(updated)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache, queues=open_write_queues)

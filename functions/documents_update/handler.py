from fastapi import APIRouter, Response

from functions.documents_update.settings import Settings
from shared.domain.documents import DocumentChange
from shared.domain.names import CollectionName, DocumentId
from shared.domain.usage import Usage
from shared.http.auth import MayWriteDocuments
from shared.http.document_answers import DocumentAnswer
from shared.http.entity_tags import IfMatch, tagged, with_tag
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.metered_writes import METERED_WRITES
from shared.http.metering import OpenMetering
from shared.http.queues import OpenQueues
from shared.http.resources import OpenCache, OpenDatabase
from shared.services.update_document import update_document

router = APIRouter(tags=["documents"], responses=error_answers(400, 404, 412, 413, 422) | tagged())


@router.patch("/v1/collections/{collection}/documents/{id}")
async def documents_update(
    collection: CollectionName,
    id: DocumentId,  # noqa: A002 - the parameter's public name.
    change: DocumentChange,
    response: Response,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    cache: OpenCache,
    queues: OpenQueues,
    if_match: IfMatch,
    metering: OpenMetering,
) -> DocumentAnswer:
    """Change parts of a document; only what its text changes is indexed and embedded again."""
    updated = await update_document(database, cache, queues, principal, collection, id, change, if_match)
    await metering.record(principal, Usage(documents_written=1))
    return with_tag(response, DocumentAnswer.model_validate(updated))


handler = HttpFunction(router, Settings, **METERED_WRITES)

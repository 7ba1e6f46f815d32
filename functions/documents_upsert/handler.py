from fastapi import APIRouter, Response

from functions.documents_upsert.outcomes import Batch
from functions.documents_upsert.schemas import UpsertAnswer, UpsertRequest
from functions.documents_upsert.settings import Settings
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.metered_writes import METERED_WRITES
from shared.http.metering import OpenMetering
from shared.http.queues import OpenQueues
from shared.http.resources import OpenCache, OpenDatabase
from shared.services.upsert_documents import upsert_documents

router = APIRouter(tags=["documents"], responses=error_answers(400, 404, 413, 422))


@router.post("/v1/collections/{collection}/documents", responses={207: {"model": UpsertAnswer}})
async def documents_upsert(
    collection: CollectionName,
    request: UpsertRequest,
    response: Response,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    cache: OpenCache,
    queues: OpenQueues,
    metering: OpenMetering,
) -> UpsertAnswer:
    """Store documents, found by words at once. 200 when all were stored, 207 when some failed."""
    batch = Batch(request.documents)
    outcomes = await upsert_documents(database, cache, queues, principal, collection, batch.storable())
    answer = batch.answer(outcomes)
    await metering.record(principal, answer.usage)
    response.status_code = 207 if answer.errors else 200
    return answer


handler = HttpFunction(router, Settings, **METERED_WRITES)

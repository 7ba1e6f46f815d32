from fastapi import APIRouter

from functions.sources_update.schemas import SourceUpdate
from functions.sources_update.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.domain.sources import SourceId
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.fetch_queue import OpenFetchQueue
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.source_answers import SourceAnswer
from shared.queues.fetch_queue import open_fetch_queue
from shared.services.update_source import update_source

router = APIRouter(tags=["sources"], responses=error_answers(404, 409, 422))


@router.patch("/v1/collections/{collection}/sources/{id}")
async def sources_update(
    collection: CollectionName,
    id: SourceId,  # noqa: A002 - the parameter's public name.
    request: SourceUpdate,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    fetch_queue: OpenFetchQueue,
) -> SourceAnswer:
    """Change a source's schedule and settings, pause it, approve its deletions, or refresh it now."""
    change = request.change()
    return SourceAnswer.of(await update_source(database, fetch_queue, principal, collection, id, change))


handler = HttpFunction(router, Settings, database=open_connection, fetch_queue=open_fetch_queue)

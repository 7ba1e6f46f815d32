from fastapi import APIRouter

from functions.sources_create.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.domain.sources import SourceDefinition
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.fetch_queue import OpenFetchQueue
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.source_answers import SourceAnswer
from shared.queues.fetch_queue import open_fetch_queue
from shared.services.create_source import create_source

router = APIRouter(tags=["sources"], responses=error_answers(404, 409, 422))


@router.post("/v1/collections/{collection}/sources", status_code=201)
async def sources_create(
    collection: CollectionName,
    request: SourceDefinition,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    fetch_queue: OpenFetchQueue,
) -> SourceAnswer:
    """Have documents come from a feed, a sitemap, a page or an S3 prefix, from now on by themselves."""
    return SourceAnswer.of(await create_source(database, fetch_queue, principal, collection, request))


handler = HttpFunction(router, Settings, database=open_connection, fetch_queue=open_fetch_queue)

from fastapi import APIRouter

from functions.sources_get.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.domain.sources import SourceId
from shared.http.auth import MayReadAllDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.source_answers import WholeSource
from shared.services.get_source import get_source

router = APIRouter(tags=["sources"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/sources/{id}")
async def sources_get(
    collection: CollectionName,
    id: SourceId,  # noqa: A002 - the parameter's public name.
    principal: MayReadAllDocuments,
    database: OpenDatabase,
) -> WholeSource:
    """A source, with what its last refreshes did and what of it fails."""
    return WholeSource.whole(*await get_source(database, principal, collection, id))


handler = HttpFunction(router, Settings, database=open_connection)

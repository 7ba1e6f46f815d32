from fastapi import APIRouter, status

from functions.exports_create.schemas import ExportRequest
from functions.exports_create.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadAllDocuments
from shared.http.errors_schema import error_answers
from shared.http.export_answers import ExportAnswer
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.storage import OpenStorage
from shared.services.request_export import create_export
from shared.storage.opening import open_storage

router = APIRouter(tags=["exports"], responses=error_answers(400, 404, 409, 422))


@router.post("/v1/collections/{collection}/exports", status_code=status.HTTP_202_ACCEPTED)
async def exports_create(
    collection: CollectionName,
    principal: MayReadAllDocuments,
    database: OpenDatabase,
    storage: OpenStorage,
    asked: ExportRequest | None = None,
) -> ExportAnswer:
    """Build a bundle of all that the collection is: its documents, settings and, if asked for, vectors."""
    with_vectors = asked is not None and asked.vectors
    row = await create_export(database, storage, principal, collection, with_vectors=with_vectors)
    return ExportAnswer.of(row)


handler = HttpFunction(router, Settings, database=open_connection, storage=open_storage)

from fastapi import APIRouter, status
from fastapi.responses import RedirectResponse

from functions.documents_original.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName, DocumentId
from shared.http.auth import MayReadDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.storage import OpenStorage
from shared.services.find_original import find_original
from shared.storage.opening import open_storage

router = APIRouter()
PATH = "/v1/collections/{collection}/documents/{id}/original"
MOVED = status.HTTP_307_TEMPORARY_REDIRECT


@router.get(
    PATH,
    tags=["documents"],
    status_code=MOVED,
    response_class=RedirectResponse,
    responses=error_answers(404, 422),
)
async def documents_original(
    collection: CollectionName,
    id: DocumentId,  # noqa: A002 - the parameter's public name.
    principal: MayReadDocuments,
    database: OpenDatabase,
    storage: OpenStorage,
) -> RedirectResponse:
    """The file that a document was made from: leads to an address that serves it for five minutes."""
    return RedirectResponse(await find_original(database, storage, principal, collection, id), MOVED)


handler = HttpFunction(router, Settings, database=open_connection, storage=open_storage)

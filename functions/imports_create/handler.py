from urllib.parse import urljoin

from fastapi import APIRouter, Request, status

from functions.imports_create.schemas import CreatedImport, ImportRequest, UploadAnswer
from functions.imports_create.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.import_answers import ImportAnswer
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.storage import OpenStorage
from shared.services.create_import import create_import
from shared.storage.opening import open_storage

router = APIRouter(tags=["imports"], responses=error_answers(400, 404, 413, 422))


@router.post("/v1/collections/{collection}/imports", status_code=status.HTTP_201_CREATED)
async def imports_create(
    collection: CollectionName,
    asked: ImportRequest,
    request: Request,
    principal: MayWriteDocuments,
    database: OpenDatabase,
    storage: OpenStorage,
) -> CreatedImport:
    """Import documents from NDJSON, CSV or a file, sent along or uploaded to the address in the answer."""
    created, upload = await create_import(database, storage, principal, collection, asked.asked())
    answer = ImportAnswer.model_validate(created)
    if upload is None:
        return CreatedImport(**{"import": answer, "upload": None})
    url = urljoin(str(request.base_url), upload.url)
    return CreatedImport(**{"import": answer, "upload": UploadAnswer.of(upload, url)})


handler = HttpFunction(router, Settings, database=open_connection, storage=open_storage)

from urllib.parse import urljoin

from fastapi import APIRouter, Request

from functions.exports_get.schemas import DownloadAnswer, ExportWithDownload
from functions.exports_get.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadAllDocuments
from shared.http.errors_schema import error_answers
from shared.http.export_answers import ExportAnswer, ExportId
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.storage import OpenStorage
from shared.services.request_export import get_export
from shared.storage.opening import open_storage

router = APIRouter(tags=["exports"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/exports/{id}")
async def exports_get(
    collection: CollectionName,
    id: ExportId,  # noqa: A002 - the parameter's public name.
    request: Request,
    principal: MayReadAllDocuments,
    database: OpenDatabase,
    storage: OpenStorage,
) -> ExportWithDownload:
    """How far an export is and, when it is complete, an address to download the bundle from."""
    row, found = await get_export(database, storage, principal, collection, id)
    base = str(request.base_url)
    download = found and DownloadAnswer(url=urljoin(base, found.url), expires_at=found.expires_at)
    return ExportWithDownload(**ExportAnswer.of(row).model_dump(), download=download)


handler = HttpFunction(router, Settings, database=open_connection, storage=open_storage)

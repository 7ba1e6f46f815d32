from fastapi import APIRouter

from functions.imports_cancel.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.import_answers import ImportAnswer, ImportId
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.steer_import import cancel_import

router = APIRouter(tags=["imports"], responses=error_answers(404, 409, 422))


@router.post("/v1/collections/{collection}/imports/{id}/cancel")
async def imports_cancel(
    collection: CollectionName,
    id: ImportId,  # noqa: A002 - the parameter's public name.
    principal: MayWriteDocuments,
    database: OpenDatabase,
) -> ImportAnswer:
    """End an import. What it has stored stays."""
    return ImportAnswer.model_validate(await cancel_import(database, principal, collection, id))


handler = HttpFunction(router, Settings, database=open_connection)

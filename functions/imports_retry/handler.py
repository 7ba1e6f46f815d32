from fastapi import APIRouter

from functions.imports_retry.schemas import RetryRequest
from functions.imports_retry.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteDocuments
from shared.http.errors_schema import error_answers
from shared.http.import_answers import ImportAnswer, ImportId
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.http.storage import OpenStorage
from shared.services.steer_import import retry_import
from shared.storage.opening import open_storage

router = APIRouter(tags=["imports"], responses=error_answers(400, 404, 409, 422))


@router.post("/v1/collections/{collection}/imports/{id}/retry")
async def imports_retry(
    collection: CollectionName,
    id: ImportId,  # noqa: A002 - the parameter's public name.
    principal: MayWriteDocuments,
    database: OpenDatabase,
    storage: OpenStorage,
    request: RetryRequest | None = None,
) -> ImportAnswer:
    """Read the items that failed again; all items where the import did not come to its end."""
    policy = request.policy if request else None
    restarted = await retry_import(database, storage, principal, collection, id, policy)
    return ImportAnswer.model_validate(restarted)


handler = HttpFunction(router, Settings, database=open_connection, storage=open_storage)

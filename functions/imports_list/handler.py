from fastapi import APIRouter

from functions.imports_list.schemas import ImportList
from functions.imports_list.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadAllDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit, decode_cursor
from shared.http.resources import OpenDatabase
from shared.services.find_imports import list_imports

router = APIRouter(tags=["imports"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/imports")
async def imports_list(
    collection: CollectionName,
    principal: MayReadAllDocuments,
    database: OpenDatabase,
    limit: PageLimit = 100,
    cursor: Cursor = None,
) -> ImportList:
    """Imports, the newest first."""
    before = decode_cursor(cursor)
    return ImportList.page(*await list_imports(database, principal, collection, before=before, limit=limit))


handler = HttpFunction(router, Settings, database=open_connection)

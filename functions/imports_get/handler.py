from typing import Annotated

from fastapi import APIRouter, Query

from functions.imports_get.schemas import ImportWithErrors
from functions.imports_get.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadAllDocuments
from shared.http.errors_schema import error_answers
from shared.http.import_answers import ImportId
from shared.http.lambda_function import HttpFunction
from shared.http.paging import PageLimit
from shared.http.resources import OpenDatabase
from shared.services.find_imports import get_import

router = APIRouter(tags=["imports"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/imports/{id}")
async def imports_get(
    collection: CollectionName,
    id: ImportId,  # noqa: A002 - the parameter's public name.
    principal: MayReadAllDocuments,
    database: OpenDatabase,
    limit: PageLimit = 100,
    errors_after: Annotated[int, Query(ge=0, le=2_147_483_647)] = 0,
) -> ImportWithErrors:
    """How far an import is, and what is wrong with its items."""
    found = await get_import(database, principal, collection, id, errors_after=errors_after, limit=limit)
    return ImportWithErrors.of(*found)


handler = HttpFunction(router, Settings, database=open_connection)

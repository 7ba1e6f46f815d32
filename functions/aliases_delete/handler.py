from fastapi import APIRouter

from functions.aliases_delete.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteCollections
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenCache, OpenDatabase
from shared.services.name_collections import delete_alias

router = APIRouter(tags=["collections"], responses=error_answers(404, 422))


@router.delete("/v1/aliases/{alias}", status_code=204)
async def aliases_delete(
    alias: CollectionName, principal: MayWriteCollections, database: OpenDatabase, cache: OpenCache
) -> None:
    """Take a name away; the collection stays."""
    await delete_alias(database, cache, principal, alias)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

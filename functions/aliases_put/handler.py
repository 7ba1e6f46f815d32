from fastapi import APIRouter

from functions.aliases_put.schemas import AliasRequest
from functions.aliases_put.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.alias_answers import AliasAnswer
from shared.http.auth import MayWriteCollections
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenCache, OpenDatabase
from shared.services.name_collections import set_alias

router = APIRouter(tags=["collections"], responses=error_answers(404, 409, 422))


@router.put("/v1/aliases/{alias}")
async def aliases_put(
    alias: CollectionName,
    request: AliasRequest,
    principal: MayWriteCollections,
    database: OpenDatabase,
    cache: OpenCache,
) -> AliasAnswer:
    """Give a collection another name, or that name another collection, at once for all requests."""
    return AliasAnswer.model_validate(await set_alias(database, cache, principal, alias, request.collection))


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

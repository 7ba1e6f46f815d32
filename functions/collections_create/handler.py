from fastapi import APIRouter, Response

from functions.collections_create.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.new_collections import NewCollection
from shared.http.auth import MayWriteCollections
from shared.http.embedding_space import ConfiguredSpace, configured_space
from shared.http.entity_tags import tagged, with_tag
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenCache, OpenDatabase
from shared.http.whole_collection import CollectionWithSettings
from shared.services.create_collection import create_collection

router = APIRouter()


@router.post(
    "/v1/collections",
    status_code=201,
    tags=["collections"],
    responses=error_answers(409, 422) | tagged(201),
)
async def collections_create(
    request: NewCollection,
    response: Response,
    principal: MayWriteCollections,
    database: OpenDatabase,
    cache: OpenCache,
    space: ConfiguredSpace,
) -> CollectionWithSettings:
    """Create a collection."""
    created = await create_collection(database, cache, principal, space, request)
    return with_tag(response, CollectionWithSettings.model_validate(created))


handler = HttpFunction(
    router, Settings, database=open_connection, cache=open_cache, embedding_space=configured_space
)

from fastapi import APIRouter, Response

from functions.collections_list.schemas import CollectionList
from functions.collections_list.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.cache_scopes import COLLECTIONS
from shared.http.auth import MayReadCollections
from shared.http.cached_answers import Answers
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit, decode_cursor
from shared.http.resources import OpenDatabase
from shared.services.list_collections import list_collections

router = APIRouter(tags=["collections"], responses=error_answers(422))


@router.get("/v1/collections", response_model=CollectionList)
async def collections_list(
    principal: MayReadCollections,
    database: OpenDatabase,
    answers: Answers,
    limit: PageLimit = 100,
    cursor: Cursor = None,
) -> Response:
    """Collections by name."""
    after = decode_cursor(cursor)

    async def load() -> CollectionList:
        return CollectionList.page(*await list_collections(database, principal, after=after, limit=limit))

    return await answers.answer(COLLECTIONS, principal, load)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

from fastapi import APIRouter, Response

from functions.documents_list.schemas import DocumentList
from functions.documents_list.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.cache_scopes import collection_scope
from shared.domain.names import CollectionName
from shared.http.auth import MayReadDocuments
from shared.http.cached_answers import Answers
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, OptionalFilter, PageLimit, decode_cursor
from shared.http.resources import OpenDatabase
from shared.services.list_documents import list_documents

router = APIRouter(tags=["documents"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/documents", response_model=DocumentList)
async def documents_list(
    collection: CollectionName,
    principal: MayReadDocuments,
    database: OpenDatabase,
    answers: Answers,
    limit: PageLimit = 100,
    cursor: Cursor = None,
    filter: OptionalFilter = None,  # noqa: A002 - the parameter's public name.
) -> Response:
    """Documents by id."""
    after = decode_cursor(cursor)

    async def load() -> DocumentList:
        found = list_documents(database, principal, collection, after=after, limit=limit, filter_text=filter)
        return DocumentList.page(*await found)

    return await answers.answer(collection_scope(collection), principal, load)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)

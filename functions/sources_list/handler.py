from fastapi import APIRouter

from functions.sources_list.schemas import SourceList
from functions.sources_list.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadAllDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit, decode_cursor, encode_cursor
from shared.http.resources import OpenDatabase
from shared.http.source_answers import SourceAnswer
from shared.services.list_sources import list_sources

router = APIRouter(tags=["sources"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/sources")
async def sources_list(
    collection: CollectionName,
    principal: MayReadAllDocuments,
    database: OpenDatabase,
    limit: PageLimit = 100,
    cursor: Cursor = None,
) -> SourceList:
    """The sources of a collection, by id."""
    after = decode_cursor(cursor)
    found, more = await list_sources(database, principal, collection, after=after, limit=limit)
    following = encode_cursor(found[-1].id) if more else None
    return SourceList(sources=[SourceAnswer.of(source) for source in found], cursor=following)


handler = HttpFunction(router, Settings, database=open_connection)

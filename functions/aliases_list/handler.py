from fastapi import APIRouter

from functions.aliases_list.schemas import AliasList
from functions.aliases_list.settings import Settings
from shared.database.connections import open_connection
from shared.http.auth import MayReadCollections
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit, decode_cursor
from shared.http.resources import OpenDatabase
from shared.services.name_collections import list_aliases

router = APIRouter(tags=["collections"], responses=error_answers(422))


@router.get("/v1/aliases")
async def aliases_list(
    principal: MayReadCollections,
    database: OpenDatabase,
    limit: PageLimit = 100,
    cursor: Cursor = None,
) -> AliasList:
    """Aliases by name, and what they stand for."""
    found = await list_aliases(database, principal, after=decode_cursor(cursor), limit=limit)
    return AliasList.page(*found)


handler = HttpFunction(router, Settings, database=open_connection)

from fastapi import APIRouter

from functions.keys_list.schemas import KeyList
from functions.keys_list.settings import Settings
from shared.database.connections import open_connection
from shared.http.auth import MayReadKeys
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit, decode_cursor
from shared.http.resources import OpenDatabase
from shared.services.manage_keys import list_keys

router = APIRouter(tags=["keys"], responses=error_answers(422))


@router.get("/v1/keys")
async def keys_list(
    principal: MayReadKeys, database: OpenDatabase, limit: PageLimit = 100, cursor: Cursor = None
) -> KeyList:
    """Keys that may no more than the caller, ended ones too, without their secrets."""
    return KeyList.page(*await list_keys(database, principal, after=decode_cursor(cursor), limit=limit))


handler = HttpFunction(router, Settings, database=open_connection)

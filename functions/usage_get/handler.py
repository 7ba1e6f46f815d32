from typing import Annotated

from fastapi import APIRouter, Query

from functions.usage_get.schemas import PrincipalName, UsageList, read_cursor
from functions.usage_get.settings import Settings
from shared.database.connections import open_connection
from shared.http.auth import MayAskForItself
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit
from shared.http.resources import OpenDatabase
from shared.services.list_usage import list_usage

router = APIRouter(tags=["usage"], responses=error_answers(403, 422))


@router.get("/v1/usage")
async def usage_get(
    principal: MayAskForItself,
    database: OpenDatabase,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    of: PrincipalName = None,
    limit: PageLimit = 100,
    cursor: Cursor = None,
) -> UsageList:
    """What was used day by day: the caller's own or, for who may list keys, everybody's."""
    found = await list_usage(database, principal, of=of, days=days, after=read_cursor(cursor), limit=limit)
    return UsageList.page(*found)


handler = HttpFunction(router, Settings, database=open_connection)

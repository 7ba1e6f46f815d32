from fastapi import APIRouter

from functions.audit_list.schemas import AuditList, Wanted, read_cursor
from functions.audit_list.settings import Settings
from shared.database.connections import open_connection
from shared.http.auth import MayReadAudit
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.paging import Cursor, PageLimit
from shared.http.resources import OpenDatabase
from shared.services.list_audit import list_audit

router = APIRouter(tags=["audit"], responses=error_answers(403, 422))


@router.get("/v1/audit")
async def audit_list(
    principal: MayReadAudit,
    database: OpenDatabase,
    wanted: Wanted,
    limit: PageLimit = 100,
    cursor: Cursor = None,
) -> AuditList:
    """What was written and by whom, the newest first: in the caller's collections, or in all and none."""
    found = await list_audit(database, principal, wanted, before=read_cursor(cursor), limit=limit)
    return AuditList.page(*found)


handler = HttpFunction(router, Settings, database=open_connection)

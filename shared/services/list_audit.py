"""What was written and by whom, for those who may know."""

from shared.database.rows import AuditEntryRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import audit
from shared.repositories.audit import AuditFilter


async def list_audit(
    database: Database, principal: Principal, wanted: AuditFilter, *, before: int | None, limit: int
) -> tuple[list[AuditEntryRow], bool]:
    """The newest entries before the id `before`, and whether there are more.

    Of the principal's collections alone, unless these are all. Raises PermissionDenied for another one.
    """
    if wanted.collection is not None:
        principal.enter(wanted.collection)
    async with database.unit_of_work(principal) as unit:
        found = await audit.list_entries(unit, wanted, before=before, limit=limit + 1)
    return found[:limit], len(found) > limit

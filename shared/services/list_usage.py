"""What principals have used, for those who may know."""

from datetime import date, timedelta

from shared.database.rows import UsageRow
from shared.database.units_of_work import Database
from shared.domain.principals import Permission, Principal
from shared.domain.usage import today
from shared.errors import PermissionDenied
from shared.repositories import usage


async def list_usage(
    database: Database,
    principal: Principal,
    *,
    of: str | None,
    days: int,
    after: tuple[date, str],
    limit: int,
) -> tuple[list[UsageRow], bool]:
    """Of the last `days` days, today's included, and whether there are more.

    Who may list keys sees everybody's, others their own. Raises PermissionDenied when they ask for another's.
    """
    if not principal.may(Permission.KEYS_READ):
        if of not in {None, principal.name}:
            raise PermissionDenied(details=[{"field": "of", "message": Permission.KEYS_READ.value}])
        of = principal.name
    until = today()
    async with database.unit_of_work(principal) as unit:
        found = await usage.list_usage(
            unit,
            since=until - timedelta(days=days - 1),
            until=until,
            principal=of,
            after=after,
            limit=limit + 1,
        )
    return found[:limit], len(found) > limit

"""Collections by name, a page at a time."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import collections
from shared.repositories.collections import CountedCollection


async def list_collections(
    database: Database, principal: Principal, *, after: str, limit: int
) -> tuple[list[CountedCollection], bool]:
    """The collections after the name `after`, and whether there are more."""
    async with database.unit_of_work(principal) as unit:
        found = await collections.list_counted_collections(unit, after=after, limit=limit + 1)
    return found[:limit], len(found) > limit

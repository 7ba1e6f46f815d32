"""The sources of a collection, a page at a time."""

from shared.database.rows import SourceRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import sources
from shared.repositories.collections import find_collection


async def list_sources(
    database: Database, principal: Principal, collection: str, *, after: str, limit: int
) -> tuple[list[SourceRow], bool]:
    """The sources after the id `after`, and whether there are more. Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        listed = await sources.list_sources(unit, found.id, after=after, limit=limit + 1)
    return listed[:limit], len(listed) > limit
